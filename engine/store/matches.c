/* Matches, their states and the entries they hold. */
#include "engine/store/matches.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/store/differences.h"
#include "engine/store/parts.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum {
    MATCH_LOAD,
    MATCH_INSERT,
    LEG_TAKE,
    LEG_TAKE_PARTS,
    LEGS_RELEASE,
    LEGS_SETTLE,
    LEGS_UNSETTLE,
    LEG_FIND,
    COMPOSITION_REJECTED,
    LEGS_REVERSED,
    COMPOSITION_REJECT,
    MATCH_ASKED,
    STATE_FIRST,
    STATE_NEXT,
    MATCHES_LIST,
    MATCHES_OF_ENTITY,
    MATCHES_COUNT,
    MATCHES_CONFIRMED
};

#define MATCH_COLUMNS                                                                              \
    "m.match_id, m.entity_id, m.account_id, m.class, m.match_type, m.rule, m.rule_version,"        \
    " m.source, m.proposer, m.proposer_principal, m.proposer_obo, m.composition_sha256,"           \
    " m.currency, m.amount_minor, m.difference_minor, m.score_bp, m.ambiguous, m.sure, m.legs,"    \
    " m.evidence, m.rationale, m.seq, coalesce(s.state, 'PROPOSED_MATCH'),"                        \
    " coalesce(s.version, 1), coalesce(s.seq, 0), d.account_id"
#define MATCH_FROM                                                                                 \
    " FROM matches m LEFT JOIN match_states s ON s.match_id = m.match_id"                          \
    " LEFT JOIN match_differences d ON d.match_id = m.match_id"
#define LISTED                                                                                     \
    " AND coalesce(s.state, 'PROPOSED_MATCH') = ?3 AND m.match_id > ?4 ORDER BY m.match_id LIMIT " \
    "?5"

