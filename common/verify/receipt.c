/* Receipts as JSON: the table of members, and what the binder cannot say. */
#include "common/verify/receipt.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "common/verify/receipt_own.h"

struct receipt_json {
    const char *format, *event, *hash_prev, *checkpoint;
    const char **proof;
    size_t proof_n;
    int64_t index;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct receipt_json, format, .required = true, .max = 64),
    JSON_TEXT(struct receipt_json, event, .required = true),
    JSON_TEXT(struct receipt_json, hash_prev, .required = true, .max = 64),
    JSON_INT(struct receipt_json, index, .required = true, .max = RECEIPT_INDEX_MAX),
    JSON_TEXTS(struct receipt_json, proof, proof_n, .required = true, .max = MERKLE_PROOF_MAX),
    JSON_TEXT(struct receipt_json, checkpoint, .required = true),
};

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool receipt_hash_parse(struct str hex, uint8_t out[SHA256_LEN])
{
    if (hex.len != 2 * SHA256_LEN)
        return false;
    for (size_t i = 0; i < SHA256_LEN; i++) {
        int high = digit_value(hex.at[2 * i]), low = digit_value(hex.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool receipt_node_parse(struct str base64, struct merkle_hash *out)
{
    size_t len = 0;
    return base64_parse(base64, out->at, sizeof out->at, &len) && len == sizeof out->at;
}

struct err receipt_proof_bind(struct arena *arena, const char *const *base64, size_t n,
                              struct merkle_proof *proof)
{
    ENSURE(n <= MERKLE_PROOF_MAX, ERR_LIMIT, "a proof of more than 64 hashes");
    for (proof->n = 0; proof->n < n; proof->n++) {
        if (!receipt_node_parse(str_of(base64[proof->n]), &proof->at[proof->n]))
            return err_fmt(arena, ERR_INPUT, arena_fmt(arena, "/proof/%zu", proof->n),
                           "expected canonical base64 of 32 bytes");
    }
    return OK;
}

struct json *receipt_proof_print(struct arena *arena, const struct merkle_proof *proof)
{
    char base64[BASE64_SIZE(MERKLE_HASH_LEN)];
    struct json *list = json_array_new(arena);
    for (size_t i = 0; i < proof->n; i++) {
        base64_print(proof->at[i].at, MERKLE_HASH_LEN, base64);
        json_push(arena, list, json_text_new(arena, base64));
    }
    return list;
}

struct err receipt_bind(struct arena *arena, const struct json *tree, struct receipt *r)
{
    struct receipt_json j;
    TRY(json_bind(arena, JSON_FIELDS(fields), tree, &j));
    if (strcmp(j.format, RECEIPT_FORMAT) != 0)
        return err_at(ERR_INPUT, "/format", "expected \"" RECEIPT_FORMAT "\"");
    if (!receipt_hash_parse(str_of(j.hash_prev), r->hash_prev))
        return err_at(ERR_INPUT, "/hash_prev", "expected 64 lower-case hex digits");
    TRY(receipt_proof_bind(arena, j.proof, j.proof_n, &r->proof));
    r->event = str_of(j.event);
    r->index = (uint64_t)j.index;
    r->checkpoint = str_of(j.checkpoint);
    return OK;
}

struct err receipt_read(struct arena *arena, struct str json, struct receipt *r)
{
    static const struct json_limits limits = {.bytes_max = RECEIPT_BYTES_MAX};
    struct json *tree = NULL;
    TRY(json_read(arena, json, &limits, &tree));
    return receipt_bind(arena, tree, r);
}

struct json *receipt_print(struct arena *arena, const struct receipt *r)
{
    char hex[2 * SHA256_LEN + 1];
    struct json *tree = json_object_new(arena);
    hex_print(r->hash_prev, SHA256_LEN, hex);
    json_put_text(arena, tree, "format", RECEIPT_FORMAT);
    json_put(arena, tree, "event", json_str_new(arena, r->event));
    json_put_text(arena, tree, "hash_prev", hex);
    json_put_int(arena, tree, "index", (int64_t)r->index);
    json_put(arena, tree, "proof", receipt_proof_print(arena, &r->proof));
    json_put(arena, tree, "checkpoint", json_str_new(arena, r->checkpoint));
    return arena_full(arena) ? NULL : tree;
}

static void quoted_byte(struct buf *out, char c)
{
    static const char *const short_[] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f",
        ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\"};
    const unsigned char at = (unsigned char)c;
    if (at < sizeof short_ / sizeof short_[0] && short_[at] != NULL)
        buf_puts(out, short_[at]);
    else
        buf_putf(out, "\\u%04X", at);
}

/* Runs of what needs no escape are copied whole. */
static void quoted_put(struct buf *out, struct str text)
{
    size_t run = 0;
    buf_putc(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.at[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(out, text.at + run, i - run);
        quoted_byte(out, text.at[i]);
        run = i + 1;
    }
    buf_put(out, text.at + run, text.len - run);
    buf_putc(out, '"');
}

void receipt_put(const struct receipt *r, struct buf *out)
{
    char hex[2 * SHA256_LEN + 1], base64[BASE64_SIZE(MERKLE_HASH_LEN)];
    buf_puts(out, "{\"format\":\"" RECEIPT_FORMAT "\",\"event\":");
    quoted_put(out, r->event);
    hex_print(r->hash_prev, SHA256_LEN, hex);
    buf_puts(out, ",\"hash_prev\":\"");
    buf_puts(out, hex);
    buf_puts(out, "\",\"index\":");
    buf_puti(out, (int64_t)r->index);
    buf_puts(out, ",\"proof\":[");
    for (size_t i = 0; i < r->proof.n; i++) {
        base64_print(r->proof.at[i].at, MERKLE_HASH_LEN, base64);
        buf_puts(out, i == 0 ? "\"" : ",\"");
        buf_puts(out, base64);
        buf_putc(out, '"');
    }
    buf_puts(out, "],\"checkpoint\":");
    quoted_put(out, r->checkpoint);
    buf_putc(out, '}');
}

void receipt_leaf_data(const struct receipt *r, uint8_t hash_self[SHA256_LEN])
{
    struct sha256 h;
    sha256_begin(&h);
    sha256_add(&h, r->hash_prev, sizeof r->hash_prev);
    sha256_add(&h, r->event.at, r->event.len);
    sha256_end(&h, hash_self);
}
