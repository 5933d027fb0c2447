/* What was confirmed without a human, and what was written off, per day and scope: the windows of
 * cumulative limits (both) and the auto-confirm cap (the first; DESIGN §4). Days are those of the
 * decision, UTC. */
#ifndef ENGINE_STORE_LIMITS_H
#define ENGINE_STORE_LIMITS_H

#include "common/base/civil.h"
#include "common/base/money.h"
#include "engine/store/store.h"

/* Adds one confirmation in a scope ("entity", "account", "counterparty", "book"); `key` names the
 * entity, entity/account, counterparty, or is "". Notes the effect. */
MUST_CHECK struct err auto_confirmed_add(struct tx *tx, const char *scope, const char *key,
                                         struct money amount);

/* Sums per currency since `from`, inclusive; at most `max` currencies (ERR_LIMIT beyond). */
MUST_CHECK struct err auto_confirmed_since(struct tx *tx, const char *scope, const char *key,
                                           struct date from, struct money *sums, size_t max,
                                           size_t *n, int64_t *count);

/* The same for what was given up, whoever decided it. */
MUST_CHECK struct err written_off_add(struct tx *tx, const char *scope, const char *key,
                                      struct money amount);
MUST_CHECK struct err written_off_since(struct tx *tx, const char *scope, const char *key,
                                        struct date from, struct money *sums, size_t max,
                                        size_t *n);

#endif
