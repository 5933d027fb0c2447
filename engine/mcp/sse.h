/* Server-sent events over a streamed reply (WHATWG HTML 9.2, MCP streamable HTTP). */
#ifndef ENGINE_MCP_SSE_H
#define ENGINE_MCP_SSE_H

#include "common/sys/web.h"

void sse_begin(struct web_req *web, const char *session_id /* or NULL */);
/* One event; `id` and `data` may be NULL. False: the client is gone or too slow, end the stream. */
bool sse_event(struct web_req *web, const char *id, struct str data);
bool sse_retry(struct web_req *web, int64_t retry_ms);
bool sse_comment(struct web_req *web); /* keeps proxies from closing what is quiet */

#endif
