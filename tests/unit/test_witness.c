/* The witness: what it cosigns, what it refuses and in which words, and what it remembers. */
#include "witness/witness.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/disk.h"
#include "common/sys/json_write.h"
#include "common/sys/log_key.h"
#include "tests/unit/test.h"

#define ORIGIN "closegate/book_1"
#define LEAVES 300

static char folder[32];
static struct arena *arena;
static struct note_signer signer, next, stranger;
static struct witness_settings settings;
static struct witness *w;
static struct merkle_hash leaves[LEAVES];
static struct buf body;
static struct witness_answer a;

static int64_t clock_us(void)
{
    return INT64_C(1772528400000000);
}

/* ---- a log of so many leaves ---- */

static struct err node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out)
{
    if (level == 0) {
        *out = leaves[index];
        return OK;
    }
    struct merkle_hash left, right;
    TRY(node(arg, level - 1, 2 * index, &left));
    TRY(node(arg, level - 1, 2 * index + 1, &right));
    merkle_node(&left, &right, out);
    return OK;
}

static void signer_new(struct note_signer *s, const char *name)
{
    uint8_t public_key[ED25519_KEY_LEN];
    ck_ok(ed25519_new(&s->secret));
    ed25519_public(s->secret, public_key);
    ck_ok(note_key_make(name, NOTE_ED25519, public_key, &s->key));
}

static const char *checkpoint_by(const struct note_signer *by, const char *origin, uint64_t size)
{
    struct buf text, note;
    struct checkpoint c = {.origin = str_of(origin), .size = size};
    buf_init(&text, 4096);
    buf_init(&note, 8192);
    ck_ok(merkle_root(size, node, NULL, &c.root));
    checkpoint_print(&c, &text);
    ck_ok(note_sign(buf_str(&text), by, &note));
    const char *copy = arena_dup(arena, note.at, note.len);
    buf_fini(&text);
    buf_fini(&note);
    return copy;
}

/* The status of bringing this checkpoint with the right proof from `old`. */
static int bring_note(uint64_t old, uint64_t size, const char *note)
{
    struct witness_ask ask = {.old = old, .checkpoint = str_of(note)};
    if (old <= size)
        ck_ok(merkle_consistency(old, size, node, NULL, &ask.proof));
    buf_clear(&body);
    witness_ask_print(&ask, &body);
    witness_add_checkpoint(w, buf_str(&body), &a);
    return a.status;
}

static int bring(uint64_t old, uint64_t size)
{
    return bring_note(old, size, checkpoint_by(&signer, ORIGIN, size));
}

static int bring_text(const char *text)
{
    witness_add_checkpoint(w, str_of(text), &a);
    return a.status;
}

/* ---- around ---- */

static void witness_up(void)
{
    ck_ok(witness_open(arena, &settings, clock_us, &w));
}

static void restart(void)
{
    witness_free(w);
    w = NULL;
    witness_up();
}

static void leaves_make(uint8_t salt)
{
    for (size_t i = 0; i < LEAVES; i++) {
        uint8_t data[3] = {(uint8_t)i, (uint8_t)(i >> 8), i < 20 ? 0 : salt};
        merkle_leaf(data, sizeof data, &leaves[i]);
    }
}

static void up(void)
{
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    memcpy(folder, "/tmp/test_witness_XXXXXX", 25);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    arena = arena_new((size_t)64 << 20);
    ck_ok(ed25519_new(&key));
    ck_ok(ed25519_save(key, arena_fmt(arena, "%s/witness.key", folder)));
    signer_new(&signer, ORIGIN);
    signer_new(&next, ORIGIN);
    signer_new(&stranger, "closegate/book_2");
    leaves_make(0);
    settings = (struct witness_settings){
        .name = "witness.example/w1", .data_dir = folder, .log_keys = &signer.key, .log_keys_n = 1};
    buf_init(&body, 1 << 20);
    witness_answer_init(&a);
    witness_up();
}

