/* What screens are given, against its tables; and the tables as TypeScript. */
#include "agent/call/shape_rows.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "tests/unit/test.h"

/* clang-format off */
static const struct json_field shape_said_rows[] = {IS("kind", "said"), TEXT("text", MUST)};
static OURS(shape_said, "Said", "What was said");
static const struct json_field shape_told_rows[] = {IS("kind", "told"), WHOLE("n", MUST, OR_NULL)};
static OURS(shape_told, "Told", "What was told");
static const struct json_field shape_row_rows[] = {IS("kind", "said", "told")};
static const struct shape *const kinds[] = {&shape_said, &shape_told};
static EITHER(shape_row, "Row", "One of them", kinds);
static const struct json_field place_rows[] = {NUMBERS("by_day")};
static const struct json_field shape_page_rows[] = {
    MANY("rows", shape_row_rows, MUST), ONE("last", shape_told_rows, OR_NULL, .help = "the newest"),
    ONE("place", place_rows), ANY("more"),
};
static SHAPE(shape_page, "Page", "GET rows");
/* clang-format on */

static const struct shape *const shapes[] = {&shape_said, &shape_told, &shape_row, &shape_page};
static const struct shape_list list = {shapes, N(shapes)};

static struct arena *arena;

static void up(void)
{
    arena = arena_new((size_t)1 << 20);
    ck_assert_ptr_nonnull(arena);
}

static void down(void)
{
    arena_free(arena);
}

static struct err check(const struct shape *shape, const char *text)
{
    struct request r = {.arena = arena, .id = "r"};
    struct json *tree;
    ck_ok(json_read(arena, str_of(text), NULL, &tree));
    return shape_check(&r, shape, tree);
}

START_TEST(what_is_named_is_so_and_more_may_be_there)
{
    ck_ok(
        check(&shape_page, "{\"rows\":[],\"last\":null,\"place\":{\"by_day\":{\"1\":2}},\"x\":1}"));
    const struct err e = check(&shape_page, "{\"rows\":[{\"kind\":\"sung\"}]}");
    ck_assert_int_eq(e.kind, ERR_UPSTREAM);
    ck_assert_str_eq(e.where, "/rows/0/kind");
    ck_err(check(&shape_page, "{\"rows\":[],\"place\":{\"by_day\":{\"1\":\"2\"}}}"), ERR_UPSTREAM);
    ck_err(check(&shape_page, "{}"), ERR_UPSTREAM);
    ck_err(check(&shape_page, "[]"), ERR_UPSTREAM);
}
END_TEST

START_TEST(one_of_several_is_held_against_its_own_table)
{
    ck_ok(check(&shape_row, "{\"kind\":\"said\",\"text\":\"a\"}"));
    ck_ok(check(&shape_row, "{\"kind\":\"told\",\"n\":null}"));
    ck_err(check(&shape_row, "{\"kind\":\"told\",\"text\":\"a\"}"), ERR_UPSTREAM);
    ck_err(check(&shape_row, "{\"kind\":\"said\",\"text\":1}"), ERR_UPSTREAM);
    ck_err(check(&shape_row, "{\"kind\":\"sung\",\"text\":\"a\"}"), ERR_UPSTREAM);
    ck_err(check(&shape_row, "{\"text\":\"a\"}"), ERR_UPSTREAM);
}
END_TEST

START_TEST(what_is_only_noted_passes)
{
    struct request r = {.arena = arena, .id = "r"};
    ck_ok(shape_note(&r, &shape_row, json_object_new(arena)));
}
END_TEST

START_TEST(types_are_named_where_they_have_a_name)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    const struct shape_list *const lists[] = {&list};
    const char *want = "\n/** What was said */\n"
                       "export interface Said {\n  kind: 'said'\n  text: string\n}\n"
                       "\n/** What was told */\n"
                       "export interface Told {\n  kind: 'told'\n  n: number | null\n}\n"
                       "\n/** One of them */\nexport type Row = Said | Told\n"
                       "\n/** GET rows */\nexport interface Page {\n  rows: Row[]\n"
                       "  /** the newest */\n  last?: Told | null\n"
                       "  place?: {\n    by_day?: Record<string, number>\n  }\n"
                       "  more?: unknown\n  [member: string]: unknown\n}\n";
    buf_init(&out, 1 << 16);
    shapes_print_types(&out, lists, 1);
    buf_putc(&out, '\0');
    ck_ok(buf_check(&out));
    const char *types = strstr(out.at, "\n\n");
    ck_assert_ptr_nonnull(types);
    ck_assert_str_eq(types + 1, want);
}
END_TEST

TEST_MAIN_AROUND("shape", up, down, what_is_named_is_so_and_more_may_be_there,
                 one_of_several_is_held_against_its_own_table, what_is_only_noted_passes,
                 types_are_named_where_they_have_a_name)
