/* The tree: nodes, growth by doubling, and lookup. The members of an object stand in the order they
 * came and hang in an AA tree over their keys as well (Andersson 1993), so that finding a twin
 * costs O(log n) whatever keys an attacker chooses; a hash would need a secret, and the pure ring
 * has none. */
#include "common/base/json.h"

#include <string.h>

#include "common/base/civil.h"
#include "common/base/invariant.h"

static struct json *node_new(struct arena *arena, enum json_type type)
{
    struct json *node = ARENA_NEW(arena, struct json);
    if (node != NULL)
        node->type = type;
    return node;
}

static struct json *node_with_text(struct arena *arena, enum json_type type, struct str text)
{
    char *copy = str_dup(arena, text);
    struct json *node = copy == NULL ? NULL : node_new(arena, type);
    if (node != NULL)
        node->text = (struct str){.at = copy, .len = text.len};
    return node;
}

struct json *json_null_new(struct arena *arena)
{
    return node_new(arena, JSON_TYPE_NULL);
}

struct json *json_bool_new(struct arena *arena, bool truth)
{
    struct json *node = node_new(arena, JSON_TYPE_BOOL);
    if (node != NULL)
        node->truth = truth;
    return node;
}

struct json *json_int_new(struct arena *arena, int64_t n)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (n < 0)
        digits[--at] = '-';
    return node_with_text(arena, JSON_TYPE_NUMBER,
                          (struct str){.at = digits + at, .len = sizeof digits - at});
}

struct json *json_number_new(struct arena *arena, struct str literal)
{
    INVARIANT(json_number_valid(literal));
    return node_with_text(arena, JSON_TYPE_NUMBER, literal);
}

struct json *json_text_new(struct arena *arena, const char *text)
{
    return text == NULL ? json_null_new(arena) : json_str_new(arena, str_of(text));
}

struct json *json_str_new(struct arena *arena, struct str text)
{
    return node_with_text(arena, JSON_TYPE_TEXT, text);
}

struct json *json_array_new(struct arena *arena)
{
    return node_new(arena, JSON_TYPE_ARRAY);
}

struct json *json_object_new(struct arena *arena)
{
    return node_new(arena, JSON_TYPE_OBJECT);
}

struct json *json_raw_new(struct arena *arena, struct str text)
{
    struct json *node = node_new(arena, JSON_TYPE_RAW);
    if (node != NULL)
        node->text = text;
    return node;
}

/* Room for one more of `size` bytes: the old array, or a larger copy; NULL when the arena is full.
 */
static void *grown(struct arena *arena, struct json *node, void *old, size_t size)
{
    if (node->count < node->cap)
        return old;
    size_t cap = node->cap == 0 ? 4 : node->cap * 2;
    void *new = arena_array(arena, cap, size);
    if (new == NULL)
        return NULL;
    if (node->count > 0)
        memcpy(new, old, node->count * size);
    node->cap = cap;
    return new;
}

void json_push(struct arena *arena, struct json *array, const struct json *value)
{
    if (array == NULL || value == NULL)
        return;
    INVARIANT(array->type == JSON_TYPE_ARRAY);
    const struct json **items = grown(arena, array, array->items, sizeof *array->items);
    if (items == NULL)
        return;
    array->items = items;
    items[array->count++] = value;
}

/* ---- the search tree: ids are member index + 1, 0 is nil, and nil has level 0 ---- */

/* By UTF-16 code units, as RFC 8785 3.2.3 sorts, so that jcs.c may just walk the tree. On UTF-8
 * that is the order of bytes, but for U+E000 to U+FFFF (EE, EF), which come after the surrogates of
 * F0 to F4. */
