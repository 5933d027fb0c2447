/* The tape of the crash simulator: what is synced stays, what is not may go, be torn or stay, and
 * names are apart from bytes. The simulator is worth what this is. */
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/fault/crash_tape.h"
#include "tests/unit/test.h"

#define TRIES 400

static char folder[64], left[64];
static char bytes[8192];
static size_t bytes_n;

static void folder_new(char out[64])
{
    (void)snprintf(out, 64, "/tmp/closegate-tape-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(out));
}

static void folder_empty(const char *of)
{
    DIR *dir = opendir(of);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", of, d->d_name);
        if (d->d_type == DT_REG)
            (void)unlink(path);
    }
    (void)closedir(dir);
}

static void up(void)
{
    folder_new(folder);
    folder_new(left);
    crash_vfs_install();
}

static void down(void)
{
    folder_empty(folder);
    folder_empty(left);
    (void)rmdir(folder);
    (void)rmdir(left);
    tape_lie(TAPE_HONEST);
}

static const char *in(const char *name)
{
    static char paths[4][512];
    static size_t next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, 512, "%s/%s", folder, name);
    return path;
}

/* A file's bytes after the crash; false: there is no such file. */
static bool after(size_t at, enum tape_loss loss, uint64_t seed, const char *name)
{
    char path[512];
    folder_empty(left);
    tape_crash(&(struct tape_crash){at, loss, seed}, left);
    (void)snprintf(path, sizeof path, "%s/%s", left, name);
    FILE *f = fopen(path, "rb");
    bytes_n = 0;
    if (f == NULL)
        return false;
    bytes_n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    return true;
}

static bool is(const char *text)
{
    return bytes_n == strlen(text) && memcmp(bytes, text, bytes_n) == 0;
}

static int made(const char *name)
{
    int file = tape_file(in(name), true);
    ck_assert_int_ge(file, 0);
    return file;
}

START_TEST(what_was_synced_is_there_whatever_the_loss)
{
    tape_begin(folder);
    int f = made("a");
    tape_sync_folder();
    tape_write(f, 0, "safe", 4);
    tape_sync(f);
    tape_write(f, 4, "more", 4);
    tape_end();
    for (int loss = 0; loss < TAPE_LOSSES; loss++) {
        for (uint64_t seed = 0; seed < 50; seed++) {
            ck_assert(after(tape_length(), (enum tape_loss)loss, seed, "a"));
            ck_assert_uint_ge(bytes_n, 4);
            ck_assert_int_eq(memcmp(bytes, "safe", 4), 0);
        }
    }
}
END_TEST

START_TEST(what_was_not_synced_goes_with_the_power_and_stays_with_the_system)
{
    tape_begin(folder);
    int f = made("a");
    tape_sync_folder();
    tape_write(f, 0, "safe", 4);
    tape_sync(f);
    tape_write(f, 4, "more", 4);
    tape_end();
    ck_assert(after(tape_length(), TAPE_NOTHING, 1, "a"));
    ck_assert(is("safe"));
    ck_assert(after(tape_length(), TAPE_ALL, 1, "a"));
    ck_assert(is("safemore"));
}
END_TEST

START_TEST(a_sync_that_was_under_way_makes_nothing_safe)
{
    tape_begin(folder);
    int f = made("a");
    tape_sync_folder();
    tape_write(f, 0, "x", 1);
    const size_t sync = tape_length();
    tape_sync(f);
    tape_end();
    ck_assert(after(sync, TAPE_NOTHING, 1, "a"));
    ck_assert_uint_eq(bytes_n, 0);
    ck_assert(after(sync + 1, TAPE_NOTHING, 1, "a"));
    ck_assert_uint_eq(bytes_n, 1);
}
END_TEST

START_TEST(later_writes_may_be_there_without_earlier_ones)
{
    bool first_alone = false, second_alone = false, both = false, none = false;
    tape_begin(folder);
    int f = made("a");
    tape_sync_folder();
    tape_write(f, 0, "1", 1);
    tape_write(f, 1, "2", 1);
    tape_end();
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        ck_assert(after(tape_length(), TAPE_ANY, seed, "a"));
        first_alone |= is("1");
        second_alone |= bytes_n == 2 && memcmp(bytes, "\0002", 2) == 0; /* a hole reads as zeros */
        both |= is("12");
        none |= bytes_n == 0;
    }
    ck_assert(first_alone && second_alone && both && none);
}
END_TEST

START_TEST(a_prefix_never_holds_the_later_without_the_earlier)
{
    bool first_alone = false;
    tape_begin(folder);
    int f = made("a");
    tape_sync_folder();
    tape_write(f, 0, "1", 1);
    tape_write(f, 1, "2", 1);
    tape_end();
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        ck_assert(after(tape_length(), TAPE_PREFIX, seed, "a"));
        ck_assert(bytes_n == 0 || bytes[0] == '1');
        first_alone |= is("1");
    }
    ck_assert(first_alone);
}
END_TEST

