/* Who is calling: a table of odd headers, and every way in with what it may and may not say. The
 * registry is this file's own, so that each case is what it looks like. */
#include "engine/auth/actor_auth.h"

#include <stdio.h>
#include <string.h>

#include "common/sys/log.h"
#include "common/sys/os_subject.h"
#include "engine/auth/jti_set.h"
#include "engine/auth/refusals.h"
#include "tests/unit/test.h"

#define NOW_S ((int64_t)1790000000)
#define ALL_CHANNELS                                                                               \
    (1u << CHANNEL_WEB | 1u << CHANNEL_SLACK | 1u << CHANNEL_CHAT | 1u << CHANNEL_API)

/* ---- a registry: ana and bo (disabled) are people; workspace, claude, ledger-bot are clients ----
 */

static struct client clients[] = {
    {.client_id = "workspace", .kind = CLIENT_WORKSPACE, .channels = ALL_CHANNELS},
    {.client_id = "claude", .kind = CLIENT_MCP, .channels = 1u << CHANNEL_API},
    {.client_id = "ledger-bot", .kind = CLIENT_SERVICE, .channels = 1u << CHANNEL_API},
};
static const char *bot_tools[] = {"record_delivery"};
static bool store_broken;

struct err client_load(struct tx *tx, struct arena *arena, const char *client_id,
                       struct client *client)
{
    (void)tx, (void)arena;
    ENSURE(!store_broken, ERR_STORE, "the disk is gone");
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
        if (strcmp(clients[i].client_id, client_id) == 0) {
            *client = clients[i];
            return OK;
        }
    return err_new(ERR_MISSING, "no such client");
}

struct err principal_load(struct tx *tx, struct arena *arena, const char *principal_id,
                          struct principal *principal)
{
    (void)tx, (void)arena;
    if (strcmp(principal_id, "prn_ana") == 0)
        *principal = (struct principal){.principal_id = "prn_ana", .name = "Ana", .active = true};
    else if (strcmp(principal_id, "prn_bo") == 0)
        *principal = (struct principal){.principal_id = "prn_bo", .name = "Bo"};
    else
        return err_new(ERR_MISSING, "no such principal");
    return OK;
}

struct err identity_find(struct tx *tx, struct arena *arena, const char *kind, const char *issuer,
                         const char *subject, struct principal *principal)
{
    ck_assert_str_eq(issuer, "");
    if (strcmp(kind, "actor") == 0 && strcmp(subject, "ana") == 0)
        return principal_load(tx, arena, "prn_ana", principal);
    if (strcmp(kind, "actor") == 0 && strcmp(subject, "demo-user") == 0)
        return principal_load(tx, arena, "prn_ana", principal);
    if (strcmp(kind, "actor") == 0 && strcmp(subject, "bo") == 0)
        return principal_load(tx, arena, "prn_bo", principal);
    if (strcmp(kind, "os") == 0 && strcmp(subject, os_subject(arena, 1000)) == 0)
        return principal_load(tx, arena, "prn_ana", principal);
    return err_new(ERR_MISSING, "nobody");
}

struct err identity_subject(struct tx *tx, struct arena *arena, const char *kind,
                            const char *principal_id, const char **subject)
{
    (void)tx, (void)arena, (void)kind;
    *subject = strcmp(principal_id, "prn_ana") == 0 ? "ana" : NULL;
    return OK;
}

/* ---- one request ---- */

static struct arena *arena;
static struct ed25519_key *keys[3];
static struct netblock loopback;
static struct config config;
static struct auth *auth;
static struct http_field fields[8];
static struct http_req http;
static struct web_peer peer;
static enum auth_door door;

static void keyed(bool with_keys)
{
    for (size_t i = 0; i < 3; i++) {
        clients[i].active = true;
        clients[i].has_key = with_keys;
        ed25519_public(keys[i], clients[i].public_key);
    }
    clients[2].tools = bot_tools;
    clients[2].tools_n = 1;
}

