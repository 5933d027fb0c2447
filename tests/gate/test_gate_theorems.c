/* Theorems about the gate over its input space: subspaces walked whole, and the whole space at many
 * points. The first one is that gate.c is the oracle, the policy written a second time; the others
 * would hold for any gate worth the name, and are checked without asking either of the two what is
 * right. A failure prints the point. */
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "tests/gate/oracle.h"
#include "tests/gate/world.h"
#include "tests/unit/test.h"

static struct arena *arena;
static struct world_policies policies;
static struct world w;

static void up(void)
{
    arena = arena_new((size_t)64 << 20);
    policies = world_policies_load(arena);
}

static void down(void)
{
    arena_free(arena);
}

/* ---- walking ---- */

/* Sanitizers look for other faults than wrong verdicts, and a part of the points shows them those:
 * every seventeenth there, which is coprime to the choices of every dimension. */
#ifdef __SANITIZE_ADDRESS__
enum { EVERY = 17 };
#else
enum { EVERY = 1 };
#endif

struct point {
    enum world_policy policy;
    size_t choice[DIMS];
};

/* NULL when the theorem holds here, else what is wrong. */
typedef const char *theorem(const struct point *at);

static void fail_at(const struct point *at, const char *problem)
{
    struct buf b;
    buf_init(&b, 4096);
    for (size_t i = 0; i < DIMS; i++) {
        if (at->choice[i] != 0)
            buf_putf(&b, " %s=%zu", world_dims[i].name, at->choice[i]);
    }
    struct verdict v = gate_decide(w.policy, &w.ask);
    struct oracle_answer o = oracle_decide(w.policy, &w.ask);
    ck_abort_msg("%s at policy=%d%s: gate %s %s row %s %s, oracle %s %s row %s %s", problem,
                 (int)at->policy, buf_text(&b), ruling_name(v.ruling), reason_name(v.reason), v.row,
                 v.pointer, ruling_name(o.ruling), reason_name(o.reason), o.row, o.pointer);
}

static void visit(const struct point *at, theorem *holds)
{
    world_make(&w, policies.policy[at->policy], at->choice);
    const char *problem = holds(at);
    if (problem != NULL)
        fail_at(at, problem);
}

/* Every choice of these dimensions, the others plain, under every policy. */
static size_t walk(const size_t *dims, size_t n, theorem *holds)
{
    size_t visited = 0;
    for (int p = 0; p < WORLD_POLICIES; p++) {
        struct point at = {.policy = (enum world_policy)p};
        size_t i = 0;
        while (i < n) {
            if (visited++ % EVERY == 0)
                visit(&at, holds);
            for (i = 0; i < n && ++at.choice[dims[i]] == world_dims[dims[i]].n; i++)
                at.choice[dims[i]] = 0;
        }
    }
    return visited;
}

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* `n` points of the whole space, the same ones each time; four in five choices are plain, or nearly
 * every point would be refused for five reasons at once. */
static void wander(size_t n, theorem *holds)
{
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15);
    for (size_t i = 0; i < n / EVERY; i++) {
        struct point at = {.policy = (enum world_policy)(random_next(&state) % WORLD_POLICIES)};
        for (size_t d = 0; d < DIMS; d++) {
            uint64_t r = random_next(&state);
            at.choice[d] = r % 5 == 0 ? (size_t)(r / 5 % world_dims[d].n) : 0;
        }
        at.choice[DIM_KIND] = (size_t)(random_next(&state) % 3);
        visit(&at, holds);
    }
}

#define WALK(holds, ...)                                                                           \
    walk((const size_t[]){__VA_ARGS__}, sizeof((const size_t[]){__VA_ARGS__}) / sizeof(size_t),    \
         (holds))

/* The subspaces in which everything happens. */
static size_t walk_amounts(theorem *holds)
{
    return WALK(holds, DIM_KIND, DIM_LEVEL, DIM_RATES, DIM_ENTITIES, DIM_ROLES, DIM_RATIONALE,
                DIM_APPROVERS);
}

static size_t walk_machines(theorem *holds)
{
    return WALK(holds, DIM_KIND, DIM_FLAGS, DIM_WINDOWS, DIM_CAP, DIM_LEVEL, DIM_RATES);
}

static size_t walk_eyes(theorem *holds)
{
    return WALK(holds, DIM_KIND, DIM_RELATION, DIM_ACCOUNTS, DIM_LEVEL, DIM_SOURCE, DIM_TIER,
                DIM_RATIONALE);
}

static size_t walk_actions(theorem *holds)
{
    return WALK(holds, DIM_ACTION, DIM_KIND, DIM_STATE_VALID, DIM_PERIOD, DIM_DECISION, DIM_SEAT,
                DIM_PROD, DIM_APPROVERS);
}

