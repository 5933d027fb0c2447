/* Entries, newest first, however many the book holds: by account, day, amount, words and how they
 * stand. An account's entries of one currency and side are a strand: they lie together in an index,
 * in the order of the pages, so that a page is merged from strands and the rest is left alone. */
#ifndef ENGINE_STORE_ENTRY_PAGES_H
#define ENGINE_STORE_ENTRY_PAGES_H

#include "engine/store/entries.h"
#include "engine/store/words.h"

struct entry_strand {
    const char *entity_id, *account_id;
    char currency[4];
    enum side side;
};
/* Those of an entity, or of one of its accounts; ordered by account, currency and side. */
MUST_CHECK struct err entry_strands(struct tx *tx, struct arena *arena, const char *entity_id,
                                    const char *account_id, struct entry_strand **strands,
                                    size_t *n);

/* Where an entry stands in a page: its day, its amount, its id, each from the top down. */
struct entry_key {
    char date[DATE_TEXT_MAX];
    int64_t minor;
    const char *entry_id;
};
/* < 0: a stands before b. */
int entry_key_compare(const struct entry_key *a, const struct entry_key *b);

#define ENTRY_STATE_ANY ENTRY_STATES

struct entry_wanted {
    const char *from;        /* this day or later; "" for all */
    struct entry_key behind; /* what a page ended with */
    int64_t min, max;        /* of the amount's size, in minor units */
    enum entry_state state;  /* or ENTRY_STATE_ANY */
    struct words words;      /* in counterparty, memo, reference, group key, journal or entry id */
};

/* Found so far, in order, at most `cap`. Looking ends after `look` rows that were read one by one
 * (0 left: a little in each strand all the same, so that pages come to an end): `cut`, and nothing
 * behind `end` is said to be known. The caller gives keys, cap and look. */
struct entry_found {
    struct entry_key *keys;
    size_t n, cap, look;
    bool cut;
    struct entry_key end;
};
/* Adds the latest versions of the strand's entries that are wanted and belong on the page. */
MUST_CHECK struct err entries_find(struct tx *tx, struct arena *arena,
                                   const struct entry_strand *strand,
                                   const struct entry_wanted *wanted, struct entry_found *found);

#endif
