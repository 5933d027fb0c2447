/* rotate_log_key: another private key signs the book's heads from this event on. Which one is told
 * by a statement that both keys sign, and the statement is the event: who believed the old key may
 * believe the new one. The private half is made here, in the engine's own data folder, and goes
 * nowhere; a book without any key gets its first one. */
#include "engine/store/log_keys.h"
#include "engine/tools/administer.h"
#include "engine/tools/settle.h"

struct rotate_args {
    bool wipe_old;
    const char *rationale;
};

static const struct json_field fields[] = {
    JSON_BOOL(struct rotate_args, wipe_old,
              .help = "overwrite and remove the old private key instead of keeping it aside"),
    JSON_TEXT(struct rotate_args, rationale, .max = 2000, .help = "why"),
};

struct rotated {
    const char *vkey, *before;
    int64_t from_size;
    bool changed;
};

static const struct json_field result[] = {
    JSON_TEXT(struct rotated, vkey, .help = "the new key, as verifiers are given it"),
    JSON_TEXT(struct rotated, before, .help = "the old one; absent for the first"),
    JSON_INT(struct rotated, from_size,
             .help = "checkpoints of at least this size are signed "
                     "by the new key"),
    JSON_BOOL(struct rotated, changed, .help = "true"),
};

static struct err plan(struct call *c, struct tx *tx)
{
    const struct rotate_args *a = c->args;
    struct json *before = NULL, *after = json_object_new(c->arena);
    struct log_key_event *keys, *now;
    const char *origin;
    size_t n;
    TRY(log_origin(tx, c->arena, &origin));
    TRY(log_keys_list(tx, c->arena, &keys, &n));
    ENSURE(n < LOG_KEYS_MAX, ERR_LIMIT, "the log has as many keys as verifiers follow");
    now = n == 0 ? NULL : &keys[n - 1];
    if (now != NULL) {
        before = json_object_new(c->arena);
        json_put_text(c->arena, before, "vkey", note_key_print(c->arena, &now->statement.new_key));
        json_put_int(c->arena, before, "from_size", now->seq);
    }
    json_put_bool(c->arena, after, "wipe_old", a->wipe_old);
    const struct admin_change change = {.act = "rotate_log_key",
                                        .object_type = "log_key",
                                        .object_id = origin,
                                        .version = now == NULL ? 0 : now->seq,
                                        .before = before,
                                        .after = after,
                                        .event_type = "KEY_ROTATED"};
    TRY(arena_check(c->arena));
    return administer(c, &change);
}

/* What waits for this is settled first: the statement names the event behind it. */
static struct err apply(struct call *c, struct tx *tx)
{
    const struct rotate_args *a = c->args;
    struct log_keys *keys = store_log_keys(tx->store);
    const struct json *detail;
    struct rotated out = {.changed = true};
    ENSURE(keys != NULL, ERR_CONFLICT, "this engine signs no heads (CLOSEGATE_RECEIPTS)");
    TRY(settle_direct(c, tx, c->object_id, ESCALATION_APPROVED));
    TRY(log_keys_rotate(keys, tx, a->wipe_old, &detail));
    c->detail = detail;
    out.vkey = json_get_text(detail, "vkey");
    out.before = json_get_text(detail, "before");
    (void)json_int(json_get(detail, "from_size"), &out.from_size);
    return json_unbind(c->arena, JSON_FIELDS(result), &out, &c->result);
}

const struct tool tool_rotate_log_key = {
    .name = "rotate_log_key",
    .title = "Rotate the log's key",
    .summary = "Another key signs the log's heads from this event on; the old key and the new one "
               "both sign the statement that says so. In prod a second human confirms it.",
    .tier = TIER_T1,
    .action = ACTION_CHANGE_REGISTRY,
    .run = TOOL_CHANGE,
    .offer = OFFER_SOCKET,
    .destructive = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct rotate_args),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
