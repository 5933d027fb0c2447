/* What the gate is asked: every fact a verdict may rest on, read by the call's plan inside the
 * transaction that will carry the effect. Plain data: no pointer into the database, no function.
 * The same struct, printed by ask_print, is the event's `gate_input`: what the gate saw is what an
 * auditor reads. Fields left zero are the careful answer: unknown, not allowed, not known. */
#ifndef ENGINE_GATE_ASK_H
#define ENGINE_GATE_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/canon.h"
#include "common/base/civil.h"
#include "common/base/decimal.h"
#include "common/base/id.h"
#include "common/base/json.h"
#include "common/base/money.h"

/* The shape of ask_print's object; raised when a fact is added or changes its meaning. */
#define ASK_SCHEMA 4

/* ACTION(NAME) for every act the gate knows. An action that is not here is denied as UNLISTED. */
#define ACTION_LIST(ACTION)                                                                        \
    ACTION(PROPOSE)                                                                                \
    ACTION(CONFIRM)                                                                                \
    ACTION(REJECT)                                                                                 \
    ACTION(FLAG)                                                                                   \
    ACTION(ESCALATE)                                                                               \
    ACTION(RESOLVE)                                                                                \
    ACTION(WITHDRAW)                                                                               \
    ACTION(ASSIGN)                                                                                 \
    ACTION(COMMENT)                                                                                \
    ACTION(ATTACH)                                                                                 \
    ACTION(RESOLVE_EXCEPTION)                                                                      \
    ACTION(SET_DELEGATION)                                                                         \
    ACTION(RECORD_DELIVERY)                                                                        \
    ACTION(POST_ENTRY)                                                                             \
    ACTION(INGEST)                                                                                 \
    ACTION(CHANGE_MASTER_DATA)                                                                     \
    ACTION(CHANGE_POLICY)                                                                          \
    ACTION(CHANGE_REGISTRY)                                                                        \
    ACTION(UNMATCH)                                                                                \
    ACTION(FREEZE)                                                                                 \
    ACTION(THAW)                                                                                   \
    ACTION(SWEEP)

#define ACTION_ENUM(name) ACTION_##name,
enum action { ACTION_NONE = 0, ACTION_LIST(ACTION_ENUM) ACTION_COUNT };
#undef ACTION_ENUM

enum tier { TIER_T0, TIER_T1, TIER_T2, TIER_T3 };
enum channel { CHANNEL_NONE, CHANNEL_WEB, CHANNEL_SLACK, CHANNEL_CHAT, CHANNEL_API, CHANNEL_CLI };
enum match_state { MATCH_NONE, MATCH_PROPOSED, MATCH_CONFIRMED, MATCH_REJECTED, MATCH_REVERSED };

/* Who made the object in question. SOURCE_NONE is nobody we know. */
enum source { SOURCE_NONE, SOURCE_MATCHER, SOURCE_LLM, SOURCE_HUMAN };

enum decision {
    DECISION_NONE,
    DECISION_CONFIRM,
    DECISION_REJECT,
    DECISION_WITHDRAW,
    DECISION_REQUEST_INFO,
    DECISION_ANSWER,
};

/* A ledger account that the asked act touches. */
struct ask_account {
    const char *id; /* NULL: the contra side is not known; counts as sensitive */
    const char
        *class_; /* of the chart of accounts; NULL when the chart does not know the account */
    bool known;
    bool reconciled; /* the account being reconciled itself: only rules with `legs: all` look at it
                      */
};

/* A role of the deciding principal, in one entity or in all of them. */
struct ask_role {
    const char *role;
    const char *entity; /* NULL: every entity */
    const char *lender; /* the principal whose seat is lent; NULL: the actor's own role */
};

enum fx_status { FX_MISSING = 0, FX_STALE, FX_KNOWN };

/* The amount in one of the currencies the policy's limits are written in, exact and unrounded. */
struct ask_value {
    char cur[4];
    enum fx_status status;
    struct decimal value; /* absolute; meaningful when known or stale */
    struct decimal rate;  /* 1 for the currency itself */
    const char *source;   /* who published the rate; NULL for the identity */
    struct date as_of;
};

/* What a cumulative limit's window already holds, before this act; what several acts are worth
 * together. */
struct ask_cumulative {
    struct decimal sum; /* in the limit's currency */
    bool known;         /* false: a part of it could not be valued */
};

struct ask {
    /* the act */
    enum action action;
    enum tier tier;
    const char *tool;
    bool change;  /* every action above is one; an ask that says false is denied as UNLISTED */
    bool posting; /* writes into the ledger of a period */
    enum decision decision; /* of RESOLVE */

