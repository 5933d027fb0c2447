/* The passes over a log: one that only looks for key rotations, so that a key given may be any of
 * the chain; one that checks everything; and, when checkpoints stand elsewhere than right behind
 * the event they cover, one that knows which sizes to look at. */
#include "common/verify/log_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "common/verify/log_line.h"

#define SCRATCH_MAX ((size_t)512 * 1024 * 1024) /* of one event's tree */
#define LATE_MAX    ((size_t)65536)

/* One pass. */
struct pass {
    struct log_check *c;
    struct arena *scratch; /* of one line */
    struct buf canonical;
    struct merkle_edge edge;
    uint8_t prev[SHA256_LEN];
    char origin[sizeof ORIGIN_PREFIX + NOTE_NAME_MAX];
    char first_utc[INSTANT_TEXT_MAX], utc[INSTANT_TEXT_MAX];
    size_t next;            /* of what is known: the first that is not reached yet */
    struct log_known *late; /* checkpoints that do not stand where they belong */
    size_t late_n, late_cap;
    uint64_t checkpoints, signed_size, anchored_size, unmatched;
    uint64_t rotations, good_size; /* good_size: of the last root that was right */
    bool broken, unsigned_one, forged_witness;
    struct err e;
};

static bool pass_begin(struct pass *p, struct log_check *c)
{
    *p = (struct pass){.c = c, .scratch = arena_new(SCRATCH_MAX), .e = OK};
    buf_init(&p->canonical, EVENT_BYTES_MAX);
    return p->scratch != NULL;
}

static void pass_end(struct pass *p)
{
    arena_free(p->scratch);
    buf_fini(&p->canonical);
}

static bool broken_at(struct pass *p, const char *check, uint64_t seq, uint64_t line,
                      const char *problem)
{
    p->broken = true;
    return report_fails(p->c->report, check,
                        arena_fmt(p->c->arena, "event %" PRIu64 " (line %" PRIu64 ")", seq, line),
                        "%s", problem);
}

void log_check_init(struct log_check *c, struct arena *arena, struct trust *trust,
                    struct report *report)
{
    *c = (struct log_check){.arena = arena, .trust = trust, .report = report};
}

/* ---- what is known from elsewhere ---- */

static int by_size(const void *a, const void *b)
{
    const struct log_known *x = a, *y = b;
    return x->size < y->size ? -1 : x->size > y->size;
}

struct err log_check_known(struct log_check *c, const char *name,
                           const struct checkpoint *checkpoint)
{
    struct log_known *known =
        arena_grow(c->arena, c->known, c->known_n, &c->known_cap, sizeof *known);
    TRY(arena_check(c->arena));
    c->known = known;
    known[c->known_n++] =
        (struct log_known){name, checkpoint->origin, checkpoint->size, checkpoint->root};
    qsort(known, c->known_n, sizeof *known, by_size);
    return OK;
}

static struct err leaf_known(struct log_check *c, const char *name, const struct receipt *r)
{
    struct log_leaf *leaves =
        arena_grow(c->arena, c->leaves, c->leaves_n, &c->leaves_cap, sizeof *leaves);
    TRY(arena_check(c->arena));
    c->leaves = leaves;
    leaves[c->leaves_n] = (struct log_leaf){.name = name, .seq = r->index + 1};
    receipt_leaf_data(r, leaves[c->leaves_n++].hash_self);
    return OK;
}

struct err log_check_against(struct log_check *c, const char *name, struct str bytes)
{
    struct report own;
    struct receipt r = {.checkpoint = bytes};
    struct note note;
    struct checkpoint checkpoint;
    struct trust log_only = *c->trust; /* cosignatures are asked of the log, not of what it is held
                                          against */
    bool is_json = bytes.len > 0 && bytes.at[0] == '{', receipt = is_json;
    report_init(&own, c->arena, name);
    if (is_json) {
        TRY(err_in(receipt_read(c->arena, bytes, &r), name));
    } else if (tlog_proof_is(bytes)) {
        TRY(err_in(tlog_proof_read(c->arena, bytes, &r), name));
        receipt = true;
    }
    log_only.witnesses_n = 0;
    bool holds = receipt ? check_receipt(&r, &log_only, &own)
                         : trust_note(&log_only, bytes, &own, &note, &checkpoint);
    if (!holds) {
        (void)report_fails(c->report, "against", name, "%s (it proves nothing about the log)",
                           own.problem);
        return OK;
    }
    if (!receipt)
        return log_check_known(c, name, &checkpoint);
    TRY(note_parse(r.checkpoint, &note));
    TRY(checkpoint_parse(note.text, &checkpoint));
    TRY(leaf_known(c, name, &r));
    return log_check_known(c, name, &checkpoint);
}

