/* C2SP signed-note: keys, reading and signing. What a checkpoint says is note_checkpoint.c. */
#include "common/sys/note.h"

#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/note_line.h"

#define DASH         "\xe2\x80\x94 " /* U+2014 and a space begin a signature line */
#define DASH_LEN     (sizeof DASH - 1)
#define KEY_DATA_LEN (1 + ED25519_KEY_LEN) /* of a vkey: the algorithm and the key */
#define TIME_LEN     8
#define COSIGNED_MAX (NOTE_BYTES_MAX + 64)

#define LINE_1(n)             "line " #n
#define LINE_5(a, b, c, d, e) LINE_1(a), LINE_1(b), LINE_1(c), LINE_1(d), LINE_1(e)

const char *note_line(size_t n)
{
    static const char *const lines[] = {LINE_5(1, 2, 3, 4, 5),      LINE_5(6, 7, 8, 9, 10),
                                        LINE_5(11, 12, 13, 14, 15), LINE_5(16, 17, 18, 19, 20),
                                        LINE_5(21, 22, 23, 24, 25), LINE_5(26, 27, 28, 29, 30),
                                        LINE_5(31, 32, 33, 34, 35), LINE_5(36, 37, 38, 39, 40)};
    size_t known = sizeof lines / sizeof lines[0];
    return n >= 1 && n <= known ? lines[n - 1] : "past line 40";
}

/* ---- keys ---- */

static bool is_space(uint32_t cp)
{
    return cp == 0x20 || cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F ||
           cp == 0x205F || cp == 0x3000;
}

bool note_name_valid(struct str name)
{
    if (name.len == 0 || name.len > NOTE_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len;) {
        uint32_t cp;
        size_t n = utf8_next(name.at + i, name.len - i, &cp);
        if (n == 0 || cp < 0x20 || cp == 0x7F || cp == '+' || is_space(cp))
            return false;
        i += n;
    }
    return true;
}

static void key_id(const struct note_key *key, uint8_t id[NOTE_ID_LEN])
{
    uint8_t text[NOTE_NAME_MAX + 1 + KEY_DATA_LEN], digest[SHA256_LEN];
    size_t len = strlen(key->name);
    memcpy(text, key->name, len);
    text[len++] = '\n';
    text[len++] = (uint8_t)key->alg;
    memcpy(text + len, key->public_key, ED25519_KEY_LEN);
    sha256(text, len + ED25519_KEY_LEN, digest);
    memcpy(id, digest, NOTE_ID_LEN);
}

static struct err key_make(struct str name, enum note_alg alg,
                           const uint8_t public_key[ED25519_KEY_LEN], struct note_key *key)
{
    ENSURE(note_name_valid(name), ERR_INPUT,
           "a key's name is 1 to 255 bytes without white space, plus or control characters");
    ENSURE(!ed25519_public_weak(public_key), ERR_INPUT, "a weak key: anybody could sign for it");
    *key = (struct note_key){.alg = alg};
    memcpy(key->name, name.at, name.len);
    memcpy(key->public_key, public_key, ED25519_KEY_LEN);
    key_id(key, key->id);
    return OK;
}

struct err note_key_make(const char *name, enum note_alg alg,
                         const uint8_t public_key[ED25519_KEY_LEN], struct note_key *key)
{
    return key_make(str_of(name), alg, public_key, key);
}

/* Lower-case digits only: one id has one text. */
static bool id_parse(struct str hex, uint8_t id[NOTE_ID_LEN])
{
    char text[2 * NOTE_ID_LEN + 1], again[2 * NOTE_ID_LEN + 1];
    if (hex.len != 2 * NOTE_ID_LEN)
        return false;
    memcpy(text, hex.at, hex.len);
    text[hex.len] = '\0';
    if (!hex_parse(text, id, NOTE_ID_LEN))
        return false;
    hex_print(id, NOTE_ID_LEN, again);
    return strcmp(text, again) == 0;
}

