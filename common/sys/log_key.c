/* Statements about a log's keys, and what follows from them for who may be believed. */
#include "common/sys/log_key.h"

#include <inttypes.h>
#include <string.h>

#include "common/sys/json_read.h"

#define HEADER "closegate-log-key/1"

/* ---- one statement ---- */

static struct err pair_check(uint64_t from, const struct note_key *old, const struct note_key *now)
{
    ENSURE(from > 0 && from <= MERKLE_SIZE_MAX, ERR_INPUT, "a key begins at an event's number");
    ENSURE(now->alg == NOTE_ED25519, ERR_INPUT, "a log's key signs notes (type 01)");
    if (old == NULL)
        return OK;
    ENSURE(old->alg == NOTE_ED25519, ERR_INPUT, "a log's key signs notes (type 01)");
    ENSURE(strcmp(old->name, now->name) == 0, ERR_INPUT, "the two keys are of different logs");
    ENSURE(!bytes_eq_ct(old->public_key, now->public_key, ED25519_KEY_LEN), ERR_INPUT,
           "the new key is the old one");
    return OK;
}

struct err log_key_sign(uint64_t from, const struct note_signer *old, const struct note_signer *now,
                        struct buf *out)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)16 * 1024);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    TRY(pair_check(from, old == NULL ? NULL : &old->key, &now->key));
    const char *before = old == NULL ? "-" : note_key_print(arena, &old->key);
    const char *text = arena_fmt(arena, HEADER "\n%s\nfrom %" PRIu64 "\nold %s\nnew %s\n",
                                 now->key.name, from, before, note_key_print(arena, &now->key));
    TRY(arena_check(arena));
    struct err e = note_sign(str_of(text), now, out);
    if (e.kind == ERR_NONE && old != NULL)
        note_sign_line(str_of(text), old, 0, out);
    TRY(e);
    return buf_check(out);
}

/* The next line, which has to begin with `word` and a space ("" for a line as it is). */
static bool line_take(struct str *text, const char *word, struct str *value)
{
    struct str line;
    size_t n = strlen(word);
    if (!str_cut(*text, '\n', &line, text))
        return false;
    if (n > 0 && (line.len <= n + 1 || memcmp(line.at, word, n) != 0 || line.at[n] != ' '))
        return false;
    n += n > 0;
    *value = (struct str){line.at + n, line.len - n};
    return true;
}

static struct err key_named(struct str vkey, struct str origin, const char *line,
                            struct note_key *key)
{
    TRY(err_in(note_key_parse(vkey, key), line));
    if (!str_is(origin, key->name))
        return err_at(ERR_INPUT, line, "the key is not named as the log is");
    return OK;
}

struct err log_key_text(struct str text, struct log_key_statement *out)
{
    *out = (struct log_key_statement){.from = 0};
    struct str line = STR(""), origin = STR(""), number = STR(""), old = STR(""), now = STR("");
    if (!line_take(&text, "", &line) || !str_is(line, HEADER))
        return err_at(ERR_INPUT, "line 1", "expected " HEADER);
    if (!line_take(&text, "", &origin) || !note_name_valid(origin))
        return err_at(ERR_INPUT, "line 2", "expected the log's origin");
    if (!line_take(&text, "from", &number) || !note_number_parse(number, &out->from))
        return err_at(ERR_INPUT, "line 3", "expected from and an event's number");
    if (!line_take(&text, "old", &old))
        return err_at(ERR_INPUT, "line 4", "expected old and a key, or -");
    if (!line_take(&text, "new", &now))
        return err_at(ERR_INPUT, "line 5", "expected new and a key");
    if (text.len > 0)
        return err_at(ERR_INPUT, "line 6", "expected the end of the statement");
    out->has_old = !str_is(old, "-");
    if (out->has_old)
        TRY(key_named(old, origin, "line 4", &out->old_key));
    TRY(key_named(now, origin, "line 5", &out->new_key));
    return pair_check(out->from, out->has_old ? &out->old_key : NULL, &out->new_key);
}

struct err log_key_read(struct str bytes, struct log_key_statement *out)
{
    struct note note;
    TRY(note_parse(bytes, &note));
    TRY(log_key_text(note.text, out));
    ENSURE(note.n <= (out->has_old ? 2u : 1u), ERR_AUTH,
           "there is a signature that nobody asked for");
    ENSURE(note_signed(&note, &out->new_key, NULL), ERR_AUTH,
           "the new key's signature is missing or does not hold");
    ENSURE(!out->has_old || note_signed(&note, &out->old_key, NULL), ERR_AUTH,
           "the old key's signature is missing or does not hold");
    return OK;
}

/* ---- trust ---- */

static struct log_key_range *range_of(struct log_key_ring *ring, const struct note_key *key)
{
    for (size_t i = 0; i < ring->n; i++) {
        if (note_key_eq(&ring->keys[i].key, key))
            return &ring->keys[i];
    }
    return NULL;
}

static struct err range_add(struct log_key_ring *ring, const struct note_key *key, uint64_t from)
{
    ENSURE(ring->n < LOG_KEYS_MAX, ERR_LIMIT, "the log has more keys than are kept");
    ring->keys[ring->n++] = (struct log_key_range){.key = *key, .from = from};
    return OK;
}

