/* Stands before the allocator, the C library's or the address sanitizer's: what is defined in a
 * program comes before what a library has, for every library, too. Compiled without the compiler's
 * knowledge of these names, or calloc would become a call of itself, and never sanitized: the
 * sanitizer itself begins with a call of these. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "tests/fault/torture_fault.h"

#ifdef TORTURE_SANITIZED
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif

void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t n, size_t size);
void *REAL(realloc)(void *old, size_t size);
void *REAL(memalign)(size_t align, size_t size);
void REAL(free)(void *at);
void *memalign(size_t align, size_t size);

static void *given(void *at)
{
    if (at != NULL)
        fault_live_add(1);
    return at;
}

static bool refused(void)
{
    if (!fault_due(FAULT_MEMORY))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return refused() ? NULL : given(REAL(malloc)(size));
}

void *calloc(size_t n, size_t size)
{
    return refused() ? NULL : given(REAL(calloc)(n, size));
}

void *realloc(void *old, size_t size)
{
    if (old == NULL)
        return malloc(size);
    if (size == 0) {
        free(old);
        return NULL;
    }
    return refused() ? NULL : REAL(realloc)(old, size);
}

void *memalign(size_t align, size_t size)
{
    return refused() ? NULL : given(REAL(memalign)(align, size));
}

void *aligned_alloc(size_t align, size_t size)
{
    return memalign(align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
    void *at = memalign(align, size);
    if (at == NULL)
        return ENOMEM;
    *out = at;
    return 0;
}

void free(void *at)
{
    if (at != NULL)
        fault_live_add(-1);
    REAL(free)(at);
}
