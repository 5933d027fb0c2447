/* Where we are and whom we believe, for clients that have to get a token. */
#include "proto/protected_resource.h"

#include <string.h>

#include "proto/access_token.h"
#include "proto/oidc_discovery.h"

/* Up to the path. */
static struct str origin_of(const char *uri)
{
    const char *host = strstr(uri, "://") + 3;
    return (struct str){uri, (size_t)(host - uri) + strcspn(host, "/?")};
}

static bool ends_with(struct str text, const char *end)
{
    const size_t n = strlen(end);
    return text.len >= n && memcmp(text.at + text.len - n, end, n) == 0;
}

static bool has_dot_segment(const char *path)
{
    for (const char *p = path; (p = strstr(p, "/.")) != NULL; p++) {
        const size_t dots = strspn(p + 1, ".");
        if (dots <= 2 && (p[1 + dots] == '/' || p[1 + dots] == '\0'))
            return true;
    }
    return strstr(path, "//") != NULL;
}

const char *resource_uri_wrong(const char *uri, bool loopback)
{
    if (!oidc_url_allowed(uri, loopback))
        return "expected an https:// address such as https://closegate.example.com/mcp";
    const struct str origin = origin_of(uri);
    const char *path = uri + origin.len;
    for (size_t i = 0; i < origin.len; i++)
        if (origin.at[i] >= 'A' && origin.at[i] <= 'Z')
            return "its host is to be written in lower case";
    if (ends_with(origin, ":") || ends_with(origin, strncmp(uri, "https", 5) == 0 ? ":443" : ":80"))
        return "its port goes without saying";
    if (strchr(uri, '?') != NULL)
        return "it has no query";
    if (path[0] == '\0' || path[strlen(path) - 1] == '/')
        return "its path is /mcp, or what stands for it outside, without a slash behind it";
    return has_dot_segment(path) ? "its path has empty or dot segments" : NULL;
}

const char *resource_metadata_url(struct arena *arena, const char *resource)
{
    const struct str origin = origin_of(resource);
    return arena_fmt(arena, "%.*s" RESOURCE_METADATA_PATH "%s", (int)origin.len, origin.at,
                     resource + origin.len);
}

static struct json *texts(struct arena *arena, const char *const *items)
{
    struct json *list = json_array_new(arena);
    for (; *items != NULL; items++)
        json_push(arena, list, json_text_new(arena, *items));
    return list;
}

struct json *resource_metadata(struct arena *arena, const struct protected_resource *r)
{
    const char *const servers[] = {r->issuer, NULL}, *const methods[] = {"header", NULL};
    static const char *const scopes[] = {ACCESS_SCOPE_READ, ACCESS_SCOPE_PROPOSE, NULL};
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "resource", r->resource);
    json_put_text(arena, o, "resource_name", r->name);
    json_put(arena, o, "authorization_servers", texts(arena, servers));
    json_put(arena, o, "scopes_supported", texts(arena, scopes));
    json_put(arena, o, "bearer_methods_supported", texts(arena, methods));
    if (r->dpop_algs != NULL)
        json_put(arena, o, "dpop_signing_alg_values_supported", texts(arena, r->dpop_algs));
    if (r->dpop_required)
        json_put(arena, o, "dpop_bound_access_tokens_required", json_bool_new(arena, true));
    if (r->mtls_bound)
        json_put(arena, o, "tls_client_certificate_bound_access_tokens",
                 json_bool_new(arena, true));
    return arena_full(arena) ? NULL : o;
}
