/* list_pending_escalations: what waits for a human, with the clause that stopped it, word for word.
 */
#include "engine/tools/cursor.h"
#include "engine/tools/escalation_view.h"
#include "engine/tools/scope.h"

struct list_pending {
    const char *entity_id, *to, *cursor;
    int64_t limit;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct list_pending, entity_id, .max = 64, .help = "only this entity's"),
    JSON_TEXT(struct list_pending, to, .max = 136,
              .help = "only what is addressed to human:NAME, a principal id or a role"),
    JSON_INT(struct list_pending, limit, .min = 1, .max = 200, .def = 50,
             .help = "escalations a page"),
    JSON_TEXT(struct list_pending, cursor, .min = -1, .max = 200,
              .help = "next_cursor of the page before"),
};

struct pending_page {
    const struct json *escalations;
    const char *next_cursor;
};

static const struct json_field result[] = {
    JSON_ANY(struct pending_page, escalations, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array of escalations: code, clause, digest, amount, bound facts, sla_due_at, "
                     "overdue, notes (questions and answers), to, you_asked"),
    JSON_TEXT(struct pending_page, next_cursor, .help = "absent on the last page"),
};

static struct err page_add(struct call *c, struct tx *tx, const struct scope *scope,
                           const struct escalation *e, struct json *list)
{
    struct json *bound, *o;
    if (!scope->all) {
        TRY(bound_read(c->arena, e, &bound));
        if (!scope_has_escalation(scope, e, bound))
            return OK;
    }
    /* Canonical as it was bound; a page of them is not read to be written again. */
    bound = json_raw_new(c->arena, str_of(e->bound));
    TRY(escalation_view(c, tx, e, bound, &o));
    json_push(c->arena, list, o);
    return OK;
}

static struct err read_page(struct call *c, struct tx *tx)
{
    const struct list_pending *args = c->args;
    struct pending_page page = {0};
    struct escalation *rows;
    struct addressee to;
    struct scope scope;
    const char *after;
    size_t n;
    TRY(cursor_parse(c->arena, args->cursor, &after));
    TRY(scope_load(c, tx, &scope));
    struct escalation_filter filter = {
        .entity_id = args->entity_id, .after = after, .limit = args->limit + 1};
    if (args->to != NULL) {
        TRY(addressee_parse(c, tx, args->to, "/to", &to));
        filter.to = to.who;
    }
    TRY(escalations_list(tx, c->arena, &filter, &rows, &n));
    struct json *list = json_array_new(c->arena);
    for (size_t i = 0; i < n && i < (size_t)args->limit; i++)
        TRY(page_add(c, tx, &scope, &rows[i], list));
    page.escalations = list;
    if (n > (size_t)args->limit)
        page.next_cursor = cursor_print(c->arena, rows[args->limit - 1].escalation_id);
    return json_unbind(c->arena, JSON_FIELDS(result), &page, &c->result);
}

const struct tool tool_list_pending_escalations = {
    .name = "list_pending_escalations",
    .title = "List what waits for a human",
    .summary = "Lists open escalations with the clause that stopped each, the bound facts and the "
               "digest a decision must repeat.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_MCP | OFFER_SOCKET,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct list_pending),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = read_page,
};
