/* The readiness report: figures that the engine gave now, and under them what the model wrote, by
 * name. Its words are made inert; what they claim the figures do not depend on. */
#include "agent/cli/workflow.h"
#include "common/base/civil.h"
#include "common/sys/inert.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define WORD_UNITS  200

static void put_word(struct arena *arena, struct buf *out, const char *text)
{
    const char *inert = inert_line(arena, INERT_PLAIN, text, WORD_UNITS);
    buf_puts(out, inert == NULL ? "" : inert);
}

/* "0-7: 3, 8-30: 1" of an object of numbers. */
static void put_counts(struct arena *arena, struct buf *out, const struct json *counts)
{
    bool first = true;
    for (size_t i = 0; counts != NULL && i < counts->count; i++) {
        int64_t n;
        if (!json_int(counts->members[i].value, &n) || n == 0)
            continue;
        buf_puts(out, first ? "" : ", ");
        put_word(arena, out, counts->members[i].key.at);
        buf_puts(out, ": ");
        buf_puti(out, n);
        first = false;
    }
    buf_puts(out, first ? "none" : "");
}

static int64_t waiting_n(const struct json *waiting)
{
    int64_t sum = 0, n;
    for (size_t i = 0; waiting != NULL && i < waiting->count; i++)
        sum += json_int(json_get(waiting->items[i], "count"), &n) ? n : 0;
    return sum;
}

static struct err put_figures(struct headless *h, struct arena *arena, const char *entity_id,
                              const char *period, struct buf *out)
{
    struct json *of = json_object_new(arena), *list = json_object_new(arena);
    const struct json *summary, *open;
    json_put_text(arena, of, "entity_id", entity_id);
    json_put_text(arena, of, "period", period);
    json_put_text(arena, list, "entity_id", entity_id);
    json_put_int(arena, list, "limit", 1);
    TRY(arena_check(arena));
    TRY(workflow_read(h, "generate_close_summary", of, &summary));
    TRY(workflow_read(h, "list_exceptions", list, &open));
    const struct json *counts = json_get(open, "counts");
    buf_puts(out, "| from the engine | |\n|---|---|\n| open exceptions by state | ");
    put_counts(arena, out, json_get(counts, "by_state"));
    buf_puts(out, " |\n| by age in days | ");
    put_counts(arena, out, json_get(counts, "by_age"));
    buf_puts(out, " |\n| approvals that wait | ");
    buf_puti(out, waiting_n(json_get(summary, "waiting")));
    buf_puts(out, " |\n| decisions in the period | ");
    put_counts(arena, out, json_get(summary, "decisions"));
    buf_puts(out, " |\n\n");
    return OK;
}

static struct err put_section(struct headless *h, struct arena *arena, const struct agent_run *run,
                              const struct run_item *item, struct buf *out)
{
    struct str kind, entity = STR("");
    struct turn_told told;
    (void)str_cut(str_of(item->object), ':', &kind, &entity);
    const char *entity_id = str_dup(arena, entity);
    TRY(arena_check(arena));
    buf_puts(out, "## ");
    put_word(arena, out, entity_id);
    buf_puts(out, "\n\n");
    TRY(put_figures(h, arena, entity_id, run->period, out));
    const struct err e = headless_read(h, arena, item->session_id, 0, &told);
    if (e.kind == ERR_MISSING || (e.kind == ERR_NONE && told.answer == NULL)) {
        buf_putf(out, "The model wrote nothing (%s).\n\n", item->outcome);
        return OK;
    }
    TRY(e);
    buf_puts(out, "### As the model reads it\n\n");
    inert_text(out, str_of(told.answer));
    buf_putf(out, "\n\n*%s, %s, %s*\n\n", told.talk.model, item->session_id, item->outcome);
    return OK;
}

struct err workflow_report(struct headless *h, const struct agent_run *run,
                           const struct run_item *items, size_t n, struct buf *out)
{
    char now[INSTANT_TEXT_MAX];
    instant_print(cli_clock_us(), now);
    buf_putf(
        out,
        "# Close readiness, %s\n\nRun %s on behalf of %s, %s. Figures are the engine's, of this "
        "moment; what the model wrote is an opinion and decides nothing.\n\n",
        run->period, run->run_id, run->actor, now);
    for (size_t i = 0; i < n; i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_BYTES);
        ENSURE(arena != NULL, ERR_LIMIT, "no memory");
        TRY(put_section(h, arena, run, &items[i], out));
    }
    return buf_check(out);
}
