/* The inbox: what waits, one of them with everything a decision needs on one screen, and decisions.
 * A decision repeats the digest of what was shown, and carries what was looked at. */
#include "agent/inbox/inbox_own.h"
#include "agent/inbox/shapes.h"

#include <string.h>

#include "agent/call/fresh_token.h"
#include "common/sys/log.h"

/* ---- the list: a line of each; whoever opens one asks for all of it ---- */

struct list_query {
    const char *view, *entity, *reason, *tier, *tool, *min, *max, *currency, *to, *sort, *q,
        *cursor;
    int64_t age, limit;
};

/* clang-format off */
static const struct json_field list_query[] = {
    JSON_TEXT(struct list_query, view, .max = 16, .help = "open, asked or decided"),
    JSON_TEXT(struct list_query, entity, .max = 64, .help = "only this entity's"),
    JSON_TEXT(struct list_query, reason, .max = 64, .help = "only those stopped for this reason"),
    JSON_TEXT(struct list_query, tier, .max = 4, .help = "only this tier"),
    JSON_TEXT(struct list_query, tool, .max = 64, .help = "only what this tool would do"),
    JSON_TEXT(struct list_query, min, .max = 40, .help = "at least this amount of `currency`"),
    JSON_TEXT(struct list_query, max, .max = 40, .help = "at most this amount of `currency`"),
    JSON_TEXT(struct list_query, currency, .max = 3, .help = "of min and max"),
    JSON_TEXT(struct list_query, to, .max = 136, .help = "addressed to; `me` is the caller and their roles"),
    JSON_TEXT(struct list_query, sort, .max = 16, .help = "sla, newest, oldest or amount"),
    JSON_TEXT(struct list_query, q, .max = 100, .help = "text of counterparty, memo or reference"),
    JSON_TEXT(struct list_query, cursor, .max = 400, .help = "next_cursor of the page before"),
    JSON_INT(struct list_query, age, .min = 0, .max = 100000, .help = "waiting at least so many hours"),
    JSON_INT(struct list_query, limit, .min = 1, .max = 200, .def = 100, .help = "a page"),
};
/* clang-format on */

struct err get_escalations(struct request *r)
{
    struct list_query q;
    struct json *args = json_object_new(r->arena);
    TRY(request_query(r, JSON_FIELDS(list_query), &q));
    json_put_known(r->arena, args, "view", q.view);
    json_put_known(r->arena, args, "entity_id", q.entity);
    json_put_known(r->arena, args, "reason", q.reason);
    json_put_known(r->arena, args, "tier", q.tier);
    json_put_known(r->arena, args, "tool", q.tool);
    json_put_known(r->arena, args, "min_amount", q.min);
    json_put_known(r->arena, args, "max_amount", q.max);
    json_put_known(r->arena, args, "currency", q.currency);
    json_put_known(r->arena, args, "to", q.to);
    json_put_known(r->arena, args, "order", q.sort);
    json_put_known(r->arena, args, "q", q.q);
    json_put_known(r->arena, args, "cursor", q.cursor);
    if (q.age > 0)
        json_put_int(r->arena, args, "older_than_hours", q.age);
    json_put_bool(r->arena, args, "brief", true);
    json_put_int(r->arena, args, "limit", q.limit);
    return shape_call(r, "list_pending_escalations", args, &shape_escalation_page);
}

/* ---- one of them ---- */

static struct err match_of(struct request *r, const struct json *escalation, struct json *page)
{
    const char *id = json_get_text(escalation, "object_id");
    const struct json *match;
    if (!text_eq(json_get_text(escalation, "object_type"), "match") || id == NULL) {
        json_put(r->arena, page, "match", json_null_new(r->arena));
        return OK;
    }
    TRY(request_read(r, arena_fmt(r->arena, "recon://matches/%s", id), &match));
    TRY(shape_check(r, &shape_match, match));
    json_put(r->arena, page, "match", match);
    return OK;
}

struct err get_escalation(struct request *r)
{
    struct json *page = json_object_new(r->arena);
    const struct json *escalation;
    if (!id_is_plain(r->rest))
        return err_new(ERR_MISSING, "there is no such escalation");
    const char *id = str_dup(r->arena, r->rest);
    TRY(request_read(r, arena_fmt(r->arena, "recon://escalations/%s", id), &escalation));
    json_put(r->arena, page, "escalation", escalation);
    TRY(shape_check(r, &shape_escalation, escalation));
    TRY(match_of(r, escalation, page));
    reply_json(r, 200, page);
    return OK;
}

/* ---- decisions ---- */

