/* The whole endpoint before hostile requests, with the engine behind it: HTTP over a socket, the
 * two eras, sessions and streams, identity by signed assertions, the tools, the gate, the log, a
 * book. Only the spine's threads are left out (still_spine.h), so that an input is one run and no
 * other.
 *
 * An input is up to 16 requests, each a line of four characters, header lines, an empty line, the
 * body, and "===" on a line of its own before the next:
 *
 *     aPl.                            who, what, era, when
 *     Mcp-Session-Id: $S              more header fields, as they are
 *
 *     {"jsonrpc":"2.0","id":1,"method":"ping"}
 *     ===
 *
 * who   a demo-user, m maria, s sam, all through the workspace; k sam on Slack, signed in long ago;
 *       l Claude for demo-user, w the workspace's agent for maria, b a service; x Claude as maria,
 *       d a client that is disabled, t another body than was signed, h a name and nothing more,
 *       n nobody; u maria's user on the Unix socket, v some other user there
 * what  P POST /mcp, A POST /admin, G GET /mcp, D DELETE /mcp, H /healthz, Y /readyz, M /metrics,
 *       W RFC 9728's metadata, T GET of the path that the body is, R the body is all that is sent
 * era   - says none; l, k, o the legacy versions, newest first; s the newest, in the session begun
 *       last; m 2026-07-28, with its headers from the body; capitals the same without event streams
 * when  . all work is done at once; h it waits; 0 to 9 so many pieces of it are done; x the client
 *       leaves before, y and what it asked waits
 *
 * In headers and bodies $0 to $4 are matches that wait, the smallest first, $5 to $9 confirmed
 * ones, $a to $e their escalations, $u to $y the digests of those, $p $q $r people; and of what an
 * answer named last $E is the escalation, $D the digest, $S the session, $R the sealed state, $T
 * the task, $L the event of a stream, $X the exception, $F the freeze, $N the run, $C the cursor,
 * $M the match.
 *
 * With FUZZ_SHOW in the environment it is printed what was said and heard. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/invariant.h"
#include "common/sys/json_read.h"
#include "common/sys/web_conn.h"
#include "engine/auth/actor_auth.h"
#include "engine/call/measure.h"
#include "engine/mcp/endpoint.h"
#include "engine/mcp/engine_host.h"
#include "engine/mcp/era.h"
#include "proto/assertion.h"
#include "proto/mcp_header.h"
#include "tests/fuzz/endpoint_book.h"
#include "tests/fuzz/endpoint_reply.h"
#include "tests/fuzz/still_spine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS_MAX 16
#define INPUT_MAX    ((size_t)64 << 10)
#define HEARD_MAX    ((size_t)64 << 20)
#define QUIET_TURNS  4
#define RECEIPTS_MAX 256

static struct endpoint_book *book;
static struct loop *loop;
static struct loop_wake *stop;

/* ---- who ---- */

struct who {
    char letter;
    enum book_client client;
    const char *actor;
    int person; /* principals[], or -1 */
    const char *channel;
    bool valid;
};

static const struct who signing[] = {
    {'a', BOOK_WORKSPACE, "human:demo-user", 0, "web", true},
    {'m', BOOK_WORKSPACE, "human:maria", 1, "web", true},
    {'s', BOOK_WORKSPACE, "human:sam", 2, "web", true},
    {'k', BOOK_WORKSPACE, "human:sam", 2, "slack", true},
    {'l', BOOK_CLAUDE, "llm:claude.s-1", 0, "api", true},
    {'w', BOOK_WORKSPACE, "llm:s-1", 1, "chat", true},
    {'b', BOOK_BOT, "llm:bot.service", -1, "api", true},
    {'x', BOOK_CLAUDE, "human:maria", 1, "api", false},
    {'d', BOOK_GONE, "llm:gone.s-1", 0, "api", false},
    {'t', BOOK_WORKSPACE, "human:maria", 1, "web", false},
};

static const char *const by_socket[] = {"llm:cli.77", "human:maria"};

