/* Who is calling: from a request's transport to a struct actor, or a refusal (DESIGN §3,
 * docs/IDENTITY.md). No argument of any tool is looked at here, and nothing but this names an
 * actor.
 *
 * Three steps, because the registry is read on a reader thread, and one more for an access token
 * that was not seen before, because its keys may have to be fetched:
 *     auth_begin   loop thread    headers and peer: their shape, which backend, the claims
 *     auth_prove   prover's       an access token: signature and claims (only when auth_unproved)
 *     auth_lookup  reader thread  client, key, signature, identities, principals (a spine_read_fn)
 *     auth_end     loop thread    single use of jti, counting, the verdict
 */
#ifndef ENGINE_AUTH_ACTOR_AUTH_H
#define ENGINE_AUTH_ACTOR_AUTH_H

#include "common/sys/config.h"
#include "common/sys/http1.h"
#include "common/sys/jwks_cache.h"
#include "common/sys/web.h"
#include "engine/store/actors.h"
#include "proto/access_token.h"
#include "proto/assertion.h"
#include "proto/protected_resource.h"

/* The client that `init` registers for the workspace, and whom a bare header in dev speaks for. */
#define AUTH_WORKSPACE_CLIENT "workspace"
/* Whom an unauthenticated caller of the dev backend acts for: identity kind "actor". */
#define AUTH_DEMO_SUBJECT "demo-user"
/* Its private key, which init makes in the data folder. */
#define AUTH_WORKSPACE_KEY "workspace.key"
/* The workspace's service, which follows the book and reports what became of notices: the same. */
#define AUTH_NOTIFIER_CLIENT "notifier"
#define AUTH_NOTIFIER_KEY    "notifier.key"

enum auth_door {
    AUTH_MCP = 0, /* POST /mcp */
    AUTH_ADMIN,   /* POST /admin, on the Unix socket only: a person at the command line */
};

#define AUTH_FIELDS_MAX 4

struct auth;

/* `config` must outlive it; started_us is when this process began to serve. ERR_INPUT with the
 * setting's name for what cannot be served: oidc without an issuer or a resource, dev in prod, keys
 * that are no keys. */
MUST_CHECK struct err auth_new(const struct config *config, int64_t started_us, struct auth **auth);
/* The same with another way to the identity provider's documents, for tests. */
MUST_CHECK struct err auth_new_with(const struct config *config, int64_t started_us,
                                    jwks_get_fn *get, void *get_ctx, struct auth **auth);
void auth_free(struct auth *auth);
CLEANUP_DEFINE(struct auth *, auth_free)

struct auth_request {
    const struct http_req *http;
    const struct web_peer *peer;
    enum auth_door door;
    int64_t now_us;
};

/* What came of it. status 0: `actor` is who calls. Else 400 (the headers are malformed), 401 (not
 * shown who), 403 (known, and may not), 503 (we cannot tell now); `why` is a sentence for the
 * caller that gives no registry facts away beyond its own. */
struct auth_result {
    int status;
    const char *why;
    struct actor actor;
    const char **tools; /* a service's allow-list; NULL: all */
    size_t tools_n;
    unsigned scopes;  /* of an access token; all of them where there is none */
    bool by_dpop;     /* the token is bound to a key */
    int64_t until_us; /* when what was shown ends; 0: it is for this request alone, or has no end */
    /* Header fields of the answer, whatever it is: the challenge that says how to get a token. */
    struct http_pair fields[AUTH_FIELDS_MAX];
    size_t fields_n;
};

struct auth_check; /* one request's, in its arena */

/* Never NULL unless the arena is full. The request must stay until auth_end. */
struct auth_check *auth_begin(struct auth *auth, struct arena *arena,
                              const struct auth_request *req);

/* True when it is refused already: no lookup is needed. */
bool auth_settled(const struct auth_check *check);

/* True when there is an access token that was not seen before: auth_prove comes before the lookup,
 * unless it settles the check. `check` is a struct auth_check *; may wait for the provider. */
bool auth_unproved(const struct auth_check *check);
void auth_prove(void *check);

/* `check` is a struct auth_check *. An error is the database's; refusals are kept for auth_end. */
MUST_CHECK struct err auth_lookup(struct tx *tx, void *check);

/* `e` is what the lookup came back with. */
struct auth_result auth_end(struct auth *auth, struct auth_check *check, struct err e);

/* Was the actor's login made for this decision on these facts? Says so in login_bound, and then the
 * login's time is the provider's. Other calls have none that is bound. */
void auth_login_bind(struct actor *actor, const char *digest, const char *decision);

/* Whether a call of `tool` is within the caller's allow-list. */
bool auth_tool_allowed(const struct auth_result *who, const char *tool);

/* Whether the caller may read resources, and hear of their changes. */
bool auth_reads_allowed(const struct auth_result *who);

/* Whether the caller's access token is good for `scope`. When it is not, `who` gets the challenge
 * that names what would be: the answer is a 403 then, and a client may come back with more. */
bool auth_scope_allows(struct auth *auth, struct arena *arena, enum access_scope scope,
                       struct auth_result *who);

/* What is published of us for clients that look for a token (RFC 9728); NULL: no backend that takes
 * one. */
const struct protected_resource *auth_resource(const struct auth *auth);

/* The person of an `os` identity as an actor at the command line (channel cli): what the admin door
 * of the socket makes of SO_PEERCRED, and a command without a daemon of its own user. */
MUST_CHECK struct err auth_person_at_host(struct tx *tx, struct arena *arena,
                                          const struct principal *person, struct actor *actor);

/* Refusals since start, for status and metrics. */
int64_t auth_refused(const struct auth *auth);

/* Why callers with access tokens, or who were to show one, were turned away. */
enum auth_reason {
    AUTH_NO_TOKEN = 0, /* nothing was shown, or in a way that is not taken */
    AUTH_MALFORMED,    /* 400 */
    AUTH_BAD_TOKEN,    /* it does not hold, or is not the caller's to show so */
    AUTH_BAD_PROOF,    /* RFC 9449: no proof, or one that does not hold or was used */
    AUTH_NO_NONCE,     /* the proof lacks one: how every client begins */
    AUTH_UNWELCOME,    /* the registry does not know, or does not want, the client or person */
    AUTH_NARROW,       /* its scope */
    AUTH_CANNOT_TELL,  /* 503 */
    AUTH_REASONS,
};
const char *auth_reason_name(enum auth_reason reason); /* "no_token" … */

struct auth_token_stats {
    size_t remembered;    /* verified tokens that are known now */
    int64_t hits, misses; /* tokens shown that were known, and that had to be verified */
    int64_t refused[AUTH_REASONS];
};
/* All zero where access tokens are not taken. Loop thread only. */
void auth_token_stats(const struct auth *auth, struct auth_token_stats *stats);

#endif
