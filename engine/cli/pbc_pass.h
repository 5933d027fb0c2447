/* What the one pass over the log gathers beside the populations: figures that their queries (pbc.h)
 * give as well, at many times the cost, since SQL reads each event's text anew for each member. The
 * queries are what the auditor gets; a test asks them and compares. */
#ifndef ENGINE_CLI_PBC_PASS_H
#define ENGINE_CLI_PBC_PASS_H

#include "common/base/civil.h"
#include "engine/cli/pbc.h"

struct pbc_type {
    const char *event_type;
    int64_t events, first_seq, last_seq;
};

/* PBC_ACTORS_USED's rows. NULL: the event does not say. */
struct pbc_actor {
    const char *actor, *principal, *backend, *issuer;
    int64_t events, allowed, held, refused, first_seq, last_seq;
    const char *first_act;
    char last_act[INSTANT_TEXT_MAX];
};

enum { PBC_CLAIMS = 7 }; /* of pbc_unexpected */

struct pbc_gathered {
    struct arena *arena;
    struct pbc_type *types;
    size_t types_n, types_cap;
    struct pbc_actor *actors;
    size_t actors_n, actors_cap, actor_last;
    int64_t unexpected[PBC_CLAIMS];
};

/* `shown` as in struct pbc_event: types count every event, the rest those shown. */
MUST_CHECK struct err pbc_gather(struct pbc_gathered *g, const struct pbc_event *event);
/* In the order of the queries. */
void pbc_gathered_sort(struct pbc_gathered *g);

#endif
