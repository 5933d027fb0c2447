/* Receipts in their two forms, statements about keys, and whom a verifier believes after them. What
 * is forged at length is tests/e2e/verify_forged.py's. */
#include "common/verify/receipt.h"

#include <stdio.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "common/verify/check.h"
#include "common/verify/consistency.h"
#include "tests/unit/test.h"

#define BOOK   "bk_1"
#define ORIGIN ORIGIN_PREFIX BOOK

static struct arena *arena;
static struct note_signer log_key, next_key;

static struct note_signer signer_of(uint8_t seed)
{
    struct note_signer s = {.secret = NULL};
    uint8_t bytes[ED25519_KEY_LEN] = {seed}, public_key[ED25519_KEY_LEN];
    ck_ok(ed25519_from_seed(bytes, &s.secret));
    ed25519_public(s.secret, public_key);
    ck_ok(note_key_make(ORIGIN, NOTE_ED25519, public_key, &s.key));
    return s;
}

static void up(void)
{
    arena = arena_new((size_t)64 << 20);
    log_key = signer_of(1);
    next_key = signer_of(2);
}

static void down(void)
{
    ed25519_free(log_key.secret);
    ed25519_free(next_key.secret);
    arena_free(arena);
}

/* The only event of a log. */
static struct receipt receipt_make(const char *event)
{
    CLEANUP(buf_fini) struct buf text;
    struct buf note;
    struct receipt r = {.event = str_of(event)};
    struct checkpoint c = {.origin = STR(ORIGIN), .size = 1};
    uint8_t hash_self[SHA256_LEN];
    buf_init(&text, 1 << 12);
    buf_init(&note, 1 << 12);
    receipt_leaf_data(&r, hash_self);
    merkle_leaf(hash_self, sizeof hash_self, &c.root);
    checkpoint_print(&c, &text);
    ck_ok(note_sign(buf_str(&text), &log_key, &note));
    r.checkpoint = (struct str){arena_dup(arena, note.at, note.len), note.len};
    buf_fini(&note);
    return r;
}

static const char event_text[] = "{\"book_id\":\"bk_1\",\"event_type\":\"BOOK_CREATED\","
                                 "\"rationale\":\"\xe2\x82\xac \\\"x\\\"\","
                                 "\"seq\":1,\"timestamp_utc\":\"2026-03-03T09:00:00.000001Z\"}";

static void ck_same(const struct receipt *a, const struct receipt *b)
{
    ck_assert(str_eq(a->event, b->event));
    ck_assert(str_eq(a->checkpoint, b->checkpoint));
    ck_assert_uint_eq(a->index, b->index);
    ck_assert(memcmp(a->hash_prev, b->hash_prev, SHA256_LEN) == 0);
    ck_assert_uint_eq(a->proof.n, b->proof.n);
    ck_assert(memcmp(a->proof.at, b->proof.at, a->proof.n * sizeof a->proof.at[0]) == 0);
}

static struct str text_of(const struct json *tree)
{
    struct jw w;
    struct str text;
    jw_init(&w, 1 << 20);
    jw_tree(&w, NULL, tree);
    ck_ok(jw_done(&w, &text));
    text = (struct str){arena_dup(arena, text.at, text.len), text.len};
    jw_fini(&w);
    return text;
}

START_TEST(both_forms_are_read_as_they_were_printed)
{
    CLEANUP(buf_fini) struct buf proof;
    struct receipt again, r = receipt_make(event_text);
    r.index = ((uint64_t)1 << 53) - 1;
    for (r.proof.n = 0; r.proof.n < MERKLE_PROOF_MAX; r.proof.n++)
        merkle_leaf(&r.proof.n, sizeof r.proof.n, &r.proof.at[r.proof.n]);
    ck_ok(receipt_read(arena, text_of(receipt_print(arena, &r)), &again));
    ck_same(&again, &r);
    buf_init(&proof, 1 << 20);
    tlog_proof_print(&r, &proof);
    ck_ok(buf_check(&proof));
    ck_assert(tlog_proof_is(buf_str(&proof)));
    ck_ok(tlog_proof_read(arena, buf_str(&proof), &again));
    ck_same(&again, &r);
}
END_TEST

