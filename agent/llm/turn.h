/* A step of a turn, on a worker: what the rows say is to be done next, done and recorded. Private
 * to agent/llm.
 *
 * What was said is answered; calls that an answer makes are done, each recorded before it goes out
 * and after it came back; an answer without calls ends the turn. Whoever reads the rows knows
 * what comes next, so a step begins the same way after a crash. */
#ifndef AGENT_LLM_TURN_H
#define AGENT_LLM_TURN_H

#include "agent/llm/llm_own.h"
#include "agent/llm/show.h"

struct turn_row {
    struct trace trace;
    const struct json *body;
};

struct turn {
    struct step *step;
    struct llm *llm;
    const struct llm_config *config;
    const struct worker_tools *worker;
    struct arena *arena;
    struct talk talk;
    struct turn_row *rows; /* all of them, in order */
    size_t n, cap;
    int64_t number;           /* of the turn, from 1 */
    size_t said;              /* the row that began it */
    struct tools_held *tools; /* once they are needed */
    char system_sha256[TRACE_DIGEST], tools_sha256[TRACE_DIGEST];
    int64_t now_us;
};

/* Appends a row in one transaction with the step of the session that goes with it, and tells who
 * looks on. */
enum { STAYS = -1 }; /* no event of the machine */
struct row_new {
    enum trace_kind kind;
    struct json *body;
    int event;      /* enum agent_session_event, or STAYS */
    bool turn_ends; /* else the turn is open */
    const struct llm_usage *use;
    int64_t latency_us;
    const char *model;
    bool of_question; /* names the system prompt and the tools */
};
MUST_CHECK struct err turn_add(struct turn *t, const struct row_new *row);
/* A note: what the transcript's reader should know, in words for people. */
MUST_CHECK struct err turn_note(struct turn *t, const char *what, const char *text, int event,
                                bool turn_ends);

/* Who calls: llm:chat.<session> on behalf of the person, over the channel chat. */
struct mcpc_actor turn_actor(struct arena *arena, const struct talk *talk);
MUST_CHECK struct err turn_tools(struct turn *t);

/* ---- calls (turn_calls.c) ---- */

/* The last answer's calls that have no result yet; *n 0: none is owed. */
struct owed {
    size_t answered; /* the row */
    const char *call_id, *tool;
    const struct json *arguments; /* NULL: what the model wrote is none; `malformed` */
    const char *malformed;
    const struct json *calling; /* the body recorded before it went out; NULL: it did not */
    int64_t calling_us;
};
MUST_CHECK struct err turn_owed(struct turn *t, struct owed **owed, size_t *n);
/* Does them, one after the other, until one cannot be decided (then the session has FAILED and
 * *done is false), or the person stops it. */
MUST_CHECK struct err turn_call_all(struct turn *t, struct owed *owed, size_t n, bool *done);
/* Without doing them: each gets a result that says so. */
MUST_CHECK struct err turn_leave_calls(struct turn *t, struct owed *owed, size_t n);

/* ---- approvals (turn_open.c) ---- */

/* Approvals that calls of the session opened and nobody is known to have decided. */
MUST_CHECK struct err turn_approvals(struct turn *t, const char ***escalations, size_t *n);
/* Asks the engine what became of them and notes it; *open: how many still wait. */
MUST_CHECK struct err turn_settle(struct turn *t, size_t *open);

/* For a person who looks at a session whose turn is over: notes what was decided meanwhile, and
 * that nothing waits any more, in *talk too. */
MUST_CHECK struct err turn_look(struct llm *llm, const struct worker_tools *worker,
                                struct arena *arena, struct talk *talk);

/* ---- the question (turn_ask.c, prompt.c) ---- */

/* The conversation as the provider is asked; `summary`: to be summarised instead. Fills
 * step->req. */
MUST_CHECK struct err turn_ask(struct turn *t, bool summary);
bool turn_is_long(const struct turn *t);
/* The row from which on the model is shown rows: behind the last summary. */
size_t turn_begin(const struct turn *t, const char **summary);

struct str prompt_system(struct arena *arena, const struct talk *talk, int64_t now_us);
extern const char prompt_summary[];

/* ---- budgets (budget.c) ---- */

/* NULL: there is some left. Else a sentence for people. */
MUST_CHECK struct err budget_spent(struct turn *t, const char **sentence);

#endif
