/* An asset's name changes with its bytes, so a browser may keep it for good; the page is asked for
 * anew each time, and says by its ETag that it is still the same. */
#include "agent/web/static.h"

#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/crypt.h"
#include "common/sys/embed.h"

#define PAIRS_MAX  8
#define ASSETS     "/assets/"
#define VERIFIER   "/verify.html"
#define POLICY_MAX 600

static const char no_page[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>closegate</title>"
    "<h1>This build has no workspace in it</h1><p>Build it with deploy/build-ui, then configure "
    "and build closegate again.</p></html>\n";

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".woff2", "font/woff2"},
    {".png", "image/png"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
};

static const char *type_of(struct str name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const size_t n = strlen(types[i].ending);
        if (name.len > n && memcmp(name.at + name.len - n, types[i].ending, n) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

static const struct embedded *file_of(struct str name, const char *suffix)
{
    const size_t n = strlen(suffix);
    for (size_t i = 0; i < workspace_files_n; i++) {
        const char *have = workspace_files[i].name;
        if (strlen(have) == name.len + n && memcmp(have, name.at, name.len) == 0 &&
            strcmp(have + name.len, suffix) == 0)
            return &workspace_files[i];
    }
    return NULL;
}

bool static_built(void)
{
    return file_of(STR("index.html"), "") != NULL;
}

struct answer {
    struct http_reply reply;
    struct http_pair pairs[PAIRS_MAX];
    char policy[POLICY_MAX];
};

static void pair(struct answer *a, const char *name, const char *value)
{
    INVARIANT(a->reply.pairs_n < PAIRS_MAX);
    a->pairs[a->reply.pairs_n++] = (struct http_pair){.name = name, .value = value};
}

static void answer_with(struct web_req *req, struct answer *a, const struct embedded *file)
{
    char digest[SHA256_HEX_SIZE], etag[24];
    struct str asked;
    sha256_hex(file->bytes, file->len, digest);
    etag[0] = '"';
    memcpy(etag + 1, digest, 16);
    memcpy(etag + 17, "\"", 2);
    pair(a, "ETag", etag);
    if (http_header(web_http(req), "If-None-Match", &asked) == 1 && str_is(asked, etag)) {
        a->reply.status = 304;
        a->reply.content_type = NULL;
    } else {
        a->reply.status = 200;
        a->reply.body = (const char *)file->bytes;
        a->reply.body_len = file->len;
    }
    web_reply(req, &a->reply);
}

/* The policy that a page of one file says in its own head, by the hashes of its script and style;
 * what only a header can say is added. False: it says none. */
static bool policy_of(const struct embedded *file, char policy[POLICY_MAX])
{
    static const char before[] = "http-equiv=\"Content-Security-Policy\" content=\"";
    static const char more[] = "; frame-ancestors 'none'";
    const char *page = (const char *)file->bytes;
    const char *at = memmem(page, file->len, before, sizeof before - 1);
    const char *end = NULL;
    if (at != NULL) {
        at += sizeof before - 1;
        end = memchr(at, '"', file->len - (size_t)(at - page));
    }
    if (end == NULL || (size_t)(end - at) + sizeof more > POLICY_MAX)
        return false;
    memcpy(policy, at, (size_t)(end - at));
    memcpy(policy + (end - at), more, sizeof more);
    return true;
}

static struct str name_of(struct str path, bool *asset)
{
    const size_t n = sizeof ASSETS - 1;
    *asset = path.len > n && memcmp(path.at, ASSETS, n) == 0;
    if (*asset)
        return (struct str){path.at + n, path.len - n};
    return str_is(path, VERIFIER) ? STR("closegate-verify.html") : STR("index.html");
}

void static_reply(struct web_req *req)
{
    bool asset;
    const struct str name = name_of(web_http(req)->path, &asset);
    const struct embedded *file = file_of(name, "");
    const struct embedded *gz = file_of(name, ".gz");
    struct answer a = {.reply = {.content_type = type_of(name)}};
    a.reply.pairs = a.pairs;
    if (file == NULL) {
        a.reply.status = asset ? 404 : 503;
        a.reply.content_type = "text/html; charset=utf-8";
        a.reply.body = asset ? "" : no_page;
        a.reply.body_len = strlen(a.reply.body);
        web_reply(req, &a.reply);
        return;
    }
    pair(&a, "Cache-Control", asset ? "public, max-age=31536000, immutable" : "no-cache");
    pair(&a, "Vary", "Accept-Encoding");
    if (str_is(web_http(req)->path, VERIFIER) && policy_of(file, a.policy))
        pair(&a, "Content-Security-Policy", a.policy);
    if (gz != NULL && http_header_has(web_http(req), "Accept-Encoding", "gzip")) {
        pair(&a, "Content-Encoding", "gzip");
        file = gz;
    }
    answer_with(req, &a, file);
}
