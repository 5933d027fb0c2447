/* The tables of traces, of the prompts they name and of what people spent. */
#include "agent/store/traces.h"

#include <string.h>

#include "agent/store/traces_own.h"
#include "common/base/civil.h"
#include "common/base/invariant.h"
#include "common/sys/crypt.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"

#define COUNT_MAX                                                                                  \
    INT64_C(1000000000000) /* of one row; a sum of as many as fit a disk is no overflow */

/* traces_each reads this many rows at a time, then lets go of the database. */
#define PAGE_ROWS  16
#define PAGE_BYTES (PAGE_ROWS * (TRACE_BODY_MAX + (size_t)64 * 1024))

enum {
    TRACE_NEXT,
    TRACE_ADD,
    TRACE_COUNT,
    TRACE_PROMPT_USE,
    TRACE_SPEND,
    TRACES_LOAD,
    TRACES_ALL,
    TRACES_OF,
    SPENT_ALL,
    SPENT_OF,
    PROMPT_KEEP,
    PROMPT_LOAD,
};

#define USE_COLUMNS                                                                                \
    "input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_micros"
#define COLUMNS                                                                                    \
    "t.session_id, t.n, t.turn, t.kind, t.at_us, t.body, t.model, t.system_sha256, "               \
    "t.tools_sha256, t.latency_us, t.input_tokens, t.output_tokens, t.cache_read_tokens, "         \
    "t.cache_write_tokens, t.cost_micros"
#define COLUMNS_N 15
#define EACH                                                                                       \
    "SELECT " COLUMNS ", " TALK_COLUMNS " FROM agent_traces t CROSS JOIN agent_sessions s ON "     \
    "s.session_id = t.session_id WHERE s.forgotten = 0 AND "
#define SPENT                                                                                      \
    "SELECT coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), "                     \
    "coalesce(sum(cache_read_tokens), 0), coalesce(sum(cache_write_tokens), 0), "                  \
    "coalesce(sum(cost_micros), 0) FROM agent_spend WHERE day >= ?1"

const struct db_sql traces_sql[] = {
    [TRACE_NEXT] = {"trace_next", "SELECT rows_n, used_us, principal_id FROM agent_sessions WHERE "
                                  "session_id = ?1 AND forgotten = 0"},
    [TRACE_ADD] = {"trace_add",
                   "INSERT INTO agent_traces (session_id, n, turn, kind, at_us, body, model, "
                   "system_sha256, tools_sha256, latency_us, " USE_COLUMNS ") VALUES (?1, ?2, ?3, "
                   "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"},
    [TRACE_COUNT] = {"trace_count",
                     "UPDATE agent_sessions SET rows_n = ?2 + 1, used_us = max(used_us, ?3), "
                     "input_tokens = input_tokens + ?4, output_tokens = output_tokens + ?5, "
                     "cache_read_tokens = cache_read_tokens + ?6, cache_write_tokens = "
                     "cache_write_tokens + ?7, cost_micros = cost_micros + ?8 WHERE session_id = "
                     "?1"},
    [TRACE_PROMPT_USE] = {"trace_prompt_use",
                          "INSERT INTO agent_prompt_uses (session_id, sha256) VALUES (?1, ?2) ON "
                          "CONFLICT (session_id, sha256) DO NOTHING"},
    [TRACE_SPEND] = {"trace_spend",
                     "INSERT INTO agent_spend (day, principal_id, " USE_COLUMNS ") VALUES (?1, "
                     "?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (day, principal_id) DO UPDATE SET "
                     "input_tokens = input_tokens + ?3, output_tokens = output_tokens + ?4, "
                     "cache_read_tokens = cache_read_tokens + ?5, cache_write_tokens = "
                     "cache_write_tokens + ?6, cost_micros = cost_micros + ?7"},
    [TRACES_LOAD] = {"traces_load", "SELECT " COLUMNS " FROM agent_traces t WHERE t.session_id = "
                                    "?1 AND t.n >= ?2 ORDER BY t.n LIMIT ?3"},
    [TRACES_ALL] = {"traces_all", EACH "(t.at_us, t.session_id, t.n) > (?1, ?2, ?3) AND t.at_us < "
                                       "?4 ORDER BY t.at_us, t.session_id, t.n LIMIT ?5"},
    [TRACES_OF] = {"traces_of", EACH "t.session_id = ?2 AND t.n > ?3 AND t.at_us >= ?1 AND t.at_us "
                                     "< ?4 ORDER BY t.n LIMIT ?5"},
    [SPENT_ALL] = {"spent_all", SPENT},
    [SPENT_OF] = {"spent_of", SPENT " AND principal_id = ?2"},
    [PROMPT_KEEP] = {"prompt_keep", "INSERT INTO agent_prompts (sha256, text) VALUES (?1, ?2) ON "
                                    "CONFLICT (sha256) DO NOTHING"},
    [PROMPT_LOAD] = {"prompt_load", "SELECT text FROM agent_prompts WHERE sha256 = ?1"},
};
const size_t traces_sql_n = sizeof traces_sql / sizeof traces_sql[0];