static void setup(int backend, int env)
{
    struct log_options quiet = log_options_default();
    quiet.level = LOG_ERROR;
    log_init(&quiet);
    arena = arena_new(8 << 20);
    for (uint8_t i = 0; i < 3; i++) {
        const uint8_t seed[ED25519_KEY_LEN] = {i, 77};
        ck_ok(ed25519_from_seed(seed, &keys[i]));
    }
    keyed(true);
    store_broken = false;
    ck_ok(netblock_parse(STR("127.0.0.0/8"), &loopback));
    config = (struct config){.env = env,
                             .auth_backend = backend,
                             .header_trust_header = "X-Actor-Id",
                             .trusted_proxies = {&loopback, 1}};
    ck_ok(auth_new(&config, (NOW_S - 10) * 1000000, &auth));
    http = (struct http_req){.method = HTTP_POST,
                             .target = STR("/mcp"),
                             .path = STR("/mcp"),
                             .fields = fields,
                             .body = STR("{}")};
    peer = (struct web_peer){.port = 4000, .text = "127.0.0.1:4000"};
    ck_ok(netaddr_parse(STR("127.0.0.1"), &peer.addr));
    door = AUTH_MCP;
}

static void teardown(void)
{
    auth_free(auth);
    for (size_t i = 0; i < 3; i++)
        ed25519_free(keys[i]);
    arena_free(arena);
}

static void header(const char *name, const char *value)
{
    fields[http.fields_n++] = (struct http_field){.name = str_of(name), .value = str_of(value)};
}

static struct auth_result ask(void)
{
    const struct auth_request req = {
        .http = &http, .peer = &peer, .door = door, .now_us = NOW_S * 1000000};
    struct auth_check *check = auth_begin(auth, arena, &req);
    ck_assert_ptr_nonnull(check);
    return auth_end(auth, check, auth_lookup(NULL, check));
}

static struct assertion claims(const char *sub)
{
    static char hash[ASSERTION_HASH_SIZE];
    static int n;
    assertion_body_hash(STR("{}"), hash);
    const bool human = strncmp(sub, "human:", 6) == 0;
    return (struct assertion){.sub = sub,
                              .principal = human ? "prn_ana" : NULL,
                              .obo = human ? NULL : "prn_ana",
                              .aud = ASSERTION_AUD,
                              .htm = "POST",
                              .htu = "/mcp",
                              .bh = hash,
                              .iat = NOW_S,
                              .exp = NOW_S + 60,
                              .jti = arena_fmt(arena, "jti-%08d", n++),
                              .channel = human ? "web" : "api"};
}

static struct auth_result asserted(size_t client, struct assertion a)
{
    const char *text;
    ck_ok(assertion_sign(arena, keys[client], clients[client].client_id, &a, &text));
    header(ASSERTION_HEADER, text);
    struct auth_result r = ask();
    http.fields_n = 0;
    return r;
}

#define ck_refused(r, want)                                                                        \
    do {                                                                                           \
        struct auth_result r_ = (r);                                                               \
        ck_assert_msg(r_.status == (want), "status %d (%s), wanted %d", r_.status,                 \
                      r_.why == NULL ? "-" : r_.why, (want));                                      \
    } while (0)

/* ---- the shape of the header ---- */

START_TEST(every_odd_header_is_refused)
{
    static const struct {
        const char *value;
        int status;
    } odd[] = {
        {"", 400},
        {"human", 400},
        {"human:", 400},
        {":ana", 400},
        {"ana", 400},
        {"Human:ana", 400},
        {"HUMAN:ana", 400},
        {"LLM:s", 400},
        {"Engine:x", 400},
        {"robot:ana", 400},
        {"user:ana", 400},
        {"human :ana", 400},
        {"human: ana", 400},
        {"human:a na", 400},
        {"human:a\tna", 400},
        {"human:ana,human:bo", 400},
        {"human:ana;role=x", 400},
        {"human:ana\x01", 400},
        {"human:ana\x7f", 400},
        {"human:ana\r\nX: y", 400},
        {"human:an\xc3\xa1", 400},
        {"human:\xd0\xb0na", 400},
        {"human:.ana", 400},
        {"human:-ana", 400},
        {"human:@ana", 400},
        {"human:ana/bo", 400},
        {"human:ana%20", 400},
        {"human::ana", 400},
        {"\"human:ana\"", 400},
        {"engine:matcher", 403},
    };
    char lengthy[6 + 129 + 1] = "human:";
    memset(lengthy + 6, 'a', 129);
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_DEV);
    keyed(false);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        http.fields_n = 0;
        header("X-Actor-Id", odd[i].value);
        struct auth_result r = ask();
        ck_assert_msg(r.status == odd[i].status, "%s: %d", odd[i].value, r.status);
    }
    http.fields_n = 0;
    header("x-actor-id", lengthy);
    ck_refused(ask(), 400);
    lengthy[6 + 128] = '\0'; /* as long as may be: well formed, and nobody */
    http.fields_n = 0;
    header("x-actor-id", lengthy);
    ck_refused(ask(), 401);
    teardown();
}
END_TEST

