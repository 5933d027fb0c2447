/* A case is the ask it was printed from, and a complaint about one says where. */
#include "engine/gate/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/jcs.h"
#include "common/sys/yaml_read.h"
#include "tests/gate/world.h"
#include "tests/unit/test.h"

static struct arena *arena, *scratch; /* scratch: of one ask on its way there and back */
static struct world_policies policies;

static void up(void)
{
    arena = arena_new((size_t)64 << 20);
    scratch = arena_new((size_t)64 << 20);
    policies = world_policies_load(arena);
}

static void down(void)
{
    arena_free(arena);
    arena_free(scratch);
}

static const struct json *yaml(const char *text)
{
    struct json *tree = NULL;
    ck_ok(yaml_read(arena, str_of(text), &tree));
    return tree;
}

static struct ask given(const char *text)
{
    struct ask a;
    ck_ok(case_read(arena, policies.policy[POLICY_BELOW], yaml(text), &a));
    return a;
}

static struct verdict verdict_of(const char *text)
{
    struct ask a = given(text);
    return gate_decide(policies.policy[POLICY_BELOW], &a);
}

static void refused(const char *text, const char *where, const char *msg)
{
    struct ask a;
    struct err e = case_read(arena, policies.policy[POLICY_BELOW], yaml(text), &a);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, where);
    ck_assert_msg(strstr(e.msg, msg) != NULL, "%s does not say %s", e.msg, msg);
}

/* ---- there and back ---- */

static const char *text_of(const struct json *tree)
{
    struct str text = STR("");
    ck_ok(jcs_text(scratch, tree, &text));
    return str_dup(scratch, text);
}

