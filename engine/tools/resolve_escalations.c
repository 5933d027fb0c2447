/* resolve_escalations: one person's decision on several escalations that one clause stopped. The
 * gate judges the act as a whole first (rows f: one clause, the policy's cap on items and money,
 * nothing of T3); then each item goes the way of resolve_escalation by itself, with a verdict and
 * an event of its own, and what one of them meets stops no other. */
#include <string.h>

#include "common/base/civil.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/fx/fx.h"
#include "engine/tools/binding.h"
#include "engine/tools/child.h"
#include "engine/tools/review.h"
#include "engine/tools/scope.h"

enum { ITEMS_MAX = 1000 }; /* as many as a policy may allow */

struct bulk_item {
    const char *escalation_id, *digest;
};

struct resolve_escalations {
    int decision; /* 1 confirm, 2 reject */
    const char *rationale;
    struct bulk_item *items;
    size_t items_n;
    struct review *review;
};

static const char *const decisions[] = {"", "confirm", "reject", NULL};

static const struct json_field item_fields[] = {
    JSON_TEXT(struct bulk_item, escalation_id, .required = true, .max = 64,
              .help = "the escalation to answer"),
    JSON_TEXT(struct bulk_item, digest, .required = true, .min = 64, .max = 64,
              .help = "of the facts that were shown, whole: 64 hex digits"),
};

static const struct json_field fields[] = {
    JSON_ENUM(struct resolve_escalations, decision, decisions, .required = true,
              .help = "the same for all of them"),
    JSON_TEXT(struct resolve_escalations, rationale, .max = 2000,
              .help = "the decider's own words, for each of them"),
    JSON_OBJECTS(struct resolve_escalations, items, items_n, item_fields, .required = true,
                 .min = 1, .max = ITEMS_MAX,
                 .help = "all under one clause, no more than policy allows (bulk)"),
    JSON_OBJECT_PTR(struct resolve_escalations, review, review_fields,
                    .help = "what the reviewer looked at"),
};

struct bulk_result {
    const struct json *results;
};

static const struct json_field result[] = {
    JSON_ANY(struct bulk_result, results, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array in the order of items: {escalation_id, status: ok | pending_approval | "
                     "denied | stale | settled | failed, seq, and what belongs to it: state, "
                     "reason, clause, pointer, difference, outcome, decided_by, message}"),
};

extern const struct tool tool_resolve_escalation;

/* From plan to the parts. */
struct bulk {
    const struct resolve_escalations *args;
    struct escalation *list; /* of args->items */
    struct json *results;
};

/* ---- the act as a whole ---- */

static const char *item_at(struct arena *arena, size_t i)
{
    return arena_fmt(arena, "/items/%zu/escalation_id", i);
}

static struct err items_differ(struct call *c, const struct resolve_escalations *args, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(args->items[k].escalation_id, args->items[i].escalation_id) == 0)
            return err_at(ERR_INPUT, item_at(c->arena, i), "is in this list already");
    }
    return OK;
}

static struct err item_load(struct call *c, struct tx *tx, const struct scope *scope,
                            const struct bulk *b, size_t i)
{
    struct escalation *e = &b->list[i];
    struct json *bound;
    TRY(items_differ(c, b->args, i));
    struct err err = escalation_load(tx, c->arena, b->args->items[i].escalation_id, e);
    if (err.kind != ERR_NONE)
        return err.kind == ERR_MISSING
                   ? err_at(ERR_MISSING, item_at(c->arena, i), "there is no such escalation")
                   : err;
    if (scope->all)
        return OK;
    TRY(bound_read(c->arena, e, &bound));
    return scope_has_escalation(scope, e, bound)
               ? OK
               : err_at(ERR_MISSING, item_at(c->arena, i), "there is no such escalation");
}

