/* Private to engine/tools: resources that have a file of their own. What the caller may not see is
 * ERR_MISSING, as what is not there. */
#ifndef ENGINE_TOOLS_RESOURCES_OWN_H
#define ENGINE_TOOLS_RESOURCES_OWN_H

#include "engine/tools/tool.h"

/* Of "41" the event, of "41/receipt" its receipt. */
MUST_CHECK struct err audit_event_read(struct call *c, struct tx *tx, const char *seq);
MUST_CHECK struct err checkpoint_read(struct call *c, struct tx *tx, const char *id);
/* resources_log.c; `sizes` is "57/103". */
MUST_CHECK struct err log_keys_read(struct call *c, struct tx *tx, const char *id);
MUST_CHECK struct err log_consistency_read(struct call *c, struct tx *tx, const char *sizes);
MUST_CHECK struct err explain_read(struct call *c, struct tx *tx, const char *seq);
MUST_CHECK struct err verify_read(struct call *c, struct tx *tx, const char *id);
MUST_CHECK struct err feed_read_head(struct call *c, struct tx *tx, const char *id);
MUST_CHECK struct err feed_read_after(struct call *c, struct tx *tx, const char *after_seq);
MUST_CHECK struct err me_read(struct call *c, struct tx *tx, const char *id);
MUST_CHECK struct err entry_read_one(struct call *c, struct tx *tx, const char *id);
MUST_CHECK struct err account_read_one(struct call *c, struct tx *tx, const char *id);

#endif
