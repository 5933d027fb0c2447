/* The conversation as the provider is asked it: made from the rows, the same for the same rows.
 * Behind an answer with calls come their results, whatever the order of the rows; then what the
 * person said. A conversation that has grown long is summarised first, as plain text and without
 * tools. */
#include "agent/llm/turn.h"

#include <string.h>

#include "agent/llm/mark.h"
#include "common/sys/crypt.h"

#define SUMMARY_TOKENS 2000
#define BYTES_A_TOKEN  3    /* a cautious reading of how long a text is */
#define RESULT_SHORT   1500 /* of a result, in what is summarised */

/* ---- messages ---- */

struct messages {
    struct arena *arena;
    struct llm_message *items;
    size_t n, cap;
};

static struct err put_parts(struct messages *m, enum llm_role role, struct llm_part *parts,
                            size_t n)
{
    if (n == 0)
        return OK;
    struct llm_message *items = arena_grow(m->arena, m->items, m->n, &m->cap, sizeof *items);
    ENSURE(items != NULL, ERR_LIMIT, "out of memory");
    m->items = items;
    m->items[m->n++] = (struct llm_message){role, parts, n};
    return OK;
}

static struct err put_words(struct messages *m, const char *text)
{
    struct llm_part *part = ARENA_NEW(m->arena, struct llm_part);
    ENSURE(part != NULL && text != NULL, ERR_LIMIT, "out of memory");
    *part = (struct llm_part){.kind = LLM_TEXT, .text = str_of(text)};
    return text[0] == '\0' ? OK : put_parts(m, LLM_USER, part, 1);
}

static struct str text_of(const struct json *body, const char *key)
{
    const struct json *node = json_get(body, key);
    return json_is(node, JSON_TYPE_TEXT) ? node->text : STR("");
}

static struct llm_part call_of(const struct json *part)
{
    return (struct llm_part){.kind = LLM_CALL,
                             .text = text_of(part, "malformed"),
                             .call_id = json_get_text(part, "call_id"),
                             .tool = json_get_text(part, "tool"),
                             .arguments = json_get(part, "arguments")};
}

/* The result of a call, wherever behind the answer it stands. */
static struct llm_part result_of(const struct turn *t, size_t answered, const struct json *call)
{
    const char *id = json_get_text(call, "call_id");
    struct llm_part part = {.kind = LLM_RESULT,
                            .call_id = id,
                            .tool = json_get_text(call, "tool"),
                            .text = STR("No result was kept."),
                            .is_error = true};
    for (size_t i = answered + 1; i < t->n; i++) {
        const struct json *body = t->rows[i].body;
        const char *of =
            t->rows[i].trace.kind == TRACE_RETURNED ? json_get_text(body, "call_id") : NULL;
        if (of == NULL || !text_eq(of, id))
            continue;
        const struct json *wrong = json_get(body, "is_error");
        part.text = text_of(body, "text");
        part.is_error = json_is(wrong, JSON_TYPE_BOOL) && wrong->truth;
        break;
    }
    return part;
}

static struct err put_answer(struct turn *t, struct messages *m, size_t at)
{
    const struct json *parts = json_get(t->rows[at].body, "parts");
    ENSURE(json_is(parts, JSON_TYPE_ARRAY), ERR_STORE, "a trace does not say what was answered");
    struct llm_part *own = ARENA_ARRAY(t->arena, parts->count + 1, struct llm_part);
    struct llm_part *results = ARENA_ARRAY(t->arena, parts->count + 1, struct llm_part);
    size_t own_n = 0, results_n = 0;
    ENSURE(own != NULL && results != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < parts->count; i++) {
        const struct json *part = parts->items[i];
        const bool call = json_get(part, "call_id") != NULL;
        const struct str text = text_of(part, "text");
        if (call) {
            own[own_n++] = call_of(part);
            results[results_n++] = result_of(t, at, part);
        } else if (text.len > 0) {
            own[own_n++] = (struct llm_part){.kind = LLM_TEXT, .text = text};
        }
    }
    TRY(put_parts(m, LLM_ASSISTANT, own, own_n));
    return put_parts(m, LLM_USER, results, results_n);
}

