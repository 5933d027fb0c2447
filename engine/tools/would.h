/* Private to engine/tools: whether the caller could answer an escalation, asked of the gate by the
 * answer's own plan on a snapshot. Nothing is changed or recorded. */
#ifndef ENGINE_TOOLS_WOULD_H
#define ENGINE_TOOLS_WOULD_H

#include "engine/store/escalations.h"
#include "engine/tools/tool.h"

struct would {
    bool may;
    bool with_rationale;      /* only with words of the caller's own */
    bool needs_another;       /* the caller's word is the first of two */
    const char *because;      /* why not, for a screen: "you_asked" …; NULL when they may */
    struct verdict verdict;   /* and the rule that says so; its row NULL when none does */
    const struct json *stale; /* what is not as it was bound any more; NULL: nothing */
};

/* `decision` as resolve_escalation spells it. */
MUST_CHECK struct err would_answer(struct call *c, struct tx *tx, const struct escalation *e,
                                   const char *decision, struct would *would);

/* {may, with_rationale?, needs_another?, because?, reason?, clause?, pointer?} */
struct json *would_print(struct arena *arena, const struct would *would);

#endif
