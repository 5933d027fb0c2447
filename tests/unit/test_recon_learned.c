/* Learned rules in the matcher: what a pair teaches, what it then finds, and what it never does. */
#include <stdio.h>

#include "engine/recon/internal.h"
#include "tests/unit/recon_book.h"

static struct arena *arena;

static struct recon_learned learnt(const struct recon_entry *a, const struct recon_entry *b,
                                   enum recon_learned_fee fee)
{
    struct recon_params params;
    struct recon_learned rule;
    recon_params_default(&params);
    ck_ok(recon_learn(a, b, fee, &params, arena, &rule));
    return rule;
}

static struct err refusal(const struct recon_entry *a, const struct recon_entry *b,
                          enum recon_learned_fee fee)
{
    struct recon_params params;
    struct recon_learned rule;
    recon_params_default(&params);
    return recon_learn(a, b, fee, &params, arena, &rule);
}

static struct recon_entry line(enum recon_side side, int32_t day, int64_t amount, const char *text)
{
    return (struct recon_entry){.id = "x",
                                .text = text,
                                .amount_minor = amount,
                                .day = day,
                                .entity = 1,
                                .account = 1,
                                .cur = "USD",
                                .side = side};
}

/* The bank writes DLSTAR TECH for what the ledger calls Delta Starlight. */
static struct recon_learned alias(void)
{
    const struct recon_entry a = line(RECON_BANK, MONDAY0 + 2, 5000, "ACH CREDIT DLSTAR TECH");
    const struct recon_entry b = line(RECON_BOOK, MONDAY0, 5000, "Delta Starlight Inc - INV-7");
    return learnt(&a, &b, RECON_LEARNED_NO_FEE);
}

START_TEST(a_pair_teaches_names_as_the_matcher_reads_them)
{
    const struct recon_learned rule = alias();
    ck_assert_str_eq(rule.bank_name, "DLSTAR TECH");
    ck_assert_str_eq(rule.book_name, "DELTA STARLIGHT INC");
    ck_assert_int_eq(rule.lag_days, 2);
    ck_assert_int_eq(rule.fee, RECON_LEARNED_NO_FEE);
}
END_TEST

START_TEST(what_teaches_nothing_is_refused)
{
    const struct recon_entry known = line(RECON_BANK, MONDAY0, 5000, "ACH CREDIT DELTA STARLIGHT");
    const struct recon_entry nobody = line(RECON_BANK, MONDAY0, 5000, "ACH CREDIT 4711");
    const struct recon_entry other = line(RECON_BANK, MONDAY0, 5100, "ACH CREDIT DLSTAR TECH");
    const struct recon_entry out = line(RECON_BANK, MONDAY0, -5000, "ACH DEBIT DLSTAR TECH");
    const struct recon_entry twice = line(RECON_BANK, MONDAY0, 10000, "ACH CREDIT DLSTAR TECH");
    const struct recon_entry book = line(RECON_BOOK, MONDAY0, 5000, "Delta Starlight");
    const struct recon_entry blank = line(RECON_BOOK, MONDAY0, 5000, "");
    ck_err(refusal(&known, &book, RECON_LEARNED_NO_FEE), ERR_INPUT);
    ck_err(refusal(&nobody, &book, RECON_LEARNED_NO_FEE), ERR_INPUT);
    ck_err(refusal(&known, &blank, RECON_LEARNED_NO_FEE), ERR_INPUT);
    ck_err(refusal(&other, &book, RECON_LEARNED_NO_FEE), ERR_INPUT); /* fixed or percentage? */
    ck_err(refusal(&out, &book, RECON_LEARNED_FIXED), ERR_INPUT);
    ck_err(refusal(&twice, &book, RECON_LEARNED_FIXED), ERR_INPUT); /* as much as the amount */
}
END_TEST

static int64_t ppm_of(int64_t bank_minor, int64_t book_minor)
{
    const struct recon_entry a = line(RECON_BANK, MONDAY0, bank_minor, "DLSTAR TECH");
    const struct recon_entry b = line(RECON_BOOK, MONDAY0, book_minor, "Delta Starlight");
    const struct recon_learned rule = learnt(&a, &b, RECON_LEARNED_PERCENTAGE);
    int64_t back;
    ck_assert(recon_fee_bank(&rule, book_minor, &back));
    ck_assert_int_eq(back, bank_minor);
    return rule.fee_ppm;
}