START_TEST(either_header_twice_is_refused_even_when_both_agree)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_DEV);
    keyed(false);
    header("X-Actor-Id", "human:ana");
    header("x-ACTOR-id", "human:ana");
    ck_refused(ask(), 400);
    http.fields_n = 0;
    header(ASSERTION_HEADER, "a.b.c");
    header("x-closegate-assertion", "a.b.c");
    ck_refused(ask(), 400);
    http.fields_n = 0;
    header(ASSERTION_HEADER, "");
    ck_refused(ask(), 400);
    teardown();
}
END_TEST

START_TEST(white_space_around_the_value_is_refused)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_DEV);
    keyed(false);
    header("X-Actor-Id", "human:ana");
    fields[0].padded = true;
    ck_refused(ask(), 400);
    teardown();
}
END_TEST

START_TEST(odd_shapes_are_refused_under_every_backend)
{
    static const int backends[] = {CONFIG_AUTH_HEADER_TRUST, CONFIG_AUTH_DEV};
    for (size_t i = 0; i < 2; i++) {
        setup(backends[i], CONFIG_DEV);
        header("X-Actor-Id", "Human:ana");
        ck_refused(ask(), 400);
        peer.is_unix = true;
        ck_refused(ask(), 400);
        teardown();
    }
}
END_TEST

/* ---- the bare header ---- */

START_TEST(without_any_keys_dev_takes_the_header_at_its_word)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_DEV);
    keyed(false);
    header("X-Actor-Id", "human:ana");
    struct auth_result r = ask();
    ck_refused(r, 0);
    ck_assert_int_eq(r.actor.kind, ACTOR_HUMAN);
    ck_assert_str_eq(r.actor.id, "human:ana");
    ck_assert_str_eq(r.actor.principal, "prn_ana");
    ck_assert_str_eq(r.actor.client, "workspace");
    ck_assert_int_eq(r.actor.channel, CHANNEL_WEB);
    http.fields_n = 0;
    header("X-Actor-Id", "llm:s-1");
    r = ask();
    ck_refused(r, 0);
    ck_assert_int_eq(r.actor.kind, ACTOR_LLM);
    ck_assert_ptr_null(r.actor.principal);
    http.fields_n = 0;
    header("X-Actor-Id", "human:nobody");
    ck_refused(ask(), 401);
    http.fields_n = 0;
    header("X-Actor-Id", "human:bo");
    ck_refused(ask(), 403);
    teardown();
}
END_TEST

START_TEST(the_bare_header_needs_a_trusted_proxy_no_keys_and_dev)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_DEV);
    header("X-Actor-Id", "human:ana");
    ck_refused(ask(), 401); /* the workspace has a key */
    keyed(false);
    ck_ok(netaddr_parse(STR("10.1.2.3"), &peer.addr));
    ck_refused(ask(), 401);
    teardown();
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    keyed(false);
    header("X-Actor-Id", "human:ana");
    ck_refused(ask(), 401);
    http.fields_n = 0;
    ck_refused(ask(), 401);
    teardown();
}
END_TEST

/* ---- the assertion ---- */

START_TEST(a_workspace_speaks_for_a_human)
{
    static const int backends[] = {CONFIG_AUTH_HEADER_TRUST, CONFIG_AUTH_DEV};
    for (size_t i = 0; i < 2; i++) {
        setup(backends[i], i == 0 ? CONFIG_PROD : CONFIG_DEV);
        struct assertion a = claims("human:ana");
        a.auth_time = NOW_S - 5;
        a.acr = "mfa";
        struct auth_result r = asserted(0, a);
        ck_refused(r, 0);
        ck_assert_int_eq(r.actor.kind, ACTOR_HUMAN);
        ck_assert_str_eq(r.actor.principal, "prn_ana");
        ck_assert_str_eq(r.actor.client, "workspace");
        ck_assert_int_eq(r.actor.client_kind, CLIENT_WORKSPACE);
        ck_assert_int_eq(r.actor.channel, CHANNEL_WEB);
        ck_assert_int_eq(r.actor.auth_time_us, (NOW_S - 5) * 1000000);
        ck_assert_str_eq(r.actor.acr, "mfa");
        ck_assert(auth_tool_allowed(&r, "anything"));
        teardown();
    }
}
END_TEST

