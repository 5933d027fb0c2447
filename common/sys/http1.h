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
#include "common/sys/http_req.h"

#define HTTP1_LINE_MAX    ((size_t)8 * 1024)  /* the request line with its CRLF, else 414 */
#define HTTP1_HEAD_MAX    ((size_t)32 * 1024) /* all header lines with their CRLFs, else 431 */
#define HTTP1_HEADERS_MAX ((size_t)100)       /* header lines, else 431 */
#define HTTP1_BODY_MAX    ((size_t)64 * 1024 * 1024) /* what http1_body_max may allow at most */

enum http1_step {
    HTTP1_REFUSED =
        0,      /* say `status` and `why`, then close: where the next request starts is unknown */
    HTTP1_MORE, /* all bytes taken; more are needed */
    HTTP1_HEAD, /* the head is complete: call http1_body_max and go on with its answer */
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
    size_t at, line_end, target_at, target_len;    /* the offset of the next byte; of the headers */
    size_t body_max;
    uint64_t left;   /* bytes still to come of the body or of the chunk */
    unsigned digits; /* of the chunk size so far */
    char word[16];   /* the method, then the version */
    unsigned word_len;
};

void http1_init(struct http1 *p);
void http1_fini(struct http1 *p);

/* Takes bytes until something happened; *used says how many. After HTTP1_HEAD call http1_body_max
 * first. After HTTP1_REFUSED and HTTP1_DONE it takes nothing and says the same again. */
enum http1_step http1_feed(struct http1 *p, const char *bytes, size_t len, size_t *used);

/* Once, at HTTP1_HEAD: the body's ceiling. HTTP1_REFUSED (413) when Content-Length is past it,
 * HTTP1_DONE when the request has no body, otherwise HTTP1_MORE. */
enum http1_step http1_body_max(struct http1 *p, size_t body_max);

/* At HTTP1_DONE: forgets the request and its memory; the parser is ready for the next one. */
void http1_next(struct http1 *p);

#endif