/* What an answer names, and an input's letter for it. */
static const struct {
    char letter;
    const char *before, *behind;
} lasts[] = {
    {'E', "\"escalation_id\":\"", "\""}, {'D', "\"digest\":\"", "\""},
    {'S', "Mcp-Session-Id: ", "\r"},     {'R', "\"requestState\":\"", "\""},
    {'T', "\"taskId\":\"", "\""},        {'L', "\nid: ", "\n"},
    {'X', "\"exception_id\":\"", "\""},  {'F', "\"freeze_id\":\"", "\""},
    {'N', "\"run_id\":\"", "\""},        {'C', "\"next_cursor\":\"", "\""},
    {'M', "\"match_id\":\"", "\""},
};
#define LASTS (sizeof lasts / sizeof lasts[0])

/* ---- one input ---- */

struct caller {
    int fd; /* -1: it left */
    char who;
    bool left, raw, to_mcp;
    struct jsonrpc_msg asked;
    struct str said;
    struct buf heard;
};

static struct {
    struct arena *arena;
    struct auth *auth;
    struct engine_host *host;
    struct mcp *mcp;
    struct web *web;
    struct caller callers[REQUESTS_MAX];
    size_t n;
    const char *shown[REQUESTS_MAX]; /* actors who may have acted */
    size_t shown_n;
    struct book_receipt receipts[RECEIPTS_MAX];
    size_t receipts_n, bare;
    const char *last[LASTS];
} site;

static void good(struct err e)
{
    if (e.kind != ERR_NONE)
        (void)fprintf(stderr, "%s: %s\n", err_kind_name(e.kind), e.msg);
    INVARIANT(e.kind == ERR_NONE);
}

static void shown(const char *actor)
{
    if (site.shown_n < REQUESTS_MAX)
        site.shown[site.shown_n++] = actor;
}

static bool is_shown(void *ctx, const char *actor)
{
    (void)ctx;
    for (size_t i = 0; i < site.shown_n; i++)
        if (strcmp(site.shown[i], actor) == 0)
            return true;
    return false;
}

/* ---- the loop, in turns ---- */

static void on_stop(void *ctx)
{
    loop_stop(ctx);
}

static void process_make(void)
{
    struct log_options quiet = log_options_default();
    quiet.level = LOG_DEBUG;
    quiet.burst = 0;
    quiet.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_init(&quiet);
    good(measure_init());
    good(loop_new(&loop));
    good(loop_wake_new(loop, on_stop, loop, &stop));
    book = book_make();
}

/* True: there was something to hear. */
static bool hear(struct caller *c)
{
    char *room;
    ssize_t n;
    bool some = false;
    while (c->fd >= 0) {
        room = buf_room(&c->heard, 65536);
        INVARIANT(room != NULL);
        n = recv(c->fd, room, 65536, MSG_DONTWAIT);
        if (n <= 0)
            return some;
        buf_grow(&c->heard, (size_t)n);
        some = true;
    }
    return some;
}

static void settle(void)
{
    for (int quiet = 0; quiet < QUIET_TURNS; quiet++) {
        loop_wake(stop);
        good(loop_run(loop));
        for (size_t i = 0; i < site.n; i++)
            if (hear(&site.callers[i]))
                quiet = -1;
    }
}

/* `pieces` < 0: all that waits. */
static void work(int pieces)
{
    settle();
    while (pieces != 0 && still_run(book->spine)) {
        pieces -= pieces > 0;
        settle();
    }
}

/* ---- the site ---- */

