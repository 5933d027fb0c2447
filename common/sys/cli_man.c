/* A program's manual page, man(7), from its command table. */
#include <string.h>

#include "common/sys/cli.h"

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

static void upper_put(struct buf *out, const char *name)
{
    for (; *name != '\0'; name++)
        if (*name == '-')
            buf_puts(out, "\\-");
        else
            buf_putc(out, *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name);
}

static void section(struct buf *out, const char *title, const char *body)
{
    if (body == NULL)
        return;
    buf_putf(out, ".SH %s\n", title);
    line(out, body);
}

void cli_print_man(const struct program *program, struct buf *out)
{
    buf_puts(out, ".TH ");
    upper_put(out, program->name);
    buf_putf(out, " 1 \"" PAGE_DATE "\" \"closegate %s\" \"closegate\"\n.SH NAME\n",
             program->version);
    text_put(out, program->name, false);
    buf_puts(out, " \\- ");
    line(out, program->purpose);
    buf_puts(out, ".SH SYNOPSIS\n.B ");
    line(out, program->name);
    buf_puts(out, "\\fICOMMAND\\fR [\\fIoptions\\fR] [\\fIarguments\\fR]\n");
    section(out, "DESCRIPTION", program->description);
    buf_puts(out, ".SH COMMANDS\n");
    for (size_t i = 0; i < program->commands_n; i++)
        command_put(out, program->commands[i]);
    buf_puts(out, ".SH OPTIONS OF EVERY COMMAND\n");
    size_t n;
    const struct cli_option *every = cli_globals(program, &n);
    options_put(out, every, n);
    section(out, "EXIT STATUS", "0 yes, 2 no, 1 could not tell, 64 wrong usage.");
    section(out, "ENVIRONMENT", program->environment);
    if (program->files != NULL)
        buf_putf(out, ".SH FILES\n%s", program->files);
}
