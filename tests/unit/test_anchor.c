/* How far a log is anchored: a quorum of cosignatures that hold, and how long the rest has waited.
 */
#include "engine/call/anchor.h"

#include "engine/store/cosignatures.h"
#include "engine/store/log_keys.h"
#include "engine/store/tree.h"
#include "tests/unit/raw_book.h"

static struct book b;
static struct log_keys *keys;
static struct note_signer witnesses[3];
static struct witness_peer peers[3];
static struct witness_list list = {.items = peers, .n = 3};

static void up(void)
{
    const struct json *detail;
    book_up(&b);
    ck_ok(log_keys_open(b.folder, &keys));
    ck_err(log_keys_use(keys, b.store, b.arena), ERR_MISSING);
    call_begin(&b);
    ck_ok(log_keys_rotate(keys, &b.tx, false, &detail));
    const struct event event = {.type = "KEY_ROTATED", .detail = detail};
    ck_ok(audit_append(&b.tx, &event));
    call_end(&b);
    for (size_t i = 0; i < 3; i++) {
        uint8_t public_key[ED25519_KEY_LEN];
        ck_ok(ed25519_new(&witnesses[i].secret));
        ed25519_public(witnesses[i].secret, public_key);
        ck_ok(note_key_make(arena_fmt(b.arena, "w.example/%zu", i), NOTE_COSIGNATURE_V1, public_key,
                            &witnesses[i].key));
        peers[i] = (struct witness_peer){.key = witnesses[i].key,
                                         .vkey = note_key_print(b.arena, &witnesses[i].key)};
    }
    for (int i = 0; i < 6; i++)
        event_add(&b, "ENGINE_STARTED");
}

static void down(void)
{
    for (size_t i = 0; i < 3; i++)
        ed25519_free(witnesses[i].secret);
    log_keys_free(keys);
    keys = NULL;
    (void)unlink(arena_fmt(b.arena, "%s/log.key", b.folder));
    book_down(&b);
}

/* By witness `as`, kept under the name of witness `of`. */
static void cosign(size_t as, size_t of, uint64_t size)
{
    struct tree_head head;
    struct note note;
    struct buf line;
    buf_init(&line, 1024);
    call_begin(&b);
    ck_ok(head_of(&b.tx, b.arena, size, &head));
    ck_ok(note_parse(head.note, &note));
    note_sign_line(note.text, &witnesses[as], 1700000000, &line);
    const struct cosignature c = {.size = (int64_t)size,
                                  .witness = peers[of].vkey,
                                  .line = buf_text(&line),
                                  .cosigned_s = 1700000000};
    ck_ok(cosignature_keep(&b.tx, &c));
    call_end(&b);
    buf_fini(&line);
}

static struct anchor read_by(int64_t quorum)
{
    const struct anchor_rule rule = {.witnesses = &list, .quorum = quorum};
    struct anchor anchor;
    call_begin(&b);
    ck_ok(anchor_read(&b.tx, b.arena, &rule, &anchor));
    call_end(&b);
    return anchor;
}

START_TEST(a_quorum_has_what_enough_of_them_have)
{
    cosign(0, 0, 3);
    cosign(1, 1, 5);
    cosign(2, 2, 8);
    ck_assert_int_eq(read_by(1).size, 8);
    ck_assert_int_eq(read_by(2).size, 5);
    ck_assert_int_eq(read_by(3).size, 3);
    ck_assert_int_eq(read_by(1).oldest_us, 0);
    cosign(0, 0, 8);
    ck_assert_int_eq(read_by(2).size, 8);
    ck_assert_int_eq(read_by(3).size, 5);
}
END_TEST

START_TEST(without_cosignatures_nothing_is_anchored)
{
    struct anchor a = read_by(1);
    ck_assert_int_eq(a.size, 0);
    ck_assert_int_eq(a.head, 8);
    ck_assert_int_eq(a.oldest_us, BOOK_CLOCK + 1000000);
}
END_TEST

START_TEST(a_line_that_does_not_hold_counts_for_nothing)
{
    cosign(1, 0, 5); /* another witness's signature under this one's name */
    ck_assert_int_eq(read_by(1).size, 0);
    attack(&b, "DROP TRIGGER cosignatures_no_update; DROP TRIGGER cosignatures_no_delete;"
               " DELETE FROM audit_cosignatures");
    cosign(0, 0, 5);
    ck_assert_int_eq(read_by(1).size, 5);
    attack(&b, "UPDATE audit_cosignatures SET size = 8"); /* beside another head */
    ck_assert_int_eq(read_by(1).size, 0);
}
END_TEST

START_TEST(changes_are_held_up_only_where_witnesses_are_required_and_late)
{
    struct anchor_rule rule = {
        .witnesses = &list, .quorum = 1, .max_age_s = 60, .mode = WITNESS_REQUIRED};
    const struct anchor behind = {.size = 5, .head = 8, .oldest_us = 1000000000};
    const struct anchor whole = {.size = 8, .head = 8};
    ck_assert(!anchor_holds_up(&rule, &behind, 1060000000));
    ck_assert(anchor_holds_up(&rule, &behind, 1060000001));
    ck_assert(!anchor_holds_up(&rule, &whole, INT64_MAX));
    rule.mode = WITNESS_ADVISORY;
    ck_assert(!anchor_holds_up(&rule, &behind, INT64_MAX));
}
END_TEST

START_TEST(an_event_that_could_not_be_looked_at_holds_changes_up_alike)
{
    struct anchor_rule rule = {
        .witnesses = &list, .quorum = 1, .max_age_s = 60, .mode = WITNESS_REQUIRED};
    const struct anchor blind = {.size = 8, .head = 8, .unseen_us = 1000000000};
    ck_assert(!anchor_holds_up(&rule, &blind, 1060000000));
    ck_assert(anchor_holds_up(&rule, &blind, 1060000001));
    ck_assert_int_eq(read_by(1).unseen_us, 0);
    rule.mode = WITNESS_ADVISORY;
    ck_assert(!anchor_holds_up(&rule, &blind, INT64_MAX));
}
END_TEST

TEST_MAIN_AROUND("anchor", up, down, a_quorum_has_what_enough_of_them_have,
                 without_cosignatures_nothing_is_anchored,
                 a_line_that_does_not_hold_counts_for_nothing,
                 changes_are_held_up_only_where_witnesses_are_required_and_late,
                 an_event_that_could_not_be_looked_at_holds_changes_up_alike)
