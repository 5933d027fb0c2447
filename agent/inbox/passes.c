/* Tools and resources that pass through as they are: the engine's own schemas judge the arguments,
 * its scope what the person may see. The lists say what a browser has use for; administration is
 * not among it. */
#include "agent/inbox/inbox_own.h"

#include <string.h>

#include "common/sys/json_read.h"

static const char *const tools[] = {
    "propose_match",         "confirm_match",
    "reject_match",          "unmatch",
    "escalate_match",        "flag_exception",
    "investigate_exception", "resolve_exception",
    "assign_item",           "comment_item",
    "attach_evidence",       "set_delegation",
    "run_recon_pass",        "cancel_run",
    "propose_rule",          "retire_rule",
    "bank_reconciliation",   "generate_close_summary",
    "list_matches",          "query_audit",
    "workspace_stats",       "list_pending_escalations",
};

static const char *const resources[] = {
    "recon://me",           "recon://status",        "recon://verify",    "recon://policy",
    "recon://rules",        "recon://runs",          "recon://runs/*",    "recon://exceptions",
    "recon://exceptions/*", "recon://escalations/*", "recon://matches/*", "recon://entries/*",
    "recon://accounts/*",   "recon://audit/*",       "recon://explain/*", "recon://stats/*",
};

static bool on_list(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        const size_t len = strlen(list[i]);
        if (list[i][len - 1] == '*' ? strncmp(name, list[i], len - 1) == 0
                                    : strcmp(name, list[i]) == 0)
            return true;
    }
    return false;
}

struct err post_tool(struct request *r)
{
    const char *name = str_dup(r->arena, r->rest);
    struct json *arguments;
    TRY(arena_check(r->arena));
    if (!on_list(tools, sizeof tools / sizeof tools[0], name))
        return err_new(ERR_MISSING, "the workspace has no such tool");
    TRY(json_read(r->arena, r->http->body, NULL, &arguments));
    return request_call(r, name, arguments);
}

struct resource_query {
    const char *uri;
};

static const struct json_field query[] = {
    JSON_TEXT(struct resource_query, uri, .required = true, .max = 400,
              .help = "recon://…, one that the workspace shows"),
};

struct err get_resource(struct request *r)
{
    const struct mcpc_actor who = request_actor(r);
    struct resource_query q;
    struct str text;
    TRY(request_query(r, JSON_FIELDS(query), &q));
    if (!on_list(resources, sizeof resources / sizeof resources[0], q.uri))
        return err_at(ERR_MISSING, "/uri", "the workspace shows no such resource");
    TRY(mcpc_read(r->mcpc, r->arena, &who, q.uri, &text));
    reply_raw(r, 200, text);
    return OK;
}
