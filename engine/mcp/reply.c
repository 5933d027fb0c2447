/* What goes into a JSON-RPC result. The structured content of a tool's result stands there twice,
 * as JSON and as its text, for clients that read only one of them. */
#include "engine/mcp/reply.h"

#include <string.h>

#include "common/sys/json_write.h"
#include "common/verify/receipt.h"

#ifndef CLOSEGATE_VERSION
#define CLOSEGATE_VERSION "0"
#endif

/* A gate, 16 by 16 pixels; its bars say what kind of tool it is. */
enum icon { ICON_SERVER, ICON_READ, ICON_CHANGE };
static const char *const pictures[] = {
    [ICON_SERVER] =
        "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQAgMAAABinRfyAAAADFBMVEUfKkT///8vnm7Qih6w6qM/AAAA"
        "GklEQVR42mNgQAWsDAwBUCI0FEbgFwMRcAAA7rEGUCqcUNcAAAAASUVORK5CYII=",
    [ICON_READ] = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQAgMAAABinRfyAAAADFBMVEUfKkT///8vnm7Qih6w6qM/AAAA"
                  "GklEQVR42mNgQAWsDAwBUGLVKhiBXwxEwAEAWQAI+G3FhhAAAAAASUVORK5CYII=",
    [ICON_CHANGE] =
        "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQAgMAAABinRfyAAAADFBMVEUfKkT///8vnm7Qih6w6qM/AAAA"
        "GklEQVR42mNgQAWsDAwBUOL/fxiBXwxEwAEAw0ALoMROVo8AAAAASUVORK5CYII=",
};

static struct json *icons(struct arena *arena, enum icon icon)
{
    struct json *array = json_array_new(arena), *one = json_object_new(arena);
    struct json *sizes = json_array_new(arena);
    json_push(arena, sizes, json_text_new(arena, "16x16"));
    json_put_text(arena, one, "src", arena_fmt(arena, "data:image/png;base64,%s", pictures[icon]));
    json_put_text(arena, one, "mimeType", "image/png");
    json_put(arena, one, "sizes", sizes);
    json_push(arena, array, one);
    return array;
}

struct json *reply_server_info(struct arena *arena, bool whole)
{
    struct json *info = json_object_new(arena);
    json_put_text(arena, info, "name", "closegate-engine");
    json_put_text(arena, info, "title", "closegate");
    json_put_text(arena, info, "version", CLOSEGATE_VERSION);
    if (whole)
        json_put(arena, info, "icons", icons(arena, ICON_SERVER));
    return info;
}

static struct json *feature(struct arena *arena, const char *flag, const char *second)
{
    struct json *o = json_object_new(arena);
    if (flag != NULL)
        json_put_bool(arena, o, flag, true);
    if (second != NULL)
        json_put_bool(arena, o, second, true);
    return o;
}

struct json *reply_capabilities(struct arena *arena, enum era era, const struct mcp_host *host)
{
    struct json *all = json_object_new(arena);
    json_put(arena, all, "tools", feature(arena, "listChanged", NULL));
    json_put(arena, all, "resources", feature(arena, "subscribe", "listChanged"));
    json_put(arena, all, "prompts", feature(arena, "listChanged", NULL));
    json_put(arena, all, "completions", feature(arena, NULL, NULL));
    if (era == ERA_LEGACY && host->logging)
        json_put(arena, all, "logging", feature(arena, NULL, NULL));
    if (era == ERA_MODERN) {
        struct json *extensions = json_object_new(arena);
        json_put(arena, extensions, MCP_EXTENSION_TASKS, feature(arena, NULL, NULL));
        json_put(arena, all, "extensions", extensions);
    }
    return all;
}

struct json *reply_complete(struct arena *arena, enum era era, struct json *result)
{
    if (era == ERA_LEGACY)
        return result;
    struct json *meta = json_object_new(arena);
    const struct json *own = json_get(result, "_meta");
    for (size_t i = 0; own != NULL && i < own->count; i++)
        (void)json_add(arena, meta, own->members[i].key, own->members[i].value);
    json_put(arena, meta, "io.modelcontextprotocol/serverInfo", reply_server_info(arena, false));
    if (json_get(result, "resultType") == NULL)
        json_put_text(arena, result, "resultType", "complete");
    json_put(arena, result, "_meta", meta);
    return result;
}

struct json *reply_cacheable(struct arena *arena, enum era era, struct json *result, int64_t ttl_ms)
{
    if (era == ERA_MODERN) {
        json_put_int(arena, result, "ttlMs", ttl_ms);
        json_put_text(arena, result, "cacheScope", "private");
    }
    return reply_complete(arena, era, result);
}

/* The tree as text. `same`, unless NULL, becomes the tree for the writer: what was printed once. */
static const struct json *text_of(struct arena *arena, const struct json *tree,
                                  const struct json **same)
{
    CLEANUP(jw_fini) struct jw w;
    struct str printed;
    jw_init(&w, 16 * 1024 * 1024);
    jw_tree(&w, NULL, tree);
    if (jw_done(&w, &printed).kind != ERR_NONE)
        return json_text_new(arena, "the result is too large to show as text");
    const struct json *text = json_str_new(arena, printed);
    if (text != NULL && same != NULL)
        *same = json_raw_new(arena, text->text);
    return text;
}

