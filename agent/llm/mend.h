/* Text that a provider cut anywhere. Some servers end an event in the middle of a character: as raw
 * bytes, or as half of a surrogate pair (`\ud83d`). Such an event is no JSON; yet with the next one
 * the text is whole again. So an event is made JSON first, its broken bytes carried through as
 * marks (pairs of U+FDD0 … U+FDEF, which nobody may send), and the marks of one text become
 * characters again as they complete, or U+FFFD. Pure. */
#ifndef AGENT_LLM_MEND_H
#define AGENT_LLM_MEND_H

#include "common/base/buf.h"

/* The event's bytes as valid UTF-8 without lone surrogate escapes, appended to `out`. */
void mend_event(struct str event, struct buf *out);

/* One text that arrives in pieces; {0} at its beginning. */
struct mend {
    unsigned char held[8]; /* the beginning of a character */
    size_t n;
};

/* Appends the characters that are whole by now; U+0000 becomes U+FFFD. `piece` is valid UTF-8, from
 * the tree of a mended event. */
void mend_put(struct mend *m, struct str piece, struct buf *out);
/* No more comes: what is held was no character. */
void mend_end(struct mend *m, struct buf *out);

#endif
