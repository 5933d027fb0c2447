/* A thread for what may take long before anybody knows who calls: a token's signature, and fetching
 * the keys that it is checked with. Neither the loop nor the threads that read the book wait for a
 * provider, so a stranger with invented tokens holds up nobody who was known before. Submitted and
 * answered on the loop thread. */
#ifndef ENGINE_AUTH_PROVER_H
#define ENGINE_AUTH_PROVER_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/sys/loop.h"

/* How many may wait; more are ERR_LIMIT. */
#define PROVER_DEPTH 1024

struct prover;

/* One piece of work; stays the caller's, and valid until `done`. */
struct proof {
    loop_fn *run;  /* on the prover's thread */
    loop_fn *done; /* then, exactly once, on the loop thread */
    void *arg;     /* of both */
};

MUST_CHECK struct err prover_start(struct loop *loop, struct prover **prover);
/* Takes no more, and returns once all that was submitted is done. NULL is fine. */
void prover_stop(struct prover *prover);

MUST_CHECK struct err prover_submit(struct prover *prover, struct proof *proof);

struct prover_stats {
    size_t waiting; /* submitted and not answered yet */
    int64_t full;   /* what was not taken since it began */
};
struct prover_stats prover_stats(const struct prover *prover);

#endif
