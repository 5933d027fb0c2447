/* From argv to a command: global options, the row, its options and arguments, the settings. */
#include "common/sys/cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/sys/json_write.h"

static const struct cli_option globals[] = {
    {"config", "FILE", "read settings from FILE; the environment wins"},
    {"data-dir", "DIR", "the data folder, instead of the one that is set"},
    {"json", NULL, "print one line of JSON"},
    {"help", NULL, "this text"},
    {"version", NULL, "print the version"},
};
enum { G_CONFIG, G_DATA_DIR, G_JSON, G_HELP, G_VERSION, GLOBALS_N };

/* The first two are about settings. */
const struct cli_option *cli_globals(const struct program *program, size_t *n)
{
    size_t first = program->load == NULL ? G_JSON : 0;
    *n = GLOBALS_N - first;
    return globals + first;
}

struct line {
    struct cli *cli;
    const char *globals[GLOBALS_N];
    const char **words; /* what is not an option: the command's name, then its arguments */
    size_t words_n;
};

static bool is_many(const struct cli_option *option)
{
    size_t len = option->value == NULL ? 0 : strlen(option->value);
    return len > 3 && strcmp(option->value + len - 3, "...") == 0;
}

/* ---- printing ---- */

static void print_options(const struct cli_option *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", options[i].name,
                 options[i].value == NULL ? "" : " ",
                 options[i].value == NULL ? "" : options[i].value);
        printf("  %-24s %s\n", left, options[i].help);
    }
}

static void print_usage(FILE *to, const struct cli *cli)
{
    const struct command *c = cli->command;
    fprintf(to, "usage: %s %s%s%s%s\n", cli->program->name, c->name,
            c->options_n == 0 ? "" : " [options]", c->args[0] == '\0' ? "" : " ", c->args);
}

static void print_command(const struct cli *cli)
{
    const struct command *c = cli->command;
    size_t n;
    const struct cli_option *every = cli_globals(cli->program, &n);
    print_usage(stdout, cli);
    printf("\n%s\n", c->summary);
    if (c->help != NULL)
        printf("\n%s\n", c->help);
    printf("\noptions:\n");
    print_options(c->options, c->options_n);
    print_options(every, n);
    printf("\nexit codes: 0 yes, 2 no, 1 could not tell, 64 wrong usage\n");
}

static void print_commands(FILE *to, const struct program *p)
{
    fprintf(to, "usage: %s COMMAND [options] [arguments]\n\ncommands:\n", p->name);
    for (size_t i = 0; i < p->commands_n; i++)
        fprintf(to, "  %-24s %s\n", p->commands[i]->name, p->commands[i]->summary);
    fprintf(to, "\n%s COMMAND --help says more.\n", p->name);
}

int cli_fail(const struct cli *cli, struct err e)
{
    fprintf(stderr, "%s: %s%s%s\n", cli->program->name, e.where == NULL ? "" : e.where,
            e.where == NULL ? "" : ": ", e.msg == NULL ? err_kind_name(e.kind) : e.msg);
    return e.kind == ERR_REFUSED ? CLI_NO : CLI_UNKNOWN;
}

int cli_misuse(const struct cli *cli, const char *why)
{
    fprintf(stderr, "%s: %s\n", cli->program->name, why);
    if (cli->command != NULL)
        print_usage(stderr, cli);
    return CLI_USAGE;
}

void cli_print(const struct cli *cli, const struct json *tree)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    if (cli->json)
        jw_init(&w, (size_t)64 * 1024 * 1024);
    else
        jw_init_pretty(&w, (size_t)64 * 1024 * 1024);
    jw_tree(&w, NULL, tree);
    struct err e = jw_done(&w, &text);
    if (e.kind == ERR_NONE)
        printf("%.*s\n", (int)text.len, text.at);
    else
        (void)cli_fail(cli, e);
}

/* ---- parsing ---- */

static const char **place_of(struct line *line, struct str name, const struct cli_option **option)
{
    const struct command *c = line->cli->command;
    for (size_t i = 0; c != NULL && i < c->options_n; i++)
        if (str_is(name, c->options[i].name)) {
            *option = &c->options[i];
            return &line->cli->values[i];
        }
    for (size_t i = line->cli->program->load == NULL ? G_JSON : 0; i < GLOBALS_N; i++)
        if (str_is(name, globals[i].name)) {
            *option = &globals[i];
            return &line->globals[i];
        }
    return NULL;
}

/* One option at argv[*i]; takes its value along. NULL, or what is wrong with it. */
static const char *take_option(struct line *line, int argc, const char *const *argv, int *i)
{
    const struct cli_option *option = NULL;
    struct str name, value, text = str_of(argv[*i] + 2);
    const bool joined = str_cut(text, '=', &name, &value);
    const char **place = place_of(line, name, &option);

    if (place == NULL)
        return arena_fmt(line->cli->arena, "there is no option %s", argv[*i]);
    if (*place != NULL && !is_many(option))
        return arena_fmt(line->cli->arena, "--%s is given twice", option->name);
    if (option->value == NULL) {
        *place = "";
        return joined ? arena_fmt(line->cli->arena, "--%s takes no value", option->name) : NULL;
    }
    if (!joined && *i + 1 >= argc)
        return arena_fmt(line->cli->arena, "--%s needs %s", option->name, option->value);
    const char *given = joined ? value.at : argv[++*i];
    if (*place == NULL)
        *place = given;
    if (is_many(option)) {
        line->cli->given[line->cli->given_n++] = option->name;
        line->cli->given[line->cli->given_n++] = given;
    }
    return NULL;
}

