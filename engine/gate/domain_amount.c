/* The dimensions of money: amounts around every limit of the policy, in every currency it is
 * written in, and what windows, the cap and acts on several hold. No rate is assumed: what an
 * amount is worth elsewhere is next to nothing or more than every limit, and for two limits in two
 * currencies every pair of "just above" is there, so that no order between currencies is missed. */
#include <string.h>

#include "engine/gate/domain_own.h"

enum {
    LIMITS_MAX = 200,     /* distinct limits that get amounts around them */
    PAIRS_MAX = 256,      /* of limits in two currencies */
    VALUES_MAX = 1 << 16, /* values laid out in all */
    FINE_DIGITS = 6,      /* a hair: less than any currency's minor unit */
};

/* The distinct limits, the telling ones first. */
struct limits {
    struct policy_limit at[LIMITS_MAX];
    size_t n, core;
    bool all;
};

/* What an amount is worth in each currency, before it is laid out. */
struct worth {
    const struct policy *policy;
    const struct limits *limits;
    struct ask_value *values;
    struct decimal *least, *most; /* in each currency */
};

static void limit_add(struct limits *l, const struct policy_limit *limit)
{
    if (limit->cur[0] == '\0')
        return;
    for (size_t i = 0; i < l->n; i++) {
        if (l->at[i].cur_index == limit->cur_index && decimal_cmp(l->at[i].max, limit->max) == 0)
            return;
    }
    l->all = l->all && l->n < LIMITS_MAX;
    if (l->n < LIMITS_MAX)
        l->at[l->n++] = *limit;
}

static void grant_add(struct limits *l, const struct policy_authority *g)
{
    if (g->has_max)
        limit_add(l, &g->max);
    if (g->has_single_max)
        limit_add(l, &g->single_max);
}

static void block_add(struct limits *l, const struct policy_block *block)
{
    if (block->has_over)
        limit_add(l, &block->over);
}

/* The items of a list from `from` on and before `to`: the first of each list stand for the rest. */
static void lists_add(struct limits *l, const struct policy *p, size_t from, size_t to)
{
    for (size_t i = from; i < p->overrides_n && i < to; i++)
        limit_add(l, &p->overrides[i].limit);
    for (size_t i = from; i < p->cumulative_n && i < to; i++)
        limit_add(l, &p->cumulative[i].limit);
    for (size_t i = from; i < p->authority_n && i < to; i++)
        grant_add(l, &p->authority[i]);
    for (size_t i = from; i < p->blocked_n && i < to; i++)
        block_add(l, &p->blocked[i]);
}

static void limits_find(struct limits *l, const struct policy *p)
{
    enum { FIRST = 4 };
    *l = (struct limits){.all = true};
    limit_add(l, &p->materiality);
    if (p->has_write_off_limit)
        limit_add(l, &p->write_off_limit);
    if (p->auto_confirm.has_cap_amount)
        limit_add(l, &p->auto_confirm.cap_amount);
    lists_add(l, p, 0, FIRST);
    l->core = l->n;
    lists_add(l, p, FIRST, SIZE_MAX);
    limit_add(l, &p->bulk.max_amount);
}

/* ---- one amount ---- */

static struct decimal plus(struct decimal a, struct decimal b)
{
    struct decimal sum;
    return decimal_add(a, b, &sum).kind == ERR_NONE ? sum : a;
}

static struct decimal less(struct decimal a, struct decimal b)
{
    struct decimal rest;
    bool fits = decimal_sub(a, b, &rest).kind == ERR_NONE;
    return fits && decimal_sign(rest) > 0 ? rest : decimal_of_int(0);
}

static struct decimal unit_of(const char *cur)
{
    int units = 0;
    struct err e = currency_minor_units(cur, &units);
    return (struct decimal){.coef = 1, .scale = (unsigned char)(e.kind == ERR_NONE ? units : 0)};
}

static struct decimal hair(void)
{
    return (struct decimal){.coef = 1, .scale = FINE_DIGITS};
}

/* A hundredth of the smallest limit that is more than nothing: below every one of them. */
static struct decimal least_in(const struct limits *l, size_t cur)
{
    struct decimal least = decimal_of_int(100);
    bool any = false;
    for (size_t i = 0; i < l->n; i++) {
        bool counts = l->at[i].cur_index == cur && !decimal_is_zero(l->at[i].max);
        if (counts && (!any || decimal_cmp(l->at[i].max, least) < 0))
            least = l->at[i].max;
        any = any || counts;
    }
    struct decimal hundredth = {.coef = 1, .scale = 2}, small;
    return decimal_mul(least, hundredth, &small).kind == ERR_NONE ? small : least;
}

