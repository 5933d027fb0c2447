/* A broken invariant is a bug in closegate, never bad input: it is always compiled in, and we stop,
 * because a ledger's gatekeeper that goes on with a false belief is worse than one that is down. */
#ifndef COMMON_BASE_INVARIANT_H
#define COMMON_BASE_INVARIANT_H

/* Prints the condition and its place to stderr and aborts. */
__attribute__((noreturn)) void invariant_broken(const char *cond, const char *file, int line);

#define INVARIANT(cond) ((cond) ? (void)0 : invariant_broken(#cond, __FILE__, __LINE__))

#endif
