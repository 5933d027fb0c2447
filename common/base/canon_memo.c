/* Patterns, the one used last first. A pattern begins as one text all of which must come again; a
 * scalar that is found to differ becomes a hole, in which any canonical scalar may stand. Holes are
 * kept only of texts that fit to their end, so that a text of another shape leaves no trace. */
#include "common/base/canon_memo.h"

#include <stdlib.h>
#include <string.h>

#define PATTERNS   8u
#define TEXT_MAX   ((size_t)32 * 1024) /* a longer text is not kept */
#define SPOTS_MAX  2048u
#define STOPS_MAX  (SPOTS_MAX + 2 * CANON_MEMO_NAMES)
#define NOT_WANTED UINT8_MAX

/* Where the comparing of bytes stops: at a hole, or where a wanted nest begins or ends. */
struct stop {
    uint32_t from, to;
    enum { STOP_HOLE, STOP_BEGIN, STOP_END } kind;
    uint8_t wanted; /* the name's index; NOT_WANTED */
};

struct pattern {
    char text[TEXT_MAX];
    size_t len;
    struct canon_spot spots[SPOTS_MAX];
    size_t spots_n;
    struct stop stops[STOPS_MAX];
    size_t stops_n;
};

struct canon_memo {
    const struct str *names;
    size_t names_n;
    struct pattern *patterns[PATTERNS];
    size_t patterns_n;
    struct canon_spot fresh[SPOTS_MAX]; /* holes of the text that is looked at, in order */
    size_t fresh_n;
};

struct canon_memo *canon_memo_new(const struct str *names, size_t n)
{
    struct canon_memo *memo = n > CANON_MEMO_NAMES ? NULL : calloc(1, sizeof *memo);
    if (memo == NULL)
        return NULL;
    memo->names = names;
    memo->names_n = n;
    return memo;
}

void canon_memo_free(struct canon_memo *memo)
{
    if (memo == NULL)
        return;
    for (size_t i = 0; i < memo->patterns_n; i++)
        free(memo->patterns[i]);
    free(memo);
}

/* ---- a text against a pattern ---- */

struct fit {
    struct canon_memo *memo;
    const struct pattern *p;
    size_t t;             /* in the pattern */
    const char *at, *end; /* in the text */
};

static size_t common_len(const char *a, const char *b, size_t len)
{
    size_t n = 0;
    uint64_t x, y;
    for (; len - n >= sizeof x; n += sizeof x) {
        memcpy(&x, a + n, sizeof x);
        memcpy(&y, b + n, sizeof y);
        if (x != y)
            break;
    }
    while (n < len && a[n] == b[n])
        n++;
    return n;
}

