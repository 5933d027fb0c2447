/* Makes a bank or ledger text comparable: upper-case, accents off, channel words dropped, names in
 * order without spaces, numbers kept apart as references (FINANCE 4.1 step 0). Text that is not
 * valid UTF-8 is split at the bad byte; control, bidirectional and zero-width characters vanish. */
#include "engine/recon/internal.h"

#include "common/base/str.h"

struct work {
    const struct words *words;
    char bytes[NORM_BYTES];
    struct token tokens[NORM_TOKENS];
    uint64_t refs[NORM_REFS];
    uint32_t len, token_n, name_n, ref_n, core_n;
    uint32_t hints;
    bool refs_only;   /* reading the reference field: no names */
    bool name_done;   /* the name's segment has ended */
    bool cheque_next; /* the next number is a cheque's */
    char word[TOKEN_BYTES];
    uint32_t word_len, digits;
    char prefix[TOKEN_BYTES]; /* INV of INV-1001: the word just before, joined by - or # */
    uint32_t prefix_len;
    bool prefix_pushed;
};

static void ref_add(struct work *w, uint64_t class, uint64_t value)
{
    uint64_t ref = class | (value & REF_VALUE);
    for (uint32_t i = 0; i < w->ref_n; i++) {
        if (w->refs[i] == ref)
            return;
    }
    if (w->ref_n < NORM_REFS)
        w->refs[w->ref_n++] = ref;
}

static void token_push(struct work *w, const char *at, uint32_t len, bool core)
{
    if (w->refs_only || w->token_n == NORM_TOKENS || w->len + len > NORM_BYTES)
        return;
    memcpy(w->bytes + w->len, at, len);
    uint32_t weight = core ? (len > 8 ? 8 : len) : 0;
    w->tokens[w->token_n++] =
        (struct token){.at = (uint16_t)w->len, .len = (uint8_t)len, .weight = (uint8_t)weight};
    w->len += len;
    w->core_n += core ? 1 : 0;
}

static void token_pop(struct work *w)
{
    struct token *t = &w->tokens[--w->token_n];
    w->len -= t->len;
    w->core_n -= t->weight > 0 ? 1 : 0;
}

/* The digits of the word as a number without leading zeros; a hash of them past 18 digits. */
static uint64_t number_value(const struct work *w)
{
    uint32_t at = 0;
    while (at < w->word_len && w->word[at] == '0')
        at++;
    if (w->word_len - at > 18)
        return hash_bytes(w->word + at, w->word_len - at);
    uint64_t value = 0;
    for (; at < w->word_len; at++)
        value = value * 10 + (uint64_t)(w->word[at] - '0');
    return value;
}

static void number_end(struct work *w)
{
    uint64_t value = number_value(w);
    if (w->cheque_next && value > 0) {
        ref_add(w, REF_CHEQUE, value);
    } else if (w->prefix_len > 0 && w->word_len >= 3) {
        ref_add(w, REF_TEXT, hash_bytes(w->prefix, w->prefix_len) * 31 + value);
        if (w->prefix_pushed)
            token_pop(w);
    } else if (w->word_len >= 5 && value > 9999) {
        ref_add(w, REF_TEXT, value);
    }
    w->cheque_next = false;
}

static void name_end(struct work *w)
{
    static const uint8_t hint_of[] = {
        [WORD_CHEQUE] = HINT_CHEQUE, [WORD_VOID] = HINT_VOID, [WORD_REVERSAL] = HINT_REVERSAL,
        [WORD_NSF] = HINT_NSF,       [WORD_FEE] = HINT_FEE,   [WORD_DEPOSIT] = HINT_DEPOSIT,
    };
    enum word_kind kind = words_kind(w->words, w->word, w->word_len);
    if (kind == WORD_NUMBER)
        return;
    w->cheque_next = kind == WORD_CHEQUE;
    if (kind >= WORD_CHEQUE && !w->refs_only)
        w->hints |= hint_of[kind];
    uint32_t had = w->token_n;
    if (kind == WORD_NAME || kind == WORD_LEGAL)
        token_push(w, w->word, w->word_len, kind == WORD_NAME);
    w->prefix_pushed = w->token_n > had;
    w->prefix_len = w->word_len <= 6 && kind != WORD_CHEQUE ? w->word_len : 0;
    memcpy(w->prefix, w->word, w->prefix_len);
}

