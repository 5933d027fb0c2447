/* The table is the schema: what it binds, how it complains, what it writes back, what it publishes.
 */
#include <string.h>

#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "common/sys/yaml_read.h"
#include "tests/unit/test.h"

enum decision { DECISION_NONE, DECISION_CONFIRM, DECISION_REJECT };

struct line {
    const char *account, *amount;
    int64_t units;
};

struct place {
    const char *city;
};

struct override {
    const char *entity, *limit;
};

struct ask {
    const char *match_id, *rationale, *amount, *day;
    bool dry_run;
    int64_t limit, offset;
    bool has_offset;
    enum decision decision;
    struct place place, *other;
    const char **ids;
    size_t nids;
    struct line *lines;
    size_t nlines;
    struct override *overrides;
    size_t noverrides;
    const struct json *extra;
};

static const char *check_iban(const char *text)
{
    return text[0] == 'X' ? "expected an account of ours" : NULL;
}

static const char *const decisions[] = {"", "confirm", "reject", NULL};

static const struct json_field place_fields[] = {
    JSON_TEXT(struct place, city, .required = true, .max = 8),
};

static const struct json_field line_fields[] = {
    JSON_TEXT(struct line, account, .required = true, .check = check_iban, .pattern = "^[^X]"),
    JSON_DECIMAL(struct line, amount, .required = true),
    JSON_INT(struct line, units, .min = 1, .def = 1),
};

static const struct json_field override_fields[] = {
    JSON_TEXT(struct override, entity, .required = true, .max = 4),
    JSON_TEXT(struct override, limit, .required = true, .literal = true),
};

static const struct json_field fields[] = {
    JSON_TEXT(struct ask, match_id, .required = true, .max = 6, .help = "the proposal to confirm"),
    JSON_TEXT(struct ask, rationale, .max = 2000, .nullable = true),
    JSON_DECIMAL(struct ask, amount),
    JSON_DATE(struct ask, day),
    JSON_BOOL(struct ask, dry_run),
    JSON_INT(struct ask, limit, .min = 1, .max = 100, .def = 50),
    JSON_INT(struct ask, offset, .has = JSON_HAS(struct ask, has_offset)),
    JSON_ENUM(struct ask, decision, decisions),
    JSON_OBJECT(struct ask, place, place_fields, .required = true),
    JSON_OBJECT_PTR(struct ask, other, place_fields),
    JSON_TEXTS(struct ask, ids, nids, .as = "bank_ids", .max = 3, .each_max = 4, .unique = true),
    JSON_OBJECTS(struct ask, lines, nlines, line_fields, .min = 1, .max = 2),
    JSON_MAP(struct ask, overrides, noverrides, override_fields),
    JSON_ANY(struct ask, extra),
};

static const struct json *tree_of(struct arena *a, const char *text)
{
    struct json *tree = NULL;
    ck_ok(json_read(a, str_of(text), NULL, &tree));
    return tree;
}

static const char *text_of(struct arena *a, const struct json *tree)
{
    struct str out;
    ck_ok(jcs_text(a, tree, &out));
    return out.at;
}

#define WITH(rest) "{\"match_id\":\"m1\",\"place\":{\"city\":\"Oslo\"}" rest "}"

START_TEST(a_whole_struct_is_bound)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct ask ask;
    memset(&ask, 0xA5, sizeof ask);
    ck_ok(json_bind(
        a, JSON_FIELDS(fields),
        tree_of(a, WITH(",\"rationale\":\"why\",\"amount\":\"-0.50\",\"day\":\"2028-02-29\","
                        "\"dry_run\":true,\"limit\":7,\"offset\":0,"
                        "\"decision\":\"reject\",\"other\":{\"city\":\"Bonn\"},"
                        "\"bank_ids\":[\"b1\",\"b2\"],\"lines\":[{\"account\":\"A\","
                        "\"amount\":\"1\"},{\"account\":\"B\",\"amount\":\"2\",\"units\":3}],"
                        "\"overrides\":{\"US\":\"10 USD\",\"JP\":5.0},\"extra\":null")),
        &ask));
    ck_assert_str_eq(ask.match_id, "m1");
    ck_assert_str_eq(ask.amount, "-0.50");
    ck_assert_str_eq(ask.day, "2028-02-29");
    ck_assert(ask.dry_run && ask.has_offset && ask.offset == 0 && ask.limit == 7);
    ck_assert_int_eq(ask.decision, DECISION_REJECT);
    ck_assert_str_eq(ask.place.city, "Oslo");
    ck_assert_str_eq(ask.other->city, "Bonn");
    ck_assert_uint_eq(ask.nids, 2);
    ck_assert_str_eq(ask.ids[1], "b2");
    ck_assert_uint_eq(ask.nlines, 2);
    ck_assert(ask.lines[0].units == 1 && ask.lines[1].units == 3);
    ck_assert_str_eq(ask.overrides[0].entity, "US");
    ck_assert_str_eq(ask.overrides[1].limit, "5.0");
    ck_assert(json_is(ask.extra, JSON_TYPE_NULL));
}
END_TEST

