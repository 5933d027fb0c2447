/* Rows are framed here, because libcsv keeps neither a row's bytes nor its line and cannot go on
 * behind a fault; a row that is well formed goes to libcsv (strict) for its fields. */
#include "common/sys/csv_read.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/sys/text_decode.h"

/* No byte of valid UTF-8: what libcsv is told when quotes are text. */
#define NO_QUOTE 0xFFu

struct csv_reader {
    struct csv_options options;
    struct buf decoded; /* the text when it is not the caller's bytes */
    struct str text;
    size_t pos, line;
    csv_fill_fn fill; /* NULL: the text is all there is */
    void *fill_arg;
    struct buf window;   /* what the text is, as long as there is more */
    bool filling;        /* there may be more */
    bool quotes_run_out; /* a quote was open at the end: faulty rows end with their line from now on
                          */
    struct csv_parser parser;
    bool parser_ready;
    struct str fields[CSV_COLUMNS_MAX];
    size_t n;
    bool field_too_long;
    char *bytes; /* of the row's fields, each with its NUL */
    size_t used;
    struct str *header;
    size_t header_n;
};

/* A row as it stands in the text. */
struct frame {
    struct str raw;
    size_t next;  /* where the next row starts */
    size_t lines; /* physical lines it took */
    enum csv_fault fault;
    bool partial; /* the window ends before the row certainly does */
};

/* ---- the window ---- */

#define WINDOW_READ ((size_t)1 << 20)
#define WINDOW_LOW  ((size_t)64 << 10) /* rows longer than this are framed again */

/* Drops the rows behind r->pos and reads on. */
static struct err window_more(struct csv_reader *r)
{
    size_t n = 0, most = r->window.len > WINDOW_READ ? r->window.len : WINDOW_READ;
    buf_drop(&r->window, r->pos);
    r->pos = 0;
    ENSURE(r->window.len < CSV_WINDOW_MAX, ERR_LIMIT,
           "a row of more than 64 MiB: perhaps a quote that is never closed");
    char *room = buf_room(&r->window, most);
    TRY(buf_check(&r->window));
    TRY(r->fill(r->fill_arg, room, most, &n));
    buf_grow(&r->window, n);
    r->filling = n > 0;
    r->text = buf_str(&r->window);
    return OK;
}

/* At least `bytes` ahead, or all there are. */
static struct err window_want(struct csv_reader *r, size_t bytes)
{
    while (r->filling && r->text.len - r->pos < bytes)
        TRY(window_more(r));
    return OK;
}

/* ---- framing ---- */

enum where { AT_START, IN_PLAIN, IN_QUOTES, AFTER_QUOTES };

/* The length of the line end at `i`: 0, 1, or 2 for CR LF. */
static size_t line_end(struct str text, size_t i)
{
    if (i >= text.len || (text.at[i] != '\n' && text.at[i] != '\r'))
        return 0;
    return text.at[i] == '\r' && i + 1 < text.len && text.at[i + 1] == '\n' ? 2 : 1;
}

/* One byte outside quotes that ends no line. */
static enum where outside(const struct csv_options *o, enum where at, char c, enum csv_fault *fault)
{
    if (c == o->delimiter)
        return AT_START;
    if (!o->no_quotes && c == o->quote) {
        if (at == AT_START)
            return IN_QUOTES;
        if (*fault == CSV_FINE)
            *fault = CSV_STRAY_QUOTE;
    } else if (at == AFTER_QUOTES && *fault == CSV_FINE) {
        *fault = CSV_AFTER_QUOTE;
    }
    return IN_PLAIN;
}

static struct frame frame_until(const struct csv_reader *r, size_t end, size_t end_len,
                                size_t lines, enum csv_fault fault)
{
    return (struct frame){.raw = {r->text.at + r->pos, end - r->pos},
                          .next = end + end_len,
                          .lines = lines,
                          .fault = fault};
}

