/* `audit verify`: do the chain, the tree over it, its signed heads and its clock hold, and with
 * --book, is every row what its event wrote? It reads the file itself, beside a running engine or
 * without one. */
#include <inttypes.h>
#include <stdio.h>

#include "common/sys/disk.h"
#include "common/verify/receipt.h"
#include "engine/cli/book.h"
#include "engine/cli/columns.h"
#include "engine/cli/commands.h"
#include "engine/cli/threads.h"
#include "engine/store/audit.h"

static void put(struct cli *cli, struct json *o, const char *key, const char *text)
{
    if (text != NULL)
        json_put_text(cli->arena, o, key, text);
}

static const char *const questions[AUDIT_QUESTIONS] = {"rows", "tree", "truncation", "clock"};
static const char *const titles[AUDIT_QUESTIONS] = {"rows and chain     ", "tree and signatures",
                                                    "truncation         ", "clock order        "};
static const char *const answers[] = {"not known", "ok", "broken"};

/* ---- JSON ---- */

static struct json *range_json(struct cli *cli, int64_t from, int64_t to)
{
    struct json *o = from > to ? json_null_new(cli->arena) : json_object_new(cli->arena);
    if (from > to)
        return o;
    json_put_int(cli->arena, o, "from", from);
    json_put_int(cli->arena, o, "to", to);
    return o;
}

static struct json *answers_json(struct cli *cli, const struct audit_report *r)
{
    struct json *all = json_object_new(cli->arena);
    for (size_t i = 0; i < AUDIT_QUESTIONS; i++) {
        const struct audit_told *t = &r->told[i];
        struct json *o = json_object_new(cli->arena);
        json_put_text(cli->arena, o, "result", answers[t->answer]);
        if (t->answer == AUDIT_NOT_OK && t->bad_seq != 0)
            json_put_int(cli->arena, o, "bad_seq", t->bad_seq);
        put(cli, o, t->answer == AUDIT_NOT_OK ? "problem" : "says", t->says);
        json_put(cli->arena, all, questions[i], o);
    }
    return all;
}

static void heads_json(struct cli *cli, struct json *o, const struct audit_report *r)
{
    struct json *tree = json_object_new(cli->arena);
    json_put_int(cli->arena, tree, "heads", r->heads);
    json_put_int(cli->arena, tree, "covered", r->covered);
    put(cli, tree, "key", r->key);
    json_put_bool(cli->arena, tree, "own_word", r->own_word);
    json_put(cli->arena, tree, "anchored", range_json(cli, 1, r->anchored));
    json_put(cli->arena, tree, "unanchored", range_json(cli, r->anchored + 1, r->events));
    json_put_bool(cli->arena, tree, "witness_given", r->witness_given);
    json_put(cli->arena, o, "signed", tree);
}

static void report_json(struct cli *cli, const struct audit_report *r, bool book)
{
    static const char *const words[] = {"intact", "broken", "unknown"};
    struct json *o = json_object_new(cli->arena);
    const bool unsure = r->kind == AUDIT_INTACT && r->asked;
    json_put_text(cli->arena, o, "result", unsure ? "unknown" : words[r->kind]);
    json_put_int(cli->arena, o, "events", r->events);
    put(cli, o, "book_id", r->book_id);
    put(cli, o, "head", r->events > 0 ? r->head : NULL);
    put(cli, o, "first_utc", r->first_utc);
    put(cli, o, "last_utc", r->last_utc);
    if (book)
        json_put_int(cli->arena, o, "rows", r->rows);
    if (r->bad_seq != 0)
        json_put_int(cli->arena, o, "bad_seq", r->bad_seq);
    put(cli, o, "table", r->table);
    put(cli, o, "row", r->row);
    put(cli, o, "problem", r->problem);
    if (r->kind != AUDIT_UNREADABLE) {
        json_put(cli->arena, o, "verdicts", answers_json(cli, r));
        heads_json(cli, o, r);
    }
    cli_print(cli, o);
}

/* ---- text ---- */

static void answers_print(struct cli *cli, const struct audit_report *r)
{
    for (size_t i = 0; i < AUDIT_QUESTIONS; i++) {
        const struct audit_told *t = &r->told[i];
        printf("  %s  %s", titles[i], answers[t->answer]);
        if (t->answer == AUDIT_NOT_OK && t->bad_seq != 0)
            printf(" at event %" PRId64, t->bad_seq);
        printf("%s%s\n", t->says == NULL ? "" : ": ",
               t->says == NULL ? "" : plain_text(cli->arena, t->says));
    }
}

