/* The outbox and feed_cursor tables. */
#include "agent/store/outbox.h"

#include "agent/store/agent_db_own.h"
#include "common/base/id.h"
#include "common/base/str.h"
#include "common/sys/crypt.h"

enum {
    CURSOR_FIND,
    CURSOR_SET,
    OUTBOX_ADD,
    OUTBOX_CANCEL,
    OUTBOX_RECOVER,
    OUTBOX_DUE,
    OUTBOX_TAKE,
    OUTBOX_SETTLE,
    OUTBOX_POSTPONE,
    OUTBOX_REPORT_NO,
    OUTBOX_MESSAGE,
    OUTBOX_NEXT,
    OUTBOX_TO_REPORT,
    OUTBOX_REPORTED,
    OUTBOX_COUNT,
    OUTBOX_LIST,
    OUTBOX_LIST_STATE,
    OUTBOX_FIND,
    OUTBOX_RETRY,
    OUTBOX_FORGET,
};

#define COLUMNS                                                                                    \
    "delivery_id, channel, recipient, escalation_id, kind, seq, event_type, state, attempts, "     \
    "tries_left, unsure, next_us, last_error, external_id, report_no, created_us, updated_us"
#define SELECT "SELECT " COLUMNS " FROM outbox "

const struct db_sql outbox_sql[] = {
    [CURSOR_FIND] = {"cursor_find", "SELECT next_seq FROM feed_cursor WHERE one = 1"},
    [CURSOR_SET] = {"cursor_set", "INSERT INTO feed_cursor (one, next_seq, moved_us) VALUES (1, "
                                  "?1, ?2) ON CONFLICT (one) DO UPDATE SET next_seq = ?1, "
                                  "moved_us = ?2"},
    [OUTBOX_ADD] = {"outbox_add",
                    "INSERT INTO outbox (delivery_id, channel, recipient, escalation_id, kind, "
                    "seq, event_type, state, tries_left, next_us, created_us, updated_us) VALUES "
                    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, 'QUEUED', ?8, ?9, ?10, ?10) ON CONFLICT "
                    "(escalation_id, channel, recipient, kind, seq) DO NOTHING"},
    [OUTBOX_CANCEL] = {"outbox_cancel",
                       "UPDATE outbox SET state = 'CANCELLED', last_error = ?4, updated_us = ?5 "
                       "WHERE escalation_id = ?1 AND channel = coalesce(?2, channel) AND kind = "
                       "coalesce(?3, kind) AND state = 'QUEUED'"},
    [OUTBOX_RECOVER] = {"outbox_recover",
                        "UPDATE outbox SET state = 'QUEUED', unsure = unsure + 1, next_us = ?2, "
                        "last_error = 'the agent stopped while it was being sent', updated_us = "
                        "?2 WHERE state = 'SENDING' AND channel = ?1"},
    [OUTBOX_DUE] = {"outbox_due", SELECT "WHERE state = 'QUEUED' AND channel = ?1 AND next_us <= "
                                         "?2 ORDER BY next_us, seq LIMIT 1"},
    [OUTBOX_TAKE] = {"outbox_take",
                     "UPDATE outbox SET state = 'SENDING', attempts = attempts + 1, tries_left = "
                     "tries_left - 1, updated_us = ?2 WHERE delivery_id = ?1 AND state = "
                     "'QUEUED'"},
    [OUTBOX_SETTLE] = {"outbox_settle",
                       "UPDATE outbox SET state = ?2, last_error = ?3, external_id = coalesce(?4, "
                       "external_id), next_us = coalesce(?5, next_us), report_no = coalesce(?6, "
                       "report_no), report = CASE WHEN ?6 IS NULL THEN report ELSE 'due' END, "
                       "unsure = unsure + ?8, updated_us = ?7 WHERE delivery_id = ?1"},
    [OUTBOX_POSTPONE] = {"outbox_postpone",
                         "UPDATE outbox SET state = 'QUEUED', attempts = attempts - 1, tries_left "
                         "= tries_left + 1, last_error = ?2, next_us = ?3, updated_us = ?4 WHERE "
                         "delivery_id = ?1 AND state = 'SENDING'"},
    [OUTBOX_REPORT_NO] = {"outbox_report_no",
                          "SELECT max(sum(attempts), max(report_no) + 1) FROM outbox WHERE "
                          "escalation_id = ?1 AND channel = ?2"},
    [OUTBOX_MESSAGE] = {"outbox_message",
                        "SELECT state IN ('QUEUED', 'SENDING'), unsure, CASE state WHEN 'SENT' "
                        "THEN external_id END FROM outbox WHERE escalation_id = ?1 AND channel = "
                        "?2 AND kind = 'notice' AND recipient = '' ORDER BY seq"},
    [OUTBOX_NEXT] = {"outbox_next",
                     "SELECT min(next_us) FROM outbox WHERE state = 'QUEUED' AND channel = ?1"},
    [OUTBOX_TO_REPORT] = {"outbox_to_report",
                          SELECT "WHERE report = 'due' ORDER BY updated_us LIMIT ?1"},
    [OUTBOX_REPORTED] = {"outbox_reported",
                         "UPDATE outbox SET report = 'done' WHERE delivery_id = ?1 AND report_no "
                         "= ?2"},
    [OUTBOX_COUNT] = {"outbox_count",
                      "SELECT state, count(*), min(created_us) FROM outbox GROUP BY state"},
    [OUTBOX_LIST] = {"outbox_list",
                     SELECT "WHERE created_us < ?1 ORDER BY created_us DESC LIMIT ?2"},
    [OUTBOX_LIST_STATE] = {"outbox_list_state", SELECT "WHERE created_us < ?1 AND state = ?3 ORDER "
                                                       "BY created_us DESC LIMIT ?2"},
    [OUTBOX_FIND] = {"outbox_find", SELECT "WHERE delivery_id = ?1"},
    [OUTBOX_RETRY] = {"outbox_retry",
                      "UPDATE outbox SET state = 'QUEUED', tries_left = ?2, next_us = ?3, "
                      "updated_us = ?3 WHERE delivery_id = ?1 AND state = 'DEAD_LETTER'"},
    [OUTBOX_FORGET] = {"outbox_forget",
                       "DELETE FROM outbox WHERE state IN ('SENT', 'CANCELLED') AND updated_us < "
                       "?1 AND report <> 'due'"},
};
const size_t outbox_sql_n = sizeof outbox_sql / sizeof outbox_sql[0];

