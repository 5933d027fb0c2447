/* What a log's keys have signed so far, kept by the process that holds them (log_signer.h) in
 * log.signed beside them: so that whoever takes the engine over cannot have the log's past signed
 * anew, today or after another start. A head is signed when it goes on from the last one; or from
 * the one before that, for the last one's commit may have failed, and its events are gone then. */
#ifndef ENGINE_STORE_LOG_SIGNED_H
#define ENGINE_STORE_LOG_SIGNED_H

#include "common/sys/note.h"
#include "engine/store/tree.h"

#define LOG_SIGNED_FILE "log.signed"

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

/* Of the folder. ERR_INPUT for a file that is not ours. */
MUST_CHECK struct err log_signed_load(const char *folder, struct signed_heads *heads);

/* Whether the head may be signed now; it is taken for signed from then on, also by the file.
 * ERR_AUTH: it is another log's, or does not go on from what was signed. */
MUST_CHECK struct err log_signed_take(struct signed_heads *heads, const char *folder,
                                      const struct checkpoint *head,
                                      const struct signed_step *step);

#endif
