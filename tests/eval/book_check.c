/* The step: a snapshot of the book, its new events, their rows, the rules. */
#include "tests/eval/book_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/jcs.h"
#include "tests/eval/book_own.h"

static const struct db_sql sql[] = {
    [EVENTS] = {"events", "SELECT seq, event, hash_prev, hash_self FROM audit_events"
                          " WHERE seq > ?1 ORDER BY seq LIMIT ?2"},
    [POLICY] = {"policy", "SELECT text FROM policies WHERE digest = ?1"},
    [FROZEN] = {"frozen", "SELECT scope, value FROM freezes WHERE status = 'frozen'"},
};

struct db *book_check_db(struct book_check *check)
{
    return check->db;
}

int64_t book_check_head(const struct book_check *check)
{
    return check->head;
}

size_t book_check_reasons(const struct book_check *check, struct book_count *list, size_t max)
{
    size_t n = check->reasons_n < max ? check->reasons_n : max;
    memcpy(list, check->reasons, n * sizeof *list);
    return n;
}

void book_broken(struct book_check *k, struct book_fault *fault, const char *rule,
                 const char *format, ...)
{
    char text[512];
    va_list args;
    if (fault->rule != NULL)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    *fault = (struct book_fault){.rule = rule, .text = arena_strdup(k->arena, text)};
}

/* ---- freezes ---- */

static struct err frozen_read(struct book_check *k)
{
    arena_reset(k->frozen_arena);
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(k->db, CHECK_SET, FROZEN);
    for (k->frozen_n = 0; k->frozen_n < FROZEN_MAX; k->frozen_n++) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        k->frozen[k->frozen_n] = (struct rules_freeze){stmt_text(q, 0, k->frozen_arena),
                                                       stmt_text(q, 1, k->frozen_arena)};
    }
    return arena_check(k->frozen_arena);
}

/* ---- a step ---- */

static struct err step(struct book_check *k, const struct book_call *call,
                       const struct eval_said *said, struct book_fault *fault)
{
    const int64_t head = k->head;
    TRY(book_events_read(k, call->as->sub, STEP_EVENTS, fault));
    TRY(book_effects_seen(k, fault));
    TRY(book_nothing_more(k, fault));
    TRY(book_turns(k, true, fault));
    TRY(book_turns(k, false, fault));
    struct rules_step s = {.arena = k->arena,
                           .db = k->db,
                           .rows = k->rows,
                           .as = call->as,
                           .tool = call->tool,
                           .reads = call->reads,
                           .said = said,
                           .events = k->events,
                           .events_n = k->events_n,
                           .changes = k->changes,
                           .changes_n = k->changes_n,
                           .frozen = k->frozen,
                           .frozen_n = k->frozen_n,
                           .head = head,
                           .fault = *fault};
    if (fault->rule == NULL)
        TRY(rules_apply(&s));
    *fault = s.fault;
    return k->events_n == 0 ? OK : frozen_read(k);
}

struct err book_check_step(struct book_check *check, const struct book_call *call,
                           const struct eval_said *said, struct book_fault *fault)
{
    *fault = (struct book_fault){.rule = NULL};
    arena_reset(check->arena);
    TRY(db_begin_read(check->db));
    struct err e = step(check, call, said, fault);
    struct err end = db_rollback(check->db);
    return e.kind == ERR_NONE ? end : e;
}

/* ---- the whole ---- */

typedef struct err row_fn(struct book_check *k, const struct book_row *row,
                          struct book_fault *fault);

static struct err table_walk(struct book_check *k, size_t table, row_fn *fn,
                             struct book_fault *fault)
{
    int64_t rowid = 0;
    for (size_t n = PAGE; n == PAGE;) {
        arena_reset(k->arena);
        struct book_row *page = ARENA_ARRAY(k->arena, PAGE, struct book_row);
        ENSURE(page != NULL, ERR_LIMIT, "out of memory");
        TRY(book_rows_after(k->rows, k->arena, table, rowid, PAGE, page, &n));
        for (size_t i = 0; i < n && fault->rule == NULL; i++)
            TRY(fn(k, &page[i], fault));
        rowid = n == 0 ? rowid : page[n - 1].rowid;
    }
    return OK;
}

