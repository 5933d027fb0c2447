/* The keys of a log over time (docs/KEYS.md). A log's key is told and changed by a statement, a
 * signed note of five lines:
 *     closegate-log-key/1
 *     <origin>
 *     from <seq>
 *     old <vkey or ->
 *     new <vkey>
 * The new key signs it, and the old one but for the first: who trusts the old key may so trust the
 * new one. Checkpoints of a size of at least `from` are signed by the new key, smaller ones by the
 * old. Both keys are named as the log, by its origin. */
#ifndef COMMON_SYS_LOG_KEY_H
#define COMMON_SYS_LOG_KEY_H

#include "common/base/json.h"
#include "common/sys/note.h"

struct log_key_statement {
    uint64_t from;                    /* at least 1 */
    bool has_old;                     /* false: the log's first key */
    struct note_key old_key, new_key; /* both are named as the log, by its origin */
    const char *note;                 /* as it was signed, of log_key_chain_read; otherwise NULL */
};

/* Appends the signed note. `old` is NULL for the first key. ERR_INPUT when the keys are not of one
 * origin, are the same or are not for notes (NOTE_ED25519). */
MUST_CHECK struct err log_key_sign(uint64_t from, const struct note_signer *old,
                                   const struct note_signer *now, struct buf *out);

/* Reads a statement's text alone, which anybody may have written: for whoever is to sign it. */
MUST_CHECK struct err log_key_text(struct str text, struct log_key_statement *out);

/* Reads a statement and checks its signatures: by the new key, and by the old one that it names.
 * Whether the old one is to be trusted is the caller's to say. ERR_INPUT with the line, ERR_AUTH
 * for a signature that is missing or does not hold. */
MUST_CHECK struct err log_key_read(struct str note, struct log_key_statement *out);

/* ---- trust ---- */

#define LOG_KEYS_MAX 128

/* A key and the sizes of the checkpoints that it signs: from `from`, below `until`. */
struct log_key_range {
    struct note_key key;
    uint64_t from, until; /* until 0: no end is known */
};

/* The keys of one log that are trusted. Zeroed, it trusts none. */
struct log_key_ring {
    struct log_key_range keys[LOG_KEYS_MAX];
    size_t n;
};

/* A key that the caller was given: for checkpoints of any size, until a statement ends it. Twice is
 * once. ERR_LIMIT; ERR_INPUT for a key that is of another log than those before, or for no notes.
 */
MUST_CHECK struct err log_key_trust(struct log_key_ring *ring, const struct note_key *key);

/* Goes on from a trusted key to the next. A statement that was followed before changes nothing.
 * ERR_AUTH when its old key is not trusted (a first statement: when its new key is not), when that
 * key was ended otherwise before, or when the statement begins before its old key does: two next
 * keys for one log would be two logs. */
MUST_CHECK struct err log_key_follow(struct log_key_ring *ring, const struct log_key_statement *s);

/* The trusted key that signed the note and may sign checkpoints of this size. ERR_AUTH says why
 * there is none: nobody known, a signature that does not hold, or a key beyond its end. */
MUST_CHECK struct err log_key_signed(const struct log_key_ring *ring, const struct note *note,
                                     uint64_t size, const struct note_key **key);

/* ---- the file of a chain: {"format":"closegate-key-chain/1","statements":["…",…]} ---- */

#define LOG_KEY_CHAIN_FORMAT    "closegate-key-chain/1"
#define LOG_KEY_CHAIN_BYTES_MAX ((size_t)1024 * 1024)

/* The statements in order, checked one by one, their texts in the arena. Nothing in the file makes
 * any of them trusted. ERR_INPUT and ERR_AUTH with a JSON pointer. */
MUST_CHECK struct err log_key_chain_read(struct arena *arena, struct str json,
                                         struct log_key_statement **statements, size_t *n);
struct json *log_key_chain_print(struct arena *arena, const char *const *statements, size_t n);

#endif
