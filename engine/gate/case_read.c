/* A case's `given` as an ask: the plain ask as gate_input, the given facts put in their places, and
 * ask_read over the whole, so that a case knows no fact and no type that an event does not. Money
 * comes first, because what the amount is worth follows from it. */
#include <string.h>

#include "common/base/str.h"
#include "engine/gate/case_internal.h"

#define TREE_MEMBERS_MAX 200

/* One `given` being read. */
struct reading {
    struct arena *arena;
    const struct policy *policy;
    const struct json *given;
    struct ask plain;
};

static struct err refuse(const struct reading *r, const char *pointer, const char *msg)
{
    return err_at(ERR_INPUT, json_where(r->arena, r->given, pointer), msg);
}

/* An error of the tree that was made, placed in the one that was given. */
static struct err placed(const struct reading *r, struct err e)
{
    bool bare = e.where != NULL && e.where[0] == '/';
    return bare ? err_at(e.kind, json_where(r->arena, r->given, e.where), e.msg) : e;
}

static bool is_null(const struct json *node)
{
    return json_is(node, JSON_TYPE_NULL);
}

/* ---- money ---- */

/* "10000.01 USD" in its halves; false when it is not two words. */
static bool halves(struct arena *arena, const char *text, const char **number, const char **cur)
{
    struct str before, rest;
    if (text == NULL || !str_cut(str_of(text), ' ', &before, &rest))
        return false;
    *number = str_dup(arena, before);
    *cur = str_dup(arena, rest);
    return *number != NULL && *cur != NULL;
}

static struct err amount_read(struct reading *r)
{
    static const char expected[] = "expected an amount such as \"10000.01 USD\", in quotes";
    const struct json *node = json_get(r->given, "amount");
    const char *number, *cur;
    if (node == NULL || json_is(node, JSON_TYPE_OBJECT)) {
        const char *raw = json_get_text(node, "amount");
        if (raw != NULL && money_parse(raw, json_get_text(node, "currency"), &r->plain.amount).kind)
            return refuse(r, "/amount", expected);
        r->plain.has_amount = r->plain.has_amount || node != NULL;
        return OK;
    }
    r->plain.has_amount = !is_null(node);
    if (is_null(node))
        return OK;
    if (!halves(r->arena, json_text(node), &number, &cur))
        return refuse(r, "/amount", expected);
    struct err e = money_parse(number, cur, &r->plain.amount);
    return e.kind == ERR_NONE ? OK : refuse(r, "/amount", e.msg);
}

/* A sum in this currency; "49999 USD", or "unknown" for what could not be valued. */
static struct err sum_read(const struct reading *r, const char *pointer, const struct json *node,
                           const char *cur, struct ask_cumulative *sum)
{
    const char *number, *in;
    *sum = (struct ask_cumulative){.known = !text_eq(json_text(node), "unknown")};
    if (!sum->known)
        return OK;
    if (!halves(r->arena, json_text(node), &number, &in))
        return refuse(r, pointer, "expected an amount such as \"49999 USD\", or unknown");
    if (cur[0] != '\0' && !text_eq(in, cur))
        return refuse(r, pointer, "an amount in another currency than its limit's");
    struct err e = decimal_parse(number, DECIMAL_PARSE_SCALE_MAX, &sum->sum);
    return e.kind == ERR_NONE ? OK : refuse(r, pointer, e.msg);
}

static struct err windows_read(struct reading *r)
{
    const struct json *node = json_get(r->given, "cumulative");
    const struct policy *p = r->policy;
    if (!json_is(node, JSON_TYPE_OBJECT))
        return OK;
    struct ask_cumulative *sums = ARENA_ARRAY(r->arena, p->cumulative_n, struct ask_cumulative);
    TRY(arena_check(r->arena));
    for (size_t i = 0; i < p->cumulative_n; i++)
        sums[i] = r->plain.cumulative[i];
    for (size_t m = 0; m < node->count; m++) {
        const char *pointer = json_pointer_join(r->arena, "/cumulative", node->members[m].key);
        size_t i = 0;
        while (i < p->cumulative_n && !str_is(node->members[m].key, p->cumulative[i].id))
            i++;
        if (i == p->cumulative_n)
            return refuse(r, pointer, "the policy has no cumulative limit of this id");
        TRY(sum_read(r, pointer, node->members[m].value, p->cumulative[i].limit.cur, &sums[i]));
    }
    r->plain.cumulative = sums;
    return OK;
}

/* The two sums that stand alone. */
static struct err sums_read(struct reading *r)
{
    const struct json *cap = json_get(r->given, "auto_confirmed"),
                      *bulk = json_get(r->given, "bulk_sum");
    if (json_is(cap, JSON_TYPE_TEXT))
        TRY(sum_read(r, "/auto_confirmed", cap,
                     r->policy->auto_confirm.has_cap_amount ? r->policy->auto_confirm.cap_amount.cur
                                                            : "",
                     &r->plain.auto_confirmed));
    if (json_is(bulk, JSON_TYPE_TEXT))
        TRY(sum_read(r, "/bulk_sum", bulk, r->policy->bulk.max_amount.cur, &r->plain.bulk_sum));
    return windows_read(r);
}

