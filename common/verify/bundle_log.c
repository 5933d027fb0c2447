/* The period's log in one pass: chain, numbering, the tree up to the signed checkpoint, and the
 * populations as whoever has the events makes them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/verify/bundle_own.h"
#include "common/verify/consistency.h"
#include "common/verify/log_check.h"
#include "common/verify/log_line.h"
#include "common/verify/receipt_own.h"

#define CONTROLS_MAX 64

struct made {
    const char *control;
    struct sha256 sum;
    int64_t rows, bytes;
};

struct pass {
    struct bundle *b;
    struct buf rest; /* of a line whose end is yet to come */
    struct buf line;
    int64_t next;
    uint8_t prev[SHA256_LEN];
    struct made made[CONTROLS_MAX];
    size_t n;
    const char *wrong; /* the first thing that does not hold, and its event */
    int64_t wrong_seq;
};

/* ---- a line ---- */

/* Of another entity's event there are the hashes alone: the same line without the event. */
static bool hidden_parse(struct pass *w, struct str line, struct log_line *out)
{
    if (!w->b->partial || line.len < 2 || line.at[line.len - 2] != '"')
        return false;
    buf_clear(&w->line);
    buf_put(&w->line, line.at, line.len - 1);
    buf_puts(&w->line, ",\"event\":{}}");
    return !w->line.failed &&
           log_line_parse(w->b->scratch, buf_str(&w->line), out) == LOG_LINE_EVENT &&
           str_is(out->event, "{}");
}

static bool wrong(struct pass *w, const char *what)
{
    if (w->wrong == NULL) {
        w->wrong = what;
        w->wrong_seq = w->next;
    }
    return false;
}

static void made_add(struct made *m, struct buf *line)
{
    sha256_add(&m->sum, line->at, line->len);
    m->bytes += (int64_t)line->len;
    buf_clear(line);
}

static struct made *made_of(struct pass *w, const char *control)
{
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->made[i].control, control) == 0)
            return &w->made[i];
    }
    if (w->n == CONTROLS_MAX)
        return NULL;
    struct made *m = &w->made[w->n++];
    *m = (struct made){.control = arena_strdup(w->b->arena, control)};
    sha256_begin(&m->sum);
    buf_clear(&w->line);
    population_head(&w->line);
    made_add(m, &w->line);
    return m;
}

static bool population_add(struct pass *w, const struct log_line *line)
{
    struct bundle *b = w->b;
    struct population_row row;
    struct tally *tally;
    if (population_read(b->scratch, line->event, &row).kind != ERR_NONE || row.seq != w->next)
        return wrong(w, "this event is none of an engine's, or of another number");
    if (row.control == NULL || (b->control != NULL && !text_eq(b->control, row.control)))
        return true;
    struct made *m = made_of(w, row.control);
    if (m == NULL || m->control == NULL || tally_add(&b->tallies, &row, &tally).kind != ERR_NONE)
        return wrong(w, "more controls or decisions than a bundle has");
    buf_clear(&w->line);
    if (population_line(b->scratch, &row, ++m->rows, line->hash_self, &w->line).kind != ERR_NONE)
        return wrong(w, "this event's line cannot be made");
    made_add(m, &w->line);
    return true;
}

static bool hash_fits(const struct log_line *line)
{
    struct sha256 h;
    uint8_t sum[SHA256_LEN];
    sha256_begin(&h);
    sha256_add(&h, line->hash_prev, SHA256_LEN);
    sha256_add(&h, line->event.at, line->event.len);
    sha256_end(&h, sum);
    return memcmp(sum, line->hash_self, SHA256_LEN) == 0;
}

