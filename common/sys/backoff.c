/* Pauses between attempts. */
#include "common/sys/backoff.h"

#include <stddef.h>
#include <string.h>

#include "common/base/civil.h"

int64_t backoff_us(int64_t attempt, int64_t base_ms, uint64_t random)
{
    int64_t ms = base_ms < 1 ? 1 : base_ms;
    for (int64_t i = 1; i < attempt && ms < BACKOFF_MAX_MS; i++)
        ms *= 2;
    ms = ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : ms;
    const int64_t half_us = ms * 500;
    return half_us + (int64_t)(random % (uint64_t)(half_us + 1));
}

/* `n` digits, -1 for anything else. */
static int64_t digits(const char *text, size_t n)
{
    int64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool http_date_parse(const char *text, int64_t *us)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct date day;
    if (strlen(text) != 29 || strcmp(text + 25, " GMT") != 0)
        return false;
    const char name[4] = {text[8], text[9], text[10], '\0'};
    const char *month = strstr(months, name);
    const int64_t d = digits(text + 5, 2), y = digits(text + 12, 4), h = digits(text + 17, 2),
                  m = digits(text + 20, 2), s = digits(text + 23, 2);
    if (month == NULL || (month - months) % 3 != 0 || d < 0 || y < 0 || h < 0 || h > 23 || m < 0 ||
        m > 59 || s < 0 || s > 60)
        return false;
    if (date_make((int)y, (int)((month - months) / 3) + 1, (int)d, &day).kind != ERR_NONE)
        return false;
    *us = date_begin_utc(day) + (h * 3600 + m * 60 + s) * US_PER_SECOND;
    return true;
}

bool retry_after_parse(const char *text, int64_t now_us, int64_t *seconds)
{
    int64_t at_us, s;
    if (text == NULL || text[0] == '\0')
        return false;
    const size_t n = strspn(text, "0123456789");
    if (text[n] == '\0')
        s = n > 9 ? RETRY_AFTER_MAX_S : digits(text, n);
    else if (http_date_parse(text, &at_us))
        s = (at_us - now_us + US_PER_SECOND - 1) / US_PER_SECOND;
    else
        return false;
    *seconds = s < 0 ? 0 : s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : s;
    return true;
}
