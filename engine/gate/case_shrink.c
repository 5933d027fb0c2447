/* A case with as few facts as will do. */
#include "engine/gate/case.h"

/* The facts without one, and without those that were found to say nothing. */
static struct json *without(struct arena *arena, const struct json *given, const bool *dropped,
                            size_t but)
{
    struct json *o = json_object_new(arena);
    for (size_t i = 0; i < given->count; i++) {
        if (i != but && !dropped[i])
            json_put(arena, o, given->members[i].key.at, given->members[i].value);
    }
    return o;
}

const struct json *case_shrink(struct arena *arena, const struct policy *policy,
                               const struct json *given, case_fn *still, void *arg)
{
    bool *dropped = ARENA_ARRAY(arena, given->count, bool);
    if (dropped == NULL)
        return given;
    for (size_t i = 0; i < given->count; i++) {
        struct ask ask;
        if (str_is(given->members[i].key, "action"))
            continue;
        const struct json *smaller = without(arena, given, dropped, i);
        dropped[i] = smaller != NULL && case_read(arena, policy, smaller, &ask).kind == ERR_NONE &&
                     still(arg, &ask);
    }
    const struct json *smallest = without(arena, given, dropped, given->count);
    return arena_full(arena) ? given : smallest;
}
