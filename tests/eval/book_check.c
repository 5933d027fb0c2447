#include "tests/eval/book_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "common/sys/yaml_read.h"

#define STEP_BYTES   ((size_t)512 << 20)
#define POLICY_BYTES ((size_t)16 << 20)

/* Rows that a step looks at by turns: of what decisions move, and of the rest. */
enum { TURN_MOVING = 24, TURN_REST = 8, PAGE = 512, CHANGES_MAX = 200000, POLICIES_MAX = 8 };
enum { REASONS_MAX = 64, FROZEN_MAX = 256, CHECK_SET = 0 };

struct known_policy {
    struct arena *arena;
    char digest[SHA256_HEX_SIZE];
    struct stated stated;
};

struct book_check {
    struct db *db;
    struct book_rows *rows;
    struct arena *arena, *frozen_arena;
    struct known_policy policies[POLICIES_MAX];
    size_t policies_next;
    int64_t head;
    uint8_t hash[SHA256_LEN];
    char last_at[32], book_id[64], in_force[SHA256_HEX_SIZE];
    int64_t ends[BOOK_TABLES_MAX], turn[BOOK_TABLES_MAX];
    size_t turn_table[2];
    struct rules_freeze frozen[FROZEN_MAX];
    size_t frozen_n;
    struct book_count reasons[REASONS_MAX];
    size_t reasons_n;
    struct rules_event *events; /* of the step */
    size_t events_n, events_cap;
    struct book_change *changes;
    size_t changes_n, changes_cap;
};

enum { EVENTS, POLICY, FROZEN };
static const struct db_sql sql[] = {
    [EVENTS] = {"events", "SELECT seq, event, hash_prev, hash_self FROM audit_events"
                          " WHERE seq > ?1 ORDER BY seq LIMIT 20000"},
    [POLICY] = {"policy", "SELECT text FROM policies WHERE digest = ?1"},
    [FROZEN] = {"frozen", "SELECT scope, value FROM freezes WHERE status = 'frozen'"},
};

struct db *book_check_db(struct book_check *check)
{
    return check->db;
}

int64_t book_check_head(const struct book_check *check)
{
    return check->head;
}

size_t book_check_reasons(const struct book_check *check, struct book_count *list, size_t max)
{
    size_t n = check->reasons_n < max ? check->reasons_n : max;
    memcpy(list, check->reasons, n * sizeof *list);
    return n;
}

