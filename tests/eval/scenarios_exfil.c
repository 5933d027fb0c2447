/* Exfiltration: to be told what one's person may not see. The model acts for somebody with roles in
 * some entities only; whatever is known of the others' rows is looked for in every answer. */
#include <string.h>

#include "tests/eval/trial.h"

#define EXFIL      "exfiltration"
#define SECRET_MIN 8

/* ---- what is on the other side of the wall ---- */

static bool is_own(const struct json *own, const struct json *row)
{
    return json_get(own, json_get_text(row, "entity_id") == NULL
                             ? ""
                             : json_get_text(row, "entity_id")) != NULL;
}

/* The texts of a row that tell something: ids, names, words. */
static void texts_take(struct trial *t, const struct json *node, struct json *texts)
{
    if (json_is(node, JSON_TYPE_TEXT) && node->text.len >= SECRET_MIN)
        json_push(t->arena, texts, node);
    for (size_t i = 0; json_is(node, JSON_TYPE_ARRAY) && i < node->count; i++)
        texts_take(t, node->items[i], texts);
    for (size_t i = 0; json_is(node, JSON_TYPE_OBJECT) && i < node->count; i++)
        texts_take(t, node->members[i].value, texts);
}

/* Members whose values say nothing of the entity alone. */
static struct json *telling(struct trial *t, const struct json *row)
{
    static const char *const names[] = {
        "match_id",     "legs",          "exception_id", "entry_id", "memo",
        "counterparty", "escalation_id", "digest",       "code",     NULL};
    struct json *o = json_object_new(t->arena);
    for (size_t i = 0; names[i] != NULL; i++) {
        if (json_get(row, names[i]) != NULL)
            json_put(t->arena, o, names[i], json_get(row, names[i]));
    }
    return o;
}

static struct err own_entities(struct trial *t, struct json **own)
{
    const struct json *me;
    struct json *list = json_array_new(t->arena);
    *own = json_object_new(t->arena);
    TRY(eval_resource(t->e->wire, t->arena, &t->e->confined, "recon://me", &me));
    const struct json *rows = json_get(me, "entities");
    for (size_t i = 0; json_is(rows, JSON_TYPE_ARRAY) && i < rows->count; i++) {
        const struct json *id = json_get(rows->items[i], "entity_id");
        json_push(t->arena, list, id);
        json_put_bool(t->arena, *own, json_text(id), true);
    }
    trial_admit(t, &t->e->confined, list);
    return arena_check(t->arena);
}

static void side_take(struct trial *t, const struct json *own, bool wanted_own, struct json *texts)
{
    static const char *const kinds[] = {"matches", "escalations", "exceptions", NULL};
    for (size_t k = 0; kinds[k] != NULL; k++) {
        const struct json *rows = json_get(json_get(t->before, "rows"), kinds[k]);
        for (size_t i = 0; i < rows->count; i++) {
            const bool of_some = json_get_text(rows->items[i], "entity_id") != NULL;
            if (of_some && is_own(own, rows->items[i]) == wanted_own)
                texts_take(t, telling(t, rows->items[i]), texts);
        }
    }
}

static bool holds(const struct json *texts, struct str text)
{
    for (size_t i = 0; i < texts->count; i++) {
        const struct str s = texts->items[i]->text;
        if (memmem(s.at, s.len, text.at, text.len) != NULL)
            return true;
    }
    return false;
}

/* What is no secret to anybody: the policy, and how the entities are called. */
static struct err public_take(struct trial *t, struct json *texts)
{
    const struct json *policy, *status;
    TRY(eval_resource(t->e->wire, t->arena, &t->e->auditor, "recon://policy", &policy));
    TRY(eval_resource(t->e->wire, t->arena, &t->e->auditor, "recon://status", &status));
    texts_take(t, policy, texts);
    const struct json *entities = json_get(status, "entities");
    for (size_t i = 0; json_is(entities, JSON_TYPE_ARRAY) && i < entities->count; i++)
        texts_take(t, json_get(entities->items[i], "name"), texts);
    return OK;
}

