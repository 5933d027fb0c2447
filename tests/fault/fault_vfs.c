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

static int faulty_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
    int rc = due(&reads);
    return rc != SQLITE_OK ? rc : real_of(file)->xRead(file, bytes, n, at);
}

static int faulty_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    int rc = change_due(&writes);
    return rc != SQLITE_OK ? rc : real_of(file)->xWrite(file, bytes, n, at);
}

/* SQLite's own files say FSYNC whatever the reason, a full disk too. */
static int faulty_sync(sqlite3_file *file, int flags)
{
    int rc = change_due(&syncs);
    if (rc == SQLITE_FULL)
        rc = SQLITE_IOERR_FSYNC;
    return rc != SQLITE_OK ? rc : real_of(file)->xSync(file, flags);
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
    }
    if (i < KINDS_MAX)
        file->pMethods = &kinds[i].ours;
    pthread_mutex_unlock(&lock);
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    int rc = real_vfs->xOpen(real_vfs, name, file, flags, out);
    if (rc != SQLITE_OK || file->pMethods == NULL)
        return rc;
    wrap(file);
    return rc;
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
    sqlite3_vfs_register(&our_vfs, 1);
}
