/* Groups of digits that stand together: every run of them that could be a card's number is tried,
 * so what stands before or behind does not hide it. */
#include "agent/llm/find.h"

#define DIGITS_MIN 13
#define DIGITS_MAX 19
#define APART_MAX  3
#define GROUPS_MAX DIGITS_MAX

struct group {
    size_t first, end;
    char apart; /* what stands behind it, before the next */
};

/* Groups from one on, with their digits in a row. */
struct number {
    struct group groups[GROUPS_MAX];
    size_t n;
    char digits[DIGITS_MAX];
    size_t len;
};

static bool apart(char c)
{
    return c == ' ' || c == '\t' || c == '-' || c == '.' || c == '/' || c == '\\' || c == '_' ||
           c == '|';
}

/* Of the issuer's number, 10 x first + second digit; which are in use, and with what lengths. */
static bool issued(const struct number *k)
{
    const char *d = k->digits;
    const int two = (d[0] - '0') * 10 + d[1] - '0';
    const int four = two * 100 + (d[2] - '0') * 10 + d[3] - '0';
    switch (d[0]) {
    case '2':
        return k->len >= 16 && ((four >= 2200 && four <= 2205) || (four >= 2221 && four <= 2720));
    case '3':
        if (two == 34 || two == 37)
            return k->len == 15;
        return two == 35 ? k->len >= 16 : k->len >= 14 && (two == 30 || two == 36 || two >= 38);
    case '4':
        return k->len == 13 || k->len == 16 || k->len >= 18;
    case '5':
        return k->len == 16 || two == 50 || two >= 56;
    case '6':
        return true;
    case '8':
        return k->len >= 16 && (two == 81 || two == 82 || two == 86);
    case '9':
        return k->len == 16 && (four == 9792 || four == 9860);
    default:
        return false;
    }
}

static bool luhn(const struct number *k)
{
    unsigned sum = 0;
    for (size_t i = 0; i < k->len; i++) {
        unsigned digit = (unsigned)(k->digits[k->len - 1 - i] - '0');
        unsigned twice = digit * 2;
        sum += i % 2 == 0 ? digit : twice > 9 ? twice - 9 : twice;
    }
    return sum % 10 == 0;
}

static size_t width(const struct group *g)
{
    return g->end - g->first;
}

/* "583.3333333333", "41234567890.12", "41 234 567 890.12", "41.234.567.890": an amount has one part
 * behind its point, and thousands before it. */
static bool is_amount(const struct number *k)
{
    if (k->n == 2 && k->groups[0].apart == '.' && width(&k->groups[0]) <= 3)
        return true;
    if (k->n < 2 || width(&k->groups[k->n - 1]) > 3)
        return false;
    if (k->n == 2)
        return k->groups[0].apart == '.' && width(&k->groups[0]) > 4;
    if (k->len > 14 || width(&k->groups[0]) > 3)
        return false;
    for (size_t i = 1; i + 1 < k->n; i++) {
        if (width(&k->groups[i]) != 3 || (i + 2 < k->n && k->groups[i].apart != k->groups[0].apart))
            return false;
    }
    return width(&k->groups[k->n - 1]) == 3 || k->groups[k->n - 2].apart == '.';
}

/* "4000 4100 5000 5100": accounts of a ledger, each a round one. */
static bool is_chart(const struct plain *p, const struct number *k)
{
    for (size_t i = 0; i < k->n; i++) {
        const char *at = p->at + k->groups[i].first;
        if (width(&k->groups[i]) != 4 || at[0] == '0' || at[3] != '0')
            return false;
    }
    return k->n > 1;
}

/* The first digit of the next group, or 0 when none follows closely. */
static size_t next_group(const struct plain *p, size_t at)
{
    for (size_t i = 0; i <= APART_MAX && at < p->n; i++, at++) {
        if (plain_digit(p->at[at]))
            return plain_date(p, at) > 0 ? 0 : at;
        if (!apart(p->at[at]))
            return 0;
    }
    return 0;
}

/* Adds the group that begins at `at`; false when it is too long. */
static bool group_add(const struct plain *p, struct number *k, size_t at)
{
    struct group *g = &k->groups[k->n++];
    *g = (struct group){.first = at, .end = at};
    for (; plain_digit(p->at[g->end]) && (g->end == at || !plain_seam(p, g->end)); g->end++) {
        if (k->len == DIGITS_MAX)
            return false;
        k->digits[k->len++] = p->at[g->end];
    }
    g->apart = p->at[g->end];
    return true;
}

/* Letters may follow without a gap ("…1111USD"), letters and digits mixed may not. */
static bool ends_word(const struct plain *p, size_t at)
{
    while (plain_letter(p->at[at]) != '\0' && !plain_seam(p, at))
        at++;
    return !plain_digit(p->at[at]) || plain_seam(p, at);
}

static void try_from(const struct plain *p, size_t first, struct spans *found)
{
    struct number k = {.n = 0};
    for (size_t at = first; k.n < GROUPS_MAX && group_add(p, &k, at);) {
        const size_t end = k.groups[k.n - 1].end;
        if (k.len >= DIGITS_MIN && issued(&k) && luhn(&k) && ends_word(p, end) && !is_amount(&k) &&
            !is_chart(p, &k))
            spans_add(found, first, end);
        if (plain_letter(p->at[end]) != '\0' || (at = next_group(p, end)) == 0)
            return;
    }
}

void find_cards(const struct plain *p, struct spans *found)
{
    bool mixed = false; /* this word has had digits, and letters behind them */
    for (size_t i = 0; i < p->n; i++) {
        const bool digit = plain_digit(p->at[i]), apart = i == 0 || plain_seam(p, i);
        if (apart || !plain_alnum(p->at[i - 1]))
            mixed = false;
        const bool was_mixed = mixed;
        mixed |= digit;
        if (!digit || was_mixed || (!apart && plain_digit(p->at[i - 1])))
            continue;
        const size_t day = plain_date(p, i);
        if (day == 0)
            try_from(p, i, found);
        else
            i += day - 1;
    }
}
