/* What another policy would have decided otherwise: every recorded decision, decided again under
 * two policies, on all processors. */
#ifndef ENGINE_CLI_POLICY_EFFECT_H
#define ENGINE_CLI_POLICY_EFFECT_H

#include "common/base/buf.h"
#include "common/base/decimal.h"
#include "engine/gate/gate.h"
#include "engine/store/store.h"

enum { EFFECT_CURRENCIES_MAX = 200, RULINGS = 3 };

/* Of all that went one way: allow → human. A ruling for another reason goes from it to itself. */
struct effect_total {
    int64_t count, unvalued; /* without an amount */
    struct effect_money {
        char cur[4];
        int128 minor; /* sum of absolute amounts */
    } money[EFFECT_CURRENCIES_MAX];
    size_t money_n;
};

/* A decision that would have been another. Texts live until the callback returns. */
struct effect_row {
    int64_t seq;
    const char *when; /* RFC 3339, UTC */
    enum action action;
    bool has_amount;
    struct money amount;
    const char *entities; /* separated by spaces */
    const char *actor, *object_type, *object_id;
    struct verdict from, to;
};

struct policy_effect {
    const struct policy *old, *new;
    int64_t first, last; /* of the log: what to look at */
    /* found */
    int64_t events, decisions, changed;
    int64_t unknown; /* the verdict depends on what the event does not know */
    struct effect_total totals[RULINGS][RULINGS]; /* [from][to] */
    /* In order of seq; NULL: only the totals are wanted. */
    struct err (*row)(void *arg, const struct effect_row *row);
    void *arg;
};

/* `path` of the book; `tx` a snapshot of it. The error is in `arena`. */
MUST_CHECK struct err policy_effect_find(const char *path, struct tx *tx, struct arena *arena,
                                         struct policy_effect *effect);

/* How many decisions change, and each direction with its money: lines for people. */
void policy_effect_print(struct arena *arena, const struct policy_effect *effect, struct buf *out);

/* "12500.00" */
const char *effect_sum_text(struct arena *arena, const struct effect_money *sum);

#endif
