/* What fails in this process, and when: the n-th allocation, the n-th call of SQLite's file system
 * or the n-th call for a file of ours, alone or with all that follow. Only between fault_begin and
 * fault_end is anything counted or failed: there the product works, elsewhere its judge does.
 *
 * Allocations are the process's own malloc, calloc, realloc and aligned ones, whoever asks: arenas,
 * SQLite (without its own pools of small pieces), yajl, libyaml, OpenSSL, zlib and the C library.
 * What a library maps by itself (SQLite's shared index of the log, a thread's stack) is not. Files
 * are those that the engine opens, writes, syncs, names and removes through the C library; standard
 * output is not one of them. */
#ifndef TESTS_FAULT_TORTURE_FAULT_H
#define TESTS_FAULT_TORTURE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum fault { FAULT_MEMORY = 0, FAULT_DATABASE, FAULT_FILES, FAULT_N };
const char *fault_name(enum fault fault); /* memory, database, files */

/* Once, before anything uses SQLite. */
void fault_install(void);

/* The n-th of its kind from now on fails, and with `for_good` every one after it. n 0: none. Counts
 * begin anew. */
void fault_set(enum fault fault, uint64_t n, bool for_good);
void fault_begin(void);
void fault_end(void);

uint64_t fault_count(enum fault fault); /* since fault_set */
bool fault_hit(void);                   /* has anything been failed since then? */
/* Allocations that are not freed; no figure with the address sanitizer, by whose hand strdup
 * allocates past us. */
int64_t fault_live(void);

/* For the hooks: true when this one is to fail. */
bool fault_due(enum fault fault);
void fault_live_add(int n);

#endif
