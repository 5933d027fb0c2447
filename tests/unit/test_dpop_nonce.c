/* Nonces of the time: each holds for its minute and the one behind it, for the process that gave it
 * out and for no other. */
#include "proto/dpop_nonce.h"

#include <string.h>

#include "tests/unit/test.h"

#define NOW INT64_C(1790000000) /* 20 s into its minute */

START_TEST(a_nonce_holds_for_its_minute_and_the_next)
{
    struct dpop_nonces n;
    char nonce[DPOP_NONCE_SIZE];
    dpop_nonces_init(&n);
    dpop_nonce_print(&n, NOW, nonce);
    ck_assert_uint_eq(strlen(nonce), DPOP_NONCE_SIZE - 1);
    ck_assert_int_eq(dpop_nonce_age(&n, NOW, nonce), DPOP_NONCE_NOW);
    ck_assert_int_eq(dpop_nonce_age(&n, NOW - 20, nonce), DPOP_NONCE_NOW);
    ck_assert_int_eq(dpop_nonce_age(&n, NOW + 39, nonce), DPOP_NONCE_NOW);
    ck_assert_int_eq(dpop_nonce_age(&n, NOW + 40, nonce), DPOP_NONCE_BEFORE);
    ck_assert_int_eq(dpop_nonce_age(&n, NOW + 99, nonce), DPOP_NONCE_BEFORE);
    ck_assert_int_eq(dpop_nonce_age(&n, NOW + 100, nonce), DPOP_NONCE_STALE);
    ck_assert_int_eq(dpop_nonce_age(&n, NOW - 21, nonce), DPOP_NONCE_STALE); /* a clock set back */
}
END_TEST

START_TEST(a_nonce_of_nobody_is_stale)
{
    struct dpop_nonces n, other;
    char nonce[DPOP_NONCE_SIZE], longer[DPOP_NONCE_SIZE + 1];
    dpop_nonces_init(&n);
    dpop_nonces_init(&other);
    dpop_nonce_print(&other, NOW, nonce);
    ck_assert_int_eq(dpop_nonce_age(&n, NOW, nonce), DPOP_NONCE_STALE);
    ck_assert_int_eq(dpop_nonce_age(&n, NOW, NULL), DPOP_NONCE_STALE);
    ck_assert_int_eq(dpop_nonce_age(&n, NOW, ""), DPOP_NONCE_STALE);
    dpop_nonce_print(&n, NOW, nonce);
    memcpy(longer, nonce, sizeof nonce);
    longer[DPOP_NONCE_SIZE - 1] = 'A';
    longer[DPOP_NONCE_SIZE] = '\0';
    ck_assert_int_eq(dpop_nonce_age(&n, NOW, longer), DPOP_NONCE_STALE);
    for (size_t i = 0; i < DPOP_NONCE_SIZE - 1; i++) {
        const char was = nonce[i];
        nonce[i] = was == 'A' ? 'B' : 'A';
        ck_assert_int_eq(dpop_nonce_age(&n, NOW, nonce), DPOP_NONCE_STALE);
        nonce[i] = was;
    }
    nonce[DPOP_NONCE_SIZE - 2] = '\0';
    ck_assert_int_eq(dpop_nonce_age(&n, NOW, nonce), DPOP_NONCE_STALE);
}
END_TEST

TEST_MAIN("dpop_nonce", a_nonce_holds_for_its_minute_and_the_next, a_nonce_of_nobody_is_stale)
