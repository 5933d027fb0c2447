/* Making, judging and restoring the book; nothing of HTTP. */
#include "tests/fuzz/endpoint_book.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/civil.h"
#include "common/base/invariant.h"
#include "common/sys/db.h"
#include "common/sys/disk.h"
#include "common/sys/embed.h"
#include "common/sys/json_read.h"
#include "common/sys/os_subject.h"
#include "common/verify/receipt.h"
#include "engine/call/boot.h"
#include "engine/call/call.h"
#include "engine/cli/master_folder.h"
#include "engine/store/escalations.h"
#include "engine/store/log_keys.h"
#include "engine/store/matches.h"
#include "tests/fuzz/still_spine.h"

#define FILES_MAX  16
#define FILE_BYTES ((size_t)64 << 20)
#define BEGAN_US   INT64_C(1775120400000000) /* 2026-04-02T09:00:00Z, behind the files' last day */
#define INPUT_US   (BEGAN_US + INT64_C(3600000000))

static void good(struct err e)
{
    if (e.kind != ERR_NONE)
        (void)fprintf(stderr, "%s: %s: %s\n", err_kind_name(e.kind),
                      e.where == NULL ? "-" : e.where, e.msg);
    INVARIANT(e.kind == ERR_NONE);
}

/* ---- the clock ---- */

static int64_t now_us = BEGAN_US;

int64_t book_clock(void)
{
    return now_us += 1000;
}

/* ---- the folder ---- */

static struct {
    char folder[256];
    struct {
        const char *name;
        struct str bytes;
    } files[FILES_MAX];
    size_t n;
    int64_t head_seq;
    int64_t version; /* of the reader's view; another one: somebody has written */
    struct log_keys *log_keys;
} disk;

static void folder_make(void)
{
    struct stat st;
    const char *given = getenv("TMPDIR"); /* whose own rubbish it is when a run ends in abort() */
    const bool memory = stat("/dev/shm", &st) == 0 && access("/dev/shm", W_OK) == 0;
    const char *parent = given != NULL ? given : memory ? "/dev/shm" : "/tmp";
    const int n = snprintf(disk.folder, sizeof disk.folder, "%s/closegate-fuzz-XXXXXX", parent);
    INVARIANT(n > 0 && (size_t)n < sizeof disk.folder && mkdtemp(disk.folder) != NULL);
}

static const char *path_of(struct arena *arena, const char *name)
{
    const char *path = arena_fmt(arena, "%s/%s", disk.folder, name);
    INVARIANT(path != NULL);
    return path;
}

static void folder_empty(void)
{
    DIR *dir = opendir(disk.folder);
    char path[512];
    if (dir == NULL)
        return;
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        (void)snprintf(path, sizeof path, "%s/%s", disk.folder, d->d_name);
        if (d->d_type == DT_REG)
            (void)unlink(path);
    }
    (void)closedir(dir);
}

static void folder_gone(void)
{
    folder_empty();
    (void)rmdir(disk.folder);
}

/* Nothing is open. */
static void folder_keep(struct arena *arena)
{
    DIR *dir = opendir(disk.folder);
    INVARIANT(dir != NULL);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        if (d->d_type != DT_REG)
            continue;
        INVARIANT(disk.n < FILES_MAX);
        disk.files[disk.n].name = arena_strdup(arena, d->d_name);
        good(disk_read(arena, path_of(arena, d->d_name), FILE_BYTES, &disk.files[disk.n++].bytes));
    }
    (void)closedir(dir);
}

static void folder_restore(void)
{
    folder_empty();
    for (size_t i = 0; i < disk.n; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", disk.folder, disk.files[i].name);
        FILE *f = fopen(path, "wb");
        INVARIANT(f != NULL && chmod(path, 0600) == 0);
        const size_t len = disk.files[i].bytes.len;
        INVARIANT(fwrite(disk.files[i].bytes.at, 1, len, f) == len && fclose(f) == 0);
    }
}

/* ---- the first transaction ---- */

