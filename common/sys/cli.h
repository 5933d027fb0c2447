/* A program's command line: a command is one file and one row of its program's table. It says its
 * options and arguments as data, so that --help, usage errors, parsing and the manual page are the
 * same everywhere. Both daemons' programs are made of it.
 *
 * Exit codes, of every command: 0 yes, 2 no, 1 could not tell, 64 wrong usage.
 * Results go to standard output (as JSON with --json), everything else to standard error. */
#ifndef COMMON_SYS_CLI_H
#define COMMON_SYS_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/json.h"

enum cli_exit { CLI_YES = 0, CLI_UNKNOWN = 1, CLI_NO = 2, CLI_USAGE = 64 };

struct cli_option {
    const char *name;  /* "limit", given as --limit 10 or --limit=10 */
    const char *value; /* what it takes, for the help: "N"; NULL for a flag; "N..." when it may be
                          given more than once (cli_option_all) */
    const char *help;
};

struct cli;

struct command {
    const char *name;    /* one word or two: "serve", "audit verify" */
    const char *args;    /* the arguments as the usage line shows them: "TOOL JSON"; "" for none */
    const char *summary; /* one line, for the list of commands */
    const char *help;    /* paragraphs for --help; NULL when the summary says it all */
    size_t args_min, args_max;
    const struct cli_option *options;
    size_t options_n;
    bool no_config; /* runs without the settings */
    int (*run)(struct cli *cli);
};

/* What differs between programs. */
struct program {
    const char *name;        /* "closegate-engine" */
    const char *version;     /* "0.1.0" */
    const char *purpose;     /* of the manual page: NAME's part behind the hyphen */
    const char *description; /* of the manual page: a paragraph; so the next two, NULL for none */
    const char *environment;
    const char *files;                     /* roff */
    const char *data_dir;                  /* the setting that --data-dir stands for */
    const struct command *const *commands; /* in the order of the list that --help prints */
    size_t commands_n;
    /* Reads the settings, into the arena; `file` may be NULL. NULL: a program without settings,
     * whose commands all say no_config. */
    struct err (*load)(struct arena *arena, const char *file, const char *const *env,
                       void **settings);
};

/* One run. Everything lives in `arena`. */
struct cli {
    struct arena *arena;
    const struct program *program;
    const struct command *command;
    void *settings;          /* what `load` made; NULL with no_config */
    const char *config_file; /* --config; NULL without */
    const char *const *env;  /* what the settings were read from */
    bool json;               /* --json */
    const char *const *args;
    size_t args_n;
    const char **values; /* of the command's options, in their order; the first one given */
    const char **given;  /* names and values by turns, of options that may be given often */
    size_t given_n;
    bool told_inert; /* that policy.yaml is not in force, once a run */
};

/* The options that every command of the program takes. */
const struct cli_option *cli_globals(const struct program *program, size_t *n);

/* Parses the line, loads the settings and runs the command; the process's exit code. */
int cli_main(const struct program *program, int argc, const char *const *argv,
             const char *const *env);

/* The value of an option of the command; "" for a flag that was given, NULL when it was not. */
const char *cli_option(const struct cli *cli, const char *name);

/* Every value of an option that may be given more than once, in their order; NULL when the arena is
 * full. */
const char *const *cli_option_all(const struct cli *cli, const char *name, size_t *n);

/* Ends a command: says what went wrong on standard error and gives the code to return. */
int cli_fail(const struct cli *cli, struct err e);      /* CLI_UNKNOWN */
int cli_misuse(const struct cli *cli, const char *why); /* CLI_USAGE */

/* One JSON value and a line end on standard output, indented unless --json asks for one line. */
void cli_print(const struct cli *cli, const struct json *tree);

/* The time of day in microseconds since 1970. */
int64_t cli_clock_us(void);

/* The program's manual page, man(7), from its command table. */
void cli_print_man(const struct program *program, struct buf *out);

#endif
