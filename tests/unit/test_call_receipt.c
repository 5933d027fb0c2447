/* Whoever is answered gets a receipt of their event, and nobody one of an event that is not theirs
 * to read. */
#include "engine/call/receipt.h"

#include "common/sys/json_write.h"
#include "engine/store/tree.h"
#include "tests/unit/spine_book.h"

static struct note_signer signer;

static void up(void)
{
    uint8_t public_key[ED25519_KEY_LEN];
    char origin[TREE_ORIGIN_SIZE];
    spine_up();
    tree_origin(book_writer, origin);
    ck_ok(ed25519_new(&signer.secret));
    ed25519_public(signer.secret, public_key);
    ck_ok(note_key_make(origin, NOTE_ED25519, public_key, &signer.key));
    ck_ok(tree_sign_with(book_writer, &signer));
}

static void down(void)
{
    spine_down();
    ed25519_free(signer.secret);
}

/* As the edge asks. */
static struct call *asked(struct call *c)
{
    c->wants_receipt = true;
    return spine_run(c);
}

/* The log's signature is over a tree that has the event, which is the one that the call names. */
static void holds(const struct call *c)
{
    struct merkle_hash leaf;
    uint8_t self[SHA256_LEN];
    struct checkpoint head;
    struct note note;
    ck_assert_ptr_nonnull(c->receipt);
    ck_assert_uint_eq(c->receipt->index + 1, (uint64_t)c->seq);
    receipt_leaf_data(c->receipt, self);
    merkle_leaf(self, sizeof self, &leaf);
    ck_ok(note_parse(c->receipt->checkpoint, &note));
    ck_assert_int_eq(note_check(&note, &signer.key, NULL), NOTE_SIGNED);
    ck_ok(checkpoint_parse(note.text, &head));
    ck_assert(merkle_inclusion_holds(&leaf, c->receipt->index, head.size, &c->receipt->proof,
                                     &head.root));
}

START_TEST(what_was_done_denied_or_waits_has_its_receipt)
{
    const char **small = spine_matches(1, 2, 500), **large = spine_matches(10, 2, 2500000);
    const struct actor agent = spine_agent("ana");
    struct call *c = asked(spine_on_match(&spine_ana, "confirm_match", small[0], NULL));
    spine_is(c, CALL_OK);
    holds(c);
    c = asked(spine_on_match(&spine_ana, "confirm_match", large[0], NULL));
    spine_is(c, CALL_DENIED);
    holds(c);
    c = asked(spine_on_match(&agent, "confirm_match", small[1], "seen"));
    spine_is(c, CALL_PENDING);
    holds(c);
}
END_TEST

START_TEST(nobody_gets_one_who_did_not_ask)
{
    const char **ids = spine_matches(1, 1, 500);
    struct call *c = spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL));
    spine_is(c, CALL_OK);
    ck_assert_ptr_null(c->receipt);
}
END_TEST

START_TEST(without_a_signer_there_is_none_and_the_answer_comes_all_the_same)
{
    const char **ids = spine_matches(1, 1, 500);
    ck_ok(tree_sign_with(book_writer, NULL));
    struct call *c = asked(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL));
    spine_is(c, CALL_OK);
    ck_assert_ptr_null(c->receipt);
}
END_TEST

START_TEST(a_repeated_key_gets_the_receipt_of_the_event_that_was)
{
    const char **ids = spine_matches(1, 1, 500);
    struct call *c = asked(spine_keyed(&spine_ana, ids[0], "k-1"));
    struct call *again = asked(spine_keyed(&spine_ana, ids[0], "k-1"));
    ck_assert_int_eq(again->seq, c->seq);
    holds(again);
    ck_assert(str_eq(again->receipt->event, c->receipt->event));
}
END_TEST

START_TEST(the_same_key_twice_in_one_group_gets_it_twice)
{
    const char **ids = spine_matches(1, 1, 500);
    struct call *calls[2] = {spine_keyed(&spine_ana, ids[0], "k-1"),
                             spine_keyed(&spine_ana, ids[0], "k-1")};
    calls[0]->wants_receipt = calls[1]->wants_receipt = true;
    ck_assert(call_group(book_writer, calls, 2, book_clock));
    spine_is(calls[1], CALL_OK);
    ck_assert_int_eq(calls[1]->seq, calls[0]->seq);
    holds(calls[0]);
    holds(calls[1]);
}
END_TEST

