/* recon://entries/{id} and recon://accounts/{entity}/{account}: one line of a ledger with all that
 * became of it, and an account with its reconciliation as it stands today. */
#include <string.h>

#include "common/sys/json_read.h"
#include "common/sys/zone_read.h"
#include "engine/store/exceptions.h"
#include "engine/store/parts.h"
#include "engine/tools/reconciliation.h"
#include "engine/tools/resources_own.h"

#define EXCEPTIONS_SHOWN 50

/* ---- addresses ---- */

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    return c == '\0' || at == NULL ? -1 : (int)(at - digits);
}

/* RFC 3986 2.1: what an id holds and an address may not is escaped. NULL when it is malformed. */
static const char *unescaped(struct arena *arena, const char *text, size_t len)
{
    char *out = arena_alloc(arena, len + 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < len; i++) {
        if (text[i] != '%') {
            out[n++] = text[i];
            continue;
        }
        const int a = i + 1 < len ? hex_value(text[i + 1]) : -1;
        const int b = i + 2 < len ? hex_value(text[i + 2]) : -1;
        if (a < 0 || b < 0 || (a == 0 && b == 0))
            return NULL;
        out[n++] = (char)(a * 16 + b);
        i += 2;
    }
    if (out != NULL)
        out[n] = '\0';
    return out;
}

/* ---- one entry ---- */

static void put(struct call *c, struct json *o, const char *key, const char *text)
{
    if (text != NULL)
        json_put_text(c->arena, o, key, text);
}

static struct json *version_print(struct call *c, const struct entry *e)
{
    struct json *o = json_object_new(c->arena);
    char day[DATE_TEXT_MAX], amount[MONEY_TEXT_MAX];
    money_print(e->amount, amount);
    date_print(e->date, day);
    json_put_int(c->arena, o, "version", e->version);
    json_put_text(c->arena, o, "side", side_name(e->side));
    json_put_text(c->arena, o, "account_id", e->account_id);
    json_put_text(c->arena, o, "date", day);
    if (e->has_value_date) {
        date_print(e->value_date, day);
        json_put_text(c->arena, o, "value_date", day);
    }
    json_put_text(c->arena, o, "amount", amount);
    json_put_text(c->arena, o, "currency", e->amount.cur);
    put(c, o, "counterparty", e->counterparty);
    put(c, o, "memo", e->memo);
    put(c, o, "reference", e->reference);
    put(c, o, "group_key", e->group_key);
    put(c, o, "journal_id", e->journal_id);
    put(c, o, "contra_account", e->contra_account);
    put(c, o, "event_kind", e->event_kind);
    put(c, o, "reverses", e->reverses);
    json_put_text(c->arena, o, "source_id", e->source_id);
    json_put_text(c->arena, o, "file_id", e->file_id);
    json_put_int(c->arena, o, "row_no", e->row_no);
    json_put_text(c->arena, o, "raw_sha256", e->raw_sha256);
    return o;
}

