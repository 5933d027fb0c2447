/* The statements of pbc.h, as they are asked and as they are handed to the auditor. Amounts are in
 * minor units here; a column called amount stands before its currency. */
#include "engine/store/pbc.h"
#include "engine/store/sql.h"

#define RANGE " seq BETWEEN ?1 AND ?2"
/* Of the entities asked for, and telling nothing of others. */
#define OURS                                                                                       \
    " (?3 IS NULL OR (entity_id IN (SELECT value FROM json_each(?3))"                              \
    " AND NOT EXISTS (SELECT 1 FROM json_each(event, '$.gate_input.entities')"                     \
    " WHERE value NOT IN (SELECT value FROM json_each(?3)))"                                       \
    " AND NOT EXISTS (SELECT 1 FROM json_each(event, '$.entities')"                                \
    " WHERE value NOT IN (SELECT value FROM json_each(?3)))))"
/* Of all of the book: what tells of everybody. */
#define WHOLE " ?3 IS NULL"

#define OWN_EYES                                                                                   \
    "event ->> '$.action' = 'CONFIRM' AND event ->> '$.decision' = 'allow' AND EXISTS"             \
    " (SELECT 1 FROM json_each(event, '$.gate_input.proposers')"                                   \
    " WHERE value = event ->> '$.principal_id')"
#define LLM_CONFIRMS                                                                               \
    "event ->> '$.action' = 'CONFIRM' AND event ->> '$.decision' = 'allow'"                        \
    " AND event ->> '$.gate_input.actor_kind' = 'llm'"
#define NO_CLAUSE                                                                                  \
    "event ->> '$.decision' IN ('human', 'deny') AND coalesce(event ->> '$.clause_text', '') = ''"
#define IN_CLOSED_PERIOD                                                                           \
    "event ->> '$.decision' = 'allow' AND event ->> '$.gate_input.posting' = 1"                    \
    " AND event ->> '$.gate_input.period_closed' = 1"
#define UNSAFE   "json_array_length(event, '$.posture') > 0"
#define NO_FACTS "event ->> '$.decision' IS NOT NULL AND event -> '$.gate_input' IS NULL"
#define UNNAMED                                                                                    \
    "event ->> '$.decision' = 'allow' AND event ->> '$.gate_input.actor_kind' = 'human'"           \
    " AND event ->> '$.principal_id' IS NULL"
#define LISTS(claim) "SELECT seq FROM audit_events WHERE" RANGE " AND" OURS " AND " claim

const struct pbc_claim pbc_unexpected[] = {
    {"A match was confirmed by a person who had proposed it.", LISTS(OWN_EYES)},
    {"A match was confirmed by a language model.", LISTS(LLM_CONFIRMS)},
    {"A call was refused or held without a clause of the policy.", LISTS(NO_CLAUSE)},
    {"An entry was posted into a closed period.", LISTS(IN_CLOSED_PERIOD)},
    {"An engine ran with an unsafe switch (posture).", LISTS(UNSAFE)},
    {"A decision was recorded without the facts it rested on.", LISTS(NO_FACTS)},
    {"A person's act was allowed without a principal.", LISTS(UNNAMED)},
    {NULL, NULL},
};

#define HISTORY                                                                                    \
    "SELECT seq, event, lower(hex(hash_prev)) AS hash_prev, lower(hex(hash_self)) AS hash_self"    \
    " FROM audit_events"