/* More than every limit, however many are added up. */
static struct decimal most_in(const struct limits *l, size_t cur)
{
    struct decimal most = decimal_of_int(1), all;
    for (size_t i = 0; i < l->n; i++) {
        if (l->at[i].cur_index == cur)
            most = plus(most, l->at[i].max);
    }
    return decimal_mul(most, decimal_of_int(10), &all).kind == ERR_NONE ? all : most;
}

enum elsewhere { LEAST, MOST };

/* Known in every currency, next to nothing or more than every limit. */
static void worth_all(struct worth *w, enum elsewhere how)
{
    for (size_t c = 0; c < w->policy->currencies_n; c++) {
        struct ask_value *v = &w->values[c];
        *v = (struct ask_value){.status = FX_KNOWN, .rate = decimal_of_int(1)};
        memcpy(v->cur, w->policy->currencies[c], sizeof v->cur);
        v->value = how == LEAST ? w->least[c] : w->most[c];
    }
}

/* `c`: the currency the amount itself is in. */
static struct amount_choice *amount_put(struct domain_build *b, const struct worth *w, size_t c,
                                        const char *name)
{
    size_t n = b->policy->currencies_n;
    struct amount_choice *to = DOMAIN_ADD(b, DOMAIN_AMOUNT, struct amount_choice, name);
    struct ask_value *values = ARENA_ARRAY(b->arena, n, struct ask_value);
    struct money m = {.minor = INT64_MAX};
    if (to == NULL || values == NULL)
        return NULL;
    memcpy(values, w->values, n * sizeof values[0]);
    const char *cur = b->policy->currencies[c];
    memcpy(m.cur, cur, sizeof m.cur);
    if (decimal_round_to_money(w->values[c].value, cur, ROUND_AWAY, &m).kind != ERR_NONE)
        m.minor = INT64_MAX;
    *to = (struct amount_choice){.amount = m, .has_amount = true, .values = values, .values_n = n};
    return to;
}

static const char *amount_name(struct domain_build *b, const struct worth *w, size_t c,
                               const char *more)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_print(w->values[c].value, text);
    return arena_fmt(b->arena, "%s %s%s", text, w->values[c].cur, more);
}

/* ---- around a limit ---- */

static void level_put(struct domain_build *b, struct worth *w, const struct policy_limit *l,
                      struct decimal value)
{
    static const char *const elsewhere[] = {", next to nothing elsewhere",
                                            ", more than any limit elsewhere"};
    size_t ways = b->policy->currencies_n > 1 ? 2 : 1;
    for (size_t i = 0; i < ways; i++) {
        worth_all(w, i == 0 ? LEAST : MOST);
        w->values[l->cur_index].value = value;
        (void)amount_put(b, w, l->cur_index,
                         amount_name(b, w, l->cur_index, ways == 1 ? "" : elsewhere[i]));
    }
}

static void around(struct domain_build *b, struct worth *w, const struct policy_limit *l)
{
    if (!decimal_is_zero(l->max))
        level_put(b, w, l, less(l->max, unit_of(l->cur)));
    level_put(b, w, l, l->max);
    level_put(b, w, l, plus(l->max, unit_of(l->cur)));
    level_put(b, w, l, plus(l->max, hair()));
}

static void pair_put(struct domain_build *b, struct worth *w, const struct policy_limit *one,
                     const struct policy_limit *two)
{
    worth_all(w, LEAST);
    w->values[one->cur_index].value = plus(one->max, hair());
    w->values[two->cur_index].value = plus(two->max, hair());
    const char *there = amount_name(b, w, two->cur_index, "");
    if (there != NULL)
        there = arena_fmt(b->arena, ", %s", there);
    (void)amount_put(b, w, one->cur_index,
                     amount_name(b, w, one->cur_index, there == NULL ? "" : there));
}

/* Just above a limit in one currency and just above one in another. */
static void pairs_put(struct domain_build *b, struct worth *w)
{
    const struct limits *l = w->limits;
    size_t pairs = 0;
    for (size_t i = 0; i < l->n; i++) {
        for (size_t j = 0; j < l->n && pairs < PAIRS_MAX; j++) {
            if (l->at[i].cur_index >= l->at[j].cur_index)
                continue;
            pair_put(b, w, &l->at[i], &l->at[j]);
            pairs++;
        }
    }
    b->domain->whole = b->domain->whole && pairs < PAIRS_MAX;
}

/* ---- rates ---- */

static void status_all(struct worth *w, enum fx_status status)
{
    for (size_t c = 0; c < w->policy->currencies_n; c++)
        w->values[c].status = status;
}

static void unknown_in(struct domain_build *b, struct worth *w, size_t c, enum fx_status status)
{
    for (int how = LEAST; how <= MOST; how++) {
        worth_all(w, (enum elsewhere)how);
        w->values[c].status = status;
        (void)amount_put(b, w, c == 0 ? 1 : 0,
                         arena_fmt(b->arena, "%s in %s, %s elsewhere", fx_status_name(status),
                                   w->values[c].cur,
                                   how == LEAST ? "next to nothing" : "more than any limit"));
    }
}

