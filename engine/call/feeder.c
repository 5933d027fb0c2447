/* One round: what has grown is read once, and brought to every witness that is behind and due. Each
 * then goes its own way: answers are checked and kept, a size told with 409 is where its next proof
 * begins, whoever is silent is left alone for a while. */
#include "engine/call/feeder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/backoff.h"
#include "common/sys/crypt.h"
#include "common/sys/fetch_loop.h"
#include "common/sys/json_write.h"
#include "common/sys/log.h"
#include "common/sys/witness_ask.h"
#include "engine/store/cosignatures.h"
#include "engine/store/log_keys.h"
#include "engine/store/tree.h"
#include "engine/tools/child.h"

extern const struct tool tool_keep_cosignature;

#define TICK_MS     1000
#define TIMEOUT_MS  10000
#define PAUSE_MS    1000
#define PAUSE_MAX_S 30
#define ROUND_BYTES ((size_t)16 * 1024 * 1024)
#define REPLY_MAX   NOTE_BYTES_MAX
#define PROBLEM_MAX 200

struct peer {
    struct feeder *feeder;
    const struct witness_peer *at;
    uint64_t known; /* what it cosigned last, as far as we know */
    int64_t kept;   /* of the largest head whose cosignature is in the book */
    int64_t cosigned_s;
    struct fetch_one *one; /* under way */
    bool keeping;          /* a cosignature is on its way into the book */
    bool wants_keys;       /* it did not know the key: it is told the chain first */
    struct buf asked;      /* the note that was brought */
    uint64_t asked_size;
    int64_t attempt, due_ms;
    enum feeder_state state;
    char problem[PROBLEM_MAX];
};

/* What a round reads: the head, and for each peer that is due a proof. */
struct round {
    struct feeder *feeder;
    struct arena *arena;
    struct anchor anchor;
    bool looked; /* anchor is what the book says, whatever came of the rest */
    struct tree_head head;
    struct json *keys; /* NULL: nobody wants them */
    bool due[WITNESSES_MAX], want_keys;
    struct witness_ask asks[WITNESSES_MAX];
};

struct feeder {
    struct feeder_options options;
    struct loop_timer *tick;
    struct fetch_loop *fetch;
    struct peer peers[WITNESSES_MAX];
    size_t n;
    struct anchor anchor;
    bool reading, held;
    int64_t cosigned, failed;
};

/* ---- holding changes up ---- */

static void hold(struct feeder *f, bool held)
{
    if (held == f->held)
        return;
    f->held = held;
    spine_hold(f->options.spine, held ? anchor_held : NULL);
    if (held)
        log_error("events have waited too long for their witnesses: changes are refused",
                  LOG_INT("anchored", f->anchor.size), LOG_INT("head", f->anchor.head), LOG_END);
    else
        log_info("witnesses have cosigned: changes go on", LOG_INT("anchored", f->anchor.size),
                 LOG_END);
}

/* An event that no look has found is as old, at the most, as the first tick that knew of it. */
static void anchor_look(struct feeder *f)
{
    const int64_t now_us = f->options.clock_us();
    if (f->anchor.unseen_us == 0 && spine_head(f->options.spine) > f->anchor.head)
        f->anchor.unseen_us = now_us;
    hold(f, anchor_holds_up(&f->options.rule, &f->anchor, now_us));
}

/* ---- what came of one witness ---- */

static void peer_failed(struct peer *p, enum feeder_state state, const char *problem)
{
    uint64_t random;
    crypt_random(&random, sizeof random);
    int64_t pause = backoff_us(++p->attempt, PAUSE_MS, random) / 1000;
    pause = pause > PAUSE_MAX_S * 1000 ? PAUSE_MAX_S * 1000 : pause;
    p->due_ms = loop_now_ms() + pause;
    if (p->state != state || strcmp(p->problem, problem) != 0)
        log_write(state == FEEDER_REFUSES ? LOG_ERROR : LOG_WARN, "a witness has not cosigned",
                  (const struct log_field[]){LOG_TEXT("witness", p->at->key.name),
                                             LOG_TEXT("why", problem),
                                             LOG_INT("size", p->asked_size), LOG_END});
    p->state = state;
    (void)snprintf(p->problem, sizeof p->problem, "%s", problem);
    p->feeder->failed++;
}