static void down(void)
{
    DIR *all = opendir(folder);
    witness_free(w);
    w = NULL;
    for (struct dirent *one = readdir(all); one != NULL; one = readdir(all))
        (void)unlink(arena_fmt(arena, "%s/%s", folder, one->d_name));
    (void)closedir(all);
    (void)rmdir(folder);
    ed25519_free(signer.secret);
    ed25519_free(next.secret);
    ed25519_free(stranger.secret);
    buf_fini(&body);
    witness_answer_fini(&a);
    arena_free(arena);
}

/* ---- */

START_TEST(what_goes_on_is_cosigned_with_the_time)
{
    struct note note;
    int64_t cosigned_s = 0;
    const char *text = checkpoint_by(&signer, ORIGIN, 7);
    ck_assert_int_eq(bring_note(0, 7, text), 200);
    const char *whole = arena_fmt(arena, "%s%s", text, buf_text(&a.body));
    ck_ok(note_parse(str_of(whole), &note));
    ck_assert(note_signed(&note, witness_key(w), &cosigned_s));
    ck_assert_int_eq(cosigned_s, clock_us() / 1000000);
    witness_checkpoint(w, NULL, &a);
    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(buf_text(&a.body), whole);
}
END_TEST

START_TEST(every_growth_is_cosigned_when_the_proof_shows_it)
{
    static const uint64_t sizes[] = {1, 2, 3, 7, 8, 64, 65, 255, 256, 257, 300};
    uint64_t old = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ck_assert_int_eq(bring(old, sizes[i]), 200);
        ck_assert_int_eq(bring(sizes[i], sizes[i]), 200);
        old = sizes[i];
    }
}
END_TEST

START_TEST(an_unknown_log_is_404_and_comes_before_its_signature)
{
    ck_assert_int_eq(bring_note(0, 7, checkpoint_by(&stranger, "closegate/book_2", 7)), 404);
}
END_TEST

START_TEST(a_checkpoint_that_no_known_key_signed_is_403)
{
    char *text = arena_strdup(arena, checkpoint_by(&signer, ORIGIN, 7));
    ck_assert_int_eq(bring_note(0, 7, checkpoint_by(&next, ORIGIN, 7)), 403);
    *strstr(text, "\n7\n") = '\n';
    text[strlen(ORIGIN) + 1] = '8';
    ck_assert_int_eq(bring_note(0, 7, text), 403);
    witness_checkpoint(w, NULL, &a);
    ck_assert_int_eq(a.status, 404);
}
END_TEST

START_TEST(an_old_size_beyond_the_checkpoint_is_400)
{
    ck_assert_int_eq(bring(0, 7), 200);
    ck_assert_int_eq(bring(7, 5), 400);
}
END_TEST

START_TEST(another_old_size_is_409_and_told_the_right_one)
{
    ck_assert_int_eq(bring(0, 7), 200);
    for (uint64_t old = 0; old < 7; old++) {
        ck_assert_int_eq(bring(old, 9), 409);
        ck_assert_str_eq(a.type, "text/x.tlog.size");
        ck_assert_str_eq(buf_text(&a.body), "7\n");
    }
    ck_assert_int_eq(bring(8, 9), 409);
    ck_assert_int_eq(bring(7, 9), 200);
}
END_TEST

START_TEST(a_proof_that_does_not_hold_is_422)
{
    struct witness_ask ask = {.old = 7};
    ck_assert_int_eq(bring(0, 7), 200);
    ask.checkpoint = str_of(checkpoint_by(&signer, ORIGIN, 12));
    ck_ok(merkle_consistency(7, 12, node, NULL, &ask.proof));
    for (size_t i = 0; i <= ask.proof.n; i++) {
        struct witness_ask wrong = ask;
        if (i < ask.proof.n)
            wrong.proof.at[i].at[5] ^= 1;
        else
            wrong.proof.n--;
        buf_clear(&body);
        witness_ask_print(&wrong, &body);
        ck_assert_int_eq(bring_text(buf_text(&body)), 422);
    }
    ck_assert_int_eq(bring(7, 12), 200);
}
END_TEST

START_TEST(the_proof_from_nothing_is_empty)
{
    struct witness_ask ask = {.old = 0, .proof = {.n = 1}};
    ask.checkpoint = str_of(checkpoint_by(&signer, ORIGIN, 12));
    witness_ask_print(&ask, &body);
    ck_assert_int_eq(bring_text(buf_text(&body)), 422);
}
END_TEST

