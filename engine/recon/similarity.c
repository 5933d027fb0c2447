/* How alike two normalised texts are, in basis points and integers only (FINANCE 4.2). The usual
 * case, one name being the beginning of the other, is a memcmp. */
#include "engine/recon/internal.h"

#define WORD_ALIKE 8600u /* Jaro-Winkler at or above: the same word */

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Marks which letters of a and b have a partner within reach; returns how many pairs. */
static uint32_t letters_shared(const char *a, uint32_t a_len, const char *b, uint32_t b_len,
                               uint64_t *a_hit, uint64_t *b_hit)
{
    uint32_t longest = a_len > b_len ? a_len : b_len;
    uint32_t reach = longest / 2 > 0 ? longest / 2 - 1 : 0;
    uint32_t shared = 0;
    for (uint32_t i = 0; i < a_len; i++) {
        uint32_t to = min_u32(i + reach + 1, b_len);
        for (uint32_t j = i > reach ? i - reach : 0; j < to; j++) {
            if (a[i] != b[j] || (*b_hit >> j & 1) != 0)
                continue;
            *a_hit |= UINT64_C(1) << i;
            *b_hit |= UINT64_C(1) << j;
            shared++;
            break;
        }
    }
    return shared;
}

static uint32_t letters_moved(const char *a, const char *b, uint64_t a_hit, uint64_t b_hit)
{
    uint32_t moved = 0;
    while (a_hit != 0) {
        moved += a[__builtin_ctzll(a_hit)] != b[__builtin_ctzll(b_hit)];
        a_hit &= a_hit - 1;
        b_hit &= b_hit - 1;
    }
    return moved / 2;
}

uint32_t jaro_winkler(const char *a, size_t a_size, const char *b, size_t b_size)
{
    uint32_t a_len = (uint32_t)(a_size > 64 ? 64 : a_size);
    uint32_t b_len = (uint32_t)(b_size > 64 ? 64 : b_size);
    if (a_len == 0 || b_len == 0)
        return 0;
    uint64_t a_hit = 0, b_hit = 0;
    uint32_t m = letters_shared(a, a_len, b, b_len, &a_hit, &b_hit);
    if (m == 0)
        return 0;
    uint32_t moved = letters_moved(a, b, a_hit, b_hit);
    uint32_t jaro = (m * 10000 / a_len + m * 10000 / b_len + (m - moved) * 10000 / m) / 3;
    uint32_t prefix = 0;
    while (prefix < 4 && prefix < a_len && prefix < b_len && a[prefix] == b[prefix])
        prefix++;
    return jaro + prefix * (10000 - jaro) / 10;
}

#define SLIPS_MAX 2

enum { BAND = 2 * SLIPS_MAX + 1, WALL = SLIPS_MAX + 1 };

struct slip_rows { /* [j - i + SLIPS_MAX + 1], a wall at both ends */
    const uint32_t *older, *last;
    uint32_t *now;
};

/* One cell: the slips between the first i letters of s and the first j of t. */
static uint32_t slip_cell(const struct slip_rows *rows, uint32_t k, const char *s, int64_t i,
                          const char *t, int64_t j)
{
    if (j == 0)
        return i < WALL ? (uint32_t)i : WALL;
    uint32_t d = min_u32(rows->last[k] + (s[i - 1] != t[j - 1]),
                         min_u32(rows->last[k + 1], rows->now[k - 1]) + 1);
    if (i > 1 && j > 1 && s[i - 2] == t[j - 1] && s[i - 1] == t[j - 2])
        d = min_u32(d, rows->older[k] + 1);
    return min_u32(d, WALL);
}

/* The fewest slips that turn all of `s` into some beginning of `t`, at most SLIPS_MAX + 1: optimal
 * string alignment in a band around the diagonal. */
static uint32_t slips(const char *s, uint32_t s_len, const char *t, uint32_t t_len)
{
    uint32_t band[3][BAND + 2];
    for (uint32_t k = 0; k < BAND + 2; k++) {
        band[0][k] = band[1][k] = band[2][k] = WALL;
        if (k >= WALL && k <= BAND)
            band[0][k] = k - WALL;
    }
    uint32_t best = WALL;
    for (uint32_t i = 1; i <= s_len; i++) {
        struct slip_rows rows = {
            .older = band[(i + 1) % 3], .last = band[(i + 2) % 3], .now = band[i % 3]};
        best = WALL;
        for (uint32_t k = 1; k <= BAND; k++) {
            int64_t j = (int64_t)i + k - WALL;
            rows.now[k] = j < 0 || j > t_len ? WALL : slip_cell(&rows, k, s, i, t, j);
            best = min_u32(best, rows.now[k]);
        }
        if (best == WALL)
            return WALL;
    }
    return best;
}

