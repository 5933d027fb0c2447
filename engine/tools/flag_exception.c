/* flag_exception: somebody says what is wrong with an entry. It becomes an exception, or another
 * class of one; what ended before is opened by a new one. */
#include "engine/store/matches.h"
#include "engine/store/work.h"
#include "engine/tools/exception_facts.h"
#include "engine/tools/transition.h"

struct flag_exception {
    const char *entry_id, *rationale;
    int class_; /* of exception_classes */
};

static const struct json_field fields[] = {
    JSON_TEXT(struct flag_exception, entry_id, .required = true, .max = 256,
              .help = "the entry; in no live match"),
    JSON_ENUM(struct flag_exception, class_, exception_classes, .as = "class", .required = true,
              .help = "what is wrong with it"),
    JSON_TEXT(struct flag_exception, rationale, .required = true, .max = 2000,
              .help = "what you saw"),
};

struct flagged {
    const char *exception_id, *entry_id, *class_, *state, *replaces;
    int64_t version;
};

static const struct json_field result[] = {
    JSON_TEXT(struct flagged, exception_id, .help = "the new exception"),
    JSON_TEXT(struct flagged, entry_id, .help = "its entry"),
    JSON_TEXT(struct flagged, class_, .as = "class", .help = "as flagged"),
    JSON_TEXT(struct flagged, state, .help = "OPEN, or INVESTIGATING with whoever had it before"),
    JSON_TEXT(struct flagged, replaces, .help = "the exception of another class that this ends"),
    JSON_INT(struct flagged, version, .help = "of the exception, after this"),
};

/* From plan to apply. */
struct flagging {
    struct entry e;
    struct exception_row before;
    bool had_open;
};

static const char *class_of(const struct call *c)
{
    const struct flag_exception *args = c->args;
    return exception_classes[args->class_];
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct flag_exception *args = c->args;
    struct flagging *f = ARENA_NEW(c->arena, struct flagging);
    const struct exception_flag nobody = {.actor = NULL};
    const char *match_id;
    bool found;
    ENSURE(f != NULL, ERR_LIMIT, "out of memory");
    TRY(entry_seen(c, tx, args->entry_id, &f->e));
    TRY(match_of_entry(tx, c->arena, args->entry_id, &match_id));
    TRY(exception_of_entry(tx, c->arena, args->entry_id, &found, &f->before));
    f->had_open = found && exception_is_open(f->before.state);
    const struct exception_act act = {.tool = "flag_exception",
                                      .object_type = "entry",
                                      .object_id = f->e.entry_id,
                                      .flag = &nobody};
    TRY(exception_facts(c, tx, &f->e, f->e.amount, &act));
    c->ask.has_amount = false; /* saying what is wrong moves no money: nobody's ceiling is asked */
    c->ask.entry_taken = match_id != NULL;
    c->ask.state_valid = !f->had_open || !text_eq(f->before.class_, class_of(c));
    c->state_from = f->had_open ? exception_state_name(f->before.state) : NULL;
    c->planned = f;
    return OK;
}

/* Whoever had it has it still. */
static struct err hand_over(struct call *c, struct tx *tx, const struct exception_row *from,
                            struct exception_row *to)
{
    struct assignment old, new = {.version = 0};
    TRY(assignment_load(tx, c->arena, object_key(c->arena, OBJECT_EXCEPTION, from->exception_id),
                        &old));
    if (old.assignee == NULL)
        return OK;
    TRY(assignment_put(tx, object_key(c->arena, OBJECT_EXCEPTION, to->exception_id), old.assignee,
                       c->actor.id, &new));
    return transition_exception(c, tx, to, EXCEPTION_EVENT_INVESTIGATE, NULL);
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct flagging *f = c->planned;
    struct exception_row new = {.entry_id = f->e.entry_id,
                                .entity_id = f->e.entity_id,
                                .account_id = f->e.account_id,
                                .class_ = class_of(c),
                                .detail = "{\"near_misses\":[]}",
                                .flag = {.actor = c->actor.id,
                                         .principal = c->actor.principal,
                                         .on_behalf_of = c->actor.on_behalf_of,
                                         .rationale = c->rationale,
                                         .rationale_author = c->rationale_author}};
    if (f->had_open) {
        TRY(exception_settle(c, tx, f->before.exception_id, NULL));
        TRY(transition_exception(c, tx, &f->before, EXCEPTION_EVENT_RECLASSIFY, "reclassified"));
    }
    TRY(exception_flag(tx, &new));
    if (f->had_open)
        TRY(hand_over(c, tx, &f->before, &new));
    TRY(object_event_add(tx, object_key(c->arena, OBJECT_ENTRY, f->e.entry_id)));
    c->object_type = "exception";
    c->object_id = new.exception_id;
    c->state_to = exception_state_name(new.state);
    const struct flagged done = {.exception_id = new.exception_id,
                                 .entry_id = new.entry_id,
                                 .class_ = new.class_,
                                 .state = c->state_to,
                                 .replaces = f->had_open ? f->before.exception_id : NULL,
                                 .version = new.version};
    return json_unbind(c->arena, JSON_FIELDS(result), &done, &c->result);
}

const struct tool tool_flag_exception = {
    .name = "flag_exception",
    .title = "Flag an exception",
    .summary = "Says what is wrong with an entry that is in no match: it is listed as an exception "
               "of that class. An exception that ended is opened again by a new one.",
    .tier = TIER_T1,
    .action = ACTION_FLAG,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct flag_exception),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