static struct stmt *statement(struct agent_db *db, size_t number)
{
    return agent_stmt(db, SET_OUTBOX, number);
}

static void row_read(struct stmt *q, struct arena *arena, struct delivery *d)
{
    *d = (struct delivery){
        .delivery_id = stmt_text(q, 0, arena),
        .channel = stmt_text(q, 1, arena),
        .recipient = stmt_text(q, 2, arena),
        .escalation_id = stmt_text(q, 3, arena),
        .kind = stmt_text(q, 4, arena),
        .seq = stmt_int(q, 5),
        .event_type = stmt_text(q, 6, arena),
        .state = stmt_text(q, 7, arena),
        .attempts = stmt_int(q, 8),
        .tries_left = stmt_int(q, 9),
        .unsure = stmt_int(q, 10),
        .next_us = stmt_int(q, 11),
        .last_error = stmt_text(q, 12, arena),
        .external_id = stmt_text(q, 13, arena),
        .report_no = stmt_int(q, 14),
        .created_us = stmt_int(q, 15),
        .updated_us = stmt_int(q, 16),
    };
}

/* At most `max` rows of a statement that is bound. */
static struct err rows_read(struct stmt *q, struct arena *arena, size_t max, struct delivery **out,
                            size_t *n)
{
    bool row = true;
    *out = ARENA_ARRAY(arena, max, struct delivery);
    TRY(arena_check(arena));
    for (*n = 0; *n < max; *n += 1) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        row_read(q, arena, &(*out)[*n]);
    }
    return arena_check(arena);
}

