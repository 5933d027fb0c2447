/* The same facts in Slack and in Teams, and nothing a payee wrote acts in either. */
#include <string.h>

#include "agent/notify/card.h"
#include "agent/notify/slack.h"
#include "agent/notify/teams.h"
#include "common/sys/json_read.h"
#include "tests/unit/test.h"

#define DIGEST "cdea1f35eb3afa36d21c49937b694f35f0f06fdc3ce340b4eb254d532040c9bf"
#define HEAD                                                                                       \
    "{\"escalation_id\":\"esc_01M7YQA1D591755WAE8JSQC69S\",\"code\":\"6DBH-4ZRM\","                \
    "\"entity_id\":\"acme-uk\",\"object_type\":\"match\",\"object_id\":\"mat_1\","                 \
    "\"reason\":\"MATERIALITY_OVER_THRESHOLD\",\"clause\":\"Matches above USD 10,000 require "     \
    "confirmation by a named person.\",\"pointer\":\"/materiality\","                              \
    "\"requester\":\"engine:auto-confirm\",\"expires_at\":\"2026-11-28T09:34:27.237353Z\","        \
    "\"sla_due_at\":\"2026-11-22T09:34:27.237353Z\",\"overdue\":false,\"digest\":\"" DIGEST "\","

static struct arena *arena;

static void setup(void)
{
    arena = arena_new(4 << 20);
}

static void teardown(void)
{
    arena_free(arena);
}

static const struct json *doc_of(const char *tail)
{
    struct json *tree;
    ck_ok(json_read(arena, str_of(arena_fmt(arena, "%s%s", HEAD, tail)), NULL, &tree));
    return tree;
}

static const char *match_tail(const char *state, const char *memo, const char *more)
{
    return arena_fmt(
        arena,
        "\"tool\":\"confirm_match\",\"state\":\"%s\",\"amount\":\"-1087432.10\","
        "\"currency\":\"EUR\",\"bound\":{\"accounts\":[\"1200\",\"1800\"],\"currency\":\"EUR\","
        "\"entities\":[\"acme-uk\"],\"facts\":{\"difference\":\"0.00\",\"legs\":["
        "{\"amount\":\"-1087432.10\",\"currency\":\"EUR\",\"date\":\"2026-03-12\","
        "\"entry_id\":\"b:1\",\"memo\":\"%s\",\"side\":\"bank\"},"
        "{\"amount\":\"-1087432.10\",\"counterparty\":\"ACME GmbH\",\"currency\":\"EUR\","
        "\"date\":\"2026-03-11\",\"entry_id\":\"gl:1\",\"side\":\"gl\"}]}}%s}",
        state, memo, more);
}

static struct card card_of(const char *tail, const char *name)
{
    const struct card_about about = {.workspace_url = "https://w.example", .decided_name = name};
    struct card card;
    ck_ok(card_collect(arena, doc_of(tail), &about, &card));
    return card;
}

static struct json *slack_of(const struct card *card)
{
    const struct slack_place place = {.channel = "C1", .delivery_id = "d1"};
    struct json *tree;
    struct str body;
    ck_ok(slack_message(arena, card, &place, &body));
    ck_ok(json_read(arena, body, NULL, &tree));
    return tree;
}

static struct str teams_of(const struct card *card)
{
    struct str body;
    struct json *tree;
    ck_ok(teams_message(arena, card, NULL, &body));
    ck_ok(json_read(arena, body, NULL, &tree));
    return body;
}

static bool has(struct str body, const char *text)
{
    return memmem(body.at, body.len, text, strlen(text)) != NULL;
}

static struct str slack_text(const struct card *card)
{
    const struct slack_place place = {.channel = "C1"};
    struct str body;
    ck_ok(slack_message(arena, card, &place, &body));
    return body;
}

START_TEST(a_card_says_what_will_happen_and_why_it_stopped)
{
    setup();
    const struct card c = card_of(match_tail("PENDING", "SEPA", ""), NULL);
    ck_assert_str_eq(card_title(arena, &c), "Confirm match \xc2\xb7 \xe2\x88\x92"
                                            "1,087,432.10 EUR \xc2\xb7 acme-uk");
    ck_assert(c.open && c.decide_here && c.reason_needed);
    ck_assert_uint_eq(c.lines_n, 2);
    ck_assert_str_eq(c.lines[0].label, "Bank");
    ck_assert_str_eq(c.lines[1].value, "\xe2\x88\x92"
                                       "1,087,432.10 EUR \xc2\xb7 11 Mar 2026 \xc2\xb7 "
                                       "ACME GmbH \xc2\xb7 gl:1");
    ck_assert_str_eq(c.url, "https://w.example/inbox/esc_01M7YQA1D591755WAE8JSQC69S");
    teardown();
}
END_TEST

