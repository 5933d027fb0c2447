/* What the rules of a pass share: the sorted rows, their normalised texts, and how a match is made.
 * Only files of engine/recon and their unit tests include this. */
#ifndef ENGINE_RECON_INTERNAL_H
#define ENGINE_RECON_INTERNAL_H

#include <string.h>

#include "common/base/arena.h"
#include "engine/recon/pass.h"

/* Sums of amounts: 2^31 of them fit. */
__extension__ typedef __int128 wide;

/* ---- normalised texts (words.c, normalise.c) ---- */

enum word_kind {
    WORD_NAME = 0, /* not in the table: part of somebody's name */
    WORD_CHANNEL,  /* how the money moved: ACH, WIRE, POS … says nothing about who */
    WORD_LEGAL,    /* LLC, GMBH: kept in the compact name, weighs nothing as a word */
    WORD_JOIN,     /* TO, FROM, THE */
    WORD_NUMBER,   /* NO, NUM, NR: stands before a number */
    WORD_CHEQUE,
    WORD_VOID,
    WORD_REVERSAL,
    WORD_NSF,
    WORD_FEE,
    WORD_DEPOSIT,
};

enum hint {
    HINT_VOID = 1u << 0,
    HINT_REVERSAL = 1u << 1,
    HINT_NSF = 1u << 2,
    HINT_FEE = 1u << 3,
    HINT_DEPOSIT = 1u << 4,
    HINT_CHEQUE = 1u << 5,
    HINT_UNDOES = 1u << 6, /* not of the text: the source says so */
};

#define WORD_SLOTS 512u
struct words {
    uint16_t slot[WORD_SLOTS]; /* index + 1 into the table; 0 is free */
};
void words_init(struct words *words);
enum word_kind words_kind(const struct words *words, const char *word, size_t len);

/* A reference as a number: its class in the top two bits, a value or hash below. */
#define REF_TEXT     (UINT64_C(0) << 62) /* a number or document id seen in a text */
#define REF_CHEQUE   (UINT64_C(1) << 62)
#define REF_FIELD    (UINT64_C(2) << 62) /* the whole reference field */
#define REF_KEY      (UINT64_C(3) << 62) /* the whole key field */
#define REF_CLASS(r) ((r) & (UINT64_C(3) << 62))
#define REF_VALUE    ((UINT64_C(1) << 62) - 1)

#define NORM_TOKENS 16u
#define NORM_REFS   8u
#define NORM_BYTES  192u
#define TOKEN_BYTES 32u

struct token {
    uint16_t at;
    uint8_t len, weight; /* weight 0: in the compact name only */
};

/* A text made comparable: upper-case tokens one after the other without spaces (the first name_n of
 * them, name_len bytes, are the other party's name), and the references found. */
struct norm {
    uint8_t token_n, name_n, ref_n, hints;
    uint16_t name_len, len;
    uint32_t letters;     /* which of A to Z the name has */
    uint32_t name_weight; /* of its words together */
    /* then refs, tokens and bytes */
};

static inline const uint64_t *norm_refs(const struct norm *n)
{
    return (const uint64_t *)(const void *)(n + 1);
}
static inline const struct token *norm_tokens(const struct norm *n)
{
    return (const struct token *)(const void *)(norm_refs(n) + n->ref_n);
}
static inline const char *norm_bytes(const struct norm *n)
{
    return (const char *)(norm_tokens(n) + n->token_n);
}

/* NULL when the arena is full. */
const struct norm *normalise(const struct words *words, const struct recon_entry *entry,
                             struct arena *arena);
uint64_t hash_bytes(const void *bytes, size_t len);

/* ---- similarity (similarity.c): basis points ---- */

uint32_t jaro_winkler(const char *a, size_t a_len, const char *b, size_t b_len);

/* Whether the shorter name begins the longer one with at most two slips of the pen (a letter lost,
 * added, changed, or two swapped): 10000 equal, 9900 cut off, 9600 and 9200 with slips, else 0. */
uint32_t name_prefix(const char *a, size_t a_len, const char *b, size_t b_len);
uint32_t text_similarity(const struct norm *a, const struct norm *b);
/* The same, except that anything below `least` may be answered with 0, sooner. */
uint32_t text_similarity_least(const struct norm *a, const struct norm *b, uint32_t least);

