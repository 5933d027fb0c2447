/* workspace_stats: the figures behind the charts, by day: what was confirmed and by whom, what came
 * to people and how long they took, what waits and for how long, what the engine's cap still holds.
 * Counted from indexes within what the caller may see; days are UTC. */
#include <stdlib.h>

#include "common/base/id.h"
#include "engine/store/exceptions.h"
#include "engine/store/figures.h"
#include "engine/store/master.h"
#include "engine/store/queue.h"
#include "engine/tools/match_facts.h"
#include "engine/tools/scope.h"

#define DAYS_MAX   92
#define TIMED_MAX  5000 /* decisions whose time is looked up, the latest */
#define SECOND_US  INT64_C(1000000)
#define HOUR_US    (3600 * SECOND_US)
#define WAIT_STEPS 5

struct workspace_stats {
    const char *entity_id;
    int64_t days;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct workspace_stats, entity_id, .max = 64, .help = "only this entity's"),
    JSON_INT(struct workspace_stats, days, .min = 1, .max = DAYS_MAX, .def = 30,
             .help = "so many days up to today, UTC"),
};

struct figures {
    const char *from, *to;
    const struct json *by_day, *totals, *waiting, *exceptions, *auto_confirm;
    bool sampled;
};

static const struct json_field result[] = {
    JSON_TEXT(struct figures, from, .help = "the first day"),
    JSON_TEXT(struct figures, to, .help = "the last day: today"),
    JSON_ANY(struct figures, by_day, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array of a day each: confirmed_by_policy, confirmed_by_people and rejected "
                     "(matches by the day of their present state), auto_share_bp, "
                     "escalations_opened, escalations_settled, and of those that people confirmed "
                     "or rejected decide_median_s, decide_p90_s"),
    JSON_ANY(struct figures, totals, .holds = JSON_TYPE_OBJECT, .required = true,
             .help = "the same of all days together"),
    JSON_ANY(struct figures, waiting, .holds = JSON_TYPE_OBJECT, .required = true,
             .help = "what waits now: total, by_age"),
    JSON_ANY(struct figures, exceptions, .holds = JSON_TYPE_OBJECT, .required = true,
             .help = "exceptions that stand: total, by_age in days of their entry"),
    JSON_ANY(struct figures, auto_confirm, .holds = JSON_TYPE_OBJECT, .required = true,
             .help = "the engine's cap: enabled, period, cap, and of each account count, sum and "
                     "use_bp, the larger share of the two that is used up"),
    JSON_BOOL(struct figures, sampled,
              .help = "true: only the latest decisions were timed, there are so many"),
};

/* ---- days ---- */

struct day {
    int64_t first_seq; /* of the day */
    int64_t by_policy, by_people, rejected, opened, settled;
};

struct timed {
    int day;
    int64_t seconds;
};

struct stats {
    struct call *c;
    struct tx *tx;
    struct scope scope;
    const char *only; /* entity; NULL: all that is seen */
    struct date from;
    int days_n;
    struct day days[DAYS_MAX];
    struct timed *timed;
    size_t timed_n;
    bool sampled;
    int64_t waiting[WAIT_STEPS], waiting_n;
};

static bool counts(const struct stats *s, const char *entity)
{
    if (entity == NULL)
        return s->only == NULL && s->scope.all;
    return (s->only == NULL || text_eq(s->only, entity)) && scope_has(&s->scope, entity);
}

static int day_of_seq(const struct stats *s, int64_t seq)
{
    int day = s->days_n - 1;
    while (day > 0 && s->days[day].first_seq > seq)
        day--;
    return day;
}

static int day_of(const struct stats *s, struct date d)
{
    const int32_t day = d.days - s->from.days;
    return day >= 0 && day < s->days_n ? (int)day : -1;
}

static struct err days_begin(struct stats *s)
{
    char text[DATE_TEXT_MAX];
    for (int i = 0; i < s->days_n; i++) {
        date_print((struct date){.days = s->from.days + i}, text);
        TRY(audit_seq_at(s->tx, text, &s->days[i].first_seq));
    }
    return OK;
}

/* ---- counting ---- */

static struct err came(void *arg, const char *escalation_id, const char *entity_id)
{
    struct stats *s = arg;
    int64_t ms;
    if (!counts(s, entity_id) || !id_time(escalation_id, &ms))
        return OK;
    const int day = day_of(s, instant_date_utc(ms * 1000));
    if (day >= 0)
        s->days[day].opened++;
    return OK;
}

