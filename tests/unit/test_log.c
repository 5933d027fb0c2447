/* One line a call, one write a line, always JSON, never a control character. */
#include "common/sys/log.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"

static int pipe_fds[2];

static void start(struct log_options options)
{
    ck_assert_int_eq(pipe(pipe_fds), 0);
    options.fd = pipe_fds[1];
    log_init(&options);
}

/* Everything logged so far, NUL-terminated. */
static const char *logged(void)
{
    static char text[1 << 16];
    close(pipe_fds[1]);
    size_t len = 0;
    ssize_t n;
    while ((n = read(pipe_fds[0], text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(pipe_fds[0]);
    return text;
}

static const struct log_options plain = {.level = LOG_INFO};

START_TEST(fields_are_json_members)
{
    start(plain);
    log_info("listening", LOG_TEXT("addr", "127.0.0.1"), LOG_INT("port", 8001),
             LOG_BOOL("tls", false), LOG_STR("part", ((struct str){"abc", 2})),
             LOG_TEXT("none", NULL), LOG_END);
    const char *line = logged();
    ck_assert_ptr_nonnull(strstr(line, "\"level\":\"info\",\"message\":\"listening\","
                                       "\"addr\":\"127.0.0.1\",\"port\":8001,\"tls\":false,"
                                       "\"part\":\"ab\",\"none\":null}\n"));
    ck_assert_int_eq(strncmp(line, "{\"time\":\"20", 11), 0);
    ck_assert_int_eq(line[32], 'Z');
}
END_TEST

START_TEST(hostile_text_cannot_forge_a_line)
{
    start(plain);
    log_info("m",
             LOG_TEXT("t", "a\"b\\c\nd\x1b[31m\x7f\xff\xC2\x9B\xE2\x80\xAE"
                           "e"),
             LOG_END);
    const char *line = logged();
    ck_assert_ptr_nonnull(
        strstr(line, "\"t\":\"a\\\"b\\\\c\\u000ad\\u001b[31m\\u007f\\ufffd\\u009b\\u202ee\""));
    ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
}
END_TEST

START_TEST(a_name_that_says_secret_hides_its_value)
{
    start(plain);
    log_info("m", LOG_TEXT("access_token", "hunter2"), LOG_TEXT("client_secret", "hunter2"),
             LOG_END);
    ck_assert_ptr_null(strstr(logged(), "hunter2"));
}
END_TEST

START_TEST(a_line_that_is_too_long_says_so_and_stays_json)
{
    static char big[5000];
    memset(big, 'x', sizeof big - 1);
    start(plain);
    log_info("m", LOG_TEXT("a", big), LOG_TEXT("b", big), LOG_TEXT("c", big), LOG_TEXT("d", big),
             LOG_TEXT("e", "small"), LOG_END);
    const char *line = logged();
    ck_assert_uint_lt(strlen(line), 8192);
    ck_assert_ptr_nonnull(strstr(line, "x…\",\"cut\":true}\n"));
    ck_assert_ptr_null(strstr(line, "small"));
}
END_TEST

START_TEST(levels_below_the_chosen_one_are_silent)
{
    start(plain);
    ck_assert(!log_enabled(LOG_DEBUG) && log_enabled(LOG_WARN));
    log_debug("quiet", LOG_END);
    log_error("loud", LOG_ERR(err_at(ERR_INPUT, "here", "bad")), LOG_END);
    const char *line = logged();
    ck_assert_ptr_null(strstr(line, "quiet"));
    ck_assert_ptr_nonnull(strstr(line, "\"error\":\"input\",\"why\":\"bad\",\"at\":\"here\"}"));
    enum log_level level;
    ck_assert(log_level_parse("debug", &level) && level == LOG_DEBUG);
    ck_assert(!log_level_parse("loud", &level) && !log_level_parse(NULL, &level));
}
END_TEST

START_TEST(the_context_is_the_threads_own)
{
    start(plain);
    log_context("req-1", "trace-1");
    log_info("with", LOG_END);
    log_context(NULL, NULL);
    log_info("without", LOG_END);
    const char *line = logged();
    ck_assert_ptr_nonnull(
        strstr(line, "\"with\",\"request_id\":\"req-1\",\"trace_id\":\"trace-1\"}"));
    ck_assert_ptr_nonnull(strstr(line, "\"without\"}"));
}
END_TEST

START_TEST(a_repeated_message_is_dropped_and_counted)
{
    start((struct log_options){.level = LOG_INFO, .burst = 3, .window_ms = 2000});
    for (int i = 0; i < 10; i++)
        log_warn("again", LOG_INT("i", i), LOG_END);
    log_warn("another", LOG_END);
    usleep(2100 * 1000);
    log_warn("again", LOG_END);
    const char *line = logged();
    ck_assert_ptr_nonnull(strstr(line, "\"i\":2}"));
    ck_assert_ptr_null(strstr(line, "\"i\":3}"));
    ck_assert_ptr_nonnull(strstr(line, "another"));
    ck_assert_ptr_nonnull(strstr(line, "\"again\",\"dropped\":7}"));
}
END_TEST

START_TEST(lines_for_people_are_escaped_too)
{
    start((struct log_options){.level = LOG_INFO, .human = true});
    log_warn("careful", LOG_TEXT("what", "\x1b[2J"), LOG_INT("n", 3), LOG_END);
    const char *line = logged();
    ck_assert_ptr_nonnull(strstr(line, "Z warn  careful  what=\"\\u001b[2J\"  n=3\n"));
}
END_TEST

static void *chatter(void *arg)
{
    for (int i = 0; i < 50; i++)
        log_info("chatter", LOG_TEXT("who", arg), LOG_INT("i", i), LOG_END);
    return NULL;
}

START_TEST(lines_of_two_threads_never_mix)
{
    start(plain);
    pthread_t a, b;
    static char one[] = "one", two[] = "two";
    ck_assert_int_eq(pthread_create(&a, NULL, chatter, one), 0);
    ck_assert_int_eq(pthread_create(&b, NULL, chatter, two), 0);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    size_t n = 0;
    for (const char *p = logged(); *p != '\0'; p = strchr(p, '\n') + 1, n++)
        ck_assert_int_eq(strncmp(p, "{\"time\":", 8), 0);
    ck_assert_uint_eq(n, 100);
}
END_TEST

TEST_MAIN("log", fields_are_json_members, hostile_text_cannot_forge_a_line,
          a_name_that_says_secret_hides_its_value, a_line_that_is_too_long_says_so_and_stays_json,
          levels_below_the_chosen_one_are_silent, the_context_is_the_threads_own,
          a_repeated_message_is_dropped_and_counted, lines_for_people_are_escaped_too,
          lines_of_two_threads_never_mix)
