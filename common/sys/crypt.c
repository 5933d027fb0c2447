/* Digests, HMAC, randomness and Ed25519 over OpenSSL. OpenSSL 3 looks an algorithm up by name on
 * every one-shot call; here it is fetched once and each thread keeps a context. */
#include "common/sys/crypt.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/invariant.h"
#include "common/sys/disk.h"

struct ed25519_key {
    EVP_PKEY *pkey; /* NULL: another process has it */
    ed25519_sign_fn *elsewhere;
    void *ctx;
    uint8_t public_key[ED25519_KEY_LEN];
};

static EVP_MD *md_sha256;
static pthread_key_t thread_ctx;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_ctx(void *ctx)
{
    EVP_MD_CTX_free(ctx);
}

static void fetch(void)
{
    md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    INVARIANT(md_sha256 != NULL);
    INVARIANT(pthread_key_create(&thread_ctx, free_ctx) == 0);
}

/* ---- SHA-256 ---- */

static EVP_MD_CTX *this_threads_ctx(void)
{
    pthread_once(&once, fetch);
    EVP_MD_CTX *ctx = pthread_getspecific(thread_ctx);
    if (ctx == NULL) {
        ctx = EVP_MD_CTX_new();
        INVARIANT(ctx != NULL && pthread_setspecific(thread_ctx, ctx) == 0);
    }
    return ctx;
}

static void digest_end(EVP_MD_CTX *ctx, uint8_t out[SHA256_LEN])
{
    unsigned len = 0;
    INVARIANT(EVP_DigestFinal_ex(ctx, out, &len) == 1 && len == SHA256_LEN);
}

void sha256(const void *bytes, size_t len, uint8_t out[SHA256_LEN])
{
    EVP_MD_CTX *ctx = this_threads_ctx();
    INVARIANT(EVP_DigestInit_ex2(ctx, md_sha256, NULL) == 1);
    INVARIANT(EVP_DigestUpdate(ctx, bytes, len) == 1);
    digest_end(ctx, out);
}

void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX_SIZE])
{
    uint8_t digest[SHA256_LEN];
    sha256(bytes, len, digest);
    hex_print(digest, sizeof digest, out);
}

void sha512(const void *bytes, size_t len, uint8_t out[SHA512_LEN])
{
    INVARIANT(EVP_Digest(len == 0 ? "" : bytes, len, out, NULL, EVP_sha512(), NULL) == 1);
}

void sha256_begin(struct sha256 *h)
{
    pthread_once(&once, fetch);
    h->ctx = EVP_MD_CTX_new();
    INVARIANT(h->ctx != NULL && EVP_DigestInit_ex2(h->ctx, md_sha256, NULL) == 1);
}

void sha256_add(struct sha256 *h, const void *bytes, size_t len)
{
    if (len > 0)
        INVARIANT(EVP_DigestUpdate(h->ctx, bytes, len) == 1);
}

void sha256_end(struct sha256 *h, uint8_t out[SHA256_LEN])
{
    digest_end(h->ctx, out);
    sha256_drop(h);
}

void sha256_drop(struct sha256 *h)
{
    EVP_MD_CTX_free(h->ctx);
    h->ctx = NULL;
}

void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                 uint8_t out[SHA256_LEN])
{
    pthread_once(&once, fetch);
    unsigned out_len = 0;
    INVARIANT(key_len <= INT32_MAX);
    /* A NULL key would mean "the key of last time" to OpenSSL. */
    const void *some_key = key_len == 0 ? "" : key;
    INVARIANT(HMAC(md_sha256, some_key, (int)key_len, bytes, len, out, &out_len) != NULL &&
              out_len == SHA256_LEN);
}

void crypt_random(void *out, size_t len)
{
    INVARIANT(len <= INT32_MAX && RAND_bytes(out, (int)len) == 1);
}

/* ---- Ed25519 ---- */

static struct err key_wrap(EVP_PKEY *pkey, struct ed25519_key **key)
{
    struct ed25519_key *made = pkey == NULL ? NULL : calloc(1, sizeof *made);
    size_t len = ED25519_KEY_LEN;
    if (made == NULL || EVP_PKEY_get_raw_public_key(pkey, made->public_key, &len) != 1) {
        EVP_PKEY_free(pkey);
        free(made);
        return err_new(ERR_STORE, "cannot make an Ed25519 key");
    }
    made->pkey = pkey;
    *key = made;
    return OK;
}

struct err ed25519_from_seed(const uint8_t seed[ED25519_KEY_LEN], struct ed25519_key **key)
{
    *key = NULL;
    return key_wrap(EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, ED25519_KEY_LEN),
                    key);
}

struct err ed25519_new(struct ed25519_key **key)
{
    *key = NULL; /* not from a seed of ours: OpenSSL would keep a copy of that in common memory */
    return key_wrap(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), key);
}

struct err ed25519_elsewhere(const uint8_t public_key[ED25519_KEY_LEN], ed25519_sign_fn *sign,
                             void *ctx, struct ed25519_key **key)
{
    *key = calloc(1, sizeof **key);
    ENSURE(*key != NULL, ERR_LIMIT, "out of memory");
    **key = (struct ed25519_key){.elsewhere = sign, .ctx = ctx};
    memcpy((*key)->public_key, public_key, ED25519_KEY_LEN);
    return OK;
}

