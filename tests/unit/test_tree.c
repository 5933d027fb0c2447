/* The tree over the events: heads of every size against a tree that only grows, whatever the groups
 * were, and that nothing of a call or group that was undone is left in it. */
#include "engine/store/tree.h"

#include "common/verify/receipt.h"
#include "tests/unit/raw_book.h"

static struct book b;
static struct note_signer signer;
static struct merkle_edge edge; /* the same leaves, grown by the library */

static void signer_make(struct note_signer *s, uint8_t seed_byte)
{
    uint8_t seed[ED25519_KEY_LEN], key[ED25519_KEY_LEN];
    char origin[TREE_ORIGIN_SIZE];
    memset(seed, seed_byte, sizeof seed);
    ck_ok(ed25519_from_seed(seed, &s->secret));
    ed25519_public(s->secret, key);
    tree_origin(b.store, origin);
    ck_ok(note_key_make(origin, NOTE_ED25519, key, &s->key));
}

static void up(void)
{
    book_up(&b);
    edge = (struct merkle_edge){.size = 0};
    signer_make(&signer, 7);
}

static void down(void)
{
    book_down(&b);
    ed25519_free(signer.secret);
}

static void sign(void)
{
    ck_ok(tree_sign_with(b.store, &signer));
}

/* A group of n events. */
static void group(size_t n)
{
    call_begin(&b);
    for (size_t i = 0; i < n; i++)
        append(&b, "ENGINE_STARTED");
    call_end(&b);
    arena_reset(b.arena);
}

/* What stands in the table, grown anew up to `size`. */
static struct merkle_hash root_of(struct tx *tx, uint64_t size)
{
    static const struct db_sql all = {"all", "SELECT hash_self FROM audit_events WHERE seq > ?1"
                                             " AND seq <= ?2 ORDER BY seq"};
    CLEANUP(stmt_free) struct stmt *q = NULL;
    struct merkle_hash root, leaf;
    if (size < edge.size)
        edge = (struct merkle_edge){.size = 0};
    ck_ok(stmt_new(tx->db, &all, &q));
    stmt_bind_int(q, 1, (int64_t)edge.size);
    stmt_bind_int(q, 2, (int64_t)size);
    while (edge.size < size) {
        bool row;
        ck_ok(stmt_step(q, &row));
        ck_assert(row);
        merkle_leaf(stmt_peek(q, 0).at, MERKLE_HASH_LEN, &leaf);
        merkle_edge_add(&edge, &leaf);
    }
    merkle_edge_root(&edge, &root);
    return root;
}

static void receipt_holds(const struct receipt *r, const struct tree_head *head)
{
    struct merkle_hash leaf;
    uint8_t self[SHA256_LEN];
    receipt_leaf_data(r, self);
    merkle_leaf(self, sizeof self, &leaf);
    ck_assert_msg(merkle_inclusion_holds(&leaf, r->index, head->size, &r->proof, &head->root),
                  "event %llu in %llu", (unsigned long long)r->index + 1,
                  (unsigned long long)head->size);
}

/* The note says this size and root of this book, and is signed. */
static void head_holds(const struct tree_head *head, const struct note_signer *by)
{
    struct checkpoint c;
    struct note note;
    ck_ok(note_parse(head->note, &note));
    ck_assert_int_eq(note_check(&note, &by->key, NULL), NOTE_SIGNED);
    ck_ok(checkpoint_parse(note.text, &c));
    ck_assert(str_is(c.origin, by->key.name));
    ck_assert_uint_eq(c.size, head->size);
    ck_assert(merkle_eq(&c.root, &head->root));
}

/* On a reader, which keeps tiles: from one proof to the next, in trees of several sizes. */
static void proofs_hold(struct arena *arena)
{
    CLEANUP(store_close) struct store *store = NULL;
    struct tree_head head;
    struct tx tx;
    ck_ok(store_open(b.path, STORE_READER, arena, &store));
    ck_ok(tx_read_begin(store, arena, b.clock_us, &tx));
    for (uint64_t size = (uint64_t)store_head(store)->seq; size > 0;
         size -= size > 2 ? size / 3 : 1) {
        ck_ok(head_covering(&tx, arena, size, &head));
        for (uint64_t seq = 1; seq <= head.size; seq += 1 + head.size / 7) {
            struct receipt r;
            ck_ok(receipt_at(&tx, arena, (int64_t)seq, head.size, &r));
            receipt_holds(&r, &head);
        }
    }
    tx_read_end(&tx);
}

