/* What the engine's documents are to screens, as tables (agent/call/shape.h): those that pass
 * through the inbox's handlers, and what browsers send to them. */
#ifndef AGENT_INBOX_SHAPES_H
#define AGENT_INBOX_SHAPES_H

#include "agent/call/shape.h"

/* All of them, each after those it uses. */
extern const struct shape_list inbox_shapes;

extern const struct shape shape_escalation_page, shape_escalation, shape_match, shape_outcome,
    shape_audit_page, shape_policy;

/* Tables of what browsers send, beside their handlers. */
extern const struct shape shape_decision, shape_bulk, shape_filter;

#endif
