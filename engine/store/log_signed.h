/* What a log's keys have signed so far, kept by the process that holds them (log_signer.h) in
 * log.signed beside them: so that whoever takes the engine over cannot have the log's past signed
 * anew, today or after another start. A head is signed when it goes on from the last one; or from
 * the one before that, for the last one's commit may have failed, and its events are gone then. */
#ifndef ENGINE_STORE_LOG_SIGNED_H
#define ENGINE_STORE_LOG_SIGNED_H

#include "common/sys/note.h"
#include "engine/store/tree.h"

#define LOG_SIGNED_FILE     "log.signed"
#define LOG_SIGNED_PATH_MAX 4096

struct signed_head {
    uint64_t size;
    struct merkle_hash root;
};

/* origin "": nothing was signed. */
struct signed_heads {
    char origin[TREE_ORIGIN_SIZE];
    struct signed_head base, tip; /* before the last head, and the last one */
};

/* That a tree goes on from an earlier one: its proof, and the earlier one as whoever asks has it,
 * which is believed while nothing was signed. */
struct signed_step {
    struct signed_head from;
    struct merkle_proof proof;
};

/* The heads and their file. */
struct signed_log {
    struct signed_heads heads;
    char path[LOG_SIGNED_PATH_MAX];
    int fd;        /* -1: there is no file yet */
    unsigned slot; /* the one to be written; the other one is durable */
    uint64_t generation;
    bool unsynced; /* `slot` is newer than what is durable */
    bool failed;   /* the last write or sync did */
    int64_t synced_ms;
};

/* Of the folder. ERR_INPUT for a file of which nothing can be believed; then there is nothing to
 * close, and nothing may be signed. */
MUST_CHECK struct err log_signed_open(const char *folder, struct signed_log *log);
/* Makes nothing durable. */
void log_signed_close(struct signed_log *log);

/* Whether the head may be signed now; it is taken for signed from then on, by whoever opens the
 * file after this process, and after a power cut once it is synced. ERR_AUTH: it is another log's,
 * or does not go on from what was signed. */
MUST_CHECK struct err log_signed_take(struct signed_log *log, const struct checkpoint *head,
                                      const struct signed_step *step);

/* Until log_signed_sync is due, at most a second after the one before; -1: nothing is unsynced. By
 * a clock that does not step. */
int log_signed_wait_ms(const struct signed_log *log, int64_t now_ms);
/* After an error nothing is taken until a sync succeeds; taking tries it again. */
MUST_CHECK struct err log_signed_sync(struct signed_log *log, int64_t now_ms);

#endif
