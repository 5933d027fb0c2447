/* For tests of TLS: certificates made by OpenSSL as files, and a client written apart from what it
 * talks to. Anything that goes wrong in making them stops the test. */
#ifndef TESTS_UNIT_MADE_TLS_H
#define TESTS_UNIT_MADE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct made_ca;

struct made_ca *made_ca(const char *name);
void made_ca_free(struct made_ca *ca);
/* Its certificate. */
void made_ca_save(const struct made_ca *ca, const char *path);

struct made_leaf {
    const char *name;        /* also its DNS name; and always the address 127.0.0.1 */
    bool client;             /* for clients, else for servers */
    int64_t from_s, until_s; /* since now; both 0: from a day ago, for a day */
    unsigned rsa_bits;       /* 0: P-256 */
};

/* Certificate and key (0600) as files; the certificate's SHA-256 in `print`, which may be NULL. */
void made_leaf(const struct made_ca *ca, const struct made_leaf *leaf, const char *cert,
               const char *key, uint8_t print[32]);

struct made_tls;

struct made_client {
    const char *ca;         /* whom to believe */
    const char *cert, *key; /* NULL: none is shown */
    bool old;               /* TLS 1.2 at most */
    const char *alpn;       /* "h2"; NULL: not spoken of */
};

/* Over a connected socket, which stays the caller's. The handshake is made by the first call below
 * that needs it. */
struct made_tls *made_tls_new(int fd, const struct made_client *client);
void made_tls_free(struct made_tls *tls);
/* 1: done; 0: the other side said that nothing follows; -1: broken; -2: it would block. */
int made_tls_shake(struct made_tls *tls);
int made_tls_say(struct made_tls *tls, const void *bytes, size_t len);
int made_tls_hear(struct made_tls *tls, void *bytes, size_t cap, size_t *n);
int made_tls_rekey(
    struct made_tls *tls); /* changes its keys, and asks the same of the other side */
void made_tls_shut(struct made_tls *tls); /* says that nothing follows; may still hear */
/* Whether the server handed out what a session could be taken up with again. */
bool made_tls_resumable(const struct made_tls *tls);
void made_tls_peer(const struct made_tls *tls, uint8_t print[32]);

#endif
