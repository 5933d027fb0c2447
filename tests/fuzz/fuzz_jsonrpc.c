/* A body of any bytes is one JSON-RPC message or one fault, and either can be answered. The era of
 * a message is found with headers taken from the input too: lines before the first empty one. */
#include "proto/jsonrpc.h"

#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/json_write.h"
#include "engine/mcp/era.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void can_be_said(const struct json *tree)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, 4 << 20);
    jw_tree(&w, NULL, tree);
    INVARIANT(jw_done(&w, &text).kind == ERR_NONE);
}

/* Up to three header values, one a line. */
static struct str take_headers(struct str in, struct http_field *fields, size_t *n)
{
    static const char *const names[] = {"MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"};
    struct str line, rest;
    for (*n = 0; *n < 3 && str_cut(in, '\n', &line, &rest); in = rest) {
        fields[*n] = (struct http_field){.name = str_of(names[*n]), .value = line};
        (*n)++;
    }
    return in;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(64 << 20);
    struct http_field fields[3];
    struct http_req http = {.fields = fields};
    struct jsonrpc_msg msg;
    struct jsonrpc_fault fault;
    struct era_found found;

    struct str body = take_headers((struct str){(const char *)data, size}, fields, &http.fields_n);
    jsonrpc_parse(arena, body, &msg, &fault);
    INVARIANT((fault.code == 0) == (msg.kind != JSONRPC_NONE));
    if (fault.code == 0)
        era_find(arena, &http, &msg, &found, &fault);
    if (fault.code != 0) {
        INVARIANT(fault.message != NULL && fault.status >= 400 && fault.status < 500);
        can_be_said(jsonrpc_error(arena, msg.id, &fault));
    } else if (msg.kind == JSONRPC_REQUEST) {
        INVARIANT(found.version != NULL && msg.id != NULL && msg.method[0] != '\0');
        can_be_said(jsonrpc_result(arena, msg.id, json_object_new(arena)));
    }
    return 0;
}
