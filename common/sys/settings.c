/* Names and values are gathered first, from the file and then from the environment (which wins),
 * and only then converted: so an unknown name is found wherever it stands. */
#include "common/sys/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/str.h"

#define FILE_MAX_BYTES ((size_t)256 * 1024)
#define SECRET_SUFFIX  "_FILE"

struct given {
    const char *value; /* NULL: not given */
    const char *where; /* the variable's name, or file:line */
    bool from_env;
};

struct load {
    struct arena *arena;
    const struct settings_table *table;
    struct given *given;  /* a row each */
    struct given *secret; /* the same for NAME_FILE */
};

struct err settings_read_file(struct arena *arena, const char *path, struct str *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_at(errno == ENOENT ? ERR_MISSING : ERR_INPUT, path, "the file cannot be read");
    char *bytes = arena_alloc(arena, FILE_MAX_BYTES + 2);
    size_t len = 0;
    ssize_t n = bytes == NULL ? 0 : 1;
    while (n > 0 && len <= FILE_MAX_BYTES) {
        n = read(fd, bytes + len, FILE_MAX_BYTES + 1 - len);
        len += n > 0 ? (size_t)n : 0;
    }
    (void)close(fd);
    TRY(arena_check(arena));
    if (n < 0)
        return err_at(ERR_INPUT, path, "the file cannot be read");
    if (len > FILE_MAX_BYTES || memchr(bytes, '\0', len) != NULL || !utf8_valid(bytes, len))
        return err_at(ERR_INPUT, path, "not a text file of at most 256 KiB");
    *out = (struct str){.at = bytes, .len = len};
    return OK;
}

/* Levenshtein's distance of two names, up to 64 bytes each. */
static size_t distance(struct str a, struct str b)
{
    size_t row[65];
    if (a.len > 64 || b.len > 64)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = diagonal + (a.at[i - 1] == b.at[j - 1] ? 0 : 1);
            size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = change < least ? change : least;
        }
    }
    return row[b.len];
}

static struct err unknown_name(struct load *load, struct str name, const char *where)
{
    const char *nearest = NULL;
    size_t best = name.len / 3 + 1;
    for (size_t i = 0; i < load->table->n; i++) {
        size_t d = distance(name, str_of(load->table->rows[i].name));
        if (d < best) {
            best = d;
            nearest = load->table->rows[i].name;
        }
    }
    int shown = name.len < 64 ? (int)name.len : 64;
    if (nearest == NULL)
        return err_fmt(load->arena, ERR_INPUT, where, "no setting is called %.*s", shown, name.at);
    return err_fmt(load->arena, ERR_INPUT, where, "no setting is called %.*s; did you mean %s?",
                   shown, name.at, nearest);
}

static bool is_foreign(const struct settings_table *table, struct str name)
{
    for (size_t i = 0; table->foreign != NULL && table->foreign[i] != NULL; i++) {
        struct str f = str_of(table->foreign[i]);
        bool prefix = f.len > 0 && f.at[f.len - 1] == '*';
        if (prefix ? name.len >= f.len - 1 && memcmp(name.at, f.at, f.len - 1) == 0
                   : str_eq(name, f))
            return true;
    }
    return false;
}

/* Where the value of `name` is kept; NULL when no row knows it. */
static struct given *slot_of(struct load *load, struct str name)
{
    for (size_t i = 0; i < load->table->n; i++) {
        const struct setting *row = &load->table->rows[i];
        struct str own = str_of(row->name);
        if (str_eq(name, own))
            return &load->given[i];
        struct str stem = {.at = name.at, .len = name.len - strlen(SECRET_SUFFIX)};
        if (row->secret && name.len > strlen(SECRET_SUFFIX) && str_eq(stem, own) &&
            memcmp(name.at + stem.len, SECRET_SUFFIX, strlen(SECRET_SUFFIX)) == 0)
            return &load->secret[i];
    }
    return NULL;
}

static struct err give(struct load *load, struct str name, struct str value, const char *where,
                       bool from_env)
{
    struct given *slot = slot_of(load, name);
    if (slot == NULL && is_foreign(load->table, name))
        return OK;
    if (slot == NULL)
        return unknown_name(load, name, where);
    if (slot->value != NULL && !from_env)
        return err_at(ERR_INPUT, where, "the setting is given twice");
    const char *copy = str_dup(load->arena, value);
    ENSURE(copy != NULL, ERR_LIMIT, "out of memory");
    if (!utf8_valid(copy, value.len))
        return err_at(ERR_INPUT, where, "the value is not UTF-8");
    *slot = (struct given){.value = copy, .where = where, .from_env = from_env};
    return OK;
}

