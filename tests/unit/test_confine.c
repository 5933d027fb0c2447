/* What a confined process can still do, tried out in children: each applies a plan and then makes
 * one attempt. A child that seccomp ends is told by its signal. */
#include "common/sys/confine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/confine_own.h"
#include "common/sys/log.h"
#include "common/sys/metrics.h"
#include "tests/unit/test.h"

#define DIED 1000 /* and the signal */

static struct arena *arena;
static char folder[64], file[80], other[80];

static void file_make(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "x", 1), 1);
    (void)close(fd);
}

static void up(void)
{
    struct log_options quiet = log_options_default();
    quiet.level = LOG_ERROR;
    log_init(&quiet);
    arena = arena_new(8 << 20);
    (void)snprintf(folder, sizeof folder, "/tmp/closegate-confine-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/file", folder);
    (void)snprintf(other, sizeof other, "%s.other", folder);
    file_make(file);
    file_make(other);
}

static void tear_down(void)
{
    char name[96];
    (void)snprintf(name, sizeof name, "%s/new", folder);
    (void)unlink(name);
    (void)unlink(file);
    (void)unlink(other);
    (void)rmdir(folder);
    arena_free(arena);
}

static bool has_landlock(void)
{
    return landlock_abi() > 0;
}

/* What a child says of its attempt: 0, or errno, or DIED and the signal. */
static int tried(int (*attempt)(void), void (*more)(struct confine_plan *), bool listening)
{
    const pid_t child = fork();
    if (child == 0) {
        struct confine_plan plan = {.name = "a test"};
        confine_plan_path(&plan, folder, CONFINE_WRITE);
        if (more != NULL)
            more(&plan);
        struct err e = confine_apply(&plan, CONFINE_PARTLY, arena);
        if (e.kind == ERR_NONE && listening)
            e = confine_listening();
        _exit(e.kind != ERR_NONE ? 200 : attempt());
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? DIED + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool has_seccomp(void)
{
    static int known = -1;
    if (known < 0) {
        const pid_t child = fork();
        if (child == 0) {
            const struct confine_plan plan = {.name = "a test"};
            const struct err e = confine_apply(&plan, CONFINE_PARTLY, arena);
            _exit(e.kind == ERR_NONE && confine_state()->seccomp);
        }
        int status = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        known = WEXITSTATUS(status);
    }
    return known == 1;
}

static int result(long rc)
{
    return rc < 0 ? errno : 0;
}

static int opens(const char *path, int flags)
{
    return result(open(path, flags | O_CLOEXEC, 0600));
}

/* ---- files ---- */

static int open_passwd(void)
{
    return opens("/etc/passwd", O_RDONLY);
}

static int open_neighbour(void)
{
    return opens(other, O_RDONLY);
}

static int open_own(void)
{
    char name[96];
    (void)snprintf(name, sizeof name, "%s/new", folder);
    const int made = opens(name, O_RDWR | O_CREAT);
    return made != 0 ? made : opens(file, O_RDWR);
}

static int unlink_neighbour(void)
{
    return result(unlink(other));
}

static int make_neighbour(void)
{
    return opens("/tmp/closegate-confine-made", O_WRONLY | O_CREAT);
}

START_TEST(files_outside_of_the_plan_are_out_of_reach)
{
    if (!has_landlock())
        return;
    ck_assert_int_eq(tried(open_passwd, NULL, false), EACCES);
    ck_assert_int_eq(tried(open_neighbour, NULL, false), EACCES);
    ck_assert_int_eq(tried(unlink_neighbour, NULL, false), EACCES);
    ck_assert_int_eq(tried(make_neighbour, NULL, false), EACCES);
}
END_TEST

START_TEST(files_of_the_plan_stay)
{
    ck_assert_int_eq(tried(open_own, NULL, false), 0);
}
END_TEST

static void read_only(struct confine_plan *plan)
{
    plan->paths_n = 0;
    confine_plan_folder_of(plan, file, CONFINE_READ);
}

static int read_own(void)
{
    return opens(file, O_RDONLY);
}

static int write_own(void)
{
    return opens(file, O_WRONLY);
}

START_TEST(what_is_to_be_read_cannot_be_written)
{
    ck_assert_int_eq(tried(read_own, read_only, false), 0);
    if (has_landlock())
        ck_assert_int_eq(tried(write_own, read_only, false), EACCES);
}
END_TEST

static int empty_own(void)
{
    return opens(file, O_RDONLY | O_TRUNC);
}

START_TEST(what_is_to_be_read_cannot_be_emptied_either)
{
    const int found = tried(empty_own, read_only, false);
    ck_assert(found == EPERM || found == EACCES || (!has_seccomp() && landlock_abi() < 3));
}
END_TEST

/* As an ACME client keeps certificates: a link of a constant name to another folder's newest. */
static char linked[96];

static void linked_file(struct confine_plan *plan)
{
    plan->paths_n = 0;
    confine_plan_folder_of(plan, linked, CONFINE_READ);
}

static int read_linked(void)
{
    return opens(linked, O_RDONLY);
}

START_TEST(a_link_to_another_folder_can_be_read_and_renewed)
{
    char live[80];
    (void)snprintf(live, sizeof live, "%s.live", folder);
    (void)snprintf(linked, sizeof linked, "%s/cert", live);
    ck_assert_int_eq(mkdir(live, 0700), 0);
    ck_assert_int_eq(symlink(file, linked), 0);
    ck_assert_int_eq(tried(read_linked, linked_file, false), 0);
    ck_assert_int_eq(tried(read_own, linked_file, false), 0); /* the next one is beside it */
    if (has_landlock())
        ck_assert_int_eq(tried(open_neighbour, linked_file, false), EACCES);
    struct confine_plan plan = {.name = "a test"};
    linked_file(&plan);
    ck_assert(confine_plan_reaches(&plan, file));
    ck_assert(!confine_plan_reaches(&plan, other));
    (void)unlink(linked);
    (void)rmdir(live);
}
END_TEST

static void below_the_root(struct confine_plan *plan)
{
    plan->paths_n = 0;
    confine_plan_folder_of(plan, "/bin", CONFINE_READ); /* any name there, a folder, too */
}

START_TEST(a_file_right_below_the_root_does_not_lend_everything)
{
    struct confine_plan plan = {.name = "a test"};
    if (has_landlock())
        ck_assert_int_eq(tried(open_passwd, below_the_root, false), EACCES);
    below_the_root(&plan);
    ck_assert(!confine_plan_reaches(&plan, "/etc"));
}
END_TEST

static void names_only(struct confine_plan *plan)
{
    plan->paths_n = 0;
    confine_plan_path(plan, folder, CONFINE_SOCKET);
}

START_TEST(a_folder_for_a_socket_lends_none_of_its_files)
{
    if (!has_landlock())
        return;
    ck_assert_int_eq(tried(read_own, names_only, false), EACCES);
    ck_assert_int_eq(tried(write_own, names_only, false), EACCES);
}
END_TEST

static int figures(void)
{
    struct metric_process p;
    metric_process(&p);
    return p.resident_bytes > 0 && p.open_files >= 3 ? 0 : 1;
}

START_TEST(a_confined_process_still_tells_its_memory_and_files)
{
    ck_assert_int_eq(tried(figures, NULL, false), 0);
}
END_TEST

/* ---- programs, other processes, code ---- */

static int exec_true(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};
    return result(execv("/bin/true", argv));
}

static int fork_one(void)
{
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    return result(child);
}

static int trace_parent(void)
{
    return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int signal_parent(void)
{
    return result(kill(getppid(), 0));
}

static int run_made_code(void)
{
    const void *at =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? errno : 0;
}

/* A way to signal others without kill: a descriptor's signals sent to them. */
static int signal_parent_by_file(void)
{
    const int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return fd < 0 ? 1 : result(fcntl(fd, F_SETOWN, getppid()));
}

static int thread_in_another_world(void)
{
    const long flags = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_FS | CLONE_NEWNET;
    const long rc = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (rc == 0)
        (void)syscall(SYS_exit, 0);
    return result(rc);
}

#ifdef __x86_64__
/* The same call by the number of another machine. */
static int x32_call(void)
{
    return result(syscall(0x40000000 | SYS_getpid));
}

static int call_of_32_bits(void)
{
    long rc;
    __asm__ volatile("int $0x80" : "=a"(rc) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    return rc < 0 ? (int)-rc : 0;
}
#endif

START_TEST(calls_by_another_machines_numbers_end_it)
{
#ifdef __x86_64__
    if (!has_seccomp())
        return;
    ck_assert_int_eq(tried(x32_call, NULL, false), DIED + SIGSYS);
    ck_assert_int_eq(tried(call_of_32_bits, NULL, false), DIED + SIGSYS);
    ck_assert_int_eq(tried(x32_call, NULL, true), DIED + SIGSYS);
#endif
}
END_TEST

static int change_rights(void)
{
    return result(chmod(other, 0644));
}

START_TEST(rights_of_other_files_are_not_changed)
{
    if (has_seccomp())
        ck_assert_int_eq(tried(change_rights, NULL, true), EPERM);
}
END_TEST

static void *nothing(void *arg)
{
    return arg;
}

static int start_thread(void)
{
    pthread_t thread;
    const int rc = pthread_create(&thread, NULL, nothing, NULL);
    return rc != 0 ? rc : pthread_join(thread, NULL);
}

static int abort_itself(void)
{
    abort();
}

START_TEST(programs_are_not_started_and_nobody_is_traced)
{
    if (!has_seccomp())
        return;
    ck_assert_int_eq(tried(exec_true, NULL, false), DIED + SIGSYS);
    ck_assert_int_eq(tried(trace_parent, NULL, false), DIED + SIGSYS);
    ck_assert_int_eq(tried(fork_one, NULL, false), EPERM);
    ck_assert_int_eq(tried(signal_parent, NULL, false), EPERM);
    ck_assert_int_eq(tried(signal_parent_by_file, NULL, false), EPERM);
    ck_assert_int_eq(tried(thread_in_another_world, NULL, false), EPERM);
    ck_assert_int_eq(tried(run_made_code, NULL, false), EPERM);
}
END_TEST

START_TEST(threads_start_and_a_broken_invariant_still_ends_it)
{
    ck_assert_int_eq(tried(start_thread, NULL, false), 0);
    ck_assert_int_eq(tried(abort_itself, NULL, false), DIED + SIGABRT);
}
END_TEST

/* ---- the network ---- */

static uint16_t listening_port;
static int listener;

static struct sockaddr_in local(uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return in;
}

static void listener_open(void)
{
    struct sockaddr_in in = local(0);
    socklen_t len = sizeof in;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&in, len), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&in, &len), 0);
    listening_port = ntohs(in.sin_port);
}