static int key_cmp(struct str a, struct str b)
{
    size_t i = 0;
    while (i < a.len && i < b.len && a.at[i] == b.at[i])
        i++;
    if (i == a.len || i == b.len)
        return (a.len > b.len) - (a.len < b.len);
    unsigned char x = (unsigned char)a.at[i], y = (unsigned char)b.at[i];
    bool swapped = (x >= 0xEE && x <= 0xEF && y >= 0xF0) || (y >= 0xEE && y <= 0xEF && x >= 0xF0);
    return (x < y) != swapped ? -1 : 1;
}

static uint32_t level_of(const struct json_member *m, uint32_t id)
{
    return id == 0 ? 0 : m[id - 1].level;
}

/* A left child on the same level becomes the parent. */
static uint32_t aa_skew(struct json_member *m, uint32_t id)
{
    uint32_t left = m[id - 1].left;
    if (left == 0 || level_of(m, left) != level_of(m, id))
        return id;
    m[id - 1].left = m[left - 1].right;
    m[left - 1].right = id;
    return left;
}

/* Two right children on the same level: the middle one rises. */
static uint32_t aa_split(struct json_member *m, uint32_t id)
{
    uint32_t right = m[id - 1].right;
    if (right == 0 || level_of(m, m[right - 1].right) != level_of(m, id))
        return id;
    m[id - 1].right = m[right - 1].left;
    m[right - 1].left = id;
    m[right - 1].level++;
    return right;
}

/* Hangs `fresh` below `id` and returns the new top. Recursion is as deep as the tree: 2 log2 n. */
static uint32_t aa_insert(struct json_member *m, uint32_t id, uint32_t fresh)
{
    if (id == 0)
        return fresh;
    if (key_cmp(m[fresh - 1].key, m[id - 1].key) < 0)
        m[id - 1].left = aa_insert(m, m[id - 1].left, fresh);
    else
        m[id - 1].right = aa_insert(m, m[id - 1].right, fresh);
    return aa_split(m, aa_skew(m, id));
}

static uint32_t member_id(const struct json *object, struct str key)
{
    uint32_t id = object->root;
    while (id != 0) {
        const struct json_member *m = &object->members[id - 1];
        int c = key_cmp(key, m->key);
        if (c == 0)
            return id;
        id = c < 0 ? m->left : m->right;
    }
    return 0;
}

static struct json_member *member_append(struct arena *arena, struct json *object, struct str key,
                                         const struct json *value)
{
    const char *copy = str_dup(arena, key);
    struct json_member *members =
        copy == NULL || object->count >= UINT32_MAX - 1
            ? NULL
            : grown(arena, object, object->members, sizeof *object->members);
    if (members == NULL)
        return NULL;
    object->members = members;
    uint32_t id = (uint32_t)++object->count;
    members[id - 1] =
        (struct json_member){.key = {.at = copy, .len = key.len}, .value = value, .level = 1};
    object->root = aa_insert(members, object->root, id);
    return &members[id - 1];
}

struct json_member *json_add(struct arena *arena, struct json *object, struct str key,
                             const struct json *value)
{
    if (object == NULL || value == NULL)
        return NULL;
    INVARIANT(object->type == JSON_TYPE_OBJECT);
    if (member_id(object, key) != 0)
        return NULL;
    return member_append(arena, object, key, value);
}

void json_put(struct arena *arena, struct json *object, const char *key, const struct json *value)
{
    if (object == NULL || value == NULL)
        return;
    INVARIANT(object->type == JSON_TYPE_OBJECT);
    uint32_t id = member_id(object, str_of(key));
    if (id != 0)
        object->members[id - 1].value = value;
    else
        (void)member_append(arena, object, str_of(key), value);
}

void json_put_text(struct arena *arena, struct json *object, const char *key, const char *text)
{
    json_put(arena, object, key, json_text_new(arena, text));
}

void json_put_known(struct arena *arena, struct json *object, const char *key, const char *text)
{
    if (text != NULL)
        json_put_text(arena, object, key, text);
}

void json_put_int(struct arena *arena, struct json *object, const char *key, int64_t n)
{
    json_put(arena, object, key, json_int_new(arena, n));
}