static size_t walk_places(theorem *holds)
{
    return WALK(holds, DIM_ACTION, DIM_KIND, DIM_TIER, DIM_PLACE, DIM_FROZEN, DIM_CHANGE,
                DIM_BLOCKED);
}

static size_t walk_matches(theorem *holds)
{
    return WALK(holds, DIM_KIND, DIM_STATE, DIM_MATCH_TYPE, DIM_SOURCE, DIM_SCORE, DIM_ENTITIES,
                DIM_ACCOUNTS);
}

/* Writing off and unmatching: whose eyes, how much, what the windows hold. Every action, so that
 * nothing else starts to look at these facts. */
static size_t walk_acts(theorem *holds)
{
    return WALK(holds, DIM_ACTION, DIM_KIND, DIM_LEVEL, DIM_KEEPS, DIM_RELATION, DIM_RATIONALE,
                DIM_APPROVERS, DIM_WINDOWS);
}

/* Administration: who asks, who answers, whom it is about, what is frozen. */
static size_t walk_administration(theorem *holds)
{
    return WALK(holds, DIM_ACTION, DIM_KIND, DIM_PROD, DIM_APPROVERS, DIM_RELATION, DIM_SUBJECT,
                DIM_DECISION, DIM_FROZEN);
}

/* Lent roles, whoever spoke before, and what is asked. */
static size_t walk_seats(theorem *holds)
{
    return WALK(holds, DIM_ACTION, DIM_KIND, DIM_ROLES, DIM_SEATS, DIM_RELATION, DIM_APPROVERS,
                DIM_ENTITIES) +
           WALK(holds, DIM_KIND, DIM_ROLES, DIM_SEATS, DIM_RELATION, DIM_LEVEL, DIM_APPROVERS,
                DIM_TIER);
}

/* Several at once: how many, of what, by whom, from where. */
static size_t walk_bulk(theorem *holds)
{
    return WALK(holds, DIM_ACTION, DIM_BULK, DIM_KIND, DIM_TIER, DIM_PLACE, DIM_DECISION,
                DIM_ROLES);
}

/* The highest tier: from where, how long ago, with which login, and how many spoke. */
static size_t walk_highest(theorem *holds)
{
    return WALK(holds, DIM_ACTION, DIM_KIND, DIM_TIER, DIM_LOGIN, DIM_DECISION, DIM_PROD,
                DIM_APPROVERS) +
           WALK(holds, DIM_KIND, DIM_ACTION, DIM_LOGIN, DIM_PLACE, DIM_DECISION, DIM_PROD);
}

/* ---- the gate is the oracle ---- */

static const char *is_the_oracle(const struct point *at)
{
    struct verdict v = gate_decide(w.policy, &w.ask);
    struct oracle_answer o = oracle_decide(w.policy, &w.ask);
    (void)at;
    if (v.ruling != o.ruling || v.reason != o.reason || strcmp(v.row, o.row) != 0)
        return "the gate is not the oracle";
    return strcmp(v.pointer, o.pointer) == 0 ? NULL : "the gate quotes another clause";
}

START_TEST(gate_is_the_oracle_about_amounts)
{
    ck_assert_uint_gt(walk_amounts(is_the_oracle), 400000);
}
END_TEST

START_TEST(gate_is_the_oracle_about_machines)
{
    ck_assert_uint_gt(walk_machines(is_the_oracle), 1000000);
}
END_TEST

START_TEST(gate_is_the_oracle_about_whose_eyes)
{
    ck_assert_uint_gt(walk_eyes(is_the_oracle), 400000);
}
END_TEST

START_TEST(gate_is_the_oracle_about_every_action)
{
    ck_assert_uint_gt(walk_actions(is_the_oracle), 700000);
}
END_TEST

START_TEST(gate_is_the_oracle_about_places)
{
    ck_assert_uint_gt(walk_places(is_the_oracle), 400000);
}
END_TEST

START_TEST(gate_is_the_oracle_about_matches)
{
    ck_assert_uint_gt(walk_matches(is_the_oracle), 300000);
}
END_TEST

START_TEST(gate_is_the_oracle_about_acts)
{
    ck_assert_uint_gt(walk_acts(is_the_oracle), 700000);
}
END_TEST

START_TEST(gate_is_the_oracle_about_administration)
{
    ck_assert_uint_gt(walk_administration(is_the_oracle), 700000);
}
END_TEST

START_TEST(gate_is_the_oracle_about_lent_seats)
{
    ck_assert_uint_gt(walk_seats(is_the_oracle), 500000);
}
END_TEST

START_TEST(gate_is_the_oracle_about_several_at_once)
{
    ck_assert_uint_gt(walk_bulk(is_the_oracle), 900000);
}
END_TEST