START_TEST(what_is_absent_gets_its_default)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct ask ask;
    memset(&ask, 0xA5, sizeof ask);
    ck_ok(json_bind(a, JSON_FIELDS(fields), tree_of(a, WITH(",\"rationale\":null")), &ask));
    ck_assert(ask.rationale == NULL && ask.amount == NULL && ask.day == NULL && ask.extra == NULL);
    ck_assert(!ask.dry_run && !ask.has_offset && ask.limit == 50 && ask.decision == DECISION_NONE);
    ck_assert(ask.other == NULL && ask.ids == NULL && ask.lines == NULL && ask.overrides == NULL);
    ck_assert(ask.nids == 0 && ask.nlines == 0 && ask.noverrides == 0);
    ck_ok(json_bind(a, JSON_FIELDS(fields), tree_of(a, WITH(",\"bank_ids\":[]")), &ask));
    ck_assert(ask.ids != NULL && ask.nids == 0);
}
END_TEST

static const struct {
    const char *text, *where, *says;
} complaints[] = {
    {"[]", NULL, "expected an object, not an array"},
    {"null", NULL, "expected an object"},
    {"{}", "/match_id", "required"},
    {"{\"match_id\":\"m\"}", "/place", "required"},
    {"{\"match_id\":\"\",\"place\":{}}", "/match_id", "must not be empty"},
    {"{\"match_id\":null,\"place\":{}}", "/match_id", "expected text, not null"},
    {"{\"match_id\":5,\"place\":{}}", "/match_id", "expected text, not a number"},
    {"{\"match_id\":\"1234567\",\"place\":{}}", "/match_id", "more than 6 characters"},
    {"{\"match_id\":\"a\\u0000b\",\"place\":{}}", "/match_id", "U+0000"},
    {"{\"match_id\":\"m\",\"place\":{}}", "/place/city", "required"},
    {"{\"match_id\":\"m\",\"place\":3}", "/place", "expected an object"},
    {"{\"match_id\":\"m\",\"place\":{\"ctiy\":\"x\"}}", "/place/ctiy", "did you mean \"city\"?"},
    {WITH(",\"ration\":1"), "/ration", "unknown member"},
    {WITH(",\"rationle\":1"), "/rationle", "did you mean \"rationale\"?"},
    {WITH(",\"zzz\":1"), "/zzz", "unknown member"},
    {WITH(",\"a/b~\":1"), "/a~1b~0", "unknown member"},
    {WITH(",\"ids\":[]"), "/ids", "unknown member"},
    {WITH(",\"dry_run\":1"), "/dry_run", "expected true or false, not a number"},
    {WITH(",\"dry_run\":\"true\""), "/dry_run", "expected true or false, not text"},
    {WITH(",\"amount\":12.5"), "/amount", "expected a decimal string"},
    {WITH(",\"amount\":\"12,5\""), "/amount", "expected a decimal string"},
    {WITH(",\"amount\":\"1e3\""), "/amount", "expected a decimal string"},
    {WITH(",\"amount\":\"01\""), "/amount", "expected a decimal string"},
    {WITH(",\"amount\":\"1.\""), "/amount", "expected a decimal string"},
    {WITH(",\"amount\":\"+1\""), "/amount", "expected a decimal string"},
    {WITH(",\"amount\":\"\""), "/amount", "expected a decimal string"},
    {WITH(",\"amount\":\" 1\""), "/amount", "expected a decimal string"},
    {WITH(",\"amount\":\"11111111111111111111111111111111111111111\""), "/amount", "more than 40"},
    {WITH(",\"day\":\"2026-02-29\""), "/day", "YYYY-MM-DD"},
    {WITH(",\"day\":\"1900-02-29\""), "/day", "YYYY-MM-DD"},
    {WITH(",\"day\":\"2026-13-01\""), "/day", "YYYY-MM-DD"},
    {WITH(",\"day\":\"2026-1-1\""), "/day", "YYYY-MM-DD"},
    {WITH(",\"day\":\"0000-01-01\""), "/day", "YYYY-MM-DD"},
    {WITH(",\"day\":\"2026-04-31\""), "/day", "YYYY-MM-DD"},
    {WITH(",\"day\":\"2026-04-30T00:00\""), "/day", "YYYY-MM-DD"},
    {WITH(",\"day\":20260430"), "/day", "YYYY-MM-DD"},
    {WITH(",\"limit\":0"), "/limit", "less than 1"},
    {WITH(",\"limit\":101"), "/limit", "more than 100"},
    {WITH(",\"limit\":1.0"), "/limit", "expected an integer"},
    {WITH(",\"limit\":1e1"), "/limit", "expected an integer"},
    {WITH(",\"limit\":\"1\""), "/limit", "expected an integer, not text"},
    {WITH(",\"offset\":9223372036854775808"), "/offset", "within 64 bits"},
    {WITH(",\"decision\":\"\""), "/decision", "expected \"confirm\" or \"reject\""},
    {WITH(",\"decision\":\"Confirm\""), "/decision", "expected \"confirm\" or \"reject\""},
    {WITH(",\"decision\":1"), "/decision", "expected \"confirm\" or \"reject\""},
    {WITH(",\"other\":null"), "/other", "expected an object, not null"},
    {WITH(",\"other\":{\"city\":\"123456789\"}"), "/other/city", "more than 8 characters"},
    {WITH(",\"bank_ids\":\"b\""), "/bank_ids", "expected an array, not text"},
    {WITH(",\"bank_ids\":[\"b\",1]"), "/bank_ids/1", "expected text"},
    {WITH(",\"bank_ids\":[\"\"]"), "/bank_ids/0", "must not be empty"},
    {WITH(",\"bank_ids\":[\"12345\"]"), "/bank_ids/0", "more than 4 characters"},
    {WITH(",\"bank_ids\":[\"a\",\"b\",\"a\"]"), "/bank_ids", "\"a\" is there twice"},
    {WITH(",\"bank_ids\":[\"a\",\"b\",\"c\",\"d\"]"), "/bank_ids", "more than 3 elements"},
    {WITH(",\"lines\":[]"), "/lines", "must not be empty"},
    {WITH(",\"lines\":[{}]"), "/lines/0/account", "required"},
    {WITH(",\"lines\":[1]"), "/lines/0", "expected an object"},
    {WITH(",\"lines\":[{\"account\":\"X\",\"amount\":\"1\"}]"), "/lines/0/account",
     "an account of ours"},
    {WITH(",\"lines\":[{\"account\":\"A\",\"amount\":\"1\"},{\"account\":\"A\",\"amount\":1}]"),
     "/lines/1/amount", "expected a decimal string"},
    {WITH(",\"overrides\":[]"), "/overrides", "expected an object, not an array"},
    {WITH(",\"overrides\":{\"LONGER\":\"1\"}"), "/overrides/LONGER", "more than 4 characters"},
    {WITH(",\"overrides\":{\"\":\"1\"}"), "/overrides/", "must not be empty"},
    {WITH(",\"overrides\":{\"US\":true}"), "/overrides/US", "expected text"},
    {WITH(",\"overrides\":{\"a\\u0000\":\"1\"}"), "/overrides/a", "U+0000"},
};

