/* Appending to the audit log and reading it back. The event's text is made once, canonically
 * (audit_event.c); what is hashed is what is stored. Nothing here updates or deletes. */
#include "engine/store/audit.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/civil.h"
#include "common/base/id.h"
#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "engine/store/audit_event.h"
#include "engine/store/sql.h"

enum { AUDIT_INSERT, AUDIT_QUERY };

const struct db_sql audit_sql[] = {
    [AUDIT_INSERT] = {"audit_insert", "INSERT INTO audit_events (seq, event, hash_prev, hash_self)"
                                      " VALUES (?1, ?2, ?3, ?4)"},
    [AUDIT_QUERY] = {"audit_query",
                     "SELECT seq, event, hash_prev, hash_self, entity_id FROM audit_events"
                     " WHERE seq > ?1"
                     " AND (?2 IS NULL OR entity_id = ?2) AND (?3 IS NULL OR actor_id = ?3)"
                     " AND (?4 IS NULL OR event_type = ?4) AND (?5 IS NULL OR match_id = ?5)"
                     " AND (?6 IS NULL OR escalation_id = ?6)"
                     " AND (?7 IS NULL OR timestamp_utc >= ?7)"
                     " AND (?8 IS NULL OR timestamp_utc < ?8)"
                     " ORDER BY seq"},
};
const size_t audit_sql_n = sizeof audit_sql / sizeof audit_sql[0];

/* The longest event; a bulk chunk of effects is one hash, so only a very large ask comes near. */
#define EVENT_BYTES_MAX ((size_t)4 * 1024 * 1024)

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
    __attribute__((cleanup(buf_fini_cleanup))) struct buf text;
    struct chain_head next = {.seq = tx_seq(tx)};
    next.timestamp_us =
        tx->now_us > tx->store->head.timestamp_us ? tx->now_us : tx->store->head.timestamp_us + 1;
    book_name(tx, event);
    ENSURE(tx->store->book_id[0] != '\0', ERR_BUG, "an event before BOOK_CREATED");
    struct json *tree = event_print(tx, event, &next);
    TRY(arena_check(tx->arena));
    buf_init(&text, EVENT_BYTES_MAX);
    TRY(jcs_print(tree, &text));
    TRY(event_insert(tx, buf_str(&text), &next));
    tx->store->head = next;
    tx->event_seq = next.seq;
    tx->effects_n = 0;
    tx->bulk_n = 0;
    return OK;
}

/* ---- reading ---- */

static bool in_scope(const struct audit_filter *f, struct str entity)
{
    if (!f->scoped || entity.len == 0)
        return true;
    for (size_t i = 0; i < f->entities_n; i++) {
        if (str_is(entity, f->entities[i]))
            return true;
    }
    return false;
}

static void filter_bind(struct stmt *q, const struct audit_filter *f)
{
    stmt_bind_int(q, 1, f->after_seq);
    stmt_bind_text(q, 2, f->entity_id);
    stmt_bind_text(q, 3, f->actor);
    stmt_bind_text(q, 4, f->event_type);
    stmt_bind_text(q, 5, f->match_id);
    stmt_bind_text(q, 6, f->escalation_id);
    stmt_bind_text(q, 7, f->from);
    stmt_bind_text(q, 8, f->to);
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
                       bool *more)
{
    int64_t given = 0;
    *more = false;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_AUDIT, AUDIT_QUERY);
    filter_bind(q, filter);
    for (;;) {
        bool found;
        struct audit_row row;
        TRY(stmt_step(q, &found));
        if (!found)
            return OK;
        if (!in_scope(filter, stmt_peek(q, 4)))
            continue;
        if (given++ == filter->limit) {
            *more = true;
            return OK;
        }
        TRY(row_read(tx, q, &row));
        TRY(fn(arg, &row));
    }
}
