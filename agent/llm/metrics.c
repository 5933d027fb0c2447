/* The chat in figures. */
#include "common/sys/metrics.h"
#include "agent/llm/llm_own.h"

static void print_now(const struct llm *llm, struct buf *out)
{
    const struct room *room;
    int64_t turns = 0;
    TAILQ_FOREACH(room, &llm->rooms, link)
    turns += room->stage != STAGE_IDLE;
    metric_print_one("closegate_agent_chat_turns",
                     "Conversations in which the model or a tool is at work.", METRIC_GAUGE, turns,
                     out);
    metric_print_one("closegate_agent_chat_streams", "Browsers that look on at a conversation.",
                     METRIC_GAUGE, (int64_t)feeds_n(llm), out);
}

void llm_metrics_print(const struct llm *llm, struct buf *out)
{
    if (llm == NULL)
        return;
    const struct llm_counts *c = &llm->counts;
    const struct {
        const char *name, *help;
        int64_t value;
    } rows[] = {
        {"closegate_agent_llm_questions_total", "Questions to the provider.", c->questions},
        {"closegate_agent_llm_answers_total", "Whole answers of the provider.", c->answers},
        {"closegate_agent_llm_troubles_total", "Questions without an answer.", c->troubles},
        {"closegate_agent_llm_input_tokens_total", "Tokens of input, without the cache's.",
         c->use.input},
        {"closegate_agent_llm_output_tokens_total", "Tokens of output.", c->use.output},
        {"closegate_agent_llm_cache_read_tokens_total", "Tokens read from the provider's cache.",
         c->use.cache_read},
        {"closegate_agent_llm_cache_write_tokens_total", "Tokens written to the provider's cache.",
         c->use.cache_write},
        {"closegate_agent_llm_cost_microdollars_total",
         "Millionths of a US dollar, at the prices set.", c->cost_micros},
    };
    print_now(llm, out);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        metric_print_one(rows[i].name, rows[i].help, METRIC_COUNTER, rows[i].value, out);
}