/* ---- key rotations ---- */

static const char *rotation_take(struct log_check *c, const struct log_line *line,
                                 const struct json *event)
{
    const char *text = json_text(json_pointer_get(event, "/detail/statement"));
    const char *book = json_get_text(event, "book_id");
    struct log_key_statement s;
    if (text == NULL || book == NULL)
        return "the rotation has no statement of its keys";
    struct err e = log_key_read(str_of(text), &s);
    if (e.kind != ERR_NONE)
        return arena_strdup(c->arena, e.msg);
    if (s.from != line->seq)
        return "the statement is about another event's place";
    if (!text_eq(s.new_key.name, arena_fmt(c->arena, ORIGIN_PREFIX "%s", book)))
        return "the statement is about another log's key";
    e = trust_state(c->trust, str_of(text));
    return e.kind == ERR_NONE ? NULL : e.msg;
}

static bool rotation_look(void *to, uint64_t number, struct str text)
{
    static const struct json_limits limits = {.bytes_max = EVENT_BYTES_MAX,
                                              .nodes_max = EVENT_NODES_MAX};
    struct pass *p = to;
    struct log_line line;
    struct json *event = NULL;
    if (text.at == NULL || memmem(text.at, text.len, "KEY_ROTATED", 11) == NULL)
        return true;
    arena_reset(p->scratch);
    if (log_line_parse(p->scratch, text, &line) != LOG_LINE_EVENT ||
        json_read(p->scratch, line.event, &limits, &event).kind != ERR_NONE ||
        !text_eq(json_get_text(event, "event_type"), "KEY_ROTATED"))
        return true; /* bad lines are the next pass's to name */
    const char *problem = rotation_take(p->c, &line, event);
    p->rotations += problem == NULL;
    return problem == NULL || broken_at(p, "keys", line.seq, number, problem);
}

/* Every key that the log itself tells of hangs together with one that was given. */
static void rotations_report(struct pass *p)
{
    const struct trust *t = p->c->trust;
    for (size_t i = 0; i < t->n && !p->broken; i++) {
        if (t->keys[i].believed)
            continue;
        p->broken = true;
        (void)report_fails(p->c->report, "keys", NULL,
                           "the key %s of %s is connected to no key that was given",
                           note_key_print(p->c->arena, &t->keys[i].key), t->keys[i].key.name);
    }
    if (!p->broken && p->rotations > 0)
        report_holds(p->c->report, "keys",
                     "changes of key in the log: %" PRIu64 ", each signed by the keys concerned",
                     p->rotations);
}

struct err log_check_keys(struct log_check *c, const struct log_source *source)
{
    struct pass p;
    struct err e = pass_begin(&p, c) ? source->lines(source->arg, rotation_look, &p)
                                     : err_new(ERR_LIMIT, "out of memory");
    if (e.kind == ERR_NONE)
        rotations_report(&p);
    pass_end(&p);
    return e;
}

/* ---- roots ---- */

static bool of_other_log(struct pass *p, const struct log_known *known)
{
    if (p->origin[0] == '\0' || str_is(known->origin, p->origin))
        return false;
    p->unmatched++;
    (void)report_fails(p->c->report, "checkpoint", known->name, "a checkpoint of another log, %.*s",
                       (int)known->origin.len, known->origin.at);
    return true;
}

/* A root at the size that the tree has now. */
static void root_compare(struct pass *p, const struct log_known *known)
{
    struct merkle_hash root;
    merkle_edge_root(&p->edge, &root);
    if (of_other_log(p, known))
        return;
    if (merkle_eq(&root, &known->root)) {
        p->good_size = known->size;
        return;
    }
    p->unmatched++;
    (void)report_fails(p->c->report, "tree", known->name,
                       "the first %" PRIu64
                       " events are not those that were signed: the log was written anew "
                       "somewhere from event %" PRIu64 " on",
                       known->size, p->good_size + 1);
}

static void known_reach(struct pass *p, const struct log_known *known, size_t n)
{
    for (; p->next < n && known[p->next].size == p->edge.size; p->next++)
        root_compare(p, &known[p->next]);
}

