/* attach_evidence: the digest of a document that is kept elsewhere, beside the item it belongs to.
 * The document itself stays where it is; whoever shows it later can prove that it is the one. */
#include <string.h>

#include "engine/tools/object.h"

#define EVIDENCE_MAX 1000 /* of one object */

struct attach_evidence {
    const char *object, *sha256, *name, *media_type, *rationale;
    int64_t bytes;
};

static const char *digest_complaint(const char *text)
{
    bool good = strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
    return good ? NULL : "expected 64 lower-case hex digits: the document's SHA-256";
}

static const struct json_field fields[] = {
    JSON_TEXT(struct attach_evidence, object, .required = true, .max = OBJECT_TEXT_MAX,
              .help = OBJECT_HELP),
    JSON_TEXT(struct attach_evidence, sha256, .required = true, .check = digest_complaint,
              .pattern = "^[0-9a-f]{64}$", .help = "of the document's bytes"),
    JSON_TEXT(struct attach_evidence, name, .required = true, .max = 200,
              .help = "what people call the document"),
    JSON_TEXT(struct attach_evidence, media_type, .max = 100, .help = "such as application/pdf"),
    JSON_INT(struct attach_evidence, bytes, .min = 1, .max = INT64_MAX, .help = "its size"),
    JSON_TEXT(struct attach_evidence, rationale, .max = 2000, .help = "what it shows"),
};

struct attached {
    const char *evidence_id, *object, *sha256, *created_at;
};

static const struct json_field result[] = {
    JSON_TEXT(struct attached, evidence_id, .help = "the evidence"),
    JSON_TEXT(struct attached, object, .help = "what it belongs to, as kind:id"),
    JSON_TEXT(struct attached, sha256, .help = "of the document"),
    JSON_TEXT(struct attached, created_at, .help = "when it was attached, UTC"),
};

static struct err done(struct call *c, const struct evidence *evidence)
{
    const struct attached d = {.evidence_id = evidence->evidence_id,
                               .object = evidence->object,
                               .sha256 = evidence->sha256,
                               .created_at = evidence->created_at};
    return json_unbind(c->arena, JSON_FIELDS(result), &d, &c->result);
}

/* The same document twice is the same evidence. */
static struct err attached_before(struct call *c, struct tx *tx, const struct object *o)
{
    const struct attach_evidence *args = c->args;
    struct evidence *rows;
    size_t n;
    TRY(evidence_of(tx, c->arena, o->key, EVIDENCE_MAX, &rows, &n));
    ENSURE(n < EVIDENCE_MAX, ERR_LIMIT, "the item has as much evidence as an item may have");
    for (size_t i = 0; i < n; i++) {
        if (!text_eq(rows[i].sha256, args->sha256) || !text_eq(rows[i].name, args->name))
            continue;
        c->outcome = CALL_OK;
        TRY(done(c, &rows[i]));
        json_put_text(c->arena, c->result, "status", "ok");
        return arena_check(c->arena);
    }
    return OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct attach_evidence *args = c->args;
    struct object *o = ARENA_NEW(c->arena, struct object);
    ENSURE(o != NULL, ERR_LIMIT, "out of memory");
    c->planned = o;
    TRY(object_plan(c, tx, args->object, o));
    return attached_before(c, tx, o);
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct attach_evidence *args = c->args;
    const struct object *o = c->planned;
    bool human = c->actor.kind == ACTOR_HUMAN;
    struct evidence evidence = {.object = o->key,
                                .sha256 = args->sha256,
                                .name = args->name,
                                .media_type = args->media_type,
                                .bytes_n = args->bytes,
                                .added_by = c->actor.id,
                                .principal = human ? c->actor.principal : c->actor.on_behalf_of};
    TRY(evidence_add(tx, &evidence));
    struct json *detail = json_object_new(c->arena);
    json_put_text(c->arena, detail, "evidence_id", evidence.evidence_id);
    json_put_text(c->arena, detail, "sha256", evidence.sha256);
    json_put_text(c->arena, detail, "name", evidence.name);
    c->detail = detail;
    return done(c, &evidence);
}

const struct tool tool_attach_evidence = {
    .name = "attach_evidence",
    .title = "Register evidence",
    .summary = "Registers the SHA-256 of a document that is kept elsewhere as evidence of a match, "
               "exception, escalation or entry.",
    .tier = TIER_T1,
    .action = ACTION_ATTACH,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct attach_evidence),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
