/* Traces as lines of JSON, for whoever takes them elsewhere: what the command line exports and what
 * a browser downloads is the same, byte for byte. */
#ifndef AGENT_STORE_TRACE_LINE_H
#define AGENT_STORE_TRACE_LINE_H

#include "agent/store/traces.h"
#include "common/base/buf.h"

#define TRACE_LINE_MAX ((size_t)8 * 1024 * 1024)

/* Appends {"session_id", "n", "turn", "kind", "at", whose it is, its model, digests, times and
 * counts, "body"} and a line end. */
MUST_CHECK struct err trace_line(const struct talk *t, const struct trace *row, struct buf *out);

/* Appends {"kind": "prompt", "sha256", "text"} and a line end. */
MUST_CHECK struct err prompt_line(const char *sha256, struct str text, struct buf *out);

#endif