/* Ends the word being read, if any. */
static void word_end(struct work *w)
{
    if (w->word_len == 0)
        return;
    if (w->digits == w->word_len) {
        number_end(w);
        w->prefix_len = 0;
    } else if (w->digits >= 2 && w->word_len >= 6) {
        ref_add(w, REF_TEXT, hash_bytes(w->word, w->word_len));
        w->prefix_len = 0;
    } else {
        name_end(w);
    }
    w->word_len = 0;
    w->digits = 0;
}

static void word_char(struct work *w, char c)
{
    if (w->word_len == TOKEN_BYTES)
        word_end(w);
    w->word[w->word_len++] = c;
    w->digits += c >= '0' && c <= '9' ? 1 : 0;
}

/* The name's segment ends at the first separator after a word of it. */
static void segment_end(struct work *w)
{
    word_end(w);
    w->prefix_len = 0;
    if (w->name_done || w->core_n == 0)
        return;
    w->name_done = true;
    w->name_n = w->token_n;
}

/* Letters without their accents, as far as Latin goes; NULL: not one of them. */
static const char *fold(uint32_t cp)
{
    static const char latin1[] = "AAAAAAACEEEEIIIIDNOOOOO*OUUUUYTSAAAAAAACEEEEIIIIDNOOOOO*OUUUUYTY";
    static const char latin2[] =
        "AAAAAACCCCCCCCDDDDEEEEEEEEEEGGGGGGGGHHHHIIIIIIIIIIIIJJKKKLLLLLLLLLLNNNNNNNNNOOOOOOOORRRRRR"
        "SSSSSSSSTTTTTTUUUUUUUUUUUUWWYYYZZZZZZS";
    if (cp == 0xDF)
        return "SS";
    if (cp == 0xC6 || cp == 0xE6)
        return "AE";
    static const char alphabet[] =
        "A\0B\0C\0D\0E\0F\0G\0H\0I\0J\0K\0L\0M\0N\0O\0P\0Q\0R\0S\0T\0U\0V\0"
        "W\0X\0Y\0Z";
    char c = 0;
    if (cp >= 0xC0 && cp <= 0xFF)
        c = latin1[cp - 0xC0];
    else if (cp >= 0x100 && cp < 0x100 + sizeof latin2 - 1)
        c = latin2[cp - 0x100];
    return c >= 'A' && c <= 'Z' ? &alphabet[2 * (c - 'A')] : NULL;
}

static bool vanishes(uint32_t cp)
{
    return cp == 0xAD || (cp >= 0x200B && cp <= 0x200F) || (cp >= 0x202A && cp <= 0x202E) ||
           (cp >= 0x2060 && cp <= 0x206F) || cp == 0xFEFF;
}

static void wide_char(struct work *w, const char *at, size_t len, uint32_t cp)
{
    if (vanishes(cp))
        return;
    if (cp >= 0xFF01 && cp <= 0xFF5E) /* full-width forms of ASCII */
        cp = cp - 0xFF01 + '!';
    const char *letters = fold(cp);
    if (cp < 0x80 && ((cp | 32) >= 'a' && (cp | 32) <= 'z'))
        word_char(w, (char)(cp & ~32u));
    else if (cp >= '0' && cp <= '9')
        word_char(w, (char)cp);
    else if (letters != NULL)
        for (; *letters != '\0'; letters++)
            word_char(w, *letters);
    else if (cp == 0x2013 || cp == 0x2014)
        segment_end(w);
    else if (cp < 0xC0 || (cp >= 0x2000 && cp <= 0x2BFF) || (cp >= 0x3000 && cp <= 0x3004))
        word_end(w); /* spaces and signs */
    else
        for (size_t i = 0; i < len; i++)
            word_char(w, at[i]); /* other scripts: compared byte by byte */
}

