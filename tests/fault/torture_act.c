/* Asking: as the daemon's threads do, one after the other on this one. The book is opened as
 * `serve` opens it, a group is followed by the files of the log's keys, and a connection that is
 * not to be trusted any more is opened anew, as the writer does. What comes out is what is told, in
 * the words of the reply. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/disk.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "engine/call/boot.h"
#include "engine/call/call.h"
#include "engine/mcp/reply.h"
#include "engine/store/log_keys.h"
#include "tests/fault/torture.h"

#define VARS_MAX   64
#define ARENA_MAX  ((size_t)64 << 20)
#define REPLY_MAX  ((size_t)32 << 20)
#define AUTH_SINCE INT64_C(3600000000)

struct engine {
    struct arena *arena; /* of the start, the policy and what was told */
    struct log_keys *keys;
    struct store *writer, *reader;
    struct policy *policy;
    struct {
        const char *name, *value;
    } vars[VARS_MAX];
    size_t vars_n;
};

/* ---- names ---- */

static void var_set(struct engine *e, const char *name, const char *value)
{
    size_t i = 0;
    while (i < e->vars_n && strcmp(e->vars[i].name, name) != 0)
        i++;
    if (i == VARS_MAX)
        world_broken("too many names");
    e->vars[i].name = arena_strdup(e->arena, name);
    e->vars[i].value = arena_strdup(e->arena, value);
    e->vars_n += i == e->vars_n;
}

static const char *var(const struct engine *e, const char *name)
{
    for (size_t i = 0; i < e->vars_n; i++) {
        if (strcmp(e->vars[i].name, name) == 0)
            return e->vars[i].value;
    }
    world_broken("nobody has told of any %s", name);
}

static void file_var(struct engine *e, const char *name, const char *text)
{
    const size_t len = strlen(text);
    char *base64 = arena_alloc(e->arena, BASE64_SIZE(len));
    base64_print(text, len, base64);
    var_set(e, name, base64);
}

/* The request's arguments, with what was told before in its places. */
static const struct json *args_of(struct engine *e, struct arena *arena, const struct flow *flow,
                                  size_t i)
{
    const struct act *a = &flow->acts[i];
    struct json *args, *out = json_object_new(arena);
    MUST(json_read(arena, str_of(a->args), NULL, &args));
    for (size_t k = 0; k < args->count; k++) {
        const char *text = json_text(args->members[k].value);
        const struct json *value = args->members[k].value;
        if (text != NULL && text[0] == '@')
            value = json_text_new(arena, var(e, text + 1));
        (void)json_add(arena, out, args->members[k].key, value);
    }
    if (tool_find(a->what)->run != TOOL_READ)
        json_put_text(arena, out, "idempotency_key", arena_fmt(arena, "%s-%zu", flow->name, i));
    MUST(arena_check(arena));
    return out;
}

const char *request_id(const struct flow *flow, size_t i, char out[64])
{
    (void)snprintf(out, 64, "torture-%s-%zu", flow->name, i);
    return out;
}

/* ---- who ---- */

static const char *principal_of(struct arena *arena, const char *name)
{
    const char *id = world_text(
        arena, "SELECT principal_id FROM identities WHERE kind = 'actor' AND subject = ?1", name);
    if (id == NULL)
        world_broken("there is no %s", name);
    return id;
}

static struct actor actor_of(struct arena *arena, const char *as)
{
    const char *shell = strchr(as, '@');
    if (strncmp(as, "llm:", 4) == 0)
        return (struct actor){.kind = ACTOR_LLM,
                              .id = "llm:claude.s-1",
                              .on_behalf_of = principal_of(arena, as + 4),
                              .channel = CHANNEL_API,
                              .backend = "header-trust"};
    const char *name = shell == NULL ? as : arena_fmt(arena, "%.*s", (int)(shell - as), as);
    struct actor a = {.kind = ACTOR_HUMAN,
                      .id = arena_fmt(arena, "human:%s", name),
                      .principal = principal_of(arena, name),
                      .channel = shell == NULL ? CHANNEL_WEB : CHANNEL_CLI,
                      .backend = shell == NULL ? "header-trust" : "os"};
    if (shell == NULL)
        a.auth_time_us = world_clock();
    return a;
}

/* ---- the book ---- */

static void book_close(struct engine *e)
{
    store_close(e->reader);
    store_close(e->writer);
    log_keys_free(e->keys);
    e->reader = e->writer = NULL;
    e->keys = NULL;
}

struct engine *engine_new(void)
{
    struct engine *e = calloc(1, sizeof *e);
    e->arena = arena_new(ARENA_MAX);
    return e;
}

