/* How many events a second the writer appends inside one transaction, each with a full ask, a
 * verdict and two effects, and how many the verifier reads back; commits are not measured there.
 * Then appending in groups, with a signed head each, against a raw INSERT of the very same rows
 * into the very same table; and what a receipt of each costs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/verify/receipt.h"
#include "engine/store/audit.h"
#include "engine/store/limits.h"
#include "engine/store/sql.h"
#include "engine/store/tree.h"
#include "tests/bench/clock.h"
#include "tests/gate/world.h"

enum { EVENTS = 20000, GROUP = 128 };

static int64_t now_us(void)
{
    return clock_us(CLOCK_PROCESS_CPUTIME_ID); /* one thread, and no commit */
}

static struct err decide_once(struct tx *tx, const struct event *event)
{
    struct money amount;
    TRY(money_make(100, "USD", &amount));
    TRY(auto_confirmed_add(tx, "book", "", amount));
    TRY(auto_confirmed_add(tx, "entity", "us", amount));
    return audit_append(tx, event);
}

static struct err append_all(struct store *store, const struct event *event, int64_t *took_us)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    int64_t begun = now_us();
    TRY(store_group_begin(store));
    for (int i = 0; i < EVENTS; i++) {
        struct tx tx;
        arena_reset(arena);
        TRY(tx_call_begin(store, arena, INT64_C(1772528400000000) + i, &tx));
        TRY(decide_once(&tx, event));
        TRY(tx_call_keep(&tx));
    }
    *took_us = now_us() - begun;
    return store_group_commit(store);
}

static struct err create(struct store *store, struct arena *arena)
{
    struct tx tx;
    const struct event created = {.type = "BOOK_CREATED"};
    TRY(store_group_begin(store));
    TRY(tx_call_begin(store, arena, INT64_C(1772528300000000), &tx));
    TRY(audit_append(&tx, &created));
    TRY(tx_call_keep(&tx));
    return store_group_commit(store);
}

/* ---- in groups, with heads ---- */

static struct err signer_make(struct store *store, struct note_signer *signer)
{
    uint8_t public_key[ED25519_KEY_LEN];
    char origin[TREE_ORIGIN_SIZE];
    tree_origin(store, origin);
    TRY(ed25519_new(&signer->secret));
    ed25519_public(signer->secret, public_key);
    TRY(note_key_make(origin, NOTE_ED25519, public_key, &signer->key));
    return tree_sign_with(store, signer);
}

static struct err group_append(struct store *store, const struct event *event, int n,
                               struct arena *arena, struct receipt *receipts)
{
    TRY(store_group_begin(store));
    for (int i = 0; i < n; i++) {
        struct tx tx;
        TRY(tx_call_begin(store, arena, store_head(store)->timestamp_us + 1, &tx));
        TRY(audit_append(&tx, event));
        if (receipts != NULL)
            TRY(tree_receipt_begin(&tx, arena, &receipts[i]));
        TRY(tx_call_keep(&tx));
    }
    return store_group_commit(store);
}

/* As engine/mcp prints it into a reply. */
static struct err receipts_print(struct store *store, struct arena *arena, struct receipt *receipts,
                                 int n)
{
    const int64_t first = store_head(store)->seq - n + 1;
    for (int i = 0; i < n; i++) {
        TRY(tree_receipt(store, arena, first + i, &receipts[i]));
        CLEANUP(buf_fini) struct buf text;
        buf_init(&text, 1u << 20);
        receipt_put(&receipts[i], &text);
        TRY(buf_check(&text));
    }
    return OK;
}

static struct err groups_append(struct store *store, const struct event *event, bool print,
                                int64_t *took_us)
{
    static struct receipt receipts[GROUP];
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    const int64_t begun = now_us();
    for (int i = 0; i < EVENTS; i += GROUP) {
        arena_reset(arena);
        TRY(group_append(store, event, GROUP, arena, print ? receipts : NULL));
        if (print)
            TRY(receipts_print(store, arena, receipts, GROUP));
    }
    *took_us = now_us() - begun;
    return OK;
}

/* Every row of one book into another, in groups; the statement is the engine's own. */
static struct err rows_copy(struct store *from, struct store *to, int64_t *took_us)
{
    static const struct db_sql all = {
        "all", "SELECT seq, event, hash_prev, hash_self FROM audit_events ORDER BY seq"};
    CLEANUP(stmt_free) struct stmt *q = NULL;
    int64_t n = 0;
    *took_us = 0;
    TRY(stmt_new(store_db(from), &all, &q));
    for (bool row = true; row;) {
        CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
        struct str rows[GROUP][3];
        int got = 0;
        for (; got < GROUP; got++) { /* read before the clock runs */
            TRY(stmt_step(q, &row));
            if (!row)
                break;
            for (int col = 0; col < 3; col++)
                rows[got][col] = stmt_str(q, col + 1, arena);
        }
        TRY(arena_check(arena));
        const int64_t begun = now_us();
        TRY(db_begin_immediate(store_db(to)));
        for (int i = 0; i < got; i++) {
            CLEANUP(stmt_reset) struct stmt *insert = db_stmt(store_db(to), SQL_AUDIT, 0);
            stmt_bind_int(insert, 1, ++n);
            stmt_bind_str(insert, 2, rows[i][0]);
            stmt_bind_blob(insert, 3, rows[i][1].at, rows[i][1].len);
            stmt_bind_blob(insert, 4, rows[i][2].at, rows[i][2].len);
            TRY(stmt_run(insert));
        }
        TRY(db_commit(store_db(to)));
        *took_us += now_us() - begun;
    }
    return OK;
}