static int connect_there(void)
{
    const struct sockaddr_in in = local(listening_port);
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return errno;
    return result(connect(s, (const struct sockaddr *)&in, sizeof in));
}

/* Connects without a connect. */
static int fast_open_there(void)
{
    const struct sockaddr_in in = local(listening_port);
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return errno;
    return result(sendto(s, "x", 1, MSG_FASTOPEN, (const struct sockaddr *)&in, sizeof in));
}

static int socket_of(int family, int type, int protocol)
{
    return result(socket(family, type, protocol));
}

static int datagram(void)
{
    return socket_of(AF_INET, SOCK_DGRAM, 0);
}

static int multipath(void)
{
    return socket_of(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
}

static int packet(void)
{
    return socket_of(AF_PACKET, SOCK_RAW, 0);
}

static int bind_some_port(void)
{
    const struct sockaddr_in in = local((uint16_t)(listening_port - 1));
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return errno;
    return result(bind(s, (const struct sockaddr *)&in, sizeof in));
}

static void to_the_listener(struct confine_plan *plan)
{
    static char url[64];
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/path?x=:1", (unsigned)listening_port);
    confine_plan_url(plan, url);
}

static void elsewhere(struct confine_plan *plan)
{
    confine_plan_url(plan, "https://login.example.com");
}

START_TEST(only_the_ports_of_the_plan_are_connected_to)
{
    listener_open();
    ck_assert_int_eq(tried(connect_there, to_the_listener, true), 0);
    if (landlock_abi() >= 4)
        ck_assert_int_eq(tried(connect_there, elsewhere, true), EACCES);
    if (has_seccomp()) {
        ck_assert_int_eq(tried(fast_open_there, to_the_listener, true), EPERM);
        ck_assert_int_eq(tried(multipath, to_the_listener, false), EPERM);
        ck_assert_int_eq(tried(packet, to_the_listener, false), EPERM);
    }
    (void)close(listener);
}
END_TEST

START_TEST(a_plan_without_addresses_connects_to_nothing)
{
    if (!has_seccomp())
        return;
    listener_open();
    ck_assert_int_eq(tried(connect_there, NULL, true), EPERM);
    ck_assert_int_eq(tried(datagram, NULL, false), EPERM);
    ck_assert_int_eq(tried(datagram, elsewhere, false), 0);
    (void)close(listener);
}
END_TEST

static int unix_socket(void)
{
    return socket_of(AF_UNIX, SOCK_STREAM, 0);
}

static int pair_of(int type)
{
    int ends[2];
    return result(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends));
}

