/* What was said to the model, what it answered, what it called and what came of it: append-only
 * rows, numbered from 0 within their session. The transcript is the trace: a turn that a crash cut
 * off goes on from these rows. Rows leave by traces_forget alone, whole sessions at a time. */
#ifndef AGENT_STORE_TRACES_H
#define AGENT_STORE_TRACES_H

#include "agent/store/talks.h"
#include "common/base/json.h"
#include "common/base/str.h"

#define TRACE_BODY_MAX   ((size_t)1024 * 1024) /* as JSON text */
#define TRACE_PROMPT_MAX ((size_t)1024 * 1024)
#define TRACE_DIGEST     65 /* 64 lower-case hex digits and NUL */

enum trace_kind {
    TRACE_SAID,     /* {text} */
    TRACE_ASKED,    /* {attempt, request_sha256, bytes, messages} */
    TRACE_ANSWERED, /* {parts, stop, provider_id} */
    TRACE_CALLING,  /* {call_id, tool, arguments, idempotency_key}: before it goes out */
    TRACE_RETURNED, /* {call_id, tool, status, is_error, text, result?, escalation_id?, code?, …} */
    TRACE_NOTED,    /* {what, text} */
    TRACE_SUMMED,   /* {text, upto} */
    TRACE_KINDS,
};

const char *trace_kind_name(enum trace_kind kind); /* "said" … */

struct trace {
    const char *session_id;
    int64_t n, turn;
    enum trace_kind kind;
    int64_t at_us;
    struct str body;                          /* a JSON object, as text */
    const char *model;                        /* NULL: of no model */
    const char *system_sha256, *tools_sha256; /* of prompt_keep; NULL: none */
    int64_t latency_us;                       /* 0: not measured */
    struct trace_use use;
};

/* Appends, in a transaction of the caller's: row->session_id and ->n become the session's next, its
 * counts, costs and used_us grow along (also in *t), so does the day's spending of its person.
 * row->body is what `body` is as text, in the arena. row->at_us is never before the row above it: a
 * clock that was set back stands still. ERR_LIMIT: the body is over TRACE_BODY_MAX; ERR_INPUT: it
 * is no object or a count is absurd; ERR_MISSING: the session is gone; ERR_CONFLICT: a digest that
 * prompt_keep has not seen. */
MUST_CHECK struct err trace_add(struct agent_db *db, struct arena *arena, struct talk *t,
                                struct trace *row, const struct json *body);

/* The body as a tree. ERR_STORE when it is none any more. */
MUST_CHECK struct err trace_tree(struct arena *arena, const struct trace *row, struct json **tree);

/* Rows of a session from n = `from_n` on, at most `max`. Whose it is was talk_load's question. */
MUST_CHECK struct err traces_load(struct agent_db *db, struct arena *arena, const char *session_id,
                                  int64_t from_n, size_t max, struct trace **out, size_t *n);

/* Every row of every session, or of those asked for: from since_us on, before until_us. */
struct traces_filter {
    const char *session_id;     /* NULL: of all */
    int64_t since_us, until_us; /* 0: no bound */
};
/* `row` and `t` (its session) live until the next call; an error ends the walk and is given back.
 */
typedef struct err (*trace_fn)(void *ctx, const struct talk *t, const struct trace *row);
/* In the order of time, of n within a session; in bounded memory, and never in one long read. */
MUST_CHECK struct err traces_each(struct agent_db *db, const struct traces_filter *filter,
                                  trace_fn fn, void *ctx);

/* What a person (NULL: all together) spent since the UTC day of `since_us` began, in whichever
 * sessions. Reads sums of days, never the traces. */
MUST_CHECK struct err traces_spent(struct agent_db *db, const char *principal_id, int64_t since_us,
                                   struct trace_use *use);

/* ---- system prompts and tool sets, by digest ---- */

/* Keeps the text (once) and says its SHA-256; in the transaction of the trace that names it. */
MUST_CHECK struct err prompt_keep(struct agent_db *db, struct str text, char sha256[TRACE_DIGEST]);
/* ERR_MISSING: there is none of that digest. */
MUST_CHECK struct err prompt_load(struct agent_db *db, struct arena *arena, const char *sha256,
                                  struct str *text);

/* ---- retention ---- */

struct traces_forgotten {
    int64_t sessions, rows;
    bool more; /* there is more to forget: call again */
};

/* Forgets sessions that were last used before `before_us`, whole, the prompts that nobody else
 * used, and what was spent on earlier days. A turn under way is spared, unless nothing came of it
 * for a day. One call is one short transaction of its own; *f is what it did. Whatever a stop cuts
 * off is out of sight already and goes with the next call. ERR_INPUT: before_us lies ahead. */
MUST_CHECK struct err traces_forget(struct agent_db *db, int64_t before_us, int64_t now_us,
                                    struct traces_forgotten *f);

#endif
