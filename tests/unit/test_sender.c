/* Tokens bound to a key, from the headers to the actor: with a proof of this request they are taken
 * once, without one or with another's never, and what is said about it is what RFC 9449 says. */
#include "engine/auth/sender.h"

#include "tests/unit/bearer_site.h"

static struct made_key *mine, *another;
static const char *bound; /* ana's token, of `mine` */

static const char *jkt_of(const struct made_key *key)
{
    struct dpop_proof p;
    const char *text =
        made_token(arena, key,
                   arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s}",
                             made_jwk(arena, key, NULL, "")),
                   "{\"jti\":\"12345678\",\"htm\":\"POST\",\"htu\":\"" RESOURCE "\",\"iat\":1}");
    ck_ok(dpop_parse(arena, str_of(text), &p));
    return arena_strdup(arena, p.jkt);
}

static void begin(void)
{
    up();
    config.dpop_body = CONFIG_OPTIONAL;
    mine = made_ec("P-256");
    another = made_ec("P-256");
    bound =
        token_with("\"acr\":\"mfa\"", arena_fmt(arena, "\"cnf\":{\"jkt\":\"%s\"}", jkt_of(mine)));
}

static void end(void)
{
    made_key_free(mine);
    made_key_free(another);
    tear_down();
}

static const char *nonce_now(void)
{
    char nonce[DPOP_NONCE_SIZE];
    dpop_nonce_print(&auth->sender.nonces, now_s, nonce);
    return arena_strdup(arena, nonce);
}

/* A proof for `token` of this second; `nonce` NULL leaves it out, `more` is further claims. */
static const char *proof(const struct made_key *key, const char *token, const char *jti,
                         const char *nonce, const char *more)
{
    uint8_t hash[SHA256_LEN];
    char ath[BASE64_SIZE(SHA256_LEN)];
    sha256(token, strlen(token), hash);
    base64url_print(hash, sizeof hash, ath);
    const char *said = nonce == NULL ? "" : arena_fmt(arena, ",\"nonce\":\"%s\"", nonce);
    return made_token(arena, key,
                      arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s}",
                                made_jwk(arena, key, NULL, "")),
                      arena_fmt(arena,
                                "{\"jti\":\"%s\",\"htm\":\"POST\",\"htu\":\"" RESOURCE
                                "\",\"iat\":%lld,\"ath\":\"%s\"%s%s}",
                                jti, (long long)now_s, ath, said, more));
}

static struct auth_result shown_with(const char *token, const char *shown_proof)
{
    header("Authorization", arena_fmt(arena, "DPoP %s", token));
    if (shown_proof != NULL)
        header("DPoP", shown_proof);
    return ask();
}

static const char *field_of(const struct auth_result *r, const char *name)
{
    for (size_t i = 0; i < r->fields_n; i++)
        if (strcmp(r->fields[i].name, name) == 0)
            return r->fields[i].value;
    return NULL;
}

static void denied(const char *what, struct auth_result r, const char *error)
{
    refused(what, r, 401, error);
    ck_assert_msg(
        strncmp(challenge(&r), "DPoP algs=\"ES256 EdDSA RS256\", resource_metadata=\"", 49) == 0,
        "%s: %s", what, challenge(&r));
    ck_assert_msg((field_of(&r, "DPoP-Nonce") != NULL) == text_eq(error, "use_dpop_nonce"),
                  "%s: a nonce", what);
}

START_TEST(a_bound_token_is_taken_with_a_proof_of_its_key)
{
    struct auth_result r = shown_with(bound, proof(mine, bound, "proof-0001", nonce_now(), ""));
    taken("with its proof", r);
    ck_assert(r.by_dpop);
    ck_assert_str_eq(r.actor.jti, arena_fmt(arena, "dpop:%s/proof-0001", jkt_of(mine)));
    ck_assert_int_ge(r.actor.jti_expires_us, (now_s + DPOP_LIFE_S + 60) * 1000000);
    ck_assert_ptr_null(field_of(&r, "DPoP-Nonce"));
    taken("with another", shown_with(bound, proof(mine, bound, "proof-0002", nonce_now(), "")));
    ck_assert(!proved); /* its signature is checked once, its sender each time */
    denied("with none", shown_with(bound, NULL), "invalid_dpop_proof");
    refused("at an unknown client", shown_with(token_with("claude", "chatty"), NULL), 401,
            "invalid_token");
}
END_TEST

