/* Behind `mcp-stdio`: one client's messages to the daemon over HTTP, and what comes back, as lines.
 * A message that nothing may overtake (initialize, notifications, responses) is sent on the
 * caller's thread; other requests each have a thread of their own, so that answers come as they are
 * ready. */
#ifndef ENGINE_CLI_BRIDGE_H
#define ENGINE_CLI_BRIDGE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "common/sys/crypt.h"
#include "common/sys/http_reply.h"
#include "engine/cli/cli.h"
#include "proto/jsonrpc.h"

#define BRIDGE_LINE_MAX ((size_t)1024 * 1024) /* as much as the daemon takes of a body */

/* Whose assertion each request carries; without a key the kernel says who calls. */
struct bridge_signer {
    const struct ed25519_key *key;
    const char *client, *actor, *obo, *audience;
};

struct bridge;

/* A message on its way. */
struct errand {
    struct bridge *bridge;
    struct arena *arena; /* it lives there */
    struct jsonrpc_msg msg;
    struct str body;
    bool modern, listens; /* listens: its answer is a stream without an end */
    bool answered, again; /* again: under a session made anew */
    atomic_bool unwanted; /* the client took it back */
    TAILQ_ENTRY(errand) link;
};

struct bridge {
    const char *url, *unix_socket; /* unix_socket NULL: TCP */
    const struct tls_files *tls;   /* fetch.h's */
    struct bridge_signer signer;
    int out; /* descriptor of the answers */

    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t less;   /* an errand is done */
    TAILQ_HEAD(, errand) under_way;
    size_t under_way_n, listening_n;
    pthread_t ended; /* the last errand's thread; each waits for the one that ended before it */
    bool any_ended;
    struct arena *arena;   /* of the next three; NULL without a session */
    const char *session;   /* Mcp-Session-Id */
    const char *version;   /* what initialize agreed on */
    struct str initialize; /* its body, to say it again after the daemon forgot the session */
    pthread_t tail;        /* follows the session's GET stream */
    bool tail_runs;

    pthread_mutex_t writing;
    atomic_bool ending; /* nothing is waited for any more */
};

void bridge_init(struct bridge *b);
/* Waits until what is under way is answered, `wait_s` at most; then ends streams and the session.
 */
void bridge_end(struct bridge *b, int wait_s);

/* One line from the client. */
void bridge_take(struct bridge *b, struct str line);
/* The line was too long to be read. */
void bridge_too_long(struct bridge *b);

/* ---- bridge_http.c ---- */
/* Sends the errand and writes what comes back; answers it itself when nothing does. */
void errand_run(struct errand *e);
/* The session's own stream, until the bridge ends or the daemon has none. */
void *bridge_tail(void *bridge);
/* DELETE; the daemon forgets the session. */
void bridge_leave(struct bridge *b);

/* ---- bridge_head.c ---- */
/* The header fields of a message: what its body says again, session, assertion. `body` is empty and
 * `msg` NULL for GET and DELETE. */
#define BRIDGE_PAIRS_MAX 24
MUST_CHECK struct err bridge_head(struct bridge *b, struct arena *arena, const char *method,
                                  const struct jsonrpc_msg *msg, struct str body,
                                  struct http_pair pairs[BRIDGE_PAIRS_MAX], size_t *n);
/* Whether a message carries the envelope of 2026-07-28. */
bool message_is_modern(const struct jsonrpc_msg *msg);

/* ---- bridge.c ---- */
/* One message as one line on the output; line ends inside become spaces. */
void bridge_write(struct bridge *b, struct str message);
/* The session that a reply began: its id (NULL for none) and what initialize agreed on. */
void bridge_session(struct bridge *b, const char *id, const char *version, struct str initialize);
void bridge_session_copy(struct bridge *b, struct arena *arena, const char **id,
                         const char **version, struct str *initialize);

#endif
