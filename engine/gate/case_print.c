/* An ask as a case: its gate_input beside that of the plain ask, and only what differs, in the
 * short forms where they say the same. */
#include <string.h>

#include "common/base/str.h"
#include "engine/gate/case_internal.h"

struct printing {
    struct arena *arena;
    const struct policy *policy;
    const struct ask *ask;
    struct ask plain;
    const struct json *facts, *base; /* both as ask_print has them */
    struct json *given;
};

/* ---- money ---- */

/* "49999 USD"; NULL when it has more digits than a case may write. */
static const char *decimal_text(struct arena *arena, struct decimal d, const char *cur)
{
    char text[DECIMAL_TEXT_MAX];
    struct decimal back;
    decimal_print(d, text);
    if (decimal_parse(text, DECIMAL_PARSE_SCALE_MAX, &back).kind != ERR_NONE)
        return NULL;
    return arena_fmt(arena, "%s %s", text, cur);
}

static const char *sum_text(struct arena *arena, const struct ask_cumulative *c, const char *cur)
{
    return c->known ? decimal_text(arena, c->sum, cur) : "unknown";
}

/* The fact as gate_input has it. */
static void put_raw(struct printing *p, const char *name)
{
    const struct json *fact = json_get(p->facts, name);
    json_put(p->arena, p->given, name, fact == NULL ? json_null_new(p->arena) : fact);
}

static bool differs(const struct printing *p, const char *name)
{
    const struct json *a = json_get(p->facts, name), *b = json_get(p->base, name);
    return a == NULL || b == NULL ? a != b : !json_equal(a, b);
}

static void put_amount(struct printing *p)
{
    char text[MONEY_TEXT_MAX];
    if (!p->ask->has_amount) {
        if (differs(p, "amount"))
            put_raw(p, "amount");
        return;
    }
    money_print(p->ask->amount, text);
    json_put_text(p->arena, p->given, "amount",
                  arena_fmt(p->arena, "%s %s", text, p->ask->amount.cur));
}

/* "missing", "stale", or what it is worth; NULL when there is no short form of it. */
static const char *value_text(struct arena *arena, const struct ask_value *v)
{
    if (v->status != FX_KNOWN)
        return fx_status_name(v->status);
    return decimal_text(arena, v->value, v->cur);
}

static bool same_value(const struct ask_value *a, const struct ask_value *b)
{
    if (a->status != b->status || strcmp(a->cur, b->cur) != 0)
        return false;
    return a->status != FX_KNOWN || decimal_cmp(a->value, b->value) == 0;
}

static void put_values(struct printing *p)
{
    const struct ask *a = p->ask, *plain = &p->plain;
    struct json *map = json_object_new(p->arena);
    bool listed = a->values_n == plain->values_n;
    if (!a->has_amount)
        return; /* then they are not looked at */
    for (size_t i = 0; listed && i < a->values_n; i++) {
        const char *text = value_text(p->arena, &a->values[i]);
        listed = text != NULL && strcmp(a->values[i].cur, plain->values[i].cur) == 0;
        if (listed && !same_value(&a->values[i], &plain->values[i]))
            json_put_text(p->arena, map, a->values[i].cur, text);
    }
    if (!listed)
        put_raw(p, "values");
    else if (map != NULL && map->count > 0)
        json_put(p->arena, p->given, "values", map);
}

static void put_windows(struct printing *p)
{
    const struct ask *a = p->ask;
    struct json *map = json_object_new(p->arena);
    bool listed = a->cumulative_n == p->policy->cumulative_n;
    if (!differs(p, "cumulative"))
        return;
    for (size_t i = 0; listed && i < a->cumulative_n; i++) {
        const struct policy_cumulative *limit = &p->policy->cumulative[i];
        const char *text = sum_text(p->arena, &a->cumulative[i], limit->limit.cur);
        listed = text != NULL;
        if (listed && !(a->cumulative[i].known && decimal_is_zero(a->cumulative[i].sum)))
            json_put_text(p->arena, map, limit->id, text);
    }
    if (listed)
        json_put(p->arena, p->given, "cumulative", map);
    else
        put_raw(p, "cumulative");
}

static void put_sum(struct printing *p, const char *name, const struct ask_cumulative *sum,
                    const char *cur)
{
    const char *text = sum_text(p->arena, sum, cur);
    if (!differs(p, name))
        return;
    if (text == NULL)
        put_raw(p, name);
    else
        json_put_text(p->arena, p->given, name, text);
}

static void put_money(struct printing *p)
{
    const struct policy *policy = p->policy;
    put_amount(p);
    put_values(p);
    put_windows(p);
    put_sum(p, "auto_confirmed", &p->ask->auto_confirmed,
            policy->auto_confirm.has_cap_amount ? policy->auto_confirm.cap_amount.cur : "USD");
    if (p->ask->bulk_n == 0)
        return;
    put_raw(p, "bulk_n");
    put_sum(p, "bulk_sum", &p->ask->bulk_sum, policy->bulk.max_amount.cur);
}