static bool line_take(struct pass *w, struct str text)
{
    struct log_line line;
    struct merkle_hash leaf;
    arena_reset(w->b->scratch);
    const bool shown = log_line_parse(w->b->scratch, text, &line) == LOG_LINE_EVENT;
    if (!shown && !hidden_parse(w, text, &line))
        return wrong(w, "this line is no event");
    if (line.seq != (uint64_t)w->next)
        return wrong(w, "an event's number is missing");
    if (w->next > w->b->first && memcmp(line.hash_prev, w->prev, SHA256_LEN) != 0)
        return wrong(w, "this event does not follow from the one before");
    if (shown && !hash_fits(&line))
        return wrong(w, "this event is not what its hash says");
    memcpy(w->prev, line.hash_self, SHA256_LEN);
    merkle_leaf(line.hash_self, SHA256_LEN, &leaf);
    merkle_edge_add(&w->b->edge, &leaf);
    if (shown && !population_add(w, &line))
        return false;
    w->next++;
    return true;
}

/* ---- the file, line by line ---- */

static struct err piece_take(void *arg, struct str piece)
{
    struct pass *w = arg;
    const char *end;
    while (w->wrong == NULL && (end = memchr(piece.at, '\n', piece.len)) != NULL) {
        struct str line = {piece.at, (size_t)(end - piece.at)};
        piece = (struct str){end + 1, piece.len - line.len - 1};
        if (w->rest.len > 0) {
            buf_put(&w->rest, line.at, line.len);
            TRY(buf_check(&w->rest));
            line = buf_str(&w->rest);
        }
        (void)line_take(w, line);
        buf_clear(&w->rest);
    }
    if (w->wrong != NULL)
        return OK; /* the first thing wrong is told; what follows is only passed */
    buf_put(&w->rest, piece.at, piece.len);
    return buf_check(&w->rest);
}

static bool log_read(struct pass *w, struct err *e)
{
    struct bundle *b = w->b;
    static const char name[] = "log/events.jsonl";
    const struct zip_entry *entry = zip_entry_find(b->zip, name);
    if (entry == NULL)
        return report_fails(b->report, "log", name, "this file is missing");
    if (!bundle_unread(b, "log", zip_entry_read(b->zip, entry, piece_take, w), e))
        return false;
    if (w->wrong == NULL && w->rest.len > 0)
        (void)wrong(w, "the last line does not end");
    if (w->wrong == NULL && w->next != b->last + 1)
        (void)wrong(w, "events are missing at the end");
    if (w->wrong != NULL)
        return report_fails(b->report, "log", arena_fmt(b->arena, "event %" PRId64, w->wrong_seq),
                            "%s", w->wrong);
    b->leaves = w->next - b->first;
    report_holds(b->report, "log",
                 "%" PRId64 " events, %" PRId64 " to %" PRId64
                 ", without a gap, each hashed upon the one before",
                 b->leaves, b->first, b->last);
    return true;
}

/* ---- the tree ---- */

static bool proof_fails(struct bundle *b, const char *where, const char *says)
{
    return report_fails(b->report, "tree", where, "%s", says);
}

/* The complete subtrees before the period, the largest first: one for each bit of its size. */
static bool edge_read(struct bundle *b, const struct json *before)
{
    const uint64_t size = (uint64_t)b->first - 1;
    size_t i = 0;
    b->edge = (struct merkle_edge){.size = size};
    for (unsigned level = 63; level-- > 0;) {
        if ((size >> level & 1) == 0)
            continue;
        const char *base64 = json_is(before, JSON_TYPE_ARRAY) && i < before->count
                                 ? json_text(before->items[i++])
                                 : NULL;
        if (base64 == NULL || !receipt_node_parse(str_of(base64), &b->edge.at[level]))
            return proof_fails(b, "chain_proof.json",
                               "expected the tree's hashes before the period");
    }
    return json_is(before, JSON_TYPE_ARRAY) && i == before->count
               ? true
               : proof_fails(b, "chain_proof.json", "more hashes before the period than there are");
}

static bool consistency_take(struct bundle *b, const struct json *tree, struct consistency *c)
{
    return consistency_bind(b->arena, tree, c).kind == ERR_NONE
               ? true
               : proof_fails(b, "chain_proof.json", "expected a " CONSISTENCY_FORMAT);
}

