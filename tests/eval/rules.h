/* What may change in a book and by whom: DESIGN §4 to §6 stated once more, the slow obvious way,
 * and asked of one step: the events that came, the rows that changed, the answer that was given.
 * Nothing of the engine is called, and of what an event tells only who, when, and under which
 * policy is believed; whose hands, amounts, accounts and windows are read from the book again.
 *
 * A rule that does not hold is a fault with the rule's name; the first one counts. */
#ifndef TESTS_EVAL_RULES_H
#define TESTS_EVAL_RULES_H

#include "common/base/id.h"
#include "tests/eval/book_rows.h"
#include "tests/eval/eval_client.h"
#include "tests/eval/rules_policy.h"

enum { RULES_SET = 2 };

struct rules_event {
    int64_t seq;
    const struct json *tree;
    struct str text;
    const char *type, *actor, *principal, *obo, *tool, *action, *decision, *reason, *at;
    const char *rationale; /* NULL when empty */
    enum actor_kind kind;
    bool callers;                /* of whoever made this call; else the engine's own */
    const struct stated *policy; /* that it names; NULL: it names none */
};

struct rules_freeze {
    const char *scope, *value;
};

struct book_fault {
    const char *rule; /* NULL: every rule held */
    const char *text;
    const struct rules_event *event;  /* or NULL */
    const struct book_change *change; /* or NULL */
};

struct rules_step {
    struct arena *arena;
    struct db *db; /* in a read transaction */
    struct book_rows *rows;
    const struct eval_actor *as;
    const char *tool;
    bool reads; /* the tool only reads */
    const struct eval_said *said;
    const struct rules_event *events;
    const struct book_change *changes;
    const struct rules_freeze *frozen; /* when the step began */
    size_t events_n, changes_n, frozen_n;
    int64_t head; /* before the step */
    struct book_fault fault;
};

/* Prepares what the rules ask of the book as statement table RULES_SET. */
MUST_CHECK struct err rules_prepare(struct db *db);

/* An error: the book could not be read. */
MUST_CHECK struct err rules_apply(struct rules_step *s);

/* The names of all rules, ended by NULL. */
extern const char *const rules_names[];

/* ---- for the rules' own files ---- */

/* Notes the fault unless it holds, or another was noted before. */
void rules_must(struct rules_step *s, bool holds, const char *rule, const struct rules_event *e,
                const struct book_change *c, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The event that wrote the row; never NULL: a change whose event is not of this step is a fault
 * before any rule is asked. */
const struct rules_event *rules_event_of(const struct rules_step *s, const struct book_change *c);

/* ---- what the book says ---- */

enum rules_sql {
    ASK_MATCH,
    ASK_ENTRY,
    ASK_JOURNAL,
    ASK_CLASS,
    ASK_DIFFERENCE,
    ASK_ASKERS,
    ASK_PARTIES,
    ASK_ROLES,
    ASK_LENT,
    ASK_PRINCIPAL,
    ASK_CONFIRMED_WINDOW,
    ASK_WRITTEN_WINDOW,
    ASK_FLAG,
    ASK_EXCEPTION,
    ASK_ESCALATION,
    ASK_OPEN_OF,
    ASK_CLIENT,
    ASK_EVENT,
    ASK_COUNT
};

enum { ANSWER_COLUMNS = 16 };
struct answer {
    const char *at[ANSWER_COLUMNS];
};

/* Rows of texts; at most 200. Bindings that are not needed are NULL. */
MUST_CHECK struct err rules_ask(const struct rules_step *s, enum rules_sql sql,
                                const char *const *bind, size_t bind_n, struct answer **list,
                                size_t *n);

/* A match as the rules see it. */
enum { MATTER_MAX = 64 };
struct matter {
    const char *match_id, *proposer, *principal, *obo, *source, *type, *entity, *account;
    bool ambiguous, sure;
    int64_t score;
    struct sum amount;
    const char *counterparty;
    const char *entities[MATTER_MAX], *events[MATTER_MAX];
    struct touched accounts[2 * MATTER_MAX];
    size_t entities_n, events_n, accounts_n;
    const struct json *legs;
};
MUST_CHECK struct err rules_matter(const struct rules_step *s, const char *match_id,
                                   struct matter *m);
/* The same of one entry (an exception's). */
MUST_CHECK struct err rules_entry_matter(const struct rules_step *s, const char *entry_id,
                                         struct matter *m);

/* Whether whoever acts holds the action in all of the matter's entities (none: in the whole book),
 * on their own roles or a seat lent to them that is not among `not_seats`. */
struct authority {
    const char *action;
    const char *const *entities;
    size_t entities_n;
    const struct sum *amount; /* NULL: no amount is looked at */
    bool alone;
    const char *const *not_seats;
    size_t not_seats_n;
};
MUST_CHECK struct err rules_authority(const struct rules_step *s, const struct rules_event *e,
                                      const struct authority *a, bool *yes);

/* Changes of a match's state (rules_match.c), of an escalation (rules_waiting.c). */
MUST_CHECK struct err rules_match_new(struct rules_step *s, const struct rules_event *e,
                                      const struct book_change *c);
MUST_CHECK struct err rules_match_state(struct rules_step *s, const struct rules_event *e,
                                        const struct book_change *c);
MUST_CHECK struct err rules_escalation(struct rules_step *s, const struct rules_event *e,
                                       const struct book_change *c);
MUST_CHECK struct err rules_exception(struct rules_step *s, const struct rules_event *e,
                                      const struct book_change *c);

/* Another who approved, of an escalation about this object that changed in this step. */
MUST_CHECK struct err rules_other_approver(const struct rules_step *s, const struct rules_event *e,
                                           const char *tool, const char *object, bool *yes);

#endif
