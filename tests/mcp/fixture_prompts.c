/* Prompts, completion and resources of the suite. */
#include <string.h>

#include "tests/mcp/fixtures.h"

/* ---- prompts ---- */

static const char *const prompts =
    "[{\"name\":\"test_simple_prompt\",\"description\":\"A prompt without arguments\"},"
    "{\"name\":\"test_prompt_with_arguments\",\"description\":\"A prompt with two arguments\","
    "\"arguments\":[{\"name\":\"arg1\",\"description\":\"First\",\"required\":true},"
    "{\"name\":\"arg2\",\"description\":\"Second\",\"required\":true}]},"
    "{\"name\":\"test_prompt_with_embedded_resource\",\"description\":\"A prompt with a resource\","
    "\"arguments\":[{\"name\":\"resourceUri\",\"description\":\"Which\",\"required\":true}]},"
    "{\"name\":\"test_prompt_with_image\",\"description\":\"A prompt with an image\"},"
    "{\"name\":\"test_input_required_result_prompt\",\"description\":\"A prompt that asks "
    "first\"}]";

static struct err add_all(struct mcp_req *r, const char *text, struct json *rows, size_t *next)
{
    const struct json *all = lit(r->arena, text);
    *next = 0;
    for (size_t i = 0; i < all->count; i++)
        json_push(r->arena, rows, all->items[i]);
    return OK;
}

struct err fixture_prompts_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next)
{
    (void)from;
    return add_all(r, prompts, rows, next);
}

static void answer_messages(struct mcp_req *r, struct json *contents)
{
    struct json *result = json_object_new(r->arena), *messages = json_array_new(r->arena);
    for (size_t i = 0; i < contents->count; i++) {
        struct json *message = lit(r->arena, "{\"role\":\"user\"}");
        json_put(r->arena, message, "content", contents->items[i]);
        json_push(r->arena, messages, message);
    }
    json_put(r->arena, result, "messages", messages);
    req_result(r, result);
}

static struct json *text_content(struct arena *arena, const char *text)
{
    struct json *array = json_array_new(arena), *content = lit(arena, "{\"type\":\"text\"}");
    json_put_text(arena, content, "text", text);
    json_push(arena, array, content);
    return array;
}

static void with_resource(struct mcp_req *r, const char *uri)
{
    struct json *array = json_array_new(r->arena),
                *content = lit(r->arena, "{\"type\":\"resource\"}");
    struct json *resource =
        lit(r->arena, "{\"mimeType\":\"text/plain\",\"text\":\"Embedded resource "
                      "content for testing.\"}");
    json_put_text(r->arena, resource, "uri", uri == NULL ? "test://example-resource" : uri);
    json_put(r->arena, content, "resource", resource);
    json_push(r->arena, array, content);
    json_push(r->arena, array,
              text_content(r->arena, "Please process the embedded resource above.")->items[0]);
    answer_messages(r, array);
}

static void asking(struct mcp_req *r)
{
    const struct json *response = req_input(r, "user_context");
    if (response == NULL)
        req_input_required(
            r,
            lit(r->arena,
                "{\"user_context\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":"
                "\"form\",\"message\":\"What is the context?\",\"requestedSchema\":{\"type\":"
                "\"object\",\"properties\":{\"context\":{\"type\":\"string\"}},\"required\":["
                "\"context\"]}}}}"),
            lit(r->arena, "{\"round\":1}"));
    else
        answer_messages(r, text_content(r->arena, "with the context"));
}

void fixture_prompts_get(struct mcp_req *r, const char *name, const struct json *arguments)
{
    const char *one = json_get_text(arguments, "arg1"), *two = json_get_text(arguments, "arg2");
    if (strcmp(name, "test_simple_prompt") == 0)
        answer_messages(r, text_content(r->arena, "This is a simple prompt for testing."));
    else if (strcmp(name, "test_prompt_with_arguments") == 0)
        answer_messages(
            r, text_content(r->arena,
                            arena_fmt(r->arena, "Prompt with arguments: arg1='%s', arg2='%s'",
                                      one == NULL ? "" : one, two == NULL ? "" : two)));
    else if (strcmp(name, "test_prompt_with_embedded_resource") == 0)
        with_resource(r, json_get_text(arguments, "resourceUri"));
    else if (strcmp(name, "test_prompt_with_image") == 0)
        answer_messages(r, lit(r->arena,
                               "[{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"" PNG
                               "\"},{\"type\":\"text\",\"text\":\"Please analyze the image "
                               "above.\"}]"));
    else if (strcmp(name, "test_input_required_result_prompt") == 0)
        asking(r);
    else
        req_fault(r, jsonrpc_fault(JSONRPC_INVALID_PARAMS, "unknown prompt"));
}

