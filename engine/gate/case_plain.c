/* The plain ask of an action: what a case does not say. Whatever the policy names in its rules is
 * avoided, so that a case is stopped by what it says and by nothing else. */
#include <string.h>

#include "common/base/str.h"
#include "engine/gate/case_internal.h"
#include "engine/gate/policy_internal.h"
#include "engine/gate/rates.h"
#include "engine/gate/rows.h"

#define PERSON    "ana"
#define ENTITY    "acme-us"
#define TRIES_MAX 1000

/* Of each action: the tool that carries it, its tier, what it is done to, and whether that is
 * money.
 */
static const struct {
    const char *tool, *object;
    enum tier tier;
    bool money;
    enum match_state state;
} acts[ACTION_COUNT] = {
    [ACTION_PROPOSE] = {"propose_match", "match", TIER_T0, true, MATCH_NONE},
    [ACTION_CONFIRM] = {"confirm_match", "match", TIER_T2, true, MATCH_PROPOSED},
    [ACTION_REJECT] = {"reject_match", "match", TIER_T1, true, MATCH_PROPOSED},
    [ACTION_FLAG] = {"flag_exception", "exception", TIER_T1, true, MATCH_NONE},
    [ACTION_ESCALATE] = {"escalate_match", "match", TIER_T1, true, MATCH_PROPOSED},
    [ACTION_RESOLVE] = {"resolve_escalation", "escalation", TIER_T1, true, MATCH_NONE},
    [ACTION_WITHDRAW] = {"resolve_escalation", "escalation", TIER_T1, true, MATCH_NONE},
    [ACTION_ASSIGN] = {"assign_item", "exception", TIER_T1, false, MATCH_NONE},
    [ACTION_COMMENT] = {"comment_item", "exception", TIER_T1, false, MATCH_NONE},
    [ACTION_ATTACH] = {"attach_evidence", "exception", TIER_T1, false, MATCH_NONE},
    [ACTION_RESOLVE_EXCEPTION] = {"resolve_exception", "exception", TIER_T1, true, MATCH_NONE},
    [ACTION_SET_DELEGATION] = {"set_delegation", "delegation", TIER_T1, false, MATCH_NONE},
    [ACTION_RECORD_DELIVERY] = {"record_delivery", "delivery", TIER_T1, false, MATCH_NONE},
    [ACTION_POST_ENTRY] = {"post_entry", "entry", TIER_T2, true, MATCH_NONE},
    [ACTION_INGEST] = {"ingest_file", "file", TIER_T1, false, MATCH_NONE},
    [ACTION_CHANGE_MASTER_DATA] = {"load_master", "master", TIER_T1, false, MATCH_NONE},
    [ACTION_CHANGE_POLICY] = {"propose_policy", "policy", TIER_T1, false, MATCH_NONE},
    [ACTION_CHANGE_REGISTRY] = {"change_person", "person", TIER_T1, false, MATCH_NONE},
    [ACTION_UNMATCH] = {"unmatch", "match", TIER_T2, true, MATCH_CONFIRMED},
    [ACTION_FREEZE] = {"freeze", "actor", TIER_T1, false, MATCH_NONE},
    [ACTION_THAW] = {"thaw", "actor", TIER_T1, false, MATCH_NONE},
    [ACTION_SWEEP] = {"sweep_escalations", "book", TIER_T0, false, MATCH_NONE},
};

const char *case_actor(enum action action)
{
    switch ((int)action) {
    case ACTION_CONFIRM:
        return "engine:auto-confirm";
    case ACTION_PROPOSE:
        return "engine:matcher";
    case ACTION_SWEEP:
        return "engine:recovery";
    default:
        return "human:" PERSON;
    }
}

bool case_has_amount(enum action action)
{
    return (unsigned)action < ACTION_COUNT && acts[action].money;
}

struct date case_day(const struct policy *policy)
{
    struct date day = {.days = 0};
    (void)policy_rates_day(policy, &day);
    return day;
}

/* ---- who ---- */

/* How much of the role's grant stands in the way of a plain act: less is plainer. */
static int narrowness(const struct policy_authority *g)
{
    return (g->entities_n > 0 ? 4 : 0) + (g->has_max ? 2 : 0) + (g->has_single_max ? 1 : 0);
}

