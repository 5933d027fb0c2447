/* Reading answers back; written apart from what words them. */
#include "tests/fuzz/endpoint_reply.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/json_read.h"
#include "common/sys/sse_read.h"

#define ANSWER_MAX ((size_t)64 << 20)

static const struct json_limits limits = {
    .depth_max = 64, .bytes_max = ANSWER_MAX, .nodes_max = 4000000};

/* ---- HTTP ---- */

static size_t end_of(struct str text, const char *mark)
{
    const char *at = memmem(text.at, text.len, mark, strlen(mark));
    return at == NULL ? 0 : (size_t)(at - text.at) + strlen(mark);
}

struct str reply_field(const struct reply *reply, const char *name)
{
    struct str rest = reply->head, line, key, value;
    while (rest.len > 0) {
        (void)str_cut(rest, '\n', &line, &rest);
        if (str_cut(line, ':', &key, &value) && str_is_nocase(key, name)) {
            value.len -= value.len > 0 && value.at[value.len - 1] == '\r';
            return str_trim(value);
        }
    }
    return (struct str){.at = NULL};
}

static bool number_read(struct str text, unsigned base, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digits = "0123456789abcdef", *at = strchr(digits, text.at[i]);
        if (text.at[i] == '\0' || at == NULL || (size_t)(at - digits) >= base || *n > ANSWER_MAX)
            return false;
        *n = *n * base + (size_t)(at - digits);
    }
    return text.len > 0;
}

/* False: the rest of it has not come. */
static bool chunks_take(struct arena *arena, struct str *rest, struct str *body)
{
    char *out = arena_alloc(arena, rest->len + 1);
    struct str left = *rest;
    size_t len = 0, size = 1;
    INVARIANT(out != NULL);
    while (size > 0) {
        const size_t line = end_of(left, "\r\n");
        if (line == 0)
            return false;
        INVARIANT(number_read((struct str){left.at, line - 2}, 16, &size));
        left = (struct str){left.at + line, left.len - line};
        if (left.len < size + 2)
            return false;
        memcpy(out + len, left.at, size);
        INVARIANT(memcmp(left.at + size, "\r\n", 2) == 0);
        len += size;
        left = (struct str){left.at + size + 2, left.len - size - 2};
    }
    *rest = left;
    *body = (struct str){out, len};
    return true;
}

static bool body_take(struct arena *arena, struct str *rest, struct reply *r)
{
    const struct str length = reply_field(r, "Content-Length");
    size_t n = 0;
    if (reply_field(r, "Transfer-Encoding").at != NULL) {
        INVARIANT(length.at == NULL);
        return chunks_take(arena, rest, &r->body);
    }
    INVARIANT(length.at == NULL ? r->status == 204 || r->status == 304
                                : number_read(length, 10, &n));
    if (rest->len < n)
        return false;
    r->body = (struct str){rest->at, n};
    *rest = (struct str){rest->at + n, rest->len - n};
    return true;
}

bool reply_take(struct arena *arena, struct str *rest, bool cut, struct reply *reply)
{
    struct str left = *rest;
    size_t status, head;
    *reply = (struct reply){.status = 0};
    if (left.len == 0)
        return false;
    head = end_of(left, "\r\n\r\n");
    if (head == 0) {
        INVARIANT(cut);
        return false;
    }
    INVARIANT(head > 16 && memcmp(left.at, "HTTP/1.1 ", 9) == 0 && left.at[12] == ' ');
    INVARIANT(number_read((struct str){left.at + 9, 3}, 10, &status));
    reply->status = (int)status;
    reply->head = (struct str){left.at, head};
    left = (struct str){left.at + head, left.len - head};
    if (reply->status != 100 && !body_take(arena, &left, reply)) {
        INVARIANT(cut);
        return false;
    }
    *rest = left;
    return true;
}

/* ---- JSON-RPC ---- */

static void judge_error(const struct json *error)
{
    int64_t code;
    INVARIANT(json_is(error, JSON_TYPE_OBJECT));
    INVARIANT(json_int(json_get(error, "code"), &code) && code != 0);
    INVARIANT(!text_empty(json_get_text(error, "message")));
}

/* An answer is to what was asked, by its very id. */
static void judge_answer(const struct json *m, const struct jsonrpc_msg *asked)
{
    const struct json *result = json_get(m, "result"), *error = json_get(m, "error");
    const struct json *id = json_get(m, "id");
    INVARIANT((result == NULL) != (error == NULL));
    /* a refusal may come before anybody has looked at the message */
    INVARIANT(id == NULL ? error != NULL : asked->id != NULL && json_equal(id, asked->id));
    if (error != NULL)
        judge_error(error);
    else
        INVARIANT(asked->kind == JSONRPC_REQUEST && json_is(result, JSON_TYPE_OBJECT));
}

static struct json *message_read(struct arena *arena, struct str text)
{
    struct json *m = NULL;
    struct err e = json_read(arena, text, &limits, &m);
    INVARIANT(e.kind == ERR_NONE && json_is(m, JSON_TYPE_OBJECT));
    return m;
}

/* One answer at most, and it is the last word. */
static void judge_events(struct arena *arena, struct str body, const struct jsonrpc_msg *asked,
                         reply_message *fn, void *ctx)
{
    struct sse_read r;
    struct str data;
    bool answered = false;
    sse_read_init(&r, ANSWER_MAX);
    sse_read_put(&r, body.at, body.len);
    while (sse_read_next(&r, &data)) {
        if (data.len == 0)
            continue;
        /* the reader's bytes go with the next event */
        const char *kept = arena_dup(arena, data.at, data.len);
        const struct json *m = message_read(arena, (struct str){kept, data.len});
        INVARIANT(text_eq(json_get_text(m, "jsonrpc"), "2.0") && !answered);
        answered = json_get(m, "method") == NULL;
        if (answered && asked != NULL) /* a stream that is taken up again has another's answer */
            judge_answer(m, asked);
        fn(ctx, m);
    }
    INVARIANT(!r.failed);
    sse_read_fini(&r);
}

void reply_judge(struct arena *arena, const struct reply *reply, const struct jsonrpc_msg *asked,
                 reply_message *fn, void *ctx)
{
    const struct str type = reply_field(reply, "Content-Type");
    INVARIANT(reply->status >= 200 && reply->status <= 505);
    INVARIANT(reply->status != 500); /* nothing that a client can say is our own bug */
    if (str_is(type, "text/event-stream")) {
        INVARIANT(reply->status == 200);
        judge_events(arena, reply->body, asked, fn, ctx);
        return;
    }
    if (reply->body.len == 0 || !str_is(type, "application/json")) {
        INVARIANT(asked == NULL || reply->body.len == 0);
        return;
    }
    const struct json *m = message_read(arena, reply->body);
    if (json_get(m, "jsonrpc") == NULL) { /* HTTP's own refusals, and what is not MCP */
        INVARIANT(asked == NULL || (reply->status >= 400 && json_get_text(m, "error") != NULL));
        return;
    }
    INVARIANT(text_eq(json_get_text(m, "jsonrpc"), "2.0"));
    INVARIANT(reply->status == 200 || json_get(m, "result") == NULL);
    if (asked != NULL)
        judge_answer(m, asked);
    fn(ctx, m);
}
