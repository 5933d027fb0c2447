/* Any bytes, cut anywhere: the parser never misbehaves, and every cut gives the same requests,
 * verdicts and consumed bytes. The first input byte seeds the cuts, the rest is the stream. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_MAX ((size_t)4096)

static uint64_t mix(uint64_t h, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001B3);
    return (h ^ len) * UINT64_C(0x100000001B3);
}

static uint64_t mix_request(uint64_t h, const struct http_req *req)
{
    h = mix(h, &req->method, sizeof req->method);
    h = mix(h, req->path.at, req->path.len);
    h = mix(h, req->query.at, req->query.len);
    h = mix(h, req->host.at, req->host.len);
    h = mix(h, req->body.at, req->body.len);
    for (size_t i = 0; i < req->fields_n; i++) {
        h = mix(h, req->fields[i].name.at, req->fields[i].name.len);
        h = mix(h, req->fields[i].value.at, req->fields[i].value.len);
    }
    return h;
}

/* What the whole stream means, when it is cut by `rng`; 0 means not cut at all. */
static uint64_t meaning(const char *bytes, size_t len, uint32_t rng)
{
    struct http1 p;
    uint64_t h = 1;
    size_t at = 0;
    bool cut = rng != 0;
    http1_init(&p);
    while (at < len && p.step != HTTP1_REFUSED) {
        rng = rng * 1664525U + 1013904223U;
        size_t n = cut ? 1 + (rng >> 24) % 16 : len - at;
        n = n < len - at ? n : len - at;
        size_t used = 0;
        enum http1_step step = http1_feed(&p, bytes + at, n, &used);
        at += used;
        if (step == HTTP1_HEAD)
            step = http1_body_max(&p, BODY_MAX);
        if (step == HTTP1_DONE) {
            h = mix_request(h, &p.req);
            http1_next(&p);
        } else if (step == HTTP1_MORE && used < n && p.step == HTTP1_MORE && used == 0) {
            abort(); /* no progress */
        }
    }
    h = mix(h, &at, sizeof at);
    h = mix(h, &p.status, sizeof p.status);
    h = mix(h, p.why == NULL ? "" : p.why, p.why == NULL ? 0 : strlen(p.why));
    http1_fini(&p);
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *bytes = (const char *)data + 1;
    uint64_t whole = meaning(bytes, size - 1, 0);
    if (meaning(bytes, size - 1, data[0] * 2654435761U + 1U) != whole)
        abort();
    return 0;
}
