/* The signer: it reads an ask, does it by the functions that an engine with the keys in its own
 * process uses, and answers. It has no other input than its end of the pair and the folder, and
 * believes the engine nothing that it can check. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/sys/log.h"
#include "common/sys/metrics.h"
#include "common/verify/bundle_note.h"
#include "common/verify/check.h"
#include "engine/store/log_signer_own.h"

#define ARENA_BYTES ((size_t)64 * 1024)
#define FILES       64

struct signing {
    int fd;
    const char *key_dir;
    struct log_keys *keys; /* NULL: they could not be loaded */
    bool knows;            /* what was signed: `log` is open */
    struct signed_log log;
    struct {
        struct signer_ask ask;
        char text[SIGNED_MAX];
    } in;
};

static void err_put(struct signer_said *said, struct err e)
{
    said->kind = (uint32_t)e.kind;
    (void)snprintf(said->msg, sizeof said->msg, "%s", e.msg == NULL ? "" : e.msg);
    (void)snprintf(said->where, sizeof said->where, "%s", e.where == NULL ? "" : e.where);
}

static int64_t now_ms(void)
{
    return metric_now_us() / 1000;
}

/* What was signed is read once in a life: what we know is never older than the file. */
static struct err keys_load(struct signing *s)
{
    log_keys_free(s->keys);
    s->keys = NULL;
    if (!s->knows)
        TRY(log_signed_open(s->key_dir, &s->log));
    s->knows = true;
    return log_keys_open(s->key_dir, &s->keys);
}

static bool begins(struct str text, const char *with)
{
    const size_t len = strlen(with);
    return text.len >= len && memcmp(text.at, with, len) == 0;
}

/* To one of our own keys, or the log would be somebody else's from there on; and not from within
 * what was signed. */
static struct err statement_judge(struct signing *s, const struct log_key_statement *statement)
{
    bool ours = false;
    for (size_t i = 0; i < KEY_FILE_N; i++)
        ours = ours || log_keys_holds(&s->keys->slots[i], &statement->new_key);
    ENSURE(ours, ERR_AUTH, "the next key is none that the signer holds");
    ENSURE(statement->from > s->log.heads.base.size, ERR_AUTH,
           "the next key would begin within what was signed");
    return OK;
}

/* The log's key signs for the log: an engine in somebody else's hands may not use it for a token, a
 * program, another key or another past. */
static struct err text_judge(struct signing *s, struct str text)
{
    struct log_key_statement statement;
    struct checkpoint head;
    if (begins(text, BUNDLE_FORMAT "\n"))
        return OK;
    if (log_key_text(text, &statement).kind == ERR_NONE)
        return statement_judge(s, &statement);
    ENSURE(begins(text, ORIGIN_PREFIX) && checkpoint_parse(text, &head).kind == ERR_NONE &&
               head.extra.len == 0,
           ERR_AUTH, "this is no text of a log");
    return log_signed_take(&s->log, &head, &s->in.ask.step);
}

static struct err text_sign(struct signing *s, const struct key_slot *slot,
                            uint8_t sig[ED25519_SIG_LEN])
{
    const size_t len = s->in.ask.text_len;
    ENSURE(slot->signer.secret != NULL, ERR_MISSING, "there is no such key");
    ENSURE(s->in.ask.step.proof.n <= MERKLE_PROOF_MAX, ERR_BUG, "the proof is too long");
    TRY(text_judge(s, (struct str){s->in.text, len}));
    ed25519_sign(slot->signer.secret, s->in.text, len, sig);
    return OK;
}

static struct err advance(struct signing *s)
{
    struct note_key retired = {.alg = NOTE_ED25519};
    memcpy(retired.id, s->in.ask.retired_id, sizeof retired.id);
    memcpy(retired.public_key, s->in.ask.retired, sizeof retired.public_key);
    TRY(log_signed_sync(&s->log, now_ms())); /* before a key is gone that signed it */
    return log_keys_advance(s->keys, &retired, s->in.ask.wipe != 0);
}