struct err log_key_trust(struct log_key_ring *ring, const struct note_key *key)
{
    ENSURE(key->alg == NOTE_ED25519, ERR_INPUT, "a log's key signs notes (type 01)");
    ENSURE(ring->n == 0 || strcmp(ring->keys[0].key.name, key->name) == 0, ERR_INPUT,
           "the key is of another log than those before");
    return range_of(ring, key) != NULL ? OK : range_add(ring, key, 0);
}

/* A first statement tells from when on a key signs that is trusted anyway. */
static struct err follow_first(struct log_key_ring *ring, const struct log_key_statement *s)
{
    struct log_key_range *now = range_of(ring, &s->new_key);
    ENSURE(now != NULL, ERR_AUTH, "nobody trusted vouches for the log's first key");
    ENSURE(now->from == 0 || now->from == s->from, ERR_AUTH,
           "the statement tells another beginning of a known key");
    ENSURE(now->until == 0 || now->until > s->from, ERR_AUTH, "the key ended before it began");
    now->from = s->from;
    return OK;
}

struct err log_key_follow(struct log_key_ring *ring, const struct log_key_statement *s)
{
    if (!s->has_old)
        return follow_first(ring, s);
    struct log_key_range *old = range_of(ring, &s->old_key);
    struct log_key_range *now = range_of(ring, &s->new_key);
    ENSURE(old != NULL, ERR_AUTH, "the old key of the statement is not a trusted one");
    ENSURE(old->until == 0 || (old->until == s->from && now != NULL && now->from == s->from),
           ERR_AUTH, "the old key was ended by another statement");
    ENSURE(s->from > old->from, ERR_AUTH, "the statement begins before its old key does");
    ENSURE(now == NULL || now->from == 0 || now->from == s->from, ERR_AUTH,
           "the statement tells another beginning of a known key");
    ENSURE(now == NULL || now->until == 0 || now->until > s->from, ERR_AUTH,
           "the new key ended before it began");
    if (now == NULL)
        TRY(range_add(ring, &s->new_key, s->from));
    else
        now->from = s->from;
    old->until = s->from;
    return OK;
}

static bool covers(const struct log_key_range *r, uint64_t size)
{
    return size >= r->from && (r->until == 0 || size < r->until);
}

struct err log_key_signed(const struct log_key_ring *ring, const struct note *note, uint64_t size,
                          const struct note_key **key)
{
    bool beyond = false;
    *key = NULL;
    for (size_t i = 0; i < ring->n; i++) {
        enum note_check found = note_check(note, &ring->keys[i].key, NULL);
        ENSURE(found != NOTE_FORGED, ERR_AUTH, "the signature does not hold");
        if (found == NOTE_SIGNED && covers(&ring->keys[i], size))
            *key = &ring->keys[i].key;
        beyond |= found == NOTE_SIGNED;
    }
    if (*key != NULL)
        return OK;
    return err_new(ERR_AUTH, beyond ? "the key that signed does not sign checkpoints of this size"
                                    : "no trusted key signed");
}

/* ---- the file ---- */

struct chain {
    const char *format;
    const char **statements;
    size_t statements_n;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct chain, format, .required = true, .help = LOG_KEY_CHAIN_FORMAT),
    JSON_TEXTS(struct chain, statements, statements_n, .required = true, .max = LOG_KEYS_MAX,
               .help = "signed statements, the first key's first"),
};

struct err log_key_chain_read(struct arena *arena, struct str json,
                              struct log_key_statement **statements, size_t *n)
{
    static const struct json_limits limits = {.bytes_max = LOG_KEY_CHAIN_BYTES_MAX};
    struct json *tree;
    struct chain chain;
    TRY(json_read(arena, json, &limits, &tree));
    TRY(json_bind(arena, JSON_FIELDS(fields), tree, &chain));
    if (!text_eq(chain.format, LOG_KEY_CHAIN_FORMAT))
        return err_at(ERR_INPUT, "/format", "expected " LOG_KEY_CHAIN_FORMAT);
    *n = chain.statements_n;
    *statements = ARENA_ARRAY(arena, *n + 1, struct log_key_statement);
    TRY(arena_check(arena));
    for (size_t i = 0; i < *n; i++) {
        struct err e = log_key_read(str_of(chain.statements[i]), &(*statements)[i]);
        if (e.kind != ERR_NONE)
            return err_fmt(arena, e.kind, arena_fmt(arena, "/statements/%zu", i), "%s%s%s",
                           e.where == NULL ? "" : e.where, e.where == NULL ? "" : ": ", e.msg);
        (*statements)[i].note = chain.statements[i];
    }
    return OK;
}

struct json *log_key_chain_print(struct arena *arena, const char *const *statements, size_t n)
{
    struct json *o = json_object_new(arena), *list = json_array_new(arena);
    for (size_t i = 0; i < n; i++)
        json_push(arena, list, json_text_new(arena, statements[i]));
    json_put_text(arena, o, "format", LOG_KEY_CHAIN_FORMAT);
    json_put(arena, o, "statements", list);
    return o;
}
