/* thaw: takes a freeze back. In prod a second human confirms it; no freeze of a tool, a kind of
 * actor or everything stops it (row a), only that of the very person. */
#include "engine/tools/administer.h"

struct thaw_args {
    const char *freeze_id, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct thaw_args, freeze_id, .required = true, .max = 64,
              .help = "the freeze, as list_registry names it"),
    JSON_TEXT(struct thaw_args, rationale, .max = 2000, .help = "why it is safe again"),
};

struct thawed {
    const char *freeze_id;
    bool changed;
};

static const struct json_field result[] = {
    JSON_TEXT(struct thawed, freeze_id, .help = "the freeze"),
    JSON_BOOL(struct thawed, changed, .help = "always true"),
};

static struct err plan(struct call *c, struct tx *tx)
{
    const struct thaw_args *a = c->args;
    struct freeze *all, *stands = NULL;
    struct principal person;
    size_t n;
    TRY(freezes_list(tx, c->arena, &all, &n));
    for (size_t i = 0; i < n; i++) {
        if (text_eq(all[i].freeze_id, a->freeze_id))
            stands = &all[i];
    }
    ENSURE(stands != NULL, ERR_MISSING, "no such freeze stands");
    struct json *before = json_object_new(c->arena);
    json_put_text(c->arena, before, "scope", stands->scope);
    json_put_text(c->arena, before, "value", stands->value);
    if (text_eq(stands->scope, "actor") &&
        principal_load(tx, c->arena, stands->value, &person).kind == ERR_NONE)
        json_put_text(c->arena, before, "name", person.name);
    json_put_text(c->arena, before, "reason", stands->reason);
    c->planned = stands;
    const struct admin_change change = {.act = "thaw",
                                        .object_type = "freeze",
                                        .object_id = stands->freeze_id,
                                        .version = stands->version,
                                        .before = before,
                                        .event_type = "THAWED"};
    return administer(c, &change);
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct freeze *stands = c->planned;
    TRY(freeze_end(tx, stands));
    return administer_done(c, "freeze_id", stands->freeze_id);
}

const struct tool tool_thaw = {
    .name = "thaw",
    .title = "Thaw",
    .summary = "Takes a freeze back. In prod a second human confirms it.",
    .tier = TIER_T1,
    .action = ACTION_THAW,
    .run = TOOL_CHANGE,
    .offer = OFFER_SOCKET | OFFER_WORKSPACE,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct thaw_args),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
