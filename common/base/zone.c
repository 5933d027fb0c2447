/* TZif: two headers, of which the second announces the 64-bit data we use; transitions, types,
 * footer. Every count is checked against the bytes that are there before anything is read. */
#include "common/base/zone.h"

#include <string.h>

enum { TZIF_HEADER_LEN = 44, OFFSET_MAX_S = 26 * 3600 };

struct tzif {
    const unsigned char *at; /* what is not read yet */
    size_t len;
};

struct tzif_header {
    size_t n_isut, n_isstd, n_leap, n_time, n_type, n_char;
};

static uint64_t big_endian(const unsigned char *p, int n)
{
    uint64_t value = 0;
    for (int i = 0; i < n; i++)
        value = value << 8 | p[i];
    return value;
}

/* The next `len` bytes, or NULL when there are fewer. */
static const unsigned char *bytes_take(struct tzif *in, size_t len)
{
    const unsigned char *p = in->at;
    if (len > in->len)
        return NULL;
    in->at += len;
    in->len -= len;
    return p;
}

static struct err header_take(struct tzif *in, struct tzif_header *h)
{
    const unsigned char *p = bytes_take(in, TZIF_HEADER_LEN);
    ENSURE(p != NULL && memcmp(p, "TZif", 4) == 0, ERR_INPUT, "not a TZif file");
    ENSURE(p[4] >= '2', ERR_INPUT, "a TZif file of version 1 has no 64-bit data");
    *h = (struct tzif_header){
        .n_isut = (size_t)big_endian(p + 20, 4),
        .n_isstd = (size_t)big_endian(p + 24, 4),
        .n_leap = (size_t)big_endian(p + 28, 4),
        .n_time = (size_t)big_endian(p + 32, 4),
        .n_type = (size_t)big_endian(p + 36, 4),
        .n_char = (size_t)big_endian(p + 40, 4),
    };
    return OK;
}

/* The length of the data block after a header; times take `time_len` bytes. Counts are below 2^32.
 */
static size_t block_len(const struct tzif_header *h, size_t time_len)
{
    return h->n_time * (time_len + 1) + h->n_type * 6 + h->n_char + h->n_leap * (time_len + 4) +
           h->n_isstd + h->n_isut;
}

static int32_t type_offset_s(const unsigned char *types, size_t type)
{
    return (int32_t)(uint32_t)big_endian(types + 6 * type, 4);
}

static struct err types_check(const struct tzif_header *h, const unsigned char *types)
{
    ENSURE(h->n_type >= 1, ERR_INPUT, "the zone has no types of local time");
    for (size_t i = 0; i < h->n_type; i++) {
        int32_t offset_s = type_offset_s(types, i);
        ENSURE(offset_s >= -OFFSET_MAX_S && offset_s <= OFFSET_MAX_S, ERR_INPUT,
               "an offset of the zone is more than 26 hours");
    }
    return OK;
}

static struct err transitions_read(const struct tzif_header *h, const unsigned char *block,
                                   struct arena *arena, struct zone *zone)
{
    const unsigned char *index = block + 8 * h->n_time, *types = index + h->n_time;
    int64_t *at_s = ARENA_ARRAY(arena, h->n_time, int64_t);
    int32_t *offset_s = ARENA_ARRAY(arena, h->n_time, int32_t);
    ENSURE(at_s != NULL && offset_s != NULL, ERR_LIMIT, "no room for the zone");
    TRY(types_check(h, types));
    for (size_t i = 0; i < h->n_time; i++) {
        at_s[i] = (int64_t)big_endian(block + 8 * i, 8);
        ENSURE(i == 0 || at_s[i] > at_s[i - 1], ERR_INPUT,
               "the zone's transitions are not in order");
        ENSURE(index[i] < h->n_type, ERR_INPUT, "a transition of the zone names no type");
        offset_s[i] = type_offset_s(types, index[i]);
    }
    zone->n_transitions = h->n_time;
    zone->at_s = at_s;
    zone->offset_s = offset_s;
    zone->first_s = type_offset_s(types, 0);
    return OK;
}

