/* Calls from the command line, through the daemon or on the locked book. */
#include "engine/cli/run_call.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/sys/book_lock.h"
#include "common/sys/crypt.h"
#include "common/sys/disk.h"
#include "common/sys/fetch.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "common/sys/log.h"
#include "common/sys/os_subject.h"
#include "common/verify/receipt.h"
#include "engine/auth/actor_auth.h"
#include "engine/call/boot.h"
#include "engine/call/call.h"
#include "engine/cli/binary.h"
#include "engine/cli/book.h"
#include "engine/cli/log_key.h"

#define CALL_BYTES_MAX  ((size_t)512 << 20)
#define DAEMON_BODY_MAX ((size_t)96 << 20)
#define DAEMON_WAIT_MS  (30u * 60 * 1000) /* a large file, a long pass */
#define TOLD_BYTES_MAX  ((size_t)4096)    /* of arguments that a person may be told to repeat */
#define KEY_PREFIX      "cli-"
#define KEY_BYTES       16

/* ---- through the daemon ---- */

/* The call under a key, so that it can be repeated when no answer comes: the caller's own, or one
 * that is made here. A read needs none. */
static const struct json *keyed(struct arena *arena, const struct tool *tool,
                                const struct json *arguments)
{
    char name[sizeof KEY_PREFIX + 2 * KEY_BYTES] = KEY_PREFIX;
    uint8_t random[KEY_BYTES];
    if (tool == NULL || tool->run == TOOL_READ || json_get(arguments, "idempotency_key") != NULL)
        return arguments;
    struct json *all = json_object_new(arena);
    for (size_t i = 0; i < arguments->count; i++)
        (void)json_add(arena, all, arguments->members[i].key, arguments->members[i].value);
    crypt_random(random, sizeof random);
    hex_print(random, sizeof random, name + strlen(KEY_PREFIX));
    json_put_text(arena, all, "idempotency_key", name);
    return all;
}

static struct err daemon_body(struct jw *w, const char *tool, const struct json *arguments,
                              struct str *body)
{
    jw_obj(w);
    jw_text(w, "jsonrpc", "2.0");
    jw_int(w, "id", 1);
    jw_text(w, "method", "tools/call");
    jw_obj_in(w, "params");
    jw_text(w, "name", tool);
    jw_tree(w, "arguments", arguments);
    jw_end(w);
    jw_end(w);
    return jw_done(w, body);
}

/* In single quotes a shell takes all but these as they are, and JSON has them in texts only. */
static const char *quoted(struct arena *arena, struct str json)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf text;
    buf_init(&text, 6 * TOLD_BYTES_MAX);
    for (size_t i = 0; i < json.len; i++) {
        if (json.at[i] == '\'')
            buf_puts(&text, "\\u0027");
        else
            buf_putc(&text, json.at[i]);
    }
    return arena_strdup(arena, buf_text(&text));
}

/* It was asked, and nobody says what came of it. Asked again under the same key it happens once and
 * is answered. */
static struct err unheard(const struct cli *cli, const struct tool *tool,
                          const struct json *arguments)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, TOLD_BYTES_MAX);
    if (tool == NULL || tool->run == TOOL_READ)
        return err_new(ERR_UNKNOWN, "the engine was asked and did not answer; nothing was changed");
    jw_tree(&w, NULL, arguments);
    if (jw_done(&w, &text).kind != ERR_NONE) /* too much to be typed again */
        return err_fmt(cli->arena, ERR_UNKNOWN, NULL,
                       "outcome unknown: the engine was asked and did not answer. To find out, "
                       "repeat it by `call --admin %s` with the same arguments and "
                       "\"idempotency_key\": \"%s\"",
                       tool->name, json_get_text(arguments, "idempotency_key"));
    return err_fmt(cli->arena, ERR_UNKNOWN, NULL,
                   "outcome unknown: the engine was asked and did not answer. Repeated with the "
                   "same idempotency_key it is done once, and answered:\n  %s call --admin %s '%s'",
                   cli->program->name, tool->name, quoted(cli->arena, text));
}

