/* threshold_monotone: for every limit of the policy a copy in which it alone is raised, above every
 * amount of the domain, and the gate asked again. What is denied stays denied, but for the denials
 * that this limit is for: MISSING_RATIONALE, and what the table below says. */
#include <string.h>

#include "engine/gate/compare.h"
#include "engine/gate/proof_own.h"

#define LIFTS(reason) (UINT64_C(1) << REASON_##reason)

/* A write-off above the limit, or above a cumulative limit with what its window holds, is decided
 * like a confirmation; below it is not. */
#define WRITE_OFF_LIFTS                                                                            \
    (LIFTS(SOD_SAME_ACTOR) | LIFTS(CHANNEL_NOT_ALLOWED) | LIFTS(AUTH_TOO_OLD) |                    \
     LIFTS(NOT_AUTHORISED))

static const struct decimal above_all = {.coef = INT64_MAX / 4, .scale = 0};

/* Sites of which the copies are being made. */
struct found {
    struct arena *arena;
    const struct policy *policy;
    struct limit_site *sites;
    size_t n, cap;
};

static struct limit_site *site_add(struct found *f, const char *pointer, uint64_t lifts)
{
    struct limit_site *sites = arena_grow(f->arena, f->sites, f->n, &f->cap, sizeof *sites);
    if (sites == NULL)
        return NULL;
    f->sites = sites;
    struct limit_site *site = &sites[f->n++];
    *site = (struct limit_site){.pointer = pointer, .copy = *f->policy, .lifts = lifts};
    return site;
}

/* A copy of the list in which item `i` may be written to; NULL when the arena is full. */
static void *list_copy(struct found *f, const void *list, size_t n, size_t size)
{
    void *copy = arena_array(f->arena, n, size);
    if (copy != NULL && n > 0)
        memcpy(copy, list, n * size);
    return copy;
}

static void override_site(struct found *f, size_t i)
{
    const struct policy *p = f->policy;
    struct limit_site *site = site_add(f, p->overrides[i].clause.pointer, 0);
    struct policy_override *list = list_copy(f, p->overrides, p->overrides_n, sizeof *p->overrides);
    if (site == NULL || list == NULL)
        return;
    list[i].limit.max = above_all;
    site->copy.overrides = list;
    site->by_materiality = true;
}

static void cumulative_site(struct found *f, size_t i)
{
    const struct policy *p = f->policy;
    struct limit_site *site = site_add(f, p->cumulative[i].clause.pointer, 0);
    struct policy_cumulative *list =
        list_copy(f, p->cumulative, p->cumulative_n, sizeof *p->cumulative);
    if (site == NULL || list == NULL)
        return;
    list[i].limit.max = above_all;
    site->copy.cumulative = list;
    site->by_write_off = true;
}

static void grant_site(struct found *f, size_t i, bool single)
{
    const struct policy *p = f->policy;
    uint64_t lifts = single ? 0 : LIFTS(NOT_AUTHORISED);
    struct limit_site *site = site_add(f, p->authority[i].clause.pointer, lifts);
    struct policy_authority *list =
        list_copy(f, p->authority, p->authority_n, sizeof *p->authority);
    if (site == NULL || list == NULL)
        return;
    if (single)
        list[i].single_max.max = above_all;
    else
        list[i].max.max = above_all;
    site->copy.authority = list;
}

static void block_site(struct found *f, size_t i)
{
    const struct policy *p = f->policy;
    struct limit_site *site = site_add(f, p->blocked[i].clause.pointer, LIFTS(POLICY_BLOCK));
    struct policy_block *list = list_copy(f, p->blocked, p->blocked_n, sizeof *p->blocked);
    if (site == NULL || list == NULL)
        return;
    list[i].over.max = above_all;
    site->copy.blocked = list;
}