/* A newline, the rule, a newline, and nothing more. */
static struct err footer_read(const struct tzif *in, struct arena *arena, struct zone_rule *rule)
{
    ENSURE(in->len >= 2 && in->at[0] == '\n' && in->at[in->len - 1] == '\n', ERR_INPUT,
           "the TZif file has no footer");
    size_t len = in->len - 2;
    char *text = arena_dup(arena, (const char *)in->at + 1, len);
    ENSURE(text != NULL, ERR_LIMIT, "no room for the zone");
    ENSURE(strlen(text) == len, ERR_INPUT, "the zone's footer is not POSIX TZ text");
    return zone_rule_parse(text, rule);
}

struct err zone_parse(const void *bytes, size_t len, struct arena *arena, struct zone *zone)
{
    struct tzif in = {.at = bytes, .len = len};
    struct tzif_header h;
    struct zone parsed = {.n_transitions = 0};
    TRY(header_take(&in, &h));
    ENSURE(bytes_take(&in, block_len(&h, 4)) != NULL, ERR_INPUT, "the TZif file is cut short");
    TRY(header_take(&in, &h));
    ENSURE(h.n_leap == 0, ERR_INPUT, "the zone counts leap seconds");
    const unsigned char *block = bytes_take(&in, block_len(&h, 8));
    ENSURE(block != NULL, ERR_INPUT, "the TZif file is cut short");
    TRY(transitions_read(&h, block, arena, &parsed));
    TRY(footer_read(&in, arena, &parsed.rule));
    *zone = parsed;
    return OK;
}

struct zone zone_utc(void)
{
    return (struct zone){.n_transitions = 0};
}

/* How many transitions are at or before `at_s`. */
static size_t transitions_until(const struct zone *zone, int64_t at_s)
{
    size_t low = 0, high = zone->n_transitions;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->at_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int32_t offset_at(const struct zone *zone, int64_t at_s)
{
    size_t n = transitions_until(zone, at_s);
    if (n == zone->n_transitions && zone->rule.present)
        return zone_rule_offset_s(&zone->rule, at_s);
    return n == 0 ? zone->first_s : zone->offset_s[n - 1];
}

int32_t zone_offset_s(const struct zone *zone, int64_t us)
{
    return offset_at(zone, us / US_PER_SECOND - (us % US_PER_SECOND < 0));
}

struct date zone_date(const struct zone *zone, int64_t us)
{
    struct date d = instant_date_utc(us + zone_offset_s(zone, us) * US_PER_SECOND);
    if (d.days < DATE_DAYS_MIN) /* the wall is a day away from UTC at either end of our years */
        d.days = DATE_DAYS_MIN;
    return d.days > DATE_DAYS_MAX ? (struct date){.days = DATE_DAYS_MAX} : d;
}

int64_t zone_date_begin(const struct zone *zone, struct date d)
{
    int64_t midnight = (int64_t)d.days * 86400; /* on the wall */
    int32_t before_s = offset_at(zone, midnight - OFFSET_MAX_S);
    int32_t after_s = offset_at(zone, midnight + OFFSET_MAX_S);
    int64_t low = midnight - before_s, high = midnight - after_s;
    if (offset_at(zone, low) ==
        before_s) /* when both readings are right, this is the earlier one */
        return low * US_PER_SECOND;
    if (offset_at(zone, high) == after_s)
        return high * US_PER_SECOND;
    /* Clocks jumped over midnight: at `high` they had not yet, at `low` they had. */
    while (low - high > 1) {
        int64_t middle = high + (low - high) / 2;
        if (offset_at(zone, middle) == before_s)
            high = middle;
        else
            low = middle;
    }
    return low * US_PER_SECOND;
}
