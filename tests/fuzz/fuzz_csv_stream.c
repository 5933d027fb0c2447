/* CSV read piece by piece says the same as read whole, whatever the bytes and however they come:
 * the first two bytes choose the options, the third the sizes of the pieces, the rest is the
 * file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/csv_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pieces {
    struct str left;
    uint8_t sizes;
    unsigned turn;
};

/* Never more than asked for, and now and then one byte. */
static struct err fill(void *arg, char *to, size_t len, size_t *n)
{
    struct pieces *p = arg;
    size_t want = (p->sizes >> (p->turn++ % 4 * 2)) & 3; /* 0: all there is room for */
    *n = want == 0 ? len : want == 3 ? 4096 : want;
    if (*n > len)
        *n = len;
    if (*n > p->left.len)
        *n = p->left.len;
    if (*n > 0)
        memcpy(to, p->left.at, *n);
    p->left.at += *n;
    p->left.len -= *n;
    return OK;
}

static void check_headers(const struct csv_reader *whole, const struct csv_reader *stream)
{
    size_t n, m;
    const struct str *a = csv_header(whole, &n), *b = csv_header(stream, &m);
    INVARIANT(n == m);
    for (size_t i = 0; i < n; i++)
        INVARIANT(str_eq(a[i], b[i]));
}

static void check_rows(const struct csv_row *a, const struct csv_row *b)
{
    INVARIANT(a->fault == b->fault && a->line == b->line && a->n == b->n);
    INVARIANT((a->fields == NULL) == (b->fields == NULL) && str_eq(a->raw, b->raw));
    INVARIANT((a->reason == NULL) == (b->reason == NULL));
    INVARIANT(a->reason == NULL || strcmp(a->reason, b->reason) == 0);
    for (size_t i = 0; a->fields != NULL && i < a->n; i++)
        INVARIANT(str_eq(a->fields[i], b->fields[i]));
}

static void check_errors(struct err a, struct err b)
{
    INVARIANT(a.kind == b.kind && strcmp(a.msg, b.msg) == 0);
    INVARIANT((a.where == NULL) == (b.where == NULL));
    INVARIANT(a.where == NULL || strcmp(a.where, b.where) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    const struct csv_options o = {.encoding = (enum csv_encoding)(data[0] % 3),
                                  .no_header = (data[0] & 4) != 0,
                                  .ragged = (data[0] & 8) != 0,
                                  .no_quotes = (data[0] & 16) != 0,
                                  .skip_lines = data[0] >> 6,
                                  .delimiter = ";\t,|"[data[1] % 4]};
    const struct str text = {(const char *)data + 3, size - 3};
    struct pieces pieces = {.left = text, .sizes = data[2]};
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    CLEANUP(csv_close) struct csv_reader *whole = NULL, *stream = NULL;
    struct err a = csv_open(text.at, text.len, &o, arena, &whole);
    struct err b = csv_open_stream(fill, &pieces, &o, arena, &stream);
    if (a.kind != ERR_NONE || b.kind != ERR_NONE) {
        check_errors(a, b);
        return 0;
    }
    check_headers(whole, stream);
    bool more = true, again = true;
    while (more) {
        struct csv_row row, other;
        a = csv_next(whole, &row, &more);
        b = csv_next(stream, &other, &again);
        INVARIANT(a.kind == ERR_NONE && b.kind == ERR_NONE && more == again);
        if (more)
            check_rows(&row, &other);
    }
    INVARIANT(pieces.left.len == 0);
    return 0;
}
