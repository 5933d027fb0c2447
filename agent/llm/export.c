/* GET chat/sessions/{id}/export: every row as it is kept, a JSON object a line. */
#include "agent/llm/routes_own.h"

#include "agent/store/trace_line.h"

#define EXPORT_BYTES ((size_t)48 << 20)

struct export
{
    struct buf out;
};

static struct err add_line(void *ctx, const struct talk *t, const struct trace *row)
{
    struct export *e = ctx;
    TRY(trace_line(t, row, &e->out));
    return buf_check(&e->out);
}

struct err export_talk(struct request *r, struct talk *talk)
{
    const struct traces_filter filter = {.session_id = talk->session_id};
    struct export e = {0};
    buf_init(&e.out, EXPORT_BYTES);
    struct err failed = traces_each(r->db, &filter, add_line, &e);
    const char *kept =
        failed.kind == ERR_NONE ? arena_dup(r->arena, buf_text(&e.out), e.out.len) : NULL;
    const size_t len = e.out.len;
    buf_fini(&e.out);
    TRY(failed);
    TRY(arena_check(r->arena));
    reply_text(r, 200, "application/jsonl; charset=utf-8", (struct str){kept, len});
    reply_pair(r, "Content-Disposition", "attachment; filename=\"conversation.jsonl\"");
    return OK;
}