enum ref_relation { REF_ABSENT = 0, REF_DIFFER, REF_SAME_TEXT, REF_SAME_HARD };
enum ref_relation ref_compare(const struct norm *a, const struct norm *b);

/* ---- the rows of a pass (rows.c) ---- */

enum row_state { ROW_FREE = 0, ROW_MATCHED, ROW_EXCLUDED /* zero or pending: never matched */ };
enum row_mark { MARK_AMBIGUOUS = 1u << 0 };

/* Sorted by group, amount, side, day, id: equal (group, amount) is a block, its bank rows first. */
struct row {
    int64_t amount;
    const struct norm *norm;
    uint32_t entry, group;
    int32_t day, workday; /* workday: number of business days before `day` */
    uint32_t match;       /* once matched: index into pass.matches */
    uint8_t side, state, marks, hints;
};

#define NONE UINT32_MAX

struct edge;

/* What the rules ask of a row left over, close together in memory. */
struct left {
    int64_t amount;
    const struct norm *norm;
    uint32_t row;
    int32_t workday;
    uint32_t stamp; /* the last look-up that saw it; STAMP_TAKEN: matched since */
};
#define STAMP_TAKEN UINT32_MAX

struct index_item {
    uint64_t key;
    uint32_t left; /* ascending with the row */
    int32_t day;
    uint32_t letters; /* which of A to Z its name has */
};
struct index {
    struct index_item *items; /* by key, day, row */
    size_t items_n;
    struct left *left; /* in the order of the rows */
    size_t left_n;
    uint32_t *ends; /* per heap of items: key >> shift is its heap */
    uint32_t shift;
    uint32_t look_up;
};
struct vocab { /* the beginnings of the words in the book's names */
    uint32_t *slot;
    size_t mask, used;
};

struct pass {
    const struct recon_params *params;
    const struct recon_entry *entries;
    size_t n;
    struct arena *arena;   /* rows and scratch; gone at the end */
    struct arena *results; /* matches, legs, exceptions */
    struct row *rows;
    struct words words;
    struct vocab vocab;
    struct recon_match *matches;
    size_t matches_n;
    uint32_t *legs;
    size_t legs_n;
    struct index index[2]; /* by side: the rows that equal amounts left over */
    uint32_t *link;        /* per row: scratch of assign.c */
    struct edge *edges;    /* scratch of the rules that collect edges */
    size_t edges_n, edges_cap;
};

struct sort_item {
    uint64_t key;
    uint32_t entry;
};
/* Sorts by the low `bits` of the key: radix, 11 bits at a time, stable. The result is in `a` or in
 * the spare `b`; both are written. */
struct sort_item *sort_items(struct sort_item *a, struct sort_item *b, size_t n, uint32_t bits);

MUST_CHECK struct err rows_build(struct pass *p);
int32_t workday_of(const struct recon_params *params, int32_t day);
/* The block of (group, amount): [*from, *to), empty when there is none. */
void rows_block(const struct pass *p, uint32_t group, int64_t amount, uint32_t *from, uint32_t *to);
uint32_t block_end(const struct pass *p, uint32_t from);

MUST_CHECK struct err vocab_build(struct pass *p);
/* True when most of the text's words are names the books know: then a name that does not fit is a
 * contradiction, not silence. */
bool text_known(const struct pass *p, const struct norm *norm);

static inline const struct recon_entry *entry_of(const struct pass *p, uint32_t row)
{
    return &p->entries[p->rows[row].entry];
}
static inline int64_t abs64(int64_t v)
{
    return v < 0 ? -v : v;
}
/* Business days from book to bank: positive when the bank is later. */
static inline int32_t row_lag(const struct row *bank, const struct row *book)
{
    return bank->workday - book->workday;
}

/* ---- scoring and assignment (score.c, assign.c, match.c) ---- */

struct edge {
    uint32_t bank, book; /* rows */
    uint16_t score;
    uint8_t type, capped;
    uint16_t learned; /* of a learned rule: its number from 1 */
    struct recon_parts parts;
};

uint32_t score_date(const struct pass *p, int32_t lag, int32_t window);
/* The weighted mean of the parts that are present. */
uint32_t score_parts(const struct recon_params *params, const struct recon_parts *parts);
/* Scores two rows of one amount; false when they are not to be proposed. */
bool edge_score(const struct pass *p, uint32_t bank, uint32_t book, struct edge *edge);

