/* Sessions of the legacy era (MCP 2025-11-25 and before, MCP.md §1.2): what a client that said
 * initialize may come back to. A session belongs to whoever opened it. It holds streams: the events
 * of an answer under way, or of the GET stream, kept for a client that lost its connection and asks
 * again with Last-Event-ID. In memory alone: after a restart a client initializes again. */
#ifndef ENGINE_MCP_SESSION_H
#define ENGINE_MCP_SESSION_H

#include "engine/mcp/exchange.h"

#define SESSION_ID_SIZE    44
#define SESSIONS_MAX       10000
#define SESSION_IDLE_MS    ((int64_t)30 * 60 * 1000)
#define SESSION_URIS_MAX   100
#define SESSION_KEPT_MAX   256 /* events kept for replay, over all its streams */
#define SESSION_KEPT_BYTES ((size_t)1 << 20)
#define SESSION_ASKS_MAX   32

/* One event that was sent, or could not be. */
struct kept {
    uint64_t stream, n;
    struct str data;
    TAILQ_ENTRY(kept) link;
};

/* A numbered run of events. At most one connection carries it at a time. */
struct stream {
    uint64_t number, sent;
    struct session *session;
    struct web_req *web; /* NULL: nobody listens now */
    int64_t until_us;    /* when what who listens showed ends; 0: never */
    bool ended;          /* the last event is in; what is left is its replay */
    struct mcp_req *req; /* whose answer it is; NULL of a GET stream, and once answered */
    TAILQ_ENTRY(stream) link;
};

/* Something the client was asked and has not answered. */
struct asked {
    int64_t id; /* 0: free */
    struct mcp_req *req;
    req_answer *answer;
};

struct session {
    char id[SESSION_ID_SIZE];
    struct mcp *mcp;
    char *owner;
    const char *version;
    struct arena *arena; /* of capabilities */
    const struct json *client_capabilities;
    int level; /* of logging/setLevel; -1: none asked for */
    int64_t used_ms;
    uint64_t next_stream;
    int64_t next_ask;
    struct stream *get; /* the standalone stream, if there is one */
    char *uris[SESSION_URIS_MAX];
    size_t uris_n;
    struct asked asked[SESSION_ASKS_MAX];
    void *scope; /* the host's */
    TAILQ_HEAD(, stream) streams;
    TAILQ_HEAD(kept_list, kept) kept;
    size_t kept_n, kept_bytes;
    TAILQ_ENTRY(session) link;
};

struct sessions {
    TAILQ_HEAD(session_list, session) all; /* longest unused first */
    size_t n;
};

void sessions_init(struct sessions *all);
void sessions_free(struct sessions *all);
/* Ends what was not used for SESSION_IDLE_MS and has no open connection. */
void sessions_expire(struct sessions *all, int64_t now_ms);

/* Lets go of connections whose callers' proof of who they are has ended; they may come back. */
void sessions_lapse(struct sessions *all, int64_t now_us);

/* A comment on every open stream, so that nobody between us closes what is quiet. */
void sessions_pulse(struct sessions *all);

/* NULL without memory. The oldest idle one makes room; when none is idle: NULL too. */
struct session *session_new(struct mcp *mcp, struct sessions *all, const char *owner,
                            const char *version, const struct json *client_capabilities);
/* The session of this id and owner; NULL when there is none (or it is somebody else's). */
struct session *session_find(struct sessions *all, struct str id, const char *owner,
                             int64_t now_ms);
void session_end(struct sessions *all, struct session *s);

/* A new stream, carried by `web` (begun already). NULL without memory. */
struct stream *stream_new(struct session *s, struct web_req *web, struct mcp_req *req);
/* One event: kept, and sent when somebody listens. `data` is empty for the priming event. */
void stream_event(struct stream *st, struct str data);
/* No event follows. The connection ends; the stream is forgotten with its last kept event. */
void stream_end(struct stream *st);
/* The connection goes (or went: `gone`), the stream stays. */
void stream_let_go(struct stream *st);
/* `web` carries the stream that Last-Event-ID names from the event behind it on, until `until_us`
 * (0: no end). False: there is no such stream (then nothing was answered). */
bool stream_resume(struct session *s, struct web_req *web, struct str last_event_id,
                   int64_t until_us);

/* Changes: one event on the GET stream. */
void session_tell(struct session *s, struct str data);
bool session_watches(const struct session *s, const char *uri);
bool session_watch(struct session *s, const char *uri); /* false: too many */
void session_unwatch(struct session *s, const char *uri);

#endif
