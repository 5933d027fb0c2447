/* Filters that people kept, each their own. */
#ifndef AGENT_STORE_FILTERS_H
#define AGENT_STORE_FILTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/store/agent_db.h"

#define FILTERS_MAX 100 /* of one person */

struct filter {
    const char *filter_id, *principal_id;
    const char *screen, *name, *query;
    int64_t created_us;
};

/* A filter of that person, screen and name is replaced and keeps its id, which is then in `f`.
 * ERR_LIMIT past FILTERS_MAX. In a transaction. */
MUST_CHECK struct err filter_put(struct agent_db *db, struct arena *arena, struct filter *f);
/* *found false: the person has none of that id. In a transaction. */
MUST_CHECK struct err filter_drop(struct agent_db *db, const char *principal_id,
                                  const char *filter_id, bool *found);
/* By screen and name. */
MUST_CHECK struct err filters_list(struct agent_db *db, struct arena *arena,
                                   const char *principal_id, struct filter **out, size_t *n);

#endif
