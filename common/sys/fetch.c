/* One easy handle a call: libcurl connects, speaks HTTP and verifies TLS; the answer lands in the
 * arena. */
#include "common/sys/fetch.h"

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/sys/http_req.h"

#define REPLY_MAX_DEFAULT ((size_t)16 * 1024 * 1024)
#define TIMEOUT_DEFAULT   30000U
#define HEADERS_MAX       ((size_t)64 * 1024)

struct exchange {
    CURL *curl;
    struct curl_slist *headers;
    struct buf head, body;
    const struct fetch_req *req;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool curl_ready;

static void curl_start(void)
{
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

static void exchange_fini(struct exchange *x)
{
    curl_easy_cleanup(x->curl);
    curl_slist_free_all(x->headers);
    buf_fini(&x->head);
    buf_fini(&x->body);
}

static void exchange_fini_cleanup(struct exchange *x)
{
    exchange_fini(x);
}

static bool is_stream(const struct exchange *x)
{
    const char *type = NULL;
    struct str name, rest;
    (void)curl_easy_getinfo(x->curl, CURLINFO_CONTENT_TYPE, &type);
    (void)str_cut(str_of(type), ';', &name, &rest);
    return x->req->stream_type != NULL && str_is_nocase(str_trim(name), x->req->stream_type);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;
    if (is_stream(x))
        return x->req->take(x->req->ctx, bytes, size * n) ? size * n : 0;
    buf_put(&x->body, bytes, size * n);
    return x->body.failed ? 0 : size * n;
}

static int on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                       curl_off_t up)
{
    const struct exchange *x = arg;
    (void)down_all, (void)down, (void)up_all, (void)up;
    return x->req->give_up(x->req->ctx) ? 1 : 0;
}

/* libcurl's write callback: anything but the full size ends the transfer. */
static size_t on_bytes(char *bytes, size_t size, size_t n, void *arg)
{
    struct buf *out = arg;
    buf_put(out, bytes, size * n);
    return out->failed ? 0 : size * n;
}

/* A status line starts the header section anew: 100 Continue has one of its own. */
static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct buf *out = arg;
    if (size * n >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        buf_clear(out);
    return on_bytes(bytes, size, n, arg);
}

static bool text_is(const char *text, bool (*allowed)(unsigned char))
{
    for (; *text != '\0'; text++) {
        if (!allowed((unsigned char)*text))
            return false;
    }
    return true;
}

static struct err header_add(struct arena *arena, struct exchange *x, const char *name,
                             const char *value)
{
    ENSURE(!text_empty(name) && text_is(name, http_is_token) && value != NULL &&
               text_is(value, http_is_value),
           ERR_INPUT, "a header holds a character that is not allowed");
    /* "Name;" is how libcurl is told of an empty value. */
    const char *line =
        value[0] == '\0' ? arena_fmt(arena, "%s;", name) : arena_fmt(arena, "%s: %s", name, value);
    struct curl_slist *more = line == NULL ? NULL : curl_slist_append(x->headers, line);
    ENSURE(more != NULL, ERR_LIMIT, "out of memory");
    x->headers = more;
    return OK;
}

static struct err headers_set(struct arena *arena, const struct fetch_req *req, struct exchange *x)
{
    const char *type = req->content_type == NULL ? "application/json" : req->content_type;
    if (req->body.len > 0)
        TRY(header_add(arena, x, "Content-Type", type));
    for (size_t i = 0; i < req->pairs_n; i++)
        TRY(header_add(arena, x, req->pairs[i].name, req->pairs[i].value));
    struct curl_slist *more = curl_slist_append(x->headers, "Expect:"); /* never wait for 100 */
    ENSURE(more != NULL, ERR_LIMIT, "out of memory");
    x->headers = more;
    ENSURE(curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK, ERR_LIMIT,
           "out of memory");
    return OK;
}

static bool set_method(CURL *curl, const struct fetch_req *req)
{
    const char *method = req->method == NULL ? "POST" : req->method;
    bool body = req->body.len > 0 || strcmp(method, "POST") == 0;
    int rc = 0;
    if (strcmp(method, "HEAD") == 0)
        rc |= (int)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (body) {
        const char *bytes = req->body.at == NULL ? "" : req->body.at;
        rc |= (int)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes);
        rc |= (int)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len);
    }
    rc |= (int)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    return rc == 0;
}

