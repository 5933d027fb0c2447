/* What audit_verify knows beside the events: the log's keys, heads that were kept elsewhere, what
 * witnesses signed; and the answers that rest on them. Keys are the caller's, or the book's own
 * first one: then the report says that nobody else vouched for it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/db.h"
#include "common/verify/check.h"
#include "engine/store/audit_verify_own.h"

static const struct db_sql keys_sql = {
    "verify_keys", "SELECT seq, CASE WHEN json_valid(event) THEN"
                   " json_extract(event, '$.detail.statement') END FROM audit_events"
                   " WHERE event_type = 'KEY_ROTATED' AND seq <= ?1 ORDER BY seq"};
static const struct db_sql stored_sql = {"verify_stored",
                                         "SELECT (SELECT max(size) FROM audit_heads), (SELECT"
                                         " count(*) FROM audit_tiles WHERE ((n + 1) << (8 * (level"
                                         " + 1))) > ?1)"};
static const struct db_sql cosigned_sql = {
    "verify_cosigned", "SELECT c.witness, c.size, c.line, h.note FROM audit_cosignatures c LEFT"
                       " JOIN audit_heads h ON h.size = c.size ORDER BY c.size DESC"};

/* ---- one head's note ---- */

static const char *checkpoint_problem(const struct verify *v, struct str note_text, uint64_t size,
                                      const struct merkle_hash *root)
{
    struct checkpoint c;
    if (checkpoint_parse(note_text, &c).kind != ERR_NONE)
        return "a signed head is no checkpoint";
    if (!str_is(c.origin, v->origin))
        return "a signed head is of another log";
    if (c.size != size || !merkle_eq(&c.root, root))
        return "a signed head says another size or root than its row";
    return NULL;
}

const char *head_note_problem(const struct verify *v, struct str bytes, uint64_t size,
                              const struct merkle_hash *root, bool *unknown)
{
    struct note note;
    bool any = false, ours = false;
    *unknown = false;
    if (note_parse(bytes, &note).kind != ERR_NONE)
        return "a signed head is no signed note";
    const char *problem = checkpoint_problem(v, note.text, size, root);
    for (size_t i = 0; problem == NULL && i < v->trust.n; i++) {
        const struct trust_key *k = &v->trust.keys[i];
        any = any || k->believed;
        if (!k->believed || size < k->from || size >= k->until)
            continue;
        const enum note_check check = note_check(&note, &k->key, NULL);
        if (check == NOTE_FORGED)
            return "the signature of a head does not hold";
        ours = ours || check == NOTE_SIGNED;
    }
    if (problem != NULL || ours)
        return problem;
    *unknown = !any;
    return any ? "a head is not signed by the key that signed the log then"
               : "no event names the log's key, and none was given";
}

/* ---- keys ---- */

/* The first statement begins the book's own word; each later one must follow from what is there. */
static void statement_read(struct verify *v, int64_t seq, struct str text, bool pinned)
{
    struct audit_told *tree = &v->report->told[AUDIT_TREE];
    struct log_key_statement s;
    struct err e = log_key_read(text, &s);
    if (e.kind == ERR_NONE && (!text_eq(s.new_key.name, v->origin) || s.from != (uint64_t)seq))
        e = err_new(ERR_INPUT, "it is of another log or another event");
    if (e.kind == ERR_NONE && v->keyed_from == 0 && !pinned) {
        v->report->own_word = true;
        e = trust_give(&v->trust, note_key_print(v->arena, &s.new_key));
    }
    if (e.kind == ERR_NONE)
        e = trust_state(&v->trust, text);
    if (e.kind != ERR_NONE)
        told_bad(tree, seq,
                 arena_fmt(v->arena, "the statement of the log's key does not hold: %s", e.msg));
    if (v->keyed_from == 0)
        v->keyed_from = seq;
}