/* The last head covers every event, is their tree's, and is consistent with each of `past`. */
static void tree_is_good(void)
{
    struct tree_head head, old;
    struct merkle_proof proof;
    struct receipt r;
    struct tx tx;
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &tx));
    ck_ok(head_latest(&tx, b.arena, &head));
    ck_assert_int_eq((int64_t)head.size, store_head(b.store)->seq);
    head_holds(&head, &signer);
    struct merkle_hash root = root_of(&tx, head.size);
    ck_assert_msg(merkle_eq(&root, &head.root), "size %llu", (unsigned long long)head.size);
    for (uint64_t step = 1; step <= head.size; step *= 3) {
        ck_ok(head_covering(&tx, b.arena, head.size - step + 1, &old));
        ck_ok(merkle_consistency(old.size, head.size, tree_node, &tx, &proof));
        ck_assert(merkle_consistency_holds(old.size, &old.root, head.size, &head.root, &proof));
        ck_ok(receipt_at(&tx, b.arena, (int64_t)step, head.size, &r));
        receipt_holds(&r, &head);
        ck_ok(receipt_of(&tx, b.arena, (int64_t)old.size, &r));
        receipt_holds(&r, &old);
    }
    tx_read_end(&tx);
    arena_reset(b.arena);
}

/* ---- growing ---- */

START_TEST(a_head_is_the_tree_of_its_events_at_every_size)
{
    sign();
    for (int i = 2; i <= 600; i++) {
        group(1);
        tree_is_good();
    }
}
END_TEST

START_TEST(groups_of_any_size_make_the_same_tree)
{
    static const size_t sizes[] = {1, 2, 251, 1, 1, 255, 256, 257, 3, 512, 1, 700, 1023, 2};
    sign();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        group(sizes[i]);
        tree_is_good();
        proofs_hold(b.arena);
    }
}
END_TEST

START_TEST(a_group_without_events_signs_nothing)
{
    struct tree_head head;
    sign();
    group(3);
    group(0);
    call_begin(&b);
    ck_ok(head_latest(&b.tx, b.arena, &head));
    ck_assert_uint_eq(head.size, 4);
    call_end(&b);
    tree_is_good();
}
END_TEST

START_TEST(a_tile_of_tiles_fills)
{
    sign();
    while (store_head(b.store)->seq < 65536 + 300) {
        group(997);
        if (store_head(b.store)->seq % 11 == 0)
            tree_is_good();
    }
    tree_is_good();
    book_reopen(&b);
    sign();
    group(1);
    tree_is_good();
    proofs_hold(b.arena);
}
END_TEST

/* ---- receipts of a group ---- */

START_TEST(every_event_of_a_group_has_its_receipt_in_the_head_of_that_group)
{
    struct tree_head head;
    struct tx tx;
    sign();
    group(200);
    group(700); /* fills two tiles, and more than one */
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &tx));
    ck_ok(head_latest(&tx, b.arena, &head));
    for (int64_t seq = 202; seq <= 901; seq++) {
        struct receipt r, again;
        ck_ok(receipt_of(&tx, b.arena, seq, &r));
        again = r;
        ck_ok(tree_receipt(b.store, b.arena, seq, &again));
        ck_assert_uint_eq(again.index, r.index);
        ck_assert_uint_eq(again.proof.n, r.proof.n);
        ck_assert_mem_eq(again.proof.at, r.proof.at, r.proof.n * sizeof r.proof.at[0]);
        ck_assert(str_eq(again.checkpoint, r.checkpoint));
        receipt_holds(&again, &head);
    }
    tx_read_end(&tx);
    struct receipt r;
    ck_err(tree_receipt(b.store, b.arena, 201, &r), ERR_MISSING); /* another group's */
    ck_err(tree_receipt(b.store, b.arena, 902, &r), ERR_MISSING);
}
END_TEST

