/* Lines and events, however the bytes are cut. */
#include "common/sys/lines.h"

#include <string.h>

#include "common/sys/sse_read.h"
#include "tests/unit/test.h"

/* What `text` is, fed in pieces of `piece` bytes: lines in brackets, '!' for one that is too long.
 */
static void lines_of(const char *text, size_t len, size_t piece, size_t line_max, struct buf *out)
{
    struct lines l;
    struct str line;
    enum lines_step step;
    buf_init(out, 1 << 20);
    lines_init(&l, line_max);
    for (size_t at = 0; at < len; at += piece) {
        lines_put(&l, text + at, len - at < piece ? len - at : piece);
        while ((step = lines_next(&l, &line)) != LINES_NONE)
            if (step == LINES_LINE)
                buf_putf(out, "[%.*s]", (int)line.len, line.at);
            else
                buf_putc(out, '!');
    }
    step = lines_last(&l, &line);
    if (step == LINES_LINE)
        buf_putf(out, "(%.*s)", (int)line.len, line.at);
    else if (step == LINES_TOO_LONG)
        buf_putc(out, '?');
    ck_assert(!l.failed);
    lines_fini(&l);
}

static void lines_are(const char *text, size_t line_max, const char *want)
{
    for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
        CLEANUP(buf_fini) struct buf out;
        lines_of(text, strlen(text), piece, line_max, &out);
        ck_assert_msg(strcmp(buf_text(&out), want) == 0, "pieces of %zu: %s", piece,
                      buf_text(&out));
    }
}

START_TEST(a_line_ends_with_lf_and_loses_its_cr)
{
    lines_are("a\nbc\r\n\n\r\nd\re\n", 100, "[a][bc][][][d\re]");
}
END_TEST

START_TEST(what_stands_behind_the_last_end_is_a_line_too)
{
    lines_are("a\nlast", 100, "[a](last)");
    lines_are("", 100, "");
    lines_are("a\n", 100, "[a]");
}
END_TEST

START_TEST(a_line_past_the_ceiling_is_skipped_and_told_once)
{
    lines_are("1234\n12345\n1\n", 4, "[1234]![1]");
    lines_are("123456789\n1\n12345678", 4, "![1]?");
}
END_TEST

static void events_are(const char *text, const char *want, const char *id, int64_t retry_ms)
{
    for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
        CLEANUP(buf_fini) struct buf out;
        struct sse_read r;
        struct str data;
        buf_init(&out, 1 << 20);
        sse_read_init(&r, 1 << 16);
        for (size_t at = 0; at < strlen(text); at += piece) {
            sse_read_put(&r, text + at, strlen(text) - at < piece ? strlen(text) - at : piece);
            while (sse_read_next(&r, &data))
                buf_putf(&out, "[%.*s]", (int)data.len, data.at);
        }
        ck_assert_str_eq(buf_text(&out), want);
        ck_assert_str_eq(r.id, id);
        ck_assert_int_eq(r.retry_ms, retry_ms);
        ck_assert(!r.failed);
        sse_read_fini(&r);
    }
}

START_TEST(events_are_their_data)
{
    events_are("data: {\"a\":1}\n\ndata:x\n\n", "[{\"a\":1}][x]", "", 0);
    events_are("data: one\ndata: two\n\n", "[one\ntwo]", "", 0);
    events_are("data: not over yet\n", "", "", 0);
}
END_TEST

START_TEST(comments_names_and_empty_events_are_passed_over)
{
    events_are(":\n\n: keep alive\n\nevent: message\ndata: x\nodd: y\nodd\n\n\n\n", "[x]", "", 0);
    events_are("id: 1-1\ndata: \n\nid: 1-2\r\ndata: y\r\n\r\n", "[y]", "1-2", 0);
}
END_TEST

START_TEST(retry_is_digits_and_bounded)
{
    events_are("retry: 250\n\n", "", "", 250);
    events_are("retry: -1\n\nretry: x\n\nretry:\n\n", "", "", 0);
    events_are("retry: 99999999999999999999999\n\n", "", "", 3600000);
}
END_TEST

START_TEST(an_event_past_the_ceiling_ends_the_stream)
{
    struct sse_read r;
    struct str data;
    sse_read_init(&r, 8);
    sse_read_put(&r, "data: 123456789\n\ndata: 1\n\n", 26);
    ck_assert(!sse_read_next(&r, &data));
    ck_assert(r.failed);
    sse_read_fini(&r);
}
END_TEST

TEST_MAIN("lines", a_line_ends_with_lf_and_loses_its_cr,
          what_stands_behind_the_last_end_is_a_line_too,
          a_line_past_the_ceiling_is_skipped_and_told_once, events_are_their_data,
          comments_names_and_empty_events_are_passed_over, retry_is_digits_and_bounded,
          an_event_past_the_ceiling_ends_the_stream)