static struct err keys_read(struct verify *v, const struct audit_given *given)
{
    CLEANUP(stmt_free) struct stmt *q = NULL;
    for (size_t i = 0; i < given->keys_n; i++)
        TRY(trust_give(&v->trust, given->keys[i]));
    for (size_t i = 0; i < given->witnesses_n; i++)
        TRY(trust_witness(&v->trust, given->witnesses[i]));
    TRY(stmt_new(v->tx->db, &keys_sql, &q));
    stmt_bind_int(q, 1, v->last);
    for (;;) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        v->key_events++;
        statement_read(v, stmt_int(q, 0), stmt_str(q, 1, v->arena), given->keys_n > 0);
    }
}

/* ---- heads kept elsewhere ---- */

static struct err kept_receipt(struct verify *v, const struct audit_kept *kept,
                               struct known_head *known, struct str *note)
{
    struct receipt r;
    struct merkle_hash leaf;
    struct checkpoint c;
    struct note parsed;
    TRY(receipt_read(v->arena, kept->text, &r));
    receipt_leaf_data(&r, known->hash_self);
    merkle_leaf(known->hash_self, sizeof known->hash_self, &leaf);
    TRY(note_parse(r.checkpoint, &parsed));
    TRY(checkpoint_parse(parsed.text, &c));
    ENSURE(merkle_inclusion_holds(&leaf, r.index, c.size, &r.proof, &c.root), ERR_INPUT,
           "the receipt does not hold by itself: its proof does not lead to its checkpoint");
    known->seq = (int64_t)r.index + 1;
    *note = r.checkpoint;
    return OK;
}

/* A head that is not believed, or of another log, is not in this one: that is an answer. */
static void known_judge(struct verify *v, struct known_head *known, struct str note)
{
    struct audit_told *told = &v->report->told[AUDIT_TRUNCATION];
    bool unknown;
    const char *says = head_note_problem(v, note, known->size, &known->root, &unknown);
    known->wanted = says == NULL || unknown;
    if (says != NULL && !unknown)
        told_bad(told, 0, arena_fmt(v->arena, "%s: %s", known->name, says));
    if (known->wanted && known->size > (uint64_t)v->last)
        told_bad(told, v->last + 1,
                 arena_fmt(v->arena, "%s covers %" PRIu64 " events, and the log ends with %" PRId64,
                           known->name, known->size, v->last));
}

static struct err kept_read(struct verify *v, const struct audit_kept *kept,
                            struct known_head *known)
{
    struct note note;
    struct checkpoint c;
    struct str bytes = kept->text;
    *known = (struct known_head){.name = kept->name};
    if (bytes.len > 0 && bytes.at[0] == '{')
        TRY(err_in(kept_receipt(v, kept, known, &bytes), kept->name));
    TRY(err_in(note_parse(bytes, &note), kept->name));
    TRY(err_in(checkpoint_parse(note.text, &c), kept->name));
    known->size = c.size;
    known->root = c.root;
    known_judge(v, known, bytes);
    return arena_check(v->arena);
}

static int known_order(const void *a, const void *b)
{
    const struct known_head *x = a, *y = b;
    return (x->size > y->size) - (x->size < y->size);
}

/* ---- before ---- */

static struct err stored_read(struct verify *v)
{
    struct audit_told *told = v->report->told;
    CLEANUP(stmt_free) struct stmt *q = NULL;
    bool row;
    TRY(stmt_new(v->tx->db, &stored_sql, &q));
    stmt_bind_int(q, 1, v->last);
    TRY(stmt_step(q, &row));
    v->heads_last = row ? stmt_int(q, 0) : 0;
    if (v->heads_last > v->last)
        told_bad(&told[AUDIT_TRUNCATION], v->last + 1,
                 arena_fmt(v->arena,
                           "a signed head covers %" PRId64
                           " events, and the log ends with %" PRId64,
                           v->heads_last, v->last));
    if (row && stmt_int(q, 1) > 0)
        told_bad(&told[AUDIT_TREE], v->last + 1,
                 "a tile of the tree covers events that are not there");
    return OK;
}

