/* (pure) The bank reconciliation statement of one account, one currency and one day, as an
 * accountant draws it:
 *
 *     balance per bank  + what the books have and the bank has not  = adjusted balance per bank
 *     balance per books + what the bank has and the books have not  = adjusted balance per books
 *
 * and the difference of the two, which is what nobody can explain. It is computed from both sides
 * and never filled up. This file is handed balances that somebody vouches for, sums of entries and
 * the account's statements; it reads nothing and knows no clock. All amounts are minor units of the
 * one currency; a sum that does not fit is ERR_LIMIT, never a rounded number. */
#ifndef ENGINE_REPORT_BANKREC_H
#define ENGINE_REPORT_BANKREC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/civil.h"
#include "common/base/err.h"

/* Where a reconciling item stands in the statement. */
enum bankrec_section {
    BANKREC_DEPOSIT_IN_TRANSIT, /* booked in, the bank has not got it: adds to the bank */
    BANKREC_OUTSTANDING,        /* booked out, not yet paid by the bank: takes from the bank */
    BANKREC_BANK_ERROR,         /* on the bank's side and wrong: taken off the bank */
    BANKREC_BANK_CREDIT,        /* received, not booked: adds to the books */
    BANKREC_BANK_DEBIT,         /* paid, not booked (fees, direct debits): takes from the books */
    BANKREC_BOOK_ERROR,         /* in the books and wrong: taken off the books */
    BANKREC_DIFFERENCE,         /* a confirmed match whose sides differ, not booked yet */
    BANKREC_PROPOSED,           /* both sides are there and wait to be confirmed as one event */
    BANKREC_SECTIONS
};

const char *bankrec_section_name(enum bankrec_section section);  /* "deposits_in_transit" */
const char *bankrec_section_title(enum bankrec_section section); /* "Deposits in transit" */
bool bankrec_adjusts_bank(enum bankrec_section section);         /* else the books */

/* The section of an entry that is not settled by a confirmed match: by its side, its sign, the
 * class of its exception (NULL: none), and whether it stands in a proposed match that is whole on
 * the day.
 */
enum bankrec_section bankrec_section_of(bool bank, int64_t amount_minor, const char *class_,
                                        bool proposed);

/* What such an entry does to the side that its section adjusts. */
MUST_CHECK struct err bankrec_effect(enum bankrec_section section, bool bank, int64_t amount_minor,
                                     int64_t *effect);

/* ---- balances somebody vouches for ---- */

/* A statement of the bank as it was loaded. */
struct bankrec_statement {
    const char *statement_id; /* ids sort in the order they were loaded */
    struct date from, to;
    int64_t opening_minor, closing_minor, lines_minor;
    bool balanced; /* opening + lines = closing */
};

enum bankrec_basis {
    BANKREC_MOVEMENT = 0, /* nobody gave a balance: only what moved since the first entry loaded */
    BANKREC_COVERED,      /* a statement covers the day; for the books: a balance given */
    BANKREC_CARRIED, /* the last statement ends before the day (or the first begins after it) */
};
const char *bankrec_basis_name(enum bankrec_basis basis); /* "movement", "statement", "carried" */

/* A balance at the end of a day. The balance at another day is this one and what moved between. */
struct bankrec_anchor {
    enum bankrec_basis basis; /* BANKREC_MOVEMENT: none, and the rest is zero */
    struct date day;
    int64_t minor;
    const char *statement_id; /* NULL for the books */
};

/* The balance per bank that is nearest to `day` among the standing statements: the covering one's,
 * else the last before it, else the first after it. */
struct bankrec_anchor bankrec_bank_anchor(const struct bankrec_statement *statements, size_t n,
                                          struct date day);

enum bankrec_fault { BANKREC_BROKEN, BANKREC_GAP };

/* A statement that does not add up, or does not begin where the one before it ends. */
struct bankrec_break {
    enum bankrec_fault fault;
    const struct bankrec_statement *statement, *before; /* `before` of a gap only */
    int64_t expected_minor, found_minor; /* closing of a broken one, opening behind a gap */
};

/* What is wrong with the statements that begin on or before `day`, the oldest first. A statement
 * that a later loaded one covers for all its days does not stand any more and is not looked at; one
 * that overlaps its neighbour is no gap: its lines are compared as duplicates. *breaks lives in
 * `arena`, as many as *n. */
MUST_CHECK struct err bankrec_chain(const struct bankrec_statement *statements, size_t n,
                                    struct date day, struct arena *arena,
                                    struct bankrec_break **breaks, size_t *breaks_n);

/* ---- the statement ---- */

/* Entries of one kind, dated on or before the day. `settled`: in a confirmed match, all of whose
 * legs are dated on or before the day. */
struct bankrec_group {
    bool bank, settled, proposed, negative;
    const char *class_; /* of those in no match: the exception's, or NULL */
    int64_t count, sum_minor;
};

struct bankrec_side {
    struct bankrec_anchor anchor;
    int64_t moved_minor; /* from the anchor's day to the day; all entries when there is no anchor */
};

struct bankrec_in {
    struct bankrec_side bank, books;
    const struct bankrec_group *groups;
    size_t groups_n;
    int64_t differences_n, differences_minor; /* the differences that are listed: bank less books */
    size_t breaks_n;
};

struct bankrec {
    int64_t bank_minor, books_minor; /* a balance, or with BANKREC_MOVEMENT what moved */
    int64_t adjusted_bank_minor, adjusted_books_minor;
    struct {
        int64_t count;
        int64_t effect_minor; /* on the side that the section adjusts */
    } sections[BANKREC_SECTIONS];
    /* The two adjusted balances' difference; without a balance on either side it is not known. */
    bool unexplained_known;
    int64_t unexplained_minor;
    /* What settled entries differ by and no listed difference tells: 0 in a sound book. */
    int64_t unlisted_minor;
    /* Nothing unexplained, a statement that covers the day, and no broken one. */
    bool reconciled;
};

MUST_CHECK struct err bankrec_compute(const struct bankrec_in *in, struct bankrec *out);

#endif
