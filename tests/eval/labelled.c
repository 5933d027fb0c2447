/* Reads a labelled problem. Amounts are decimal text, quoted or bare; never a double. */
#include "tests/eval/labelled.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/civil.h"
#include "common/base/money.h"
#include "common/sys/json_read.h"

static int text_cmp(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *ids_text(struct arena *arena, const char **ids, size_t n)
{
    qsort(ids, n, sizeof *ids, text_cmp);
    size_t len = 1;
    for (size_t i = 0; i < n; i++)
        len += strlen(ids[i]) + 1;
    char *text = arena_alloc(arena, len), *at = text;
    for (size_t i = 0; text != NULL && i < n; i++) {
        size_t id_len = strlen(ids[i]);
        memcpy(at, ids[i], id_len);
        at[id_len] = '|';
        at += id_len + 1;
    }
    return text;
}

static struct err file_read(struct arena *arena, const char *path, struct str *bytes)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return err_at(ERR_MISSING, path, "cannot open the file");
    size_t cap = (size_t)64 << 20;
    char *at = malloc(cap);
    size_t len = at == NULL ? 0 : fread(at, 1, cap, f);
    (void)fclose(f);
    bytes->at = at == NULL ? NULL : arena_dup(arena, at, len);
    bytes->len = len;
    free(at);
    return arena_check(arena);
}

static struct err entry_read(const struct json *row, enum recon_side side, struct recon_entry *e)
{
    struct date date;
    struct money amount;
    const struct json *number = json_get(row, "amount");
    e->id = json_get_text(row, "id");
    e->text = json_get_text(row, "description");
    e->reference = json_get_text(row, "ref");
    e->key = json_get_text(row, "key");
    e->side = side;
    memcpy(e->cur, "USD", 4);
    const char *day = json_get_text(row, "date");
    ENSURE(e->id != NULL && day != NULL && number != NULL, ERR_INPUT,
           "an entry lacks id, date or amount");
    TRY(err_in(date_parse(day, &date), e->id));
    TRY(err_in(money_parse(number->text.at, "USD", &amount), e->id));
    e->day = date.days;
    e->amount_minor = amount.minor;
    return OK;
}

/* The ids a truth row names, in whichever members it has. */
static size_t ids_of(const struct json *row, const char **ids, size_t max)
{
    static const char *const members[] = {"bank_id", "gl_id", "bank_ids", "gl_ids"};
    size_t n = 0;
    for (size_t m = 0; m < 4; m++) {
        const struct json *v = json_get(row, members[m]);
        if (json_is(v, JSON_TYPE_TEXT) && n < max)
            ids[n++] = json_text(v);
        for (size_t i = 0; json_is(v, JSON_TYPE_ARRAY) && i < v->count && n < max; i++)
            ids[n++] = json_text(v->items[i]);
    }
    return n;
}

static void truth_read(struct arena *arena, const struct json *list, enum label label,
                       struct labelled *set)
{
    const char *ids[256];
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        size_t n = ids_of(list->items[i], ids, 256);
        set->truth[label][set->truth_n[label]++] = ids_text(arena, ids, n);
    }
    if (set->truth_n[label] > 0)
        qsort(set->truth[label], set->truth_n[label], sizeof(char *), text_cmp);
}

struct err labelled_read(struct arena *arena, const char *path, struct labelled *set)
{
    static const struct {
        const char *member;
        enum label label;
    } lists[] = {{"matches_1to1", LABEL_PAIR},
                 {"matches_many_to_one", LABEL_GROUP},
                 {"matches_one_to_many", LABEL_GROUP},
                 {"matches_amount_mismatch", LABEL_MISMATCH},
                 {"offsetting_gl_pairs", LABEL_OFFSET}};
    struct str bytes;
    struct json *tree = NULL;
    const struct json_limits limits = {.bytes_max = (size_t)64 << 20, .nodes_max = 4000000};
    *set = (struct labelled){0};
    TRY(file_read(arena, path, &bytes));
    TRY(err_in(json_read(arena, bytes, &limits, &tree), path));
    const struct json *bank = json_get(tree, "bank_transactions"),
                      *book = json_get(tree, "gl_entries"), *truth = json_get(tree, "ground_truth");
    ENSURE(bank != NULL && book != NULL && truth != NULL, ERR_INPUT, "not a labelled problem");
    size_t most = bank->count + book->count;
    set->entries = ARENA_ARRAY(arena, most + 1, struct recon_entry);
    for (size_t i = 0; i < LABELS; i++)
        set->truth[i] = ARENA_ARRAY(arena, most + 1, const char *);
    TRY(arena_check(arena));
    for (size_t i = 0; i < bank->count; i++)
        TRY(entry_read(bank->items[i], RECON_BANK, &set->entries[set->n++]));
    for (size_t i = 0; i < book->count; i++)
        TRY(entry_read(book->items[i], RECON_BOOK, &set->entries[set->n++]));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        truth_read(arena, json_get(truth, lists[i].member), lists[i].label, set);
    const struct json *left = json_get(truth, "unmatched_bank"),
                      *open = json_get(truth, "unmatched_gl");
    set->unmatched_n = (left == NULL ? 0 : left->count) + (open == NULL ? 0 : open->count);
    return arena_check(arena);
}
