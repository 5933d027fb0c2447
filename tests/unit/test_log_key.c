/* Statements about a log's keys, and whom they make trusted. */
#include "common/sys/log_key.h"

#include <string.h>

#include "common/sys/json_write.h"
#include "tests/unit/test.h"

#define ORIGIN "closegate/book_1"

static struct note_signer first, second, third, other;
static struct arena *arena;
static struct buf out;

static void signer_new(struct note_signer *s, const char *name)
{
    uint8_t public_key[ED25519_KEY_LEN];
    ck_ok(ed25519_new(&s->secret));
    ed25519_public(s->secret, public_key);
    ck_ok(note_key_make(name, NOTE_ED25519, public_key, &s->key));
}

static void up(void)
{
    signer_new(&first, ORIGIN);
    signer_new(&second, ORIGIN);
    signer_new(&third, ORIGIN);
    signer_new(&other, "closegate/book_2");
    arena = arena_new(1 << 22);
    buf_init(&out, 1 << 20);
}

static void down(void)
{
    ed25519_free(first.secret);
    ed25519_free(second.secret);
    ed25519_free(third.secret);
    ed25519_free(other.secret);
    arena_free(arena);
    buf_fini(&out);
}

/* The statement, signed and read back. */
static struct log_key_statement statement(uint64_t from, const struct note_signer *old,
                                          const struct note_signer *now)
{
    struct log_key_statement s;
    buf_clear(&out);
    ck_ok(log_key_sign(from, old, now, &out));
    ck_ok(log_key_read(buf_str(&out), &s));
    return s;
}

static void checkpoint_of(uint64_t size, const struct note_signer *signer, struct note *note)
{
    CLEANUP(buf_fini) struct buf text;
    struct checkpoint c = {.origin = STR(ORIGIN), .size = size};
    memset(c.root.at, 7, sizeof c.root.at);
    buf_init(&text, 4096);
    checkpoint_print(&c, &text);
    buf_clear(&out);
    ck_ok(note_sign(buf_str(&text), signer, &out));
    ck_ok(note_parse(buf_str(&out), note));
}

START_TEST(a_statement_is_read_as_it_was_signed)
{
    struct log_key_statement s = statement(2, NULL, &first);
    ck_assert_uint_eq(s.from, 2);
    ck_assert(!s.has_old);
    ck_assert(note_key_eq(&s.new_key, &first.key));
    s = statement(41, &first, &second);
    ck_assert(s.has_old);
    ck_assert(note_key_eq(&s.old_key, &first.key));
    ck_assert(note_key_eq(&s.new_key, &second.key));
    ck_assert_str_eq(s.new_key.name, ORIGIN);
}
END_TEST

START_TEST(two_keys_of_one_log_are_named_in_a_statement_and_not_one_twice)
{
    ck_err(log_key_sign(5, &other, &first, &out), ERR_INPUT);
    ck_err(log_key_sign(5, &first, &first, &out), ERR_INPUT);
    ck_err(log_key_sign(0, &first, &second, &out), ERR_INPUT);
}
END_TEST

/* The old key alone would let a thief of it go on; the new one alone, anybody. */
START_TEST(a_statement_wants_both_signatures)
{
    struct log_key_statement s;
    struct note note;
    (void)statement(41, &first, &second);
    char *text = arena_dup(arena, out.at, out.len);
    ck_ok(note_parse(str_of(text), &note));
    for (size_t i = 0; i < 2; i++) {
        const char *lone = arena_fmt(arena, "%.*s\n%.*s", (int)note.text.len, note.text.at,
                                     (int)note.sigs[i].line.len, note.sigs[i].line.at);
        ck_err(log_key_read(str_of(lone), &s), ERR_AUTH);
    }
}
END_TEST

START_TEST(a_statement_has_no_signature_beside_those_it_needs)
{
    struct log_key_statement s;
    struct note note;
    (void)statement(41, &first, &second);
    char *text = arena_dup(arena, out.at, out.len);
    ck_ok(note_parse(str_of(text), &note));
    note_sign_line(note.text, &third, 0, &out);
    ck_err(log_key_read(buf_str(&out), &s), ERR_AUTH);
}
END_TEST

