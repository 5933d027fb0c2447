/* Private to engine/tools: whose eyes have been on a thing: who proposed it, who ever asked for the
 * act, who approved a stage of it, and on whose seats. */
#ifndef ENGINE_TOOLS_PEOPLE_FACTS_H
#define ENGINE_TOOLS_PEOPLE_FACTS_H

#include "engine/store/escalation_life.h"
#include "engine/tools/tool.h"

/* Who stands behind an act: whoever made the object, and who asked for the act or approved a stage
 * of it in an escalation of `tool` about it. */
struct people_of {
    const char *tool, *object_id;
    int64_t version;             /* of the object: what was asked or approved of another is past */
    const char *principal, *obo; /* who made it: a human, or the human behind an agent; or NULL */
};

/* Fills the ask's proposers and own_agents_of (the maker, and whoever ever asked, in any escalation
 * and however it ended), approvers_n and seats (of the open one: a stage counts for this version,
 * under this policy, before its expiry, of people who are still active and would not be barred
 * themselves). Call when the ask's amount, accounts and entities are there. */
MUST_CHECK struct err people_facts(struct call *c, struct tx *tx, const struct people_of *of);

#endif
