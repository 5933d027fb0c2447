/* What we said comes back exactly as we said it: from the same caller, for the same request, for a
 * while, and once. */
#include "engine/mcp/seal.h"

#include <string.h>

#include "common/base/arena.h"
#include "tests/unit/test.h"

#define NOW 1000000

static struct arena *arena;
static struct seal *seal;

static void begin(void)
{
    arena = arena_new((size_t)1 << 20);
    seal = seal_new();
    ck_assert(arena != NULL && seal != NULL);
}

static void end(void)
{
    seal_free(seal);
    arena_free(arena);
}

static char *sealed(const char *about, const char *said)
{
    struct json *state = json_object_new(arena);
    const char *text;
    json_put_text(arena, state, "said", said);
    ck_ok(seal_close(seal, arena, about, state, NOW, &text));
    return arena_strdup(arena, text);
}

static struct err opened(const char *about, const char *text, int64_t now_s)
{
    const struct json *state = NULL;
    struct err e = seal_open(seal, arena, about, text, now_s, &state);
    if (e.kind == ERR_NONE)
        ck_assert_str_eq(json_get_text(state, "said"), "hello");
    return e;
}

START_TEST(what_was_sealed_is_opened_once)
{
    begin();
    const char *text = sealed("ana tools/call x", "hello");
    ck_ok(opened("ana tools/call x", text, NOW + 1));
    ck_err(opened("ana tools/call x", text, NOW + 2), ERR_INPUT);
    end();
}
END_TEST

START_TEST(twice_the_same_state_is_two_texts)
{
    begin();
    const char *a = sealed("x", "hello"), *b = sealed("x", "hello");
    ck_assert_str_ne(a, b);
    ck_ok(opened("x", a, NOW));
    ck_ok(opened("x", b, NOW));
    end();
}
END_TEST

START_TEST(a_changed_byte_anywhere_is_refused)
{
    begin();
    char *text = sealed("x", "hello");
    for (size_t i = 0; text[i] != '\0'; i++) {
        const char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        ck_err(opened("x", text, NOW), ERR_INPUT);
        text[i] = was;
    }
    ck_ok(opened("x", text, NOW)); /* and none of it used it up */
    end();
}
END_TEST

START_TEST(what_is_cut_short_or_no_seal_at_all_is_refused)
{
    static const char *const not_ours[] = {"", ".", "a", "a.b", "..", "{}", "e30.e30"};
    begin();
    char *text = sealed("x", "hello");
    for (size_t i = 0; i < sizeof not_ours / sizeof not_ours[0]; i++)
        ck_err(opened("x", not_ours[i], NOW), ERR_INPUT);
    for (size_t n = strlen(text); n > 0; n--) {
        text[n - 1] = '\0';
        ck_err(opened("x", text, NOW), ERR_INPUT);
    }
    end();
}
END_TEST

START_TEST(another_owner_or_other_parameters_are_refused)
{
    begin();
    const char *text = sealed("ana tools/call x", "hello");
    ck_err(opened("ben tools/call x", text, NOW), ERR_INPUT);
    ck_err(opened("ana tools/call y", text, NOW), ERR_INPUT);
    ck_err(opened("", text, NOW), ERR_INPUT);
    ck_ok(opened("ana tools/call x", text, NOW));
    end();
}
END_TEST

START_TEST(it_is_good_until_its_time_and_not_at_it)
{
    begin();
    const char *a = sealed("x", "hello"), *b = sealed("x", "hello");
    ck_err(opened("x", a, NOW + SEAL_LIFE_S), ERR_INPUT);
    ck_ok(opened("x", b, NOW + SEAL_LIFE_S - 1));
    end();
}
END_TEST

START_TEST(another_process_does_not_open_it)
{
    begin();
    const char *text = sealed("x", "hello");
    seal_free(seal);
    seal = seal_new();
    ck_err(opened("x", text, NOW), ERR_INPUT);
    end();
}
END_TEST

START_TEST(a_state_too_large_is_not_sealed)
{
    begin();
    struct json *state = json_object_new(arena);
    char *long_text = arena_alloc(arena, 70000);
    const char *text;
    memset(long_text, 'a', 69999);
    long_text[69999] = '\0';
    json_put_text(arena, state, "said", long_text);
    ck_err(seal_close(seal, arena, "x", state, NOW, &text), ERR_LIMIT);
    end();
}
END_TEST

TEST_MAIN("seal", what_was_sealed_is_opened_once, twice_the_same_state_is_two_texts,
          a_changed_byte_anywhere_is_refused, what_is_cut_short_or_no_seal_at_all_is_refused,
          another_owner_or_other_parameters_are_refused, it_is_good_until_its_time_and_not_at_it,
          another_process_does_not_open_it, a_state_too_large_is_not_sealed)
