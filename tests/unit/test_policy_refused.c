/* What policy_load refuses, key by key: tables of what is put in place of a part of the base
 * document, and the line, column, pointer and words of the complaint. */
#include "common/base/buf.h"
#include "tests/unit/policy_base.h"

struct refusal {
    const char *find, *put, *where, *msg;
};

static void check_refusals(const struct refusal *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct refusal *r = &rows[i];
        struct policy *policy = NULL;
        arena_reset(arena);
        struct err e = load_text(str_of(with(r->find, r->put)), &policy);
        ck_assert_msg(e.kind == ERR_INPUT, "%s: %s (%s)", r->put, err_kind_name(e.kind),
                      e.msg == NULL ? "-" : e.msg);
        ck_assert_ptr_null(policy);
        ck_assert_msg(strcmp(e.where, r->where) == 0, "%s: at %s, wanted %s: %s", r->put, e.where,
                      r->where, e.msg);
        ck_assert_msg(strstr(e.msg, r->msg) != NULL, "%s: \"%s\" lacks \"%s\"", r->put, e.msg,
                      r->msg);
    }
}

#define CHECK_REFUSALS(rows) check_refusals((rows), sizeof(rows) / sizeof((rows)[0]))

START_TEST(keys_are_known_required_and_typed)
{
    /* clang-format off */
    static const struct refusal rows[] = {
        {"version: 1", "version: 2", "1:10 /version", "version 1 of the grammar"},
        {"version: 1", "version: \"1\"", "1:10 /version", "expected an integer"},
        {"version: 1\n", "", "1:1 /version", "required"},
        {"materiality_threshold_usd: 10000\n", "", "1:1 /materiality_threshold_usd", "required"},
        {"auto_confirm: {enabled: true}\n", "", "1:1 /auto_confirm", "required"},
        {"{enabled: true}", "{}", "7:15 /auto_confirm/enabled", "required"},
        {"{enabled: true}", "{enabled: \"true\"}", "7:25 /auto_confirm/enabled", "true or false"},
        {"sod: {own_agent: deny}\n", "", "1:1 /sod", "required"},
        {"{own_agent: deny}", "{}", "11:6 /sod/own_agent", "required"},
        {"own_agent: deny", "own_agent: never", "11:18 /sod/own_agent", "below_materiality"},
        {"fx: {max_staleness_days: 4}\n", "", "1:1 /fx", "required"},
        {"{max_staleness_days: 4}", "{}", "12:5 /fx/max_staleness_days", "required"},
        {"days: 4", "days: 32", "12:26 /fx/max_staleness_days", "more than 31"},
        {"days: 4", "days: -1", "12:26 /fx/max_staleness_days", "less than 0"},
        {"sod: {own", "sods: {own", "11:1 /sods", "did you mean \"sod\""},
        {"blocked: []", "blocked: {}", "9:10 /blocked", "expected"},
        {"ap: {}", "ap: {tolerance: 2}", "14:17 /ap/tolerance", "no keys yet"},
        {"close: {}", "close: []", "15:8 /close", "no keys yet"},
        {"{max_items: 25}", "{max_items: 0}", "22:19 /bulk/max_items", "less than 1"},
        {"{max_items: 25}", "{max_items: 1001}", "22:19 /bulk/max_items", "more than 1000"},
        {"{max_items: 25}", "{}", "22:7 /bulk/max_items", "required"},
        {"escalation: {}", "escalation: {clock: office}", "16:21 /escalation/clock", "business"},
        {"{max_items: 25}", "{max_items: 2, max_amount: 10 usd}", "22:34 /bulk/max_amount", "not a currency"},
        {"{max_items: 25}", "{max_items: 2, max_amount: 10}", "22:34 /bulk/max_amount", "expected"},
        {"{max_items: 25}", "{max_items: 2, reasons: []}", "22:31 /bulk/reasons", "empty"},
        {"{max_items: 25}", "{max_items: 2, reasons: [FROZEN, LATE]}", "22:40 /bulk/reasons/1", "not a reason"},
        {"{max_items: 25}", "{max_items: 2, reasons: [ALLOWED]}", "22:32 /bulk/reasons/0", "not a reason"},
        {"{max_items: 25}", "{max_items: 2, clause: Never}", "22:30 /bulk/clause", "10 to 400"},
    };
    /* clang-format on */
    CHECK_REFUSALS(rows);
}
END_TEST

