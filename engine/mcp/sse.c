/* JSON has no line breaks of its own once printed, so an event's data is one line. */
#include "engine/mcp/sse.h"

#include <inttypes.h>

#include "common/base/buf.h"

#define EVENT_BYTES_MAX ((size_t)33 * 1024 * 1024)

void sse_begin(struct web_req *web, const char *session_id)
{
    const struct http_pair pairs[] = {
        {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}, {"Mcp-Session-Id", session_id}};
    web_stream(web, &(struct http_reply){.status = 200,
                                         .content_type = "text/event-stream",
                                         .pairs = pairs,
                                         .pairs_n = session_id == NULL ? 2 : 3});
}

static bool send_buf(struct web_req *web, struct buf *b)
{
    bool sent = !b->failed && web_stream_send(web, b->at, b->len);
    buf_fini(b);
    return sent;
}

bool sse_event(struct web_req *web, const char *id, struct str data)
{
    struct buf b;
    buf_init(&b, EVENT_BYTES_MAX);
    if (id != NULL)
        buf_putf(&b, "id: %s\n", id);
    buf_puts(&b, "data: ");
    buf_put(&b, data.at, data.len);
    buf_puts(&b, "\n\n");
    return send_buf(web, &b);
}

bool sse_retry(struct web_req *web, int64_t retry_ms)
{
    struct buf b;
    buf_init(&b, 64);
    buf_putf(&b, "retry: %" PRId64 "\n\n", retry_ms);
    return send_buf(web, &b);
}

bool sse_comment(struct web_req *web)
{
    return web_stream_send(web, ":\n\n", 3);
}
