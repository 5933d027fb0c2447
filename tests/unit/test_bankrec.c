/* The bank reconciliation statement's arithmetic, on statements made by hand. */
#include <string.h>

#include "engine/report/bankrec.h"
#include "tests/unit/test.h"

static struct bankrec_anchor balance(int day, int64_t minor)
{
    return (struct bankrec_anchor){.basis = BANKREC_COVERED, .day = {day}, .minor = minor};
}

static struct bankrec computed(const struct bankrec_in *in)
{
    struct bankrec out;
    ck_ok(bankrec_compute(in, &out));
    return out;
}

static struct bankrec_group open_of(bool bank, const char *class_, int64_t sum)
{
    return (struct bankrec_group){
        .bank = bank, .class_ = class_, .negative = sum < 0, .count = 1, .sum_minor = sum};
}

START_TEST(a_textbook_statement_adds_up)
{
    /* Bank 5,000.00; a deposit of 800.00 in transit, cheques of 300.00 and 150.00 outstanding, a
     * fee of 12.50 and interest of 2.50 not booked: books 5,360.00. */
    const struct bankrec_group groups[] = {
        {.bank = true, .settled = true, .count = 4, .sum_minor = 101000},
        {.settled = true, .count = 4, .sum_minor = 101000},
        open_of(false, "TIMING", 80000),
        open_of(false, "TIMING", -30000),
        open_of(false, NULL, -15000),
        open_of(true, "FEE", -1250),
        open_of(true, NULL, 250),
    };
    const struct bankrec_in in = {.bank = {balance(90, 400000), 100000},
                                  .books = {balance(59, 400000), 136000},
                                  .groups = groups,
                                  .groups_n = 7};
    const struct bankrec out = computed(&in);
    ck_assert_int_eq(out.bank_minor, 500000);
    ck_assert_int_eq(out.books_minor, 536000);
    ck_assert_int_eq(out.sections[BANKREC_DEPOSIT_IN_TRANSIT].effect_minor, 80000);
    ck_assert_int_eq(out.sections[BANKREC_OUTSTANDING].effect_minor, -45000);
    ck_assert_int_eq(out.sections[BANKREC_OUTSTANDING].count, 2);
    ck_assert_int_eq(out.sections[BANKREC_BANK_DEBIT].effect_minor, -1250);
    ck_assert_int_eq(out.sections[BANKREC_BANK_CREDIT].effect_minor, 250);
    ck_assert_int_eq(out.adjusted_bank_minor, 535000);
    ck_assert_int_eq(out.adjusted_books_minor, 535000);
    ck_assert(out.unexplained_known);
    ck_assert_int_eq(out.unexplained_minor, 0);
    ck_assert_int_eq(out.unlisted_minor, 0);
    ck_assert(out.reconciled);
}
END_TEST

START_TEST(what_nobody_lists_stays_unexplained)
{
    /* The books opened 7.00 higher than the bank. */
    const struct bankrec_in in = {.bank = {balance(90, 1000), 0}, .books = {balance(59, 1700), 0}};
    const struct bankrec out = computed(&in);
    ck_assert_int_eq(out.unexplained_minor, -700);
    ck_assert(!out.reconciled);
}
END_TEST

START_TEST(without_a_balance_the_difference_is_not_known)
{
    const struct bankrec_in no_books = {.bank = {balance(90, 1000), 0}, .books = {{0}, 1000}};
    const struct bankrec_in no_bank = {.bank = {{0}, 1000}, .books = {balance(90, 1000), 0}};
    ck_assert(!computed(&no_books).unexplained_known);
    ck_assert(!computed(&no_bank).unexplained_known);
    ck_assert(!computed(&no_books).reconciled);
    ck_assert_int_eq(computed(&no_books).books_minor, 1000);
}
END_TEST

