/* Letters: what is said, honest unless it is bent; and what an answer means. */
#include "tests/eval/eval_client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/sys/jose.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "proto/assertion.h"
#include "proto/jsonrpc.h"
#include "proto/mcp_header.h"

#define MODERN      "2026-07-28"
#define META        "io.modelcontextprotocol/"
#define BODY_MAX    ((size_t)64 * 1024 * 1024)
#define PAGES_MAX   50
#define HONEST_HEAD "{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"" ASSERTION_TYP "\"}"

struct err eval_target_parse(struct arena *arena, const char *url, struct eval_target *target)
{
    const char *const scheme = "http://";
    ENSURE(strncmp(url, scheme, strlen(scheme)) == 0, ERR_INPUT,
           "the engine's address is http://HOST:PORT/mcp");
    const char *host = url + strlen(scheme), *path = strchr(host, '/');
    const struct str place = {host, path == NULL ? strlen(host) : (size_t)(path - host)};
    const char *colon = memrchr(place.at, ':', place.len);
    ENSURE(colon != NULL && colon > place.at && place.len < 300, ERR_INPUT,
           "the engine's address names its port: http://HOST:PORT/mcp");
    target->host = str_dup(arena, (struct str){place.at, (size_t)(colon - place.at)});
    target->port =
        str_dup(arena, (struct str){colon + 1, place.len - (size_t)(colon + 1 - place.at)});
    target->path = arena_strdup(arena, path == NULL ? "/mcp" : path);
    return arena_check(arena);
}

/* ---- headers ---- */

void eval_letter_add(struct eval_letter *letter, const char *name, const char *value)
{
    if (value != NULL && letter->pairs_n < EVAL_PAIRS_MAX)
        letter->pairs[letter->pairs_n++] = (struct http_pair){name, value};
}

void eval_letter_put(struct eval_letter *letter, const char *name, const char *value)
{
    for (size_t i = 0; i < letter->pairs_n; i++) {
        if (strcasecmp(letter->pairs[i].name, name) != 0)
            continue;
        if (value != NULL)
            letter->pairs[i].value = value;
        else
            letter->pairs[i] = letter->pairs[--letter->pairs_n];
        return;
    }
    eval_letter_add(letter, name, value);
}

/* ---- the assertion ---- */

struct json *eval_claims(const struct eval_target *target, struct arena *arena,
                         const struct eval_actor *as, const struct eval_letter *letter)
{
    struct json *claims = json_object_new(arena);
    const int64_t now_s = (int64_t)time(NULL);
    char hash[ASSERTION_HASH_SIZE], jti[33];
    uint8_t random[16];
    crypt_random(random, sizeof random);
    hex_print(random, sizeof random, jti);
    assertion_body_hash(letter->body, hash);
    json_put_known(arena, claims, "sub", as->sub);
    json_put_known(arena, claims, "principal", as->principal);
    json_put_known(arena, claims, "obo", as->obo);
    json_put_text(arena, claims, "aud", target->audience);
    json_put_text(arena, claims, "htm", letter->http_method);
    json_put_text(arena, claims, "htu", letter->path);
    json_put_text(arena, claims, "bh", hash);
    json_put_int(arena, claims, "iat", now_s);
    json_put_int(arena, claims, "exp", now_s + ASSERTION_LIFE_MAX_S);
    json_put_text(arena, claims, "jti", jti);
    json_put_known(arena, claims, "channel", as->channel);
    if (as->sub != NULL && strncmp(as->sub, "human:", 6) == 0)
        json_put_int(arena, claims, "auth_time", now_s);
    return claims;
}

static struct err tree_print(struct arena *arena, const struct json *tree, struct str *out)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, BODY_MAX);
    jw_tree(&w, NULL, tree);
    TRY(jw_done(&w, &text));
    *out = (struct str){arena_dup(arena, text.at, text.len), text.len};
    return arena_check(arena);
}