/* The row at r->pos; there is at least one byte. */
static struct frame next_frame(struct csv_reader *r)
{
    enum where at = AT_START;
    enum csv_fault fault = CSV_FINE;
    struct frame first = {0}; /* the row cut at its first line, should a quote never close */
    size_t lines = 1, i = r->pos;
    while (i < r->text.len) {
        size_t nl = line_end(r->text, i);
        bool stop = at != IN_QUOTES || (fault != CSV_FINE && r->quotes_run_out);
        if (r->filling && i + 1 == r->text.len) /* CR LF may be cut in two, a doubled quote too */
            return (struct frame){.partial = true};
        if (nl > 0 && stop)
            return frame_until(r, i, nl, lines, fault);
        if (nl > 0 && lines++ == 1)
            first = frame_until(r, i, nl, 1, CSV_OPEN_QUOTE);
        if (nl == 0 && at == IN_QUOTES && r->text.at[i] == r->options.quote) {
            bool doubled = i + 1 < r->text.len && r->text.at[i + 1] == r->options.quote;
            at = doubled ? IN_QUOTES : AFTER_QUOTES;
            i += doubled ? 1 : 0;
        } else if (nl == 0 && at != IN_QUOTES) {
            at = outside(&r->options, at, r->text.at[i], &fault);
        }
        i += nl > 0 ? nl : 1;
    }
    if (r->filling)
        return (struct frame){.partial = true};
    if (at != IN_QUOTES)
        return frame_until(r, r->text.len, 0, lines, fault);
    r->quotes_run_out = true;
    return first.lines > 0 ? first : frame_until(r, r->text.len, 0, 1, CSV_OPEN_QUOTE);
}

/* ---- fields ---- */

static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static void take_field(void *bytes, size_t len, void *arg)
{
    struct csv_reader *r = arg;
    if (len > CSV_FIELD_MAX)
        r->field_too_long = true;
    if (r->n < CSV_COLUMNS_MAX) {
        char *to = r->bytes + r->used;
        if (len > 0)
            memcpy(to, bytes, len);
        to[len] = '\0';
        r->fields[r->n] = (struct str){to, len};
        r->used += len + 1;
    }
    r->n++;
}

static void take_row(int c, void *arg)
{
    (void)c;
    (void)arg;
}

/* Fills r->fields from a row of at most CSV_ROW_MAX valid bytes. */
static struct err split(struct csv_reader *r, struct str raw, enum csv_fault *fault)
{
    r->n = 0;
    r->used = 0;
    r->field_too_long = false;
    bool ok = csv_parse(&r->parser, raw.at, raw.len, take_field, take_row, r) == raw.len &&
              csv_fini(&r->parser, take_field, take_row, r) == 0;
    if (!ok) {
        int why = csv_error(&r->parser);
        csv_free(&r->parser);
        r->parser_ready = false;
        ENSURE(why == CSV_EPARSE, ERR_LIMIT, "out of memory while reading CSV");
        *fault = CSV_STRAY_QUOTE;
    } else if (r->field_too_long) {
        *fault = CSV_FIELD_TOO_LONG;
    } else if (r->n > CSV_COLUMNS_MAX) {
        *fault = CSV_TOO_MANY_COLUMNS;
    } else if (r->header_n > 0 && r->n != r->header_n && !r->options.ragged) {
        *fault = CSV_WIDTH;
    }
    return OK;
}

static struct err want_parser(struct csv_reader *r)
{
    if (r->parser_ready)
        return OK;
    ENSURE(csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) == 0, ERR_BUG,
           "libcsv does not start");
    csv_set_delim(&r->parser, (unsigned char)r->options.delimiter);
    csv_set_quote(&r->parser, r->options.no_quotes ? NO_QUOTE : (unsigned char)r->options.quote);
    csv_set_space_func(&r->parser, no_space);
    csv_set_blk_size(&r->parser, 4096);
    r->parser_ready = true;
    return OK;
}

/* What is wrong with a row before anybody looks at its fields. */
static enum csv_fault fault_of(const struct frame *f)
{
    if (f->raw.len > CSV_ROW_MAX)
        return CSV_ROW_TOO_LONG;
    if (f->raw.len > 0 && memchr(f->raw.at, '\0', f->raw.len) != NULL)
        return CSV_NUL;
    if (!utf8_valid(f->raw.at, f->raw.len))
        return CSV_BAD_ENCODING;
    return f->fault;
}

static const char *const reasons[] = {
    [CSV_FINE] = NULL,
    [CSV_OPEN_QUOTE] = "a quote is opened and never closed",
    [CSV_STRAY_QUOTE] = "a quote inside a field that does not start with one",
    [CSV_AFTER_QUOTE] = "text between a closing quote and the delimiter",
    [CSV_BAD_ENCODING] = "bytes that are not valid in the file's encoding",
    [CSV_NUL] = "a NUL byte",
    [CSV_FIELD_TOO_LONG] = "a field longer than 64 KiB",
    [CSV_ROW_TOO_LONG] = "a row longer than 1 MiB",
    [CSV_TOO_MANY_COLUMNS] = "more than 256 columns",
    [CSV_WIDTH] = "not as many fields as the header",
};

