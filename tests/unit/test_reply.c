/* What tools/list says of the real tools, and the shapes of a call's answers in both eras. */
#include "engine/mcp/reply.h"

#include <ctype.h>
#include <string.h>

#include "tests/unit/test.h"

static struct arena *arena;

/* Nobody says in an argument who they are (DESIGN §3). */
static bool names_the_caller(const char *tool, struct str key)
{
    static const char *const words[] = {
        "actor",        "actor_id", "caller",   "user",         "user_id",  "principal",
        "principal_id", "as",       "obo",      "on_behalf_of", "identity", "client",
        "client_id",    "session",  "approver", "signed_by",    "role",     "roles"};
    if (strcmp(tool, "query_audit") == 0 && str_is(key, "actor"))
        return false; /* a filter: whose events to look for */
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_is_nocase(key, words[i]))
            return true;
    return false;
}

static void check_schema(const char *tool, const struct json *schema)
{
    const struct json *properties = json_get(schema, "properties");
    for (size_t i = 0; properties != NULL && i < properties->count; i++)
        ck_assert_msg(!names_the_caller(tool, properties->members[i].key), "%s: %s", tool,
                      properties->members[i].key.at);
    for (size_t i = 0; schema != NULL && i < schema->count; i++) {
        if (schema->type == JSON_TYPE_OBJECT)
            check_schema(tool, schema->members[i].value);
        else if (schema->type == JSON_TYPE_ARRAY)
            check_schema(tool, schema->items[i]);
    }
}

static const struct json *row_of(const struct tool *tool)
{
    struct json *row = NULL;
    ck_ok(reply_tool(arena, tool, &row));
    return row;
}

START_TEST(no_argument_of_any_tool_names_the_caller)
{
    arena = arena_new(16 << 20);
    for (size_t i = 0; i < tools_n; i++) {
        /* administration names whom it is about; its caller is the transport's like any */
        if (tools[i]->action == ACTION_CHANGE_REGISTRY || tools[i]->action == ACTION_FREEZE ||
            tools[i]->action == ACTION_THAW)
            continue;
        check_schema(tools[i]->name, json_get(row_of(tools[i]), "inputSchema"));
    }
    arena_free(arena);
}
END_TEST

START_TEST(every_tool_is_listed_whole)
{
    arena = arena_new(16 << 20);
    ck_assert_uint_gt(tools_n, 0);
    for (size_t i = 0; i < tools_n; i++) {
        const struct json *row = row_of(tools[i]);
        const char *name = json_get_text(row, "name");
        ck_assert_uint_le(strlen(name), 64);
        for (const char *p = name; *p != '\0'; p++)
            ck_assert_msg(islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_',
                          "%s", name);
        ck_assert(!text_empty(json_get_text(row, "title")));
        ck_assert(!text_empty(json_get_text(row, "description")));
        ck_assert_str_eq(json_get_text(json_get(row, "inputSchema"), "type"), "object");
        ck_assert_str_eq(json_get_text(json_get(row, "outputSchema"), "type"), "object");
        const struct json *hints = json_get(row, "annotations");
        ck_assert_uint_eq(hints->count, 5);
        for (size_t k = 0; k < 5; k++)
            ck_assert(str_is(hints->members[k].key, "title") ||
                      json_is(hints->members[k].value, JSON_TYPE_BOOL));
        ck_assert_ptr_eq(tool_find(name), tools[i]);
        ck_assert_uint_ne(tools[i]->offer, 0); /* housekeeping is no tool of anybody's */
    }
    arena_free(arena);
}
END_TEST

/* A structured answer of the shape the outputSchema promises: its required members are there, and
 * no member is unknown to a closed schema. */
static void fits(const struct json *schema, const struct json *answer)
{
    const struct json *required = json_get(schema, "required");
    const struct json *open = json_get(schema, "additionalProperties");
    for (size_t i = 0; required != NULL && i < required->count; i++)
        ck_assert_msg(json_get(answer, json_text(required->items[i])) != NULL, "missing %s",
                      json_text(required->items[i]));
    for (size_t i = 0; open != NULL && !open->truth && i < answer->count; i++)
        ck_assert_msg(json_find(json_get(schema, "properties"), answer->members[i].key) != NULL,
                      "unknown %s", answer->members[i].key.at);
}

START_TEST(a_denial_and_an_escalation_fit_every_changes_output_schema)
{
    arena = arena_new(16 << 20);
    struct json *refusal = json_object_new(arena);
    json_put_text(arena, refusal, "status", "denied");
    json_put_text(arena, refusal, "reason", "SOD_SAME_ACTOR");
    json_put_text(arena, refusal, "clause", "x");
    json_put_text(arena, refusal, "pointer", "/sod");
    for (size_t i = 0; i < tools_n; i++)
        if (tools[i]->run != TOOL_READ)
            fits(json_get(row_of(tools[i]), "outputSchema"), refusal);
    arena_free(arena);
}
END_TEST

