/* Declared date formats: the format is cut into pieces, and each piece takes its share of the text.
 */
#include "common/base/date_format.h"

#include <stddef.h>
#include <string.h>

#include "common/base/invariant.h"

enum part { LITERAL, YEAR, MONTH, DAY, PARTS };

static const struct piece {
    const char *token;
    enum part part;
    int digits_min, digits_max; /* 0: a month's name */
} pieces[] = {
    {"YYYY", YEAR, 4, 4}, {"YY", YEAR, 2, 2}, {"MMM", MONTH, 0, 0}, {"MM", MONTH, 2, 2},
    {"DD", DAY, 2, 2},    {"M", MONTH, 1, 2}, {"D", DAY, 1, 2},
};

static const struct piece literal = {.part = LITERAL};

/* The longest piece at *format, which moves past it; NULL when none fits. */
static const struct piece *piece_next(const char **format)
{
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        size_t len = strlen(pieces[i].token);
        if (strncmp(*format, pieces[i].token, len) == 0) {
            *format += len;
            return &pieces[i];
        }
    }
    if (**format == '\0' || strchr("-/., ", **format) == NULL)
        return NULL;
    (*format)++;
    return &literal;
}

struct err date_format_check(const char *format, int pivot)
{
    int named[PARTS] = {0};
    bool open = false; /* the piece before may take another digit */
    ENSURE(format != NULL && *format != '\0', ERR_INPUT, "the date format is empty");
    while (*format != '\0') {
        const struct piece *piece = piece_next(&format);
        ENSURE(piece != NULL, ERR_INPUT,
               "a date format consists of YYYY YY MM M MMM DD D and - / . , or space");
        ENSURE(piece->part == LITERAL || named[piece->part]++ == 0, ERR_INPUT,
               "the date format names the year, the month or the day twice");
        ENSURE(!open || piece->digits_max == 0, ERR_INPUT,
               "in the date format, M or D is followed by another digit");
        ENSURE(piece->part != YEAR || piece->digits_max == 4 || (pivot >= 0 && pivot <= 100),
               ERR_INPUT, "a date format with YY needs a pivot from 0 to 100");
        open = piece->digits_min < piece->digits_max;
    }
    ENSURE(named[YEAR] == 1 && named[MONTH] == 1 && named[DAY] == 1, ERR_INPUT,
           "the date format names the year, the month and the day once each");
    return OK;
}

/* digits_min to digits_max digits at *text, which moves past them; -1 when they are not there. */
static int digits_take(const char **text, const struct piece *piece)
{
    int value = 0, n = 0;
    while (n < piece->digits_max && **text >= '0' && **text <= '9') {
        value = value * 10 + (**text - '0');
        (*text)++;
        n++;
    }
    return n < piece->digits_min ? -1 : value;
}

/* Jan, JAN or jan at *text, which moves past it; -1 when it is no month. */
static int month_take(const char **text)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    char lower[3] = {0};
    for (int i = 0; i < 3; i++) {
        char c = (*text)[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            return -1;
        lower[i] = (char)(c | 0x20);
    }
    for (int month = 1; month <= 12; month++) {
        if (memcmp(names + 3 * (month - 1), lower, 3) == 0) {
            *text += 3;
            return month;
        }
    }
    return -1;
}

struct err date_parse_format(const char *text, const char *format, int pivot, struct date *d)
{
    int value[PARTS] = {0};
    TRY(date_format_check(format, pivot));
    ENSURE(text != NULL, ERR_INPUT, "expected a date");
    while (*format != '\0') {
        char expected = *format;
        const struct piece *piece = piece_next(&format);
        INVARIANT(piece != NULL); /* date_format_check has read it all */
        if (piece->part == LITERAL) {
            ENSURE(*text == expected, ERR_INPUT, "the date is not in the declared format");
            text++;
            continue;
        }
        int n = piece->digits_max == 0 ? month_take(&text) : digits_take(&text, piece);
        ENSURE(n >= 0, ERR_INPUT, "the date is not in the declared format");
        if (piece->part == YEAR && piece->digits_max == 2)
            n += n < pivot ? 2000 : 1900;
        value[piece->part] = n;
    }
    ENSURE(*text == '\0', ERR_INPUT, "the date is longer than the declared format");
    return date_make(value[YEAR], value[MONTH], value[DAY], d);
}