static const char *coded(struct arena *arena, const void *bytes, size_t len)
{
    char *text = arena_alloc(arena, BASE64_SIZE(len));
    if (text != NULL)
        base64url_print(bytes, len, text);
    return text;
}

struct err eval_token(struct arena *arena, const char *header, const struct eval_key *by, bool sign,
                      const struct json *claims, const char **token)
{
    struct str payload;
    uint8_t sig[ED25519_SIG_LEN];
    TRY(tree_print(arena, claims, &payload));
    if (header == NULL)
        header = arena_fmt(arena, HONEST_HEAD, by->client_id);
    TRY(arena_check(arena));
    const char *head = coded(arena, header, strlen(header));
    const char *said =
        arena_fmt(arena, "%s.%s", head == NULL ? "" : head, coded(arena, payload.at, payload.len));
    TRY(arena_check(arena));
    if (sign)
        ed25519_sign(by->key, said, strlen(said), sig);
    *token = arena_fmt(arena, "%s.%s", said, sign ? coded(arena, sig, sizeof sig) : "");
    return arena_check(arena);
}

/* ---- a letter ---- */

/* What of a tool's arguments is said again in headers (x-mcp-header of its schema). */
static void mirror(const struct eval_target *target, struct arena *arena, const char *tool,
                   const struct json *arguments, struct eval_letter *letter)
{
    for (size_t i = 0; target->tools != NULL && i < target->tools->count; i++) {
        const struct json *row = target->tools->items[i];
        const struct json *properties = json_pointer_get(row, "/inputSchema/properties");
        if (!text_eq(json_get_text(row, "name"), tool) || properties == NULL)
            continue;
        for (size_t k = 0; k < properties->count; k++) {
            const struct json_member *m = &properties->members[k];
            const char *header = json_get_text(m->value, "x-mcp-header");
            const struct json_member *given = json_find(arguments, m->key);
            if (header != NULL && given != NULL)
                eval_letter_add(letter, arena_fmt(arena, "Mcp-Param-%s", header),
                                mcp_header_argument(arena, given->value));
        }
    }
}

struct err eval_letter_around(const struct eval_target *target, struct arena *arena,
                              const struct eval_actor *as, const char *method, const char *name,
                              struct str body, struct eval_letter *letter)
{
    const char *token;
    *letter = (struct eval_letter){.http_method = "POST", .path = target->path, .body = body};
    eval_letter_add(letter, "Host", arena_fmt(arena, "%s:%s", target->host, target->port));
    eval_letter_add(letter, "Content-Type", "application/json");
    eval_letter_add(letter, "Accept", "application/json, text/event-stream");
    eval_letter_add(letter, "MCP-Protocol-Version", MODERN);
    eval_letter_add(letter, "Mcp-Method", method);
    if (name != NULL)
        eval_letter_add(letter, "Mcp-Name", mcp_header_encode(arena, str_of(name)));
    if (as == NULL)
        return arena_check(arena);
    TRY(eval_token(arena, NULL, as->by, true, eval_claims(target, arena, as, letter), &token));
    eval_letter_add(letter, ASSERTION_HEADER, token);
    return arena_check(arena);
}

static struct json *envelope(struct arena *arena, const struct eval_actor *as,
                             const struct json *params)
{
    struct json *own = json_object_new(arena), *meta = json_object_new(arena);
    json_put_text(arena, meta, META "protocolVersion", MODERN);
    json_put(arena, meta, META "clientCapabilities",
             as == NULL || as->capabilities == NULL ? json_object_new(arena) : as->capabilities);
    json_put_bool(arena, meta, MCP_META_LEAN, true);
    for (size_t i = 0; params != NULL && i < params->count; i++)
        (void)json_add(arena, own, params->members[i].key, params->members[i].value);
    json_put(arena, own, "_meta", meta);
    return own;
}

