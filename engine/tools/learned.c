/* Learned rules: read out, and put in force or out of it. */
#include "engine/tools/learned.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/money.h"

/* ---- for the matcher ---- */

struct err learned_of(struct arena *arena, const struct matching_rule *rules, size_t n,
                      struct recon_learned **learned)
{
    static const enum recon_learned_fee fees[] = {
        [RULE_FEE_NONE] = RECON_LEARNED_NO_FEE,
        [RULE_FEE_FIXED] = RECON_LEARNED_FIXED,
        [RULE_FEE_PERCENTAGE] = RECON_LEARNED_PERCENTAGE,
    };
    *learned = ARENA_ARRAY(arena, n, struct recon_learned);
    ENSURE(*learned != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++)
        (*learned)[i] = (struct recon_learned){.id = rules[i].rule_id,
                                               .bank_name = rules[i].bank_name,
                                               .book_name = rules[i].book_name,
                                               .lag_days = (int32_t)rules[i].lag_days,
                                               .fee = fees[rules[i].fee],
                                               .fee_minor = rules[i].fee_minor,
                                               .fee_ppm = rules[i].fee_ppm};
    return OK;
}

/* ---- for people ---- */

/* 29000 millionths are "2.9". */
static const char *percent_text(struct arena *arena, int64_t ppm)
{
    int64_t size = ppm < 0 ? -ppm : ppm, rest = size % 10000;
    int digits = 4;
    if (rest == 0)
        return arena_fmt(arena, "%" PRId64, size / 10000);
    for (; rest % 10 == 0; rest /= 10)
        digits--;
    return arena_fmt(arena, "%" PRId64 ".%0*" PRId64, size / 10000, digits, rest);
}

static const char *lag_text(struct arena *arena, int64_t days)
{
    if (days == 0)
        return "on the same day";
    return arena_fmt(arena, "%" PRId64 " business day%s %s", days < 0 ? -days : days,
                     days == 1 || days == -1 ? "" : "s", days < 0 ? "earlier" : "later");
}

static const char *fixed_text(struct arena *arena, const struct matching_rule *r)
{
    struct money fee;
    char text[MONEY_TEXT_MAX];
    if (money_make(r->fee_minor, r->currency, &fee).kind != ERR_NONE)
        return "";
    money_print(fee, text);
    return arena_fmt(arena, " The bank shows %s more than the ledger, a fee for account %s.", text,
                     r->difference_account);
}

static const char *fee_text(struct arena *arena, const struct matching_rule *r)
{
    switch (r->fee) {
    case RULE_FEE_NONE:
        return " The amounts are the same.";
    case RULE_FEE_FIXED:
        return fixed_text(arena, r);
    case RULE_FEE_PERCENTAGE:
        return arena_fmt(arena, " The bank shows %s %% %s than the ledger, a fee for account %s.",
                         percent_text(arena, r->fee_ppm), r->fee_ppm < 0 ? "more" : "less",
                         r->difference_account);
    }
    return "";
}

const char *rule_says(struct arena *arena, const struct matching_rule *r)
{
    return arena_fmt(arena,
                     "In account %s of %s, bank lines in %s that name \"%s\" belong to ledger"
                     " entries that name \"%s\", usually %s.%s",
                     r->account_id, r->entity_id, r->currency, r->bank_name, r->book_name,
                     lag_text(arena, r->lag_days), fee_text(arena, r));
}

struct json *rule_evidence(struct arena *arena, const struct matching_rule *r)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "rule_id", r->rule_id);
    json_put_int(arena, o, "version", r->version);
    json_put_text(arena, o, "says", rule_says(arena, r));
    return o;
}

static void fee_put(struct arena *arena, struct json *o, const struct matching_rule *r)
{
    struct money fee;
    char text[MONEY_TEXT_MAX];
    json_put_text(arena, o, "fee", rule_fee_name(r->fee));
    if (r->fee == RULE_FEE_FIXED && money_make(r->fee_minor, r->currency, &fee).kind == ERR_NONE) {
        money_print(fee, text);
        json_put_text(arena, o, "fee_amount", text);
    }
    if (r->fee == RULE_FEE_PERCENTAGE)
        json_put_text(
            arena, o, "fee_percent",
            arena_fmt(arena, "%s%s", r->fee_ppm < 0 ? "-" : "", percent_text(arena, r->fee_ppm)));
    json_put_text(arena, o, "difference_account", r->difference_account);
}

struct json *rule_print(struct arena *arena, const struct matching_rule *r)
{
    struct json *o = rule_evidence(arena, r);
    json_put_text(arena, o, "state", rule_state_name(r->state));
    json_put_text(arena, o, "entity_id", r->entity_id);
    json_put_text(arena, o, "account_id", r->account_id);
    json_put_text(arena, o, "currency", r->currency);
    json_put_text(arena, o, "bank_name", r->bank_name);
    json_put_text(arena, o, "book_name", r->book_name);
    json_put_int(arena, o, "lag_days", r->lag_days);
    fee_put(arena, o, r);
    json_put_text(arena, o, "source_match", r->source_match);
    if (r->author != NULL) {
        json_put_text(arena, o, "author", r->author);
        json_put_text(arena, o, "approver", r->approver);
        json_put_text(arena, o, "rationale", r->rationale);
    }
    return o;
}

/* ---- moving ---- */

const struct json_field rule_moved_fields[RULE_MOVED_FIELDS] = {
    JSON_TEXT(struct rule_moved, rule_id, .help = "the rule"),
    JSON_TEXT(struct rule_moved, state, .help = "ACTIVE or RETIRED"),
    JSON_TEXT(struct rule_moved, says, .help = "the rule as a sentence"),
    JSON_INT(struct rule_moved, version, .help = "of the rule, after this"),
};

struct err rule_facts(struct call *c, const struct matching_rule *rule, int64_t version)
{
    const char **entity = ARENA_ARRAY(c->arena, 1, const char *);
    ENSURE(entity != NULL, ERR_LIMIT, "out of memory");
    entity[0] = rule->entity_id;
    c->ask.entities = entity;
    c->ask.entities_n = 1;
    c->entity_id = rule->entity_id;
    c->match_id = rule->source_match;
    c->object_type = c->ask.object_type = "matching_rule";
    c->object_id = c->ask.object_id = rule->rule_id;
    c->ask.object_version = version;
    c->bound = rule_print(c->arena, rule);
    c->event_type = "MASTER_DATA_CHANGED";
    return arena_check(c->arena);
}

struct err rule_step(struct call *c, struct matching_rule *rule, enum matching_rule_event event)
{
    int from, next;
    TRY(fsm_state_parse(&fsm_matching_rule, rule_state_name(rule->state), c->arena, &from));
    TRY(fsm_step(&fsm_matching_rule, from, (int)event, c->arena, &next));
    rule->state = text_eq(fsm_state_name(&fsm_matching_rule, next), rule_state_name(RULE_ACTIVE))
                      ? RULE_ACTIVE
                      : RULE_RETIRED;
    return OK;
}

struct err rule_move(struct call *c, struct tx *tx, struct matching_rule *rule)
{
    TRY(matching_rule_put(tx, rule));
    c->state_to = rule_state_name(rule->state);
    c->detail = rule_print(c->arena, rule);
    const struct rule_moved done = {.rule_id = rule->rule_id,
                                    .state = c->state_to,
                                    .says = rule_says(c->arena, rule),
                                    .version = rule->version};
    TRY(arena_check(c->arena));
    return json_unbind(c->arena, JSON_FIELDS(rule_moved_fields), &done, &c->result);
}