/* ---- lists ---- */

static const struct json *account_short(struct arena *arena, const struct json *account)
{
    const struct json *known = json_get(account, "known"), *own = json_get(account, "reconciled");
    struct json *o = json_object_new(arena);
    json_put_known(arena, o, "id", json_get_text(account, "id"));
    json_put_known(arena, o, "class", json_get_text(account, "class"));
    if (known != NULL && known->truth != (json_get(o, "id") != NULL))
        json_put(arena, o, "known", known);
    if (own != NULL && own->truth)
        json_put(arena, o, "reconciled", own);
    return o;
}

static const struct json *role_short(struct arena *arena, const struct json *role)
{
    (void)arena;
    return role->count == 1 ? json_get(role, "role") : role;
}

static void put_list(struct printing *p, const char *name,
                     const struct json *(*item)(struct arena *, const struct json *))
{
    const struct json *fact = json_get(p->facts, name);
    struct json *list = json_array_new(p->arena);
    if (!differs(p, name))
        return;
    for (size_t i = 0; fact != NULL && i < fact->count; i++)
        json_push(p->arena, list, item(p->arena, fact->items[i]));
    json_put(p->arena, p->given, name, list);
}

/* ---- the whole ---- */

static struct err begin(struct printing *p)
{
    const struct ask *a = p->ask;
    p->facts = ask_print(p->arena, a);
    p->given = json_object_new(p->arena);
    struct case_seed seed = {.actor = a->actor, .bulk = a->bulk_n != 0};
    (void)action_find(json_get_text(p->facts, "action"), &seed.action);
    TRY(case_plain(p->arena, p->policy, &seed, &p->plain));
    p->plain.has_amount = a->has_amount;
    if (a->has_amount)
        p->plain.amount = a->amount;
    TRY(case_value(p->arena, p->policy, case_day(p->policy), &p->plain));
    struct ask base = p->plain;
    base.has_amount = case_has_amount(seed.action);
    p->base = ask_print(p->arena, &base);
    return arena_check(p->arena);
}

/* What has a place of its own above, and what says nothing. */
static bool is_put(const char *name)
{
    static const char *const put[] = {"action",     "actor",  "amount",   "values",
                                      "cumulative", "bulk_n", "bulk_sum", "auto_confirmed",
                                      "accounts",   "roles",  "schema"};
    for (size_t i = 0; i < sizeof put / sizeof put[0]; i++) {
        if (strcmp(put[i], name) == 0)
            return true;
    }
    return false;
}

static void put_rest(struct printing *p)
{
    for (size_t i = 0; i < p->facts->count; i++) {
        const char *name = p->facts->members[i].key.at;
        if (!is_put(name) && differs(p, name))
            put_raw(p, name);
    }
    for (size_t i = 0; i < p->base->count; i++) {
        const char *name = p->base->members[i].key.at;
        if (!is_put(name) && json_get(p->facts, name) == NULL)
            put_raw(p, name);
    }
}

static void put_who(struct printing *p)
{
    struct actor_id id;
    json_put(p->arena, p->given, "action", json_get(p->facts, "action"));
    put_raw(p, "actor");
    if (p->ask->actor != NULL && actor_parse(str_of(p->ask->actor), &id).kind != ERR_NONE)
        put_raw(p, "actor_kind");
}

static struct json *expect_print(struct arena *arena, const struct verdict *v)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "ruling", ruling_name(v->ruling));
    json_put_text(arena, o, "reason", reason_name(v->reason));
    json_put_text(arena, o, "row", v->row);
    if (v->clause[0] != '\0')
        json_put_text(arena, o, "clause", v->clause);
    if (v->pointer[0] != '\0')
        json_put_text(arena, o, "pointer", v->pointer);
    return o;
}

static const char *name_print(const struct printing *p, const struct verdict *v)
{
    const char *amount = json_get_text(p->given, "amount"), *actor = p->ask->actor;
    return arena_fmt(p->arena, "%s by %s%s%s: %s, %s", json_get_text(p->facts, "action"),
                     text_empty(actor) ? "nobody" : actor, amount == NULL ? "" : " of ",
                     amount == NULL ? "" : amount, ruling_name(v->ruling), reason_name(v->reason));
}

struct json *case_print(struct arena *arena, const struct policy *policy, const struct ask *ask,
                        const struct verdict *verdict)
{
    struct printing p = {.arena = arena, .policy = policy, .ask = ask};
    struct json *o = json_object_new(arena);
    if (begin(&p).kind != ERR_NONE)
        return NULL;
    put_who(&p);
    put_money(&p);
    put_list(&p, "accounts", account_short);
    put_list(&p, "roles", role_short);
    put_rest(&p);
    json_put_text(arena, o, "name", name_print(&p, verdict));
    json_put(arena, o, "given", p.given);
    json_put(arena, o, "expect", expect_print(arena, verdict));
    return arena_full(arena) ? NULL : o;
}
