/* The bank reconciliation statement over a real book: what is settled, what is open and where it is
 * told, as of a day, in each currency, to whom. */
#include <string.h>

#include "engine/store/files.h"
#include "engine/store/ledger.h"
#include "engine/tools/statement_chain.h"
#include "tests/unit/spine_book.h"

static struct tx tx;

static struct date day(const char *text)
{
    struct date d;
    ck_ok(date_parse(text, &d));
    return d;
}

static void entry(const char *id, enum side side, const char *date, int64_t minor, const char *cur)
{
    struct entry e = {.entry_id = id,
                      .version = 1,
                      .side = side,
                      .contra = CONTRA_NONE,
                      .source_id = side == SIDE_BANK ? "b" : "g",
                      .file_id = "f",
                      .row_no = 1,
                      .entity_id = "US",
                      .account_id = "1010",
                      .date = day(date),
                      .counterparty = "Larkspur",
                      .reference = "R-1",
                      .raw_sha256 = "00"};
    ck_ok(money_make(minor, cur, &e.amount));
    ck_ok(entry_insert(&tx, &e));
}

/* A match of whole entries, or of `part` of the second. */
static const char *match(const char *bank, int64_t bank_minor, const char *book, int64_t book_minor,
                         bool part, bool confirm)
{
    struct leg *legs = ARENA_ARRAY(arena, 2, struct leg);
    struct match m = exact_proposal(legs, 2);
    m.rule = arena_fmt(arena, "exact/%s", bank);
    legs[0] =
        (struct leg){.entry_id = bank, .version = 1, .side = SIDE_BANK, .amount_minor = bank_minor};
    legs[1] = (struct leg){
        .entry_id = book, .version = 1, .side = SIDE_GL, .amount_minor = book_minor, .part = part};
    ck_ok(match_composition(arena, m.rule, legs, 2, &m.composition_sha256));
    ck_ok(match_measure(&m, "USD"));
    ck_ok(match_insert(&tx, &m));
    if (confirm)
        ck_ok(match_transition(&tx, &m, MATCH_CONFIRMED, "human:ana"));
    return m.match_id;
}

static void statement(const char *from, const char *to, int64_t opening, int64_t lines,
                      int64_t closing, const char *cur)
{
    struct statement s = {.file_id = "f",
                          .source_id = "b",
                          .entity_id = "US",
                          .account_id = "1010",
                          .from = day(from),
                          .to = day(to)};
    ck_ok(money_make(opening, cur, &s.opening));
    ck_ok(money_make(lines, cur, &s.lines));
    ck_ok(money_make(closing, cur, &s.closing));
    ck_ok(statement_insert(&tx, &s));
}

static void ledger(const char *date, int64_t minor, const char *cur)
{
    struct ledger_balance b = {.entity_id = "US", .account_id = "1010", .date = day(date)};
    enum put put;
    ck_ok(money_make(minor, cur, &b.balance));
    ck_ok(ledger_balance_put(&tx, &b, &put));
}

static struct call *read_as(const struct actor *actor, const char *date, const char *currency,
                            int64_t limit, const char *cursor)
{
    struct json *args = json_object_new(arena);
    struct tx snapshot;
    json_put_text(arena, args, "entity_id", "US");
    json_put_text(arena, args, "account_id", "1010");
    json_put_text(arena, args, "date", date);
    if (currency != NULL)
        json_put_text(arena, args, "currency", currency);
    if (limit > 0)
        json_put_int(arena, args, "limit", limit);
    if (cursor != NULL)
        json_put_text(arena, args, "cursor", cursor);
    struct call *c = spine_call(actor, "bank_reconciliation", NULL, args);
    ck_ok(tx_read_begin(book_reader, c->arena, book_clock(), &snapshot));
    c->err = c->tool->read(c, &snapshot);
    tx_read_end(&snapshot);
    return c;
}

static const struct json *drawn(const char *date)
{
    struct call *c = read_as(&spine_ana, date, NULL, 0, NULL);
    ck_ok(c->err);
    return c->result;
}

static void says(const struct json *o, const char *pointer, const char *want)
{
    const char *got = json_text(json_pointer_get(o, pointer));
    ck_assert_msg(text_eq(got, want), "%s: %s, wanted %s", pointer, got == NULL ? "-" : got, want);
}

static bool truth(const struct json *o, const char *key)
{
    const struct json *b = json_get(o, key);
    return b != NULL && b->truth;
}

static const struct json *section(const struct json *o, const char *name)
{
    const struct json *list = json_get(o, "sections");
    for (size_t i = 0; i < list->count; i++) {
        if (text_eq(json_get_text(list->items[i], "section"), name))
            return list->items[i];
    }
    ck_abort_msg("no section %s", name);
    return NULL;
}

