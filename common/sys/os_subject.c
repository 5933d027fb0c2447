/* The host's own name, and the user's number: names of users may be given away again. */
#include "common/sys/os_subject.h"

#include <string.h>
#include <unistd.h>

const char *os_subject(struct arena *arena, uid_t uid)
{
    char host[256] = "";
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
        memcpy(host, "localhost", sizeof "localhost");
    return arena_fmt(arena, "%s:%lu", host, (unsigned long)uid);
}
