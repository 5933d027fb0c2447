/* What waits: one walk over the index of what is open counts it and keeps what passes. */
#include "engine/tools/pending.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/store/audit.h"
#include "engine/tools/name_counts.h"

/* ---- words in what is bound ---- */

static bool has_word(struct str text, const char *word)
{
    const size_t n = strlen(word);
    const int first = tolower((unsigned char)word[0]);
    for (size_t i = 0; n > 0 && i + n <= text.len; i++) {
        if (tolower((unsigned char)text.at[i]) == first && strncasecmp(text.at + i, word, n) == 0)
            return true;
    }
    return false;
}

/* As deep as JSON may be. */
static bool tree_has_word(const struct json *node, const char *word)
{
    if (json_is(node, JSON_TYPE_TEXT))
        return has_word(node->text, word);
    for (size_t i = 0; node != NULL && i < node->count; i++) {
        const struct json *below = node->type == JSON_TYPE_OBJECT  ? node->members[i].value
                                   : node->type == JSON_TYPE_ARRAY ? node->items[i]
                                                                   : NULL;
        if (below != NULL && tree_has_word(below, word))
            return true;
    }
    return false;
}

/* Most are told by the text as it lies there, in which a word stands as JSON writes it; the tree is
 * for those where it may stand in a name of a member. */
static struct err bound_has_word(struct arena *arena, struct str bound, const char *word, bool *yes)
{
    static const struct json_limits limits = {.bytes_max = 8u << 20, .nodes_max = 1000000};
    struct str written;
    struct json *tree;
    *yes = false;
    TRY(jcs_text(arena, json_text_new(arena, word), &written));
    const char *inner = arena_dup(arena, written.at + 1, written.len - 2);
    TRY(arena_check(arena));
    if (!has_word(bound, inner))
        return OK;
    TRY(json_read(arena, bound, &limits, &tree));
    *yes = tree_has_word(json_get(tree, "facts"), word) ||
           tree_has_word(json_get(tree, "arguments"), word) ||
           tree_has_word(json_get(tree, "object"), word);
    return OK;
}

/* ---- one ---- */