static const struct json *item(const struct json *o, const char *entry_id)
{
    const struct json *list = json_get(o, "items");
    for (size_t i = 0; i < list->count; i++) {
        if (text_eq(json_get_text(list->items[i], "entry_id"), entry_id))
            return list->items[i];
    }
    return NULL;
}

/* A cheque of 150.00 outstanding, a deposit of 800.00 in transit, a fee of 12.50 not booked. */
static void march(void)
{
    book_begin(&tx);
    entry("b:1", SIDE_BANK, "2026-03-05", 100000, "USD");
    entry("g:1", SIDE_GL, "2026-03-04", 100000, "USD");
    entry("g:2", SIDE_GL, "2026-03-20", -15000, "USD");
    entry("g:3", SIDE_GL, "2026-03-31", 80000, "USD");
    entry("b:4", SIDE_BANK, "2026-03-31", -1250, "USD");
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 5));
    match("b:1", 100000, "g:1", 100000, false, true);
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    statement("2026-03-01", "2026-03-31", 500000, 98750, 598750, "USD");
    ledger("2026-02-28", 500000, "USD");
    book_end(&tx);
}

START_TEST(an_account_with_timing_items_reconciles)
{
    march();
    const struct json *o = drawn("2026-03-31");
    says(o, "/bank/balance", "5987.50");
    says(o, "/bank/basis", "statement");
    says(o, "/books/balance", "6650.00");
    says(o, "/books/basis", "ledger");
    says(o, "/bank/adjusted", "6637.50");
    says(o, "/books/adjusted", "6637.50");
    says(o, "/unexplained", "0.00");
    says(o, "/unlisted", "0.00");
    ck_assert(truth(o, "reconciled"));
    ck_assert_uint_eq(json_get(o, "why_not")->count, 0);
    says(section(o, "deposits_in_transit"), "/effect", "800.00");
    says(section(o, "outstanding_payments"), "/effect", "-150.00");
    says(section(o, "bank_debits"), "/effect", "-12.50");
    ck_assert_uint_eq(json_get(o, "items")->count, 3);
    int64_t age;
    ck_assert(json_int(json_get(item(o, "g:2"), "age_days"), &age));
    ck_assert_int_eq(age, 11);
    says(item(o, "g:2"), "/state", "unmatched");
    says(item(o, "g:2"), "/counterparty", "Larkspur");
    book_is_intact();
}
END_TEST

START_TEST(a_day_in_the_past_sees_only_what_was_dated_by_then)
{
    march();
    /* On 4 March the deposit of the 5th is in transit, though it is matched by now. */
    const struct json *o = drawn("2026-03-04");
    says(o, "/bank/balance", "5000.00");
    says(o, "/books/balance", "6000.00");
    says(o, "/unexplained", "0.00");
    ck_assert_uint_eq(json_get(o, "items")->count, 1);
    says(item(o, "g:1"), "/section", "deposits_in_transit");
    says(item(o, "g:1"), "/state", "settled_later");
    says(item(o, "g:1"), "/last_leg", "2026-03-05");
    ck_assert(truth(o, "reconciled"));
}
END_TEST

START_TEST(a_day_without_a_statement_is_carried_and_not_reconciled)
{
    march();
    const struct json *o = drawn("2026-04-02");
    says(o, "/bank/basis", "carried");
    says(o, "/bank/balance", "5987.50");
    says(o, "/unexplained", "0.00");
    ck_assert(!truth(o, "reconciled"));
    ck_assert_uint_eq(json_get(o, "why_not")->count, 1);
}
END_TEST

START_TEST(a_missing_ledger_balance_is_told_and_nothing_is_made_up)
{
    book_begin(&tx);
    entry("b:1", SIDE_BANK, "2026-03-05", 100000, "USD");
    entry("g:1", SIDE_GL, "2026-03-04", 100000, "USD");
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 2));
    statement("2026-03-01", "2026-03-31", 500000, 100000, 600000, "USD");
    book_end(&tx);
    const struct json *o = drawn("2026-03-31");
    ck_assert_ptr_null(json_get(o, "unexplained"));
    ck_assert_ptr_null(json_pointer_get(o, "/books/balance"));
    says(o, "/books/movement", "1000.00");
    says(o, "/books/first_entry", "2026-03-04");
    ck_assert(!truth(o, "reconciled"));
}
END_TEST

