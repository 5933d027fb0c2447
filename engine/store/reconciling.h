/* What a bank reconciliation statement is drawn from: sums and lists of an account's entries as of
 * a day. Only entries dated on or before the day are seen. An entry is settled when it stands in a
 * confirmed match all of whose legs in this account are dated on or before the day; a match that
 * straddles the day is a timing item on it. Latest versions only. Sums are exact or an error. */
#ifndef ENGINE_STORE_RECONCILING_H
#define ENGINE_STORE_RECONCILING_H

#include "engine/store/entries.h"

/* Whose statement: one account, one currency, one day. */
struct reconciling {
    const char *entity_id, *account_id, *currency;
    struct date day;
};

/* What a side moved: all of it until the end of the day, and within a range of days of its own. */
struct reconciling_range {
    struct date after, until; /* behind the end of the one, until the end of the other */
};
struct reconciling_flow {
    int64_t ever_n, ever_minor, range_minor;
    bool has_first;
    struct date first; /* of the entries until the day */
};
/* flows[0] is the books', flows[1] the bank's, as are ranges. */
MUST_CHECK struct err reconciling_flows(struct tx *tx, const struct reconciling *of,
                                        const struct reconciling_range ranges[2],
                                        struct reconciling_flow flows[2]);

/* Entries that are not settled on the day, of one side, class of the standing exception and sign.
 */
struct reconciling_sum {
    bool bank, negative;
    bool proposed;      /* in a proposed match, all of whose legs are there by the day */
    const char *class_; /* of what is in no match; NULL: none */
    int64_t count, sum_minor;
};
MUST_CHECK struct err reconciling_sums(struct tx *tx, struct arena *arena,
                                       const struct reconciling *of, struct reconciling_sum **sums,
                                       size_t *n);

enum reconciling_stand {
    RECONCILING_OPEN,     /* in no live match */
    RECONCILING_PROPOSED, /* in a proposed match */
    RECONCILING_LATER,    /* in a confirmed match whose other leg is dated behind the day */
};

/* An entry that is not settled on the day, or the part of one that a match holds, or what parts
 * leave of it. */
struct reconciling_item {
    struct entry entry;
    int64_t minor; /* the entry's amount, or less */
    enum reconciling_stand stand;
    bool straddles;           /* its match has a leg behind the day: */
    struct date later;        /* the last one's */
    const char *match_id;     /* NULL when open */
    const char *exception_id; /* the entry's latest, of what is in no match; NULL: none */
    const char *class_, *exception_state;
};

/* Where a page goes on: behind this item. entry_id "" is the beginning; match_id "" is none. */
struct reconciling_after {
    bool bank;
    struct date date;
    const char *entry_id, *match_id;
};

/* The books' items and then the bank's, by date, entry and match, from behind `after`, at most
 * `limit`. */
MUST_CHECK struct err reconciling_items(struct tx *tx, struct arena *arena,
                                        const struct reconciling *of,
                                        const struct reconciling_after *after, int64_t limit,
                                        struct reconciling_item **items, size_t *n);

/* A confirmed match, settled on the day, whose legs in this account do not sum to zero. */
struct reconciling_difference {
    const char *match_id, *match_type, *counterparty;
    struct date date; /* of the last leg */
    int64_t minor;    /* bank less books */
};
/* Ordered by match id. Of matches that keep a difference of their own; with `every` also of those
 * whose legs balance but lie in several accounts, which reads every settled entry. */
MUST_CHECK struct err reconciling_differences(struct tx *tx, struct arena *arena,
                                              const struct reconciling *of, bool every,
                                              struct reconciling_difference **rows, size_t *n);

/* The currencies of the account's entries, ordered, at most 32. */
MUST_CHECK struct err reconciling_currencies(struct tx *tx, struct arena *arena,
                                             const char *entity_id, const char *account_id,
                                             const char ***currencies, size_t *n);

#endif