static bool set_options(struct exchange *x, const struct fetch_req *req)
{
    CURL *c = x->curl;
    long timeout = req->timeout_ms == 0               ? (long)TIMEOUT_DEFAULT
                   : req->timeout_ms == FETCH_FOREVER ? 0L
                                                      : (long)req->timeout_ms;
    int rc = 0;
    rc |= (int)curl_easy_setopt(c, CURLOPT_URL, req->url);
    rc |= (int)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    rc |= (int)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    rc |= (int)curl_easy_setopt(c, CURLOPT_PROXY, "");
    rc |= (int)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    rc |= (int)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, timeout);
    rc |= (int)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    rc |= (int)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    rc |= (int)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    rc |= (int)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    rc |= (int)curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
    rc |= (int)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    rc |= (int)curl_easy_setopt(c, CURLOPT_HEADERDATA, &x->head);
    if (req->give_up != NULL) {
        rc |= (int)curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
        rc |= (int)curl_easy_setopt(c, CURLOPT_XFERINFODATA, x);
        rc |= (int)curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    }
    if (req->unix_socket != NULL)
        rc |= (int)curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, req->unix_socket);
    return rc == 0 && set_method(c, req);
}

static struct err outcome(const struct exchange *x, const struct fetch_req *req, CURLcode code)
{
    const char *where = req->unix_socket != NULL ? req->unix_socket : req->url;
    long connected = 0;
    (void)curl_easy_getinfo(x->curl, CURLINFO_NUM_CONNECTS, &connected);
    if (code == CURLE_OK)
        return OK;
    if (x->body.failed || x->head.failed)
        return err_at(ERR_LIMIT, where, "the answer is larger than its ceiling");
    if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT)
        return err_at(ERR_INPUT, where, "not an http or https URL");
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
        return err_at(ERR_MISSING, where, "nobody answers there; is the daemon running?");
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR)
        return err_at(ERR_UPSTREAM, where, "the TLS connection cannot be trusted");
    if (code == CURLE_OUT_OF_MEMORY)
        return err_new(ERR_LIMIT, "out of memory");
    if (connected == 0)
        return err_at(ERR_UPSTREAM, where, curl_easy_strerror(code));
    return err_at(ERR_UNKNOWN, where, "the request was sent and no whole answer came");
}

static size_t lines_in(struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '\n' ? 1 : 0;
    return n;
}

static struct err read_headers(struct arena *arena, struct str text, struct fetch_reply *out)
{
    struct str line, name, value;
    struct http_pair *pairs = ARENA_ARRAY(arena, lines_in(text), struct http_pair);
    ENSURE(pairs != NULL, ERR_LIMIT, "out of memory");
    while (str_cut(text, '\n', &line, &text)) {
        if (line.len > 0 && line.at[line.len - 1] == '\r')
            line.len--;
        if (!str_cut(line, ':', &name, &value))
            continue; /* the status line, the empty line */
        pairs[out->pairs_n++] = (struct http_pair){.name = str_dup(arena, name),
                                                   .value = str_dup(arena, str_trim(value))};
    }
    out->pairs = pairs;
    return arena_check(arena);
}

struct err fetch(struct arena *arena, const struct fetch_req *req, struct fetch_reply *out)
{
    *out = (struct fetch_reply){0};
    (void)pthread_once(&once, curl_start);
    __attribute__((cleanup(exchange_fini_cleanup))) struct exchange x = {
        .curl = curl_ready ? curl_easy_init() : NULL, .req = req};
    buf_init(&x.head, HEADERS_MAX);
    buf_init(&x.body, req->reply_max == 0 ? REPLY_MAX_DEFAULT : req->reply_max);
    ENSURE(x.curl != NULL, ERR_LIMIT, "libcurl cannot be set up");
    ENSURE(set_options(&x, req), ERR_INPUT, "libcurl does not take the request");
    TRY(headers_set(arena, req, &x));
    TRY(outcome(&x, req, curl_easy_perform(x.curl)));
    long status = 0;
    (void)curl_easy_getinfo(x.curl, CURLINFO_RESPONSE_CODE, &status);
    out->status = (int)status;
    out->body.at = arena_dup(arena, buf_text(&x.body), x.body.len);
    out->body.len = x.body.len;
    ENSURE(out->body.at != NULL, ERR_LIMIT, "the answer does not fit into memory");
    return read_headers(arena, buf_str(&x.head), out);
}

const char *fetch_header(const struct fetch_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->pairs_n; i++) {
        if (str_is_nocase(str_of(reply->pairs[i].name), name))
            return reply->pairs[i].value;
    }
    return NULL;
}
