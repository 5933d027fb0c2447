/* The file of a private CA: taken when it holds certificates, and refused before anything starts
 * when it holds something else. */
#include "common/sys/trust.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"

/* openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null -days 36500 */
static const char one[] = "-----BEGIN CERTIFICATE-----\n"
                          "MIIBTzCCAQGgAwIBAgIUdkCwdgdGGTLqWA8/5Tg0TEyqwv4wBQYDK2VwMBwxGjAY\n"
                          "BgNVBAMMEWNsb3NlZ2F0ZSB0ZXN0IENBMCAXDTI2MTEyMTExMjUzMFoYDzIxMjYx\n"
                          "MDI4MTEyNTMwWjAcMRowGAYDVQQDDBFjbG9zZWdhdGUgdGVzdCBDQTAqMAUGAytl\n"
                          "cAMhAJRbGdsBuj5J7CxTb/3UpSYlxcr/JoW9wVLPeTpDuOXCo1MwUTAdBgNVHQ4E\n"
                          "FgQU8vgBOwcpOJvKNJgfy1DiBDmy3WgwHwYDVR0jBBgwFoAU8vgBOwcpOJvKNJgf\n"
                          "y1DiBDmy3WgwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQBVTu5Rc6N8BRLTl1iK\n"
                          "l+eFV9XGM3FLz5iyktGEAT55ShGEzsqGQZrats44MKdMZS3H1EUIKqYH495QADTP\n"
                          "RLYD\n"
                          "-----END CERTIFICATE-----\n";

static struct arena *arena;
static char path[] = "/tmp/closegate-trust-XXXXXX";

static void up(void)
{
    arena = arena_new(8 << 20);
    memcpy(strrchr(path, '-') + 1, "XXXXXX", 6);
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    (void)close(fd);
}

static void tear_down(void)
{
    (void)unlink(path);
    arena_free(arena);
}

static struct err loaded(const char *text)
{
    const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    return trust_load(arena, path);
}

START_TEST(certificates_are_trusted_from_then_on)
{
    ck_ok(loaded(one));
    ck_assert_str_eq(trust_file(), path);
    ck_ok(loaded(arena_fmt(arena, "# our two\n%s\n%s", one, one)));
    ck_ok(trust_load(arena, NULL));
    ck_assert_ptr_null(trust_file());
    ck_ok(trust_load(arena, ""));
}
END_TEST

START_TEST(what_is_something_else_is_refused_by_the_settings_name)
{
    const char *const bad[] = {
        "",
        "certificates\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        arena_fmt(arena, "%.*s", (int)sizeof one / 2, one),
        arena_fmt(arena,
                  "%s-----BEGIN PRIVATE KEY-----\n"
                  "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
                  "-----END PRIVATE KEY-----\n",
                  one),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct err e = loaded(bad[i]);
        ck_assert_msg(e.kind == ERR_INPUT, "taken: %zu", i);
        ck_assert_str_eq(e.where, "CLOSEGATE_CA_FILE");
        ck_assert_ptr_nonnull(strstr(e.msg, path));
        ck_assert_ptr_null(trust_file());
    }
    (void)unlink(path);
    ck_err(trust_load(arena, path), ERR_INPUT);
    ck_err(trust_load(arena, "/tmp"), ERR_INPUT);
}
END_TEST

TEST_MAIN_AROUND("trust", up, tear_down, certificates_are_trusted_from_then_on,
                 what_is_something_else_is_refused_by_the_settings_name)