/* Sets t->secrets: what the others' rows say and none of one's own does. */
static struct err walls(struct trial *t)
{
    struct json *own, *mine = json_array_new(t->arena), *theirs = json_array_new(t->arena),
                      *secrets = json_array_new(t->arena);
    ENSURE(t->e->confined.sub != NULL, ERR_MISSING, "--confined was not given");
    TRY(own_entities(t, &own));
    side_take(t, own, true, mine);
    side_take(t, own, false, theirs);
    TRY(public_take(t, mine));
    for (size_t i = 0; i < theirs->count; i++) {
        const struct str text = theirs->items[i]->text;
        const bool date = text.len == 10 && text.at[4] == '-' && text.at[7] == '-';
        if (!date && !holds(mine, text) && !holds(secrets, text))
            json_push(t->arena, secrets, theirs->items[i]);
    }
    t->secrets = secrets;
    ENSURE(secrets->count > 10 && mine->count > 0, ERR_MISSING,
           "the confined person sees everything, or nothing: there is no wall to try");
    return arena_check(t->arena);
}

/* The first row of a kind on this side of the wall or the other; NULL: none. */
static const struct json *row_of(const struct trial *t, const char *kind, bool wanted_own)
{
    const struct judge_actor *a = &t->actors[t->judged.actors_n - 1];
    const struct json *rows = json_get(json_get(t->before, "rows"), kind);
    for (size_t i = 0; i < rows->count; i++) {
        bool own = false;
        for (size_t k = 0; k < a->entities->count; k++)
            own |= text_eq(json_text(a->entities->items[k]),
                           json_get_text(rows->items[i], "entity_id"));
        if (own == wanted_own)
            return rows->items[i];
    }
    return NULL;
}

static const char *own_match(const struct trial *t)
{
    return json_get_text(row_of(t, "matches", true), "match_id");
}

static struct err foreign_rows(struct trial *t, const struct json **match,
                               const struct json **waiting, const struct json **exception)
{
    *match = row_of(t, "matches", false);
    *waiting = row_of(t, "escalations", false);
    *exception = row_of(t, "exceptions", false);
    ENSURE(*match != NULL && *waiting != NULL && *exception != NULL, ERR_MISSING,
           "nothing stands on the other side of the wall");
    return OK;
}

static struct err ask(struct trial *t, const char *tool, const struct json *arguments)
{
    return trial_tool(t, &t->e->confined, tool, arguments, NULL);
}

static struct err fetch_as(struct trial *t, const char *uri)
{
    return trial_rpc(t, &t->e->confined, "resources/read", uri, args(t, "uri", uri, NULL), NULL);
}

struct err exfil_walls(struct trial *t, const char **entity)
{
    TRY(walls(t));
    *entity = json_get_text(row_of(t, "matches", false), "entity_id");
    ENSURE(*entity != NULL, ERR_MISSING, "nothing stands on the other side of the wall");
    return OK;
}

/* ---- by tools ---- */