static void broken(struct book_check *k, struct book_fault *fault, const char *rule,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

static void broken(struct book_check *k, struct book_fault *fault, const char *rule,
                   const char *format, ...)
{
    char text[512];
    va_list args;
    if (fault->rule != NULL)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    *fault = (struct book_fault){.rule = rule, .text = arena_strdup(k->arena, text)};
}

/* ---- the policy an event names ---- */

static struct err policy_load(struct book_check *k, const char *digest, struct known_policy *p,
                              bool *found)
{
    char hex[SHA256_HEX_SIZE];
    struct json *tree;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(k->db, CHECK_SET, POLICY);
    stmt_bind_text(q, 1, digest);
    TRY(stmt_step(q, found));
    if (!*found)
        return OK;
    if (p->arena == NULL)
        p->arena = arena_new(POLICY_BYTES);
    ENSURE(p->arena != NULL, ERR_LIMIT, "out of memory");
    arena_reset(p->arena);
    struct str text = stmt_str(q, 0, p->arena);
    TRY(arena_check(p->arena));
    sha256_hex(text.at, text.len, hex);
    *found = text_eq(hex, digest);
    TRY(yaml_read(p->arena, text, &tree));
    p->stated.tree = tree;
    memcpy(p->digest, hex, sizeof p->digest);
    return OK;
}

/* NULL: the book has no such text. */
static struct err policy_of(struct book_check *k, const char *digest, const struct stated **policy)
{
    bool found;
    *policy = NULL;
    if (digest == NULL)
        return OK;
    for (size_t i = 0; i < POLICIES_MAX; i++) {
        if (k->policies[i].arena != NULL && text_eq(k->policies[i].digest, digest)) {
            *policy = &k->policies[i].stated;
            return OK;
        }
    }
    struct known_policy *p = &k->policies[k->policies_next++ % POLICIES_MAX];
    TRY(policy_load(k, digest, p, &found));
    if (found)
        *policy = &p->stated;
    return OK;
}

/* Another policy rules only after an event that says so. */
static void policy_in_force(struct book_check *k, const struct rules_event *e,
                            struct book_fault *fault)
{
    const char *digest = json_get_text(e->tree, "policy_version");
    if (digest == NULL)
        return;
    bool told = text_eq(e->type, "POLICY_LOADED") || text_eq(e->type, "POLICY_APPROVED") ||
                text_eq(e->type, "POLICY_PROPOSED") || text_eq(e->type, "ENGINE_STARTED");
    if (!text_eq(digest, k->in_force) && !told && k->in_force[0] != '\0' && e->decision != NULL)
        broken(k, fault, "policy-in-force", "event %" PRId64 " was judged under another policy",
               e->seq);
    if (e->policy == NULL)
        broken(k, fault, "policy-in-force", "event %" PRId64 " names a policy that is not there",
               e->seq);
    const char *after = json_text(json_pointer_get(e->tree, "/detail/after/policy_version"));
    (void)snprintf(k->in_force, sizeof k->in_force, "%s",
                   told && after != NULL && !text_eq(e->type, "POLICY_PROPOSED") ? after : digest);
}

/* ---- events ---- */

static void reason_count(struct book_check *k, const struct rules_event *e)
{
    if (e->reason == NULL)
        return;
    for (size_t i = 0; i < k->reasons_n; i++) {
        if (text_eq(k->reasons[i].name, e->reason)) {
            k->reasons[i].n++;
            return;
        }
    }
    if (k->reasons_n < REASONS_MAX)
        k->reasons[k->reasons_n++] = (struct book_count){.name = strdup(e->reason), .n = 1};
}

static enum actor_kind kind_of(const char *actor)
{
    struct actor_id id;
    bool good = actor != NULL && actor_parse(str_of(actor), &id).kind == ERR_NONE;
    return good ? id.kind : ACTOR_NONE;
}

static struct err event_read(struct book_check *k, struct rules_event *e, const char *caller)
{
    struct json *tree;
    TRY(json_read(k->arena, e->text, NULL, &tree));
    e->tree = tree;
    e->type = json_get_text(tree, "event_type");
    e->actor = json_get_text(tree, "actor_id");
    e->principal = json_get_text(tree, "principal_id");
    e->obo = json_get_text(tree, "on_behalf_of");
    e->tool = json_get_text(tree, "tool");
    e->action = json_get_text(tree, "action");
    e->decision = json_get_text(tree, "decision");
    e->reason = json_get_text(tree, "reason");
    e->at = json_get_text(tree, "timestamp_utc");
    e->rationale = json_get_text(tree, "rationale");
    if (text_blank(e->rationale))
        e->rationale = NULL; /* blanks are no reason */
    e->kind = kind_of(e->actor);
    e->callers = caller != NULL && text_eq(e->actor, caller);
    return policy_of(k, json_get_text(tree, "policy_version"), &e->policy);
}

static bool canonical(struct book_check *k, const struct rules_event *e)
{
    struct str text;
    return jcs_text(k->arena, e->tree, &text).kind == ERR_NONE && str_eq(text, e->text);
}

static void linked(struct book_check *k, const struct rules_event *e, struct str prev,
                   struct str self, struct book_fault *fault)
{
    uint8_t hash[SHA256_LEN];
    struct sha256 h;
    sha256_begin(&h);
    sha256_add(&h, k->hash, SHA256_LEN);
    sha256_add(&h, e->text.at, e->text.len);
    sha256_end(&h, hash);
    bool holds = prev.len == SHA256_LEN && memcmp(prev.at, k->hash, SHA256_LEN) == 0 &&
                 self.len == SHA256_LEN && memcmp(self.at, hash, SHA256_LEN) == 0;
    if (!holds)
        broken(k, fault, "chain-holds", "event %" PRId64 " is not the one the chain has", e->seq);
    memcpy(k->hash, hash, SHA256_LEN);
}

static void in_order(struct book_check *k, const struct rules_event *e, struct book_fault *fault)
{
    const char *book_id = json_get_text(e->tree, "book_id");
    int64_t seq = 0;
    (void)json_int(json_get(e->tree, "seq"), &seq);
    if (k->head == 0)
        (void)snprintf(k->book_id, sizeof k->book_id, "%s", book_id == NULL ? "" : book_id);
    bool good = e->seq == k->head + 1 && seq == e->seq && text_eq(book_id, k->book_id) &&
                e->at != NULL && strcmp(e->at, k->last_at) > 0 && canonical(k, e);
    if (!good)
        broken(k, fault, "event-in-order", "event %" PRId64 " after event %" PRId64, e->seq,
               k->head);
    (void)snprintf(k->last_at, sizeof k->last_at, "%s", e->at == NULL ? "" : e->at);
    k->head = e->seq;
}

static struct err event_room(struct book_check *k)
{
    if (k->events_n < k->events_cap)
        return OK;
    k->events_cap = k->events_cap == 0 ? 64 : 2 * k->events_cap;
    k->events = realloc(k->events, k->events_cap * sizeof *k->events);
    ENSURE(k->events != NULL, ERR_LIMIT, "out of memory");
    return OK;
}

static struct err events_read(struct book_check *k, const char *caller, struct book_fault *fault)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(k->db, CHECK_SET, EVENTS);
    stmt_bind_int(q, 1, k->head);
    for (k->events_n = 0;; k->events_n++) {
        bool row;
        TRY(event_room(k));
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        struct rules_event *e = &k->events[k->events_n];
        *e = (struct rules_event){.seq = stmt_int(q, 0), .text = stmt_str(q, 1, k->arena)};
        TRY(arena_check(k->arena));
        TRY(event_read(k, e, caller));
        linked(k, e, stmt_peek(q, 2), stmt_peek(q, 3), fault);
        in_order(k, e, fault);
        policy_in_force(k, e, fault);
        if (e->callers || caller != NULL)
            reason_count(k, e);
    }
}

