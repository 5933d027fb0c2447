/* Each country's account part as letters and counts: n digits, a letters, c either (the IBAN
 * registry, and the countries that use the form without being in it). */
#include "agent/llm/find.h"

#include <string.h>

#define IBAN_MAX  34
#define LETTERS   4 /* country and check digits */
#define APART_MAX 3 /* what may stand between two of its characters */

struct country {
    char code[3];
    const char *part;
};

/* In the code's order. */
static const struct country countries[] = {
    {"AD", "n8c12"},    {"AE", "n19"},      {"AL", "n8c16"}, {"AO", "n21"},      {"AT", "n16"},
    {"AZ", "a4c20"},    {"BA", "n16"},      {"BE", "n12"},   {"BF", "c2n22"},    {"BG", "a4n6c8"},
    {"BH", "a4c14"},    {"BI", "n23"},      {"BJ", "c2n22"}, {"BR", "n23a1c1"},  {"BY", "c4n4c16"},
    {"CF", "n23"},      {"CG", "n23"},      {"CH", "n5c12"}, {"CI", "c2n22"},    {"CM", "n23"},
    {"CR", "n18"},      {"CV", "n21"},      {"CY", "n8c16"}, {"CZ", "n20"},      {"DE", "n18"},
    {"DJ", "n23"},      {"DK", "n14"},      {"DO", "c4n20"}, {"DZ", "n22"},      {"EE", "n16"},
    {"EG", "n25"},      {"ES", "n20"},      {"FI", "n14"},   {"FK", "a2n12"},    {"FO", "n14"},
    {"FR", "n10c11n2"}, {"GA", "n23"},      {"GB", "a4n14"}, {"GE", "a2n16"},    {"GI", "a4c15"},
    {"GL", "n14"},      {"GQ", "n23"},      {"GR", "n7c16"}, {"GT", "c24"},      {"GW", "c2n19"},
    {"HN", "a4n20"},    {"HR", "n17"},      {"HU", "n24"},   {"IE", "a4n14"},    {"IL", "n19"},
    {"IQ", "a4n15"},    {"IR", "n22"},      {"IS", "n22"},   {"IT", "a1n10c12"}, {"JO", "a4n4c18"},
    {"KM", "n23"},      {"KW", "a4c22"},    {"KZ", "n3c13"}, {"LB", "n4c20"},    {"LC", "a4c24"},
    {"LI", "n5c12"},    {"LT", "n16"},      {"LU", "n3c13"}, {"LV", "a4c13"},    {"LY", "n21"},
    {"MA", "n24"},      {"MC", "n10c11n2"}, {"MD", "c20"},   {"ME", "n18"},      {"MG", "n23"},
    {"MK", "n3c10n2"},  {"ML", "c2n22"},    {"MN", "n16"},   {"MR", "n23"},      {"MT", "a4n5c18"},
    {"MU", "a4n19a3"},  {"MZ", "n21"},      {"NE", "c2n22"}, {"NI", "a4n20"},    {"NL", "a4n10"},
    {"NO", "n11"},      {"OM", "n3c16"},    {"PK", "a4c16"}, {"PL", "n24"},      {"PS", "a4c21"},
    {"PT", "n21"},      {"QA", "a4c21"},    {"RO", "a4c16"}, {"RS", "n18"},      {"RU", "n14c15"},
    {"SA", "n2c18"},    {"SC", "a4n20a3"},  {"SD", "n14"},   {"SE", "n20"},      {"SI", "n15"},
    {"SK", "n20"},      {"SM", "a1n10c12"}, {"SN", "c2n22"}, {"SO", "n19"},      {"ST", "n21"},
    {"SV", "a4n20"},    {"TD", "n23"},      {"TG", "c2n22"}, {"TL", "n19"},      {"TN", "n20"},
    {"TR", "n6c16"},    {"UA", "n6c19"},    {"VA", "n18"},   {"VG", "a4n16"},    {"XK", "n16"},
    {"YE", "a4n4c18"},
};

/* The kinds of each character of a country's account part; 0 when there is no such country. */
static size_t shape_of(const char code[2], char shape[IBAN_MAX])
{
    for (size_t i = 0; i < sizeof countries / sizeof countries[0]; i++) {
        if (memcmp(countries[i].code, code, 2) != 0)
            continue;
        size_t n = 0;
        for (const char *at = countries[i].part; *at != '\0';) {
            char kind = *at++;
            size_t count = 0;
            while (plain_digit(*at))
                count = count * 10 + (size_t)(*at++ - '0');
            memset(shape + n, kind, count);
            n += count;
        }
        return n;
    }
    return 0;
}

static bool fits(char c, char kind)
{
    return kind == 'n' ? plain_digit(c) : kind == 'a' ? !plain_digit(c) : true;
}

/* ISO 7064 MOD 97-10 over the text with its first four characters moved to the end. */
static bool check_holds(const char *iban, size_t n)
{
    unsigned rest = 0;
    for (size_t i = 0; i < n; i++) {
        char c = iban[(i + LETTERS) % n];
        unsigned value = plain_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10;
        rest = (rest * (value < 10 ? 10 : 100) + value) % 97;
    }
    return rest == 1;
}

static bool apart(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '-' || c == '.' || c == '/' || c == '_';
}

/* The next letter or digit from `at` on, in upper case, and where it stands; 0 when something else
 * comes first. */
static char next_of(const struct plain *p, size_t *at)
{
    for (size_t i = 0; i <= APART_MAX && *at < p->n; i++, (*at)++) {
        char c = p->at[*at];
        if (plain_alnum(c))
            return plain_digit(c) ? c : (char)(plain_letter(c) - ('a' - 'A'));
        if (!apart(c))
            break;
    }
    return '\0';
}

/* Whether what stands before, unparted, is letters at most: not the middle of an id or a digest. */
static bool begins_word(const struct plain *p, size_t at)
{
    for (size_t back = 0; at > 0 && back < IBAN_MAX && plain_alnum(p->at[at - 1]); back++, at--) {
        if (plain_seam(p, at))
            return true;
        if (plain_digit(p->at[at - 1]))
            return false;
    }
    return true;
}

/* The end of the IBAN that begins at `at`; 0 when none does. */
static size_t iban_end(const struct plain *p, size_t at)
{
    char iban[LETTERS + IBAN_MAX], shape[LETTERS + IBAN_MAX];
    size_t n = LETTERS, first = at;
    memcpy(shape, "aann", LETTERS);
    for (size_t i = 0; i < n; i++, at++) {
        iban[i] = next_of(p, &at);
        if (iban[i] == '\0' || !fits(iban[i], shape[i]))
            return 0;
        if (i == 1) {
            size_t more = shape_of(iban, shape + LETTERS);
            if (more == 0)
                return 0;
            n = LETTERS + more;
        }
    }
    if (!check_holds(iban, n))
        return 0;
    bool digits = memchr(shape + LETTERS, 'c', n - LETTERS) == NULL &&
                  memchr(shape + LETTERS, 'a', n - LETTERS) == NULL;
    return digits || begins_word(p, first) ? at : 0;
}

void find_ibans(const struct plain *p, struct spans *found)
{
    for (size_t i = 0; i < p->n; i++) {
        size_t end = plain_letter(p->at[i]) == '\0' ? 0 : iban_end(p, i);
        if (end > 0)
            spans_add(found, i, end);
    }
}
