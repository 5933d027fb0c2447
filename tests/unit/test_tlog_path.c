/* A tile has one address. */
#include "engine/mcp/tlog_path.h"

#include "tests/unit/test.h"

START_TEST(a_tile_is_read_from_its_address)
{
    static const struct {
        const char *path;
        struct tlog_tile want;
    } rows[] = {
        {"0/000", {0, 0, 256}},
        {"0/255", {0, 255, 256}},
        {"2/x001/x234/067", {2, 1234067, 256}},
        {"0/x001/000", {0, 1000, 256}},
        {"63/007.p/1", {63, 7, 1}},
        {"1/x273/x070/032.p/255", {1, 273070032, 255}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tlog_tile t;
        ck_assert_msg(tlog_path_parse(str_of(rows[i].path), &t), "%s", rows[i].path);
        ck_assert_uint_eq(t.level, rows[i].want.level);
        ck_assert_uint_eq(t.n, rows[i].want.n);
        ck_assert_uint_eq(t.width, rows[i].want.width);
    }
}
END_TEST

START_TEST(every_other_spelling_is_no_address)
{
    static const char *const bad[] = {
        "",
        "0",
        "0/",
        "/000",
        "0/0",
        "0/0000",
        "0/00",
        "00/000",
        "64/000",
        "-1/000",
        "0/x001",
        "0/x000/001",
        "0/001/002",
        "0/x001/x002",
        "0/X001/002",
        "0/x01/002",
        "0/000.p",
        "0/000.p/",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p/1/2",
        "0/000.p/1.p/2",
        "0/000/",
        "0//000",
        "entries/000",
        "0/000 ",
        "0/+01",
        "0/00a",
        "0/x001/x001/x001/x001/x001/x001/001",
        "0/000.p/1a",
        "0/.p/1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tlog_tile t;
        ck_assert_msg(!tlog_path_parse(str_of(bad[i]), &t), "%s", bad[i]);
    }
}
END_TEST

TEST_MAIN("tlog_path", a_tile_is_read_from_its_address, every_other_spelling_is_no_address)