/* ---- what they wrote ---- */

static struct err change_add(struct book_check *k, const struct book_row *row, const char *before)
{
    struct json *was = NULL, *is;
    if (k->changes_n == k->changes_cap) {
        k->changes_cap = k->changes_cap == 0 ? 256 : 2 * k->changes_cap;
        k->changes = realloc(k->changes, k->changes_cap * sizeof *k->changes);
        ENSURE(k->changes != NULL && k->changes_n < CHANGES_MAX, ERR_LIMIT, "out of memory");
    }
    if (before != NULL)
        TRY(json_read(k->arena, str_of(before), NULL, &was));
    TRY(json_read(k->arena, row->text, NULL, &is));
    k->changes[k->changes_n++] = (struct book_change){.table = book_table_name(row->table),
                                                      .id = row->id,
                                                      .before = was,
                                                      .after = is,
                                                      .version = row->version,
                                                      .seq = row->seq};
    return OK;
}

static struct err legs_held(struct book_check *k, const struct book_change *c, int sign)
{
    struct json *legs;
    const char *text = json_get_text(c->after, "legs");
    TRY(json_read(k->arena, str_of(text), NULL, &legs));
    for (size_t i = 0; i < legs->count; i++) {
        const struct json *amount = json_get(legs->items[i], "amount_minor");
        int64_t minor = 0;
        if (!json_int(amount, &minor) && json_text(amount) != NULL)
            minor = strtoll(json_text(amount), NULL, 10);
        book_hold(k->rows, json_get_text(legs->items[i], "entry_id"), sign * llabs(minor));
    }
    return OK;
}

