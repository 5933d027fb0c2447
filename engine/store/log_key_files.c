/* The private keys of the data folder: log.key, log.key.next, and how one becomes the other. Every
 * step is a rename or a removal that is durable before the next, and each may be the last one of
 * this process: whoever comes next finds both keys under one of these names, and the book says
 * which is which. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/disk.h"
#include "engine/store/log_signer_own.h"

static struct err path_make(char out[KEY_PATH_MAX], const char *folder, const char *name)
{
    int n = snprintf(out, KEY_PATH_MAX, "%s/%s", folder, name);
    ENSURE(n > 0 && n < KEY_PATH_MAX, ERR_LIMIT, "the data folder's path is too long");
    return OK;
}

static struct err slot_load(struct key_slot *slot)
{
    struct err e = ed25519_load(slot->path, &slot->signer.secret);
    return e.kind == ERR_MISSING ? OK : e;
}

struct err log_keys_open(const char *data_dir, struct log_keys **out)
{
    CLEANUP(log_keys_free) struct log_keys *keys = calloc(1, sizeof *keys);
    ENSURE(keys != NULL, ERR_LIMIT, "out of memory");
    TRY(path_make(keys->slots[0].path, data_dir, LOG_KEY_FILE));
    TRY(path_make(keys->slots[1].path, data_dir, LOG_NEXT_FILE));
    (void)snprintf(keys->folder, sizeof keys->folder, "%s", data_dir);
    struct err e = slot_load(&keys->slots[0]);
    if (e.kind == ERR_NONE)
        e = slot_load(&keys->slots[1]);
    if (e.kind != ERR_NONE) /* the path goes with the keys */
        return err_at(e.kind,
                      strstr(e.where == NULL ? "" : e.where, LOG_NEXT_FILE) != NULL ? LOG_NEXT_FILE
                                                                                    : LOG_KEY_FILE,
                      e.msg);
    *out = keys;
    keys = NULL;
    return OK;
}

void log_keys_free(struct log_keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < KEY_FILE_N; i++)
        ed25519_free(keys->slots[i].signer.secret);
    free(keys);
}

struct key_slot *log_keys_slot(struct log_keys *keys, enum key_file file)
{
    return &keys->slots[file == KEY_FILE_NOW ? keys->now : 1 - keys->now];
}

bool log_keys_holds(const struct key_slot *slot, const struct note_key *key)
{
    uint8_t public_key[ED25519_KEY_LEN];
    if (slot->signer.secret == NULL)
        return false;
    ed25519_public(slot->signer.secret, public_key);
    return memcmp(public_key, key->public_key, sizeof public_key) == 0;
}

struct err log_keys_fill(struct key_slot *slot)
{
    if (slot->signer.secret != NULL)
        return OK;
    struct err e = ed25519_load(slot->path, &slot->signer.secret);
    if (e.kind != ERR_MISSING)
        return e;
    TRY(ed25519_new(&slot->signer.secret));
    e = ed25519_save(slot->signer.secret, slot->path);
    if (e.kind != ERR_NONE) { /* a key that is in no file signs nothing */
        ed25519_free(slot->signer.secret);
        slot->signer.secret = NULL;
    }
    return e;
}

struct err log_keys_fill_in(struct log_keys *keys, enum key_file file)
{
    struct key_slot *slot = log_keys_slot(keys, file);
    return keys->signer == NULL ? log_keys_fill(slot)
                                : log_signer_fill(keys, (size_t)(slot - keys->slots));
}

/* ---- one key goes, the next one comes ---- */

/* The bytes first, then the name. May be cut off and begun again: a file that is gone is wiped. On
 * a disk that writes elsewhere (flash, snapshots) the old bytes may stay. */
static struct err file_wipe(const char *path)
{
    char zeros[4096] = {0};
    struct stat st;
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return OK;
    ENSURE(fd >= 0, ERR_STORE, "the retired key's file could not be opened");
    bool ok = fstat(fd, &st) == 0;
    for (off_t left = ok ? st.st_size : 0; ok && left > 0; left -= (off_t)sizeof zeros)
        ok = write(fd, zeros, sizeof zeros) == (ssize_t)sizeof zeros;
    ok = fsync(fd) == 0 && ok;
    ok = close(fd) == 0 && ok;
    ENSURE(ok && unlink(path) == 0, ERR_STORE, "the retired key's file could not be overwritten");
    return disk_sync_folder_of(path);
}

static struct err file_move(const char *from, const char *to)
{
    ENSURE(rename(from, to) == 0, ERR_STORE, "a key's file could not be renamed");
    return disk_sync_folder_of(to);
}

static struct err aside_path(const struct log_keys *keys, const struct note_key *key,
                             char out[KEY_PATH_MAX])
{
    char name[64], id[2 * NOTE_ID_LEN + 1];
    hex_print(key->id, NOTE_ID_LEN, id);
    (void)snprintf(name, sizeof name, LOG_KEY_FILE ".%s.retired", id);
    return path_make(out, keys->folder, name);
}

/* The old key is moved aside before it is wiped: a log.key of zeros would keep the next process
 * from starting, one aside is wiped by it. */
struct err log_keys_advance(struct log_keys *keys, const struct note_key *retired, bool wipe)
{
    struct key_slot *old = log_keys_slot(keys, KEY_FILE_NOW);
    struct key_slot *next = log_keys_slot(keys, KEY_FILE_NEXT);
    char aside[KEY_PATH_MAX], path[KEY_PATH_MAX];
    if (keys->signer != NULL)
        return log_signer_advance(keys, retired, wipe);
    TRY(aside_path(keys, retired, aside));
    if (old->signer.secret != NULL) {
        ENSURE(log_keys_holds(old, retired), ERR_CONFLICT,
               "log.key is neither the book's current key nor the one before: move it away");
        TRY(file_move(old->path, aside));
        ed25519_free(old->signer.secret);
        old->signer.secret = NULL;
    }
    if (wipe)
        TRY(file_wipe(aside));
    TRY(file_move(next->path, old->path));
    memcpy(path, old->path, sizeof path);
    memcpy(old->path, next->path, sizeof path);
    memcpy(next->path, path, sizeof path);
    keys->now = 1 - keys->now;
    return OK;
}
