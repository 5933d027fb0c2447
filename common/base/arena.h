/* One request's memory. Everything a request makes comes from its arena and leaves with it; there
 * is no free of a part. A ceiling stops a request from eating the machine: past it arena_alloc
 * gives NULL, and arena_full stays true, so that a builder may be asked once, at its end. An
 * argument called `arena` says: the result lives there. Not for sharing between threads. */
#ifndef COMMON_BASE_ARENA_H
#define COMMON_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct arena;

/* A new arena that hands out at most `bytes_max`; NULL when the heap has nothing left. */
struct arena *arena_new(size_t bytes_max);
void arena_free(struct arena *arena);
CLEANUP_DEFINE(struct arena *, arena_free)

/* Forgets everything handed out, keeps one block for the next request. */
void arena_reset(struct arena *arena);

/* `size` zeroed bytes, aligned for any type, or NULL past the ceiling. size 0 gives a valid
 * pointer. */
void *arena_alloc(struct arena *arena, size_t size);

/* `n` elements of `size`, zeroed; NULL also when n * size overflows. */
void *arena_array(struct arena *arena, size_t n, size_t size);
/* An array with room for one more than its `n` elements of `size` bytes: `array` itself while that
 * is below *cap, else a longer copy (the old one stays in the arena), and *cap is the copy's. NULL,
 * and *cap as it was, past the ceiling. `array` is NULL at first, *cap 0. */
void *arena_grow(struct arena *arena, void *array, size_t n, size_t *cap, size_t size);

/* A NUL-terminated copy of `len` bytes (the bytes may hold NUL). NULL past the ceiling. */
char *arena_dup(struct arena *arena, const char *bytes, size_t len);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_fmt(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vfmt(struct arena *arena, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* True once any allocation was refused. */
bool arena_full(const struct arena *arena);
size_t arena_used(const struct arena *arena);

/* OK, or ERR_LIMIT once an allocation was refused: what a builder returns at its end. */
MUST_CHECK struct err arena_check(const struct arena *arena);

#define ARENA_NEW(arena, type)      ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, n, type) ((type *)arena_array((arena), (n), sizeof(type)))

#endif
