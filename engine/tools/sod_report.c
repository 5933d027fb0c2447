/* sod_report: where duties are not segregated: people whose roles allow both sides of what should
 * have two, people who may be one and the same, roles that lead nowhere, and what the gate stopped
 * for being one pair of eyes. docs/ADMIN.md has the table of pairs. */
#include <ctype.h>
#include <string.h>

#include "common/base/civil.h"
#include "common/sys/json_read.h"
#include "engine/tools/administer.h"

#define PREVENTED_SHOWN 500
#define DAYS_DEFAULT    92
#define PAGE_EVENTS     200
#define PAGE_BYTES      ((size_t)64 << 20)

struct sod_report {
    const char *from, *to;
};

static const struct json_field fields[] = {
    JSON_DATE(struct sod_report, from, .help = "first day of what was stopped; default: 92 days"),
    JSON_DATE(struct sod_report, to, .help = "last day; default: today"),
};

struct report {
    const struct json *conflicts, *lookalikes, *dead_ends, *roles_unheld, *roles_unknown,
        *prevented;
    int64_t prevented_n;
};

static const struct json_field result[] = {
    JSON_ANY(struct report, conflicts, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true, .help = "array: principal_id, name, actions, why, mitigated_by"),
    JSON_ANY(struct report, lookalikes, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true, .help = "array: people, hint; a hint only"),
    JSON_ANY(struct report, dead_ends, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true, .help = "array: action, people: fewer than two can decide it"),
    JSON_ANY(struct report, roles_unheld, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_TEXT,
             .required = true, .help = "roles nobody active holds"),
    JSON_ANY(struct report, roles_unknown, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true, .help = "array: principal_id, role: the policy does not know it"),
    JSON_INT(struct report, prevented_n, .help = "denials for SOD_* in the period"),
    JSON_ANY(struct report, prevented, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array: the first 500: seq, at, actor, tool, reason, object"),
};

/* ---- conflicts ---- */

static const struct {
    enum action one, other;
    const char *why, *mitigated_by;
} pairs[] = {
    {ACTION_CHANGE_REGISTRY, ACTION_CONFIRM, "decides who may confirm, and confirms",
     "in prod a second human confirms registry changes"},
    {ACTION_CHANGE_POLICY, ACTION_CONFIRM, "sets the limits, and confirms within them",
     "in prod a second human approves a policy"},
    {ACTION_CHANGE_POLICY, ACTION_CHANGE_REGISTRY, "sets what a role may do, and who holds it",
     "in prod a second human approves either"},
    {ACTION_CHANGE_MASTER_DATA, ACTION_CONFIRM,
     "decides which accounts are sensitive, and confirms on them",
     "in prod a second human confirms master data"},
    {ACTION_INGEST, ACTION_CONFIRM, "loads the entries, and confirms their matches",
     "files are kept by hash, statements must add up"},
    {ACTION_INGEST, ACTION_CHANGE_MASTER_DATA, "decides how a source is read, and loads from it",
     "in prod a second human confirms master data"},
    {ACTION_PROPOSE, ACTION_CONFIRM, "has an agent that proposes, and may confirm what it proposed",
     NULL},
};

static bool role_allows(const struct policy *policy, const char *role, enum action action)
{
    for (size_t i = 0; i < policy->authority_n; i++) {
        if (text_eq(policy->authority[i].role, role) &&
            (policy->authority[i].actions & (UINT64_C(1) << action)) != 0)
            return true;
    }
    return false;
}

static bool allows(const struct policy *policy, const struct person *person, enum action action)
{
    for (size_t i = 0; i < person->grants_n; i++) {
        if (role_allows(policy, person->grants[i].role, action))
            return true;
    }
    return false;
}

static void conflicts_of(struct call *c, const struct person *person, struct json *list)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        bool agents = pairs[i].one == ACTION_PROPOSE; /* own hands are stopped by row 2 anyway */
        if (agents && c->policy->own_agent != OWN_AGENT_ALLOW)
            continue;
        if (!allows(c->policy, person, pairs[i].one) || !allows(c->policy, person, pairs[i].other))
            continue;
        struct json *o = json_object_new(c->arena), *actions = json_array_new(c->arena);
        json_push(c->arena, actions, json_text_new(c->arena, action_name(pairs[i].one)));
        json_push(c->arena, actions, json_text_new(c->arena, action_name(pairs[i].other)));
        json_put_text(c->arena, o, "principal_id", person->base.principal_id);
        json_put_text(c->arena, o, "name", person->base.name);
        json_put(c->arena, o, "actions", actions);
        json_put_text(c->arena, o, "why", pairs[i].why);
        json_put_text(c->arena, o, "mitigated_by", pairs[i].mitigated_by);
        json_push(c->arena, list, o);
    }
}

