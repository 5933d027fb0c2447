/* How far the log is anchored: which of its events stand under a head that enough witnesses have
 * cosigned, and whether the rest has waited too long. Read from the book, where a cosignature
 * counts only when it holds. */
#ifndef ENGINE_CALL_ANCHOR_H
#define ENGINE_CALL_ANCHOR_H

#include "common/sys/witness_list.h"
#include "engine/store/store.h"

struct anchor_rule {
    const struct witness_list *witnesses;
    enum witness_mode mode;
    int64_t quorum, max_age_s;
};

struct anchor {
    int64_t sizes[WITNESSES_MAX];      /* each witness's: events it has cosigned */
    int64_t cosigned_s[WITNESSES_MAX]; /* and when */
    int64_t size;                      /* events that a quorum has cosigned */
    int64_t head;                      /* events there are */
    int64_t oldest_us;                 /* of event size + 1; 0: there is none */
    int64_t unseen_us;                 /* since when there are more than `head`; 0: there are not */
};

/* What the quorum of `sizes` has: the size of the witness that makes it full. */
int64_t anchor_quorum(const struct anchor_rule *rule, const int64_t sizes[WITNESSES_MAX]);

MUST_CHECK struct err anchor_read(struct tx *tx, struct arena *arena,
                                  const struct anchor_rule *rule, struct anchor *anchor);

/* Whether changes are refused by this rule, now: what has waited too long may as well be an event
 * that nobody could look at. anchor_read knows of none; whoever looks again and again says so. */
bool anchor_holds_up(const struct anchor_rule *rule, const struct anchor *anchor, int64_t now_us);

extern const char anchor_held[]; /* what is said then */

#endif
