/* The write-ahead log under a writer that never pauses: it begins anew once it is long, nobody
 * waits for a reader's old snapshot, and afterwards it begins anew again. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "engine/call/threads.h"
#include "tests/unit/spine_book.h"

#define LOG_MAX 300 /* frames */
#define WAIT_MS 20000

static struct between between;
static struct checkpointer checkpointer;
static pthread_t busy;
static atomic_bool stop;
static atomic_llong groups;

static int64_t busy_now;
static int64_t busy_clock(void)
{
    return busy_now += 1000;
}

/* One row after the other, as fast as the disk takes them, never a pause between two groups. */
static void *busy_run(void *arg)
{
    struct arena *own = arena_new((size_t)64 << 20);
    (void)arg;
    for (int i = 0; !atomic_load(&stop); i++) {
        struct tx tx;
        char id[32];
        arena_reset(own);
        (void)snprintf(id, sizeof id, "p-busy-%d", i);
        between_enter(&between);
        static const struct actor engine = {.kind = ACTOR_ENGINE, .id = "engine:test"};
        const struct event event = {.type = "OK", .actor = &engine};
        struct err e = store_group_begin(book_writer);
        if (e.kind == ERR_NONE)
            e = tx_call_begin(book_writer, own, busy_clock(), &tx);
        if (e.kind == ERR_NONE)
            e = principal_put(&tx, id, "busy", true);
        if (e.kind == ERR_NONE)
            e = audit_append(&tx, &event);
        if (e.kind == ERR_NONE)
            e = tx_call_keep(&tx);
        if (e.kind == ERR_NONE)
            e = store_group_commit(book_writer);
        between_leave(&between);
        if (e.kind != ERR_NONE)
            break; /* the count stands still, which the test sees */
        atomic_fetch_add(&groups, 1);
    }
    arena_free(own);
    return NULL;
}

/* How often the log began anew: the checkpoint sequence number of its header, big-endian at 12. */
static int64_t log_number(void)
{
    unsigned char header[32] = {0};
    FILE *f = fopen(arena_fmt(arena, "%s-wal", book_path), "rb");
    if (f == NULL)
        return 0;
    size_t n = fread(header, 1, sizeof header, f);
    (void)fclose(f);
    return n < sizeof header
               ? 0
               : (int64_t)header[12] << 24 | header[13] << 16 | header[14] << 8 | header[15];
}

static int64_t log_bytes(void)
{
    struct stat st;
    return stat(arena_fmt(arena, "%s-wal", book_path), &st) == 0 ? (int64_t)st.st_size : 0;
}

static void pause_ms(int ms)
{
    const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL);
}

/* Until the log has begun anew since `before`; false when that takes too long. */
static bool begins_anew(int64_t before)
{
    for (int ms = 0; ms < WAIT_MS; ms += 10) {
        if (log_number() != before)
            return true;
        pause_ms(10);
    }
    return false;
}

static void busy_up(void)
{
    spine_up();
    busy_now = book_now;
    atomic_store(&stop, false);
    atomic_store(&groups, 0);
    between_init(&between);
    checkpointer = (struct checkpointer){.db = NULL};
    ck_ok(checkpointer_start(&checkpointer, book_path, &between, LOG_MAX));
    ck_assert_int_eq(pthread_create(&busy, NULL, busy_run, NULL), 0);
}

static void busy_down(void)
{
    atomic_store(&stop, true);
    pthread_join(busy, NULL);
    checkpointer_stop(&checkpointer);
    between_fini(&between);
    book_now = busy_now;
    book_is_intact();
    spine_down();
}

static void is_writing(void)
{
    int64_t before = atomic_load(&groups);
    for (int ms = 0; ms < WAIT_MS && atomic_load(&groups) < before + 10; ms += 10)
        pause_ms(10);
    ck_assert_int_ge(atomic_load(&groups), before + 10);
}

START_TEST(a_long_log_begins_anew_under_a_writer_that_never_pauses)
{
    is_writing();
    for (int i = 0; i < 3; i++)
        ck_assert(begins_anew(log_number()));
    ck_assert_int_gt(atomic_load(&checkpointer.wraps), 0);
    is_writing();
}
END_TEST

START_TEST(a_reader_s_old_snapshot_stops_the_log_and_not_the_writer)
{
    struct tx tx;
    is_writing();
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    struct principal p;
    ck_ok(principal_load(&tx, arena, "p-ana", &p)); /* now the snapshot is taken */
    is_writing();
    pause_ms(1100); /* what had been moved before the snapshot may begin anew once */
    int64_t number = log_number(), bytes = log_bytes(), before = atomic_load(&groups);
    pause_ms(1600); /* the checkpointer comes by three times */
    ck_assert_int_gt(atomic_load(&groups), before + 10);
    ck_assert_int_eq(log_number(), number);
    ck_assert_int_gt(log_bytes(), bytes); /* it grows, and the reader still reads */
    ck_ok(principal_load(&tx, arena, "p-ana", &p));
    tx_read_end(&tx);
    ck_assert(begins_anew(number));
    is_writing();
}
END_TEST

SPINE_MAIN("checkpoint", busy_up, busy_down,
           a_long_log_begins_anew_under_a_writer_that_never_pauses,
           a_reader_s_old_snapshot_stops_the_log_and_not_the_writer)
