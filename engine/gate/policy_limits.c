/* The policy's amounts: how one is written, which currencies occur, and the limits that stand
 * alone: materiality and its overrides, the auto-confirm cap, the cumulative windows. */
#include <string.h>

#include "common/base/str.h"
#include "engine/gate/policy_internal.h"

/* More than there are active currencies, so that the list of those that occur never fills. */
enum { CURRENCIES_MAX = 256, AMOUNT_DIGITS_MAX = 14 };

/* Where `cur` stands in the list; it joins at the end when it is new. */
static size_t currency_index(char (*list)[4], size_t *n, const char *cur)
{
    size_t i = 0;
    while (i < *n && strcmp(list[i], cur) != 0)
        i++;
    if (i == *n && *n < CURRENCIES_MAX)
        memcpy(list[(*n)++], cur, sizeof list[0]);
    return i;
}

/* ---- one amount ---- */

/* Plain digits with at most the currency's own after the point, no zero in front, a sane size. */
static const char *amount_complaint(const char *number, const char *cur, struct decimal *d)
{
    size_t whole = strspn(number, "0123456789");
    struct money m;
    int units;
    struct err e = currency_minor_units(cur, &units);
    if (number[0] == '-')
        return "a limit must not be negative";
    if (e.kind != ERR_NONE)
        return "this is not a currency amounts can be in (ISO 4217, upper case)";
    if (whole == 0 || (whole > 1 && number[0] == '0') || whole > AMOUNT_DIGITS_MAX)
        return "expected a plain amount of at most 14 digits before the point, without separators";
    e = money_parse(number, cur, &m);
    if (e.kind != ERR_NONE)
        return "expected a plain amount with no more digits after the point than its currency has";
    *d = decimal_of_money(m);
    return NULL;
}

static struct err limit_set(struct policy_build *b, const char *number, const char *cur,
                            const char *pointer, struct policy_limit *limit)
{
    const char *complaint = amount_complaint(number, cur, &limit->max);
    if (complaint != NULL)
        return policy_refuse(b, pointer, "\"%s %s\": %s", number, cur, complaint);
    memcpy(limit->cur, cur, sizeof limit->cur);
    limit->cur_index = currency_index(b->currencies, &b->policy->currencies_n, cur);
    return OK;
}

struct err policy_limit_parse(struct policy_build *b, const char *text, const char *pointer,
                              enum policy_zero zero, struct policy_limit *limit)
{
    struct str number, cur;
    if (!str_cut(str_of(text), ' ', &number, &cur) || cur.len != sizeof limit->cur - 1)
        return policy_refuse(b, pointer,
                             "expected an amount and its currency, such as \"10000 USD\"");
    const char *n = str_dup(b->arena, number), *c = str_dup(b->arena, cur);
    TRY(arena_check(b->arena));
    TRY(limit_set(b, n, c, pointer, limit));
    if (zero == POLICY_ZERO_REFUSED && decimal_is_zero(limit->max))
        return policy_refuse(b, pointer, "must be more than zero");
    return OK;
}

/* ---- materiality ---- */

static struct err load_override(struct policy_build *b, const struct doc_override *doc,
                                struct policy_override *o)
{
    const char *pointer = policy_at(b, "/entity_materiality_overrides", doc->entity);
    o->entity = doc->entity;
    TRY(policy_clause_of(b, NULL, REASON_MATERIALITY_OVER_THRESHOLD, pointer, &o->clause));
    if (strchr(doc->limit, ' ') != NULL)
        return policy_limit_parse(b, doc->limit, pointer, POLICY_ZERO_ALLOWED, &o->limit);
    /* The currency is the entity's own, which policy_bind_entities knows; until then no index is
     * right, so that a gate asked too early cannot compare it. UYW has the most digits there are.
     */
    const char *complaint = amount_complaint(doc->limit, "UYW", &o->limit.max);
    if (complaint != NULL)
        return policy_refuse(b, pointer, "\"%s\": %s", doc->limit, complaint);
    o->limit.cur_index = SIZE_MAX;
    return OK;
}

struct err policy_load_materiality(struct policy_build *b)
{
    static const char pointer[] = "/materiality_threshold_usd";
    struct policy *p = b->policy;
    size_t n = b->doc.overrides_n;
    b->currencies = (char(*)[4])arena_array(b->arena, CURRENCIES_MAX, 4);
    struct policy_override *overrides = ARENA_ARRAY(b->arena, n, struct policy_override);
    TRY(arena_check(b->arena));
    p->currencies = (const char(*)[4])b->currencies;
    TRY(limit_set(b, b->doc.materiality, "USD", pointer, &p->materiality));
    TRY(policy_clause_of(b, NULL, REASON_MATERIALITY_OVER_THRESHOLD, pointer,
                         &p->materiality_clause));
    for (size_t i = 0; i < n; i++)
        TRY(load_override(b, &b->doc.overrides[i], &overrides[i]));
    p->overrides = overrides;
    p->overrides_n = n;
    return OK;
}

/* ---- what may be confirmed without a human ---- */

struct err policy_load_auto_confirm(struct policy_build *b)
{
    static const char pointer[] = "/auto_confirm/cap";
    const struct doc_cap *cap = b->doc.auto_confirm.cap;
    struct policy_auto_confirm *to = &b->policy->auto_confirm;
    to->enabled = b->doc.auto_confirm.enabled;
    if (cap == NULL)
        return OK;
    if (cap->amount == NULL && !cap->has_count)
        return policy_refuse(b, pointer, "a cap needs an amount, a count or both");
    to->has_cap_count = cap->has_count;
    to->cap_count = cap->count;
    to->period = (enum policy_period)cap->period;
    to->has_cap_amount = cap->amount != NULL;
    if (cap->amount == NULL)
        return OK;
    return policy_limit_parse(b, cap->amount, policy_at(b, pointer, "amount"), POLICY_ZERO_REFUSED,
                              &to->cap_amount);
}

