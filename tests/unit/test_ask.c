/* An ask becomes the event's gate_input: every fact, under its own name. */
#include <stdio.h>
#include <string.h>

#include "common/sys/jcs.h"
#include "engine/gate/ask.h"
#include "tests/unit/test.h"

/* A fact that the gate reads and the event does not hold cannot be audited or replayed. Whoever
 * adds a member to one of these structs: print it in ask_print, look for it below, raise
 * ASK_SCHEMA, and only then write the new size here. */
_Static_assert(sizeof(struct ask) == 528, "a new fact: print it in ask_print, test it below");
_Static_assert(sizeof(struct ask_account) == 24,
               "a new fact: print it in ask_print, test it below");
_Static_assert(sizeof(struct ask_role) == 24, "a new fact: print it in ask_print, test it below");
_Static_assert(sizeof(struct ask_value) == 96, "a new fact: print it in ask_print, test it below");
_Static_assert(sizeof(struct ask_cumulative) == 48,
               "a new fact: print it in ask_print, test it below");

/* A bool may hide in padding, so every member also stands here, by position:
 * -Wmissing-field-initializers (-Wextra) asks for the new one. */
/* clang-format off */
__attribute__((unused)) static const struct ask every_member = {
    ACTION_NONE, TIER_T0, NULL, false, false, DECISION_NONE,
    ACTOR_NONE, NULL, NULL, NULL, NULL, CHANNEL_NONE, 0, false, false, NULL, 0, false, false, false, false,
    NULL, NULL, 0, MATCH_NONE, false, false, SOURCE_NONE, NULL, 0, false, NULL, NULL, 0, NULL, 0,
    false, false, false, false, false, NULL, false,
    NULL, 0, NULL, 0, NULL, 0, {0, ""}, false, NULL, 0, NULL, 0, {{0, 0}, false}, 0,
    false, 0, NULL, 0, false,
    0, false, NULL, {{0, 0}, false},
};
/* clang-format on */

static const struct ask_role roles[] = {{"controller", NULL, NULL}, {"accountant", "uk", "p-lea"}};
static const struct ask_account accounts[] = {{"1000", "cash", true, true},
                                              {NULL, NULL, false, false}};
static const char *const proposers[] = {"p-bob"}, *const agents[] = {"p-cem"},
                         *const seats[] = {"p-dia"};
static const char *const entities[] = {"us", "uk"}, *const events[] = {"vendor_bank_change"};

static struct ask_value values[3];
static struct ask_cumulative sums[2];

static struct ask act_ask(void)
{
    values[0] = (struct ask_value){.cur = "USD", .status = FX_KNOWN, .source = "ECB"};
    values[0].value = (struct decimal){.coef = 1234567, .scale = 3};
    values[0].rate = (struct decimal){.coef = 12710, .scale = 4};
    values[1] = (struct ask_value){.cur = "GBP", .status = FX_STALE};
    values[1].rate = decimal_of_int(1);
    values[2] = (struct ask_value){.cur = "JPY", .status = FX_MISSING, .source = "nobody"};
    sums[0] = (struct ask_cumulative){.sum = {.coef = 5, .scale = 1}, .known = true};
    return (struct ask){.action = ACTION_RESOLVE,
                        .tier = TIER_T2,
                        .tool = "resolve_escalation",
                        .change = true,
                        .posting = true,
                        .decision = DECISION_REJECT,
                        .actor_kind = ACTOR_HUMAN,
                        .actor = "human:ana",
                        .principal = "p-ana",
                        .on_behalf_of = "p-dan",
                        .client = "desk",
                        .channel = CHANNEL_SLACK,
                        .auth_age_s = 61,
                        .roles = roles,
                        .roles_n = 2,
                        .prod = true,
                        .frozen = true,
                        .frozen_self = true,
                        .delivery_service = true,
                        .object_type = "match",
                        .object_id = "mat_1",
                        .object_version = 7,
                        .state = MATCH_CONFIRMED,
                        .state_valid = true,
                        .entry_taken = true,
                        .source = SOURCE_LLM,
                        .match_type = "fuzzy",
                        .score_bp = 8123,
                        .sure = true,
                        .counterparty = "Acme",
                        .proposers = proposers,
                        .proposers_n = 1,
                        .own_agents_of = agents,
                        .own_agents_of_n = 1,
                        .ambiguous = true,
                        .entity_mismatch = true,
                        .intercompany = true,
                        .intercompany_paired = true,
                        .period_closed = true,
                        .subject = "p-eve",
                        .keeps_amount = true,
                        .entities = entities,
                        .entities_n = 2,
                        .accounts = accounts,
                        .accounts_n = 2,
                        .events = events,
                        .events_n = 1,
                        .amount = {.minor = 9007199254740993, .cur = "USD"},
                        .has_amount = true,
                        .values = values,
                        .values_n = 3,
                        .cumulative = sums,
                        .cumulative_n = 2,
                        .auto_confirmed = {.sum = {.coef = 7}, .known = true},
                        .auto_confirmed_n = 3,
                        .has_rationale = true,
                        .approvers_n = 2,
                        .seats = seats,
                        .seats_n = 1,
                        .own_seat = true};
}

