/* A recorded stream, read and told again as text: what was heard on the way, then the parts, the
 * stop and the counts. However the bytes are cut, the story is the same: stream_story checks that.
 */
#ifndef TESTS_UNIT_LLM_STREAM_H
#define TESTS_UNIT_LLM_STREAM_H

#include <string.h>

#include "agent/llm/provider.h"
#include "common/sys/json_write.h"
#include "tests/unit/test.h"

#define MADE_ID_LEN 29 /* "call_" and 24 digits of chance */

static inline void hear_text(void *ctx, struct str delta)
{
    struct buf *heard = ctx;
    ck_assert_uint_gt(delta.len, 0);
    ck_assert(utf8_valid(delta.at, delta.len));
    buf_put(heard, delta.at, delta.len);
}

static inline void hear_call(void *ctx, const char *tool)
{
    buf_putf(ctx, "<%s>", tool);
}

static inline const char *json_told(struct arena *arena, const struct json *tree)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, (size_t)1 << 22);
    jw_tree(&w, NULL, tree);
    ck_ok(jw_done(&w, &text));
    return str_dup(arena, text);
}

static inline void tell_part(struct arena *arena, const struct llm_part *part, struct buf *out)
{
    const bool made = part->call_id != NULL && strlen(part->call_id) == MADE_ID_LEN;
    if (part->kind == LLM_TEXT)
        buf_putf(out, "text %s\n", str_dup(arena, part->text));
    else if (part->arguments != NULL)
        buf_putf(out, "call %s %s %s\n", made ? "(made)" : part->call_id, part->tool,
                 json_told(arena, part->arguments));
    else
        buf_putf(out, "call %s %s malformed %s\n", made ? "(made)" : part->call_id, part->tool,
                 str_dup(arena, part->text));
}

static inline void tell_answer(struct arena *arena, const struct llm_answer *a, struct buf *out)
{
    static const char *const stops[] = {"cut", "end", "calls", "length", "refused"};
    for (size_t i = 0; i < a->n; i++)
        tell_part(arena, &a->parts[i], out);
    buf_putf(out, "%s", stops[a->stop]);
    if (a->usage.told)
        buf_putf(out, " in %lld out %lld read %lld write %lld", (long long)a->usage.input,
                 (long long)a->usage.output, (long long)a->usage.cache_read,
                 (long long)a->usage.cache_write);
    if (a->model != NULL)
        buf_putf(out, " of %s", a->model);
    if (a->id != NULL)
        buf_putf(out, " as %s", a->id);
}

/* The story when the first `cut` bytes come by themselves and the rest in steps of `step`. */
static inline const char *story_cut(struct arena *arena, int api, struct str bytes, size_t cut,
                                    size_t step)
{
    CLEANUP(buf_fini) struct buf heard;
    CLEANUP(buf_fini) struct buf out;
    CLEANUP(llm_reader_free) struct llm_reader *reader = NULL;
    struct llm_answer answer;
    buf_init(&heard, (size_t)1 << 22);
    buf_init(&out, (size_t)1 << 23);
    ck_ok(llm_reader_new(api, (struct llm_hooks){hear_text, hear_call, &heard}, &reader));
    llm_reader_put(reader, bytes.at, cut);
    for (size_t at = cut; at < bytes.len; at += step)
        llm_reader_put(reader, bytes.at + at, bytes.len - at < step ? bytes.len - at : step);
    const struct err e = llm_reader_end(reader, arena, &answer);
    buf_putf(&out, "heard %s\n", buf_text(&heard));
    tell_answer(arena, &answer, &out);
    if (e.kind != ERR_NONE)
        buf_putf(&out, " error %s %s %s", err_kind_name(e.kind), e.where, e.msg);
    ck_ok(buf_check(&out));
    return str_dup(arena, buf_str(&out));
}

static inline const char *stream_story(struct arena *arena, int api, struct str bytes)
{
    const char *whole = story_cut(arena, api, bytes, 0, bytes.len == 0 ? 1 : bytes.len);
    for (size_t step = 1; step <= 3; step++)
        ck_assert_str_eq(whole, story_cut(arena, api, bytes, 0, step));
    for (size_t cut = 1; cut < bytes.len; cut++) {
        struct arena *own = arena_new((size_t)16 << 20);
        ck_assert_str_eq(whole, story_cut(own, api, bytes, cut, bytes.len));
        arena_free(own);
    }
    return whole;
}

/* By line, as the assertion's own text would repeat the stream. */
static inline void story_is(int line, int api, struct str bytes, const char *want)
{
    struct arena *arena = arena_new((size_t)64 << 20);
    const char *got = stream_story(arena, api, bytes);
    ck_assert_msg(text_eq(got, want), "line %d: \"%s\", wanted \"%s\"", line, got, want);
    arena_free(arena);
}

/* What the request says, as JSON. */
static inline const char *request_body(struct arena *arena, const struct llm_endpoint *to,
                                       const struct llm_ask *ask, struct fetch_req *out)
{
    ck_ok(llm_request(arena, to, ask, out));
    return str_dup(arena, out->body);
}

static inline const char *request_pair(const struct fetch_req *req, const char *name)
{
    for (size_t i = 0; i < req->pairs_n; i++) {
        if (str_is_nocase(str_of(req->pairs[i].name), name))
            return req->pairs[i].value;
    }
    return NULL;
}

/* A short talk with all there is: a system prompt, two tools, two calls at once of which one
 * failed, arguments that were none, and messages that are to be one. */
struct talk {
    struct llm_part parts[12];
    struct llm_message messages[6];
    struct llm_tool tools[2];
    struct llm_ask ask;
};

static inline void talk_make(struct arena *arena, struct talk *t)
{
    struct json *none = json_object_new(arena), *some = json_object_new(arena);
    json_put_text(arena, none, "type", "object");
    json_put_text(arena, some, "id", "m\"1");
    *t = (struct talk){
        .parts = {
            {.kind = LLM_TEXT, .text = STR("What is open?")},
            {.kind = LLM_TEXT, .text = STR(" \n\t ")},
            {.kind = LLM_TEXT, .text = STR("And why?")},
            {.kind = LLM_TEXT, .text = STR("I look.")},
            {.kind = LLM_CALL, .call_id = "c-1", .tool = "list_matches", .arguments = some},
            {.kind = LLM_CALL, .call_id = "c-2", .tool = "no such tool\n", .text = STR("{\"a\":")},
            {.kind = LLM_TEXT, .text = STR("Be brief.")},
            {.kind = LLM_RESULT, .call_id = "c-1", .tool = "list_matches", .text = STR("two")},
            {.kind = LLM_RESULT,
             .call_id = "c-2",
             .tool = "x",
             .text = STR("none"),
             .is_error = true},
        }};
    const struct llm_message messages[] = {{LLM_USER, &t->parts[0], 2},
                                           {LLM_ASSISTANT, &t->parts[1], 1},
                                           {LLM_USER, &t->parts[2], 1},
                                           {LLM_ASSISTANT, &t->parts[3], 3},
                                           {LLM_USER, &t->parts[6], 3}};
    memcpy(t->messages, messages, sizeof messages);
    t->tools[0] = (struct llm_tool){"list_matches", STR("Lists matches."), none};
    t->tools[1] = (struct llm_tool){"match_status", STR("Tells of one."), none};
    t->ask = (struct llm_ask){.model = "m-1",
                              .system = STR("Be exact."),
                              .messages = t->messages,
                              .messages_n = 5,
                              .tools = t->tools,
                              .tools_n = 2,
                              .answer_tokens = 1000};
}

#endif
