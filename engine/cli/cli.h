/* The command line: a command is one file and one row of table.c. It says its options and arguments
 * as data, so that --help, usage errors and parsing are the same everywhere.
 *
 * Exit codes, of every command: 0 yes, 2 no, 1 could not tell, 64 wrong usage.
 * Results go to standard output (as JSON with --json), everything else to standard error. */
#ifndef ENGINE_CLI_CLI_H
#define ENGINE_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/json.h"
#include "common/sys/config.h"

enum cli_exit { CLI_YES = 0, CLI_UNKNOWN = 1, CLI_NO = 2, CLI_USAGE = 64 };

struct cli_option {
    const char *name;  /* "limit", given as --limit 10 or --limit=10 */
    const char *value; /* what it takes, for the help: "N"; NULL for a flag */
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

/* One run. Everything lives in `arena`. */
struct cli {
    struct arena *arena;
    const struct command *command;
    struct config config;    /* all zero with no_config */
    const char *config_file; /* --config; NULL without */
    const char *const *env;  /* what the settings were read from */
    bool json;               /* --json */
    const char *const *args;
    size_t args_n;
    const char **values; /* of the command's options, in their order */
    bool told_inert;     /* that policy.yaml is not in force, once a run */
};

/* Every command, in the order of the list that --help prints. */
extern const struct command *const commands[];
extern const size_t commands_n;

/* The options that every command takes. */
extern const struct cli_option cli_globals[];
extern const size_t cli_globals_n;

/* Parses the line, loads the settings and runs the command; the process's exit code. */
int cli_main(int argc, const char *const *argv, const char *const *env);

/* The value of an option of the command; "" for a flag that was given, NULL when it was not. */
const char *cli_option(const struct cli *cli, const char *name);

/* Ends a command: says what went wrong on standard error and gives the code to return. */
int cli_fail(const struct cli *cli, struct err e);      /* CLI_UNKNOWN */
int cli_misuse(const struct cli *cli, const char *why); /* CLI_USAGE */

/* One JSON value and a line end on standard output, indented unless --json asks for one line. */
void cli_print(const struct cli *cli, const struct json *tree);

/* <data dir>/recon.db, and other files of the data folder. NULL when the arena is full. */
const char *cli_path(const struct cli *cli, const char *name);

/* The time of day in microseconds since 1970. */
int64_t cli_clock_us(void);

#endif
