/* engine/report/text_diff.h: as diff -u prints it. */
#include <string.h>

#include "engine/report/text_diff.h"
#include "tests/unit/test.h"

static struct arena *arena;

static void up(void)
{
    arena = arena_new((size_t)256 << 20);
}

static void down(void)
{
    arena_free(arena);
}

static const char *diff_of(const char *a, const char *b)
{
    struct buf out;
    buf_init(&out, 1u << 20);
    ck_ok(text_diff(arena, "a", str_of(a), "b", str_of(b), &out));
    const char *text = arena_strdup(arena, buf_text(&out));
    buf_fini(&out);
    return text;
}

START_TEST(the_same_text_has_no_diff)
{
    ck_assert_str_eq(diff_of("x\ny\n", "x\ny\n"), "");
    ck_assert_str_eq(diff_of("", ""), "");
}
END_TEST

START_TEST(a_change_stands_in_its_context)
{
    ck_assert_str_eq(diff_of("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
                     "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}
END_TEST

START_TEST(what_is_added_to_nothing_begins_at_zero)
{
    ck_assert_str_eq(diff_of("", "1\n"), "--- a\n+++ b\n@@ -0,0 +1 @@\n+1\n");
    ck_assert_str_eq(diff_of("1\n2\n", ""), "--- a\n+++ b\n@@ -1,2 +0,0 @@\n-1\n-2\n");
}
END_TEST

START_TEST(a_missing_line_end_is_a_difference)
{
    ck_assert_str_eq(diff_of("x\ny", "x\ny\n"),
                     "--- a\n+++ b\n@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n+y\n");
}
END_TEST

/* As GNU diff: six lines between two changes join them, seven do not. */
START_TEST(near_changes_are_one_hunk_and_far_ones_two)
{
    const char *six = diff_of("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n"),
               *seven = diff_of("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n");
    ck_assert_ptr_nonnull(strstr(six, "@@ -1,8 +1,8 @@"));
    ck_assert_ptr_nonnull(strstr(seven, "@@ -1,4 +1,4 @@"));
    ck_assert_ptr_nonnull(strstr(seven, "@@ -6,4 +6,4 @@"));
}
END_TEST

/* What two long versions have in common at both ends takes no table. */
START_TEST(one_change_in_a_long_text_is_cheap)
{
    const size_t len = (size_t)2 * TEXT_DIFF_LINES_MAX;
    char *a = arena_alloc(arena, len + 1), *b = arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++)
        a[i] = b[i] = i % 2 == 0 ? 'x' : '\n';
    b[5000] = 'y';
    const size_t before = arena_used(arena);
    ck_assert_str_eq(diff_of(a, b), "--- a\n+++ b\n@@ -2498,7 +2498,7 @@\n x\n x\n x\n-x\n+y\n"
                                    " x\n x\n x\n");
    ck_assert_uint_lt(arena_used(arena) - before, (size_t)1 << 20);
}
END_TEST

/* Lines that begin and end alike are common once. */
START_TEST(the_common_ends_do_not_overlap)
{
    ck_assert_str_eq(diff_of("x\n", "x\nx\n"), "--- a\n+++ b\n@@ -1 +1,2 @@\n x\n+x\n");
    ck_assert_str_eq(diff_of("x\ny\nx\n", "x\n"), "--- a\n+++ b\n@@ -1,3 +1 @@\n x\n-y\n-x\n");
    ck_assert_str_eq(diff_of("a\nx\n", "b\nx\n"), "--- a\n+++ b\n@@ -1,2 +1,2 @@\n-a\n+b\n x\n");
}
END_TEST

START_TEST(too_many_lines_are_refused)
{
    struct buf out;
    char *text = arena_alloc(arena, TEXT_DIFF_LINES_MAX + 1);
    memset(text, '\n', TEXT_DIFF_LINES_MAX + 1);
    buf_init(&out, 1u << 20);
    ck_err(text_diff(arena, "a", (struct str){text, TEXT_DIFF_LINES_MAX + 1}, "b", STR(""), &out),
           ERR_LIMIT);
    buf_fini(&out);
}
END_TEST

TEST_MAIN_AROUND("text_diff", up, down, the_same_text_has_no_diff, a_change_stands_in_its_context,
                 what_is_added_to_nothing_begins_at_zero, a_missing_line_end_is_a_difference,
                 near_changes_are_one_hunk_and_far_ones_two, one_change_in_a_long_text_is_cheap,
                 the_common_ends_do_not_overlap, too_many_lines_are_refused)
