/* The crash simulator: a real engine's spine works on a book whose files are on a tape, and the
 * book is cut off at thousands of points of it, in every way the tape knows; each of them is
 * judged. A round is a book of its own, and two legs: the second begins where one of the first
 * one's crashes ended. The long campaign: --points 100000, from any --seed; --round goes on where
 * one was stopped.
 *
 * What is drawn is told by the seed; which calls share a group is told by the threads, so a round
 * that failed is not the same one again. The folder that failed stays, and is named. */
#include <inttypes.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "common/sys/crypt.h"
#include "tests/fault/crash_judge.h"

#define ROUND_POINTS 1000
#define LEGS         2
#define SEEN_MAX     4096

/* Of all rounds, each a process of its own. */
struct tally {
    atomic_ullong points, books, steps, told, lost, losses[TAPE_LOSSES];
    char where[256]; /* the crash under judgement; what is still there has failed */
    char folder[64]; /* what it left */
};

static struct tally *tally;
static uint64_t seed, round_points = ROUND_POINTS;
static uint8_t seen[SEEN_MAX][SHA256_LEN];
static size_t seen_n;

/* ---- folders ---- */

static void folder_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
        if (d->d_type == DT_REG)
            (void)unlink(path);
    }
    (void)closedir(dir);
}

static void folder_use(const char *folder)
{
    (void)snprintf(book_folder, sizeof book_folder, "%s", folder);
    (void)snprintf(book_path, sizeof book_path, "%s/recon.db", folder);
}

static void folder_new(char folder[64])
{
    (void)snprintf(folder, 64, "/tmp/closegate-crash-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void folder_gone(const char *folder)
{
    folder_empty(folder);
    (void)rmdir(folder);
}

/* ---- one crash ---- */

static bool seen_before(const uint8_t book[SHA256_LEN])
{
    for (size_t i = 0; i < seen_n; i++) {
        if (memcmp(seen[i], book, SHA256_LEN) == 0)
            return true;
    }
    ck_assert_uint_lt(seen_n, SEEN_MAX);
    memcpy(seen[seen_n++], book, SHA256_LEN);
    return false;
}

/* Half of them beside a sync, where what was told and what is safe meet. */
static struct tape_crash crash_draw(void)
{
    const size_t n = tape_length();
    struct tape_crash c = {
        .at = roll() % (n + 1), .loss = (enum tape_loss)(roll() % TAPE_LOSSES), .seed = roll()};
    if (roll() % 2 == 0)
        c.at = tape_next_sync(c.at) + roll() % 2;
    if (c.at > n)
        c.at = n;
    return c;
}

/* Leaves the folder as the crash does. */
static int64_t crash_at(const struct tape_crash *crash, const char *folder)
{
    uint8_t book[SHA256_LEN];
    folder_empty(folder);
    tape_crash(crash, folder);
    const int64_t events = crash_look(folder, book), told_to = last_told(crash->at);
    ck_assert_msg(events >= told_to, "event %lld was told, and the book ends with %lld",
                  (long long)told_to, (long long)events);
    folder_empty(folder);
    tape_crash(crash, folder);
    atomic_fetch_add(&tally->points, 1);
    atomic_fetch_add(&tally->losses[crash->loss], 1);
    atomic_fetch_add(&tally->lost, events < live_n);
    if (seen_before(book))
        return events;
    atomic_fetch_add(&tally->books, 1);
    crash_judge(crash->at, events);
    folder_empty(folder);
    tape_crash(crash, folder);
    return events;
}

/* For whoever reads of a failure: the child that found it is gone by then. */
static void where_put(const struct tape_crash *crash)
{
    (void)snprintf(tally->where, sizeof tally->where,
                   "step %zu of %zu, what is not safe: %s, crash seed %" PRIu64 "; left in %s",
                   crash->at, tape_length(), tape_loss_name(crash->loss), crash->seed, book_folder);
}

static void where_tell(void)
{
    if (tally->where[0] != '\0')
        printf("# failed at %s\n", tally->where);
    tally->where[0] = '\0';
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
        where_put(&crash);
        events = point(&crash);
        tally->where[0] = '\0';
    }
    atomic_fetch_add(&tally->steps, tape_length());
    asked_after_crash(crash.at, events);
}

START_TEST(a_round_of_crashes)
{
    char folder[64];
    where_tell(); /* the round before */
    dice = (seed + (uint64_t)_i) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    round_arena = arena_new((size_t)256 << 20);
    ck_assert_ptr_nonnull(round_arena);
    crash_vfs_install();
    load_up();
    for (int i = 0; i < LEGS; i++) {
        folder_new(folder);
        leg(folder);
    }
    atomic_fetch_add(&tally->told, asked_n);
    folder_gone(folder);
    arena_free(round_arena);
    arena_down();
}
END_TEST

/* ---- the program ---- */

struct options {
    uint64_t points, from;
    enum tape_lie lie;
};

static bool number_read(const char *text, uint64_t *n)
{
    char *end;
    *n = strtoull(text, &end, 10);
    return text[0] != '\0' && *end == '\0';
}

static bool option_read(struct options *o, const char *name, const char *value)
{
    if (strcmp(name, "--points") == 0)
        return number_read(value, &o->points) && o->points > 0;
    if (strcmp(name, "--seed") == 0)
        return number_read(value, &seed);
    if (strcmp(name, "--round") == 0)
        return number_read(value, &o->from);
    if (strcmp(name, "--lie") != 0)
        return false;
    o->lie = strcmp(value, "files") == 0     ? TAPE_LIES_OF_FILES
             : strcmp(value, "folders") == 0 ? TAPE_LIES_OF_FOLDERS
                                             : TAPE_HONEST;
    return o->lie != TAPE_HONEST;
}

static bool options_read(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc || !option_read(o, argv[i], argv[i + 1]))
            return false;
    }
    while (seed == 0)
        crypt_random(&seed, 4);
    round_points = o->points < ROUND_POINTS ? o->points : ROUND_POINTS;
    return true;
}

