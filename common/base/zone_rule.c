/* The footer of a TZif file: POSIX TZ text with the extensions of RFC 8536 section 3.3.1, and the
 * offset it gives. Offsets in the text count west; ours count east. */
#include "common/base/zone_rule.h"

#include <string.h>

#include "common/base/invariant.h"

enum { DAY_S = 86400, HOUR_S = 3600 };

/* Three or more letters, or anything of letters, digits and signs in < >. */
static bool name_take(const char **p)
{
    bool quoted = **p == '<';
    const char *name = *p + quoted;
    const char *allowed = quoted
                              ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
                              : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t len = strspn(name, allowed);
    if (len < 3 || (quoted && name[len] != '>'))
        return false;
    *p = name + len + quoted;
    return true;
}

static bool number_take(const char **p, int min, int max, int *n)
{
    const char *from = *p;
    *n = 0;
    for (; **p >= '0' && **p <= '9' && *p - from < 3; (*p)++)
        *n = *n * 10 + (**p - '0');
    return *p > from && *n >= min && *n <= max;
}

static bool literal_take(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

/* [+-]hh[:mm[:ss]] in seconds */
static bool time_take(const char **p, int hour_max, int32_t *time_s)
{
    bool negative = **p == '-';
    if (negative || **p == '+')
        (*p)++;
    int hour, minute = 0, second = 0;
    if (!number_take(p, 0, hour_max, &hour))
        return false;
    if (literal_take(p, ':') && !number_take(p, 0, 59, &minute))
        return false;
    if (literal_take(p, ':') && !number_take(p, 0, 59, &second))
        return false;
    int32_t magnitude = hour * HOUR_S + minute * 60 + second;
    *time_s = negative ? -magnitude : magnitude;
    return true;
}

/* Mm.w.d, Jn or n, and perhaps /time */
static bool change_take(const char **p, struct zone_change *change)
{
    *change = (struct zone_change){.time_s = 2 * HOUR_S};
    bool ok;
    if (literal_take(p, 'M')) {
        change->how = CHANGE_WEEK;
        ok = number_take(p, 1, 12, &change->month) && literal_take(p, '.') &&
             number_take(p, 1, 5, &change->week) && literal_take(p, '.') &&
             number_take(p, 0, 6, &change->weekday);
    } else if (literal_take(p, 'J')) {
        change->how = CHANGE_JULIAN;
        ok = number_take(p, 1, 365, &change->day);
    } else {
        change->how = CHANGE_DAY;
        ok = number_take(p, 0, 365, &change->day);
    }
    if (ok && literal_take(p, '/'))
        ok = time_take(p, 167, &change->time_s);
    return ok;
}

static bool rule_take(const char **p, struct zone_rule *rule)
{
    int32_t west_s;
    if (!name_take(p) || !time_take(p, 24, &west_s))
        return false;
    *rule = (struct zone_rule){.present = true, .standard_s = -west_s};
    if (**p == '\0')
        return true;
    rule->dst = true;
    rule->dst_s = rule->standard_s + HOUR_S;
    if (!name_take(p))
        return false;
    if (**p != ',') {
        if (!time_take(p, 24, &west_s))
            return false;
        rule->dst_s = -west_s;
    }
    return literal_take(p, ',') && change_take(p, &rule->dst_begin) && literal_take(p, ',') &&
           change_take(p, &rule->dst_end) && **p == '\0';
}

struct err zone_rule_parse(const char *text, struct zone_rule *rule)
{
    struct zone_rule parsed = {.present = false};
    ENSURE(*text == '\0' || rule_take(&text, &parsed), ERR_INPUT,
           "the zone's footer is not POSIX TZ text");
    *rule = parsed;
    return OK;
}

/* The day of `change` in `year`, in days since 1970. */
static int32_t change_day(const struct zone_change *change, int year)
{
    struct date first = {0};
    int month = change->how == CHANGE_WEEK ? change->month : 1;
    struct err e = date_make(year, month, 1, &first);
    INVARIANT(e.kind == ERR_NONE);
    if (change->how == CHANGE_DAY)
        return first.days + change->day;
    if (change->how == CHANGE_JULIAN) /* 29 February is never counted */
        return first.days + change->day - 1 + (year_is_leap(year) && change->day >= 60);
    int to_weekday = (change->weekday - (int)date_weekday(first) + 7) % 7;
    int day = to_weekday + 7 * (change->week - 1);
    return first.days + (day < month_days(year, month) ? day : day - 7); /* week 5 is the last */
}

int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t at_s)
{
    if (!rule->dst)
        return rule->standard_s;
    int64_t day = (at_s + rule->standard_s) / DAY_S - ((at_s + rule->standard_s) % DAY_S < 0);
    if (day < DATE_DAYS_MIN || day > DATE_DAYS_MAX)
        return rule->standard_s;
    int year = date_ymd((struct date){.days = (int32_t)day}).year;
    int64_t begin = (int64_t)change_day(&rule->dst_begin, year) * DAY_S + rule->dst_begin.time_s -
                    rule->standard_s;
    int64_t end =
        (int64_t)change_day(&rule->dst_end, year) * DAY_S + rule->dst_end.time_s - rule->dst_s;
    bool dst = begin < end ? at_s >= begin && at_s < end  /* north */
                           : at_s >= begin || at_s < end; /* south: over the new year */
    return dst ? rule->dst_s : rule->standard_s;
}
