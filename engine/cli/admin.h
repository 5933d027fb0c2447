/* What the administrative commands share: words of the line into a tool's arguments, the call, and
 * what came of it. */
#ifndef ENGINE_CLI_ADMIN_H
#define ENGINE_CLI_ADMIN_H

#include "engine/cli/columns.h"
#include "engine/cli/run_call.h"

/* A word of the line, or an option by its name, and the member of the arguments that it fills. */
struct admin_part {
    const char *option; /* NULL: the next word that is no option */
    const char *member;
    bool list; /* comma-separated, into an array */
};

#define ADMIN_PARTS_MAX 8

/* A command as a call: at most ADMIN_PARTS_MAX parts, ended by one without a member. */
struct admin_call {
    const char *tool, *act; /* act NULL: the tool has none */
    struct admin_part parts[ADMIN_PARTS_MAX];
};

/* Runs the call and tells its outcome; the exit code. `more` has arguments that no word gives, or
 * is NULL. */
int admin_run(struct cli *cli, const struct admin_call *call, struct json *more);

/* The same for a call whose arguments are there already. */
int admin_submit(struct cli *cli, const char *tool, const struct json *arguments);

/* Reads a tool of TOOL_READ; false when it could not, with *code to return. */
bool admin_read(struct cli *cli, const char *tool, const struct json *arguments,
                const struct json **result, int *code);

/* A list of the tool's result, as a table for people: a row an item. */
struct admin_list {
    const char *tool, *member; /* the array in the tool's result */
    bool whole;                /* --json prints the result, not the array alone */
    const struct column *heads;
    size_t heads_n; /* at most ADMIN_CELLS_MAX */
    /* Fills heads_n cells; their text lives as long as the item or cli->arena. */
    void (*row)(struct cli *cli, const struct json *item, const char **cells);
    const char *none; /* a line for a list without items; NULL: the heads alone */
};

#define ADMIN_CELLS_MAX 6

/* Reads the list and prints it, or with --json what was read; the exit code. */
int admin_list(struct cli *cli, const struct admin_list *list, const struct json *arguments);
/* The same for items that are there already; --json prints `json`. */
int admin_print(struct cli *cli, const struct admin_list *list, const struct json *items,
                const struct json *json);

/* "" for what is not there. */
const char *admin_text(const struct json *o, const char *member);
/* one:other of each item of the list, `between` them. */
const char *admin_pairs(struct cli *cli, const struct json *list, const char *one,
                        const char *other, const char *between);

/* What waits for a second human, by escalation_id, code, digest of a policy or its beginning.
 * ERR_MISSING. */
MUST_CHECK struct err admin_waiting(struct cli *cli, const char *name, const struct json **row);
/* Answers it with this decision and --rationale. */
int admin_answer(struct cli *cli, const char *name, const char *decision);

extern const struct cli_option admin_why[1]; /* --rationale */

#define ADMIN_EXITS                                                                                \
    "0: done, or waiting for another human, which it says; 2: refused by policy; 1: could not."

#endif
