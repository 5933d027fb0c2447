/* The tape: files by number, names apart from them, and steps in the order they were taken. */
#include "tests/fault/crash_tape.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/invariant.h"

#define FILES_MAX 512
#define NAMES_MAX 64
#define NAME_SIZE 96
#define SECTOR    ((size_t)512)

enum step_kind { STEP_WRITE, STEP_TRUNCATE, STEP_SYNC, STEP_LINK, STEP_UNLINK, STEP_FOLDER };

struct step {
    enum step_kind kind;
    int file;   /* WRITE, TRUNCATE, SYNC: which; LINK: what the name stands for */
    int64_t at; /* WRITE: where; TRUNCATE: how long */
    size_t n;
    unsigned char *bytes;
    char name[NAME_SIZE], goes[NAME_SIZE]; /* LINK: also a name that goes with it (a rename) */
};

struct image {
    unsigned char *bytes;
    size_t n, cap;
};

struct names {
    struct {
        char name[NAME_SIZE];
        int file;
    } at[NAMES_MAX];
    size_t n;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[256];
static bool running;
static enum tape_lie lying;
static struct step *steps;
static size_t steps_n, steps_cap;
static struct image firsts[FILES_MAX]; /* what each file held at the beginning */
static int files_n;
static struct names names_first, names_now;

/* ---- names ---- */

static int name_find(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->at[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

static void name_drop(struct names *names, const char *name)
{
    int i = name_find(names, name);
    if (i >= 0)
        names->at[i] = names->at[--names->n];
}

static void name_put(struct names *names, const char *name, int file)
{
    name_drop(names, name);
    INVARIANT(names->n < NAMES_MAX && strlen(name) < NAME_SIZE);
    (void)snprintf(names->at[names->n].name, NAME_SIZE, "%s", name);
    names->at[names->n++].file = file;
}

/* The name of a path in the folder; NULL for any other path. */
static const char *name_of(const char *path)
{
    const size_t n = strlen(folder);
    if (n == 0 || strncmp(path, folder, n) != 0 || path[n] != '/')
        return NULL;
    return strchr(path + n + 1, '/') == NULL ? path + n + 1 : NULL;
}

/* ---- images ---- */

static void image_extend(struct image *image, size_t n)
{
    if (n > image->cap) {
        size_t cap = 2 * n;
        image->bytes = realloc(image->bytes, cap);
        INVARIANT(image->bytes != NULL);
        image->cap = cap;
    }
    if (n > image->n) { /* what was never written reads as zeros */
        memset(image->bytes + image->n, 0, n - image->n);
        image->n = n;
    }
}

static void image_put(struct image *image, size_t at, const void *bytes, size_t n)
{
    image_extend(image, at + n);
    if (n > 0)
        memcpy(image->bytes + at, bytes, n);
}

static void image_length(struct image *image, size_t n)
{
    image_extend(image, n);
    image->n = n;
}

static void image_load(struct image *image, const char *path)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    INVARIANT(f != NULL && fstat(fileno(f), &st) == 0);
    image_length(image, (size_t)st.st_size);
    INVARIANT(fread(image->bytes, 1, image->n, f) == image->n);
    (void)fclose(f);
}

static void image_save(const struct image *image, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    INVARIANT(fd >= 0);
    INVARIANT(image->n == 0 || write(fd, image->bytes, image->n) == (ssize_t)image->n);
    (void)close(fd);
}

/* ---- recording ---- */

static void tape_clear(void)
{
    for (size_t i = 0; i < steps_n; i++)
        free(steps[i].bytes);
    for (int i = 0; i < files_n; i++)
        free(firsts[i].bytes);
    memset(firsts, 0, sizeof firsts);
    steps_n = 0;
    files_n = 0;
    names_first = names_now = (struct names){.n = 0};
}

static void first_load(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    INVARIANT(files_n < FILES_MAX);
    image_load(&firsts[files_n], path);
    name_put(&names_now, name, files_n++);
}

void tape_begin(const char *of)
{
    pthread_mutex_lock(&lock);
    tape_clear();
    (void)snprintf(folder, sizeof folder, "%s", of);
    DIR *dir = opendir(folder);
    INVARIANT(dir != NULL);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        const size_t n = strlen(d->d_name);
        const bool index = n > 4 && strcmp(d->d_name + n - 4, "-shm") == 0; /* memory, not a file */
        if (d->d_type == DT_REG && !index)
            first_load(d->d_name);
    }
    (void)closedir(dir);
    names_first = names_now;
    running = true;
    pthread_mutex_unlock(&lock);
}

void tape_end(void)
{
    pthread_mutex_lock(&lock);
    running = false;
    pthread_mutex_unlock(&lock);
}

void tape_lie(enum tape_lie lie)
{
    lying = lie;
}

size_t tape_length(void)
{
    pthread_mutex_lock(&lock);
    size_t n = steps_n;
    pthread_mutex_unlock(&lock);
    return n;
}

/* Under the lock. */
static struct step *step_add(enum step_kind kind, int file)
{
    if (steps_n == steps_cap) {
        steps_cap = steps_cap == 0 ? 4096 : 2 * steps_cap;
        steps = realloc(steps, steps_cap * sizeof *steps);
        INVARIANT(steps != NULL);
    }
    steps[steps_n] = (struct step){.kind = kind, .file = file};
    return &steps[steps_n++];
}

static void link_add(const char *name, const char *goes, int file)
{
    struct step *s = step_add(STEP_LINK, file);
    (void)snprintf(s->name, NAME_SIZE, "%s", name);
    (void)snprintf(s->goes, NAME_SIZE, "%s", goes);
    name_drop(&names_now, goes);
    name_put(&names_now, name, file);
}

int tape_file(const char *path, bool make)
{
    int file = -1;
    pthread_mutex_lock(&lock);
    const char *name = running ? name_of(path) : NULL;
    if (name != NULL) {
        int i = name_find(&names_now, name);
        if (i >= 0) {
            file = names_now.at[i].file;
        } else if (make) {
            INVARIANT(files_n < FILES_MAX);
            file = files_n++;
            link_add(name, "", file);
        }
    }
    pthread_mutex_unlock(&lock);
    return file;
}

bool tape_is_folder(const char *path)
{
    pthread_mutex_lock(&lock);
    bool yes = running && strcmp(path, folder) == 0;
    pthread_mutex_unlock(&lock);
    return yes;
}

static void file_step(enum step_kind kind, int file, int64_t at, const void *bytes, size_t n)
{
    if (file < 0)
        return;
    pthread_mutex_lock(&lock);
    if (running) {
        struct step *s = step_add(kind, file);
        s->at = at;
        s->n = n;
        s->bytes = n > 0 ? malloc(n) : NULL;
        INVARIANT(n == 0 || s->bytes != NULL);
        if (n > 0)
            memcpy(s->bytes, bytes, n);
    }
    pthread_mutex_unlock(&lock);
}

void tape_write(int file, int64_t at, const void *bytes, size_t n)
{
    file_step(STEP_WRITE, file, at, bytes, n);
}

void tape_truncate(int file, int64_t size)
{
    file_step(STEP_TRUNCATE, file, size, NULL, 0);
}

void tape_sync(int file)
{
    if (lying != TAPE_LIES_OF_FILES)
        file_step(STEP_SYNC, file, 0, NULL, 0);
}

void tape_sync_folder(void)
{
    pthread_mutex_lock(&lock);
    if (running && lying != TAPE_LIES_OF_FOLDERS)
        (void)step_add(STEP_FOLDER, -1);
    pthread_mutex_unlock(&lock);
}

static void link_step(const char *from, const char *to, bool moves)
{
    pthread_mutex_lock(&lock);
    const char *old = running ? name_of(from) : NULL, *name = running ? name_of(to) : NULL;
    if (old != NULL && name != NULL) {
        int i = name_find(&names_now, old);
        INVARIANT(i >= 0);
        link_add(name, moves ? old : "", names_now.at[i].file);
    }
    pthread_mutex_unlock(&lock);
}

void tape_link(const char *from, const char *to)
{
    link_step(from, to, false);
}

void tape_rename(const char *from, const char *to)
{
    link_step(from, to, true);
}

void tape_unlink(const char *path)
{
    pthread_mutex_lock(&lock);
    const char *name = running ? name_of(path) : NULL;
    if (name != NULL && name_find(&names_now, name) >= 0) {
        struct step *s = step_add(STEP_UNLINK, -1);
        (void)snprintf(s->name, NAME_SIZE, "%s", name);
        name_drop(&names_now, name);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- a crash ---- */

struct crashing {
    const struct tape_crash *how;
    uint64_t dice;
    size_t safe[FILES_MAX + 1]; /* steps before this one are safe; the last: names */
    size_t kept[FILES_MAX + 1]; /* TAPE_PREFIX: so many of the others stay */
    struct names names;
    const struct step *removed[FILES_MAX]; /* what took a name of the file's last; NULL: nothing */
    struct image images[FILES_MAX];
};
static struct crashing crash; /* the last one; its images are used again */

enum fate { FATE_GONE, FATE_TORN, FATE_WHOLE };

static uint64_t roll(struct crashing *c)
{
    uint64_t z = c->dice += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static bool is_name(const struct step *s)
{
    return s->kind == STEP_LINK || s->kind == STEP_UNLINK;
}

static bool is_sync(const struct step *s)
{
    return s->kind == STEP_SYNC || s->kind == STEP_FOLDER;
}

/* Where a step's like is counted. */
static size_t slot(const struct step *s)
{
    return is_name(s) || s->kind == STEP_FOLDER ? FILES_MAX : (size_t)s->file;
}

static size_t crash_end(const struct tape_crash *how)
{
    return how->at < steps_n ? how->at + 1 : steps_n;
}

static void safe_find(struct crashing *c)
{
    size_t loose[FILES_MAX + 1] = {0};
    for (size_t i = 0; i < c->how->at && i < steps_n; i++) {
        if (is_sync(&steps[i]))
            c->safe[slot(&steps[i])] = i;
    }
    for (size_t i = 0; i < crash_end(c->how); i++)
        loose[slot(&steps[i])] += !is_sync(&steps[i]) && i >= c->safe[slot(&steps[i])];
    for (size_t i = 0; i <= FILES_MAX; i++)
        c->kept[i] = loose[i] == 0 ? 0 : (size_t)(roll(c) % (loose[i] + 1));
}

static enum fate any_fate(struct crashing *c)
{
    const uint64_t n = roll(c) % 4;
    return n < 2 ? FATE_WHOLE : n == 2 ? FATE_GONE : FATE_TORN;
}

static enum fate fate_of(struct crashing *c, size_t i)
{
    const size_t of = slot(&steps[i]);
    if (i < c->safe[of])
        return FATE_WHOLE;
    switch (c->how->loss) {
    case TAPE_ALL:
        return i < c->how->at ? FATE_WHOLE : FATE_TORN;
    case TAPE_PREFIX:
        if (c->kept[of] == 0)
            return FATE_GONE;
        return --c->kept[of] == 0 ? FATE_TORN : FATE_WHOLE;
    case TAPE_ANY:
    case TAPE_GARBAGE:
        return any_fate(c);
    case TAPE_NOTHING:
    case TAPE_LOSSES:
        break;
    }
    return FATE_GONE;
}

/* A part of a write: of a process that ends its beginning, of a disk any of its sectors. */
static void write_torn(struct crashing *c, struct image *image, const struct step *s)
{
    if (c->how->loss == TAPE_ALL) {
        image_put(image, (size_t)s->at, s->bytes, (size_t)(roll(c) % (s->n + 1)));
        return;
    }
    for (size_t done = 0, n; done < s->n; done += n) {
        unsigned char junk[SECTOR];
        const size_t at = (size_t)s->at + done, room = SECTOR - at % SECTOR;
        const uint64_t fate = roll(c) % 3;
        n = s->n - done < room ? s->n - done : room;
        if (fate == 0)
            continue;
        for (size_t i = 0; i < n; i++)
            junk[i] = (unsigned char)roll(c);
        const bool whole = fate == 1 || c->how->loss != TAPE_GARBAGE;
        image_put(image, at, whole ? s->bytes + done : junk, n);
    }
}

/* A name is there or not. */
static void name_apply(struct crashing *c, const struct step *s, enum fate fate)
{
    if (fate == FATE_GONE || (fate == FATE_TORN && roll(c) % 2 == 0))
        return;
    const int gone = s->kind == STEP_UNLINK ? name_find(&c->names, s->name) : -1;
    if (gone >= 0)
        c->removed[c->names.at[gone].file] = s;
    name_drop(&c->names, s->kind == STEP_LINK ? s->goes : s->name);
    if (s->kind == STEP_LINK)
        name_put(&c->names, s->name, s->file);
}

static void step_apply(struct crashing *c, const struct step *s, enum fate fate)
{
    struct image *image = &c->images[s->file < 0 ? 0 : s->file];
    if (is_name(s))
        name_apply(c, s, fate);
    else if (s->kind == STEP_TRUNCATE && (fate == FATE_WHOLE || (fate == FATE_TORN && roll(c) % 2)))
        image_length(image, (size_t)s->at);
    else if (s->kind == STEP_WRITE && fate == FATE_WHOLE)
        image_put(image, (size_t)s->at, s->bytes, s->n);
    else if (s->kind == STEP_WRITE && fate == FATE_TORN)
        write_torn(c, image, s);
}

void tape_crash(const struct tape_crash *how, const char *to)
{
    struct crashing *c = &crash;
    INVARIANT(!running); /* and so nobody else is here */
    c->how = how;
    c->dice = how->seed;
    memset(c->safe, 0, sizeof c->safe);
    memset(c->removed, 0, sizeof c->removed);
    c->names = names_first;
    for (int i = 0; i < files_n; i++) {
        c->images[i].n = 0;
        image_put(&c->images[i], 0, firsts[i].bytes, firsts[i].n);
    }
    safe_find(c);
    for (size_t i = 0; i < crash_end(how); i++) {
        if (!is_sync(&steps[i]))
            step_apply(c, &steps[i], fate_of(c, i));
    }
    for (size_t i = 0; i < c->names.n; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", to, c->names.at[i].name);
        image_save(&c->images[c->names.at[i].file], path);
    }
}

static bool is_named(const struct names *names, int file)
{
    for (size_t i = 0; i < names->n; i++) {
        if (names->at[i].file == file)
            return true;
    }
    return false;
}

static bool is_zeros(const struct image *image)
{
    return image->n == 0 ||
           (image->bytes[0] == 0 && memcmp(image->bytes, image->bytes + 1, image->n - 1) == 0);
}

bool tape_wiped(const char *end)
{
    for (int i = 0; i < files_n; i++) {
        const char *name = crash.removed[i] == NULL ? "" : crash.removed[i]->name;
        const size_t n = strlen(name), m = strlen(end);
        const bool meant = n >= m && n > 0 && strcmp(name + n - m, end) == 0;
        if (meant && !is_named(&crash.names, i) && !is_zeros(&crash.images[i]))
            return false;
    }
    return true;
}

size_t tape_next_sync(size_t from)
{
    pthread_mutex_lock(&lock);
    size_t i = from;
    while (i < steps_n && !is_sync(&steps[i]))
        i++;
    pthread_mutex_unlock(&lock);
    return i;
}

const char *tape_loss_name(enum tape_loss loss)
{
    static const char *const names[TAPE_LOSSES] = {"all", "nothing", "prefix", "any", "garbage"};
    return names[loss];
}
