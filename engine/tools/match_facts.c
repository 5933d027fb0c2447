/* From rows to facts. Nothing here decides; everything here is what a decision rests on. */
#include "engine/tools/match_facts.h"

#include <string.h>

#include "engine/fx/fx.h"
#include "engine/store/differences.h"
#include "engine/store/limits.h"
#include "engine/store/master.h"

static bool listed(const char *const *list, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(list[i], text))
            return true;
    }
    return false;
}

/* ---- place ---- */

static struct err entities_fact(struct call *c, const struct entry *legs, size_t n)
{
    const char **entities = ARENA_ARRAY(c->arena, n, const char *);
    ENSURE(entities != NULL, ERR_LIMIT, "out of memory");
    c->ask.entities_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!listed(entities, c->ask.entities_n, legs[i].entity_id))
            entities[c->ask.entities_n++] = legs[i].entity_id;
    }
    c->ask.entities = entities;
    c->ask.entity_mismatch = c->ask.entities_n > 1;
    c->ask.intercompany = c->ask.entities_n > 1;
    return OK;
}

/* The counterparty that all legs which name one agree on. */
static const char *counterparty_fact(const struct entry *legs, size_t n)
{
    const char *name = NULL;
    for (size_t i = 0; i < n; i++) {
        if (legs[i].counterparty == NULL)
            continue;
        if (name != NULL && !text_eq(name, legs[i].counterparty))
            return NULL;
        name = legs[i].counterparty;
    }
    return name;
}

/* A limit is judged at the rate of the cash's own day: the latest bank leg's, or the latest leg's.
 */
static struct date value_day(const struct entry *legs, size_t n)
{
    struct date bank = {.days = INT32_MIN}, any = legs[0].date;
    for (size_t i = 0; i < n; i++) {
        if (legs[i].date.days > any.days)
            any = legs[i].date;
        if (legs[i].side == SIDE_BANK && legs[i].date.days > bank.days)
            bank = legs[i].date;
    }
    return bank.days == INT32_MIN ? any : bank;
}

static struct err values_fact(struct call *c, struct money amount, struct date on)
{
    const struct policy *p = c->policy;
    struct ask_value *values = ARENA_ARRAY(c->arena, p->currencies_n, struct ask_value);
    ENSURE(values != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < p->currencies_n; i++)
        values[i] = fx_value(p, amount, p->currencies[i], on);
    c->ask.values = values;
    c->ask.values_n = p->currencies_n;
    c->ask.amount = amount;
    c->ask.has_amount = true;
    return OK;
}

struct err legs_facts(struct call *c, struct tx *tx, const struct entry *legs, size_t n,
                      struct money amount)
{
    struct ask_account *accounts;
    const char **events;
    TRY(entities_fact(c, legs, n));
    TRY(entries_accounts(tx, c->arena, legs, n, &accounts, &c->ask.accounts_n));
    TRY(entries_events(c->arena, legs, n, &events, &c->ask.events_n));
    c->ask.accounts = accounts;
    c->ask.events = events;
    c->ask.counterparty = counterparty_fact(legs, n);
    c->entity_id = legs[0].entity_id;
    return values_fact(c, amount, value_day(legs, n));
}

/* ---- the difference ---- */

struct json *difference_print(struct arena *arena, const struct match *m)
{
    struct money difference = m->amount;
    char text[MONEY_TEXT_MAX];
    if (m->difference_minor == 0)
        return NULL;
    struct json *o = json_object_new(arena);
    difference.minor = m->difference_minor;
    money_print(difference, text);
    json_put_text(arena, o, "amount", text);
    json_put_text(arena, o, "currency", difference.cur);
    json_put_text(arena, o, "account_id", m->difference_account);
    return o;
}

struct err difference_fact(struct call *c, struct tx *tx, const struct match *m)
{
    size_t n = c->ask.accounts_n;
    struct ask_account *all = ARENA_ARRAY(c->arena, n + 1, struct ask_account);
    struct account account;
    if (!match_names_difference(m))
        return OK;
    ENSURE(all != NULL, ERR_LIMIT, "out of memory");
    if (n > 0)
        memcpy(all, c->ask.accounts, n * sizeof *all);
    struct err e = account_load(tx, c->arena, m->entity_id, m->difference_account, &account);
    if (e.kind != ERR_NONE && e.kind != ERR_MISSING)
        return e;
    all[n] = (struct ask_account){.id = m->difference_account, .known = e.kind == ERR_NONE};
    if (all[n].known)
        all[n].class_ = account.class_;
    c->ask.accounts = all;
    c->ask.accounts_n = n + 1;
    return OK;
}

