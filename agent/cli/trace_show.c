/* Text of models, payees and people is printed inert: it drives no terminal and feigns no row of
 * its own, since every line of it is indented. */
#include "agent/cli/trace_show.h"

#include <string.h>

#include "common/base/civil.h"
#include "common/sys/inert.h"
#include "common/sys/json_write.h"

#define INDENT        "      "
#define LINE_UNITS    ((size_t)64 * 1024)
#define WORD_UNITS    200
#define DIGEST_DIGITS 12

struct page {
    struct arena *arena;
    const struct talk *talk;
    const struct trace *row;
    const struct json *body;
    FILE *to;
};

/* "2026-03-03 09:15:02" */
static void print_time(FILE *to, int64_t us)
{
    char text[INSTANT_TEXT_MAX];
    instant_print(us, text);
    fprintf(to, "%.10s %.8s", text, text + 11);
}

static const char *word(const struct page *p, const char *text)
{
    const char *inert = inert_line(p->arena, INERT_PLAIN, text, WORD_UNITS);
    return inert == NULL ? "" : inert;
}

static const char *member(const struct page *p, const char *key)
{
    return word(p, json_get_text(p->body, key));
}

/* As many lines as it has, each behind the indent; nothing for NULL. */
static void print_text(const struct page *p, const char *text)
{
    struct str rest = str_of(text), line;
    for (bool more = rest.len > 0; more;) {
        more = str_cut(rest, '\n', &line, &rest);
        const char *inert = inert_line(p->arena, INERT_PLAIN, str_dup(p->arena, line), LINE_UNITS);
        fprintf(p->to, INDENT "%s\n", inert == NULL ? "" : inert);
    }
}

static void print_named(const struct page *p, const char *name, const char *text)
{
    if (!text_empty(text))
        print_text(p, arena_fmt(p->arena, "%s: %s", name, text));
}

static const char *json_line(struct arena *arena, const struct json *tree)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, TRACE_BODY_MAX);
    jw_tree(&w, NULL, tree);
    return jw_done(&w, &text).kind == ERR_NONE ? str_dup(arena, text) : "?";
}

static void print_use(FILE *to, const struct trace_use *use)
{
    fprintf(to, "%lld tokens in, %lld out, %lld from the cache, %lld to it, %lld.%06lld USD",
            (long long)use->input_tokens, (long long)use->output_tokens,
            (long long)use->cache_read_tokens, (long long)use->cache_write_tokens,
            (long long)(use->cost_micros / 1000000), (long long)(use->cost_micros % 1000000));
}

/* ---- a row of each kind ---- */

static void show_said(const struct page *p)
{
    fprintf(p->to, "%s said\n", p->talk->actor);
    print_text(p, json_get_text(p->body, "text"));
}

static void print_digest(const struct page *p, const char *what, const char *sha256)
{
    if (sha256 != NULL)
        fprintf(p->to, ", %s %.*s", what, DIGEST_DIGITS, sha256);
}

static void show_asked(const struct page *p)
{
    int64_t attempt = 0, messages = 0, bytes = 0;
    (void)json_int(json_get(p->body, "attempt"), &attempt);
    (void)json_int(json_get(p->body, "messages"), &messages);
    (void)json_int(json_get(p->body, "bytes"), &bytes);
    fprintf(p->to, "%s was asked: attempt %lld, %lld messages, %lld bytes",
            word(p, p->row->model == NULL ? p->talk->model : p->row->model), (long long)attempt,
            (long long)messages, (long long)bytes);
    print_digest(p, "system prompt", p->row->system_sha256);
    print_digest(p, "tools", p->row->tools_sha256);
    fputc('\n', p->to);
}

static void show_part(const struct page *p, const struct json *part)
{
    if (!text_eq(json_get_text(part, "type"), "call")) {
        print_text(p, json_get_text(part, "text"));
        return;
    }
    const struct json *arguments = json_get(part, "arguments");
    const char *text =
        arguments == NULL ? json_get_text(part, "malformed") : json_line(p->arena, arguments);
    print_text(p, arena_fmt(p->arena, "-> %s%s %s", word(p, json_get_text(part, "tool")),
                            arguments == NULL ? " (malformed)" : "", text == NULL ? "" : text));
}

