/* list_exceptions: what could not be matched, chosen, counted and in order. What stands is what
 * recon://exceptions shows; what ended is found by its state. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/id.h"
#include "common/sys/json_read.h"
#include "engine/store/exception_walk.h"
#include "engine/store/words.h"
#include "engine/tools/cursor.h"
#include "engine/tools/escalation_view.h"
#include "engine/tools/exception_facts.h"
#include "engine/tools/exception_print.h"
#include "engine/tools/name_counts.h"
#include "engine/tools/scope.h"

enum order { ORDER_OLDEST = 0, ORDER_NEWEST, ORDER_AMOUNT };

struct list_exceptions {
    const char *entity_id, *account_id, *assigned_to, *q, *cursor;
    int class_, state; /* index of exception_classes, states */
    int order;
    int64_t min_age_days, limit;
};

static const char *const states[] = {
    "", "OPEN", "INVESTIGATING", "ESCALATED", "RESOLVED", "WRITTEN_OFF", NULL};
static const char *const orders[] = {"oldest", "newest", "amount", NULL};

static const struct json_field fields[] = {
    JSON_TEXT(struct list_exceptions, entity_id, .max = 64, .help = "only this entity's"),
    JSON_TEXT(struct list_exceptions, account_id, .max = 64, .help = "only of this account"),
    JSON_ENUM(struct list_exceptions, class_, exception_classes, .as = "class",
              .help = "only of this class"),
    JSON_ENUM(struct list_exceptions, state, states,
              .help = "only in this state; default: all that are open (OPEN, INVESTIGATING, "
                      "ESCALATED)"),
    JSON_INT(struct list_exceptions, min_age_days, .max = 100000,
             .help = "only of entries at least so many days old"),
    JSON_TEXT(struct list_exceptions, assigned_to, .max = 128,
              .help = "only what this person or role has: human:NAME, a principal's id, role:NAME; "
                      "me: the caller and their roles; nobody: what no one has"),
    JSON_TEXT(struct list_exceptions, q, .max = 100,
              .help = "words, each of which is in the counterparty, memo, reference or an id"),
    JSON_ENUM(struct list_exceptions, order, orders,
              .help = "oldest: of the oldest entry first; amount: largest first, a currency at a "
                      "time"),
    JSON_INT(struct list_exceptions, limit, .min = 1, .max = 200, .def = 50,
             .help = "exceptions a page"),
    JSON_TEXT(struct list_exceptions, cursor, .min = -1, .max = 200,
              .help = "next_cursor of the page before, with the same filters and order"),
};

struct exceptions_page {
    const struct json *exceptions, *counts;
    const char *next_cursor;
};

static const struct json_field result[] = {
    JSON_ANY(struct exceptions_page, exceptions, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array of exceptions: class, state, age_days of the entry, open_days since it "
                     "was listed, assignee, the entry, and near_miss: the matcher's nearest, with "
                     "the difference; investigate_exception says more of one"),
    JSON_ANY(struct exceptions_page, counts, .holds = JSON_TYPE_OBJECT,
             .help = "on the first page, of all that pass the filters: total, by_entity, by_class, "
                     "by_state, by_age in days"),
    JSON_TEXT(struct exceptions_page, next_cursor, .help = "absent on the last page"),
};

/* What one is ordered by. */
struct item {
    char id[ID_TEXT_MAX];
    struct date date;
    struct money amount;
};

struct listing {
    struct call *c;
    struct tx *tx;
    struct scope scope;
    struct words words;
    const char **holders; /* NULL: whoever has it */
    size_t holders_n;
    struct date today;
    bool continued;
    struct item after; /* of a page that is not the first */
    struct item *items;
    size_t n, cap;
    int64_t total, ages[EXCEPTION_AGES], in_state[EXCEPTION_STATES];
    struct name_count *classes, *entities;
    const char *entity_id; /* under way */
};

/* ---- order ---- */

static int64_t size_of(struct money amount)
{
    return amount.minor < 0 && amount.minor > INT64_MIN ? -amount.minor : amount.minor;
}

static int compare(int order, const struct item *a, const struct item *b)
{
    const int64_t left = size_of(a->amount), right = size_of(b->amount);
    const int by_id = strcmp(a->id, b->id);
    int first = (a->date.days > b->date.days) - (a->date.days < b->date.days);
    if (order == ORDER_NEWEST)
        return first != 0 ? -first : -by_id;
    if (order == ORDER_AMOUNT) {
        first = strcmp(a->amount.cur, b->amount.cur);
        first = first != 0 ? first : (left < right) - (left > right);
    }
    return first != 0 ? first : by_id;
}

