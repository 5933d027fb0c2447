/* Access tokens from the header to the actor: every way a token can be wrong, told apart by the
 * status and the challenge, and what the registry makes of a good one. The provider is a function
 * here, and so is the registry. */
#include "tests/unit/bearer_site.h"

/* ---- a good one ---- */

START_TEST(a_client_acts_as_an_agent_for_the_person_of_its_token)
{
    struct auth_result r = shown(token_with(NULL, NULL));
    taken("ana's token", r);
    ck_assert_int_eq(r.actor.kind, ACTOR_LLM);
    ck_assert_msg(strncmp(r.actor.id, "llm:claude.", 11) == 0 && strlen(r.actor.id) == 27, "%s",
                  r.actor.id);
    ck_assert_str_eq(r.actor.on_behalf_of, "prn_ana");
    ck_assert_ptr_null(r.actor.principal);
    ck_assert_str_eq(r.actor.client, "claude");
    ck_assert_int_eq(r.actor.client_kind, CLIENT_MCP);
    ck_assert_str_eq(r.actor.backend, "oidc");
    ck_assert_str_eq(r.actor.iss, ISSUER);
    ck_assert_str_eq(r.actor.acr, "mfa");
    ck_assert_int_eq(r.actor.auth_time_us, INT64_C(1789999000) * 1000000);
    ck_assert_int_eq(r.actor.channel, CHANNEL_API);
    ck_assert(!r.actor.login_wanted && r.actor.jti == NULL);
    ck_assert_int_eq(r.until_us, (INT64_C(1790000300) + 60) * 1000000);
    ck_assert_str_eq(challenge(&r), "");
    struct actor_id id;
    ck_ok(actor_parse(str_of(r.actor.id), &id));

    struct auth_result again = shown(token_with("\"j-1\"", "\"j-2\""));
    ck_assert_str_eq(again.actor.id, r.actor.id); /* a refreshed token goes on */
    again = shown(token_with("\"j-1\"", "\"j-1\",\"sid\":\"s-2\""));
    ck_assert_str_ne(again.actor.id, r.actor.id); /* another login is another session */
    again = shown(token_with("ana-7", "bo-8"));
    ck_assert_str_ne(again.actor.id, r.actor.id);
    ck_assert_str_eq(again.actor.on_behalf_of, "prn_bo");
}
END_TEST

START_TEST(every_algorithm_of_ours_is_taken_with_its_own_key)
{
    taken("RS256", shown(signed_by(rsa, "RS256", "r1", claims_with(NULL, NULL))));
    taken("ES256", shown(signed_by(ec, "ES256", "e1", claims_with(NULL, NULL))));
    taken("EdDSA", shown(signed_by(ed, "EdDSA", "d1", claims_with(NULL, NULL))));
    header("authorization", arena_fmt(arena, "bEARER %s", token_with(NULL, NULL)));
    taken("another spelling of the scheme", ask());
    taken("a list of one audience",
          shown(token_with("\"aud\":\"" RESOURCE "\"", "\"aud\":[\"" RESOURCE "\"]")));
    ck_assert_int_eq(asked, 2);
}
END_TEST

/* ---- what it says ---- */