static struct err items_load(struct call *c, struct tx *tx, struct bulk *b)
{
    struct scope scope;
    b->list = ARENA_ARRAY(c->arena, b->args->items_n, struct escalation);
    ENSURE(b->list != NULL, ERR_LIMIT, "out of memory");
    TRY(scope_load(c, tx, &scope));
    for (size_t i = 0; i < b->args->items_n; i++)
        TRY(item_load(c, tx, &scope, b, i));
    return OK;
}

/* One sentence stopped both. */
static bool same_clause(const struct escalation *a, const struct escalation *b)
{
    return text_eq(a->reason, b->reason) && text_eq(a->pointer, b->pointer) &&
           text_eq(a->clause, b->clause);
}

/* The day by whose rate it was judged: the latest bank leg's, else when it was asked. */
static struct err value_day(struct call *c, const struct escalation *e, struct date *on)
{
    struct json *bound;
    struct date day, bank = {.days = INT32_MIN};
    int64_t made;
    TRY(instant_parse(e->created_at, &made));
    *on = instant_date_utc(made);
    TRY(bound_read(c->arena, e, &bound));
    const struct json *legs = json_get(json_get(bound, "facts"), "legs");
    for (size_t i = 0; json_is(legs, JSON_TYPE_ARRAY) && i < legs->count; i++) {
        const char *text = json_get_text(legs->items[i], "date");
        bool is_bank = text_eq(json_get_text(legs->items[i], "side"), "bank");
        if (is_bank && text != NULL && date_parse(text, &day).kind == ERR_NONE &&
            day.days > bank.days)
            bank = day;
    }
    if (bank.days != INT32_MIN)
        *on = bank;
    return OK;
}

/* What they are worth together, in the currency of the policy's bound. */
static struct err sum_fact(struct call *c, const struct bulk *b)
{
    const char *cur = c->policy->bulk.max_amount.cur;
    struct ask_cumulative *sum = &c->ask.bulk_sum;
    *sum = (struct ask_cumulative){.sum = decimal_of_int(0), .known = true};
    for (size_t i = 0; i < b->args->items_n && sum->known; i++) {
        const struct escalation *e = &b->list[i];
        struct date on = {.days = 0};
        if (!e->has_amount)
            continue;
        if (strcmp(e->amount.cur, cur) != 0)
            TRY(value_day(c, e, &on));
        struct ask_value v = fx_value(c->policy, e->amount, cur, on);
        struct err added = decimal_add(sum->sum, v.value, &sum->sum);
        sum->known = v.status == FX_KNOWN && added.kind == ERR_NONE;
    }
    return OK;
}

/* The tier of what would be done, whatever carries it there. A tool that is not known any more is
 * nothing we would do. */
static enum tier tier_of(const struct call *c, const struct escalation *e)
{
    const struct tool *tool = tool_find(e->tool);
    if (tool == NULL)
        return TIER_T3;
    bool done = c->ask.decision == DECISION_CONFIRM;
    enum tier tier = tool_tier(tool, c->policy, c->prod);
    return tier == TIER_T3 || (done && tier > TIER_T1) ? tier : TIER_T1;
}

/* Where: every entity there is among them; one that names none concerns the whole book. */
static struct err entities_fact(struct call *c, const struct bulk *b)
{
    const char **entities = ARENA_ARRAY(c->arena, b->args->items_n, const char *);
    size_t n = 0;
    ENSURE(entities != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < b->args->items_n; i++) {
        const char *entity = b->list[i].entity_id;
        bool known = false;
        if (entity == NULL)
            return OK;
        for (size_t k = 0; k < n; k++)
            known |= strcmp(entities[k], entity) == 0;
        if (!known)
            entities[n++] = entity;
    }
    c->ask.entities = entities;
    c->ask.entities_n = n;
    c->entity_id = n == 1 ? entities[0] : NULL;
    return OK;
}

