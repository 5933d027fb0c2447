/* Parts of entries: what a live match holds of an entry that it does not hold whole. An entry may
 * stand in several live matches as long as their parts do not exceed its amount; what is left is
 * its open amount. The triggers of live_parts say so too. */
#ifndef ENGINE_STORE_PARTS_H
#define ENGINE_STORE_PARTS_H

#include "engine/store/entries.h"
#include "engine/store/matches.h"

/* For entry_insert: nobody holds the entry yet, so it may be open
 * (migrations/recon/0013_reading.sql).
 */
MUST_CHECK struct err entry_unsettled(struct tx *tx, const struct entry *entry);

/* What no live match holds of the entry: its amount when it is free, 0 when it is taken. */
MUST_CHECK struct err entry_open(struct tx *tx, const struct entry *entry, struct money *open);

/* The live matches that hold the entry, or a part of it, ordered. */
MUST_CHECK struct err entry_matches(struct tx *tx, struct arena *arena, const char *entry_id,
                                    const char ***match_ids, size_t *n);

/* Does any live match hold a part of any entry? Most books have none, and then a whole leg needs no
 * second look-up. Asked once in a transaction. */
MUST_CHECK struct err parts_any(struct tx *tx, bool *any);

/* For match_insert: takes the leg's amount of its entry. ERR_CONFLICT when that is more than is
 * open. */
MUST_CHECK struct err part_take(struct tx *tx, const struct match *m, const struct leg *leg);

/* For match_transition: lets go what the match held in parts. */
MUST_CHECK struct err parts_release(struct tx *tx, const char *match_id);

#endif
