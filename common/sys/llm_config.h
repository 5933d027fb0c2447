/* The settings of the model: CLOSEGATE_LLM_*, CLOSEGATE_AGENT_MODEL and the providers' own key
 * names; a part of the agent's configuration (agent_config.h). Without a key and without an address
 * there is no model, and nothing of it runs. */
#ifndef COMMON_SYS_LLM_CONFIG_H
#define COMMON_SYS_LLM_CONFIG_H

#include "common/sys/settings.h"

enum llm_api {
    LLM_API_NONE = 0,
    LLM_API_ANTHROPIC, /* Messages API */
    LLM_API_OPENAI,    /* chat completions, also of local servers */
};

/* Micro-dollars a million tokens. */
struct llm_price {
    int64_t input, output, cache_read, cache_write;
};

/* Of tokens and of money, each for a session, a person's day (UTC) and everybody's day; 0: none. */
struct llm_limits {
    int64_t session, person_day, day;
};

/* Texts live in the arena of agent_config_load. */
struct llm_config {
    int api;              /* enum llm_api */
    const char *model;    /* NULL only when api is NONE, which in dev it then is */
    const char *base_url; /* without a slash at its end */
    const char *key;      /* NULL: the server wants none */
    int64_t timeout_ms;   /* of one answer, from the request to its last byte */
    int64_t idle_ms;      /* without a byte */
    int64_t attempts, backoff_ms;
    int64_t answer_tokens;  /* at most, asked of the provider */
    int64_t context_tokens; /* a longer conversation is summarised */
    int64_t steps;          /* answers of the model in one turn */
    int64_t result_bytes;   /* of one tool's result, as the model is given it */
    struct llm_limits tokens;
    struct llm_limits cost_micros;
    struct llm_price price;
    struct setting_list tools;  /* names; empty: what the engine offers, but administration */
    struct setting_list redact; /* POSIX extended regular expressions, beside the built-in ones */
    int64_t trace_days;
};

/* Within agent_config_load. */
MUST_CHECK struct err llm_config_load(struct arena *arena, const char *file, const char *const *env,
                                      bool dev, struct llm_config *out);
void llm_config_print_reference(struct buf *out);

/* "anthropic", "openai"; "" for none. */
const char *llm_api_name(int api);

/* What so many tokens cost, rounded up to a micro-dollar. */
int64_t llm_cost_micros(const struct llm_price *price, int64_t input, int64_t output,
                        int64_t cache_read, int64_t cache_write);

#endif