static const char *const kinds[TRACE_KINDS] = {"said",     "asked", "answered", "calling",
                                               "returned", "noted", "summed"};

static struct stmt *statement(struct agent_db *db, size_t number)
{
    return agent_stmt(db, SET_TRACES, number);
}

const char *trace_kind_name(enum trace_kind kind)
{
    INVARIANT((unsigned)kind < TRACE_KINDS);
    return kinds[kind];
}

static struct err kind_parse(const char *name, enum trace_kind *kind)
{
    for (unsigned i = 0; i < TRACE_KINDS; i++) {
        if (text_eq(name, kinds[i])) {
            *kind = (enum trace_kind)i;
            return OK;
        }
    }
    return err_at(ERR_STORE, "agent_traces", "a trace is of no kind we know");
}

static struct err row_read(struct stmt *q, struct arena *arena, struct trace *row)
{
    *row = (struct trace){
        .session_id = stmt_text(q, 0, arena),
        .n = stmt_int(q, 1),
        .turn = stmt_int(q, 2),
        .at_us = stmt_int(q, 4),
        .body = stmt_str(q, 5, arena),
        .model = stmt_text(q, 6, arena),
        .system_sha256 = stmt_text(q, 7, arena),
        .tools_sha256 = stmt_text(q, 8, arena),
        .latency_us = stmt_int(q, 9),
    };
    trace_use_read(q, 10, &row->use);
    const char *kind = stmt_text(q, 3, arena);
    TRY(arena_check(arena));
    return kind_parse(kind, &row->kind);
}

/* ---- adding ---- */

static struct err body_print(struct arena *arena, const struct json *body, struct str *text)
{
    ENSURE(json_is(body, JSON_TYPE_OBJECT), ERR_INPUT, "a trace's body is an object");
    CLEANUP(jw_fini) struct jw w;
    struct str out;
    jw_init(&w, TRACE_BODY_MAX);
    jw_tree(&w, NULL, body);
    TRY(jw_done(&w, &out));
    *text = (struct str){arena_dup(arena, out.at, out.len), out.len};
    return arena_check(arena);
}

static struct err use_check(const struct trace_use *use)
{
    const int64_t counts[] = {use->input_tokens, use->output_tokens, use->cache_read_tokens,
                              use->cache_write_tokens, use->cost_micros};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        ENSURE(counts[i] >= 0 && counts[i] <= COUNT_MAX, ERR_INPUT,
               "a count of tokens or a cost is absurd");
    return OK;
}

static void use_add(struct trace_use *sum, const struct trace_use *use)
{
    sum->input_tokens += use->input_tokens;
    sum->output_tokens += use->output_tokens;
    sum->cache_read_tokens += use->cache_read_tokens;
    sum->cache_write_tokens += use->cache_write_tokens;
    sum->cost_micros += use->cost_micros;
}

