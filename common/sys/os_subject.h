/* The subject of an `os` identity: a user of a host, as both programs name one. */
#ifndef COMMON_SYS_OS_SUBJECT_H
#define COMMON_SYS_OS_SUBJECT_H

#include <sys/types.h>

#include "common/base/arena.h"

/* "host:uid", in the arena: how init links the person who runs it. NULL: arena full. */
const char *os_subject(struct arena *arena, uid_t uid);

#endif
