/* An http or https address in its normal form (RFC 3986 6.2.2, 6.2.3), so that two spellings of one
 * place compare equal, and without query and fragment (RFC 9449 4.3). */
#ifndef PROTO_HTTP_URI_H
#define PROTO_HTTP_URI_H

#include "common/base/arena.h"

#define HTTP_URI_MAX ((size_t)2048)

/* Scheme and host in lower case; no port that goes without saying; %xx in upper case, and plain
 * where the character needs none; no dot segments; "/" for no path. ERR_INPUT: not such an address,
 * with a user in it, longer than HTTP_URI_MAX, or with a character that has no place there. */
MUST_CHECK struct err http_uri_normal(struct arena *arena, const char *text, const char **normal);

#endif
