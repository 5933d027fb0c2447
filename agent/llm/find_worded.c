/* "Acct #: 0012-3456-789", "Konto-Nr. 532013000", "account_number: …": a word that announces a
 * number, a few words and signs, the number. What looks like an amount or a date is none; nor is a
 * short one, since a ledger's accounts are called accounts too. */
#include "agent/llm/find.h"

#include <string.h>

#define WORD_MAX    24
#define BETWEEN_MAX 48 /* bytes between the word and the number */
#define WORDS_MAX   3  /* of them words */
#define NUMBER_MAX  40 /* digits */
#define LONG_GROUP  8  /* digits that are a number by themselves: a space ends it */

/* Letters of ASCII and all beyond it. */
static bool in_word(char c)
{
    return plain_letter(c) != '\0' || ((unsigned char)c & 0x80) != 0;
}

/* ---- words ---- */

enum how { WHOLE = 0, BEGINS, HOLDS };

struct word {
    const char *text;
    enum how how;
    unsigned least; /* digits of its number; 0: no number that is meant follows */
};

/* The first that fits counts. */
static const struct word words[] = {
    {"accountin", HOLDS, 0},
    {"accountan", HOLDS, 0},
    {"accountab", HOLDS, 0},
    {"kontor", WHOLE, 0},
    {"accountservicer", HOLDS, 0},
    {"acctsvcr", BEGINS, 0},
    {"account", HOLDS, 7},
    {"acct", BEGINS, 7},
    {"acc", WHOLE, 7},
    {"accno", WHOLE, 7},
    {"ac", WHOLE, 8},
    {"acnt", WHOLE, 7},
    {"konto", HOLDS, 7},
    {"konta", WHOLE, 7},
    {"kto", BEGINS, 7},
    {"rachun", BEGINS, 7},
    {"dda", WHOLE, 7},
    {"depotn", BEGINS, 7},
    {"bankgiro", WHOLE, 7},
    {"plusgiro", WHOLE, 7},
    {"postgiro", WHOLE, 7},
    {"compte", WHOLE, 7},
    {"comptes", WHOLE, 7},
    {"cuenta", HOLDS, 7},
    {"cta", WHOLE, 7},
    {"conto", WHOLE, 7},
    {"conta", WHOLE, 7},
    {"rekeningn", BEGINS, 7},
    {"bankrekening", BEGINS, 7},
    {"iban", HOLDS, 7},
    {"rib", WHOLE, 10},
    {"clabe", BEGINS, 10},
    {"nuban", WHOLE, 10},
    {"routing", BEGINS, 8},
    {"aba", WHOLE, 8},
    {"rtn", WHOLE, 8},
    {"transit", WHOLE, 8},
    {"bankleitzahl", WHOLE, 8},
    {"blz", WHOLE, 8},
    {"bsb", WHOLE, 6},
    {"sortcode", WHOLE, 6},
    {"ifsc", BEGINS, 6},
    {"pan", WHOLE, 12},
    {"card", WHOLE, 12},
    {"cards", WHOLE, 12},
    {"cardno", WHOLE, 12},
    {"cardnumber", WHOLE, 12},
    {"creditcard", BEGINS, 12},
    {"debitcard", BEGINS, 12},
    {"kreditkarte", BEGINS, 12},
    {"kartennummer", WHOLE, 12},
    {"tarjeta", WHOLE, 12},
};

/* Behind such a word stands another number than the account's. */
static const char *const others[] = {
    "amount",       "amounts",    "balance",    "balances", "betrag",   "bill",    "closed",
    "closing",      "date",       "dated",      "datum",    "document", "due",     "entries",
    "entry",        "factura",    "facture",    "fecha",    "gl",       "importe", "inv",
    "invoice",      "invoices",   "items",      "ledger",   "lines",    "matches", "month",
    "montant",      "opened",     "opening",    "order",    "paid",     "payable", "period",
    "po",           "receivable", "rechnung",   "runs",     "saldo",    "since",   "solde",
    "servicer",     "statement",  "statements", "sum",      "summe",    "total",   "transaction",
    "transactions", "year",
};

/* The word at `at` in lower case, without the marks of its letters (RFC 3629's two bytes of
 * U+00C0 to U+00FF); its end. A longer one is cut. */