START_TEST(a_carried_balance_or_a_broken_statement_reconciles_nothing)
{
    struct bankrec_in in = {.bank = {balance(90, 1000), 0}, .books = {balance(90, 1000), 0}};
    ck_assert(computed(&in).reconciled);
    in.breaks_n = 1;
    ck_assert(!computed(&in).reconciled);
    in.breaks_n = 0;
    in.bank.anchor.basis = BANKREC_CARRIED;
    ck_assert(!computed(&in).reconciled);
    ck_assert_int_eq(computed(&in).unexplained_minor, 0);
}
END_TEST

START_TEST(a_confirmed_difference_is_listed_until_it_is_booked)
{
    /* 100.00 booked, 97.10 received, confirmed as one event. */
    const struct bankrec_group groups[] = {
        {.bank = true, .settled = true, .count = 1, .sum_minor = 9710},
        {.settled = true, .count = 1, .sum_minor = 10000},
    };
    struct bankrec_in in = {.bank = {balance(1, 0), 9710},
                            .books = {balance(1, 0), 10000},
                            .groups = groups,
                            .groups_n = 2,
                            .differences_n = 1,
                            .differences_minor = -290};
    struct bankrec out = computed(&in);
    ck_assert_int_eq(out.adjusted_books_minor, 9710);
    ck_assert(out.reconciled);
    in.differences_n = 0;
    in.differences_minor = 0;
    out = computed(&in);
    ck_assert_int_eq(out.unlisted_minor, -290);
    ck_assert_int_eq(out.unexplained_minor, -290);
    ck_assert(!out.reconciled);
}
END_TEST

START_TEST(errors_are_taken_off_their_own_side)
{
    const struct bankrec_group groups[] = {
        {.bank = true, .settled = true},         {.settled = true},
        open_of(false, "DUPLICATE", -41890),     open_of(true, "DUPLICATE", 500),
        open_of(false, "AMOUNT_BREAK", -442000), open_of(true, "AMOUNT_BREAK", -460000),
    };
    const struct bankrec_in in = {.bank = {balance(1, 1000000), 500 - 460000},
                                  .books = {balance(1, 1000000), -41890 - 442000},
                                  .groups = groups,
                                  .groups_n = 6};
    const struct bankrec out = computed(&in);
    ck_assert_int_eq(out.sections[BANKREC_BOOK_ERROR].effect_minor, 41890 + 442000);
    ck_assert_int_eq(out.sections[BANKREC_BANK_ERROR].effect_minor, -500);
    ck_assert_int_eq(out.sections[BANKREC_BANK_DEBIT].effect_minor, -460000);
    ck_assert_int_eq(out.adjusted_bank_minor, 540000);
    ck_assert_int_eq(out.adjusted_books_minor, 540000);
}
END_TEST

START_TEST(a_whole_proposal_is_no_deposit_in_transit)
{
    struct bankrec_group groups[] = {
        {.bank = true, .settled = true},
        {.settled = true},
        {.bank = true, .proposed = true, .count = 1, .sum_minor = 9710},
        {.proposed = true, .count = 1, .sum_minor = 10000},
    };
    const struct bankrec_in in = {.bank = {balance(1, 0), 9710},
                                  .books = {balance(1, 0), 10000},
                                  .groups = groups,
                                  .groups_n = 4};
    const struct bankrec out = computed(&in);
    ck_assert_int_eq(out.sections[BANKREC_DEPOSIT_IN_TRANSIT].count, 0);
    ck_assert_int_eq(out.sections[BANKREC_PROPOSED].count, 2);
    ck_assert_int_eq(out.sections[BANKREC_PROPOSED].effect_minor, -290);
    ck_assert_int_eq(out.adjusted_bank_minor, 9710);
    ck_assert_int_eq(out.unexplained_minor, 0);
}
END_TEST

