/* A SQLite file system that fails on request: the default one until told otherwise. For tests only.
 */
#ifndef TESTS_FAULT_FAULT_VFS_H
#define TESTS_FAULT_FAULT_VFS_H

#include <stdbool.h>

/* Becomes the default VFS of this process; call it before the first db_open. */
void fault_vfs_install(void);

/* From now on every write (or sync) after the next `after` of them fails with `rc`, SQLITE_FULL or
 * SQLITE_IOERR_WRITE say; rc 0 heals. Whatever the file: database, log or index. */
void fault_vfs_fail_writes(int after, int rc);
void fault_vfs_fail_syncs(int after, int rc);
void fault_vfs_fail_reads(int after, int rc);

/* Only the write or sync behind the next `after` of them fails; rc 0 forgets it. */
void fault_vfs_fail_once(int after, int rc);

/* Asked before every call that may fail, of the file system or of a file in it, whatever it is:
 * true fails it, by the error of its kind. What gives something back (an unlocking) is done all the
 * same. NULL: nobody is asked. */
void fault_vfs_ask(bool (*due)(void));
/* From now on a sync is not handed on: whoever looks for nothing but failures need not wait. */
void fault_vfs_sync_nothing(void);

/* Writes and syncs since the installation. */
int fault_vfs_changes(void);
/* Files opened since then. */
int fault_vfs_opens(void);

#endif
