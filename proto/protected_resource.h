/* The engine as an OAuth protected resource: its canonical URI (RFC 8707, MCP's authorization) and
 * what it publishes of itself (RFC 9728). Pure. */
#ifndef PROTO_PROTECTED_RESOURCE_H
#define PROTO_PROTECTED_RESOURCE_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/json.h"

#define RESOURCE_METADATA_PATH "/.well-known/oauth-protected-resource"

struct protected_resource {
    const char *resource;         /* our canonical URI: the only aud that is taken */
    const char *issuer;           /* the authorization server that is believed */
    const char *name;             /* for people */
    const char *const *dpop_algs; /* of DPoP proofs that are taken; NULL ended. NULL: no DPoP */
    bool dpop_required;           /* only tokens bound to a DPoP key are taken */
    bool mtls_bound;              /* tokens bound to a client certificate are taken */
};

/* NULL when `uri` is canonical: https (with `loopback` also http to this machine), lower-case host,
 * a path that is not just "/" and does not end in one, nothing behind it, no port that goes without
 * saying. Else the sentence that says what is not. One resource has one spelling, so that aud can
 * be compared byte for byte. */
const char *resource_uri_wrong(const char *uri, bool loopback);

/* Where the metadata stands (RFC 9728 3.1): the well-known path between the host and the resource's
 * own path. In the arena. */
const char *resource_metadata_url(struct arena *arena, const char *resource);

/* The document. NULL only when the arena is full. */
struct json *resource_metadata(struct arena *arena, const struct protected_resource *r);

#endif
