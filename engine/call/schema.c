/* What tools/list says of a tool's arguments and results, from the tables that parse and print
 * them. */
#include "engine/call/call.h"

static const struct json *text_schema(struct arena *arena, const char *description)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "type", "string");
    json_put_text(arena, o, "description", description);
    return o;
}

static struct json *properties_of(struct arena *arena, const struct json *schema)
{
    struct json *o = json_object_new(arena);
    const struct json *from = json_get(schema, "properties");
    for (size_t i = 0; from != NULL && i < from->count; i++)
        (void)json_add(arena, o, from->members[i].key, from->members[i].value);
    return o;
}

struct err tool_input_schema(struct arena *arena, const struct tool *tool, struct json **schema)
{
    TRY(json_schema(arena, tool->fields, tool->fields_n, schema));
    if (tool->run == TOOL_READ)
        return arena_check(arena);
    struct json *properties = properties_of(arena, *schema), *key = json_object_new(arena);
    json_put_text(arena, key, "type", "string");
    json_put_int(arena, key, "minLength", 1);
    json_put_int(arena, key, "maxLength", 200);
    json_put_text(arena, key, "description",
                  "repeat a call with the same key and it happens once; kept 30 days");
    json_put(arena, properties, "idempotency_key", key);
    json_put(arena, *schema, "properties", properties);
    return arena_check(arena);
}

/* Every answer of a change can be a refusal or an escalation, and its schema says so. */
struct err tool_output_schema(struct arena *arena, const struct tool *tool, struct json **schema)
{
    static const struct {
        const char *name, *description;
    } refusal[] = {
        {"status", "ok, pending_approval, denied, or what an escalation became"},
        {"reason", "the gate's reason"},
        {"clause", "the policy's clause, word for word"},
        {"pointer", "where the clause stands in the policy, RFC 6901"},
        {"escalation_id", "where it waits"},
        {"code", "the short code people compare"},
        {"digest", "of the bound facts; a decision repeats it"},
        {"approval_url", "the page where a human decides"},
        {"expires_at", "when the escalation ends unanswered"},
        {"decided_by", "who settled it"},
        {"match_id", "the match concerned"},
    };
    TRY(json_schema(arena, tool->result, tool->result_n, schema));
    if (tool->run == TOOL_READ)
        return arena_check(arena);
    struct json *properties = properties_of(arena, *schema), *seq = json_object_new(arena),
                *required = json_array_new(arena);
    for (size_t i = 0; i < sizeof refusal / sizeof refusal[0]; i++)
        json_put(arena, properties, refusal[i].name, text_schema(arena, refusal[i].description));
    json_put_text(arena, seq, "type", "integer");
    json_put_text(arena, seq, "description", "number of the audit event that recorded it");
    json_put(arena, properties, "seq", seq);
    json_put(arena, *schema, "properties", properties);
    if (tool->result_open)
        json_put_bool(arena, *schema, "additionalProperties", true);
    json_push(arena, required, json_text_new(arena, "status"));
    json_put(arena, *schema, "required", required);
    return arena_check(arena);
}