/* ---- what the amount is worth ---- */

typedef struct err value_fn(const struct reading *r, const char *pointer, const struct json *node,
                            struct ask_value *v);

/* One unit of the amount's currency in this one: "149.85". */
static struct err rate_set(const struct reading *r, const char *pointer, const struct json *node,
                           struct ask_value *v)
{
    if (decimal_parse(json_text(node), 12, &v->rate).kind != ERR_NONE || decimal_sign(v->rate) <= 0)
        return refuse(r, pointer, "expected a rate such as \"149.85\", missing or stale");
    v->status = FX_KNOWN;
    v->source = "the case";
    struct err e = decimal_mul(decimal_abs(decimal_of_money(r->plain.amount)), v->rate, &v->value);
    return e.kind == ERR_NONE ? OK : refuse(r, pointer, e.msg);
}

static struct err value_set(const struct reading *r, const char *pointer, const struct json *node,
                            struct ask_value *v)
{
    struct ask_cumulative sum;
    TRY(sum_read(r, pointer, node, v->cur, &sum));
    if (!sum.known)
        return refuse(r, pointer, "expected an amount, missing or stale");
    v->status = FX_KNOWN;
    v->value = sum.sum;
    v->rate = v->source == NULL ? decimal_of_int(1) : v->rate;
    return OK;
}

/* A map by currency: how each is valued. */
static struct err values_map(struct reading *r, const char *name, value_fn *set)
{
    const struct json *node = json_get(r->given, name);
    struct ask_value *values = ARENA_ARRAY(r->arena, r->plain.values_n, struct ask_value);
    const char *at = arena_fmt(r->arena, "/%s", name);
    TRY(arena_check(r->arena));
    for (size_t i = 0; i < r->plain.values_n; i++)
        values[i] = r->plain.values[i];
    for (size_t m = 0; json_is(node, JSON_TYPE_OBJECT) && m < node->count; m++) {
        const char *pointer = json_pointer_join(r->arena, at, node->members[m].key);
        const struct json *value = node->members[m].value;
        size_t i = 0;
        while (i < r->plain.values_n && !str_is(node->members[m].key, values[i].cur))
            i++;
        if (i == r->plain.values_n)
            return refuse(r, pointer, "no limit of the policy is in this currency");
        if (text_eq(json_text(value), "missing"))
            values[i].status = FX_MISSING;
        else if (text_eq(json_text(value), "stale"))
            values[i].status = FX_STALE;
        else
            TRY(set(r, pointer, value, &values[i]));
    }
    r->plain.values = values;
    return OK;
}

static struct err values_read(struct reading *r)
{
    const struct json *on = json_get(r->given, "day"), *rates = json_get(r->given, "rates");
    struct date day = case_day(r->policy);
    if (on != NULL && (json_text(on) == NULL || date_parse(json_text(on), &day).kind != ERR_NONE))
        return refuse(r, "/day", "expected a day such as 2026-03-02");
    if (rates != NULL && !json_is(rates, JSON_TYPE_OBJECT))
        return refuse(r, "/rates", "expected an object: a rate for each currency");
    TRY(case_value(r->arena, r->policy, day, &r->plain));
    if (r->plain.values_n == 0 && json_get(r->given, "values") == NULL)
        return OK; /* rates that hold for every case of a file may find nothing to value */
    TRY(values_map(r, "rates", rate_set));
    return values_map(r, "values", value_set);
}

/* ---- the other short forms ---- */

/* The node that ask_read wants in the place of a short form; the same node when it is none. A made
 * node stands where the given one stood. */
static struct json *standing_at(struct json *made, const struct json *node)
{
    if (made != NULL) {
        made->line = node->line;
        made->column = node->column;
    }
    return made;
}

/* {id: "2400"} is an account that the chart knows. */
static const struct json *account_of(struct arena *arena, const struct json *node)
{
    if (!json_is(node, JSON_TYPE_TEXT) && !json_is(node, JSON_TYPE_OBJECT))
        return node;
    struct json *o = standing_at(json_object_new(arena), node);
    if (json_is(node, JSON_TYPE_TEXT))
        json_put(arena, o, "id", node);
    for (size_t i = 0; json_is(node, JSON_TYPE_OBJECT) && i < node->count; i++) {
        if (!is_null(node->members[i].value))
            json_put(arena, o, node->members[i].key.at, node->members[i].value);
    }
    if (json_get(o, "known") == NULL)
        json_put_bool(arena, o, "known", json_get(o, "id") != NULL);
    return o;
}

