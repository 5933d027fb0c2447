/* The witness's memory of one log, and its file. */
#include "witness/log.h"

#include <stdlib.h>
#include <string.h>

#include "common/sys/disk.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "common/sys/log.h"

#define FORMAT         "closegate-witness-log/1"
#define FILE_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define KEPT_BYTES_MAX ((size_t)4 * 1024 * 1024)

struct kept {
    const char *format, *checkpoint;
    const char **statements;
    size_t statements_n;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct kept, format, .required = true, .help = FORMAT),
    JSON_TEXT(struct kept, checkpoint, .help = "the last one that was cosigned"),
    JSON_TEXTS(struct kept, statements, statements_n, .required = true, .max = LOG_KEYS_MAX,
               .help = "the log's key statements that were followed"),
};

/* ---- reading ---- */

/* Our own cosignature says that it is what we cosigned; the log's key may have ended since. */
static struct err note_take(struct witness_log *log, const struct note_key *own, const char *text)
{
    struct note note;
    struct checkpoint c;
    TRY(note_parse(str_of(text), &note));
    TRY(checkpoint_parse(note.text, &c));
    ENSURE(str_is(c.origin, log->origin), ERR_STORE, "it is of another log");
    ENSURE(note_signed(&note, own, NULL), ERR_STORE, "our own cosignature does not hold");
    buf_puts(&log->note, text);
    log->size = c.size;
    log->root = c.root;
    return buf_check(&log->note);
}

/* One that none of the keys we are given now vouches for is left behind. */
static struct err statement_take(struct witness_log *log, const char *text)
{
    struct log_key_statement s;
    TRY(log_key_read(str_of(text), &s));
    struct err e = log_key_follow(&log->ring, &s);
    if (e.kind == ERR_AUTH)
        return OK;
    TRY(e);
    log->statements[log->statements_n++] = arena_strdup(log->arena, text);
    return arena_check(log->arena);
}

static struct err kept_take(struct witness_log *log, const struct note_key *own,
                            const struct kept *kept)
{
    ENSURE(text_eq(kept->format, FORMAT), ERR_STORE, "it is of another format");
    for (size_t i = 0; i < kept->statements_n; i++)
        TRY(statement_take(log, kept->statements[i]));
    return kept->checkpoint == NULL ? OK : note_take(log, own, kept->checkpoint);
}

struct err witness_log_load(struct witness_log *log, const struct note_key *own)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(4 * FILE_BYTES_MAX);
    struct kept kept;
    struct json *tree;
    struct str text;
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    struct err e = disk_read(arena, log->path, FILE_BYTES_MAX, &text);
    if (e.kind == ERR_MISSING)
        return OK;
    static const struct json_limits limits = {.bytes_max = FILE_BYTES_MAX};
    if (e.kind == ERR_NONE)
        e = json_read(arena, text, &limits, &tree);
    if (e.kind == ERR_NONE)
        e = json_bind(arena, JSON_FIELDS(fields), tree, &kept);
    if (e.kind == ERR_NONE)
        e = kept_take(log, own, &kept);
    if (e.kind == ERR_NONE)
        return OK;
    return err_fmt(log->arena, ERR_STORE, log->path,
                   "what was cosigned of this log cannot be believed (%s): put the file back from "
                   "a copy that is not older",
                   e.msg);
}

struct err witness_log_open(const char *data_dir, const struct note_key *key,
                            struct witness_log **out)
{
    char name[SHA256_HEX_SIZE];
    struct witness_log *log = calloc(1, sizeof *log);
    ENSURE(log != NULL, ERR_LIMIT, "out of memory");
    *out = log; /* errors live in its arena: the caller frees it, whatever came of it */
    log->arena = arena_new(KEPT_BYTES_MAX);
    ENSURE(log->arena != NULL, ERR_LIMIT, "out of memory");
    buf_init(&log->note, NOTE_BYTES_MAX);
    /* All of it now: to remember must not fail once the disk has it. */
    ENSURE(buf_room(&log->note, NOTE_BYTES_MAX) != NULL, ERR_LIMIT, "out of memory");
    memcpy(log->origin, key->name, sizeof log->origin);
    merkle_empty(&log->root);
    sha256_hex(log->origin, strlen(log->origin), name);
    log->path = arena_fmt(log->arena, "%s/%s.log", data_dir, name);
    TRY(arena_check(log->arena));
    return log_key_trust(&log->ring, key);
}

