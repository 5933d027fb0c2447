/* What the checker's own files share: its state, and what each of them gives the others. */
#ifndef TESTS_EVAL_BOOK_OWN_H
#define TESTS_EVAL_BOOK_OWN_H

#include "tests/eval/book_check.h"

#define STEP_BYTES   ((size_t)512 << 20)
#define POLICY_BYTES ((size_t)16 << 20)

/* Rows that a step looks at by turns: of what decisions move, and of the rest. */
enum { TURN_MOVING = 8, TURN_REST = 2, PAGE = 512, CHANGES_MAX = 200000, POLICIES_MAX = 8 };
enum { REASONS_MAX = 64, FROZEN_MAX = 256, CHECK_SET = 0 };

struct known_policy {
    struct arena *arena;
    char digest[SHA256_HEX_SIZE];
    struct stated stated;
};

struct book_check {
    struct db *db;
    struct book_rows *rows;
    struct arena *arena, *frozen_arena;
    struct known_policy policies[POLICIES_MAX];
    size_t policies_next;
    int64_t head;
    uint8_t hash[SHA256_LEN];
    char last_at[32], book_id[64], in_force[SHA256_HEX_SIZE];
    int64_t ends[BOOK_TABLES_MAX], turn[BOOK_TABLES_MAX];
    size_t turn_table[2];
    struct rules_freeze frozen[FROZEN_MAX];
    size_t frozen_n;
    struct book_count reasons[REASONS_MAX];
    size_t reasons_n;
    struct rules_event *events; /* of the step */
    size_t events_n, events_cap;
    struct book_change *changes;
    size_t changes_n, changes_cap;
};

/* Events read at once: of a step all of them, of a book that is there already a part. */
enum { STEP_EVENTS = 20000, BEGIN_EVENTS = 1000 };

/* Statements of CHECK_SET. */
enum { EVENTS, POLICY, FROZEN };

/* Notes the fault; the first one counts. */
void book_broken(struct book_check *k, struct book_fault *fault, const char *rule,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Reads at most `max` events behind the head (book_events.c). `caller` NULL: nobody's call. */
MUST_CHECK struct err book_events_read(struct book_check *k, const char *caller, int64_t max,
                                       struct book_fault *fault);

/* What the step's events say they wrote, into k->changes; and that nothing else was written, as far
 * as rows were added or stand at their turn (book_effects.c). */
MUST_CHECK struct err book_effects_seen(struct book_check *k, struct book_fault *fault);
MUST_CHECK struct err book_nothing_more(struct book_check *k, struct book_fault *fault);
MUST_CHECK struct err book_turns(struct book_check *k, bool moving, struct book_fault *fault);
/* Takes a row in as it stands; holds it against what was seen. */
MUST_CHECK struct err book_row_seen(struct book_check *k, const struct book_row *row);
void book_row_holds(struct book_check *k, const struct book_row *row, struct book_fault *fault);

#endif
