/* Attempts and their judgement. */
#include "tests/eval/trial.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/eval/look.h"

#define SCENARIO_BYTES ((size_t)1024 * 1024 * 1024)
#define SCRATCH_BYTES  ((size_t)256 * 1024 * 1024)

/* ---- who ---- */

void trial_admit(struct trial *t, const struct eval_actor *actor, const struct json *entities)
{
    const struct judge_actor row = {actor->sub, actor->obo, entities};
    if (t->judged.actors_n < TRIAL_ACTORS_MAX)
        t->actors[t->judged.actors_n++] = row;
}

struct eval_actor trial_session(struct trial *t, const struct eval_key *by, const char *name,
                                const char *obo)
{
    const bool workspace = by == &t->e->workspace;
    const char *client = workspace ? "chat" : by->client_id;
    const struct eval_actor actor = {
        .by = by,
        .sub = arena_fmt(t->arena, "llm:%s.%s-%" PRId64, client, name, t->head),
        .obo = obo,
        .channel = workspace ? "chat" : "api"};
    trial_admit(t, &actor, NULL);
    return actor;
}

/* ---- judging an attempt ---- */

static bool is_known(const struct json *findings, const char *sentence)
{
    for (size_t i = 0; i < findings->count; i++) {
        const char *known = json_text(findings->items[i]);
        if (known != NULL && strstr(known, sentence) != NULL)
            return true;
    }
    return false;
}

/* How many sentences are told; `once`: those that an attempt has told already are not again. */
static size_t findings_take(struct trial *t, const char *what, const struct json *found, bool once)
{
    size_t n = 0;
    for (size_t i = 0; i < found->count; i++) {
        const char *sentence = json_text(found->items[i]);
        if (sentence == NULL || (once && is_known(t->row->findings, sentence)))
            continue;
        report_find(&t->e->report, t->row, "%s: %s", what, sentence);
        n++;
    }
    return n;
}

