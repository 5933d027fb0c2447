/* Tokens that somebody made to look like the provider's: none gets in, none is remembered, and each
 * is told the same as any other wrong token. */
#include "tests/unit/bearer_site.h"

static const char *flipped(const char *token)
{
    char *bent = arena_strdup(arena, token);
    char *last = strrchr(bent, '.') + 10;
    *last = *last == 'A' ? 'B' : 'A';
    return bent;
}

/* The same bytes by another text: the last character has bits that mean nothing. */
static const char *with_spare_bits(const char *token)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *bent = arena_strdup(arena, token);
    char *last = bent + strlen(bent) - 1;
    *last = digits[(strchr(digits, *last) - digits) + 1]; /* 256 bytes leave four bits over */
    return bent;
}

static const char *rsa_public_text(void)
{
    return made_jwk(arena, rsa, "r1", "");
}

START_TEST(no_attack_on_the_signature_gets_through)
{
    const char *claims = claims_with(NULL, NULL);
    const struct {
        const char *what, *token;
    } cases[] = {
        {"alg none", made_token(arena, rsa, "{\"alg\":\"none\",\"typ\":\"at+jwt\"}", claims)},
        {"alg None", made_token(arena, rsa, "{\"alg\":\"None\",\"typ\":\"at+jwt\"}", claims)},
        {"alg NONE", made_token(arena, rsa, "{\"alg\":\"NONE\",\"typ\":\"at+jwt\"}", claims)},
        {"alg nOnE", made_token(arena, rsa, "{\"alg\":\"nOnE\",\"typ\":\"at+jwt\"}", claims)},
        {"alg empty", made_token(arena, rsa, "{\"alg\":\"\",\"typ\":\"at+jwt\"}", claims)},
        {"alg null", made_token(arena, rsa, "{\"alg\":null,\"typ\":\"at+jwt\"}", claims)},
        {"alg missing", made_token(arena, rsa, "{\"typ\":\"at+jwt\"}", claims)},
        {"alg lower case", signed_by(rsa, "rs256", "r1", claims)},
        {"an algorithm we do not do", signed_by(rsa, "PS256", "r1", claims)},
        {"HS256 with the public key",
         made_hmac_token(arena, rsa_public_text(),
                         "{\"alg\":\"HS256\",\"kid\":\"r1\",\"typ\":\"at+jwt\"}", claims)},
        {"RS256 in name, HMAC in truth",
         made_hmac_token(arena, rsa_public_text(),
                         "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"at+jwt\"}", claims)},
        {"another algorithm than the key's", signed_by(ec, "RS256", "r1", claims)},
        {"the kid of another algorithm's key", signed_by(rsa, "RS256", "e1", claims)},
        {"a key that nobody published", signed_by(other_rsa, "RS256", "r1", claims)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refused(cases[i].what, shown(cases[i].token), 401, "invalid_token");
    ck_assert_uint_eq(token_cache_count(auth->tokens), 0);
    taken("and the good one still", shown(token_with(NULL, NULL)));
}
END_TEST

START_TEST(a_header_neither_brings_its_own_key_nor_its_own_rules)
{
    const char *claims = claims_with(NULL, NULL);
    const struct {
        const char *what, *token;
    } cases[] = {
        {"an embedded jwk",
         made_token(arena, other_rsa,
                    arena_fmt(arena,
                              "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"at+jwt\",\"jwk\":%s}",
                              made_jwk(arena, other_rsa, "r1", "")),
                    claims)},
        {"a jku", made_token(arena, rsa,
                             "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"at+jwt\","
                             "\"jku\":\"https://evil.example/keys\"}",
                             claims)},
        {"an x5u", made_token(arena, rsa,
                              "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"at+jwt\","
                              "\"x5u\":\"https://evil.example/c\"}",
                              claims)},
        {"an x5c",
         made_token(arena, rsa, "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"at+jwt\",\"x5c\":[]}",
                    claims)},
        {"a crit", made_token(arena, rsa,
                              "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"at+jwt\","
                              "\"crit\":[\"exp\"]}",
                              claims)},
        {"an empty crit",
         made_token(arena, rsa, "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"at+jwt\",\"crit\":[]}",
                    claims)},
        {"b64 false", made_token(arena, rsa,
                                 "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"at+jwt\","
                                 "\"b64\":false}",
                                 claims)},
        {"zip", made_token(arena, rsa,
                           "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"at+jwt\",\"zip\":\"DEF\"}",
                           claims)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refused(cases[i].what, shown(cases[i].token), 401, "invalid_token");
    ck_assert_uint_eq(token_cache_count(auth->tokens), 0);
    taken("and the good one still", shown(token_with(NULL, NULL)));
}
END_TEST

START_TEST(what_is_not_an_access_token_of_a_published_key_is_none)
{
    const char *claims = claims_with(NULL, NULL);
    const struct {
        const char *what, *token;
    } cases[] = {
        {"alg twice", made_token(arena, rsa,
                                 "{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"r1\","
                                 "\"typ\":\"at+jwt\"}",
                                 claims)},
        {"kid twice", made_token(arena, rsa,
                                 "{\"alg\":\"RS256\",\"kid\":\"r1\",\"kid\":\"r2\","
                                 "\"typ\":\"at+jwt\"}",
                                 claims)},
        {"an unknown kid", signed_by(rsa, "RS256", "../../dev/null", claims)},
        {"a short key", signed_by(weak_rsa, "RS256", "w1", claims)},
        {"another curve", signed_by(other_curve, "ES384", "c1", claims)},
        {"another curve by our name", signed_by(other_curve, "ES256", "c1", claims)},
        {"a changed signature", flipped(signed_by(rsa, "RS256", "r1", claims))},
        {"no typ", made_jwt(arena, rsa, "r1", claims)},
        {"an ID token",
         made_token(arena, rsa, "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"JWT\"}", claims)},
        {"a DPoP proof",
         made_token(arena, rsa, "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"dpop+jwt\"}", claims)},
        {"a twin claim", token_with("\"sub\":\"ana-7\"", "\"sub\":\"bo-8\",\"sub\":\"ana-7\"")},
        {"not a token", "not.a.jwt"},
        {"one part", "opaque"},
        {"four parts", arena_fmt(arena, "%s.x", token_with(NULL, NULL))},
        {"five parts of an encrypted one", "e30.e30.e30.e30.e30"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refused(cases[i].what, shown(cases[i].token), 401, "invalid_token");
    ck_assert_uint_eq(token_cache_count(auth->tokens), 0);
    taken("and the good one still", shown(token_with(NULL, NULL)));
}
END_TEST

/* Another text of the same bytes would be another token to whoever compares texts. */
START_TEST(there_is_one_text_for_one_token)
{
    const char *good = token_with(NULL, NULL);
    const size_t first = strcspn(good, ".");
    const char *rest = good + first;
    refused("padding", shown(arena_fmt(arena, "%.*s=%s", (int)first, good, rest)), 400,
            "invalid_request");
    refused("padding behind", shown(arena_fmt(arena, "%s=", good)), 401, "invalid_token");
    refused("the other alphabet", shown(arena_fmt(arena, "%.*s+%s", (int)first - 1, good, rest)),
            401, "invalid_token");
    refused("spare bits", shown(with_spare_bits(good)), 401, "invalid_token");
    refused("cut short", shown(arena_fmt(arena, "%.*s", (int)strlen(good) - 3, good)), 401,
            "invalid_token");
    taken("as it is", shown(good));
}
END_TEST

SITE_MAIN("bearer_attacks", up, tear_down, no_attack_on_the_signature_gets_through,
          a_header_neither_brings_its_own_key_nor_its_own_rules,
          what_is_not_an_access_token_of_a_published_key_is_none, there_is_one_text_for_one_token)