const struct db_sql matches_sql[] = {
    [MATCH_LOAD] = {"match_load", "SELECT " MATCH_COLUMNS MATCH_FROM " WHERE m.match_id = ?1"},
    [MATCH_INSERT] =
        {"match_insert",
         "INSERT INTO matches (match_id, entity_id, account_id, class, match_type, rule,"
         " rule_version, source, proposer, proposer_principal, proposer_obo,"
         " composition_sha256, currency, amount_minor, difference_minor, score_bp,"
         " ambiguous, sure, legs, evidence, rationale, seq) VALUES (?1, ?2, ?3, ?4, ?5,"
         " ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,"
         " ?22)"},
    [LEG_TAKE] = {"leg_take", "INSERT INTO live_legs (entry_id, match_id) VALUES (?1, ?2)"
                              " ON CONFLICT (entry_id) DO NOTHING"},
    [LEG_TAKE_PARTS] = {"leg_take_parts",
                        "INSERT INTO live_legs (entry_id, match_id) SELECT ?1, ?2"
                        " WHERE NOT EXISTS (SELECT 1 FROM live_parts WHERE entry_id = ?1)"
                        " ON CONFLICT (entry_id) DO NOTHING"},
    [LEGS_RELEASE] = {"legs_release", "DELETE FROM live_legs WHERE match_id = ?1"},
    /* An entry held in parts stays: its last part is confirmed by another match than its first. */
    [LEGS_SETTLE] = {"legs_settle",
                     "DELETE FROM unsettled WHERE (entity_id, account_id, entry_id) IN"
                     " (SELECT e.entity_id, e.account_id, e.entry_id FROM live_legs l"
                     " CROSS JOIN entries e ON e.entry_id = l.entry_id WHERE l.match_id = ?1"
                     " AND NOT EXISTS (SELECT 1 FROM live_parts p"
                     " WHERE p.entry_id = l.entry_id))"},
    [LEGS_UNSETTLE] = {"legs_unsettle",
                       "INSERT INTO unsettled (entity_id, account_id, entry_id)"
                       " SELECT e.entity_id, e.account_id, e.entry_id FROM live_legs l"
                       " CROSS JOIN entries e ON e.entry_id = l.entry_id WHERE l.match_id = ?1"
                       " ON CONFLICT DO NOTHING"},
    [LEG_FIND] = {"leg_find", "SELECT match_id FROM live_legs WHERE entry_id = ?1"},
    [COMPOSITION_REJECTED] = {"composition_rejected", "SELECT 1 FROM rejected_compositions"
                                                      " WHERE composition_sha256 = ?1 LIMIT 1"},
    [COMPOSITION_REJECT] = {"composition_reject",
                            "INSERT INTO rejected_compositions (composition_sha256, match_id)"
                            " VALUES (?1, ?2) ON CONFLICT DO NOTHING"},
    [LEGS_REVERSED] = {"legs_reversed",
                       "SELECT m.legs FROM match_states s INDEXED BY match_states_reversed"
                       " CROSS JOIN matches m ON m.match_id = s.match_id"
                       " WHERE s.state = 'REVERSED' AND m.entity_id = ?1 AND m.account_id = ?2"},
    /* What a freeze answered is no answer: it is asked again after the thaw. */
    [MATCH_ASKED] = {"match_asked", "SELECT 1 FROM audit_events WHERE match_id = ?1"
                                    " AND actor_id = ?2 AND policy_version = ?3"
                                    " AND json_extract(event, '$.reason') IS NOT 'FROZEN' LIMIT 1"},
    /* Two statements, because an upsert makes a temporary table each time it runs. */
    [STATE_FIRST] = {"match_state_first",
                     "INSERT INTO match_states (match_id, state, actor, version, seq)"
                     " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (match_id) DO NOTHING"},
    [STATE_NEXT] = {"match_state_next",
                    "UPDATE match_states SET state = ?2, actor = ?3, version = ?4, seq = ?5"
                    " WHERE match_id = ?1 AND version = ?4 - 1"},
    /* From the index in order, so that a page does not sort what lies behind it. */
    [MATCHES_LIST] = {"matches_list", "SELECT " MATCH_COLUMNS MATCH_FROM
                                      " WHERE m.entity_id = ?1 AND m.account_id = ?2" LISTED},
    [MATCHES_OF_ENTITY] = {"matches_of_entity",
                           "SELECT " MATCH_COLUMNS MATCH_FROM " WHERE +m.entity_id = ?1" LISTED},
    [MATCHES_COUNT] = {"matches_count",
                       "SELECT coalesce(s.state, 'PROPOSED_MATCH'), count(*)" MATCH_FROM
                       " WHERE m.entity_id = ?1 GROUP BY 1"},
    [MATCHES_CONFIRMED] =
        {"matches_confirmed",
         "SELECT m.match_type, s.actor LIKE 'engine:%', m.currency, count(*), sum(m.amount_minor)"
         " FROM matches m JOIN match_states s ON s.match_id = m.match_id"
         " WHERE m.entity_id = ?1 AND s.state = 'CONFIRMED' GROUP BY 2, 1, 3 ORDER BY 2 DESC, 1, "
         "3"},
};
const size_t matches_sql_n = sizeof matches_sql / sizeof matches_sql[0];

/* ---- legs ---- */

#define LEGS_BYTES_MAX ((size_t)16 << 20) /* as text */

static int leg_order(const void *x, const void *y)
{
    const struct leg *a = x, *b = y;
    int by_id = strcmp(a->entry_id, b->entry_id);
    return by_id != 0 ? by_id : a->version < b->version ? -1 : a->version > b->version;
}

/* {"entries":[[id,version],…],"rule":…}, as RFC 8785 has it. */
static struct err composition_print(const char *rule, const struct leg *sorted, size_t n,
                                    struct buf *out)
{
    buf_puts(out, "{\"entries\":[");
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, i == 0 ? "[" : ",[");
        TRY(jcs_text_print(str_of(sorted[i].entry_id), out));
        buf_putc(out, ',');
        buf_puti(out, sorted[i].version);
        if (sorted[i].part) {
            buf_puts(out, ",\"");
            buf_puti(out, sorted[i].amount_minor);
            buf_putc(out, '"');
        }
        buf_putc(out, ']');
    }
    buf_puts(out, "],\"rule\":");
    TRY(jcs_text_print(str_of(rule), out));
    buf_putc(out, '}');
    return buf_check(out);
}

