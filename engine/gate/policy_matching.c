/* The numbers that are not amounts: exchange rates, the matcher's parameters, the clock of
 * escalations. */
#include <string.h>

#include "common/base/civil.h"
#include "common/base/str.h"
#include "engine/gate/policy_internal.h"

/* ---- fx ---- */

static struct err load_currency(struct policy_build *b, const char *cur, const char *pointer,
                                char out[4])
{
    if (!currency_valid(cur))
        return policy_refuse(b, pointer, "\"%s\" is not a currency (ISO 4217, upper case)", cur);
    memcpy(out, cur, 4);
    return OK;
}

static bool same_pair(const struct policy_fx_rate *a, const struct policy_fx_rate *b)
{
    bool straight = strcmp(a->base, b->base) == 0 && strcmp(a->quote, b->quote) == 0;
    bool turned = strcmp(a->base, b->quote) == 0 && strcmp(a->quote, b->base) == 0;
    return (straight || turned) && a->as_of.days == b->as_of.days;
}

static struct err load_rate(struct policy_build *b, size_t i, struct policy_fx_rate *rates)
{
    enum { RATE_SCALE_MAX = 12 };
    const struct doc_rate *doc = &b->doc.fx.rates[i];
    const char *pointer = policy_at_index(b, "/fx/rates", i);
    const char *rate_at = policy_at(b, pointer, "rate");
    struct policy_fx_rate *to = &rates[i];
    TRY(load_currency(b, doc->base, policy_at(b, pointer, "base"), to->base));
    TRY(load_currency(b, doc->quote, policy_at(b, pointer, "quote"), to->quote));
    if (strcmp(to->base, to->quote) == 0)
        return policy_refuse(b, pointer, "a rate is between two currencies");
    struct err e = decimal_parse(doc->rate, RATE_SCALE_MAX, &to->rate);
    if (e.kind != ERR_NONE)
        return policy_refuse(b, rate_at, "%s", e.msg);
    if (decimal_sign(to->rate) <= 0)
        return policy_refuse(b, rate_at, "must be more than zero");
    TRY(date_parse(doc->as_of, &to->as_of)); /* the binder looked at it already */
    to->source = doc->source;
    for (size_t j = 0; j < i; j++) {
        if (same_pair(&rates[j], to))
            return policy_refuse(b, pointer, "rate %zu is for the same two currencies and date", j);
    }
    return OK;
}

struct err policy_load_fx(struct policy_build *b)
{
    size_t n = b->doc.fx.rates_n;
    struct policy_fx_rate *rates = ARENA_ARRAY(b->arena, n, struct policy_fx_rate);
    TRY(arena_check(b->arena));
    b->policy->fx_max_staleness_days = b->doc.fx.max_staleness_days;
    for (size_t i = 0; i < n; i++)
        TRY(load_rate(b, i, rates));
    b->policy->fx_rates = rates;
    b->policy->fx_rates_n = n;
    return OK;
}

/* ---- matching ---- */

enum { BP_ONE = 10000 };

/* "0.45" → 4500. */
static struct err load_bp(struct policy_build *b, const char *text, const char *pointer,
                          int64_t *bp)
{
    enum { BP_DIGITS = 4 };
    struct decimal share, points, one = decimal_of_int(1);
    struct err e = decimal_parse(text, BP_DIGITS, &share);
    if (e.kind != ERR_NONE || decimal_sign(share) < 0 || decimal_cmp(share, one) > 0)
        return policy_refuse(b, pointer,
                             "expected a share from 0 to 1 with at most 4 digits after the point");
    TRY(decimal_mul(share, decimal_of_int(BP_ONE), &points));
    TRY(decimal_round(points, 0, ROUND_DOWN, &points));
    *bp = (int64_t)points.coef;
    return OK;
}

static struct err load_weights(struct policy_build *b, struct policy_matching *m)
{
    static const char at[] = "/matching/weights";
    const struct doc_weights *doc = b->doc.matching->weights;
    TRY(load_bp(b, doc->text, "/matching/weights/text", &m->weight_text_bp));
    TRY(load_bp(b, doc->reference, "/matching/weights/reference", &m->weight_reference_bp));
    TRY(load_bp(b, doc->date, "/matching/weights/date", &m->weight_date_bp));
    TRY(load_bp(b, doc->amount, "/matching/weights/amount", &m->weight_amount_bp));
    TRY(load_bp(b, doc->account, "/matching/weights/account", &m->weight_account_bp));
    int64_t sum = m->weight_text_bp + m->weight_reference_bp + m->weight_date_bp +
                  m->weight_amount_bp + m->weight_account_bp;
    if (sum != BP_ONE)
        return policy_refuse(b, at, "the weights add up to %lld.%04lld, not to 1",
                             (long long)(sum / BP_ONE), (long long)(sum % BP_ONE));
    return OK;
}

