/* One character at a time: what it is read as, or that it is read over. The digits are all of
 * Unicode's decimal ones and those in circles, brackets and above or below the line. */
#include "agent/llm/plain.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/unseen.h"

#define NOTHING 0u /* read over */

struct run {
    uint32_t first, last, as; /* `first` is read as `as`, the next as as + 1 … */
};

/* Decimal digits in order of their zero; each has ten. */
static const uint32_t zeros[] = {
    0x660,   0x6f0,   0x7c0,   0x966,   0x9e6,   0xa66,   0xae6,   0xb66,   0xbe6,   0xc66,
    0xce6,   0xd66,   0xde6,   0xe50,   0xed0,   0xf20,   0x1040,  0x1090,  0x17e0,  0x1810,
    0x1946,  0x19d0,  0x1a80,  0x1a90,  0x1b50,  0x1bb0,  0x1c40,  0x1c50,  0xa620,  0xa8d0,
    0xa900,  0xa9d0,  0xa9f0,  0xaa50,  0xabf0,  0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136,
    0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50,
    0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec,
    0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950, 0x1fbf0,
};

static const struct run runs[] = {
    {0xb2, 0xb3, '2'},       {0xb9, 0xb9, '1'},       {0x2070, 0x2070, '0'},
    {0x2074, 0x2079, '4'},   {0x2080, 0x2089, '0'},   {0x2460, 0x2468, '1'},
    {0x2474, 0x247c, '1'},   {0x2488, 0x2490, '1'},   {0x249c, 0x24b5, 'a'},
    {0x24b6, 0x24cf, 'A'},   {0x24d0, 0x24e9, 'a'},   {0x24ea, 0x24ea, '0'},
    {0x24f5, 0x24fd, '1'},   {0x24ff, 0x24ff, '0'},   {0x2776, 0x277e, '1'},
    {0x2780, 0x2788, '1'},   {0x278a, 0x2792, '1'},   {0xff01, 0xff5e, '!'},
    {0x1f101, 0x1f10a, '0'}, {0x1f130, 0x1f149, 'A'}, {0x1f150, 0x1f169, 'A'},
    {0x1f170, 0x1f189, 'A'}, {0xa0, 0xa0, ' '},       {0x1680, 0x1680, ' '},
    {0x202f, 0x202f, ' '},   {0x205f, 0x205f, ' '},   {0x3000, 0x3000, ' '},
    {0x2d7, 0x2d7, '-'},     {0x2043, 0x2043, '-'},   {0x2212, 0x2212, '-'},
    {0xfe58, 0xfe58, '-'},   {0xfe63, 0xfe63, '-'},   {0x30fc, 0x30fc, '-'},
    {0xb7, 0xb7, '.'},       {0x2024, 0x2024, '.'},   {0x2027, 0x2027, '.'},
    {0x2219, 0x2219, '.'},   {0x22c5, 0x22c5, '.'},   {0x3002, 0x3002, '.'},
    {0x30fb, 0x30fb, '.'},   {0xff61, 0xff61, '.'},   {0xff65, 0xff65, '.'},
    {0x2044, 0x2044, '/'},   {0x2215, 0x2215, '/'},   {0x29f8, 0x29f8, '/'},
    {0xa3, 0xa3, '$'},       {0xa5, 0xa5, '$'},       {0x85, 0x85, '\n'},
    {0x2028, 0x2028, '\n'},  {0x2029, 0x2029, '\n'},
};

static bool within(uint32_t cp, uint32_t first, uint32_t last)
{
    return cp >= first && cp <= last;
}

static uint32_t digit_of(uint32_t cp)
{
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++) {
        if (within(cp, zeros[i], zeros[i] + 9))
            return '0' + (cp - zeros[i]);
    }
    return NOTHING;
}

/* Marks that stand on another character, and what says that a byte was lost. */
static bool read_over(uint32_t cp)
{
    return unseen(cp) || unseen_in_rows(cp) || within(cp, 0x300, 0x36f) ||
           within(cp, 0x20d0, 0x20ff) || within(cp, 0xfe20, 0xfe2f) || cp == 0xfffd;
}

