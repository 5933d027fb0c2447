/* Exceptions are listed, chosen and counted: in order of age or amount, by who has them, in pages
 * that miss nothing, and only to those who may see them. */
#include <string.h>

#include "tests/unit/exceptions_book.h"

static struct json *listed(const struct actor *actor, const char *text, enum err_kind want)
{
    return spine_asked(actor, "list_exceptions", text, want);
}

static const char *nth(const struct json *page, size_t i, const char *key)
{
    return json_get_text(json_get(page, "exceptions")->items[i], key);
}

/* The entries of a whole answer, in order. */
static const char *entries(const struct actor *actor, const char *text)
{
    const struct json *page = listed(actor, text, ERR_NONE);
    const char *all = "";
    for (size_t i = 0; i < json_get(page, "exceptions")->count; i++)
        all = arena_fmt(arena, "%s%s%s", all, i == 0 ? "" : " ", nth(page, i, "entry_id"));
    ck_assert_ptr_null(json_get_text(page, "next_cursor"));
    return all;
}
#define LISTS(actor, text, want) ck_assert_str_eq(entries((actor), (text)), (want))

static int64_t count(const struct json *page, const char *at)
{
    int64_t n = -1;
    (void)json_int(json_pointer_get(page, at), &n);
    return n;
}

/* An exception of a new line, so many days old. */
static const char *aged(const char *id, int32_t days, const char *amount, const char *currency,
                        const char *memo)
{
    struct entry e = spine_line(id, SIDE_BANK);
    struct tx tx;
    e.date.days -= days;
    e.memo = memo;
    ck_ok(money_parse(amount, currency, &e.amount));
    book_begin(&tx);
    ck_ok(entry_insert(&tx, &e));
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 1));
    book_end(&tx);
    return flagged(id, "MISSING_GL");
}

static void some(void)
{
    (void)aged("old", 100, "10", "USD", "Larkspur refund");
    (void)aged("big", 31, "-900", "USD", "wire");
    (void)aged("new", 0, "20", "USD", NULL);
    (void)aged("eur", 30, "7", "EUR", "larkspur");
}

START_TEST(the_oldest_stands_first_unless_another_order_is_asked_for)
{
    some();
    LISTS(&spine_ana, "{}", "old big eur new");
    LISTS(&spine_ana, "{\"order\":\"newest\"}", "new eur big old");
    LISTS(&spine_ana, "{\"order\":\"amount\"}", "eur big new old");
    const struct json *page = listed(&spine_ana, "{\"limit\":1}", ERR_NONE);
    ck_assert_str_eq(nth(page, 0, "amount"), "10.00");
    ck_assert_str_eq(nth(page, 0, "state"), "OPEN");
    ck_assert_int_eq(count(page, "/exceptions/0/age_days"), 100);
    ck_assert_int_eq(count(page, "/counts/total"), 4);
    ck_assert_int_eq(count(page, "/counts/by_age/0-30"), 2);
    ck_assert_int_eq(count(page, "/counts/by_age/31-60"), 1);
    ck_assert_int_eq(count(page, "/counts/by_age/91-120"), 1);
    ck_assert_int_eq(count(page, "/counts/by_class/MISSING_GL"), 4);
    ck_assert_int_eq(count(page, "/counts/by_entity/US"), 4);
    ck_assert_int_eq(count(page, "/counts/by_state/OPEN"), 4);
}
END_TEST

START_TEST(its_buckets_of_age_are_those_of_the_resource)
{
    int64_t counts[EXCEPTION_AGES];
    struct tx tx;
    for (int32_t days = 0; days < 130; days += 1 + days % 3)
        (void)aged(arena_fmt(arena, "d%d", (int)days), days, "1", "USD", NULL);
    const struct json *page = listed(&spine_ana, "{\"limit\":1}", ERR_NONE);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(exceptions_ages(&tx, "US", instant_date_utc(book_clock()), counts));
    tx_read_end(&tx);
    for (int i = 0; i < EXCEPTION_AGES; i++)
        ck_assert_int_eq(count(page, arena_fmt(arena, "/counts/by_age/%s", exception_age_names[i])),
                         counts[i]);
}
END_TEST

START_TEST(pages_in_every_order_miss_nothing)
{
    static const char *const orders[] = {"oldest", "newest", "amount"};
    for (int i = 0; i < 20; i++)
        (void)aged(arena_fmt(arena, "t:%d", i), i / 4, i % 2 == 0 ? "5" : "-5",
                   i % 3 == 0 ? "USD" : "EUR", NULL);
    for (size_t k = 0; k < 3; k++) {
        const char *cursor = "", *seen = "";
        for (int pages = 0; cursor != NULL; pages++) {
            const struct json *page =
                listed(&spine_ana,
                       arena_fmt(arena, "{\"limit\":3,\"order\":\"%s\",\"cursor\":\"%s\"}",
                                 orders[k], cursor),
                       ERR_NONE);
            ck_assert_int_eq(json_get(page, "counts") != NULL, pages == 0);
            for (size_t i = 0; i < json_get(page, "exceptions")->count; i++)
                seen = arena_fmt(arena, "%s%s%s", seen, seen[0] == '\0' ? "" : " ",
                                 nth(page, i, "entry_id"));
            cursor = json_get_text(page, "next_cursor");
            ck_assert_int_lt(pages, 8);
        }
        LISTS(&spine_ana, arena_fmt(arena, "{\"order\":\"%s\"}", orders[k]), seen);
    }
    const char *cursor =
        json_get_text(listed(&spine_ana, "{\"limit\":1}", ERR_NONE), "next_cursor");
    (void)listed(&spine_ana, arena_fmt(arena, "{\"order\":\"newest\",\"cursor\":\"%s\"}", cursor),
                 ERR_INPUT);
    (void)listed(&spine_ana, "{\"cursor\":\"x\"}", ERR_INPUT);
}
END_TEST