START_TEST(materiality_and_overrides_refuse_what_is_no_amount)
{
    static const char m[] = "2:28 /materiality_threshold_usd";
    static const char uk[] = "3:41 /entity_materiality_overrides/acme-uk";
    static const char jp[] = "3:56 /entity_materiality_overrides/acme-jp";
    /* clang-format off */
    static const struct refusal rows[] = {
        {"usd: 10000", "usd: -1", m, "must not be negative"},
        {"usd: 10000", "usd: 10000.001", m, "digits after the point"},
        {"usd: 10000", "usd: \"10,000\"", m, "decimal"},
        {"usd: 10000", "usd: \"10000 USD\"", m, "decimal"},
        {"usd: 10000", "usd: 100000000000000", m, "at most 14 digits"},
        {"usd: 10000", "usd: true", m, "expected a decimal"},
        {"acme-uk: 8000", "acme-uk: -8000", uk, "must not be negative"},
        {"acme-uk: 8000", "acme-uk: \"08000\"", uk, "plain amount"},
        {"acme-uk: 8000", "acme-uk: \"8000GBP\"", uk, "plain amount"},
        {"acme-uk: 8000", "acme-uk: \"8000 gbp\"", uk, "not a currency"},
        {"acme-uk: 8000", "acme-uk: \"8000 XAU\"", uk, "not a currency"},
        {"acme-uk: 8000", "acme-uk: \"8000 POUND\"", uk, "an amount and its currency"},
        {"acme-uk: 8000", "acme-uk: \"8000  GBP\"", uk, "an amount and its currency"},
        {"acme-uk: 8000", "acme-uk: \" GBP\"", uk, "plain amount"},
        {"acme-uk: 8000", "acme-uk: [8000]", uk, "expected text"},
        {"\"1000000 JPY\"", "\"1000000.5 JPY\"", jp, "digits after the point"},
        {"{acme-uk: 8000", "{\"acme uk \": 8000", "3:32 /entity_materiality_overrides/acme uk ",
         "space"},
    };
    /* clang-format on */
    CHECK_REFUSALS(rows);
}
END_TEST

START_TEST(account_rules_name_exactly_one_thing)
{
    static const char first[] = "4:25 /always_human_accounts/0";
    /* clang-format off */
    static const struct refusal rows[] = {
        {"[\"2400\"]", "[2400]", first, "in quotes"},
        {"[\"2400\"]", "[\"\"]", first, "empty"},
        {"[\"2400\"]", "[{}]", first, "exactly one"},
        {"[\"2400\"]", "[{legs: all}]", first, "exactly one"},
        {"[\"2400\"]", "[{id: \"1\", class: equity}]", first, "not 2"},
        {"[\"2400\"]", "[{id: \"1\", prefix: \"1\"}]", first, "not 2"},
        {"[\"2400\"]", "[{event: e, legs: all}]", "4:42 /always_human_accounts/0/legs", "no legs"},
        {"[\"2400\"]", "[{id: \"1\", legs: both}]", "4:41 /always_human_accounts/0/legs", "contra"},
        {"[\"2400\"]", "[{id: 2400}]", "4:30 /always_human_accounts/0/id", "expected text"},
        {"[\"2400\"]", "[{klass: equity}]", "4:26 /always_human_accounts/0/klass",
         "did you mean \"class\""},
        {"[\"2400\"]", "[{event: Bank Change}]", "4:33 /always_human_accounts/0/event",
         "lower-case"},
        {"[\"2400\"]", "[{class: c, clause: short}]", "4:44 /always_human_accounts/0/clause",
         "10 to 400"},
        {"[\"2400\"]", "[\"1\", {id: \"1\"}]", "4:30 /always_human_accounts/1", "item 0"},
        {"[\"2400\"]", "{}", "4:24 /always_human_accounts", "expected a list"},
    };
    /* clang-format on */
    CHECK_REFUSALS(rows);
}
END_TEST

