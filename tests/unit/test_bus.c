/* The bus loses nothing, reorders nothing from one sender, says when it is full, and ends cleanly.
 */
#include "common/sys/bus.h"

#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/test.h"

static void *item(size_t sender, size_t i)
{
    return (void *)(uintptr_t)(sender << 32 | (i + 1));
}

START_TEST(what_is_sent_arrives_in_order_even_through_a_small_window)
{
    struct bus_port *port = NULL;
    struct bus_sender *sender = NULL;
    ck_ok(bus_port_open("small", 10000, &port));
    ck_ok(bus_sender_open("small", &sender));
    for (size_t i = 0; i < 3000; i += 3) {
        void *three[] = {item(0, i), item(0, i + 1), item(0, i + 2)};
        ck_ok(bus_send(sender, three, 3));
    }
    void *got[7];
    size_t n = 0, total = 0;
    while (total < 3000) {
        ck_ok(bus_recv(port, true, got, 7, &n));
        ck_assert_uint_ge(n, 1);
        for (size_t i = 0; i < n; i++)
            ck_assert_ptr_eq(got[i], item(0, total + i));
        total += n;
    }
    ck_ok(bus_recv(port, false, got, 7, &n));
    ck_assert_uint_eq(n, 0);
    bus_sender_free(sender);
    bus_port_free(port);
}
END_TEST

START_TEST(a_busy_receiver_finds_its_whole_backlog)
{
    struct bus_port *port = NULL;
    struct bus_sender *sender = NULL;
    ck_ok(bus_port_open("backlog", 1000, &port));
    ck_ok(bus_sender_open("backlog", &sender));
    void *got[1000];
    size_t n = 0;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < 500; i++) {
            void *one = item(0, i);
            ck_ok(bus_send(sender, &one, 1));
        }
        ck_ok(bus_recv(port, true, got, 1000, &n));
        ck_assert_uint_eq(n, 500);
    }
    bus_sender_free(sender);
    bus_port_free(port);
}
END_TEST

START_TEST(a_full_port_says_so_and_takes_none_of_the_batch)
{
    struct bus_port *port = NULL;
    struct bus_sender *sender = NULL;
    ck_ok(bus_port_open("full", 5, &port));
    ck_ok(bus_sender_open("full", &sender));
    void *three[] = {item(0, 0), item(0, 1), item(0, 2)}, *got[10];
    size_t n = 0;
    ck_ok(bus_send(sender, three, 3));
    ck_err(bus_send(sender, three, 3), ERR_LIMIT);
    ck_ok(bus_send(sender, three, 2));
    ck_err(bus_send(sender, three, 1), ERR_LIMIT);
    ck_ok(bus_recv(port, true, got, 1, &n));
    ck_assert_uint_eq(n, 1);
    ck_ok(bus_send(sender, three, 1));
    size_t total = 1;
    while (total < 6) {
        ck_ok(bus_recv(port, true, got, 10, &n));
        total += n;
    }
    ck_assert_uint_eq(total, 6);
    bus_sender_free(sender);
    bus_port_free(port);
}
END_TEST

#define MANY ((size_t)20000)

static void *flood(void *arg)
{
    struct bus_sender *sender = NULL;
    size_t me = (size_t)(uintptr_t)arg;
    ck_ok(bus_sender_open("many", &sender));
    for (size_t i = 0; i < MANY;) {
        void *one = item(me, i);
        struct err e = bus_send(sender, &one, 1);
        ck_assert(e.kind == ERR_NONE || e.kind == ERR_LIMIT);
        i += e.kind == ERR_NONE ? 1 : 0;
        if (e.kind == ERR_LIMIT)
            usleep(100);
    }
    bus_sender_free(sender); /* waits until all is received */
    return NULL;
}

START_TEST(many_senders_each_keep_their_order)
{
    struct bus_port *port = NULL;
    pthread_t threads[3];
    size_t next[4] = {0}, total = 0, n = 0;
    ck_ok(bus_port_open("many", 256, &port));
    for (size_t t = 0; t < 3; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, flood, (void *)(uintptr_t)(t + 1)), 0);
    static void *got[100];
    while (total < 3 * MANY) {
        ck_ok(bus_recv(port, true, got, 100, &n));
        for (size_t i = 0; i < n; i++) {
            size_t who = (uintptr_t)got[i] >> 32;
            ck_assert_uint_eq((uintptr_t)got[i] & 0xFFFFFFFF, ++next[who]);
        }
        total += n;
    }
    for (size_t t = 0; t < 3; t++)
        pthread_join(threads[t], NULL);
    bus_port_free(port);
}
END_TEST

