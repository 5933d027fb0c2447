/* How many events a second the writer appends inside one transaction, each with a full ask, a
 * verdict and two effects, and how many the verifier reads back. Commits are not measured here. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/store/audit.h"
#include "engine/store/limits.h"
#include "tests/bench/clock.h"
#include "tests/gate/world.h"

enum { EVENTS = 20000 };

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

static struct err bench(const char *path, struct arena *arena)
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
    return OK;
}

int main(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char folder[] = "/tmp/bench_audit_XXXXXX", path[64], file[80];
    struct arena *arena = arena_new((size_t)64 << 20);
    if (arena == NULL || mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    (void)snprintf(path, sizeof path, "%s/recon.db", folder);
    struct err e = bench(path, arena);
    if (e.kind != ERR_NONE)
        (void)fprintf(stderr, "bench_audit: %s\n", e.msg);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(file, sizeof file, "%s%s", path, ends[i]);
        (void)unlink(file);
    }
    (void)rmdir(folder);
    arena_free(arena);
    return e.kind == ERR_NONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