struct err known_read(struct verify *v, const struct audit_given *given)
{
    (void)snprintf(v->origin, sizeof v->origin, ORIGIN_PREFIX "%s", v->book);
    trust_init(&v->trust, v->arena);
    v->levels =
        ARENA_ARRAY(v->arena, (size_t)TREE_LEVEL_COUNT * TREE_TILE_WIDTH, struct merkle_hash);
    v->known = ARENA_ARRAY(v->arena, given->kept_n, struct known_head);
    TRY(arena_check(v->arena));
    TRY(keys_read(v, given));
    TRY(stored_read(v));
    for (size_t i = 0; i < given->kept_n; i++)
        TRY(kept_read(v, &given->kept[i], &v->known[v->known_n++]));
    qsort(v->known, v->known_n, sizeof v->known[0], known_order);
    return OK;
}

/* ---- after: what is still to be said ---- */

/* Of a receipt, whether its own event stands there; of any that the walk came to, whether the log
 * had that root. */
static struct err known_tell(struct verify *v, const struct known_head *known)
{
    static const struct db_sql hash_sql = {"verify_known",
                                           "SELECT hash_self FROM audit_events WHERE seq = ?1"};
    struct audit_told *told = &v->report->told[AUDIT_TRUNCATION];
    CLEANUP(stmt_free) struct stmt *q = NULL;
    bool row = false;
    if (!known->wanted || known->size > (uint64_t)v->last)
        return OK;
    TRY(stmt_new(v->tx->db, &hash_sql, &q));
    stmt_bind_int(q, 1, known->seq);
    if (known->seq > 0)
        TRY(stmt_step(q, &row));
    const struct str self = row ? stmt_peek(q, 0) : STR("");
    if (known->seq > 0 &&
        (self.len != SHA256_LEN || memcmp(self.at, known->hash_self, SHA256_LEN) != 0))
        told_bad(told, known->seq,
                 arena_fmt(v->arena, "event %" PRId64 " is not the one that %s is of", known->seq,
                           known->name));
    else if (!known->held && (known->seen || v->gap == 0))
        told_bad(told,
                 (int64_t)v->good_size + 1 <= (int64_t)known->size ? (int64_t)v->good_size + 1 : 1,
                 arena_fmt(v->arena, "the first %" PRIu64 " events are not those that %s covers",
                           known->size, known->name));
    return OK;
}

/* The walk did not come to every head that is stored. */
static bool gap_under_heads(const struct verify *v)
{
    return v->gap != 0 && v->heads_last >= v->gap;
}

static void truncation_settle(struct verify *v)
{
    struct audit_told *told = &v->report->told[AUDIT_TRUNCATION];
    uint64_t kept = 0;
    bool unseen = false;
    for (size_t i = 0; i < v->known_n; i++) {
        unseen = unseen || !v->known[i].held;
        kept = v->known[i].held ? v->known[i].size : kept;
    }
    if (told->answer == AUDIT_NOT_OK)
        return;
    if (unseen) {
        told->says = "an event is missing before a head that was kept elsewhere";
    } else if (v->known_n > 0) {
        told->answer = v->trust.n == 0 ? AUDIT_NOT_KNOWN : AUDIT_OK;
        told->says = arena_fmt(
            v->arena, "it still has the %" PRIu64 " events that were kept elsewhere", kept);
    } else if (gap_under_heads(v)) {
        told->says = "an event is missing before a head of the book";
    } else if (v->report->covered > 0) {
        told->answer = AUDIT_OK;
        told->says = "by the heads of the book itself; an end cut off with its heads is seen by a "
                     "head kept elsewhere (--against)";
    } else {
        told->says = v->heads_last > 0 ? "no head of the book is known to hold, and none was given"
                                       : "no head is signed, and none was given";
    }
}

