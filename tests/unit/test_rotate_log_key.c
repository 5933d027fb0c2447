/* rotate_log_key: by one person in dev, by two in prod, by nobody else; and the statement names the
 * very event that carries it, also behind an approval. */
#include "engine/call/boot.h"
#include "engine/store/log_keys.h"
#include "tests/unit/admin_book.h"

static struct log_keys *keys;

static void file_drop(const char *name)
{
    (void)unlink(arena_fmt(arena, "%s/%s", book_folder, name));
}

static void up(void)
{
    admin_up();
    ck_ok(log_keys_open(book_folder, &keys));
    ck_err(log_keys_use(keys, book_writer, arena), ERR_MISSING);
    ck_ok(book_first_key(book_writer, keys, book_clock, arena));
    store_close(book_reader); /* which was opened on an empty book */
    ck_ok(store_open(book_path, STORE_READER, arena, &book_reader));
}

static void down(void)
{
    file_drop("log.key");
    file_drop("log.key.next");
    log_keys_free(keys);
    keys = NULL;
    spine_down();
}

static struct log_key_event *listed(size_t want)
{
    struct log_key_event *rows;
    struct tx tx;
    size_t n;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(log_keys_list(&tx, arena, &rows, &n));
    tx_read_end(&tx);
    ck_assert_uint_eq(n, want);
    return rows;
}

START_TEST(one_person_is_enough_in_dev)
{
    struct call *c = admin_dev("ana", "rotate_log_key", "{\"wipe_old\":true}");
    spine_is(c, CALL_OK);
    struct log_key_event *rows = listed(2);
    ck_assert_int_eq(rows[1].seq, c->seq);
    ck_assert_str_eq(json_get_text(c->result, "vkey"),
                     note_key_print(arena, &rows[1].statement.new_key));
    ck_ok(log_keys_settle(keys, book_writer));
    book_is_intact();
}
END_TEST

START_TEST(in_prod_it_waits_for_a_second_person)
{
    struct call *asked = admin_prod("ana", "rotate_log_key", "{\"wipe_old\":true}");
    spine_is(asked, CALL_PENDING);
    (void)listed(1);
    admin_denied(admin_answer("ana", asked, "confirm"), REASON_SOD_SAME_ACTOR);
    (void)listed(1);
    struct call *done = admin_answer("ben", asked, "confirm");
    spine_is(done, CALL_OK);
    struct log_key_event *rows = listed(2);
    ck_assert_int_eq(rows[1].seq, done->seq);
    ck_assert(rows[1].wiped);
    ck_ok(log_keys_settle(keys, book_writer));
    book_is_intact();
}
END_TEST

START_TEST(a_rejected_rotation_makes_no_key)
{
    struct call *asked = admin_prod("ana", "rotate_log_key", "{}");
    spine_is(asked, CALL_PENDING);
    spine_is(admin_answer("ben", asked, "reject"), CALL_OK);
    (void)listed(1);
    ck_assert_int_ne(access(arena_fmt(arena, "%s/log.key.next", book_folder), F_OK), 0);
    book_is_intact();
}
END_TEST

/* The key that ana and ben would have approved to end has ended already. */
START_TEST(an_approval_of_what_was_done_meanwhile_is_stale)
{
    struct call *asked = admin_prod("ana", "rotate_log_key", "{\"wipe_old\":true}");
    spine_is(asked, CALL_PENDING);
    spine_is(admin_dev("ben", "rotate_log_key", "{\"wipe_old\":true}"), CALL_OK);
    ck_ok(log_keys_settle(keys, book_writer));
    (void)admin_answer("ben", asked, "confirm");
    (void)listed(2);
    book_is_intact();
}
END_TEST

START_TEST(who_may_not_change_the_registry_may_not_rotate)
{
    admin_denied(admin_dev("cho", "rotate_log_key", "{}"), REASON_NOT_AUTHORISED);
    (void)listed(1);
}
END_TEST

START_TEST(an_engine_that_signs_nothing_says_so)
{
    struct call *c;
    store_close(book_writer);
    book_writer = NULL;
    ck_ok(store_open(book_path, STORE_WRITER, arena, &book_writer));
    c = admin_dev("ana", "rotate_log_key", "{}");
    spine_failed(c, ERR_CONFLICT);
}
END_TEST

/* A rotation as the book tells it, by keys that are nowhere else. */
static void rotated(struct note_signer *now)
{
    CLEANUP(buf_fini) struct buf note;
    struct note_signer next = {.secret = NULL};
    uint8_t public_key[ED25519_KEY_LEN];
    struct json *detail = json_object_new(arena);
    struct tx tx;
    ck_ok(ed25519_new(&next.secret));
    ed25519_public(next.secret, public_key);
    ck_ok(note_key_make(now->key.name, NOTE_ED25519, public_key, &next.key));
    buf_init(&note, 8192);
    ck_ok(store_group_begin(book_writer));
    ck_ok(tx_call_begin(book_writer, arena, book_clock(), &tx));
    ck_ok(log_key_sign((uint64_t)tx_seq(&tx), now, &next, &note));
    json_put(arena, detail, "statement", json_str_new(arena, buf_str(&note)));
    const struct event event = {.type = "KEY_ROTATED", .actor = &spine_engine, .detail = detail};
    ck_ok(audit_append(&tx, &event));
    ck_ok(tx_call_keep(&tx));
    ck_ok(store_group_commit(book_writer));
    ed25519_free(now->secret);
    *now = next;
}

/* One more, and no verifier and no witness would follow the log any further. */
START_TEST(the_key_that_nobody_would_follow_is_not_made)
{
    struct log_key_ring ring = {.n = 0};
    struct note_signer now = {.key = listed(1)[0].statement.new_key};
    ck_ok(ed25519_load(arena_fmt(arena, "%s/log.key", book_folder), &now.secret));
    for (int i = 1; i < LOG_KEYS_MAX - 1; i++)
        rotated(&now);
    spine_failed(admin_dev("ana", "rotate_log_key", "{}"), ERR_AUTH); /* its key is not here */
    rotated(&now);
    ed25519_free(now.secret);
    struct log_key_event *rows = listed(LOG_KEYS_MAX);
    ck_ok(log_key_trust(&ring, &rows[0].statement.new_key));
    for (size_t i = 0; i < LOG_KEYS_MAX; i++)
        ck_ok(log_key_follow(&ring, &rows[i].statement));
    spine_failed(admin_dev("ana", "rotate_log_key", "{}"), ERR_LIMIT);
    (void)listed(LOG_KEYS_MAX);
}
END_TEST

TEST_MAIN_AROUND("rotate_log_key", up, down, one_person_is_enough_in_dev,
                 in_prod_it_waits_for_a_second_person, a_rejected_rotation_makes_no_key,
                 an_approval_of_what_was_done_meanwhile_is_stale,
                 who_may_not_change_the_registry_may_not_rotate,
                 an_engine_that_signs_nothing_says_so, the_key_that_nobody_would_follow_is_not_made)
