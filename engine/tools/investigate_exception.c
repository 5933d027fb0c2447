/* investigate_exception: everything the book knows about an entry that stayed behind, in one read:
 * where it came from, what stood near it and why that was not it, what was tried before, and what
 * people said. Reading moves nothing: an exception is INVESTIGATING once somebody has it
 * (assign_item). */
#include "engine/store/files.h"
#include "engine/store/matches.h"
#include "engine/store/neighbours.h"
#include "engine/store/parts.h"
#include "engine/store/work.h"
#include "engine/tools/candidates.h"
#include "engine/tools/exception_facts.h"
#include "engine/tools/exception_print.h"
#include "engine/tools/scope.h"
#include "engine/tools/why_unmatched.h"

#define LIST_MAX 50

struct investigate_exception {
    const char *entry_id;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct investigate_exception, entry_id, .required = true, .max = 256,
              .help = "the entry, whether it is an exception now or was"),
};

struct investigated {
    const char *entry_id, *state, *why, *match_id, *open_amount;
    const struct json *entry, *source, *exceptions, *candidates, *similar, *journal, *matches,
        *comments, *evidence, *history;
    const char *assignee;
};

static const struct json_field result[] = {
    JSON_TEXT(struct investigated, entry_id, .required = true, .help = "the entry"),
    JSON_TEXT(struct investigated, state, .help = "unmatched, proposed, confirmed or exception"),
    JSON_TEXT(struct investigated, why,
              .help = "why it is not matched, in a sentence; candidates say it of each entry"),
    JSON_TEXT(struct investigated, match_id, .help = "the live match that holds it"),
    JSON_DECIMAL(struct investigated, open_amount, .help = "what no live match holds of it"),
    JSON_ANY(struct investigated, entry, .holds = JSON_TYPE_OBJECT,
             .help = "the line as its source wrote it"),
    JSON_ANY(struct investigated, source, .holds = JSON_TYPE_OBJECT,
             .help = "file, row and digest it came from, and the statement around it"),
    JSON_ANY(struct investigated, exceptions, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "all it had, the latest first"),
    JSON_ANY(struct investigated, candidates, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "what could stand beside it, each with why it does not"),
    JSON_ANY(struct investigated, similar, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "entries of its side with the same amount or counterparty"),
    JSON_ANY(struct investigated, journal, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "the lines of its journal"),
    JSON_ANY(struct investigated, matches, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "the live match, and those that were rejected or taken back"),
    JSON_TEXT(struct investigated, assignee, .help = "who has it: the entry's, not an exception's"),
    JSON_ANY(struct investigated, comments, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "about the entry itself"),
    JSON_ANY(struct investigated, evidence, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "of the entry itself"),
    JSON_ANY(struct investigated, history, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "events about the entry"),
};

/* ---- where it came from ---- */