static size_t word_read(const struct plain *p, size_t at, char word[WORD_MAX + 1])
{
    static const char bare[] = "aaaaaaaceeeeiiiidnooooo*ouuuuypsaaaaaaaceeeeiiiidnooooo*ouuuuypy";
    size_t n = 0;
    for (; in_word(p->at[at]); at++) {
        const unsigned char c = (unsigned char)p->at[at], next = (unsigned char)p->at[at + 1];
        char as = plain_letter(p->at[at]);
        if (c == 0xc3 && (next & 0xc0) == 0x80) {
            as = bare[next & 0x3f];
            at++;
        }
        if (n < WORD_MAX)
            word[n++] = as == '\0' ? '*' : as;
    }
    word[n] = '\0';
    return at;
}

static const struct word *word_find(const char *text)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const struct word *w = &words[i];
        const char *at =
            w->how == WHOLE && strcmp(text, w->text) != 0 ? NULL : strstr(text, w->text);
        if (at != NULL && (w->how != BEGINS || at == text))
            return w;
    }
    return NULL;
}

unsigned find_word(const char *text)
{
    const struct word *w = word_find(text);
    return w == NULL ? 0 : w->least;
}

bool find_other(const char *text)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(text, others[i]) == 0)
            return true;
    }
    return false;
}

static bool goes_on(const char *text)
{
    static const char *const list[] = {"and", "or", "und", "oder", "et", "ou", "y", "e", "to"};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (strcmp(text, list[i]) == 0)
            return true;
    }
    return false;
}

/* ---- numbers ---- */

static bool is_mark(char c)
{
    return c == ',' || c == '.' || c == '\'' || c == ' ';
}

/* 1234567.89, 1,234,567.89, 1.234.567,89, 1 234 567,89, 1,234,567 */
static bool is_amount(const struct plain *p, size_t at)
{
    size_t n = plain_digits(p, at), thousands = 0;
    const char mark = p->at[at + n];
    at += n;
    if (n <= 3 && is_mark(mark)) {
        for (; p->at[at] == mark && plain_digits(p, at + 1) == 3; at += 4)
            thousands++;
    }
    const char point = p->at[at];
    if ((point == '.' || point == ',') && (thousands == 0 || point != mark) &&
        plain_digits(p, at + 1) == 2 && plain_alnum(p->at[at + 3]) == false)
        return strchr("-./", p->at[at + 3]) == NULL || p->at[at + 3] == '\0' ||
               !plain_digit(p->at[at + 4]);
    return thousands > 0 && mark == ',' && !plain_digit(point);
}

static bool parts(char c)
{
    return c == ' ' || c == '\t' || c == '-' || c == '.' || c == '/' || c == '\\' || c == '_';
}

/* Where the number goes on behind `at`, its last group having `group` digits; 0 when it does not.
 */
static size_t next_group(const struct plain *p, size_t at, size_t group)
{
    bool space = false;
    for (size_t i = 0; i < 3 && parts(p->at[at]); i++, at++)
        space |= p->at[at] == ' ' || p->at[at] == '\t';
    if (!plain_digit(p->at[at]) || (space && group >= LONG_GROUP))
        return 0;
    return space && (plain_date(p, at) || is_amount(p, at)) ? 0 : at;
}

static bool is_hex(const struct plain *p, size_t at, size_t n)
{
    size_t hex = 0;
    while (hex < n && (plain_digit(p->at[at + hex]) || (plain_letter(p->at[at + hex]) >= 'a' &&
                                                        plain_letter(p->at[at + hex]) <= 'f')))
        hex++;
    return hex == n;
}

/* 8-4-4-4-12 */
static bool is_uuid(const struct plain *p, size_t at)
{
    static const size_t groups[] = {8, 4, 4, 4, 12};
    for (size_t i = 0; i < 5; i++) {
        if (!is_hex(p, at, groups[i]) || (i < 4 && p->at[at + groups[i]] != '-'))
            return false;
        at += groups[i] + 1;
    }
    return !plain_alnum(p->at[at - 1]);
}

/* Made by programs, not by a bank: 26 characters of Crockford's base 32 behind "exc_", hex of a
 * digest or of a UUID. Letters and digits mixed over their length. */
static bool is_id(const struct plain *p, size_t at, size_t len)
{
    return len >= 40 || (len == 26 && at > 0 && p->at[at - 1] == '_') ||
           (len == 32 && is_hex(p, at, len));
}

/* A word with digits in it: an IFSC, an IBAN with a wrong digit, an account with a letter. */
static size_t mixed_end(const struct plain *p, size_t at, unsigned least)
{
    size_t len = 0, digits = 0;
    for (; plain_alnum(p->at[at + len]); len++)
        digits += plain_digit(p->at[at + len]);
    return digits >= least && digits * 2 >= len && !is_id(p, at, len) ? at + len : 0;
}

