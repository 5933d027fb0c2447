/* resolve_exception: how an exception ends that no match ends. Writing off gives money up: it
 * counts in the windows of cumulative limits, and above the policy's limit it is decided as a
 * confirmation is (gate rows 12.7 to 12.9). */
#include "engine/store/limits.h"
#include "engine/store/work.h"
#include "engine/tools/exception_facts.h"
#include "engine/tools/transition.h"

enum outcome {
    NO_OUTCOME,
    MATCHED_ELSEWHERE,
    TIMING,
    CORRECTED,
    DUPLICATE,
    WRITE_OFF,
    FALSE_ALARM
};

static const char *const outcomes[] = {"",
                                       "matched_elsewhere",
                                       "timing_accepted",
                                       "corrected_at_source",
                                       "duplicate_ignored",
                                       "write_off",
                                       "false_positive",
                                       NULL};

struct resolve_exception {
    const char *exception_id, *rationale;
    int outcome; /* enum outcome */
};

static const struct json_field fields[] = {
    JSON_TEXT(struct resolve_exception, exception_id, .required = true, .max = 64,
              .help = "the exception to end"),
    JSON_ENUM(struct resolve_exception, outcome, outcomes, .required = true,
              .help = "write_off, matched_elsewhere and duplicate_ignored take its entry out of "
                      "matching"),
    JSON_TEXT(struct resolve_exception, rationale, .max = 2000,
              .help = "why, in the words of whoever decides; needed"),
};

struct resolved {
    const char *exception_id, *entry_id, *state, *outcome;
    int64_t version;
};

static const struct json_field result[] = {
    JSON_TEXT(struct resolved, exception_id, .help = "the exception"),
    JSON_TEXT(struct resolved, entry_id, .help = "its entry"),
    JSON_TEXT(struct resolved, state, .help = "RESOLVED or WRITTEN_OFF"),
    JSON_TEXT(struct resolved, outcome, .help = "how it ended"),
    JSON_INT(struct resolved, version, .help = "of the exception, after this"),
};

/* An escalation is asked again with the words of the human who answers it, so they are looked for
 * here and not in the table: of who asks at once, of who answers when it happens. */
static struct err rationale_check(const struct call *c)
{
    if (!text_empty(c->rationale))
        return OK;
    return err_at(ERR_INPUT, "/rationale", "needed: why the exception may end like this");
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct resolve_exception *args = c->args;
    struct exception_seen *s = ARENA_NEW(c->arena, struct exception_seen);
    const char *match_id;
    ENSURE(s != NULL, ERR_LIMIT, "out of memory");
    if (c->escalation_id == NULL)
        TRY(rationale_check(c));
    TRY(exception_seen(c, tx, args->exception_id, s));
    TRY(match_of_entry(tx, c->arena, s->x.entry_id, &match_id));
    const struct exception_act act = {.tool = "resolve_exception",
                                      .object_type = "exception",
                                      .object_id = s->x.exception_id,
                                      .flag = &s->x.flag};
    bool open = s->x.latest && exception_is_open(s->x.state);
    TRY(exception_facts(c, tx, &s->e, s->open, &act));
    c->ask.keeps_amount = args->outcome != WRITE_OFF;
    c->ask.entry_taken = match_id != NULL;
    c->ask.state_valid = open;
    if (!open)
        c->ask.object_version = 0; /* what waits for an answer about it is stale */
    c->state_from = exception_state_name(s->x.state);
    c->planned = s;
    return OK;
}

static struct err given_up(struct call *c, struct tx *tx, const struct exception_seen *s)
{
    const char *account = arena_fmt(c->arena, "%s/%s", s->e.entity_id, s->e.account_id);
    ENSURE(account != NULL, ERR_LIMIT, "out of memory");
    TRY(written_off_add(tx, "book", "", s->open));
    TRY(written_off_add(tx, "entity", s->e.entity_id, s->open));
    TRY(written_off_add(tx, "account", account, s->open));
    return written_off_add(tx, "counterparty",
                           c->ask.counterparty == NULL ? "" : c->ask.counterparty, s->open);
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct resolve_exception *args = c->args;
    struct exception_seen *s = c->planned;
    const char *outcome = outcomes[args->outcome];
    TRY(rationale_check(c));
    TRY(exception_settle(c, tx, s->x.exception_id, outcome));
    TRY(transition_exception(
        c, tx, &s->x,
        args->outcome == WRITE_OFF ? EXCEPTION_EVENT_WRITE_OFF : EXCEPTION_EVENT_RESOLVE, outcome));
    if (args->outcome == WRITE_OFF)
        TRY(given_up(c, tx, s));
    TRY(object_event_add(tx, object_key(c->arena, OBJECT_ENTRY, s->e.entry_id)));
    c->state_to = exception_state_name(s->x.state);
    const struct resolved done = {.exception_id = s->x.exception_id,
                                  .entry_id = s->x.entry_id,
                                  .state = c->state_to,
                                  .outcome = outcome,
                                  .version = s->x.version};
    return json_unbind(c->arena, JSON_FIELDS(result), &done, &c->result);
}

const struct tool tool_resolve_exception = {
    .name = "resolve_exception",
    .title = "Resolve an exception",
    .summary = "Ends an exception: explained, accepted or written off. For an agent it waits for a "
               "human. A write-off above the policy's limit takes somebody else than who flagged "
               "it, or two.",
    .tier = TIER_T1,
    .action = ACTION_RESOLVE_EXCEPTION,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .destructive = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct resolve_exception),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
