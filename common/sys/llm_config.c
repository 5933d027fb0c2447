/* The table of the model's settings. Prices and limits of money are decimals in dollars, kept as
 * whole micro-dollars. */
#include "common/sys/llm_config.h"

#include <string.h>

#include "common/base/decimal.h"
#include "common/base/str.h"

#define MICROS_SCALE 6
#define MILLION      1000000

/* What is filled by rows as text and made into numbers afterwards. */
struct llm_rows {
    struct llm_config config;
    const char *anthropic_key, *openai_key, *redact_file;
    const char *price_input, *price_output, *price_cache_read, *price_cache_write;
    const char *cost_session, *cost_person_day, *cost_day;
};

#define AT(member)  .offset = offsetof(struct llm_rows, member)
#define LLM(member) AT(config.member)

static const struct setting rows[] = {
    {.name = "CLOSEGATE_AGENT_MODEL",
     .type = SETTING_TEXT,
     LLM(model),
     .help = "The model, exactly as its provider calls it; closegate never chooses one, and never "
             "changes it by itself. Without it there is no chat; in prod a key or an address "
             "without it is refused."},
    {.name = "CLOSEGATE_LLM_API",
     .type = SETTING_CHOICE,
     LLM(api),
     .choices = "auto|anthropic|openai",
     .fallback = "auto",
     .help = "How the model is spoken to: Anthropic's Messages API, or chat completions as OpenAI "
             "and many servers know them; auto goes by the key that is set."},
    {.name = "CLOSEGATE_LLM_BASE_URL",
     .type = SETTING_TEXT,
     LLM(base_url),
     .help = "The API's address, such as http://127.0.0.1:8080/v1 of a local server; the "
             "provider's own when unset. In prod https, but for this machine itself."},
    {.name = "ANTHROPIC_API_KEY",
     .type = SETTING_TEXT,
     .secret = true,
     AT(anthropic_key),
     .help = "The key at Anthropic."},
    {.name = "OPENAI_API_KEY",
     .type = SETTING_TEXT,
     .secret = true,
     AT(openai_key),
     .help = "The key at OpenAI, or whatever the compatible server wants as a bearer token."},
    {.name = "CLOSEGATE_LLM_TIMEOUT_MS",
     .type = SETTING_INT,
     LLM(timeout_ms),
     .fallback = "300000",
     .min = 100,
     .max = 3600000,
     .help = "How long one answer of the model may take."},
    {.name = "CLOSEGATE_LLM_IDLE_MS",
     .type = SETTING_INT,
     LLM(idle_ms),
     .fallback = "60000",
     .min = 100,
     .max = 3600000,
     .help = "How long the provider may be silent in the middle of an answer."},
    {.name = "CLOSEGATE_LLM_ATTEMPTS",
     .type = SETTING_INT,
     LLM(attempts),
     .fallback = "5",
     .min = 1,
     .max = 20,
     .help = "How often one request is made before the turn fails; only what may succeed later is "
             "made again."},
    {.name = "CLOSEGATE_LLM_BACKOFF_MS",
     .type = SETTING_INT,
     LLM(backoff_ms),
     .fallback = "1000",
     .min = 1,
     .max = 60000,
     .help = "The pause after the first failed attempt, unless the provider says when; it doubles, "
             "with jitter, up to a minute."},
    {.name = "CLOSEGATE_LLM_ANSWER_TOKENS",
     .type = SETTING_INT,
     LLM(answer_tokens),
     .fallback = "8192",
     .min = 64,
     .max = 1000000,
     .help = "The longest single answer."},
    {.name = "CLOSEGATE_LLM_CONTEXT_TOKENS",
     .type = SETTING_INT,
     LLM(context_tokens),
     .fallback = "120000",
     .min = 4000,
     .max = 10000000,
     .help = "A conversation whose request was longer than this is summarised by the model before "
             "it goes on."},
    {.name = "CLOSEGATE_LLM_STEPS",
     .type = SETTING_INT,
     LLM(steps),
     .fallback = "24",
     .min = 1,
     .max = 1000,
     .help = "How many answers one turn may have; then it stops and says so."},
    {.name = "CLOSEGATE_LLM_RESULT_BYTES",
     .type = SETTING_INT,
     LLM(result_bytes),
     .fallback = "60000",
     .min = 1000,
     .max = 400000,
     .help = "How much of one tool's result the model is given."},
    {.name = "CLOSEGATE_LLM_TOKENS_PER_SESSION",
     .type = SETTING_INT,
     LLM(tokens.session),
     .fallback = "2000000",
     .min = 0,
     .max = INT64_C(100000000000000),
     .help = "Tokens in and out that one conversation may use; 0: no limit."},
    {.name = "CLOSEGATE_LLM_TOKENS_PER_PERSON_DAY",
     .type = SETTING_INT,
     LLM(tokens.person_day),
     .fallback = "10000000",
     .min = 0,
     .max = INT64_C(100000000000000),
     .help = "The same for a person and a day (UTC)."},
    {.name = "CLOSEGATE_LLM_TOKENS_PER_DAY",
     .type = SETTING_INT,
     LLM(tokens.day),
     .fallback = "50000000",
     .min = 0,
     .max = INT64_C(100000000000000),
     .help = "The same for everybody and a day (UTC)."},
    {.name = "CLOSEGATE_LLM_PRICE_INPUT",
     .type = SETTING_TEXT,
     AT(price_input),
     .help = "US dollars a million tokens of input, such as 3.00; unset: costs are not counted."},
    {.name = "CLOSEGATE_LLM_PRICE_OUTPUT",
     .type = SETTING_TEXT,
     AT(price_output),
     .help = "US dollars a million tokens of output."},
    {.name = "CLOSEGATE_LLM_PRICE_CACHE_READ",
     .type = SETTING_TEXT,
     AT(price_cache_read),
     .help = "US dollars a million tokens read from the provider's cache; as input when unset."},
    {.name = "CLOSEGATE_LLM_PRICE_CACHE_WRITE",
     .type = SETTING_TEXT,
     AT(price_cache_write),
     .help = "US dollars a million tokens written to the provider's cache; as input when unset."},
    {.name = "CLOSEGATE_LLM_COST_PER_SESSION",
     .type = SETTING_TEXT,
     AT(cost_session),
     .help = "US dollars that one conversation may cost; no limit when unset. Needs prices."},
    {.name = "CLOSEGATE_LLM_COST_PER_PERSON_DAY",
     .type = SETTING_TEXT,
     AT(cost_person_day),
     .help = "The same for a person and a day (UTC)."},
    {.name = "CLOSEGATE_LLM_COST_PER_DAY",
     .type = SETTING_TEXT,
     AT(cost_day),
     .help = "The same for everybody and a day (UTC)."},
    {.name = "CLOSEGATE_LLM_TOOLS",
     .type = SETTING_LIST,
     LLM(tools),
     .fallback = "",
     .help = "The engine's tools that the model is offered; all but administration when unset."},
    {.name = "CLOSEGATE_LLM_REDACT",
     .type = SETTING_PATH,
     AT(redact_file),
     .help = "A file of POSIX extended regular expressions, one a line (# starts a comment line): "
             "what they match never leaves for the provider, like account numbers."},
    {.name = "CLOSEGATE_LLM_TRACE_DAYS",
     .type = SETTING_INT,
     LLM(trace_days),
     .fallback = "400",
     .min = 1,
     .max = 36500,
     .help = "How long conversations are kept after their last use."},
};