/* ---- people who look alike ---- */

/* Letters and digits only, in lower case, up to an @: what two spellings have in common. */
static const char *skeleton(struct arena *arena, const char *text)
{
    char *out = arena_strdup(arena, text);
    size_t n = 0;
    for (const char *p = text; out != NULL && *p != '\0' && *p != '@'; p++) {
        unsigned char ch = (unsigned char)*p;
        if (isalnum(ch) || ch >= 0x80)
            out[n++] = (char)tolower(ch);
    }
    if (out != NULL)
        out[n] = '\0';
    return out == NULL ? "" : out;
}

static const char *alike(struct arena *arena, const struct person *a, const struct person *b)
{
    if (text_eq(skeleton(arena, a->base.name), skeleton(arena, b->base.name)))
        return "the same name";
    for (size_t i = 0; i < a->identities_n; i++) {
        for (size_t k = 0; k < b->identities_n; k++) {
            const char *one = a->identities[i].subject, *other = b->identities[k].subject;
            if (strchr(one, '@') != NULL && strchr(other, '@') != NULL &&
                text_eq(skeleton(arena, one), skeleton(arena, other)))
                return "the same mailbox name";
        }
    }
    return NULL;
}

static void lookalikes(struct call *c, const struct person *people, size_t n, struct json *list)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            const char *hint = alike(c->arena, &people[i], &people[k]);
            if (hint == NULL)
                continue;
            struct json *o = json_object_new(c->arena), *two = json_array_new(c->arena);
            json_push(c->arena, two, person_print(c->arena, &people[i]));
            json_push(c->arena, two, person_print(c->arena, &people[k]));
            json_put(c->arena, o, "people", two);
            json_put_text(c->arena, o, "hint", hint);
            json_push(c->arena, list, o);
        }
    }
}

/* ---- roles that lead nowhere ---- */

static void dead_ends(struct call *c, const struct person *people, size_t n, struct json *list)
{
    static const enum action two_of_us[] = {
        ACTION_CONFIRM,       ACTION_UNMATCH,         ACTION_RESOLVE_EXCEPTION,
        ACTION_CHANGE_POLICY, ACTION_CHANGE_REGISTRY, ACTION_CHANGE_MASTER_DATA,
        ACTION_THAW};
    for (size_t i = 0; i < sizeof two_of_us / sizeof two_of_us[0]; i++) {
        int64_t able = 0;
        for (size_t k = 0; k < n; k++)
            able += people[k].base.active && people[k].identities_n > 0 &&
                    allows(c->policy, &people[k], two_of_us[i]);
        if (able >= 2)
            continue;
        struct json *o = json_object_new(c->arena);
        json_put_text(c->arena, o, "action", action_name(two_of_us[i]));
        json_put_int(c->arena, o, "people", able);
        json_push(c->arena, list, o);
    }
}

static bool is_held(const char *role, const struct person *people, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; people[i].base.active && k < people[i].grants_n; k++) {
            if (text_eq(people[i].grants[k].role, role))
                return true;
        }
    }
    return false;
}

static void roles_unheld(struct call *c, const struct person *people, size_t n, struct json *list)
{
    const struct policy *p = c->policy;
    for (size_t i = 0; i < p->authority_n; i++) {
        bool again = text_eq(p->authority[i].role, "engine");
        for (size_t k = 0; k < i; k++)
            again |= text_eq(p->authority[k].role, p->authority[i].role);
        if (!again && !is_held(p->authority[i].role, people, n))
            json_push(c->arena, list, json_text_new(c->arena, p->authority[i].role));
    }
}

