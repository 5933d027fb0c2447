/* The claims of an actor assertion as one table, and what each must be in a given request. Nothing
 * here reads a clock, a registry or a memory of used tokens; engine/auth does. */
#include "proto/assertion.h"

#include <string.h>

#include "common/base/json.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"

static bool is_token_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           strchr("-._~", c) != NULL;
}

static const char *check_token(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!is_token_char(*p))
            return "expected letters, digits, '-', '.', '_' or '~' only";
    return NULL;
}

static const char *check_visible(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (*p < 0x21 || *p > 0x7e)
            return "expected visible ASCII without spaces";
    return NULL;
}

static const char *check_words(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e)
            return "expected printable ASCII";
    return NULL;
}

static const char *check_hash(const char *text)
{
    uint8_t hash[SHA256_LEN];
    size_t len;
    if (!base64url_parse(str_of(text), hash, sizeof hash, &len) || len != sizeof hash)
        return "expected a SHA-256 in base64url";
    return NULL;
}

static const char *check_path(const char *text)
{
    return text[0] == '/' ? check_visible(text) : "expected a path that begins with '/'";
}

static const char *check_channel(const char *text)
{
    static const char *const names[] = {"web", "slack", "chat", "api"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0)
            return NULL;
    return "expected web, slack, chat or api";
}

/* 2^53 - 1: what every JSON reader agrees on. */
#define TIME_MAX_S 9007199254740991

static const struct json_field fields[] = {
    JSON_TEXT(struct assertion, sub, .required = true, .max = 135, .check = check_visible),
    JSON_TEXT(struct assertion, principal, .min = 1, .max = 128, .check = check_visible),
    JSON_TEXT(struct assertion, obo, .min = 1, .max = 128, .check = check_visible),
    JSON_TEXT(struct assertion, aud, .required = true, .max = 256, .check = check_visible),
    JSON_TEXT(struct assertion, htm, .required = true, .max = 16, .check = check_token),
    JSON_TEXT(struct assertion, htu, .required = true, .max = 512, .check = check_path),
    JSON_TEXT(struct assertion, bh, .required = true, .max = 43, .check = check_hash),
    JSON_INT(struct assertion, iat, .required = true, .min = 1, .max = TIME_MAX_S),
    JSON_INT(struct assertion, exp, .required = true, .min = 1, .max = TIME_MAX_S),
    JSON_TEXT(struct assertion, jti, .required = true, .min = 8, .max = 128, .check = check_token),
    JSON_TEXT(struct assertion, channel, .required = true, .max = 8, .check = check_channel),
    JSON_INT(struct assertion, auth_time, .min = 0, .max = TIME_MAX_S, .def = 0),
    JSON_TEXT(struct assertion, acr, .min = 1, .max = 128, .check = check_visible),
    JSON_TEXTS(struct assertion, amr, amr_n, .max = 16, .each_max = 64, .unique = true,
               .check = check_visible),
    JSON_TEXT(struct assertion, client, .min = 1, .max = 128, .check = check_visible),
    JSON_TEXT(struct assertion, model, .min = 1, .max = 128, .check = check_words),
};

void assertion_body_hash(struct str body, char out[ASSERTION_HASH_SIZE])
{
    uint8_t hash[SHA256_LEN];
    sha256(body.at, body.len, hash);
    char text[BASE64_SIZE(SHA256_LEN)];
    base64url_print(hash, sizeof hash, text);
    memcpy(out, text, ASSERTION_HASH_SIZE);
}

struct err assertion_parse(struct arena *arena, const struct jws *jws, struct assertion *a)
{
    const struct json_limits limits = {.depth_max = 4, .bytes_max = JWS_TEXT_MAX, .nodes_max = 128};
    struct json *tree = NULL;

    *a = (struct assertion){0};
    ENSURE(jws->typ == NULL || text_eq(jws->typ, "JWT") || text_eq(jws->typ, ASSERTION_TYP),
           ERR_INPUT, "the token is of another type than an actor assertion");
    TRY(json_read(arena, jws->payload, &limits, &tree));
    TRY(json_bind(arena, JSON_FIELDS(fields), tree, a));
    ENSURE(a->client == NULL || text_eq(a->client, jws->kid), ERR_INPUT,
           "the assertion names another client than its key");
    return OK;
}

static struct err check_times(const struct assertion *a, const struct assertion_request *req)
{
    const int64_t now_s = req->now_us / 1000000;

    ENSURE(a->exp > a->iat && a->exp - a->iat <= ASSERTION_LIFE_MAX_S, ERR_AUTH,
           "the assertion lives longer than 60 seconds, or not at all");
    ENSURE(a->iat <= now_s + ASSERTION_SKEW_S, ERR_AUTH,
           "the assertion is from the future: compare the clocks");
    ENSURE(now_s < a->exp + ASSERTION_SKEW_S, ERR_AUTH, "the assertion has expired");
    /* What was used before the restart is forgotten, so nothing of that time may come again. */
    ENSURE(a->iat >= req->started_us / 1000000, ERR_AUTH,
           "the assertion was made before the engine started");
    ENSURE(a->auth_time <= now_s + ASSERTION_SKEW_S, ERR_AUTH, "auth_time is in the future");
    return OK;
}

struct err assertion_check(const struct assertion *a, const struct assertion_request *req)
{
    char hash[ASSERTION_HASH_SIZE];

    ENSURE(text_eq(a->aud, req->aud), ERR_AUTH, "the assertion is for another engine (aud)");
    ENSURE(text_eq(a->htm, req->method), ERR_AUTH, "the assertion is for another method (htm)");
    ENSURE(str_is(req->path, a->htu), ERR_AUTH, "the assertion is for another path (htu)");
    assertion_body_hash(req->body, hash);
    ENSURE(text_eq(a->bh, hash), ERR_AUTH, "the assertion is for another body (bh)");
    return check_times(a, req);
}

struct err assertion_sign(struct arena *arena, const struct ed25519_key *key, const char *client_id,
                          const struct assertion *a, const char **text)
{
    struct json *tree = NULL;
    struct str payload;
    CLEANUP(jw_fini) struct jw w;

    jw_init(&w, JWS_TEXT_MAX);
    TRY(json_unbind(arena, JSON_FIELDS(fields), a, &tree));
    jw_tree(&w, NULL, tree);
    TRY(jw_done(&w, &payload));
    return jws_sign(arena, key, client_id, ASSERTION_TYP, payload, text);
}
