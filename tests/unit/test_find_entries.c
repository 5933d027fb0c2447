/* Entries are found by where, when, how much and what they say; pages miss nothing; each says what
 * became of it, to those who may see it. */
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "engine/store/entry_pages.h"
#include "engine/store/exceptions.h"
#include "tests/unit/spine_book.h"

static struct json *found(const struct actor *actor, const char *text, enum err_kind want)
{
    return spine_asked(actor, "find_entries", text, want);
}

static const char *nth(const struct json *page, size_t i, const char *key)
{
    return json_get_text(json_get(page, "entries")->items[i], key);
}

/* The ids of a whole answer, in order. */
static const char *ids(const struct actor *actor, const char *text)
{
    const struct json *page = found(actor, text, ERR_NONE);
    const char *all = "";
    for (size_t i = 0; i < json_get(page, "entries")->count; i++)
        all = arena_fmt(arena, "%s%s%s", all, i == 0 ? "" : " ", nth(page, i, "entry_id"));
    ck_assert_ptr_null(json_get_text(page, "next_cursor"));
    return all;
}
#define FINDS(actor, text, want) ck_assert_str_eq(ids((actor), (text)), (want))

/* ---- a book ---- */

static struct entry line(const char *id, const char *day, const char *amount, const char *currency)
{
    struct entry e = spine_line(id, SIDE_BANK);
    ck_ok(date_parse(day, &e.date));
    ck_ok(money_parse(amount, currency, &e.amount));
    return e;
}

static void add(const struct entry *e)
{
    struct tx tx;
    book_begin(&tx);
    ck_ok(entry_insert(&tx, e));
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 1));
    book_end(&tx);
}

static struct actor eve; /* of US only */

static void find_up(void)
{
    struct tx tx;
    enum put put;
    spine_up();
    eve = spine_human("eve");
    book_begin(&tx);
    ck_ok(entity_put(&tx,
                     &(struct entity){.entity_id = "UK",
                                      .name = "UK Ltd",
                                      .functional_currency = "GBP",
                                      .zone = "Europe/London",
                                      .calendar = "UK_EW"},
                     &put));
    ck_ok(account_put(&tx,
                      &(struct account){.entity_id = "US",
                                        .account_id = "1020",
                                        .name = "Second",
                                        .class_ = "cash",
                                        .reconciled = true},
                      &put));
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "controller", "US"));
    book_end(&tx);
}

/* A payout, its fee, what a customer paid, and the like, in several strands. */
static void some(void)
{
    struct entry e = line("po", "2026-03-03", "1234.56", "USD");
    e.counterparty = "STRIPE";
    e.memo = "Payout 100% of_March";
    e.reference = "ST-9QF";
    e.group_key = "po_1Nv";
    add(&e);
    e = line("fee", "2026-03-03", "-12.30", "USD");
    e.memo = "stripe fee";
    add(&e);
    e = line("gl", "2026-03-04", "-1234.56", "USD");
    e.side = SIDE_GL;
    e.journal_id = "JE-7";
    add(&e);
    e = line("yen", "2026-03-05", "1234", "JPY");
    e.account_id = "1020";
    add(&e);
    e = line("uk", "2026-03-04", "55", "GBP");
    e.entity_id = "UK";
    e.memo = "Stripe UK";
    add(&e);
}

/* ---- which ---- */

START_TEST(the_newest_stand_first_and_among_a_days_the_largest)
{
    some();
    FINDS(&spine_ana, "{}", "yen uk gl po fee");
    FINDS(&spine_ana, "{\"entity_id\":\"US\",\"account_id\":\"1010\"}", "gl po fee");
    FINDS(&spine_ana, "{\"side\":\"gl\"}", "gl");
    FINDS(&spine_ana, "{\"currency\":\"JPY\"}", "yen");
    FINDS(&spine_ana, "{\"from\":\"2026-03-04\",\"to\":\"2026-03-04\"}", "uk gl");
    FINDS(&spine_ana, "{\"from\":\"2026-03-06\"}", "");
    FINDS(&spine_ana, "{\"to\":\"2026-03-03\"}", "po fee");
    FINDS(&spine_ana, "{\"from\":\"0001-01-01\",\"to\":\"9999-12-31\"}", "yen uk gl po fee");
}
END_TEST

