/* Judging a head: what two readers could understand differently is refused. */
#include "common/sys/http_req.h"

#include <string.h>

static const struct {
    const char *name;
    enum http_method method;
} methods[] = {
    {"GET", HTTP_GET},     {"HEAD", HTTP_HEAD},     {"POST", HTTP_POST},       {"PUT", HTTP_PUT},
    {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE}, {"OPTIONS", HTTP_OPTIONS},
};
#define METHODS_N (sizeof methods / sizeof methods[0])

const char *http_method_name(enum http_method method)
{
    for (size_t i = 0; i < METHODS_N; i++) {
        if (methods[i].method == method)
            return methods[i].name;
    }
    return "";
}

enum http_method http_method_of(struct str name)
{
    for (size_t i = 0; i < METHODS_N; i++) {
        if (str_is(name, methods[i].name))
            return methods[i].method;
    }
    return HTTP_NONE;
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}

bool http_is_hex(unsigned char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool http_is_token(unsigned char c)
{
    return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool http_is_target(unsigned char c)
{
    return is_alnum(c) || (c != '\0' && strchr("/-._~!$&'()*+,;=:@%?[]", c) != NULL);
}

bool http_is_value(unsigned char c)
{
    return (c >= ' ' && c != 0x7F) || c == '\t';
}

static int refuse(const char **why, int status, const char *sentence)
{
    *why = sentence;
    return status;
}

static bool percents_valid(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] != '%')
            continue;
        if (s.len - i < 3 || !http_is_hex((unsigned char)s.at[i + 1]) ||
            !http_is_hex((unsigned char)s.at[i + 2]))
            return false;
    }
    return true;
}

/* RFC 9112 3.2: origin-form, or asterisk-form for OPTIONS. */
static int judge_target(struct http_req *req, const char **why)
{
    (void)str_cut(req->target, '?', &req->path, &req->query);
    if (str_is(req->target, "*")) {
        return req->method == HTTP_OPTIONS ? 0
                                           : refuse(why, 400, "the target * belongs to OPTIONS");
    }
    if (req->target.len == 0 || req->target.at[0] != '/')
        return refuse(why, 400, "the target is not an absolute path");
    if (!percents_valid(req->target))
        return refuse(why, 400, "the target holds a malformed percent-encoding");
    return 0;
}

/* How many bytes at the start are a name or IPv4 address; letters, digits, "-", "." and "_". */
static size_t host_name_len(struct str host)
{
    size_t i = 0;
    while (i < host.len && (is_alnum((unsigned char)host.at[i]) || host.at[i] == '-' ||
                            host.at[i] == '.' || host.at[i] == '_'))
        i++;
    return i;
}

/* The same for an IPv6 literal with its brackets; 0 when it is not one. */
static size_t host_v6_len(struct str host)
{
    size_t i = 1;
    while (i < host.len &&
           (http_is_hex((unsigned char)host.at[i]) || host.at[i] == ':' || host.at[i] == '.'))
        i++;
    return i >= 3 && i < host.len && host.at[i] == ']' ? i + 1 : 0;
}

static bool host_valid(struct str host)
{
    size_t n = host.at[0] == '[' ? host_v6_len(host) : host_name_len(host);
    if (n == 0 || n == host.len)
        return n != 0;
    if (host.at[n] != ':' || host.len - n < 2 || host.len - n > 6)
        return false;
    for (size_t i = n + 1; i < host.len; i++) {
        if (!is_digit((unsigned char)host.at[i]))
            return false;
    }
    return true;
}

static int judge_host(struct http_req *req, const char **why)
{
    size_t n = http_header(req, "host", &req->host);
    if (n == 0)
        return refuse(why, 400, "the Host header is missing");
    if (n > 1)
        return refuse(why, 400, "more than one Host header");
    if (req->host.len == 0)
        return refuse(why, 400, "the Host header is empty");
    if (!host_valid(req->host))
        return refuse(why, 400, "the Host header is not one host and port");
    return 0;
}

static int judge_length(struct http_req *req, struct str text, const char **why)
{
    bool digits = text.len > 0;
    for (size_t i = 0; i < text.len; i++)
        digits = digits && is_digit((unsigned char)text.at[i]);
    if (!digits || (text.len > 1 && text.at[0] == '0'))
        return refuse(why, 400, "Content-Length is not a plain decimal number");
    if (text.len > 15)
        return refuse(why, 413, "the body is larger than this path takes");
    for (size_t i = 0; i < text.len; i++)
        req->body_len = req->body_len * 10 + (uint64_t)(text.at[i] - '0');
    return 0;
}

/* RFC 9112 6.1: where a body ends must never be a matter of opinion. */
static int judge_framing(struct http_req *req, const char **why)
{
    struct str coding = {0}, length = {0};
    size_t codings = http_header(req, "transfer-encoding", &coding);
    size_t lengths = http_header(req, "content-length", &length);
    if (codings > 0 && lengths > 0)
        return refuse(why, 400, "both Content-Length and Transfer-Encoding");
    if (codings > 1)
        return refuse(why, 400, "more than one Transfer-Encoding header");
    if (lengths > 1)
        return refuse(why, 400, "more than one Content-Length header");
    if (codings == 1 && !str_is(coding, "chunked"))
        return refuse(why, 501, "the only transfer coding taken is chunked");
    req->chunked = codings == 1;
    return lengths == 1 ? judge_length(req, length, why) : 0;
}

/* RFC 9110 10.1.1 */
static int judge_expect(struct http_req *req, const char **why)
{
    struct str expect = {0};
    size_t n = http_header(req, "expect", &expect);
    if (n > 1 || (n == 1 && !str_is_nocase(expect, "100-continue")))
        return refuse(why, 417, "the only expectation met is 100-continue");
    req->expects_continue = n == 1 && (req->chunked || req->body_len > 0);
    return 0;
}

int http_req_judge(struct http_req *req, const char **why)
{
    static int (*const judges[])(struct http_req *, const char **) = {
        judge_target,
        judge_host,
        judge_framing,
        judge_expect,
    };
    int status = 0;
    for (size_t i = 0; i < sizeof judges / sizeof judges[0] && status == 0; i++)
        status = judges[i](req, why);
    req->keep_alive = !http_header_has(req, "connection", "close");
    return status;
}

size_t http_header(const struct http_req *req, const char *name, struct str *value)
{
    size_t n = 0;
    for (size_t i = 0; i < req->fields_n; i++) {
        if (!str_is_nocase(req->fields[i].name, name))
            continue;
        if (n == 0 && value != NULL)
            *value = req->fields[i].value;
        n++;
    }
    return n;
}

static bool list_has(struct str list, const char *token)
{
    struct str item = {0};
    bool more = true;
    while (more) {
        more = str_cut(list, ',', &item, &list);
        if (str_is_nocase(str_trim(item), token))
            return true;
    }
    return false;
}

bool http_header_has(const struct http_req *req, const char *name, const char *token)
{
    for (size_t i = 0; i < req->fields_n; i++) {
        if (str_is_nocase(req->fields[i].name, name) && list_has(req->fields[i].value, token))
            return true;
    }
    return false;
}
