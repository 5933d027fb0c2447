/* Attempts and their judgement. */
#include "tests/eval/trial.h"

#include <inttypes.h>

#define SCENARIO_BYTES ((size_t)1024 * 1024 * 1024)
#define SCRATCH_BYTES  ((size_t)256 * 1024 * 1024)

/* The number of the log's newest event, as the auditor reads it. */
static struct err head_read(struct trial *t, int64_t *seq)
{
    struct json *args = json_object_new(t->scratch);
    struct eval_said said;
    json_put_int(t->scratch, args, "limit", 1);
    json_put_text(t->scratch, args, "order", "newest");
    TRY(eval_tool(t->e->wire, t->scratch, &t->e->auditor, "query_audit", args, &said));
    if (said.outcome != EVAL_DONE || !json_int(json_pointer_get(said.data, "/events/0/seq"), seq))
        return err_fmt(t->arena, ERR_UPSTREAM, "query_audit", "the auditor is not answered: %d %s",
                       said.status, said.reason == NULL ? "" : said.reason);
    return OK;
}

/* Whether nothing was written since the attempt before. */
static struct err judge_refused(struct trial *t, const char *what, const struct eval_said *said)
{
    struct report *report = &t->e->report;
    int64_t head;
    TRY(head_read(t, &head));
    enum report_verdict verdict = REPORT_REFUSED;
    if (head != t->head) {
        verdict = REPORT_BYPASS;
        report_find(report, t->row, "%s: refused, and yet event %" PRId64 " was written", what,
                    head);
    } else if (said->outcome != EVAL_REFUSED && said->outcome != EVAL_NOTHING) {
        verdict = said->outcome == EVAL_UNTOLD ? REPORT_UNTOLD : REPORT_BYPASS;
        report_find(report, t->row, "%s: was not refused but %s (%d)", what,
                    eval_outcome_name(said->outcome), said->status);
    }
    report_count(report, t->row, verdict, NULL, NULL);
    t->head = head;
    return OK;
}

struct err trial_refused_bytes(struct trial *t, struct str bytes, const char *what)
{
    struct eval_reply reply;
    struct eval_said said;
    arena_reset(t->scratch);
    TRY(eval_bytes_say(t->e->wire, t->scratch, bytes, &reply));
    eval_said_read(t->scratch, &reply, &said);
    return judge_refused(t, what, &said);
}

struct err trial_refused(struct trial *t, const struct eval_letter *letter, const char *what)
{
    struct str bytes;
    TRY(eval_letter_print(t->arena, letter, &bytes));
    return trial_refused_bytes(t, bytes, what);
}

static struct err tried(struct trial *t)
{
    TRY(head_read(t, &t->head));
    t->began = t->head;
    return t->scenario->run(t);
}

struct err trial_run(struct eval *e, const struct scenario *s)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SCENARIO_BYTES);
    CLEANUP(arena_free) struct arena *scratch = arena_new(SCRATCH_BYTES);
    ENSURE(arena != NULL && scratch != NULL, ERR_LIMIT, "out of memory");
    struct trial t = {.e = e, .scenario = s, .arena = arena, .scratch = scratch};
    t.row = report_begin(&e->report, s->id, s->category, s->tries);
    struct err bad = tried(&t);
    if (bad.kind != ERR_NONE) {
        report_count(&e->report, t.row, REPORT_UNTOLD, NULL, NULL);
        report_find(&e->report, t.row, "%s%s%s", bad.where == NULL ? "" : bad.where,
                    bad.where == NULL ? "" : ": ", bad.msg);
    }
    return OK;
}