static struct err take_line(struct load *load, struct str line, const char *where)
{
    struct str name, value;
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    line = str_trim(line);
    if (line.len == 0 || line.at[0] == '#')
        return OK;
    if (!str_cut(line, '=', &name, &value))
        return err_at(ERR_INPUT, where, "expected NAME=value");
    name = str_trim(name);
    value = str_trim(value);
    if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
        value = (struct str){.at = value.at + 1, .len = value.len - 2};
    struct str prefix = str_of(load->table->prefix);
    if (name.len < prefix.len || memcmp(name.at, prefix.at, prefix.len) != 0) {
        const bool known = slot_of(load, name) != NULL;
        if (!known && load->table->part)
            return OK;
        if (!known && !is_foreign(load->table, name))
            return unknown_name(load, name, where);
    }
    return give(load, name, value, where, false);
}

static struct err take_file(struct load *load, const char *path)
{
    struct str text, line;
    TRY(settings_read_file(load->arena, path, &text));
    bool more = true;
    for (unsigned n = 1; more; n++) {
        more = str_cut(text, '\n', &line, &text);
        const char *where = arena_fmt(load->arena, "%s:%u", path, n);
        ENSURE(where != NULL, ERR_LIMIT, "out of memory");
        TRY(take_line(load, line, where));
    }
    return OK;
}

static struct err take_env(struct load *load, const char *const *env)
{
    struct str prefix = str_of(load->table->prefix), name, value;
    for (; env != NULL && *env != NULL; env++) {
        if (!str_cut(str_of(*env), '=', &name, &value))
            continue;
        bool ours = name.len >= prefix.len && memcmp(name.at, prefix.at, prefix.len) == 0;
        if (!ours && slot_of(load, name) == NULL)
            continue;
        const char *where = str_dup(load->arena, name);
        ENSURE(where != NULL, ERR_LIMIT, "out of memory");
        TRY(give(load, name, value, where, true));
    }
    return OK;
}

static struct err as_int(const struct setting *row, struct str text, int64_t *out)
{
    bool negative = text.len > 0 && text.at[0] == '-';
    size_t i = negative ? 1 : 0;
    int64_t v = 0;
    ENSURE(i < text.len && text.len - i <= 18, ERR_INPUT, "not a whole number");
    for (; i < text.len; i++) {
        ENSURE(text.at[i] >= '0' && text.at[i] <= '9', ERR_INPUT, "not a whole number");
        v = v * 10 + (text.at[i] - '0');
    }
    *out = negative ? -v : v;
    ENSURE(*out >= row->min && *out <= row->max, ERR_INPUT,
           "the number is outside the setting's range");
    return OK;
}

static struct err as_bool(struct str text, bool *out)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!str_is(text, words[i]))
            continue;
        *out = i % 2 == 1;
        return OK;
    }
    return err_new(ERR_INPUT, "expected true or false");
}

static struct err as_choice(struct arena *arena, const struct setting *row, struct str text,
                            int *out)
{
    struct str rest = str_of(row->choices), word;
    bool more = true;
    for (int i = 0; more; i++) {
        more = str_cut(rest, '|', &word, &rest);
        if (!str_eq(word, text))
            continue;
        *out = i;
        return OK;
    }
    return err_fmt(arena, ERR_INPUT, NULL, "expected one of %s", row->choices);
}

static size_t items_in(struct str text)
{
    size_t n = text.len == 0 ? 0 : 1;
    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == ',' ? 1 : 0;
    return n;
}

static struct err as_list(struct arena *arena, struct str text, struct setting_list *out)
{
    struct str item;
    out->n = items_in(text);
    out->items = ARENA_ARRAY(arena, out->n, const char *);
    ENSURE(out->items != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < out->n; i++) {
        (void)str_cut(text, ',', &item, &text);
        item = str_trim(item);
        ENSURE(item.len > 0, ERR_INPUT, "the list has an empty item");
        out->items[i] = str_dup(arena, item);
    }
    return arena_check(arena);
}