START_TEST(complaints_name_the_place_and_what_was_expected)
{
    for (size_t i = 0; i < sizeof complaints / sizeof complaints[0]; i++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        struct ask ask;
        struct err e = json_bind(a, JSON_FIELDS(fields), tree_of(a, complaints[i].text), &ask);
        ck_assert_msg(e.kind == ERR_INPUT, "%s was bound", complaints[i].text);
        ck_assert_msg(strstr(e.msg, complaints[i].says) != NULL, "%s: %s", complaints[i].text,
                      e.msg);
        ck_assert_msg(text_eq(e.where, complaints[i].where), "%s: %s", complaints[i].text, e.where);
    }
}
END_TEST

START_TEST(lengths_count_code_points)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct ask ask;
    ck_ok(json_bind(a, JSON_FIELDS(fields),
                    tree_of(a, "{\"match_id\":\"\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac"
                               "123\",\"place\":{\"city\":\"x\"}}"),
                    &ask));
}
END_TEST

START_TEST(complaints_about_yaml_start_with_line_and_column)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *tree = NULL;
    struct ask ask;
    ck_ok(yaml_read(a, STR("match_id: m1\nplace:\n  city: Oslo\nlimit: 1000\n"), &tree));
    struct err e = json_bind(a, JSON_FIELDS(fields), tree, &ask);
    ck_assert_str_eq(e.where, "4:8 /limit");
    ck_ok(yaml_read(a, STR("match_id: m1\nplace:\n  city: Oslo\n  zip: 1\n"), &tree));
    e = json_bind(a, JSON_FIELDS(fields), tree, &ask);
    ck_assert_str_eq(e.where, "4:3 /place/zip");
    ck_ok(yaml_read(a, STR("match_id: m1\nplace:\n  {}\n"), &tree));
    e = json_bind(a, JSON_FIELDS(fields), tree, &ask);
    ck_assert_str_eq(e.where, "3:3 /place/city");
    ck_ok(yaml_read(a, STR("- 1"), &tree));
    e = json_bind(a, JSON_FIELDS(fields), tree, &ask);
    ck_assert_str_eq(e.where, "1:1");
}
END_TEST