static enum call_outcome outcome_of(const struct json *result)
{
    const char *status = json_get_text(result, "status");
    if (text_eq(status, "denied"))
        return CALL_DENIED;
    return text_eq(status, "pending_approval") ? CALL_PENDING : CALL_OK;
}

static enum err_kind kind_of(const char *name)
{
    for (enum err_kind kind = ERR_INPUT; kind <= ERR_BUG; kind++) {
        if (text_eq(name, err_kind_name(kind)))
            return kind;
    }
    return ERR_UPSTREAM;
}

/* Why an answer has no structured content: the tool's own words and place, or the endpoint's. */
static struct err answer_failed(struct arena *arena, const struct json *answer, int status)
{
    const char *text = json_text(json_pointer_get(answer, "/result/content/0/text"));
    const char *said = json_get_text(json_get(answer, "error"), "message");
    enum err_kind kind = status == 401 || status == 403 ? ERR_AUTH : ERR_UPSTREAM;
    struct json *failed;
    if (said != NULL)
        return err_new(kind, said);
    ENSURE(text != NULL, kind, "the engine's answer says nothing");
    TRY(err_in(json_read(arena, str_of(text), NULL, &failed), "the engine's answer"));
    said = json_get_text(failed, "message");
    return err_at(kind_of(json_get_text(failed, "error")), json_get_text(failed, "pointer"),
                  said == NULL ? text : said);
}

static struct err by_daemon(struct cli *cli, const char *tool, const struct json *arguments,
                            struct run_call *out)
{
    static const struct http_pair pairs[] = {{"MCP-Protocol-Version", "2025-11-25"}};
    static const struct json_limits limits = {
        .depth_max = 32, .bytes_max = DAEMON_BODY_MAX, .nodes_max = 4000000};
    CLEANUP(jw_fini) struct jw w;
    const struct tool *known = tool_find(tool);
    const struct json *args = keyed(cli->arena, known, arguments);
    struct fetch_reply reply;
    struct json *answer;
    struct str body;
    jw_init(&w, DAEMON_BODY_MAX);
    TRY(arena_check(cli->arena));
    TRY(daemon_body(&w, tool, args, &body));
    const struct fetch_req req = {.url = "http://localhost/admin",
                                  .unix_socket = cli_config(cli)->engine_socket,
                                  .pairs = pairs,
                                  .pairs_n = 1,
                                  .body = body,
                                  .reply_max = DAEMON_BODY_MAX,
                                  .timeout_ms = DAEMON_WAIT_MS};
    struct err e = fetch(cli->arena, &req, &reply);
    if (e.kind == ERR_UNKNOWN)
        return unheard(cli, known, args);
    TRY(e);
    TRY(err_in(json_read(cli->arena, reply.body, &limits, &answer), "the engine's answer"));
    out->by_daemon = true;
    out->result = json_pointer_get(answer, "/result/structuredContent");
    if (out->result == NULL)
        return answer_failed(cli->arena, answer, (int)reply.status);
    out->receipt = json_pointer_get(answer, "/result/_meta/closegate~1receipt");
    out->outcome = outcome_of(out->result);
    return OK;
}

/* ---- on the locked book ---- */

struct local {
    struct cli *cli;
    struct store *writer, *reader;
    struct book_lock *lock;
    struct log_keys *log_keys;
    struct policy *policy;
    bool prod;
};

static void local_close(struct local *l)
{
    store_close(l->reader);
    store_close(l->writer);
    log_keys_free(l->log_keys);
    book_unlock(l->lock);
}

static struct err local_start(struct local *l)
{
    struct boot_start start = {.prod = l->prod,
                               .config_sha256 = config_digest(l->cli->arena, cli_config(l->cli)),
                               .binary_sha256 = binary_digest(l->cli->arena)};
    bool inert = false;
    TRY(disk_read(l->cli->arena, cli_config(l->cli)->policy, POLICY_BYTES_MAX, &start.policy_text));
    struct err e = engine_start(l->writer, &start, cli_clock_us, l->cli->arena, &l->policy, &inert);
    if (!inert && e.kind == ERR_INPUT && e.where != NULL)
        e.where = arena_fmt(l->cli->arena, "%s:%s", cli_config(l->cli)->policy, e.where);
    if (e.kind == ERR_NONE && inert && !l->cli->told_inert)
        (void)fprintf(stderr,
                      "%s is not in force: a second human has to approve it; this runs under %s\n",
                      cli_config(l->cli)->policy, l->policy->digest);
    l->cli->told_inert |= inert;
    return e;
}

