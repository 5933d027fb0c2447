/* Amount text, first cut down to its digits and marks, then checked mark by mark, and only then
 * handed to money_parse as plain decimal text. */
#include "engine/ingest/amount.h"

#include <string.h>

#define AMOUNT_MAX 48 /* characters of one amount */

/* The amount on its way: `rest` shrinks from both ends. */
struct reading {
    const struct mapping *m;
    struct str rest;
    bool negative, signed_, symbol;
};

static const char minus_sign[] = "\xE2\x88\x92"; /* U+2212 */
static const char *const blanks[] = {" ",
                                     "\t",
                                     "\xC2\xA0",     /* no-break space */
                                     "\xE2\x80\x89", /* thin space */
                                     "\xE2\x80\xAF",
                                     NULL}; /* narrow no-break space */
static const char *const apostrophes[] = {"'", "\xE2\x80\x99", NULL};

static bool take_front(struct str *s, const char *what)
{
    size_t n = strlen(what);
    if (s->len < n || memcmp(s->at, what, n) != 0)
        return false;
    s->at += n;
    s->len -= n;
    return true;
}

static bool take_back(struct str *s, const char *what)
{
    size_t n = strlen(what);
    if (s->len < n || memcmp(s->at + s->len - n, what, n) != 0)
        return false;
    s->len -= n;
    return true;
}

static bool take_any(struct str *s, const char *const *what,
                     bool (*take)(struct str *, const char *))
{
    for (size_t i = 0; what[i] != NULL; i++) {
        if (take(s, what[i]))
            return true;
    }
    return false;
}

static void trim(struct str *s)
{
    while (take_any(s, blanks, take_front)) {
    }
    while (take_any(s, blanks, take_back)) {
    }
}

/* A second sign stays where it is and is found to be no digit. */
static bool take_sign(struct reading *r)
{
    if (r->signed_)
        return false;
    bool minus = take_front(&r->rest, "-") || take_front(&r->rest, minus_sign);
    bool plus = !minus && take_front(&r->rest, "+");
    r->signed_ = minus || plus;
    r->negative = r->negative || minus;
    return r->signed_;
}

static bool take_symbol(struct reading *r, bool (*take)(struct str *, const char *))
{
    if (r->symbol || r->m->symbol == NULL || !take(&r->rest, r->m->symbol))
        return false;
    r->symbol = true;
    return true;
}

static bool take_parentheses(struct reading *r)
{
    if (!r->m->parentheses_negative || r->signed_ || r->rest.len < 3 || r->rest.at[0] != '(' ||
        r->rest.at[r->rest.len - 1] != ')')
        return false;
    r->rest.at++;
    r->rest.len -= 2;
    r->negative = r->signed_ = true;
    return true;
}

static bool take_trailing_minus(struct reading *r)
{
    if (!r->m->trailing_minus || r->signed_ || !take_back(&r->rest, "-"))
        return false;
    r->negative = r->signed_ = true;
    return true;
}

/* Whatever stands around the digits: each kind once, blanks between them. */
static void unwrap(struct reading *r)
{
    do {
        trim(&r->rest);
    } while (take_parentheses(r) || take_sign(r) || take_symbol(r, take_front) ||
             take_trailing_minus(r) || take_symbol(r, take_back));
}

static bool take_thousands(const struct mapping *m, struct str *s)
{
    if (m->thousands[0] == ' ')
        return take_any(s, blanks, take_front);
    if (m->thousands[0] == '\'')
        return take_any(s, apostrophes, take_front);
    return m->thousands[0] != '\0' && take_front(s, m->thousands);
}

/* Digits as they are, 'D' for the decimal mark, 'T' for a thousands mark; false for anything else.
 */