START_TEST(the_descriptor_is_readable_exactly_when_something_is_there)
{
    struct bus_port *port = NULL;
    struct bus_sender *sender = NULL;
    void *one = item(0, 0), *got[4];
    size_t n = 0;
    ck_ok(bus_port_open("fd", 10, &port));
    ck_ok(bus_sender_open("fd", &sender));
    struct pollfd p = {.events = POLLIN};
    ck_ok(bus_port_fd(port, &p.fd));
    ck_assert_int_eq(poll(&p, 1, 0), 0);
    for (int round = 0; round < 100; round++) {
        ck_ok(bus_send(sender, &one, 1));
        ck_assert_int_eq(poll(&p, 1, 5000), 1);
        ck_ok(bus_recv(port, false, got, 4, &n));
        ck_assert_uint_eq(n, 1);
        ck_assert_int_eq(poll(&p, 1, 0), 0);
    }
    bus_sender_free(sender);
    bus_port_free(port);
}
END_TEST

static void *wait_for_close(void *arg)
{
    void *got[4];
    size_t n = 1;
    ck_err(bus_recv(arg, true, got, 4, &n), ERR_MISSING);
    ck_assert_uint_eq(n, 0);
    return NULL;
}

START_TEST(closing_wakes_the_receiver_and_frees_the_senders)
{
    struct bus_port *port = NULL;
    struct bus_sender *sender = NULL;
    pthread_t thread;
    void *one = item(0, 0);
    ck_ok(bus_port_open("close", 1000, &port));
    ck_ok(bus_sender_open("close", &sender));
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_close, port), 0);
    usleep(20000);
    bus_port_close(port);
    pthread_join(thread, NULL);
    ck_err(bus_send(sender, &one, 1), ERR_MISSING);
    bus_port_free(port);
    bus_sender_free(sender);
}
END_TEST

START_TEST(a_port_closed_over_a_backlog_lets_its_senders_go)
{
    for (int round = 0; round < 20; round++) {
        struct bus_port *port = NULL;
        struct bus_sender *sender = NULL;
        void *one = item(0, 0);
        ck_ok(bus_port_open("backlog", 1000, &port));
        ck_ok(bus_sender_open("backlog", &sender));
        for (int i = 0; i < 20 * round; i++)
            ck_ok(bus_send(sender, &one, 1));
        bus_port_free(port);
        bus_sender_free(sender);
    }
}
END_TEST

START_TEST(names_are_unique_and_must_exist)
{
    struct bus_port *port = NULL, *twin = NULL;
    struct bus_sender *sender = NULL;
    ck_err(bus_sender_open("nobody", &sender), ERR_MISSING);
    ck_ok(bus_port_open("one", 1, &port));
    ck_err(bus_port_open("one", 1, &twin), ERR_CONFLICT);
    ck_err(bus_port_open("No", 1, &twin), ERR_BUG);
    bus_port_free(port);
    ck_ok(bus_port_open("one", 1, &port));
    bus_port_free(port);
}
END_TEST

static void *echo(void *arg)
{
    struct bus_sender *back = NULL;
    void *got[64];
    size_t n = 0;
    ck_ok(bus_sender_open("back", &back));
    while (bus_recv(arg, true, got, 64, &n).kind == ERR_NONE)
        ck_ok(bus_send(back, got, n));
    bus_sender_free(back);
    return NULL;
}

/* Not a bound, a figure: prints what a round trip costs here. */
START_TEST(a_round_trip_is_measured)
{
    struct bus_port *there = NULL, *back = NULL;
    struct bus_sender *sender = NULL;
    pthread_t thread;
    void *one = item(0, 0), *got[4];
    size_t n = 0;
    ck_ok(bus_port_open("back", 100, &back));
    ck_ok(bus_port_open("there", 100, &there));
    ck_assert_int_eq(pthread_create(&thread, NULL, echo, there), 0);
    ck_ok(bus_sender_open("there", &sender));
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < 5000; i++) {
        ck_ok(bus_send(sender, &one, 1));
        ck_ok(bus_recv(back, true, got, 4, &n));
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    fprintf(stderr, "# bus round trip: %ld ns\n",
            ((b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec) / 5000);
    bus_sender_free(sender);
    bus_port_close(there);
    pthread_join(thread, NULL);
    bus_port_free(there);
    bus_port_free(back);
}
END_TEST

TEST_MAIN("bus", what_is_sent_arrives_in_order_even_through_a_small_window,
          a_busy_receiver_finds_its_whole_backlog, a_full_port_says_so_and_takes_none_of_the_batch,
          many_senders_each_keep_their_order,
          the_descriptor_is_readable_exactly_when_something_is_there,
          closing_wakes_the_receiver_and_frees_the_senders,
          a_port_closed_over_a_backlog_lets_its_senders_go, names_are_unique_and_must_exist,
          a_round_trip_is_measured)
