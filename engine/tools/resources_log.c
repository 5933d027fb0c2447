/* recon://audit/keys and recon://audit/consistency/{from}/{to}: which keys have signed the log's
 * heads, by their own statements, and the proof that one head continues another. With
 * recon://audit/checkpoint they are all that somebody needs to follow the log from outside; they
 * tell of keys, sizes and hashes, and of no event. */
#include "common/verify/consistency.h"
#include "engine/store/log_keys.h"
#include "engine/store/tree.h"
#include "engine/tools/resources_own.h"

/* The file that `keys export --chain` writes, too. An empty list: the book has no key. */
struct err log_keys_read(struct call *c, struct tx *tx, const char *id)
{
    (void)id;
    return log_keys_chain(tx, c->arena, &c->result);
}

/* Any two sizes up to the last signed head's: which of them were signed is the asker's business. */
struct err log_consistency_read(struct call *c, struct tx *tx, const char *sizes)
{
    struct consistency proof = {.from = 0};
    struct tree_head head;
    struct str from, to;
    ENSURE(str_cut(str_of(sizes), '/', &from, &to) && note_number_parse(from, &proof.from) &&
               note_number_parse(to, &proof.to) && proof.from > 0 && proof.from <= proof.to,
           ERR_MISSING, "two sizes of the log are expected, the smaller first");
    TRY(head_latest(tx, c->arena, &head));
    ENSURE(proof.to <= head.size, ERR_MISSING, "no signed head has so many events");
    TRY(merkle_consistency(proof.from, proof.to, tree_node, tx, &proof.proof));
    c->result = consistency_print(c->arena, &proof);
    return arena_check(c->arena);
}