START_TEST(match_types_and_their_clauses_go_together)
{
    /* clang-format off */
    static const struct refusal rows[] = {
        {"[fuzzy]", "[fuzy]", "5:31 /no_auto_confirm_match_types/0", "many_to_many"},
        {"[fuzzy]", "[fuzzy, late]", "5:38 /no_auto_confirm_match_types/1", "has no clause"},
        {"[fuzzy]", "[fuzzy, fuzzy]", "5:30 /no_auto_confirm_match_types", "twice"},
        {"[fuzzy]", "[]", "6:41 /strategy_clauses_by_match_type/fuzzy", "not listed"},
        {"[fuzzy]", "[\"\"]", "5:31 /no_auto_confirm_match_types/0", "empty"},
        {"A similar name is confirmed by a person.", "Too short",
         "6:41 /strategy_clauses_by_match_type/fuzzy", "10 to 400"},
    };
    /* clang-format on */
    CHECK_REFUSALS(rows);
}
END_TEST

START_TEST(caps_and_cumulative_limits_refuse_what_limits_nothing)
{
    /* clang-format off */
    static const struct refusal rows[] = {
        {"true}", "true, cap: {period: day}}", "7:36 /auto_confirm/cap", "amount, a count"},
        {"true}", "true, cap: {count: 5}}", "7:36 /auto_confirm/cap/period", "required"},
        {"true}", "true, cap: {count: 0, period: day}}", "7:44 /auto_confirm/cap/count",
         "less than 1"},
        {"true}", "true, cap: {count: 1, period: hour}}", "7:55 /auto_confirm/cap/period",
         "quarter"},
        {"true}", "true, cap: {amount: 0 USD, period: day}}", "7:45 /auto_confirm/cap/amount",
         "more than zero"},
        {"true}", "true, cap: {amount: 5, period: day}}", "7:45 /auto_confirm/cap/amount",
         "expected text"},
        {"limits: []", "limits: [{id: a, per: book, window_days: 0, max: 1 USD}]",
         "8:53 /cumulative_limits/0/window_days", "less than 1"},
        {"limits: []", "limits: [{id: a, per: vendor, window_days: 1, max: 1 USD}]",
         "8:34 /cumulative_limits/0/per", "counterparty"},
        {"limits: []", "limits: [{id: a, per: book, window_days: 1, max: -1 USD}]",
         "8:61 /cumulative_limits/0/max", "negative"},
        {"limits: []", "limits: [{id: a, per: book, window_days: 1, max: 0 USD}]",
         "8:61 /cumulative_limits/0/max", "more than zero"},
        {"limits: []", "limits: [{id: a, per: book, window_days: 1}]",
         "8:21 /cumulative_limits/0/max", "required"},
        {"limits: []", "limits: [{id: A, per: book, window_days: 1, max: 1 USD}]",
         "8:26 /cumulative_limits/0/id", "lower-case"},
        {"limits: []",
         "limits:\n- {id: a, per: book, window_days: 1, max: 1 USD}\n"
         "- {id: a, per: book, window_days: 2, max: 2 USD}",
         "10:8 /cumulative_limits/1/id", "already"},
    };
    /* clang-format on */
    CHECK_REFUSALS(rows);
}
END_TEST

