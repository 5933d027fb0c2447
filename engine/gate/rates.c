/* Fixed rates from the policy. */
#include "engine/gate/rates.h"

#include <string.h>

/* How far an inverse or a cross rate is carried; limits compare far fewer digits. */
#define DIGITS 30

struct found {
    struct decimal rate;
    const char *source;
    struct date as_of;
    bool known;
};

static bool pair_is(const struct policy_fx_rate *r, const char *base, const char *quote)
{
    return strcmp(r->base, base) == 0 && strcmp(r->quote, quote) == 0;
}

/* The latest rate of the pair on or before the day; the inverse when only that is published. */
static struct found rate_direct(const struct policy *p, const char *from, const char *to,
                                struct date on)
{
    struct found best = {.known = false};
    for (size_t i = 0; i < p->fx_rates_n; i++) {
        const struct policy_fx_rate *r = &p->fx_rates[i];
        bool inverse = pair_is(r, to, from);
        struct decimal rate = r->rate;
        if ((!inverse && !pair_is(r, from, to)) || r->as_of.days > on.days)
            continue;
        if (best.known && r->as_of.days <= best.as_of.days)
            continue;
        if (inverse &&
            decimal_div(decimal_of_int(1), r->rate, DIGITS, ROUND_AWAY, &rate).kind != ERR_NONE)
            continue;
        best = (struct found){.rate = rate, .source = r->source, .as_of = r->as_of, .known = true};
    }
    return best;
}

static struct found rate_through(const struct policy *p, const char *from, const char *pivot,
                                 const char *to, struct date on)
{
    struct found a = rate_direct(p, from, pivot, on), b = rate_direct(p, pivot, to, on);
    struct found cross = {.known = false};
    if (!a.known || !b.known || decimal_mul(a.rate, b.rate, &cross.rate).kind != ERR_NONE)
        return cross;
    cross.known = true;
    cross.source = a.source;
    cross.as_of = a.as_of.days < b.as_of.days ? a.as_of : b.as_of;
    return cross;
}

static struct found rate_find(const struct policy *p, const char *from, const char *to,
                              struct date on)
{
    struct found f = rate_direct(p, from, to, on);
    if (!f.known && strcmp(from, "USD") != 0 && strcmp(to, "USD") != 0)
        f = rate_through(p, from, "USD", to, on);
    if (!f.known && strcmp(from, "EUR") != 0 && strcmp(to, "EUR") != 0)
        f = rate_through(p, from, "EUR", to, on);
    return f;
}

struct ask_value policy_value(const struct policy *policy, struct money amount, const char *cur,
                              struct date on)
{
    struct ask_value v = {.status = FX_MISSING};
    memcpy(v.cur, cur, sizeof v.cur);
    struct decimal absolute = decimal_abs(decimal_of_money(amount));
    if (strcmp(amount.cur, cur) == 0) {
        v.status = FX_KNOWN;
        v.value = absolute;
        v.rate = decimal_of_int(1);
        v.as_of = on;
        return v;
    }
    struct found f = rate_find(policy, amount.cur, cur, on);
    struct decimal rate = f.rate;
    if (!f.known || decimal_mul(absolute, rate, &v.value).kind != ERR_NONE)
        return v;
    v.rate = rate;
    v.source = f.source;
    v.as_of = f.as_of;
    v.status = on.days - f.as_of.days > policy->fx_max_staleness_days ? FX_STALE : FX_KNOWN;
    return v;
}

bool policy_rates_day(const struct policy *policy, struct date *day)
{
    for (size_t i = 0; i < policy->fx_rates_n; i++) {
        if (i == 0 || policy->fx_rates[i].as_of.days > day->days)
            *day = policy->fx_rates[i].as_of;
    }
    return policy->fx_rates_n > 0;
}
