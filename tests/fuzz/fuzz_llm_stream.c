/* Whatever a model's provider streams: what was heard on the way is the answer's text, in whole
 * characters; it is the same however the bytes are cut; a call has arguments that are an object or
 * is malformed; the answer can be said again in both dialects; a failure has a sentence. The first
 * byte chooses the dialect (bit 0) and how many bytes come at a time (the others). */
#include <string.h>

#include "agent/llm/trouble.h"
#include "common/base/invariant.h"
#include "common/sys/json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    struct buf text;
    size_t calls;
};

static void hear_text(void *ctx, struct str delta)
{
    struct heard *heard = ctx;
    INVARIANT(delta.len > 0 && utf8_valid(delta.at, delta.len));
    INVARIANT(memchr(delta.at, '\0', delta.len) == NULL);
    buf_put(&heard->text, delta.at, delta.len);
}

static void hear_call(void *ctx, const char *tool)
{
    struct heard *heard = ctx;
    INVARIANT(tool[0] != '\0' && strlen(tool) <= LLM_NAME_MAX && utf8_valid(tool, strlen(tool)));
    heard->calls++;
}

static struct err read_all(struct arena *arena, int api, struct str bytes, size_t step,
                           struct heard *heard, struct llm_answer *answer)
{
    CLEANUP(llm_reader_free) struct llm_reader *reader = NULL;
    TRY(llm_reader_new(api, (struct llm_hooks){hear_text, hear_call, heard}, &reader));
    for (size_t at = 0; at < bytes.len; at += step)
        llm_reader_put(reader, bytes.at + at, bytes.len - at < step ? bytes.len - at : step);
    return llm_reader_end(reader, arena, answer);
}

static void whole_call(const struct llm_answer *answer, size_t at)
{
    const struct llm_part *call = &answer->parts[at];
    INVARIANT(call->call_id[0] != '\0' && strpbrk(call->call_id, " \"\n") == NULL);
    INVARIANT(call->arguments == NULL ? call->text.len <= LLM_MALFORMED_MAX + 3
                                      : json_is(call->arguments, JSON_TYPE_OBJECT));
    INVARIANT(utf8_valid(call->text.at, call->text.len));
    for (size_t i = 0; i < at; i++)
        INVARIANT(answer->parts[i].kind != LLM_CALL ||
                  !text_eq(answer->parts[i].call_id, call->call_id));
}

static void whole_answer(const struct llm_answer *answer, const struct heard *heard)
{
    size_t calls = 0, told = 0;
    for (size_t i = 0; i < answer->n; i++) {
        const struct llm_part *part = &answer->parts[i];
        if (part->kind == LLM_CALL) {
            whole_call(answer, i);
            calls++;
            continue;
        }
        INVARIANT(part->kind == LLM_TEXT && part->text.len > 0);
        if (!heard->text.failed && told + part->text.len <= heard->text.len)
            INVARIANT(memcmp(heard->text.at + told, part->text.at, part->text.len) == 0);
        told += part->text.len;
    }
    INVARIANT(answer->stop == LLM_STOP_CUT || told == heard->text.len);
    INVARIANT(calls <= LLM_CALLS_MAX && (answer->stop != LLM_STOP_CALLS || calls > 0));
    INVARIANT(answer->usage.input >= 0 && answer->usage.output >= 0);
}

static void same(const struct llm_answer *a, const struct llm_answer *b)
{
    INVARIANT(a->n == b->n && a->stop == b->stop && text_eq(a->id, b->id));
    for (size_t i = 0; i < a->n; i++) {
        INVARIANT(a->parts[i].kind == b->parts[i].kind &&
                  text_eq(a->parts[i].tool, b->parts[i].tool));
        INVARIANT(str_eq(a->parts[i].text, b->parts[i].text));
    }
}

static void said_again(struct arena *arena, const struct llm_answer *answer)
{
    const struct llm_message message = {LLM_ASSISTANT, answer->parts, answer->n};
    const struct llm_ask ask = {
        .model = "m", .messages = &message, .messages_n = 1, .answer_tokens = 1};
    struct fetch_req req;
    struct json *tree;
    for (int api = LLM_API_ANTHROPIC; api <= LLM_API_OPENAI; api++) {
        const struct llm_endpoint to = {api, "http://127.0.0.1:1", "k"};
        const struct json_limits limits = {.bytes_max = LLM_BODY_MAX, .depth_max = 64};
        struct err e = llm_request(arena, &to, &ask, &req);
        INVARIANT(e.kind == ERR_NONE);
        e = json_read(arena, req.body, &limits, &tree);
        INVARIANT(e.kind == ERR_NONE || e.kind == ERR_LIMIT);
    }
}

static void in_words(struct arena *arena, int api, struct err failed)
{
    static const char key[] = "sk-0123456789";
    struct llm_trouble trouble;
    const struct llm_endpoint to = {api, "http://127.0.0.1:1", key};
    const struct err e = llm_trouble_of(arena, &to, failed, NULL, 0, &trouble);
    INVARIANT(e.kind == ERR_NONE && strstr(trouble.sentence, key) == NULL);
    INVARIANT(utf8_valid(trouble.sentence, strlen(trouble.sentence)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    struct heard heard = {.calls = 0}, again = {.calls = 0};
    struct llm_answer answer, other;
    if (size == 0)
        return 0;
    const int api = (data[0] & 1) != 0 ? LLM_API_OPENAI : LLM_API_ANTHROPIC;
    const struct str bytes = {(const char *)data + 1, size - 1};
    buf_init(&heard.text, (size_t)8 << 20);
    buf_init(&again.text, (size_t)8 << 20);
    const struct err e = read_all(arena, api, bytes, bytes.len + 1, &heard, &answer);
    const struct err f = read_all(arena, api, bytes, (size_t)(data[0] >> 1) + 1, &again, &other);
    INVARIANT(e.kind == f.kind && (e.kind == ERR_NONE || e.kind == ERR_UPSTREAM));
    INVARIANT(str_eq(buf_str(&heard.text), buf_str(&again.text)) && heard.calls == again.calls);
    whole_answer(&answer, &heard);
    same(&answer, &other);
    said_again(arena, &answer);
    if (e.kind != ERR_NONE)
        in_words(arena, api, e);
    buf_fini(&heard.text);
    buf_fini(&again.text);
    return 0;
}
