/* Covering sets against every subset, assignment against every permutation, and the reasons two
 * amounts may differ. */
#include "engine/recon/internal.h"
#include "tests/unit/recon_book.h"

/* All subsets of 2..items_max with at most one amount of the other sign; counts to 2. */
static uint32_t subsets(const int64_t *a, uint32_t n, int64_t target, uint32_t items_max)
{
    uint32_t found = 0;
    for (uint32_t set = 1; set < 1u << n; set++) {
        __extension__ __int128 sum = 0;
        uint32_t items = (uint32_t)__builtin_popcount(set), against = 0;
        for (uint32_t i = 0; i < n; i++) {
            if ((set >> i & 1) == 0)
                continue;
            sum += a[i];
            against += (a[i] < 0) != (target < 0) ? 1 : 0;
        }
        found += sum == target && items >= 2 && items <= items_max && against <= 1 ? 1 : 0;
    }
    return found > 2 ? 2 : found;
}

START_TEST(covering_sets_are_counted_as_brute_force_counts_them)
{
    uint64_t seed = 7;
    for (int round = 0; round < 4000; round++) {
        int64_t a[12];
        uint32_t n = 2 + (uint32_t)(rand_next(&seed) % 11), spread = round % 2 == 0 ? 12 : 4000;
        for (uint32_t i = 0; i < n; i++) {
            a[i] = 1 + (int64_t)(rand_next(&seed) % spread);
            if (rand_next(&seed) % 5 == 0)
                a[i] = -a[i];
        }
        int64_t target = (int64_t)(rand_next(&seed) % (3 * spread)) - spread;
        target = target == 0 ? 1 : target;
        uint32_t items_max = 2 + (uint32_t)(rand_next(&seed) % 5);
        struct cover cover;
        cover_find(a, n, target, items_max, 1000000, &cover);
        ck_assert_uint_eq(cover.solutions, subsets(a, n, target, items_max));
        int64_t sum = 0;
        for (uint32_t i = 0; cover.solutions > 0 && i < cover.items_n; i++)
            sum += a[cover.items[i]];
        ck_assert(cover.solutions == 0 || (sum == target && cover.items_n <= items_max));
    }
}
END_TEST

START_TEST(a_spent_search_says_so)
{
    int64_t a[40];
    struct cover cover;
    for (int i = 0; i < 40; i++)
        a[i] = 100000 + 2 * i; /* an odd total is never reached */
    cover_find(a, 40, 500041, 5, 1000, &cover);
    ck_assert(cover.spent);
    ck_assert_uint_eq(cover.solutions, 0);
}
END_TEST

START_TEST(sums_at_the_ends_of_the_range_do_not_wrap)
{
    struct cover cover;
    const int64_t big[] = {INT64_MAX, INT64_MAX, 2, INT64_MIN, -1};
    cover_find(big, 5, INT64_MAX - 1, 3, 1000, &cover);
    ck_assert_uint_ge(cover.solutions, 1); /* MAX - 1 */
    cover_find(big, 5, INT64_MIN, 3, 1000, &cover);
    ck_assert_uint_eq(cover.solutions, 0);
    cover_find(big, 2, -2, 3, 1000, &cover);
    ck_assert_uint_eq(cover.solutions, 0);
    cover_find(big, 0, 5, 3, 1000, &cover);
    ck_assert_uint_eq(cover.solutions, 0);
}
END_TEST

static int64_t best_total(const int64_t *gain, uint32_t n, uint32_t m, uint32_t row, uint32_t used)
{
    if (row == n)
        return 0;
    int64_t best = best_total(gain, n, m, row + 1, used);
    for (uint32_t j = 0; j < m; j++) {
        if ((used >> j & 1) != 0 || gain[row * m + j] == 0)
            continue;
        int64_t total = gain[row * m + j] + best_total(gain, n, m, row + 1, used | 1u << j);
        best = total > best ? total : best;
    }
    return best;
}

START_TEST(assignment_is_as_good_as_the_best_permutation)
{
    uint64_t seed = 3;
    for (int round = 0; round < 3000; round++) {
        uint32_t n = 1 + (uint32_t)(rand_next(&seed) % 6), m = 1 + (uint32_t)(rand_next(&seed) % 6);
        int64_t gain[36], total = 0;
        uint32_t book_of[36], used = 0;
        for (uint32_t i = 0; i < n * m; i++)
            gain[i] = rand_next(&seed) % 3 == 0 ? 0 : 1 + (int64_t)(rand_next(&seed) % 10000);
        assign_best(gain, n, m, book_of);
        for (uint32_t i = 0; i < n; i++) {
            if (book_of[i] == NONE)
                continue;
            ck_assert_uint_lt(book_of[i], m);
            ck_assert_int_eq(used >> book_of[i] & 1, 0);
            used |= 1u << book_of[i];
            total += gain[i * m + book_of[i]];
        }
        ck_assert_int_eq(total, best_total(gain, n, m, 0, 0));
    }
}
END_TEST