START_TEST(account_class_age_and_words_choose)
{
    some();
    (void)flagged("b:1", "FEE");
    LISTS(&spine_ana, "{\"class\":\"FEE\"}", "b:1");
    LISTS(&spine_ana, "{\"account_id\":\"1010\",\"min_age_days\":31}", "old big");
    LISTS(&spine_ana, "{\"account_id\":\"4000\"}", "");
    LISTS(&spine_ana, "{\"min_age_days\":101}", "");
    LISTS(&spine_ana, "{\"q\":\"LARKSPUR\"}", "old eur");
    LISTS(&spine_ana, "{\"q\":\"refund larkspur\"}", "old");
    LISTS(&spine_ana, "{\"q\":\"lark%\"}", "");
    (void)listed(&spine_ana, "{\"account_id\":\"nope\"}", ERR_MISSING);
}
END_TEST

START_TEST(what_ended_is_found_by_its_state_and_no_longer_stands)
{
    const struct actor ben = spine_human("ben"), cho = spine_human("cho");
    some();
    const char *gone = flagged("b:1", "FEE"), *done = flagged("b:2", "FEE");
    spine_is(resolve(&cho, gone, "write_off"), CALL_OK);
    spine_is(resolve(&ben, done, "false_positive"), CALL_OK);
    LISTS(&spine_ana, "{}", "old big eur new");
    LISTS(&spine_ana, "{\"state\":\"WRITTEN_OFF\"}", "b:1");
    LISTS(&spine_ana, "{\"state\":\"RESOLVED\"}", "b:2");
    LISTS(&spine_ana, "{\"state\":\"ESCALATED\"}", "");
}
END_TEST

START_TEST(who_has_it_is_asked_by_name_by_role_or_as_me)
{
    const struct actor ben = spine_human("ben"), dia = spine_human("dia");
    const struct actor agent = spine_agent("cho");
    (void)aged("free", 3, "1", "USD", NULL);
    const char *chos = aged("chos", 2, "1", "USD", NULL);
    const char *clerks = aged("clerks", 1, "1", "USD", NULL);
    spine_is(CALL(&ben, "assign_item", {"object", chos}, {"to", "human:cho"}), CALL_OK);
    spine_is(CALL(&ben, "assign_item", {"object", clerks}, {"to", "role:clerk"}), CALL_OK);
    LISTS(&spine_ana, "{\"assigned_to\":\"nobody\"}", "free");
    LISTS(&spine_ana, "{\"assigned_to\":\"human:cho\"}", "chos");
    LISTS(&spine_ana, "{\"assigned_to\":\"p-cho\"}", "chos");
    LISTS(&spine_ana, "{\"assigned_to\":\"role:clerk\"}", "clerks");
    LISTS(&agent, "{\"assigned_to\":\"me\"}", "chos clerks");
    LISTS(&dia, "{\"assigned_to\":\"me\"}", "clerks");
    LISTS(&ben, "{\"assigned_to\":\"me\"}", "");
    const struct json *page = listed(&agent, "{\"state\":\"INVESTIGATING\"}", ERR_NONE);
    ck_assert_str_eq(nth(page, 0, "assignee"), "p-cho");
    (void)listed(&spine_ana, "{\"assigned_to\":\"human:zoe\"}", ERR_INPUT);
}
END_TEST

START_TEST(the_nearest_miss_is_shown_and_how_many_there_were)
{
    struct exception_row x = {
        .entry_id = "b:3",
        .entity_id = "US",
        .account_id = "1010",
        .class_ = "AMOUNT_BREAK",
        .detail = "{\"near_misses\":[{\"difference\":\"-0.01\",\"entry_id\":\"g:4\",\"score_bp\":"
                  "6000},{\"difference\":\"1.00\",\"entry_id\":\"g:5\",\"score_bp\":10}]}"};
    struct tx tx;
    bool added;
    book_begin(&tx);
    ck_ok(exception_insert(&tx, &x, &added));
    ck_ok(effect_bulk(&tx, TABLE_EXCEPTIONS, 1));
    book_end(&tx);
    ck_assert(added);
    const struct json *page = listed(&spine_ana, "{}", ERR_NONE);
    ck_assert_str_eq(json_text(json_pointer_get(page, "/exceptions/0/near_miss/entry_id")), "g:4");
    ck_assert_int_eq(count(page, "/exceptions/0/near_misses_n"), 2);
    ck_assert_str_eq(nth(page, 0, "reference"), "3");
    ck_assert_ptr_null(json_pointer_get(page, "/exceptions/0/detail"));
}
END_TEST

START_TEST(who_may_not_see_the_entity_sees_none_of_it)
{
    some();
    (void)listed(&eve, "{\"entity_id\":\"US\"}", ERR_MISSING);
    const struct json *page = listed(&eve, "{}", ERR_NONE);
    ck_assert_uint_eq(json_get(page, "exceptions")->count, 0);
    ck_assert_int_eq(count(page, "/counts/total"), 0);
    ck_assert_uint_eq(json_pointer_get(page, "/counts/by_entity")->count, 0);
}
END_TEST

SPINE_MAIN("list_exceptions", exceptions_up, spine_down,
           the_oldest_stands_first_unless_another_order_is_asked_for,
           its_buckets_of_age_are_those_of_the_resource, pages_in_every_order_miss_nothing,
           account_class_age_and_words_choose,
           what_ended_is_found_by_its_state_and_no_longer_stands,
           who_has_it_is_asked_by_name_by_role_or_as_me,
           the_nearest_miss_is_shown_and_how_many_there_were,
           who_may_not_see_the_entity_sees_none_of_it)
