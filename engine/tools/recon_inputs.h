/* Private to engine/tools: the book's entries as the matcher wants them, and its answer as
 * proposals. A large account is held once, compactly: what is proposed about it is worded when its
 * chunk is made, not before. */
#ifndef ENGINE_TOOLS_RECON_INPUTS_H
#define ENGINE_TOOLS_RECON_INPUTS_H

#include "engine/gate/policy.h"
#include "engine/recon/pass.h"
#include "engine/store/exceptions.h"
#include "engine/store/master.h"
#include "engine/store/matches.h"
#include "engine/store/matching_rules.h"

/* What is open in an account: bank entries on one side, GL and subledger on the other. */
struct open_account {
    const char *entity_id, *account_id; /* the caller's */
    struct recon_entry *entries;        /* owned, as all below */
    struct open_mark {
        uint32_t version;
        uint8_t side; /* enum side */
    } * marks;        /* beside entries */
    size_t n, cap;
    struct arena *texts;
};

/* Reads it on the snapshot of `tx`. On an error, too, it is the caller's to free. ERR_LIMIT when
 * the account needs more than a pass may have. */
MUST_CHECK struct err open_account_load(struct tx *tx, const char *entity_id,
                                        const char *account_id, struct open_account *open);
void open_account_free(struct open_account *open); /* takes one that is all zero */

/* policy.matching for an account in this currency, with the holidays of the entity's calendar over
 * the entries' dates. `version` (the policy's digest) names them in the evidence. */
MUST_CHECK struct err recon_params_of(struct arena *arena, const struct policy *policy,
                                      const struct entity *entity, const struct open_account *open,
                                      struct recon_params *params);

/* What the book says about an account's proposals beside its entries. */
struct proposal_ground {
    const char *fee_account_id;        /* where policy says that fees go; NULL: not said */
    const struct matching_rule *rules; /* in force, in the order the matcher was given them */
    size_t rules_n;
};

/* The matcher's match as a proposal, without its evidence. */
MUST_CHECK struct err proposal_of(struct arena *arena, const struct open_account *open,
                                  const struct recon_result *result, const struct recon_match *rm,
                                  const struct proposal_ground *ground, struct match *m);
/* Its evidence: RFC 8785 JSON. */
MUST_CHECK struct err proposal_evidence(struct arena *arena, const struct open_account *open,
                                        const struct recon_result *result,
                                        const struct recon_match *rm,
                                        const struct proposal_ground *ground, struct match *m);

/* What stayed behind, with its near misses. */
MUST_CHECK struct err exception_of(struct arena *arena, const struct open_account *open,
                                   const struct recon_result *result,
                                   const struct recon_exception *re, struct exception_row *row);

#endif
