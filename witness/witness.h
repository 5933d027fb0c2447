/* The witness: it remembers the last checkpoint of each of its logs and cosigns the next one when
 * it goes on from there (C2SP tlog-witness). All of it may be called from any thread; looking at
 * the last one and moving on from it is one step. */
#ifndef WITNESS_WITNESS_H
#define WITNESS_WITNESS_H

#include "common/sys/witness_ask.h"
#include "witness/settings.h"

#define WITNESS_KEY_FILE "witness.key"

struct witness;

/* Takes the data folder (ERR_CONFLICT: another process has it), the key in it and what was cosigned
 * before. ERR_MISSING: run init first. Errors live in `arena`. */
MUST_CHECK struct err witness_open(struct arena *arena, const struct witness_settings *settings,
                                   int64_t (*clock_us)(void), struct witness **out);
void witness_free(struct witness *w); /* takes NULL */
CLEANUP_DEFINE(struct witness *, witness_free)

/* Its verifier key, type 0x04. */
const struct note_key *witness_key(const struct witness *w);
/* The key in the data folder, named as the settings say, without taking anything. */
MUST_CHECK struct err witness_key_load(struct arena *arena, const struct witness_settings *settings,
                                       struct note_signer *signer);

/* What is said to whoever asked, in HTTP's words. */
struct witness_answer {
    int status;
    const char *type;
    struct buf body;
};
void witness_answer_init(struct witness_answer *a);
void witness_answer_fini(struct witness_answer *a);
static inline void witness_answer_fini_cleanup(struct witness_answer *a)
{
    witness_answer_fini(a);
}

/* add-checkpoint. 200: signature lines; 400, 403, 404, 422: a sentence; 409: the size that was
 * cosigned last; 503: it could not be put on the disk, and nothing was cosigned. */
void witness_add_checkpoint(struct witness *w, struct str body, struct witness_answer *a);

/* The file of a log's keys (common/sys/log_key.h): from a key that is believed on, those it hands
 * over to. 200 when the last statement is believed, now or before; 400, 403 (nobody believed
 * vouches for it), 404, 409 (a statement contradicts what was cosigned), 413 (more than is kept),
 * 503 (the disk). */
void witness_add_keys(struct witness *w, struct str chain, struct witness_answer *a);

/* The last checkpoint with the cosignature; `origin` NULL: of the only log. 400, 404. */
void witness_checkpoint(struct witness *w, const char *origin, struct witness_answer *a);

/* False: not one of its logs. The size is 0 when nothing was cosigned yet. */
bool witness_last(struct witness *w, struct str origin, uint64_t *size, struct merkle_hash *root);

size_t witness_logs(const struct witness *w);

#endif