void engine_free(struct engine *e)
{
    book_close(e);
    arena_free(e->arena);
    free(e);
}

static const char *book_path(struct engine *e)
{
    return arena_strdup(e->arena, world_path("recon.db"));
}

static struct err book_open(struct engine *e)
{
    static const char sha[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct boot_start start = {.config_sha256 = sha, .binary_sha256 = sha};
    const char *path = book_path(e);
    bool inert;
    TRY(arena_check(e->arena));
    TRY(disk_read(e->arena, world_path("policy.yaml"), POLICY_BYTES_MAX, &start.policy_text));
    TRY(log_keys_open(world_folder, &e->keys));
    TRY(store_open(path, STORE_WRITER, e->arena, &e->writer));
    TRY(log_keys_use(e->keys, e->writer, e->arena));
    TRY(engine_start(e->writer, &start, world_clock, e->arena, &e->policy, &inert));
    return store_open(path, STORE_READER, e->arena, &e->reader);
}

void engine_ready(struct engine *e, const struct act *first)
{
    if (first->kind == ACT_CALL) {
        MUST(book_open(e));
        var_set(e, "policy", world_policy(e->arena));
    }
    file_var(e, "bank",
             "Id,Date,Text,Ref,Amount\nB-1,2026-03-02,ACH ACME,R-1,120.00\n"
             "B-2,2026-03-03,ACH ACME,R-2,340.50\nB-5,not a day,CHEQUE,,1.00\n");
    file_var(e, "gl",
             "Id,Date,Text,Ref,Amount,Contra\nG-1,2026-03-02,Acme Corp,R-1,120.00,1100\n"
             "G-4,2026-03-09,Somebody,,12.00,1100\n");
}

/* Without a book that can be trusted every call fails, until there is one. */
static void open_again(struct engine *e)
{
    store_close(e->writer);
    e->writer = NULL;
    struct arena *arena = arena_new((size_t)1 << 20);
    if (arena == NULL)
        return;
    struct err err = store_open(world_path("recon.db"), STORE_WRITER, arena, &e->writer);
    if (err.kind == ERR_NONE)
        err = log_keys_use(e->keys, e->writer, arena);
    if (err.kind != ERR_NONE) {
        store_close(e->writer);
        e->writer = NULL;
    }
    arena_free(arena);
}

static void group(struct engine *e, struct call **calls, size_t n)
{
    if (e->writer == NULL)
        open_again(e);
    for (size_t i = 0; e->writer == NULL && i < n; i++) {
        calls[i]->outcome = CALL_FAILED;
        calls[i]->err = err_new(ERR_STORE, "the book cannot be written at the moment");
    }
    if (e->writer != NULL && !call_group(e->writer, calls, n, world_clock))
        open_again(e);
    if (e->writer != NULL) {
        struct err err = log_keys_settle(e->keys, e->writer);
        (void)err; /* the files follow with the next group, or at the next start */
    }
}

/* ---- calls ---- */

struct port {
    struct job_port base;
    struct engine *engine;
};

static struct err port_submit(struct job_port *base, struct call **calls, size_t n)
{
    struct port *port = (struct port *)base;
    for (size_t at = 0; at < n; at += 256)
        group(port->engine, calls + at, n - at > 256 ? 256 : n - at);
    return OK;
}

static bool port_cancelled(struct job_port *base)
{
    (void)base;
    return false;
}

static struct err job(struct engine *e, struct call *c)
{
    struct port port = {.base = {.reader = e->reader,
                                 .submit = port_submit,
                                 .cancelled = port_cancelled,
                                 .clock_us = world_clock},
                        .engine = e};
    return call_job(c, &port.base);
}

static struct err read_now(struct engine *e, struct call *c)
{
    struct tx tx;
    TRY(tx_read_begin(e->reader, c->arena, world_clock(), &tx));
    struct err err = c->tool->read(c, &tx);
    tx_read_end(&tx);
    TRY(err);
    c->outcome = CALL_OK;
    return arena_check(c->arena);
}

static struct err call_do(struct engine *e, struct call *c, const struct json *args)
{
    TRY(call_bind(c, args));
    if (c->tool->run == TOOL_READ)
        return read_now(e, c);
    if (c->tool->run == TOOL_JOB)
        return job(e, c);
    group(e, &c, 1);
    return c->outcome == CALL_FAILED ? c->err : OK;
}

/* The reply's text; an error when there is none, and the wire says that the answer is lost. */
static struct err reply_make(const struct call *c)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    const struct json *reply = reply_call(c->arena, ERA_MODERN, c);
    jw_init(&w, REPLY_MAX);
    jw_tree(&w, NULL, reply);
    if (arena_check(c->arena).kind != ERR_NONE || jw_done(&w, &text).kind != ERR_NONE)
        return err_new(ERR_UNKNOWN, MCP_ANSWER_LOST);
    return OK;
}

