/* The system calls that a daemon makes, as a list; all others fail with EPERM, and those that only
 * somebody who took the process over would make end it (the kernel's audit log says which). Over
 * libseccomp: no other file includes its header. Addresses behind pointers cannot be judged here:
 * which files and ports is Landlock's. Calls by another machine's numbers (x32, 32 bits) end it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/confine_own.h"

#ifdef __clang__ /* libseccomp's own macros leave a member out */
#pragma clang diagnostic ignored "-Wmissing-field-initializers"
#endif

#define TYPE_MASK 0xf /* of socket's type: what is not SOCK_NONBLOCK and SOCK_CLOEXEC */
#define THREAD    (CLONE_VM | CLONE_THREAD | CLONE_SIGHAND)
#define WORLDS                                                                                     \
    (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |     \
     CLONE_NEWCGROUP)

/* Some are not on every machine, and some only on a newer kernel than this: those are left out. */
static const char *const allowed[] = {
    /* bytes */
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "pwrite64",
    "preadv",
    "pwritev",
    "preadv2",
    "pwritev2",
    "close",
    "close_range",
    "lseek",
    "_llseek",
    "fsync",
    "fdatasync",
    "ftruncate",
    "ftruncate64",
    "fallocate",
    "fadvise64",
    "fadvise64_64",
    "sync_file_range",
    "copy_file_range",
    "sendfile",
    "sendfile64",
    "flock",
    "dup",
    "dup2",
    "dup3",
    "pipe",
    "pipe2",
    "eventfd2",
    /* names; open and openat are below */
    "stat",
    "stat64",
    "fstat",
    "fstat64",
    "lstat",
    "lstat64",
    "newfstatat",
    "fstatat64",
    "statx",
    "statfs",
    "statfs64",
    "fstatfs",
    "fstatfs64",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getdents64",
    "getcwd",
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "link",
    "linkat",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchown32",
    "umask",
    /* memory; mmap and mprotect are below */
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "mlock",
    "mlock2",
    "munlock",
    "msync",
    "membarrier",
    /* threads and time; clone is below */
    "set_robust_list",
    "set_tid_address",
    "rseq",
    "futex",
    "futex_time64",
    "sched_yield",
    "sched_getaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "getcpu",
    "gettid",
    "getpid",
    "getppid",
    "exit",
    "exit_group",
    "restart_syscall",
    "clock_gettime",
    "clock_gettime64",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    "times",
    /* signals */
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigreturn",
    "rt_sigtimedwait",
    "rt_sigpending",
    "sigaltstack",
    /* sockets and waiting; socket, connect, bind and what sends are below */
    "accept",
    "accept4",
    "getsockname",
    "getpeername",
    "setsockopt",
    "getsockopt",
    "shutdown",
    "recvfrom",
    "recvmsg",
    "recvmmsg",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "poll",
    "ppoll",
    "select",
    "_newselect",
    "pselect6",
    /* about itself */
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getuid32",
    "geteuid32",
    "getgid32",
    "getegid32",
    "getresuid",
    "getresgid",
    "uname",
    "sysinfo",
    "getrusage",
    "getrlimit",
    "getrandom",
    "capget",
};

/* Nobody here means any of these. */
static const char *const deadly[] = {
    "execve",
    "execveat",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "setns",
    "unshare",
    "add_key",
    "request_key",
    "keyctl",
    "pidfd_getfd",
    "open_by_handle_at",
    "io_uring_setup",
};

/* What is left of a C library's newest ways falls back to older ones when it is not there. */
static const char *const not_there[] = {"clone3", "openat2", "set_mempolicy"};

struct filter {
    scmp_filter_ctx ctx;
    bool outward; /* something is connected to */
    int failed;   /* the first one */
};

/* A rule for a call by its name; one that the machine does not have is none. */
static void rule(struct filter *f, uint32_t action, const char *name, unsigned n,
                 const struct scmp_arg_cmp *args)
{
    const int nr = seccomp_syscall_resolve_name(name);
    if (nr == __NR_SCMP_ERROR || f->failed != 0)
        return;
    f->failed = seccomp_rule_add_array(f->ctx, action, nr, n, args);
}

static void rules(struct filter *f, uint32_t action, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rule(f, action, names[i], 0, NULL);
}

#define NAMES(a) (a), sizeof(a) / sizeof(a)[0]

static void allow_if(struct filter *f, const char *name, struct scmp_arg_cmp arg)
{
    rule(f, SCMP_ACT_ALLOW, name, 1, &arg);
}

/* No memory that is both ours to fill and to run; no code but what was loaded before. */
static void memory(struct filter *f)
{
    const struct scmp_arg_cmp not_run = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    allow_if(f, "mmap", not_run);
    allow_if(f, "mmap2", not_run);
    allow_if(f, "mprotect", not_run);
}

/* Landlock before its third ABI lets a file that may only be read be emptied by opening it. */
static void files(struct filter *f)
{
    allow_if(f, "open", SCMP_A1(SCMP_CMP_MASKED_EQ, O_TRUNC, 0));
    allow_if(f, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, O_TRUNC, 0));
}

/* Not who a descriptor's signals go to (F_SETOWN): it would be a way to signal other processes. */
static void descriptors(struct filter *f)
{
    static const int known[] = {F_DUPFD,  F_DUPFD_CLOEXEC, F_GETFD,     F_SETFD,
                                F_GETFL,  F_SETFL,         F_GETLK,     F_SETLK,
                                F_SETLKW, F_OFD_GETLK,     F_OFD_SETLK, F_OFD_SETLKW};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        allow_if(f, "fcntl", SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)known[i]));
        allow_if(f, "fcntl64", SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)known[i]));
    }
}