const struct db_sql pbc_sql[] = {
    [PBC_POPULATION] = {"pbc_population",
                        "SELECT seq FROM audit_events WHERE" RANGE " AND" OURS
                        " AND event ->> '$.action' = ?5 AND event ->> '$.decision' IS NOT NULL"
                        " ORDER BY seq"},
    [PBC_DEAD_LETTERS] =
        {"pbc_dead_letters",
         "SELECT seq, timestamp_utc, escalation_id, entity_id, event ->> '$.detail.channel' AS"
         " channel, event ->> '$.detail.attempts' AS attempts, event ->> '$.detail.problem' AS"
         " problem, actor_id FROM audit_events WHERE event_type = 'DELIVERY_FAILED' AND" RANGE
         " AND" OURS " ORDER BY seq"},
    [PBC_SWEEPER_RUNS] =
        {"pbc_sweeper_runs",
         "SELECT seq, timestamp_utc, event_type, actor_id, event ->> '$.tool' AS tool,"
         " event ->> '$.decision' AS decision, event ->> '$.object.type' AS object_type,"
         " event ->> '$.object.id' AS object_id, entity_id, escalation_id,"
         " event ->> '$.detail' AS detail FROM audit_events"
         " WHERE actor_id IN ('engine:sweeper', 'engine:recovery') AND" RANGE " AND" OURS
         " ORDER BY seq"},
    [PBC_EXCEPTIONS] =
        {"pbc_exceptions",
         "WITH let_go AS MATERIALIZED (SELECT DISTINCT l.value ->> '$.entry_id' AS entry_id"
         " FROM match_states s JOIN matches m ON m.match_id = s.match_id, json_each(m.legs) l"
         " WHERE s.seq > ?2 AND m.seq <= ?2 AND s.state IN ('REJECTED', 'REVERSED')),"
         " listed AS (SELECT x.exception_id, x.entity_id, x.account_id, x.entry_id, x.class,"
         " x.seq AS seq, a.timestamp_utc AS found_at, e.date AS entry_date,"
         " e.amount_minor AS amount, e.currency,"
         " CASE WHEN s.seq IS NULL THEN 'OPEN' WHEN s.seq <= ?2 THEN s.state ELSE coalesce("
         "(SELECT h.event ->> '$.state_to' FROM object_events o"
         " JOIN audit_events h ON h.seq = o.seq WHERE o.object = 'exception:' || x.exception_id"
         " AND o.seq <= ?2 AND h.event ->> '$.object.type' = 'exception'"
         " AND h.event ->> '$.state_to' IS NOT NULL ORDER BY o.seq DESC LIMIT 1), 'OPEN') END"
         " AS state, NOT EXISTS (SELECT 1 FROM exceptions n WHERE n.entry_id = x.entry_id"
         " AND n.seq > x.seq AND n.seq <= ?2) AS latest,"
         " EXISTS (SELECT 1 FROM live_legs l JOIN matches m ON m.match_id = l.match_id"
         " WHERE l.entry_id = x.entry_id AND m.seq <= ?2) OR EXISTS (SELECT 1 FROM live_parts p"
         " JOIN matches m ON m.match_id = p.match_id WHERE p.entry_id = x.entry_id"
         " AND m.seq <= ?2) OR x.entry_id IN (SELECT entry_id FROM let_go) AS in_match"
         " FROM exceptions x JOIN audit_events a ON a.seq = x.seq"
         " JOIN entries e ON e.entry_id = x.entry_id"
         " AND e.version = (SELECT max(v.version) FROM entries v WHERE v.entry_id = x.entry_id"
         " AND v.seq <= ?2)"
         " LEFT JOIN exception_states s ON s.exception_id = x.exception_id"
         " WHERE x.seq <= ?2 AND (?3 IS NULL OR"
         " x.entity_id IN (SELECT value FROM json_each(?3))))"
         " SELECT exception_id, entity_id, account_id, entry_id, class, state, entry_date,"
         " CAST(julianday(?4) - julianday(entry_date) AS INTEGER) AS age_days,"
         " CASE WHEN julianday(?4) - julianday(entry_date) <= 30 THEN '0-30'"
         " WHEN julianday(?4) - julianday(entry_date) <= 60 THEN '31-60'"
         " WHEN julianday(?4) - julianday(entry_date) <= 90 THEN '61-90'"
         " WHEN julianday(?4) - julianday(entry_date) <= 120 THEN '91-120' ELSE '121+' END"
         " AS age, amount, currency, seq AS found_seq, found_at FROM listed"
         " WHERE latest AND NOT in_match AND state NOT IN ('RESOLVED', 'WRITTEN_OFF')"
         " ORDER BY entry_date, exception_id"},
    [PBC_FX_RATES] =
        {"pbc_fx_rates",
         "SELECT coalesce(currency, '') AS amount_currency, v.value ->> '$.currency' AS"
         " into_currency, v.value ->> '$.rate' AS rate, v.value ->> '$.source' AS source,"
         " v.value ->> '$.as_of' AS as_of, v.value ->> '$.status' AS status, count(*) AS decisions,"
         " min(seq) AS first_seq, max(seq) AS last_seq FROM (SELECT seq, event,"
         " event ->> '$.currency' AS currency FROM audit_events WHERE" RANGE " AND" OURS "),"
         " json_each(event, '$.gate_input.values') v WHERE v.value ->> '$.source' IS NOT NULL"
         " GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 5, 3, 4, 6"},
    [PBC_INGESTION] =
        {"pbc_ingestion",
         "SELECT seq, timestamp_utc, actor_id, entity_id, event ->> '$.detail.file.source_id' AS"
         " source_id, event ->> '$.detail.file.file_id' AS file_id,"
         " event ->> '$.detail.file.name' AS file_name, event ->> '$.detail.file.sha256' AS"
         " file_sha256, event ->> '$.detail.rows' AS rows, event ->> '$.detail.loaded' AS loaded,"
         " event ->> '$.detail.duplicates' AS duplicates, event ->> '$.detail.quarantined' AS"
         " quarantined, event ->> '$.detail.statement' AS statement,"
         " event ->> '$.detail.last' AS last_chunk, event ->> '$.detail.totals' AS control_totals,"
         " event ->> '$.batch_id' AS run_id FROM audit_events"
         " WHERE event_type = 'INGESTED' AND" RANGE " AND" OURS " ORDER BY seq"},
    [PBC_OVERRIDES] =
        {"pbc_overrides",
         "SELECT d.seq, d.timestamp_utc, d.event_type, d.event ->> '$.action' AS action,"
         " d.actor_id, d.event ->> '$.principal_id' AS principal_id, d.entity_id,"
         " d.event ->> '$.object.type' AS object_type, d.event ->> '$.object.id' AS object_id,"
         " d.match_id, d.escalation_id, e.reason AS held_for, e.pointer AS clause_pointer,"
         " CAST(d.event ->> '$.amount_minor' AS INTEGER) AS amount,"
         " d.event ->> '$.currency' AS currency, d.event ->> '$.state_to' AS state_to,"
         " e.created_at AS asked_at, d.event ->> '$.opened_at' AS opened_at,"
         " d.event ->> '$.rationale_author' AS rationale_author,"
         " d.event ->> '$.rationale' AS rationale"
         " FROM (SELECT * FROM audit_events"
         " WHERE actor_id >= 'human:' AND actor_id < 'human;' AND" RANGE " AND" OURS ") d"
         " LEFT JOIN escalations e ON e.escalation_id = d.escalation_id"
         " WHERE d.event ->> '$.decision' = 'allow' AND d.event ->> '$.action' IN ('CONFIRM',"
         " 'RESOLVE', 'REJECT', 'UNMATCH', 'RESOLVE_EXCEPTION', 'POST_ENTRY', 'CHANGE_POLICY',"
         " 'CHANGE_REGISTRY', 'CHANGE_MASTER_DATA', 'SET_DELEGATION', 'FREEZE', 'THAW')"
         " ORDER BY d.seq"},
    [PBC_ACTORS_USED] =
        {"pbc_actors_used",
         "SELECT actor_id, event ->> '$.principal_id' AS principal_id,"
         " event ->> '$.auth.backend' AS backend, event ->> '$.auth.iss' AS issuer,"
         " count(*) AS events, sum(coalesce(event ->> '$.decision' = 'allow', 0)) AS allowed,"
         " sum(coalesce(event ->> '$.decision' = 'human', 0)) AS held,"
         " sum(coalesce(event ->> '$.decision' = 'deny', 0)) AS refused, min(seq) AS first_seq,"
         " max(seq) AS last_seq, min(timestamp_utc) AS first_act, max(timestamp_utc) AS last_act"
         " FROM audit_events WHERE" RANGE " AND" OURS " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"},
    [PBC_POLICY_EVENTS] =
        {"pbc_policy_events",
         "SELECT seq, timestamp_utc, event_type, event ->> '$.object.id' AS policy_version,"
         " actor_id, event ->> '$.principal_id' AS principal_id,"
         " event ->> '$.detail.replaces' AS replaces, escalation_id FROM audit_events"
         " WHERE event_type IN ('POLICY_PROPOSED', 'POLICY_APPROVED', 'POLICY_LOADED')"
         " AND seq <= ?2 ORDER BY seq"},
    [PBC_REGISTRY_EVENTS] =
        {"pbc_registry_events",
         "SELECT seq, timestamp_utc, event_type, actor_id, event ->> '$.principal_id' AS"
         " principal_id, event ->> '$.detail.act' AS act, event ->> '$.object.type' AS object_type,"
         " event ->> '$.object.id' AS object_id, escalation_id, event ->> '$.detail.before' AS"
         " before, event ->> '$.detail.after' AS after FROM audit_events"
         " WHERE event_type IN ('REGISTRY_CHANGED', 'FROZEN', 'THAWED') AND" RANGE " AND" WHOLE
         " ORDER BY seq"},
    [PBC_ENGINE_STARTS] =
        {"pbc_engine_starts",
         "SELECT seq, timestamp_utc, event_type, event ->> '$.build' AS build,"
         " event ->> '$.detail.env' AS env, event ->> '$.detail.config_sha256' AS config_sha256,"
         " event ->> '$.detail.binary_sha256' AS binary_sha256,"
         " event ->> '$.detail.schema_sha256' AS schema_sha256, policy_version,"
         " event ->> '$.posture' AS posture FROM audit_events"
         " WHERE event_type IN ('BOOK_CREATED', 'ENGINE_STARTED', 'CONFIG_CHANGED') AND" RANGE
         " ORDER BY seq"},
    [PBC_REFUSED] =
        {"pbc_refused",
         "SELECT event ->> '$.reason' AS reason, event ->> '$.action' AS action, actor_id,"
         " count(*) AS times, min(seq) AS first_seq, max(seq) AS last_seq FROM audit_events"
         " WHERE event_type = 'POLICY_VIOLATION' AND" RANGE " AND" OURS
         " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"},
    [PBC_MATCH] = {"pbc_match",
                   "SELECT match_id, entity_id, account_id, class, match_type, rule, rule_version,"
                   " source, proposer, proposer_principal, proposer_obo, composition_sha256,"
                   " amount_minor AS amount, currency, difference_minor, score_bp, ambiguous, sure,"
                   " legs, evidence, rationale, seq AS proposed_seq FROM matches"
                   " WHERE match_id = ?5 AND seq <= ?2"},
    [PBC_MATCH_LEGS] =
        {"pbc_match_legs",
         "SELECT e.entry_id, e.version, e.side, e.source_id, e.file_id, f.name AS file_name,"
         " f.sha256 AS file_sha256, e.row_no, e.entity_id, e.account_id, e.date, e.value_date,"
         " e.amount_minor AS amount, e.currency, e.counterparty, e.memo, e.reference, e.group_key,"
         " e.journal_id, e.contra_account, e.event_kind, e.reverses, e.raw_sha256,"
         " e.seq AS loaded_seq FROM matches m, json_each(m.legs) l JOIN entries e"
         " ON e.entry_id = l.value ->> '$.entry_id' AND e.version = l.value ->> '$.version'"
         " LEFT JOIN files f ON f.file_id = e.file_id WHERE m.match_id = ?5"
         " AND (?3 IS NULL OR e.entity_id IN (SELECT value FROM json_each(?3))) ORDER BY l.key"},
    [PBC_ESCALATION] =
        {"pbc_escalation",
         "SELECT escalation_id, code, digest AS bound_sha256, bound, tool, args, object_type,"
         " object_id, object_version, entity_id, amount_minor AS amount, currency, policy_version,"
         " reason, clause, pointer, requester, requester_principal, requester_obo, created_at,"
         " expires_at FROM escalations WHERE escalation_id = ?5"},
    [PBC_DELIVERIES] = {"pbc_deliveries",
                        "SELECT channel, status, attempts, detail, at, seq FROM deliveries"
                        " WHERE escalation_id = ?5 AND seq <= ?2 ORDER BY delivery_id"},
    [PBC_HISTORY_OF_MATCH] = {"pbc_history_of_match", HISTORY
                              " WHERE match_id = ?5 AND seq <= ?2 AND" OURS " ORDER BY seq"},
    [PBC_HISTORY_OF_ESCALATION] = {"pbc_history_of_escalation",
                                   HISTORY " WHERE escalation_id = ?5 AND seq <= ?2 AND" OURS
                                           " ORDER BY seq"},
    [PBC_HISTORY_OF_OBJECT] = {"pbc_history_of_object", HISTORY
                               " WHERE seq IN (SELECT seq FROM object_events"
                               " WHERE object = ?5 AND seq <= ?2) AND" OURS " ORDER BY seq"},
    [PBC_SCHEMA] = {"pbc_schema", "SELECT type, name, tbl_name, sql FROM sqlite_schema"
                                  " WHERE sql IS NOT NULL ORDER BY type, name"},
    [PBC_TYPES] = {"pbc_types", "SELECT event_type, count(*) AS events, min(seq) AS first_seq,"
                                " max(seq) AS last_seq FROM audit_events WHERE" RANGE
                                " GROUP BY event_type ORDER BY event_type"},
    [PBC_HASH] = {"pbc_hash", "SELECT seq, lower(hex(hash_self)) AS hash_self FROM audit_events"
                              " WHERE seq = ?2"},
    [PBC_EVENT] = {"pbc_event", HISTORY " WHERE seq = ?2"},
    [PBC_LOG] = {"pbc_log", "SELECT seq, event, hash_prev, hash_self," OURS
                            " AS shown FROM audit_events WHERE" RANGE " ORDER BY seq"},
    [PBC_LAST] = {"pbc_last", "SELECT seq FROM audit_events WHERE seq <= ?2 AND event_type NOT IN"
                              " ('ENGINE_STARTED', 'EXPORTED') ORDER BY seq DESC LIMIT 1"},
};
const size_t pbc_sql_n = sizeof pbc_sql / sizeof pbc_sql[0];

const char *pbc_text(enum pbc_query query)
{
    return pbc_sql[query].text;
}
