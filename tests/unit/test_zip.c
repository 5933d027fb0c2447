/* common/sys/zip_write.h and zip_read.h: the same bytes from the same entries, and what is refused.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/civil.h"
#include "common/sys/disk.h"
#include "common/sys/zip_read.h"
#include "common/sys/zip_write.h"
#include "tests/unit/test.h"

#define WHEN ((int64_t)1772528102 * 1000000) /* 2026-03-03T08:55:02Z */

static struct arena *arena;
static char folder[] = "/tmp/closegate-zip-XXXXXX";
static const struct zip_limits wide = {100, 1u << 24, 1u << 25};

static void up(void)
{
    arena = arena_new((size_t)64 << 20);
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void down(void)
{
    arena_free(arena);
}

static const char *path_of(const char *name)
{
    return arena_fmt(arena, "%s/%s", folder, name);
}

static const char *written(const char *name, size_t n, const char *const *names,
                           const char *const *texts)
{
    const char *path = path_of(name);
    struct zip_writer *z;
    ck_ok(zip_writer_new(path, WHEN, &z));
    for (size_t i = 0; i < n; i++) {
        ck_ok(zip_entry_begin(z, names[i], i % 2 == 1));
        ck_ok(zip_put(z, texts[i], strlen(texts[i])));
        ck_ok(zip_entry_end(z));
    }
    ck_ok(zip_writer_finish(z));
    zip_writer_free(z);
    return path;
}

static struct str bytes_of(const char *path)
{
    struct str bytes;
    ck_ok(disk_read(arena, path, 1u << 24, &bytes));
    return bytes;
}

static struct err opened(struct str bytes, const struct zip_limits *limits, struct zip_reader **z)
{
    char *copy = arena_dup(arena, bytes.at, bytes.len);
    FILE *from = fmemopen(copy, bytes.len, "rb");
    ck_assert_ptr_nonnull(from);
    return zip_reader_new(arena, from, limits, z); /* the test's process closes it by ending */
}

/* Every place where `old` stands becomes `now`, of the same length. */
static struct str changed(struct str bytes, const char *old, const char *now)
{
    char *copy = arena_dup(arena, bytes.at, bytes.len), *at = copy;
    size_t len = strlen(old), n = 0;
    ck_assert_uint_eq(len, strlen(now));
    while ((at = memmem(at, bytes.len - (size_t)(at - copy), old, len)) != NULL) {
        memcpy(at, now, len);
        n++;
    }
    ck_assert_uint_gt(n, 0);
    return (struct str){copy, bytes.len};
}

static const char *const two_names[] = {"a.txt", "b/c.txt"};
static const char *const two_texts[] = {"hello hello hello hello", "there"};

START_TEST(what_is_written_is_read)
{
    struct zip_reader *z;
    struct str text;
    ck_ok(opened(bytes_of(written("r.zip", 2, two_names, two_texts)), &wide, &z));
    ck_assert_uint_eq(zip_entries_n(z), 2);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_str_eq(zip_entry_at(z, i)->name, two_names[i]);
        ck_ok(zip_entry_text(z, arena, zip_entry_find(z, two_names[i]), 100, &text));
        ck_assert_str_eq(text.at, two_texts[i]);
    }
    ck_assert_ptr_null(zip_entry_find(z, "c.txt"));
    ck_err(zip_entry_text(z, arena, zip_entry_at(z, 0), 22, &text), ERR_LIMIT);
    zip_reader_free(z);
}
END_TEST

START_TEST(the_same_entries_are_the_same_bytes)
{
    struct str one = bytes_of(written("1.zip", 2, two_names, two_texts));
    sleep(2); /* the format's times are of two seconds */
    struct str other = bytes_of(written("2.zip", 2, two_names, two_texts));
    ck_assert(str_eq(one, other));
    /* 2026-03-03 08:55:02 as APPNOTE 4.4.6 has it */
    const unsigned char when[] = {0xe1, 0x46, 0x63, 0x5c};
    ck_assert_int_eq(memcmp(one.at + 10, when, 4), 0);
}
END_TEST

/* Days that the format does not have are cut to its first and last moment. */
START_TEST(an_entry_says_its_time_from_1980_to_2107)
{
    static const struct {
        int64_t year;
        unsigned char when[4]; /* time, day; the lower byte first */
    } times[] = {
        {1979, {0x00, 0x00, 0x21, 0x00}}, {1980, {0x00, 0x00, 0x21, 0x00}},
        {2043, {0x00, 0x00, 0x21, 0x7e}}, {2044, {0x00, 0x00, 0x21, 0x80}},
        {2107, {0x00, 0x00, 0x21, 0xfe}}, {2108, {0x7d, 0xbf, 0x9f, 0xff}},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct zip_writer *z;
        int64_t us;
        const char *path = path_of(arena_fmt(arena, "y%zu.zip", i));
        ck_ok(
            instant_parse(arena_fmt(arena, "%d-01-01T00:00:00.000000Z", (int)times[i].year), &us));
        ck_ok(zip_writer_new(path, us, &z));
        ck_ok(zip_entry_begin(z, "a", false));
        ck_ok(zip_entry_end(z));
        ck_ok(zip_writer_finish(z));
        zip_writer_free(z);
        ck_assert_msg(memcmp(bytes_of(path).at + 10, times[i].when, 4) == 0, "%d",
                      (int)times[i].year);
    }
}
END_TEST