struct err eval_letter_make(const struct eval_target *target, struct arena *arena,
                            const struct eval_actor *as, const char *method, const char *name,
                            const struct json *params, struct eval_letter *letter)
{
    struct str body;
    TRY(tree_print(arena, jsonrpc_request(arena, 1, method, envelope(arena, as, params)), &body));
    TRY(eval_letter_around(target, arena, as, method, name, body, letter));
    if (text_eq(method, "tools/call"))
        mirror(target, arena, name, json_get(params, "arguments"), letter);
    return arena_check(arena);
}

struct err eval_letter_print(struct arena *arena, const struct eval_letter *letter,
                             struct str *bytes)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, BODY_MAX);
    buf_putf(&out, "%s %s HTTP/1.1\r\n", letter->http_method, letter->path);
    for (size_t i = 0; i < letter->pairs_n; i++) {
        buf_puts(&out, letter->pairs[i].name);
        buf_puts(&out, ": ");
        buf_puts(&out, letter->pairs[i].value);
        buf_puts(&out, "\r\n");
    }
    if (!letter->no_length)
        buf_putf(&out, "Content-Length: %zu\r\n", letter->body.len);
    buf_puts(&out, "\r\n");
    buf_put(&out, letter->body.at, letter->body.len);
    TRY(buf_check(&out));
    *bytes = (struct str){arena_dup(arena, out.at, out.len), out.len};
    return arena_check(arena);
}

struct err eval_letter_say(struct eval_wire *wire, struct arena *arena,
                           const struct eval_letter *letter, struct eval_reply *reply)
{
    struct str bytes;
    TRY(eval_letter_print(arena, letter, &bytes));
    return eval_bytes_say(wire, arena, bytes, reply);
}

/* ---- what came of it ---- */

const char *eval_outcome_name(enum eval_outcome outcome)
{
    static const char *const names[] = {"nothing", "refused", "denied",
                                        "pending", "done",    "untold"};
    return names[outcome];
}

static void error_read(const struct json *error, struct eval_said *said)
{
    said->data = error;
    (void)json_int(json_get(error, "code"), &said->code);
    said->reason = json_get_text(error, "message");
    said->outcome = said->code == JSONRPC_INTERNAL ? EVAL_UNTOLD : EVAL_REFUSED;
}

/* A call that failed says so in its text only. */
static void failure_read(struct arena *arena, const struct json *result, struct eval_said *said)
{
    const struct json *text = json_pointer_get(result, "/content/0/text");
    struct json *tree;
    said->outcome = EVAL_REFUSED;
    if (!json_is(text, JSON_TYPE_TEXT) ||
        json_read(arena, text->text, NULL, &tree).kind != ERR_NONE)
        return;
    said->data = tree;
    said->reason = json_get_text(tree, "error");
    said->pointer = json_get_text(tree, "pointer");
    if (text_eq(said->reason, "unknown_outcome"))
        said->outcome = EVAL_UNTOLD;
}

static void result_read(struct arena *arena, const struct json *result, struct eval_said *said)
{
    const struct json *data = json_get(result, "structuredContent");
    const char *status = json_get_text(data, "status");
    const struct json *failed = json_get(result, "isError");
    said->outcome = EVAL_DONE;
    said->data = data == NULL ? result : data;
    if (data == NULL && json_is(failed, JSON_TYPE_BOOL) && failed->truth) {
        failure_read(arena, result, said);
        return;
    }
    said->reason = json_get_text(data, "reason");
    said->clause = json_get_text(data, "clause");
    said->pointer = json_get_text(data, "pointer");
    said->escalation_id = json_get_text(data, "escalation_id");
    (void)json_int(json_get(data, "seq"), &said->seq);
    if (text_eq(status, "denied"))
        said->outcome = EVAL_DENIED;
    else if (text_eq(status, "pending_approval"))
        said->outcome = EVAL_PENDING;
    else if (text_eq(json_get_text(result, "resultType"), "task"))
        said->outcome = EVAL_PENDING;
}

