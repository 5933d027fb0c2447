/* A statement about a log's key: from which size on which key signs, and whom it follows. A signed
 * note whose text is
 *
 *     closegate-log-key/1
 *     <origin>
 *     from <size>
 *     old <vkey, or - for the first>
 *     new <vkey>
 *
 * signed by the new key and, but for the first, by the old one too: neither alone can say it.
 * A KEY_ROTATED event carries it (the size is the event's seq), and so does a file of the chain of
 * keys. Checkpoints of `from` leaves or more are the new key's, smaller ones the old one's. */
#ifndef COMMON_VERIFY_STATEMENT_H
#define COMMON_VERIFY_STATEMENT_H

#include "common/sys/note.h"

#define KEY_STATEMENT_FORMAT "closegate-log-key/1"
#define KEY_CHAIN_FORMAT     "closegate-key-chain/1"

struct key_statement {
    struct str origin; /* a slice of what was parsed */
    uint64_t from;     /* at least 1 */
    bool first;        /* there was no key before */
    struct note_key before, now;
};

/* Both signatures are checked too: ERR_AUTH when one is missing or does not hold, and for any
 * signature beside them. ERR_INPUT with the line. Both keys bear the origin as their name. */
MUST_CHECK struct err key_statement_parse(struct str note, struct key_statement *s);
/* Appends the whole note. `before` is NULL for the first key. */
MUST_CHECK struct err key_statement_sign(const char *origin, uint64_t from,
                                         const struct note_signer *before,
                                         const struct note_signer *now, struct buf *out);

#endif
