/* Asking what an answer would come to. */
#include "engine/tools/would.h"

#include "common/base/civil.h"
#include "engine/tools/answer_facts.h"

extern const struct tool tool_resolve_escalation;

/* As the screen would send it; the words are the decider's own, so none are there yet. */
static struct err answer_make(struct call *c, struct tx *tx, const struct escalation *e,
                              const char *decision, struct call *d)
{
    const struct tool *tool = &tool_resolve_escalation;
    struct json *args = json_object_new(c->arena);
    *d = (struct call){
        .arena = c->arena,
        .tool = tool,
        .actor = c->actor,
        .policy = c->policy,
        .prod = c->prod,
        .args_tree = args,
        .rationale = "-", /* asking back and answering say something */
        .ask = {.action = tool->action, .tier = tool->tier, .change = true, .prod = c->prod}};
    json_put_text(c->arena, args, "escalation_id", e->escalation_id);
    json_put_text(c->arena, args, "decision", decision);
    json_put_text(c->arena, args, "digest", e->digest);
    TRY(arena_check(c->arena));
    d->args = arena_alloc(c->arena, tool->args_size);
    ENSURE(d->args != NULL, ERR_LIMIT, "out of memory");
    TRY(json_bind(c->arena, tool->fields, tool->fields_n, args, d->args));
    return actor_facts(tx, c->arena, &c->actor, tool->name, &d->ask);
}

static bool has_text(const char *const *list, size_t n, const char *text)
{
    for (size_t i = 0; text != NULL && i < n; i++) {
        if (text_eq(list[i], text))
            return true;
    }
    return false;
}

/* A word for the rule, so that a screen can say it in the second person. */
static const char *because_of(const struct ask *a, const struct verdict *v)
{
    static const struct {
        enum reason reason;
        const char *word;
    } words[] = {
        {REASON_NOT_AUTHORISED, "not_your_role"},   {REASON_AUTH_TOO_OLD, "needs_fresh_login"},
        {REASON_CHANNEL_NOT_ALLOWED, "not_here"},   {REASON_FROZEN, "frozen"},
        {REASON_POLICY_BLOCK, "blocked"},           {REASON_STATE_INVALID, "too_late"},
        {REASON_TIER_REQUIRES_HUMAN, "human_only"},
    };
    if (v->reason == REASON_SOD_SAME_ACTOR)
        return has_text(a->proposers, a->proposers_n, a->principal)           ? "you_asked"
               : has_text(a->own_agents_of, a->own_agents_of_n, a->principal) ? "your_agent_asked"
                                                                              : "same_person";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].reason == v->reason)
            return words[i].word;
    }
    return "policy";
}

static void judge(struct call *d, struct would *w)
{
    w->verdict = gate_decide(d->policy, &d->ask);
    if (w->verdict.reason == REASON_MISSING_RATIONALE) {
        d->ask.has_rationale = w->with_rationale = true;
        w->verdict = gate_decide(d->policy, &d->ask);
    }
    w->needs_another = w->verdict.reason == REASON_SECOND_APPROVER_REQUIRED;
    w->may = w->verdict.ruling == RULING_ALLOW || w->needs_another;
    w->because = w->may ? NULL : because_of(&d->ask, &w->verdict);
}

struct err would_answer(struct call *c, struct tx *tx, const struct escalation *e,
                        const char *decision, struct would *would)
{
    struct call d;
    int64_t expires;
    *would = (struct would){.because = "settled"};
    if (!escalation_is_open(e->state))
        return OK;
    TRY(answer_make(c, tx, e, decision, &d));
    TRY(instant_parse(e->expires_at, &expires));
    const bool over = tx->now_us >= expires || !text_eq(decision, "withdraw");
    struct err err = d.tool->plan(&d, tx);
    would->because = "not_now"; /* nothing was asked back, or what it is about is gone */
    if (err.kind == ERR_INPUT || err.kind == ERR_CONFLICT || err.kind == ERR_MISSING)
        return OK;
    TRY(err);
    would->stale = answer_difference(&d);
    if (would->stale != NULL)
        would->because = "changed";
    else
        judge(&d, would);
    if (would->verdict.reason == REASON_STATE_INVALID && !over)
        would->because = "not_yours"; /* taking it back is for whoever asked */
    return arena_check(c->arena);
}

struct json *would_print(struct arena *arena, const struct would *would)
{
    struct json *o = json_object_new(arena);
    json_put_bool(arena, o, "may", would->may);
    if (would->may) {
        json_put_bool(arena, o, "with_rationale", would->with_rationale);
        json_put_bool(arena, o, "needs_another", would->needs_another);
        return o;
    }
    json_put_text(arena, o, "because", would->because);
    if (would->verdict.row != NULL) {
        json_put_text(arena, o, "reason", reason_name(would->verdict.reason));
        json_put_text(arena, o, "clause", would->verdict.clause);
        json_put_text(arena, o, "pointer", would->verdict.pointer);
    }
    if (would->stale != NULL)
        json_put(arena, o, "difference", would->stale);
    return o;
}
