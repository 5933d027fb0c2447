/* What a log's key may sign next: trees that go on from the last head, or from the one before it,
 * are taken; a shorter one, another past, a third way on and another log are not, also by whoever
 * reads the file later. */
#include "engine/store/log_signed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define LEAVES 64

static char folder[64], path[96];
static struct signed_heads heads;

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
    ck_ok(log_signed_load(folder, &heads));
}

static void tear_down(void)
{
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
    return log_signed_take(&heads, folder, &head, &step);
}

static struct err taken(struct tale t, uint64_t from, uint64_t size)
{
    return taken_as("closegate/book_1", t, from, size);
}

/* As a process that comes later. */
static void read_again(void)
{
    struct signed_heads before = heads;
    ck_ok(log_signed_load(folder, &heads));
    ck_assert_str_eq(heads.origin, before.origin);
    ck_assert_uint_eq(heads.base.size, before.base.size);
    ck_assert_uint_eq(heads.tip.size, before.tip.size);
    ck_assert(merkle_eq(&heads.base.root, &before.base.root));
    ck_assert(merkle_eq(&heads.tip.root, &before.tip.root));
}

START_TEST(a_log_that_grows_is_signed)
{
    ck_ok(taken(first, 0, 1));
    for (uint64_t n = 1; n < LEAVES; n++) {
        ck_ok(taken(first, n, n + 1));
        read_again();
    }
    ck_assert_uint_eq(heads.base.size, LEAVES - 1);
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
    ck_assert_uint_eq(heads.base.size, 5);
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
    ck_err(log_signed_take(&heads, folder, &head, &step), ERR_AUTH); /* no proof at all */
    step.from.size = 0;
    ck_err(log_signed_take(&heads, folder, &head, &step), ERR_AUTH);
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
    ck_ok(log_signed_load(folder, &heads));
    ck_err(taken_as(name, first, 0, 1), ERR_AUTH);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_an_error)
{
    static const char *const bad[] = {"", "closegate-signed/1\n", "closegate-signed/2\nx\n"};
    char whole[512], text[512];
    ck_ok(taken(first, 0, 5));
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    FILE *f = fopen(path, "r");
    ck_assert_uint_eq(fread(whole, 1, sizeof whole, f), sizeof whole);
    (void)fclose(f);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0] + 2; i++) {
        memcpy(text, whole, sizeof text);
        const size_t len = i < 3 ? strlen(bad[i]) : i == 3 ? sizeof text - 1 : sizeof text;
        if (i < 3)
            memcpy(text, bad[i], len);
        if (i == 4)
            *strchr(text, '=') = '!';
        f = fopen(path, "w");
        ck_assert_uint_eq(fwrite(text, 1, len, f), len);
        (void)fclose(f);
        ck_err(log_signed_load(folder, &heads), ERR_INPUT);
        ck_assert_str_eq(heads.origin, "");
    }
}
END_TEST

TEST_MAIN_AROUND("log_signed", up, tear_down, a_log_that_grows_is_signed,
                 a_book_from_before_begins_where_it_is, a_commit_that_failed_is_signed_otherwise,
                 the_same_head_again_changes_nothing, the_past_is_not_signed_anew,
                 a_proof_of_something_else_is_none, another_log_is_not_signed,
                 a_file_that_cannot_be_read_is_an_error)
