/* A policy, as the gate reads it: policy.yaml bound into arrays, every limit with its currency,
 * every rule with the clause a denied person will read and the RFC 6901 pointer to where it stands.
 * docs/POLICY.md is the grammar. A policy is made once and never changes; it owns all its memory.
 */
#ifndef ENGINE_GATE_POLICY_H
#define ENGINE_GATE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/json.h"
#include "engine/gate/ask.h"

/* A sum of money as a bound: exact decimal in one currency; cur_index is its place in currencies.
 * An override without a currency has none of both until policy_bind_entities: cur "", cur_index
 * SIZE_MAX, so that nothing compares with it. */
struct policy_limit {
    struct decimal max;
    char cur[4];
    size_t cur_index;
};

/* A rule that stops something, and what people are told. */
struct policy_clause {
    const char *text;
    const char *pointer;
};

struct policy_override {
    const char *entity;
    struct policy_limit limit;
    struct policy_clause clause;
};

/* Names accounts or event kinds that only a human may confirm. Exactly one of the four is set. */
struct policy_account {
    const char *id, *prefix, *class_, *event;
    bool legs_all; /* also when it is the account being reconciled */
    struct policy_clause clause;
};

struct policy_match_type {
    const char *name;
    struct policy_clause clause;
};

/* All members that are set must hold; a rule with none does not load. */
struct policy_block {
    const char *id;
    const char *counterparty, *account, *account_prefix, *entity, *actor, *tool;
    enum actor_kind actor_kind; /* ACTOR_NONE: any */
    enum action action;         /* ACTION_NONE: any */
    bool has_over;
    struct policy_limit over;
    struct policy_clause clause;
};

struct policy_authority {
    const char *role;            /* "engine" is the role of engine actors and of nobody else */
    uint64_t actions;            /* bit 1 << enum action */
    const char *const *entities; /* entities_n 0: every entity */
    size_t entities_n;
    bool has_max, has_single_max;
    struct policy_limit max, single_max;
    struct policy_clause clause; /* pointer to this grant */
};

enum policy_per { PER_ENTITY, PER_ACCOUNT, PER_COUNTERPARTY, PER_BOOK };
enum policy_period { PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_QUARTER, PERIOD_YEAR };

/* What may be confirmed without a human in a rolling window of decision dates (UTC). */
struct policy_cumulative {
    const char *id;
    enum policy_per per;
    int64_t window_days;
    struct policy_limit limit;
    struct policy_clause clause;
};

struct policy_auto_confirm {
    bool enabled;
    bool has_cap_amount, has_cap_count;
    struct policy_limit cap_amount; /* per account and period */
    int64_t cap_count;
    enum policy_period period;
};

enum own_agent { OWN_AGENT_DENY = 0, OWN_AGENT_BELOW_MATERIALITY, OWN_AGENT_ALLOW };

struct policy_fx_rate {
    char base[4], quote[4];
    struct decimal rate; /* quote units for one base unit */
    struct date as_of;
    const char *source;
};

/* How the matcher works; thresholds and weights in basis points (10000 = 1). */
struct policy_matching {
    int64_t window_days, window_days_cheque, window_days_group; /* business days */
    int64_t high_bp, review_bp, ambiguity_margin_bp;
    int64_t weight_text_bp, weight_reference_bp, weight_date_bp, weight_amount_bp,
        weight_account_bp;
    const char *fee_cap;     /* decimal text in the account's currency; NULL: no fee tolerance */
    int64_t fee_share_bp;    /* and at most this share of the amount */
    const char *fee_account; /* where such a fee goes, in every chart that has it; NULL: not said */
    bool transposition, book_net_of_fee;
    int64_t group_items_max, group_candidates_max, group_nodes_max, candidates_max;
};

/* What sla_hours and reminders_hours count: hours, or hours of business days of the entity's
 * calendar. Expiry always counts hours. */
enum policy_clock { CLOCK_WALL = 0, CLOCK_BUSINESS };

struct policy_escalation {
    int64_t expiry_hours, sla_hours;
    enum policy_clock clock;
    const int64_t *reminder_hours;
    size_t reminder_hours_n;
};

/* What one act of a person may decide at once. The clauses are one sentence and point at the key
 * that stopped it. */
struct policy_bulk {
    int64_t max_items;
    struct policy_limit max_amount; /* together; without a key of its own it is materiality */
    uint64_t reasons;               /* bit 1 << enum reason: what may be decided so */
    struct policy_clause clause, items_clause, amount_clause, reasons_clause;
};

