/* The input space of a policy: what is plain, what each limit and name adds, and that a point is
 * what its choices say, in whatever order they were made. */
#include <string.h>

#include "engine/gate/domain.h"
#include "engine/gate/gate.h"
#include "tests/gate/any_policy.h"
#include "tests/gate/world.h"
#include "tests/unit/test.h"

static struct arena *arena;
static const struct policy *policy, *bare;
static struct domain *domain;

static void up(void)
{
    arena = arena_new((size_t)64 << 20);
    const struct world_policies p = world_policies_load(arena);
    policy = p.policy[POLICY_BELOW];
    bare = p.policy[POLICY_BARE];
    ck_ok(domain_new(arena, policy, &domain));
}

static void down(void)
{
    arena_free(arena);
}

/* The choice that is called so; the test fails when there is none. */
static size_t choice_of(size_t dim, const char *name)
{
    for (size_t i = 0; i < domain_choices(domain, dim); i++) {
        if (strcmp(domain_choice_name(domain, dim, i), name) == 0)
            return i;
    }
    ck_abort_msg("dimension %zu has no choice \"%s\"", dim, name);
    return 0;
}

static bool has_choice(const struct domain *d, size_t dim, const char *part)
{
    for (size_t i = 0; i < domain_choices(d, dim); i++) {
        if (strstr(domain_choice_name(d, dim, i), part) != NULL)
            return true;
    }
    return false;
}

static struct ask plain_with(size_t dim, size_t choice)
{
    size_t at[DOMAIN_DIMS] = {0};
    struct domain_point p;
    at[dim] = choice;
    domain_ask(domain, at, &p);
    return p.ask;
}

static struct verdict verdict_with(size_t dim, const char *name)
{
    const struct ask a = plain_with(dim, choice_of(dim, name));
    return gate_decide(policy, &a);
}

START_TEST(the_plain_point_is_allowed_to_engine_and_person)
{
    const struct ask a = plain_with(DOMAIN_ACTION, 0);
    ck_assert_int_eq(a.action, ACTION_CONFIRM);
    ck_assert_str_eq(a.actor, "engine:auto-confirm");
    ck_assert_int_eq(gate_decide(policy, &a).ruling, RULING_ALLOW);
    ck_assert_int_eq(verdict_with(DOMAIN_ACTOR, "human:ana").ruling, RULING_ALLOW);
}
END_TEST

START_TEST(every_dimension_has_named_choices_and_a_core)
{
    for (size_t dim = 0; dim < DOMAIN_DIMS; dim++) {
        size_t n = domain_choices(domain, dim);
        ck_assert_uint_ge(n, 2 - (dim == DOMAIN_TOOL));
        ck_assert_uint_ge(domain_core(domain, dim), 1);
        ck_assert_uint_le(domain_core(domain, dim), n);
        for (size_t i = 0; i < n; i++)
            ck_assert_msg(domain_choice_name(domain, dim, i)[0] != '\0', "%zu %zu", dim, i);
    }
    ck_assert(domain_whole(domain));
    ck_assert_uint_eq(domain_choices(domain, DOMAIN_DIMS), 0);
    ck_assert_str_eq(domain_choice_name(domain, 0, 10000), "");
}
END_TEST