START_TEST(a_ledger_that_opens_elsewhere_stays_unexplained)
{
    march();
    book_begin(&tx);
    ledger("2026-02-28", 500007, "USD");
    book_end(&tx);
    const struct json *o = drawn("2026-03-31");
    says(o, "/unexplained", "-0.07");
    ck_assert(!truth(o, "reconciled"));
    book_is_intact();
}
END_TEST

START_TEST(a_later_ledger_balance_is_reckoned_back)
{
    march();
    book_begin(&tx);
    ledger("2026-02-28", 500000, "USD");
    book_end(&tx);
    says(drawn("2026-02-27"), "/books/balance", "5000.00");
    says(drawn("2026-02-27"), "/bank/balance", "5000.00");
}
END_TEST

START_TEST(a_broken_statement_and_a_gap_are_told)
{
    march();
    book_begin(&tx);
    statement("2026-04-01", "2026-04-30", 598751, 0, 598751, "USD"); /* opens a cent off */
    statement("2026-05-01", "2026-05-31", 598751, 100, 598751, "USD");
    book_end(&tx);
    const struct json *o = drawn("2026-05-31");
    ck_assert_uint_eq(json_get(o, "statement_breaks")->count, 2);
    says(o, "/statement_breaks/0/fault", "GAP");
    says(o, "/statement_breaks/0/expected", "5987.50");
    says(o, "/statement_breaks/0/found", "5987.51");
    says(o, "/statement_breaks/1/fault", "BROKEN");
    ck_assert(!truth(o, "reconciled"));
    ck_assert(truth(drawn("2026-03-31"), "reconciled")); /* March is what it was */
}
END_TEST

START_TEST(a_gap_holds_the_account_until_the_missing_statement_is_there)
{
    struct tx snapshot;
    struct statement april = {.entity_id = "US",
                              .account_id = "1010",
                              .from = day("2026-04-01"),
                              .to = day("2026-04-30")};
    const char *gap;
    bool broken;
    march();
    book_begin(&tx);
    statement("2026-04-01", "2026-04-30", 600000, 0, 600000, "USD");
    statement("2026-04-01", "2026-04-30", 100, 0, 100, "GBP"); /* another currency, no neighbour */
    book_end(&tx);
    ck_ok(money_make(600000, "USD", &april.opening));
    april.closing = april.opening;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &snapshot));
    ck_ok(statement_chain_broken(&snapshot, arena, "US", "1010", &broken));
    ck_ok(statement_gap(&snapshot, arena, &april, &gap));
    tx_read_end(&snapshot);
    ck_assert(broken);
    ck_assert_str_eq(gap, "the statement up to 2026-03-31 closed with 5987.50, the one from"
                          " 2026-04-01 opens with 6000.00");
    book_begin(&tx);
    statement("2026-03-01", "2026-03-31", 500000, 100000, 600000, "USD"); /* March, corrected */
    book_end(&tx);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &snapshot));
    ck_ok(statement_chain_broken(&snapshot, arena, "US", "1010", &broken));
    ck_ok(statement_gap(&snapshot, arena, &april, &gap));
    tx_read_end(&snapshot);
    ck_assert(!broken);
    ck_assert_ptr_null(gap);
}
END_TEST

START_TEST(a_confirmed_difference_is_an_item)
{
    book_begin(&tx);
    entry("b:1", SIDE_BANK, "2026-03-05", 9710, "USD");
    entry("g:1", SIDE_GL, "2026-03-04", 10000, "USD");
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 2));
    const char *id = match("b:1", 9710, "g:1", 10000, false, true);
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    statement("2026-03-01", "2026-03-31", 0, 9710, 9710, "USD");
    ledger("2026-02-28", 0, "USD");
    book_end(&tx);
    const struct json *o = drawn("2026-03-31");
    says(o, "/unexplained", "0.00");
    ck_assert(truth(o, "reconciled"));
    says(section(o, "differences"), "/effect", "-2.90");
    says(o, "/items/0/match_id", id);
    says(o, "/items/0/amount", "-2.90");
}
END_TEST

START_TEST(a_proposal_is_told_as_one_and_not_as_a_deposit_in_transit)
{
    book_begin(&tx);
    entry("b:1", SIDE_BANK, "2026-03-05", 10000, "USD");
    entry("g:1", SIDE_GL, "2026-03-04", 10000, "USD");
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 2));
    match("b:1", 10000, "g:1", 10000, false, false);
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    statement("2026-03-01", "2026-03-31", 0, 10000, 10000, "USD");
    ledger("2026-02-28", 0, "USD");
    book_end(&tx);
    const struct json *o = drawn("2026-03-31");
    says(item(o, "g:1"), "/section", "proposed");
    says(item(o, "g:1"), "/effect", "-100.00");
    says(o, "/books/adjusted", "100.00");
    o = drawn("2026-03-04"); /* its other leg is not there yet */
    says(item(o, "g:1"), "/section", "deposits_in_transit");
    says(o, "/unexplained", "0.00");
}
END_TEST

