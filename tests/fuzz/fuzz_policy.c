/* Any bytes as policy.yaml: refused with a place, or loaded into a policy whose every rule has a
 * sentence and a pointer into the document, and every limit a currency of the list. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/yaml_read.h"
#include "engine/gate/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clause(const struct json *tree, const struct policy_clause *clause)
{
    INVARIANT(clause->text != NULL && strlen(clause->text) >= 10);
    INVARIANT(json_pointer_get(tree, clause->pointer) != NULL);
}

static void check_limit(const struct policy *p, const struct policy_limit *limit)
{
    INVARIANT(limit->cur_index < p->currencies_n);
    INVARIANT(strcmp(limit->cur, p->currencies[limit->cur_index]) == 0);
    INVARIANT(decimal_sign(limit->max) >= 0);
}

static void check_rules(const struct json *tree, const struct policy *p)
{
    for (size_t i = 0; i < p->accounts_n; i++)
        check_clause(tree, &p->accounts[i].clause);
    for (size_t i = 0; i < p->match_types_n; i++)
        check_clause(tree, &p->match_types[i].clause);
    for (size_t i = 0; i < p->cumulative_n; i++) {
        check_clause(tree, &p->cumulative[i].clause);
        check_limit(p, &p->cumulative[i].limit);
    }
    for (size_t i = 0; i < p->blocked_n; i++)
        check_clause(tree, &p->blocked[i].clause);
    for (size_t i = 0; i < p->authority_n; i++) {
        check_clause(tree, &p->authority[i].clause);
        INVARIANT(p->authority[i].actions != 0 && (p->authority[i].actions & 1) == 0);
    }
    for (int i = REASON_UNLISTED; i < REASON_COUNT; i++)
        check_clause(tree, &p->clauses[i]);
}

/* Every override's entity, so that binding has something to bind. */
static void check_bound(struct arena *arena, const struct json *tree, struct policy *p)
{
    struct policy_entity *entities = ARENA_ARRAY(arena, p->overrides_n, struct policy_entity);
    if (entities == NULL)
        return;
    for (size_t i = 0; i < p->overrides_n; i++)
        entities[i] = (struct policy_entity){p->overrides[i].entity, "JPY"};
    struct err e = policy_bind_entities(arena, p, entities, p->overrides_n);
    INVARIANT(p->overrides_n == 0 || e.kind == ERR_NONE || e.kind == ERR_INPUT ||
              e.kind == ERR_LIMIT);
    for (size_t i = 0; e.kind == ERR_NONE && i < p->overrides_n; i++) {
        check_limit(p, &p->overrides[i].limit);
        check_clause(tree, &p->overrides[i].clause);
    }
    check_limit(p, &p->materiality);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char digest[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 28);
    struct json *tree = NULL;
    struct policy *policy = NULL;
    struct err e = yaml_read(arena, (struct str){(const char *)data, size}, &tree);
    if (e.kind != ERR_NONE)
        return 0;
    e = policy_load(arena, tree, digest, &policy);
    INVARIANT((e.kind == ERR_NONE) == (policy != NULL));
    INVARIANT(e.kind == ERR_NONE || e.kind == ERR_INPUT || e.kind == ERR_LIMIT);
    INVARIANT(e.kind != ERR_INPUT || (e.where != NULL && e.msg != NULL));
    if (policy == NULL)
        return 0;
    check_rules(tree, policy);
    check_bound(arena, tree, policy);
    return 0;
}
