/* The legacy era's tools that ask the client in the middle of a call, or let it go. */
#include "common/sys/json_write.h"
#include "tests/mcp/fixtures.h"

static const char *printed(struct mcp_req *r, const struct json *tree)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, 65536);
    jw_tree(&w, NULL, tree);
    return jw_done(&w, &text).kind == ERR_NONE ? arena_dup(r->arena, text.at, text.len) : "?";
}

static void answered(struct mcp_req *r, const struct json *result)
{
    const char *said = result == NULL ? "the client refused" : printed(r, result);
    answer_text(r, arena_fmt(r->arena, "User response: %s", said));
}

static void sampled(struct mcp_req *r, const struct json *result)
{
    const char *text = json_get_text(json_get(result, "content"), "text");
    answer_text(r, arena_fmt(r->arena, "LLM response: %s", text == NULL ? "none" : text));
}

static void ask(struct mcp_req *r, const char *method, struct json *params, req_answer *answer)
{
    if (!req_ask(r, method, params, answer))
        req_result(r, text_result(r->arena, "this client cannot be asked", true));
}

static void sampling(struct mcp_req *r, const struct json *arguments)
{
    struct json *params = lit(r->arena, "{\"maxTokens\":100}"),
                *messages = json_array_new(r->arena);
    struct json *message = lit(r->arena, "{\"role\":\"user\"}");
    struct json *content = lit(r->arena, "{\"type\":\"text\"}");
    json_put_text(r->arena, content, "text", json_get_text(arguments, "prompt"));
    json_put(r->arena, message, "content", content);
    json_push(r->arena, messages, message);
    json_put(r->arena, params, "messages", messages);
    ask(r, "sampling/createMessage", params, sampled);
}

static void elicit(struct mcp_req *r, const char *message, const char *schema)
{
    struct json *params = json_object_new(r->arena);
    json_put_text(r->arena, params, "message", message);
    json_put(r->arena, params, "requestedSchema", lit(r->arena, schema));
    ask(r, "elicitation/create", params, answered);
}

static void elicitation(struct mcp_req *r, const struct json *arguments)
{
    const char *message = json_get_text(arguments, "message");
    elicit(r, message == NULL ? "Who are you?" : message,
           "{\"type\":\"object\",\"properties\":{\"username\":{\"type\":\"string\",\"description\":"
           "\"User's response\"},\"email\":{\"type\":\"string\",\"description\":\"User's email "
           "address\"}},\"required\":[\"username\",\"email\"]}");
}

static void defaults(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    elicit(r, "Values with defaults",
           "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"default\":\"John "
           "Doe\"},\"age\":{\"type\":\"integer\",\"default\":30},\"score\":{\"type\":\"number\","
           "\"default\":95.5},\"status\":{\"type\":\"string\",\"enum\":[\"active\",\"inactive\","
           "\"pending\"],\"default\":\"active\"},\"verified\":{\"type\":\"boolean\",\"default\":"
           "true}},"
           "\"required\":[]}");
}

static void enums(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    elicit(
        r, "Every kind of choice",
        "{\"type\":\"object\",\"properties\":{"
        "\"untitledSingle\":{\"type\":\"string\",\"enum\":[\"option1\",\"option2\",\"option3\"]},"
        "\"titledSingle\":{\"type\":\"string\",\"oneOf\":[{\"const\":\"value1\",\"title\":\"First "
        "Option\"},{\"const\":\"value2\",\"title\":\"Second Option\"},{\"const\":\"value3\","
        "\"title\":\"Third Option\"}]},"
        "\"legacyEnum\":{\"type\":\"string\",\"enum\":[\"opt1\",\"opt2\",\"opt3\"],\"enumNames\":["
        "\"Option One\",\"Option Two\",\"Option Three\"]},"
        "\"untitledMulti\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":["
        "\"option1\","
        "\"option2\",\"option3\"]}},"
        "\"titledMulti\":{\"type\":\"array\",\"items\":{\"anyOf\":[{\"const\":\"value1\",\"title\":"
        "\"First Choice\"},{\"const\":\"value2\",\"title\":\"Second "
        "Choice\"},{\"const\":\"value3\","
        "\"title\":\"Third Choice\"}]}}},\"required\":[]}");
}

static void come_back(struct mcp_req *r)
{
    answer_text(r, "Reconnection test completed successfully.");
}

static void reconnection(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    req_let_go(r, 500);
    later(r, 200, come_back);
}

const struct fixture_tool fixture_legacy_tools[] = {
    {"test_sampling", "Asks the client's model",
     "{\"type\":\"object\",\"properties\":{\"prompt\":{\"type\":\"string\"}},\"required\":["
     "\"prompt\"]}",
     sampling},
    {"test_elicitation", "Asks the user",
     "{\"type\":\"object\",\"properties\":{\"message\":{\"type\":\"string\"}},\"required\":["
     "\"message\"]}",
     elicitation},
    {"test_elicitation_sep1034_defaults", "Asks with defaults", NULL, defaults},
    {"test_elicitation_sep1330_enums", "Asks with choices", NULL, enums},
    {"test_reconnection", "Lets the connection go in the middle", NULL, reconnection},
    {.name = NULL},
};
