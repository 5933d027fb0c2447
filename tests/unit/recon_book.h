/* A small book for reconciliation tests: entries by the line, the pass over them, and questions
 * about its result by id. */
#ifndef TESTS_UNIT_RECON_BOOK_H
#define TESTS_UNIT_RECON_BOOK_H

#include <string.h>

#include "common/base/arena.h"
#include "engine/recon/pass.h"
#include "tests/unit/test.h"

#define BOOK_MAX 512u
#define DAY0     20000 /* 2024-10-04, a Friday */
#define MONDAY0  20003

struct book {
    struct recon_entry entries[BOOK_MAX];
    size_t n;
    struct recon_params params;
    struct recon_result *result;
};

static inline struct recon_entry *put(struct book *b, enum recon_side side, const char *id,
                                      int32_t day, int64_t amount, const char *text,
                                      const char *reference)
{
    ck_assert_uint_lt(b->n, BOOK_MAX);
    if (b->n == 0 && b->params.version == NULL)
        recon_params_default(&b->params);
    struct recon_entry *e = &b->entries[b->n++];
    *e = (struct recon_entry){.id = id,
                              .text = text,
                              .reference = reference,
                              .amount_minor = amount,
                              .day = day,
                              .entity = 1,
                              .account = 1,
                              .cur = "USD",
                              .side = side};
    return e;
}

static inline struct recon_entry *bank(struct book *b, const char *id, int32_t day, int64_t amount,
                                       const char *text)
{
    return put(b, RECON_BANK, id, day, amount, text, NULL);
}

static inline struct recon_entry *gl(struct book *b, const char *id, int32_t day, int64_t amount,
                                     const char *text, const char *reference)
{
    return put(b, RECON_BOOK, id, day, amount, text, reference);
}

/* Every row in exactly one match or exception. */
static inline void check_partition(const struct recon_result *r)
{
    unsigned char seen[BOOK_MAX] = {0};
    for (size_t i = 0; i < r->legs_n; i++)
        seen[r->legs[i]]++;
    for (size_t i = 0; i < r->exceptions_n; i++)
        seen[r->exceptions[i].entry]++;
    for (size_t i = 0; i < r->entries_n; i++)
        ck_assert_int_eq(seen[i], 1);
}

static inline void book_run(struct book *b)
{
    if (b->params.version == NULL)
        recon_params_default(&b->params);
    recon_result_free(b->result);
    ck_ok(recon_pass(b->entries, b->n, &b->params, &b->result));
    check_partition(b->result);
}

static inline void book_fini(struct book *b)
{
    recon_result_free(b->result);
}

/* The match that has this id as a leg, or NULL. */
static inline const struct recon_match *match_of(const struct book *b, const char *id)
{
    const struct recon_result *r = b->result;
    for (size_t i = 0; i < r->matches_n; i++) {
        const struct recon_match *m = &r->matches[i];
        for (uint32_t k = 0; k < m->bank_n + m->book_n; k++) {
            if (strcmp(b->entries[r->legs[m->legs + k]].id, id) == 0)
                return m;
        }
    }
    return NULL;
}

/* The same, never NULL: without a match one that is of no type and has no legs. */
static inline const struct recon_match *the_match(const struct book *b, const char *id)
{
    static const struct recon_match none;
    const struct recon_match *m = match_of(b, id);
    return m == NULL ? &none : m;
}

static inline bool together(const struct book *b, const char *x, const char *y)
{
    return match_of(b, x) != NULL && match_of(b, x) == match_of(b, y);
}

/* The class of the exception this id ended in, or RECON_EXC_NONE. */
static inline enum recon_exception_class exception_of(const struct book *b, const char *id)
{
    for (size_t i = 0; i < b->result->exceptions_n; i++) {
        const struct recon_exception *e = &b->result->exceptions[i];
        if (strcmp(b->entries[e->entry].id, id) == 0)
            return (enum recon_exception_class)e->class;
    }
    return RECON_EXC_NONE;
}

static inline bool confirmable(const struct book *b, const char *id)
{
    const struct recon_match *m = match_of(b, id);
    return m != NULL && recon_auto_confirmable(b->result, m);
}

static inline uint64_t rand_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 11;
}

#endif