/* What the session says of the next row. */
static struct err next(struct agent_db *db, struct arena *arena, struct talk *t, struct trace *row,
                       const char **principal_id)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, TRACE_NEXT);
    bool found;
    stmt_bind_text(q, 1, t->session_id);
    TRY(stmt_step(q, &found));
    ENSURE(found, ERR_MISSING, "there is no such session");
    row->session_id = t->session_id;
    row->n = stmt_int(q, 0);
    if (row->at_us < stmt_int(q, 1))
        row->at_us = stmt_int(q, 1);
    *principal_id = stmt_text(q, 2, arena);
    return arena_check(arena);
}

static struct err insert(struct agent_db *db, const struct trace *row)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, TRACE_ADD);
    stmt_bind_text(q, 1, row->session_id);
    stmt_bind_int(q, 2, row->n);
    stmt_bind_int(q, 3, row->turn);
    stmt_bind_text(q, 4, trace_kind_name(row->kind));
    stmt_bind_int(q, 5, row->at_us);
    stmt_bind_str(q, 6, row->body);
    stmt_bind_text(q, 7, row->model);
    stmt_bind_text(q, 8, row->system_sha256);
    stmt_bind_text(q, 9, row->tools_sha256);
    if (row->latency_us != 0)
        stmt_bind_int(q, 10, row->latency_us);
    trace_use_bind(q, 11, &row->use);
    return stmt_run(q);
}

static struct err count(struct agent_db *db, const struct trace *row)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, TRACE_COUNT);
    stmt_bind_text(q, 1, row->session_id);
    stmt_bind_int(q, 2, row->n);
    stmt_bind_int(q, 3, row->at_us);
    trace_use_bind(q, 4, &row->use);
    return stmt_run(q);
}

static struct err prompt_use(struct agent_db *db, const char *session_id, const char *sha256)
{
    if (sha256 == NULL)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = statement(db, TRACE_PROMPT_USE);
    stmt_bind_text(q, 1, session_id);
    stmt_bind_text(q, 2, sha256);
    return stmt_run(q);
}

static int64_t day_of(int64_t us)
{
    return instant_date_utc(us).days;
}

static struct err spend(struct agent_db *db, const char *principal_id, int64_t at_us,
                        const struct trace_use *use)
{
    if (trace_use_tokens(use) == 0 && use->cost_micros == 0)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = statement(db, TRACE_SPEND);
    stmt_bind_int(q, 1, day_of(at_us));
    stmt_bind_text(q, 2, principal_id);
    trace_use_bind(q, 3, use);
    return stmt_run(q);
}

struct err trace_add(struct agent_db *db, struct arena *arena, struct talk *t, struct trace *row,
                     const struct json *body)
{
    const int64_t now_us = row->at_us; /* a day's budget goes by the clock as it is */
    const char *principal_id;
    TRY(use_check(&row->use));
    TRY(body_print(arena, body, &row->body));
    TRY(next(db, arena, t, row, &principal_id));
    TRY(insert(db, row));
    TRY(count(db, row));
    TRY(prompt_use(db, row->session_id, row->system_sha256));
    TRY(prompt_use(db, row->session_id, row->tools_sha256));
    TRY(spend(db, principal_id, now_us, &row->use));
    t->rows_n = row->n + 1;
    t->used_us = row->at_us;
    use_add(&t->use, &row->use);
    return OK;
}

/* ---- reading ---- */

struct err trace_tree(struct arena *arena, const struct trace *row, struct json **tree)
{
    static const struct json_limits limits = {
        .depth_max = JW_DEPTH_MAX, .bytes_max = TRACE_BODY_MAX, .nodes_max = TRACE_BODY_MAX};
    struct err e = json_read(arena, row->body, &limits, tree);
    return e.kind == ERR_INPUT ? err_at(ERR_STORE, "agent_traces", e.msg) : e;
}

struct err traces_load(struct agent_db *db, struct arena *arena, const char *session_id,
                       int64_t from_n, size_t max, struct trace **out, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, TRACES_LOAD);
    bool row = true;
    stmt_bind_text(q, 1, session_id);
    stmt_bind_int(q, 2, from_n);
    stmt_bind_int(q, 3, (int64_t)max);
    *out = ARENA_ARRAY(arena, max, struct trace);
    TRY(arena_check(arena));
    for (*n = 0; *n < max; *n += 1) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        TRY(row_read(q, arena, &(*out)[*n]));
    }
    return arena_check(arena);
}