static bool holds(const struct receipt *r, const char *vkey)
{
    struct trust t;
    struct report report;
    trust_init(&t, arena);
    ck_ok(trust_give(&t, vkey));
    report_init(&report, arena, "receipt");
    bool good = check_receipt(r, &t, &report);
    ck_assert(good == report_good(&report));
    return good;
}

START_TEST(a_receipt_holds_by_its_key_and_no_other)
{
    struct receipt r = receipt_make(event_text);
    ck_assert(holds(&r, note_key_print(arena, &log_key.key)));
    ck_assert(!holds(&r, note_key_print(arena, &next_key.key)));
    r.index = 1;
    ck_assert(!holds(&r, note_key_print(arena, &log_key.key)));
    /* Signed, hashed and included, yet not what an event is. */
    static const char *const wrong[] = {
        "[]",
        "{\"book_id\":\"bk_1\",\"seq\":2}",
        "{\"book_id\":\"bk_2\",\"seq\":1}",
        "{\"book_id\":\"bk_1\", \"seq\":1}",
        "{\"seq\":1,\"book_id\":\"bk_1\"}",
        "{\"book_id\":\"bk_1\",\"seq\":1,\"seq\":1}",
        "{\"book_id\":\"bk_1\",\"seq\":\"1\"}",
        "{\"seq\":1}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        r = receipt_make(wrong[i]);
        ck_assert_msg(!holds(&r, note_key_print(arena, &log_key.key)), "%s", wrong[i]);
    }
}
END_TEST

/* Something else was wrong before: a chain of keys that contradicts itself. */
START_TEST(without_a_tree_nothing_is_looked_up_in_it)
{
    const struct receipt good = receipt_make(event_text);
    struct receipt r = good;
    struct note note;
    struct checkpoint c;
    struct trust t;
    struct report report;
    struct note_key witness;
    trust_init(&t, arena);
    ck_ok(trust_give(&t, note_key_print(arena, &log_key.key)));
    ck_ok(note_key_make("w", NOTE_COSIGNATURE_V1, log_key.key.public_key, &witness));
    ck_ok(trust_witness(&t, note_key_print(arena, &witness)));
    t.witnesses_min = 1;
    /* No note; a note and no checkpoint; a checkpoint with more than ours have. */
    const char *texts[] = {"c", "text\n\n\xe2\x80\x94 n AAAAAAA=\n",
                           ORIGIN "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nmore\n\n"
                                  "\xe2\x80\x94 n AAAAAAA=\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        r.checkpoint = str_of(texts[i]);
        report_init(&report, arena, "receipt");
        (void)report_fails(&report, "keys", NULL, "forged");
        ck_assert(!check_receipt(&r, &t, &report));
        ck_assert_uint_eq(report.checks->count, 2);
        ck_assert_str_eq(json_get_text(report.checks->items[1], "check"), "checkpoint");
        ck_assert_uint_eq(report.facts->count, 0);
        ck_assert(!trust_checkpoint(&t, r.checkpoint, &report, &note, &c));
        ck_assert_ptr_null(c.origin.at);
        ck_assert_uint_eq(report.checks->count, 3);
    }
    report_init(&report, arena, "receipt");
    ck_assert(!check_receipt(&good, &t, &report));
    ck_assert_str_eq(report.failed, "witnesses");
    ck_assert_uint_gt(report.facts->count, 1);
}
END_TEST

