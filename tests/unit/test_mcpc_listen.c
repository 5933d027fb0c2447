/* Following the engine: on every connection the catching up comes first, a loss is told once, and
 * it is tried again until it is told to stop. */
#include "agent/mcpc/listen.h"

#include <stdatomic.h>

#include "common/sys/loop.h"
#include "tests/unit/mcp_script.h"

#define NEWS_MAX 64

static struct mcpc_shared *shared;
static pthread_t thread;
static atomic_bool stopping;
static atomic_int news_n;
static struct heard_news {
    enum mcpc_news_kind kind;
    char text[64];
} news[NEWS_MAX];
static struct err ended;

static const char *const uris[] = {"recon://escalations", "recon://status"};

static void on_news(void *ctx, const struct mcpc_news *told)
{
    const int n = atomic_load(&news_n);
    (void)ctx;
    ck_assert_int_lt(n, NEWS_MAX);
    news[n].kind = told->kind;
    snprintf(news[n].text, sizeof news[n].text, "%s",
             told->kind == MCPC_UPDATED ? told->uri
             : told->kind == MCPC_TASK  ? json_get_text(told->task, "taskId")
             : told->kind == MCPC_LOST  ? told->why.msg
                                        : "");
    atomic_store(&news_n, n + 1);
}

static bool stop_asked(void *ctx)
{
    (void)ctx;
    return atomic_load(&stopping);
}

static struct mcpc_listen wish(void)
{
    return (struct mcpc_listen){.actor = mcpc_service(shared),
                                .uris = uris,
                                .uris_n = 2,
                                .tools = true,
                                .on_news = on_news,
                                .stop = stop_asked,
                                .pause_max_ms = 300};
}

static struct mcpc_listen options;

static void *run(void *arg)
{
    (void)arg;
    ended = mcpc_listen(shared, &options);
    return NULL;
}

static void start(void)
{
    const struct mcpc_options o = script_options();
    script_start();
    atomic_store(&stopping, false);
    atomic_store(&news_n, 0);
    ck_ok(mcpc_shared_new(&o, &shared));
    options = wish();
}

