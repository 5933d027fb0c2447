/* Signed notes against published ones (the example key and note of Go's note package, the examples
 * of C2SP signed-note, tlog-checkpoint and tlog-cosignature), and what is not the one form a note
 * has. */
#include "common/sys/note.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

#define DASH "\xe2\x80\x94"

/* ---- published ---- */

static const char peter_vkey[] =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char peter_note[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n" DASH " PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    "\n";

static const char behind_the_sofa[] =
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n" DASH " example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" DASH " witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBk"
    "BIfZ+qnA==\n";

static const char in_italian[] =
    "Ognuno sta solo sul cuor della terra\n"
    "trafitto da un raggio di sole:\n"
    "\n"
    "ed \xc3\xa8 subito sera.\n"
    "\n" DASH " quasimodo.example/salvatore "
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/"
    "5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

START_TEST(a_published_note_is_signed_by_its_published_key)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct note_key key;
    struct note note;
    ck_ok(note_key_parse(str_of(peter_vkey), &key));
    ck_assert_str_eq(key.name, "PeterNeumann");
    ck_assert_int_eq(key.alg, NOTE_ED25519);
    ck_assert_str_eq(note_key_print(arena, &key), peter_vkey);
    ck_ok(note_parse(str_of(peter_note), &note));
    ck_assert(note_signed(&note, &key, NULL));
    /* Another text under the same signature. */
    char other[sizeof peter_note];
    memcpy(other, peter_note, sizeof other);
    other[0] = 'O';
    ck_ok(note_parse(str_of(other), &note));
    ck_assert_int_eq(note_check(&note, &key, NULL), NOTE_FORGED);
}
END_TEST

START_TEST(a_published_checkpoint_and_its_cosignature_are_read)
{
    struct note note;
    struct checkpoint c;
    char root[BASE64_SIZE(MERKLE_HASH_LEN)];
    CLEANUP(buf_fini) struct buf again;
    buf_init(&again, 1 << 12);
    ck_ok(note_parse(str_of(behind_the_sofa), &note));
    ck_assert_uint_eq(note.n, 2);
    ck_assert(str_is(note.sigs[1].name, "witness.example.com/w1"));
    ck_assert_uint_eq(note.sigs[1].len, 72);
    /* The specification says its time: 1679315147. */
    uint64_t at_s = 0;
    for (size_t i = 0; i < 8; i++)
        at_s = at_s << 8 | note.sigs[1].bytes[i];
    ck_assert_uint_eq(at_s, 1679315147);
    ck_ok(checkpoint_parse(note.text, &c));
    ck_assert(str_is(c.origin, "example.com/behind-the-sofa"));
    ck_assert_uint_eq(c.size, 20852163);
    base64_print(c.root.at, sizeof c.root.at, root);
    ck_assert_str_eq(root, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
    checkpoint_print(&c, &again);
    ck_assert(str_eq(buf_str(&again), note.text));
}
END_TEST

START_TEST(a_text_may_have_empty_lines)
{
    struct note note;
    ck_ok(note_parse(str_of(in_italian), &note));
    ck_assert_uint_eq(note.n, 1);
    ck_assert_int_eq(note.text.at[note.text.len - 2], '.');
    ck_assert(memmem(note.text.at, note.text.len, "\n\n", 2) != NULL);
    ck_assert_uint_eq(note.sigs[0].len, ED25519_SIG_LEN);
}
END_TEST

/* ---- our own ---- */

static struct note_signer signer_of(const char *name, enum note_alg alg, uint8_t seed)
{
    struct note_signer s = {.secret = NULL};
    uint8_t bytes[ED25519_KEY_LEN] = {seed}, public_key[ED25519_KEY_LEN];
    ck_ok(ed25519_from_seed(bytes, &s.secret));
    ed25519_public(s.secret, public_key);
    ck_ok(note_key_make(name, alg, public_key, &s.key));
    return s;
}

#define TEXT "closegate/bk_1\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n"
static const struct str text = {TEXT, sizeof TEXT - 1};

START_TEST(what_is_signed_is_read_and_holds)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    CLEANUP(buf_fini) struct buf b;
    struct note_signer log = signer_of("closegate/bk_1", NOTE_ED25519, 1);
    struct note_signer witness = signer_of("w.example/1", NOTE_COSIGNATURE_V1, 2);
    struct note_signer other = signer_of("closegate/bk_1", NOTE_ED25519, 3);
    struct note_key again;
    struct note note;
    int64_t at_s = -1;
    buf_init(&b, 1 << 16);
    ck_ok(note_sign(text, &log, &b));
    note_sign_line(text, &witness, 1772528400, &b);
    ck_ok(note_parse(buf_str(&b), &note));
    ck_assert(str_eq(note.text, text));
    ck_assert_uint_eq(note.n, 2);
    ck_assert(note_signed(&note, &log.key, &at_s));
    ck_assert_int_eq(at_s, -1);
    ck_assert(note_signed(&note, &witness.key, &at_s));
    ck_assert_int_eq(at_s, 1772528400);
    ck_assert_int_eq(note_check(&note, &other.key, NULL), NOTE_UNSIGNED);
    ck_ok(note_key_parse(str_of(note_key_print(arena, &witness.key)), &again));
    ck_assert(note_key_eq(&again, &witness.key));
    ck_assert(!note_key_eq(&log.key, &other.key));
    /* Same secret and name, other algorithm: another key. */
    struct note_signer as_witness = signer_of("closegate/bk_1", NOTE_COSIGNATURE_V1, 1);
    ck_assert(!note_key_eq(&as_witness.key, &log.key));
    ck_assert_int_eq(note_check(&note, &as_witness.key, NULL), NOTE_UNSIGNED);
    ed25519_free(log.secret);
    ed25519_free(witness.secret);
    ed25519_free(other.secret);
    ed25519_free(as_witness.secret);
}
END_TEST

