/* Rows and sessions as browsers see them: what a reader of the conversation needs, not what the
 * model was sent. */
#include "agent/llm/show.h"

const char *show_cost(struct arena *arena, int64_t micros)
{
    return arena_fmt(arena, "%lld.%06lld", (long long)(micros / 1000000),
                     (long long)(micros % 1000000));
}

static bool is_shown(const struct trace *row)
{
    return row->kind != TRACE_ASKED && row->kind != TRACE_CALLING;
}

/* What the model was given of a result stays in the export; people are shown the result. */
static bool is_kept(const struct trace *row, struct str key, const struct json *body)
{
    return row->kind != TRACE_RETURNED || !str_is(key, "text") || json_get(body, "result") == NULL;
}

struct json *show_row(struct arena *arena, const struct trace *row, const struct json *body)
{
    if (!is_shown(row))
        return NULL;
    struct json *o = json_object_new(arena);
    json_put_int(arena, o, "n", row->n);
    json_put_int(arena, o, "turn", row->turn);
    json_put_text(arena, o, "kind", trace_kind_name(row->kind));
    json_put_instant(arena, o, "at", row->at_us);
    if (row->latency_us > 0)
        json_put_int(arena, o, "latency_ms", row->latency_us / 1000);
    if (row->kind == TRACE_ANSWERED || row->kind == TRACE_SUMMED) {
        json_put_int(arena, o, "input_tokens",
                     row->use.input_tokens + row->use.cache_read_tokens +
                         row->use.cache_write_tokens);
        json_put_int(arena, o, "output_tokens", row->use.output_tokens);
        json_put_text(arena, o, "cost", show_cost(arena, row->use.cost_micros));
    }
    for (size_t i = 0; i < body->count; i++)
        if (is_kept(row, body->members[i].key, body))
            json_add(arena, o, body->members[i].key, body->members[i].value);
    return o;
}

struct json *show_talk(struct arena *arena, const struct talk *t)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "session_id", t->session_id);
    json_put_text(arena, o, "title", t->title);
    json_put_text(arena, o, "state", fsm_agent_session.state_names[t->state]);
    json_put_known(arena, o, "entity_id", t->entity_id);
    json_put_text(arena, o, "origin", t->origin);
    json_put_text(arena, o, "api", t->api);
    json_put_text(arena, o, "model", t->model);
    json_put_bool(arena, o, "turn_open", t->turn_open);
    json_put_instant(arena, o, "created_at", t->created_us);
    json_put_instant(arena, o, "used_at", t->used_us);
    json_put_int(arena, o, "input_tokens",
                 t->use.input_tokens + t->use.cache_read_tokens + t->use.cache_write_tokens);
    json_put_int(arena, o, "output_tokens", t->use.output_tokens);
    json_put_text(arena, o, "cost", show_cost(arena, t->use.cost_micros));
    json_put_int(arena, o, "rows", t->rows_n);
    return o;
}
