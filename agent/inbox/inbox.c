/* The routes. `*` stands for the rest of the path; escalation.c reads what follows the id. */
#include "agent/inbox/inbox_own.h"

#define CHANGE (NEEDS_SESSION | NEEDS_CSRF)
#define API    "/api/v1/"
#define BODY   ((size_t)256 * 1024)

static const struct route rows[] = {
    {HTTP_GET, API "events", 0, NEEDS_SESSION | LOOKS_ON | NO_ENGINE, get_events},
    {HTTP_GET, API "escalations", 0, NEEDS_SESSION, get_escalations},
    {HTTP_POST, API "escalations/decisions", BODY, CHANGE, post_decisions},
    {HTTP_GET, API "escalations/*", 0, NEEDS_SESSION, get_escalation},
    {HTTP_POST, API "escalations/*", BODY, CHANGE, post_decision},
    {HTTP_POST, API "tools/*", BODY, CHANGE, post_tool},
    {HTTP_GET, API "resource", 0, NEEDS_SESSION, get_resource},
    {HTTP_GET, API "matches", 0, NEEDS_SESSION, get_matches},
    {HTTP_GET, API "stats", 0, NEEDS_SESSION, get_stats},
    {HTTP_GET, API "audit", 0, NEEDS_SESSION, get_audit},
    {HTTP_GET, API "audit/export", 0, NEEDS_SESSION, get_audit_export},
    {HTTP_GET, API "audit/keys", 0, NEEDS_SESSION, get_audit_keys},
    {HTTP_GET, API "audit/checkpoint", 0, NEEDS_SESSION, get_audit_checkpoint},
    {HTTP_GET, API "audit/consistency", 0, NEEDS_SESSION, get_audit_consistency},
    {HTTP_GET, API "audit/*", 0, NEEDS_SESSION, get_audit_event},
    {HTTP_GET, API "policy", 0, NEEDS_SESSION, get_policy},
    {HTTP_GET, API "health", 0, NEEDS_SESSION, get_health},
    {HTTP_GET, API "filters", 0, NEEDS_SESSION | NO_ENGINE, get_filters},
    {HTTP_PUT, API "filters", BODY, CHANGE | NO_ENGINE, put_filter},
    {HTTP_DELETE, API "filters/*", 0, CHANGE | NO_ENGINE, delete_filter},
};

const struct routes inbox_routes = {rows, sizeof rows / sizeof rows[0]};

bool id_is_plain(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        const char c = id.at[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.' && c != ':')
            return false;
    }
    return id.len > 0 && id.len <= 256;
}

struct err get_events(struct request *r)
{
    r->live = true;
    return OK;
}
