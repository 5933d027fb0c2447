/* The queue of what waits, as a screen asks for it: filtered, counted, in order, a page at a time;
 * what somebody asked for and what they decided; and nothing of what is not theirs to see. */
#include "engine/tools/pending.h"

#include <string.h>

#include "engine/store/escalation_life.h"
#include "tests/unit/spine_book.h"

static struct actor ben, agent; /* ben's */

static void queue_up(void)
{
    spine_up();
    ben = spine_human("ben");
    agent = spine_agent("ben");
}

/* Of `n` proposals of about `cents`, each asked for by ben's agent. */
static struct call **asked(int first, int n, int64_t cents)
{
    const char **ids = spine_matches(first, n, cents);
    struct call **calls = ARENA_ARRAY(arena, (size_t)n, struct call *);
    for (int i = 0; i < n; i++) {
        calls[i] = spine_run(spine_on_match(&agent, "confirm_match", ids[i], "please"));
        spine_is(calls[i], CALL_PENDING);
    }
    return calls;
}

/* The list with arguments in JSON, as `actor` asks for it. */
static struct json *listed(const struct actor *actor, const char *text, enum err_kind want)
{
    return spine_asked(actor, "list_pending_escalations", text, want);
}

static size_t many(const struct actor *actor, const char *text)
{
    return json_get(listed(actor, text, ERR_NONE), "escalations")->count;
}

static int64_t count(const struct json *page, const char *pointer)
{
    int64_t n = -1;
    (void)json_int(json_pointer_get(page, pointer), &n);
    return n;
}

static const char *nth(const struct json *page, size_t i, const char *key)
{
    return json_get_text(json_get(page, "escalations")->items[i], key);
}

START_TEST(filters_choose_and_counts_tell_of_all_that_is_seen)
{
    (void)asked(1, 3, 1000);
    (void)asked(11, 2, 2000000);
    struct json *page = listed(&spine_ana, "{}", ERR_NONE);
    ck_assert_int_eq(count(page, "/counts/total"), 5);
    ck_assert_int_eq(count(page, "/counts/matching"), 5);
    ck_assert_int_eq(count(page, "/counts/overdue"), 0);
    ck_assert_int_eq(count(page, "/counts/by_entity/US"), 5);
    const struct json *reasons = json_get(json_get(page, "counts"), "by_reason");
    int64_t sum = 0;
    for (size_t i = 0; i < reasons->count; i++) {
        int64_t n = 0;
        ck_assert(json_int(reasons->members[i].value, &n));
        sum += n;
    }
    ck_assert_int_eq(sum, 5);
    ck_assert_str_eq(nth(page, 0, "tier"), "T2");
    page = listed(&spine_ana, "{\"currency\":\"USD\",\"min_amount\":\"10000\"}", ERR_NONE);
    ck_assert_int_eq(count(page, "/counts/matching"), 2);
    ck_assert_int_eq(count(page, "/counts/total"), 5);
    ck_assert_uint_eq(many(&spine_ana, "{\"currency\":\"USD\",\"max_amount\":\"10.02\"}"), 2);
    ck_assert_uint_eq(many(&spine_ana, "{\"currency\":\"EUR\"}"), 0);
    ck_assert_uint_eq(many(&spine_ana, "{\"tier\":\"T2\",\"tool\":\"confirm_match\"}"), 5);
    ck_assert_uint_eq(many(&spine_ana, "{\"tier\":\"T3\"}"), 0);
    ck_assert_uint_eq(many(&spine_ana, "{\"tool\":\"freeze\"}"), 0);
    ck_assert_uint_eq(many(&spine_ana, "{\"reason\":\"NO_SUCH\"}"), 0);
    ck_assert_uint_eq(many(&spine_ana, "{\"entity_id\":\"UK\"}"), 0);
    ck_assert_uint_eq(many(&spine_ana, "{\"entity_id\":\"US\"}"), 5);
}
END_TEST

START_TEST(what_is_old_is_found_and_counted_as_overdue)
{
    (void)asked(1, 2, 1000);
    book_now += INT64_C(48) * 3600 * 1000000;
    (void)asked(11, 1, 1000);
    struct json *page = listed(&spine_ana, "{\"older_than_hours\":47}", ERR_NONE);
    ck_assert_int_eq(count(page, "/counts/matching"), 2);
    ck_assert_int_eq(count(page, "/counts/overdue"), 2);
    ck_assert_uint_eq(many(&spine_ana, "{\"older_than_hours\":49}"), 0);
}
END_TEST

