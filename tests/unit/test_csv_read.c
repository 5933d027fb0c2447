/* CSV as it is really written: every byte comes out, in a row or in a row with a reason. */
#include "common/sys/csv_read.h"

#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "tests/unit/test.h"

/* Reads `text` and prints it: fields between [], rows with their line; faults by number. */
static void print_rows(struct csv_reader *r, struct buf *out)
{
    struct csv_row row;
    bool more;
    ck_ok(csv_next(r, &row, &more));
    while (more) {
        buf_putf(out, "%zu:", row.line);
        if (row.fault != CSV_FINE)
            buf_putf(out, "!%d<%.*s>", (int)row.fault, (int)row.raw.len, row.raw.at);
        for (size_t i = 0; row.fault == CSV_FINE && i < row.n; i++) {
            ck_assert_int_eq(row.fields[i].at[row.fields[i].len], 0);
            buf_putf(out, "[%s]", row.fields[i].at);
        }
        ck_assert_int_eq(row.fault == CSV_FINE, row.reason == NULL);
        buf_putc(out, '\n');
        ck_ok(csv_next(r, &row, &more));
    }
}

/* A file that comes `step` bytes at a time. */
struct drip {
    const char *at;
    size_t left, step;
};

static struct err drip(void *arg, char *to, size_t len, size_t *n)
{
    struct drip *d = arg;
    *n = d->step < len ? d->step : len;
    *n = *n < d->left ? *n : d->left;
    memcpy(to, d->at, *n);
    d->at += *n;
    d->left -= *n;
    return OK;
}

static void want_stream(const void *text, size_t len, struct csv_options options, size_t step,
                        const char *rows)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    CLEANUP(csv_close) struct csv_reader *r = NULL;
    struct drip d = {text, len, step};
    struct buf out CLEANUP(buf_fini);
    buf_init(&out, (size_t)64 << 20);
    ck_ok(csv_open_stream(drip, &d, &options, arena, &r));
    print_rows(r, &out);
    ck_assert_msg(strcmp(buf_text(&out), rows) == 0, "another text in steps of %zu", step);
}

static void want(const void *text, size_t len, struct csv_options options, const char *rows)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    CLEANUP(csv_close) struct csv_reader *r = NULL;
    struct buf out CLEANUP(buf_fini);
    buf_init(&out, 1 << 20);
    ck_ok(csv_open(text, len, &options, arena, &r));
    print_rows(r, &out);
    ck_assert_str_eq(buf_text(&out), rows);
    for (size_t step = 1; step < 4; step++)
        want_stream(text, len, options, step, rows);
}

#define BARE                                                                                       \
    (struct csv_options)                                                                           \
    {                                                                                              \
        .no_header = true                                                                          \
    }
#define WANT(text, options, rows) want((text), sizeof(text) - 1, (options), (rows))

START_TEST(fields_quotes_and_line_ends)
{
    WANT("", BARE, "");
    WANT("\n\r\n\r", BARE, "");
    WANT("a,b,c\n1,2,3\n", BARE, "1:[a][b][c]\n2:[1][2][3]\n");
    WANT("a,b\r\nc,d", BARE, "1:[a][b]\n2:[c][d]\n");
    WANT("a\rb\r", BARE, "1:[a]\n2:[b]\n");
    WANT("a\n\n\nb\n", BARE, "1:[a]\n4:[b]\n");
    WANT(",\n,,", BARE, "1:[][]\n2:[][][]\n");
    WANT("\"\"\n\"\",\"\"", BARE, "1:[]\n2:[][]\n");
    WANT("\"a\"\"b\",\"c,d\"\n", BARE, "1:[a\"b][c,d]\n");
    WANT("\"\"\"\"\n", BARE, "1:[\"]\n");
    WANT("  a , b\t\n", BARE, "1:[  a ][ b\t]\n");
    WANT("\" a \"", BARE, "1:[ a ]\n");
}
END_TEST

