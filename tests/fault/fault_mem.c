/* Wraps SQLite's default allocator. */
#include "tests/fault/fault_mem.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static sqlite3_mem_methods real;
static atomic_int count, first, last;

static bool due(void)
{
    int n = atomic_fetch_add(&count, 1);
    return n >= atomic_load(&first) && n < atomic_load(&last);
}

static void *faulty_malloc(int size)
{
    return due() ? NULL : real.xMalloc(size);
}

static void *faulty_realloc(void *old, int size)
{
    return due() ? NULL : real.xRealloc(old, size);
}

void fault_mem_install(void)
{
    sqlite3_mem_methods ours;
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
    ours = real;
    ours.xMalloc = faulty_malloc;
    ours.xRealloc = faulty_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &ours);
}

void fault_mem_fail(int after, int n)
{
    int at = atomic_load(&count) + after;
    atomic_store(&first, at);
    atomic_store(&last, at + n);
}

int fault_mem_count(void)
{
    return atomic_load(&count);
}
