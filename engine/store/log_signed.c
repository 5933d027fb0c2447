/* The file has two slots, each in a page of its own, with a generation and a digest. Each head is
 * written over the older one at once, which a process that ends leaves to the system; about once a
 * second it is synced, and only then the other slot is written. So whatever a power cut does to the
 * slot that was being written, the other one is whole, and lets the log go on from further back. */
#include "engine/store/log_signed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/crypt.h"
#include "common/sys/disk.h"

#define HEADER     "closegate-signed/1"
#define SLOT_BYTES 4096 /* no sector and no page holds parts of both */
#define TEXT_BYTES 512  /* of a slot: filled up with line ends */
#define SYNC_MS    1000

/* ---- a slot ---- */

static void slot_print(const struct signed_heads *heads, uint64_t generation, char text[TEXT_BYTES])
{
    char roots[2][BASE64_SIZE(MERKLE_HASH_LEN)], digest[BASE64_SIZE(SHA256_LEN)];
    uint8_t hash[SHA256_LEN];
    base64_print(heads->base.root.at, MERKLE_HASH_LEN, roots[0]);
    base64_print(heads->tip.root.at, MERKLE_HASH_LEN, roots[1]);
    const int len =
        snprintf(text, TEXT_BYTES, HEADER "\n%" PRIu64 "\n%s\n%" PRIu64 " %s\n%" PRIu64 " %s\n",
                 generation, heads->origin, heads->base.size, roots[0], heads->tip.size, roots[1]);
    memset(text + len, '\n', TEXT_BYTES - (size_t)len);
    sha256(text, (size_t)len, hash);
    base64_print(hash, sizeof hash, digest);
    memcpy(text + len, digest, strlen(digest));
}

static bool head_parse(struct str *rest, struct signed_head *head)
{
    struct str line, size, root;
    size_t len = 0;
    return str_cut(*rest, '\n', &line, rest) && str_cut(line, ' ', &size, &root) &&
           note_number_parse(size, &head->size) &&
           base64_parse(root, head->root.at, MERKLE_HASH_LEN, &len) && len == MERKLE_HASH_LEN;
}

static bool digest_holds(const char *text, struct str rest)
{
    uint8_t told[SHA256_LEN], hash[SHA256_LEN];
    struct str line;
    size_t len = 0;
    sha256(text, (size_t)(rest.at - text), hash);
    return str_cut(rest, '\n', &line, &rest) && base64_parse(line, told, sizeof told, &len) &&
           len == sizeof told && memcmp(told, hash, sizeof hash) == 0;
}

static bool slot_parse(const char text[TEXT_BYTES], struct signed_heads *heads,
                       uint64_t *generation)
{
    struct str line, origin, number, rest = {text, TEXT_BYTES};
    if (!str_cut(rest, '\n', &line, &rest) || !str_is(line, HEADER) ||
        !str_cut(rest, '\n', &number, &rest) || !note_number_parse(number, generation) ||
        !str_cut(rest, '\n', &origin, &rest) || origin.len == 0 ||
        origin.len >= sizeof heads->origin)
        return false;
    memcpy(heads->origin, origin.at, origin.len);
    heads->origin[origin.len] = '\0';
    return head_parse(&rest, &heads->base) && head_parse(&rest, &heads->tip) &&
           digest_holds(text, rest);
}

/* ---- the file ---- */

static struct err not_durable(void)
{
    return err_at(ERR_STORE, LOG_SIGNED_FILE, "what was signed could not be made durable");
}

