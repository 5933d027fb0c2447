/* Verifying a log and deciding it again, as ratios to plain loops over the same rows in the same
 * run: a SELECT of every event, and the same with SHA-256 over each. The log is made of a real
 * confirmation of a real book, again and again under another id, in groups of one signed head each.
 * Best of three rounds, floors and programs by turns; the wall's time and the processors'.
 *
 *     bench_log DATA_DIR [EVENTS [GROUP]]      the data folder of a dev book that has a decision */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/civil.h"
#include "common/sys/crypt.h"
#include "common/sys/db.h"
#include "common/sys/json_read.h"
#include "engine/call/boot.h"
#include "engine/call/replay.h"
#include "engine/store/audit.h"
#include "engine/store/log_keys.h"
#include "tests/bench/clock.h"

enum { ROUNDS = 3 };

/* ---- the log ---- */

static const struct db_sql a_confirmation = {
    "a_confirmation", "SELECT event FROM audit_events WHERE event_type = 'OK' AND"
                      " json_extract(event, '$.action') = 'CONFIRM' ORDER BY seq DESC LIMIT 1"};

struct maker {
    struct store *store;
    struct arena *arena;
    struct policy *policy;
    struct ask ask;
    struct event event;
    struct verdict verdict;
    struct actor actor;
    int64_t clock_us;
};

static struct err template_read(struct maker *m)
{
    CLEANUP(stmt_free) struct stmt *q = NULL;
    struct json *tree = NULL;
    struct tx tx;
    bool row;
    TRY(tx_read_begin(m->store, m->arena, 0, &tx));
    TRY(policy_now(&tx, m->arena, &m->policy));
    TRY(stmt_new(tx.db, &a_confirmation, &q));
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "the book has no confirmation: run closegate-engine recon");
    TRY(json_read(m->arena, stmt_str(q, 0, m->arena), NULL, &tree));
    stmt_reset(q);
    tx_read_end(&tx);
    TRY(ask_read(m->arena, json_get(tree, "gate_input"), &m->ask));
    m->verdict = gate_decide(m->policy, &m->ask);
    m->actor = (struct actor){
        .kind = m->ask.actor_kind, .id = m->ask.actor, .principal = m->ask.principal};
    m->event = (struct event){.type = "OK",
                              .actor = &m->actor,
                              .tool = m->ask.tool,
                              .ask = &m->ask,
                              .verdict = &m->verdict,
                              .policy_version = m->policy->digest,
                              .object_type = "match",
                              .entity_id = json_get_text(tree, "entity_id"),
                              .rationale = json_get_text(tree, "rationale"),
                              .rationale_author = "template"};
    return instant_parse(json_get_text(tree, "timestamp_utc"), &m->clock_us);
}

static struct err group_append(struct maker *m, int64_t n, struct arena *scratch)
{
    TRY(store_group_begin(m->store));
    for (int64_t i = 0; i < n; i++) {
        struct tx tx;
        arena_reset(scratch);
        TRY(tx_call_begin(m->store, scratch, m->clock_us += 10, &tx));
        m->ask.object_id = m->event.object_id = m->event.match_id = tx_new_id(&tx, "mat");
        TRY(audit_append(&tx, &m->event));
        TRY(tx_call_keep(&tx));
    }
    return store_group_commit(m->store);
}

static struct err log_make(const char *folder, const char *path, int64_t events, int64_t group,
                           struct arena *arena)
{
    CLEANUP(log_keys_free) struct log_keys *keys = NULL; /* outlives the store */
    CLEANUP(store_close) struct store *store = NULL;
    CLEANUP(arena_free) struct arena *scratch = arena_new((size_t)4 << 20);
    TRY(store_open(path, STORE_WRITER, arena, &store));
    TRY(log_keys_open(folder, &keys));
    TRY(log_keys_use(keys, store, arena));
    struct maker m = {.store = store, .arena = arena};
    TRY(template_read(&m));
    m.clock_us = store_head(store)->timestamp_us;
    int64_t left = events;
    const int64_t since = clock_us(CLOCK_MONOTONIC);
    for (; left > 0; left -= left < group ? left : group)
        TRY(group_append(&m, left < group ? left : group, scratch));
    printf("made %" PRId64 " events in groups of %" PRId64 ", %" PRId64 " a second\n", events,
           group, events * 1000000 / (clock_us(CLOCK_MONOTONIC) - since + 1));
    return OK;
}

/* ---- what is measured ---- */

struct looked {
    const char *path;
    struct arena *arena;
    int64_t events;
};

static struct err rows_read(const struct looked *l, bool hash)
{
    static const struct db_sql all = {
        "all", "SELECT seq, event, hash_prev, hash_self FROM audit_events ORDER BY seq"};
    CLEANUP(db_close) struct db *db = NULL;
    CLEANUP(stmt_free) struct stmt *q = NULL;
    int64_t n = 0, wrong = 0;
    bool row = true;
    TRY(db_open(l->path, DB_READER, &db));
    TRY(stmt_new(db, &all, &q));
    for (; row; n += row) {
        TRY(stmt_step(q, &row));
        const struct str event = row ? stmt_peek(q, 1) : STR("");
        if (!row || !hash) {
            wrong += row && (event.len < 2 || event.at[0] != '{');
            continue;
        }
        uint8_t sum[SHA256_LEN];
        struct sha256 h;
        sha256_begin(&h);
        sha256_add(&h, stmt_peek(q, 2).at, SHA256_LEN);
        sha256_add(&h, event.at, event.len);
        sha256_end(&h, sum);
        wrong += !bytes_eq_ct(sum, stmt_peek(q, 3).at, SHA256_LEN);
    }
    ENSURE(n == l->events && wrong == 0, ERR_BUG, "the floor read something else");
    return OK;
}

