/* Appending to the audit log and reading it back. The event's text is made once, canonically
 * (audit_event.c); what is hashed is what is stored. Nothing here updates or deletes. */
#include "engine/store/audit.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/civil.h"
#include "common/base/id.h"
#include "common/sys/crypt.h"
#include "common/sys/json_read.h"
#include "engine/store/audit_event.h"
#include "engine/store/sql.h"
#include "engine/store/tree_own.h"

enum {
    AUDIT_INSERT,
    AUDIT_LAST,
    AUDIT_HEAD,
    AUDIT_TIME,
    AUDIT_ALL, /* then one for each filter that has an index, the most telling first */
    AUDIT_BY_MATCH,
    AUDIT_BY_ESCALATION,
    AUDIT_BY_ACTOR,
    AUDIT_BY_ENTITY,
    AUDIT_BY_TYPE,
    AUDIT_FEED,
    AUDIT_NEWEST, /* and again, each from its end */
    AUDIT_SQL_N = AUDIT_NEWEST + (AUDIT_NEWEST - AUDIT_ALL)
};

/* Every query takes the same parameters; the index it walks is the given filter's, and a column
 * says whether the others hold, so that what is passed over can be counted. A generated column
 * costs a reading of the event's text: only who is scoped (?8) is shown the entity. What
 * tells of every entity's accounts, or of everybody's identities and roles, is of one named by a
 * blank, which nobody is in. */
#define QUERY                                                                                      \
    "SELECT seq, event, hash_prev, hash_self, CASE WHEN ?8 THEN coalesce(entity_id,"               \
    " CASE WHEN event_type IN ('SEEDED', 'MASTER_DATA_CHANGED', 'REGISTRY_CHANGED') THEN ' ' END)" \
    " END,"                                                                                        \
    " (?3 IS NULL OR match_id IS ?3) AND (?4 IS NULL OR escalation_id IS ?4)"                      \
    " AND (?5 IS NULL OR actor_id IS ?5) AND (?6 IS NULL OR entity_id IS ?6)"                      \
    " AND (?7 IS NULL OR event_type IS ?7) FROM audit_events"
#define REST " seq > ?1 AND seq < ?2 ORDER BY seq"

/* The statement in both directions; an index is walked as well from its end. */
#define BOTH_WAYS(id, name, from)                                                                  \
    [id] = {name, QUERY from REST},                                                                \
    [(id) + AUDIT_NEWEST - AUDIT_ALL] = {name "_newest", QUERY from REST " DESC"}

const struct db_sql audit_sql[] = {
    [AUDIT_INSERT] = {"audit_insert", "INSERT INTO audit_events (seq, event, hash_prev, hash_self)"
                                      " VALUES (?1, ?2, ?3, ?4)"},
    [AUDIT_LAST] = {"audit_last", "SELECT max(seq) FROM audit_events"},
    [AUDIT_HEAD] = {"audit_head", "SELECT seq, hash_self, timestamp_utc FROM audit_events"
                                  " WHERE seq = (SELECT max(seq) FROM audit_events)"},
    [AUDIT_TIME] = {"audit_time", "SELECT timestamp_utc FROM audit_events WHERE seq = ?1"},
    BOTH_WAYS(AUDIT_ALL, "audit_all", " WHERE"),
    BOTH_WAYS(AUDIT_BY_MATCH, "audit_of_match",
              " INDEXED BY audit_by_match WHERE match_id = ?3 AND"),
    BOTH_WAYS(AUDIT_BY_ESCALATION, "audit_of_escalation",
              " INDEXED BY audit_by_escalation WHERE escalation_id = ?4 AND"),
    BOTH_WAYS(AUDIT_BY_ACTOR, "audit_of_actor",
              " INDEXED BY audit_by_actor WHERE actor_id = ?5 AND"),
    BOTH_WAYS(AUDIT_BY_ENTITY, "audit_of_entity",
              " INDEXED BY audit_by_entity WHERE entity_id = ?6 AND"),
    BOTH_WAYS(AUDIT_BY_TYPE, "audit_of_type",
              " INDEXED BY audit_by_type WHERE event_type = ?7 AND"),
    BOTH_WAYS(AUDIT_FEED, "audit_feed",
              " INDEXED BY audit_feed WHERE escalation_id IS NOT NULL AND"),
};
const size_t audit_sql_n = AUDIT_SQL_N;

/* The longest event; a bulk chunk of effects is one hash, so only a very large ask comes near. */
#define EVENT_BYTES_MAX ((size_t)4 * 1024 * 1024)

static const struct json_limits event_limits = {
    .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};

