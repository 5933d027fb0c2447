/* An agent.db of a test's own in a folder of its own, and conversations in it. */
#ifndef TESTS_UNIT_TALK_BOOK_H
#define TESTS_UNIT_TALK_BOOK_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/store/traces.h"
#include "common/sys/db.h"
#include "tests/unit/test.h"

#define NOW    INT64_C(1772529302000000) /* 2026-03-03T09:15:02Z */
#define MINUTE INT64_C(60000000)
#define DAY    (1440 * MINUTE)

struct fixture {
    char folder[64], path[96];
    struct arena *arena;
    struct agent_db *db;
};

__attribute__((unused)) static void setup(struct fixture *f)
{
    int migrated;
    strcpy(f->folder, "/tmp/closegate-talks-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/agent.db", f->folder);
    f->arena = arena_new((size_t)64 << 20);
    ck_ok(agent_db_migrate(f->path, "2026-03-03T09:15:02Z", f->arena, &migrated));
    ck_ok(agent_db_open(f->path, &f->db));
}

__attribute__((unused)) static void teardown(struct fixture *f)
{
    char name[128];
    agent_db_close(f->db);
    arena_free(f->arena);
    unlink(f->path);
    snprintf(name, sizeof name, "%s-wal", f->path);
    unlink(name);
    snprintf(name, sizeof name, "%s-shm", f->path);
    unlink(name);
    rmdir(f->folder);
}

#define FRESH(f)                                                                                   \
    struct fixture f;                                                                              \
    setup(&f)

static inline void begun(struct fixture *f)
{
    ck_ok(agent_db_begin(f->db));
}

/* `x` in a transaction of its own. */
#define in_tx(f, x) agent_db_end((f)->db, (begun(f), (x)))

__attribute__((unused)) static struct talk talk_of(struct fixture *f, const char *person,
                                                   const char *origin, int64_t at_us)
{
    struct talk t = {.principal_id = person,
                     .actor = "human:maria",
                     .entity_id = "US",
                     .origin = origin,
                     .title = "What is left?",
                     .api = "anthropic",
                     .model = "model-1"};
    ck_ok(in_tx(f, talk_add(f->db, f->arena, &t, at_us)));
    return t;
}

/* Says `text`, as a row. */
__attribute__((unused)) static struct err say(struct fixture *f, struct talk *t, struct trace *row,
                                              const char *text)
{
    struct json *body = json_object_new(f->arena);
    json_put_text(f->arena, body, "text", text);
    return in_tx(f, trace_add(f->db, f->arena, t, row, body));
}

__attribute__((unused)) static void said(struct fixture *f, struct talk *t, int64_t at_us,
                                         const char *text)
{
    struct trace row = {.turn = 1, .kind = TRACE_SAID, .at_us = at_us};
    ck_ok(say(f, t, &row, text));
}

/* What a statement of whoever comes past the functions gets. */
__attribute__((unused)) static struct err by_hand(struct fixture *f, const char *sql)
{
    CLEANUP(db_close) struct db *db = NULL;
    CLEANUP(stmt_free) struct stmt *q = NULL;
    const struct db_sql named = {"by_hand", sql};
    ck_ok(db_open(f->path, DB_WRITER, &db));
    ck_ok(stmt_new(db, &named, &q));
    struct err e = stmt_run(q);
    return e.kind == ERR_NONE ? e : err_new(e.kind, "refused");
}

__attribute__((unused)) static int64_t rows_in(struct fixture *f, const char *count_sql)
{
    CLEANUP(db_close) struct db *db = NULL;
    CLEANUP(stmt_free) struct stmt *q = NULL;
    const struct db_sql named = {"rows_in", count_sql};
    bool row;
    ck_ok(db_open(f->path, DB_WRITER, &db));
    ck_ok(stmt_new(db, &named, &q));
    ck_ok(stmt_step(q, &row));
    ck_assert(row);
    return stmt_int(q, 0);
}

#endif