START_TEST(whoever_found_a_bound_token_gets_nowhere)
{
    const char *open = token_with(NULL, NULL);
    struct auth_result r = shown(bound);
    denied("as a bearer", r, "invalid_token");
    header("DPoP", proof(mine, bound, "proof-0001", nonce_now(), ""));
    denied("as a bearer with a proof", shown(bound), "invalid_token");
    denied("with a key of one's own",
           shown_with(bound, proof(another, bound, "proof-0002", nonce_now(), "")),
           "invalid_dpop_proof");
    denied("with a proof for another token",
           shown_with(bound, proof(mine, open, "proof-0003", nonce_now(), "")),
           "invalid_dpop_proof");
    denied("an open token as bound",
           shown_with(open, proof(mine, open, "proof-0004", nonce_now(), "")), "invalid_token");
    header("DPoP", proof(mine, bound, "proof-0005", nonce_now(), ""));
    denied("two proofs", shown_with(bound, proof(mine, bound, "proof-0006", nonce_now(), "")),
           "invalid_dpop_proof");
    denied("two in one",
           shown_with(bound,
                      arena_fmt(arena, "%s, %s", proof(mine, bound, "proof-0007", nonce_now(), ""),
                                proof(mine, bound, "proof-0008", nonce_now(), ""))),
           "invalid_dpop_proof");
    denied("an empty one", shown_with(bound, ""), "invalid_dpop_proof");
    http.method = HTTP_GET;
    denied("for another method",
           shown_with(bound, proof(mine, bound, "proof-0009", nonce_now(), "")),
           "invalid_dpop_proof");
    http.method = HTTP_POST;
    http.body = STR("{\"amount\":1}");
    denied("for another body",
           shown_with(bound, proof(mine, bound, "proof-0010", nonce_now(),
                                   ",\"bh\":\"RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o\"")),
           "invalid_dpop_proof");
    http.body = STR("{}");
    taken("for this one",
          shown_with(bound, proof(mine, bound, "proof-0010", nonce_now(),
                                  ",\"bh\":\"RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o\"")));
    taken("an open token, and a proof that nobody needs", shown(open));
}
END_TEST

START_TEST(a_proof_counts_once)
{
    const char *one = proof(mine, bound, "proof-0001", nonce_now(), "");
    taken("first", shown_with(bound, one));
    denied("again", shown_with(bound, one), "invalid_dpop_proof");
    denied("the same id, signed anew",
           shown_with(bound, proof(mine, bound, "proof-0001", nonce_now(), ",\"x\":1")),
           "invalid_dpop_proof");
    now_s += 59;
    refused("a minute later", shown_with(bound, one), 401, "invalid_dpop_proof");
    const char *theirs = token_with("\"acr\":\"mfa\"",
                                    arena_fmt(arena, "\"cnf\":{\"jkt\":\"%s\"}", jkt_of(another)));
    taken("another key's of the same id",
          shown_with(theirs, proof(another, theirs, "proof-0001", nonce_now(), "")));
}
END_TEST

/* What is refused for something else is not used up: the client may come again with it. */
START_TEST(a_proof_that_led_nowhere_is_not_spent)
{
    const char *one = proof(mine, bound, "proof-0001", nonce_now(), "");
    clients[1].active = false;
    refused("a disabled client", shown_with(bound, one), 403, NULL);
    clients[1].active = true;
    taken("afterwards", shown_with(bound, one));
}
END_TEST