START_TEST(every_bit_of_a_signed_note_counts)
{
    CLEANUP(buf_fini) struct buf b;
    struct note_signer log = signer_of("closegate/bk_1", NOTE_ED25519, 1);
    struct note note;
    buf_init(&b, 1 << 16);
    ck_ok(note_sign(text, &log, &b));
    for (size_t i = 0; i < 8 * b.len; i++) {
        b.at[i / 8] = (char)(b.at[i / 8] ^ 1 << i % 8);
        struct err e = note_parse(buf_str(&b), &note);
        ck_assert(e.kind != ERR_NONE || !note_signed(&note, &log.key, NULL));
        b.at[i / 8] = (char)(b.at[i / 8] ^ 1 << i % 8);
    }
    ck_ok(note_parse(buf_str(&b), &note));
    ck_assert(note_signed(&note, &log.key, NULL));
    ed25519_free(log.secret);
}
END_TEST

#define SIG                                                                                        \
    "AAAAAQ"                                                                                       \
    "AA"

static const struct {
    const char *bytes, *where;
} refused[] = {
    {"", NULL},
    {"a\n", NULL},
    {"a\n\n", NULL},                                                /* no signature */
    {"\n" DASH " n " SIG "\n", NULL},                               /* no text */
    {"a\n\n" DASH " n " SIG, "line 3"},                             /* no line end */
    {"a\n\n" DASH " n " SIG "\n\n", NULL},                          /* an empty line behind */
    {"a\n\n- n " SIG "\n", "line 3"},                               /* a hyphen */
    {"a\n\n" DASH "n " SIG "\n", "line 3"},                         /* no space */
    {"a\n\n" DASH " n\n", "line 3"},                                /* no signature */
    {"a\n\n" DASH " n  " SIG "\n", "line 3"},                       /* two spaces */
    {"a\n\n" DASH "  " SIG "\n", "line 3"},                         /* no name */
    {"a\n\n" DASH " n+m " SIG "\n", "line 3"},                      /* a plus */
    {"a\n\n" DASH " n\xc2\xa0m " SIG "\n", "line 3"},               /* U+00A0 */
    {"a\n\n" DASH " n\xe3\x80\x80m " SIG "\n", "line 3"},           /* U+3000 */
    {"a\n\n" DASH " n " SIG " \n", "line 3"},                       /* a space behind */
    {"a\n\n" DASH " n AAAAAQ==\n", "line 3"},                       /* the id alone */
    {"a\n\n" DASH " n AAAAAQB=\n", "line 3"},                       /* loose bits */
    {"a\n\n" DASH " n AAAAAQA\n", "line 3"},                        /* no padding */
    {"a\n\n" DASH " n AAAA=AAA\n", "line 3"},                       /* padding within */
    {"a\nb\n\n" DASH " n " SIG "\n" DASH " n " SIG "\n", "line 5"}, /* twins */
    {"a\tb\n\n" DASH " n " SIG "\n", "line 1"},                     /* a control character */
    {"a\nb\r\n\n" DASH " n " SIG "\n", "line 2"},
    {"a\xff\n\n" DASH " n " SIG "\n", "line 1"}, /* no UTF-8 */
    {"a\n\n" DASH " n\xed\xa0\x80 " SIG "\n", "line 3"},
};