static struct err statement_put(struct call *c, struct tx *tx, const struct entry *e,
                                struct json *o)
{
    struct statement *rows;
    size_t n;
    TRY(statements_list(tx, c->arena, e->entity_id, e->account_id, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        char from[DATE_TEXT_MAX], to[DATE_TEXT_MAX];
        if (!text_eq(rows[i].file_id, e->file_id) || e->date.days < rows[i].from.days ||
            e->date.days > rows[i].to.days)
            continue;
        struct json *s = json_object_new(c->arena);
        date_print(rows[i].from, from);
        date_print(rows[i].to, to);
        json_put_text(c->arena, s, "statement_id", rows[i].statement_id);
        json_put_text(c->arena, s, "from", arena_strdup(c->arena, from));
        json_put_text(c->arena, s, "to", arena_strdup(c->arena, to));
        json_put_bool(c->arena, s, "balanced", rows[i].balanced);
        json_put(c->arena, o, "statement", s);
        return OK;
    }
    return OK;
}

static struct err source_print(struct call *c, struct tx *tx, const struct entry *e,
                               const struct json **out)
{
    struct json *o = json_object_new(c->arena);
    struct file_row file;
    struct err found = file_load(tx, c->arena, e->file_id, &file);
    if (found.kind != ERR_MISSING)
        TRY(found);
    json_put_text(c->arena, o, "source_id", e->source_id);
    json_put_text(c->arena, o, "file_id", e->file_id);
    if (found.kind == ERR_NONE) {
        json_put_text(c->arena, o, "file", file.name);
        json_put_text(c->arena, o, "file_sha256", file.sha256);
    }
    json_put_int(c->arena, o, "row", e->row_no);
    json_put_text(c->arena, o, "row_sha256", e->raw_sha256);
    TRY(statement_put(c, tx, e, o));
    *out = o;
    return arena_check(c->arena);
}

/* ---- what was tried ---- */

static struct err match_put(struct call *c, struct tx *tx, const char *match_id, struct json *list)
{
    struct match m;
    struct scope scope;
    bool visible;
    struct json *o = json_object_new(c->arena), *legs = json_array_new(c->arena);
    for (size_t i = 0; i < list->count; i++) {
        if (text_eq(json_get_text(list->items[i], "match_id"), match_id))
            return OK;
    }
    TRY(match_load(tx, c->arena, match_id, &m));
    TRY(scope_load(c, tx, &scope));
    TRY(scope_has_match(&scope, c, tx, &m, &visible));
    if (!visible)
        return OK; /* it reaches into an entity that is not the caller's */
    for (size_t i = 0; i < m.legs_n; i++)
        json_push(c->arena, legs, json_text_new(c->arena, m.legs[i].entry_id));
    json_put_text(c->arena, o, "match_id", m.match_id);
    json_put_text(c->arena, o, "state", match_state_name(m.state));
    json_put_text(c->arena, o, "match_type", m.match_type);
    json_put_text(c->arena, o, "rule", m.rule);
    json_put_text(c->arena, o, "proposer", m.proposer);
    json_put_int(c->arena, o, "score_bp", m.score_bp);
    json_put_known(c->arena, o, "rationale", m.rationale);
    json_put(c->arena, o, "entries", legs);
    json_push(c->arena, list, o);
    return OK;
}

/* The live one, and those whose end its events tell of. */
static struct err matches_print(struct call *c, struct tx *tx, const struct investigated *seen,
                                const struct json **out)
{
    struct json *list = json_array_new(c->arena);
    if (seen->match_id != NULL)
        TRY(match_put(c, tx, seen->match_id, list));
    for (size_t i = 0; i < seen->history->count; i++) {
        const char *match_id = json_get_text(seen->history->items[i], "match_id");
        if (match_id != NULL)
            TRY(match_put(c, tx, match_id, list));
    }
    *out = list;
    return arena_check(c->arena);
}

static struct err journal_print(struct call *c, struct tx *tx, const struct entry *e,
                                const struct json **out)
{
    struct json *list = json_array_new(c->arena);
    struct entry *rows;
    size_t n = 0;
    if (e->journal_id != NULL)
        TRY(entries_of_journal(tx, c->arena, e, LIST_MAX, &rows, &n));
    for (size_t i = 0; i < n; i++)
        json_push(c->arena, list, entry_json(c->arena, &rows[i]));
    *out = list;
    return arena_check(c->arena);
}

/* ---- its exceptions ---- */

static struct err exceptions_print(struct call *c, struct tx *tx, const struct entry *e,
                                   struct json **out, struct exception_row **latest)
{
    struct exception_row *rows;
    size_t n;
    TRY(exceptions_of_entry(tx, c->arena, e->entry_id, LIST_MAX, &rows, &n));
    *out = json_array_new(c->arena);
    *latest = n == 0 ? NULL : &rows[0];
    for (size_t i = 0; i < n; i++) {
        struct json *o;
        TRY(exception_json(c, tx, &rows[i], e, &o));
        json_put_bool(c->arena, o, "superseded", !rows[i].latest);
        TRY(work_put(c, tx, object_key(c->arena, OBJECT_EXCEPTION, rows[i].exception_id), o));
        json_push(c->arena, *out, o);
    }
    return arena_check(c->arena);
}

static struct err work_of_entry(struct call *c, struct tx *tx, struct investigated *seen)
{
    const char *object = object_key(c->arena, OBJECT_ENTRY, seen->entry_id);
    struct json *work = json_object_new(c->arena);
    struct assignment a;
    TRY(work_put(c, tx, object, work));
    TRY(assignment_load(tx, c->arena, object, &a));
    seen->assignee = a.assignee;
    seen->comments = json_get(work, "comments");
    seen->evidence = json_get(work, "evidence");
    seen->history = json_get(work, "history");
    return OK;
}

static struct err state_of_entry(struct call *c, struct tx *tx, const struct entry *e,
                                 const struct exception_row *latest, struct investigated *seen)
{
    struct standing s = {.latest = latest};
    char amount[MONEY_TEXT_MAX];
    TRY(entry_state(tx, c->arena, e->entry_id, &s.state, &s.match_id));
    TRY(entry_open(tx, e, &s.open));
    TRY(why_unmatched(c, tx, e, &s, &seen->why));
    money_print(s.open, amount);
    seen->match_id = s.match_id;
    seen->state = entry_state_name(s.state);
    seen->open_amount = arena_strdup(c->arena, amount);
    return arena_check(c->arena);
}

static struct err read(struct call *c, struct tx *tx)
{
    const struct investigate_exception *args = c->args;
    struct entry e;
    struct exception_row *latest;
    struct json *exceptions, *candidates, *similar;
    TRY(entry_seen(c, tx, args->entry_id, &e));
    struct investigated seen = {.entry_id = e.entry_id, .entry = entry_json(c->arena, &e)};
    TRY(source_print(c, tx, &e, &seen.source));
    TRY(exceptions_print(c, tx, &e, &exceptions, &latest));
    TRY(state_of_entry(c, tx, &e, latest, &seen));
    TRY(candidates_print(c, tx, &e, latest, &candidates));
    TRY(similar_print(c, tx, &e, &similar));
    TRY(journal_print(c, tx, &e, &seen.journal));
    TRY(work_of_entry(c, tx, &seen));
    TRY(matches_print(c, tx, &seen, &seen.matches));
    seen.exceptions = exceptions;
    seen.candidates = candidates;
    seen.similar = similar;
    return json_unbind(c->arena, JSON_FIELDS(result), &seen, &c->result);
}

const struct tool tool_investigate_exception = {
    .name = "investigate_exception",
    .title = "Investigate an exception",
    .summary = "Everything the book knows about an entry that was not matched: why, its source, "
               "what stood near it and why that was not it, what was tried, what people said. "
               "Changes nothing; assign_item says that somebody works on it. find_entries and "
               "list_exceptions find the entry.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_MCP,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct investigate_exception),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = read,
};