START_TEST(line_numbers_count_lines_inside_quotes)
{
    WANT("a,\"one\ntwo\r\nthree\rfour\",b\nnext\n", BARE,
         "1:[a][one\ntwo\r\nthree\rfour][b]\n5:[next]\n");
    struct csv_options skip = {.no_header = true, .skip_lines = 3};
    WANT("bank of X\n\"a\r\n\nx,y\n", skip, "4:[x][y]\n");
    WANT("one\ntwo\n", skip, "");
}
END_TEST

START_TEST(a_faulty_row_keeps_its_bytes_and_the_next_one_is_read)
{
    WANT("a,5\" pipe,b\nok\n", BARE, "1:!2<a,5\" pipe,b>\n2:[ok]\n");
    WANT("\"ACME \"Widgets\" Inc\",1\nok\n", BARE, "1:!3<\"ACME \"Widgets\" Inc\",1>\n2:[ok]\n");
    WANT("\"a\" ,b\nok\n", BARE, "1:!3<\"a\" ,b>\n2:[ok]\n");
    WANT("1,\"open\n2,fine\n3,fine\n", BARE, "1:!1<1,\"open>\n2:[2][fine]\n3:[3][fine]\n");
    WANT("1\n\"open", BARE, "1:[1]\n2:!1<\"open>\n");
    WANT("\"a\n", BARE, "1:!1<\"a>\n");
}
END_TEST

START_TEST(text_inside_quotes_is_not_taken_for_rows)
{
    WANT("5\" x,\"memo\n9,evil\nend\",1\nok\n", BARE,
         "1:!2<5\" x,\"memo\n9,evil\nend\",1>\n4:[ok]\n");
    WANT("\"a\nb\"c\nok\n", BARE, "1:!3<\"a\nb\"c>\n3:[ok]\n");
}
END_TEST

START_TEST(many_open_quotes_take_linear_time)
{
    enum { LINES = 400000 };
    static const char line[] = "x\"y,\"z\n";
    static char text[LINES * (sizeof line - 1)];
    for (size_t i = 0; i < LINES; i++)
        memcpy(text + i * (sizeof line - 1), line, sizeof line - 1);
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    CLEANUP(csv_close) struct csv_reader *r = NULL;
    ck_ok(csv_open(text, sizeof text, &BARE, arena, &r));
    struct csv_row row;
    bool more;
    size_t bytes = 0;
    ck_ok(csv_next(r, &row, &more));
    while (more) {
        ck_assert(row.fault != CSV_FINE);
        bytes += row.raw.len + 1;
        ck_ok(csv_next(r, &row, &more));
    }
    ck_assert_uint_eq(bytes, sizeof text); /* nothing is lost */
}
END_TEST

START_TEST(nul_and_bad_encoding_are_faults_of_their_row)
{
    WANT("a\nb\0c\nd\n", BARE, "1:[a]\n2:!5<b>\n3:[d]\n"); /* %s stops at the NUL */
    WANT("a\n\xC3\x28,b\nd\n", BARE, "1:[a]\n2:!4<\xC3\x28,b>\n3:[d]\n");
    WANT("\xEF\xBB\xBFZ\xC3\xBCrich\n", BARE, "1:[Z\xC3\xBCrich]\n");
}
END_TEST

START_TEST(utf_16_both_ways_and_its_broken_pairs)
{
    struct csv_options o = {.no_header = true, .encoding = CSV_UTF16};
    WANT("\xFF\xFE\xFC\0,\0\x3D\xD8\xB0\xDC\n\0a\0", o, "1:[\xC3\xBC][\xF0\x9F\x92\xB0]\n2:[a]\n");
    WANT("\xFE\xFF\0\xFC\0,\x20\xAC\0\n", o, "1:[\xC3\xBC][\xE2\x82\xAC]\n");
    WANT("\xFF\xFE\x3D\xD8\n\0a\0", o, "1:!4<\xED\xA0\xBD>\n2:[a]\n");
    WANT("\xFF\xFE"
         "a\0\n\0b",
         o, "1:[a]\n2:!4<\xFF>\n");
    WANT("\xFF\xFE", o, "");
}
END_TEST

