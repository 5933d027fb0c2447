/* A whole pass: what each rule takes, what is ambiguous, what is left, and that the order of the
 * entries never matters. */
#include "engine/recon/pass.h"

#include <stdio.h>

#include "tests/unit/recon_book.h"

START_TEST(one_line_one_entry_is_confirmable)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 1, -5000, "ACH DEBIT HARBOUR FOODS INC");
    gl(&b, "g1", MONDAY0, -5000, "Harbour Foods Inc - Repairs, INV-77", "AP-1");
    book_run(&b);
    ck_assert(together(&b, "b1", "g1"));
    ck_assert(confirmable(&b, "b1"));
    const struct recon_match *m = the_match(&b, "b1");
    ck_assert_int_eq(m->type, RECON_TYPE_EXACT);
    ck_assert_str_eq(m->rule, "exact/1");
    ck_assert_str_eq(recon_class_name((enum recon_class)m->class), "exact_match");
    ck_assert_int_eq(m->difference_minor, 0);
    book_fini(&b);
}
END_TEST

START_TEST(what_is_found_comes_by_day)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 3, -100, "ACH DEBIT HARBOUR FOODS INC");
    bank(&b, "b2", MONDAY0 + 2, -90000, "ACH DEBIT MEADOW METALS CORP");
    bank(&b, "b3", MONDAY0 + 4, -70000, "CITY PARKING");
    bank(&b, "b4", MONDAY0 + 1, -77, "TOLL ROAD");
    gl(&b, "g1", MONDAY0 + 3, -100, "Harbour Foods Inc", NULL);
    gl(&b, "g2", MONDAY0 + 1, -90000, "Meadow Metals Corp", NULL);
    gl(&b, "g4", MONDAY0 + 1, -3300, "Alder Print Shop", NULL);
    book_run(&b);
    const struct recon_result *r = b.result;
    static const char *const left[] = {"b4", "g4", "b3"};
    ck_assert_uint_eq(r->matches_n, 2);
    ck_assert_str_eq(r->entries[r->legs[r->matches[0].legs]].id, "b2");
    ck_assert_str_eq(r->entries[r->legs[r->matches[1].legs]].id, "b1");
    ck_assert_uint_eq(r->exceptions_n, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_str_eq(r->entries[r->exceptions[i].entry].id, left[i]);
    book_fini(&b);
}
END_TEST

START_TEST(nothing_at_all_is_a_result_too)
{
    struct book b = {0};
    book_run(&b);
    ck_assert_uint_eq(b.result->matches_n + b.result->exceptions_n, 0);
    book_fini(&b);
}
END_TEST

START_TEST(a_sign_mistake_never_matches)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0, 5000, "ACH CREDIT HARBOUR FOODS INC");
    gl(&b, "g1", MONDAY0, -5000, "Harbour Foods Inc - Repairs", NULL);
    book_run(&b);
    ck_assert_uint_eq(b.result->matches_n, 0);
    ck_assert_int_eq(exception_of(&b, "b1"), RECON_EXC_UNIDENTIFIED_RECEIPT);
    book_fini(&b);
}
END_TEST

START_TEST(entity_account_and_currency_keep_books_apart)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0, 5000, "ACH HARBOUR FOODS");
    gl(&b, "g1", MONDAY0, 5000, "Harbour Foods", NULL)->entity = 2;
    gl(&b, "g2", MONDAY0, 5000, "Harbour Foods", NULL)->account = 2;
    memcpy(gl(&b, "g3", MONDAY0, 5000, "Harbour Foods", NULL)->cur, "EUR", 4);
    book_run(&b);
    ck_assert_uint_eq(b.result->matches_n, 0);
    book_fini(&b);
}
END_TEST

START_TEST(another_payee_of_the_same_amount_is_not_taken)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0, -280000, "ACH DEBIT MEADOW METALS CORP");
    gl(&b, "g1", MONDAY0, -280000, "Harbour Foods Inc - Repairs", NULL);
    gl(&b, "g2", MONDAY0 - 20, -100, "Meadow Metals Corp - Sheets", NULL);
    book_run(&b);
    ck_assert_ptr_null(match_of(&b, "b1"));
    ck_assert_int_eq(exception_of(&b, "b1"), RECON_EXC_MISSING_GL);
    book_fini(&b);
}
END_TEST

