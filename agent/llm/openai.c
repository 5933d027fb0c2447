/* OpenAI's Chat Completions, and what the servers that speak it too make of it. Tolerance is for
 * how a stream is cut into events, never for what a call is: its arguments are judged at the end.
 */
#include <string.h>

#include "agent/llm/provider_own.h"

#define OWN_HOST   "api.openai.com"
#define IS_ERROR   "ERROR: " /* the dialect has no other way to say so */
#define TEXT_BREAK "\n\n"

static size_t pairs(struct arena *arena, const char *key, struct http_pair *out)
{
    if (key == NULL)
        return 0;
    out[0] = (struct http_pair){"Authorization", arena_fmt(arena, "Bearer %s", key)};
    return 1;
}

/* ---- a request ---- */

static bool is_own_host(const char *base_url)
{
    const char *host = strstr(base_url, "://");
    host = host == NULL ? base_url : host + 3;
    return str_is_nocase((struct str){host, strcspn(host, ":/?#")}, OWN_HOST);
}

static void joined(struct jw *w, struct wire_ask *wire, const struct llm_message *message)
{
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, LLM_BODY_MAX);
    for (size_t k = 0; k < message->n; k++) {
        if (message->parts[k].kind != LLM_TEXT)
            continue;
        buf_puts(&text, text.len > 0 ? TEXT_BREAK : "");
        buf_put(&text, message->parts[k].text.at, message->parts[k].text.len);
    }
    wire_fail(wire, buf_check(&text));
    if (text.len > 0)
        jw_str(w, "content", buf_str(&text));
    else
        jw_null(w, "content");
}

/* The arguments travel as JSON text inside JSON. */
static void call(struct jw *w, struct wire_ask *wire, const struct llm_part *part)
{
    CLEANUP(jw_fini) struct jw arguments;
    struct str text = STR("{}"); /* until it is written */
    jw_init(&arguments, LLM_BODY_MAX);
    wire_arguments(&arguments, NULL, part);
    wire_fail(wire, jw_done(&arguments, &text));
    jw_obj(w);
    jw_text(w, "id", part->call_id);
    jw_text(w, "type", "function");
    jw_obj_in(w, "function");
    jw_text(w, "name", wire_name(wire->arena, part->tool));
    jw_str(w, "arguments", text);
    jw_end(w);
    jw_end(w);
}

static void assistant(struct jw *w, struct wire_ask *wire, const struct llm_message *message)
{
    size_t calls = 0;
    jw_obj(w);
    jw_text(w, "role", "assistant");
    joined(w, wire, message);
    for (size_t k = 0; k < message->n; k++) {
        if (message->parts[k].kind != LLM_CALL)
            continue;
        if (calls++ == 0)
            jw_arr_in(w, "tool_calls");
        call(w, wire, &message->parts[k]);
    }
    if (calls > 0)
        jw_end(w);
    jw_end(w);
}

static void result(struct jw *w, struct wire_ask *wire, const struct llm_part *part)
{
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, LLM_BODY_MAX);
    buf_puts(&text, part->is_error ? IS_ERROR : "");
    buf_put(&text, part->text.at, part->text.len);
    wire_fail(wire, buf_check(&text));
    jw_obj(w);
    jw_text(w, "role", "tool");
    jw_text(w, "tool_call_id", part->call_id);
    jw_str(w, "content", buf_str(&text));
    jw_end(w);
}

static void user(struct jw *w, struct wire_ask *wire, const struct llm_message *message)
{
    size_t texts = 0;
    for (size_t k = 0; k < message->n; k++) {
        if (message->parts[k].kind == LLM_RESULT)
            result(w, wire, &message->parts[k]);
        else
            texts++;
    }
    if (texts == 0)
        return;
    jw_obj(w);
    jw_text(w, "role", "user");
    joined(w, wire, message);
    jw_end(w);
}

static void messages(struct jw *w, struct wire_ask *wire)
{
    jw_arr_in(w, "messages");
    if (wire->ask->system.len > 0) {
        jw_obj(w);
        jw_text(w, "role", "system");
        jw_str(w, "content", wire->ask->system);
        jw_end(w);
    }
    for (size_t i = 0; i < wire->n; i++) {
        if (wire->messages[i].role == LLM_USER)
            user(w, wire, &wire->messages[i]);
        else
            assistant(w, wire, &wire->messages[i]);
    }
    jw_end(w);
}

