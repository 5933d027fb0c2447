/* Private to engine/tools: what confirming and rejecting a proposal have in common. */
#ifndef ENGINE_TOOLS_PROPOSAL_H
#define ENGINE_TOOLS_PROPOSAL_H

#include "engine/store/matches.h"
#include "engine/tools/tool.h"

/* Loads the match with every fact the gate judges; c->planned is it. */
MUST_CHECK struct err proposal_plan(struct call *c, struct tx *tx, const char *match_id);

/* The result of a tool that moved a match on. */
struct match_moved {
    const char *match_id, *state;
    int64_t version;
};
#define MATCH_MOVED_FIELDS 3
extern const struct json_field match_moved_fields[MATCH_MOVED_FIELDS];

/* Says where the match stands now: c->state_to and c->result. */
MUST_CHECK struct err match_moved(struct call *c, const struct match *m);

#endif
