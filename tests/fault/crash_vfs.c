/* SQLite's file system with a tape below it: whatever SQLite does to the database and its log is
 * recorded, and a sync costs nothing. The log's index is shared memory, which no crash of the
 * system survives; it is not recorded. */
#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>

#include "common/base/invariant.h"
#include "tests/fault/crash_tape.h"

#define KINDS_MAX 8
#define OPEN_MAX  64

/* The default VFS has a table of methods a kind of file. */
static struct kind {
    sqlite3_io_methods ours; /* the first member: what a file's methods point at */
    const sqlite3_io_methods *real;
} kinds[KINDS_MAX];

/* Files that are recorded. */
static struct open_file {
    const sqlite3_file *file;
    int number;
    bool names_too; /* its first sync syncs the folder: SQLite does so for a log it may have made */
} opened[OPEN_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sqlite3_vfs our_vfs, *real_vfs;

static const sqlite3_io_methods *real_of(const sqlite3_file *file)
{
    return ((const struct kind *)file->pMethods)->real;
}

/* Under the lock; with NULL a free place. */
static struct open_file *opened_find(const sqlite3_file *file)
{
    for (size_t i = 0; i < OPEN_MAX; i++) {
        if (opened[i].file == file)
            return &opened[i];
    }
    return NULL;
}

static int number_of(const sqlite3_file *file)
{
    pthread_mutex_lock(&lock);
    const struct open_file *o = opened_find(file);
    int number = o == NULL ? -1 : o->number;
    pthread_mutex_unlock(&lock);
    return number;
}

static int crash_close(sqlite3_file *file)
{
    pthread_mutex_lock(&lock);
    struct open_file *o = opened_find(file);
    if (o != NULL)
        o->file = NULL;
    pthread_mutex_unlock(&lock);
    return real_of(file)->xClose(file);
}

static int crash_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    int rc = real_of(file)->xWrite(file, bytes, n, at);
    if (rc == SQLITE_OK)
        tape_write(number_of(file), at, bytes, (size_t)n);
    return rc;
}

static int crash_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = real_of(file)->xTruncate(file, size);
    if (rc == SQLITE_OK)
        tape_truncate(number_of(file), size);
    return rc;
}

static int crash_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    pthread_mutex_lock(&lock);
    struct open_file *o = opened_find(file);
    const int number = o == NULL ? -1 : o->number;
    const bool names_too = o != NULL && o->names_too;
    if (o != NULL)
        o->names_too = false;
    pthread_mutex_unlock(&lock);
    tape_sync(number);
    if (names_too)
        tape_sync_folder();
    return SQLITE_OK;
}

/* Under the lock. */
static void wrap(sqlite3_file *file)
{
    size_t i = 0;
    while (i < KINDS_MAX && kinds[i].real != NULL && kinds[i].real != file->pMethods)
        i++;
    INVARIANT(i < KINDS_MAX);
    if (kinds[i].real == NULL) {
        kinds[i] = (struct kind){*file->pMethods, file->pMethods};
        kinds[i].ours.xClose = crash_close;
        kinds[i].ours.xWrite = crash_write;
        kinds[i].ours.xTruncate = crash_truncate;
        kinds[i].ours.xSync = crash_sync;
    }
    file->pMethods = &kinds[i].ours;
}

static int crash_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    int rc = real_vfs->xOpen(real_vfs, name, file, flags, out);
    if (rc != SQLITE_OK || file->pMethods == NULL)
        return rc;
    const int number = name == NULL ? -1 : tape_file(name, (flags & SQLITE_OPEN_CREATE) != 0);
    pthread_mutex_lock(&lock);
    wrap(file);
    struct open_file *o = number < 0 ? NULL : opened_find(NULL);
    INVARIANT(number < 0 || o != NULL);
    if (o != NULL)
        *o = (struct open_file){file, number, (flags & SQLITE_OPEN_WAL) != 0};
    pthread_mutex_unlock(&lock);
    return rc;
}

static int crash_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    int rc = real_vfs->xDelete(real_vfs, name, 0);
    if (rc == SQLITE_OK)
        tape_unlink(name);
    if (rc == SQLITE_OK && sync_folder != 0)
        tape_sync_folder();
    return rc;
}

void crash_vfs_install(void)
{
    if (real_vfs != NULL)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    our_vfs = *real_vfs;
    our_vfs.pNext = NULL;
    our_vfs.zName = "closegate-crash";
    our_vfs.xOpen = crash_open;
    our_vfs.xDelete = crash_delete;
    sqlite3_vfs_register(&our_vfs, 1);
}