START_TEST(a_write_is_torn_at_512_bytes_and_nothing_beside_it_changes)
{
    static char old[4096], new[2048];
    bool torn = false, garbage = false;
    memset(old, 'o', sizeof old);
    memset(new, 'n', sizeof new);
    tape_begin(folder);
    int f = made("a");
    tape_sync_folder();
    tape_write(f, 0, old, sizeof old);
    tape_sync(f);
    tape_write(f, 1024, new, sizeof new);
    tape_end();
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        const enum tape_loss loss = seed % 2 == 0 ? TAPE_ANY : TAPE_GARBAGE;
        size_t fresh = 0;
        ck_assert(after(tape_length(), loss, seed, "a"));
        ck_assert_uint_eq(bytes_n, sizeof old);
        ck_assert_int_eq(memcmp(bytes, old, 1024), 0);
        ck_assert_int_eq(memcmp(bytes + 3072, old, 1024), 0);
        for (size_t i = 1024; i < 3072; i += 512) {
            const bool is_new = memcmp(bytes + i, new, 512) == 0;
            const bool is_old = memcmp(bytes + i, old, 512) == 0;
            ck_assert(is_new || is_old || loss == TAPE_GARBAGE);
            garbage |= !is_new && !is_old;
            fresh += is_new;
        }
        torn |= fresh > 0 && fresh < 4;
    }
    ck_assert(torn && garbage);
}
END_TEST

START_TEST(a_process_that_ends_leaves_a_beginning_of_its_last_write)
{
    bool part = false;
    tape_begin(folder);
    int f = made("a");
    const size_t at = tape_length();
    tape_write(f, 0, "0123456789", 10);
    tape_end();
    for (uint64_t seed = 0; seed < 50; seed++) {
        ck_assert(after(at, TAPE_ALL, seed, "a"));
        ck_assert_int_eq(memcmp(bytes, "0123456789", bytes_n), 0);
        part |= bytes_n > 0 && bytes_n < 10;
    }
    ck_assert(part);
}
END_TEST

START_TEST(a_name_is_safe_once_its_folder_was_synced)
{
    tape_begin(folder);
    int f = made("a");
    tape_write(f, 0, "x", 1);
    tape_sync(f);
    const size_t before = tape_length();
    tape_sync_folder();
    tape_end();
    ck_assert(!after(before, TAPE_NOTHING, 1, "a"));
    ck_assert(after(tape_length(), TAPE_NOTHING, 1, "a"));
    ck_assert(is("x"));
}
END_TEST

START_TEST(a_rename_is_done_or_not_and_never_in_between)
{
    bool moved = false, stayed = false;
    tape_begin(folder);
    tape_write(made("a"), 0, "a", 1);
    tape_write(made("b"), 0, "b", 1);
    tape_sync(tape_file(in("a"), false));
    tape_sync(tape_file(in("b"), false));
    tape_sync_folder();
    tape_rename(in("a"), in("b"));
    tape_end();
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        ck_assert(after(tape_length(), TAPE_ANY, seed, "b"));
        const bool new = is("a");
        ck_assert(new || is("b"));
        ck_assert(after(tape_length(), TAPE_ANY, seed, "a") != new);
        moved |= new;
        stayed |= !new;
    }
    ck_assert(moved && stayed);
}
END_TEST

START_TEST(an_unlinked_file_may_come_back)
{
    bool gone = false, there = false;
    FILE *f = fopen(in("a"), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs("was", f), 0);
    ck_assert_int_eq(fclose(f), 0);
    tape_begin(folder);
    tape_unlink(in("a"));
    tape_end();
    for (uint64_t seed = 0; seed < 50; seed++) {
        const bool back = after(tape_length(), TAPE_ANY, seed, "a");
        ck_assert(!back || is("was"));
        gone |= !back;
        there |= back;
    }
    ck_assert(gone && there);
    ck_assert(!after(tape_length(), TAPE_ALL, 1, "a"));
}
END_TEST

/* A secret that is overwritten, or not, and then removed. */
static void removed(bool overwritten, bool synced)
{
    tape_begin(folder);
    int f = made("k.retired");
    tape_sync_folder();
    tape_write(f, 0, "secret", 6);
    tape_sync(f);
    if (overwritten)
        tape_write(f, 0, "\0\0\0\0\0\0", 6);
    if (synced)
        tape_sync(f);
    tape_unlink(in("k.retired"));
    tape_sync_folder();
    tape_end();
}

