/* socket, bind, listen; and the care a Unix socket's file needs. */
#include "common/sys/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/sys/netaddr.h"

#define BACKLOG 1024

static void close_fd_cleanup(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static struct err bind_error(const char *where)
{
    if (errno == EADDRINUSE)
        return err_at(ERR_CONFLICT, where, "another process listens there");
    if (errno == EACCES || errno == EPERM)
        return err_at(ERR_INPUT, where, "listening there is not permitted");
    if (errno == EADDRNOTAVAIL || errno == ENOENT || errno == ENOTDIR)
        return err_at(ERR_INPUT, where, "this machine has no such address or folder");
    return err_at(ERR_LIMIT, where, "the socket cannot be set up");
}

static socklen_t sockaddr_of(const struct netaddr *addr, uint16_t port,
                             struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (netaddr_is_v4(addr)) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&in.sin_addr, addr->byte + 12, 4);
        memcpy(out, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&in6.sin6_addr, addr->byte, 16);
    memcpy(out, &in6, sizeof in6);
    return sizeof in6;
}

static struct err port_in_force(int fd, uint16_t *port)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    ENSURE(getsockname(fd, (struct sockaddr *)&name, &len) == 0, ERR_BUG, "getsockname failed");
    struct sockaddr_in in; /* sin_port and sin6_port are at the same place */
    memcpy(&in, &name, sizeof in);
    *port = ntohs(in.sin_port);
    return OK;
}

struct err listen_tcp(const char *host_port, int *fd, uint16_t *port)
{
    struct netaddr addr;
    uint16_t wanted = 0;
    struct err e = netaddr_port_parse(host_port, &addr, &wanted);
    if (e.kind != ERR_NONE)
        return err_in(e, host_port);
    struct sockaddr_storage name;
    socklen_t len = sockaddr_of(&addr, wanted, &name);
    __attribute__((cleanup(close_fd_cleanup))) int s =
        socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0)
        return bind_error(host_port);
    int one = 1;
    (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (name.ss_family == AF_INET6)
        (void)setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(s, (struct sockaddr *)&name, len) != 0 || listen(s, BACKLOG) != 0)
        return bind_error(host_port);
    TRY(port_in_force(s, port));
    *fd = s;
    s = -1;
    return OK;
}

bool listen_is_local(const char *host_port)
{
    struct netaddr addr;
    uint16_t port;
    return netaddr_port_parse(host_port, &addr, &port).kind == ERR_NONE &&
           netaddr_is_loopback(&addr);
}

/* Removes a socket file that nobody listens on. */
static struct err make_way(const char *path, const struct sockaddr_un *name)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return OK;
    if (!S_ISSOCK(st.st_mode))
        return err_at(ERR_INPUT, path, "a file that is not a socket is in the way");
    __attribute__((cleanup(close_fd_cleanup))) int s =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0)
        return bind_error(path);
    int rc = connect(s, (const struct sockaddr *)name, sizeof *name);
    if (rc == 0 || errno != ECONNREFUSED)
        return err_at(ERR_CONFLICT, path, "another process listens there");
    return unlink(path) == 0 ? OK : bind_error(path);
}

struct err listen_unix(const char *path, mode_t mode, int *fd)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof name.sun_path)
        return err_at(ERR_INPUT, path, "a Unix socket's path has 1 to 107 bytes");
    memcpy(name.sun_path, path, len);
    TRY(make_way(path, &name));
    __attribute__((cleanup(close_fd_cleanup))) int s =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0)
        return bind_error(path);
    /* On Linux the file gets the socket's mode less the umask: so it is never wider than `mode`. */
    if (fchmod(s, mode) != 0 || bind(s, (const struct sockaddr *)&name, sizeof name) != 0)
        return bind_error(path);
    if (chmod(path, mode) != 0 || listen(s, BACKLOG) != 0) {
        struct err e = bind_error(path);
        (void)unlink(path);
        return e;
    }
    *fd = s;
    s = -1;
    return OK;
}