void witness_log_free(struct witness_log *log)
{
    if (log == NULL)
        return;
    buf_fini(&log->note);
    arena_free(log->arena);
    free(log);
}

/* ---- writing ---- */

static struct err file_write(const struct witness_log *log, struct str note)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, FILE_BYTES_MAX);
    jw_obj(&w);
    jw_text(&w, "format", FORMAT);
    if (note.len > 0)
        jw_str(&w, "checkpoint", note);
    jw_arr_in(&w, "statements");
    for (size_t i = 0; i < log->statements_n; i++)
        jw_text(&w, NULL, log->statements[i]);
    jw_end(&w);
    jw_end(&w);
    TRY(jw_done(&w, &text));
    return disk_write_over(log->path, text.at, text.len, 0600);
}

struct err witness_log_advance(struct witness_log *log, const struct checkpoint *c, struct str note)
{
    TRY(file_write(log, note));
    log->size = c->size;
    log->root = c->root;
    buf_clear(&log->note);
    buf_put(&log->note, note.at, note.len);
    return buf_check(&log->note);
}

/* A key that signed the last one may not have ended before it. */
static struct err last_holds(const struct witness_log *log, const struct log_key_ring *ring)
{
    const struct note_key *key;
    struct note note;
    if (log->note.len == 0)
        return OK;
    TRY(note_parse(buf_str(&log->note), &note));
    const bool now = log_key_signed(&log->ring, &note, log->size, &key).kind == ERR_NONE;
    const bool then = log_key_signed(ring, &note, log->size, &key).kind == ERR_NONE;
    ENSURE(then || !now, ERR_CONFLICT,
           "by this statement the last cosigned checkpoint was signed by a key that had ended");
    return OK;
}

static struct err followed(struct witness_log *log, struct str statement)
{
    ENSURE(log->statements_n < LOG_KEYS_MAX, ERR_LIMIT, "the log has more keys than are kept");
    log->statements[log->statements_n] = str_dup(log->arena, statement);
    TRY(arena_check(log->arena));
    log->statements_n++;
    struct err e = file_write(log, buf_str(&log->note));
    if (e.kind != ERR_NONE)
        log->statements_n--;
    return e;
}

/* By what it says: the same statement can be written with its signatures in another order. */
static bool ring_eq(const struct log_key_ring *a, const struct log_key_ring *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++)
        same = note_key_eq(&a->keys[i].key, &b->keys[i].key) &&
               a->keys[i].from == b->keys[i].from && a->keys[i].until == b->keys[i].until;
    return same;
}

struct err witness_log_follow(struct witness_log *log, struct str statement,
                              const struct log_key_statement *s, bool *is_new)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(2 * sizeof(struct log_key_ring));
    struct log_key_ring *ring = arena == NULL ? NULL : ARENA_NEW(arena, struct log_key_ring);
    *is_new = false;
    ENSURE(ring != NULL, ERR_LIMIT, "out of memory");
    *ring = log->ring;
    TRY(log_key_follow(ring, s));
    *is_new = !ring_eq(ring, &log->ring);
    if (!*is_new)
        return OK;
    TRY(last_holds(log, ring));
    TRY(followed(log, statement));
    log->ring = *ring;
    return OK;
}

void witness_log_accuse(const struct witness_log *log, struct str note)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 * 1024);
    const char *path = arena == NULL ? NULL : arena_fmt(arena, "%s.fork", log->path);
    struct err e = path == NULL ? err_new(ERR_LIMIT, "out of memory")
                                : disk_write_new(path, note.at, note.len, 0600);
    log_error("the log has signed two trees of one size; the other one is kept",
              LOG_TEXT("origin", log->origin), LOG_INT("size", log->size), LOG_TEXT("file", path),
              LOG_TEXT("kept", e.kind == ERR_NONE ? "now" : e.msg), LOG_END);
}