START_TEST(blocked_rules_need_a_condition_that_can_hold)
{
    /* clang-format off */
    static const struct refusal rows[] = {
        {"blocked: []", "blocked: [{id: a, clause: Not this one.}]", "9:11 /blocked/0",
         "needs a condition"},
        {"blocked: []", "blocked: [{id: a, tool: t}]", "9:11 /blocked/0/clause", "required"},
        {"blocked: []", "blocked: [{tool: t, clause: Not this one.}]", "9:11 /blocked/0/id",
         "required"},
        {"blocked: []", "blocked: [{id: a, account: a, account_prefix: a, clause: Not this one.}]",
         "9:11 /blocked/0", "not both"},
        {"blocked: []", "blocked: [{id: a, actor: ana, clause: Not this one.}]",
         "9:26 /blocked/0/actor", ""},
        {"blocked: []",
         "blocked: [{id: a, actor: llm:x, actor_kind: human, clause: Not this one.}]",
         "9:26 /blocked/0/actor", "actor_kind"},
        {"blocked: []", "blocked: [{id: a, actor_kind: robot, clause: Not this one.}]",
         "9:31 /blocked/0/actor_kind", "engine"},
        {"blocked: []", "blocked: [{id: a, action: CONFRIM, clause: Not this one.}]",
         "9:27 /blocked/0/action", "CONFIRM"},
        {"blocked: []", "blocked: [{id: a, over: 5, clause: Not this one.}]",
         "9:25 /blocked/0/over", "expected text"},
        {"blocked: []", "blocked: [{id: a, over: -5 USD, clause: Not this one.}]",
         "9:25 /blocked/0/over", "negative"},
        {"blocked: []", "blocked: [{id: a, tool: Confirm, clause: Not this one.}]",
         "9:25 /blocked/0/tool", "lower-case"},
        {"blocked: []",
         "blocked:\n- {id: a, tool: t, clause: Not this one.}\n- {id: a, tool: u, clause: Not "
         "this one.}",
         "11:8 /blocked/1/id", "already"},
    };
    /* clang-format on */
    CHECK_REFUSALS(rows);
}
END_TEST

START_TEST(grants_refuse_what_would_give_nothing_or_too_much)
{
    static const char find[] = "{role: controller, actions: [CONFIRM], entities: all}";
    /* clang-format off */
    static const struct refusal rows[] = {
        {"[{role: controller, actions: [CONFIRM], entities: all}]", "[]", "10:12 /authority",
         "empty"},
        {find, "{role: c, actions: [], entities: all}", "10:32 /authority/0/actions", "empty"},
        {find, "{role: c, entities: all}", "10:13 /authority/0/actions", "required"},
        {find, "{role: c, actions: [CONFIRM]}", "10:13 /authority/0/entities", "required"},
        {find, "{role: c, actions: [APPROVE], entities: all}", "10:33 /authority/0/actions/0",
         "is not an action"},
        {find, "{role: c, actions: [FLAG, FLAG], entities: all}", "10:32 /authority/0/actions",
         "twice"},
        {find, "{role: C, actions: [FLAG], entities: all}", "10:20 /authority/0/role",
         "lower-case"},
        {find, "{role: c, actions: [FLAG], entities: some}", "10:50 /authority/0/entities",
         "`all`"},
        {find, "{role: c, actions: [FLAG], entities: []}", "10:50 /authority/0/entities", "`all`"},
        {find, "{role: c, actions: [FLAG], entities: [uk, uk]}", "10:55 /authority/0/entities/1",
         "already"},
        {find, "{role: c, actions: [FLAG], entities: [1]}", "10:51 /authority/0/entities/0",
         "as text"},
        {find, "{role: c, actions: [FLAG], entities: all, max: 0 USD}", "10:60 /authority/0/max",
         "more than zero"},
        {find, "{role: c, actions: [FLAG], entities: all, max: -3 USD}", "10:60 /authority/0/max",
         "negative"},
        {find, "{role: c, actions: [FLAG], entities: all, max: 1 USD, single_max: 2 USD}",
         "10:79 /authority/0/single_max", "more than max"},
        {find, "{role: c, actions: [FLAG], entities: all, max: 5 USD, single_max: 2 EUR}",
         "10:79 /authority/0/single_max", "currency of max"},
        {find, "{role: engine, actions: [PROPOSE, RESOLVE], entities: all}",
         "10:47 /authority/0/actions/1", "RESOLVE is for people"},
        {find, "{role: engine, actions: [CONFIRM], entities: all, single_max: 2 EUR}",
         "10:75 /authority/0/single_max", "second person"},
    };
    /* clang-format on */
    CHECK_REFUSALS(rows);
}
END_TEST