static const struct settings_table table = {
    .prefix = "CLOSEGATE_LLM_",
    .rows = rows,
    .n = sizeof rows / sizeof rows[0],
    .part = true,
};

/* "3.50" as 3500000. NULL is 0. */
static struct err micros(const char *name, const char *text, int64_t *out)
{
    struct decimal d;
    *out = 0;
    if (text == NULL)
        return OK;
    struct err e = decimal_parse(text, MICROS_SCALE, &d);
    if (e.kind != ERR_NONE || decimal_sign(d) < 0)
        return err_at(ERR_INPUT, name, "dollars are expected, such as 3.50");
    for (int i = d.scale; i < MICROS_SCALE; i++)
        d.coef *= 10;
    if (d.coef > INT64_MAX / MILLION)
        return err_at(ERR_LIMIT, name, "the amount is too large");
    *out = (int64_t)d.coef;
    return OK;
}

static struct err take_money(struct llm_rows *r)
{
    struct llm_price *price = &r->config.price;
    struct llm_limits *cost = &r->config.cost_micros;
    TRY(micros("CLOSEGATE_LLM_PRICE_INPUT", r->price_input, &price->input));
    TRY(micros("CLOSEGATE_LLM_PRICE_OUTPUT", r->price_output, &price->output));
    TRY(micros("CLOSEGATE_LLM_PRICE_CACHE_READ",
               r->price_cache_read == NULL ? r->price_input : r->price_cache_read,
               &price->cache_read));
    TRY(micros("CLOSEGATE_LLM_PRICE_CACHE_WRITE",
               r->price_cache_write == NULL ? r->price_input : r->price_cache_write,
               &price->cache_write));
    TRY(micros("CLOSEGATE_LLM_COST_PER_SESSION", r->cost_session, &cost->session));
    TRY(micros("CLOSEGATE_LLM_COST_PER_PERSON_DAY", r->cost_person_day, &cost->person_day));
    TRY(micros("CLOSEGATE_LLM_COST_PER_DAY", r->cost_day, &cost->day));
    const bool limited = cost->session > 0 || cost->person_day > 0 || cost->day > 0;
    if (limited && (r->price_input == NULL || r->price_output == NULL))
        return err_at(ERR_INPUT, "CLOSEGATE_LLM_PRICE_INPUT",
                      "and CLOSEGATE_LLM_PRICE_OUTPUT have to be set: without prices no limit of "
                      "cost can be kept");
    return OK;
}

