/* Two passes over each policy's own choices: one dimension changed, then two. The first point of a
 * kind – the same two rules deciding – is so the smallest, and is kept. */
#include "engine/gate/space.h"

#include <string.h>

#include "engine/gate/case.h"
#include "engine/gate/compare.h"
#include "engine/gate/rates.h"
#include "engine/gate/under.h"

#define POINTS_MAX UINT64_C(3000000) /* beyond it, pairs are walked over the cores */

struct walking {
    struct space *space;
    const struct domain *domain;
    const struct policy *terms; /* the domain's policy */
    const struct policy *other;
    bool terms_are_new;
    struct under under; /* from the terms to the other */
    struct date day;
    bool cores; /* pairs over the cores only */
};

static bool same_reason(const struct verdict *a, const struct verdict *b)
{
    return a->ruling == b->ruling && a->reason == b->reason;
}

/* The first point of its kind, unless a smaller one comes. */
static void example_keep(struct walking *w, const struct ask *ask, struct verdict from,
                         struct verdict to, unsigned facts)
{
    struct space *s = w->space;
    size_t i = 0, each = 0;
    for (; i < s->examples_n; i++) {
        struct space_example *e = &s->examples[i];
        if (same_reason(&e->from, &from) && same_reason(&e->to, &to))
            break;
        each += e->from.ruling == from.ruling && e->to.ruling == to.ruling;
    }
    bool is_new = i == s->examples_n;
    if (is_new ? each >= SPACE_EXAMPLES_EACH : s->examples[i].facts <= facts)
        return;
    s->examples[i] = (struct space_example){
        .ask = *ask, .from = from, .to = to, .terms = w->terms, .facts = facts};
    s->examples_n += is_new;
}

static void look(struct walking *w, const struct ask *ask, unsigned facts)
{
    struct verdict here = gate_decide(w->terms, ask), there;
    struct space *s = w->space;
    s->points++;
    if (!under_decide(&w->under, ask, w->day, &there)) {
        s->unknown++;
        return;
    }
    if (here.ruling == there.ruling && here.reason == there.reason)
        return;
    struct verdict from = w->terms_are_new ? there : here, to = w->terms_are_new ? here : there;
    s->changed++;
    s->totals[from.ruling][to.ruling]++;
    example_keep(w, ask, from, to, facts);
}

static size_t choices(const struct walking *w, size_t dim, bool pairs)
{
    return pairs && w->cores ? domain_core(w->domain, dim) : domain_choices(w->domain, dim);
}

static bool is_base(size_t dim)
{
    return dim == DOMAIN_ACTION || dim == DOMAIN_ACTOR;
}

/* All points that differ from this one in one more dimension, behind `dim`. */
static void second(struct walking *w, const struct ask *first, size_t dim)
{
    for (size_t d = dim + 1; d < DOMAIN_DIMS; d++) {
        for (size_t c = 1; !is_base(d) && c < choices(w, d, true); c++) {
            struct ask ask = *first;
            domain_set(w->domain, d, c, &ask);
            look(w, &ask, 2);
        }
    }
}

static void around(struct walking *w, const struct ask *base, bool pairs)
{
    if (!pairs)
        look(w, base, 0);
    for (size_t d = 0; d < DOMAIN_DIMS; d++) {
        for (size_t c = 1; !is_base(d) && c < choices(w, d, pairs); c++) {
            struct ask ask = *base;
            domain_set(w->domain, d, c, &ask);
            if (pairs)
                second(w, &ask, d);
            else
                look(w, &ask, 1);
        }
    }
}

/* Pairs are walked around one actor of each kind: the others differ from it in one fact more. */
static bool is_walked(const struct ask *ask, bool pairs, bool seen[ACTOR_ENGINE + 1])
{
    if (!pairs)
        return true;
    if (ask->actor_kind == ACTOR_NONE || ask->actor_kind > ACTOR_ENGINE || seen[ask->actor_kind])
        return false;
    seen[ask->actor_kind] = true;
    return ask->action > ACTION_NONE && ask->action < ACTION_COUNT;
}

static void pass(struct walking *w, bool pairs)
{
    size_t choice[DOMAIN_DIMS] = {0};
    for (size_t a = 0; a < domain_choices(w->domain, DOMAIN_ACTION); a++) {
        bool seen[ACTOR_ENGINE + 1] = {false};
        for (size_t k = 0; k < domain_choices(w->domain, DOMAIN_ACTOR); k++) {
            struct domain_point point;
            choice[DOMAIN_ACTION] = a;
            choice[DOMAIN_ACTOR] = k;
            domain_ask(w->domain, choice, &point);
            if (is_walked(&point.ask, pairs, seen))
                around(w, &point.ask, pairs);
        }
    }
}

/* How many points the pairs are. */
static uint64_t pairs_n(const struct domain *domain)
{
    uint64_t sum = 0, squares = 0, bases = ACTION_COUNT * ACTOR_ENGINE;
    for (size_t d = 0; d < DOMAIN_DIMS; d++) {
        uint64_t n = domain_choices(domain, d);
        sum += is_base(d) ? 0 : n - 1;
        squares += is_base(d) ? 0 : (n - 1) * (n - 1);
    }
    return bases * (sum * sum - squares) / 2;
}

static struct err walk(struct arena *arena, const struct policy *terms, const struct policy *other,
                       bool terms_are_new, struct space *space)
{
    struct domain *domain;
    struct walking *w = ARENA_NEW(arena, struct walking);
    TRY(arena_check(arena));
    TRY(domain_new(arena, terms, &domain));
    *w = (struct walking){.space = space,
                          .domain = domain,
                          .terms = terms,
                          .other = other,
                          .terms_are_new = terms_are_new,
                          .cores = pairs_n(domain) > POINTS_MAX};
    (void)policy_rates_day(other, &w->day);
    TRY(under_init(&w->under, terms, other));
    pass(w, false);
    pass(w, true);
    return OK;
}

struct err space_compare(struct arena *arena, const struct policy *old, const struct policy *new,
                         struct space *space)
{
    *space = (struct space){.points = 0};
    TRY(walk(arena, new, old, true, space));
    return walk(arena, old, new, false, space);
}

/* ---- an example as a case ---- */

struct shrinking {
    const struct space_example *example;
    const struct policy *old, *new;
    struct under under; /* from the example's terms to the other policy */
    struct date day;
};

/* Both policies still say the same as at the point. */
static bool still(void *arg, const struct ask *ask)
{
    struct shrinking *k = arg;
    const struct space_example *e = k->example;
    struct verdict here = gate_decide(e->terms, ask), there;
    bool terms_are_new = e->terms == k->new;
    return under_decide(&k->under, ask, k->day, &there) &&
           same_reason(terms_are_new ? &there : &here, &e->from) &&
           same_reason(terms_are_new ? &here : &there, &e->to);
}

struct json *space_example_print(struct arena *arena, const struct policy *old,
                                 const struct policy *new, const struct space_example *example)
{
    struct shrinking *k = ARENA_NEW(arena, struct shrinking);
    struct json *printed = case_print(arena, example->terms, &example->ask, &example->to);
    const struct policy *other = example->terms == new ? old : new;
    if (k == NULL || printed == NULL)
        return NULL;
    k->example = example;
    k->old = old;
    k->new = new;
    (void)policy_rates_day(other, &k->day);
    if (under_init(&k->under, example->terms, other).kind != ERR_NONE)
        return printed;
    json_put(arena, printed, "given",
             case_shrink(arena, example->terms, json_get(printed, "given"), still, k));
    return printed;
}