/* The next row's frame; *more is false behind the last one. */
static struct err frame_find(struct csv_reader *r, struct frame *f, bool *more)
{
    TRY(window_want(r, WINDOW_LOW));
    for (size_t nl; (nl = line_end(r->text, r->pos)) > 0; r->line++) {
        r->pos += nl;
        TRY(window_want(r, WINDOW_LOW));
    }
    *more = r->pos < r->text.len;
    if (!*more)
        return OK;
    *f = next_frame(r);
    while (f->partial) {
        TRY(window_more(r));
        *f = next_frame(r);
    }
    return OK;
}

struct err csv_next(struct csv_reader *r, struct csv_row *row, bool *more)
{
    struct frame f;
    *row = (struct csv_row){0};
    TRY(frame_find(r, &f, more));
    if (!*more)
        return OK;
    enum csv_fault fault = fault_of(&f);
    r->n = 0;
    if (fault == CSV_FINE) {
        TRY(want_parser(r));
        TRY(split(r, f.raw, &fault));
    }
    bool has_width = fault == CSV_FINE || fault == CSV_WIDTH || fault == CSV_TOO_MANY_COLUMNS;
    *row = (struct csv_row){.fields = fault == CSV_FINE ? r->fields : NULL,
                            .n = has_width ? r->n : 0,
                            .line = r->line,
                            .raw = f.raw,
                            .fault = fault,
                            .reason = reasons[fault]};
    r->pos = f.next;
    r->line += f.lines;
    return OK;
}

/* ---- opening ---- */

static bool starts_with(struct str s, const char *bytes, size_t len)
{
    return s.len >= len && memcmp(s.at, bytes, len) == 0;
}

static struct str without(struct str s, size_t n)
{
    return (struct str){s.at + n, s.len - n};
}

static struct err decode(struct csv_reader *r, struct str in)
{
    bool utf8 = starts_with(in, "\xEF\xBB\xBF", 3);
    bool little = starts_with(in, "\xFF\xFE", 2), big = starts_with(in, "\xFE\xFF", 2);
    r->text = in;
    switch (r->options.encoding) {
    case CSV_UTF8:
        ENSURE(!little && !big, ERR_INPUT, "the file is UTF-16, and UTF-8 was declared");
        r->text = without(in, utf8 ? 3 : 0);
        return OK;
    case CSV_UTF16:
        ENSURE(little || big, ERR_INPUT, "a UTF-16 file must start with a byte order mark");
        in = without(in, 2);
        text_from_utf16(in.at, in.len, big, &r->decoded);
        break;
    case CSV_WINDOWS_1252:
        ENSURE(!utf8 && !little && !big, ERR_INPUT,
               "the file starts with a byte order mark, and windows-1252 was declared");
        text_from_windows_1252(in.at, in.len, &r->decoded);
        break;
    default:
        return err_new(ERR_INPUT, "unknown encoding");
    }
    TRY(buf_check(&r->decoded));
    r->text = buf_str(&r->decoded);
    return OK;
}

