/* Certificates and keys as files, judged before anything is served with them; and what we offer:
 * TLS 1.3, no resumption (a ticket's key would outlive the handshakes it protects), no early data
 * (it can be replayed), ALPN http/1.1. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "common/base/str.h"
#include "common/sys/crypt.h"
#include "common/sys/disk.h"
#include "common/sys/tls_own.h"

#define CERTS_MAX      ((size_t)1024 * 1024)
#define CHAIN_MAX      5
#define SECURITY_LEVEL 2 /* OpenSSL's: 112 bits, RSA of 2048 */
#define DAY_S          INT64_C(86400)

/* What one file may hold: ours with those that vouch for it, or a list of them. */
struct certs {
    X509 **x509;
    size_t n;
};

static void certs_fini_cleanup(struct certs *certs)
{
    for (size_t i = 0; i < certs->n; i++)
        X509_free(certs->x509[i]);
    free(certs->x509);
}

/* OpenSSL's own sentence about what failed last. */
static const char *reason(const char *otherwise)
{
    const unsigned long code = ERR_peek_last_error();
    const char *text = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    return text == NULL ? otherwise : text;
}

static bool ends_at(const ASN1_TIME *t, int64_t *s)
{
    int days = 0, seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    const bool known = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, t) == 1;
    ASN1_TIME_free(epoch);
    *s = days * DAY_S + seconds;
    return known;
}

bool tls_cert_ends(const X509 *cert, int64_t *until_s)
{
    return ends_at(X509_get0_notAfter(cert), until_s);
}

static struct err certs_take(BIO *from, struct certs *out)
{
    X509 *one;
    while ((one = PEM_read_bio_X509(from, NULL, NULL, NULL)) != NULL) {
        X509 **more = realloc(out->x509, (out->n + 1) * sizeof *more);
        if (more == NULL) {
            X509_free(one);
            return err_new(ERR_LIMIT, "out of memory");
        }
        out->x509 = more;
        out->x509[out->n++] = one;
    }
    ERR_clear_error(); /* that there is no further one */
    return OK;
}

static struct err certs_read(struct arena *arena, const char *path, struct certs *out)
{
    struct str pem;
    TRY(disk_read(arena, path, CERTS_MAX, &pem));
    if (!certificates_only(pem))
        return err_at(ERR_INPUT, path, "not certificates in PEM, and only that");
    BIO *from = BIO_new_mem_buf(pem.at, (int)pem.len);
    ENSURE(from != NULL, ERR_LIMIT, "out of memory");
    struct err e = certs_take(from, out);
    BIO_free(from);
    return err_in(e, path);
}

static struct err good_now(X509 *cert, int64_t now_s, const char *path)
{
    int64_t from_s, until_s;
    if (!ends_at(X509_get0_notBefore(cert), &from_s) || !tls_cert_ends(cert, &until_s))
        return err_at(ERR_INPUT, path, "the certificate does not say when it is good");
    if (now_s < from_s)
        return err_at(ERR_INPUT, path, "the certificate is not good yet");
    if (now_s > until_s)
        return err_at(ERR_INPUT, path, "the certificate has expired");
    return OK;
}

static struct err use_certs(SSL_CTX *ctx, const struct certs *certs, const char *path)
{
    if (SSL_CTX_use_certificate(ctx, certs->x509[0]) != 1)
        return err_at(ERR_INPUT, path, reason("the certificate cannot be used"));
    for (size_t i = 1; i < certs->n; i++) {
        if (SSL_CTX_add1_chain_cert(ctx, certs->x509[i]) != 1)
            return err_at(ERR_INPUT, path, reason("the chain cannot be used"));
    }
    return OK;
}

/* An encrypted key must not stop to ask for its passphrase. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf, (void)size, (void)writing, (void)arg;
    return -1;
}

static struct err use_key(SSL_CTX *ctx, const char *path, const char *cert_path)
{
    char pem[KEY_FILE_MAX];
    size_t len;
    TRY(private_file_read(path, pem, &len));
    BIO *from = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *key = from == NULL ? NULL : PEM_read_bio_PrivateKey(from, NULL, no_passphrase, NULL);
    BIO_free(from);
    crypt_wipe(pem, sizeof pem);
    struct err e = OK;
    if (key == NULL)
        e = err_at(ERR_INPUT, path, "this file holds no private key (PEM, unencrypted)");
    else if (X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) != 1)
        e = err_at(ERR_INPUT, path, "this key is not the certificate's");
    else if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
        e = err_at(ERR_INPUT, cert_path, reason("the key cannot be used"));
    EVP_PKEY_free(key);
    ERR_clear_error();
    return e;
}

/* A certificate for `purpose` that is good now, its chain and its key. */
static struct err use_ours(struct arena *arena, SSL_CTX *ctx, const struct tls_files *files,
                           int purpose, int64_t now_s)
{
    __attribute__((cleanup(certs_fini_cleanup))) struct certs certs = {0};
    ENSURE(!text_empty(files->cert) && !text_empty(files->key), ERR_INPUT,
           "TLS takes a certificate and its key");
    TRY(certs_read(arena, files->cert, &certs));
    TRY(good_now(certs.x509[0], now_s, files->cert));
    if (X509_check_purpose(certs.x509[0], purpose, 0) != 1)
        return err_at(ERR_INPUT, files->cert,
                      purpose == X509_PURPOSE_SSL_SERVER ? "the certificate is not for servers"
                                                         : "the certificate is not for clients");
    TRY(use_certs(ctx, &certs, files->cert));
    return use_key(ctx, files->key, files->cert);
}

