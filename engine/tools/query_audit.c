/* query_audit: the log, filtered, a page at a time, within the caller's entities. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tools/cursor.h"
#include "engine/tools/tool.h"

struct query_audit {
    const char *entity_id, *actor, *event_type, *match_id, *from, *to, *cursor;
    int64_t limit;
    int order; /* index of the names below */
};

enum { ORDER_OLDEST = 0, ORDER_NEWEST };
static const char *const orders[] = {"oldest", "newest", NULL};

/* What a cursor of the newest says before its number, so that no list goes on in the other order.
 */
#define BEFORE "before:"

static const char *instant_or_date(const char *text)
{
    struct date day;
    int64_t us;
    bool good =
        date_parse(text, &day).kind == ERR_NONE || instant_parse(text, &us).kind == ERR_NONE;
    return good ? NULL : "expected a date (2026-03-31) or an instant in UTC (2026-03-31T10:00:00Z)";
}

static const struct json_field fields[] = {
    JSON_TEXT(struct query_audit, entity_id, .max = 64, .help = "only events of this entity"),
    JSON_TEXT(struct query_audit, actor, .max = 136, .help = "only acts of this actor id"),
    JSON_TEXT(struct query_audit, event_type, .max = 64, .help = "OK, POLICY_VIOLATION …"),
    JSON_TEXT(struct query_audit, match_id, .max = 64, .help = "only events about this match"),
    JSON_TEXT(struct query_audit, from, .max = 40, .check = instant_or_date,
              .help = "first instant or date, inclusive, UTC"),
    JSON_TEXT(struct query_audit, to, .max = 40, .check = instant_or_date,
              .help = "instant or date, exclusive, UTC"),
    JSON_ENUM(struct query_audit, order, orders,
              .help = "oldest first, or newest first: backwards from the end of the log"),
    JSON_INT(struct query_audit, limit, .min = 1, .max = 500, .def = 50, .help = "events a page"),
    JSON_TEXT(struct query_audit, cursor, .min = -1, .max = 200,
              .help = "next_cursor of the page before, in the same order"),
};

struct audit_page {
    const struct json *events;
    const char *next_cursor;
};

static const struct json_field result[] = {
    JSON_ANY(struct audit_page, events, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array of {seq, hash_prev, hash_self, event}, in the order asked for"),
    JSON_TEXT(struct audit_page, next_cursor,
              .help = "absent on the last page; a page may be empty and not the last"),
};

struct page {
    struct call *c;
    struct json *events;
};

/* The event goes out as it was hashed: the book holds one JSON text, and nobody reads it here. */
static struct err page_add(void *arg, const struct audit_row *row)
{
    struct page *p = arg;
    struct json *o = json_object_new(p->c->arena);
    char hex[65];
    json_put_int(p->c->arena, o, "seq", row->seq);
    hex_print(row->hash_prev, sizeof row->hash_prev, hex);
    json_put_text(p->c->arena, o, "hash_prev", hex);
    hex_print(row->hash_self, sizeof row->hash_self, hex);
    json_put_text(p->c->arena, o, "hash_self", hex);
    json_put(p->c->arena, o, "event", json_raw_new(p->c->arena, str_of(row->event)));
    json_push(p->c->arena, p->events, o);
    return arena_check(p->c->arena);
}

/* The event a page goes on from; 0 of the first page. */
static struct err place_parse(struct call *c, int64_t *seq)
{
    const struct query_audit *args = c->args;
    const bool newest = args->order == ORDER_NEWEST;
    const size_t prefix = newest ? sizeof BEFORE - 1 : 0;
    const char *at;
    char *end;
    *seq = 0;
    TRY(cursor_parse(c->arena, args->cursor, &at));
    if (at[0] == '\0')
        return OK;
    if (newest && strncmp(at, BEFORE, prefix) != 0)
        return err_at(ERR_INPUT, "/cursor", "not a cursor of this list in this order");
    *seq = strtoll(at + prefix, &end, 10);
    if (end == at + prefix || *end != '\0' || *seq <= 0)
        return err_at(ERR_INPUT, "/cursor", "not a cursor of this list in this order");
    return OK;
}

static const char *place_print(struct call *c, int64_t seq)
{
    const struct query_audit *args = c->args;
    const char *prefix = args->order == ORDER_NEWEST ? BEFORE : "";
    return cursor_print(c->arena, arena_fmt(c->arena, "%s%" PRId64, prefix, seq));
}

static struct err filter_of(struct call *c, struct tx *tx, struct audit_filter *f)
{
    const struct query_audit *args = c->args;
    const bool newest = args->order == ORDER_NEWEST;
    int64_t place;
    bool all;
    TRY(place_parse(c, &place));
    *f = (struct audit_filter){.entity_id = args->entity_id,
                               .actor = args->actor,
                               .event_type = args->event_type,
                               .match_id = args->match_id,
                               .from = args->from,
                               .to = args->to,
                               .limit = args->limit,
                               .newest = newest,
                               .after_seq = newest ? 0 : place,
                               .before_seq = newest ? place : 0};
    TRY(actor_scope(tx, c->arena, &c->actor, &all, &f->entities, &f->entities_n));
    f->scoped = !all;
    return OK;
}

static struct err read_page(struct call *c, struct tx *tx)
{
    struct audit_filter filter;
    struct page p = {.c = c, .events = json_array_new(c->arena)};
    int64_t last;
    bool more;
    TRY(filter_of(c, tx, &filter));
    TRY(audit_query(tx, &filter, page_add, &p, &last, &more));
    const struct audit_page page = {.events = p.events,
                                    .next_cursor = more ? place_print(c, last) : NULL};
    return json_unbind(c->arena, JSON_FIELDS(result), &page, &c->result);
}

const struct tool tool_query_audit = {
    .name = "query_audit",
    .title = "Query the audit log",
    .summary = "Reads the append-only audit log: who did or was refused what, under which clause.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_MCP,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct query_audit),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = read_page,
};
