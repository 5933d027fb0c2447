/* Statements about a log's keys: five lines, signed by the key that comes and the one that goes. */
#include "common/verify/statement.h"

#include <string.h>

#include "common/sys/note_line.h"

/* Takes the line that begins with `name` off the text; false when it does not stand there. */
static bool line_take(struct str *text, const char *name, struct str *value)
{
    struct str line;
    size_t len = strlen(name);
    if (!str_cut(*text, '\n', &line, text) || line.len < len || memcmp(line.at, name, len) != 0)
        return false;
    *value = (struct str){line.at + len, line.len - len};
    return true;
}

static struct err key_read(struct str vkey, size_t line, struct str origin, struct note_key *key)
{
    TRY(err_in(note_key_parse(vkey, key), note_line(line)));
    if (key->alg != NOTE_ED25519 || !str_is(origin, key->name))
        return err_at(ERR_INPUT, note_line(line),
                      "a log's key signs with Ed25519 and bears the log's name");
    return OK;
}

static struct err text_read(struct str text, struct key_statement *s)
{
    struct str rest = text, value;
    if (!line_take(&rest, KEY_STATEMENT_FORMAT, &value) || value.len > 0)
        return err_at(ERR_INPUT, note_line(1), "not a statement about a log's key");
    if (!line_take(&rest, "", &s->origin) || !note_name_valid(s->origin))
        return err_at(ERR_INPUT, note_line(2), "not the name of a log");
    if (!line_take(&rest, "from ", &value) || !note_number_parse(value, &s->from) || s->from == 0)
        return err_at(ERR_INPUT, note_line(3), "expected \"from\" and a size of at least 1");
    if (!line_take(&rest, "old ", &value))
        return err_at(ERR_INPUT, note_line(4), "expected \"old\" and a key, or -");
    s->first = str_is(value, "-");
    if (!s->first)
        TRY(key_read(value, 4, s->origin, &s->before));
    if (!line_take(&rest, "new ", &value))
        return err_at(ERR_INPUT, note_line(5), "expected \"new\" and a key");
    TRY(key_read(value, 5, s->origin, &s->now));
    if (!s->first && note_key_eq(&s->before, &s->now))
        return err_at(ERR_INPUT, note_line(5), "the new key is the old one");
    return rest.len == 0 ? OK : err_at(ERR_INPUT, note_line(6), "more than a statement has");
}

struct err key_statement_parse(struct str bytes, struct key_statement *s)
{
    struct note note;
    *s = (struct key_statement){0};
    TRY(note_parse(bytes, &note));
    TRY(text_read(note.text, s));
    ENSURE(note_signed(&note, &s->now, NULL), ERR_AUTH,
           "the statement is not signed by the key it brings");
    ENSURE(s->first || note_signed(&note, &s->before, NULL), ERR_AUTH,
           "the statement is not signed by the key it retires");
    ENSURE(note.n == (s->first ? 1 : 2), ERR_AUTH, "a signature beside those of the keys it names");
    return OK;
}

struct err key_statement_sign(const char *origin, uint64_t from, const struct note_signer *before,
                              const struct note_signer *now, struct buf *out)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 * 1024);
    CLEANUP(buf_fini) struct buf text;
    struct key_statement back;
    buf_init(&text, NOTE_BYTES_MAX / 2);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    const char *old = before == NULL ? "-" : note_key_print(arena, &before->key);
    const char *new_key = note_key_print(arena, &now->key);
    TRY(arena_check(arena));
    buf_puts(&text, KEY_STATEMENT_FORMAT "\n");
    buf_putf(&text, "%s\nfrom ", origin);
    buf_puti(&text, (int64_t)from);
    buf_putf(&text, "\nold %s\nnew %s\n", old, new_key);
    TRY(buf_check(&text));
    size_t at = out->len;
    TRY(note_sign(buf_str(&text), now, out));
    if (before != NULL)
        note_sign_line(buf_str(&text), before, 0, out);
    TRY(buf_check(out));
    /* What we sign we can read: a bad origin or size is the caller's error, here. */
    return key_statement_parse((struct str){out->at + at, out->len - at}, &back);
}
