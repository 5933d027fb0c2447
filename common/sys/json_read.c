/* yajl's callbacks build the tree; a pass over the bytes before them refuses what yajl lets
 * through: bytes that are not UTF-8 by RFC 3629, a byte order mark, VT and FF as white space, and
 * \u escapes of half a surrogate pair (yajl would make a "?" of those). What stands behind the
 * document is looked at here, too: yajl takes a token that the input cuts short for its end. */
#include "common/sys/json_read.h"

#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* An open array or object. */
struct frame {
    struct json *node;
};

struct reader {
    struct arena *arena;
    struct json_limits limits;
    size_t nodes;
    unsigned depth;
    struct frame *stack; /* limits.depth_max of them */
    struct json *root;
    struct err failed;
    yajl_handle yajl;
    struct piece *pieces; /* yajl's memory */
    jmp_buf no_memory;    /* where to, when there is no more of it */
    bool cut;             /* only the end of the input ends its last token */
    size_t end;           /* of the root value, when it is not cut */
};

/* ---- the pass before ---- */

static struct err at_byte(struct arena *arena, size_t offset, const char *msg)
{
    return err_at(ERR_INPUT, arena_fmt(arena, "byte %zu", offset), msg);
}

static struct err utf8_check(struct arena *arena, struct str s)
{
    size_t good = utf8_valid_len(s.at, s.len);
    if (good < s.len)
        return at_byte(arena, good, "not valid UTF-8");
    if (s.len >= 3 && memcmp(s.at, "\xEF\xBB\xBF", 3) == 0)
        return at_byte(arena, 0, "starts with a byte order mark");
    return OK;
}

/* The code unit of `\uXXXX` at i, or -1. */
static int escape_unit(struct str s, size_t i)
{
    char hex[5] = {0};
    unsigned char unit[2];
    if (i + 6 > s.len || s.at[i] != '\\' || s.at[i + 1] != 'u')
        return -1;
    memcpy(hex, s.at + i + 2, 4);
    return hex_parse(hex, unit, 2) ? unit[0] * 256 + unit[1] : -1;
}

