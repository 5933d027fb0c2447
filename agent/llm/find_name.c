/* The names of members: "account_number", "payeeIban", "Routing No.". Our own `account` names an
 * account of the ledger, which is nobody's secret. */
#include "agent/llm/find.h"

#include <string.h>

#define NAME_BYTES 64
#define DIGITS     4 /* of what is masked whatever it looks like; with fewer it is a word */
#define BANK       7 /* of a bank's account, which may be named by its ledger account */

/* Letters and digits of a name in lower case, and where its words begin. */
struct name {
    char text[NAME_BYTES + 1];
    bool begins[NAME_BYTES + 1];
    size_t n;
};

/* Anywhere in a name without its signs. */
static const char *const numbers[] = {
    "iban",           "accountnum",   "accountnr",      "acctnum",      "acctnr",
    "kontonummer",    "kontonr",      "routingn",       "abarouting",   "cardnum",
    "kartennummer",   "clabe",        "sortcode",       "nuban",        "bankleitzahl",
    "numerodecuenta", "numerocuenta", "numerodecompte", "numerocompte", "creditcard",
    "debitcard",
};
/* At its end only, or as a word of it. */
static const char *const ends[] = {"accountno", "acctno", "cardno", "routing"};
static const char *const whole[] = {"pan", "aba", "rtn", "bsb", "blz", "ifsc", "rib"};
static const char *const banks[] = {"bankaccount", "bankacct", "bankkonto"};
/* Of a name's last word: it tells something about the number, and is none. */
static const char *const about[] = {
    "at",   "on",     "date", "id",    "state", "status",  "type",
    "name", "sha256", "hash", "count", "kind",  "country", "currency",
};
/* What the book calls the accounts of its ledger. */
static const char *const ledgers[] = {
    "account",           "accounts",     "accountid",           "accountname",
    "bankaccountid",     "glaccount",    "differenceaccount",   "glaccounts",
    "ledgeraccount",     "reconaccount", "cashaccount",         "contraaccount",
    "reconciledaccount", "feeaccount",   "alwayshumanaccounts", "accountprefix",
    "accounttype",
};

static void name_read(struct name *out, struct str name)
{
    bool begins = true, lower = false;
    *out = (struct name){.n = 0};
    for (size_t i = 0; i < name.len && out->n < NAME_BYTES; i++) {
        const char c = name.at[i], letter = plain_letter(c);
        if (!plain_alnum(c)) {
            begins = true;
            continue;
        }
        out->begins[out->n] = begins || (lower && letter != '\0' && c != letter);
        out->text[out->n++] = letter == '\0' ? c : letter;
        lower = letter == c;
        begins = false;
    }
    out->begins[out->n] = true;
}

static bool is_in(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text, list[i]) == 0)
            return true;
    }
    return false;
}

#define IS_IN(text, list) is_in((text), (list), sizeof(list) / sizeof((list)[0]))

static bool holds_number(const struct name *name)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strstr(name->text, numbers[i]) != NULL)
            return true;
    }
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const size_t n = strlen(ends[i]);
        if (name->n >= n && strcmp(name->text + name->n - n, ends[i]) == 0)
            return true;
    }
    return false;
}

/* Whether a word of the name is a number's; *least becomes that of the last word that announces
 * one; *of, whether the last word is about it only. */
static bool word_says(const struct name *name, unsigned *least, bool *of)
{
    char word[NAME_BYTES + 1];
    bool says_so = false;
    for (size_t i = 0, end; i < name->n; i = end) {
        for (end = i + 1; !name->begins[end]; end++)
            continue;
        memcpy(word, name->text + i, end - i);
        word[end - i] = '\0';
        says_so |= IS_IN(word, whole);
        *of = IS_IN(word, about);
        const unsigned says = find_word(word);
        *least = says > 0 ? says : *least;
    }
    return says_so;
}

struct named find_name(struct str text)
{
    struct name name;
    struct named said = {.all = false, .least = 0};
    name_read(&name, text);
    if (name.n == 0 || IS_IN(name.text, ledgers) || strncmp(name.text, "glaccount", 9) == 0)
        return said;
    if (IS_IN(name.text, banks))
        return (struct named){.all = true, .least = BANK};
    bool of = false;
    const bool all = word_says(&name, &said.least, &of) || holds_number(&name);
    if (of)
        return (struct named){.all = false, .least = 0};
    return all ? (struct named){.all = true, .least = DIGITS} : said;
}
