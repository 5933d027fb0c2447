/* Entries near an entry: the lines of its journal, and those like it. For whoever looks into what
 * was not matched. */
#ifndef ENGINE_STORE_NEIGHBOURS_H
#define ENGINE_STORE_NEIGHBOURS_H

#include "engine/store/entries.h"

/* The lines of an entry's journal, itself among them; none when it has no journal. */
MUST_CHECK struct err entries_of_journal(struct tx *tx, struct arena *arena, const struct entry *of,
                                         int64_t limit, struct entry **entries, size_t *n);

/* Other entries of the account with its amount (of either sign) or its counterparty, the same
 * amount first, at most so many days away; of one side, among the last SIMILAR_AMONG loaded. */
#define SIMILAR_AMONG 20000
struct similar {
    enum side side;
    int32_t days;
    int64_t limit;
};
MUST_CHECK struct err entries_similar(struct tx *tx, struct arena *arena, const struct entry *of,
                                      const struct similar *how, struct entry **entries, size_t *n);

#endif
