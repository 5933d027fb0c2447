/* Transport bypass: around identity, around HTTP, around the endpoint. Every letter here would be
 * obeyed if it were not bent. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/assertion.h"
#include "tests/eval/trial.h"

#define TRANSPORT "transport bypass"

/* Sends the comment with this header added or (value NULL) without it. */
static struct err bent_header(struct trial *t, const char *name, const char *value, bool twin)
{
    struct eval_letter letter;
    TRY(trial_comment(t, &t->e->model, &letter));
    if (twin)
        eval_letter_add(&letter, name, value);
    else
        eval_letter_put(&letter, name, value);
    return trial_refused(t, &letter,
                         arena_fmt(t->arena, "%s: %s", name, value == NULL ? "" : value));
}

static struct err nobody(struct trial *t)
{
    static const struct http_pair words[] = {
        {"X-Actor-Id", "human:maria"},
        {"X-Actor-Id", "engine:matcher"},
        {"X-Actor-Id", "llm:chat.1"},
        {"Authorization", "Bearer admin"},
        {"Authorization", "Basic YWRtaW46YWRtaW4="},
        {"X-Forwarded-User", "maria"},
        {"X-Forwarded-For", "127.0.0.1"},
        {"Forwarded", "for=127.0.0.1;proto=https;by=workspace"},
        {"X-Closegate-Actor", "human:maria"},
        {"X-Closegate-Principal", "admin"},
        {"Cookie", "session=admin"},
        {ASSERTION_HEADER, "e30.e30.e30"},
        {ASSERTION_HEADER, "null"},
    };
    TRY(trial_control(t, &t->e->model));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct eval_letter letter;
        TRY(trial_comment(t, NULL, &letter));
        eval_letter_put(&letter, words[i].name, words[i].value);
        TRY(trial_refused(t, &letter,
                          arena_fmt(t->arena, "nobody, %s: %s", words[i].name, words[i].value)));
    }
    return OK;
}

static struct err hosts(struct trial *t)
{
    static const char *const hosts[] = {"evil.example",           "evil.example:8001",
                                        "127.0.0.1.evil.example", "169.254.169.254",
                                        "localhost@evil.example", "",
                                        "127.0.0.1, evil.example"};
    static const char *const origins[] = {"https://evil.example", "null",
                                          "http://evil.example:8001", "file://",
                                          "http://127.0.0.1.evil.example"};
    TRY(trial_control(t, &t->e->model));
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        TRY(bent_header(t, "Host", hosts[i], false));
    TRY(bent_header(t, "Host", NULL, false));
    TRY(bent_header(t, "Host", "127.0.0.1", true));
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++)
        TRY(bent_header(t, "Origin", origins[i], false));
    return OK;
}

static struct err names(struct trial *t)
{
    static const struct http_pair bends[] = {
        {"Mcp-Name", "query_audit"},
        {"Mcp-Name", "COMMENT_ITEM"},
        {"Mcp-Name", NULL},
        {"Mcp-Name", ""},
        {"Mcp-Method", "tools/list"},
        {"Mcp-Method", "ping"},
        {"Mcp-Method", NULL},
        {"MCP-Protocol-Version", "2025-11-25"},
        {"MCP-Protocol-Version", NULL},
        {"MCP-Protocol-Version", "9999-99-99"},
        {"MCP-Protocol-Version", "2024"},
    };
    static const struct http_pair twins[] = {
        {"Mcp-Name", "query_audit"},
        {"Mcp-Method", "tools/list"},
        {"MCP-Protocol-Version", "2025-11-25"},
    };
    TRY(trial_control(t, &t->e->model));
    for (size_t i = 0; i < sizeof bends / sizeof bends[0]; i++)
        TRY(bent_header(t, bends[i].name, bends[i].value, false));
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++)
        TRY(bent_header(t, twins[i].name, twins[i].value, true));
    return OK;
}

static struct err media(struct trial *t)
{
    static const char *const types[] = {"text/plain",
                                        "application/x-www-form-urlencoded",
                                        "multipart/form-data; boundary=x",
                                        "application/jsonp",
                                        "application/json;charset=utf-7",
                                        "text/json",
                                        "*/*",
                                        "application/xml"};
    static const char *const codings[] = {"gzip", "deflate", "br", "identity, gzip"};
    TRY(trial_control(t, &t->e->model));
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        TRY(bent_header(t, "Content-Type", types[i], false));
    TRY(bent_header(t, "Content-Type", NULL, false));
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++)
        TRY(bent_header(t, "Content-Encoding", codings[i], false));
    return OK;
}