static void comes_back(const struct policy *p, const struct ask *a)
{
    struct gate_step before[64], after[64];
    struct verdict v, again;
    struct ask back;
    arena_reset(scratch);
    size_t n = gate_trace(p, a, before, 64, &v);
    const struct json *printed = case_print(scratch, p, a, &v);
    ck_assert_ptr_nonnull(printed);
    struct err e = case_read(scratch, p, json_get(printed, "given"), &back);
    ck_assert_msg(e.kind == ERR_NONE, "%s: %s %s", text_of(printed), e.where, e.msg);
    ck_assert_uint_eq(gate_trace(p, &back, after, 64, &again), n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(before[i].held == after[i].held, "row %s of %s", before[i].row,
                      text_of(printed));
    ck_assert_msg(v.ruling == again.ruling && v.reason == again.reason &&
                      strcmp(v.row, again.row) == 0 && strcmp(v.pointer, again.pointer) == 0,
                  "%s is now %s", text_of(printed), again.row);
}

/* gate_input has no word for some values of the world, and an event no such ask. */
static bool has_words(const struct ask *a)
{
    return a->actor_kind <= ACTOR_ENGINE && a->tier <= TIER_T3 && a->channel <= CHANNEL_CLI &&
           a->action < ACTION_COUNT && a->bulk_n >= 0;
}

START_TEST(every_choice_of_the_world_comes_back_with_the_same_rows)
{
    for (int w = 0; w < WORLD_POLICIES; w++) {
        const struct policy *p = policies.policy[w];
        for (size_t action = 0; action < ACTION_COUNT; action++) {
            for (size_t d = 0; d < DIMS; d++) {
                for (size_t c = 0; c < world_dims[d].n; c++) {
                    struct world world;
                    size_t choice[DIMS] = {[DIM_ACTION] = action, [DIM_KIND] = action % 3};
                    choice[d] = c;
                    world_make(&world, p, choice);
                    if (has_words(&world.ask))
                        comes_back(p, &world.ask);
                }
            }
        }
    }
}
END_TEST

static uint64_t dice;

static size_t roll(size_t n)
{
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(dice >> 33) % n;
}

START_TEST(random_asks_come_back_with_the_same_rows)
{
    size_t told = 0;
    dice = 7;
    while (told < 4000) {
        const struct policy *p = policies.policy[roll(WORLD_POLICIES)];
        struct world world;
        size_t choice[DIMS] = {0};
        for (size_t d = 0; d < DIMS; d++)
            choice[d] = roll(3) == 0 ? roll(world_dims[d].n) : 0;
        world_make(&world, p, choice);
        if (!has_words(&world.ask))
            continue;
        comes_back(p, &world.ask);
        told++;
    }
}
END_TEST

/* ---- what a case may leave out ---- */

START_TEST(the_plain_case_of_every_action_is_allowed_where_the_policy_lets_it_be)
{
    static const enum action never[] = {ACTION_POST_ENTRY};
    for (unsigned i = 1; i < ACTION_COUNT; i++) {
        const char *text = arena_fmt(arena,
                                     "action: %s\nrates: {GBP: \"0.8\", JPY: \"150\", EUR: "
                                     "\"0.9\"}\n",
                                     action_name((enum action)i));
        struct verdict v = verdict_of(text);
        enum ruling ruling = i == never[0] ? RULING_DENY : RULING_ALLOW;
        ck_assert_msg(v.ruling == ruling, "%s: row %s", action_name((enum action)i), v.row);
    }
}
END_TEST

START_TEST(who_acts_brings_kind_principal_channel_and_roles)
{
    struct ask a = given("{action: CONFIRM, actor: \"human:bob\"}");
    ck_assert_int_eq(a.actor_kind, ACTOR_HUMAN);
    ck_assert_str_eq(a.principal, "bob");
    ck_assert_int_eq(a.channel, CHANNEL_WEB);
    ck_assert_uint_eq(a.roles_n, 1);
    ck_assert_str_eq(a.roles[0].role, "controller");
    a = given("{action: CONFIRM, actor: \"llm:s-1\"}");
    ck_assert_int_eq(a.actor_kind, ACTOR_LLM);
    ck_assert_str_eq(a.on_behalf_of, "ana");
    ck_assert_ptr_null(a.principal);
}
END_TEST

START_TEST(an_amount_is_worth_itself_and_what_the_rates_say)
{
    struct ask a = given("{action: CONFIRM, amount: \"10000.01 USD\", rates: {JPY: \"150\", GBP: "
                         "stale}}");
    ck_assert_int_eq(a.amount.minor, 1000001);
    ck_assert_uint_eq(a.values_n, policies.policy[POLICY_BELOW]->currencies_n);
    for (size_t i = 0; i < a.values_n; i++) {
        const struct ask_value *v = &a.values[i];
        char text[DECIMAL_TEXT_MAX];
        decimal_print(v->value, text);
        if (strcmp(v->cur, "USD") == 0)
            ck_assert_str_eq(text, "10000.01");
        if (strcmp(v->cur, "JPY") == 0)
            ck_assert_str_eq(text, "1500001.5");
        ck_assert_int_eq(v->status, strcmp(v->cur, "GBP") == 0   ? FX_STALE
                                    : strcmp(v->cur, "EUR") == 0 ? FX_MISSING
                                                                 : FX_KNOWN);
    }
}
END_TEST

START_TEST(short_forms_say_what_gate_input_says)
{
    struct ask a = given("action: RESOLVE\n"
                         "accounts: [\"2400\", {class: cash}]\n"
                         "roles: [accountant, {role: controller, entity: uk}]\n"
                         "proposers: bob\n"
                         "cumulative: {party: \"29999.5 USD\", all: unknown}\n"
                         "auto_confirmed: \"30000 USD\"\n"
                         "bulk_n: 3\n"
                         "bulk_sum: \"7 USD\"\n"
                         "counterparty: null\n");
    ck_assert_str_eq(a.accounts[0].id, "2400");
    ck_assert(a.accounts[0].known && !a.accounts[1].known);
    ck_assert_str_eq(a.roles[0].role, "accountant");
    ck_assert_str_eq(a.roles[1].entity, "uk");
    ck_assert_str_eq(a.proposers[0], "bob");
    ck_assert(a.cumulative[0].known && !a.cumulative[1].known);
    ck_assert_int_eq(decimal_cmp(a.auto_confirmed.sum, decimal_of_int(30000)), 0);
    ck_assert_int_eq(a.bulk_n, 3);
    ck_assert(a.bulk_one_clause && a.bulk_sum.known);
    ck_assert_str_eq(a.bulk_reason, "MATERIALITY_OVER_THRESHOLD");
    ck_assert_ptr_null(a.counterparty);
}
END_TEST

/* ---- complaints ---- */

START_TEST(a_complaint_says_what_and_where)
{
    refused("{actor: \"human:ana\"}", "1:1", "says its action");
    refused("{action: PAY}", "1:10 /action", "not an action");
    refused("action: CONFIRM\nammount: \"1 USD\"\n", "2:1 /ammount", "unknown member");
    refused("action: CONFIRM\namount: 10000\n", "2:9 /amount", "10000.01 USD");
    refused("action: CONFIRM\namount: \"1.234 USD\"\n", "2:9 /amount", "");
    refused("action: CONFIRM\nactor: humna:ana\n", "2:8 /actor", "human:…");
    refused("action: CONFIRM\nambiguous: \"true\"\n", "2:12 /ambiguous", "expected");
    refused("action: CONFIRM\ncumulative: {nobody: \"1 USD\"}\n", "2:22 /cumulative/nobody",
            "no cumulative limit");
    refused("action: CONFIRM\ncumulative: {party: \"1 EUR\"}\n", "2:21 /cumulative/party",
            "another currency");
    refused("action: CONFIRM\nrates: {SEK: \"10\"}\n", "2:14 /rates/SEK", "no limit");
    refused("action: CONFIRM\nrates: {GBP: \"-1\"}\n", "2:14 /rates/GBP", "expected a rate");
    refused("action: CONFIRM\nday: yesterday\n", "2:6 /day", "expected a day");
    refused("action: CONFIRM\nchannel: phone\n", "2:10 /channel", "not a name");
    refused("action: CONFIRM\naccounts: [{ident: \"1\"}]\n", "2:20 /accounts/0/ident", "unknown");
}
END_TEST

START_TEST(a_file_gives_every_case_its_common_facts)
{
    struct gate_case *cases;
    size_t n;
    const struct json *tree =
        yaml("given: {action: CONFIRM, rates: {GBP: \"0.8\", JPY: \"150\", EUR: \"0.9\"}}\n"
             "cases:\n"
             "  - {name: small, given: {}, expect: {ruling: allow}}\n"
             "  - {name: large, given: {amount: \"10000.01 USD\"},"
             " expect: {ruling: human, reason: MATERIALITY_OVER_THRESHOLD, row: 5,"
             " pointer: /materiality_threshold_usd}}\n");
    const struct policy *p = policies.policy[POLICY_BELOW];
    ck_ok(cases_read(arena, p, tree, &cases, &n));
    ck_assert_uint_eq(n, 2);
    for (size_t i = 0; i < n; i++) {
        struct verdict v = gate_decide(p, &cases[i].ask);
        ck_assert_msg(case_passes(&cases[i], &v), "%s: row %s", cases[i].name, v.row);
        cases[i].expect.row = "6";
        ck_assert(!case_passes(&cases[i], &v));
    }
}
END_TEST

START_TEST(a_complaint_about_a_file_is_placed_in_the_file)
{
    struct gate_case *cases;
    size_t n;
    const struct policy *p = policies.policy[POLICY_BELOW];
    struct err e =
        cases_read(arena, p,
                   yaml("cases:\n"
                        "  - {name: a, given: {action: CONFIRM}, expect: {ruling: allow}}\n"
                        "  - {name: b, given: {action: CONFIRM, sure: 1},"
                        " expect: {ruling: allow}}\n"),
                   &cases, &n);
    ck_assert_str_eq(e.where, "3:46 /cases/1/given/sure");
    e = cases_read(arena, p,
                   yaml("cases:\n"
                        "  - {name: a, given: {action: CONFIRM}, expect: {ruling: allow}}\n"
                        "  - {name: a, given: {action: CONFIRM}, expect: {ruling: allow}}\n"),
                   &cases, &n);
    ck_assert_str_eq(e.where, "3:12 /cases/1/name");
    e = cases_read(
        arena, p,
        yaml("cases: [{name: a, given: {action: CONFIRM}, expect: {ruling: deny, reason: "
             "WHY}}]\n"),
        &cases, &n);
    ck_assert_str_eq(e.where, "1:76 /cases/0/expect/reason");
}
END_TEST

TEST_MAIN_AROUND("case", up, down, every_choice_of_the_world_comes_back_with_the_same_rows,
                 random_asks_come_back_with_the_same_rows,
                 the_plain_case_of_every_action_is_allowed_where_the_policy_lets_it_be,
                 who_acts_brings_kind_principal_channel_and_roles,
                 an_amount_is_worth_itself_and_what_the_rates_say,
                 short_forms_say_what_gate_input_says, a_complaint_says_what_and_where,
                 a_file_gives_every_case_its_common_facts,
                 a_complaint_about_a_file_is_placed_in_the_file)