/* How many words of the line spell this command's name; 0 when they do not. */
static size_t spells(const struct command *c, const char *const *words, size_t n)
{
    struct str first, second;
    if (n > 0 && !str_cut(str_of(c->name), ' ', &first, &second))
        return strcmp(words[0], c->name) == 0 ? 1 : 0;
    return n > 1 && str_is(first, words[0]) && str_is(second, words[1]) ? 2 : 0;
}

/* The command is named before its own options can be known, so look for it first. A value of a
 * global option that stands before the command may not be mistaken for its name. */
static size_t find_command(struct line *line, int argc, const char *const *argv)
{
    const char *words[2];
    size_t n = 0;
    for (int i = 1; i < argc && n < 2; i++) {
        if (strncmp(argv[i], "--", 2) != 0)
            words[n++] = argv[i];
        else if (n == 0 && (strcmp(argv[i], "--config") == 0 || strcmp(argv[i], "--data-dir") == 0))
            i++;
    }
    const struct program *p = line->cli->program;
    for (size_t i = 0; i < p->commands_n; i++) {
        const size_t spelled = spells(p->commands[i], words, n);
        if (spelled > 0) {
            line->cli->command = p->commands[i];
            return spelled;
        }
    }
    return 0;
}

static const char *parse(struct line *line, int argc, const char *const *argv)
{
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        const char *wrong = NULL;
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (!only_words && strncmp(argv[i], "--", 2) == 0)
            wrong = take_option(line, argc, argv, &i);
        else if (!only_words && strcmp(argv[i], "-h") == 0)
            line->globals[G_HELP] = "";
        else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0')
            wrong = arena_fmt(line->cli->arena, "there is no option %s", argv[i]);
        else
            line->words[line->words_n++] = argv[i];
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

const char *cli_option(const struct cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->command->options_n; i++)
        if (strcmp(cli->command->options[i].name, name) == 0)
            return cli->values[i];
    return NULL;
}

const char *const *cli_option_all(const struct cli *cli, const char *name, size_t *n)
{
    const char **all = ARENA_ARRAY(cli->arena, cli->given_n / 2 + 1, const char *);
    *n = 0;
    for (size_t i = 0; all != NULL && i < cli->given_n; i += 2) {
        if (strcmp(cli->given[i], name) == 0)
            all[(*n)++] = cli->given[i + 1];
    }
    return all;
}

int64_t cli_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- settings ---- */

/* The environment with --data-dir in the place of its setting. */
static const char *const *env_with(const struct cli *cli, const char *const *env, const char *dir)
{
    struct arena *arena = cli->arena;
    const char *name = arena_fmt(arena, "%s=", cli->program->data_dir);
    size_t n = 0, k = 0;
    while (env[n] != NULL)
        n++;
    const char **all = ARENA_ARRAY(arena, n + 2, const char *);
    if (all == NULL || name == NULL)
        return env;
    for (size_t i = 0; i < n; i++)
        if (strncmp(env[i], name, strlen(name)) != 0)
            all[k++] = env[i];
    all[k++] = arena_fmt(arena, "%s%s", name, dir);
    return all;
}

static int run(struct line *line, const char *const *env)
{
    struct cli *cli = line->cli;
    cli->json = line->globals[G_JSON] != NULL;
    if (cli->args_n < cli->command->args_min)
        return cli_misuse(cli, "an argument is missing");
    if (cli->args_n > cli->command->args_max)
        return cli_misuse(cli, "there are too many arguments");
    if (line->globals[G_DATA_DIR] != NULL)
        env = env_with(cli, env, line->globals[G_DATA_DIR]);
    cli->config_file = line->globals[G_CONFIG];
    cli->env = env;
    if (!cli->command->no_config) {
        struct err e = cli->program->load(cli->arena, cli->config_file, cli->env, &cli->settings);
        if (e.kind != ERR_NONE)
            return cli_fail(cli, e);
    }
    return cli->command->run(cli);
}

/* No command, or none of that name. */
static int no_command(const struct line *line)
{
    const bool help = line->words_n > 0 && strcmp(line->words[0], "help") == 0;
    if (line->words_n > 0 && !help)
        fprintf(stderr, "%s: there is no command \"%s%s%s\"\n", line->cli->program->name,
                line->words[0], line->words_n > 1 ? " " : "",
                line->words_n > 1 ? line->words[1] : "");
    print_commands(help ? stdout : stderr, line->cli->program);
    return help ? CLI_YES : CLI_USAGE;
}

int cli_main(const struct program *program, int argc, const char *const *argv,
             const char *const *env)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)256 * 1024 * 1024);
    struct cli cli = {.arena = arena, .program = program};
    struct line line = {.cli = &cli};

    if (arena == NULL)
        return cli_fail(&cli, err_new(ERR_LIMIT, "no memory"));
    const size_t named = find_command(&line, argc, argv);
    cli.values = ARENA_ARRAY(arena, named == 0 ? 1 : cli.command->options_n + 1, const char *);
    cli.given = ARENA_ARRAY(arena, 2 * (size_t)argc + 2, const char *);
    line.words = ARENA_ARRAY(arena, (size_t)argc + 1, const char *);
    if (arena_full(arena))
        return cli_fail(&cli, err_new(ERR_LIMIT, "no memory"));
    const char *wrong = parse(&line, argc, argv);
    if (wrong != NULL)
        return cli_misuse(&cli, wrong);
    if (line.globals[G_VERSION] != NULL) {
        printf("%s %s\n", program->name, program->version);
        return CLI_YES;
    }
    if (line.globals[G_HELP] != NULL) {
        if (cli.command != NULL)
            print_command(&cli);
        else
            print_commands(stdout, program);
        return CLI_YES;
    }
    if (cli.command == NULL)
        return no_command(&line);
    cli.args = line.words + named;
    cli.args_n = line.words_n - named;
    return run(&line, env);
}