START_TEST(a_text_that_names_nobody_is_proposed_but_not_confirmable)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 1, -4321, "MKTPLC *7K3J9");
    gl(&b, "g1", MONDAY0, -4321, "Harbour Foods Inc - Repairs", "AP-1");
    book_run(&b);
    ck_assert(together(&b, "b1", "g1"));
    ck_assert_int_eq(the_match(&b, "b1")->type, RECON_TYPE_AMOUNT_ONLY);
    ck_assert(!confirmable(&b, "b1"));
    book_fini(&b);
}
END_TEST

START_TEST(twin_cheques_go_by_their_numbers)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 30, -9900, "CHECK #1002");
    bank(&b, "b2", MONDAY0 + 30, -9900, "CHECK #1001");
    gl(&b, "g1", MONDAY0, -9900, "Harbour Foods - Repairs", "CHK-1001");
    gl(&b, "g2", MONDAY0, -9900, "Harbour Foods - Repairs", "CHK-1002");
    book_run(&b);
    ck_assert(together(&b, "b1", "g2"));
    ck_assert(together(&b, "b2", "g1"));
    ck_assert_int_eq(the_match(&b, "b1")->type, RECON_TYPE_HARD_KEY);
    ck_assert(confirmable(&b, "b1"));
    book_fini(&b);
}
END_TEST

START_TEST(another_cheque_number_is_never_taken)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0, -9900, "CHECK #1003");
    gl(&b, "g1", MONDAY0, -9900, "Harbour Foods - Repairs", "CHK-1001");
    book_run(&b);
    ck_assert_uint_eq(b.result->matches_n, 0);
    book_fini(&b);
}
END_TEST

START_TEST(identical_twins_are_ambiguous_whatever_is_proposed)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0, -5000, "ACH DEBIT HARBOUR FOODS");
    bank(&b, "b2", MONDAY0, -5000, "ACH DEBIT HARBOUR FOODS");
    gl(&b, "g1", MONDAY0, -5000, "Harbour Foods - Repairs", NULL);
    gl(&b, "g2", MONDAY0, -5000, "Harbour Foods - Repairs", NULL);
    book_run(&b);
    for (size_t i = 0; i < b.result->matches_n; i++) {
        ck_assert(b.result->matches[i].ambiguous);
        ck_assert_uint_gt(b.result->matches[i].alternatives[0].score_bp, 0);
        ck_assert(!recon_auto_confirmable(b.result, &b.result->matches[i]));
    }
    book_fini(&b);
}
END_TEST

START_TEST(a_line_too_many_is_a_suspected_duplicate)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0, -5000, "ACH DEBIT HARBOUR FOODS");
    bank(&b, "b2", MONDAY0, -5000, "ACH DEBIT HARBOUR FOODS");
    gl(&b, "g1", MONDAY0, -5000, "Harbour Foods - Repairs", NULL);
    book_run(&b);
    ck_assert_uint_eq(b.result->matches_n, 1);
    ck_assert(!recon_auto_confirmable(b.result, &b.result->matches[0]));
    ck_assert_uint_eq(b.result->exceptions_n, 1);
    ck_assert_int_eq(b.result->exceptions[0].class, RECON_EXC_DUPLICATE);
    book_fini(&b);
}
END_TEST

START_TEST(weekly_payments_pair_in_order)
{
    struct book b = {0};
    static const char *const bank_ids[] = {"b1", "b2", "b3", "b4"};
    static const char *const book_ids[] = {"g1", "g2", "g3", "g4"};
    for (int i = 0; i < 4; i++) {
        bank(&b, bank_ids[i], MONDAY0 + 7 * i + 1, -70000, "ACH DEBIT HARBOUR FOODS");
        gl(&b, book_ids[i], MONDAY0 + 7 * i, -70000, "Harbour Foods - Weekly", NULL);
    }
    book_run(&b);
    for (int i = 0; i < 4; i++)
        ck_assert(together(&b, bank_ids[i], book_ids[i]));
    ck_assert(confirmable(&b, "b2"));
    book_fini(&b);
}
END_TEST

