/* What ties the period to the signed log: the tree's hashes before it, the checkpoint that covers
 * its last event, the proof that the one grew into the other, and the keys' history. */
#include <inttypes.h>
#include <string.h>

#include "common/verify/consistency.h"
#include "engine/cli/pbc.h"
#include "engine/store/cosignatures.h"
#include "engine/store/log_keys.h"
#include "engine/store/tree.h"

static void hash_text(const struct merkle_hash *h, char out[BASE64_SIZE(MERKLE_HASH_LEN)])
{
    base64_print(h->at, sizeof h->at, out);
}

/* The complete subtrees that the events before the period make, the largest first. */
static struct err before_print(struct pbc *p, struct json **out)
{
    const uint64_t size = (uint64_t)p->ask.first - 1;
    uint64_t at = 0;
    *out = json_array_new(p->arena);
    for (unsigned level = 63; level-- > 0;) {
        struct merkle_hash h;
        char text[BASE64_SIZE(MERKLE_HASH_LEN)];
        if ((size >> level & 1) == 0)
            continue;
        TRY(tree_node(&p->book.tx, level, at >> level, &h));
        at += (uint64_t)1 << level;
        hash_text(&h, text);
        json_push(p->arena, *out, json_text_new(p->arena, text));
    }
    return arena_check(p->arena);
}

static struct err signed_print(struct pbc *p, struct tree_head *head, struct json *o)
{
    const uint64_t last = (uint64_t)p->ask.last;
    struct consistency grown = {.from = last, .to = head->size};
    struct merkle_hash root;
    struct json *before, *keys;
    char text[BASE64_SIZE(MERKLE_HASH_LEN)];
    TRY(merkle_root(last, tree_node, &p->book.tx, &root));
    TRY(merkle_consistency(last, head->size, tree_node, &p->book.tx, &grown.proof));
    TRY(before_print(p, &before));
    TRY(log_keys_chain(&p->book.tx, p->arena, &keys));
    TRY(head_cosigned(&p->book.tx, p->arena, head));
    hash_text(&root, text);
    json_put(p->arena, o, "before", before);
    json_put_text(p->arena, o, "root", text);
    json_put(p->arena, o, "checkpoint", json_str_new(p->arena, head->note));
    json_put(p->arena, o, "consistency", consistency_print(p->arena, &grown));
    json_put(p->arena, o, "keys", keys);
    return arena_check(p->arena);
}

/* The first head of the period's end or later that a witness cosigned; without any, the first. */
static struct err head_for(struct pbc *p, struct tree_head *head)
{
    int64_t size;
    TRY(cosigned_covering(&p->book.tx, p->ask.last, &size));
    return size > 0 ? head_of(&p->book.tx, p->arena, (uint64_t)size, head)
                    : head_covering(&p->book.tx, p->arena, (uint64_t)p->ask.last, head);
}

struct err pbc_proof(struct pbc *p)
{
    struct json *o = json_object_new(p->arena);
    struct tree_head head;
    char origin[TREE_ORIGIN_SIZE];
    tree_origin(p->book.store, origin);
    json_put_text(p->arena, o, "format", "closegate-chain-proof/1");
    json_put_text(p->arena, o, "origin", origin);
    json_put_int(p->arena, o, "first_seq", p->ask.first);
    json_put_int(p->arena, o, "last_seq", p->ask.last);
    struct err e = head_for(p, &head);
    json_put_bool(p->arena, o, "signed", e.kind == ERR_NONE);
    if (e.kind == ERR_NONE) {
        p->head_size = head.size;
        TRY(signed_print(p, &head, o));
    } else if (e.kind != ERR_MISSING) {
        return e;
    } else {
        json_put_text(p->arena, o, "why",
                      "nobody has signed this book's log up to the period's end: only its chain of "
                      "hashes can be checked (closegate-engine keys init)");
    }
    TRY(arena_check(p->arena));
    return pbc_json(p, "chain_proof.json", o, NULL);
}
