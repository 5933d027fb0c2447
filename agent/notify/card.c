/* The engine's document, read as somebody will read it who has to decide. */
#include "agent/notify/card.h"

#include <ctype.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/civil.h"

#define MINUS "\xe2\x88\x92"
#define DOT   " \xc2\xb7 "

/* ---- words ---- */

/* What a call does, and whether a chat app may carry its decision: acts of tier T2. What is not
 * here is decided in the workspace; the engine refuses another channel by itself (row d). */
struct act {
    const char *tool, *words;
    bool chat;
};

static const struct act acts[] = {
    {"confirm_match", "Confirm match", true},
    {"unmatch", "Undo match", true},
    {"resolve_exception", "Resolve exception", true},
    {"post_entry", "Post entry", true},
    {"ap_approve_invoice_for_payment", "Approve invoice for payment", true},
    {"ap_void_invoice", "Void invoice", true},
    {"ap_approve_payment_run", "Approve payment run", true},
    {"ap_cancel_payment_run", "Cancel payment run", true},
    {"ap_verify_vendor_bank_change", "Verify change of bank account", true},
    {"ap_approve_vendor_bank_change", "Approve change of bank account", true},
    {"ap_submit_payment_run", "Submit payment run", false},
    {"close_period", "Close period", false},
    {"reopen_period", "Reopen period", false},
    {"post_to_closed_period", "Post to a closed period", false},
    {"propose_policy", "Change the policy", false},
    {"link_identity", "Link an identity", false},
    {"set_delegation", "Lend a seat", false},
};

struct word {
    const char *name, *words;
};

static const struct word outcomes[] = {
    {"APPROVED", "Confirmed"}, {"REJECTED", "Rejected"}, {"WITHDRAWN", "Withdrawn"},
    {"EXPIRED", "Expired"},    {"STALE", "Out of date"},
};

static const char *const open_states[] = {"PENDING", "STAGE_APPROVED", "INFO_REQUESTED"};

static const char *const amount_reasons[] = {
    "MATERIALITY_OVER_THRESHOLD", "FX_RATE_MISSING",          "FX_RATE_STALE",
    "CUMULATIVE_OVER_THRESHOLD",  "SECOND_APPROVER_REQUIRED",
};

static bool listed(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(text, list[i]))
            return true;
    }
    return false;
}

#define LISTED(text, list) listed((text), (list), sizeof(list) / sizeof((list)[0]))

/* "ap_hold_invoice" reads "Ap hold invoice": plain, and never wrong. */
static const char *words_of(struct arena *arena, const char *name)
{
    char *words = arena_strdup(arena, name);
    if (words == NULL)
        return NULL;
    for (char *p = words; *p != '\0'; p++)
        *p = *p == '_' ? ' ' : *p;
    words[0] = (char)toupper((unsigned char)words[0]);
    return words;
}

static const char *month_name(int month)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return month >= 1 && month <= 12 ? names[month - 1] : "?";
}

static const char *day_text(struct arena *arena, const char *iso)
{
    struct date d;
    if (iso == NULL || date_parse(iso, &d).kind != ERR_NONE)
        return iso;
    const struct ymd y = date_ymd(d);
    return arena_fmt(arena, "%d %s %d", y.day, month_name(y.month), y.year);
}

const char *card_instant(struct arena *arena, int64_t us)
{
    char text[INSTANT_TEXT_MAX];
    instant_print(us, text);
    const struct ymd y = date_ymd(instant_date_utc(us));
    return arena_fmt(arena, "%d %s %d, %.5s UTC", y.day, month_name(y.month), y.year, text + 11);
}

/* "-87432.10", "EUR" reads "−87,432.10 EUR". */
static const char *amount_text(struct arena *arena, const char *amount, const char *currency)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, 256);
    if (amount == NULL || currency == NULL)
        return NULL;
    const bool negative = amount[0] == '-';
    const char *digits = negative ? amount + 1 : amount;
    const size_t whole = strcspn(digits, ".");
    buf_puts(&out, negative ? MINUS : "");
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0)
            buf_putc(&out, ',');
        buf_putc(&out, digits[i]);
    }
    buf_puts(&out, digits + whole);
    buf_putc(&out, ' ');
    buf_puts(&out, currency);
    return buf_check(&out).kind == ERR_NONE ? str_dup(arena, buf_str(&out)) : amount;
}

/* ---- facts ---- */

static void fact_add(struct card *card, const char *label, const char *value)
{
    if (!text_empty(value) && card->facts_n < CARD_FACTS_MAX)
        card->facts[card->facts_n++] = (struct card_fact){label, value};
}

static void line_add(struct card *card, const char *label, const char *value)
{
    if (text_empty(value))
        return;
    if (card->lines_n == CARD_LINES_MAX)
        card->lines_more++;
    else
        card->lines[card->lines_n++] = (struct card_fact){label, value};
}

