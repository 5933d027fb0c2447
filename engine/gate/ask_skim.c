/* The members in ask_print's order, each with its kind; what is absent is skipped over, what is
 * unknown ends the reading. The object is copied once, and the texts end where their quotes were.
 */
#include "engine/gate/ask_skim.h"

#include <string.h>

#include "common/base/str.h"
#include "engine/gate/ask_names.h"

#define LIST_MAX 4096 /* items of a list, and what bulk_n may count; more is for the tree */

/* A value being read; `bad` once anything is not as ask_print writes it. The bytes are our own
 * copy, and end in a NUL that is no value, so no reading looks past it. */
struct skimming {
    struct arena *arena;
    char *at;
    struct ask *a;
    unsigned told;         /* which of enum other were there, a bit each */
    unsigned seen, needed; /* of the nested object under way: members by their place, a bit each */
    bool bad;
};

/* ---- values ---- */

static const char *text_next(struct skimming *k)
{
    char *text = k->at + 1, *p = text;
    unsigned char bits = 0;
    if (k->bad || *k->at != '"') {
        k->bad = true;
        return "";
    }
    for (; (unsigned char)*p >= ' ' && *p != '"' && *p != '\\'; p++)
        bits |= (unsigned char)*p;
    if (*p != '"' || (bits > 0x7f && !utf8_valid(text, (size_t)(p - text)))) {
        k->bad = true;
        return "";
    }
    *p = '\0';
    k->at = p + 1;
    return text;
}

/* One that says something. */
static const char *word_next(struct skimming *k)
{
    const char *text = text_next(k);
    k->bad = k->bad || text[0] == '\0';
    return text;
}

static bool bool_next(struct skimming *k)
{
    const bool yes = *k->at == 't';
    const char *word = yes ? "true" : "false";
    size_t len = yes ? 4 : 5;
    k->bad = k->bad || strncmp(k->at, word, len) != 0;
    k->at += k->bad ? 0 : len;
    return yes;
}

static int64_t int_next(struct skimming *k)
{
    const bool negative = *k->at == '-';
    const char *from = k->at + negative, *p = from;
    int64_t n = 0;
    for (; *p >= '0' && *p <= '9' && p - from < 18; p++)
        n = n * 10 + (*p - '0');
    const bool zeros = *from == '0' && (negative || p - from > 1); /* -0, 007 */
    k->bad = k->bad || zeros || p == from || p - from > 17 || (*p != ',' && *p != '}');
    k->at += k->bad ? 0 : p - k->at;
    return negative ? -n : n;
}

/* Digits and at most one point, as decimal_print writes them. */
static struct decimal decimal_next(struct skimming *k)
{
    const char *t = text_next(k);
    struct decimal d = {.scale = 0};
    const bool negative = *t == '-';
    int digits = 0;
    bool point = false;
    for (t += negative; *t != '\0'; t++) {
        if (*t == '.' && !point && digits > 0) {
            point = true;
            continue;
        }
        k->bad = k->bad || *t < '0' || *t > '9' || ++digits > DECIMAL_DIGITS_MAX;
        if (k->bad)
            return d;
        d.coef = d.coef * 10 + (*t - '0');
        d.scale = (unsigned char)(d.scale + point);
    }
    k->bad = k->bad || digits == 0 || t[-1] == '.' || d.scale > DECIMAL_SCALE_MAX;
    d.coef = negative ? -d.coef : d.coef;
    return d;
}

static unsigned name_next(struct skimming *k, const char *(*at)(unsigned), unsigned n)
{
    const char *name = text_next(k);
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(at(i), name) == 0)
            return i;
    }
    k->bad = true;
    return 0;
}

/* ---- lists ---- */

/* Room for one more; NULL when the list is too long. */
static void *item_room(struct skimming *k, void *list, size_t n, size_t *cap, size_t size)
{
    void *room = n < LIST_MAX ? arena_grow(k->arena, list, n, cap, size) : NULL;
    k->bad = k->bad || room == NULL;
    return room;
}

static bool passes(struct skimming *k, char c)
{
    bool is = !k->bad && *k->at == c;
    k->at += is;
    return is;
}

/* Within a list or an object: true before its next item or member; false, and behind its end, when
 * there is none. */
static bool more(struct skimming *k, char closing, size_t n)
{
    if (passes(k, closing))
        return false;
    k->bad = k->bad || (n > 0 && !passes(k, ','));
    return !k->bad;
}

static void texts_next(struct skimming *k, const char *const **texts, size_t *n)
{
    const char **list = NULL;
    size_t cap = 0;
    *n = 0;
    k->bad = !passes(k, '[');
    while (more(k, ']', *n)) {
        list = item_room(k, list, *n, &cap, sizeof *list);
        if (!k->bad)
            list[(*n)++] = word_next(k);
    }
    *texts = list;
}

