/* The parser is a state machine over single bytes, so a verdict cannot depend on where reads were
 * cut. Bytes of the head are kept as sent; what each header line holds is remembered as offsets
 * until the head is complete, and only then is it judged as a whole (target, Host, framing,
 * Expect). */
#include "common/sys/http1.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"

enum state {
    ST_METHOD = 0,
    ST_TARGET,
    ST_VERSION,
    ST_LINE_LF,
    ST_FIELD, /* the first byte of a header line, or the CR that ends the head */
    ST_NAME,
    ST_LEAD, /* white space before a value */
    ST_VALUE,
    ST_VALUE_LF,
    ST_END_LF,
    ST_READY, /* the head is complete; waiting for http1_body_max */
    ST_BODY,
    ST_CHUNK_SIZE,
    ST_CHUNK_SIZE_LF,
    ST_CHUNK_DATA,
    ST_CHUNK_CR,
    ST_CHUNK_LF,
    ST_LAST_CR,
    ST_LAST_LF,
    ST_OVER,
};

struct mark {
    uint32_t name_at, name_len, value_at, value_len;
};

static void refuse(struct http1 *p, int status, const char *why)
{
    p->step = HTTP1_REFUSED;
    p->state = ST_OVER;
    p->status = status;
    p->why = why;
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static void word_add(struct http1 *p, unsigned char c)
{
    p->word[p->word_len++] = (char)c;
}

static void on_method(struct http1 *p, unsigned char c)
{
    if (c == ' ' && p->word_len > 0) {
        p->req.method = http_method_of((struct str){.at = p->word, .len = p->word_len});
        p->target_at = p->at + 1;
        p->word_len = 0;
        p->state = ST_TARGET;
        if (p->req.method == HTTP_NONE)
            refuse(p, 501, "the method is not known here");
    } else if (!http_is_token(c)) {
        bool blank = p->at == 0 && (c == '\r' || c == '\n');
        refuse(p, 400, blank ? "an empty line before the request" : "the method is not a token");
    } else if (p->word_len == sizeof p->word) {
        refuse(p, 501, "the method is not known here");
    } else {
        word_add(p, c);
    }
}

static void on_target(struct http1 *p, unsigned char c)
{
    if (c == ' ' && p->at > p->target_at) {
        p->target_len = p->at - p->target_at;
        p->state = ST_VERSION;
    } else if (c == '\r' || c == '\n') {
        refuse(p, 400, "the request line has no HTTP version");
    } else if (!http_is_target(c)) {
        refuse(p, 400, "the target holds a character that must be percent-encoded");
    }
}

static void on_version(struct http1 *p, unsigned char c)
{
    struct str word = {.at = p->word, .len = p->word_len};
    if (c != '\r') {
        if (word.len == 8 || c == '\n' || c == ' ')
            refuse(p, 400, "the request line does not end in an HTTP version and CRLF");
        else
            word_add(p, c);
        return;
    }
    p->state = ST_LINE_LF;
    if (str_is(word, "HTTP/1.1"))
        return;
    bool shaped = word.len == 8 && memcmp(word.at, "HTTP/", 5) == 0 && word.at[6] == '.' &&
                  is_digit((unsigned char)word.at[5]) && is_digit((unsigned char)word.at[7]);
    if (shaped)
        refuse(p, 505, "only HTTP/1.1 is spoken here");
    else
        refuse(p, 400, "the HTTP version is malformed");
}

static void on_field(struct http1 *p, unsigned char c)
{
    p->name_at = p->at;
    p->state = ST_NAME;
    if (c == '\r')
        p->state = ST_END_LF;
    else if (c == ' ' || c == '\t')
        refuse(p, 400, "a header line is folded or begins with white space");
    else if (c == ':')
        refuse(p, 400, "a header has no name");
    else if (!http_is_token(c))
        refuse(p, 400, "a header name holds a character that is not allowed");
}

static void on_name(struct http1 *p, unsigned char c)
{
    if (c == ':') {
        p->name_len = p->at - p->name_at;
        p->value_at = p->value_end = p->at + 1;
        p->state = ST_LEAD;
    } else if (c == ' ' || c == '\t') {
        refuse(p, 400, "white space before a header's colon");
    } else if (c == '\r' || c == '\n') {
        refuse(p, 400, "a header line has no colon");
    } else if (!http_is_token(c)) {
        refuse(p, 400, "a header name holds a character that is not allowed");
    }
}

static void on_value(struct http1 *p, unsigned char c)
{
    if (c == '\r') {
        p->state = ST_VALUE_LF;
    } else if (c == '\n') {
        refuse(p, 400, "a header line ends in a bare LF");
    } else if (!http_is_value(c)) {
        refuse(p, 400, "a header value holds a control character");
    } else if (c != ' ' && c != '\t') {
        if (p->state == ST_LEAD)
            p->value_at = p->at;
        p->state = ST_VALUE;
        p->value_end = p->at + 1;
    }
}

static void on_value_lf(struct http1 *p, unsigned char c)
{
    if (c != '\n') {
        refuse(p, 400, "a CR without LF in a header");
        return;
    }
    struct mark mark = {
        .name_at = (uint32_t)p->name_at,
        .name_len = (uint32_t)p->name_len,
        .value_at = (uint32_t)p->value_at,
        .value_len = (uint32_t)(p->value_end - p->value_at),
    };
    if (p->req.fields_n == HTTP1_HEADERS_MAX) {
        refuse(p, 431, "more than 100 headers");
        return;
    }
    buf_put(&p->marks, &mark, sizeof mark);
    p->req.fields_n++;
    p->state = ST_FIELD;
}

static void on_lf(struct http1 *p, unsigned char c, enum state next)
{
    p->state = (int)next;
    if (c != '\n')
        refuse(p, 400, "a CR without LF");
}

static void head_byte(struct http1 *p, unsigned char c)
{
    switch ((enum state)p->state) {
    case ST_METHOD:
        on_method(p, c);
        break;
    case ST_TARGET:
        on_target(p, c);
        break;
    case ST_VERSION:
        on_version(p, c);
        break;
    case ST_LINE_LF:
        p->line_end = p->at + 1;
        on_lf(p, c, ST_FIELD);
        break;
    case ST_FIELD:
        on_field(p, c);
        break;
    case ST_NAME:
        on_name(p, c);
        break;
    case ST_LEAD:
    case ST_VALUE:
        on_value(p, c);
        break;
    case ST_VALUE_LF:
        on_value_lf(p, c);
        break;
    case ST_END_LF:
        on_lf(p, c, ST_READY);
        break;
    case ST_READY:
    case ST_BODY:
    case ST_CHUNK_SIZE:
    case ST_CHUNK_SIZE_LF:
    case ST_CHUNK_DATA:
    case ST_CHUNK_CR:
    case ST_CHUNK_LF:
    case ST_LAST_CR:
    case ST_LAST_LF:
    case ST_OVER:
        INVARIANT(!"a head byte outside the head");
    }
}

/* The ceilings count the byte that is about to be taken. */
static bool head_has_room(struct http1 *p)
{
    if (p->state <= ST_LINE_LF && p->at >= HTTP1_LINE_MAX)
        refuse(p, 414, "the request line is longer than 8 KiB");
    else if (p->state > ST_LINE_LF && p->at - p->line_end >= HTTP1_HEAD_MAX)
        refuse(p, 431, "the headers are longer than 32 KiB");
    return p->step == HTTP1_MORE;
}

static size_t feed_head(struct http1 *p, const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && p->state < ST_READY && head_has_room(p)) {
        head_byte(p, (unsigned char)bytes[i]);
        i++;
        p->at++;
    }
    buf_put(&p->head, bytes, i);
    if (p->head.failed || p->marks.failed)
        refuse(p, 503, "out of memory");
    return i;
}

