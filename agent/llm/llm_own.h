/* Private to agent/llm: the loop thread's rooms, a worker's step. */
#ifndef AGENT_LLM_LLM_OWN_H
#define AGENT_LLM_LLM_OWN_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "agent/call/pool.h"
#include "agent/llm/llm.h"
#include "agent/llm/provider.h"
#include "agent/llm/redact.h"
#include "agent/llm/tools_kept.h"
#include "agent/llm/trouble.h"
#include "agent/store/traces.h"
#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/sys/fetch_loop.h"
#include "common/sys/json_write.h"

/* ---- a room: a session while something happens in it or somebody looks on; loop thread ---- */

enum stage {
    STAGE_IDLE = 0,
    STAGE_WORKING, /* a worker has its step */
    STAGE_ASKING,  /* the provider has a question */
    STAGE_PAUSED,  /* the provider, or a free worker, is waited for */
};

struct llm_watcher {
    struct room *room;
    llm_watch_fn *fn;
    void *ctx;
    TAILQ_ENTRY(llm_watcher) link;
};

struct room {
    struct llm *llm;
    char session_id[ID_TEXT_MAX];
    enum stage stage;
    bool again;       /* woken while at work */
    atomic_bool halt; /* read by the step's worker */
    enum agent_session_state state;
    bool turn_open; /* both as the last step left them; known: */
    bool known;
    int64_t version;  /* of the session, as the last step left it */
    int attempt;      /* of the question under way, from 1 */
    int64_t asked_us; /* when it was asked */
    struct fetch_one *one;
    struct llm_reader *reader;
    struct loop_timer *pause;
    struct buf text; /* of the answer, so far */
    TAILQ_HEAD(, llm_watcher) watchers;
    TAILQ_ENTRY(room) link;
};

/* ---- a step: one job of a worker ---- */

enum step_came {
    CAME_NOTHING = 0, /* look what is to be done */
    CAME_RESUME,      /* the same, after a stop or a crash */
    CAME_ANSWER,
    CAME_TROUBLE,
    CAME_HALT, /* `answer` is what the model had said until then */
    CAME_OLD,  /* no session: forget old ones */
};

enum step_next {
    NEXT_NOTHING = 0, /* the turn is over, or failed */
    NEXT_ASK,         /* `req` */
    NEXT_PAUSE,       /* look again in after_ms */
};

struct step {
    struct llm *llm;
    struct room *room; /* its id and halt are the worker's to read; NULL of CAME_OLD */
    struct arena *arena;
    enum step_came came;
    struct llm_answer answer;
    struct llm_trouble trouble;
    int attempt;
    int64_t version; /* of the session when the question went out */
    int64_t latency_us;
    /* what the worker says; and `version` */
    enum step_next next;
    struct fetch_req req;
    int64_t after_ms;
    enum agent_session_state state;
    bool turn_open;
};

/* What a worker does with it (turn.c). */
void turn_work(struct step *step, const struct worker_tools *tools);

/* ---- all of it ---- */

struct post;

struct llm_counts {
    int64_t questions, answers, troubles;
    struct llm_usage use;
    int64_t cost_micros;
};

struct llm {
    struct llm_options options;
    const struct agent *agent;
    const struct llm_config *config;
    struct llm_endpoint endpoint;
    struct arena *arena; /* of what lives as long */
    struct redactor *redactor;
    struct tools_kept *tools;
    struct fetch_loop *fetch;
    struct pool *pool;
    struct loop_wake *wake;
    struct loop_timer *heartbeat, *retention;
    atomic_bool stopped;      /* workers read it between two calls */
    struct llm_counts counts; /* the loop thread's */
    pthread_mutex_t lock;     /* of `posts` */
    TAILQ_HEAD(, post) posts;
    TAILQ_HEAD(, room) rooms;
    TAILQ_HEAD(, feed) feeds;
};

/* A worker tells who looks on; any thread. `json` is copied. */
void llm_post(struct llm *llm, const char *session_id, const char *event, struct str json);

/* ---- loop thread ---- */

struct room *room_find(struct llm *llm, const char *session_id);
MUST_CHECK struct err room_of(struct llm *llm, const char *session_id, struct room **out);
/* Gone, when nothing happens in it and nobody looks on. */
void room_leave(struct room *room);
void room_tell(struct room *room, const char *event, struct str json);
/* More of the answer. */
void room_tell_text(struct room *room, struct str delta);
/* What the turn is doing, to all of them. */
void room_tell_state(struct room *room);
/* Where it stands and the text so far, to one who has just come; the state is agent.db's, for a
 * room where nothing has happened yet. */
void room_greet(struct llm_watcher *watcher, enum agent_session_state state, bool turn_open);

/* Browsers' streams (feed.c). */
size_t feeds_n(const struct llm *llm);
void feeds_sweep(struct llm *llm);
void feeds_beat(struct llm *llm);
void feeds_end(struct llm *llm, const char *principal_id);

#endif