START_TEST(what_is_no_note_is_told_with_its_line)
{
    struct note note;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct err e = note_parse(str_of(refused[i].bytes), &note);
        ck_assert_msg(e.kind == ERR_INPUT, "%zu: %s", i, refused[i].bytes);
        ck_assert_msg(refused[i].where == NULL ||
                          (e.where != NULL && strcmp(e.where, refused[i].where) == 0),
                      "%zu: %s (%s)", i, e.where == NULL ? "-" : e.where, e.msg);
    }
    ck_err(note_parse((struct str){"a\n\n" DASH " n\0m " SIG "\n", 20}, &note), ERR_INPUT);
    ck_ok(note_parse(str_of("a\n\n" DASH " n " SIG "\n"), &note)); /* what they were made from */
}
END_TEST

START_TEST(many_signatures_and_long_ones_are_carried_up_to_a_bound)
{
    CLEANUP(buf_fini) struct buf b;
    struct note note;
    char base64[BASE64_SIZE(5004)];
    static const uint8_t bytes[5004] = {0, 0, 0, 9};
    buf_init(&b, 1 << 20);
    buf_puts(&b, "a\n\n");
    for (int i = 0; i < NOTE_SIGS_MAX; i++)
        buf_putf(&b, DASH " n%d " SIG "\n", i);
    ck_ok(note_parse(buf_str(&b), &note));
    ck_assert_uint_eq(note.n, NOTE_SIGS_MAX);
    buf_puts(&b, DASH " m " SIG "\n");
    ck_err(note_parse(buf_str(&b), &note), ERR_LIMIT);
    buf_clear(&b);
    base64_print(bytes, sizeof bytes, base64);
    buf_putf(&b, "a\n\n" DASH " pq %s\n", base64);
    ck_ok(note_parse(buf_str(&b), &note));
    ck_assert_uint_eq(note.sigs[0].len, 5000);
    ck_assert_uint_eq(note.sigs[0].id[3], 9);
    for (int i = 1; i < 12; i++)
        buf_putf(&b, DASH " pq%d %s\n", i, base64);
    ck_err(note_parse(buf_str(&b), &note), ERR_LIMIT);
}
END_TEST

