/* Private to engine/store/log_signer*.c and log_key_files.c: what engine and signer say to each
 * other. Both are the same program, so these are structs, each a packet of a socket pair. */
#ifndef ENGINE_STORE_LOG_SIGNER_OWN_H
#define ENGINE_STORE_LOG_SIGNER_OWN_H

#include "engine/store/log_keys_own.h"
#include "engine/store/log_signed.h"
#include "engine/store/log_signer.h"

#define SIGNED_MAX ((size_t)64 * 1024) /* a text to be signed */

enum signer_op {
    SIGNER_LOAD = 1, /* the files; also the signer's first word, unasked */
    SIGNER_FILL,     /* log_keys_fill of `slot` */
    SIGNER_SIGN,     /* the text behind the ask, by the key of `slot` */
    SIGNER_ADVANCE,  /* log_keys_advance */
};

struct signer_ask {
    uint32_t op, slot, wipe, text_len;
    uint8_t retired_id[NOTE_ID_LEN], retired[ED25519_KEY_LEN]; /* ADVANCE */
    struct signed_step step;                                   /* SIGN, of a head */
};

/* What there is now is in every answer. */
struct signer_said {
    uint32_t kind; /* enum err_kind */
    uint32_t now;  /* as in struct log_keys */
    char msg[256], where[64];
    uint8_t present[KEY_FILE_N], public_key[KEY_FILE_N][ED25519_KEY_LEN];
    uint8_t sig[ED25519_SIG_LEN]; /* SIGN */
    struct signed_heads heads;
};

/* The signer's life, at its end of the pair; does not return. */
void log_signer_run(int fd, const char *key_dir, enum confine_need need) __attribute__((noreturn));

/* The engine's side of log_keys_fill and log_keys_advance. */
MUST_CHECK struct err log_signer_fill(struct log_keys *keys, size_t slot);
MUST_CHECK struct err log_signer_advance(struct log_keys *keys, const struct note_key *retired,
                                         bool wipe);

#endif
