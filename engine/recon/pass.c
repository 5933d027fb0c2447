/* The pass: checks its input, sorts it, runs the rules in their order, and accounts for every row.
 */
#include "engine/recon/internal.h"

#include <stdlib.h>

#include "common/base/invariant.h"

struct result_box {
    struct recon_result result; /* first: recon_result_free gets its address */
    struct arena *arena;
};

static struct err entries_check(const struct recon_entry *entries, size_t n)
{
    ENSURE(n < (size_t)1 << 31, ERR_LIMIT, "more than 2^31 entries in one pass");
    for (size_t i = 0; i < n; i++) {
        const struct recon_entry *e = &entries[i];
        ENSURE(e->id != NULL && e->id[0] != '\0', ERR_INPUT, "an entry has no id");
        if (e->side != RECON_BANK && e->side != RECON_BOOK)
            return err_at(ERR_INPUT, e->id, "an entry is of neither side");
    }
    return OK;
}

static uint64_t id_hash(const struct recon_entry *e)
{
    return hash_bytes(e->id, strlen(e->id)) + (uint64_t)e->side;
}

#define AHEAD 16u /* how many ids are hashed before their slots are looked at */

/* Open addressing over all ids: a twice used one is a mistake upstream. */
static struct err ids_check(const struct recon_entry *entries, size_t n, size_t bytes_max)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new(bytes_max);
    ENSURE(scratch != NULL, ERR_LIMIT, "no memory to check the ids");
    size_t slots = 16;
    while (slots < 2 * n)
        slots *= 2;
    uint64_t *slot = ARENA_ARRAY(scratch, slots, uint64_t); /* hash's top half, index + 1 */
    TRY(arena_check(scratch));
    uint64_t hashes[AHEAD] = {0};
    for (size_t next = 0; next < n + AHEAD; next++) {
        size_t i = next - AHEAD;
        uint64_t h = hashes[next % AHEAD];
        if (next < n) {
            hashes[next % AHEAD] = id_hash(&entries[next]);
            __builtin_prefetch(&slot[hashes[next % AHEAD] & (slots - 1)]);
        }
        if (next < AHEAD)
            continue;
        size_t at = h & (slots - 1);
        for (; slot[at] != 0; at = (at + 1) & (slots - 1)) {
            const struct recon_entry *o = &entries[(slot[at] & UINT32_MAX) - 1];
            if (slot[at] >> 32 == h >> 32 && o->side == entries[i].side &&
                strcmp(o->id, entries[i].id) == 0)
                return err_at(ERR_INPUT, o->id, "an id is used twice on one side");
        }
        slot[at] = h >> 32 << 32 | (i + 1);
    }
    return OK;
}

static struct err pass_prepare(struct pass *p)
{
    words_init(&p->words);
    TRY(rows_build(p));
    TRY(vocab_build(p));
    p->link = ARENA_ARRAY(p->arena, p->n + 1, uint32_t);
    p->matches = ARENA_ARRAY(p->results, p->n / 2 + 1, struct recon_match);
    p->legs = ARENA_ARRAY(p->results, p->n + 1, uint32_t);
    TRY(arena_check(p->results));
    return arena_check(p->arena);
}

/* Indexes what is left of both sides; by date only where a plain deposit will ask for it. */
static struct err pass_index(struct pass *p)
{
    bool dated[2] = {false, false};
    for (size_t i = 0; i < p->n; i++) {
        const struct row *r = &p->rows[i];
        if (r->state == ROW_FREE && (r->hints & HINT_DEPOSIT) != 0)
            dated[r->side == RECON_BANK ? RECON_BOOK : RECON_BANK] = true;
    }
    TRY(index_build(p, RECON_BANK, dated[RECON_BANK], &p->index[RECON_BANK]));
    return index_build(p, RECON_BOOK, dated[RECON_BOOK], &p->index[RECON_BOOK]);
}

static struct err pass_run(struct pass *p, struct recon_result *result)
{
    TRY(pass_prepare(p));
    TRY(pass_housekeeping(p));
    TRY(pass_keyed(p));
    TRY(pass_learned(p));
    TRY(pass_exact(p));
    TRY(pass_index(p));
    TRY(pass_grouped(p));
    TRY(pass_tolerance(p));
    TRY(pass_fuzzy(p));
    TRY(pass_exceptions(p, result));
    TRY(pass_order(p, result));
    result->matches = p->matches;
    result->matches_n = p->matches_n;
    result->legs = p->legs;
    result->legs_n = p->legs_n;
    INVARIANT(result->legs_n + result->exceptions_n == p->n);
    return OK;
}

struct err recon_pass(const struct recon_entry *entries, size_t n,
                      const struct recon_params *params, struct recon_result **out)
{
    *out = NULL;
    TRY(recon_params_check(params));
    TRY(entries_check(entries, n));
    TRY(ids_check(entries, n, params->bytes_max));
    struct result_box *box = calloc(1, sizeof *box);
    ENSURE(box != NULL, ERR_LIMIT, "no memory for a result");
    CLEANUP(recon_result_free) struct recon_result *result = &box->result;
    CLEANUP(arena_free) struct arena *arena = arena_new(params->bytes_max);
    box->arena = arena_new(params->bytes_max);
    ENSURE(arena != NULL && box->arena != NULL, ERR_LIMIT, "no memory for a pass");
    struct pass p = {
        .params = params, .entries = entries, .n = n, .arena = arena, .results = box->arena};
    *result = (struct recon_result){.entries = entries,
                                    .entries_n = n,
                                    .params_version = params->version,
                                    .high_min = params->high_min};
    TRY(pass_run(&p, result));
    result->bytes_peak = arena_used(arena) + arena_used(box->arena);
    *out = result;
    result = NULL;
    return OK;
}

void recon_result_free(struct recon_result *result)
{
    if (result == NULL)
        return;
    struct result_box *box = (struct result_box *)(void *)result;
    arena_free(box->arena);
    free(box);
}
