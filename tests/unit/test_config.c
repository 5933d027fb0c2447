/* Settings are typed, checked and refused with their place; prod is what you get by saying nothing.
 */
#include "common/sys/agent_config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"

static struct arena *arena;
static struct config config;

static void setup(void)
{
    arena_free(arena);
    arena = arena_new(8 << 20);
}

static struct err load_env(const char *a, const char *b)
{
    setup();
    const char *env[] = {"PATH=/bin", "HOME", a, b, NULL};
    return config_load(arena, NULL, env, &config);
}

static const char *file_path(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/closegate-test-config-%d", (int)getpid());
    return path;
}

static void file_write(const char *text)
{
    FILE *f = fopen(file_path(), "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static struct err load_file(const char *text, const char *const *env)
{
    setup();
    file_write(text);
    struct err e = config_load(arena, file_path(), env, &config);
    unlink(file_path());
    return e;
}

START_TEST(nothing_given_means_prod_and_safe_defaults)
{
    setup();
    ck_ok(config_load(arena, NULL, NULL, &config));
    ck_assert_int_eq(config.env, CONFIG_PROD);
    ck_assert_int_eq(config.auth_backend, CONFIG_AUTH_HEADER_TRUST);
    ck_assert_str_eq(config.engine_listen, "127.0.0.1:8001");
    ck_assert_str_eq(config.engine_socket, "/var/lib/closegate/engine.sock");
    ck_assert_str_eq(config.policy, "/var/lib/closegate/policy.yaml");
    ck_assert_str_eq(config.header_trust_header, "X-Actor-Id");
    ck_assert_uint_eq(config.trusted_proxies.n, 2);
    ck_assert_uint_eq(config.allowed_origins.n, 0);
    ck_assert_ptr_null(config.forwarder_keys);
    ck_assert_int_eq(config.log_level, LOG_INFO);
    ck_assert_int_eq(config.max_connections, 1024);
}
END_TEST

START_TEST(the_environment_sets_every_type)
{
    ck_ok(load_env("CLOSEGATE_ENV=dev", "CLOSEGATE_AUTH_BACKEND=dev"));
    ck_assert(config.env == CONFIG_DEV && config.auth_backend == CONFIG_AUTH_DEV);
    ck_ok(load_env("CLOSEGATE_DATA_DIR=/d", "CLOSEGATE_ALLOWED_HOSTS= a.example , b:1"));
    ck_assert_str_eq(config.engine_socket, "/d/engine.sock");
    ck_assert_uint_eq(config.allowed_hosts.n, 2);
    ck_assert_str_eq(config.allowed_hosts.items[1], "b:1");
    ck_ok(load_env("CLOSEGATE_TRUSTED_PROXIES=10.0.0.0/8", "CLOSEGATE_LOG_LEVEL=debug"));
    ck_assert(config.trusted_proxies.n == 1 && config.trusted_proxies.items[0].bits == 104);
    ck_assert_int_eq(config.log_level, LOG_DEBUG);
}
END_TEST

START_TEST(an_unknown_name_is_refused_with_the_nearest_one)
{
    struct err e = load_env("CLOSEGATE_ENGINE_LISTN=1", NULL);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "CLOSEGATE_ENGINE_LISTN");
    ck_assert_str_eq(e.msg, "no setting is called CLOSEGATE_ENGINE_LISTN; did you mean "
                            "CLOSEGATE_ENGINE_LISTEN?");
    ck_err(load_env("CLOSEGATE_TLS_CERT=x", NULL), ERR_INPUT);
    ck_ok(load_env("CLOSEGATE_AGENT_LISTEN=x", "CLOSEGATE_SLACK_TOKEN=x"));
}
END_TEST

START_TEST(bad_values_name_their_variable)
{
    static const char *const bad[] = {
        "CLOSEGATE_ENV=production",
        "CLOSEGATE_ENV=",
        "CLOSEGATE_ENGINE_LISTEN=8001",
        "CLOSEGATE_ENGINE_LISTEN=example.com:80",
        "CLOSEGATE_MAX_CONNECTIONS=0",
        "CLOSEGATE_MAX_CONNECTIONS=1e3",
        "CLOSEGATE_MAX_CONNECTIONS=-5",
        "CLOSEGATE_MAX_CONNECTIONS=99999999999999999999",
        "CLOSEGATE_TRUSTED_PROXIES=10.0.0.1/8",
        "CLOSEGATE_TRUSTED_PROXIES=10.0.0.0/8,",
        "CLOSEGATE_ALLOWED_ORIGINS=a,,b",
        "CLOSEGATE_DATA_DIR=",
        "CLOSEGATE_HEADER_TRUST_HEADER=X Actor",
        "CLOSEGATE_AUTH_BACKEND=dev",
        "CLOSEGATE_DATA_DIR=\xff",
        "CLOSEGATE_FX_ADAPTER=magic",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = load_env(bad[i], NULL);
        ck_assert_msg(e.kind == ERR_INPUT && e.where != NULL, "%s was taken", bad[i]);
        ck_assert_int_eq(strncmp(e.where, bad[i], strlen(e.where)), 0);
    }
    ck_err(load_env("CLOSEGATE_FX_ADAPTER_PROD_GUARD=refuse", NULL), ERR_INPUT);
}
END_TEST

START_TEST(a_certificate_comes_with_its_key_and_a_client_ca_with_both)
{
    struct agent_config agent;
    ck_ok(load_env("CLOSEGATE_ENGINE_TLS_CERT=c.pem", "CLOSEGATE_ENGINE_TLS_KEY=c.key"));
    ck_assert_str_eq(config.tls.cert, "c.pem");
    ck_assert_int_eq(config.tls.clients, TLS_CLIENTS_REQUIRED);
    ck_assert_ptr_null(config.tls.peer_ca);
    static const char *const alone[] = {"CERT=x", "KEY=x", "CLIENT_CA=x", "CLIENTS=perhaps"};
    static const char *const named[] = {"KEY", "KEY", "CLIENT_CA", "CLIENTS"};
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++) {
        setup();
        const char *env[] = {arena_fmt(arena, "CLOSEGATE_ENGINE_TLS_%s", alone[i]), NULL};
        struct err e = config_load(arena, NULL, env, &config);
        ck_assert_int_eq(e.kind, ERR_INPUT);
        ck_assert_str_eq(e.where, arena_fmt(arena, "CLOSEGATE_ENGINE_TLS_%s", named[i]));
    }
    setup();
    const char *env[] = {"CLOSEGATE_ENV=dev",
                         "CLOSEGATE_AGENT_AUTH_BACKEND=dev",
                         "CLOSEGATE_AGENT_ENGINE_CA=ca.pem",
                         "CLOSEGATE_ENGINE_URL=https://127.0.0.1:8001/mcp",
                         "CLOSEGATE_AGENT_TLS_CERT=c.pem",
                         "CLOSEGATE_AGENT_TLS_KEY=c.key",
                         "CLOSEGATE_ENGINE_TLS_CERT=not-ours",
                         NULL};
    ck_ok(agent_config_load(arena, NULL, env, &agent));
    ck_assert_str_eq(agent.engine_tls.peer_ca, "ca.pem");
    ck_assert_str_eq(agent.workspace_url, "https://127.0.0.1:8000");
    env[3] = "CLOSEGATE_ENGINE_URL=http://127.0.0.1:8001/mcp";
    struct err e = agent_config_load(arena, NULL, env, &agent);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "CLOSEGATE_ENGINE_URL");
    const char *own[] = {"CLOSEGATE_CLI_CA=ca.pem", "CLOSEGATE_CLI_CERT=c.pem",
                         "CLOSEGATE_CLI_KEY=c.key", NULL};
    ck_ok(config_load(arena, NULL, own, &config));
    ck_assert_str_eq(config.cli_tls.peer_ca, "ca.pem");
    ck_assert_str_eq(config.cli_tls.key, "c.key");
    own[2] = NULL;
    e = config_load(arena, NULL, own, &config);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "CLOSEGATE_CLI_KEY");
}
END_TEST

