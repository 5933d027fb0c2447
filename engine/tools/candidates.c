/* Each reason is one of the matcher's own conditions, looked at again in the book as it is now. */
#include "engine/tools/candidates.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/calendar.h"
#include "common/sys/json_read.h"
#include "engine/store/master.h"
#include "engine/store/neighbours.h"
#include "engine/tools/exception_print.h"

#define SIMILAR_DAYS   92
#define SIMILAR_SHOWN  20
#define CANDIDATES_MAX 32

struct candidates {
    struct call *c;
    struct tx *tx;
    const struct entry *e;
    struct entity entity;
    const char *seen[CANDIDATES_MAX];
    size_t seen_n;
    struct json *list;
};

/* ---- why not ---- */

static void say(struct candidates *s, struct json *why, const char *text)
{
    json_push(s->c->arena, why, json_text_new(s->c->arena, text));
}

static void say_amount(struct candidates *s, const struct entry *o, struct json *why)
{
    struct money off;
    char text[MONEY_TEXT_MAX];
    if (!money_same_currency(s->e->amount, o->amount)) {
        say(s, why, "another currency");
        return;
    }
    if (money_sub(s->e->amount, o->amount, &off).kind != ERR_NONE || off.minor == 0)
        return;
    money_print(off, text);
    say(s, why, arena_fmt(s->c->arena, "the amount is off by %s %s", text, off.cur));
}

/* Business days of the entity's calendar, as the matcher counts them. */
static void say_date(struct candidates *s, const struct entry *o, struct json *why)
{
    const struct calendar *cal;
    int64_t window = s->c->policy->matching.window_days;
    int32_t days = s->e->date.days - o->date.days;
    if (calendar_find(s->entity.calendar, &cal).kind == ERR_NONE)
        days = calendar_business_days_between(cal, s->e->date, o->date);
    days = days < 0 ? -days : days;
    if (days > window)
        say(s, why,
            arena_fmt(s->c->arena, "%" PRId32 " business days apart, the window is %" PRId64, days,
                      window));
}

static void say_words(struct candidates *s, const struct entry *o, struct json *why)
{
    const struct entry *e = s->e;
    if (e->reference != NULL && o->reference != NULL && !text_eq(e->reference, o->reference))
        say(s, why,
            arena_fmt(s->c->arena, "its reference is %s, not %s", o->reference, e->reference));
    if (e->counterparty != NULL && o->counterparty != NULL &&
        !text_eq(e->counterparty, o->counterparty))
        say(s, why,
            arena_fmt(s->c->arena, "its counterparty is %s, not %s", o->counterparty,
                      e->counterparty));
}

static bool same_side(const struct entry *a, const struct entry *b)
{
    return (a->side == SIDE_BANK) == (b->side == SIDE_BANK);
}

static struct err why_not(struct candidates *s, const struct entry *o, struct json *item)
{
    struct json *why = json_array_new(s->c->arena);
    enum entry_state state;
    const char *match_id;
    bool settled;
    TRY(entry_state(s->tx, s->c->arena, o->entry_id, &state, &match_id));
    TRY(entry_settled(s->tx, o->entry_id, &settled));
    if (match_id != NULL)
        say(s, why, arena_fmt(s->c->arena, "it is %s in %s", entry_state_name(state), match_id));
    if (settled)
        say(s, why, "it was settled by a person and is out of matching");
    if (same_side(s->e, o))
        say(s, why, "it is of the same side: a twin or a reversal, not a partner");
    if (!text_eq(s->e->entity_id, o->entity_id) || !text_eq(s->e->account_id, o->account_id))
        say(s, why, "it is of another account");
    say_amount(s, o, why);
    say_date(s, o, why);
    say_words(s, o, why);
    if (why->count == 0)
        say(s, why,
            "nothing in itself: another entry fits as well, a person rejected the pair, or "
            "it was loaded after the last pass");
    json_put_text(s->c->arena, item, "state", entry_state_name(state));
    json_put_known(s->c->arena, item, "match_id", match_id);
    json_put(s->c->arena, item, "why", why);
    return arena_check(s->c->arena);
}

/* Once, whoever named it. */
static struct err candidate_add(struct candidates *s, const struct entry *o, const char *found_by)
{
    struct json *item;
    for (size_t i = 0; i < s->seen_n; i++) {
        if (text_eq(s->seen[i], o->entry_id))
            return OK;
    }
    if (s->seen_n == CANDIDATES_MAX)
        return OK;
    s->seen[s->seen_n++] = o->entry_id;
    item = entry_json(s->c->arena, o);
    json_put_text(s->c->arena, item, "found_by", found_by);
    TRY(why_not(s, o, item));
    json_push(s->c->arena, s->list, item);
    return OK;
}

/* ---- who ---- */

static struct err near_misses(struct candidates *s, const struct exception_row *x)
{
    struct json *detail;
    TRY(json_read(s->c->arena, str_of(x->detail), NULL, &detail));
    const struct json *near = json_get(detail, "near_misses");
    for (size_t i = 0; json_is(near, JSON_TYPE_ARRAY) && i < near->count; i++) {
        struct entry o;
        const char *id = json_get_text(near->items[i], "entry_id");
        if (id == NULL)
            continue;
        TRY(entry_load(s->tx, s->c->arena, id, &o));
        TRY(candidate_add(s, &o, "the matcher's near misses"));
    }
    return OK;
}

static struct err same_amount(struct candidates *s, enum side side)
{
    const struct similar how = {.side = side, .days = SIMILAR_DAYS, .limit = SIMILAR_SHOWN};
    struct entry *rows;
    size_t n;
    TRY(entries_similar(s->tx, s->c->arena, s->e, &how, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        if (rows[i].amount.minor == s->e->amount.minor)
            TRY(candidate_add(s, &rows[i], "the same amount"));
    }
    return OK;
}

struct err candidates_print(struct call *c, struct tx *tx, const struct entry *e,
                            const struct exception_row *x, struct json **out)
{
    struct candidates s = {.c = c, .tx = tx, .e = e, .list = json_array_new(c->arena)};
    TRY(entity_load(tx, c->arena, e->entity_id, &s.entity));
    if (x != NULL)
        TRY(near_misses(&s, x));
    if (e->side == SIDE_BANK) {
        TRY(same_amount(&s, SIDE_GL));
        TRY(same_amount(&s, SIDE_SUBLEDGER));
    } else {
        TRY(same_amount(&s, SIDE_BANK));
    }
    *out = s.list;
    return arena_check(c->arena);
}

struct err similar_print(struct call *c, struct tx *tx, const struct entry *e, struct json **out)
{
    const struct similar how = {.side = e->side, .days = SIMILAR_DAYS, .limit = SIMILAR_SHOWN};
    struct entry *rows;
    size_t n;
    TRY(entries_similar(tx, c->arena, e, &how, &rows, &n));
    *out = json_array_new(c->arena);
    for (size_t i = 0; i < n; i++) {
        struct json *item = entry_json(c->arena, &rows[i]);
        enum entry_state state;
        const char *match_id;
        TRY(entry_state(tx, c->arena, rows[i].entry_id, &state, &match_id));
        json_put_text(c->arena, item, "state", entry_state_name(state));
        json_put_known(c->arena, item, "match_id", match_id);
        json_push(c->arena, *out, item);
    }
    return arena_check(c->arena);
}
