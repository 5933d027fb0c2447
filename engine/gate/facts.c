/* What the rows ask of the facts: amounts against limits, and texts in lists. A limit that cannot
 * be compared, because a rate is missing or stale, never counts as kept. */
#include <string.h>

#include "engine/gate/rows.h"

/* The amount in the limit's currency; NULL when the plan did not value it there. */
const struct ask_value *value_in(const struct ask *a, const struct policy_limit *limit)
{
    if (!a->has_amount || limit->cur_index >= a->values_n)
        return NULL;
    const struct ask_value *v = &a->values[limit->cur_index];
    return memcmp(v->cur, limit->cur, sizeof v->cur) == 0 ? v : NULL;
}

enum over over(const struct ask *a, const struct policy_limit *limit)
{
    const struct ask_value *v = value_in(a, limit);
    if (v == NULL || v->status != FX_KNOWN)
        return OVER_UNKNOWN;
    static const struct decimal nothing = {.coef = 0};
    return sum_exceeds(nothing, v->value, limit->max) ? OVER_YES : OVER_NO;
}

/* Acts on money always have an amount, known or not; a comment or a file may have none at all. */
bool weighs_nothing(const struct ask *a)
{
    return !a->has_amount && a->action != ACTION_CONFIRM && a->action != ACTION_UNMATCH &&
           a->action != ACTION_POST_ENTRY && !writes_off(a);
}

bool writes_off(const struct ask *a)
{
    return a->action == ACTION_RESOLVE_EXCEPTION && !a->keeps_amount;
}

/* The write-off alone, or with what its windows hold already. */
bool write_off_over_limit(const struct policy *p, const struct ask *a)
{
    if (!writes_off(a))
        return false;
    if (!p->has_write_off_limit || over(a, &p->write_off_limit) != OVER_NO)
        return true;
    for (size_t i = 0; i < p->cumulative_n; i++) {
        const struct ask_value *v = value_in(a, &p->cumulative[i].limit);
        if (i >= a->cumulative_n || !a->cumulative[i].known || v == NULL || v->status != FX_KNOWN ||
            sum_exceeds(a->cumulative[i].sum, v->value, p->cumulative[i].limit.max))
            return true;
    }
    return false;
}

static enum over worse(enum over a, enum over b)
{
    if (a == OVER_YES || b == OVER_YES)
        return OVER_YES;
    return a == OVER_UNKNOWN ? a : b;
}

const struct policy_override *override_of(const struct policy *p, const char *entity)
{
    for (size_t i = 0; i < p->overrides_n; i++) {
        if (same_text(p->overrides[i].entity, entity))
            return &p->overrides[i];
    }
    return NULL;
}

/* Against the threshold of each entity concerned: one that is passed is enough. */
enum over over_materiality(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    enum over worst = a->entities_n == 0 ? over(a, &p->materiality) : OVER_NO;
    for (size_t i = 0; i < a->entities_n; i++) {
        const struct policy_override *o = override_of(p, a->entities[i]);
        enum over here = over(a, o == NULL ? &p->materiality : &o->limit);
        if (here == OVER_YES && o != NULL)
            *clause = &o->clause;
        worst = worse(worst, here);
    }
    return worst;
}

bool has_prefix(const char *text, const char *prefix)
{
    if (text == NULL || prefix == NULL)
        return false;
    while (*prefix != '\0' && *text == *prefix)
        text++, prefix++;
    return *prefix == '\0';
}

bool any_text(const char *const *texts, size_t n, const char *wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (same_text(texts[i], wanted))
            return true;
    }
    return false;
}

bool machine(const struct ask *a)
{
    return a->actor_kind != ACTOR_HUMAN;
}
