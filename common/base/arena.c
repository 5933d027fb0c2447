/* Blocks of doubling size, bump allocation, a ceiling. Large requests get a block of their own. */
#include "common/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN     (_Alignof(max_align_t))
#define ARENA_BLOCK_MIN 8192u
#define ARENA_BLOCK_MAX (1024u * 1024u)

struct block {
    struct block *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *head;
    size_t bytes_max;
    size_t used;
    size_t block_size;
    bool full;
};

static struct block *block_new(size_t size)
{
    struct block *b = malloc(sizeof *b + size);
    if (b == NULL)
        return NULL;
    b->next = NULL;
    b->used = 0;
    b->size = size;
    return b;
}

struct arena *arena_new(size_t bytes_max)
{
    struct arena *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->bytes_max = bytes_max;
    a->block_size = ARENA_BLOCK_MIN;
    return a;
}

static void blocks_free(struct block *b)
{
    while (b != NULL) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    blocks_free(arena->head);
    free(arena);
}

void arena_reset(struct arena *arena)
{
    if (arena->head != NULL) {
        blocks_free(arena->head->next);
        arena->head->next = NULL;
        arena->head->used = 0;
    }
    arena->used = 0;
    arena->full = false;
}

/* A block with room for `size`; the newest block is the head. */
static struct block *block_with_room(struct arena *a, size_t size)
{
    if (a->head != NULL && a->head->size - a->head->used >= size)
        return a->head;
    if (size <= a->block_size && a->head != NULL && a->block_size < ARENA_BLOCK_MAX)
        a->block_size *= 2;
    struct block *b = block_new(size > a->block_size ? size : a->block_size);
    if (b == NULL)
        return NULL;
    b->next = a->head;
    a->head = b;
    return b;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - ARENA_ALIGN) {
        arena->full = true;
        return NULL;
    }
    size_t need = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (need == 0)
        need = ARENA_ALIGN;
    if (arena->full || need > arena->bytes_max - arena->used) {
        arena->full = true;
        return NULL;
    }
    struct block *b = block_with_room(arena, need);
    if (b == NULL) {
        arena->full = true;
        return NULL;
    }
    void *p = b->bytes + b->used;
    b->used += need;
    arena->used += need;
    return memset(p, 0, size);
}

void *arena_array(struct arena *arena, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        arena->full = true;
        return NULL;
    }
    return arena_alloc(arena, bytes);
}

void *arena_grow(struct arena *arena, void *array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return array;
    const size_t more = *cap == 0 ? 8 : *cap * 2;
    void *longer = arena_array(arena, more, size);
    if (longer == NULL)
        return NULL;
    if (n > 0)
        memcpy(longer, array, n * size);
    *cap = more;
    return longer;
}

char *arena_dup(struct arena *arena, const char *bytes, size_t len)
{
    char *p = len == SIZE_MAX ? NULL : arena_alloc(arena, len + 1);
    if (p != NULL && len > 0)
        memcpy(p, bytes, len);
    return p;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_dup(arena, text, strlen(text));
}

char *arena_vfmt(struct arena *arena, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0)
        return NULL;
    char *p = arena_alloc(arena, (size_t)n + 1);
    if (p != NULL)
        (void)vsnprintf(p, (size_t)n + 1, fmt, ap);
    return p;
}

char *arena_fmt(struct arena *arena, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *p = arena_vfmt(arena, fmt, ap);
    va_end(ap);
    return p;
}

bool arena_full(const struct arena *arena)
{
    return arena->full;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

struct err arena_check(const struct arena *arena)
{
    ENSURE(!arena->full, ERR_LIMIT, "the request needs more memory than one request may have");
    return OK;
}