START_TEST(assignment_is_global_not_greedy)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0, -5000, "UBR *TRIP 77");
    bank(&b, "b2", MONDAY0, -5000, "ACH DEBIT HARBOUR FOODS INC");
    gl(&b, "g1", MONDAY0, -5000, "Harbour Foods Inc - Repairs", NULL);
    gl(&b, "g2", MONDAY0 - 3, -5000, "Meadow Metals - Travel", NULL);
    book_run(&b);
    ck_assert(together(&b, "b2", "g1"));
    ck_assert(together(&b, "b1", "g2"));
    book_fini(&b);
}
END_TEST

START_TEST(a_late_cheque_still_finds_its_entry)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 40, -123456, "CHECK #88");
    gl(&b, "g1", MONDAY0, -123456, "Harbour Foods - Repairs", "CHK-88");
    book_run(&b);
    ck_assert(together(&b, "b1", "g1"));
    book_fini(&b);
}
END_TEST

START_TEST(the_same_name_weeks_later_is_for_review)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 21, -123456, "ACH DEBIT HARBOUR FOODS");
    gl(&b, "g1", MONDAY0, -123456, "Harbour Foods - Repairs", NULL);
    book_run(&b);
    ck_assert(together(&b, "b1", "g1"));
    ck_assert_int_eq(the_match(&b, "b1")->type, RECON_TYPE_LATE);
    ck_assert(!confirmable(&b, "b1"));
    book_fini(&b);
}
END_TEST

START_TEST(holidays_do_not_count_as_days)
{
    struct book b = {0};
    static const int32_t holidays[] = {MONDAY0 + 1, MONDAY0 + 2};
    bank(&b, "b1", MONDAY0 + 5 * 7 / 5 + 2, -123456, "ACH DEBIT HARBOUR FOODS"); /* 7 days on */
    gl(&b, "g1", MONDAY0, -123456, "Harbour Foods - Repairs", NULL);
    book_run(&b);
    ck_assert_int_eq(the_match(&b, "b1")->type, RECON_TYPE_LATE);
    b.params.holidays = holidays;
    b.params.holidays_n = 2;
    book_run(&b);
    ck_assert_int_eq(the_match(&b, "b1")->type, RECON_TYPE_EXACT);
    book_fini(&b);
}
END_TEST

START_TEST(one_payment_covers_several_entries)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 2, 60000, "ACH CREDIT HARBOUR FOODS");
    gl(&b, "g1", MONDAY0, 10000, "Harbour Foods - A", "AR-1");
    gl(&b, "g2", MONDAY0, 20000, "Harbour Foods - B", "AR-2");
    gl(&b, "g3", MONDAY0 + 1, 30000, "Harbour Foods - C", "AR-3");
    gl(&b, "g4", MONDAY0 + 1, 25000, "Harbour Foods - D", "AR-4");
    gl(&b, "g5", MONDAY0 + 1, 20000, "Meadow Metals - E", "AR-5");
    book_run(&b);
    const struct recon_match *m = the_match(&b, "b1");
    ck_assert_int_eq(m->type, RECON_TYPE_ONE_TO_MANY);
    ck_assert_uint_eq(m->book_n, 3);
    ck_assert(together(&b, "b1", "g1") && together(&b, "b1", "g2") && together(&b, "b1", "g3"));
    ck_assert_uint_eq(m->solutions, 1);
    ck_assert_uint_gt(m->search_n, 0);
    book_fini(&b);
}
END_TEST

START_TEST(several_payments_cover_one_entry)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 1, -10000, "ACH DEBIT HARBOUR FOODS");
    bank(&b, "b2", MONDAY0 + 2, -25000, "ACH DEBIT HARBOUR FOODS");
    gl(&b, "g1", MONDAY0, -35000, "Harbour Foods - Instalments", "AP-1");
    book_run(&b);
    ck_assert(together(&b, "b1", "g1") && together(&b, "b2", "g1"));
    ck_assert_int_eq(the_match(&b, "g1")->type, RECON_TYPE_MANY_TO_ONE);
    book_fini(&b);
}
END_TEST

START_TEST(two_sums_that_fit_are_nobodys_to_choose)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 2, 50000, "ACH CREDIT HARBOUR FOODS");
    gl(&b, "g1", MONDAY0, 10000, "Harbour Foods - A", "AR-1");
    gl(&b, "g2", MONDAY0, 40000, "Harbour Foods - B", "AR-2");
    gl(&b, "g3", MONDAY0, 20000, "Harbour Foods - C", "AR-3");
    gl(&b, "g4", MONDAY0, 30000, "Harbour Foods - D", "AR-4");
    book_run(&b);
    ck_assert_uint_eq(b.result->matches_n, 0);
    ck_assert_int_eq(exception_of(&b, "b1"), RECON_EXC_AMBIGUOUS);
    book_fini(&b);
}
END_TEST