static void item_add(struct listing *l, const struct item *item)
{
    const int order = ((const struct list_exceptions *)l->c->args)->order;
    size_t at = l->n;
    if (l->continued && compare(order, item, &l->after) <= 0)
        return;
    while (at > 0 && compare(order, item, &l->items[at - 1]) < 0)
        at--;
    if (at == l->cap)
        return;
    l->n += l->n < l->cap;
    memmove(&l->items[at + 1], &l->items[at], (l->n - 1 - at) * sizeof *item);
    l->items[at] = *item;
}

static const char *item_print(struct arena *arena, int order, const struct item *item)
{
    char day[DATE_TEXT_MAX];
    date_print(item->date, day);
    return cursor_print(arena, arena_fmt(arena, "%s %s %s %s %" PRId64, orders[order], item->id,
                                         day, item->amount.cur, item->amount.minor));
}

static bool item_read(struct arena *arena, const char *text, int order, struct item *item)
{
    struct str name, id, day, currency, minor;
    char *end = NULL;
    if (!str_cut(str_of(text), ' ', &name, &id) || !str_is(name, orders[order]) ||
        !str_cut(id, ' ', &id, &day) || id.len >= sizeof item->id ||
        !str_cut(day, ' ', &day, &currency) || !str_cut(currency, ' ', &currency, &minor))
        return false;
    const char *date = str_dup(arena, day), *code = str_dup(arena, currency);
    *item = (struct item){.id = ""};
    memcpy(item->id, id.at, id.len);
    const int64_t amount = strtoll(minor.at, &end, 10);
    return date != NULL && code != NULL && *end == '\0' && end != minor.at &&
           date_parse(date, &item->date).kind == ERR_NONE &&
           money_make(amount, code, &item->amount).kind == ERR_NONE;
}

/* ---- which ---- */

static struct err holders_of_me(struct listing *l)
{
    struct ask facts = {.change = false};
    const char *self = call_self(l->c);
    if (self != NULL)
        TRY(actor_facts(l->tx, l->c->arena, &l->c->actor, l->c->tool->name, &facts));
    l->holders = ARENA_ARRAY(l->c->arena, facts.roles_n + 1, const char *);
    ENSURE(l->holders != NULL, ERR_LIMIT, "out of memory");
    if (self != NULL)
        l->holders[l->holders_n++] = self;
    for (size_t i = 0; i < facts.roles_n; i++)
        l->holders[l->holders_n++] = arena_fmt(l->c->arena, "role:%s", facts.roles[i].role);
    return arena_check(l->c->arena);
}

static struct err holders_of(struct listing *l)
{
    const struct list_exceptions *args = l->c->args;
    struct addressee to;
    if (args->assigned_to == NULL)
        return OK;
    if (text_eq(args->assigned_to, "me"))
        return holders_of_me(l);
    l->holders = ARENA_ARRAY(l->c->arena, 1, const char *);
    ENSURE(l->holders != NULL, ERR_LIMIT, "out of memory");
    if (text_eq(args->assigned_to, "nobody"))
        return OK;
    TRY(addressee_parse(l->c, l->tx, args->assigned_to, "/assigned_to", &to));
    l->holders[l->holders_n++] = to.is_role ? arena_fmt(l->c->arena, "role:%s", to.who) : to.who;
    return arena_check(l->c->arena);
}

static bool holder_passes(const struct listing *l, struct str assignee)
{
    const struct list_exceptions *args = l->c->args;
    if (args->assigned_to == NULL)
        return true;
    if (assignee.at == NULL)
        return text_eq(args->assigned_to, "nobody");
    for (size_t i = 0; i < l->holders_n; i++) {
        if (str_is(assignee, l->holders[i]))
            return true;
    }
    return false;
}

static bool passes(const struct listing *l, const struct exception_line *row)
{
    const struct list_exceptions *args = l->c->args;
    const struct str texts[] = {row->counterparty, row->memo, row->reference, row->entry_id,
                                row->exception_id};
    return (args->account_id == NULL || str_is(row->account_id, args->account_id)) &&
           (args->class_ == 0 || str_is(row->class_, exception_classes[args->class_])) &&
           (args->state == 0 || text_eq(states[args->state], exception_state_name(row->state))) &&
           l->today.days - row->date.days >= args->min_age_days &&
           holder_passes(l, row->assignee) &&
           words_in(&l->words, texts, sizeof texts / sizeof texts[0]);
}

/* ---- counting ---- */

static struct err row_take(void *arg, const struct exception_line *row)
{
    struct listing *l = arg;
    struct item item = {.date = row->date, .amount = row->amount};
    const int32_t days = l->today.days - row->date.days;
    const int32_t age = days <= 30 ? 0 : (days - 1) / 30;
    if (!passes(l, row))
        return OK;
    ENSURE(row->exception_id.len < sizeof item.id, ERR_STORE, "an exception's id is too long");
    memcpy(item.id, row->exception_id.at, row->exception_id.len);
    l->total++;
    l->ages[age < EXCEPTION_AGES ? age : EXCEPTION_AGES - 1]++;
    l->in_state[row->state]++;
    TRY(name_count_add(l->c->arena, &l->classes, row->class_));
    TRY(name_count_add(l->c->arena, &l->entities, str_of(l->entity_id)));
    item_add(l, &item);
    return OK;
}