START_TEST(a_receipt_takes_the_event_as_it_was_hashed)
{
    struct receipt r = {0}, stored;
    sign();
    call_begin(&b);
    append(&b, "ENGINE_STARTED");
    append(&b, "POLICY_LOADED");
    ck_ok(tree_receipt_begin(&b.tx, b.arena, &r));
    call_end(&b);
    ck_ok(tree_receipt(b.store, b.arena, 3, &r));
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &b.tx));
    ck_ok(receipt_of(&b.tx, b.arena, 3, &stored));
    tx_read_end(&b.tx);
    ck_assert(str_eq(r.event, stored.event));
    ck_assert_mem_eq(r.hash_prev, stored.hash_prev, sizeof r.hash_prev);
}
END_TEST

START_TEST(what_is_not_there_has_no_receipt)
{
    struct receipt r;
    struct tree_head head;
    sign();
    group(4);
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &b.tx));
    ck_err(receipt_of(&b.tx, b.arena, 0, &r), ERR_MISSING);
    ck_err(receipt_of(&b.tx, b.arena, -1, &r), ERR_MISSING);
    ck_err(receipt_of(&b.tx, b.arena, 6, &r), ERR_MISSING);
    ck_err(receipt_at(&b.tx, b.arena, 1, 3, &r), ERR_MISSING); /* no head of this size */
    ck_err(head_covering(&b.tx, b.arena, 6, &head), ERR_MISSING);
    ck_err(head_covering(&b.tx, b.arena, UINT64_MAX, &head), ERR_MISSING);
    tx_read_end(&b.tx);
}
END_TEST

START_TEST(an_event_is_in_no_older_head)
{
    struct receipt r;
    sign();
    group(1);
    group(1);
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &b.tx));
    ck_ok(receipt_at(&b.tx, b.arena, 1, 3, &r));
    ck_err(receipt_at(&b.tx, b.arena, 3, 2, &r), ERR_INPUT);
    tx_read_end(&b.tx);
}
END_TEST

/* ---- undone ---- */

START_TEST(a_call_that_is_undone_leaves_no_leaf)
{
    sign();
    for (int i = 0; i < 300; i++) {
        call_begin(&b);
        append(&b, "ENGINE_STARTED");
        ck_ok(tx_call_keep(&b.tx));
        ck_ok(tx_call_begin(b.store, b.arena, b.clock_us, &b.tx));
        append(&b, "POLICY_LOADED");
        append(&b, "POLICY_LOADED");
        tx_call_undo(&b.tx);
        ck_ok(tx_call_begin(b.store, b.arena, b.clock_us, &b.tx));
        append(&b, "INGESTED");
        call_end(&b);
        tree_is_good();
    }
}
END_TEST

START_TEST(a_group_that_is_abandoned_leaves_no_leaf)
{
    sign();
    for (int i = 0; i < 40; i++) {
        group((size_t)(i % 3));
        call_begin(&b);
        for (int k = 0; k < 60; k++)
            append(&b, "POLICY_LOADED");
        ck_assert(store_group_abandon(b.store));
        group(12);
        tree_is_good();
    }
}
END_TEST

/* The secret is not the key's: note_sign refuses. */
START_TEST(a_group_that_cannot_be_signed_fails_and_leaves_nothing)
{
    struct note_signer broken = signer;
    struct tree_head head;
    uint8_t seed[ED25519_KEY_LEN] = {9};
    ck_ok(ed25519_from_seed(seed, &broken.secret));
    sign();
    group(200);
    ck_ok(tree_sign_with(b.store, &broken));
    for (int i = 0; i < 3; i++) {
        call_begin(&b);
        for (int k = 0; k < 300; k++) /* fills a tile */
            append(&b, "POLICY_LOADED");
        ck_ok(tx_call_keep(&b.tx));
        ck_err(store_group_commit(b.store), ERR_BUG);
        ck_assert(store_group_abandon(b.store));
    }
    ck_assert_int_eq(store_head(b.store)->seq, 201);
    sign();
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &b.tx));
    ck_ok(head_latest(&b.tx, b.arena, &head));
    tx_read_end(&b.tx);
    ck_assert_uint_eq(head.size, 201);
    group(300);
    tree_is_good();
    expect_intact(&b);
    ed25519_free(broken.secret);
}
END_TEST

