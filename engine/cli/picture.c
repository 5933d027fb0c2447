/* What waits is told by clause, what could not be matched by class: a hundred items under one
 * clause are one thing to understand. Each group shows its first items and counts the rest. */
#include "engine/cli/picture.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/sys/json_read.h"
#include "engine/cli/columns.h"
#include "engine/cli/run_call.h"
#include "engine/cli/totals.h"
#include "engine/tools/exception_facts.h"

#define SHOWN_MAX   20   /* items of a group */
#define PAGE_ROWS   200  /* of what waits */
#define WAITING_MAX 1000 /* are read; the rest is counted, so that a long queue is told */

static const char *text_of(const struct json *o, const char *name)
{
    const char *text = json_get_text(o, name);
    return text == NULL ? "" : text;
}

/* ---- reading ---- */

static struct err pending_page(struct cli *cli, struct json *args, int64_t limit,
                               const struct json **page)
{
    json_put_int(cli->arena, args, "limit", limit);
    TRY(arena_check(cli->arena));
    return run_read(cli, "list_pending_escalations", args, page);
}

static struct err waiting_load(struct cli *cli, struct picture *p)
{
    const char *cursor = NULL;
    p->waiting = json_array_new(cli->arena);
    do {
        struct json *args = json_object_new(cli->arena);
        const struct json *page, *rows;
        json_put_known(cli->arena, args, "cursor", cursor);
        TRY(pending_page(cli, args, PAGE_ROWS, &page));
        if (cursor == NULL)
            p->counts = json_get(page, "counts");
        rows = json_get(page, "escalations");
        for (size_t i = 0; rows != NULL && i < rows->count; i++)
            json_push(cli->arena, p->waiting, rows->items[i]);
        cursor = json_get_text(page, "next_cursor");
    } while (cursor != NULL && p->waiting->count < WAITING_MAX);
    return arena_check(cli->arena);
}

/* Counted by the engine: what is read of them may be the smaller part. */
static struct err asked_load(struct cli *cli, struct picture *p)
{
    const struct json *entities = json_get(p->status, "entities");
    p->asked = json_object_new(cli->arena);
    for (size_t i = 0; entities != NULL && i < entities->count; i++) {
        const char *id = json_get_text(entities->items[i], "entity_id");
        struct json *args = json_object_new(cli->arena);
        const struct json *page;
        if (figure(json_get(entities->items[i], "matches"), "proposed") == 0)
            continue;
        json_put_text(cli->arena, args, "entity_id", id);
        json_put_text(cli->arena, args, "tool", "confirm_match");
        TRY(pending_page(cli, args, 1, &page));
        json_put_int(cli->arena, p->asked, id, figure(json_get(page, "counts"), "matching"));
    }
    return arena_check(cli->arena);
}

struct err picture_load(struct cli *cli, struct picture *p)
{
    const struct json *exceptions;
    TRY(run_read(cli, "recon://status", NULL, &p->status));
    TRY(run_read(cli, "recon://exceptions", NULL, &exceptions));
    p->exceptions = json_get(exceptions, "exceptions");
    TRY(waiting_load(cli, p));
    return asked_load(cli, p);
}

/* ---- confirmed ---- */

static struct err confirmed_add(struct arena *arena, const struct json *entity, const char *by,
                                struct columns *table, int64_t *n)
{
    const struct json *sums = json_get(entity, "confirmed");
    for (size_t i = 0; sums != NULL && i < sums->count; i++) {
        const struct json *s = sums->items[i];
        if (!text_eq(text_of(s, "by"), by))
            continue;
        *n += figure(s, "count");
        TRY(columns_add(table, json_get_text(entity, "entity_id")));
        TRY(columns_add(table, text_of(s, "match_type")));
        TRY(columns_add(table, arena_fmt(arena, "%" PRId64, figure(s, "count"))));
        TRY(columns_add(table, text_of(s, "sum")));
        TRY(columns_add(table, text_of(s, "currency")));
    }
    return OK;
}

static struct err confirmed_told(struct arena *arena, const struct json *status, const char *by)
{
    static const struct column columns[] = {
        {"entity", false}, {"type", false}, {"matches", true}, {"amount", true}, {"cur", false},
    };
    struct columns table = {
        .arena = arena, .columns = columns, .columns_n = sizeof columns / sizeof columns[0]};
    const struct json *entities = json_get(status, "entities");
    int64_t n = 0;
    for (size_t i = 0; entities != NULL && i < entities->count; i++)
        TRY(confirmed_add(arena, entities->items[i], by, &table, &n));
    if (n == 0 && text_eq(by, "people"))
        return OK;
    printf("\nconfirmed by %s: %" PRId64 "\n", by, n);
    if (n > 0)
        columns_print(&table, "  ", stdout);
    return OK;
}

/* ---- groups: of what waits by clause, of exceptions by class ---- */

struct group {
    const struct json *first;
    struct columns table;
    const char *notes[SHOWN_MAX];
    size_t items, notes_n;
};