/* The plainest grant of the action to people, or to the engine; NULL when nobody has it. */
static const struct policy_authority *grant_of(const struct policy *p, enum action action,
                                               bool engine)
{
    const struct policy_authority *best = NULL;
    for (size_t i = 0; i < p->authority_n; i++) {
        const struct policy_authority *g = &p->authority[i];
        if ((g->actions & (UINT64_C(1) << action)) == 0 || same_text(g->role, "engine") != engine)
            continue;
        if (best == NULL || narrowness(g) < narrowness(best))
            best = g;
    }
    return best;
}

static enum channel channel_plain(const struct policy *p, enum actor_kind kind)
{
    if (kind != ACTOR_HUMAN)
        return kind == ACTOR_LLM ? CHANNEL_API : CHANNEL_NONE;
    for (unsigned c = CHANNEL_WEB; c <= CHANNEL_CLI; c++) {
        if ((p->channels[TIER_T2] & (1u << c)) != 0)
            return (enum channel)c;
    }
    return CHANNEL_WEB;
}

static struct err who(struct arena *arena, const struct policy *p, const struct case_seed *seed,
                      struct ask *a)
{
    struct actor_id id = {.kind = ACTOR_NONE};
    a->actor = seed->actor == NULL ? case_actor(seed->action) : seed->actor;
    if (actor_parse(str_of(a->actor), &id).kind != ERR_NONE)
        id.kind = ACTOR_NONE; /* the gate will say what it thinks of nobody */
    a->actor_kind = id.kind;
    a->channel = channel_plain(p, id.kind);
    a->auth_age_s = id.kind == ACTOR_HUMAN ? 60 : -1;
    if (id.kind == ACTOR_HUMAN)
        a->principal = arena_strdup(arena, actor_name(&id));
    if (id.kind == ACTOR_LLM)
        a->on_behalf_of = PERSON;
    const struct policy_authority *g = grant_of(p, seed->action, false);
    if (g == NULL || (id.kind != ACTOR_HUMAN && id.kind != ACTOR_LLM))
        return arena_check(arena);
    struct ask_role *role = ARENA_NEW(arena, struct ask_role);
    TRY(arena_check(arena));
    role->role = g->role;
    a->roles = role;
    a->roles_n = 1;
    return OK;
}

static struct err where(struct arena *arena, const struct policy *p, struct ask *a)
{
    const struct policy_authority *g = grant_of(p, a->action, a->actor_kind == ACTOR_ENGINE);
    const char **entity = ARENA_NEW(arena, const char *);
    TRY(arena_check(arena));
    *entity = g == NULL || g->entities_n == 0 ? ENTITY : g->entities[0];
    a->entities = entity;
    a->entities_n = 1;
    return OK;
}

/* ---- what ---- */

static bool blocked_account(const struct policy *p, const char *id)
{
    for (size_t i = 0; i < p->blocked_n; i++) {
        const struct policy_block *b = &p->blocked[i];
        if ((b->account != NULL && same_text(b->account, id)) || has_prefix(id, b->account_prefix))
            return true;
    }
    return false;
}

/* A rule of the policy speaks of one of the accounts. */
static bool sensitive(const struct policy *p, const struct ask *a)
{
    struct ask by = *a;
    clause_ptr ignored;
    by.actor_kind = ACTOR_ENGINE;
    return account_forced(p, &by, &ignored) || blocked_account(p, a->accounts[0].id) ||
           blocked_account(p, a->accounts[1].id);
}

/* The bank's account and one that no rule of the policy names. */
static struct err accounts(struct arena *arena, const struct policy *p, struct ask *a)
{
    struct ask_account *list = ARENA_ARRAY(arena, 2, struct ask_account);
    char *contra = arena_strdup(arena, "6000"), *bank = arena_strdup(arena, "1000");
    TRY(arena_check(arena));
    list[0] = (struct ask_account){bank, "cash", true, true};
    list[1] = (struct ask_account){contra, "expense", true, false};
    a->accounts = list;
    a->accounts_n = 2;
    for (int i = 0; i < TRIES_MAX && sensitive(p, a); i++) {
        char *id = i % 2 == 0 ? contra : bank;
        int next = i / 2 + 1;
        id[1] = (char)('0' + next / 100 % 10);
        id[2] = (char)('0' + next / 10 % 10);
        id[3] = (char)('0' + next % 10);
    }
    return OK;
}

