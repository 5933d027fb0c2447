/* RFC 6962 2.1.3's tree of seven leaves as shape, the eight published leaves with their roots and
 * proofs (the vectors of the reference implementation, certificate-transparency), and every proof
 * of every tree up to 70 leaves against a tree built the slow obvious way. */
#include "common/sys/merkle.h"

#include <stdio.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/base/str.h"
#include "tests/unit/test.h"

#define SMALL 70

/* ---- the slow obvious way: MTH, PATH and SUBPROOF as RFC 6962 2.1 writes them ---- */

static uint64_t k_of(uint64_t n)
{
    uint64_t k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

static void mth(const struct merkle_hash *leaves, uint64_t n, struct merkle_hash *out)
{
    if (n == 0) {
        merkle_empty(out);
    } else if (n == 1) {
        *out = leaves[0];
    } else {
        struct merkle_hash l, r;
        mth(leaves, k_of(n), &l);
        mth(leaves + k_of(n), n - k_of(n), &r);
        merkle_node(&l, &r, out);
    }
}

static void path(uint64_t m, const struct merkle_hash *leaves, uint64_t n, struct merkle_proof *p)
{
    if (n == 1)
        return;
    uint64_t k = k_of(n);
    if (m < k) {
        path(m, leaves, k, p);
        mth(leaves + k, n - k, &p->at[p->n++]);
    } else {
        path(m - k, leaves + k, n - k, p);
        mth(leaves, k, &p->at[p->n++]);
    }
}

static void subproof(uint64_t m, const struct merkle_hash *leaves, uint64_t n, bool whole,
                     struct merkle_proof *p)
{
    if (m == n) {
        if (!whole)
            mth(leaves, n, &p->at[p->n++]);
        return;
    }
    uint64_t k = k_of(n);
    if (m <= k) {
        subproof(m, leaves, k, whole, p);
        mth(leaves + k, n - k, &p->at[p->n++]);
    } else {
        subproof(m - k, leaves + k, n - k, false, p);
        mth(leaves, k, &p->at[p->n++]);
    }
}

/* ---- the published leaves ---- */

static const struct {
    const char *hex;
    size_t len;
} published[8] = {
    {"", 0},
    {"00", 1},
    {"10", 1},
    {"2021", 2},
    {"3031", 2},
    {"40414243", 4},
    {"5051525354555657", 8},
    {"606162636465666768696a6b6c6d6e6f", 16},
};

static const char *const roots[9] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static struct merkle_hash leaves[SMALL];

static void published_leaves(void)
{
    for (size_t i = 0; i < 8; i++) {
        uint8_t data[16];
        ck_assert(hex_parse(published[i].hex, data, published[i].len));
        merkle_leaf(data, published[i].len, &leaves[i]);
    }
}

static void small_leaves(void)
{
    for (size_t i = 0; i < SMALL; i++)
        merkle_leaf(&i, sizeof i, &leaves[i]);
}

/* The complete subtrees of `leaves`, and a count of how often one is asked for. */
struct asked {
    uint64_t size;
    size_t n;
};

static struct err leaf_node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out)
{
    struct asked *asked = arg;
    ENSURE((index + 1) << level <= asked->size, ERR_BUG, "asked past the tree");
    asked->n++;
    mth(leaves + (index << level), (uint64_t)1 << level, out);
    return OK;
}

static void ck_hash(const struct merkle_hash *h, const char *hex)
{
    char text[2 * MERKLE_HASH_LEN + 1];
    hex_print(h->at, MERKLE_HASH_LEN, text);
    ck_assert_str_eq(text, hex);
}

START_TEST(the_published_roots)
{
    struct merkle_edge edge = {.size = 0};
    published_leaves();
    for (uint64_t size = 0; size <= 8; size++) {
        struct asked asked = {.size = size};
        struct merkle_hash root;
        ck_ok(merkle_root(size, leaf_node, &asked, &root));
        ck_hash(&root, roots[size]);
        merkle_edge_root(&edge, &root);
        ck_hash(&root, roots[size]);
        if (size < 8)
            merkle_edge_add(&edge, &leaves[size]);
    }
}
END_TEST

