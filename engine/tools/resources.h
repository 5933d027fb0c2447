/* Private to engine/tools: what resources.c lists and others read. */
#ifndef ENGINE_TOOLS_RESOURCES_H
#define ENGINE_TOOLS_RESOURCES_H

#include "engine/tools/tool.h"

/* recon://exceptions: {exceptions: the first of each entity, next: {entity: cursor}, aging}. */
MUST_CHECK struct err exceptions_read(struct call *c, struct tx *tx, const char *id);
/* recon://exceptions/entity/…: `id` is ENTITY or ENTITY/CURSOR. */
MUST_CHECK struct err entity_exceptions_read(struct call *c, struct tx *tx, const char *id);
/* recon://exceptions/{id} */
MUST_CHECK struct err exception_read(struct call *c, struct tx *tx, const char *id);

/* For recon://status: how many exceptions of the entity are in which state. */
MUST_CHECK struct err exception_states_put(struct call *c, struct tx *tx, const char *entity_id,
                                           struct json *o);

#endif
