/* yajl_gen behind a ceiling and a first error that sticks. We check what yajl_gen does not: keys
 * where keys belong, one value, balanced ends, and UTF-8 by RFC 3629. */
#include "common/sys/json_write.h"

#include <yajl/yajl_gen.h>

#include "common/base/invariant.h"

static void out_put(void *ctx, const char *at, size_t len)
{
    buf_put(ctx, at, len);
}

/* yajl_gen asks twice, before it writes, and does not look whether it was given anything. */
static void *gen_take(void *ctx, size_t size)
{
    struct jw *w = ctx;
    void *at = w->memory + w->memory_used;
    const size_t align = _Alignof(max_align_t), need = (size + align - 1) / align * align;
    INVARIANT(need <= sizeof w->memory - w->memory_used);
    w->memory_used += need;
    return at;
}

static void *gen_resize(void *ctx, void *at, size_t size)
{
    (void)at;
    return gen_take(ctx, size);
}

static void gen_free(void *ctx, void *at)
{
    (void)ctx;
    (void)at;
}

static void writer_init(struct jw *w, size_t bytes_max, bool pretty)
{
    const yajl_alloc_funcs memory = {
        .malloc = gen_take, .realloc = gen_resize, .free = gen_free, .ctx = w};
    *w = (struct jw){.memory_used = 0};
    w->gen = yajl_gen_alloc(&memory);
    buf_init(&w->out, bytes_max);
    yajl_gen_config(w->gen, yajl_gen_print_callback, out_put, &w->out);
    if (pretty) {
        yajl_gen_config(w->gen, yajl_gen_beautify, 1);
        yajl_gen_config(w->gen, yajl_gen_indent_string, "  ");
    }
}

void jw_init(struct jw *w, size_t bytes_max)
{
    writer_init(w, bytes_max, false);
}

void jw_init_pretty(struct jw *w, size_t bytes_max)
{
    writer_init(w, bytes_max, true);
}

void jw_fini(struct jw *w)
{
    if (w->gen != NULL)
        yajl_gen_free(w->gen);
    w->gen = NULL;
    buf_fini(&w->out);
}

static void fail(struct jw *w, enum err_kind kind, const char *msg)
{
    if (w->failed.kind == ERR_NONE)
        w->failed = err_new(kind, msg);
}

static void said(struct jw *w, yajl_gen_status status)
{
    if (status != yajl_gen_status_ok)
        fail(w, ERR_BUG, "yajl_gen refused a value");
    else if (w->out.failed)
        fail(w, ERR_LIMIT, "the JSON does not fit its ceiling");
}

static void put_string(struct jw *w, struct str text)
{
    if (!utf8_valid(text.at, text.len))
        fail(w, ERR_INPUT, "text is not valid UTF-8");
    else
        said(w, yajl_gen_string(w->gen, (const unsigned char *)(text.len == 0 ? "" : text.at),
                                text.len));
}

/* May a value come here? Writes its key; a key whose `at` is NULL is none. */
static bool begin(struct jw *w, struct str key)
{
    if (w->failed.kind != ERR_NONE)
        return false;
    bool member = w->depth > 0 && !w->is_array[w->depth - 1];
    if (w->depth == 0 && w->wrote)
        fail(w, ERR_BUG, "a second JSON value");
    else if (member != (key.at != NULL))
        fail(w, ERR_BUG, member ? "a member without a key" : "a key outside an object");
    else if (member)
        put_string(w, key);
    w->wrote = true;
    return w->failed.kind == ERR_NONE;
}

static void open_in(struct jw *w, struct str key, bool array)
{
    if (!begin(w, key))
        return;
    if (w->depth == JW_DEPTH_MAX) {
        fail(w, ERR_LIMIT, "JSON nested too deeply");
        return;
    }
    w->is_array[w->depth++] = array;
    said(w, array ? yajl_gen_array_open(w->gen) : yajl_gen_map_open(w->gen));
}

void jw_obj(struct jw *w)
{
    open_in(w, str_of(NULL), false);
}

void jw_arr(struct jw *w)
{
    open_in(w, str_of(NULL), true);
}

void jw_obj_in(struct jw *w, const char *key)
{
    open_in(w, str_of(key), false);
}

void jw_arr_in(struct jw *w, const char *key)
{
    open_in(w, str_of(key), true);
}