START_TEST(a_file_is_not_replaced_and_an_unfinished_one_goes)
{
    struct zip_writer *z;
    struct stat st;
    const char *path = written("k.zip", 2, two_names, two_texts);
    ck_err(zip_writer_new(path, WHEN, &z), ERR_CONFLICT);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_ok(zip_writer_new(path_of("u.zip"), WHEN, &z));
    ck_ok(zip_entry_begin(z, "a", false));
    zip_writer_free(z);
    ck_assert_int_ne(stat(path_of("u.zip"), &st), 0);
}
END_TEST

START_TEST(names_that_lead_out_are_refused)
{
    static const char *const bad[] = {"",    "/a",   "a/",  "a//b", "..",  "../a", "a/../b",  ".",
                                      "./a", "a\\b", "C:a", "a b",  "a\n", "a/.",  "\xc3\xa9"};
    static const char *const good[] = {"a", "..a", "a..", "a.b/c-d_e.0", "...", ".a"};
    struct zip_writer *z;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!zip_name_good(bad[i]), "%s", bad[i]);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(zip_name_good(good[i]), "%s", good[i]);
    ck_ok(zip_writer_new(path_of("n.zip"), WHEN, &z));
    ck_err(zip_entry_begin(z, "../a", false), ERR_BUG);
    zip_writer_free(z);
}
END_TEST

START_TEST(a_slipping_name_in_an_archive_is_refused)
{
    struct zip_reader *z;
    struct str good = bytes_of(written("s.zip", 2, two_names, two_texts));
    ck_err(opened(changed(good, "b/c.txt", "../.txt"), &wide, &z), ERR_INPUT);
    ck_err(opened(changed(good, "b/c.txt", "/bc.txt"), &wide, &z), ERR_INPUT);
    ck_err(opened(changed(good, "b/c.txt", "b\\c.txt"), &wide, &z), ERR_INPUT);
}
END_TEST

START_TEST(twin_names_are_refused)
{
    static const char *const names[] = {"a.txt", "b.txt"};
    struct zip_reader *z;
    struct str good = bytes_of(written("t.zip", 2, names, two_texts));
    ck_err(opened(changed(good, "b.txt", "a.txt"), &wide, &z), ERR_INPUT);
}
END_TEST

START_TEST(limits_hold_before_anything_is_unpacked)
{
    struct zip_reader *z;
    struct str good = bytes_of(written("l.zip", 2, two_names, two_texts));
    const struct zip_limits few = {1, 100, 100}, small = {10, 22, 100}, little = {10, 100, 27},
                            fits = {2, 23, 28};
    ck_err(opened(good, &few, &z), ERR_LIMIT);
    ck_err(opened(good, &small, &z), ERR_LIMIT);
    ck_err(opened(good, &little, &z), ERR_LIMIT);
    ck_ok(opened(good, &fits, &z));
    zip_reader_free(z);
}
END_TEST

static struct err nothing(void *arg, struct str piece)
{
    (void)arg, (void)piece;
    return OK;
}

/* Whatever bit is turned: nothing of another content is given out as good. */
START_TEST(a_turned_bit_is_refused_or_changes_nothing)
{
    struct str good = bytes_of(written("b.zip", 2, two_names, two_texts));
    for (size_t i = 0; i < good.len * 8; i++) {
        char *copy = arena_dup(arena, good.at, good.len);
        struct zip_reader *z;
        copy[i / 8] = (char)(copy[i / 8] ^ (1 << i % 8));
        FILE *from = fmemopen(copy, good.len, "rb");
        struct err e = zip_reader_new(arena, from, &wide, &z);
        for (size_t k = 0; e.kind == ERR_NONE && k < zip_entries_n(z); k++) {
            struct str text;
            const struct zip_entry *entry = zip_entry_at(z, k);
            struct err r = zip_entry_read(z, entry, nothing, NULL);
            if (r.kind != ERR_NONE)
                continue;
            ck_ok(zip_entry_text(z, arena, entry, 100, &text));
            ck_assert(str_is(text, two_texts[0]) || str_is(text, two_texts[1]));
        }
        if (e.kind == ERR_NONE)
            zip_reader_free(z);
        fclose(from);
    }
}
END_TEST

/* ---- what an entry says of itself, and holds ---- */

