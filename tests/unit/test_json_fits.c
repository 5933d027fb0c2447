/* What passes through to others: held against a table, and told where it differs. */
#include <string.h>

#include "common/sys/json_read.h"
#include "tests/unit/test.h"

/* clang-format off */
static const struct json_field number[] = {
    JSON_SHAPE(JSON_KIND_TEXT, "key", .required = true),
    JSON_SHAPE(JSON_KIND_INT, "value", .required = true),
};
static const struct json_field line[] = {
    JSON_SHAPE(JSON_KIND_DECIMAL, "amount", .required = true),
    JSON_SHAPE(JSON_KIND_TEXT, "a/b~c", .nullable = true),
};
static const struct json_field fields[] = {
    JSON_SHAPE(JSON_KIND_TEXT, "id", .required = true),
    JSON_SHAPE(JSON_KIND_BOOL, "late", .end_ = 0),
    JSON_SHAPE(JSON_KIND_TEXTS, "names", .end_ = 0),
    JSON_SHAPE(JSON_KIND_OBJECTS, "lines", .fields = line, .nfields = 2),
    JSON_SHAPE(JSON_KIND_OBJECT_PTR, "one", .fields = line, .nfields = 2, .nullable = true),
    JSON_SHAPE(JSON_KIND_MAP, "counts", .fields = number, .nfields = 2),
    JSON_SHAPE(JSON_KIND_ANY, "list", .holds = JSON_TYPE_ARRAY),
    JSON_SHAPE(JSON_KIND_ANY, "any", .end_ = 0),
};
static const struct {
    const char *text, *where, *msg; /* where NULL: the whole; msg NULL: it fits */
} cases[] = {
    {"{\"id\":\"a\"}", NULL, NULL},
    {"{\"id\":\"a\",\"late\":true,\"names\":[\"x\"],\"lines\":[{\"amount\":\"1\",\"a/b~c\":null}],"
     "\"one\":null,\"counts\":{\"x\":1},\"list\":[1],\"any\":{},\"more\":7}", NULL, NULL},
    {"[]", NULL, "expected an object"},
    {"{}", "/id", "is missing"},
    {"{\"id\":null}", "/id", "expected text"},
    {"{\"id\":\"a\",\"late\":1}", "/late", "expected true or false"},
    {"{\"id\":\"a\",\"names\":[\"x\",2]}", "/names/1", "expected text"},
    {"{\"id\":\"a\",\"names\":{}}", "/names", "expected an array"},
    {"{\"id\":\"a\",\"lines\":[{\"amount\":\"1\"},{}]}", "/lines/1/amount", "is missing"},
    {"{\"id\":\"a\",\"lines\":[{\"amount\":1}]}", "/lines/0/amount", "expected a decimal string"},
    {"{\"id\":\"a\",\"lines\":[{\"amount\":\"1\",\"a/b~c\":1}]}", "/lines/0/a~1b~0c", "expected text"},
    {"{\"id\":\"a\",\"lines\":[7]}", "/lines/0", "expected an object"},
    {"{\"id\":\"a\",\"one\":{}}", "/one/amount", "is missing"},
    {"{\"id\":\"a\",\"counts\":{\"x\":1,\"y/z\":\"2\"}}", "/counts/y~1z", "expected an integer"},
    {"{\"id\":\"a\",\"list\":{}}", "/list", "of another type than it should be"},
};
/* clang-format on */

START_TEST(what_differs_is_told_with_its_place)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 16);
        struct json *tree;
        ck_ok(json_read(a, str_of(cases[i].text), NULL, &tree));
        const struct err e = json_fits(a, JSON_FIELDS(fields), tree);
        ck_assert_msg((e.kind == ERR_NONE) == (cases[i].msg == NULL), "%s", cases[i].text);
        if (cases[i].msg == NULL)
            continue;
        ck_assert_int_eq(e.kind, ERR_INPUT);
        ck_assert_str_eq(e.msg, cases[i].msg);
        ck_assert_msg(text_eq(e.where, cases[i].where), "%s: %s", cases[i].text, e.where);
    }
}
END_TEST

START_TEST(what_fits_takes_no_memory_and_a_place_that_finds_none_is_a_ceiling)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 16);
    struct json *good, *bad;
    ck_ok(json_read(a, str_of(cases[1].text), NULL, &good));
    ck_ok(json_read(a, STR("{\"id\":\"a\",\"lines\":[{}]}"), NULL, &bad));
    CLEANUP(arena_free) struct arena *tiny = arena_new(1);
    ck_ok(json_fits(tiny, JSON_FIELDS(fields), good));
    ck_err(json_fits(tiny, JSON_FIELDS(fields), bad), ERR_LIMIT);
}
END_TEST

TEST_MAIN("json_fits", what_differs_is_told_with_its_place,
          what_fits_takes_no_memory_and_a_place_that_finds_none_is_a_ceiling)
