/* Over nng's pipeline (push, pull) on inproc. A message is one pointer to the sender's lane, then
 * the items. Every sender has at most one message on its way; what comes meanwhile waits in an
 * array and leaves as one message when nng says that the first was taken. A `gate` is what port and
 * senders share: the counts, and the lock that guards them and the senders' arrays. */
#include "common/sys/bus.h"

#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"

#define NAME_MAX_LEN ((size_t)63)
#define RETRY_MS     1

/* What one sender has on its way. Lanes outlive their sender (a late message names one) and are
 * used again. */
struct lane {
    size_t outstanding; /* items sent and not yet out of nng at the receiver */
    bool used;
    struct lane *next;
};

struct gate {
    char url[sizeof "inproc://" + NAME_MAX_LEN];
    pthread_mutex_t lock;
    pthread_cond_t moved; /* outstanding shrank, or closed */
    size_t pending;       /* items sent and not yet handed out by bus_recv */
    size_t depth_max;
    bool closed;
    struct lane *lanes;
    size_t refs;       /* guarded by `gates.lock`, like `next` */
    struct gate *next; /* open ports only */
};

struct bus_port {
    struct gate *gate;
    nng_socket socket;
    nng_msg *msg; /* received, not handed out whole */
    size_t msg_at;
};

struct bus_sender {
    struct gate *gate;
    struct lane *lane;
    nng_socket socket;
    nng_aio *aio;
    bool flying; /* the aio is under way */
    void **waiting;
    size_t waiting_n, waiting_cap;
};

static struct {
    pthread_mutex_t lock;
    struct gate *first;
} gates = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void gate_lock(struct gate *gate)
{
    INVARIANT(pthread_mutex_lock(&gate->lock) == 0);
}

static void gate_unlock(struct gate *gate)
{
    INVARIANT(pthread_mutex_unlock(&gate->lock) == 0);
}

static struct err nng_err(int rc)
{
    enum err_kind kind = rc == NNG_ENOMEM ? ERR_LIMIT : ERR_BUG;
    return err_new(rc == NNG_ECLOSED ? ERR_MISSING : kind, nng_strerror(rc));
}

