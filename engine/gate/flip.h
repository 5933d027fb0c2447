/* The smallest change of the facts that another verdict would follow from: one fact, else two; told
 * in words, and by whom it could be brought about. For people who were told no, and for those who
 * ask why a yes is one. It proposes nothing that cannot be: what nobody can change says so. */
#ifndef ENGINE_GATE_FLIP_H
#define ENGINE_GATE_FLIP_H

#include "engine/gate/gate.h"

enum flip_by {
    FLIP_BY_ACTOR = 0, /* the one who asks */
    FLIP_BY_OTHERS,    /* another person, or a rule that people may add */
    FLIP_BY_TIME,
    FLIP_BY_NOBODY, /* it is so, or was: told to explain, not to propose */
};

struct flip {
    const char *words; /* "with a rationale"; of two facts "…, and …" */
    const char *facts; /* gate_input's names, comma-separated */
    enum flip_by by;
    struct verdict becomes;
};

enum { FLIPS_MAX = 8 };

struct flips {
    enum ruling wanted; /* what is looked for: allow; of what is allowed, anything else */
    struct flip at[FLIPS_MAX];
    size_t n;
};

/* Those that need the fewest facts, what somebody can change first; none when neither one fact nor
 * two would do. For a denial that nothing makes an allow: what makes a human decide. */
MUST_CHECK struct err flips_find(struct arena *arena, const struct policy *policy,
                                 const struct ask *ask, struct flips *flips);

const char *flip_by_name(enum flip_by by); /* "actor", "others", "time", "nobody" */

/* [{words, facts: […], by, ruling, reason}]; NULL when the arena is full. */
struct json *flips_print(struct arena *arena, const struct flips *flips);

#endif