    /* who acts, as the transport proved it */
    enum actor_kind actor_kind;
    const char *actor;        /* human:ana, llm:s-1, engine:auto-confirm */
    const char *principal;    /* of a human actor; NULL for llm and engine */
    const char *on_behalf_of; /* the principal an llm acts for; NULL when none */
    const char *client;
    enum channel channel;
    int64_t auth_age_s; /* seconds since the person signed in; -1 when not known */
    bool login_wanted; /* this engine asks of T3 for a login that the provider itself vouches for */
    bool login_bound;  /* and this person made one, for this decision on these facts, unused */
    const struct ask_role *roles; /* of the principal, or of on_behalf_of */
    size_t roles_n;
    bool prod;             /* CLOSEGATE_ENV=prod: conveniences are off */
    bool frozen;           /* this actor, tool or kind is frozen, or who asked for it is */
    bool frozen_self;      /* this very actor, the person behind it, or who asked for it */
    bool delivery_service; /* the workspace's own service client */

    /* the object */
    const char *object_type, *object_id;
    int64_t object_version;
    enum match_state state;
    bool state_valid; /* for acts other than CONFIRM: the object's state machine allows the act */
    bool entry_taken; /* a leg is already in a live match */
    enum source source;
    const char *match_type;
    int64_t score_bp; /* of a matcher's proposal, 10000 = certain */
    bool sure;        /* the matcher stands by it: one answer, nothing cut off, nothing left over */
    const char *counterparty;     /* of the match, when all legs agree; else NULL */
    const char *const *proposers; /* principals who proposed it, or asked for it, as humans */
    size_t proposers_n;
    const char *const *own_agents_of; /* principals whose agent proposed it or asked for it */
    size_t own_agents_of_n;
    bool ambiguous, entity_mismatch, intercompany, intercompany_paired, period_closed;
    const char *subject; /* CHANGE_REGISTRY: the principal whose identity or rights change */
    bool keeps_amount;   /* RESOLVE_EXCEPTION: no money is given up; false: a write-off */

    /* money and place, read from the book */
    const char *const *entities; /* none: the whole book, which only a role in all of them covers */
    size_t entities_n;
    const struct ask_account *accounts;
    size_t accounts_n;
    const char *const *events; /* event kinds, such as vendor_bank_change */
    size_t events_n;
    struct money amount; /* the group's size: the larger side's sum of absolute legs */
    bool has_amount;
    const struct ask_value *values; /* one for each of policy->currencies, in that order */
    size_t values_n;
    const struct ask_cumulative *cumulative; /* one for each of policy->cumulative, in that order */
    size_t cumulative_n;
    struct ask_cumulative auto_confirmed; /* what the cap's window already holds */
    int64_t auto_confirmed_n;

    /* the decision's own words and company */
    bool has_rationale;  /* of the deciding actor, not of whoever proposed */
    int64_t approvers_n; /* distinct principals but this one who approved this stage so far */
    const char *const
        *seats; /* principals it rests on already: approvers, and whose seats they had */
    size_t seats_n;
    bool own_seat; /* a delegation lends the actor's own seat */

    /* several escalations decided in one act; `tier` is the highest of the acts bound to them */
    int64_t bulk_n;                 /* how many; 0: it is not such an act */
    bool bulk_one_clause;           /* the same reason, clause and pointer stopped all of them */
    const char *bulk_reason;        /* that reason's name; NULL when they differ */
    struct ask_cumulative bulk_sum; /* what they are worth, in the currency of policy->bulk */
};

const char *action_name(enum action action); /* "CONFIRM"; "NONE" for what is not listed */
bool action_find(const char *name, enum action *action);
const char *tier_name(enum tier tier); /* "T0" … */
const char *channel_name(enum channel channel);
bool channel_find(const char *name, enum channel *channel);
const char *match_state_name(enum match_state state);
bool match_state_find(const char *name, enum match_state *state);
const char *source_name(enum source source);
bool source_find(const char *name, enum source *source);
const char *decision_name(enum decision decision);
const char *fx_status_name(enum fx_status status); /* "missing", "stale", "known" */

/* Every fact as a JSON object under its own name, in canonical order: the audit event's gate_input.
 */
void ask_write(struct canon *w, struct str key, const struct ask *ask);
/* The same as a tree; check the arena after. */
struct json *ask_print(struct arena *arena, const struct ask *ask);

/* The ask of such an object, for explaining and replaying a decision: texts are shared with the
 * tree. Facts that an older schema did not have take the careful answer. ERR_INPUT, placed, for
 * what ask_print would not have written, a newer schema's object among it. */
MUST_CHECK struct err ask_read(struct arena *arena, const struct json *tree, struct ask *ask);

#endif
