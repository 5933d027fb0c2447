/* What fetch.c and fetch_loop.c share: a request put on an easy handle of libcurl, and what came of
 * it. Private to common/sys/fetch*.c. */
#ifndef COMMON_SYS_FETCH_OWN_H
#define COMMON_SYS_FETCH_OWN_H

#include <curl/curl.h>

#include "common/base/buf.h"
#include "common/sys/fetch.h"

/* At one address from fetch_easy_set on: libcurl's callbacks point to it. */
struct fetch_easy {
    CURL *curl;                  /* the caller's; set before fetch_easy_set */
    const struct fetch_req *req; /* the same; its URL, method and pairs are not read later */
    char *own_body;              /* req's body, freed when it is said; NULL: it is the caller's */
    const char *where;           /* of an error; in fetch_easy_set's arena */
    struct curl_slist *headers;
    struct buf head, body;
    size_t said;      /* of the request's body */
    int64_t moved_ms; /* loop_now_ms of the last byte either way, or of the start */
    bool guarded;     /* and not among the guard's exceptions */
    bool refused;     /* an address was */
};

/* libcurl itself, once a process. False: it cannot be set up. */
bool fetch_easy_start(void);

MUST_CHECK struct err fetch_easy_set(struct arena *arena, struct fetch_easy *x);
/* All but the handle, which may be used no more. */
void fetch_easy_fini(struct fetch_easy *x);

/* As fetch's. */
MUST_CHECK struct err fetch_easy_outcome(const struct fetch_easy *x, CURLcode code);
bool fetch_easy_was_sent(const struct fetch_easy *x);
/* The body stays where it is, in `x`; the rest is copied. */
MUST_CHECK struct err fetch_easy_reply(struct arena *arena, const struct fetch_easy *x,
                                       struct fetch_reply *out);

#endif
