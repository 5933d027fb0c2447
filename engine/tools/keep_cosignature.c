/* keep_cosignature: what a witness signed of one of the book's heads, kept beside it. Only the
 * engine itself calls this (engine/call/feeder.c), which has checked that the line holds. It is no
 * decision and changes nothing that is decided by, so nobody is asked and nothing is recorded: an
 * event would be one more to be cosigned. */
#include "engine/store/cosignatures.h"
#include "engine/tools/tool.h"

static const struct json_field fields[] = {
    JSON_INT(struct cosignature, size, .required = true, .min = 1, .help = "of the head"),
    JSON_TEXT(struct cosignature, witness, .required = true, .help = "its verifier key"),
    JSON_TEXT(struct cosignature, line, .required = true, .help = "the note's signature line"),
    JSON_INT(struct cosignature, cosigned_s, .required = true, .help = "the time it states"),
};

static struct err plan(struct call *c, struct tx *tx)
{
    TRY(cosignature_keep(tx, c->args));
    c->outcome = CALL_OK; /* settled: nothing is asked, nothing is recorded */
    c->result = json_object_new(c->arena);
    return arena_check(c->arena);
}

const struct tool tool_keep_cosignature = {
    .name = "keep_cosignature",
    .title = "Keep a cosignature",
    .summary = "Keeps what a witness signed of one of the log's heads.",
    .tier = TIER_T0,
    .action = ACTION_SWEEP,
    .run = TOOL_CHANGE,
    .when_held = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct cosignature),
    .plan = plan,
};
