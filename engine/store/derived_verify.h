/* Private to engine/store: bookkeeping tables that no row hash covers, derived again from what is
 * hashed. live_verify.h has those of the legs. */
#ifndef ENGINE_STORE_DERIVED_VERIFY_H
#define ENGINE_STORE_DERIVED_VERIFY_H

#include "engine/store/store.h"
#include "engine/store/tables.h"

struct derived_finding {
    const char *table; /* NULL: all say what they are derived from */
    const char *row;   /* that is missing or should not be there */
    const char *problem;
    enum table of; /* the hashed table it is derived from */
};

MUST_CHECK struct err derived_verify(struct tx *tx, struct arena *arena,
                                     struct derived_finding *finding);

#endif