static void go(void)
{
    ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

static void stop(void)
{
    const int64_t began = loop_now_ms();
    atomic_store(&stopping, true);
    pthread_join(thread, NULL);
    ck_assert_int_lt(loop_now_ms() - began, 20000);
    ck_ok(ended);
    script_stop();
    mcpc_shared_free(shared);
}

static void wait_news(int n)
{
    for (int i = 0; i < 1000 && atomic_load(&news_n) < n; i++)
        usleep(5000);
    ck_assert_int_ge(atomic_load(&news_n), n);
}

static void expect(int i, enum mcpc_news_kind kind, const char *text)
{
    wait_news(i + 1);
    ck_assert_msg(news[i].kind == kind, "news %d: kind %d (%s)", i, news[i].kind, news[i].text);
    if (text != NULL)
        ck_assert_str_eq(news[i].text, text);
}

/* To whoever holds the last stream, once there are that many. */
static void push(int streams, const char *text)
{
    int fd;
    pthread_mutex_lock(&script.lock);
    while (script.streams_made < streams)
        pthread_cond_wait(&script.more, &script.lock);
    fd = script.stream;
    pthread_mutex_unlock(&script.lock);
    script_write(fd, text, strlen(text));
}

static void break_stream(void)
{
    pthread_mutex_lock(&script.lock);
    shutdown(script.stream, SHUT_RDWR);
    pthread_mutex_unlock(&script.lock);
}

#define ACK                                                                                        \
    "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\","          \
    "\"params\":{\"notifications\":{\"resourceSubscriptions\":[\"a\",\"b\"]}}}\n\n"
#define UPDATED(uri)                                                                               \
    "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/updated\",\"params\":{"       \
    "\"uri\":\"" uri "\"}}\n\n"

START_TEST(catching_up_comes_before_any_news_on_every_connection)
{
    start();
    script_add((struct step){.how = STREAM});
    script_add((struct step){.how = STREAM});
    go();
    push(1, UPDATED("recon://early")); /* before the acknowledgement: not ours yet */
    push(1, ":\n\n" ACK UPDATED("recon://status"));
    expect(0, MCPC_CATCH_UP, "");
    expect(1, MCPC_UPDATED, "recon://status");
    push(1, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tasks\",\"params\":{\"taskId\":"
            "\"esc_1\"}}\n\n");
    expect(2, MCPC_TASK, "esc_1");
    break_stream();
    expect(3, MCPC_LOST, NULL);
    push(2, ACK UPDATED("recon://escalations"));
    expect(4, MCPC_CATCH_UP, "");
    expect(5, MCPC_UPDATED, "recon://escalations");
    const char *r = script_request("subscriptions/listen", 0);
    ck_assert_ptr_nonnull(strstr(r, "Mcp-Method: subscriptions/listen\r\n"));
    ck_assert_ptr_nonnull(strstr(r, "\"resourceSubscriptions\":[\"recon://escalations\","
                                    "\"recon://status\"],\"toolsListChanged\":true"));
    ck_assert_ptr_nonnull(strstr(r, "X-Closegate-Assertion: "));
    stop();
}
END_TEST

START_TEST(an_engine_that_is_away_is_told_once_and_tried_until_it_is_back)
{
    struct mcpc_health health;
    start();
    script_hang_up();
    go();
    expect(0, MCPC_LOST, NULL);
    usleep(700000); /* several attempts */
    ck_assert_int_eq(atomic_load(&news_n), 1);
    mcpc_health(shared, &health);
    ck_assert(!health.reachable);
    script_add((struct step){.how = STREAM, .body = ACK});
    script_listen();
    expect(1, MCPC_CATCH_UP, "");
    mcpc_health(shared, &health);
    ck_assert(health.reachable);
    stop();
}
END_TEST

START_TEST(the_end_said_by_the_engine_and_bytes_that_are_no_event_both_begin_anew)
{
    static const char *const ends[] = {
        "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"resultType\":\"complete\"}}\n\n",
        "data: {\"jsonrpc\":\n\n", "data: 7\n\n", "data: {\"method\":\"a\",\"method\":\"b\"}\n\n"};
    start();
    for (int i = 0; i < 5; i++)
        script_add((struct step){.how = STREAM, .body = ACK});
    go();
    for (int i = 0; i < 4; i++) {
        expect(2 * i, MCPC_CATCH_UP, "");
        push(i + 1, ends[i]);
        expect(2 * i + 1, MCPC_LOST, NULL);
    }
    expect(8, MCPC_CATCH_UP, "");
    stop();
}
END_TEST

START_TEST(an_engine_that_is_silent_too_long_is_gone)
{
    start();
    options.silence_ms = 300;
    script_add((struct step){.how = STREAM, .body = ACK});
    script_add((struct step){.how = STREAM, .body = ACK});
    go();
    expect(0, MCPC_CATCH_UP, "");
    expect(1, MCPC_LOST, NULL);
    expect(2, MCPC_CATCH_UP, "");
    stop();
}
END_TEST

START_TEST(a_refusal_is_said_in_the_engines_words_and_tried_again)
{
    start();
    script_add((struct step){.status = 401, .body = "{\"error\":\"who are you\"}"});
    script_add((struct step){.status = 503, .body = "{\"error\":\"too many\"}"});
    script_add((struct step){.body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}"});
    script_add((struct step){.how = STREAM, .body = ACK});
    go();
    expect(0, MCPC_LOST, "who are you");
    expect(1, MCPC_CATCH_UP, "");
    stop();
}
END_TEST

static void call_within(void *ctx, const struct mcpc_news *told)
{
    CLEANUP(mcpc_free) struct mcpc *m = NULL;
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct str text;
    on_news(ctx, told);
    if (told->kind != MCPC_CATCH_UP)
        return;
    ck_ok(mcpc_new(shared, &m));
    ck_ok(mcpc_read(m, arena, &options.actor, "recon://status", &text));
}

START_TEST(who_is_told_may_call_the_engine_from_there)
{
    start();
    options.on_news = call_within;
    script_add((struct step){.how = STREAM, .body = ACK UPDATED("recon://status")});
    script_add((struct step){
        .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"contents\":[{\"text\":\"{}\"}]}}"});
    go();
    expect(0, MCPC_CATCH_UP, "");
    expect(1, MCPC_UPDATED, "recon://status");
    stop();
}
END_TEST

START_TEST(a_server_of_before_is_followed_by_its_sessions_stream)
{
    start();
    script.legacy = true;
    script_add((struct step){.status = 404, .body = "{\"error\":\"what is that\"}"});
    script_add((struct step){
        .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"protocolVersion\":\"2025-11-25\"}}",
        .head = "Mcp-Session-Id: s-1\r\n"});
    script_add((struct step){.status = 202, .body = ""});
    script_add((struct step){0});
    script_add((struct step){0});
    script_add((struct step){.how = STREAM, .body = "id: 1\ndata: \n\n" UPDATED("recon://status")});
    go();
    expect(0, MCPC_CATCH_UP, "");
    expect(1, MCPC_UPDATED, "recon://status");
    ck_assert_int_eq(script_count("resources/subscribe"), 2);
    stop();
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    start();
    options.on_news = NULL;
    ck_err(mcpc_listen(shared, &options), ERR_INPUT);
    options = wish();
    options.uris_n = 0;
    options.tools = false;
    ck_err(mcpc_listen(shared, &options), ERR_INPUT);
    options = wish();
    go();
    stop();
}
END_TEST

TEST_MAIN("mcpc_listen", catching_up_comes_before_any_news_on_every_connection,
          an_engine_that_is_away_is_told_once_and_tried_until_it_is_back,
          the_end_said_by_the_engine_and_bytes_that_are_no_event_both_begin_anew,
          an_engine_that_is_silent_too_long_is_gone,
          a_refusal_is_said_in_the_engines_words_and_tried_again,
          who_is_told_may_call_the_engine_from_there,
          a_server_of_before_is_followed_by_its_sessions_stream, what_makes_no_sense_is_refused)
