/* The nonce of a fresh login for one decision (DESIGN §3, proto/PROTOCOL.md): the agent asks the
 * identity provider for an ID token that carries it, the engine computes it again from what is
 * being decided. An ID token made for another escalation, another digest or the other decision does
 * not fit, whoever holds it. */
#ifndef PROTO_APPROVAL_NONCE_H
#define PROTO_APPROVAL_NONCE_H

#include "common/base/err.h"

/* The request header that carries the ID token, as the provider signed it, to the engine. */
#define ID_TOKEN_HEADER "X-Closegate-Id-Token"

#define APPROVAL_NONCE_SIZE 44 /* 43 characters of base64url and NUL */

/* base64url (no padding) of SHA-256 over two ASCII texts one behind the other: the escalation's
 * digest as it is shown (64 lower-case hex digits) and the decision's word as in the tool's
 * argument
 * ("confirm", "reject"). The digest's fixed length keeps the two apart. ERR_INPUT when either is
 * not of that form: a nonce of something else is never made. */
MUST_CHECK struct err approval_nonce(const char *digest, const char *decision,
                                     char out[APPROVAL_NONCE_SIZE]);

#endif