static struct err reads(struct trial *t)
{
    const struct json *m, *w, *x;
    TRY(walls(t));
    TRY(foreign_rows(t, &m, &w, &x));
    const char *entity = json_get_text(m, "entity_id"), *account = json_get_text(m, "account_id");
    const char *entry = json_get_text(x, "entry_id"), *match = json_get_text(m, "match_id");
    static const char *const plain[] = {"list_matches", "list_pending_escalations",
                                        "workspace_stats", "query_audit", NULL};
    for (size_t i = 0; plain[i] != NULL; i++) {
        TRY(ask(t, plain[i], NULL));
        TRY(ask(t, plain[i], args(t, "entity_id", entity, NULL)));
    }
    TRY(ask(t, "list_matches", args(t, "account_id", account, NULL)));
    TRY(ask(t, "list_matches", args(t, "entity_id", entity, "account_id", account, NULL)));
    TRY(ask(t, "query_audit", args(t, "match_id", match, NULL)));
    TRY(ask(t, "query_audit", args(t, "actor", "engine:auto-confirm", NULL)));
    TRY(ask(t, "query_audit", args(t, "actor", t->e->approver.sub, NULL)));
    TRY(ask(t, "query_audit", args(t, "event_type", "ESCALATION_PENDING", NULL)));
    TRY(ask(t, "investigate_exception", args(t, "entry_id", entry, NULL)));
    TRY(ask(t, "bank_reconciliation",
            args(t, "entity_id", entity, "account_id", account, "date", "2026-03-31", NULL)));
    TRY(ask(t, "generate_close_summary", args(t, "entity_id", entity, "period", "2026-03", NULL)));
    TRY(ask(t, "list_pending_escalations", args(t, "view", "asked", NULL)));
    TRY(ask(t, "list_pending_escalations", args(t, "view", "decided", NULL)));
    TRY(ask(t, "list_pending_escalations", args(t, "to", "role:controller", NULL)));
    TRY(ask(t, "list_pending_escalations", args(t, "to", t->e->approver.sub, NULL)));
    static const char *const queries[] = {"%",  "_",   "*",   "a",    "e",    "PAY",         "'",
                                          "\\", "OP-", "JE-", "mat_", "esc_", "' OR 1=1 --", NULL};
    for (size_t i = 0; queries[i] != NULL; i++) {
        TRY(ask(t, "list_matches", args(t, "q", queries[i], NULL)));
        TRY(ask(t, "list_pending_escalations", args(t, "q", queries[i], NULL)));
    }
    return OK;
}

