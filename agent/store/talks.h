/* Conversations with the model: a row of agent_sessions is one (its id is a session's, but
 * sessions.h are the browsers'). What was said and done is in traces.h; here is where it stands.
 *
 * A step of a turn reads the row, works without a lock, and at its end moves the row in the
 * transaction that writes its traces: of two that read the same version one gets ERR_CONFLICT and
 * has written nothing. Everything that changes works inside a transaction of the caller's. */
#ifndef AGENT_STORE_TALKS_H
#define AGENT_STORE_TALKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/fsm/agent_session.h"
#include "agent/store/agent_db.h"

#define TALK_TITLE_MAX 200 /* bytes */

/* What asking a provider took; all 0 for what asked nobody. */
struct trace_use {
    int64_t input_tokens, output_tokens; /* input without what the cache gave and took */
    int64_t cache_read_tokens, cache_write_tokens;
    int64_t cost_micros; /* millionths of a US dollar */
};

/* All four together. */
int64_t trace_use_tokens(const struct trace_use *use);

/* Texts live in the arena they were read into. Times: *_us are microseconds since 1970. */
struct talk {
    const char *session_id;   /* ses_… */
    const char *principal_id; /* whose it is */
    const char *actor;        /* human:<id>: on whose behalf its calls go out */
    const char *entity_id;    /* NULL: of no entity in particular */
    const char *origin;       /* chat, ask, run */
    const char *title;        /* "" until somebody names it */
    const char *api, *model;  /* "anthropic", what the provider calls the model */
    enum agent_session_state state;
    bool turn_open;  /* a turn is under way: after a crash it is taken up again */
    int64_t version; /* grows by one with each talk_move and talk_hold */
    int64_t created_us, used_us;
    int64_t ended_us;     /* 0: it has not ended */
    struct trace_use use; /* of all its traces */
    int64_t rows_n;       /* how many traces it has: the next one's n */
    const char *nonce;    /* 22 characters nobody can guess, for marking what is not ours */
};

/* Keeps a new one: principal_id, actor, entity_id, origin, title, api, model and turn_open are the
 * caller's; the rest is set. It begins ACTIVE. */
MUST_CHECK struct err talk_add(struct agent_db *db, struct arena *arena, struct talk *t,
                               int64_t now_us);

/* ERR_MISSING when there is none, when it is another person's, and once it is being forgotten. */
MUST_CHECK struct err talk_load(struct agent_db *db, struct arena *arena, const char *session_id,
                                const char *principal_id, struct talk *t);
/* Whosever it is: for the steps of its turn, for reviewers and the command line; never with an id
 * that a browser sent. */
MUST_CHECK struct err talk_load_any(struct agent_db *db, struct arena *arena,
                                    const char *session_id, struct talk *t);

/* A place in a list, behind which it goes on. */
struct talk_place {
    int64_t used_us;
    const char *session_id;
};

/* A person's (NULL: everybody's), the last used first, at most `max`; `behind` NULL begins. */
MUST_CHECK struct err talks_list(struct agent_db *db, struct arena *arena, const char *principal_id,
                                 const struct talk_place *behind, size_t max, struct talk **out,
                                 size_t *n);

/* Those with a turn under way, of an origin (NULL: of all), the longest unused first. */
MUST_CHECK struct err talks_to_resume(struct agent_db *db, struct arena *arena, const char *origin,
                                      size_t max, struct talk **out, size_t *n);

/* An event of the machine, and whether a turn is under way from now on. ERR_CONFLICT, with nothing
 * changed, when the machine has no such step or the row is no longer what *t says (read it again).
 * On success *t says what the row says now; counts that others added in the meantime it does not
 * know. */
MUST_CHECK struct err talk_move(struct agent_db *db, struct arena *arena, struct talk *t,
                                enum agent_session_event event, bool turn_open, int64_t now_us);

/* The same without an event: a step that leaves the state as it is, a turn that ends. */
MUST_CHECK struct err talk_hold(struct agent_db *db, struct talk *t, bool turn_open,
                                int64_t now_us);

/* Names it; its version stays. ERR_MISSING as talk_load; ERR_INPUT for more than TALK_TITLE_MAX. */
MUST_CHECK struct err talk_title(struct agent_db *db, const char *session_id,
                                 const char *principal_id, const char *title);

#endif
