/* What leaves for the provider: numbers that stand in any text are hidden, what comes out is UTF-8,
 * and looking again finds nothing. The oracle is written the slow and obvious way. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/llm/mark.h"
#include "agent/llm/redact.h"
#include "common/base/buf.h"
#include "common/base/invariant.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NONCE "00112233445566778899aabbccddeeff"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A word of 16 digits that begin with 4 and whose Luhn digit holds. */
static bool is_visa(const char *at, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)(at[i] - '0');
        if (!is_digit(at[i]))
            return false;
        digit = i % 2 == 0 ? digit * 2 : digit;
        sum += digit / 10 + digit % 10;
    }
    return n == 16 && at[0] == '4' && sum % 10 == 0;
}

/* A word "DE" and 20 digits whose remainder is 1: three digits at a time. */
static bool is_german_iban(const char *at, size_t n)
{
    char moved[25] = {0};
    unsigned rest = 0;
    if (n != 22 || (at[0] != 'D' && at[0] != 'd') || (at[1] != 'E' && at[1] != 'e'))
        return false;
    memcpy(moved, at + 4, 18);
    memcpy(moved + 18, "1314", 4);
    memcpy(moved + 22, at + 2, 2);
    for (size_t i = 0; i < 24; i++) {
        if (!is_digit(moved[i]))
            return false;
        rest = (rest * 10 + (unsigned)(moved[i] - '0')) % 97;
    }
    return rest == 1;
}

static void no_number(struct str text)
{
    for (size_t at = 0, n; at < text.len; at += n + 1) {
        for (n = 0; at + n < text.len && is_alnum(text.at[at + n]);)
            n++;
        INVARIANT(!is_visa(text.at + at, n));
        INVARIANT(!is_german_iban(text.at + at, n));
    }
}

static bool redacts(const struct redactor *r, struct arena *arena, struct str text, struct str *out)
{
    size_t count = 0, again = 0;
    struct str twice;
    if (redact_text(r, arena, text, out, &count).kind != ERR_NONE)
        return false;
    INVARIANT(utf8_valid(out->at, out->len));
    no_number(*out);
    INVARIANT(redact_text(r, arena, *out, &twice, &again).kind == ERR_NONE);
    INVARIANT(again == 0 && twice.at == out->at);
    return true;
}

/* A number on a line of its own or between spaces is hidden, whatever stands around it (but itself:
 * that may be the inside of a longer one). */
static void around(const struct redactor *r, struct arena *arena, struct str text, const char *what,
                   const char *number)
{
    CLEANUP(buf_fini) struct buf b;
    buf_init(&b, (size_t)1 << 20);
    if (memmem(text.at, text.len, number, strlen(number)) != NULL)
        return;
    const size_t half = text.len / 2;
    buf_put(&b, text.at, half);
    buf_puts(&b, what);
    buf_put(&b, text.at + half, text.len - half);
    struct str out;
    if (buf_check(&b).kind != ERR_NONE || !redacts(r, arena, buf_str(&b), &out))
        return;
    INVARIANT(memmem(out.at, out.len, number, strlen(number)) == NULL);
}

static void tree(const struct redactor *r, struct arena *arena, struct str text)
{
    struct json *in;
    const struct json *out;
    struct str body;
    size_t count = 0;
    if (json_read(arena, text, NULL, &in).kind != ERR_NONE)
        return;
    if (redact_tree(r, arena, in, &out, &count).kind != ERR_NONE)
        return;
    INVARIANT((count > 0) == (out != in));
    CLEANUP(jw_fini) struct jw w;
    jw_init(&w, (size_t)4 << 20);
    jw_tree(&w, NULL, out);
    INVARIANT(jw_done(&w, &body).kind == ERR_NONE);
}

/* What is in the envelope does not end it, and says nothing that is not seen. */
static void marked(struct arena *arena, struct str text)
{
    const struct mark mark = {.nonce = NONCE, .result_bytes = 300};
    struct str out;
    if (mark_result(arena, &mark, "list_matches", text, &out).kind != ERR_NONE)
        return;
    INVARIANT(utf8_valid(out.at, out.len));
    const char *first = strstr(out.at, NONCE), *second = strstr(first + 1, NONCE);
    INVARIANT(second != NULL && strstr(second + 1, NONCE) == NULL);
    INVARIANT(strstr(out.at, "\xf3\xa0\x81") == NULL && strpbrk(out.at, "\x1b\r\x7f") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct redactor *r;
    struct arena *arena = arena_new((size_t)32 << 20);
    const struct str text = {(const char *)data, size};
    struct str out;
    if (size > 4096 || arena == NULL) {
        arena_free(arena);
        return 0;
    }
    if (r == NULL)
        INVARIANT(redactor_new(arena, NULL, &r).kind == ERR_NONE);
    (void)redacts(r, arena, text, &out);
    around(r, arena, text, " 4111 1111 1111 1111 ", "4111 1111 1111 1111");
    around(r, arena, text, " 4111111111111111\n", "4111111111111111");
    around(r, arena, text, "\nDE89370400440532013000\n", "DE89370400440532013000");
    around(r, arena, text, "\naccount 987654321\n", "987654321");
    tree(r, arena, text);
    marked(arena, text);
    arena_free(arena);
    return 0;
}