static bool is_listed(const struct pending_filter *f, struct str id)
{
    size_t low = 0, high = f->only_n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct str at = str_of(f->only[middle]);
        const size_t n = at.len < id.len ? at.len : id.len;
        const int order = memcmp(id.at, at.at, n);
        if (order == 0 && at.len == id.len)
            return true;
        if (order < 0 || (order == 0 && id.len < at.len))
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static bool tier_is(const struct pending_filter *f, struct str name)
{
    for (size_t i = 0; i < tools_n; i++) {
        if (str_is(name, tools[i]->name))
            return (int)tool_tier(tools[i], f->policy, f->prod) + 1 == f->tier;
    }
    return false;
}

static int64_t size_of(struct money amount)
{
    return amount.minor < 0 && amount.minor > INT64_MIN ? -amount.minor : amount.minor;
}

static bool amount_passes(const struct pending_filter *f, const struct queue_row *row)
{
    const int64_t size = size_of(row->amount);
    if (f->currency == NULL)
        return true;
    if (!row->has_amount || !text_eq(row->amount.cur, f->currency))
        return false;
    return (!f->has_min || size >= f->min.minor) && (!f->has_max || size <= f->max.minor);
}

/* Instants of one precision stand in the order of their texts. */
static bool made_until(struct str created_at, const char *until)
{
    const size_t n = strlen(until);
    return memcmp(created_at.at, until, created_at.len < n ? created_at.len : n) <= 0;
}

struct err pending_passes(struct arena *arena, const struct pending_filter *f,
                          const struct queue_row *row, bool *yes)
{
    *yes = (f->entity_id == NULL || str_is(row->entity_id, f->entity_id)) &&
           (f->reason == NULL || str_is(row->reason, f->reason)) &&
           (f->tool == NULL || str_is(row->tool, f->tool)) &&
           (f->tier == 0 || tier_is(f, row->tool)) && amount_passes(f, row) &&
           (f->made_until == NULL || made_until(row->created_at, f->made_until)) &&
           (f->only == NULL || is_listed(f, row->escalation_id));
    if (!*yes || f->q == NULL || has_word(row->code, f->q) || has_word(row->escalation_id, f->q))
        return OK;
    return bound_has_word(arena, row->bound, f->q, yes);
}

/* ---- order ---- */

static int by_amount(const struct pending_item *a, const struct pending_item *b)
{
    if (a->has_amount != b->has_amount)
        return a->has_amount ? -1 : 1;
    if (!a->has_amount)
        return 0;
    const int currency = strcmp(a->amount.cur, b->amount.cur);
    const int64_t left = size_of(a->amount), right = size_of(b->amount);
    return currency != 0 ? currency : (left < right) - (left > right);
}

int pending_compare(enum pending_order order, const struct pending_item *a,
                    const struct pending_item *b)
{
    const int by_id = strcmp(a->escalation_id, b->escalation_id);
    if (order == ORDER_NEWEST)
        return -by_id;
    const int first = order == ORDER_AMOUNT ? by_amount(a, b) : 0;
    return first != 0 ? first : by_id; /* promised at one pace, the oldest is due first */
}

static int compare_oldest(const void *a, const void *b)
{
    return pending_compare(ORDER_OLDEST, a, b);
}

static int compare_newest(const void *a, const void *b)
{
    return pending_compare(ORDER_NEWEST, a, b);
}

static int compare_amount(const void *a, const void *b)
{
    return pending_compare(ORDER_AMOUNT, a, b);
}

static int (*const comparers[])(const void *, const void *) = {
    [ORDER_OLDEST] = compare_oldest,
    [ORDER_SLA] = compare_oldest,
    [ORDER_NEWEST] = compare_newest,
    [ORDER_AMOUNT] = compare_amount,
};

/* ---- all of them ---- */

struct finding {
    struct arena *arena, *scratch; /* scratch: of one row */
    const struct scope *scope;
    const struct pending_filter *filter;
    struct sla *sla;
    struct name_count *reasons, *entities;
    int64_t total, overdue;
    struct pending_item *items;
    size_t n, cap;
};

static bool text_within(const struct scope *s, struct str entity)
{
    for (size_t i = 0; i < s->n; i++) {
        if (str_is(entity, s->entities[i]))
            return true;
    }
    return false;
}

/* As scope_has_escalation says, most of the time without building the tree. */
static struct err is_seen(const struct finding *f, const struct queue_row *row, bool *yes)
{
    static const char some[] = "\"entities\":[\"";
    const struct scope *s = f->scope;
    struct escalation e = {.entity_id = NULL};
    struct json *bound;
    *yes = s->all;
    if (s->all)
        return OK;
    if (row->entity_id.len > 0 && !text_within(s, row->entity_id))
        return OK; /* its own entity is among those it concerns */
    *yes = memmem(row->bound.at, row->bound.len, some, sizeof some - 1) != NULL &&
           entities_surely_within(s->entities, s->n, row->bound);
    if (*yes)
        return OK;
    e.bound = str_dup(f->scratch, row->bound);
    e.entity_id = row->entity_id.len == 0 ? NULL : str_dup(f->scratch, row->entity_id);
    TRY(bound_read(f->scratch, &e, &bound));
    *yes = scope_has_escalation(s, &e, bound);
    return OK;
}

static struct err item_add(struct finding *f, const struct queue_row *row)
{
    struct pending_item *more = arena_grow(f->arena, f->items, f->n, &f->cap, sizeof *more);
    ENSURE(more != NULL, ERR_LIMIT, "out of memory");
    f->items = more;
    f->items[f->n++] = (struct pending_item){.escalation_id = str_dup(f->arena, row->escalation_id),
                                             .has_amount = row->has_amount,
                                             .amount = row->amount};
    return arena_check(f->arena);
}

static struct err row_take(void *arg, const struct queue_row *row)
{
    struct finding *f = arg;
    const char *late;
    bool yes;
    arena_reset(f->scratch);
    TRY(is_seen(f, row, &yes));
    if (!yes)
        return OK;
    f->total++;
    TRY(sla_late(f->sla, row->entity_id, &late));
    f->overdue += made_until(row->created_at, late);
    TRY(name_count_add(f->arena, &f->reasons, row->reason));
    if (row->entity_id.len > 0)
        TRY(name_count_add(f->arena, &f->entities, row->entity_id));
    TRY(pending_passes(f->scratch, f->filter, row, &yes));
    return yes ? item_add(f, row) : OK;
}

static struct json *counts_print(const struct finding *f)
{
    struct json *o = json_object_new(f->arena);
    json_put_int(f->arena, o, "total", f->total);
    json_put_int(f->arena, o, "overdue", f->overdue);
    json_put_int(f->arena, o, "matching", (int64_t)f->n);
    json_put(f->arena, o, "by_reason", name_counts_print(f->arena, f->reasons));
    json_put(f->arena, o, "by_entity", name_counts_print(f->arena, f->entities));
    return o;
}

struct err pending_find(struct sla *sla, const struct scope *scope,
                        const struct pending_filter *filter, enum pending_order order,
                        struct pending *found)
{
    struct call *c = sla->c;
    CLEANUP(arena_free) struct arena *scratch = arena_new((size_t)64 << 20);
    struct finding f = {
        .arena = c->arena, .scratch = scratch, .scope = scope, .filter = filter, .sla = sla};
    ENSURE(scratch != NULL, ERR_LIMIT, "out of memory");
    struct err e = queue_walk(sla->tx, !scope->all || filter->q != NULL, row_take, &f);
    if (e.kind != ERR_NONE) { /* what it says may lie in the scratch */
        const char *why = e.msg == NULL ? NULL : arena_strdup(c->arena, e.msg);
        return err_new(e.kind, why == NULL ? "what waits does not fit into memory" : why);
    }
    if (f.n > 0) /* as read they are the oldest first */
        qsort(f.items, f.n, sizeof *f.items, comparers[order]);
    *found = (struct pending){.items = f.items, .n = f.n, .counts = counts_print(&f)};
    return arena_check(c->arena);
}
