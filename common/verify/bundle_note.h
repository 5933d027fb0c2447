/* What the log's key signs of an evidence bundle, for whoever makes one and whoever checks it:
 *
 *     closegate-bundle/1
 *     <the log's origin>
 *     <first seq> <last seq>
 *     <SHA-256 of manifest.json>
 */
#ifndef COMMON_VERIFY_BUNDLE_NOTE_H
#define COMMON_VERIFY_BUNDLE_NOTE_H

#include "common/base/buf.h"

#define BUNDLE_FORMAT "closegate-bundle/1" /* the manifest's, too */

/* Appends the text of the note. */
void bundle_note_put(struct buf *out, const char *origin, int64_t first_seq, int64_t last_seq,
                     const char *manifest_sha256);

#endif
