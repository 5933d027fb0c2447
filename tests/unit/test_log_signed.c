/* What a log's key may sign next: trees that go on from the last head, or from the one before it,
 * are taken; a shorter one, another past, a third way on and another log are not, also by whoever
 * reads the file later, and by whoever does after a power cut. */
#include "engine/store/log_signed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define LEAVES 64
#define SLOT   4096

static char folder[64], path[96];
static struct signed_log book;
static const struct signed_heads *const heads = &book.heads;

/* The disk: what of the file a power cut leaves for certain. */
static struct {
    char durable[2 * SLOT];
    int syncs;
    bool fails;
} disk;

static void file_get(char bytes[2 * SLOT])
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(read(fd, bytes, 2 * SLOT), 2 * SLOT);
    (void)close(fd);
}

static void file_put(const char *bytes, size_t len)
{
    const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    (void)close(fd);
}

/* Instead of the C library's. */
int fdatasync(int fd)
{
    if (disk.fails)
        return -1;
    disk.syncs++;
    return pread(fd, disk.durable, sizeof disk.durable, 0) == sizeof disk.durable ? 0 : -1;
}

/* A log: the leaf at i is of `branch[i]`. */
struct tale {
    char branch[LEAVES];
};

static struct tale first;

static void up(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/closegate-signed-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/" LOG_SIGNED_FILE, folder);
    memset(first.branch, 'a', sizeof first.branch);
    memset(&disk, 0, sizeof disk);
    ck_ok(log_signed_open(folder, &book));
}

static void tear_down(void)
{
    log_signed_close(&book);
    (void)unlink(path);
    (void)rmdir(folder);
}

/* As `first`, but other events from `from` on. */
static struct tale other_from(size_t from, char name)
{
    struct tale t = first;
    memset(t.branch + from, name, sizeof t.branch - from);
    return t;
}

static struct err node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out)
{
    const struct tale *t = arg;
    if (level == 0) {
        const char leaf[] = {t->branch[index], (char)index};
        merkle_leaf(leaf, sizeof leaf, out);
        return OK;
    }
    struct merkle_hash left, right;
    TRY(node(arg, level - 1, 2 * index, &left));
    TRY(node(arg, level - 1, 2 * index + 1, &right));
    merkle_node(&left, &right, out);
    return OK;
}

static struct err taken_as(const char *origin, struct tale t, uint64_t from, uint64_t size)
{
    struct checkpoint head = {.origin = str_of(origin), .size = size};
    struct signed_step step = {.from.size = from};
    ck_ok(merkle_root(size, node, &t, &head.root));
    ck_ok(merkle_root(from, node, &t, &step.from.root));
    ck_ok(merkle_consistency(from, size, node, &t, &step.proof));
    return log_signed_take(&book, &head, &step);
}

static struct err taken(struct tale t, uint64_t from, uint64_t size)
{
    return taken_as("closegate/book_1", t, from, size);
}

/* As a process that comes later. */
static void read_again(void)
{
    struct signed_heads before = *heads;
    log_signed_close(&book);
    ck_ok(log_signed_open(folder, &book));
    ck_assert_str_eq(heads->origin, before.origin);
    ck_assert_uint_eq(heads->base.size, before.base.size);
    ck_assert_uint_eq(heads->tip.size, before.tip.size);
    ck_assert(merkle_eq(&heads->base.root, &before.base.root));
    ck_assert(merkle_eq(&heads->tip.root, &before.tip.root));
}

START_TEST(a_log_that_grows_is_signed)
{
    ck_ok(taken(first, 0, 1));
    for (uint64_t n = 1; n < LEAVES; n++) {
        ck_ok(taken(first, n, n + 1));
        read_again();
    }
    ck_assert_uint_eq(heads->base.size, LEAVES - 1);
}
END_TEST

START_TEST(a_book_from_before_begins_where_it_is)
{
    ck_ok(taken(first, 20, 23));
    ck_err(taken(other_from(10, 'b'), 20, 30), ERR_AUTH);
    ck_ok(taken(first, 23, 24));
}
END_TEST

