/* The spine of engine/call/spine.h without its threads, linked in its place: what is submitted
 * waits in one queue until still_run, so that whoever fuzzes says when it is done and the same
 * input is the same run. What a piece of work does (call_group, call_job, a reader's snapshot) is
 * the engine's own. */
#ifndef TESTS_FUZZ_STILL_SPINE_H
#define TESTS_FUZZ_STILL_SPINE_H

#include "engine/call/spine.h"

/* Does what waits longest: a read, a long work to its end, or every change that waits by now as one
 * group; and answers it. False: nothing waits. */
bool still_run(struct spine *spine);

/* The reader's connection. */
struct store *still_reader(struct spine *spine);

#endif
