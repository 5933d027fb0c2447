/* Why an entry is not matched. */
#include "engine/tools/why_unmatched.h"

#include "engine/store/escalations.h"
#include "engine/store/master.h"
#include "engine/tools/exception_facts.h"

static struct err proposed(struct call *c, struct tx *tx, const char *match_id, const char **why)
{
    struct escalation x;
    bool open;
    TRY(escalation_of_object(tx, c->arena, "confirm_match", match_id, &open, &x));
    *why = open ? arena_fmt(c->arena, "%s is proposed for it and waits for a human as %s: %s",
                            match_id, x.escalation_id, x.reason)
                : arena_fmt(c->arena, "%s is proposed for it; nobody has asked to confirm it yet",
                            match_id);
    return arena_check(c->arena);
}

static const char *listed(struct call *c, const struct exception_row *x)
{
    const char *means = exception_class_means(x->class_);
    if (x->flag.actor == NULL)
        return arena_fmt(c->arena, "%s: %s", x->class_, means);
    return arena_fmt(c->arena, "%s flagged it as %s: %s", x->flag.actor, x->class_, means);
}

static const char *ended(struct call *c, const struct exception_row *x)
{
    return arena_fmt(c->arena, "its exception (%s) ended as %s: %s", x->class_,
                     x->outcome == NULL ? exception_state_name(x->state) : x->outcome,
                     x->settled ? "it is out of matching until somebody flags it again"
                                : "it is matched when a pass finds the other side");
}

/* Neither matched nor listed. */
static struct err left_over(struct call *c, struct tx *tx, const struct entry *e,
                            const struct exception_row *latest, const char **why)
{
    struct account account;
    struct err found = account_load(tx, c->arena, e->entity_id, e->account_id, &account);
    if (found.kind != ERR_MISSING)
        TRY(found);
    if (found.kind == ERR_NONE && !account.reconciled)
        *why = arena_fmt(c->arena, "account %s is not reconciled: nothing is matched on it",
                         e->account_id);
    else if (latest != NULL && !exception_is_open(latest->state) &&
             !text_eq(latest->outcome, "matched"))
        *why = ended(c, latest);
    else
        *why = "no pass has looked at it since it was loaded or its match was taken back: "
               "run_recon_pass does";
    return arena_check(c->arena);
}

struct err why_unmatched(struct call *c, struct tx *tx, const struct entry *e,
                         const struct standing *s, const char **why)
{
    char open[MONEY_TEXT_MAX];
    if (s->state == ENTRY_CONFIRMED) {
        *why = arena_fmt(c->arena, "it is matched: %s is confirmed", s->match_id);
        return arena_check(c->arena);
    }
    if (s->state == ENTRY_PROPOSED)
        return proposed(c, tx, s->match_id, why);
    if (s->state == ENTRY_EXCEPTION && s->latest != NULL)
        *why = listed(c, s->latest);
    else
        TRY(left_over(c, tx, e, s->latest, why));
    if (s->open.minor != e->amount.minor) {
        money_print(s->open, open);
        *why = arena_fmt(c->arena, "a part of it is matched, %s %s is open; %s", open,
                         e->amount.cur, *why);
    }
    return arena_check(c->arena);
}
