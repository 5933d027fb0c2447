/* A small company: two accounts' lines that agree, three people and their agents. Its clock and its
 * random bytes are the same in every run (-Wl,--wrap=…), so that a point found once is there again.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/disk.h"
#include "common/sys/embed.h"
#include "engine/cli/cli.h"
#include "tests/fault/torture.h"

#define FIRST_US INT64_C(1773136800000000) /* 2026-03-10T10:00:00Z */

char world_folder[64];
static char base[48];
static int64_t now_us = FIRST_US;
static uint64_t dice = 20261121;

void __wrap_crypt_random(void *out, size_t len);
int64_t __wrap_cli_clock_us(void);
const char *__wrap_lock_owner(void);

static unsigned owners;

/* Another process's, after each time that the book was opened. */
const char *__wrap_lock_owner(void)
{
    static char owner[40];
    (void)snprintf(owner, sizeof owner, "torture-%u", owners);
    return owner;
}

void world_process_new(void)
{
    owners++;
}

void world_broken(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)fprintf(stderr, "torture: ");
    (void)vfprintf(stderr, fmt, ap);
    (void)fprintf(stderr, "\n");
    va_end(ap);
    _exit(3);
}

void __wrap_crypt_random(void *out, size_t len)
{
    unsigned char *at = out;
    for (size_t i = 0; i < len; i++) {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        at[i] = (unsigned char)(dice >> 32);
    }
}

int64_t __wrap_cli_clock_us(void)
{
    return now_us += 1000;
}

int64_t world_clock(void)
{
    return __wrap_cli_clock_us();
}

/* ---- files ---- */

static const struct {
    const char *name, *text;
} files[] = {
    {"people.yaml", "people:\n"
                    "  - {id: ana, name: Ana, roles: [{role: controller, entities: all}]}\n"
                    "  - {id: ben, name: Ben, roles: [{role: controller, entities: all}]}\n"
                    "  - {id: cho, name: Cho, roles: [{role: accountant, entities: all}]}\n"},
    {"entities.csv", "id,name,functional_currency,zone,calendar,parent\n"
                     "US,US Inc,USD,America/New_York,US_FED,\n"},
    {"accounts.csv", "entity,id,name,class,currency,reconciled\n"
                     "US,1010,Bank,bank,USD,yes\n"
                     "US,1100,Receivables,receivable,,no\n"},
    {"counterparties.csv", "id,name,kind\nacme,Acme Corp,customer\n"},
    {"balances.csv", "entity,account,currency,date,balance\nUS,1010,USD,2026-02-28,1000.00\n"},
    {"sources.yaml",
     "sources:\n"
     "  - id: us-bank\n    entity: US\n    account: \"1010\"\n    side: bank\n"
     "    columns: {id: Id, date: Date, memo: Text, reference: Ref, amount: Amount}\n"
     "    date_format: YYYY-MM-DD\n    decimal: \".\"\n    sign: as_is\n    contra: none\n"
     "  - id: us-gl\n    entity: US\n    account: \"1010\"\n    side: gl\n"
     "    columns: {id: Id, date: Date, memo: Text, reference: Ref, amount: Amount,"
     " contra_account: Contra}\n"
     "    date_format: YYYY-MM-DD\n    decimal: \".\"\n    sign: as_is\n    contra: account\n"},
    {"bank.csv", "Id,Date,Text,Ref,Amount\n"
                 "B-1,2026-03-02,ACH ACME,R-1,120.00\n"
                 "B-2,2026-03-03,ACH ACME,R-2,340.50\n"
                 "B-3,2026-03-04,WIRE ACME,R-3,48000.00\n"
                 "B-4,2026-03-05,CHEQUE,,77.10\n"},
    {"gl.csv", "Id,Date,Text,Ref,Amount,Contra\n"
               "G-1,2026-03-02,Acme Corp,R-1,120.00,1100\n"
               "G-2,2026-03-03,Acme Corp,R-2,340.50,1100\n"
               "G-3,2026-03-04,Acme Corp,R-3,48000.00,1100\n"
               "G-4,2026-03-09,Somebody,,12.00,1100\n"},
};

static void folder_make(const char *path)
{
    if (mkdir(path, 0700) != 0)
        world_broken("%s cannot be made", path);
}

static void folder_empty(const char *path)
{
    char name[400];
    DIR *dir = opendir(path);
    for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;) {
        (void)snprintf(name, sizeof name, "%s/%s", path, d->d_name);
        if (d->d_name[0] != '.')
            (void)unlink(name);
    }
    if (dir != NULL)
        (void)closedir(dir);
}

static void file_copy(const char *from, const char *to)
{
    static char bytes[1 << 16];
    struct stat st;
    const int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0 || fstat(in, &st) != 0)
        world_broken("%s cannot be read", from);
    const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 0777);
    for (ssize_t n = 1; out >= 0 && n > 0;) {
        n = read(in, bytes, sizeof bytes);
        if (n < 0 || write(out, bytes, (size_t)n) != n)
            world_broken("%s cannot be copied", from);
    }
    (void)close(in);
    (void)close(out);
}

static void folder_copy(const char *from, const char *to)
{
    char one[400], other[400];
    DIR *dir = opendir(from);
    for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;) {
        (void)snprintf(one, sizeof one, "%s/%s", from, d->d_name);
        (void)snprintf(other, sizeof other, "%s/%s", to, d->d_name);
        if (d->d_type == DT_REG)
            file_copy(one, other);
    }
    if (dir != NULL)
        (void)closedir(dir);
}

