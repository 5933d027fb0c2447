/* The row that begins a turn, and the session's step that goes with it. */
#include "agent/llm/begin.h"

#include <string.h>

#include "agent/llm/llm_own.h"

#define TITLE_MAX 80

/* The first line, cut between characters. */
static const char *title_of(struct arena *arena, const char *text)
{
    struct str line = str_trim(str_of(text)), rest;
    (void)str_cut(line, '\n', &line, &rest);
    if (line.len <= TITLE_MAX)
        return str_dup(arena, line);
    const size_t n = utf8_valid_len(line.at, TITLE_MAX);
    return arena_fmt(arena, "%.*s…", (int)n, line.at);
}

static struct err redacted(const struct llm *llm, struct arena *arena, const char *text,
                           const char **out)
{
    struct str plain;
    size_t hidden = 0;
    if (text[strspn(text, " \t\r\n")] == '\0') /* providers refuse a blank message */
        return err_at(ERR_INPUT, "/text", "is blank");
    TRY(redact_text(llm->redactor, arena, str_of(text), &plain, &hidden));
    *out = str_dup(arena, plain);
    return arena_check(arena);
}

static struct err add_said(struct llm *llm, struct agent_db *db, struct arena *arena,
                           struct talk *t, struct trace *row, const char *text)
{
    struct json *body = json_object_new(arena);
    json_put_text(arena, body, "text", text);
    TRY(arena_check(arena));
    row->kind = TRACE_SAID;
    row->at_us = llm->options.clock_us();
    TRY(trace_add(db, arena, t, row, body));
    return talk_move(db, arena, t, AGENT_SESSION_EVENT_SAY, true, row->at_us);
}

struct err llm_begin(struct llm *llm, struct agent_db *db, struct arena *arena,
                     const struct llm_begin *begin, struct talk *t, int64_t *n)
{
    struct trace row = {.turn = 1};
    const char *text;
    TRY(redacted(llm, arena, begin->text, &text));
    *t = (struct talk){.principal_id = begin->principal_id,
                       .actor = begin->actor,
                       .entity_id = begin->entity_id,
                       .origin = begin->origin,
                       .title = begin->title != NULL ? begin->title : title_of(arena, text),
                       .api = llm_api_name(llm->endpoint.api),
                       .model = llm->config->model,
                       .turn_open = true};
    TRY(arena_check(arena));
    TRY(talk_add(db, arena, t, llm->options.clock_us()));
    TRY(add_said(llm, db, arena, t, &row, text));
    *n = row.n;
    return OK;
}

struct err llm_say(struct llm *llm, struct agent_db *db, struct arena *arena, struct talk *t,
                   const char *text, int64_t *n)
{
    struct trace row = {.turn = 1}, *rows;
    size_t rows_n;
    const char *plain;
    ENSURE(!t->turn_open, ERR_CONFLICT, "the last turn is still under way; stop it first");
    ENSURE(t->state != AGENT_SESSION_ENDED, ERR_CONFLICT, "this conversation has ended");
    TRY(redacted(llm, arena, text, &plain));
    TRY(traces_load(db, arena, t->session_id, t->rows_n - 1, 1, &rows, &rows_n));
    if (rows_n > 0)
        row.turn = rows[0].turn + 1;
    TRY(add_said(llm, db, arena, t, &row, plain));
    *n = row.n;
    return OK;
}

struct err llm_entity_check(const struct json *me, const char *entity_id)
{
    const struct json *entities = json_get(me, "entities");
    if (entity_id == NULL)
        return OK;
    for (size_t i = 0; entities != NULL && i < entities->count; i++) {
        const char *id = json_get_text(entities->items[i], "entity_id");
        if (id != NULL && text_eq(id, entity_id))
            return OK;
    }
    return err_at(ERR_INPUT, "/entity_id", "there is no such entity for you");
}
