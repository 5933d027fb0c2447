/* The engine's end: asks, and keeps a public picture of what the signer holds. */
#include "engine/store/log_signer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/invariant.h"
#include "common/sys/log.h"
#include "common/verify/check.h"
#include "engine/store/log_signer_own.h"
#include "engine/store/tree_own.h"

#define GONE "the signer has ended: the engine has to be started again"

/* What a slot's key is signed by. */
struct hand {
    struct log_signer *signer;
    uint32_t slot;
};

struct log_signer {
    int fd;
    pid_t pid;
    pthread_mutex_t mutex; /* an ask and its answer are one */
    struct hand hands[KEY_FILE_N];
    struct signer_said last; /* an error's words live here */
    struct signed_heads heads;
    struct store *store; /* whose heads it signs; NULL: nobody's yet */
};

/* ---- asking ---- */

static bool hear(struct log_signer *signer, struct signer_said *said)
{
    ssize_t n;
    do {
        n = recv(signer->fd, said, sizeof *said, 0);
    } while (n < 0 && errno == EINTR);
    said->msg[sizeof said->msg - 1] = said->where[sizeof said->where - 1] = '\0';
    return n == (ssize_t)sizeof *said;
}

static bool ask(struct log_signer *signer, struct signer_ask *what, const void *text, size_t len,
                struct signer_said *said)
{
    struct iovec parts[] = {{what, sizeof *what}, {(void *)(uintptr_t)text, len}};
    const struct msghdr msg = {.msg_iov = parts, .msg_iovlen = len == 0 ? 1 : 2};
    what->text_len = (uint32_t)len;
    pthread_mutex_lock(&signer->mutex);
    const bool good = len <= SIGNED_MAX &&
                      sendmsg(signer->fd, &msg, MSG_NOSIGNAL) == (ssize_t)(sizeof *what + len) &&
                      hear(signer, said);
    if (good)
        signer->heads = said->heads;
    pthread_mutex_unlock(&signer->mutex);
    return good;
}

static struct err err_of(struct log_signer *signer, const struct signer_said *said)
{
    if (said->kind == ERR_NONE)
        return OK;
    signer->last = *said;
    return err_at((enum err_kind)said->kind, said->where[0] == '\0' ? NULL : signer->last.where,
                  signer->last.msg);
}

/* The signer will say no, and the engine stop; this says why. */
static void log_unproved(struct err e)
{
    if (e.kind != ERR_NONE)
        log_error("a head could not be proved to the log's signer", LOG_ERR(e), LOG_END);
}

/* Whether the store's tree begins with that one. */
static bool is_beginning(struct store *store, const struct signed_head *head)
{
    struct merkle_hash root;
    return head->size <= store->tree->size &&
           merkle_root(head->size, tree_edge_node, store, &root).kind == ERR_NONE &&
           merkle_eq(&root, &head->root);
}

/* From the last head, unless its commit failed; then from the one before. Before the first one from
 * the events that are committed. */
static struct err step_make(struct log_signer *signer, struct signed_step *step)
{
    struct store *store = signer->store;
    const struct signed_heads *heads = &signer->heads;
    step->from = is_beginning(store, &heads->tip) ? heads->tip : heads->base;
    if (heads->origin[0] == '\0') {
        step->from.size = (uint64_t)store->head_group.seq;
        TRY(merkle_root(step->from.size, tree_edge_node, store, &step->from.root));
    }
    ENSURE(step->from.size <= store->tree->size, ERR_STORE,
           "the log is shorter than what was signed");
    return merkle_consistency(step->from.size, store->tree->size, tree_edge_node, store,
                              &step->proof);
}

static bool is_head(struct str text)
{
    struct checkpoint head;
    return text.len > sizeof ORIGIN_PREFIX && checkpoint_parse(text, &head).kind == ERR_NONE;
}

static bool sign(void *ctx, const void *bytes, size_t len, uint8_t sig[ED25519_SIG_LEN])
{
    const struct hand *hand = ctx;
    struct signer_ask what = {.op = SIGNER_SIGN, .slot = hand->slot};
    struct signer_said said;
    if (hand->signer->store != NULL && is_head((struct str){bytes, len}))
        log_unproved(step_make(hand->signer, &what.step));
    const bool asked = ask(hand->signer, &what, bytes, len, &said);
    if (asked && said.kind == ERR_NONE)
        memcpy(sig, said.sig, ED25519_SIG_LEN);
    else
        log_error("the log's signer does not sign; the engine stops",
                  LOG_TEXT("why", asked ? said.msg : GONE), LOG_END);
    return asked && said.kind == ERR_NONE;
}

/* ---- what it holds ---- */

