/* A text/event-stream as a client reads it (HTML, "Server-sent events"): the data of each event,
 * the last id, what `retry` said. Comments, names of events and unknown fields are passed over.
 * Pure. */
#ifndef COMMON_SYS_SSE_READ_H
#define COMMON_SYS_SSE_READ_H

#include <stdint.h>

#include "common/sys/lines.h"

#define SSE_ID_MAX 128

struct sse_read {
    struct lines lines;
    struct buf data;
    bool has_data, taken;
    char id[SSE_ID_MAX]; /* of the last event that had one; "" before */
    int64_t retry_ms;    /* 0: nothing was said */
    bool failed;         /* an event was too large: the stream cannot be followed */
};

void sse_read_init(struct sse_read *r, size_t event_max);
void sse_read_fini(struct sse_read *r);

void sse_read_put(struct sse_read *r, const char *bytes, size_t n);
/* The next event's data (several lines are joined by '\n'), valid until the next call. Events
 * without data are passed over. False: nothing more so far. */
bool sse_read_next(struct sse_read *r, struct str *data);

#endif
