/* list_pending_escalations: what waits for a human, with the clause that stopped it, word for word;
 * and what the caller asked for or decided, however it ended. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/civil.h"
#include "engine/tools/cursor.h"
#include "engine/tools/escalation_view.h"
#include "engine/tools/pending.h"
#include "engine/tools/would.h"

/* Of the views that are histories: how many are looked at for a page. */
#define HISTORY_SCAN_MAX 1000

struct list_pending {
    const char *entity_id, *to, *cursor, *reason, *tool, *q, *currency, *min_amount, *max_amount;
    int view, tier, order; /* indexes of the names below */
    int64_t limit, older_than_hours;
    bool with_may, brief;
};

enum { VIEW_OPEN = 0, VIEW_ASKED, VIEW_DECIDED };
static const char *const views[] = {"open", "asked", "decided", NULL};
static const char *const tiers[] = {"", "T0", "T1", "T2", "T3", NULL};
static const char *const orders[] = {"oldest", "sla", "newest", "amount", NULL};

static const struct json_field fields[] = {
    JSON_TEXT(struct list_pending, entity_id, .max = 64, .help = "only this entity's"),
    JSON_TEXT(struct list_pending, to, .max = 136,
              .help = "only what is addressed to human:NAME, a principal id, a role, or to me: "
                      "the caller and their roles"),
    JSON_ENUM(struct list_pending, view, views,
              .help = "open waits; asked: what the caller asked for, decided: what they decided, "
                      "both in any state and newest first"),
    JSON_TEXT(struct list_pending, reason, .max = 64, .help = "only those this rule stopped"),
    JSON_ENUM(struct list_pending, tier, tiers, .help = "only this tier's"),
    JSON_TEXT(struct list_pending, tool, .max = 64, .help = "only calls of this tool"),
    JSON_TEXT(struct list_pending, currency, .min = 3, .max = 3,
              .help = "only amounts in it; min_amount and max_amount need it"),
    JSON_DECIMAL(struct list_pending, min_amount, .help = "and at least so large"),
    JSON_DECIMAL(struct list_pending, max_amount, .help = "and at most so large"),
    JSON_INT(struct list_pending, older_than_hours, .max = 100000,
             .help = "only what was asked so long ago"),
    JSON_TEXT(struct list_pending, q, .max = 100,
              .help = "only with this in the code, or in a text of what is bound: counterparty, "
                      "memo, reference, an id"),
    JSON_ENUM(struct list_pending, order, orders,
              .help = "of open ones; sla: due first, amount: largest first, a currency at a time"),
    JSON_BOOL(struct list_pending, with_may,
              .help = "also may_decide and why_not of each: whether the gate would let the caller "
                      "confirm it now; takes its time, so ask for few"),
    JSON_BOOL(struct list_pending, brief,
              .help = "rows for a list: without bound, requester, expires_at, notes, to, "
                      "assigned_to, you_asked and decided_by, but with the first counterparty "
                      "that is bound, or else memo, and bank_amount (with its sign, when one "
                      "entry of the bank is bound)"),
    JSON_INT(struct list_pending, limit, .min = 1, .max = 200, .def = 50,
             .help = "escalations a page"),
    JSON_TEXT(struct list_pending, cursor, .min = -1, .max = 200,
              .help = "next_cursor of the page before, with the same filters"),
};

struct pending_page {
    const struct json *escalations, *counts;
    const char *next_cursor;
};

static const struct json_field result[] = {
    JSON_ANY(struct pending_page, escalations, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help =
                 "array of escalations: code, tier, clause, digest, amount, bound facts, "
                 "sla_due_at, overdue, notes (questions and answers), to, you_asked, of "
                 "those that ended decided_by, and may_decide, why_not when asked for; fewer when "
                 "brief"),
    JSON_ANY(struct pending_page, counts, .holds = JSON_TYPE_OBJECT,
             .help = "on the first page of what is open: total, overdue, by_reason, by_entity of "
                     "all that the caller sees, and matching: how many pass the filters"),
    JSON_TEXT(struct pending_page, next_cursor,
              .help = "absent on the last page; a page of asked or decided may be short and not "
                      "the last"),
};