/* Two signed trees of one size: the log lies, and the second one is kept to show it. */
START_TEST(another_tree_of_the_same_size_is_409_and_kept_as_evidence)
{
    char hex[SHA256_HEX_SIZE];
    struct str kept;
    ck_assert_int_eq(bring(0, 30), 200);
    leaves_make(1);
    const char *other = checkpoint_by(&signer, ORIGIN, 30);
    ck_assert_int_eq(bring_note(30, 30, other), 409);
    ck_assert_str_eq(buf_text(&a.body), "30\n");
    sha256_hex(ORIGIN, strlen(ORIGIN), hex);
    ck_ok(disk_read(arena, arena_fmt(arena, "%s/%s.log.fork", folder, hex), 1 << 16, &kept));
    ck_assert_str_eq(kept.at, other);
}
END_TEST

START_TEST(a_fork_behind_the_last_one_is_422)
{
    ck_assert_int_eq(bring(0, 30), 200);
    leaves_make(1);
    ck_assert_int_eq(bring(30, 50), 422);
    leaves_make(0);
    ck_assert_int_eq(bring(30, 50), 200);
}
END_TEST

START_TEST(what_is_no_request_is_400_with_its_line)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"", "line 1"},
        {"old\n\n", "line 1"},
        {"old 07\n\n", "line 1"},
        {"old -1\n\n", "line 1"},
        {"old  7\n\n", "line 1"},
        {"new 7\n\n", "line 1"},
        {"old 7\nnothing\n\n", "line 2"},
        {"old 7\nAAAA\n\n", "line 2"},
        {"old 7\n", "the proof"},
        {"old 7\n\n", ""},
        {"old 7\n\nclosegate/book_1\n7\n", ""},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_int_eq(bring_text(wrong[i].text), 400);
        ck_assert_msg(strstr(buf_text(&a.body), wrong[i].says) != NULL, "%s: %s", wrong[i].text,
                      buf_text(&a.body));
    }
}
END_TEST

START_TEST(a_request_has_at_most_63_proof_lines)
{
    struct witness_ask read;
    for (size_t n = 63; n <= 64; n++) {
        buf_clear(&body);
        buf_puts(&body, "old 1\n");
        for (size_t i = 0; i < n; i++)
            buf_puts(&body, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
        buf_puts(&body, "\nnote");
        if (n == 63)
            ck_ok(witness_ask_read(buf_str(&body), &read));
        else
            ck_err(witness_ask_read(buf_str(&body), &read), ERR_INPUT);
    }
}
END_TEST

static void path_is(unsigned level, uint64_t n, size_t width, const char *want)
{
    buf_clear(&body);
    tile_path_print(level, n, width, &body);
    ck_assert_str_eq(buf_text(&body), want);
}

START_TEST(a_tile_is_where_tlog_tiles_puts_it)
{
    path_is(0, 0, 256, "/tile/0/000");
    path_is(3, 67, 256, "/tile/3/067");
    path_is(0, 1000, 256, "/tile/0/x001/000");
    path_is(0, 1234067, 256, "/tile/0/x001/x234/067");
    path_is(1, 999, 255, "/tile/1/999.p/255");
    path_is(0, UINT64_MAX, 1, "/tile/0/x018/x446/x744/x073/x709/x551/615.p/1");
}
END_TEST

/* ---- memory ---- */

START_TEST(what_was_cosigned_outlives_the_process)
{
    ck_assert_int_eq(bring(0, 7), 200);
    restart();
    ck_assert_int_eq(bring(0, 9), 409);
    ck_assert_str_eq(buf_text(&a.body), "7\n");
    ck_assert_int_eq(bring(7, 9), 200);
}
END_TEST

static const char *memory_path(void)
{
    char hex[SHA256_HEX_SIZE];
    sha256_hex(ORIGIN, strlen(ORIGIN), hex);
    return arena_fmt(arena, "%s/%s.log", folder, hex);
}

START_TEST(a_memory_that_cannot_be_believed_keeps_it_from_starting)
{
    struct witness *again = NULL;
    struct str kept;
    ck_assert_int_eq(bring(0, 7), 200);
    ck_ok(disk_read(arena, memory_path(), 1 << 16, &kept));
    witness_free(w);
    w = NULL;
    char *text = arena_dup(arena, kept.at, kept.len);
    memcpy(strstr(text, "\\n7\\n"), "\\n6\\n", 5);
    const char *const wrong[] = {"", "{}", text};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_ok(disk_write_over(memory_path(), wrong[i], strlen(wrong[i]), 0600));
        ck_err(witness_open(arena, &settings, clock_us, &again), ERR_STORE);
    }
    ck_ok(disk_write_over(memory_path(), kept.at, kept.len, 0600));
    witness_up();
    ck_assert_int_eq(bring(7, 9), 200);
}
END_TEST