START_TEST(an_overdraft_adds_up_as_well)
{
    const struct bankrec_group groups[] = {
        {.bank = true, .settled = true, .count = 1, .sum_minor = -70000},
        {.settled = true, .count = 1, .sum_minor = -70000},
        open_of(false, NULL, -25000),
    };
    const struct bankrec_in in = {.bank = {balance(1, -10000), -70000},
                                  .books = {balance(1, -10000), -95000},
                                  .groups = groups,
                                  .groups_n = 3};
    const struct bankrec out = computed(&in);
    ck_assert_int_eq(out.bank_minor, -80000);
    ck_assert_int_eq(out.adjusted_bank_minor, -105000);
    ck_assert(out.reconciled);
}
END_TEST

START_TEST(a_sum_that_does_not_fit_is_an_error_and_never_wraps)
{
    struct bankrec out;
    const struct bankrec_in in = {.bank = {balance(1, INT64_MAX), 1}};
    ck_assert_int_eq(bankrec_compute(&in, &out).kind, ERR_LIMIT);
    const struct bankrec_group least = {
        .negative = true, .count = 1, .sum_minor = INT64_MIN, .class_ = "DUPLICATE"};
    const struct bankrec_in error = {.groups = &least, .groups_n = 1};
    ck_assert_int_eq(bankrec_compute(&error, &out).kind, ERR_LIMIT);
}
END_TEST

/* ---- statements ---- */

static struct bankrec_statement statement(const char *id, int from, int to, int64_t opening,
                                          int64_t closing)
{
    return (struct bankrec_statement){id, {from}, {to}, opening, closing, closing - opening, true};
}

START_TEST(the_balance_is_the_covering_statements)
{
    const struct bankrec_statement list[] = {statement("sta_2", 31, 58, 200, 300),
                                             statement("sta_1", 0, 30, 100, 200)};
    struct bankrec_anchor a = bankrec_bank_anchor(list, 2, (struct date){30});
    ck_assert_int_eq(a.basis, BANKREC_COVERED);
    ck_assert_int_eq(a.minor, 200);
    ck_assert_int_eq(a.day.days, 30);
    ck_assert_str_eq(a.statement_id, "sta_1");
    a = bankrec_bank_anchor(list, 2, (struct date){40}); /* within: its opening, and lines */
    ck_assert_int_eq(a.basis, BANKREC_COVERED);
    ck_assert_int_eq(a.minor, 200);
    ck_assert_int_eq(a.day.days, 30);
    ck_assert_str_eq(a.statement_id, "sta_2");
}
END_TEST

START_TEST(behind_the_last_and_before_the_first_the_balance_is_carried)
{
    const struct bankrec_statement list[] = {statement("sta_1", 10, 30, 100, 200)};
    struct bankrec_anchor a = bankrec_bank_anchor(list, 1, (struct date){35});
    ck_assert_int_eq(a.basis, BANKREC_CARRIED);
    ck_assert_int_eq(a.minor, 200);
    a = bankrec_bank_anchor(list, 1, (struct date){5});
    ck_assert_int_eq(a.basis, BANKREC_CARRIED);
    ck_assert_int_eq(a.minor, 100);
    ck_assert_int_eq(a.day.days, 9);
    ck_assert_int_eq(bankrec_bank_anchor(list, 0, (struct date){5}).basis, BANKREC_MOVEMENT);
}
END_TEST

static size_t breaks_of(const struct bankrec_statement *list, size_t n, int day,
                        struct bankrec_break breaks[4])
{
    struct arena *arena = arena_new((size_t)1 << 20);
    struct bankrec_break *found;
    size_t breaks_n;
    ck_ok(bankrec_chain(list, n, (struct date){day}, arena, &found, &breaks_n));
    ck_assert_uint_le(breaks_n, 4);
    memcpy(breaks, found, breaks_n * sizeof *found);
    arena_free(arena);
    return breaks_n;
}