void jw_end(struct jw *w)
{
    if (w->failed.kind != ERR_NONE)
        return;
    if (w->depth == 0) {
        fail(w, ERR_BUG, "an end without a beginning");
        return;
    }
    bool array = w->is_array[--w->depth];
    said(w, array ? yajl_gen_array_close(w->gen) : yajl_gen_map_close(w->gen));
}

static void text_put(struct jw *w, struct str key, struct str text)
{
    if (begin(w, key))
        put_string(w, text);
}

static void null_put(struct jw *w, struct str key)
{
    if (begin(w, key))
        said(w, yajl_gen_null(w->gen));
}

/* yajl_gen_number takes any bytes for a value as they are. */
static void raw_put(struct jw *w, struct str key, struct str json)
{
    if (begin(w, key))
        said(w, yajl_gen_number(w->gen, json.at, json.len));
}

void jw_text(struct jw *w, const char *key, const char *text)
{
    if (text == NULL)
        null_put(w, str_of(key));
    else
        text_put(w, str_of(key), str_of(text));
}

void jw_str(struct jw *w, const char *key, struct str text)
{
    text_put(w, str_of(key), text);
}

void jw_int(struct jw *w, const char *key, int64_t n)
{
    if (begin(w, str_of(key)))
        said(w, yajl_gen_integer(w->gen, n));
}

void jw_bool(struct jw *w, const char *key, bool truth)
{
    if (begin(w, str_of(key)))
        said(w, yajl_gen_bool(w->gen, truth));
}

void jw_null(struct jw *w, const char *key)
{
    null_put(w, str_of(key));
}

void jw_raw(struct jw *w, const char *key, struct str json)
{
    raw_put(w, str_of(key), json);
}

void jw_number(struct jw *w, const char *key, struct str literal)
{
    if (!json_number_valid(literal))
        fail(w, ERR_BUG, "not a JSON number");
    raw_put(w, str_of(key), literal);
}

void jw_money(struct jw *w, const char *key, struct money m)
{
    char amount[MONEY_TEXT_MAX];
    if (m.cur[0] == '\0') {
        null_put(w, str_of(key));
        return;
    }
    money_print(m, amount);
    jw_obj_in(w, key);
    jw_text(w, "amount", amount);
    jw_text(w, "currency", m.cur);
    jw_end(w);
}

static void tree_put(struct jw *w, struct str key, const struct json *tree);

static void object_put(struct jw *w, struct str key, const struct json *tree)
{
    open_in(w, key, false);
    for (size_t i = 0; i < tree->count && w->failed.kind == ERR_NONE; i++)
        tree_put(w, tree->members[i].key, tree->members[i].value);
    jw_end(w);
}

static void array_put(struct jw *w, struct str key, const struct json *tree)
{
    open_in(w, key, true);
    for (size_t i = 0; i < tree->count && w->failed.kind == ERR_NONE; i++)
        tree_put(w, str_of(NULL), tree->items[i]);
    jw_end(w);
}

/* No deeper than JW_DEPTH_MAX: past it open_in fails, and the loops above stop. */
static void tree_put(struct jw *w, struct str key, const struct json *tree)
{
    switch (tree->type) {
    case JSON_TYPE_NULL:
        null_put(w, key);
        break;
    case JSON_TYPE_BOOL:
        if (begin(w, key))
            said(w, yajl_gen_bool(w->gen, tree->truth));
        break;
    case JSON_TYPE_NUMBER:
    case JSON_TYPE_RAW:
        raw_put(w, key, tree->text);
        break;
    case JSON_TYPE_TEXT:
        text_put(w, key, tree->text);
        break;
    case JSON_TYPE_ARRAY:
        array_put(w, key, tree);
        break;
    case JSON_TYPE_OBJECT:
        object_put(w, key, tree);
        break;
    }
}

void jw_tree(struct jw *w, const char *key, const struct json *tree)
{
    if (tree == NULL)
        null_put(w, str_of(key));
    else
        tree_put(w, str_of(key), tree);
}

struct err jw_done(struct jw *w, struct str *body)
{
    if (w->failed.kind != ERR_NONE)
        return w->failed;
    ENSURE(w->wrote && w->depth == 0, ERR_BUG, "unfinished JSON");
    TRY(buf_check(&w->out));
    *body = buf_str(&w->out);
    return OK;
}
