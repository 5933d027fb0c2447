/* Text of others in places of others: it shows, it never acts. */
#include "common/sys/inert.h"

#include <string.h>

#include "common/base/str.h"
#include "tests/unit/test.h"

static struct arena *arena;

static void shows(enum inert_for place, const char *text, size_t max, const char *want)
{
    arena = arena == NULL ? arena_new(1 << 20) : arena;
    const char *got = inert_line(arena, place, text, max);
    if (got == NULL)
        ck_abort_msg("out of memory");
    ck_assert_str_eq(got, want);
}

START_TEST(plain_text_stays_as_it_is)
{
    shows(INERT_PLAIN, "Caf\xc3\xa9 Z\xc3\xbcrich & Co <ok>", 100,
          "Caf\xc3\xa9 Z\xc3\xbcrich & Co <ok>");
    shows(INERT_PLAIN, NULL, 10, "");
}
END_TEST

START_TEST(slacks_markup_is_escaped)
{
    shows(INERT_SLACK, "<!channel> <@U1> <https://x|y> R&D", 200,
          "&lt;!channel&gt; &lt;@U1&gt; &lt;https://x|y&gt; R&amp;D");
}
END_TEST

START_TEST(markdown_is_escaped_and_no_date_function_survives)
{
    shows(INERT_MARKDOWN, "**b** [l](u) {{DATE(x)}}", 200,
          "\\*\\*b\\*\\* \\[l\\]\\(u\\) \\{\\{DATE\\(x\\)\\}\\}");
}
END_TEST

START_TEST(bidi_invisible_and_control_characters_become_marks)
{
    shows(INERT_PLAIN, "a\xe2\x80\xaeyap", 100, "a[U+202E]yap");
    shows(INERT_PLAIN,
          "a\xe2\x80\x8b\xef\xbb\xbf"
          "b",
          100, "a[U+200B][U+FEFF]b");
    shows(INERT_PLAIN, "l1\r\nl2\tx\x7f\x1b[31m", 100,
          "l1\xe2\x90\x8d\xe2\x90\x8al2\xe2\x90\x89x\xe2\x90\xa1\xe2\x90\x9b[31m");
    shows(INERT_PLAIN, "\xf3\xa0\x81\x81", 100, "[U+E0041]");
}
END_TEST

START_TEST(lines_for_a_terminal_keep_their_ends_and_tabs_and_drive_nothing)
{
    CLEANUP(buf_fini) struct buf whole, pieces;
    const char *text = "a\n\tb\x1b]0;t\x07\r\xc2\x9b"
                       "2J\xe2\x80\xae\xff.";
    buf_init(&whole, 4096);
    buf_init(&pieces, 4096);
    inert_text(&whole, str_of(text));
    ck_assert_str_eq(buf_text(&whole),
                     "a\n\tb\xe2\x90\x9b]0;t\xe2\x90\x87\xe2\x90\x8d[U+009B]2J[U+202E]"
                     "\xef\xbf\xbd.");
    inert_text(&pieces, (struct str){text, 4});
    inert_text(&pieces, str_of(text + 4));
    ck_assert_str_eq(buf_text(&pieces), buf_text(&whole));
    inert_text(&pieces, (struct str){"\0", 1});
    ck_assert_str_eq(buf_text(&pieces) + whole.len, "\xe2\x90\x80");
}
END_TEST

START_TEST(bytes_that_are_no_utf8_become_the_replacement_character)
{
    shows(INERT_PLAIN, "a\xff\xc3", 100, "a\xef\xbf\xbd\xef\xbf\xbd");
}
END_TEST

START_TEST(what_is_too_long_is_cut_with_an_ellipsis_within_the_limit)
{
    shows(INERT_PLAIN, "abcdef", 6, "abcdef");
    shows(INERT_PLAIN, "abcdefg", 6, "abcde\xe2\x80\xa6");
    shows(INERT_PLAIN, "ab", 1, "\xe2\x80\xa6");
    /* an entity is whole or not there; a character outside the first plane counts twice */
    shows(INERT_SLACK, "abc&def", 7, "abc\xe2\x80\xa6");
    shows(INERT_PLAIN, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 3, "\xf0\x9f\x98\x80\xe2\x80\xa6");
}
END_TEST

TEST_MAIN("inert", plain_text_stays_as_it_is, slacks_markup_is_escaped,
          markdown_is_escaped_and_no_date_function_survives,
          bidi_invisible_and_control_characters_become_marks,
          lines_for_a_terminal_keep_their_ends_and_tabs_and_drive_nothing,
          bytes_that_are_no_utf8_become_the_replacement_character,
          what_is_too_long_is_cut_with_an_ellipsis_within_the_limit)
