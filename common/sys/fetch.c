/* One easy handle a thread, for its connections: libcurl connects, speaks HTTP and verifies TLS;
 * the answer lands in the arena. What a guard judges never shares a connection, and a call made
 * from within `take` has a handle of its own. */
#include "common/sys/fetch.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/invariant.h"
#include "common/sys/fetch_own.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_kept;

/* A thread's. */
struct kept {
    CURL *curl;
    bool busy;
};

struct exchange {
    struct fetch_easy easy;
    struct kept *kept; /* whose handle it is; NULL: the exchange's own */
};

static void kept_free(void *arg)
{
    struct kept *kept = arg;
    curl_easy_cleanup(kept->curl);
    free(kept);
}

static void key_make(void)
{
    INVARIANT(pthread_key_create(&thread_kept, kept_free) == 0);
}

/* NULL without memory. */
static struct kept *kept_of_thread(void)
{
    (void)pthread_once(&once, key_make);
    struct kept *kept = pthread_getspecific(thread_kept);
    if (kept != NULL)
        return kept;
    kept = calloc(1, sizeof *kept);
    if (kept == NULL || (kept->curl = curl_easy_init()) == NULL ||
        pthread_setspecific(thread_kept, kept) != 0) {
        if (kept != NULL)
            kept_free(kept);
        return NULL;
    }
    return kept;
}

static void exchange_handle(struct exchange *x)
{
    const bool ready = fetch_easy_start();
    struct kept *kept = ready && x->easy.req->guard == NULL ? kept_of_thread() : NULL;
    if (kept == NULL || kept->busy) {
        x->easy.curl = ready ? curl_easy_init() : NULL;
        return;
    }
    kept->busy = true;
    x->kept = kept;
    x->easy.curl = kept->curl;
}

static void exchange_fini_cleanup(struct exchange *x)
{
    if (x->kept == NULL) {
        curl_easy_cleanup(x->easy.curl);
    } else {
        curl_easy_reset(x->easy.curl); /* nothing of this exchange is pointed to any more */
        x->kept->busy = false;
    }
    fetch_easy_fini(&x->easy);
}

static int on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                       curl_off_t up)
{
    const struct fetch_req *req = ((const struct exchange *)arg)->easy.req;
    (void)down_all, (void)down, (void)up_all, (void)up;
    return req->give_up(req->ctx) ? 1 : 0;
}

static struct err set_give_up(struct exchange *x)
{
    CURL *curl = x->easy.curl;
    int rc = 0;
    rc |= (int)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    rc |= (int)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, x);
    rc |= (int)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    ENSURE(rc == 0, ERR_BUG, "libcurl tells of no progress");
    return OK;
}

struct err fetch(struct arena *arena, const struct fetch_req *req, struct fetch_reply *out)
{
    *out = (struct fetch_reply){0};
    __attribute__((cleanup(exchange_fini_cleanup))) struct exchange x = {.easy = {.req = req}};
    exchange_handle(&x);
    ENSURE(x.easy.curl != NULL, ERR_LIMIT, "libcurl cannot be set up");
    TRY(fetch_easy_set(arena, &x.easy));
    if (req->give_up != NULL)
        TRY(set_give_up(&x));
    TRY(fetch_easy_outcome(&x.easy, curl_easy_perform(x.easy.curl)));
    TRY(fetch_easy_reply(arena, &x.easy, out));
    out->body.at = arena_dup(arena, out->body.at, out->body.len);
    ENSURE(out->body.at != NULL, ERR_LIMIT, "the answer does not fit into memory");
    return OK;
}

const char *fetch_header(const struct fetch_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->pairs_n; i++) {
        if (str_is_nocase(str_of(reply->pairs[i].name), name))
            return reply->pairs[i].value;
    }
    return NULL;
}