static void on_kept(struct call *c, void *arg)
{
    struct peer *p = arg;
    const struct cosignature *kept = c->args;
    p->keeping = false;
    if (c->outcome != CALL_OK) {
        peer_failed(p, FEEDER_SILENT, "its cosignature could not be kept in the book");
    } else {
        p->kept = kept->size;
        p->cosigned_s = kept->cosigned_s;
        p->attempt = p->due_ms = 0;
        p->state = FEEDER_COSIGNS;
        p->problem[0] = '\0';
        p->feeder->cosigned++;
    }
    child_free(c);
}

static struct err keep(struct peer *p, struct str line, int64_t cosigned_s)
{
    const struct call engine = {.policy = NULL};
    CLEANUP(child_free)
    struct call *c = child_new(&engine, &tool_keep_cosignature, "engine:feeder");
    struct cosignature *args = c == NULL ? NULL : ARENA_NEW(c->arena, struct cosignature);
    ENSURE(args != NULL, ERR_LIMIT, "out of memory");
    *args = (struct cosignature){.size = (int64_t)p->asked_size,
                                 .witness = p->at->vkey,
                                 .line = str_dup(c->arena, line),
                                 .cosigned_s = cosigned_s};
    c->args_tree = json_object_new(c->arena);
    c->args = args;
    TRY(arena_check(c->arena));
    TRY(spine_submit(p->feeder->options.spine, c, on_kept, p));
    p->keeping = true;
    c = NULL; /* on_kept's now */
    return OK;
}

static struct str line_of(const struct note *note, const struct note_key *key)
{
    for (size_t i = 0; i < note->n; i++) {
        if (str_is(note->sigs[i].name, key->name) &&
            memcmp(note->sigs[i].id, key->id, NOTE_ID_LEN) == 0)
            return note->sigs[i].line;
    }
    return STR("");
}

/* Lines put to the note that was brought: only the witness's own counts, and it has to hold. */
static void take_cosignature(struct peer *p, struct str lines)
{
    int64_t cosigned_s = 0;
    struct note note;
    p->known = p->asked_size;
    buf_put(&p->asked, lines.at, lines.len);
    struct err e = buf_check(&p->asked);
    if (e.kind == ERR_NONE)
        e = note_parse(buf_str(&p->asked), &note);
    if (e.kind != ERR_NONE || !note_signed(&note, &p->at->key, &cosigned_s)) {
        peer_failed(p, FEEDER_SILENT, "its answer is no cosignature of this witness");
        return;
    }
    e = keep(p, line_of(&note, &p->at->key), cosigned_s);
    if (e.kind != ERR_NONE)
        peer_failed(p, FEEDER_SILENT, "its cosignature could not be kept in the book");
}

/* It remembers another size than we thought: its own word is where the next proof begins. */
static void take_size(struct peer *p, struct str body)
{
    uint64_t size;
    if (witness_size_read(body, &size).kind != ERR_NONE) {
        peer_failed(p, FEEDER_SILENT, "its answer to a conflict tells no size");
        return;
    }
    if (size == p->known) {
        peer_failed(p, FEEDER_REFUSES,
                    "it has cosigned another tree of the same size: the log is forked");
        return;
    }
    p->known = size;
    p->due_ms = p->attempt++ < 3 ? 0 : loop_now_ms() + PAUSE_MS;
}

static void take_refusal(struct peer *p, int status)
{
    char text[PROBLEM_MAX];
    if (status == 422) {
        peer_failed(p, FEEDER_REFUSES,
                    "the log does not go on from what it cosigned: it is forked or was set back");
        return;
    }
    p->wants_keys = status == 403;
    (void)snprintf(text, sizeof text, "it answers %d%s", status,
                   status == 404   ? ": it does not know the log"
                   : status == 403 ? ": it does not know the log's key"
                                   : "");
    peer_failed(p, FEEDER_SILENT, text);
}

static void on_answer(void *ctx, struct err e, const struct fetch_reply *reply)
{
    struct peer *p = ctx;
    p->one = NULL;
    if (e.kind != ERR_NONE)
        peer_failed(p, FEEDER_SILENT, e.msg);
    else if (reply->status == 200)
        take_cosignature(p, reply->body);
    else if (reply->status == 409)
        take_size(p, reply->body);
    else
        take_refusal(p, reply->status);
}

/* ---- bringing ---- */

static struct err post(struct peer *p, const char *path, const char *type, struct str body,
                       void (*done)(void *, struct err, const struct fetch_reply *))
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)16 * 1024);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    const struct fetch_loop_req req = {.req = {.method = "POST",
                                               .url = arena_fmt(arena, "%s%s", p->at->url, path),
                                               .content_type = type,
                                               .body = body,
                                               .reply_max = REPLY_MAX,
                                               .timeout_ms = TIMEOUT_MS},
                                       .done = done,
                                       .ctx = p};
    TRY(arena_check(arena));
    return fetch_loop_add(p->feeder->fetch, &req, &p->one);
}