static void failed(struct told *told, struct err e)
{
    told->outcome = CALL_FAILED;
    told->kind = e.kind;
    (void)snprintf(told->said, sizeof told->said, "%s%s%s", e.where == NULL ? "" : e.where,
                   e.where == NULL ? "" : ": ", e.msg == NULL ? "" : e.msg);
}

static bool is_settled(const struct json *result)
{
    const char *id = result == NULL ? NULL : json_get_text(result, "escalation_id");
    return id != NULL && world_number("SELECT count(*) FROM escalations WHERE escalation_id = ?1"
                                      " AND state IN ('APPROVED', 'REJECTED')",
                                      id) == 1;
}

/* What was answered, for the acts to come and for the judge. */
static void answered(struct engine *e, const struct call *c, struct told *told)
{
    struct arena *arena = arena_new(ARENA_MAX);
    struct str text;
    told->outcome = c->outcome;
    told->seq = c->seq;
    told->settled = is_settled(c->result);
    if (c->result != NULL && jcs_text(arena, c->result, &text).kind == ERR_NONE)
        told->answer_len = text.len;
    for (size_t i = 0; c->result != NULL && i < c->result->count; i++) {
        const struct json_member *m = &c->result->members[i];
        if (json_text(m->value) != NULL)
            var_set(e, arena_dup(arena, m->key.at, m->key.len), json_text(m->value));
    }
    arena_free(arena);
}

static void act_call(struct engine *e, const struct flow *flow, size_t i, struct told *told)
{
    const struct act *a = &flow->acts[i];
    char id[64];
    struct arena *arena = arena_new(ARENA_MAX), *own = arena_new(ARENA_MAX);
    const struct json *args = args_of(e, own, flow, i);
    struct call c = {.arena = arena,
                     .tool = tool_find(a->what),
                     .actor = actor_of(own, a->as),
                     .policy = e->policy,
                     .prod = a->prod,
                     .wants_receipt = true,
                     .request_id = request_id(flow, i, id)};
    fault_begin();
    struct err err = call_do(e, &c, args);
    struct err wire = err.kind == ERR_NONE ? reply_make(&c) : OK;
    fault_end();
    if (err.kind != ERR_NONE || wire.kind != ERR_NONE)
        failed(told, err.kind != ERR_NONE ? err : wire);
    else
        answered(e, &c, told);
    arena_free(arena);
    arena_free(own);
}

/* ---- the rest ---- */

static void act_command(const struct act *a, struct told *told)
{
    const int code = world_command(a->what, told->said, sizeof told->said);
    told->outcome = code == 0 ? CALL_OK : code == 2 ? CALL_DENIED : CALL_FAILED;
    told->kind = code == 0 ? ERR_NONE : ERR_STORE;
}

static void act_start(struct engine *e, struct told *told)
{
    book_close(e);
    fault_begin();
    struct err err = book_open(e);
    fault_end();
    told->outcome = CALL_OK;
    if (err.kind != ERR_NONE)
        failed(told, err);
}

static struct err policy_again(struct engine *e, struct arena *arena, struct policy **policy)
{
    struct tx tx;
    TRY(tx_read_begin(e->reader, arena, world_clock(), &tx));
    struct err err = policy_now(&tx, arena, policy);
    tx_read_end(&tx);
    return err;
}

static bool is_of(const struct policy *policy, const char *text)
{
    char digest[SHA256_HEX_SIZE];
    sha256_hex(text, strlen(text), digest);
    return strcmp(policy->digest, digest) == 0;
}

static void act_reload(struct engine *e, struct told *told)
{
    struct arena *arena = arena_new(ARENA_MAX);
    struct policy *policy;
    fault_begin();
    struct err err = policy_again(e, arena, &policy);
    fault_end();
    told->outcome = CALL_OK;
    if (err.kind != ERR_NONE)
        failed(told, err);
    else if (!is_of(policy, world_policy(arena)))
        failed(told, err_new(ERR_CONFLICT, "the policy is not the approved one"));
    arena_free(arena);
}

void engine_act(struct engine *e, const struct flow *flow, size_t i, struct told *told)
{
    *told = (struct told){.outcome = CALL_NONE};
    switch (flow->acts[i].kind) {
    case ACT_CALL:
        act_call(e, flow, i, told);
        return;
    case ACT_COMMAND:
        act_command(&flow->acts[i], told);
        return;
    case ACT_START:
        act_start(e, told);
        return;
    case ACT_RELOAD:
        act_reload(e, told);
        return;
    }
}