/* ---- filters ---- */

static struct err money_limit(const struct list_pending *args, const char *text, const char *where,
                              struct money *limit, bool *has)
{
    *has = text != NULL;
    if (text == NULL)
        return OK;
    if (args->currency == NULL)
        return err_at(ERR_INPUT, "/currency", "an amount is compared in its currency: name it");
    struct err e = money_parse(text, args->currency, limit);
    return e.kind == ERR_NONE ? OK : err_at(e.kind, where, e.msg);
}

static const char *instant_before(struct arena *arena, int64_t now_us, int64_t hours)
{
    char text[INSTANT_TEXT_MAX];
    instant_print(now_us - hours * INT64_C(3600) * 1000000, text);
    return arena_strdup(arena, text);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct ids {
    const char **list;
    size_t n;
};

static struct err addressed_add(struct call *c, struct tx *tx, const char *who, struct ids *all)
{
    struct ids more;
    TRY(queue_addressed(tx, c->arena, who, &more.list, &more.n));
    const char **both = ARENA_ARRAY(c->arena, all->n + more.n + 1, const char *);
    ENSURE(both != NULL, ERR_LIMIT, "out of memory");
    if (all->n > 0)
        memcpy(both, all->list, all->n * sizeof *both);
    if (more.n > 0)
        memcpy(both + all->n, more.list, more.n * sizeof *both);
    *all = (struct ids){both, all->n + more.n};
    return OK;
}

/* What was addressed to the person, and to each role they sit on. */
static struct err addressed_to_me(struct call *c, struct tx *tx, struct ids *all)
{
    struct ask facts = {.change = false};
    if (call_self(c) == NULL)
        return OK;
    TRY(actor_facts(tx, c->arena, &c->actor, c->tool->name, &facts));
    TRY(addressed_add(c, tx, call_self(c), all));
    for (size_t i = 0; i < facts.roles_n; i++)
        TRY(addressed_add(c, tx, facts.roles[i].role, all));
    return OK;
}

static struct err addressed(struct call *c, struct tx *tx, struct pending_filter *f)
{
    static const char *const none[] = {NULL};
    const struct list_pending *args = c->args;
    struct ids all = {.n = 0};
    struct addressee to;
    if (args->to == NULL)
        return OK;
    if (text_eq(args->to, "me")) {
        TRY(addressed_to_me(c, tx, &all));
    } else {
        TRY(addressee_parse(c, tx, args->to, "/to", &to));
        TRY(addressed_add(c, tx, to.who, &all));
    }
    if (all.n > 0)
        qsort(all.list, all.n, sizeof *all.list, compare_ids);
    f->only = all.n > 0 ? all.list : none;
    f->only_n = all.n;
    return OK;
}

static struct err filter_of(struct call *c, struct tx *tx, struct pending_filter *f)
{
    const struct list_pending *args = c->args;
    *f = (struct pending_filter){.entity_id = args->entity_id,
                                 .reason = args->reason,
                                 .tool = args->tool,
                                 .q = text_empty(args->q) ? NULL : args->q,
                                 .tier = args->tier,
                                 .policy = c->policy,
                                 .prod = c->prod,
                                 .currency = args->currency};
    if (args->currency != NULL && !currency_valid(args->currency))
        return err_at(ERR_INPUT, "/currency", "expected an ISO 4217 code, as in USD");
    TRY(money_limit(args, args->min_amount, "/min_amount", &f->min, &f->has_min));
    TRY(money_limit(args, args->max_amount, "/max_amount", &f->max, &f->has_max));
    if (args->older_than_hours > 0)
        f->made_until = instant_before(c->arena, tx->now_us, args->older_than_hours);
    TRY(addressed(c, tx, f));
    return arena_check(c->arena);
}

/* ---- what is open ---- */

static struct err may_put(struct call *c, struct tx *tx, const struct escalation *e, struct json *o)
{
    struct would would;
    TRY(would_answer(c, tx, e, "confirm", &would));
    json_put_bool(c->arena, o, "may_decide", would.may);
    if (!would.may)
        json_put_text(c->arena, o, "why_not", would.because);
    return OK;
}

/* Bound facts are canonical as they were bound; a page of them is not read to be written again. */
static struct err row_put(struct sla *sla, const struct escalation *e, struct json *list)
{
    struct call *c = sla->c;
    const struct list_pending *args = c->args;
    struct json *o;
    if (args->brief)
        TRY(escalation_brief(sla, e, &o));
    else
        TRY(escalation_view(sla, e, json_raw_new(c->arena, str_of(e->bound)), &o));
    if (args->with_may)
        TRY(may_put(c, sla->tx, e, o));
    json_push(c->arena, list, o);
    return OK;
}

/* Where a page ends: what the item is ordered by, so that it need not be open any more. */
static const char *item_print(struct arena *arena, int order, const struct pending_item *item)
{
    return arena_fmt(arena, "%s %s %s %" PRId64, orders[order], item->escalation_id,
                     item->has_amount ? item->amount.cur : "-",
                     item->has_amount ? item->amount.minor : 0);
}

static struct err item_parse(struct call *c, const char *text, int order, struct pending_item *item)
{
    struct str name, id, currency, rest;
    char *end = NULL;
    if (!str_cut(str_of(text), ' ', &name, &rest) || !str_is(name, orders[order]) ||
        !str_cut(rest, ' ', &id, &rest) || !str_cut(rest, ' ', &currency, &rest))
        return err_at(ERR_INPUT, "/cursor", "not a cursor of this list in this order");
    item->escalation_id = str_dup(c->arena, id);
    item->has_amount = !str_is(currency, "-");
    TRY(arena_check(c->arena));
    const int64_t minor = strtoll(rest.at, &end, 10);
    if (!item->has_amount)
        return OK;
    const char *code = str_dup(c->arena, currency);
    if (*end != '\0' || money_make(minor, code, &item->amount).kind != ERR_NONE)
        return err_at(ERR_INPUT, "/cursor", "not a cursor of this list in this order");
    return OK;
}

/* The first that stands behind the cursor. */
static struct err begin_of(struct call *c, const struct pending *p, const char *after, size_t *at)
{
    const struct list_pending *args = c->args;
    struct pending_item last;
    *at = 0;
    if (after[0] == '\0')
        return OK;
    TRY(item_parse(c, after, args->order, &last));
    while (*at < p->n &&
           pending_compare((enum pending_order)args->order, &p->items[*at], &last) <= 0)
        (*at)++;
    return OK;
}

static struct err page_of_open(struct call *c, struct tx *tx, const struct scope *scope,
                               const struct pending_filter *filter, const char *after,
                               struct pending_page *page)
{
    const struct list_pending *args = c->args;
    struct json *list = json_array_new(c->arena);
    struct sla sla = {.c = c, .tx = tx};
    struct pending found;
    size_t at, end;
    TRY(pending_find(&sla, scope, filter, (enum pending_order)args->order, &found));
    TRY(begin_of(c, &found, after, &at));
    end = at + (size_t)args->limit < found.n ? at + (size_t)args->limit : found.n;
    for (size_t i = at; i < end; i++) {
        struct escalation e;
        TRY(escalation_load(tx, c->arena, found.items[i].escalation_id, &e));
        TRY(row_put(&sla, &e, list)); /* within the scope: pending_find looked */
    }
    page->escalations = list;
    page->counts = after[0] == '\0' ? found.counts : NULL;
    if (end < found.n)
        page->next_cursor =
            cursor_print(c->arena, item_print(c->arena, args->order, &found.items[end - 1]));
    return arena_check(c->arena);
}

/* ---- what the caller asked for, or decided ---- */

/* As whom the caller decides: a person, or an agent's. */
static struct err decider_of(struct call *c, struct tx *tx, const char **actor)
{
    const char *subject = NULL;
    *actor = c->actor.id;
    if (c->actor.kind != ACTOR_LLM || c->actor.on_behalf_of == NULL)
        return OK;
    TRY(identity_subject(tx, c->arena, "actor", c->actor.on_behalf_of, &subject));
    if (subject != NULL)
        *actor = arena_fmt(c->arena, "human:%s", subject);
    return arena_check(c->arena);
}

static struct err history_ids(struct call *c, struct tx *tx, const char *before, struct ids *ids)
{
    const struct list_pending *args = c->args;
    const char *actor, *self = call_self(c) == NULL ? "" : call_self(c);
    if (args->view == VIEW_ASKED)
        return queue_asked(tx, c->arena, self, before, HISTORY_SCAN_MAX, &ids->list, &ids->n);
    TRY(decider_of(c, tx, &actor));
    return queue_decided(tx, c->arena, actor, self, before, HISTORY_SCAN_MAX, &ids->list, &ids->n);
}

/* Asking back decides nothing. */
static bool belongs(const struct list_pending *args, const struct escalation *e)
{
    return args->view == VIEW_ASKED || !escalation_is_open(e->state) ||
           e->state == ESCALATION_STAGE_APPROVED;
}

static struct err history_add(struct sla *sla, const struct scope *scope,
                              const struct pending_filter *filter, const char *id,
                              struct json *list)
{
    struct call *c = sla->c;
    struct escalation e;
    struct json *bound;
    bool yes;
    TRY(escalation_load(sla->tx, c->arena, id, &e));
    const struct queue_row row = {.escalation_id = str_of(e.escalation_id),
                                  .entity_id = str_of(e.entity_id),
                                  .tool = str_of(e.tool),
                                  .reason = str_of(e.reason),
                                  .created_at = str_of(e.created_at),
                                  .code = str_of(e.code),
                                  .bound = str_of(e.bound),
                                  .has_amount = e.has_amount,
                                  .amount = e.amount};
    TRY(pending_passes(c->arena, filter, &row, &yes));
    if (!yes || !belongs(c->args, &e))
        return OK;
    if (!scope->all) {
        TRY(bound_read(c->arena, &e, &bound));
        yes = scope_has_escalation(scope, &e, bound);
    }
    return yes ? row_put(sla, &e, list) : OK;
}

static struct err page_of_history(struct call *c, struct tx *tx, const struct scope *scope,
                                  const struct pending_filter *filter, const char *before,
                                  struct pending_page *page)
{
    const struct list_pending *args = c->args;
    struct json *list = json_array_new(c->arena);
    struct sla sla = {.c = c, .tx = tx};
    struct ids ids;
    size_t at = 0;
    TRY(history_ids(c, tx, before, &ids));
    for (; at < ids.n && list->count < (size_t)args->limit; at++)
        TRY(history_add(&sla, scope, filter, ids.list[at], list));
    page->escalations = list;
    if (at > 0 && (at < ids.n || ids.n == HISTORY_SCAN_MAX))
        page->next_cursor = cursor_print(c->arena, ids.list[at - 1]);
    return arena_check(c->arena);
}

static struct err read_page(struct call *c, struct tx *tx)
{
    const struct list_pending *args = c->args;
    struct pending_page page = {0};
    struct pending_filter filter;
    struct scope scope;
    const char *after;
    TRY(cursor_parse(c->arena, args->cursor, &after));
    TRY(scope_load(c, tx, &scope));
    TRY(filter_of(c, tx, &filter));
    if (args->view == VIEW_OPEN)
        TRY(page_of_open(c, tx, &scope, &filter, after, &page));
    else
        TRY(page_of_history(c, tx, &scope, &filter, after, &page));
    return json_unbind(c->arena, JSON_FIELDS(result), &page, &c->result);
}

const struct tool tool_list_pending_escalations = {
    .name = "list_pending_escalations",
    .title = "List what waits for a human",
    .summary = "Lists open escalations with the clause that stopped each, the bound facts and the "
               "digest a decision must repeat; or what the caller asked for or decided.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_MCP | OFFER_SOCKET,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct list_pending),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = read_page,
};
