/* Signed notes and what a transparency log writes as such: C2SP signed-note, tlog-checkpoint and
 * tlog-cosignature (version 1). A note is a text that ends in a line end, an empty line, and
 * signature lines "— name base64(key id, signature)". Reading is strict, so that one note has one
 * form: valid UTF-8 without control characters, canonical base64, no two signatures of one key, no
 * leading zeros. Keys are given by the caller, never found in a note; a signature by a key that is
 * not asked for means nothing. */
#ifndef COMMON_SYS_NOTE_H
#define COMMON_SYS_NOTE_H

#include "common/base/buf.h"
#include "common/sys/crypt.h"
#include "common/sys/merkle.h"

#define NOTE_NAME_MAX  255 /* bytes of a key's name */
#define NOTE_BYTES_MAX ((size_t)64 * 1024)
#define NOTE_SIGS_MAX  32
#define NOTE_SIG_MAX   72 /* the longest signature we check: a time and an Ed25519 signature */
#define NOTE_ID_LEN    4

enum note_alg {
    NOTE_ED25519 = 1,        /* over the text itself: the log's own signature */
    NOTE_COSIGNATURE_V1 = 4, /* with a time, over the text under a header: a witness's */
};

/* ---- keys ---- */

struct note_key {
    char name[NOTE_NAME_MAX + 1];
    uint8_t id[NOTE_ID_LEN]; /* SHA-256(name, 0x0A, alg, key), its first bytes */
    enum note_alg alg;
    uint8_t public_key[ED25519_KEY_LEN];
};

/* A verifier key ("vkey"): <name>+<8 lower-case hex digits of the id>+<base64(alg, key)>. The id
 * must be the key's. ERR_INPUT also for another algorithm and for a weak key (one of small order,
 * under which anybody can sign). */
MUST_CHECK struct err note_key_parse(struct str vkey, struct note_key *key);
/* ERR_INPUT for a bad name (empty, too long, with white space, a plus or a control character) and
 * for a weak key. */
MUST_CHECK struct err note_key_make(const char *name, enum note_alg alg,
                                    const uint8_t public_key[ED25519_KEY_LEN],
                                    struct note_key *key);
/* The vkey; NULL when the arena is full. */
const char *note_key_print(struct arena *arena, const struct note_key *key);
bool note_key_eq(const struct note_key *a, const struct note_key *b);
/* Whether a key may bear this name. */
bool note_name_valid(struct str name);

/* ---- notes ---- */

struct note_sig {
    struct str name; /* as all of a note's texts a slice of what was parsed */
    uint8_t id[NOTE_ID_LEN];
    struct str line;             /* the whole line, with its line end */
    uint8_t bytes[NOTE_SIG_MAX]; /* behind the id; zeros when `len` is more than fits */
    size_t len;
};

struct note {
    struct str text; /* with its last line end, without the empty line */
    struct note_sig sigs[NOTE_SIGS_MAX];
    size_t n; /* at least 1 */
};

/* ERR_INPUT with "line 4" as its place (static text), ERR_LIMIT for too much. Checks no signature.
 */
MUST_CHECK struct err note_parse(struct str bytes, struct note *note);

enum note_check {
    NOTE_UNSIGNED = 0, /* no signature under this key's name and id */
    NOTE_FORGED,       /* one that does not hold: the whole note is to be refused */
    NOTE_SIGNED,
};
/* *cosigned_s is the time a cosignature states, seconds since 1970; untouched otherwise, and it may
 * be NULL. */
enum note_check note_check(const struct note *note, const struct note_key *key,
                           int64_t *cosigned_s);
bool note_signed(const struct note *note, const struct note_key *key, int64_t *cosigned_s);

/* Whoever signs: the key's public side and its secret, which stays the caller's. */
struct note_signer {
    struct note_key key;
    struct ed25519_key *secret;
};

/* Appends text, empty line and signature line: a whole note. ERR_INPUT for a text that is none
 * (empty, no line end at its end, control characters, no UTF-8); ERR_BUG when `secret` is not
 * `key`'s, or with a key for cosignatures. */
MUST_CHECK struct err note_sign(struct str text, const struct note_signer *signer, struct buf *out);
/* Appends one more signature line for `text` (of note_parse). A cosignature states `now_s`; an
 * Ed25519 signature states no time. */
void note_sign_line(struct str text, const struct note_signer *signer, int64_t now_s,
                    struct buf *out);

/* ---- checkpoints: a note's text that tells a tree ---- */

struct checkpoint {
    struct str origin; /* the log's name; a slice of what was parsed */
    uint64_t size;
    struct merkle_hash root;
    struct str extra; /* the extension lines, each with its line end; our logs write none */
};

/* ERR_INPUT with "line 2" as its place. The root of size 0 must be the empty tree's. */
MUST_CHECK struct err checkpoint_parse(struct str note_text, struct checkpoint *out);
void checkpoint_print(const struct checkpoint *c, struct buf *out); /* the note's text */

/* The digits of a size or an index: no sign, no leading zeros, at most MERKLE_SIZE_MAX. */
bool note_number_parse(struct str digits, uint64_t *n);

#endif
