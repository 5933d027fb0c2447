/* same_ask_same_verdict: a subspace walked twice, once before and once after everything else, so
 * that a gate which remembers, counts or looks at where a fact stands is found out. Some of its
 * points are written down as gate_input and read back first: what replays an audit event is the
 * same ask. */
#include "engine/gate/proof_own.h"

enum { WRITTEN_EVERY = 32, SCRATCH_BYTES = 4 << 20 };

static uint32_t text_hash(uint32_t h, const char *text)
{
    for (const char *c = text == NULL ? "" : text; *c != '\0'; c++)
        h = (h ^ (unsigned char)*c) * UINT32_C(16777619);
    return (h ^ 0xff) * UINT32_C(16777619);
}

static uint32_t verdict_hash(const struct verdict *v)
{
    uint32_t h = UINT32_C(2166136261) ^ (uint32_t)(v->ruling * 64 + v->reason);
    return text_hash(text_hash(text_hash(h, v->row), v->clause), v->pointer);
}

/* Not everything can be written down: a number past the last has no name, and less than none is no
 * number of items. */
static bool has_names(const struct ask *a)
{
    return a->actor_kind <= ACTOR_ENGINE && a->actor_kind != ACTOR_NONE &&
           a->action > ACTION_NONE && a->action < ACTION_COUNT && a->tier <= TIER_T3 &&
           a->channel <= CHANNEL_CLI && a->bulk_n >= 0;
}

/* The ask as an audit event would keep it and a replay would read it. */
static struct err written_and_read(struct arena *scratch, const struct ask *ask, struct ask *read)
{
    arena_reset(scratch);
    struct json *tree = ask_print(scratch, ask);
    TRY(arena_check(scratch));
    return ask_read(scratch, tree, read);
}

struct err proof_again_begin(struct again *again, struct arena *arena, size_t points)
{
    *again = (struct again){.n = points};
    again->first = ARENA_ARRAY(arena, points, uint32_t);
    return arena_check(arena);
}

void proof_again_first(struct again *again, size_t i, const struct verdict *v)
{
    if (i < again->n)
        again->first[i] = verdict_hash(v);
}

struct err proof_again_holds(struct again *again, size_t i, struct walk *w, const char **problem)
{
    struct ask read;
    *problem = NULL;
    if (i >= again->n || again->first[i] != verdict_hash(&w->verdict))
        *problem = "the same ask got two verdicts";
    if (*problem != NULL || i % WRITTEN_EVERY != 0 || !has_names(&w->ask))
        return OK;
    if (again->scratch == NULL)
        again->scratch = arena_new(SCRATCH_BYTES);
    ENSURE(again->scratch != NULL, ERR_LIMIT, "out of memory");
    TRY(written_and_read(again->scratch, &w->ask, &read));
    struct verdict v = walk_decide(w, w->policy, &read);
    if (verdict_hash(&v) != again->first[i])
        *problem = "written down and read back, the ask got another verdict";
    return OK;
}

void proof_again_end(struct again *again)
{
    arena_free(again->scratch);
    again->scratch = NULL;
}
