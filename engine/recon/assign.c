/* Global one-to-one assignment: in each connected part of the candidates the pairs whose total
 * score is highest, not the first that fit. Up to 64 a side exactly (Hungarian method), larger
 * parts by score, days, content. A pick another candidate comes close to is marked ambiguous. */
#include "engine/recon/internal.h"

#include <stdlib.h>

/* Costs are gains negated; rows 1..n, columns 1..m, n <= m, 0 is the outside. */
struct hungarian {
    const int64_t *gain;
    uint32_t n, m;
    bool transposed;
    int64_t u[ASSIGN_MAX + 1], v[ASSIGN_MAX + 1], slack[ASSIGN_MAX + 1];
    uint32_t column_row[ASSIGN_MAX + 1], way[ASSIGN_MAX + 1];
    bool done[ASSIGN_MAX + 1];
};

static int64_t cost_of(const struct hungarian *h, uint32_t row, uint32_t column)
{
    size_t at = h->transposed ? (size_t)(column - 1) * h->n + row - 1
                              : (size_t)(row - 1) * h->m + column - 1;
    return -h->gain[at];
}

/* Brings column j0 into the tree and returns the next one, by the smallest slack. */
static uint32_t tree_grow(struct hungarian *h, uint32_t j0)
{
    uint32_t row = h->column_row[j0], next = 0;
    int64_t delta = INT64_MAX;
    h->done[j0] = true;
    for (uint32_t j = 1; j <= h->m; j++) {
        if (h->done[j])
            continue;
        int64_t slack = cost_of(h, row, j) - h->u[row] - h->v[j];
        if (slack < h->slack[j]) {
            h->slack[j] = slack;
            h->way[j] = j0;
        }
        if (h->slack[j] < delta) {
            delta = h->slack[j];
            next = j;
        }
    }
    for (uint32_t j = 0; j <= h->m; j++) {
        if (h->done[j]) {
            h->u[h->column_row[j]] += delta;
            h->v[j] -= delta;
        } else {
            h->slack[j] -= delta;
        }
    }
    return next;
}

/* Shortest augmenting paths, one row at a time. */
static void hungarian_run(struct hungarian *h)
{
    for (uint32_t i = 1; i <= h->n; i++) {
        for (uint32_t j = 0; j <= h->m; j++) {
            h->slack[j] = INT64_MAX;
            h->done[j] = false;
        }
        uint32_t j0 = 0;
        h->column_row[0] = i;
        do {
            j0 = tree_grow(h, j0);
        } while (h->column_row[j0] != 0);
        for (; j0 != 0; j0 = h->way[j0])
            h->column_row[j0] = h->column_row[h->way[j0]];
    }
}

void assign_best(const int64_t *gain, uint32_t bank_n, uint32_t book_n, uint32_t *book_of)
{
    bool transposed = bank_n > book_n;
    struct hungarian h = {.gain = gain,
                          .n = transposed ? book_n : bank_n,
                          .m = transposed ? bank_n : book_n,
                          .transposed = transposed};
    hungarian_run(&h);
    for (uint32_t i = 0; i < bank_n; i++)
        book_of[i] = NONE;
    for (uint32_t j = 1; j <= h.m; j++) {
        if (h.column_row[j] == 0)
            continue;
        uint32_t bank = transposed ? j - 1 : h.column_row[j] - 1;
        uint32_t book = transposed ? h.column_row[j] - 1 : j - 1;
        if (gain[bank * book_n + book] > 0)
            book_of[bank] = book;
    }
}

static uint32_t root_of(uint32_t *link, uint32_t row)
{
    while (link[row] != row) {
        link[row] = link[link[row]];
        row = link[row];
    }
    return row;
}

static int edge_by_part(const void *a, const void *b, void *link)
{
    const struct edge *x = a, *y = b;
    const uint32_t *part = link;
    if (part[x->bank] != part[y->bank])
        return part[x->bank] < part[y->bank] ? -1 : 1;
    if (x->bank != y->bank)
        return x->bank < y->bank ? -1 : 1;
    return x->book < y->book ? -1 : x->book > y->book;
}

/* Days squared, so that crossing pairs cost more than parallel ones; a bank line before its entry
 * is the rarer order. Decides only between equal scores. */
static int64_t edge_gain(const struct pass *p, const struct edge *e)
{
    int64_t days = (int64_t)p->rows[e->bank].day - p->rows[e->book].day;
    int64_t far = abs64(days) > 1000 ? 1000 : abs64(days);
    return ((int64_t)e->score << 28) - 2 * far * far - (days < 0 ? 1 : 0);
}

static int edge_by_score(const void *a, const void *b, void *ctx)
{
    const struct pass *p = ctx;
    const struct edge *x = a, *y = b;
    int64_t gx = edge_gain(p, x), gy = edge_gain(p, y);
    if (gx != gy)
        return gx > gy ? -1 : 1;
    if (x->bank != y->bank)
        return x->bank < y->bank ? -1 : 1;
    return x->book < y->book ? -1 : x->book > y->book;
}

