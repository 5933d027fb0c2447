/* What must hold after a failure: whoever was told of an effect finds it, once; whoever was told
 * that there is none finds none, unless it was said that it is not known; what failed said why; the
 * log and every row verify; and the same work can then be done, with the same end. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/db.h"
#include "engine/store/audit.h"
#include "tests/fault/torture.h"

/* What a flow may change, in numbers and words that are the same in every run of it. Events of
 * starts, and of work that was begun and failed, are there as often as it was tried. */
static const char state_sql[] =
    "SELECT group_concat(line, char(10)) FROM ("
    " SELECT 'events ' || event_type || ' ' || coalesce(tool, '') || ' ' || count(*) AS line"
    "  FROM (SELECT event_type, json_extract(event, '$.tool') AS tool FROM audit_events)"
    "  WHERE event_type NOT IN ('ENGINE_STARTED', 'RECOVERY_SWEEP', "
    "'RUN_STARTED',"
    "  'RUN_FAILED', 'RUN_SUCCEEDED', 'EXPORTED', 'SWEPT') AND coalesce(tool, '') NOT IN"
    "  ('ingest_file', 'run_recon_pass', 'rotate_log_key', 'sweep_runs')"
    "  GROUP BY event_type, tool"
    " UNION ALL SELECT 'match ' || m.match_type || ' ' || coalesce(s.state, 'PROPOSED') || ' '"
    "  || coalesce(s.version, 1) || ' ' || m.amount_minor FROM matches m"
    "  LEFT JOIN match_states s USING (match_id)"
    " UNION ALL SELECT 'escalation ' || state || ' ' || version || ' ' || tool FROM escalations"
    " UNION ALL SELECT 'entry ' || entry_id || ' ' || amount_minor FROM entries"
    " UNION ALL SELECT 'exception ' || entry_id || ' ' || class FROM exceptions"
    " UNION ALL SELECT 'quarantine ' || count(*) FROM quarantine"
    " UNION ALL SELECT 'file ' || source_id FROM files"
    " UNION ALL SELECT 'freeze ' || scope || ' ' || value || ' ' || status FROM freezes"
    " UNION ALL SELECT 'live ' || entry_id FROM live_legs"
    " UNION ALL SELECT 'lock ' || lock_key FROM advisory_locks"
    " UNION ALL SELECT DISTINCT 'run ' || kind FROM workflow_runs WHERE state <> 'FAILED'"
    " UNION ALL SELECT 'principal ' || name FROM principals"
    " UNION ALL SELECT 'role ' || role || ' ' || count(*) FROM roles GROUP BY role"
    " ORDER BY line)";

static bool is_there(void)
{
    struct stat st;
    return stat(world_path("recon.db"), &st) == 0 && st.st_size > 0;
}

static void state_take(char *out, size_t size)
{
    struct arena *arena = arena_new((size_t)16 << 20);
    const char *text = is_there() ? world_text(arena, state_sql, NULL) : "";
    const int n = snprintf(out, size, "%s", text == NULL ? "" : text);
    if (n < 0 || (size_t)n >= size)
        world_broken("the book's state is longer than there is room for it");
    arena_free(arena);
}

static int64_t events_of(const struct flow *flow, size_t i)
{
    char id[64];
    return is_there() ? world_number("SELECT count(*) FROM audit_events WHERE"
                                     " json_extract(event, '$.request_id') = ?1",
                                     request_id(flow, i, id))
                      : 0;
}

static bool is_job(const struct act *a)
{
    return a->kind == ACT_CALL && tool_find(a->what)->run == TOOL_JOB;
}

void judge_clean(const struct flow *flow, const struct told *told, struct clean *clean)
{
    for (size_t i = 0; i < ACTS_MAX && act_is(&flow->acts[i]); i++) {
        clean->told[i] = told[i];
        clean->events[i] = flow->acts[i].kind == ACT_CALL ? events_of(flow, i) : 0;
        if (told[i].outcome != flow->acts[i].want)
            world_broken("%s, act %zu: outcome %d without a fault: %s", flow->name, i + 1,
                         (int)told[i].outcome, told[i].said);
    }
    state_take(clean->state, sizeof clean->state);
    for (int k = 0; k < FAULT_N; k++)
        clean->counts[k] = fault_count((enum fault)k);
}

/* ---- the book ---- */

static void verifies(const char *when)
{
    struct arena *arena = arena_new((size_t)256 << 20);
    struct audit_given given = {.path = arena_strdup(arena, world_path("recon.db")), .threads = 1};
    struct audit_report r;
    struct db *db;
    const char *complaint;
    MUST(audit_verify_path(given.path, true, &given, arena, &r));
    if (r.kind != AUDIT_INTACT)
        judge_fails("%s: %s (event %lld, %s %s)", when, r.problem, (long long)r.bad_seq,
                    r.table == NULL ? "-" : r.table, r.row == NULL ? "-" : r.row);
    MUST(db_open(given.path, DB_READER, &db));
    MUST(db_integrity(db, arena, &complaint));
    if (complaint != NULL)
        judge_fails("%s: %s", when, complaint);
    db_close(db);
    arena_free(arena);
}

/* An `init` that failed may have left no book, or one without a first event. */
static bool is_begun(void)
{
    return is_there() &&
           world_number("SELECT count(*) FROM sqlite_schema WHERE name = 'audit_events'", NULL) >
               0 &&
           world_number("SELECT count(*) FROM audit_events", NULL) > 0;
}

/* ---- what was told ---- */

static bool says(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strstr(text, words[i]) != NULL)
            return true;
    }
    return false;
}