START_TEST(an_amount_is_found_whichever_way_it_went)
{
    some();
    FINDS(&spine_ana, "{\"amount\":\"1234.56\"}", "gl po");
    FINDS(&spine_ana, "{\"amount\":\"-1234.56\",\"side\":\"bank\"}", "po");
    FINDS(&spine_ana, "{\"amount\":\"1234\"}", "yen");
    FINDS(&spine_ana, "{\"amount\":\"1234.57\"}", "");
    FINDS(&spine_ana, "{\"currency\":\"USD\",\"min_amount\":\"12.30\",\"max_amount\":\"100\"}",
          "fee");
    FINDS(&spine_ana, "{\"currency\":\"USD\",\"min_amount\":\"12.31\"}", "gl po");
    FINDS(&spine_ana, "{\"currency\":\"USD\",\"min_amount\":\"10\",\"amount\":\"5\"}", "");
    (void)found(&spine_ana, "{\"min_amount\":\"10\"}", ERR_INPUT);
    (void)found(&spine_ana, "{\"currency\":\"US1\"}", ERR_INPUT);
    (void)found(&spine_ana, "{\"currency\":\"JPY\",\"amount\":\"1.5\"}", ERR_INPUT);
    (void)found(&spine_ana, "{\"currency\":\"JPY\",\"max_amount\":\"1.5\"}", ERR_INPUT);
}
END_TEST

START_TEST(every_word_must_be_there_and_none_is_a_pattern)
{
    some();
    FINDS(&spine_ana, "{\"q\":\"Stripe\"}", "uk po fee");
    FINDS(&spine_ana, "{\"q\":\"  payout stripe\\t\"}", "po");
    FINDS(&spine_ana, "{\"q\":\"payout fee\"}", "");
    FINDS(&spine_ana, "{\"q\":\"100%\"}", "po");
    FINDS(&spine_ana, "{\"q\":\"1%f\"}", "");
    FINDS(&spine_ana, "{\"q\":\"of_m\"}", "po");
    FINDS(&spine_ana, "{\"q\":\"pay_ut\"}", "");
    FINDS(&spine_ana, "{\"q\":\"'\"}", "");
    FINDS(&spine_ana, "{\"q\":\"po_1nV\"}", "po");
    FINDS(&spine_ana, "{\"q\":\"je-7\"}", "gl");
    FINDS(&spine_ana, "{\"q\":\"yen\"}", "yen");
    FINDS(&spine_ana, "{\"q\":\"\"}", "yen uk gl po fee");
}
END_TEST

START_TEST(of_an_entry_that_was_read_again_the_last_reading_counts)
{
    some();
    struct entry e = line("po", "2026-03-09", "1234.65", "USD");
    e.version = 2;
    e.memo = "corrected";
    add(&e);
    FINDS(&spine_ana, "{\"amount\":\"1234.56\"}", "gl");
    FINDS(&spine_ana, "{\"q\":\"corrected\"}", "po");
    FINDS(&spine_ana, "{\"q\":\"payout\"}", "");
    FINDS(&spine_ana, "{\"from\":\"2026-03-01\"}", "po yen uk gl fee");
}
END_TEST

/* ---- pages ---- */

START_TEST(pages_over_many_strands_miss_nothing)
{
    static const char *const accounts[] = {"1010", "1020", "4000"};
    const char *cursor = "", *last = NULL;
    size_t seen = 0;
    some();
    for (int i = 0; i < 60; i++) {
        struct entry e = line(arena_fmt(arena, "n:%d", i), "2026-02-01", "1", "USD");
        e.account_id = accounts[i % 3];
        e.side = i % 2 == 0 ? SIDE_BANK : SIDE_SUBLEDGER;
        e.date.days += i / 6; /* six of a day: twins but for their ids */
        add(&e);
    }
    while (cursor != NULL) {
        struct json *page = found(
            &spine_ana, arena_fmt(arena, "{\"limit\":7,\"cursor\":\"%s\"}", cursor), ERR_NONE);
        for (size_t i = 0; i < json_get(page, "entries")->count; i++) {
            const char *at = arena_fmt(arena, "%s %012d %s", nth(page, i, "date"),
                                       (int)strtol(nth(page, i, "amount"), NULL, 10) + 10000,
                                       nth(page, i, "entry_id"));
            ck_assert(last == NULL || strcmp(at, last) < 0);
            last = at;
            seen++;
        }
        cursor = json_get_text(page, "next_cursor");
        ck_assert_uint_le(seen, 65);
    }
    ck_assert_uint_eq(seen, 65);
}
END_TEST

