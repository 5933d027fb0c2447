/* Private to the engine's call, mcp and tools: receipts for whoever is answered (ADR 0011).
 * What a caller may not read by query_audit is in no receipt of theirs either. */
#ifndef ENGINE_CALL_RECEIPT_H
#define ENGINE_CALL_RECEIPT_H

#include "common/verify/receipt.h"
#include "engine/tools/tool.h"

/* The receipt of an event that is committed. *r is NULL when the actor may not see the event, when
 * there is none, or when no signed head covers it. */
MUST_CHECK struct err receipt_for(struct tx *tx, struct arena *arena, const struct actor *actor,
                                  int64_t seq, struct receipt **r);

/* Right behind the call's own event, in its transaction: takes the event's text for c->receipt. */
MUST_CHECK struct err receipt_begin(struct call *c, struct tx *tx);

/* After the group's commit, before anybody is answered: completes what was begun, and reads the
 * receipt of an answer that was kept. A receipt that cannot be made is no reason to hold back an
 * answer: it is logged, and there is none. */
void receipts_end(struct store *store, struct call **calls, size_t n);

/* For a job's answer, on the job's own reader. */
void receipt_of_job(struct call *c, struct job_port *port);

#endif
