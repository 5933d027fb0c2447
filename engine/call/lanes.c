/* The order in which a thread takes what waits for it. */
#include "engine/call/lanes.h"

#include "engine/call/threads.h"

#define CHUNK       256
#define PASSED_OVER 8 /* in a row, then it is the turn of those further back */

static struct work *work_of(struct fair_item *item)
{
    return item == NULL ? NULL : (struct work *)((char *)item - offsetof(struct work, place));
}

void lanes_init(struct lanes *lanes)
{
    *lanes = (struct lanes){.passed_over = 0};
    for (size_t i = 0; i < LANES; i++)
        fair_init(&lanes->lane[i]);
}

size_t lanes_waiting(const struct lanes *lanes)
{
    size_t n = 0;
    for (size_t i = 0; i < LANES; i++)
        n += lanes->lane[i].n;
    return n;
}

/* What was sent and has not arrived is waited for: it is on its way, and may be a person's. */
struct err lanes_gather(struct lanes *lanes, struct bus_port *port, bool wait)
{
    void *items[CHUNK];
    struct err e = OK;
    while (e.kind == ERR_NONE && (wait || bus_waiting(port))) {
        size_t n;
        e = bus_recv(port, true, items, CHUNK, &n);
        for (size_t i = 0; i < n; i++) {
            struct work *w = items[i];
            fair_push(&lanes->lane[w->asker.lane], &w->place, w->asker.flow);
            lanes->taken[w->asker.lane]++;
        }
        wait = false;
    }
    return e;
}

bool lanes_ahead(const struct lanes *lanes, enum lane lane)
{
    for (unsigned i = 0; i < lane; i++)
        if (lanes->lane[i].n > 0)
            return true;
    return false;
}

struct work *lane_next(struct lanes *lanes, enum lane lane)
{
    return work_of(fair_pop(&lanes->lane[lane]));
}

void lane_again(struct lanes *lanes, struct work *work)
{
    fair_unpop(&lanes->lane[work->asker.lane], &work->place);
}

struct work *lanes_next(struct lanes *lanes)
{
    size_t first = 0, last = LANES - 1;
    while (first < LANES && lanes->lane[first].n == 0)
        first++;
    if (first == LANES)
        return NULL;
    while (lanes->lane[last].n == 0)
        last--;
    lanes->passed_over = first == last ? 0 : lanes->passed_over + 1;
    if (lanes->passed_over <= PASSED_OVER)
        return lane_next(lanes, (enum lane)first);
    lanes->passed_over = 0;
    return lane_next(lanes, (enum lane)last);
}