START_TEST(a_cursor_keeps_within_the_days_that_are_asked_for)
{
    some();
    struct json *page = found(&spine_ana, "{\"limit\":1}", ERR_NONE);
    ck_assert_str_eq(nth(page, 0, "entry_id"), "yen");
    const char *cursor = json_get_text(page, "next_cursor");
    FINDS(&spine_ana, arena_fmt(arena, "{\"cursor\":\"%s\",\"to\":\"2026-03-03\"}", cursor),
          "po fee");
    FINDS(&spine_ana, arena_fmt(arena, "{\"cursor\":\"%s\"}", cursor), "uk gl po fee");
    (void)found(&spine_ana, "{\"cursor\":\"x\"}", ERR_INPUT);
    static const char *const bad[] = {"",
                                      "2026-03-03",
                                      "2026-03-03 1",
                                      "2026-03-03 1 ",
                                      "2026-03-03 x a",
                                      "2026-03-03 1x a",
                                      "2026-02-30 1 a",
                                      "20260303 1 a"};
    for (size_t i = 1; i < sizeof bad / sizeof bad[0]; i++) {
        char text[128];
        const char *plain = arena_fmt(arena, "after:%s", bad[i]);
        base64url_print(plain, strlen(plain), text);
        (void)found(&spine_ana, arena_fmt(arena, "{\"cursor\":\"%s\"}", text), ERR_INPUT);
    }
}
END_TEST

/* Of 2,600 lines one, the oldest, has the word: what a call that may look at few of them says. */
START_TEST(who_looks_at_few_says_how_far_and_goes_on_from_there)
{
    const char *word = "needle";
    struct entry_strand *strands;
    struct entry_key keys[3];
    struct entry_wanted wanted = {.from = "",
                                  .behind = {.date = "~", .entry_id = ""},
                                  .max = INT64_MAX,
                                  .state = ENTRY_STATE_ANY,
                                  .words = {&word, 1}};
    struct tx tx;
    size_t n;
    int calls = 0;
    spine_entries(1, 1300, 100);
    struct entry e = line("needle", "2020-01-01", "1", "USD");
    add(&e);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entry_strands(&tx, arena, "US", NULL, &strands, &n));
    ck_assert_uint_eq(n, 2);
    for (;;) {
        struct entry_found f = {.keys = keys, .cap = 3, .look = 1};
        for (size_t i = 0; i < n; i++)
            ck_ok(entries_find(&tx, arena, &strands[i], &wanted, &f));
        calls++;
        if (f.n > 0) {
            ck_assert_str_eq(keys[0].entry_id, "needle");
            break;
        }
        ck_assert(f.cut);
        ck_assert_int_gt(entry_key_compare(&f.end, &wanted.behind), 0);
        wanted.behind = f.end;
    }
    tx_read_end(&tx);
    ck_assert_int_eq(calls, 2);
}
END_TEST

/* ---- what became of them ---- */

static const char *except(const char *entry_id)
{
    struct exception_row x = {.entry_id = entry_id,
                              .entity_id = "US",
                              .account_id = "1010",
                              .class_ = "MISSING_GL",
                              .detail = "{\"near_misses\":[]}",
                              .flag = {.actor = "human:ana",
                                       .principal = "p-ana",
                                       .rationale = "it is",
                                       .rationale_author = "human"}};
    struct tx tx;
    book_begin(&tx);
    ck_ok(exception_flag(&tx, &x));
    book_end(&tx);
    return x.exception_id;
}

START_TEST(each_says_how_it_stands_and_is_found_by_it)
{
    const char **matches = spine_matches(1, 2, 1000);
    spine_is(spine_run(spine_on_match(&spine_ana, "confirm_match", matches[0], "seen")), CALL_OK);
    struct entry e = line("b:x", "2026-01-02", "5", "USD");
    add(&e);
    e = line("b:y", "2026-01-03", "5", "USD");
    add(&e);
    const char *exception = except("b:x");
    FINDS(&spine_ana, "{\"state\":\"unmatched\"}", "b:y");
    FINDS(&spine_ana, "{\"state\":\"exception\"}", "b:x");
    FINDS(&spine_ana, "{\"state\":\"proposed\"}", "g:2 b:2");
    FINDS(&spine_ana, "{\"state\":\"confirmed\"}", "g:1 b:1");
    FINDS(&spine_ana, "{\"state\":\"confirmed\",\"q\":\"b:\"}", "b:1");
    struct json *page = found(&spine_ana, "{}", ERR_NONE);
    ck_assert_str_eq(nth(page, 0, "state"), "unmatched");
    ck_assert_str_eq(nth(page, 1, "exception_id"), exception);
    ck_assert_str_eq(nth(page, 1, "class"), "MISSING_GL");
    ck_assert_str_eq(nth(page, 1, "exception_state"), "OPEN");
    ck_assert_str_eq(nth(page, 2, "match_id"), matches[1]);
    ck_assert_ptr_null(nth(page, 2, "exception_id"));
    ck_assert_ptr_null(nth(page, 2, "open_amount"));
    ck_assert_str_eq(nth(page, 4, "match_id"), matches[0]);
}
END_TEST