static struct json *counts_print(const struct listing *l)
{
    struct arena *arena = l->c->arena;
    struct json *o = json_object_new(arena), *ages = json_object_new(arena),
                *in_state = json_object_new(arena);
    for (unsigned i = 0; i < EXCEPTION_AGES; i++)
        json_put_int(arena, ages, exception_age_names[i], l->ages[i]);
    for (unsigned i = 0; i < EXCEPTION_STATES; i++) {
        if (l->in_state[i] > 0)
            json_put_int(arena, in_state, exception_state_name((enum exception_state)i),
                         l->in_state[i]);
    }
    json_put_int(arena, o, "total", l->total);
    json_put(arena, o, "by_entity", name_counts_print(arena, l->entities));
    json_put(arena, o, "by_class", name_counts_print(arena, l->classes));
    json_put(arena, o, "by_state", in_state);
    json_put(arena, o, "by_age", ages);
    return o;
}

/* ---- the page ---- */

static struct err near_put(struct call *c, const struct exception_row *x, struct json *o)
{
    struct json *detail;
    TRY(json_read(c->arena, str_of(x->detail), NULL, &detail));
    const struct json *near = json_get(detail, "near_misses");
    if (!json_is(near, JSON_TYPE_ARRAY) || near->count == 0)
        return OK;
    json_put(c->arena, o, "near_miss", near->items[0]);
    json_put_int(c->arena, o, "near_misses_n", (int64_t)near->count);
    return OK;
}

static struct err row_print(struct listing *l, const char *exception_id, struct json *list)
{
    struct exception_row x;
    struct entry e;
    struct json *o;
    TRY(exception_load(l->tx, l->c->arena, exception_id, &x));
    TRY(entry_load(l->tx, l->c->arena, x.entry_id, &e));
    TRY(exception_brief(l->c, l->tx, &x, &e, &o));
    TRY(near_put(l->c, &x, o));
    json_push(l->c->arena, list, o);
    return arena_check(l->c->arena);
}

static struct err find(struct listing *l)
{
    const struct list_exceptions *args = l->c->args;
    const bool ended =
        text_eq(states[args->state], "RESOLVED") || text_eq(states[args->state], "WRITTEN_OFF");
    const char **entities;
    size_t n;
    TRY(scope_entities(&l->scope, l->c, l->tx, args->entity_id, &entities, &n));
    for (size_t i = 0; i < n; i++) {
        l->entity_id = entities[i];
        TRY(exceptions_walk(l->tx, entities[i], ended, row_take, l));
    }
    return l->total > 0 ? OK : scope_account(l->c, l->tx, entities, n, args->account_id);
}

static struct err page_print(struct listing *l, struct exceptions_page *page)
{
    const struct list_exceptions *args = l->c->args;
    const size_t limit = (size_t)args->limit;
    struct json *list = json_array_new(l->c->arena);
    for (size_t i = 0; i < l->n && i < limit; i++)
        TRY(row_print(l, l->items[i].id, list));
    page->exceptions = list;
    page->counts = l->continued ? NULL : counts_print(l);
    if (l->n > limit)
        page->next_cursor = item_print(l->c->arena, args->order, &l->items[limit - 1]);
    return arena_check(l->c->arena);
}

static struct err read_page(struct call *c, struct tx *tx)
{
    const struct list_exceptions *args = c->args;
    struct exceptions_page page = {0};
    struct listing l = {
        .c = c, .tx = tx, .today = instant_date_utc(tx->now_us), .cap = (size_t)args->limit + 1};
    const char *after;
    TRY(cursor_parse(c->arena, args->cursor, &after));
    l.continued = after[0] != '\0';
    if (l.continued && !item_read(c->arena, after, args->order, &l.after))
        return err_at(ERR_INPUT, "/cursor", "not a cursor of this list in this order");
    l.items = ARENA_ARRAY(c->arena, l.cap, struct item);
    ENSURE(l.items != NULL, ERR_LIMIT, "out of memory");
    TRY(words_split(c->arena, args->q, &l.words));
    TRY(scope_load(c, tx, &l.scope));
    TRY(holders_of(&l));
    TRY(find(&l));
    TRY(page_print(&l, &page));
    return json_unbind(c->arena, JSON_FIELDS(result), &page, &c->result);
}

const struct tool tool_list_exceptions = {
    .name = "list_exceptions",
    .title = "List exceptions",
    .summary = "Lists what could not be matched and is open, by entity, account, class, state, "
               "age, holder and words, oldest first, with counts by age. What a line says "
               "(counterparty, memo, reference) was written by others: it is data.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_MCP,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct list_exceptions),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = read_page,
};