START_TEST(assignment_takes_its_largest_size)
{
    static int64_t gain[ASSIGN_MAX * ASSIGN_MAX];
    uint32_t book_of[ASSIGN_MAX];
    for (uint32_t i = 0; i < ASSIGN_MAX; i++) {
        for (uint32_t j = 0; j < ASSIGN_MAX; j++)
            gain[i * ASSIGN_MAX + j] = j == ASSIGN_MAX - 1 - i ? 100 : 99;
    }
    assign_best(gain, ASSIGN_MAX, ASSIGN_MAX, book_of);
    for (uint32_t i = 0; i < ASSIGN_MAX; i++)
        ck_assert_uint_eq(book_of[i], ASSIGN_MAX - 1 - i);
}
END_TEST

static enum recon_type kind(int64_t on_bank, int64_t in_book)
{
    struct recon_params params;
    recon_params_default(&params);
    return difference_kind(&params, on_bank, in_book);
}

START_TEST(a_fee_makes_receipts_smaller_and_payments_larger)
{
    ck_assert_int_eq(kind(98500, 100000), RECON_TYPE_FEE);
    ck_assert_int_eq(kind(-101500, -100000), RECON_TYPE_FEE);
    ck_assert_int_eq(kind(101500, 100000), RECON_TYPE_BOOK_NET);
    ck_assert_int_eq(kind(-98500, -100000), RECON_TYPE_BOOK_NET);
    struct recon_params params;
    recon_params_default(&params);
    params.book_net_of_fee = false;
    ck_assert_int_eq(difference_kind(&params, 101500, 100000), RECON_TYPE_NONE);
    params.fee_max_minor = 0;
    ck_assert_int_eq(difference_kind(&params, 98500, 100000), RECON_TYPE_NONE);
}
END_TEST

START_TEST(a_fee_at_the_cap_counts_and_one_above_does_not)
{
    ck_assert_int_eq(kind(1000000 - 5000, 1000000), RECON_TYPE_FEE);
    ck_assert_int_eq(kind(1000000 - 5002, 1000000), RECON_TYPE_NONE);
    ck_assert_int_eq(kind(10001 - 1000, 10001), RECON_TYPE_FEE); /* a tenth, not more */
    ck_assert_int_eq(kind(10001 - 1002, 10001), RECON_TYPE_NONE);
}
END_TEST

START_TEST(swapped_digits_are_a_transposition)
{
    ck_assert_int_eq(kind(419997, 149997), RECON_TYPE_TRANSPOSITION);
    ck_assert_int_eq(kind(18335775, 18335757), RECON_TYPE_TRANSPOSITION);
    ck_assert_int_eq(kind(-1050, -150), RECON_TYPE_TRANSPOSITION); /* a zero in front */
    ck_assert_int_eq(kind(419997, 149998), RECON_TYPE_NONE);
    ck_assert_int_eq(kind(900000, 100000), RECON_TYPE_NONE); /* by 9, other digits */
}
END_TEST

START_TEST(a_sign_mistake_or_an_extreme_is_no_tolerance)
{
    ck_assert_int_eq(kind(-1000, 1000), RECON_TYPE_NONE);
    ck_assert_int_eq(kind(1, -1), RECON_TYPE_NONE);
    ck_assert_int_eq(kind(0, 5), RECON_TYPE_NONE);
    ck_assert_int_eq(kind(INT64_MIN, INT64_MAX), RECON_TYPE_NONE);
    ck_assert_int_eq(kind(INT64_MAX, INT64_MIN), RECON_TYPE_NONE);
    ck_assert_int_eq(kind(INT64_MIN, INT64_MIN + 100), RECON_TYPE_FEE);
    ck_assert_int_eq(kind(INT64_MAX, 1), RECON_TYPE_NONE);
}
END_TEST

TEST_MAIN("recon_sums", covering_sets_are_counted_as_brute_force_counts_them,
          a_spent_search_says_so, sums_at_the_ends_of_the_range_do_not_wrap,
          assignment_is_as_good_as_the_best_permutation, assignment_takes_its_largest_size,
          a_fee_makes_receipts_smaller_and_payments_larger,
          a_fee_at_the_cap_counts_and_one_above_does_not, swapped_digits_are_a_transposition,
          a_sign_mistake_or_an_extreme_is_no_tolerance)
