/* Whether evidence holds. Each function adds its lines to the report and answers whether all of
 * them do. Facts worth knowing (the event's number, its time, who decided what) go to the report's
 * facts, as the evidence says them. */
#ifndef COMMON_VERIFY_CHECK_H
#define COMMON_VERIFY_CHECK_H

#include "common/verify/receipt.h"
#include "common/verify/trust.h"

#define ORIGIN_PREFIX "closegate/" /* and the book's id */

/* How an event may be at most: what the engine writes. */
#define EVENT_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define EVENT_NODES_MAX ((size_t)1000 * 1000)

/* The checkpoint's signatures, that the event is in its tree at its own number, that it is
 * canonical JSON and of the book whose log it is. */
bool check_receipt(const struct receipt *r, const struct trust *trust, struct report *report);

/* What a log's order rests on; slices of the event or of the arena. */
struct event_look {
    struct str type, utc;
};

/* The event's text is canonical JSON (RFC 8785), of number `seq`, of the book `origin` names: NULL
 * when it is, else the complaint, static. The arena and `scratch`, which is cleared first, are for
 * events that one pass over the bytes does not settle. */
const char *check_event(struct arena *arena, struct str event, uint64_t seq, struct str origin,
                        struct buf *scratch, struct event_look *look);

#endif
