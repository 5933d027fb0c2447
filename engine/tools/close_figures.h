/* The decisions of a period as a close summary tells them: rows of the audit log's sums, told by
 * what was decided, each with the query that yields it again. */
#ifndef ENGINE_TOOLS_CLOSE_FIGURES_H
#define ENGINE_TOOLS_CLOSE_FIGURES_H

#include "engine/store/closing.h"
#include "engine/tools/tool.h"

/* The period as the log is asked for it. */
struct close_period {
    const char *entity_id, *period; /* "2026-03" */
    struct date first, last;
    const char *from_utc, *to_utc; /* of the days in the entity's zone; to is exclusive */
};

/* {tool: query_audit, arguments, where}: what to ask and which of the events to add up. */
struct json *close_check(struct call *c, const struct close_period *p, const char *event_type,
                         const char *where);

/* Puts decisions, confirmed, rejected, reversed, write_offs, ended_exceptions and overrides into
 * `o`. */
MUST_CHECK struct err close_decisions(struct call *c, const struct close_period *p,
                                      const struct closing_decision *rows, size_t n,
                                      struct json *o);

#endif
