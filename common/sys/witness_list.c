/* "<vkey> <url>", and again. */
#include "common/sys/witness_list.h"

#include <string.h>

static bool is_url(struct str url)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(schemes[i]);
        if (url.len > n && memcmp(url.at, schemes[i], n) == 0)
            return memchr(url.at, ' ', url.len) == NULL;
    }
    return false;
}

static struct err item_read(struct arena *arena, struct str item, struct witness_peer *peer)
{
    struct str vkey, url;
    ENSURE(str_cut(item, ' ', &vkey, &url), ERR_INPUT,
           "expected a witness's key (vkey), a space and its URL");
    url = str_trim(url);
    TRY(note_key_parse(vkey, &peer->key));
    ENSURE(peer->key.alg == NOTE_COSIGNATURE_V1, ERR_INPUT,
           "a witness's key is expected (type 04), not a log's");
    ENSURE(is_url(url), ERR_INPUT, "expected http:// or https://");
    while (url.at[url.len - 1] == '/')
        url.len--;
    peer->vkey = note_key_print(arena, &peer->key);
    peer->url = str_dup(arena, url);
    return arena_check(arena);
}

struct err witness_list_read(struct arena *arena, const struct setting_list *setting,
                             struct witness_list *out)
{
    ENSURE(setting->n <= WITNESSES_MAX, ERR_INPUT, "there are more than 16 witnesses");
    *out = (struct witness_list){.items = ARENA_ARRAY(arena, setting->n + 1, struct witness_peer)};
    TRY(arena_check(arena));
    for (size_t i = 0; i < setting->n; i++) {
        struct err e = item_read(arena, str_of(setting->items[i]), &out->items[i]);
        for (size_t k = 0; e.kind == ERR_NONE && k < i; k++) {
            /* One witness under two names must not count twice toward a quorum. */
            if (memcmp(out->items[k].key.public_key, out->items[i].key.public_key,
                       ED25519_KEY_LEN) == 0)
                e = err_new(ERR_INPUT, "this witness is named twice");
        }
        if (e.kind != ERR_NONE)
            return err_fmt(arena, e.kind, NULL, "witness %zu: %s", i + 1, e.msg);
        out->n++;
    }
    return OK;
}
