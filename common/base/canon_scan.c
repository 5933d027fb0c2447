/* The grammar of RFC 8259 narrowed to what RFC 8785 writes. Eight bytes at a time where text is
 * plain, and a name is compared with the one before it by its first eight bytes as one number. */
#include "common/base/canon_scan.h"

#include <string.h>

#include "common/base/canon.h"

/* The name that stands before, in an object that is open. */
struct level {
    uint64_t head; /* its first eight bytes as a number that sorts as they do, padded with zeros */
    struct str name;
    char closing;
    bool any;
};

struct scan {
    const char *at, *end;
    struct canon_find *finds; /* those that are still to come */
    struct canon_find *found; /* whose value is being passed */
    size_t finds_n;
    struct canon_spots *spots; /* NULL: nobody asks */
    unsigned depth;            /* of what is open */
    struct level open[CANON_SCAN_DEPTH];
};

/* ---- texts ---- */

/* The two digits of \u00XX: a control that has no short form, in lower case. */
static bool control_valid(char high, char low)
{
    if (high != '0' && high != '1')
        return false;
    const int unit = low >= '0' && low <= '9'   ? low - '0'
                     : low >= 'a' && low <= 'f' ? low - 'a' + 10
                                                : -1;
    if (unit < 0)
        return false;
    const int c = (high - '0') * 16 + unit;
    return c < 0x08 || c == 0x0B || c > 0x0D;
}

/* How long the escape is that begins at the backslash; 0 when RFC 8785 would not write it so. */
static size_t escape_len(const char *at, const char *end)
{
    if (end - at >= 2 && at[1] != '\0' && strchr("\"\\bfnrt", at[1]) != NULL)
        return 2;
    if (end - at >= 6 && memcmp(at, "\\u00", 4) == 0 && control_valid(at[4], at[5]))
        return 6;
    return 0;
}

/* Behind the text whose opening quote stands before `at`; NULL when it is not canonical. */
static const char *text_pass(const char *at, const char *end)
{
    for (;;) {
        uint32_t cp;
        at += canon_plain_run(at, (size_t)(end - at));
        if (at == end)
            return NULL;
        if (*at == '"')
            return at + 1;
        const size_t n = *at == '\\'                 ? escape_len(at, end)
                         : (unsigned char)*at < 0x80 ? 0
                                                     : utf8_next(at, (size_t)(end - at), &cp);
        if (n == 0)
            return NULL;
        at += n;
    }
}

/* ---- names ---- */

/* The first eight bytes of a plain name, which holds no NUL, as a number. */
static uint64_t head_of(struct str name, const char *end)
{
    uint64_t w = 0;
    if (end - name.at >= 8)
        w = canon_eight(name.at);
    else
        for (size_t i = 0; i < name.len; i++)
            w |= (uint64_t)(unsigned char)name.at[i] << (8 * i);
    if (name.len < 8)
        w &= name.len == 0 ? 0 : ~UINT64_C(0) >> (64 - 8 * name.len);
    return __builtin_bswap64(w);
}

static bool sorts_before(uint64_t head, struct str name, uint64_t head2, struct str name2)
{
    if (head != head2)
        return head < head2;
    const size_t common = name.len < name2.len ? name.len : name2.len;
    const int order = memcmp(name.at, name2.at, common);
    return order != 0 ? order < 0 : name.len < name2.len;
}

/* Steps over the finds that this name has passed; the one that it is, or NULL. */
static struct canon_find *find_of(struct scan *s, struct str name)
{
    while (s->finds_n > 0) {
        const struct str wanted = s->finds->name;
        const size_t common = name.len < wanted.len ? name.len : wanted.len;
        int order = memcmp(wanted.at, name.at, common);
        if (order == 0)
            order = (wanted.len > name.len) - (wanted.len < name.len);
        if (order > 0)
            return NULL;
        s->finds++;
        s->finds_n--;
        if (order == 0)
            return s->finds - 1;
    }
    return NULL;
}

/* Passes `"name":`, which must sort behind the one before. */
static bool name_pass(struct scan *s, struct str *name)
{
    struct level *l = &s->open[s->depth - 1];
    if (s->at == s->end || *s->at != '"')
        return false;
    const char *from = ++s->at;
    s->at += canon_plain_run(from, (size_t)(s->end - from));
    if (s->end - s->at < 2 || s->at[0] != '"' || s->at[1] != ':')
        return false;
    *name = (struct str){.at = from, .len = (size_t)(s->at - from)};
    s->at += 2;
    const uint64_t head = head_of(*name, s->end);
    if (l->any && !sorts_before(l->head, l->name, head, *name))
        return false;
    l->any = true;
    l->head = head;
    l->name = *name;
    return true;
}

/* ---- values ---- */

/* Behind an integer within ±2^53 that is written as its digits. What stands there is looked at by
 * whoever goes on: a point or an exponent is no comma. */