/* Who vouches for what: signed, by which key, and what a witness saw. */
static void heads_print(const struct audit_report *r)
{
    if (r->heads == 0)
        return;
    printf("  signed: events 1 to %" PRId64 ", %" PRId64 " heads, key %s\n", r->covered, r->heads,
           r->key == NULL ? "not known" : r->key);
    if (r->own_word)
        printf("          that key is the book's own word: give the one you trust with --key\n");
    if (r->anchored == 0)
        printf("  anchored: none, no witness cosigned a head\n");
    else
        printf("  anchored: events 1 to %" PRId64 "%s\n", r->anchored,
               r->witness_given ? "" : ", by witnesses that the book names (--witness pins them)");
    if (r->anchored > 0 && r->anchored < r->events)
        printf("  unanchored: events %" PRId64 " to %" PRId64 "\n", r->anchored + 1, r->events);
}

static void intact_print(const struct audit_report *r, bool book)
{
    printf("%s: %" PRId64 " events of %s, %s to %s\n", r->asked ? "not known" : "intact", r->events,
           r->book_id, r->first_utc, r->last_utc);
    printf("  head %s\n", r->head);
    if (book)
        printf("  %" PRId64 " rows of the book are as their events wrote them\n", r->rows);
    else
        printf("  the log only; --book compares the book's rows with it too\n");
}

static void broken_print(struct cli *cli, const struct audit_report *r)
{
    printf("broken");
    if (r->bad_seq != 0)
        printf(" at event %" PRId64, r->bad_seq);
    printf(": %s\n", plain_text(cli->arena, r->problem));
    if (r->table != NULL)
        printf("  table %s%s%s\n", r->table, r->row == NULL ? "" : ", row ",
               plain_text(cli->arena, r->row));
    if (r->events > 0)
        printf("  %" PRId64 " events are good, the last of %s, hash %s\n", r->events, r->last_utc,
               r->head);
}

static int told(struct cli *cli, const struct audit_report *r, bool book)
{
    if (cli->json) {
        report_json(cli, r, book);
    } else {
        if (r->kind == AUDIT_INTACT)
            intact_print(r, book);
        else
            broken_print(cli, r);
        answers_print(cli, r);
        heads_print(r);
    }
    if (r->kind != AUDIT_INTACT)
        return CLI_NO;
    return r->asked ? CLI_UNKNOWN : CLI_YES;
}

/* ---- what the verifier brings along ---- */

#define KEPT_BYTES_MAX RECEIPT_BYTES_MAX

static struct err kept_read(struct cli *cli, struct audit_given *given)
{
    size_t n;
    const char *const *files = cli_option_all(cli, "against", &n);
    struct audit_kept *kept = ARENA_ARRAY(cli->arena, n, struct audit_kept);
    TRY(arena_check(cli->arena));
    for (size_t i = 0; i < n; i++) {
        kept[i].name = files[i];
        TRY(disk_read(cli->arena, files[i], KEPT_BYTES_MAX, &kept[i].text));
    }
    given->kept = kept;
    given->kept_n = n;
    return OK;
}

static struct err given_read(struct cli *cli, struct audit_given *given)
{
    const char *threads = cli_option(cli, "threads");
    given->keys = cli_option_all(cli, "key", &given->keys_n);
    given->witnesses = cli_option_all(cli, "witness", &given->witnesses_n);
    TRY(arena_check(cli->arena));
    TRY(threads_option(threads, &given->threads));
    return kept_read(cli, given);
}

static int run_verify(struct cli *cli)
{
    const bool book = cli_option(cli, "book") != NULL;
    struct audit_report report = {.kind = AUDIT_UNREADABLE};
    struct audit_given given = {.threads = 0};
    struct err e = given_read(cli, &given);
    if (e.kind == ERR_NONE)
        e = book_find(cli, &given.path);
    if (e.kind == ERR_NONE)
        e = audit_verify_path(given.path, book, &given, cli->arena, &report);
    if (e.kind == ERR_NONE)
        return told(cli, &report, book);
    report.kind = AUDIT_UNREADABLE;
    report.problem = e.msg;
    if (cli->json)
        report_json(cli, &report, book);
    return cli_fail(cli, e);
}

static const struct cli_option options[] = {
    {"book", NULL, "compare every row of the book with the event that wrote it, too"},
    {"key", "VKEY...", "believe only this key of the log, and those it hands over to"},
    {"against", "FILE...",
     "a checkpoint or receipt that was kept elsewhere: the log must still have it"},
    {"witness", "VKEY...", "count only this witness's signatures"},
    {"threads", "N", "read on so many threads (1 to 8; all processors unless given)"},
};

const struct command command_audit_verify = {
    .name = "audit verify",
    .args = "",
    .summary = "check the audit log: chain, tree, heads and clock, and the book against it",
    .help = "Reads the file itself and believes nothing else; a running engine is not disturbed.\n"
            "Four verdicts, each with the first bad event: rows and chain, tree and signatures,\n"
            "truncation against known heads, clock order; and which events a witness anchors.\n"
            "Without --key the log's key is the book's own word, without --against an end cut off\n"
            "together with its heads is not seen.\n"
            "0: intact; 2: broken, and where; 1: could not tell (no book, no permission, no key).",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_verify,
};
