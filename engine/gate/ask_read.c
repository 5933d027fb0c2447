/* gate_input read back: the object that ask_print made, as the ask it was made of. For explaining
 * and replaying what was decided; a call's own ask is never read from text. */
#include <string.h>

#include "common/base/str.h"
#include "engine/gate/ask_names.h"

#define LIST_MAX 100000

struct account_row {
    const char *id, *class_;
    bool known, reconciled;
};

struct value_row {
    const char *currency, *status, *value, *rate, *source, *as_of;
};

struct sum_row {
    bool known;
    const char *sum;
};

struct amount_row {
    const char *amount, *currency;
};

/* The members as they are written: names are still text, decimals too. What an older schema did not
 * have is absent, and then what the careful answer is. */
struct ask_row {
    int64_t schema;
    const char *action, *tier, *tool, *decision;
    bool change, posting;
    const char *actor_kind, *actor, *principal, *on_behalf_of, *client, *channel;
    int64_t auth_age_s;
    struct ask_role *roles;
    size_t roles_n;
    bool prod, frozen, frozen_self, delivery_service;
    const char *object_type, *object_id, *state, *source, *match_type, *counterparty, *subject;
    int64_t object_version, score_bp;
    bool state_valid, entry_taken, sure;
    const char **proposers, **own_agents_of, **entities, **events, **seats;
    size_t proposers_n, own_agents_of_n, entities_n, events_n, seats_n;
    bool ambiguous, entity_mismatch, intercompany, intercompany_paired, period_closed;
    bool keeps_amount;
    struct account_row *accounts;
    size_t accounts_n;
    struct amount_row *amount;
    struct value_row *values;
    size_t values_n;
    struct sum_row *cumulative;
    size_t cumulative_n;
    struct sum_row auto_confirmed;
    int64_t auto_confirmed_n;
    bool has_rationale, own_seat;
    int64_t approvers_n;
    int64_t bulk_n;
    bool bulk_one_clause, login_wanted, login_bound;
    const char *bulk_reason;
    struct sum_row bulk_sum;
};

static const struct json_field role_fields[] = {
    JSON_TEXT(struct ask_role, role, .required = true),
    JSON_TEXT(struct ask_role, entity),
    JSON_TEXT(struct ask_role, lender),
};
static const struct json_field account_fields[] = {
    JSON_TEXT(struct account_row, id),
    JSON_TEXT(struct account_row, class_, .as = "class", .min = -1),
    JSON_BOOL(struct account_row, known),
    JSON_BOOL(struct account_row, reconciled),
};
static const struct json_field value_fields[] = {
    JSON_TEXT(struct value_row, currency, .required = true),
    JSON_TEXT(struct value_row, status, .required = true),
    JSON_TEXT(struct value_row, value),
    JSON_TEXT(struct value_row, rate),
    JSON_TEXT(struct value_row, source),
    JSON_DATE(struct value_row, as_of),
};
static const struct json_field sum_fields[] = {
    JSON_BOOL(struct sum_row, known),
    JSON_TEXT(struct sum_row, sum),
};
static const struct json_field amount_fields[] = {
    JSON_TEXT(struct amount_row, amount, .required = true),
    JSON_TEXT(struct amount_row, currency, .required = true),
};

