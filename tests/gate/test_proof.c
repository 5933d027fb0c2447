/* Every invariant of the proof holds for the policies we ship and for the tests' own; and each can
 * fail: a gate or a policy that breaks it is found out, with the counterexample. Where the grammar
 * refuses such a policy already, it is broken behind the grammar. */
#include <string.h>

#include "common/sys/disk.h"
#include "common/sys/yaml_read.h"
#include "engine/gate/proof.h"
#include "tests/gate/world.h"
#include "tests/unit/test.h"

static struct arena *arena;
static struct world_policies policies;
static struct proof_report report;

static void up(void)
{
    arena = arena_new((size_t)512 << 20);
    policies = world_policies_load(arena);
}

static void down(void)
{
    arena_free(arena);
}

static const char *const shipped[] = {
    "docs/policy-example.yaml",
    "deploy/policy-library/saas.yaml",
    "deploy/policy-library/sox.yaml",
    "deploy/demo/saas/policy.yaml",
};
#define SHIPPED (int)(sizeof shipped / sizeof shipped[0])

/* Sanitizers look for other faults than wrong answers, and take ten times as long: one whole proof
 * of a policy of ours and of one we ship shows them those. */
#ifdef __SANITIZE_ADDRESS__
enum { OF_OURS = 1, OF_SHIPPED = 1, PARTS_MAX = 2 };
#else
enum { OF_OURS = WORLD_POLICIES, OF_SHIPPED = SHIPPED, PARTS_MAX = 5 };
#endif

static void prove(const struct policy *p, gate_fn *gate)
{
    const struct proof_of of = {.policy = p, .tree = policies.tree[POLICY_BELOW], .gate = gate};
    ck_ok(policy_prove(arena, &of, &report));
}

/* The invariant that was broken, and that what broke it is told. */
static void finds(const char *invariant)
{
    ck_assert_msg(!report.holds, "%s was not found broken", invariant);
    ck_assert_str_eq(report.finding.invariant, invariant);
    ck_assert_ptr_nonnull(report.finding.what);
    ck_assert_ptr_nonnull(report.finding.ask);
}

/* ---- what holds ---- */

static void holds(const struct proof_of *of, const char *name)
{
    ck_ok(policy_prove(arena, of, &report));
    ck_assert_msg(report.holds, "%s: %s: %s", name, report.finding.invariant, report.finding.what);
    ck_assert_uint_gt(report.points, 1000000);
    ck_assert_uint_gt(report.allowed, report.points / 20); /* not everything was refused anyway */
    ck_assert_uint_gt(report.decided, report.points);
    ck_assert_uint_eq(report.invariants_n, 9);
    ck_assert_msg(report.whole, "%s is proved in part", name); /* ADR 13 says that none is */
}

START_TEST(the_tests_policies_hold)
{
    const struct proof_of of = {.policy = policies.policy[_i], .tree = policies.tree[_i]};
    holds(&of, "the tests' policy");
}
END_TEST

