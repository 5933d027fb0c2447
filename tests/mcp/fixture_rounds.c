/* Tools of 2026-07-28 that need more than one round. */
#include "tests/mcp/fixtures.h"

#define FORM(message, property)                                                                    \
    "{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"form\",\"message\":\"" message      \
    "\",\"requestedSchema\":{\"type\":\"object\",\"properties\":{\"" property                      \
    "\":{\"type\":\"string\"}},\"required\":[\"" property "\"]}}}"
#define SAMPLE(text)                                                                               \
    "{\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[{\"role\":\"user\","         \
    "\"content\":{\"type\":\"text\",\"text\":\"" text "\"}}],\"maxTokens\":100}}"
#define ROOTS "{\"method\":\"roots/list\",\"params\":{}}"

static void require(struct mcp_req *r, const char *requests, const char *state)
{
    req_input_required(r, lit(r->arena, requests), lit(r->arena, state));
}

/* What a form's answer says, or NULL. */
static const char *said(struct mcp_req *r, const char *key, const char *property)
{
    const struct json *response = req_input(r, key);
    if (!text_eq(json_get_text(response, "action"), "accept"))
        return NULL;
    return json_get_text(json_get(response, "content"), property);
}

static void elicitation(struct mcp_req *r, const struct json *arguments)
{
    const char *name = said(r, "user_name", "name");
    (void)arguments;
    if (name == NULL)
        require(r, "{\"user_name\":" FORM("What is your name?", "name") "}", "{\"round\":1}");
    else
        answer_text(r, arena_fmt(r->arena, "Hello, %s!", name));
}

static void sampling(struct mcp_req *r, const struct json *arguments)
{
    const struct json *response = req_input(r, "capital_question");
    const char *text = json_get_text(json_get(response, "content"), "text");
    (void)arguments;
    if (text == NULL)
        require(r, "{\"capital_question\":" SAMPLE("What is the capital of France?") "}",
                "{\"round\":1}");
    else
        answer_text(r, text);
}

static void roots(struct mcp_req *r, const struct json *arguments)
{
    const struct json *list = json_get(req_input(r, "client_roots"), "roots");
    (void)arguments;
    if (!json_is(list, JSON_TYPE_ARRAY))
        require(r, "{\"client_roots\":" ROOTS "}", "{\"round\":1}");
    else
        answer_text(r, arena_fmt(r->arena, "%zu roots", list->count));
}

static void request_state(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    if (req_input(r, "confirm") == NULL || r->state == NULL)
        require(r, "{\"confirm\":" FORM("Confirm?", "ok") "}", "{\"token\":\"kept\"}");
    else
        answer_text(r,
                    text_eq(json_get_text(r->state, "token"), "kept") ? "state-ok" : "state-bad");
}

static void multiple(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    if (req_input(r, "user_name") == NULL || req_input(r, "greeting") == NULL ||
        req_input(r, "client_roots") == NULL)
        require(r,
                "{\"user_name\":" FORM("What is your name?", "name") ",\"greeting\":" SAMPLE(
                    "Say hello.") ",\"client_roots\":" ROOTS "}",
                "{\"round\":1}");
    else
        answer_text(r, "all answered");
}

static void multi_round(struct mcp_req *r, const struct json *arguments)
{
    int64_t round = 0;
    (void)arguments;
    (void)json_int(json_get(r->state, "round"), &round);
    if (round == 0 || req_input(r, "step1") == NULL)
        if (round < 2) {
            require(r, "{\"step1\":" FORM("Step 1: What is your name?", "name") "}",
                    round == 0 ? "{\"round\":1}" : "{\"round\":1,\"again\":true}");
            return;
        }
    if (round == 1)
        require(r, "{\"step2\":" FORM("Step 2: What is your favourite colour?", "color") "}",
                "{\"round\":2}");
    else if (req_input(r, "step2") == NULL)
        require(r, "{\"step2\":" FORM("Step 2: What is your favourite colour?", "color") "}",
                "{\"round\":2,\"again\":true}");
    else
        answer_text(r, "both steps are done");
}

static void capabilities(struct mcp_req *r, const struct json *arguments)
{
    struct json *requests = json_object_new(r->arena);
    (void)arguments;
    if (req_client_can(r, "elicitation", "form"))
        json_put(r->arena, requests, "user_name",
                 lit(r->arena, FORM("What is your name?", "name")));
    if (req_client_can(r, "sampling", NULL))
        json_put(r->arena, requests, "greeting", lit(r->arena, SAMPLE("Say hello.")));
    if (req_client_can(r, "roots", NULL))
        json_put(r->arena, requests, "client_roots", lit(r->arena, ROOTS));
    if (requests->count == 0 || r->state != NULL)
        answer_text(r, "nothing more is needed");
    else
        req_input_required(r, requests, lit(r->arena, "{\"round\":1}"));
}

const struct fixture_tool fixture_rounds_tools[] = {
    {"test_input_required_result_elicitation", "Asks for a name", NULL, elicitation},
    {"test_input_required_result_sampling", "Asks the client's model", NULL, sampling},
    {"test_input_required_result_list_roots", "Asks for the client's roots", NULL, roots},
    {"test_input_required_result_request_state", "Wants its state back", NULL, request_state},
    {"test_input_required_result_multiple_inputs", "Asks for three things", NULL, multiple},
    {"test_input_required_result_multi_round", "Asks twice", NULL, multi_round},
    {"test_input_required_result_tampered_state", "Refuses another state", NULL, request_state},
    {"test_input_required_result_capabilities", "Asks only for what is declared", NULL,
     capabilities},
    {.name = NULL},
};
