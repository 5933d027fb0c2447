/* Answers kept by idempotency key: scope actor + client + tool, for 30 days (DESIGN §8). */
#ifndef ENGINE_STORE_IDEMPOTENCY_H
#define ENGINE_STORE_IDEMPOTENCY_H

#include "engine/store/store.h"

struct kept_answer {
    const char *args_sha256;
    const char *outcome; /* ok, pending, denied */
    const char *result;  /* JSON as answered */
    const char *escalation_id;
    int64_t seq;
};

MUST_CHECK struct err idempotency_scope(struct arena *arena, const char *actor, const char *client,
                                        const char *tool, const char *key, const char **scope);
/* *found false when the key is new (or older than 30 days). */
MUST_CHECK struct err idempotency_find(struct tx *tx, struct arena *arena, const char *scope,
                                       bool *found, struct kept_answer *answer);
MUST_CHECK struct err idempotency_keep(struct tx *tx, const char *scope,
                                       const struct kept_answer *answer);

#endif