/* What live matches hold of entries follows what becomes of them. */
static struct err hold_follows(struct book_check *k, const struct book_change *c)
{
    struct book_change match = {.table = "matches"};
    struct book_row row;
    struct json *tree;
    size_t matches;
    bool found;
    if (text_eq(c->table, "matches"))
        return legs_held(k, c, 1);
    if (!text_eq(c->table, "match_states") ||
        text_eq(json_get_text(c->after, "state"), "CONFIRMED") ||
        !book_table_find("matches", &matches))
        return OK;
    TRY(book_row_load(k->rows, k->arena, matches, c->id, &found, &row));
    if (!found)
        return OK;
    TRY(json_read(k->arena, row.text, NULL, &tree));
    match.after = tree;
    return legs_held(k, &match, -1);
}

static struct err row_seen(struct book_check *k, const struct book_row *row)
{
    const struct book_kept *kept = book_kept(k->rows, row->table, row->id);
    TRY(change_add(k, row, kept == NULL ? NULL : kept->brief));
    book_keep(k->rows, row);
    if (row->rowid > k->ends[row->table])
        k->ends[row->table] = row->rowid;
    return hold_follows(k, &k->changes[k->changes_n - 1]);
}

static bool hash_is(const struct json *effect, const uint8_t hash[SHA256_LEN])
{
    char hex[SHA256_HEX_SIZE];
    hex_print(hash, SHA256_LEN, hex);
    return text_eq(json_get_text(effect, "row_sha256"), hex);
}

/* One row that an event says it wrote. A later event of the same step may have written it again:
 * then that one answers for it. */
static struct err effect_seen(struct book_check *k, const struct rules_event *e,
                              const struct json *effect, struct book_fault *fault)
{
    const char *name = json_get_text(effect, "table"), *id = json_get_text(effect, "id");
    struct book_row row = {.seq = 0};
    int64_t version = 0;
    size_t table;
    bool found = false;
    (void)json_int(json_get(effect, "version"), &version);
    bool known = name != NULL && book_table_find(name, &table);
    if (known && id != NULL)
        TRY(book_row_load(k->rows, k->arena, table, id, &found, &row));
    if (!found || row.seq < e->seq) {
        broken(k, fault, "change-has-its-event",
               "event %" PRId64 " wrote %s %s, and the book has another", e->seq, name, id);
        return OK;
    }
    if (row.seq > e->seq)
        return OK;
    const struct book_kept *kept = book_kept(k->rows, table, id);
    bool good = row.version == version && hash_is(effect, row.sha256) &&
                (kept == NULL || row.version > kept->version || row.version == 1);
    if (!good)
        broken(k, fault, "change-has-its-event", "%s %s is not what event %" PRId64 " wrote: %.*s",
               name, id, e->seq, (int)row.text.len, row.text.at);
    if (kept != NULL && kept->brief == NULL)
        broken(k, fault, "row-stays", "%s %s was written again by event %" PRId64, name, id,
               e->seq);
    return row_seen(k, &row);
}

/* Rows written in bulk: the next ones of the table, in order. */
static struct err bulk_seen(struct book_check *k, const struct rules_event *e,
                            const struct json *bulk, struct book_fault *fault)
{
    const char *name = json_get_text(bulk, "table");
    struct book_row *page = ARENA_ARRAY(k->arena, PAGE, struct book_row);
    char hex[SHA256_HEX_SIZE];
    uint8_t hash[SHA256_LEN];
    struct sha256 sum;
    int64_t count = 0, seen = 0;
    size_t table, n = PAGE;
    struct err err = OK;
    ENSURE(page != NULL, ERR_LIMIT, "out of memory");
    (void)json_int(json_get(bulk, "count"), &count);
    ENSURE(name != NULL && book_table_find(name, &table), ERR_STORE, "a bulk of no table we know");
    sha256_begin(&sum);
    while (err.kind == ERR_NONE && n > 0 && seen < count) {
        size_t want = count - seen < PAGE ? (size_t)(count - seen) : PAGE;
        err = book_rows_after(k->rows, k->arena, table, k->ends[table], want, page, &n);
        for (size_t i = 0; err.kind == ERR_NONE && i < n; i++, seen++) {
            sha256_add(&sum, page[i].sha256, SHA256_LEN);
            err = page[i].seq == e->seq ? row_seen(k, &page[i])
                                        : err_new(ERR_STORE, "a bulk holds another event's row");
        }
    }
    sha256_end(&sum, hash);
    TRY(err);
    hex_print(hash, SHA256_LEN, hex);
    if (seen != count || !text_eq(hex, json_get_text(bulk, "rows_sha256")))
        broken(k, fault, "change-has-its-event",
               "event %" PRId64 " wrote %" PRId64 " of %s, and the book has others", e->seq, count,
               name);
    return OK;
}

