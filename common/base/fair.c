/* A ring of flows, each known by its first item; a small table finds a flow's first by its number.
 * Numbers are hashes, so a slot holds few flows unless somebody who can choose them has found out
 * how; then finding one is a walk over those that wait, which their caller bounds. */
#include "common/base/fair.h"

#include "common/base/invariant.h"

static struct fair_slot *slot_of(struct fair *fair, uint64_t flow)
{
    return &fair->slots[(flow ^ (flow >> 32)) % FAIR_SLOTS];
}

static struct fair_item *first_of(struct fair *fair, uint64_t flow)
{
    struct fair_item *first = LIST_FIRST(slot_of(fair, flow));
    while (first != NULL && first->flow != flow)
        first = LIST_NEXT(first, same);
    return first;
}

void fair_init(struct fair *fair)
{
    *fair = (struct fair){0};
    TAILQ_INIT(&fair->turns);
    for (size_t i = 0; i < FAIR_SLOTS; i++)
        LIST_INIT(&fair->slots[i]);
}

void fair_push(struct fair *fair, struct fair_item *item, uint64_t flow)
{
    struct fair_item *first = first_of(fair, flow);
    *item = (struct fair_item){.flow = flow, .last = item};
    fair->n++;
    if (first != NULL) {
        first->last->behind = item;
        first->last = item;
        return;
    }
    LIST_INSERT_HEAD(slot_of(fair, flow), item, same);
    TAILQ_INSERT_TAIL(&fair->turns, item, turn);
}

struct fair_item *fair_pop(struct fair *fair)
{
    struct fair_item *item = TAILQ_FIRST(&fair->turns);
    if (item == NULL)
        return NULL;
    struct fair_item *next = item->behind;
    TAILQ_REMOVE(&fair->turns, item, turn);
    LIST_REMOVE(item, same);
    fair->n--;
    if (next != NULL) {
        next->last = item->last;
        LIST_INSERT_HEAD(slot_of(fair, next->flow), next, same);
        TAILQ_INSERT_TAIL(&fair->turns, next, turn);
    }
    item->behind = NULL;
    return item;
}

void fair_unpop(struct fair *fair, struct fair_item *item)
{
    struct fair_item *next = first_of(fair, item->flow);
    INVARIANT(item->behind == NULL && item != next);
    item->behind = next;
    item->last = item;
    if (next != NULL) {
        item->last = next->last;
        TAILQ_REMOVE(&fair->turns, next, turn);
        LIST_REMOVE(next, same);
    }
    LIST_INSERT_HEAD(slot_of(fair, item->flow), item, same);
    TAILQ_INSERT_HEAD(&fair->turns, item, turn);
    fair->n++;
}