static struct err methods(struct trial *t)
{
    static const char *const methods[] = {"GET",   "PUT",     "PATCH",   "DELETE", "HEAD",
                                          "TRACE", "OPTIONS", "CONNECT", "post",   "POST/mcp"};
    static const char *const paths[] = {"/MCP",
                                        "/mcp/",
                                        "//mcp",
                                        "/mcp/../mcp",
                                        "/%6dcp",
                                        "/mcp;x=1",
                                        "/./mcp",
                                        "/admin",
                                        "/admin/",
                                        "/mcp/admin",
                                        "/mcp%00",
                                        "/mcp#x",
                                        "http://127.0.0.1/mcp",
                                        "*",
                                        "/mcp\\..\\admin"};
    TRY(trial_control(t, &t->e->model));
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct eval_letter letter;
        TRY(trial_comment(t, &t->e->model, &letter));
        letter.http_method = methods[i];
        TRY(trial_refused(t, &letter, arena_fmt(t->arena, "method %s", methods[i])));
        eval_wire_hang_up(t->wire);
    }
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct eval_letter letter;
        TRY(trial_comment(t, &t->e->model, &letter));
        letter.path = paths[i];
        TRY(trial_refused(t, &letter, arena_fmt(t->arena, "path %s", paths[i])));
    }
    return OK;
}

/* ---- smuggling ---- */

/* The comment's head lines with others put in or instead, and what follows the head. */
static struct err smuggle(struct trial *t, const char *extra_head, bool own_length, bool chunked,
                          const char *behind, const char *what)
{
    struct eval_letter letter;
    struct str bytes, more;
    struct eval_said said;
    TRY(trial_comment(t, &t->e->model, &letter));
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, (size_t)1024 * 1024);
    buf_puts(&out, "POST /mcp HTTP/1.1\r\n");
    for (size_t i = 0; i < letter.pairs_n; i++)
        buf_putf(&out, "%s: %s\r\n", letter.pairs[i].name, letter.pairs[i].value);
    if (own_length)
        buf_putf(&out, "Content-Length: %zu\r\n", letter.body.len);
    buf_puts(&out, extra_head);
    buf_puts(&out, "\r\n");
    if (chunked)
        buf_putf(&out, "%zx\r\n", letter.body.len);
    buf_put(&out, letter.body.at, letter.body.len);
    buf_puts(&out, chunked ? "\r\n0\r\n\r\n" : "");
    buf_puts(&out, behind);
    TRY(buf_check(&out));
    bytes = (struct str){arena_dup(t->arena, out.at, out.len), out.len};
    eval_wire_hang_up(t->wire);
    TRY(trial_bytes(t, NULL, bytes, what, &said));
    trial_expect(t, &said, EVAL_REFUSED, what);
    TRY(eval_bytes_behind(t->wire, t->arena, 50, &more));
    return OK;
}

static struct err framing(struct trial *t)
{
    TRY(trial_control(t, &t->e->model));
    TRY(smuggle(t, "Transfer-Encoding: chunked\r\n", true, true, "", "a length and chunks"));
    TRY(smuggle(t, "Transfer-Encoding: chunked\r\n", true, false, "", "chunks, said only"));
    TRY(smuggle(t, "Content-Length: 4\r\n", true, false, "", "two lengths"));
    TRY(smuggle(t, "Content-Length: +10\r\n", false, false, "", "a length with a sign"));
    TRY(smuggle(t, "Content-Length: 0x10\r\n", false, false, "", "a hex length"));
    TRY(smuggle(t, "Content-Length: 10, 10\r\n", false, false, "", "a list of lengths"));
    TRY(smuggle(t, "Transfer-Encoding: xchunked\r\n", false, true, "", "another coding"));
    TRY(smuggle(t, "Transfer-Encoding : chunked\r\n", false, true, "", "a space before the colon"));
    TRY(smuggle(t, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", false, true, "",
                "two codings"));
    TRY(smuggle(t, "Transfer-Encoding:\r\n chunked\r\n", false, true, "", "a folded line"));
    TRY(smuggle(t, "X-A: b\nX-C: d\r\n", true, false, "", "a bare line feed"));
    TRY(smuggle(t, "X-A: b\rX-C: d\r\n", true, false, "", "a bare carriage return"));
    TRY(smuggle(t, "X\x01-A: b\r\n", true, false, "", "a control byte in a name"));
    return OK;
}

