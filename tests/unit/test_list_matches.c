/* Lists of matches: newest first, in pages that miss nothing, by state, account, day and words, and
 * of what the caller may see only. */
#include <string.h>

#include "tests/unit/spine_book.h"

#define DAY_US (INT64_C(86400) * 1000000)

static struct json *listed(const struct actor *actor, const char *text, enum err_kind want)
{
    return spine_asked(actor, "list_matches", text, want);
}

static size_t many(const struct actor *actor, const char *text)
{
    return json_get(listed(actor, text, ERR_NONE), "matches")->count;
}

static const char *nth(const struct json *page, size_t i, const char *key)
{
    return json_get_text(json_get(page, "matches")->items[i], key);
}

/* In US, account 1020, with an entry of another entity on one side when `other` says so. */
static const char *elsewhere(int number, const char *other)
{
    struct leg *legs = ARENA_ARRAY(arena, 2, struct leg);
    struct match m = {.entity_id = "US",
                      .account_id = "1020",
                      .class_ = "exact_match",
                      .match_type = "exact",
                      .rule = "exact/1",
                      .rule_version = 1,
                      .source = SOURCE_MATCHER,
                      .proposer = "engine:matcher",
                      .legs = legs,
                      .legs_n = 2,
                      .evidence = "{}"};
    struct tx tx;
    book_begin(&tx);
    for (size_t i = 0; i < 2; i++) {
        struct entry e = {.entry_id = arena_fmt(arena, "%c2:%d", i == 0 ? 'b' : 'g', number),
                          .version = 1,
                          .side = i == 0 ? SIDE_BANK : SIDE_GL,
                          .contra = CONTRA_NONE,
                          .source_id = "s",
                          .file_id = "f",
                          .row_no = 1,
                          .entity_id = i == 1 && other != NULL ? other : "US",
                          .account_id = "1020",
                          .date = {20454},
                          .memo = i == 0 ? "WIRE Larkspur" : NULL,
                          .raw_sha256 = "00"};
        ck_ok(money_make(500, "USD", &e.amount));
        ck_ok(entry_insert(&tx, &e));
        legs[i] = (struct leg){e.entry_id, 1, e.side, 500, false};
    }
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 2));
    ck_ok(match_composition(arena, m.rule, legs, 2, &m.composition_sha256));
    ck_ok(match_measure(&m, "USD"));
    ck_ok(match_insert(&tx, &m));
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    book_end(&tx);
    return m.match_id;
}

START_TEST(pages_go_from_the_newest_to_the_oldest_and_miss_nothing)
{
    const char **ids = spine_matches(1, 7, 1000), *cursor = "", *last = "zzz";
    size_t seen = 0;
    for (int pages = 0; cursor != NULL; pages++) {
        struct json *page = listed(
            &spine_ana, arena_fmt(arena, "{\"limit\":3,\"cursor\":\"%s\"}", cursor), ERR_NONE);
        for (size_t i = 0; i < json_get(page, "matches")->count; i++) {
            ck_assert_int_lt(strcmp(nth(page, i, "match_id"), last), 0);
            last = nth(page, i, "match_id");
            ck_assert_str_eq(last, ids[6 - seen++]);
        }
        cursor = json_get_text(page, "next_cursor");
        ck_assert_int_lt(pages, 4);
    }
    ck_assert_uint_eq(seen, 7);
}
END_TEST

START_TEST(more_than_one_read_of_an_account_takes_misses_nothing_either)
{
    (void)spine_matches(1, 320, 1000);
    const char *other = elsewhere(1, NULL);
    const char *cursor = "";
    size_t seen = 0;
    bool found = false;
    while (cursor != NULL) {
        struct json *page = listed(
            &spine_ana, arena_fmt(arena, "{\"limit\":200,\"cursor\":\"%s\"}", cursor), ERR_NONE);
        const size_t n = json_get(page, "matches")->count;
        for (size_t i = 0; i < n; i++)
            found |= text_eq(nth(page, i, "match_id"), other);
        seen += n;
        cursor = json_get_text(page, "next_cursor");
    }
    ck_assert_uint_eq(seen, 321);
    ck_assert(found);
}
END_TEST

/* More open entries than are looked through one by one: the other way of finding them. */
START_TEST(proposals_are_found_also_where_nearly_everything_is_one)
{
    const char **ids = spine_matches(1, 2600, 1000);
    spine_is(spine_run(spine_on_match(&spine_ana, "confirm_match", ids[2599], "seen")), CALL_OK);
    struct json *page = listed(&spine_ana, "{\"state\":\"PROPOSED_MATCH\",\"limit\":3}", ERR_NONE);
    for (size_t i = 0; i < 3; i++)
        ck_assert_str_eq(nth(page, i, "match_id"), ids[2598 - i]);
}
END_TEST

