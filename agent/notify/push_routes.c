/* A person's browsers and their push messages. */
#include <string.h>

#include "agent/notify/notify_own.h"
#include "agent/store/push_subs.h"
#include "common/sys/crypt.h"
#include "common/sys/crypt_push.h"

struct push_keys {
    const char *p256dh, *auth;
};

struct push_args {
    const char *endpoint;
    const struct json *expirationTime; /* a browser's subscription has it; push services say it */
    struct push_keys keys;
};

static const struct json_field key_fields[] = {
    JSON_TEXT(struct push_keys, p256dh, .required = true, .max = 100, .help = "base64url"),
    JSON_TEXT(struct push_keys, auth, .required = true, .max = 40, .help = "base64url"),
};

/* A PushSubscription as its toJSON gives it. */
static const struct json_field fields[] = {
    JSON_TEXT(struct push_args, endpoint, .required = true, .max = PUSH_ENDPOINT_MAX,
              .help = "where the push service takes messages"),
    JSON_ANY(struct push_args, expirationTime, .help = "not used"),
    JSON_OBJECT(struct push_args, keys, key_fields, .required = true,
                .help = "what messages are sealed with"),
};

static const struct json_field remove_fields[] = {
    JSON_TEXT(struct push_args, endpoint, .required = true, .max = PUSH_ENDPOINT_MAX,
              .help = "of the subscription"),
};

struct err get_push(struct request *r)
{
    const struct push_key *key = notify_push_key(r->agent->notify);
    struct json *o = json_object_new(r->arena);
    uint8_t point[PUSH_POINT_LEN];
    char text[BASE64_SIZE(PUSH_POINT_LEN)];
    struct push_sub *subs;
    size_t n;
    json_put_bool(r->arena, o, "enabled", key != NULL);
    if (key != NULL) {
        push_key_public(key, point);
        base64url_print(point, sizeof point, text);
        json_put_text(r->arena, o, "public_key", text);
    }
    TRY(push_subs_of(r->db, r->arena, r->session.principal_id, &subs, &n));
    json_put_int(r->arena, o, "browsers", (int64_t)n);
    reply_json(r, 200, o);
    return OK;
}

static bool decoded(const char *text, uint8_t *out, size_t want)
{
    size_t len;
    return base64url_parse(str_of(text), out, want, &len) && len == want;
}

/* The address is checked again, and for private networks, whenever something is sent there. */
static bool endpoint_ok(const struct request *r, const char *endpoint)
{
    const bool dev = r->config->env == CONFIG_DEV;
    return strncmp(endpoint, "https://", 8) == 0 || (dev && strncmp(endpoint, "http://", 7) == 0);
}

struct err post_push(struct request *r)
{
    struct push_args args;
    struct str trial;
    ENSURE(notify_push_key(r->agent->notify) != NULL, ERR_MISSING,
           "push messages are not configured here");
    TRY(request_body(r, JSON_FIELDS(fields), &args));
    struct push_sub s = {.principal_id = r->session.principal_id, .endpoint = args.endpoint};
    if (!endpoint_ok(r, args.endpoint))
        return err_at(ERR_INPUT, "/endpoint", "an https:// address is expected");
    if (!decoded(args.keys.p256dh, s.p256dh, sizeof s.p256dh))
        return err_at(ERR_INPUT, "/keys/p256dh", "expected 65 bytes in base64url");
    if (!decoded(args.keys.auth, s.auth, sizeof s.auth))
        return err_at(ERR_INPUT, "/keys/auth", "expected 16 bytes in base64url");
    TRY(err_in(push_seal(r->arena, s.p256dh, s.auth, STR("?"), &trial), "/keys/p256dh"));
    TRY(push_sub_put(r->db, r->arena, &s, r->now_us));
    return get_push(r);
}

struct err post_push_remove(struct request *r)
{
    struct push_args args;
    TRY(request_body(r, JSON_FIELDS(remove_fields), &args));
    TRY(push_sub_remove(r->db, args.endpoint, r->session.principal_id));
    return get_push(r);
}
