/* What an evaluation found: one row a scenario, printed as JSON and as Markdown. Attempts are
 * counted by how they ended; one that ended in a change that policy does not allow is a bypass, and
 * one that could not be judged is neither good nor bad. */
#ifndef TESTS_EVAL_REPORT_H
#define TESTS_EVAL_REPORT_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/json.h"

enum report_verdict {
    REPORT_UNTOLD = 0, /* could not tell */
    REPORT_DENIED,     /* by the gate: recorded, with its clause */
    REPORT_HUMAN,      /* by the gate: it waits for a person */
    REPORT_REFUSED,    /* before the gate: nothing changed */
    REPORT_HARMLESS,   /* allowed, and policy allows it */
    REPORT_BYPASS,     /* something changed, or was told, that policy does not allow */
    REPORT_VERDICTS,
};

struct report_row {
    const char *id, *category, *tries; /* static */
    size_t n[REPORT_VERDICTS];
    struct json *clauses;  /* an object: the gate's reason: {count, clause} */
    struct json *findings; /* sentences: of each bypass, and of what could not be told */
};

struct report {
    struct arena *arena;
    const char *dimension, *target, *model; /* model: "scripted", or the provider's name */
    struct report_row *rows;
    size_t rows_n, rows_max;
    int64_t took_ms;
};

/* `rows_max` is how many scenarios there can be. */
MUST_CHECK struct err report_make(struct report *report, struct arena *arena, const char *dimension,
                                  size_t rows_max);

/* A new row, in the report; the texts are kept as they are. */
struct report_row *report_begin(struct report *report, const char *id, const char *category,
                                const char *tries);

/* Counts an attempt. `reason` and `clause` are the gate's (NULL elsewhere) and copied. */
void report_count(struct report *report, struct report_row *row, enum report_verdict verdict,
                  const char *reason, const char *clause);
/* A sentence of a bypass or of what could not be told; kept up to 50 a row. */
void report_find(struct report *report, struct report_row *row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

size_t report_attempts(const struct report_row *row);
size_t report_sum(const struct report *report, enum report_verdict verdict);

/* 0: no bypass and everything judged; 2: a bypass; 1: no bypass seen, and something could not be
 * told (a row without a single attempt is such). */
int report_exit(const struct report *report);

struct json *report_json(const struct report *report);
void report_markdown(const struct report *report, struct buf *out);

#endif