/* The next member is this one, and its value begins here. */
static bool member(struct skimming *k, const char *name, size_t len)
{
    const char *at = k->at;
    if (k->bad || *at != '"' || strncmp(at + 1, name, len) != 0 || at[1 + len] != '"' ||
        at[2 + len] != ':')
        return false;
    k->at += len + 3;
    return true;
}

/* The same in a nested object, where each may be once, and none after one of a later place. */
static bool member_once(struct skimming *k, const char *name, size_t len, unsigned place)
{
    if (k->seen >> place != 0 || !member(k, name, len))
        return false;
    k->seen |= 1u << place;
    return true;
}
#define MEMBER(k, name, place) member_once((k), name, sizeof name - 1, place)
#define AT(place)              (1u << (place))

/* Takes the member that begins here; anything else is bad. */
typedef void member_fn(struct skimming *k, void *item);

/* `needed`: what every such object has; what it has besides, for what another member says, its
 * function adds. */
static void object_next(struct skimming *k, member_fn *fn, void *item, unsigned needed)
{
    k->seen = 0;
    k->needed = needed;
    k->bad = !passes(k, '{');
    for (size_t n = 0; more(k, '}', n); n++)
        fn(k, item);
    k->bad = k->bad || (k->seen & k->needed) != k->needed;
}

static void *objects_next(struct skimming *k, member_fn *fn, unsigned needed, size_t size,
                          size_t *n)
{
    char *list = NULL;
    size_t cap = 0;
    *n = 0;
    k->bad = !passes(k, '[');
    while (more(k, ']', *n)) {
        list = item_room(k, list, *n, &cap, size);
        if (k->bad)
            break;
        memset(list + *n * size, 0, size);
        object_next(k, fn, list + (*n)++ * size, needed);
    }
    return list;
}

enum { ACCOUNT_CLASS, ACCOUNT_ID, ACCOUNT_KNOWN, ACCOUNT_RECONCILED };

static void account_member(struct skimming *k, void *item)
{
    struct ask_account *account = item;
    if (MEMBER(k, "class", ACCOUNT_CLASS))
        account->class_ = text_next(k);
    else if (MEMBER(k, "id", ACCOUNT_ID))
        account->id = text_next(k);
    else if (MEMBER(k, "known", ACCOUNT_KNOWN))
        account->known = bool_next(k);
    else if (MEMBER(k, "reconciled", ACCOUNT_RECONCILED))
        account->reconciled = bool_next(k);
    else
        k->bad = true;
}

enum { ROLE_ENTITY, ROLE_LENDER, ROLE_ROLE };

static void role_member(struct skimming *k, void *item)
{
    struct ask_role *role = item;
    if (MEMBER(k, "entity", ROLE_ENTITY))
        role->entity = text_next(k);
    else if (MEMBER(k, "lender", ROLE_LENDER))
        role->lender = text_next(k);
    else if (MEMBER(k, "role", ROLE_ROLE))
        role->role = word_next(k);
    else
        k->bad = true;
}

enum { SUM_KNOWN, SUM_SUM };

/* A sum that is known stands there, and one that is not does not. */
static void sum_member(struct skimming *k, void *item)
{
    struct ask_cumulative *sum = item;
    if (MEMBER(k, "known", SUM_KNOWN)) {
        sum->known = bool_next(k);
        k->needed |= sum->known ? AT(SUM_SUM) : 0;
    } else if (sum->known && MEMBER(k, "sum", SUM_SUM)) {
        sum->sum = decimal_next(k);
    } else {
        k->bad = true;
    }
}

static void currency_take(struct skimming *k, char cur[4])
{
    const char *text = text_next(k);
    if (currency_valid(text))
        memcpy(cur, text, 4);
    else
        k->bad = true;
}

enum { VALUE_AS_OF, VALUE_CURRENCY, VALUE_RATE, VALUE_SOURCE, VALUE_STATUS, VALUE_VALUE };

/* Without a rate there is neither rate nor value. */
static void status_take(struct skimming *k, struct ask_value *v)
{
    v->status = (enum fx_status)name_next(k, fx_at, FX_KNOWN + 1);
    if (v->status != FX_MISSING)
        k->needed |= AT(VALUE_RATE) | AT(VALUE_VALUE);
    else
        k->bad = k->bad || (k->seen & ~(AT(VALUE_CURRENCY) | AT(VALUE_STATUS))) != 0;
}

