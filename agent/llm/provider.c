/* A question in the shape both dialects share, and the request around a dialect's body. */
#include "agent/llm/provider.h"

#include <string.h>

#include "agent/llm/provider_own.h"

#define BLANKS    " \t\r\n\f\v"
#define MALFORMED "malformed"

const struct llm_dialect *llm_dialect_of(int api)
{
    switch (api) {
    case LLM_API_ANTHROPIC:
        return &llm_anthropic;
    case LLM_API_OPENAI:
        return &llm_openai;
    default:
        return NULL;
    }
}

/* ---- neighbours of a role become one message ---- */

static bool is_blank(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\0' || strchr(BLANKS, text.at[i]) == NULL)
            return false;
    }
    return true;
}

static bool counts(const struct llm_part *part)
{
    return part->kind != LLM_TEXT || !is_blank(part->text);
}

/* The parts of messages [from, to) that count: the results, or what is none. */
static size_t gather(const struct llm_ask *ask, size_t from, size_t to, bool results,
                     struct llm_part *out)
{
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        for (size_t k = 0; k < ask->messages[i].n; k++) {
            const struct llm_part *part = &ask->messages[i].parts[k];
            if ((part->kind == LLM_RESULT) == results && counts(part))
                out[n++] = *part;
        }
    }
    return n;
}

static size_t parts_of(const struct llm_message *message)
{
    size_t n = 0;
    for (size_t k = 0; k < message->n; k++)
        n += counts(&message->parts[k]) ? 1 : 0;
    return n;
}

/* Behind the last message that is `from`'s, or says nothing; *parts is how much they say. */
static size_t run_end(const struct llm_ask *ask, size_t from, size_t *parts)
{
    size_t to = from;
    for (*parts = 0; to < ask->messages_n; to++) {
        const size_t n = parts_of(&ask->messages[to]);
        if (n > 0 && ask->messages[to].role != ask->messages[from].role)
            break;
        *parts += n;
    }
    return to;
}

static struct err merge(struct arena *arena, const struct llm_ask *ask, struct wire_ask *wire)
{
    size_t parts_n;
    wire->messages = ARENA_ARRAY(arena, ask->messages_n, struct llm_message);
    TRY(arena_check(arena));
    for (size_t from = 0, to; from < ask->messages_n; from = to) {
        if (parts_of(&ask->messages[from]) == 0) {
            to = from + 1;
            continue;
        }
        to = run_end(ask, from, &parts_n);
        struct llm_part *parts = ARENA_ARRAY(arena, parts_n, struct llm_part);
        TRY(arena_check(arena));
        size_t n = gather(ask, from, to, true, parts);
        n += gather(ask, from, to, false, parts + n);
        wire->messages[wire->n++] =
            (struct llm_message){.role = ask->messages[from].role, .parts = parts, .n = n};
    }
    return OK;
}

/* ---- what both write ---- */

void wire_fail(struct wire_ask *wire, struct err e)
{
    if (wire->failed.kind == ERR_NONE)
        wire->failed = e;
}

const char *wire_name(struct arena *arena, const char *tool)
{
    char name[WIRE_NAME_MAX + 1];
    size_t n = 0;
    for (; tool != NULL && tool[n] != '\0' && n < WIRE_NAME_MAX; n++) {
        const char c = tool[n];
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_' || c == '-';
        name[n] = good ? c : '_';
    }
    name[n] = '\0';
    return n == 0 ? "_" : arena_strdup(arena, name);
}

void wire_arguments(struct jw *w, const char *key, const struct llm_part *call)
{
    if (json_is(call->arguments, JSON_TYPE_OBJECT)) {
        jw_tree(w, key, call->arguments);
        return;
    }
    if (key == NULL)
        jw_obj(w);
    else
        jw_obj_in(w, key);
    jw_str(w, MALFORMED, call->text);
    jw_end(w);
}

struct err llm_request(struct arena *arena, const struct llm_endpoint *to,
                       const struct llm_ask *ask, struct fetch_req *out)
{
    CLEANUP(jw_fini) struct jw w;
    struct str body;
    const struct llm_dialect *dialect = llm_dialect_of(to->api);
    struct wire_ask wire = {.ask = ask, .to = to, .arena = arena};
    jw_init(&w, LLM_BODY_MAX);
    ENSURE(dialect != NULL, ERR_BUG, "there is no such provider's dialect");
    TRY(merge(arena, ask, &wire));
    dialect->body(&w, &wire);
    TRY(wire.failed);
    TRY(jw_done(&w, &body));
    struct http_pair *pairs = ARENA_ARRAY(arena, WIRE_PAIRS_MAX + 1, struct http_pair);
    TRY(arena_check(arena));
    pairs[0] = (struct http_pair){"Accept", "text/event-stream"};
    const size_t pairs_n = 1 + dialect->pairs(arena, to->key, pairs + 1);
    *out = (struct fetch_req){.url = arena_fmt(arena, "%s%s", to->base_url, dialect->path),
                              .pairs = pairs,
                              .pairs_n = pairs_n,
                              .body = {arena_dup(arena, body.at, body.len), body.len},
                              .stream_type = "text/event-stream"};
    return arena_check(arena);
}
