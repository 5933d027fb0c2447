/* Settings as a table: each row names an environment variable, its type, default, help and the
 * member it fills. The same names work in a file (`KEY=value` lines, `#` comments); the environment
 * wins. A name of our prefix that no row knows is refused, with the nearest name as a suggestion. A
 * secret may be given as NAME_FILE, the path of a file that holds it. config.h has the engine's
 * table. */
#ifndef COMMON_SYS_SETTINGS_H
#define COMMON_SYS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/str.h"
#include "common/sys/netaddr.h"

enum setting_type {
    SETTING_TEXT = 0, /* const char *; NULL when unset and without default */
    SETTING_PATH,     /* const char *; not empty */
    SETTING_INT,      /* int64_t within min..max */
    SETTING_BOOL,     /* bool: true|false|1|0|yes|no|on|off */
    SETTING_CHOICE,   /* int: the index in `choices`, a list like "prod|dev" */
    SETTING_LISTEN,   /* const char *: numeric host:port */
    SETTING_LIST,     /* struct setting_list: comma-separated, trimmed, no empty items */
    SETTING_NETWORKS, /* struct setting_networks: comma-separated CIDR blocks */
};

struct setting_list {
    const char **items;
    size_t n;
};

struct setting_networks {
    struct netblock *items;
    size_t n;
};

struct setting {
    const char *name;
    enum setting_type type;
    bool secret; /* never printed; NAME_FILE works too */
    size_t offset;
    const char *fallback; /* the default, as it would be written; NULL for none */
    const char *choices;
    int64_t min, max;
    const char *help; /* one sentence */
};

struct settings_table {
    const char *prefix; /* "CLOSEGATE_": names beginning so must be known */
    const struct setting *rows;
    size_t n;
    const char *const *foreign; /* names (or "PREFIX_*") that are another daemon's; ended by NULL */
    bool part; /* of a larger table, which judges the names without this one's prefix */
};

/* Fills `target`. `env` is an environ-like vector, or NULL for none; `file` a path, or NULL. Errors
 * are ERR_INPUT with `where` naming the variable or `file:line`; nothing is then to be used. */
MUST_CHECK struct err settings_load(struct arena *arena, const struct settings_table *table,
                                    const char *file, const char *const *env, void *target);

/* A list as SETTING_LIST has it, in the place of `out`; a NULL text changes nothing. For options.
 */
MUST_CHECK struct err settings_list_read(struct arena *arena, const char *text,
                                         struct setting_list *out);

/* A whole small text file (at most 256 KiB of UTF-8), as settings are read from one. */
MUST_CHECK struct err settings_read_file(struct arena *arena, const char *path, struct str *out);

/* The reference in Markdown: a heading, then a table a setting a row. */
void settings_print_reference(const struct settings_table *table, struct buf *out);

#endif