static struct err slot_follow(struct log_signer *signer, struct log_keys *keys, size_t i,
                              const struct signer_said *said)
{
    struct ed25519_key **secret = &keys->slots[i].signer.secret;
    uint8_t held[ED25519_KEY_LEN];
    if (*secret != NULL) {
        ed25519_public(*secret, held);
        if (said->present[i] != 0 && memcmp(held, said->public_key[i], sizeof held) == 0)
            return OK;
        ed25519_free(*secret);
        *secret = NULL;
    }
    if (said->present[i] == 0)
        return OK;
    return ed25519_elsewhere(said->public_key[i], sign, &signer->hands[i], secret);
}

static struct err follow(struct log_keys *keys, const struct signer_said *said)
{
    for (size_t i = 0; i < KEY_FILE_N; i++)
        TRY(slot_follow(keys->signer, keys, i, said));
    keys->now = said->now == 0 ? 0 : 1;
    return OK;
}

static struct err ask_and_follow(struct log_keys *keys, struct signer_ask *what)
{
    struct signer_said said;
    ENSURE(ask(keys->signer, what, NULL, 0, &said), ERR_STORE, GONE);
    TRY(follow(keys, &said));
    return err_of(keys->signer, &said);
}

struct err log_signer_fill(struct log_keys *keys, size_t slot)
{
    struct signer_ask what = {.op = SIGNER_FILL, .slot = (uint32_t)slot};
    return ask_and_follow(keys, &what);
}

struct err log_signer_advance(struct log_keys *keys, const struct note_key *retired, bool wipe)
{
    struct signer_ask what = {.op = SIGNER_ADVANCE, .wipe = wipe};
    memcpy(what.retired_id, retired->id, sizeof what.retired_id);
    memcpy(what.retired, retired->public_key, sizeof what.retired);
    return ask_and_follow(keys, &what);
}

struct err log_signer_keys(struct log_signer *signer, struct log_keys **out)
{
    CLEANUP(log_keys_free) struct log_keys *keys = calloc(1, sizeof *keys);
    struct signer_ask what = {.op = SIGNER_LOAD};
    ENSURE(keys != NULL, ERR_LIMIT, "out of memory");
    keys->signer = signer;
    TRY(ask_and_follow(keys, &what));
    *out = keys;
    keys = NULL;
    return OK;
}

void log_signer_follow(struct log_signer *signer, struct store *store)
{
    signer->store = store;
}

struct err log_signer_agrees(struct log_signer *signer, struct store *store)
{
    const struct signed_heads *heads = &signer->heads;
    char origin[TREE_ORIGIN_SIZE];
    if (heads->origin[0] == '\0')
        return OK;
    tree_origin(store, origin);
    if (strcmp(origin, heads->origin) != 0)
        return err_at(ERR_STORE, LOG_SIGNED_FILE,
                      "the log's key has signed for another log: docs/KEYS.md says what to do");
    if (!is_beginning(store, &heads->base))
        return err_at(ERR_STORE, LOG_SIGNED_FILE,
                      "the book is not one that goes on from what the log's key has signed: it was "
                      "set back or changed; docs/KEYS.md says what to do");
    return OK;
}

/* ---- its life ---- */

static void child(int fd, const char *key_dir, enum confine_need need)
{
    if (fd > STDERR_FILENO + 1)
        (void)close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
    (void)close_range((unsigned)fd + 1, ~0u, 0);
    log_signer_run(fd, key_dir, need);
}

struct err log_signer_start(const char *key_dir, enum confine_need need, struct log_signer **out)
{
    CLEANUP(log_signer_free) struct log_signer *signer = calloc(1, sizeof *signer);
    struct signer_said first;
    int ends[2];
    ENSURE(signer != NULL, ERR_LIMIT, "out of memory");
    signer->fd = -1;
    pthread_mutex_init(&signer->mutex, NULL);
    for (uint32_t i = 0; i < KEY_FILE_N; i++)
        signer->hands[i] = (struct hand){.signer = signer, .slot = i};
    ENSURE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, ERR_LIMIT,
           "a pair of sockets could not be made");
    signer->pid = fork();
    if (signer->pid == 0)
        child(ends[1], key_dir, need);
    (void)close(ends[1]);
    signer->fd = ends[0];
    ENSURE(signer->pid > 0, ERR_LIMIT, "the log's signer could not be started");
    ENSURE(hear(signer, &first), ERR_STORE, "the log's signer ended before it began");
    if (first.kind != ERR_NONE) {
        static struct signer_said words; /* they outlive what failed */
        words = first;
        return err_at((enum err_kind)first.kind, words.where[0] == '\0' ? NULL : words.where,
                      words.msg);
    }
    *out = signer;
    signer = NULL;
    return OK;
}

void log_signer_free(struct log_signer *signer)
{
    if (signer == NULL)
        return;
    if (signer->fd >= 0)
        (void)close(signer->fd);
    pthread_mutex_destroy(&signer->mutex);
    free(signer);
}

int64_t log_signer_pid(const struct log_signer *signer)
{
    return signer->pid;
}