static void clients_make(struct endpoint_book *b, struct client clients[BOOK_CLIENTS])
{
    static const char *for_bot[] = {"whois", "list_pending_escalations", "record_delivery",
                                    CLIENT_READS};
    const uint32_t any =
        1u << CHANNEL_WEB | 1u << CHANNEL_SLACK | 1u << CHANNEL_CHAT | 1u << CHANNEL_API;
    static const struct client all[BOOK_CLIENTS] = {
        {.client_id = "workspace", .name = "Workspace", .kind = CLIENT_WORKSPACE, .active = true},
        {.client_id = "claude", .name = "Claude", .kind = CLIENT_MCP, .active = true},
        {.client_id = "bot", .name = "Bot", .kind = CLIENT_SERVICE, .active = true},
        {.client_id = "gone", .name = "Gone", .kind = CLIENT_MCP},
    };
    for (uint8_t i = 0; i < BOOK_CLIENTS; i++) {
        const uint8_t seed[ED25519_KEY_LEN] = {i, 8};
        clients[i] = all[i];
        clients[i].channels = i == BOOK_WORKSPACE ? any : 1u << CHANNEL_API;
        clients[i].has_key = true;
        if (i == BOOK_BOT) {
            clients[i].tools = for_bot;
            clients[i].tools_n = sizeof for_bot / sizeof for_bot[0];
        }
        good(ed25519_from_seed(seed, &b->client_keys[i]));
        ed25519_public(b->client_keys[i], clients[i].public_key);
        b->client_ids[i] = all[i].client_id;
    }
}

static void book_first(struct endpoint_book *b)
{
    CLEANUP(store_close) struct store *store = NULL;
    CLEANUP(log_keys_free) struct log_keys *keys = NULL;
    struct client clients[BOOK_CLIENTS];
    struct boot_person *people;
    struct master master;
    size_t people_n;
    char now[INSTANT_TEXT_MAX];
    int migrated;
    clients_make(b, clients);
    good(people_read(b->arena, embedded_find(demo_saas, demo_saas_n, "people.yaml"), &people,
                     &people_n));
    good(master_embedded_read(b->arena, demo_saas, demo_saas_n, &master));
    struct boot_identity both[2] = {
        people[1].identities[0],
        {.kind = "os", .issuer = "", .subject = os_subject(b->arena, BOOK_OS_UID)}};
    people[1].identities = both;
    people[1].identities_n = 2;
    instant_print(book_clock(), now);
    good(store_migrate(b->path, now, b->arena, &migrated));
    good(store_open(b->path, STORE_WRITER, b->arena, &store));
    good(log_keys_open(disk.folder, &keys));
    struct err none = log_keys_use(keys, store, b->arena);
    INVARIANT(none.kind == ERR_MISSING);
    const struct boot_spec spec = {.policy_text =
                                       embedded_find(demo_saas, demo_saas_n, "policy.yaml"),
                                   .people = people,
                                   .people_n = people_n,
                                   .clients = clients,
                                   .clients_n = BOOK_CLIENTS,
                                   .master = &master,
                                   .log_keys = keys,
                                   .demo = true,
                                   .prod = true};
    good(book_create(store, &spec, book_clock, b->arena));
    good(log_keys_settle(keys, store));
}

/* ---- what people did before anybody fuzzed ---- */

static void on_made(struct call *c, void *arg)
{
    (void)arg;
    if (c->outcome == CALL_FAILED)
        good(c->err);
    INVARIANT(c->outcome == CALL_OK);
}

static void made_call(struct endpoint_book *b, const struct actor *actor, const char *tool,
                      const struct json *args)
{
    struct call *c = ARENA_NEW(b->arena, struct call);
    INVARIANT(c != NULL);
    *c = (struct call){.arena = b->arena,
                       .tool = tool_find(tool),
                       .actor = *actor,
                       .policy = b->policy,
                       .prod = true};
    good(call_bind(c, args));
    good(spine_submit(b->spine, c, on_made, NULL));
    while (still_run(b->spine))
        ;
}

static void file_load(struct endpoint_book *b, const struct actor *actor, const char *source)
{
    const char *name = arena_fmt(b->arena, "%s.csv", source);
    const struct str bytes = embedded_find(demo_saas, demo_saas_n, name);
    struct json *args = json_object_new(b->arena);
    char *content = arena_alloc(b->arena, BASE64_SIZE(bytes.len));
    INVARIANT(bytes.at != NULL && content != NULL);
    base64_print(bytes.at, bytes.len, content);
    json_put_text(b->arena, args, "source_id", source);
    json_put_text(b->arena, args, "name", name);
    json_put_text(b->arena, args, "content_base64", content);
    made_call(b, actor, "ingest_file", args);
}