const char *world_path(const char *name)
{
    static char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", world_folder, name);
    return path;
}

const char *world_policy(struct arena *arena)
{
    struct str text;
    MUST(disk_read(arena, world_path("policy.yaml"), (size_t)1 << 20, &text));
    static const char was[] = "write_off_limit: \"250 USD\"";
    const char *at = strstr(text.at, was);
    if (at == NULL)
        world_broken("the starter does not say %s", was);
    return arena_fmt(arena, "%.*swrite_off_limit: \"200 USD\"%s", (int)(at - text.at), text.at,
                     at + strlen(was));
}

/* ---- commands ---- */

#define WORDS_MAX 24

static int words_of(struct arena *arena, const char *line, const char *words[WORDS_MAX])
{
    int n = 0;
    char *copy = arena_strdup(arena, line), *rest = copy;
    words[n++] = "closegate-engine";
    words[n++] = "--data-dir";
    words[n++] = world_folder;
    for (char *word; n < WORDS_MAX && (word = strsep(&rest, " ")) != NULL;) {
        words[n++] = strncmp(word, "@run", 4) == 0
                         ? arena_fmt(arena, "%s%s", world_folder, word + 4)
                     : strncmp(word, "@in", 3) == 0 ? arena_fmt(arena, "%s/in%s", base, word + 3)
                                                    : word;
    }
    return n;
}

int world_command(const char *line, char *said, size_t size)
{
    static const char *const env[] = {"CLOSEGATE_ENV=dev", "CLOSEGATE_LOG_LEVEL=error", NULL};
    struct arena *arena = arena_new((size_t)1 << 20);
    const char *words[WORDS_MAX];
    char path[100];
    (void)snprintf(path, sizeof path, "%s/said", base);
    const int n = words_of(arena, line, words), was = dup(STDERR_FILENO), out = dup(STDOUT_FILENO);
    const int to = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)fflush(stdout); /* our own */
    (void)dup2(to, STDERR_FILENO);
    (void)dup2(nowhere, STDOUT_FILENO);
    fault_begin();
    const int code = cli_main(&engine_program, n, words, env);
    fault_end();
    (void)fflush(stdout);
    (void)dup2(was, STDERR_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    const ssize_t got = pread(to, said, size - 1, 0);
    said[got < 0 ? 0 : got] = '\0';
    (void)close(was);
    (void)close(out);
    (void)close(to);
    (void)close(nowhere);
    arena_free(arena);
    return code;
}

/* ---- looking, with eyes of our own ---- */

static sqlite3_stmt *look(const char *sql, const char *bind, sqlite3 **db)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_open_v2(world_path("recon.db"), db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(*db, sql, -1, &q, NULL) != SQLITE_OK)
        world_broken("%s: %s", sql, sqlite3_errmsg(*db));
    if (bind != NULL)
        (void)sqlite3_bind_text(q, 1, bind, -1, SQLITE_STATIC);
    return q;
}

int64_t world_number(const char *sql, const char *bind)
{
    sqlite3 *db;
    sqlite3_stmt *q = look(sql, bind, &db);
    const int64_t n = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    (void)sqlite3_finalize(q);
    (void)sqlite3_close(db);
    return n;
}

const char *world_text(struct arena *arena, const char *sql, const char *bind)
{
    sqlite3 *db;
    sqlite3_stmt *q = look(sql, bind, &db);
    const char *text = NULL;
    if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_text(q, 0) != NULL)
        text = arena_strdup(arena, (const char *)sqlite3_column_text(q, 0));
    (void)sqlite3_finalize(q);
    (void)sqlite3_close(db);
    return text;
}

/* ---- the stages ---- */

static const char *stage_path(enum stage stage)
{
    static char path[100];
    (void)snprintf(path, sizeof path, "%s/stage%d", base, (int)stage);
    return path;
}

static void done(const char *line)
{
    char said[400];
    if (world_command(line, said, sizeof said) != 0)
        world_broken("%s: %s", line, said);
}

static void stage_keep(enum stage stage)
{
    folder_make(stage_path(stage));
    folder_copy(world_folder, stage_path(stage));
}

void world_begin(void)
{
    char path[200];
    (void)snprintf(base, sizeof base, "/tmp/closegate-torture-XXXXXX");
    if (mkdtemp(base) == NULL)
        world_broken("no folder can be made under /tmp");
    (void)snprintf(world_folder, sizeof world_folder, "%s/run", base);
    (void)snprintf(path, sizeof path, "%s/in", base);
    folder_make(path);
    folder_make(world_folder);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/in/%s", base, files[i].name);
        MUST(disk_write_new(path, files[i].text, strlen(files[i].text), 0600));
    }
    stage_keep(STAGE_NOTHING);
    done("init --people @in/people.yaml --master @in");
    stage_keep(STAGE_MADE);
    done("ingest --source us-bank @in/bank.csv");
    done("ingest --source us-gl @in/gl.csv");
    stage_keep(STAGE_LOADED);
}

void world_take(enum stage stage)
{
    folder_empty(world_folder);
    folder_copy(stage_path(stage), world_folder);
}

void world_end(void)
{
    char path[100];
    for (int i = 0; i < STAGE_N; i++) {
        folder_empty(stage_path((enum stage)i));
        (void)rmdir(stage_path((enum stage)i));
    }
    (void)snprintf(path, sizeof path, "%s/in", base);
    folder_empty(path);
    (void)rmdir(path);
    folder_empty(world_folder);
    (void)rmdir(world_folder);
    folder_empty(base);
    (void)rmdir(base);
}
