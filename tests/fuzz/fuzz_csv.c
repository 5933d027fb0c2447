/* CSV: the first two bytes choose the options, the rest is the file. Nothing is lost: what lies
 * between the rows is line ends; and a fine row's fields, put back into quotes, read the same
 * again. */
#include <stdint.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/invariant.h"
#include "common/sys/csv_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_gap(struct str text, size_t from, size_t to)
{
    INVARIANT(from <= to && to <= text.len);
    for (size_t i = from; i < to; i++)
        INVARIANT(text.at[i] == '\n' || text.at[i] == '\r');
}

static void check_again(const struct csv_row *row, const struct csv_options *o)
{
    struct buf b;
    buf_init(&b, 4u << 20);
    for (size_t i = 0; i < row->n; i++) {
        if (i > 0)
            buf_putc(&b, o->delimiter == 0 ? ',' : o->delimiter);
        buf_putc(&b, '"');
        for (size_t j = 0; j < row->fields[i].len; j++)
            buf_puts(&b,
                     row->fields[i].at[j] == '"' ? "\"\"" : (char[]){row->fields[i].at[j], '\0'});
        buf_putc(&b, '"');
    }
    struct csv_options plain = {.no_header = true, .delimiter = o->delimiter};
    struct csv_reader *r = NULL;
    struct csv_row again;
    bool more = false;
    struct err e = csv_open(b.at, b.len, &plain, NULL, &r);
    INVARIANT(e.kind == ERR_NONE);
    e = csv_next(r, &again, &more);
    INVARIANT(e.kind == ERR_NONE && more);
    /* Quoting makes a row longer; only its ceiling may differ. */
    INVARIANT(again.fault == CSV_FINE || again.fault == CSV_ROW_TOO_LONG);
    INVARIANT(again.fault != CSV_FINE || again.n == row->n);
    for (size_t i = 0; again.fault == CSV_FINE && i < row->n; i++)
        INVARIANT(str_eq(row->fields[i], again.fields[i]));
    csv_close(r);
    buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct csv_options o = {.encoding = (enum csv_encoding)(data[0] % 3),
                            .no_header = (data[0] & 4) != 0,
                            .ragged = (data[0] & 8) != 0,
                            .no_quotes = (data[0] & 16) != 0,
                            .skip_lines = data[0] >> 6,
                            .delimiter = ";\t,|"[data[1] % 4]};
    struct str text = {(const char *)data + 2, size - 2};
    struct csv_reader *r = NULL;
    struct arena *arena = arena_new(4096);
    struct err e = csv_open(text.at, text.len, &o, arena, &r);
    arena_free(arena);
    if (e.kind != ERR_NONE)
        return 0;
    bool whole = o.encoding == CSV_UTF8 && o.no_header && o.skip_lines == 0;
    size_t from = text.len >= 3 && (uint8_t)text.at[0] == 0xEF ? SIZE_MAX : 0; /* a mark is cut */
    struct csv_row row;
    bool more = true;
    while (e = csv_next(r, &row, &more), e.kind == ERR_NONE && more) {
        INVARIANT((row.fault == CSV_FINE) == (row.reason == NULL));
        if (whole && from != SIZE_MAX) {
            check_gap(text, from, (size_t)(row.raw.at - text.at));
            from = (size_t)(row.raw.at - text.at) + row.raw.len;
        }
        if (row.fault == CSV_FINE && !o.no_quotes)
            check_again(&row, &o);
    }
    INVARIANT(e.kind == ERR_NONE);
    if (whole && from != SIZE_MAX)
        check_gap(text, from, text.len);
    csv_close(r);
    return 0;
}
