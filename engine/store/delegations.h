/* Seats lent for a while (DESIGN §6: delegation lends a seat, never merges two). A loan counts from
 * its instant on, until its last, while both are active and the lender is not frozen. */
#ifndef ENGINE_STORE_DELEGATIONS_H
#define ENGINE_STORE_DELEGATIONS_H

#include "engine/gate/ask.h"
#include "engine/store/store.h"

struct delegation {
    const char *lender, *borrower; /* principals */
    const char *from, *until;      /* instants' texts */
    const char *rationale;
    int64_t version; /* 0: none yet */
};

/* The loan from this lender to this borrower, also one that is over; version 0 when there never was
 * one. */
MUST_CHECK struct err delegation_load(struct tx *tx, struct arena *arena, const char *lender,
                                      const char *borrower, struct delegation *d);
/* In the place of the one before; notes the effect. */
MUST_CHECK struct err delegation_put(struct tx *tx, const struct delegation *d);

/* The loans in force that the principal gave (`lent`) or has, by the other's id. */
MUST_CHECK struct err delegations_now(struct tx *tx, struct arena *arena, const char *principal,
                                      bool lent, struct delegation **loans, size_t *n);

/* The roles that others lend to this principal now, each with its lender. Only what a lender holds
 * itself: a lent seat is not lent on. */
MUST_CHECK struct err lent_roles(struct tx *tx, struct arena *arena, const char *borrower,
                                 struct ask_role **roles, size_t *n);

#endif
