/* Which revision a message speaks: body first, headers cross-checked, each fault with its code. */
#include "engine/mcp/era.h"

#include <string.h>

#include "tests/unit/test.h"

#define CLAIM(version)                                                                             \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":" version                              \
    ",\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define REQ(method, params)                                                                        \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}"

static const char tools_list[] = REQ("tools/list", CLAIM("\"2026-07-28\""));
static const char plain_list[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}";
static const char initialize[] = REQ("initialize", "\"protocolVersion\":\"2025-06-18\"");
static const char notification[] = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}";
static const char response[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}";
static const char call_x[] = REQ("tools/call", "\"name\":\"x\"," CLAIM("\"2026-07-28\""));
static const char call_e[] = REQ("tools/call", "\"name\":\"\xc3\xa9\"," CLAIM("\"2026-07-28\""));

/* Headers: version, method, name; NULL is not sent. */
static const struct {
    const char *body, *version, *method, *name;
    int code, status;
    enum era era;
    const char *speaks;
} table[] = {
    /* legacy */
    {initialize, NULL, NULL, NULL, 0, 0, ERA_LEGACY, "2025-03-26"},
    {initialize, "2025-06-18", NULL, NULL, 0, 0, ERA_LEGACY, "2025-06-18"},
    {initialize, "1999-01-01", NULL, NULL, 0, 0, ERA_LEGACY, "2025-11-25"},
    {plain_list, NULL, NULL, NULL, 0, 0, ERA_LEGACY, "2025-03-26"},
    {plain_list, "2025-11-25", NULL, NULL, 0, 0, ERA_LEGACY, "2025-11-25"},
    {plain_list, "2024-11-05", NULL, NULL, -32600, 400, ERA_LEGACY, NULL},
    {plain_list, "", NULL, NULL, -32600, 400, ERA_LEGACY, NULL},
    {notification, "2025-11-25", NULL, NULL, 0, 0, ERA_LEGACY, "2025-11-25"},
    {response, NULL, NULL, NULL, 0, 0, ERA_LEGACY, "2025-03-26"},
    /* modern */
    {tools_list, "2026-07-28", "tools/list", NULL, 0, 0, ERA_MODERN, "2026-07-28"},
    {notification, "2026-07-28", NULL, NULL, 0, 0, ERA_MODERN, "2026-07-28"},
    {call_x, "2026-07-28", "tools/call", "x", 0, 0, ERA_MODERN, "2026-07-28"},
    {call_x, "2026-07-28", "tools/call", "=?base64?eA==?=", 0, 0, ERA_MODERN, "2026-07-28"},
    {call_e, "2026-07-28", "tools/call", "=?base64?w6k=?=", 0, 0, ERA_MODERN, "2026-07-28"},
    /* headers that do not agree */
    {initialize, "2026-07-28", NULL, NULL, -32020, 400, ERA_MODERN, NULL},
    {tools_list, NULL, "tools/list", NULL, -32020, 400, ERA_MODERN, NULL},
    {tools_list, "2025-11-25", "tools/list", NULL, -32020, 400, ERA_MODERN, NULL},
    {tools_list, "2026-07-28", NULL, NULL, -32020, 400, ERA_MODERN, NULL},
    {tools_list, "2026-07-28", "Tools/List", NULL, -32020, 400, ERA_MODERN, NULL},
    {tools_list, "2026-07-28", "tools/call", NULL, -32020, 400, ERA_MODERN, NULL},
    {call_x, "2026-07-28", "tools/call", NULL, -32020, 400, ERA_MODERN, NULL},
    {call_x, "2026-07-28", "tools/call", "y", -32020, 400, ERA_MODERN, NULL},
    {call_x, "2026-07-28", "tools/call", "=?base64?eA?=", -32020, 400, ERA_MODERN, NULL},
    {call_x, "2026-07-28", "tools/call", "=?base64?e!==?=", -32020, 400, ERA_MODERN, NULL},
    {call_x, "2026-07-28", "tools/call", "=?BASE64?eA==?=", -32020, 400, ERA_MODERN, NULL},
    {call_x, "2026-07-28", "tools/call", "=?base64?eA==", -32020, 400, ERA_MODERN, NULL},
    {REQ("tools/call", CLAIM("\"2026-07-28\"")), "2026-07-28", "tools/call", "x", -32020, 400,
     ERA_MODERN, NULL},
    /* envelopes that are missing or broken */
    {plain_list, "2026-07-28", "tools/list", NULL, -32602, 400, ERA_MODERN, NULL},
    {plain_list, "2027-01-01", "tools/list", NULL, -32602, 400, ERA_MODERN, NULL},
    {REQ("tools/list", CLAIM("7")), "2026-07-28", "tools/list", NULL, -32602, 400, ERA_MODERN,
     NULL},
    {REQ("tools/list", CLAIM("null")), NULL, NULL, NULL, -32602, 400, ERA_MODERN, NULL},
    {REQ("tools/list", "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}"),
     "2026-07-28", "tools/list", NULL, -32602, 400, ERA_MODERN, NULL},
    {REQ("tools/list", "\"_meta\":[]"), "2026-07-28", "tools/list", NULL, -32602, 400, ERA_MODERN,
     NULL},
    /* versions we do not speak */
    {REQ("tools/list", CLAIM("\"2099-01-01\"")), "2099-01-01", "tools/list", NULL, -32022, 400,
     ERA_MODERN, NULL},
    {REQ("tools/list", CLAIM("\"2025-11-25\"")), "2025-11-25", "tools/list", NULL, -32022, 400,
     ERA_MODERN, NULL},
    {REQ("server/discover", CLAIM("\"DRAFT\"")), NULL, NULL, NULL, -32022, 400, ERA_MODERN, NULL},
    /* and no answers from clients */
    {response, "2026-07-28", NULL, NULL, -32600, 400, ERA_MODERN, NULL},
};

