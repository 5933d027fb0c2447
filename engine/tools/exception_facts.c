/* What is read before an exception is raised or ended, and what ends with it. */
#include "engine/tools/exception_facts.h"

#include "common/sys/json_read.h"
#include "engine/store/parts.h"
#include "engine/tools/match_facts.h"
#include "engine/tools/scope.h"
#include "engine/tools/settle.h"

const char *const exception_classes[] = {"",
                                         "TIMING",
                                         "MISSING_GL",
                                         "MISSING_BANK",
                                         "AMOUNT_BREAK",
                                         "FEE",
                                         "FX_DIFFERENCE",
                                         "DUPLICATE",
                                         "REVERSAL",
                                         "WRONG_ENTITY",
                                         "PRIOR_PERIOD",
                                         "UNIDENTIFIED_RECEIPT",
                                         "NSF_RETURN",
                                         "AMBIGUOUS",
                                         "ZERO_AMOUNT",
                                         "REJECTED_BEFORE",
                                         "STATEMENT_BREAK",
                                         "DATA_COMPLETENESS",
                                         NULL};

const char *exception_class_means(const char *class_)
{
    static const struct {
        const char *class_, *text;
    } known[] = {
        {"TIMING", "booked, and the bank may still show it"},
        {"MISSING_GL", "the bank paid it, the ledger does not have it"},
        {"MISSING_BANK", "booked, and the bank should have shown it by now"},
        {"AMOUNT_BREAK", "the same payment with another amount on the other side"},
        {"FEE", "a bank fee that is not booked"},
        {"FX_DIFFERENCE", "the exchange rate is what differs"},
        {"WRONG_ENTITY", "belongs to another entity"},
        {"PRIOR_PERIOD", "belongs to an earlier period"},
        {"STATEMENT_BREAK", "its statement does not add up"},
        {"DATA_COMPLETENESS", "something that should have been loaded was not"},
        {"DUPLICATE", "looks like another entry of the same side, twice"},
        {"REVERSAL", "takes something back that was not found"},
        {"UNIDENTIFIED_RECEIPT", "money came in that the ledger does not know"},
        {"NSF_RETURN", "a payment the bank returned"},
        {"AMBIGUOUS", "more than one entry would fit, and none of them better"},
        {"ZERO_AMOUNT", "an amount of nothing is never matched"},
        {"REJECTED_BEFORE", "a person rejected the only match there is"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (text_eq(known[i].class_, class_))
            return known[i].text;
    }
    return "no match was found";
}

/* ---- within the caller's entities ---- */

struct err entry_seen(struct call *c, struct tx *tx, const char *entry_id, struct entry *e)
{
    struct scope scope;
    TRY(scope_load(c, tx, &scope));
    struct err found = entry_load(tx, c->arena, entry_id, e);
    if (found.kind != ERR_MISSING)
        TRY(found);
    if (found.kind == ERR_MISSING || !scope_has(&scope, e->entity_id))
        return err_at(ERR_MISSING, "/entry_id", "there is no such entry");
    return OK;
}

static struct err open_amount(struct tx *tx, const struct entry *e, struct money *open)
{
    TRY(entry_open(tx, e, open));
    ENSURE(open->minor != INT64_MIN, ERR_LIMIT, "an amount does not fit");
    open->minor = open->minor < 0 ? -open->minor : open->minor;
    return OK;
}

struct err exception_seen(struct call *c, struct tx *tx, const char *exception_id,
                          struct exception_seen *seen)
{
    struct scope scope;
    TRY(scope_load(c, tx, &scope));
    TRY(exception_load(tx, c->arena, exception_id, &seen->x));
    ENSURE(scope_has(&scope, seen->x.entity_id), ERR_MISSING, "there is no such exception");
    TRY(entry_load(tx, c->arena, seen->x.entry_id, &seen->e));
    return open_amount(tx, &seen->e, &seen->open);
}

/* ---- facts ---- */

/* What a human sees who is asked: the line itself. */
static void bound_fact(struct call *c, const struct entry *e, struct money open)
{
    struct json *o = json_object_new(c->arena);
    char amount[MONEY_TEXT_MAX], rest[MONEY_TEXT_MAX], day[DATE_TEXT_MAX];
    money_print(e->amount, amount);
    money_print(open, rest);
    date_print(e->date, day);
    json_put_text(c->arena, o, "entry_id", e->entry_id);
    json_put_int(c->arena, o, "version", e->version);
    json_put_text(c->arena, o, "side", side_name(e->side));
    json_put_text(c->arena, o, "account_id", e->account_id);
    json_put_text(c->arena, o, "date", day);
    json_put_text(c->arena, o, "amount", amount);
    json_put_text(c->arena, o, "open_amount", rest);
    json_put_text(c->arena, o, "currency", e->amount.cur);
    json_put_known(c->arena, o, "counterparty", e->counterparty);
    json_put_known(c->arena, o, "memo", e->memo);
    json_put_known(c->arena, o, "reference", e->reference);
    c->bound = o;
}

struct err exception_facts(struct call *c, struct tx *tx, const struct entry *e, struct money open,
                           const struct exception_act *act)
{
    const struct people_of people = {.tool = act->tool,
                                     .object_id = act->object_id,
                                     .version = e->version,
                                     .principal = act->flag->principal,
                                     .obo = act->flag->on_behalf_of};
    const struct window window = {
        .entity_id = e->entity_id, .account_id = e->account_id, .on = e->date};
    TRY(legs_facts(c, tx, e, 1, open));
    TRY(people_facts(c, tx, &people));
    TRY(windows_facts(c, tx, &window));
    c->object_type = c->ask.object_type = act->object_type;
    c->object_id = c->ask.object_id = act->object_id;
    c->ask.object_version = e->version;
    bound_fact(c, e, open);
    return arena_check(c->arena);
}

/* ---- escalations about it ---- */

static struct err asks_for(struct call *c, const struct escalation *e, const char *outcome,
                           bool *same)
{
    struct json *args;
    TRY(json_read(c->arena, str_of(e->args), NULL, &args));
    *same = outcome != NULL && text_eq(json_get_text(args, "outcome"), outcome);
    return OK;
}

struct err exception_settle(struct call *c, struct tx *tx, const char *exception_id,
                            const char *outcome)
{
    for (;;) {
        struct escalation *e = ARENA_NEW(c->arena, struct escalation);
        bool found, same;
        ENSURE(e != NULL, ERR_LIMIT, "out of memory");
        TRY(escalation_of_object(tx, c->arena, "resolve_exception", exception_id, &found, e));
        if (!found)
            return OK;
        TRY(asks_for(c, e, outcome, &same));
        TRY(settle_move(c, tx, e, same ? ESCALATION_APPROVED : ESCALATION_STALE));
    }
}
