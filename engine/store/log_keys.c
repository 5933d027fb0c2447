/* The book's KEY_ROTATED events, and which private key they make the signer. */
#include "engine/store/log_keys.h"

#include <stdio.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "common/verify/check.h"
#include "engine/store/log_keys_own.h"
#include "engine/store/log_signer.h"
#include "engine/store/sql.h"
#include "engine/store/tree.h"

#define ROTATED       "KEY_ROTATED"
#define STATEMENT_MAX ((size_t)8 * 1024)

/* ---- the book's side ---- */

struct err log_origin(struct tx *tx, struct arena *arena, const char **origin)
{
    const char *id = store_book_id(tx->store);
    *origin = id[0] == '\0' ? "" : arena_fmt(arena, ORIGIN_PREFIX "%s", id);
    return arena_check(arena);
}

struct listing {
    struct arena *arena;
    const char *origin;
    struct log_key_event *rows;
    size_t n, cap;
};

static struct err bad(struct arena *arena, int64_t seq, const char *why)
{
    return err_fmt(arena, ERR_STORE, NULL, "the log's key cannot be told, event %lld: %s",
                   (long long)seq, why);
}

static struct err event_read(struct listing *l, const struct audit_row *row,
                             struct log_key_event *out)
{
    struct json *event;
    TRY(json_read(l->arena, str_of(row->event), NULL, &event));
    const struct json *detail = json_get(event, "detail");
    const struct json *wipe = json_get(detail, "wipe_old");
    *out = (struct log_key_event){.seq = row->seq,
                                  .note = json_get_text(detail, "statement"),
                                  .wiped = json_is(wipe, JSON_TYPE_BOOL) && wipe->truth};
    struct err e = log_key_read(str_of(out->note == NULL ? "" : out->note), &out->statement);
    if (e.kind != ERR_NONE)
        return bad(l->arena, row->seq, e.msg);
    if (!text_eq(out->statement.new_key.name, l->origin))
        return bad(l->arena, row->seq, "the statement is of another log");
    if (out->statement.from != (uint64_t)row->seq)
        return bad(l->arena, row->seq, "the statement begins at another event");
    return OK;
}

static bool goes_on(const struct log_key_event *before, const struct log_key_statement *s)
{
    if (before == NULL)
        return !s->has_old;
    return s->has_old && note_key_eq(&before->statement.new_key, &s->old_key);
}

static struct err on_row(void *arg, const struct audit_row *row)
{
    struct listing *l = arg;
    l->rows = arena_grow(l->arena, l->rows, l->n, &l->cap, sizeof *l->rows);
    TRY(arena_check(l->arena));
    struct log_key_event *now = &l->rows[l->n];
    TRY(event_read(l, row, now));
    if (!goes_on(l->n == 0 ? NULL : now - 1, &now->statement))
        return bad(l->arena, row->seq, "the statement does not follow from the key before");
    l->n++;
    return OK;
}

struct err log_keys_list(struct tx *tx, struct arena *arena, struct log_key_event **rows, size_t *n)
{
    struct listing l = {.arena = arena};
    struct tx reading = *tx; /* rows come in this arena, not in the call's */
    struct audit_filter filter = {.event_type = ROTATED, .limit = AUDIT_SCAN_MAX};
    bool more = true;
    reading.arena = arena;
    TRY(log_origin(tx, arena, &l.origin));
    while (more)
        TRY(audit_query(&reading, &filter, on_row, &l, &filter.after_seq, &more));
    *rows = l.rows;
    *n = l.n;
    return OK;
}

struct err log_keys_chain(struct tx *tx, struct arena *arena, struct json **chain)
{
    struct log_key_event *rows;
    size_t n;
    TRY(log_keys_list(tx, arena, &rows, &n));
    const char **notes = ARENA_ARRAY(arena, n + 1, const char *);
    for (size_t i = 0; notes != NULL && i < n; i++)
        notes[i] = rows[i].note;
    TRY(arena_check(arena));
    *chain = log_key_chain_print(arena, notes, n);
    return arena_check(arena);
}

struct err log_key_now(struct tx *tx, struct arena *arena, bool *found, struct log_key_event *now)
{
    struct log_key_event *rows;
    size_t n;
    TRY(log_keys_list(tx, arena, &rows, &n));
    *found = n > 0;
    if (*found)
        *now = rows[n - 1];
    return OK;
}

/* ---- which key signs ---- */

struct log_keys *store_log_keys(const struct store *store)
{
    return store->log_keys;
}

static struct err now_read(struct store *store, struct arena *arena, bool *found,
                           struct log_key_event *now)
{
    struct tx tx;
    TRY(tx_read_begin(store, arena, 0, &tx));
    struct err e = log_key_now(&tx, arena, found, now);
    tx_read_end(&tx);
    return e;
}