typedef bool (*same_fn)(const struct json *, const struct json *);
typedef struct err (*cells_fn)(struct arena *, const struct json *, struct columns *);
typedef const char *(*note_fn)(struct arena *, const struct json *);

struct grouping {
    struct arena *arena;
    same_fn same;
    cells_fn cells;
    note_fn note; /* a line below the table, or NULL; may be NULL */
    const struct column *columns;
    size_t columns_n;
    struct group *groups;
    size_t groups_n;
};

static struct group *group_of(struct grouping *g, const struct json *item)
{
    for (size_t i = 0; i < g->groups_n; i++) {
        if (g->same(g->groups[i].first, item))
            return &g->groups[i];
    }
    struct group *new = &g->groups[g->groups_n++];
    *new = (struct group){
        .first = item,
        .table = {.arena = g->arena, .columns = g->columns, .columns_n = g->columns_n}};
    return new;
}

static struct err grouped(struct grouping *g, const struct json *items)
{
    size_t n = items == NULL ? 0 : items->count;
    g->groups = ARENA_ARRAY(g->arena, n + 1, struct group);
    ENSURE(g->groups != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++) {
        struct group *group = group_of(g, items->items[i]);
        if (group->items++ >= SHOWN_MAX)
            continue;
        TRY(g->cells(g->arena, items->items[i], &group->table));
        const char *note = g->note == NULL ? NULL : g->note(g->arena, items->items[i]);
        if (note != NULL)
            group->notes[group->notes_n++] = note;
    }
    return OK;
}

static void group_items_print(struct arena *arena, const struct group *group, const char *where_all)
{
    columns_print(&group->table, "      ", stdout);
    for (size_t i = 0; i < group->notes_n; i++)
        text_wrap(arena, "      ", group->notes[i], stdout);
    if (group->items > SHOWN_MAX)
        printf("      and %zu more: %s\n", group->items - SHOWN_MAX, where_all);
}

/* ---- waiting ---- */

static const char *advice(const char *reason)
{
    static const struct {
        const char *reason, *text;
    } known[] = {
        {"FX_RATE_MISSING",
         "Two people whose authority has no ceiling may confirm what cannot be valued. "
         "Rates are given in policy.yaml under fx.rates (docs/POLICY.md); "
         "restart the engine and run recon again."},
        {"FX_RATE_STALE", "A newer rate goes into policy.yaml under fx.rates (docs/POLICY.md); "
                          "restart the engine and run recon again."},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (text_eq(known[i].reason, reason))
            return known[i].text;
    }
    return NULL;
}

static bool same_clause(const struct json *a, const struct json *b)
{
    return text_eq(text_of(a, "reason"), text_of(b, "reason")) &&
           text_eq(text_of(a, "pointer"), text_of(b, "pointer")) &&
           text_eq(text_of(a, "clause"), text_of(b, "clause"));
}

static struct err waiting_cells(struct arena *arena, const struct json *e, struct columns *table)
{
    const struct json *raw = json_get(e, "bound");
    struct json *bound = NULL;
    if (json_is(raw, JSON_TYPE_RAW)) /* canonical, as it was bound */
        TRY(json_read(arena, raw->text, NULL, &bound));
    const char *type = json_text(json_pointer_get(bound, "/facts/match_type"));
    TRY(columns_add(table, text_of(e, "code")));
    TRY(columns_add(table, text_of(e, "entity_id")));
    TRY(columns_add(table, type == NULL ? text_of(e, "tool") : type));
    TRY(columns_add(table, text_of(e, "amount")));
    TRY(columns_add(table, text_of(e, "currency")));
    return columns_add(table, text_of(e, "object_id"));
}

static void waiting_group_print(struct arena *arena, const struct group *group)
{
    const struct json *e = group->first;
    const char *next = advice(text_of(e, "reason"));
    printf("  %zu  %s, %s\n", group->items, text_of(e, "reason"),
           plain_text(arena, text_of(e, "pointer")));
    text_wrap(arena, "      ", arena_fmt(arena, "\"%s\"", text_of(e, "clause")), stdout);
    if (next != NULL)
        text_wrap(arena, "      ", next, stdout);
    group_items_print(arena, group, "closegate-engine call list_pending_escalations");
}

/* How many of a reason were not read, so that what is told adds up. */
static void unread_tell(struct arena *arena, const struct picture *p)
{
    const struct json *reasons = json_get(p->counts, "by_reason");
    for (size_t i = 0; reasons != NULL && i < reasons->count; i++) {
        const char *reason = str_dup(arena, reasons->members[i].key);
        int64_t n = figure(reasons, reason);
        for (size_t k = 0; k < p->waiting->count; k++)
            n -= text_eq(text_of(p->waiting->items[k], "reason"), reason);
        if (n > 0)
            printf("  and %" PRId64 " more, %s: closegate-engine call list_pending_escalations\n",
                   n, reason);
    }
}

