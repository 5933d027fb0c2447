/* What a caller may see: the entities its roles reach. What concerns several entities is for those
 * who may see all of them, and what concerns none in particular is for those who may see every
 * one. */
#ifndef ENGINE_TOOLS_SCOPE_H
#define ENGINE_TOOLS_SCOPE_H

#include "engine/store/escalations.h"
#include "engine/store/matches.h"
#include "engine/tools/tool.h"

struct scope {
    bool all;
    const char *const *entities;
    size_t n;
};

MUST_CHECK struct err scope_load(struct call *c, struct tx *tx, struct scope *scope);
bool scope_has(const struct scope *scope, const char *entity);

/* Ids of the entities that the caller sees, or of the one that was asked for. ERR_MISSING at
 * /entity_id when it is none of them. */
MUST_CHECK struct err scope_entities(const struct scope *scope, struct call *c, struct tx *tx,
                                     const char *entity_id, const char ***ids, size_t *n);
/* For an account that nothing was found of: ERR_MISSING at /account_id unless a chart of these
 * entities has it. NULL is none in particular. */
MUST_CHECK struct err scope_account(struct call *c, struct tx *tx, const char *const *entities,
                                    size_t n, const char *account_id);

/* The person who calls, or whose agent does; NULL when there is none. */
const char *call_self(const struct call *c);

/* What an escalation binds: as large as a request that loads master data can make it. */
MUST_CHECK struct err bound_read(struct arena *arena, const struct escalation *e,
                                 struct json **bound);

/* By every entity that its bound facts name. `bound` is e->bound, read. */
bool scope_has_escalation(const struct scope *scope, const struct escalation *e,
                          const struct json *bound);

/* By the match's entity and those of its legs. */
MUST_CHECK struct err scope_has_match(const struct scope *scope, struct call *c, struct tx *tx,
                                      const struct match *m, bool *yes);

#endif
