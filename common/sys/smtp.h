/* One mail to one SMTP server (libcurl). TLS is verified (common/sys/trust.h); with a password it
 * is demanded (STARTTLS or smtps), without one it is used when offered. Blocks: not for the loop
 * thread. */
#ifndef COMMON_SYS_SMTP_H
#define COMMON_SYS_SMTP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"

struct smtp_mail {
    const char *url;             /* smtp://host:port, smtps://host:port */
    const char *user, *password; /* NULL: none */
    const char *from, *to;       /* addresses alone, as smtp_address_ok allows */
    struct str message;          /* RFC 5322, lines end in CRLF; dots are stuffed here */
    uint32_t timeout_ms;         /* 0: 30 s */
};

/* The envelope's grammar, narrower than RFC 5321's: printable ASCII without space, <, >, quotes,
 * backslash, commas; one @, neither first nor last; at most 254 bytes. NULL is false. */
bool smtp_address_ok(const char *address);

/* OK: the server took it. ERR_INPUT: an address or URL that is none, or the server says that it
 * will never take this (5yz). ERR_MISSING: no server there. ERR_UPSTREAM: it failed, and may work
 * later (4yz, TLS, a refused password). ERR_UNKNOWN: everything was sent and no answer came. */
MUST_CHECK struct err smtp_send(struct arena *arena, const struct smtp_mail *mail);

#endif
