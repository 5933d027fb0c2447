/* The model's settings: which provider, what is refused, money without floats. */
#include "common/sys/agent_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"

static struct arena *arena;
static struct agent_config config;

static void setup(void)
{
    arena = arena_new((size_t)1 << 20);
    ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
    arena_free(arena);
}

#define DEV                                                                                        \
    "CLOSEGATE_ENV=dev", "CLOSEGATE_AGENT_AUTH_BACKEND=dev", "CLOSEGATE_AGENT_DATA_DIR=/nowhere"

static struct err load(const char *const *env)
{
    return agent_config_load(arena, NULL, env, &config);
}

#define LOAD(...) load((const char *const[]){DEV, __VA_ARGS__, NULL})

START_TEST(without_a_key_and_an_address_there_is_no_model)
{
    ck_ok(LOAD("CLOSEGATE_AGENT_MODEL=m-1"));
    ck_assert_int_eq(config.llm.api, LLM_API_NONE);
}
END_TEST

START_TEST(the_key_says_which_provider)
{
    ck_ok(LOAD("CLOSEGATE_AGENT_MODEL=m-1", "ANTHROPIC_API_KEY=k"));
    ck_assert_int_eq(config.llm.api, LLM_API_ANTHROPIC);
    ck_assert_str_eq(config.llm.base_url, "https://api.anthropic.com");
    ck_assert_str_eq(config.llm.key, "k");
    ck_ok(LOAD("CLOSEGATE_AGENT_MODEL=m-1", "OPENAI_API_KEY=k2"));
    ck_assert_int_eq(config.llm.api, LLM_API_OPENAI);
    ck_assert_str_eq(config.llm.key, "k2");
    ck_err(LOAD("CLOSEGATE_AGENT_MODEL=m-1", "ANTHROPIC_API_KEY=k", "OPENAI_API_KEY=k2"),
           ERR_INPUT);
    ck_ok(LOAD("CLOSEGATE_AGENT_MODEL=m-1", "ANTHROPIC_API_KEY=k", "OPENAI_API_KEY=k2",
               "CLOSEGATE_LLM_API=openai"));
    ck_assert_str_eq(config.llm.key, "k2");
}
END_TEST

START_TEST(a_local_server_needs_no_key)
{
    ck_ok(LOAD("CLOSEGATE_AGENT_MODEL=m-1", "CLOSEGATE_LLM_BASE_URL=http://127.0.0.1:8080/v1/"));
    ck_assert_int_eq(config.llm.api, LLM_API_OPENAI);
    ck_assert_str_eq(config.llm.base_url, "http://127.0.0.1:8080/v1");
    ck_assert_ptr_null(config.llm.key);
    ck_err(LOAD("CLOSEGATE_AGENT_MODEL=m-1", "CLOSEGATE_LLM_API=anthropic"), ERR_INPUT);
}
END_TEST

START_TEST(a_model_is_never_chosen_for_anybody)
{
    const char *prod[] = {"CLOSEGATE_WORKSPACE_URL=https://c.example",
                          "CLOSEGATE_OIDC_ISSUER=https://idp.example",
                          "CLOSEGATE_OIDC_CLIENT_ID=c",
                          "ANTHROPIC_API_KEY=k",
                          NULL,
                          NULL};
    ck_err(load(prod), ERR_INPUT);
    prod[4] = "CLOSEGATE_AGENT_MODEL=";
    ck_err(load(prod), ERR_INPUT);
    ck_ok(LOAD("ANTHROPIC_API_KEY=k", "OPENAI_API_KEY=k2"));
    ck_assert_int_eq(config.llm.api, LLM_API_NONE);
    ck_assert_int_gt(config.llm.trace_days, 0);
}
END_TEST

