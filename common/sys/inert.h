/* Text of payees and agents, made fit for a message: it shows, it never acts. Control, bidi and
 * invisible characters become marks, line ends too, what is too long is cut with an ellipsis.
 * Lengths are counted as the chat apps count them, in UTF-16 units of what is sent. Pure. */
#ifndef COMMON_SYS_INERT_H
#define COMMON_SYS_INERT_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/str.h"

/* How the place it goes to reads text. */
enum inert_for {
    INERT_PLAIN = 0, /* nothing is markup there: mail, a text run of an Adaptive Card */
    INERT_SLACK,     /* &, < and > are Slack's to read: they are escaped */
    INERT_MARKDOWN,  /* a text block of an Adaptive Card: Markdown and {{DATE()}} are read */
};

/* One line of at most `max` units (at least 1), in the arena; "" for NULL. NULL: arena full. Bytes
 * that are not UTF-8 become U+FFFD. */
const char *inert_line(struct arena *arena, enum inert_for place, const char *text, size_t max);

/* Lines, for a terminal: as INERT_PLAIN, but line ends and tabs stay, and nothing is cut. What was
 * made of pieces is what is made of the whole when each piece ends with a character. */
void inert_text(struct buf *out, struct str text);

#endif
