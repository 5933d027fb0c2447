/* The audit log: appending an event, reading events back, verifying the chain and the book.
 * An event is one RFC 8785 JSON text; hash_self = SHA-256(hash_prev || event) (docs/AUDIT.md). */
#ifndef ENGINE_STORE_AUDIT_H
#define ENGINE_STORE_AUDIT_H

#include "engine/gate/gate.h"
#include "engine/store/actors.h"

/* What the caller of audit_append knows; NULL and zero members are left out of the event. What the
 * writer alone knows (seq, book_id, timestamp, hashes, effects) is added there. */
struct event {
    const char *type; /* OK, POLICY_VIOLATION, ESCALATION_PENDING … */
    const struct actor *actor;
    const char *tool;
    const struct ask *ask;         /* becomes gate_input, action, tier, accounts, amounts, roles */
    const struct verdict *verdict; /* becomes decision, reason, clause_text, clause_pointer */
    const char *policy_version;
    const char *object_type, *object_id;
    int64_t object_version;
    const char *state_from, *state_to;
    const char *match_id, *transition_id, *entity_id, *escalation_id, *batch_id, *request_id;
    const char *source;
    const char *args_sha256, *rationale, *rationale_author; /* human, template, model */
    const char *opened_at;
    const char *const *signers; /* principals whose decisions led here */
    size_t signers_n;
    int64_t caused_by;                  /* seq of the event that led to this one; 0 when none */
    const struct json *detail;          /* what this event type tells beside the common members */
    const char *const *evidence_opened; /* ids of what the decider says they looked at */
    size_t evidence_opened_n;
    const struct json *entities; /* array: every entity concerned, where no ask says so */
};

/* Appends the event with the effects noted since the last one, and moves the head. Fails as a
 * whole: what cannot be recorded must not happen. */
MUST_CHECK struct err audit_append(struct tx *tx, const struct event *event);

/* ---- reading ---- */
struct audit_filter {
    const char *entity_id, *actor, *event_type, *match_id, *escalation_id;
    const char *from, *to; /* RFC 3339 UTC instants, from inclusive, to exclusive; a date is its
                              midnight. ERR_INPUT for anything else */
    int64_t after_seq;     /* only events behind this one */
    int64_t before_seq;    /* only events before this one; 0: however late */
    int64_t limit;         /* at most so many rows */
    bool newest;           /* from the last one backwards */
    bool escalations;      /* only events that name an escalation */
    bool scoped;           /* only events of `entities` alone and those of no entity */
    const char *const *entities;
    size_t entities_n;
};

struct audit_row {
    int64_t seq;
    const char *event; /* canonical text */
    uint8_t hash_prev[32], hash_self[32];
};

typedef struct err (*audit_row_fn)(void *arg, const struct audit_row *row);
/* Rows in order of seq, or against it. *more says whether there may be others beyond *last, the
 * event looked at last, which goes on as after_seq, or as before_seq of the newest: the limit cut
 * the list, or so many events were looked at without enough of them being asked for that the rest
 * is another call's. A page may so be empty and not the last one. */
MUST_CHECK struct err audit_query(struct tx *tx, const struct audit_filter *filter, audit_row_fn fn,
                                  void *arg, int64_t *last, bool *more);
/* True: every array under a key "entities", wherever it stands in a canonical text, names only
 * those of the list, so that the tree need not be built. False: look for yourself. */
bool entities_surely_within(const char *const *entities, size_t n, struct str text);

/* How many events one call looks at. */
#define AUDIT_SCAN_MAX 2000

/* The number of the last event, as the transaction sees it; 0 when the book is empty. */
MUST_CHECK struct err audit_last_seq(struct tx *tx, int64_t *seq);

/* The last event, as the transaction sees it. */
MUST_CHECK struct err audit_head(struct tx *tx, struct chain_head *head);

/* When the event was recorded. */
MUST_CHECK struct err audit_time(struct tx *tx, int64_t seq, int64_t *us);

/* The first event that is not before `at`, a date (its midnight in UTC) or an instant; one more
 * than the last when there is none. */
MUST_CHECK struct err audit_seq_at(struct tx *tx, const char *at, int64_t *seq);

/* ---- verifying ---- */
enum audit_finding_kind { AUDIT_INTACT = 0, AUDIT_BROKEN, AUDIT_UNREADABLE };

