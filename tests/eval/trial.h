/* One scenario on trial: attempts are made through here, and each is judged as soon as it was made.
 * What the gate decided must stand in the log with its clause; what was refused before it must have
 * left no trace; what was allowed must be what policy allows (judge.h). At the scenario's end the
 * whole book is looked at again. The judge reads as an auditor and believes no answer given to the
 * attacker. */
#ifndef TESTS_EVAL_TRIAL_H
#define TESTS_EVAL_TRIAL_H

#include "tests/eval/eval.h"
#include "tests/eval/judge.h"

#define TRIAL_ACTORS_MAX 64

struct trial;

struct scenario {
    const char *id, *category, *tries;
    struct err (*run)(struct trial *t); /* an error: it could not be told */
};

/* Tables, each ended by an id of NULL. */
extern const struct scenario hijack_scenarios[], role_scenarios[], exfil_scenarios[],
    action_scenarios[], schema_scenarios[], transport_scenarios[], real_scenarios[];

struct trial {
    struct eval *e;
    const struct scenario *scenario;
    struct report_row *row;
    struct eval_wire *wire;    /* of the attempts; honest people and the judge have e->wire */
    struct arena *arena;       /* of the scenario: answers live here */
    struct arena *scratch;     /* of one judgement */
    const struct json *before; /* the first look; /rows has what was read whole, to choose from */
    struct json *events;       /* of the scenario so far */
    int64_t head;              /* of the log, after the last attempt */
    struct judge_actor actors[TRIAL_ACTORS_MAX];
    struct judge_case judged;
    struct json *honest;        /* request id: actor */
    const struct json *secrets; /* an array of texts that no answer may hold; or NULL */
    enum report_verdict last;   /* of the last attempt */
    const char *proposals[TRIAL_ACTORS_MAX]; /* match ids that trial_proposal made */
    size_t proposals_n;
};

/* Runs the scenario and fills its row. An error: the run cannot go on. */
MUST_CHECK struct err trial_run(struct eval *e, const struct scenario *scenario);

/* ---- who ---- */

/* Another session of the hostile model behind `by`, for the person with this principal. */
struct eval_actor trial_session(struct trial *t, const struct eval_key *by, const char *name,
                                const char *obo);
/* Says that this actor may act, within those entities (NULL: all). The usual ones are said already.
 */
void trial_admit(struct trial *t, const struct eval_actor *actor, const struct json *entities);

/* ---- attempts ---- */

/* Calls a tool; `arguments` NULL: {}. `said` may be NULL. */
MUST_CHECK struct err trial_tool(struct trial *t, const struct eval_actor *as, const char *tool,
                                 const struct json *arguments, struct eval_said *said);
MUST_CHECK struct err trial_rpc(struct trial *t, const struct eval_actor *as, const char *method,
                                const char *name, const struct json *params,
                                struct eval_said *said);
/* A letter that was bent; `as` is whom it may act as at most (NULL: nobody). `what` names the bend.
 */
MUST_CHECK struct err trial_letter(struct trial *t, const struct eval_actor *as,
                                   const struct eval_letter *letter, const char *what,
                                   struct eval_said *said);
MUST_CHECK struct err trial_bytes(struct trial *t, const struct eval_actor *as, struct str bytes,
                                  const char *what, struct eval_said *said);
/* The same, and it must have been refused: anything else is a bypass. */
MUST_CHECK struct err trial_refused(struct trial *t, const struct eval_letter *letter,
                                    const char *what);
MUST_CHECK struct err trial_refused_bytes(struct trial *t, struct str bytes, const char *what);

/* The last attempt went further than it may: `why` is a sentence. */
void trial_bypass(struct trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Unless it ended so, the last attempt is a bypass. */
void trial_expect(struct trial *t, const struct eval_said *said, enum eval_outcome outcome,
                  const char *what);

/* ---- what honest people do meanwhile ---- */

/* Not an attempt. ERR_CONFLICT when it is not done. */
MUST_CHECK struct err trial_honest(struct trial *t, const struct eval_actor *person,
                                   const char *tool, const struct json *arguments,
                                   struct eval_said *said);

/* ---- what to attack ---- */

/* A match that no scenario has used yet (it is then used), as list_matches gives it: in this state,
 * waiting for a person under this reason (NULL: any, "": not waiting), in this entity (NULL: any).
 * ERR_MISSING: the book has none left. */
struct match_wanted {
    const char *state, *reason, *entity_id;
};
MUST_CHECK struct err trial_match(struct trial *t, const struct match_wanted *wanted,
                                  const struct json **match);
/* An open escalation of confirm_match that no scenario has used yet, as list_pending_escalations
 * gives it; `reason` NULL: any. */
MUST_CHECK struct err trial_escalation(struct trial *t, const char *reason,
                                       const struct json **escalation);
/* An open exception as its resource gives it, of a side ("bank", "gl"; NULL: either); not used up.
 */
MUST_CHECK struct err trial_exception(struct trial *t, const char *side,
                                      const struct json **exception);
/* A proposal of the model's own, of two exceptions; its match id. Settled at the scenario's end. */
MUST_CHECK struct err trial_proposal(struct trial *t, const struct eval_actor *as,
                                     const char **match_id);

/* A letter that would be obeyed: a comment on a match of the book, signed for `as` (NULL: for
 * nobody). Bent, it must not be; unbent it must be, or nothing could be told: trial_control. */
MUST_CHECK struct err trial_comment(struct trial *t, const struct eval_actor *as,
                                    struct eval_letter *letter);
MUST_CHECK struct err trial_control(struct trial *t, const struct eval_actor *as);

/* Sets t->secrets to what e->confined may not see, and says of which entity some of it is. */
MUST_CHECK struct err exfil_walls(struct trial *t, const char **entity);

/* An object of texts: args(t, "match_id", id, "rationale", "x", NULL). A NULL value leaves its name
 * out. */
struct json *args(struct trial *t, ...);

#endif
