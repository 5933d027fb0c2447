/* How many matches a second engine:auto-confirm confirms: each through the gate, each its own
 * durable event, on the running spine (job thread, writer thread, checkpointer). The proposals lie
 * in the book before the clock starts, so a pass finds nothing to match and only asks.
 *   bench_confirm [MATCHES] [FOLDER]     FOLDER lies on the disk to measure and must not exist */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/sys/yaml_read.h"
#include "engine/call/spine.h"
#include "engine/store/entries.h"
#include "engine/store/master.h"
#include "engine/store/matches.h"
#include "engine/store/tables.h"
#include "tests/bench/clock.h"
#include "tests/unit/proposal.h"

enum { CHUNK = 500 };

static const char rules[] =
    "version: 1\n"
    "materiality_threshold_usd: 10000\n"
    "always_human_accounts: [{class: cash, clause: By a person.}, {class: equity}, \"2400\"]\n"
    "no_auto_confirm_match_types: [fuzzy, late, amount_only]\n"
    "strategy_clauses_by_match_type: {fuzzy: By a person., late: By a person., amount_only: By a "
    "person.}\n"
    "auto_confirm: {enabled: true, cap: {amount: \"900000000000 USD\", period: month}}\n"
    "cumulative_limits:\n"
    "  - {id: party, per: counterparty, window_days: 30, max: \"900000000000 USD\"}\n"
    "  - {id: account, per: account, window_days: 31, max: \"900000000000 USD\"}\n"
    "authority:\n"
    "  - {role: controller, actions: [PROPOSE, CONFIRM], entities: all}\n"
    "  - {role: engine, actions: [PROPOSE, CONFIRM], entities: all}\n"
    "sod: {own_agent: deny}\n"
    "fx: {max_staleness_days: 4}\n"
    "channels: {T1: [web, cli], T2: [web], T3: [web], max_login_age_minutes: {T2: 480, T3: "
    "5}}\n"
    "clauses:\n";

static const char digest[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static struct err policy_make(struct arena *arena, const struct policy **policy)
{
    struct json *tree;
    struct policy *p;
    const char *text = rules;
    for (int i = REASON_ALLOWED + 1; i < REASON_COUNT && text != NULL; i++)
        text = arena_fmt(arena, "%s  %s: This is the sentence for %s.\n", text,
                         reason_name((enum reason)i), reason_name((enum reason)i));
    TRY(arena_check(arena));
    TRY(yaml_read(arena, str_of(text), &tree));
    TRY(policy_load(arena, tree, digest, &p));
    *policy = p;
    return OK;
}

static int64_t now_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

/* ---- the book ---- */

static const struct actor engine = {.kind = ACTOR_ENGINE, .id = "engine:bench"};

static struct err pair_entry(struct tx *tx, int64_t i, enum side side)
{
    const char *prefix = side == SIDE_BANK ? "bank" : "gl";
    struct entry e = {.entry_id = arena_fmt(tx->arena, "%s:%08" PRId64, prefix, i),
                      .version = 1,
                      .side = side,
                      .contra = side == SIDE_BANK ? CONTRA_NONE : CONTRA_ACCOUNT,
                      .contra_account = side == SIDE_BANK ? NULL : "4000",
                      .source_id = prefix,
                      .file_id = "file",
                      .row_no = i + 1,
                      .entity_id = "US",
                      .account_id = "1010",
                      .date = {20454},
                      .counterparty = arena_fmt(tx->arena, "Customer %03" PRId64, i % 400),
                      .memo = "INCOMING WIRE",
                      .reference = arena_fmt(tx->arena, "REF%08" PRId64, i),
                      .raw_sha256 = digest};
    TRY(arena_check(tx->arena));
    TRY(money_make(10000 + i % 5000, "USD", &e.amount));
    return entry_insert(tx, &e);
}

static struct err pair_match(struct tx *tx, int64_t i)
{
    struct leg legs[] = {
        {.entry_id = arena_fmt(tx->arena, "bank:%08" PRId64, i), .side = SIDE_BANK},
        {.entry_id = arena_fmt(tx->arena, "gl:%08" PRId64, i), .side = SIDE_GL}};
    for (size_t k = 0; k < 2; k++) {
        legs[k].version = 1;
        legs[k].amount_minor = 10000 + i % 5000;
    }
    struct match m = sure_proposal(legs, 2);
    m.evidence = "{\"fields\":[\"amount\",\"reference\",\"date\"]}";
    TRY(match_composition(tx->arena, m.rule, legs, 2, &m.composition_sha256));
    TRY(match_measure(&m, "USD"));
    return match_insert(tx, &m);
}

static struct err event_add(struct tx *tx, const char *type)
{
    const struct event event = {.type = type, .actor = &engine, .entity_id = "US"};
    return audit_append(tx, &event);
}

static struct err book_first(struct tx *tx)
{
    static const char *const accounts[][2] = {{"1010", "cash"}, {"4000", "revenue"}};
    static const struct entity us = {.entity_id = "US",
                                     .name = "US Inc",
                                     .functional_currency = "USD",
                                     .zone = "America/New_York",
                                     .calendar = "US_FED"};
    enum put put;
    TRY(event_add(tx, "BOOK_CREATED"));
    TRY(entity_put(tx, &us, &put));
    for (size_t i = 0; i < 2; i++) {
        const struct account a = {.entity_id = "US",
                                  .account_id = accounts[i][0],
                                  .name = "x",
                                  .class_ = accounts[i][1],
                                  .reconciled = i == 0};
        TRY(account_put(tx, &a, &put));
    }
    TRY(principal_put(tx, "p-ana", "Ana", true));
    TRY(role_grant(tx, "p-ana", "controller", NULL));
    return event_add(tx, "REGISTRY_CHANGED");
}

static struct err pairs_add(struct tx *tx, int64_t from, int64_t n)
{
    for (int64_t i = from; i < from + n; i++) {
        TRY(pair_entry(tx, i, SIDE_BANK));
        TRY(pair_entry(tx, i, SIDE_GL));
        TRY(pair_match(tx, i));
    }
    TRY(effect_bulk(tx, TABLE_ENTRIES, 2 * n));
    TRY(effect_bulk(tx, TABLE_MATCHES, n));
    return event_add(tx, "OK");
}

static struct err group_add(struct store *store, int64_t from, int64_t n)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    struct tx tx;
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    TRY(store_group_begin(store));
    TRY(tx_call_begin(store, arena, now_us(), &tx));
    TRY(n == 0 ? book_first(&tx) : pairs_add(&tx, from, n));
    TRY(tx_call_keep(&tx));
    return store_group_commit(store);
}

