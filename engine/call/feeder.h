/* The feeder: brings the log's newest head to its witnesses (C2SP tlog-witness), with the proof
 * that it goes on from what each of them cosigned last, and keeps the cosignatures they answer
 * with. On the loop thread, behind the commits and in nobody's way: what it wants to know is read
 * on a reader's snapshot, what it keeps goes through the writer. Where witnesses are required it
 * holds changes up (spine_hold) while events have waited too long for a quorum. */
#ifndef ENGINE_CALL_FEEDER_H
#define ENGINE_CALL_FEEDER_H

#include "engine/call/anchor.h"
#include "engine/call/spine.h"

struct feeder;

struct feeder_options {
    struct spine *spine;
    struct anchor_rule rule; /* its witnesses must outlive the feeder */
    const char *book_path;   /* for the first look, before anybody is heard */
    int64_t (*clock_us)(void);
};

/* Looks at the book, and holds changes up at once when it has to. Without witnesses *feeder is
 * NULL.
 */
MUST_CHECK struct err feeder_start(struct loop *loop, const struct feeder_options *options,
                                   struct feeder **feeder);
/* After spine_stop. Takes NULL. */
void feeder_free(struct feeder *feeder);

enum feeder_state {
    FEEDER_WAITS = 0, /* nothing was brought yet, or the answer is under way */
    FEEDER_COSIGNS,
    FEEDER_SILENT,  /* it cannot be reached, or cannot now */
    FEEDER_REFUSES, /* it says that the log is not what it cosigned: look at it */
};

/* Figures for status and metrics. `of` is in the order of the setting. */
struct feeder_stats {
    size_t witnesses, answering;
    int64_t anchored, head, oldest_us; /* oldest_us 0: all is anchored */
    int64_t quorum;
    bool required, held;
    int64_t cosigned, failed; /* answers, since the start */
    struct {
        const char *name;
        enum feeder_state state;
        int64_t size, cosigned_s;
        const char *problem; /* "" when there is none; lives until the next answer */
    } of[WITNESSES_MAX];
};
void feeder_stats(const struct feeder *feeder, struct feeder_stats *stats); /* NULL: none */

#endif
