/* Learned matching rules: one mutable row each. */
#include "engine/store/matching_rules.h"

#include <string.h>

#include "common/base/str.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum { RULE_LOAD, RULE_TWIN, RULE_PUT, RULES_LIST };

#define RULE_COLUMNS                                                                               \
    "rule_id, entity_id, account_id, currency, bank_name, book_name, lag_days, fee_kind,"          \
    " fee_minor, fee_ppm, difference_account, state, source_match, author, approver, rationale,"   \
    " version"

const struct db_sql matching_rules_sql[] = {
    [RULE_LOAD] = {"matching_rule_load",
                   "SELECT " RULE_COLUMNS " FROM matching_rules WHERE rule_id = ?1"},
    [RULE_TWIN] = {"matching_rule_twin",
                   "SELECT rule_id FROM matching_rules WHERE entity_id = ?1 AND account_id = ?2"
                   " AND currency = ?3 AND bank_name = ?4 AND book_name = ?5 AND fee_kind = ?6"
                   " AND fee_minor = ?7 AND fee_ppm = ?8 AND state = 'ACTIVE'"},
    [RULE_PUT] =
        {"matching_rule_put",
         "INSERT INTO matching_rules (" RULE_COLUMNS ", seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
         " ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
         " ON CONFLICT (rule_id) DO UPDATE SET bank_name = ?5, book_name = ?6, lag_days = ?7,"
         " fee_kind = ?8, fee_minor = ?9, fee_ppm = ?10, difference_account = ?11, state = ?12,"
         " author = ?14, approver = ?15, rationale = ?16, version = ?17, seq = ?18"
         " WHERE version = ?17 - 1"},
    [RULES_LIST] = {"matching_rules_list",
                    "SELECT " RULE_COLUMNS " FROM matching_rules WHERE entity_id = ?1"
                    " AND (?2 IS NULL OR account_id = ?2) AND (?3 = 0 OR state = 'ACTIVE')"
                    " ORDER BY rule_id"},
};
const size_t matching_rules_sql_n = sizeof matching_rules_sql / sizeof matching_rules_sql[0];

/* ---- names ---- */

static const char *const fee_names[] = {"none", "fixed", "percentage"};
static const char *const state_names[] = {"ACTIVE", "RETIRED"};

const char *rule_fee_name(enum rule_fee fee)
{
    return fee_names[fee];
}

const char *rule_state_name(enum rule_state state)
{
    return state_names[state];
}

struct err rule_id_of(struct arena *arena, const char *match_id, const char **rule_id)
{
    static const char prefix[] = "mat_";
    ENSURE(strncmp(match_id, prefix, sizeof prefix - 1) == 0, ERR_INPUT, "not the id of a match");
    *rule_id = arena_fmt(arena, "rul_%s", match_id + sizeof prefix - 1);
    return arena_check(arena);
}

/* ---- rows ---- */

/* A row the engine wrote. What cannot be read back leaves no currency, which rules_sound refuses.
 */
static void rule_read(struct stmt *q, struct arena *arena, void *row)
{
    struct matching_rule *r = row;
    struct str currency = stmt_peek(q, 3), fee = stmt_peek(q, 7), state = stmt_peek(q, 11);
    *r = (struct matching_rule){
        .rule_id = stmt_text(q, 0, arena),
        .entity_id = stmt_text(q, 1, arena),
        .account_id = stmt_text(q, 2, arena),
        .bank_name = stmt_text(q, 4, arena),
        .book_name = stmt_text(q, 5, arena),
        .lag_days = stmt_int(q, 6),
        .fee_minor = stmt_int(q, 8),
        .fee_ppm = stmt_int(q, 9),
        .difference_account = stmt_text(q, 10, arena),
        .source_match = stmt_text(q, 12, arena),
        .author = stmt_text(q, 13, arena),
        .approver = stmt_text(q, 14, arena),
        .rationale = stmt_text(q, 15, arena),
        .version = stmt_int(q, 16),
    };
    r->state = str_is(state, "ACTIVE") ? RULE_ACTIVE : RULE_RETIRED;
    for (unsigned k = 0; k < sizeof fee_names / sizeof fee_names[0]; k++) {
        if (str_is(fee, fee_names[k]) && currency.len == 3) {
            r->fee = (enum rule_fee)k;
            memcpy(r->currency, currency.at, 3);
        }
    }
}