static const struct {
    const char *json, *where;
} unreadable[] = {
    {"{\"format\":\"closegate-receipt/2\",\"event\":\"e\",\"hash_prev\":\"%\",\"index\":0,"
     "\"proof\":[],\"checkpoint\":\"c\"}",
     "/format"},
    {"{\"format\":\"closegate-receipt/1\",\"event\":\"e\",\"hash_prev\":\"00\",\"index\":0,"
     "\"proof\":[],\"checkpoint\":\"c\"}",
     "/hash_prev"},
    {"{\"format\":\"closegate-receipt/1\",\"event\":\"e\",\"hash_prev\":\"%\",\"index\":0,"
     "\"proof\":[\"AA==\"],\"checkpoint\":\"c\"}",
     "/proof/0"},
    {"{\"format\":\"closegate-receipt/1\",\"event\":\"e\",\"hash_prev\":\"%\",\"index\":-1,"
     "\"proof\":[],\"checkpoint\":\"c\"}",
     "/index"},
    {"{\"format\":\"closegate-receipt/1\",\"event\":\"e\",\"hash_prev\":\"%\",\"index\":0,"
     "\"proof\":[],\"checkpoint\":\"c\",\"key\":\"k\"}",
     "/key"},
};

START_TEST(what_cannot_be_read_is_told_with_its_place)
{
    char zeros[2 * SHA256_LEN + 1], json[512];
    struct receipt r;
    memset(zeros, '0', 2 * SHA256_LEN);
    zeros[2 * SHA256_LEN] = '\0';
    for (size_t i = 0; i < sizeof unreadable / sizeof unreadable[0]; i++) {
        const char *at = strchr(unreadable[i].json, '%');
        int before = at == NULL ? (int)strlen(unreadable[i].json) : (int)(at - unreadable[i].json);
        (void)snprintf(json, sizeof json, "%.*s%s%s", before, unreadable[i].json,
                       at == NULL ? "" : zeros, at == NULL ? "" : at + 1);
        struct err e = receipt_read(arena, str_of(json), &r);
        ck_assert_int_eq(e.kind, ERR_INPUT);
        ck_assert_str_eq(e.where, unreadable[i].where);
    }
    static const char *const proofs[] = {
        "",
        "c2sp.org/tlog-proof@v2\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n\nc\n",
        "c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nc\n",
        "c2sp.org/tlog-proof@v1\nextra e30=\nindex 0\n\nc\n",
    };
    for (size_t i = 0; i < sizeof proofs / sizeof proofs[0]; i++)
        ck_err(tlog_proof_read(arena, str_of(proofs[i]), &r), ERR_INPUT);
}
END_TEST

START_TEST(a_consistency_proof_is_read_as_it_was_printed)
{
    struct consistency again, c = {.from = 57, .to = 103};
    for (c.proof.n = 0; c.proof.n < 7; c.proof.n++)
        merkle_leaf(&c.proof.n, sizeof c.proof.n, &c.proof.at[c.proof.n]);
    ck_ok(consistency_read(arena, text_of(consistency_print(arena, &c)), &again));
    ck_assert_uint_eq(again.from, 57);
    ck_assert_uint_eq(again.to, 103);
    ck_assert_uint_eq(again.proof.n, 7);
    ck_assert(memcmp(again.proof.at, c.proof.at, 7 * sizeof c.proof.at[0]) == 0);
}
END_TEST

/* ---- statements about keys ---- */

static struct str statement(uint64_t from, const struct note_signer *before,
                            const struct note_signer *now)
{
    struct buf b;
    buf_init(&b, 1 << 12);
    ck_ok(log_key_sign(from, before, now, &b));
    struct str text = {arena_dup(arena, b.at, b.len), b.len};
    buf_fini(&b);
    return text;
}

START_TEST(a_statement_is_signed_by_both_keys)
{
    CLEANUP(buf_fini) struct buf b;
    struct log_key_statement s;
    buf_init(&b, 1 << 12);
    struct str text = statement(42, &log_key, &next_key);
    ck_ok(log_key_read(text, &s));
    ck_assert_uint_eq(s.from, 42);
    ck_assert(s.has_old && note_key_eq(&s.old_key, &log_key.key));
    ck_assert(note_key_eq(&s.new_key, &next_key.key));
    for (size_t i = 0; i < 8 * text.len; i++) {
        char *copy = arena_dup(arena, text.at, text.len);
        copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
        struct err e = log_key_read((struct str){copy, text.len}, &s);
        ck_assert(e.kind == ERR_INPUT || e.kind == ERR_AUTH);
    }
    /* Without its last line, which is the old key's. */
    const char *last = memrchr(text.at, '\n', text.len - 1);
    ck_err(log_key_read((struct str){text.at, (size_t)(last + 1 - text.at)}, &s), ERR_AUTH);
    ck_ok(log_key_read(statement(1, NULL, &log_key), &s));
    ck_assert(!s.has_old);
    ck_err(log_key_sign(0, NULL, &log_key, &b), ERR_INPUT);
    ck_err(log_key_sign(5, &log_key, &log_key, &b), ERR_INPUT);
}
END_TEST

