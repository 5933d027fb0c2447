/* docs/TOOLS.md: each tool with its arguments and result, from the schemas that MCP clients get. */
#include <inttypes.h>

#include "engine/call/call.h"
#include "engine/cli/docs_own.h"

/* Text in a cell of a Markdown table. */
static void cell(struct buf *out, const char *text)
{
    for (const char *p = text == NULL ? "" : text; *p != '\0'; p++) {
        if (*p == '|')
            buf_putc(out, '\\');
        buf_putc(out, *p == '\n' ? ' ' : *p);
    }
}

static void range(struct buf *out, const struct json *schema, const char *min, const char *max,
                  const char *unit)
{
    int64_t lo, hi;
    const bool has_lo = json_int(json_get(schema, min), &lo);
    const bool has_hi = json_int(json_get(schema, max), &hi);
    if (has_lo && has_hi && lo == hi)
        buf_putf(out, ", %" PRId64 "%s", lo, unit);
    else if (has_lo && has_hi)
        buf_putf(out, ", %" PRId64 " to %" PRId64 "%s", lo, hi, unit);
    else if (has_hi)
        buf_putf(out, ", at most %" PRId64 "%s", hi, unit);
    else if (has_lo && lo == 1 && unit[0] != '\0')
        buf_puts(out, ", not empty");
    else if (has_lo)
        buf_putf(out, ", at least %" PRId64 "%s", lo, unit);
}

static void default_put(struct buf *out, const struct json *schema)
{
    const struct json *def = json_get(schema, "default");
    int64_t n;
    if (json_int(def, &n))
        buf_putf(out, ", default %" PRId64, n);
    else if (json_text(def) != NULL)
        buf_putf(out, ", default %s", json_text(def));
}

static void type_put(struct buf *out, const struct json *schema)
{
    const char *type = json_get_text(schema, "type"), *format = json_get_text(schema, "format");
    const struct json *names = json_get(schema, "enum");
    if (names != NULL) {
        for (size_t i = 0; i < names->count; i++)
            buf_putf(out, "%s`%s`", i == 0 ? "" : ", ", json_text(names->items[i]));
        return;
    }
    buf_puts(out, format != NULL ? format : type == NULL ? "any" : type);
    if (text_eq(type, "array")) {
        const char *of = json_get_text(json_get(schema, "items"), "type");
        buf_putf(out, " of %s", of == NULL ? "any" : of);
        range(out, schema, "minItems", "maxItems", " items");
    }
    if (text_eq(type, "string") && format == NULL)
        range(out, schema, "minLength", "maxLength", " characters");
    if (text_eq(type, "integer"))
        range(out, schema, "minimum", "maximum", "");
    default_put(out, schema);
}

static bool is_required(const struct json *schema, struct str name)
{
    const struct json *list = json_get(schema, "required");
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const char *one = json_text(list->items[i]);
        if (one != NULL && str_is(name, one))
            return true;
    }
    return false;
}

static void members(struct buf *out, const char *head, const struct json *schema)
{
    const struct json *properties = json_get(schema, "properties");
    if (properties == NULL || properties->count == 0)
        return;
    buf_putf(out, "\n| %s | type | |\n|---|---|---|\n", head);
    for (size_t i = 0; i < properties->count; i++) {
        const struct json_member *m = &properties->members[i];
        const bool required = is_required(schema, m->key);
        buf_putf(out, "| `%.*s`%s | ", (int)m->key.len, m->key.at, required ? " (required)" : "");
        type_put(out, m->value);
        buf_puts(out, " | ");
        cell(out, json_get_text(m->value, "description"));
        buf_puts(out, " |\n");
    }
}

static const char *door(unsigned offer)
{
    if ((offer & OFFER_MCP) != 0)
        return (offer & OFFER_SOCKET) != 0 ? "on `/mcp` and the Unix socket" : "on `/mcp`";
    if (offer == OFFER_SERVICE)
        return "on `/mcp`, to services only";
    if (offer == OFFER_WORKSPACE)
        return "on `/mcp`, to people of the workspace only";
    return (offer & OFFER_WORKSPACE) != 0
               ? "administration: on the Unix socket, the command line, and for people of the "
                 "workspace"
               : "administration: on the Unix socket and the command line";
}

static struct err tool_put(struct cli *cli, const struct tool *t, struct buf *out)
{
    struct json *in, *result;
    TRY(tool_input_schema(cli->arena, t, &in));
    TRY(tool_output_schema(cli->arena, t, &result));
    buf_putf(out, "\n## %s\n\n%s. %s, %s%s%s%s.\n\n%s\n", t->name, t->title, tier_name(t->tier),
             door(t->offer), t->run == TOOL_READ ? "; read only" : "",
             t->destructive ? "; destructive" : "", t->idempotent ? "; idempotent" : "",
             t->summary);
    members(out, "argument", in);
    members(out, "result", result);
    return arena_check(cli->arena);
}

static void resources_put(struct buf *out)
{
    buf_puts(out, "\n# Resources\n\n| uri | |\n|---|---|\n");
    for (size_t i = 0; i < resources_n; i++) {
        buf_putf(out, "| `%s` | ", resources[i].uri);
        cell(out, resources[i].description);
        buf_puts(out, " |\n");
    }
}

struct err docs_tools(struct cli *cli, struct buf *out)
{
    buf_puts(out,
             "# Tools\n\nT0 reads or proposes, T1 can be taken back, T2 is a human's with "
             "segregation of duties, T3 cannot be taken back. Every change passes the policy gate; "
             "its answer is the result below, or `pending_approval` with the escalation, or "
             "`denied` with the clause. Amounts are decimal strings. Who calls is never an "
             "argument.\n");
    for (size_t i = 0; i < tools_n; i++)
        TRY(tool_put(cli, tools[i], out));
    resources_put(out);
    return OK;
}