START_TEST(windows_1252_and_its_holes)
{
    struct csv_options o = {.no_header = true, .encoding = CSV_WINDOWS_1252};
    WANT("\x80\xFC,\x9F\na\x81\nb\n", o,
         "1:[\xE2\x82\xAC\xC3\xBC][\xC5\xB8]\n2:!4<a\x81>\n3:[b]\n");
}
END_TEST

START_TEST(delimiters_and_quotes_of_other_countries)
{
    struct csv_options o = {.no_header = true, .delimiter = ';', .quote = '\''};
    WANT("'a;b';1,5;\"x\"\n", o, "1:[a;b][1,5][\"x\"]\n");
    o = (struct csv_options){.no_header = true, .delimiter = '\t', .no_quotes = true};
    WANT("a\"\t\"b\nc\t\n", o, "1:[a\"][\"b]\n2:[c][]\n");
}
END_TEST

START_TEST(rows_are_as_wide_as_the_header)
{
    WANT("Date,Amount\n1,2\n1\n1,2,3\n", (struct csv_options){0},
         "2:[1][2]\n3:!9<1>\n4:!9<1,2,3>\n");
    WANT("Date,Amount\n1\n1,2,3\n", (struct csv_options){.ragged = true}, "2:[1]\n3:[1][2][3]\n");
}
END_TEST

START_TEST(ceilings_are_exact)
{
    static char text[CSV_ROW_MAX + 16];
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    static const struct {
        size_t len, every;
        enum csv_fault want;
    } cases[] = {{CSV_FIELD_MAX, 0, CSV_FINE},           {CSV_FIELD_MAX + 1, 0, CSV_FIELD_TOO_LONG},
                 {CSV_COLUMNS_MAX - 1, 1, CSV_FINE},     {CSV_COLUMNS_MAX, 1, CSV_TOO_MANY_COLUMNS},
                 {CSV_ROW_MAX, CSV_FIELD_MAX, CSV_FINE}, {CSV_ROW_MAX + 1, 9000, CSV_ROW_TOO_LONG}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(text, 'x', sizeof text);
        for (size_t at = 0; cases[i].every > 0 && at < cases[i].len; at += cases[i].every)
            text[at] = ',';
        CLEANUP(csv_close) struct csv_reader *r = NULL;
        ck_ok(csv_open(text, cases[i].len, &BARE, arena, &r));
        struct csv_row row;
        bool more;
        ck_ok(csv_next(r, &row, &more));
        ck_assert(more);
        ck_assert_int_eq(row.fault, cases[i].want);
        ck_assert_uint_eq(row.raw.len, cases[i].len);
    }
}
END_TEST

static struct err open_only(const char *text, size_t len, struct csv_options o, const char **where)
{
    static char place[64];
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    CLEANUP(csv_close) struct csv_reader *r = NULL;
    struct err e = csv_open(text, len, &o, arena, &r);
    snprintf(place, sizeof place, "%s", e.where == NULL ? "" : e.where);
    if (where != NULL)
        *where = place;
    return err_new(e.kind, "copied");
}

START_TEST(a_file_without_a_readable_header_is_refused)
{
    const char *where;
    struct csv_options o = {.skip_lines = 1};
    ck_err(open_only("", 0, o, &where), ERR_INPUT);
    ck_err(open_only("\n\n", 2, o, &where), ERR_INPUT);
    ck_err(open_only("x\n\nDate,\"Amount\n1,2\n", 20, o, &where), ERR_INPUT);
    ck_assert_str_eq(where, "line 3");
    o = (struct csv_options){.encoding = CSV_UTF16};
    ck_err(open_only("a,b\n", 4, o, NULL), ERR_INPUT);
    o.encoding = CSV_UTF8;
    ck_err(open_only("\xFF\xFE"
                     "a\0",
                     4, o, NULL),
           ERR_INPUT);
    o.encoding = CSV_WINDOWS_1252;
    ck_err(open_only("\xEF\xBB\xBF"
                     "a",
                     4, o, NULL),
           ERR_INPUT);
}
END_TEST