static void tools(struct jw *w, const struct wire_ask *wire)
{
    const struct llm_ask *ask = wire->ask;
    if (ask->tools_n == 0)
        return;
    jw_arr_in(w, "tools");
    for (size_t i = 0; i < ask->tools_n; i++) {
        jw_obj(w);
        jw_text(w, "type", "function");
        jw_obj_in(w, "function");
        jw_text(w, "name", wire_name(wire->arena, ask->tools[i].name));
        jw_str(w, "description", ask->tools[i].description);
        jw_tree(w, "parameters", ask->tools[i].schema);
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
}

static void body(struct jw *w, struct wire_ask *wire)
{
    jw_obj(w);
    jw_text(w, "model", wire->ask->model);
    /* OpenAI's newer models refuse the old name, most other servers do not know the new one. */
    jw_int(w, is_own_host(wire->to->base_url) ? "max_completion_tokens" : "max_tokens",
           wire->ask->answer_tokens);
    jw_bool(w, "stream", true);
    jw_obj_in(w, "stream_options");
    jw_bool(w, "include_usage", true);
    jw_end(w);
    messages(w, wire);
    tools(w, wire);
    jw_end(w);
}

/* ---- a stream ---- */

/* Which call a delta goes on with; NULL: it begins one. Some servers give no index, some give each
 * whole call the index 0; an id that differs, with a name, is another call. */
static struct piece *goes_on(const struct llm_reader *r, const struct json *delta, bool numbered,
                             int64_t index)
{
    const struct json *function = json_get(delta, "function");
    const char *id = json_get_text(delta, "id"), *name = json_get_text(function, "name");
    struct piece *found = numbered ? reader_find(r, index) : reader_last_call(r);
    if (found == NULL || text_empty(name))
        return found;
    if (!text_empty(id) && found->id[0] != '\0')
        return text_eq(found->id, id) ? found : NULL;
    return numbered && text_eq(found->tool, name) ? found : NULL;
}

static void take_call(struct llm_reader *r, const struct json *delta)
{
    const struct json *function = json_get(delta, "function"), *id = json_get(delta, "id");
    int64_t index = 0;
    const bool numbered = json_int(json_get(delta, "index"), &index);
    if (!json_is(delta, JSON_TYPE_OBJECT)) {
        reader_malformed(r);
        return;
    }
    struct piece *call = goes_on(r, delta, numbered, index);
    if (call == NULL)
        call = reader_call(r, index, id, json_get(function, "name"));
    else
        reader_name(r, call, id, json_get(function, "name"));
    reader_arguments(r, call, json_get(function, "arguments"));
}

/* The dialect's first spelling: one call, without an id. */
static void take_function_call(struct llm_reader *r, const struct json *function)
{
    struct piece *call = reader_last_call(r);
    if (!json_is(function, JSON_TYPE_OBJECT))
        return;
    if (call == NULL)
        call = reader_call(r, 0, NULL, json_get(function, "name"));
    else
        reader_name(r, call, NULL, json_get(function, "name"));
    reader_arguments(r, call, json_get(function, "arguments"));
}

static void take_delta(struct llm_reader *r, const struct json *delta)
{
    const struct json *calls = json_get(delta, "tool_calls");
    reader_text(r, 0, json_get(delta, "content"));
    reader_text(r, 0, json_get(delta, "refusal"));
    for (size_t i = 0; json_is(calls, JSON_TYPE_ARRAY) && i < calls->count; i++)
        take_call(r, calls->items[i]);
    take_function_call(r, json_get(delta, "function_call"));
}

static enum llm_stop stop_of(const char *reason)
{
    static const struct {
        const char *reason;
        enum llm_stop stop;
    } rows[] = {
        {"tool_calls", LLM_STOP_CALLS},
        {"function_call", LLM_STOP_CALLS},
        {"length", LLM_STOP_LENGTH},
        {"content_filter", LLM_STOP_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (text_eq(reason, rows[i].reason))
            return rows[i].stop;
    }
    return LLM_STOP_END;
}

static void take_usage(struct llm_reader *r, const struct json *usage)
{
    struct llm_usage *sum = reader_usage(r);
    int64_t prompt = 0, cached = 0;
    if (!json_is(usage, JSON_TYPE_OBJECT))
        return;
    reader_count(usage, "prompt_tokens", &prompt);
    reader_count(usage, "completion_tokens", &sum->output);
    reader_count(json_get(usage, "prompt_tokens_details"), "cached_tokens", &cached);
    cached = cached < prompt ? cached : prompt;
    sum->input = prompt - cached; /* here the prompt counts with what was cached of it */
    sum->cache_read = cached;
    sum->told = true;
}

static void take_choice(struct llm_reader *r, const struct json *choice)
{
    const char *reason = json_get_text(choice, "finish_reason");
    int64_t index;
    if (json_int(json_get(choice, "index"), &index) && index != 0)
        return; /* one answer was asked for */
    take_delta(r, json_get(choice, "delta"));
    if (!text_empty(reason))
        reader_stop(r, stop_of(reason));
}

static void done(struct llm_reader *r)
{
    if (!reader_is_empty(r))
        reader_stop(r, LLM_STOP_END); /* unless it told why before */
    reader_close(r);
}

static bool is_error(const struct json *tree)
{
    const struct json *error = json_get(tree, "error");
    return (error != NULL && !json_is(error, JSON_TYPE_NULL)) ||
           text_eq(json_get_text(tree, "object"), "error");
}

static void take(struct llm_reader *r, struct str data, const struct json *tree)
{
    const struct json *choices = json_get(tree, "choices");
    if (str_is(str_trim(data), "[DONE]")) {
        done(r);
    } else if (!json_is(tree, JSON_TYPE_OBJECT)) {
        reader_malformed(r);
    } else if (is_error(tree)) {
        reader_fail_said(r, tree);
    } else {
        reader_told(r, json_get(tree, "id"), json_get(tree, "model"));
        for (size_t i = 0; json_is(choices, JSON_TYPE_ARRAY) && i < choices->count; i++)
            take_choice(r, choices->items[i]);
        take_usage(r, json_get(tree, "usage"));
    }
}

const struct llm_dialect llm_openai = {
    .path = "/chat/completions", .pairs = pairs, .body = body, .event = take};
