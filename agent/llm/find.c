/* A list of spans. */
#include "agent/llm/find.h"

#include <stdlib.h>

void spans_fini(struct spans *s)
{
    free(s->at);
    *s = (struct spans){.n = 0};
}

void spans_add(struct spans *s, size_t first, size_t end)
{
    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? 16 : s->cap * 2;
        struct span *at = s->failed ? NULL : realloc(s->at, cap * sizeof *at);
        if (at == NULL) {
            s->failed = true;
            return;
        }
        s->at = at;
        s->cap = cap;
    }
    s->at[s->n++] = (struct span){first, end};
}

static int in_order(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end ? 1 : 0;
}

void spans_settle(struct spans *s)
{
    if (s->n < 2)
        return;
    qsort(s->at, s->n, sizeof *s->at, in_order);
    size_t kept = 1;
    for (size_t i = 1; i < s->n; i++) {
        struct span *last = &s->at[kept - 1];
        if (s->at[i].first >= last->end)
            s->at[kept++] = s->at[i];
        else if (s->at[i].end > last->end)
            last->end = s->at[i].end;
    }
    s->n = kept;
}