static void site_begin(void)
{
    struct web_limits limits = web_limits_default();
    size_t routes_n;
    const struct web_route *routes = mcp_routes(&routes_n);
    limits.head_ms = limits.body_ms = limits.idle_ms = limits.write_ms = 3600000;
    book_begin(book);
    memset(&site, 0, sizeof site);
    site.arena = arena_new((size_t)512 << 20);
    INVARIANT(site.arena != NULL);
    good(auth_new(&book->config, book_clock() - INT64_C(3600000000), &site.auth));
    const struct engine_host_options host = {.config = &book->config,
                                             .auth = site.auth,
                                             .spine = book->spine,
                                             .clock_us = book_clock,
                                             .book_path = book->path};
    good(engine_host_new(&host, &site.host));
    static struct mcp_options mcp;
    mcp = (struct mcp_options){.config = &book->config,
                               .host = engine_host_serves(site.host),
                               .loop = loop,
                               .clock_us = book_clock};
    good(mcp_new(&mcp, &site.mcp));
    good(engine_host_follow(site.host, loop, site.mcp));
    engine_host_set_policy(site.host, book->policy);
    good(web_new(loop, &limits, routes, routes_n, site.mcp, &site.web));
}

/* Nobody is behind the book any more when it is judged. */
static void site_end(void)
{
    const struct book_said said = {.known = is_shown,
                                   .receipts = site.receipts,
                                   .receipts_n = site.receipts_n,
                                   .bare = site.bare};
    for (size_t i = 0; i < site.n; i++)
        if (site.callers[i].fd >= 0)
            (void)close(site.callers[i].fd);
    spine_on_commit(book->spine, NULL, NULL);
    web_free(site.web);
    mcp_free(site.mcp);
    engine_host_free(site.host);
    auth_free(site.auth);
    book_judge(book, &said);
    for (size_t i = 0; i < site.n; i++)
        buf_fini(&site.callers[i].heard);
    arena_free(site.arena);
}

/* ---- what a request is made of ---- */

struct record {
    char who, what, era, when;
    struct str fields, body;
};

/* What stands before the mark; *rest is what stands behind it. */
static struct str cut_at(struct str *rest, const char *mark)
{
    const char *at = memmem(rest->at, rest->len, mark, strlen(mark));
    struct str before = *rest;
    size_t used = rest->len;
    if (at != NULL) {
        before.len = (size_t)(at - rest->at);
        used = before.len + strlen(mark);
    }
    *rest = (struct str){rest->at + used, rest->len - used};
    return before;
}

static bool record_take(struct str *rest, struct record *r)
{
    if (rest->len == 0)
        return false;
    struct str one = cut_at(rest, "\n===\n");
    const struct str line = cut_at(&one, "\n");
    *r = (struct record){.who = 'n', .what = 'P', .era = '-', .when = '.'};
    if (line.len == 4)
        *r = (struct record){line.at[0], line.at[1], line.at[2], line.at[3], {0}, {0}};
    if (one.len > 0 && one.at[0] == '\n')
        one = (struct str){one.at + 1, one.len - 1};
    else
        r->fields = cut_at(&one, "\n\n");
    r->body = one;
    return true;
}

/* What `$letter` stands for; NULL: nothing, it is as it stands. */
static const char *meant(char letter)
{
    if (letter >= '0' && letter <= '9')
        return book->matches[letter - '0'];
    if (letter >= 'a' && letter < 'a' + BOOK_WAITING)
        return book->waiting[letter - 'a'];
    if (letter >= 'u' && letter < 'u' + BOOK_WAITING)
        return book->digests[letter - 'u'];
    if (letter >= 'p' && letter <= 'r')
        return book->principals[letter - 'p'];
    for (size_t i = 0; i < LASTS; i++)
        if (lasts[i].letter == letter)
            return site.last[i];
    return NULL;
}

static struct str filled_in(struct str text)
{
    struct buf out;
    buf_init(&out, INPUT_MAX);
    for (size_t i = 0; i < text.len; i++) {
        const char *name = text.at[i] == '$' && i + 1 < text.len ? meant(text.at[i + 1]) : NULL;
        if (name == NULL)
            buf_putc(&out, text.at[i]);
        else
            buf_puts(&out, name);
        i += name != NULL;
    }
    const struct str all = {arena_dup(site.arena, buf_text(&out), out.len), out.len};
    buf_fini(&out);
    INVARIANT(all.at != NULL);
    return all;
}