/* Whom clients have to have their certificates from. Any of the file is an anchor, so that a
 * single certificate can be pinned. */
static struct err use_client_ca(struct arena *arena, SSL_CTX *ctx, const struct tls_files *files)
{
    __attribute__((cleanup(certs_fini_cleanup))) struct certs certs = {0};
    const int mode = files->clients == TLS_CLIENTS_OPTIONAL
                         ? SSL_VERIFY_PEER
                         : SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    if (files->peer_ca == NULL)
        return OK;
    TRY(certs_read(arena, files->peer_ca, &certs));
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    for (size_t i = 0; i < certs.n; i++) {
        if (X509_STORE_add_cert(store, certs.x509[i]) != 1 ||
            SSL_CTX_add_client_CA(ctx, certs.x509[i]) != 1)
            return err_at(ERR_INPUT, files->peer_ca, reason("a certificate cannot be used"));
    }
    (void)X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_verify(ctx, mode, NULL);
    SSL_CTX_set_verify_depth(ctx, CHAIN_MAX);
    return OK;
}

/* Who speaks of protocols has to speak ours: no guessing across protocols. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *found = NULL;
    (void)ssl, (void)arg;
    if (SSL_select_next_proto(&found, out_len, ours, sizeof ours - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = found;
    return SSL_TLSEXT_ERR_OK;
}

static struct err ctx_new(const SSL_METHOD *method, SSL_CTX **out)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    const uint64_t no = SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;
    ENSURE(ctx != NULL, ERR_LIMIT, "OpenSSL cannot be set up");
    SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
    (void)SSL_CTX_set_options(ctx, no | SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    const bool set = SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
                     SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
                     SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
                     SSL_CTX_set_max_early_data(ctx, 0) == 1;
    if (!set) {
        SSL_CTX_free(ctx);
        return err_new(ERR_BUG, "OpenSSL does not take our rules");
    }
    *out = ctx;
    return OK;
}

struct err tls_server_new(struct arena *arena, const struct tls_files *files, int64_t now_s,
                          struct tls_server **out)
{
    CLEANUP(tls_server_free) struct tls_server *server = calloc(1, sizeof *server);
    *out = NULL;
    ENSURE(server != NULL, ERR_LIMIT, "out of memory");
    TRY(ctx_new(TLS_server_method(), &server->ctx));
    TRY(use_ours(arena, server->ctx, files, X509_PURPOSE_SSL_SERVER, now_s));
    TRY(use_client_ca(arena, server->ctx, files));
    SSL_CTX_set_alpn_select_cb(server->ctx, on_alpn, NULL);
    ENSURE(tls_cert_ends(SSL_CTX_get0_certificate(server->ctx), &server->until_s), ERR_BUG,
           "a certificate that was good has no end");
    *out = server;
    server = NULL;
    return OK;
}

void tls_server_free(struct tls_server *server)
{
    if (server == NULL)
        return;
    SSL_CTX_free(server->ctx);
    free(server);
}

int64_t tls_server_until(const struct tls_server *server)
{
    return server->until_s;
}

struct err tls_cert_until(struct arena *arena, const char *path, int64_t *until_s)
{
    __attribute__((cleanup(certs_fini_cleanup))) struct certs certs = {0};
    TRY(certs_read(arena, path, &certs));
    if (!tls_cert_ends(certs.x509[0], until_s))
        return err_at(ERR_INPUT, path, "the certificate does not say when it is good");
    return OK;
}

struct err tls_cert_days(struct arena *arena, const char *path, int64_t now_s, int64_t *days)
{
    int64_t until_s;
    TRY(tls_cert_until(arena, path, &until_s));
    const int64_t left_s = until_s - now_s;
    *days = left_s >= 0 ? left_s / DAY_S : -((-left_s + DAY_S - 1) / DAY_S);
    return OK;
}

struct err tls_client_files_check(struct arena *arena, const struct tls_files *files, int64_t now_s)
{
    __attribute__((cleanup(certs_fini_cleanup))) struct certs trusted = {0};
    SSL_CTX *ctx = NULL;
    if (files->peer_ca != NULL)
        TRY(certs_read(arena, files->peer_ca, &trusted));
    if (files->cert == NULL && files->key == NULL)
        return OK;
    TRY(ctx_new(TLS_client_method(), &ctx));
    struct err e = use_ours(arena, ctx, files, X509_PURPOSE_SSL_CLIENT, now_s);
    SSL_CTX_free(ctx);
    return e;
}
