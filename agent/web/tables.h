/* Every route that a worker serves, a table an area. */
#ifndef AGENT_WEB_TABLES_H
#define AGENT_WEB_TABLES_H

#include "agent/call/request.h"
#include "agent/oidc/signin.h"

extern const struct routes *const tables[];
extern const size_t tables_n;

#endif
