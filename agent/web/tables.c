/* Adding a screen's routes: its table here. The first row that fits decides. */
#include "agent/web/tables.h"

#include "agent/inbox/inbox.h"
#include "agent/llm/llm.h"
#include "agent/notify/notify.h"

const struct routes *const tables[] = {
    &signin_routes,
    &inbox_routes,
    &notify_routes,
    &llm_routes,
};
const size_t tables_n = sizeof tables / sizeof tables[0];