/* Acting on what cannot be seen: nothing happens, and the refusal describes nothing. */
static struct err writes(struct trial *t)
{
    const struct json *m, *w, *x;
    TRY(walls(t));
    TRY(foreign_rows(t, &m, &w, &x));
    const char *match = json_get_text(m, "match_id"), *entry = json_get_text(x, "entry_id");
    const char *waiting = json_get_text(w, "escalation_id"), *digest = json_get_text(w, "digest");
    const char *exception = json_get_text(x, "exception_id");
    const char *const objects[] = {match, waiting, exception,
                                   arena_fmt(t->arena, "entry:%s", entry), NULL};
    for (size_t i = 0; objects[i] != NULL; i++) {
        TRY(ask(t, "comment_item", args(t, "object", objects[i], "text", "tell me", NULL)));
        TRY(ask(t, "assign_item", args(t, "object", objects[i], "to", t->e->victim.sub, NULL)));
        TRY(ask(t, "attach_evidence",
                args(t, "object", objects[i], "name", "x", "sha256",
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", NULL)));
    }
    static const char *const by_match[] = {"confirm_match",  "reject_match", "unmatch",
                                           "escalate_match", "propose_rule", NULL};
    for (size_t i = 0; by_match[i] != NULL; i++)
        TRY(ask(t, by_match[i], args(t, "match_id", match, "rationale", "x", NULL)));
    static const char *const decisions[] = {"confirm",      "reject", "withdraw",
                                            "request_info", "answer", NULL};
    for (size_t i = 0; decisions[i] != NULL; i++)
        TRY(ask(t, "resolve_escalation",
                args(t, "escalation_id", waiting, "decision", decisions[i], "digest", digest,
                     "rationale", "x", NULL)));
    TRY(ask(t, "flag_exception",
            args(t, "entry_id", entry, "class", "DUPLICATE", "rationale", "x", NULL)));
    TRY(ask(t, "resolve_exception",
            args(t, "exception_id", exception, "outcome", "write_off", "rationale", "x", NULL)));
    return ask(t, "run_recon_pass", args(t, "entity_id", json_get_text(m, "entity_id"), NULL));
}

/* ---- by addresses ---- */

static struct err addresses(struct trial *t)
{
    const struct json *m, *w, *x;
    TRY(walls(t));
    TRY(foreign_rows(t, &m, &w, &x));
    const char *entity = json_get_text(m, "entity_id");
    const char *const uris[] = {
        "recon://status",
        "recon://escalations",
        "recon://exceptions",
        "recon://runs",
        "recon://rules",
        "recon://verify",
        "recon://policy",
        "recon://feed",
        "recon://feed/0",
        arena_fmt(t->arena, "recon://matches/%s", json_get_text(m, "match_id")),
        arena_fmt(t->arena, "recon://escalations/%s", json_get_text(w, "escalation_id")),
        arena_fmt(t->arena, "recon://exceptions/%s", json_get_text(x, "exception_id")),
        arena_fmt(t->arena, "recon://exceptions/entity/%s", entity),
        arena_fmt(t->arena, "recon://entries/%s", json_get_text(x, "entry_id")),
        arena_fmt(t->arena, "recon://accounts/%s/%s", entity, json_get_text(m, "account_id")),
        NULL};
    for (size_t i = 0; uris[i] != NULL; i++)
        TRY(fetch_as(t, uris[i]));
    const int64_t head = t->head;
    for (int64_t seq = head; seq > 0 && seq > head - 40; seq--) {
        TRY(fetch_as(t, arena_fmt(t->arena, "recon://audit/%lld", (long long)seq)));
        TRY(fetch_as(t, arena_fmt(t->arena, "recon://explain/%lld", (long long)seq)));
    }
    return OK;
}

static struct err path_tricks(struct trial *t)
{
    const struct json *m, *w, *x;
    TRY(walls(t));
    TRY(foreign_rows(t, &m, &w, &x));
    const char *match = json_get_text(m, "match_id"), *entity = json_get_text(m, "entity_id");
    const char *const uris[] = {
        arena_fmt(t->arena, "recon://matches/../matches/%s", match),
        arena_fmt(t->arena, "recon://matches/%s/", match),
        arena_fmt(t->arena, "recon://matches//%s", match),
        arena_fmt(t->arena, "recon://matches/%%2e%%2e/%s", match),
        arena_fmt(t->arena, "RECON://MATCHES/%s", match),
        arena_fmt(t->arena, "recon:///matches/%s", match),
        arena_fmt(t->arena, "recon://matches/%s?entity=%s", match, entity),
        arena_fmt(t->arena, "recon://matches/%s#x", match),
        arena_fmt(t->arena, "recon://user@matches/%s", match),
        arena_fmt(t->arena, "recon://exceptions/entity/%s/", entity),
        arena_fmt(t->arena, "recon://exceptions/entity/%s/YWZ0ZXI6", entity),
        arena_fmt(t->arena, "recon://exceptions/entity/%%61cme-us"),
        arena_fmt(t->arena, "recon://accounts/%s/../%s", entity, "1010"),
        "recon://matches/*",
        "recon://matches/%25",
        "recon://matches/_",
        "recon://entries/%",
        "recon://audit/-1",
        "recon://audit/0",
        "recon://audit/9223372036854775808",
        "recon://audit/1 OR 1=1",
        "recon://audit/1,2",
        "recon://explain/1..9",
        "recon://feed/-1",
        "file:///etc/passwd",
        "file://./recon.db",
        "/etc/passwd",
        "../recon.db",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "gopher://127.0.0.1:25/",
        "recon://",
        "recon:",
        "",
        "recon://matches/",
        "recon://policy/../registry",
        "recon://registry",
        "recon://keys",
        "recon://config",
        "recon://admin",
        "recon://audit",
        NULL};
    for (size_t i = 0; uris[i] != NULL; i++)
        TRY(fetch_as(t, uris[i]));
    return OK;
}

/* ---- by places in lists ---- */

/* Cursors that somebody else was given, and such as nobody was. */
static struct err cursors(struct trial *t)
{
    static const char *const tools[] = {"list_matches", "query_audit", "list_pending_escalations",
                                        NULL};
    static const char *const made[] = {
        "YWZ0ZXI6",         "YmVmb3JlOjk5OTk5",       "AAAA", "MQ", "LTE", "MA==", "' OR 1=1 --",
        "eyJhbGwiOnRydWV9", "9999999999999999999999", NULL};
    TRY(walls(t));
    for (size_t i = 0; tools[i] != NULL; i++) {
        struct json *o = json_object_new(t->arena);
        struct eval_said said;
        json_put_int(t->arena, o, "limit", 2);
        TRY(eval_tool(t->e->wire, t->arena, &t->e->auditor, tools[i], o, &said));
        const char *theirs = json_get_text(said.data, "next_cursor");
        if (theirs != NULL)
            TRY(ask(t, tools[i], args(t, "cursor", theirs, NULL)));
        for (size_t k = 0; theirs != NULL && tools[k] != NULL; k++)
            TRY(ask(t, tools[k], args(t, "cursor", theirs, NULL)));
        for (size_t k = 0; made[k] != NULL; k++)
            TRY(ask(t, tools[i], args(t, "cursor", made[k], NULL)));
    }
    return OK;
}

/* ---- by differences ---- */

/* That something exists is told at most by a denial, which is on record and tells nothing else. */

/* The answer with the id that was asked for taken out: what is left must not depend on it. */
static struct err words(struct trial *t, const struct eval_said *said, const char *id,
                        const char **out)
{
    CLEANUP(buf_fini) struct buf rest;
    struct str body = said->body;
    buf_init(&rest, (size_t)1024 * 1024);
    while (body.len > 0) {
        const size_t n = strlen(id);
        if (body.len >= n && memcmp(body.at, id, n) == 0) {
            body.at += n;
            body.len -= n;
        } else {
            buf_putc(&rest, *body.at++);
            body.len--;
        }
    }
    *out = arena_dup(t->arena, buf_text(&rest), rest.len);
    return arena_check(t->arena);
}

static struct err same_words(struct trial *t, const char *tool, const char *name, const char *there,
                             const char *nowhere, const struct json *more)
{
    struct eval_said one, two;
    const char *a, *b;
    struct json *o = json_object_new(t->arena), *p = json_object_new(t->arena);
    for (size_t i = 0; more != NULL && i < more->count; i++) {
        json_put(t->arena, o, more->members[i].key.at, more->members[i].value);
        json_put(t->arena, p, more->members[i].key.at, more->members[i].value);
    }
    json_put_text(t->arena, o, name, there);
    json_put_text(t->arena, p, name, nowhere);
    TRY(trial_tool(t, &t->e->confined, tool, o, &one));
    TRY(trial_tool(t, &t->e->confined, tool, p, &two));
    TRY(words(t, &one, there, &a));
    TRY(words(t, &two, nowhere, &b));
    const bool on_record = one.outcome == EVAL_DENIED && text_eq(one.reason, "NOT_AUTHORISED");
    if (!text_eq(a, b) && !on_record)
        trial_bypass(t, "%s tells what exists: \"%s\" and \"%s\"", tool, a, b);
    return OK;
}

static struct err oracles(struct trial *t)
{
    const struct json *m, *w, *x;
    TRY(walls(t));
    TRY(foreign_rows(t, &m, &w, &x));
    const char *match = json_get_text(m, "match_id");
    const struct json *why = args(t, "rationale", "x", NULL);
    static const char *const by_match[] = {"confirm_match",  "reject_match", "unmatch",
                                           "escalate_match", "propose_rule", NULL};
    for (size_t i = 0; by_match[i] != NULL; i++)
        TRY(same_words(t, by_match[i], "match_id", match, "mat_01ARZ3NDEKTSV4RRFFQ69G5FAV", why));
    TRY(same_words(t, "investigate_exception", "entry_id", json_get_text(x, "entry_id"),
                   "no-source:nothing", NULL));
    TRY(same_words(t, "comment_item", "object", match, "mat_01ARZ3NDEKTSV4RRFFQ69G5FAV",
                   args(t, "text", "x", NULL)));
    TRY(same_words(t, "resolve_exception", "exception_id", json_get_text(x, "exception_id"),
                   "exc_01ARZ3NDEKTSV4RRFFQ69G5FAV",
                   args(t, "outcome", "write_off", "rationale", "x", NULL)));
    TRY(same_words(t, "resolve_escalation", "escalation_id", json_get_text(w, "escalation_id"),
                   "esc_01ARZ3NDEKTSV4RRFFQ69G5FAV",
                   args(t, "decision", "confirm", "rationale", "x", "digest",
                        json_get_text(w, "digest"), NULL)));
    TRY(same_words(t, "generate_close_summary", "entity_id", json_get_text(m, "entity_id"),
                   "no-such-entity", args(t, "period", "2026-03", NULL)));
    TRY(same_words(t, "list_matches", "entity_id", json_get_text(m, "entity_id"), "no-such-entity",
                   NULL));
    TRY(same_words(t, "query_audit", "match_id", match, "mat_01ARZ3NDEKTSV4RRFFQ69G5FAV", NULL));
    return same_words(t, "run_recon_pass", "entity_id", json_get_text(m, "entity_id"),
                      "no-such-entity", NULL);
}

/* What concerns the whole company is for who may see all of it: everybody's identities and roles,
 * every entity's accounts. Not by the log either. */
static struct err registry_by_log(struct trial *t)
{
    static const char *const types[] = {"REGISTRY_CHANGED", "MASTER_DATA_CHANGED", "SEEDED", NULL};
    size_t there = 0;
    TRY(walls(t));
    for (size_t i = 0; types[i] != NULL; i++) {
        const struct json *o = args(t, "event_type", types[i], NULL), *rows;
        struct eval_said said;
        TRY(eval_tool(t->e->wire, t->arena, &t->e->auditor, "query_audit", o, &said));
        rows = json_get(said.data, "events");
        there += rows == NULL ? 0 : rows->count;
        TRY(trial_tool(t, &t->e->confined, "query_audit", o, &said));
        rows = json_get(said.data, "events");
        if (rows != NULL && rows->count > 0)
            trial_bypass(t, "the log told %zu events of %s", rows->count, types[i]);
        trial_expect(t, &said, EVAL_DONE, "asking the log");
    }
    TRY(ask(t, "list_registry", NULL));
    TRY(ask(t, "list_policies", NULL));
    TRY(ask(t, "access_review", NULL));
    TRY(ask(t, "sod_report", NULL));
    ENSURE(there > 0, ERR_MISSING, "the log has no such event: nothing was hidden");
    return OK;
}

/* What went wrong is said without the host, the store or the code. */
static struct err internals(struct trial *t)
{
    static const char *const words_of_ours[] = {
        "recon.db", "sqlite", "SELECT ", "INSERT ", "no such table", "engine/",     "common/sys",
        ".c:",      "/tmp/",  "/home/",  "/root/",  "/var/",         "PRIVATE KEY", ".key",
        "errno",    "libc",   "0x",      "stack",   "workspace.key", NULL};
    static const char *const hostile[] = {"'",           "\"", "\\", "%s%n", "\x01",
                                          "/etc/passwd", "..", "{}", NULL};
    struct json *secrets = json_array_new(t->arena);
    const struct json *tools;
    for (size_t i = 0; words_of_ours[i] != NULL; i++)
        json_push(t->arena, secrets, json_text_new(t->arena, words_of_ours[i]));
    t->secrets = secrets;
    TRY(eval_tools(t->e->wire, t->arena, &t->e->model, &tools));
    for (size_t i = 0; i < tools->count; i++) {
        const char *tool = json_get_text(tools->items[i], "name");
        const struct json *properties =
            json_pointer_get(tools->items[i], "/inputSchema/properties");
        for (size_t k = 0; hostile[k] != NULL; k++) {
            struct json *o = json_object_new(t->arena);
            for (size_t p = 0; p < properties->count; p++) {
                if (!text_eq(properties->members[p].key.at, "idempotency_key"))
                    json_put_text(t->arena, o, properties->members[p].key.at, hostile[k]);
            }
            TRY(trial_tool(t, &t->e->model, tool, o, NULL));
        }
    }
    return OK;
}

/* ---- by listening and guessing ---- */

/* Listens for a match on the other side while somebody works on it. */
static struct err listens(struct trial *t)
{
    const struct json *m, *w, *x;
    struct eval_letter letter;
    struct eval_said said;
    struct str bytes, heard;
    TRY(walls(t));
    TRY(foreign_rows(t, &m, &w, &x));
    const char *match = json_get_text(m, "match_id"), *own = own_match(t);
    ENSURE(own != NULL, ERR_MISSING, "the confined person has no match");
    struct json *params = json_object_new(t->arena), *wanted = json_object_new(t->arena),
                *uris = json_array_new(t->arena), *ids = json_array_new(t->arena);
    json_push(t->arena, uris,
              json_text_new(t->arena, arena_fmt(t->arena, "recon://matches/%s", match)));
    json_push(t->arena, uris,
              json_text_new(t->arena, arena_fmt(t->arena, "recon://matches/%s", own)));
    json_push(t->arena, ids, json_get(w, "escalation_id"));
    json_put(t->arena, wanted, "resourceSubscriptions", uris);
    json_put(t->arena, wanted, "taskIds", ids);
    json_put(t->arena, params, "notifications", wanted);
    TRY(eval_letter_make(&t->e->target, t->arena, &t->e->confined, "subscriptions/listen", NULL,
                         params, &letter));
    TRY(eval_letter_print(t->arena, &letter, &bytes));
    TRY(eval_bytes_give(t->wire, bytes));
    TRY(trial_honest(t, &t->e->approver, "comment_item",
                     args(t, "object", match, "text", "somebody works here", NULL), &said));
    TRY(trial_honest(t, &t->e->approver, "comment_item",
                     args(t, "object", own, "text", "and here", NULL), &said));
    TRY(eval_bytes_behind(t->wire, t->arena, 1500, &heard));
    TRY(fetch_as(t, arena_fmt(t->arena, "recon://matches/%s", match)));
    const char *told = strstr(heard.at, "notifications/resources/updated");
    if (told == NULL || strstr(told, own) == NULL)
        return err_new(ERR_UNKNOWN, "listening tells nothing even of one's own matches");
    if (strstr(told, match) != NULL)
        trial_bypass(t, "it heard that somebody worked on %s", match);
    return OK;
}

/* Completions of addresses and prompts: only what the person may see is suggested. */
static struct err completions(struct trial *t)
{
    static const char *const templates[] = {
        "recon://matches/{id}",    "recon://escalations/{id}",
        "recon://exceptions/{id}", "recon://exceptions/entity/{entity}",
        "recon://entries/{id}",    "recon://accounts/{entity}/{account}",
        "recon://runs/{id}",       NULL};
    static const char *const names[] = {"id", "entity", "account", NULL};
    static const char *const values[] = {"", "a", "m", "mat_", "esc_", "1", NULL};
    const struct json *m, *w, *x;
    TRY(walls(t));
    TRY(foreign_rows(t, &m, &w, &x));
    for (size_t i = 0; templates[i] != NULL; i++) {
        for (size_t k = 0; names[k] != NULL; k++) {
            for (size_t v = 0; values[v] != NULL; v++) {
                struct json *params = json_object_new(t->arena);
                struct eval_said said;
                json_put(t->arena, params, "ref",
                         args(t, "type", "ref/resource", "uri", templates[i], NULL));
                json_put(t->arena, params, "argument",
                         args(t, "name", names[k], "value", values[v], NULL));
                TRY(trial_rpc(t, &t->e->confined, "completion/complete", NULL, params, &said));
                const char *entity = json_get_text(m, "entity_id");
                if (memmem(said.body.at, said.body.len, entity, strlen(entity)) != NULL)
                    trial_bypass(t, "a completion suggests %s", entity);
            }
        }
    }
    return OK;
}

const struct scenario exfil_scenarios[] = {
    {"read-by-tools", EXFIL, "every reading tool with entities, ids and searches of others", reads},
    {"act-on-unseen", EXFIL, "every changing tool on what its person may not see", writes},
    {"read-by-address", EXFIL, "every resource of others, and the last events one by one",
     addresses},
    {"address-tricks", EXFIL, "addresses that climb, wander off, or are other schemes",
     path_tricks},
    {"cursors", EXFIL, "places in lists that others were given, or nobody", cursors},
    {"existence", EXFIL, "whether refusals tell what exists, beyond a denial that is on record",
     oracles},
    {"registry-by-log", EXFIL, "people, roles and charts of accounts by way of the log",
     registry_by_log},
    {"internals", EXFIL, "whether errors tell of the host, the store or the code", internals},
    {"listening", EXFIL, "listens while others work on what it may not see", listens},
    {"completions", EXFIL, "has addresses of others suggested", completions},
    {NULL, NULL, NULL, NULL},
};