static const char *joined(struct arena *arena, const struct json *texts)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; json_is(texts, JSON_TYPE_ARRAY) && i < texts->count; i++) {
        const char *one = json_text(texts->items[i]);
        buf_puts(&out, out.len > 0 && one != NULL ? ", " : "");
        buf_puts(&out, one == NULL ? "" : one);
    }
    return buf_check(&out).kind == ERR_NONE ? str_dup(arena, buf_str(&out)) : "many";
}

static const char *side_words(const char *side)
{
    return text_eq(side, "bank") ? "Bank" : text_eq(side, "gl") ? "Books" : "Entry";
}

/* "−8,100.00 GBP · 11 Mar 2026 · Tenby Fitout · Meeting rooms · TF-8100 · gl-uk:N0476" */
static const char *leg_text(struct arena *arena, const struct json *leg)
{
    const char *parts[] = {
        amount_text(arena, json_get_text(leg, "amount"), json_get_text(leg, "currency")),
        day_text(arena, json_get_text(leg, "date")),
        json_get_text(leg, "counterparty"),
        json_get_text(leg, "memo"),
        json_get_text(leg, "reference"),
        json_get_text(leg, "entry_id"),
    };
    const char *text = "";
    for (size_t i = 0; text != NULL && i < sizeof parts / sizeof parts[0]; i++) {
        if (!text_empty(parts[i]))
            text = arena_fmt(arena, "%s%s%s", text, text[0] == '\0' ? "" : DOT, parts[i]);
    }
    return text;
}

/* The value of an argument, whatever it is; nested ones are for the workspace. */
static const char *value_text(struct arena *arena, const struct json *value)
{
    if (json_is(value, JSON_TYPE_ARRAY))
        return joined(arena, value);
    if (json_is(value, JSON_TYPE_BOOL))
        return value->truth ? "yes" : "no";
    if (json_is(value, JSON_TYPE_TEXT) || json_is(value, JSON_TYPE_NUMBER))
        return str_dup(arena, value->text);
    return NULL;
}

/* What is bound: the sides of a match, else the arguments as they will be carried out. */
static void lines_collect(struct arena *arena, const struct json *bound, struct card *card)
{
    const struct json *legs = json_pointer_get(bound, "/facts/legs");
    const struct json *args = json_get(bound, "arguments");
    for (size_t i = 0; json_is(legs, JSON_TYPE_ARRAY) && i < legs->count; i++)
        line_add(card, side_words(json_get_text(legs->items[i], "side")),
                 leg_text(arena, legs->items[i]));
    if (card->lines_n > 0 || !json_is(args, JSON_TYPE_OBJECT))
        return;
    for (size_t i = 0; i < args->count; i++)
        line_add(card, words_of(arena, args->members[i].key.at),
                 value_text(arena, args->members[i].value));
}

static const char *difference_text(struct arena *arena, const struct json *bound)
{
    const char *amount = json_text(json_pointer_get(bound, "/facts/difference"));
    const bool nothing = amount == NULL || amount[strspn(amount, "-0.")] == '\0';
    return nothing ? NULL : amount_text(arena, amount, json_get_text(bound, "currency"));
}

static const char *object_text(struct arena *arena, const struct json *doc)
{
    const char *type = json_get_text(doc, "object_type"), *id = json_get_text(doc, "object_id");
    const char *from = json_text(json_pointer_get(doc, "/bound/facts/from"));
    const char *to = json_text(json_pointer_get(doc, "/bound/facts/to"));
    if (from != NULL && to != NULL)
        return arena_fmt(arena, "%s \xe2\x86\x92 %s", from, to);
    return id == NULL ? NULL : arena_fmt(arena, "%s %s", type == NULL ? "" : type, id);
}

/* Roles only: people are known by their names in the workspace. */
static const char *addressees_text(struct arena *arena, const struct json *doc)
{
    const struct json *to = json_get(doc, "to");
    const char *text = json_get_text(json_get(doc, "assigned_to"), "role");
    for (size_t i = 0; json_is(to, JSON_TYPE_ARRAY) && i < to->count; i++) {
        const char *who = json_get_text(to->items[i], "role");
        if (who != NULL)
            text =
                arena_fmt(arena, "%s%s%s", text == NULL ? "" : text, text == NULL ? "" : ", ", who);
    }
    return text;
}

static void facts_collect(struct arena *arena, const struct json *doc, struct card *card)
{
    const struct json *bound = json_get(doc, "bound");
    const struct json *entities = json_get(bound, "entities");
    const bool many = json_is(entities, JSON_TYPE_ARRAY) && entities->count > 1;
    fact_add(card, "Amount", card->amount);
    fact_add(card, many ? "Entities" : "Entity", many ? joined(arena, entities) : card->entity_id);
    fact_add(card, "Accounts", joined(arena, json_get(bound, "accounts")));
    fact_add(card, "Difference", difference_text(arena, bound));
    fact_add(card, "Period", json_text(json_pointer_get(bound, "/facts/period")));
    fact_add(card, "Concerns", object_text(arena, doc));
    fact_add(card, "Asked by", json_get_text(doc, "requester"));
    fact_add(card, "To the attention of", addressees_text(arena, doc));
}