/* The scalar of the pattern in which, or right behind which, the texts part. */
static const struct canon_spot *spot_near(const struct pattern *p, size_t t)
{
    size_t low = 0, high = p->spots_n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (p->spots[middle].from <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && t <= p->spots[low - 1].to ? &p->spots[low - 1] : NULL;
}

/* Passes the text up to where the pattern is at `to`, over scalars that differ. */
static bool gap_pass(struct fit *f, size_t to)
{
    while (f->t < to) {
        const size_t gap = to - f->t, room = (size_t)(f->end - f->at);
        if (gap <= room && memcmp(f->p->text + f->t, f->at, gap) == 0) {
            f->t = to;
            f->at += gap;
            return true;
        }
        const size_t same = common_len(f->p->text + f->t, f->at, gap < room ? gap : room);
        const struct canon_spot *spot = spot_near(f->p, f->t + same);
        if (spot == NULL || spot->from < f->t || spot->to > to)
            return false;
        f->at += spot->from - f->t;
        const size_t len = canon_scalar(f->at, f->end);
        if (len == 0)
            return false;
        f->memo->fresh[f->memo->fresh_n++] = *spot;
        f->at += len;
        f->t = spot->to;
    }
    return f->t == to;
}

static bool stop_pass(struct fit *f, const struct stop *stop, struct str *values)
{
    struct str unwanted = {.at = NULL};
    struct str *value = stop->wanted == NOT_WANTED ? &unwanted : &values[stop->wanted];
    if (stop->kind == STOP_END) {
        value->len = (size_t)(f->at - value->at);
        return true;
    }
    const size_t len = stop->kind == STOP_HOLE ? canon_scalar(f->at, f->end) : 0;
    *value = (struct str){.at = f->at, .len = len};
    f->at += len;
    f->t = stop->to;
    return stop->kind == STOP_BEGIN || len > 0;
}

static bool pattern_fits(struct canon_memo *memo, const struct pattern *p, struct str text,
                         struct str *values)
{
    struct fit f = {.memo = memo, .p = p, .at = text.at, .end = text.at + text.len};
    memo->fresh_n = 0;
    for (size_t i = 0; i < memo->names_n; i++)
        values[i] = (struct str){.at = NULL};
    for (size_t i = 0; i < p->stops_n; i++) {
        if (!gap_pass(&f, p->stops[i].from) || !stop_pass(&f, &p->stops[i], values))
            return false;
    }
    return gap_pass(&f, p->len) && f.at == f.end;
}

/* ---- keeping patterns ---- */

static void stop_put(struct pattern *p, struct stop stop)
{
    size_t i = p->stops_n++;
    for (; i > 0 && p->stops[i - 1].from > stop.from; i--)
        p->stops[i] = p->stops[i - 1];
    p->stops[i] = stop;
}

static void holes_keep(struct canon_memo *memo, struct pattern *p)
{
    for (size_t i = 0; i < memo->fresh_n; i++)
        stop_put(p, (struct stop){.from = memo->fresh[i].from,
                                  .to = memo->fresh[i].to,
                                  .kind = STOP_HOLE,
                                  .wanted = NOT_WANTED});
}

static void wanted_keep(struct pattern *p, struct str text, struct str value, uint8_t wanted)
{
    const uint32_t from = (uint32_t)(value.at - text.at), to = from + (uint32_t)value.len;
    if (*value.at != '{' && *value.at != '[') {
        stop_put(p, (struct stop){.from = from, .to = to, .kind = STOP_HOLE, .wanted = wanted});
        return;
    }
    stop_put(p, (struct stop){.from = from, .to = from, .kind = STOP_BEGIN, .wanted = wanted});
    stop_put(p, (struct stop){.from = to, .to = to, .kind = STOP_END, .wanted = wanted});
}

/* The pattern that the next text to be kept may have: a new one, or the one used longest ago. */
static struct pattern *pattern_for(struct canon_memo *memo)
{
    if (memo->patterns_n == PATTERNS)
        return memo->patterns[PATTERNS - 1];
    struct pattern *p = calloc(1, sizeof *p);
    if (p != NULL)
        memo->patterns[memo->patterns_n++] = p;
    return p;
}

static void pattern_first(struct canon_memo *memo, struct pattern *p)
{
    size_t i = 0;
    while (memo->patterns[i] != p)
        i++;
    memmove(&memo->patterns[1], &memo->patterns[0], i * sizeof memo->patterns[0]);
    memo->patterns[0] = p;
}

static bool scanned(struct canon_memo *memo, struct str text, struct str *values)
{
    struct canon_find finds[CANON_MEMO_NAMES];
    struct pattern *p = text.len > TEXT_MAX ? NULL : pattern_for(memo);
    struct canon_spots spots = {.at = p == NULL ? NULL : p->spots, .max = SPOTS_MAX};
    for (size_t i = 0; i < memo->names_n; i++)
        finds[i].name = memo->names[i];
    if (p != NULL)
        p->len = 0; /* of no use until it is filled */
    if (!canon_surely_spots(text, finds, memo->names_n, p == NULL ? NULL : &spots))
        return false;
    for (size_t i = 0; i < memo->names_n; i++)
        values[i] = finds[i].value;
    if (p == NULL || spots.n > SPOTS_MAX)
        return true;
    memcpy(p->text, text.at, text.len);
    p->len = text.len;
    p->spots_n = spots.n;
    p->stops_n = 0;
    for (size_t i = 0; i < memo->names_n; i++) {
        if (values[i].at != NULL)
            wanted_keep(p, text, values[i], (uint8_t)i);
    }
    pattern_first(memo, p);
    return true;
}

bool canon_memo_surely(struct canon_memo *memo, struct str text, struct str *values)
{
    for (size_t i = 0; text.len <= CANON_SCAN_BYTES && i < memo->patterns_n; i++) {
        struct pattern *p = memo->patterns[i];
        if (p->len == 0 || !pattern_fits(memo, p, text, values))
            continue;
        holes_keep(memo, p);
        pattern_first(memo, p);
        return true;
    }
    return scanned(memo, text, values);
}
