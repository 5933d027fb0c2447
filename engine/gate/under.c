/* Carrying over, and the three ways an unknown can be: nothing, more than any limit, and unknown.
 * Limits only ever stop what passes them, so what all three get, everything between gets, too. */
#include "engine/gate/under.h"

#include <string.h>

#include "engine/gate/compare.h"
#include "engine/gate/rates.h"

#define NOWHERE SIZE_MAX

static const struct decimal nothing = {.coef = 0};
/* More than the largest amount that money has, in any currency. */
static const struct decimal everything = {.coef = (int128)INT64_MAX * INT64_MAX};

static const char *cap_currency(const struct policy *p)
{
    return p->auto_confirm.has_cap_amount ? p->auto_confirm.cap_amount.cur : "USD";
}

static bool same_window(const struct policy_cumulative *a, const struct policy_cumulative *b)
{
    return a->per == b->per && a->window_days == b->window_days &&
           same_text(a->limit.cur, b->limit.cur);
}

static size_t currency_in(const struct policy *p, const char *cur)
{
    for (size_t i = 0; i < p->currencies_n; i++) {
        if (same_text(p->currencies[i], cur))
            return i;
    }
    return NOWHERE;
}

static size_t window_in(const struct policy *p, const struct policy_cumulative *window)
{
    for (size_t i = 0; i < p->cumulative_n; i++) {
        if (same_window(&p->cumulative[i], window))
            return i;
    }
    return NOWHERE;
}

struct err under_init(struct under *under, const struct policy *from, const struct policy *to)
{
    ENSURE(to->currencies_n <= UNDER_CURRENCIES_MAX && to->cumulative_n <= UNDER_WINDOWS_MAX,
           ERR_LIMIT, "the policy names more currencies than can be compared");
    under->from = from;
    under->to = to;
    under->same = from == to || memcmp(from->digest, to->digest, sizeof from->digest) == 0;
    under->cap_same = from->auto_confirm.period == to->auto_confirm.period &&
                      same_text(cap_currency(from), cap_currency(to));
    under->bulk_same = same_text(from->bulk.max_amount.cur, to->bulk.max_amount.cur);
    for (size_t i = 0; i < to->currencies_n; i++)
        under->value_from[i] = currency_in(from, to->currencies[i]);
    for (size_t i = 0; i < to->cumulative_n; i++)
        under->window_from[i] = window_in(from, &to->cumulative[i]);
    return OK;
}

/* What is not known, in this guise. */
enum guise { AS_NOTHING, AS_EVERYTHING, AS_UNKNOWN };

static struct ask_cumulative sum_as(enum guise guise)
{
    return (struct ask_cumulative){.sum = guise == AS_EVERYTHING ? everything : nothing,
                                   .known = guise != AS_UNKNOWN};
}

/* The amount in the i-th currency of `to`; false: not known. */
static bool value_carry(const struct under *u, const struct ask *a, struct date day, size_t i,
                        struct ask_value *v)
{
    if (u->value_from[i] != NOWHERE) {
        *v = a->values[u->value_from[i]];
        return true;
    }
    *v = policy_value(u->to, a->amount, u->to->currencies[i], day);
    return v->status != FX_MISSING;
}

static void value_as(struct ask_value *v, enum guise guise)
{
    v->status = guise == AS_UNKNOWN ? FX_MISSING : FX_KNOWN;
    v->value = guise == AS_EVERYTHING ? everything : nothing;
}

/* The ask in `to`'s terms; true: something of it is not known and is in this guise. */
static bool carry(struct under *u, const struct ask *recorded, struct date day, enum guise guise,
                  struct ask *a)
{
    bool unknown = false;
    *a = *recorded;
    bool valued = a->has_amount && a->values_n == u->from->currencies_n;
    for (size_t i = 0; valued && i < u->to->currencies_n; i++) {
        if (!value_carry(u, recorded, day, i, &u->values[i])) {
            value_as(&u->values[i], guise);
            unknown = true;
        }
    }
    a->values = valued ? u->values : a->values;
    a->values_n = valued ? u->to->currencies_n : a->values_n;
    bool looked = a->cumulative_n == u->from->cumulative_n;
    for (size_t i = 0; looked && i < u->to->cumulative_n; i++) {
        bool known = u->window_from[i] != NOWHERE;
        u->windows[i] = known ? recorded->cumulative[u->window_from[i]] : sum_as(guise);
        unknown = unknown || !known;
    }
    a->cumulative = looked ? u->windows : a->cumulative;
    a->cumulative_n = looked ? u->to->cumulative_n : a->cumulative_n;
    if (!u->cap_same) {
        a->auto_confirmed = sum_as(guise);
        a->auto_confirmed_n = guise == AS_NOTHING ? 0 : INT64_MAX;
        unknown = true;
    }
    if (!u->bulk_same && a->bulk_n != 0) {
        a->bulk_sum = sum_as(guise);
        unknown = true;
    }
    return unknown;
}

static bool same_verdict(const struct verdict *a, const struct verdict *b)
{
    return a->ruling == b->ruling && a->reason == b->reason && same_text(a->pointer, b->pointer);
}

bool under_decide(struct under *under, const struct ask *ask, struct date day,
                  struct verdict *verdict)
{
    struct verdict least, most;
    struct ask a;
    if (under->same) {
        *verdict = gate_decide(under->to, ask);
        return true;
    }
    bool unknown = carry(under, ask, day, AS_UNKNOWN, &a);
    *verdict = gate_decide(under->to, &a);
    if (!unknown)
        return true;
    (void)carry(under, ask, day, AS_NOTHING, &a);
    least = gate_decide(under->to, &a);
    (void)carry(under, ask, day, AS_EVERYTHING, &a);
    most = gate_decide(under->to, &a);
    return same_verdict(verdict, &least) && same_verdict(verdict, &most);
}