static struct err event_insert(struct tx *tx, struct str text, struct chain_head *next)
{
    const struct chain_head *head = store_head(tx->store);
    struct sha256 h;
    sha256_begin(&h);
    sha256_add(&h, head->hash, sizeof head->hash);
    sha256_add(&h, text.at, text.len);
    sha256_end(&h, next->hash);
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_AUDIT, AUDIT_INSERT);
    stmt_bind_int(q, 1, next->seq);
    stmt_bind_str(q, 2, text);
    stmt_bind_blob(q, 3, head->hash, sizeof head->hash);
    stmt_bind_blob(q, 4, next->hash, sizeof next->hash);
    return stmt_run(q);
}

/* Event 1 names the book; every later event repeats the name. */
static void book_name(struct tx *tx, const struct event *event)
{
    if (tx->store->head.seq == 0 && text_eq(event->type, "BOOK_CREATED")) {
        unsigned char random[ID_RANDOM_LEN];
        crypt_random(random, sizeof random);
        id_print("book", tx->now_us / 1000, random, tx->store->book_id);
    }
}

struct err audit_append(struct tx *tx, const struct event *event)
{
    struct buf *text = &tx->store->text;
    struct chain_head next = {.seq = tx_seq(tx)};
    next.timestamp_us =
        tx->now_us > tx->store->head.timestamp_us ? tx->now_us : tx->store->head.timestamp_us + 1;
    book_name(tx, event);
    ENSURE(tx->store->book_id[0] != '\0', ERR_BUG, "an event before BOOK_CREATED");
    buf_clear(text);
    TRY(event_print(tx, event, &next, text));
    ENSURE(text->len <= EVENT_BYTES_MAX, ERR_LIMIT, "the event is longer than an event may be");
    TRY(event_insert(tx, buf_str(text), &next));
    TRY(tree_event(tx->store, &next));
    tx->store->head = next;
    tx->event_seq = next.seq;
    tx->effects_n = 0;
    tx->bulk_n = 0;
    return OK;
}

/* ---- reading ---- */

static bool text_listed(const char *const *list, size_t n, struct str text)
{
    for (size_t i = 0; i < n; i++) {
        if (str_is(text, list[i]))
            return true;
    }
    return false;
}

static bool entity_listed(const struct audit_filter *f, struct str entity)
{
    return text_listed(f->entities, f->entities_n, entity);
}

static bool all_listed(const struct audit_filter *f, const struct json *entities)
{
    bool yes = true;
    for (size_t i = 0; yes && json_is(entities, JSON_TYPE_ARRAY) && i < entities->count; i++) {
        const struct json *one = entities->items[i];
        yes = json_is(one, JSON_TYPE_TEXT) && entity_listed(f, one->text);
    }
    return yes;
}

/* The texts of an array that begins at `at`: all listed, and none of them escaped. */
static bool texts_listed(const char *const *list, size_t n, const char *at, const char *end)
{
    while (at < end && *at == '"') {
        const char *close = memchr(at + 1, '"', (size_t)(end - at - 1));
        if (close == NULL || memchr(at, '\\', (size_t)(close - at)) != NULL)
            return false;
        if (!text_listed(list, n, (struct str){at + 1, (size_t)(close - at - 1)}))
            return false;
        at = close + 1;
        at += at < end && *at == ',';
    }
    return at < end && *at == ']';
}

/* A quote inside a text is escaped and cannot be taken for a key's. */
bool entities_surely_within(const char *const *entities, size_t n, struct str text)
{
    static const char key[] = "\"entities\":";
    const char *at = text.at, *end = text.at + text.len;
    while ((at = memmem(at, (size_t)(end - at), key, sizeof key - 1)) != NULL) {
        at += sizeof key - 1;
        if (at == end || *at != '[' || !texts_listed(entities, n, at + 1, end))
            return false;
    }
    return true;
}

/* An event stands under one entity, but may tell amounts and accounts of several: whoever proposes
 * ours together with theirs is refused, and must not read theirs in the refusal. */
static struct err in_scope(struct tx *tx, const struct audit_filter *f, struct stmt *q, bool *yes)
{
    struct str entity = stmt_peek(q, 4);
    struct json *event;
    *yes = !f->scoped || entity.len == 0 || entity_listed(f, entity);
    if (!f->scoped || !*yes || entities_surely_within(f->entities, f->entities_n, stmt_peek(q, 1)))
        return OK;
    arena_reset(tx->store->scratch);
    TRY(json_read(tx->store->scratch, stmt_peek(q, 1), &event_limits, &event));
    *yes = all_listed(f, json_get(json_get(event, "gate_input"), "entities")) &&
           all_listed(f, json_get(event, "entities"));
    return OK;
}

struct err audit_time(struct tx *tx, int64_t seq, int64_t *us)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_AUDIT, AUDIT_TIME);
    stmt_bind_int(q, 1, seq);
    TRY(stmt_step(q, &row));
    struct str when = row ? stmt_peek(q, 0) : STR("");
    char text[INSTANT_TEXT_MAX] = "";
    ENSURE(when.len > 0 && when.len < sizeof text, ERR_STORE,
           "an event is missing or has no time; run audit verify");
    memcpy(text, when.at, when.len);
    return instant_parse(text, us);
}

