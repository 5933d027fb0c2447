/* The policy's text, read the slow obvious way: a tree of what was written, asked for one number at
 * a time (docs/POLICY.md). It shares nothing with engine/gate: where the two read one sentence
 * differently, one of them is wrong. */
#ifndef TESTS_EVAL_RULES_POLICY_H
#define TESTS_EVAL_RULES_POLICY_H

#include "common/base/civil.h"
#include "common/base/decimal.h"
#include "common/base/json.h"

struct stated {
    const struct json *tree; /* of policy.yaml */
};

/* What money is compared with a limit: within, over, or not known, and why. */
enum weight { WITHIN = 0, OVER, NO_RATE, OLD_RATE };

struct sum {
    int64_t minor; /* without sign */
    const char *cur;
    struct date on; /* whose rate counts */
};

/* The sentence that a refusal must quote for this reason at this pointer; NULL: the policy has none
 * there. */
const char *stated_clause(const struct stated *p, const char *reason, const char *pointer);

/* "10000 USD", or a number with `cur`. False: no such limit is written (NULL). */
bool stated_limit(const struct json *written, const char *cur, struct decimal *max,
                  char cur_out[4]);

/* The sums, each at the rate of its day, against a written limit. */
enum weight stated_weigh(const struct stated *p, const struct sum *sums, size_t n,
                         const struct decimal *max, const char *cur);

/* Over materiality anywhere, or not known to be within it. */
enum weight stated_materiality(const struct stated *p, const struct sum *amount,
                               const char *const *entities, size_t n);

/* An account as a leg touches it. */
struct touched {
    const char *id,
        *class_;     /* id NULL: the other side is not known; class_ NULL: not in the chart */
    bool reconciled; /* only as the account being reconciled */
};
/* Reserved for people: listed, or not known. */
bool stated_sensitive(const struct stated *p, const struct touched *accounts, size_t n,
                      const char *const *events, size_t events_n);

/* A grant that covers the action in the entity (NULL: no entity) for the role; the amount is looked
 * at when it is given, and with `alone` also against what one person may do alone. */
bool stated_grants(const struct stated *p, const char *role, const char *action, const char *entity,
                   const struct sum *amount, bool alone);

bool stated_lists(const struct json *list, const char *text);
bool stated_channel(const struct stated *p, const char *tier, const char *channel);
/* Seconds a login may be old; 0: any age. */
int64_t stated_login_age(const struct stated *p, const char *tier);
/* In ten thousandths: "0.90" is 9000. */
int64_t stated_share(const struct stated *p, const char *pointer, int64_t otherwise);

/* Whether a rule of `blocked` stops this. What is not known of the act is NULL. */
struct blockable {
    const char *action, *tool, *actor, *kind, *counterparty;
    const char *const *entities;
    size_t entities_n;
    const struct touched *accounts;
    size_t accounts_n;
    const struct sum *amount;
};
bool stated_blocks(const struct stated *p, const struct blockable *act);

#endif
