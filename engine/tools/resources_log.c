/* recon://audit/keys and recon://audit/consistency/{from}/{to}: which keys have signed the log's
 * heads, by their own statements, and the proof that one head continues another. With
 * recon://audit/checkpoint they are all that somebody needs to follow the log from outside; they
 * tell of keys, sizes and hashes, and of no event. */
#include "common/sys/log_key.h"
#include "common/verify/consistency.h"
#include "engine/store/log_keys.h"
#include "engine/store/tree.h"
#include "engine/tools/resources_own.h"

/* The file that `keys export --chain` writes, too. An empty list: the book has no key. */
struct err log_keys_read(struct call *c, struct tx *tx, const char *id)
{
    struct json *o = json_object_new(c->arena), *list = json_array_new(c->arena);
    struct log_key_event *rows;
    size_t n;
    (void)id;
    TRY(log_keys_list(tx, c->arena, &rows, &n));
    for (size_t i = 0; i < n; i++)
        json_push(c->arena, list, json_text_new(c->arena, rows[i].note));
    json_put_text(c->arena, o, "format", LOG_KEY_CHAIN_FORMAT);
    json_put(c->arena, o, "statements", list);
    c->result = o;
    return arena_check(c->arena);
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
