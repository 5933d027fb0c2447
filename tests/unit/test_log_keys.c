/* The log's keys: what the book says of them, the files that follow it, and a rotation cut off at
 * every step. */
#include "engine/store/log_keys.h"

#include <sys/stat.h>

#include "common/base/buf.h"
#include "engine/store/tree.h"
#include "tests/unit/raw_book.h"

static struct book b;
static struct log_keys *keys;

static const char *at(const char *name)
{
    return arena_fmt(b.arena, "%s/%s", b.folder, name);
}

static bool is_file(const char *name)
{
    struct stat st;
    return lstat(at(name), &st) == 0;
}

/* A process that ends and one that begins. */
static void restart(void)
{
    store_close(b.store);
    log_keys_free(keys);
    keys = NULL;
    ck_ok(store_open(b.path, STORE_WRITER, b.arena, &b.store));
    ck_ok(log_keys_open(b.folder, &keys));
}

static void key_event(bool wipe_old)
{
    const struct json *detail;
    ck_ok(log_keys_rotate(keys, &b.tx, wipe_old, &detail));
    const struct event event = {.type = "KEY_ROTATED", .detail = detail};
    ck_ok(audit_append(&b.tx, &event));
}

/* All but the files. */
static void rotate(bool wipe_old)
{
    call_begin(&b);
    key_event(wipe_old);
    call_end(&b);
}

static void up(void)
{
    book_up(&b);
    ck_ok(log_keys_open(b.folder, &keys));
    ck_err(log_keys_use(keys, b.store, b.arena), ERR_MISSING);
    rotate(false);
    ck_ok(log_keys_settle(keys, b.store));
}

static void down(void)
{
    log_keys_free(keys);
    keys = NULL;
    (void)unlink(at("log.key"));
    (void)unlink(at("log.key.next"));
    book_down(&b);
}

static struct log_key_event *listed(size_t want)
{
    struct log_key_event *rows;
    size_t n;
    call_begin(&b);
    ck_ok(log_keys_list(&b.tx, b.arena, &rows, &n));
    call_end(&b);
    ck_assert_uint_eq(n, want);
    return rows;
}

static const char *retired(const struct note_key *key)
{
    char id[2 * NOTE_ID_LEN + 1];
    hex_print(key->id, NOTE_ID_LEN, id);
    return arena_fmt(b.arena, "log.key.%s.retired", id);
}

/* The last head is this key's. */
static void expect_signed_by(const struct note_key *key)
{
    struct tree_head head;
    struct note note;
    event_add(&b, "ENGINE_STARTED");
    call_begin(&b);
    ck_ok(head_latest(&b.tx, b.arena, &head));
    call_end(&b);
    ck_assert_uint_eq(head.size, (uint64_t)store_head(b.store)->seq);
    ck_ok(note_parse(head.note, &note));
    ck_assert(note_signed(&note, key, NULL));
}

static void expect_file_of(const char *name, const struct note_key *key)
{
    CLEANUP(ed25519_free) struct ed25519_key *secret = NULL;
    uint8_t public_key[ED25519_KEY_LEN];
    ck_ok(ed25519_load(at(name), &secret));
    ed25519_public(secret, public_key);
    ck_assert_mem_eq(public_key, key->public_key, sizeof public_key);
}

