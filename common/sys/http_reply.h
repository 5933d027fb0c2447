/* What we say in HTTP/1.1: the bytes of a response's head. Pure; web.c sends them. Every response
 * carries Content-Length or Transfer-Encoding (unless 1xx, 204, 304), Date, X-Content-Type-Options:
 * nosniff and, unless the caller gives its own, Cache-Control: no-store. */
#ifndef COMMON_SYS_HTTP_REPLY_H
#define COMMON_SYS_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

struct http_pair {
    const char *name;
    const char *value;
};

struct http_reply {
    int status;                    /* 200 … 599 */
    const char *content_type;      /* NULL when there is no body */
    const struct http_pair *pairs; /* further header fields, in order */
    size_t pairs_n;
    /* Those of the server (web_always); of a name that `pairs` has too, the reply's own stands. */
    const struct http_pair *always;
    size_t always_n;
    const char *body; /* may be NULL when body_len is 0 */
    size_t body_len;
    bool chunked; /* the body follows in chunks (RFC 9112 7.1) instead */
};

/* Appends the head to `out`. ERR_BUG when a name is not a token or a value holds a control
 * character: nobody splits our responses. `unix_s` is the time of the Date field. */
MUST_CHECK struct err http_reply_head(const struct http_reply *reply, bool close, int64_t unix_s,
                                      struct buf *out);

/* Whether the status allows a body at all. */
bool http_status_has_body(int status);
/* "Not Found"; "Unknown" for a status we do not use. */
const char *http_status_text(int status);

/* The status that meets an error kind: INPUT 400, AUTH 401, MISSING 404, CONFLICT 409, LIMIT 413,
 * UPSTREAM 502, STORE 503, UNKNOWN 503, BUG 500. */
int http_status_of(enum err_kind kind);

#endif
