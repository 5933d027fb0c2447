/* recon://rules: the learned rules of the entities the caller may see. */
#include "engine/tools/rules_resource.h"

#include "engine/store/master.h"
#include "engine/tools/learned.h"
#include "engine/tools/scope.h"

struct err rules_read(struct call *c, struct tx *tx, const char *id)
{
    struct json *list = json_array_new(c->arena);
    struct entity *entities;
    struct scope scope;
    size_t n;
    (void)id;
    TRY(scope_load(c, tx, &scope));
    TRY(entities_list(tx, c->arena, &entities, &n));
    for (size_t i = 0; i < n; i++) {
        struct matching_rule *rules;
        size_t rules_n;
        if (!scope_has(&scope, entities[i].entity_id))
            continue;
        TRY(matching_rules_list(tx, c->arena, entities[i].entity_id, NULL, false, &rules,
                                &rules_n));
        for (size_t k = 0; k < rules_n; k++)
            json_push(c->arena, list, rule_print(c->arena, &rules[k]));
    }
    c->result = json_object_new(c->arena);
    json_put(c->arena, c->result, "rules", list);
    return arena_check(c->arena);
}
