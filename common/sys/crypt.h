/* Digests, signatures, sealing, randomness and their text forms, over OpenSSL 3.0. The algorithms
 * are fetched once a process, on first use from any thread; nothing here is configured. What
 * OpenSSL can only refuse when it is broken or out of memory (a digest, a signature with a good
 * key, randomness) does not return an error: it stops the process. Comparing secrets: bytes_eq_ct
 * in common/base/str.h. */
#ifndef COMMON_SYS_CRYPT_H
#define COMMON_SYS_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"

#define SHA256_LEN      32
#define SHA256_HEX_SIZE 65 /* 64 lower-case digits and NUL */
#define ED25519_KEY_LEN 32
#define ED25519_SIG_LEN 64

/* One-shot digests; they reuse a context of the calling thread. len 0 may come with NULL. */
void sha256(const void *bytes, size_t len, uint8_t out[SHA256_LEN]);
void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX_SIZE]);

/* For what standards want hashed so (at_hash of an EdDSA token). */
#define SHA512_LEN 64
void sha512(const void *bytes, size_t len, uint8_t out[SHA512_LEN]);

/* A digest over parts: sha256_begin, any number of sha256_add, then sha256_end, which gives the
 * digest and frees. sha256_drop frees without a digest (after sha256_end it does nothing).
 *     struct sha256 h; sha256_begin(&h); sha256_add(&h, prev, 32); sha256_add(&h, ev, n);
 *     sha256_end(&h, out); */
struct sha256 {
    struct evp_md_ctx_st *ctx;
};
void sha256_begin(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *bytes, size_t len);
void sha256_end(struct sha256 *h, uint8_t out[SHA256_LEN]);
void sha256_drop(struct sha256 *h);

/* HMAC-SHA256 (RFC 2104). */
void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                 uint8_t out[SHA256_LEN]);

/* `len` bytes nobody can guess. */
void crypt_random(void *out, size_t len);

/* From now on private keys are loaded into memory that is not swapped out, is in no core and is
 * wiped when it is freed. Once, at the start, before keys and threads. False: the system's limit of
 * locked memory (RLIMIT_MEMLOCK) is below 2 MiB; all but the locking holds. crypt_lock.c. */
#define CRYPT_KEYS_BYTES ((size_t)2 << 20)
bool crypt_keys_lock(void);
/* Such memory for other secrets, zeroed; NULL when there is none left. Without crypt_keys_lock it
 * is common memory, but wiped as well. `secret` may be NULL. */
void *secret_alloc(size_t len);
void secret_free(void *secret, size_t len);

/* An Ed25519 private key (RFC 8032). May sign from several threads at once. _free takes NULL. */
struct ed25519_key;
MUST_CHECK struct err ed25519_new(struct ed25519_key **key); /* a fresh one */
MUST_CHECK struct err ed25519_from_seed(const uint8_t seed[ED25519_KEY_LEN],
                                        struct ed25519_key **key);
/* A key that another process holds: `sign` asks it, and false means that it cannot sign any more,
 * which stops this one. Such a key is not saved. */
typedef bool ed25519_sign_fn(void *ctx, const void *bytes, size_t len,
                             uint8_t sig[ED25519_SIG_LEN]);
MUST_CHECK struct err ed25519_elsewhere(const uint8_t public_key[ED25519_KEY_LEN],
                                        ed25519_sign_fn *sign, void *ctx, struct ed25519_key **key);
void ed25519_free(struct ed25519_key *key);
CLEANUP_DEFINE(struct ed25519_key *, ed25519_free)

void ed25519_public(const struct ed25519_key *key, uint8_t out[ED25519_KEY_LEN]);
void ed25519_sign(const struct ed25519_key *key, const void *bytes, size_t len,
                  uint8_t sig[ED25519_SIG_LEN]);
/* False for a wrong signature as for a public key that is no point of the curve. */
bool ed25519_verify(const uint8_t public_key[ED25519_KEY_LEN], const void *bytes, size_t len,
                    const uint8_t sig[ED25519_SIG_LEN]);

/* A private key in a file: PEM, PKCS#8, unencrypted, mode 0600. _save never replaces a file
 * (ERR_CONFLICT when there is one) and returns once file and folder are on the disk. _load refuses
 * (ERR_AUTH) a file that group or others may read or write, that belongs to somebody else than this
 * user or root, or that is no regular file (links are followed by nobody); ERR_MISSING when there
 * is none, ERR_INPUT when it holds no Ed25519 private key. `path` is the error's place. */