/* What people decided since is told to the model as data, like a tool's result. */
static struct err put_note(struct turn *t, struct messages *m, const struct json *body)
{
    const struct mark mark = {t->talk.nonce, (size_t)t->config->result_bytes};
    const char *what = json_get_text(body, "what");
    struct str text;
    if (what == NULL || !text_eq(what, "decided"))
        return OK;
    TRY(mark_result(t->arena, &mark, "recon://escalations", text_of(body, "text"), &text));
    return put_words(m, str_dup(t->arena, text));
}

static struct err put_row(struct turn *t, struct messages *m, size_t at)
{
    const struct json *body = t->rows[at].body;
    switch (t->rows[at].trace.kind) {
    case TRACE_SAID:
        return put_words(m, json_get_text(body, "text"));
    case TRACE_ANSWERED:
        return put_answer(t, m, at);
    case TRACE_NOTED:
        return put_note(t, m, body);
    case TRACE_ASKED:
    case TRACE_CALLING:
    case TRACE_RETURNED:
    case TRACE_SUMMED:
    case TRACE_KINDS:
        break;
    }
    return OK;
}

size_t turn_begin(const struct turn *t, const char **summary)
{
    int64_t upto;
    *summary = NULL;
    for (size_t i = t->n; i > 0; i--) {
        const struct json *body = t->rows[i - 1].body;
        if (t->rows[i - 1].trace.kind != TRACE_SUMMED || !json_int(json_get(body, "upto"), &upto))
            continue;
        *summary = json_get_text(body, "text");
        return upto < 0 ? 0 : (size_t)upto + 1;
    }
    return 0;
}

static struct err put_summary(struct turn *t, struct messages *m, const char *summary, size_t from)
{
    if (summary == NULL)
        return OK;
    const char *said = t->said < from ? json_get_text(t->rows[t->said].body, "text") : NULL;
    TRY(put_words(m, arena_fmt(t->arena, "What this conversation came to so far, summarised:\n\n%s",
                               summary)));
    if (said == NULL)
        return OK;
    return put_words(m,
                     arena_fmt(t->arena, "The question that is being worked on now:\n\n%s", said));
}

static struct err messages_of(struct turn *t, struct messages *m)
{
    const char *summary;
    const size_t from = turn_begin(t, &summary);
    TRY(put_summary(t, m, summary, from));
    for (size_t i = from; i < t->n; i++)
        TRY(put_row(t, m, i));
    ENSURE(m->n > 0, ERR_BUG, "there is nothing to ask");
    return OK;
}

/* ---- a summary's question: the transcript as one text ---- */

static void transcript_call(struct buf *out, const struct json *part)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, LLM_ARGUMENTS_MAX);
    jw_tree(&w, NULL, json_get(part, "arguments"));
    if (jw_done(&w, &text).kind != ERR_NONE)
        text = STR("…");
    buf_putf(out, "Assistant calls %s with %.*s\n", json_get_text(part, "tool"), (int)text.len,
             text.at);
}

static void transcript_answer(struct buf *out, const struct json *body)
{
    const struct json *parts = json_get(body, "parts");
    for (size_t i = 0; parts != NULL && i < parts->count; i++) {
        const struct str text = text_of(parts->items[i], "text");
        if (json_get(parts->items[i], "call_id") != NULL)
            transcript_call(out, parts->items[i]);
        else
            buf_putf(out, "Assistant: %.*s\n", (int)text.len, text.at);
    }
}

static void transcript_row(struct buf *out, const struct turn_row *row)
{
    struct str text = text_of(row->body, "text");
    const char *what;
    switch (row->trace.kind) {
    case TRACE_SAID:
        buf_putf(out, "\nPerson: %.*s\n", (int)text.len, text.at);
        break;
    case TRACE_ANSWERED:
        transcript_answer(out, row->body);
        break;
    case TRACE_RETURNED:
        if (text.len > RESULT_SHORT)
            text.len = utf8_valid_len(text.at, RESULT_SHORT);
        buf_putf(out, "Result: %.*s\n", (int)text.len, text.at);
        break;
    case TRACE_NOTED:
        what = json_get_text(row->body, "what");
        if (what != NULL && text_eq(what, "decided"))
            buf_putf(out, "Note: %.*s\n", (int)text.len, text.at);
        break;
    case TRACE_ASKED:
    case TRACE_CALLING:
    case TRACE_SUMMED:
    case TRACE_KINDS:
        break;
    }
}

