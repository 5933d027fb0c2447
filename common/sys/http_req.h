/* A request whose head was read, and the judgement of that head as a whole (RFC 9110, 9112): its
 * target, Host, framing and expectation. Pure. http1.c fills it; handlers read it. */
#ifndef COMMON_SYS_HTTP_REQ_H
#define COMMON_SYS_HTTP_REQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"

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
    bool padded;      /* there was more around it than one space behind the colon */
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

/* How many fields are called `name` (ASCII case ignored), and the first one's value in *value (may
 * be NULL). Callers that decide on a field refuse a count other than 0 or 1. */
size_t http_header(const struct http_req *req, const char *name, struct str *value);

/* Whether a comma-separated list field (all its lines) holds `token`, ASCII case ignored. */
bool http_header_has(const struct http_req *req, const char *name, const char *token);

const char *http_method_name(enum http_method method); /* "GET"; "" for HTTP_NONE */
enum http_method http_method_of(struct str name);      /* HTTP_NONE when it is not known */

/* Characters: RFC 9110 5.6.2 tchar; what may stand in a path or query (RFC 3986, and "[" and "]",
 * which browsers leave in queries); RFC 9110 5.5 field-vchar, obs-text, SP and HTAB; a hex digit.
 */
bool http_is_token(unsigned char c);
bool http_is_target(unsigned char c);
bool http_is_value(unsigned char c);
bool http_is_hex(unsigned char c);

/* For http1.c: reads `target` and the fields into the other members. 0, or the status to refuse
 * with and the sentence in *why. */
int http_req_judge(struct http_req *req, const char **why);

#endif
