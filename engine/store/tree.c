/* What the writer does with the tree: every group's events become leaves, and one signed head
 * covers them, in the group's own transaction. */
#include "engine/store/tree.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/verify/receipt.h"
#include "engine/store/tree_own.h"

/* Events that one transaction of tree_build adds: 256 tiles, two megabytes. */
#define BUILD_EVENTS ((uint64_t)TREE_TILE_WIDTH * TREE_TILE_WIDTH)

/* ---- opening ---- */

struct err tree_open(struct store *s)
{
    s->tree = calloc(1, sizeof *s->tree);
    ENSURE(s->tree != NULL, ERR_LIMIT, "out of memory");
    buf_init(&s->tree->note, NOTE_BYTES_MAX);
    return OK;
}

void tree_close(struct store *s)
{
    struct tree *t = s->tree;
    if (t == NULL)
        return;
    for (unsigned level = 0; level < TREE_LEVEL_COUNT; level++) {
        free(t->now[level]);
        free(t->before[level]);
    }
    buf_fini(&t->note);
    free(t->added);
    free(t);
}

/* The events must lead to what was signed last: on top of anything else a head would be a fork. */
static struct err head_agrees(struct store *s)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)1 << 16);
    struct tx tx = {.store = s, .db = s->db, .arena = arena};
    struct merkle_hash root;
    struct tree_head head;
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    struct err e = head_latest(&tx, arena, &head);
    if (e.kind == ERR_MISSING)
        return OK;
    TRY(e);
    ENSURE(head.size <= s->tree->size, ERR_STORE,
           "events that were signed are missing; run audit verify");
    TRY(merkle_root(head.size, tree_edge_node, s, &root));
    ENSURE(memcmp(&root, &head.root, sizeof root) == 0, ERR_STORE,
           "the events are not those that were signed; run audit verify");
    return OK;
}

/* One transaction's share of what is missing up to the head. */
static struct err build_some(struct store *s)
{
    struct tree *t = s->tree;
    const uint64_t all = (uint64_t)s->head.seq;
    TRY(tree_edge_read(s));
    TRY(tree_extend(s, all - t->size > BUILD_EVENTS ? t->size + BUILD_EVENTS : all));
    if (t->size == all)
        TRY(head_agrees(s));
    return OK;
}

struct err tree_build(struct store *s)
{
    struct tree *t = s->tree;
    INVARIANT(t != NULL && !db_in_transaction(s->db));
    while (!t->loaded) {
        TRY(db_begin_immediate(s->db));
        struct err e = build_some(s);
        if (e.kind == ERR_NONE)
            e = db_commit(s->db);
        if (e.kind != ERR_NONE) {
            struct err undone = db_rollback(s->db);
            (void)undone; /* the edge is read again before it is used */
            return e;
        }
        t->loaded = t->size == (uint64_t)s->head.seq;
    }
    return OK;
}

struct err tree_sign_with(struct store *s, const struct note_signer *signer)
{
    if (signer != NULL)
        TRY(tree_build(s));
    s->tree->signer = signer;
    return OK;
}

struct err tree_sign_next(struct tx *tx, const struct note_signer *signer)
{
    INVARIANT(tx->store->tree != NULL);
    tx->store->tree->signer = signer;
    return OK;
}

const struct note_signer *tree_signer(const struct store *s)
{
    return s->tree == NULL ? NULL : s->tree->signer;
}

/* ---- a group ---- */

void tree_group_begin(struct store *s)
{
    s->tree->signer_group = s->tree->signer;
    s->tree->loaded &= !s->tree->unsure;
    s->tree->unsure = false;
}

void tree_call_begin(struct store *s)
{
    s->tree->signer_saved = s->tree->signer;
}

void tree_call_undo(struct store *s)
{
    s->tree->signer = s->tree->signer_saved;
}