/* What a character beyond ASCII is read as: NOTHING, one of ASCII, or itself. */
static uint32_t read_as(uint32_t cp)
{
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        if (within(cp, runs[i].first, runs[i].last))
            return runs[i].as + (cp - runs[i].first);
    }
    if (within(cp, 0x2000, 0x200a))
        return ' ';
    if (within(cp, 0x2010, 0x2015))
        return '-';
    if (within(cp, 0x20a0, 0x20cf)) /* currencies */
        return '$';
    if (within(cp, 0x1d400, 0x1d6a3)) { /* bold, italic, script … letters */
        const uint32_t at = (cp - 0x1d400) % 52;
        return at < 26 ? 'A' + at : 'a' + at - 26;
    }
    if (read_over(cp))
        return NOTHING;
    const uint32_t digit = digit_of(cp);
    return digit == NOTHING ? cp : digit;
}

static uint32_t read_ascii(uint32_t cp)
{
    if (cp == '\r')
        return '\n';
    return (cp < 0x20 && cp != '\t' && cp != '\n') || cp == 0x7f ? NOTHING : cp;
}

struct err plain_init(struct plain *p, struct str text)
{
    *p = (struct plain){.text = text};
    ENSURE(text.len <= PLAIN_MAX, ERR_LIMIT, "text is too long to be looked through");
    p->at = malloc(text.len + 1);
    p->from = malloc((text.len + 1) * sizeof *p->from);
    if (p->at == NULL || p->from == NULL) {
        plain_fini(p);
        return err_new(ERR_LIMIT, "out of memory");
    }
    for (size_t at = 0; at < text.len;) {
        uint32_t cp = 0;
        size_t len = utf8_next(text.at + at, text.len - at, &cp);
        uint32_t as = len == 0 ? NOTHING : len == 1 ? read_ascii(cp) : read_as(cp);
        size_t put = as == NOTHING ? 0 : as < 0x80 ? 1 : len;
        for (size_t i = 0; i < put; i++) {
            p->at[p->n] = as < 0x80 ? (char)as : text.at[at + i];
            p->from[p->n++] = (uint32_t)at;
        }
        at += len == 0 ? 1 : len;
    }
    p->at[p->n] = '\0';
    p->from[p->n] = (uint32_t)text.len;
    return OK;
}

void plain_fini(struct plain *p)
{
    free(p->at);
    free(p->from);
    *p = (struct plain){.n = 0};
}

size_t plain_end(const struct plain *p, size_t at)
{
    uint32_t cp;
    const size_t from = p->from[at];
    return from + utf8_next(p->text.at + from, p->text.len - from, &cp);
}

/* A digit or letter of ASCII beside one of another shape: who reads only the plain ones sees a
 * number end there. */
static bool other_shape(const struct plain *p, size_t at)
{
    const bool shaped = (unsigned char)p->text.at[p->from[at]] >= 0x80,
               shaped_before = (unsigned char)p->text.at[p->from[at - 1]] >= 0x80;
    return shaped != shaped_before && plain_alnum(p->at[at]) && plain_alnum(p->at[at - 1]);
}

bool plain_seam(const struct plain *p, size_t at)
{
    if (at == 0 || p->from[at] == p->from[at - 1])
        return false;
    return p->from[at] != plain_end(p, at - 1) || (at < p->n && other_shape(p, at));
}

size_t plain_digits(const struct plain *p, size_t at)
{
    size_t n = 0;
    while (plain_digit(p->at[at + n]))
        n++;
    return n;
}

/* At most four digits. */
static int value_of(const struct plain *p, size_t at, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (p->at[at + i] - '0');
    return value;
}

/* Year, month and day in that order, or two of a day and a month in any order and the year. */
static bool is_day(int a, int b, int c, bool year_first)
{
    const int year = year_first ? a : c, other = year_first ? c : a;
    return year >= 1900 && year < 2200 && b >= 1 && b <= 31 && other >= 1 && other <= 31 &&
           (b <= 12 || (!year_first && other <= 12));
}

size_t plain_date(const struct plain *p, size_t at)
{
    size_t n[3], from[3], next = at;
    const char apart = p->at[at + plain_digits(p, at)];
    if (apart != '-' && apart != '.' && apart != '/')
        return 0;
    for (size_t i = 0; i < 3; i++) {
        from[i] = next;
        n[i] = plain_digits(p, next);
        next += n[i] + 1;
        if (n[i] == 0 || (i < 2 && p->at[next - 1] != apart))
            return 0;
    }
    const bool year_first = n[0] == 4;
    if (n[1] > 2 || n[year_first ? 2 : 0] > 2 || n[year_first ? 0 : 2] != 4)
        return 0;
    if (p->at[next - 1] == apart && plain_digit(p->at[next]))
        return 0;
    return is_day(value_of(p, from[0], n[0]), value_of(p, from[1], n[1]),
                  value_of(p, from[2], n[2]), year_first)
               ? next - 1 - at
               : 0;
}