/* ---- windows ---- */

/* The sums of a window, in one currency, at the rates of the day this match is judged by; not known
 * when there is none. An old rate will do: that the rate was fresh was asked of each amount when it
 * was confirmed, and is asked of this one by its own rows. */
static struct ask_cumulative window_sum(const struct policy *p, const struct money *sums, size_t n,
                                        const char *cur, struct date on)
{
    struct ask_cumulative c = {.sum = decimal_of_int(0), .known = true};
    for (size_t i = 0; i < n; i++) {
        struct ask_value v = fx_value(p, sums[i], cur, on);
        struct err e = decimal_add(c.sum, v.value, &c.sum);
        if (v.status == FX_MISSING || e.kind != ERR_NONE)
            return (struct ask_cumulative){.known = false};
    }
    return c;
}

static const char *scope_key(struct call *c, const struct window *w, enum policy_per per,
                             const char **scope)
{
    switch (per) {
    case PER_ENTITY:
        *scope = "entity";
        return w->entity_id;
    case PER_ACCOUNT:
        *scope = "account";
        return arena_fmt(c->arena, "%s/%s", w->entity_id, w->account_id);
    case PER_COUNTERPARTY:
        *scope = "counterparty";
        return c->ask.counterparty == NULL ? "" : c->ask.counterparty;
    case PER_BOOK:
        break;
    }
    *scope = "book";
    return "";
}

enum { CURRENCIES_MAX = 64 };

/* What the cap's window holds: only what no human confirmed. */
static struct err cap_load(struct call *c, struct tx *tx, const struct window *w, struct date from,
                           const char *cur)
{
    struct money sums[CURRENCIES_MAX];
    const char *scope, *key = scope_key(c, w, PER_ACCOUNT, &scope);
    size_t n;
    ENSURE(key != NULL, ERR_LIMIT, "out of memory");
    TRY(auto_confirmed_since(tx, scope, key, from, sums, CURRENCIES_MAX, &n,
                             &c->ask.auto_confirmed_n));
    c->ask.auto_confirmed = window_sum(c->policy, sums, n, cur, w->on);
    return OK;
}

/* What a limit's window holds: that and what was written off. */
static struct err window_load(struct call *c, struct tx *tx, const struct window *w,
                              const struct policy_cumulative *l, struct ask_cumulative *sum)
{
    struct money sums[2 * CURRENCIES_MAX];
    struct date from = instant_date_utc(tx->now_us);
    const char *scope, *key = scope_key(c, w, l->per, &scope);
    size_t n, given_up;
    int64_t ignored;
    ENSURE(key != NULL, ERR_LIMIT, "out of memory");
    from.days -= (int32_t)(l->window_days - 1);
    TRY(auto_confirmed_since(tx, scope, key, from, sums, CURRENCIES_MAX, &n, &ignored));
    TRY(written_off_since(tx, scope, key, from, sums + n, CURRENCIES_MAX, &given_up));
    *sum = window_sum(c->policy, sums, n + given_up, l->limit.cur, w->on);
    return OK;
}

static struct date period_begin(enum policy_period period, struct date today)
{
    struct ymd d = date_ymd(today);
    struct date first = date_month_first(today);
    switch (period) {
    case PERIOD_DAY:
        return today;
    case PERIOD_WEEK: /* from Monday */
        return (struct date){.days = today.days - ((int)date_weekday(today) - (int)MONDAY + 7) % 7};
    case PERIOD_MONTH:
        return first;
    case PERIOD_QUARTER:
        return date_make(d.year, (d.month - 1) / 3 * 3 + 1, 1, &first).kind == ERR_NONE ? first
                                                                                        : today;
    case PERIOD_YEAR:
        return date_make(d.year, 1, 1, &first).kind == ERR_NONE ? first : today;
    }
    return today;
}

struct err windows_facts(struct call *c, struct tx *tx, const struct window *w)
{
    const struct policy *p = c->policy;
    struct ask_cumulative *windows =
        ARENA_ARRAY(c->arena, p->cumulative_n + 1, struct ask_cumulative);
    ENSURE(windows != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < p->cumulative_n; i++)
        TRY(window_load(c, tx, w, &p->cumulative[i], &windows[i]));
    c->ask.cumulative = windows;
    c->ask.cumulative_n = p->cumulative_n;
    const char *cur = p->auto_confirm.has_cap_amount ? p->auto_confirm.cap_amount.cur : "USD";
    return cap_load(c, tx, w, period_begin(p->auto_confirm.period, instant_date_utc(tx->now_us)),
                    cur);
}