static bool is_separator(char c)
{
    return c == '\t' || (c > ' ' && c < 0x7F && !(c >= '0' && c <= '9') &&
                         !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z'));
}

static struct err set_options(struct csv_reader *r, const struct csv_options *options)
{
    r->options = *options;
    if (r->options.delimiter == 0)
        r->options.delimiter = ',';
    if (r->options.quote == 0)
        r->options.quote = '"';
    ENSURE(is_separator(r->options.delimiter), ERR_INPUT,
           "the delimiter must be a tab or ASCII punctuation");
    ENSURE(is_separator(r->options.quote) && r->options.quote != '\t', ERR_INPUT,
           "the quote must be ASCII punctuation");
    ENSURE(r->options.no_quotes || r->options.quote != r->options.delimiter, ERR_INPUT,
           "delimiter and quote are the same");
    return OK;
}

static struct err skip_lines(struct csv_reader *r)
{
    size_t left = r->options.skip_lines;
    TRY(window_want(r, 2));
    while (left > 0 && r->pos < r->text.len) {
        size_t nl = line_end(r->text, r->pos);
        r->pos += nl > 0 ? nl : 1;
        if (nl > 0) {
            r->line++;
            left--;
        }
        TRY(window_want(r, 2)); /* the end of a piece is not the end of the file */
    }
    return OK;
}

/* One block holds the names' slices and, behind them, their bytes. */
static struct err keep_header(struct csv_reader *r, const struct csv_row *row)
{
    r->header = malloc(row->n * sizeof *r->header + r->used);
    ENSURE(r->header != NULL, ERR_LIMIT, "out of memory while reading CSV");
    char *bytes = (char *)(r->header + row->n);
    memcpy(bytes, r->bytes, r->used);
    for (size_t i = 0; i < row->n; i++) {
        const char *at = bytes + (row->fields[i].at - r->bytes);
        r->header[i] = str_trim((struct str){at, row->fields[i].len});
    }
    r->header_n = row->n;
    return OK;
}

static struct err read_header(struct csv_reader *r, struct arena *arena)
{
    struct csv_row row;
    bool more;
    TRY(csv_next(r, &row, &more));
    ENSURE(more, ERR_INPUT, "the file has no header row");
    if (row.fault != CSV_FINE)
        return err_fmt(arena, ERR_INPUT, arena_fmt(arena, "line %zu", row.line),
                       "the header row cannot be read: %s", row.reason);
    return keep_header(r, &row);
}

/* The first window of UTF-8; all of anything else. */
static struct err stream_start(struct csv_reader *r, struct str *in)
{
    TRY(window_want(r, 3)); /* a byte order mark */
    while (r->filling && r->options.encoding != CSV_UTF8)
        TRY(window_more(r));
    *in = (struct str){r->window.len == 0 ? "" : r->window.at, r->window.len};
    return OK;
}

static struct err open_all(struct csv_reader *r, struct str in, const struct csv_options *options,
                           struct arena *arena)
{
    TRY(set_options(r, options));
    if (r->filling)
        TRY(stream_start(r, &in));
    TRY(decode(r, in));
    r->bytes = malloc(CSV_ROW_MAX + CSV_COLUMNS_MAX + 1);
    ENSURE(r->bytes != NULL, ERR_LIMIT, "out of memory while reading CSV");
    if (r->filling) { /* what decode left out is only a byte order mark */
        r->pos = (size_t)(r->text.at - r->window.at);
        r->text = buf_str(&r->window);
    }
    TRY(skip_lines(r));
    return r->options.no_header ? OK : read_header(r, arena);
}

static struct err reader_new(struct csv_reader **reader)
{
    struct csv_reader *r = calloc(1, sizeof *r);
    *reader = r;
    ENSURE(r != NULL, ERR_LIMIT, "out of memory while reading CSV");
    r->line = 1;
    buf_init(&r->decoded, SIZE_MAX);
    buf_init(&r->window, SIZE_MAX);
    return OK;
}

struct err csv_open(const void *bytes, size_t len, const struct csv_options *options,
                    struct arena *arena, struct csv_reader **reader)
{
    CLEANUP(csv_close) struct csv_reader *r = NULL;
    *reader = NULL;
    TRY(reader_new(&r));
    TRY(open_all(r, (struct str){len == 0 ? "" : bytes, len}, options, arena));
    *reader = r;
    r = NULL;
    return OK;
}

struct err csv_open_stream(csv_fill_fn fill, void *arg, const struct csv_options *options,
                           struct arena *arena, struct csv_reader **reader)
{
    CLEANUP(csv_close) struct csv_reader *r = NULL;
    *reader = NULL;
    TRY(reader_new(&r));
    r->fill = fill;
    r->fill_arg = arg;
    r->filling = true;
    TRY(open_all(r, STR(""), options, arena));
    *reader = r;
    r = NULL;
    return OK;
}

void csv_close(struct csv_reader *r)
{
    if (r == NULL)
        return;
    if (r->parser_ready)
        csv_free(&r->parser);
    buf_fini(&r->decoded);
    buf_fini(&r->window);
    free(r->bytes);
    free(r->header);
    free(r);
}

const struct str *csv_header(const struct csv_reader *r, size_t *n)
{
    *n = r->header_n;
    return r->header;
}

struct err csv_column(const struct csv_reader *r, const char *name, size_t *index)
{
    size_t found = 0;
    for (size_t i = 0; i < r->header_n; i++) {
        if (str_is(r->header[i], name) && found++ == 0)
            *index = i;
    }
    if (found == 1)
        return OK;
    return err_at(ERR_INPUT, name,
                  found == 0 ? "the file has no column of this name"
                             : "the file has several columns of this name");
}