/* A currency that no limit is written in; the last one tried when all of them are. */
static const char *currency_other(const struct policy *p)
{
    static const char others[][4] = {"NZD", "SEK", "NOK", "DKK", "CZK", "PLN"};
    size_t i = 0;
    for (size_t c = 0; c < p->currencies_n && i + 1 < sizeof others / sizeof others[0]; c++) {
        if (memcmp(p->currencies[c], others[i], sizeof others[i]) == 0)
            i++, c = SIZE_MAX;
    }
    return others[i];
}

static void rates_put(struct domain_build *b, struct worth *w)
{
    struct amount_choice *none;
    worth_all(w, LEAST);
    status_all(w, FX_MISSING);
    (void)amount_put(b, w, 0, "no rate at all");
    worth_all(w, LEAST);
    status_all(w, FX_STALE);
    (void)amount_put(b, w, 0, "stale rates only");
    worth_all(w, LEAST);
    none = amount_put(b, w, 0, "valued in nothing");
    if (none != NULL)
        none->values_n = 0;
    none = amount_put(b, w, 0, "no amount");
    if (none != NULL)
        none->has_amount = false, none->values_n = 0, none->amount = (struct money){.minor = 0};
    /* Valued for another policy: what stands here is of another currency. */
    memcpy(w->values[0].cur, currency_other(b->policy), sizeof w->values[0].cur);
    (void)amount_put(b, w, 0, "valued in a currency no limit is in");
    for (size_t c = 0; b->policy->currencies_n > 1 && c < b->policy->currencies_n; c++) {
        unknown_in(b, w, c, FX_MISSING);
        unknown_in(b, w, c, FX_STALE);
    }
}

static void amounts_put(struct domain_build *b, struct worth *w)
{
    const struct limits *l = w->limits;
    worth_all(w, LEAST);
    (void)amount_put(b, w, 0, amount_name(b, w, 0, ""));
    for (size_t i = 0; i < l->core; i++)
        around(b, w, &l->at[i]);
    rates_put(b, w);
    worth_all(w, MOST);
    (void)amount_put(b, w, 0, amount_name(b, w, 0, ""));
    domain_core_here(b, DOMAIN_AMOUNT);
    size_t each = 8 * b->policy->currencies_n;
    for (size_t i = l->core; i < l->n; i++) {
        if ((i + 1) * each > VALUES_MAX) {
            b->domain->whole = false;
            return;
        }
        around(b, w, &l->at[i]);
    }
    pairs_put(b, w);
}

void domain_amounts(struct domain_build *b)
{
    size_t n = b->policy->currencies_n;
    struct limits *l = ARENA_NEW(b->arena, struct limits);
    struct worth w = {.policy = b->policy,
                      .limits = l,
                      .values = ARENA_ARRAY(b->arena, n, struct ask_value),
                      .least = ARENA_ARRAY(b->arena, n, struct decimal),
                      .most = ARENA_ARRAY(b->arena, n, struct decimal)};
    if (l == NULL || w.values == NULL || w.least == NULL || w.most == NULL)
        return;
    limits_find(l, b->policy);
    b->domain->whole = l->all;
    for (size_t c = 0; c < n; c++) {
        w.least[c] = least_in(l, c);
        w.most[c] = most_in(l, c);
    }
    amounts_put(b, &w);
}

/* ---- windows and the cap: what they hold before the act ---- */

/* With the plain amount on top: exactly the limit. */
static struct decimal room_for_plain(const struct domain_build *b, const struct policy_limit *l)
{
    const struct amount_choice *plain = b->domain->dims[DOMAIN_AMOUNT].at;
    if (plain == NULL || l->cur_index >= plain->values_n)
        return decimal_of_int(0);
    return less(l->max, plain->values[l->cur_index].value);
}

static void window_put(struct domain_build *b, size_t i, struct ask_cumulative holds,
                       const char *name)
{
    size_t n = b->policy->cumulative_n;
    struct windows_choice *to = DOMAIN_ADD(b, DOMAIN_WINDOWS, struct windows_choice, name);
    struct ask_cumulative *at = ARENA_ARRAY(b->arena, n, struct ask_cumulative);
    if (to == NULL || at == NULL)
        return;
    for (size_t j = 0; j < n; j++)
        at[j] = (struct ask_cumulative){.known = true};
    if (i < n)
        at[i] = holds;
    *to = (struct windows_choice){at, n};
}

