/* Where 32 bytes of a secret are in this process's memory: locked and in no core, elsewhere, or
 * nowhere. For a child process that has read nothing else of the secret. */
#ifndef TESTS_UNIT_WHERE_IN_MEMORY_H
#define TESTS_UNIT_WHERE_IN_MEMORY_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WANTED_LEN 32

struct region {
    uintptr_t from, to;
    bool readable, kept; /* locked, and in no core */
};

#define MASK 0xa5

/* Address sanitizer has memory that it lets nobody look at, and keeps what was freed. */
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_IS_OPEN false
#else
#define MEMORY_IS_OPEN true
#endif

static uint8_t wanted[WANTED_LEN]; /* masked, or it would be found here */

/* A sanitizer would look up each byte first, and has none for its own. */
__attribute__((no_sanitize("address", "undefined"))) static bool
found_at(const volatile uint8_t *at)
{
    for (size_t i = 0; i < WANTED_LEN; i++) {
        if ((uint8_t)(at[i] ^ MASK) != wanted[i])
            return false;
    }
    return true;
}

/* The next region of smaps; false at its end. */
static bool region_next(FILE *smaps, struct region *r)
{
    char line[512], rights[8];
    uintptr_t from, to; /* other lines may begin as a number does */
    while (fgets(line, sizeof line, smaps) != NULL) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, rights) == 3) {
            r->from = from;
            r->to = to;
            r->readable = strncmp(rights, "rw", 2) == 0; /* what was never written holds none */
        } else if (strncmp(line, "VmFlags:", 8) == 0) {
            r->kept = strstr(line, " lo") != NULL && strstr(line, " dd") != NULL;
            return true;
        }
    }
    return false;
}

/* 0: in locked memory only; 1: elsewhere; 2: nowhere. */
static int where_it_is(void)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    struct region r = {0};
    int kept = 0, open_to_all = 0;
    while (smaps != NULL && region_next(smaps, &r)) {
        for (uintptr_t at = r.from; r.readable && at + WANTED_LEN <= r.to; at++) {
            if (!found_at((const volatile uint8_t *)at))
                continue;
            kept += r.kept;
            open_to_all += !r.kept;
        }
    }
    if (smaps != NULL)
        (void)fclose(smaps);
    return open_to_all > 0 ? 1 : kept > 0 ? 0 : 2;
}

#endif