static const struct json_field fields[] = {
    JSON_INT(struct ask_row, schema, .required = true, .min = 1, .max = ASK_SCHEMA),
    JSON_TEXT(struct ask_row, action, .required = true),
    JSON_TEXT(struct ask_row, tier, .required = true),
    JSON_TEXT(struct ask_row, tool),
    JSON_BOOL(struct ask_row, change),
    JSON_BOOL(struct ask_row, posting),
    JSON_TEXT(struct ask_row, decision),
    JSON_TEXT(struct ask_row, actor_kind),
    JSON_TEXT(struct ask_row, actor),
    JSON_TEXT(struct ask_row, principal),
    JSON_TEXT(struct ask_row, on_behalf_of),
    JSON_TEXT(struct ask_row, client),
    JSON_TEXT(struct ask_row, channel),
    JSON_INT(struct ask_row, auth_age_s, .def = -1),
    JSON_OBJECTS(struct ask_row, roles, roles_n, role_fields, .max = LIST_MAX),
    JSON_BOOL(struct ask_row, prod),
    JSON_BOOL(struct ask_row, frozen),
    JSON_BOOL(struct ask_row, frozen_self),
    JSON_BOOL(struct ask_row, delivery_service),
    JSON_TEXT(struct ask_row, object_type),
    JSON_TEXT(struct ask_row, object_id, .min = -1),
    JSON_INT(struct ask_row, object_version),
    JSON_TEXT(struct ask_row, state),
    JSON_BOOL(struct ask_row, state_valid),
    JSON_BOOL(struct ask_row, entry_taken),
    JSON_TEXT(struct ask_row, source),
    JSON_TEXT(struct ask_row, match_type, .min = -1),
    JSON_INT(struct ask_row, score_bp),
    JSON_BOOL(struct ask_row, sure),
    JSON_TEXT(struct ask_row, counterparty, .min = -1),
    JSON_TEXTS(struct ask_row, proposers, proposers_n, .max = LIST_MAX),
    JSON_TEXTS(struct ask_row, own_agents_of, own_agents_of_n, .max = LIST_MAX),
    JSON_BOOL(struct ask_row, ambiguous),
    JSON_BOOL(struct ask_row, entity_mismatch),
    JSON_BOOL(struct ask_row, intercompany),
    JSON_BOOL(struct ask_row, intercompany_paired),
    JSON_BOOL(struct ask_row, period_closed),
    JSON_TEXT(struct ask_row, subject),
    JSON_BOOL(struct ask_row, keeps_amount),
    JSON_TEXTS(struct ask_row, entities, entities_n, .max = LIST_MAX),
    JSON_OBJECTS(struct ask_row, accounts, accounts_n, account_fields, .max = LIST_MAX),
    JSON_TEXTS(struct ask_row, events, events_n, .max = LIST_MAX),
    JSON_OBJECT_PTR(struct ask_row, amount, amount_fields),
    JSON_OBJECTS(struct ask_row, values, values_n, value_fields, .max = LIST_MAX),
    JSON_OBJECTS(struct ask_row, cumulative, cumulative_n, sum_fields, .max = LIST_MAX),
    JSON_OBJECT(struct ask_row, auto_confirmed, sum_fields),
    JSON_INT(struct ask_row, auto_confirmed_n),
    JSON_BOOL(struct ask_row, has_rationale),
    JSON_INT(struct ask_row, approvers_n),
    JSON_TEXTS(struct ask_row, seats, seats_n, .max = LIST_MAX),
    JSON_BOOL(struct ask_row, own_seat),
    JSON_BOOL(struct ask_row, login_wanted),
    JSON_BOOL(struct ask_row, login_bound),
    JSON_INT(struct ask_row, bulk_n, .min = 0, .max = LIST_MAX),
    JSON_BOOL(struct ask_row, bulk_one_clause),
    JSON_TEXT(struct ask_row, bulk_reason),
    JSON_OBJECT(struct ask_row, bulk_sum, sum_fields),
};

/* ---- names ---- */

/* The value that is called so, among `n`; an absent name is the first, which claims nothing. */
static struct err name_read(const char *(*at)(unsigned), unsigned n, const char *name,
                            const char *where, unsigned *value)
{
    *value = 0;
    for (unsigned i = 0; name != NULL && i < n; i++) {
        if (text_eq(at(i), name)) {
            *value = i;
            return OK;
        }
    }
    return name == NULL ? OK : err_at(ERR_INPUT, where, "not a name the gate knows");
}

static struct err names_read(const struct ask_row *r, struct ask *a)
{
    unsigned v;
    TRY(name_read(action_at, ACTION_COUNT, r->action, "/action", &v));
    a->action = (enum action)v;
    TRY(name_read(tier_at, TIER_T3 + 1, r->tier, "/tier", &v));
    a->tier = (enum tier)v;
    TRY(name_read(decision_at, DECISION_ANSWER + 1, r->decision, "/decision", &v));
    a->decision = (enum decision)v;
    TRY(name_read(kind_at, ACTOR_ENGINE + 1, r->actor_kind, "/actor_kind", &v));
    a->actor_kind = (enum actor_kind)v;
    TRY(name_read(channel_at, CHANNEL_CLI + 1, r->channel, "/channel", &v));
    a->channel = (enum channel)v;
    TRY(name_read(state_at, MATCH_REVERSED + 1, r->state, "/state", &v));
    a->state = (enum match_state)v;
    TRY(name_read(source_at, SOURCE_HUMAN + 1, r->source, "/source", &v));
    a->source = (enum source)v;
    return OK;
}

/* ---- money ---- */

/* What decimal_print writes of a product: more digits behind the point than people may type. */
static struct err product_parse(const char *text, struct decimal *d)
{
    struct decimal out = {.scale = 0};
    const char *p = text == NULL ? "" : text;
    const bool negative = *p == '-';
    int digits = 0;
    bool point = false;
    for (p += negative; *p != '\0'; p++) {
        if (*p == '.' && !point && digits > 0) {
            point = true;
            continue;
        }
        ENSURE(*p >= '0' && *p <= '9', ERR_INPUT, "not a decimal");
        ENSURE(++digits <= DECIMAL_DIGITS_MAX, ERR_LIMIT, "more digits than a decimal has");
        out.coef = out.coef * 10 + (*p - '0');
        out.scale += point;
    }
    ENSURE(digits > 0 && p[-1] != '.' && out.scale <= DECIMAL_SCALE_MAX, ERR_INPUT,
           "not a decimal");
    out.coef = negative ? -out.coef : out.coef;
    *d = out;
    return OK;
}