static int pair_of_streams(void)
{
    return pair_of(SOCK_STREAM);
}

static int pair_of_datagrams(void)
{
    return pair_of(SOCK_DGRAM);
}

/* They start programs for whoever asks, and Landlock does not know their sockets. */
START_TEST(the_machines_own_services_are_out_of_reach_of_a_plan_with_addresses)
{
    ck_assert_int_eq(tried(unix_socket, elsewhere, false), 0); /* to listen on */
    ck_assert_int_eq(tried(pair_of_streams, elsewhere, true), 0);
    if (!has_seccomp())
        return;
    ck_assert_int_eq(tried(unix_socket, elsewhere, true), EPERM);
    ck_assert_int_eq(tried(pair_of_datagrams, elsewhere, true), EPERM);
}
END_TEST

static int listen_again(void)
{
    return result(listen(listener, 8));
}

START_TEST(only_the_ports_of_the_plan_are_listened_on_and_only_once)
{
    listener_open();
    if (landlock_abi() >= 4)
        ck_assert_int_eq(tried(bind_some_port, elsewhere, false), EACCES);
    ck_assert_int_eq(tried(listen_again, NULL, false), 0);
    if (has_seccomp())
        ck_assert_int_eq(tried(listen_again, elsewhere, true), EPERM);
    (void)close(listener);
}
END_TEST