START_TEST(a_percentage_is_the_roundest_that_gives_the_fee_to_the_cent)
{
    ck_assert_int_eq(ppm_of(9710, 10000), 29000);     /* 2.9 % */
    ck_assert_int_eq(ppm_of(97000, 100000), 30000);   /* 3 % */
    ck_assert_int_eq(ppm_of(-10290, -10000), -29000); /* the fee comes on top */
    ck_assert_int_eq(ppm_of(119654, 123456), 30800);  /* 38.02 of 1,234.56 */
    const struct recon_entry a = line(RECON_BANK, MONDAY0, 99999999999999, "DLSTAR TECH");
    const struct recon_entry b = line(RECON_BOOK, MONDAY0, 100000000000000, "Delta Starlight");
    ck_err(refusal(&a, &b, RECON_LEARNED_PERCENTAGE), ERR_INPUT); /* finer than a millionth */
}
END_TEST

START_TEST(a_fee_never_leaves_nothing_or_less)
{
    struct recon_learned rule = {.fee = RECON_LEARNED_FIXED, .fee_minor = -300};
    int64_t back;
    ck_assert(recon_fee_bank(&rule, 301, &back) && back == 1);
    ck_assert(!recon_fee_bank(&rule, 300, &back));
    ck_assert(!recon_fee_bank(&rule, 299, &back));
    ck_assert(!recon_fee_bank(&rule, INT64_MIN, &back));
}
END_TEST

/* Two payers of one amount on one day; only the rule knows whose line it is. */
static void two_payers(struct book *b)
{
    bank(b, "b1", MONDAY0 + 1, 5000, "ACH CREDIT DLSTAR TECH");
    gl(b, "g1", MONDAY0, 5000, "Delta Starlight Inc - INV-9", NULL);
    gl(b, "g2", MONDAY0, 5000, "Meadow Metals Corp - INV-3", NULL);
}

START_TEST(a_learned_alias_finds_its_entry_and_is_never_confirmable)
{
    struct book b = {0};
    const struct recon_learned rule = alias();
    two_payers(&b);
    book_run(&b);
    ck_assert(!confirmable(&b, "b1"));
    ck_assert(the_match(&b, "b1")->type != RECON_TYPE_LEARNED_ALIAS);
    b.params.learned = &rule;
    b.params.learned_n = 1;
    book_run(&b);
    const struct recon_match *m = the_match(&b, "b1");
    ck_assert(together(&b, "b1", "g1"));
    ck_assert_int_eq(m->type, RECON_TYPE_LEARNED_ALIAS);
    ck_assert_int_eq(m->learned, 1);
    ck_assert_uint_lt(m->score_bp, b.params.high_min);
    ck_assert_uint_ge(m->score_bp, b.params.review_min);
    ck_assert(!confirmable(&b, "b1"));
    ck_assert_str_eq(recon_type_name(m->type), "learned_alias");
    book_fini(&b);
}
END_TEST

START_TEST(what_is_evident_needs_no_rule)
{
    struct book b = {0};
    const struct recon_learned rule = alias();
    bank(&b, "b1", MONDAY0 + 1, 5000, "ACH CREDIT DLSTAR TECH");
    bank(&b, "b2", MONDAY0 + 1, 5000, "ACH CREDIT DELTA STARLIGHT INC");
    gl(&b, "g1", MONDAY0, 5000, "Delta Starlight Inc", NULL);
    b.params.learned = &rule;
    b.params.learned_n = 1;
    book_run(&b);
    ck_assert(together(&b, "b2", "g1"));
    ck_assert_int_eq(the_match(&b, "b2")->type, RECON_TYPE_EXACT);
    ck_assert_ptr_null(match_of(&b, "b1"));
    book_fini(&b);
}
END_TEST

START_TEST(a_learned_fee_is_matched_with_its_difference)
{
    struct book b = {0};
    const struct recon_learned rule = {.bank_name = "PAYGRID",
                                       .book_name = "HARBOUR FOODS",
                                       .fee = RECON_LEARNED_PERCENTAGE,
                                       .fee_ppm = 290000}; /* 29 %: no tolerance would */
    bank(&b, "b1", MONDAY0 + 1, 7100, "PAYGRID");
    bank(&b, "b2", MONDAY0 + 1, 7099, "PAYGRID");
    gl(&b, "g1", MONDAY0, 10000, "Harbour Foods", NULL);
    b.params.learned = &rule;
    b.params.learned_n = 1;
    book_run(&b);
    const struct recon_match *m = the_match(&b, "b1");
    ck_assert(together(&b, "b1", "g1"));
    ck_assert_int_eq(m->type, RECON_TYPE_LEARNED_FEE);
    ck_assert_int_eq(m->difference_minor, -2900);
    ck_assert(!confirmable(&b, "b1"));
    ck_assert_ptr_null(match_of(&b, "b2"));
    book_fini(&b);
}
END_TEST

