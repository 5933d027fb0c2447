/* Private to engine/tools: the book's entries as the matcher wants them, and its answer as
 * proposals. */
#ifndef ENGINE_TOOLS_RECON_INPUTS_H
#define ENGINE_TOOLS_RECON_INPUTS_H

#include "engine/gate/policy.h"
#include "engine/recon/pass.h"
#include "engine/store/exceptions.h"
#include "engine/store/master.h"
#include "engine/store/matches.h"

/* policy.matching for an account in this currency, with the holidays of the entity's calendar over
 * the entries' dates. `version` (the policy's digest) names them in the evidence. */
MUST_CHECK struct err recon_params_of(struct arena *arena, const struct policy *policy,
                                      const struct entity *entity, const char *currency,
                                      const struct entry *entries, size_t n,
                                      struct recon_params *params);

/* Bank entries on one side, GL and subledger on the other. */
MUST_CHECK struct err recon_entries_of(struct arena *arena, const struct entry *entries, size_t n,
                                       struct recon_entry **out);

/* The matcher's match as a proposal with its evidence. A fee goes to `fee_account_id`, when there
 * is one. */
MUST_CHECK struct err proposal_of(struct arena *arena, const struct recon_result *result,
                                  const struct recon_match *rm, const struct entry *entries,
                                  const char *fee_account_id, struct match *m);

/* What stayed behind, with its near misses. */
MUST_CHECK struct err exception_of(struct arena *arena, const struct recon_result *result,
                                   const struct recon_exception *re, const struct entry *entries,
                                   struct exception_row *row);

#endif