START_TEST(a_payout_with_refunds_and_fees_goes_by_its_key)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 2, 9000 + 4000 - 2500 - 300, "PROCESSOR PAYOUT")->key = "po_1A";
    gl(&b, "g1", MONDAY0, 9000, "Charge", "ch1")->key = "po_1A";
    gl(&b, "g2", MONDAY0, 4000, "Charge", "ch2")->key = "po_1A";
    gl(&b, "g3", MONDAY0, -2500, "Refund", "re1")->key = "po_1A";
    gl(&b, "g4", MONDAY0, -300, "Fee", "fe1")->key = "po_1A";
    gl(&b, "g5", MONDAY0, 4000, "Charge", "ch3")->key = "po_1B";
    book_run(&b);
    ck_assert_uint_eq(the_match(&b, "b1")->book_n, 4);
    ck_assert(confirmable(&b, "b1"));
    ck_assert_ptr_null(match_of(&b, "g5"));
    book_fini(&b);
}
END_TEST

START_TEST(a_payout_that_does_not_add_up_is_not_matched)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 2, 13001, "PROCESSOR PAYOUT")->key = "po_1A";
    gl(&b, "g1", MONDAY0, 9000, "Charge", "ch1")->key = "po_1A";
    gl(&b, "g2", MONDAY0, 4000, "Charge", "ch2")->key = "po_1A";
    book_run(&b);
    ck_assert_uint_eq(b.result->matches_n, 0);
    book_fini(&b);
}
END_TEST

START_TEST(a_void_settles_against_its_cheque_and_the_reissue_clears)
{
    struct book b = {0};
    gl(&b, "g1", MONDAY0, -7000, "Harbour Foods - Repairs", "CHK-501");
    gl(&b, "g2", MONDAY0 + 3, 7000, "VOID - Check #501 to Harbour Foods (lost)", "CHK-501-V");
    gl(&b, "g3", MONDAY0 + 4, -7000, "Harbour Foods - Reissued (replaces #501)", "CHK-502");
    bank(&b, "b1", MONDAY0 + 7, -7000, "CHECK #502");
    book_run(&b);
    ck_assert(together(&b, "g1", "g2"));
    ck_assert_int_eq(the_match(&b, "g1")->class, RECON_CLASS_OFFSET);
    ck_assert(together(&b, "b1", "g3"));
    book_fini(&b);
}
END_TEST

START_TEST(a_reversal_the_bank_shows_too_is_not_set_off)
{
    struct book b = {0};
    gl(&b, "g1", MONDAY0, -7000, "Harbour Foods - Paid in error", "AP-1");
    gl(&b, "g2", MONDAY0 + 2, 7000, "Harbour Foods - Reversal of payment", "JE-1");
    bank(&b, "b1", MONDAY0 + 1, -7000, "ACH DEBIT HARBOUR FOODS");
    bank(&b, "b2", MONDAY0 + 3, 7000, "ACH CREDIT HARBOUR FOODS");
    book_run(&b);
    ck_assert(together(&b, "g1", "b1"));
    ck_assert(together(&b, "g2", "b2"));
    book_fini(&b);
}
END_TEST

START_TEST(a_named_reversal_needs_no_words)
{
    struct book b = {0};
    gl(&b, "g1", MONDAY0, -7000, "Accrual", "JE-1");
    gl(&b, "g2", MONDAY0, -7000, "Accrual", "JE-2");
    gl(&b, "g3", MONDAY0 + 30, 7000, "Month end", "JE-3")->reverses = "g2";
    book_run(&b);
    ck_assert(together(&b, "g2", "g3"));
    ck_assert_ptr_null(match_of(&b, "g1"));
    book_fini(&b);
}
END_TEST

START_TEST(a_wire_short_by_a_fee_is_proposed_with_its_difference)
{
    struct book b = {0};
    bank(&b, "b1", MONDAY0 + 1, 98500, "WIRE TRF IN 1234567 HARBOUR FOODS");
    gl(&b, "g1", MONDAY0, 100000, "Harbour Foods - Invoice", "AR-1");
    book_run(&b);
    const struct recon_match *m = the_match(&b, "b1");
    ck_assert_int_eq(m->type, RECON_TYPE_FEE);
    ck_assert_int_eq(m->difference_minor, -1500);
    ck_assert(!confirmable(&b, "b1"));
    book_fini(&b);
}
END_TEST