static void single_sites(struct found *f)
{
    const struct policy *p = f->policy;
    struct limit_site *site = site_add(f, "/materiality_threshold_usd", 0);
    if (site != NULL)
        site->copy.materiality.max = above_all, site->by_materiality = true;
    if (p->has_write_off_limit && (site = site_add(f, "/write_off_limit", 0)) != NULL)
        site->copy.write_off_limit.max = above_all, site->by_write_off = true;
    if (p->auto_confirm.has_cap_amount &&
        (site = site_add(f, "/auto_confirm/cap/amount", 0)) != NULL)
        site->copy.auto_confirm.cap_amount.max = above_all;
    if (p->auto_confirm.has_cap_count && (site = site_add(f, "/auto_confirm/cap/count", 0)) != NULL)
        site->copy.auto_confirm.cap_count = INT64_MAX;
    site = site_add(f, p->bulk.amount_clause.pointer, LIFTS(BULK_LIMIT));
    if (site != NULL)
        site->copy.bulk.max_amount.max = above_all;
    site = site_add(f, p->bulk.items_clause.pointer, LIFTS(BULK_LIMIT));
    if (site != NULL)
        site->copy.bulk.max_items = INT64_MAX;
}

struct err proof_limits_find(struct walk *w, struct limit_site **sites, size_t *n)
{
    enum { EACH_MAX = 8 }; /* rules of one kind: the next ones differ in numbers and names only */
    struct found f = {.arena = w->arena, .policy = w->policy};
    const struct policy *p = w->policy;
    single_sites(&f);
    for (size_t i = 0; i < p->overrides_n && i < EACH_MAX; i++)
        override_site(&f, i);
    for (size_t i = 0; i < p->cumulative_n && i < EACH_MAX; i++)
        cumulative_site(&f, i);
    for (size_t i = 0; i < p->authority_n && i < 4 * EACH_MAX; i++) {
        if (p->authority[i].has_max)
            grant_site(&f, i, false);
        if (p->authority[i].has_single_max)
            grant_site(&f, i, true);
    }
    for (size_t i = 0; i < p->blocked_n && i < 4 * EACH_MAX; i++) {
        if (p->blocked[i].has_over)
            block_site(&f, i);
    }
    bool all = p->overrides_n <= EACH_MAX && p->cumulative_n <= EACH_MAX &&
               p->authority_n <= 4 * EACH_MAX && p->blocked_n <= 4 * EACH_MAX;
    w->report->whole = w->report->whole && all;
    *sites = f.sites;
    *n = f.n;
    return arena_check(w->arena);
}

/* ---- what a limit may lift ---- */

static bool among(const char *const *texts, size_t n, const char *wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (same_text(texts[i], wanted))
            return true;
    }
    return false;
}

/* sod.own_agent: below_materiality says that below it one's own agent is somebody else: for the
 * person who acts, and for one who lends a seat. Who asked with their own hands stays barred. */
static bool by_own_agent(const struct policy *p, const struct ask *a, enum reason reason)
{
    if (p->own_agent != OWN_AGENT_BELOW_MATERIALITY || a->action != ACTION_CONFIRM)
        return false;
    if (reason == REASON_SOD_SAME_ACTOR)
        return among(a->own_agents_of, a->own_agents_of_n, a->principal) &&
               !among(a->proposers, a->proposers_n, a->principal);
    for (size_t i = 0; reason == REASON_NOT_AUTHORISED && i < a->roles_n; i++) {
        const char *lender = a->roles[i].lender;
        if (lender != NULL && among(a->own_agents_of, a->own_agents_of_n, lender) &&
            !among(a->proposers, a->proposers_n, lender))
            return true;
    }
    return false;
}

static bool lifts(const struct policy *p, const struct limit_site *site, const struct ask *a,
                  enum reason reason)
{
    uint64_t bit = UINT64_C(1) << reason;
    if (reason == REASON_MISSING_RATIONALE || (site->lifts & bit) != 0)
        return true;
    bool writes_off = a->action == ACTION_RESOLVE_EXCEPTION && !a->keeps_amount;
    if (site->by_write_off && writes_off && (WRITE_OFF_LIFTS & bit) != 0)
        return true;
    return site->by_materiality && by_own_agent(p, a, reason);
}

const char *proof_limit_holds(struct walk *w, const struct limit_site *site)
{
    if (w->verdict.ruling != RULING_DENY || lifts(w->policy, site, &w->ask, w->verdict.reason))
        return NULL;
    if (walk_decide(w, &site->copy, &w->ask).ruling != RULING_ALLOW)
        return NULL;
    const char *what = arena_fmt(w->arena, "%s was denied, and is allowed when %s is raised",
                                 reason_name(w->verdict.reason), site->pointer);
    return what == NULL ? "a denial is an allowance when a limit is raised" : what;
}