/* The leaf that fills a tile is in it already when the tile cannot be written. */
START_TEST(a_tile_that_cannot_be_written_fails_the_group_and_leaves_no_leaf)
{
    sign();
    group(254);
    attack(&b, "DROP TRIGGER audit_tiles_append; DROP TRIGGER audit_tiles_no_delete;"
               "INSERT INTO audit_tiles VALUES (0, 0, zeroblob(32), zeroblob(8192))");
    for (int i = 0; i < 2; i++) {
        call_begin(&b);
        append(&b, "POLICY_LOADED");
        ck_ok(tx_call_keep(&b.tx));
        ck_err(store_group_commit(b.store), i == 0 ? ERR_CONFLICT : ERR_STORE);
        ck_assert(store_group_abandon(b.store));
    }
    attack(&b, "DELETE FROM audit_tiles");
    group(1);
    tree_is_good();
    group(300);
    tree_is_good();
}
END_TEST

/* ---- opening ---- */

START_TEST(the_edge_is_read_back_at_any_size)
{
    static const int64_t stops[] = {2, 255, 256, 257, 258, 511, 512, 513, 1000};
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        book_reopen(&b);
        sign();
        while (store_head(b.store)->seq < stops[i])
            group(1);
        tree_is_good();
        book_reopen(&b);
        sign();
        group(0);
        tree_is_good();
    }
}
END_TEST

START_TEST(a_book_from_before_the_tree_is_covered_by_the_first_head)
{
    struct tree_head head;
    for (int i = 0; i < 70; i++)
        group(1000); /* more than one transaction's share of tiles */
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &b.tx));
    ck_err(head_latest(&b.tx, b.arena, &head), ERR_MISSING);
    tx_read_end(&b.tx);
    sign();
    group(1);
    tree_is_good();
    expect_intact(&b);
}
END_TEST

START_TEST(what_happened_while_nobody_signed_is_covered_later)
{
    struct tree_head head;
    sign();
    group(100);
    ck_ok(tree_sign_with(b.store, NULL));
    group(300);
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &b.tx));
    ck_ok(head_latest(&b.tx, b.arena, &head));
    tx_read_end(&b.tx);
    ck_assert_uint_eq(head.size, 101);
    sign();
    group(1);
    tree_is_good();
}
END_TEST

/* ---- who signs ---- */

START_TEST(another_signer_signs_from_its_call_on_unless_that_is_undone)
{
    struct note_signer next;
    struct tree_head head;
    signer_make(&next, 8);
    sign();
    group(5);
    call_begin(&b);
    ck_ok(tree_sign_next(&b.tx, &next));
    append(&b, "KEY_ROTATED");
    tx_call_undo(&b.tx);
    ck_ok(tx_call_begin(b.store, b.arena, b.clock_us, &b.tx));
    append(&b, "INGESTED");
    call_end(&b);
    tree_is_good();
    call_begin(&b);
    ck_ok(tree_sign_next(&b.tx, &next));
    append(&b, "KEY_ROTATED");
    ck_assert(store_group_abandon(b.store));
    ck_assert_ptr_eq(tree_signer(b.store), &signer);
    group(1);
    tree_is_good();
    call_begin(&b);
    ck_ok(tree_sign_next(&b.tx, &next));
    append(&b, "KEY_ROTATED");
    call_end(&b);
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &b.tx));
    ck_ok(head_latest(&b.tx, b.arena, &head));
    tx_read_end(&b.tx);
    head_holds(&head, &next);
    ed25519_free(next.secret);
}
END_TEST

START_TEST(a_first_signer_within_a_call_covers_all_before_it)
{
    group(700);
    call_begin(&b);
    ck_ok(tree_sign_next(&b.tx, &signer));
    append(&b, "KEY_ROTATED");
    call_end(&b);
    tree_is_good();
    group(2);
    tree_is_good();
}
END_TEST

START_TEST(no_head_is_signed_over_a_past_that_is_not_the_signed_one)
{
    sign();
    group(10);
    attack(&b, "DROP TRIGGER audit_no_update;"
               "UPDATE audit_events SET hash_self = zeroblob(32) WHERE seq = 4;"
               "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit_events\nBEGIN\n"
               "    SELECT RAISE(ABORT, 'audit_events is append-only');\nEND");
    book_reopen(&b);
    ck_err(tree_sign_with(b.store, &signer), ERR_STORE);
    ck_assert_ptr_null(tree_signer(b.store));
}
END_TEST

