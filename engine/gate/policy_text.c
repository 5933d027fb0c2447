/* What the policy loader's parts share about text: pointers to rules, worded complaints, the names
 * a policy may use, and the rules for a clause, which is what a person reads who was told no. */
#include <stdarg.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/str.h"
#include "engine/gate/policy_internal.h"

enum { CLAUSE_MIN = 10, CLAUSE_MAX = 400 }; /* characters */

#define NAME_TEXT(name) #name,

const char *const policy_action_names[] = {"", ACTION_LIST(NAME_TEXT) NULL};
const char *const policy_channel_names[] = {"", "web", "slack", "chat", "api", "cli", NULL};
const char *const policy_actor_kind_names[] = {"", "human", "llm", "engine", NULL};
/* What engine/recon calls what it finds (recon_type_name), and the two passes that come after it.
 */
const char *const policy_match_type_names[] = {
    "",
    "hard_key",
    "exact",
    "reference",
    "amount_only",
    "late",
    "one_to_many",
    "many_to_one",
    "many_to_many",
    "tolerance_fee",
    "tolerance_book_net",
    "tolerance_transposition",
    "fuzzy",
    "reversal",
    "learned_alias",
    "learned_fee",
    "intercompany",
    "fx",
    NULL,
};

static const char *const reason_names[] = {"NONE", REASON_LIST(NAME_TEXT) NULL};

#undef NAME_TEXT

const char *reason_name(enum reason reason)
{
    return reason > REASON_NONE && reason < REASON_COUNT ? reason_names[reason] : reason_names[0];
}

bool reason_find(const char *name, enum reason *reason)
{
    size_t i = name == NULL ? 0 : policy_name_find(reason_names, name);
    if (i == 0)
        return false;
    *reason = (enum reason)i;
    return true;
}

size_t policy_name_find(const char *const *names, const char *name)
{
    for (size_t i = 1; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return 0;
}

const char *policy_name_list(struct arena *arena, const char *const *names)
{
    const char *list = names[1];
    for (size_t i = 2; list != NULL && names[i] != NULL; i++)
        list = arena_fmt(arena, "%s, %s", list, names[i]);
    return list == NULL ? "" : list;
}

/* ---- places and complaints ---- */

const char *policy_at(struct policy_build *b, const char *pointer, const char *key)
{
    const char *at = json_pointer_join(b->arena, pointer, str_of(key));
    return at == NULL ? "" : at; /* the arena is full, and policy_load will say so */
}

const char *policy_at_index(struct policy_build *b, const char *pointer, size_t i)
{
    const char *at = arena_fmt(b->arena, "%s/%zu", pointer, i);
    return at == NULL ? "" : at;
}

struct err policy_refuse(struct policy_build *b, const char *pointer, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *msg = arena_vfmt(b->arena, fmt, ap);
    va_end(ap);
    return err_at(ERR_INPUT, json_where(b->arena, b->tree, pointer), msg == NULL ? fmt : msg);
}

/* "4:26 /klass" below "/always_human_accounts/0" is "4:26 /always_human_accounts/0/klass". */
struct err policy_err_under(struct policy_build *b, const char *pointer, struct err e)
{
    if (e.kind != ERR_INPUT || e.where == NULL)
        return e.kind != ERR_INPUT ? e : policy_refuse(b, pointer, "%s", e.msg);
    const char *below = strchr(e.where, '/');
    size_t place = strcspn(e.where, " /");
    const char *where = arena_fmt(b->arena, "%.*s%s%s%s", (int)place, e.where,
                                  place == 0 ? "" : " ", pointer, below == NULL ? "" : below);
    return err_at(e.kind, where, e.msg);
}

/* ---- names ---- */

const char *policy_id_complaint(const char *text)
{
    static const char complaint[] = "expected lower-case letters, digits, '_', '-' and '.', "
                                    "beginning with a letter or a digit";
    for (const char *c = text; *c != '\0'; c++) {
        bool word = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
        bool inner = c > text && (*c == '_' || *c == '-' || *c == '.');
        if (!word && !inner)
            return complaint;
    }
    return text[0] == '\0' ? complaint : NULL;
}

/* Characters that show nothing, move the eye elsewhere, or end a line. */
static bool invisible(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0xad ||
           (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
           (cp >= 0x2060 && cp <= 0x2069) || cp == 0xfeff;
}

/* Counts the characters; false when one is invisible. */
static bool visible_length(const char *text, size_t *n)
{
    size_t left = strlen(text);
    for (*n = 0; left > 0; (*n)++) {
        uint32_t cp;
        size_t used = utf8_next(text, left, &cp);
        if (used == 0 || invisible(cp))
            return false;
        text += used;
        left -= used;
    }
    return true;
}

static bool padded(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
}

const char *policy_name_complaint(const char *text)
{
    size_t n;
    if (!visible_length(text, &n))
        return "control and invisible characters are not allowed";
    if (n == 0)
        return "must not be empty";
    return padded(text) ? "must not begin or end with a space" : NULL;
}

/* ---- clauses ---- */

static bool ends_in_full_stop(const char *text)
{
    static const char ideographic[] = "\xe3\x80\x82";
    size_t len = strlen(text), stop = sizeof ideographic - 1;
    return text[len - 1] == '.' || (len >= stop && strcmp(text + len - stop, ideographic) == 0);
}

struct err policy_clause_check(struct policy_build *b, const char *text, const char *pointer)
{
    const char *complaint = policy_name_complaint(text);
    size_t n;
    if (complaint != NULL)
        return policy_refuse(b, pointer, "a clause: %s", complaint);
    if (!visible_length(text, &n) || n < CLAUSE_MIN || n > CLAUSE_MAX)
        return policy_refuse(b, pointer, "a clause has %d to %d characters, this one %zu",
                             CLAUSE_MIN, CLAUSE_MAX, n);
    if (!ends_in_full_stop(text))
        return policy_refuse(b, pointer, "a clause is a sentence and ends in a full stop");
    return OK;
}

struct err policy_clause_of(struct policy_build *b, const char *own, enum reason reason,
                            const char *pointer, struct policy_clause *clause)
{
    clause->pointer = pointer;
    clause->text = own == NULL ? b->policy->clauses[reason].text : own;
    return own == NULL ? OK : policy_clause_check(b, own, policy_at(b, pointer, "clause"));
}