static struct err facts(struct call *c, const struct bulk *b)
{
    const struct escalation *first = &b->list[0];
    c->ask.bulk_n = (int64_t)b->args->items_n;
    c->ask.bulk_one_clause = true;
    c->ask.tier = TIER_T1;
    for (size_t i = 0; i < b->args->items_n; i++) {
        enum tier tier = tier_of(c, &b->list[i]);
        c->ask.bulk_one_clause &= same_clause(first, &b->list[i]);
        c->ask.tier = tier > c->ask.tier ? tier : c->ask.tier;
    }
    c->ask.bulk_reason = c->ask.bulk_one_clause ? first->reason : NULL;
    TRY(entities_fact(c, b));
    return sum_fact(c, b);
}

static const struct json *detail_of(struct call *c, const struct bulk *b)
{
    struct json *o = json_object_new(c->arena), *ids = json_array_new(c->arena);
    for (size_t i = 0; i < b->args->items_n; i++)
        json_push(c->arena, ids, json_text_new(c->arena, b->list[i].escalation_id));
    json_put(c->arena, o, "escalations", ids);
    json_put_text(c->arena, o, "decision", decisions[b->args->decision]);
    return o;
}

static struct err plan(struct call *c, struct tx *tx)
{
    struct bulk *b = ARENA_NEW(c->arena, struct bulk);
    ENSURE(b != NULL, ERR_LIMIT, "out of memory");
    b->args = c->args;
    c->ask.decision = b->args->decision == 1 ? DECISION_CONFIRM : DECISION_REJECT;
    c->ask.state_valid = true; /* each is asked about its own */
    c->object_type = c->ask.object_type = "escalations";
    TRY(items_load(c, tx, b));
    TRY(facts(c, b));
    c->detail = detail_of(c, b);
    c->planned = b;
    return arena_check(c->arena);
}

/* ---- each by itself ---- */

/* What was opened before this one was there is told of the others. */
static struct json *review_of(struct arena *arena, const struct review *r,
                              const struct escalation *e)
{
    struct json *o = json_object_new(arena), *ids = json_array_new(arena);
    int64_t opened, made;
    bool after = r->opened_at == NULL || instant_parse(r->opened_at, &opened).kind != ERR_NONE ||
                 instant_parse(e->created_at, &made).kind != ERR_NONE || opened >= made;
    if (after && r->opened_at != NULL)
        json_put_text(arena, o, "opened_at", r->opened_at);
    for (size_t i = 0; i < r->evidence_opened_n; i++)
        json_push(arena, ids, json_text_new(arena, r->evidence_opened[i]));
    if (r->evidence_opened_n > 0)
        json_put(arena, o, "evidence_opened", ids);
    return o;
}

static struct err part_bind(const struct call *c, const struct bulk *b, size_t i, struct call *part)
{
    const struct tool *tool = part->tool;
    struct json *args = json_object_new(part->arena);
    struct str text;
    char hex[SHA256_HEX_SIZE];
    json_put_text(part->arena, args, "escalation_id", b->list[i].escalation_id);
    json_put_text(part->arena, args, "decision", decisions[b->args->decision]);
    json_put_text(part->arena, args, "digest", b->args->items[i].digest);
    if (c->rationale != NULL)
        json_put_text(part->arena, args, "rationale", c->rationale);
    if (b->args->review != NULL)
        json_put(part->arena, args, "review", review_of(part->arena, b->args->review, &b->list[i]));
    part->args_tree = args;
    part->args = arena_alloc(part->arena, tool->args_size);
    TRY(hash_tree(part->arena, args, &text, hex));
    part->args_sha256 = arena_strdup(part->arena, hex);
    TRY(arena_check(part->arena));
    return json_bind(part->arena, tool->fields, tool->fields_n, args, part->args);
}

