/* Private to engine/tools: why an entry is not matched, in a sentence. */
#ifndef ENGINE_TOOLS_WHY_UNMATCHED_H
#define ENGINE_TOOLS_WHY_UNMATCHED_H

#include "engine/store/entries.h"
#include "engine/store/exceptions.h"
#include "engine/tools/tool.h"

/* How the entry stands: entry_state's answer, what is open of it, and its latest exception (NULL:
 * it never had one). */
struct standing {
    enum entry_state state;
    const char *match_id;
    struct money open;
    const struct exception_row *latest;
};
MUST_CHECK struct err why_unmatched(struct call *c, struct tx *tx, const struct entry *e,
                                    const struct standing *s, const char **why);

#endif
