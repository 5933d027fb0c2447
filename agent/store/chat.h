/* What came from a chat app: requests taken once, presses of buttons that are still to be carried
 * out, codes that link an identity, who was seen there. */
#ifndef AGENT_STORE_CHAT_H
#define AGENT_STORE_CHAT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/store/agent_db.h"
#include "common/base/str.h"

/* Remembers a signature until it would be too old anyway; *again when it was taken before. In a
 * transaction of the caller's: together with what the request asks for. */
MUST_CHECK struct err slack_seen_add(struct agent_db *db, struct str signature, int64_t now_us,
                                     int64_t expires_us, bool *again);

struct click {
    const char *click_id; /* made by click_add; the engine's idempotency key */
    const char *subject, *decision, *escalation_id, *digest;
    const char *reason, *response_url; /* NULL: none */
    int64_t created_us;
};

/* In a transaction of the caller's. */
MUST_CHECK struct err click_add(struct agent_db *db, struct arena *arena, struct click *c,
                                int64_t now_us);
/* The one that waits longest; it stays until click_done. */
MUST_CHECK struct err click_due(struct agent_db *db, struct arena *arena, int64_t now_us,
                                bool *found, struct click *c);
MUST_CHECK struct err click_later(struct agent_db *db, const struct click *c, int64_t next_us,
                                  int64_t now_us);
/* The words and the way back are forgotten, how it ended is kept a while. */
MUST_CHECK struct err click_done(struct agent_db *db, const struct click *c, const char *outcome,
                                 int64_t now_us);

/* A code that links whoever asked for it; only its hash is kept. In a transaction. */
MUST_CHECK struct err link_code_add(struct agent_db *db, const char *code, const char *subject,
                                    const char *shown_name, int64_t expires_us);
struct link_code {
    const char *subject, *shown_name;
};
/* *found false: no such code, used, or too old. */
MUST_CHECK struct err link_code_find(struct agent_db *db, struct arena *arena, const char *code,
                                     int64_t now_us, bool *found, struct link_code *out);
/* In a transaction; ERR_CONFLICT when somebody was faster. */
MUST_CHECK struct err link_code_use(struct agent_db *db, const char *code, int64_t now_us);

/* This person acts from the chat app: reminders need not go by mail. */
MUST_CHECK struct err chat_person_seen(struct agent_db *db, const char *principal_id,
                                       const char *subject, int64_t now_us);
MUST_CHECK struct err chat_person_find(struct agent_db *db, const char *principal_id, bool *found);

/* What is over goes: signatures, codes, clicks done before `before_us`. */
MUST_CHECK struct err chat_forget(struct agent_db *db, int64_t now_us, int64_t before_us);

#endif
