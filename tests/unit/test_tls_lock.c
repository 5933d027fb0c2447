/* Where the number is that a TLS server signs with: a child loads its key, makes a handshake, and
 * then looks in all memory of its own. What OpenSSL's decoder leaves of the file is another matter
 * (docs/TLS.md). */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/sys/crypt.h"
#include "common/sys/tls.h"
#include "tests/unit/made_tls.h"
#include "tests/unit/test.h"
#include "tests/unit/where_in_memory.h"

#define SCALAR_AT 36 /* of PKCS 8 for P-256 */

static char folder[] = "/tmp/closegate-tls-lock-XXXXXX";
static char cert[64], key[64], ca_path[64];

/* The number as its words are kept, least byte first. Not through stdio; what is read is wiped. */
static bool wanted_read(void)
{
    char pem[1024], text[1024];
    uint8_t der[512];
    size_t n = 0, len = 0;
    const int fd = open(key, O_RDONLY | O_CLOEXEC);
    const ssize_t got = read(fd, pem, sizeof pem - 1);
    (void)close(fd);
    pem[got < 0 ? 0 : got] = '\0';
    const char *at = strchr(pem, '\n');
    for (; at != NULL && *at != '-' && *at != '\0'; at++)
        if (*at != '\n')
            text[n++] = *at;
    const bool good =
        base64_parse((struct str){text, n}, der, sizeof der, &len) && len > SCALAR_AT + WANTED_LEN;
    for (size_t i = 0; good && i < WANTED_LEN; i++)
        wanted[i] = der[SCALAR_AT + WANTED_LEN - 1 - i] ^ MASK;
    crypt_wipe(pem, sizeof pem);
    crypt_wipe(text, sizeof text);
    crypt_wipe(der, sizeof der);
    return good;
}

static bool shaken(struct tls_server *server)
{
    CLEANUP(tls_end_free) struct tls_end *end;
    char bytes[20000], none;
    int wire[2];
    ssize_t n;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, wire) != 0 ||
        tls_end_new(server, &end).kind != ERR_NONE)
        return false;
    struct made_tls *client = made_tls_new(wire[1], &(struct made_client){.ca = ca_path});
    for (int i = 0; i < 20 && tls_end_state(end) == TLS_SHAKING; i++) {
        (void)made_tls_shake(client);
        while ((n = recv(wire[0], bytes, sizeof bytes, 0)) > 0)
            (void)tls_end_put(end, bytes, (size_t)n);
        (void)tls_end_read(end, &none, 1);
        const size_t out = tls_end_wire(end, bytes, sizeof bytes);
        (void)send(wire[0], bytes, out, MSG_NOSIGNAL);
    }
    made_tls_free(client);
    close(wire[0]);
    close(wire[1]);
    return tls_end_state(end) == TLS_OPEN;
}

static int in_child(bool lock)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        struct arena *arena = arena_new((size_t)1 << 20);
        struct tls_server *server;
        if (lock && !crypt_keys_lock())
            _exit(3);
        const struct tls_files files = {.cert = cert, .key = key};
        if (!wanted_read() ||
            tls_server_new(arena, &files, (int64_t)time(NULL), &server).kind != ERR_NONE)
            _exit(4);
        if (!shaken(server))
            _exit(5);
        _exit(where_it_is());
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* In a process that nobody descends from. */
static void files_make(void)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        struct made_ca *ca = made_ca("a company");
        made_ca_save(ca, ca_path);
        made_leaf(ca, &(struct made_leaf){.name = "engine.test"}, cert, key, NULL);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

START_TEST(the_number_that_handshakes_sign_with_is_in_locked_memory_only)
{
    struct rlimit limit;
    if (!MEMORY_IS_OPEN || getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur < (4u << 20))
        return;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(cert, sizeof cert, "%s/cert.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    snprintf(ca_path, sizeof ca_path, "%s/ca.pem", folder);
    files_make();
    ck_assert_int_eq(in_child(true), 0);
    ck_assert_int_eq(in_child(false), 1); /* or the search finds nothing */
    (void)unlink(cert);
    (void)unlink(key);
    (void)unlink(ca_path);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

TEST_MAIN("tls_lock", the_number_that_handshakes_sign_with_is_in_locked_memory_only)
