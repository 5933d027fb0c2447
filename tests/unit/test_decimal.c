/* Decimals against 128-bit integer arithmetic, their text, their roundings and their limits. */
#include "common/base/decimal.h"

#include <string.h>

#include "tests/unit/test.h"

static struct decimal decimal(const char *text)
{
    struct decimal d = {0};
    ck_ok(decimal_parse(text, DECIMAL_PARSE_SCALE_MAX, &d));
    return d;
}

#define ck_decimal(d, text)                                                                        \
    do {                                                                                           \
        char ck_text_[DECIMAL_TEXT_MAX];                                                           \
        decimal_print((d), ck_text_);                                                              \
        ck_assert_str_eq(ck_text_, (text));                                                        \
    } while (0)

static uint64_t random_next(void)
{
    static uint64_t state = 0x2545F4914F6CDD1Du;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* up to `bits` bits, either sign, scale 0 to `scale_max` */
static struct decimal random_decimal(unsigned bits, unsigned scale_max)
{
    int64_t coef = (int64_t)(random_next() >> (64 - 1 - random_next() % bits));
    return (struct decimal){.coef = random_next() % 2 ? coef : -coef,
                            .scale = (unsigned char)(random_next() % (scale_max + 1))};
}

static int128 scaled(struct decimal d, int scale)
{
    int128 n = d.coef;
    for (int i = d.scale; i < scale; i++)
        n *= 10;
    return n;
}

START_TEST(decimal_text_is_strict_in_and_canonical_out)
{
    ck_decimal(decimal("0"), "0");
    ck_decimal(decimal("-0.000"), "0");
    ck_decimal(decimal("1.50"), "1.5");
    ck_decimal(decimal("-100"), "-100");
    ck_decimal(decimal("0.000000000000000001"), "0.000000000000000001");
    ck_decimal(decimal("99999999999999999999999999999999999999"),
               "99999999999999999999999999999999999999");
    static const char *const bad[] = {"",   "-",   ".",    "1.",    ".1",  "+1",    "1e2",
                                      " 1", "1,5", "1.2.", "1.2.3", "0x1", "1.2e3", "--1"};
    struct decimal d = {.coef = 7};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(decimal_parse(bad[i], DECIMAL_PARSE_SCALE_MAX, &d), ERR_INPUT);
    ck_err(decimal_parse(NULL, 2, &d), ERR_INPUT);
    ck_err(decimal_parse("1.234", 2, &d), ERR_INPUT);
    ck_err(decimal_parse("1.0", 0, &d), ERR_INPUT);
    ck_err(decimal_parse("0.0000000000000000001", 18, &d), ERR_INPUT);
    ck_err(decimal_parse("100000000000000000000000000000000000000", 18, &d), ERR_LIMIT);
    ck_assert(d.coef == 7);
}
END_TEST

START_TEST(decimal_print_then_parse_is_the_same_number)
{
    for (int i = 0; i < 100000; i++) {
        struct decimal d = random_decimal(63, 18), again;
        char text[DECIMAL_TEXT_MAX];
        decimal_print(d, text);
        ck_ok(decimal_parse(text, DECIMAL_PARSE_SCALE_MAX, &again));
        ck_assert_int_eq(decimal_cmp(d, again), 0);
    }
}
END_TEST

START_TEST(decimal_arithmetic_agrees_with_wide_integers)
{
    for (int i = 0; i < 100000; i++) {
        struct decimal a = random_decimal(50, 9), b = random_decimal(50, 9), c;
        int128 x = scaled(a, 9), y = scaled(b, 9);
        ck_assert_int_eq(decimal_cmp(a, b), (x > y) - (x < y));
        ck_ok(decimal_add(a, b, &c));
        ck_assert(scaled(c, 9) == x + y);
        ck_ok(decimal_sub(a, b, &c));
        ck_assert(scaled(c, 9) == x - y);
        ck_ok(decimal_mul(a, b, &c));
        ck_assert(c.coef == a.coef * b.coef);
        ck_assert(decimal_is_zero(c) || c.scale == a.scale + b.scale);
    }
}
END_TEST

START_TEST(decimal_division_is_the_nearest_quotient)
{
    for (int i = 0; i < 50000; i++) {
        struct decimal a = random_decimal(40, 6), b = random_decimal(40, 6), q, product, error;
        if (decimal_is_zero(b))
            continue;
        ck_ok(decimal_div_to_scale(a, b, 8, ROUND_HALF_UP, &q));
        ck_ok(decimal_mul(q, b, &product)); /* |a - q b| <= |b| / 2 units of the last digit */
        ck_ok(decimal_sub(a, product, &error));
        ck_ok(decimal_mul(error, decimal("200000000"), &error));
        ck_assert_int_le(decimal_cmp(decimal_abs(error), decimal_abs(b)), 0);
    }
}
END_TEST

START_TEST(decimal_division_keeps_significant_digits)
{
    struct decimal q;
    ck_ok(decimal_div(decimal("1"), decimal("3"), 12, ROUND_HALF_UP, &q));
    ck_decimal(q, "0.333333333333");
    ck_ok(decimal_div(decimal("2"), decimal("3"), 12, ROUND_HALF_UP, &q));
    ck_decimal(q, "0.666666666667");
    ck_ok(decimal_div(decimal("-2"), decimal("3"), 12, ROUND_DOWN, &q));
    ck_decimal(q, "-0.666666666666");
    ck_ok(decimal_div(decimal("1"), decimal("8"), 12, ROUND_HALF_UP, &q));
    ck_decimal(q, "0.125");
    ck_ok(decimal_div(decimal("1"), decimal("0.00016"), 3, ROUND_HALF_UP, &q));
    ck_decimal(q, "6250");
    ck_ok(decimal_div(decimal("123456789"), decimal("1"), 3, ROUND_HALF_UP, &q));
    ck_decimal(q, "123000000");
    ck_ok(decimal_div(decimal("999.9"), decimal("1"), 3, ROUND_HALF_UP, &q));
    ck_decimal(q, "1000");
    ck_ok(decimal_div(decimal("0"), decimal("-7"), 12, ROUND_HALF_UP, &q));
    ck_decimal(q, "0");
    ck_err(decimal_div(decimal("1"), decimal("0"), 12, ROUND_HALF_UP, &q), ERR_INPUT);
    ck_err(decimal_div_to_scale(decimal("1"), decimal("0.00"), 2, ROUND_HALF_UP, &q), ERR_INPUT);
}
END_TEST

START_TEST(decimal_division_takes_divisors_on_both_sides_of_64_bits)
{
    static const struct {
        const char *a, *b;
        int digits;
        const char *quotient; /* as Python's decimal says */
    } rows[] = {
        {"98765432109876543210", "18446744073709551557", 18, "5.35408480299988732"},
        {"98765432109876543210", "18446744073709551629", 18, "5.35408480299988730"},
        {"1", "1.0837", 17, "0.92276460274983852"},
        {"170000000000000000000000000000000000", "18446744073709551615", 34,
         "9215718466126787.689562933906493977"},
        {"170000000000000000000000000000000000", "18446744073709551616", 34,
         "9215718466126787.689063348807394505"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct decimal q;
        ck_ok(
            decimal_div(decimal(rows[i].a), decimal(rows[i].b), rows[i].digits, ROUND_HALF_UP, &q));
        ck_assert_int_eq(decimal_cmp(q, decimal(rows[i].quotient)), 0);
    }
}
END_TEST

START_TEST(decimal_division_by_38_digits_does_not_overflow)
{
    const struct decimal most = decimal("99999999999999999999999999999999999999");
    struct decimal q;
    ck_ok(decimal_div(most, most, 36, ROUND_HALF_UP, &q));
    ck_decimal(q, "1");
    ck_ok(decimal_div(decimal("50000000000000000000000000000000000000"), most, 30, ROUND_HALF_UP,
                      &q));
    ck_decimal(q, "0.5");
    ck_ok(decimal_div(decimal("12345678901234567890123456789012345678"), most, 19, ROUND_DOWN, &q));
    ck_decimal(q, "0.1234567890123456789");
    ck_err(decimal_div(decimal("1"), most, 12, ROUND_HALF_UP, &q), ERR_LIMIT);
    ck_ok(decimal_div_to_scale(decimal("1"), most, 2, ROUND_AWAY, &q));
    ck_decimal(q, "0.01");
    ck_ok(decimal_div_to_scale((struct decimal){.coef = 1, .scale = 36}, most, 2, ROUND_AWAY, &q));
    ck_decimal(q, "0.01");
    ck_ok(
        decimal_div_to_scale((struct decimal){.coef = 1, .scale = 36}, most, 2, ROUND_HALF_UP, &q));
    ck_decimal(q, "0");
    ck_err(decimal_div_to_scale(most, decimal("0.1"), 0, ROUND_DOWN, &q), ERR_LIMIT);
}
END_TEST

START_TEST(decimal_compares_numbers_of_any_size_without_overflow)
{
    const struct decimal most = decimal("99999999999999999999999999999999999999");
    struct decimal little = most;
    little.scale = DECIMAL_SCALE_MAX; /* 99.99…9 */
    ck_assert_int_eq(decimal_cmp(little, decimal("100")), -1);
    ck_assert_int_eq(decimal_cmp(little, decimal("99.999999999999999999")), 1);
    ck_assert_int_eq(decimal_cmp(most, little), 1);
    ck_assert_int_eq(decimal_cmp(decimal_neg(most), little), -1);
    ck_assert_int_eq(decimal_cmp(decimal_neg(most), decimal_neg(little)), -1);
    ck_assert_int_eq(decimal_cmp(decimal("1.50"), decimal("1.5")), 0);
    ck_assert_int_eq(decimal_cmp(decimal("-0.01"), decimal("0")), -1);
    ck_assert_int_eq(decimal_sign(decimal_abs(decimal("-3"))), 1);
}
END_TEST

START_TEST(decimal_arithmetic_refuses_what_does_not_fit)
{
    const struct decimal most = decimal("99999999999999999999999999999999999999");
    struct decimal d = {.coef = 7}, least = {.coef = 1, .scale = DECIMAL_SCALE_MAX};
    ck_err(decimal_add(most, decimal("1"), &d), ERR_LIMIT);
    ck_err(decimal_add(most, decimal("0.1"), &d), ERR_LIMIT);
    ck_err(decimal_mul(most, decimal("2"), &d), ERR_LIMIT);
    ck_err(decimal_mul(most, most, &d), ERR_LIMIT);
    ck_err(decimal_mul(least, decimal("0.1"), &d), ERR_LIMIT);
    ck_assert(d.coef == 7);
    ck_ok(decimal_sub(most, most, &d));
    ck_assert(decimal_is_zero(d));
    ck_ok(decimal_mul(least, decimal("10"), &d)); /* the zero at the end makes it fit */
    ck_ok(
        decimal_mul((struct decimal){.coef = 10, .scale = DECIMAL_SCALE_MAX}, decimal("0.1"), &d));
    ck_assert_int_eq(decimal_cmp(d, least), 0);
}
END_TEST

START_TEST(decimal_rounds_as_told_and_the_same_on_both_sides_of_zero)
{
    static const struct {
        const char *text, *half_up, *half_even, *away, *down;
    } cases[] = {
        {"2.344", "2.34", "2.34", "2.35", "2.34"},
        {"2.345", "2.35", "2.34", "2.35", "2.34"},
        {"2.355", "2.36", "2.36", "2.36", "2.35"},
        {"2.3450001", "2.35", "2.35", "2.35", "2.34"},
        {"2.34", "2.34", "2.34", "2.34", "2.34"},
        {"0.001", "0", "0", "0.01", "0"},
        {"9.995", "10", "10", "10", "9.99"},
        {"0.005", "0.01", "0", "0.01", "0"},
        {"7", "7", "7", "7", "7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *want[] = {cases[i].half_up, cases[i].half_even, cases[i].away, cases[i].down};
        for (int r = ROUND_HALF_UP; r <= ROUND_DOWN; r++) {
            struct decimal d;
            ck_ok(decimal_round(decimal(cases[i].text), 2, (enum rounding)r, &d));
            ck_decimal(d, want[r]);
            ck_ok(decimal_round(decimal_neg(decimal(cases[i].text)), 2, (enum rounding)r, &d));
            ck_decimal(decimal_neg(d), want[r]);
        }
    }
}
END_TEST

START_TEST(decimal_becomes_money_with_the_currency_s_digits)
{
    struct money m;
    ck_ok(decimal_round_to_money(decimal("1234.565"), "USD", ROUND_HALF_UP, &m));
    ck_assert_int_eq(m.minor, 123457);
    ck_ok(decimal_round_to_money(decimal("1234.5"), "JPY", ROUND_HALF_UP, &m));
    ck_assert_int_eq(m.minor, 1235);
    ck_ok(decimal_round_to_money(decimal("10000.0001"), "USD", ROUND_AWAY, &m));
    ck_assert_int_eq(m.minor, 1000001);
    ck_ok(decimal_round_to_money(decimal("-92233720368547758.08"), "USD", ROUND_HALF_UP, &m));
    ck_assert_int_eq(m.minor, INT64_MIN);
    ck_err(decimal_round_to_money(decimal("92233720368547758.08"), "USD", ROUND_HALF_UP, &m),
           ERR_LIMIT);
    ck_err(decimal_round_to_money(decimal("92233720368547758.079"), "USD", ROUND_AWAY, &m),
           ERR_LIMIT);
    ck_err(decimal_round_to_money(decimal("99999999999999999999999999999999999999"), "CLF",
                                  ROUND_HALF_UP, &m),
           ERR_LIMIT);
    ck_err(decimal_round_to_money(decimal("1"), "XAU", ROUND_HALF_UP, &m), ERR_INPUT);
    ck_ok(money_make(-1250, "KWD", &m));
    ck_decimal(decimal_of_money(m), "-1.25");
    ck_decimal(decimal_of_int(INT64_MIN), "-9223372036854775808");
}
END_TEST

START_TEST(decimal_cross_rates_round_once)
{
    /* 250.00 GBP in USD over the euro: 250 * 1.1627 / 0.8665 = 335.4587… */
    struct decimal amount;
    struct money m;
    ck_ok(decimal_mul(decimal("250.00"), decimal("1.1627"), &amount));
    ck_ok(decimal_div_to_money(amount, decimal("0.8665"), "USD", ROUND_HALF_UP, &m));
    ck_assert_int_eq(m.minor, 33546);
    ck_ok(decimal_div_to_money(amount, decimal("0.8665"), "USD", ROUND_DOWN, &m));
    ck_assert_int_eq(m.minor, 33545);
    ck_err(decimal_div_to_money(amount, decimal("0"), "USD", ROUND_HALF_UP, &m), ERR_INPUT);
}
END_TEST

TEST_MAIN("decimal", decimal_text_is_strict_in_and_canonical_out,
          decimal_print_then_parse_is_the_same_number, decimal_arithmetic_agrees_with_wide_integers,
          decimal_division_is_the_nearest_quotient, decimal_division_keeps_significant_digits,
          decimal_division_takes_divisors_on_both_sides_of_64_bits,
          decimal_division_by_38_digits_does_not_overflow,
          decimal_compares_numbers_of_any_size_without_overflow,
          decimal_arithmetic_refuses_what_does_not_fit,
          decimal_rounds_as_told_and_the_same_on_both_sides_of_zero,
          decimal_becomes_money_with_the_currency_s_digits, decimal_cross_rates_round_once)
