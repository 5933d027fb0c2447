/* A match, shown. */
#include "engine/tools/match_view.h"

#include <stdlib.h>

#include "common/base/id.h"
#include "common/sys/json_read.h"
#include "engine/store/work.h"
#include "engine/tools/exception_print.h"
#include "engine/tools/names.h"

/* ---- its own row ---- */

void match_put(struct arena *arena, const struct match *m, struct json *o)
{
    char amount[MONEY_TEXT_MAX], rest[MONEY_TEXT_MAX];
    struct money difference = m->amount;
    money_print(m->amount, amount);
    difference.minor = m->difference_minor;
    money_print(difference, rest);
    json_put_text(arena, o, "match_id", m->match_id);
    json_put_text(arena, o, "entity_id", m->entity_id);
    json_put_text(arena, o, "account_id", m->account_id);
    json_put_text(arena, o, "state", match_state_name(m->state));
    json_put_int(arena, o, "version", m->version);
    json_put_text(arena, o, "class", m->class_);
    json_put_text(arena, o, "match_type", m->match_type);
    json_put_text(arena, o, "rule", m->rule);
    json_put_text(arena, o, "source", source_name(m->source));
    json_put_text(arena, o, "proposer", m->proposer);
    json_put_text(arena, o, "amount", amount);
    json_put_text(arena, o, "currency", m->amount.cur);
    json_put_text(arena, o, "difference", rest);
    json_put_text(arena, o, "difference_account", m->difference_account);
    json_put_int(arena, o, "score_bp", m->score_bp);
    json_put_bool(arena, o, "ambiguous", m->ambiguous);
}

/* ---- legs ---- */

/* The version that was matched, which a later reading may have replaced. */
static struct err leg_entry(struct call *c, struct tx *tx, const struct leg *leg, struct entry *e,
                            int64_t *latest)
{
    struct entry *versions;
    size_t n;
    TRY(entry_load(tx, c->arena, leg->entry_id, e));
    *latest = e->version;
    if (e->version == leg->version)
        return OK;
    TRY(entry_versions(tx, c->arena, leg->entry_id, &versions, &n));
    for (size_t i = 0; i < n; i++) {
        if (versions[i].version == leg->version)
            *e = versions[i];
    }
    return OK;
}

static struct err legs_print(struct call *c, struct tx *tx, const struct match *m,
                             struct entry *entries, struct json **out)
{
    *out = json_array_new(c->arena);
    for (size_t i = 0; i < m->legs_n; i++) {
        const struct leg *leg = &m->legs[i];
        struct money amount;
        int64_t latest;
        char text[MONEY_TEXT_MAX];
        TRY(leg_entry(c, tx, leg, &entries[i], &latest));
        struct json *o = entry_json(c->arena, &entries[i]);
        TRY(money_make(leg->amount_minor, m->amount.cur, &amount));
        money_print(amount, text);
        json_put_int(c->arena, o, "version", leg->version);
        json_put_text(c->arena, o, "side", side_name(leg->side));
        json_put_text(c->arena, o, "amount", text);
        json_put_bool(c->arena, o, "part", leg->part);
        if (latest > leg->version)
            json_put_int(c->arena, o, "latest_version", latest);
        json_push(c->arena, *out, o);
    }
    return arena_check(c->arena);
}

/* First and last day of the legs. */
static void period_put(struct arena *arena, const struct entry *legs, size_t n, struct json *o)
{
    struct json *period = json_object_new(arena);
    struct date from, to;
    char text[DATE_TEXT_MAX];
    if (n == 0)
        return;
    from = to = legs[0].date;
    for (size_t i = 1; i < n; i++) {
        from = legs[i].date.days < from.days ? legs[i].date : from;
        to = legs[i].date.days > to.days ? legs[i].date : to;
    }
    date_print(from, text);
    json_put_text(arena, period, "from", text);
    date_print(to, text);
    json_put_text(arena, period, "to", text);
    json_put(arena, o, "period", period);
}

static bool has_text(const struct json *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (text_eq(json_text(list->items[i]), text))
            return true;
    }
    return false;
}

static struct err place_put(struct call *c, struct tx *tx, const struct match *m,
                            const struct entry *legs, struct json *o)
{
    struct json *parties = json_array_new(c->arena), *list = json_array_new(c->arena), *one;
    struct ask_account *accounts;
    size_t n;
    TRY(entity_print(c, tx, m->entity_id, &one));
    json_put(c->arena, o, "entity", one);
    for (size_t i = 0; i < m->legs_n; i++) {
        if (legs[i].counterparty != NULL && !has_text(parties, legs[i].counterparty))
            json_push(c->arena, parties, json_text_new(c->arena, legs[i].counterparty));
    }
    json_put(c->arena, o, "counterparties", parties);
    TRY(entries_accounts(tx, c->arena, legs, m->legs_n, &accounts, &n));
    const char **entities = ARENA_ARRAY(c->arena, m->legs_n + 1, const char *);
    ENSURE(entities != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < m->legs_n; i++)
        entities[i] = legs[i].entity_id;
    for (size_t i = 0; i < n; i++) {
        if (accounts[i].id == NULL) /* the contra side that nobody names */
            continue;
        TRY(account_print(c, tx, entities, m->legs_n, accounts[i].id, &one));
        json_push(c->arena, list, one);
    }
    json_put(c->arena, o, "accounts", list);
    return arena_check(c->arena);
}

/* ---- why, and what else ---- */

