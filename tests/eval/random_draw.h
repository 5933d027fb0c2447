/* Arguments for calls nobody meant: drawn from what is in the book now, from what was there before,
 * from other people's things, and from thin air. One seed, one sequence of choices; what is drawn
 * from the book is found by its place in a table, so that a run can be made again. */
#ifndef TESTS_EVAL_RANDOM_DRAW_H
#define TESTS_EVAL_RANDOM_DRAW_H

#include "tests/eval/book_check.h"

enum { DRAW_SET = 3, PEOPLE_MAX = 24 };

struct draw_person {
    char sub[64], principal[64];
    bool controller;
};

struct draw {
    uint64_t state; /* splitmix64 */
    struct db *db;  /* the checker's */
    struct arena *arena;
    struct draw_person people[PEOPLE_MAX];
    size_t people_n;
    int64_t now_us;
};

uint64_t draw_next(struct draw *d);
size_t draw_below(struct draw *d, size_t n); /* 0 … n - 1; n > 0 */
bool draw_chance(struct draw *d, unsigned percent);

/* Prepares what is asked of the book as statement table DRAW_SET. */
MUST_CHECK struct err draw_prepare(struct db *db);
/* Who there is now. */
MUST_CHECK struct err draw_people(struct draw *d);

/* One member of a tool's arguments, as its name and its schema say; `caller` is who will call. */
struct draw_for {
    const char *tool;
    const struct draw_person *caller;            /* NULL: no person */
    const char *escalation_id, *digest, *reason; /* the pair that is answered, once drawn */
    const char *beside;                          /* an entry of the bank's side, once drawn */
};
const struct json *draw_member(struct draw *d, struct draw_for *f, const char *name,
                               const struct json *schema);

/* Something that does not belong there. */
const struct json *draw_junk(struct draw *d);

/* The legs of a match that ended, or of any, as the book has them; NULL: there is none. */
const char *draw_legs(struct draw *d);

/* One column of one row, or NULL: what stands frozen; who is disabled; whose role is gone. */
const char *draw_frozen(struct draw *d);
const char *draw_disabled(struct draw *d);
bool draw_has_role(struct draw *d, const char *principal);

#endif