/* And what only some acts have. */
static struct ask full_ask(void)
{
    struct ask a = act_ask();
    a.bulk_n = 4;
    a.login_wanted = a.login_bound = true;
    a.bulk_one_clause = true;
    a.bulk_reason = "AMBIGUOUS_MATCH";
    a.bulk_sum = (struct ask_cumulative){.sum = {.coef = 41, .scale = 1}, .known = true};
    return a;
}

/* One line a node: pointer and text, so that the expected tree can be read. */
static void lines_of(struct arena *arena, const struct json *node, const char *at, const char **out)
{
    for (size_t i = 0; json_is(node, JSON_TYPE_OBJECT) && i < node->count; i++)
        lines_of(arena, node->members[i].value,
                 arena_fmt(arena, "%s/%s", at, node->members[i].key.at), out);
    for (size_t i = 0; json_is(node, JSON_TYPE_ARRAY) && i < node->count; i++)
        lines_of(arena, node->items[i], arena_fmt(arena, "%s/%zu", at, i), out);
    if (json_is(node, JSON_TYPE_TEXT) || json_is(node, JSON_TYPE_NUMBER))
        *out = arena_fmt(arena, "%s%s=%s\n", *out, at, node->text.at);
    if (json_is(node, JSON_TYPE_BOOL))
        *out = arena_fmt(arena, "%s%s=%s\n", *out, at, node->truth ? "true" : "false");
}

static const char full_lines[] =
    "/accounts/0/class=cash\n/accounts/0/id=1000\n/accounts/0/known=true\n"
    "/accounts/0/reconciled=true\n/accounts/1/known=false\n/accounts/1/reconciled=false\n"
    "/action=RESOLVE\n/actor=human:ana\n/actor_kind=human\n/ambiguous=true\n"
    "/amount/amount=90071992547409.93\n/amount/currency=USD\n/approvers_n=2\n/auth_age_s=61\n"
    "/auto_confirmed/known=true\n/auto_confirmed/sum=7\n/auto_confirmed_n=3\n"
    "/bulk_n=4\n/bulk_one_clause=true\n/bulk_reason=AMBIGUOUS_MATCH\n/bulk_sum/known=true\n"
    "/bulk_sum/sum=4.1\n/change=true\n"
    "/channel=slack\n/client=desk\n/counterparty=Acme\n/cumulative/0/known=true\n"
    "/cumulative/0/sum=0.5\n/cumulative/1/known=false\n/decision=reject\n"
    "/delivery_service=true\n/entities/0=us\n/entities/1=uk\n/entity_mismatch=true\n"
    "/entry_taken=true\n/events/0=vendor_bank_change\n/frozen=true\n/frozen_self=true\n"
    "/has_rationale=true\n/intercompany=true\n/intercompany_paired=true\n/keeps_amount=true\n"
    "/login_bound=true\n/login_wanted=true\n"
    "/match_type=fuzzy\n/object_id=mat_1\n/object_type=match\n/object_version=7\n"
    "/on_behalf_of=p-dan\n/own_agents_of/0=p-cem\n/own_seat=true\n/period_closed=true\n"
    "/posting=true\n/principal=p-ana\n/prod=true\n/proposers/0=p-bob\n"
    "/roles/0/role=controller\n/roles/1/entity=uk\n/roles/1/lender=p-lea\n"
    "/roles/1/role=accountant\n/schema=4\n/score_bp=8123\n/seats/0=p-dia\n/source=llm\n"
    "/state=CONFIRMED\n/state_valid=true\n/subject=p-eve\n/sure=true\n/tier=T2\n"
    "/tool=resolve_escalation\n/values/0/as_of=1970-01-01\n/values/0/currency=USD\n"
    "/values/0/rate=1.271\n/values/0/source=ECB\n/values/0/status=known\n"
    "/values/0/value=1234.567\n/values/1/currency=GBP\n/values/1/rate=1\n"
    "/values/1/status=stale\n/values/1/value=0\n/values/2/currency=JPY\n"
    "/values/2/status=missing\n";

