/* Where a private key is in memory: a child makes or loads one, and then looks for its bytes in all
 * memory of its own. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/crypt.h"
#include "tests/unit/test.h"
#include "tests/unit/where_in_memory.h"

/* OpenSSL's reader of PEM files frees a copy of the key as it is (3.0). A common heap writes over
 * that before long, a sanitizer's only when told so. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "max_free_fill_size=65536:free_fill_byte=0";
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
    return MEMORY_IS_OPEN && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= (4u << 20);
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
