/* The crash simulator: a real engine's spine works on a book whose files are on a tape, and the
 * book is cut off at thousands of points of it, in every way the tape knows; each of them is
 * judged. A round is a book of its own, and two legs: the second begins where one of the first
 * one's crashes ended. The long campaign: --points 100000, from any --seed; --round goes on where
 * one was stopped.
 *
 * What is drawn is told by the seed; which calls share a group is told by the threads, so a round
 * that failed is not the same one again. */
#include "tests/fault/crash_judge.h"

#define LEGS     2
#define SEEN_MAX 4096

static struct mark seen[SEEN_MAX];
static size_t seen_n;

static void folder_use(const char *folder)
{
    (void)snprintf(book_folder, sizeof book_folder, "%s", folder);
    (void)snprintf(book_path, sizeof book_path, "%s/recon.db", folder);
}

/* ---- one crash ---- */

static bool seen_before(struct mark book)
{
    for (size_t i = 0; i < seen_n; i++) {
        if (seen[i].a == book.a && seen[i].b == book.b)
            return true;
    }
    ck_assert_uint_lt(seen_n, SEEN_MAX);
    seen[seen_n++] = book;
    return false;
}

/* How many events it left; leaves the folder in whatever state. */
static int64_t crash_at(const struct tape_crash *crash, const char *folder)
{
    crash_begin(crash, folder);
    const struct look l = crash_look(folder);
    look_holds(&l, crash->at);
    atomic_fetch_add(&tally->lost, l.events < live_n);
    if (!seen_before(l.book)) {
        atomic_fetch_add(&tally->books, 1);
        crash_leave(crash, folder);
        crash_judge(crash->at, l.events);
    }
    crash_end();
    return l.events;
}

/* What a crash needs of memory goes with it. */
static int64_t point(const struct tape_crash *crash)
{
    struct arena *outer = arena;
    arena = arena_new((size_t)256 << 20);
    ck_assert_ptr_nonnull(arena);
    const int64_t events = crash_at(crash, book_folder);
    arena_free(arena);
    arena = outer;
    return events;
}

/* ---- a leg, a round ---- */

static void leg(const char *folder)
{
    struct tape_crash crash = {.at = 0};
    int64_t events = 0;
    leg_run();
    live_read();
    folder_gone(book_folder);
    folder_use(folder);
    seen_n = 0;
    for (uint64_t i = 0; i < round_points / LEGS; i++) {
        crash = crash_draw();
        events = point(&crash);
    }
    crash_leave(&crash, folder);
    atomic_fetch_add(&tally->steps, tape_length());
    asked_after_crash(crash.at, events);
}

START_TEST(a_round_of_crashes)
{
    char folder[64];
    round_begin(_i);
    round_arena = arena_new((size_t)256 << 20);
    ck_assert_ptr_nonnull(round_arena);
    load_up();
    for (int i = 0; i < LEGS; i++) {
        folder_new(folder);
        leg(folder);
    }
    atomic_fetch_add(&tally->told, asked_n);
    witness_down();
    folder_gone(folder);
    arena_free(round_arena);
    arena_down();
}
END_TEST

int main(int argc, char **argv)
{
    return crash_main(argc, argv, "crash", a_round_of_crashes);
}