START_TEST(rates_refuse_twins_and_what_is_no_rate)
{
    static const char find[] = "days: 4}";
    /* clang-format off */
    static const struct refusal rows[] = {
        {find, "days: 4, rates: [{base: GBX, quote: USD, rate: 1, as_of: 2026-03-02, source: D}]}",
         "12:44 /fx/rates/0/base", "not a currency"},
        {find, "days: 4, rates: [{base: GBP, quote: GBP, rate: 1, as_of: 2026-03-02, source: D}]}",
         "12:37 /fx/rates/0", "two currencies"},
        {find, "days: 4, rates: [{base: GBP, quote: USD, rate: 0, as_of: 2026-03-02, source: D}]}",
         "12:67 /fx/rates/0/rate", "more than zero"},
        {find,
         "days: 4, rates: [{base: GBP, quote: USD, rate: -1.2, as_of: 2026-03-02, source: D}]}",
         "12:67 /fx/rates/0/rate", "more than zero"},
        {find,
         "days: 4, rates: [{base: GBP, quote: USD, rate: \"1,2\", as_of: 2026-03-02, "
         "source: D}]}",
         "12:67 /fx/rates/0/rate", "decimal"},
        {find,
         "days: 4, rates: [{base: GBP, quote: USD, rate: 1.2345678901234, as_of: "
         "2026-03-02, source: D}]}",
         "12:67 /fx/rates/0/rate", ""},
        {find, "days: 4, rates: [{base: GBP, quote: USD, rate: 1, as_of: 2026-02-30, source: D}]}",
         "12:77 /fx/rates/0/as_of", "date"},
        {find, "days: 4, rates: [{base: GBP, quote: USD, rate: 1, as_of: 2026-03-02}]}",
         "12:37 /fx/rates/0/source", "required"},
        {find,
         "days: 4, rates: [{base: GBP, quote: USD, rate: 1, as_of: 2026-03-02, source: D},\n"
         " {base: USD, quote: GBP, rate: 1, as_of: 2026-03-02, source: E}]}",
         "13:2 /fx/rates/1", "rate 0"},
    };
    /* clang-format on */
    CHECK_REFUSALS(rows);
}
END_TEST

START_TEST(matching_refuses_shares_and_windows_that_make_no_sense)
{
    /* clang-format off */
    static const struct refusal rows[] = {
        {"matching: {}", "matching: {high: 0.6}", "13:18 /matching/high", "less than review"},
        {"matching: {}", "matching: {high: 1.01}", "13:18 /matching/high", "from 0 to 1"},
        {"matching: {}", "matching: {review: -0.1}", "13:20 /matching/review", "from 0 to 1"},
        {"matching: {}", "matching: {review: 0.12345}", "13:20 /matching/review", "4 digits"},
        {"matching: {}", "matching: {ambiguity_margin: high}", "13:30 /matching/ambiguity_margin",
         "decimal"},
        {"matching: {}",
         "matching: {weights: {text: 0.5, reference: 0.2, date: 0.1, amount: 0.1, account: 0.05}}",
         "13:21 /matching/weights", "add up to 0.9500"},
        {"matching: {}", "matching: {weights: {text: 0.5, reference: 0.2, date: 0.1, amount: 0.2}}",
         "13:21 /matching/weights/account", "required"},
        {"matching: {}", "matching: {windows: {days: 367}}", "13:28 /matching/windows/days",
         "more than 366"},
        {"matching: {}", "matching: {windows: {day: 5}}", "13:22 /matching/windows/day", "days"},
        {"matching: {}", "matching: {tolerances: {fee_cap: 0}}",
         "13:34 /matching/tolerances/fee_cap", "leave it out"},
        {"matching: {}", "matching: {tolerances: {fee_cap: \"5 USD\"}}",
         "13:34 /matching/tolerances/fee_cap", "decimal"},
        {"matching: {}", "matching: {tolerances: {fee_share: 2}}",
         "13:36 /matching/tolerances/fee_share", "from 0 to 1"},
        {"matching: {}", "matching: {groups: {items_max: 13}}", "13:32 /matching/groups/items_max",
         "more than 12"},
        {"matching: {}", "matching: {groups: {items_max: 9, candidates_max: 8}}",
         "13:20 /matching/groups", "more than candidates_max"},
        {"matching: {}", "matching: {candidates_max: 0}", "13:28 /matching/candidates_max",
         "less than 1"},
    };
    /* clang-format on */
    CHECK_REFUSALS(rows);
}
END_TEST

