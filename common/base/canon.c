/* Canonical JSON in order: commas and names here, escapes by RFC 8785 section 3.2.2.2. */
#include "common/base/canon.h"

#include <string.h>

#include "common/base/invariant.h"

/* ---- text ---- */

static void char_put(struct buf *out, unsigned char c)
{
    static const char plain[] = "btnvfr"; /* 0x08 to 0x0D; VT has no short form */
    if (c == '"' || c == '\\')
        buf_put(out, (const char[]){'\\', (char)c}, 2);
    else if (c >= 0x08 && c <= 0x0D && c != 0x0B)
        buf_put(out, (const char[]){'\\', plain[c - 0x08]}, 2);
    else
        buf_putf(out, "\\u%04x", c);
}

#define PIECE 512u /* of a text, escaped at one go */

/* Puts what of a piece stands for itself or behind a backslash; `to` has room for twice its bytes.
 * How many bytes it was. */
static size_t piece_put(const char *at, size_t len, char *to, size_t *put)
{
    size_t n = 0, m = 0;
    for (; n < len; n++) {
        unsigned char c = (unsigned char)at[n];
        if (c < ' ' || c >= 0x80)
            break;
        to[m] = '\\';
        m += c == '"' || c == '\\';
        to[m++] = (char)c;
    }
    *put = m;
    return n;
}

/* A long plain run, or as much as a piece holds: a text with a quote every few bytes, JSON in JSON,
 * would be two calls for each. Near the ceiling of `out` there is no room to spare. */
static size_t ascii_put(const char *at, size_t len, struct buf *out)
{
    size_t put, run = canon_plain_run(at, len), piece = len < PIECE ? len : PIECE;
    bool roomy = !out->failed && out->len_max - out->len >= 2 * piece;
    char *to = run >= sizeof(uint64_t) || !roomy ? NULL : buf_room(out, 2 * piece);
    if (to == NULL) {
        buf_put(out, at, run);
        return run;
    }
    run = piece_put(at, piece, to, &put);
    buf_grow(out, put);
    return run;
}

/* What a run of plain bytes ended at. */
static size_t odd_put(const char *at, size_t len, struct buf *out)
{
    uint32_t cp;
    size_t n = (unsigned char)*at < 0x80 ? 1 : utf8_next(at, len, &cp);
    if (n > 1)
        buf_put(out, at, n);
    else if (n == 1)
        char_put(out, (unsigned char)*at);
    return n;
}

/* Most texts are plain from end to end. */
static void plain_put(struct str text, struct buf *out)
{
    char *to = buf_room(out, text.len + 2);
    if (to == NULL)
        return;
    *to = '"';
    if (text.len > 0)
        memcpy(to + 1, text.at, text.len);
    to[text.len + 1] = '"';
    buf_grow(out, text.len + 2);
}

struct err canon_text_print(struct str text, struct buf *out)
{
    if (canon_plain_run(text.at, text.len) == text.len) {
        plain_put(text, out);
        return OK;
    }
    buf_putc(out, '"');
    for (size_t i = 0; i < text.len;) {
        size_t n = ascii_put(text.at + i, text.len - i, out);
        if (n == 0)
            n = odd_put(text.at + i, text.len - i, out);
        ENSURE(n > 0, ERR_INPUT, "text is not valid UTF-8");
        i += n;
    }
    buf_putc(out, '"');
    return OK;
}

/* ---- order ---- */

void canon_into_text(struct canon *w, struct buf *out)
{
    *w = (struct canon){.out = out};
}

void canon_into_tree(struct canon *w, struct arena *arena)
{
    *w = (struct canon){.arena = arena};
}

/* Names are ASCII and end in a quote, which no letter, digit or underscore sorts before: bytes sort
 * as RFC 8785 does. */
static bool comes_before(struct str a, struct str b)
{
    int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);
    return order < 0;
}

