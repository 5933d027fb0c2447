/* Declared formats read what they declare and nothing else. */
#include "common/base/date_format.h"

#include <stdio.h>

#include "tests/unit/test.h"

START_TEST(date_format_reads_what_was_declared)
{
    static const struct {
        const char *text, *format;
        int pivot;
        const char *iso;
    } cases[] = {
        {"03/04/2026", "DD/MM/YYYY", NO_PIVOT, "2026-04-03"},
        {"03/04/2026", "MM/DD/YYYY", NO_PIVOT, "2026-03-04"},
        {"3/4/2026", "D/M/YYYY", NO_PIVOT, "2026-04-03"},
        {"03/04/2026", "D/M/YYYY", NO_PIVOT, "2026-04-03"},
        {"20260403", "YYYYMMDD", NO_PIVOT, "2026-04-03"},
        {"260403", "YYMMDD", 70, "2026-04-03"},
        {"700403", "YYMMDD", 70, "1970-04-03"},
        {"990403", "YYMMDD", 100, "2099-04-03"},
        {"000403", "YYMMDD", 0, "1900-04-03"},
        {"3-Apr-2026", "D-MMM-YYYY", NO_PIVOT, "2026-04-03"},
        {"03 APR 26", "DD MMM YY", 50, "2026-04-03"},
        {"Apr 3, 2026", "MMM D, YYYY", NO_PIVOT, "2026-04-03"},
        {"3dec2026", "DMMMYYYY", NO_PIVOT, "2026-12-03"},
        {"2026.04.03", "YYYY.MM.DD", NO_PIVOT, "2026-04-03"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct date d;
        char iso[DATE_TEXT_MAX];
        ck_ok(date_parse_format(cases[i].text, cases[i].format, cases[i].pivot, &d));
        date_print(d, iso);
        ck_assert_str_eq(iso, cases[i].iso);
    }
}
END_TEST

START_TEST(date_format_never_guesses)
{
    static const struct {
        const char *text, *format;
    } cases[] = {
        {"13/04/2026", "MM/DD/YYYY"},
        {"3/4/2026", "DD/MM/YYYY"},
        {"03-04-2026", "DD/MM/YYYY"},
        {"03/04/26", "DD/MM/YYYY"},
        {"03/04/20261", "DD/MM/YYYY"},
        {"31/02/2026", "DD/MM/YYYY"},
        {"", "DD/MM/YYYY"},
        {"03/04/", "DD/MM/YYYY"},
        {" 03/04/2026", "DD/MM/YYYY"},
        {"3-Avr-2026", "D-MMM-YYYY"},
        {"3-Ap", "D-MMM-YYYY"},
        {"3-ja\x06-2026", "D-MMM-YYYY"},
        {"003/04/2026", "D/M/YYYY"},
        {"00/04/2026", "D/M/YYYY"},
        {"/04/2026", "D/M/YYYY"},
        {"03/04/2026 ", "D/M/YYYY"},
    };
    struct date d = {.days = 42};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_err(date_parse_format(cases[i].text, cases[i].format, NO_PIVOT, &d), ERR_INPUT);
    ck_err(date_parse_format(NULL, "D/M/YYYY", NO_PIVOT, &d), ERR_INPUT);
    ck_assert_int_eq(d.days, 42);
}
END_TEST

START_TEST(date_format_check_refuses_formats_that_could_mislead)
{
    static const char *const bad[] = {
        "",         "YYYY",           "YYYY-MM",      "DD/MM",        "DD/MM/YYYY/DD", "YYYYMD",
        "DMYYYY",   "YYYY-M-DMM",     "YYY-MM-DD",    "YYYY-MM-DDT",  "dd/mm/yyyy",    "%Y-%m-%d",
        "MMMM D Y", "YYYY MM MMM DD", "YYYYYY-MM-DD", "DD/MM/YYYY\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(date_format_check(bad[i], NO_PIVOT), ERR_INPUT);
    ck_err(date_format_check(NULL, NO_PIVOT), ERR_INPUT);
    ck_err(date_format_check("DD/MM/YY", NO_PIVOT), ERR_INPUT);
    ck_err(date_format_check("DD/MM/YY", 101), ERR_INPUT);
    ck_ok(date_format_check("DD/MM/YY", 50));
    ck_ok(date_format_check("M/D/YYYY", NO_PIVOT));
}
END_TEST

TEST_MAIN("date_format", date_format_reads_what_was_declared, date_format_never_guesses,
          date_format_check_refuses_formats_that_could_mislead)
