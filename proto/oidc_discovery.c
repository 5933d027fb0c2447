/* The provider's document, held against what we were told of it. */
#include "proto/oidc_discovery.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "proto/oidc_claims.h"

#define URL_MAX ((size_t)2048)

static bool is_this_machine(struct str host)
{
    struct str name, port;
    if (host.len > 0 && host.at[0] == '[')
        return host.len >= 5 && memcmp(host.at, "[::1]", 5) == 0 &&
               (host.len == 5 || host.at[5] == ':');
    (void)str_cut(host, ':', &name, &port);
    return str_is_nocase(name, "localhost") || (name.len > 4 && memcmp(name.at, "127.", 4) == 0 &&
                                                strspn(name.at, "0123456789.") >= name.len);
}

bool oidc_url_allowed(const char *url, bool loopback)
{
    const size_t len = url == NULL ? 0 : strlen(url);
    const size_t scheme = len == 0                           ? 0
                          : strncmp(url, "https://", 8) == 0 ? 8
                          : strncmp(url, "http://", 7) == 0  ? 7
                                                             : 0;
    if (scheme == 0 || len > URL_MAX)
        return false;
    for (const char *p = url; *p != '\0'; p++) {
        if (*p < 0x21 || *p > 0x7e || strchr("\"#<>\\^`{|}", *p) != NULL)
            return false;
    }
    const struct str host = {url + scheme, strcspn(url + scheme, "/?")};
    if (host.len == 0 || memchr(host.at, '@', host.len) != NULL)
        return false;
    return scheme == 8 || (loopback && is_this_machine(host));
}

const char *discovery_url(struct arena *arena, const char *issuer)
{
    const size_t len = strlen(issuer);
    const int kept = (int)(len > 0 && issuer[len - 1] == '/' ? len - 1 : len);
    return arena_fmt(arena, "%.*s/.well-known/openid-configuration", kept, issuer);
}

static struct err address(struct arena *arena, const struct json *doc, const char *name,
                          bool loopback, const char **out)
{
    *out = json_get_text(doc, name);
    if (!oidc_url_allowed(*out, loopback))
        return err_fmt(arena, ERR_INPUT, name,
                       "the provider's document has no %s, or one that is not an https address",
                       name);
    return OK;
}

static struct err optional_address(struct arena *arena, const struct json *doc, const char *name,
                                   bool loopback, const char **out)
{
    *out = NULL;
    return json_get(doc, name) == NULL ? OK : address(arena, doc, name, loopback, out);
}

/* A list that is absent says what the standard says for that case. */
static bool list_allows(const struct json *doc, const char *name, const char *value,
                        bool when_absent)
{
    const struct json *list = json_get(doc, name);
    return list == NULL ? when_absent : claim_holds(list, value);
}

/* Discovery 4.3: the issuer is the one that was asked for, byte for byte. */
static struct err read_document(struct arena *arena, struct str document, const char *issuer,
                                struct json **doc)
{
    TRY(json_read(arena, document, NULL, doc));
    const char *said = json_get_text(*doc, "issuer");
    ENSURE(said != NULL, ERR_INPUT, "the provider's document names no issuer");
    if (strcmp(said, issuer) != 0)
        return err_fmt(
            arena, ERR_INPUT, "issuer",
            "the provider calls itself %s; CLOSEGATE_OIDC_ISSUER has to say exactly that", said);
    return OK;
}

struct err discovery_keys(struct arena *arena, struct str document, const char *issuer,
                          bool loopback, const char **jwks_uri)
{
    struct json *doc = NULL;
    *jwks_uri = NULL;
    TRY(read_document(arena, document, issuer, &doc));
    return address(arena, doc, "jwks_uri", loopback, jwks_uri);
}

struct err discovery_parse(struct arena *arena, struct str document, const char *issuer,
                           bool loopback, struct oidc_metadata *out)
{
    struct json *doc = NULL;
    *out = (struct oidc_metadata){0};
    TRY(read_document(arena, document, issuer, &doc));
    out->issuer = json_get_text(doc, "issuer");
    TRY(address(arena, doc, "authorization_endpoint", loopback, &out->authorization_endpoint));
    TRY(address(arena, doc, "token_endpoint", loopback, &out->token_endpoint));
    TRY(address(arena, doc, "jwks_uri", loopback, &out->jwks_uri));
    TRY(optional_address(arena, doc, "userinfo_endpoint", loopback, &out->userinfo_endpoint));
    TRY(optional_address(arena, doc, "end_session_endpoint", loopback, &out->end_session_endpoint));
    ENSURE(list_allows(doc, "response_types_supported", "code", true), ERR_INPUT,
           "the provider does not do the authorization code flow");
    ENSURE(list_allows(doc, "code_challenge_methods_supported", "S256", true), ERR_INPUT,
           "the provider does not do PKCE with S256");
    const struct json *iss = json_get(doc, "authorization_response_iss_parameter_supported");
    out->iss_in_answer = json_is(iss, JSON_TYPE_BOOL) && iss->truth;
    const char *methods = "token_endpoint_auth_methods_supported";
    out->takes_basic = list_allows(doc, methods, "client_secret_basic", true);
    out->takes_post = list_allows(doc, methods, "client_secret_post", false);
    return OK;
}