static struct err take_in(struct book_check *k, const struct book_row *row,
                          struct book_fault *fault)
{
    (void)fault;
    k->changes_n = 0;
    return book_row_seen(k, row);
}

static struct err hold_against(struct book_check *k, const struct book_row *row,
                               struct book_fault *fault)
{
    book_row_holds(k, row, fault);
    return OK;
}

static struct err all(struct book_check *k, struct book_fault *fault)
{
    for (size_t i = 0; i < book_tables_n() && fault->rule == NULL; i++) {
        int64_t n;
        TRY(table_walk(k, i, hold_against, fault));
        TRY(book_rows_count(k->rows, i, &n));
        if (fault->rule == NULL && (size_t)n != book_kept_n(k->rows, i))
            book_broken(k, fault, "row-stays", "%s has %" PRId64 " rows; %zu were seen",
                        book_table_name(i), n, book_kept_n(k->rows, i));
    }
    return OK;
}

struct err book_check_all(struct book_check *check, struct book_fault *fault)
{
    *fault = (struct book_fault){.rule = NULL};
    TRY(db_begin_read(check->db));
    struct err e = all(check, fault);
    struct err end = db_rollback(check->db);
    return e.kind == ERR_NONE ? end : e;
}

/* ---- opening ---- */

static struct err begin(struct book_check *k)
{
    struct book_fault fault = {.rule = NULL};
    for (k->events_n = 1; k->events_n > 0;) {
        arena_reset(k->arena);
        TRY(book_events_read(k, NULL, BEGIN_EVENTS, &fault));
    }
    if (fault.rule != NULL)
        return err_fmt(k->frozen_arena, ERR_STORE, fault.rule, "%s", fault.text);
    for (size_t i = 0; i < book_tables_n(); i++)
        TRY(table_walk(k, i, take_in, &fault));
    return frozen_read(k);
}

static struct err open_book(struct book_check *k, const char *path)
{
    TRY(db_open(path, DB_READER, &k->db));
    TRY(db_prepare_all(k->db, CHECK_SET, sql, sizeof sql / sizeof sql[0]));
    TRY(book_rows_new(k->db, &k->rows));
    TRY(rules_prepare(k->db));
    k->arena = arena_new(STEP_BYTES);
    k->frozen_arena = arena_new((size_t)1 << 20);
    ENSURE(k->arena != NULL && k->frozen_arena != NULL, ERR_LIMIT, "out of memory");
    TRY(db_begin_read(k->db));
    struct err e = begin(k);
    struct err end = db_rollback(k->db);
    return e.kind == ERR_NONE ? end : e;
}

struct err book_check_new(const char *path, struct book_check **check)
{
    struct book_check *k = calloc(1, sizeof *k);
    ENSURE(k != NULL, ERR_LIMIT, "out of memory");
    *check = k;
    return open_book(k, path);
}

void book_check_free(struct book_check *k)
{
    if (k == NULL)
        return;
    book_rows_free(k->rows);
    db_close(k->db);
    arena_free(k->arena);
    arena_free(k->frozen_arena);
    for (size_t i = 0; i < POLICIES_MAX; i++)
        arena_free(k->policies[i].arena);
    for (size_t i = 0; i < k->reasons_n; i++)
        free((void *)(uintptr_t)k->reasons[i].name);
    free(k->events);
    free(k->changes);
    free(k);
}

/* ---- for people ---- */

static const char *tree_text(struct arena *arena, const struct json *tree)
{
    struct str text;
    if (tree == NULL || jcs_text(arena, tree, &text).kind != ERR_NONE)
        return "(none)";
    return text.at;
}

const char *book_fault_print(struct arena *arena, const struct book_fault *fault)
{
    const struct book_change *c = fault->change;
    const char *text = arena_fmt(arena, "rule %s: %s", fault->rule, fault->text);
    if (c != NULL)
        text = arena_fmt(arena, "%s\n  row    %s %s\n  before %.2000s\n  after  %.2000s", text,
                         c->table, c->id, tree_text(arena, c->before), tree_text(arena, c->after));
    if (fault->event != NULL)
        text = arena_fmt(arena, "%s\n  event  %.*s", text, (int)fault->event->text.len,
                         fault->event->text.at);
    return text;
}
