/* The population of a control: every decision of the gate on one action, a line each, made from the
 * events alone, so that whoever has the events makes the same file. Control ids are the gate's
 * actions (CONFIRM, CHANGE_POLICY …); an event without a decision (a start, a file's end) is in no
 * population, and its number is missing in each. */
#ifndef COMMON_VERIFY_POPULATION_H
#define COMMON_VERIFY_POPULATION_H

#include "common/base/buf.h"
#include "common/verify/sample.h"

#define POPULATION_CELLS 22

/* What an event says to a population; texts in the arena. */
struct population_row {
    int64_t seq;
    const char *control;  /* NULL: no decision of the gate */
    const char *decision; /* allow, human, deny */
    const char *at;       /* timestamp_utc */
    struct sample_item item;
    const char *cells[POPULATION_CELLS]; /* NULL: the event does not say */
};

/* `event` is canonical text of the log. ERR_INPUT for what cannot be one. */
MUST_CHECK struct err population_read(struct arena *arena, struct str event,
                                      struct population_row *row);

/* "[A-Z_]+", at most 40: what may be a control's id and part of a file's name. */
bool control_good(const char *control);

/* The lines of population_<control>.csv, with their CRLF. `no` counts the population from 1. */
void population_head(struct buf *line);
MUST_CHECK struct err population_line(struct arena *arena, const struct population_row *row,
                                      int64_t no, const uint8_t hash_self[32], struct buf *line);

/* The lines of sample_<seed>.csv: of one control's sample. */
void sample_head(struct buf *line);
void sample_lines(struct arena *arena, const char *control, const struct sample_plan *plan,
                  const struct sample *sample, struct buf *lines);
/* Its strata as population_reconciliation.json has them. */
struct json *sample_print(struct arena *arena, const struct sample *sample);

/* ---- a population's figures ---- */

struct tally_sum {
    const char *decision;
    char cur[4]; /* "": no amount */
    int64_t count;
    int128 minor;
};

/* One control's population as it is gathered. */
struct tally {
    const char *control;
    int64_t count, first_seq, last_seq;
    struct tally_sum *sums; /* by decision, then currency */
    size_t sums_n, sums_cap;
    struct sample_item *items; /* by seq */
    size_t items_n, items_cap;
};

/* All of a period. */
struct tallies {
    struct arena *arena; /* of all that is kept */
    struct tally *at;    /* in the order they came */
    size_t n, cap;
};

/* Adds the row to its control's tally, a new one if need be. */
MUST_CHECK struct err tally_add(struct tallies *t, const struct population_row *row,
                                struct tally **tally);
/* By the control's id. */
void tallies_sort(struct tallies *t);
/* {control, count, first_seq, last_seq, sums: [{decision, currency, count, amount}]} */
struct json *tally_print(struct arena *arena, const struct tally *tally);

#endif