static int file_open(const char *path)
{
    return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* The newest slot. One that cannot be read is what a power cut may leave of it. */
static bool newest_read(struct signed_log *log)
{
    bool found = false;
    for (unsigned i = 0; i < 2; i++) {
        char text[TEXT_BYTES];
        struct signed_heads heads;
        uint64_t generation;
        if (pread(log->fd, text, sizeof text, (off_t)i * SLOT_BYTES) != TEXT_BYTES ||
            !slot_parse(text, &heads, &generation) || (found && generation < log->generation))
            continue;
        found = true;
        log->heads = heads;
        log->generation = generation;
        log->slot = 1 - i;
    }
    return found;
}

static struct err file_read(struct signed_log *log)
{
    if (log->fd < 0)
        return err_at(ERR_STORE, LOG_SIGNED_FILE,
                      "this file of what the log's key has signed cannot be opened");
    if (!newest_read(log))
        return err_at(ERR_INPUT, LOG_SIGNED_FILE,
                      "this file of what the log's key has signed cannot be read: docs/KEYS.md "
                      "says what to do");
    /* It may be a process's that ended before it was synced. */
    return fdatasync(log->fd) == 0 ? OK : not_durable();
}

struct err log_signed_open(const char *folder, struct signed_log *log)
{
    *log = (struct signed_log){.fd = -1};
    struct signed_log found = *log;
    const int n = snprintf(found.path, sizeof found.path, "%s/" LOG_SIGNED_FILE, folder);
    ENSURE(n > 0 && n < (int)sizeof found.path, ERR_LIMIT, "the folder's path is too long");
    found.fd = file_open(found.path);
    if (found.fd >= 0 || errno != ENOENT) {
        struct err e = file_read(&found);
        if (e.kind != ERR_NONE)
            log_signed_close(&found);
        TRY(e);
    }
    *log = found;
    return OK;
}

void log_signed_close(struct signed_log *log)
{
    if (log->fd >= 0)
        (void)close(log->fd);
    log->fd = -1;
}

/* Whether the name still leads to our file: one that somebody moved away is none of the log's. */
static bool is_named(const struct signed_log *log)
{
    struct stat ours, named;
    return log->fd >= 0 && fstat(log->fd, &ours) == 0 && lstat(log->path, &named) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static struct err file_make(struct signed_log *log, const char text[TEXT_BYTES])
{
    char bytes[2 * SLOT_BYTES] = {0};
    memcpy(bytes, text, TEXT_BYTES);
    TRY(disk_write_new(log->path, bytes, sizeof bytes, 0600));
    log_signed_close(log);
    log->fd = file_open(log->path);
    ENSURE(log->fd >= 0, ERR_STORE, "what is signed could not be remembered");
    log->slot = 1;
    log->unsynced = log->failed = false;
    return OK;
}

static struct err slot_write(struct signed_log *log, const struct signed_heads *heads)
{
    char text[TEXT_BYTES];
    slot_print(heads, ++log->generation, text);
    if (!is_named(log))
        return file_make(log, text);
    log->unsynced = pwrite(log->fd, text, sizeof text, (off_t)log->slot * SLOT_BYTES) == TEXT_BYTES;
    log->failed = !log->unsynced || log->failed;
    if (!log->unsynced)
        return err_at(ERR_STORE, LOG_SIGNED_FILE, "what is signed could not be remembered");
    return OK;
}

int log_signed_wait_ms(const struct signed_log *log, int64_t now_ms)
{
    if (!log->unsynced)
        return -1;
    const int64_t gone = now_ms - log->synced_ms;
    return gone >= SYNC_MS ? 0 : (int)(SYNC_MS - gone);
}

struct err log_signed_sync(struct signed_log *log, int64_t now_ms)
{
    if (log->failed) /* the system may have dropped what it could not write */
        TRY(slot_write(log, &log->heads));
    if (!log->unsynced)
        return OK;
    log->synced_ms = now_ms;
    log->failed = fdatasync(log->fd) != 0;
    if (log->failed)
        return not_durable();
    log->slot = 1 - log->slot;
    log->unsynced = false;
    return OK;
}

/* ---- what may be signed ---- */

static bool goes_on(const struct signed_head *from, const struct checkpoint *head,
                    const struct signed_step *step)
{
    return step->from.size == from->size &&
           merkle_consistency_holds(from->size, &from->root, head->size, &head->root, &step->proof);
}

static struct err head_judge(struct signed_heads *heads, const struct checkpoint *head,
                             const struct signed_step *step)
{
    if (heads->origin[0] == '\0') {
        ENSURE(head->origin.len < sizeof heads->origin, ERR_AUTH, "the log's name is too long");
        ENSURE(goes_on(&step->from, head, step), ERR_AUTH, "the log's first head is not proved");
        memcpy(heads->origin, head->origin.at, head->origin.len);
        heads->origin[head->origin.len] = '\0';
        heads->base = step->from;
        return OK;
    }
    ENSURE(str_is(head->origin, heads->origin), ERR_AUTH,
           "the log's key has signed for another log: move log.signed away if this one is yours");
    if (head->size == heads->tip.size && merkle_eq(&head->root, &heads->tip.root))
        return OK;
    if (goes_on(&heads->tip, head, step)) {
        heads->base = heads->tip;
        return OK;
    }
    ENSURE(goes_on(&heads->base, head, step), ERR_AUTH,
           "this head does not go on from what the log's key has signed");
    return OK;
}

struct err log_signed_take(struct signed_log *log, const struct checkpoint *head,
                           const struct signed_step *step)
{
    struct signed_heads next = log->heads;
    TRY(head_judge(&next, head, step));
    next.tip = (struct signed_head){.size = head->size, .root = head->root};
    if (log->failed)
        TRY(log_signed_sync(log, log->synced_ms));
    TRY(slot_write(log, &next));
    log->heads = next;
    return OK;
}
