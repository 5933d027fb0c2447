/* One turn as a terminal shows it. Text is printed as it streams; everything else is read from the
 * rows, which say the same after a crash, and at the end whatever no event has told. Text of models
 * and payees is printed inert: it drives no terminal. */
#include <string.h>

#include "agent/cli/headless.h"
#include "agent/llm/show.h"
#include "common/base/invariant.h"
#include "common/sys/inert.h"
#include "common/sys/json_read.h"

#define ROWS_MAX    10000
#define WORD_UNITS  400
#define TEXT_MAX    ((size_t)8 * 1024 * 1024)
#define EVENT_BYTES ((size_t)32 * 1024 * 1024)

struct following {
    struct headless *h;
    const struct turn_follow *f;
    struct arena *scratch; /* of one event */
    int64_t next_n;        /* the first row that was not told */
    bool streamed;         /* text of the answer under way stands on the terminal */
    bool over;
    struct err e;
};

const char *turn_end_name(enum turn_end end)
{
    static const char *const names[] = {"left",  "failed", "stopped", "budget",
                                        "steps", "length", "refused", "answered"};
    return names[end];
}

/* ---- text ---- */

/* A pipe that was closed ends the turn: nobody reads on. */
static void text_out(struct following *w, struct str text)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, TEXT_MAX);
    if (w->f->text == NULL || text.len == 0)
        return;
    inert_text(&out, text);
    if (buf_check(&out).kind != ERR_NONE || fwrite(out.at, 1, out.len, w->f->text) != out.len ||
        fflush(w->f->text) != 0) {
        if (w->e.kind == ERR_NONE)
            llm_halt(w->h->agent.llm, w->f->session_id);
        w->e = err_new(ERR_STORE, "standard output could not be written");
    }
    w->streamed = true;
}

static void text_end(struct following *w)
{
    if (w->streamed)
        text_out(w, STR("\n"));
    w->streamed = false;
}

/* ---- rows ---- */

static const char *word(struct arena *arena, const char *text)
{
    const char *inert = inert_line(arena, INERT_PLAIN, text, WORD_UNITS);
    return inert == NULL ? "" : inert;
}

static const char *url_of(const struct headless *h, struct arena *arena, const char *escalation_id)
{
    return arena_fmt(arena, "%s/inbox/%s", cli_config(h->cli)->workspace_url, escalation_id);
}

/* What a call that failed, or never went out, was told. */
static const char *complaint(const struct json *body)
{
    const struct json *result = json_get(body, "result");
    const struct json *is_error = json_get(body, "is_error");
    if (is_error == NULL || !is_error->truth)
        return NULL;
    return result == NULL ? json_get_text(body, "text") : json_get_text(result, "message");
}

static void put_word(struct arena *arena, const char *before, const char *text)
{
    if (text != NULL)
        fprintf(stderr, "%s%s", before, word(arena, text));
}

/* "confirm_match: pending_approval TIER_REQUIRES_HUMAN, code 2B0S-ESAD: This decision is …" */
static void tell_returned(struct following *w, const struct json *body)
{
    struct arena *a = w->scratch;
    const char *id = json_get_text(body, "escalation_id");
    put_word(a, "", json_get_text(body, "tool"));
    put_word(a, ": ", json_get_text(body, "status"));
    put_word(a, " ", json_get_text(body, "reason"));
    put_word(a, ", code ", json_get_text(body, "code"));
    put_word(a, ": ", json_get_text(body, "clause"));
    put_word(a, ": ", complaint(body));
    if (id != NULL)
        put_word(a, "; decide it at ", url_of(w->h, a, id));
    fputc('\n', stderr);
}

/* An answer whose text did not stream (the turn was taken up, or asked again) is printed now. */
static void tell_answered(struct following *w, const struct json *body)
{
    const struct json *parts = json_get(body, "parts");
    const bool told = w->streamed;
    for (size_t i = 0; !told && parts != NULL && i < parts->count; i++) {
        const struct json *text = json_get(parts->items[i], "text");
        if (text != NULL && text->type == JSON_TYPE_TEXT)
            text_out(w, text->text);
    }
    text_end(w);
}