static void month_make(struct endpoint_book *b)
{
    struct json *args = json_object_new(b->arena);
    const struct actor maria = {.kind = ACTOR_HUMAN,
                                .id = "human:maria",
                                .principal = b->principals[1],
                                .channel = CHANNEL_CLI,
                                .backend = "os"};
    file_load(b, &maria, "bank-uk-current");
    file_load(b, &maria, "gl-uk");
    json_put_text(b->arena, args, "entity_id", "acme-uk");
    made_call(b, &maria, "run_recon_pass", args);
}

/* ---- what inputs name ---- */

static void people_find(struct endpoint_book *b, struct tx *tx)
{
    static const char *const names[] = {"demo-user", "maria", "sam"};
    struct principal p;
    for (size_t i = 0; i < 3; i++) {
        good(identity_find(tx, b->arena, "actor", "", names[i], &p));
        b->principals[i] = p.principal_id;
    }
}

/* By what they are, not by their ids: those are drawn, and an input names the same in each run. */
static int by_amount(const void *a, const void *b)
{
    const struct match *x = a, *y = b;
    const int64_t more = x->amount.minor - y->amount.minor;
    return more != 0 ? (more > 0) - (more < 0)
                     : strcmp(x->composition_sha256, y->composition_sha256);
}

static void matches_find(struct endpoint_book *b, struct tx *tx, enum match_state state,
                         struct match **matches, size_t *n)
{
    good(matches_list(tx, b->arena, "acme-uk", NULL, state, "", 1000, matches, n));
    qsort(*matches, *n, sizeof **matches, by_amount);
}

static void objects_find(struct endpoint_book *b, struct tx *tx)
{
    struct match *open, *confirmed;
    struct escalation waiting;
    size_t open_n, confirmed_n, have = 0;
    bool found;
    matches_find(b, tx, MATCH_PROPOSED, &open, &open_n);
    matches_find(b, tx, MATCH_CONFIRMED, &confirmed, &confirmed_n);
    INVARIANT(open_n >= BOOK_PROPOSED && confirmed_n >= BOOK_MATCHES - BOOK_PROPOSED);
    for (size_t i = 0; i < BOOK_MATCHES; i++)
        b->matches[i] =
            i < BOOK_PROPOSED ? open[i].match_id : confirmed[i - BOOK_PROPOSED].match_id;
    for (size_t i = 0; i < open_n && have < BOOK_WAITING; i++) {
        good(escalation_of_object(tx, b->arena, "confirm_match", open[i].match_id, &found,
                                  &waiting));
        if (!found)
            continue;
        b->waiting[have] = waiting.escalation_id;
        b->digests[have++] = waiting.digest;
    }
    INVARIANT(have == BOOK_WAITING);
}

/* ---- open and closed ---- */

static int64_t version_of(struct endpoint_book *b)
{
    int64_t version;
    good(db_pragma_look(store_db(still_reader(b->spine)), "data_version", &version));
    return version;
}

static void book_open(struct endpoint_book *b)
{
    good(log_keys_open(disk.folder, &disk.log_keys));
    const struct spine_options options = {.book_path = b->path,
                                          .log_keys = disk.log_keys,
                                          .readers = 1,
                                          .in_flight_max = 32,
                                          .clock_us = book_clock};
    good(spine_start(NULL, &options, &b->spine));
    disk.version = version_of(b);
}

static void book_close(struct endpoint_book *b)
{
    spine_stop(b->spine);
    log_keys_free(disk.log_keys);
    b->spine = NULL;
}

typedef void look_fn(struct endpoint_book *b, struct tx *tx);

static void look(struct endpoint_book *b, look_fn *fn)
{
    struct tx tx;
    good(tx_read_begin(still_reader(b->spine), b->arena, book_clock(), &tx));
    fn(b, &tx);
    tx_read_end(&tx);
}

static void policy_find(struct endpoint_book *b, struct tx *tx)
{
    struct policy *policy;
    good(policy_now(tx, b->arena, &policy));
    b->policy = policy;
}

static void config_make(struct endpoint_book *b)
{
    const char *const env[] = {
        "CLOSEGATE_ENV=prod",
        arena_fmt(b->arena, "CLOSEGATE_DATA_DIR=%s", disk.folder),
        "CLOSEGATE_LOG_LEVEL=error",
        "CLOSEGATE_ACTOR_RATE=0",
        "CLOSEGATE_ACTOR_IN_FLIGHT=8",
        "CLOSEGATE_PEER_RATE=0",
        "CLOSEGATE_WORKSPACE_URL=https://closegate.example",
        "CLOSEGATE_ALLOWED_ORIGINS=https://closegate.example",
        NULL,
    };
    good(config_load(b->arena, NULL, env, &b->config));
}

