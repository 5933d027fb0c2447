/* A request on an easy handle: who may be connected to, what is trusted, what is said and how
 * often, where the answer lands; and the one reading of how it ended. The same for the thread that
 * waits (fetch.c) and for the loop (fetch_loop.c). */
#include "common/sys/fetch_own.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/sys/http_req.h"
#include "common/sys/loop.h"
#include "common/sys/netaddr.h"
#include "common/sys/trust.h"

#define REPLY_MAX_DEFAULT ((size_t)16 * 1024 * 1024)
#define TIMEOUT_DEFAULT   30000U
#define CONNECT_DEFAULT   10000U
#define HEADERS_MAX       ((size_t)64 * 1024)
#define KEPT_MAX          4L
#define KEPT_AGE_S        45L /* idle; our own daemons let go after 60 */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool ready;

static void start(void)
{
    ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

bool fetch_easy_start(void)
{
    (void)pthread_once(&once, start);
    return ready;
}

/* ---- what libcurl calls ---- */

static int status_of(const struct fetch_easy *x)
{
    long status = 0;
    (void)curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static bool is_stream(const struct fetch_easy *x)
{
    const char *type = NULL;
    struct str name, rest;
    if (x->req->stream_type == NULL || status_of(x) / 100 != 2)
        return false;
    (void)curl_easy_getinfo(x->curl, CURLINFO_CONTENT_TYPE, &type);
    (void)str_cut(str_of(type), ';', &name, &rest);
    return str_is_nocase(str_trim(name), x->req->stream_type);
}

/* libcurl's write callbacks: anything but the full size ends the transfer. */
static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct fetch_easy *x = arg;
    x->moved_ms = loop_now_ms();
    if (is_stream(x))
        return x->req->take(x->req->ctx, bytes, size * n) ? size * n : 0;
    buf_put(&x->body, bytes, size * n);
    return x->body.failed ? 0 : size * n;
}

/* A status line starts the header section anew: 100 Continue has one of its own. */
static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct fetch_easy *x = arg;
    x->moved_ms = loop_now_ms();
    if (size * n >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        buf_clear(&x->head);
    buf_put(&x->head, bytes, size * n);
    return x->head.failed ? 0 : size * n;
}

/* The request's body, said once. */
static size_t on_say(char *to, size_t size, size_t n, void *arg)
{
    struct fetch_easy *x = arg;
    const size_t left = x->req->body.len - x->said;
    const size_t now = left < size * n ? left : size * n;
    if (now > 0)
        memcpy(to, x->req->body.at + x->said, now);
    x->said += now;
    x->moved_ms = loop_now_ms();
    if (x->said == x->req->body.len) {
        free(x->own_body);
        x->own_body = NULL;
    }
    return now;
}

/* What began to go out is not said again. */
static int on_rewind(void *arg, curl_off_t offset, int origin)
{
    const struct fetch_easy *x = arg;
    return x->said == 0 && offset == 0 && origin == SEEK_SET ? CURL_SEEKFUNC_OK
                                                             : CURL_SEEKFUNC_FAIL;
}

static bool addr_of(const struct curl_sockaddr *from, struct netaddr *addr)
{
    *addr = (struct netaddr){.byte = {[10] = 0xFF, [11] = 0xFF}};
    if (from->family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, &from->addr, sizeof in);
        memcpy(addr->byte + 12, &in.sin_addr, 4);
        return true;
    }
    if (from->family != AF_INET6)
        return false;
    struct sockaddr_in6 in6;
    memcpy(&in6, (const void *)&from->addr, sizeof in6);
    memcpy(addr->byte, &in6.sin6_addr, sizeof addr->byte);
    return true;
}

/* libcurl asks for a socket to the very address it will connect to. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct fetch_easy *x = arg;
    struct netaddr addr;
    (void)purpose;
    if (x->guarded && !(addr_of(to, &addr) && netaddr_is_public(&addr))) {
        x->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* ---- the request ---- */

static bool text_is(const char *text, bool (*allowed)(unsigned char))
{
    for (; *text != '\0'; text++) {
        if (!allowed((unsigned char)*text))
            return false;
    }
    return true;
}

