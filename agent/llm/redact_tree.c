/* A tree: each text by itself, and by what the name of its member says of it. */
#include <string.h>

#include "agent/llm/redact_own.h"
#include "common/sys/json_read.h"

#define DEPTH_MAX 64u

struct walk {
    const struct redactor *r;
    struct arena *arena;
    size_t *count;
};

static struct err walk(const struct walk *w, const struct json *node, struct named named,
                       unsigned depth, const struct json **out);

static struct err of_text(const struct walk *w, struct str text, struct named named,
                          struct str *out)
{
    bool hidden = false;
    if (named.all)
        TRY(redact_whole(w->arena, text, named.least, out, &hidden));
    *w->count += hidden;
    if (named.all) /* what it holds is no number as a whole: it is looked through like any text */
        named = (struct named){.all = false};
    return hidden ? OK : redact_behind(w->r, w->arena, text, named, out, w->count);
}

/* A number is one when it is whole; the mask of one is text. */
static struct err of_scalar(const struct walk *w, const struct json *node, struct named named,
                            const struct json **out)
{
    struct str text = node->text;
    if (node->type == JSON_TYPE_NUMBER && strspn(text.at, "0123456789") < text.len)
        return OK;
    TRY(of_text(w, node->text, named, &text));
    if (text.at != node->text.at)
        *out = json_str_new(w->arena, text);
    return arena_check(w->arena);
}

static struct err of_array(const struct walk *w, const struct json *node, struct named named,
                           unsigned depth, const struct json **out)
{
    struct json *array = NULL;
    for (size_t i = 0; i < node->count; i++) {
        const struct json *item = node->items[i];
        TRY(walk(w, node->items[i], named, depth, &item));
        if (array == NULL && item == node->items[i])
            continue;
        if (array == NULL) {
            array = json_array_new(w->arena);
            for (size_t k = 0; k < i; k++)
                json_push(w->arena, array, node->items[k]);
        }
        json_push(w->arena, array, item);
    }
    *out = array == NULL ? node : array;
    return arena_check(w->arena);
}

/* {"iban": {"value": "…"}}: what the outer name says holds for the plainest of the inner ones. */
static struct named name_within(struct str key, struct named outer)
{
    static const char *const plain[] = {"value", "number", "no", "text", "digits"};
    for (size_t i = 0; outer.all && i < sizeof plain / sizeof plain[0]; i++) {
        if (str_is_nocase(key, plain[i]))
            return outer;
    }
    return find_name(key);
}

/* Two names may be the same once they are masked: the later ones are counted. */
static struct err member_add(const struct walk *w, struct json *object, struct str key,
                             const struct json *value)
{
    struct json_member *m = json_add(w->arena, object, key, value);
    for (size_t n = 2; m == NULL && !arena_full(w->arena); n++) {
        const char *other = arena_fmt(w->arena, "%.*s (%zu)", (int)key.len, key.at, n);
        m = json_add(w->arena, object, str_of(other), value);
    }
    return arena_check(w->arena);
}

/* The first `n` members, as they are. */
static struct json *object_begin(const struct walk *w, const struct json *node, size_t n)
{
    struct json *object = json_object_new(w->arena);
    for (size_t i = 0; i < n; i++)
        (void)json_add(w->arena, object, node->members[i].key, node->members[i].value);
    return object;
}

static struct err of_object(const struct walk *w, const struct json *node, struct named outer,
                            unsigned depth, const struct json **out)
{
    struct json *object = NULL;
    for (size_t i = 0; i < node->count; i++) {
        const struct json_member *m = &node->members[i];
        const struct json *value = m->value;
        struct str key;
        TRY(redact_text(w->r, w->arena, m->key, &key, w->count));
        TRY(walk(w, m->value, name_within(m->key, outer), depth, &value));
        if (object == NULL && key.at == m->key.at && value == m->value)
            continue;
        if (object == NULL)
            object = object_begin(w, node, i);
        TRY(member_add(w, object, key, value));
    }
    *out = object == NULL ? node : object;
    return arena_check(w->arena);
}

static struct err of_raw(const struct walk *w, const struct json *node, struct named named,
                         unsigned depth, const struct json **out)
{
    struct json *tree = NULL;
    const struct json_limits limits = {.depth_max = DEPTH_MAX, .bytes_max = REDACT_BYTES_MAX};
    TRY(json_read(w->arena, node->text, &limits, &tree));
    return walk(w, tree, named, depth, out);
}

static struct err walk(const struct walk *w, const struct json *node, struct named named,
                       unsigned depth, const struct json **out)
{
    *out = node;
    ENSURE(depth < DEPTH_MAX, ERR_LIMIT, "a result is nested too deeply to be redacted");
    if (json_is(node, JSON_TYPE_TEXT) || json_is(node, JSON_TYPE_NUMBER))
        return of_scalar(w, node, named, out);
    if (json_is(node, JSON_TYPE_ARRAY))
        return of_array(w, node, named, depth + 1, out);
    if (json_is(node, JSON_TYPE_OBJECT))
        return of_object(w, node, named, depth + 1, out);
    return json_is(node, JSON_TYPE_RAW) ? of_raw(w, node, named, depth + 1, out) : OK;
}

struct err redact_tree(const struct redactor *r, struct arena *arena, const struct json *tree,
                       const struct json **out, size_t *count)
{
    const struct walk w = {.r = r, .arena = arena, .count = count};
    return walk(&w, tree, (struct named){.all = false}, 0, out);
}