void fixture_complete(struct mcp_req *r, const struct json *ref, const char *argument,
                      const char *value)
{
    (void)ref, (void)argument, (void)value;
    req_result(r, lit(r->arena, "{\"completion\":{\"values\":[],\"total\":0,\"hasMore\":false}}"));
}

/* ---- resources ---- */

struct err fixture_resources_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next)
{
    (void)from;
    return add_all(
        r,
        "[{\"uri\":\"test://static-text\",\"name\":\"Static text\",\"description\":\"A "
        "text\",\"mimeType\":\"text/plain\"},"
        "{\"uri\":\"test://static-binary\",\"name\":\"Static binary\",\"description\":\"An "
        "image\",\"mimeType\":\"image/png\"},"
        "{\"uri\":\"test://watched-resource\",\"name\":\"Watched\",\"description\":\"Can be "
        "followed\",\"mimeType\":\"text/plain\"}]",
        rows, next);
}

struct err fixture_templates_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next)
{
    (void)from;
    return add_all(r,
                   "[{\"uriTemplate\":\"test://template/{id}/data\",\"name\":\"Template\","
                   "\"description\":\"Data by id\",\"mimeType\":\"application/json\"}]",
                   rows, next);
}

static void answer_contents(struct mcp_req *r, const char *uri, const char *mime, const char *text,
                            const char *blob)
{
    struct json *result = json_object_new(r->arena), *contents = json_array_new(r->arena);
    struct json *one = json_object_new(r->arena);
    json_put_text(r->arena, one, "uri", uri);
    json_put_text(r->arena, one, "mimeType", mime);
    json_put_text(r->arena, one, blob == NULL ? "text" : "blob", blob == NULL ? text : blob);
    json_push(r->arena, contents, one);
    json_put(r->arena, result, "contents", contents);
    req_cacheable(r, result, 0);
}

static bool from_template(struct mcp_req *r, const char *uri)
{
    static const char head[] = "test://template/", tail[] = "/data";
    const size_t n = strlen(uri), h = sizeof head - 1, t = sizeof tail - 1;
    if (n <= h + t || strncmp(uri, head, h) != 0 || strcmp(uri + n - t, tail) != 0)
        return false;
    const char *id = arena_dup(r->arena, uri + h, n - h - t);
    answer_contents(r, uri, "application/json",
                    arena_fmt(r->arena,
                              "{\"id\":\"%s\",\"templateTest\":true,\"data\":\"Data for ID: %s\"}",
                              id, id),
                    NULL);
    return true;
}

void fixture_resources_read(struct mcp_req *r, const char *uri)
{
    if (strcmp(uri, "test://static-text") == 0) {
        answer_contents(r, uri, "text/plain", "This is the content of the static text resource.",
                        NULL);
    } else if (strcmp(uri, "test://static-binary") == 0) {
        answer_contents(r, uri, "image/png", NULL, PNG);
    } else if (strcmp(uri, "test://watched-resource") == 0) {
        answer_contents(r, uri, "text/plain", "Watched resource content", NULL);
    } else if (!from_template(r, uri)) {
        struct json *data = json_object_new(r->arena);
        json_put_text(r->arena, data, "uri", uri);
        struct jsonrpc_fault fault = jsonrpc_fault(
            r->era.era == ERA_MODERN ? JSONRPC_INVALID_PARAMS : MCP_RESOURCE_NOT_FOUND,
            "there is no such resource");
        fault.data = data;
        req_fault(r, fault);
    }
}

bool fixture_may_watch(struct mcp_req *r, const char *uri)
{
    (void)r;
    return strncmp(uri, "test://", 7) == 0 || strncmp(uri, "task-", 5) == 0;
}
