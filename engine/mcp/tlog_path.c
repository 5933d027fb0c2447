/* One spelling for one tile: no leading zeros, no empty group, no widths of nothing or of all. */
#include "engine/mcp/tlog_path.h"

#define GROUPS_MAX 6 /* 10^18 tiles */

static bool digits_parse(struct str s, size_t len_max, unsigned *n)
{
    *n = 0;
    if (s.len == 0 || s.len > len_max)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        *n = *n * 10 + (unsigned)(s.at[i] - '0');
    }
    return true;
}

/* A number without leading zeros. */
static bool number_parse(struct str s, unsigned *n)
{
    return digits_parse(s, 3, n) && (s.len == 1 || s.at[0] != '0');
}

static bool group_parse(struct str s, bool last, uint64_t *n)
{
    unsigned group;
    if (!last && (s.len == 0 || s.at[0] != 'x'))
        return false;
    if (!last)
        s = (struct str){s.at + 1, s.len - 1};
    if (s.len != 3 || !digits_parse(s, 3, &group))
        return false;
    *n = *n * 1000 + group;
    return true;
}

/* "x001/x234/067" is 1234067. */
static bool index_parse(struct str s, uint64_t *n)
{
    struct str group;
    *n = 0;
    for (unsigned i = 0; i < GROUPS_MAX; i++) {
        const bool last = !str_cut(s, '/', &group, &s);
        if (!group_parse(group, last, n) || (i == 0 && !last && *n == 0))
            return false;
        if (last)
            return true;
    }
    return false;
}

/* The width behind ".p/", which is cut off. */
static bool width_parse(struct str *s, unsigned *width)
{
    *width = TLOG_TILE_FULL;
    for (size_t i = 0; i + 3 <= s->len; i++) {
        const struct str mark = {s->at + i, 3};
        if (!str_is(mark, ".p/"))
            continue;
        const struct str digits = {mark.at + 3, s->len - i - 3};
        s->len = i;
        return number_parse(digits, width) && *width >= 1 && *width < TLOG_TILE_FULL;
    }
    return true;
}

bool tlog_path_parse(struct str path, struct tlog_tile *tile)
{
    struct str level, rest;
    return str_cut(path, '/', &level, &rest) && number_parse(level, &tile->level) &&
           tile->level <= TLOG_LEVEL_MAX && width_parse(&rest, &tile->width) &&
           index_parse(rest, &tile->n);
}