/* ---- limits, and what is told ---- */

static int limits(void)
{
    struct rlimit core, files;
    const struct confine_state *now = confine_state();
    if (getrlimit(RLIMIT_CORE, &core) != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 1;
    if (core.rlim_max != 0 || files.rlim_max != 100 || now->files != 100)
        return 2;
    if (now->dumpable || !now->no_new_privs || now->capabilities || !now->asked)
        return 3;
    const struct json *o = confine_json(arena);
    return json_get(o, "whole")->truth == (now->lacking[0] == '\0') ? 0 : 4;
}

static void hundred_files(struct confine_plan *plan)
{
    plan->files = 100;
}

START_TEST(limits_are_set_and_told)
{
    ck_assert_int_eq(tried(limits, hundred_files, false), 0);
}
END_TEST

/* Which capabilities are left, as a number that an exit status can be: bit 0 what another user's
 * folder takes, bit 1 anything else. */
static int capabilities_left(void)
{
    const uint32_t folder_takes = 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_CHOWN;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &head, data) != 0)
        return 100;
    const uint32_t more = (data[0].permitted & ~folder_takes) | data[1].permitted;
    return ((data[0].effective & folder_takes) != 0 ? 1 : 0) | (more != 0 ? 2 : 0);
}

START_TEST(root_keeps_what_another_users_folder_takes_and_nothing_else)
{
    ck_assert_int_eq(tried(capabilities_left, NULL, false), 0);
    if (geteuid() != 0 || chown(folder, 12345, (gid_t)-1) != 0)
        return;
    ck_assert_int_eq(tried(capabilities_left, NULL, false), 1);
    ck_assert_int_eq(tried(open_own, NULL, false), 0);
}
END_TEST

