/* RFC 6962 2.1, RFC 9162 2.1. The proofs are made from the top down: at each step the range of
 * leaves in question is cut at the largest power of two below its length, as the standard's k, and
 * the half that the question is not about gives one hash. Ranges begin at multiples of that power,
 * so a half is made of complete subtrees. */
#include "common/sys/merkle.h"

#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/crypt.h"

#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

void merkle_leaf(const void *data, size_t len, struct merkle_hash *out)
{
    static const uint8_t prefix[] = {LEAF_PREFIX};
    uint8_t whole[1 + 2 * MERKLE_HASH_LEN];
    if (len < sizeof whole) { /* as all of ours are: one call, no context of its own */
        whole[0] = LEAF_PREFIX;
        if (len > 0)
            memcpy(whole + 1, data, len);
        sha256(whole, 1 + len, out->at);
        return;
    }
    struct sha256 h;
    sha256_begin(&h);
    sha256_add(&h, prefix, sizeof prefix);
    sha256_add(&h, data, len);
    sha256_end(&h, out->at);
}

void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right,
                 struct merkle_hash *out)
{
    uint8_t whole[1 + 2 * MERKLE_HASH_LEN];
    whole[0] = NODE_PREFIX;
    memcpy(whole + 1, left->at, MERKLE_HASH_LEN);
    memcpy(whole + 1 + MERKLE_HASH_LEN, right->at, MERKLE_HASH_LEN);
    sha256(whole, sizeof whole, out->at);
}

void merkle_empty(struct merkle_hash *root)
{
    sha256(NULL, 0, root->at);
}

bool merkle_eq(const struct merkle_hash *a, const struct merkle_hash *b)
{
    return memcmp(a->at, b->at, MERKLE_HASH_LEN) == 0;
}

/* ---- making ---- */

struct nodes {
    merkle_node_fn *get;
    void *arg;
};

