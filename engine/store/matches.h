/* Matches: what was proposed (written once) and what became of it (a state row of its own). An
 * entry stands in at most one live match, one that is proposed or confirmed: live_legs' key says
 * so. */
#ifndef ENGINE_STORE_MATCHES_H
#define ENGINE_STORE_MATCHES_H

#include "common/base/money.h"
#include "engine/gate/ask.h"
#include "engine/store/entries.h"
#include "engine/store/store.h"

/* One entry in a match. `amount_minor` as the entry has it, or (`part`) less, of the same sign. */
struct leg {
    const char *entry_id;
    int64_t version;
    enum side side;
    int64_t amount_minor;
    bool part;
};

struct match {
    const char *match_id;
    const char *entity_id, *account_id;
    const char *class_;     /* exact_match, fuzzy_match, multi_to_one, offset */
    const char *match_type; /* exact, one_to_many, fee … */
    const char *rule;       /* "exact/1", or "manual/1" for a proposal by hand */
    int64_t rule_version;
    enum source source;
    const char *proposer; /* actor id */
    const char *proposer_principal, *proposer_obo;
    const char *composition_sha256; /* match_composition */
    struct money amount;            /* the larger side's sum of absolute legs */
    int64_t difference_minor;       /* bank less book */
    const char *difference_account; /* where the difference goes; NULL: none, or not named */
    int64_t score_bp;
    bool ambiguous, sure;
    struct leg *legs; /* sorted by entry id */
    size_t legs_n;
    const char *evidence; /* JSON */
    const char *rationale;
    int64_t seq; /* of the event that proposed it */

    enum match_state state; /* PROPOSED until a state row says otherwise */
    int64_t version;        /* 1 when proposed, +1 for each transition */
    int64_t state_seq;      /* of the event that made the state; 0: none yet */
};

/* SHA-256 over the rule and the sorted (entry id, version) pairs, a part with its amount: "the same
 * proposal". */
MUST_CHECK struct err match_composition(struct arena *arena, const char *rule,
                                        const struct leg *legs, size_t n, const char **sha256);

/* Fills amount and difference from the legs; ERR_LIMIT when a sum does not fit. */
MUST_CHECK struct err match_measure(struct match *m, const char *currency);

/* ERR_MISSING when there is none. */
MUST_CHECK struct err match_load(struct tx *tx, struct arena *arena, const char *match_id,
                                 struct match *m);

/* Writes a new proposal (match_id NULL: made here) and takes its entries, or its parts of them.
 * ERR_CONFLICT when one of them stands in a live match already, or less is open of it; the caller
 * then undoes its savepoint or skips it. Notes no effect: the caller does, row or bulk, also for
 * the row of its difference (match_names_difference). */
MUST_CHECK struct err match_insert(struct tx *tx, struct match *m);
/* The same for a match of whole entries, as the matcher makes them; when one of them stands in a
 * live match nothing is written and *taken is true. */
MUST_CHECK struct err match_insert_open(struct tx *tx, struct match *m, bool *taken);

/* The live match that took the entry, or the last part of it; *match_id NULL while something is
 * left of it. */
MUST_CHECK struct err match_of_entry(struct tx *tx, struct arena *arena, const char *entry_id,
                                     const char **match_id);

/* The same composition was rejected or reversed before. */
MUST_CHECK struct err match_was_rejected(struct tx *tx, const char *composition_sha256, bool *yes);

/* The legs of an account's reversed matches, whatever rule had found them: what people took back is
 * not proposed to them again by the matcher. */
struct reversed {
    const char **sha256; /* ascending: match_composition without a rule */
    size_t n;
};
MUST_CHECK struct err reversed_load(struct tx *tx, struct arena *arena, const char *entity_id,
                                    const char *account_id, struct reversed *reversed);
MUST_CHECK struct err reversed_has(const struct reversed *reversed, struct arena *arena,
                                   const struct leg *legs, size_t n, bool *yes);

/* Has this actor asked the gate about this match under this policy? */
MUST_CHECK struct err match_was_asked(struct tx *tx, const char *match_id, const char *actor,
                                      const char *policy_version, bool *yes);

/* Moves the match on: ERR_CONFLICT unless it stands at `m->version`. Lets its entries go when the
 * new state is not a live one. Notes the effect, updates *m. */
MUST_CHECK struct err match_transition(struct tx *tx, struct match *m, enum match_state to,
                                       const char *actor);

/* Matches by state in an account or (account NULL) an entity, ordered by id, from behind `after`.
 */
MUST_CHECK struct err matches_list(struct tx *tx, struct arena *arena, const char *entity_id,
                                   const char *account_id, enum match_state state,
                                   const char *after, int64_t limit, struct match **rows,
                                   size_t *n);

struct match_counts {
    int64_t proposed, confirmed, rejected, reversed;
};
MUST_CHECK struct err matches_count(struct tx *tx, const char *entity_id,
                                    struct match_counts *counts);

/* Confirmed matches of one type: how many, and the sum of their amounts. */
struct match_sum {
    const char *match_type;
    bool by_policy; /* the engine confirmed them; else people did */
    struct money amount;
    int64_t count;
};
MUST_CHECK struct err matches_confirmed(struct tx *tx, struct arena *arena, const char *entity_id,
                                        struct match_sum **sums, size_t *n);

#endif