/* Passes the escape at *i; false when it is half a surrogate pair. */
static bool escape_pass(struct str s, size_t *i)
{
    int unit = escape_unit(s, *i);
    *i += unit < 0 ? 2 : 6;
    if (unit < 0xD800 || unit > 0xDFFF)
        return true;
    int low = escape_unit(s, *i);
    if (unit > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
        return false;
    *i += 6;
    return true;
}

/* Within a string: passes bytes that neither end it nor begin an escape. A window at a time, so
 * that the way to the next quote is not walked again for each escape before it. */
static size_t plain_pass(struct str s, size_t i)
{
    enum { WINDOW = 64 };
    while (i < s.len) {
        const char *from = s.at + i;
        const size_t room = s.len - i < WINDOW ? s.len - i : WINDOW;
        const char *quote = memchr(from, '"', room);
        const size_t n = quote == NULL ? room : (size_t)(quote - from);
        const char *escape = memchr(from, '\\', n);
        i += escape == NULL ? n : (size_t)(escape - from);
        if (quote != NULL || escape != NULL)
            break;
    }
    return i;
}

/* On text that is not JSON this may lose track of what is a string; yajl refuses that text anyway.
 */
static struct err lexical_check(struct arena *arena, struct str s)
{
    bool inside = false;
    for (size_t i = 0; i < s.len;) {
        size_t start = i;
        char c = s.at[i];
        if (inside && c == '\\') {
            if (!escape_pass(s, &i))
                return at_byte(arena, start, "half a surrogate pair");
            continue;
        }
        if (c == '"')
            inside = !inside;
        if (!inside && (c == '\v' || c == '\f'))
            return at_byte(arena, i, "not white space in JSON");
        i++;
        if (inside)
            i = plain_pass(s, i);
    }
    return OK;
}

/* ---- yajl's callbacks: 1 goes on, 0 stops with r->failed set ---- */

static int stop(struct reader *r, struct err e)
{
    r->failed = e;
    return 0;
}

static const char *reader_pointer(struct reader *r)
{
    const char *pointer = "";
    for (unsigned i = 0; i < r->depth; i++) {
        const struct json *node = r->stack[i].node;
        if (i + 1 == r->depth)
            break;
        if (node->type == JSON_TYPE_OBJECT)
            pointer = json_pointer_join(r->arena, pointer, node->members[node->count - 1].key);
        else
            pointer = arena_fmt(r->arena, "%s/%zu", pointer, node->count - 1);
        if (pointer == NULL)
            return NULL;
    }
    return pointer;
}

static int root_ends(struct reader *r)
{
    r->end = yajl_get_bytes_consumed(r->yajl);
    return 1;
}

/* Hangs a value where the parse stands. */
static int value_add(struct reader *r, struct json *value)
{
    if (value == NULL)
        return stop(r, arena_check(r->arena));
    if (++r->nodes > r->limits.nodes_max)
        return stop(r, err_new(ERR_LIMIT, "too many values"));
    if (r->depth == 0) {
        r->root = value;
        return root_ends(r);
    }
    struct json *parent = r->stack[r->depth - 1].node;
    if (parent->type == JSON_TYPE_ARRAY)
        json_push(r->arena, parent, value);
    else
        parent->members[parent->count - 1].value = value;
    return arena_full(r->arena) ? stop(r, arena_check(r->arena)) : 1;
}

static int open_add(struct reader *r, struct json *node)
{
    if (r->depth == r->limits.depth_max)
        return stop(
            r, err_fmt(r->arena, ERR_LIMIT, NULL, "nested deeper than %u", r->limits.depth_max));
    if (!value_add(r, node))
        return 0;
    r->stack[r->depth++].node = node;
    return 1;
}

static int on_null(void *ctx)
{
    struct reader *r = ctx;
    return value_add(r, json_null_new(r->arena));
}

static int on_bool(void *ctx, int truth)
{
    struct reader *r = ctx;
    return value_add(r, json_bool_new(r->arena, truth != 0));
}

static int on_number(void *ctx, const char *at, size_t len)
{
    struct reader *r = ctx;
    struct str literal = {.at = at, .len = len};
    if (!json_number_valid(literal))
        return stop(r, err_new(ERR_INPUT, "malformed number"));
    return value_add(r, json_number_new(r->arena, literal));
}

static int on_text(void *ctx, const unsigned char *at, size_t len)
{
    struct reader *r = ctx;
    return value_add(r, json_str_new(r->arena, (struct str){.at = (const char *)at, .len = len}));
}

static int on_key(void *ctx, const unsigned char *at, size_t len)
{
    /* What stands there until the value comes; no finished tree holds it. */
    static const struct json pending = {.type = JSON_TYPE_NULL};
    struct reader *r = ctx;
    struct json *object = r->stack[r->depth - 1].node;
    struct str key = {.at = (const char *)at, .len = len};
    if (json_add(r->arena, object, key, &pending) != NULL)
        return 1;
    if (arena_full(r->arena))
        return stop(r, arena_check(r->arena));
    const char *where = json_pointer_join(r->arena, reader_pointer(r), key);
    return stop(r, err_at(ERR_INPUT, where, "the key is there twice"));
}

static int on_object(void *ctx)
{
    struct reader *r = ctx;
    return open_add(r, json_object_new(r->arena));
}

static int on_array(void *ctx)
{
    struct reader *r = ctx;
    return open_add(r, json_array_new(r->arena));
}

static int on_end(void *ctx)
{
    struct reader *r = ctx;
    r->depth--;
    return r->depth == 0 ? root_ends(r) : 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_text,
    .yajl_start_map = on_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_end,
};

/* ---- the parse ---- */

/* yajl's own words, without its "parse error: " and line end. */
static struct err yajl_failed(struct reader *r, yajl_handle yajl, size_t offset)
{
    unsigned char *said = yajl_get_error(yajl, 0, NULL, 0);
    struct str text = str_of(said == NULL ? "not JSON" : (const char *)said);
    struct str kind, rest;
    if (str_cut(text, ':', &kind, &rest))
        text = str_trim(rest);
    while (text.len > 0 && text.at[text.len - 1] == '\n')
        text.len--;
    const char *msg = str_dup(r->arena, text);
    if (said != NULL)
        yajl_free_error(yajl, said);
    return at_byte(r->arena, offset, msg == NULL ? "not JSON" : msg);
}

static bool only_space(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (strchr(" \t\r\n", s.at[i]) == NULL || s.at[i] == '\0')
            return false;
    }
    return true;
}

static struct err tail_check(struct reader *r, struct str bytes)
{
    if (r->cut)
        return OK;
    struct str tail = {.at = bytes.at + r->end, .len = bytes.len - r->end};
    return only_space(tail) ? OK : at_byte(r->arena, r->end, "something follows the document");
}