/* What stands before a value. */
static void lead(struct canon *w, struct str key)
{
    struct canon_level *l = &w->at[w->depth];
    INVARIANT(w->depth == 0 ? !l->any : l->array == (key.len == 0));
    INVARIANT(key.len == 0 || l->last.len == 0 || comes_before(l->last, key));
    l->last = key;
    char *to = w->out == NULL ? NULL : buf_room(w->out, key.len + 1);
    if (to != NULL) {
        size_t comma = l->any;
        *to = ',';
        if (key.len > 0)
            memcpy(to + comma, key.at, key.len);
        if (key.len + comma > 0)
            buf_grow(w->out, key.len + comma);
    }
    l->any = true;
}

/* Under its name in a tree: the key without its quotes and colon. */
static void put(struct canon *w, struct str key, struct json *value)
{
    struct canon_level *l = &w->at[w->depth];
    if (w->depth == 0)
        w->root = value;
    else if (l->array)
        json_push(w->arena, l->node, value);
    else
        (void)json_add(w->arena, l->node, (struct str){key.at + 1, key.len - 3}, value);
}

static void nest(struct canon *w, struct str key, bool array)
{
    struct json *node = NULL;
    lead(w, key);
    if (w->out != NULL) {
        buf_putc(w->out, array ? '[' : '{');
    } else {
        node = array ? json_array_new(w->arena) : json_object_new(w->arena);
        put(w, key, node);
    }
    INVARIANT(w->depth + 1 < CANON_DEPTH_MAX);
    w->at[++w->depth] = (struct canon_level){.array = array, .node = node};
}

void canon_obj(struct canon *w, struct str key)
{
    nest(w, key, false);
}

void canon_arr(struct canon *w, struct str key)
{
    nest(w, key, true);
}

void canon_end(struct canon *w)
{
    INVARIANT(w->depth > 0);
    if (w->out != NULL)
        buf_putc(w->out, w->at[w->depth].array ? ']' : '}');
    w->depth--;
}

/* ---- values ---- */

void canon_fail(struct canon *w, struct err e)
{
    if (w->failed.kind == ERR_NONE)
        w->failed = e;
}

void canon_text(struct canon *w, struct str key, const char *text)
{
    lead(w, key);
    if (w->out == NULL)
        put(w, key, json_text_new(w->arena, text));
    else if (text == NULL)
        buf_put(w->out, "null", 4);
    else
        canon_fail(w, canon_text_print(str_of(text), w->out));
}

void canon_fact(struct canon *w, struct str key, const char *text)
{
    if (text != NULL)
        canon_text(w, key, text);
}

void canon_texts(struct canon *w, struct str key, const char *const *texts, size_t n)
{
    canon_arr(w, key);
    for (size_t i = 0; i < n; i++)
        canon_text(w, CANON_ITEM, texts[i]);
    canon_end(w);
}

void canon_int(struct canon *w, struct str key, int64_t n)
{
    lead(w, key);
    if (w->out == NULL)
        put(w, key, json_int_new(w->arena, n));
    else if (n >= -CANON_SAFE_MAX && n <= CANON_SAFE_MAX)
        buf_puti(w->out, n);
    else
        canon_fail(w, err_new(ERR_LIMIT, "a number beyond what JSON holds exactly"));
}

void canon_bool(struct canon *w, struct str key, bool truth)
{
    lead(w, key);
    if (w->out == NULL)
        put(w, key, json_bool_new(w->arena, truth));
    else
        buf_puts(w->out, truth ? "true" : "false");
}

struct buf *canon_value(struct canon *w, struct str key)
{
    INVARIANT(w->out != NULL);
    lead(w, key);
    return w->out;
}

struct err canon_done(struct canon *w)
{
    INVARIANT(w->depth == 0 && w->at[0].any);
    TRY(w->failed);
    return w->out != NULL ? buf_check(w->out) : arena_check(w->arena);
}
