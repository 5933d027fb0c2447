/* Landlock: files and TCP ports by what is granted. The kernel's header of the machine that builds
 * may be older than the kernel that runs, so the names are ours and the numbers the kernel's. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/sys/confine_own.h"

#define VERSION_FLAG 1u

enum {
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_REG = 1 << 8,
    FS_MAKE_SOCK = 1 << 9,
    FS_REFER = 1 << 13,    /* ABI 2 */
    FS_TRUNCATE = 1 << 14, /* ABI 3 */

    FS_ALL_1 = (1 << 13) - 1,
    FS_ALL_2 = (1 << 14) - 1,
    FS_ALL_3 = (1 << 15) - 1,
    FS_ALL_5 = (1 << 16) - 1, /* and ioctl of devices */

    FS_OF_A_FILE = FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE,
    FS_READ = FS_READ_FILE | FS_READ_DIR,
    FS_NAMES = FS_REMOVE_FILE | FS_MAKE_SOCK,
    FS_WRITE = FS_READ | FS_NAMES | FS_WRITE_FILE | FS_MAKE_REG | FS_REFER | FS_TRUNCATE,

    NET_BIND = 1 << 0, /* ABI 4 */
    NET_CONNECT = 1 << 1,

    SCOPE_ABSTRACT_UNIX = 1 << 0, /* ABI 6 */
    SCOPE_SIGNAL = 1 << 1,

    RULE_PATH = 1,
    RULE_PORT = 2,
};

struct ruleset_attr {
    uint64_t fs, net, scoped;
};

struct path_attr {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

struct port_attr {
    uint64_t allowed, port;
};

/* What one ruleset is about. */
struct ruleset {
    int fd;
    uint64_t fs;
    bool ports;
};

int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG);
    return abi < 0 ? 0 : (int)abi;
}

static uint64_t fs_all(int abi)
{
    if (abi >= 5)
        return FS_ALL_5;
    if (abi >= 3)
        return FS_ALL_3;
    return abi == 2 ? FS_ALL_2 : FS_ALL_1;
}

static uint64_t rights_of(enum confine_access access)
{
    switch (access) {
    case CONFINE_READ:
        return FS_READ;
    case CONFINE_WRITE:
        return FS_WRITE;
    case CONFINE_SOCKET:
        return FS_NAMES;
    }
    return 0;
}

/* What is not there, or where we may not look, stays out of reach. */
static struct err one_add(const struct ruleset *r, const struct confine_path *p, const char *real)
{
    struct path_attr attr = {.allowed = rights_of(p->access) & r->fs,
                             .parent_fd = open(real, O_PATH | O_CLOEXEC)};
    struct stat st;
    if (attr.parent_fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES
                   ? OK
                   : err_at(ERR_STORE, p->path, "this cannot be opened to be kept within reach");
    bool ok = fstat(attr.parent_fd, &st) == 0;
    if (ok && !S_ISDIR(st.st_mode))
        attr.allowed &= FS_OF_A_FILE;
    ok = ok &&
         (attr.allowed == 0 || syscall(SYS_landlock_add_rule, r->fd, RULE_PATH, &attr, 0) == 0);
    close(attr.parent_fd);
    return ok ? OK : err_at(ERR_STORE, p->path, "Landlock does not take this path");
}

static struct err path_add(const struct ruleset *r, const struct confine_path *p)
{
    struct confine_real real[CONFINE_REAL_MAX];
    const size_t n = p->folder ? confine_path_real(p, real) : 0;
    if (!p->folder)
        return one_add(r, p, p->path);
    for (size_t i = 0; i < n; i++)
        TRY(one_add(r, p, real[i].at));
    return OK;
}

static struct err ports_add(const struct ruleset *r, const uint16_t *ports, size_t n,
                            uint64_t right)
{
    for (size_t i = 0; i < n; i++) {
        const struct port_attr attr = {.allowed = right, .port = ports[i]};
        ENSURE(syscall(SYS_landlock_add_rule, r->fd, RULE_PORT, &attr, 0) == 0, ERR_STORE,
               "Landlock does not take a port");
    }
    return OK;
}

static struct err rules_add(const struct ruleset *r, const struct confine_plan *plan)
{
    for (size_t i = 0; i < plan->paths_n; i++)
        TRY(path_add(r, &plan->paths[i]));
    if (!r->ports)
        return OK;
    TRY(ports_add(r, plan->bind_ports, plan->bind_n, NET_BIND));
    return ports_add(r, plan->connect_ports, plan->connect_n, NET_CONNECT);
}

struct err landlock_apply(const struct confine_plan *plan, int abi)
{
    const struct ruleset_attr attr = {.fs = fs_all(abi),
                                      .net = abi >= 4 ? NET_BIND | NET_CONNECT : 0,
                                      .scoped = abi >= 6 ? SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL : 0};
    struct ruleset r = {.fs = attr.fs, .ports = abi >= 4};
    r.fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    ENSURE(r.fd >= 0, ERR_STORE, "Landlock makes no ruleset");
    struct err e = rules_add(&r, plan);
    if (e.kind == ERR_NONE && syscall(SYS_landlock_restrict_self, r.fd, 0) != 0)
        e = err_new(ERR_STORE, "Landlock does not restrict this process");
    close(r.fd);
    return e;
}
