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

#define TEST_MAIN(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        Suite *suite = suite_create(name);                                                         \
        TCase *tcase = tcase_create(name);                                                         \
        tcase_set_timeout(tcase, 300);                                                             \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)                                \
            tcase_add_test(tcase, tests[i]);                                                       \
        suite_add_tcase(suite, tcase);                                                             \
        SRunner *runner = srunner_create(suite);                                                   \
        srunner_run_all(runner, CK_ENV);                                                           \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                          \
    }

#endif
