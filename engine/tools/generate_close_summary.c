/* generate_close_summary: an entity's period on one page. Decisions are those of the period by the
 * entity's own clock, and are added up from the audit log itself; entries and balances are by their
 * date; what waits and what is an exception stands as it stands now. */
#include <string.h>

#include "common/sys/zone_read.h"
#include "engine/store/differences.h"
#include "engine/tools/close_figures.h"
#include "engine/tools/reconciliation.h"

struct close_summary {
    const char *entity_id, *period;
};

static const char *is_period(const char *text)
{
    struct date day;
    char first[DATE_TEXT_MAX] = "";
    if (strlen(text) != 7)
        return "expected a month (2026-03)";
    memcpy(first, text, 7);
    memcpy(first + 7, "-01", 4);
    return date_parse(first, &day).kind == ERR_NONE ? NULL : "expected a month (2026-03)";
}

static const struct json_field fields[] = {
    JSON_TEXT(struct close_summary, entity_id, .required = true, .max = 64, .help = "the entity",
              .header = "Entity-Id"),
    JSON_TEXT(struct close_summary, period, .required = true, .max = 7, .check = is_period,
              .help = "a month: 2026-03"),
};

struct told {
    const char *entity_id, *name, *period, *zone, *from_date, *to_date, *from_utc, *to_utc;
    const struct json *accounts, *decisions, *confirmed, *rejected, *reversed, *write_offs,
        *resolved_exceptions, *overrides, *people, *policies, *waiting, *exceptions, *differences;
};

static const struct json_field result[] = {
    JSON_TEXT(struct told, entity_id),
    JSON_TEXT(struct told, name),
    JSON_TEXT(struct told, period),
    JSON_TEXT(struct told, zone, .help = "whose days the period's decisions are of"),
    JSON_TEXT(struct told, from_date, .help = "of entries, inclusive"),
    JSON_TEXT(struct told, to_date, .help = "of entries, inclusive"),
    JSON_TEXT(struct told, from_utc, .help = "of decisions, inclusive"),
    JSON_TEXT(struct told, to_utc, .help = "of decisions, exclusive"),
    JSON_ANY(struct told, accounts, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "reconciled accounts: opening and closing per bank and books, unexplained, "
                     "entries of the period by side and state"),
    JSON_ANY(struct told, decisions, .holds = JSON_TYPE_OBJECT,
             .help = "{allowed, denied, escalated, check}"),
    JSON_ANY(struct told, confirmed, .holds = JSON_TYPE_OBJECT,
             .help = "{count, sums by policy or people, type and currency}"),
    JSON_ANY(struct told, rejected, .holds = JSON_TYPE_OBJECT),
    JSON_ANY(struct told, reversed, .holds = JSON_TYPE_OBJECT),
    JSON_ANY(struct told, write_offs, .holds = JSON_TYPE_OBJECT),
    JSON_ANY(struct told, resolved_exceptions, .holds = JSON_TYPE_OBJECT),
    JSON_ANY(struct told, overrides, .holds = JSON_TYPE_OBJECT,
             .help = "people against the matcher, or where it was not sure"),
    JSON_ANY(struct told, people, .holds = JSON_TYPE_OBJECT, .help = "who decided, and how often"),
    JSON_ANY(struct told, policies, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "policy versions in force in the period, with dates"),
    JSON_ANY(struct told, waiting, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "open escalations now: count, sum, oldest"),
    JSON_ANY(struct told, exceptions, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "standing now, by class, state and age at the end"),
    JSON_ANY(struct told, differences, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "of confirmed matches, to be booked, now"),
};

struct summary {
    struct call *c;
    struct tx *tx;
    struct entity entity;
    struct close_period p;
    struct closing of;
    struct json *out;
};

/* ---- the period ---- */

static const char *instant_text(struct call *c, int64_t us)
{
    char text[INSTANT_TEXT_MAX];
    instant_print(us, text);
    return arena_strdup(c->arena, text);
}

static const char *date_text(struct call *c, struct date d)
{
    char text[DATE_TEXT_MAX];
    date_print(d, text);
    return arena_strdup(c->arena, text);
}

static struct err period_find(struct summary *s)
{
    const struct close_summary *args = s->c->args;
    const char *first = arena_fmt(s->c->arena, "%s-01", args->period);
    struct zone zone;
    ENSURE(first != NULL, ERR_LIMIT, "out of memory");
    TRY(date_parse(first, &s->p.first));
    s->p.last = date_month_last(s->p.first);
    TRY(zone_load(s->entity.zone, s->c->arena, &zone));
    s->p.entity_id = args->entity_id;
    s->p.period = args->period;
    s->p.from_utc = instant_text(s->c, zone_date_begin(&zone, s->p.first));
    s->p.to_utc = instant_text(s->c, zone_date_begin(&zone, (struct date){s->p.last.days + 1}));
    TRY(arena_check(s->c->arena));
    s->of.entity_id = args->entity_id;
    TRY(audit_seq_at(s->tx, s->p.from_utc, &s->of.from_seq));
    TRY(audit_seq_at(s->tx, s->p.to_utc, &s->of.to_seq));
    if (s->c->until_seq > 0 && s->of.to_seq > s->c->until_seq + 1)
        s->of.to_seq = s->c->until_seq + 1;
    return OK;
}