static struct err load_bands(struct policy_build *b, struct policy_matching *m)
{
    const struct doc_matching *doc = b->doc.matching;
    TRY(load_bp(b, doc->high, "/matching/high", &m->high_bp));
    TRY(load_bp(b, doc->review, "/matching/review", &m->review_bp));
    TRY(load_bp(b, doc->ambiguity_margin, "/matching/ambiguity_margin", &m->ambiguity_margin_bp));
    if (m->high_bp < m->review_bp)
        return policy_refuse(b, "/matching/high", "must not be less than review");
    return OK;
}

static struct err check_fee_cap(struct policy_build *b, const char *fee_cap)
{
    static const char at[] = "/matching/tolerances/fee_cap";
    struct decimal cap;
    if (fee_cap == NULL)
        return OK;
    struct err e = decimal_parse(fee_cap, MONEY_UNITS_MAX, &cap);
    if (e.kind != ERR_NONE)
        return policy_refuse(b, at, "%s", e.msg);
    if (decimal_sign(cap) <= 0)
        return policy_refuse(b, at, "must be more than zero; leave it out for no fee tolerance");
    return OK;
}

struct err policy_load_matching(struct policy_build *b)
{
    const struct doc_matching *doc = b->doc.matching;
    struct policy_matching *m = &b->policy->matching;
    *m = (struct policy_matching){.window_days = doc->windows->days,
                                  .window_days_cheque = doc->windows->cheque_days,
                                  .window_days_group = doc->windows->group_days,
                                  .fee_cap = doc->tolerances->fee_cap,
                                  .fee_account = doc->tolerances->fee_account,
                                  .transposition = doc->tolerances->transposition,
                                  .book_net_of_fee = doc->tolerances->book_net_of_fee,
                                  .group_items_max = doc->groups->items_max,
                                  .group_candidates_max = doc->groups->candidates_max,
                                  .group_nodes_max = doc->groups->nodes_max,
                                  .candidates_max = doc->candidates_max};
    if (m->group_items_max > m->group_candidates_max)
        return policy_refuse(b, "/matching/groups", "items_max is more than candidates_max");
    TRY(check_fee_cap(b, m->fee_cap));
    TRY(load_bp(b, doc->tolerances->fee_share, "/matching/tolerances/fee_share", &m->fee_share_bp));
    TRY(load_bands(b, m));
    return load_weights(b, m);
}

/* ---- escalation ---- */

static struct err load_reminder(struct policy_build *b, const struct json *list, size_t i,
                                int64_t *hours)
{
    const char *at = policy_at_index(b, "/escalation/reminders_hours", i);
    if (!json_int(list->items[i], &hours[i]) || hours[i] < 1)
        return policy_refuse(b, at, "expected a whole number of hours, at least 1");
    if (hours[i] >= b->policy->escalation.expiry_hours)
        return policy_refuse(b, at, "a reminder comes before the escalation expires");
    if (i > 0 && hours[i] <= hours[i - 1])
        return policy_refuse(b, at, "each reminder comes after the one before it");
    return OK;
}

static struct err load_reminders(struct policy_build *b, const struct json *list)
{
    enum { REMINDERS_MAX = 20 };
    if (list == NULL)
        return OK;
    if (!json_is(list, JSON_TYPE_ARRAY) || list->count > REMINDERS_MAX)
        return policy_refuse(b, "/escalation/reminders_hours",
                             "expected a list of at most %d whole numbers of hours", REMINDERS_MAX);
    int64_t *hours = ARENA_ARRAY(b->arena, list->count, int64_t);
    TRY(arena_check(b->arena));
    for (size_t i = 0; i < list->count; i++)
        TRY(load_reminder(b, list, i, hours));
    b->policy->escalation.reminder_hours = hours;
    b->policy->escalation.reminder_hours_n = list->count;
    return OK;
}

struct err policy_load_escalation(struct policy_build *b)
{
    const struct doc_escalation *doc = b->doc.escalation;
    b->policy->escalation.expiry_hours = doc->expiry_hours;
    b->policy->escalation.sla_hours = doc->sla_hours;
    b->policy->escalation.clock = (enum policy_clock)doc->clock;
    b->policy->exception_days_max = b->doc.exceptions->escalate_after_days;
    if (doc->sla_hours > doc->expiry_hours)
        return policy_refuse(b, "/escalation/sla_hours", "must not be more than expiry_hours");
    return load_reminders(b, doc->reminders_hours);
}