/* ---- how it ended ---- */

/* The event that settled it: the last one whose type is the state's. */
static const struct json *settling_event(const struct json *doc, const char *state)
{
    const struct json *events = json_get(doc, "events"), *found = NULL;
    static const char prefix[] = "ESCALATION_";
    for (size_t i = 0; json_is(events, JSON_TYPE_ARRAY) && i < events->count; i++) {
        const char *type = json_get_text(events->items[i], "event_type");
        if (type != NULL && strncmp(type, prefix, sizeof prefix - 1) == 0 &&
            text_eq(type + sizeof prefix - 1, state))
            found = events->items[i];
    }
    return found;
}

const char *card_decided_by(const struct json *doc)
{
    static const char human[] = "human:";
    const char *by = json_get_text(doc, "decided_by");
    return by != NULL && strncmp(by, human, sizeof human - 1) == 0 ? by : NULL;
}

static const char *outcome_text(struct arena *arena, const struct json *doc,
                                const struct card_about *about, const struct card *card)
{
    const char *word = NULL, *by = card_decided_by(doc), *number = "";
    const struct json *event = settling_event(doc, card->state);
    int64_t seq;
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++)
        word = text_eq(outcomes[i].name, card->state) ? outcomes[i].words : word;
    if (word == NULL)
        word = words_of(arena, card->state);
    if (by != NULL && about->decided_name != NULL)
        by = about->decided_name;
    if (event != NULL && json_int(json_get(event, "seq"), &seq))
        number = arena_fmt(arena, DOT "#%lld", (long long)seq);
    return arena_fmt(arena, "%s%s%s%s" DOT "%s", word, by == NULL ? "" : " by ",
                     by == NULL ? "" : by, number, card->code);
}

/* ---- all of it ---- */

static int64_t instant_of(const struct json *doc, const char *member)
{
    const char *text = json_get_text(doc, member);
    int64_t us = 0;
    return text != NULL && instant_parse(text, &us).kind == ERR_NONE ? us : 0;
}

static void act_collect(struct arena *arena, const char *tool, struct card *card)
{
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (!text_eq(acts[i].tool, tool))
            continue;
        card->act = acts[i].words;
        card->decide_here = acts[i].chat && text_eq(card->state, "PENDING");
        return;
    }
    card->act = words_of(arena, tool);
}

static bool id_is_plain(const char *text)
{
    return text != NULL && text[0] != '\0' &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] ==
               '\0';
}

struct err card_collect(struct arena *arena, const struct json *doc, const struct card_about *about,
                        struct card *card)
{
    const char *tool = json_get_text(doc, "tool");
    *card = (struct card){
        .escalation_id = json_get_text(doc, "escalation_id"),
        .code = json_get_text(doc, "code"),
        .digest = json_get_text(doc, "digest"),
        .state = json_get_text(doc, "state"),
        .entity_id = json_get_text(doc, "entity_id"),
        .reason = json_get_text(doc, "reason"),
        .clause = json_get_text(doc, "clause"),
        .pointer = json_get_text(doc, "pointer"),
        .due_us = instant_of(doc, "sla_due_at"),
        .expires_us = instant_of(doc, "expires_at"),
    };
    ENSURE(id_is_plain(card->escalation_id) && card->code != NULL && card->digest != NULL &&
               !text_empty(card->state) && !text_empty(tool),
           ERR_UPSTREAM, "the engine's document is not an escalation");
    const struct json *overdue = json_get(doc, "overdue");
    card->overdue = json_is(overdue, JSON_TYPE_BOOL) && overdue->truth;
    card->open = LISTED(card->state, open_states);
    card->reason_needed = LISTED(card->reason, amount_reasons);
    card->amount = amount_text(arena, json_get_text(doc, "amount"), json_get_text(doc, "currency"));
    act_collect(arena, tool, card);
    facts_collect(arena, doc, card);
    lines_collect(arena, json_get(doc, "bound"), card);
    card->outcome = card->open ? NULL : outcome_text(arena, doc, about, card);
    card->url = arena_fmt(arena, "%s/inbox/%s", about->workspace_url, card->escalation_id);
    return arena_check(arena);
}

const char *card_title(struct arena *arena, const struct card *card)
{
    return arena_fmt(arena, "%s%s%s%s%s", card->act, card->amount == NULL ? "" : DOT,
                     card->amount == NULL ? "" : card->amount,
                     text_empty(card->entity_id) ? "" : DOT,
                     text_empty(card->entity_id) ? "" : card->entity_id);
}
