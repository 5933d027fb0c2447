/* Amounts are exact or refused: text in, text out, arithmetic at the edges of 64 bits, currencies.
 */
#include "common/base/money.h"

#include <string.h>

#include "tests/unit/test.h"

static const struct listed {
    const char *code;
    int units;
} listed[] = {
#define NO_MINOR_UNIT              (-1)
#define CURRENCY(code, minor_unit) {#code, minor_unit},
#include "common/base/currency.def"
#undef CURRENCY
};
enum { N_LISTED = sizeof listed / sizeof listed[0] };

static struct money money(int64_t minor, const char *cur)
{
    struct money m = {0};
    ck_ok(money_make(minor, cur, &m));
    return m;
}

/* xorshift: the same numbers on every run */
static uint64_t random_next(void)
{
    static uint64_t state = 0x9E3779B97F4A7C15u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* All magnitudes alike: a random number of its low bits. */
static int64_t random_minor(void)
{
    return (int64_t)(random_next() << (random_next() % 64)) >> (random_next() % 64);
}

START_TEST(currency_table_is_in_order_and_well_formed)
{
    int with_two = 0;
    for (int i = 0; i < N_LISTED; i++) {
        ck_assert_uint_eq(strspn(listed[i].code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 3);
        ck_assert_uint_eq(strlen(listed[i].code), 3);
        ck_assert(i == 0 || strcmp(listed[i - 1].code, listed[i].code) < 0);
        with_two += listed[i].units == 2;
    }
    ck_assert_int_eq(N_LISTED, 178);
    ck_assert_int_eq(with_two, 139);
}
END_TEST

START_TEST(currency_minor_units_follow_iso_4217)
{
    int units = -1;
    for (int i = 0; i < N_LISTED; i++) {
        if (listed[i].units == NO_MINOR_UNIT) {
            ck_err(currency_minor_units(listed[i].code, &units), ERR_INPUT);
            ck_assert(!currency_valid(listed[i].code));
            continue;
        }
        ck_ok(currency_minor_units(listed[i].code, &units));
        ck_assert_int_eq(units, listed[i].units);
        ck_assert(currency_valid(listed[i].code));
    }
    ck_ok(currency_minor_units("JPY", &units));
    ck_assert_int_eq(units, 0);
    ck_ok(currency_minor_units("KWD", &units));
    ck_assert_int_eq(units, 3);
    ck_ok(currency_minor_units("CLF", &units));
    ck_assert_int_eq(units, 4);
}
END_TEST

START_TEST(currency_refuses_what_is_not_an_active_code)
{
    static const char *const bad[] = {"", "usd", "US", "USDX", "US ", "HRK", "BGN", "ZWL", "BTC"};
    int units = 7;
    struct money m;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_err(currency_minor_units(bad[i], &units), ERR_INPUT);
        ck_err(money_make(1, bad[i], &m), ERR_INPUT);
        ck_err(money_parse("1", bad[i], &m), ERR_INPUT);
    }
    ck_err(currency_minor_units(NULL, &units), ERR_INPUT);
    ck_err(money_make(1, "XAU", &m), ERR_INPUT);
    ck_assert_int_eq(units, 7);
}
END_TEST

START_TEST(money_parse_reads_plain_decimals)
{
    static const struct {
        const char *text, *cur;
        int64_t minor;
        const char *printed;
    } cases[] = {
        {"0", "USD", 0, "0.00"},
        {"-0", "USD", 0, "0.00"},
        {"-0.00", "USD", 0, "0.00"},
        {"12.5", "USD", 1250, "12.50"},
        {"12.50", "USD", 1250, "12.50"},
        {"-0.05", "USD", -5, "-0.05"},
        {"007.10", "EUR", 710, "7.10"},
        {"1200", "JPY", 1200, "1200"},
        {"-3.25", "KWD", -3250, "-3.250"},
        {"0.0001", "CLF", 1, "0.0001"},
        {"92233720368547758.07", "USD", INT64_MAX, "92233720368547758.07"},
        {"-92233720368547758.08", "USD", INT64_MIN, "-92233720368547758.08"},
        {"-9223372036854775808", "JPY", INT64_MIN, "-9223372036854775808"},
        {"00000000000000000000000000000000000000000000000001.00", "USD", 100, "1.00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct money m;
        char text[MONEY_TEXT_MAX];
        ck_ok(money_parse(cases[i].text, cases[i].cur, &m));
        ck_assert_int_eq(m.minor, cases[i].minor);
        ck_assert_str_eq(m.cur, cases[i].cur);
        money_print(m, text);
        ck_assert_str_eq(text, cases[i].printed);
    }
}
END_TEST

START_TEST(money_parse_refuses_everything_else)
{
    static const char *const bad[] = {
        "",      "-",   "+1",  " 1",   "1 ",   "1.",    ".5",   "-.5",   "1,000",        "1.000",
        "1.230", "1e3", "1E3", "0x10", "--1",  "1-",    "1..2", "1.2.3", "1_000",        "\t1",
        "1\n",   "NaN", "inf", "$1",   "1.2 ", "1 000", "(1)",  "1.-2",  "\xEF\xBC\x91",
    };
    struct money m = {.minor = 42, .cur = "USD"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(money_parse(bad[i], "USD", &m), ERR_INPUT);
    ck_err(money_parse(NULL, "USD", &m), ERR_INPUT);
    ck_err(money_parse("1.0", "JPY", &m), ERR_INPUT);
    ck_err(money_parse("1.2345", "KWD", &m), ERR_INPUT);
    ck_err(money_parse("92233720368547758.08", "USD", &m), ERR_LIMIT);
    ck_err(money_parse("-92233720368547758.09", "USD", &m), ERR_LIMIT);
    ck_err(money_parse("9999999999999999999999999999999999999999999999", "USD", &m), ERR_LIMIT);
    ck_assert_int_eq(m.minor, 42);
}
END_TEST

START_TEST(money_print_then_parse_is_the_same_amount)
{
    for (int i = 0; i < 200000; i++) {
        const struct listed *currency = &listed[random_next() % N_LISTED];
        if (currency->units == NO_MINOR_UNIT)
            continue;
        struct money m = money(random_minor(), currency->code), again;
        char text[MONEY_TEXT_MAX];
        money_print(m, text);
        ck_ok(money_parse(text, currency->code, &again));
        ck_assert_int_eq(again.minor, m.minor);
        ck_assert(money_same_currency(again, m));
    }
}
END_TEST

START_TEST(money_add_and_sub_are_exact_or_refused)
{
    for (int i = 0; i < 200000; i++) {
        struct money a = money(random_minor(), "EUR"), b = money(random_minor(), "EUR"), c;
        __extension__ typedef __int128 wide;
        wide sum = (wide)a.minor + b.minor, difference = (wide)a.minor - b.minor;
        struct err e = money_add(a, b, &c);
        ck_assert_int_eq(e.kind == ERR_NONE, sum >= INT64_MIN && sum <= INT64_MAX);
        ck_assert(e.kind != ERR_NONE || c.minor == sum);
        e = money_sub(a, b, &c);
        ck_assert_int_eq(e.kind == ERR_NONE, difference >= INT64_MIN && difference <= INT64_MAX);
        ck_assert(e.kind != ERR_NONE || c.minor == difference);
    }
}
END_TEST

START_TEST(money_add_refuses_mixed_currencies)
{
    struct money usd = money(1, "USD"), eur = money(1, "EUR"), sum = money(9, "USD");
    int sign = 5;
    ck_err(money_add(usd, eur, &sum), ERR_INPUT);
    ck_err(money_sub(usd, eur, &sum), ERR_INPUT);
    ck_err(money_cmp(usd, eur, &sign), ERR_INPUT);
    ck_err(money_sum((struct money[]){usd, eur}, 2, "USD", &sum), ERR_INPUT);
    ck_err(money_sum((struct money[]){usd, usd}, 2, "EUR", &sum), ERR_INPUT);
    ck_assert_int_eq(sum.minor, 9);
    ck_assert_int_eq(sign, 5);
}
END_TEST

START_TEST(money_that_was_never_made_is_in_no_currency)
{
    struct money none = {0}, sum;
    ck_assert(!money_same_currency(none, none));
    ck_err(money_add(none, none, &sum), ERR_INPUT);
}
END_TEST

START_TEST(money_leaves_its_output_alone_when_it_fails)
{
    struct money a = money(INT64_MAX, "USD");
    ck_err(money_add(a, money(1, "USD"), &a), ERR_LIMIT);
    ck_assert_int_eq(a.minor, INT64_MAX);
}
END_TEST

START_TEST(money_neg_and_abs_refuse_the_least_amount)
{
    struct money least = money(INT64_MIN, "USD"), m;
    ck_err(money_neg(least, &m), ERR_LIMIT);
    ck_err(money_abs(least, &m), ERR_LIMIT);
    ck_ok(money_neg(money(5, "USD"), &m));
    ck_assert_int_eq(m.minor, -5);
    ck_ok(money_abs(m, &m));
    ck_assert_int_eq(m.minor, 5);
    ck_ok(money_abs(money(INT64_MIN + 1, "USD"), &m));
    ck_assert_int_eq(m.minor, INT64_MAX);
}
END_TEST

START_TEST(money_sum_needs_only_the_total_to_fit)
{
    struct money amounts[] = {money(INT64_MAX, "USD"), money(INT64_MAX, "USD"),
                              money(INT64_MIN, "USD"), money(-5, "USD")};
    struct money sum;
    ck_ok(money_sum(amounts, 4, "USD", &sum));
    ck_assert_int_eq(sum.minor, INT64_MAX - 6);
    ck_err(money_sum(amounts, 2, "USD", &sum), ERR_LIMIT);
    ck_ok(money_sum(NULL, 0, "JPY", &sum));
    ck_assert(money_is_zero(sum));
    ck_assert_str_eq(sum.cur, "JPY");
    ck_err(money_sum(NULL, 0, "XXX", &sum), ERR_INPUT);
}
END_TEST

START_TEST(money_cmp_orders_amounts)
{
    int sign;
    ck_ok(money_cmp(money(INT64_MIN, "USD"), money(INT64_MAX, "USD"), &sign));
    ck_assert_int_eq(sign, -1);
    ck_ok(money_cmp(money(3, "USD"), money(3, "USD"), &sign));
    ck_assert_int_eq(sign, 0);
    ck_ok(money_cmp(money(3, "USD"), money(-3, "USD"), &sign));
    ck_assert_int_eq(sign, 1);
    ck_assert_int_eq(money_sign(money(INT64_MIN, "USD")), -1);
    ck_assert_int_eq(money_sign(money(0, "USD")), 0);
}
END_TEST

TEST_MAIN("money", currency_table_is_in_order_and_well_formed, currency_minor_units_follow_iso_4217,
          currency_refuses_what_is_not_an_active_code, money_parse_reads_plain_decimals,
          money_parse_refuses_everything_else, money_print_then_parse_is_the_same_amount,
          money_add_and_sub_are_exact_or_refused, money_add_refuses_mixed_currencies,
          money_that_was_never_made_is_in_no_currency, money_leaves_its_output_alone_when_it_fails,
          money_neg_and_abs_refuse_the_least_amount, money_sum_needs_only_the_total_to_fit,
          money_cmp_orders_amounts)