static void roles_unknown(struct call *c, const struct person *person, struct json *list)
{
    for (size_t i = 0; i < person->grants_n; i++) {
        const char *role = person->grants[i].role;
        bool known = text_eq(role, ROLE_AUDITOR);
        for (size_t k = 0; k < c->policy->authority_n; k++)
            known |= text_eq(c->policy->authority[k].role, role);
        if (known)
            continue;
        struct json *o = json_object_new(c->arena);
        json_put_text(c->arena, o, "principal_id", person->base.principal_id);
        json_put_text(c->arena, o, "role", role);
        json_push(c->arena, list, o);
    }
}

/* ---- what was stopped ---- */

struct stopped {
    struct arena *arena;
    struct arena *page; /* of one page's events: a period may have a million */
    struct json *list;
    int64_t n, last_seq;
};

static struct err stopped_row(void *arg, const struct audit_row *row)
{
    struct stopped *s = arg;
    struct json *event;
    if (strstr(row->event, "\"SOD_") == NULL)
        return OK;
    TRY(json_read(s->page, str_of(row->event), NULL, &event));
    const char *reason = json_get_text(event, "reason");
    if (reason == NULL || strncmp(reason, "SOD_", 4) != 0 || s->n++ >= PREVENTED_SHOWN)
        return OK;
    struct json *o = json_object_new(s->arena);
    json_put_int(s->arena, o, "seq", row->seq);
    json_put_text(s->arena, o, "at", json_get_text(event, "timestamp_utc"));
    json_put_text(s->arena, o, "actor", json_get_text(event, "actor_id"));
    json_put_text(s->arena, o, "tool", json_get_text(event, "tool"));
    json_put_text(s->arena, o, "reason", reason);
    json_put_text(s->arena, o, "object", json_text(json_pointer_get(event, "/object/id")));
    json_push(s->arena, s->list, o);
    return arena_check(s->arena);
}

static struct err stopped_all(struct call *c, struct tx *tx, struct stopped *s)
{
    const struct sod_report *a = c->args;
    char from[INSTANT_TEXT_MAX];
    bool more = true;
    instant_print(tx->now_us - DAYS_DEFAULT * INT64_C(86400) * 1000000, from);
    struct audit_filter filter = {
        .event_type = "POLICY_VIOLATION",
        .from = a->from == NULL ? from : a->from,
        .to = a->to == NULL ? NULL : arena_fmt(c->arena, "%sT23:59:59.999999Z", a->to),
        .limit = PAGE_EVENTS};
    struct tx paged = *tx;
    paged.arena = s->page;
    while (more) {
        filter.after_seq = s->last_seq;
        arena_reset(s->page);
        TRY(audit_query(&paged, &filter, stopped_row, s, &s->last_seq, &more));
    }
    return arena_check(c->arena);
}

static struct err stopped_read(struct call *c, struct tx *tx, struct stopped *s)
{
    CLEANUP(arena_free) struct arena *page = arena_new(PAGE_BYTES);
    ENSURE(page != NULL, ERR_LIMIT, "out of memory");
    s->page = page;
    return stopped_all(c, tx, s);
}

static struct err report_read(struct call *c, struct tx *tx)
{
    struct json *conflicts = json_array_new(c->arena), *alikes = json_array_new(c->arena),
                *ends = json_array_new(c->arena), *unheld = json_array_new(c->arena),
                *unknown = json_array_new(c->arena);
    struct stopped s = {.arena = c->arena, .list = json_array_new(c->arena)};
    struct person *people;
    size_t n;
    TRY(registry_readable(c, tx));
    TRY(people_list(tx, c->arena, &people, &n));
    for (size_t i = 0; i < n; i++) {
        if (people[i].base.active)
            conflicts_of(c, &people[i], conflicts);
        roles_unknown(c, &people[i], unknown);
    }
    lookalikes(c, people, n, alikes);
    dead_ends(c, people, n, ends);
    roles_unheld(c, people, n, unheld);
    TRY(stopped_read(c, tx, &s));
    const struct report report = {conflicts, alikes, ends, unheld, unknown, s.list, s.n};
    return json_unbind(c->arena, JSON_FIELDS(result), &report, &c->result);
}

const struct tool tool_sod_report = {
    .name = "sod_report",
    .title = "Segregation of duties report",
    .summary = "People whose roles allow both sides of what should have two, people who may be "
               "one, roles that lead nowhere, and what was stopped for being one pair of eyes.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_SOCKET | OFFER_WORKSPACE,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct sod_report),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = report_read,
};
