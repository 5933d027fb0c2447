/* What a running engine takes anew without a restart: a policy that was approved, and on SIGHUP the
 * policy file and the settings. Everything happens on the loop thread. A policy stays in memory
 * until the end, since calls under way may hold it: they are few. */
#ifndef ENGINE_CLI_RELOAD_H
#define ENGINE_CLI_RELOAD_H

#include "engine/call/sweeper.h"
#include "engine/cli/cli.h"
#include "engine/mcp/engine_host.h"

struct reload;

struct reload_options {
    struct cli *cli; /* its config is changed in place where a setting can change */
    struct spine *spine;
    struct engine_host *host;
    struct sweeper *sweeper;
};

MUST_CHECK struct err reload_new(const struct reload_options *options, struct reload **reload);
void reload_free(struct reload *reload); /* after spine_stop */

/* The book has another policy in force: takes it, then done(arg), which may be NULL. For struct
 * engine_host_options; `reload` is a struct reload *. */
void reload_policy(void *reload, void (*done)(void *arg), void *arg);

/* SIGHUP. A broken file changes nothing but the log. */
void reload_hangup(struct reload *reload);

#endif
