/* One connection's end: OpenSSL between two memories. Every failure is final: after it nothing is
 * read or said, and what is left is the alert that tells the peer. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/tls_own.h"

#define REKEYS_MAX 100 /* of the peer's, in a connection's life: keys last for 2^24 records */

struct tls_end {
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
    enum tls_state state;
    const char *why;
    bool shut, has_cert;
    unsigned rekeys;
    uint8_t cert_sha256[TLS_CERT_SHA256_LEN];
    int64_t cert_until_s;
};

static void broken(struct tls_end *end, const char *why)
{
    const unsigned long code = ERR_peek_error(); /* the first is the cause */
    const char *text = code == 0 ? NULL : ERR_reason_error_string(code);
    const long cert = SSL_get_verify_result(end->ssl);
    end->state = TLS_BROKEN;
    end->why = text == NULL ? why : text;
    if (cert != X509_V_OK)
        end->why = X509_verify_cert_error_string(cert);
    ERR_clear_error();
}

/* Each KeyUpdate that asks for ours is answered, by bytes that its sender need not read: their
 * number is bounded, since OpenSSL does not. */
static void on_message(int ours, int version, int type, const void *bytes, size_t len, SSL *ssl,
                       void *arg)
{
    struct tls_end *end = arg;
    (void)version, (void)ssl;
    if (ours == 0 && type == SSL3_RT_HANDSHAKE && len > 0 &&
        *(const unsigned char *)bytes == SSL3_MT_KEY_UPDATE)
        end->rekeys++;
}

struct err tls_end_new(struct tls_server *server, struct tls_end **out)
{
    CLEANUP(tls_end_free) struct tls_end *end = calloc(1, sizeof *end);
    *out = NULL;
    ENSURE(end != NULL, ERR_LIMIT, "out of memory");
    end->ssl = SSL_new(server->ctx);
    BIO *in = BIO_new(BIO_s_mem()), *to = BIO_new(BIO_s_mem());
    if (end->ssl == NULL || in == NULL || to == NULL) {
        BIO_free(in);
        BIO_free(to);
        return err_new(ERR_LIMIT, "out of memory");
    }
    SSL_set_bio(end->ssl, in, to);
    SSL_set_accept_state(end->ssl);
    SSL_set_msg_callback(end->ssl, on_message);
    SSL_set_msg_callback_arg(end->ssl, end);
    end->in = in;
    end->out = to;
    end->state = TLS_SHAKING;
    *out = end;
    end = NULL;
    return OK;
}

void tls_end_free(struct tls_end *end)
{
    if (end == NULL)
        return;
    SSL_free(end->ssl);
    free(end);
}

enum tls_state tls_end_state(const struct tls_end *end)
{
    return end->state;
}

const char *tls_end_why(const struct tls_end *end)
{
    return end->why == NULL ? "not broken" : end->why;
}

bool tls_end_put(struct tls_end *end, const void *bytes, size_t len)
{
    size_t taken = 0;
    if (end->state == TLS_BROKEN)
        return false;
    if (len == 0 || (BIO_write_ex(end->in, bytes, len, &taken) == 1 && taken == len))
        return true;
    broken(end, "out of memory");
    return false;
}

/* A verified certificate's fingerprint; without one there is nothing to keep. */
static bool keep_peer(struct tls_end *end)
{
    unsigned len = 0;
    const X509 *cert = SSL_get0_peer_certificate(end->ssl);
    if (cert == NULL)
        return true;
    end->has_cert = SSL_get_verify_result(end->ssl) == X509_V_OK &&
                    X509_digest(cert, EVP_sha256(), end->cert_sha256, &len) == 1 &&
                    len == TLS_CERT_SHA256_LEN && tls_cert_ends(cert, &end->cert_until_s);
    return end->has_cert;
}

/* SSL_get_error's answer to a step that did not succeed. */
static void stopped(struct tls_end *end, int rc)
{
    const int what = SSL_get_error(end->ssl, rc);
    if (what == SSL_ERROR_ZERO_RETURN)
        end->state = TLS_CLOSED;
    else if (what != SSL_ERROR_WANT_READ)
        broken(end, "the connection is not TLS as it should be");
}

static void shake(struct tls_end *end)
{
    ERR_clear_error();
    const int rc = SSL_do_handshake(end->ssl);
    if (rc != 1)
        stopped(end, rc);
    else if (keep_peer(end))
        end->state = TLS_OPEN;
    else
        broken(end, "the peer's certificate cannot be read");
}

size_t tls_end_read(struct tls_end *end, void *out, size_t cap)
{
    size_t n = 0;
    if (end->state == TLS_SHAKING)
        shake(end);
    if (end->state != TLS_OPEN || cap == 0)
        return 0;
    ERR_clear_error();
    const int rc = SSL_read_ex(end->ssl, out, cap, &n);
    if (rc != 1)
        stopped(end, rc);
    if (end->rekeys > REKEYS_MAX && end->state != TLS_BROKEN)
        broken(end, "too many key updates");
    return end->state == TLS_OPEN && rc == 1 ? n : 0;
}

bool tls_end_write(struct tls_end *end, const void *bytes, size_t len)
{
    size_t said = 0;
    if ((end->state != TLS_OPEN && end->state != TLS_CLOSED) || end->shut)
        return false;
    ERR_clear_error();
    if (len == 0 || (SSL_write_ex(end->ssl, bytes, len, &said) == 1 && said == len))
        return true;
    broken(end, "nothing more can be said");
    return false;
}

void tls_end_shut(struct tls_end *end)
{
    if ((end->state != TLS_OPEN && end->state != TLS_CLOSED) || end->shut)
        return;
    end->shut = true;
    (void)SSL_shutdown(end->ssl); /* 0: the peer's is still to come, which is not waited for */
    ERR_clear_error();
}

/* What a handshake does (ssl_verify_cert_chain), with the rules of another server. */
bool tls_server_takes(const struct tls_server *server, const struct tls_end *end)
{
    SSL_CTX *rules = server->ctx;
    X509 *cert = SSL_get0_peer_certificate(end->ssl);
    if (cert == NULL)
        return (SSL_CTX_get_verify_mode(rules) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) == 0;
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool good = check != NULL &&
                X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(rules), cert,
                                    SSL_get_peer_cert_chain(end->ssl)) == 1 &&
                X509_STORE_CTX_set_default(check, "ssl_client") == 1;
    if (good) {
        X509_VERIFY_PARAM *how = X509_STORE_CTX_get0_param(check);
        X509_VERIFY_PARAM_set_auth_level(how, SSL_CTX_get_security_level(rules));
        good = X509_VERIFY_PARAM_set1(how, SSL_CTX_get0_param(rules)) == 1 &&
               X509_verify_cert(check) == 1;
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return good;
}

size_t tls_end_wire(struct tls_end *end, void *out, size_t cap)
{
    size_t n = 0;
    return cap > 0 && BIO_read_ex(end->out, out, cap, &n) == 1 ? n : 0;
}

bool tls_end_peer(const struct tls_end *end, uint8_t sha256[TLS_CERT_SHA256_LEN], int64_t *until_s)
{
    if (!end->has_cert)
        return false;
    memcpy(sha256, end->cert_sha256, TLS_CERT_SHA256_LEN);
    *until_s = end->cert_until_s;
    return true;
}
