/* Flows of work in one process on a real book, done again and again with something failing each
 * time, and what must hold then. torture.c draws the points and runs each in a child;
 * torture_world.c is the company, its files and its clock; torture_flows.c what is asked;
 * torture_act.c asks it; torture_judge.c looks at what is there afterwards. */
#ifndef TESTS_FAULT_TORTURE_H
#define TESTS_FAULT_TORTURE_H

#include "common/base/arena.h"
#include "engine/tools/tool.h"
#include "tests/fault/torture_fault.h"

struct log_keys;

/* ---- flows ---- */

enum act_kind {
    ACT_CALL = 0, /* a tool, in somebody's name, as a request of theirs */
    ACT_COMMAND,  /* a command line, as closegate-engine runs it */
    ACT_START,    /* the book is opened as `serve` does, with its keys and its policy */
    ACT_RELOAD,   /* the policy that is in force now is taken */
};

struct act {
    enum act_kind kind;
    const char *as;   /* of a call: "ana", "ana@shell", "llm:ana" (an agent of hers) */
    const char *what; /* the tool's name, or the line after `closegate-engine` */
    const char *args; /* of a call: JSON; "@name" stands for what was last told under that name */
    enum call_outcome want;
    bool prod;
    bool again; /* of a command: after it was done, another time it is refused */
};

/* What is there before the first act. */
enum stage { STAGE_NOTHING = 0, STAGE_MADE, STAGE_LOADED, STAGE_N };

#define ACTS_MAX 12

struct flow {
    const char *name;
    enum stage from;
    struct act acts[ACTS_MAX]; /* ended by one of no name */
};

extern const struct flow flows[];
extern const size_t flows_n;

static inline bool act_is(const struct act *a)
{
    return a->what != NULL || a->kind == ACT_START || a->kind == ACT_RELOAD;
}

/* ---- the company ---- */

/* Makes it, once: folders below a new one, with a book of every stage. */
void world_begin(void);
void world_end(void);
/* The data folder of now is a copy of that stage. */
void world_take(enum stage stage);
/* The data folder of now, and a path in it, which lives in a place of its own until the next. */
extern char world_folder[64];
const char *world_path(const char *name);
const char *world_policy(struct arena *arena); /* another one than the starter */
int64_t world_clock(void);
/* From here on whoever holds a lock of the book is not the process that held it before. */
void world_process_new(void);

/* `line`, with "@run" and "@in" for the folders; what it says goes to `said` (size bytes). */
int world_command(const char *line, char *said, size_t size);
/* The one number that a query gives; 0 without a row. */
int64_t world_number(const char *sql, const char *bind);
/* The one text, in the arena; NULL without a row. */
const char *world_text(struct arena *arena, const char *sql, const char *bind);

/* Ends the program: the test itself could not do its work. */
__attribute__((noreturn, format(printf, 1, 2))) void world_broken(const char *fmt, ...);
#define MUST(x)                                                                                    \
    do {                                                                                           \
        const struct err must_ = (x);                                                              \
        if (must_.kind != ERR_NONE)                                                                \
            world_broken("%s: %s (%s)", #x, must_.msg, must_.where == NULL ? "-" : must_.where);   \
    } while (0)

/* ---- acting ---- */

/* How an act ended, as whoever asked was told. */
struct told {
    enum call_outcome outcome;
    enum err_kind kind; /* of CALL_FAILED */
    char said[400];
    int64_t seq;
    size_t answer_len; /* of the structured answer */
    bool settled;      /* the escalation that it tells of is decided */
};

struct engine;
struct engine *engine_new(void);
/* Closes the book and lets go of everything. NULL is fine. */
void engine_free(struct engine *e);
/* Opens it without a fault, unless the act is about that. */
void engine_ready(struct engine *e, const struct act *first);
/* `flow` and `i` make its request's id and key. Faults are on while the product works. */
void engine_act(struct engine *e, const struct flow *flow, size_t i, struct told *told);
const char *request_id(const struct flow *flow, size_t i, char out[64]);

/* ---- judging ---- */

/* What a flow comes to when nothing fails. */
struct clean {
    struct told told[ACTS_MAX];
    int64_t events[ACTS_MAX]; /* of each act's request */
    char state[4000];         /* what is in the book */
    uint64_t counts[FAULT_N];
};

/* How the act is to end, also when it was done before: what waited for an escalation tells of its
 * state of now. */
enum call_outcome act_wants(const struct act *a, const struct told *told);
/* The flow from its start, with whatever fault is set; how many acts were tried. Stops at the first
 * that does not end as it should. */
size_t flow_run(const struct flow *flow, struct told *told);
void judge_clean(const struct flow *flow, const struct told *told, struct clean *clean);
/* After a run with a fault: what is there and what was told agree, and the flow can be done. Does
 * not return when something does not hold (judge_fails). */
void judge(const struct flow *flow, const struct clean *clean, const struct told *told,
           size_t tried);
/* The same without knowing what was told: the process stopped. */
void judge_stopped(const struct flow *flow, const struct clean *clean);
extern enum fault judge_fault; /* of this point */
/* The point is a finding, for this reason; ends the process. */
__attribute__((noreturn, format(printf, 1, 2))) void judge_fails(const char *fmt, ...);

#endif