static struct err local_open(struct cli *cli, struct local *l)
{
    const char *book = cli_path(cli, "recon.db");
    struct stat st;
    TRY(arena_check(cli->arena));
    *l = (struct local){.cli = cli, .prod = cli_config(cli)->env == CONFIG_PROD};
    if (stat(book, &st) != 0)
        return err_at(ERR_MISSING, book, "there is no book: run closegate-engine init first");
    TRY(book_lock(book, cli->arena, &l->lock));
    TRY(store_open(book, STORE_WRITER, cli->arena, &l->writer));
    TRY(log_key_begin(cli, l->writer, NULL, &l->log_keys));
    TRY(anchor_check(cli, l->writer));
    TRY(local_start(l));
    return store_open(book, STORE_READER, cli->arena, &l->reader);
}

struct err run_person(struct tx *tx, struct arena *arena, struct actor *actor)
{
    const char *subject = os_subject(arena, getuid());
    struct principal p;
    struct err e = identity_find(tx, arena, "os", "", subject, &p);
    if (e.kind == ERR_MISSING)
        return err_at(ERR_AUTH, subject,
                      "this user of this host is linked to nobody in the registry");
    TRY(e);
    ENSURE(p.active, ERR_AUTH, "this person is disabled");
    return auth_person_at_host(tx, arena, &p, actor);
}

struct local_port {
    struct job_port base;
    struct local *local;
};

static struct err local_submit(struct job_port *base, struct call **calls, size_t n)
{
    enum { GROUP = 256 };
    struct local_port *port = (struct local_port *)base;
    for (size_t at = 0; at < n; at += GROUP) {
        size_t some = n - at > GROUP ? GROUP : n - at;
        ENSURE(call_group(port->local->writer, calls + at, some, cli_clock_us), ERR_UNKNOWN,
               "outcome unknown, repeat the command");
    }
    /* what was committed is committed: the next start moves the files */
    struct err e = log_keys_settle(port->local->log_keys, port->local->writer);
    if (e.kind != ERR_NONE)
        log_error("the files of the log's keys are not as the book has them", LOG_ERR(e), LOG_END);
    return OK;
}

static bool never_cancelled(struct job_port *base)
{
    (void)base;
    return false;
}

static struct err local_run(struct local *l, struct call *c)
{
    struct local_port port = {.base = {.reader = l->reader,
                                       .submit = local_submit,
                                       .cancelled = never_cancelled,
                                       .clock_us = cli_clock_us},
                              .local = l};
    if (c->tool->run != TOOL_JOB) {
        TRY(local_submit(&port.base, &c, 1));
        return c->outcome == CALL_FAILED ? c->err : OK;
    }
    return call_job(c, &port.base);
}

static struct err local_call(struct local *l, const struct tool *tool, const struct json *arguments,
                             struct run_call *out)
{
    struct arena *arena = l->cli->arena;
    struct call *c = ARENA_NEW(arena, struct call);
    struct tx tx;
    ENSURE(c != NULL, ERR_LIMIT, "out of memory");
    *c = (struct call){
        .arena = arena, .tool = tool, .policy = l->policy, .prod = l->prod, .wants_receipt = true};
    TRY(tx_read_begin(l->reader, arena, cli_clock_us(), &tx));
    struct err e = run_person(&tx, arena, &c->actor);
    tx_read_end(&tx);
    TRY(e);
    TRY(call_bind(c, arguments));
    TRY(local_run(l, c));
    out->outcome = c->outcome;
    out->result = c->result;
    out->receipt = c->receipt == NULL ? NULL : receipt_print(arena, c->receipt);
    ENSURE(!arena_full(arena), ERR_UNKNOWN,
           "no memory is left for the answer: its outcome is unknown, repeat the command");
    return OK;
}