/* Told the keys, it is asked again at once; whether it believes them shows then. */
static void on_keys_told(void *ctx, struct err e, const struct fetch_reply *reply)
{
    struct peer *p = ctx;
    p->one = NULL;
    p->wants_keys = false;
    if (e.kind != ERR_NONE)
        peer_failed(p, FEEDER_SILENT, e.msg);
    else if (reply->status != 200)
        peer_failed(p, FEEDER_SILENT, "it does not believe the chain of the log's keys");
    else
        p->due_ms = 0;
}

static struct err tell_keys(struct round *r, struct peer *p)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, LOG_KEY_CHAIN_BYTES_MAX);
    jw_tree(&w, NULL, r->keys);
    TRY(jw_done(&w, &text));
    return post(p, "/add-keys", "application/json", text, on_keys_told);
}

static struct err bring(struct round *r, struct peer *p, struct witness_ask *ask)
{
    CLEANUP(buf_fini) struct buf body;
    ask->checkpoint = r->head.note;
    buf_init(&body, WITNESS_ASK_MAX);
    witness_ask_print(ask, &body);
    TRY(buf_check(&body));
    buf_clear(&p->asked);
    buf_put(&p->asked, r->head.note.at, r->head.note.len);
    p->asked_size = r->head.size;
    return post(p, "/add-checkpoint", "text/plain; charset=utf-8", buf_str(&body), on_answer);
}

static void peer_go(struct round *r, struct peer *p, struct witness_ask *ask)
{
    struct err e = OK;
    if (p->kept == (int64_t)r->head.size)
        return; /* where answers have no receipts the newest events may be under no head yet */
    if (p->known > r->head.size) {
        p->asked_size = r->head.size;
        peer_failed(p, FEEDER_REFUSES,
                    "it has cosigned more events than the book has: the book was set back");
        return;
    }
    e = p->wants_keys ? tell_keys(r, p) : bring(r, p, ask);
    if (e.kind != ERR_NONE)
        peer_failed(p, FEEDER_SILENT, e.msg);
}

/* ---- a round ---- */

/* On a reader thread; touches nothing of the feeder but what stays as it is. */
static struct err round_read(struct tx *tx, void *arg)
{
    struct round *r = arg;
    TRY(anchor_read(tx, r->arena, &r->feeder->options.rule, &r->anchor));
    r->looked = true;
    TRY(head_latest(tx, r->arena, &r->head));
    for (size_t i = 0; i < r->feeder->n; i++) {
        const uint64_t from = r->asks[i].old;
        if (r->due[i] && from > 0 && from <= r->head.size)
            TRY(merkle_consistency(from, r->head.size, tree_node, tx, &r->asks[i].proof));
    }
    return r->want_keys ? log_keys_chain(tx, r->arena, &r->keys) : OK;
}

static void on_round(struct err e, void *arg)
{
    struct round *r = arg;
    struct feeder *f = r->feeder;
    f->reading = false;
    if (e.kind != ERR_NONE && e.kind != ERR_MISSING)
        log_error("what witnesses are to be told could not be read", LOG_ERR(e), LOG_END);
    if (r->looked) {
        f->anchor = r->anchor;
        anchor_look(f);
    }
    for (size_t i = 0; e.kind == ERR_NONE && i < f->n; i++) {
        if (r->due[i])
            peer_go(r, &f->peers[i], &r->asks[i]);
    }
    arena_free(r->arena); /* r lives in it */
}

static bool is_due(const struct feeder *f, const struct peer *p, int64_t now_ms)
{
    return p->one == NULL && !p->keeping && now_ms >= p->due_ms &&
           p->kept < spine_head(f->options.spine);
}

/* Whether there is anything to read: somebody is due, or how far the log is anchored has changed.
 */
static bool is_anything(const struct feeder *f)
{
    const int64_t now_ms = loop_now_ms();
    bool any = spine_head(f->options.spine) != f->anchor.head;
    for (size_t i = 0; i < f->n; i++)
        any |= is_due(f, &f->peers[i], now_ms) || f->peers[i].kept != f->anchor.sizes[i];
    return any;
}