static int unconfined(void)
{
    const struct confine_plan plan = {.name = "a test"};
    if (confine_apply(&plan, CONFINE_NOT, arena).kind != ERR_NONE)
        return 1;
    if (confine_state()->lacking[0] == '\0' || json_get(confine_json(arena), "whole")->truth)
        return 2;
    return open_passwd();
}

/* A kernel, or a container, without Landlock. */
static int no_landlock(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog prog = {.len = 4, .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) | prctl(PR_SET_SECCOMP, 2, &prog);
}

static int lacking(void)
{
    const struct confine_plan plan = {.name = "a test"};
    if (no_landlock() != 0)
        return 1;
    const struct err e = confine_apply(&plan, CONFINE_WHOLE, arena);
    if (e.kind != ERR_STORE || strstr(e.msg, "no Landlock") == NULL ||
        strstr(e.msg, "CLOSEGATE_UNSAFE_NO_CONFINEMENT=partly") == NULL)
        return 2;
    return 0;
}

static int lacking_is_fine(void)
{
    const struct confine_plan plan = {.name = "a test"};
    if (no_landlock() != 0 || confine_apply(&plan, CONFINE_PARTLY, arena).kind != ERR_NONE)
        return 1;
    const struct confine_state *now = confine_state();
    return now->landlock == 0 && now->lacking[0] != '\0' ? open_passwd() : 2;
}

START_TEST(what_the_kernel_lacks_is_an_error_unless_it_may_be_lacking)
{
    int (*const children[])(void) = {lacking, lacking_is_fine};
    for (size_t i = 0; i < 2; i++) {
        const pid_t child = fork();
        if (child == 0)
            _exit(children[i]());
        int status = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
}
END_TEST

START_TEST(unconfined_is_said_and_leaves_files_alone)
{
    const pid_t child = fork();
    if (child == 0)
        _exit(unconfined());
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

static void *waits(void *arg)
{
    const int *fd = arg;
    char byte;
    (void)!read(*fd, &byte, 1);
    return NULL;
}

START_TEST(threads_that_would_not_be_confined_are_an_error)
{
    const struct confine_plan plan = {.name = "a test"};
    int ends[2];
    pthread_t thread;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, waits, &ends[0]), 0);
    ck_err(confine_apply(&plan, CONFINE_PARTLY, arena), ERR_CONFLICT);
    (void)close(ends[1]);
    (void)pthread_join(thread, NULL);
    (void)close(ends[0]);
}
END_TEST

/* ---- the plan ---- */

START_TEST(addresses_are_read_for_their_port)
{
    static const struct {
        const char *url;
        int port;
    } known[] = {
        {"https://a.example/x:1", 443},
        {"http://a.example:8080/x", 8080},
        {"http://[::1]:81", 81},
        {"http://[::1]", 80},
        {"smtp://mail.example", 25},
        {"smtps://mail.example", 465},
        {"127.0.0.1:9000", 9000},
        {"HTTPS://a.example?u=http://b:1", 443},
        {"https://user:7@a.example/", 443},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct confine_plan plan = {.name = "a test"};
        confine_plan_url(&plan, known[i].url);
        bool found = false;
        for (size_t j = 0; j < plan.connect_n; j++)
            found = found || plan.connect_ports[j] == known[i].port;
        ck_assert_msg(found && plan.wrong.kind == ERR_NONE, "%s", known[i].url);
    }
}
END_TEST