static void ascii_sign(struct work *w, char c, char before, char after)
{
    bool apart = before == ' ' || after == ' ' || after == '\0';
    if (c == '&') {
        word_end(w);
        word_char(w, '&');
        word_end(w);
    } else if (c == '\'' || c == '.') {
        if (c == '.' && apart)
            word_end(w); /* O'NEIL and S.A. stay one word */
    } else if (c == '(' || c == ';' || c == '|' ||
               ((c == '-' || c == ',' || c == ':' || c == '/') && apart)) {
        segment_end(w);
    } else {
        word_end(w);
        if (c != '-' && c != '#')
            w->prefix_len = 0;
    }
}

/* A letter in upper case or a digit; NUL for anything else. */
static inline char ascii_plain(unsigned char c)
{
    static const char plain[256] = {
        ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6',
        ['7'] = '7', ['8'] = '8', ['9'] = '9', ['A'] = 'A', ['B'] = 'B', ['C'] = 'C', ['D'] = 'D',
        ['E'] = 'E', ['F'] = 'F', ['G'] = 'G', ['H'] = 'H', ['I'] = 'I', ['J'] = 'J', ['K'] = 'K',
        ['L'] = 'L', ['M'] = 'M', ['N'] = 'N', ['O'] = 'O', ['P'] = 'P', ['Q'] = 'Q', ['R'] = 'R',
        ['S'] = 'S', ['T'] = 'T', ['U'] = 'U', ['V'] = 'V', ['W'] = 'W', ['X'] = 'X', ['Y'] = 'Y',
        ['Z'] = 'Z', ['a'] = 'A', ['b'] = 'B', ['c'] = 'C', ['d'] = 'D', ['e'] = 'E', ['f'] = 'F',
        ['g'] = 'G', ['h'] = 'H', ['i'] = 'I', ['j'] = 'J', ['k'] = 'K', ['l'] = 'L', ['m'] = 'M',
        ['n'] = 'N', ['o'] = 'O', ['p'] = 'P', ['q'] = 'Q', ['r'] = 'R', ['s'] = 'S', ['t'] = 'T',
        ['u'] = 'U', ['v'] = 'V', ['w'] = 'W', ['x'] = 'X', ['y'] = 'Y', ['z'] = 'Z',
    };
    return plain[c];
}

/* Reads the letters and digits at `at`; returns what follows them. */
static const char *word_run(struct work *w, const char *at)
{
    uint32_t len = w->word_len, digits = w->digits;
    for (char c; (c = ascii_plain((unsigned char)*at)) != '\0'; at++) {
        if (len == TOKEN_BYTES) {
            w->word_len = len;
            w->digits = digits;
            word_end(w);
            len = digits = 0;
        }
        w->word[len++] = c;
        digits += c <= '9' ? 1 : 0;
    }
    w->word_len = len;
    w->digits = digits;
    return at;
}

static void text_read(struct work *w, const char *text)
{
    for (const char *at = text; *at != '\0';) {
        unsigned char c = (unsigned char)*at;
        if (ascii_plain(c) != '\0') {
            at = word_run(w, at);
            continue;
        }
        if (c < 0x80) {
            ascii_sign(w, (char)c, at == text ? ' ' : at[-1], at[1]);
        } else {
            uint32_t cp = 0;
            size_t len = utf8_next(at, strnlen(at, 4), &cp);
            if (len == 0)
                word_end(w);
            else
                wide_char(w, at, len, cp);
            at += len == 0 ? 1 : len;
            continue;
        }
        at++;
    }
    word_end(w);
    w->prefix_len = 0;
    w->cheque_next = false;
}

