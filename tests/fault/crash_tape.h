/* What a process did to the files of one folder, in order, and what a crash at any point of that
 * may leave. Two recorders write the tape: crash_vfs.c is SQLite's file system, crash_files.c
 * stands before the libc calls that move the log's keys. Nothing is really synced while it runs;
 * the tape knows what would have been.
 *
 * The model: a write, a change of length and a name are safe once the file (for a name, the folder)
 * was synced after them. What is not safe may be there, be missing, or be torn at a multiple of 512
 * bytes, whatever its order. Bytes beside a write stay as they were (SQLite's powersafe overwrite).
 * One tape at a time; recording is for any thread. */
#ifndef TESTS_FAULT_CRASH_TAPE_H
#define TESTS_FAULT_CRASH_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Installs the recorder below SQLite: the default file system of this process, once. Outside of a
 * recording it passes everything on but syncs. */
void crash_vfs_install(void);

/* Records what happens to the files of `folder` from here on. What lies there now is safe. Forgets
 * the tape before. */
void tape_begin(const char *folder);
void tape_end(void); /* the tape stays */
/* How many steps are on it: where something else happened, such as an answer. */
size_t tape_length(void);

/* Disks that lie, to see that a judge finds out: syncs of that kind are not taken for true. */
enum tape_lie { TAPE_HONEST = 0, TAPE_LIES_OF_FILES, TAPE_LIES_OF_FOLDERS };
void tape_lie(enum tape_lie lie);

/* ---- a crash ---- */

enum tape_loss {
    TAPE_ALL =
        0, /* the process ends and the system lives on: all is there, the last step in part */
    TAPE_NOTHING, /* the power goes: only what is safe */
    TAPE_PREFIX,  /* of each file a beginning of what is not safe, the last of it torn */
    TAPE_ANY,     /* any part of what is not safe, each step whole, missing or torn */
    TAPE_GARBAGE, /* the same, and where it is torn stands something else */
    TAPE_LOSSES
};
struct tape_crash {
    size_t at; /* this step was under way, those before it were over; 0 … tape_length() */
    enum tape_loss loss;
    uint64_t seed;
};
const char *tape_loss_name(enum tape_loss loss);

/* Makes `to`, an empty folder, what the recorded one is after the crash. Files are of mode 0600. */
void tape_crash(const struct tape_crash *crash, const char *to);

/* After the crash made last: whether the bytes of each file that was removed under a name that ends
 * so, which stay on the disk, are zeros. */
bool tape_wiped(const char *end);

/* The step behind the one that made a prefix of the tape end in a sync, from `from` on; the length
 * when there is none. Crashes beside a sync are the interesting ones. */
size_t tape_next_sync(size_t from);

/* ---- for recorders ---- */

/* The number of the file at `path`; with `make` a new one is made, named, when there is none. -1:
 * nothing is recorded, the path is outside of the folder, or there is no such file. */
int tape_file(const char *path, bool make);
/* Whether the path is the recorded folder itself. */
bool tape_is_folder(const char *path);
void tape_write(int file, int64_t at, const void *bytes, size_t n);
void tape_truncate(int file, int64_t size);
void tape_sync(int file);
void tape_sync_folder(void);
void tape_link(const char *from, const char *to);
void tape_rename(const char *from, const char *to);
void tape_unlink(const char *path);

#endif