/* One signed request that is read as two: the second has nobody's word behind it. */
static struct err riding(struct trial *t)
{
    struct eval_letter first, second;
    struct str one, two, more;
    struct eval_reply reply;
    struct eval_said said;
    TRY(trial_control(t, &t->e->model));
    TRY(eval_letter_make(&t->e->target, t->arena, &t->e->model, "tools/list", NULL, NULL, &first));
    TRY(trial_comment(t, NULL, &second));
    TRY(eval_letter_print(t->arena, &first, &one));
    TRY(eval_letter_print(t->arena, &second, &two));
    CLEANUP(buf_fini) struct buf both;
    buf_init(&both, (size_t)1024 * 1024);
    buf_put(&both, one.at, one.len);
    buf_put(&both, two.at, two.len);
    TRY(buf_check(&both));
    eval_wire_hang_up(t->wire);
    TRY(eval_bytes_say(t->wire, t->arena, buf_str(&both), &reply));
    TRY(eval_bytes_behind(t->wire, t->arena, 300, &more));
    /* judged as one attempt: the second answer must be a refusal, the log must not have moved */
    TRY(trial_bytes(t, NULL, two, "a request without a word of its own", &said));
    trial_expect(t, &said, EVAL_REFUSED, "a request that rides on another's connection");
    if (more.len < 12 || memmem(more.at, more.len, " 401 ", 5) == NULL)
        trial_bypass(t, "what was pipelined behind a signed request was not refused: %.*s",
                     more.len > 60 ? 60 : (int)more.len, more.at);
    return OK;
}

/* ---- what is no message ---- */

static struct err body_bytes(struct trial *t, struct str body, const char *what)
{
    struct eval_letter letter;
    TRY(eval_letter_around(&t->e->target, t->arena, &t->e->model, "tools/call", "comment_item",
                           body, &letter));
    return trial_refused(t, &letter, what);
}

/* `n` times `open`, then `n` times `close`, in front of and behind `inner`. */
static struct str nested(struct trial *t, const char *open, const char *inner, const char *close,
                         size_t n)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, (size_t)8 * 1024 * 1024);
    for (size_t i = 0; i < n; i++)
        buf_puts(&out, open);
    buf_puts(&out, inner);
    for (size_t i = 0; i < n; i++)
        buf_puts(&out, close);
    return (struct str){arena_dup(t->arena, buf_text(&out), out.len), out.len};
}

static struct err bodies(struct trial *t)
{
    struct eval_letter whole;
    TRY(trial_control(t, &t->e->model));
    TRY(trial_comment(t, &t->e->model, &whole));
    const char *text = str_dup(t->arena, whole.body);
    TRY(body_bytes(t, str_of(arena_fmt(t->arena, "[%s]", text)), "a batch of one"));
    TRY(body_bytes(t, str_of(arena_fmt(t->arena, "[%s,%s]", text, text)), "a batch"));
    TRY(body_bytes(t, str_of(arena_fmt(t->arena, "%s%s", text, text)), "two messages"));
    TRY(body_bytes(t, str_of(arena_fmt(t->arena, "%s,", text)), "a comma behind it"));
    TRY(body_bytes(t, str_of(arena_fmt(t->arena, "\xef\xbb\xbf%s", text)), "a byte order mark"));
    TRY(body_bytes(t, str_of(arena_fmt(t->arena, "/**/%s", text)), "a comment before it"));
    TRY(body_bytes(t, STR(""), "no body"));
    TRY(body_bytes(t, STR("null"), "null"));
    TRY(body_bytes(t, STR("\"tools/call\""), "a text"));
    TRY(body_bytes(t, nested(t, "[", "", "]", 100000), "a hundred thousand open arrays"));
    TRY(body_bytes(t, nested(t, "{\"a\":", "1", "}", 50000), "fifty thousand open objects"));
    TRY(body_bytes(t, (struct str){text, whole.body.len - 1}, "a message cut short"));
    return OK;
}

