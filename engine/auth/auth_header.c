/* The shape of the identity headers. Anything a proxy and we could read differently is refused:
 * twice, empty, padded, with white space or bytes outside the grammar. */
#include "engine/auth/auth_own.h"
#include "proto/approval_nonce.h"

void auth_refuse(struct auth_check *check, int status, const char *why)
{
    if (check->result.status != 0)
        return;
    check->way = WAY_NONE;
    check->result.status = status;
    check->result.why = why;
}

const char *auth_why(struct arena *arena, struct err e)
{
    const char *whole = e.where == NULL ? NULL : arena_fmt(arena, "%s: %s", e.msg, e.where);
    return whole == NULL ? e.msg : whole;
}

/* The one value of `name`, or NULL: absent, or refused. */
static const char *one_value(struct auth_check *check, const struct http_req *http,
                             const char *name)
{
    const struct http_field *found = NULL;
    for (size_t i = 0; i < http->fields_n; i++) {
        if (!str_is_nocase(http->fields[i].name, name))
            continue;
        if (found != NULL)
            auth_refuse(check, 400, "an identity header is there twice");
        found = &http->fields[i];
    }
    if (found == NULL)
        return NULL;
    if (found->value.len == 0)
        auth_refuse(check, 400, "an identity header is empty");
    else if (found->padded)
        auth_refuse(check, 400, "an identity header has white space around its value");
    for (size_t i = 0; i < found->value.len; i++)
        if (found->value.at[i] < 0x21 || found->value.at[i] > 0x7e)
            auth_refuse(check, 400, "an identity header holds a byte that is not visible ASCII");
    return check->result.status != 0 ? NULL : str_dup(check->arena, found->value);
}

void auth_headers(struct auth_check *check, const struct http_req *http, const char **token)
{
    check->header = one_value(check, http, check->auth->config->header_trust_header);
    *token = one_value(check, http, ASSERTION_HEADER);
    check->id_token = one_value(check, http, ID_TOKEN_HEADER);
    if (check->result.status != 0 || check->header == NULL)
        return;
    if (actor_parse(str_of(check->header), &check->named).kind != ERR_NONE)
        auth_refuse(check, 400, "the actor is not human:<id> or llm:<id>");
    else if (check->named.kind == ACTOR_ENGINE)
        auth_refuse(check, 403, "engine actors never come from the network");
    check->who = check->header;
}