START_TEST(a_commit_that_failed_is_signed_otherwise)
{
    ck_ok(taken(first, 0, 5));
    ck_ok(taken(first, 5, 8));
    read_again();
    ck_ok(taken(other_from(5, 'b'), 5, 7)); /* the three events never came to be */
    ck_ok(taken(other_from(5, 'c'), 5, 7)); /* nor did the two */
    ck_ok(taken(other_from(5, 'c'), 7, 9));
    ck_err(taken(other_from(5, 'b'), 7, 9), ERR_AUTH); /* the other way is closed */
    ck_err(taken(first, 5, 9), ERR_AUTH);
}
END_TEST

START_TEST(the_same_head_again_changes_nothing)
{
    ck_ok(taken(first, 0, 5));
    ck_ok(taken(first, 5, 8));
    ck_ok(taken(first, 8, 8));
    ck_assert_uint_eq(heads->base.size, 5);
}
END_TEST

START_TEST(the_past_is_not_signed_anew)
{
    ck_ok(taken(first, 0, 5));
    ck_ok(taken(first, 5, 8));
    ck_ok(taken(first, 8, 12));
    for (int again = 0; again < 2; again++) {
        ck_err(taken(first, 0, 4), ERR_AUTH);  /* shorter */
        ck_err(taken(first, 5, 8), ERR_AUTH);  /* what was signed once, and gone on from */
        ck_err(taken(first, 0, 20), ERR_AUTH); /* longer, and from nowhere */
        ck_err(taken(other_from(0, 'b'), 8, 20), ERR_AUTH);
        ck_err(taken(other_from(7, 'b'), 8, 20), ERR_AUTH);
        ck_err(taken(other_from(7, 'b'), 12, 20), ERR_AUTH);
        read_again();
    }
    ck_ok(taken(first, 12, 13));
}
END_TEST

START_TEST(a_proof_of_something_else_is_none)
{
    struct checkpoint head = {.origin = STR("closegate/book_1"), .size = 20};
    struct signed_step step = {.from.size = 8};
    ck_ok(taken(first, 0, 8));
    ck_ok(taken(first, 8, 9));
    ck_ok(merkle_root(20, node, &first, &head.root));
    ck_err(log_signed_take(&book, &head, &step), ERR_AUTH); /* no proof at all */
    step.from.size = 0;
    ck_err(log_signed_take(&book, &head, &step), ERR_AUTH);
}
END_TEST

START_TEST(another_log_is_not_signed)
{
    ck_ok(taken(first, 0, 5));
    ck_err(taken_as("closegate/book_2", first, 5, 6), ERR_AUTH);
    char name[TREE_ORIGIN_SIZE + 1];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    (void)unlink(path);
    log_signed_close(&book);
    ck_ok(log_signed_open(folder, &book));
    ck_err(taken_as(name, first, 0, 1), ERR_AUTH);
}
END_TEST

/* ---- the file ---- */

static void refused(void)
{
    struct signed_log found;
    const struct err e = log_signed_open(folder, &found);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, LOG_SIGNED_FILE);
    ck_assert_ptr_nonnull(strstr(e.msg, "docs/KEYS.md"));
    ck_assert_str_eq(found.heads.origin, "");
    ck_assert_int_eq(found.fd, -1);
}

/* What the next start finds. */
static struct signed_heads found(void)
{
    struct signed_log log;
    ck_ok(log_signed_open(folder, &log));
    log_signed_close(&log);
    return log.heads;
}

/* Three heads, each durable: the last one is in the first slot. */
static void three_up(char whole[2 * SLOT])
{
    for (uint64_t n = 5; n <= 7; n++) {
        ck_ok(taken(first, n == 5 ? 0 : n - 1, n));
        ck_ok(log_signed_sync(&book, 0));
    }
    file_get(whole);
}