static void tell_row(struct following *w, const struct trace *row, const struct json *body)
{
    switch (row->kind) {
    case TRACE_ANSWERED:
        tell_answered(w, body);
        break;
    case TRACE_RETURNED:
        if (w->f->lines)
            tell_returned(w, body);
        break;
    case TRACE_NOTED:
        text_end(w);
        if (w->f->lines)
            fprintf(stderr, "%s\n", word(w->scratch, json_get_text(body, "text")));
        break;
    case TRACE_SAID:
    case TRACE_ASKED:
    case TRACE_CALLING:
    case TRACE_SUMMED:
    case TRACE_KINDS:
        break;
    }
}

static struct err tell_rows(struct following *w)
{
    struct trace *rows;
    size_t n;
    TRY(traces_load(w->h->db, w->scratch, w->f->session_id, w->next_n, ROWS_MAX, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *body;
        TRY(trace_tree(w->scratch, &rows[i], &body));
        tell_row(w, &rows[i], body);
        w->next_n = rows[i].n + 1;
    }
    return OK;
}

/* ---- events ---- */

static struct err take_event(struct following *w, const char *event, struct str json)
{
    struct json *tree;
    arena_reset(w->scratch);
    const bool is_text = text_eq(event, "text");
    if (text_eq(event, "call") || (is_text && w->f->text == NULL))
        return OK;
    if (!is_text || !w->streamed)
        TRY(tell_rows(w)); /* before the text that follows them */
    if (text_eq(event, "row"))
        return OK;
    TRY(json_read(w->scratch, json, &(struct json_limits){.bytes_max = TEXT_MAX}, &tree));
    const struct json *delta = json_get(tree, "delta");
    const char *doing = json_get_text(tree, "doing");
    if (delta != NULL)
        text_out(w, delta->text);
    if (doing != NULL && text_eq(doing, "idle")) {
        w->over = true;
        loop_stop(w->h->loop);
    }
    return OK;
}

static void on_event(void *ctx, const char *event, struct str json)
{
    struct following *w = ctx;
    const struct err e = w->over ? OK : take_event(w, event, json);
    if (e.kind == ERR_NONE)
        return;
    w->e = e;
    w->over = true;
    loop_stop(w->h->loop);
}

/* ---- what came of it ---- */

static enum turn_end end_of(const char *what)
{
    static const struct {
        const char *what;
        enum turn_end end;
    } ends[] = {{"stopped", TURN_STOPPED}, {"budget", TURN_BUDGET},   {"steps", TURN_STEPS},
                {"length", TURN_LENGTH},   {"refused", TURN_REFUSED}, {"trouble", TURN_FAILED},
                {"unknown", TURN_FAILED}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (what != NULL && text_eq(what, ends[i].what))
            return ends[i].end;
    return TURN_LEFT;
}

static const char *answer_of(struct arena *arena, const struct json *body)
{
    CLEANUP(buf_fini) struct buf text;
    const struct json *parts = json_get(body, "parts");
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; parts != NULL && i < parts->count; i++) {
        const struct json *part = json_get(parts->items[i], "text");
        if (part != NULL && part->type == JSON_TYPE_TEXT)
            buf_put(&text, part->text.at, part->text.len);
    }
    return text.len == 0 || buf_check(&text).kind != ERR_NONE ? NULL
                                                              : str_dup(arena, buf_str(&text));
}

static void count_call(struct arena *arena, struct json **calls, const char *status)
{
    struct json *o = json_object_new(arena);
    int64_t n = 0;
    bool seen = false;
    for (size_t i = 0; i < (*calls)->count; i++) {
        const struct json_member *m = &(*calls)->members[i];
        const bool same = str_is(m->key, status);
        INVARIANT(json_int(m->value, &n));
        json_put_int(arena, o, m->key.at, n + same);
        seen = seen || same;
    }
    if (!seen)
        json_put_int(arena, o, status, 1);
    *calls = o;
}

static void add_pending(const struct headless *h, struct arena *arena, struct turn_told *out,
                        const struct json *body)
{
    const char *id = json_get_text(body, "escalation_id");
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "escalation_id", id);
    json_put_known(arena, o, "tool", json_get_text(body, "tool"));
    json_put_known(arena, o, "code", json_get_text(body, "code"));
    json_put_known(arena, o, "clause", json_get_text(body, "clause"));
    json_put_text(arena, o, "url", url_of(h, arena, id));
    json_push(arena, out->pending, o);
}