START_TEST(what_is_believed_spreads_along_the_chain_both_ways)
{
    struct note_signer third = signer_of(3);
    for (int given = 0; given < 2; given++) {
        struct trust t;
        trust_init(&t, arena);
        ck_ok(trust_state(&t, statement(10, &log_key, &next_key)));
        ck_assert(!t.keys[0].believed && !t.keys[1].believed);
        ck_ok(trust_give(&t, note_key_print(arena, given == 0 ? &log_key.key : &third.key)));
        ck_ok(trust_state(&t, statement(20, &next_key, &third)));
        ck_ok(trust_state(&t, statement(20, &next_key, &third)));
        ck_assert_uint_eq(t.n, 3);
        for (size_t i = 0; i < 3; i++)
            ck_assert(t.keys[i].believed);
        ck_assert_uint_eq(t.keys[1].from, 10);
        ck_assert_uint_eq(t.keys[1].until, 20);
        struct note_signer fourth = signer_of(4);
        ck_err(trust_state(&t, statement(30, &next_key, &fourth)), ERR_CONFLICT);
        ck_err(trust_state(&t, statement(15, &third, &fourth)), ERR_CONFLICT);
        ck_err(trust_state(&t, statement(30, &third, &log_key)), ERR_CONFLICT);
        ck_err(trust_state(&t, statement(5, &fourth, &next_key)), ERR_CONFLICT);
        ed25519_free(fourth.secret);
    }
    ed25519_free(third.secret);
}
END_TEST

START_TEST(a_key_signs_its_own_sizes_only)
{
    struct receipt r = receipt_make(event_text); /* a tree of one event, signed by log_key */
    struct trust t;
    struct report report;
    struct note note;
    struct checkpoint c;
    trust_init(&t, arena);
    ck_ok(trust_give(&t, note_key_print(arena, &log_key.key)));
    ck_ok(trust_state(&t, statement(2, &log_key, &next_key)));
    report_init(&report, arena, "c");
    ck_assert(trust_note(&t, r.checkpoint, &report, &note, &c));
    trust_init(&t, arena);
    ck_ok(trust_give(&t, note_key_print(arena, &log_key.key)));
    ck_ok(trust_state(&t, statement(2, NULL, &log_key)));
    report_init(&report, arena, "c");
    ck_assert(!trust_note(&t, r.checkpoint, &report, &note, &c));
    ck_assert_str_eq(report.failed, "signature");
}
END_TEST

START_TEST(a_report_of_nothing_is_not_good)
{
    struct report report;
    report_init(&report, arena, "x");
    ck_assert(!report_good(&report));
    report_holds(&report, "a", "fine");
    ck_assert(report_good(&report));
    ck_assert(!report_fails(&report, "b", "line 3", "not %s", "fine"));
    report_holds(&report, "c", "fine");
    ck_assert(!report_good(&report));
    ck_assert_str_eq(report.failed, "b");
    ck_assert_str_eq(report.where, "line 3");
    ck_assert_str_eq(report.problem, "not fine");
}
END_TEST

TEST_MAIN_AROUND("receipt", up, down, both_forms_are_read_as_they_were_printed,
                 a_receipt_holds_by_its_key_and_no_other, without_a_tree_nothing_is_looked_up_in_it,
                 what_cannot_be_read_is_told_with_its_place,
                 a_consistency_proof_is_read_as_it_was_printed, a_statement_is_signed_by_both_keys,
                 what_is_believed_spreads_along_the_chain_both_ways, a_key_signs_its_own_sizes_only,
                 a_report_of_nothing_is_not_good)