static struct err entity_find(struct summary *s)
{
    const struct close_summary *args = s->c->args;
    struct scope scope;
    TRY(scope_load(s->c, s->tx, &scope));
    if (!scope_has(&scope, args->entity_id))
        return err_fmt(s->c->arena, ERR_MISSING, "/entity_id", "there is no entity \"%s\"",
                       args->entity_id);
    s->of.scoped = !scope.all;
    s->of.entities = scope.entities;
    s->of.entities_n = scope.n;
    return err_in(entity_load(s->tx, s->c->arena, args->entity_id, &s->entity), "/entity_id");
}

static struct err period_print(struct summary *s)
{
    struct arena *arena = s->c->arena;
    json_put_text(arena, s->out, "entity_id", s->p.entity_id);
    json_put_text(arena, s->out, "name", s->entity.name);
    json_put_text(arena, s->out, "period", s->p.period);
    json_put_text(arena, s->out, "zone", s->entity.zone);
    json_put_text(arena, s->out, "from_date", date_text(s->c, s->p.first));
    json_put_text(arena, s->out, "to_date", date_text(s->c, s->p.last));
    json_put_text(arena, s->out, "from_utc", s->p.from_utc);
    json_put_text(arena, s->out, "to_utc", s->p.to_utc);
    return arena_check(arena);
}

/* ---- accounts ---- */

static struct err entries_print(struct summary *s, const struct reconciliation *r,
                                struct json **out)
{
    struct closing_entries *rows;
    size_t n;
    TRY(closing_entries(s->tx, s->c->arena, &r->of, s->p.first, &rows, &n));
    *out = json_array_new(s->c->arena);
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_object_new(s->c->arena);
        json_put_text(s->c->arena, o, "side", side_name(rows[i].side));
        json_put_text(s->c->arena, o, "state", entry_state_name(rows[i].state));
        json_put_int(s->c->arena, o, "count", rows[i].count);
        json_put_text(s->c->arena, o, "sum", reconciliation_money(s->c, r, rows[i].sum_minor));
        json_push(s->c->arena, *out, o);
    }
    return arena_check(s->c->arena);
}

static struct err account_print(struct summary *s, const char *account_id, const char *currency,
                                struct json *list)
{
    struct arena *arena = s->c->arena;
    struct reconciliation open, close;
    struct json *o, *opening = json_object_new(arena), *entries;
    const struct date before = {s->p.first.days - 1};
    TRY(reconciliation_find(s->c, s->tx, s->p.entity_id, account_id, currency, before, &open));
    TRY(reconciliation_balances(s->c, s->tx, &open));
    TRY(reconciliation_load(s->c, s->tx, s->p.entity_id, account_id, currency, s->p.last, &close));
    TRY(entries_print(s, &close, &entries));
    TRY(reconciliation_print(s->c, &close, &o));
    json_put(arena, opening, "bank", reconciliation_side(s->c, &open, true));
    json_put(arena, opening, "books", reconciliation_side(s->c, &open, false));
    json_put(arena, o, "opening", opening);
    json_put(arena, o, "entries", entries);
    json_push(arena, list, o);
    return arena_check(arena);
}

static struct err accounts_print(struct summary *s)
{
    struct account *accounts;
    struct json *list = json_array_new(s->c->arena);
    size_t n;
    TRY(accounts_list(s->tx, s->c->arena, s->p.entity_id, &accounts, &n));
    for (size_t i = 0; i < n; i++) {
        const char **currencies = &accounts[i].currency;
        size_t currencies_n = 1;
        if (!accounts[i].reconciled)
            continue;
        if (accounts[i].currency == NULL)
            TRY(reconciling_currencies(s->tx, s->c->arena, s->p.entity_id, accounts[i].account_id,
                                       &currencies, &currencies_n));
        for (size_t k = 0; k < currencies_n; k++)
            TRY(account_print(s, accounts[i].account_id, currencies[k], list));
    }
    json_put(s->c->arena, s->out, "accounts", list);
    return OK;
}

/* ---- decisions, people, policies ---- */

static struct err decisions_print(struct summary *s)
{
    struct closing_decision *rows;
    size_t n;
    TRY(closing_decisions(s->tx, s->c->arena, &s->of, &rows, &n));
    return close_decisions(s->c, &s->p, rows, n, s->out);
}