struct err note_key_parse(struct str vkey, struct note_key *key)
{
    struct str name, rest, hex, data;
    uint8_t id[NOTE_ID_LEN], bytes[KEY_DATA_LEN];
    size_t len = 0;
    ENSURE(str_cut(vkey, '+', &name, &rest) && str_cut(rest, '+', &hex, &data), ERR_INPUT,
           "a verifier key is <name>+<key id>+<base64 of the key>");
    ENSURE(id_parse(hex, id), ERR_INPUT, "a key id is 8 lower-case hex digits");
    ENSURE(base64_parse(data, bytes, sizeof bytes, &len) && len > 0, ERR_INPUT,
           "the key is not base64 of an algorithm and an Ed25519 key");
    ENSURE(bytes[0] == NOTE_ED25519 || bytes[0] == NOTE_COSIGNATURE_V1, ERR_INPUT,
           "a key of an algorithm that is not supported (only Ed25519, 01 and 04)");
    ENSURE(len == KEY_DATA_LEN, ERR_INPUT, "an Ed25519 key has 32 bytes");
    TRY(key_make(name, (enum note_alg)bytes[0], bytes + 1, key));
    ENSURE(memcmp(id, key->id, NOTE_ID_LEN) == 0, ERR_INPUT,
           "the key id is not that of this name and key");
    return OK;
}

const char *note_key_print(struct arena *arena, const struct note_key *key)
{
    uint8_t data[KEY_DATA_LEN];
    char text[BASE64_SIZE(KEY_DATA_LEN)], id[2 * NOTE_ID_LEN + 1];
    data[0] = (uint8_t)key->alg;
    memcpy(data + 1, key->public_key, ED25519_KEY_LEN);
    base64_print(data, sizeof data, text);
    hex_print(key->id, NOTE_ID_LEN, id);
    return arena_fmt(arena, "%s+%s+%s", key->name, id, text);
}

bool note_key_eq(const struct note_key *a, const struct note_key *b)
{
    return a->alg == b->alg && strcmp(a->name, b->name) == 0 &&
           memcmp(a->public_key, b->public_key, ED25519_KEY_LEN) == 0;
}

/* ---- reading ---- */

size_t note_lines_of(struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '\n';
    return n;
}

static struct err chars_check(struct str bytes)
{
    size_t valid = utf8_valid_len(bytes.at, bytes.len);
    for (size_t i = 0; i < valid; i++) {
        if ((unsigned char)bytes.at[i] < 0x20 && bytes.at[i] != '\n')
            return err_at(ERR_INPUT, note_line(1 + note_lines_of((struct str){bytes.at, i})),
                          "a control character");
    }
    if (valid < bytes.len)
        return err_at(ERR_INPUT, note_line(1 + note_lines_of((struct str){bytes.at, valid})),
                      "not UTF-8");
    return OK;
}

/* Canonical base64 of any length; the first bytes of it. Groups of 96 digits stand alone. */
static bool sig_decode(struct str text, uint8_t first[NOTE_ID_LEN + NOTE_SIG_MAX], size_t *len)
{
    enum { GROUP = 96 };
    uint8_t part[GROUP / 4 * 3];
    for (*len = 0; text.len > 0;) {
        struct str group = {text.at, text.len < GROUP ? text.len : GROUP};
        size_t n = 0;
        if (!base64_parse(group, part, sizeof part, &n))
            return false;
        text = (struct str){text.at + group.len, text.len - group.len};
        if (text.len > 0 && n < sizeof part) /* padding within */
            return false;
        for (size_t i = 0; i < n && *len + i < NOTE_ID_LEN + NOTE_SIG_MAX; i++)
            first[*len + i] = part[i];
        *len += n;
    }
    return true;
}

