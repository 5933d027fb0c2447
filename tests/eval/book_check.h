/* A book of record watched from outside, beside the engine that writes it: after each call, what
 * came of it is read from the database, and held against the log and against the rules. Opens the
 * file read-only; knows no answer of the engine but the one it is handed.
 *
 * Calls are serial, so every event behind the last one belongs to the call that was made, or to the
 * engine's own housekeeping. */
#ifndef TESTS_EVAL_BOOK_CHECK_H
#define TESTS_EVAL_BOOK_CHECK_H

#include "tests/eval/rules.h"

struct book_check;

/* Reads all of the book that is there: the chain is verified from its beginning, every row is held
 * against nothing yet. ERR_STORE: it does not hold. */
MUST_CHECK struct err book_check_new(const char *path, struct book_check **check);
void book_check_free(struct book_check *check);
CLEANUP_DEFINE(struct book_check *, book_check_free)

/* The connection, for reading beside a step; and its arena, which the next step empties. */
struct db *book_check_db(struct book_check *check);
int64_t book_check_head(const struct book_check *check);

struct book_call {
    const struct eval_actor *as;
    const char *tool;
    bool reads; /* the tool changes nothing by its own word */
};

/* What came of one call. fault.rule NULL: every rule held. Its texts are valid until the next step.
 * An error: the book could not be read. */
MUST_CHECK struct err book_check_step(struct book_check *check, const struct book_call *call,
                                      const struct eval_said *said, struct book_fault *fault);

/* Every row there is against what was seen last: what a step looks at only by turns. */
MUST_CHECK struct err book_check_all(struct book_check *check, struct book_fault *fault);

/* The fault for people: the rule, what is wrong, the rows before and after, the event. */
const char *book_fault_print(struct arena *arena, const struct book_fault *fault);

/* Events of callers so far, by reason and by row of the gate: {"SOD_SAME_ACTOR": 12, …}. */
struct book_count {
    const char *name;
    int64_t n;
};
size_t book_check_reasons(const struct book_check *check, struct book_count *list, size_t max);

#endif