START_TEST(slack_offers_both_buttons_with_the_digest_that_was_shown)
{
    const char *id, *digest;
    setup();
    const struct card c = card_of(match_tail("PENDING", "SEPA", ""), NULL);
    const struct json *m = slack_of(&c), *blocks = json_get(m, "blocks");
    const struct json *actions = json_get(blocks->items[blocks->count - 1], "elements");
    ck_assert_uint_eq(actions->count, 3);
    ck_assert_str_eq(json_get_text(actions->items[0], "action_id"), SLACK_ACTION_CONFIRM);
    ck_ok(slack_value_parse(arena, json_get_text(actions->items[0], "value"), &id, &digest));
    ck_assert_str_eq(id, c.escalation_id);
    ck_assert_str_eq(digest, DIGEST);
    ck_assert_str_eq(json_get_text(actions->items[1], "action_id"), SLACK_ACTION_REJECT);
    ck_assert_str_eq(json_get_text(actions->items[2], "url"), c.url);
    teardown();
}
END_TEST

START_TEST(what_a_chat_app_may_not_decide_has_a_link_only)
{
    static const char *const tails[] = {
        "\"tool\":\"close_period\",\"state\":\"PENDING\",\"bound\":{\"arguments\":{}}}",
        "\"tool\":\"ap_submit_payment_run\",\"state\":\"PENDING\",\"bound\":{}}",
        "\"tool\":\"link_identity\",\"state\":\"PENDING\",\"bound\":{}}",
        "\"tool\":\"something_new\",\"state\":\"PENDING\",\"bound\":{}}",
        "\"tool\":\"confirm_match\",\"state\":\"STAGE_APPROVED\",\"bound\":{}}",
    };
    setup();
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        const struct card c = card_of(tails[i], NULL);
        const struct str body = slack_text(&c);
        ck_assert(!c.decide_here);
        ck_assert(!has(body, SLACK_ACTION_CONFIRM) && !has(body, SLACK_ACTION_REASON));
        ck_assert(has(body, c.url) && has(body, "decided in the workspace"));
    }
    teardown();
}
END_TEST

START_TEST(a_settled_card_says_who_and_under_which_number)
{
    setup();
    const struct card c =
        card_of(match_tail("APPROVED", "SEPA",
                           ",\"decided_by\":\"human:maria\",\"events\":[{\"seq\":9,\"event_type\":"
                           "\"ESCALATION_PENDING\"},{\"seq\":18204,\"event_type\":"
                           "\"ESCALATION_APPROVED\",\"by\":\"human:maria\"}]"),
                "Maria Lindqvist");
    ck_assert_str_eq(c.outcome, "Confirmed by Maria Lindqvist \xc2\xb7 #18204 \xc2\xb7 6DBH-4ZRM");
    ck_assert(has(slack_text(&c), "Confirmed by Maria Lindqvist \xc2\xb7 #18204"));
    ck_assert(!has(slack_text(&c), SLACK_ACTION_CONFIRM));
    ck_assert(has(teams_of(&c), "Confirmed by Maria Lindqvist \xc2\xb7 #18204"));
    teardown();
}
END_TEST

START_TEST(what_nobody_decided_names_nobody)
{
    setup();
    const struct card c =
        card_of(match_tail("EXPIRED", "", ",\"decided_by\":\"engine:sweeper\""), NULL);
    ck_assert_str_eq(c.outcome, "Expired \xc2\xb7 6DBH-4ZRM");
    teardown();
}
END_TEST

START_TEST(a_payees_words_do_nothing_in_slack)
{
    setup();
    const struct card c = card_of(
        match_tail("PENDING", "<!channel> <@U1> *pay* <https://evil|here> \\u202egnp", ""), NULL);
    const struct str body = slack_text(&c);
    ck_assert(!has(body, "<!channel>") && !has(body, "<@U1>") && !has(body, "<https://evil"));
    ck_assert(has(body, "&lt;!channel&gt; &lt;@U1&gt; *pay*"));
    ck_assert(has(body, "[U+202E]gnp"));
    /* only a plain_text block holds it, and the notification's line does not */
    const struct json *m = slack_of(&c), *blocks = json_get(m, "blocks");
    ck_assert_ptr_null(strstr(json_get_text(m, "text"), "pay"));
    for (size_t i = 0; i < blocks->count; i++) {
        const char *text = json_text(json_pointer_get(blocks->items[i], "/text/text"));
        if (text != NULL && strstr(text, "*pay*") != NULL)
            ck_assert_str_eq(json_text(json_pointer_get(blocks->items[i], "/text/type")),
                             "plain_text");
    }
    teardown();
}
END_TEST

