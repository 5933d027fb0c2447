/* The page a change comes from is told by three things that must agree: the token only our page
 * knows, Origin, and Sec-Fetch-Site where a browser sends it. */
#include "agent/web/guard.h"

#include <string.h>

/* "https://host:port" without its scheme. */
static struct str authority_of(const char *url)
{
    const char *at = strstr(url, "://");
    return str_of(at == NULL ? url : at + 3);
}

bool guard_host(const struct agent_config *config, const struct http_req *http)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "[::1]"};
    struct str host = http->host;
    if (str_eq(host, authority_of(config->workspace_url)) || str_is(host, config->listen))
        return true;
    for (size_t i = host.len; i > 0 && host.at[i - 1] != ']'; i--)
        if (host.at[i - 1] == ':') {
            host.len = i - 1;
            break;
        }
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        if (str_is_nocase(host, local[i])) /* health checks, and browsers in dev */
            return true;
    return false;
}

static bool origin_is_ours(const struct request *r)
{
    struct str origin, site;
    if (http_header(r->http, "Origin", &origin) != 1)
        return false;
    if (http_header(r->http, "Sec-Fetch-Site", &site) == 1 && !str_is(site, "same-origin"))
        return false;
    if (str_is(origin, r->config->workspace_url))
        return true;
    /* in dev the page may have been opened under another name of this machine */
    return r->config->env == CONFIG_DEV && origin.len > 7 && memcmp(origin.at, "http://", 7) == 0 &&
           str_eq((struct str){origin.at + 7, origin.len - 7}, r->http->host);
}

static bool token_fits(const struct request *r)
{
    struct str token;
    return http_header(r->http, "X-CSRF-Token", &token) == 1 &&
           token.len == strlen(r->session.csrf) &&
           bytes_eq_ct(token.at, r->session.csrf, token.len);
}

/* No form of another site can send this type without asking first. */
static bool is_json(const struct request *r)
{
    struct str type, rest, all;
    if (http_header(r->http, "Content-Type", &all) != 1)
        return false;
    if (!str_cut(all, ';', &type, &rest))
        type = all;
    return str_is_nocase(str_trim(type), "application/json");
}

bool guard_refuses(struct request *r, unsigned needs)
{
    if ((needs & NEEDS_SESSION) != 0 && !r->signed_in) {
        reply_error(r, 401, "signed_out", "sign in first", NULL);
        return true;
    }
    if ((needs & NEEDS_CSRF) == 0)
        return false;
    if (!origin_is_ours(r) || (r->signed_in && !token_fits(r))) {
        reply_error(r, 403, "csrf", "this request does not come from the workspace's own page",
                    NULL);
        return true;
    }
    if (r->http->body.len > 0 && !is_json(r)) {
        reply_error(r, 415, "input", "application/json is expected", NULL);
        return true;
    }
    return false;
}
