/* Who is signed in, in which browser. The id of a session is known to its browser alone; here is
 * its SHA-256. Whether a session still holds is one question, session_find's: not ended, used
 * within the idle time, not older than it may get. */
#ifndef AGENT_STORE_SESSIONS_H
#define AGENT_STORE_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/store/agent_db.h"
#include "common/base/str.h"

#define SESSION_ID_LEN 32

/* Texts live in the arena they were read into. Times: *_us are microseconds since 1970. */
struct session {
    uint8_t id[SESSION_ID_LEN]; /* only when it was just made, or came with the request */
    const char *backend;        /* oidc, header-trust, dev */
    const char *issuer, *subject;
    const char *idp_session; /* the provider's sid; NULL: none */
    const char *actor, *principal_id, *name;
    const char *csrf;
    int64_t auth_time;   /* seconds since 1970 */
    const char *acr;     /* NULL: not said */
    struct str id_token; /* sealed; empty when there is none */
    int64_t created_us, seen_us;
};

struct session_life {
    int64_t now_us, idle_us, whole_us;
};

/* Makes the id and the CSRF token, and keeps the session; inside a transaction of the caller's. */
MUST_CHECK struct err session_add(struct agent_db *db, struct arena *arena, struct session *s);

/* *found false: no such session, or it holds no longer. */
MUST_CHECK struct err session_find(struct agent_db *db, struct arena *arena,
                                   const uint8_t id[SESSION_ID_LEN],
                                   const struct session_life *life, bool *found, struct session *s);

/* The session was used; written at most once a minute. Takes its own transaction. */
MUST_CHECK struct err session_touch(struct agent_db *db, struct session *s, int64_t now_us);

/* The session's person showed again who they are (a fresh login). In a transaction. */
MUST_CHECK struct err session_refresh(struct agent_db *db, const struct session *s);

/* Ends sessions; `why` for whoever looks: "signed out", "provider". In a transaction. *n (may be
 * NULL): how many ended. */
MUST_CHECK struct err session_end(struct agent_db *db, const uint8_t id[SESSION_ID_LEN],
                                  const char *why, int64_t now_us);
MUST_CHECK struct err sessions_end_of(struct agent_db *db, const char *issuer, const char *subject,
                                      const char *idp_session, const char *why, int64_t now_us,
                                      int64_t *n);
MUST_CHECK struct err sessions_end_person(struct agent_db *db, const char *principal_id,
                                          const char *why, int64_t now_us, int64_t *n);

/* Rows of sessions that ended or were last used before `before_us` go; in a transaction. */
MUST_CHECK struct err sessions_forget(struct agent_db *db, int64_t before_us, int64_t *n);

/* Those that hold, the last used first; at most `max`. */
MUST_CHECK struct err sessions_list(struct agent_db *db, struct arena *arena,
                                    const struct session_life *life, size_t max,
                                    struct session **out, size_t *n);

#endif
