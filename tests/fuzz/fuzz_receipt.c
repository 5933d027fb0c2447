/* Any bytes as a receipt, as a tlog-proof, as a consistency proof: refused, or read so that what is
 * printed is read as the same; and no key that was not asked makes it hold. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/json_write.h"
#include "common/verify/check.h"
#include "common/verify/consistency.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct receipt *a, const struct receipt *b)
{
    return str_eq(a->event, b->event) && str_eq(a->checkpoint, b->checkpoint) &&
           a->index == b->index && memcmp(a->hash_prev, b->hash_prev, SHA256_LEN) == 0 &&
           a->proof.n == b->proof.n &&
           memcmp(a->proof.at, b->proof.at, a->proof.n * sizeof a->proof.at[0]) == 0;
}

static void printed_is_read_again(struct arena *arena, const struct receipt *r)
{
    CLEANUP(jw_fini) struct jw w;
    CLEANUP(buf_fini) struct buf proof;
    struct str json;
    struct receipt again;
    jw_init(&w, RECEIPT_BYTES_MAX);
    buf_init(&proof, 2 * RECEIPT_BYTES_MAX);
    jw_tree(&w, NULL, receipt_print(arena, r));
    INVARIANT(jw_done(&w, &json).kind == ERR_NONE);
    INVARIANT(receipt_read(arena, json, &again).kind == ERR_NONE && same(r, &again));
    tlog_proof_print(r, &proof);
    INVARIANT(tlog_proof_read(arena, buf_str(&proof), &again).kind == ERR_NONE && same(r, &again));
}

static void holds_for_nobody(struct arena *arena, const struct receipt *r)
{
    struct trust trust;
    struct report report;
    trust_init(&trust, arena);
    report_init(&report, arena, "fuzz");
    INVARIANT(trust_give(&trust, "PeterNeumann+c74f20a3+"
                                 "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
                  .kind == ERR_NONE);
    INVARIANT(!check_receipt(r, &trust, &report) && report.failed != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 30);
    struct str bytes = {.at = (const char *)data, .len = size};
    struct receipt r;
    struct consistency c;
    (void)consistency_read(arena, bytes, &c).kind;
    if (receipt_read(arena, bytes, &r).kind != ERR_NONE &&
        tlog_proof_read(arena, bytes, &r).kind != ERR_NONE)
        return 0;
    printed_is_read_again(arena, &r);
    holds_for_nobody(arena, &r);
    return 0;
}