START_TEST(states_are_told_apart)
{
    const char **ids = spine_matches(1, 4, 1000);
    spine_is(spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], "seen")), CALL_OK);
    spine_is(spine_run(spine_on_match(&spine_ana, "reject_match", ids[1], "no")), CALL_OK);
    spine_is(spine_run(spine_on_match(&spine_ana, "confirm_match", ids[2], "seen")), CALL_OK);
    const struct actor ben = spine_human("ben");
    spine_is(spine_run(spine_on_match(&ben, "unmatch", ids[2], "wrong")), CALL_OK);
    static const char *const states[] = {"CONFIRMED", "REJECTED", "REVERSED", "PROPOSED_MATCH"};
    for (size_t i = 0; i < 4; i++) {
        struct json *page =
            listed(&spine_ana, arena_fmt(arena, "{\"state\":\"%s\"}", states[i]), ERR_NONE);
        ck_assert_uint_eq(json_get(page, "matches")->count, 1);
        ck_assert_str_eq(nth(page, 0, "match_id"), ids[i]);
        ck_assert_str_eq(nth(page, 0, "state"), states[i]);
    }
    ck_assert_uint_eq(many(&spine_ana, "{}"), 4);
}
END_TEST

START_TEST(what_waits_names_its_escalation_and_legs_say_what_they_are)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct json *page = listed(&spine_ana, "{\"state\":\"PROPOSED_MATCH\"}", ERR_NONE);
    ck_assert_str_eq(nth(page, 0, "waits_as"), asked->escalation_id);
    ck_assert_str_eq(nth(page, 0, "amount"), "10.01");
    const struct json *leg = json_pointer_get(page, "/matches/0/legs/0");
    ck_assert_str_eq(json_get_text(leg, "entry_id"), "b:1");
    ck_assert_str_eq(json_get_text(leg, "date"), "2026-01-01");
}
END_TEST

START_TEST(accounts_days_and_words_choose)
{
    (void)spine_matches(1, 2, 1000);
    book_now += DAY_US;
    const char *other = elsewhere(1, NULL);
    ck_assert_uint_eq(many(&spine_ana, "{\"account_id\":\"1020\"}"), 1);
    ck_assert_uint_eq(many(&spine_ana, "{\"account_id\":\"1010\",\"entity_id\":\"US\"}"), 2);
    ck_assert_uint_eq(many(&spine_ana, "{\"entity_id\":\"UK\"}"), 0);
    ck_assert_uint_eq(many(&spine_ana, "{\"from\":\"2026-01-02\"}"), 1);
    ck_assert_uint_eq(many(&spine_ana, "{\"to\":\"2026-01-02\"}"), 2);
    ck_assert_uint_eq(many(&spine_ana, "{\"from\":\"2026-01-01\",\"to\":\"2026-01-03\"}"), 3);
    ck_assert_uint_eq(many(&spine_ana, "{\"to\":\"0001-01-01\"}"), 0);
    ck_assert_uint_eq(many(&spine_ana, "{\"from\":\"9999-12-31\"}"), 0);
    ck_assert_uint_eq(many(&spine_ana, "{\"q\":\"larkspur\"}"), 1);
    ck_assert_uint_eq(many(&spine_ana, arena_fmt(arena, "{\"q\":\"%s\"}", other)), 1);
    ck_assert_uint_eq(many(&spine_ana, "{\"q\":\"no such word\"}"), 0);
    (void)listed(&spine_ana, "{\"cursor\":\"x\"}", ERR_INPUT);
}
END_TEST

START_TEST(what_touches_another_entity_is_listed_for_those_who_see_both)
{
    const struct actor eve = spine_human("eve");
    struct tx tx;
    enum put put;
    book_begin(&tx);
    ck_ok(entity_put(&tx,
                     &(struct entity){.entity_id = "UK",
                                      .name = "UK Ltd",
                                      .functional_currency = "GBP",
                                      .zone = "Europe/London",
                                      .calendar = "UK_EW"},
                     &put));
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "controller", "US"));
    book_end(&tx);
    (void)elsewhere(1, NULL);
    (void)elsewhere(2, "UK");
    ck_assert_uint_eq(many(&spine_ana, "{}"), 2);
    ck_assert_uint_eq(many(&spine_ana, "{\"state\":\"PROPOSED_MATCH\"}"), 2);
    ck_assert_uint_eq(many(&eve, "{}"), 1);
    ck_assert_uint_eq(many(&eve, "{\"state\":\"PROPOSED_MATCH\"}"), 1);
}
END_TEST

SPINE_MAIN("list_matches", spine_up, spine_down,
           pages_go_from_the_newest_to_the_oldest_and_miss_nothing,
           more_than_one_read_of_an_account_takes_misses_nothing_either, states_are_told_apart,
           proposals_are_found_also_where_nearly_everything_is_one,
           what_waits_names_its_escalation_and_legs_say_what_they_are,
           accounts_days_and_words_choose,
           what_touches_another_entity_is_listed_for_those_who_see_both)