static bool marks(const struct mapping *m, struct str s, char out[AMOUNT_MAX])
{
    size_t n = 0;
    while (s.len > 0 && n + 1 < AMOUNT_MAX) {
        if (s.at[0] >= '0' && s.at[0] <= '9') {
            out[n++] = s.at[0];
            s.at++, s.len--;
        } else if (take_front(&s, m->decimal)) {
            out[n++] = 'D';
        } else if (take_thousands(m, &s)) {
            out[n++] = 'T';
        } else {
            return false;
        }
    }
    out[n] = '\0';
    return s.len == 0 && n > 0;
}

/* Every group of the whole part: 1 to 3 digits, then threes; in India twos, and three at the end.
 */
static bool groups_fine(const struct mapping *m, const char *whole, size_t n)
{
    size_t inner = m->grouping == GROUPING_INDIAN ? 2 : 3, group = 0, groups = 0;
    for (size_t i = n; i > 0; i--) {
        if (whole[i - 1] != 'T') {
            group++;
            continue;
        }
        if (group != (groups == 0 ? 3 : inner))
            return false;
        groups++;
        group = 0;
    }
    return groups == 0 || (group >= 1 && group <= inner);
}

static const char *not_an_amount(struct arena *arena, const struct mapping *m)
{
    const char *text = arena_fmt(arena, "is not an amount with decimal %s%s%s%s",
                                 m->decimal[0] == ',' ? "comma" : "point",
                                 m->thousands[0] == '\0' ? "" : " and thousands separator \"",
                                 m->thousands, m->thousands[0] == '\0' ? "" : "\"");
    return text == NULL ? "is not an amount" : text;
}

/* The marks as the plain text that money_parse reads. */
static const char *plain(const struct reading *r, const char *text, size_t whole,
                         char out[AMOUNT_MAX + 4])
{
    size_t n = 0;
    if (r->negative)
        out[n++] = '-';
    if (whole == 0)
        out[n++] = '0'; /* .50 */
    for (const char *p = text; *p != '\0'; p++) {
        if (*p != 'T')
            out[n++] = *p == 'D' ? '.' : *p;
    }
    out[n] = '\0';
    return out;
}

static bool convert(struct arena *arena, const struct reading *r, const char *text,
                    const char *currency, struct money *amount, const char **complaint)
{
    char buffer[AMOUNT_MAX + 4];
    const char *decimal = strchr(text, 'D');
    size_t whole = decimal == NULL ? strlen(text) : (size_t)(decimal - text);
    size_t fraction = decimal == NULL ? 0 : strlen(decimal + 1);
    int units = 0;
    if (currency_minor_units(currency, &units).kind != ERR_NONE) {
        *complaint = "is in no currency of ISO 4217";
        return false;
    }
    if (fraction > (size_t)units) {
        const char *said =
            arena_fmt(arena, "has %zu digits behind the decimal %s, %s has %d", fraction,
                      r->m->decimal[0] == ',' ? "comma" : "point", currency, units);
        *complaint = said == NULL ? "has too many digits" : said;
        return false;
    }
    struct err e = money_parse(plain(r, text, whole, buffer), currency, amount);
    if (e.kind == ERR_NONE)
        return true;
    *complaint = e.kind == ERR_LIMIT ? "is too large" : not_an_amount(arena, r->m);
    return false;
}

bool amount_read(struct arena *arena, const struct mapping *mapping, struct str text,
                 const char *currency, struct money *amount, const char **complaint)
{
    struct reading r = {.m = mapping, .rest = text};
    char seen[AMOUNT_MAX];
    unwrap(&r);
    bool read = marks(mapping, r.rest, seen);
    const char *decimal = read ? strchr(seen, 'D') : NULL;
    if (!read || (decimal != NULL && (decimal[1] == '\0' || strpbrk(decimal + 1, "DT") != NULL))) {
        *complaint = not_an_amount(arena, mapping);
        return false;
    }
    if (!groups_fine(mapping, seen, decimal == NULL ? strlen(seen) : (size_t)(decimal - seen))) {
        *complaint = "has thousands separators in the wrong places";
        return false;
    }
    return convert(arena, &r, seen, currency, amount, complaint);
}
