/* Policy texts: every one that was ever in force is kept whole, under the SHA-256 of its bytes. */
#ifndef ENGINE_STORE_POLICIES_H
#define ENGINE_STORE_POLICIES_H

#include "engine/store/store.h"

/* Keeps the text unless the book has it already; notes the effect when it was new. */
MUST_CHECK struct err policy_keep(struct tx *tx, const char *digest, struct str text, bool *is_new);

/* ERR_MISSING when the book never had it. */
MUST_CHECK struct err policy_text_load(struct tx *tx, struct arena *arena, const char *digest,
                                       const char **text);

/* The digest that begins so. ERR_MISSING when none does, ERR_INPUT when several do. */
MUST_CHECK struct err policy_digest_find(struct tx *tx, struct arena *arena, const char *begin,
                                         const char **digest);

/* The digest of the policy of the latest POLICY_LOADED event; NULL when there is none. */
MUST_CHECK struct err policy_in_force(struct tx *tx, struct arena *arena, const char **digest);

/* What was proved of a policy (engine/gate/proof.h), and by what: any of it another, and it is
 * proved again. */
struct policy_proof {
    const char *digest;  /* of the policy's text */
    const char *binding; /* of what the book's master data makes of it */
    int64_t gate_version, ask_schema, proof_version;
};

/* One of the latest events that start an engine, put a policy in force or propose one says so in
 * its detail's `proof`. Nothing else is trusted: who could forge it could forge any event. */
MUST_CHECK struct err policy_was_proved(struct tx *tx, const struct policy_proof *proof, bool *yes);

/* The digest of the policy that an event names; NULL when it names none. */
MUST_CHECK struct err policy_of_event(struct tx *tx, struct arena *arena, int64_t seq,
                                      const char **digest);

#endif
