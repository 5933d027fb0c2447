/* The JSON API of the workspace's screens. Nearly all of it is the engine's tools and resources,
 * asked as the signed-in person: the engine judges, scopes and records; what is not on a list here
 * cannot be asked through a browser. */
#ifndef AGENT_INBOX_INBOX_H
#define AGENT_INBOX_INBOX_H

#include "agent/call/request.h"

extern const struct routes inbox_routes;

#endif
