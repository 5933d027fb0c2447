/* Taking a sealed ID token out for the one decision it was made for. */
#include "agent/call/fresh_token.h"

#include "agent/call/seals.h"
#include "agent/store/once.h"

struct err fresh_token(struct request *r, const char *escalation_id, const char *decision,
                       const char *digest, const char **token)
{
    struct fresh_login f = {.escalation_id = escalation_id, .decision = decision, .digest = digest};
    struct str text;
    *token = NULL;
    TRY(fresh_find(r->db, r->arena, r->session.id, &f, r->now_us));
    if (unseal_bytes(r->agent->seals, r->arena, SEAL_ID_TOKEN, digest, f.id_token, &text))
        *token = str_dup(r->arena, text);
    return arena_check(r->arena);
}

struct err fresh_token_drop(struct request *r, const char *escalation_id, const char *decision)
{
    return fresh_drop(r->db, r->session.id, escalation_id, decision);
}