START_TEST(gate_is_the_oracle_about_the_highest_tier)
{
    ck_assert_uint_gt(walk_highest(is_the_oracle), 250000);
}
END_TEST

/* What is T3 is confirmed by a person on the web with a login made for it, where such are asked
 * for; and another policy, where it is T3, takes three. */
static const char *highest_is_careful(const struct point *at)
{
    bool policy = w.ask.action == ACTION_CHANGE_POLICY && w.policy->policy_change_t3 && w.ask.prod;
    (void)at;
    if (gate_decide(w.policy, &w.ask).ruling != RULING_ALLOW || w.ask.actor_kind != ACTOR_HUMAN)
        return NULL;
    if (policy && w.ask.approvers_n < 2)
        return "fewer than three people changed the policy";
    if (w.ask.action == ACTION_PROPOSE || (w.ask.tier != TIER_T3 && !policy))
        return NULL;
    if (w.ask.tier == TIER_T3 && w.ask.channel != CHANNEL_WEB)
        return "T3 was not decided on the web";
    if (!w.ask.login_wanted || (policy && w.ask.decision != DECISION_CONFIRM))
        return NULL;
    return w.ask.decision == DECISION_CONFIRM && w.ask.login_bound
               ? NULL
               : "T3 was done without a login made for it";
}

START_TEST(the_highest_tier_takes_a_login_made_for_it)
{
    (void)walk_highest(highest_is_careful);
    wander(500000, highest_is_careful);
}
END_TEST

/* What is allowed at once is a person's, under one clause, no more than the policy says, and would
 * be allowed alone; and no other act looks at these facts. */
static const char *bulk_is_bounded(const struct point *at)
{
    const struct policy_bulk *b = &w.policy->bulk;
    const struct verdict v = gate_decide(w.policy, &w.ask);
    struct ask alone = w.ask;
    (void)at;
    alone.bulk_n = 0;
    if (w.ask.bulk_n == 0)
        return v.reason == REASON_BULK_LIMIT ? "one escalation met the limit of several" : NULL;
    if (w.ask.action != ACTION_RESOLVE)
        return gate_decide(w.policy, &alone).row == v.row ? NULL : "another act is in bulk";
    if (v.ruling == RULING_HUMAN)
        return "several at once wait for somebody";
    if (v.ruling != RULING_ALLOW)
        return NULL;
    bool bounded = w.ask.actor_kind == ACTOR_HUMAN && w.ask.bulk_one_clause &&
                   w.ask.tier != TIER_T3 && w.ask.bulk_n > 0 && w.ask.bulk_n <= b->max_items &&
                   w.ask.bulk_sum.known && decimal_cmp(w.ask.bulk_sum.sum, b->max_amount.max) <= 0;
    if (!bounded)
        return "more at once than the policy allows";
    return gate_decide(w.policy, &alone).ruling == RULING_ALLOW ? NULL
                                                                : "several may what one may not";
}

START_TEST(several_at_once_stay_within_the_policy)
{
    (void)walk_bulk(bulk_is_bounded);
    wander(500000, bulk_is_bounded);
}
END_TEST

START_TEST(gate_is_the_oracle_everywhere_else)
{
    wander(1500000, is_the_oracle);
}
END_TEST

/* ---- theorems ---- */

static bool is_machine(void)
{
    return w.ask.actor_kind != ACTOR_HUMAN;
}

static enum ruling ruling(void)
{
    return gate_decide(w.policy, &w.ask).ruling;
}

static const char *unlisted_is_denied(const struct point *at)
{
    bool listed = at->choice[DIM_KIND] < 3 && w.ask.change && w.ask.action > ACTION_NONE &&
                  w.ask.action < ACTION_COUNT && at->choice[DIM_TIER] < 4;
    struct verdict v = gate_decide(w.policy, &w.ask);
    if (!listed && (v.ruling != RULING_DENY || v.reason != REASON_UNLISTED))
        return "what is not listed was not denied as unlisted";
    if (listed && w.ask.action == ACTION_POST_ENTRY && v.ruling == RULING_ALLOW)
        return "an action without rows was allowed";
    return NULL;
}

static const char *housekeeping_is_the_engines(const struct point *at)
{
    (void)at;
    if (w.ask.action == ACTION_SWEEP && w.ask.actor_kind != ACTOR_ENGINE)
        return ruling() == RULING_DENY ? NULL : "somebody else kept house";
    if (ruling() != RULING_ALLOW || w.ask.actor_kind == ACTOR_HUMAN)
        return NULL;
    bool human_act = w.ask.action == ACTION_UNMATCH || w.ask.action == ACTION_FREEZE ||
                     w.ask.action == ACTION_THAW;
    if (human_act)
        return "a machine took back a confirmation, froze or thawed";
    bool gives_up = w.ask.action == ACTION_RESOLVE_EXCEPTION && !w.ask.keeps_amount;
    return gives_up ? "a machine wrote off" : NULL;
}