START_TEST(a_changed_statement_is_refused)
{
    struct log_key_statement s;
    (void)statement(41, &first, &second);
    char *text = arena_dup(arena, out.at, out.len);
    char *from = strstr(text, "from 41");
    from[6] = '2';
    ck_err(log_key_read(str_of(text), &s), ERR_AUTH);
}
END_TEST

static void refused(const char *text, const char *where)
{
    struct log_key_statement s;
    buf_clear(&out);
    ck_ok(note_sign(str_of(text), &first, &out));
    struct err e = log_key_read(buf_str(&out), &s);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, where);
}

START_TEST(every_line_of_a_statement_is_as_it_should_be)
{
    const char *key = note_key_print(arena, &first.key);
    const char *strange = note_key_print(arena, &other.key);
#define HEAD "closegate-log-key/1\n" ORIGIN "\n"
    refused("closegate-log-key/2\n" ORIGIN "\nfrom 2\nold -\nnew x\n", "line 1");
    refused("closegate-log-key/1\n\nfrom 2\nold -\nnew x\n", "line 2");
    refused(arena_fmt(arena, HEAD "from 02\nold -\nnew %s\n", key), "line 3");
    refused(arena_fmt(arena, HEAD "since 2\nold -\nnew %s\n", key), "line 3");
    refused(arena_fmt(arena, HEAD "from 2\nold none\nnew %s\n", key), "line 4");
    refused(arena_fmt(arena, HEAD "from 2\nold %s\nnew %s\n", strange, key), "line 4");
    refused(arena_fmt(arena, HEAD "from 2\nold -\nnew %s\n", strange), "line 5");
    refused(HEAD "from 2\nold -\n", "line 5");
    refused(arena_fmt(arena, HEAD "from 2\nold -\nnew %s\nmore\n", key), "line 6");
}
END_TEST

START_TEST(a_rotation_ends_one_key_where_the_next_begins)
{
    struct log_key_ring ring = {.n = 0};
    struct note note;
    const struct note_key *by;
    ck_ok(log_key_trust(&ring, &first.key));
    struct log_key_statement s = statement(41, &first, &second);
    ck_ok(log_key_follow(&ring, &s));
    checkpoint_of(40, &first, &note);
    ck_ok(log_key_signed(&ring, &note, 40, &by));
    ck_assert(note_key_eq(by, &first.key));
    checkpoint_of(41, &second, &note);
    ck_ok(log_key_signed(&ring, &note, 41, &by));
    ck_assert(note_key_eq(by, &second.key));
    checkpoint_of(41, &first, &note);
    ck_err(log_key_signed(&ring, &note, 41, &by), ERR_AUTH);
    ck_assert_ptr_null(by);
    checkpoint_of(40, &second, &note);
    ck_err(log_key_signed(&ring, &note, 40, &by), ERR_AUTH);
}
END_TEST

START_TEST(a_statement_of_a_stranger_moves_nobody)
{
    struct log_key_ring ring = {.n = 0};
    ck_ok(log_key_trust(&ring, &first.key));
    struct log_key_statement s = statement(41, &second, &third);
    ck_err(log_key_follow(&ring, &s), ERR_AUTH);
    s = statement(2, NULL, &second);
    ck_err(log_key_follow(&ring, &s), ERR_AUTH);
    ck_assert_uint_eq(ring.n, 1);
    ck_err(log_key_trust(&ring, &other.key), ERR_INPUT);
}
END_TEST

/* Whoever has stolen a retired key may still sign with it. */
START_TEST(a_key_is_followed_by_one_key_only)
{
    struct log_key_ring ring = {.n = 0};
    ck_ok(log_key_trust(&ring, &first.key));
    struct log_key_statement s = statement(41, &first, &second);
    ck_ok(log_key_follow(&ring, &s));
    ck_ok(log_key_follow(&ring, &s));
    ck_assert_uint_eq(ring.n, 2);
    s = statement(41, &first, &third);
    ck_err(log_key_follow(&ring, &s), ERR_AUTH);
    s = statement(50, &first, &third);
    ck_err(log_key_follow(&ring, &s), ERR_AUTH);
    s = statement(41, &second, &third);
    ck_err(log_key_follow(&ring, &s), ERR_AUTH);
    s = statement(42, &second, &third);
    ck_ok(log_key_follow(&ring, &s));
    ck_assert_uint_eq(ring.n, 3);
}
END_TEST