static struct err select_only(const struct looked *l)
{
    return rows_read(l, false);
}

static struct err select_hash(const struct looked *l)
{
    return rows_read(l, true);
}

static struct err verify_on(const struct looked *l, unsigned threads)
{
    struct audit_report r;
    const struct audit_given given = {.path = l->path, .threads = threads};
    arena_reset(l->arena);
    TRY(audit_verify_path(l->path, false, &given, l->arena, &r));
    ENSURE(r.kind == AUDIT_INTACT && !r.asked && r.events == l->events, ERR_BUG,
           r.problem == NULL ? "the log is not intact" : r.problem);
    return OK;
}

static struct err verify_one(const struct looked *l)
{
    return verify_on(l, 1);
}

static struct err verify_two(const struct looked *l)
{
    return verify_on(l, 2);
}

static struct err replay_on(const struct looked *l, unsigned threads)
{
    struct replay_report r;
    const struct replay_spec spec = {.path = l->path, .threads = threads};
    arena_reset(l->arena);
    TRY(replay_log(&spec, l->arena, &r));
    ENSURE(replay_equal(&r), ERR_BUG, r.what == NULL ? "not equal" : r.what);
    return OK;
}

static struct err replay_one(const struct looked *l)
{
    return replay_on(l, 1);
}

static struct err replay_two(const struct looked *l)
{
    return replay_on(l, 2);
}

enum { SELECT, SELECT_HASH, VERIFY_1, VERIFY_2, REPLAY_1, REPLAY_2, WORKS };
static const struct {
    const char *name;
    struct err (*run)(const struct looked *l);
} works[WORKS] = {
    [SELECT] = {"SELECT of every event", select_only},
    [SELECT_HASH] = {"SELECT and SHA-256", select_hash},
    [VERIFY_1] = {"audit verify, one thread", verify_one},
    [VERIFY_2] = {"audit verify, two threads", verify_two},
    [REPLAY_1] = {"audit replay, one thread", replay_one},
    [REPLAY_2] = {"audit replay, two threads", replay_two},
};

static struct err measure(const struct looked *l, int64_t wall[WORKS], int64_t cpu[WORKS])
{
    for (size_t i = 0; i < WORKS; i++)
        wall[i] = cpu[i] = INT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < WORKS; i++) {
            int64_t w = clock_us(CLOCK_MONOTONIC), c = clock_us(CLOCK_PROCESS_CPUTIME_ID);
            TRY(works[i].run(l));
            w = clock_us(CLOCK_MONOTONIC) - w;
            c = clock_us(CLOCK_PROCESS_CPUTIME_ID) - c;
            wall[i] = w < wall[i] ? w : wall[i];
            cpu[i] = c < cpu[i] ? c : cpu[i];
        }
    }
    return OK;
}

/* Hundredths as they are read. */
static void ratio_print(const char *what, int64_t over, int64_t under, const char *wanted)
{
    const int64_t hundredths = over * 100 / (under == 0 ? 1 : under);
    printf("%-66s %3" PRId64 ".%02" PRId64 "  (%s)\n", what, hundredths / 100, hundredths % 100,
           wanted);
}

static struct err bench(const char *folder, int64_t events, int64_t group)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)256 << 20);
    int64_t wall[WORKS], cpu[WORKS];
    const char *path = arena_fmt(arena, "%s/recon.db", folder);
    struct looked l = {.path = arena_strdup(arena, path)};
    TRY(log_make(folder, path, events, group, arena));
    CLEANUP(arena_free) struct arena *own = arena_new((size_t)256 << 20);
    struct audit_report r;
    TRY(audit_verify_path(path, false, &(const struct audit_given){.path = path}, own, &r));
    l.arena = own;
    l.events = r.events;
    TRY(measure(&l, wall, cpu));
    for (size_t i = 0; i < WORKS; i++)
        printf("%-28s %8" PRId64 " ns an event, %8" PRId64 " of processors\n", works[i].name,
               wall[i] * 1000 / l.events, cpu[i] * 1000 / l.events);
    ratio_print("verify, one thread: speed over SELECT and SHA-256, processors", cpu[SELECT_HASH],
                cpu[VERIFY_1], "wanted >= 0.80");
    ratio_print("verify, two threads: speed over SELECT and SHA-256, wall", wall[SELECT_HASH],
                wall[VERIFY_2], "wanted >= 1.80 x 0.80");
    ratio_print("verify, two threads: speed over one, wall", wall[VERIFY_1], wall[VERIFY_2],
                "wanted >= 1.80");
    ratio_print("replay, two threads: time over SELECT, wall", wall[REPLAY_2], wall[SELECT],
                "wanted <= 1.50");
    ratio_print("replay, two threads: processors over two, over SELECT's", cpu[REPLAY_2] / 2,
                cpu[SELECT], "the same on two free cores");
    return OK;
}

int main(int argc, char **argv)
{
    const long events = argc > 2 ? strtol(argv[2], NULL, 10) : 100000;
    const long group = argc > 3 ? strtol(argv[3], NULL, 10) : 256;
    if (argc < 2 || events < 1 || group < 1) {
        (void)fputs("usage: bench_log DATA_DIR [EVENTS [GROUP]]\n", stderr);
        return EXIT_FAILURE;
    }
    struct err e = bench(argv[1], events, group);
    if (e.kind != ERR_NONE)
        (void)fprintf(stderr, "bench_log: %s %s\n", e.where == NULL ? "" : e.where, e.msg);
    return e.kind == ERR_NONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
