/* A conversation as a reviewer reads it, on a terminal: who said what, each call with its
 * arguments, what the engine made of it and by which clause, what it took. */
#ifndef AGENT_CLI_TRACE_SHOW_H
#define AGENT_CLI_TRACE_SHOW_H

#include <stdio.h>

#include "agent/store/traces.h"

MUST_CHECK struct err trace_show_head(struct arena *arena, const struct talk *t, FILE *to);
MUST_CHECK struct err trace_show_row(struct arena *arena, const struct talk *t,
                                     const struct trace *row, FILE *to);

#endif