START_TEST(a_call_of_a_group_that_is_lost_has_none)
{
    const char **ids = spine_matches(1, 1, 500);
    struct note_signer broken = signer;
    struct call *c = spine_on_match(&spine_ana, "confirm_match", ids[0], NULL);
    ck_ok(ed25519_new(&broken.secret)); /* is not the key's */
    ck_ok(tree_sign_with(book_writer, &broken));
    c->wants_receipt = true;
    ck_assert(call_group(book_writer, &c, 1, book_clock));
    spine_failed(c, ERR_STORE);
    ck_assert_ptr_null(c->receipt);
    ck_ok(tree_sign_with(book_writer, &signer));
    c = asked(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL));
    spine_is(c, CALL_OK);
    holds(c);
    ed25519_free(broken.secret);
    book_is_intact();
}
END_TEST

/* A clerk of UK asks for what belongs to US: the refusal is recorded with facts of US. */
START_TEST(a_refusal_that_tells_of_anothers_entity_comes_without_its_event)
{
    struct actor eve = spine_human("eve");
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "Eve", true));
    ck_ok(role_grant(&tx, "p-eve", "clerk", "UK"));
    book_end(&tx);
    const char **ids = spine_matches(1, 1, 500);
    struct call *c = asked(spine_on_match(&eve, "confirm_match", ids[0], "mine now"));
    struct receipt *r;
    spine_is(c, CALL_DENIED);
    ck_assert_ptr_null(c->receipt);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(receipt_for(&tx, arena, &eve, c->seq, &r));
    ck_assert_ptr_null(r);
    ck_ok(receipt_for(&tx, arena, &spine_ana, c->seq, &r)); /* there for who may see it */
    ck_assert_ptr_nonnull(r);
    tx_read_end(&tx);
}
END_TEST

START_TEST(who_sees_one_entity_gets_the_receipts_of_that_one)
{
    struct actor uma = spine_human("uma");
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-uma", "Uma", true));
    ck_ok(role_grant(&tx, "p-uma", "controller", "US"));
    book_end(&tx);
    const char **ids = spine_matches(1, 1, 500);
    struct call *c = asked(spine_on_match(&uma, "confirm_match", ids[0], NULL));
    spine_is(c, CALL_OK);
    holds(c);
}
END_TEST

/* ---- as text ---- */

START_TEST(the_text_is_that_of_the_tree)
{
    static const char *const events[] = {"{}",
                                         "",
                                         "a\"b\\c",
                                         "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80",
                                         "\x01\x1F\t\n\r\b\f\x7F/",
                                         "\"",
                                         "\\",
                                         "\n\n"};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        CLEANUP(jw_fini) struct jw w;
        CLEANUP(buf_fini) struct buf b;
        struct receipt r = {.event = str_of(events[i]), .index = i * UINT64_C(1000000007)};
        struct str text;
        r.proof.n = i * 9;
        memset(r.proof.at, (int)i + 200, sizeof r.proof.at);
        r.checkpoint = STR("closegate/x\n1\n\n\xE2\x80\x94 closegate/x AAAA\n");
        jw_init(&w, 1u << 20);
        jw_tree(&w, NULL, receipt_print(arena, &r));
        ck_ok(jw_done(&w, &text));
        buf_init(&b, 1u << 20);
        receipt_put(&r, &b);
        ck_assert_msg(str_eq(buf_str(&b), text), "%.*s\n%.*s", (int)b.len, b.at, (int)text.len,
                      text.at);
    }
}
END_TEST

TEST_MAIN_AROUND("call_receipt", up, down, what_was_done_denied_or_waits_has_its_receipt,
                 nobody_gets_one_who_did_not_ask,
                 without_a_signer_there_is_none_and_the_answer_comes_all_the_same,
                 a_repeated_key_gets_the_receipt_of_the_event_that_was,
                 the_same_key_twice_in_one_group_gets_it_twice,
                 a_call_of_a_group_that_is_lost_has_none,
                 a_refusal_that_tells_of_anothers_entity_comes_without_its_event,
                 who_sees_one_entity_gets_the_receipts_of_that_one, the_text_is_that_of_the_tree)