static const char *integer_pass(const char *at, const char *end)
{
    const char *from = at + (*at == '-'), *p = from;
    int64_t n = 0;
    while (p < end && *p >= '0' && *p <= '9' && p - from < 17)
        n = n * 10 + (*p++ - '0');
    if (p == from || (*from == '0' && (p - from > 1 || p - at > 1)) || n > CANON_SAFE_MAX)
        return NULL;
    return p;
}

static const char *word_pass(const char *at, const char *end, const char *word, size_t len)
{
    return (size_t)(end - at) < len || memcmp(at, word, len) != 0 ? NULL : at + len;
}

/* Behind the scalar that begins at `at`, before `end`. */
static const char *scalar_pass(const char *at, const char *end)
{
    switch (*at) {
    case '"':
        return text_pass(at + 1, end);
    case 't':
        return word_pass(at, end, "true", 4);
    case 'f':
        return word_pass(at, end, "false", 5);
    case 'n':
        return word_pass(at, end, "null", 4);
    default:
        return integer_pass(at, end);
    }
}

size_t canon_scalar(const char *at, const char *end)
{
    const char *behind = at < end ? scalar_pass(at, end) : NULL;
    return behind == NULL ? 0 : (size_t)(behind - at);
}

static bool spot_pass(struct scan *s, const char *begin)
{
    const char *behind = scalar_pass(s->at, s->end);
    if (behind == NULL)
        return false;
    if (s->spots != NULL && s->spots->n++ < s->spots->max)
        s->spots->at[s->spots->n - 1] = (struct canon_spot){.from = (uint32_t)(s->at - begin),
                                                            .to = (uint32_t)(behind - begin)};
    s->at = behind;
    return true;
}

/* ---- nests ---- */

/* Opens the nest that begins here; *empty when it closes at once, and then it is passed. */
static bool nest_open(struct scan *s, bool *empty)
{
    const char closing = *s->at == '{' ? '}' : ']';
    if (s->depth == CANON_SCAN_DEPTH || s->end - s->at < 2)
        return false;
    s->at++;
    *empty = *s->at == closing;
    if (*empty)
        s->at++;
    else
        s->open[s->depth++] = (struct level){.closing = closing};
    return true;
}

enum next { NEXT_NONE, NEXT_VALUE, NEXT_END };

/* Behind a value: passes the comma, or what closes here. */
static enum next next_of(struct scan *s)
{
    for (;;) {
        if (s->depth == 1 && s->found != NULL) {
            s->found->value.len = (size_t)(s->at - s->found->value.at);
            s->found = NULL;
        }
        if (s->depth == 0)
            return s->at == s->end ? NEXT_END : NEXT_NONE;
        if (s->at == s->end)
            return NEXT_NONE;
        if (*s->at == ',') {
            s->at++;
            return NEXT_VALUE;
        }
        if (*s->at != s->open[s->depth - 1].closing)
            return NEXT_NONE;
        s->at++;
        s->depth--;
    }
}

/* One value, or its beginning when it is a nest; in an object its name before it. */
static enum next value_pass(struct scan *s, const char *begin)
{
    struct str name;
    bool empty = true;
    if (s->depth > 0 && s->open[s->depth - 1].closing == '}') {
        if (!name_pass(s, &name))
            return NEXT_NONE;
        if (s->depth == 1 && (s->found = find_of(s, name)) != NULL)
            s->found->value.at = s->at;
    }
    if (s->at == s->end)
        return NEXT_NONE;
    if (*s->at == '{' || *s->at == '[' ? !nest_open(s, &empty) : !spot_pass(s, begin))
        return NEXT_NONE;
    return empty ? next_of(s) : NEXT_VALUE;
}

bool canon_surely_spots(struct str text, struct canon_find *finds, size_t n,
                        struct canon_spots *spots)
{
    struct scan s = {
        .at = text.at, .end = text.at + text.len, .finds = finds, .finds_n = n, .spots = spots};
    enum next next = text.len > CANON_SCAN_BYTES ? NEXT_NONE : NEXT_VALUE;
    for (size_t i = 0; i < n; i++)
        finds[i].value = (struct str){.at = NULL};
    while (next == NEXT_VALUE)
        next = value_pass(&s, text.at);
    return next == NEXT_END;
}

bool canon_surely(struct str text, struct canon_find *finds, size_t n)
{
    return canon_surely_spots(text, finds, n, NULL);
}

/* ---- what was found ---- */

bool canon_plain(struct str value, struct str *text)
{
    if (value.len < 2 || value.at[0] != '"' || memchr(value.at, '\\', value.len) != NULL)
        return false;
    *text = (struct str){.at = value.at + 1, .len = value.len - 2};
    return true;
}

bool canon_integer(struct str value, int64_t *n)
{
    const bool negative = value.len > 0 && value.at[0] == '-';
    int64_t m = 0;
    if (value.len == negative || value.len > 17)
        return false;
    for (size_t i = negative; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return false;
        m = m * 10 + (value.at[i] - '0');
    }
    *n = negative ? -m : m;
    return true;
}
