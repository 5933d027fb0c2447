/* `status`: where the book stands, on one screen: every account by state with sums that add up,
 * what waits for a human under which clause, policy, chain and daemon. Reads a snapshot as the
 * engine itself; needs no daemon and disturbs none. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/base/civil.h"
#include "common/base/id.h"
#include "common/sys/crypt.h"
#include "common/sys/disk.h"
#include "common/sys/fetch.h"
#include "common/sys/health.h"
#include "engine/call/boot.h"
#include "engine/cli/book.h"
#include "engine/cli/columns.h"
#include "engine/cli/commands.h"
#include "engine/cli/log_key.h"
#include "engine/cli/totals.h"
#include "engine/store/escalations.h"
#include "engine/store/runs.h"

#define HEALTH_WAIT_MS 2000
#define PAGE_ROWS      500
#define PAGE_BYTES_MAX ((size_t)64 << 20)

/* What waits under one clause. */
struct waiting {
    const char *reason, *clause, *pointer;
    int64_t count;
    struct waiting *next;
};

struct status {
    struct cli *cli;
    struct json *book; /* recon://status */
    struct waiting *waiting;
    int64_t waiting_n;
    struct run *runs; /* the live ones */
    size_t runs_n;
    int64_t runs_failed; /* in the last day */
    const char *head, *head_utc;
    const char *key_id, *vkey; /* that signs the log; NULL: none does */
    struct anchor anchor;
    int64_t head_seq;
    int64_t tls_days; /* that our certificate is good for; with tls_known */
    bool tls_known;
    const char *tls_why; /* why not; NULL without TLS */
    bool daemon;
    const struct json *confinement; /* of the daemon; NULL when it does not say */
    bool file_differs; /* the policy file is not what is in force; false also without a file */
};

/* ---- reading ---- */

static struct err book_read(struct status *s, struct tx *tx)
{
    struct call *c = ARENA_NEW(s->cli->arena, struct call);
    struct policy *policy;
    ENSURE(c != NULL, ERR_LIMIT, "out of memory");
    TRY(policy_now(tx, s->cli->arena, &policy));
    *c = (struct call){.arena = s->cli->arena,
                       .policy = policy,
                       .actor = {.kind = ACTOR_ENGINE, .id = "engine:status", .backend = "engine"}};
    for (size_t i = 0; i < resources_n; i++) {
        if (!text_eq(resources[i].uri, "recon://status"))
            continue;
        TRY(resources[i].read(c, tx, NULL));
        s->book = c->result;
        return OK;
    }
    return err_new(ERR_BUG, "there is no recon://status");
}

static struct err waiting_add(struct status *s, const struct escalation *e)
{
    struct arena *arena = s->cli->arena;
    struct waiting **at = &s->waiting;
    s->waiting_n++;
    while (*at != NULL && !(text_eq((*at)->reason, e->reason) && text_eq((*at)->clause, e->clause)))
        at = &(*at)->next;
    if (*at == NULL) {
        *at = ARENA_NEW(arena, struct waiting);
        ENSURE(*at != NULL, ERR_LIMIT, "out of memory");
        **at = (struct waiting){.reason = arena_strdup(arena, e->reason),
                                .clause = arena_strdup(arena, e->clause),
                                .pointer = arena_strdup(arena, e->pointer)};
        TRY(arena_check(arena));
    }
    (*at)->count++;
    return OK;
}

/* A page of them in memory at a time: each carries what it binds. */
static struct err waiting_read(struct status *s, struct tx *tx)
{
    CLEANUP(arena_free) struct arena *page = arena_new(PAGE_BYTES_MAX);
    char after[ID_TEXT_MAX] = "";
    size_t n = PAGE_ROWS;
    ENSURE(page != NULL, ERR_LIMIT, "out of memory");
    while (n == PAGE_ROWS) {
        struct escalation *rows;
        const struct escalation_filter open = {.after = after[0] == '\0' ? NULL : after,
                                               .limit = PAGE_ROWS};
        arena_reset(page);
        TRY(book_err(s->cli, escalations_list(tx, page, &open, &rows, &n)));
        for (size_t i = 0; i < n; i++)
            TRY(waiting_add(s, &rows[i]));
        if (n > 0)
            (void)snprintf(after, sizeof after, "%s", rows[n - 1].escalation_id);
    }
    return OK;
}

#define DAY_US (INT64_C(86400) * 1000000)

static struct err runs_status(struct status *s, struct tx *tx)
{
    TRY(runs_live(tx, s->cli->arena, &s->runs, &s->runs_n));
    return runs_failed_since(tx, tx->now_us - DAY_US, &s->runs_failed);
}

