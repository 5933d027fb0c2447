/* The running spine on the book of spine_book.h: a loop, the threads and a clock for all of them.
 * One at a time; the book's writer is the spine's until spine_end. */
#ifndef TESTS_UNIT_SPINE_THREADS_H
#define TESTS_UNIT_SPINE_THREADS_H

#include <stdatomic.h>

#include "engine/call/spine.h"
#include "tests/unit/spine_book.h"

static struct loop *loop;
static struct spine *spine;

/* As book_clock, for several threads. */
static atomic_llong threads_now;

static int64_t threads_clock(void)
{
    return atomic_fetch_add(&threads_now, 1000);
}

/* Starts the spine on the book; the options' path and clock are filled in here. */
static void spine_begin_with(struct spine_options options)
{
    options.book_path = book_path;
    options.clock_us = threads_clock;
    atomic_store(&threads_now, book_now + 1000);
    store_close(book_writer); /* one writer a book */
    book_writer = NULL;
    ck_ok(loop_new(&loop));
    ck_ok(spine_start(loop, &options, &spine));
}

/* After spine_stop: the book is the test's again, and intact. */
static void spine_ended(void)
{
    loop_free(loop);
    book_now = atomic_load(&threads_now);
    ck_ok(store_open(book_path, STORE_WRITER, arena, &book_writer));
    book_is_intact();
}

__attribute__((unused)) static void spine_end(void)
{
    spine_stop(spine);
    spine_ended();
}

#endif