struct err match_composition(struct arena *arena, const char *rule, const struct leg *legs,
                             size_t n, const char **sha256)
{
    struct leg *sorted = ARENA_ARRAY(arena, n, struct leg);
    char hex[SHA256_HEX_SIZE];
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, LEGS_BYTES_MAX);
    ENSURE(sorted != NULL, ERR_LIMIT, "out of memory");
    memcpy(sorted, legs, n * sizeof *legs);
    qsort(sorted, n, sizeof *sorted, leg_order);
    TRY(composition_print(rule, sorted, n, &text));
    sha256_hex(text.at, text.len, hex);
    *sha256 = arena_strdup(arena, hex);
    return arena_check(arena);
}

static struct err add_absolute(int64_t amount, int64_t *sum, int64_t *size)
{
    int64_t absolute;
    ENSURE(!__builtin_sub_overflow(0, amount, &absolute), ERR_LIMIT, "an amount does not fit");
    absolute = amount < 0 ? absolute : amount;
    ENSURE(!__builtin_add_overflow(*size, absolute, size) &&
               !__builtin_add_overflow(*sum, amount, sum),
           ERR_LIMIT, "the sum of the legs does not fit");
    return OK;
}

struct err match_measure(struct match *m, const char *currency)
{
    int64_t sum[2] = {0, 0}, size[2] = {0, 0};
    for (size_t i = 0; i < m->legs_n; i++) {
        size_t book = m->legs[i].side == SIDE_BANK ? 0 : 1;
        TRY(add_absolute(m->legs[i].amount_minor, &sum[book], &size[book]));
    }
    ENSURE(!__builtin_sub_overflow(sum[0], sum[1], &m->difference_minor), ERR_LIMIT,
           "the difference of the sides does not fit");
    return money_make(size[0] > size[1] ? size[0] : size[1], currency, &m->amount);
}

/* An array of {amount_minor, entry_id, side, version}, as RFC 8785 has it. */
static struct err legs_print(const struct match *m, struct buf *out)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < m->legs_n; i++) {
        const struct leg *leg = &m->legs[i];
        buf_puts(out, i == 0 ? "{\"amount_minor\":\"" : ",{\"amount_minor\":\"");
        buf_puti(out, leg->amount_minor);
        buf_puts(out, "\",\"entry_id\":");
        TRY(jcs_text_print(str_of(leg->entry_id), out));
        buf_puts(out, leg->part ? ",\"part\":true,\"side\":\"" : ",\"side\":\"");
        buf_puts(out, side_name(leg->side));
        buf_puts(out, "\",\"version\":");
        buf_puti(out, leg->version);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    return buf_check(out);
}

static struct err leg_parse(const struct json *tree, struct leg *leg)
{
    const char *amount = json_get_text(tree, "amount_minor");
    char *end = NULL;
    leg->entry_id = json_get_text(tree, "entry_id");
    bool good = leg->entry_id != NULL && amount != NULL &&
                json_int(json_get(tree, "version"), &leg->version) &&
                side_find(json_get_text(tree, "side"), &leg->side);
    ENSURE(good, ERR_STORE, "a leg of a match cannot be read");
    leg->part = json_get(tree, "part") != NULL;
    leg->amount_minor = strtoll(amount, &end, 10);
    ENSURE(end != amount && *end == '\0', ERR_STORE, "a leg's amount cannot be read");
    return OK;
}

static struct err legs_parse(struct arena *arena, struct str text, struct match *m)
{
    struct json *array;
    TRY(json_read(arena, text, NULL, &array));
    ENSURE(json_is(array, JSON_TYPE_ARRAY), ERR_STORE, "a match's legs are not an array");
    m->legs = ARENA_ARRAY(arena, array->count, struct leg);
    ENSURE(m->legs != NULL, ERR_LIMIT, "out of memory");
    for (; m->legs_n < array->count; m->legs_n++)
        TRY(leg_parse(array->items[m->legs_n], &m->legs[m->legs_n]));
    return OK;
}

/* ---- rows ---- */

