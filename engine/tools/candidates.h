/* Private to engine/tools: what could have stood beside an entry, and why it does not. */
#ifndef ENGINE_TOOLS_CANDIDATES_H
#define ENGINE_TOOLS_CANDIDATES_H

#include "engine/store/entries.h"
#include "engine/store/exceptions.h"
#include "engine/tools/tool.h"

/* The near misses that the matcher kept with the exception (`x` may be NULL: none) and entries of
 * the other side with the same amount, each with `why`: the reasons that speak against it, in words
 * and with figures. */
MUST_CHECK struct err candidates_print(struct call *c, struct tx *tx, const struct entry *e,
                                       const struct exception_row *x, struct json **out);

/* Other entries of the same side with the same amount or counterparty, and where they stand. */
MUST_CHECK struct err similar_print(struct call *c, struct tx *tx, const struct entry *e,
                                    struct json **out);

#endif