static struct key_slot *slot_of(struct log_keys *keys, const struct note_key *key)
{
    for (enum key_file file = KEY_FILE_NOW; file < KEY_FILE_N; file++) {
        struct key_slot *slot = log_keys_slot(keys, file);
        if (log_keys_holds(slot, key))
            return slot;
    }
    return NULL;
}

static struct err not_there(struct arena *arena, const struct note_key *key)
{
    char id[2 * NOTE_ID_LEN + 1];
    hex_print(key->id, NOTE_ID_LEN, id);
    return err_fmt(arena, ERR_AUTH, LOG_KEY_FILE,
                   "the book's log key %s is not in the data folder: put its file back as log.key "
                   "(a copy, or log.key.%s.retired after a restore)",
                   id, id);
}

struct err log_keys_use(struct log_keys *keys, struct store *store, struct arena *arena)
{
    struct log_key_event now;
    bool found;
    TRY(now_read(store, arena, &found, &now));
    store->log_keys = keys;
    if (keys->signer != NULL)
        log_signer_follow(keys->signer, store);
    if (!found)
        return err_at(ERR_MISSING, LOG_KEY_FILE,
                      "the book has no log key: run closegate-engine keys init");
    struct key_slot *slot = slot_of(keys, &now.statement.new_key);
    if (slot == NULL)
        return not_there(arena, &now.statement.new_key);
    slot->signer.key = now.statement.new_key;
    TRY(tree_sign_with(store, &slot->signer));
    if (keys->signer != NULL)
        TRY(log_signer_agrees(keys->signer, store));
    keys->rotated = slot != log_keys_slot(keys, KEY_FILE_NOW);
    return log_keys_settle(keys, store);
}

struct err log_keys_settle(struct log_keys *keys, struct store *store)
{
    struct log_key_event now;
    bool found;
    if (keys == NULL || !keys->rotated)
        return OK;
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    struct err e = now_read(store, arena, &found, &now);
    ENSURE(e.kind == ERR_NONE, ERR_STORE, "the book's log key could not be read");
    if (found && log_keys_holds(log_keys_slot(keys, KEY_FILE_NEXT), &now.statement.new_key))
        TRY(log_keys_advance(keys, &now.statement.old_key, now.wiped));
    keys->rotated = false;
    return OK;
}

/* ---- a rotation ---- */

static struct err detail_make(struct tx *tx, const struct log_key_event *before, bool wipe_old,
                              const struct note_signer *old, const struct note_signer *next,
                              const struct json **detail)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf note;
    struct json *o = json_object_new(tx->arena);
    const int64_t seq = tx_seq(tx);
    buf_init(&note, STATEMENT_MAX);
    TRY(log_key_sign((uint64_t)seq, old, next, &note));
    json_put(tx->arena, o, "statement", json_str_new(tx->arena, buf_str(&note)));
    json_put_text(tx->arena, o, "vkey", note_key_print(tx->arena, &next->key));
    if (before != NULL)
        json_put_text(tx->arena, o, "before",
                      note_key_print(tx->arena, &before->statement.new_key));
    json_put_int(tx->arena, o, "from_size", seq);
    if (wipe_old)
        json_put_bool(tx->arena, o, "wipe_old", true);
    *detail = o;
    return arena_check(tx->arena);
}

static struct err next_signer(struct log_keys *keys, enum key_file file, const char *origin,
                              struct key_slot **slot)
{
    uint8_t public_key[ED25519_KEY_LEN];
    *slot = log_keys_slot(keys, file);
    TRY(log_keys_fill_in(keys, file));
    ed25519_public((*slot)->signer.secret, public_key);
    return note_key_make(origin, NOTE_ED25519, public_key, &(*slot)->signer.key);
}

struct err log_keys_rotate(struct log_keys *keys, struct tx *tx, bool wipe_old,
                           const struct json **detail)
{
    struct key_slot *old = NULL, *next;
    struct log_key_event before;
    const char *origin;
    bool found;
    TRY(log_key_now(tx, tx->arena, &found, &before));
    TRY(log_origin(tx, tx->arena, &origin));
    if (found) {
        old = slot_of(keys, &before.statement.new_key);
        if (old == NULL)
            return not_there(tx->arena, &before.statement.new_key);
        old->signer.key = before.statement.new_key;
        ENSURE(old == log_keys_slot(keys, KEY_FILE_NOW), ERR_CONFLICT,
               "the rotation before is not finished yet");
    }
    TRY(next_signer(keys, found ? KEY_FILE_NEXT : KEY_FILE_NOW, origin, &next));
    TRY(detail_make(tx, found ? &before : NULL, wipe_old, old == NULL ? NULL : &old->signer,
                    &next->signer, detail));
    TRY(tree_sign_next(tx, &next->signer));
    keys->rotated = true;
    return OK;
}