START_TEST(a_learned_lag_widens_the_window_and_nothing_else_does)
{
    struct book b = {0};
    struct recon_learned rule = alias();
    bank(&b, "b1", MONDAY0 + 28, 5000, "ACH CREDIT DLSTAR TECH"); /* 20 business days later */
    gl(&b, "g1", MONDAY0, 5000, "Delta Starlight Inc", NULL);
    b.params.learned = &rule;
    b.params.learned_n = 1;
    book_run(&b);
    ck_assert(the_match(&b, "b1")->type != RECON_TYPE_LEARNED_ALIAS);
    rule.lag_days = 20;
    book_run(&b);
    ck_assert_int_eq(the_match(&b, "b1")->type, RECON_TYPE_LEARNED_ALIAS);
    book_fini(&b);
}
END_TEST

START_TEST(two_that_fit_alike_are_ambiguous)
{
    struct book b = {0};
    const struct recon_learned rule = alias();
    bank(&b, "b1", MONDAY0 + 1, 5000, "ACH CREDIT DLSTAR TECH");
    gl(&b, "g1", MONDAY0, 5000, "Delta Starlight Inc - INV-1", NULL);
    gl(&b, "g2", MONDAY0, 5000, "Delta Starlight Inc - INV-2", NULL);
    b.params.learned = &rule;
    b.params.learned_n = 1;
    book_run(&b);
    ck_assert_int_eq(the_match(&b, "b1")->type, RECON_TYPE_LEARNED_ALIAS);
    ck_assert(the_match(&b, "b1")->ambiguous);
    book_fini(&b);
}
END_TEST

START_TEST(two_rules_for_one_pair_are_one_candidate)
{
    struct book b = {0};
    struct recon_learned rules[2] = {alias(), alias()};
    rules[1].bank_name = "DLSTAR";
    two_payers(&b);
    b.params.learned = rules;
    b.params.learned_n = 2;
    book_run(&b);
    const struct recon_match *m = the_match(&b, "b1");
    ck_assert_int_eq(m->learned, 1);
    ck_assert(!m->ambiguous);
    book_fini(&b);
}
END_TEST

START_TEST(rules_that_make_no_sense_are_refused)
{
    struct book b = {0};
    struct recon_learned rule = alias();
    two_payers(&b);
    recon_params_default(&b.params);
    b.params.learned = &rule;
    b.params.learned_n = 1;
    rule.lag_days = 400;
    ck_err(recon_pass(b.entries, b.n, &b.params, &b.result), ERR_INPUT);
    rule = alias();
    rule.book_name = NULL;
    ck_err(recon_pass(b.entries, b.n, &b.params, &b.result), ERR_INPUT);
    b.params.learned_n = RECON_LEARNED_MAX + 1;
    ck_err(recon_pass(b.entries, b.n, &b.params, &b.result), ERR_LIMIT);
}
END_TEST

static void up(void)
{
    arena = arena_new((size_t)1 << 20);
    ck_assert_ptr_nonnull(arena);
}

static void down(void)
{
    arena_free(arena);
}

int main(void)
{
    const TTest *const tests[] = {
        a_pair_teaches_names_as_the_matcher_reads_them,
        what_teaches_nothing_is_refused,
        a_percentage_is_the_roundest_that_gives_the_fee_to_the_cent,
        a_fee_never_leaves_nothing_or_less,
        a_learned_alias_finds_its_entry_and_is_never_confirmable,
        what_is_evident_needs_no_rule,
        a_learned_fee_is_matched_with_its_difference,
        a_learned_lag_widens_the_window_and_nothing_else_does,
        two_that_fit_alike_are_ambiguous,
        two_rules_for_one_pair_are_one_candidate,
        rules_that_make_no_sense_are_refused,
    };
    return test_run_all("recon_learned", up, down, tests, sizeof tests / sizeof tests[0]);
}