START_TEST(the_first_key_signs_from_its_own_event_on)
{
    struct log_key_event *rows = listed(1);
    ck_assert_int_eq(rows[0].seq, 2);
    ck_assert(!rows[0].statement.has_old);
    ck_assert_str_eq(rows[0].statement.new_key.name,
                     arena_fmt(b.arena, "closegate/%s", store_book_id(b.store)));
    expect_signed_by(&rows[0].statement.new_key);
    struct stat st;
    ck_assert_int_eq(stat(at("log.key"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert(!is_file("log.key.next"));
}
END_TEST

START_TEST(a_rotation_changes_the_signer_with_its_own_head)
{
    struct tree_head head;
    struct note note;
    rotate(false);
    struct log_key_event *rows = listed(2);
    call_begin(&b);
    ck_ok(head_covering(&b.tx, b.arena, (uint64_t)rows[1].seq, &head));
    ck_ok(note_parse(head.note, &note));
    ck_assert(note_signed(&note, &rows[1].statement.new_key, NULL));
    ck_ok(head_covering(&b.tx, b.arena, (uint64_t)rows[1].seq - 1, &head));
    ck_assert_uint_lt(head.size, (uint64_t)rows[1].seq);
    ck_ok(note_parse(head.note, &note));
    ck_assert(note_signed(&note, &rows[0].statement.new_key, NULL));
    call_end(&b);
    ck_ok(log_keys_settle(keys, b.store));
    expect_file_of("log.key", &rows[1].statement.new_key);
    expect_file_of(retired(&rows[0].statement.new_key), &rows[0].statement.new_key);
    ck_assert(!is_file("log.key.next"));
    (void)unlink(at(retired(&rows[0].statement.new_key)));
}
END_TEST

START_TEST(keys_go_on_and_on)
{
    for (int i = 0; i < 3; i++) {
        rotate(true);
        ck_ok(log_keys_settle(keys, b.store));
    }
    struct log_key_event *rows = listed(4);
    expect_signed_by(&rows[3].statement.new_key);
    restart();
    ck_ok(log_keys_use(keys, b.store, b.arena));
    expect_signed_by(&rows[3].statement.new_key);
    for (size_t i = 0; i < 3; i++)
        ck_assert(!is_file(retired(&rows[i].statement.new_key)));
}
END_TEST

/* Died before the call was committed: the next key is there and signs nothing. */
START_TEST(a_rotation_that_came_to_nothing_leaves_the_old_key_in_force)
{
    call_begin(&b);
    key_event(false);
    tx_call_undo(&b.tx);
    ck_assert(store_group_abandon(b.store));
    ck_assert(is_file("log.key.next"));
    struct log_key_event *rows = listed(1);
    expect_signed_by(&rows[0].statement.new_key);
    ck_ok(log_keys_settle(keys, b.store));
    ck_assert(is_file("log.key.next"));
    expect_file_of("log.key", &rows[0].statement.new_key);
    restart();
    ck_ok(log_keys_use(keys, b.store, b.arena));
    expect_signed_by(&rows[0].statement.new_key);
    rotate(true); /* takes up the key that is there */
    ck_ok(log_keys_settle(keys, b.store));
    rows = listed(2);
    expect_signed_by(&rows[1].statement.new_key);
    ck_assert(!is_file("log.key.next"));
}
END_TEST

/* Died behind the commit, before any file was moved. */
START_TEST(the_next_start_finishes_a_rotation_that_was_committed)
{
    rotate(false);
    restart();
    struct log_key_event *rows = listed(2);
    ck_ok(log_keys_use(keys, b.store, b.arena));
    expect_signed_by(&rows[1].statement.new_key);
    expect_file_of("log.key", &rows[1].statement.new_key);
    ck_assert(is_file(retired(&rows[0].statement.new_key)));
    (void)unlink(at(retired(&rows[0].statement.new_key)));
}
END_TEST

/* Died between the two renames: log.key is gone. */
START_TEST(the_next_start_finishes_a_rotation_between_two_files)
{
    for (int wipe = 0; wipe < 2; wipe++) {
        rotate(wipe != 0);
        struct log_key_event *rows = listed(2 + (size_t)wipe);
        const struct note_key *old = &rows[wipe].statement.new_key;
        ck_assert_int_eq(rename(at("log.key"), at(retired(old))), 0);
        restart();
        ck_ok(log_keys_use(keys, b.store, b.arena));
        expect_signed_by(&rows[wipe + 1].statement.new_key);
        expect_file_of("log.key", &rows[wipe + 1].statement.new_key);
        ck_assert(!is_file("log.key.next"));
        ck_assert(is_file(retired(old)) == (wipe == 0));
        (void)unlink(at(retired(old)));
    }
}
END_TEST

/* Died while wiping, with all or some of the bytes overwritten, and behind it. */
START_TEST(the_next_start_finishes_a_wipe)
{
    static const char zeros[4096];
    static const size_t written[] = {sizeof zeros, 20, 0};
    for (size_t i = 0; i < 3; i++) {
        rotate(true);
        struct log_key_event *rows = listed(2 + i);
        const char *aside = at(retired(&rows[i].statement.new_key));
        ck_assert_int_eq(rename(at("log.key"), aside), 0);
        FILE *f = fopen(aside, "r+b");
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(fwrite(zeros, 1, written[i], f), written[i]);
        ck_assert_int_eq(fclose(f), 0);
        if (written[i] == 0)
            ck_assert_int_eq(unlink(aside), 0);
        restart();
        ck_ok(log_keys_use(keys, b.store, b.arena));
        ck_assert(!is_file(retired(&rows[i].statement.new_key)));
        expect_file_of("log.key", &rows[i + 1].statement.new_key);
        expect_signed_by(&rows[i + 1].statement.new_key);
    }
}
END_TEST

/* A name more of the same bytes: they are gone, not only the name of them. */
START_TEST(a_wiped_key_is_overwritten)
{
    char bytes[4096];
    ck_assert_int_eq(link(at("log.key"), at("copy")), 0);
    rotate(true);
    ck_ok(log_keys_settle(keys, b.store));
    FILE *f = fopen(at("copy"), "rb");
    ck_assert_ptr_nonnull(f);
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_uint_gt(n, 0);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(bytes[i], 0);
    (void)unlink(at("copy"));
}
END_TEST

START_TEST(the_wish_to_wipe_outlives_the_process)
{
    rotate(true);
    restart();
    struct log_key_event *rows = listed(2);
    ck_assert(rows[1].wiped);
    ck_ok(log_keys_use(keys, b.store, b.arena));
    ck_assert(!is_file(retired(&rows[0].statement.new_key)));
    expect_file_of("log.key", &rows[1].statement.new_key);
}
END_TEST

START_TEST(one_group_holds_one_rotation)
{
    const struct json *detail;
    call_begin(&b);
    key_event(true);
    ck_err(log_keys_rotate(keys, &b.tx, true, &detail), ERR_CONFLICT);
    call_end(&b);
    ck_ok(log_keys_settle(keys, b.store));
}
END_TEST

START_TEST(a_book_without_its_key_is_not_written)
{
    ck_assert_int_eq(rename(at("log.key"), at("elsewhere")), 0);
    restart();
    struct err e = log_keys_use(keys, b.store, b.arena);
    ck_assert_int_eq(e.kind, ERR_AUTH);
    ck_assert_ptr_nonnull(strstr(e.msg, "not in the data folder"));
    ck_assert_int_eq(rename(at("elsewhere"), at("log.key")), 0);
}
END_TEST

/* Another book's key, or this one's of another time, is not taken for the right one. */
START_TEST(another_key_in_the_folder_is_not_the_books)
{
    CLEANUP(ed25519_free) struct ed25519_key *other = NULL;
    ck_ok(ed25519_new(&other));
    ck_assert_int_eq(rename(at("log.key"), at("elsewhere")), 0);
    ck_ok(ed25519_save(other, at("log.key")));
    restart();
    ck_err(log_keys_use(keys, b.store, b.arena), ERR_AUTH);
    ck_assert_int_eq(rename(at("elsewhere"), at("log.key")), 0);
}
END_TEST

/* A rotation is not finished over a key that we do not know: it may be somebody's only copy. */
START_TEST(a_strange_key_in_the_way_of_the_next_one_is_not_lost)
{
    CLEANUP(ed25519_free) struct ed25519_key *other = NULL;
    uint8_t public_key[ED25519_KEY_LEN];
    struct note_key strange;
    rotate(true);
    ck_ok(ed25519_new(&other));
    ck_assert_int_eq(unlink(at("log.key")), 0);
    ck_ok(ed25519_save(other, at("log.key")));
    restart();
    ck_err(log_keys_use(keys, b.store, b.arena), ERR_CONFLICT);
    ed25519_public(other, public_key);
    ck_ok(note_key_make("closegate/x", NOTE_ED25519, public_key, &strange));
    expect_file_of("log.key", &strange);
    ck_assert(is_file("log.key.next"));
}
END_TEST

START_TEST(a_key_that_others_may_read_is_refused)
{
    struct log_keys *again = NULL;
    ck_assert_int_eq(chmod(at("log.key"), 0640), 0);
    struct err e = log_keys_open(b.folder, &again);
    ck_assert_int_eq(e.kind, ERR_AUTH);
    ck_assert_str_eq(e.where, "log.key");
    ck_assert_ptr_nonnull(strstr(e.msg, "chmod 600"));
}
END_TEST

static void forged(const char *statement)
{
    struct log_key_event *rows;
    size_t n;
    struct json *detail = json_object_new(b.arena);
    json_put_text(b.arena, detail, "statement", statement);
    const struct event event = {.type = "KEY_ROTATED", .detail = detail};
    call_begin(&b);
    ck_ok(audit_append(&b.tx, &event));
    ck_err(log_keys_list(&b.tx, b.arena, &rows, &n), ERR_STORE);
    tx_call_undo(&b.tx);
    ck_assert(store_group_abandon(b.store));
}

START_TEST(an_event_that_does_not_follow_is_told_and_not_believed)
{
    struct log_key_event *rows = listed(1);
    forged(rows[0].note); /* begins at event 2 */
    forged("nothing");
    forged(NULL);
    struct note_signer mine = {.secret = NULL};
    uint8_t public_key[ED25519_KEY_LEN];
    struct buf note;
    ck_ok(ed25519_new(&mine.secret));
    ed25519_public(mine.secret, public_key);
    ck_ok(note_key_make(rows[0].statement.new_key.name, NOTE_ED25519, public_key, &mine.key));
    buf_init(&note, 8192);
    ck_ok(log_key_sign((uint64_t)store_head(b.store)->seq + 1, NULL, &mine, &note));
    forged(buf_text(&note)); /* a first key where there is one */
    buf_fini(&note);
    ed25519_free(mine.secret);
}
END_TEST

static struct err text_take(void *arg, const struct audit_row *row)
{
    (void)snprintf(arg, 256, "%s", row->event);
    return OK;
}

START_TEST(a_key_event_that_is_not_json_is_named)
{
    struct audit_report r;
    const struct audit_filter filter = {.event_type = "KEY_ROTATED", .limit = 1};
    int64_t last;
    bool more;
    char text[256] = "";
    call_begin(&b);
    ck_ok(audit_query(&b.tx, &filter, text_take, text, &last, &more));
    call_end(&b);
    attack_file(&b, text, false, "x", 1);
    ck_ok(audit_verify_file(b.path, false, b.arena, &r));
    ck_assert_int_eq(r.kind, AUDIT_BROKEN);
    ck_assert_int_eq(r.told[AUDIT_ROWS].bad_seq, 2);
    ck_assert_int_eq(r.told[AUDIT_TREE].bad_seq, 2);
}
END_TEST

TEST_MAIN_AROUND("log_keys", up, down, the_first_key_signs_from_its_own_event_on,
                 a_rotation_changes_the_signer_with_its_own_head, keys_go_on_and_on,
                 a_rotation_that_came_to_nothing_leaves_the_old_key_in_force,
                 the_next_start_finishes_a_rotation_that_was_committed,
                 the_next_start_finishes_a_rotation_between_two_files,
                 the_next_start_finishes_a_wipe, a_wiped_key_is_overwritten,
                 the_wish_to_wipe_outlives_the_process, one_group_holds_one_rotation,
                 a_book_without_its_key_is_not_written, another_key_in_the_folder_is_not_the_books,
                 a_strange_key_in_the_way_of_the_next_one_is_not_lost,
                 a_key_that_others_may_read_is_refused,
                 an_event_that_does_not_follow_is_told_and_not_believed,
                 a_key_event_that_is_not_json_is_named)