static const char *sig_parse(struct str line, struct note_sig *sig)
{
    uint8_t first[NOTE_ID_LEN + NOTE_SIG_MAX] = {0};
    struct str text, after = {line.at + DASH_LEN, line.len - DASH_LEN - 1};
    size_t len = 0;
    *sig = (struct note_sig){.line = line};
    if (!str_cut(after, ' ', &sig->name, &text) || !note_name_valid(sig->name))
        return "a signature line is a dash, a key's name and base64, one space between";
    if (!sig_decode(text, first, &len))
        return "the signature is not canonical base64";
    if (len <= NOTE_ID_LEN)
        return "a signature of no bytes";
    memcpy(sig->id, first, NOTE_ID_LEN);
    sig->len = len - NOTE_ID_LEN;
    if (sig->len <= NOTE_SIG_MAX)
        memcpy(sig->bytes, first + NOTE_ID_LEN, sig->len);
    return NULL;
}

static bool sig_known(const struct note *note, const struct note_sig *sig)
{
    for (size_t i = 0; i < note->n; i++) {
        if (str_eq(note->sigs[i].name, sig->name) &&
            memcmp(note->sigs[i].id, sig->id, NOTE_ID_LEN) == 0)
            return true;
    }
    return false;
}

static const char *sig_add(struct str line, struct note *note)
{
    struct note_sig *sig = &note->sigs[note->n];
    if (line.len <= DASH_LEN || memcmp(line.at, DASH, DASH_LEN) != 0)
        return "a signature line begins with an em dash and a space";
    const char *why = sig_parse(line, sig);
    if (why == NULL && sig_known(note, sig))
        why = "a second signature of the same key";
    note->n += why == NULL;
    return why;
}

/* The last empty line parts text and signatures. */
static bool split(struct str bytes, struct str *text, struct str *sigs)
{
    for (size_t i = bytes.len; i-- > 1;) {
        if (bytes.at[i] != '\n' || bytes.at[i - 1] != '\n')
            continue;
        *text = (struct str){bytes.at, i};
        *sigs = (struct str){bytes.at + i + 1, bytes.len - i - 1};
        return true;
    }
    return false;
}

struct err note_parse(struct str bytes, struct note *note)
{
    struct str rest = {NULL, 0};
    ENSURE(bytes.len <= NOTE_BYTES_MAX, ERR_LIMIT, "a note of more than 64 KiB");
    TRY(chars_check(bytes));
    note->n = 0;
    ENSURE(split(bytes, &note->text, &rest), ERR_INPUT,
           "not a signed note: no empty line between text and signatures");
    ENSURE(rest.len > 0, ERR_INPUT, "a note without signatures");
    size_t at = note_lines_of(note->text) + 2;
    for (struct str line; rest.len > 0; at++) {
        const char *end = memchr(rest.at, '\n', rest.len);
        if (end == NULL)
            return err_at(ERR_INPUT, note_line(at), "no line end at the end of the note");
        line = (struct str){rest.at, (size_t)(end - rest.at) + 1};
        rest = (struct str){end + 1, rest.len - line.len};
        if (note->n == NOTE_SIGS_MAX)
            return err_at(ERR_LIMIT, note_line(at), "more than 32 signatures");
        const char *why = sig_add(line, note);
        if (why != NULL)
            return err_at(ERR_INPUT, note_line(at), why);
    }
    return OK;
}

/* ---- checking and signing ---- */

/* What a cosignature signs: a header, its time, and the text. */
static void cosigned_put(struct buf *b, struct str text, uint64_t time_s)
{
    buf_puts(b, "cosignature/v1\ntime ");
    buf_puti(b, (int64_t)time_s);
    buf_putc(b, '\n');
    buf_put(b, text.at, text.len);
}

static bool cosignature_holds(struct str text, const struct note_sig *sig,
                              const struct note_key *key, int64_t *cosigned_s)
{
    CLEANUP(buf_fini) struct buf b;
    uint64_t time_s = 0;
    buf_init(&b, COSIGNED_MAX);
    if (sig->len != TIME_LEN + ED25519_SIG_LEN)
        return false;
    for (size_t i = 0; i < TIME_LEN; i++)
        time_s = time_s << 8 | sig->bytes[i];
    if (time_s > INT64_MAX)
        return false;
    cosigned_put(&b, text, time_s);
    if (b.failed || !ed25519_verify(key->public_key, b.at, b.len, sig->bytes + TIME_LEN))
        return false;
    if (cosigned_s != NULL)
        *cosigned_s = (int64_t)time_s;
    return true;
}

