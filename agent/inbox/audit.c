/* The audit explorer: pages, one event with why it was decided so, and a file of events as they
 * were hashed. The file is for looking and for filing; the evidence, with its proofs, is what
 * `closegate-engine audit export` writes. */
#include "agent/inbox/inbox_own.h"
#include "agent/inbox/shapes.h"

#include "common/base/buf.h"
#include "common/sys/json_write.h"

#define EXPORT_EVENTS 10000
#define EXPORT_BYTES  ((size_t)48 << 20)
#define PAGE_EVENTS   200

struct audit_query {
    const char *entity, *actor, *type, *match, *from, *to, *order, *cursor;
    int64_t limit;
};

/* clang-format off */
static const struct json_field fields[] = {
    JSON_TEXT(struct audit_query, entity, .max = 64, .help = "only this entity's"),
    JSON_TEXT(struct audit_query, actor, .max = 136, .help = "only acts of this actor"),
    JSON_TEXT(struct audit_query, type, .max = 64, .help = "only events of this type"),
    JSON_TEXT(struct audit_query, match, .max = 64, .help = "only about this match"),
    JSON_TEXT(struct audit_query, from, .max = 40, .help = "first day or instant, inclusive"),
    JSON_TEXT(struct audit_query, to, .max = 40, .help = "day or instant, exclusive"),
    JSON_TEXT(struct audit_query, order, .max = 8, .help = "newest or oldest"),
    JSON_TEXT(struct audit_query, cursor, .max = 400, .help = "next_cursor of the page before"),
    JSON_INT(struct audit_query, limit, .min = 1, .max = 500, .def = 100, .help = "a page"),
};
/* clang-format on */

static struct json *arguments(struct request *r, const struct audit_query *q)
{
    struct json *args = json_object_new(r->arena);
    json_put_known(r->arena, args, "entity_id", q->entity);
    json_put_known(r->arena, args, "actor", q->actor);
    json_put_known(r->arena, args, "event_type", q->type);
    json_put_known(r->arena, args, "match_id", q->match);
    json_put_known(r->arena, args, "from", q->from);
    json_put_known(r->arena, args, "to", q->to);
    json_put_known(r->arena, args, "order", q->order);
    json_put_known(r->arena, args, "cursor", q->cursor);
    json_put_int(r->arena, args, "limit", q->limit);
    return args;
}

struct err get_audit(struct request *r)
{
    struct audit_query q;
    TRY(request_query(r, JSON_FIELDS(fields), &q));
    return shape_call(r, "query_audit", arguments(r, &q), &shape_audit_page);
}

/* ---- evidence: passed on as it is, for browsers check it themselves ---- */

static struct err pass_on(struct request *r, const char *uri)
{
    const struct mcpc_actor who = request_actor(r);
    struct str text;
    ENSURE(uri != NULL, ERR_LIMIT, "no memory");
    TRY(mcpc_read(r->mcpc, r->arena, &who, uri, &text));
    reply_raw(r, 200, text);
    return OK;
}

struct err get_audit_keys(struct request *r)
{
    return pass_on(r, "recon://audit/keys");
}

struct err get_audit_checkpoint(struct request *r)
{
    return pass_on(r, "recon://audit/checkpoint");
}

struct sizes {
    int64_t from, to;
};

static const struct json_field sizes_fields[] = {
    JSON_INT(struct sizes, from, .required = true, .min = 1, .max = INT64_C(1) << 53,
             .help = "events of the earlier head"),
    JSON_INT(struct sizes, to, .required = true, .min = 1, .max = INT64_C(1) << 53,
             .help = "events of the later head"),
};

struct err get_audit_consistency(struct request *r)
{
    struct sizes sizes;
    TRY(request_query(r, JSON_FIELDS(sizes_fields), &sizes));
    return pass_on(r, arena_fmt(r->arena, "recon://audit/consistency/%lld/%lld",
                                (long long)sizes.from, (long long)sizes.to));
}

/* ---- one event ---- */

struct err get_audit_event(struct request *r)
{
    struct json *o = json_object_new(r->arena);
    const struct json *event, *explained = NULL;
    struct str number, rest;
    const bool more = str_cut(r->rest, '/', &number, &rest);
    if (more && str_is(rest, "receipt") && id_is_plain(number))
        return pass_on(r,
                       arena_fmt(r->arena, "recon://audit/%s/receipt", str_dup(r->arena, number)));
    const char *seq = id_is_plain(r->rest) ? str_dup(r->arena, r->rest) : NULL;
    ENSURE(seq != NULL, ERR_MISSING, "there is no such event");
    TRY(request_read(r, arena_fmt(r->arena, "recon://audit/%s", seq), &event));
    json_put(r->arena, o, "event", event);
    struct err e = request_read(r, arena_fmt(r->arena, "recon://explain/%s", seq), &explained);
    if (e.kind != ERR_NONE && e.kind != ERR_MISSING && e.kind != ERR_INPUT)
        return e; /* not every event was judged */
    json_put(r->arena, o, "explain", e.kind == ERR_NONE ? explained : json_null_new(r->arena));
    reply_json(r, 200, o);
    return OK;
}

/* ---- the file ---- */

static struct err line_put(struct buf *out, const struct json *event)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, (size_t)4 << 20);
    jw_tree(&w, NULL, event);
    TRY(jw_done(&w, &text));
    buf_put(out, text.at, text.len);
    buf_putc(out, '\n');
    return buf_check(out);
}

/* One page; its memory is its own. *cursor is NULL after the last. */
static struct err page_put(struct request *r, struct audit_query *q, struct buf *out,
                           int64_t *events, char **cursor)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    const struct mcpc_actor who = request_actor(r);
    struct mcpc_result result;
    ENSURE(arena != NULL, ERR_LIMIT, "no memory");
    TRY(mcpc_call(r->mcpc, arena, &who, "query_audit", arguments(r, q), &result));
    struct err failed = mcpc_failure(arena, &result);
    if (failed.kind != ERR_NONE)
        return err_fmt(r->arena, failed.kind, NULL, "%s", failed.msg);
    const struct json *list = json_get(result.structured, "events");
    const char *next = json_get_text(result.structured, "next_cursor");
    for (size_t i = 0; list != NULL && i < list->count; i++, *events += 1)
        TRY(line_put(out, list->items[i]));
    *cursor = next == NULL ? NULL : arena_strdup(r->arena, next);
    return arena_check(r->arena);
}

struct err get_audit_export(struct request *r)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    struct audit_query q;
    int64_t events = 0;
    char *cursor = NULL;
    buf_init(&out, EXPORT_BYTES);
    TRY(request_query(r, JSON_FIELDS(fields), &q));
    q.limit = PAGE_EVENTS;
    do {
        TRY(page_put(r, &q, &out, &events, &cursor));
        q.cursor = cursor;
    } while (cursor != NULL && events < EXPORT_EVENTS);
    char *kept = arena_dup(r->arena, buf_text(&out), out.len);
    TRY(arena_check(r->arena));
    reply_text(r, 200, "application/jsonl; charset=utf-8", (struct str){kept, out.len});
    reply_pair(r, "Content-Disposition", "attachment; filename=\"audit.jsonl\"");
    if (cursor != NULL) /* the person is told that this is not all */
        reply_pair(r, "X-Closegate-Next-Cursor", cursor);
    return OK;
}
