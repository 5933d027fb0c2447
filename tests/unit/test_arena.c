/* The arena gives zeroed, aligned memory up to its ceiling, and remembers a refusal. */
#include "common/base/arena.h"

#include <stdint.h>
#include <string.h>

#include "tests/unit/test.h"

START_TEST(arena_memory_is_zeroed_and_aligned)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    for (size_t n = 1; n < 5000; n += 37) {
        unsigned char *p = arena_alloc(a, n);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            ck_assert_int_eq(p[i], 0);
        memset(p, 0xAB, n);
    }
}
END_TEST

START_TEST(arena_refuses_past_its_ceiling_and_remembers)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1000);
    ck_assert_ptr_nonnull(arena_alloc(a, 900));
    ck_ok(arena_check(a));
    ck_assert_ptr_null(arena_alloc(a, 200));
    ck_assert_ptr_null(arena_alloc(a, 1));
    ck_err(arena_check(a), ERR_LIMIT);
    arena_reset(a);
    ck_ok(arena_check(a));
    ck_assert_ptr_nonnull(arena_alloc(a, 900));
}
END_TEST

START_TEST(arena_array_refuses_an_overflowing_product)
{
    CLEANUP(arena_free) struct arena *a = arena_new(SIZE_MAX);
    ck_assert_ptr_null(arena_array(a, SIZE_MAX / 2, 3));
    ck_err(arena_check(a), ERR_LIMIT);
}
END_TEST

START_TEST(an_error_without_room_for_its_words_says_so)
{
    CLEANUP(arena_free) struct arena *a = arena_new(8);
    ck_assert_ptr_null(arena_alloc(a, 100));
    ck_assert_str_eq(err_fmt(a, ERR_STORE, NULL, "%s", "the disk").msg, "no memory to say why");
    ck_assert_str_eq(err_fmt(a, ERR_STORE, NULL, "event %d", 3).msg, "event %d");
}
END_TEST

START_TEST(arena_fmt_makes_text)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1000);
    ck_assert_str_eq(arena_fmt(a, "%s/%d", "lines", 3), "lines/3");
}
END_TEST

TEST_MAIN("arena", arena_memory_is_zeroed_and_aligned, arena_refuses_past_its_ceiling_and_remembers,
          arena_array_refuses_an_overflowing_product, an_error_without_room_for_its_words_says_so,
          arena_fmt_makes_text)
