/* FNV-1a into counters: what is removed leaves no trace. */
#include "engine/mcp/watch.h"

static size_t slot_of(const char *text)
{
    uint64_t h = 14695981039346656037u;
    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return (size_t)((h ^ (h >> 32)) % WATCH_SLOTS);
}

void watch_add(struct watch *w, const char *text)
{
    w->slots[slot_of(text)]++;
    w->n++;
    w->turn++;
}

void watch_remove(struct watch *w, const char *text)
{
    w->slots[slot_of(text)]--;
    w->n--;
}

bool watch_has(const struct watch *w, const char *text)
{
    return w->slots[slot_of(text)] > 0;
}