/* REASON(NAME, "default heading") for every reason a verdict can carry. */
#define REASON_LIST(REASON)                                                                        \
    REASON(ALLOWED)                                                                                \
    REASON(UNLISTED)                                                                               \
    REASON(FROZEN)                                                                                 \
    REASON(POLICY_BLOCK)                                                                           \
    REASON(NOT_AUTHORISED)                                                                         \
    REASON(CHANNEL_NOT_ALLOWED)                                                                    \
    REASON(AUTH_TOO_OLD)                                                                           \
    REASON(PERIOD_CLOSED)                                                                          \
    REASON(STATE_INVALID)                                                                          \
    REASON(SOD_SAME_ACTOR)                                                                         \
    REASON(ACCOUNT_FORCED_HUMAN)                                                                   \
    REASON(MATERIALITY_OVER_THRESHOLD)                                                             \
    REASON(STRATEGY_REQUIRES_HUMAN)                                                                \
    REASON(MISSING_RATIONALE)                                                                      \
    REASON(SOURCE_REQUIRES_HUMAN)                                                                  \
    REASON(AMBIGUOUS_MATCH)                                                                        \
    REASON(ENTITY_MISMATCH)                                                                        \
    REASON(INTERCOMPANY_UNPAIRED)                                                                  \
    REASON(CUMULATIVE_OVER_THRESHOLD)                                                              \
    REASON(AUTO_CONFIRM_CAP)                                                                       \
    REASON(FX_RATE_MISSING)                                                                        \
    REASON(FX_RATE_STALE)                                                                          \
    REASON(TIER_REQUIRES_HUMAN)                                                                    \
    REASON(SECOND_APPROVER_REQUIRED)                                                               \
    REASON(BULK_LIMIT)

#define REASON_ENUM(name) REASON_##name,
enum reason { REASON_NONE = 0, REASON_LIST(REASON_ENUM) REASON_COUNT };
#undef REASON_ENUM

const char *reason_name(enum reason reason);
bool reason_find(const char *name, enum reason *reason);

struct policy {
    int64_t version; /* of the grammar; 1 */
    char digest[65]; /* SHA-256 of the text's bytes, lower-case hex: the policy's version */
    struct policy_limit materiality;         /* global, USD */
    struct policy_clause materiality_clause; /* its reason's text, pointing at the threshold */
    const struct policy_override *overrides;
    size_t overrides_n;
    const struct policy_account *accounts;
    size_t accounts_n;
    const struct policy_match_type *match_types; /* no_auto_confirm_match_types */
    size_t match_types_n;
    struct policy_auto_confirm auto_confirm;
    const struct policy_cumulative *cumulative;
    size_t cumulative_n;
    bool has_write_off_limit; /* without one, every write-off needs a second pair of eyes */
    struct policy_limit write_off_limit;
    const struct policy_block *blocked;
    size_t blocked_n;
    const struct policy_authority *authority;
    size_t authority_n;
    enum own_agent own_agent;
    int64_t fx_max_staleness_days;
    const struct policy_fx_rate *fx_rates;
    size_t fx_rates_n;
    struct policy_matching matching;
    uint32_t channels[4];       /* per tier: bit 1 << enum channel */
    int64_t login_age_max_s[4]; /* per tier; 0: any age */
    struct policy_escalation escalation;
    int64_t exception_days_max; /* an exception that is open for longer is escalated */
    struct policy_bulk bulk;
    bool policy_change_t3; /* in prod another policy takes two others, signed in for it */
    struct policy_clause clauses[REASON_COUNT]; /* by reason; every reason but ALLOWED has one */
    const char (*currencies)[4]; /* every currency a limit is written in; [0] is USD */
    size_t currencies_n;
};

/* Binds a parsed policy. `tree` is policy.yaml through yaml_read, `digest` the SHA-256 of its bytes
 * in hex. The result lives in `arena` and shares the tree's texts, so the tree must live as long
 * (read it into the same arena); so do the errors: `where` is `line:column` and the pointer.
 * Entities' functional currencies are not known here: an override without a currency keeps an empty
 * `cur` until policy_bind_entities. ERR_INPUT for anything docs/POLICY.md does not allow.
 */
MUST_CHECK struct err policy_load(struct arena *arena, const struct json *tree, const char *digest,
                                  struct policy **policy);

/* An entity of the master data, for overrides that name no currency. */
struct policy_entity {
    const char *id;
    const char *functional_cur;
};

/* Gives each override without a currency its entity's functional one, and fills `currencies`. An
 * override, a blocked rule or a grant for an entity that is not in the master data keeps the policy
 * from loading: ERR_INPUT, `where` its pointer. `policy` is as it was on error. */
MUST_CHECK struct err policy_bind_entities(struct arena *arena, struct policy *policy,
                                           const struct policy_entity *entities, size_t n);

#endif