/* APPNOTE 4.4.7: CRC-32, reflected 0xEDB88320. */
static uint32_t sum_of(const char *at, size_t len)
{
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; i < 8 * len; i++) {
        const uint32_t bit = (sum ^ (uint32_t)at[i / 8] >> i % 8) & 1;
        sum = sum >> 1 ^ (bit != 0 ? 0xEDB88320 : 0);
    }
    return ~sum;
}

static void number_put(char *at, uint32_t n)
{
    const char bytes[] = {(char)n, (char)(n >> 8), (char)(n >> 16), (char)(n >> 24)};
    memcpy(at, bytes, sizeof bytes);
}

/* The first entry, told to hold `size` bytes from `stored` more than it has. */
static struct err read_as(struct str good, size_t size, int stored)
{
    struct zip_reader *z;
    struct str text;
    char *copy = arena_dup(arena, good.at, good.len);
    char *second = memmem(copy, good.len, "PK\1\2", 4);
    const uint32_t sum = sum_of(two_texts[0], size);
    char *const heads[] = {copy + 14, second + 16}; /* of the entry, of the directory */
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(heads[i][6], 0); /* below 2^16 */
        number_put(heads[i], sum);
        number_put(heads[i] + 4, (uint32_t)((unsigned char)heads[i][4] + stored));
        number_put(heads[i] + 8, (uint32_t)size);
    }
    ck_ok(opened((struct str){copy, good.len}, &wide, &z));
    struct err e = zip_entry_text(z, arena, zip_entry_at(z, 0), 100, &text);
    zip_reader_free(z);
    return e;
}

START_TEST(an_entry_holds_just_what_it_says)
{
    struct str good = bytes_of(written("w.zip", 2, two_names, two_texts));
    const size_t size = strlen(two_texts[0]);
    ck_ok(read_as(good, size, 0));
    /* Another program would unpack all of it. */
    for (size_t less = 1; less <= size; less++) {
        struct err e = read_as(good, size - less, 0);
        ck_assert_int_eq(e.kind, ERR_INPUT);
        ck_assert_str_eq(e.msg, "this entry is longer than it says");
    }
    for (int more = 1; more < 8; more++) {
        struct err e = read_as(good, size, more);
        ck_assert_int_eq(e.kind, ERR_INPUT);
        ck_assert_str_eq(e.msg, "something stands behind what this entry holds");
    }
    ck_err(read_as(good, size, -1), ERR_INPUT);
}
END_TEST

/* Larger than what is unpacked at one go, and hardly compressible. */
START_TEST(a_long_entry_is_read_piece_by_piece)
{
    enum { LEN = 1 << 20 };
    struct zip_reader *z;
    struct zip_writer *to;
    struct str text;
    char *long_one = arena_alloc(arena, LEN);
    uint32_t state = 1;
    for (size_t i = 0; i < LEN; i++) {
        state = state * 1664525 + 1013904223;
        long_one[i] = (char)(state >> 24);
    }
    ck_ok(zip_writer_new(path_of("long.zip"), WHEN, &to));
    ck_ok(zip_entry_begin(to, "long", false));
    ck_ok(zip_put(to, long_one, LEN));
    ck_ok(zip_entry_end(to));
    ck_ok(zip_entry_begin(to, "empty", false));
    ck_ok(zip_entry_end(to));
    ck_ok(zip_writer_finish(to));
    zip_writer_free(to);
    ck_ok(opened(bytes_of(path_of("long.zip")), &wide, &z));
    ck_ok(zip_entry_text(z, arena, zip_entry_find(z, "long"), LEN, &text));
    ck_assert(str_eq(text, (struct str){long_one, LEN}));
    ck_ok(zip_entry_text(z, arena, zip_entry_find(z, "empty"), 0, &text));
    ck_assert_uint_eq(text.len, 0);
    zip_reader_free(z);
}
END_TEST

START_TEST(what_is_no_archive_is_refused)
{
    struct zip_reader *z;
    struct str good = bytes_of(written("c.zip", 2, two_names, two_texts));
    ck_err(opened(STR("PK"), &wide, &z), ERR_INPUT);
    ck_err(opened(STR("this is a text and no archive at all"), &wide, &z), ERR_INPUT);
    ck_err(opened((struct str){good.at, good.len - 1}, &wide, &z), ERR_INPUT);
}
END_TEST

TEST_MAIN_AROUND("zip", up, down, what_is_written_is_read, the_same_entries_are_the_same_bytes,
                 an_entry_says_its_time_from_1980_to_2107, an_entry_holds_just_what_it_says,
                 a_long_entry_is_read_piece_by_piece,
                 a_file_is_not_replaced_and_an_unfinished_one_goes, names_that_lead_out_are_refused,
                 a_slipping_name_in_an_archive_is_refused, twin_names_are_refused,
                 limits_hold_before_anything_is_unpacked,
                 a_turned_bit_is_refused_or_changes_nothing, what_is_no_archive_is_refused)