START_TEST(a_nonce_is_asked_for_and_renewed)
{
    struct auth_result r = shown_with(bound, proof(mine, bound, "proof-0001", NULL, ""));
    denied("without a nonce", r, "use_dpop_nonce");
    const char *given = field_of(&r, "DPoP-Nonce");
    ck_assert_int_eq(auth_refused(auth), 0); /* how every client begins */
    r = shown_with(bound, proof(mine, bound, "proof-0001", given, ""));
    taken("with the one that was given", r);
    now_s += 60;
    r = shown_with(bound, proof(mine, bound, "proof-0002", given, ""));
    taken("a minute later", r);
    const char *next = field_of(&r, "DPoP-Nonce");
    ck_assert_msg(next != NULL && strcmp(next, given) != 0, "no new nonce");
    now_s += 60;
    denied("two minutes later", shown_with(bound, proof(mine, bound, "proof-0003", given, "")),
           "use_dpop_nonce");
    taken("with the new one", shown_with(bound, proof(mine, bound, "proof-0003", next, "")));
    denied(
        "with another's",
        shown_with(bound, proof(mine, bound, "proof-0004", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "")),
        "use_dpop_nonce");
}
END_TEST

static void restarted(int dpop, int nonce, int body)
{
    auth_free(auth);
    config.dpop = dpop;
    config.dpop_nonce = nonce;
    config.dpop_body = body;
    ck_ok(auth_new_with(&config, now_s * 1000000, provider, NULL, &auth));
}

START_TEST(nothing_made_before_a_restart_is_taken_after_it)
{
    const char *used = proof(mine, bound, "proof-0001", nonce_now(), "");
    const char *unused = proof(mine, bound, "proof-0002", nonce_now(), "");
    const char *plain = proof(mine, bound, "proof-0003", NULL, "");
    taken("before", shown_with(bound, used));
    now_s += 1;
    restarted(CONFIG_OPTIONAL, CONFIG_REQUIRED, CONFIG_OPTIONAL);
    denied("a used one", shown_with(bound, used), "use_dpop_nonce");
    denied("an unused one", shown_with(bound, unused), "use_dpop_nonce");
    restarted(CONFIG_OPTIONAL, CONFIG_OPTIONAL, CONFIG_OPTIONAL);
    denied("with an old nonce where none is needed", shown_with(bound, used), "invalid_dpop_proof");
    denied("one without a nonce", shown_with(bound, plain), "invalid_dpop_proof");
    struct auth_result r = shown_with(bound, proof(mine, bound, "proof-0004", NULL, ""));
    taken("a new one without", r);
    ck_assert_ptr_nonnull(field_of(&r, "DPoP-Nonce"));
    now_s += 1;
    taken("a new one with what was offered",
          shown_with(bound, proof(mine, bound, "proof-0005", field_of(&r, "DPoP-Nonce"), "")));
    denied("one with an invented nonce",
           shown_with(bound, proof(mine, bound, "proof-0006", "invented", "")), "use_dpop_nonce");
}
END_TEST

START_TEST(the_settings_are_what_is_published_and_held_to)
{
    struct auth_result r = ask();
    refused("nothing shown", r, 401, NULL);
    ck_assert_str_eq(challenge(&r),
                     "Bearer resource_metadata=\"" METADATA "\", scope=\"mcp:read\"");
    ck_assert_uint_eq(r.fields_n, 2);
    ck_assert_str_eq(r.fields[1].value,
                     "DPoP algs=\"ES256 EdDSA RS256\", resource_metadata=\"" METADATA
                     "\", scope=\"mcp:read\"");
    ck_assert_str_eq(auth_resource(auth)->dpop_algs[0], "ES256");
    ck_assert(!auth_resource(auth)->dpop_required);

    restarted(CONFIG_REQUIRED, CONFIG_REQUIRED, CONFIG_REQUIRED);
    ck_assert(auth_resource(auth)->dpop_required);
    r = ask();
    refused("nothing shown", r, 401, NULL);
    ck_assert_uint_eq(r.fields_n, 1);
    ck_assert_int_eq(strncmp(challenge(&r), "DPoP ", 5), 0);
    denied("an open token", shown(token_with(NULL, NULL)), "invalid_token");
    denied("a proof of no body",
           shown_with(bound, proof(mine, bound, "proof-0001", nonce_now(), "")),
           "invalid_dpop_proof");
    taken("a proof of the body",
          shown_with(bound, proof(mine, bound, "proof-0002", nonce_now(),
                                  ",\"bh\":\"RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o\"")));
}
END_TEST

