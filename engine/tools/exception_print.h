/* Private to engine/tools: entries, exceptions and what people did about them, as JSON. */
#ifndef ENGINE_TOOLS_EXCEPTION_PRINT_H
#define ENGINE_TOOLS_EXCEPTION_PRINT_H

#include "engine/store/entries.h"
#include "engine/store/exceptions.h"
#include "engine/tools/tool.h"

/* {entry_id, side, date, amount, currency, counterparty, memo, reference, …}. */
struct json *entry_json(struct arena *arena, const struct entry *e);

/* {exception_id, class, state, version, listed_at, open_days, age_days, assignee, …} with the
 * essentials of its entry. Ages are in calendar days, UTC, on the day of the call. brief: without
 * the matcher's detail. */
MUST_CHECK struct err exception_brief(struct call *c, struct tx *tx, const struct exception_row *x,
                                      const struct entry *e, struct json **out);
MUST_CHECK struct err exception_json(struct call *c, struct tx *tx, const struct exception_row *x,
                                     const struct entry *e, struct json **out);

/* Puts "comments", "evidence" and "history" of the object ("kind:id") into `o`: the last of each.
 */
MUST_CHECK struct err work_put(struct call *c, struct tx *tx, const char *object, struct json *o);

#endif
