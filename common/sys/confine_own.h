/* Private to common/sys/confine*.c. */
#ifndef COMMON_SYS_CONFINE_OWN_H
#define COMMON_SYS_CONFINE_OWN_H

#include <limits.h>

#include "common/sys/confine.h"

/* Where what a plan names really is: the path, or with `folder` the folder that holds it and the
 * one that holds what a link of that name leads to (a renewed certificate is often a link to
 * another folder's newest file). 0: it is nowhere. */
#define CONFINE_REAL_MAX 2
struct confine_real {
    char at[PATH_MAX];
};
size_t confine_path_real(const struct confine_path *p, struct confine_real real[CONFINE_REAL_MAX]);

/* The kernel's Landlock ABI; 0: it has none, or it is switched off. */
int landlock_abi(void);
/* From now on files and ports as the plan says. ERR_STORE: the kernel refused. */
MUST_CHECK struct err landlock_apply(const struct confine_plan *plan, int abi);

/* Loads the allow-list. ERR_STORE: the kernel has no seccomp filters, or refused this one. */
MUST_CHECK struct err seccomp_apply(const struct confine_plan *plan);
/* Over that, in all threads: nothing listens any more; unless `outward`, nothing connects. */
MUST_CHECK struct err seccomp_listening(bool outward);

#endif
