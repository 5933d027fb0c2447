/* Composing a response's head. Names and values are checked even though they are ours: some of them
 * carry what a client once said. */
#include "common/sys/http_reply.h"

#include <string.h>
#include <time.h>

#include "common/base/str.h"
#include "common/sys/http_req.h"

static const struct {
    int status;
    const char *text;
} statuses[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *http_status_text(int status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].status == status)
            return statuses[i].text;
    }
    return "Unknown";
}

int http_status_of(enum err_kind kind)
{
    switch (kind) {
    case ERR_NONE:
        return 200;
    case ERR_INPUT:
    case ERR_REFUSED:
        return 400;
    case ERR_AUTH:
        return 401;
    case ERR_MISSING:
        return 404;
    case ERR_CONFLICT:
        return 409;
    case ERR_LIMIT:
        return 413;
    case ERR_UPSTREAM:
        return 502;
    case ERR_STORE:
    case ERR_UNKNOWN:
        return 503;
    case ERR_BUG:
        return 500;
    }
    return 500;
}

bool http_status_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static bool pair_valid(const char *name, const char *value)
{
    if (text_empty(name) || value == NULL)
        return false;
    for (const char *p = name; *p != '\0'; p++) {
        if (!http_is_token((unsigned char)*p))
            return false;
    }
    for (const char *p = value; *p != '\0'; p++) {
        if (!http_is_value((unsigned char)*p))
            return false;
    }
    return true;
}

/* RFC 9110 5.6.7: IMF-fixdate, whatever the locale says. */
static void put_date(int64_t unix_s, struct buf *out)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t at = (time_t)unix_s;
    struct tm tm;
    if (gmtime_r(&at, &tm) == NULL)
        return;
    buf_putf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void put_pair(struct buf *out, const char *name, const char *value)
{
    buf_puts(out, name);
    buf_puts(out, ": ");
    buf_puts(out, value);
    buf_puts(out, "\r\n");
}

/* A reply that says it itself is not told it again: two policies would both bind. */
static bool is_said(const struct http_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->pairs_n; i++)
        if (str_is_nocase(str_of(reply->pairs[i].name), name))
            return true;
    return false;
}

struct err http_reply_head(const struct http_reply *reply, bool close, int64_t unix_s,
                           struct buf *out)
{
    ENSURE(reply->status >= 200 && reply->status <= 599, ERR_BUG, "not a final HTTP status");
    ENSURE(reply->content_type == NULL || pair_valid("Content-Type", reply->content_type), ERR_BUG,
           "a response's content type holds a control character");
    buf_putf(out, "HTTP/1.1 %d %s\r\n", reply->status, http_status_text(reply->status));
    put_date(unix_s, out);
    if (reply->chunked)
        put_pair(out, "Transfer-Encoding", "chunked");
    else if (http_status_has_body(reply->status))
        buf_putf(out, "Content-Length: %zu\r\n", reply->body_len);
    if (reply->content_type != NULL)
        put_pair(out, "Content-Type", reply->content_type);
    put_pair(out, "X-Content-Type-Options", "nosniff");
    bool cached = false;
    for (size_t i = 0; i < reply->always_n + reply->pairs_n; i++) {
        const struct http_pair *pair =
            i < reply->always_n ? &reply->always[i] : &reply->pairs[i - reply->always_n];
        ENSURE(pair_valid(pair->name, pair->value), ERR_BUG,
               "a response header holds a character that is not allowed");
        if (i >= reply->always_n || !is_said(reply, pair->name))
            put_pair(out, pair->name, pair->value);
        cached = cached || str_is_nocase(str_of(pair->name), "cache-control");
    }
    if (!cached)
        put_pair(out, "Cache-Control", "no-store");
    if (close)
        put_pair(out, "Connection", "close");
    buf_puts(out, "\r\n");
    return buf_check(out);
}
