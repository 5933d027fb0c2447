/* recon://escalations/{id}: what was bound, who stands around it, what was asked back and answered,
 * which reminders went out, and its events, within the caller's entities. */
#include "engine/tools/resources_escalations.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "engine/store/work.h"
#include "engine/tools/escalation_view.h"
#include "engine/tools/exception_print.h"
#include "engine/tools/names.h"
#include "engine/tools/scope.h"
#include "engine/tools/would.h"

#define EVENTS_SHOWN 200

struct history {
    struct call *c;
    struct json *list;
};

static void copy_text(struct arena *arena, struct json *o, const struct json *event,
                      const char *key, const char *as)
{
    const struct json *value = json_get(event, key);
    if (value != NULL)
        json_put(arena, o, as, value);
}

static struct err event_add(void *arg, const struct audit_row *row)
{
    static const struct json_limits limits = {
        .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};
    struct history *h = arg;
    struct arena *arena = h->c->arena;
    struct json *event, *o = json_object_new(arena);
    TRY(json_read(arena, str_of(row->event), &limits, &event));
    json_put_int(arena, o, "seq", row->seq);
    copy_text(arena, o, event, "event_type", "event_type");
    copy_text(arena, o, event, "timestamp_utc", "at");
    copy_text(arena, o, event, "actor_id", "by");
    copy_text(arena, o, event, "tool", "tool");
    copy_text(arena, o, event, "decision", "ruling");
    copy_text(arena, o, event, "reason", "reason");
    copy_text(arena, o, event, "state_from", "state_from");
    copy_text(arena, o, event, "state_to", "state_to");
    copy_text(arena, o, event, "rationale", "rationale");
    copy_text(arena, o, event, "opened_at", "opened_at");
    copy_text(arena, o, event, "evidence_opened", "evidence_opened");
    copy_text(arena, o, event, "detail", "detail");
    json_push(arena, h->list, o);
    return arena_check(arena);
}

static struct err history_put(struct call *c, struct tx *tx, const char *id, struct json *o)
{
    struct history h = {c, json_array_new(c->arena)};
    struct audit_filter filter = {.escalation_id = id, .limit = EVENTS_SHOWN};
    bool all, more;
    int64_t last;
    TRY(actor_scope(tx, c->arena, &c->actor, &all, &filter.entities, &filter.entities_n));
    filter.scoped = !all;
    TRY(audit_query(tx, &filter, event_add, &h, &last, &more));
    json_put(c->arena, o, "events", h.list);
    json_put_bool(c->arena, o, "more_events", more);
    return arena_check(c->arena);
}

/* ---- what the bound facts speak of, by name ---- */

/* Texts of an array of the bound facts, as a list; empty when there is none. */
static struct err texts_of(struct arena *arena, const struct json *array, const char ***list,
                           size_t *n)
{
    const size_t count = json_is(array, JSON_TYPE_ARRAY) ? array->count : 0;
    *list = ARENA_ARRAY(arena, count + 1, const char *);
    *n = 0;
    ENSURE(*list != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < count; i++) {
        if (json_text(array->items[i]) != NULL)
            (*list)[(*n)++] = json_text(array->items[i]);
    }
    return OK;
}

static struct err places_put(struct call *c, struct tx *tx, const struct json *bound,
                             struct json *o)
{
    struct json *places = json_array_new(c->arena), *list = json_array_new(c->arena), *one;
    const char **entities, **accounts;
    size_t n, accounts_n;
    TRY(texts_of(c->arena, json_get(bound, "entities"), &entities, &n));
    TRY(texts_of(c->arena, json_get(bound, "accounts"), &accounts, &accounts_n));
    for (size_t i = 0; i < n; i++) {
        TRY(entity_print(c, tx, entities[i], &one));
        json_push(c->arena, places, one);
    }
    for (size_t i = 0; i < accounts_n; i++) {
        TRY(account_print(c, tx, entities, n, accounts[i], &one));
        json_push(c->arena, list, one);
    }
    json_put(c->arena, o, "entities", places);
    json_put(c->arena, o, "accounts", list);
    return arena_check(c->arena);
}

static void once_push(struct arena *arena, struct json *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (text_eq(json_text(list->items[i]), text))
            return;
    }
    if (text != NULL)
        json_push(arena, list, json_text_new(arena, text));
}

/* Days of one form stand in the order of their texts. */
static void legs_put(struct arena *arena, const struct json *legs, struct json *o)
{
    struct json *parties = json_array_new(arena), *period = json_object_new(arena);
    const char *from = NULL, *to = NULL;
    for (size_t i = 0; json_is(legs, JSON_TYPE_ARRAY) && i < legs->count; i++) {
        const char *day = json_get_text(legs->items[i], "date");
        once_push(arena, parties, json_get_text(legs->items[i], "counterparty"));
        if (day == NULL)
            continue;
        from = from == NULL || strcmp(day, from) < 0 ? day : from;
        to = to == NULL || strcmp(day, to) > 0 ? day : to;
    }
    json_put(arena, o, "counterparties", parties);
    json_put_known(arena, period, "from", from);
    json_put_known(arena, period, "to", to);
    json_put(arena, o, "period", from == NULL ? json_null_new(arena) : period);
}

