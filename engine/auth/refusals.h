/* Refused callers, counted by who (or from where) they were, and told to the log a few times a
 * minute each: enough to notice an attack, too little to be one. One thread. */
#ifndef ENGINE_AUTH_REFUSALS_H
#define ENGINE_AUTH_REFUSALS_H

#include <stddef.h>
#include <stdint.h>

#define REFUSALS_LOGGED_MAX 5 /* lines a minute and caller */

struct refusal_slot {
    uint64_t who; /* a hash; 0: free */
    int64_t minute;
    int64_t n;
};

/* All zero is empty. */
struct refusals {
    struct refusal_slot slots[256];
    int64_t total;
};

/* Counts one. `who` is the actor as claimed, or the peer. Returns how many this minute. */
int64_t refusals_add(struct refusals *r, const char *who, int64_t now_us);

/* The same, and a line in the log while the minute's ceiling is not reached. */
void refusals_note(struct refusals *r, const char *who, const char *peer, int status,
                   const char *why, int64_t now_us);

#endif