START_TEST(unbind_gives_back_what_was_bound)
{
    static const char *const trees[] = {
        WITH(",\"dry_run\":false,\"limit\":50"),
        WITH(",\"dry_run\":true,\"limit\":1,\"offset\":0,\"decision\":\"confirm\",\"bank_ids\":[]"),
        WITH(",\"dry_run\":true,\"limit\":1,\"rationale\":\"\",\"lines\":[{\"account\":\"A\","
             "\"amount\":\"1.00\",\"units\":2}],\"overrides\":{\"US\":\"x\",\"B\":\"y\"},"
             "\"other\":{\"city\":\"Rome\"},\"extra\":{\"a\":[1,null]},\"bank_ids\":[\"q\"]"),
    };
    for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        struct ask ask;
        struct json *back = NULL;
        const struct json *tree = tree_of(a, trees[i]);
        ck_ok(json_bind(a, JSON_FIELDS(fields), tree, &ask));
        ck_ok(json_unbind(a, JSON_FIELDS(fields), &ask, &back));
        ck_assert_str_eq(text_of(a, back), text_of(a, tree));
        ck_ok(json_bind(a, JSON_FIELDS(fields), back, &ask));
    }
}
END_TEST

struct outer {
    struct line line;
    struct place place;
};

static const struct json_field outer_fields[] = {
    JSON_OBJECT(struct outer, line, line_fields),
    JSON_OBJECT(struct outer, place, place_fields),
};

START_TEST(an_absent_embedded_struct_takes_its_defaults_and_stays_absent)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct outer outer;
    struct json *back = NULL;
    memset(&outer, 0xA5, sizeof outer);
    ck_ok(json_bind(a, JSON_FIELDS(outer_fields), tree_of(a, "{}"), &outer));
    ck_assert(outer.line.units == 1 && outer.line.account == NULL && outer.place.city == NULL);
    ck_ok(json_unbind(a, JSON_FIELDS(outer_fields), &outer, &back));
    ck_assert_str_eq(text_of(a, back), "{}");
}
END_TEST

START_TEST(unbind_refuses_an_enum_without_a_name)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct ask ask = {.match_id = "m", .decision = (enum decision)9};
    struct json *back = NULL;
    ck_err(json_unbind(a, JSON_FIELDS(fields), &ask, &back), ERR_BUG);
    ask.decision = (enum decision) - 1;
    ck_err(json_unbind(a, JSON_FIELDS(fields), &ask, &back), ERR_BUG);
}
END_TEST

START_TEST(the_schema_says_what_the_table_says)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *s = NULL;
    ck_ok(json_schema(a, JSON_FIELDS(fields), &s));
    ck_assert_str_eq(text_of(a, json_get(s, "required")), "[\"match_id\",\"place\"]");
    ck_assert(json_is(json_get(s, "additionalProperties"), JSON_TYPE_BOOL));
    static const char *const want[][2] = {
        {"/properties/match_id", "{\"description\":\"the proposal to confirm\",\"maxLength\":6,"
                                 "\"minLength\":1,\"type\":\"string\"}"},
        {"/properties/rationale", "{\"maxLength\":2000,\"type\":[\"string\",\"null\"]}"},
        {"/properties/amount",
         "{\"maxLength\":40,\"pattern\":\"^-?(0|[1-9][0-9]*)(\\\\.[0-9]+)?$\","
         "\"type\":\"string\"}"},
        {"/properties/day", "{\"format\":\"date\",\"pattern\":\"^[0-9]{4}-[0-9]{2}-[0-9]{2}$\","
                            "\"type\":\"string\"}"},
        {"/properties/dry_run", "{\"type\":\"boolean\"}"},
        {"/properties/limit",
         "{\"default\":50,\"maximum\":100,\"minimum\":1,\"type\":\"integer\"}"},
        {"/properties/offset", "{\"type\":\"integer\"}"},
        {"/properties/decision", "{\"enum\":[\"confirm\",\"reject\"],\"type\":\"string\"}"},
        {"/properties/other",
         "{\"additionalProperties\":false,\"properties\":{\"city\":{\"maxLength\":8,"
         "\"minLength\":1,\"type\":\"string\"}},\"required\":[\"city\"],"
         "\"type\":\"object\"}"},
        {"/properties/bank_ids", "{\"items\":{\"maxLength\":4,\"minLength\":1,\"type\":\"string\"},"
                                 "\"maxItems\":3,\"type\":\"array\",\"uniqueItems\":true}"},
        {"/properties/lines/maxItems", "2"},
        {"/properties/lines/items/properties/account/pattern", "\"^[^X]\""},
        {"/properties/overrides", "{\"additionalProperties\":{\"minLength\":1,\"type\":[\"string\","
                                  "\"number\"]},\"propertyNames\":{\"maxLength\":4,\"minLength\":1,"
                                  "\"type\":\"string\"},\"type\":\"object\"}"},
        {"/properties/extra", "{}"},
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        ck_assert_str_eq(text_of(a, json_pointer_get(s, want[i][0])), want[i][1]);
}
END_TEST

