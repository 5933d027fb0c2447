/* The tables. Names are the engine's; helps are for whoever writes a screen. */
#include "agent/inbox/shapes.h"

#include "agent/call/shape_rows.h"

/* clang-format off */
/* ---- people and places ---- */

static const struct json_field entity_rows[] = {
    TEXT("entity_id", MUST), TEXT("name"), TEXT("currency"), TEXT("zone"),
};
static const struct json_field account_rows[] = {
    TEXT("account_id", MUST), TEXT("name"), TEXT("class"), TRUTH("reconciled"),
};
static const struct json_field person_rows[] = {
    TEXT("principal_id"), TEXT("actor"), TEXT("name"),
};
static const struct json_field by_rows[] = {
    TEXT("actor", MUST, .help = "human:…, llm:… or engine:…"), TEXT("name"),
    ONE("on_behalf_of", person_rows, OR_NULL),
};
static const struct json_field period_rows[] = {TEXT("from", MUST), TEXT("to", MUST)};
static const struct json_field comment_rows[] = {
    TEXT("comment_id", MUST), TEXT("author", MUST), TEXT("author_kind"), TEXT("created_at", MUST),
    TEXT("text", MUST, .help = "as it was written: untrusted"),
};
static const struct json_field addressee_rows[] = {
    TEXT("principal", .help = "a person; or"), TEXT("role"), TEXT("by", MUST, .help = "who put it before them"),
};
static const struct json_field difference_rows[] = {
    TEXT("pointer", MUST, .help = "into the bound facts"), ANY("was"), ANY("now"),
};

/* ---- matches ---- */

static const struct json_field leg_rows[] = {
    TEXT("entry_id", MUST), WHOLE("version", MUST), TEXT("side", MUST, .help = "bank, gl or subledger"),
    AMOUNT("amount", MUST), TEXT("currency", OR_NULL), TEXT("date", OR_NULL), TEXT("entity_id", OR_NULL),
    TEXT("account_id", OR_NULL), TEXT("counterparty", OR_NULL, .help = "untrusted, as memo and reference"),
    TEXT("memo", OR_NULL), TEXT("reference", OR_NULL), TEXT("journal_id", OR_NULL),
    TRUTH("part", .help = "only a part of the entry belongs here"),
};
static const struct json_field compared_rows[] = {
    TEXT("field", MUST), TEXT("bank", OR_NULL), TEXT("book", OR_NULL), WHOLE("score_bp", .help = "absent: looked at, not scored"),
};
static const struct json_field evidence_rows[] = {
    NUMBERS("score_parts_bp", .help = "by field, 10000 is all"), WHOLE("runner_up_bp"), WHOLE("margin_bp"),
    WHOLE("solutions", .help = "more than one: ambiguous"),
};
static const struct json_field alternative_rows[] = {
    TEXT("entry_id", MUST), TEXT("side"), AMOUNT("amount"), TEXT("currency", OR_NULL), TEXT("date", OR_NULL),
    TEXT("counterparty", OR_NULL), TEXT("memo", OR_NULL), TEXT("reference", OR_NULL), WHOLE("score_bp"),
    TEXT("state"),
};
static const struct json_field decided_rows[] = {
    WHOLE("seq", MUST), TEXT("event_type", MUST), TEXT("at", MUST), ONE("by", by_rows), TEXT("tool"),
    TEXT("rationale", OR_NULL),
};
static const struct json_field shape_match_rows[] = {
    TEXT("match_id", MUST), TEXT("entity_id", MUST), TEXT("account_id", MUST), TEXT("state", MUST),
    WHOLE("version", MUST), TEXT("class", MUST), TEXT("match_type", MUST), TEXT("rule", MUST),
    TEXT("source", MUST), TEXT("proposer", MUST), AMOUNT("amount", MUST), TEXT("currency", MUST),
    AMOUNT("difference", MUST, .help = "bank less ledger"), TEXT("difference_account", OR_NULL),
    WHOLE("score_bp"), TRUTH("ambiguous"), TEXT("rationale", OR_NULL),
    MANY("legs", leg_rows, MUST), MANY("compared", compared_rows), ONE("evidence", evidence_rows, OR_NULL),
    MANY("alternatives", alternative_rows), MANY("accounts", account_rows), ONE("period", period_rows, OR_NULL),
    TEXTS("counterparties"), ONE("proposed_by", by_rows, OR_NULL), TEXT("proposed_at"), WHOLE("proposed_seq"),
    ONE("decided", decided_rows, OR_NULL), TEXT("waits_as", OR_NULL, .help = "the open escalation"),
    MANY("comments", comment_rows),
};
SHAPE(shape_match, "Match", "recon://matches/{id}");