START_TEST(every_row_finds_its_era_or_its_fault)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct arena *arena = arena_new(1 << 20);
        struct http_field fields[3];
        struct http_req http = {.fields = fields};
        const char *const names[] = {"mcp-protocol-version", "MCP-METHOD", "Mcp-Name"};
        const char *const values[] = {table[i].version, table[i].method, table[i].name};
        struct jsonrpc_msg msg;
        struct jsonrpc_fault fault;
        struct era_found found;

        for (size_t k = 0; k < 3; k++)
            if (values[k] != NULL)
                fields[http.fields_n++] =
                    (struct http_field){.name = str_of(names[k]), .value = str_of(values[k])};
        jsonrpc_parse(arena, str_of(table[i].body), &msg, &fault);
        ck_assert_msg(fault.code == 0, "row %zu is no message", i);
        era_find(arena, &http, &msg, &found, &fault);
        ck_assert_msg(fault.code == table[i].code, "row %zu: %d (%s)", i, fault.code,
                      fault.message);
        ck_assert_msg(found.era == table[i].era, "row %zu: era", i);
        if (table[i].code == 0)
            ck_assert_msg(text_eq(found.version, table[i].speaks), "row %zu: %s", i, found.version);
        else
            ck_assert_int_eq(fault.status, table[i].status);
        arena_free(arena);
    }
}
END_TEST

START_TEST(a_version_header_twice_is_refused)
{
    struct arena *arena = arena_new(1 << 20);
    struct http_field fields[2] = {
        {.name = STR("MCP-Protocol-Version"), .value = STR("2025-11-25")},
        {.name = STR("mcp-protocol-version"), .value = STR("2025-11-25")}};
    const struct http_req http = {.fields = fields, .fields_n = 2};
    struct jsonrpc_msg msg;
    struct jsonrpc_fault fault;
    struct era_found found;
    jsonrpc_parse(arena, str_of(plain_list), &msg, &fault);
    era_find(arena, &http, &msg, &found, &fault);
    ck_assert_int_eq(fault.status, 400);
    arena_free(arena);
}
END_TEST

START_TEST(an_unknown_version_says_which_ones_are_known)
{
    struct arena *arena = arena_new(1 << 20);
    const struct http_req http = {0};
    struct jsonrpc_msg msg;
    struct jsonrpc_fault fault;
    struct era_found found;
    jsonrpc_parse(arena, STR(REQ("tools/list", CLAIM("\"2099-01-01\""))), &msg, &fault);
    era_find(arena, &http, &msg, &found, &fault);
    ck_assert_int_eq(fault.code, MCP_UNSUPPORTED_VERSION);
    ck_assert_str_eq(json_get_text(fault.data, "requested"), "2099-01-01");
    ck_assert_str_eq(json_text(json_pointer_get(fault.data, "/supported/0")), "2026-07-28");
    arena_free(arena);
}
END_TEST

START_TEST(initialize_agrees_on_a_version)
{
    ck_assert_str_eq(era_negotiate("2025-03-26"), "2025-03-26");
    ck_assert_str_eq(era_negotiate("2025-06-18"), "2025-06-18");
    ck_assert_str_eq(era_negotiate("2025-11-25"), "2025-11-25");
    ck_assert_str_eq(era_negotiate("2024-11-05"), "2025-11-25");
    ck_assert_str_eq(era_negotiate("2026-07-28"), "2025-11-25");
    ck_assert_str_eq(era_negotiate(""), "2025-11-25");
}
END_TEST

TEST_MAIN("era", every_row_finds_its_era_or_its_fault, a_version_header_twice_is_refused,
          an_unknown_version_says_which_ones_are_known, initialize_agrees_on_a_version)