/* Where traces_each is: behind this row. */
struct walk {
    const struct traces_filter *filter;
    int64_t at_us, n;
    char session_id[64];
    struct arena *arena;
    struct trace rows[PAGE_ROWS];
    struct talk talks[PAGE_ROWS];
    size_t rows_n;
};

static struct err page_read(struct agent_db *db, struct walk *w)
{
    const bool one = w->filter->session_id != NULL;
    CLEANUP(stmt_reset) struct stmt *q = statement(db, one ? TRACES_OF : TRACES_ALL);
    bool row = true;
    arena_reset(w->arena);
    stmt_bind_int(q, 1, one ? w->filter->since_us : w->at_us);
    stmt_bind_text(q, 2, one ? w->filter->session_id : w->session_id);
    stmt_bind_int(q, 3, w->n);
    stmt_bind_int(q, 4, w->filter->until_us == 0 ? INT64_MAX : w->filter->until_us);
    stmt_bind_int(q, 5, PAGE_ROWS);
    for (w->rows_n = 0; w->rows_n < PAGE_ROWS; w->rows_n++) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        TRY(row_read(q, w->arena, &w->rows[w->rows_n]));
        TRY(talk_read(q, COLUMNS_N, w->arena, &w->talks[w->rows_n]));
    }
    return arena_check(w->arena);
}

static struct err page_tell(struct walk *w, trace_fn fn, void *ctx)
{
    for (size_t i = 0; i < w->rows_n; i++) {
        const struct trace *row = &w->rows[i];
        TRY(fn(ctx, &w->talks[i], row));
        const size_t len = strlen(row->session_id);
        ENSURE(len < sizeof w->session_id, ERR_STORE, "a session's id is too long");
        memcpy(w->session_id, row->session_id, len + 1);
        w->at_us = row->at_us;
        w->n = row->n;
    }
    return OK;
}

struct err traces_each(struct agent_db *db, const struct traces_filter *filter, trace_fn fn,
                       void *ctx)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(PAGE_BYTES);
    struct walk w = {.filter = filter, .at_us = filter->since_us, .n = -1, .arena = arena};
    ENSURE(arena != NULL, ERR_LIMIT, "no memory");
    do {
        TRY(page_read(db, &w));
        TRY(page_tell(&w, fn, ctx));
    } while (w.rows_n == PAGE_ROWS);
    return OK;
}

struct err traces_spent(struct agent_db *db, const char *principal_id, int64_t since_us,
                        struct trace_use *use)
{
    CLEANUP(stmt_reset)
    struct stmt *q = statement(db, principal_id == NULL ? SPENT_ALL : SPENT_OF);
    bool row;
    stmt_bind_int(q, 1, day_of(since_us));
    if (principal_id != NULL)
        stmt_bind_text(q, 2, principal_id);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_BUG, "a sum gave no row");
    trace_use_read(q, 0, use);
    return OK;
}

/* ---- prompts ---- */

struct err prompt_keep(struct agent_db *db, struct str text, char sha256[TRACE_DIGEST])
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, PROMPT_KEEP);
    ENSURE(text.len <= TRACE_PROMPT_MAX, ERR_LIMIT, "the prompt is too long to be kept");
    sha256_hex(text.at, text.len, sha256);
    stmt_bind_text(q, 1, sha256);
    stmt_bind_str(q, 2, text.at == NULL ? STR("") : text);
    return stmt_run(q);
}

struct err prompt_load(struct agent_db *db, struct arena *arena, const char *sha256,
                       struct str *text)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, PROMPT_LOAD);
    bool row;
    stmt_bind_text(q, 1, sha256);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "there is no prompt of that digest");
    *text = stmt_str(q, 0, arena);
    return arena_check(arena);
}
