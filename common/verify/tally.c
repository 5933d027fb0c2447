/* A population's figures as its rows go by. */
#include <stdlib.h>
#include <string.h>

#include "common/verify/population.h"

static struct err tally_of(struct tallies *t, const char *control, struct tally **tally)
{
    for (size_t i = 0; i < t->n; i++) {
        if (text_eq(t->at[i].control, control)) {
            *tally = &t->at[i];
            return OK;
        }
    }
    t->at = arena_grow(t->arena, t->at, t->n, &t->cap, sizeof *t->at);
    ENSURE(t->at != NULL, ERR_LIMIT, "out of memory");
    t->at[t->n] = (struct tally){.control = arena_strdup(t->arena, control)};
    *tally = &t->at[t->n++];
    return arena_check(t->arena);
}

static struct err sum_of(struct tallies *t, struct tally *tally, const struct population_row *row,
                         struct tally_sum **sum)
{
    for (size_t i = 0; i < tally->sums_n; i++) {
        *sum = &tally->sums[i];
        if (text_eq((*sum)->decision, row->decision) && strcmp((*sum)->cur, row->item.cur) == 0)
            return OK;
    }
    tally->sums =
        arena_grow(t->arena, tally->sums, tally->sums_n, &tally->sums_cap, sizeof *tally->sums);
    ENSURE(tally->sums != NULL, ERR_LIMIT, "out of memory");
    *sum = &tally->sums[tally->sums_n++];
    **sum = (struct tally_sum){.decision = arena_strdup(t->arena, row->decision)};
    memcpy((*sum)->cur, row->item.cur, sizeof(*sum)->cur);
    return arena_check(t->arena);
}

struct err tally_add(struct tallies *t, const struct population_row *row, struct tally **out)
{
    struct tally *tally;
    struct tally_sum *sum;
    TRY(tally_of(t, row->control, &tally));
    TRY(sum_of(t, tally, row, &sum));
    tally->items =
        arena_grow(t->arena, tally->items, tally->items_n, &tally->items_cap, sizeof *tally->items);
    ENSURE(tally->items != NULL, ERR_LIMIT, "the period has more decisions than one bundle takes");
    tally->items[tally->items_n++] = row->item;
    tally->first_seq = tally->count == 0 ? row->seq : tally->first_seq;
    tally->last_seq = row->seq;
    tally->count++;
    sum->count++;
    sum->minor += row->item.minor;
    *out = tally;
    return OK;
}

static int by_control(const void *a, const void *b)
{
    const struct tally *one = a, *other = b;
    return strcmp(one->control, other->control);
}

static int by_decision(const void *a, const void *b)
{
    const struct tally_sum *one = a, *other = b;
    const int order = strcmp(one->decision, other->decision);
    return order != 0 ? order : strcmp(one->cur, other->cur);
}

void tallies_sort(struct tallies *t)
{
    if (t->n > 1)
        qsort(t->at, t->n, sizeof *t->at, by_control);
    for (size_t i = 0; i < t->n; i++)
        qsort(t->at[i].sums, t->at[i].sums_n, sizeof *t->at[i].sums, by_decision);
}

struct json *tally_print(struct arena *arena, const struct tally *tally)
{
    struct json *o = json_object_new(arena), *sums = json_array_new(arena);
    json_put_text(arena, o, "control", tally->control);
    json_put_int(arena, o, "count", tally->count);
    json_put_int(arena, o, "first_seq", tally->first_seq);
    json_put_int(arena, o, "last_seq", tally->last_seq);
    for (size_t i = 0; i < tally->sums_n; i++) {
        const struct tally_sum *s = &tally->sums[i];
        struct json *one = json_object_new(arena);
        json_put_text(arena, one, "decision", s->decision);
        json_put_int(arena, one, "count", s->count);
        if (s->cur[0] != '\0') {
            json_put_text(arena, one, "currency", s->cur);
            json_put_text(arena, one, "amount", minor_text(arena, s->minor, s->cur));
        }
        json_push(arena, sums, one);
    }
    json_put(arena, o, "sums", sums);
    return o;
}
