/* Private to common/sys/confine*.c. */
#ifndef COMMON_SYS_CONFINE_OWN_H
#define COMMON_SYS_CONFINE_OWN_H

#include "common/sys/confine.h"

/* The kernel's Landlock ABI; 0: it has none, or it is switched off. */
int landlock_abi(void);
/* From now on files and ports as the plan says. ERR_STORE: the kernel refused. */
MUST_CHECK struct err landlock_apply(const struct confine_plan *plan, int abi);

/* Loads the allow-list. ERR_STORE: the kernel has no seccomp filters, or refused this one. */
MUST_CHECK struct err seccomp_apply(const struct confine_plan *plan);
/* Over that, in all threads: nothing listens any more; unless `outward`, nothing connects. */
MUST_CHECK struct err seccomp_listening(bool outward);

#endif
