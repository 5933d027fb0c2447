/* Whether the provider takes our key and has the model, without a question: its list of models. */
#include "agent/llm/check.h"

#include <string.h>

#include "agent/llm/trouble.h"
#include "common/sys/json_read.h"

#define LIST_BYTES ((size_t)4 << 20)
#define CHECK_MS   10000
#define PAGE       "1000"

/* Gemini lists "models/NAME" and takes NAME. */
static bool is_model_path(const char *id, const char *model)
{
    return strncmp(id, "models/", 7) == 0 && text_eq(id + 7, model);
}

static bool is_listed(const struct json *tree, const char *model)
{
    const struct json *data = json_get(tree, "data");
    for (size_t i = 0; data != NULL && i < data->count; i++) {
        const char *id = json_get_text(data->items[i], "id");
        if (id != NULL && (text_eq(id, model) || is_model_path(id, model)))
            return true;
    }
    return false;
}

static struct err judge(struct arena *arena, const struct llm_config *config,
                        const struct llm_endpoint *to, const struct fetch_reply *reply,
                        int64_t now_us)
{
    struct llm_trouble trouble;
    struct json *tree;
    if (reply->status == 404 || reply->status == 405) /* a server that has no such list */
        return OK;
    if (reply->status != 200) {
        TRY(llm_trouble_of(arena, to, OK, reply, now_us, &trouble));
        return err_new(ERR_UPSTREAM, trouble.sentence);
    }
    TRY(json_read(arena, reply->body, NULL, &tree));
    if (is_listed(tree, config->model))
        return OK;
    return err_fmt(arena, ERR_MISSING, "CLOSEGATE_AGENT_MODEL", "the provider lists no model %s",
                   config->model);
}

struct err llm_check(struct arena *arena, const struct llm_config *config, int64_t now_us)
{
    const bool anthropic = config->api == LLM_API_ANTHROPIC;
    const struct llm_endpoint to = {config->api, config->base_url, config->key};
    struct http_pair pairs[2] = {{"anthropic-version", "2023-06-01"}};
    struct fetch_req req = {.method = "GET",
                            .pairs = pairs,
                            .pairs_n = anthropic ? 1 : 0,
                            .reply_max = LIST_BYTES,
                            .timeout_ms = CHECK_MS};
    struct fetch_reply reply;
    if (config->api == LLM_API_NONE)
        return OK;
    req.url =
        arena_fmt(arena, anthropic ? "%s/v1/models?limit=" PAGE : "%s/models", config->base_url);
    if (config->key != NULL)
        pairs[req.pairs_n++] =
            anthropic
                ? (struct http_pair){"x-api-key", config->key}
                : (struct http_pair){"Authorization", arena_fmt(arena, "Bearer %s", config->key)};
    TRY(arena_check(arena));
    TRY(fetch(arena, &req, &reply));
    return judge(arena, config, &to, &reply, now_us);
}