START_TEST(a_word_is_found_in_what_is_bound_and_nowhere_else)
{
    struct call **calls = asked(1, 3, 1000);
    struct escalation e = spine_escalation(calls[1]->escalation_id);
    ck_assert_uint_eq(many(&spine_ana, "{\"q\":\"B:2\"}"), 1); /* an entry's id, in either case */
    ck_assert_uint_eq(many(&spine_ana, arena_fmt(arena, "{\"q\":\"%s\"}", e.object_id)), 1);
    ck_assert_uint_eq(many(&spine_ana, arena_fmt(arena, "{\"q\":\"%s\"}", e.code)), 1);
    ck_assert_uint_eq(many(&spine_ana, "{\"q\":\"entry_id\"}"), 0); /* a member's name */
    ck_assert_uint_eq(many(&spine_ana, "{\"q\":\"a \\\" quote\"}"), 0);
    ck_assert_uint_eq(many(&spine_ana, "{\"q\":\"\\\\\"}"), 0);
}
END_TEST

/* A proposal of two entries, in whose names and memos this stands. */
static void told(int number, const char *bank_memo, const char *gl_name, const char *gl_memo)
{
    struct entry bank = spine_line(arena_fmt(arena, "b:%d", number), SIDE_BANK);
    struct entry gl = spine_line(arena_fmt(arena, "g:%d", number), SIDE_GL);
    struct tx tx;
    bank.memo = bank_memo;
    gl.counterparty = gl_name;
    gl.memo = gl_memo;
    ck_ok(money_make(1000 + number, "USD", &bank.amount));
    gl.amount = bank.amount;
    book_begin(&tx);
    ck_ok(entry_insert(&tx, &bank));
    ck_ok(entry_insert(&tx, &gl));
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 2));
    const char *id = spine_proposal(&tx, number, 1000);
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    book_end(&tx);
    spine_is(spine_run(spine_on_match(&agent, "confirm_match", id, "please")), CALL_PENDING);
}

/* A text of a row as it is sent. */
static void row_says(const struct json *row, const char *key, const char *want)
{
    const struct json *value = json_get(row, key);
    ck_assert_msg((value != NULL) == (want != NULL), "%s", key);
    if (want != NULL)
        ck_assert_msg(str_is(value->text, want), "%s: %.*s", key, (int)value->text.len,
                      value->text.at);
}

START_TEST(a_brief_row_says_what_the_whole_one_says_and_a_line_of_what_is_bound)
{
    static const char *const left_out[] = {"bound", "requester", "expires_at",
                                           "notes", "to",        "you_asked"};
    told(1, "WIRE IN", "Gr\u00fc\u00dfe \"A\\B\"", "Invoice 1");
    told(2, "WIRE \"legs\":[{", NULL, "Invoice 2");
    told(3, NULL, "", NULL);
    const struct json *whole = json_get(listed(&spine_ana, "{}", ERR_NONE), "escalations");
    const struct json *brief =
        json_get(listed(&spine_ana, "{\"brief\":true}", ERR_NONE), "escalations");
    ck_assert_uint_eq(whole->count, 3);
    ck_assert_uint_eq(brief->count, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct json *row = brief->items[i];
        for (size_t k = 0; k < sizeof left_out / sizeof left_out[0]; k++) {
            ck_assert_ptr_null(json_get(row, left_out[k]));
            ck_assert_ptr_nonnull(json_get(whole->items[i], left_out[k]));
        }
        for (size_t k = 0; k < row->count; k++) {
            const struct json *other = json_get(whole->items[i], row->members[k].key.at);
            ck_assert(other == NULL || json_equal(other, row->members[k].value));
        }
        ck_assert_uint_ge(row->count, 17);
        row_says(row, "bank_amount", arena_fmt(arena, "\"10.0%zu\"", i + 1));
    }
    row_says(brief->items[0], "counterparty", "\"Gr\u00fc\u00dfe \\\"A\\\\B\\\"\"");
    row_says(brief->items[0], "memo", NULL);
    row_says(brief->items[1], "counterparty", NULL);
    row_says(brief->items[1], "memo", "\"WIRE \\\"legs\\\":[{\"");
    row_says(brief->items[2], "counterparty", NULL);
    row_says(brief->items[2], "memo", NULL);
}
END_TEST