static struct err load_cumulative(struct policy_build *b, size_t i, struct policy_cumulative *to)
{
    const struct doc_cumulative *doc = &b->doc.cumulative[i];
    const char *pointer = policy_at_index(b, "/cumulative_limits", i);
    for (size_t j = 0; j < i; j++) {
        if (text_eq(b->doc.cumulative[j].id, doc->id))
            return policy_refuse(b, policy_at(b, pointer, "id"),
                                 "another limit is called \"%s\" already", doc->id);
    }
    to->id = doc->id;
    to->per = (enum policy_per)doc->per;
    to->window_days = doc->window_days;
    TRY(policy_limit_parse(b, doc->max, policy_at(b, pointer, "max"), POLICY_ZERO_REFUSED,
                           &to->limit));
    return policy_clause_of(b, doc->clause, REASON_CUMULATIVE_OVER_THRESHOLD, pointer, &to->clause);
}

struct err policy_load_cumulative(struct policy_build *b)
{
    size_t n = b->doc.cumulative_n;
    struct policy_cumulative *limits = ARENA_ARRAY(b->arena, n, struct policy_cumulative);
    TRY(arena_check(b->arena));
    for (size_t i = 0; i < n; i++)
        TRY(load_cumulative(b, i, &limits[i]));
    b->policy->cumulative = limits;
    b->policy->cumulative_n = n;
    return OK;
}

struct err policy_load_write_off(struct policy_build *b)
{
    const char *limit = b->doc.write_off_limit;
    if (limit == NULL)
        return OK;
    b->policy->has_write_off_limit = true;
    return policy_limit_parse(b, limit, "/write_off_limit", POLICY_ZERO_ALLOWED,
                              &b->policy->write_off_limit);
}

/* ---- functional currencies ---- */

static const struct policy_entity *entity_find(const struct policy_entity *entities, size_t n,
                                               const char *id)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(entities[i].id, id))
            return &entities[i];
    }
    return NULL;
}

static struct err entity_missing(struct arena *arena, const char *pointer, const char *id)
{
    return err_fmt(arena, ERR_INPUT, pointer, "\"%s\" is not an entity of the master data", id);
}

static struct err bind_override(struct arena *arena, char (*currencies)[4], size_t *currencies_n,
                                const struct policy_entity *entity, struct policy_override *o)
{
    const char *cur = entity->functional_cur;
    struct decimal kept;
    int units;
    if (o->limit.cur[0] != '\0')
        return OK;
    TRY(err_in(currency_minor_units(cur, &units), o->clause.pointer));
    TRY(decimal_round(o->limit.max, units, ROUND_DOWN, &kept));
    if (decimal_cmp(kept, o->limit.max) != 0)
        return err_fmt(arena, ERR_INPUT, o->clause.pointer,
                       "the limit has more digits after the point than %s, the currency of \"%s\"",
                       cur, o->entity);
    memcpy(o->limit.cur, cur, sizeof o->limit.cur);
    o->limit.cur_index = currency_index(currencies, currencies_n, cur);
    return OK;
}

static struct err bind_overrides(struct arena *arena, struct policy *policy,
                                 const struct policy_entity *entities, size_t n)
{
    struct policy_override *bound = ARENA_ARRAY(arena, policy->overrides_n, struct policy_override);
    char(*currencies)[4] = (char(*)[4])arena_array(arena, CURRENCIES_MAX, 4);
    size_t currencies_n = policy->currencies_n;
    TRY(arena_check(arena));
    memcpy(currencies, policy->currencies, currencies_n * sizeof currencies[0]);
    for (size_t i = 0; i < policy->overrides_n; i++) {
        const char *id = policy->overrides[i].entity;
        const struct policy_entity *entity = entity_find(entities, n, id);
        bound[i] = policy->overrides[i];
        if (entity == NULL)
            return entity_missing(arena, bound[i].clause.pointer, id);
        TRY(bind_override(arena, currencies, &currencies_n, entity, &bound[i]));
    }
    policy->overrides = bound;
    policy->currencies = (const char(*)[4])currencies;
    policy->currencies_n = currencies_n;
    return OK;
}

/* A misspelt entity in a blocked rule would let through what it was written to stop. */
static struct err check_rules(struct arena *arena, const struct policy *policy,
                              const struct policy_entity *entities, size_t n)
{
    for (size_t i = 0; i < policy->blocked_n; i++) {
        const struct policy_block *b = &policy->blocked[i];
        if (b->entity != NULL && entity_find(entities, n, b->entity) == NULL)
            return entity_missing(arena, b->clause.pointer, b->entity);
    }
    for (size_t i = 0; i < policy->authority_n; i++) {
        const struct policy_authority *a = &policy->authority[i];
        for (size_t j = 0; j < a->entities_n; j++) {
            if (entity_find(entities, n, a->entities[j]) == NULL)
                return entity_missing(arena, a->clause.pointer, a->entities[j]);
        }
    }
    return OK;
}

struct err policy_bind_entities(struct arena *arena, struct policy *policy,
                                const struct policy_entity *entities, size_t n)
{
    TRY(check_rules(arena, policy, entities, n));
    return bind_overrides(arena, policy, entities, n);
}