/* The first that the log does not reach says it all. */
static void known_missed(struct pass *p, const struct log_known *known, size_t n)
{
    if (p->broken || p->next == n || of_other_log(p, &known[p->next]))
        return;
    p->unmatched++;
    (void)report_fails(p->c->report, "truncation", known[p->next].name,
                       "the log ends with event %" PRIu64 ", and had %" PRIu64
                       " when this was signed: its end was cut off",
                       p->edge.size, known[p->next].size);
}

static struct err late_add(struct pass *p, uint64_t line, const struct checkpoint *c)
{
    ENSURE(p->late_n < LATE_MAX, ERR_LIMIT,
           "more than 65536 checkpoints stand elsewhere than behind the event they cover");
    struct log_known *late =
        arena_grow(p->c->arena, p->late, p->late_n, &p->late_cap, sizeof *late);
    const char *name = arena_fmt(p->c->arena, "line %" PRIu64, line);
    struct str origin = {arena_dup(p->c->arena, c->origin.at, c->origin.len), c->origin.len};
    TRY(arena_check(p->c->arena));
    p->late = late;
    late[p->late_n++] = (struct log_known){name, origin, c->size, c->root};
    return OK;
}

/* ---- checkpoints in the log ---- */

static void checkpoint_signed(struct pass *p, const struct note *note, const struct checkpoint *c,
                              uint64_t line)
{
    const struct note_key *forged;
    int64_t newest_s;
    if (c->size > p->signed_size)
        p->signed_size = c->size;
    if (p->c->trust->witnesses_n == 0)
        return;
    size_t cosigned = trust_cosigned(p->c->trust, note, &forged, &newest_s);
    if (cosigned >= p->c->trust->witnesses_min && c->size > p->anchored_size)
        p->anchored_size = c->size;
    if (forged == NULL || p->forged_witness)
        return;
    p->forged_witness = true;
    (void)report_fails(p->c->report, "witnesses", arena_fmt(p->c->arena, "line %" PRIu64, line),
                       "the cosignature of %s does not hold", forged->name);
}

static bool checkpoint_line(struct pass *p, struct str text, uint64_t line)
{
    struct note note;
    struct checkpoint c;
    struct report own;
    report_init(&own, p->scratch, "");
    p->checkpoints++;
    if (trust_note(p->c->trust, text, &own, &note, &c)) {
        checkpoint_signed(p, &note, &c, line);
    } else if (!p->unsigned_one) {
        p->unsigned_one = true;
        (void)report_fails(p->c->report, own.failed, arena_fmt(p->c->arena, "line %" PRIu64, line),
                           "%s", own.problem);
    }
    if (c.origin.at == NULL)
        return true; /* it tells no tree */
    const struct log_known known = {arena_fmt(p->scratch, "line %" PRIu64, line), c.origin, c.size,
                                    c.root};
    if (c.size == p->edge.size)
        root_compare(p, &known);
    else
        p->e = late_add(p, line, &c);
    return p->e.kind == ERR_NONE;
}

/* ---- events ---- */

static const char *clock_take(struct pass *p, struct str text)
{
    char utc[INSTANT_TEXT_MAX] = "";
    int64_t us;
    if (text.len == 0 || text.len >= sizeof utc)
        return "the event has no valid time";
    memcpy(utc, text.at, text.len);
    if (instant_parse(utc, &us).kind != ERR_NONE)
        return "the event has no valid time";
    if (strcmp(utc, p->utc) <= 0)
        return "the event is not later than the one before";
    memcpy(p->utc, utc, sizeof utc);
    if (p->first_utc[0] == '\0')
        memcpy(p->first_utc, utc, sizeof utc);
    return NULL;
}

static const char *event_problem(struct pass *p, const struct log_line *line)
{
    struct event_look look;
    const uint64_t seq = p->edge.size + 1;
    const char *problem =
        check_event(p->scratch, line->event, seq, str_of(p->origin), &p->canonical, &look);
    if (problem != NULL)
        return problem;
    if ((seq == 1) != str_is(look.type, "BOOK_CREATED"))
        return "event 1 is BOOK_CREATED, and only event 1";
    return clock_take(p, look.utc);
}