static void round_fill(const struct feeder *f, struct round *r)
{
    const int64_t now_ms = loop_now_ms();
    for (size_t i = 0; i < f->n; i++) {
        r->due[i] = is_due(f, &f->peers[i], now_ms);
        r->asks[i].old = f->peers[i].known;
        r->want_keys |= r->due[i] && f->peers[i].wants_keys;
    }
}

/* An engine that is full is asked again at the next tick. */
static void round_begin(struct feeder *f)
{
    struct arena *arena = arena_new(ROUND_BYTES);
    struct round *r = arena == NULL ? NULL : ARENA_NEW(arena, struct round);
    if (r == NULL) {
        arena_free(arena);
        return;
    }
    r->feeder = f;
    r->arena = arena;
    round_fill(f, r);
    struct err e = spine_read(f->options.spine, arena, round_read, on_round, r);
    f->reading = e.kind == ERR_NONE;
    if (!f->reading)
        arena_free(arena);
}

static void on_tick(void *ctx)
{
    struct feeder *f = ctx;
    if (!f->reading && is_anything(f))
        round_begin(f);
    anchor_look(f);
}

/* ---- starting and stopping ---- */

static struct err first_look(struct feeder *f)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(ROUND_BYTES);
    CLEANUP(store_close) struct store *store = NULL;
    struct tx tx;
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    struct err e = store_open(f->options.book_path, STORE_READER, arena, &store);
    if (e.kind == ERR_NONE)
        e = tx_read_begin(store, arena, f->options.clock_us(), &tx);
    ENSURE(e.kind == ERR_NONE, ERR_STORE, "the book could not be opened to see what is anchored");
    e = anchor_read(&tx, arena, &f->options.rule, &f->anchor);
    tx_read_end(&tx);
    ENSURE(e.kind == ERR_NONE, ERR_STORE, "what is anchored could not be read");
    return OK;
}

static void peers_init(struct feeder *f)
{
    f->n = f->options.rule.witnesses->n;
    for (size_t i = 0; i < f->n; i++) {
        struct peer *p = &f->peers[i];
        p->feeder = f;
        p->at = &f->options.rule.witnesses->items[i];
        p->kept = f->anchor.sizes[i];
        p->known = (uint64_t)p->kept;
        p->cosigned_s = f->anchor.cosigned_s[i];
        buf_init(&p->asked, 2 * NOTE_BYTES_MAX);
    }
}

struct err feeder_start(struct loop *loop, const struct feeder_options *options,
                        struct feeder **feeder)
{
    *feeder = NULL;
    if (options->rule.witnesses->n == 0)
        return OK;
    struct feeder *f = calloc(1, sizeof *f);
    ENSURE(f != NULL, ERR_LIMIT, "out of memory");
    f->options = *options;
    struct err e = first_look(f);
    peers_init(f);
    if (e.kind == ERR_NONE)
        e = fetch_loop_new(loop, &f->fetch);
    if (e.kind == ERR_NONE)
        e = loop_timer_new(loop, TICK_MS, true, on_tick, f, &f->tick);
    if (e.kind != ERR_NONE) {
        feeder_free(f);
        return e;
    }
    anchor_look(f);
    *feeder = f;
    return OK;
}

void feeder_free(struct feeder *feeder)
{
    if (feeder == NULL)
        return;
    loop_timer_free(feeder->tick);
    fetch_loop_free(feeder->fetch);
    for (size_t i = 0; i < feeder->n; i++)
        buf_fini(&feeder->peers[i].asked);
    free(feeder);
}

void feeder_stats(const struct feeder *f, struct feeder_stats *stats)
{
    *stats = (struct feeder_stats){.witnesses = 0};
    if (f == NULL)
        return;
    *stats = (struct feeder_stats){.witnesses = f->n,
                                   .anchored = f->anchor.size,
                                   .head = f->anchor.head,
                                   .oldest_us = f->anchor.oldest_us,
                                   .quorum = f->options.rule.quorum,
                                   .required = f->options.rule.mode == WITNESS_REQUIRED,
                                   .held = f->held,
                                   .cosigned = f->cosigned,
                                   .failed = f->failed};
    for (size_t i = 0; i < f->n; i++) {
        const struct peer *p = &f->peers[i];
        stats->answering += p->state == FEEDER_COSIGNS;
        stats->of[i].name = p->at->key.name;
        stats->of[i].state = p->state;
        stats->of[i].size = p->kept;
        stats->of[i].cosigned_s = p->cosigned_s;
        stats->of[i].problem = p->problem;
    }
}
