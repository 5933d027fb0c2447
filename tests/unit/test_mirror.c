/* Arguments mirrored in headers: what the header says is what the body says, and nothing else. */
#include <string.h>

#include "common/sys/json_read.h"
#include "engine/mcp/mcp_own.h"
#include "tests/unit/test.h"

static const char schema_text[] =
    "{\"type\":\"object\",\"properties\":{\"entity_id\":{\"type\":\"string\",\"x-mcp-header\":"
    "\"Entity-Id\"},\"level\":{\"type\":\"integer\",\"x-mcp-header\":\"Level\"},\"dry\":{\"type\":"
    "\"boolean\",\"x-mcp-header\":\"Dry\"},\"note\":{\"type\":\"string\"}}}";

/* `twice`: the header is sent a second time. */
static const struct {
    const char *arguments, *header, *value;
    bool twice, good;
} table[] = {
    {"{\"entity_id\":\"US\"}", "Mcp-Param-Entity-Id", "US", false, true},
    {"{\"entity_id\":\"US\"}", "mcp-param-entity-id", "US", false, true},
    {"{\"entity_id\":\"US\"}", "Mcp-Param-Entity-Id", "us", false, false},
    {"{\"entity_id\":\"US\"}", "Mcp-Param-Entity-Id", "US", true, false},
    {"{\"entity_id\":\"US\"}", NULL, NULL, false, false},
    {"{\"entity_id\":\"US\"}", "Mcp-Param-Entity-Id", "=?base64?VVM=?=", false, true},
    {"{\"entity_id\":\"US\"}", "Mcp-Param-Entity-Id", "=?base64?VVM?=", false, false},
    {"{\"entity_id\":\"US\"}", "Mcp-Param-Entity-Id", "=?base64?REU=?=", false, false},
    {"{\"entity_id\":\"\xc3\xa9\"}", "Mcp-Param-Entity-Id", "=?base64?w6k=?=", false, true},
    {"{\"entity_id\":null}", NULL, NULL, false, true},
    {"{\"entity_id\":null}", "Mcp-Param-Entity-Id", "US", false, false},
    {"{}", NULL, NULL, false, true},
    {"{}", "Mcp-Param-Entity-Id", "US", false, false},
    {"{\"note\":\"x\"}", NULL, NULL, false, true},
    {"{\"note\":\"x\"}", "Mcp-Param-Note", "y", false, true}, /* nobody asked for it */
    {"{\"level\":7}", "Mcp-Param-Level", "7", false, true},
    {"{\"level\":7}", "Mcp-Param-Level", "007", false, true},
    {"{\"level\":-7}", "Mcp-Param-Level", "-7", false, true},
    {"{\"level\":7}", "Mcp-Param-Level", "8", false, false},
    {"{\"level\":7}", "Mcp-Param-Level", "7.0", false, false},
    {"{\"level\":7}", "Mcp-Param-Level", "", false, false},
    {"{\"level\":7}", "Mcp-Param-Level", "-", false, false},
    {"{\"level\":7}", "Mcp-Param-Level", "70000000000000000000000000007", false, false},
    {"{\"level\":\"7\"}", "Mcp-Param-Level", "7", false, true},
    {"{\"dry\":true}", "Mcp-Param-Dry", "true", false, true},
    {"{\"dry\":true}", "Mcp-Param-Dry", "True", false, false},
    {"{\"dry\":false}", "Mcp-Param-Dry", "false", false, true},
    /* what no header can stand for is the tool's to refuse */
    {"{\"entity_id\":[\"US\"]}", NULL, NULL, false, true},
    {"{\"entity_id\":[\"US\"]}", "Mcp-Param-Entity-Id", "US", false, false},
    {"{\"level\":7.5}", NULL, NULL, false, true},
};

static struct json *read_json(struct arena *arena, const char *text)
{
    struct json *tree;
    ck_ok(json_read(arena, str_of(text), NULL, &tree));
    return tree;
}

START_TEST(a_header_says_what_its_argument_says)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)1 << 20);
    struct http_field fields[2] = {0};
    struct http_req http = {.fields = fields};
    const struct json *schema = read_json(arena, schema_text);
    fields[0].name = str_of(table[_i].header == NULL ? "X" : table[_i].header);
    fields[0].value = str_of(table[_i].value == NULL ? "" : table[_i].value);
    fields[1] = fields[0];
    http.fields_n = table[_i].twice ? 2 : 1;
    const char *why = mirror_wrong(arena, &http, schema, read_json(arena, table[_i].arguments));
    ck_assert_msg((why == NULL) == table[_i].good, "%s, %s: %s: %s", table[_i].arguments,
                  table[_i].header == NULL ? "-" : table[_i].header,
                  table[_i].value == NULL ? "-" : table[_i].value, why == NULL ? "good" : why);
}
END_TEST

START_TEST(without_arguments_or_a_schema_there_is_nothing_to_say)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)1 << 20);
    const struct http_req http = {.fields_n = 0};
    ck_assert_ptr_null(mirror_wrong(arena, &http, NULL, NULL));
    ck_assert_ptr_null(mirror_wrong(arena, &http, read_json(arena, schema_text), NULL));
}
END_TEST

int main(void)
{
    TCase *tcase = test_case("mirror", NULL, NULL);
    tcase_add_loop_test(tcase, a_header_says_what_its_argument_says, 0,
                        (int)(sizeof table / sizeof table[0]));
    tcase_add_test(tcase, without_arguments_or_a_schema_there_is_nothing_to_say);
    return test_run("mirror", tcase);
}
