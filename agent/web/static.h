/* The workspace's files, out of the binary: index.html for every address of a screen, and assets
 * whose names hold a hash of what is in them. No file of the machine is ever opened. */
#ifndef AGENT_WEB_STATIC_H
#define AGENT_WEB_STATIC_H

#include <stdbool.h>

#include "common/sys/web.h"

/* Answers a GET: an asset by its name below /assets/, /verify.html (which brings a policy of its
 * own: it is one file and works from a disk, too), else the page. */
void static_reply(struct web_req *req);

/* Whether this build has the workspace in it. */
bool static_built(void);

#endif
