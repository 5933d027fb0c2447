/* What could not be matched, and what became of it. A row is written once, by the matcher in bulk
 * or by somebody who flags an entry; its state is a row of its own, and none means OPEN, version 1.
 *
 * An exception stands while it is the latest of its entry, its entry is in no live match, and it
 * has not ended (RESOLVED, WRITTEN_OFF). What ended never stands again: an entry that is found
 * wanting once more has a new row. An exception that settled its entry (written off, or resolved as
 * a duplicate or as matched elsewhere) keeps it out of matching until somebody flags it again. */
#ifndef ENGINE_STORE_EXCEPTIONS_H
#define ENGINE_STORE_EXCEPTIONS_H

#include "common/base/civil.h"
#include "engine/store/store.h"

enum exception_state {
    EXCEPTION_OPEN = 0,
    EXCEPTION_INVESTIGATING,
    EXCEPTION_ESCALATED,
    EXCEPTION_RESOLVED,
    EXCEPTION_WRITTEN_OFF,
    EXCEPTION_STATES
};
const char *exception_state_name(enum exception_state state); /* "OPEN" … */
bool exception_is_open(enum exception_state state);

/* Who raised an exception by hand. */
struct exception_flag {
    const char *actor, *principal, *on_behalf_of;
    const char *rationale, *rationale_author;
};

struct exception_row {
    const char *exception_id; /* NULL for a new one */
    const char *entry_id, *entity_id, *account_id;
    const char *class_; /* MISSING_GL, TIMING … */
    const char *detail; /* JSON: near misses */

    /* as read */
    enum exception_state state;
    const char *outcome; /* of what ended */
    const char *state_actor;
    int64_t version, seq;       /* of the state; of the event that listed it */
    bool latest;                /* of its entry */
    bool settled;               /* its entry is out of matching */
    struct exception_flag flag; /* actor NULL: the matcher's */
    const char *assignee;       /* NULL: nobody */
};

/* Writes it unless what is listed for the entry stands; *added tells. Notes no effect: the caller
 * does, in bulk. */
MUST_CHECK struct err exception_insert(struct tx *tx, const struct exception_row *row, bool *added);

/* The matcher has nothing new to say about the entry. Of what is open: it is being worked, was
 * flagged by hand, has the same class, is a duplicate (which its twin's match does not change), or
 * nothing was loaded since it was found (what other entries became is not news about this one). Of
 * what ended: the same class, or nothing was loaded since; but what ended because its entry was
 * matched, or whose entry was read anew, stands for nothing. */
MUST_CHECK struct err exception_stands(struct tx *tx, const struct exception_row *row,
                                       bool *stands);

/* Writes one that somebody raised, whatever stood before it; fills exception_id, version and seq.
 * Notes the effects. */
MUST_CHECK struct err exception_flag(struct tx *tx, struct exception_row *row);

/* Moves it on from `x->version`: ERR_CONFLICT when it has moved already. `outcome` NULL unless it
 * ends. Notes the effect, updates *x. */
MUST_CHECK struct err exception_move(struct tx *tx, struct exception_row *x,
                                     enum exception_state to, const char *outcome,
                                     const char *actor);

/* ERR_MISSING when there is none. */
MUST_CHECK struct err exception_load(struct tx *tx, struct arena *arena, const char *exception_id,
                                     struct exception_row *x);
/* The latest of an entry, ended or not; *found false when it never had one. */
MUST_CHECK struct err exception_of_entry(struct tx *tx, struct arena *arena, const char *entry_id,
                                         bool *found, struct exception_row *x);
/* All of an entry, the latest first, at most `limit`. */
MUST_CHECK struct err exceptions_of_entry(struct tx *tx, struct arena *arena, const char *entry_id,
                                          int64_t limit, struct exception_row **rows, size_t *n);

/* The entry is out of matching. */
MUST_CHECK struct err entry_settled(struct tx *tx, const char *entry_id, bool *settled);
/* Any entry of the book was, ever. */
MUST_CHECK struct err entries_settled_any(struct tx *tx, bool *any);

/* Those that stand, of an entity, ordered by entry id, from behind `after`. */
MUST_CHECK struct err exceptions_list(struct tx *tx, struct arena *arena, const char *entity_id,
                                      const char *after, int64_t limit, struct exception_row **rows,
                                      size_t *n);

struct exception_count {
    const char *class_;
    int64_t count;
};
/* Those that stand, per class. */
MUST_CHECK struct err exceptions_count(struct tx *tx, struct arena *arena, const char *entity_id,
                                       struct exception_count **rows, size_t *n);
/* By state, of entries in no live match: the open states are those that stand. */
MUST_CHECK struct err exceptions_states(struct tx *tx, const char *entity_id,
                                        int64_t counts[EXCEPTION_STATES]);

/* Those that stand by the age of their entry in days on `today`: to 30, 60, 90, 120, and more. */
enum { EXCEPTION_AGES = 5 };
extern const char *const exception_age_names[EXCEPTION_AGES]; /* "0-30" … "121+" */
MUST_CHECK struct err exceptions_ages(struct tx *tx, const char *entity_id, struct date today,
                                      int64_t counts[EXCEPTION_AGES]);

/* Those listed before `before_us` that are OPEN or INVESTIGATING, oldest first, at most `limit`. */
MUST_CHECK struct err exceptions_due(struct tx *tx, struct arena *arena, int64_t before_us,
                                     int64_t limit, struct exception_row **rows, size_t *n);

#endif