static void learn(const struct caller *c)
{
    struct str heard = buf_str(&c->heard);
    for (size_t i = 0; i < LASTS; i++) {
        struct str rest = heard;
        while (rest.len > 0) {
            (void)cut_at(&rest, lasts[i].before);
            struct str behind = rest;
            const struct str found = cut_at(&behind, lasts[i].behind);
            if (found.len > 0 && behind.at > found.at + found.len)
                site.last[i] = str_dup(site.arena, found);
        }
    }
}

/* ---- its head ---- */

static void put_field(struct buf *out, const char *name, const char *value)
{
    if (value != NULL)
        buf_putf(out, "%s: %s\r\n", name, value);
}

/* What a client of 2026-07-28 says again of the body. */
static void put_mirror(struct buf *out, struct str body)
{
    struct json *m = NULL;
    put_field(out, "MCP-Protocol-Version", MCP_MODERN);
    if (json_read(site.arena, body, NULL, &m).kind != ERR_NONE)
        return;
    const struct json *params = json_get(m, "params");
    const char *method = json_get_text(m, "method"), *member = mcp_header_name_of(method);
    const char *name = member == NULL ? NULL : json_get_text(params, member);
    const struct tool *tool = name == NULL ? NULL : tool_find(name);
    if (method != NULL)
        put_field(out, "Mcp-Method", mcp_header_encode(site.arena, str_of(method)));
    if (name != NULL)
        put_field(out, "Mcp-Name", mcp_header_encode(site.arena, str_of(name)));
    for (size_t i = 0; tool != NULL && i < tool->fields_n; i++) {
        const struct json_field *f = &tool->fields[i];
        const struct json *given =
            json_get(json_get(params, "arguments"), f->as != NULL ? f->as : f->name);
        if (f->header != NULL)
            put_field(out, arena_fmt(site.arena, "Mcp-Param-%s", f->header),
                      mcp_header_argument(site.arena, given));
    }
}

static void put_era(struct buf *out, char era, struct str body)
{
    static const char *const versions[] = {"2025-11-25", "2025-06-18", "2025-03-26"};
    static const char letters[] = "lko";
    const char small = era >= 'A' && era <= 'Z' ? (char)(era + ('a' - 'A')) : era;
    const char *at = small == '\0' ? NULL : strchr(letters, small);
    put_field(out, "Accept",
              small == era ? "application/json, text/event-stream" : "application/json");
    if (at != NULL)
        put_field(out, "MCP-Protocol-Version", versions[at - letters]);
    if (small == 's') {
        put_field(out, "MCP-Protocol-Version", versions[0]);
        put_field(out, "Mcp-Session-Id", meant('S'));
    }
    if (small == 'm')
        put_mirror(out, body);
}

static void put_assertion(struct buf *out, const struct who *w, const char *method,
                          const char *path, struct str body)
{
    static unsigned jti;
    char hash[ASSERTION_HASH_SIZE];
    const char *text;
    const int64_t now_s = book_clock() / 1000000;
    const char *person = w->person < 0 ? NULL : book->principals[w->person];
    const bool human = strncmp(w->actor, "human:", 6) == 0;
    assertion_body_hash(w->letter == 't' ? STR("{}") : body, hash);
    const struct assertion a = {.sub = w->actor,
                                .principal = human ? person : NULL,
                                .obo = human ? NULL : person,
                                .aud = ASSERTION_AUD,
                                .htm = method,
                                .htu = path,
                                .bh = hash,
                                .iat = now_s,
                                .exp = now_s + 30,
                                .jti = arena_fmt(site.arena, "jti-%08u", jti++),
                                .channel = w->channel,
                                .auth_time = !human             ? 0
                                             : w->letter == 'k' ? now_s - 86400
                                                                : now_s - 60};
    good(assertion_sign(site.arena, book->client_keys[w->client], book->client_ids[w->client], &a,
                        &text));
    put_field(out, ASSERTION_HEADER, text);
    if (w->valid)
        shown(w->actor);
}

