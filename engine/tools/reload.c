/* What the running engine itself records when it is told to look again (SIGHUP): in dev a changed
 * policy file that is in force from now on, and settings that changed. Nobody else can call these.
 */
#include "common/sys/crypt.h"
#include "engine/call/admit.h"
#include "engine/call/boot.h"
#include "engine/store/policies.h"
#include "engine/tools/administer.h"

/* ---- reload_policy ---- */

struct reload_policy {
    const char *text;
};

static const struct json_field policy_fields[] = {
    JSON_TEXT(struct reload_policy, text, .required = true, .help = "the policy file"),
};

static struct err settle(struct call *c, const char *state)
{
    c->outcome = CALL_OK;
    c->result = json_object_new(c->arena);
    json_put_text(c->arena, c->result, "status", "ok");
    json_put_text(c->arena, c->result, "file", state);
    return arena_check(c->arena);
}

static struct err policy_plan(struct call *c, struct tx *tx)
{
    const struct reload_policy *a = c->args;
    char digest[SHA256_HEX_SIZE];
    const char *in_force;
    struct policy *policy;
    struct str text = str_of(a->text);
    sha256_hex(text.at, text.len, digest);
    TRY(policy_in_force(tx, c->arena, &in_force));
    if (text_eq(in_force, digest))
        return settle(c, "in_force");
    TRY(policy_for_book(c->arena, tx, text, &policy));
    if (c->prod)
        return settle(c, "inert");
    c->planned = policy;
    c->ask.state_valid = true;
    c->object_type = "policy";
    c->object_id = policy->digest;
    c->ask.object_version = 1;
    return OK;
}

static struct err policy_apply(struct call *c, struct tx *tx)
{
    const struct reload_policy *a = c->args;
    struct json *detail = json_object_new(c->arena), *proof;
    bool is_new;
    json_put_text(c->arena, detail, "replaces", c->policy->digest);
    TRY(policy_admit(c->arena, tx, str_of(a->text), c->planned, &proof));
    json_put(c->arena, detail, "proof", proof);
    c->policy = c->planned; /* the event is the new version's */
    TRY(policy_keep(tx, c->policy->digest, str_of(a->text), &is_new));
    c->detail = detail;
    c->event_type = "POLICY_LOADED";
    c->policy_loaded = true;
    c->result = json_object_new(c->arena);
    json_put_text(c->arena, c->result, "file", "loaded");
    return arena_check(c->arena);
}

const struct tool tool_reload_policy = {
    .name = "reload_policy",
    .title = "Reload the policy file",
    .summary = "In dev a changed file is in force from now on.",
    .tier = TIER_T0,
    .action = ACTION_SWEEP,
    .run = TOOL_CHANGE,
    .fields = policy_fields,
    .fields_n = sizeof policy_fields / sizeof policy_fields[0],
    .args_size = sizeof(struct reload_policy),
    .plan = policy_plan,
    .apply = policy_apply,
};

/* ---- note_config ---- */

struct note_config {
    const char *config_sha256;
    const char **changed, **at_restart;
    size_t changed_n, at_restart_n;
};

static const struct json_field config_fields[] = {
    JSON_TEXT(struct note_config, config_sha256, .required = true, .help = "of the settings now"),
    JSON_TEXTS(struct note_config, changed, changed_n, .help = "settings that hold from now on"),
    JSON_TEXTS(struct note_config, at_restart, at_restart_n,
               .help = "settings that changed and hold from the next start on"),
};

static struct err config_plan(struct call *c, struct tx *tx)
{
    (void)tx;
    c->ask.state_valid = true;
    c->object_type = "engine";
    c->object_id = "config";
    c->detail = c->args_tree;
    c->event_type = "CONFIG_CHANGED";
    return OK;
}

static struct err config_apply(struct call *c, struct tx *tx)
{
    (void)tx;
    c->result = json_object_new(c->arena);
    return arena_check(c->arena);
}

const struct tool tool_note_config = {
    .name = "note_config",
    .title = "Note changed settings",
    .summary = "Records which settings changed while the engine ran.",
    .tier = TIER_T0,
    .action = ACTION_SWEEP,
    .run = TOOL_CHANGE,
    .fields = config_fields,
    .fields_n = sizeof config_fields / sizeof config_fields[0],
    .args_size = sizeof(struct note_config),
    .plan = config_plan,
    .apply = config_apply,
};