/* ---- the feed ---- */

struct err cursor_find(struct agent_db *db, bool *found, int64_t *next_seq)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, CURSOR_FIND);
    TRY(stmt_step(q, found));
    *next_seq = *found ? stmt_int(q, 0) : 0;
    return OK;
}

struct err cursor_set(struct agent_db *db, int64_t next_seq, int64_t now_us)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, CURSOR_SET);
    stmt_bind_int(q, 1, next_seq);
    stmt_bind_int(q, 2, now_us);
    return stmt_run(q);
}

struct err outbox_add(struct agent_db *db, struct arena *arena, struct delivery *d, int64_t now_us,
                      bool *added)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_ADD);
    unsigned char random[ID_RANDOM_LEN];
    char id[ID_TEXT_MAX];
    crypt_random(random, sizeof random);
    id_print("dlv", now_us / 1000, random, id);
    d->delivery_id = arena_strdup(arena, id);
    TRY(arena_check(arena));
    stmt_bind_text(q, 1, d->delivery_id);
    stmt_bind_text(q, 2, d->channel);
    stmt_bind_text(q, 3, d->recipient);
    stmt_bind_text(q, 4, d->escalation_id);
    stmt_bind_text(q, 5, d->kind);
    stmt_bind_int(q, 6, d->seq);
    stmt_bind_text(q, 7, d->event_type);
    stmt_bind_int(q, 8, d->tries_left);
    stmt_bind_int(q, 9, d->next_us);
    stmt_bind_int(q, 10, now_us);
    TRY(stmt_run(q));
    *added = db_changes(db->db) == 1;
    return OK;
}

struct err outbox_cancel(struct agent_db *db, const char *escalation_id, const char *channel,
                         const char *kind, const char *why, int64_t now_us)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_CANCEL);
    stmt_bind_text(q, 1, escalation_id);
    stmt_bind_text(q, 2, channel);
    stmt_bind_text(q, 3, kind);
    stmt_bind_text(q, 4, why);
    stmt_bind_int(q, 5, now_us);
    return stmt_run(q);
}

/* ---- sending ---- */

struct err outbox_recover(struct agent_db *db, const char *channel, int64_t now_us, int64_t *n)
{
    TRY(agent_db_begin(db));
    struct stmt *q = statement(db, OUTBOX_RECOVER);
    stmt_bind_text(q, 1, channel);
    stmt_bind_int(q, 2, now_us);
    struct err e = stmt_run(q);
    *n = e.kind == ERR_NONE ? db_changes(db->db) : 0;
    return agent_db_end(db, e);
}

/* The number under which the engine hears of it: it grows with every report about an escalation on
 * a channel, and is never less than what was tried. */
static struct err report_number(struct agent_db *db, const struct delivery *d, int64_t *no)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_REPORT_NO);
    bool row;
    stmt_bind_text(q, 1, d->escalation_id);
    stmt_bind_text(q, 2, d->channel);
    TRY(stmt_step(q, &row));
    *no = row ? stmt_int(q, 0) : 1;
    *no = *no < 1 ? 1 : *no;
    return OK;
}

struct settling {
    const char *state, *why, *external_id;
    int64_t next_us; /* 0: as it was */
    bool unsure;
    int64_t now_us;
};

/* A dead letter is reported; so is one that arrived after all. */
static struct err settle(struct agent_db *db, const struct delivery *d, const struct settling *s)
{
    int64_t no = 0;
    if (text_eq(s->state, "DEAD_LETTER") || (text_eq(s->state, "SENT") && d->report_no > 0))
        TRY(report_number(db, d, &no));
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_SETTLE);
    stmt_bind_text(q, 1, d->delivery_id);
    stmt_bind_text(q, 2, s->state);
    stmt_bind_text(q, 3, s->why);
    stmt_bind_text(q, 4, s->external_id);
    if (s->next_us != 0)
        stmt_bind_int(q, 5, s->next_us);
    if (no != 0)
        stmt_bind_int(q, 6, no);
    stmt_bind_int(q, 7, s->now_us);
    stmt_bind_bool(q, 8, s->unsure);
    return stmt_run(q);
}

