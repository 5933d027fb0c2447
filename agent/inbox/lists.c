/* Lists and figures that the engine draws: matches, and what the charts show. */
#include "agent/inbox/inbox_own.h"

/* ---- matches ---- */

struct matches_query {
    const char *entity, *account, *state, *from, *to, *q, *cursor;
    int64_t limit;
};

/* clang-format off */
static const struct json_field matches_fields[] = {
    JSON_TEXT(struct matches_query, entity, .max = 64, .help = "only this entity's"),
    JSON_TEXT(struct matches_query, account, .max = 64, .help = "only of this account"),
    JSON_TEXT(struct matches_query, state, .max = 32, .help = "PROPOSED_MATCH, CONFIRMED …"),
    JSON_TEXT(struct matches_query, from, .max = 40, .help = "first day, inclusive"),
    JSON_TEXT(struct matches_query, to, .max = 40, .help = "last day, exclusive"),
    JSON_TEXT(struct matches_query, q, .max = 100, .help = "text of counterparty, memo or reference"),
    JSON_TEXT(struct matches_query, cursor, .max = 400, .help = "next_cursor of the page before"),
    JSON_INT(struct matches_query, limit, .min = 1, .max = 200, .def = 100, .help = "a page"),
};
/* clang-format on */

struct err get_matches(struct request *r)
{
    struct matches_query q;
    struct json *args = json_object_new(r->arena);
    TRY(request_query(r, JSON_FIELDS(matches_fields), &q));
    json_put_known(r->arena, args, "entity_id", q.entity);
    json_put_known(r->arena, args, "account_id", q.account);
    json_put_known(r->arena, args, "state", q.state);
    json_put_known(r->arena, args, "from", q.from);
    json_put_known(r->arena, args, "to", q.to);
    json_put_known(r->arena, args, "q", q.q);
    json_put_known(r->arena, args, "cursor", q.cursor);
    json_put_int(r->arena, args, "limit", q.limit);
    return request_call(r, "list_matches", args);
}

/* ---- the charts ---- */

struct stats_query {
    const char *entity;
    int64_t days;
};

static const struct json_field stats_fields[] = {
    JSON_TEXT(struct stats_query, entity, .max = 64, .help = "only this entity's"),
    JSON_INT(struct stats_query, days, .min = 1, .max = 92, .def = 30, .help = "up to today"),
};

struct err get_stats(struct request *r)
{
    struct stats_query q;
    struct json *args = json_object_new(r->arena);
    TRY(request_query(r, JSON_FIELDS(stats_fields), &q));
    json_put_known(r->arena, args, "entity_id", q.entity);
    json_put_int(r->arena, args, "days", q.days);
    return request_call(r, "workspace_stats", args);
}
