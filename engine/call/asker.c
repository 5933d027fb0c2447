/* Flows are FNV-1a over what names somebody: short, and its collisions only make two wait behind
 * each other. */
#include "engine/call/asker.h"

#include <string.h>

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

struct asker asker_with(struct asker asker, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++)
        asker.flow = (asker.flow ^ at[i]) * FNV_PRIME;
    return asker;
}

struct asker asker_of_bytes(enum lane lane, const void *bytes, size_t len)
{
    return asker_with((struct asker){.lane = lane, .flow = FNV_BASIS}, bytes, len);
}

/* With its NUL, so that what follows is not read as more of it. */
static struct asker with_text(struct asker asker, const char *text)
{
    return asker_with(asker, text == NULL ? "" : text, text == NULL ? 1 : strlen(text) + 1);
}

struct asker asker_of(const struct actor *a)
{
    if (a->kind == ACTOR_HUMAN)
        return with_text(asker_of_bytes(LANE_PEOPLE, NULL, 0),
                         a->principal == NULL ? a->id : a->principal);
    struct asker asker = with_text(asker_of_bytes(LANE_MACHINES, NULL, 0), a->client);
    return with_text(asker, a->kind == ACTOR_LLM ? a->on_behalf_of : a->id);
}
