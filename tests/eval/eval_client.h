/* A raw MCP client for attacks. It says what it is told to say, byte for byte, over plain sockets:
 * a request is a letter whose parts may be bent before it goes out, or bytes that are no request at
 * all. Nothing is repeated, nothing is repaired, every answer is kept as it came. It judges
 * nothing.
 *
 * An honest letter is of 2026-07-28 with every header that the revision wants and an assertion that
 * the actor's client signs; the older revision is a letter without the envelope. One wire a thread.
 */
#ifndef TESTS_EVAL_EVAL_CLIENT_H
#define TESTS_EVAL_EVAL_CLIENT_H

#include "common/base/json.h"
#include "common/sys/crypt.h"
#include "common/sys/http_reply.h"

struct eval_target {
    const char *host, *port, *path; /* "127.0.0.1", "8001", "/mcp" */
    const char *unix_socket;        /* the engine's; NULL: not told */
    const char *audience;           /* of assertions */
    int timeout_ms;                 /* for each silence of the engine */
    const struct json *tools;       /* tools/list, for the headers that mirror arguments; or NULL */
};

/* Reads "http://host:port/path" into the target's first three members. ERR_INPUT: another form. */
MUST_CHECK struct err eval_target_parse(struct arena *arena, const char *url,
                                        struct eval_target *target);

/* A registered client and its private key. */
struct eval_key {
    const char *client_id;
    struct ed25519_key *key;
};

/* Whose word a call is, as the assertion says it. NULL: the claim is left out. */
struct eval_actor {
    const struct eval_key *by;
    const char *sub;                 /* "llm:chat.s-1", "human:maria" */
    const char *principal;           /* of a human */
    const char *obo;                 /* of an llm: the principal_id it acts for */
    const char *channel;             /* "web", "chat", "api" … */
    const struct json *capabilities; /* what the client declares; NULL: none */
};

/* ---- one connection ---- */

struct eval_wire;

/* Connects when it is first needed, and again after the engine hung up. `target` must outlive it.
 * unix: over target->unix_socket. */
MUST_CHECK struct err eval_wire_new(const struct eval_target *target, bool over_unix,
                                    struct eval_wire **wire);
void eval_wire_free(struct eval_wire *wire);
CLEANUP_DEFINE(struct eval_wire *, eval_wire_free)
const struct eval_target *eval_wire_target(const struct eval_wire *wire);
void eval_wire_hang_up(struct eval_wire *wire); /* the next letter goes over a new connection */

struct eval_reply {
    int status;                    /* 0: the connection ended without an answer */
    const struct http_pair *pairs; /* its header fields, in order */
    size_t pairs_n;
    struct str body; /* chunks put together; of an event stream the first message */
};

/* The first header field of that name (case ignored), or NULL. */
const char *eval_header(const struct eval_reply *reply, const char *name);

/* Sends the bytes and reads one answer. No answer is no error (status 0): hanging up is how a
 * server refuses what is no HTTP. ERR_UPSTREAM: nobody is there; ERR_UNKNOWN: silence until the
 * timeout; ERR_LIMIT: more than 64 MiB. */
MUST_CHECK struct err eval_bytes_say(struct eval_wire *wire, struct arena *arena, struct str bytes,
                                     struct eval_reply *reply);

/* Sends the bytes and reads nothing. */
MUST_CHECK struct err eval_bytes_give(struct eval_wire *wire, struct str bytes);
/* What further answers stand behind the one that was read, on the same connection, without saying
 * anything: what comes until `wait_ms` of silence. Hangs up. */
MUST_CHECK struct err eval_bytes_behind(struct eval_wire *wire, struct arena *arena, int wait_ms,
                                        struct str *more);

/* ---- a request ---- */

#define EVAL_PAIRS_MAX 24

struct eval_letter {
    const char *http_method, *path; /* of the request line */
    struct http_pair pairs[EVAL_PAIRS_MAX];
    size_t pairs_n;
    struct str body;
    bool no_length; /* Content-Length is not added */
};

/* A signed letter: `method` is of JSON-RPC, `name` what Mcp-Name repeats (a tool, an address; NULL:
 * none), `params` an object or NULL. */
