/* Rows f: one act of a person on several escalations. It may only be what each of them would be
 * alone, so these rows judge the act as a whole, before any of its parts is judged. */
#include "engine/gate/rows.h"

static bool in_bulk(const struct ask *a)
{
    return a->bulk_n != 0;
}

bool bulk_by_machine(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return in_bulk(a) && machine(a);
}

/* What people read is one sentence: it must be the one that stopped each of them. */
bool bulk_mixed(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    *clause = &p->bulk.clause;
    return in_bulk(a) && (!a->bulk_one_clause || a->bulk_reason == NULL || a->tier == TIER_T3);
}

bool bulk_reason_unlisted(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    enum reason reason;
    *clause = &p->bulk.reasons_clause;
    if (!in_bulk(a))
        return false;
    return !reason_find(a->bulk_reason, &reason) || (p->bulk.reasons & UINT64_C(1) << reason) == 0;
}

bool bulk_too_many(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    *clause = &p->bulk.items_clause;
    return in_bulk(a) && (a->bulk_n < 0 || a->bulk_n > p->bulk.max_items);
}

bool bulk_too_much(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    static const struct decimal nothing = {.coef = 0};
    *clause = &p->bulk.amount_clause;
    return in_bulk(a) &&
           (!a->bulk_sum.known || sum_exceeds(nothing, a->bulk_sum.sum, p->bulk.max_amount.max));
}