static bool sig_holds(struct str text, const struct note_sig *sig, const struct note_key *key,
                      int64_t *cosigned_s)
{
    switch (key->alg) {
    case NOTE_ED25519:
        return sig->len == ED25519_SIG_LEN &&
               ed25519_verify(key->public_key, text.at, text.len, sig->bytes);
    case NOTE_COSIGNATURE_V1:
        return cosignature_holds(text, sig, key, cosigned_s);
    }
    return false;
}

enum note_check note_check(const struct note *note, const struct note_key *key, int64_t *cosigned_s)
{
    for (size_t i = 0; i < note->n; i++) {
        const struct note_sig *sig = &note->sigs[i];
        if (!str_is(sig->name, key->name) || memcmp(sig->id, key->id, NOTE_ID_LEN) != 0)
            continue;
        return sig_holds(note->text, sig, key, cosigned_s) ? NOTE_SIGNED : NOTE_FORGED;
    }
    return NOTE_UNSIGNED;
}

bool note_signed(const struct note *note, const struct note_key *key, int64_t *cosigned_s)
{
    return note_check(note, key, cosigned_s) == NOTE_SIGNED;
}

/* Id, time of a cosignature, signature; its length. */
static size_t sig_make(struct str text, const struct note_signer *signer, int64_t now_s,
                       uint8_t bytes[NOTE_ID_LEN + NOTE_SIG_MAX])
{
    CLEANUP(buf_fini) struct buf b;
    uint8_t *at = bytes + NOTE_ID_LEN;
    buf_init(&b, COSIGNED_MAX);
    memcpy(bytes, signer->key.id, NOTE_ID_LEN);
    if (signer->key.alg == NOTE_ED25519) {
        ed25519_sign(signer->secret, text.at, text.len, at);
        return NOTE_ID_LEN + ED25519_SIG_LEN;
    }
    INVARIANT(now_s >= 0);
    for (size_t i = 0; i < TIME_LEN; i++)
        at[i] = (uint8_t)((uint64_t)now_s >> (8 * (TIME_LEN - 1 - i)));
    cosigned_put(&b, text, (uint64_t)now_s);
    INVARIANT(!b.failed);
    ed25519_sign(signer->secret, b.at, b.len, at + TIME_LEN);
    return NOTE_ID_LEN + TIME_LEN + ED25519_SIG_LEN;
}

void note_sign_line(struct str text, const struct note_signer *signer, int64_t now_s,
                    struct buf *out)
{
    uint8_t bytes[NOTE_ID_LEN + NOTE_SIG_MAX];
    char base64[BASE64_SIZE(sizeof bytes)];
    size_t len = sig_make(text, signer, now_s, bytes);
    base64_print(bytes, len, base64);
    buf_puts(out, DASH);
    buf_puts(out, signer->key.name);
    buf_putc(out, ' ');
    buf_puts(out, base64);
    buf_putc(out, '\n');
}

struct err note_sign(struct str text, const struct note_signer *signer, struct buf *out)
{
    uint8_t public_key[ED25519_KEY_LEN];
    ed25519_public(signer->secret, public_key);
    ENSURE(memcmp(public_key, signer->key.public_key, sizeof public_key) == 0, ERR_BUG,
           "a signer with another key's secret");
    ENSURE(signer->key.alg == NOTE_ED25519, ERR_BUG, "a note begun with a cosignature");
    ENSURE(text.len > 1 && text.at[text.len - 1] == '\n', ERR_INPUT,
           "a note's text ends in a line end");
    ENSURE(text.len <= NOTE_BYTES_MAX / 2, ERR_LIMIT, "a note's text of more than 32 KiB");
    TRY(chars_check(text));
    buf_put(out, text.at, text.len);
    buf_putc(out, '\n');
    note_sign_line(text, signer, 0, out);
    return buf_check(out);
}