/* `silent`: somebody's socket is there, and nobody took the call. Whoever holds the book then is a
 * daemon that is stuck or overrun, and another way in there is not. */
static struct err on_locked_book(struct cli *cli, const char *name, const struct json *arguments,
                                 bool silent, struct run_call *out)
{
    const struct tool *tool = tool_find(name);
    struct local l = {0};
    ENSURE(tool != NULL, ERR_BUG, "the command names a tool that is not there");
    struct err e = local_open(cli, &l);
    if (e.kind == ERR_NONE)
        e = local_call(&l, tool, arguments, out);
    if (silent && l.lock == NULL && e.kind == ERR_CONFLICT)
        e = err_fmt(cli->arena, e.kind, e.where, "%s, and takes no calls at %s: nothing was done",
                    e.msg, cli_config(cli)->engine_socket);
    e = book_err(cli, e); /* the store's texts end with the store */
    local_close(&l);
    return e;
}

struct err run_call(struct cli *cli, const char *tool, const struct json *arguments,
                    struct run_call *out)
{
    struct stat st;
    *out = (struct run_call){.outcome = CALL_NONE};
    const bool is_there = stat(cli_config(cli)->engine_socket, &st) == 0;
    if (is_there) {
        struct err e = by_daemon(cli, tool, arguments, out);
        if (e.kind != ERR_MISSING || out->by_daemon)
            return e; /* a socket that nobody listens on is a daemon that is gone */
    }
    return on_locked_book(cli, tool, arguments, is_there, out);
}

/* ---- reads ---- */

static const struct resource *resource_find(const char *uri)
{
    for (size_t i = 0; i < resources_n; i++) {
        if (text_eq(resources[i].uri, uri))
            return &resources[i];
    }
    return NULL;
}

static struct err read_in(struct cli *cli, struct tx *tx, const char *name,
                          const struct json *arguments, const struct json **result)
{
    struct call *c = ARENA_NEW(cli->arena, struct call);
    struct policy *policy;
    ENSURE(c != NULL, ERR_LIMIT, "out of memory");
    TRY(policy_now(tx, cli->arena, &policy));
    *c = (struct call){.arena = cli->arena, .policy = policy, .tool = tool_find(name)};
    TRY(run_person(tx, cli->arena, &c->actor));
    if (c->tool != NULL) {
        TRY(call_bind(c, arguments));
        TRY(c->tool->read(c, tx));
    } else {
        const struct resource *r = resource_find(name);
        ENSURE(r != NULL, ERR_BUG, "the command names a tool that is not there");
        TRY(r->read(c, tx, NULL));
    }
    *result = c->result;
    return arena_check(cli->arena);
}

struct err run_read(struct cli *cli, const char *tool_or_uri, const struct json *arguments,
                    const struct json **result)
{
    CLEANUP(store_close) struct store *store = NULL;
    const char *book = cli_path(cli, "recon.db");
    struct stat st;
    struct tx tx;
    TRY(arena_check(cli->arena));
    if (stat(book, &st) != 0)
        return err_at(ERR_MISSING, book, "there is no book: run closegate-engine init first");
    TRY(store_open(book, STORE_READER, cli->arena, &store));
    TRY(tx_read_begin(store, cli->arena, cli_clock_us(), &tx));
    struct err e = read_in(cli, &tx, tool_or_uri, arguments, result);
    e = book_err(cli, e);
    tx_read_end(&tx);
    return e;
}

struct err run_ask(struct cli *cli, const char *tool, const struct json *arguments,
                   const struct json **result)
{
    struct run_call done = {.outcome = CALL_NONE};
    struct stat st;
    if (stat(cli_config(cli)->engine_socket, &st) == 0) {
        struct err e = by_daemon(cli, tool, arguments, &done);
        *result = done.result;
        if (e.kind != ERR_MISSING || done.by_daemon)
            return e;
    }
    return run_read(cli, tool, arguments, result);
}
