/* Listening sockets: non-blocking, close-on-exec. Nothing here knows HTTP. */
#ifndef COMMON_SYS_LISTEN_H
#define COMMON_SYS_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"

/* "127.0.0.1:8001"; *port is the one in force (port 0 lets the kernel choose). ERR_INPUT for the
 * text, ERR_CONFLICT when the address is taken, ERR_LIMIT otherwise. */
MUST_CHECK struct err listen_tcp(const char *host_port, int *fd, uint16_t *port);

/* Whether only this machine can reach that address; false for what is none. */
bool listen_is_local(const char *host_port);

/* A Unix socket with `mode`, never wider. A file at `path` that is a socket without a listener is
 * replaced; a live one is ERR_CONFLICT, anything else there ERR_INPUT. */
MUST_CHECK struct err listen_unix(const char *path, mode_t mode, int *fd);

#endif
