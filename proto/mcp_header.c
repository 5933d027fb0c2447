/* Printing only; nothing here reads a header. */
#include "proto/mcp_header.h"

#include <string.h>

#include "common/sys/crypt.h"

static bool is_plain(struct str value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.at[i] < 0x21 || (unsigned char)value.at[i] > 0x7E)
            return false;
    return value.len > 0 && (value.len < 2 || memcmp(value.at, "=?", 2) != 0);
}

const char *mcp_header_encode(struct arena *arena, struct str value)
{
    if (is_plain(value))
        return str_dup(arena, value);
    char *coded = arena_alloc(arena, BASE64_SIZE(value.len));
    if (coded == NULL)
        return NULL;
    base64_print(value.at, value.len, coded);
    return arena_fmt(arena, "=?base64?%s?=", coded);
}

const char *mcp_header_argument(struct arena *arena, const struct json *value)
{
    int64_t n;
    if (json_is(value, JSON_TYPE_TEXT))
        return mcp_header_encode(arena, value->text);
    if (json_is(value, JSON_TYPE_BOOL))
        return value->truth ? "true" : "false";
    return json_int(value, &n) ? arena_fmt(arena, "%lld", (long long)n) : NULL;
}

const char *mcp_header_name_of(const char *method)
{
    if (text_eq(method, "tools/call") || text_eq(method, "prompts/get"))
        return "name";
    if (text_eq(method, "resources/read"))
        return "uri";
    return method != NULL && strncmp(method, "tasks/", 6) == 0 ? "taskId" : NULL;
}
