/* Deciding history again: every event that has a gate_input is given to the gate once more, under
 * the policy text that the book keeps for it, and the verdict must be the one that was recorded,
 * word for word. Reads the book only. What the log itself is worth is audit_verify's to say. */
#ifndef ENGINE_CALL_REPLAY_H
#define ENGINE_CALL_REPLAY_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/err.h"

struct replay_spec {
    const char *path; /* of the book */
    int64_t from, to; /* both inclusive; 0: from the first, to the last */
    unsigned threads; /* 0: as many as there are processors */
    void (*progress)(void *arg, int64_t seq, int64_t last); /* joined so far; NULL */
    void *arg;
};

/* A verdict in words. */
struct replay_verdict {
    const char *ruling, *reason, *row, *clause, *pointer;
};

struct replay_report {
    int64_t from, to;  /* looked at */
    int64_t decided;   /* events decided again */
    int64_t recorded;  /* others: they record what nobody was asked about */
    int64_t policies;  /* texts used */
    int64_t late;      /* decided under a policy that was replaced while they waited */
    int64_t late_seq;  /* the first of them */
    int64_t differing; /* whose verdict is not the recorded one */
    int64_t bad_seq;   /* the first of them; 0: all equal */
    const char *what;  /* which member differs, or what is wrong with it */
    struct replay_verdict was, again; /* of bad_seq; members NULL when it could not be decided */
    int64_t unknown;                  /* that nobody can decide here */
    int64_t unknown_seq;              /* the first of them */
    const char *why;
};

/* Texts live in `arena`. The error is for what kept it from looking: no book, a range that is none
 * (ERR_INPUT), a schema that is not ours, a number without an event. */
MUST_CHECK struct err replay_log(const struct replay_spec *spec, struct arena *arena,
                                 struct replay_report *report);

/* Every recorded verdict is the gate's: nothing differs and nothing was left out. */
bool replay_equal(const struct replay_report *report);

#endif
