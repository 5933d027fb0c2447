/* Cosignatures: kept once, beside the head they are of, and never changed. */
#include "engine/store/cosignatures.h"

#include <string.h>

#include "tests/unit/raw_book.h"

static struct book b;

#define HEADS                                                                                      \
    "INSERT INTO audit_heads (size, root, note) VALUES (1, zeroblob(32), 'n1'),"                   \
    " (3, zeroblob(32), 'n3'), (5, zeroblob(32), 'n5')"

static void up(void)
{
    book_up(&b);
    for (int i = 0; i < 4; i++)
        event_add(&b, "ENGINE_STARTED");
    attack(&b, HEADS);
}

static void down(void)
{
    book_down(&b);
}

static void keep(int64_t size, const char *witness, const char *line)
{
    const struct cosignature c = {
        .size = size, .witness = witness, .line = line, .cosigned_s = 1700000000};
    call_begin(&b);
    ck_ok(cosignature_keep(&b.tx, &c));
    call_end(&b);
}

static void ck_lines(int64_t size, const char *expected)
{
    struct buf lines;
    buf_init(&lines, 4096);
    call_begin(&b);
    ck_ok(cosignature_lines(&b.tx, size, &lines));
    call_end(&b);
    ck_assert_str_eq(buf_text(&lines), expected);
    buf_fini(&lines);
}

START_TEST(the_first_cosignature_of_a_head_stays)
{
    keep(3, "w1", "one\n");
    keep(3, "w1", "other\n");
    keep(3, "w2", "two\n");
    ck_lines(3, "one\ntwo\n");
    ck_lines(5, "");
}
END_TEST

START_TEST(what_was_never_signed_is_not_cosigned)
{
    const struct cosignature c = {.size = 2, .witness = "w1", .line = "one\n"};
    call_begin(&b);
    ck_err(cosignature_keep(&b.tx, &c), ERR_MISSING);
    call_end(&b);
}
END_TEST

START_TEST(the_nearest_and_the_latest_are_found)
{
    struct cosignature c;
    int64_t covering;
    bool found;
    keep(3, "w1", "one\n");
    keep(5, "w2", "two\n");
    call_begin(&b);
    ck_ok(cosigned_covering(&b.tx, 1, &covering));
    ck_assert_int_eq(covering, 3);
    ck_ok(cosigned_covering(&b.tx, 4, &covering));
    ck_assert_int_eq(covering, 5);
    ck_ok(cosigned_covering(&b.tx, 6, &covering));
    ck_assert_int_eq(covering, 0);
    ck_ok(cosignature_latest(&b.tx, b.arena, "w1", &found, &c));
    ck_assert(found);
    ck_assert_int_eq(c.size, 3);
    ck_assert_str_eq(c.line, "one\n");
    ck_ok(cosignature_latest(&b.tx, b.arena, "w3", &found, &c));
    ck_assert(!found);
    call_end(&b);
}
END_TEST

START_TEST(cosignatures_are_append_only)
{
    keep(3, "w1", "one\n");
    static const char *const attacks[] = {
        "UPDATE audit_cosignatures SET line = 'x'",
        "DELETE FROM audit_cosignatures",
        "REPLACE INTO audit_cosignatures VALUES (3, 'w1', 'x', 1)",
        "INSERT OR IGNORE INTO audit_cosignatures VALUES (3, 'w1', 'x', 1)",
    };
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++)
        ck_assert_int_eq(attack_rc(&b, attacks[i]), SQLITE_CONSTRAINT);
    ck_lines(3, "one\n");
}
END_TEST

TEST_MAIN_AROUND("cosignatures", up, down, the_first_cosignature_of_a_head_stays,
                 what_was_never_signed_is_not_cosigned, the_nearest_and_the_latest_are_found,
                 cosignatures_are_append_only)
