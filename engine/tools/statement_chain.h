/* An account's statements as a chain, over all of its currencies: is one broken, or behind a gap?
 */
#ifndef ENGINE_TOOLS_STATEMENT_CHAIN_H
#define ENGINE_TOOLS_STATEMENT_CHAIN_H

#include "engine/store/files.h"

/* A statement that does not add up, or does not begin where the one before it ended, holds the
 * engine back from confirming anything of the account by itself. */
MUST_CHECK struct err statement_chain_broken(struct tx *tx, struct arena *arena,
                                             const char *entity_id, const char *account_id,
                                             bool *broken);

/* In words, how this statement (as it is in the book now) does not follow on the one before it, or
 * how the one behind it does not follow on this; NULL when there is no gap at it. */
MUST_CHECK struct err statement_gap(struct tx *tx, struct arena *arena, const struct statement *s,
                                    const char **gap);

#endif