/* White space beyond `Name: value`: legal, but a caller may want to know. */
static bool padded(const struct http1 *p, struct mark m)
{
    const char *before = p->head.at + m.name_at + m.name_len + 1;
    const char *value = p->head.at + m.value_at;
    const bool none_or_one = value == before || (value == before + 1 && *before == ' ');
    return !none_or_one || value[m.value_len] != '\r';
}

static bool fields_build(struct http1 *p)
{
    size_t n = p->req.fields_n;
    p->req.fields = calloc(n == 0 ? 1 : n, sizeof *p->req.fields);
    if (p->req.fields == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        struct mark m;
        memcpy(&m, p->marks.at + i * sizeof m, sizeof m);
        p->req.fields[i].name = (struct str){.at = p->head.at + m.name_at, .len = m.name_len};
        p->req.fields[i].value = (struct str){.at = p->head.at + m.value_at, .len = m.value_len};
        p->req.fields[i].padded = padded(p, m);
    }
    return true;
}

static void head_complete(struct http1 *p)
{
    p->req.target = (struct str){.at = p->head.at + p->target_at, .len = p->target_len};
    if (!fields_build(p)) {
        refuse(p, 503, "out of memory");
        return;
    }
    const char *why = NULL;
    int status = http_req_judge(&p->req, &why);
    if (status != 0)
        refuse(p, status, why);
    else
        p->step = HTTP1_HEAD;
}