static struct err head_read(struct status *s, const struct store *store)
{
    const struct chain_head *head = store_head(store);
    char hex[65], utc[INSTANT_TEXT_MAX] = "";
    hex_print(head->hash, sizeof head->hash, hex);
    if (head->seq > 0)
        instant_print(head->timestamp_us, utc);
    s->head = arena_strdup(s->cli->arena, hex);
    s->head_utc = arena_strdup(s->cli->arena, utc);
    s->head_seq = head->seq;
    return arena_check(s->cli->arena);
}

static struct err key_status(struct status *s, struct tx *tx)
{
    const struct anchor_rule rule = anchor_rule_of(s->cli);
    struct log_key_event now;
    char id[2 * NOTE_ID_LEN + 1];
    bool found;
    TRY(anchor_read(tx, s->cli->arena, &rule, &s->anchor));
    TRY(log_key_now(tx, s->cli->arena, &found, &now));
    if (!found)
        return OK;
    hex_print(now.statement.new_key.id, NOTE_ID_LEN, id);
    s->key_id = arena_strdup(s->cli->arena, id);
    s->vkey = note_key_print(s->cli->arena, &now.statement.new_key);
    return arena_check(s->cli->arena);
}

static void tls_status(struct status *s)
{
    const char *cert = cli_config(s->cli)->tls.cert;
    if (cert == NULL)
        return;
    struct err e = tls_cert_days(s->cli->arena, cert, cli_clock_us() / 1000000, &s->tls_days);
    s->tls_known = e.kind == ERR_NONE;
    s->tls_why = s->tls_known ? NULL : arena_fmt(s->cli->arena, "%s: %s", cert, e.msg);
}

static bool daemon_answers(struct status *s)
{
    struct cli *cli = s->cli;
    const struct fetch_req req = {.method = "GET",
                                  .url = "http://localhost/healthz?detail",
                                  .unix_socket = cli_config(cli)->engine_socket,
                                  .timeout_ms = HEALTH_WAIT_MS};
    struct fetch_reply reply;
    struct stat st;
    if (stat(cli_config(cli)->engine_socket, &st) != 0)
        return false;
    if (fetch(cli->arena, &req, &reply).kind != ERR_NONE || reply.status != 200)
        return false;
    s->confinement = health_confinement(cli->arena, reply.body);
    return true;
}

static bool file_differs(const struct status *s)
{
    char digest[SHA256_HEX_SIZE];
    struct str text;
    struct err e = disk_read(s->cli->arena, cli_config(s->cli)->policy, POLICY_BYTES_MAX, &text);
    if (e.kind != ERR_NONE)
        return false;
    sha256_hex(text.at, text.len, digest);
    return !text_eq(digest, json_get_text(s->book, "policy_version"));
}

static struct err read_all(struct status *s, struct book *book)
{
    TRY(book_read(s, &book->tx));
    TRY(waiting_read(s, &book->tx));
    TRY(runs_status(s, &book->tx));
    TRY(key_status(s, &book->tx));
    return head_read(s, book->store);
}

static struct err status_read(struct status *s)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    TRY(book_open(s->cli, &book));
    TRY(book_err(s->cli, read_all(s, &book)));
    s->file_differs = file_differs(s);
    tls_status(s);
    s->daemon = daemon_answers(s);
    return OK;
}

/* ---- telling people ---- */

static struct err entity_told(struct status *s, const struct json *e)
{
    const struct json *m = json_get(e, "matches"), *x = json_get(e, "exceptions");
    printf("\n%s  %s\n", plain_text(s->cli->arena, json_get_text(e, "entity_id")),
           plain_text(s->cli->arena, json_get_text(e, "name")));
    TRY(totals_print(s->cli->arena, e));
    printf("  matches: %" PRId64 " confirmed, %" PRId64 " proposed, %" PRId64 " rejected, %" PRId64
           " reversed\n",
           figure(m, "confirmed"), figure(m, "proposed"), figure(m, "rejected"),
           figure(m, "reversed"));
    printf("  exceptions:");
    for (size_t i = 0; x != NULL && i < x->count; i++) {
        const char *name = str_dup(s->cli->arena, x->members[i].key);
        printf("%s %" PRId64 " %s", i == 0 ? "" : ",", figure(x, name), name);
    }
    printf("%s\n", x == NULL || x->count == 0 ? " none" : "");
    return OK;
}

static void waiting_group_told(struct arena *arena, const struct waiting *w)
{
    printf("  %4" PRId64 "  %s, %s\n", w->count, w->reason, plain_text(arena, w->pointer));
    text_wrap(arena, "        ", arena_fmt(arena, "\"%s\"", w->clause), stdout);
}