START_TEST(what_cannot_be_kept_is_not_cosigned)
{
    ck_assert_int_eq(bring(0, 7), 200);
    ck_assert_int_eq(rename(memory_path(), arena_fmt(arena, "%s/aside", folder)), 0);
    ck_assert_int_eq(mkdir(memory_path(), 0700), 0); /* in the way of the file */
    ck_assert_int_eq(bring(7, 9), 503);
    ck_assert_ptr_null(strstr(buf_text(&a.body), "witness.example"));
    ck_assert_int_eq(rmdir(memory_path()), 0);
    ck_assert_int_eq(bring(7, 9), 200);
}
END_TEST

START_TEST(one_process_is_the_witness)
{
    struct witness *again = NULL;
    ck_err(witness_open(arena, &settings, clock_us, &again), ERR_CONFLICT);
}
END_TEST

/* ---- keys ---- */

static const char *statement(uint64_t from, const struct note_signer *old,
                             const struct note_signer *now)
{
    struct buf note;
    buf_init(&note, 8192);
    ck_ok(log_key_sign(from, old, now, &note));
    const char *copy = arena_dup(arena, note.at, note.len);
    buf_fini(&note);
    return copy;
}

static int add_keys(const char *one, const char *two)
{
    const char *const both[] = {one, two};
    struct jw file;
    struct str text;
    jw_init(&file, 1 << 20);
    jw_tree(&file, NULL, log_key_chain_print(arena, both, two == NULL ? 1 : 2));
    ck_ok(jw_done(&file, &text));
    witness_add_keys(w, text, &a);
    jw_fini(&file);
    return a.status;
}

static int add_key(const char *text)
{
    return add_keys(text, NULL);
}

START_TEST(the_next_key_is_believed_by_the_old_ones_word)
{
    ck_assert_int_eq(bring(0, 7), 200);
    ck_assert_int_eq(bring_note(7, 9, checkpoint_by(&next, ORIGIN, 9)), 403);
    const char *first = statement(2, NULL, &signer);
    ck_assert_int_eq(add_keys(first, statement(9, &signer, &next)), 200);
    ck_assert_int_eq(bring(7, 9), 403); /* the old key has ended there */
    ck_assert_int_eq(bring_note(7, 9, checkpoint_by(&next, ORIGIN, 9)), 200);
    restart();
    ck_assert_int_eq(bring_note(9, 11, checkpoint_by(&next, ORIGIN, 11)), 200);
    ck_assert_int_eq(bring(11, 12), 403);
}
END_TEST

START_TEST(a_key_by_nobodys_word_is_refused)
{
    ck_assert_int_eq(add_key(statement(9, &next, &signer)), 403);
    ck_assert_int_eq(add_key(statement(9, NULL, &next)), 403);
    ck_assert_int_eq(add_key(statement(9, NULL, &stranger)), 404);
    ck_assert_int_eq(add_key("nothing\n"), 400);
    ck_assert_int_eq(bring_note(0, 9, checkpoint_by(&next, ORIGIN, 9)), 403);
}
END_TEST

