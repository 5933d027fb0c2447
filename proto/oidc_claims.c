/* Reading claims. Whoever sent the token was shown to be the provider, and still nothing is taken
 * that is not of the form the standard gives it. */
#include "proto/oidc_claims.h"

#include <string.h>

#include "common/sys/json_read.h"

#define TIME_MAX_S INT64_C(9007199254740991) /* 2^53 - 1 */

struct err claims_read(struct arena *arena, struct str payload, const struct json **claims)
{
    const struct json_limits limits = {
        .depth_max = 16, .bytes_max = (size_t)64 * 1024, .nodes_max = 8192};
    struct json *tree = NULL;
    TRY(json_read(arena, payload, &limits, &tree));
    ENSURE(json_is(tree, JSON_TYPE_OBJECT), ERR_INPUT, "the token's claims are not an object");
    *claims = tree;
    return OK;
}

struct err claim_time(const struct json *claims, const char *name, int64_t *seconds)
{
    const struct json *node = json_get(claims, name);
    *seconds = -1;
    if (node == NULL)
        return OK;
    /* A fraction is allowed and not needed; an exponent nobody writes. */
    const size_t whole = node->type == JSON_TYPE_NUMBER ? strcspn(node->text.at, ".") : 0;
    int64_t n = 0;
    bool good = whole > 0 && whole <= 16;
    for (size_t i = 0; i < whole && good; i++) {
        good = node->text.at[i] >= '0' && node->text.at[i] <= '9';
        n = n * 10 + (node->text.at[i] - '0');
    }
    good = good && n <= TIME_MAX_S && strpbrk(node->text.at, "eE") == NULL;
    if (!good)
        return err_at(ERR_INPUT, name, "a time of the token is not a number of seconds");
    *seconds = n;
    return OK;
}

struct err claim_text(const struct json *claims, const char *name, size_t max, const char **text)
{
    const struct json *node = json_get(claims, name);
    *text = json_text(node);
    if (node == NULL)
        return OK;
    if (text_empty(*text) || strlen(*text) > max)
        return err_at(ERR_INPUT, name, "a claim of the token is not a text of the usual length");
    return OK;
}

bool claim_holds(const struct json *claim, const char *value)
{
    if (json_is(claim, JSON_TYPE_TEXT))
        return text_eq(json_text(claim), value);
    for (size_t i = 0; json_is(claim, JSON_TYPE_ARRAY) && i < claim->count; i++) {
        if (json_is(claim->items[i], JSON_TYPE_TEXT) && text_eq(json_text(claim->items[i]), value))
            return true;
    }
    return false;
}

const struct json *claim_find(const struct json *claims, const char *name)
{
    return name[0] == '/' ? json_pointer_get(claims, name) : json_get(claims, name);
}

/* The role stands behind the last '=': a group's name (a distinguished name, say) may hold some. */
static bool mapping_cut(const char *item, struct str *group, struct str *role)
{
    const char *eq = strrchr(item, '=');
    if (eq == NULL || eq == item || eq[1] == '\0')
        return false;
    *group = str_trim((struct str){item, (size_t)(eq - item)});
    *role = str_trim(str_of(eq + 1));
    return group->len > 0 && role->len > 0;
}

bool roles_mapping_valid(const struct setting_list *mapping)
{
    struct str group, role;
    for (size_t i = 0; i < mapping->n; i++) {
        if (!mapping_cut(mapping->items[i], &group, &role))
            return false;
    }
    return true;
}

static bool holds_str(const struct json *claim, struct str value)
{
    if (json_is(claim, JSON_TYPE_TEXT))
        return str_eq(claim->text, value);
    for (size_t i = 0; json_is(claim, JSON_TYPE_ARRAY) && i < claim->count; i++) {
        if (json_is(claim->items[i], JSON_TYPE_TEXT) && str_eq(claim->items[i]->text, value))
            return true;
    }
    return false;
}

bool roles_mapped(const struct json *claim, const struct setting_list *mapping, struct str *role)
{
    struct str group, found;
    for (size_t i = 0; i < mapping->n; i++) {
        if (!mapping_cut(mapping->items[i], &group, &found) || !holds_str(claim, group))
            continue;
        if (role != NULL)
            *role = found;
        return true;
    }
    return false;
}