/* Also when whoever runs it had given the second follower's key. */
START_TEST(a_key_that_was_given_does_not_follow_one_that_another_follows)
{
    struct log_key_ring ring = {.n = 0};
    ck_ok(log_key_trust(&ring, &first.key));
    ck_ok(log_key_trust(&ring, &third.key));
    struct log_key_statement s = statement(41, &first, &second);
    ck_ok(log_key_follow(&ring, &s));
    ck_ok(log_key_follow(&ring, &s));
    s = statement(41, &first, &third);
    ck_err(log_key_follow(&ring, &s), ERR_AUTH);
    ck_assert_uint_eq(ring.keys[1].from, 0);
}
END_TEST

START_TEST(a_first_key_does_not_begin_where_it_has_ended)
{
    struct log_key_ring ring = {.n = 0};
    ck_ok(log_key_trust(&ring, &first.key));
    struct log_key_statement s = statement(41, &first, &second);
    ck_ok(log_key_follow(&ring, &s));
    s = statement(41, NULL, &first);
    ck_err(log_key_follow(&ring, &s), ERR_AUTH);
    s = statement(60, NULL, &first);
    ck_err(log_key_follow(&ring, &s), ERR_AUTH);
    ck_assert_uint_eq(ring.keys[0].from, 0);
    s = statement(2, NULL, &first);
    ck_ok(log_key_follow(&ring, &s));
    ck_assert_uint_eq(ring.keys[0].from, 2);
}
END_TEST

/* A witness that lists both keys learns from the statement where one ends. */
START_TEST(a_key_that_was_given_gets_its_beginning_from_the_statement)
{
    struct log_key_ring ring = {.n = 0};
    struct note note;
    const struct note_key *by;
    ck_ok(log_key_trust(&ring, &first.key));
    ck_ok(log_key_trust(&ring, &second.key));
    checkpoint_of(10, &second, &note);
    ck_ok(log_key_signed(&ring, &note, 10, &by));
    struct log_key_statement s = statement(41, &first, &second);
    ck_ok(log_key_follow(&ring, &s));
    checkpoint_of(10, &second, &note);
    ck_err(log_key_signed(&ring, &note, 10, &by), ERR_AUTH);
}
END_TEST

static struct str printed(struct json *tree)
{
    struct jw w;
    struct str text;
    jw_init(&w, 1 << 20);
    jw_tree(&w, NULL, tree);
    ck_ok(jw_done(&w, &text));
    text = str_of(arena_dup(arena, text.at, text.len));
    jw_fini(&w);
    return text;
}

START_TEST(a_chain_is_printed_and_read_back)
{
    struct log_key_statement *read;
    size_t n;
    (void)statement(2, NULL, &first);
    const char *one = arena_dup(arena, out.at, out.len);
    (void)statement(41, &first, &second);
    const char *const both[] = {one, arena_dup(arena, out.at, out.len)};
    struct str text = printed(log_key_chain_print(arena, both, 2));
    ck_ok(log_key_chain_read(arena, text, &read, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(read[1].from, 41);
    ck_assert_str_eq(read[0].note, one);
    ck_assert_str_eq(read[1].note, both[1]);
    const char *const bad[] = {one, "closegate-log-key/1\n"};
    text = printed(log_key_chain_print(arena, bad, 2));
    struct err e = log_key_chain_read(arena, text, &read, &n);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "/statements/1");
}
END_TEST

TEST_MAIN_AROUND("log_key", up, down, a_statement_is_read_as_it_was_signed,
                 two_keys_of_one_log_are_named_in_a_statement_and_not_one_twice,
                 a_statement_wants_both_signatures,
                 a_statement_has_no_signature_beside_those_it_needs, a_changed_statement_is_refused,
                 every_line_of_a_statement_is_as_it_should_be,
                 a_rotation_ends_one_key_where_the_next_begins,
                 a_statement_of_a_stranger_moves_nobody, a_key_is_followed_by_one_key_only,
                 a_key_that_was_given_does_not_follow_one_that_another_follows,
                 a_first_key_does_not_begin_where_it_has_ended,
                 a_key_that_was_given_gets_its_beginning_from_the_statement,
                 a_chain_is_printed_and_read_back)