START_TEST(a_token_of_a_key_and_a_certificate_wants_both)
{
    const char *both = token_with(
        "\"acr\":\"mfa\"",
        arena_fmt(arena, "\"cnf\":{\"jkt\":\"%s\",\"x5t#S256\":\"" X5T "\"}", jkt_of(mine)));
    const struct {
        const char *what;
        bool certificate, dpop;
        const struct made_key *key; /* NULL: no proof */
        uint8_t byte;
        bool good;
    } cases[] = {
        {"neither", false, false, NULL, 5, false},
        {"the certificate alone", true, false, NULL, 5, false},
        {"the certificate, and no proof", true, true, NULL, 5, false},
        {"the certificate, and a proof beside a bearer", true, false, mine, 5, false},
        {"the certificate, and another key", true, true, another, 5, false},
        {"the key alone", false, true, mine, 5, false},
        {"the key, and another certificate", true, true, mine, 6, false},
        {"both", true, true, mine, 5, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *id = arena_fmt(arena, "proof-%04zu", i);
        shows_certificate(NOW_S + 1000);
        peer.has_cert = cases[i].certificate;
        peer.cert_sha256[31] = cases[i].byte;
        header("Authorization", arena_fmt(arena, "%s %s", cases[i].dpop ? "DPoP" : "Bearer", both));
        if (cases[i].key != NULL)
            header("DPoP", proof(cases[i].key, both, id, nonce_now(), ""));
        struct auth_result r = ask();
        ck_assert_msg(r.status == (cases[i].good ? 0 : 401), "%s: %d: %s", cases[i].what, r.status,
                      r.why == NULL ? "-" : r.why);
    }
}
END_TEST

START_TEST(what_is_wrong_with_a_proof_is_said_and_counted)
{
    struct auth_token_stats stats;
    struct auth_result r = shown_with(bound, proof(mine, bound, "proof-0001", nonce_now(), ""));
    taken("a good one", r);
    r = shown_with(bound, proof(mine, bound, "short", nonce_now(), ""));
    ck_assert_msg(strstr(challenge(&r), "error_description=\"a proof's jti is 8 to 256 visible "
                                        "characters: jti\"") != NULL,
                  "%s", challenge(&r));
    refused("no nonce", shown_with(bound, proof(mine, bound, "proof-0002", NULL, "")), 401,
            "use_dpop_nonce");
    auth_token_stats(auth, &stats);
    ck_assert_int_eq(stats.refused[AUTH_BAD_PROOF], 1);
    ck_assert_int_eq(stats.refused[AUTH_NO_NONCE], 1);
    ck_assert_int_eq(stats.refused[AUTH_BAD_TOKEN], 0);
}
END_TEST

START_TEST(too_narrow_a_scope_is_said_in_the_way_that_was_used)
{
    const char *narrow = token_with(
        "\"acr\":\"mfa\",\"scope\":\"mcp:propose\"",
        arena_fmt(arena, "\"scope\":\"mcp:read\",\"cnf\":{\"jkt\":\"%s\"}", jkt_of(mine)));
    struct auth_result r = shown_with(narrow, proof(mine, narrow, "proof-0001", nonce_now(), ""));
    taken("a reader", r);
    ck_assert(!auth_scope_allows(auth, arena, ACCESS_PROPOSE, &r));
    ck_assert_int_eq(strncmp(challenge(&r), "DPoP algs=", 10), 0);
    ck_assert_ptr_nonnull(strstr(challenge(&r), "error=\"insufficient_scope\""));
}
END_TEST

SITE_MAIN("sender", begin, end, a_bound_token_is_taken_with_a_proof_of_its_key,
          whoever_found_a_bound_token_gets_nowhere, a_proof_counts_once,
          a_proof_that_led_nowhere_is_not_spent, a_nonce_is_asked_for_and_renewed,
          nothing_made_before_a_restart_is_taken_after_it,
          the_settings_are_what_is_published_and_held_to,
          a_token_of_a_key_and_a_certificate_wants_both,
          what_is_wrong_with_a_proof_is_said_and_counted,
          too_narrow_a_scope_is_said_in_the_way_that_was_used)
