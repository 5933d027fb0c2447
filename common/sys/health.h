/* What GET /healthz says, of each daemon: {"status":"ok"}, and with ?detail, for whoever may read
 * /metrics, what the process has given up (confine_json). */
#ifndef COMMON_SYS_HEALTH_H
#define COMMON_SYS_HEALTH_H

#include "common/base/json.h"
#include "common/sys/settings.h"
#include "common/sys/web.h"

/* `peers` NULL: nobody is given the detail. */
void health_reply(struct web_req *req, const struct setting_networks *peers);

/* Of an answer with the detail: {"confinement": …}, in `arena`. NULL when it is none. */
const struct json *health_confinement(struct arena *arena, struct str body);
/* One line of it for people: "whole: Landlock 7 with ports, seccomp, …"; in `arena`. */
const char *health_told(struct arena *arena, const struct json *confinement);

#endif
