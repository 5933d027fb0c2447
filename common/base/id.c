/* Crockford's base 32 (no I, L, O, U), ULIDs and the grammar of actor ids. */
#include "common/base/id.h"

#include <string.h>

#include "common/base/invariant.h"

enum { ULID_LEN = 26, ID_PREFIX_MAX = 8 };

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static const struct {
    const char *name;
    enum actor_kind kind;
} actor_kinds[] = {
    {"human", ACTOR_HUMAN},
    {"llm", ACTOR_LLM},
    {"engine", ACTOR_ENGINE},
};

static bool ascii_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool actor_name_valid(struct str name)
{
    if (name.len < 1 || name.len > ACTOR_NAME_MAX || !ascii_alnum(name.at[0]))
        return false;
    for (size_t i = 1; i < name.len; i++) {
        char c = name.at[i];
        if (!ascii_alnum(c) && c != '.' && c != '_' && c != '@' && c != '-')
            return false;
    }
    return true;
}

struct err actor_parse(struct str text, struct actor_id *actor)
{
    struct str kind_name, name;
    enum actor_kind kind = ACTOR_NONE;
    ENSURE(str_cut(text, ':', &kind_name, &name), ERR_INPUT, "an actor id is <kind>:<name>");
    for (size_t i = 0; i < sizeof actor_kinds / sizeof actor_kinds[0]; i++) {
        if (str_is(kind_name, actor_kinds[i].name))
            kind = actor_kinds[i].kind;
    }
    ENSURE(kind != ACTOR_NONE, ERR_INPUT, "the kind of an actor is human, llm or engine");
    ENSURE(
        actor_name_valid(name), ERR_INPUT,
        "an actor's name is 1 to 128 letters, digits or . _ @ - and starts with a letter or digit");
    *actor = (struct actor_id){.kind = kind};
    memcpy(actor->text, text.at, text.len);
    return OK;
}

const char *actor_kind_name(enum actor_kind kind)
{
    for (size_t i = 0; i < sizeof actor_kinds / sizeof actor_kinds[0]; i++) {
        if (actor_kinds[i].kind == kind)
            return actor_kinds[i].name;
    }
    return "none";
}

const char *actor_name(const struct actor_id *actor)
{
    if (actor->kind == ACTOR_NONE)
        return "";
    return actor->text + strlen(actor_kind_name(actor->kind)) + 1;
}

bool actor_same(const struct actor_id *a, const struct actor_id *b)
{
    return a->kind != ACTOR_NONE && a->kind == b->kind && strcmp(a->text, b->text) == 0;
}

/* `digits` base-32 digits of the last 5 * digits bits of `value`, without a NUL. */
static void crockford_print(uint64_t value, int digits, char *out)
{
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = crockford[value & 31];
        value >>= 5;
    }
}

/* Five bytes are eight digits exactly. */
static uint64_t five_bytes(const unsigned char *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < 5; i++)
        value = value << 8 | bytes[i];
    return value;
}

static size_t prefix_len(const char *text)
{
    size_t len = 0;
    while (text[len] >= 'a' && text[len] <= 'z')
        len++;
    return len;
}

void id_print(const char *prefix, int64_t unix_ms, const unsigned char random[ID_RANDOM_LEN],
              char out[ID_TEXT_MAX])
{
    size_t len = prefix_len(prefix);
    INVARIANT(len >= 1 && len <= ID_PREFIX_MAX && prefix[len] == '\0');
    INVARIANT(unix_ms >= 0 && unix_ms < (int64_t)1 << 48);
    memcpy(out, prefix, len);
    out[len] = '_';
    char *ulid = out + len + 1;
    crockford_print((uint64_t)unix_ms, 10, ulid);
    crockford_print(five_bytes(random), 8, ulid + 10);
    crockford_print(five_bytes(random + 5), 8, ulid + 18);
    ulid[ULID_LEN] = '\0';
}

bool id_valid(const char *text, const char *prefix)
{
    if (text == NULL)
        return false;
    size_t len = prefix_len(text);
    if (len < 1 || len > ID_PREFIX_MAX || text[len] != '_')
        return false;
    if (prefix != NULL && (strlen(prefix) != len || memcmp(text, prefix, len) != 0))
        return false;
    const char *ulid = text + len + 1;
    if (strspn(ulid, crockford) != ULID_LEN || ulid[ULID_LEN] != '\0')
        return false;
    return ulid[0] <= '7'; /* 26 digits are 130 bits; a ULID has 128 */
}

bool id_time(const char *text, int64_t *unix_ms)
{
    if (!id_valid(text, NULL))
        return false;
    const char *ulid = text + prefix_len(text) + 1;
    *unix_ms = 0;
    for (size_t i = 0; i < 10; i++)
        *unix_ms = *unix_ms * 32 + (strchr(crockford, ulid[i]) - crockford);
    return true;
}

void approval_code_print(const unsigned char hash[APPROVAL_HASH_LEN],
                         char out[APPROVAL_CODE_TEXT_MAX])
{
    char digits[8];
    crockford_print(five_bytes(hash), 8, digits);
    memcpy(out, digits, 4);
    out[4] = '-';
    memcpy(out + 5, digits + 4, 4);
    out[9] = '\0';
}