static void take_returned(const struct headless *h, struct arena *arena, struct turn_told *out,
                          const struct json *body)
{
    const char *status = json_get_text(body, "status");
    if (status == NULL)
        return;
    count_call(arena, &out->calls, status);
    if (text_eq(status, "pending_approval") && json_get_text(body, "escalation_id") != NULL)
        add_pending(h, arena, out, body);
}

static void take_row(const struct headless *h, struct arena *arena, struct turn_told *out,
                     const struct trace *row, const struct json *body)
{
    json_push(arena, out->rows, show_row(arena, row, body));
    out->use.input_tokens += row->use.input_tokens;
    out->use.output_tokens += row->use.output_tokens;
    out->use.cache_read_tokens += row->use.cache_read_tokens;
    out->use.cache_write_tokens += row->use.cache_write_tokens;
    out->use.cost_micros += row->use.cost_micros;
    if (row->kind == TRACE_RETURNED)
        take_returned(h, arena, out, body);
    if (row->kind == TRACE_ANSWERED) {
        const char *answer = answer_of(arena, body);
        out->answer = answer == NULL ? out->answer : answer;
        out->end = TURN_ANSWERED;
        out->why = NULL;
    }
    const enum turn_end end =
        row->kind == TRACE_NOTED ? end_of(json_get_text(body, "what")) : TURN_LEFT;
    if (end == TURN_LEFT)
        return;
    out->end = end;
    out->why = json_get_text(body, "text");
}

struct err headless_read(struct headless *h, struct arena *arena, const char *session_id,
                         int64_t said_n, struct turn_told *out)
{
    struct trace *rows;
    size_t n;
    *out = (struct turn_told){.rows = json_array_new(arena),
                              .pending = json_array_new(arena),
                              .calls = json_object_new(arena)};
    TRY(arena_check(arena));
    TRY(talk_load_any(h->db, arena, session_id, &out->talk));
    TRY(traces_load(h->db, arena, session_id, said_n, ROWS_MAX, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *body;
        TRY(trace_tree(arena, &rows[i], &body));
        take_row(h, arena, out, &rows[i], body);
    }
    if (out->talk.turn_open) {
        out->end = TURN_LEFT;
        out->why = "the turn is still open; --resume goes on with it";
    }
    return arena_check(arena);
}

static struct err run(struct following *w)
{
    struct llm_watcher *watcher;
    TRY(llm_watch(w->h->agent.llm, w->f->session_id, on_event, w, &watcher));
    if (w->h->signals > 0)
        llm_halt(w->h->agent.llm, w->f->session_id);
    const struct err e = loop_run(w->h->loop);
    llm_unwatch(watcher);
    TRY(e);
    arena_reset(w->scratch);
    if (w->e.kind == ERR_NONE)
        TRY(tell_rows(w));
    text_end(w);
    return w->e;
}

struct err headless_follow(struct headless *h, struct arena *arena, const struct turn_follow *f,
                           struct turn_told *out)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new(EVENT_BYTES);
    struct following w = {.h = h, .f = f, .scratch = scratch, .next_n = f->from_n};
    ENSURE(scratch != NULL, ERR_LIMIT, "no memory");
    h->following = f->session_id;
    const struct err e = run(&w);
    h->following = NULL;
    TRY(e);
    return headless_read(h, arena, f->session_id, f->said_n, out);
}