void ed25519_free(struct ed25519_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

void ed25519_public(const struct ed25519_key *key, uint8_t out[ED25519_KEY_LEN])
{
    memcpy(out, key->public_key, ED25519_KEY_LEN);
}

void ed25519_sign(const struct ed25519_key *key, const void *bytes, size_t len,
                  uint8_t sig[ED25519_SIG_LEN])
{
    if (key->elsewhere != NULL) {
        INVARIANT(key->elsewhere(key->ctx, bytes, len, sig));
        return;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t sig_len = ED25519_SIG_LEN;
    const void *some = len == 0 ? "" : bytes;
    INVARIANT(ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) == 1);
    INVARIANT(EVP_DigestSign(ctx, sig, &sig_len, some, len) == 1 && sig_len == ED25519_SIG_LEN);
    EVP_MD_CTX_free(ctx);
}

bool ed25519_verify(const uint8_t public_key[ED25519_KEY_LEN], const void *bytes, size_t len,
                    const uint8_t sig[ED25519_SIG_LEN])
{
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, public_key, ED25519_KEY_LEN);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const void *some = len == 0 ? "" : bytes;
    bool good = pkey != NULL && ctx != NULL &&
                EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                EVP_DigestVerify(ctx, sig, ED25519_SIG_LEN, some, len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}

/* ---- key files ---- */

static struct err save_pem(BIO *bio, bool written, const char *path, unsigned mode)
{
    char *pem = NULL;
    long len = written ? BIO_get_mem_data(bio, &pem) : 0;
    struct err e = len > 0 ? disk_write_new(path, pem, (size_t)len, mode)
                           : err_at(ERR_STORE, path, "cannot encode the key");
    if (len > 0)
        OPENSSL_cleanse(pem, (size_t)len);
    BIO_free(bio);
    return e;
}

struct err ed25519_save(const struct ed25519_key *key, const char *path)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    bool ok = bio != NULL && key->pkey != NULL &&
              PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1;
    return save_pem(bio, ok, path, 0600);
}

struct err ed25519_public_save(const struct ed25519_key *key, const char *path)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio != NULL && key->pkey != NULL && PEM_write_bio_PUBKEY(bio, key->pkey) == 1;
    return save_pem(bio, ok, path, 0644);
}

static struct err is_private(int fd, const char *path)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return err_at(ERR_AUTH, path, "a private key must be a regular file");
    if ((st.st_mode & 077) != 0)
        return err_at(ERR_AUTH, path, "others may read or write this private key: chmod 600 it");
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return err_at(ERR_AUTH, path, "this private key belongs to another user");
    return OK;
}

enum key_file { KEY_PUBLIC, KEY_PRIVATE, KEY_PRIVATE_LINKED };

/* The file's bytes; *len at most KEY_FILE_MAX. */
static struct err read_key_file(const char *path, enum key_file kind, char *out, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (kind == KEY_PRIVATE ? O_NOFOLLOW : 0));
    if (fd < 0 && errno == ENOENT)
        return err_at(ERR_MISSING, path, "there is no key file here");
    if (fd < 0)
        return err_at(errno == ELOOP ? ERR_AUTH : ERR_STORE, path, "cannot open the key file");
    struct err e = kind == KEY_PUBLIC ? OK : is_private(fd, path);
    *len = 0;
    ssize_t n = 1;
    while (e.kind == ERR_NONE && n > 0 && *len < KEY_FILE_MAX) {
        n = read(fd, out + *len, KEY_FILE_MAX - *len);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            *len += (size_t)n;
    }
    close(fd);
    TRY(e);
    return n < 0 ? err_at(ERR_STORE, path, "cannot read the key file") : OK;
}

struct err private_file_read(const char *path, char bytes[KEY_FILE_MAX], size_t *len)
{
    return read_key_file(path, KEY_PRIVATE_LINKED, bytes, len);
}

/* An unencrypted key needs no passphrase; an encrypted one must not stop to ask for it. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

struct err ed25519_load(const char *path, struct ed25519_key **key)
{
    *key = NULL;
    char pem[KEY_FILE_MAX];
    size_t len;
    TRY(read_key_file(path, KEY_PRIVATE, pem, &len));
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    OPENSSL_cleanse(pem, sizeof pem);
    if (pkey == NULL || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(pkey);
        return err_at(ERR_INPUT, path, "this file holds no Ed25519 private key (PEM, unencrypted)");
    }
    return err_in(key_wrap(pkey, key), path);
}

struct err secret_make(const char *path)
{
    uint8_t secret[SECRET_LEN];
    char text[BASE64_SIZE(SECRET_LEN) + 1];
    INVARIANT(RAND_priv_bytes(secret, sizeof secret) == 1);
    base64url_print(secret, sizeof secret, text);
    const size_t len = strlen(text);
    text[len] = '\n';
    struct err e = disk_write_new(path, text, len + 1, 0600);
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(text, sizeof text);
    return e;
}

struct err secret_load(const char *path, uint8_t secret[SECRET_LEN])
{
    char text[KEY_FILE_MAX];
    size_t n, len = 0;
    TRY(read_key_file(path, KEY_PRIVATE, text, &n));
    const size_t digits = n > 0 && text[n - 1] == '\n' ? n - 1 : n;
    const bool good = base64url_parse((struct str){text, digits}, secret, SECRET_LEN, &len);
    OPENSSL_cleanse(text, sizeof text);
    return good && len == SECRET_LEN ? OK : err_at(ERR_INPUT, path, "this file holds no secret");
}

struct err ed25519_public_load(const char *path, uint8_t out[ED25519_KEY_LEN])
{
    char pem[KEY_FILE_MAX];
    size_t len;
    TRY(read_key_file(path, KEY_PUBLIC, pem, &len));
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    size_t out_len = ED25519_KEY_LEN;
    bool ok = pkey != NULL && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519 &&
              EVP_PKEY_get_raw_public_key(pkey, out, &out_len) == 1;
    EVP_PKEY_free(pkey);
    return ok ? OK : err_at(ERR_INPUT, path, "this file holds no Ed25519 public key (PEM)");
}