static struct err sizes(struct trial *t)
{
    const size_t lengths[] = {(size_t)17 << 20, (size_t)70 << 20};
    TRY(trial_control(t, &t->e->model));
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct eval_letter letter;
        TRY(trial_comment(t, &t->e->model, &letter));
        letter.no_length = true;
        eval_letter_add(&letter, "Content-Length", arena_fmt(t->arena, "%zu", lengths[i]));
        TRY(trial_refused(t, &letter, "a body that is said to be huge"));
        eval_wire_hang_up(t->wire);
    }
    TRY(bent_header(t, "X-Padding", nested(t, "0123456789abcdef", "", "", 4096).at, false));
    struct eval_letter letter;
    TRY(trial_comment(t, &t->e->model, &letter));
    letter.path = nested(t, "/mcp", "", "", 4096).at;
    return trial_refused(t, &letter, "a path of sixteen kilobytes");
}

/* ---- sessions of 2025-11-25 ---- */

static struct err legacy_letter(struct trial *t, const struct eval_actor *as, const char *body,
                                const char *session, struct eval_letter *letter)
{
    TRY(eval_letter_around(&t->e->target, t->arena, as, "tools/call", NULL, str_of(body), letter));
    eval_letter_put(letter, "MCP-Protocol-Version", "2025-11-25");
    eval_letter_put(letter, "Mcp-Method", NULL);
    if (session != NULL)
        eval_letter_add(letter, "Mcp-Session-Id", session);
    return OK;
}

static struct err sessions(struct trial *t)
{
    const char *hello =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
        "\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"x\",\"version\":\"1\"}}}";
    const struct eval_actor other =
        trial_session(t, &t->e->workspace, "other", t->e->approver.principal);
    struct eval_letter letter, honest;
    struct eval_reply reply;
    struct str bytes;
    TRY(trial_comment(t, &other, &honest));
    const char *call =
        arena_fmt(t->arena,
                  "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":"
                  "\"comment_item\",\"arguments\":{\"object\":\"%s\",\"text\":\"was here\"}}}",
                  json_get(t->before, "matches")->members[0].key.at);
    TRY(legacy_letter(t, &t->e->victim, hello, NULL, &letter));
    eval_letter_put(&letter, "MCP-Protocol-Version", NULL);
    TRY(eval_letter_print(t->arena, &letter, &bytes));
    TRY(eval_bytes_say(t->wire, t->arena, bytes, &reply));
    const char *session = eval_header(&reply, "Mcp-Session-Id");
    ENSURE(session != NULL, ERR_CONFLICT, "the engine gives no session");
    TRY(legacy_letter(t, &other, call, session, &letter));
    TRY(trial_refused(t, &letter, "a session of somebody else"));
    TRY(legacy_letter(t, NULL, call, session, &letter));
    TRY(trial_refused(t, &letter, "a session instead of an assertion"));
    TRY(legacy_letter(t, &other, call, "../../etc/passwd", &letter));
    TRY(trial_refused(t, &letter, "a session that is a path"));
    TRY(legacy_letter(t, &other, call, "", &letter));
    TRY(trial_refused(t, &letter, "an empty session"));
    TRY(legacy_letter(t, NULL, "", session, &letter));
    letter.http_method = "GET";
    TRY(trial_refused(t, &letter, "listening to somebody's session as nobody"));
    TRY(legacy_letter(t, &other, "", session, &letter));
    letter.http_method = "DELETE";
    return trial_refused(t, &letter, "ending somebody else's session");
}

/* ---- the Unix socket ---- */

static struct err admin_letter(struct trial *t, const char *claim, struct str *bytes)
{
    struct eval_letter letter;
    struct json *params = json_object_new(t->arena);
    json_put_text(t->arena, params, "name", "freeze");
    json_put(t->arena, params, "arguments", args(t, "scope", "all", "reason", "was here", NULL));
    TRY(eval_letter_make(&t->e->target, t->arena, NULL, "tools/call", "freeze", params, &letter));
    letter.path = "/admin";
    if (claim != NULL)
        eval_letter_add(&letter, "X-Actor-Id", claim);
    return eval_letter_print(t->arena, &letter, bytes);
}

/* In a child that has become nobody: 0 when it got no connection or no answer but a refusal. */
static int nobody_asks(struct trial *t, struct str bytes)
{
    struct eval_wire *wire = NULL;
    struct eval_reply reply = {.status = 0};
    struct eval_said said;
    if (setgid(65534) != 0 || setuid(65534) != 0)
        return 2;
    if (eval_wire_new(&t->e->target, true, &wire).kind != ERR_NONE)
        return 2;
    if (eval_bytes_say(wire, t->arena, bytes, &reply).kind != ERR_NONE)
        return 0;
    eval_said_read(t->arena, &reply, &said);
    return said.outcome == EVAL_REFUSED || said.outcome == EVAL_NOTHING ? 0 : 1;
}