/* "1010 1020", "1000-1999": accounts of a ledger, round ones of four digits. */
static bool is_chart(const struct plain *p, size_t at, size_t end)
{
    const bool range = end == at + 9 && p->at[at + 4] == '-' && p->at[end - 1] == '9' &&
                       p->at[end - 2] == '9' && p->at[at + 3] == '0';
    if (range)
        return p->at[at] != '0' && plain_digits(p, at) == 4 && plain_digits(p, at + 5) == 4;
    size_t groups = 0;
    for (; at < end; groups++) {
        const size_t n = plain_digits(p, at);
        if (n != 4 || p->at[at] == '0' || p->at[at + 3] != '0')
            return false;
        at += n;
        while (at < end && !plain_digit(p->at[at]))
            at++;
    }
    return groups > 1;
}

/* The end of the number that begins at `at`, when it has `least` digits; 0 otherwise. */
static size_t number_end(const struct plain *p, size_t at, unsigned least)
{
    const size_t mixed =
        plain_letter(p->at[at + plain_digits(p, at)]) == '\0' ? 0 : mixed_end(p, at, least);
    if (mixed > 0 || plain_date(p, at) || is_amount(p, at))
        return mixed;
    size_t digits = 0, end = at, next = at;
    do {
        const size_t group = plain_digits(p, next);
        digits += group;
        end = next + group;
        next = digits > NUMBER_MAX ? 0 : next_group(p, end, group);
    } while (next > 0);
    return digits >= least && !is_chart(p, at, end) ? end : 0;
}

/* ---- what stands between ---- */

static bool between(char c)
{
    return c != '\0' && strchr(" \t\n:;#=()[]{}<>\"'`*,.-_/\\|+&?", c) != NULL;
}

/* Passes over a word without digits that may stand there: few before the first number, a list's
 * before the next ones. */
static bool leads_on(const struct plain *p, size_t *at, bool listed, size_t *seen)
{
    char word[WORD_MAX + 1];
    if (!in_word(p->at[*at]))
        return false;
    const size_t behind = word_read(p, *at, word);
    if (plain_digit(p->at[behind]) || find_other(word) || (listed && !goes_on(word)))
        return false;
    *at = behind;
    return ++*seen <= WORDS_MAX;
}

/* From behind the word on: each number that is meant, until something else is. */
static void follow(const struct plain *p, size_t at, unsigned least, struct spans *found)
{
    bool listed = false;
    for (size_t from = at, seen = 0; at < p->n && at - from <= BETWEEN_MAX;) {
        if (between(p->at[at])) {
            at++;
            continue;
        }
        if (leads_on(p, &at, listed, &seen))
            continue;
        if (is_uuid(p, at))
            return;
        const size_t end =
            plain_digit(p->at[at]) ? number_end(p, at, least) : mixed_end(p, at, least);
        if (end == 0)
            return;
        spans_add(found, at, end);
        listed = true;
        seen = 0;
        from = at = end;
    }
}

/* "a/c" and "sort code" are words of two; *end is moved behind. */
static const struct word *word_at(const struct plain *p, size_t at, size_t *end)
{
    char word[WORD_MAX + 1], second[WORD_MAX + 1];
    *end = word_read(p, at, word);
    const char apart = p->at[*end];
    if (apart != '\0' && in_word(p->at[*end + 1])) {
        const size_t behind = word_read(p, *end + 1, second);
        if ((strcmp(word, "a") == 0 && apart == '/' && strcmp(second, "c") == 0) ||
            (strcmp(word, "sort") == 0 && strcmp(second, "code") == 0)) {
            *end = behind;
            return word_find(word[0] == 'a' ? "acc" : "sortcode");
        }
    }
    return word_find(word);
}

void find_worded(const struct plain *p, struct spans *found)
{
    for (size_t i = 0; i < p->n; i++) {
        if (!in_word(p->at[i]))
            continue;
        size_t end;
        const struct word *w = word_at(p, i, &end);
        /* a short one behind a digit is the inside of an id */
        if (w != NULL && w->least > 0 && (i == 0 || end - i > 4 || !plain_digit(p->at[i - 1])))
            follow(p, end, w->least, found);
        i = end - 1;
    }
}

void find_named(const struct plain *p, unsigned least, struct spans *found)
{
    if (least > 0)
        follow(p, 0, least, found);
}