/* ---- who ---- */

static struct err match_proposer_put(struct call *c, struct tx *tx, const struct escalation *e,
                                     struct json *o)
{
    struct match m;
    struct json *by;
    if (!text_eq(e->object_type, "match"))
        return OK;
    struct err err = match_load(tx, c->arena, e->object_id, &m);
    if (err.kind == ERR_MISSING)
        return OK;
    TRY(err);
    TRY(actor_print(c, tx, m.proposer, m.proposer_obo, &by));
    json_put(c->arena, o, "proposed_by", by);
    return OK;
}

/* Who approved, and how many it takes: one more than those when one word is enough, two more while
 * the caller's would be the first of two. */
static struct err stages_put(struct call *c, struct tx *tx, const struct escalation *e,
                             const struct would *confirm, struct json *o)
{
    struct json *stages = json_object_new(c->arena), *list = json_array_new(c->arena), *by;
    const char *self = c->actor.principal;
    struct party *parties;
    bool mine = false;
    int64_t approved = 0;
    size_t n;
    TRY(escalation_parties(tx, c->arena, e->escalation_id, &parties, &n));
    for (size_t i = 0; i < n; i++) {
        if (parties[i].role != PARTY_APPROVER)
            continue;
        TRY(actor_print(c, tx, parties[i].actor, NULL, &by));
        json_push(c->arena, list, by);
        mine |= self != NULL && text_eq(parties[i].principal_id, self);
        approved++;
    }
    const int64_t needed = approved + (confirm->needs_another && !mine ? 2 : 1);
    json_put_int(c->arena, stages, "needed", needed);
    json_put_int(c->arena, stages, "missing", needed - approved);
    json_put(c->arena, stages, "approved", list);
    json_put_bool(c->arena, stages, "you_approved", mine);
    json_put(c->arena, o, "stages", stages);
    return arena_check(c->arena);
}

static struct err may_put(struct call *c, struct tx *tx, const struct escalation *e, struct json *o)
{
    static const char *const decisions[] = {"confirm", "reject", "withdraw", "request_info",
                                            "answer"};
    struct json *may = json_object_new(c->arena);
    struct would confirm, w;
    TRY(would_answer(c, tx, e, "confirm", &confirm));
    TRY(stages_put(c, tx, e, &confirm, o));
    for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++) {
        w = confirm;
        if (i > 0)
            TRY(would_answer(c, tx, e, decisions[i], &w));
        json_put(c->arena, may, decisions[i], would_print(c->arena, &w));
    }
    json_put(c->arena, o, "may", may);
    return arena_check(c->arena);
}

static struct err people_put(struct call *c, struct tx *tx, const struct escalation *e,
                             struct json *o)
{
    struct json *by, *decided;
    TRY(actor_print(c, tx, e->requester, e->requester_obo, &by));
    json_put(c->arena, o, "requested_by", by);
    TRY(match_proposer_put(c, tx, e, o));
    if (escalation_is_open(e->state))
        return may_put(c, tx, e, o);
    TRY(event_print_head(c, tx, e->seq, &decided));
    json_put_known(c->arena, decided, "rationale", e->decided_rationale);
    json_put(c->arena, o, "decided", decided);
    return arena_check(c->arena);
}

static struct err work_of(struct call *c, struct tx *tx, const struct escalation *e, struct json *o)
{
    struct json *work = json_object_new(c->arena);
    const char *key = object_key(c->arena, OBJECT_ESCALATION, e->escalation_id);
    ENSURE(key != NULL, ERR_LIMIT, "out of memory");
    TRY(work_put(c, tx, key, work));
    json_put(c->arena, o, "comments", json_get(work, "comments"));
    json_put(c->arena, o, "documents", json_get(work, "evidence"));
    return arena_check(c->arena);
}

struct err escalation_read_one(struct call *c, struct tx *tx, const char *id)
{
    struct sla sla = {.c = c, .tx = tx};
    struct escalation e;
    struct scope scope;
    struct json *bound;
    TRY(scope_load(c, tx, &scope));
    TRY(escalation_load(tx, c->arena, id, &e));
    TRY(bound_read(c->arena, &e, &bound));
    ENSURE(scope_has_escalation(&scope, &e, bound), ERR_MISSING, "there is no such escalation");
    TRY(escalation_view(&sla, &e, bound, &c->result));
    TRY(escalation_view_life(c, tx, &e, c->result));
    TRY(places_put(c, tx, bound, c->result));
    legs_put(c->arena, json_get(json_get(bound, "facts"), "legs"), c->result);
    TRY(people_put(c, tx, &e, c->result));
    TRY(work_of(c, tx, &e, c->result));
    return history_put(c, tx, e.escalation_id, c->result);
}
