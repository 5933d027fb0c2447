/* Judging what logs bring. The order of the refusals is C2SP tlog-witness's. */
#include "witness/witness.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/book_lock.h"
#include "common/sys/http_reply.h"
#include "common/sys/log.h"
#include "witness/log.h"

#define ANSWER_BYTES_MAX (NOTE_BYTES_MAX + 1024)
#define PLAIN            "text/plain; charset=utf-8"

struct witness {
    pthread_mutex_t mutex;
    struct note_signer signer;
    struct witness_log **logs;
    size_t logs_n;
    struct book_lock *lock;
    int64_t (*clock_us)(void);
};

/* ---- opening ---- */

struct err witness_key_load(struct arena *arena, const struct witness_settings *settings,
                            struct note_signer *signer)
{
    uint8_t public_key[ED25519_KEY_LEN];
    const char *path = arena_fmt(arena, "%s/" WITNESS_KEY_FILE, settings->data_dir);
    TRY(arena_check(arena));
    if (settings->name[0] == '\0')
        return err_at(ERR_INPUT, "CLOSEGATE_WITNESS_NAME", "say what the witness is called");
    struct err e = ed25519_load(path, &signer->secret);
    if (e.kind == ERR_MISSING)
        return err_at(ERR_MISSING, path, "there is no key: run closegate-witness init first");
    TRY(e);
    ed25519_public(signer->secret, public_key);
    return note_key_make(settings->name, NOTE_COSIGNATURE_V1, public_key, &signer->key);
}

static struct witness_log *log_find(const struct witness *w, struct str origin)
{
    for (size_t i = 0; i < w->logs_n; i++) {
        if (str_is(origin, w->logs[i]->origin))
            return w->logs[i];
    }
    return NULL;
}

/* One log may be given by several of its keys. */
static struct err log_give(struct witness *w, const char *data_dir, const struct note_key *key)
{
    struct witness_log *log = log_find(w, str_of(key->name));
    if (log != NULL)
        return log_key_trust(&log->ring, key);
    return witness_log_open(data_dir, key, &w->logs[w->logs_n++]);
}

static struct err logs_open(struct witness *w, const struct witness_settings *s)
{
    w->logs = calloc(s->log_keys_n + 1, sizeof *w->logs);
    ENSURE(w->logs != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < s->log_keys_n; i++)
        TRY(log_give(w, s->data_dir, &s->log_keys[i]));
    for (size_t i = 0; i < w->logs_n; i++)
        TRY(witness_log_load(w->logs[i], &w->signer.key));
    return OK;
}

static struct err open_all(struct arena *arena, const struct witness_settings *s, struct witness *w)
{
    const char *path = arena_fmt(arena, "%s/" WITNESS_KEY_FILE, s->data_dir);
    TRY(witness_key_load(arena, s, &w->signer));
    struct err e = book_lock(path, arena, &w->lock);
    if (e.kind == ERR_CONFLICT)
        e.msg = "another process is this witness";
    TRY(e);
    return logs_open(w, s);
}

struct err witness_open(struct arena *arena, const struct witness_settings *settings,
                        int64_t (*clock_us)(void), struct witness **out)
{
    CLEANUP(witness_free) struct witness *w = calloc(1, sizeof *w);
    ENSURE(w != NULL, ERR_LIMIT, "out of memory");
    pthread_mutex_init(&w->mutex, NULL);
    w->clock_us = clock_us;
    struct err e = open_all(arena, settings, w);
    if (e.kind != ERR_NONE) /* its words may live in a log's arena */
        return err_fmt(arena, e.kind, e.where == NULL ? NULL : arena_strdup(arena, e.where), "%s",
                       e.msg);
    *out = w;
    w = NULL;
    return OK;
}

void witness_free(struct witness *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->logs_n; i++)
        witness_log_free(w->logs[i]);
    free(w->logs);
    ed25519_free(w->signer.secret);
    book_unlock(w->lock);
    pthread_mutex_destroy(&w->mutex);
    free(w);
}

const struct note_key *witness_key(const struct witness *w)
{
    return &w->signer.key;
}

size_t witness_logs(const struct witness *w)
{
    return w->logs_n;
}