static struct err waiting_told(struct arena *arena, const struct picture *p)
{
    static const struct column columns[] = {
        {"code", false},  {"entity", false}, {"type", false},
        {"amount", true}, {"cur", false},    {"match", false},
    };
    struct grouping g = {.arena = arena,
                         .same = same_clause,
                         .cells = waiting_cells,
                         .columns = columns,
                         .columns_n = sizeof columns / sizeof columns[0]};
    TRY(grouped(&g, p->waiting));
    printf("\nwaiting for a human: %" PRId64 "\n", figure(p->counts, "total"));
    for (size_t i = 0; i < g.groups_n; i++)
        waiting_group_print(arena, &g.groups[i]);
    unread_tell(arena, p);
    if (g.groups_n > 0)
        printf("  why one waits: closegate-engine policy explain --match MATCH\n");
    return OK;
}

/* Proposals that no escalation stands for: the engine may not confirm here, or somebody else
 * proposed them. They would be overlooked otherwise. */
static void unasked_tell(const struct json *entity, const struct json *asked)
{
    const char *id = text_of(entity, "entity_id");
    const int64_t n = figure(json_get(entity, "matches"), "proposed") - figure(asked, id);
    if (n > 0)
        printf("  %" PRId64 "  proposed for %s and not asked for yet: confirm_match asks\n", n, id);
}

/* ---- exceptions ---- */

static bool same_class(const struct json *a, const struct json *b)
{
    return text_eq(text_of(a, "class"), text_of(b, "class"));
}

static struct err exception_cells(struct arena *arena, const struct json *x, struct columns *table)
{
    TRY(columns_add(table, text_of(x, "entity_id")));
    TRY(columns_add(table, text_of(x, "account_id")));
    TRY(columns_add(table, text_of(x, "date")));
    TRY(columns_add(table, text_of(x, "amount")));
    TRY(columns_add(table, text_of(x, "currency")));
    return columns_add(table,
                       arena_fmt(arena, "%s %s", text_of(x, "side"), text_of(x, "entry_id")));
}

static const char *exception_note(struct arena *arena, const struct json *x)
{
    const struct json *near = json_pointer_get(x, "/detail/near_misses/0");
    if (near == NULL)
        return NULL;
    return arena_fmt(arena, "nearest to %s is %s, off by %s", text_of(x, "entry_id"),
                     text_of(near, "entry_id"), text_of(near, "difference"));
}

/* The engine lists the first of them; how many there are it counts. */
static int64_t exceptions_in(const struct json *status, const char *class_)
{
    const struct json *entities = json_get(status, "entities");
    int64_t n = 0;
    for (size_t i = 0; entities != NULL && i < entities->count; i++) {
        const struct json *counts = json_get(entities->items[i], "exceptions");
        for (size_t k = 0; counts != NULL && k < counts->count; k++) {
            int64_t one = 0;
            if (class_ == NULL || str_is(counts->members[k].key, class_))
                n += json_int(counts->members[k].value, &one) ? one : 0;
        }
    }
    return n;
}

static struct err exceptions_told(struct arena *arena, const struct picture *p)
{
    static const struct column columns[] = {
        {"entity", false}, {"account", false}, {"date", false},
        {"amount", true},  {"cur", false},     {"entry", false},
    };
    struct grouping g = {.arena = arena,
                         .same = same_class,
                         .cells = exception_cells,
                         .note = exception_note,
                         .columns = columns,
                         .columns_n = sizeof columns / sizeof columns[0]};
    TRY(grouped(&g, p->exceptions));
    printf("\nexceptions: %" PRId64 "\n", exceptions_in(p->status, NULL));
    for (size_t i = 0; i < g.groups_n; i++) {
        const char *class_ = text_of(g.groups[i].first, "class");
        g.groups[i].items = (size_t)exceptions_in(p->status, class_);
        printf("  %zu  %s: %s\n", g.groups[i].items, class_, exception_class_means(class_));
        group_items_print(arena, &g.groups[i], "closegate-engine recon --json");
    }
    return OK;
}

/* ---- all of it ---- */

struct err picture_print(struct arena *arena, const struct picture *p)
{
    const struct json *entities = json_get(p->status, "entities");
    TRY(confirmed_told(arena, p->status, "policy"));
    TRY(confirmed_told(arena, p->status, "people"));
    TRY(waiting_told(arena, p));
    for (size_t i = 0; entities != NULL && i < entities->count; i++)
        unasked_tell(entities->items[i], p->asked);
    TRY(exceptions_told(arena, p));
    printf("\nwhere every entry stands: how many, and their sum\n");
    for (size_t i = 0; entities != NULL && i < entities->count; i++) {
        printf("%s  %s\n", plain_text(arena, json_get_text(entities->items[i], "entity_id")),
               plain_text(arena, json_get_text(entities->items[i], "name")));
        TRY(totals_print(arena, entities->items[i]));
    }
    return OK;
}