START_TEST(machines_do_not_do_what_is_for_people)
{
    (void)walk_acts(housekeeping_is_the_engines);
    wander(500000, housekeeping_is_the_engines);
}
END_TEST

/* Whoever flagged it or asked for it gives up no more than anybody may alone. */
static const char *giving_up_takes_two(const struct point *at)
{
    bool asked = at->choice[DIM_RELATION] == 2 || w.ask.principal == NULL;
    bool more = at->choice[DIM_LEVEL] > LEVEL_SMALL || w.policy->cumulative_n == 0;
    if (w.ask.action != ACTION_RESOLVE_EXCEPTION || w.ask.keeps_amount || !asked || !more)
        return NULL;
    return ruling() == RULING_ALLOW ? "one person wrote off more than the limit" : NULL;
}

START_TEST(a_write_off_above_the_limit_takes_two)
{
    (void)walk_acts(giving_up_takes_two);
    wander(500000, giving_up_takes_two);
}
END_TEST

/* ---- seats are lent, never merged ---- */

static bool spoke_before(const char *who)
{
    for (size_t i = 0; i < w.ask.seats_n; i++) {
        if (strcmp(w.ask.seats[i], who) == 0)
            return true;
    }
    for (size_t i = 0; i < w.ask.proposers_n; i++) {
        if (w.ask.action == ACTION_CONFIRM && strcmp(w.ask.proposers[i], who) == 0)
            return true;
    }
    return false;
}

/* Whatever is allowed or advances a stage rests on nobody who spoke before: neither does the actor
 * confirm as a proposer, nor sit on the seat of somebody who approved. */
static const char *seats_stay_apart(const struct point *at)
{
    const char *lenders[4];
    (void)at;
    if (w.ask.actor_kind != ACTOR_HUMAN || ruling() == RULING_DENY)
        return NULL;
    size_t n = gate_seats(w.policy, &w.ask, lenders, 4);
    for (size_t i = 0; i < n; i++) {
        if (spoke_before(lenders[i]))
            return "two words rest on one seat";
        if (w.ask.action == ACTION_SET_DELEGATION)
            return "a lent seat was lent on";
    }
    return NULL;
}

/* Without the seats that gate_seats names, there is no authority: it names what mattered. */
static const char *named_seats_matter(const struct point *at)
{
    struct ask_role kept[WORLD_LISTS_MAX];
    const char *lenders[4];
    size_t n = gate_seats(w.policy, &w.ask, lenders, 4), kept_n = 0;
    (void)at;
    if (ruling() == RULING_DENY)
        return NULL;
    for (size_t i = 0; i < w.ask.roles_n; i++) {
        if (w.ask.roles[i].lender == NULL)
            kept[kept_n++] = w.ask.roles[i];
    }
    w.ask.roles = kept;
    w.ask.roles_n = kept_n;
    bool without = gate_decide(w.policy, &w.ask).reason != REASON_NOT_AUTHORISED;
    if (without && n > 0)
        return "a seat was named that was not needed";
    return !without && n == 0 ? "a seat was needed that was not named" : NULL;
}

/* The same facts, as if everything were one's own: a loan gives no more than that. */
static const char *lent_is_no_more_than_own(const struct point *at)
{
    struct ask_role own[WORLD_LISTS_MAX];
    (void)at;
    if (ruling() != RULING_ALLOW)
        return NULL;
    memcpy(own, w.ask.roles, w.ask.roles_n * sizeof own[0]);
    for (size_t i = 0; i < w.ask.roles_n; i++)
        own[i].lender = NULL;
    w.ask.roles = own;
    return ruling() == RULING_ALLOW ? NULL : "a lent role allowed what an own role does not";
}

START_TEST(two_approvals_never_rest_on_one_principal_however_seats_are_lent)
{
    (void)walk_seats(seats_stay_apart);
    (void)walk_seats(named_seats_matter);
    (void)walk_seats(lent_is_no_more_than_own);
    wander(500000, seats_stay_apart);
    wander(300000, lent_is_no_more_than_own);
}
END_TEST

static const char *no_seat_for_machines(const struct point *at)
{
    (void)at;
    if (!is_machine() || ruling() != RULING_ALLOW)
        return NULL;
    bool by_nature = w.ask.actor_kind == ACTOR_ENGINE || w.ask.action == ACTION_RECORD_DELIVERY;
    for (size_t i = 0; i < w.ask.roles_n && !by_nature; i++)
        by_nature = w.ask.roles[i].lender == NULL;
    return by_nature ? NULL : "a machine sat on a lent seat";
}

