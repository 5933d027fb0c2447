/* C2SP tlog-proof, version 1: a first line, the extra data, the index, the hashes, an empty line,
 * the checkpoint as it is. */
#include "common/verify/receipt.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "common/sys/note_line.h"
#include "common/verify/receipt_own.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1"

struct extra_json {
    const char *event, *hash_prev;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct extra_json, event, .required = true),
    JSON_TEXT(struct extra_json, hash_prev, .required = true, .max = 64),
};

static struct err extra_read(struct arena *arena, struct str base64, struct receipt *r)
{
    static const struct json_limits limits = {.bytes_max = RECEIPT_BYTES_MAX};
    struct json *tree = NULL;
    struct extra_json extra;
    size_t len = 0;
    char *bytes = arena_alloc(arena, base64.len / 4 * 3 + 1);
    TRY(arena_check(arena));
    if (!base64_parse(base64, bytes, base64.len / 4 * 3, &len))
        return err_at(ERR_INPUT, note_line(2), "the extra data is not canonical base64");
    TRY(err_in(json_read(arena, (struct str){bytes, len}, &limits, &tree), note_line(2)));
    TRY(json_bind(arena, JSON_FIELDS(fields), tree, &extra));
    if (!receipt_hash_parse(str_of(extra.hash_prev), r->hash_prev))
        return err_at(ERR_INPUT, "/hash_prev", "expected 64 lower-case hex digits");
    r->event = str_of(extra.event);
    return OK;
}

/* Takes a line off the text; what follows `name` on it. */
static bool line_take(struct str *text, const char *name, struct str *value)
{
    struct str line;
    size_t len = strlen(name);
    if (!str_cut(*text, '\n', &line, text) || line.len < len || memcmp(line.at, name, len) != 0)
        return false;
    *value = (struct str){line.at + len, line.len - len};
    return true;
}

/* The hashes up to the empty line. */
static struct err hashes_read(struct str *text, struct merkle_proof *proof)
{
    struct str line;
    for (proof->n = 0;; proof->n++) {
        size_t at = proof->n + 4;
        if (!str_cut(*text, '\n', &line, text))
            return err_at(ERR_INPUT, note_line(at), "no empty line and no checkpoint");
        if (line.len == 0)
            return OK;
        if (proof->n == MERKLE_PROOF_MAX)
            return err_at(ERR_LIMIT, note_line(at), "a proof of more than 64 hashes");
        if (!receipt_node_parse(line, &proof->at[proof->n]))
            return err_at(ERR_INPUT, note_line(at), "expected canonical base64 of 32 bytes");
    }
}

bool tlog_proof_is(struct str text)
{
    size_t len = sizeof FIRST_LINE - 1;
    return text.len >= len && memcmp(text.at, FIRST_LINE, len) == 0;
}

struct err tlog_proof_read(struct arena *arena, struct str text, struct receipt *r)
{
    struct str rest = text, value;
    ENSURE(text.len <= 2 * RECEIPT_BYTES_MAX, ERR_LIMIT, "a proof of more than 64 MiB");
    if (!line_take(&rest, FIRST_LINE, &value) || value.len > 0)
        return err_at(ERR_INPUT, note_line(1), "expected \"" FIRST_LINE "\"");
    if (!line_take(&rest, "extra ", &value))
        return err_at(ERR_INPUT, note_line(2), "expected \"extra\" with the event");
    TRY(extra_read(arena, value, r));
    if (!line_take(&rest, "index ", &value) || !note_number_parse(value, &r->index) ||
        r->index > RECEIPT_INDEX_MAX)
        return err_at(ERR_INPUT, note_line(3), "expected \"index\" and a number below 2^53");
    TRY(hashes_read(&rest, &r->proof));
    if (rest.len == 0 || !utf8_valid(rest.at, rest.len) || memchr(rest.at, 0, rest.len) != NULL)
        return err_at(ERR_INPUT, note_line(r->proof.n + 5), "the checkpoint is no text");
    char *copy = arena_dup(arena, rest.at, rest.len);
    r->checkpoint = (struct str){copy, rest.len};
    return arena_check(arena);
}

static void extra_print(const struct receipt *r, struct buf *out)
{
    CLEANUP(jw_fini) struct jw w;
    struct str json = {NULL, 0};
    char hex[2 * SHA256_LEN + 1];
    hex_print(r->hash_prev, SHA256_LEN, hex);
    jw_init(&w, RECEIPT_BYTES_MAX);
    jw_obj(&w);
    jw_str(&w, "event", r->event);
    jw_text(&w, "hash_prev", hex);
    jw_end(&w);
    if (jw_done(&w, &json).kind != ERR_NONE) {
        out->failed = true;
        return;
    }
    char *at = buf_room(out, BASE64_SIZE(json.len));
    if (at == NULL)
        return;
    base64_print(json.at, json.len, at);
    buf_grow(out, BASE64_SIZE(json.len) - 1);
}

void tlog_proof_print(const struct receipt *r, struct buf *out)
{
    char base64[BASE64_SIZE(MERKLE_HASH_LEN)];
    buf_puts(out, FIRST_LINE "\nextra ");
    extra_print(r, out);
    buf_puts(out, "\nindex ");
    buf_puti(out, (int64_t)r->index);
    buf_putc(out, '\n');
    for (size_t i = 0; i < r->proof.n; i++) {
        base64_print(r->proof.at[i].at, MERKLE_HASH_LEN, base64);
        buf_puts(out, base64);
        buf_putc(out, '\n');
    }
    buf_putc(out, '\n');
    buf_put(out, r->checkpoint.at, r->checkpoint.len);
}