static void tree_settle(struct verify *v)
{
    struct audit_told *tree = &v->report->told[AUDIT_TREE];
    struct audit_report *r = v->report;
    if (tree->answer == AUDIT_NOT_OK)
        return;
    if (gap_under_heads(v))
        told_bad(tree, v->gap, "an event is missing that a signed head covers");
    else if (tree->says != NULL)
        tree->answer = AUDIT_NOT_KNOWN;
    else if (r->covered == v->last)
        tree->answer = AUDIT_OK;
    else if (v->heads_last == 0)
        tree->says = "no head is signed";
    else
        tree->says =
            arena_fmt(v->arena, "events %" PRId64 " to %" PRId64 " are under no signed head",
                      r->covered + 1, v->last);
}

/* Whether the line beside a head is its witness's. */
static bool cosignature_holds(struct str witness, struct str note, struct str line)
{
    CLEANUP(buf_fini) struct buf whole;
    struct note parsed, with;
    struct note_key key;
    buf_init(&whole, NOTE_BYTES_MAX);
    if (note_parse(note, &parsed).kind != ERR_NONE ||
        note_key_parse(witness, &key).kind != ERR_NONE)
        return false;
    buf_put(&whole, parsed.text.at, parsed.text.len);
    buf_putc(&whole, '\n');
    buf_put(&whole, line.at, line.len);
    return note_parse(buf_str(&whole), &with).kind == ERR_NONE && note_signed(&with, &key, NULL);
}

static bool witness_counts(const struct verify *v, struct str witness)
{
    struct note_key key;
    if (note_key_parse(witness, &key).kind != ERR_NONE)
        return false;
    for (size_t i = 0; i < v->trust.witnesses_n; i++) {
        if (note_key_eq(&key, &v->trust.witnesses[i]))
            return true;
    }
    return v->trust.witnesses_n == 0;
}

/* One cosignature: true when it anchors what its head covers. */
static bool anchors(struct verify *v, struct stmt *q)
{
    const int64_t size = stmt_int(q, 1);
    const struct str witness = stmt_peek(q, 0);
    if (size > v->report->covered || !witness_counts(v, witness))
        return false;
    if (cosignature_holds(witness, stmt_peek(q, 3), stmt_peek(q, 2)))
        return true;
    told_bad(&v->report->told[AUDIT_TREE], size, "a witness's signature of a head does not hold");
    return false;
}

/* The last head that holds and is cosigned by one who counts. */
static struct err anchored_find(struct verify *v)
{
    CLEANUP(stmt_free) struct stmt *q = NULL;
    TRY(stmt_new(v->tx->db, &cosigned_sql, &q));
    while (v->report->anchored == 0) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        if (anchors(v, q))
            v->report->anchored = stmt_int(q, 1);
    }
    return arena_check(v->arena);
}

/* The key that signs as things stand. */
static void key_tell(struct verify *v)
{
    for (size_t i = 0; i < v->trust.n; i++) {
        const struct trust_key *k = &v->trust.keys[i];
        if (k->believed && k->until == UINT64_MAX)
            v->report->key = note_key_print(v->arena, &k->key);
    }
}

struct err known_settle(struct verify *v, const struct audit_given *given)
{
    struct audit_report *r = v->report;
    if (v->gap == 0 && v->key_events_seen != v->key_events)
        told_bad(&r->told[AUDIT_ROWS], v->keyed_from,
                 "the index of event types does not show every KEY_ROTATED event");
    for (size_t i = 0; i < v->known_n; i++)
        TRY(known_tell(v, &v->known[i]));
    tree_settle(v);
    if (v->heads_last > 0)
        TRY(anchored_find(v));
    truncation_settle(v);
    key_tell(v);
    r->witness_given = given->witnesses_n > 0;
    /* A log that was signed once must be still; and who brings a key or a head wants an answer. */
    if (v->keyed_from != 0 || given->keys_n > 0 || v->heads_last > 0)
        r->asked = r->told[AUDIT_TREE].answer == AUDIT_NOT_KNOWN;
    if (given->kept_n > 0)
        r->asked = r->asked || r->told[AUDIT_TRUNCATION].answer == AUDIT_NOT_KNOWN;
    return OK;
}