START_TEST(what_is_left_is_sorted_into_classes)
{
    struct book b = {0};
    bank(&b, "fee", MONDAY0, -1500, "MONTHLY SERVICE FEE");
    bank(&b, "nsf", MONDAY0, -90000, "RETURNED ITEM - NSF");
    bank(&b, "in", MONDAY0, 90001, "ACH CREDIT SOMEBODY");
    bank(&b, "out", MONDAY0, -90002, "ACH DEBIT SOMEBODY");
    bank(&b, "zero", MONDAY0, 0, "MEMO LINE");
    bank(&b, "pending", MONDAY0, -4, "ACH DEBIT X")->flags = RECON_PENDING;
    gl(&b, "transit", MONDAY0, -5, "Harbour Foods - Cheque", "CHK-1");
    gl(&b, "old", MONDAY0 - 100, -6, "Meadow Metals - Cheque", "CHK-2");
    bank(&b, "break1", MONDAY0, -500000, "ACH DEBIT LARCH LABS");
    gl(&b, "break2", MONDAY0, -543210, "Larch Labs - Tests", "AP-9");
    book_run(&b);
    ck_assert_int_eq(exception_of(&b, "fee"), RECON_EXC_FEE);
    ck_assert_int_eq(exception_of(&b, "nsf"), RECON_EXC_NSF_RETURN);
    ck_assert_int_eq(exception_of(&b, "in"), RECON_EXC_UNIDENTIFIED_RECEIPT);
    ck_assert_int_eq(exception_of(&b, "out"), RECON_EXC_MISSING_GL);
    ck_assert_int_eq(exception_of(&b, "zero"), RECON_EXC_ZERO_AMOUNT);
    ck_assert_int_eq(exception_of(&b, "pending"), RECON_EXC_TIMING);
    ck_assert_int_eq(exception_of(&b, "transit"), RECON_EXC_TIMING);
    ck_assert_int_eq(exception_of(&b, "old"), RECON_EXC_MISSING_BANK);
    ck_assert_int_eq(exception_of(&b, "break1"), RECON_EXC_AMOUNT_BREAK);
    book_fini(&b);
}
END_TEST

START_TEST(amounts_at_the_ends_of_the_range_are_handled)
{
    struct book b = {0};
    bank(&b, "b1", INT32_MIN, INT64_MIN, "ACH DEBIT HARBOUR FOODS");
    bank(&b, "b2", INT32_MAX, INT64_MAX, "ACH CREDIT HARBOUR FOODS");
    bank(&b, "b3", 0, INT64_MAX, "DEPOSIT");
    gl(&b, "g1", INT32_MIN, INT64_MIN, "Harbour Foods - VOID", NULL);
    gl(&b, "g2", INT32_MAX, INT64_MAX, "Harbour Foods", NULL);
    gl(&b, "g3", 0, INT64_MAX - 1, "Harbour Foods reversal", NULL);
    gl(&b, "g4", 0, 1, "Harbour Foods", NULL);
    gl(&b, "g5", 0, INT64_MIN + 1, "Harbour Foods", NULL)->flags = RECON_REVERSAL;
    book_run(&b);
    ck_assert(together(&b, "b1", "g1"));
    ck_assert(together(&b, "b2", "g2"));
    book_fini(&b);
}
END_TEST

START_TEST(mistakes_upstream_are_named)
{
    struct book b = {0};
    struct recon_result *r = NULL;
    bank(&b, "b1", MONDAY0, 1, "x");
    bank(&b, "b1", MONDAY0, 2, "y");
    struct err e = recon_pass(b.entries, b.n, &b.params, &r);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "b1");
    ck_assert_ptr_null(r);
    b.entries[1].id = NULL;
    ck_err(recon_pass(b.entries, b.n, &b.params, &r), ERR_INPUT);
    b.entries[1].id = "b2";
    b.entries[1].side = (enum recon_side)7;
    ck_err(recon_pass(b.entries, b.n, &b.params, &r), ERR_INPUT);
    b.entries[1].side = RECON_BANK;
    b.params.bytes_max = 100;
    ck_err(recon_pass(b.entries, b.n, &b.params, &r), ERR_LIMIT);
}
END_TEST

