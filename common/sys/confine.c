/* The plan, what every kernel has (no-new-privs, limits, capabilities), and what holds. Landlock
 * and seccomp are files of their own. */
#include "common/sys/confine.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/sys/confine_own.h"
#include "common/sys/crypt.h"
#include "common/sys/log.h"
#include "common/sys/metrics.h"
#include "common/sys/netaddr.h"

/* A sanitizer's runtime makes calls of its own, reads /proc and maps code. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INSTRUMENTED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define INSTRUMENTED true
#endif
#endif
#ifndef INSTRUMENTED
#define INSTRUMENTED false
#endif

#define NO_LANDLOCK       "the kernel has no Landlock, or a container forbids it"
#define FIRST_PORT_OF_ALL 1024 /* below it the kernel wants CAP_NET_BIND_SERVICE */

static struct confine_state now = {.dumpable = true, .capabilities = true, .lacking = ""};
static bool outward; /* something may be connected to */

/* ---- the plan ---- */

static void wrong(struct confine_plan *plan, struct err e)
{
    if (plan->wrong.kind == ERR_NONE)
        plan->wrong = e;
}

static void path_add(struct confine_plan *plan, const struct confine_path *p)
{
    if (text_empty(p->path))
        return;
    if (plan->paths_n == CONFINE_PATHS_MAX)
        wrong(plan, err_at(ERR_LIMIT, p->path, "too many paths to be kept within reach"));
    else
        plan->paths[plan->paths_n++] = *p;
}

void confine_plan_path(struct confine_plan *plan, const char *path, enum confine_access access)
{
    path_add(plan, &(struct confine_path){.path = path, .access = access});
}

void confine_plan_folder_of(struct confine_plan *plan, const char *path, enum confine_access access)
{
    path_add(plan, &(struct confine_path){.path = path, .access = access, .folder = true});
}

static void port_add(struct confine_plan *plan, uint16_t *ports, size_t *n, uint16_t port)
{
    for (size_t i = 0; i < *n; i++) {
        if (ports[i] == port)
            return;
    }
    if (*n == CONFINE_PORTS_MAX)
        wrong(plan, err_new(ERR_LIMIT, "too many ports to be kept within reach"));
    else
        ports[(*n)++] = port;
}

void confine_plan_listen(struct confine_plan *plan, const char *address)
{
    struct netaddr addr;
    uint16_t port;
    struct err e = netaddr_port_parse(address, &addr, &port);
    if (e.kind != ERR_NONE)
        wrong(plan, err_in(e, address));
    else
        port_add(plan, plan->bind_ports, &plan->bind_n, port);
}

/* What looking names up and checking certificates reads; a name service that is asked elsewhere
 * (an own resolver's folder under /run) included. */