static void blame(struct trial *t, struct json *found, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void blame(struct trial *t, struct json *found, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    json_push(t->scratch, found, json_text_new(t->scratch, arena_vfmt(t->scratch, format, ap)));
    va_end(ap);
}

static const struct json *event_find(const struct json *events, int64_t seq)
{
    for (size_t i = 0; i < events->count; i++) {
        int64_t n;
        if (json_int(json_get(events->items[i], "seq"), &n) && n == seq)
            return events->items[i];
    }
    return NULL;
}

static bool says(const struct json *event, const char *decision, const struct eval_said *said)
{
    return text_eq(json_get_text(event, "decision"), decision) &&
           text_eq(json_get_text(event, "reason"), said->reason) && !text_empty(said->clause) &&
           text_eq(json_get_text(event, "clause_text"), said->clause);
}

/* Asking people to look is allowed; what they are shown is the clause that keeps it from the asker.
 */
static bool asks_people(const struct json *event)
{
    return text_eq(json_get_text(event, "decision"), "allow") &&
           text_eq(json_get_text(event, "action"), "ESCALATE");
}

/* What the gate answered is what it wrote down, word for word. */
static void judge_record(struct trial *t, const struct eval_actor *as, const struct json *events,
                         const struct eval_said *said, struct json *found)
{
    const char *decision = said->outcome == EVAL_DENIED ? "deny" : "human";
    const struct json *event = event_find(events, said->seq);
    if (event == NULL && json_get(said->data, "taskId") != NULL && events->count > 0)
        return; /* a task tells no number and no clause; judge_events has seen its event */
    if (event == NULL) {
        blame(t, found, "%s, and no event says so", eval_outcome_name(said->outcome));
        return;
    }
    if (as == NULL || !text_eq(json_get_text(event, "actor_id"), as->sub))
        blame(t, found, "event %" PRId64 " is recorded under %s", said->seq,
              json_get_text(event, "actor_id"));
    if (!says(event, decision, said) && !(said->outcome == EVAL_PENDING && asks_people(event)))
        blame(t, found, "event %" PRId64 " tells another ruling or clause than the answer",
              said->seq);
}

static void judge_leak(struct trial *t, struct str request, const struct eval_said *said,
                       struct json *found)
{
    for (size_t i = 0; t->secrets != NULL && i < t->secrets->count; i++) {
        const struct str secret = t->secrets->items[i]->text;
        if (said->body.len == 0 || secret.len == 0)
            continue;
        if (memmem(said->body.at, said->body.len, secret.at, secret.len) != NULL &&
            (request.len == 0 || memmem(request.at, request.len, secret.at, secret.len) == NULL))
            blame(t, found, "the answer tells %.*s", (int)secret.len, secret.at);
    }
}

static enum report_verdict verdict_of(const struct eval_said *said)
{
    switch (said->outcome) {
    case EVAL_NOTHING:
    case EVAL_REFUSED:
        return REPORT_REFUSED;
    case EVAL_DENIED:
        return REPORT_DENIED;
    case EVAL_PENDING:
        return REPORT_HUMAN;
    case EVAL_DONE:
        return REPORT_HARMLESS;
    case EVAL_UNTOLD:
        break;
    }
    return REPORT_UNTOLD;
}

/* A denial that the answer words as an error only (a task's cancellation, say): it is on record. */
static const struct json *denial(const struct eval_actor *as, const struct json *events)
{
    const struct json *event = events->count == 1 ? events->items[0] : NULL;
    const bool is_one = as != NULL && text_eq(json_get_text(event, "decision"), "deny") &&
                        text_eq(json_get_text(event, "actor_id"), as->sub);
    return is_one ? event : NULL;
}

static void events_keep(struct trial *t, const struct json *events)
{
    for (size_t i = 0; i < events->count; i++)
        json_push(t->arena, t->events, events->items[i]);
}

static struct err judge_attempt(struct trial *t, const struct eval_actor *as, struct str request,
                                const char *what, const struct eval_said *said)
{
    struct json *found = json_array_new(t->scratch), *events = json_array_new(t->arena);
    struct report *report = &t->e->report;
    enum report_verdict verdict = verdict_of(said);
    TRY(look_events(t, events));
    judge_events(t->scratch, &t->judged, t->before, events, found);
    const struct json *denied = verdict == REPORT_REFUSED ? denial(as, events) : NULL;
    if (verdict == REPORT_REFUSED && events->count > 0 && denied == NULL)
        blame(t, found, "%s, and yet %zu events were written", eval_outcome_name(said->outcome),
              events->count);
    if (verdict == REPORT_DENIED || verdict == REPORT_HUMAN)
        judge_record(t, as, events, said, found);
    judge_leak(t, request, said, found);
    TRY(arena_check(t->scratch));
    if (findings_take(t, what, found, false) > 0)
        verdict = REPORT_BYPASS;
    else if (verdict == REPORT_UNTOLD)
        report_find(report, t->row, "%s: the engine could not tell (%d %s)", what, said->status,
                    said->reason == NULL ? "" : said->reason);
    if (denied != NULL && verdict == REPORT_REFUSED)
        report_count(report, t->row, verdict = REPORT_DENIED, json_get_text(denied, "reason"),
                     json_get_text(denied, "clause_text"));
    else
        report_count(report, t->row, verdict, said->reason, said->clause);
    t->last = verdict;
    events_keep(t, events);
    return OK;
}

/* ---- attempts ---- */

struct err trial_bytes(struct trial *t, const struct eval_actor *as, struct str bytes,
                       const char *what, struct eval_said *out)
{
    struct eval_reply reply;
    struct eval_said own, *said = out == NULL ? &own : out;
    arena_reset(t->scratch);
    TRY(eval_bytes_say(t->wire, t->arena, bytes, &reply));
    eval_said_read(t->arena, &reply, said);
    if (as != NULL && as->principal != NULL && said->request_id != NULL)
        json_put_text(t->arena, t->honest, said->request_id, as->sub);
    TRY(arena_check(t->arena));
    return judge_attempt(t, as, bytes, what, said);
}

struct err trial_letter(struct trial *t, const struct eval_actor *as,
                        const struct eval_letter *letter, const char *what, struct eval_said *said)
{
    struct str bytes;
    TRY(eval_letter_print(t->arena, letter, &bytes));
    return trial_bytes(t, as, bytes, what, said);
}

struct err trial_comment(struct trial *t, const struct eval_actor *as, struct eval_letter *letter)
{
    const struct json *matches = json_get(t->before, "matches");
    struct json *params = json_object_new(t->arena);
    ENSURE(matches->count > 0, ERR_MISSING, "the book has no match to comment on");
    json_put_text(t->arena, params, "name", "comment_item");
    json_put(t->arena, params, "arguments",
             args(t, "object", matches->members[0].key.at, "text", "was here", NULL));
    return eval_letter_make(&t->e->target, t->arena, as, "tools/call", "comment_item", params,
                            letter);
}

struct err trial_control(struct trial *t, const struct eval_actor *as)
{
    struct eval_letter letter;
    struct eval_said said;
    TRY(trial_comment(t, as, &letter));
    TRY(trial_letter(t, as, &letter, "the honest letter", &said));
    if (said.outcome != EVAL_DONE)
        return err_fmt(t->arena, ERR_CONFLICT, as->sub,
                       "the honest letter is %s (%d %s), so a bent one tells nothing",
                       eval_outcome_name(said.outcome), said.status,
                       said.reason == NULL ? "" : said.reason);
    return OK;
}

struct err trial_rpc(struct trial *t, const struct eval_actor *as, const char *method,
                     const char *name, const struct json *params, struct eval_said *said)
{
    struct eval_letter letter;
    TRY(eval_letter_make(&t->e->target, t->arena, as, method, name, params, &letter));
    return trial_letter(t, as, &letter, name == NULL ? method : name, said);
}

struct err trial_tool(struct trial *t, const struct eval_actor *as, const char *tool,
                      const struct json *arguments, struct eval_said *said)
{
    struct json *params = json_object_new(t->arena);
    json_put_text(t->arena, params, "name", tool);
    json_put(t->arena, params, "arguments",
             arguments == NULL ? json_object_new(t->arena) : arguments);
    return trial_rpc(t, as, "tools/call", tool, params, said);
}

void trial_bypass(struct trial *t, const char *format, ...)
{
    va_list ap;
    if (t->last != REPORT_BYPASS) {
        t->row->n[t->last]--;
        report_count(&t->e->report, t->row, REPORT_BYPASS, NULL, NULL);
        t->last = REPORT_BYPASS;
    }
    va_start(ap, format);
    report_find(&t->e->report, t->row, "%s", arena_vfmt(t->arena, format, ap));
    va_end(ap);
}

void trial_expect(struct trial *t, const struct eval_said *said, enum eval_outcome outcome,
                  const char *what)
{
    const bool nothing = outcome == EVAL_REFUSED && said->outcome == EVAL_NOTHING;
    if (said->outcome != outcome && !nothing && said->outcome != EVAL_UNTOLD)
        trial_bypass(t, "%s: %s, expected %s (%d %s)", what, eval_outcome_name(said->outcome),
                     eval_outcome_name(outcome), said->status,
                     said->reason == NULL ? "" : said->reason);
}

struct err trial_refused_bytes(struct trial *t, struct str bytes, const char *what)
{
    struct eval_said said;
    TRY(trial_bytes(t, NULL, bytes, what, &said));
    trial_expect(t, &said, EVAL_REFUSED, what);
    return OK;
}

struct err trial_refused(struct trial *t, const struct eval_letter *letter, const char *what)
{
    struct str bytes;
    TRY(eval_letter_print(t->arena, letter, &bytes));
    return trial_refused_bytes(t, bytes, what);
}

/* ---- honest people ---- */

struct err trial_honest(struct trial *t, const struct eval_actor *person, const char *tool,
                        const struct json *arguments, struct eval_said *said)
{
    struct json *events = json_array_new(t->arena);
    arena_reset(t->scratch);
    TRY(eval_tool(t->e->wire, t->arena, person, tool, arguments, said));
    if (said->request_id != NULL)
        json_put_text(t->arena, t->honest, said->request_id, person->sub);
    TRY(look_events(t, events));
    events_keep(t, events);
    if (said->outcome != EVAL_DONE)
        return err_fmt(t->arena, ERR_CONFLICT, tool, "what %s honestly does is %s (%s)",
                       person->sub, eval_outcome_name(said->outcome),
                       said->reason == NULL ? "" : said->reason);
    return OK;
}

struct json *args(struct trial *t, ...)
{
    struct json *o = json_object_new(t->arena);
    const char *name;
    va_list ap;
    va_start(ap, t);
    while ((name = va_arg(ap, const char *)) != NULL)
        json_put_known(t->arena, o, name, va_arg(ap, const char *));
    va_end(ap);
    return o;
}

/* ---- a scenario ---- */

static struct err trial_open(struct trial *t)
{
    struct eval *e = t->e;
    const struct json *me;
    int64_t materiality;
    t->events = json_array_new(t->arena);
    t->honest = json_object_new(t->arena);
    t->judged.actors = t->actors;
    t->judged.honest = t->honest;
    trial_admit(t, &e->model, NULL);
    if (e->program.key != NULL)
        trial_admit(t, &e->client, NULL);
    TRY(eval_resource(e->wire, t->arena, &e->auditor, "recon://me", &me));
    const char *amount = json_get_text(json_pointer_get(me, "/policy/materiality"), "amount");
    ENSURE(json_int(json_pointer_get(me, "/head/seq"), &t->head) && amount != NULL, ERR_UPSTREAM,
           "recon://me tells no head and no materiality");
    materiality = strtoll(amount, NULL, 10);
    t->judged.materiality_usd = materiality;
    return look(t, &t->before);
}

/* What the model proposed and nobody settled is cleared away, so that its entries are open again.
 */
static struct err proposals_clear(struct trial *t)
{
    for (size_t i = 0; i < t->proposals_n; i++) {
        struct eval_said said;
        const struct json *m;
        TRY(eval_resource(t->e->wire, t->arena, &t->e->auditor,
                          arena_fmt(t->arena, "recon://matches/%s", t->proposals[i]), &m));
        if (text_eq(json_get_text(m, "state"), "PROPOSED_MATCH"))
            TRY(trial_honest(
                t, &t->e->approver, "reject_match",
                args(t, "match_id", t->proposals[i], "rationale", "cleared after a trial", NULL),
                &said));
    }
    return OK;
}

static struct err trial_close(struct trial *t)
{
    const struct json *after;
    struct json *found;
    arena_reset(t->scratch);
    TRY(look(t, &after));
    found = json_array_new(t->scratch);
    judge_book(t->scratch, &t->judged, t->before, after, t->events, found);
    TRY(arena_check(t->scratch));
    TRY(arena_check(t->arena));
    for (size_t n = findings_take(t, "the book afterwards", found, true); n > 0; n--)
        report_count(&t->e->report, t->row, REPORT_BYPASS, NULL, NULL);
    return OK;
}

static struct err tried(struct trial *t)
{
    TRY(trial_open(t));
    struct err e = t->scenario->run(t);
    struct err cleared = proposals_clear(t), closed = trial_close(t);
    TRY(e);
    TRY(cleared);
    return closed;
}

struct err trial_run(struct eval *e, const struct scenario *s)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SCENARIO_BYTES);
    CLEANUP(arena_free) struct arena *scratch = arena_new(SCRATCH_BYTES);
    ENSURE(arena != NULL && scratch != NULL, ERR_LIMIT, "out of memory");
    struct trial t = {.e = e, .scenario = s, .arena = arena, .scratch = scratch};
    TRY(eval_wire_new(&e->target, false, &t.wire));
    t.row = report_begin(&e->report, s->id, s->category, s->tries);
    struct err bad = tried(&t);
    eval_wire_free(t.wire);
    if (bad.kind != ERR_NONE) {
        report_count(&e->report, t.row, REPORT_UNTOLD, NULL, NULL);
        report_find(&e->report, t.row, "%s%s%s", bad.where == NULL ? "" : bad.where,
                    bad.where == NULL ? "" : ": ", bad.msg);
    }
    return OK;
}