START_TEST(parameters_that_make_no_sense_are_refused)
{
    struct recon_params p;
    static const int32_t weekend[] = {MONDAY0 - 1}, unsorted[] = {MONDAY0 + 1, MONDAY0};
    recon_params_default(&p);
    ck_ok(recon_params_check(&p));
    p.window_days = -1;
    ck_err(recon_params_check(&p), ERR_INPUT);
    recon_params_default(&p);
    p.review_min = p.high_min + 1;
    ck_err(recon_params_check(&p), ERR_INPUT);
    recon_params_default(&p);
    p.margin_min = 0;
    ck_err(recon_params_check(&p), ERR_INPUT);
    recon_params_default(&p);
    p.holidays = weekend;
    p.holidays_n = 1;
    ck_err(recon_params_check(&p), ERR_INPUT);
    p.holidays = unsorted;
    p.holidays_n = 2;
    ck_err(recon_params_check(&p), ERR_INPUT);
    recon_params_default(&p);
    p.group_items_max = 17;
    ck_err(recon_params_check(&p), ERR_INPUT);
}
END_TEST

START_TEST(a_match_explains_itself)
{
    struct book b = {0};
    struct recon_compared lines[RECON_COMPARED_MAX];
    size_t n = 0;
    CLEANUP(arena_free) struct arena *arena = arena_new(10000);
    bank(&b, "b1", MONDAY0 + 1, -5000, "ACH DEBIT HARBOUR FOODS INC");
    gl(&b, "g1", MONDAY0, -5000, "Harbour Foods Inc - Repairs", "AP-1");
    book_run(&b);
    ck_ok(recon_explain(b.result, the_match(&b, "b1"), arena, lines, &n));
    ck_assert_uint_eq(n, 4);
    ck_assert_str_eq(lines[0].bank, "-5000");
    ck_assert_str_eq(lines[1].bank, "2024-10-08");
    ck_assert_str_eq(lines[2].book, "Harbour Foods Inc - Repairs");
    ck_assert_uint_eq(lines[3].score_bp, RECON_ABSENT);
    book_fini(&b);
}
END_TEST

/* ---- any order, the same answer ---- */

static void random_book(struct book *b, uint64_t *seed, char ids[][8])
{
    static const char *const names[] = {
        "Harbour Foods Inc", "Harbour Metals", "Larch Labs LLC", "Meadow Metals",
        "UBR *TRIP",         "CHECK #12",      "DEPOSIT",        "VOID - Larch Labs LLC"};
    static const char *const refs[] = {NULL, "CHK-12", "CHK-13", "AP-1", "PO_77", NULL};
    size_t n = 2 + rand_next(seed) % 60;
    for (size_t i = 0; i < n; i++) {
        int64_t amount = 100 * (1 + (int64_t)(rand_next(seed) % 12));
        (void)snprintf(ids[i], 8, "e%u", (unsigned)i);
        struct recon_entry *e = put(b, rand_next(seed) % 2 == 0 ? RECON_BANK : RECON_BOOK, ids[i],
                                    MONDAY0 + (int32_t)(rand_next(seed) % 25),
                                    rand_next(seed) % 3 == 0 ? -amount : amount,
                                    names[rand_next(seed) % 8], refs[rand_next(seed) % 6]);
        e->key = rand_next(seed) % 6 == 0 ? "po_9" : NULL;
        e->flags = rand_next(seed) % 20 == 0 ? RECON_REVERSAL : 0;
    }
}

/* Everything about the result that is not an index, in the result's own order. */
static uint64_t result_digest(const struct recon_result *r)
{
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < r->matches_n; i++) {
        const struct recon_match *m = &r->matches[i];
        uint64_t facts[] = {m->type,   m->score_bp, m->margin_bp,    m->ambiguous,
                            m->bank_n, m->book_n,   m->search_nodes, m->runner_up_bp};
        for (size_t k = 0; k < 8; k++)
            h = (h ^ facts[k]) * 1099511628211u;
        for (uint32_t k = 0; k < m->bank_n + m->book_n; k++)
            for (const char *at = r->entries[r->legs[m->legs + k]].id; *at != '\0'; at++)
                h = (h ^ (uint64_t)*at) * 1099511628211u;
    }
    for (size_t i = 0; i < r->exceptions_n; i++) {
        h = (h ^ r->exceptions[i].class) * 1099511628211u;
        for (const char *at = r->entries[r->exceptions[i].entry].id; *at != '\0'; at++)
            h = (h ^ (uint64_t)*at) * 1099511628211u;
    }
    return h;
}

