/* policy.yaml: bytes, digest, tree, policy. One reading, so that the digest is of what was read. */
#include "engine/cli/policy_file.h"

#include "common/sys/crypt.h"
#include "common/sys/disk.h"
#include "common/sys/yaml_read.h"
#include "engine/store/master.h"

static struct err bind_entities(struct arena *arena, struct tx *book, struct policy *policy)
{
    struct entity *rows = NULL;
    size_t n = 0;
    TRY(entities_list(book, arena, &rows, &n));
    struct policy_entity *entities = ARENA_ARRAY(arena, n + 1, struct policy_entity);
    TRY(arena_check(arena));
    for (size_t i = 0; i < n; i++)
        entities[i] = (struct policy_entity){rows[i].entity_id, rows[i].functional_currency};
    return policy_bind_entities(arena, policy, entities, n);
}

struct err policy_file_load(struct arena *arena, const char *path, struct tx *book,
                            struct policy **policy, struct str *text)
{
    char digest[SHA256_HEX_SIZE];
    struct json *tree = NULL;
    struct str bytes;

    TRY(disk_read(arena, path, POLICY_BYTES_MAX, &bytes));
    sha256_hex(bytes.at, bytes.len, digest);
    struct err e = yaml_read(arena, bytes, &tree);
    if (e.kind == ERR_NONE)
        e = policy_load(arena, tree, digest, policy);
    if (e.kind == ERR_NONE && book != NULL)
        e = bind_entities(arena, book, *policy);
    if (e.kind != ERR_NONE) {
        e.where = e.where == NULL ? path : arena_fmt(arena, "%s: %s", path, e.where);
        return e;
    }
    if (text != NULL)
        *text = bytes;
    return OK;
}