/* The log's name is its first event's book's. */
static void origin_take(struct pass *p, struct str event)
{
    struct json *tree = NULL;
    const char *book = NULL;
    if (json_read(p->scratch, event, NULL, &tree).kind == ERR_NONE)
        book = json_get_text(tree, "book_id");
    if (book != NULL && strlen(book) <= NOTE_NAME_MAX - sizeof ORIGIN_PREFIX) {
        memcpy(p->origin, ORIGIN_PREFIX, sizeof ORIGIN_PREFIX);
        memcpy(p->origin + sizeof ORIGIN_PREFIX - 1, book, strlen(book) + 1);
    }
}

static const char *chain_problem(const struct pass *p, const struct log_line *line,
                                 uint8_t hash[SHA256_LEN])
{
    struct sha256 h;
    if (line->seq != p->edge.size + 1)
        return "an event is missing or doubled: the numbers do not follow each other";
    if (memcmp(line->hash_prev, p->prev, SHA256_LEN) != 0)
        return "hash_prev is not the hash of the event before";
    sha256_begin(&h);
    sha256_add(&h, p->prev, SHA256_LEN);
    sha256_add(&h, line->event.at, line->event.len);
    sha256_end(&h, hash);
    if (memcmp(line->hash_self, hash, SHA256_LEN) != 0)
        return "hash_self is not the hash of the event: the event was changed";
    return NULL;
}

static void leaf_take(struct pass *p, const uint8_t hash_self[SHA256_LEN])
{
    struct merkle_hash leaf;
    memcpy(p->prev, hash_self, SHA256_LEN);
    merkle_leaf(hash_self, SHA256_LEN, &leaf);
    merkle_edge_add(&p->edge, &leaf);
}

static void leaves_compare(struct pass *p, const uint8_t hash_self[SHA256_LEN])
{
    for (size_t i = 0; i < p->c->leaves_n; i++) {
        const struct log_leaf *leaf = &p->c->leaves[i];
        if (leaf->seq == p->edge.size && memcmp(leaf->hash_self, hash_self, SHA256_LEN) != 0)
            (void)report_fails(
                p->c->report, "against", leaf->name,
                "event %" PRIu64 " is another than the one this receipt was given for", leaf->seq);
    }
}

static bool event_line(struct pass *p, const struct log_line *line, uint64_t number)
{
    uint8_t hash[SHA256_LEN];
    const uint64_t seq = p->edge.size + 1;
    const char *problem = chain_problem(p, line, hash);
    if (problem != NULL)
        return broken_at(p, "chain", seq, number, problem);
    if (seq == 1)
        origin_take(p, line->event);
    problem = event_problem(p, line);
    if (problem != NULL)
        return broken_at(p, "event", seq, number, problem);
    leaf_take(p, hash);
    leaves_compare(p, hash);
    known_reach(p, p->c->known, p->c->known_n);
    return true;
}

static bool line_check(void *to, uint64_t number, struct str text)
{
    struct pass *p = to;
    struct log_line line;
    arena_reset(p->scratch);
    switch (log_line_parse(p->scratch, text, &line)) {
    case LOG_LINE_EVENT:
        return event_line(p, &line, number);
    case LOG_LINE_CHECKPOINT:
        return checkpoint_line(p, line.note, number);
    case LOG_LINE_BAD:
        break;
    }
    p->broken = true;
    return report_fails(p->c->report, "form", arena_fmt(p->c->arena, "line %" PRIu64, number),
                        "neither an event nor a checkpoint as an export writes them");
}

/* ---- checkpoints that stand elsewhere ---- */

struct again {
    struct pass *first; /* what it found out */
    struct pass p;
};

static bool line_again(void *to, uint64_t number, struct str text)
{
    struct again *a = to;
    struct log_line line;
    (void)number;
    arena_reset(a->p.scratch);
    if (log_line_parse(a->p.scratch, text, &line) != LOG_LINE_EVENT)
        return true;
    leaf_take(&a->p, line.hash_self);
    known_reach(&a->p, a->first->late, a->first->late_n);
    return true;
}

static struct err late_check(struct pass *first, const struct log_source *source)
{
    struct again a = {.first = first};
    if (first->late_n == 0 || first->broken)
        return OK;
    qsort(first->late, first->late_n, sizeof *first->late, by_size);
    if (!pass_begin(&a.p, first->c))
        return err_new(ERR_LIMIT, "out of memory");
    memcpy(a.p.origin, first->origin, sizeof a.p.origin);
    known_reach(&a.p, first->late, first->late_n);
    struct err e = source->lines(source->arg, line_again, &a);
    if (e.kind == ERR_NONE && memcmp(a.p.prev, first->prev, SHA256_LEN) != 0)
        e = err_new(ERR_CONFLICT, "the log changed while it was read");
    if (e.kind == ERR_NONE)
        known_missed(&a.p, first->late, first->late_n);
    first->unmatched += a.p.unmatched;
    pass_end(&a.p);
    return e;
}