START_TEST(options_that_contradict_each_other_are_refused)
{
    static const struct csv_options bad[] = {{.delimiter = '"'},
                                             {.delimiter = 'a'},
                                             {.delimiter = '\n'},
                                             {.delimiter = ' '},
                                             {.quote = '\t'},
                                             {.quote = '0'},
                                             {.quote = ';', .delimiter = ';'},
                                             {.delimiter = '\x7f'}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(open_only("a\n", 2, bad[i], NULL), ERR_INPUT);
}
END_TEST

START_TEST(columns_are_found_by_name_once)
{
    static const char text[] = "\xEF\xBB\xBF"
                               "Date, Amount ,Memo,Memo,\n1,2,3,4,5\n";
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    CLEANUP(csv_close) struct csv_reader *r = NULL;
    struct csv_options o = {0};
    ck_ok(csv_open(text, sizeof text - 1, &o, arena, &r));
    size_t n, at = 99;
    ck_assert(str_is(csv_header(r, &n)[1], "Amount"));
    ck_assert_uint_eq(n, 5);
    ck_ok(csv_column(r, "Amount", &at));
    ck_assert_uint_eq(at, 1);
    ck_ok(csv_column(r, "Date", &at));
    ck_assert_uint_eq(at, 0);
    ck_err(csv_column(r, "amount", &at), ERR_INPUT);
    struct err e = csv_column(r, "Memo", &at);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "Memo");
    ck_assert_ptr_nonnull(strstr(e.msg, "several"));
}
END_TEST

/* Rows across the edge of a window, some longer than one piece of it: CR LF, doubled quotes and
 * open quotes cut in two. */
START_TEST(a_file_read_piece_by_piece_has_the_rows_of_the_whole)
{
    static const size_t steps[] = {4093, 65521, 999983, 1u << 22};
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    CLEANUP(csv_close) struct csv_reader *r = NULL;
    struct buf text CLEANUP(buf_fini), out CLEANUP(buf_fini);
    buf_init(&text, (size_t)16 << 20);
    buf_init(&out, (size_t)64 << 20);
    for (int i = 0; text.len < (5u << 20); i++) {
        buf_putf(&text, "%d,\"line\r\n%*s\"\"\",x\r\n", i, i % 97, "y");
        if (i % 5000 == 0)
            buf_putf(&text, "\"%*s\",\"%*s\",\"\r\n%*s\"\r\n", 65000, "a", 65000, "b", 65000, "c");
        if (i % 7001 == 0)
            buf_puts(&text, "p,stray\"quote,q\r\n\r\n");
    }
    buf_puts(&text, "z,\"never closed,1\r\nlast,row,2\r");
    const struct csv_options bare = BARE;
    ck_ok(csv_open(text.at, text.len, &bare, arena, &r));
    print_rows(r, &out);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        want_stream(text.at, text.len, bare, steps[i], buf_text(&out));
}
END_TEST

static struct err fails(void *arg, char *to, size_t len, size_t *n)
{
    (void)arg;
    (void)to;
    (void)len;
    *n = 0;
    return err_new(ERR_STORE, "the disk failed");
}

START_TEST(a_file_that_cannot_be_read_on_is_an_error_not_an_end)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    struct csv_reader *r = NULL;
    const struct csv_options bare = BARE;
    ck_err(csv_open_stream(fails, NULL, &bare, arena, &r), ERR_STORE);
    ck_assert_ptr_null(r);
}
END_TEST

TEST_MAIN("csv_read", a_file_read_piece_by_piece_has_the_rows_of_the_whole,
          a_file_that_cannot_be_read_on_is_an_error_not_an_end, fields_quotes_and_line_ends,
          line_numbers_count_lines_inside_quotes,
          a_faulty_row_keeps_its_bytes_and_the_next_one_is_read,
          text_inside_quotes_is_not_taken_for_rows, many_open_quotes_take_linear_time,
          nul_and_bad_encoding_are_faults_of_their_row, utf_16_both_ways_and_its_broken_pairs,
          windows_1252_and_its_holes, delimiters_and_quotes_of_other_countries,
          rows_are_as_wide_as_the_header, ceilings_are_exact,
          a_file_without_a_readable_header_is_refused,
          options_that_contradict_each_other_are_refused, columns_are_found_by_name_once)
