/* A match on its way to CONFIRMED, REJECTED or REVERSED. */
#include "engine/tools/proposal.h"

#include "engine/tools/match_facts.h"

const struct json_field match_moved_fields[MATCH_MOVED_FIELDS] = {
    JSON_TEXT(struct match_moved, match_id, .help = "the match"),
    JSON_TEXT(struct match_moved, state, .help = "what it became: CONFIRMED, REJECTED or REVERSED"),
    JSON_INT(struct match_moved, version, .help = "of the match, after this"),
};

struct err proposal_plan(struct call *c, struct tx *tx, const char *match_id)
{
    struct match *m = ARENA_NEW(c->arena, struct match);
    ENSURE(m != NULL, ERR_LIMIT, "out of memory");
    TRY(match_load(tx, c->arena, match_id, m));
    TRY(match_facts(c, tx, m));
    c->ask.state_valid = m->state == MATCH_PROPOSED;
    c->planned = m;
    return OK;
}

struct err match_moved(struct call *c, const struct match *m)
{
    c->state_to = match_state_name(m->state);
    const struct match_moved done = {
        .match_id = m->match_id, .state = c->state_to, .version = m->version};
    return json_unbind(c->arena, JSON_FIELDS(match_moved_fields), &done, &c->result);
}