static bool name_valid(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= NAME_MAX_LEN &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static struct gate *gate_find(const char *name)
{
    struct gate *gate = gates.first;
    while (gate != NULL && strcmp(gate->url + strlen("inproc://"), name) != 0)
        gate = gate->next;
    return gate;
}

/* Drops a reference; the last one frees. */
static void gate_drop(struct gate *gate)
{
    (void)pthread_mutex_lock(&gates.lock);
    bool last = --gate->refs == 0;
    (void)pthread_mutex_unlock(&gates.lock);
    if (!last)
        return;
    while (gate->lanes != NULL) {
        struct lane *lane = gate->lanes;
        gate->lanes = lane->next;
        free(lane);
    }
    (void)pthread_mutex_destroy(&gate->lock);
    (void)pthread_cond_destroy(&gate->moved);
    free(gate);
}

static void gate_unlist(struct gate *gate)
{
    (void)pthread_mutex_lock(&gates.lock);
    for (struct gate **link = &gates.first; *link != NULL; link = &(*link)->next) {
        if (*link == gate) {
            *link = gate->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&gates.lock);
}

/* A listed gate with one reference. */
static struct err gate_new(const char *name, size_t depth_max, struct gate **out)
{
    ENSURE(name_valid(name), ERR_BUG, "not a bus port's name");
    struct gate *gate = calloc(1, sizeof *gate);
    ENSURE(gate != NULL, ERR_LIMIT, "out of memory");
    gate->depth_max = depth_max;
    gate->refs = 1;
    memcpy(gate->url, "inproc://", strlen("inproc://"));
    memcpy(gate->url + strlen("inproc://"), name, strlen(name));
    INVARIANT(pthread_mutex_init(&gate->lock, NULL) == 0);
    INVARIANT(pthread_cond_init(&gate->moved, NULL) == 0);
    (void)pthread_mutex_lock(&gates.lock);
    bool taken = gate_find(name) != NULL;
    if (!taken) {
        gate->next = gates.first;
        gates.first = gate;
    }
    (void)pthread_mutex_unlock(&gates.lock);
    if (taken) {
        gate_drop(gate);
        return err_new(ERR_CONFLICT, "a bus port of that name is open");
    }
    *out = gate;
    return OK;
}

struct err bus_port_open(const char *name, size_t depth_max, struct bus_port **out)
{
    struct gate *gate = NULL;
    TRY(gate_new(name, depth_max, &gate));
    struct bus_port *port = calloc(1, sizeof *port);
    int rc = port == NULL ? NNG_ENOMEM : nng_pull0_open(&port->socket);
    if (rc != 0) {
        gate_unlist(gate);
        gate_drop(gate);
        free(port);
        return nng_err(rc);
    }
    port->gate = gate;
    rc = nng_listen(port->socket, gate->url, NULL, 0);
    if (rc != 0) {
        bus_port_free(port);
        return nng_err(rc);
    }
    *out = port;
    return OK;
}

void bus_port_close(struct bus_port *port)
{
    struct gate *gate = port->gate;
    gate_lock(gate);
    bool was_closed = gate->closed;
    gate->closed = true;
    (void)pthread_cond_broadcast(&gate->moved);
    gate_unlock(gate);
    if (was_closed)
        return;
    gate_unlist(gate);
    (void)nng_close(port->socket);
}

void bus_port_free(struct bus_port *port)
{
    if (port == NULL)
        return;
    bus_port_close(port);
    if (port->msg != NULL)
        nng_msg_free(port->msg);
    gate_drop(port->gate);
    free(port);
}

struct err bus_port_fd(struct bus_port *port, int *fd)
{
    int rc = nng_socket_get_int(port->socket, NNG_OPT_RECVFD, fd);
    return rc == 0 ? OK : nng_err(rc);
}

/* How many items bus_recv goes on for once it has some: everything accepted so far is on its way to
 * us, so waiting for it is short. */
static size_t goal(struct gate *gate, size_t max)
{
    gate_lock(gate);
    size_t n = gate->pending;
    gate_unlock(gate);
    return n < max ? n : max;
}

/* Takes one message out of nng into port->msg. */
static int port_pull(struct bus_port *port, bool wait)
{
    int rc = nng_recvmsg(port->socket, &port->msg, wait ? 0 : NNG_FLAG_NONBLOCK);
    if (rc != 0) {
        port->msg = NULL;
        return rc;
    }
    struct lane *lane;
    size_t len = nng_msg_len(port->msg);
    INVARIANT(len > sizeof lane && len % sizeof lane == 0);
    memcpy(&lane, nng_msg_body(port->msg), sizeof lane);
    port->msg_at = sizeof lane;
    gate_lock(port->gate);
    lane->outstanding -= len / sizeof lane - 1;
    (void)pthread_cond_broadcast(&port->gate->moved);
    gate_unlock(port->gate);
    return 0;
}

/* Moves what fits of port->msg into `items`. */
static void port_unload(struct bus_port *port, void **items, size_t max, size_t *n)
{
    if (port->msg == NULL)
        return;
    const char *body = nng_msg_body(port->msg);
    size_t have = (nng_msg_len(port->msg) - port->msg_at) / sizeof *items;
    size_t take = have < max - *n ? have : max - *n;
    memcpy(items + *n, body + port->msg_at, take * sizeof *items);
    *n += take;
    port->msg_at += take * sizeof *items;
    if (take == have) {
        nng_msg_free(port->msg);
        port->msg = NULL;
    }
}

struct err bus_recv(struct bus_port *port, bool wait, void **items, size_t max, size_t *n)
{
    *n = 0;
    int rc = 0;
    port_unload(port, items, max, n);
    size_t target = wait && *n > 0 ? goal(port->gate, max) : max;
    while (rc == 0 && *n < target) {
        rc = port_pull(port, wait);
        port_unload(port, items, max, n);
        if (wait)
            target = goal(port->gate, max);
    }
    gate_lock(port->gate);
    port->gate->pending -= *n;
    gate_unlock(port->gate);
    return rc == 0 || rc == NNG_EAGAIN || *n > 0 ? OK : nng_err(rc);
}

bool bus_waiting(struct bus_port *port)
{
    gate_lock(port->gate);
    bool waiting = port->gate->pending > 0;
    gate_unlock(port->gate);
    return waiting;
}

#ifdef __SANITIZE_ADDRESS__
/* A message that was sent is nng's. Version 1.5.2 now and then loses the one that is between two
 * sockets as one of them closes (0.1 kB, at an end): its, and no leak of ours. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:sender_load\n";
}
#endif

/* Under the lock: what waits becomes the message under way. False when there is no memory for it.
 */
static bool sender_load(struct bus_sender *s)
{
    nng_msg *msg = NULL;
    size_t size = s->waiting_n * sizeof *s->waiting;
    if (nng_msg_alloc(&msg, 0) != 0)
        return false;
    if (nng_msg_append(msg, &s->lane, sizeof s->lane) != 0 ||
        nng_msg_append(msg, s->waiting, size) != 0) {
        nng_msg_free(msg);
        return false;
    }
    nng_aio_set_msg(s->aio, msg);
    s->waiting_n = 0;
    s->flying = true;
    return true;
}

/* On an nng thread: the message under way was taken, or a retry is due, or the socket is closed. */
static void on_sent(void *arg)
{
    struct bus_sender *s = arg;
    int rc = nng_aio_result(s->aio);
    nng_msg *unsent = rc == 0 ? NULL : nng_aio_get_msg(s->aio);
    bool over = rc == NNG_ECLOSED || rc == NNG_ECANCELED;
    bool again = rc != 0 && !over && unsent != NULL, retry = false;
    gate_lock(s->gate);
    if (over) {
        s->flying = false;
    } else if (!again) {
        s->flying = false;
        again = s->waiting_n > 0 && sender_load(s);
        retry = s->waiting_n > 0 && !again;
        s->flying = again || retry;
    }
    gate_unlock(s->gate);
    if (over && unsent != NULL)
        nng_msg_free(unsent);
    if (retry) {
        nng_aio_set_msg(s->aio, NULL);
        nng_sleep_aio(RETRY_MS, s->aio);
    } else if (again) {
        nng_send_aio(s->socket, s->aio);
    }
}

static bool waiting_room(struct bus_sender *s, size_t n)
{
    size_t need = s->waiting_n + n;
    if (need <= s->waiting_cap)
        return true;
    size_t cap = need < 64 ? 64 : need * 2;
    void **waiting = reallocarray(s->waiting, cap, sizeof *waiting);
    if (waiting == NULL)
        return false;
    s->waiting = waiting;
    s->waiting_cap = cap;
    return true;
}

/* Under the lock. *launch: the caller is to start the aio. */
static struct err sender_take(struct bus_sender *s, void *const *items, size_t n, bool *launch)
{
    struct gate *gate = s->gate;
    ENSURE(!gate->closed, ERR_MISSING, "the bus port is closed");
    ENSURE(n <= gate->depth_max - gate->pending, ERR_LIMIT, "the bus port is full");
    ENSURE(waiting_room(s, n), ERR_LIMIT, "out of memory");
    memcpy(s->waiting + s->waiting_n, items, n * sizeof *items);
    s->waiting_n += n;
    if (!s->flying) {
        *launch = sender_load(s);
        if (!*launch) {
            s->waiting_n -= n;
            return err_new(ERR_LIMIT, "out of memory");
        }
    }
    gate->pending += n;
    s->lane->outstanding += n;
    return OK;
}

struct err bus_send(struct bus_sender *sender, void *const *items, size_t n)
{
    if (n == 0)
        return OK;
    bool launch = false;
    gate_lock(sender->gate);
    struct err e = sender_take(sender, items, n, &launch);
    gate_unlock(sender->gate);
    if (launch)
        nng_send_aio(sender->socket, sender->aio);
    return e;
}

static struct lane *lane_take(struct gate *gate)
{
    gate_lock(gate);
    struct lane *lane = gate->lanes;
    while (lane != NULL && (lane->used || lane->outstanding > 0))
        lane = lane->next;
    if (lane == NULL) {
        lane = calloc(1, sizeof *lane);
        if (lane != NULL) {
            lane->next = gate->lanes;
            gate->lanes = lane;
        }
    }
    if (lane != NULL)
        lane->used = true;
    gate_unlock(gate);
    return lane;
}

static int sender_connect(struct bus_sender *s)
{
    int rc = nng_push0_open(&s->socket);
    if (rc != 0)
        return rc;
    rc = nng_aio_alloc(&s->aio, on_sent, s);
    if (rc == 0)
        rc = nng_dial(s->socket, s->gate->url, NULL, 0);
    if (rc != 0)
        (void)nng_close(s->socket);
    return rc;
}

struct err bus_sender_open(const char *name, struct bus_sender **out)
{
    (void)pthread_mutex_lock(&gates.lock);
    struct gate *gate = gate_find(name);
    if (gate != NULL)
        gate->refs++;
    (void)pthread_mutex_unlock(&gates.lock);
    ENSURE(gate != NULL, ERR_MISSING, "no bus port of that name is open");
    struct bus_sender *s = calloc(1, sizeof *s);
    struct lane *lane = s == NULL ? NULL : lane_take(gate);
    int rc = NNG_ENOMEM;
    if (lane != NULL) {
        *s = (struct bus_sender){.gate = gate, .lane = lane};
        rc = sender_connect(s);
    }
    if (rc == 0) {
        *out = s;
        return OK;
    }
    if (lane != NULL) {
        lane->used = false;
        nng_aio_free(s->aio);
    }
    free(s);
    gate_drop(gate);
    return nng_err(rc == NNG_ECONNREFUSED ? NNG_ECLOSED : rc);
}

void bus_sender_free(struct bus_sender *sender)
{
    if (sender == NULL)
        return;
    struct gate *gate = sender->gate;
    gate_lock(gate);
    while (sender->lane->outstanding > 0 && !gate->closed)
        (void)pthread_cond_wait(&gate->moved, &gate->lock);
    gate_unlock(gate);
    (void)nng_close(sender->socket);
    nng_aio_stop(sender->aio); /* on_sent has run for the last time */
    nng_aio_free(sender->aio);
    gate_lock(gate);
    sender->lane->used = false;
    gate_unlock(gate);
    gate_drop(gate);
    free(sender->waiting);
    free(sender);
}