/* An event that wrote a row twice tells of it twice; the last word counts. */
static bool told_again(const struct json *rows, size_t at)
{
    const struct json *row = rows->items[at];
    for (size_t i = at + 1; i < rows->count; i++) {
        if (json_equal(json_get(row, "table"), json_get(rows->items[i], "table")) &&
            json_equal(json_get(row, "id"), json_get(rows->items[i], "id")))
            return true;
    }
    return false;
}

static struct err effects_seen(struct book_check *k, struct book_fault *fault)
{
    k->changes_n = 0;
    for (size_t i = 0; i < k->events_n; i++) {
        const struct rules_event *e = &k->events[i];
        const struct json *rows = json_get(e->tree, "effects");
        const struct json *bulk = json_get(e->tree, "effects_bulk");
        for (size_t r = 0; bulk != NULL && r < bulk->count; r++)
            TRY(bulk_seen(k, e, bulk->items[r], fault));
        for (size_t r = 0; rows != NULL && r < rows->count; r++) {
            if (!told_again(rows, r))
                TRY(effect_seen(k, e, rows->items[r], fault));
        }
    }
    return OK;
}

/* ---- what nobody says they wrote ---- */

static struct err nothing_more(struct book_check *k, struct book_fault *fault)
{
    int64_t ends[BOOK_TABLES_MAX];
    TRY(book_rows_ends(k->rows, ends));
    for (size_t i = 0; i < book_tables_n(); i++) {
        if (ends[i] != k->ends[i])
            broken(k, fault, "change-has-its-event",
                   "%s ends at row %" PRId64 "; events told of %" PRId64, book_table_name(i),
                   ends[i], k->ends[i]);
    }
    return OK;
}

static void row_holds(struct book_check *k, const struct book_row *row, struct book_fault *fault)
{
    const struct book_kept *kept = book_kept(k->rows, row->table, row->id);
    bool same = kept != NULL && kept->version == row->version && kept->seq == row->seq &&
                memcmp(kept->sha256, row->sha256, sizeof kept->sha256) == 0;
    if (!same)
        broken(k, fault, "row-stays",
               "%s %s changed, and no event tells of it: before %s, after %.*s",
               book_table_name(row->table), row->id,
               kept == NULL          ? "(not there)"
               : kept->brief == NULL ? "(kept as its hash)"
                                     : kept->brief,
               (int)row->text.len, row->text.at);
}

/* The next rows of a table, round and round. */
static struct err turn_of(struct book_check *k, size_t table, size_t max, size_t *looked,
                          struct book_fault *fault)
{
    struct book_row *page = ARENA_ARRAY(k->arena, max, struct book_row);
    ENSURE(page != NULL, ERR_LIMIT, "out of memory");
    TRY(book_rows_after(k->rows, k->arena, table, k->turn[table], max, page, looked));
    for (size_t i = 0; i < *looked; i++)
        row_holds(k, &page[i], fault);
    k->turn[table] = *looked < max ? 0 : page[*looked - 1].rowid;
    return OK;
}