struct err tree_event(struct store *s, const struct chain_head *next)
{
    struct tree *t = s->tree;
    const size_t at = (size_t)(next->seq - s->head_group.seq - 1);
    if (at >= t->added_cap) {
        const size_t cap = t->added_cap == 0 ? 256 : 2 * t->added_cap;
        struct merkle_hash *added = realloc(t->added, cap * sizeof *added);
        ENSURE(added != NULL, ERR_LIMIT, "out of memory");
        t->added = added;
        t->added_cap = cap;
    }
    memcpy(t->added[at].at, next->hash, sizeof next->hash);
    memcpy(t->prev, s->head.hash, sizeof t->prev);
    return OK;
}

static struct err group_add(struct store *s)
{
    struct tree *t = s->tree;
    const size_t n = (size_t)(s->head.seq - s->head_group.seq);
    t->loaded &= t->size == (uint64_t)s->head_group.seq;
    if (!t->loaded) { /* read anew: the table has this group's events, too */
        TRY(tree_edge_read(s));
        TRY(tree_extend(s, (uint64_t)s->head.seq));
        return head_agrees(s);
    }
    for (size_t i = 0; i < n; i++)
        TRY(tree_add(s, t->added[i].at));
    return OK;
}

static struct err head_insert(struct store *s, const struct checkpoint *c)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(s->db, SQL_TREE, TREE_HEAD_INSERT);
    stmt_bind_int(q, 1, (int64_t)c->size);
    stmt_bind_blob(q, 2, c->root.at, sizeof c->root.at);
    stmt_bind_str(q, 3, buf_str(&s->tree->note));
    return stmt_run(q);
}

static struct err head_sign(struct store *s)
{
    CLEANUP(buf_fini) struct buf text;
    struct tree *t = s->tree;
    char origin[TREE_ORIGIN_SIZE];
    tree_origin(s, origin);
    struct checkpoint c = {.origin = str_of(origin), .size = t->size};
    buf_init(&text, NOTE_BYTES_MAX);
    TRY(merkle_root(t->size, tree_edge_node, s, &c.root));
    checkpoint_print(&c, &text);
    TRY(buf_check(&text));
    buf_clear(&t->note);
    TRY(note_sign(buf_str(&text), t->signer, &t->note));
    TRY(buf_check(&t->note));
    TRY(head_insert(s, &c));
    t->signed_ = t->size;
    return OK;
}

struct err tree_commit(struct store *s)
{
    struct tree *t = s->tree;
    if (s->head.seq == s->head_group.seq)
        return OK;
    t->unsure = true;
    t->signed_ = 0;
    if (t->signer == NULL) /* whoever signs next reads what it missed */
        return OK;
    TRY(group_add(s));
    return head_sign(s);
}

void tree_committed(struct store *s)
{
    struct tree *t = s->tree;
    t->loaded = t->signer != NULL && t->size == (uint64_t)s->head.seq;
    t->unsure = false;
}

void tree_abandon(struct store *s)
{
    struct tree *t = s->tree;
    t->signer = t->signer_group;
    t->loaded &= !t->unsure;
    t->unsure = false;
    t->signed_ = 0;
}

/* ---- what was signed ---- */

struct err tree_receipt_begin(struct tx *tx, struct arena *arena, struct receipt *r)
{
    const struct store *s = tx->store;
    INVARIANT(s->tree != NULL);
    r->event = (struct str){arena_dup(arena, s->text.at, s->text.len), s->text.len};
    memcpy(r->hash_prev, s->tree->prev, sizeof r->hash_prev);
    return arena_check(arena);
}

struct err tree_receipt(struct store *s, struct arena *arena, int64_t seq, struct receipt *r)
{
    const struct tree *t = s->tree;
    ENSURE(t != NULL && t->signed_ > 0 && seq > s->head_group.seq && (uint64_t)seq <= t->signed_,
           ERR_MISSING, "no head was signed over this event");
    r->index = (uint64_t)seq - 1;
    TRY(merkle_inclusion(r->index, t->signed_, tree_edge_node, s, &r->proof));
    r->checkpoint = (struct str){arena_dup(arena, t->note.at, t->note.len), t->note.len};
    return arena_check(arena);
}