START_TEST(every_fact_is_printed_under_its_name)
{
    struct arena *arena = arena_new((size_t)4 << 20);
    struct ask ask = full_ask();
    const char *lines = "";
    lines_of(arena, ask_print(arena, &ask), "", &lines);
    ck_ok(arena_check(arena));
    ck_assert_str_eq(lines, full_lines);
    arena_free(arena);
}
END_TEST

START_TEST(the_event_has_the_facts_of_the_tree)
{
    struct arena *arena = arena_new((size_t)4 << 20);
    const struct ask asks[] = {full_ask(), {.action = ACTION_NONE}};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(buf_fini) struct buf text;
        struct canon w;
        struct str of_tree;
        buf_init(&text, 1 << 16);
        canon_into_text(&w, &text);
        ask_write(&w, CANON_ITEM, &asks[i]);
        ck_ok(canon_done(&w));
        ck_ok(jcs_text(arena, ask_print(arena, &asks[i]), &of_tree));
        ck_assert_str_eq(buf_text(&text), of_tree.at);
    }
    arena_free(arena);
}
END_TEST

START_TEST(an_ask_of_nothing_prints_and_claims_nothing)
{
    struct arena *arena = arena_new((size_t)1 << 20);
    static const struct ask nothing;
    const struct json *o = ask_print(arena, &nothing);
    ck_ok(arena_check(arena));
    ck_assert_str_eq(json_get_text(o, "action"), "NONE");
    ck_assert_str_eq(json_get_text(o, "actor_kind"), "none");
    ck_assert_ptr_null(json_get(o, "amount"));
    ck_assert_ptr_null(json_get(o, "principal"));
    ck_assert(json_is(json_get(o, "values"), JSON_TYPE_ARRAY));
    ck_assert(!json_get(json_get(o, "auto_confirmed"), "known")->truth);
    arena_free(arena);
}
END_TEST

START_TEST(a_full_arena_is_an_error_and_not_a_crash)
{
    struct ask ask = full_ask();
    for (size_t max = 0; max < 12000; max += 512) {
        struct arena *arena = arena_new(max);
        (void)ask_print(arena, &ask);
        ck_err(arena_check(arena), ERR_LIMIT);
        arena_free(arena);
    }
}
END_TEST

START_TEST(every_name_finds_its_action)
{
    for (int i = ACTION_NONE + 1; i < ACTION_COUNT; i++) {
        enum action found = ACTION_NONE;
        ck_assert(action_find(action_name((enum action)i), &found));
        ck_assert_int_eq((int)found, i);
    }
    enum action none = ACTION_CONFIRM;
    ck_assert(!action_find("NONE", &none) && none == ACTION_NONE);
    ck_assert(!action_find("confirm", &none) && !action_find(NULL, &none));
    ck_assert_str_eq(action_name(ACTION_COUNT), "NONE");
}
END_TEST

