/* Browsers that asked for push messages: where to, and the keys the message is sealed for. */
#ifndef AGENT_STORE_PUSH_SUBS_H
#define AGENT_STORE_PUSH_SUBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/store/agent_db.h"

#define PUSH_KEY_LEN      65 /* an uncompressed point of P-256 */
#define PUSH_AUTH_LEN     16
#define PUSH_SUBS_MAX     10 /* of one person: the oldest gives way */
#define PUSH_ENDPOINT_MAX 2000

struct push_sub {
    const char *subscription_id, *principal_id, *endpoint;
    uint8_t p256dh[PUSH_KEY_LEN], auth[PUSH_AUTH_LEN];
    int64_t created_us;
};

/* New, or the same browser again (whoever uses it now). Takes its own transaction, as _remove. */
MUST_CHECK struct err push_sub_put(struct agent_db *db, struct arena *arena, struct push_sub *s,
                                   int64_t now_us);
MUST_CHECK struct err push_subs_of(struct agent_db *db, struct arena *arena,
                                   const char *principal_id, struct push_sub **out, size_t *n);
/* Gone, when it is this person's (NULL: whosever). */
MUST_CHECK struct err push_sub_remove(struct agent_db *db, const char *endpoint,
                                      const char *principal_id);

#endif