static struct err value_read(const struct value_row *r, struct ask_value *v)
{
    unsigned status;
    ENSURE(currency_valid(r->currency), ERR_INPUT, "not a currency of ISO 4217");
    memcpy(v->cur, r->currency, sizeof v->cur);
    TRY(name_read(fx_at, FX_KNOWN + 1, r->status, "/values", &status));
    v->status = (enum fx_status)status;
    v->source = r->source;
    if (v->status == FX_MISSING)
        return OK;
    TRY(product_parse(r->value, &v->value));
    TRY(product_parse(r->rate, &v->rate));
    return r->as_of == NULL ? OK : date_parse(r->as_of, &v->as_of);
}

static struct err sum_read(const struct sum_row *r, struct ask_cumulative *c)
{
    c->known = r->known;
    return r->known ? product_parse(r->sum, &c->sum) : OK;
}

static struct err money_read(struct arena *arena, const struct ask_row *r, struct ask *a)
{
    struct ask_value *values = ARENA_ARRAY(arena, r->values_n, struct ask_value);
    struct ask_cumulative *sums = ARENA_ARRAY(arena, r->cumulative_n, struct ask_cumulative);
    TRY(arena_check(arena));
    for (size_t i = 0; i < r->values_n; i++)
        TRY(err_in(value_read(&r->values[i], &values[i]), "/values"));
    for (size_t i = 0; i < r->cumulative_n; i++)
        TRY(err_in(sum_read(&r->cumulative[i], &sums[i]), "/cumulative"));
    a->values = values;
    a->values_n = r->values_n;
    a->cumulative = sums;
    a->cumulative_n = r->cumulative_n;
    a->auto_confirmed_n = r->auto_confirmed_n;
    TRY(err_in(sum_read(&r->auto_confirmed, &a->auto_confirmed), "/auto_confirmed"));
    TRY(err_in(sum_read(&r->bulk_sum, &a->bulk_sum), "/bulk_sum"));
    a->has_amount = r->amount != NULL;
    return r->amount == NULL
               ? OK
               : err_in(money_parse(r->amount->amount, r->amount->currency, &a->amount), "/amount");
}

static struct err accounts_read(struct arena *arena, const struct ask_row *r, struct ask *a)
{
    struct ask_account *accounts = ARENA_ARRAY(arena, r->accounts_n, struct ask_account);
    TRY(arena_check(arena));
    for (size_t i = 0; i < r->accounts_n; i++)
        accounts[i] = (struct ask_account){.id = r->accounts[i].id,
                                           .class_ = r->accounts[i].class_,
                                           .known = r->accounts[i].known,
                                           .reconciled = r->accounts[i].reconciled};
    a->accounts = accounts;
    a->accounts_n = r->accounts_n;
    return OK;
}

/* ---- the rest ---- */

static void actor_take(const struct ask_row *r, struct ask *a)
{
    a->actor = r->actor;
    a->principal = r->principal;
    a->on_behalf_of = r->on_behalf_of;
    a->client = r->client;
    a->auth_age_s = r->auth_age_s;
    a->login_wanted = r->login_wanted;
    a->login_bound = r->login_bound;
    a->roles = r->roles;
    a->roles_n = r->roles_n;
    a->prod = r->prod;
    a->frozen = r->frozen;
    a->frozen_self = r->frozen_self;
    a->delivery_service = r->delivery_service;
    a->has_rationale = r->has_rationale;
    a->approvers_n = r->approvers_n;
    a->seats = r->seats;
    a->seats_n = r->seats_n;
    a->own_seat = r->own_seat;
    a->bulk_n = r->bulk_n;
    a->bulk_one_clause = r->bulk_one_clause;
    a->bulk_reason = r->bulk_reason;
}

static void object_take(const struct ask_row *r, struct ask *a)
{
    a->object_type = r->object_type;
    a->object_id = r->object_id;
    a->object_version = r->object_version;
    a->state_valid = r->state_valid;
    a->entry_taken = r->entry_taken;
    a->match_type = r->match_type;
    a->score_bp = r->score_bp;
    a->sure = r->sure;
    a->counterparty = r->counterparty;
    a->proposers = r->proposers;
    a->proposers_n = r->proposers_n;
    a->own_agents_of = r->own_agents_of;
    a->own_agents_of_n = r->own_agents_of_n;
    a->ambiguous = r->ambiguous;
    a->entity_mismatch = r->entity_mismatch;
    a->intercompany = r->intercompany;
    a->intercompany_paired = r->intercompany_paired;
    a->period_closed = r->period_closed;
    a->subject = r->subject;
    a->keeps_amount = r->keeps_amount;
    a->entities = r->entities;
    a->entities_n = r->entities_n;
    a->events = r->events;
    a->events_n = r->events_n;
}

struct err ask_read(struct arena *arena, const struct json *tree, struct ask *ask)
{
    struct ask_row row;
    struct ask a = {.tool = NULL};
    TRY(json_bind(arena, JSON_FIELDS(fields), tree, &row));
    a.tool = row.tool;
    a.change = row.change;
    a.posting = row.posting;
    TRY(names_read(&row, &a));
    TRY(accounts_read(arena, &row, &a));
    TRY(money_read(arena, &row, &a));
    actor_take(&row, &a);
    object_take(&row, &a);
    *ask = a;
    return OK;
}
