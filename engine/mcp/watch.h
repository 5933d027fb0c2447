/* What is followed by anybody: a counting filter over the URIs and task ids, so that of many
 * changes only those somebody waits for are looked at. */
#ifndef ENGINE_MCP_WATCH_H
#define ENGINE_MCP_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_SLOTS 4096

struct watch {
    uint32_t slots[WATCH_SLOTS];
    size_t n;      /* followed in all */
    uint64_t turn; /* rises with each addition */
};

void watch_add(struct watch *w, const char *text);
void watch_remove(struct watch *w, const char *text); /* once for each watch_add */
/* Never no when somebody follows it; yes may be wrong. */
bool watch_has(const struct watch *w, const char *text);

#endif
