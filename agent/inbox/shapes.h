/* What screens are given, as tables: the handlers hold what the engine answered against them before
 * it goes to a browser, and the workspace's TypeScript types are printed from them
 * (`closegate-agent docs types`). Documents may hold more than is named; what is named, is so. */
#ifndef AGENT_INBOX_SHAPES_H
#define AGENT_INBOX_SHAPES_H

#include "agent/call/request.h"
#include "common/base/buf.h"

struct shape {
    const char *name; /* of the TypeScript interface */
    const char *help;
    const struct json_field *fields;
    size_t n;
    bool sent; /* by browsers to us: exactly these members */
};

/* All of them, each after those it uses. */
extern const struct shape *const shapes[];
extern const size_t shapes_n;

extern const struct shape shape_escalation_page, shape_escalation, shape_match, shape_outcome,
    shape_audit_page, shape_policy;

/* Tables of what browsers send, beside their handlers. */
extern const struct shape shape_decision, shape_bulk, shape_filter;

/* ERR_UPSTREAM with the place: the engine answered something else than screens can show. */
MUST_CHECK struct err shape_check(struct request *r, const struct shape *shape,
                                  const struct json *tree);

/* request_call whose answer is held against this shape. One that differs is logged and passed on:
 * lists and outcomes hide nothing. */
MUST_CHECK struct err shape_call(struct request *r, const char *tool, const struct json *arguments,
                                 const struct shape *shape);

/* The shapes as TypeScript. */
void shapes_print_types(struct buf *out);

#endif