struct err settings_list_read(struct arena *arena, const char *text, struct setting_list *out)
{
    return text == NULL ? OK : as_list(arena, str_of(text), out);
}

static struct err as_networks(struct arena *arena, struct str text, struct setting_networks *out)
{
    struct str item;
    out->n = items_in(text);
    out->items = ARENA_ARRAY(arena, out->n, struct netblock);
    ENSURE(out->items != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < out->n; i++) {
        (void)str_cut(text, ',', &item, &text);
        TRY(netblock_parse(str_trim(item), &out->items[i]));
    }
    return OK;
}

/* Converts into the member; `at` points to it and has its type. */
static struct err convert(struct arena *arena, const struct setting *row, const char *value,
                          void *at)
{
    struct netaddr addr;
    uint16_t port;
    struct str text = str_of(value);
    switch (row->type) {
    case SETTING_PATH:
        ENSURE(text.len > 0, ERR_INPUT, "the path is empty");
        *(const char **)at = value;
        return OK;
    case SETTING_TEXT:
        *(const char **)at = value;
        return OK;
    case SETTING_LISTEN:
        *(const char **)at = value;
        return netaddr_port_parse(value, &addr, &port);
    case SETTING_INT:
        return as_int(row, text, at);
    case SETTING_BOOL:
        return as_bool(text, at);
    case SETTING_CHOICE:
        return as_choice(arena, row, text, at);
    case SETTING_LIST:
        return as_list(arena, text, at);
    case SETTING_NETWORKS:
        return as_networks(arena, text, at);
    }
    return err_new(ERR_BUG, "a setting without a type");
}

/* NAME_FILE: the value is in that file, without the line end after it. */
static struct err secret_read(struct load *load, size_t i)
{
    struct given *value = &load->given[i], *file = &load->secret[i];
    if (file->value == NULL)
        return OK;
    if (value->value != NULL)
        return err_at(ERR_INPUT, file->where, "given both as a value and as a file");
    struct str text;
    TRY(settings_read_file(load->arena, file->value, &text));
    while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
        text.len--;
    if (text.len == 0)
        return err_at(ERR_INPUT, file->where, "the secret's file is empty");
    *value = (struct given){.value = str_dup(load->arena, text), .where = file->where};
    return arena_check(load->arena);
}

static struct err fill(struct load *load, void *target)
{
    for (size_t i = 0; i < load->table->n; i++) {
        const struct setting *row = &load->table->rows[i];
        TRY(secret_read(load, i));
        const char *value = load->given[i].value;
        const char *where = value == NULL ? row->name : load->given[i].where;
        value = value == NULL ? row->fallback : value;
        if (value == NULL)
            continue;
        TRY(err_in(convert(load->arena, row, value, (char *)target + row->offset), where));
    }
    return OK;
}

struct err settings_load(struct arena *arena, const struct settings_table *table, const char *file,
                         const char *const *env, void *target)
{
    struct load load = {.arena = arena,
                        .table = table,
                        .given = ARENA_ARRAY(arena, table->n, struct given),
                        .secret = ARENA_ARRAY(arena, table->n, struct given)};
    ENSURE(load.given != NULL && load.secret != NULL, ERR_LIMIT, "out of memory");
    if (file != NULL)
        TRY(take_file(&load, file));
    TRY(take_env(&load, env));
    return fill(&load, target);
}

static void print_escaped(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            buf_putc(out, '\\');
        buf_putc(out, *text);
    }
}

void settings_print_reference(const struct settings_table *table, struct buf *out)
{
    static const char *const types[] = {"text",   "path",      "whole number", "true or false",
                                        "choice", "host:port", "list",         "networks"};
    buf_puts(out, "| setting | type | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < table->n; i++) {
        const struct setting *row = &table->rows[i];
        buf_putf(out, "| `%s` | ", row->name);
        print_escaped(out, row->type == SETTING_CHOICE ? row->choices : types[row->type]);
        if (row->type == SETTING_INT)
            buf_putf(out, " %lld to %lld", (long long)row->min, (long long)row->max);
        buf_puts(out, row->secret ? ", secret; also as `…_FILE` | " : " | ");
        if (row->fallback != NULL && row->fallback[0] != '\0')
            buf_putf(out, "`%s`", row->fallback);
        buf_puts(out, " | ");
        print_escaped(out, row->help);
        buf_puts(out, " |\n");
    }
}
