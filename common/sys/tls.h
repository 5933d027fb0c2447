/* TLS 1.3 for our listeners, over OpenSSL: a server's certificate, key and rules, and one
 * connection's end of it. An end touches no socket: bytes of the wire go in and come out of its
 * memory, so that one loop moves all bytes and an end can be tested on a table (ADR 0017). 1.3
 * only, no resumption and no early data, ALPN http/1.1. One thread at a time for an end; a server
 * may be shared by the ends of one thread. Outgoing TLS is libcurl's (fetch.h). */
#ifndef COMMON_SYS_TLS_H
#define COMMON_SYS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

#define TLS_CERT_SHA256_LEN 32

enum tls_clients { TLS_CLIENTS_REQUIRED = 0, TLS_CLIENTS_OPTIONAL };

/* What settings name. Without a certificate there is no TLS. */
struct tls_files {
    const char *cert;    /* PEM: ours, then those between it and the root; NULL: no TLS */
    const char *key;     /* PEM, unencrypted, mode 0600 */
    const char *peer_ca; /* PEM: who vouches for the other side; NULL: a server asks for no
                            certificate, a client believes whom trust.h does */
    int clients;         /* enum tls_clients; a server's, with peer_ca */
};

struct tls_server;

/* ERR_AUTH: others may read the key. ERR_MISSING, ERR_INPUT, `where` the path: a file is not there,
 * is none of its kind, or does not fit the others; a certificate that is not good now (now_s), not
 * for servers, or too weak (below 112 bits). */
MUST_CHECK struct err tls_server_new(struct arena *arena, const struct tls_files *files,
                                     int64_t now_s, struct tls_server **out);
/* Ends that were made from it live on. */
void tls_server_free(struct tls_server *server);
CLEANUP_DEFINE(struct tls_server *, tls_server_free)

/* When the first certificate of a file ends, seconds since 1970. */
MUST_CHECK struct err tls_cert_until(struct arena *arena, const char *path, int64_t *until_s);
/* The same as whole days from now_s on; negative when it is over. */
MUST_CHECK struct err tls_cert_days(struct arena *arena, const char *path, int64_t now_s,
                                    int64_t *days);
int64_t tls_server_until(const struct tls_server *server);

/* The files as a client's: a certificate and its key, or neither, checked as a server's are. */
MUST_CHECK struct err tls_client_files_check(struct arena *arena, const struct tls_files *files,
                                             int64_t now_s);

struct tls_end;

MUST_CHECK struct err tls_end_new(struct tls_server *server, struct tls_end **out);
void tls_end_free(struct tls_end *end);
CLEANUP_DEFINE(struct tls_end *, tls_end_free)

enum tls_state {
    TLS_BROKEN = 0, /* nothing can follow; an alert may be in tls_end_wire */
    TLS_SHAKING,    /* the handshake is not over */
    TLS_OPEN,
    TLS_CLOSED, /* the peer said that it sends no more; we may still */
};
enum tls_state tls_end_state(const struct tls_end *end);
/* Why it broke, for the log. */
const char *tls_end_why(const struct tls_end *end);

/* Bytes that the wire brought. False without memory: the end is broken. */
bool tls_end_put(struct tls_end *end, const void *bytes, size_t len);
/* What they say: up to `cap` bytes; 0 when more have to be put first, or none will come
 * (tls_end_state). Carries the handshake on, too. */
size_t tls_end_read(struct tls_end *end, void *out, size_t cap);
/* Says `len` bytes. False: the handshake is not over, or the end is broken. */
bool tls_end_write(struct tls_end *end, const void *bytes, size_t len);
/* Says that nothing follows (close_notify), once. */
void tls_end_shut(struct tls_end *end);
/* What the wire has to take now, up to `cap` bytes; they are not given again. */
size_t tls_end_wire(struct tls_end *end, void *out, size_t cap);

/* The SHA-256 of the peer's certificate as it was sent (RFC 8705 3.1, x5t#S256), and when it ends.
 * False: it showed none, or the handshake is not over. */
bool tls_end_peer(const struct tls_end *end, uint8_t sha256[TLS_CERT_SHA256_LEN], int64_t *until_s);

/* Whether `server` would let in, now, the client that an end's handshake was finished with. */
bool tls_server_takes(const struct tls_server *server, const struct tls_end *end);

#endif
