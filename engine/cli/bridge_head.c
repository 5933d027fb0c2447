/* What HTTP says beside the body (MCP.md §1.2, §1.3): in the modern era the body's own claims once
 * more, in the legacy era the session; and who calls. */
#include <string.h>

#include "engine/auth/actor_auth.h"
#include "engine/call/call.h"
#include "engine/cli/bridge.h"
#include "proto/mcp_header.h"

#define META_VERSION "io.modelcontextprotocol/protocolVersion"

bool message_is_modern(const struct jsonrpc_msg *msg)
{
    return json_get_text(json_get(msg->params, "_meta"), META_VERSION) != NULL;
}

static void add(struct http_pair pairs[BRIDGE_PAIRS_MAX], size_t *n, const char *name,
                const char *value)
{
    if (name != NULL && value != NULL && *n < BRIDGE_PAIRS_MAX)
        pairs[(*n)++] = (struct http_pair){name, value};
}

/* Arguments that the tool's schema wants mirrored (x-mcp-header). */
static struct err add_params(struct arena *arena, const struct jsonrpc_msg *msg,
                             struct http_pair pairs[BRIDGE_PAIRS_MAX], size_t *n)
{
    struct json *schema;
    const char *name = json_get_text(msg->params, "name");
    const struct tool *tool = name == NULL ? NULL : tool_find(name);
    if (tool == NULL || !text_eq(msg->method, "tools/call"))
        return OK;
    TRY(tool_input_schema(arena, tool, &schema));
    const struct json *properties = json_get(schema, "properties");
    for (size_t i = 0; properties != NULL && i < properties->count; i++) {
        const char *header = json_get_text(properties->members[i].value, "x-mcp-header");
        const char *key = str_dup(arena, properties->members[i].key);
        const struct json *value =
            key == NULL ? NULL : json_get(json_get(msg->params, "arguments"), key);
        if (header != NULL && value != NULL)
            add(pairs, n, arena_fmt(arena, "Mcp-Param-%s", header),
                mcp_header_argument(arena, value));
    }
    return arena_check(arena);
}

static struct err add_modern(struct arena *arena, const struct jsonrpc_msg *msg,
                             struct http_pair pairs[BRIDGE_PAIRS_MAX], size_t *n)
{
    const char *version = json_get_text(json_get(msg->params, "_meta"), META_VERSION);
    const char *member = mcp_header_name_of(msg->method);
    const char *name = member == NULL ? NULL : json_get_text(msg->params, member);
    add(pairs, n, "MCP-Protocol-Version", mcp_header_encode(arena, str_of(version)));
    add(pairs, n, "Mcp-Method", mcp_header_encode(arena, str_of(msg->method)));
    if (name != NULL)
        add(pairs, n, "Mcp-Name", mcp_header_encode(arena, str_of(name)));
    return add_params(arena, msg, pairs, n);
}

static struct err add_assertion(const struct bridge_signer *s, struct arena *arena,
                                const char *method, struct str body,
                                struct http_pair pairs[BRIDGE_PAIRS_MAX], size_t *n)
{
    const int64_t now_s = cli_clock_us() / 1000000;
    char hash[ASSERTION_HASH_SIZE], jti[33];
    uint8_t random[16];
    const char *token;
    crypt_random(random, sizeof random);
    hex_print(random, sizeof random, jti);
    assertion_body_hash(body, hash);
    const struct assertion a = {.sub = s->actor,
                                .obo = s->obo,
                                .aud = s->audience,
                                .htm = method,
                                .htu = "/mcp",
                                .bh = hash,
                                .iat = now_s,
                                .exp = now_s + ASSERTION_LIFE_MAX_S,
                                .jti = jti,
                                .channel = "api"};
    TRY(assertion_sign(arena, s->key, s->client, &a, &token));
    add(pairs, n, ASSERTION_HEADER, token);
    return OK;
}

struct err bridge_head(struct bridge *b, struct arena *arena, const char *method,
                       const struct jsonrpc_msg *msg, struct str body,
                       struct http_pair pairs[BRIDGE_PAIRS_MAX], size_t *n)
{
    const char *session, *version;
    struct str initialize;
    *n = 0;
    add(pairs, n, "Accept",
        msg == NULL ? "text/event-stream" : "application/json, text/event-stream");
    bridge_session_copy(b, arena, &session, &version, &initialize);
    if (msg != NULL && message_is_modern(msg)) {
        TRY(add_modern(arena, msg, pairs, n));
    } else if (msg == NULL || !text_eq(msg->method, "initialize")) {
        add(pairs, n, "Mcp-Session-Id", session);
        add(pairs, n, "MCP-Protocol-Version", version);
    }
    if (b->signer.key != NULL)
        TRY(add_assertion(&b->signer, arena, method, body, pairs, n));
    return arena_check(arena);
}