/* ---- the whole ---- */

static struct json *leg_seen(struct arena *arena, const struct entry *e, const struct leg *leg)
{
    char amount[MONEY_TEXT_MAX], day[DATE_TEXT_MAX];
    struct json *o = json_object_new(arena);
    money_print(e->amount, amount);
    date_print(e->date, day);
    json_put_text(arena, o, "entry_id", e->entry_id);
    json_put_int(arena, o, "version", e->version);
    json_put_text(arena, o, "side", side_name(e->side));
    json_put_text(arena, o, "date", day);
    json_put_text(arena, o, "amount", amount);
    json_put_text(arena, o, "currency", e->amount.cur);
    if (leg->part) {
        struct money part = e->amount;
        part.minor = leg->amount_minor;
        money_print(part, amount);
        json_put_text(arena, o, "part", amount);
    }
    json_put_known(arena, o, "counterparty", e->counterparty);
    json_put_known(arena, o, "memo", e->memo);
    json_put_known(arena, o, "reference", e->reference);
    return o;
}

/* A match and its entries, until a human is asked. */
struct match_shown {
    const struct match *m;
    const struct entry *legs;
};

static const struct json *match_show(struct arena *arena, const void *of)
{
    const struct match_shown *shown = of;
    const struct match *m = shown->m;
    struct json *o = json_object_new(arena), *list = json_array_new(arena);
    for (size_t i = 0; i < m->legs_n; i++)
        json_push(arena, list, leg_seen(arena, &shown->legs[i], &m->legs[i]));
    json_put(arena, o, "legs", list);
    json_put_text(arena, o, "account_id", m->account_id);
    json_put_text(arena, o, "match_type", m->match_type);
    json_put_text(arena, o, "rule", m->rule);
    json_put_int(arena, o, "score_bp", m->score_bp);
    struct money difference = m->amount;
    char text[MONEY_TEXT_MAX];
    difference.minor = m->difference_minor;
    money_print(difference, text);
    json_put_text(arena, o, "difference", text);
    json_put_known(arena, o, "difference_account", m->difference_account);
    return o;
}

static struct err bound_fact(struct call *c, const struct match *m, const struct entry *legs)
{
    struct match_shown *shown = ARENA_NEW(c->arena, struct match_shown);
    ENSURE(shown != NULL, ERR_LIMIT, "out of memory");
    *shown = (struct match_shown){m, legs};
    c->bound_make = match_show;
    c->bound_of = shown;
    return OK;
}

struct err match_facts(struct call *c, struct tx *tx, const struct match *m)
{
    const char **ids = ARENA_ARRAY(c->arena, m->legs_n, const char *);
    struct entry *legs;
    ENSURE(ids != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < m->legs_n; i++)
        ids[i] = m->legs[i].entry_id;
    TRY(entries_load(tx, c->arena, ids, m->legs_n, &legs));
    TRY(legs_facts(c, tx, legs, m->legs_n, m->amount));
    TRY(difference_fact(c, tx, m));
    const char *act = c->ask.action == ACTION_UNMATCH ? "unmatch" : "confirm_match";
    const struct people_of people = {.tool = act,
                                     .object_id = m->match_id,
                                     .version = m->version,
                                     .principal = m->proposer_principal,
                                     .obo = m->proposer_obo};
    TRY(people_facts(c, tx, &people));
    const struct window window = {
        .entity_id = m->entity_id, .account_id = m->account_id, .on = value_day(legs, m->legs_n)};
    TRY(windows_facts(c, tx, &window));
    c->ask.state = m->state;
    c->ask.source = m->source;
    c->ask.match_type = m->match_type;
    c->ask.score_bp = m->score_bp;
    c->ask.sure = m->sure;
    c->ask.ambiguous = m->ambiguous;
    c->object_type = c->ask.object_type = "match";
    c->object_id = c->ask.object_id = m->match_id;
    c->ask.object_version = m->version;
    c->match_id = m->match_id;
    c->state_from = match_state_name(m->state);
    TRY(bound_fact(c, m, legs));
    return arena_check(c->arena);
}