void eval_said_read(struct arena *arena, const struct eval_reply *reply, struct eval_said *said)
{
    static const struct json_limits limits = {.bytes_max = 64u << 20, .nodes_max = 4000000};
    struct json *tree = NULL;
    *said = (struct eval_said){.status = reply->status, .body = reply->body};
    said->request_id = eval_header(reply, "X-Request-Id");
    if (reply->status >= 400)
        said->outcome = reply->status >= 500 && reply->status != 501 && reply->status != 505
                            ? EVAL_UNTOLD
                            : EVAL_REFUSED;
    if (reply->body.len == 0 || json_read(arena, reply->body, &limits, &tree).kind != ERR_NONE)
        return;
    const struct json *error = json_get(tree, "error"), *result = json_get(tree, "result");
    if (json_is(error, JSON_TYPE_OBJECT))
        error_read(error, said);
    else if (json_is(error, JSON_TYPE_TEXT))
        said->reason = json_text(error);
    else if (json_is(result, JSON_TYPE_OBJECT) && reply->status == 200)
        result_read(arena, result, said);
}

/* ---- the usual way ---- */

struct err eval_rpc(struct eval_wire *wire, struct arena *arena, const struct eval_actor *as,
                    const char *method, const char *name, const struct json *params,
                    struct eval_said *said)
{
    struct eval_letter letter;
    struct eval_reply reply;
    *said = (struct eval_said){.outcome = EVAL_NOTHING};
    TRY(eval_letter_make(eval_wire_target(wire), arena, as, method, name, params, &letter));
    TRY(eval_letter_say(wire, arena, &letter, &reply));
    eval_said_read(arena, &reply, said);
    return arena_check(arena);
}

struct err eval_tool(struct eval_wire *wire, struct arena *arena, const struct eval_actor *as,
                     const char *tool, const struct json *arguments, struct eval_said *said)
{
    struct json *params = json_object_new(arena);
    json_put_text(arena, params, "name", tool);
    json_put(arena, params, "arguments", arguments == NULL ? json_object_new(arena) : arguments);
    return eval_rpc(wire, arena, as, "tools/call", tool, params, said);
}

struct err eval_resource(struct eval_wire *wire, struct arena *arena, const struct eval_actor *as,
                         const char *uri, const struct json **out)
{
    static const struct json_limits limits = {.bytes_max = 64u << 20, .nodes_max = 4000000};
    struct json *params = json_object_new(arena), *tree;
    struct eval_said said;
    json_put_text(arena, params, "uri", uri);
    TRY(eval_rpc(wire, arena, as, "resources/read", uri, params, &said));
    const struct json *text = json_pointer_get(said.data, "/contents/0/text");
    if (said.outcome != EVAL_DONE || !json_is(text, JSON_TYPE_TEXT))
        return err_fmt(arena, ERR_MISSING, uri, "the engine does not give it: %d %s", said.status,
                       said.reason == NULL ? "" : said.reason);
    TRY(json_read(arena, text->text, &limits, &tree));
    *out = tree;
    return OK;
}

struct err eval_tools(struct eval_wire *wire, struct arena *arena, const struct eval_actor *as,
                      const struct json **out)
{
    struct json *all = json_array_new(arena), *params = json_object_new(arena);
    const char *cursor = NULL;
    for (int page = 0; page < PAGES_MAX && (page == 0 || cursor != NULL); page++) {
        struct eval_said said;
        if (cursor != NULL)
            json_put_text(arena, params, "cursor", cursor);
        TRY(eval_rpc(wire, arena, as, "tools/list", NULL, params, &said));
        const struct json *rows = json_get(said.data, "tools");
        if (said.outcome != EVAL_DONE || !json_is(rows, JSON_TYPE_ARRAY))
            return err_fmt(arena, ERR_UPSTREAM, "tools/list", "the engine lists no tools: %d %s",
                           said.status, said.reason == NULL ? "" : said.reason);
        for (size_t i = 0; i < rows->count; i++)
            json_push(arena, all, rows->items[i]);
        cursor = json_get_text(said.data, "nextCursor");
    }
    *out = all;
    return arena_check(arena);
}