START_TEST(outcomes_are_told_apart)
{
    arena = arena_new(1 << 20);
    struct json *answer = json_object_new(arena);
    struct call call = {.arena = arena, .result = answer, .outcome = CALL_OK};
    json_put_text(arena, answer, "status", "ok");
    const struct json *told = reply_call(arena, ERA_LEGACY, &call);

    ck_assert(!json_get(told, "isError")->truth);
    /* Printed once: the text, and the very same bytes as the structured content. */
    ck_assert(json_is(json_get(told, "structuredContent"), JSON_TYPE_RAW));
    ck_assert(str_is(json_get(told, "structuredContent")->text, "{\"status\":\"ok\"}"));
    ck_assert_ptr_null(json_get(told, "resultType"));

    call.outcome = CALL_PENDING;
    told = reply_call(arena, ERA_MODERN, &call);
    ck_assert(!json_get(told, "isError")->truth);
    ck_assert_str_eq(json_get_text(told, "resultType"), "complete");
    ck_assert_str_eq(json_text(json_pointer_get(told, "/content/0/text")), "{\"status\":\"ok\"}");

    call.outcome = CALL_DENIED;
    ck_assert(json_get(reply_call(arena, ERA_LEGACY, &call), "isError")->truth);
    call.outcome = CALL_NONE; /* never answered as success */
    ck_assert(json_get(reply_call(arena, ERA_LEGACY, &call), "isError")->truth);
    arena_free(arena);
}
END_TEST

START_TEST(who_reads_the_structure_gets_it_once_and_a_failure_as_ever)
{
    arena = arena_new(1 << 20);
    struct json *answer = json_object_new(arena);
    struct call call = {.arena = arena, .result = answer, .outcome = CALL_DENIED};
    json_put_text(arena, answer, "status", "denied");
    const struct json *told = reply_call_lean(arena, ERA_MODERN, &call);
    ck_assert(json_get(told, "isError")->truth);
    ck_assert_uint_eq(json_get(told, "content")->count, 0);
    ck_assert(json_get(told, "structuredContent") == answer);
    ck_assert_str_eq(json_get_text(told, "resultType"), "complete");
    call.outcome = CALL_OK;
    ck_assert(!json_get(reply_call_lean(arena, ERA_MODERN, &call), "isError")->truth);
    call.outcome = CALL_FAILED;
    call.err = err_at(ERR_INPUT, "/limit", "too many");
    told = reply_call_lean(arena, ERA_MODERN, &call);
    ck_assert(json_get(told, "isError")->truth);
    ck_assert_ptr_null(json_get(told, "structuredContent"));
    ck_assert_ptr_nonnull(strstr(json_text(json_pointer_get(told, "/content/0/text")), "/limit"));
    call.outcome = CALL_NONE;
    ck_assert(json_get(reply_call_lean(arena, ERA_MODERN, &call), "isError")->truth);
    arena_free(arena);
}
END_TEST

START_TEST(a_failure_says_where_and_never_pretends_to_be_an_answer)
{
    arena = arena_new(1 << 20);
    struct call call = {.arena = arena, .outcome = CALL_FAILED};
    call.err = err_at(ERR_INPUT, "/match_id", "is required");
    const struct json *told = reply_call(arena, ERA_LEGACY, &call);
    ck_assert(json_get(told, "isError")->truth);
    ck_assert_ptr_null(json_get(told, "structuredContent"));
    const char *text = json_text(json_pointer_get(told, "/content/0/text"));
    ck_assert_ptr_nonnull(strstr(text, "/match_id"));
    ck_assert_ptr_nonnull(strstr(text, "is required"));

    call.err = err_new(ERR_UNKNOWN, "commit failed");
    told = reply_call(arena, ERA_LEGACY, &call);
    text = json_text(json_pointer_get(told, "/content/0/text"));
    ck_assert_ptr_nonnull(strstr(text, "repeat the call with the same idempotency_key"));

    call.err = err_at(ERR_BUG, "engine/x.c:1", "our secret");
    told = reply_call(arena, ERA_LEGACY, &call);
    text = json_text(json_pointer_get(told, "/content/0/text"));
    ck_assert_ptr_null(strstr(text, "secret"));
    ck_assert_ptr_null(strstr(text, "x.c"));
    arena_free(arena);
}
END_TEST

START_TEST(lists_say_how_long_they_keep_in_the_modern_era_only)
{
    arena = arena_new(1 << 20);
    struct json *r = reply_cacheable(arena, ERA_MODERN, json_object_new(arena), 60000);
    int64_t ttl;
    ck_assert(json_int(json_get(r, "ttlMs"), &ttl) && ttl == 60000);
    ck_assert_str_eq(json_get_text(r, "cacheScope"), "private");
    r = reply_cacheable(arena, ERA_LEGACY, json_object_new(arena), 60000);
    ck_assert_uint_eq(r->count, 0);
    arena_free(arena);
}
END_TEST

TEST_MAIN("reply", no_argument_of_any_tool_names_the_caller, every_tool_is_listed_whole,
          a_denial_and_an_escalation_fit_every_changes_output_schema, outcomes_are_told_apart,
          who_reads_the_structure_gets_it_once_and_a_failure_as_ever,
          a_failure_says_where_and_never_pretends_to_be_an_answer,
          lists_say_how_long_they_keep_in_the_modern_era_only)