/* The field as a whole: its letters and digits, without leading zeros or separators. */
static void field_ref(struct work *w, const char *field, uint64_t class)
{
    char plain[64];
    size_t n = 0;
    bool only_digits = true;
    for (const char *at = field; *at != '\0' && n < sizeof plain; at++) {
        char c = *at >= 'a' && *at <= 'z' ? (char)(*at - 32) : *at;
        bool digit = c >= '0' && c <= '9';
        if ((c == '0' && n == 0) || !(digit || (c >= 'A' && c <= 'Z')))
            continue;
        only_digits = only_digits && digit;
        plain[n++] = c;
    }
    if (n == 0)
        return;
    ref_add(w, class, hash_bytes(plain, n));
    if (class != REF_FIELD || !only_digits || (w->hints & HINT_CHEQUE) == 0 || n > 12)
        return;
    memcpy(w->word, plain, n <= TOKEN_BYTES ? n : TOKEN_BYTES);
    w->word_len = (uint32_t)n;
    ref_add(w, REF_CHEQUE, number_value(w));
    w->word_len = 0;
}

static uint32_t letters_of(const char *name, uint32_t len)
{
    uint32_t letters = 0;
    for (uint32_t i = 0; i < len; i++) {
        uint32_t at = (uint32_t)(unsigned char)name[i] - 'A';
        letters |= at < 26 ? 1u << at : 0;
    }
    return letters;
}

static uint32_t weight_of(const struct token *tokens, uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += tokens[i].weight;
    return sum;
}

static const struct norm *norm_store(const struct work *w, struct arena *arena)
{
    size_t size = sizeof(struct norm) + w->ref_n * sizeof w->refs[0] +
                  w->token_n * sizeof w->tokens[0] + w->len;
    char *at = arena_alloc(arena, size);
    if (at == NULL)
        return NULL;
    uint32_t name_len = w->name_n == w->token_n ? w->len : w->tokens[w->name_n].at;
    struct norm n = {
        .token_n = (uint8_t)w->token_n,
        .name_n = (uint8_t)w->name_n,
        .ref_n = (uint8_t)w->ref_n,
        .hints = (uint8_t)w->hints,
        .name_len = (uint16_t)name_len,
        .len = (uint16_t)w->len,
        .letters = letters_of(w->bytes, name_len),
        .name_weight = weight_of(w->tokens, w->name_n),
    };
    memcpy(at, &n, sizeof n);
    memcpy(at + sizeof n, w->refs, w->ref_n * sizeof w->refs[0]);
    memcpy(at + sizeof n + w->ref_n * sizeof w->refs[0], w->tokens,
           w->token_n * sizeof w->tokens[0]);
    memcpy(at + size - w->len, w->bytes, w->len);
    return (const struct norm *)(const void *)at;
}

const struct norm *normalise(const struct words *words, const struct recon_entry *entry,
                             struct arena *arena)
{
    struct work w;
    memset(&w, 0, offsetof(struct work, bytes));
    w.words = words;
    w.len = w.token_n = w.name_n = w.ref_n = w.core_n = w.hints = 0;
    w.refs_only = w.name_done = w.cheque_next = w.prefix_pushed = false;
    w.word_len = w.digits = w.prefix_len = 0;
    if (entry->counterparty != NULL && entry->counterparty[0] != '\0') {
        w.name_done = true; /* a name with a comma is still one name */
        text_read(&w, entry->counterparty);
        w.name_n = w.token_n;
        w.name_done = w.core_n > 0;
    }
    w.name_done = w.name_done || entry->side == RECON_BANK;
    if (entry->text != NULL)
        text_read(&w, entry->text);
    if (w.name_n == 0)
        w.name_n = w.token_n;
    w.refs_only = true;
    if (entry->reference != NULL) {
        text_read(&w, entry->reference);
        field_ref(&w, entry->reference, REF_FIELD);
    }
    if (entry->key != NULL)
        field_ref(&w, entry->key, REF_KEY);
    return norm_store(&w, arena);
}
