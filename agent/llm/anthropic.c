/* Anthropic's Messages API (version 2023-06-01). What does not change from step to step of a talk
 * is marked for the provider's cache: the tools, the system prompt, and the talk so far. */
#include <string.h>

#include "agent/llm/provider_own.h"

#define API_VERSION "2023-06-01"

static size_t pairs(struct arena *arena, const char *key, struct http_pair *out)
{
    size_t n = 0;
    (void)arena;
    out[n++] = (struct http_pair){"anthropic-version", API_VERSION};
    if (key != NULL)
        out[n++] = (struct http_pair){"x-api-key", key};
    return n;
}

/* ---- a request ---- */

static void cache_here(struct jw *w, bool here)
{
    if (!here)
        return;
    jw_obj_in(w, "cache_control");
    jw_text(w, "type", "ephemeral");
    jw_end(w);
}

static void system_block(struct jw *w, struct str system)
{
    if (system.len == 0)
        return;
    jw_arr_in(w, "system");
    jw_obj(w);
    jw_text(w, "type", "text");
    jw_str(w, "text", system);
    cache_here(w, true);
    jw_end(w);
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
        jw_text(w, "name", wire_name(wire->arena, ask->tools[i].name));
        jw_str(w, "description", ask->tools[i].description);
        jw_tree(w, "input_schema", ask->tools[i].schema);
        cache_here(w, i + 1 == ask->tools_n);
        jw_end(w);
    }
    jw_end(w);
}

static void result_block(struct jw *w, const struct llm_part *part)
{
    jw_text(w, "type", "tool_result");
    jw_text(w, "tool_use_id", part->call_id);
    if (part->text.len > 0)
        jw_str(w, "content", part->text);
    if (part->is_error)
        jw_bool(w, "is_error", true);
}

static void block(struct jw *w, const struct wire_ask *wire, const struct llm_part *part,
                  bool cached)
{
    jw_obj(w);
    switch (part->kind) {
    case LLM_TEXT:
        jw_text(w, "type", "text");
        jw_str(w, "text", part->text);
        break;
    case LLM_CALL:
        jw_text(w, "type", "tool_use");
        jw_text(w, "id", part->call_id);
        jw_text(w, "name", wire_name(wire->arena, part->tool));
        wire_arguments(w, "input", part);
        break;
    case LLM_RESULT:
        result_block(w, part);
        break;
    }
    cache_here(w, cached);
    jw_end(w);
}

static size_t last_of_user(const struct wire_ask *wire)
{
    size_t last = wire->n;
    for (size_t i = 0; i < wire->n; i++)
        last = wire->messages[i].role == LLM_USER ? i : last;
    return last;
}

static void messages(struct jw *w, const struct wire_ask *wire)
{
    const size_t last = last_of_user(wire);
    jw_arr_in(w, "messages");
    for (size_t i = 0; i < wire->n; i++) {
        const struct llm_message *message = &wire->messages[i];
        jw_obj(w);
        jw_text(w, "role", message->role == LLM_USER ? "user" : "assistant");
        jw_arr_in(w, "content");
        for (size_t k = 0; k < message->n; k++)
            block(w, wire, &message->parts[k], i == last && k + 1 == message->n);
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
}

static void body(struct jw *w, struct wire_ask *wire)
{
    jw_obj(w);
    jw_text(w, "model", wire->ask->model);
    jw_int(w, "max_tokens", wire->ask->answer_tokens);
    jw_bool(w, "stream", true);
    system_block(w, wire->ask->system);
    tools(w, wire);
    messages(w, wire);
    jw_end(w);
}

/* ---- a stream ---- */

static void take_usage(struct llm_reader *r, const struct json *usage)
{
    struct llm_usage *sum = reader_usage(r);
    if (!json_is(usage, JSON_TYPE_OBJECT))
        return;
    sum->told = true; /* each count is the sum so far, not what was added */
    reader_count(usage, "input_tokens", &sum->input);
    reader_count(usage, "output_tokens", &sum->output);
    reader_count(usage, "cache_read_input_tokens", &sum->cache_read);
    reader_count(usage, "cache_creation_input_tokens", &sum->cache_write);
}

static void message_start(struct llm_reader *r, const struct json *event)
{
    const struct json *message = json_get(event, "message");
    reader_told(r, json_get(message, "id"), json_get(message, "model"));
    take_usage(r, json_get(message, "usage"));
}

/* Blocks that are neither text nor a call of ours (thinking, the provider's own tools) have no
 * piece, and what is said of them is passed over. */
static void block_start(struct llm_reader *r, const struct json *event)
{
    const struct json *started = json_get(event, "content_block");
    const char *type = json_get_text(started, "type");
    int64_t index;
    if (!json_int(json_get(event, "index"), &index)) {
        reader_malformed(r);
    } else if (text_eq(type, "text")) {
        reader_text(r, index, json_get(started, "text"));
    } else if (text_eq(type, "tool_use")) {
        struct piece *call =
            reader_call(r, index, json_get(started, "id"), json_get(started, "name"));
        reader_arguments(r, call, json_get(started, "input"));
    }
}

static void block_delta(struct llm_reader *r, const struct json *event)
{
    const struct json *delta = json_get(event, "delta");
    const char *type = json_get_text(delta, "type");
    int64_t index;
    if (!json_int(json_get(event, "index"), &index))
        reader_malformed(r);
    else if (text_eq(type, "text_delta"))
        reader_text(r, index, json_get(delta, "text"));
    else if (text_eq(type, "input_json_delta"))
        reader_arguments(r, reader_find(r, index), json_get(delta, "partial_json"));
}

static enum llm_stop stop_of(const char *reason)
{
    static const struct {
        const char *reason;
        enum llm_stop stop;
    } rows[] = {
        {"tool_use", LLM_STOP_CALLS},
        {"max_tokens", LLM_STOP_LENGTH},
        {"model_context_window_exceeded", LLM_STOP_LENGTH},
        {"refusal", LLM_STOP_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (text_eq(reason, rows[i].reason))
            return rows[i].stop;
    }
    return LLM_STOP_END; /* end_turn, stop_sequence, pause_turn and what is new */
}

static void message_delta(struct llm_reader *r, const struct json *event)
{
    const char *reason = json_get_text(json_get(event, "delta"), "stop_reason");
    take_usage(r, json_get(event, "usage"));
    if (reason != NULL)
        reader_stop(r, stop_of(reason));
}

static void message_stop(struct llm_reader *r, const struct json *event)
{
    (void)event;
    reader_close(r);
}

static void take(struct llm_reader *r, struct str data, const struct json *tree)
{
    static const struct {
        const char *type;
        void (*fn)(struct llm_reader *r, const struct json *event);
    } rows[] = {
        {"message_start", message_start},     {"content_block_start", block_start},
        {"content_block_delta", block_delta}, {"message_delta", message_delta},
        {"message_stop", message_stop},       {"error", reader_fail_said},
    };
    const char *type = json_get_text(tree, "type");
    (void)data;
    if (type == NULL) {
        reader_malformed(r);
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (text_eq(type, rows[i].type))
            rows[i].fn(r, tree);
    }
}

const struct llm_dialect llm_anthropic = {
    .path = "/v1/messages", .pairs = pairs, .body = body, .event = take};