static void put_who(struct buf *out, char who, const char *method, const char *path,
                    struct str body)
{
    for (size_t i = 0; i < sizeof signing / sizeof signing[0]; i++)
        if (signing[i].letter == who)
            put_assertion(out, &signing[i], method, path, body);
    if (who == 'h')
        put_field(out, "X-Actor-Id", "human:maria");
    for (size_t i = 0; who == 'u' && i < sizeof by_socket / sizeof by_socket[0]; i++)
        shown(by_socket[i]);
}

static void put_given(struct buf *out, struct str fields)
{
    struct str line;
    for (bool more = fields.len > 0; more;) {
        more = str_cut(fields, '\n', &line, &fields);
        buf_put(out, line.at, line.len);
        buf_puts(out, "\r\n");
    }
}

/* ---- sending it ---- */

struct door {
    char letter;
    const char *method, *path;
};

static const struct door doors[] = {
    {'P', "POST", "/mcp"},    {'A', "POST", "/admin"},
    {'G', "GET", "/mcp"},     {'D', "DELETE", "/mcp"},
    {'H', "GET", "/healthz"}, {'Y', "GET", "/readyz"},
    {'M', "GET", "/metrics"}, {'W', "GET", "/.well-known/oauth-protected-resource/mcp"},
    {'T', "GET", NULL},
};

static const struct door *door_of(char letter)
{
    for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++)
        if (doors[i].letter == letter)
            return &doors[i];
    return &doors[0];
}

static void request_print(struct buf *out, const struct record *r, const struct door *door)
{
    const bool posts = strcmp(door->method, "POST") == 0;
    const char *path = door->path != NULL ? door->path : str_dup(site.arena, r->body);
    const struct str body = posts ? r->body : STR("");
    buf_putf(out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:8001\r\n", door->method, path);
    if (posts)
        buf_putf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.len);
    put_era(out, r->era, body);
    put_who(out, r->who, door->method, path, body);
    put_given(out, r->fields);
    buf_puts(out, "\r\n");
    buf_put(out, body.at, body.len);
}

static struct web_peer peer_of(char who)
{
    struct web_peer peer = {.port = 4000};
    if (who == 'u' || who == 'v') {
        peer.is_unix = true;
        peer.uid = who == 'u' ? BOOK_OS_UID : BOOK_OS_UID + 1;
        peer.pid = 77;
        memcpy(peer.text, "unix", sizeof "unix");
        return peer;
    }
    good(netaddr_parse(STR("127.0.0.1"), &peer.addr));
    memcpy(peer.text, "127.0.0.1:4000", sizeof "127.0.0.1:4000");
    return peer;
}

