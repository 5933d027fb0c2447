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
    "on", "state", "status", "type", "name", "count", "kind", "country", "currency",
};
/* The same, and what it holds is for programs: "bank-account-us:OP-2026-0042" */
static const char *const ids[] = {
    "id", "ids", "at", "date", "cursor", "digest", "sha256", "hash",
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

/* What the words say: .all when one is a number's, .least of the last that announces one; nothing
 * of both when the last word is only about it. */
static struct named words_say(const struct name *name)
{
    char word[NAME_BYTES + 1] = "";
    struct named said = {.all = false};
    for (size_t i = 0, end; i < name->n; i = end) {
        for (end = i + 1; !name->begins[end]; end++)
            continue;
        memcpy(word, name->text + i, end - i);
        word[end - i] = '\0';
        const unsigned least = find_word(word);
        said.all |= IS_IN(word, whole);
        said.least = least > 0 ? least : find_other(word) ? 0 : said.least;
    }
    said.all |= holds_number(name);
    if (IS_IN(word, ids) || IS_IN(word, about))
        said = (struct named){.id = IS_IN(word, ids)};
    return said;
}

struct named find_name(struct str text)
{
    struct name name;
    name_read(&name, text);
    const struct named said = words_say(&name);
    if (name.n == 0 || IS_IN(name.text, ledgers) || strncmp(name.text, "glaccount", 9) == 0)
        return (struct named){.id = said.id};
    if (IS_IN(name.text, banks))
        return (struct named){.all = true, .least = BANK};
    return said.all ? (struct named){.all = true, .least = DIGITS} : said;
}