/* ---- escalations ---- */

static const struct json_field bound_leg_rows[] = {
    TEXT("entry_id", MUST), WHOLE("version", MUST), TEXT("side", MUST), AMOUNT("amount", MUST),
    TEXT("currency", OR_NULL), TEXT("date", OR_NULL), TEXT("counterparty", OR_NULL), TEXT("memo", OR_NULL),
    TEXT("reference", OR_NULL),
};
static const struct json_field facts_rows[] = {
    TEXT("account_id"), AMOUNT("difference"), MANY("legs", bound_leg_rows), TEXT("match_type"), TEXT("rule"),
    WHOLE("score_bp"),
};
static const struct json_field object_rows[] = {
    TEXT("id", MUST), TEXT("type", MUST), WHOLE("version", MUST),
};
static const struct json_field bound_rows[] = {
    TEXT("tool", MUST), TEXT("requester", MUST), ANY("arguments", MUST, .holds = JSON_TYPE_OBJECT),
    ANY("accounts", .holds = JSON_TYPE_ARRAY, .help = "ids; null where the contra is not known"), TEXTS("entities"), TEXT("entity_id", OR_NULL), AMOUNT("amount", OR_NULL),
    TEXT("currency", OR_NULL), TEXT("clause", MUST), TEXT("pointer", MUST), TEXT("reason", MUST),
    TEXT("policy_version", MUST), TEXT("expires_at", MUST), ONE("object", object_rows, OR_NULL),
    ONE("facts", facts_rows, OR_NULL),
};
static const struct json_field event_rows[] = {
    WHOLE("seq", MUST), TEXT("event_type", MUST), TEXT("at", MUST), TEXT("by", MUST), TEXT("tool", OR_NULL),
    TEXT("ruling", OR_NULL), TEXT("reason", OR_NULL), TEXT("rationale", OR_NULL), TEXT("state_from", OR_NULL),
    TEXT("state_to", OR_NULL),
};
static const struct json_field seat_rows[] = {TEXT("actor", MUST), TEXT("name")};
static const struct json_field stages_rows[] = {
    WHOLE("needed", MUST), WHOLE("missing", MUST), MANY("approved", seat_rows), TRUTH("you_approved"),
};
static const struct json_field may_rows[] = {
    TRUTH("may", MUST), TRUTH("with_rationale", .help = "own words are required"),
    TRUTH("needs_another", .help = "the first of two approvals"), TEXT("because"), TEXT("reason"),
    TEXT("clause"), TEXT("pointer"), MANY("difference", difference_rows),
};
static const struct json_field mays_rows[] = {
    ONE("confirm", may_rows), ONE("reject", may_rows), ONE("withdraw", may_rows),
    ONE("request_info", may_rows), ONE("answer", may_rows),
};
#define ROW_ROWS                                                                                   \
    TEXT("escalation_id", MUST), TEXT("code", MUST, .help = "what people compare: 7QK4-M2XD"),     \
    TEXT("state", MUST), TEXT("tool", MUST), TEXT("tier"), TEXT("entity_id", OR_NULL),             \
    TEXT("object_type", OR_NULL), TEXT("object_id", OR_NULL), AMOUNT("amount", OR_NULL),           \
    TEXT("currency", OR_NULL), TEXT("reason", MUST), TEXT("clause", MUST, .help = "word for word"), \
    TEXT("pointer", MUST), TEXT("created_at", MUST), TEXT("digest", MUST, .help = "a decision repeats it"), \
    TEXT("sla_due_at", OR_NULL), TRUTH("overdue")
