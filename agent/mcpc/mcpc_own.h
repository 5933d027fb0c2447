/* What the files of agent/mcpc share. Internal. */
#ifndef AGENT_MCPC_MCPC_OWN_H
#define AGENT_MCPC_MCPC_OWN_H

#include <pthread.h>
#include <sys/queue.h>

#include "agent/mcpc/answer.h"
#include "common/sys/crypt.h"
#include "common/sys/fetch.h"

#define MCP_MODERN  "2026-07-28"
#define MCP_LEGACY  "2025-11-25"
#define MIRRORS_MAX 16

/* What the server speaks. */
enum mcpc_era { MCPC_ERA_UNKNOWN = 0, MCPC_MODERN, MCPC_LEGACY };

/* What tools/list says that a caller must know. */
struct tool_facts {
    bool known, read_only;
    struct mirror {
        const char *argument, *header;
    } mirrors[MIRRORS_MAX];
    size_t mirrors_n;
};

struct tool_row {
    const char *name;
    struct tool_facts facts;
    SLIST_ENTRY(tool_row) link;
};

/* A key as it was read once. Kept until the end: somebody may be signing with it. */
struct signing_key {
    struct ed25519_key *key;
    uint8_t public_key[ED25519_KEY_LEN];
    SLIST_ENTRY(signing_key) link;
};

/* A client of the engine's registry. The first of `keys` is in force. */
struct signer {
    const char *client_id, *key_path;
    SLIST_HEAD(, signing_key) keys;
};

struct mcpc_shared {
    struct arena *arena; /* of the options and what is made of them */
    struct mcpc_options options;
    const char *url, *path, *ready_url; /* path: what the assertion calls htu */
    const char *service;                /* llm:<service_id>.service */

    pthread_mutex_t lock; /* of what follows */
    struct signer workspace, own;
    struct mcpc_health health;
    int64_t heard_ms; /* as health.heard_us, of the monotonic clock */
    enum mcpc_era era;
    struct arena *tools_arena;
    SLIST_HEAD(, tool_row) tools;
};

struct mcpc {
    struct mcpc_shared *shared;
    struct arena *scratch; /* of one exchange: its bytes and signatures */
    int64_t next_id;
    /* Of a legacy server: the session, whose it is, and since which comeback. */
    bool has_session;
    char session[160], session_version[16], session_sub[160]; /* session "": it gave no id */
    int64_t session_comebacks;
};

/* ---- shared.c ---- */
/* The key in force for this actor. ERR_UPSTREAM while there is none. */
MUST_CHECK struct err shared_key(struct mcpc_shared *shared, const struct mcpc_actor *actor,
                                 const struct ed25519_key **key, const char **client_id);
/* After a refusal: reads the key again. True: it is another one now. */
bool shared_key_again(struct mcpc_shared *shared, const struct mcpc_actor *actor);

enum mcpc_era shared_era(struct mcpc_shared *shared);
void shared_learn(struct mcpc_shared *shared, enum mcpc_era era, const char *version);

/* Of requests to the engine; NULL: nothing is named. */
const struct tls_files *mcpc_tls(const struct mcpc_options *options);

void shared_heard(struct mcpc_shared *shared); /* an answer came */
/* None came to what began at that moment of loop_now_ms: somebody else's later answer is better
 * evidence than one slow call's silence. */
void shared_failed(struct mcpc_shared *shared, struct err e, int64_t began_ms);
bool shared_reachable(struct mcpc_shared *shared);
/* It was asked, and did not answer. */
bool shared_away(struct mcpc_shared *shared);
int64_t shared_comebacks(struct mcpc_shared *shared);

/* What is known of a tool; .known is false when it must be asked. Copied into the arena. */
struct tool_facts shared_tool(struct mcpc_shared *shared, struct arena *arena, const char *name);
/* Takes in rows of tools/list. */
void shared_tools_take(struct mcpc_shared *shared, const struct json *rows);

/* ---- wire.c ---- */
/* A request on its way. */
struct ask {
    const struct mcpc_actor *actor;
    const char *method;
    struct json *params;     /* without _meta; or NULL */
    const struct json *args; /* of tools/call */
    const char *tool;        /* of tools/call, else NULL */
    bool notification;       /* no id, no answer */
    bool away;               /* the engine was not to be reached when this was begun */
    /* Settled before each attempt: */
    enum mcpc_era era;
    struct tool_facts facts;
    bool change;     /* it may act: once it went out, its outcome is unknown until told */
    bool repeatable; /* it may be said again */
};

/* What came back, and what it means for saying it again. */
struct heard {
    bool sent;      /* it went out, or may have */
    int status;     /* HTTP; 0: no answer */
    int64_t wait_s; /* Retry-After; 0: not said */
    const char *session, *request_id;
    struct answer answer;
    struct mcpc_result call; /* of tools/call */
};

/* The body and headers of one attempt, in the scratch arena. */
#define ASK_PAIRS_MAX (12 + MIRRORS_MAX)
MUST_CHECK struct err ask_body(struct mcpc *m, const struct ask *ask, int64_t id, struct str *body);
MUST_CHECK struct err ask_head(struct mcpc *m, const struct ask *ask, const char *http_method,
                               struct str body, struct http_pair pairs[ASK_PAIRS_MAX], size_t *n);

/* One attempt: OK when a result came (heard->answer.result, in `arena`). The errors of mcpc.h else;
 * for a change, an answer that makes no sense is ERR_UNKNOWN. */
MUST_CHECK struct err wire_once(struct mcpc *m, struct arena *arena, const struct ask *ask,
                                uint32_t timeout_ms, struct heard *heard);

/* ---- hello.c ---- */
/* Settles the era, and for a legacy server the session of this actor. */
MUST_CHECK struct err hello(struct mcpc *m, struct arena *arena, const struct mcpc_actor *actor,
                            uint32_t timeout_ms, enum mcpc_era *era);
void hello_forget(struct mcpc *m); /* the session is not known any more */

/* ---- mcpc.c ---- */
/* Says it until an answer comes or the time is over. */
MUST_CHECK struct err ask_run(struct mcpc *m, struct arena *arena, struct ask *ask,
                              struct heard *heard);
void pause_ms(int64_t ms);
int64_t jittered(int64_t ms); /* give or take half of it */

#endif
