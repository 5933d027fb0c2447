/* Digests of what runs. */
#include "engine/cli/binary.h"

#include "common/base/json.h"
#include "common/sys/crypt.h"
#include "common/sys/disk.h"
#include "common/sys/jcs.h"

#define BINARY_BYTES_MAX ((size_t)256 << 20)

const char *binary_digest(struct arena *arena)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new(BINARY_BYTES_MAX + 4096);
    char hex[SHA256_HEX_SIZE];
    struct str bytes;
    if (scratch == NULL ||
        disk_read(scratch, "/proc/self/exe", BINARY_BYTES_MAX, &bytes).kind != ERR_NONE)
        return "unknown";
    sha256_hex(bytes.at, bytes.len, hex);
    return arena_strdup(arena, hex);
}

static struct json *list_print(struct arena *arena, const struct setting_list *list)
{
    struct json *array = json_array_new(arena);
    for (size_t i = 0; i < list->n; i++)
        json_push(arena, array, json_text_new(arena, list->items[i]));
    return array;
}

const char *config_digest(struct arena *arena, const struct config *config)
{
    struct json *o = json_object_new(arena);
    char hex[SHA256_HEX_SIZE];
    struct str text;
    json_put_int(arena, o, "env", config->env);
    json_put_text(arena, o, "data_dir", config->data_dir);
    json_put_text(arena, o, "key_dir", config->key_dir);
    json_put_text(arena, o, "policy", config->policy);
    json_put_text(arena, o, "engine_listen", config->engine_listen);
    json_put_known(arena, o, "tls_cert", config->tls.cert);
    json_put_known(arena, o, "tls_key", config->tls.key);
    json_put_known(arena, o, "tls_client_ca", config->tls.peer_ca);
    json_put_int(arena, o, "tls_clients", config->tls.clients);
    json_put_text(arena, o, "engine_socket", config->engine_socket);
    json_put_text(arena, o, "engine_audience", config->engine_audience);
    json_put_text(arena, o, "engine_resource", config->engine_resource);
    json_put(arena, o, "engine_oidc_clients", list_print(arena, &config->engine_oidc_clients));
    json_put_text(arena, o, "oidc_issuer", config->oidc_issuer);
    json_put_text(arena, o, "oidc_client_id", config->oidc_client_id);
    json_put(arena, o, "oidc_acr", list_print(arena, &config->oidc_acr));
    json_put_int(arena, o, "oidc_skew_seconds", config->oidc_skew_seconds);
    json_put_int(arena, o, "auth_backend", config->auth_backend);
    json_put_text(arena, o, "header_trust_header", config->header_trust_header);
    json_put_text(arena, o, "forwarder_keys", config->forwarder_keys);
    json_put(arena, o, "allowed_origins", list_print(arena, &config->allowed_origins));
    json_put(arena, o, "allowed_hosts", list_print(arena, &config->allowed_hosts));
    json_put_int(arena, o, "unsafe_no_confinement", config->unsafe_no_confinement);
    json_put(arena, o, "ingest_dirs", list_print(arena, &config->ingest_dirs));
    json_put_int(arena, o, "max_connections", config->max_connections);
    json_put_int(arena, o, "max_connections_per_peer", config->max_connections_per_peer);
    json_put_int(arena, o, "http_head_seconds", config->http.head_s);
    json_put_int(arena, o, "http_body_seconds", config->http.body_s);
    json_put_int(arena, o, "http_idle_seconds", config->http.idle_s);
    json_put_int(arena, o, "http_write_seconds", config->http.write_s);
    json_put_int(arena, o, "peer_rate", config->http.peer_rate);
    json_put_int(arena, o, "actor_rate", config->actor_rate);
    json_put_int(arena, o, "actor_in_flight", config->actor_in_flight);
    json_put_int(arena, o, "receipts", config->receipts);
    json_put(arena, o, "witnesses", list_print(arena, &config->witnesses));
    json_put_int(arena, o, "witness_mode", config->witness_mode);
    json_put_int(arena, o, "witness_quorum", config->witness_quorum);
    json_put_int(arena, o, "witness_max_age", config->witness_max_age);
    json_put_int(arena, o, "fx_adapter", config->fx_adapter);
    json_put_int(arena, o, "fx_adapter_prod_guard", config->fx_adapter_prod_guard);
    if (jcs_text(arena, o, &text).kind != ERR_NONE)
        return "unknown";
    sha256_hex(text.at, text.len, hex);
    return arena_strdup(arena, hex);
}