START_TEST(a_part_leaves_the_rest_outstanding)
{
    book_begin(&tx);
    entry("b:1", SIDE_BANK, "2026-03-05", -6000, "USD");
    entry("g:1", SIDE_GL, "2026-03-04", -10000, "USD");
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 2));
    match("b:1", -6000, "g:1", -6000, true, true);
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    statement("2026-03-01", "2026-03-31", 0, -6000, -6000, "USD");
    ledger("2026-02-28", 0, "USD");
    book_end(&tx);
    const struct json *o = drawn("2026-03-31");
    says(o, "/unexplained", "0.00");
    says(o, "/unlisted", "0.00");
    ck_assert(truth(o, "reconciled"));
    says(item(o, "g:1"), "/amount", "-40.00");
    says(item(o, "g:1"), "/entry_amount", "-100.00");
    says(item(o, "g:1"), "/section", "outstanding_payments");
}
END_TEST

START_TEST(yen_have_no_minor_units_and_need_naming_beside_dollars)
{
    march();
    book_begin(&tx);
    entry("b:9", SIDE_BANK, "2026-03-10", -1200, "JPY");
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 1));
    statement("2026-03-01", "2026-03-31", 50000, -1200, 48800, "JPY");
    ledger("2026-02-28", 50000, "JPY");
    book_end(&tx);
    ck_err(read_as(&spine_ana, "2026-03-31", NULL, 0, NULL)->err, ERR_INPUT);
    ck_err(read_as(&spine_ana, "2026-03-31", "YEN", 0, NULL)->err, ERR_INPUT);
    struct call *c = read_as(&spine_ana, "2026-03-31", "JPY", 0, NULL);
    ck_ok(c->err);
    says(c->result, "/bank/balance", "48800");
    says(c->result, "/books/adjusted", "48800");
    says(c->result, "/items/0/amount", "-1200");
    ck_assert_uint_eq(json_get(c->result, "items")->count, 1);
    ck_assert(truth(c->result, "reconciled"));
}
END_TEST

START_TEST(pages_together_are_the_whole_list_once)
{
    const char *cursor = NULL;
    size_t seen = 0, pages = 0;
    march();
    book_begin(&tx);
    for (int i = 10; i < 25; i++)
        entry(arena_fmt(arena, "g:%d", i), SIDE_GL, "2026-03-15", i, "USD");
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 15));
    book_end(&tx);
    do {
        struct call *c = read_as(&spine_ana, "2026-03-31", NULL, 4, cursor);
        ck_ok(c->err);
        const struct json *items = json_get(c->result, "items");
        ck_assert_uint_le(items->count, 4);
        ck_assert((json_get(c->result, "bank") != NULL) == (pages == 0));
        for (size_t i = 0; i < items->count; i++)
            seen++;
        cursor = json_get_text(c->result, "next_cursor");
        pages++;
    } while (cursor != NULL);
    ck_assert_uint_eq(seen, 18);
    ck_assert_uint_eq(pages, 5);
    ck_err(read_as(&spine_ana, "2026-03-31", NULL, 4, "nonsense")->err, ERR_INPUT);
}
END_TEST

START_TEST(who_may_not_see_the_entity_is_told_there_is_none)
{
    march();
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "Eve", true));
    ck_ok(role_grant(&tx, "p-eve", "clerk", "UK"));
    book_end(&tx);
    const struct actor eve = spine_human("eve");
    ck_err(read_as(&eve, "2026-03-31", NULL, 0, NULL)->err, ERR_MISSING);
}
END_TEST

SPINE_MAIN("bank_reconciliation", spine_up, spine_down, an_account_with_timing_items_reconciles,
           a_day_in_the_past_sees_only_what_was_dated_by_then,
           a_day_without_a_statement_is_carried_and_not_reconciled,
           a_missing_ledger_balance_is_told_and_nothing_is_made_up,
           a_ledger_that_opens_elsewhere_stays_unexplained, a_later_ledger_balance_is_reckoned_back,
           a_broken_statement_and_a_gap_are_told,
           a_gap_holds_the_account_until_the_missing_statement_is_there,
           a_confirmed_difference_is_an_item,
           a_proposal_is_told_as_one_and_not_as_a_deposit_in_transit,
           a_part_leaves_the_rest_outstanding,
           yen_have_no_minor_units_and_need_naming_beside_dollars,
           pages_together_are_the_whole_list_once, who_may_not_see_the_entity_is_told_there_is_none)