static const char *only_the_service_delivers(const struct point *at)
{
    (void)at;
    if (w.ask.action != ACTION_RECORD_DELIVERY || ruling() != RULING_ALLOW)
        return NULL;
    return w.ask.delivery_service ? NULL : "somebody else recorded a delivery";
}

START_TEST(machines_sit_on_no_seat_and_only_the_service_delivers)
{
    (void)walk_seats(no_seat_for_machines);
    (void)walk_actions(only_the_service_delivers);
    wander(300000, only_the_service_delivers);
}
END_TEST

START_TEST(default_deny)
{
    (void)walk_places(unlisted_is_denied);
    static const struct ask nothing;
    for (int p = 0; p < WORLD_POLICIES; p++)
        ck_assert_int_eq(gate_decide(policies.policy[p], &nothing).reason, REASON_UNLISTED);
    static const struct policy no_policy;
    world_begin(&w, &no_policy);
    ck_assert_int_eq(gate_decide(&no_policy, &w.ask).ruling, RULING_DENY);
}
END_TEST

/* Whatever was allowed, one rule that blocks it is enough. */
static const char *blocking_denies(const struct point *at)
{
    static struct policy_block all = {.id = "all", .clause = {"Nothing goes.", "/blocked/0"}};
    struct policy more = *w.policy;
    (void)at;
    all.action = w.ask.action;
    more.blocked = &all;
    more.blocked_n = 1;
    struct verdict v = gate_decide(&more, &w.ask);
    return v.ruling == RULING_DENY ? NULL : "a blocked rule did not deny";
}

START_TEST(deny_trumps_allow)
{
    wander(300000, blocking_denies);
    (void)walk_amounts(blocking_denies);
}
END_TEST

static const char *decides_the_same(const struct point *at)
{
    struct ask before = w.ask;
    struct verdict first = gate_decide(w.policy, &w.ask);
    struct verdict second = gate_decide(w.policy, &before);
    (void)at;
    if (memcmp(&before, &w.ask, sizeof before) != 0)
        return "deciding changed the ask";
    return memcmp(&first, &second, sizeof first) == 0 ? NULL : "two verdicts for one ask";
}

START_TEST(same_ask_same_verdict)
{
    wander(300000, decides_the_same);
}
END_TEST

/* Every limit of the plain policies is written in USD, GBP, JPY or EUR; which of them a point needs
 * does not matter when none is known. */
static const char *unknown_is_not_allowed(const struct point *at)
{
    bool unknown = at->choice[DIM_RATES] >= RATES_MISSING;
    if (!unknown || !is_machine() || w.ask.action != ACTION_CONFIRM)
        return NULL;
    return ruling() == RULING_ALLOW ? "a machine confirmed an unknown amount" : NULL;
}

START_TEST(unknown_never_allows_a_machine)
{
    (void)walk_amounts(unknown_is_not_allowed);
    (void)walk_machines(unknown_is_not_allowed);
    wander(500000, unknown_is_not_allowed);
}
END_TEST

static const char *llm_is_not_allowed(const struct point *at)
{
    (void)at;
    if (w.ask.actor_kind != ACTOR_LLM || ruling() != RULING_ALLOW)
        return NULL;
    if (w.ask.action == ACTION_CONFIRM)
        return "an llm confirmed";
    bool answers = w.ask.decision == DECISION_ANSWER;
    return w.ask.action == ACTION_RESOLVE && !answers ? "an llm resolved" : NULL;
}

START_TEST(llm_never_allowed_to_confirm)
{
    (void)walk_amounts(llm_is_not_allowed);
    (void)walk_machines(llm_is_not_allowed);
    (void)walk_matches(llm_is_not_allowed);
    (void)walk_eyes(llm_is_not_allowed);
    (void)walk_actions(llm_is_not_allowed);
    wander(500000, llm_is_not_allowed);
}
END_TEST

static const char *engine_stays_below(const struct point *at)
{
    if (w.ask.actor_kind != ACTOR_ENGINE || w.ask.action != ACTION_CONFIRM ||
        at->choice[DIM_LEVEL] <= LEVEL_EQUAL)
        return NULL;
    return ruling() == RULING_ALLOW ? "the engine confirmed more than materiality" : NULL;
}

START_TEST(engine_never_allowed_over_materiality)
{
    (void)walk_amounts(engine_stays_below);
    (void)walk_machines(engine_stays_below);
    wander(500000, engine_stays_below);
}
END_TEST

static struct verdict at_level(const struct policy *p, size_t kind, enum level level,
                               const size_t *more, size_t n)
{
    size_t choice[DIMS] = {[DIM_KIND] = kind, [DIM_LEVEL] = level};
    for (size_t i = 0; i + 1 < n; i += 2)
        choice[more[i]] = more[i + 1];
    world_make(&w, p, choice);
    return gate_decide(p, &w.ask);
}

