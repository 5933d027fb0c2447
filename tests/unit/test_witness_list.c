/* The witnesses of a setting: each a key and a URL, and each of them once. */
#include "common/sys/witness_list.h"

#include <string.h>

#include "tests/unit/test.h"

static struct arena *arena;

static void up(void)
{
    arena = arena_new((size_t)1 << 20);
    ck_assert_ptr_nonnull(arena);
}

static void down(void)
{
    arena_free(arena);
}

/* "<vkey> <url>"; `key` is every byte of the public key. */
static const char *item(const char *name, enum note_alg alg, uint8_t key, const char *url)
{
    uint8_t public_key[ED25519_KEY_LEN];
    struct note_key note_key;
    memset(public_key, key, sizeof public_key);
    ck_ok(note_key_make(name, alg, public_key, &note_key));
    return arena_fmt(arena, "%s %s", note_key_print(arena, &note_key), url);
}

static struct err read_two(const char *one, const char *two, struct witness_list *list)
{
    const char *items[] = {one, two};
    const struct setting_list setting = {.items = items, .n = 2};
    return witness_list_read(arena, &setting, list);
}

START_TEST(a_witness_is_its_key_and_its_url)
{
    struct witness_list list;
    ck_ok(read_two(item("w.example/1", NOTE_COSIGNATURE_V1, 1, "https://a//"),
                   item("w.example/2", NOTE_COSIGNATURE_V1, 2, "http://b/w"), &list));
    ck_assert_uint_eq(list.n, 2);
    ck_assert_str_eq(list.items[0].url, "https://a");
    ck_assert_str_eq(list.items[1].key.name, "w.example/2");
}
END_TEST

/* It would fill a quorum of two alone. */
START_TEST(one_key_under_two_names_is_one_witness)
{
    struct witness_list list;
    struct err e = read_two(item("w.example/1", NOTE_COSIGNATURE_V1, 1, "https://a"),
                            item("w.example/2", NOTE_COSIGNATURE_V1, 1, "https://b"), &list);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.msg, "witness 2: this witness is named twice");
}
END_TEST

START_TEST(a_logs_key_is_no_witnesss)
{
    struct witness_list list;
    ck_err(read_two(item("w.example/1", NOTE_COSIGNATURE_V1, 1, "https://a"),
                    item("w.example/2", NOTE_ED25519, 2, "https://b"), &list),
           ERR_INPUT);
}
END_TEST

TEST_MAIN_AROUND("witness_list", up, down, a_witness_is_its_key_and_its_url,
                 one_key_under_two_names_is_one_witness, a_logs_key_is_no_witnesss)