/* The largest power of two below n >= 2. */
static uint64_t split(uint64_t n)
{
    return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

/* The hash of the leaves [begin, begin + n), n > 0; begin is a multiple of a power of two that is
 * at least n. */
static struct err range_hash(const struct nodes *nodes, uint64_t begin, uint64_t n,
                             struct merkle_hash *out)
{
    bool any = false;
    for (unsigned level = 0; n >> level != 0; level++) {
        struct merkle_hash left;
        if ((n >> level & 1) == 0)
            continue;
        TRY(nodes->get(nodes->arg, level, ((begin + n) >> level) - 1, &left));
        if (any)
            merkle_node(&left, out, out);
        else
            *out = left;
        any = true;
        n -= (uint64_t)1 << level;
    }
    return OK;
}

struct err merkle_root(uint64_t size, merkle_node_fn *node, void *arg, struct merkle_hash *root)
{
    ENSURE(size <= MERKLE_SIZE_MAX, ERR_LIMIT, "a tree of more than 2^63 - 1 leaves");
    if (size == 0)
        merkle_empty(root);
    return range_hash(&(struct nodes){node, arg}, 0, size, root);
}

static struct err proof_add(const struct nodes *nodes, uint64_t begin, uint64_t n,
                            struct merkle_proof *proof)
{
    INVARIANT(proof->n < MERKLE_PROOF_MAX);
    return range_hash(nodes, begin, n, &proof->at[proof->n++]);
}

/* Top down is the wrong way round. */
static void proof_turn(struct merkle_proof *proof)
{
    for (size_t i = 0; i < proof->n / 2; i++) {
        struct merkle_hash h = proof->at[i];
        proof->at[i] = proof->at[proof->n - 1 - i];
        proof->at[proof->n - 1 - i] = h;
    }
}

struct err merkle_inclusion(uint64_t index, uint64_t size, merkle_node_fn *node, void *arg,
                            struct merkle_proof *proof)
{
    const struct nodes nodes = {node, arg};
    ENSURE(size <= MERKLE_SIZE_MAX, ERR_LIMIT, "a tree of more than 2^63 - 1 leaves");
    ENSURE(index < size, ERR_INPUT, "the leaf is not in a tree of this size");
    proof->n = 0;
    for (uint64_t begin = 0, n = size; n > 1;) {
        uint64_t k = split(n);
        bool left = index - begin < k;
        TRY(left ? proof_add(&nodes, begin + k, n - k, proof) : proof_add(&nodes, begin, k, proof));
        begin += left ? 0 : k;
        n = left ? k : n - k;
    }
    proof_turn(proof);
    return OK;
}

/* RFC 9162 2.1.4.1, SUBPROOF; `whole` is its third argument: the old tree's root is the verifier's
 * own and is not told again. */
struct err merkle_consistency(uint64_t from, uint64_t to, merkle_node_fn *node, void *arg,
                              struct merkle_proof *proof)
{
    const struct nodes nodes = {node, arg};
    ENSURE(to <= MERKLE_SIZE_MAX, ERR_LIMIT, "a tree of more than 2^63 - 1 leaves");
    ENSURE(from <= to, ERR_INPUT, "the earlier tree is the larger one");
    proof->n = 0;
    if (from == 0)
        return OK;
    bool whole = true;
    uint64_t begin = 0, n = to;
    while (from - begin < n) {
        uint64_t k = split(n);
        bool left = from - begin <= k;
        TRY(left ? proof_add(&nodes, begin + k, n - k, proof) : proof_add(&nodes, begin, k, proof));
        begin += left ? 0 : k;
        n = left ? k : n - k;
        whole = whole && left;
    }
    if (!whole)
        TRY(proof_add(&nodes, begin, n, proof));
    proof_turn(proof);
    return OK;
}

/* ---- checking: RFC 9162 2.1.3.2 and 2.1.4.2, in its own letters fn, sn, fr, sr ---- */

/* To the next level at which a node has a left neighbour. */
static void climb(uint64_t *fn, uint64_t *sn)
{
    for (; (*fn & 1) == 0 && *fn != 0; *fn >>= 1, *sn >>= 1)
        ;
}

bool merkle_inclusion_holds(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                            const struct merkle_proof *proof, const struct merkle_hash *root)
{
    if (index >= size || size > MERKLE_SIZE_MAX)
        return false;
    uint64_t fn = index, sn = size - 1;
    struct merkle_hash r = *leaf;
    for (size_t i = 0; i < proof->n; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(&proof->at[i], &r, &r);
            climb(&fn, &sn);
        } else {
            merkle_node(&r, &proof->at[i], &r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && merkle_eq(&r, root);
}

static bool consistency_climbs(uint64_t from, const struct merkle_hash *from_root, uint64_t to,
                               const struct merkle_hash *to_root, const struct merkle_proof *proof)
{
    uint64_t fn = from - 1, sn = to - 1;
    for (; (fn & 1) != 0; fn >>= 1, sn >>= 1)
        ;
    /* Of a complete old tree the root itself is where the climb begins. */
    size_t i = fn == 0 ? 0 : 1;
    if (proof->n < i)
        return false;
    struct merkle_hash fr = i == 0 ? *from_root : proof->at[0], sr = fr;
    for (; i < proof->n; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(&proof->at[i], &fr, &fr);
            merkle_node(&proof->at[i], &sr, &sr);
            climb(&fn, &sn);
        } else {
            merkle_node(&sr, &proof->at[i], &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && merkle_eq(&fr, from_root) && merkle_eq(&sr, to_root);
}

bool merkle_consistency_holds(uint64_t from, const struct merkle_hash *from_root, uint64_t to,
                              const struct merkle_hash *to_root, const struct merkle_proof *proof)
{
    struct merkle_hash empty;
    merkle_empty(&empty);
    if (from > to || to > MERKLE_SIZE_MAX || (from == 0 && !merkle_eq(from_root, &empty)))
        return false;
    if (from == to)
        return proof->n == 0 && merkle_eq(from_root, to_root);
    return from == 0 ? proof->n == 0 : consistency_climbs(from, from_root, to, to_root, proof);
}

/* ---- growing ---- */

void merkle_edge_add(struct merkle_edge *edge, const struct merkle_hash *leaf)
{
    INVARIANT(edge->size < MERKLE_SIZE_MAX);
    struct merkle_hash h = *leaf;
    unsigned level = 0;
    for (; (edge->size >> level & 1) != 0; level++)
        merkle_node(&edge->at[level], &h, &h);
    edge->at[level] = h;
    edge->size++;
}

void merkle_edge_root(const struct merkle_edge *edge, struct merkle_hash *root)
{
    if (edge->size == 0) {
        merkle_empty(root);
        return;
    }
    unsigned level = (unsigned)__builtin_ctzll(edge->size);
    *root = edge->at[level];
    for (level++; edge->size >> level != 0; level++) {
        if ((edge->size >> level & 1) != 0)
            merkle_node(&edge->at[level], root, root);
    }
}
