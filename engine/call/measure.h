/* What the spine counts about itself, for /metrics: calls by tool and verdict, and how long each
 * step took. Counting is a no-op until measure_init, and from any thread. */
#ifndef ENGINE_CALL_MEASURE_H
#define ENGINE_CALL_MEASURE_H

#include "common/sys/metrics.h"
#include "engine/tools/tool.h"

/* Where a call's time goes. QUEUE: from submission to the group or the reader that takes it. */
enum step { STEP_QUEUE = 0, STEP_PLAN, STEP_GATE, STEP_APPLY, STEP_RECORD, STEP_READ, STEP_N };

/* Once a process, before any thread counts; measure_fini after the last one. */
MUST_CHECK struct err measure_init(void);
void measure_fini(void);

/* The call has its outcome. */
void measure_call(const struct call *c);
/* A step that began at `since_us` (metric_now_us) is over. Returns the time now, when the next one
 * begins. */
int64_t measure_step(enum step step, int64_t since_us);
/* The wait of one that was handed over at `queued_us`. */
void measure_queue(int64_t queued_us, int64_t now_us);
void measure_group(size_t calls);
void measure_commit(int64_t since_us);

void measure_print(struct buf *out);

#endif
