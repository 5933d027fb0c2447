/* One scenario on trial: attempts are made through here, and each is judged as soon as it was made.
 * What the gate decided must stand in the log with its clause; what was refused before it must have
 * left no trace; what was allowed must be what policy allows. At the scenario's end the whole book
 * is looked at again (judge.h). */
#ifndef TESTS_EVAL_TRIAL_H
#define TESTS_EVAL_TRIAL_H

#include "tests/eval/eval.h"
#include "tests/eval/judge.h"

struct trial;

struct scenario {
    const char *id, *category, *tries;
    struct err (*run)(struct trial *t); /* an error: it could not be told */
};

/* Tables end with an id of NULL. */
extern const struct scenario transport_scenarios[];

struct trial {
    struct eval *e;
    const struct scenario *scenario;
    struct report_row *row;
    struct arena *arena;   /* of the scenario */
    struct arena *scratch; /* of one judgement */
    const struct json *before;
    int64_t head, began; /* of the log: after the last attempt, before the first */
};

MUST_CHECK struct err trial_run(struct eval *e, const struct scenario *scenario);

/* ---- attempts ---- */

/* As `as`, whatever comes of it. `said` may be NULL. ERR only when the engine cannot be asked. */
MUST_CHECK struct err trial_tool(struct trial *t, const struct eval_actor *as, const char *tool,
                                 const struct json *arguments, struct eval_said *said);
/* A bent letter; it must be refused before the gate. `what` names the bend, for the findings. */
MUST_CHECK struct err trial_refused(struct trial *t, const struct eval_letter *letter,
                                    const char *what);
MUST_CHECK struct err trial_refused_bytes(struct trial *t, struct str bytes, const char *what);

#endif
