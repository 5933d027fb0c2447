/* Any bytes as a note: refused with a place, or read so that the text and the signature lines put
 * together again are the very bytes, and its checkpoint prints as it was. No key signed it. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/log_key.h"
#include "common/sys/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_its_parts(struct str bytes, const struct note *note)
{
    CLEANUP(buf_fini) struct buf b;
    buf_init(&b, NOTE_BYTES_MAX);
    buf_put(&b, note->text.at, note->text.len);
    buf_putc(&b, '\n');
    for (size_t i = 0; i < note->n; i++)
        buf_put(&b, note->sigs[i].line.at, note->sigs[i].line.len);
    INVARIANT(str_eq(buf_str(&b), bytes));
}

static void checkpoint_is_printed_again(const struct note *note)
{
    CLEANUP(buf_fini) struct buf b;
    struct checkpoint c;
    buf_init(&b, NOTE_BYTES_MAX);
    struct err e = checkpoint_parse(note->text, &c);
    INVARIANT(e.kind == ERR_NONE || e.where != NULL);
    if (e.kind != ERR_NONE)
        return;
    checkpoint_print(&c, &b);
    INVARIANT(str_eq(buf_str(&b), note->text));
}

static void key_is_printed_again(struct str bytes)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct note_key key;
    if (note_key_parse(bytes, &key).kind == ERR_NONE)
        INVARIANT(str_is(bytes, note_key_print(arena, &key)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {.at = (const char *)data, .len = size};
    struct note note;
    struct note_key key;
    struct log_key_statement s;
    key_is_printed_again(bytes);
    if (note_parse(bytes, &note).kind != ERR_NONE)
        return 0;
    is_its_parts(bytes, &note);
    checkpoint_is_printed_again(&note);
    (void)log_key_read(bytes, &s).kind;
    /* A key of a name that signs here: the signature is judged, and does not hold. */
    static const uint8_t public_key[ED25519_KEY_LEN] = {9};
    char name[NOTE_NAME_MAX + 1] = "";
    memcpy(name, note.sigs[0].name.at, note.sigs[0].name.len);
    INVARIANT(note_key_make(name, NOTE_COSIGNATURE_V1, public_key, &key).kind == ERR_NONE);
    memcpy(key.id, note.sigs[0].id, NOTE_ID_LEN);
    INVARIANT(note_check(&note, &key, NULL) == NOTE_FORGED);
    key.alg = NOTE_ED25519;
    INVARIANT(!note_signed(&note, &key, NULL));
    return 0;
}
