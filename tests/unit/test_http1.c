/* The parser takes what RFC 9112 allows and we want, refuses the rest with the right status, and
 * says the same however the bytes are cut. */
#include "common/sys/http1.h"

#include <string.h>

#include "tests/unit/test.h"

#define BODY_MAX ((size_t)1000)

struct verdict {
    enum http1_step step;
    int status;
    const char *why;
    size_t used;
};

/* Feeds bytes in pieces of at most `piece` (the first one of `first`), until the parser is done. */
static struct verdict feed(struct http1 *p, struct str in, size_t first, size_t piece)
{
    struct verdict v = {.step = HTTP1_MORE};
    size_t next = first;
    while (v.used < in.len && v.step == HTTP1_MORE) {
        size_t n = in.len - v.used < next ? in.len - v.used : next;
        size_t took = 0;
        char *copy = malloc(n == 0 ? 1 : n); /* exact size: the sanitizer sees an overread */
        memcpy(copy, in.at + v.used, n);
        v.step = http1_feed(p, copy, n, &took);
        free(copy);
        ck_assert(took == n || v.step != HTTP1_MORE);
        v.used += took;
        if (v.step == HTTP1_HEAD)
            v.step = http1_body_max(p, BODY_MAX);
        next = piece;
    }
    v.status = p->status;
    v.why = p->why;
    return v;
}

/* The verdict of the whole, asserted to be that of every cut in two and of single bytes. */
static struct verdict verdict_of(struct str in)
{
    struct http1 p;
    http1_init(&p);
    struct verdict whole = feed(&p, in, in.len, in.len);
    http1_fini(&p);
    size_t step = in.len > 4000 ? 997 : 1;
    for (size_t cut = 1; cut <= in.len; cut += step) {
        http1_init(&p);
        struct verdict v = feed(&p, in, cut, cut == 1 ? 1 : in.len);
        http1_fini(&p);
        ck_assert_msg(v.step == whole.step && v.status == whole.status && v.used == whole.used &&
                          text_eq(v.why, whole.why),
                      "cut at %zu: %d %s, whole: %d %s", cut, v.status, v.why, whole.status,
                      whole.why);
    }
    return whole;
}

#define H "Host: a\r\n"

#define ROW(lit)                                                                                   \
    {                                                                                              \
        .at = (lit), .len = sizeof(lit) - 1                                                        \
    }