static struct err match_read(struct stmt *q, struct arena *arena, struct match *m)
{
    const char *currency = stmt_text(q, 12, arena);
    *m = (struct match){
        .match_id = stmt_text(q, 0, arena),
        .entity_id = stmt_text(q, 1, arena),
        .account_id = stmt_text(q, 2, arena),
        .class_ = stmt_text(q, 3, arena),
        .match_type = stmt_text(q, 4, arena),
        .rule = stmt_text(q, 5, arena),
        .rule_version = stmt_int(q, 6),
        .proposer = stmt_text(q, 8, arena),
        .proposer_principal = stmt_text(q, 9, arena),
        .proposer_obo = stmt_text(q, 10, arena),
        .composition_sha256 = stmt_text(q, 11, arena),
        .difference_minor = stmt_int(q, 14),
        .score_bp = stmt_int(q, 15),
        .ambiguous = stmt_bool(q, 16),
        .sure = stmt_bool(q, 17),
        .evidence = stmt_text(q, 19, arena),
        .rationale = stmt_text(q, 20, arena),
        .seq = stmt_int(q, 21),
        .version = stmt_int(q, 23),
        .state_seq = stmt_int(q, 24),
        .difference_account = stmt_text(q, 25, arena),
    };
    bool known = source_find(stmt_text(q, 7, arena), &m->source) &&
                 match_state_find(stmt_text(q, 22, arena), &m->state);
    TRY(arena_check(arena));
    ENSURE(known, ERR_STORE, "a match has a source or state that is none");
    TRY(money_make(stmt_int(q, 13), currency, &m->amount));
    return legs_parse(arena, stmt_str(q, 18, arena), m);
}

struct err match_load(struct tx *tx, struct arena *arena, const char *match_id, struct match *m)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, MATCH_LOAD);
    stmt_bind_text(q, 1, match_id);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "there is no such match");
    return match_read(q, arena, m);
}

static struct err leg_take(struct tx *tx, const struct match *m, const struct leg *leg, bool *taken)
{
    bool parts;
    TRY(parts_any(tx, &parts));
    const size_t take = parts ? LEG_TAKE_PARTS : LEG_TAKE;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, take);
    stmt_bind_text(q, 1, leg->entry_id);
    stmt_bind_text(q, 2, m->match_id);
    TRY(stmt_run(q));
    *taken = db_changes(tx->db) == 0;
    return OK;
}

static struct err legs_run(struct tx *tx, size_t statement, const struct match *m)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, statement);
    stmt_bind_text(q, 1, m->match_id);
    return stmt_run(q);
}

/* What was taken of a match that is not to be. */
static struct err legs_release(struct tx *tx, const struct match *m)
{
    TRY(legs_run(tx, LEGS_UNSETTLE, m));
    return legs_run(tx, LEGS_RELEASE, m);
}

static struct err legs_take(struct tx *tx, const struct match *m, bool *taken)
{
    *taken = false;
    for (size_t i = 0; i < m->legs_n && !*taken; i++)
        TRY(m->legs[i].part ? part_take(tx, m, &m->legs[i]) : leg_take(tx, m, &m->legs[i], taken));
    return *taken ? legs_release(tx, m) : OK;
}

static void match_bind(struct stmt *q, const struct match *m, struct str legs, int64_t seq)
{
    stmt_bind_text(q, 1, m->match_id);
    stmt_bind_text(q, 2, m->entity_id);
    stmt_bind_text(q, 3, m->account_id);
    stmt_bind_text(q, 4, m->class_);
    stmt_bind_text(q, 5, m->match_type);
    stmt_bind_text(q, 6, m->rule);
    stmt_bind_int(q, 7, m->rule_version);
    stmt_bind_text(q, 8, source_name(m->source));
    stmt_bind_text(q, 9, m->proposer);
    stmt_bind_text(q, 10, m->proposer_principal);
    stmt_bind_text(q, 11, m->proposer_obo);
    stmt_bind_text(q, 12, m->composition_sha256);
    stmt_bind_text(q, 13, m->amount.cur);
    stmt_bind_int(q, 14, m->amount.minor);
    stmt_bind_int(q, 15, m->difference_minor);
    stmt_bind_int(q, 16, m->score_bp);
    stmt_bind_bool(q, 17, m->ambiguous);
    stmt_bind_bool(q, 18, m->sure);
    stmt_bind_str(q, 19, legs);
    stmt_bind_text(q, 20, m->evidence);
    stmt_bind_text(q, 21, m->rationale);
    stmt_bind_int(q, 22, seq);
}

