/* One connection's end: OpenSSL between two memories. Every failure is final: after it nothing is
 * read or said, and what is left is the alert that tells the peer. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/tls_own.h"

struct tls_end {
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
    enum tls_state state;
    const char *why;
    bool shut, has_cert;
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
    if (rc == 1)
        return n;
    stopped(end, rc);
    return 0;
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
