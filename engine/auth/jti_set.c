/* Used assertions as 128 bits of a hash each, in two open-addressed tables that take turns. A full
 * table refuses: forgetting early would let an assertion be used twice. */
#include "engine/auth/jti_set.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"

struct mark {
    uint64_t a, b; /* both 0: free */
};

struct generation {
    struct mark *marks;
    size_t cap, n; /* cap is a power of two */
};

struct jti_set {
    struct generation now, before;
    int64_t keep_s, began_s;
    size_t ids_max;
};

struct jti_set *jti_set_new(int64_t keep_s, size_t ids_max)
{
    struct jti_set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return NULL;
    set->keep_s = keep_s;
    set->ids_max = ids_max;
    return set;
}

void jti_set_free(struct jti_set *set)
{
    if (set == NULL)
        return;
    free(set->now.marks);
    free(set->before.marks);
    free(set);
}

static struct mark mark_of(const char *client, const char *jti)
{
    uint8_t hash[SHA256_LEN];
    struct mark m;
    struct sha256 h;

    sha256_begin(&h);
    sha256_add(&h, client, strlen(client) + 1);
    sha256_add(&h, jti, strlen(jti));
    sha256_end(&h, hash);
    memcpy(&m, hash, sizeof m);
    m.b |= 1; /* never the free mark */
    return m;
}

/* Where `m` is, or the free place where it would go. The table has places. */
static struct mark *place(const struct generation *g, struct mark m)
{
    for (size_t i = (size_t)m.a & (g->cap - 1);; i = (i + 1) & (g->cap - 1)) {
        struct mark *at = &g->marks[i];
        if ((at->a == 0 && at->b == 0) || (at->a == m.a && at->b == m.b))
            return at;
    }
}

static bool has(const struct generation *g, struct mark m)
{
    return g->cap > 0 && place(g, m)->b != 0;
}

static bool grow(struct generation *g)
{
    struct generation wider = {.cap = g->cap == 0 ? 256 : g->cap * 2, .n = g->n};
    wider.marks = calloc(wider.cap, sizeof *wider.marks);
    if (wider.marks == NULL)
        return false;
    for (size_t i = 0; i < g->cap; i++)
        if (g->marks[i].b != 0)
            *place(&wider, g->marks[i]) = g->marks[i];
    free(g->marks);
    *g = wider;
    return true;
}

static void turn(struct jti_set *set, int64_t now_s)
{
    if (now_s - set->began_s < set->keep_s)
        return;
    free(set->before.marks);
    set->before = set->now;
    set->now = (struct generation){0};
    set->began_s = now_s;
}

struct err jti_set_use(struct jti_set *set, const char *client, const char *jti, int64_t now_s)
{
    const struct mark m = mark_of(client, jti);

    turn(set, now_s);
    ENSURE(!has(&set->now, m) && !has(&set->before, m), ERR_CONFLICT,
           "the assertion was used before");
    ENSURE(set->now.n < set->ids_max, ERR_LIMIT, "too many assertions in a minute");
    if (set->now.n * 4 >= set->now.cap * 3)
        ENSURE(grow(&set->now), ERR_LIMIT, "no memory to remember the assertion");
    *place(&set->now, m) = m;
    set->now.n++;
    return OK;
}