static void names_add(struct confine_plan *plan)
{
    static const char *const files[] = {
        "/etc/resolv.conf",
        "/etc/hosts",
        "/etc/nsswitch.conf",
        "/etc/host.conf",
        "/etc/gai.conf",
        "/etc/services",
        "/etc/protocols",
        "/etc/ssl",
        "/etc/pki",
        "/usr/share/ca-certificates",
        "/usr/local/share/ca-certificates",
        "/run/systemd/resolve",
        "/run/resolvconf",
        "/run/NetworkManager",
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        confine_plan_path(plan, files[i], CONFINE_READ);
    port_add(plan, plan->connect_ports, &plan->connect_n, 53);
    port_add(plan, plan->connect_ports, &plan->connect_n, 443);
}

/* The digits behind the authority's last colon; 0 when there are none. */
static uint32_t port_digits(struct str authority)
{
    uint32_t port = 0;
    size_t i = authority.len;
    while (i > 0 && authority.at[i - 1] >= '0' && authority.at[i - 1] <= '9')
        i--;
    if (i == 0 || i == authority.len || authority.at[i - 1] != ':')
        return 0;
    for (; i < authority.len && port <= UINT16_MAX; i++)
        port = port * 10 + (uint32_t)(authority.at[i] - '0');
    return port;
}

static uint32_t port_of_scheme(struct str scheme)
{
    static const struct {
        const char *scheme;
        uint32_t port;
    } known[] = {{"https", 443}, {"http", 80}, {"smtp", 25}, {"smtps", 465}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (str_is_nocase(scheme, known[i].scheme))
            return known[i].port;
    }
    return 0;
}

void confine_plan_url(struct confine_plan *plan, const char *url)
{
    struct str scheme = STR("https"), authority = str_of(url), rest;
    const char *sep = text_empty(url) ? NULL : strstr(url, "://");
    if (text_empty(url))
        return;
    if (sep != NULL) {
        scheme = (struct str){url, (size_t)(sep - url)};
        authority = str_of(sep + 3);
    }
    (void)str_cut(authority, '/', &authority, &rest);
    (void)str_cut(authority, '?', &authority, &rest);
    uint32_t port = port_digits(authority);
    if (port == 0)
        port = port_of_scheme(scheme);
    if (port == 0 || port > UINT16_MAX) {
        wrong(plan, err_at(ERR_INPUT, url, "which port this is cannot be told"));
        return;
    }
    if (plan->connect_n == 0)
        names_add(plan);
    port_add(plan, plan->connect_ports, &plan->connect_n, (uint16_t)port);
}

static bool is_above(const char *folder, const char *path)
{
    const size_t len = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    return strncmp(folder, path, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* The folder that holds the file, or the file itself where that is the root: everything would be
 * lent. False when it is nowhere. */
static bool folder_real(const char *path, struct confine_real *real)
{
    char named[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (len >= sizeof named)
        return false;
    memcpy(named, path, len);
    named[len] = '\0';
    if (realpath(len > 0 ? named : slash == NULL ? "." : "/", real->at) == NULL)
        return false;
    return strcmp(real->at, "/") != 0 || realpath(path, real->at) != NULL;
}

size_t confine_path_real(const struct confine_path *p, struct confine_real real[CONFINE_REAL_MAX])
{
    char target[PATH_MAX];
    if (!p->folder)
        return realpath(p->path, real[0].at) != NULL ? 1 : 0;
    size_t n = folder_real(p->path, &real[0]) ? 1 : 0;
    if (realpath(p->path, target) != NULL && folder_real(target, &real[n]))
        n += n == 0 || strcmp(real[0].at, real[1].at) != 0;
    return n;
}

bool confine_plan_reaches(const struct confine_plan *plan, const char *path)
{
    struct confine_real lent[CONFINE_REAL_MAX];
    char real[PATH_MAX];
    if (realpath(path, real) == NULL)
        return false;
    for (size_t i = 0; i < plan->paths_n; i++) {
        const struct confine_path *p = &plan->paths[i];
        const size_t n = p->access == CONFINE_SOCKET ? 0 : confine_path_real(p, lent);
        for (size_t j = 0; j < n; j++) {
            if (is_above(lent[j].at, real))
                return true;
        }
    }
    return false;
}

/* ---- what every kernel has ---- */

void confine_early(void)
{
    const struct rlimit none = {0, 0};
    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    now.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    now.keys_locked = crypt_keys_lock();
    now.dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
}

/* As many open files as the plan needs, and no more to be had later. */
static void files_limit(const struct confine_plan *plan)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    const rlim_t wanted = (rlim_t)plan->files;
    if (plan->files > 0 && limit.rlim_max > wanted)
        limit.rlim_max = wanted;
    if (plan->files > 0 && limit.rlim_max < wanted)
        log_warn("fewer files may be open than the settings may need",
                 LOG_INT("limit", limit.rlim_max), LOG_INT("needed", wanted), LOG_END);
    limit.rlim_cur = limit.rlim_max;
    if (plan->files > 0)
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    now.files = limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur;
}

/* Root in another user's folder writes by what makes it root, and gives its files that owner. */
static bool folders_are_ours(const struct confine_plan *plan)
{
    struct stat st;
    for (size_t i = 0; i < plan->paths_n; i++) {
        const struct confine_path *p = &plan->paths[i];
        if (p->access == CONFINE_WRITE && stat(p->path, &st) == 0 && st.st_uid != geteuid())
            return false;
    }
    return true;
}

static uint32_t capabilities_needed(const struct confine_plan *plan)
{
    uint32_t keep = 0;
    for (size_t i = 0; i < plan->bind_n; i++) {
        if (plan->bind_ports[i] != 0 && plan->bind_ports[i] < FIRST_PORT_OF_ALL)
            keep |= 1u << CAP_NET_BIND_SERVICE;
    }
    if (!folders_are_ours(plan))
        keep |= 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_CHOWN;
    return keep;
}

static void capabilities_drop(const struct confine_plan *plan)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};
    const uint32_t keep = capabilities_needed(plan);
    if (syscall(SYS_capget, &head, data) != 0)
        return;
    data[0].permitted &= keep;
    data[0].effective &= keep;
    data[0].inheritable = data[1].permitted = data[1].effective = data[1].inheritable = 0;
    (void)syscall(SYS_capset, &head, data);
    if (syscall(SYS_capget, &head, data) == 0)
        now.capabilities = data[0].permitted != 0 || data[1].permitted != 0;
}

/* ---- what some kernels have ---- */

static size_t threads_count(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/task");
    for (const struct dirent *d = dir == NULL ? NULL : readdir(dir); d != NULL; d = readdir(dir))
        n += d->d_name[0] != '.';
    if (dir != NULL)
        closedir(dir);
    return n;
}

/* What any of our programs reads while it runs. */
static void common_paths_add(struct confine_plan *plan)
{
    confine_plan_path(plan, "/usr/share/zoneinfo", CONFINE_READ);
    confine_plan_path(plan, "/dev/null", CONFINE_WRITE);
    confine_plan_path(plan, "/dev/urandom", CONFINE_READ);
    if (INSTRUMENTED)
        confine_plan_path(plan, "/proc", CONFINE_READ);
}

static struct err files_and_ports(const struct confine_plan *plan)
{
    const int abi = landlock_abi();
    if (abi == 0) {
        now.lacking = NO_LANDLOCK;
        return OK;
    }
    TRY(landlock_apply(plan, abi));
    now.landlock = abi;
    now.ports = abi >= 4;
    return OK;
}

static void calls(const struct confine_plan *plan)
{
    if (INSTRUMENTED) {
        log_info("seccomp is off: this build is instrumented, and its runtime makes other calls",
                 LOG_END);
        return;
    }
    struct err e = seccomp_apply(plan);
    now.seccomp = e.kind == ERR_NONE;
    if (!now.seccomp)
        now.lacking = e.msg;
}

static void told(const struct confine_plan *plan, enum confine_need need)
{
    if (!now.keys_locked)
        log_warn("private keys may be swapped out: RLIMIT_MEMLOCK is below what is to be locked",
                 LOG_TEXT("program", plan->name), LOG_INT("needed", CRYPT_KEYS_BYTES), LOG_END);
    if (need == CONFINE_NOT)
        log_warn("this process is not confined: the settings say so",
                 LOG_TEXT("program", plan->name), LOG_END);
    else if (now.lacking[0] != '\0')
        log_warn("this process is confined only in part", LOG_TEXT("program", plan->name),
                 LOG_TEXT("lacking", now.lacking), LOG_INT("landlock", now.landlock),
                 LOG_BOOL("seccomp", now.seccomp), LOG_END);
    else
        log_info("confined", LOG_TEXT("program", plan->name), LOG_INT("landlock", now.landlock),
                 LOG_BOOL("ports", now.ports), LOG_BOOL("seccomp", now.seccomp),
                 LOG_BOOL("capabilities", now.capabilities), LOG_INT("files", now.files), LOG_END);
}

struct err confine_apply(const struct confine_plan *plan, enum confine_need need,
                         struct arena *arena)
{
    struct confine_plan whole = *plan;
    struct metric_process first;
    common_paths_add(&whole);
    TRY(whole.wrong);
    const size_t threads = threads_count();
    ENSURE(threads > 0, ERR_STORE,
           "whether threads run already that would not be confined cannot be told: there is no "
           "/proc");
    ENSURE(threads == 1, ERR_CONFLICT, "threads run already that would not be confined");
    metric_process(&first); /* what it reads in /proc it keeps open */
    now.asked = true;
    confine_early();
    files_limit(plan);
    if (need == CONFINE_NOT) {
        now.lacking = "the settings say so";
        told(plan, need);
        return OK;
    }
    capabilities_drop(plan);
    TRY(files_and_ports(&whole));
    outward = plan->connect_n > 0;
    calls(&whole);
    if (need == CONFINE_WHOLE && now.lacking[0] != '\0')
        return err_fmt(arena, ERR_STORE, plan->name,
                       "this process cannot be confined: %s; with "
                       "CLOSEGATE_UNSAFE_NO_CONFINEMENT=partly it starts nevertheless",
                       now.lacking);
    told(plan, need);
    return OK;
}

struct err confine_listening(void)
{
    return now.seccomp ? seccomp_listening(outward) : OK;
}

/* ---- what holds ---- */

struct err confine_check(void)
{
    ENSURE(landlock_abi() > 0, ERR_MISSING, NO_LANDLOCK);
    ENSURE(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0, ERR_MISSING, "the kernel has no seccomp");
    return OK;
}

void confine_keys_apart(int64_t pid)
{
    now.signer = pid;
}

const struct confine_state *confine_state(void)
{
    return &now;
}

struct json *confine_json(struct arena *arena)
{
    struct json *o = json_object_new(arena);
    json_put_bool(arena, o, "whole", now.asked && now.lacking[0] == '\0');
    json_put_bool(arena, o, "no_new_privs", now.no_new_privs);
    json_put_bool(arena, o, "dumpable", now.dumpable);
    json_put_bool(arena, o, "capabilities", now.capabilities);
    json_put_int(arena, o, "files", now.files);
    json_put_int(arena, o, "landlock", now.landlock);
    json_put_bool(arena, o, "ports", now.ports);
    json_put_bool(arena, o, "seccomp", now.seccomp);
    json_put_bool(arena, o, "keys_locked", now.keys_locked);
    if (now.signer != 0)
        json_put_int(arena, o, "signer", now.signer);
    json_put_text(arena, o, "lacking", now.lacking);
    return o;
}
