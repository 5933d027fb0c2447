/* The loop's own objects: what a watch waits for, and that callbacks may free what they belong to.
 */
#include "common/sys/loop.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/test.h"

static struct loop *loop;
static struct loop_watch *watch;
static int fd[2], called;

static void up(void)
{
    called = 0;
    watch = NULL;
    ck_ok(loop_new(&loop));
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
}

static void down(void)
{
    loop_watch_free(watch);
    loop_free(loop);
    close(fd[0]);
    close(fd[1]);
}

static void on_late(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

static void on_fd(void *ctx)
{
    (void)ctx;
    called++;
    loop_watch_free(watch);
    watch = NULL;
}

/* Runs for a moment; how often the watch was called. */
static int run(void)
{
    struct loop_timer *late;
    called = 0;
    ck_ok(loop_timer_new(loop, 50, false, on_late, NULL, &late));
    ck_ok(loop_run(loop));
    loop_timer_free(late);
    return called;
}

/* What its peer reads is room for more. */
static size_t fill(void)
{
    static const char bytes[65536];
    size_t sum = 0;
    for (ssize_t n; (n = write(fd[0], bytes, sizeof bytes)) > 0;)
        sum += (size_t)n;
    return sum;
}

static void drain(size_t sum)
{
    static char bytes[65536];
    for (ssize_t n; sum > 0 && (n = read(fd[1], bytes, sizeof bytes)) > 0;)
        sum -= (size_t)n;
    ck_assert_uint_eq(sum, 0);
}

START_TEST(a_watch_for_writing_is_called_when_there_is_room)
{
    size_t sum = fill();
    ck_ok(loop_on_fd_for(loop, fd[0], LOOP_WRITE, on_fd, NULL, &watch));
    ck_assert_int_eq(run(), 0);
    drain(sum);
    ck_assert_int_eq(run(), 1);
}
END_TEST

START_TEST(a_watch_for_writing_is_not_called_for_what_can_be_read)
{
    (void)fill();
    ck_assert_int_eq(write(fd[1], "x", 1), 1);
    ck_ok(loop_on_fd_for(loop, fd[0], LOOP_WRITE, on_fd, NULL, &watch));
    ck_assert_int_eq(run(), 0);
}
END_TEST

START_TEST(a_watch_for_either_is_called_for_either)
{
    size_t sum = fill();
    ck_ok(loop_on_fd_for(loop, fd[0], LOOP_READ | LOOP_WRITE, on_fd, NULL, &watch));
    ck_assert_int_eq(run(), 0);
    ck_assert_int_eq(write(fd[1], "x", 1), 1);
    ck_assert_int_eq(run(), 1);
    ck_assert_int_eq(read(fd[0], &(char){0}, 1), 1);
    ck_ok(loop_on_fd_for(loop, fd[0], LOOP_READ | LOOP_WRITE, on_fd, NULL, &watch));
    drain(sum);
    ck_assert_int_eq(run(), 1);
}
END_TEST

START_TEST(a_watch_for_reading_waits_for_a_byte)
{
    ck_ok(loop_on_fd(loop, fd[0], on_fd, NULL, &watch));
    ck_assert_int_eq(run(), 0);
    ck_assert_int_eq(write(fd[1], "x", 1), 1);
    ck_assert_int_eq(run(), 1);
}
END_TEST

TEST_MAIN_AROUND("loop", up, down, a_watch_for_writing_is_called_when_there_is_room,
                 a_watch_for_writing_is_not_called_for_what_can_be_read,
                 a_watch_for_either_is_called_for_either, a_watch_for_reading_waits_for_a_byte)
