/* An evidence bundle (docs/PBC.md), checked without the book: every file against the manifest, the
 * manifest's signature, the log of the period up to a signed checkpoint, the populations and the
 * sample made anew from it, and each sampled decision's receipt. What is not made from the log is
 * as good as the signature on the manifest: it is what the book answered whoever exported it. */
#ifndef COMMON_VERIFY_BUNDLE_H
#define COMMON_VERIFY_BUNDLE_H

#include <stdio.h>

#include "common/verify/trust.h"

/* An archive that unpacks to more than this many times its size, and to more than BUNDLE_FREE, is
 * none of ours. */
#define BUNDLE_RATIO_MAX   200
#define BUNDLE_FREE        ((uint64_t)64 << 20)
#define BUNDLE_BYTES_MAX   ((uint64_t)64 << 30)
#define BUNDLE_ENTRIES_MAX 100000

/* `from` holds `len` bytes. Adds lines to the report, and widens `trust` by the bundle's own key
 * rotations as far as a given key vouches for them. The error is only for what kept it from
 * looking: no memory, a failing disk; what is no bundle is a line that does not hold. */
MUST_CHECK struct err bundle_check(struct arena *arena, FILE *from, uint64_t len,
                                   struct trust *trust, struct report *report);

#endif