START_TEST(a_payees_words_do_nothing_in_teams)
{
    setup();
    const struct card c =
        card_of(match_tail("PENDING", "**b** [x](https://evil) {{DATE(2026)}} ${a}", ""), NULL);
    const struct str body = teams_of(&c);
    ck_assert(!has(body, "{{DATE(2026)") && !has(body, "${a}"));
    ck_assert(has(body, "\"type\":\"TextRun\",\"text\":\"\xe2\x88\x92"
                        "1,087,432.10 EUR \xc2\xb7 12 Mar 2026 \xc2\xb7 **b** [x]"));
    teardown();
}
END_TEST

START_TEST(ten_kilobytes_of_memo_and_a_hundred_legs_stay_within_the_limits)
{
    setup();
    char *memo = arena_alloc(arena, 10001);
    const char *legs = "";
    memset(memo, '&', 10000);
    for (int i = 0; i < 100; i++)
        legs = arena_fmt(arena, "%s,{\"side\":\"gl\",\"memo\":\"\xe2\x82\xac%s\"}", legs,
                         i == 0 ? memo : "x");
    const char *tail = arena_fmt(arena,
                                 "\"tool\":\"confirm_match\",\"state\":\"PENDING\",\"bound\":{"
                                 "\"facts\":{\"legs\":[{\"side\":\"bank\",\"memo\":\"%s\"}%s]}}}",
                                 memo, legs);
    const struct card c = card_of(tail, NULL);
    ck_assert_uint_eq(c.lines_n, CARD_LINES_MAX);
    ck_assert_uint_eq(c.lines_more, 95);
    const struct json *blocks = json_get(slack_of(&c), "blocks");
    ck_assert_uint_le(blocks->count, SLACK_BLOCKS_MAX);
    for (size_t i = 0; i < blocks->count; i++) {
        const char *text = json_text(json_pointer_get(blocks->items[i], "/text/text"));
        ck_assert(text == NULL || strlen(text) <= SLACK_SECTION_MAX);
    }
    ck_assert_uint_le(teams_of(&c).len, TEAMS_BODY_MAX);
    teardown();
}
END_TEST

START_TEST(what_is_no_escalation_makes_no_card)
{
    const struct card_about about = {.workspace_url = "https://w.example"};
    struct card card;
    struct json *tree;
    setup();
    ck_ok(json_read(arena,
                    STR("{\"escalation_id\":\"esc_/../x\",\"code\":\"a\",\"digest\":\"b\","
                        "\"state\":\"PENDING\",\"tool\":\"confirm_match\"}"),
                    NULL, &tree));
    ck_err(card_collect(arena, tree, &about, &card), ERR_UPSTREAM);
    ck_ok(json_read(arena, STR("{}"), NULL, &tree));
    ck_err(card_collect(arena, tree, &about, &card), ERR_UPSTREAM);
    teardown();
}
END_TEST

START_TEST(a_whisper_goes_to_one_person)
{
    struct json *tree;
    struct str body;
    setup();
    ck_ok(slack_whisper(arena, "Not <yours>.", "https://w.example/inbox/esc_1", &body));
    ck_ok(json_read(arena, body, NULL, &tree));
    ck_assert_str_eq(json_get_text(tree, "response_type"), "ephemeral");
    ck_assert_str_eq(json_get_text(tree, "text"), "Not &lt;yours&gt;.");
    teardown();
}
END_TEST

START_TEST(a_buttons_value_that_is_not_ours_is_refused)
{
    const char *id, *digest;
    setup();
    ck_err(slack_value_parse(arena, NULL, &id, &digest), ERR_INPUT);
    ck_err(slack_value_parse(arena, "esc_1", &id, &digest), ERR_INPUT);
    ck_err(slack_value_parse(arena, "esc_1 abc", &id, &digest), ERR_INPUT);
    ck_err(slack_value_parse(arena, " " DIGEST, &id, &digest), ERR_INPUT);
    ck_err(slack_value_parse(arena, "esc_1 " DIGEST "0", &id, &digest), ERR_INPUT);
    teardown();
}
END_TEST

TEST_MAIN("cards", a_card_says_what_will_happen_and_why_it_stopped,
          slack_offers_both_buttons_with_the_digest_that_was_shown,
          what_a_chat_app_may_not_decide_has_a_link_only,
          a_settled_card_says_who_and_under_which_number, what_nobody_decided_names_nobody,
          a_payees_words_do_nothing_in_slack, a_payees_words_do_nothing_in_teams,
          ten_kilobytes_of_memo_and_a_hundred_legs_stay_within_the_limits,
          what_is_no_escalation_makes_no_card, a_whisper_goes_to_one_person,
          a_buttons_value_that_is_not_ours_is_refused)