struct err audit_last_seq(struct tx *tx, int64_t *seq)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_AUDIT, AUDIT_LAST);
    TRY(stmt_step(q, &row));
    *seq = row ? stmt_int(q, 0) : 0; /* of no row the largest is NULL, which reads as 0 */
    return OK;
}

struct err audit_head(struct tx *tx, struct chain_head *head)
{
    bool row;
    *head = (struct chain_head){.seq = 0};
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_AUDIT, AUDIT_HEAD);
    TRY(stmt_step(q, &row));
    if (!row)
        return OK;
    const struct str hash = stmt_peek(q, 1), when = stmt_peek(q, 2);
    char text[INSTANT_TEXT_MAX] = "";
    ENSURE(hash.len == sizeof head->hash && when.len < sizeof text, ERR_STORE,
           "the last event has no hash or no time; run audit verify");
    memcpy(head->hash, hash.at, hash.len);
    memcpy(text, when.at, when.len);
    head->seq = stmt_int(q, 0);
    return instant_parse(text, &head->timestamp_us);
}

/* The first event not before `at` (a date or an instant): times rise with seq, so halving finds it
 * without reading what lies between. */
struct err audit_seq_at(struct tx *tx, const char *at, int64_t *seq)
{
    int64_t wanted, us, last, low = 1;
    struct date day;
    if (date_parse(at, &day).kind == ERR_NONE)
        wanted = date_begin_utc(day);
    else
        TRY(instant_parse(at, &wanted));
    TRY(audit_last_seq(tx, &last));
    int64_t high = last + 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        TRY(audit_time(tx, middle, &us));
        if (us < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    *seq = low;
    return OK;
}

/* The statement for the most telling filter that is given. */
static size_t oldest_first(const struct audit_filter *f)
{
    if (f->match_id != NULL)
        return AUDIT_BY_MATCH;
    if (f->escalation_id != NULL)
        return AUDIT_BY_ESCALATION;
    if (f->actor != NULL)
        return AUDIT_BY_ACTOR;
    if (f->entity_id != NULL)
        return AUDIT_BY_ENTITY;
    if (f->event_type != NULL)
        return AUDIT_BY_TYPE;
    return f->escalations ? AUDIT_FEED : AUDIT_ALL;
}

static size_t query_for(const struct audit_filter *f)
{
    return oldest_first(f) + (f->newest ? AUDIT_NEWEST - AUDIT_ALL : 0);
}

static struct err filter_bind(struct tx *tx, struct stmt *q, const struct audit_filter *f)
{
    int64_t after = f->after_seq, before = f->before_seq > 0 ? f->before_seq : INT64_MAX, first;
    if (f->from != NULL) {
        TRY(audit_seq_at(tx, f->from, &first));
        after = first - 1 > after ? first - 1 : after;
    }
    if (f->to != NULL) {
        TRY(audit_seq_at(tx, f->to, &first));
        before = first < before ? first : before;
    }
    stmt_bind_int(q, 1, after);
    stmt_bind_int(q, 2, before);
    stmt_bind_text(q, 3, f->match_id);
    stmt_bind_text(q, 4, f->escalation_id);
    stmt_bind_text(q, 5, f->actor);
    stmt_bind_text(q, 6, f->entity_id);
    stmt_bind_text(q, 7, f->event_type);
    stmt_bind_bool(q, 8, f->scoped);
    return OK;
}

static struct err row_read(struct tx *tx, struct stmt *q, struct audit_row *row)
{
    struct str prev = stmt_peek(q, 2), self = stmt_peek(q, 3);
    *row = (struct audit_row){.seq = stmt_int(q, 0), .event = stmt_text(q, 1, tx->arena)};
    ENSURE(prev.len == 32 && self.len == 32, ERR_STORE, "an event's hash has a wrong length");
    memcpy(row->hash_prev, prev.at, 32);
    memcpy(row->hash_self, self.at, 32);
    return arena_check(tx->arena);
}

struct err audit_query(struct tx *tx, const struct audit_filter *filter, audit_row_fn fn, void *arg,
                       int64_t *last, bool *more)
{
    int64_t given = 0, looked = 0;
    *more = false;
    *last = filter->newest ? filter->before_seq : filter->after_seq;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_AUDIT, query_for(filter));
    TRY(filter_bind(tx, q, filter));
    for (;;) {
        bool found, seen = false;
        struct audit_row row;
        TRY(stmt_step(q, &found));
        if (!found)
            return OK;
        if (stmt_bool(q, 5))
            TRY(in_scope(tx, filter, q, &seen));
        if (looked++ == AUDIT_SCAN_MAX || (seen && given == filter->limit)) {
            *more = true;
            return OK;
        }
        *last = stmt_int(q, 0);
        if (!seen)
            continue;
        given++;
        TRY(row_read(tx, q, &row));
        TRY(fn(arg, &row));
    }
}
