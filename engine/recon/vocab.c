/* The words the books use for names, by their first five letters. A bank text made of such words
 * names somebody; one made of others ("UBER TRIP") is silent about who it was. */
#include "engine/recon/internal.h"

#define STEM 5u

static uint32_t stem_hash(const char *word, size_t len)
{
    uint32_t h = (uint32_t)hash_bytes(word, len < STEM ? len : STEM);
    return h == 0 ? 1 : h;
}

static struct err vocab_grow(struct pass *p)
{
    struct vocab *v = &p->vocab;
    size_t slots = v->slot == NULL ? 1024 : (v->mask + 1) * 4;
    uint32_t *slot = ARENA_ARRAY(p->arena, slots, uint32_t);
    if (slot == NULL)
        return arena_check(p->arena);
    for (size_t i = 0; v->slot != NULL && i <= v->mask; i++) {
        if (v->slot[i] == 0)
            continue;
        size_t at = v->slot[i] & (slots - 1);
        while (slot[at] != 0)
            at = (at + 1) & (slots - 1);
        slot[at] = v->slot[i];
    }
    v->slot = slot;
    v->mask = slots - 1;
    return OK;
}

static bool vocab_has(const struct vocab *v, uint32_t hash)
{
    for (size_t at = hash & v->mask; v->slot[at] != 0; at = (at + 1) & v->mask) {
        if (v->slot[at] == hash)
            return true;
    }
    return false;
}

static struct err vocab_add(struct pass *p, uint32_t hash)
{
    struct vocab *v = &p->vocab;
    if (vocab_has(v, hash))
        return OK;
    if (v->used * 2 > v->mask)
        TRY(vocab_grow(p));
    size_t at = hash & v->mask;
    while (v->slot[at] != 0)
        at = (at + 1) & v->mask;
    v->slot[at] = hash;
    v->used++;
    return OK;
}

struct err vocab_build(struct pass *p)
{
    TRY(vocab_grow(p));
    for (size_t i = 0; i < p->n; i++) {
        const struct norm *n = p->rows[i].norm;
        if (p->rows[i].side != RECON_BOOK)
            continue;
        for (uint32_t k = 0; k < n->name_n; k++) {
            const struct token *t = &norm_tokens(n)[k];
            if (t->weight >= 3)
                TRY(vocab_add(p, stem_hash(norm_bytes(n) + t->at, t->len)));
        }
    }
    return OK;
}

bool text_known(const struct pass *p, const struct norm *norm)
{
    uint32_t known = 0, total = 0;
    for (uint32_t k = 0; k < norm->name_n; k++) {
        const struct token *t = &norm_tokens(norm)[k];
        total += t->weight;
        if (t->weight >= 3 && vocab_has(&p->vocab, stem_hash(norm_bytes(norm) + t->at, t->len)))
            known += t->weight;
    }
    return known * 10 >= total * 6 && known > 0;
}