static const struct json *role_of(struct arena *arena, const struct json *node)
{
    if (!json_is(node, JSON_TYPE_TEXT))
        return node;
    struct json *o = standing_at(json_object_new(arena), node);
    json_put(arena, o, "role", node);
    return o;
}

static const struct json *item_of(struct arena *arena, const struct json *node)
{
    (void)arena;
    return node;
}

typedef const struct json *item_fn(struct arena *arena, const struct json *node);

/* Lists, of which one item may stand alone. */
static const struct {
    const char *name;
    item_fn *item;
} lists[] = {
    {"accounts", account_of}, {"roles", role_of},     {"entities", item_of},
    {"events", item_of},      {"proposers", item_of}, {"own_agents_of", item_of},
    {"seats", item_of},
};

static const struct json *list_of(struct arena *arena, item_fn *item, const struct json *node)
{
    struct json *list = standing_at(json_array_new(arena), node);
    if (!json_is(node, JSON_TYPE_ARRAY)) {
        json_push(arena, list, item(arena, node));
        return list;
    }
    for (size_t i = 0; i < node->count; i++)
        json_push(arena, list, item(arena, node->items[i]));
    return list;
}

static const struct json *long_form(struct arena *arena, struct str name, const struct json *node)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (str_is(name, lists[i].name))
            return list_of(arena, lists[i].item, node);
    }
    return node;
}

/* Members that are in the plain ask already. */
static bool is_taken(const struct json_member *m)
{
    static const struct {
        const char *name;
        enum json_type type;
    } short_forms[] = {
        {"amount", JSON_TYPE_TEXT},       {"values", JSON_TYPE_OBJECT},
        {"cumulative", JSON_TYPE_OBJECT}, {"auto_confirmed", JSON_TYPE_TEXT},
        {"bulk_sum", JSON_TYPE_TEXT},
    };
    if (str_is(m->key, "day") || str_is(m->key, "rates"))
        return true;
    for (size_t i = 0; i < sizeof short_forms / sizeof short_forms[0]; i++) {
        if (str_is(m->key, short_forms[i].name))
            return json_is(m->value, short_forms[i].type);
    }
    return false;
}

/* ---- the whole ---- */

static struct json *overlay(const struct reading *r, const struct json *plain)
{
    struct json *whole = json_object_new(r->arena);
    for (size_t i = 0; plain != NULL && i < plain->count; i++) {
        const struct json_member *m = json_find(r->given, plain->members[i].key);
        if (m == NULL || is_taken(m))
            json_put(r->arena, whole, plain->members[i].key.at, plain->members[i].value);
    }
    for (size_t i = 0; i < r->given->count; i++) {
        const struct json_member *m = &r->given->members[i];
        if (is_taken(m) || is_null(m->value))
            continue;
        struct json_member *put =
            json_add(r->arena, whole, m->key, long_form(r->arena, m->key, m->value));
        if (put != NULL) {
            put->line = m->line;
            put->column = m->column;
        }
    }
    return whole;
}

static struct err seed_read(const struct reading *r, struct case_seed *seed)
{
    const struct json *action = json_get(r->given, "action"), *actor = json_get(r->given, "actor");
    const char *name = json_text(action);
    *seed =
        (struct case_seed){.actor = json_text(actor), .bulk = json_get(r->given, "bulk_n") != NULL};
    if (action == NULL)
        return refuse(r, "", "a case says its action: CONFIRM, REJECT …");
    if (name == NULL || (!action_find(name, &seed->action) && !text_eq(name, "NONE")))
        return refuse(r, "/action", "not an action; docs/POLICY.md lists them");
    if (actor == NULL || is_null(actor))
        return OK;
    struct actor_id id;
    if (seed->actor == NULL || (actor_parse(str_of(seed->actor), &id).kind != ERR_NONE &&
                                json_get(r->given, "actor_kind") == NULL))
        return refuse(r, "/actor", "expected human:…, llm:… or engine:…");
    return OK;
}

struct err case_read(struct arena *arena, const struct policy *policy, const struct json *given,
                     struct ask *ask)
{
    struct reading r = {.arena = arena, .policy = policy, .given = given};
    struct case_seed seed;
    if (!json_is(given, JSON_TYPE_OBJECT))
        return refuse(&r, "", "expected an object of facts");
    ENSURE(given->count <= TREE_MEMBERS_MAX, ERR_LIMIT, "more facts than there are");
    TRY(seed_read(&r, &seed));
    TRY(case_plain(arena, policy, &seed, &r.plain));
    TRY(amount_read(&r));
    TRY(values_read(&r));
    TRY(sums_read(&r));
    struct json *whole = overlay(&r, ask_print(arena, &r.plain));
    TRY(arena_check(arena));
    return placed(&r, ask_read(arena, whole, ask));
}
