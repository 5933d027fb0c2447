/* What a daemon gives up once it has started: new privileges, capabilities, core dumps and
 * debuggers (always possible), files and ports that are none of its business (Landlock), and the
 * system calls that it never makes (seccomp). It holds for the whole process and is never undone,
 * so it is asked for once, while there is one thread: those that follow inherit it.
 *
 *   struct confine_plan plan = {.name = "closegate-engine"};
 *   confine_plan_path(&plan, data_dir, CONFINE_WRITE);
 *   confine_plan_listen(&plan, "127.0.0.1:8001");
 *   confine_plan_url(&plan, "https://login.example.com");
 *   TRY(confine_apply(&plan, CONFINE_WHOLE, arena));
 *
 * docs/BARRIERS.md says what each daemon keeps; docs/adr/0020 why it is so. */
#ifndef COMMON_SYS_CONFINE_H
#define COMMON_SYS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/json.h"

#define CONFINE_PATHS_MAX 64
#define CONFINE_PORTS_MAX 32

/* How much has to hold. The kernel may lack Landlock or seccomp, or a container forbid them. */
enum confine_need {
    CONFINE_WHOLE = 0, /* or it is an error */
    CONFINE_PARTLY,    /* as much as the kernel has; what is missing is logged */
    CONFINE_NOT,       /* no Landlock, no seccomp, capabilities kept: logged */
};

enum confine_access {
    CONFINE_READ = 0, /* read files, list folders */
    CONFINE_WRITE,    /* that, and make, write, rename and remove files and sockets */
    CONFINE_SOCKET,   /* make and remove names in a folder; no file in it is opened */
};

/* The builders below copy nothing: paths outlive confine_apply. What does not fit, or cannot be
 * read, is remembered and makes confine_apply fail. */
struct confine_plan {
    const char *name; /* of the program, for the log */
    int64_t files;    /* open files that it may need; 0: as it finds the limit */
    struct confine_path {
        const char *path;
        enum confine_access access;
        bool folder; /* the folder that holds it, instead */
    } paths[CONFINE_PATHS_MAX];
    uint16_t bind_ports[CONFINE_PORTS_MAX], connect_ports[CONFINE_PORTS_MAX];
    size_t paths_n, bind_n, connect_n;
    struct err wrong;
};

/* A file, or a folder with all that is below it. NULL and "" are nothing; what does not exist when
 * the plan is applied stays out of reach. */
void confine_plan_path(struct confine_plan *plan, const char *path, enum confine_access access);
/* The folder that holds the file: for one that is replaced by a rename and read again. A link's
 * target is read where it is, so the folder that holds that as well. A file that is
 * right below the root lends itself alone. */
void confine_plan_folder_of(struct confine_plan *plan, const char *path,
                            enum confine_access access);
/* "host:port", to listen on. */
void confine_plan_listen(struct confine_plan *plan, const char *address);
/* A URL's port, or "host:port"'s, to connect to. The first one also opens what names and TLS take:
 * DNS, the system's certificates, and the ports 53 and 443. Without any nothing is connected to. */
void confine_plan_url(struct confine_plan *plan, const char *url);

/* Whether the plan lets the path be read: it, or a folder above it, is in it. */
bool confine_plan_reaches(const struct confine_plan *plan, const char *path);

/* Gives it up. ERR_CONFLICT: there are several threads already; ERR_STORE: with CONFINE_WHOLE, the
 * kernel lacks something, and the message says what and how to go on. An error leaves the process
 * as far confined as it got. Errors live in `arena`. */
MUST_CHECK struct err confine_apply(const struct confine_plan *plan, enum confine_need need,
                                    struct arena *arena);

/* Once everything listens that will: nothing else ever does, and unless the plan has a URL nothing
 * connects either. Threads may be running. Does nothing where seccomp is not in force. */
MUST_CHECK struct err confine_listening(void);

/* No core dump, no debugger of the same user, nothing gained by exec, files for their owner only;
 * keys that are loaded from then on in locked memory. For every process that holds a secret, as
 * early as it can; confine_apply does it, too. */
void confine_early(void);

/* ---- what holds now ---- */

struct confine_state {
    bool asked;          /* confine_apply was called */
    bool no_new_privs;   /* as the kernel says */
    bool dumpable;       /* a core, or a debugger, could be had */
    bool capabilities;   /* some are left */
    int64_t files;       /* the limit of open files */
    int landlock;        /* the ABI in force; 0: none */
    bool ports;          /* Landlock also tells which ports (ABI 4) */
    bool seccomp;        /* the allow-list is in force */
    bool keys_locked;    /* private keys are in locked memory (crypt_keys_lock) */
    int64_t signer;      /* the process that holds the log's keys; 0: this one */
    const char *lacking; /* why not all of it; "" when nothing is */
};

/* Whether this machine has all of it: ERR_MISSING says what it lacks. For doctor. */
MUST_CHECK struct err confine_check(void);

/* For what is told: the process that holds the log's keys. */
void confine_keys_apart(int64_t pid);

/* Of this process. */
const struct confine_state *confine_state(void);
/* {"whole": true, "no_new_privs": …, "lacking": "…"}: for status and /healthz. */
struct json *confine_json(struct arena *arena);

#endif