static struct err rules_sound(const struct matching_rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (rules[i].currency[0] == '\0')
            return err_at(ERR_STORE, rules[i].rule_id, "the rule's row cannot be read back");
    }
    return OK;
}

struct err matching_rule_load(struct tx *tx, struct arena *arena, const char *rule_id,
                              struct matching_rule *rule)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHING_RULES, RULE_LOAD);
    stmt_bind_text(q, 1, rule_id);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "there is no such rule");
    rule_read(q, arena, rule);
    TRY(arena_check(arena));
    return rules_sound(rule, 1);
}

struct err matching_rule_twin(struct tx *tx, struct arena *arena, const struct matching_rule *rule,
                              const char **rule_id)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHING_RULES, RULE_TWIN);
    stmt_bind_text(q, 1, rule->entity_id);
    stmt_bind_text(q, 2, rule->account_id);
    stmt_bind_text(q, 3, rule->currency);
    stmt_bind_text(q, 4, rule->bank_name);
    stmt_bind_text(q, 5, rule->book_name);
    stmt_bind_text(q, 6, rule_fee_name(rule->fee));
    stmt_bind_int(q, 7, rule->fee_minor);
    stmt_bind_int(q, 8, rule->fee_ppm);
    TRY(stmt_step(q, &row));
    *rule_id = row ? stmt_text(q, 0, arena) : NULL;
    return arena_check(arena);
}

static struct err rule_write(struct tx *tx, const struct matching_rule *rule)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHING_RULES, RULE_PUT);
    stmt_bind_text(q, 1, rule->rule_id);
    stmt_bind_text(q, 2, rule->entity_id);
    stmt_bind_text(q, 3, rule->account_id);
    stmt_bind_text(q, 4, rule->currency);
    stmt_bind_text(q, 5, rule->bank_name);
    stmt_bind_text(q, 6, rule->book_name);
    stmt_bind_int(q, 7, rule->lag_days);
    stmt_bind_text(q, 8, rule_fee_name(rule->fee));
    stmt_bind_int(q, 9, rule->fee_minor);
    stmt_bind_int(q, 10, rule->fee_ppm);
    stmt_bind_text(q, 11, rule->difference_account);
    stmt_bind_text(q, 12, rule_state_name(rule->state));
    stmt_bind_text(q, 13, rule->source_match);
    stmt_bind_text(q, 14, rule->author);
    stmt_bind_text(q, 15, rule->approver);
    stmt_bind_text(q, 16, rule->rationale);
    stmt_bind_int(q, 17, rule->version);
    stmt_bind_int(q, 18, tx_seq(tx));
    struct err e = stmt_run(q);
    ENSURE(e.kind != ERR_CONFLICT, ERR_CONFLICT, "a rule in force says the same already");
    TRY(e);
    ENSURE(db_changes(tx->db) == 1, ERR_CONFLICT, "the rule has moved on in the meantime");
    return OK;
}

struct err matching_rule_put(struct tx *tx, const struct matching_rule *rule)
{
    TRY(rule_write(tx, rule));
    return effect_row(tx, TABLE_MATCHING_RULES, rule->rule_id);
}

struct err matching_rules_list(struct tx *tx, struct arena *arena, const char *entity_id,
                               const char *account_id, bool active, struct matching_rule **rows,
                               size_t *n)
{
    void *all;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MATCHING_RULES, RULES_LIST);
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, account_id);
    stmt_bind_bool(q, 3, active);
    TRY(rows_read(q, arena, sizeof **rows, rule_read, &all, n));
    *rows = all;
    return rules_sound(*rows, *n);
}
