/* `audit prove`: an event's receipt, as JSON or as a C2SP tlog-proof, for somebody who has neither
 * the book nor this program. */
#include <string.h>

#include "common/sys/json_write.h"
#include "common/verify/receipt.h"
#include "engine/cli/book.h"
#include "engine/cli/commands.h"
#include "engine/cli/out_file.h"
#include "engine/store/tree.h"

struct proving {
    struct cli *cli;
    uint64_t seq, size; /* size 0: the head that covers the event */
    bool tlog;
    struct receipt receipt;
};

static struct err receipt_find(struct proving *p)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    struct arena *arena = p->cli->arena;
    TRY(book_open(p->cli, &book));
    const int64_t seq = (int64_t)p->seq;
    return book_err(p->cli, p->size == 0 ? receipt_of(&book.tx, arena, seq, &p->receipt)
                                         : receipt_at(&book.tx, arena, seq, p->size, &p->receipt));
}

static struct err text_put(const struct proving *p, struct out_file *out)
{
    struct str text;
    if (p->tlog) {
        CLEANUP(buf_fini) struct buf b;
        buf_init(&b, 2 * RECEIPT_BYTES_MAX);
        tlog_proof_print(&p->receipt, &b);
        TRY(buf_check(&b));
        return out_put(out, b.at, b.len);
    }
    CLEANUP(jw_fini) struct jw w;
    jw_init(&w, 2 * RECEIPT_BYTES_MAX);
    jw_tree(&w, NULL, receipt_print(p->cli->arena, &p->receipt));
    TRY(jw_done(&w, &text));
    TRY(out_put(out, text.at, text.len));
    return out_put(out, "\n", 1);
}

static struct err prove(struct proving *p)
{
    __attribute__((cleanup(out_drop_cleanup))) struct out_file out = {0};
    TRY(receipt_find(p));
    TRY(out_begin(p->cli->arena, cli_option(p->cli, "out"), &out));
    TRY(text_put(p, &out));
    return out_finish(&out);
}

static int run_prove(struct cli *cli)
{
    const char *format = cli_option(cli, "format"), *size = cli_option(cli, "size");
    struct proving p = {.cli = cli, .tlog = text_eq(format, "tlog-proof")};
    if (!note_number_parse(str_of(cli->args[0]), &p.seq) || p.seq == 0)
        return cli_misuse(cli, "SEQ is an event's number");
    if (size != NULL && (!note_number_parse(str_of(size), &p.size) || p.size == 0))
        return cli_misuse(cli, "--size is a number of events");
    if (format != NULL && !p.tlog && !text_eq(format, "json"))
        return cli_misuse(cli, "--format is json or tlog-proof");
    struct err e = prove(&p);
    return e.kind == ERR_NONE ? CLI_YES : cli_fail(cli, e);
}

static const struct cli_option options[] = {
    {"size", "N", "in the signed head of exactly N events; default: the first that covers it"},
    {"format", "FORMAT", "json (the default) or tlog-proof (C2SP)"},
    {"out", "FILE", "into this new file, whole or not at all; default: standard output"},
};

const struct command command_audit_prove = {
    .name = "audit prove",
    .args = "SEQ",
    .summary = "print an event's receipt: the event, its proof and the signed head",
    .help = "A receipt is checked with closegate-verify and the log's public key, without this\n"
            "book. --out never replaces a file. 1: there is no such event, or no head covers it\n"
            "yet.",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_prove,
};
