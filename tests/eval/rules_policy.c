#include "tests/eval/rules_policy.h"

#include <stdlib.h>
#include <string.h>

/* ---- lists ---- */

static size_t length(const struct json *list)
{
    return json_is(list, JSON_TYPE_ARRAY) ? list->count : 0;
}

bool stated_lists(const struct json *list, const char *text)
{
    for (size_t i = 0; i < length(list); i++) {
        if (text_eq(json_text(list->items[i]), text))
            return true;
    }
    return false;
}

/* ---- clauses ---- */

static bool is_place_of_text(const char *pointer)
{
    return strncmp(pointer, "/clauses/", 9) == 0 ||
           strncmp(pointer, "/strategy_clauses_by_match_type/", 32) == 0;
}

/* docs/POLICY.md, "What a verdict quotes": the rule's own clause, else its reason's. */
const char *stated_clause(const struct stated *p, const char *reason, const char *pointer)
{
    const struct json *at = json_pointer_get(p->tree, pointer);
    const char *own = is_place_of_text(pointer) ? json_text(at) : json_get_text(at, "clause");
    const char *all = json_text(json_get(json_get(p->tree, "clauses"), reason));
    if (strncmp(pointer, "/bulk", 5) == 0)
        own = json_get_text(json_get(p->tree, "bulk"), "clause");
    if (own != NULL)
        return own;
    bool optional = text_eq(reason, "BULK_LIMIT");
    if (is_place_of_text(pointer) || (at == NULL && !optional))
        return NULL;
    return all;
}

/* ---- amounts ---- */

bool stated_limit(const struct json *written, const char *cur, struct decimal *max, char cur_out[4])
{
    char digits[48];
    const char *text = json_text(written);
    if (json_is(written, JSON_TYPE_NUMBER))
        text = written->text.at;
    const char *space = text == NULL ? NULL : strchr(text, ' ');
    size_t n = text == NULL ? 0 : space == NULL ? strlen(text) : (size_t)(space - text);
    if (n == 0 || n >= sizeof digits || (space == NULL && cur == NULL))
        return false;
    memcpy(digits, text, n);
    digits[n] = '\0';
    memcpy(cur_out, space == NULL ? cur : space + 1, 3);
    cur_out[3] = '\0';
    return decimal_parse(digits, 18, max).kind == ERR_NONE;
}

struct rate {
    struct decimal rate;
    struct date as_of;
    bool known;
};

/* The latest published rate of the pair on or before the day; the other way round, one over it. */
static struct rate rate_of(const struct stated *p, const char *from, const char *to, struct date on)
{
    const struct json *list = json_pointer_get(p->tree, "/fx/rates");
    struct rate best = {.known = false};
    for (size_t i = 0; i < length(list); i++) {
        const struct json *r = list->items[i];
        const char *base = json_get_text(r, "base"), *quote = json_get_text(r, "quote");
        bool there = text_eq(base, from) && text_eq(quote, to);
        bool back = text_eq(base, to) && text_eq(quote, from);
        struct decimal rate;
        struct date day;
        if ((!there && !back) || date_parse(json_get_text(r, "as_of"), &day).kind != ERR_NONE ||
            decimal_parse(json_get_text(r, "rate"), 12, &rate).kind != ERR_NONE)
            continue;
        if (day.days > on.days || (best.known && day.days <= best.as_of.days))
            continue;
        if (back && decimal_div(decimal_of_int(1), rate, 30, ROUND_AWAY, &rate).kind != ERR_NONE)
            continue;
        best = (struct rate){rate, day, true};
    }
    return best;
}

static enum weight value_of(const struct stated *p, const struct sum *s, const char *cur,
                            struct decimal *value)
{
    struct money m = {.minor = s->minor < 0 ? -s->minor : s->minor};
    int64_t staleness = 0;
    memcpy(m.cur, s->cur, 3);
    *value = decimal_of_money(m);
    if (text_eq(s->cur, cur))
        return WITHIN;
    struct rate r = rate_of(p, s->cur, cur, s->on);
    if (!r.known || decimal_mul(*value, r.rate, value).kind != ERR_NONE)
        return NO_RATE;
    (void)json_int(json_pointer_get(p->tree, "/fx/max_staleness_days"), &staleness);
    return s->on.days - r.as_of.days > staleness ? OLD_RATE : WITHIN;
}

enum weight stated_weigh(const struct stated *p, const struct sum *sums, size_t n,
                         const struct decimal *max, const char *cur)
{
    struct decimal total = decimal_of_int(0), value;
    enum weight worst = WITHIN;
    for (size_t i = 0; i < n; i++) {
        enum weight w = value_of(p, &sums[i], cur, &value);
        if (w == NO_RATE || decimal_add(total, value, &total).kind != ERR_NONE)
            return NO_RATE;
        worst = w == OLD_RATE ? OLD_RATE : worst;
    }
    if (worst == OLD_RATE)
        return OLD_RATE;
    return decimal_cmp(total, *max) > 0 ? OVER : WITHIN;
}

static enum weight weigh_written(const struct stated *p, const struct sum *amount,
                                 const struct json *written, const char *cur)
{
    struct decimal max;
    char limit_cur[4];
    if (!stated_limit(written, cur, &max, limit_cur))
        return NO_RATE;
    return stated_weigh(p, amount, 1, &max, limit_cur);
}

