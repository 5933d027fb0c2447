/* Any bytes, cut anywhere, at a listener's end of TLS: nobody gets past a handshake without making
 * one, nothing is read before, and what broke stays broken. The first byte says how the rest is cut
 * and whether clients have to show a certificate. */
#include "common/sys/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/invariant.h"
#include "tests/unit/made_tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_server *servers[2]; /* without and with a client CA */

static void servers_make(void)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    char folder[] = "/tmp/closegate-fuzz-tls-XXXXXX";
    INVARIANT(arena != NULL && mkdtemp(folder) != NULL);
    struct made_ca *ca = made_ca("a company");
    struct tls_files files = {.cert = arena_fmt(arena, "%s/c.pem", folder),
                              .key = arena_fmt(arena, "%s/c.key", folder)};
    const char *ca_path = arena_fmt(arena, "%s/ca.pem", folder);
    made_ca_save(ca, ca_path);
    made_leaf(ca, &(struct made_leaf){.name = "engine.test"}, files.cert, files.key, NULL);
    for (int i = 0; i < 2; i++) {
        struct err e = tls_server_new(arena, &files, (int64_t)time(NULL), &servers[i]);
        INVARIANT(e.kind == ERR_NONE);
        files.peer_ca = ca_path;
    }
    (void)unlink(files.cert);
    (void)unlink(files.key);
    (void)unlink(ca_path);
    (void)rmdir(folder);
    made_ca_free(ca);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[4096];
    size_t owed = 0, n;
    if (servers[0] == NULL)
        servers_make();
    if (size == 0)
        return 0;
    CLEANUP(tls_end_free) struct tls_end *end = NULL;
    struct err e = tls_end_new(servers[data[0] & 1], &end);
    INVARIANT(e.kind == ERR_NONE);
    const size_t piece = (size_t)(data[0] >> 1) + 1;
    for (size_t at = 1; at < size; at += piece) {
        const size_t len = size - at < piece ? size - at : piece;
        const bool was_broken = tls_end_state(end) == TLS_BROKEN;
        INVARIANT(tls_end_put(end, data + at, len) == !was_broken);
        INVARIANT(tls_end_read(end, out, sizeof out) == 0);
        INVARIANT(tls_end_state(end) == TLS_BROKEN ||
                  (tls_end_state(end) == TLS_SHAKING && !was_broken));
        INVARIANT(!tls_end_write(end, "x", 1));
        while ((n = tls_end_wire(end, out, sizeof out)) > 0)
            owed += n;
    }
    uint8_t print[TLS_CERT_SHA256_LEN];
    int64_t until;
    INVARIANT(!tls_end_peer(end, print, &until));
    INVARIANT(owed <= 64 * 1024 + size); /* what we say does not grow without bound */
    return 0;
}
