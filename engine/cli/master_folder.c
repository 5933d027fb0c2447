/* Master data files by name. */
#include "engine/cli/master_folder.h"

#include "common/sys/disk.h"

#define FILE_BYTES_MAX ((size_t)16 << 20)

typedef struct err read_fn(struct arena *arena, struct str bytes, struct master *master);

static const struct {
    const char *name;
    read_fn *read;
} parts[] = {
    {"entities.csv", master_read_entities},
    {"accounts.csv", master_read_accounts},
    {"counterparties.csv", master_read_counterparties},
    {"balances.csv", master_read_balances},
    {"sources.yaml", master_read_sources},
};
#define PARTS_N (sizeof parts / sizeof parts[0])

struct str embedded_find(const struct embedded *files, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(files[i].name, name))
            return (struct str){.at = (const char *)files[i].bytes, .len = files[i].len};
    }
    return (struct str){.at = NULL};
}

struct err master_folder_read(struct arena *arena, const char *folder, struct master *master)
{
    static const struct master nothing = {0};
    size_t found = 0;
    *master = nothing;
    for (size_t i = 0; i < PARTS_N; i++) {
        const char *path = arena_fmt(arena, "%s/%s", folder, parts[i].name);
        struct str bytes;
        struct err e = disk_read(arena, path, FILE_BYTES_MAX, &bytes);
        if (e.kind == ERR_MISSING)
            continue;
        TRY(e);
        TRY(parts[i].read(arena, bytes, master));
        found++;
    }
    if (found == 0)
        return err_at(
            ERR_MISSING, folder,
            "no entities.csv, accounts.csv, counterparties.csv, balances.csv or sources.yaml "
            "here");
    return master_check(arena, master, &nothing);
}

struct err master_embedded_read(struct arena *arena, const struct embedded *files, size_t n,
                                struct master *master)
{
    static const struct master nothing = {0};
    *master = nothing;
    for (size_t i = 0; i < PARTS_N; i++) {
        struct str bytes = embedded_find(files, n, parts[i].name);
        if (bytes.at != NULL)
            TRY(parts[i].read(arena, bytes, master));
    }
    return master_check(arena, master, &nothing);
}