struct loose {
    const struct json *tree, *list;
};

static const struct json_field loose_fields[] = {
    JSON_ANY(struct loose, tree, .holds = JSON_TYPE_OBJECT, .nullable = true),
    JSON_ANY(struct loose, list, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_TEXT),
};

START_TEST(a_subtree_holds_what_its_row_says)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct loose loose;
    struct json *s = NULL;
    ck_ok(json_bind(a, JSON_FIELDS(loose_fields),
                    tree_of(a, "{\"tree\":{\"a\":1},\"list\":[\"x\",\"\"]}"), &loose));
    ck_ok(
        json_bind(a, JSON_FIELDS(loose_fields), tree_of(a, "{\"tree\":null,\"list\":[]}"), &loose));
    ck_err(json_bind(a, JSON_FIELDS(loose_fields), tree_of(a, "{\"tree\":[]}"), &loose), ERR_INPUT);
    ck_err(json_bind(a, JSON_FIELDS(loose_fields), tree_of(a, "{\"list\":null}"), &loose),
           ERR_INPUT);
    ck_err(json_bind(a, JSON_FIELDS(loose_fields), tree_of(a, "{\"list\":[\"x\",1]}"), &loose),
           ERR_INPUT);
    ck_ok(json_schema(a, JSON_FIELDS(loose_fields), &s));
    ck_assert_str_eq(text_of(a, json_get(s, "properties")),
                     "{\"list\":{\"items\":{\"type\":\"string\"},\"type\":\"array\"},"
                     "\"tree\":{\"type\":[\"object\",\"null\"]}}");
}
END_TEST

START_TEST(an_empty_table_takes_an_empty_object)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *s = NULL;
    ck_ok(json_bind(a, NULL, 0, tree_of(a, "{}"), NULL));
    ck_err(json_bind(a, NULL, 0, tree_of(a, "{\"a\":1}"), NULL), ERR_INPUT);
    ck_err(json_bind(a, NULL, 0, NULL, NULL), ERR_INPUT);
    ck_ok(json_schema(a, NULL, 0, &s));
    ck_assert_str_eq(text_of(a, s),
                     "{\"additionalProperties\":false,\"properties\":{},\"type\":\"object\"}");
}
END_TEST

START_TEST(a_full_arena_ends_a_bind)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    CLEANUP(arena_free) struct arena *tiny = arena_new(32);
    struct ask ask;
    ck_err(json_bind(tiny, JSON_FIELDS(fields),
                     tree_of(a, WITH(",\"lines\":[{\"account\":\"A\",\"amount\":\"1\"},"
                                     "{\"account\":\"A\",\"amount\":\"1\"}]")),
                     &ask),
           ERR_LIMIT);
}
END_TEST

TEST_MAIN("json_bind", a_whole_struct_is_bound, what_is_absent_gets_its_default,
          complaints_name_the_place_and_what_was_expected, lengths_count_code_points,
          complaints_about_yaml_start_with_line_and_column, unbind_gives_back_what_was_bound,
          an_absent_embedded_struct_takes_its_defaults_and_stays_absent,
          unbind_refuses_an_enum_without_a_name, the_schema_says_what_the_table_says,
          a_subtree_holds_what_its_row_says, an_empty_table_takes_an_empty_object,
          a_full_arena_ends_a_bind)
