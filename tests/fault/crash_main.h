/* What the crash simulators have in common: rounds of crashes, each a process of its own, that are
 * drawn from a seed and tallied; --points, --seed, --round and --lie. The folder that failed stays,
 * and is named. */
#ifndef TESTS_FAULT_CRASH_MAIN_H
#define TESTS_FAULT_CRASH_MAIN_H

#include <dirent.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/invariant.h"
#include "common/sys/crypt.h"
#include "tests/fault/crash_tape.h"
#include "tests/unit/test.h"

#define ROUND_POINTS 1000

/* Of all rounds. */
struct tally {
    atomic_ullong points, books, steps, told, lost, losses[TAPE_LOSSES];
    char where[256]; /* the crash under judgement; what is still there has failed */
    char folder[64]; /* what it left */
};

static struct tally *tally;
static uint64_t seed, round_points = ROUND_POINTS, dice;
static struct tape_crash crash_now;

static uint64_t roll(void)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice >> 11;
}

/* ---- folders ---- */

static void folder_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    INVARIANT(dir != NULL); /* no check: this is for after the tests, too */
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
        if (d->d_type == DT_REG)
            (void)unlink(path);
    }
    (void)closedir(dir);
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

static void crash_leave(const struct tape_crash *crash, const char *folder)
{
    folder_empty(folder);
    tape_crash(crash, folder);
}

/* For whoever reads of a failure: the child that found it is gone by then. */
static void crash_begin(const struct tape_crash *crash, const char *folder)
{
    crash_now = *crash;
    (void)snprintf(tally->where, sizeof tally->where,
                   "step %zu of %zu, what is not safe: %s, crash seed %" PRIu64 "; left in %s",
                   crash->at, tape_length(), tape_loss_name(crash->loss), crash->seed, folder);
    (void)snprintf(tally->folder, sizeof tally->folder, "%s", folder);
    crash_leave(crash, folder);
}

static void crash_end(void)
{
    atomic_fetch_add(&tally->points, 1);
    atomic_fetch_add(&tally->losses[crash_now.loss], 1);
    tally->where[0] = tally->folder[0] = '\0';
}

static void round_begin(int round)
{
    dice = (seed + (uint64_t)round) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    crash_vfs_install();
}

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

static int rounds_run(const struct options *o, const char *name, const TTest *round)
{
    TCase *tcase = test_case(name, NULL, NULL);
    Suite *suite = suite_create(name);
    const uint64_t rounds = (o->points + ROUND_POINTS - 1) / ROUND_POINTS;
    tcase_set_timeout(tcase, 3600);
    tcase_add_loop_test(tcase, round, (int)o->from, (int)(o->from + rounds));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (tally->where[0] != '\0')
        printf("# failed at %s\n", tally->where);
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

static int crash_main(int argc, char **argv, const char *name, const TTest *round)
{
    struct options o = {.points = 2 * ROUND_POINTS};
    if (!options_read(argc, argv, &o)) {
        (void)fprintf(stderr, "%s [--points N] [--seed N] [--round N] [--lie files|folders]\n",
                      name);
        return 64;
    }
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED)
        return EXIT_FAILURE;
    tape_lie(o.lie);
    const int failed = rounds_run(&o, name, round);
    told_all();
    if (o.lie == TAPE_HONEST)
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    if (failed > 0 && tally->folder[0] != '\0')
        folder_gone(tally->folder); /* of no use to anybody */
    printf("%s a disk that lies of its %s is found out\n", failed > 0 ? "ok" : "FAIL",
           o.lie == TAPE_LIES_OF_FILES ? "files" : "folders");
    return failed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