START_TEST(escalations_and_channels_refuse_what_cannot_be)
{
    /* clang-format off */
    static const struct refusal rows[] = {
        {"escalation: {}", "escalation: {expiry_hours: 0}", "16:28 /escalation/expiry_hours",
         "less than 1"},
        {"escalation: {}", "escalation: {expiry_hours: 5, sla_hours: 6}",
         "16:42 /escalation/sla_hours", "more than expiry_hours"},
        {"escalation: {}", "escalation: {reminders_hours: 4}", "16:31 /escalation/reminders_hours",
         "a list"},
        {"escalation: {}", "escalation: {reminders_hours: [4, 4]}",
         "16:35 /escalation/reminders_hours/1", "after the one before"},
        {"escalation: {}", "escalation: {reminders_hours: [168]}",
         "16:32 /escalation/reminders_hours/0", "before the escalation expires"},
        {"escalation: {}", "escalation: {reminders_hours: [1.5]}",
         "16:32 /escalation/reminders_hours/0", "whole number"},
        {"T1: [web, cli]", "T1: [web, fax]", "18:13 /channels/T1/1", "is not a channel"},
        {"T1: [web, cli]", "T1: []", "18:7 /channels/T1", "empty"},
        {"  T1: [web, cli]\n", "", "18:3 /channels/T1", "required"},
        {"T2: [web, slack]", "T2: [cli]", "19:8 /channels/T2/0", "may not come from"},
        {"T3: [web]", "T3: [web, slack]", "20:13 /channels/T3/1", "may not come from"},
        {"T3: [web]", "T3: [web, web]", "20:7 /channels/T3", "twice"},
        {"T3: [web]", "T4: [web]", "20:3 /channels/T4", "did you mean"},
        {"{T2: 480, T3: 5}", "{T2: 480}", "21:26 /channels/max_login_age_minutes/T3", "required"},
        {"{T2: 480, T3: 5}", "{T2: 480, T3: 0}", "21:40 /channels/max_login_age_minutes/T3",
         "less than 1"},
    };
    /* clang-format on */
    CHECK_REFUSALS(rows);
}
END_TEST