static struct err header_add(struct arena *arena, struct fetch_easy *x, const char *name,
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

static struct err headers_set(struct arena *arena, struct fetch_easy *x)
{
    const struct fetch_req *req = x->req;
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

static bool set_method(struct fetch_easy *x)
{
    const struct fetch_req *req = x->req;
    const char *method = req->method == NULL ? "POST" : req->method;
    const bool head = strcmp(method, "HEAD") == 0, safe = head || strcmp(method, "GET") == 0;
    int rc = 0;
    if (head)
        rc |= (int)curl_easy_setopt(x->curl, CURLOPT_NOBODY, 1L);
    if (req->body.len > 0) {
        rc |= (int)curl_easy_setopt(x->curl, CURLOPT_POST, 1L);
        rc |= (int)curl_easy_setopt(x->curl, CURLOPT_READFUNCTION, on_say);
        rc |= (int)curl_easy_setopt(x->curl, CURLOPT_READDATA, x);
        rc |= (int)curl_easy_setopt(x->curl, CURLOPT_SEEKFUNCTION, on_rewind);
        rc |= (int)curl_easy_setopt(x->curl, CURLOPT_SEEKDATA, x);
    } else if (strcmp(method, "POST") == 0) {
        rc |= (int)curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, "");
    }
    if (req->body.len > 0 || strcmp(method, "POST") == 0)
        rc |=
            (int)curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len);
    if (!safe && req->body.len == 0) /* there is nothing that on_rewind could refuse */
        rc |= (int)curl_easy_setopt(x->curl, CURLOPT_FRESH_CONNECT, 1L);
    rc |= (int)curl_easy_setopt(x->curl, CURLOPT_CUSTOMREQUEST, method);
    return rc == 0;
}

/* A peer of ours: its CA is pinned, and we show who we are. The files are read at each new
 * connection, and whoever changes them need not tell us. */
static int set_pinned(CURL *c, const struct tls_files *tls)
{
    int rc = (int)curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
    if (tls->peer_ca != NULL) {
        rc |= (int)curl_easy_setopt(c, CURLOPT_CAINFO, tls->peer_ca);
        rc |= (int)curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    }
    if (tls->cert != NULL) {
        rc |= (int)curl_easy_setopt(c, CURLOPT_SSLCERT, tls->cert);
        rc |= (int)curl_easy_setopt(c, CURLOPT_SSLKEY, tls->key);
    }
    return rc;
}

/* Where to, and on which connections. */
static int set_peer(struct fetch_easy *x)
{
    CURL *c = x->curl;
    const struct fetch_req *req = x->req;
    const long connect = req->connect_ms == 0 ? (long)CONNECT_DEFAULT : (long)req->connect_ms;
    int rc = 0;
    rc |= (int)curl_easy_setopt(c, CURLOPT_URL, req->url);
    rc |= (int)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, req->https_only ? "https" : "http,https");
    rc |= (int)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    rc |= (int)curl_easy_setopt(c, CURLOPT_PROXY, "");
    rc |= (int)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, connect);
    rc |= (int)curl_easy_setopt(c, CURLOPT_MAXCONNECTS, KEPT_MAX);
    rc |= (int)curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, KEPT_AGE_S);
    rc |= (int)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    rc |= (int)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    if (trust_file() != NULL) /* instead of the system's bundle; its folder serves as before */
        rc |= (int)curl_easy_setopt(c, CURLOPT_CAINFO, trust_file());
    if (req->tls != NULL)
        rc |= set_pinned(c, req->tls);
    if (req->unix_socket != NULL)
        rc |= (int)curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, req->unix_socket);
    if (req->guard != NULL) {
        rc |= (int)curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
        rc |= (int)curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, x);
    }
    return rc;
}

static bool set_options(struct fetch_easy *x)
{
    CURL *c = x->curl;
    const struct fetch_req *req = x->req;
    long timeout = req->timeout_ms == 0               ? (long)TIMEOUT_DEFAULT
                   : req->timeout_ms == FETCH_FOREVER ? 0L
                                                      : (long)req->timeout_ms;
    int rc = set_peer(x);
    rc |= (int)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    rc |= (int)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, timeout);
    rc |= (int)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    rc |= (int)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    rc |= (int)curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
    rc |= (int)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    rc |= (int)curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
    return rc == 0 && set_method(x);
}