static void windows_of(struct domain_build *b, size_t i)
{
    const struct policy_cumulative *c = &b->policy->cumulative[i];
    struct decimal room = room_for_plain(b, &c->limit);
    window_put(b, i, (struct ask_cumulative){room, true},
               arena_fmt(b->arena, "%s is full with the plain amount", c->id));
    window_put(b, i, (struct ask_cumulative){plus(room, hair()), true},
               arena_fmt(b->arena, "%s is a hair over with the plain amount", c->id));
    window_put(b, i, (struct ask_cumulative){c->limit.max, true},
               arena_fmt(b->arena, "%s is full", c->id));
    window_put(b, i, (struct ask_cumulative){.known = false},
               arena_fmt(b->arena, "what %s holds is not known", c->id));
}

void domain_windows(struct domain_build *b)
{
    enum { CORE = 3, ALL = 100 };
    size_t n = b->policy->cumulative_n;
    window_put(b, n, (struct ask_cumulative){.known = true}, "empty");
    for (size_t i = 0; i < n && i < ALL; i++) {
        windows_of(b, i);
        if (i + 1 == CORE)
            domain_core_here(b, DOMAIN_WINDOWS);
    }
    if (n == 0)
        return;
    struct windows_choice *brief =
        DOMAIN_ADD(b, DOMAIN_WINDOWS, struct windows_choice, "one was not looked at");
    const struct windows_choice *first = b->domain->dims[DOMAIN_WINDOWS].at;
    if (brief != NULL)
        *brief = (struct windows_choice){first->at, n - 1};
}

static void cap_put(struct domain_build *b, struct ask_cumulative sum, int64_t n, const char *name)
{
    struct cap_choice *to = DOMAIN_ADD(b, DOMAIN_CAP, struct cap_choice, name);
    if (to != NULL)
        *to = (struct cap_choice){sum, n};
}

void domain_cap(struct domain_build *b)
{
    const struct policy_auto_confirm *c = &b->policy->auto_confirm;
    const struct ask_cumulative nothing = {.known = true};
    cap_put(b, nothing, 0, "nothing confirmed yet");
    cap_put(b, (struct ask_cumulative){.known = false}, 0, "what was confirmed is not known");
    if (c->has_cap_amount) {
        struct decimal room = room_for_plain(b, &c->cap_amount);
        cap_put(b, (struct ask_cumulative){room, true}, 1, "full with the plain amount");
        cap_put(b, (struct ask_cumulative){plus(room, hair()), true}, 1,
                "a hair over with the plain amount");
        cap_put(b, (struct ask_cumulative){c->cap_amount.max, true}, 1, "full");
    }
    if (c->has_cap_count) {
        cap_put(b, nothing, c->cap_count - 1, "room for one more");
        cap_put(b, nothing, c->cap_count, "as many as may be");
    }
    cap_put(b, nothing, INT64_MAX, "more than can be counted");
}

/* ---- several at once ---- */

static void bulk_put(struct domain_build *b, struct bulk_choice choice, const char *name)
{
    struct bulk_choice *to = DOMAIN_ADD(b, DOMAIN_BULK, struct bulk_choice, name);
    if (to != NULL)
        *to = choice;
}

static const char *bulk_reason_plain(const struct policy_bulk *bulk)
{
    for (int r = REASON_ALLOWED + 1; r < REASON_COUNT; r++) {
        if ((bulk->reasons & UINT64_C(1) << r) != 0)
            return reason_name((enum reason)r);
    }
    return NULL;
}

void domain_bulk(struct domain_build *b)
{
    const struct policy_bulk *p = &b->policy->bulk;
    const struct ask_cumulative full = {p->max_amount.max, true}, none = {.known = true};
    const struct ask_cumulative over = {plus(p->max_amount.max, hair()), true};
    const char *reason = bulk_reason_plain(p);
    bulk_put(b, (struct bulk_choice){.n = 0}, "one alone");
    bulk_put(b, (struct bulk_choice){2, reason, true, none}, "two");
    bulk_put(b, (struct bulk_choice){p->max_items, reason, true, full}, "as many and much as may");
    bulk_put(b, (struct bulk_choice){p->max_items + 1, reason, true, none}, "one too many");
    bulk_put(b, (struct bulk_choice){2, reason, true, over}, "a hair too much");
    bulk_put(b, (struct bulk_choice){2, reason, true, {.known = false}}, "worth nobody knows what");
    bulk_put(b, (struct bulk_choice){2, reason, false, none}, "not all under one clause");
    bulk_put(b, (struct bulk_choice){2, NULL, true, none}, "without a reason");
    bulk_put(b, (struct bulk_choice){-1, reason, true, none}, "fewer than none");
    bulk_put(b, (struct bulk_choice){2, "NOTHING", true, none}, "for what is no reason");
    domain_core_here(b, DOMAIN_BULK);
    for (int r = REASON_ALLOWED + 1; r < REASON_COUNT; r++) {
        const char *name = reason_name((enum reason)r);
        bulk_put(b, (struct bulk_choice){2, name, true, none},
                 arena_fmt(b->arena, "two for %s", name));
    }
}
