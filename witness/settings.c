/* The witness's table. */
#include "witness/settings.h"

#define AT(member) .offset = offsetof(struct witness_settings, member)

#include "common/sys/config_rows.h"

static const struct setting rows[] = {
    ROW_ENV,
    {.name = "CLOSEGATE_WITNESS_NAME",
     .type = SETTING_TEXT,
     AT(name),
     .fallback = "",
     .help = "What the witness's key is called, such as witness.example.com/w1: a URL without its "
             "scheme. It is part of the key and never changes."},
    {.name = "CLOSEGATE_WITNESS_DATA_DIR",
     .type = SETTING_PATH,
     AT(data_dir),
     .fallback = "/var/lib/closegate-witness",
     .help = "The folder of witness.key and of what was cosigned last, a file for each log."},
    {.name = "CLOSEGATE_WITNESS_LISTEN",
     .type = SETTING_LISTEN,
     AT(listen),
     .fallback = "127.0.0.1:8003",
     .help = "Where logs bring their checkpoints; the host is numeric."},
    {.name = "CLOSEGATE_WITNESS_LOGS",
     .type = SETTING_LIST,
     AT(logs),
     .fallback = "",
     .help = "The logs it is a witness of: their verifier keys (closegate-engine keys export). "
             "Several keys of one log may be given."},
    {.name = "CLOSEGATE_WITNESS_FOLLOW",
     .type = SETTING_LIST,
     AT(follow),
     .fallback = "",
     .help = "Logs it looks at by itself: URLs below which checkpoint and tiles are served, such "
             "as https://engine.example.com/tlog."},
    {.name = "CLOSEGATE_WITNESS_FOLLOW_SECONDS",
     .type = SETTING_INT,
     AT(follow_seconds),
     .fallback = "10",
     .min = 1,
     .max = 86400,
     .help = "How often."},
    {.name = "CLOSEGATE_CA_FILE",
     .type = SETTING_PATH,
     AT(ca_file),
     .help = "Certificates (PEM) of a private CA that outgoing TLS trusts besides the system's."},
    ROW_LOG_LEVEL,
    ROW_UNSAFE_NO_CONFINEMENT,
    ROW_MAX_CONNECTIONS,
    ROW_MAX_CONNECTIONS_PER_PEER,
};

/* What the engine calls its own witnesses by. */
static const char *const foreign[] = {
    "CLOSEGATE_WITNESS_MODE",
    "CLOSEGATE_WITNESS_QUORUM",
    "CLOSEGATE_WITNESS_MAX_AGE",
    NULL,
};

static const struct settings_table table = {
    .prefix = "CLOSEGATE_WITNESS_",
    .rows = rows,
    .n = sizeof rows / sizeof rows[0],
    .foreign = foreign,
    .part = true,
};

static struct err logs_read(struct arena *arena, struct witness_settings *s)
{
    s->log_keys = ARENA_ARRAY(arena, s->logs.n + 1, struct note_key);
    ENSURE(s->log_keys != NULL, ERR_LIMIT, "out of memory");
    s->log_keys_n = s->logs.n;
    for (size_t i = 0; i < s->logs.n; i++) {
        const char *where = arena_fmt(arena, "CLOSEGATE_WITNESS_LOGS, key %zu", i + 1);
        struct err e = note_key_parse(str_of(s->logs.items[i]), &s->log_keys[i]);
        if (e.kind == ERR_NONE && s->log_keys[i].alg != NOTE_ED25519)
            e = err_new(ERR_INPUT, "a log's key is expected (type 01), not a witness's");
        if (e.kind != ERR_NONE)
            return err_at(e.kind, where, e.msg);
    }
    return OK;
}

static struct err follow_check(const struct witness_settings *s)
{
    for (size_t i = 0; i < s->follow.n; i++) {
        struct str scheme, rest;
        if (!str_cut(str_of(s->follow.items[i]), ':', &scheme, &rest) ||
            !(str_is(scheme, "http") || str_is(scheme, "https")) || rest.len < 3)
            return err_at(ERR_INPUT, "CLOSEGATE_WITNESS_FOLLOW", "expected http:// or https://");
    }
    return OK;
}

struct err witness_settings_check(struct arena *arena, struct witness_settings *s)
{
    TRY(follow_check(s));
    return logs_read(arena, s);
}

struct err witness_settings_load(struct arena *arena, const char *file, const char *const *env,
                                 struct witness_settings *out)
{
    *out = (struct witness_settings){0};
    TRY(settings_load(arena, &table, file, env, out));
    if (out->name[0] != '\0' && !note_name_valid(str_of(out->name)))
        return err_at(ERR_INPUT, "CLOSEGATE_WITNESS_NAME",
                      "expected a name without white space and plus signs");
    return witness_settings_check(arena, out);
}

void witness_settings_print(struct buf *out)
{
    settings_print_reference(&table, out);
}