#define AT_LEVEL(kind, level, ...)                                                                 \
    at_level(policies.policy[POLICY_BELOW], (kind), (level), (const size_t[]){__VA_ARGS__},        \
             sizeof((const size_t[]){__VA_ARGS__}) / sizeof(size_t))

START_TEST(strictly_more_not_equal)
{
    enum { ENGINE, LLM, HUMAN };
    for (size_t entities = 0; entities < 5; entities++) {
        struct verdict equal = AT_LEVEL(ENGINE, LEVEL_EQUAL, DIM_ENTITIES, entities);
        struct verdict hair = AT_LEVEL(ENGINE, LEVEL_HAIR, DIM_ENTITIES, entities);
        ck_assert_int_eq(equal.ruling, RULING_ALLOW);
        ck_assert_str_eq(hair.row, "5");
        /* no rationale is needed at the threshold, and it is a hair above */
        equal = AT_LEVEL(HUMAN, LEVEL_EQUAL, DIM_ENTITIES, entities, DIM_RATIONALE, 1);
        hair = AT_LEVEL(HUMAN, LEVEL_HAIR, DIM_ENTITIES, entities, DIM_RATIONALE, 1);
        ck_assert_int_eq(equal.ruling, RULING_ALLOW);
        ck_assert_str_eq(hair.row, "7");
    }
    ck_assert_int_eq(AT_LEVEL(HUMAN, LEVEL_SINGLE, 0, HUMAN).ruling, RULING_ALLOW);
    ck_assert_str_eq(AT_LEVEL(HUMAN, LEVEL_TWO_PEOPLE, 0, HUMAN).row, "11");
    ck_assert_str_eq(AT_LEVEL(HUMAN, LEVEL_MAX, 0, HUMAN).row, "11");
    ck_assert_str_eq(AT_LEVEL(HUMAN, LEVEL_TOO_MUCH, 0, HUMAN).row, "c");
    ck_assert_int_eq(AT_LEVEL(ENGINE, LEVEL_SMALL, DIM_WINDOWS, 2).ruling, RULING_ALLOW);
    ck_assert_str_eq(AT_LEVEL(ENGINE, LEVEL_SMALL, DIM_WINDOWS, 3).row, "10.5");
    ck_assert_int_eq(AT_LEVEL(ENGINE, LEVEL_SMALL, DIM_CAP, 1).ruling, RULING_ALLOW);
    ck_assert_str_eq(AT_LEVEL(ENGINE, LEVEL_SMALL, DIM_CAP, 2).row, "10.6");
    /* the age of a login: as old as allowed, and a second older */
    ck_assert_int_eq(AT_LEVEL(HUMAN, LEVEL_SMALL, DIM_PLACE, 7).ruling, RULING_ALLOW);
    ck_assert_str_eq(AT_LEVEL(HUMAN, LEVEL_SMALL, DIM_PLACE, 8).row, "d.2");
}
END_TEST

/* But for one act: a person who is not frozen themselves may thaw. */
static const char *frozen_is_denied(const struct point *at)
{
    (void)at;
    bool thaws = w.ask.action == ACTION_THAW && w.ask.actor_kind == ACTOR_HUMAN;
    for (int self = 0; self < 2; self++) {
        w.ask.frozen = true;
        w.ask.frozen_self = self == 1;
        struct verdict v = gate_decide(w.policy, &w.ask);
        bool stopped = v.reason == REASON_FROZEN || v.reason == REASON_UNLISTED;
        if (!stopped && (self == 1 || !thaws))
            return "frozen, and yet";
    }
    return NULL;
}

/* In prod: neither whom a change is about nor who asked for it is its second human. */
static const char *two_others_administer(const struct point *at)
{
    bool admin = w.ask.action == ACTION_CHANGE_REGISTRY || w.ask.action == ACTION_CHANGE_POLICY ||
                 w.ask.action == ACTION_CHANGE_MASTER_DATA || w.ask.action == ACTION_THAW;
    bool concerned =
        w.ask.principal == NULL || at->choice[DIM_SUBJECT] == 1 || at->choice[DIM_RELATION] == 2;
    if (!admin || !w.ask.prod || ruling() != RULING_ALLOW)
        return NULL;
    if (w.ask.actor_kind != ACTOR_HUMAN || w.ask.approvers_n < 1)
        return "prod was administered by one person, or none";
    return concerned && w.ask.decision == DECISION_CONFIRM ? "somebody approved their own change"
                                                           : NULL;
}

START_TEST(nobody_approves_a_change_of_their_own)
{
    (void)walk_administration(two_others_administer);
    wander(500000, two_others_administer);
}
END_TEST

