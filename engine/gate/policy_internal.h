/* Between the files of the policy loader only: what policy.yaml looks like (struct policy_doc,
 * bound by the tables of policy_doc.c) and the policy being made from it. policy.c runs the parts
 * in the document's order; each part checks one section against docs/POLICY.md and fills its
 * arrays. */
#ifndef ENGINE_GATE_POLICY_INTERNAL_H
#define ENGINE_GATE_POLICY_INTERNAL_H

#include "engine/gate/policy.h"

/* ---- the document, as written ---- */

struct doc_override {
    const char *entity, *limit;
};

struct doc_account {
    const char *id, *prefix, *class_, *event, *clause;
    unsigned legs; /* 1 + index: contra, all; 0 absent */
};

struct doc_strategy {
    const char *type, *clause;
};

struct doc_cap {
    const char *amount;
    int64_t count;
    unsigned period;
    bool has_count;
};

struct doc_auto_confirm {
    bool enabled;
    struct doc_cap *cap;
};

struct doc_cumulative {
    const char *id, *max, *clause;
    unsigned per;
    int64_t window_days;
};

struct doc_block {
    const char *id, *counterparty, *account, *account_prefix, *entity, *actor, *tool, *over,
        *clause;
    unsigned actor_kind, action;
};

struct doc_authority {
    const char *role;
    const char **actions;
    size_t actions_n;
    const struct json *entities; /* `all`, or an array of ids */
    const char *max, *single_max;
};

struct doc_sod {
    unsigned own_agent;
};

struct doc_rate {
    const char *base, *quote, *rate, *as_of, *source;
};

struct doc_fx {
    int64_t max_staleness_days;
    struct doc_rate *rates;
    size_t rates_n;
};

struct doc_windows {
    int64_t days, cheque_days, group_days;
};

struct doc_tolerances {
    const char *fee_cap, *fee_share, *fee_account;
    bool transposition, book_net_of_fee;
};

struct doc_weights {
    const char *text, *reference, *date, *amount, *account;
};

struct doc_groups {
    int64_t items_max, candidates_max, nodes_max;
};

struct doc_matching {
    struct doc_windows *windows;
    struct doc_tolerances *tolerances;
    struct doc_weights *weights;
    struct doc_groups *groups;
    const char *high, *review, *ambiguity_margin;
    int64_t candidates_max;
};

struct doc_escalation {
    int64_t expiry_hours, sla_hours;
    unsigned clock;
    const struct json *reminders_hours; /* an array of whole numbers */
};

struct doc_exceptions {
    int64_t escalate_after_days;
};

struct doc_login_age {
    int64_t t1, t2, t3;
};

struct doc_channels {
    const char **t1, **t2, **t3;
    size_t t1_n, t2_n, t3_n;
    struct doc_login_age max_login_age_minutes;
};

struct doc_bulk {
    int64_t max_items;
    const char *max_amount, *clause;
    const char **reasons;
    size_t reasons_n;
};

struct doc_administration {
    unsigned policy_changes; /* T2, T3 */
};

struct doc_clause {
    const char *reason, *text;
};

struct doc_nothing {
    char unused;
};

struct policy_doc {
    int64_t version;
    const char *materiality;
    struct doc_override *overrides;
    size_t overrides_n;
    const struct json *accounts; /* an array of texts and objects */
    const char **match_types;
    size_t match_types_n;
    struct doc_strategy *strategies;
    size_t strategies_n;
    struct doc_auto_confirm auto_confirm;
    struct doc_cumulative *cumulative;
    size_t cumulative_n;
    const char *write_off_limit;
    struct doc_block *blocked;
    size_t blocked_n;
    struct doc_authority *authority;
    size_t authority_n;
    struct doc_sod sod;
    struct doc_fx fx;
    struct doc_matching *matching;
    const struct json *ap, *close;
    struct doc_escalation *escalation;
    struct doc_exceptions *exceptions;
    struct doc_channels channels;
    struct doc_bulk *bulk;
    struct doc_administration *administration;
    struct doc_clause *clauses;
    size_t clauses_n;
};

/* ---- the policy being made ---- */

struct policy_build {
    struct arena *arena;
    const struct json *tree;
    struct policy_doc doc;
    struct policy *policy;
    char (*currencies)[4]; /* policy->currencies while it grows; room for every active currency */
};

/* What an amount of zero means for a limit: a bound nothing stays under, or a mistake. */
enum policy_zero { POLICY_ZERO_REFUSED, POLICY_ZERO_ALLOWED };

/* policy_doc.c: binds the tree; the sections that may be left out get their defaults. */
MUST_CHECK struct err policy_doc_bind(struct arena *arena, const struct json *tree,
                                      struct policy_doc *doc);
MUST_CHECK struct err policy_doc_account(struct policy_build *b, const struct json *node,
                                         const char *pointer, struct doc_account *account);

/* policy_text.c: pointers, complaints, names, clauses. */
const char *policy_at(struct policy_build *b, const char *pointer, const char *key);
const char *policy_at_index(struct policy_build *b, const char *pointer, size_t i);
MUST_CHECK struct err policy_refuse(struct policy_build *b, const char *pointer, const char *fmt,
                                    ...) __attribute__((format(printf, 3, 4)));
/* An error of binding the subtree at `pointer`, placed in the whole document. */
MUST_CHECK struct err policy_err_under(struct policy_build *b, const char *pointer, struct err e);
size_t policy_name_find(const char *const *names, const char *name); /* 0 when not there */
const char *policy_name_list(struct arena *arena, const char *const *names);
MUST_CHECK struct err policy_clause_check(struct policy_build *b, const char *text,
                                          const char *pointer);
/* The rule's own sentence, or its reason's; the pointer is the rule's in both cases. */
MUST_CHECK struct err policy_clause_of(struct policy_build *b, const char *own, enum reason reason,
                                       const char *pointer, struct policy_clause *clause);
const char *policy_id_complaint(const char *text);   /* for .check of a field that names a rule */
const char *policy_name_complaint(const char *text); /* of an entity, account, counterparty … */

/* The first name is "", ours for "absent"; each ends in NULL. */
extern const char *const policy_match_type_names[];
extern const char *const policy_action_names[];
extern const char *const policy_channel_names[];
extern const char *const policy_actor_kind_names[];

/* policy_limits.c */
MUST_CHECK struct err policy_limit_parse(struct policy_build *b, const char *text,
                                         const char *pointer, enum policy_zero zero,
                                         struct policy_limit *limit);
MUST_CHECK struct err policy_load_materiality(struct policy_build *b);
MUST_CHECK struct err policy_load_auto_confirm(struct policy_build *b);
MUST_CHECK struct err policy_load_cumulative(struct policy_build *b);
MUST_CHECK struct err policy_load_write_off(struct policy_build *b);

/* policy_bulk.c */
MUST_CHECK struct err policy_load_bulk(struct policy_build *b);

/* policy_rules.c, policy_authority.c, policy_matching.c, policy.c */
MUST_CHECK struct err policy_load_accounts(struct policy_build *b);
MUST_CHECK struct err policy_load_match_types(struct policy_build *b);
MUST_CHECK struct err policy_load_blocked(struct policy_build *b);
MUST_CHECK struct err policy_load_authority(struct policy_build *b);
MUST_CHECK struct err policy_load_channels(struct policy_build *b);
MUST_CHECK struct err policy_load_fx(struct policy_build *b);
MUST_CHECK struct err policy_load_matching(struct policy_build *b);
MUST_CHECK struct err policy_load_escalation(struct policy_build *b);

#endif
