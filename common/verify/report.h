/* What a check found, for people and for programs: one line for each thing that was looked at, and
 * whether it holds. The whole holds when something was checked and nothing failed. What could not
 * be read is an error (struct err), not a line of a report. */
#ifndef COMMON_VERIFY_REPORT_H
#define COMMON_VERIFY_REPORT_H

#include "common/base/buf.h"
#include "common/base/json.h"

struct report {
    struct arena *arena;
    const char *subject; /* what is checked: a file's name */
    struct json *checks; /* {"check","holds","says"[,"where"]} */
    struct json *facts;  /* what was found out on the way: an object */
    const char *failed;  /* the first check that failed; NULL while all hold */
    const char *problem; /* what it says, and */
    const char *where;   /* its place ("event 17", "line 3"); NULL when there is none */
    size_t held;
};

void report_init(struct report *r, struct arena *arena, const char *subject);

/* A check that holds. `says` is a sentence fragment a stranger understands. */
void report_holds(struct report *r, const char *check, const char *says, ...)
    __attribute__((format(printf, 3, 4)));
/* A check that does not: always false, so that a checker may return it. */
bool report_fails(struct report *r, const char *check, const char *where, const char *says, ...)
    __attribute__((format(printf, 4, 5)));

bool report_good(const struct report *r);

/* {"subject","holds","checks","facts"[,"failed","where","problem"]} */
struct json *report_json(const struct report *r);
/* The same as lines of plain text. */
void report_print(const struct report *r, struct buf *out);

#endif
