/* C2SP tlog-checkpoint: origin, size, root and, for whoever writes them, extension lines. */
#include "common/sys/note.h"

#include <string.h>

#include "common/sys/note_line.h"

bool note_number_parse(struct str digits, uint64_t *n)
{
    uint64_t value = 0;
    if (digits.len == 0 || (digits.len > 1 && digits.at[0] == '0'))
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9' ||
            __builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(digits.at[i] - '0'), &value))
            return false;
    }
    *n = value;
    return value <= MERKLE_SIZE_MAX;
}

static struct err extra_check(struct str extra)
{
    for (size_t at = 4; extra.len > 0; at++) {
        struct str line;
        if (!str_cut(extra, '\n', &line, &extra))
            return err_at(ERR_INPUT, note_line(at), "no line end at the end of the checkpoint");
        if (line.len == 0)
            return err_at(ERR_INPUT, note_line(at), "an empty line within the checkpoint");
    }
    return OK;
}

struct err checkpoint_parse(struct str note_text, struct checkpoint *out)
{
    struct str rest = note_text, size, root;
    struct merkle_hash empty;
    size_t len = 0;
    if (!str_cut(rest, '\n', &out->origin, &rest) || out->origin.len == 0)
        return err_at(ERR_INPUT, note_line(1), "a checkpoint begins with its log's name");
    if (!str_cut(rest, '\n', &size, &rest) || !note_number_parse(size, &out->size))
        return err_at(ERR_INPUT, note_line(2),
                      "the tree's size is digits without leading zeros, below 2^63");
    if (!str_cut(rest, '\n', &root, &rest) ||
        !base64_parse(root, out->root.at, MERKLE_HASH_LEN, &len) || len != MERKLE_HASH_LEN)
        return err_at(ERR_INPUT, note_line(3), "the root is canonical base64 of 32 bytes");
    merkle_empty(&empty);
    if (out->size == 0 && !merkle_eq(&out->root, &empty))
        return err_at(ERR_INPUT, note_line(3), "not the root of the empty tree");
    out->extra = rest;
    return extra_check(rest);
}

void checkpoint_print(const struct checkpoint *c, struct buf *out)
{
    char root[BASE64_SIZE(MERKLE_HASH_LEN)];
    base64_print(c->root.at, MERKLE_HASH_LEN, root);
    buf_put(out, c->origin.at, c->origin.len);
    buf_putc(out, '\n');
    buf_puti(out, (int64_t)c->size);
    buf_putc(out, '\n');
    buf_puts(out, root);
    buf_putc(out, '\n');
    buf_put(out, c->extra.at, c->extra.len);
}
