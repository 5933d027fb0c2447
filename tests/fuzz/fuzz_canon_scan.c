/* Lines of any bytes: what the scanner calls canonical, the tree prints to the same bytes, with the
 * same members in it; and the memory of earlier lines changes no answer. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/canon_memo.h"
#include "common/base/invariant.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAMES = 4 };
static const struct str names[NAMES] = {{"a", 1}, {"b", 1}, {"detail", 6}, {"seq", 3}};

/* The slow way: the tree, printed again. */
static struct json *canonical_tree(struct arena *arena, struct str text)
{
    static const struct json_limits limits = {.depth_max = CANON_SCAN_DEPTH};
    struct json *tree = NULL;
    struct str again;
    if (json_read(arena, text, &limits, &tree).kind != ERR_NONE ||
        jcs_text(arena, tree, &again).kind != ERR_NONE || !str_eq(text, again))
        return NULL;
    return tree;
}

static void member_is(struct arena *arena, const struct json *tree, struct str name,
                      struct str value)
{
    const struct json_member *m = json_find(tree, name);
    struct str printed;
    INVARIANT((m != NULL) == (value.at != NULL));
    if (m == NULL)
        return;
    INVARIANT(jcs_text(arena, m->value, &printed).kind == ERR_NONE);
    INVARIANT(str_eq(printed, value));
}

static void look(struct arena *arena, struct canon_memo *memo, struct str text)
{
    struct canon_find finds[NAMES] = {
        {.name = names[0]}, {.name = names[1]}, {.name = names[2]}, {.name = names[3]}};
    struct str values[NAMES];
    const bool surely = canon_surely(text, finds, NAMES);
    INVARIANT(canon_memo_surely(memo, text, values) == surely);
    if (!surely)
        return;
    const struct json *tree = canonical_tree(arena, text);
    INVARIANT(tree != NULL);
    for (size_t i = 0; i < NAMES; i++) {
        member_is(arena, tree, names[i], finds[i].value);
        INVARIANT((values[i].at == NULL) == (finds[i].value.at == NULL));
        INVARIANT(values[i].at == NULL || str_eq(values[i], finds[i].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 30);
    CLEANUP(canon_memo_free) struct canon_memo *memo = canon_memo_new(names, NAMES);
    struct str rest = {.at = (const char *)data, .len = size}, line;
    INVARIANT(arena != NULL && memo != NULL);
    bool more = size > 0;
    while (more) {
        more = str_cut(rest, '\n', &line, &rest);
        look(arena, memo, line);
    }
    return 0;
}
