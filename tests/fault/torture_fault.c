/* Counting, and whether it is this one. */
#include "tests/fault/torture_fault.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>

#include "tests/fault/fault_vfs.h"

static atomic_bool at_work, hit;
static atomic_ullong counts[FAULT_N], first;
static atomic_int which;
static atomic_bool all_after;
static atomic_llong live;

const char *fault_name(enum fault fault)
{
    static const char *const names[FAULT_N] = {"memory", "database", "files"};
    return names[fault];
}

static bool database_due(void)
{
    return fault_due(FAULT_DATABASE);
}

void fault_install(void)
{
    /* small pieces are allocations like others */
    (void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    fault_vfs_install();
    fault_vfs_sync_nothing();
    fault_vfs_ask(database_due);
}

void fault_set(enum fault fault, uint64_t n, bool for_good)
{
    for (size_t i = 0; i < FAULT_N; i++)
        atomic_store(&counts[i], 0);
    atomic_store(&which, (int)fault);
    atomic_store(&first, n);
    atomic_store(&all_after, for_good);
    atomic_store(&hit, false);
}

void fault_begin(void)
{
    atomic_store(&at_work, true);
}

void fault_end(void)
{
    atomic_store(&at_work, false);
}

uint64_t fault_count(enum fault fault)
{
    return atomic_load(&counts[fault]);
}

bool fault_hit(void)
{
    return atomic_load(&hit);
}

bool fault_due(enum fault fault)
{
    if (!atomic_load(&at_work))
        return false;
    const unsigned long long n = atomic_fetch_add(&counts[fault], 1) + 1,
                             from = atomic_load(&first);
    if ((int)fault != atomic_load(&which) || from == 0 || n < from)
        return false;
    if (n > from && !atomic_load(&all_after))
        return false;
    atomic_store(&hit, true);
    return true;
}

int64_t fault_live(void)
{
    return atomic_load(&live);
}

void fault_live_add(int n)
{
    atomic_fetch_add(&live, n);
}
