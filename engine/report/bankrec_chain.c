/* The account's statements as a chain: which stand, which balance counts, where it is broken. */
#include <stdlib.h>
#include <string.h>

#include "engine/report/bankrec.h"

static bool covers(const struct bankrec_statement *a, const struct bankrec_statement *b)
{
    return a->from.days <= b->from.days && a->to.days >= b->to.days;
}

/* A later loaded statement for the same days is the bank's latest word on them. */
static bool stands(const struct bankrec_statement *all, size_t n, const struct bankrec_statement *s)
{
    for (size_t i = 0; i < n; i++) {
        if (covers(&all[i], s) && strcmp(all[i].statement_id, s->statement_id) > 0)
            return false;
    }
    return true;
}

static struct bankrec_anchor closing_of(const struct bankrec_statement *s, enum bankrec_basis basis)
{
    return (struct bankrec_anchor){basis, s->to, s->closing_minor, s->statement_id};
}

static struct bankrec_anchor opening_of(const struct bankrec_statement *s, enum bankrec_basis basis)
{
    const struct date day = {s->from.days - 1};
    return (struct bankrec_anchor){basis, day, s->opening_minor, s->statement_id};
}

struct bankrec_anchor bankrec_bank_anchor(const struct bankrec_statement *statements, size_t n,
                                          struct date day)
{
    const struct bankrec_statement *covering = NULL, *last = NULL, *first = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct bankrec_statement *s = &statements[i];
        if (!stands(statements, n, s))
            continue;
        if (s->from.days <= day.days && day.days <= s->to.days &&
            (covering == NULL || s->from.days > covering->from.days))
            covering = s;
        if (s->to.days < day.days && (last == NULL || s->to.days > last->to.days))
            last = s;
        if (s->from.days > day.days && (first == NULL || s->from.days < first->from.days))
            first = s;
    }
    if (covering != NULL && covering->to.days == day.days)
        return closing_of(covering, BANKREC_COVERED);
    if (covering != NULL)
        return opening_of(covering, BANKREC_COVERED);
    if (last != NULL)
        return closing_of(last, BANKREC_CARRIED);
    return first == NULL ? (struct bankrec_anchor){.basis = BANKREC_MOVEMENT}
                         : opening_of(first, BANKREC_CARRIED);
}

/* ---- what is wrong ---- */

static int by_from(const void *x, const void *y)
{
    const struct bankrec_statement *const *a = x, *const *b = y;
    if ((*a)->from.days != (*b)->from.days)
        return (*a)->from.days < (*b)->from.days ? -1 : 1;
    return strcmp((*a)->statement_id, (*b)->statement_id);
}

/* The standing statement that ends last before `s` begins; NULL when there is none, or when another
 * reaches into its first day's eve, whose balance then is not told. `list` is ordered by its first
 * day. */
static const struct bankrec_statement *before(const struct bankrec_statement *const *list, size_t n,
                                              const struct bankrec_statement *s)
{
    const struct bankrec_statement *found = NULL;
    for (size_t i = 0; i < n && list[i]->from.days < s->from.days; i++) {
        if (list[i]->to.days >= s->from.days)
            return NULL;
        if (found == NULL || list[i]->to.days > found->to.days)
            found = list[i];
    }
    return found;
}

static void break_of(const struct bankrec_statement *const *list, size_t n,
                     const struct bankrec_statement *s, struct bankrec_break *breaks,
                     size_t *breaks_n)
{
    const struct bankrec_statement *last = before(list, n, s);
    int64_t expected;
    if (!s->balanced) {
        if (__builtin_add_overflow(s->opening_minor, s->lines_minor, &expected))
            expected = s->lines_minor < 0 ? INT64_MIN : INT64_MAX;
        breaks[(*breaks_n)++] =
            (struct bankrec_break){BANKREC_BROKEN, s, NULL, expected, s->closing_minor};
    }
    if (last != NULL && last->closing_minor != s->opening_minor)
        breaks[(*breaks_n)++] =
            (struct bankrec_break){BANKREC_GAP, s, last, last->closing_minor, s->opening_minor};
}

struct err bankrec_chain(const struct bankrec_statement *statements, size_t n, struct date day,
                         struct arena *arena, struct bankrec_break **breaks, size_t *breaks_n)
{
    const struct bankrec_statement **list = ARENA_ARRAY(arena, n, const struct bankrec_statement *);
    size_t standing = 0;
    *breaks = ARENA_ARRAY(arena, 2 * n, struct bankrec_break);
    *breaks_n = 0;
    TRY(arena_check(arena));
    for (size_t i = 0; i < n; i++) {
        if (statements[i].from.days <= day.days && stands(statements, n, &statements[i]))
            list[standing++] = &statements[i];
    }
    if (standing > 1)
        qsort(list, standing, sizeof *list, by_from);
    for (size_t i = 0; i < standing; i++)
        break_of(list, standing, list[i], *breaks, breaks_n);
    return OK;
}
