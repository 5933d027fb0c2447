/* The agent's secret and what is sealed under it. */
#include "agent/call/seals.h"

#include <string.h>

#include "common/sys/crypt.h"

struct seals {
    uint8_t keys[SEAL_USES][AEAD_KEY_LEN];
};

static const char *const purposes[SEAL_USES] = {
    [SEAL_SESSION] = "closegate agent: session cookie 1",
    [SEAL_LOGIN] = "closegate agent: login cookie 1",
    [SEAL_ID_TOKEN] = "closegate agent: id token 1",
};

struct err seals_open(const char *path, struct seals **out)
{
    uint8_t secret[SECRET_LEN];
    struct err e = secret_load(path, secret);
    if (e.kind == ERR_MISSING) {
        struct err made = secret_make(path);
        if (made.kind != ERR_CONFLICT) /* another process may have been first: its secret is ours */
            TRY(made);
        e = secret_load(path, secret);
    }
    TRY(e);
    struct seals *seals = secret_alloc(sizeof *seals);
    ENSURE(seals != NULL, ERR_LIMIT, "no memory");
    for (size_t i = 0; i < SEAL_USES; i++)
        hkdf_sha256(secret, sizeof secret, purposes[i], seals->keys[i]);
    crypt_wipe(secret, sizeof secret);
    *out = seals;
    return OK;
}

void seals_free(struct seals *seals)
{
    secret_free(seals, sizeof *seals);
}

struct err seal_bytes(const struct seals *seals, struct arena *arena, enum seal_use use,
                      const char *about, struct str bytes, struct str *sealed)
{
    uint8_t *out = arena_alloc(arena, bytes.len + AEAD_ADDED);
    TRY(arena_check(arena));
    aead_seal(seals->keys[use], str_of(about), bytes.at, bytes.len, out);
    *sealed = (struct str){(const char *)out, bytes.len + AEAD_ADDED};
    return OK;
}

bool unseal_bytes(const struct seals *seals, struct arena *arena, enum seal_use use,
                  const char *about, struct str sealed, struct str *bytes)
{
    uint8_t *out = sealed.len < AEAD_ADDED ? NULL : arena_alloc(arena, sealed.len - AEAD_ADDED + 1);
    if (out == NULL || !aead_open(seals->keys[use], str_of(about), sealed.at, sealed.len, out))
        return false;
    *bytes = (struct str){(const char *)out, sealed.len - AEAD_ADDED};
    return true;
}

struct err seal_text(const struct seals *seals, struct arena *arena, enum seal_use use,
                     const char *about, struct str bytes, const char **text)
{
    struct str sealed;
    TRY(seal_bytes(seals, arena, use, about, bytes, &sealed));
    char *out = arena_alloc(arena, BASE64_SIZE(sealed.len));
    TRY(arena_check(arena));
    base64url_print(sealed.at, sealed.len, out);
    *text = out;
    return OK;
}

bool unseal_text(const struct seals *seals, struct arena *arena, enum seal_use use,
                 const char *about, const char *text, struct str *bytes)
{
    const struct str in = str_of(text);
    char *out = arena_alloc(arena, in.len + 1);
    struct str sealed = {out, 0};
    return out != NULL && base64url_parse(in, out, in.len, &sealed.len) &&
           unseal_bytes(seals, arena, use, about, sealed, bytes);
}