START_TEST(nobody_but_a_workspace_speaks_for_a_human)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    struct assertion a = claims("human:ana");
    a.channel = "api";
    ck_refused(asserted(1, a), 403);
    a = claims("human:ana");
    a.channel = "api";
    ck_refused(asserted(2, a), 403);
    teardown();
}
END_TEST

START_TEST(the_principal_must_be_the_registrys)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    struct assertion a = claims("human:ana");
    a.principal = "prn_bo";
    ck_refused(asserted(0, a), 401);
    a = claims("human:ana"), a.principal = NULL;
    ck_refused(asserted(0, a), 401);
    a = claims("human:ana"), a.obo = "prn_ana";
    ck_refused(asserted(0, a), 401);
    a = claims("human:eve");
    ck_refused(asserted(0, a), 401);
    a = claims("human:bo"), a.principal = "prn_bo";
    ck_refused(asserted(0, a), 403);
    teardown();
}
END_TEST

START_TEST(an_agent_speaks_under_its_own_name_for_somebody)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    struct auth_result r = asserted(1, claims("llm:claude.s-17"));
    ck_refused(r, 0);
    ck_assert_int_eq(r.actor.kind, ACTOR_LLM);
    ck_assert_str_eq(r.actor.on_behalf_of, "prn_ana");
    ck_assert_ptr_null(r.actor.principal);
    ck_refused(asserted(1, claims("llm:claude")), 403);
    ck_refused(asserted(1, claims("llm:claude.")), 403);
    ck_refused(asserted(1, claims("llm:cursor.s-17")), 403);
    ck_refused(asserted(1, claims("llm:claudex.s-17")), 403);
    struct assertion a = claims("llm:claude.s-1");
    a.obo = NULL;
    ck_refused(asserted(1, a), 401);
    a = claims("llm:claude.s-1"), a.obo = "prn_nobody";
    ck_refused(asserted(1, a), 401);
    a = claims("llm:claude.s-1"), a.obo = "prn_bo";
    ck_refused(asserted(1, a), 403);
    a = claims("llm:claude.s-1"), a.principal = "prn_ana";
    ck_refused(asserted(1, a), 401);
    a = claims("llm:claude.s-1"), a.channel = "web"; /* not among the client's */
    ck_refused(asserted(1, a), 403);
    teardown();
}
END_TEST

START_TEST(in_dev_an_agent_may_act_for_nobody)
{
    setup(CONFIG_AUTH_DEV, CONFIG_DEV);
    struct assertion a = claims("llm:claude.s-1");
    a.obo = NULL;
    ck_refused(asserted(1, a), 0);
    teardown();
}
END_TEST

START_TEST(a_service_is_itself_and_keeps_to_its_list)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    struct assertion a = claims("llm:ledger-bot.service");
    a.obo = NULL;
    struct auth_result r = asserted(2, a);
    ck_refused(r, 0);
    ck_assert(auth_tool_allowed(&r, "record_delivery"));
    ck_assert(!auth_tool_allowed(&r, "confirm_match"));
    ck_assert(!auth_tool_allowed(&r, "record_deliver"));
    ck_refused(asserted(2, claims("llm:ledger-bot.other")), 403);
    clients[2].tools = NULL; /* a service without a list may call nothing */
    r = asserted(2, claims("llm:ledger-bot.service"));
    ck_assert(!auth_tool_allowed(&r, "record_delivery"));
    teardown();
}
END_TEST

START_TEST(engine_actors_never_come_from_the_network)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    ck_refused(asserted(0, claims("engine:matcher")), 403);
    teardown();
}
END_TEST

