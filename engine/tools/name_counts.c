/* Counts by name. */
#include "engine/tools/name_counts.h"

struct err name_count_add(struct arena *arena, struct name_count **list, struct str name)
{
    struct name_count *t = *list;
    while (t != NULL && !str_is(name, t->name))
        t = t->next;
    if (t == NULL) {
        t = ARENA_NEW(arena, struct name_count);
        const char *kept = str_dup(arena, name);
        ENSURE(t != NULL && kept != NULL, ERR_LIMIT, "out of memory");
        *t = (struct name_count){.name = kept, .next = *list};
        *list = t;
    }
    t->count++;
    return OK;
}

struct json *name_counts_print(struct arena *arena, const struct name_count *list)
{
    struct json *o = json_object_new(arena);
    for (const struct name_count *t = list; t != NULL; t = t->next)
        json_put_int(arena, o, t->name, t->count);
    return o;
}