/* The evidence keeps amounts in minor units. */
static void amount_put(struct arena *arena, struct json *o, const char *key, const struct json *was,
                       const char *currency)
{
    char text[MONEY_TEXT_MAX], *end = NULL;
    struct money amount;
    const char *minor = json_get_text(was, key);
    const int64_t n = minor == NULL ? 0 : strtoll(minor, &end, 10);
    if (minor == NULL || *minor == '\0' || *end != '\0' ||
        money_make(n, currency, &amount).kind != ERR_NONE)
        return;
    money_print(amount, text);
    json_put_text(arena, o, key, text);
}

static struct json *compared_print(struct arena *arena, const struct match *m,
                                   const struct json *evidence)
{
    const struct json *rows = json_get(evidence, "compared");
    struct json *list = json_array_new(arena);
    for (size_t i = 0; json_is(rows, JSON_TYPE_ARRAY) && i < rows->count; i++) {
        const struct json *row = rows->items[i];
        struct json *o = json_object_new(arena);
        for (size_t k = 0; k < row->count; k++)
            (void)json_add(arena, o, row->members[k].key, row->members[k].value);
        if (text_eq(json_get_text(row, "field"), "amount")) {
            amount_put(arena, o, "bank", row, m->amount.cur);
            amount_put(arena, o, "book", row, m->amount.cur);
        }
        json_push(arena, list, o);
    }
    return list;
}

/* The entries that came close, the closest first, with what they say. */
static struct err alternatives_print(struct call *c, struct tx *tx, const struct scope *scope,
                                     const struct json *evidence, struct json **out)
{
    const struct json *rows = json_get(evidence, "alternatives");
    *out = json_array_new(c->arena);
    for (size_t i = 0; json_is(rows, JSON_TYPE_ARRAY) && i < rows->count; i++) {
        const char *id = json_get_text(rows->items[i], "entry_id"), *match_id;
        const struct json *score = json_get(rows->items[i], "score_bp");
        enum entry_state state;
        struct entry e;
        if (id == NULL)
            continue;
        TRY(entry_load(tx, c->arena, id, &e));
        if (!scope_has(scope, e.entity_id))
            continue;
        TRY(entry_state(tx, c->arena, id, &state, &match_id));
        struct json *o = entry_json(c->arena, &e);
        if (score != NULL)
            json_put(c->arena, o, "score_bp", score);
        json_put_text(c->arena, o, "state", entry_state_name(state));
        json_push(c->arena, *out, o);
    }
    return arena_check(c->arena);
}

static struct err why_put(struct call *c, struct tx *tx, const struct scope *scope,
                          const struct match *m, struct json *o)
{
    struct json *evidence, *others;
    TRY(json_read(c->arena, str_of(m->evidence), NULL, &evidence));
    TRY(alternatives_print(c, tx, scope, evidence, &others));
    json_put(c->arena, o, "evidence", evidence);
    json_put(c->arena, o, "compared", compared_print(c->arena, m, evidence));
    json_put(c->arena, o, "alternatives", others);
    return arena_check(c->arena);
}

/* ---- who, and what became of it ---- */

static struct err work_of(struct call *c, struct tx *tx, const struct match *m, struct json *o)
{
    struct json *work = json_object_new(c->arena);
    const char *key = object_key(c->arena, OBJECT_MATCH, m->match_id);
    ENSURE(key != NULL, ERR_LIMIT, "out of memory");
    TRY(work_put(c, tx, key, work));
    json_put(c->arena, o, "comments", json_get(work, "comments"));
    json_put(c->arena, o, "documents", json_get(work, "evidence"));
    return arena_check(c->arena);
}

static struct err life_put(struct call *c, struct tx *tx, const struct match *m, struct json *o)
{
    struct json *by, *decided;
    struct escalation e;
    char at[INSTANT_TEXT_MAX];
    int64_t ms;
    bool open;
    TRY(actor_print(c, tx, m->proposer, m->proposer_obo, &by));
    json_put(c->arena, o, "proposed_by", by);
    if (id_time(m->match_id, &ms)) {
        instant_print(ms * 1000, at);
        json_put_text(c->arena, o, "proposed_at", at);
    }
    json_put_int(c->arena, o, "proposed_seq", m->seq);
    if (m->state_seq > 0) {
        TRY(event_print_head(c, tx, m->state_seq, &decided));
        json_put(c->arena, o, "decided", decided);
    }
    TRY(escalation_of_object(tx, c->arena, "confirm_match", m->match_id, &open, &e));
    if (open)
        json_put_text(c->arena, o, "waits_as", e.escalation_id);
    return arena_check(c->arena);
}

struct err match_view(struct call *c, struct tx *tx, const struct scope *scope,
                      const struct match *m, struct json **out)
{
    struct json *legs, *o = *out = json_object_new(c->arena);
    struct entry *entries = ARENA_ARRAY(c->arena, m->legs_n + 1, struct entry);
    ENSURE(entries != NULL, ERR_LIMIT, "out of memory");
    TRY(legs_print(c, tx, m, entries, &legs));
    match_put(c->arena, m, o);
    json_put_text(c->arena, o, "composition_sha256", m->composition_sha256);
    json_put_text(c->arena, o, "rationale", m->rationale);
    json_put(c->arena, o, "legs", legs);
    period_put(c->arena, entries, m->legs_n, o);
    TRY(place_put(c, tx, m, entries, o));
    TRY(why_put(c, tx, scope, m, o));
    TRY(life_put(c, tx, m, o));
    return work_of(c, tx, m, o);
}