START_TEST(a_wrong_unknown_disabled_or_keyless_client_is_refused)
{
    const char *text;
    struct assertion a;
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    a = claims("human:ana");
    ck_ok(assertion_sign(arena, keys[1], "workspace", &a, &text)); /* another's key */
    header(ASSERTION_HEADER, text);
    ck_refused(ask(), 401);
    http.fields_n = 0;
    a = claims("human:ana");
    ck_ok(assertion_sign(arena, keys[0], "stranger", &a, &text));
    header(ASSERTION_HEADER, text);
    ck_refused(ask(), 401);
    http.fields_n = 0;
    clients[0].active = false;
    ck_refused(asserted(0, claims("human:ana")), 403);
    clients[0].active = true;
    clients[0].has_key = false;
    ck_refused(asserted(0, claims("human:ana")), 401);
    teardown();
}
END_TEST

START_TEST(an_assertion_is_used_once)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    struct assertion a = claims("human:ana");
    ck_refused(asserted(0, a), 0);
    ck_refused(asserted(0, a), 401);
    /* the same jti of another client is another assertion */
    struct assertion b = claims("llm:claude.s-1");
    b.jti = a.jti;
    ck_refused(asserted(1, b), 0);
    teardown();
}
END_TEST

START_TEST(a_refused_assertion_is_not_used_up)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    struct assertion a = claims("human:ana");
    store_broken = true;
    ck_refused(asserted(0, a), 503);
    store_broken = false;
    ck_refused(asserted(0, a), 0);
    teardown();
}
END_TEST

START_TEST(header_and_assertion_must_agree)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    header("X-Actor-Id", "human:ana");
    ck_refused(asserted(0, claims("human:ana")), 0);
    header("X-Actor-Id", "human:bo");
    ck_refused(asserted(0, claims("human:ana")), 401);
    teardown();
}
END_TEST

START_TEST(another_body_path_or_method_is_refused)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    http.body = STR("{ }");
    ck_refused(asserted(0, claims("human:ana")), 401);
    http.body = STR("{}");
    http.path = STR("/mcp2");
    ck_refused(asserted(0, claims("human:ana")), 401);
    http.path = STR("/mcp");
    http.method = HTTP_PUT;
    ck_refused(asserted(0, claims("human:ana")), 401);
    teardown();
}
END_TEST

START_TEST(garbage_is_no_assertion)
{
    static const char *const bad[] = {"x", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "Bearer"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setup(CONFIG_AUTH_DEV, CONFIG_DEV); /* nor does it fall back to llm:dev */
        header(ASSERTION_HEADER, bad[i]);
        ck_refused(ask(), 401);
        teardown();
    }
}
END_TEST

START_TEST(forwarder_keys_pin_the_registrys)
{
    char text[BASE64_SIZE(ED25519_KEY_LEN)];
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    auth_free(auth);
    base64url_print(clients[1].public_key, ED25519_KEY_LEN, text);
    config.forwarder_keys = arena_fmt(arena, "other=%s, workspace=%s", text, text);
    ck_ok(auth_new(&config, (NOW_S - 10) * 1000000, &auth));
    ck_refused(asserted(0, claims("human:ana")), 401);
    ed25519_free(keys[0]);
    const uint8_t seed[ED25519_KEY_LEN] = {1, 77};
    ck_ok(ed25519_from_seed(seed, &keys[0]));
    ck_refused(asserted(0, claims("human:ana")), 0);
    teardown();
}
END_TEST

/* ---- dev, the socket, the settings ---- */

START_TEST(dev_lets_the_unknown_in_as_an_agent_only)
{
    setup(CONFIG_AUTH_DEV, CONFIG_DEV);
    struct auth_result r = ask();
    ck_refused(r, 0);
    ck_assert_str_eq(r.actor.id, "llm:dev");
    ck_assert_int_eq(r.actor.kind, ACTOR_LLM);
    ck_assert_str_eq(r.actor.on_behalf_of, "prn_ana");
    header("X-Actor-Id", "human:ana");
    ck_refused(ask(), 401);
    teardown();
}
END_TEST

START_TEST(a_program_on_the_socket_is_not_the_person_who_started_it)
{
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    peer = (struct web_peer){.is_unix = true, .uid = 1000, .pid = 4711, .text = "unix"};
    struct auth_result r = ask();
    ck_refused(r, 0);
    ck_assert_str_eq(r.actor.id, "llm:cli.4711");
    ck_assert_str_eq(r.actor.on_behalf_of, "prn_ana");
    door = AUTH_ADMIN;
    r = ask();
    ck_refused(r, 0);
    ck_assert_int_eq(r.actor.kind, ACTOR_HUMAN);
    ck_assert_str_eq(r.actor.principal, "prn_ana");
    ck_assert_str_eq(r.actor.id, "human:ana");
    ck_assert_int_eq(r.actor.channel, CHANNEL_CLI);
    header("X-Actor-Id", "human:ana");
    ck_refused(ask(), 400);
    door = AUTH_MCP;
    ck_refused(ask(), 401);
    http.fields_n = 0;
    peer.uid = 1001;
    ck_refused(ask(), 401);
    teardown();
}
END_TEST

