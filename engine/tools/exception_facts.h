/* Private to engine/tools: an exception as its tools see it. */
#ifndef ENGINE_TOOLS_EXCEPTION_FACTS_H
#define ENGINE_TOOLS_EXCEPTION_FACTS_H

#include "engine/store/entries.h"
#include "engine/store/exceptions.h"
#include "engine/tools/tool.h"

/* What an exception can be called: the matcher's classes and those that only people see. [0] is "",
 * the end is NULL. */
extern const char *const exception_classes[];
/* What the class says is wrong, in a few words. */
const char *exception_class_means(const char *class_);

/* An exception with its entry and what no live match holds of it. */
struct exception_seen {
    struct exception_row x;
    struct entry e;
    struct money open; /* absolute */
};

/* The entry, if the caller may see it; ERR_MISSING "there is no such entry" otherwise. */
MUST_CHECK struct err entry_seen(struct call *c, struct tx *tx, const char *entry_id,
                                 struct entry *e);
/* Likewise "there is no such exception". */
MUST_CHECK struct err exception_seen(struct call *c, struct tx *tx, const char *exception_id,
                                     struct exception_seen *seen);

/* Fills the ask's object, place and money for an act on the entry: `tool`, whose open escalations
 * about `object_id` are asked for their people; the flag says who raised it (actor NULL: nobody).
 * What is bound is the entry: its version is the object's. */
struct exception_act {
    const char *tool, *object_type, *object_id;
    const struct exception_flag *flag;
};
MUST_CHECK struct err exception_facts(struct call *c, struct tx *tx, const struct entry *e,
                                      struct money open, const struct exception_act *act);

/* Ends the open resolve_exception escalations about the exception: that of `outcome` (may be NULL)
 * is APPROVED by the act, the others are STALE. */
MUST_CHECK struct err exception_settle(struct call *c, struct tx *tx, const char *exception_id,
                                       const char *outcome);

#endif
