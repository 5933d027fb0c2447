/* People who have signed in: how notices reach them. Roles and whether they may do anything is the
 * engine's registry's to say. */
#ifndef AGENT_STORE_PEOPLE_H
#define AGENT_STORE_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/store/agent_db.h"

struct contact {
    const char *principal_id, *actor, *name;
    const char *email; /* NULL: not known */
    const char *zone;  /* IANA; NULL: not known */
    int64_t updated_us;
};

/* New, or as it is now; an e-mail or zone that is NULL keeps what was known. In a transaction. */
MUST_CHECK struct err contact_put(struct agent_db *db, const struct contact *c);
MUST_CHECK struct err contact_find(struct agent_db *db, struct arena *arena,
                                   const char *principal_id, bool *found, struct contact *c);
/* Everybody, by principal_id; at most `max`. */
MUST_CHECK struct err contacts_list(struct agent_db *db, struct arena *arena, size_t max,
                                    struct contact **out, size_t *n);

#endif