static bool moves(size_t table)
{
    static const char *const moving[] = {"match_states",   "escalations", "exception_states",
                                         "principals",     "identities",  "clients",
                                         "roles",          "freezes",     "delegations",
                                         "matching_rules", "policies"};
    for (size_t i = 0; i < sizeof moving / sizeof moving[0]; i++) {
        if (text_eq(book_table_name(table), moving[i]))
            return true;
    }
    return false;
}

static struct err turns(struct book_check *k, bool moving, struct book_fault *fault)
{
    size_t left = moving ? TURN_MOVING : TURN_REST, tables = book_tables_n();
    for (size_t tried = 0; left > 0 && tried < tables; tried++) {
        size_t table = k->turn_table[moving] % tables, looked = 0;
        if (moves(table) == moving)
            TRY(turn_of(k, table, left, &looked, fault));
        left -= looked;
        if (left > 0)
            k->turn_table[moving]++;
    }
    return OK;
}

/* ---- freezes ---- */

static struct err frozen_read(struct book_check *k)
{
    arena_reset(k->frozen_arena);
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(k->db, CHECK_SET, FROZEN);
    for (k->frozen_n = 0; k->frozen_n < FROZEN_MAX; k->frozen_n++) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        k->frozen[k->frozen_n] = (struct rules_freeze){stmt_text(q, 0, k->frozen_arena),
                                                       stmt_text(q, 1, k->frozen_arena)};
    }
    return arena_check(k->frozen_arena);
}

/* ---- a step ---- */

static struct err step(struct book_check *k, const struct book_call *call,
                       const struct eval_said *said, struct book_fault *fault)
{
    const int64_t head = k->head;
    TRY(events_read(k, call->as->sub, fault));
    TRY(effects_seen(k, fault));
    TRY(nothing_more(k, fault));
    TRY(turns(k, true, fault));
    TRY(turns(k, false, fault));
    struct rules_step s = {.arena = k->arena,
                           .db = k->db,
                           .rows = k->rows,
                           .as = call->as,
                           .tool = call->tool,
                           .reads = call->reads,
                           .said = said,
                           .events = k->events,
                           .events_n = k->events_n,
                           .changes = k->changes,
                           .changes_n = k->changes_n,
                           .frozen = k->frozen,
                           .frozen_n = k->frozen_n,
                           .head = head,
                           .fault = *fault};
    if (fault->rule == NULL)
        TRY(rules_apply(&s));
    *fault = s.fault;
    return k->events_n == 0 ? OK : frozen_read(k);
}

struct err book_check_step(struct book_check *check, const struct book_call *call,
                           const struct eval_said *said, struct book_fault *fault)
{
    *fault = (struct book_fault){.rule = NULL};
    arena_reset(check->arena);
    TRY(db_begin_read(check->db));
    struct err e = step(check, call, said, fault);
    struct err end = db_rollback(check->db);
    return e.kind == ERR_NONE ? end : e;
}

/* ---- the whole ---- */

typedef struct err row_fn(struct book_check *k, const struct book_row *row,
                          struct book_fault *fault);

static struct err table_walk(struct book_check *k, size_t table, row_fn *fn,
                             struct book_fault *fault)
{
    int64_t rowid = 0;
    for (size_t n = PAGE; n == PAGE;) {
        arena_reset(k->arena);
        struct book_row *page = ARENA_ARRAY(k->arena, PAGE, struct book_row);
        ENSURE(page != NULL, ERR_LIMIT, "out of memory");
        TRY(book_rows_after(k->rows, k->arena, table, rowid, PAGE, page, &n));
        for (size_t i = 0; i < n && fault->rule == NULL; i++)
            TRY(fn(k, &page[i], fault));
        rowid = n == 0 ? rowid : page[n - 1].rowid;
    }
    return OK;
}

static struct err take_in(struct book_check *k, const struct book_row *row,
                          struct book_fault *fault)
{
    (void)fault;
    k->changes_n = 0;
    return row_seen(k, row);
}