static void body_complete(struct http1 *p)
{
    p->step = HTTP1_DONE;
    p->state = ST_OVER;
    p->req.body = (struct str){.at = buf_text(&p->body), .len = p->body.len};
}

static void on_chunk_size(struct http1 *p, unsigned char c)
{
    if (c == '\r' && p->digits > 0) {
        p->state = ST_CHUNK_SIZE_LF;
    } else if (!http_is_hex(c)) {
        refuse(p, 400, "a chunk size is not plain hexadecimal (extensions are not taken)");
    } else if (p->digits == 8) {
        refuse(p, 400, "a chunk size has more than 8 digits");
    } else {
        unsigned v = is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10U;
        p->left = p->left * 16 + v;
        p->digits++;
    }
}

static void on_chunk_size_lf(struct http1 *p, unsigned char c)
{
    on_lf(p, c, p->left == 0 ? ST_LAST_CR : ST_CHUNK_DATA);
    p->digits = 0;
    if (p->step == HTTP1_MORE && p->left > p->body_max - p->body.len)
        refuse(p, 413, "the body is larger than this path takes");
}

static void on_cr(struct http1 *p, unsigned char c, enum state next, const char *why)
{
    p->state = (int)next;
    if (c != '\r')
        refuse(p, 400, why);
}

static void frame_byte(struct http1 *p, unsigned char c)
{
    if (p->state == ST_CHUNK_SIZE) {
        on_chunk_size(p, c);
    } else if (p->state == ST_CHUNK_SIZE_LF) {
        on_chunk_size_lf(p, c);
    } else if (p->state == ST_CHUNK_CR) {
        on_cr(p, c, ST_CHUNK_LF, "a chunk is longer than its size");
    } else if (p->state == ST_CHUNK_LF) {
        on_lf(p, c, ST_CHUNK_SIZE);
    } else if (p->state == ST_LAST_CR) {
        on_cr(p, c, ST_LAST_LF, "trailers are not taken");
    } else {
        on_lf(p, c, ST_OVER);
        if (p->step == HTTP1_MORE)
            body_complete(p);
    }
}

static size_t feed_data(struct http1 *p, const char *bytes, size_t len)
{
    size_t n = p->left < len ? (size_t)p->left : len;
    buf_put(&p->body, bytes, n);
    p->left -= n;
    if (p->body.failed)
        refuse(p, 503, "out of memory");
    else if (p->left == 0 && p->state == ST_BODY)
        body_complete(p);
    else if (p->left == 0)
        p->state = ST_CHUNK_CR;
    return n;
}

static size_t feed_body(struct http1 *p, const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && p->step == HTTP1_MORE) {
        if (p->state == ST_BODY || p->state == ST_CHUNK_DATA)
            i += feed_data(p, bytes + i, len - i);
        else
            frame_byte(p, (unsigned char)bytes[i++]);
    }
    return i;
}

enum http1_step http1_feed(struct http1 *p, const char *bytes, size_t len, size_t *used)
{
    *used = 0;
    if (p->step != HTTP1_MORE || len == 0)
        return p->step;
    p->started = true;
    if (p->state < ST_READY) {
        *used = feed_head(p, bytes, len);
        if (p->step == HTTP1_MORE && p->state == ST_READY)
            head_complete(p);
    } else {
        *used = feed_body(p, bytes, len);
    }
    return p->step;
}

enum http1_step http1_body_max(struct http1 *p, size_t body_max)
{
    INVARIANT(p->step == HTTP1_HEAD && body_max <= HTTP1_BODY_MAX);
    p->step = HTTP1_MORE;
    p->body_max = body_max;
    buf_init(&p->body, body_max);
    p->left = p->req.body_len;
    p->state = p->req.chunked ? ST_CHUNK_SIZE : ST_BODY;
    if (p->req.body_len > body_max)
        refuse(p, 413, "the body is larger than this path takes");
    else if (!p->req.chunked && p->left == 0)
        body_complete(p);
    return p->step;
}

void http1_init(struct http1 *p)
{
    *p = (struct http1){.step = HTTP1_MORE};
    buf_init(&p->head, HTTP1_LINE_MAX + HTTP1_HEAD_MAX);
    buf_init(&p->marks, HTTP1_HEADERS_MAX * sizeof(struct mark));
}

void http1_fini(struct http1 *p)
{
    buf_fini(&p->head);
    buf_fini(&p->marks);
    buf_fini(&p->body);
    free(p->req.fields);
    p->req.fields = NULL;
}

void http1_next(struct http1 *p)
{
    http1_fini(p);
    http1_init(p);
}
