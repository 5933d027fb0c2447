/* Arguments that a client mirrors in headers (2026-07-28, x-mcp-header): a proxy may route by them,
 * so they must say what the body says. */
#include <string.h>

#include "engine/mcp/mcp_own.h"

/* 7, "7" and "007" of an integer argument are one number; "7.0" is not how it is mirrored. */
static bool same_integer(struct str header, const struct json *value)
{
    int64_t want, got = 0;
    size_t i = header.len > 0 && header.at[0] == '-' ? 1 : 0;
    if (!json_int(value, &want) || i == header.len || header.len - i > 18)
        return false;
    const bool minus = i == 1;
    for (; i < header.len; i++) {
        if (header.at[i] < '0' || header.at[i] > '9')
            return false;
        got = got * 10 + (header.at[i] - '0');
    }
    return want == (minus ? -got : got);
}

static bool says_same(struct str header, const struct json *value)
{
    if (json_is(value, JSON_TYPE_TEXT))
        return str_eq(header, value->text);
    if (json_is(value, JSON_TYPE_BOOL))
        return str_is(header, value->truth ? "true" : "false");
    return same_integer(header, value);
}

/* What the header may stand for. Anything else is a wrong argument, and the tool says so. */
static bool is_mirrored(const struct json *value)
{
    int64_t number;
    return json_is(value, JSON_TYPE_TEXT) || json_is(value, JSON_TYPE_BOOL) ||
           json_int(value, &number);
}

static const char *one_wrong(struct arena *arena, const struct http_req *http, const char *name,
                             const struct json *value)
{
    struct str raw, decoded;
    const char *header = arena_fmt(arena, "Mcp-Param-%s", name);
    if (header == NULL)
        return "out of memory";
    const size_t n = http_header(http, header, &raw);
    if (!is_mirrored(value))
        return n == 0 ? NULL : "an Mcp-Param header stands for an argument that is not there";
    if (n != 1)
        return "an Mcp-Param header that the tool's schema asks for is missing, or there twice";
    if (!era_header_decode(arena, raw, &decoded))
        return "an Mcp-Param header is not well formed";
    return says_same(decoded, value) ? NULL : "an Mcp-Param header is not what the argument says";
}

const char *mirror_wrong(struct arena *arena, const struct http_req *http,
                         const struct json *schema, const struct json *arguments)
{
    const struct json *properties = json_get(schema, "properties");
    for (size_t i = 0; properties != NULL && i < properties->count; i++) {
        const struct json_member *m = &properties->members[i];
        const char *name = json_get_text(m->value, "x-mcp-header");
        const struct json_member *given = arguments == NULL ? NULL : json_find(arguments, m->key);
        const char *why =
            name == NULL ? NULL : one_wrong(arena, http, name, given == NULL ? NULL : given->value);
        if (why != NULL)
            return why;
    }
    return NULL;
}