/* ---- answering ---- */

void witness_answer_init(struct witness_answer *a)
{
    *a = (struct witness_answer){.type = PLAIN};
    buf_init(&a->body, ANSWER_BYTES_MAX);
}

void witness_answer_fini(struct witness_answer *a)
{
    buf_fini(&a->body);
}

static void refuse(struct witness_answer *a, int status, const char *why)
{
    a->status = status;
    a->type = PLAIN;
    buf_clear(&a->body);
    buf_putf(&a->body, "%s\n", why);
}

static void refuse_where(struct witness_answer *a, int status, struct err e)
{
    refuse(a, status, "");
    buf_clear(&a->body);
    buf_putf(&a->body, "%s%s%s\n", e.where == NULL ? "" : e.where, e.where == NULL ? "" : ": ",
             e.msg);
}

static void tell_size(struct witness_answer *a, const struct witness_log *log)
{
    a->status = 409;
    a->type = WITNESS_SIZE_TYPE;
    buf_clear(&a->body);
    buf_putf(&a->body, "%" PRIu64 "\n", log->size);
}

/* ---- add-checkpoint ---- */

/* What was brought, read. */
struct brought {
    struct witness_ask ask;
    struct note note;
    struct checkpoint checkpoint;
    struct witness_log *log;
    const struct note_key *key; /* that signed it */
};

static bool is_read(struct str body, struct brought *b, struct witness_answer *a)
{
    struct err e = witness_ask_read(body, &b->ask);
    if (e.kind == ERR_NONE)
        e = note_parse(b->ask.checkpoint, &b->note);
    if (e.kind == ERR_NONE)
        e = checkpoint_parse(b->note.text, &b->checkpoint);
    if (e.kind != ERR_NONE)
        refuse_where(a, 400, e);
    return e.kind == ERR_NONE;
}

static bool is_signed(const struct witness *w, struct brought *b, struct witness_answer *a)
{
    b->log = log_find(w, b->checkpoint.origin);
    if (b->log == NULL) {
        refuse(a, 404, "this witness does not know the log");
        return false;
    }
    struct err e = log_key_signed(&b->log->ring, &b->note, b->checkpoint.size, &b->key);
    if (e.kind != ERR_NONE)
        refuse_where(a, 403, e);
    return e.kind == ERR_NONE;
}

static bool goes_on(const struct brought *b, struct witness_answer *a)
{
    const struct witness_log *log = b->log;
    const struct checkpoint *c = &b->checkpoint;
    if (b->ask.old > c->size) {
        refuse(a, 400, "the old size is larger than the checkpoint's");
        return false;
    }
    if (b->ask.old != log->size) {
        tell_size(a, log);
        return false;
    }
    if (c->size == log->size && !merkle_eq(&c->root, &log->root)) {
        witness_log_accuse(log, b->ask.checkpoint);
        tell_size(a, log);
        return false;
    }
    if (merkle_consistency_holds(log->size, &log->root, c->size, &c->root, &b->ask.proof))
        return true;
    log_warn("a checkpoint does not go on from the last one", LOG_TEXT("origin", log->origin),
             LOG_INT("last", log->size), LOG_INT("size", c->size), LOG_END);
    refuse(a, 422, "the proof does not show that the tree goes on from the last one");
    return false;
}

/* The log's own line, of those that came with it. */
static struct str line_of(const struct note *note, const struct note_key *key)
{
    for (size_t i = 0; i < note->n; i++) {
        if (str_is(note->sigs[i].name, key->name) &&
            memcmp(note->sigs[i].id, key->id, NOTE_ID_LEN) == 0)
            return note->sigs[i].line;
    }
    return STR("");
}

/* Onto the disk, then into the answer. What was cosigned before is cosigned again with the time of
 * now; there is nothing new to remember. */
