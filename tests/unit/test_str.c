#include "common/base/str.h"

#include "tests/unit/test.h"

START_TEST(what_nobody_can_read_is_blank)
{
    ck_assert(text_blank(NULL));
    ck_assert(text_blank(""));
    ck_assert(text_blank(" \t\r\n"));
    ck_assert(text_blank("\xC2\xA0\xE2\x80\x83"));                 /* no-break space, em space */
    ck_assert(text_blank("\xE2\x80\x8B\xE2\x80\xAE\xEF\xBB\xBF")); /* of no width, a turn, a mark */
    ck_assert(text_blank("\xE3\x80\x80\xE3\x85\xA4")); /* ideographic space, Hangul filler */
}
END_TEST

START_TEST(a_single_letter_is_a_reason)
{
    ck_assert(!text_blank("x"));
    ck_assert(!text_blank("  ok"));
    ck_assert(!text_blank("\xC3\xA9"));
    ck_assert(!text_blank("."));
}
END_TEST

START_TEST(what_is_no_utf8_is_not_passed_over)
{
    ck_assert(!text_blank(" \xFF"));
    ck_assert(!text_blank("\xC2"));
}
END_TEST

TEST_MAIN("str", what_nobody_can_read_is_blank, a_single_letter_is_a_reason,
          what_is_no_utf8_is_not_passed_over)
