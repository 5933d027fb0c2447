/* What a case reaches of a policy, and what it does not. */
#include "engine/gate/coverage.h"

#include <string.h>

#include "common/sys/yaml_read.h"
#include "engine/gate/case.h"
#include "tests/gate/world.h"
#include "tests/unit/test.h"

static struct arena *arena;
static struct world_policies policies;
static struct coverage coverage;

static void up(void)
{
    arena = arena_new((size_t)64 << 20);
    policies = world_policies_load(arena);
    ck_ok(coverage_init(arena, policies.policy[POLICY_BELOW], &coverage));
}

static void down(void)
{
    arena_free(arena);
}

static const struct cover_item *item(const char *pointer)
{
    for (size_t i = 0; i < coverage.n; i++) {
        if (strcmp(coverage.items[i].pointer, pointer) == 0)
            return &coverage.items[i];
    }
    return NULL;
}

static void see(const char *name, const char *facts)
{
    static const char rates[] = "rates: {GBP: \"0.8\", JPY: \"150\", EUR: \"0.9\"}\n";
    struct json *tree = NULL;
    struct ask ask;
    ck_ok(yaml_read(arena, str_of(arena_fmt(arena, "%s%s", facts, rates)), &tree));
    ck_ok(case_read(arena, coverage.policy, tree, &ask));
    coverage_see(&coverage, name, &ask);
}

static bool decides(const char *pointer)
{
    const struct cover_item *found = item(pointer);
    if (found == NULL)
        ck_abort_msg("%s is no item", pointer);
    return found != NULL && found->decides != NULL;
}

static bool lets_pass(const char *pointer)
{
    const struct cover_item *found = item(pointer);
    if (found == NULL)
        ck_abort_msg("%s is no item", pointer);
    return found != NULL && found->lets_pass != NULL;
}

START_TEST(a_fresh_policy_is_not_reached_anywhere)
{
    ck_assert_uint_gt(coverage.n, 50);
    ck_assert_uint_eq(coverage_reached(&coverage), 0);
}
END_TEST

START_TEST(every_item_stands_in_the_policy_or_has_its_default)
{
    const struct json *tree = policies.tree[POLICY_BELOW];
    for (size_t i = 0; i < coverage.n; i++) {
        const char *at = coverage.items[i].pointer;
        ck_assert_msg(json_pointer_get(tree, at) != NULL || strcmp(at, "/matching/high") == 0,
                      "%s is not in the policy", at);
    }
}
END_TEST

START_TEST(an_allowed_case_lets_rules_pass_and_one_that_is_stopped_is_decided)
{
    see("small", "action: CONFIRM\n");
    ck_assert(lets_pass("/materiality_threshold_usd") && !decides("/materiality_threshold_usd"));
    ck_assert(lets_pass("/blocked/0") && lets_pass("/cumulative_limits/1"));
    see("large", "action: CONFIRM\namount: \"10000.01 USD\"\n");
    ck_assert(decides("/materiality_threshold_usd"));
    const struct cover_item *threshold = item("/materiality_threshold_usd");
    ck_assert_str_eq(threshold == NULL ? "" : threshold->decides, "large");
    ck_assert_str_eq(threshold == NULL ? "" : threshold->lets_pass, "small");
    ck_assert(!decides("/entity_materiality_overrides/uk"));
}
END_TEST

START_TEST(a_person_reaches_no_rule_on_machines)
{
    see("ana", "action: CONFIRM\nactor: \"human:ana\"\n");
    ck_assert(!lets_pass("/materiality_threshold_usd") && !lets_pass("/always_human_accounts/0"));
    ck_assert(lets_pass("/channels/T2") && !lets_pass("/channels/T1"));
}
END_TEST

START_TEST(a_grant_decides_what_nothing_else_covers)
{
    see("both", "action: CONFIRM\nactor: \"human:ana\"\nentities: [uk]\n"
                "roles: [controller, accountant]\n");
    ck_assert(!decides("/authority/1") && !decides("/authority/2"));
    see("one", "action: CONFIRM\nactor: \"human:ana\"\nentities: [uk]\nroles: [accountant]\n");
    ck_assert(!decides("/authority/1") && decides("/authority/2"));
    ck_assert(!lets_pass("/authority/2"));
    see("none", "action: CONFIRM\nactor: \"human:ana\"\nroles: [auditor]\n");
    ck_assert(lets_pass("/authority/2") && lets_pass("/authority/1"));
}
END_TEST

START_TEST(a_bound_decides_what_would_have_passed_without_it)
{
    see("max", "action: CONFIRM\nactor: \"human:ana\"\nroles: [controller]\n"
               "amount: \"50000.01 USD\"\n");
    ck_assert(decides("/authority/1/max") && !decides("/authority/1/single_max"));
    see("wrong role", "action: CONFIRM\nactor: \"human:ana\"\nroles: [accountant]\n"
                      "entities: [us]\namount: \"1 USD\"\n");
    ck_assert(!decides("/authority/2/max"));
    see("two people", "action: CONFIRM\nactor: \"human:ana\"\nroles: [controller]\n"
                      "amount: \"20000.01 USD\"\n");
    ck_assert(decides("/authority/1/single_max") && !lets_pass("/authority/1/single_max"));
    see("alone", "action: CONFIRM\nactor: \"human:ana\"\nroles: [controller]\n"
                 "amount: \"20000 USD\"\n");
    ck_assert(lets_pass("/authority/1/single_max") && lets_pass("/authority/1/max"));
}
END_TEST

START_TEST(what_a_policy_cannot_reach_is_no_item)
{
    ck_assert_ptr_nonnull(item("/clauses/POLICY_BLOCK"));
    ck_ok(coverage_init(arena, policies.policy[POLICY_BARE], &coverage));
    ck_assert_ptr_null(item("/clauses/POLICY_BLOCK"));
    ck_assert_ptr_null(item("/clauses/CUMULATIVE_OVER_THRESHOLD"));
    ck_assert_ptr_nonnull(item("/clauses/AUTO_CONFIRM_CAP")); /* auto-confirm is off */
    ck_assert_ptr_null(item("/matching/high"));
    ck_assert_ptr_null(item("/administration/policy_changes"));
}
END_TEST

TEST_MAIN_AROUND("coverage", up, down, a_fresh_policy_is_not_reached_anywhere,
                 every_item_stands_in_the_policy_or_has_its_default,
                 an_allowed_case_lets_rules_pass_and_one_that_is_stopped_is_decided,
                 a_person_reaches_no_rule_on_machines, a_grant_decides_what_nothing_else_covers,
                 a_bound_decides_what_would_have_passed_without_it,
                 what_a_policy_cannot_reach_is_no_item)
