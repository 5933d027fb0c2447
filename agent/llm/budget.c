/* Budgets: tokens and money of a conversation, of a person's day and of everybody's. Looked at
 * before each question, from what was recorded; answers under way count when they are there, so a
 * budget is overrun by at most those. */
#include "agent/llm/turn.h"

struct budget {
    const char *whose;   /* in the sentence */
    const char *setting; /* CLOSEGATE_LLM_TOKENS_…, CLOSEGATE_LLM_COST_… */
    int64_t tokens_max, cost_max;
    struct trace_use used;
};

static const char *sentence_of(struct arena *arena, const struct budget *b)
{
    const int64_t tokens = trace_use_tokens(&b->used);
    if (b->tokens_max > 0 && tokens >= b->tokens_max)
        return arena_fmt(arena,
                         "%s used %lld tokens of %lld (CLOSEGATE_LLM_TOKENS_PER_%s). The model "
                         "is not asked any more.",
                         b->whose, (long long)tokens, (long long)b->tokens_max, b->setting);
    if (b->cost_max > 0 && b->used.cost_micros >= b->cost_max)
        return arena_fmt(arena,
                         "%s cost %s USD of %s (CLOSEGATE_LLM_COST_PER_%s). The model is not asked "
                         "any more.",
                         b->whose, show_cost(arena, b->used.cost_micros),
                         show_cost(arena, b->cost_max), b->setting);
    return NULL;
}

struct err budget_spent(struct turn *t, const char **sentence)
{
    const struct llm_limits *tokens = &t->config->tokens, *cost = &t->config->cost_micros;
    struct budget b[] = {
        {"This conversation", "SESSION", tokens->session, cost->session, t->talk.use},
        {"You", "PERSON_DAY", tokens->person_day, cost->person_day, {0}},
        {"Everybody together", "DAY", tokens->day, cost->day, {0}},
    };
    TRY(traces_spent(t->worker->db, t->talk.principal_id, t->now_us, &b[1].used));
    TRY(traces_spent(t->worker->db, NULL, t->now_us, &b[2].used));
    *sentence = NULL;
    for (size_t i = 0; i < sizeof b / sizeof b[0] && *sentence == NULL; i++)
        *sentence = sentence_of(t->arena, &b[i]);
    return arena_check(t->arena);
}
