/* Wraps the default VFS: every file keeps its real methods beside a copy of ours. */
#include "tests/fault/fault_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

struct fault {
    int after, rc;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fault writes, syncs, reads, once;
static int changes, opens;
static bool (*ask)(void);
static bool no_syncs;
/* The default VFS has a table of methods a kind of file (the log's do not lock). */
#define KINDS_MAX 8
static struct kind {
    sqlite3_io_methods ours;
    const sqlite3_io_methods *real;
} kinds[KINDS_MAX];

static sqlite3_vfs our_vfs, *real_vfs;

static void set(struct fault *f, int after, int rc)
{
    pthread_mutex_lock(&lock);
    *f = (struct fault){after, rc};
    pthread_mutex_unlock(&lock);
}

void fault_vfs_fail_writes(int after, int rc)
{
    set(&writes, after, rc);
}

void fault_vfs_fail_syncs(int after, int rc)
{
    set(&syncs, after, rc);
}

void fault_vfs_fail_reads(int after, int rc)
{
    set(&reads, after, rc);
}

void fault_vfs_fail_once(int after, int rc)
{
    set(&once, after, rc);
}

void fault_vfs_ask(bool (*due)(void))
{
    ask = due;
}

void fault_vfs_sync_nothing(void)
{
    no_syncs = true;
}

int fault_vfs_changes(void)
{
    pthread_mutex_lock(&lock);
    int n = changes;
    pthread_mutex_unlock(&lock);
    return n;
}

int fault_vfs_opens(void)
{
    pthread_mutex_lock(&lock);
    int n = opens;
    pthread_mutex_unlock(&lock);
    return n;
}

static int due(struct fault *f)
{
    pthread_mutex_lock(&lock);
    int rc = f->rc != 0 && f->after-- <= 0 ? f->rc : SQLITE_OK;
    pthread_mutex_unlock(&lock);
    return rc;
}

/* A write or a sync. */
static int change_due(struct fault *f)
{
    pthread_mutex_lock(&lock);
    int rc = once.rc != 0 && once.after-- == 0 ? once.rc : SQLITE_OK;
    changes++;
    pthread_mutex_unlock(&lock);
    return rc != SQLITE_OK ? rc : due(f);
}

/* A file's methods point at `ours`, the first member of its kind. */
static const sqlite3_io_methods *real_of(const sqlite3_file *file)
{
    return ((const struct kind *)file->pMethods)->real;
}

/* `rc`, when whoever is asked says so. */
static int asked(int rc)
{
    return ask != NULL && ask() ? rc : SQLITE_OK;
}

static int faulty_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
    int rc = asked(SQLITE_IOERR_READ);
    if (rc == SQLITE_OK)
        rc = due(&reads);
    return rc != SQLITE_OK ? rc : real_of(file)->xRead(file, bytes, n, at);
}

static int faulty_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    int rc = asked(SQLITE_IOERR_WRITE);
    if (rc == SQLITE_OK)
        rc = change_due(&writes);
    return rc != SQLITE_OK ? rc : real_of(file)->xWrite(file, bytes, n, at);
}

/* SQLite's own files say FSYNC whatever the reason, a full disk too. */
static int faulty_sync(sqlite3_file *file, int flags)
{
    int rc = asked(SQLITE_IOERR_FSYNC);
    if (rc == SQLITE_OK)
        rc = change_due(&syncs);
    if (rc == SQLITE_FULL)
        rc = SQLITE_IOERR_FSYNC;
    return rc != SQLITE_OK || no_syncs ? rc : real_of(file)->xSync(file, flags);
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = asked(SQLITE_IOERR_TRUNCATE);
    return rc != SQLITE_OK ? rc : real_of(file)->xTruncate(file, size);
}

static int faulty_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int rc = asked(SQLITE_IOERR_FSTAT);
    return rc != SQLITE_OK ? rc : real_of(file)->xFileSize(file, size);
}

static int faulty_lock(sqlite3_file *file, int level)
{
    int rc = asked(SQLITE_IOERR_LOCK);
    return rc != SQLITE_OK ? rc : real_of(file)->xLock(file, level);
}

static int faulty_unlock(sqlite3_file *file, int level)
{
    int rc = asked(SQLITE_IOERR_UNLOCK), done = real_of(file)->xUnlock(file, level);
    return rc != SQLITE_OK ? rc : done;
}

static int faulty_map(sqlite3_file *file, int page, int size, int extend, void volatile **at)
{
    int rc = asked(SQLITE_IOERR_SHMMAP);
    return rc != SQLITE_OK ? rc : real_of(file)->xShmMap(file, page, size, extend, at);
}

static int faulty_map_lock(sqlite3_file *file, int from, int n, int flags)
{
    int rc = asked(SQLITE_IOERR_SHMLOCK);
    if (rc != SQLITE_OK && (flags & SQLITE_SHM_UNLOCK) == 0)
        return rc;
    int done = real_of(file)->xShmLock(file, from, n, flags);
    return rc != SQLITE_OK ? rc : done;
}

static void wrap(sqlite3_file *file)
{
    pthread_mutex_lock(&lock);
    size_t i = 0;
    opens++;
    while (i < KINDS_MAX && kinds[i].real != NULL && kinds[i].real != file->pMethods)
        i++;
    if (i < KINDS_MAX && kinds[i].real == NULL) {
        kinds[i] = (struct kind){*file->pMethods, file->pMethods};
        kinds[i].ours.xRead = faulty_read;
        kinds[i].ours.xWrite = faulty_write;
        kinds[i].ours.xSync = faulty_sync;
        kinds[i].ours.xTruncate = faulty_truncate;
        kinds[i].ours.xFileSize = faulty_size;
        kinds[i].ours.xLock = faulty_lock;
        kinds[i].ours.xUnlock = faulty_unlock;
        kinds[i].ours.xShmMap = faulty_map;
        kinds[i].ours.xShmLock = faulty_map_lock;
    }
    if (i < KINDS_MAX)
        file->pMethods = &kinds[i].ours;
    pthread_mutex_unlock(&lock);
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    file->pMethods = NULL; /* nothing is there to be closed */
    int rc = asked(SQLITE_CANTOPEN);
    if (rc == SQLITE_OK)
        rc = real_vfs->xOpen(real_vfs, name, file, flags, out);
    if (rc != SQLITE_OK || file->pMethods == NULL)
        return rc;
    wrap(file);
    return rc;
}

static int faulty_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    int rc = asked(SQLITE_IOERR_DELETE);
    return rc != SQLITE_OK ? rc : real_vfs->xDelete(real_vfs, name, no_syncs ? 0 : sync_folder);
}

static int faulty_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    int rc = asked(SQLITE_IOERR_ACCESS);
    return rc != SQLITE_OK ? rc : real_vfs->xAccess(real_vfs, name, flags, out);
}

static int faulty_path(sqlite3_vfs *vfs, const char *name, int max, char *out)
{
    (void)vfs;
    int rc = asked(SQLITE_CANTOPEN);
    return rc != SQLITE_OK ? rc : real_vfs->xFullPathname(real_vfs, name, max, out);
}

void fault_vfs_install(void)
{
    if (real_vfs != NULL)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    our_vfs = *real_vfs;
    our_vfs.pNext = NULL;
    our_vfs.zName = "closegate-fault";
    our_vfs.xOpen = faulty_open;
    our_vfs.xDelete = faulty_delete;
    our_vfs.xAccess = faulty_access;
    our_vfs.xFullPathname = faulty_path;
    sqlite3_vfs_register(&our_vfs, 1);
}