START_TEST(the_other_names_find_their_values_too)
{
    for (int i = CHANNEL_WEB; i <= CHANNEL_CLI; i++) {
        enum channel c;
        ck_assert(channel_find(channel_name((enum channel)i), &c) && (int)c == i);
    }
    for (int i = MATCH_PROPOSED; i <= MATCH_REVERSED; i++) {
        enum match_state s;
        ck_assert(match_state_find(match_state_name((enum match_state)i), &s) && (int)s == i);
    }
    for (int i = SOURCE_MATCHER; i <= SOURCE_HUMAN; i++) {
        enum source s;
        ck_assert(source_find(source_name((enum source)i), &s) && (int)s == i);
    }
    enum channel none = CHANNEL_WEB;
    ck_assert(!channel_find("none", &none) && none == CHANNEL_NONE);
    ck_assert_str_eq(tier_name(TIER_T3), "T3");
    ck_assert_str_eq(tier_name((enum tier)9), "T0");
}
END_TEST

/* ---- and back ---- */

static void round_trip(struct arena *arena, const struct ask *ask)
{
    struct ask back;
    const struct json *printed = ask_print(arena, ask), *again;
    ck_ok(ask_read(arena, printed, &back));
    again = ask_print(arena, &back);
    const char *was = "", *is = "";
    lines_of(arena, printed, "", &was);
    lines_of(arena, again, "", &is);
    ck_assert_str_eq(was, is);
    ck_assert(json_equal(printed, again));
}

START_TEST(an_ask_reads_back_as_it_was_printed)
{
    struct arena *arena = arena_new((size_t)16 << 20);
    const struct ask full = full_ask(), nothing = {.tool = NULL, .auth_age_s = -1};
    round_trip(arena, &full);
    round_trip(arena, &nothing);
    for (unsigned i = 0; i < ACTION_COUNT; i++) {
        struct ask one = full_ask();
        one.action = (enum action)i;
        one.tier = (enum tier)(i % 4);
        one.actor_kind = (enum actor_kind)(i % 4);
        one.channel = (enum channel)(i % 6);
        one.state = (enum match_state)(i % 5);
        one.source = (enum source)(i % 4);
        one.decision = (enum decision)(i % 6);
        one.has_amount = i % 2 == 0;
        values[0].value =
            (struct decimal){.coef = -(int128)1234567890123456789 * 100000000000 - 1, .scale = 27};
        round_trip(arena, &one);
    }
    arena_free(arena);
}
END_TEST

START_TEST(what_was_never_printed_does_not_read)
{
    static const char *const bad[][2] = {
        {"action", "CONFRIM"}, {"tier", "T9"},       {"actor_kind", "robot"}, {"channel", "fax"},
        {"state", "MAYBE"},    {"source", "rumour"}, {"decision", "perhaps"}, {"surprise", "yes"}};
    struct arena *arena = arena_new((size_t)4 << 20);
    const struct ask full = full_ask();
    struct ask back;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct json *o = ask_print(arena, &full);
        json_put_text(arena, o, bad[i][0], bad[i][1]);
        ck_err(ask_read(arena, o, &back), ERR_INPUT);
    }
    struct json *newer = ask_print(arena, &full);
    json_put_int(arena, newer, "schema", ASK_SCHEMA + 1);
    ck_err(ask_read(arena, newer, &back), ERR_INPUT);
    struct json *amount = ask_print(arena, &full), *money = json_object_new(arena);
    json_put_text(arena, money, "amount", "1.234");
    json_put_text(arena, money, "currency", "USD");
    json_put(arena, amount, "amount", money);
    ck_err(ask_read(arena, amount, &back), ERR_INPUT);
    ck_err(ask_read(arena, json_array_new(arena), &back), ERR_INPUT);
    arena_free(arena);
}
END_TEST

TEST_MAIN("ask", every_fact_is_printed_under_its_name, the_event_has_the_facts_of_the_tree,
          an_ask_of_nothing_prints_and_claims_nothing, a_full_arena_is_an_error_and_not_a_crash,
          every_name_finds_its_action, the_other_names_find_their_values_too,
          an_ask_reads_back_as_it_was_printed, what_was_never_printed_does_not_read)
