/* Tools that answer by themselves: every kind of content, progress, logs, changes of lists. */
#include <string.h>

#include "engine/mcp/endpoint.h"
#include "tests/mcp/fixtures.h"

static void answer(struct mcp_req *r, const char *content)
{
    struct json *result = json_object_new(r->arena);
    json_put(r->arena, result, "content", lit(r->arena, content));
    req_result(r, result);
}

static void simple_text(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    answer_text(r, "This is a simple text response for testing.");
}

static void image(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    answer(r, "[{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"" PNG "\"}]");
}

static void audio(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    answer(r, "[{\"type\":\"audio\",\"mimeType\":\"audio/wav\",\"data\":\"" WAV "\"}]");
}

static void embedded(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    answer(r, "[{\"type\":\"resource\",\"resource\":{\"uri\":\"test://embedded-resource\","
              "\"mimeType\":\"text/plain\",\"text\":\"This is an embedded resource content.\"}}]");
}

static void mixed(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    answer(r, "[{\"type\":\"text\",\"text\":\"Multiple content types test:\"},"
              "{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"" PNG "\"},"
              "{\"type\":\"resource\",\"resource\":{\"uri\":\"test://mixed-content-resource\","
              "\"mimeType\":\"application/json\",\"text\":\"{\\\"test\\\":\\\"data\\\"}\"}}]");
}

static void error(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    req_result(r,
               text_result(r->arena, "This tool intentionally returns an error for testing", true));
}

static void progress_100(struct mcp_req *r)
{
    req_progress(r, 100, 100, NULL);
    answer_text(r, "done");
}

static void progress_50(struct mcp_req *r)
{
    req_progress(r, 50, 100, NULL);
    later(r, 50, progress_100);
}

static void progress(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    req_progress(r, 0, 100, NULL);
    later(r, 50, progress_50);
}

static void log_3(struct mcp_req *r)
{
    req_log(r, "info", "fixture", lit(r->arena, "\"Tool execution completed\""));
    answer_text(r, "logged");
}

static void log_2(struct mcp_req *r)
{
    req_log(r, "info", "fixture", lit(r->arena, "\"Tool processing data\""));
    later(r, 50, log_3);
}

static void logging(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    req_log(r, "info", "fixture", lit(r->arena, "\"Tool execution started\""));
    later(r, 50, log_2);
}

static void log_once(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    req_log(r, "info", "fixture", lit(r->arena, "\"only when asked\""));
    answer_text(r, "ok");
}

static void tool_change(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    mcp_list_changed(fixture_mcp, MCP_TOOLS);
    answer_text(r, "told");
}

static void prompt_change(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    mcp_list_changed(fixture_mcp, MCP_PROMPTS);
    answer_text(r, "told");
}

static void needs_sampling(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    if (r->era.era == ERA_MODERN && !req_client_can(r, "sampling", NULL))
        req_needs(r, "sampling", NULL);
    else
        answer_text(r, "ok");
}

static void ok(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    answer_text(r, "ok");
}

static const char schema_2020_12[] =
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\","
    "\"$defs\":{\"address\":{\"$anchor\":\"addressDef\",\"type\":\"object\",\"properties\":{"
    "\"street\":{\"type\":\"string\"},\"city\":{\"type\":\"string\"}}}},"
    "\"properties\":{\"name\":{\"type\":\"string\"},\"address\":{\"$ref\":\"#/$defs/address\"},"
    "\"contactMethod\":{\"type\":\"string\",\"enum\":[\"phone\",\"email\"]},"
    "\"phone\":{\"type\":\"string\"},\"email\":{\"type\":\"string\"}},"
    "\"allOf\":[{\"anyOf\":[{\"required\":[\"phone\"]},{\"required\":[\"email\"]}]}],"
    "\"if\":{\"properties\":{\"contactMethod\":{\"const\":\"phone\"}},\"required\":["
    "\"contactMethod\"]},"
    "\"then\":{\"required\":[\"phone\"]},\"else\":{\"required\":[\"email\"]},"
    "\"additionalProperties\":false}";

const struct fixture_tool fixture_plain_tools[] = {
    {"test_simple_text", "Answers with text", NULL, simple_text},
    {"test_image_content", "Answers with an image", NULL, image},
    {"test_audio_content", "Answers with sound", NULL, audio},
    {"test_embedded_resource", "Answers with an embedded resource", NULL, embedded},
    {"test_multiple_content_types", "Answers with several kinds of content", NULL, mixed},
    {"test_error_handling", "Answers with an error", NULL, error},
    {"test_tool_with_progress", "Reports progress three times", NULL, progress},
    {"test_tool_with_logging", "Logs three times", NULL, logging},
    {"test_logging_tool", "Logs once, when a level was asked for", NULL, log_once},
    {"test_trigger_tool_change", "Tells listeners that the tools changed", NULL, tool_change},
    {"test_trigger_prompt_change", "Tells listeners that the prompts changed", NULL, prompt_change},
    {"test_missing_capability", "Needs sampling", NULL, needs_sampling},
    {"test_streaming_elicitation", "Succeeds", NULL, ok},
    {"json_schema_2020_12_tool", "Has a schema with the words of 2020-12", schema_2020_12, ok},
    {"test_x_mcp_header", "Mirrors arguments in headers",
     "{\"type\":\"object\",\"properties\":{\"region\":{\"type\":\"string\",\"x-mcp-header\":"
     "\"Region\"},\"level\":{\"type\":\"integer\",\"x-mcp-header\":\"Level\"}}}",
     ok},
    {.name = NULL},
};
