/* Batches of pointers between the threads of this process, over nng inproc push/pull (ADR 0002). A
 * port is owned by one thread, which receives; any number of senders, each used by one thread, feed
 * it. What one sender sent arrives in order, all of it, once. The bus never looks behind a pointer
 * and never frees it: ownership moves with the message.
 *
 * While a sender's last message is on its way, what it sends further gathers into one array that
 * leaves as the next message. So a receiver that was busy (a commit) finds its backlog in very few
 * messages. */
#ifndef COMMON_SYS_BUS_H
#define COMMON_SYS_BUS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct bus_port;
struct bus_sender;

/* `name` is unique in the process ("writer"), at most 63 bytes of [a-z0-9-]. `depth_max` items may
 * wait in the port, over all its senders. */
MUST_CHECK struct err bus_port_open(const char *name, size_t depth_max, struct bus_port **out);

/* Any thread: the port takes nothing more and a waiting bus_recv returns. Call once. */
void bus_port_close(struct bus_port *port);
/* By the owner, or after its thread ended; closes too if needed. Senders may outlive their port. */
void bus_port_free(struct bus_port *port);

/* Up to `max` items in order. With `wait` it sleeps until there is at least one, and then takes all
 * that had been sent when it woke (up to `max`): the group commit's group. Without `wait` it never
 * blocks and *n may be 0. ERR_MISSING once the port is closed (then *n is 0). */
MUST_CHECK struct err bus_recv(struct bus_port *port, bool wait, void **items, size_t max,
                               size_t *n);

/* Was something sent that bus_recv has not handed out yet? Costs a lock, no more. */
bool bus_waiting(struct bus_port *port);

/* A descriptor that is readable when bus_recv would find something, for loop_on_fd; not to be read
 * or closed. After it fired call bus_recv without `wait` until *n < max. */
MUST_CHECK struct err bus_port_fd(struct bus_port *port, int *fd);

/* ERR_MISSING when no such port is open. */
MUST_CHECK struct err bus_sender_open(const char *name, struct bus_sender **out);

/* All `n` items or none; never blocks. ERR_LIMIT when they do not fit into the port's depth (the
 * caller still owns them), ERR_MISSING when the port is closed. */
MUST_CHECK struct err bus_send(struct bus_sender *sender, void *const *items, size_t n);

/* Waits until all that was sent is with the receiver, or the port is closed; then frees the sender.
 */
void bus_sender_free(struct bus_sender *sender);

#endif
