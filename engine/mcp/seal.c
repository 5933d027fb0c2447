/* "payload.mac": base64url of the canonical JSON {about, exp, id, state}, and of its HMAC-SHA256.
 * What was opened is remembered for as long as it could come again. */
#include "engine/mcp/seal.h"

#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/auth/jti_set.h"

#define SEALED_BYTES_MAX ((size_t)64 * 1024)
#define OPENED_MAX       100000

struct seal {
    uint8_t key[SHA256_LEN];
    struct jti_set *opened;
};

struct seal *seal_new(void)
{
    struct seal *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    crypt_random(s->key, sizeof s->key);
    s->opened = jti_set_new(SEAL_LIFE_S + 60, OPENED_MAX);
    if (s->opened == NULL) {
        seal_free(s);
        return NULL;
    }
    return s;
}

void seal_free(struct seal *seal)
{
    if (seal == NULL)
        return;
    jti_set_free(seal->opened);
    free(seal);
}

struct err seal_close(struct seal *seal, struct arena *arena, const char *about,
                      const struct json *state, int64_t now_s, const char **text)
{
    uint8_t random[16], mac[SHA256_LEN];
    char id[BASE64_SIZE(sizeof random)], tag[BASE64_SIZE(sizeof mac)];
    struct json *o = json_object_new(arena);
    struct str payload;
    crypt_random(random, sizeof random);
    base64url_print(random, sizeof random, id);
    json_put_text(arena, o, "about", about);
    json_put_int(arena, o, "exp", now_s + SEAL_LIFE_S);
    json_put_text(arena, o, "id", id);
    json_put(arena, o, "state", state == NULL ? json_null_new(arena) : state);
    TRY(arena_check(arena));
    TRY(jcs_text(arena, o, &payload));
    ENSURE(payload.len <= SEALED_BYTES_MAX, ERR_LIMIT, "a sealed state is too large");
    hmac_sha256(seal->key, sizeof seal->key, payload.at, payload.len, mac);
    base64url_print(mac, sizeof mac, tag);
    char *body = arena_alloc(arena, BASE64_SIZE(payload.len));
    ENSURE(body != NULL, ERR_LIMIT, "out of memory");
    base64url_print(payload.at, payload.len, body);
    *text = arena_fmt(arena, "%s.%s", body, tag);
    return arena_check(arena);
}

static bool same_mac(const uint8_t a[SHA256_LEN], const uint8_t b[SHA256_LEN])
{
    unsigned differs = 0;
    for (size_t i = 0; i < SHA256_LEN; i++)
        differs |= (unsigned)(a[i] ^ b[i]);
    return differs == 0;
}

static struct err unseal(struct seal *seal, struct arena *arena, const char *text,
                         struct json **tree)
{
    struct str body, tag;
    uint8_t mac[SHA256_LEN], ours[SHA256_LEN];
    size_t n = strlen(text), mac_len, len;
    ENSURE(n <= 2 * SEALED_BYTES_MAX && str_cut(str_of(text), '.', &body, &tag), ERR_INPUT,
           "this requestState is not one of ours");
    char *payload = arena_alloc(arena, n + 1);
    ENSURE(payload != NULL, ERR_LIMIT, "out of memory");
    ENSURE(base64url_parse(tag, mac, sizeof mac, &mac_len) && mac_len == sizeof mac &&
               base64url_parse(body, payload, n, &len),
           ERR_INPUT, "this requestState is not one of ours");
    hmac_sha256(seal->key, sizeof seal->key, payload, len, ours);
    ENSURE(same_mac(mac, ours), ERR_INPUT, "this requestState is not one of ours");
    return json_read(arena, (struct str){payload, len}, NULL, tree);
}

struct err seal_open(struct seal *seal, struct arena *arena, const char *about, const char *text,
                     int64_t now_s, const struct json **state)
{
    struct json *tree;
    int64_t exp;
    TRY(unseal(seal, arena, text, &tree));
    ENSURE(text_eq(json_get_text(tree, "about"), about), ERR_INPUT,
           "this requestState belongs to another request");
    ENSURE(json_int(json_get(tree, "exp"), &exp) && now_s < exp, ERR_INPUT,
           "this requestState is too old: call again without it");
    struct err e = jti_set_use(seal->opened, "state", json_get_text(tree, "id"), now_s);
    ENSURE(e.kind != ERR_CONFLICT, ERR_INPUT, "this requestState was used before");
    TRY(e);
    *state = json_get(tree, "state");
    return OK;
}