START_TEST(frozen_stops_everything)
{
    (void)walk_actions(frozen_is_denied);
    wander(300000, frozen_is_denied);
}
END_TEST

/* The sentence stands in the policy, and the pointer finds the rule it stands at. */
static const char *clause_is_quoted(const struct point *at)
{
    struct verdict v = gate_decide(w.policy, &w.ask);
    if (v.ruling == RULING_ALLOW)
        return v.clause[0] == '\0' && v.pointer[0] == '\0' ? NULL : "a clause for allowed";
    if (v.clause[0] == '\0' || v.pointer[0] != '/')
        return "no clause, or no pointer";
    if (v.reason == REASON_ALLOWED || v.reason == REASON_NONE)
        return "no reason";
    const struct json *rule = json_pointer_get(policies.tree[at->policy], v.pointer);
    return rule == NULL ? "the pointer finds nothing in the policy" : NULL;
}

START_TEST(every_denial_quotes_a_clause)
{
    (void)walk_eyes(clause_is_quoted);
    (void)walk_bulk(clause_is_quoted);
    (void)walk_places(clause_is_quoted);
    wander(500000, clause_is_quoted);
}
END_TEST

/* Another name, another session, another client: the same person, the same verdict; and whoever
 * proposed it never confirms it, whatever the name. */
static const char *names_do_not_matter(const struct point *at)
{
    if (w.ask.actor_kind != ACTOR_HUMAN || at->choice[DIM_BLOCKED] == 4)
        return NULL;
    struct verdict one = gate_decide(w.policy, &w.ask);
    w.ask.actor = "human:ana.smith@example.com";
    w.ask.client = "another-laptop";
    struct verdict two = gate_decide(w.policy, &w.ask);
    if (memcmp(&one, &two, sizeof one) != 0)
        return "another name changed the verdict";
    bool proposed = at->choice[DIM_RELATION] == 2 || w.ask.principal == NULL;
    if (proposed && w.ask.action == ACTION_CONFIRM && two.ruling == RULING_ALLOW)
        return "a second name was a second pair of eyes";
    return NULL;
}

START_TEST(two_names_one_principal_are_one_pair_of_eyes)
{
    (void)walk_eyes(names_do_not_matter);
    wander(500000, names_do_not_matter);
}
END_TEST

static const char *trace_agrees(const struct point *at)
{
    struct gate_step steps[64];
    struct verdict v = gate_decide(w.policy, &w.ask), traced;
    size_t n = gate_trace(w.policy, &w.ask, steps, 64, &traced);
    (void)at;
    if (memcmp(&v, &traced, sizeof v) != 0)
        return "the trace tells of another verdict";
    if (n > 64 || (n == 0) != (strcmp(v.row, "-") == 0 && v.reason == REASON_UNLISTED && n == 0))
        return n > 64 ? "the trace is too long" : "the trace is empty";
    for (size_t i = 0; i < n; i++) {
        bool last = i + 1 == n && strcmp(v.row, "-") != 0;
        if (steps[i].held != last)
            return "a row before the last one held";
    }
    if (n > 0 && strcmp(v.row, "-") != 0 && strcmp(steps[n - 1].row, v.row) != 0)
        return "the trace ends at another row";
    return gate_trace(w.policy, &w.ask, steps, 1, &traced) == n ? NULL
                                                                : "a short trace counts less";
}

START_TEST(gate_trace_agrees_with_gate_decide)
{
    (void)walk_places(trace_agrees);
    wander(300000, trace_agrees);
}
END_TEST

/* ---- monotonic: one more restriction never turns no into yes ---- */

static const struct ask_account unknown_account = {.id = NULL};
static const char *const everybody[] = {"p-ana", "p-bob", "p-cem", "p-dia"};
static const struct ask_cumulative unknown_window = {.known = false};

