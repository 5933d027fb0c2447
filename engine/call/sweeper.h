/* The sweeper: on the loop's timer it submits the housekeeping tools (engine/tools/sweeps.c) one
 * after the other as engine:sweeper through the spine, among everybody else's calls. A tool that
 * says `more: true` is asked again at once, so that a backlog is worked off in bounded steps; what
 * found nothing to do records nothing. An error or a denial is logged and counted, and the next
 * tool has its turn: housekeeping never stops the engine. */
#ifndef ENGINE_CALL_SWEEPER_H
#define ENGINE_CALL_SWEEPER_H

#include "engine/call/spine.h"

struct sweeper;

struct sweeper_options {
    struct spine *spine;
    int64_t every_s; /* between the beginnings of two rounds; 0: no timer, only sweeper_round */
    bool prod;
    const struct tool *const *sweeps; /* ended by NULL */
    const char *engine_id;            /* NULL: engine:sweeper */
};

/* Everything happens on the loop thread. No round begins before a policy is set. */
MUST_CHECK struct err sweeper_start(struct loop *loop, const struct sweeper_options *options,
                                    struct sweeper **sweeper);
/* The policy of rounds from now on; not copied. It must outlive the call under way. */
void sweeper_set_policy(struct sweeper *sweeper, const struct policy *policy);
/* Begins a round now, unless one is under way. */
void sweeper_round(struct sweeper *sweeper);
/* Takes NULL. After spine_stop: no call is under way any more. */
void sweeper_free(struct sweeper *sweeper);

struct sweeper_stats {
    int64_t rounds; /* begun */
    int64_t calls, acted, denied, failed;
    bool under_way;
};
struct sweeper_stats sweeper_stats(const struct sweeper *sweeper);

/* One round on a locked book, without a daemon. Calls that fail are counted, and *why is the first
 * one's reason, in `arena`; the error is only for what kept the round from being made. */
struct sweep_report {
    int64_t calls, acted, denied, failed;
    struct err why;
};
MUST_CHECK struct err sweep_book(struct store *writer, const struct sweeper_options *options,
                                 const struct policy *policy, int64_t (*clock_us)(void),
                                 struct arena *arena, struct sweep_report *report);

#endif