#define ASSIGN_MAX 64u
/* The best total over a bank_n × book_n matrix of gains (0: not allowed), each at most ASSIGN_MAX:
 * book_of[bank] is the column or NONE. */
void assign_best(const int64_t *gain, uint32_t bank_n, uint32_t book_n, uint32_t *book_of);
/* Appends to pass.edges; its caller sets edges_n to 0 first. */
MUST_CHECK struct err edge_push(struct pass *p, const struct edge *edge);
/* Matches what pass.edges holds, best total in each connected part. Reorders them. */
void assign_edges(struct pass *p);

/* Takes rows out of play and keeps the match; bank rows first in `legs`. */
struct recon_match *match_add(struct pass *p, enum recon_type type, const uint32_t *rows,
                              uint32_t bank_n, uint32_t book_n);
/* One bank row, one book row, as `edge` says. */
struct recon_match *match_pair(struct pass *p, const struct edge *edge);
/* Counts `score` of row `rival` against the match. */
void match_rival(const struct pass *p, struct recon_match *match, uint32_t rival, uint32_t score);
/* Works out margin and ambiguity once all rivals are in. */
void match_settle(const struct pass *p, struct recon_match *match);

/* ---- rows still free, by what their texts share (index.c) ---- */

/* `dated`: the rows are also to be found by date alone. */
MUST_CHECK struct err index_build(struct pass *p, enum recon_side side, bool dated,
                                  struct index *index);
/* Takes out the rows matched since the index was built; a rule does so before it looks up. */
void index_refresh(const struct pass *p, struct index *index);
/* A look-up: free rows of the index's side from `before` days before a row to `after` days after
 * it, nearest first in each key, each row once, at most `max`. */
#define NEAR_MAX 256u
struct near {
    struct index *index;
    int32_t before, after; /* calendar days */
    uint32_t max;          /* at most NEAR_MAX */
    uint32_t n;
    bool capped; /* there were more */
    const struct left *rows[NEAR_MAX];
};
void near_begin(struct near *near,
                struct index *index); /* before, after and max are the caller's */
/* Rows that share a name word, reference or key with `row`. */
void near_by_text(const struct pass *p, struct near *near, uint32_t row);
void near_by_key(struct near *near, uint64_t key, int32_t day);
/* The key that every row of this row's group and sign has. */
uint64_t index_key_any(const struct row *row);

/* ---- subset sums (covering_set.c) ---- */

#define COVER_MAX       64u
#define COVER_ITEMS_MAX 16u
struct cover {
    uint32_t items[COVER_ITEMS_MAX]; /* indexes into the amounts of the first solution */
    uint32_t items_n, solutions;     /* 0, 1, or 2 for "two or more" */
    uint32_t nodes;
    bool spent; /* the node budget ran out: solutions is a lower bound */
};
/* Sums of 2..items_max of the n amounts (n <= COVER_MAX) that give `target` exactly; at most one
 * amount of the opposite sign. Stops at the second. */
void cover_find(const int64_t *amounts, uint32_t n, int64_t target, uint32_t items_max,
                uint32_t nodes_max, struct cover *cover);

/* ---- the rules, in their order ---- */

MUST_CHECK struct err pass_housekeeping(struct pass *p); /* reversals */
MUST_CHECK struct err pass_keyed(struct pass *p);        /* groups that share a key */
MUST_CHECK struct err pass_learned(struct pass *p);      /* what people taught */
MUST_CHECK struct err pass_exact(struct pass *p);        /* hard keys and equal amounts, by block */
/* In one block: pairs that share a cheque number, reference or key with nobody else. */
MUST_CHECK struct err hard_key_block(struct pass *p, uint32_t from, uint32_t to);
MUST_CHECK struct err pass_grouped(struct pass *p); /* groups found by sum, both ways */
MUST_CHECK struct err pass_tolerance(struct pass *p);
MUST_CHECK struct err pass_fuzzy(struct pass *p);
MUST_CHECK struct err pass_exceptions(struct pass *p, struct recon_result *result);
MUST_CHECK struct err pass_order(struct pass *p, struct recon_result *result);

/* Why two amounts that differ may be one event: RECON_TYPE_NONE, _FEE, _BOOK_NET, _TRANSPOSITION.
 */
enum recon_type difference_kind(const struct recon_params *params, int64_t bank, int64_t book);

#endif