static struct err settle_alone(struct agent_db *db, const struct delivery *d,
                               const struct settling *s)
{
    TRY(agent_db_begin(db));
    return agent_db_end(db, settle(db, d, s));
}

static struct err due_find(struct agent_db *db, struct arena *arena, const char *channel,
                           int64_t now_us, bool *found, struct delivery *d)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_DUE);
    stmt_bind_text(q, 1, channel);
    stmt_bind_int(q, 2, now_us);
    TRY(stmt_step(q, found));
    if (*found)
        row_read(q, arena, d);
    return arena_check(arena);
}

static struct err take(struct agent_db *db, struct arena *arena, const char *channel,
                       int64_t now_us, bool *found, struct delivery *d)
{
    TRY(due_find(db, arena, channel, now_us, found, d));
    while (*found && d->tries_left <= 0) {
        const struct settling dead = {
            .state = "DEAD_LETTER", .why = d->last_error, .now_us = now_us};
        TRY(settle(db, d, &dead));
        TRY(due_find(db, arena, channel, now_us, found, d));
    }
    if (!*found)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_TAKE);
    stmt_bind_text(q, 1, d->delivery_id);
    stmt_bind_int(q, 2, now_us);
    TRY(stmt_run(q));
    d->attempts++;
    d->tries_left--;
    d->state = "SENDING";
    return OK;
}

struct err outbox_take(struct agent_db *db, struct arena *arena, const char *channel,
                       int64_t now_us, bool *found, struct delivery *d)
{
    *found = false;
    TRY(agent_db_begin(db));
    return agent_db_end(db, take(db, arena, channel, now_us, found, d));
}

struct err outbox_sent(struct agent_db *db, const struct delivery *d, const char *external_id,
                       int64_t now_us)
{
    const struct settling s = {.state = "SENT", .external_id = external_id, .now_us = now_us};
    return settle_alone(db, d, &s);
}

struct err outbox_failed(struct agent_db *db, const struct delivery *d,
                         const struct outbox_failure *f, int64_t now_us)
{
    const bool dead = f->for_good || d->tries_left <= 0;
    const struct settling s = {.state = dead ? "DEAD_LETTER" : "QUEUED",
                               .why = f->why,
                               .next_us = f->next_us,
                               .unsure = f->unsure,
                               .now_us = now_us};
    return settle_alone(db, d, &s);
}

struct err outbox_postpone(struct agent_db *db, const struct delivery *d, const char *why,
                           int64_t next_us, int64_t now_us)
{
    TRY(agent_db_begin(db));
    struct stmt *q = statement(db, OUTBOX_POSTPONE);
    stmt_bind_text(q, 1, d->delivery_id);
    stmt_bind_text(q, 2, why);
    stmt_bind_int(q, 3, next_us);
    stmt_bind_int(q, 4, now_us);
    return agent_db_end(db, stmt_run(q));
}

struct err outbox_drop(struct agent_db *db, const struct delivery *d, const char *why,
                       int64_t now_us)
{
    const struct settling s = {.state = "CANCELLED", .why = why, .now_us = now_us};
    return settle_alone(db, d, &s);
}

struct err outbox_message_of(struct agent_db *db, struct arena *arena, const char *escalation_id,
                             const char *channel, struct outbox_message *out)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_MESSAGE);
    bool row;
    *out = (struct outbox_message){0};
    stmt_bind_text(q, 1, escalation_id);
    stmt_bind_text(q, 2, channel);
    for (;;) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        out->coming |= stmt_bool(q, 0);
        out->maybe |= stmt_int(q, 1) > 0;
        if (!stmt_is_null(q, 2))
            out->external_id = stmt_text(q, 2, arena);
    }
    out->maybe = out->maybe && out->external_id == NULL;
    return arena_check(arena);
}

