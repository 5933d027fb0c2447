/* Bodies of add-checkpoint: an old size, proof lines, an empty line, a checkpoint. */
#include "common/sys/witness_ask.h"

#include <inttypes.h>

static const char *const proof_lines[] = {"line 2", "a proof line"};

static struct err proof_add(struct witness_ask *ask, struct str line)
{
    const char *where = proof_lines[ask->proof.n > 0];
    size_t len = 0;
    if (ask->proof.n == WITNESS_PROOF_MAX)
        return err_at(ERR_INPUT, where, "there are more than 63 proof lines");
    struct merkle_hash *hash = &ask->proof.at[ask->proof.n++];
    if (!base64_parse(line, hash->at, sizeof hash->at, &len) || len != sizeof hash->at)
        return err_at(ERR_INPUT, where, "expected the base64 of a hash");
    return OK;
}

struct err witness_ask_read(struct str body, struct witness_ask *ask)
{
    struct str line, rest = body, word, number;
    *ask = (struct witness_ask){.old = 0};
    ENSURE(body.len <= WITNESS_ASK_MAX, ERR_LIMIT, "the request is too long");
    if (!str_cut(rest, '\n', &line, &rest) || !str_cut(line, ' ', &word, &number) ||
        !str_is(word, "old") || !note_number_parse(number, &ask->old))
        return err_at(ERR_INPUT, "line 1", "expected old and the last cosigned size");
    for (;;) {
        if (!str_cut(rest, '\n', &line, &rest))
            return err_at(ERR_INPUT, "the proof", "expected an empty line behind it");
        if (line.len == 0)
            break;
        TRY(proof_add(ask, line));
    }
    ask->checkpoint = rest;
    return OK;
}

void witness_ask_print(const struct witness_ask *ask, struct buf *out)
{
    buf_putf(out, "old %" PRIu64 "\n", ask->old);
    for (size_t i = 0; i < ask->proof.n; i++) {
        char text[BASE64_SIZE(MERKLE_HASH_LEN)];
        base64_print(ask->proof.at[i].at, MERKLE_HASH_LEN, text);
        buf_putf(out, "%s\n", text);
    }
    buf_putc(out, '\n');
    buf_put(out, ask->checkpoint.at, ask->checkpoint.len);
}

struct err witness_size_read(struct str body, uint64_t *size)
{
    struct str line, rest;
    ENSURE(str_cut(body, '\n', &line, &rest) && rest.len == 0 && note_number_parse(line, size),
           ERR_INPUT, "expected a size and a line end");
    return OK;
}

/* Three digits a step, all but the last behind an x. */
static void index_print(uint64_t n, struct buf *out)
{
    unsigned steps[8];
    size_t count = 0;
    do {
        steps[count++] = (unsigned)(n % 1000);
        n /= 1000;
    } while (n > 0 && count < sizeof steps / sizeof steps[0]);
    while (count > 1)
        buf_putf(out, "x%03u/", steps[--count]);
    buf_putf(out, "%03u", steps[0]);
}

void tile_path_print(unsigned level, uint64_t n, size_t width, struct buf *out)
{
    buf_putf(out, "/tile/%u/", level);
    index_print(n, out);
    if (width < 256)
        buf_putf(out, ".p/%zu", width);
}
