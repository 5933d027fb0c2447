/* A labelled reconciliation problem read from JSON: the entries, and which of them belong together.
 * Shape: bank_transactions and gl_entries {id, date, description, amount, ref?, key?}, and
 * ground_truth with lists of groups. For tests only. */
#ifndef TESTS_EVAL_LABELLED_H
#define TESTS_EVAL_LABELLED_H

#include "common/base/arena.h"
#include "engine/recon/pass.h"

enum label { LABEL_PAIR = 0, LABEL_GROUP, LABEL_MISMATCH, LABEL_OFFSET, LABELS };

struct labelled {
    struct recon_entry *entries;
    size_t n;
    const char **truth[LABELS]; /* each a canonical text of sorted ids, sorted */
    size_t truth_n[LABELS];
    size_t unmatched_n;
};

/* Everything lives in `arena`. */
MUST_CHECK struct err labelled_read(struct arena *arena, const char *path, struct labelled *set);

/* The canonical text of a set of ids: sorted, each followed by '|'. Sorts `ids`. */
const char *ids_text(struct arena *arena, const char **ids, size_t n);

#endif
