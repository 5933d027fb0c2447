/* Certificates and a client by OpenSSL. */
#include "tests/unit/made_tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/invariant.h"

#define DAY_S 86400L

struct made_ca {
    X509 *cert;
    EVP_PKEY *key;
};

struct made_tls {
    SSL_CTX *ctx;
    SSL *ssl;
};

static long serial_next = 1;

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    INVARIANT(e != NULL && X509_add_ext(cert, e, -1) == 1);
    X509_EXTENSION_free(e);
}

static X509 *cert_new(const char *name, EVP_PKEY *key, long from_s, long until_s)
{
    X509 *cert = X509_new();
    INVARIANT(cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1);
    X509_NAME *subject = X509_get_subject_name(cert);
    INVARIANT(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial_next++) == 1);
    INVARIANT(X509_gmtime_adj(X509_getm_notBefore(cert), from_s) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(cert), until_s) != NULL);
    INVARIANT(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name,
                                         -1, -1, 0) == 1);
    INVARIANT(X509_set_pubkey(cert, key) == 1);
    return cert;
}

struct made_ca *made_ca(const char *name)
{
    struct made_ca *ca = calloc(1, sizeof *ca);
    INVARIANT(ca != NULL);
    ca->key = EVP_EC_gen("P-256");
    INVARIANT(ca->key != NULL);
    ca->cert = cert_new(name, ca->key, -10 * DAY_S, 10 * DAY_S);
    INVARIANT(X509_set_issuer_name(ca->cert, X509_get_subject_name(ca->cert)) == 1);
    extend(ca->cert, ca->cert, NID_basic_constraints, "critical,CA:TRUE");
    extend(ca->cert, ca->cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(ca->cert, ca->cert, NID_subject_key_identifier, "hash");
    INVARIANT(X509_sign(ca->cert, ca->key, EVP_sha256()) > 0);
    return ca;
}

void made_ca_free(struct made_ca *ca)
{
    if (ca == NULL)
        return;
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    free(ca);
}

static void cert_save(X509 *cert, const char *path)
{
    FILE *f = fopen(path, "w");
    INVARIANT(f != NULL && PEM_write_X509(f, cert) == 1 && fclose(f) == 0);
}

void made_ca_save(const struct made_ca *ca, const char *path)
{
    cert_save(ca->cert, path);
}

void made_leaf(const struct made_ca *ca, const struct made_leaf *leaf, const char *cert_path,
               const char *key_path, uint8_t print[32])
{
    const bool plain = leaf->from_s == 0 && leaf->until_s == 0;
    char names[200];
    EVP_PKEY *key = leaf->rsa_bits == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(leaf->rsa_bits);
    INVARIANT(key != NULL);
    X509 *cert =
        cert_new(leaf->name, key, plain ? -DAY_S : leaf->from_s, plain ? DAY_S : leaf->until_s);
    snprintf(names, sizeof names, "DNS:%s,IP:127.0.0.1", leaf->name);
    INVARIANT(X509_set_issuer_name(cert, X509_get_subject_name(ca->cert)) == 1);
    extend(cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE");
    extend(cert, ca->cert, NID_ext_key_usage, leaf->client ? "clientAuth" : "serverAuth");
    extend(cert, ca->cert, NID_subject_alt_name, names);
    INVARIANT(X509_sign(cert, ca->key, EVP_sha256()) > 0);
    cert_save(cert, cert_path);
    FILE *f = fopen(key_path, "w");
    INVARIANT(f != NULL && chmod(key_path, 0600) == 0 &&
              PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(f) == 0);
    if (print != NULL)
        INVARIANT(X509_digest(cert, EVP_sha256(), print, NULL) == 1);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void speak_of(SSL *ssl, const char *protocol)
{
    unsigned char list[32];
    const size_t len = strlen(protocol);
    INVARIANT(len < sizeof list);
    list[0] = (unsigned char)len;
    memcpy(list + 1, protocol, len);
    INVARIANT(SSL_set_alpn_protos(ssl, list, (unsigned)len + 1) == 0);
}

struct made_tls *made_tls_new(int fd, const struct made_client *client)
{
    struct made_tls *tls = calloc(1, sizeof *tls);
    INVARIANT(tls != NULL);
    tls->ctx = SSL_CTX_new(TLS_client_method());
    INVARIANT(tls->ctx != NULL);
    if (client->old)
        INVARIANT(SSL_CTX_set_max_proto_version(tls->ctx, TLS1_2_VERSION) == 1);
    INVARIANT(SSL_CTX_load_verify_locations(tls->ctx, client->ca, NULL) == 1);
    SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
    if (client->cert != NULL)
        INVARIANT(SSL_CTX_use_certificate_file(tls->ctx, client->cert, SSL_FILETYPE_PEM) == 1 &&
                  SSL_CTX_use_PrivateKey_file(tls->ctx, client->key, SSL_FILETYPE_PEM) == 1);
    tls->ssl = SSL_new(tls->ctx);
    INVARIANT(tls->ssl != NULL && SSL_set_fd(tls->ssl, fd) == 1);
    SSL_set_connect_state(tls->ssl);
    if (client->alpn != NULL)
        speak_of(tls->ssl, client->alpn);
    return tls;
}

void made_tls_free(struct made_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    SSL_CTX_free(tls->ctx);
    free(tls);
}

static int outcome(struct made_tls *tls, int rc)
{
    const int what = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, rc);
    ERR_clear_error();
    if (what == SSL_ERROR_NONE)
        return 1;
    if (what == SSL_ERROR_ZERO_RETURN)
        return 0;
    return what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE ? -2 : -1;
}

int made_tls_shake(struct made_tls *tls)
{
    return outcome(tls, SSL_do_handshake(tls->ssl));
}

int made_tls_say(struct made_tls *tls, const void *bytes, size_t len)
{
    size_t said = 0;
    return outcome(tls, SSL_write_ex(tls->ssl, bytes, len, &said));
}

int made_tls_hear(struct made_tls *tls, void *bytes, size_t cap, size_t *n)
{
    *n = 0;
    return outcome(tls, SSL_read_ex(tls->ssl, bytes, cap, n));
}

int made_tls_rekey(struct made_tls *tls)
{
    INVARIANT(SSL_key_update(tls->ssl, SSL_KEY_UPDATE_REQUESTED) == 1);
    return outcome(tls, SSL_do_handshake(tls->ssl));
}

void made_tls_shut(struct made_tls *tls)
{
    (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

bool made_tls_resumable(const struct made_tls *tls)
{
    const SSL_SESSION *session = SSL_get_session(tls->ssl);
    return session != NULL && SSL_SESSION_is_resumable(session) == 1;
}

void made_tls_peer(const struct made_tls *tls, uint8_t print[32])
{
    const X509 *cert = SSL_get0_peer_certificate(tls->ssl);
    INVARIANT(cert != NULL && X509_digest(cert, EVP_sha256(), print, NULL) == 1);
}