static struct err people_print(struct summary *s)
{
    struct closing_person *rows;
    struct json *o = json_object_new(s->c->arena), *list = json_array_new(s->c->arena);
    size_t n;
    TRY(closing_people(s->tx, s->c->arena, &s->of, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(s->c->arena);
        json_put_text(s->c->arena, one, "principal_id", rows[i].principal_id);
        json_put_text(s->c->arena, one, "name", rows[i].name);
        json_put_int(s->c->arena, one, "count", rows[i].count);
        json_push(s->c->arena, list, one);
    }
    json_put(s->c->arena, o, "list", list);
    json_put(s->c->arena, o, "check",
             close_check(s->c, &s->p, NULL, "has a decision, actor_id is human:, by principal_id"));
    json_put(s->c->arena, s->out, "people", o);
    return arena_check(s->c->arena);
}

/* The one in force when the period began, and those that came in it. */
static struct err policies_print(struct summary *s)
{
    struct closing_policy *rows;
    struct json *list = json_array_new(s->c->arena);
    size_t n;
    TRY(closing_policies(s->tx, s->c->arena, s->of.to_seq, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(s->c->arena);
        if (i + 1 < n && rows[i + 1].seq < s->of.from_seq)
            continue;
        json_put_text(s->c->arena, one, "policy_version", rows[i].digest);
        json_put_text(s->c->arena, one, "from_utc", rows[i].from_utc);
        if (i + 1 < n)
            json_put_text(s->c->arena, one, "until_utc", rows[i + 1].from_utc);
        json_put_int(s->c->arena, one, "seq", rows[i].seq);
        json_push(s->c->arena, list, one);
    }
    json_put(s->c->arena, s->out, "policies", list);
    return arena_check(s->c->arena);
}

/* ---- what stands ---- */

static struct err sum_put(struct summary *s, struct json *o, const char *currency, int64_t minor)
{
    struct money sum;
    char text[MONEY_TEXT_MAX];
    if (currency == NULL)
        return OK;
    TRY(money_make(minor, currency, &sum));
    money_print(sum, text);
    json_put_text(s->c->arena, o, "sum", text);
    json_put_text(s->c->arena, o, "currency", currency);
    return OK;
}

static struct err waiting_print(struct summary *s)
{
    struct closing_waiting *rows;
    struct json *list = json_array_new(s->c->arena);
    size_t n;
    TRY(closing_waiting(s->tx, s->c->arena, s->p.entity_id, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(s->c->arena);
        json_put_int(s->c->arena, one, "count", rows[i].count);
        TRY(sum_put(s, one, rows[i].currency, rows[i].sum_minor));
        json_put_text(s->c->arena, one, "oldest_utc", rows[i].oldest_utc);
        json_push(s->c->arena, list, one);
    }
    json_put(s->c->arena, s->out, "waiting", list);
    return arena_check(s->c->arena);
}

static struct err exceptions_print(struct summary *s)
{
    static const char *const ages[CLOSING_AGES] = {"0-30", "31-60", "61-90", "91-120", "over 120"};
    struct closing_exception *rows;
    struct json *list = json_array_new(s->c->arena);
    size_t n;
    TRY(closing_exceptions(s->tx, s->c->arena, s->p.entity_id, s->p.last, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(s->c->arena);
        json_put_text(s->c->arena, one, "class", rows[i].class_);
        json_put_text(s->c->arena, one, "state", rows[i].state);
        json_put_text(s->c->arena, one, "days", ages[rows[i].age]);
        json_put_int(s->c->arena, one, "count", rows[i].count);
        TRY(sum_put(s, one, rows[i].currency, rows[i].sum_minor));
        json_push(s->c->arena, list, one);
    }
    json_put(s->c->arena, s->out, "exceptions", list);
    return arena_check(s->c->arena);
}

static struct err differences_print(struct summary *s)
{
    struct difference_sum *rows;
    struct json *list = json_array_new(s->c->arena);
    size_t n;
    TRY(differences_sum(s->tx, s->c->arena, s->p.entity_id, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(s->c->arena);
        json_put_text(s->c->arena, one, "account_id", rows[i].account_id);
        json_put_known(s->c->arena, one, "difference_account", rows[i].difference_account);
        json_put_int(s->c->arena, one, "count", rows[i].count);
        TRY(sum_put(s, one, rows[i].amount.cur, rows[i].amount.minor));
        json_push(s->c->arena, list, one);
    }
    json_put(s->c->arena, s->out, "differences", list);
    return arena_check(s->c->arena);
}

static struct err read(struct call *c, struct tx *tx)
{
    struct summary s = {.c = c, .tx = tx, .out = json_object_new(c->arena)};
    TRY(entity_find(&s));
    TRY(period_find(&s));
    TRY(period_print(&s));
    TRY(accounts_print(&s));
    TRY(decisions_print(&s));
    TRY(people_print(&s));
    TRY(policies_print(&s));
    TRY(waiting_print(&s));
    TRY(exceptions_print(&s));
    TRY(differences_print(&s));
    c->result = s.out;
    return arena_check(c->arena);
}

const struct tool tool_generate_close_summary = {
    .name = "generate_close_summary",
    .title = "Close summary",
    .summary =
        "Sums up an entity's month: accounts with opening and closing balances, what policy "
        "and people decided, what waits and what is an exception. Every figure of a decision "
        "names the audit query that yields it.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_MCP,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct close_summary),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = read,
};