START_TEST(pages_in_any_order_hold_everything_once)
{
    static const char *const orders[] = {"oldest", "sla", "newest", "amount"};
    (void)asked(1, 4, 1000);
    (void)asked(11, 3, 500);
    for (size_t i = 0; i < 4; i++) {
        const char *cursor = "", *last = NULL;
        size_t seen = 0;
        for (int pages = 0; cursor != NULL; pages++) {
            struct json *page =
                listed(&spine_ana,
                       arena_fmt(arena, "{\"order\":\"%s\",\"limit\":2,\"cursor\":\"%s\"}",
                                 orders[i], cursor),
                       ERR_NONE);
            const struct json *list = json_get(page, "escalations");
            ck_assert((json_get(page, "counts") != NULL) == (pages == 0));
            for (size_t k = 0; k < list->count; k++) {
                const char *id = nth(page, k, "escalation_id");
                ck_assert(last == NULL || i == 3 ||
                          (i == 2 ? strcmp(id, last) < 0 : strcmp(id, last) > 0));
                last = id;
            }
            if (i == 3 && pages == 0)
                ck_assert_str_eq(nth(page, 0, "amount"), "10.04");
            seen += list->count;
            cursor = json_get_text(page, "next_cursor");
            ck_assert_int_lt(pages, 5);
        }
        ck_assert_uint_eq(seen, 7);
    }
}
END_TEST

START_TEST(a_page_goes_on_where_it_was_although_its_last_row_was_settled)
{
    struct call **calls = asked(1, 4, 1000);
    struct json *page = listed(&spine_ana, "{\"order\":\"amount\",\"limit\":2}", ERR_NONE);
    ck_assert_str_eq(nth(page, 1, "escalation_id"), calls[2]->escalation_id);
    spine_is(spine_run(spine_answer(&spine_ana, calls[2], "confirm", "seen")), CALL_OK);
    page = listed(&spine_ana,
                  arena_fmt(arena, "{\"order\":\"amount\",\"limit\":2,\"cursor\":\"%s\"}",
                            json_get_text(page, "next_cursor")),
                  ERR_NONE);
    ck_assert_str_eq(nth(page, 0, "escalation_id"), calls[1]->escalation_id);
    ck_assert_str_eq(nth(page, 1, "escalation_id"), calls[0]->escalation_id);
}
END_TEST

START_TEST(what_cannot_be_meant_is_refused_where_it_stands)
{
    (void)asked(1, 3, 1000);
    struct json *page = listed(&spine_ana, "{\"limit\":1}", ERR_NONE);
    const char *cursor = json_get_text(page, "next_cursor");
    (void)listed(&spine_ana, "{\"min_amount\":\"1\"}", ERR_INPUT);
    (void)listed(&spine_ana, "{\"currency\":\"USX\"}", ERR_INPUT);
    (void)listed(&spine_ana, "{\"currency\":\"JPY\",\"max_amount\":\"1.5\"}", ERR_INPUT);
    (void)listed(&spine_ana, "{\"to\":\"human:nobody\"}", ERR_INPUT);
    (void)listed(&spine_ana, arena_fmt(arena, "{\"order\":\"newest\",\"cursor\":\"%s\"}", cursor),
                 ERR_INPUT);
    (void)listed(&spine_ana, "{\"cursor\":\"YWZ0ZXI6eA\"}", ERR_INPUT);
    ck_assert_uint_eq(many(&spine_ana, arena_fmt(arena, "{\"cursor\":\"%s\"}", cursor)), 2);
}
END_TEST

START_TEST(what_somebody_asked_for_and_decided_stays_theirs_when_it_ended)
{
    struct call **calls = asked(1, 3, 1000);
    spine_is(spine_run(spine_answer(&spine_ana, calls[0], "confirm", "seen")), CALL_OK);
    spine_is(spine_run(spine_answer(&spine_ana, calls[1], "request_info", "why?")), CALL_OK);
    ck_assert_uint_eq(many(&ben, "{\"view\":\"asked\"}"), 3);
    ck_assert_uint_eq(many(&agent, "{\"view\":\"asked\"}"), 3);
    ck_assert_uint_eq(many(&spine_ana, "{\"view\":\"asked\"}"), 0);
    ck_assert_uint_eq(many(&ben, "{\"view\":\"decided\"}"), 0);
    struct json *page = listed(&spine_ana, "{\"view\":\"decided\"}", ERR_NONE);
    ck_assert_uint_eq(json_get(page, "escalations")->count, 1);
    ck_assert_str_eq(nth(page, 0, "decided_by"), "human:ana");
    ck_assert_str_eq(nth(page, 0, "state"), "APPROVED");
    page = listed(&ben, "{\"view\":\"asked\",\"limit\":2}", ERR_NONE);
    ck_assert_str_eq(nth(page, 0, "escalation_id"), calls[2]->escalation_id);
    ck_assert_uint_eq(
        many(&ben, arena_fmt(arena, "{\"view\":\"asked\",\"limit\":2,\"cursor\":\"%s\"}",
                             json_get_text(page, "next_cursor"))),
        1);
    ck_assert_uint_eq(many(&ben, "{\"view\":\"asked\",\"q\":\"b:2\"}"), 1);
    ck_assert_uint_eq(many(&spine_engine, "{\"view\":\"asked\"}"), 0);
}
END_TEST