START_TEST(a_statement_that_does_not_follow_on_is_a_gap)
{
    const struct bankrec_statement list[] = {statement("sta_2", 61, 90, 250, 300),
                                             statement("sta_1", 0, 30, 100, 200)};
    struct bankrec_break breaks[4];
    ck_assert_uint_eq(breaks_of(list, 2, 90, breaks), 1);
    ck_assert_int_eq(breaks[0].fault, BANKREC_GAP);
    ck_assert_str_eq(breaks[0].statement->statement_id, "sta_2");
    ck_assert_str_eq(breaks[0].before->statement_id, "sta_1");
    ck_assert_int_eq(breaks[0].expected_minor, 200);
    ck_assert_int_eq(breaks[0].found_minor, 250);
    ck_assert_uint_eq(breaks_of(list, 2, 60, breaks), 0); /* as of then it was not there */
}
END_TEST

START_TEST(the_statement_that_was_missing_closes_the_gap)
{
    const struct bankrec_statement list[] = {statement("sta_2", 61, 90, 250, 300),
                                             statement("sta_1", 0, 30, 100, 200),
                                             statement("sta_3", 31, 60, 200, 250)};
    struct bankrec_break breaks[4];
    ck_assert_uint_eq(breaks_of(list, 3, 90, breaks), 0);
}
END_TEST

START_TEST(overlapping_statements_are_no_gap)
{
    const struct bankrec_statement list[] = {statement("sta_1", 0, 30, 100, 200),
                                             statement("sta_2", 15, 45, 170, 260),
                                             statement("sta_0", -30, -1, 50, 100)};
    struct bankrec_break breaks[4];
    ck_assert_uint_eq(breaks_of(list, 3, 90, breaks), 0);
}
END_TEST

START_TEST(a_broken_statement_is_named_until_a_later_one_covers_its_days)
{
    struct bankrec_statement list[] = {statement("sta_1", 0, 30, 100, 200),
                                       statement("sta_2", 0, 30, 100, 200)};
    struct bankrec_break breaks[4];
    list[0].balanced = false;
    list[0].lines_minor = 90;
    ck_assert_uint_eq(breaks_of(list, 1, 30, breaks), 1);
    ck_assert_int_eq(breaks[0].fault, BANKREC_BROKEN);
    ck_assert_int_eq(breaks[0].expected_minor, 190);
    ck_assert_int_eq(breaks[0].found_minor, 200);
    ck_assert_uint_eq(breaks_of(list, 2, 30, breaks), 0);
    list[1].balanced = false; /* the latest word counts, also when it is the wrong one */
    ck_assert_uint_eq(breaks_of(list, 2, 30, breaks), 1);
    ck_assert_str_eq(breaks[0].statement->statement_id, "sta_2");
}
END_TEST

START_TEST(every_section_has_a_name_and_a_side)
{
    for (unsigned s = 0; s < BANKREC_SECTIONS; s++) {
        ck_assert_ptr_nonnull(bankrec_section_name((enum bankrec_section)s));
        ck_assert_ptr_nonnull(bankrec_section_title((enum bankrec_section)s));
    }
    ck_assert(bankrec_adjusts_bank(BANKREC_OUTSTANDING));
    ck_assert(!bankrec_adjusts_bank(BANKREC_DIFFERENCE));
    ck_assert_int_eq(bankrec_section_of(false, 0, NULL, false), BANKREC_DEPOSIT_IN_TRANSIT);
}
END_TEST

TEST_MAIN("bankrec", a_textbook_statement_adds_up, what_nobody_lists_stays_unexplained,
          without_a_balance_the_difference_is_not_known,
          a_carried_balance_or_a_broken_statement_reconciles_nothing,
          a_confirmed_difference_is_listed_until_it_is_booked, errors_are_taken_off_their_own_side,
          a_whole_proposal_is_no_deposit_in_transit, an_overdraft_adds_up_as_well,
          a_sum_that_does_not_fit_is_an_error_and_never_wraps,
          the_balance_is_the_covering_statements,
          behind_the_last_and_before_the_first_the_balance_is_carried,
          a_statement_that_does_not_follow_on_is_a_gap,
          the_statement_that_was_missing_closes_the_gap, overlapping_statements_are_no_gap,
          a_broken_statement_is_named_until_a_later_one_covers_its_days,
          every_section_has_a_name_and_a_side)