/* Matches over entities that the caller may not see are named to nobody. */
static struct err matches_print(struct call *c, struct tx *tx, const struct scope *scope,
                                const char *entry_id, struct json **out)
{
    const char **ids;
    size_t n;
    *out = json_array_new(c->arena);
    TRY(entry_matches(tx, c->arena, entry_id, &ids, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_object_new(c->arena);
        char amount[MONEY_TEXT_MAX];
        struct match m;
        bool seen;
        TRY(match_load(tx, c->arena, ids[i], &m));
        TRY(scope_has_match(scope, c, tx, &m, &seen));
        if (!seen)
            continue;
        money_print(m.amount, amount);
        json_put_text(c->arena, o, "match_id", m.match_id);
        json_put_text(c->arena, o, "state", match_state_name(m.state));
        json_put_text(c->arena, o, "match_type", m.match_type);
        json_put_text(c->arena, o, "amount", amount);
        json_put_text(c->arena, o, "currency", m.amount.cur);
        json_push(c->arena, *out, o);
    }
    return arena_check(c->arena);
}

static struct err exceptions_print(struct call *c, struct tx *tx, const char *entry_id,
                                   struct json **out)
{
    struct exception_row *rows;
    size_t n;
    *out = json_array_new(c->arena);
    TRY(exceptions_of_entry(tx, c->arena, entry_id, EXCEPTIONS_SHOWN, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_object_new(c->arena), *detail;
        TRY(json_read(c->arena, str_of(rows[i].detail), NULL, &detail));
        json_put_text(c->arena, o, "exception_id", rows[i].exception_id);
        json_put_text(c->arena, o, "class", rows[i].class_);
        json_put_text(c->arena, o, "state", exception_state_name(rows[i].state));
        put(c, o, "outcome", rows[i].outcome);
        put(c, o, "assignee", rows[i].assignee);
        put(c, o, "flagged_by", rows[i].flag.actor);
        json_put_int(c->arena, o, "seq", rows[i].seq);
        json_put(c->arena, o, "detail", detail);
        json_push(c->arena, *out, o);
    }
    return arena_check(c->arena);
}

struct err entry_read_one(struct call *c, struct tx *tx, const char *id)
{
    struct json *o = json_object_new(c->arena), *versions = json_array_new(c->arena), *matches,
                *exceptions;
    const char *entry_id = unescaped(c->arena, id, strlen(id)), *match_id;
    char text[MONEY_TEXT_MAX];
    enum entry_state state;
    struct entry *rows;
    struct scope scope;
    struct money open;
    size_t n = 0;
    TRY(scope_load(c, tx, &scope));
    if (entry_id != NULL)
        TRY(entry_versions(tx, c->arena, entry_id, &rows, &n));
    ENSURE(n > 0 && scope_has(&scope, rows[n - 1].entity_id), ERR_MISSING,
           "there is no such entry");
    TRY(entry_state(tx, c->arena, entry_id, &state, &match_id));
    TRY(entry_open(tx, &rows[n - 1], &open));
    TRY(matches_print(c, tx, &scope, entry_id, &matches));
    TRY(exceptions_print(c, tx, entry_id, &exceptions));
    for (size_t i = 0; i < n; i++)
        json_push(c->arena, versions, version_print(c, &rows[i]));
    money_print(open, text);
    json_put_text(c->arena, o, "entry_id", entry_id);
    json_put_text(c->arena, o, "entity_id", rows[n - 1].entity_id);
    json_put_text(c->arena, o, "account_id", rows[n - 1].account_id);
    json_put_text(c->arena, o, "state", entry_state_name(state));
    json_put_text(c->arena, o, "open", text);
    json_put(c->arena, o, "versions", versions);
    json_put(c->arena, o, "matches", matches);
    json_put(c->arena, o, "exceptions", exceptions);
    c->result = o;
    return arena_check(c->arena);
}

/* ---- one account ---- */

static struct err today_of(struct call *c, struct tx *tx, const char *entity_id, struct date *day)
{
    struct entity entity;
    struct zone zone;
    TRY(entity_load(tx, c->arena, entity_id, &entity));
    TRY(zone_load(entity.zone, c->arena, &zone));
    *day = zone_date(&zone, tx->now_us);
    return OK;
}

static struct err positions_print(struct call *c, struct tx *tx, const struct account *a,
                                  struct json *list)
{
    const char *own = a->currency, **currencies = &own;
    struct reconciliation r;
    struct date day;
    size_t n = 1;
    TRY(today_of(c, tx, a->entity_id, &day));
    if (own == NULL)
        TRY(reconciling_currencies(tx, c->arena, a->entity_id, a->account_id, &currencies, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *o;
        TRY(reconciliation_load(c, tx, a->entity_id, a->account_id, currencies[i], day, &r));
        TRY(reconciliation_print(c, &r, &o));
        json_push(c->arena, list, o);
    }
    return OK;
}

struct err account_read_one(struct call *c, struct tx *tx, const char *id)
{
    const char *slash = strchr(id, '/');
    struct json *o = json_object_new(c->arena), *list = json_array_new(c->arena);
    struct account a;
    struct scope scope;
    ENSURE(slash != NULL, ERR_MISSING, "there is no such account");
    const char *entity = unescaped(c->arena, id, (size_t)(slash - id));
    const char *account = unescaped(c->arena, slash + 1, strlen(slash + 1));
    TRY(scope_load(c, tx, &scope));
    ENSURE(entity != NULL && account != NULL && scope_has(&scope, entity), ERR_MISSING,
           "there is no such account");
    TRY(account_load(tx, c->arena, entity, account, &a));
    json_put_text(c->arena, o, "entity_id", a.entity_id);
    json_put_text(c->arena, o, "account_id", a.account_id);
    json_put_text(c->arena, o, "name", a.name);
    json_put_text(c->arena, o, "class", a.class_);
    put(c, o, "currency", a.currency);
    json_put_bool(c->arena, o, "reconciled_account", a.reconciled);
    if (a.reconciled)
        TRY(positions_print(c, tx, &a, list));
    json_put(c->arena, o, "positions", list);
    c->result = o;
    return arena_check(c->arena);
}