static void value_member(struct skimming *k, void *item)
{
    struct ask_value *v = item;
    if (MEMBER(k, "as_of", VALUE_AS_OF))
        k->bad = date_parse(text_next(k), &v->as_of).kind != ERR_NONE || k->bad;
    else if (MEMBER(k, "currency", VALUE_CURRENCY))
        currency_take(k, v->cur);
    else if (MEMBER(k, "rate", VALUE_RATE))
        v->rate = decimal_next(k);
    else if (MEMBER(k, "source", VALUE_SOURCE))
        v->source = text_next(k);
    else if (MEMBER(k, "status", VALUE_STATUS))
        status_take(k, v);
    else if (v->status != FX_MISSING && MEMBER(k, "value", VALUE_VALUE))
        v->value = decimal_next(k);
    else
        k->bad = true;
}

struct amount_texts {
    const char *amount, *currency;
};

enum { AMOUNT_AMOUNT, AMOUNT_CURRENCY };

static void amount_member(struct skimming *k, void *item)
{
    struct amount_texts *t = item;
    if (MEMBER(k, "amount", AMOUNT_AMOUNT))
        t->amount = text_next(k);
    else if (MEMBER(k, "currency", AMOUNT_CURRENCY))
        t->currency = text_next(k);
    else
        k->bad = true;
}

static void amount_next(struct skimming *k)
{
    struct amount_texts t = {NULL, NULL};
    object_next(k, amount_member, &t, AT(AMOUNT_AMOUNT) | AT(AMOUNT_CURRENCY));
    k->a->has_amount = true;
    k->bad = k->bad || money_parse(t.amount, t.currency, &k->a->amount).kind != ERR_NONE;
}

/* ---- the members ---- */

enum kind { TEXT, BOOL, INT, TEXTS, OTHER };

/* At most 32 of them: struct skimming counts them in bits. */
enum other {
    ACCOUNTS,
    ACTION,
    ACTOR_KIND,
    AMOUNT,
    AUTO_CONFIRMED,
    BULK_SUM,
    CHANNEL,
    CUMULATIVE,
    DECISION,
    ROLES,
    SCHEMA,
    SOURCE,
    STATE,
    TIER,
    VALUES,
};

struct field {
    const char *name;
    size_t len;
    enum kind kind;
    size_t offset, count; /* into struct ask */
    enum other other;
};

#define FIELD(k, member)                                                                           \
    {                                                                                              \
#member, sizeof #member - 1, k, offsetof(struct ask, member), 0, 0                         \
    }