static void send_all(struct caller *c, struct str bytes)
{
    while (bytes.len > 0) {
        const ssize_t n = send(c->fd, bytes.at, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return; /* refused before its end */
        if (n < 0)
            settle();
        else
            bytes = (struct str){bytes.at + n, bytes.len - (size_t)n};
    }
}

static struct caller *caller_new(char who)
{
    struct caller *c = &site.callers[site.n++];
    const struct web_peer peer = peer_of(who);
    int ends[2];
    INVARIANT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    *c = (struct caller){.fd = ends[0], .who = who};
    buf_init(&c->heard, HEARD_MAX);
    INVARIANT(peer.is_unix || peers_enter(site.web->peers, &peer.addr, REQUESTS_MAX + 1));
    conn_open(site.web, ends[1], &peer);
    return c;
}

/* Whoever frames the body in another way as well is not answered for certain. */
static bool frames(struct str fields)
{
    static const char *const words[] = {"length", "encoding", "expect", "connection"};
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
        for (size_t i = 0, n = strlen(words[w]); i + n <= fields.len; i++)
            if (str_is_nocase((struct str){fields.at + i, n}, words[w]))
                return true;
    return false;
}

static void caller_leave(struct caller *c)
{
    (void)hear(c);
    (void)close(c->fd);
    c->fd = -1;
    c->left = true;
    settle();
}

static void ask(struct record *r)
{
    struct caller *c = caller_new(r->who);
    const struct door *door = door_of(r->what);
    struct jsonrpc_fault fault;
    struct buf out;
    r->fields = filled_in(r->fields);
    r->body = filled_in(r->body);
    c->raw = r->what == 'R' || frames(r->fields) || door->path == NULL;
    c->to_mcp = strcmp(door->method, "POST") == 0;
    jsonrpc_parse(site.arena, r->body, &c->asked, &fault);
    if (fault.code != 0)
        c->asked.kind = JSONRPC_NONE;
    buf_init(&out, 4 * INPUT_MAX);
    if (r->what == 'R')
        buf_put(&out, r->body.at, r->body.len);
    else
        request_print(&out, r, door);
    c->said = (struct str){arena_dup(site.arena, buf_text(&out), out.len), out.len};
    buf_fini(&out);
    INVARIANT(c->said.at != NULL);
    send_all(c, c->said);
    settle();
    if (r->when == 'x' || r->when == 'y')
        caller_leave(c);
    if (r->when >= '0' && r->when <= '9')
        work(r->when - '0');
    else if (r->when != 'h' && r->when != 'y')
        work(-1);
    learn(c);
}

/* ---- what came of it ---- */

/* A change by who has roles: the bot has none, and sees no event. */
static bool sees_receipts(const struct caller *c)
{
    const struct json *params = c->asked.params;
    const char *name = json_get_text(params, "name");
    const struct tool *tool = name == NULL ? NULL : tool_find(name);
    return c->to_mcp && c->who != 'b' && c->asked.kind == JSONRPC_REQUEST &&
           text_eq(c->asked.method, "tools/call") && tool != NULL && tool->run != TOOL_READ;
}

static void on_message(void *ctx, const struct json *message)
{
    const struct caller *c = ctx;
    const struct json *result = json_get(message, "result");
    struct book_receipt given = {.tree = json_pointer_get(result, "/_meta/closegate~1receipt")};
    const bool says = sees_receipts(c) &&
                      json_int(json_pointer_get(result, "/structuredContent/seq"), &given.seq);
    if (given.tree != NULL && site.receipts_n < RECEIPTS_MAX)
        site.receipts[site.receipts_n++] = given;
    site.bare += says && given.tree == NULL;
}

/* Who asked and stayed has one answer, and nothing behind it. */
static void judge_caller(struct caller *c)
{
    struct str rest = buf_str(&c->heard);
    struct reply reply;
    size_t n = 0;
    if (c->raw) {
        INVARIANT(rest.len == 0 || (rest.len > 9 && memcmp(rest.at, "HTTP/1.1 ", 9) == 0));
        return;
    }
    for (; reply_take(site.arena, &rest, c->left, &reply); n++)
        reply_judge(site.arena, &reply, c->to_mcp ? &c->asked : NULL, on_message, c);
    INVARIANT(c->left || (n == 1 && rest.len == 0));
}

/* For people who look at an input. */
static void show(void)
{
    for (size_t i = 0; getenv("FUZZ_SHOW") != NULL && i < site.n; i++) {
        const struct str said = site.callers[i].said, heard = buf_str(&site.callers[i].heard);
        (void)fprintf(stderr, "> %zu\n%.*s\n< %zu\n%.*s\n", i, (int)said.len, said.at, i,
                      (int)heard.len, heard.at);
    }
}

static void finish(void)
{
    work(-1);
    mcp_end(site.mcp);
    work(-1);
    show();
    INVARIANT(mcp_in_flight(site.mcp) == 0);
    for (size_t i = 0; i < site.n; i++)
        judge_caller(&site.callers[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct record r;
    if (size > INPUT_MAX)
        return 0;
    if (book == NULL)
        process_make();
    site_begin();
    while (site.n < REQUESTS_MAX && record_take(&rest, &r))
        ask(&r);
    finish();
    site_end();
    return 0;
}