uint32_t name_prefix(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (a_len > b_len)
        return name_prefix(b, b_len, a, a_len);
    if (a_len == 0)
        return 0;
    if (memcmp(a, b, a_len) == 0) {
        if (a_len == b_len)
            return 10000;
        return a_len >= 5 ? 9900 : 0;
    }
    uint32_t allowed = a_len >= 10 ? 2 : a_len >= 6 ? 1 : 0;
    if (allowed == 0)
        return 0;
    uint32_t n = slips(a, (uint32_t)a_len, b, (uint32_t)b_len);
    return n > allowed ? 0 : 10000 - 400 * n;
}

static bool word_alike(const char *a, uint32_t a_len, const char *b, uint32_t b_len)
{
    uint32_t shorter = min_u32(a_len, b_len);
    if (memcmp(a, b, shorter) == 0 && (a_len == b_len || shorter >= 3))
        return true;
    if (shorter < 4)
        return false;
    /* One slip, wherever it is, leaves one of the first two letters in one of the first two places.
     */
    if (a[0] != b[0] && a[0] != b[1] && a[1] != b[0] && a[1] != b[1])
        return false;
    return jaro_winkler(a, a_len, b, b_len) >= WORD_ALIKE;
}

static bool word_in(const struct norm *a, const struct token *t, const struct norm *b)
{
    for (uint32_t j = 0; j < b->token_n; j++) {
        const struct token *u = &norm_tokens(b)[j];
        if (u->weight > 0 &&
            word_alike(norm_bytes(a) + t->at, t->len, norm_bytes(b) + u->at, u->len))
            return true;
    }
    return false;
}

/* Words in another order, or amid others, are a little less than the name itself. */
static uint32_t covered_similarity(uint32_t found, uint32_t total)
{
    return found * 10000 / total * 95 / 100;
}

/* The share of a's name, by weight of its words, that b has anywhere; 0 as soon as it cannot be
 * `least` any more. */
static uint32_t words_covered(const struct norm *a, const struct norm *b, uint32_t least)
{
    uint32_t found = a->name_weight;
    for (uint32_t i = 0; i < a->name_n; i++) {
        const struct token *t = &norm_tokens(a)[i];
        if (t->weight == 0 || word_in(a, t, b))
            continue;
        found -= t->weight;
        if (covered_similarity(found, a->name_weight) < least)
            return 0;
    }
    return covered_similarity(found, a->name_weight);
}

/* Each slip loses at most one letter of the shorter name: more are missing, no need to look. */
static bool prefix_possible(const struct norm *a, const struct norm *b)
{
    bool a_shorter = a->name_len <= b->name_len;
    uint32_t missing = a_shorter ? a->letters & ~b->letters : b->letters & ~a->letters;
    for (uint32_t slip = 0; slip < SLIPS_MAX; slip++)
        missing &= missing - 1;
    return missing == 0;
}

uint32_t text_similarity_least(const struct norm *a, const struct norm *b, uint32_t least)
{
    if (a->name_weight == 0 || b->name_weight == 0)
        return 0;
    if (prefix_possible(a, b)) {
        uint32_t whole = name_prefix(norm_bytes(a), a->name_len, norm_bytes(b), b->name_len);
        if (whole >= 9200)
            return whole;
    }
    return a->name_weight <= b->name_weight ? words_covered(a, b, least)
                                            : words_covered(b, a, least);
}

uint32_t text_similarity(const struct norm *a, const struct norm *b)
{
    return text_similarity_least(a, b, 0);
}

static bool has_class(const struct norm *n, uint64_t class)
{
    for (uint32_t i = 0; i < n->ref_n; i++) {
        if (REF_CLASS(norm_refs(n)[i]) == class)
            return true;
    }
    return false;
}

enum ref_relation ref_compare(const struct norm *a, const struct norm *b)
{
    enum ref_relation found = REF_ABSENT;
    for (uint32_t i = 0; i < a->ref_n; i++) {
        for (uint32_t j = 0; j < b->ref_n; j++) {
            if (norm_refs(a)[i] != norm_refs(b)[j])
                continue;
            if (REF_CLASS(norm_refs(a)[i]) != REF_TEXT)
                return REF_SAME_HARD;
            found = REF_SAME_TEXT;
        }
    }
    if (found == REF_ABSENT && has_class(a, REF_CHEQUE) && has_class(b, REF_CHEQUE))
        return REF_DIFFER;
    return found;
}