static struct err request_do(struct signing *s, struct signer_said *said)
{
    const struct signer_ask *ask = &s->in.ask;
    if (ask->op == SIGNER_LOAD)
        return keys_load(s);
    ENSURE(s->keys != NULL && ask->slot < KEY_FILE_N, ERR_BUG, "the signer has no such key");
    switch (ask->op) {
    case SIGNER_FILL:
        return log_keys_fill(&s->keys->slots[ask->slot]);
    case SIGNER_SIGN:
        return text_sign(s, &s->keys->slots[ask->slot], said->sig);
    case SIGNER_ADVANCE:
        return advance(s);
    default:
        return err_new(ERR_BUG, "the signer does not know this ask");
    }
}

static bool say(const struct signing *s, struct signer_said *said)
{
    for (size_t i = 0; s->keys != NULL && i < KEY_FILE_N; i++) {
        const struct ed25519_key *secret = s->keys->slots[i].signer.secret;
        said->present[i] = secret != NULL;
        if (secret != NULL)
            ed25519_public(secret, said->public_key[i]);
    }
    said->now = s->keys == NULL ? 0 : (uint32_t)s->keys->now;
    said->heads = s->log.heads;
    return send(s->fd, said, sizeof *said, MSG_NOSIGNAL) == (ssize_t)sizeof *said;
}

/* False: the engine has ended, or says something that is none of ours. */
static bool request_read(struct signing *s)
{
    ssize_t n;
    do {
        n = recv(s->fd, &s->in, sizeof s->in, 0);
    } while (n < 0 && errno == EINTR);
    return n >= (ssize_t)sizeof s->in.ask &&
           (size_t)n - sizeof s->in.ask == (size_t)s->in.ask.text_len;
}

static void sync_log(struct signing *s)
{
    const struct err e = log_signed_sync(&s->log, now_ms());
    if (e.kind != ERR_NONE)
        log_error("the log's signer could not make durable what it signed", LOG_ERR(e), LOG_END);
}

/* Behind an answer, while the engine commits: only who asks meanwhile waits for it. */
static void sync_when_due(struct signing *s)
{
    struct pollfd engine = {.fd = s->fd, .events = POLLIN};
    const int wait_ms = log_signed_wait_ms(&s->log, now_ms());
    const bool asked = wait_ms > 0 && poll(&engine, 1, wait_ms) > 0;
    if (wait_ms >= 0 && !asked)
        sync_log(s);
}

static struct err begin(const struct signing *s, enum confine_need need, struct arena *arena)
{
    struct confine_plan plan = {.name = "closegate-engine, its signer", .files = FILES};
    confine_plan_path(&plan, s->key_dir, CONFINE_WRITE);
    TRY(confine_apply(&plan, need, arena));
    return confine_listening();
}

/* Signals meant for the engine reach its whole group; the signer ends after the engine. */
static void signals_ignore(void)
{
    static const int theirs[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++)
        (void)signal(theirs[i], SIG_IGN);
}

void log_signer_run(int fd, const char *key_dir, enum confine_need need)
{
    static struct signing s;
    struct signer_said said = {.kind = ERR_NONE};
    CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_BYTES);
    s = (struct signing){.fd = fd, .key_dir = key_dir, .log.fd = -1};
    signals_ignore();
    err_put(&said, begin(&s, need, arena));
    bool go_on = say(&s, &said) && said.kind == ERR_NONE;
    while (go_on && request_read(&s)) {
        said = (struct signer_said){.kind = ERR_NONE};
        err_put(&said, request_do(&s, &said));
        go_on = say(&s, &said);
        sync_when_due(&s);
    }
    if (!s.log.failed) /* which would write: the file may be the next signer's by now */
        sync_log(&s);
    log_keys_free(s.keys);
    _exit(0);
}
