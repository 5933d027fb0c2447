/* Consistency proofs as JSON. */
#include "common/verify/consistency.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "common/verify/receipt_own.h"

struct consistency_json {
    const char *format;
    const char **proof;
    size_t proof_n;
    int64_t from, to;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct consistency_json, format, .required = true, .max = 64),
    JSON_INT(struct consistency_json, from, .required = true, .max = RECEIPT_INDEX_MAX),
    JSON_INT(struct consistency_json, to, .required = true, .max = RECEIPT_INDEX_MAX),
    JSON_TEXTS(struct consistency_json, proof, proof_n, .required = true, .max = MERKLE_PROOF_MAX),
};

struct err consistency_bind(struct arena *arena, const struct json *tree, struct consistency *c)
{
    struct consistency_json j;
    TRY(json_bind(arena, JSON_FIELDS(fields), tree, &j));
    if (strcmp(j.format, CONSISTENCY_FORMAT) != 0)
        return err_at(ERR_INPUT, "/format", "expected \"" CONSISTENCY_FORMAT "\"");
    c->from = (uint64_t)j.from;
    c->to = (uint64_t)j.to;
    return receipt_proof_bind(arena, j.proof, j.proof_n, &c->proof);
}

struct err consistency_read(struct arena *arena, struct str json, struct consistency *c)
{
    struct json *tree = NULL;
    TRY(json_read(arena, json, NULL, &tree));
    return consistency_bind(arena, tree, c);
}

struct json *consistency_print(struct arena *arena, const struct consistency *c)
{
    struct json *tree = json_object_new(arena);
    json_put_text(arena, tree, "format", CONSISTENCY_FORMAT);
    json_put_int(arena, tree, "from", (int64_t)c->from);
    json_put_int(arena, tree, "to", (int64_t)c->to);
    json_put(arena, tree, "proof", receipt_proof_print(arena, &c->proof));
    return arena_full(arena) ? NULL : tree;
}
