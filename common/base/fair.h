/* Whose turn it is. Things wait in flows (one of an actor, say), each flow in the order it came,
 * and flows take turns: a flow of five hundred waits behind itself, and one of another flow behind
 * one of it. Intrusive, so nothing is allocated and nothing can fail; one thread. */
#ifndef COMMON_BASE_FAIR_H
#define COMMON_BASE_FAIR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define FAIR_SLOTS 256

/* Lives in what waits. `flow` may be read; the rest is fair.c's. */
struct fair_item {
    uint64_t flow;
    TAILQ_ENTRY(fair_item) turn; /* of a flow's first: its flow's place among the flows */
    LIST_ENTRY(fair_item) same;  /* of a flow's first: among those whose flow has the same slot */
    struct fair_item *behind;    /* the next of its flow */
    struct fair_item *last;      /* of a flow's first: the last of its flow */
};

struct fair {
    TAILQ_HEAD(fair_turns, fair_item) turns; /* each flow's first; the head is next */
    LIST_HEAD(fair_slot, fair_item) slots[FAIR_SLOTS];
    size_t n; /* items, over all flows */
};

void fair_init(struct fair *fair);

/* Last of its flow. A flow that had nothing waiting comes after all others. */
void fair_push(struct fair *fair, struct fair_item *item, uint64_t flow);

/* The next one, which waits no more; its flow comes after all others. NULL: nothing waits. */
struct fair_item *fair_pop(struct fair *fair);

/* Undoes the fair_pop that gave `item`; several in the reverse order, with no push between. After
 * pushes it still is the next one. */
void fair_unpop(struct fair *fair, struct fair_item *item);

#endif