MUST_CHECK struct err eval_letter_make(const struct eval_target *target, struct arena *arena,
                                       const struct eval_actor *as, const char *method,
                                       const char *name, const struct json *params,
                                       struct eval_letter *letter);

/* The same around a body that is given as bytes, whatever they are. */
MUST_CHECK struct err eval_letter_around(const struct eval_target *target, struct arena *arena,
                                         const struct eval_actor *as, const char *method,
                                         const char *name, struct str body,
                                         struct eval_letter *letter);

/* Replaces the header (its first occurrence; appended when there is none), takes it away with value
 * NULL, or adds another of that name. Name and value live as long as the letter. */
void eval_letter_put(struct eval_letter *letter, const char *name, const char *value);
void eval_letter_add(struct eval_letter *letter, const char *name, const char *value);

/* The claims of an honest assertion for this request, to be bent with json_put; and the token of
 * claims (ERR_INPUT for claims that are no JSON). `header` NULL: the honest one. `key` NULL: no
 * signature ("header.payload."). */
struct json *eval_claims(const struct eval_target *target, struct arena *arena,
                         const struct eval_actor *as, const struct eval_letter *letter);
MUST_CHECK struct err eval_token(struct arena *arena, const char *header, const struct eval_key *by,
                                 bool sign, const struct json *claims, const char **token);

MUST_CHECK struct err eval_letter_print(struct arena *arena, const struct eval_letter *letter,
                                        struct str *bytes);
MUST_CHECK struct err eval_letter_say(struct eval_wire *wire, struct arena *arena,
                                      const struct eval_letter *letter, struct eval_reply *reply);

/* ---- what came of it ---- */

enum eval_outcome {
    EVAL_NOTHING = 0, /* no answer, or none that makes sense */
    EVAL_REFUSED,     /* before the gate: by HTTP, by JSON-RPC, or arguments that do not fit */
    EVAL_DENIED,      /* by the gate */
    EVAL_PENDING,     /* reserved for a human */
    EVAL_DONE,        /* whatever was asked for was done, or read */
    EVAL_UNTOLD,      /* the engine says that it cannot tell (unknown_outcome, 503) */
};

/* All text is the arena's. */
struct eval_said {
    enum eval_outcome outcome;
    int status;          /* HTTP */
    int64_t code;        /* of a JSON-RPC error; 0: none */
    const char *reason;  /* the gate's, or the error's name; or NULL */
    const char *clause;  /* word for word, or NULL */
    const char *pointer; /* or NULL */
    const char *escalation_id;
    const char *request_id;  /* the engine's, as its events name it; or NULL */
    int64_t seq;             /* of the audit event; 0: none told */
    const struct json *data; /* structured content, or the error; or NULL */
    struct str body;
};

/* "nothing", "refused", "denied", "pending", "done", "untold" */
const char *eval_outcome_name(enum eval_outcome outcome);

/* Reads an answer's body. Never fails: what cannot be read is EVAL_NOTHING, or EVAL_REFUSED with an
 * HTTP status that says so. */
void eval_said_read(struct arena *arena, const struct eval_reply *reply, struct eval_said *said);

/* The usual way: an honest letter, said and read. */
MUST_CHECK struct err eval_rpc(struct eval_wire *wire, struct arena *arena,
                               const struct eval_actor *as, const char *method, const char *name,
                               const struct json *params, struct eval_said *said);
MUST_CHECK struct err eval_tool(struct eval_wire *wire, struct arena *arena,
                                const struct eval_actor *as, const char *tool,
                                const struct json *arguments, struct eval_said *said);
/* A resource, parsed. ERR_MISSING with the engine's words when it is not given. */
MUST_CHECK struct err eval_resource(struct eval_wire *wire, struct arena *arena,
                                    const struct eval_actor *as, const char *uri,
                                    const struct json **tree);
/* tools/list as this actor sees it, all pages. */
MUST_CHECK struct err eval_tools(struct eval_wire *wire, struct arena *arena,
                                 const struct eval_actor *as, const struct json **tools);

#endif