static bool proof_read(struct bundle *b, struct json **proof)
{
    int64_t first, last;
    if (!bundle_json(b, b->arena, "chain_proof.json", proof))
        return false;
    if (!text_eq(json_get_text(*proof, "format"), BUNDLE_PROOF_FORMAT) ||
        !text_eq(json_get_text(*proof, "origin"), b->origin) ||
        !json_int(json_get(*proof, "first_seq"), &first) || first != b->first ||
        !json_int(json_get(*proof, "last_seq"), &last) || last != b->last)
        return proof_fails(b, "chain_proof.json", "it is of another log or period");
    b->checkpoint = json_get_text(*proof, "checkpoint");
    if (b->checkpoint == NULL)
        return proof_fails(b, "chain_proof.json", "nobody signed the log up to the period's end");
    return edge_read(b, json_get(*proof, "before"));
}

static bool tree_check(struct bundle *b, const struct json *proof, struct err *e)
{
    struct note *note = ARENA_NEW(b->arena, struct note);
    struct checkpoint c;
    struct consistency grown;
    struct merkle_hash root;
    if (note == NULL)
        return bundle_unread(b, "tree", err_new(ERR_STORE, "no memory"), e);
    if (!trust_checkpoint(b->trust, str_of(b->checkpoint), b->report, note, &c) ||
        !consistency_take(b, json_get(proof, "consistency"), &grown))
        return false;
    if (!str_is(c.origin, b->origin))
        return proof_fails(b, "chain_proof.json", "the checkpoint is of another log");
    merkle_edge_root(&b->edge, &root);
    if (grown.from != (uint64_t)b->last || grown.to != c.size ||
        !merkle_consistency_holds(grown.from, &root, c.size, &c.root, &grown.proof))
        return proof_fails(b, "chain_proof.json",
                           "the period's events do not lead to the signed checkpoint");
    report_holds(b->report, "tree",
                 "the events, behind those before them, are the beginning of the tree of %" PRIu64
                 " that is signed",
                 c.size);
    return true;
}

/* ---- the populations ---- */

static bool population_file(struct bundle *b, struct made *m)
{
    char hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_LEN];
    const char *name = arena_fmt(b->arena, "population_%s.csv", m->control);
    const struct bundle_file *file = name == NULL ? NULL : bundle_file_find(b, name);
    sha256_end(&m->sum, sum);
    hex_print(sum, sizeof sum, hex);
    if (file == NULL)
        return report_fails(b->report, "populations", name, "this population is missing");
    if (file->bytes != m->bytes || strcmp(hex, file->sha256) != 0)
        return report_fails(b->report, "populations", name,
                            "it is not what the log's events make it");
    return true;
}

static bool populations_check(struct pass *w)
{
    struct bundle *b = w->b;
    size_t listed = 0;
    if (b->control != NULL && made_of(w, b->control) == NULL)
        return false;
    for (size_t i = 0; i < b->files_n; i++)
        listed += strncmp(b->files[i].name, "population_", 11) == 0 &&
                  strcmp(b->files[i].name, "population_reconciliation.json") != 0;
    for (size_t i = 0; i < w->n; i++) {
        if (!population_file(b, &w->made[i]))
            return false;
    }
    if (listed != w->n)
        return report_fails(b->report, "populations", NULL, "there are populations of no control");
    tallies_sort(&b->tallies);
    report_holds(b->report, "populations", "%zu, each just as the log's events make it, row by row",
                 w->n);
    return true;
}

bool bundle_log_check(struct bundle *b, struct err *e)
{
    struct pass *w = ARENA_NEW(b->arena, struct pass);
    struct json *proof;
    if (w == NULL)
        return bundle_unread(b, "log", err_new(ERR_STORE, "no memory"), e);
    *w = (struct pass){.b = b, .next = b->first};
    buf_init(&w->rest, LOG_LINE_MAX);
    buf_init(&w->line, LOG_LINE_MAX * 2);
    const bool good =
        proof_read(b, &proof) && log_read(w, e) && tree_check(b, proof, e) && populations_check(w);
    for (size_t i = 0; i < w->n; i++)
        sha256_drop(&w->made[i].sum);
    buf_fini(&w->line);
    buf_fini(&w->rest);
    return good;
}
