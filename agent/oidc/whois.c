/* The engine's registry knows who people are; we only bring it what they showed. */
#include "agent/oidc/whois.h"

#include "agent/oidc/signin_own.h"

struct err whois(struct mcpc *mcpc, struct mcpc_shared *engine, struct arena *arena,
                 const char *kind, const char *issuer, const char *subject,
                 struct known_person *out)
{
    const struct mcpc_actor who = mcpc_service(engine);
    struct json *args = json_object_new(arena);
    struct mcpc_result result;
    json_put_text(arena, args, "kind", kind);
    if (issuer != NULL)
        json_put_text(arena, args, "issuer", issuer);
    json_put_text(arena, args, "subject", subject);
    TRY(arena_check(arena));
    TRY(mcpc_call(mcpc, arena, &who, "whois", args, &result));
    TRY(mcpc_failure(arena, &result));
    *out = (struct known_person){
        .principal_id = json_get_text(result.structured, "principal_id"),
        .actor = json_get_text(result.structured, "actor_id"),
        .name = json_get_text(result.structured, "name"),
    };
    if (!text_eq(json_get_text(result.structured, "status"), "active"))
        return err_new(ERR_AUTH, "this person is disabled in the registry");
    if (out->principal_id == NULL || out->actor == NULL || out->name == NULL)
        return err_new(ERR_AUTH, "this person has no actor to act as: link one "
                                 "(closegate-engine actor link)");
    return OK;
}

struct err signin_whois(struct request *r, const char *kind, const char *issuer,
                        const char *subject, struct known_person *out)
{
    return whois(r->mcpc, r->agent->engine, r->arena, kind, issuer, subject, out);
}
