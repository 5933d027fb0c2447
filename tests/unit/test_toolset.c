/* Which tools a model is offered, and how its word becomes one of them. */
#include "agent/llm/toolset.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "tests/unit/test.h"

#define SCHEMA(props, required)                                                                    \
    "{\"type\":\"object\",\"properties\":{" props                                                  \
    "\"idempotency_key\":{\"type\":\"string\"}},\"required\":[" required "],"                      \
    "\"additionalProperties\":false}"
#define TOOL(name, text)                                                                           \
    "{\"name\":\"" name "\",\"title\":\"T\",\"description\":\"" text "\",\"inputSchema\":" SCHEMA( \
        "\"id\":{\"type\":\"string\"},",                                                           \
        "\"id\"") ",\"annotations\":{\"readOnlyHint\":false},\"icons\":[{\"src\":\"data:x\"}]}"
#define READ                                                                                       \
    "{\"name\":\"list_matches\",\"description\":\"lists\",\"inputSchema\":{\"type\":\"object\"},"  \
    "\"annotations\":{\"readOnlyHint\":true}}"

static struct arena *arena;
static const struct setting_list all = {.n = 0};

static void up(void)
{
    arena = arena_new(1 << 20);
}

static void down(void)
{
    arena_free(arena);
}

static struct toolset made_with(const char *listed, const struct setting_list *wanted,
                                const struct toolset_pin *pins, size_t n)
{
    struct json *tree;
    struct toolset set;
    ck_ok(json_read(arena, str_of(listed), NULL, &tree));
    ck_ok(toolset_make(arena, tree, wanted, pins, n, &set));
    return set;
}

static struct toolset made(const char *listed)
{
    return made_with(listed, &all, NULL, 0);
}

static void is_off(const struct toolset *set, const char *name, const char *why)
{
    for (size_t i = 0; i < set->rows_n; i++) {
        if (strcmp(set->rows[i].name, name) == 0) {
            ck_assert_int_eq(set->rows[i].state, TOOLSET_OFF);
            ck_assert_msg(strstr(set->rows[i].why, why) != NULL, "%s", set->rows[i].why);
            ck_assert_ptr_null(toolset_find(set, name));
            return;
        }
    }
    ck_abort_msg("no row %s", name);
}

START_TEST(at_first_sight_all_is_offered_but_administration)
{
    struct toolset set = made("[" TOOL("propose_match", "p") "," READ "," TOOL(
        "freeze", "f") "," TOOL("resolve_escalation", "r") "]");
    ck_assert(set.first_seen);
    ck_assert_uint_eq(set.rows_n, 4);
    ck_assert_uint_eq(set.n, 2);
    ck_assert_str_eq(set.tools[0].name, "propose_match");
    ck_assert_str_eq(set.tools[1].name, "list_matches");
    ck_assert(str_is(set.tools[1].description, "lists"));
    ck_assert(!set.rows[0].read_only && set.rows[1].read_only);
    is_off(&set, "freeze", "people");
    is_off(&set, "resolve_escalation", "made by a person");
}
END_TEST

START_TEST(the_model_sees_no_idempotency_key)
{
    struct toolset set = made("[{\"name\":\"a\",\"inputSchema\":" SCHEMA(
        "\"id\":{\"type\":\"string\"},", "\"id\",\"idempotency_key\"") "}]");
    const struct json *schema = set.tools[0].schema;
    ck_assert_ptr_nonnull(json_pointer_get(schema, "/properties/id"));
    ck_assert_ptr_null(json_pointer_get(schema, "/properties/idempotency_key"));
    ck_assert_uint_eq(json_get(schema, "required")->count, 1);
    ck_assert_ptr_nonnull(json_get(schema, "additionalProperties"));
    ck_assert_ptr_nonnull(
        json_pointer_get(set.rows[0].definition, "/inputSchema/properties/idempotency_key"));
    ck_assert(memmem(set.canonical.at, set.canonical.len, "idempotency", 11) == NULL);
}
END_TEST

START_TEST(arguments_are_an_object_without_the_key)
{
    struct json *tree;
    ck_ok(json_read(arena, STR("{\"id\":\"x\",\"o\":{\"idempotency_key\":1}}"), NULL, &tree));
    ck_ok(toolset_arguments(tree));
    ck_ok(json_read(arena, STR("{\"idempotency_key\":\"x\"}"), NULL, &tree));
    struct err e = toolset_arguments(tree);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "/idempotency_key");
    ck_err(toolset_arguments(NULL), ERR_INPUT);
    ck_err(toolset_arguments(json_array_new(arena)), ERR_INPUT);
}
END_TEST

START_TEST(a_definition_is_known_by_what_it_says_and_not_by_its_order_or_icons)
{
    const char *a =
        "[{\"name\":\"a\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"}}]";
    const char *b = "[{\"icons\":[1],\"inputSchema\":{\"type\":\"object\"},\"description\":\"d\","
                    "\"name\":\"a\"}]";
    const char *other[] = {
        "[{\"name\":\"a\",\"description\":\"D\",\"inputSchema\":{\"type\":\"object\"}}]",
        "[{\"name\":\"a\",\"title\":\"t\",\"description\":\"d\",\"inputSchema\":{\"type\":"
        "\"object\"}}]",
        "[{\"name\":\"a\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
        "\"annotations\":{}}]",
        "[{\"name\":\"a\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
        "\"outputSchema\":{}}]",
        "[{\"name\":\"a\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"x\":1}}]",
    };
    struct toolset one = made(a), two = made(b);
    ck_assert_uint_eq(strlen(one.rows[0].sha256), 64);
    ck_assert_str_eq(one.rows[0].sha256, two.rows[0].sha256);
    ck_assert_str_eq(one.sha256, two.sha256);
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        ck_assert_str_ne(made(other[i]).rows[0].sha256, one.rows[0].sha256);
    /* RFC 8785 by hand, then sha256sum */
    char want[SHA256_HEX_SIZE];
    const char *text =
        "{\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},\"name\":\"a\"}";
    sha256_hex(text, strlen(text), want);
    ck_assert_str_eq(one.rows[0].sha256, want);
}
END_TEST

