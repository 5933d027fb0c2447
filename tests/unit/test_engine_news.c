/* What events mean for those who listen: which addresses are another now, and whom it concerns. */
#include "engine/mcp/engine_news.h"

#include <string.h>

#include "engine/mcp/engine_own.h"
#include "tests/unit/test.h"

struct err engine_task_load(struct tx *tx, struct arena *arena, const char *id, struct json **task,
                            struct party **parties, size_t *n)
{
    static struct party one = {.actor = "llm:s-1"};
    (void)tx;
    if (strcmp(id, "esc_gone") == 0)
        return err_new(ERR_MISSING, "there is no such escalation");
    *task = json_object_new(arena);
    *parties = &one;
    *n = 1;
    return OK;
}

static struct arena *arena, *scratch;
static struct watch watch;
static struct news news;

static void begin(const char *const *uris)
{
    arena = arena_new((size_t)1 << 20);
    scratch = arena_new((size_t)1 << 20);
    memset(&watch, 0, sizeof watch);
    for (; *uris != NULL; uris++)
        watch_add(&watch, *uris);
    news_init(&news, arena, &watch);
}

static void end(void)
{
    arena_free(arena);
    arena_free(scratch);
}

/* Its uri is NULL when there is none. */
static struct news_note note_of(const char *uri)
{
    const struct news_note *n;
    STAILQ_FOREACH(n, &news.notes, link)
    if (strcmp(n->uri, uri) == 0)
        return *n;
    return (struct news_note){.uri = NULL};
}

static const char confirm[] =
    "{\"effects\":[{\"id\":\"mat_1\",\"table\":\"match_states\",\"version\":2}],\"entity_id\":"
    "\"US\",\"event_type\":\"OK\",\"gate_input\":{\"entities\":[\"US\"]},\"match_id\":\"mat_1\","
    "\"object\":{\"id\":\"mat_1\",\"type\":\"match\"},\"seq\":7}";
static const char of_two[] =
    "{\"effects\":[],\"entity_id\":\"US\",\"event_type\":\"OK\",\"gate_input\":{\"entities\":"
    "[\"US\",\"DE\"]},\"match_id\":\"mat_1\",\"seq\":8}";

START_TEST(a_confirmed_match_is_its_address_and_the_status)
{
    begin((const char *const[]){"recon://matches/mat_1", "recon://status", "recon://exceptions",
                                "recon://matches/mat_2", NULL});
    ck_ok(news_take(&news, scratch, confirm));
    ck_assert_uint_eq(news.notes_n, 2);
    const struct news_note one = note_of("recon://matches/mat_1"), list = note_of("recon://status");
    ck_assert(one.uri != NULL && list.uri != NULL);
    ck_assert(!one.change.everybody && !list.change.everybody);
    ck_assert_uint_eq(one.change.n, 1);
    ck_assert_str_eq(one.change.concerns[0]->entities[0], "US");
    end();
}
END_TEST

START_TEST(many_events_of_one_address_are_one_note_that_keeps_whom_each_concerned)
{
    begin((const char *const[]){"recon://matches/mat_1", "recon://status", NULL});
    for (int i = 0; i < 100; i++) {
        ck_ok(news_take(&news, scratch, confirm));
        ck_ok(news_take(&news, scratch, of_two));
    }
    ck_assert_uint_eq(news.notes_n, 2);
    const struct news_note one = note_of("recon://matches/mat_1"), list = note_of("recon://status");
    ck_assert_uint_eq(one.change.n, 2); /* US; US and DE together */
    ck_assert_uint_eq(one.change.concerns[1]->n, 2);
    ck_assert_uint_eq(list.change.n, 2); /* a list has something for either */
    ck_assert_uint_eq(list.change.concerns[1]->n, 1);
    end();
}
END_TEST

START_TEST(what_nobody_follows_is_not_noted)
{
    begin((const char *const[]){NULL});
    ck_ok(news_take(&news, scratch, confirm));
    ck_assert_uint_eq(news.notes_n, 0);
    end();
}
END_TEST

START_TEST(an_escalation_is_a_list_an_address_and_a_task)
{
    begin((const char *const[]){"recon://escalations", "recon://escalations/esc_1", "esc_1",
                                "esc_gone", NULL});
    ck_ok(news_take(&news, scratch,
                    "{\"effects\":[],\"entity_id\":\"US\",\"escalation_id\":\"esc_1\","
                    "\"event_type\":\"ESCALATION_APPROVED\"}"));
    ck_ok(news_take(&news, scratch,
                    "{\"effects\":[],\"escalation_id\":\"esc_gone\",\"event_type\":"
                    "\"ESCALATION_PENDING\"}"));
    ck_ok(news_tasks(&news, NULL));
    ck_assert_ptr_nonnull(note_of("recon://escalations").uri);
    ck_assert_ptr_nonnull(note_of("recon://escalations/esc_1").uri);
    const struct news_note task = note_of("esc_1"), gone = note_of("esc_gone");
    ck_assert(task.change.task && task.task != NULL && task.change.parties_n == 1);
    ck_assert(gone.task == NULL && gone.change.parties_n == 0);
    end();
}
END_TEST

