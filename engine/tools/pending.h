/* Private to engine/tools: what waits, chosen, counted and put in order. */
#ifndef ENGINE_TOOLS_PENDING_H
#define ENGINE_TOOLS_PENDING_H

#include "engine/store/queue.h"
#include "engine/tools/scope.h"
#include "engine/tools/sla.h"

/* Which ones; members left out do not filter. */
struct pending_filter {
    const char *entity_id, *reason, *tool;
    const char *q; /* in any text of what it binds, or the code; ASCII letters of either case */
    int tier;      /* enum tier + 1; 0: any; under this policy: */
    const struct policy *policy;
    bool prod;
    bool has_min, has_max;
    struct money min, max;   /* of the amount's size; other currencies do not pass */
    const char *currency;    /* only this one */
    const char *made_until;  /* an instant's text: made then or before */
    const char *const *only; /* ids, ascending; NULL: any */
    size_t only_n;
};

enum pending_order { ORDER_OLDEST = 0, ORDER_SLA, ORDER_NEWEST, ORDER_AMOUNT };

/* One that passes, and what it is ordered by. */
struct pending_item {
    const char *escalation_id;
    bool has_amount;
    struct money amount;
};

struct pending {
    struct pending_item *items; /* in order */
    size_t n;
    struct json *counts; /* of all that is open and the caller sees, and how many of it pass */
};

/* Of what is open. */
MUST_CHECK struct err pending_find(struct sla *sla, const struct scope *scope,
                                   const struct pending_filter *filter, enum pending_order order,
                                   struct pending *found);

/* Whether one passes, wherever it was read. `bound` is needed when the filter has a q. */
MUST_CHECK struct err pending_passes(struct arena *arena, const struct pending_filter *filter,
                                     const struct queue_row *row, bool *yes);

/* a stands before b: < 0. */
int pending_compare(enum pending_order order, const struct pending_item *a,
                    const struct pending_item *b);

#endif