START_TEST(a_new_or_changed_definition_is_withheld)
{
    struct toolset first = made("[" TOOL("propose_match", "p") "," READ "]");
    const struct toolset_pin pins[] = {
        {"propose_match", first.rows[0].sha256},
        {"list_matches", first.rows[1].sha256},
    };
    struct toolset same = made_with("[" TOOL("propose_match", "p") "," READ "]", &all, pins, 2);
    ck_assert_uint_eq(same.n, 2);
    ck_assert(!same.first_seen);
    ck_assert_str_eq(same.sha256, first.sha256);
    struct toolset other = made_with(
        "[" TOOL("propose_match", "now send it elsewhere") "," READ "," TOOL("brand_new", "n") "]",
        &all, pins, 2);
    ck_assert_uint_eq(other.n, 1);
    ck_assert_int_eq(other.rows[0].state, TOOLSET_CHANGED);
    ck_assert_str_eq(other.rows[0].accepted_sha256, first.rows[0].sha256);
    ck_assert_int_eq(other.rows[1].state, TOOLSET_OFFERED);
    ck_assert_int_eq(other.rows[2].state, TOOLSET_NEW);
    ck_assert_ptr_null(toolset_find(&other, "propose_match"));
    ck_assert_ptr_null(toolset_find(&other, "brand_new"));
    ck_assert_str_ne(other.sha256, first.sha256);
    /* only what was accepted counts as accepted */
    const struct toolset_pin seen = {"list_matches", NULL};
    struct toolset unseen = made_with("[" READ "]", &all, &seen, 1);
    ck_assert_int_eq(unseen.rows[0].state, TOOLSET_NEW);
}
END_TEST

START_TEST(configuration_narrows_and_widens_only_to_what_is_listed)
{
    const char *names[] = {"freeze", "resolve_escalation", "grant_role"};
    const struct setting_list wanted = {.items = names, .n = 3};
    struct toolset set = made_with(
        "[" TOOL("propose_match", "p") "," TOOL("resolve_escalation", "r") "]", &wanted, NULL, 0);
    ck_assert_uint_eq(set.n, 1);
    ck_assert_str_eq(set.tools[0].name, "resolve_escalation");
    is_off(&set, "propose_match", "CLOSEGATE_LLM_TOOLS");
    is_off(&set, "freeze", "lists no such tool");
    is_off(&set, "grant_role", "lists no such tool");
    ck_assert_uint_eq(set.rows_n, 4);
}
END_TEST

START_TEST(a_name_is_found_byte_for_byte_or_not_at_all)
{
    struct toolset set = made("[" TOOL("propose_match", "p") "]");
    const struct toolset_row *row = toolset_find(&set, "propose_match");
    ck_assert_ptr_eq(row, &set.rows[0]);
    const char * not [] = {"Propose_match",    "propose_match ",  "propose", "",
                           "../propose_match", "propose_match\n", "freeze"};
    for (size_t i = 0; i < sizeof not / sizeof not [0]; i++)
        ck_assert_ptr_null(toolset_find(&set, not [i]));
    ck_assert_ptr_null(toolset_find(&set, NULL));
}
END_TEST

START_TEST(what_no_provider_takes_is_not_offered)
{
    struct toolset set = made("[{\"name\":\"a b\",\"inputSchema\":{\"type\":\"object\"}},"
                              "{\"name\":\"b\"},{\"name\":\"c\",\"inputSchema\":{\"type\":"
                              "\"array\"}},{\"name\":\"d\",\"inputSchema\":{\"type\":\"object\","
                              "\"x\":1e999}}]");
    ck_assert_uint_eq(set.n, 0);
    is_off(&set, "a b", "name");
    is_off(&set, "b", "object");
    is_off(&set, "c", "object");
    is_off(&set, "d", "canonical");
    ck_assert(str_is(set.canonical, "[]"));
}
END_TEST

START_TEST(a_list_that_is_none_is_refused)
{
    const char *bad[] = {"{}", "[1]", "[{\"name\":1}]", "[" READ "," READ "]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct json *tree;
        struct toolset set;
        ck_ok(json_read(arena, str_of(bad[i]), NULL, &tree));
        ck_err(toolset_make(arena, tree, &all, NULL, 0, &set), ERR_INPUT);
    }
}
END_TEST

TEST_MAIN_AROUND("toolset", up, down, at_first_sight_all_is_offered_but_administration,
                 the_model_sees_no_idempotency_key, arguments_are_an_object_without_the_key,
                 a_definition_is_known_by_what_it_says_and_not_by_its_order_or_icons,
                 a_new_or_changed_definition_is_withheld,
                 configuration_narrows_and_widens_only_to_what_is_listed,
                 a_name_is_found_byte_for_byte_or_not_at_all, what_no_provider_takes_is_not_offered,
                 a_list_that_is_none_is_refused)
