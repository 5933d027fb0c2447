/* Bodies pass through as they were written. */
#include "agent/store/trace_line.h"

#include "common/base/civil.h"
#include "common/sys/json_write.h"

/* What is not known is left out. */
static void known(struct jw *w, const char *key, const char *text)
{
    if (text != NULL)
        jw_text(w, key, text);
}

static void counts(struct jw *w, const struct trace *row)
{
    if (row->latency_us != 0)
        jw_int(w, "latency_us", row->latency_us);
    if (trace_use_tokens(&row->use) == 0 && row->use.cost_micros == 0)
        return;
    jw_int(w, "input_tokens", row->use.input_tokens);
    jw_int(w, "output_tokens", row->use.output_tokens);
    jw_int(w, "cache_read_tokens", row->use.cache_read_tokens);
    jw_int(w, "cache_write_tokens", row->use.cache_write_tokens);
    jw_int(w, "cost_micros", row->use.cost_micros);
}

static struct err line_end(struct jw *w, struct buf *out)
{
    struct str text;
    TRY(jw_done(w, &text));
    buf_put(out, text.at, text.len);
    buf_putc(out, '\n');
    return buf_check(out);
}

struct err trace_line(const struct talk *t, const struct trace *row, struct buf *out)
{
    CLEANUP(jw_fini) struct jw w;
    char at[INSTANT_TEXT_MAX];
    instant_print(row->at_us, at);
    jw_init(&w, TRACE_LINE_MAX);
    jw_obj(&w);
    jw_text(&w, "session_id", row->session_id);
    jw_int(&w, "n", row->n);
    jw_int(&w, "turn", row->turn);
    jw_text(&w, "kind", trace_kind_name(row->kind));
    jw_text(&w, "at", at);
    jw_text(&w, "principal_id", t->principal_id);
    jw_text(&w, "actor", t->actor);
    known(&w, "entity_id", t->entity_id);
    jw_text(&w, "origin", t->origin);
    jw_text(&w, "api", t->api);
    jw_text(&w, "model", row->model != NULL ? row->model : t->model);
    known(&w, "system_sha256", row->system_sha256);
    known(&w, "tools_sha256", row->tools_sha256);
    counts(&w, row);
    jw_raw(&w, "body", row->body);
    jw_end(&w);
    return line_end(&w, out);
}

struct err prompt_line(const char *sha256, struct str text, struct buf *out)
{
    CLEANUP(jw_fini) struct jw w;
    jw_init(&w, TRACE_LINE_MAX);
    jw_obj(&w);
    jw_text(&w, "kind", "prompt");
    jw_text(&w, "sha256", sha256);
    jw_str(&w, "text", text);
    jw_end(&w);
    return line_end(&w, out);
}