/* How long people took, from the making of its id to the event that ended it. */
static struct err time_it(struct stats *s, const struct ended *row, int day)
{
    int64_t made, ended;
    if (row->state != ESCALATION_APPROVED && row->state != ESCALATION_REJECTED)
        return OK;
    s->sampled |= s->timed_n == TIMED_MAX;
    if (s->timed_n == TIMED_MAX || !id_time(row->escalation_id, &made))
        return OK;
    TRY(audit_time(s->tx, row->seq, &ended));
    const int64_t us = ended - made * 1000;
    s->timed[s->timed_n++] = (struct timed){day, us < 0 ? 0 : us / SECOND_US};
    return OK;
}

static struct err ended(void *arg, const struct ended *row)
{
    struct stats *s = arg;
    const int day = day_of_seq(s, row->seq);
    if (!counts(s, row->entity_id))
        return OK;
    s->days[day].settled++;
    return time_it(s, row, day);
}

static struct err decided(void *arg, int64_t seq, enum match_state state, const char *entity_id)
{
    struct stats *s = arg;
    struct day *day = &s->days[day_of_seq(s, seq)];
    if (!counts(s, entity_id))
        return OK;
    day->by_people += state == MATCH_CONFIRMED;
    day->rejected += state == MATCH_REJECTED;
    return OK;
}

static struct err by_policy(struct stats *s, const char *entity_id)
{
    struct day_count *days;
    size_t n;
    TRY(figures_auto(s->tx, s->c->arena, entity_id, s->from, &days, &n));
    for (size_t i = 0; i < n; i++) {
        const int day = day_of(s, days[i].day);
        if (day >= 0)
            s->days[day].by_policy += days[i].count;
    }
    return OK;
}

static struct err waits(void *arg, const struct queue_row *row)
{
    static const int64_t hours[WAIT_STEPS - 1] = {4, 24, 72, 168};
    struct stats *s = arg;
    const char *entity = row->entity_id.len == 0 ? NULL : str_dup(s->c->arena, row->entity_id);
    const char *id = str_dup(s->c->arena, row->escalation_id);
    int64_t ms;
    TRY(arena_check(s->c->arena));
    if (!counts(s, entity) || !id_time(id, &ms))
        return OK;
    int step = 0;
    while (step < WAIT_STEPS - 1 && s->tx->now_us - ms * 1000 >= hours[step] * HOUR_US)
        step++;
    s->waiting[step]++;
    s->waiting_n++;
    return OK;
}

static struct err count_all(struct stats *s)
{
    static const unsigned char least[ID_RANDOM_LEN];
    char from[ID_TEXT_MAX];
    TRY(days_begin(s));
    id_print("esc", date_begin_utc(s->from) / 1000, least, from);
    TRY(figures_came(s->tx, from, came, s));
    TRY(figures_ended(s->tx, s->days[0].first_seq, ended, s));
    TRY(figures_decided(s->tx, s->days[0].first_seq, decided, s));
    return queue_walk(s->tx, false, waits, s);
}

/* ---- shown ---- */

static int by_seconds(const void *a, const void *b)
{
    const struct timed *x = a, *y = b;
    return (x->seconds > y->seconds) - (x->seconds < y->seconds);
}

static void share_put(struct arena *arena, struct json *o, int64_t part, int64_t all)
{
    json_put(arena, o, "auto_share_bp",
             all == 0 ? json_null_new(arena) : json_int_new(arena, part * 10000 / all));
}

/* Of the timed ones of a day (-1: of all), which stand in the order of their seconds. */
static void times_put(const struct stats *s, int day, struct json *o)
{
    int64_t *own = ARENA_ARRAY(s->c->arena, s->timed_n + 1, int64_t);
    size_t n = 0;
    for (size_t i = 0; own != NULL && i < s->timed_n; i++) {
        if (day < 0 || s->timed[i].day == day)
            own[n++] = s->timed[i].seconds;
    }
    if (n == 0)
        return;
    json_put_int(s->c->arena, o, "decide_median_s", own[(n - 1) / 2]);
    json_put_int(s->c->arena, o, "decide_p90_s", own[(n * 9 + 9) / 10 - 1]);
}

static struct json *day_print(const struct stats *s, const struct day *d, int day)
{
    struct json *o = json_object_new(s->c->arena);
    char text[DATE_TEXT_MAX];
    if (day >= 0) {
        date_print((struct date){.days = s->from.days + day}, text);
        json_put_text(s->c->arena, o, "day", text);
    }
    json_put_int(s->c->arena, o, "confirmed_by_policy", d->by_policy);
    json_put_int(s->c->arena, o, "confirmed_by_people", d->by_people);
    json_put_int(s->c->arena, o, "rejected", d->rejected);
    share_put(s->c->arena, o, d->by_policy, d->by_policy + d->by_people);
    json_put_int(s->c->arena, o, "escalations_opened", d->opened);
    json_put_int(s->c->arena, o, "escalations_settled", d->settled);
    times_put(s, day, o);
    return o;
}