void json_put_bool(struct arena *arena, struct json *object, const char *key, bool truth)
{
    json_put(arena, object, key, json_bool_new(arena, truth));
}

void json_put_instant(struct arena *arena, struct json *object, const char *key, int64_t us)
{
    char text[INSTANT_TEXT_MAX];
    instant_print(us, text);
    json_put_text(arena, object, key, text);
}

/* ---- asking ---- */

bool json_is(const struct json *node, enum json_type type)
{
    return node != NULL && node->type == type;
}

const struct json_member *json_find(const struct json *object, struct str key)
{
    uint32_t id = json_is(object, JSON_TYPE_OBJECT) ? member_id(object, key) : 0;
    return id == 0 ? NULL : &object->members[id - 1];
}

const struct json *json_get(const struct json *object, const char *key)
{
    const struct json_member *m = json_find(object, str_of(key));
    return m == NULL ? NULL : m->value;
}

const char *json_text(const struct json *node)
{
    if (!json_is(node, JSON_TYPE_TEXT) || memchr(node->text.at, '\0', node->text.len) != NULL)
        return NULL;
    return node->text.at;
}

const char *json_get_text(const struct json *object, const char *key)
{
    return json_text(json_get(object, key));
}

static size_t digits_at(struct str s, size_t i)
{
    size_t n = 0;
    while (i + n < s.len && s.at[i + n] >= '0' && s.at[i + n] <= '9')
        n++;
    return n;
}

bool json_int(const struct json *node, int64_t *n)
{
    if (!json_is(node, JSON_TYPE_NUMBER))
        return false;
    struct str s = node->text;
    bool negative = s.len > 0 && s.at[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == s.len || digits_at(s, i) != s.len - i)
        return false;
    int64_t value = 0;
    for (; i < s.len; i++) {
        int digit = s.at[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    *n = value;
    return true;
}

bool json_number_valid(struct str s)
{
    size_t i = s.len > 0 && s.at[0] == '-' ? 1 : 0;
    size_t whole = digits_at(s, i);
    if (whole == 0 || (whole > 1 && s.at[i] == '0'))
        return false;
    i += whole;
    if (i < s.len && s.at[i] == '.') {
        size_t part = digits_at(s, i + 1);
        if (part == 0)
            return false;
        i += 1 + part;
    }
    if (i < s.len && (s.at[i] == 'e' || s.at[i] == 'E')) {
        i++;
        if (i < s.len && (s.at[i] == '+' || s.at[i] == '-'))
            i++;
        size_t power = digits_at(s, i);
        if (power == 0)
            return false;
        i += power;
    }
    return i == s.len;
}

static bool members_equal(const struct json *a, const struct json *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct json_member *m = json_find(b, a->members[i].key);
        if (m == NULL || !json_equal(a->members[i].value, m->value))
            return false;
    }
    return true;
}

static bool items_equal(const struct json *a, const struct json *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (!json_equal(a->items[i], b->items[i]))
            return false;
    }
    return true;
}

bool json_equal(const struct json *a, const struct json *b)
{
    if (a == NULL || b == NULL || a == b)
        return a == b;
    if (a->type != b->type || a->count != b->count)
        return false;
    switch (a->type) {
    case JSON_TYPE_NULL:
        return true;
    case JSON_TYPE_BOOL:
        return a->truth == b->truth;
    case JSON_TYPE_NUMBER:
    case JSON_TYPE_TEXT:
    case JSON_TYPE_RAW:
        return str_eq(a->text, b->text);
    case JSON_TYPE_ARRAY:
        return items_equal(a, b);
    case JSON_TYPE_OBJECT:
        return members_equal(a, b);
    }
    return false;
}

const char *json_type_name(enum json_type type)
{
    static const char *const names[] = {"null",     "true or false", "a number", "text",
                                        "an array", "an object",     "raw JSON"};
    return (size_t)type < sizeof names / sizeof names[0] ? names[type] : "nothing";
}