START_TEST(an_address_without_a_port_is_an_error)
{
    static const char *const bad[] = {"gopher://a.example", "http://a.example:65536"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct confine_plan plan = {.name = "a test"};
        confine_plan_url(&plan, bad[i]);
        ck_err(confine_apply(&plan, CONFINE_PARTLY, arena), ERR_INPUT);
    }
}
END_TEST

START_TEST(what_the_plan_reaches_is_known)
{
    struct confine_plan plan = {.name = "a test"}, names = plan, holder = plan;
    confine_plan_path(&plan, folder, CONFINE_READ);
    ck_assert(confine_plan_reaches(&plan, folder));
    ck_assert(confine_plan_reaches(&plan, file));
    ck_assert(!confine_plan_reaches(&plan, other)); /* its name begins as the folder's */
    ck_assert(!confine_plan_reaches(&plan, "/tmp"));
    confine_plan_path(&names, folder, CONFINE_SOCKET);
    ck_assert(!confine_plan_reaches(&names, file));
    confine_plan_folder_of(&holder, file, CONFINE_READ);
    ck_assert(confine_plan_reaches(&holder, folder));
}
END_TEST

START_TEST(a_plan_that_does_not_fit_is_an_error)
{
    struct confine_plan plan = {.name = "a test"};
    for (int i = 0; i <= CONFINE_PATHS_MAX; i++)
        confine_plan_path(&plan, "/tmp", CONFINE_READ);
    ck_err(confine_apply(&plan, CONFINE_PARTLY, arena), ERR_LIMIT);
    struct confine_plan ports = {.name = "a test"};
    char urls[CONFINE_PORTS_MAX + 1][24];
    for (int i = 0; i <= CONFINE_PORTS_MAX; i++) {
        (void)snprintf(urls[i], sizeof urls[i], "127.0.0.1:%d", 2000 + i);
        confine_plan_listen(&ports, urls[i]);
    }
    ck_err(confine_apply(&ports, CONFINE_PARTLY, arena), ERR_LIMIT);
}
END_TEST

TEST_MAIN_AROUND("confine", up, tear_down, files_outside_of_the_plan_are_out_of_reach,
                 files_of_the_plan_stay, what_is_to_be_read_cannot_be_written,
                 what_is_to_be_read_cannot_be_emptied_either,
                 a_link_to_another_folder_can_be_read_and_renewed,
                 a_file_right_below_the_root_does_not_lend_everything,
                 calls_by_another_machines_numbers_end_it, rights_of_other_files_are_not_changed,
                 the_machines_own_services_are_out_of_reach_of_a_plan_with_addresses,
                 root_keeps_what_another_users_folder_takes_and_nothing_else,
                 a_folder_for_a_socket_lends_none_of_its_files,
                 a_confined_process_still_tells_its_memory_and_files,
                 programs_are_not_started_and_nobody_is_traced,
                 threads_start_and_a_broken_invariant_still_ends_it,
                 only_the_ports_of_the_plan_are_connected_to,
                 a_plan_without_addresses_connects_to_nothing,
                 only_the_ports_of_the_plan_are_listened_on_and_only_once, limits_are_set_and_told,
                 what_the_kernel_lacks_is_an_error_unless_it_may_be_lacking,
                 unconfined_is_said_and_leaves_files_alone,
                 threads_that_would_not_be_confined_are_an_error, addresses_are_read_for_their_port,
                 an_address_without_a_port_is_an_error, what_the_plan_reaches_is_known,
                 a_plan_that_does_not_fit_is_an_error)