/* What is asked, each answered by itself. */
enum audit_question {
    AUDIT_ROWS,       /* numbers, hashes, canonical form, the schema; with --book the book's rows */
    AUDIT_TREE,       /* tiles, the roots of the signed heads, their signatures and keys */
    AUDIT_TRUNCATION, /* the log still contains every head that is known */
    AUDIT_CLOCK,      /* times rise */
    AUDIT_QUESTIONS
};
enum audit_answer { AUDIT_NOT_KNOWN = 0, AUDIT_OK, AUDIT_NOT_OK };

struct audit_told {
    enum audit_answer answer;
    int64_t bad_seq; /* the first event that is wrong; 0 when the fault is no event's */
    const char
        *says; /* a sentence: the fault, why it is not known, or how far it is good; or NULL */
};

struct audit_report {
    enum audit_finding_kind kind;
    int64_t events;      /* read, and good until the first fault of rows or clock */
    int64_t before;      /* the seq behind which audit_verify_tail began; 0: at the first */
    int64_t bad_seq;     /* the first event that is wrong; 0 when the fault is no event's */
    const char *problem; /* a sentence; NULL when intact */
    char head[65];       /* hash_self of the last event */
    const char *book_id, *first_utc, *last_utc;
    int64_t rows;            /* of the book, checked by audit_verify_book */
    const char *table, *row; /* where audit_verify_book found the fault */
    struct audit_told told[AUDIT_QUESTIONS];
    bool asked;         /* a question that could be answered here was not: the whole is not known */
    bool own_word;      /* the key is the book's own first one: nobody else vouched for it */
    const char *key;    /* the verifier key of the last head; NULL */
    int64_t heads;      /* checked */
    int64_t covered;    /* events under the last head that holds */
    int64_t anchored;   /* events under the last head that holds and that a witness cosigned */
    bool witness_given; /* the witness's key was given; else it is the book's own word, too */
};

/* What the verifier brings along. */
struct audit_given {
    const char *path;        /* of the book, for further connections; NULL: the tx alone */
    unsigned threads;        /* 0: as many as there are processors */
    const char *const *keys; /* log's keys (vkeys) that are believed; none: the book's first */
    size_t keys_n;
    const char *const *witnesses; /* vkeys whose cosignatures count; none: any that the book has */
    size_t witnesses_n;
    const struct audit_kept *kept; /* heads kept elsewhere */
    size_t kept_n;
};

/* A checkpoint (a signed note) or a receipt (JSON) that somebody kept. */
struct audit_kept {
    const char *name; /* the file's */
    struct str text;
};

/* Reads every event: numbering, previous hash, own hash, canonical form, the book's id, clock
 * order, and that triggers and schema are the migration's; the tree over them and every signed
 * head. Reads with its own eyes: nothing of the running engine is trusted. The error is only for
 * what kept it from telling. `given` may be NULL; ERR_INPUT for what cannot be read in it. */
MUST_CHECK struct err audit_verify(struct tx *tx, struct arena *arena, struct audit_report *report);
MUST_CHECK struct err audit_verify_with(struct tx *tx, const struct audit_given *given,
                                        struct arena *arena, struct audit_report *report);

/* The last `n` events only, without the schema and the tree: cheap, and says nothing about what
 * stands before. The event that they begin behind is taken at its word. */
MUST_CHECK struct err audit_verify_tail(struct tx *tx, struct arena *arena, int64_t n,
                                        struct audit_report *report);

/* After audit_verify: every row that a decision made against the event that last wrote it, every
 * event's rows against the tables, and live_legs against the matches. */
MUST_CHECK struct err audit_verify_book(struct tx *tx, struct arena *arena,
                                        struct audit_report *report);

/* Both (the second when `book`) over the file at `path`, opened read-only beside whoever serves it.
 * A file that SQLite cannot make sense of is AUDIT_BROKEN; the error is for what kept us from
 * looking: no file (ERR_MISSING), no permission, a failing disk. */
MUST_CHECK struct err audit_verify_file(const char *path, bool book, struct arena *arena,
                                        struct audit_report *report);
/* The same with what the verifier brings along; given->path is `path`. */
MUST_CHECK struct err audit_verify_path(const char *path, bool book,
                                        const struct audit_given *given, struct arena *arena,
                                        struct audit_report *report);

#endif