void reply_receipt(struct arena *arena, struct json *result, const struct receipt *receipt)
{
    if (receipt == NULL)
        return;
    CLEANUP(buf_fini) struct buf text;
    struct json *meta = json_object_new(arena);
    buf_init(&text, 2 * RECEIPT_BYTES_MAX);
    receipt_put(receipt, &text);
    const char *copy =
        buf_check(&text).kind != ERR_NONE ? NULL : arena_dup(arena, text.at, text.len);
    if (copy == NULL)
        return;
    json_put(arena, meta, MCP_META_RECEIPT, json_raw_new(arena, (struct str){copy, text.len}));
    json_put(arena, result, "_meta", meta);
}

static struct json *tool_result(struct arena *arena, const struct json *answer, bool structured,
                                bool is_error)
{
    struct json *result = json_object_new(arena), *content = json_array_new(arena);
    struct json *block = json_object_new(arena);

    json_put_text(arena, block, "type", "text");
    json_put(arena, block, "text", text_of(arena, answer, &answer));
    json_push(arena, content, block);
    json_put(arena, result, "content", content);
    if (structured)
        json_put(arena, result, "structuredContent", answer);
    json_put_bool(arena, result, "isError", is_error);
    return result;
}

/* What the caller may know of an error: our own bugs stay with us. */
static const char *told(struct err e)
{
    if (e.kind == ERR_UNKNOWN)
        return "the outcome is unknown: repeat the call with the same idempotency_key";
    return e.kind == ERR_BUG ? "internal error" : e.msg;
}

/* No structured content: outputSchema promises what a tool answers, and it did not. */
struct json *reply_call_failed(struct arena *arena, enum era era, struct err e)
{
    struct json *failed = json_object_new(arena);
    json_put_text(arena, failed, "status", "failed");
    json_put_text(arena, failed, "error", err_kind_name(e.kind));
    json_put_text(arena, failed, "message", told(e));
    if (e.where != NULL && e.kind != ERR_BUG)
        json_put_text(arena, failed, "pointer", e.where);
    return reply_complete(arena, era, tool_result(arena, failed, false, true));
}

struct json *reply_call(struct arena *arena, enum era era, const struct call *call)
{
    const struct json *answer = call->result != NULL ? call->result : json_object_new(arena);
    if (call->outcome == CALL_FAILED)
        return reply_call_failed(arena, era, call->err);
    if (call->outcome == CALL_NONE)
        return reply_call_failed(arena, era, err_new(ERR_BUG, "the call was not run"));
    struct json *result = tool_result(arena, answer, true, call->outcome == CALL_DENIED);
    reply_receipt(arena, result, call->receipt);
    return reply_complete(arena, era, result);
}

struct json *reply_call_lean(struct arena *arena, enum era era, const struct call *call)
{
    if (call->outcome == CALL_FAILED || call->outcome == CALL_NONE || call->result == NULL)
        return reply_call(arena, era, call);
    struct json *result = json_object_new(arena);
    json_put(arena, result, "content", json_array_new(arena));
    json_put(arena, result, "structuredContent", call->result);
    json_put_bool(arena, result, "isError", call->outcome == CALL_DENIED);
    reply_receipt(arena, result, call->receipt);
    return reply_complete(arena, era, result);
}

struct err reply_tool(struct arena *arena, const struct tool *tool, struct json **row)
{
    struct json *input = NULL, *output = NULL, *hints = json_object_new(arena);

    TRY(tool_input_schema(arena, tool, &input));
    TRY(tool_output_schema(arena, tool, &output));
    json_put_text(arena, hints, "title", tool->title);
    json_put_bool(arena, hints, "readOnlyHint", tool->run == TOOL_READ);
    json_put_bool(arena, hints, "destructiveHint", tool->destructive);
    json_put_bool(arena, hints, "idempotentHint", tool->idempotent);
    json_put_bool(arena, hints, "openWorldHint", false);
    *row = json_object_new(arena);
    json_put_text(arena, *row, "name", tool->name);
    json_put_text(arena, *row, "title", tool->title);
    json_put_text(arena, *row, "description", tool->summary);
    json_put(arena, *row, "inputSchema", input);
    json_put(arena, *row, "outputSchema", output);
    json_put(arena, *row, "annotations", hints);
    json_put(arena, *row, "icons", icons(arena, tool->run == TOOL_READ ? ICON_READ : ICON_CHANGE));
    return arena_check(arena);
}

struct json *reply_resource(struct arena *arena, const struct resource *resource)
{
    const bool is_template = strchr(resource->uri, '{') != NULL;
    struct json *row = json_object_new(arena);
    json_put_text(arena, row, is_template ? "uriTemplate" : "uri", resource->uri);
    json_put_text(arena, row, "name", resource->name);
    json_put_text(arena, row, "title", resource->title);
    json_put_text(arena, row, "description", resource->description);
    json_put_text(arena, row, "mimeType", resource->mime);
    return row;
}

struct json *reply_contents(struct arena *arena, const char *uri, const char *mime,
                            const struct json *content)
{
    struct json *result = json_object_new(arena), *all = json_array_new(arena);
    struct json *one = json_object_new(arena);
    json_put_text(arena, one, "uri", uri);
    json_put_text(arena, one, "mimeType", mime);
    json_put(arena, one, "text",
             json_is(content, JSON_TYPE_TEXT) ? content : text_of(arena, content, NULL));
    json_push(arena, all, one);
    json_put(arena, result, "contents", all);
    return result;
}