static const char digest[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

START_TEST(the_shipped_policies_hold)
{
    struct str text;
    struct json *tree;
    struct policy *policy;
    ck_ok(disk_read(arena, shipped[_i], (size_t)1 << 20, &text));
    ck_ok(yaml_read(arena, text, &tree));
    ck_ok(policy_load(arena, tree, digest, &policy));
    holds(&(struct proof_of){.policy = policy, .tree = tree}, shipped[_i]);
}
END_TEST

START_TEST(a_proof_is_the_same_each_time)
{
    prove(policies.policy[POLICY_BELOW], NULL);
    const struct proof_report first = report;
    prove(policies.policy[POLICY_BELOW], NULL);
    ck_assert_uint_eq(report.points, first.points);
    ck_assert_uint_eq(report.decided, first.decided);
    ck_assert_uint_eq(report.allowed, first.allowed);
}
END_TEST

/* A point's own verdict is of the walk's own ask and the policy itself; the first one is a point's.
 */
static struct {
    const struct policy *policy;
    const struct ask *ask;
    uint64_t points, allowed;
} counted;

static struct verdict counts(const struct policy *p, const struct ask *a)
{
    struct verdict v = gate_decide(p, a);
    counted.ask = counted.ask == NULL ? a : counted.ask;
    if (p == counted.policy && a == counted.ask) {
        counted.points++;
        counted.allowed += v.ruling == RULING_ALLOW;
    }
    return v;
}

START_TEST(what_is_allowed_is_counted_among_all_points)
{
    counted.policy = policies.policy[POLICY_BARE];
    counted.ask = NULL;
    counted.points = counted.allowed = 0;
    prove(policies.policy[POLICY_BARE], counts);
    ck_assert_uint_eq(report.points, counted.points);
    ck_assert_uint_eq(report.allowed, counted.allowed);
}
END_TEST

/* ---- broken gates ---- */

static const struct verdict yes = {
    .ruling = RULING_ALLOW, .reason = REASON_ALLOWED, .row = "13", .clause = "", .pointer = ""};

static struct verdict forgets_its_list(const struct policy *p, const struct ask *a)
{
    return a->action == ACTION_NONE ? yes : gate_decide(p, a);
}

static struct verdict forgets_roles(const struct policy *p, const struct ask *a)
{
    struct verdict v = gate_decide(p, a);
    bool comment = a->action == ACTION_COMMENT && v.reason == REASON_NOT_AUTHORISED;
    return comment && a->actor_kind == ACTOR_HUMAN && a->roles_n == 0 ? yes : v;
}

static struct verdict posts(const struct policy *p, const struct ask *a)
{
    return a->action == ACTION_POST_ENTRY && a->actor_kind == ACTOR_HUMAN && a->roles_n > 0 &&
                   !a->frozen && !a->frozen_self && p->authority_n > 0
               ? yes
               : gate_decide(p, a);
}

START_TEST(default_deny_can_fail)
{
    static gate_fn *const gates[] = {forgets_its_list, forgets_roles, posts};
    prove(policies.policy[POLICY_BELOW], gates[_i]);
    finds("default_deny");
}
END_TEST

/* Each looks away from one fact that denies. */
static struct verdict looks_away(const struct policy *p, const struct ask *a, int from)
{
    struct ask more = *a;
    struct policy open = *p;
    if (from == 0)
        open.blocked_n = 0;
    if (from == 1)
        more.state = MATCH_PROPOSED, more.state_valid = true;
    if (from == 2)
        more.period_closed = false;
    if (from == 3)
        more.frozen_self = false;
    if (from == 4)
        more.frozen = false;
    return gate_decide(&open, &more);
}

#define LOOKS_AWAY(n)                                                                              \
    static struct verdict looks_away_##n(const struct policy *p, const struct ask *a)              \
    {                                                                                              \
        return looks_away(p, a, n);                                                                \
    }
LOOKS_AWAY(0)
LOOKS_AWAY(1)
LOOKS_AWAY(2)
LOOKS_AWAY(3)
LOOKS_AWAY(4)

/* To ask a person about what is denied is no denial. */
static struct verdict asks_instead(const struct policy *p, const struct ask *a, enum reason reason)
{
    struct verdict v = gate_decide(p, a);
    if (v.reason == reason)
        v.ruling = RULING_HUMAN;
    return v;
}

#define ASKS_INSTEAD(reason)                                                                       \
    static struct verdict asks_instead_##reason(const struct policy *p, const struct ask *a)       \
    {                                                                                              \
        return asks_instead(p, a, REASON_##reason);                                                \
    }
ASKS_INSTEAD(FROZEN)
ASKS_INSTEAD(POLICY_BLOCK)
ASKS_INSTEAD(STATE_INVALID)
ASKS_INSTEAD(PERIOD_CLOSED)

START_TEST(deny_trumps_allow_can_fail)
{
    static gate_fn *const gates[] = {looks_away_0,
                                     looks_away_1,
                                     looks_away_2,
                                     asks_instead_POLICY_BLOCK,
                                     asks_instead_STATE_INVALID,
                                     asks_instead_PERIOD_CLOSED};
    prove(policies.policy[POLICY_BARE], gates[_i]);
    finds("deny_trumps_allow");
}
END_TEST

/* What a frozen agent may not do is put before a person instead. */
static struct verdict asks_for_the_frozen(const struct policy *p, const struct ask *a)
{
    struct ask thawed = *a;
    thawed.frozen = false;
    struct verdict v = gate_decide(p, &thawed);
    return v.ruling == RULING_HUMAN ? v : gate_decide(p, a);
}

START_TEST(frozen_changes_nothing_can_fail)
{
    static gate_fn *const gates[] = {looks_away_3, looks_away_4, asks_instead_FROZEN,
                                     asks_for_the_frozen};
    prove(policies.policy[POLICY_BELOW], gates[_i]);
    finds("frozen_changes_nothing");
}
END_TEST

/* Tires: after so many questions it names another row. */
static struct verdict tires(const struct policy *p, const struct ask *a)
{
    static uint64_t asked;
    struct verdict v = gate_decide(p, a);
    if (++asked > 1000000 && v.ruling == RULING_HUMAN)
        v.row = "0";
    return v;
}

/* Knows the list of entities by where it stands. */
static struct verdict looks_at_places(const struct policy *p, const struct ask *a)
{
    static const char *const *known;
    struct verdict v = gate_decide(p, a);
    known = known == NULL ? a->entities : known;
    if (v.ruling == RULING_ALLOW && a->entities == known)
        v.row = "9";
    return v;
}

START_TEST(same_ask_same_verdict_can_fail)
{
    static gate_fn *const gates[] = {tires, looks_at_places};
    prove(policies.policy[POLICY_BELOW], gates[_i]);
    finds("same_ask_same_verdict");
}
END_TEST

static struct verdict any_process_confirms(const struct policy *p, const struct ask *a)
{
    struct ask more = *a;
    if (a->actor_kind == ACTOR_ENGINE)
        more.actor = "engine:auto-confirm";
    return gate_decide(p, &more);
}

static struct verdict any_source_will_do(const struct policy *p, const struct ask *a)
{
    struct ask more = *a;
    if (a->actor_kind == ACTOR_ENGINE)
        more.source = SOURCE_MATCHER;
    return gate_decide(p, &more);
}

START_TEST(t2_human_only_can_fail)
{
    static gate_fn *const gates[] = {any_process_confirms, any_source_will_do};
    prove(policies.policy[POLICY_BELOW], gates[_i]);
    finds("t2_human_only");
    ck_assert_int_eq(report.finding.ask->actor_kind, ACTOR_ENGINE);
    ck_assert_int_eq(report.finding.verdict.ruling, RULING_ALLOW);
}
END_TEST

/* The grammar refuses this grant: behind it, the engine may write off, and nothing else stops it.
 */
START_TEST(an_engine_that_holds_a_decision_is_found_out)
{
    struct policy p = *policies.policy[POLICY_BELOW];
    struct policy_authority *grants = ARENA_ARRAY(arena, p.authority_n, struct policy_authority);
    memcpy(grants, p.authority, p.authority_n * sizeof *grants);
    for (size_t i = 0; i < p.authority_n; i++) {
        if (strcmp(grants[i].role, "engine") == 0)
            grants[i].actions |= UINT64_C(1) << ACTION_RESOLVE_EXCEPTION;
    }
    p.authority = grants;
    prove(&p, NULL);
    finds("t2_human_only");
    ck_assert_int_eq(report.finding.ask->action, ACTION_RESOLVE_EXCEPTION);
}
END_TEST

static struct verdict two_are_enough(const struct policy *p, const struct ask *a)
{
    struct ask more = *a;
    if (a->approvers_n == 1)
        more.approvers_n = 2;
    return gate_decide(p, &more);
}

START_TEST(t3_three_humans_can_fail)
{
    prove(policies.policy[POLICY_BELOW], two_are_enough);
    finds("t3_three_humans");
    ck_assert_int_eq(report.finding.ask->approvers_n, 1);
}
END_TEST

static struct verdict two_are_enough_for_t3(const struct policy *p, const struct ask *a)
{
    return a->tier == TIER_T3 ? two_are_enough(p, a) : gate_decide(p, a);
}

/* Where T2 is not decided on the web the plain channel is none of T3's. */
START_TEST(t3_is_looked_at_on_the_web)
{
    struct policy p = *policies.policy[POLICY_BELOW];
    p.channels[TIER_T2] = 1u << CHANNEL_CHAT;
    prove(&p, NULL);
    ck_assert(report.holds);
    prove(&p, two_are_enough_for_t3);
    finds("t3_three_humans");
    ck_assert_int_eq(report.finding.ask->channel, CHANNEL_WEB);
}
END_TEST

static struct verdict models_are_people(const struct policy *p, const struct ask *a)
{
    struct ask more = *a;
    if (a->actor_kind == ACTOR_LLM && a->action == ACTION_RESOLVE)
        more.actor_kind = ACTOR_HUMAN, more.principal = a->on_behalf_of;
    return gate_decide(p, &more);
}

START_TEST(llm_never_confirms_can_fail)
{
    prove(policies.policy[POLICY_BELOW], models_are_people);
    finds("llm_never_confirms");
    ck_assert_int_eq(report.finding.ask->actor_kind, ACTOR_LLM);
    ck_assert_int_eq(report.finding.ask->action, ACTION_RESOLVE);
}
END_TEST

/* Above materiality a person must be on the web: then raising it lets in what was refused. */
static struct verdict ties_the_channel_to_the_amount(const struct policy *p, const struct ask *a)
{
    struct verdict v = gate_decide(p, a);
    bool more = a->values_n > 0 && a->values[0].status == FX_KNOWN &&
                decimal_cmp(a->values[0].value, p->materiality.max) > 0;
    if (v.ruling == RULING_ALLOW && more && a->actor_kind == ACTOR_HUMAN &&
        a->action == ACTION_COMMENT) {
        v = (struct verdict){.ruling = RULING_DENY, .reason = REASON_CHANNEL_NOT_ALLOWED};
        v.row = "d.1";
        v.clause = p->clauses[v.reason].text;
        v.pointer = p->clauses[v.reason].pointer;
    }
    return v;
}

START_TEST(threshold_monotone_can_fail)
{
    prove(policies.policy[POLICY_BELOW], ties_the_channel_to_the_amount);
    finds("threshold_monotone");
    ck_assert_int_eq(report.finding.verdict.reason, REASON_CHANNEL_NOT_ALLOWED);
    ck_assert_ptr_nonnull(strstr(report.finding.what, "/materiality_threshold_usd"));
}
END_TEST

/* What is over a limit is denied in the name of what is not that limit's. */
static struct verdict denied(const struct policy *p, struct verdict v)
{
    v.ruling = RULING_DENY;
    v.reason = REASON_STATE_INVALID;
    v.clause = p->clauses[v.reason].text;
    v.pointer = p->clauses[v.reason].pointer;
    return v;
}

static bool more_than(struct ask_cumulative sum, struct decimal max)
{
    return sum.known && decimal_cmp(sum.sum, max) > 0;
}

static struct verdict ties_the_state_to_bulk_money(const struct policy *p, const struct ask *a)
{
    struct verdict v = gate_decide(p, a);
    return a->bulk_n == 2 && more_than(a->bulk_sum, p->bulk.max_amount.max) ? denied(p, v) : v;
}

static struct verdict ties_the_state_to_bulk_items(const struct policy *p, const struct ask *a)
{
    struct verdict v = gate_decide(p, a);
    return a->bulk_n > p->bulk.max_items ? denied(p, v) : v;
}

static struct verdict ties_the_state_to_the_cap(const struct policy *p, const struct ask *a)
{
    struct verdict v = gate_decide(p, a);
    return v.reason == REASON_AUTO_CONFIRM_CAP ? denied(p, v) : v;
}

static struct verdict ties_the_state_to_a_window(const struct policy *p, const struct ask *a)
{
    struct verdict v = gate_decide(p, a);
    bool full = a->cumulative_n > 0 && a->cumulative[0].known &&
                decimal_cmp(a->cumulative[0].sum, p->cumulative[0].limit.max) >= 0;
    return a->action == ACTION_RESOLVE_EXCEPTION && !a->keeps_amount && full ? denied(p, v) : v;
}

START_TEST(every_limit_is_raised_where_it_is_reached)
{
    static const struct {
        gate_fn *gate;
        const char *pointer;
    } ties[] = {{ties_the_state_to_bulk_money, "/bulk/max_amount"},
                {ties_the_state_to_bulk_items, "/bulk/max_items"},
                {ties_the_state_to_the_cap, "/auto_confirm/cap/"},
                {ties_the_state_to_a_window, "/cumulative_limits/0"}};
    prove(policies.policy[POLICY_BELOW], ties[_i].gate);
    finds("threshold_monotone");
    ck_assert_msg(strstr(report.finding.what, ties[_i].pointer) != NULL, "%s", report.finding.what);
}
END_TEST

/* own_agent: allow must not reach T3: a gate in which it does. */
static struct verdict own_agents_anywhere(const struct policy *p, const struct ask *a)
{
    struct ask more = *a;
    if (a->tier == TIER_T3)
        more.tier = TIER_T2;
    return gate_decide(p, &more);
}

START_TEST(what_is_t3_is_never_one_persons)
{
    prove(policies.policy[POLICY_OWN], own_agents_anywhere);
    ck_assert(!report.holds);
    ck_assert_int_eq(report.finding.ask->tier, TIER_T3);
}
END_TEST

/* A verdict under very many rules costs more: fewer are asked for, and the report says so. */
START_TEST(a_policy_of_very_many_rules_is_proved_in_part)
{
    enum { TIMES = 100 };
    struct policy p = *policies.policy[POLICY_BELOW];
    struct policy_authority *many =
        ARENA_ARRAY(arena, TIMES * p.authority_n, struct policy_authority);
    for (size_t i = 0; i < TIMES * p.authority_n; i++)
        many[i] = p.authority[i % p.authority_n];
    prove(&p, NULL);
    const struct proof_report whole = report;
    p.authority = many;
    p.authority_n *= TIMES;
    prove(&p, NULL);
    ck_assert(whole.whole && whole.holds && report.holds && !report.whole);
    ck_assert_uint_lt(report.points, whole.points / 2);
    prove(&p, any_process_confirms);
    finds("t2_human_only");
}
END_TEST

/* So many limits that not every amount meets everything else: that is not the whole, either. */
START_TEST(a_policy_of_many_limits_is_proved_in_part)
{
    enum { MORE = 4 };
    struct policy p = *policies.policy[POLICY_BELOW];
    struct policy_authority *many =
        ARENA_ARRAY(arena, p.authority_n + MORE, struct policy_authority);
    memcpy(many, p.authority, p.authority_n * sizeof *many);
    for (size_t i = 0; i < MORE; i++) {
        struct policy_authority *g = &many[p.authority_n + i];
        *g = p.authority[0];
        g->has_max = true;
        g->max = p.materiality;
        g->max.max = decimal_of_int(1000 + (int64_t)i);
    }
    p.authority = many;
    p.authority_n += MORE;
    prove(&p, NULL);
    ck_assert(report.holds && !report.whole);
}
END_TEST

/* ---- parts ---- */

static void prove_in(unsigned parts, gate_fn *gate)
{
    for (unsigned part = 0; part < parts; part++) {
        struct proof_report one;
        const struct proof_of of = {.policy = policies.policy[POLICY_BELOW],
                                    .tree = policies.tree[POLICY_BELOW],
                                    .gate = gate,
                                    .part = part,
                                    .parts = parts};
        ck_ok(policy_prove(arena, &of, &one));
        if (part == 0)
            report = one;
        else
            proof_join(&report, &one);
    }
}

START_TEST(parts_prove_what_one_walk_proves)
{
    prove_in(1, NULL);
    const struct proof_report alone = report;
    for (unsigned parts = 2; parts <= PARTS_MAX; parts++) {
        prove_in(parts, NULL);
        ck_assert(report.holds && report.whole);
        ck_assert_uint_eq(report.points, alone.points);
        ck_assert_uint_eq(report.decided, alone.decided);
        ck_assert_uint_eq(report.allowed, alone.allowed);
    }
}
END_TEST

START_TEST(parts_find_what_one_walk_finds)
{
    static gate_fn *const gates[] = {any_process_confirms, models_are_people, two_are_enough,
                                     ties_the_channel_to_the_amount};
    prove_in(1, gates[_i]);
    const struct proof_report alone = report;
    ck_assert(!alone.holds);
    prove_in(3, gates[_i]);
    ck_assert(!report.holds);
    ck_assert_str_eq(report.finding.invariant, alone.finding.invariant);
    ck_assert_str_eq(report.finding.what, alone.finding.what);
    ck_assert_int_eq(report.finding.ask->action, alone.finding.ask->action);
    ck_assert_int_eq(report.finding.ask->tier, alone.finding.ask->tier);
}
END_TEST

/* ---- broken policies ---- */

START_TEST(a_refusal_without_a_sentence_is_found_out)
{
    struct policy p = *policies.policy[POLICY_BELOW];
    p.clauses[REASON_AMBIGUOUS_MATCH].text = "";
    prove(&p, NULL);
    finds("clause_exists");
    ck_assert_int_eq(report.finding.verdict.reason, REASON_AMBIGUOUS_MATCH);
}
END_TEST

START_TEST(a_pointer_to_nothing_is_found_out)
{
    struct policy p = *policies.policy[POLICY_BELOW];
    struct policy_block *rules = ARENA_ARRAY(arena, p.blocked_n, struct policy_block);
    memcpy(rules, p.blocked, p.blocked_n * sizeof *rules);
    rules[p.blocked_n - 1].clause.pointer = "/blocked/99";
    p.blocked = rules;
    prove(&p, NULL);
    finds("clause_exists");
    ck_assert_str_eq(report.finding.verdict.pointer, "/blocked/99");
}
END_TEST

int main(void)
{
    TCase *tcase = test_case("proof", up, down);
    tcase_add_loop_test(tcase, the_tests_policies_hold, 0, OF_OURS);
    tcase_add_loop_test(tcase, the_shipped_policies_hold, 0, OF_SHIPPED);
    tcase_add_test(tcase, a_proof_is_the_same_each_time);
    tcase_add_test(tcase, what_is_allowed_is_counted_among_all_points);
    tcase_add_loop_test(tcase, default_deny_can_fail, 0, 3);
    tcase_add_loop_test(tcase, deny_trumps_allow_can_fail, 0, 6);
    tcase_add_loop_test(tcase, frozen_changes_nothing_can_fail, 0, 4);
    tcase_add_loop_test(tcase, same_ask_same_verdict_can_fail, 0, 2);
    tcase_add_loop_test(tcase, t2_human_only_can_fail, 0, 2);
    tcase_add_test(tcase, an_engine_that_holds_a_decision_is_found_out);
    tcase_add_test(tcase, t3_three_humans_can_fail);
    tcase_add_test(tcase, t3_is_looked_at_on_the_web);
    tcase_add_test(tcase, llm_never_confirms_can_fail);
    tcase_add_test(tcase, threshold_monotone_can_fail);
    tcase_add_loop_test(tcase, every_limit_is_raised_where_it_is_reached, 0, 4);
    tcase_add_test(tcase, what_is_t3_is_never_one_persons);
    tcase_add_test(tcase, a_policy_of_very_many_rules_is_proved_in_part);
    tcase_add_test(tcase, a_policy_of_many_limits_is_proved_in_part);
    tcase_add_test(tcase, parts_prove_what_one_walk_proves);
    tcase_add_loop_test(tcase, parts_find_what_one_walk_finds, 0, 4);
    tcase_add_test(tcase, a_refusal_without_a_sentence_is_found_out);
    tcase_add_test(tcase, a_pointer_to_nothing_is_found_out);
    return test_run("proof", tcase);
}
