/* One log as its witness knows it: who may sign its checkpoints, and the last one that was
 * cosigned. Both are one file of the data folder, replaced as a whole and on the disk before
 * anybody is told: {"format":"closegate-witness-log/1","checkpoint":"…","statements":["…"]}. */
#ifndef WITNESS_LOG_H
#define WITNESS_LOG_H

#include "common/sys/log_key.h"

struct witness_log {
    char origin[NOTE_NAME_MAX + 1];
    struct log_key_ring ring;
    struct arena *arena; /* of the statements and the path */
    const char *path;
    const char *statements[LOG_KEYS_MAX]; /* that were followed */
    size_t statements_n;
    uint64_t size; /* of the last cosigned checkpoint; 0: none yet */
    struct merkle_hash root;
    struct buf note; /* it, with the log's signature and ours; empty: none yet */
};

/* A log that is known by one key; log_key_trust adds others. *out is to be freed whatever came of
 * it: errors live in it. */
MUST_CHECK struct err witness_log_open(const char *data_dir, const struct note_key *key,
                                       struct witness_log **out);
/* Then, what the data folder knows of it, as our `own` cosignature shows. ERR_STORE when that
 * cannot be believed: going on from less than was cosigned would be a lie. */
MUST_CHECK struct err witness_log_load(struct witness_log *log, const struct note_key *own);
void witness_log_free(struct witness_log *log); /* takes NULL */

/* The file with this as the last checkpoint; then it is. ERR_STORE: nothing has changed. */
MUST_CHECK struct err witness_log_advance(struct witness_log *log, const struct checkpoint *c,
                                          struct str note);

/* Goes on to the key that a statement names. ERR_AUTH: it is not for us to believe; ERR_CONFLICT:
 * by it the last cosigned checkpoint was signed by a key that had ended. *is_new is false when it
 * was followed before. */
MUST_CHECK struct err witness_log_follow(struct witness_log *log, struct str statement,
                                         const struct log_key_statement *s, bool *is_new);

/* Keeps a checkpoint that cannot stand beside the last one: both are signed, so the log lies. Once
 * a log. */
void witness_log_accuse(const struct witness_log *log, struct str note);

#endif