/* ---- yajl's memory ----
 * yajl does not look whether it was given any. So it is left on the spot when there is none, and
 * what it had by then is ours to free. */

struct piece {
    struct piece *next, **place; /* what points here */
    _Alignas(max_align_t) char bytes[];
};

static void *piece_placed(struct reader *r, struct piece *p)
{
    if (p == NULL)
        longjmp(r->no_memory, 1);
    *p->place = p;
    if (p->next != NULL)
        p->next->place = &p->next;
    return p->bytes;
}

static struct piece *piece_of(void *bytes)
{
    return (struct piece *)((char *)bytes - offsetof(struct piece, bytes));
}

static void *piece_take(void *ctx, size_t size)
{
    struct reader *r = ctx;
    struct piece *p = malloc(sizeof *p + size);
    if (p != NULL) {
        p->next = r->pieces;
        p->place = &r->pieces;
    }
    return piece_placed(r, p);
}

static void *piece_resize(void *ctx, void *bytes, size_t size)
{
    return bytes == NULL ? piece_take(ctx, size)
                         : piece_placed(ctx, realloc(piece_of(bytes), sizeof(struct piece) + size));
}

static void piece_free(void *ctx, void *bytes)
{
    struct piece *p = bytes == NULL ? NULL : piece_of(bytes);
    (void)ctx;
    if (p == NULL)
        return;
    *p->place = p->next;
    if (p->next != NULL)
        p->next->place = p->place;
    free(p);
}

static void pieces_free(struct reader *r)
{
    while (r->pieces != NULL)
        piece_free(r, r->pieces->bytes);
}

static struct err parse(struct reader *r, struct str bytes)
{
    yajl_alloc_funcs memory = {
        .malloc = piece_take, .realloc = piece_resize, .free = piece_free, .ctx = r};
    yajl_handle yajl = yajl_alloc(&callbacks, &memory, r); /* goes with its pieces */
    r->yajl = yajl;
    (void)yajl_config(yajl, yajl_dont_validate_strings, 1); /* utf8_check did */
    yajl_status status = yajl_parse(yajl, (const unsigned char *)bytes.at, bytes.len);
    size_t offset = yajl_get_bytes_consumed(yajl);
    if (status == yajl_status_ok) {
        r->cut = r->root == NULL;
        status = yajl_complete_parse(yajl);
        offset = bytes.len;
    }
    if (r->failed.kind != ERR_NONE) {
        const char *where = arena_fmt(r->arena, "byte %zu", offset);
        return r->failed.kind == ERR_INPUT ? err_in(r->failed, where) : r->failed;
    }
    if (status != yajl_status_ok)
        return yajl_failed(r, yajl, offset);
    ENSURE(r->root != NULL && r->depth == 0, ERR_INPUT, "unfinished JSON");
    return tail_check(r, bytes);
}

static struct err reader_run(struct reader *r, struct str bytes)
{
    if (setjmp(r->no_memory) != 0)
        return err_new(ERR_LIMIT, "out of memory");
    return parse(r, bytes);
}

struct err json_read(struct arena *arena, struct str bytes, const struct json_limits *limits,
                     struct json **tree)
{
    struct reader r = {.arena = arena};
    if (limits != NULL)
        r.limits = *limits;
    r.limits.depth_max = r.limits.depth_max == 0 ? JSON_DEPTH_MAX : r.limits.depth_max;
    r.limits.bytes_max = r.limits.bytes_max == 0 ? JSON_BYTES_MAX : r.limits.bytes_max;
    r.limits.nodes_max = r.limits.nodes_max == 0 ? JSON_NODES_MAX : r.limits.nodes_max;
    if (bytes.len > r.limits.bytes_max)
        return err_fmt(arena, ERR_LIMIT, NULL, "more than %zu bytes", r.limits.bytes_max);
    ENSURE(!only_space(bytes), ERR_INPUT, "empty: expected JSON");
    TRY(utf8_check(arena, bytes));
    TRY(lexical_check(arena, bytes));
    r.stack = ARENA_ARRAY(arena, r.limits.depth_max, struct frame);
    TRY(arena_check(arena));
    struct err e = reader_run(&r, bytes);
    pieces_free(&r);
    TRY(e);
    TRY(arena_check(arena));
    *tree = r.root;
    return OK;
}