START_TEST(a_key_never_goes_in_the_clear_to_another_machine_in_prod)
{
    const char *base[] = {"CLOSEGATE_WORKSPACE_URL=https://c.example",
                          "CLOSEGATE_OIDC_ISSUER=https://idp.example",
                          "CLOSEGATE_OIDC_CLIENT_ID=c",
                          "CLOSEGATE_AGENT_MODEL=m",
                          "OPENAI_API_KEY=k",
                          NULL,
                          NULL};
    static const struct {
        const char *url;
        enum err_kind kind;
    } rows[] = {
        {"CLOSEGATE_LLM_BASE_URL=http://llm.example/v1", ERR_INPUT},
        {"CLOSEGATE_LLM_BASE_URL=http://127.0.0.1.example/v1", ERR_INPUT},
        {"CLOSEGATE_LLM_BASE_URL=http://127.0.0.1@llm.example/v1", ERR_INPUT},
        {"CLOSEGATE_LLM_BASE_URL=ftp://llm.example/v1", ERR_INPUT},
        {"CLOSEGATE_LLM_BASE_URL=https://u:p@llm.example/v1", ERR_INPUT},
        {"CLOSEGATE_LLM_BASE_URL=http://[::1]:8080/v1", ERR_NONE},
        {"CLOSEGATE_LLM_BASE_URL=https://llm.example/v1", ERR_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        base[5] = rows[i].url;
        const struct err e = load(base);
        ck_assert_msg(e.kind == rows[i].kind, "%s: %s", rows[i].url, e.msg);
    }
}
END_TEST

START_TEST(prices_are_exact_and_a_limit_of_cost_needs_them)
{
    ck_ok(LOAD("CLOSEGATE_AGENT_MODEL=m", "ANTHROPIC_API_KEY=k", "CLOSEGATE_LLM_PRICE_INPUT=3",
               "CLOSEGATE_LLM_PRICE_OUTPUT=15.00", "CLOSEGATE_LLM_PRICE_CACHE_READ=0.3",
               "CLOSEGATE_LLM_COST_PER_DAY=25.5"));
    const struct llm_price *p = &config.llm.price;
    ck_assert_int_eq(p->input, 3000000);
    ck_assert_int_eq(p->output, 15000000);
    ck_assert_int_eq(p->cache_read, 300000);
    ck_assert_int_eq(p->cache_write, 3000000);
    ck_assert_int_eq(config.llm.cost_micros.day, 25500000);
    ck_assert_int_eq(llm_cost_micros(p, 1000000, 0, 0, 0), 3000000);
    ck_assert_int_eq(llm_cost_micros(p, 1, 1, 1, 0), 19);
    ck_assert_int_eq(llm_cost_micros(p, INT64_MAX, INT64_MAX, 0, 0), INT64_MAX);
    ck_err(LOAD("CLOSEGATE_AGENT_MODEL=m", "ANTHROPIC_API_KEY=k", "CLOSEGATE_LLM_COST_PER_DAY=1"),
           ERR_INPUT);
    ck_err(LOAD("CLOSEGATE_LLM_PRICE_INPUT=-1"), ERR_INPUT);
    ck_err(LOAD("CLOSEGATE_LLM_PRICE_INPUT=1e3"), ERR_INPUT);
}
END_TEST

START_TEST(an_unknown_setting_of_the_model_is_refused)
{
    const struct err e = LOAD("CLOSEGATE_LLM_STEP=3");
    ck_err(e, ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.msg, "CLOSEGATE_LLM_STEPS"));
}
END_TEST

START_TEST(patterns_come_from_a_file_without_its_comments)
{
    char path[] = "/tmp/closegate-test-redact-XXXXXX";
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(dprintf(fd, "# ours\n\n  CUST-[0-9]{6}  \nX{2,3}"), 32);
    ck_assert_int_eq(close(fd), 0);
    char setting[128];
    snprintf(setting, sizeof setting, "CLOSEGATE_LLM_REDACT=%s", path);
    ck_ok(LOAD(setting));
    ck_assert_uint_eq(config.llm.redact.n, 2);
    ck_assert_str_eq(config.llm.redact.items[0], "CUST-[0-9]{6}");
    ck_assert_str_eq(config.llm.redact.items[1], "X{2,3}");
    ck_assert_int_eq(unlink(path), 0);
    ck_err(LOAD(setting), ERR_MISSING);
}
END_TEST

TEST_MAIN_AROUND("llm_config", setup, teardown, without_a_key_and_an_address_there_is_no_model,
                 the_key_says_which_provider, a_local_server_needs_no_key,
                 a_model_is_never_chosen_for_anybody,
                 a_key_never_goes_in_the_clear_to_another_machine_in_prod,
                 prices_are_exact_and_a_limit_of_cost_needs_them,
                 an_unknown_setting_of_the_model_is_refused,
                 patterns_come_from_a_file_without_its_comments)
