/* Field by field; an empty line ends an event. A line ends with '\n' or "\r\n" here: our own
 * servers write no lone '\r'. */
#include "common/sys/sse_read.h"

#include <string.h>

#define RETRY_MAX_MS 3600000

void sse_read_init(struct sse_read *r, size_t event_max)
{
    *r = (struct sse_read){.retry_ms = 0};
    lines_init(&r->lines, event_max);
    buf_init(&r->data, event_max);
}

void sse_read_fini(struct sse_read *r)
{
    lines_fini(&r->lines);
    buf_fini(&r->data);
}

void sse_read_put(struct sse_read *r, const char *bytes, size_t n)
{
    lines_put(&r->lines, bytes, n);
    r->failed = r->failed || r->lines.failed;
}

static void take_id(struct sse_read *r, struct str value)
{
    if (value.len >= sizeof r->id || (value.len > 0 && memchr(value.at, '\0', value.len) != NULL))
        return;
    if (value.len > 0)
        memcpy(r->id, value.at, value.len);
    r->id[value.len] = '\0';
}

static void take_retry(struct sse_read *r, struct str value)
{
    int64_t ms = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return;
        ms = ms < RETRY_MAX_MS ? ms * 10 + (value.at[i] - '0') : ms;
    }
    if (value.len > 0)
        r->retry_ms = ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

static void take_field(struct sse_read *r, struct str line)
{
    struct str name, value;
    (void)str_cut(line, ':', &name, &value);
    if (value.len > 0 && value.at[0] == ' ')
        value = (struct str){value.at + 1, value.len - 1};
    if (str_is(name, "data")) {
        if (r->has_data)
            buf_putc(&r->data, '\n');
        buf_put(&r->data, value.at, value.len);
        r->has_data = true;
        r->failed = r->failed || r->data.failed;
    } else if (str_is(name, "id")) {
        take_id(r, value);
    } else if (str_is(name, "retry")) {
        take_retry(r, value);
    }
}

/* True when the line ends an event that has data. */
static bool take_line(struct sse_read *r, struct str line, struct str *data)
{
    if (line.len > 0) {
        take_field(r, line);
        return false;
    }
    *data = buf_str(&r->data);
    r->taken = true;
    return data->len > 0;
}

bool sse_read_next(struct sse_read *r, struct str *data)
{
    struct str line;
    enum lines_step step;
    while (!r->failed) {
        if (r->taken) {
            buf_clear(&r->data);
            r->taken = r->has_data = false;
        }
        step = lines_next(&r->lines, &line);
        if (step == LINES_NONE)
            return false;
        if (step == LINES_TOO_LONG)
            r->failed = true;
        else if (take_line(r, line, data))
            return true;
    }
    return false;
}