START_TEST(administration_is_not_offered_over_tcp)
{
    setup(CONFIG_AUTH_DEV, CONFIG_DEV);
    door = AUTH_ADMIN;
    ck_refused(ask(), 403);
    teardown();
}
END_TEST

START_TEST(settings_that_cannot_be_served_do_not_start)
{
    struct auth *none;
    setup(CONFIG_AUTH_HEADER_TRUST, CONFIG_PROD);
    config.auth_backend = CONFIG_AUTH_OIDC;
    ck_err(auth_new(&config, 0, &none), ERR_INPUT);
    config.auth_backend = CONFIG_AUTH_DEV;
    ck_err(auth_new(&config, 0, &none), ERR_INPUT);
    config.auth_backend = CONFIG_AUTH_HEADER_TRUST;
    config.forwarder_keys = "workspace";
    ck_err(auth_new(&config, 0, &none), ERR_INPUT);
    config.forwarder_keys = "workspace=AAAA";
    ck_err(auth_new(&config, 0, &none), ERR_INPUT);
    config.forwarder_keys = "";
    ck_err(auth_new(&config, 0, &none), ERR_INPUT);
    config.forwarder_keys = NULL;
    config.header_trust_header = ASSERTION_HEADER;
    ck_err(auth_new(&config, 0, &none), ERR_INPUT);
    teardown();
}
END_TEST

START_TEST(used_ids_are_kept_their_time_and_no_more_than_fit)
{
    struct jti_set *set = jti_set_new(70, 1000);
    char id[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(id, sizeof id, "%d", i);
        ck_ok(jti_set_use(set, "c", id, 100));
    }
    ck_err(jti_set_use(set, "c", "more", 100), ERR_LIMIT);
    ck_err(jti_set_use(set, "c", "999", 100), ERR_CONFLICT);
    ck_err(jti_set_use(set, "c", "0", 169), ERR_CONFLICT);
    ck_ok(jti_set_use(set, "c", "next", 170));
    ck_err(jti_set_use(set, "c", "0", 171), ERR_CONFLICT);
    ck_ok(jti_set_use(set, "c", "0", 241));
    jti_set_free(set);
}
END_TEST

START_TEST(refusals_are_all_counted)
{
    static struct refusals r;
    for (int i = 0; i < 20; i++)
        refusals_add(&r, "human:eve", 60000000);
    ck_assert_int_eq(refusals_add(&r, "human:eve", 60000001), 21);
    ck_assert_int_eq(refusals_add(&r, "human:eve", 120000000), 1);
    ck_assert_int_eq(r.total, 22);
}
END_TEST

TEST_MAIN("auth", every_odd_header_is_refused, either_header_twice_is_refused_even_when_both_agree,
          white_space_around_the_value_is_refused, odd_shapes_are_refused_under_every_backend,
          without_any_keys_dev_takes_the_header_at_its_word,
          the_bare_header_needs_a_trusted_proxy_no_keys_and_dev, a_workspace_speaks_for_a_human,
          nobody_but_a_workspace_speaks_for_a_human, the_principal_must_be_the_registrys,
          an_agent_speaks_under_its_own_name_for_somebody, in_dev_an_agent_may_act_for_nobody,
          a_service_is_itself_and_keeps_to_its_list, engine_actors_never_come_from_the_network,
          a_wrong_unknown_disabled_or_keyless_client_is_refused, an_assertion_is_used_once,
          a_refused_assertion_is_not_used_up, header_and_assertion_must_agree,
          another_body_path_or_method_is_refused, garbage_is_no_assertion,
          forwarder_keys_pin_the_registrys, dev_lets_the_unknown_in_as_an_agent_only,
          a_program_on_the_socket_is_not_the_person_who_started_it,
          administration_is_not_offered_over_tcp, settings_that_cannot_be_served_do_not_start,
          used_ids_are_kept_their_time_and_no_more_than_fit, refusals_are_all_counted)