/* Threads, not processes, and in this world; signals to this process only. */
static void threads(struct filter *f)
{
    const struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
    allow_if(f, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, THREAD | WORLDS, THREAD));
    allow_if(f, "tgkill", self);
    allow_if(f, "kill", self);
    allow_if(f, "prctl", SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    allow_if(f, "prctl", SCMP_A0(SCMP_CMP_EQ, PR_GET_NAME));
    allow_if(f, "prctl", SCMP_A0(SCMP_CMP_EQ, PR_GET_DUMPABLE));
    allow_if(f, "prctl", SCMP_A0(SCMP_CMP_EQ, PR_GET_NO_NEW_PRIVS));
    allow_if(f, "prctl", SCMP_A0(SCMP_CMP_EQ, PR_SET_VMA));
    allow_if(f, "prlimit64", SCMP_A2(SCMP_CMP_EQ, 0)); /* asks */
    allow_if(f, "ioctl", SCMP_A1(SCMP_CMP_EQ, FIONBIO));
    allow_if(f, "ioctl", SCMP_A1(SCMP_CMP_EQ, FIONREAD));
    allow_if(f, "ioctl", SCMP_A1(SCMP_CMP_EQ, SIOCOUTQ));
    allow_if(f, "ioctl", SCMP_A1(SCMP_CMP_EQ, TCGETS));
}

static void allow_socket(struct filter *f, int family, int type, int protocol)
{
    const struct scmp_arg_cmp args[] = {
        SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family),
        SCMP_A1(SCMP_CMP_MASKED_EQ, TYPE_MASK, (scmp_datum_t)type),
        SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)protocol),
    };
    rule(f, SCMP_ACT_ALLOW, "socket", 3, args);
}

/* TCP by its own name only: MPTCP and SCTP would pass by Landlock's rules for ports, and so would
 * the connecting that a send with MSG_FASTOPEN does. */
static void sockets(struct filter *f)
{
    static const int families[] = {AF_INET, AF_INET6};
    const struct scmp_arg_cmp pair[] = {SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
                                        SCMP_A1(SCMP_CMP_MASKED_EQ, TYPE_MASK, SOCK_STREAM)};
    rule(f, SCMP_ACT_ALLOW, "socketpair", 2,
         pair); /* a pair of datagrams could be sent elsewhere */
    allow_socket(f, AF_UNIX, SOCK_STREAM, 0);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        allow_socket(f, families[i], SOCK_STREAM, 0);
        allow_socket(f, families[i], SOCK_STREAM, IPPROTO_TCP);
        if (!f->outward)
            continue;
        allow_socket(f, families[i], SOCK_DGRAM, 0);
        allow_socket(f, families[i], SOCK_DGRAM, IPPROTO_UDP);
    }
    if (f->outward) /* which addresses this machine has: getaddrinfo asks */
        allow_socket(f, AF_NETLINK, SOCK_RAW, 0);
    rule(f, SCMP_ACT_ALLOW, "connect", 0, NULL);
    rule(f, SCMP_ACT_ALLOW, "bind", 0, NULL);
    rule(f, SCMP_ACT_ALLOW, "listen", 0, NULL);
    rule(f, SCMP_ACT_ALLOW, "seccomp", 0, NULL); /* seccomp_listening's, which ends both */
    allow_if(f, "sendto", SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0));
    allow_if(f, "sendmsg", SCMP_A2(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0));
    allow_if(f, "sendmmsg", SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0));
}

static struct err load(struct filter *f)
{
    if (f->failed == 0)
        f->failed = seccomp_attr_set(f->ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (f->failed == 0)
        f->failed = seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (f->failed == 0)
        f->failed = seccomp_load(f->ctx);
    seccomp_release(f->ctx);
    ENSURE(f->failed == 0, ERR_STORE, "the kernel does not take a seccomp filter");
    return OK;
}

struct err seccomp_apply(const struct confine_plan *plan)
{
    struct filter f = {.ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM)), .outward = plan->connect_n > 0};
    ENSURE(f.ctx != NULL, ERR_STORE, "a seccomp filter cannot be made");
    rules(&f, SCMP_ACT_ALLOW, NAMES(allowed));
    rules(&f, SCMP_ACT_KILL_PROCESS, NAMES(deadly));
    rules(&f, SCMP_ACT_ERRNO(ENOSYS), NAMES(not_there));
    memory(&f);
    files(&f);
    descriptors(&f);
    threads(&f);
    sockets(&f);
    return load(&f);
}

/* A second filter over the first: no more listening, nobody is asked through a Unix socket (this
 * machine's services would start programs for us, and Landlock does not know those sockets), no
 * rights are changed by a file's name (nor does it know that), and who connects to nothing has no
 * use for sockets at all. Threads run by now; it is theirs as well. */
struct err seccomp_listening(bool outward)
{
    static const char *const enough[] = {"listen", "seccomp", "chmod", "fchmodat"};
    static const char *const silent[] = {"socket", "connect", "bind"};
    const struct scmp_arg_cmp local = SCMP_A0(SCMP_CMP_EQ, AF_UNIX);
    struct filter f = {.ctx = seccomp_init(SCMP_ACT_ALLOW), .outward = outward};
    ENSURE(f.ctx != NULL, ERR_STORE, "a seccomp filter cannot be made");
    rules(&f, SCMP_ACT_ERRNO(EPERM), NAMES(enough));
    if (outward)
        rule(&f, SCMP_ACT_ERRNO(EPERM), "socket", 1, &local);
    else
        rules(&f, SCMP_ACT_ERRNO(EPERM), NAMES(silent));
    if (f.failed == 0)
        f.failed = seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    if (f.failed == 0) /* it is set, and may not be asked for any more */
        f.failed = seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_NNP, 0);
    return load(&f);
}
