/* Exceptions with their entries, read one after the other: what lists that choose, count and put in
 * order are made from. */
#ifndef ENGINE_STORE_EXCEPTION_WALK_H
#define ENGINE_STORE_EXCEPTION_WALK_H

#include "common/base/money.h"
#include "common/base/str.h"
#include "engine/store/exceptions.h"

/* The texts are the statement's own, each with a NUL behind it, and gone with the next row; .at is
 * NULL where there is none. */
struct exception_line {
    struct str exception_id, entry_id, account_id, class_, assignee;
    struct str counterparty, memo, reference;
    enum exception_state state;
    struct date date; /* the entry's */
    struct money amount;
};
typedef struct err (*exception_line_fn)(void *arg, const struct exception_line *row);

/* Those of an entity that stand; or all that ever ended, of entries in a match or not. */
MUST_CHECK struct err exceptions_walk(struct tx *tx, const char *entity_id, bool ended,
                                      exception_line_fn fn, void *arg);

#endif