/* More that may be open than is put in order: the other way of finding them. */
START_TEST(the_few_are_found_also_among_very_many)
{
    spine_entries(1, 2600, 1000);
    const char *exception = except("b:7");
    struct json *page = found(&spine_ana, "{\"state\":\"exception\"}", ERR_NONE);
    ck_assert_uint_eq(json_get(page, "entries")->count, 1);
    ck_assert_str_eq(nth(page, 0, "exception_id"), exception);
    ck_assert_str_eq(nth(page, 0, "entry_id"), "b:7");
}
END_TEST

START_TEST(what_nobody_matches_is_not_called_unmatched)
{
    some();
    struct entry e = line("rev", "2026-03-06", "9", "USD");
    e.account_id = "4000";
    add(&e);
    FINDS(&spine_ana, "{\"state\":\"unmatched\",\"from\":\"2026-03-05\"}", "yen");
    FINDS(&spine_ana, "{\"state\":\"unmatched\",\"account_id\":\"4000\"}", "rev");
    struct json *page = found(&spine_ana, "{\"from\":\"2026-03-05\"}", ERR_NONE);
    const struct json *flag = json_pointer_get(page, "/entries/0/account_reconciled");
    ck_assert(json_is(flag, JSON_TYPE_BOOL) && !flag->truth);
    ck_assert_ptr_null(json_pointer_get(page, "/entries/1/account_reconciled"));
}
END_TEST

/* ---- to whom ---- */

static const char *pair(const char *entity, int64_t part)
{
    struct leg legs[] = {{"m:b", 1, SIDE_BANK, part, part != 500},
                         {"m:g", 1, SIDE_GL, part, part != 500}};
    struct match m = sure_proposal(legs, 2);
    struct entry e = line("m:b", "2026-04-01", "5", "USD");
    struct tx tx;
    add(&e);
    e = line("m:g", "2026-04-01", "5", "USD");
    e.side = SIDE_GL;
    e.entity_id = entity;
    add(&e);
    book_begin(&tx);
    ck_ok(match_composition(arena, m.rule, legs, 2, &m.composition_sha256));
    ck_ok(match_measure(&m, "USD"));
    ck_ok(match_insert(&tx, &m));
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    book_end(&tx);
    return m.match_id;
}

START_TEST(who_sees_one_entity_finds_nothing_of_another)
{
    some();
    FINDS(&eve, "{}", "yen gl po fee");
    FINDS(&eve, "{\"q\":\"stripe\"}", "po fee");
    (void)found(&eve, "{\"entity_id\":\"UK\"}", ERR_MISSING);
    (void)found(&spine_ana, "{\"entity_id\":\"FR\"}", ERR_MISSING);
    (void)found(&spine_ana, "{\"account_id\":\"nope\"}", ERR_MISSING);
    FINDS(&spine_ana, "{\"account_id\":\"4000\"}", "");
    const char *match = pair("UK", 500);
    struct json *page = found(&spine_ana, "{\"q\":\"m:b\"}", ERR_NONE);
    ck_assert_str_eq(nth(page, 0, "match_id"), match);
    page = found(&eve, "{\"q\":\"m:b\"}", ERR_NONE);
    ck_assert_str_eq(nth(page, 0, "state"), "proposed");
    ck_assert_ptr_null(nth(page, 0, "match_id"));
}
END_TEST

START_TEST(of_what_is_matched_in_part_the_rest_is_told)
{
    (void)pair("US", 200);
    struct json *page = found(&spine_ana, "{}", ERR_NONE);
    ck_assert_str_eq(nth(page, 0, "state"), "unmatched");
    ck_assert_str_eq(nth(page, 0, "open_amount"), "3.00");
    FINDS(&spine_ana, "{\"state\":\"unmatched\"}", "m:g m:b");
}
END_TEST

SPINE_MAIN("find_entries", find_up, spine_down, the_newest_stand_first_and_among_a_days_the_largest,
           an_amount_is_found_whichever_way_it_went, every_word_must_be_there_and_none_is_a_pattern,
           of_an_entry_that_was_read_again_the_last_reading_counts,
           pages_over_many_strands_miss_nothing, a_cursor_keeps_within_the_days_that_are_asked_for,
           who_looks_at_few_says_how_far_and_goes_on_from_there,
           each_says_how_it_stands_and_is_found_by_it, the_few_are_found_also_among_very_many,
           what_nobody_matches_is_not_called_unmatched,
           who_sees_one_entity_finds_nothing_of_another,
           of_what_is_matched_in_part_the_rest_is_told)