static void days_print(const struct stats *s, struct figures *f)
{
    struct json *list = json_array_new(s->c->arena);
    struct day all = {.first_seq = 0};
    for (int i = 0; i < s->days_n; i++) {
        const struct day *d = &s->days[i];
        json_push(s->c->arena, list, day_print(s, d, i));
        all.by_policy += d->by_policy;
        all.by_people += d->by_people;
        all.rejected += d->rejected;
        all.opened += d->opened;
        all.settled += d->settled;
    }
    f->by_day = list;
    f->totals = day_print(s, &all, -1);
}

static struct json *waiting_print(const struct stats *s)
{
    static const char *const names[WAIT_STEPS] = {"0-4h", "4-24h", "1-3d", "3-7d", "7d+"};
    struct json *o = json_object_new(s->c->arena), *ages = json_object_new(s->c->arena);
    for (int i = 0; i < WAIT_STEPS; i++)
        json_put_int(s->c->arena, ages, names[i], s->waiting[i]);
    json_put_int(s->c->arena, o, "total", s->waiting_n);
    json_put(s->c->arena, o, "by_age", ages);
    return o;
}

static struct json *ages_print(const struct stats *s, const int64_t by_age[EXCEPTION_AGES])
{
    struct json *o = json_object_new(s->c->arena), *ages = json_object_new(s->c->arena);
    int64_t total = 0;
    for (int i = 0; i < EXCEPTION_AGES; i++) {
        json_put_int(s->c->arena, ages, exception_age_names[i], by_age[i]);
        total += by_age[i];
    }
    json_put_int(s->c->arena, o, "total", total);
    json_put(s->c->arena, o, "by_age", ages);
    return o;
}

/* ---- the engine's cap ---- */

static struct json *decimal_json(struct arena *arena, struct decimal d, const char *currency)
{
    struct json *o = json_object_new(arena);
    char text[DECIMAL_TEXT_MAX];
    decimal_print(d, text);
    json_put_text(arena, o, "amount", text);
    json_put_text(arena, o, "currency", currency);
    return o;
}

