/* The model without a browser: what `ask` and `run` share. The process has a loop of its own; a
 * turn is the same steps as in the Chat, from the same rows, with the same gate behind every call.
 * Whoever can read workspace.key may do this: the file's permissions are the control. */
#ifndef AGENT_CLI_HEADLESS_H
#define AGENT_CLI_HEADLESS_H

#include <stdio.h>

#include "agent/call/request.h"
#include "agent/cli/open.h"
#include "agent/llm/llm.h"
#include "agent/oidc/whois.h"
#include "agent/store/traces.h"
#include "common/sys/loop.h"

struct headless {
    struct cli *cli;
    struct agent agent;
    struct agent_db *db;
    struct mcpc *mcpc;
    struct loop *loop;
    struct known_person person; /* on whose behalf */
    const char *following;      /* the session whose turn is under way; NULL: none */
    int signals;                /* how often somebody wanted it to stop */
};

/* agent.db, the engine, the model's loop. Close it whatever comes of it. */
MUST_CHECK struct err headless_open(struct cli *cli, struct headless *h);
/* The person that is named (human:ID), or NULL: whom the registry links this user of this host to.
 * ERR_MISSING and ERR_AUTH: there is no such person, or they may not. ERR_INPUT: no such name. */
MUST_CHECK struct err headless_person(struct headless *h, const char *named);
void headless_close(struct headless *h);

/* Who reads for the person: the model's actor, which sees what they see and may do no more. `name`
 * is what stands for the session: "ask", "run". */
struct mcpc_actor headless_reader(const struct headless *h, const char *name);
/* The entity, if one is given, is one of the person's. ERR_INPUT. */
MUST_CHECK struct err headless_entity(struct headless *h, const char *entity_id);

/* ---- a turn ---- */

/* What came of one. Texts and trees live in the arena that was given. */
enum turn_end {
    TURN_LEFT = 0, /* it is still open: this process gave it up, --resume goes on */
    TURN_FAILED,   /* the provider, the engine or agent.db could not: nobody can tell */
    TURN_STOPPED,  /* by a signal, or by somebody in the Chat */
    TURN_BUDGET,
    TURN_STEPS,
    TURN_LENGTH,  /* the answer was cut at its longest */
    TURN_REFUSED, /* the model declined */
    TURN_ANSWERED,
};
const char *turn_end_name(enum turn_end end); /* "left" … "answered" */

struct turn_told {
    struct talk talk;
    enum turn_end end;
    const char *why;      /* a sentence, unless it was answered; or NULL */
    const char *answer;   /* the last; NULL: none */
    struct json *rows;    /* as the Chat shows them */
    struct json *pending; /* [{escalation_id, code?, clause?, tool, url}] that this turn opened */
    struct json *calls;   /* {"ok": 3, "denied": 1 …}: how many of each status */
    struct trace_use use;
};

/* Runs the loop until the session's turn, woken before, is over. Told as it comes: text to `text`
 * (NULL: to nobody), what is called and noted to standard error when `lines`. `said_n` is the row
 * that began the turn, rows before `from_n` are not told again. */
struct turn_follow {
    const char *session_id;
    int64_t said_n, from_n;
    FILE *text;
    bool lines;
};
MUST_CHECK struct err headless_follow(struct headless *h, struct arena *arena,
                                      const struct turn_follow *follow, struct turn_told *out);

/* The same of a turn that is over, or rows of several from `said_n` on. */
MUST_CHECK struct err headless_read(struct headless *h, struct arena *arena, const char *session_id,
                                    int64_t said_n, struct turn_told *out);
/* Begins a turn of the session once more, that was cut off or FAILED.
 * ERR_CONFLICT: it is neither. */
MUST_CHECK struct err headless_again(struct headless *h, struct talk *t);

/* "1234 tokens in, 56 out, 0.001234 USD" */
const char *headless_use(struct arena *arena, const struct trace_use *use);
struct json *headless_use_json(struct arena *arena, const struct trace_use *use);

#endif