static bool always_wiped(void)
{
    bool wiped = true;
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        (void)after(tape_length(), (enum tape_loss)(seed % TAPE_LOSSES), seed, "k.retired");
        wiped &= tape_wiped(".retired");
        ck_assert(tape_wiped(".other"));
    }
    return wiped;
}

START_TEST(what_was_removed_is_still_on_the_disk)
{
    removed(false, true);
    ck_assert(!always_wiped());
    removed(true, false);
    ck_assert(!always_wiped());
    removed(true, true);
    ck_assert(always_wiped());
}
END_TEST

START_TEST(a_disk_that_lies_keeps_nothing_safe)
{
    tape_lie(TAPE_LIES_OF_FILES);
    tape_begin(folder);
    int f = made("a");
    tape_sync_folder();
    tape_write(f, 0, "x", 1);
    tape_sync(f);
    tape_end();
    ck_assert(after(tape_length(), TAPE_NOTHING, 1, "a"));
    ck_assert_uint_eq(bytes_n, 0);
}
END_TEST

START_TEST(the_calls_that_libc_is_asked_for_are_recorded)
{
    tape_begin(folder);
    int fd = open(in("a"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "ab", 2), 2);
    ck_assert_int_eq(write(fd, "cd", 2), 2);
    ck_assert_int_eq(fsync(fd), 0);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_int_eq(link(in("a"), in("b")), 0);
    ck_assert_int_eq(unlink(in("a")), 0);
    ck_assert_int_eq(rename(in("b"), in("c")), 0);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const size_t before = tape_length();
    ck_assert_int_eq(fsync(fd), 0);
    ck_assert_int_eq(close(fd), 0);
    tape_end();
    ck_assert(!after(before, TAPE_NOTHING, 1, "c"));
    ck_assert(after(tape_length(), TAPE_NOTHING, 1, "c"));
    ck_assert(is("abcd"));
    ck_assert(!after(tape_length(), TAPE_NOTHING, 1, "a"));
    ck_assert(!after(tape_length(), TAPE_NOTHING, 1, "b"));
}
END_TEST

static void sql(sqlite3 *h, const char *text)
{
    ck_assert_msg(sqlite3_exec(h, text, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", text,
                  sqlite3_errmsg(h));
}

static int rows_left(void)
{
    char path[512];
    sqlite3 *h;
    sqlite3_stmt *q;
    (void)snprintf(path, sizeof path, "%s/t.db", left);
    ck_assert_int_eq(sqlite3_open(path, &h), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(h, "SELECT count(*) FROM t", -1, &q, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    const int n = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(h);
    return n;
}

START_TEST(what_sqlite_committed_is_there_after_any_crash_behind_it)
{
    sqlite3 *h;
    size_t committed[8];
    bool fewer = false;
    ck_assert_int_eq(sqlite3_open(in("t.db"), &h), SQLITE_OK);
    sql(h, "PRAGMA journal_mode = WAL; CREATE TABLE t(x)");
    sqlite3_close(h);
    tape_begin(folder);
    ck_assert_int_eq(sqlite3_open(in("t.db"), &h), SQLITE_OK);
    sql(h, "PRAGMA synchronous = FULL");
    for (int i = 0; i < 8; i++) {
        sql(h, "INSERT INTO t VALUES (zeroblob(3000))");
        committed[i] = tape_length();
    }
    sqlite3_close(h);
    tape_end();
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        const size_t at = (size_t)(seed * 7919 % (tape_length() + 1));
        (void)after(at, (enum tape_loss)(seed % TAPE_LOSSES), seed, "t.db");
        int told = 0;
        while (told < 8 && committed[told] <= at)
            told++;
        const int rows = rows_left();
        ck_assert_int_ge(rows, told);
        fewer |= rows < 8;
    }
    ck_assert(fewer);
}
END_TEST

TEST_MAIN_AROUND("crash_tape", up, down, what_was_synced_is_there_whatever_the_loss,
                 what_was_not_synced_goes_with_the_power_and_stays_with_the_system,
                 a_sync_that_was_under_way_makes_nothing_safe,
                 later_writes_may_be_there_without_earlier_ones,
                 a_prefix_never_holds_the_later_without_the_earlier,
                 a_write_is_torn_at_512_bytes_and_nothing_beside_it_changes,
                 a_process_that_ends_leaves_a_beginning_of_its_last_write,
                 a_name_is_safe_once_its_folder_was_synced,
                 a_rename_is_done_or_not_and_never_in_between, an_unlinked_file_may_come_back,
                 what_was_removed_is_still_on_the_disk, a_disk_that_lies_keeps_nothing_safe,
                 the_calls_that_libc_is_asked_for_are_recorded,
                 what_sqlite_committed_is_there_after_any_crash_behind_it)
