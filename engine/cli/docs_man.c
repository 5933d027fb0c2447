/* docs/man/closegate-engine.1: the manual page, man(7), from the command table. */
#include <string.h>

#include "engine/cli/docs_own.h"

#ifndef CLOSEGATE_VERSION
#define CLOSEGATE_VERSION "0"
#endif
#define PAGE_DATE "2026-11-21"

/* roff takes a backslash, a leading point or quote, and a hyphen for something else. */
static void text_put(struct buf *out, const char *text, bool line_start)
{
    const size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        uint32_t cp;
        const size_t step = utf8_next(text + at, len - at, &cp);
        if (line_start && (cp == '.' || cp == '\''))
            buf_puts(out, "\\&");
        line_start = cp == '\n';
        if (cp == '\\')
            buf_puts(out, "\\e");
        else if (cp == '-')
            buf_puts(out, "\\-");
        else if (step > 1)
            buf_putf(out, "\\[u%04X]", (unsigned)cp);
        else
            buf_putc(out, text[at]);
        at += step == 0 ? 1 : step;
    }
}

static void line(struct buf *out, const char *text)
{
    text_put(out, text, true);
    buf_putc(out, '\n');
}

static void options_put(struct buf *out, const struct cli_option *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, ".TP\n\\fB\\-\\-");
        text_put(out, options[i].name, false);
        buf_puts(out, "\\fR");
        if (options[i].value != NULL) {
            buf_puts(out, " \\fI");
            text_put(out, options[i].value, false);
            buf_puts(out, "\\fR");
        }
        buf_putc(out, '\n');
        line(out, options[i].help);
    }
}

static void command_put(struct buf *out, const struct command *c)
{
    buf_putf(out, ".SS %s", c->name);
    if (c->args[0] != '\0') {
        buf_putc(out, ' ');
        text_put(out, c->args, false);
    }
    buf_putc(out, '\n');
    text_put(out, c->summary, true);
    buf_puts(out, ".\n");
    if (c->help != NULL) {
        buf_puts(out, ".PP\n");
        line(out, c->help);
    }
    options_put(out, c->options, c->options_n);
}

struct err docs_man(struct cli *cli, struct buf *out)
{
    (void)cli;
    buf_puts(out, ".TH CLOSEGATE\\-ENGINE 1 \"" PAGE_DATE "\" \"closegate " CLOSEGATE_VERSION
                  "\" \"closegate\"\n"
                  ".SH NAME\nclosegate\\-engine \\- a policy gate, an audit log and an MCP server "
                  "before the general ledger\n"
                  ".SH SYNOPSIS\n.B closegate\\-engine\n\\fICOMMAND\\fR [\\fIoptions\\fR] "
                  "[\\fIarguments\\fR]\n"
                  ".SH DESCRIPTION\nReconciles bank and ledger entries, lets policy decide what "
                  "may be confirmed and what a human decides, and records every decision in an "
                  "append\\-only, hash\\-chained log in the same transaction as its effect.\n"
                  ".SH COMMANDS\n");
    for (size_t i = 0; i < commands_n; i++)
        command_put(out, commands[i]);
    buf_puts(out, ".SH OPTIONS OF EVERY COMMAND\n");
    options_put(out, cli_globals, cli_globals_n);
    buf_puts(out, ".SH EXIT STATUS\n0 yes, 2 no, 1 could not tell, 64 wrong usage.\n"
                  ".SH ENVIRONMENT\nCLOSEGATE_ENV, CLOSEGATE_DATA_DIR, CLOSEGATE_POLICY and the "
                  "others of docs/CONFIG.md\n(\\fBclosegate\\-engine docs config\\fR).\n"
                  ".SH FILES\n.TP\n\\fIrecon.db\\fR\nThe book of record, in the data folder.\n"
                  ".TP\n\\fIpolicy.yaml\\fR\nThe policy; docs/POLICY.md has every key.\n");
    return OK;
}
