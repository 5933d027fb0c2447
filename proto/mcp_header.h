/* What a client of 2026-07-28 says a second time in HTTP headers (MCP.md §1.3): values that a
 * header cannot hold as they are come as `=?base64?…?=`. The engine reads them back with
 * era_header_decode. */
#ifndef PROTO_MCP_HEADER_H
#define PROTO_MCP_HEADER_H

#include "common/base/json.h"

/* `value` as the value of Mcp-Name and its like, in the arena; NULL when that is full. */
const char *mcp_header_encode(struct arena *arena, struct str value);

/* An argument as its Mcp-Param header mirrors it; NULL when it is not mirrored: only text, booleans
 * and integers are. */
const char *mcp_header_argument(struct arena *arena, const struct json *value);

/* The member of params that Mcp-Name repeats; NULL when the method names nothing. */
const char *mcp_header_name_of(const char *method);

#endif