/* ---- what must hold ---- */

struct judging {
    const struct book_said *said;
    struct arena *arena;
    bool registry_moved; /* who may see what is not what it was */
};

static bool is_one_of(const char *text, const char *const *list)
{
    for (; text != NULL && *list != NULL; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

/* The published matrix, once more and by hand: no machine but engine:auto-confirm confirms, and
 * none approves, takes back, freezes, or changes who may do what and under which policy. */
static void no_machines_decision(const struct json *event, const char *actor)
{
    static const char *const human[] = {
        "CONFIRM",        "UNMATCH",           "FREEZE", "THAW",
        "CHANGE_POLICY",  "CHANGE_REGISTRY",   "INGEST", "CHANGE_MASTER_DATA",
        "SET_DELEGATION", "RESOLVE_EXCEPTION", NULL};
    static const char *const settled[] = {"ESCALATION_APPROVED",
                                          "ESCALATION_STAGE_APPROVED",
                                          "FROZEN",
                                          "THAWED",
                                          "REGISTRY_CHANGED",
                                          "POLICY_APPROVED",
                                          "KEY_ROTATED",
                                          "DELEGATION_SET",
                                          NULL};
    const bool allowed = text_eq(json_get_text(event, "decision"), "allow");
    if (strncmp(actor, "human:", 6) == 0)
        return;
    INVARIANT(!is_one_of(json_get_text(event, "event_type"), settled));
    if (allowed && text_eq(json_get_text(event, "action"), "CONFIRM"))
        INVARIANT(text_eq(actor, "engine:auto-confirm") &&
                  text_eq(json_get_text(event, "source"), "matcher"));
    if (strncmp(actor, "engine:", 7) == 0)
        return;
    INVARIANT(!allowed || !is_one_of(json_get_text(event, "action"), human));
    INVARIANT(!text_eq(json_get_text(event, "state_to"), "CONFIRMED"));
}

/* What a question to a human consists of, and a policy's text for them to read. */
static bool is_a_question(const struct json *effects)
{
    static const char *const tables[] = {"escalations",      "escalation_parties",
                                         "escalation_seats", "escalation_addressees",
                                         "escalation_notes", "askers",
                                         "policies",         NULL};
    for (size_t i = 0; i < effects->count; i++)
        if (!is_one_of(json_get_text(effects->items[i], "table"), tables))
            return false;
    return true;
}

/* A denial is a violation and changes nothing; what waits for a human changes nothing else. */
static void no_effect_without_leave(const struct json *event)
{
    const char *decision = json_get_text(event, "decision");
    const struct json *effects = json_get(event, "effects");
    const struct json *bulk = json_get(event, "effects_bulk");
    INVARIANT(json_is(effects, JSON_TYPE_ARRAY));
    if (text_eq(decision, "deny"))
        INVARIANT(effects->count == 0 &&
                  text_eq(json_get_text(event, "event_type"), "POLICY_VIOLATION"));
    if (text_eq(decision, "human"))
        INVARIANT(is_a_question(effects));
    if (text_eq(decision, "deny") || text_eq(decision, "human"))
        INVARIANT(bulk == NULL || bulk->count == 0);
}

static struct err judge_event(void *arg, const struct audit_row *row)
{
    struct judging *j = arg;
    struct json *event;
    static const struct json_limits limits = {.bytes_max = 8u << 20, .nodes_max = 1000000};
    TRY(json_read(j->arena, str_of(row->event), &limits, &event));
    const char *actor = json_get_text(event, "actor_id");
    INVARIANT(actor != NULL);
    if (strncmp(actor, "engine:", 7) != 0)
        INVARIANT(j->said->known(j->said->ctx, actor));
    no_machines_decision(event, actor);
    no_effect_without_leave(event);
    j->registry_moved |= text_eq(json_get_text(event, "event_type"), "REGISTRY_CHANGED");
    return OK;
}

/* Everybody here may see the whole log, unless their roles have become others. */
static void judge_events(struct tx *tx, const struct book_said *said, struct arena *arena)
{
    struct judging j = {.said = said, .arena = arena};
    struct audit_filter filter = {.after_seq = disk.head_seq, .limit = 1000};
    for (bool more = true; more;) {
        int64_t last;
        good(audit_query(tx, &filter, judge_event, &j, &last, &more));
        filter.after_seq = last;
    }
    INVARIANT(said->bare == 0 || j.registry_moved);
}

static void judge_log(struct tx *tx, struct arena *arena)
{
    struct audit_report report;
    good(audit_verify(tx, arena, &report));
    if (report.kind == AUDIT_INTACT)
        good(audit_verify_book(tx, arena, &report));
    if (report.kind != AUDIT_INTACT)
        (void)fprintf(stderr, "%s (%s %s)\n", report.problem,
                      report.table == NULL ? "-" : report.table,
                      report.row == NULL ? "-" : report.row);
    INVARIANT(report.kind == AUDIT_INTACT);
    INVARIANT(report.told[AUDIT_TREE].answer == AUDIT_OK);
}

/* The event is the book's own, and the signed head holds it. */
static void judge_receipt(struct tx *tx, const struct book_receipt *given,
                          const struct log_key_event *keys, size_t keys_n, struct arena *arena)
{
    struct receipt r;
    struct note note;
    struct checkpoint head;
    struct merkle_hash leaf;
    uint8_t self[SHA256_LEN];
    bool is_signed = false;
    good(receipt_bind(arena, given->tree, &r));
    good(note_parse(r.checkpoint, &note));
    good(checkpoint_parse(note.text, &head));
    for (size_t i = 0; i < keys_n; i++)
        is_signed |= note_check(&note, &keys[i].statement.new_key, NULL) == NOTE_SIGNED;
    INVARIANT(is_signed);
    receipt_leaf_data(&r, self);
    merkle_leaf(self, sizeof self, &leaf);
    INVARIANT(merkle_inclusion_holds(&leaf, r.index, head.size, &r.proof, &head.root));
    int64_t last;
    good(audit_last_seq(tx, &last));
    INVARIANT(r.index < (uint64_t)last);
    INVARIANT(given->seq == 0 || r.index + 1 == (uint64_t)given->seq);
}

static void judge_receipts(struct tx *tx, const struct book_said *said, struct arena *arena)
{
    struct log_key_event *keys;
    size_t n;
    if (said->receipts_n == 0)
        return;
    good(log_keys_list(tx, arena, &keys, &n));
    for (size_t i = 0; i < said->receipts_n; i++)
        judge_receipt(tx, &said->receipts[i], keys, n, arena);
}

static void judge_all(struct tx *tx, const struct book_said *said, struct arena *arena)
{
    judge_log(tx, arena);
    judge_events(tx, said, arena);
}

void book_judge(struct endpoint_book *book, const struct book_said *said)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)256 << 20);
    struct tx tx;
    const bool moved = spine_head(book->spine) != disk.head_seq;
    const bool written = version_of(book) != disk.version;
    INVARIANT(arena != NULL && (written || !moved));
    good(tx_read_begin(still_reader(book->spine), arena, book_clock(), &tx));
    judge_receipts(&tx, said, arena);
    if (written)
        judge_all(&tx, said, arena);
    tx_read_end(&tx);
    if (!written)
        return;
    book_close(book);
    folder_restore();
    book_open(book);
}

/* ---- the whole ---- */

static bool is_maria(void *ctx, const char *actor)
{
    (void)ctx;
    return strcmp(actor, "human:maria") == 0;
}

static void made_judge(struct endpoint_book *b, struct tx *tx)
{
    static const struct book_said said = {.known = is_maria};
    judge_all(tx, &said, b->arena);
}

struct endpoint_book *book_make(void)
{
    struct arena *arena = arena_new((size_t)1 << 30);
    struct endpoint_book *b = arena == NULL ? NULL : ARENA_NEW(arena, struct endpoint_book);
    INVARIANT(b != NULL);
    b->arena = arena;
    folder_make();
    INVARIANT(atexit(folder_gone) == 0);
    config_make(b);
    b->path = path_of(arena, "recon.db");
    book_first(b);
    book_open(b);
    disk.head_seq = spine_head(b->spine);
    look(b, policy_find);
    look(b, people_find);
    month_make(b);
    look(b, made_judge);
    look(b, objects_find);
    disk.head_seq = spine_head(b->spine);
    book_close(b);
    folder_keep(arena);
    book_open(b);
    return b;
}

void book_begin(struct endpoint_book *book)
{
    (void)book;
    now_us = INPUT_US;
}