static const struct json_field row_rows[] = {
    ROW_ROWS,
    TEXT("counterparty", .help = "the first that is bound: untrusted, as memo"),
    TEXT("memo", .help = "the first that is bound, when no counterparty is"),
    AMOUNT("bank_amount", .help = "with its sign, when one entry of the bank is bound"),
};
static const struct json_field counts_rows[] = {
    WHOLE("total", MUST), WHOLE("overdue"), WHOLE("matching"), NUMBERS("by_reason"), NUMBERS("by_entity"),
};
static const struct json_field shape_escalation_page_rows[] = {
    MANY("escalations", row_rows, MUST), ONE("counts", counts_rows, OR_NULL, .help = "of the first page"),
    TEXT("next_cursor", OR_NULL),
};
SHAPE(shape_escalation_page, "EscalationPage", "GET escalations");

static const struct json_field shape_escalation_rows[] = {
    ROW_ROWS, TEXT("requester", MUST), TEXT("expires_at", MUST), ONE("bound", bound_rows, MUST),
    ANY("notes", .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT), MANY("to", addressee_rows),
    ONE("assigned_to", addressee_rows, OR_NULL), TRUTH("you_asked"), TRUTH("may_decide"), TEXT("why_not", OR_NULL),
    TEXT("decided_by", OR_NULL),
    MANY("entities", entity_rows), MANY("accounts", account_rows), TEXTS("counterparties"),
    ONE("period", period_rows, OR_NULL), ONE("requested_by", by_rows, OR_NULL), ONE("proposed_by", by_rows, OR_NULL),
    ONE("stages", stages_rows, OR_NULL), ONE("may", mays_rows, OR_NULL), ONE("decided", decided_rows, OR_NULL),
    MANY("comments", comment_rows), MANY("events", event_rows), TRUTH("more_events"),
};
SHAPE(shape_escalation, "Escalation", "recon://escalations/{id}");

/* ---- what became of a call ---- */

static const struct json_field bulk_item_rows[] = {
    TEXT("escalation_id", MUST), TEXT("status", MUST, .help = "ok, pending_approval, denied, stale, settled, failed"),
    WHOLE("seq"), TEXT("reason"), TEXT("clause"), TEXT("pointer"), TEXT("message"), TEXT("outcome"),
    TEXT("decided_by"), TEXT("next"), MANY("difference", difference_rows),
};
static const struct json_field shape_outcome_rows[] = {
    TEXT("status", MUST, .help = "ok, pending_approval, denied, stale, or how it was settled"),
    WHOLE("seq", .help = "of the audit event"), TEXT("reason"), TEXT("clause"), TEXT("pointer"),
    TEXT("escalation_id"), TEXT("code"), TEXT("digest"), TEXT("decided_by"), TEXT("state"), TEXT("match_id"),
    MANY("difference", difference_rows), TEXT("next"), MANY("results", bulk_item_rows, .help = "of several at once"),
    ANY("receipt", .holds = JSON_TYPE_OBJECT, .help = "closegate-receipt/1 of that event: to be checked"),
};
SHAPE(shape_outcome, "Outcome", "What a tool answered");

/* ---- audit and policy ---- */

static const struct json_field audit_row_rows[] = {
    WHOLE("seq", MUST), TEXT("hash_prev", MUST), TEXT("hash_self", MUST),
    ANY("event", MUST, .holds = JSON_TYPE_OBJECT, .help = "as it was hashed (docs/AUDIT.md)"),
};
static const struct json_field shape_audit_page_rows[] = {
    MANY("events", audit_row_rows, MUST), TEXT("next_cursor", OR_NULL),
};
SHAPE(shape_audit_page, "AuditPage", "GET audit");

static const struct json_field clause_rows[] = {
    TEXT("pointer", MUST), TEXT("text", MUST), WHOLE("line", MUST),
};
static const struct json_field shape_policy_rows[] = {
    TEXT("policy_version", MUST), TEXT("text", MUST), MANY("clauses", clause_rows, MUST),
};
SHAPE(shape_policy, "Policy", "GET policy");
/* clang-format on */

static const struct shape *const shapes[] = {
    &shape_match,  &shape_escalation_page, &shape_escalation, &shape_outcome, &shape_audit_page,
    &shape_policy, &shape_decision,        &shape_bulk,       &shape_filter,
};
const struct shape_list inbox_shapes = {shapes, N(shapes)};
