/* Two trees, side by side. Depth is bounded by the reader that made them. */
#include "engine/tools/policy_diff.h"

#define ROWS_MAX 500

struct diff {
    struct arena *arena;
    struct json *rows;
    int64_t more;
};

static void tell(struct diff *d, const char *at, const struct json *a, const struct json *b)
{
    struct json *row = json_object_new(d->arena);
    if (d->rows != NULL && d->rows->count >= ROWS_MAX) {
        d->more++;
        return;
    }
    json_put_text(d->arena, row, "pointer", at);
    if (a != NULL)
        json_put(d->arena, row, "before", a);
    if (b != NULL)
        json_put(d->arena, row, "after", b);
    json_push(d->arena, d->rows, row);
}

static const char *step(struct diff *d, const char *at, size_t i)
{
    return arena_fmt(d->arena, "%s/%zu", at == NULL ? "" : at, i);
}

static void compare(struct diff *d, const char *at, const struct json *a, const struct json *b);

static void compare_objects(struct diff *d, const char *at, const struct json *a,
                            const struct json *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct json_member *m = &a->members[i], *now = json_find(b, m->key);
        const char *below = json_pointer_join(d->arena, at, m->key);
        if (now == NULL)
            tell(d, below, m->value, NULL);
        else
            compare(d, below, m->value, now->value);
    }
    for (size_t i = 0; i < b->count; i++) {
        if (json_find(a, b->members[i].key) == NULL)
            tell(d, json_pointer_join(d->arena, at, b->members[i].key), NULL, b->members[i].value);
    }
}

/* The rule of this id; NULL also when `id` is. */
static const struct json *by_id(const struct json *array, const char *id)
{
    for (size_t i = 0; id != NULL && i < array->count; i++) {
        if (text_eq(json_get_text(array->items[i], "id"), id))
            return array->items[i];
    }
    return NULL;
}

static bool all_have_ids(const struct json *array)
{
    for (size_t i = 0; i < array->count; i++) {
        if (json_get_text(array->items[i], "id") == NULL)
            return false;
    }
    return true;
}

static void compare_by_id(struct diff *d, const char *at, const struct json *a,
                          const struct json *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (by_id(b, json_get_text(a->items[i], "id")) == NULL)
            tell(d, step(d, at, i), a->items[i], NULL);
    }
    for (size_t i = 0; i < b->count; i++)
        compare(d, step(d, at, i), by_id(a, json_get_text(b->items[i], "id")), b->items[i]);
}

/* Between what is the same at both ends: pair by pair when nothing came or went, else all that left
 * and all that came. */
static void compare_by_place(struct diff *d, const char *at, const struct json *a,
                             const struct json *b)
{
    size_t begin = 0, tail = 0, least = a->count < b->count ? a->count : b->count;
    while (begin < least && json_equal(a->items[begin], b->items[begin]))
        begin++;
    while (begin + tail < least &&
           json_equal(a->items[a->count - 1 - tail], b->items[b->count - 1 - tail]))
        tail++;
    if (a->count == b->count) {
        for (size_t i = begin; i < a->count - tail; i++)
            compare(d, step(d, at, i), a->items[i], b->items[i]);
        return;
    }
    for (size_t i = begin; i < a->count - tail; i++)
        tell(d, step(d, at, i), a->items[i], NULL);
    for (size_t i = begin; i < b->count - tail; i++)
        tell(d, step(d, at, i), NULL, b->items[i]);
}

static void compare(struct diff *d, const char *at, const struct json *a, const struct json *b)
{
    if (a != NULL && json_equal(a, b))
        return;
    if (json_is(a, JSON_TYPE_OBJECT) && json_is(b, JSON_TYPE_OBJECT))
        compare_objects(d, at, a, b);
    else if (!json_is(a, JSON_TYPE_ARRAY) || !json_is(b, JSON_TYPE_ARRAY))
        tell(d, at, a, b);
    else if (all_have_ids(a) && all_have_ids(b))
        compare_by_id(d, at, a, b);
    else
        compare_by_place(d, at, a, b);
}

struct err policy_diff(struct arena *arena, const struct json *before, const struct json *after,
                       struct json **changes)
{
    struct diff d = {.arena = arena, .rows = json_array_new(arena)};
    compare(&d, "", before, after);
    if (d.more > 0) {
        struct json *row = json_object_new(arena);
        json_put_int(arena, row, "more", d.more);
        json_push(arena, d.rows, row);
    }
    *changes = d.rows;
    return arena_check(arena);
}