static int rounds_run(const struct options *o)
{
    TCase *tcase = test_case("crash", NULL, NULL);
    Suite *suite = suite_create("crash");
    const uint64_t rounds = (o->points + ROUND_POINTS - 1) / ROUND_POINTS;
    tcase_set_timeout(tcase, 3600);
    tcase_add_loop_test(tcase, a_round_of_crashes, (int)o->from, (int)(o->from + rounds));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    where_tell();
    return failed;
}

static void told_all(void)
{
    printf("# seed %" PRIu64
           ": %llu crashes at %llu steps, after %llu calls; %llu left less than was "
           "written, and %llu different books were judged\n# what was not safe:",
           seed, tally->points, tally->steps, tally->told, tally->lost, tally->books);
    for (int i = 0; i < TAPE_LOSSES; i++)
        printf(" %s %llu", tape_loss_name((enum tape_loss)i), tally->losses[i]);
    printf("\n");
}

int main(int argc, char **argv)
{
    struct options o = {.points = 2 * ROUND_POINTS};
    if (!options_read(argc, argv, &o)) {
        (void)fprintf(stderr, "crash [--points N] [--seed N] [--round N] [--lie files|folders]\n");
        return 64;
    }
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED)
        return EXIT_FAILURE;
    tape_lie(o.lie);
    const int failed = rounds_run(&o);
    told_all();
    if (o.lie == TAPE_HONEST)
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    if (failed > 0 && tally->folder[0] != '\0')
        folder_gone(tally->folder); /* of no use to anybody */
    printf("%s a disk that lies of its %s is found out\n", failed > 0 ? "ok" : "FAIL",
           o.lie == TAPE_LIES_OF_FILES ? "files" : "folders");
    return failed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