#define FIELD_TEXTS(member)                                                                        \
    {                                                                                              \
#member, sizeof #member - 1, TEXTS, offsetof(struct ask, member),                          \
            offsetof(struct ask, member##_n), 0                                                    \
    }
#define FIELD_OTHER(text, which)                                                                   \
    {                                                                                              \
        text, sizeof text - 1, OTHER, 0, 0, which                                                  \
    }

/* In the order of RFC 8785. */
static const struct field fields[] = {
    FIELD_OTHER("accounts", ACCOUNTS),
    FIELD_OTHER("action", ACTION),
    FIELD(TEXT, actor),
    FIELD_OTHER("actor_kind", ACTOR_KIND),
    FIELD(BOOL, ambiguous),
    FIELD_OTHER("amount", AMOUNT),
    FIELD(INT, approvers_n),
    FIELD(INT, auth_age_s),
    FIELD_OTHER("auto_confirmed", AUTO_CONFIRMED),
    FIELD(INT, auto_confirmed_n),
    FIELD(INT, bulk_n),
    FIELD(BOOL, bulk_one_clause),
    FIELD(TEXT, bulk_reason),
    FIELD_OTHER("bulk_sum", BULK_SUM),
    FIELD(BOOL, change),
    FIELD_OTHER("channel", CHANNEL),
    FIELD(TEXT, client),
    FIELD(TEXT, counterparty),
    FIELD_OTHER("cumulative", CUMULATIVE),
    FIELD_OTHER("decision", DECISION),
    FIELD(BOOL, delivery_service),
    FIELD_TEXTS(entities),
    FIELD(BOOL, entity_mismatch),
    FIELD(BOOL, entry_taken),
    FIELD_TEXTS(events),
    FIELD(BOOL, frozen),
    FIELD(BOOL, frozen_self),
    FIELD(BOOL, has_rationale),
    FIELD(BOOL, intercompany),
    FIELD(BOOL, intercompany_paired),
    FIELD(BOOL, keeps_amount),
    FIELD(BOOL, login_bound),
    FIELD(BOOL, login_wanted),
    FIELD(TEXT, match_type),
    FIELD(TEXT, object_id),
    FIELD(TEXT, object_type),
    FIELD(INT, object_version),
    FIELD(TEXT, on_behalf_of),
    FIELD_TEXTS(own_agents_of),
    FIELD(BOOL, own_seat),
    FIELD(BOOL, period_closed),
    FIELD(BOOL, posting),
    FIELD(TEXT, principal),
    FIELD(BOOL, prod),
    FIELD_TEXTS(proposers),
    FIELD_OTHER("roles", ROLES),
    FIELD_OTHER("schema", SCHEMA),
    FIELD(INT, score_bp),
    FIELD_TEXTS(seats),
    FIELD_OTHER("source", SOURCE),
    FIELD_OTHER("state", STATE),
    FIELD(BOOL, state_valid),
    FIELD(TEXT, subject),
    FIELD(BOOL, sure),
    FIELD_OTHER("tier", TIER),
    FIELD(TEXT, tool),
    FIELD_OTHER("values", VALUES),
};
#define FIELDS_N (sizeof fields / sizeof fields[0])

static void name_take(struct skimming *k, enum other which)
{
    struct ask *a = k->a;
    switch ((int)which) {
    case ACTION:
        a->action = (enum action)name_next(k, action_at, ACTION_COUNT);
        break;
    case ACTOR_KIND:
        a->actor_kind = (enum actor_kind)name_next(k, kind_at, ACTOR_ENGINE + 1);
        break;
    case CHANNEL:
        a->channel = (enum channel)name_next(k, channel_at, CHANNEL_CLI + 1);
        break;
    case DECISION:
        a->decision = (enum decision)name_next(k, decision_at, DECISION_ANSWER + 1);
        break;
    case SOURCE:
        a->source = (enum source)name_next(k, source_at, SOURCE_HUMAN + 1);
        break;
    case STATE:
        a->state = (enum match_state)name_next(k, state_at, MATCH_REVERSED + 1);
        break;
    default:
        a->tier = (enum tier)name_next(k, tier_at, TIER_T3 + 1);
        break;
    }
}

static void other_take(struct skimming *k, enum other which)
{
    struct ask *a = k->a;
    switch ((int)which) {
    case ACCOUNTS:
        a->accounts = objects_next(k, account_member, 0, sizeof *a->accounts, &a->accounts_n);
        break;
    case AMOUNT:
        amount_next(k);
        break;
    case AUTO_CONFIRMED:
        object_next(k, sum_member, &a->auto_confirmed, AT(SUM_KNOWN));
        break;
    case BULK_SUM:
        object_next(k, sum_member, &a->bulk_sum, AT(SUM_KNOWN));
        break;
    case CUMULATIVE:
        a->cumulative =
            objects_next(k, sum_member, AT(SUM_KNOWN), sizeof *a->cumulative, &a->cumulative_n);
        break;
    case ROLES:
        a->roles = objects_next(k, role_member, AT(ROLE_ROLE), sizeof *a->roles, &a->roles_n);
        break;
    case SCHEMA:
        k->bad = int_next(k) != ASK_SCHEMA || k->bad;
        break;
    case VALUES:
        a->values = objects_next(k, value_member, AT(VALUE_CURRENCY) | AT(VALUE_STATUS),
                                 sizeof *a->values, &a->values_n);
        break;
    default:
        name_take(k, which);
        break;
    }
}

static void take(struct skimming *k, const struct field *f)
{
    char *at = (char *)k->a + f->offset;
    size_t *count = (size_t *)(void *)((char *)k->a + f->count);
    switch (f->kind) {
    case TEXT:
        *(const char **)(void *)at = text_next(k);
        break;
    case BOOL:
        *(bool *)(void *)at = bool_next(k);
        break;
    case INT:
        *(int64_t *)(void *)at = int_next(k);
        break;
    case TEXTS:
        texts_next(k, (const char *const **)(void *)at, count);
        break;
    case OTHER:
        k->told |= AT(f->other);
        other_take(k, f->other);
        break;
    }
}

/* Members follow each other in the table's order; some may be missing, and that is theirs. */
static void members_take(struct skimming *k)
{
    size_t i = 0;
    k->bad = !passes(k, '{');
    for (size_t n = 0; more(k, '}', n); n++) {
        while (i < FIELDS_N && !member(k, fields[i].name, fields[i].len))
            i++;
        if (i == FIELDS_N) {
            k->bad = true;
            return;
        }
        take(k, &fields[i++]);
    }
}

/* What no ask goes without. */
#define REQUIRED (AT(ACTION) | AT(SCHEMA) | AT(TIER))

bool ask_skim(struct arena *arena, struct json_skim *s, struct ask *ask)
{
    struct ask a = {.action = ACTION_NONE, .auth_age_s = -1}; /* not known, as ask_read has it */
    char *copy = arena_dup(arena, s->at, (size_t)(s->end - s->at));
    if (copy == NULL)
        return false;
    struct skimming k = {.arena = arena, .at = copy, .a = &a};
    members_take(&k);
    if (k.bad || (k.told & REQUIRED) != REQUIRED || a.bulk_n < 0 || a.bulk_n > LIST_MAX)
        return false;
    *ask = a;
    s->at += k.at - copy;
    return true;
}