/* The end of a transcript that is too long counts more than its beginning. */
static struct str newest_of(struct str text, size_t max)
{
    if (text.len <= max)
        return text;
    size_t from = text.len - max;
    while (from < text.len && ((unsigned char)text.at[from] & 0xC0) == 0x80)
        from++;
    return (struct str){text.at + from, text.len - from};
}

static struct err transcript_of(struct turn *t, struct messages *m)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    const char *summary;
    const size_t from = turn_begin(t, &summary);
    const size_t max = (size_t)t->config->context_tokens * BYTES_A_TOKEN / 2;
    buf_init(&out, LLM_BODY_MAX / 2);
    if (summary != NULL)
        buf_putf(&out, "Summary of what was before: %s\n", summary);
    for (size_t i = from; i < t->n; i++)
        transcript_row(&out, &t->rows[i]);
    TRY(buf_check(&out));
    const struct str text = newest_of(buf_str(&out), max);
    return put_words(m, str_dup(t->arena, text));
}

/* ---- the question ---- */

bool turn_is_long(const struct turn *t)
{
    for (size_t i = t->n; i > 0; i--) {
        const struct trace *row = &t->rows[i - 1].trace;
        if (row->kind == TRACE_SUMMED)
            return false;
        if (row->kind == TRACE_ANSWERED && trace_use_tokens(&row->use) > 0)
            return trace_use_tokens(&row->use) > t->config->context_tokens;
    }
    return false;
}

static struct err keep_prompts(struct turn *t, const struct llm_ask *ask, bool summary)
{
    struct agent_db *db = t->worker->db;
    TRY(prompt_keep(db, ask->system, t->system_sha256));
    t->tools_sha256[0] = '\0';
    return summary ? OK : prompt_keep(db, t->tools->set.canonical, t->tools_sha256);
}

static struct err add_asked(struct turn *t, const struct llm_ask *ask, bool summary)
{
    struct json *body = json_object_new(t->arena);
    const struct str bytes = t->step->req.body;
    char sha256[SHA256_HEX_SIZE];
    sha256_hex(bytes.at, bytes.len, sha256);
    json_put_text(t->arena, body, "purpose", summary ? "summary" : "answer");
    json_put_int(t->arena, body, "attempt", t->step->attempt);
    json_put_text(t->arena, body, "request_sha256", sha256);
    json_put_int(t->arena, body, "bytes", (int64_t)bytes.len);
    json_put_int(t->arena, body, "messages", (int64_t)ask->messages_n);
    TRY(arena_check(t->arena));
    TRY(agent_db_begin(t->worker->db));
    TRY(agent_db_end(t->worker->db, keep_prompts(t, ask, summary)));
    return turn_add(t, &(struct row_new){.kind = TRACE_ASKED,
                                         .body = body,
                                         .event = STAYS,
                                         .model = t->talk.model,
                                         .of_question = true});
}

struct err turn_ask(struct turn *t, bool summary)
{
    struct messages m = {.arena = t->arena};
    TRY(turn_tools(t));
    TRY(summary ? transcript_of(t, &m) : messages_of(t, &m));
    struct llm_ask ask = {.model = t->talk.model,
                          .messages = m.items,
                          .messages_n = m.n,
                          .answer_tokens = summary ? SUMMARY_TOKENS : t->config->answer_tokens};
    ask.system = summary ? str_of(prompt_summary) : prompt_system(t->arena, &t->talk, t->now_us);
    if (!summary) {
        ask.tools = t->tools->set.tools;
        ask.tools_n = t->tools->set.n;
    }
    TRY(arena_check(t->arena));
    t->step->attempt++;
    TRY(llm_request(t->arena, &t->llm->endpoint, &ask, &t->step->req));
    TRY(add_asked(t, &ask, summary));
    t->step->next = NEXT_ASK;
    return OK;
}