enum weight stated_materiality(const struct stated *p, const struct sum *amount,
                               const char *const *entities, size_t n)
{
    const struct json *all = json_get(p->tree, "materiality_threshold_usd");
    const struct json *own = json_get(p->tree, "entity_materiality_overrides");
    enum weight worst = n == 0 ? weigh_written(p, amount, all, "USD") : WITHIN;
    for (size_t i = 0; i < n; i++) {
        const struct json *mine = json_get(own, entities[i]);
        enum weight w = mine != NULL ? weigh_written(p, amount, mine, amount->cur)
                                     : weigh_written(p, amount, all, "USD");
        worst = w == OVER || worst == WITHIN ? w : worst;
    }
    return worst;
}

/* ---- accounts ---- */

static bool begins(const char *text, const char *start)
{
    return text != NULL && start != NULL && strncmp(text, start, strlen(start)) == 0;
}

static bool reserves(const struct json *rule, const struct touched *a)
{
    const char *id = json_text(rule) != NULL ? json_text(rule) : json_get_text(rule, "id");
    if (a->id == NULL || (a->reconciled && !text_eq(json_get_text(rule, "legs"), "all")))
        return false;
    return (id != NULL && text_eq(a->id, id)) || begins(a->id, json_get_text(rule, "prefix")) ||
           (a->class_ != NULL && text_eq(a->class_, json_get_text(rule, "class")));
}

bool stated_sensitive(const struct stated *p, const struct touched *accounts, size_t n,
                      const char *const *events, size_t events_n)
{
    const struct json *rules = json_get(p->tree, "always_human_accounts");
    bool yes = n == 0;
    for (size_t i = 0; i < n; i++)
        yes |= accounts[i].id == NULL || accounts[i].class_ == NULL;
    for (size_t r = 0; r < length(rules); r++) {
        for (size_t i = 0; i < n; i++)
            yes |= reserves(rules->items[r], &accounts[i]);
        for (size_t i = 0; i < events_n; i++)
            yes |= text_eq(json_get_text(rules->items[r], "event"), events[i]);
    }
    return yes;
}

/* ---- who may ---- */

bool stated_grants(const struct stated *p, const char *role, const char *action, const char *entity,
                   const struct sum *amount, bool alone)
{
    const struct json *grants = json_get(p->tree, "authority");
    for (size_t i = 0; i < length(grants); i++) {
        const struct json *g = grants->items[i];
        const struct json *max = json_get(g, "max"), *single = json_get(g, "single_max");
        const struct json *places = json_get(g, "entities");
        bool here = text_eq(json_text(places), "all") || stated_lists(places, entity);
        if (!text_eq(json_get_text(g, "role"), role) || !here ||
            !stated_lists(json_get(g, "actions"), action))
            continue;
        if (amount != NULL && max != NULL && weigh_written(p, amount, max, NULL) != WITHIN)
            continue;
        if (amount == NULL || !alone || single == NULL ||
            weigh_written(p, amount, single, NULL) == WITHIN)
            return true;
    }
    return false;
}

bool stated_channel(const struct stated *p, const char *tier, const char *channel)
{
    return stated_lists(json_get(json_get(p->tree, "channels"), tier), channel);
}

int64_t stated_login_age(const struct stated *p, const char *tier)
{
    int64_t minutes = 0;
    (void)json_int(json_get(json_pointer_get(p->tree, "/channels/max_login_age_minutes"), tier),
                   &minutes);
    return minutes * 60;
}

int64_t stated_share(const struct stated *p, const char *pointer, int64_t otherwise)
{
    const struct json *at = json_pointer_get(p->tree, pointer);
    struct decimal d, scaled;
    if (at == NULL || decimal_parse(at->text.at, 4, &d).kind != ERR_NONE ||
        decimal_mul(d, decimal_of_int(10000), &scaled).kind != ERR_NONE ||
        decimal_round(scaled, 0, ROUND_AWAY, &scaled).kind != ERR_NONE)
        return otherwise;
    for (; scaled.scale > 0; scaled.scale--)
        scaled.coef /= 10;
    return (int64_t)scaled.coef;
}

/* ---- blocked ---- */

static bool wants(const struct json *rule, const char *member, const char *have)
{
    const char *want = json_get_text(rule, member);
    return want == NULL || text_eq(want, have);
}

static bool at_place(const struct json *rule, const struct blockable *a)
{
    const char *entity = json_get_text(rule, "entity"), *account = json_get_text(rule, "account");
    const char *prefix = json_get_text(rule, "account_prefix");
    bool here = entity == NULL, there = account == NULL && prefix == NULL;
    for (size_t i = 0; i < a->entities_n; i++)
        here |= text_eq(a->entities[i], entity);
    for (size_t i = 0; i < a->accounts_n; i++)
        there |= (account != NULL && text_eq(a->accounts[i].id, account)) ||
                 begins(a->accounts[i].id, prefix);
    return here && there;
}

bool stated_blocks(const struct stated *p, const struct blockable *act)
{
    const struct json *rules = json_get(p->tree, "blocked");
    for (size_t i = 0; i < length(rules); i++) {
        const struct json *r = rules->items[i], *over = json_get(r, "over");
        bool much = over == NULL ||
                    (act->amount != NULL && weigh_written(p, act->amount, over, NULL) != WITHIN);
        if (much && wants(r, "action", act->action) && wants(r, "tool", act->tool) &&
            wants(r, "actor", act->actor) && wants(r, "actor_kind", act->kind) &&
            wants(r, "counterparty", act->counterparty) && at_place(r, act))
            return true;
    }
    return false;
}
