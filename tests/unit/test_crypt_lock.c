/* Where a private key is in memory: a child makes or loads one, and then looks for its bytes in all
 * memory of its own. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/crypt.h"
#include "tests/unit/test.h"

struct region {
    uintptr_t from, to;
    bool readable, kept; /* locked, and in no core */
};

#define MASK 0xa5

static uint8_t wanted[ED25519_KEY_LEN]; /* masked, or it would be found here */

static bool found_at(const volatile uint8_t *at)
{
    for (size_t i = 0; i < ED25519_KEY_LEN; i++) {
        if ((uint8_t)(at[i] ^ MASK) != wanted[i])
            return false;
    }
    return true;
}

/* The next region of smaps; false at its end. */
static bool region_next(FILE *smaps, struct region *r)
{
    char line[512], rights[8];
    uintptr_t from, to; /* other lines may begin as a number does */
    while (fgets(line, sizeof line, smaps) != NULL) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, rights) == 3) {
            r->from = from;
            r->to = to;
            r->readable = strncmp(rights, "rw", 2) == 0; /* what was never written holds none */
        } else if (strncmp(line, "VmFlags:", 8) == 0) {
            r->kept = strstr(line, " lo") != NULL && strstr(line, " dd") != NULL;
            return true;
        }
    }
    return false;
}

/* 0: in locked memory only; 1: elsewhere; 2: nowhere. */
static int where_it_is(void)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    struct region r = {0};
    int kept = 0, open_to_all = 0;
    while (smaps != NULL && region_next(smaps, &r)) {
        for (uintptr_t at = r.from; r.readable && at + ED25519_KEY_LEN <= r.to; at++) {
            if (!found_at((const volatile uint8_t *)at))
                continue;
            kept += r.kept;
            open_to_all += !r.kept;
        }
    }
    if (smaps != NULL)
        (void)fclose(smaps);
    return open_to_all > 0 ? 1 : kept > 0 ? 0 : 2;
}

static char path[] = "/tmp/closegate-lock-XXXXXX/key";

/* PKCS 8 ends in the key; what is read here is wiped, and the file is not read through stdio. */
static bool wanted_read(void)
{
    char pem[512], *end;
    uint8_t der[128];
    size_t len = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = read(fd, pem, sizeof pem - 1);
    (void)close(fd);
    pem[n < 0 ? 0 : n] = '\0';
    char *line = strchr(pem, '\n');
    end = line == NULL ? NULL : strchr(line + 1, '\n');
    const bool good = end != NULL && base64_parse((struct str){line + 1, (size_t)(end - line - 1)},
                                                  der, sizeof der, &len);
    for (size_t i = 0; good && i < sizeof wanted; i++)
        wanted[i] = der[len - sizeof wanted + i] ^ MASK;
    crypt_wipe(pem, sizeof pem);
    crypt_wipe(der, sizeof der);
    return good;
}

static struct err made(struct ed25519_key **key)
{
    (void)unlink(path);
    TRY(ed25519_new(key));
    return ed25519_save(*key, path);
}

static struct err loaded(struct ed25519_key **key)
{
    return ed25519_load(path, key);
}

static int in_child(struct err (*get)(struct ed25519_key **), bool lock)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        struct ed25519_key *key = NULL;
        uint8_t sig[ED25519_SIG_LEN];
        if (lock && !crypt_keys_lock())
            _exit(3);
        if (get(&key).kind != ERR_NONE || !wanted_read())
            _exit(4);
        ed25519_sign(key, "x", 1, sig);
        _exit(where_it_is());
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool lockable(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= (4u << 20);
}

static void folder_make(void)
{
    *strrchr(path, '/') = '\0';
    ck_assert_ptr_nonnull(mkdtemp(path));
    path[strlen(path)] = '/';
}

static void folder_drop(void)
{
    (void)unlink(path);
    *strrchr(path, '/') = '\0';
    (void)rmdir(path);
}

START_TEST(a_key_is_in_locked_memory_only)
{
    if (!lockable())
        return;
    folder_make();
    ck_assert_int_eq(in_child(made, true), 0);
    ck_assert_int_eq(in_child(loaded, true), 0);
    ck_assert_int_eq(in_child(loaded, false), 1); /* or the search finds nothing */
    folder_drop();
}
END_TEST

START_TEST(other_secrets_are_zeroed_and_may_be_large)
{
    uint8_t *secret = secret_alloc(4096);
    ck_assert_ptr_nonnull(secret);
    for (size_t i = 0; i < 4096; i++)
        ck_assert_int_eq(secret[i], 0);
    secret_free(secret, 4096);
    secret_free(NULL, 0);
}
END_TEST

TEST_MAIN("crypt_lock", a_key_is_in_locked_memory_only, other_secrets_are_zeroed_and_may_be_large)