/* How much of the cap is used, in basis points, at most 10000; whole cents of it are enough. */
static int64_t used_bp(struct decimal sum, struct decimal max)
{
    int64_t low = 0, high = 10000;
    while (low < high) { /* the largest share that the sum reaches */
        const int64_t middle = (low + high + 1) / 2;
        struct decimal share, all;
        if (decimal_mul(max, decimal_of_int(middle), &share).kind != ERR_NONE ||
            decimal_mul(sum, decimal_of_int(10000), &all).kind != ERR_NONE)
            return 10000;
        if (decimal_cmp(all, share) >= 0)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static struct err cap_of_account(struct stats *s, const struct account *a, struct json *list)
{
    const struct policy_auto_confirm *cap = &s->c->policy->auto_confirm;
    const char *currency = cap->has_cap_amount ? cap->cap_amount.cur : "USD";
    const struct window w = {a->entity_id, a->account_id, instant_date_utc(s->tx->now_us)};
    struct json *o = json_object_new(s->c->arena);
    struct call probe = *s->c;
    probe.ask = (struct ask){.change = false};
    TRY(windows_facts(&probe, s->tx, &w));
    const struct ask_cumulative *sum = &probe.ask.auto_confirmed;
    const int64_t count = probe.ask.auto_confirmed_n;
    int64_t bp = cap->has_cap_count && cap->cap_count > 0 ? count * 10000 / cap->cap_count : 0;
    if (cap->has_cap_amount && sum->known) {
        const int64_t of_amount = used_bp(sum->sum, cap->cap_amount.max);
        bp = of_amount > bp ? of_amount : bp;
    }
    json_put_text(s->c->arena, o, "entity_id", a->entity_id);
    json_put_text(s->c->arena, o, "account_id", a->account_id);
    json_put_text(s->c->arena, o, "name", a->name);
    json_put_int(s->c->arena, o, "count", count);
    json_put(s->c->arena, o, "sum",
             sum->known ? decimal_json(s->c->arena, sum->sum, currency)
                        : json_null_new(s->c->arena));
    json_put_int(s->c->arena, o, "use_bp", bp > 10000 ? 10000 : bp);
    json_push(s->c->arena, list, o);
    return arena_check(s->c->arena);
}

static struct json *cap_print(const struct stats *s, const struct json *accounts)
{
    static const char *const periods[] = {"day", "week", "month", "quarter", "year"};
    const struct policy_auto_confirm *a = &s->c->policy->auto_confirm;
    struct json *o = json_object_new(s->c->arena), *cap = json_object_new(s->c->arena);
    json_put_bool(s->c->arena, o, "enabled", a->enabled);
    json_put_text(s->c->arena, o, "period", periods[a->period]);
    if (a->has_cap_amount)
        json_put(s->c->arena, cap, "sum",
                 decimal_json(s->c->arena, a->cap_amount.max, a->cap_amount.cur));
    if (a->has_cap_count)
        json_put_int(s->c->arena, cap, "count", a->cap_count);
    json_put(s->c->arena, o, "cap", cap);
    json_put(s->c->arena, o, "accounts", accounts);
    return o;
}

/* ---- the whole ---- */

static struct err of_entity(struct stats *s, const char *entity_id, int64_t by_age[EXCEPTION_AGES],
                            struct json *caps)
{
    int64_t ages[EXCEPTION_AGES];
    struct account *accounts;
    size_t n;
    TRY(by_policy(s, entity_id));
    TRY(exceptions_ages(s->tx, entity_id, instant_date_utc(s->tx->now_us), ages));
    for (int i = 0; i < EXCEPTION_AGES; i++)
        by_age[i] += ages[i];
    TRY(accounts_list(s->tx, s->c->arena, entity_id, &accounts, &n));
    for (size_t i = 0; i < n; i++) {
        if (accounts[i].reconciled)
            TRY(cap_of_account(s, &accounts[i], caps));
    }
    return OK;
}

static struct err entities_count(struct stats *s, struct figures *f)
{
    int64_t by_age[EXCEPTION_AGES] = {0};
    struct json *caps = json_array_new(s->c->arena);
    struct entity *entities;
    size_t n;
    TRY(entities_list(s->tx, s->c->arena, &entities, &n));
    for (size_t i = 0; i < n; i++) {
        if (counts(s, entities[i].entity_id))
            TRY(of_entity(s, entities[i].entity_id, by_age, caps));
    }
    f->exceptions = ages_print(s, by_age);
    f->auto_confirm = cap_print(s, caps);
    return OK;
}

static struct err stats_begin(struct call *c, struct tx *tx, struct stats **out)
{
    const struct workspace_stats *args = c->args;
    struct entity found;
    struct stats *s = *out = ARENA_NEW(c->arena, struct stats);
    ENSURE(s != NULL, ERR_LIMIT, "out of memory");
    *s = (struct stats){.c = c, .tx = tx, .only = args->entity_id, .days_n = (int)args->days};
    s->timed = ARENA_ARRAY(c->arena, TIMED_MAX, struct timed);
    ENSURE(s->timed != NULL, ERR_LIMIT, "out of memory");
    s->from = instant_date_utc(tx->now_us);
    s->from.days -= (int32_t)args->days - 1;
    TRY(scope_load(c, tx, &s->scope));
    if (s->only == NULL)
        return OK;
    ENSURE(scope_has(&s->scope, s->only), ERR_MISSING, "there is no such entity");
    return entity_load(tx, c->arena, s->only, &found);
}

static struct err read_stats(struct call *c, struct tx *tx)
{
    char from[DATE_TEXT_MAX], to[DATE_TEXT_MAX];
    struct figures f = {.from = from, .to = to};
    struct stats *s;
    TRY(stats_begin(c, tx, &s));
    TRY(count_all(s));
    TRY(entities_count(s, &f));
    if (s->timed_n > 0)
        qsort(s->timed, s->timed_n, sizeof *s->timed, by_seconds);
    days_print(s, &f);
    f.waiting = waiting_print(s);
    f.sampled = s->sampled;
    date_print(s->from, from);
    date_print(instant_date_utc(tx->now_us), to);
    TRY(arena_check(c->arena));
    return json_unbind(c->arena, JSON_FIELDS(result), &f, &c->result);
}

const struct tool tool_workspace_stats = {
    .name = "workspace_stats",
    .title = "Figures by day",
    .summary = "What was confirmed by policy and by people, rejected, escalated and settled on "
               "each day, how long people took, what waits and for how long, and how much of the "
               "engine's cap is used.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_MCP,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct workspace_stats),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = read_stats,
};
