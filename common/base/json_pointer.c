/* RFC 6901: steps into a tree, and the place of an error as text. */
#include <string.h>

#include "common/base/json.h"

/* The array index a step spells: digits without a leading zero. False for anything else ("-" too).
 */
static bool step_index(struct str step, size_t *index)
{
    if (step.len == 0 || step.len > 18 || (step.len > 1 && step.at[0] == '0'))
        return false;
    size_t n = 0;
    for (size_t i = 0; i < step.len; i++) {
        if (step.at[i] < '0' || step.at[i] > '9')
            return false;
        n = n * 10 + (size_t)(step.at[i] - '0');
    }
    *index = n;
    return true;
}

/* Does the escaped step spell this key? *valid turns false on a ~ that is not ~0 or ~1. */
static bool step_is(struct str step, struct str key, bool *valid)
{
    size_t k = 0;
    bool same = true;
    for (size_t i = 0; i < step.len; i++, k++) {
        char c = step.at[i];
        if (c == '~') {
            char next = i + 1 < step.len ? step.at[++i] : '\0';
            *valid = *valid && (next == '0' || next == '1');
            c = next == '0' ? '~' : '/';
        }
        same = same && k < key.len && key.at[k] == c;
    }
    return same && k == key.len;
}

/* A step without escapes is looked up; one with them is compared with each key in turn. */
static const struct json *step_member(const struct json *object, struct str step)
{
    if (memchr(step.at, '~', step.len) == NULL) {
        const struct json_member *m = json_find(object, step);
        return m == NULL ? NULL : m->value;
    }
    bool valid = true;
    for (size_t i = 0; valid && i < object->count; i++) {
        if (step_is(step, object->members[i].key, &valid) && valid)
            return object->members[i].value;
    }
    return NULL;
}

static const struct json *step_into(const struct json *node, struct str step)
{
    size_t index;
    switch (node->type) {
    case JSON_TYPE_OBJECT:
        return step_member(node, step);
    case JSON_TYPE_ARRAY:
        return step_index(step, &index) && index < node->count ? node->items[index] : NULL;
    case JSON_TYPE_NULL:
    case JSON_TYPE_BOOL:
    case JSON_TYPE_NUMBER:
    case JSON_TYPE_TEXT:
    case JSON_TYPE_RAW:
        break;
    }
    return NULL;
}

/* Walks as far as the pointer leads: the last node met, and whether that was the end. */
static const struct json *walk(const struct json *tree, const char *pointer, bool *whole)
{
    const struct json *node = tree;
    const char *p = pointer;
    while (node != NULL && *p == '/') {
        size_t len = strcspn(p + 1, "/");
        const struct json *next = step_into(node, (struct str){.at = p + 1, .len = len});
        if (next == NULL)
            break;
        node = next;
        p += 1 + len;
    }
    *whole = *p == '\0';
    return node;
}

const struct json *json_pointer_get(const struct json *tree, const char *pointer)
{
    bool whole;
    const struct json *node = walk(tree, pointer, &whole);
    return whole ? node : NULL;
}

const char *json_pointer_join(struct arena *arena, const char *pointer, struct str key)
{
    size_t at = strlen(pointer);
    char *out = key.len > SIZE_MAX / 4 ? NULL : arena_alloc(arena, at + 1 + 2 * key.len + 1);
    if (out == NULL)
        return pointer;
    memcpy(out, pointer, at);
    out[at++] = '/';
    for (size_t i = 0; i < key.len; i++) {
        char c = key.at[i];
        if (c == '~' || c == '/')
            out[at++] = '~';
        out[at++] = c == '~' ? '0' : c == '/' ? '1' : c;
    }
    return out;
}

const char *json_where(struct arena *arena, const struct json *tree, const char *pointer)
{
    bool whole;
    const struct json *node = walk(tree, pointer, &whole);
    const char *where = pointer[0] == '\0' ? NULL : pointer;
    if (node == NULL || node->line == 0)
        return where;
    const char *text =
        arena_fmt(arena, "%u:%u%s%s", node->line, node->column, where == NULL ? "" : " ", pointer);
    return text == NULL ? where : text;
}
