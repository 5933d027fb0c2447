/* The text that stands in manifest.note. */
#include "common/verify/bundle_note.h"

#include <inttypes.h>

void bundle_note_put(struct buf *out, const char *origin, int64_t first_seq, int64_t last_seq,
                     const char *manifest_sha256)
{
    buf_putf(out, BUNDLE_FORMAT "\n%s\n%" PRId64 " %" PRId64 "\n%s\n", origin, first_seq, last_seq,
             manifest_sha256);
}
