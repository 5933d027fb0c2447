/* A strict, incremental HTTP/1.1 request parser (RFC 9112) over bytes: no socket, no clock, no
 * libevent. What is ambiguous is refused, never repaired, so that no proxy in front of us can read
 * the same bytes differently. docs/HTTP.md has the table of refusals. The verdict does not depend
 * on how the bytes were split.
 *
 *   http1_init → http1_feed … → HTTP1_HEAD → http1_body_max → http1_feed … → HTTP1_DONE →
 * http1_next
 */
#ifndef COMMON_SYS_HTTP1_H
#define COMMON_SYS_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/str.h"

#define HTTP1_LINE_MAX    ((size_t)8 * 1024)  /* the request line with its CRLF, else 414 */
#define HTTP1_HEAD_MAX    ((size_t)32 * 1024) /* all header lines with their CRLFs, else 431 */
#define HTTP1_HEADERS_MAX ((size_t)100)       /* header lines, else 431 */
#define HTTP1_BODY_MAX    ((size_t)64 * 1024 * 1024) /* what http1_body_max may allow at most */

/* The methods we know; a set of them is their sum. Any other token is refused with 501. */
enum http_method {
    HTTP_NONE = 0,
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_PUT = 8,
    HTTP_PATCH = 16,
    HTTP_DELETE = 32,
    HTTP_OPTIONS = 64,
};

struct http_field {
    struct str name;  /* as sent */
    struct str value; /* without the SP and HTAB around it; may be empty, may hold bytes >= 0x80 */
};

/* A request whose head is complete. All slices live in the parser until http1_next or http1_fini.
 */
struct http_req {
    enum http_method method;
    struct str target; /* origin-form, as sent: path and query; or "*" (OPTIONS only) */
    struct str path;   /* up to the first '?', still percent-encoded; starts with '/' unless "*" */
    struct str query;  /* after the first '?'; empty when there is none */
    struct str host;   /* the one Host value: host or host:port, checked against its grammar */
    struct http_field *fields; /* in the order sent */
    size_t fields_n;
    bool keep_alive;       /* no `Connection: close` */
    bool chunked;          /* the body comes in chunks; body_len is then 0 */
    bool expects_continue; /* `Expect: 100-continue` and a body is announced */
    uint64_t body_len;     /* Content-Length; 0 when there is none */
    struct str body;       /* complete at HTTP1_DONE */
};

enum http1_step {
    HTTP1_REFUSED =
        0,      /* say `status` and `why`, then close: where the next request starts is unknown */
    HTTP1_MORE, /* all bytes taken; more are needed */
    HTTP1_HEAD, /* the head is complete: set the body's ceiling, then feed on (even 0 bytes) */
    HTTP1_DONE, /* the request is complete; bytes not taken belong to the next one */
};

/* In place; the members are the parser's own, except `req`, `status` and `why`. While no request is
 * under way a parser holds no heap memory. */
struct http1 {
    struct http_req req;
    int status;      /* at HTTP1_REFUSED: the response's status */
    const char *why; /* at HTTP1_REFUSED: a sentence without a full stop, static */
    enum http1_step step;
    int state;
    bool started; /* at least one byte of this request was taken */
    struct buf head, marks, body;
    size_t name_at, name_len, value_at, value_end; /* offsets into head, of the line being read */
    size_t line_len, section_len, target_at, target_len;
    size_t body_max;
    uint64_t left; /* bytes still to come of the body or of the chunk */
    unsigned digits;
};

void http1_init(struct http1 *p);
void http1_fini(struct http1 *p);

/* Takes bytes until something happened; *used says how many. After HTTP1_HEAD call http1_body_max
 * first. After HTTP1_REFUSED and HTTP1_DONE it takes nothing and says the same again. */
enum http1_step http1_feed(struct http1 *p, const char *bytes, size_t len, size_t *used);

/* Once, at HTTP1_HEAD: the body's ceiling. HTTP1_REFUSED (413) when Content-Length is past it,
 * otherwise HTTP1_MORE: feed on. */
enum http1_step http1_body_max(struct http1 *p, size_t body_max);

/* At HTTP1_DONE: forgets the request and its memory; the parser is ready for the next one. */
void http1_next(struct http1 *p);

/* How many fields are called `name` (ASCII case ignored), and the first one's value in *value (may
 * be NULL). Callers that decide on a field refuse a count other than 0 or 1. */
size_t http_header(const struct http_req *req, const char *name, struct str *value);

/* Whether a comma-separated list field (all its lines) holds `token`, ASCII case ignored. */
bool http_header_has(const struct http_req *req, const char *name, const char *token);

const char *http_method_name(enum http_method method); /* "GET"; "" for HTTP_NONE */

#endif
