/* How the judge sees the book: by an auditor's reads, as trees that judge.h compares. */
#ifndef TESTS_EVAL_LOOK_H
#define TESTS_EVAL_LOOK_H

#include "tests/eval/trial.h"

/* The whole book, in the scenario's arena. Beside what judge.h names, "rows" has what was read in
 * full: {"matches": […], "escalations": […], "exceptions": […]}. */
MUST_CHECK struct err look(struct trial *t, const struct json **tree);

/* The events since t->head, oldest first, appended to `events` (both in the scenario's arena);
 * t->head is then the last of them. */
MUST_CHECK struct err look_events(struct trial *t, struct json *events);

#endif