START_TEST(each_says_whether_the_caller_may_confirm_it_when_asked)
{
    const char **ids = spine_matches(11, 1, 1000);
    const struct actor eve = spine_human("eve");
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "auditor", NULL));
    book_end(&tx);
    (void)asked(1, 1, 2000000);
    spine_is(spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL)), CALL_PENDING);
    struct json *page = listed(&spine_ana, "{\"with_may\":true}", ERR_NONE);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(json_get(json_get(page, "escalations")->items[i], "may_decide")->truth);
        ck_assert_ptr_null(nth(page, i, "why_not"));
    }
    page = listed(&ben, "{\"with_may\":true,\"order\":\"amount\"}", ERR_NONE);
    ck_assert_str_eq(nth(page, 0, "why_not"), "your_agent_asked"); /* above materiality */
    ck_assert_str_eq(nth(listed(&eve, "{\"with_may\":true}", ERR_NONE), 0, "why_not"),
                     "not_your_role");
    ck_assert_str_eq(nth(listed(&agent, "{\"with_may\":true}", ERR_NONE), 0, "why_not"),
                     "human_only");
    ck_assert_ptr_null(nth(listed(&eve, "{}", ERR_NONE), 0, "why_not"));
}
END_TEST

START_TEST(a_stage_that_somebody_approved_is_a_decision_of_theirs)
{
    const char **ids = spine_matches(1, 1, 700000); /* above a clerk's 5,000 USD */
    const struct actor cho = spine_human("cho");
    struct call *c = spine_run(spine_on_match(&cho, "confirm_match", ids[0], "seen"));
    spine_is(c, CALL_PENDING);
    ck_assert_uint_eq(many(&cho, "{\"view\":\"decided\"}"), 1);
    ck_assert_uint_eq(many(&cho, "{\"view\":\"asked\"}"), 0);
}
END_TEST

START_TEST(what_is_addressed_to_me_is_mine_or_my_role_s)
{
    struct call **calls = asked(1, 3, 1000);
    const struct addressee to[] = {{.who = "p-ana", .actor = "human:ben"},
                                   {.is_role = true, .who = "clerk", .actor = "human:ben"}};
    const struct actor cho = spine_human("cho");
    struct tx tx;
    book_begin(&tx);
    for (size_t i = 0; i < 2; i++)
        ck_ok(escalation_address(&tx, calls[i]->escalation_id, &to[i]));
    book_end(&tx);
    ck_assert_uint_eq(many(&spine_ana, "{\"to\":\"me\"}"), 1);
    ck_assert_uint_eq(many(&cho, "{\"to\":\"me\"}"), 1);
    ck_assert_uint_eq(many(&ben, "{\"to\":\"me\"}"), 0);
    ck_assert_uint_eq(many(&ben, "{\"to\":\"clerk\"}"), 1);
}
END_TEST

START_TEST(somebody_of_another_entity_neither_sees_nor_counts_it)
{
    const struct actor eve = spine_human("eve");
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "controller", "UK"));
    book_end(&tx);
    (void)asked(1, 2, 1000);
    struct json *page = listed(&eve, "{}", ERR_NONE);
    ck_assert_uint_eq(json_get(page, "escalations")->count, 0);
    ck_assert_int_eq(count(page, "/counts/total"), 0);
    ck_assert_uint_eq(json_get(json_get(page, "counts"), "by_reason")->count, 0);
    ck_assert_uint_eq(many(&eve, "{\"q\":\"b:1\"}"), 0);
    book_begin(&tx);
    ck_ok(role_grant(&tx, "p-eve", "controller", "US"));
    book_end(&tx);
    ck_assert_int_eq(count(listed(&eve, "{}", ERR_NONE), "/counts/total"), 2);
    ck_assert_uint_eq(many(&eve, "{\"q\":\"b:1\"}"), 1);
}
END_TEST

SPINE_MAIN("pending", queue_up, spine_down, filters_choose_and_counts_tell_of_all_that_is_seen,
           what_is_old_is_found_and_counted_as_overdue,
           a_word_is_found_in_what_is_bound_and_nowhere_else,
           a_brief_row_says_what_the_whole_one_says_and_a_line_of_what_is_bound,
           pages_in_any_order_hold_everything_once,
           a_page_goes_on_where_it_was_although_its_last_row_was_settled,
           what_cannot_be_meant_is_refused_where_it_stands,
           what_somebody_asked_for_and_decided_stays_theirs_when_it_ended,
           each_says_whether_the_caller_may_confirm_it_when_asked,
           a_stage_that_somebody_approved_is_a_decision_of_theirs,
           what_is_addressed_to_me_is_mine_or_my_role_s,
           somebody_of_another_entity_neither_sees_nor_counts_it)