START_TEST(the_feed_has_news_of_escalations_and_not_of_deliveries_that_went_on)
{
    static const char *const quiet[] = {
        "{\"effects\":[],\"entity_id\":\"US\",\"event_type\":\"OK\",\"tool\":\"confirm_match\"}",
        "{\"effects\":[],\"entity_id\":\"US\",\"escalation_id\":\"esc_1\",\"event_type\":\"OK\","
        "\"tool\":\"record_delivery\"}",
        "{\"effects\":[],\"entity_id\":\"US\",\"escalation_id\":\"esc_1\","
        "\"event_type\":\"POLICY_VIOLATION\",\"tool\":\"resolve_escalation\"}"};
    begin((const char *const[]){"recon://feed", NULL});
    ck_assert(news_has("recon://feed"));
    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++)
        ck_ok(news_take(&news, scratch, quiet[i]));
    ck_assert_uint_eq(news.notes_n, 0);
    ck_ok(news_take(&news, scratch,
                    "{\"effects\":[],\"entity_id\":\"US\",\"escalation_id\":\"esc_1\","
                    "\"event_type\":\"DELIVERY_FAILED\",\"tool\":\"record_delivery\"}"));
    const struct news_note feed = note_of("recon://feed");
    ck_assert(feed.uri != NULL && !feed.change.everybody);
    ck_assert_str_eq(feed.change.concerns[0]->entities[0], "US");
    end();
}
END_TEST

START_TEST(what_is_of_no_entity_is_in_lists_for_everybody_and_alone_for_nobody_in_particular)
{
    begin((const char *const[]){"recon://runs", "recon://runs/run_1", NULL});
    ck_ok(news_take(&news, scratch,
                    "{\"effects\":[{\"id\":\"run_1\",\"table\":\"workflow_runs\"}],\"event_type\":"
                    "\"RUN_ENDED\"}"));
    ck_assert(note_of("recon://runs").change.everybody);
    const struct news_note one = note_of("recon://runs/run_1");
    ck_assert(!one.change.everybody && one.change.n == 0);
    end();
}
END_TEST

START_TEST(exceptions_are_also_their_entity_s_list)
{
    begin((const char *const[]){"recon://exceptions", "recon://exceptions/exc_1",
                                "recon://exceptions/entity/US", NULL});
    ck_ok(news_take(&news, scratch,
                    "{\"effects\":[],\"effects_bulk\":[{\"count\":3,\"table\":\"exceptions\"}],"
                    "\"entity_id\":\"US\",\"event_type\":\"OK\"}"));
    ck_assert_ptr_nonnull(note_of("recon://exceptions").uri);
    ck_assert_ptr_nonnull(note_of("recon://exceptions/entity/US").uri);
    ck_assert_ptr_null(note_of("recon://exceptions/exc_1").uri);
    end();
}
END_TEST

START_TEST(policies_and_the_registry_are_seen)
{
    begin((const char *const[]){"recon://policy", NULL});
    ck_ok(news_take(&news, scratch, "{\"effects\":[],\"event_type\":\"POLICY_LOADED\"}"));
    ck_assert(news.policy && !news.registry && note_of("recon://policy").change.everybody);
    ck_ok(news_take(&news, scratch,
                    "{\"effects\":[{\"id\":\"g\",\"table\":\"roles\"}],\"event_type\":\"OK\"}"));
    ck_assert(news.registry);
    end();
}
END_TEST

START_TEST(what_is_no_event_is_an_error)
{
    begin((const char *const[]){"recon://status", NULL});
    ck_err(news_take(&news, scratch, "{}"), ERR_STORE);
    ck_err(news_take(&news, scratch, "{"), ERR_INPUT);
    end();
}
END_TEST

START_TEST(only_what_is_told_of_may_be_followed)
{
    static const char *const told[] = {"recon://status",
                                       "recon://matches/m",
                                       "recon://runs",
                                       "recon://runs/r",
                                       "recon://exceptions/entity/US",
                                       "recon://escalations/e",
                                       "recon://policy",
                                       "recon://rules"};
    static const char *const not_told[] = {"recon://accounts/US/1010",
                                           "recon://entries/b",
                                           "recon://exceptions/entity/US/cursor",
                                           "recon://",
                                           "recon://matches",
                                           "recon://audit/7"};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        ck_assert_msg(news_has(told[i]), "%s", told[i]);
    for (size_t i = 0; i < sizeof not_told / sizeof not_told[0]; i++)
        ck_assert_msg(!news_has(not_told[i]), "%s", not_told[i]);
}
END_TEST

TEST_MAIN("engine_news", a_confirmed_match_is_its_address_and_the_status,
          many_events_of_one_address_are_one_note_that_keeps_whom_each_concerned,
          what_nobody_follows_is_not_noted, an_escalation_is_a_list_an_address_and_a_task,
          the_feed_has_news_of_escalations_and_not_of_deliveries_that_went_on,
          what_is_of_no_entity_is_in_lists_for_everybody_and_alone_for_nobody_in_particular,
          exceptions_are_also_their_entity_s_list, policies_and_the_registry_are_seen,
          what_is_no_event_is_an_error, only_what_is_told_of_may_be_followed)