MUST_CHECK struct err ed25519_save(const struct ed25519_key *key, const char *path);
MUST_CHECK struct err ed25519_load(const char *path, struct ed25519_key **key);

/* The bytes of a private key's file of another kind, with the same care, but that a link is
 * followed: what it leads to is judged. crypt_wipe them. */
#define KEY_FILE_MAX 8192
MUST_CHECK struct err private_file_read(const char *path, char bytes[KEY_FILE_MAX], size_t *len);

/* A secret of one process in a file: SECRET_LEN random bytes as base64url, with the same care as a
 * private key. _make makes it (ERR_CONFLICT when there is one). */
#define SECRET_LEN 32
MUST_CHECK struct err secret_make(const char *path);
MUST_CHECK struct err secret_load(const char *path, uint8_t secret[SECRET_LEN]);

/* A public key's file: PEM SubjectPublicKeyInfo; any mode. */
MUST_CHECK struct err ed25519_public_save(const struct ed25519_key *key, const char *path);
MUST_CHECK struct err ed25519_public_load(const char *path, uint8_t out[ED25519_KEY_LEN]);

/* Signatures of others, checked with what a published key holds: big-endian numbers without leading
 * zeros (RSA), coordinates of 32 bytes (P-256). False for a wrong signature as for a key that is
 * none. crypt_public.c. */
#define RSA_MODULUS_MIN  ((size_t)256) /* bytes: 2048 bits */
#define RSA_MODULUS_MAX  ((size_t)1024)
#define RSA_EXPONENT_MAX ((size_t)8)
#define P256_POINT_LEN   64 /* x, then y */
#define P256_SIG_LEN     64 /* r, then s (RFC 7518 3.4) */

struct rsa_public {
    uint8_t modulus[RSA_MODULUS_MAX], exponent[RSA_EXPONENT_MAX];
    size_t modulus_len, exponent_len;
};

/* 2048 to 8192 bits, an odd modulus, an odd exponent of at least 3. */
bool rsa_public_valid(const struct rsa_public *key);
/* RSASSA-PKCS1-v1_5 with SHA-256. */
bool rsa_verify(const struct rsa_public *key, struct str bytes, struct str sig);

bool p256_point_valid(const uint8_t point[P256_POINT_LEN]); /* on the curve */
bool p256_verify(const uint8_t point[P256_POINT_LEN], struct str bytes,
                 const uint8_t sig[P256_SIG_LEN]);

/* Whether an Ed25519 public key is of small order: a point under which anybody can sign. */
bool ed25519_public_weak(const uint8_t public_key[ED25519_KEY_LEN]);

/* AES-256-GCM. Sealed bytes are a random 96-bit nonce, the ciphertext and the tag. `aad` is checked
 * and not hidden: what the bytes are for. A key seals at most 2^32 times. crypt_aead.c. */
#define AEAD_KEY_LEN 32
#define AEAD_ADDED   28 /* bytes that sealing adds */
void aead_seal(const uint8_t key[AEAD_KEY_LEN], struct str aad, const void *bytes, size_t len,
               uint8_t *sealed); /* len + AEAD_ADDED bytes */
/* False, and nothing in `bytes`, unless every bit is as it was sealed. `bytes` holds len -
 * AEAD_ADDED. */
bool aead_open(const uint8_t key[AEAD_KEY_LEN], struct str aad, const void *sealed, size_t len,
               uint8_t *bytes);

/* HKDF-SHA256 (RFC 5869) without salt: a key of its own for each `info`. */
void hkdf_sha256(const void *secret, size_t len, const char *info, uint8_t key[SHA256_LEN]);

/* Overwrites a secret; the compiler does not leave it out. */
void crypt_wipe(void *secret, size_t len);

/* RFC 4648. Encoding writes a NUL too: the text is BASE64_SIZE(len) bytes at most. base64url (5)
 * has no padding, base64 (4) always has it. */
#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)
void base64url_print(const void *bytes, size_t len, char *out);
void base64_print(const void *bytes, size_t len, char *out);

/* Strict decoding: no white space, no other alphabet, padding as above, left-over bits zero, so a
 * value has exactly one text. False otherwise, or when more than `cap` bytes would come out. */
bool base64url_parse(struct str text, void *out, size_t cap, size_t *len);
bool base64_parse(struct str text, void *out, size_t cap, size_t *len);

/* Whether a file's content is one or more X.509 certificates in PEM and no key or list beside them;
 * text between them is allowed, as elsewhere. */
bool certificates_only(struct str pem);

#endif
