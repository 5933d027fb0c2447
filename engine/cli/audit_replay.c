/* `audit replay`: is every recorded verdict what the gate says of the recorded facts? */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/sys/note.h"
#include "engine/call/replay.h"
#include "engine/cli/book.h"
#include "engine/cli/columns.h"
#include "engine/cli/commands.h"
#include "engine/cli/threads.h"

/* ---- JSON ---- */

static const char *word_of(const struct replay_report *r)
{
    return r->differing > 0 ? "different" : r->unknown > 0 ? "unknown" : "equal";
}

static struct json *verdict_json(struct cli *cli, const struct replay_verdict *v)
{
    struct json *o = json_object_new(cli->arena);
    json_put_known(cli->arena, o, "decision", v->ruling);
    json_put_known(cli->arena, o, "reason", v->reason);
    json_put_known(cli->arena, o, "row", v->row);
    json_put_known(cli->arena, o, "clause_text", v->clause);
    json_put_known(cli->arena, o, "clause_pointer", v->pointer);
    return o;
}

static void report_json(struct cli *cli, const struct replay_report *r)
{
    struct json *o = json_object_new(cli->arena);
    json_put_text(cli->arena, o, "result", word_of(r));
    json_put_int(cli->arena, o, "from", r->from);
    json_put_int(cli->arena, o, "to", r->to);
    json_put_int(cli->arena, o, "decided", r->decided);
    json_put_int(cli->arena, o, "recorded", r->recorded);
    json_put_int(cli->arena, o, "policies", r->policies);
    json_put_int(cli->arena, o, "late", r->late);
    if (r->late > 0)
        json_put_int(cli->arena, o, "late_seq", r->late_seq);
    json_put_int(cli->arena, o, "different", r->differing);
    json_put_int(cli->arena, o, "unknown", r->unknown);
    if (r->bad_seq != 0) {
        json_put_int(cli->arena, o, "bad_seq", r->bad_seq);
        json_put_text(cli->arena, o, "what", r->what);
        json_put(cli->arena, o, "was", verdict_json(cli, &r->was));
        json_put(cli->arena, o, "again",
                 r->again.ruling == NULL ? json_null_new(cli->arena)
                                         : verdict_json(cli, &r->again));
    }
    if (r->unknown_seq != 0) {
        json_put_int(cli->arena, o, "unknown_seq", r->unknown_seq);
        json_put_text(cli->arena, o, "why", r->why);
    }
    cli_print(cli, o);
}

/* ---- text ---- */

static void verdict_print(struct cli *cli, const char *label, const struct replay_verdict *v)
{
    printf("  %s  %s %s, row %s\n", label, plain_text(cli->arena, v->ruling),
           plain_text(cli->arena, v->reason), plain_text(cli->arena, v->row));
    if (v->pointer != NULL && v->pointer[0] != '\0')
        printf("             %s: %s\n", plain_text(cli->arena, v->pointer),
               plain_text(cli->arena, v->clause));
}

static void different_print(struct cli *cli, const struct replay_report *r)
{
    printf("different at event %" PRId64 ": %s\n", r->bad_seq, plain_text(cli->arena, r->what));
    verdict_print(cli, "recorded ", &r->was);
    if (r->again.ruling == NULL)
        printf("  again      could not be decided\n");
    else
        verdict_print(cli, "again    ", &r->again);
    printf("  %" PRId64 " of %" PRId64 " decisions differ\n", r->differing, r->decided);
}

static void report_print(struct cli *cli, const struct replay_report *r)
{
    if (r->differing > 0)
        different_print(cli, r);
    else
        printf("%s: events %" PRId64 " to %" PRId64 ", %" PRId64 " decisions under %" PRId64
               " %s\n",
               r->unknown > 0 ? "not known" : "equal", r->from, r->to, r->decided - r->unknown,
               r->policies, r->policies == 1 ? "policy" : "policies");
    if (r->unknown > 0)
        printf("  %" PRId64 " could not be decided again, the first event %" PRId64 ": %s\n",
               r->unknown, r->unknown_seq, plain_text(cli->arena, r->why));
    if (r->late > 0)
        printf("  %" PRId64 " were decided under a policy that was replaced while they waited, the"
               " first event %" PRId64 "\n",
               r->late, r->late_seq);
    printf("  %" PRId64 " other events record what nobody was asked about\n", r->recorded);
}

/* ---- the command ---- */

static void progress(void *arg, int64_t seq, int64_t last)
{
    if (seq == last)
        (void)fputs("\r                                        \r", stderr);
    else
        (void)fprintf(stderr, "\r%" PRId64 " of %" PRId64 " ", seq, last);
    (void)arg;
}

static struct err seq_option(struct cli *cli, const char *name, int64_t *seq)
{
    const char *text = cli_option(cli, name);
    uint64_t n = 0;
    if (text != NULL && (!note_number_parse(str_of(text), &n) || n == 0))
        return err_at(ERR_INPUT, arena_fmt(cli->arena, "--%s", name), "expected an event's number");
    *seq = (int64_t)n;
    return OK;
}

static int told(struct cli *cli, const struct replay_report *r)
{
    if (cli->json)
        report_json(cli, r);
    else
        report_print(cli, r);
    if (r->differing > 0)
        return CLI_NO;
    return r->unknown > 0 ? CLI_UNKNOWN : CLI_YES;
}

static int run_replay(struct cli *cli)
{
    struct replay_report report;
    struct replay_spec spec = {.progress = isatty(STDERR_FILENO) ? progress : NULL};
    struct err e = threads_option(cli_option(cli, "threads"), &spec.threads);
    if (e.kind == ERR_NONE)
        e = seq_option(cli, "from", &spec.from);
    if (e.kind == ERR_NONE)
        e = seq_option(cli, "to", &spec.to);
    if (e.kind == ERR_NONE)
        e = book_find(cli, &spec.path);
    if (e.kind == ERR_NONE)
        e = replay_log(&spec, cli->arena, &report);
    return e.kind == ERR_NONE ? told(cli, &report) : cli_fail(cli, e);
}

static const struct cli_option options[] = {
    {"from", "SEQ", "from this event on"},
    {"to", "SEQ", "up to this event"},
    {"threads", "N", "read on so many threads (1 to 8; all processors unless given)"},
};

const struct command command_audit_replay = {
    .name = "audit replay",
    .args = "",
    .summary = "decide every recorded decision again, and compare",
    .help = "Gives the facts of each event (gate_input) to the gate once more, under the policy\n"
            "text that the book keeps for it: decision, reason, row, clause and pointer must be\n"
            "the recorded ones. A running engine is not disturbed. audit verify says whether the\n"
            "events themselves are as they were recorded.\n"
            "0: all equal; 2: one differs, and which; 1: could not tell (no book, another gate).",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_replay,
};