START_TEST(amounts_stand_around_every_limit)
{
    static const char *const wanted[] = {
        "9999.99 USD",  "10000 USD",    "10000.01 USD", "10000.000001 USD", "20000.01 USD",
        "50000.01 USD", "90000.01 USD", "8000 GBP",     "8000.01 GBP",      "1000001 JPY",
        "999999 JPY",   "30000.01 USD", "100.01 USD",   "900000.01 EUR",    "40000.01 USD"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        ck_assert_msg(has_choice(domain, DOMAIN_AMOUNT, wanted[i]), "no amount %s", wanted[i]);
    ck_assert(has_choice(domain, DOMAIN_AMOUNT, "missing in GBP"));
    ck_assert(has_choice(domain, DOMAIN_AMOUNT, "stale in JPY"));
    ck_assert(has_choice(domain, DOMAIN_AMOUNT, "no amount"));
}
END_TEST

START_TEST(a_hair_decides)
{
    static const char less[] = "10000 USD, next to nothing elsewhere";
    static const char more[] = "10000.000001 USD, next to nothing elsewhere";
    ck_assert_int_eq(verdict_with(DOMAIN_AMOUNT, less).ruling, RULING_ALLOW);
    ck_assert_str_eq(verdict_with(DOMAIN_AMOUNT, more).row, "5");
    ck_assert_str_eq(verdict_with(DOMAIN_WINDOWS, "party is a hair over with the plain amount").row,
                     "10.5");
    ck_assert_int_eq(verdict_with(DOMAIN_WINDOWS, "party is full with the plain amount").ruling,
                     RULING_ALLOW);
    ck_assert_str_eq(verdict_with(DOMAIN_CAP, "a hair over with the plain amount").row, "10.6");
    ck_assert_str_eq(verdict_with(DOMAIN_SCORE, "below matching.high").row, "10.9");
}
END_TEST

START_TEST(what_rules_name_is_a_choice_and_so_is_another)
{
    ck_assert_str_eq(verdict_with(DOMAIN_MATCH_TYPE, "fuzzy").row, "6");
    ck_assert_str_eq(verdict_with(DOMAIN_COUNTERPARTY, "bad").row, "b");
    ck_assert_str_eq(verdict_with(DOMAIN_ACTOR, "engine:retired").row, "b");
    ck_assert_str_eq(verdict_with(DOMAIN_ACCOUNTS, "vendor_bank_change").pointer,
                     "/always_human_accounts/4");
    ck_assert(has_choice(domain, DOMAIN_ACCOUNTS, "2400 of class"));
    ck_assert(has_choice(domain, DOMAIN_ACCOUNTS, "220 of class"));
    ck_assert(has_choice(domain, DOMAIN_ACCOUNTS, "of class deferred_revenue"));
    ck_assert(has_choice(domain, DOMAIN_ENTITIES, "uk"));
    ck_assert(has_choice(domain, DOMAIN_ROLES, "accountant in uk"));
    ck_assert(has_choice(domain, DOMAIN_ROLES, "controller in every entity, lent by"));
    ck_assert(has_choice(domain, DOMAIN_TOOL, "evil"));
    ck_assert_str_eq(verdict_with(DOMAIN_ENTITIES, "uk").row, "13");
}
END_TEST

START_TEST(a_bare_policy_has_less_to_tell_apart)
{
    struct domain *less;
    ck_ok(domain_new(arena, bare, &less));
    ck_assert_uint_lt(domain_choices(less, DOMAIN_AMOUNT), domain_choices(domain, DOMAIN_AMOUNT));
    ck_assert_uint_lt(domain_choices(less, DOMAIN_ACCOUNTS),
                      domain_choices(domain, DOMAIN_ACCOUNTS));
    ck_assert_uint_eq(domain_choices(less, DOMAIN_WINDOWS), 1);
    ck_assert_uint_eq(domain_choices(less, DOMAIN_TOOL), 1);
}
END_TEST

/* What "another" is called is mentioned by no rule, whatever the rules are called. */
START_TEST(another_is_really_another)
{
    struct policy p = *policy;
    static const struct policy_account everything[] = {{.prefix = "0"}, {.prefix = "1"}};
    static const struct policy_block rules[] = {
        {.id = "a", .counterparty = "another-counterparty", .action = ACTION_CONFIRM},
        {.id = "b", .tool = "another_tool", .action = ACTION_CONFIRM},
        {.id = "c", .entity = "another-entity", .action = ACTION_CONFIRM},
        {.id = "d", .actor = "human:ana", .action = ACTION_CONFIRM}};
    struct domain_point plain;
    size_t at[DOMAIN_DIMS] = {0};
    p.accounts = everything;
    p.accounts_n = 2;
    p.blocked = rules;
    p.blocked_n = 4;
    p.cumulative_n = 0;
    ck_ok(domain_new(arena, &p, &domain));
    domain_ask(domain, at, &plain);
    ck_assert_int_eq(gate_decide(&p, &plain.ask).ruling, RULING_ALLOW);
    at[DOMAIN_ACTOR] = 2;
    domain_ask(domain, at, &plain);
    ck_assert_int_eq(gate_decide(&p, &plain.ask).ruling, RULING_ALLOW);
}
END_TEST

/* Incrementally or anew, in any order: the same ask. */
START_TEST(a_point_is_its_choices)
{
    struct dice dice = {20261121};
    struct domain_point anew;
    size_t at[DOMAIN_DIMS] = {0};
    domain_ask(domain, at, &anew);
    struct ask walked = anew.ask;
    for (int i = 0; i < 20000; i++) {
        size_t dim = dice_below(&dice, DOMAIN_DIMS);
        at[dim] = dice_below(&dice, domain_choices(domain, dim));
        domain_set(domain, dim, at[dim], &walked);
        memset(&anew, 0xa5, sizeof anew);
        domain_ask(domain, at, &anew);
        const struct verdict one = gate_decide(policy, &walked),
                             two = gate_decide(policy, &anew.ask);
        ck_assert_int_eq(one.ruling, two.ruling);
        ck_assert_str_eq(one.row, two.row);
        ck_assert_ptr_eq(walked.values, anew.ask.values);
        ck_assert_int_eq(walked.tier, anew.ask.tier);
    }
}
END_TEST

/* Any policy has a domain; none is too strange. */
START_TEST(any_policy_has_a_domain)
{
    struct dice dice = {7};
    for (int i = 0; i < 50; i++) {
        struct arena *own = arena_new((size_t)64 << 20);
        const struct any_policy any = any_policy_make(own, &dice);
        ck_ok(domain_new(own, any.policy, &domain));
        ck_assert(domain_whole(domain));
        arena_free(own);
    }
}
END_TEST

START_TEST(a_full_arena_is_an_error)
{
    struct arena *small = arena_new(4096);
    ck_err(domain_new(small, policy, &domain), ERR_LIMIT);
    arena_free(small);
}
END_TEST

TEST_MAIN_AROUND("domain", up, down, the_plain_point_is_allowed_to_engine_and_person,
                 every_dimension_has_named_choices_and_a_core, amounts_stand_around_every_limit,
                 a_hair_decides, what_rules_name_is_a_choice_and_so_is_another,
                 a_bare_policy_has_less_to_tell_apart, another_is_really_another,
                 a_point_is_its_choices, any_policy_has_a_domain, a_full_arena_is_an_error)