static struct err book_make(const char *path, int64_t matches, struct arena *arena)
{
    CLEANUP(store_close) struct store *store = NULL;
    int migrated;
    TRY(store_migrate(path, "2026-01-01T00:00:00Z", arena, &migrated));
    TRY(store_open(path, STORE_WRITER, arena, &store));
    TRY(group_add(store, 0, 0));
    for (int64_t i = 0; i < matches; i += CHUNK)
        TRY(group_add(store, i, matches - i < CHUNK ? matches - i : CHUNK));
    return OK;
}

/* ---- the pass ---- */

static void on_answer(struct call *c, void *arg)
{
    (void)c;
    loop_stop(arg);
}

static double cpu_seconds(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct err pass_run(const char *path, const struct policy *policy, struct arena *arena,
                           int64_t matches)
{
    static const struct actor ana = {
        .kind = ACTOR_HUMAN, .id = "human:ana", .principal = "p-ana", .channel = CHANNEL_CLI};
    const struct spine_options options = {
        .book_path = path, .readers = 1, .in_flight_max = 64, .clock_us = now_us};
    struct loop *loop = NULL;
    struct spine *spine = NULL;
    struct call c = {
        .arena = arena, .tool = tool_find("run_recon_pass"), .actor = ana, .policy = policy};
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "entity_id", "US");
    TRY(call_bind(&c, args));
    TRY(loop_new(&loop));
    TRY(spine_start(loop, &options, &spine));
    double cpu = cpu_seconds();
    int64_t begun = now_us(), confirmed = 0;
    TRY(spine_submit(spine, &c, on_answer, loop));
    TRY(loop_run(loop));
    int64_t took = now_us() - begun;
    cpu = cpu_seconds() - cpu;
    struct spine_stats stats = spine_stats(spine);
    spine_stop(spine);
    loop_free(loop);
    TRY(c.err);
    (void)json_int(json_get(c.result, "confirmed"), &confirmed);
    ENSURE(confirmed == matches, ERR_BUG, "not every match was confirmed");
    printf("auto-confirm: %" PRId64 " matches in %.2f s, %" PRId64 " events a second; %" PRId64
           " commits, %.1f us of processor each\n",
           confirmed, (double)took / 1e6, confirmed * INT64_C(1000000) / took, stats.groups,
           cpu * 1e6 / (double)confirmed);
    return OK;
}

static struct err bench(const char *folder, int64_t matches, struct arena *arena)
{
    const char *path = arena_fmt(arena, "%s/recon.db", folder);
    const struct policy *policy;
    struct audit_report report;
    ENSURE(path != NULL, ERR_LIMIT, "out of memory");
    TRY(policy_make(arena, &policy));
    TRY(book_make(path, matches, arena));
    TRY(pass_run(path, policy, arena, matches));
    if (getenv("BENCH_UNVERIFIED") != NULL)
        return OK;
    TRY(audit_verify_file(path, true, arena, &report));
    ENSURE(report.kind == AUDIT_INTACT, ERR_BUG, "the book does not verify");
    return OK;
}

static void folder_remove(struct arena *arena, const char *folder)
{
    static const char *const names[] = {"recon.db", "recon.db-wal", "recon.db-shm"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *path = arena_fmt(arena, "%s/%s", folder, names[i]);
        if (path != NULL)
            (void)unlink(path);
    }
    (void)rmdir(folder);
}

int main(int argc, char **argv)
{
    char temporary[] = "/tmp/bench_confirm_XXXXXX";
    int64_t matches = argc > 1 ? strtoll(argv[1], NULL, 10) : 100000;
    struct arena *arena = arena_new((size_t)1 << 30);
    const char *folder = argc > 2 ? argv[2] : mkdtemp(temporary);
    if (arena == NULL || folder == NULL || (argc > 2 && mkdir(folder, 0700) != 0)) {
        (void)fprintf(stderr, "bench_confirm: the folder cannot be made\n");
        return EXIT_FAILURE;
    }
    struct err e = bench(folder, matches, arena);
    if (e.kind != ERR_NONE)
        (void)fprintf(stderr, "bench_confirm: %s: %s\n", e.where == NULL ? "-" : e.where, e.msg);
    folder_remove(arena, folder);
    arena_free(arena);
    return e.kind == ERR_NONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
