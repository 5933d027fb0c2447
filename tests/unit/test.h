/* What every unit test file needs: Check, START_TEST sentences, TAP on standard output.
 * A test file ends with TEST_MAIN("name", test_a, test_b, …). */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <check.h>
#include <stdlib.h>

#include "common/base/err.h"

/* The call succeeds; otherwise its message and place are the failure. */
#define ck_ok(x)                                                                                   \
    do {                                                                                           \
        struct err ck_err_ = (x);                                                                  \
        ck_assert_msg(ck_err_.kind == ERR_NONE, "%s: %s (%s)", #x, ck_err_.msg,                    \
                      ck_err_.where == NULL ? "-" : ck_err_.where);                                \
    } while (0)

/* The call fails with this kind. */
#define ck_err(x, want)                                                                            \
    do {                                                                                           \
        struct err ck_err_ = (x);                                                                  \
        ck_assert_msg(ck_err_.kind == (want), "%s: kind %s (%s), wanted %s", #x,                   \
                      err_kind_name(ck_err_.kind), ck_err_.msg == NULL ? "-" : ck_err_.msg,        \
                      err_kind_name(want));                                                        \
    } while (0)

/* A case with what is done before and after each test; either may be NULL. */
static inline TCase *test_case(const char *name, SFun up, SFun down)
{
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, up, down);
    return tcase;
}

/* Runs the case as a suite of that name; main's status. */
static inline int test_run(const char *name, TCase *tcase)
{
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static inline int test_run_all(const char *name, SFun up, SFun down, const TTest *const *tests,
                               size_t n)
{
    TCase *tcase = test_case(name, up, down);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tcase, tests[i]);
    return test_run(name, tcase);
}

/* As TEST_MAIN, with `up` before each test and `down` after it. */
#define TEST_MAIN_AROUND(name, up, down, ...)                                                      \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        return test_run_all(name, up, down, tests, sizeof tests / sizeof tests[0]);                \
    }

#define TEST_MAIN(name, ...) TEST_MAIN_AROUND(name, NULL, NULL, __VA_ARGS__)

#endif