static void rate_print(const char *what, int64_t took_us, int64_t floor_us)
{
    const int64_t ratio = floor_us * 100 / took_us;
    printf("%s: %" PRId64 " a second, %" PRId64 ".%02" PRId64 " of the raw INSERT\n", what,
           EVENTS * INT64_C(1000000) / took_us, ratio / 100, ratio % 100);
}

static struct err bench_groups(const char *path, const char *copy, struct arena *arena,
                               const struct event *event)
{
    CLEANUP(store_close) struct store *store = NULL;
    CLEANUP(store_close) struct store *raw = NULL;
    struct note_signer signer;
    int migrated;
    int64_t plain, heads, receipts, floor_us;
    TRY(store_migrate(path, "2026-03-03T09:00:00Z", arena, &migrated));
    TRY(store_open(path, STORE_WRITER, arena, &store));
    TRY(create(store, arena));
    TRY(groups_append(store, event, false, &plain));
    TRY(store_migrate(copy, "2026-03-03T09:00:00Z", arena, &migrated));
    TRY(store_open(copy, STORE_WRITER, arena, &raw));
    TRY(rows_copy(store, raw, &floor_us));
    TRY(signer_make(store, &signer));
    TRY(groups_append(store, event, false, &heads));
    TRY(groups_append(store, event, true, &receipts));
    printf("groups of %d, with their commits; raw INSERT: %" PRId64 " a second\n", GROUP,
           EVENTS * INT64_C(1000000) / floor_us);
    rate_print("append", plain, floor_us);
    rate_print("append, a signed head each group", heads, floor_us);
    rate_print("append, and a receipt of each printed", receipts, floor_us);
    store_close(store);
    store = NULL;
    ed25519_free(signer.secret);
    return OK;
}

/* ---- */

static struct err bench(const char *path, const char *groups, const char *copy, struct arena *arena)
{
    CLEANUP(store_close) struct store *store = NULL;
    struct world w;
    struct audit_report report;
    int migrated;
    int64_t took;
    const struct policy *p = world_policies_load(arena).policy[POLICY_BELOW];
    world_begin(&w, p);
    struct verdict v = gate_decide(p, &w.ask);
    const struct actor actor = {.kind = ACTOR_ENGINE, .id = "engine:auto-confirm"};
    const struct event event = {.type = "OK",
                                .actor = &actor,
                                .tool = "confirm_match",
                                .ask = &w.ask,
                                .verdict = &v,
                                .policy_version = p->digest,
                                .match_id = "mat_1",
                                .entity_id = "us",
                                .rationale = "exact"};
    TRY(store_migrate(path, "2026-03-03T09:00:00Z", arena, &migrated));
    TRY(store_open(path, STORE_WRITER, arena, &store));
    TRY(create(store, arena));
    TRY(append_all(store, &event, &took));
    printf("append: %d events, %" PRId64 " a second\n", EVENTS, EVENTS * INT64_C(1000000) / took);
    took = now_us();
    TRY(audit_verify_file(path, false, arena, &report));
    took = now_us() - took;
    printf("verify: %" PRId64 " events, %" PRId64 " a second%s\n", report.events,
           report.events * 1000000 / took, report.kind == AUDIT_INTACT ? "" : ", BROKEN");
    took = now_us();
    TRY(audit_verify_file(path, true, arena, &report));
    took = now_us() - took;
    printf("verify --book: %" PRId64 " events a second%s\n", report.events * 1000000 / took,
           report.kind == AUDIT_INTACT ? "" : ", BROKEN");
    return bench_groups(groups, copy, arena, &event);
}

int main(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char folder[] = "/tmp/bench_audit_XXXXXX", path[3][64], file[80];
    struct arena *arena = arena_new((size_t)64 << 20);
    if (arena == NULL || mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    for (int i = 0; i < 3; i++)
        (void)snprintf(path[i], sizeof path[i], "%s/recon-%d.db", folder, i);
    struct err e = bench(path[0], path[1], path[2], arena);
    if (e.kind != ERR_NONE)
        (void)fprintf(stderr, "bench_audit: %s\n", e.msg);
    for (size_t i = 0; i < 9; i++) {
        (void)snprintf(file, sizeof file, "%s%s", path[i / 3], ends[i % 3]);
        (void)unlink(file);
    }
    (void)rmdir(folder);
    arena_free(arena);
    return e.kind == ERR_NONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
