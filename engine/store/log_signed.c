/* The file is written in place and not synced: a process that ends leaves it to the system, and
 * after a power cut an older one only lets the log go on from further back. */
#include "engine/store/log_signed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/disk.h"

#define HEADER     "closegate-signed/1"
#define FILE_BYTES 512 /* one sector: filled up with line ends */
#define PATH_BYTES 4096

static struct err path_of(const char *folder, char path[PATH_BYTES])
{
    const int n = snprintf(path, PATH_BYTES, "%s/" LOG_SIGNED_FILE, folder);
    ENSURE(n > 0 && n < PATH_BYTES, ERR_LIMIT, "the folder's path is too long");
    return OK;
}

/* ---- the file ---- */

static bool head_read(struct str *rest, struct signed_head *head)
{
    struct str line, size, root;
    size_t len = 0;
    return str_cut(*rest, '\n', &line, rest) && str_cut(line, ' ', &size, &root) &&
           note_number_parse(size, &head->size) &&
           base64_parse(root, head->root.at, MERKLE_HASH_LEN, &len) && len == MERKLE_HASH_LEN;
}

static bool heads_read(struct str text, struct signed_heads *heads)
{
    struct str line, origin;
    if (!str_cut(text, '\n', &line, &text) || !str_is(line, HEADER) ||
        !str_cut(text, '\n', &origin, &text) || origin.len == 0 ||
        origin.len >= sizeof heads->origin)
        return false;
    memcpy(heads->origin, origin.at, origin.len);
    heads->origin[origin.len] = '\0';
    return head_read(&text, &heads->base) && head_read(&text, &heads->tip);
}

struct err log_signed_load(const char *folder, struct signed_heads *heads)
{
    char path[PATH_BYTES], text[FILE_BYTES];
    *heads = (struct signed_heads){.origin = ""};
    TRY(path_of(folder, path));
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return OK;
    const ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text, 0);
    if (fd >= 0)
        (void)close(fd);
    struct signed_heads found = {.origin = ""};
    if (n != FILE_BYTES || !heads_read((struct str){text, sizeof text}, &found))
        return err_at(ERR_INPUT, LOG_SIGNED_FILE,
                      "this file of what the log's key has signed cannot be read");
    *heads = found;
    return OK;
}

static struct err heads_save(const char *folder, const struct signed_heads *heads)
{
    char path[PATH_BYTES], text[FILE_BYTES], roots[2][BASE64_SIZE(MERKLE_HASH_LEN)];
    TRY(path_of(folder, path));
    base64_print(heads->base.root.at, MERKLE_HASH_LEN, roots[0]);
    base64_print(heads->tip.root.at, MERKLE_HASH_LEN, roots[1]);
    const int len = snprintf(text, sizeof text, HEADER "\n%s\n%" PRIu64 " %s\n%" PRIu64 " %s\n",
                             heads->origin, heads->base.size, roots[0], heads->tip.size, roots[1]);
    memset(text + len, '\n', sizeof text - (size_t)len);
    const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return disk_write_new(path, text, sizeof text, 0600);
    const bool good = fd >= 0 && pwrite(fd, text, sizeof text, 0) == (ssize_t)sizeof text;
    if (fd >= 0)
        (void)close(fd);
    return good ? OK : err_at(ERR_STORE, LOG_SIGNED_FILE, "what is signed could not be remembered");
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

struct err log_signed_take(struct signed_heads *heads, const char *folder,
                           const struct checkpoint *head, const struct signed_step *step)
{
    struct signed_heads next = *heads;
    TRY(head_judge(&next, head, step));
    next.tip = (struct signed_head){.size = head->size, .root = head->root};
    TRY(heads_save(folder, &next));
    *heads = next;
    return OK;
}