START_TEST(a_token_that_says_something_else_is_refused)
{
    static const char *const cases[][2] = {
        {ISSUER, "https://idp.example/other"},
        {ISSUER, ISSUER "/"},
        {RESOURCE, "https://other.example/mcp"},
        {RESOURCE, RESOURCE "/"},
        {"\"aud\":\"" RESOURCE "\"", "\"aud\":[\"" RESOURCE "\",\"account\"]"},
        {"\"aud\":\"" RESOURCE "\",", ""},
        {"1790000300", "1789999940"},
        {"1790000300", "\"never\""},
        {"\"exp\":1790000300,", ""},
        {"1789999990", "1790000061"},
        {"\"iat\":1789999990,", ""},
        {"\"jti\":\"j-1\",", "\"jti\":\"j-1\",\"nbf\":1790000061,"},
        {"\"jti\":\"j-1\",", ""},
        {"\"sub\":\"ana-7\",", ""},
        {"\"client_id\":\"claude\",", ""},
        {"\"client_id\":\"claude\"", "\"client_id\":\"claude\",\"azp\":\"workspace\""},
        {"\"acr\":\"mfa\"", "\"cnf\":{\"jkt\":\"" JKT "\"}"},
        {"\"acr\":\"mfa\"", "\"cnf\":{\"x5t#S256\":\"" JKT "\"}"},
        {"\"acr\":\"mfa\"", "\"cnf\":{\"kid\":\"k\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refused(cases[i][1], shown(token_with(cases[i][0], cases[i][1])), 401, "invalid_token");
    refused("nonsense", shown(signed_by(rsa, "RS256", "r1", "[]")), 401, "invalid_token");
}
END_TEST

START_TEST(whoever_sets_up_a_provider_reads_what_is_wrong_with_its_tokens)
{
    static const char *const cases[][3] = {
        {"\"jti\":\"j-1\",", "", "the access token lacks a claim: jti"},
        {"\"client_id\":\"claude\",", "", "the access token lacks a claim: client_id"},
        {"1790000300", "\"soon\"", "a time of the token is not a number of seconds: exp"},
        {"\"sub\":\"ana-7\"", "\"sub\":\"ana-7\",\"sub\":\"bo-8\"", "the key is there twice: /sub"},
        {RESOURCE, "https://other.example/mcp",
         "the access token was made for another resource (aud): https://other.example/mcp, and "
         "not " RESOURCE},
        {RESOURCE, "https://other.example/\\\"evil\\u00e9",
         "the access token was made for another resource (aud): https://other.example/'evil'', and "
         "not " RESOURCE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct auth_result r = shown(token_with(cases[i][0], cases[i][1]));
        const char *want = arena_fmt(arena, "error_description=\"%s\"", cases[i][2]);
        ck_assert_msg(strstr(challenge(&r), want) != NULL, "%s", challenge(&r));
    }
    struct auth_result r = shown("opaque");
    ck_assert_msg(strstr(r.why, "the access token is opaque: ") == r.why, "%s", r.why);
    r = shown(token_with("claude", "chatty"));
    ck_assert_str_eq(r.why, "the access token's client is not registered here: chatty");
    r = shown(token_with("ana-7", "eve-9"));
    ck_assert_str_eq(r.why, "the registry knows nobody by this token's iss and sub: eve-9");
}
END_TEST

START_TEST(a_token_of_a_certificate_is_taken_over_its_connection_only)
{
    const char *bound = token_with("\"acr\":\"mfa\"", "\"cnf\":{\"x5t#S256\":\"" X5T "\"}");
    refused("without TLS", shown(bound), 401, "invalid_token");
    shows_certificate(NOW_S + 10);
    peer.has_cert = false;
    refused("without a certificate", shown(bound), 401, "invalid_token");
    peer.has_cert = true;
    struct auth_result r = shown(bound);
    taken("with its own", r);
    ck_assert(!proved);                                   /* it was a good token all the time */
    ck_assert_int_eq(r.until_us, (NOW_S + 11) * 1000000); /* a stream ends with the certificate */
    taken("a token of nobody's beside a certificate", shown(token_with(NULL, NULL)));
    peer.cert_sha256[31] = 6;
    refused("with another's", shown(bound), 401, "invalid_token");
    peer.cert_sha256[31] = 5;
    now_s = NOW_S + 11;
    refused("with one that has ended", shown(bound), 401, "invalid_token");
    now_s = NOW_S;
    refused("bound to a key as well",
            shown(token_with("\"acr\":\"mfa\"",
                             "\"cnf\":{\"x5t#S256\":\"" X5T "\",\"jkt\":\"" JKT "\"}")),
            401, "invalid_token");
}
END_TEST

/* ---- the header ---- */

START_TEST(a_token_is_shown_once_and_in_one_way)
{
    const char *good = token_with(NULL, NULL);
    const struct {
        const char *what, *value;
        int status;
        const char *error;
    } cases[] = {
        {"another scheme", "Basic YW5hOnB3", 401, NULL},
        {"no scheme", good, 401, NULL},
        {"an empty value", "", 401, NULL},
        {"no token", "Bearer", 400, "invalid_request"},
        {"no token behind the space", "Bearer ", 400, "invalid_request"},
        {"two spaces", arena_fmt(arena, "Bearer  %s", good), 400, "invalid_request"},
        {"a tab", arena_fmt(arena, "Bearer\t%s", good), 401, NULL},
        {"two tokens", arena_fmt(arena, "Bearer %s %s", good, good), 400, "invalid_request"},
        {"a list", arena_fmt(arena, "Bearer %s, Bearer %s", good, good), 400, "invalid_request"},
        {"a parameter", arena_fmt(arena, "Bearer token=\"%s\"", good), 400, "invalid_request"},
        {"only padding", "Bearer ==", 400, "invalid_request"},
        {"a byte that is none of it", "Bearer a\x80z", 400, "invalid_request"},
        {"as DPoP what is not bound", arena_fmt(arena, "DPoP %s", good), 401, "invalid_token"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        header("Authorization", cases[i].value);
        refused(cases[i].what, ask(), cases[i].status, cases[i].error);
    }
    header("Authorization", arena_fmt(arena, "Bearer %s", good));
    header("authorization", arena_fmt(arena, "Bearer %s", good));
    refused("twice", ask(), 400, "invalid_request");
    header("Authorization", arena_fmt(arena, "Bearer %s", good));
    fields[0].padded = true;
    refused("padded", ask(), 400, "invalid_request");
    header("Authorization", arena_fmt(arena, "Bearer %s", good));
    header("X-Actor-Id", "human:ana");
    refused("an actor beside it", ask(), 401, NULL);
    header("Authorization", arena_fmt(arena, "Bearer %s", good));
    header(ASSERTION_HEADER, "a.b.c");
    refused("an assertion beside it", ask(), 400, "invalid_request");
    static const char *const queries[] = {"access_token=x", "a=b&access_token=x", "access_token"};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        http.query = str_of(queries[i]);
        header("Authorization", arena_fmt(arena, "Bearer %s", good));
        refused(queries[i], ask(), 400, "invalid_request");
        refused(queries[i], ask(), 400, "invalid_request");
    }
    http.query = STR("x_access_token=1&access_tokens=2");
    taken("another query", shown(good));
}
END_TEST

START_TEST(whoever_shows_nothing_hears_where_tokens_come_from)
{
    struct auth_result r = ask();
    refused("nothing", r, 401, NULL);
    ck_assert_str_eq(challenge(&r),
                     "Bearer resource_metadata=\"" METADATA "\", scope=\"mcp:read\"");
    r = shown("a.b.c");
    ck_assert_ptr_nonnull(strstr(challenge(&r), "resource_metadata=\"" METADATA "\""));
    ck_assert_ptr_nonnull(strstr(challenge(&r), "error_description=\"the token"));
    header("X-Actor-Id", "human:ana");
    refused("an actor header alone", ask(), 401, NULL);
    const struct protected_resource *published = auth_resource(auth);
    ck_assert_str_eq(published->resource, RESOURCE);
    ck_assert_str_eq(published->issuer, ISSUER);
}
END_TEST

/* ---- the registry ---- */

START_TEST(a_token_is_no_more_than_the_registry_makes_of_it)
{
    refused("a client nobody registered", shown(token_with("claude", "chatty")), 403, NULL);
    refused("the workspace's own token", shown(token_with("\"claude\"", "\"workspace\"")), 403,
            NULL);
    refused("a person nobody linked", shown(token_with("ana-7", "eve-9")), 403, NULL);
    refused("the client as its own person", shown(token_with("ana-7", "claude")), 403, NULL);
    refused("a service for somebody", shown(token_with("\"claude\"", "\"ledger-bot\"")), 403, NULL);
    refused("no scope of ours", shown(token_with("mcp:propose", "openid")), 403,
            "insufficient_scope");
    clients[1].channels = 1u << CHANNEL_WEB;
    refused("another channel", shown(token_with(NULL, NULL)), 403, NULL);
    clients[1].channels = 1u << CHANNEL_API;
    store_broken = true;
    refused("a registry that cannot be read", shown(token_with(NULL, NULL)), 503, NULL);
}
END_TEST

START_TEST(what_is_revoked_is_refused_at_the_next_call)
{
    const char *token = token_with(NULL, NULL);
    taken("before", shown(token));
    taken("from the cache", shown(token));
    ck_assert(!proved);
    ana_linked = false;
    refused("an identity that is linked no more", shown(token), 403, NULL);
    ana_linked = true;
    ana_active = false;
    refused("a disabled person", shown(token), 403, NULL);
    ana_active = true;
    clients[1].active = false;
    refused("a disabled client", shown(token), 403, NULL);
    clients[1].active = true;
    taken("after", shown(token));
}
END_TEST

START_TEST(a_service_is_itself_and_keeps_to_its_list)
{
    const char *claims = "{\"iss\":\"" ISSUER "\",\"sub\":\"ledger-bot\",\"aud\":\"" RESOURCE
                         "\",\"client_id\":\"ledger-bot\",\"jti\":\"j-1\",\"iat\":1789999990,"
                         "\"exp\":1790000300,\"scope\":\"mcp:read\"}";
    struct auth_result r = shown(signed_by(rsa, "RS256", "r1", claims));
    taken("a service's own token", r);
    ck_assert_str_eq(r.actor.id, "llm:ledger-bot.service");
    ck_assert_ptr_null(r.actor.on_behalf_of);
    ck_assert(auth_tool_allowed(&r, "whois") && !auth_tool_allowed(&r, "confirm_match"));
    ck_assert(!auth_reads_allowed(&r));
    ck_assert(auth_scope_allows(auth, arena, ACCESS_READ, &r));
    ck_assert(!auth_scope_allows(auth, arena, ACCESS_PROPOSE, &r));
    ck_assert_str_eq(challenge(&r),
                     "Bearer resource_metadata=\"" METADATA "\", scope=\"mcp:read mcp:propose\", "
                     "error=\"insufficient_scope\", error_description=\"this needs "
                     "more than the token is good for\"");
}
END_TEST

START_TEST(a_scope_counts_for_token_holders_only)
{
    struct auth_result r = shown(token_with("mcp:propose", "mcp:read"));
    taken("a reader", r);
    ck_assert(auth_scope_allows(auth, arena, ACCESS_READ, &r));
    ck_assert(!auth_scope_allows(auth, arena, ACCESS_PROPOSE, &r));
    r = shown(token_with(NULL, NULL));
    ck_assert(auth_scope_allows(auth, arena, ACCESS_READ, &r));
    ck_assert(auth_scope_allows(auth, arena, ACCESS_PROPOSE, &r));
    ck_assert_str_eq(challenge(&r), "");
}
END_TEST

START_TEST(a_client_may_go_by_another_name_at_the_provider)
{
    const char *items[] = {"claude=https://claude.example/client?v=1", "ledger-bot=0oaAbCdEf",
                           "claude=second"};
    auth_free(auth);
    config.engine_oidc_clients = (struct setting_list){items, 3};
    ck_ok(auth_new_with(&config, NOW_S * 1000000, provider, NULL, &auth));
    struct auth_result r = shown(token_with("\"claude\"", "\"https://claude.example/client?v=1\""));
    taken("by an address", r);
    ck_assert_str_eq(r.actor.client, "claude");
    ck_assert(strncmp(r.actor.id, "llm:claude.", 11) == 0);
    taken("by a second name", shown(token_with("\"claude\"", "\"second\"")));
    refused("by our name for it", shown(token_with(NULL, NULL)), 403, NULL);
    refused("by a name of nobody", shown(token_with("\"claude\"", "\"third\"")), 403, NULL);
    refused("the provider's name as its own person",
            shown(token_with("\"ana-7\",\"aud\":\"" RESOURCE "\",\"client_id\":\"claude\"",
                             "\"second\",\"aud\":\"" RESOURCE "\",\"client_id\":\"second\"")),
            403, NULL);
    r = shown(token_with("\"ana-7\",\"aud\":\"" RESOURCE "\",\"client_id\":\"claude\"",
                         "\"0oaAbCdEf\",\"aud\":\"" RESOURCE "\",\"client_id\":\"0oaAbCdEf\""));
    taken("a service by the provider's name", r);
    ck_assert_str_eq(r.actor.id, "llm:ledger-bot.service");

    static const char *const wrong[] = {"claude", "=x", "claude=", "other=second"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct auth *none = NULL;
        items[0] = wrong[i];
        struct err e = auth_new_with(&config, 0, provider, NULL, &none);
        ck_assert_msg(e.kind == ERR_INPUT && text_eq(e.where, "CLOSEGATE_ENGINE_OIDC_CLIENTS"),
                      "%s", wrong[i]);
    }
}
END_TEST

/* ---- the cache and the keys ---- */

START_TEST(a_token_is_verified_once_until_it_ends)
{
    const char *token = token_with(NULL, NULL);
    taken("first", shown(token));
    ck_assert(proved);
    taken("second", shown(token));
    ck_assert(!proved);
    ck_assert_uint_eq(token_cache_count(auth->tokens), 1);
    now_s = 1790000300 + 59;
    taken("within the minute that clocks may differ", shown(token));
    ck_assert(!proved);
    now_s = 1790000300 + 60;
    refused("over", shown(token), 401, "invalid_token");
    ck_assert(proved);
    refused("over for good", shown(token), 401, "invalid_token");
}
END_TEST

START_TEST(a_cached_token_is_still_held_to_the_way_it_is_shown)
{
    const char *token = token_with(NULL, NULL);
    taken("as a bearer", shown(token));
    header("Authorization", arena_fmt(arena, "DPoP %s", token));
    refused("as DPoP", ask(), 401, "invalid_token");
    ck_assert(!proved);
}
END_TEST

START_TEST(other_keys_are_asked_for_and_forget_what_the_old_ones_signed)
{
    const char *old = token_with(NULL, NULL);
    const char *kept = signed_by(ec, "ES256", "e1", claims_with(NULL, NULL));
    taken("the old key's", shown(old));
    taken("another key's", shown(kept));
    rotated = true;
    now_s += 61; /* of a kid that nobody knew, the provider is asked once a minute */
    taken("the new key's", shown(signed_by(other_rsa, "RS256", "r2", claims_with(NULL, NULL))));
    refused("what the withdrawn key signed", shown(old), 401, "invalid_token");
    taken("what the key that stayed signed", shown(kept));
    ck_assert(proved);
}
END_TEST

START_TEST(a_withdrawn_key_is_noticed_though_every_token_is_cached)
{
    const char *token = token_with("1790000300", "1790009000");
    taken("at first", shown(token));
    rotated = true;
    now_s += 899; /* the document said nothing of max-age: a quarter of an hour */
    taken("while the keys are fresh", shown(token));
    ck_assert(!proved);
    now_s += 2;
    refused("once they are asked for again", shown(token), 401, "invalid_token");
}
END_TEST

START_TEST(invented_kids_do_not_make_us_hammer_the_provider)
{
    taken("a good one", shown(token_with(NULL, NULL)));
    ck_assert_int_eq(asked, 2);
    for (int i = 0; i < 500; i++)
        refused("an invented kid",
                shown(signed_by(ed, "EdDSA", arena_fmt(arena, "k%d", i), claims_with(NULL, NULL))),
                401, "invalid_token");
    ck_assert_int_le(asked, 3);
}
END_TEST

START_TEST(without_the_providers_keys_nobody_new_gets_in)
{
    const char *token = token_with(NULL, NULL);
    away = true;
    refused("with the provider away", shown(token), 503, NULL);
    refused("at once again", shown(token), 503, NULL);
    ck_assert_int_eq(asked, 1);
    away = false;
    now_s += 6;
    taken("when it is back", shown(token));
    away = true;
    taken("known already", shown(token));
    now_s += 3601; /* past every freshness: the last good keys serve on */
    refused("one that ended meanwhile", shown(token), 401, "invalid_token");
    taken("by the last good keys", shown(token_with("1790000300", "1790009999")));
}
END_TEST

/* Else every known token would wait for a provider that does not answer, call by call. */
START_TEST(a_provider_that_is_away_is_asked_once_a_minute_and_known_tokens_stay_known)
{
    const char *token = token_with("1790000300", "1790009999");
    taken("at first", shown(token));
    away = true;
    now_s += 3601;
    taken("by the last good keys", shown(token));
    ck_assert(proved);
    const int then = asked;
    for (int s = 0; s < 59; s++) {
        now_s++;
        taken("within the minute", shown(token));
        ck_assert(!proved);
        taken("another one", shown(token_with("1790000300", arena_fmt(arena, "17900098%02d", s))));
    }
    ck_assert_int_eq(asked, then);
    now_s++;
    taken("a minute later", shown(token));
    ck_assert(proved);
    ck_assert_int_eq(asked, then + 2); /* its configuration, and its keys */
}
END_TEST

START_TEST(a_clock_that_went_back_does_not_keep_us_from_asking)
{
    const char *token = token_with(NULL, NULL);
    away = true;
    now_s += 300;
    refused("with the provider away", shown(token), 503, NULL);
    away = false;
    now_s -= 300;
    taken("before that", shown(token));
}
END_TEST

static int64_t refused_for(enum auth_reason reason)
{
    struct auth_token_stats stats;
    auth_token_stats(auth, &stats);
    return stats.refused[reason];
}

START_TEST(what_was_shown_is_counted_by_what_came_of_it)
{
    struct auth_token_stats stats;
    const char *good = token_with(NULL, NULL), *narrow = token_with("mcp:propose", "mcp:read");
    taken("verified", shown(good));
    taken("known", shown(good));
    taken("known", shown(good));
    refused("nothing", ask(), 401, NULL);
    header("Authorization", "Basic YW5hOnB3");
    refused("another scheme", ask(), 401, NULL);
    header("Authorization", "Bearer");
    refused("no token", ask(), 400, "invalid_request");
    refused("a wrong one", shown("a.b.c"), 401, "invalid_token");
    refused("of nobody's client", shown(token_with("claude", "chatty")), 403, NULL);
    refused("no scope", shown(token_with("mcp:propose", "x")), 403, "insufficient_scope");
    struct auth_result r = shown(narrow);
    taken("a reader", r);
    ck_assert(!auth_scope_allows(auth, arena, ACCESS_PROPOSE, &r));
    store_broken = true;
    refused("no registry", shown(good), 503, NULL);
    header(ASSERTION_HEADER, "a.b.c"); /* no access token, and none was wanted */
    ck_assert_int_eq(ask().status, 401);
    auth_token_stats(auth, &stats);
    ck_assert_uint_eq(stats.remembered, 4);
    ck_assert_int_eq(stats.hits, 3);
    ck_assert_int_eq(stats.misses, 5);
    static const int64_t want[AUTH_REASONS] = {
        [AUTH_NO_TOKEN] = 2,  [AUTH_MALFORMED] = 1, [AUTH_BAD_TOKEN] = 1,
        [AUTH_UNWELCOME] = 1, [AUTH_NARROW] = 2,    [AUTH_CANNOT_TELL] = 1};
    for (int i = 0; i < AUTH_REASONS; i++)
        ck_assert_msg(refused_for((enum auth_reason)i) == want[i], "%s: %lld",
                      auth_reason_name((enum auth_reason)i),
                      (long long)refused_for((enum auth_reason)i));
}
END_TEST

START_TEST(what_cannot_be_served_does_not_start)
{
    static const struct {
        const char *issuer, *resource;
        int env;
        const char *where;
    } cases[] = {
        {"", RESOURCE, CONFIG_PROD, "CLOSEGATE_OIDC_ISSUER"},
        {ISSUER, NULL, CONFIG_PROD, "CLOSEGATE_ENGINE_RESOURCE"},
        {ISSUER, "", CONFIG_PROD, "CLOSEGATE_ENGINE_RESOURCE"},
        {ISSUER, "http://127.0.0.1:8001/mcp", CONFIG_PROD, "CLOSEGATE_ENGINE_RESOURCE"},
        {ISSUER, "https://closegate.example/mcp/", CONFIG_PROD, "CLOSEGATE_ENGINE_RESOURCE"},
        {"http://idp.example", RESOURCE, CONFIG_PROD, "CLOSEGATE_OIDC_ISSUER"},
        {ISSUER, "http://closegate.example/mcp", CONFIG_DEV, "CLOSEGATE_ENGINE_RESOURCE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct auth *none = NULL;
        config.env = cases[i].env;
        config.oidc_issuer = cases[i].issuer;
        config.engine_resource = cases[i].resource;
        struct err e = auth_new_with(&config, 0, provider, NULL, &none);
        ck_assert_msg(e.kind == ERR_INPUT && text_eq(e.where, cases[i].where), "case %zu: %s", i,
                      e.where);
        ck_assert_ptr_null(none);
    }
}
END_TEST

SITE_MAIN("auth_bearer", up, tear_down, a_client_acts_as_an_agent_for_the_person_of_its_token,
          every_algorithm_of_ours_is_taken_with_its_own_key,
          a_token_that_says_something_else_is_refused,
          whoever_sets_up_a_provider_reads_what_is_wrong_with_its_tokens,
          a_token_of_a_certificate_is_taken_over_its_connection_only,
          a_token_is_shown_once_and_in_one_way, whoever_shows_nothing_hears_where_tokens_come_from,
          a_token_is_no_more_than_the_registry_makes_of_it,
          what_is_revoked_is_refused_at_the_next_call, a_service_is_itself_and_keeps_to_its_list,
          a_scope_counts_for_token_holders_only, a_client_may_go_by_another_name_at_the_provider,
          a_token_is_verified_once_until_it_ends,
          a_cached_token_is_still_held_to_the_way_it_is_shown,
          other_keys_are_asked_for_and_forget_what_the_old_ones_signed,
          a_withdrawn_key_is_noticed_though_every_token_is_cached,
          invented_kids_do_not_make_us_hammer_the_provider,
          without_the_providers_keys_nobody_new_gets_in,
          a_provider_that_is_away_is_asked_once_a_minute_and_known_tokens_stay_known,
          a_clock_that_went_back_does_not_keep_us_from_asking,
          what_was_shown_is_counted_by_what_came_of_it, what_cannot_be_served_does_not_start)