/* ---- the whole ---- */

static void facts_put(const struct pass *p)
{
    struct report *r = p->c->report;
    char hex[SHA256_HEX_SIZE];
    struct merkle_hash root;
    json_put_text(r->arena, r->facts, "log", p->origin);
    json_put_int(r->arena, r->facts, "events", (int64_t)p->edge.size);
    json_put_int(r->arena, r->facts, "checkpoints", (int64_t)p->checkpoints);
    json_put_text(r->arena, r->facts, "first_utc", p->first_utc);
    json_put_text(r->arena, r->facts, "last_utc", p->utc);
    hex_print(p->prev, SHA256_LEN, hex);
    json_put_text(r->arena, r->facts, "head", hex);
    merkle_edge_root(&p->edge, &root);
    hex_print(root.at, sizeof root.at, hex);
    json_put_text(r->arena, r->facts, "root", hex);
    json_put_int(r->arena, r->facts, "signed_to", (int64_t)p->signed_size);
    if (p->c->trust->witnesses_n > 0)
        json_put_int(r->arena, r->facts, "anchored_to", (int64_t)p->anchored_size);
}

static void signatures_report(const struct pass *p)
{
    struct report *r = p->c->report;
    if (p->checkpoints == 0 && !p->c->events_only)
        (void)report_fails(r, "signature", NULL,
                           "the log carries no checkpoint, so that nobody signed it; export it "
                           "with its heads (audit export --heads)");
    else if (p->checkpoints > 0 && !p->unsigned_one)
        report_holds(r, "signature", "checkpoints: %" PRIu64 ", each signed by the log's key",
                     p->checkpoints);
    if (p->checkpoints > 0 && p->signed_size < p->edge.size && !p->c->events_only &&
        !p->unsigned_one)
        (void)report_fails(r, "signature",
                           arena_fmt(r->arena, "event %" PRIu64, p->signed_size + 1),
                           "no checkpoint covers the events from here to %" PRIu64, p->edge.size);
    if (p->checkpoints == 0 || p->c->trust->witnesses_n == 0 || p->forged_witness)
        return;
    if (p->anchored_size == 0)
        (void)report_fails(r, "witnesses", NULL, "no checkpoint has the %zu cosignatures asked for",
                           p->c->trust->witnesses_min);
    else
        report_holds(r, "witnesses",
                     "cosigned up to event %" PRIu64 "; the %" PRIu64 " events after it are not",
                     p->anchored_size, p->edge.size - p->anchored_size);
}

static void run_report(struct pass *p)
{
    struct report *r = p->c->report;
    if (p->edge.size > 0)
        facts_put(p);
    if (p->broken)
        return;
    if (p->edge.size == 0) {
        (void)report_fails(r, "chain", NULL, "the log holds no event");
        return;
    }
    report_holds(r, "chain",
                 "events 1 to %" PRIu64 ", each hashed over the one before; numbers, form, book "
                 "and clock are in order",
                 p->edge.size);
    if (p->unmatched == 0 && p->checkpoints + p->c->known_n > 0)
        report_holds(r, "tree", "every signed root is that of the events before it");
    for (size_t i = 0; i < p->c->known_n && p->unmatched == 0; i++)
        report_holds(r, "against", "%s: its %" PRIu64 " events are the beginning of this log",
                     p->c->known[i].name, p->c->known[i].size);
    signatures_report(p);
}

struct err log_check_run(struct log_check *c, const struct log_source *source)
{
    struct pass p;
    struct err e = err_new(ERR_LIMIT, "out of memory");
    if (pass_begin(&p, c)) {
        known_reach(&p, c->known, c->known_n); /* of an empty tree */
        e = source->lines(source->arg, line_check, &p);
    }
    if (e.kind == ERR_NONE)
        e = p.e;
    if (e.kind == ERR_NONE) {
        known_missed(&p, c->known, c->known_n);
        e = late_check(&p, source);
    }
    if (e.kind == ERR_NONE)
        run_report(&p);
    pass_end(&p);
    return e;
}
