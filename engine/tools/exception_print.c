/* What people and agents read of an exception. */
#include "engine/tools/exception_print.h"

#include "common/base/id.h"
#include "common/sys/json_read.h"
#include "engine/store/parts.h"
#include "engine/store/work.h"
#include "engine/tools/names.h"

#define WORK_SHOWN 200
#define DAY_US     (INT64_C(86400) * 1000000)

struct json *entry_json(struct arena *arena, const struct entry *e)
{
    struct json *o = json_object_new(arena);
    char amount[MONEY_TEXT_MAX], day[DATE_TEXT_MAX];
    money_print(e->amount, amount);
    date_print(e->date, day);
    json_put_text(arena, o, "entry_id", e->entry_id);
    json_put_int(arena, o, "version", e->version);
    json_put_text(arena, o, "entity_id", e->entity_id);
    json_put_text(arena, o, "account_id", e->account_id);
    json_put_text(arena, o, "side", side_name(e->side));
    json_put_text(arena, o, "date", day);
    json_put_text(arena, o, "amount", amount);
    json_put_text(arena, o, "currency", e->amount.cur);
    json_put_known(arena, o, "counterparty", e->counterparty);
    json_put_known(arena, o, "memo", e->memo);
    json_put_known(arena, o, "reference", e->reference);
    json_put_known(arena, o, "group_key", e->group_key);
    json_put_known(arena, o, "journal_id", e->journal_id);
    json_put_known(arena, o, "contra_account", e->contra_account);
    json_put_known(arena, o, "event_kind", e->event_kind);
    json_put_known(arena, o, "reverses", e->reverses);
    return o;
}

/* ---- an exception ---- */

static void listed_put(struct call *c, const struct tx *tx, const struct exception_row *x,
                       struct json *o)
{
    char at[INSTANT_TEXT_MAX];
    int64_t ms;
    if (!id_time(x->exception_id, &ms))
        return;
    instant_print(ms * 1000, at);
    json_put_text(c->arena, o, "listed_at", arena_strdup(c->arena, at));
    json_put_int(c->arena, o, "open_days", (tx->now_us - ms * 1000) / DAY_US);
}

static void flag_put(struct call *c, const struct exception_flag *flag, struct json *o)
{
    if (flag->actor == NULL)
        return;
    struct json *f = json_object_new(c->arena);
    json_put_text(c->arena, f, "by", flag->actor);
    json_put_text(c->arena, f, "rationale", flag->rationale);
    json_put_text(c->arena, f, "rationale_author", flag->rationale_author);
    json_put(c->arena, o, "flagged", f);
}

/* Who has it: a principal, with the name people know, or role:NAME. */
static struct err holder_put(struct call *c, struct tx *tx, const char *assignee, struct json *o)
{
    const char *name;
    if (assignee == NULL)
        return OK;
    TRY(principal_name(c, tx, assignee, &name));
    json_put_text(c->arena, o, "assignee", assignee);
    json_put_known(c->arena, o, "assignee_name", name);
    return arena_check(c->arena);
}

struct err exception_brief(struct call *c, struct tx *tx, const struct exception_row *x,
                           const struct entry *e, struct json **out)
{
    struct json *o = json_object_new(c->arena);
    char amount[MONEY_TEXT_MAX], rest[MONEY_TEXT_MAX], day[DATE_TEXT_MAX];
    struct money open;
    TRY(entry_open(tx, e, &open));
    money_print(e->amount, amount);
    money_print(open, rest);
    date_print(e->date, day);
    json_put_text(c->arena, o, "exception_id", x->exception_id);
    json_put_text(c->arena, o, "class", x->class_);
    json_put_text(c->arena, o, "state", exception_state_name(x->state));
    json_put_int(c->arena, o, "version", x->version);
    json_put_known(c->arena, o, "outcome", x->outcome);
    TRY(holder_put(c, tx, x->assignee, o));
    flag_put(c, &x->flag, o);
    listed_put(c, tx, x, o);
    json_put_int(c->arena, o, "age_days", instant_date_utc(tx->now_us).days - e->date.days);
    json_put_text(c->arena, o, "entity_id", x->entity_id);
    json_put_text(c->arena, o, "account_id", x->account_id);
    json_put_text(c->arena, o, "entry_id", x->entry_id);
    json_put_text(c->arena, o, "side", side_name(e->side));
    json_put_text(c->arena, o, "date", day);
    json_put_text(c->arena, o, "amount", amount);
    json_put_text(c->arena, o, "open_amount", rest);
    json_put_text(c->arena, o, "currency", e->amount.cur);
    json_put_text(c->arena, o, "counterparty", e->counterparty);
    json_put_text(c->arena, o, "memo", e->memo);
    json_put_known(c->arena, o, "reference", e->reference);
    *out = o;
    return arena_check(c->arena);
}

