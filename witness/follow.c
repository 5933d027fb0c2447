/* The thread that follows. A log that cannot be reached is a warning; one that shows a tree which
 * does not go on from what was cosigned is an error, and stays one until somebody looks. */
#include "witness/follow.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "common/sys/fetch.h"
#include "common/sys/log.h"
#include "common/sys/log_key.h"
#include "witness/tiles.h"

#define ROUND_BYTES ((size_t)8 * 1024 * 1024)
#define TIMEOUT_MS  10000u

struct follower {
    const struct witness_settings *settings;
    struct witness *witness;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    atomic_bool stopping;
};

/* One look at one log. */
struct look {
    struct follower *f;
    struct arena *arena;
    const char *url;
    struct str bytes; /* the checkpoint's note */
    struct note note;
    struct checkpoint checkpoint;
};

static bool give_up(void *ctx)
{
    const struct follower *f = ctx;
    return atomic_load(&f->stopping);
}

static struct fetch_req request(struct follower *f)
{
    return (struct fetch_req){
        .method = "GET", .timeout_ms = TIMEOUT_MS, .give_up = give_up, .ctx = f};
}

static struct err get(struct look *l, const char *path, size_t bytes_max, struct str *body)
{
    struct fetch_req req = request(l->f);
    struct fetch_reply reply;
    req.url = arena_fmt(l->arena, "%s%s", l->url, path);
    req.reply_max = bytes_max;
    TRY(arena_check(l->arena));
    TRY(fetch(l->arena, &req, &reply));
    if (reply.status != 200)
        return err_fmt(l->arena, ERR_UPSTREAM, path, "the log answers %d", reply.status);
    *body = reply.body;
    return OK;
}

static struct err checkpoint_get(struct look *l)
{
    TRY(get(l, "/checkpoint", NOTE_BYTES_MAX, &l->bytes));
    TRY(err_in(note_parse(l->bytes, &l->note), "/checkpoint"));
    return err_in(checkpoint_parse(l->note.text, &l->checkpoint), "/checkpoint");
}

static struct err proof_make(struct look *l, uint64_t from, struct merkle_proof *proof)
{
    struct tiles tiles = {
        .arena = l->arena, .url = l->url, .size = l->checkpoint.size, .via = request(l->f)};
    *proof = (struct merkle_proof){.n = 0};
    if (from == 0)
        return OK;
    return merkle_consistency(from, l->checkpoint.size, tiles_node, &tiles, proof);
}

/* The keys that the log shows; the witness believes those that a key it knows vouches for. */
static struct err keys_bring(struct look *l)
{
    __attribute__((cleanup(witness_answer_fini_cleanup))) struct witness_answer a;
    struct str body;
    witness_answer_init(&a);
    TRY(get(l, "/keys", LOG_KEY_CHAIN_BYTES_MAX, &body));
    witness_add_keys(l->f->witness, body, &a);
    if (a.status != 200)
        log_warn("a key of the log is not believed", LOG_TEXT("log", l->url),
                 LOG_STR("why", buf_str(&a.body)), LOG_END);
    return OK;
}

static struct err bring(struct look *l, uint64_t from, const struct merkle_proof *proof,
                        struct witness_answer *a)
{
    CLEANUP(buf_fini) struct buf body;
    const struct witness_ask ask = {.old = from, .proof = *proof, .checkpoint = l->bytes};
    buf_init(&body, WITNESS_ASK_MAX);
    witness_ask_print(&ask, &body);
    TRY(buf_check(&body));
    witness_add_checkpoint(l->f->witness, buf_str(&body), a);
    if (a->status != 403)
        return OK;
    TRY(keys_bring(l));
    witness_add_checkpoint(l->f->witness, buf_str(&body), a);
    return OK;
}

static struct err judge(struct look *l, uint64_t last)
{
    __attribute__((cleanup(witness_answer_fini_cleanup))) struct witness_answer a;
    struct merkle_proof proof;
    witness_answer_init(&a);
    TRY(proof_make(l, last, &proof));
    TRY(bring(l, last, &proof, &a));
    if (a.status != 200 && a.status != 409) /* 409: it brought more meanwhile; a fork was told */
        log_error("what the log shows was not cosigned", LOG_TEXT("log", l->url),
                  LOG_INT("status", a.status), LOG_INT("last", last),
                  LOG_INT("size", l->checkpoint.size), LOG_STR("why", buf_str(&a.body)), LOG_END);
    return OK;
}

static struct err look_at(struct look *l)
{
    struct merkle_hash root;
    uint64_t last;
    TRY(checkpoint_get(l));
    ENSURE(witness_last(l->f->witness, l->checkpoint.origin, &last, &root), ERR_MISSING,
           "the log is not one of CLOSEGATE_WITNESS_LOGS");
    if (l->checkpoint.size < last) /* more may have been brought since it was asked */
        TRY(checkpoint_get(l));
    if (l->checkpoint.size < last) {
        log_error("the log shows fewer events than were cosigned", LOG_TEXT("log", l->url),
                  LOG_INT("last", last), LOG_INT("size", l->checkpoint.size), LOG_END);
        return OK;
    }
    if (l->checkpoint.size == last && last > 0 && merkle_eq(&root, &l->checkpoint.root))
        return OK;
    return judge(l, last);
}

static void round_run(struct follower *f, struct arena *arena)
{
    const struct setting_list *urls = &f->settings->follow;
    for (size_t i = 0; i < urls->n && !atomic_load(&f->stopping); i++) {
        arena_reset(arena);
        struct look l = {.f = f, .arena = arena, .url = urls->items[i]};
        struct err e = look_at(&l);
        if (e.kind != ERR_NONE && !atomic_load(&f->stopping))
            log_warn("a log could not be looked at", LOG_TEXT("log", l.url), LOG_ERR(e), LOG_END);
    }
}

static void rest(struct follower *f)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += f->settings->follow_seconds;
    pthread_mutex_lock(&f->mutex);
    while (!atomic_load(&f->stopping) && pthread_cond_timedwait(&f->wake, &f->mutex, &until) == 0)
        ;
    pthread_mutex_unlock(&f->mutex);
}

static void *follow_run(void *arg)
{
    struct follower *f = arg;
    CLEANUP(arena_free) struct arena *arena = arena_new(ROUND_BYTES);
    if (arena == NULL)
        log_error("no memory to follow logs with", LOG_END);
    while (arena != NULL && !atomic_load(&f->stopping)) {
        round_run(f, arena);
        rest(f);
    }
    return NULL;
}

struct err follow_start(const struct witness_settings *settings, struct witness *witness,
                        struct follower **out)
{
    sigset_t all, before;
    *out = NULL;
    if (settings->follow.n == 0)
        return OK;
    struct follower *f = calloc(1, sizeof *f);
    ENSURE(f != NULL, ERR_LIMIT, "out of memory");
    f->settings = settings;
    f->witness = witness;
    pthread_mutex_init(&f->mutex, NULL);
    pthread_cond_init(&f->wake, NULL);
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&f->thread, NULL, follow_run, f);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        free(f);
        return err_new(ERR_LIMIT, "a thread could not be started");
    }
    *out = f;
    return OK;
}

void follow_stop(struct follower *f)
{
    if (f == NULL)
        return;
    pthread_mutex_lock(&f->mutex);
    atomic_store(&f->stopping, true);
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->mutex);
    pthread_join(f->thread, NULL);
    pthread_cond_destroy(&f->wake);
    pthread_mutex_destroy(&f->mutex);
    free(f);
}