static struct err take_patterns(struct arena *arena, struct llm_rows *r)
{
    struct str text, line;
    if (r->redact_file == NULL)
        return OK;
    TRY(settings_read_file(arena, r->redact_file, &text));
    size_t n = 1;
    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '\n';
    struct setting_list *list = &r->config.redact;
    list->items = arena_alloc(arena, n * sizeof *list->items);
    TRY(arena_check(arena));
    for (bool more = true; more;) {
        more = str_cut(text, '\n', &line, &text);
        line = str_trim(line);
        if (line.len > 0 && line.at[0] != '#')
            list->items[list->n++] = str_dup(arena, line);
    }
    return arena_check(arena);
}

/* The provider by the key that is set. */
static struct err take_api(struct llm_rows *r)
{
    struct llm_config *c = &r->config;
    if (c->api == LLM_API_NONE) {
        if (r->anthropic_key != NULL && r->openai_key != NULL)
            return err_at(ERR_INPUT, "CLOSEGATE_LLM_API",
                          "has to say which: both ANTHROPIC_API_KEY and OPENAI_API_KEY are set");
        if (r->anthropic_key != NULL)
            c->api = LLM_API_ANTHROPIC;
        else if (r->openai_key != NULL || c->base_url != NULL)
            c->api = LLM_API_OPENAI;
    }
    c->key = c->api == LLM_API_ANTHROPIC ? r->anthropic_key : r->openai_key;
    if (c->api == LLM_API_NONE || c->base_url != NULL)
        return OK;
    if (c->key == NULL)
        return err_at(ERR_INPUT,
                      c->api == LLM_API_ANTHROPIC ? "ANTHROPIC_API_KEY" : "OPENAI_API_KEY",
                      "has to be set, or CLOSEGATE_LLM_BASE_URL of a server that wants none");
    c->base_url =
        c->api == LLM_API_ANTHROPIC ? "https://api.anthropic.com" : "https://api.openai.com/v1";
    return OK;
}

/* http:// to this machine itself. */
static bool is_here(const char *url)
{
    static const char *const here[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++) {
        const size_t n = strlen(here[i]);
        if (strncmp(url, here[i], n) == 0 && (url[n] == ':' || url[n] == '/' || url[n] == '\0'))
            return true;
    }
    return false;
}

static struct err check_url(struct arena *arena, struct llm_config *c, bool dev)
{
    const char *url = c->base_url;
    const bool https = strncmp(url, "https://", 8) == 0 && url[8] != '\0';
    const bool http = strncmp(url, "http://", 7) == 0 && url[7] != '\0';
    if (!https && !(http && (dev || is_here(url))))
        return err_at(ERR_INPUT, "CLOSEGATE_LLM_BASE_URL",
                      "an https:// address is expected, or http:// of this machine itself");
    if (strpbrk(url, "?#@ ") != NULL)
        return err_at(ERR_INPUT, "CLOSEGATE_LLM_BASE_URL",
                      "an address without a user, a query or a fragment is expected");
    size_t n = strlen(url);
    while (url[n - 1] == '/')
        n--;
    c->base_url = str_dup(arena, (struct str){url, n});
    return arena_check(arena);
}

struct err llm_config_load(struct arena *arena, const char *file, const char *const *env, bool dev,
                           struct llm_config *out)
{
    struct llm_rows r = {0};
    TRY(settings_load(arena, &table, file, env, &r));
    TRY(take_money(&r));
    TRY(take_patterns(arena, &r));
    if (dev && text_empty(r.config.model)) { /* a key alone, as it lies about in many a shell */
        r.config.api = LLM_API_NONE;
        r.config.base_url = r.anthropic_key = r.openai_key = NULL;
    }
    TRY(take_api(&r));
    *out = r.config;
    if (out->api == LLM_API_NONE)
        return OK;
    TRY(check_url(arena, out, dev));
    if (text_empty(out->model))
        return err_at(ERR_INPUT, "CLOSEGATE_AGENT_MODEL",
                      "has to be set with a model's address or key: closegate chooses none");
    return OK;
}

void llm_config_print_reference(struct buf *out)
{
    settings_print_reference(&table, out);
}

const char *llm_api_name(int api)
{
    static const char *const names[] = {"", "anthropic", "openai"};
    return api >= 0 && (size_t)api < sizeof names / sizeof names[0] ? names[api] : "";
}

int64_t llm_cost_micros(const struct llm_price *price, int64_t input, int64_t output,
                        int64_t cache_read, int64_t cache_write)
{
    const int128 sum = (int128)input * price->input + (int128)output * price->output +
                       (int128)cache_read * price->cache_read +
                       (int128)cache_write * price->cache_write;
    const int128 micros = (sum + MILLION - 1) / MILLION;
    return micros > INT64_MAX ? INT64_MAX : (int64_t)micros;
}
