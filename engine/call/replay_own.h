/* Private to engine/call: a replay under way, and the policies it decides under. */
#ifndef ENGINE_CALL_REPLAY_OWN_H
#define ENGINE_CALL_REPLAY_OWN_H

#include "engine/call/replay.h"
#include "engine/gate/gate.h"
#include "engine/store/store.h"

/* A POLICY_LOADED event. */
struct replay_load {
    int64_t seq;
    const char *digest;
};

/* One replay; while threads run only who joins changes it. */
struct replay {
    const struct replay_spec *spec;
    struct arena *arena;
    struct replay_report *report;
    struct replay_load *loads; /* by seq */
    size_t loads_n, loads_cap;
};

/* A policy as it was in force. */
struct replay_policy {
    char digest[65];
    const struct policy *policy; /* bound to the book's entities; NULL with one of these: */
    const char *broken;          /* what is wrong with the text that the book keeps */
    const char *unknown;         /* why it cannot be read here */
    const char *unsure;          /* an entity whose currency decides, and may have been another */
    int64_t since;               /* the first event that loaded it; 0: none did */
    struct replay_policy *next;
};

/* Every load of a policy, on a snapshot, before the threads start. */
MUST_CHECK struct err replay_loads_read(struct replay *w, struct tx *tx);
/* How many policies the range was decided under, as the log says. */
void replay_policies_count(struct replay *w);
/* Whether another policy had been loaded before this event: it was asked before. */
bool replay_was_late(const struct replay *w, const struct replay_policy *policy, int64_t seq);

/* One thread's policies, each read once. */
struct replay_policies;
MUST_CHECK struct err replay_policies_new(const struct replay *w, struct tx *tx,
                                          struct replay_policies **policies);
void replay_policies_free(struct replay_policies *policies); /* takes NULL */
/* Of this digest (NULL: an event that names none); never NULL. It was in force before `seq`, or it
 * is one that is `broken`. */
MUST_CHECK struct err replay_policy_find(struct replay_policies *policies, const char *digest,
                                         int64_t seq, const struct replay_policy **policy);

#endif