struct decision {
    const char *decision, *digest, *rationale, *idempotency_key;
    const struct json *review;
};

static const struct json_field decision_fields[] = {
    JSON_TEXT(struct decision, decision, .required = true, .max = 16,
              .help = "confirm, reject, withdraw, request_info or answer"),
    JSON_TEXT(struct decision, digest, .required = true, .min = 64, .max = 64,
              .help = "of the facts that were shown"),
    JSON_TEXT(struct decision, rationale, .max = 2000, .help = "the decider's own words"),
    JSON_TEXT(struct decision, idempotency_key, .required = true, .min = 8, .max = 200,
              .help = "one a click: a repeated request is the same decision"),
    JSON_ANY(struct decision, review, .holds = JSON_TYPE_OBJECT,
             .help = "{opened_at, evidence_opened[]}: what was looked at"),
};

/* With a fresh login of the person's for exactly this decision, when there is one. */
static struct err decide(struct request *r, const char *escalation_id, const struct decision *d,
                         const struct json *args)
{
    struct mcpc_actor who = request_actor(r);
    struct mcpc_result result;
    TRY(fresh_token(r, escalation_id, d->decision, d->digest, &who.id_token));
    TRY(mcpc_call(r->mcpc, r->arena, &who, "resolve_escalation", args, &result));
    reply_result(r, &result);
    if (who.id_token == NULL || result.is_error)
        return OK;
    /* The decision stands, whatever becomes of the token: it is too old soon. */
    struct err e = fresh_token_drop(r, escalation_id, d->decision);
    if (e.kind != ERR_NONE)
        log_warn("a used fresh login stays", LOG_TEXT("request", r->id), LOG_ERR(e), LOG_END);
    return OK;
}

const struct shape shape_decision = {.name = "Decision",
                                     .help = "POST escalations/ID/decision",
                                     .fields = decision_fields,
                                     .n = sizeof decision_fields / sizeof decision_fields[0],
                                     .closed = true};

struct err post_decision(struct request *r)
{
    struct str id, rest;
    struct decision d;
    struct json *args = json_object_new(r->arena);
    if (!str_cut(r->rest, '/', &id, &rest) || !str_is(rest, "decision") || !id_is_plain(id))
        return err_new(ERR_MISSING, "there is no such address");
    TRY(request_body(r, JSON_FIELDS(decision_fields), &d));
    const char *escalation_id = str_dup(r->arena, id);
    json_put_text(r->arena, args, "escalation_id", escalation_id);
    json_put_text(r->arena, args, "decision", d.decision);
    json_put_text(r->arena, args, "digest", d.digest);
    json_put_known(r->arena, args, "rationale", d.rationale);
    json_put_text(r->arena, args, "idempotency_key", d.idempotency_key);
    if (d.review != NULL)
        json_put(r->arena, args, "review", d.review);
    TRY(arena_check(r->arena));
    return decide(r, escalation_id, &d, args);
}

struct bulk {
    const char *decision, *rationale, *idempotency_key;
    const struct json *items, *review;
};

static const struct json_field bulk_fields[] = {
    JSON_TEXT(struct bulk, decision, .required = true, .max = 16, .help = "confirm or reject"),
    JSON_TEXT(struct bulk, rationale, .max = 2000, .help = "the decider's own words"),
    JSON_TEXT(struct bulk, idempotency_key, .required = true, .min = 8, .max = 200,
              .help = "one a click"),
    JSON_ANY(struct bulk, items, .required = true, .holds = JSON_TYPE_ARRAY,
             .each = JSON_TYPE_OBJECT, .help = "array of {escalation_id, digest}"),
    JSON_ANY(struct bulk, review, .holds = JSON_TYPE_OBJECT, .help = "what was looked at"),
};

const struct shape shape_bulk = {.name = "Bulk",
                                 .help = "POST escalations/decisions",
                                 .fields = bulk_fields,
                                 .n = sizeof bulk_fields / sizeof bulk_fields[0],
                                 .closed = true};

struct err post_decisions(struct request *r)
{
    struct bulk b;
    struct json *args = json_object_new(r->arena);
    TRY(request_body(r, JSON_FIELDS(bulk_fields), &b));
    json_put_text(r->arena, args, "decision", b.decision);
    json_put_known(r->arena, args, "rationale", b.rationale);
    json_put_text(r->arena, args, "idempotency_key", b.idempotency_key);
    json_put(r->arena, args, "items", b.items);
    if (b.review != NULL)
        json_put(r->arena, args, "review", b.review);
    return shape_call(r, "resolve_escalations", args, &shape_outcome);
}
