/* header-trust: a proxy in front of us has signed the person in and says who it is: in a header,
 * and in prod in a token of its own that it signs. The header counts only from a proxy we trust. */
#include <string.h>

#include "agent/oidc/page.h"
#include "agent/oidc/signin_own.h"
#include "common/sys/log.h"
#include "proto/oidc_claims.h"

#define VALUE_MAX ((size_t)255)

static bool from_proxy(const struct request *r)
{
    const struct setting_networks *trusted = &r->config->trusted_proxies;
    for (size_t i = 0; i < trusted->n && !r->peer->is_unix; i++) {
        if (netblock_has(&trusted->items[i], &r->peer->addr))
            return true;
    }
    return false;
}

/* A name without spaces or control characters at the places where they would hide. */
static bool is_value(const char *text)
{
    const size_t len = text == NULL ? 0 : strlen(text);
    if (len == 0 || len > VALUE_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x21 || text[i] == 0x7f)
            return false;
    }
    return utf8_valid(text, len);
}

/* ERR_AUTH when the header is there twice: some proxies add, and the first would be the browser's.
 */
static struct err one_header(struct request *r, const char *name, const char **value)
{
    struct str text;
    const size_t n = http_header(r->http, name, &text);
    *value = NULL;
    if (n == 0)
        return OK;
    if (n > 1)
        return err_at(ERR_AUTH, name, "the header that names the person is there twice");
    *value = str_dup(r->arena, text);
    return arena_check(r->arena);
}

static struct err check_claims(const struct request *r, const struct json *claims)
{
    const struct proxy_jwt_config *p = &r->config->proxy_jwt;
    const int64_t now_s = r->now_us / 1000000, skew_s = r->config->oidc.skew_s;
    int64_t exp, iat, nbf;
    TRY(claim_time(claims, "exp", &exp));
    TRY(claim_time(claims, "iat", &iat));
    TRY(claim_time(claims, "nbf", &nbf));
    ENSURE(text_eq(json_get_text(claims, "iss"), p->issuer), ERR_AUTH,
           "the proxy's token is of another issuer");
    ENSURE(claim_holds(json_get(claims, "aud"), p->audience), ERR_AUTH,
           "the proxy's token was made for another application (aud)");
    ENSURE(exp >= 0 && now_s < exp + skew_s, ERR_AUTH, "the proxy's token has expired");
    ENSURE(iat <= now_s + skew_s && nbf <= now_s + skew_s, ERR_AUTH,
           "the proxy's token is from the future: compare the clocks");
    return OK;
}

static struct err read_token(struct request *r, const char *token, struct proxy_person *out)
{
    const struct json *claims;
    struct jose_key key;
    struct jws jws;
    int64_t auth_time;
    TRY(jws_parse_foreign(r->arena, str_of(token), &jws));
    TRY(jwks_cache_find(r->agent->signin->proxy_keys, &jws, r->now_us, &key));
    TRY(jws_verify(&jws, &key));
    TRY(claims_read(r->arena, jws.payload, &claims));
    TRY(check_claims(r, claims));
    out->value = json_text(claim_find(claims, r->config->proxy_jwt.claim));
    ENSURE(is_value(out->value), ERR_AUTH, "the proxy's token does not name anybody");
    TRY(claim_time(claims, "auth_time", &auth_time));
    out->auth_time = auth_time < 0 || auth_time > r->now_us / 1000000 ? 0 : auth_time;
    return OK;
}

static struct err read_person(struct request *r, struct proxy_person *out)
{
    const char *header, *token;
    TRY(one_header(r, r->config->header_trust_header, &header));
    if (r->agent->signin->proxy_keys == NULL) { /* dev only: agent_config sees to it */
        ENSURE(header == NULL || is_value(header), ERR_AUTH,
               "the header that names the person is malformed");
        out->value = header;
        out->auth_time = r->now_us / 1000000;
        return OK;
    }
    TRY(one_header(r, r->config->proxy_jwt.header, &token));
    if (token == NULL)
        return OK;
    TRY(read_token(r, token, out));
    ENSURE(header == NULL || strcmp(header, out->value) == 0, ERR_AUTH,
           "the proxy's header and its token name different people");
    return OK;
}

struct err proxy_person_read(struct request *r, struct proxy_person *out)
{
    *out = (struct proxy_person){0};
    if (!from_proxy(r))
        return OK;
    struct err e = read_person(r, out);
    if (e.kind != ERR_AUTH && e.kind != ERR_INPUT)
        return e;
    log_warn("a proxy's word is not taken", LOG_TEXT("request", r->id),
             LOG_TEXT("peer", r->peer->text), LOG_ERR(e), LOG_END);
    *out = (struct proxy_person){0};
    return OK;
}

struct err proxy_login(struct request *r, const char *back)
{
    struct proxy_person person;
    TRY(proxy_person_read(r, &person));
    if (person.value == NULL) {
        page_reply(r, &(struct page){.status = 401,
                                     .title = "You are not signed in",
                                     .lines = {"People sign in here by way of a proxy, and it did "
                                               "not say who you are. Open the address under which "
                                               "the proxy serves closegate."}});
        return OK;
    }
    struct session s = {.backend = "header-trust",
                        .issuer = "",
                        .subject = person.value,
                        .auth_time = person.auth_time};
    return signin_enter(r, &s, "header", NULL, back);
}