struct err outbox_next_due(struct agent_db *db, const char *channel, int64_t *next_us)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_NEXT);
    bool row;
    stmt_bind_text(q, 1, channel);
    TRY(stmt_step(q, &row));
    *next_us = row && !stmt_is_null(q, 0) ? stmt_int(q, 0) : INT64_MAX;
    return OK;
}

/* ---- what the engine is to hear ---- */

struct err outbox_to_report(struct agent_db *db, struct arena *arena, size_t max,
                            struct delivery **out, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_TO_REPORT);
    stmt_bind_int(q, 1, (int64_t)max);
    return rows_read(q, arena, max, out, n);
}

struct err outbox_reported(struct agent_db *db, const struct delivery *d)
{
    TRY(agent_db_begin(db));
    struct stmt *q = statement(db, OUTBOX_REPORTED);
    stmt_bind_text(q, 1, d->delivery_id);
    stmt_bind_int(q, 2, d->report_no);
    return agent_db_end(db, stmt_run(q));
}

/* ---- for people ---- */

struct err outbox_count(struct agent_db *db, struct outbox_counts *out)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_COUNT);
    bool row;
    *out = (struct outbox_counts){0};
    for (;;) {
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        const struct str state = stmt_peek(q, 0);
        int64_t *n = str_is(state, "QUEUED")        ? &out->queued
                     : str_is(state, "SENDING")     ? &out->sending
                     : str_is(state, "SENT")        ? &out->sent
                     : str_is(state, "DEAD_LETTER") ? &out->dead
                                                    : &out->cancelled;
        *n = stmt_int(q, 1);
        if (n == &out->queued)
            out->oldest_us = stmt_int(q, 2);
    }
}

struct err outbox_list(struct agent_db *db, struct arena *arena, const char *state,
                       int64_t before_us, size_t max, struct delivery **out, size_t *n)
{
    CLEANUP(stmt_reset)
    struct stmt *q = statement(db, state == NULL ? OUTBOX_LIST : OUTBOX_LIST_STATE);
    stmt_bind_int(q, 1, before_us == 0 ? INT64_MAX : before_us);
    stmt_bind_int(q, 2, (int64_t)max);
    if (state != NULL)
        stmt_bind_text(q, 3, state);
    return rows_read(q, arena, max, out, n);
}

struct err outbox_find(struct agent_db *db, struct arena *arena, const char *delivery_id,
                       bool *found, struct delivery *d)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_FIND);
    stmt_bind_text(q, 1, delivery_id);
    TRY(stmt_step(q, found));
    if (*found)
        row_read(q, arena, d);
    return arena_check(arena);
}

static struct err retry(struct agent_db *db, struct arena *arena, const char *delivery_id,
                        int64_t tries, int64_t now_us)
{
    struct delivery d;
    bool found;
    TRY(outbox_find(db, arena, delivery_id, &found, &d));
    ENSURE(found, ERR_MISSING, "there is no such delivery");
    CLEANUP(stmt_reset) struct stmt *q = statement(db, OUTBOX_RETRY);
    stmt_bind_text(q, 1, delivery_id);
    stmt_bind_int(q, 2, tries);
    stmt_bind_int(q, 3, now_us);
    TRY(stmt_run(q));
    ENSURE(db_changes(db->db) == 1, ERR_CONFLICT, "only a dead letter can be sent again");
    return OK;
}

struct err outbox_retry(struct agent_db *db, struct arena *arena, const char *delivery_id,
                        int64_t tries, int64_t now_us)
{
    TRY(agent_db_begin(db));
    return agent_db_end(db, retry(db, arena, delivery_id, tries, now_us));
}

struct err outbox_forget(struct agent_db *db, int64_t before_us, int64_t *n)
{
    TRY(agent_db_begin(db));
    struct stmt *q = statement(db, OUTBOX_FORGET);
    stmt_bind_int(q, 1, before_us);
    struct err e = stmt_run(q);
    *n = e.kind == ERR_NONE ? db_changes(db->db) : 0;
    return agent_db_end(db, e);
}