static void pick_greedy(struct pass *p, struct edge *edges, size_t n)
{
    qsort_r(edges, n, sizeof *edges, edge_by_score, p);
    for (size_t i = 0; i < n; i++) {
        if (p->rows[edges[i].bank].state == ROW_FREE && p->rows[edges[i].book].state == ROW_FREE)
            match_pair(p, &edges[i]);
    }
}

/* The distinct books of the part in content order; more than ASSIGN_MAX: ASSIGN_MAX + 1. */
static uint32_t books_of(const struct edge *edges, size_t n, uint32_t *books)
{
    uint32_t count = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t at = count;
        while (at > 0 && books[at - 1] > edges[i].book)
            at--;
        if (at > 0 && books[at - 1] == edges[i].book)
            continue;
        if (count == ASSIGN_MAX)
            return ASSIGN_MAX + 1;
        memmove(&books[at + 1], &books[at], (count - at) * sizeof *books);
        books[at] = edges[i].book;
        count++;
    }
    return count;
}

static uint32_t position(const uint32_t *rows, uint32_t n, uint32_t row)
{
    uint32_t lo = 0, hi = n;
    while (hi - lo > 1) {
        uint32_t mid = (lo + hi) / 2;
        if (rows[mid] <= row)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static void pick_best(struct pass *p, const struct edge *edges, size_t n, const uint32_t *books,
                      uint32_t bank_n, uint32_t book_n)
{
    int64_t gain[ASSIGN_MAX * ASSIGN_MAX];
    uint32_t edge_at[ASSIGN_MAX * ASSIGN_MAX];
    uint32_t book_of[ASSIGN_MAX];
    memset(gain, 0, bank_n * book_n * sizeof gain[0]);
    uint32_t bank = 0;
    for (size_t i = 0; i < n; i++) {
        bank += i > 0 && edges[i].bank != edges[i - 1].bank ? 1 : 0;
        uint32_t cell = bank * book_n + position(books, book_n, edges[i].book);
        gain[cell] = edge_gain(p, &edges[i]);
        edge_at[cell] = (uint32_t)i;
    }
    assign_best(gain, bank_n, book_n, book_of);
    for (uint32_t b = 0; b < bank_n; b++) {
        if (book_of[b] != NONE)
            match_pair(p, &edges[edge_at[b * book_n + book_of[b]]]);
    }
}

/* Every candidate not taken speaks against the matches that took its rows. */
static void rivals_count(struct pass *p, const struct edge *edges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct row *bank = &p->rows[edges[i].bank], *book = &p->rows[edges[i].book];
        bool both = bank->state == ROW_MATCHED && book->state == ROW_MATCHED;
        if (both && bank->match == book->match)
            continue;
        if (bank->state == ROW_MATCHED)
            match_rival(p, &p->matches[bank->match], edges[i].book, edges[i].score);
        if (book->state == ROW_MATCHED)
            match_rival(p, &p->matches[book->match], edges[i].bank, edges[i].score);
    }
    for (size_t i = 0; i < n; i++) {
        struct row *bank = &p->rows[edges[i].bank], *book = &p->rows[edges[i].book];
        struct row *taken = bank->state == ROW_MATCHED ? bank : book;
        struct row *left = taken == bank ? book : bank;
        if (taken->state != ROW_MATCHED)
            continue;
        match_settle(p, &p->matches[taken->match]);
        if (left->state == ROW_MATCHED)
            match_settle(p, &p->matches[left->match]);
        else if (p->matches[taken->match].ambiguous)
            left->marks |= MARK_AMBIGUOUS;
    }
}

static void part_assign(struct pass *p, struct edge *edges, size_t n)
{
    uint32_t books[ASSIGN_MAX + 1] = {0};
    uint32_t bank_n = 1;
    for (size_t i = 1; i < n; i++)
        bank_n += edges[i].bank != edges[i - 1].bank ? 1 : 0;
    uint32_t book_n = bank_n > ASSIGN_MAX ? ASSIGN_MAX + 1 : books_of(edges, n, books);
    if (n == 1)
        match_pair(p, edges);
    else if (bank_n > ASSIGN_MAX || book_n > ASSIGN_MAX)
        pick_greedy(p, edges, n);
    else
        pick_best(p, edges, n, books, bank_n, book_n);
    rivals_count(p, edges, n);
}

void assign_edges(struct pass *p)
{
    struct edge *edges = p->edges;
    size_t n = p->edges_n;
    for (size_t i = 0; i < n; i++) {
        p->link[edges[i].bank] = edges[i].bank;
        p->link[edges[i].book] = edges[i].book;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t a = root_of(p->link, edges[i].bank), b = root_of(p->link, edges[i].book);
        p->link[a > b ? a : b] = a < b ? a : b; /* the first row in content order is the root */
    }
    for (size_t i = 0; i < n; i++) /* flatten, children first may need two hops */
        p->link[edges[i].bank] = root_of(p->link, edges[i].bank);
    qsort_r(edges, n, sizeof *edges, edge_by_part, p->link);
    for (size_t i = 0, j; i < n; i = j) {
        uint32_t part = p->link[edges[i].bank];
        for (j = i + 1; j < n && p->link[edges[j].bank] == part; j++)
            continue;
        part_assign(p, &edges[i], j - i);
    }
}