START_TEST(a_statement_cannot_reach_behind_what_was_cosigned)
{
    ck_assert_int_eq(bring(0, 30), 200);
    ck_assert_int_eq(add_key(statement(20, &signer, &next)), 409);
    ck_assert_int_eq(bring(30, 31), 200);
    const char *good = statement(40, &signer, &next);
    ck_assert_int_eq(add_key(good), 200);
    ck_assert_int_eq(add_key(good), 200);
    struct note_signer thief;
    signer_new(&thief, ORIGIN); /* who has the ended key, but came too late */
    ck_assert_int_eq(add_key(statement(41, &signer, &thief)), 403);
    ed25519_free(thief.secret);
}
END_TEST

/* The same by what it says: its two signatures change places. */
START_TEST(a_statement_is_kept_once_however_it_is_written)
{
    const char *one = statement(9, &signer, &next);
    const char *lines = strstr(one, "\n\n") + 2, *last = strchr(lines, '\n') + 1;
    struct str kept, again;
    buf_put(&body, one, (size_t)(lines - one));
    buf_puts(&body, last);
    buf_put(&body, lines, (size_t)(last - lines));
    const char *other = arena_strdup(arena, buf_text(&body));
    ck_assert_str_ne(one, other);
    ck_assert_int_eq(add_key(one), 200);
    ck_ok(disk_read(arena, memory_path(), 1 << 16, &kept));
    ck_assert_int_eq(add_key(other), 200);
    ck_assert_int_eq(add_keys(other, one), 200);
    ck_ok(disk_read(arena, memory_path(), 1 << 16, &again));
    ck_assert(str_eq(kept, again));
    restart();
    ck_assert_int_eq(add_key(other), 200);
    ck_assert_int_eq(bring_note(0, 9, checkpoint_by(&next, ORIGIN, 9)), 200);
}
END_TEST

START_TEST(several_keys_of_one_log_may_be_given)
{
    struct note_key both[2] = {signer.key, next.key};
    settings.log_keys = both;
    settings.log_keys_n = 2;
    restart();
    ck_assert_uint_eq(witness_logs(w), 1);
    ck_assert_int_eq(bring(0, 7), 200);
    ck_assert_int_eq(bring_note(7, 9, checkpoint_by(&next, ORIGIN, 9)), 200);
}
END_TEST

/* Whoever runs it takes the old key out of the settings one day. */
START_TEST(the_new_key_alone_is_enough_once_it_is_given)
{
    struct note_signer third;
    ck_assert_int_eq(bring(0, 7), 200);
    ck_assert_int_eq(add_key(statement(9, &signer, &next)), 200);
    settings.log_keys = &next.key;
    restart();
    ck_assert_int_eq(bring(7, 8), 403);
    ck_assert_int_eq(bring_note(7, 9, checkpoint_by(&next, ORIGIN, 9)), 200);
    signer_new(&third, ORIGIN);
    ck_assert_int_eq(add_key(statement(11, &next, &third)), 200);
    ck_assert_int_eq(bring_note(9, 11, checkpoint_by(&third, ORIGIN, 11)), 200);
    ed25519_free(third.secret);
}
END_TEST

TEST_MAIN_AROUND("witness", up, down, what_goes_on_is_cosigned_with_the_time,
                 every_growth_is_cosigned_when_the_proof_shows_it,
                 an_unknown_log_is_404_and_comes_before_its_signature,
                 a_checkpoint_that_no_known_key_signed_is_403,
                 an_old_size_beyond_the_checkpoint_is_400,
                 another_old_size_is_409_and_told_the_right_one, a_proof_that_does_not_hold_is_422,
                 the_proof_from_nothing_is_empty,
                 another_tree_of_the_same_size_is_409_and_kept_as_evidence,
                 a_fork_behind_the_last_one_is_422, what_is_no_request_is_400_with_its_line,
                 a_request_has_at_most_63_proof_lines, a_tile_is_where_tlog_tiles_puts_it,
                 what_was_cosigned_outlives_the_process,
                 a_memory_that_cannot_be_believed_keeps_it_from_starting,
                 what_cannot_be_kept_is_not_cosigned, one_process_is_the_witness,
                 the_next_key_is_believed_by_the_old_ones_word, a_key_by_nobodys_word_is_refused,
                 a_statement_cannot_reach_behind_what_was_cosigned,
                 a_statement_is_kept_once_however_it_is_written,
                 several_keys_of_one_log_may_be_given, the_new_key_alone_is_enough_once_it_is_given)