static void runs_told(struct status *s)
{
    printf("runs    %zu under way, %" PRId64 " failed in the last day\n", s->runs_n,
           s->runs_failed);
    for (size_t i = 0; i < s->runs_n; i++) {
        const struct run *r = &s->runs[i];
        printf("        %s  %s on %s, since %s, %" PRId64 " rows written\n", r->run_id,
               fsm_state_name(&fsm_workflow_run, (int)r->state),
               plain_text(s->cli->arena, r->lock_key), r->started_at, r->rows);
    }
}

static void key_told(const struct status *s)
{
    if (s->key_id == NULL)
        printf("log     not signed: keys init gives it a key\n");
    else
        printf("log     signed by key %s\n", s->key_id);
    if (cli_config(s->cli)->witness_list.n > 0)
        printf("        witnesses have cosigned events 1 to %" PRId64 " of %" PRId64 "\n",
               s->anchor.size, s->anchor.head);
}

static void tls_told(const struct status *s)
{
    if (s->tls_known && s->tls_days < 0)
        printf("tls     the certificate has expired\n");
    else if (s->tls_known)
        printf("tls     the certificate is good for %" PRId64 " days more\n", s->tls_days);
    else if (s->tls_why != NULL)
        printf("tls     %s\n", s->tls_why);
}

static struct err told(struct status *s)
{
    const struct json *entities = json_get(s->book, "entities");
    printf("book    %s\n", json_get_text(s->book, "book_id"));
    printf("chain   event %" PRId64 " of %s, hash %s\n", s->head_seq, s->head_utc, s->head);
    key_told(s);
    printf("policy  %s\n", json_get_text(s->book, "policy_version"));
    if (s->file_differs)
        printf("        the policy file %s is another one and not in force: policy propose\n",
               cli_config(s->cli)->policy);
    printf("engine  %s\n", s->daemon ? "running" : "not running");
    tls_told(s);
    if (s->confinement != NULL)
        printf("        confined: %s\n", health_told(s->cli->arena, s->confinement));
    runs_told(s);
    for (size_t i = 0; entities != NULL && i < entities->count; i++)
        TRY(entity_told(s, entities->items[i]));
    printf("\nwaiting for a human: %" PRId64 "\n", s->waiting_n);
    for (const struct waiting *w = s->waiting; w != NULL; w = w->next)
        waiting_group_told(s->cli->arena, w);
    return OK;
}

/* ---- telling programs ---- */

static struct err told_json(struct status *s)
{
    struct arena *arena = s->cli->arena;
    struct json *o = s->book, *chain = json_object_new(arena), *waiting = json_array_new(arena);
    json_put_int(arena, chain, "seq", s->head_seq);
    json_put_text(arena, chain, "hash", s->head);
    json_put_text(arena, chain, "timestamp_utc", s->head_utc);
    for (const struct waiting *w = s->waiting; w != NULL; w = w->next) {
        struct json *one = json_object_new(arena);
        json_put_text(arena, one, "reason", w->reason);
        json_put_text(arena, one, "clause", w->clause);
        json_put_text(arena, one, "pointer", w->pointer);
        json_put_int(arena, one, "count", w->count);
        json_push(arena, waiting, one);
    }
    json_put(arena, o, "head", chain);
    json_put_known(arena, o, "log_key_id", s->key_id);
    json_put_known(arena, o, "log_vkey", s->vkey);
    if (cli_config(s->cli)->witness_list.n > 0)
        json_put_int(arena, o, "anchored", s->anchor.size);
    if (s->tls_known)
        json_put_int(arena, o, "tls_days_left", s->tls_days);
    json_put_known(arena, o, "tls_why", s->tls_why);
    json_put_bool(arena, o, "engine_running", s->daemon);
    if (s->confinement != NULL)
        json_put(arena, o, "engine_confinement", s->confinement);
    json_put_bool(arena, o, "policy_file_differs", s->file_differs);
    json_put(arena, o, "waiting", waiting);
    json_put_int(arena, o, "waiting_n", s->waiting_n);
    json_put_int(arena, o, "runs_under_way", (int64_t)s->runs_n);
    json_put_int(arena, o, "runs_failed_last_day", s->runs_failed);
    TRY(arena_check(arena));
    cli_print(s->cli, o);
    return OK;
}

static int run_status(struct cli *cli)
{
    struct status s = {.cli = cli};
    struct err e = status_read(&s);
    if (e.kind == ERR_NONE)
        e = cli->json ? told_json(&s) : told(&s);
    return e.kind == ERR_NONE ? CLI_YES : cli_fail(cli, e);
}

const struct command command_status = {
    .name = "status",
    .args = "",
    .summary = "where the book stands: accounts, what waits, policy, chain, engine",
    .help = "Reads the book itself; works with and without a running engine.",
    .run = run_status,
};