static void cosign(struct witness *w, const struct brought *b, struct witness_answer *a)
{
    CLEANUP(buf_fini) struct buf note;
    const struct str text = b->note.text, line = line_of(&b->note, b->key);
    bool is_new = b->checkpoint.size != b->log->size || b->log->note.len == 0;
    buf_init(&note, NOTE_BYTES_MAX);
    buf_clear(&a->body);
    note_sign_line(text, &w->signer, w->clock_us() / 1000000, &a->body);
    buf_put(&note, text.at, text.len);
    buf_putc(&note, '\n');
    buf_put(&note, line.at, line.len);
    buf_put(&note, a->body.at, a->body.len);
    struct err e = buf_check(&note);
    if (e.kind == ERR_NONE && is_new)
        e = witness_log_advance(b->log, &b->checkpoint, buf_str(&note));
    if (e.kind != ERR_NONE) {
        log_error("a checkpoint could not be kept", LOG_ERR(e), LOG_END);
        refuse(a, 503, "the checkpoint could not be kept; nothing was cosigned");
        return;
    }
    a->status = 200;
    a->type = PLAIN;
    log_info("cosigned", LOG_TEXT("origin", b->log->origin), LOG_INT("size", b->log->size),
             LOG_END);
}

void witness_add_checkpoint(struct witness *w, struct str body, struct witness_answer *a)
{
    struct brought b;
    if (!is_read(body, &b, a))
        return;
    pthread_mutex_lock(&w->mutex);
    if (is_signed(w, &b, a) && goes_on(&b, a))
        cosign(w, &b, a);
    pthread_mutex_unlock(&w->mutex);
}

/* ---- add-keys ---- */

#define CHAIN_ARENA ((size_t)8 * 1024 * 1024)

/* What nobody believed vouches for is passed over: the chain may begin before the key that we were
 * given. What comes last has to be believed. */
static struct err keys_add(struct witness *w, const struct log_key_statement *s, size_t n)
{
    struct err e = err_new(ERR_INPUT, "the chain has no statement");
    for (size_t i = 0; i < n; i++) {
        struct witness_log *log = log_find(w, str_of(s[i].new_key.name));
        bool is_new = false;
        if (log == NULL)
            return err_new(ERR_MISSING, "this witness does not know the log");
        e = witness_log_follow(log, str_of(s[i].note), &s[i], &is_new);
        if (e.kind != ERR_NONE && e.kind != ERR_AUTH)
            return e;
        if (is_new && e.kind == ERR_NONE)
            log_info("the log has another key", LOG_TEXT("origin", log->origin),
                     LOG_INT("from", s[i].from), LOG_END);
    }
    return e;
}

void witness_add_keys(struct witness *w, struct str chain, struct witness_answer *a)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(CHAIN_ARENA);
    struct log_key_statement *statements;
    size_t n;
    struct err e = arena == NULL ? err_new(ERR_LIMIT, "out of memory")
                                 : log_key_chain_read(arena, chain, &statements, &n);
    if (e.kind == ERR_NONE) {
        pthread_mutex_lock(&w->mutex);
        e = keys_add(w, statements, n);
        pthread_mutex_unlock(&w->mutex);
    }
    if (e.kind == ERR_NONE)
        refuse(a, 200, "the last key is believed");
    else
        refuse_where(a, e.kind == ERR_AUTH ? 403 : http_status_of(e.kind), e);
}

/* ---- reading ---- */

void witness_checkpoint(struct witness *w, const char *origin, struct witness_answer *a)
{
    if (origin == NULL && w->logs_n != 1) {
        refuse(a, 400, "say which log: /checkpoint?origin=…");
        return;
    }
    pthread_mutex_lock(&w->mutex);
    const struct witness_log *log = origin == NULL ? w->logs[0] : log_find(w, str_of(origin));
    if (log == NULL || log->note.len == 0) {
        refuse(a, 404,
               log == NULL ? "this witness does not know the log"
                           : "nothing was cosigned of this log yet");
    } else {
        buf_clear(&a->body);
        buf_put(&a->body, log->note.at, log->note.len);
        a->status = 200;
        a->type = PLAIN;
    }
    pthread_mutex_unlock(&w->mutex);
}

bool witness_last(struct witness *w, struct str origin, uint64_t *size, struct merkle_hash *root)
{
    pthread_mutex_lock(&w->mutex);
    const struct witness_log *log = log_find(w, origin);
    if (log != NULL) {
        *size = log->size;
        *root = log->root;
    }
    pthread_mutex_unlock(&w->mutex);
    return log != NULL;
}