START_TEST(a_verifier_key_has_one_text)
{
    struct note_key key;
    static const char *const bad[] = {
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcAQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T=",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(note_key_parse(str_of(bad[i]), &key), ERR_INPUT);
}
END_TEST

START_TEST(weak_keys_and_bad_names_make_no_key)
{
    struct note_key key;
    uint8_t weak[ED25519_KEY_LEN] = {1}, good[ED25519_KEY_LEN];
    char name[NOTE_NAME_MAX + 2];
    struct note_signer s = signer_of("n", NOTE_ED25519, 1);
    ed25519_public(s.secret, good);
    ck_err(note_key_make("n", NOTE_ED25519, weak, &key), ERR_INPUT);
    ck_err(note_key_make("", NOTE_ED25519, good, &key), ERR_INPUT);
    ck_err(note_key_make("a b", NOTE_ED25519, good, &key), ERR_INPUT);
    ck_err(note_key_make("a\x7f", NOTE_ED25519, good, &key), ERR_INPUT);
    memset(name, 'n', sizeof name);
    name[NOTE_NAME_MAX + 1] = '\0';
    ck_err(note_key_make(name, NOTE_ED25519, good, &key), ERR_INPUT);
    name[NOTE_NAME_MAX] = '\0';
    ck_ok(note_key_make(name, NOTE_ED25519, good, &key));
    ed25519_free(s.secret);
}
END_TEST

START_TEST(a_signer_signs_only_what_is_a_text_and_with_its_own_key)
{
    CLEANUP(buf_fini) struct buf b;
    struct note_signer log = signer_of("n", NOTE_ED25519, 1),
                       other = signer_of("n", NOTE_ED25519, 2);
    buf_init(&b, 1 << 16);
    ck_err(note_sign(STR(""), &log, &b), ERR_INPUT);
    ck_err(note_sign(STR("\n"), &log, &b), ERR_INPUT);
    ck_err(note_sign(STR("a"), &log, &b), ERR_INPUT);
    ck_err(note_sign(STR("a\tb\n"), &log, &b), ERR_INPUT);
    ck_err(note_sign(STR("a\xff\n"), &log, &b), ERR_INPUT);
    struct note_signer mixed = {.key = log.key, .secret = other.secret};
    ck_err(note_sign(text, &mixed, &b), ERR_BUG);
    struct note_signer witness = signer_of("w", NOTE_COSIGNATURE_V1, 1);
    ck_err(note_sign(text, &witness, &b), ERR_BUG);
    ck_assert_uint_eq(b.len, 0);
    ed25519_free(log.secret);
    ed25519_free(other.secret);
    ed25519_free(witness.secret);
}
END_TEST

#define ROOT "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n"

static const struct {
    const char *text, *where;
} no_checkpoints[] = {
    {"", "line 1"},
    {"\n1\n" ROOT, "line 1"},
    {"log\n", "line 2"},
    {"log\n01\n" ROOT, "line 2"},
    {"log\n00\n" ROOT, "line 2"},
    {"log\n-1\n" ROOT, "line 2"},
    {"log\n+1\n" ROOT, "line 2"},
    {"log\n1 \n" ROOT, "line 2"},
    {"log\n\n" ROOT, "line 2"},
    {"log\n0x1\n" ROOT, "line 2"},
    {"log\n9223372036854775808\n" ROOT, "line 2"},
    {"log\n99999999999999999999999\n" ROOT, "line 2"},
    {"log\n1\n", "line 3"},
    {"log\n1\nAAAA\n", "line 3"},
    {"log\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB1=\n", "line 3"},
    {"log\n1\nbjQLnP-zepicpUTmu3gKLHiQHT-zNzh2hRGjBhevoB0=\n", "line 3"},
    {"log\n0\n" ROOT, "line 3"},
    {"log\n1\n" ROOT "\n", "line 4"},
    {"log\n1\n" ROOT "more", "line 4"},
    {"log\n1\n" ROOT "more\n\n", "line 5"},
};

START_TEST(what_is_no_checkpoint_is_told_with_its_line)
{
    struct checkpoint c;
    for (size_t i = 0; i < sizeof no_checkpoints / sizeof no_checkpoints[0]; i++) {
        struct err e = checkpoint_parse(str_of(no_checkpoints[i].text), &c);
        ck_assert_msg(e.kind == ERR_INPUT, "%zu: %s", i, no_checkpoints[i].text);
        ck_assert_str_eq(e.where, no_checkpoints[i].where);
    }
    ck_ok(checkpoint_parse(STR("log\n9223372036854775807\n" ROOT), &c));
    ck_ok(checkpoint_parse(STR("log\n1\n" ROOT "more\nand more\n"), &c));
    ck_assert(str_is(c.extra, "more\nand more\n"));
    ck_ok(checkpoint_parse(STR("log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"), &c));
    ck_assert_uint_eq(c.size, 0);
}
END_TEST

TEST_MAIN("note", a_published_note_is_signed_by_its_published_key,
          a_published_checkpoint_and_its_cosignature_are_read, a_text_may_have_empty_lines,
          what_is_signed_is_read_and_holds, every_bit_of_a_signed_note_counts,
          what_is_no_note_is_told_with_its_line,
          many_signatures_and_long_ones_are_carried_up_to_a_bound, a_verifier_key_has_one_text,
          weak_keys_and_bad_names_make_no_key,
          a_signer_signs_only_what_is_a_text_and_with_its_own_key,
          what_is_no_checkpoint_is_told_with_its_line)
