/* Any bytes: refused, or read so that read → write → read gives the same tree, that the canonical
 * text is its own canonical text, and that a table binds, unbinds and binds again to the same. */
#include <stddef.h>
#include <stdint.h>

#include "common/base/invariant.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum mood { MOOD_NONE, MOOD_A, MOOD_B };

struct item {
    const char *t, *d;
};

struct pair {
    const char *k;
    int64_t v;
};

struct thing {
    const char *t, *d, *y;
    bool b;
    int64_t i;
    bool has_i;
    enum mood e;
    struct item *o;
    const char **ts;
    size_t nts;
    struct item *os;
    size_t nos;
    struct pair *m;
    size_t nm;
    const struct json *a;
};

static const char *const moods[] = {"", "a", "b", NULL};

static const struct json_field item_fields[] = {
    JSON_TEXT(struct item, t, .max = 5),
    JSON_DECIMAL(struct item, d, .literal = true),
};

static const struct json_field pair_fields[] = {
    JSON_TEXT(struct pair, k, .required = true),
    JSON_INT(struct pair, v),
};

static const struct json_field fields[] = {
    JSON_TEXT(struct thing, t, .max = 20),
    JSON_DECIMAL(struct thing, d),
    JSON_DATE(struct thing, y, .nullable = true),
    JSON_BOOL(struct thing, b),
    JSON_INT(struct thing, i, .has = JSON_HAS(struct thing, has_i)),
    JSON_ENUM(struct thing, e, moods),
    JSON_OBJECT_PTR(struct thing, o, item_fields),
    JSON_TEXTS(struct thing, ts, nts, .unique = true),
    JSON_OBJECTS(struct thing, os, nos, item_fields),
    JSON_MAP(struct thing, m, nm, pair_fields),
    JSON_ANY(struct thing, a),
};

static void written_is_read_again(struct arena *arena, const struct json *tree)
{
    CLEANUP(jw_fini) struct jw w;
    struct str body;
    struct json *again = NULL;
    jw_init(&w, 64 << 20);
    jw_tree(&w, NULL, tree);
    struct json_limits limits = {.bytes_max = 64 << 20};
    INVARIANT(jw_done(&w, &body).kind == ERR_NONE);
    INVARIANT(json_read(arena, body, &limits, &again).kind == ERR_NONE);
    INVARIANT(json_equal(tree, again));
}

static void canonical_is_stable(struct arena *arena, const struct json *tree)
{
    struct str once, twice;
    struct json *again = NULL;
    struct json_limits limits = {.bytes_max = 64 << 20};
    if (jcs_text(arena, tree, &once).kind != ERR_NONE)
        return; /* a number that no double holds */
    INVARIANT(json_read(arena, once, &limits, &again).kind == ERR_NONE);
    INVARIANT(jcs_text(arena, again, &twice).kind == ERR_NONE);
    INVARIANT(str_eq(once, twice));
}

static void bound_is_bound_again(struct arena *arena, const struct json *tree)
{
    struct thing thing, same;
    struct json *back = NULL, *more = NULL;
    struct err e = json_bind(arena, JSON_FIELDS(fields), tree, &thing);
    INVARIANT(e.kind == ERR_NONE || e.msg[0] != '\0');
    if (e.kind != ERR_NONE)
        return;
    INVARIANT(json_unbind(arena, JSON_FIELDS(fields), &thing, &back).kind == ERR_NONE);
    INVARIANT(json_bind(arena, JSON_FIELDS(fields), back, &same).kind == ERR_NONE);
    INVARIANT(json_unbind(arena, JSON_FIELDS(fields), &same, &more).kind == ERR_NONE);
    INVARIANT(json_equal(back, more));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 30);
    struct json *tree = NULL;
    struct str bytes = {.at = (const char *)data, .len = size};
    struct err e = json_read(arena, bytes, NULL, &tree);
    INVARIANT((e.kind == ERR_NONE) == (tree != NULL));
    if (tree == NULL)
        return 0;
    written_is_read_again(arena, tree);
    canonical_is_stable(arena, tree);
    bound_is_bound_again(arena, tree);
    return 0;
}