START_TEST(a_file_holds_the_same_names_and_the_environment_wins)
{
    static const char *const env[] = {"CLOSEGATE_DATA_DIR=/env", NULL};
    ck_ok(load_file("# a comment\n\nCLOSEGATE_DATA_DIR = /file\r\n"
                    "CLOSEGATE_POLICY=\"/with space\"\nCLOSEGATE_AGENT_LISTEN=x\n"
                    "OPENAI_API_KEY=x",
                    env));
    ck_assert_str_eq(config.data_dir, "/env");
    ck_assert_str_eq(config.policy, "/with space");
}
END_TEST

START_TEST(errors_in_a_file_say_the_line)
{
    static const struct {
        const char *text, *line;
    } bad[] = {
        {"\n\nCLOSEGATE_ENV\n", ":3"},
        {"CLOSEGATE_ENV=dev\nCLOSEGATE_ENV=dev\n", ":2"},
        {"CLOSEGATE_ENV=dev\nCLOSEGATE_EMV=dev\n", ":2"},
        {"CLOSEGATE_ENV=dev\nPATH=/bin\n", ":2"},
        {"\nCLOSEGATE_MAX_CONNECTIONS=many\n", ":2"},
        {"\n=x\n", ":2"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = load_file(bad[i].text, NULL);
        ck_assert_int_eq(e.kind, ERR_INPUT);
        ck_assert_ptr_nonnull(e.where);
        ck_assert_msg(strstr(e.where, bad[i].line) != NULL, "%zu: %s %s", i, e.where, e.msg);
    }
    setup();
    ck_err(config_load(arena, "/nowhere/closegate.conf", NULL, &config), ERR_MISSING);
}
END_TEST

struct secrets {
    const char *key;
    bool on;
};

START_TEST(a_secret_may_come_from_a_file_of_its_own)
{
    static const struct setting rows[] = {
        {.name = "T_KEY", .secret = true, .offset = offsetof(struct secrets, key), .help = "A."},
        {.name = "T_ON",
         .type = SETTING_BOOL,
         .offset = offsetof(struct secrets, on),
         .help = "B."},
    };
    static const struct settings_table table = {.prefix = "T_", .rows = rows, .n = 2};
    struct secrets s = {0};
    char var[96];
    setup();
    file_write("hunter2\n");
    snprintf(var, sizeof var, "T_KEY_FILE=%s", file_path());
    const char *env[] = {var, "T_ON=yes", NULL, NULL};
    ck_ok(settings_load(arena, &table, NULL, env, &s));
    ck_assert_str_eq(s.key, "hunter2");
    ck_assert(s.on);
    env[2] = "T_KEY=x";
    ck_err(settings_load(arena, &table, NULL, env, &s), ERR_INPUT);
    env[2] = "T_ON_FILE=x"; /* not a secret: no such name */
    ck_err(settings_load(arena, &table, NULL, env, &s), ERR_INPUT);
    file_write("\n");
    env[2] = NULL;
    ck_err(settings_load(arena, &table, NULL, env, &s), ERR_INPUT);
    unlink(file_path());
    ck_err(settings_load(arena, &table, NULL, env, &s), ERR_MISSING);
}
END_TEST

START_TEST(the_reference_lists_every_setting)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    config_print_reference(&out);
    ck_ok(buf_check(&out));
    ck_assert_ptr_nonnull(strstr(buf_text(&out), "| `CLOSEGATE_ENV` | prod\\|dev | `prod` | "));
    ck_assert_ptr_nonnull(strstr(buf_text(&out), "| `CLOSEGATE_FX_ADAPTER_PROD_GUARD` | "));
    buf_fini(&out);
    arena_free(arena);
    arena = NULL;
}
END_TEST

START_TEST(receipts_are_on_and_prod_does_not_turn_them_off)
{
    ck_ok(load_env(NULL, NULL));
    ck_assert_int_eq(config.receipts, CONFIG_RECEIPTS_ON);
    ck_ok(load_env("CLOSEGATE_ENV=dev", "CLOSEGATE_RECEIPTS=off"));
    ck_assert_int_eq(config.receipts, CONFIG_RECEIPTS_OFF);
    ck_err(load_env("CLOSEGATE_RECEIPTS=off", NULL), ERR_INPUT);
    ck_err(load_env("CLOSEGATE_ENV=dev", "CLOSEGATE_RECEIPTS=no"), ERR_INPUT);
}
END_TEST

TEST_MAIN("config", nothing_given_means_prod_and_safe_defaults, the_environment_sets_every_type,
          an_unknown_name_is_refused_with_the_nearest_one, bad_values_name_their_variable,
          a_certificate_comes_with_its_key_and_a_client_ca_with_both,
          a_file_holds_the_same_names_and_the_environment_wins, errors_in_a_file_say_the_line,
          a_secret_may_come_from_a_file_of_its_own, the_reference_lists_every_setting,
          receipts_are_on_and_prod_does_not_turn_them_off)