/* The words that tell of this trouble, whatever else is said. */
static bool says_why(const struct told *t, enum fault fault)
{
    static const char *const memory[] = {"memory"};
    static const char *const disk[] = {"disk", "database", "book",      "recorded",
                                       "file", "cannot",   "could not", "folder"};
    if (t->kind == ERR_UNKNOWN || strstr(t->said, "outcome unknown") != NULL)
        return true;
    return fault == FAULT_MEMORY ? says(t->said, memory, 1)
                                 : says(t->said, disk, sizeof disk / sizeof disk[0]);
}

static bool is_trouble(enum err_kind kind)
{
    return kind == ERR_LIMIT || kind == ERR_STORE || kind == ERR_UNKNOWN;
}

static void told_failed(const struct flow *flow, size_t i, const struct told *t)
{
    const struct act *a = &flow->acts[i];
    if (!fault_hit())
        judge_fails("act %zu failed, and nothing was wrong: %s", i + 1, t->said);
    if (!is_trouble(t->kind))
        judge_fails("act %zu: it is not the caller's doing: %s: %s", i + 1, err_kind_name(t->kind),
                    t->said);
    if (!says_why(t, judge_fault))
        judge_fails("act %zu does not say what happened: %s: \"%s\"", i + 1, err_kind_name(t->kind),
                    t->said);
    if (a->kind == ACT_CALL && !is_job(a) && t->kind != ERR_UNKNOWN && events_of(flow, i) > 0)
        judge_fails("act %zu was said to have failed, and is done: %s", i + 1, t->said);
}

static void told_done(const struct flow *flow, size_t i, const struct told *t,
                      const struct clean *clean)
{
    const struct told *c = &clean->told[i];
    if (flow->acts[i].kind != ACT_CALL)
        return;
    if (events_of(flow, i) < clean->events[i])
        judge_fails("act %zu was said to be done, and is not", i + 1);
    if (t->answer_len != c->answer_len)
        judge_fails("act %zu: an answer of %zu bytes, where there should be %zu", i + 1,
                    t->answer_len, c->answer_len);
}

/* Work that succeeded is not told to have failed. */
static void told_of_job(const struct flow *flow, size_t i, const struct told *t)
{
    char id[64];
    if (t->kind != ERR_UNKNOWN &&
        world_number("SELECT count(*) FROM workflow_runs WHERE state = 'SUCCEEDED'"
                     " AND request_id = ?1",
                     request_id(flow, i, id)) > 0)
        judge_fails("act %zu was said to have failed, and its run has succeeded: %s", i + 1,
                    t->said);
}

static void told_all(const struct flow *flow, const struct clean *clean, const struct told *told,
                     size_t tried)
{
    for (size_t i = 0; i < tried; i++) {
        const struct act *a = &flow->acts[i];
        if (told[i].outcome == a->want)
            told_done(flow, i, &told[i], clean);
        else if (told[i].outcome != CALL_FAILED)
            judge_fails("act %zu: outcome %d, where %d was wanted: %s", i + 1, (int)told[i].outcome,
                        (int)a->want, told[i].said);
        else
            told_failed(flow, i, &told[i]);
        if (told[i].outcome == CALL_FAILED && is_job(a))
            told_of_job(flow, i, &told[i]);
    }
}

/* ---- going on ---- */

enum call_outcome act_wants(const struct act *a, const struct told *told)
{
    return a->want == CALL_PENDING && told->settled ? CALL_OK : a->want;
}

/* What was done once is refused a second time: then it is there, and that is as good. */
static void done_again(const struct flow *flow, const struct told *told, size_t tried)
{
    for (size_t i = 0; i < tried; i++) {
        const struct act *a = &flow->acts[i];
        const bool refused =
            a->again && told[i].outcome != CALL_OK && strstr(told[i].said, "exists");
        if (told[i].outcome != act_wants(a, &told[i]) && !refused)
            judge_fails("afterwards, act %zu ends with outcome %d: %s", i + 1, (int)told[i].outcome,
                        told[i].said);
    }
}

static size_t acts_n(const struct flow *flow)
{
    size_t n = 0;
    while (n < ACTS_MAX && act_is(&flow->acts[n]))
        n++;
    return n;
}

static bool all_once(const struct flow *flow)
{
    for (size_t i = 0; i < acts_n(flow); i++) {
        if (flow->acts[i].again)
            return true;
    }
    return false;
}

static void goes_on(const struct flow *flow, const struct clean *clean)
{
    static char state[sizeof clean->state];
    struct told told[ACTS_MAX];
    fault_set(FAULT_MEMORY, 0, false);
    size_t tried = flow_run(flow, told);
    done_again(flow, told, tried);
    if (tried < acts_n(flow) && !all_once(flow))
        judge_fails("afterwards, only %zu acts are done", tried);
    verifies("in the end");
    for (size_t i = 0; i < tried; i++) {
        const struct act *a = &flow->acts[i];
        if (a->kind == ACT_CALL && !is_job(a) && events_of(flow, i) != clean->events[i])
            judge_fails("act %zu has %lld events instead of %lld", i + 1,
                        (long long)events_of(flow, i), (long long)clean->events[i]);
    }
    state_take(state, sizeof state);
    if (strcmp(state, clean->state) != 0)
        judge_fails("the end is another one:\n%s\ninstead of\n%s", state, clean->state);
}

void judge(const struct flow *flow, const struct clean *clean, const struct told *told,
           size_t tried)
{
    told_all(flow, clean, told, tried);
    if (is_begun())
        verifies("after the failure");
    goes_on(flow, clean);
}

void judge_stopped(const struct flow *flow, const struct clean *clean)
{
    if (is_begun())
        verifies("after the stop");
    goes_on(flow, clean);
}