START_TEST(no_head_is_signed_over_a_log_whose_end_is_gone)
{
    sign();
    group(10);
    attack(&b, "DROP TRIGGER audit_no_delete; DELETE FROM audit_events WHERE seq > 8;"
               "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit_events\nBEGIN\n"
               "    SELECT RAISE(ABORT, 'audit_events is append-only');\nEND");
    book_reopen(&b);
    ck_err(tree_sign_with(b.store, &signer), ERR_STORE);
}
END_TEST

/* ---- the tables ---- */

START_TEST(tiles_and_heads_only_ever_grow)
{
    static const char *const refused[] = {
        "UPDATE audit_heads SET note = 'x'",
        "DELETE FROM audit_heads",
        "UPDATE audit_tiles SET root = zeroblob(32)",
        "DELETE FROM audit_tiles",
        "INSERT INTO audit_heads VALUES (300, zeroblob(32), 'x')",
        "INSERT INTO audit_heads VALUES (302, zeroblob(32), 'x')", /* more than there are */
        "INSERT INTO audit_heads VALUES (301, zeroblob(32), 'x')", /* signed already */
        "REPLACE INTO audit_heads VALUES (301, zeroblob(32), 'x')",
        "INSERT INTO audit_tiles VALUES (0, 1, zeroblob(32), zeroblob(8192))", /* not full */
        "INSERT INTO audit_tiles VALUES (0, 2, zeroblob(32), zeroblob(8192))",
        "REPLACE INTO audit_tiles VALUES (0, 0, zeroblob(32), zeroblob(8192))",
        "INSERT INTO audit_tiles VALUES (1, 0, zeroblob(32), zeroblob(8192))",
    };
    sign();
    group(300);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_msg(attack_rc(&b, refused[i]) == SQLITE_CONSTRAINT, "%s", refused[i]);
    tree_is_good();
}
END_TEST

START_TEST(a_tile_is_read_in_any_width)
{
    struct merkle_hash whole[TREE_TILE_WIDTH], part[TREE_TILE_WIDTH];
    sign();
    group(299);
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &b.tx));
    ck_ok(tree_tile(&b.tx, 0, 0, 256, whole));
    ck_ok(tree_tile(&b.tx, 0, 0, 7, part));
    ck_assert_mem_eq(whole, part, 7 * sizeof part[0]);
    ck_ok(tree_tile(&b.tx, 0, 1, 44, part));
    ck_ok(tree_tile(&b.tx, 1, 0, 1, whole));
    ck_err(tree_tile(&b.tx, 0, 1, 45, part), ERR_MISSING);
    ck_err(tree_tile(&b.tx, 1, 0, 2, part), ERR_MISSING);
    ck_err(tree_tile(&b.tx, 0, 2, 1, part), ERR_MISSING);
    ck_err(tree_tile(&b.tx, 7, 0, 1, part), ERR_MISSING);
    ck_err(tree_tile(&b.tx, 0, UINT64_MAX / 2, 1, part), ERR_MISSING);
    ck_err(tree_tile(&b.tx, 0, 0, 0, part), ERR_MISSING);
    ck_err(tree_tile(&b.tx, 0, 0, 257, part), ERR_MISSING);
    tx_read_end(&b.tx);
}
END_TEST

TEST_MAIN_AROUND("tree", up, down, a_head_is_the_tree_of_its_events_at_every_size,
                 groups_of_any_size_make_the_same_tree, a_group_without_events_signs_nothing,
                 a_tile_of_tiles_fills,
                 every_event_of_a_group_has_its_receipt_in_the_head_of_that_group,
                 a_receipt_takes_the_event_as_it_was_hashed, what_is_not_there_has_no_receipt,
                 an_event_is_in_no_older_head, a_call_that_is_undone_leaves_no_leaf,
                 a_group_that_is_abandoned_leaves_no_leaf,
                 a_group_that_cannot_be_signed_fails_and_leaves_nothing,
                 a_tile_that_cannot_be_written_fails_the_group_and_leaves_no_leaf,
                 the_edge_is_read_back_at_any_size,
                 a_book_from_before_the_tree_is_covered_by_the_first_head,
                 what_happened_while_nobody_signed_is_covered_later,
                 another_signer_signs_from_its_call_on_unless_that_is_undone,
                 a_first_signer_within_a_call_covers_all_before_it,
                 no_head_is_signed_over_a_past_that_is_not_the_signed_one,
                 no_head_is_signed_over_a_log_whose_end_is_gone, tiles_and_heads_only_ever_grow,
                 a_tile_is_read_in_any_width)