struct err match_insert_open(struct tx *tx, struct match *m, bool *taken)
{
    struct buf *legs = &tx->store->text;
    qsort(m->legs, m->legs_n, sizeof *m->legs, leg_order);
    if (m->match_id == NULL)
        m->match_id = tx_new_id(tx, "mat");
    ENSURE(m->match_id != NULL, ERR_LIMIT, "out of memory");
    buf_clear(legs);
    TRY(legs_print(m, legs));
    TRY(legs_take(tx, m, taken));
    if (*taken)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, MATCH_INSERT);
    m->seq = tx_seq(tx);
    m->state = MATCH_PROPOSED;
    m->version = 1;
    match_bind(q, m, buf_str(legs), m->seq);
    TRY(stmt_run(q));
    return difference_insert(tx, m);
}

struct err match_insert(struct tx *tx, struct match *m)
{
    bool taken;
    TRY(match_insert_open(tx, m, &taken));
    ENSURE(!taken, ERR_CONFLICT, "an entry stands in a live match already, whole or in part");
    return OK;
}

struct err match_of_entry(struct tx *tx, struct arena *arena, const char *entry_id,
                          const char **match_id)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, LEG_FIND);
    stmt_bind_text(q, 1, entry_id);
    TRY(stmt_step(q, &row));
    *match_id = row ? stmt_text(q, 0, arena) : NULL;
    return arena_check(arena);
}

struct err match_was_rejected(struct tx *tx, const char *composition_sha256, bool *yes)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, COMPOSITION_REJECTED);
    stmt_bind_text(q, 1, composition_sha256);
    return stmt_step(q, yes);
}

struct err match_was_asked(struct tx *tx, const char *match_id, const char *actor,
                           const char *policy_version, bool *yes)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, MATCH_ASKED);
    stmt_bind_text(q, 1, match_id);
    stmt_bind_text(q, 2, actor);
    stmt_bind_text(q, 3, policy_version);
    return stmt_step(q, yes);
}

static struct err state_put(struct tx *tx, const struct match *m, enum match_state to,
                            const char *actor)
{
    const size_t put = m->version == 1 ? STATE_FIRST : STATE_NEXT;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, put);
    stmt_bind_text(q, 1, m->match_id);
    stmt_bind_text(q, 2, match_state_name(to));
    stmt_bind_text(q, 3, actor);
    stmt_bind_int(q, 4, m->version + 1);
    stmt_bind_int(q, 5, tx_seq(tx));
    TRY(stmt_run(q));
    ENSURE(db_changes(tx->db) == 1, ERR_CONFLICT, "the match has moved on in the meantime");
    return to == MATCH_CONFIRMED ? legs_run(tx, LEGS_SETTLE, m) : OK;
}

/* Its entries are free again, and the same proposal is not made a second time. */
static struct err match_end(struct tx *tx, const struct match *m)
{
    TRY(parts_release(tx, m->match_id));
    TRY(legs_release(tx, m));
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, COMPOSITION_REJECT);
    stmt_bind_text(q, 1, m->composition_sha256);
    stmt_bind_text(q, 2, m->match_id);
    return stmt_run(q);
}

/* The row's canonical text, as tables.c makes it of the row itself. */
static struct err state_print(const struct match *m, const char *actor, struct buf *text)
{
    buf_clear(text);
    buf_puts(text, "{\"actor\":");
    TRY(jcs_text_print(str_of(actor), text));
    buf_puts(text, ",\"match_id\":");
    TRY(jcs_text_print(str_of(m->match_id), text));
    buf_puts(text, ",\"seq\":\"");
    buf_puti(text, m->state_seq);
    buf_puts(text, "\",\"state\":\"");
    buf_puts(text, match_state_name(m->state));
    buf_puts(text, "\",\"version\":\"");
    buf_puti(text, m->version);
    buf_puts(text, "\"}");
    return buf_check(text);
}

static struct err state_note(struct tx *tx, const struct match *m, const char *actor)
{
    struct buf *text = &tx->store->text;
    uint8_t hash[SHA256_LEN];
    TRY(state_print(m, actor, text));
    sha256(text->at, text->len, hash);
    return effect_note(tx, TABLE_MATCH_STATES, m->match_id, m->version, hash);
}

struct err match_transition(struct tx *tx, struct match *m, enum match_state to, const char *actor)
{
    TRY(state_put(tx, m, to, actor));
    if (to == MATCH_REJECTED || to == MATCH_REVERSED)
        TRY(match_end(tx, m));
    m->state = to;
    m->version++;
    m->state_seq = tx_seq(tx);
    return state_note(tx, m, actor);
}

/* ---- what was taken back ---- */