START_TEST(a_file_that_cannot_be_read_is_an_error)
{
    static const char *const bad[] = {"", "closegate-signed/1\n", "closegate-signed/2\nx\n"};
    char whole[2 * SLOT];
    struct stat st;
    three_up(whole);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        file_put(bad[i], strlen(bad[i]));
        refused();
    }
    file_put(whole, 511);
    refused();
    memset(whole, 0, sizeof whole);
    file_put(whole, sizeof whole);
    refused();
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("/etc/passwd", path), 0);
    struct signed_log log;
    ck_err(log_signed_open(folder, &log), ERR_STORE);
}
END_TEST

START_TEST(the_newest_slot_counts)
{
    char whole[2 * SLOT], turned[2 * SLOT];
    three_up(whole);
    ck_assert_uint_eq(found().tip.size, 7);
    memcpy(turned, whole + SLOT, SLOT);
    memcpy(turned + SLOT, whole, SLOT);
    file_put(turned, sizeof turned);
    ck_assert_uint_eq(found().tip.size, 7);
    read_again(); /* and it goes on from there, in the older one */
    ck_ok(taken(first, 7, 8));
    ck_assert_uint_eq(found().tip.size, 8);
    file_get(turned);
    ck_assert_mem_eq(turned + SLOT, whole, SLOT);
}
END_TEST

START_TEST(a_slot_of_which_any_byte_is_another_is_none)
{
    char whole[2 * SLOT], bad[2 * SLOT];
    three_up(whole);
    const char *end = strstr(whole, "=\n\n"); /* of the digest; only line ends follow */
    ck_assert_ptr_nonnull(end);
    ck_assert_int_gt(end - whole, 150);
    for (size_t i = 0; i <= (size_t)(end - whole) + 1; i++) {
        memcpy(bad, whole, sizeof bad);
        bad[i] ^= 1;
        file_put(bad, sizeof bad);
        ck_assert_uint_eq(found().tip.size, 6); /* the older one */
        bad[SLOT + i] ^= 1;
        file_put(bad, sizeof bad);
        refused();
    }
}
END_TEST

START_TEST(a_state_that_is_older_than_the_book_is_gone_on_from_by_its_proof_only)
{
    char whole[2 * SLOT];
    three_up(whole);
    for (uint64_t n = 8; n <= 20; n++)
        ck_ok(taken(first, n - 1, n)); /* not durable */
    memset(whole, 'x', SLOT);
    file_put(whole, sizeof whole);
    log_signed_close(&book);
    ck_ok(log_signed_open(folder, &book));
    ck_assert_uint_eq(heads->tip.size, 6);
    ck_err(taken(first, 20, 21), ERR_AUTH);
    ck_err(taken(other_from(3, 'b'), 6, 21), ERR_AUTH);
    ck_err(taken(first, 0, 21), ERR_AUTH);
    ck_ok(taken(first, 6, 21));
    ck_ok(taken(first, 21, 22));
}
END_TEST

/* Of the bytes that are not durable some are the old ones, some the new ones, some neither. */
static void power_cut(int how)
{
    char now[2 * SLOT];
    file_get(now);
    for (size_t i = 0; i < sizeof now; i++) {
        if (now[i] == disk.durable[i])
            continue;
        if (how == 1 || (how == 2 && i % 2 == 0))
            now[i] = disk.durable[i];
        if (how == 3)
            now[i] = (char)(i * 7);
    }
    if (how == 4) /* the whole sector */
        memset(now + (size_t)book.slot * SLOT, 0xee, 512);
    file_put(now, sizeof now);
}

START_TEST(wherever_the_power_is_cut_the_next_start_goes_on)
{
    for (int how = 0; how < 5; how++) {
        for (int when = 1; when < 12; when++) {
            log_signed_close(&book);
            (void)unlink(path);
            ck_ok(log_signed_open(folder, &book));
            uint64_t safe = 1;
            for (uint64_t n = 1; n <= (uint64_t)when; n++) {
                ck_ok(taken(first, n - 1, n));
                if (n == 1)
                    file_get(disk.durable); /* a new file is made so */
                if (n % 3 == 0) {
                    ck_ok(log_signed_sync(&book, 0));
                    safe = n;
                }
            }
            if (book.unsynced)
                power_cut(how);
            log_signed_close(&book);
            ck_ok(log_signed_open(folder, &book));
            ck_assert_uint_ge(heads->tip.size, safe);
            ck_ok(taken(first, heads->tip.size, 20));
            read_again();
        }
    }
}
END_TEST