static struct err socket_of_nobody(struct trial *t)
{
    struct str bytes;
    struct eval_said said;
    int status = 0;
    ENSURE(t->e->target.unix_socket != NULL, ERR_MISSING, "--socket was not given");
    TRY(admin_letter(t, "human:maria", &bytes));
    TRY(trial_refused_bytes(t, bytes, "administration over the network"));
    ENSURE(geteuid() == 0, ERR_MISSING, "only root can become another user to try the socket");
    const pid_t child = fork();
    ENSURE(child >= 0, ERR_LIMIT, "no child can be made");
    if (child == 0)
        _exit(nobody_asks(t, bytes));
    ENSURE(waitpid(child, &status, 0) == child && WIFEXITED(status), ERR_UNKNOWN,
           "the child said nothing");
    ENSURE(WEXITSTATUS(status) != 2, ERR_UNKNOWN, "the child could not become nobody");
    /* what it did is judged with an attempt of the same words over the network */
    TRY(trial_bytes(t, NULL, bytes, "what the child said, over the network", &said));
    if (WEXITSTATUS(status) != 0)
        trial_bypass(t, "the Unix socket takes the word of a user whom nobody knows");
    return OK;
}

/* Over the socket a caller is who the kernel says, whatever its letter claims. */
static struct err socket_claim(struct trial *t, const char *name, const char *value)
{
    struct eval_letter letter;
    struct eval_said said;
    TRY(eval_letter_make(&t->e->target, t->arena, NULL, "resources/read", "recon://me",
                         args(t, "uri", "recon://me", NULL), &letter));
    eval_letter_put(&letter, name, value);
    TRY(trial_letter(t, NULL, &letter, "who am I", &said));
    const struct json *text = json_pointer_get(said.data, "/contents/0/text");
    const struct str me = said.outcome == EVAL_DONE && text != NULL ? text->text : STR("");
    if (me.len > 0 && memmem(me.at, me.len, "\"actor\":\"llm:cli.", 17) == NULL)
        trial_bypass(t, "over the socket %s makes the caller %.*s", value,
                     me.len > 80 ? 80 : (int)me.len, me.at);
    return OK;
}

static struct err socket_claims(struct trial *t)
{
    struct eval_wire *const tcp = t->wire;
    struct err e = OK;
    TRY(eval_wire_new(&t->e->target, true, &t->wire));
    const char *const claims[][2] = {
        {"X-Actor-Id", t->e->victim.sub},  {"X-Actor-Id", "engine:matcher"},
        {ASSERTION_HEADER, "e30.e30.e30"}, {"X-Forwarded-User", t->e->victim.sub},
        {"X-Actor-Id", "human:demo-user"}, {"Authorization", "Bearer admin"},
    };
    for (size_t i = 0; e.kind == ERR_NONE && i < sizeof claims / sizeof claims[0]; i++)
        e = socket_claim(t, claims[i][0], claims[i][1]);
    eval_wire_free(t->wire);
    t->wire = tcp;
    return e;
}

const struct scenario transport_scenarios[] = {
    {"no-credentials", TRANSPORT, "calls without an assertion, under headers that claim somebody",
     nobody},
    {"host-and-origin", TRANSPORT, "another Host, none, two; pages of other sites as Origin",
     hosts},
    {"headers-unlike-body", TRANSPORT,
     "headers that name another tool, method or revision than the body, or name it twice", names},
    {"content-types", TRANSPORT, "bodies of other types and codings than JSON", media},
    {"methods-and-paths", TRANSPORT,
     "other methods; ways to write the path; administration by path", methods},
    {"request-smuggling", TRANSPORT, "requests whose end can be read in two ways", framing},
    {"riding-along", TRANSPORT, "a request without a word of its own behind a signed one", riding},
    {"no-message", TRANSPORT, "batches, twins, cut and bottomless JSON", bodies},
    {"oversize", TRANSPORT, "bodies, headers and paths past every ceiling", sizes},
    {"session-of-another", TRANSPORT,
     "the session id of somebody else, alone or under one's own name", sessions},
    {"socket-of-nobody", TRANSPORT,
     "administration over the network, and over the Unix socket by a user nobody knows",
     socket_of_nobody},
    {"socket-claims", TRANSPORT, "claims about oneself over the Unix socket", socket_claims},
    {NULL, NULL, NULL, NULL},
};