static void legs_text_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct str *)row = stmt_str(q, 0, arena);
}

static int hash_order(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

struct err reversed_load(struct tx *tx, struct arena *arena, const char *entity_id,
                         const char *account_id, struct reversed *reversed)
{
    void *texts;
    size_t n;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, LEGS_REVERSED);
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, account_id);
    TRY(rows_read(q, arena, sizeof(struct str), legs_text_read, &texts, &n));
    *reversed = (struct reversed){.sha256 = ARENA_ARRAY(arena, n, const char *)};
    ENSURE(reversed->sha256 != NULL, ERR_LIMIT, "out of memory");
    for (; reversed->n < n; reversed->n++) {
        struct match m = {.legs_n = 0};
        TRY(legs_parse(arena, ((const struct str *)texts)[reversed->n], &m));
        TRY(match_composition(arena, "", m.legs, m.legs_n, &reversed->sha256[reversed->n]));
    }
    if (n > 0)
        qsort(reversed->sha256, n, sizeof *reversed->sha256, hash_order);
    return OK;
}

struct err reversed_has(const struct reversed *reversed, struct arena *arena,
                        const struct leg *legs, size_t n, bool *yes)
{
    const char *sha256;
    *yes = false;
    if (reversed->n == 0)
        return OK;
    TRY(match_composition(arena, "", legs, n, &sha256));
    *yes = bsearch(&sha256, reversed->sha256, reversed->n, sizeof *reversed->sha256, hash_order) !=
           NULL;
    return OK;
}

/* ---- lists ---- */

struct err matches_list(struct tx *tx, struct arena *arena, const char *entity_id,
                        const char *account_id, enum match_state state, const char *after,
                        int64_t limit, struct match **rows, size_t *n)
{
    struct match *list = ARENA_ARRAY(arena, (size_t)limit, struct match);
    ENSURE(list != NULL, ERR_LIMIT, "out of memory");
    *n = 0;
    CLEANUP(stmt_reset)
    struct stmt *q =
        db_stmt(tx->db, SQL_MATCHES, account_id == NULL ? MATCHES_OF_ENTITY : MATCHES_LIST);
    stmt_bind_text(q, 1, entity_id);
    if (account_id != NULL)
        stmt_bind_text(q, 2, account_id);
    stmt_bind_text(q, 3, match_state_name(state));
    stmt_bind_text(q, 4, after == NULL ? "" : after);
    stmt_bind_int(q, 5, limit);
    while (*n < (size_t)limit) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        TRY(match_read(q, arena, &list[(*n)++]));
    }
    *rows = list;
    return OK;
}

struct err matches_count(struct tx *tx, const char *entity_id, struct match_counts *counts)
{
    *counts = (struct match_counts){0};
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, MATCHES_COUNT);
    stmt_bind_text(q, 1, entity_id);
    for (;;) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        struct str state = stmt_peek(q, 0);
        if (str_is(state, "PROPOSED_MATCH"))
            counts->proposed = stmt_int(q, 1);
        else if (str_is(state, "CONFIRMED"))
            counts->confirmed = stmt_int(q, 1);
        else if (str_is(state, "REJECTED"))
            counts->rejected = stmt_int(q, 1);
        else
            counts->reversed = stmt_int(q, 1);
    }
}

#define MATCH_SUMS_MAX 1024 /* types and currencies, not matches */

struct err matches_confirmed(struct tx *tx, struct arena *arena, const char *entity_id,
                             struct match_sum **sums, size_t *n)
{
    struct match_sum *list = ARENA_ARRAY(arena, MATCH_SUMS_MAX, struct match_sum);
    ENSURE(list != NULL, ERR_LIMIT, "out of memory");
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHES, MATCHES_CONFIRMED);
    stmt_bind_text(q, 1, entity_id);
    for (*n = 0;; (*n)++) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        ENSURE(*n < MATCH_SUMS_MAX, ERR_LIMIT, "too many types of match to add up");
        list[*n].match_type = stmt_text(q, 0, arena);
        list[*n].by_policy = stmt_int(q, 1) != 0;
        list[*n].count = stmt_int(q, 3);
        TRY(money_make(stmt_int(q, 4), stmt_text(q, 2, arena), &list[*n].amount));
    }
    *sums = list;
    return arena_check(arena);
}