/* ---- whom the guard lets through ---- */

/* "host:port" of the URL as libcurl reads it, in the arena; NULL when it is none. */
static const char *authority_of(struct arena *arena, const char *url)
{
    CURLU *u = curl_url();
    char *host = NULL, *port = NULL;
    const char *text = NULL;
    if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
        text = arena_fmt(arena, "%s:%s", host, port);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return text;
}

static struct err guard_set(struct arena *arena, struct fetch_easy *x)
{
    const struct fetch_guard *guard = x->req->guard;
    const char *authority = authority_of(arena, x->req->url);
    x->where = x->req->unix_socket != NULL ? x->req->unix_socket
               : authority != NULL         ? authority
                                           : "the URL";
    if (guard == NULL)
        return OK;
    ENSURE(x->req->unix_socket == NULL, ERR_INPUT, "a Unix socket is no public address");
    x->guarded = true;
    for (size_t i = 0; authority != NULL && i < guard->allow_n; i++)
        if (str_is_nocase(str_of(authority), guard->allow[i]))
            x->guarded = false;
    return OK;
}

struct err fetch_easy_set(struct arena *arena, struct fetch_easy *x)
{
    buf_init(&x->head, HEADERS_MAX);
    buf_init(&x->body, x->req->reply_max == 0 ? REPLY_MAX_DEFAULT : x->req->reply_max);
    x->moved_ms = loop_now_ms();
    TRY(guard_set(arena, x));
    ENSURE(set_options(x), ERR_INPUT, "libcurl does not take the request");
    return headers_set(arena, x);
}

void fetch_easy_fini(struct fetch_easy *x)
{
    curl_slist_free_all(x->headers);
    buf_fini(&x->head);
    buf_fini(&x->body);
    free(x->own_body);
}

/* ---- what came of it ---- */

bool fetch_easy_was_sent(const struct fetch_easy *x)
{
    long bytes = 0;
    (void)curl_easy_getinfo(x->curl, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
}

struct err fetch_easy_outcome(const struct fetch_easy *x, CURLcode code)
{
    const char *where = x->where;
    if (code == CURLE_OK)
        return OK;
    if (x->body.failed || x->head.failed)
        return err_at(ERR_LIMIT, where, "the answer is larger than its ceiling");
    if (code == CURLE_OUT_OF_MEMORY)
        return err_new(ERR_LIMIT, "out of memory");
    if (fetch_easy_was_sent(x))
        return err_at(ERR_UNKNOWN, where, "the request was sent and no whole answer came");
    if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT)
        return err_at(ERR_INPUT, where,
                      x->req->https_only ? "not an https URL" : "not an http or https URL");
    if (x->refused)
        return err_at(ERR_INPUT, where, "it leads to an address that is not public");
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
        code == CURLE_OPERATION_TIMEDOUT)
        return err_at(ERR_MISSING, where, "nobody answers there; is the daemon running?");
    if (code == CURLE_SSL_CERTPROBLEM)
        return err_at(ERR_UPSTREAM, where, "our own certificate or its key cannot be used");
    if (x->req->tls != NULL &&
        (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR))
        return err_at(ERR_UPSTREAM, where,
                      "the TLS connection cannot be trusted: its certificate is from nobody that "
                      "was named for it, or ours is not taken");
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR)
        return err_at(
            ERR_UPSTREAM, where,
            "the TLS connection cannot be trusted (CLOSEGATE_CA_FILE names a private CA)");
    return err_at(ERR_UPSTREAM, where, curl_easy_strerror(code));
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

struct err fetch_easy_reply(struct arena *arena, const struct fetch_easy *x,
                            struct fetch_reply *out)
{
    *out = (struct fetch_reply){.status = status_of(x),
                                .body = {.at = buf_text(&x->body), .len = x->body.len}};
    return read_headers(arena, buf_str(&x->head), out);
}