START_TEST(a_sync_is_due_a_second_after_the_last_one)
{
    ck_assert_int_eq(log_signed_wait_ms(&book, 5000), -1);
    ck_ok(taken(first, 0, 1)); /* made durable as a new file is */
    ck_assert_int_eq(log_signed_wait_ms(&book, 5000), -1);
    ck_ok(log_signed_sync(&book, 5000));
    ck_assert_int_eq(disk.syncs, 0);
    ck_ok(taken(first, 1, 2));
    ck_assert_int_eq(log_signed_wait_ms(&book, 5000), 0);
    ck_ok(log_signed_sync(&book, 5000));
    ck_ok(taken(first, 2, 3));
    ck_ok(taken(first, 3, 4));
    ck_assert_int_eq(log_signed_wait_ms(&book, 5000), 1000);
    ck_assert_int_eq(log_signed_wait_ms(&book, 5999), 1);
    ck_assert_int_eq(log_signed_wait_ms(&book, 6000), 0);
    ck_assert_int_eq(disk.syncs, 1);
    ck_ok(log_signed_sync(&book, 6000));
    ck_assert_int_eq(log_signed_wait_ms(&book, 9000), -1);
    ck_assert_int_eq(disk.syncs, 2);
}
END_TEST

START_TEST(after_a_sync_that_failed_nothing_is_signed_until_one_succeeds)
{
    char before[2 * SLOT], after[2 * SLOT];
    three_up(before);
    ck_ok(taken(first, 7, 8));
    disk.fails = true;
    ck_err(log_signed_sync(&book, 0), ERR_STORE);
    ck_err(taken(first, 8, 9), ERR_STORE);
    ck_assert_uint_eq(heads->tip.size, 8);
    file_get(after); /* the durable one is left alone meanwhile */
    ck_assert_mem_eq(after, before, SLOT);
    memset(after + SLOT, 'x', SLOT); /* the system dropped what it could not write */
    file_put(after, sizeof after);
    disk.fails = false;
    ck_ok(log_signed_sync(&book, 0));
    file_get(after);
    ck_assert_mem_eq(after, before, SLOT);
    ck_assert_uint_eq(found().tip.size, 8);
    ck_ok(taken(first, 8, 9));
    read_again();
}
END_TEST

START_TEST(a_file_that_is_moved_away_meanwhile_is_made_anew_from_memory)
{
    char aside[128];
    ck_ok(taken(first, 0, 5));
    ck_ok(taken(first, 5, 6));
    (void)snprintf(aside, sizeof aside, "%s.aside", path);
    ck_assert_int_eq(rename(path, aside), 0);
    ck_err(taken(other_from(0, 'b'), 0, 7), ERR_AUTH);
    ck_ok(taken(first, 6, 7));
    read_again();
    ck_assert_int_eq(rename(aside, path), 0);
    ck_err(taken(first, 7, 8), ERR_CONFLICT); /* another file in its place */
}
END_TEST

TEST_MAIN_AROUND("log_signed", up, tear_down, a_log_that_grows_is_signed,
                 a_book_from_before_begins_where_it_is, a_commit_that_failed_is_signed_otherwise,
                 the_same_head_again_changes_nothing, the_past_is_not_signed_anew,
                 a_proof_of_something_else_is_none, another_log_is_not_signed,
                 a_file_that_cannot_be_read_is_an_error, the_newest_slot_counts,
                 a_slot_of_which_any_byte_is_another_is_none,
                 a_state_that_is_older_than_the_book_is_gone_on_from_by_its_proof_only,
                 wherever_the_power_is_cut_the_next_start_goes_on,
                 a_sync_is_due_a_second_after_the_last_one,
                 after_a_sync_that_failed_nothing_is_signed_until_one_succeeds,
                 a_file_that_is_moved_away_meanwhile_is_made_anew_from_memory)
