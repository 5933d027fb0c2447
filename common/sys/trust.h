/* Whom our outgoing TLS (fetch, smtp) trusts besides the system's folder of certificates: a
 * company's own CA, from CLOSEGATE_CA_FILE. Set once at the start, before there are threads; the
 * file itself is read at each new connection, so that a CA may be replaced under a running daemon.
 */
#ifndef COMMON_SYS_TRUST_H
#define COMMON_SYS_TRUST_H

#include "common/base/arena.h"

/* `path` NULL or empty: nobody besides. ERR_INPUT, `where` naming the setting: the file cannot be
 * read, or is not certificates in PEM and only that (above all no private key). */
MUST_CHECK struct err trust_load(struct arena *arena, const char *path);

/* The file, for the life of the process; NULL: none. */
const char *trust_file(void);

#endif
