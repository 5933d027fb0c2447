/* What may come once only, and fresh logins that wait for their decision. Both forget by themselves
 * what is too old to matter. */
#ifndef AGENT_STORE_ONCE_H
#define AGENT_STORE_ONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/store/agent_db.h"
#include "agent/store/sessions.h"
#include "common/base/str.h"

/* Marks `what` of a kind ("login", "logout") as used; *first is false when it was used before and
 * `until_us` of then is not past. In a transaction of the caller's: what it pays for must be in the
 * same. */
MUST_CHECK struct err once_use(struct agent_db *db, const char *kind, struct str what,
                               int64_t until_us, int64_t now_us, bool *first);

struct fresh_login {
    const char *escalation_id, *decision, *digest;
    struct str id_token; /* sealed */
    int64_t until_us;
};

/* Keeps it for the session, instead of an older one of the same decision. In a transaction. */
MUST_CHECK struct err fresh_put(struct agent_db *db, const uint8_t session[SESSION_ID_LEN],
                                const struct fresh_login *f, int64_t now_us);
/* f->id_token of the decision and digest that `f` names; empty: there is none, or it is too old. */
MUST_CHECK struct err fresh_find(struct agent_db *db, struct arena *arena,
                                 const uint8_t session[SESSION_ID_LEN], struct fresh_login *f,
                                 int64_t now_us);
/* The decision was made. Takes its own transaction. */
MUST_CHECK struct err fresh_drop(struct agent_db *db, const uint8_t session[SESSION_ID_LEN],
                                 const char *escalation_id, const char *decision);

#endif