/* clang-format off */
static void restrict_by(struct ask *a, int how)
{
    switch (how) {
    case 0: a->frozen = true; break;
    case 1: a->posting = a->period_closed = true; break;
    case 2: a->state = MATCH_CONFIRMED; break;
    case 3: a->state_valid = false; break;
    case 4: a->entry_taken = true; break;
    case 5: a->ambiguous = true; break;
    case 6: a->entity_mismatch = true; break;
    case 7: a->intercompany = true, a->intercompany_paired = false; break;
    case 8: a->approvers_n = 0; break;
    case 9: a->source = SOURCE_NONE; break;
    case 10: a->roles_n = 0; break;
    case 11: a->has_amount = a->action != ACTION_CONFIRM && a->has_amount; break;
    case 12: a->values_n = a->action == ACTION_CONFIRM ? 0 : a->values_n; break;
    case 13: a->accounts = &unknown_account, a->accounts_n = 1; break;
    case 14: a->cumulative = &unknown_window, a->cumulative_n = 1; break;
    case 15: a->cumulative_n = 0; break;
    case 16: a->auto_confirmed.known = false; break;
    case 17: a->auto_confirmed_n = INT64_MAX; break;
    case 18: a->score_bp = 0; break;
    case 19: a->sure = false; break;
    case 20: a->has_rationale = false; break;
    case 21: a->auth_age_s = -1; break;
    case 22: a->channel = a->channel > CHANNEL_CLI ? a->channel : CHANNEL_NONE; break;
    case 23: a->prod = true; break;
    case 24: a->own_seat = false; break;
    case 25: a->delivery_service = false; break;
    case 26: a->change = false; break;
    case 27: a->tier = a->tier < TIER_T3 ? TIER_T3 : a->tier; break;
    case 28: a->principal = NULL; break;
    case 29: a->accounts_n = 0; break;
    case 30: a->keeps_amount = false; break;
    case 31: a->frozen_self = true; break;
    case 32: a->subject = a->subject == NULL ? a->principal : a->subject; break;
    case 33: a->seats = everybody, a->seats_n = 4; break;
    default: break;
    }
}
/* clang-format on */

static const char *restricting_never_allows(const struct point *at)
{
    static char problem[64];
    (void)at;
    if (ruling() == RULING_ALLOW)
        return NULL;
    struct ask plain = w.ask;
    for (int how = 0; how < 34; how++) {
        w.ask = plain;
        restrict_by(&w.ask, how);
        /* a blocked rule about an account cannot speak of accounts that nobody names */
        bool hides = (how == 13 || how == 29) && w.policy->blocked_n > 0;
        if (!hides && ruling() == RULING_ALLOW) {
            (void)snprintf(problem, sizeof problem, "restriction %d turned no into yes", how);
            return problem;
        }
    }
    w.ask = plain;
    return NULL;
}

START_TEST(monotonic)
{
    wander(200000, restricting_never_allows);
}
END_TEST

/* ---- every fact is careful when it is not filled in ---- */

START_TEST(what_a_plan_forgets_never_helps_a_machine)
{
    for (size_t kind = 0; kind < 2; kind++) {
        static const int forgotten[] = {2, 3, 9, 11, 12, 13, 15, 16, 18, 19, 26, 29};
        for (size_t i = 0; i < sizeof forgotten / sizeof forgotten[0]; i++) {
            size_t choice[DIMS] = {[DIM_KIND] = kind};
            world_make(&w, policies.policy[POLICY_BELOW], choice);
            restrict_by(&w.ask, forgotten[i]);
            bool judged_elsewhere = forgotten[i] == 3; /* CONFIRM looks at the state itself */
            ck_assert_msg(judged_elsewhere || ruling() != RULING_ALLOW, "forgotten %d",
                          forgotten[i]);
        }
    }
}
END_TEST

START_TEST(the_plain_point_is_allowed)
{
    world_begin(&w, policies.policy[POLICY_BELOW]);
    struct verdict v = gate_decide(w.policy, &w.ask);
    ck_assert_str_eq(v.row, "13");
    ck_assert_int_eq(v.ruling, RULING_ALLOW);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        gate_is_the_oracle_about_amounts,
        gate_is_the_oracle_about_machines,
        gate_is_the_oracle_about_whose_eyes,
        gate_is_the_oracle_about_every_action,
        gate_is_the_oracle_about_places,
        gate_is_the_oracle_about_matches,
        gate_is_the_oracle_about_acts,
        gate_is_the_oracle_about_administration,
        gate_is_the_oracle_about_lent_seats,
        gate_is_the_oracle_about_the_highest_tier,
        the_highest_tier_takes_a_login_made_for_it,
        gate_is_the_oracle_about_several_at_once,
        several_at_once_stay_within_the_policy,
        gate_is_the_oracle_everywhere_else,
        two_approvals_never_rest_on_one_principal_however_seats_are_lent,
        machines_sit_on_no_seat_and_only_the_service_delivers,
        machines_do_not_do_what_is_for_people,
        a_write_off_above_the_limit_takes_two,
        default_deny,
        deny_trumps_allow,
        same_ask_same_verdict,
        unknown_never_allows_a_machine,
        llm_never_allowed_to_confirm,
        engine_never_allowed_over_materiality,
        strictly_more_not_equal,
        frozen_stops_everything,
        nobody_approves_a_change_of_their_own,
        every_denial_quotes_a_clause,
        two_names_one_principal_are_one_pair_of_eyes,
        gate_trace_agrees_with_gate_decide,
        monotonic,
        what_a_plan_forgets_never_helps_a_machine,
        the_plain_point_is_allowed,
    };
    return test_run_all("gate_theorems", up, down, tests, sizeof tests / sizeof tests[0]);
}