static struct err hold_against(struct book_check *k, const struct book_row *row,
                               struct book_fault *fault)
{
    row_holds(k, row, fault);
    return OK;
}

static struct err all(struct book_check *k, struct book_fault *fault)
{
    for (size_t i = 0; i < book_tables_n() && fault->rule == NULL; i++) {
        int64_t n;
        TRY(table_walk(k, i, hold_against, fault));
        TRY(book_rows_count(k->rows, i, &n));
        if (fault->rule == NULL && (size_t)n != book_kept_n(k->rows, i))
            broken(k, fault, "row-stays", "%s has %" PRId64 " rows; %zu were seen",
                   book_table_name(i), n, book_kept_n(k->rows, i));
    }
    return OK;
}

struct err book_check_all(struct book_check *check, struct book_fault *fault)
{
    *fault = (struct book_fault){.rule = NULL};
    TRY(db_begin_read(check->db));
    struct err e = all(check, fault);
    struct err end = db_rollback(check->db);
    return e.kind == ERR_NONE ? end : e;
}

/* ---- opening ---- */

static struct err begin(struct book_check *k)
{
    struct book_fault fault = {.rule = NULL};
    for (k->events_n = 1; k->events_n > 0;) {
        arena_reset(k->arena);
        TRY(events_read(k, NULL, &fault));
    }
    if (fault.rule != NULL)
        return err_fmt(k->frozen_arena, ERR_STORE, fault.rule, "%s", fault.text);
    for (size_t i = 0; i < book_tables_n(); i++)
        TRY(table_walk(k, i, take_in, &fault));
    return frozen_read(k);
}

static struct err open_book(struct book_check *k, const char *path)
{
    TRY(db_open(path, DB_READER, &k->db));
    TRY(db_prepare_all(k->db, CHECK_SET, sql, sizeof sql / sizeof sql[0]));
    TRY(book_rows_new(k->db, &k->rows));
    TRY(rules_prepare(k->db));
    k->arena = arena_new(STEP_BYTES);
    k->frozen_arena = arena_new((size_t)1 << 20);
    ENSURE(k->arena != NULL && k->frozen_arena != NULL, ERR_LIMIT, "out of memory");
    TRY(db_begin_read(k->db));
    struct err e = begin(k);
    struct err end = db_rollback(k->db);
    return e.kind == ERR_NONE ? end : e;
}

struct err book_check_new(const char *path, struct book_check **check)
{
    struct book_check *k = calloc(1, sizeof *k);
    ENSURE(k != NULL, ERR_LIMIT, "out of memory");
    *check = k;
    return open_book(k, path);
}

void book_check_free(struct book_check *k)
{
    if (k == NULL)
        return;
    book_rows_free(k->rows);
    db_close(k->db);
    arena_free(k->arena);
    arena_free(k->frozen_arena);
    for (size_t i = 0; i < POLICIES_MAX; i++)
        arena_free(k->policies[i].arena);
    for (size_t i = 0; i < k->reasons_n; i++)
        free((void *)(uintptr_t)k->reasons[i].name);
    free(k->events);
    free(k->changes);
    free(k);
}

/* ---- for people ---- */

static const char *tree_text(struct arena *arena, const struct json *tree)
{
    struct str text;
    if (tree == NULL || jcs_text(arena, tree, &text).kind != ERR_NONE)
        return "(none)";
    return text.at;
}

const char *book_fault_print(struct arena *arena, const struct book_fault *fault)
{
    const struct book_change *c = fault->change;
    const char *text = arena_fmt(arena, "rule %s: %s", fault->rule, fault->text);
    if (c != NULL)
        text = arena_fmt(arena, "%s\n  row    %s %s\n  before %.2000s\n  after  %.2000s", text,
                         c->table, c->id, tree_text(arena, c->before), tree_text(arena, c->after));
    if (fault->event != NULL)
        text = arena_fmt(arena, "%s\n  event  %.*s", text, (int)fault->event->text.len,
                         fault->event->text.at);
    return text;
}