struct err exception_json(struct call *c, struct tx *tx, const struct exception_row *x,
                          const struct entry *e, struct json **out)
{
    struct json *detail;
    TRY(json_read(c->arena, str_of(x->detail), NULL, &detail));
    TRY(exception_brief(c, tx, x, e, out));
    json_put(c->arena, *out, "detail", detail);
    return arena_check(c->arena);
}

/* ---- what people did ---- */

static struct err comments_put(struct call *c, struct tx *tx, const char *object, struct json *o)
{
    struct comment *rows;
    size_t n;
    struct json *list = json_array_new(c->arena);
    TRY(comments_of(tx, c->arena, object, WORK_SHOWN, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(c->arena);
        json_put_text(c->arena, one, "comment_id", rows[i].comment_id);
        json_put_text(c->arena, one, "author", rows[i].author);
        json_put_text(c->arena, one, "author_kind", rows[i].author_kind);
        json_put_text(c->arena, one, "created_at", rows[i].created_at);
        json_put_text(c->arena, one, "text", rows[i].text);
        json_push(c->arena, list, one);
    }
    json_put(c->arena, o, "comments", list);
    return OK;
}

static struct err evidence_put(struct call *c, struct tx *tx, const char *object, struct json *o)
{
    struct evidence *rows;
    size_t n;
    struct json *list = json_array_new(c->arena);
    TRY(evidence_of(tx, c->arena, object, WORK_SHOWN, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(c->arena);
        json_put_text(c->arena, one, "evidence_id", rows[i].evidence_id);
        json_put_text(c->arena, one, "name", rows[i].name);
        json_put_text(c->arena, one, "sha256", rows[i].sha256);
        json_put_known(c->arena, one, "media_type", rows[i].media_type);
        if (rows[i].bytes_n > 0)
            json_put_int(c->arena, one, "bytes", rows[i].bytes_n);
        json_put_text(c->arena, one, "added_by", rows[i].added_by);
        json_put_text(c->arena, one, "created_at", rows[i].created_at);
        json_push(c->arena, list, one);
    }
    json_put(c->arena, o, "evidence", list);
    return OK;
}

/* An event in short; the whole of it is query_audit's. */
static struct err event_put(struct call *c, const struct object_event *row, struct json *list)
{
    static const char *const shown[] = {"timestamp_utc", "event_type", "actor_id",
                                        "tool",          "state_from", "state_to",
                                        "match_id",      "rationale",  "rationale_author"};
    struct json *event, *one = json_object_new(c->arena);
    TRY(json_read(c->arena, str_of(row->event), NULL, &event));
    json_put_int(c->arena, one, "seq", row->seq);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        json_put_known(c->arena, one, shown[i], json_get_text(event, shown[i]));
    const struct json *detail = json_get(event, "detail");
    if (json_is(detail, JSON_TYPE_OBJECT))
        json_put(c->arena, one, "detail", detail);
    json_push(c->arena, list, one);
    return OK;
}

static struct err history_put(struct call *c, struct tx *tx, const char *object, struct json *o)
{
    struct object_event *rows;
    size_t n;
    struct json *list = json_array_new(c->arena);
    TRY(object_events(tx, c->arena, object, WORK_SHOWN, &rows, &n));
    for (size_t i = n; i > 0; i--)
        TRY(event_put(c, &rows[i - 1], list));
    json_put(c->arena, o, "history", list);
    return OK;
}

struct err work_put(struct call *c, struct tx *tx, const char *object, struct json *o)
{
    TRY(arena_check(c->arena));
    TRY(comments_put(c, tx, object, o));
    TRY(evidence_put(c, tx, object, o));
    TRY(history_put(c, tx, object, o));
    return arena_check(c->arena);
}