static struct call *part_make(struct call *c, size_t i)
{
    struct call *part = child_of(c, &tool_resolve_escalation);
    if (part == NULL)
        return NULL;
    part->actor.jti = NULL; /* one assertion, spent by the act as a whole */
    part->rationale = c->rationale;
    part->rationale_author = c->rationale_author;
    part->caused_by = c->seq;
    struct err e = part_bind(c, c->planned, i, part);
    if (e.kind == ERR_NONE)
        return part;
    child_free(part);
    return NULL;
}

static const char *status_of(const struct call *part)
{
    if (part == NULL || part->outcome == CALL_FAILED || part->outcome == CALL_NONE)
        return "failed";
    if (part->outcome == CALL_PENDING)
        return "pending_approval";
    if (part->outcome == CALL_DENIED)
        return "denied";
    if (part->seq == 0)
        return "settled"; /* before: nothing was asked any more */
    return text_eq(json_get_text(part->result, "status"), "stale") ? "stale" : "ok";
}

/* What it became, or what stopped it. */
static void texts_take(struct call *c, const struct call *part, const char *status, struct json *o)
{
    static const char *const names[] = {"match_id", "state", "decided_by", "next"};
    static const char *const of_rule[] = {"reason", "clause", "pointer"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_put_known(c->arena, o, names[i], json_get_text(part->result, names[i]));
    bool stopped = part->outcome == CALL_DENIED || part->outcome == CALL_PENDING;
    for (size_t i = 0; stopped && i < sizeof of_rule / sizeof of_rule[0]; i++)
        json_put_known(c->arena, o, of_rule[i], json_get_text(part->result, of_rule[i]));
    if (strcmp(status, "settled") == 0)
        json_put_text(c->arena, o, "outcome", json_get_text(part->result, "status"));
}

static void difference_take(struct call *c, const struct call *part, struct json *o)
{
    const struct json *difference = json_get(part->result, "difference");
    struct json *copy;
    struct str text;
    if (difference == NULL || jcs_text(part->arena, difference, &text).kind != ERR_NONE)
        return;
    if (json_read(c->arena, text, NULL, &copy).kind == ERR_NONE)
        json_put(c->arena, o, "difference", copy);
}

/* Its answer into ours; all text is copied, since the part's memory goes. */
static void part_take(struct call *c, size_t i, struct call *part)
{
    struct bulk *b = c->planned;
    struct json *o = json_object_new(c->arena);
    const char *status = status_of(part);
    json_put_text(c->arena, o, "escalation_id", b->list[i].escalation_id);
    json_put_text(c->arena, o, "status", status);
    if (part == NULL) {
        json_put_text(c->arena, o, "error", "limit");
        json_put_text(c->arena, o, "message", "out of memory; nothing was done");
    } else if (part->outcome == CALL_FAILED) {
        json_put_text(c->arena, o, "error", err_kind_name(part->err.kind));
        json_put_text(c->arena, o, "message", part->err.msg);
    } else {
        texts_take(c, part, status, o);
        difference_take(c, part, o);
        if (part->seq != 0)
            json_put_int(c->arena, o, "seq", part->seq);
    }
    json_push(c->arena, b->results, o);
    child_free(part);
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct bulk *b = c->planned;
    (void)tx;
    b->results = json_array_new(c->arena);
    const struct bulk_result r = {.results = b->results};
    c->batch_id = tx_new_id(tx, "bat");
    c->parts_n = b->args->items_n;
    c->part_make = part_make;
    c->part_take = part_take;
    return json_unbind(c->arena, JSON_FIELDS(result), &r, &c->result);
}

const struct tool tool_resolve_escalations = {
    .name = "resolve_escalations",
    .title = "Answer several escalations",
    .summary =
        "Confirms or rejects several escalations that one clause stopped, as one act of a person "
        "within the policy's bulk limits. Refused as a whole before anything happens when it is "
        "not; then each item is judged, done and recorded by itself.",
    .tier = TIER_T1,
    .action = ACTION_RESOLVE,
    .run = TOOL_CHANGE,
    .offer = OFFER_WORKSPACE,
    .destructive = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct resolve_escalations),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