static const struct {
    uint64_t index, size;
    const char *path[3];
} inclusions[] = {
    {0, 1, {NULL}},
    {0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

START_TEST(the_published_inclusion_proofs)
{
    published_leaves();
    for (size_t i = 0; i < sizeof inclusions / sizeof inclusions[0]; i++) {
        struct asked asked = {.size = inclusions[i].size};
        struct merkle_proof proof;
        struct merkle_hash root;
        ck_ok(merkle_inclusion(inclusions[i].index, asked.size, leaf_node, &asked, &proof));
        size_t n = 0;
        while (n < 3 && inclusions[i].path[n] != NULL)
            n++;
        ck_assert_uint_eq(proof.n, n);
        for (size_t j = 0; j < n; j++)
            ck_hash(&proof.at[j], inclusions[i].path[j]);
        ck_assert(hex_parse(roots[asked.size], root.at, sizeof root.at));
        ck_assert(merkle_inclusion_holds(&leaves[inclusions[i].index], inclusions[i].index,
                                         asked.size, &proof, &root));
    }
}
END_TEST

static const struct {
    uint64_t from, to;
    const char *path[3];
} consistencies[] = {
    {1, 1, {NULL}},
    {1,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {6,
     8,
     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2,
     5,
     {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

START_TEST(the_published_consistency_proofs)
{
    published_leaves();
    for (size_t i = 0; i < sizeof consistencies / sizeof consistencies[0]; i++) {
        uint64_t from = consistencies[i].from, to = consistencies[i].to;
        struct asked asked = {.size = to};
        struct merkle_proof proof;
        struct merkle_hash a, b;
        ck_ok(merkle_consistency(from, to, leaf_node, &asked, &proof));
        size_t n = 0;
        while (n < 3 && consistencies[i].path[n] != NULL)
            n++;
        ck_assert_uint_eq(proof.n, n);
        for (size_t j = 0; j < n; j++)
            ck_hash(&proof.at[j], consistencies[i].path[j]);
        ck_assert(hex_parse(roots[from], a.at, sizeof a.at));
        ck_assert(hex_parse(roots[to], b.at, sizeof b.at));
        ck_assert(merkle_consistency_holds(from, &a, to, &b, &proof));
    }
}
END_TEST

/* ---- every small tree ---- */

static bool same_proof(const struct merkle_proof *a, const struct merkle_proof *b)
{
    return a->n == b->n && memcmp(a->at, b->at, a->n * sizeof a->at[0]) == 0;
}

START_TEST(every_small_tree_is_the_obvious_one)
{
    struct merkle_edge edge = {.size = 0};
    small_leaves();
    for (uint64_t size = 0; size <= SMALL; size++) {
        struct asked asked = {.size = size};
        struct merkle_hash want, root;
        mth(leaves, size, &want);
        ck_ok(merkle_root(size, leaf_node, &asked, &root));
        ck_assert(merkle_eq(&root, &want));
        merkle_edge_root(&edge, &root);
        ck_assert(merkle_eq(&root, &want));
        ck_assert_uint_le(asked.n, 7);
        if (size < SMALL)
            merkle_edge_add(&edge, &leaves[size]);
    }
}
END_TEST

/* A proof that held does not with a bit flipped, a hash less, a hash more, two swapped. */
static void ck_inclusion_is_rigid(uint64_t index, uint64_t size, const struct merkle_proof *proof,
                                  const struct merkle_hash *root)
{
    struct merkle_proof p = *proof;
    struct merkle_hash leaf = leaves[index], other = *root;
    for (size_t i = 0; i < p.n; i++) {
        p.at[i].at[(index + i) % MERKLE_HASH_LEN] ^= (uint8_t)(1u << (size % 8));
        ck_assert(!merkle_inclusion_holds(&leaf, index, size, &p, root));
        p = *proof;
        if (i + 1 < p.n) {
            p.at[i] = proof->at[i + 1];
            p.at[i + 1] = proof->at[i];
            ck_assert(!merkle_inclusion_holds(&leaf, index, size, &p, root));
            p = *proof;
        }
    }
    if (p.n > 0) {
        p.n--;
        ck_assert(!merkle_inclusion_holds(&leaf, index, size, &p, root));
        memmove(p.at, p.at + 1, p.n * sizeof p.at[0]);
        ck_assert(!merkle_inclusion_holds(&leaf, index, size, &p, root));
    }
    p = *proof;
    p.at[p.n++] = *root;
    ck_assert(!merkle_inclusion_holds(&leaf, index, size, &p, root));
    leaf.at[size % MERKLE_HASH_LEN] ^= 1;
    other.at[index % MERKLE_HASH_LEN] ^= 0x80;
    ck_assert(!merkle_inclusion_holds(&leaf, index, size, proof, root));
    ck_assert(!merkle_inclusion_holds(&leaves[index], index, size, proof, &other));
}

START_TEST(every_inclusion_in_a_small_tree_holds_and_nothing_like_it)
{
    small_leaves();
    for (uint64_t size = 1; size <= SMALL; size++) {
        struct asked asked = {.size = size};
        struct merkle_hash root;
        mth(leaves, size, &root);
        for (uint64_t index = 0; index < size; index++) {
            struct merkle_proof proof, want = {.n = 0};
            ck_ok(merkle_inclusion(index, size, leaf_node, &asked, &proof));
            path(index, leaves, size, &want);
            ck_assert(same_proof(&proof, &want));
            ck_inclusion_is_rigid(index, size, &proof, &root);
            /* At no other place, and by no other leaf. */
            for (uint64_t at = 0; at < size; at++) {
                ck_assert(merkle_inclusion_holds(&leaves[index], at, size, &proof, &root) ==
                          (at == index));
                ck_assert(merkle_inclusion_holds(&leaves[at], index, size, &proof, &root) ==
                          (at == index));
            }
        }
        ck_assert(
            !merkle_inclusion_holds(&leaves[0], size, size, &(struct merkle_proof){0}, &root));
    }
}
END_TEST

static void ck_consistency_is_rigid(uint64_t from, const struct merkle_hash *a, uint64_t to,
                                    const struct merkle_hash *b, const struct merkle_proof *proof)
{
    struct merkle_proof p = *proof;
    struct merkle_hash other = *a;
    for (size_t i = 0; i < p.n; i++) {
        p.at[i].at[(from + i) % MERKLE_HASH_LEN] ^= (uint8_t)(1u << (to % 8));
        ck_assert(!merkle_consistency_holds(from, a, to, b, &p));
        p = *proof;
    }
    if (p.n > 0) {
        p.n--;
        ck_assert(!merkle_consistency_holds(from, a, to, b, &p));
        memmove(p.at, p.at + 1, p.n * sizeof p.at[0]);
        ck_assert(!merkle_consistency_holds(from, a, to, b, &p));
    }
    p = *proof;
    p.at[p.n++] = *b;
    ck_assert(!merkle_consistency_holds(from, a, to, b, &p));
    other.at[to % MERKLE_HASH_LEN] ^= 1;
    ck_assert(!merkle_consistency_holds(from, &other, to, b, proof));
    other = *b;
    other.at[from % MERKLE_HASH_LEN] ^= 1;
    ck_assert(from == 0 || !merkle_consistency_holds(from, a, to, &other, proof));
}

START_TEST(every_consistency_of_small_trees_holds_and_nothing_like_it)
{
    small_leaves();
    for (uint64_t to = 0; to <= SMALL; to++) {
        struct asked asked = {.size = to};
        struct merkle_hash a, b;
        mth(leaves, to, &b);
        for (uint64_t from = 0; from <= to; from++) {
            struct merkle_proof proof, want = {.n = 0};
            mth(leaves, from, &a);
            ck_ok(merkle_consistency(from, to, leaf_node, &asked, &proof));
            if (from > 0)
                subproof(from, leaves, to, true, &want);
            ck_assert(same_proof(&proof, &want));
            ck_assert(merkle_consistency_holds(from, &a, to, &b, &proof));
            ck_consistency_is_rigid(from, &a, to, &b, &proof);
            ck_assert(from == to || !merkle_consistency_holds(to, &b, from, &a, &proof));
            /* Of no other two sizes between these roots. */
            for (uint64_t at = 1; at < to && from > 0; at++)
                ck_assert(merkle_consistency_holds(at, &a, to, &b, &proof) == (at == from));
        }
    }
}
END_TEST

/* Two that agree are no empty trees by that. */
START_TEST(nothing_but_the_empty_root_is_consistent_at_size_0)
{
    const struct merkle_proof none = {.n = 0};
    struct merkle_hash empty, other = {{1}};
    merkle_empty(&empty);
    ck_assert(merkle_consistency_holds(0, &empty, 0, &empty, &none));
    ck_assert(!merkle_consistency_holds(0, &other, 0, &other, &none));
    ck_assert(!merkle_consistency_holds(0, &empty, 0, &other, &none));
    ck_assert(!merkle_consistency_holds(0, &other, 0, &empty, &none));
}
END_TEST

START_TEST(what_is_not_in_the_tree_has_no_proof)
{
    struct asked asked = {.size = 8};
    struct merkle_proof proof;
    struct merkle_hash root;
    small_leaves();
    ck_err(merkle_inclusion(8, 8, leaf_node, &asked, &proof), ERR_INPUT);
    ck_err(merkle_inclusion(0, 0, leaf_node, &asked, &proof), ERR_INPUT);
    ck_err(merkle_consistency(9, 8, leaf_node, &asked, &proof), ERR_INPUT);
    ck_err(merkle_root((uint64_t)1 << 63, leaf_node, &asked, &root), ERR_LIMIT);
    ck_err(merkle_inclusion(0, UINT64_MAX, leaf_node, &asked, &proof), ERR_LIMIT);
    ck_err(merkle_consistency(1, UINT64_MAX, leaf_node, &asked, &proof), ERR_LIMIT);
    /* The node keeper's own error comes through. */
    ck_err(merkle_root(9, leaf_node, &asked, &root), ERR_BUG);
}
END_TEST

/* Made up, but the same wherever it is asked: the tree need not be there. */
static struct err any_node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out)
{
    size_t *n = arg;
    (*n)++;
    memset(out, (int)(level * 7 + (unsigned)(index % 251)), sizeof *out);
    return OK;
}

START_TEST(the_largest_tree_is_bounded_work)
{
    size_t n = 0;
    struct merkle_proof proof;
    struct merkle_hash root;
    ck_ok(merkle_root(MERKLE_SIZE_MAX, any_node, &n, &root));
    ck_assert_uint_eq(n, 63);
    n = 0;
    ck_ok(merkle_inclusion(MERKLE_SIZE_MAX - 1, MERKLE_SIZE_MAX, any_node, &n, &proof));
    ck_assert_uint_le(n, 63);
    n = 0;
    ck_ok(merkle_inclusion(0, MERKLE_SIZE_MAX, any_node, &n, &proof));
    ck_assert_uint_eq(proof.n, 63);
    n = 0;
    ck_ok(merkle_consistency(((uint64_t)1 << 62) - 1, MERKLE_SIZE_MAX, any_node, &n, &proof));
    ck_assert_uint_le(proof.n, MERKLE_PROOF_MAX);
    ck_assert_uint_le(n, 130);
}
END_TEST

/* 0x00 and 0x01: a node's children are not a leaf's data. */
START_TEST(a_leaf_is_not_a_node)
{
    uint8_t both[2 * MERKLE_HASH_LEN] = {1, 2, 3};
    struct merkle_hash l, r, node, leaf;
    memcpy(l.at, both, sizeof l.at);
    memcpy(r.at, both + MERKLE_HASH_LEN, sizeof r.at);
    merkle_node(&l, &r, &node);
    merkle_leaf(both, sizeof both, &leaf);
    ck_assert(!merkle_eq(&node, &leaf));
    /* Long data and short go different ways to the same hash rule. */
    uint8_t longer[200] = {0};
    struct merkle_hash a, b;
    merkle_leaf(longer, sizeof longer, &a);
    longer[199] = 1;
    merkle_leaf(longer, sizeof longer, &b);
    ck_assert(!merkle_eq(&a, &b));
    ck_hash(&a, "ab3df617aaa3140f04dc53f65b5446f34a6b2bdbb1f7b78db8db4d067ba14db9");
}
END_TEST

TEST_MAIN("merkle", the_published_roots, the_published_inclusion_proofs,
          the_published_consistency_proofs, every_small_tree_is_the_obvious_one,
          every_inclusion_in_a_small_tree_holds_and_nothing_like_it,
          every_consistency_of_small_trees_holds_and_nothing_like_it,
          nothing_but_the_empty_root_is_consistent_at_size_0, what_is_not_in_the_tree_has_no_proof,
          the_largest_tree_is_bounded_work, a_leaf_is_not_a_node)
