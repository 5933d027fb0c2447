/* record_export: that evidence left the book, by whom and what. The bundle's manifest comes as its
 * hash; what goes back is the log key's signature on it.
 *
 * An export changes nothing, so there is no act for the gate to judge: whoever may read may take
 * along what they read. But where it went is recorded, and what cannot be recorded is not signed
 * and so is no bundle. */
#include "engine/tools/record_export.h"

#include <string.h>

#include "engine/store/tree.h"
#include "engine/tools/administer.h"

#define NOTE_BYTES ((size_t)4096)

struct record_export {
    const char *from, *to, *entity_id, *control, *sample, *manifest_sha256;
    int64_t first_seq, last_seq, files, transactions;
};

static const char *hex_check(const char *text)
{
    return strspn(text, "0123456789abcdef") == 64 && text[64] == '\0'
               ? NULL
               : "expected 64 lower-case hex digits";
}

static const struct json_field fields[] = {
    JSON_DATE(struct record_export, from, .required = true, .help = "first day of the period"),
    JSON_DATE(struct record_export, to, .required = true, .help = "last day of the period"),
    JSON_TEXT(struct record_export, entity_id, .max = 64, .help = "of this entity alone"),
    JSON_TEXT(struct record_export, control, .max = 40, .help = "of this control alone"),
    JSON_TEXT(struct record_export, sample, .max = 400, .help = "how the sample was drawn"),
    JSON_INT(struct record_export, first_seq, .required = true, .min = 1,
             .help = "the bundle's first event"),
    JSON_INT(struct record_export, last_seq, .required = true, .min = 1,
             .help = "the bundle's last event"),
    JSON_INT(struct record_export, files, .required = true, .min = 1,
             .help = "how many files the manifest lists"),
    JSON_INT(struct record_export, transactions, .required = true, .min = 0,
             .help = "how many sampled transactions are in it"),
    JSON_TEXT(struct record_export, manifest_sha256, .required = true, .min = 64, .max = 64,
              .check = hex_check, .help = "SHA-256 of manifest.json"),
};

struct recorded {
    const char *manifest_sha256, *note;
};

static const struct json_field result[] = {
    JSON_TEXT(struct recorded, manifest_sha256, .help = "as given"),
    JSON_TEXT(struct recorded, note,
              .help = "the signed note over it; absent when nobody signs this book's log"),
};

/* ---- who ---- */

static bool is_auditor(const struct person *self)
{
    for (size_t i = 0; i < self->grants_n; i++) {
        if (text_eq(self->grants[i].role, ROLE_AUDITOR))
            return true;
    }
    return false;
}

struct err exporter_scope(struct call *c, struct tx *tx, struct scope *scope)
{
    struct person self;
    ENSURE(c->actor.kind == ACTOR_HUMAN && c->actor.principal != NULL, ERR_AUTH,
           "evidence is exported by auditors, and by people who may change the registry");
    TRY(person_load(tx, c->arena, c->actor.principal, &self));
    ENSURE(self.base.active && !c->ask.frozen, ERR_AUTH, "this person is disabled or frozen");
    ENSURE(is_auditor(&self) || person_able(c->policy, ACTION_CHANGE_REGISTRY, &self), ERR_AUTH,
           "evidence is exported by auditors (role auditor), and by people who may change the "
           "registry");
    return scope_load(c, tx, scope);
}

/* ---- what ---- */

static struct err args_check(struct call *c, struct tx *tx, const struct scope *scope)
{
    const struct record_export *a = c->args;
    int64_t last;
    TRY(audit_last_seq(tx, &last));
    if (a->first_seq > a->last_seq || a->last_seq > last)
        return err_at(ERR_INPUT, "/last_seq", "the log has no such events");
    if (a->entity_id != NULL && !scope_has(scope, a->entity_id))
        return err_fmt(c->arena, ERR_MISSING, "/entity_id", "there is no entity \"%s\"",
                       a->entity_id);
    return OK;
}

static struct err manifest_sign(struct call *c, struct tx *tx, const char **note)
{
    const struct record_export *a = c->args;
    const struct note_signer *signer = tree_signer(tx->store);
    __attribute__((cleanup(buf_fini_cleanup))) struct buf text, out;
    char origin[TREE_ORIGIN_SIZE];
    buf_init(&text, NOTE_BYTES);
    buf_init(&out, NOTE_BYTES);
    *note = NULL;
    if (signer == NULL)
        return OK;
    tree_origin(tx->store, origin);
    bundle_note_put(&text, origin, a->first_seq, a->last_seq, a->manifest_sha256);
    TRY(buf_check(&text));
    TRY(note_sign(buf_str(&text), signer, &out));
    *note = arena_dup(c->arena, out.at, out.len);
    return arena_check(c->arena);
}

static struct err export_record(struct call *c, struct tx *tx)
{
    const struct record_export *a = c->args;
    const struct event event = {.type = "EXPORTED",
                                .actor = &c->actor,
                                .tool = c->tool->name,
                                .policy_version = c->policy->digest,
                                .object_type = "export",
                                .object_id = a->manifest_sha256,
                                .entity_id = a->entity_id,
                                .request_id = c->request_id,
                                .args_sha256 = c->args_sha256,
                                .detail = c->args_tree};
    TRY(audit_append(tx, &event));
    c->seq = tx->event_seq;
    return OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct record_export *a = c->args;
    struct recorded done = {.manifest_sha256 = a->manifest_sha256};
    struct scope scope;
    TRY(exporter_scope(c, tx, &scope));
    TRY(args_check(c, tx, &scope));
    TRY(manifest_sign(c, tx, &done.note));
    TRY(export_record(c, tx));
    TRY(json_unbind(c->arena, JSON_FIELDS(result), &done, &c->result));
    json_put_text(c->arena, c->result, "status", "ok");
    json_put_int(c->arena, c->result, "seq", c->seq);
    c->outcome = CALL_OK;
    return arena_check(c->arena);
}

const struct tool tool_record_export = {
    .name = "record_export",
    .title = "Record an export of evidence",
    .summary = "Records that a bundle of evidence was made, and signs its manifest's hash with the "
               "log's key. For auditors and for those who may change the registry.",
    .tier = TIER_T1,
    .run = TOOL_CHANGE,
    .offer = OFFER_SOCKET,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct record_export),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
};