START_TEST(shuffled_entries_give_the_same_result)
{
    uint64_t seed = 42;
    for (int round = 0; round < 600; round++) {
        struct book b = {0};
        char ids[64][8];
        random_book(&b, &seed, ids);
        book_run(&b);
        uint64_t first = result_digest(b.result);
        for (int again = 0; again < 3; again++) {
            for (size_t i = b.n; i > 1; i--) {
                size_t j = rand_next(&seed) % i;
                struct recon_entry swap = b.entries[i - 1];
                b.entries[i - 1] = b.entries[j];
                b.entries[j] = swap;
            }
            book_run(&b);
            ck_assert_uint_eq(result_digest(b.result), first);
        }
        book_fini(&b);
    }
}
END_TEST

START_TEST(no_confirmable_match_has_a_stand_in)
{
    uint64_t seed = 4711;
    for (int round = 0; round < 600; round++) {
        struct book b = {0};
        char ids[64][8];
        random_book(&b, &seed, ids);
        book_run(&b);
        for (size_t i = 0; i < b.result->matches_n; i++) {
            const struct recon_match *m = &b.result->matches[i];
            if (!recon_auto_confirmable(b.result, m))
                continue;
            ck_assert_int_eq(m->difference_minor, 0);
            ck_assert_uint_ge(m->margin_bp, b.params.margin_min);
            ck_assert_uint_gt(m->bank_n, 0);
            ck_assert_uint_gt(m->book_n, 0);
        }
        book_fini(&b);
    }
}
END_TEST

START_TEST(a_large_block_of_one_amount_is_matched_by_date)
{
    static struct book b;
    static char ids[400][8];
    for (int i = 0; i < 200; i++) { /* more than the exact method takes */
        (void)snprintf(ids[i], 8, "b%d", i);
        (void)snprintf(ids[200 + i], 8, "g%d", i);
        bank(&b, ids[i], MONDAY0 + 2 * i, -999, "ACH DEBIT HARBOUR FOODS");
        gl(&b, ids[200 + i], MONDAY0 + 2 * i, -999, "Harbour Foods - Daily", NULL);
    }
    book_run(&b);
    for (int i = 0; i < 200; i++)
        ck_assert(together(&b, ids[i], ids[200 + i]));
    book_fini(&b);
}
END_TEST

TEST_MAIN("recon_pass", what_is_found_comes_by_day, one_line_one_entry_is_confirmable,
          nothing_at_all_is_a_result_too, a_sign_mistake_never_matches,
          entity_account_and_currency_keep_books_apart,
          another_payee_of_the_same_amount_is_not_taken,
          a_text_that_names_nobody_is_proposed_but_not_confirmable,
          twin_cheques_go_by_their_numbers, another_cheque_number_is_never_taken,
          identical_twins_are_ambiguous_whatever_is_proposed,
          a_line_too_many_is_a_suspected_duplicate, weekly_payments_pair_in_order,
          assignment_is_global_not_greedy, a_late_cheque_still_finds_its_entry,
          the_same_name_weeks_later_is_for_review, holidays_do_not_count_as_days,
          one_payment_covers_several_entries, several_payments_cover_one_entry,
          two_sums_that_fit_are_nobodys_to_choose, a_payout_with_refunds_and_fees_goes_by_its_key,
          a_payout_that_does_not_add_up_is_not_matched,
          a_void_settles_against_its_cheque_and_the_reissue_clears,
          a_reversal_the_bank_shows_too_is_not_set_off, a_named_reversal_needs_no_words,
          a_wire_short_by_a_fee_is_proposed_with_its_difference,
          what_is_left_is_sorted_into_classes, amounts_at_the_ends_of_the_range_are_handled,
          mistakes_upstream_are_named, parameters_that_make_no_sense_are_refused,
          a_match_explains_itself, shuffled_entries_give_the_same_result,
          no_confirmable_match_has_a_stand_in, a_large_block_of_one_amount_is_matched_by_date)