START_TEST(clauses_are_complete_sentences_a_person_can_read)
{
    static const char frozen[] = "25:11 /clauses/FROZEN";
    static const char find[] = "FROZEN: This is the sentence for FROZEN.";
    /* clang-format off */
    static const struct refusal rows[] = {
        {"  FROZEN: This is the sentence for FROZEN.\n", "", "24:3 /clauses",
         "FROZEN has no clause"},
        {find, "THAWED: This is the sentence for THAWED.", "25:11 /clauses/THAWED",
         "is not a reason"},
        {find, "ALLOWED: What is allowed is not explained.", "25:12 /clauses/ALLOWED",
         "needs no clause"},
        {find, "FROZEN: \"\"", frozen, "empty"},
        {find, "FROZEN: Frozen.", frozen, "10 to 400"},
        {find, "FROZEN: This actor is frozen", frozen, "full stop"},
        {find, "FROZEN: \"This actor\\tis frozen.\"", frozen, "control"},
        {find, "FROZEN: \"This actor is\\x7f frozen.\"", frozen, "control"},
        {find, "FROZEN: \"This actor is\\u202e frozen.\"", frozen, "invisible"},
        {find, "FROZEN: \"This actor\\nis frozen.\"", frozen, "control"},
        {find, "FROZEN: \" This actor is frozen.\"", frozen, "space"},
        {find, "FROZEN: 5", frozen, "expected text"},
    };
    /* clang-format on */
    CHECK_REFUSALS(rows);
}
END_TEST

START_TEST(a_clause_of_400_characters_is_the_longest)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_puts(&b, "FROZEN: ");
    for (int i = 0; i < 399; i++)
        buf_puts(&b, "\xc3\xa4");
    buf_puts(&b, ".");
    (void)load("FROZEN: This is the sentence for FROZEN.", buf_text(&b));
    buf_clear(&b);
    buf_puts(&b, "FROZEN: ");
    for (int i = 0; i < 400; i++)
        buf_puts(&b, "\xc3\xa4");
    buf_puts(&b, ".");
    const struct refusal rows[] = {{"FROZEN: This is the sentence for FROZEN.", buf_text(&b),
                                    "25:11 /clauses/FROZEN", "this one 401"}};
    CHECK_REFUSALS(rows);
    buf_fini(&b);
}
END_TEST

START_TEST(a_policy_is_an_object_and_its_digest_64_hex_digits)
{
    struct policy *policy = NULL;
    ck_err(load_text(STR("[]"), &policy), ERR_INPUT);
    ck_err(load_text(STR("text"), &policy), ERR_INPUT);
    ck_err(policy_load(arena, json_object_new(arena), "abc", &policy), ERR_BUG);
    ck_err(policy_load(arena, json_object_new(arena), NULL, &policy), ERR_BUG);
    ck_assert_ptr_null(policy);
}
END_TEST

START_TEST(an_arena_that_is_too_small_is_said_so_and_nothing_else)
{
    bool loaded = false;
    for (size_t bytes = 4096; bytes <= (size_t)1 << 20 && !loaded; bytes += 1024) {
        struct json *tree = NULL;
        struct policy *policy = NULL;
        ck_ok(yaml_read(arena, str_of(base), &tree));
        struct arena *small = arena_new(bytes);
        struct err e = policy_load(small, tree, digest, &policy);
        loaded = e.kind == ERR_NONE;
        ck_assert_msg(loaded || e.kind == ERR_LIMIT, "%zu bytes: %s", bytes, e.msg);
        ck_assert(loaded == (policy != NULL));
        arena_free(small);
        arena_reset(arena);
    }
    ck_assert(loaded);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        keys_are_known_required_and_typed,
        materiality_and_overrides_refuse_what_is_no_amount,
        account_rules_name_exactly_one_thing,
        match_types_and_their_clauses_go_together,
        caps_and_cumulative_limits_refuse_what_limits_nothing,
        blocked_rules_need_a_condition_that_can_hold,
        grants_refuse_what_would_give_nothing_or_too_much,
        rates_refuse_twins_and_what_is_no_rate,
        matching_refuses_shares_and_windows_that_make_no_sense,
        escalations_and_channels_refuse_what_cannot_be,
        clauses_are_complete_sentences_a_person_can_read,
        a_clause_of_400_characters_is_the_longest,
        a_policy_is_an_object_and_its_digest_64_hex_digits,
        an_arena_that_is_too_small_is_said_so_and_nothing_else,
    };
    return run("policy_refused", tests, sizeof tests / sizeof tests[0]);
}