static const char *match_type(const struct policy *p)
{
    static const char *const plain[] = {"exact", "hard_key", NULL};
    for (size_t i = 0; plain[i] != NULL; i++) {
        struct ask a = {.actor_kind = ACTOR_ENGINE, .match_type = plain[i]};
        clause_ptr ignored;
        if (!engine_strategy(p, &a, &ignored))
            return plain[i];
    }
    for (size_t i = 1; policy_match_type_names[i] != NULL; i++) {
        struct ask a = {.actor_kind = ACTOR_ENGINE, .match_type = policy_match_type_names[i]};
        clause_ptr ignored;
        if (!engine_strategy(p, &a, &ignored))
            return a.match_type;
    }
    return "exact";
}

static struct err windows(struct arena *arena, const struct policy *p, struct ask *a)
{
    struct ask_cumulative *sums = ARENA_ARRAY(arena, p->cumulative_n, struct ask_cumulative);
    TRY(arena_check(arena));
    for (size_t i = 0; i < p->cumulative_n; i++)
        sums[i].known = true;
    a->cumulative = sums;
    a->cumulative_n = p->cumulative_n;
    a->auto_confirmed.known = true;
    return OK;
}

static void several(const struct policy *p, struct ask *a)
{
    a->tool = "resolve_escalations";
    a->bulk_n = 2;
    a->bulk_one_clause = true;
    a->bulk_sum.known = true;
    for (unsigned r = REASON_ALLOWED + 1; r < REASON_COUNT && a->bulk_reason == NULL; r++) {
        if ((p->bulk.reasons & UINT64_C(1) << r) != 0)
            a->bulk_reason = reason_name((enum reason)r);
    }
}

static void act(enum action action, struct ask *a)
{
    bool matched = action == ACTION_CONFIRM || action == ACTION_REJECT ||
                   action == ACTION_UNMATCH || action == ACTION_ESCALATE;
    unsigned at = (unsigned)action < ACTION_COUNT ? (unsigned)action : ACTION_NONE;
    a->action = action;
    a->change = true;
    a->tier = acts[at].tier;
    a->tool = acts[at].tool;
    a->object_type = acts[at].object;
    a->object_id = "example";
    a->object_version = 1;
    a->state = acts[at].state;
    a->state_valid = true;
    a->posting = action == ACTION_POST_ENTRY;
    a->decision = action == ACTION_RESOLVE ? DECISION_CONFIRM : DECISION_NONE;
    a->source = matched ? SOURCE_MATCHER : SOURCE_NONE;
    a->score_bp = 10000;
    a->sure = true;
    a->keeps_amount = true;
    a->has_rationale = true;
    a->own_seat = true;
    a->delivery_service = action == ACTION_RECORD_DELIVERY;
    a->counterparty = "vnd-0001";
    a->has_amount = acts[at].money;
    a->amount = (struct money){.minor = 100, .cur = "USD"};
}

struct err case_plain(struct arena *arena, const struct policy *policy,
                      const struct case_seed *seed, struct ask *ask)
{
    struct ask a = {.action = ACTION_NONE};
    act(seed->action, &a);
    TRY(who(arena, policy, seed, &a));
    TRY(where(arena, policy, &a));
    TRY(accounts(arena, policy, &a));
    a.match_type = match_type(policy);
    TRY(windows(arena, policy, &a));
    if (seed->bulk)
        several(policy, &a);
    *ask = a;
    return OK;
}

struct err case_value(struct arena *arena, const struct policy *policy, struct date on,
                      struct ask *ask)
{
    size_t n = ask->has_amount ? policy->currencies_n : 0;
    struct ask_value *values = ARENA_ARRAY(arena, n, struct ask_value);
    TRY(arena_check(arena));
    for (size_t i = 0; i < n; i++)
        values[i] = policy_value(policy, ask->amount, policy->currencies[i], on);
    ask->values = values;
    ask->values_n = n;
    return OK;
}
