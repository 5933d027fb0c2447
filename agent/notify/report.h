/* What could not be delivered is told to the engine (record_delivery), so that the book holds it.
 * Private to agent/notify. */
#ifndef AGENT_NOTIFY_REPORT_H
#define AGENT_NOTIFY_REPORT_H

#include "agent/notify/deliver.h"

/* Whatever is due. An error is the database's, or says that the engine gave no answer: it is tried
 * again with the next step. */
MUST_CHECK struct err report_step(struct deliverer *w, struct arena *arena);

#endif
