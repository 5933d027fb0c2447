/* One event of the log as people and files get it. */
#ifndef ENGINE_CLI_AUDIT_LINE_H
#define ENGINE_CLI_AUDIT_LINE_H

#include "common/base/buf.h"
#include "common/base/json.h"
#include "engine/store/audit.h"

/* {"seq", "hash_prev", "hash_self", "event"} and a line end; the event's bytes are those that were
 * hashed. */
void audit_line_json(const struct audit_row *row, struct buf *out);

/* The event as a tree. */
MUST_CHECK struct err audit_line_tree(struct arena *arena, const struct audit_row *row,
                                      struct json **event);

/* "1340.00 GBP"'s two halves from amount_minor and currency; both NULL when the event has none. */
MUST_CHECK struct err audit_line_amount(struct arena *arena, const struct json *event,
                                        const char **amount, const char **currency);

#endif