static void show_answered(const struct page *p)
{
    const struct json *parts = json_get(p->body, "parts");
    fprintf(p->to, "%s answered", word(p, p->row->model == NULL ? p->talk->model : p->row->model));
    if (p->row->latency_us > 0)
        fprintf(p->to, " in %lld.%03lld s", (long long)(p->row->latency_us / 1000000),
                (long long)(p->row->latency_us / 1000 % 1000));
    fprintf(p->to, ", stopped: %s\n" INDENT "(", member(p, "stop"));
    print_use(p->to, &p->row->use);
    fputs(")\n", p->to);
    for (size_t i = 0; json_is(parts, JSON_TYPE_ARRAY) && i < parts->count; i++)
        show_part(p, parts->items[i]);
}

static void show_calling(const struct page *p)
{
    const struct json *arguments = json_get(p->body, "arguments");
    fprintf(p->to, "calls %s on behalf of %s\n", member(p, "tool"), p->talk->actor);
    if (arguments != NULL)
        print_text(p, json_line(p->arena, arguments));
    print_named(p, "idempotency key", json_get_text(p->body, "idempotency_key"));
}

static void show_returned(const struct page *p)
{
    int64_t seq;
    const char *status = json_get_text(p->body, "status");
    fprintf(p->to, "%s returned: %s", member(p, "tool"), word(p, status == NULL ? "?" : status));
    if (json_get_text(p->body, "reason") != NULL)
        fprintf(p->to, " %s", member(p, "reason"));
    if (json_int(json_get(p->body, "seq"), &seq))
        fprintf(p->to, ", event %lld of the engine's log", (long long)seq);
    fputc('\n', p->to);
    const struct json *clause = json_get(p->body, "clause");
    if (clause != NULL && clause->type != JSON_TYPE_TEXT)
        print_named(p, "clause", json_line(p->arena, clause));
    else
        print_named(p, "clause", json_text(clause));
    print_named(p, "escalation", json_get_text(p->body, "escalation_id"));
    print_named(p, "code", json_get_text(p->body, "code"));
    print_text(p, json_get_text(p->body, "text"));
}

static void show_noted(const struct page *p)
{
    fprintf(p->to, "noted: %s\n", member(p, "what"));
    print_text(p, json_get_text(p->body, "text"));
}

static void show_summed(const struct page *p)
{
    int64_t upto = 0;
    (void)json_int(json_get(p->body, "upto"), &upto);
    fprintf(p->to, "what was said up to #%lld, summed up for the model\n", (long long)upto);
    print_text(p, json_get_text(p->body, "text"));
}

static void (*const shows[TRACE_KINDS])(const struct page *) = {
    [TRACE_SAID] = show_said,         [TRACE_ASKED] = show_asked,
    [TRACE_ANSWERED] = show_answered, [TRACE_CALLING] = show_calling,
    [TRACE_RETURNED] = show_returned, [TRACE_NOTED] = show_noted,
    [TRACE_SUMMED] = show_summed,
};

struct err trace_show_row(struct arena *arena, const struct talk *t, const struct trace *row,
                          FILE *to)
{
    struct json *body;
    TRY(trace_tree(arena, row, &body));
    const struct page p = {arena, t, row, body, to};
    fprintf(to, "#%-4lld ", (long long)row->n);
    print_time(to, row->at_us);
    fprintf(to, "  turn %lld  ", (long long)row->turn);
    shows[row->kind](&p);
    return arena_check(arena);
}

struct err trace_show_head(struct arena *arena, const struct talk *t, FILE *to)
{
    const struct page p = {.arena = arena, .talk = t, .to = to};
    fprintf(to, "%s  %s\n", t->session_id, word(&p, t->title));
    fprintf(to, "of %s (%s), %s", t->actor, t->principal_id, t->origin);
    if (t->entity_id != NULL)
        fprintf(to, ", entity %s", word(&p, t->entity_id));
    fprintf(to, "; %s %s; %s%s\nfrom ", t->api, word(&p, t->model),
            fsm_state_name(&fsm_agent_session, (int)t->state),
            t->turn_open ? ", a turn is under way" : "");
    print_time(to, t->created_us);
    fputs(" to ", to);
    print_time(to, t->used_us);
    fprintf(to, " UTC, %lld rows\n(", (long long)t->rows_n);
    print_use(to, &t->use);
    fputs(")\n\n", to);
    return arena_check(arena);
}