static const struct {
    int status; /* 0: taken */
    struct str in;
} table[] = {
    /* taken */
    {0, ROW("GET / HTTP/1.1\r\n" H "\r\n")},
    {0, ROW("GET /a/b%20c?x=[1]&y=%C3%A4 HTTP/1.1\r\n" H "\r\n")},
    {0, ROW("OPTIONS * HTTP/1.1\r\n" H "\r\n")},
    {0, ROW("GET / HTTP/1.1\r\nHost: [::1]:8001\r\n\r\n")},
    {0, ROW("GET / HTTP/1.1\r\nHost:127.0.0.1:8001\r\nX-Empty:\r\nX-Blank: \t \r\n\r\n")},
    {0, ROW("GET / HTTP/1.1\r\n" H "X: \xC3\xA4 \tb\r\n\r\n")},
    {0, ROW("POST / HTTP/1.1\r\n" H "\r\n")},
    {0, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n")},
    {0, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello")},
    {0, ROW("POST / HTTP/1.1\r\n" H "content-length:  5 \t\r\nExpect: 100-Continue\r\n\r\nhello")},
    {0, ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0A\r\n"
            "0123456789\r\n0\r\n\r\n")},
    {0, ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    /* the request line */
    {400, ROW("\r\nGET / HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("\nGET / HTTP/1.1\r\n" H "\r\n")},
    {400, ROW(" GET / HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET  / HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET\t/ HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET /  HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET / HTTP/1.1 \r\n" H "\r\n")},
    {400, ROW("GET / HTTP/1.1\n" H "\r\n")},
    {400, ROW("GET / HTTP/1.1\r" H "\r\n")},
    {400, ROW("GET / HTTP/1.1\r\r\n" H "\r\n")},
    {400, ROW("GET /\r\n")},
    {400, ROW("GET / \r\n")},
    {400, ROW("GET / http/1.1\r\n" H "\r\n")},
    {400, ROW("GET / HTTP/1.10\r\n" H "\r\n")},
    {400, ROW("GET / HTTP/11\r\n" H "\r\n")},
    {505, ROW("GET / HTTP/1.0\r\n" H "\r\n")},
    {505, ROW("GET / HTTP/2.0\r\n" H "\r\n")},
    {501, ROW("get / HTTP/1.1\r\n" H "\r\n")},
    {501, ROW("TRACE / HTTP/1.1\r\n" H "\r\n")},
    {501, ROW("CONNECT a:1 HTTP/1.1\r\n" H "\r\n")},
    {501, ROW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")},
    {501, ROW("AAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n")},
    {400, ROW("\x16\x03\x01\x02")},
    {400, ROW("G\0T / HTTP/1.1\r\n")},
    /* the target */
    {400, ROW("GET http://a/ HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET a:80 HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET a HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET * HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET *x HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET /a#b HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET /a\\b HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET /%zz HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET /%2 HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET /\xC3\xA4 HTTP/1.1\r\n" H "\r\n")},
    {400, ROW("GET /\0 HTTP/1.1\r\n" H "\r\n")},
    /* header lines */
    {400, ROW("GET / HTTP/1.1\r\n" H "A : b\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A\t: b\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H ": b\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A: b\r\n\tc\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n " H "\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A: b\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A: b\rC: d\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A: b\r\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A: b\0c\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A: b\x7F\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A: b\x0B\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A(: b\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "A\0: b\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "\xC3\xA4: b\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "\rX")},
    /* Host */
    {400, ROW("GET / HTTP/1.1\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\nHost:\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\nHost: \t\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H H "\r\n")},
    {400, ROW("GET / HTTP/1.1\r\n" H "hOST: b\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\nHost: a b\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\nHost: a:\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\nHost: :80\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\nHost: a:80x\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n")},
    {400, ROW("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n")},
    /* framing */
    {400, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")},
    {400, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nCONTENT-LENGTH: 6\r\n\r\nhello")},
    {400, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\nhello")},
    {400, ROW("POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello")},
    {400, ROW("POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\nhello")},
    {400, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\nhello")},
    {400, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\nhello")},
    {400, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 05\r\n\r\nhello")},
    {400, ROW("POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\nhello")},
    {413, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 1001\r\n\r\n")},
    {413, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551621\r\n\r\n")},
    {400, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")},
    {400, ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n")},
    {400, ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: "
              "chunked\r\n\r\n")},
    {501, ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n")},
    {501, ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n")},
    {501, ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n")},
    {501, ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked,\r\n\r\n")},
    {501, ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n")},
    {417, ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nExpect: 200-ok\r\n\r\nhello")},
    {417, ROW("POST / HTTP/1.1\r\n" H "Expect: 100-continue, x\r\n\r\n")},
/* chunks */
#define C "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
    {400, ROW(C "5;x=y\r\nhello\r\n0\r\n\r\n")},
    {400, ROW(C "5 \r\nhello\r\n0\r\n\r\n")},
    {400, ROW(C " 5\r\nhello\r\n0\r\n\r\n")},
    {400, ROW(C "0x5\r\nhello\r\n0\r\n\r\n")},
    {400, ROW(C "+5\r\nhello\r\n0\r\n\r\n")},
    {400, ROW(C "\r\nhello")},
    {400, ROW(C "5\nhello\r\n0\r\n\r\n")},
    {400, ROW(C "5\rhello\r\n0\r\n\r\n")},
    {400, ROW(C "5\r\nhello!\r\n0\r\n\r\n")},
    {400, ROW(C "5\r\nhello\n0\r\n\r\n")},
    {400, ROW(C "5\r\nhello\rx")},
    {400, ROW(C "000000005\r\nhello\r\n0\r\n\r\n")},
    {400, ROW(C "100000000000000005\r\nhello\r\n0\r\n\r\n")},
    {413, ROW(C "FFFFFFFF\r\n")},
    {413, ROW(C "3e9\r\n")},
    {400, ROW(C "0\r\nX: y\r\n\r\n")},
    {400, ROW(C "0\r\n\n")},
    {400, ROW(C "0\r\n\rx")},
};

START_TEST(every_row_of_the_table_gets_its_status_however_it_is_cut)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct verdict v = verdict_of(table[i].in);
        ck_assert_msg(v.status == table[i].status, "row %zu (%.40s…): %d %s, wanted %d", i,
                      table[i].in.at, v.status, v.why == NULL ? "" : v.why, table[i].status);
        ck_assert_int_eq(v.step, table[i].status == 0 ? HTTP1_DONE : HTTP1_REFUSED);
    }
}
END_TEST

START_TEST(a_taken_request_is_read_exactly)
{
    struct str in = STR("POST /a/b?c=d?e HTTP/1.1\r\nHost: x:1\r\nX-A:  one two\t\r\nx-a: 2\r\n"
                        "Connection: keep-alive, Close\r\nContent-Length: 3\r\n\r\nabcGET /");
    struct http1 p;
    http1_init(&p);
    struct verdict v = feed(&p, in, in.len, in.len);
    ck_assert_int_eq(v.step, HTTP1_DONE);
    ck_assert_uint_eq(v.used, in.len - 5);
    struct http_req *r = &p.req;
    ck_assert_int_eq(r->method, HTTP_POST);
    ck_assert(str_is(r->target, "/a/b?c=d?e") && str_is(r->path, "/a/b"));
    ck_assert(str_is(r->query, "c=d?e") && str_is(r->host, "x:1") && str_is(r->body, "abc"));
    ck_assert_uint_eq(r->fields_n, 5);
    ck_assert(str_is(r->fields[1].name, "X-A") && str_is(r->fields[1].value, "one two"));
    struct str value;
    ck_assert_uint_eq(http_header(r, "X-a", &value), 2);
    ck_assert(str_is(value, "one two"));
    ck_assert_uint_eq(http_header(r, "X-b", NULL), 0);
    ck_assert(!r->keep_alive && !r->chunked && !r->expects_continue);
    http1_fini(&p);
}
END_TEST

START_TEST(requests_follow_each_other_in_one_stream)
{
    struct str in = STR("POST /1 HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
                        "1\r\nc\r\n0\r\n\r\nGET /2 HTTP/1.1\r\n" H "\r\n");
    struct http1 p;
    http1_init(&p);
    struct verdict v = feed(&p, in, 7, 3);
    ck_assert_int_eq(v.step, HTTP1_DONE);
    ck_assert(str_is(p.req.body, "abc") && p.req.chunked && p.req.keep_alive);
    size_t used = 0;
    ck_assert_int_eq(http1_feed(&p, "x", 1, &used), HTTP1_DONE);
    ck_assert_uint_eq(used, 0);
    http1_next(&p);
    ck_assert(!p.started && p.head.at == NULL);
    in = (struct str){.at = in.at + v.used, .len = in.len - v.used};
    v = feed(&p, in, in.len, in.len);
    ck_assert_int_eq(v.step, HTTP1_DONE);
    ck_assert(str_is(p.req.path, "/2") && p.req.body.len == 0);
    http1_fini(&p);
}
END_TEST

START_TEST(a_refusal_stays_a_refusal)
{
    struct http1 p;
    http1_init(&p);
    size_t used = 0;
    ck_assert_int_eq(http1_feed(&p, "\n", 1, &used), HTTP1_REFUSED);
    ck_assert_int_eq(http1_feed(&p, "GET / HTTP/1.1\r\n", 16, &used), HTTP1_REFUSED);
    ck_assert_uint_eq(used, 0);
    ck_assert_int_eq(p.status, 400);
    http1_fini(&p);
}
END_TEST

/* "<start><n times fill><end>" */
static struct verdict stretched(const char *start, char fill, size_t n, const char *end)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_puts(&b, start);
    for (size_t i = 0; i < n; i++)
        buf_putc(&b, fill);
    buf_puts(&b, end);
    struct verdict v = verdict_of(buf_str(&b));
    buf_fini(&b);
    return v;
}

START_TEST(the_ceilings_hold_to_the_byte)
{
    size_t fits = HTTP1_LINE_MAX - strlen("GET / HTTP/1.1\r\n");
    ck_assert_int_eq(stretched("GET /", 'a', fits, " HTTP/1.1\r\n" H "\r\n").status, 0);
    ck_assert_int_eq(stretched("GET /", 'a', fits + 1, " HTTP/1.1\r\n" H "\r\n").status, 414);
    ck_assert_int_eq(stretched("GET /", 'a', 100000, "").status, 414);
    fits = HTTP1_HEAD_MAX - strlen(H "X: \r\n\r\n");
    ck_assert_int_eq(stretched("GET / HTTP/1.1\r\n" H "X: ", 'a', fits, "\r\n\r\n").status, 0);
    ck_assert_int_eq(stretched("GET / HTTP/1.1\r\n" H "X: ", 'a', fits + 1, "\r\n\r\n").status,
                     431);
    ck_assert_int_eq(stretched("GET / HTTP/1.1\r\n" H, 'a', 100000, "").status, 431);
    ck_assert_int_eq(
        stretched("POST / HTTP/1.1\r\n" H "Content-Length: 1000\r\n\r\n", 'b', 1000, "").status, 0);
    ck_assert_int_eq(stretched(C "3e8\r\n", 'b', 1000, "\r\n0\r\n\r\n").status, 0);
    ck_assert_int_eq(stretched(C "3e8\r\n", 'b', 1000, "\r\n1\r\n").status, 413);
}
END_TEST

START_TEST(at_most_a_hundred_headers)
{
    for (size_t n = 99; n <= 101; n++) {
        struct buf b;
        buf_init(&b, 1 << 20);
        buf_puts(&b, "GET / HTTP/1.1\r\n" H);
        for (size_t i = 1; i < n; i++)
            buf_puts(&b, "A:b\r\n");
        buf_puts(&b, "\r\n");
        ck_assert_int_eq(verdict_of(buf_str(&b)).status, n <= 100 ? 0 : 431);
        buf_fini(&b);
    }
}
END_TEST

START_TEST(a_body_of_zero_can_be_demanded)
{
    struct str in = STR("POST / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n");
    struct http1 p;
    http1_init(&p);
    size_t used = 0;
    ck_assert_int_eq(http1_feed(&p, in.at, in.len, &used), HTTP1_HEAD);
    ck_assert_int_eq(http1_body_max(&p, 0), HTTP1_REFUSED);
    ck_assert_int_eq(p.status, 413);
    http1_fini(&p);
}
END_TEST

START_TEST(a_token_of_a_list_is_found_in_any_line)
{
    struct http_field fields[] = {{.name = STR("Connection"), .value = STR("a , B")},
                                  {.name = STR("connection"), .value = STR("c")}};
    struct http_req req = {.fields = fields, .fields_n = 2};
    ck_assert(http_header_has(&req, "connection", "a") && http_header_has(&req, "connection", "b"));
    ck_assert(http_header_has(&req, "connection", "C"));
    ck_assert(!http_header_has(&req, "connection", "a , B"));
    ck_assert(!http_header_has(&req, "connectio", "a"));
}
END_TEST

TEST_MAIN("http1", every_row_of_the_table_gets_its_status_however_it_is_cut,
          a_taken_request_is_read_exactly, requests_follow_each_other_in_one_stream,
          a_refusal_stays_a_refusal, the_ceilings_hold_to_the_byte, at_most_a_hundred_headers,
          a_body_of_zero_can_be_demanded, a_token_of_a_list_is_found_in_any_line)
