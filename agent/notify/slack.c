/* Blocks from top to bottom, as they are read: what, how much, between whom, why it stopped, what
 * to do. */
#include "agent/notify/slack.h"

#include <string.h>

#include "common/sys/inert.h"
#include "common/sys/json_write.h"

#define BODY_MAX     ((size_t)128 * 1024)
#define LINE_SHOWN   600
#define CLAUSE_SHOWN 1500
#define FACT_SHOWN   500
#define DIGEST_LEN   64

static const char *plain(struct arena *arena, const char *text, size_t max)
{
    return inert_line(arena, INERT_SLACK, text, max);
}

/* ---- parts ---- */

static void text_put(struct jw *w, const char *key, const char *type, const char *text)
{
    jw_obj_in(w, key);
    jw_text(w, "type", type);
    jw_text(w, "text", text);
    if (type[0] == 'p') /* plain_text: nor do :names: become pictures */
        jw_bool(w, "emoji", false);
    else
        jw_bool(w, "verbatim", true); /* addresses and channel names stay text */
    jw_end(w);
}

static void text_item(struct jw *w, const char *type, const char *text)
{
    jw_obj(w);
    jw_text(w, "type", type);
    jw_text(w, "text", text);
    jw_bool(w, type[0] == 'p' ? "emoji" : "verbatim", type[0] != 'p');
    jw_end(w);
}

static void block_begin(struct jw *w, const char *type, const char *id)
{
    jw_obj(w);
    jw_text(w, "type", type);
    jw_text(w, "block_id", id);
}

static void header_put(struct jw *w, struct arena *arena, const char *title)
{
    block_begin(w, "header", "closegate_title");
    text_put(w, "text", "plain_text", plain(arena, title, SLACK_HEADER_MAX));
    jw_end(w);
}

static void facts_put(struct jw *w, struct arena *arena, const struct card *card)
{
    if (card->facts_n == 0)
        return;
    block_begin(w, "section", "closegate_facts");
    jw_arr_in(w, "fields");
    for (size_t i = 0; i < card->facts_n; i++) {
        const struct card_fact *f = &card->facts[i];
        text_item(w, "plain_text",
                  arena_fmt(arena, "%s: %s", f->label, plain(arena, f->value, FACT_SHOWN)));
    }
    jw_end(w);
    jw_end(w);
}

static void lines_put(struct jw *w, struct arena *arena, const struct card *card)
{
    for (size_t i = 0; i < card->lines_n; i++) {
        const struct card_fact *l = &card->lines[i];
        block_begin(w, "section", arena_fmt(arena, "closegate_line_%zu", i + 1));
        text_put(w, "text", "plain_text",
                 arena_fmt(arena, "%s: %s", plain(arena, l->label, FACT_SHOWN),
                           plain(arena, l->value, LINE_SHOWN)));
        jw_end(w);
    }
    if (card->lines_more == 0)
        return;
    block_begin(w, "context", "closegate_more");
    jw_arr_in(w, "elements");
    text_item(w, "plain_text",
              arena_fmt(arena, "and %zu more, in the workspace", card->lines_more));
    jw_end(w);
    jw_end(w);
}

static void clause_put(struct jw *w, struct arena *arena, const struct card *card)
{
    if (text_empty(card->clause))
        return;
    block_begin(w, "section", "closegate_clause");
    text_put(
        w, "text", "plain_text",
        arena_fmt(arena, "\xe2\x80\x9c%s\xe2\x80\x9d", plain(arena, card->clause, CLAUSE_SHOWN)));
    jw_end(w);
    block_begin(w, "context", "closegate_pointer");
    jw_arr_in(w, "elements");
    text_item(w, "plain_text",
              arena_fmt(arena, "%s \xc2\xb7 policy %s", plain(arena, card->reason, FACT_SHOWN),
                        plain(arena, card->pointer, FACT_SHOWN)));
    jw_end(w);
    jw_end(w);
}

/* A date each reader sees in their own zone. */
static const char *date_text(struct arena *arena, const char *words, int64_t us)
{
    return arena_fmt(arena, "%s <!date^%lld^{date_short_pretty} {time}|%s>", words,
                     (long long)(us / 1000000), card_instant(arena, us));
}

/* The block is named after the delivery: whoever compares two messages sees that they are one. */
static void code_put(struct jw *w, struct arena *arena, const struct card *card,
                     const char *delivery_id)
{
    block_begin(w, "context", delivery_id == NULL ? "closegate_code" : delivery_id);
    jw_arr_in(w, "elements");
    text_item(w, "mrkdwn",
              arena_fmt(arena, "Digest code *%s*", plain(arena, card->code, FACT_SHOWN)));
    if (card->open && card->due_us > 0)
        text_item(w, "mrkdwn",
                  date_text(arena, card->overdue ? "*Overdue* since" : "Answer by", card->due_us));
    if (card->open && card->expires_us > 0)
        text_item(w, "mrkdwn", date_text(arena, "Expires", card->expires_us));
    jw_end(w);
    jw_end(w);
}

/* ---- deciding ---- */

static void button_end(struct jw *w, const char *text, const char *action, const char *style)
{
    jw_text(w, "type", "button");
    jw_text(w, "action_id", action);
    text_put(w, "text", "plain_text", text);
    if (style != NULL)
        jw_text(w, "style", style);
    jw_end(w);
}

static void confirm_put(struct jw *w, struct arena *arena, const struct card *card)
{
    jw_obj_in(w, "confirm");
    text_put(w, "title", "plain_text", "Confirm as yourself?");
    text_put(w, "text", "plain_text",
             plain(arena,
                   arena_fmt(arena, "%s. Code %s. It goes into the book under your name.",
                             card_title(arena, card), card->code),
                   SLACK_CONFIRM_MAX));
    text_put(w, "confirm", "plain_text", "Confirm");
    text_put(w, "deny", "plain_text", "Not now");
    jw_end(w);
}

static void reason_put(struct jw *w, const struct card *card)
{
    block_begin(w, "input", SLACK_BLOCK_REASON);
    jw_bool(w, "optional", true); /* the engine says when it is missing, and why */
    text_put(w, "label", "plain_text",
             card->reason_needed ? "Your reason (this clause wants one)" : "Your reason");
    jw_obj_in(w, "element");
    jw_text(w, "type", "plain_text_input");
    jw_text(w, "action_id", SLACK_ACTION_REASON);
    jw_bool(w, "multiline", true);
    jw_int(w, "max_length", 2000);
    jw_end(w);
    text_put(w, "hint", "plain_text",
             "Your own words. They are recorded with the decision; a rejection needs some too.");
    jw_end(w);
}

static void actions_put(struct jw *w, struct arena *arena, const struct card *card, bool decide)
{
    const char *value = arena_fmt(arena, "%s %s", card->escalation_id, card->digest);
    if (decide)
        reason_put(w, card);
    block_begin(w, "actions", "closegate_actions");
    jw_arr_in(w, "elements");
    if (decide) {
        jw_obj(w);
        jw_text(w, "value", value);
        confirm_put(w, arena, card);
        button_end(w, plain(arena, card->act, SLACK_BUTTON_MAX), SLACK_ACTION_CONFIRM, "primary");
        jw_obj(w);
        jw_text(w, "value", value);
        button_end(w, "Reject", SLACK_ACTION_REJECT, "danger");
    }
    jw_obj(w);
    jw_text(w, "url", card->url);
    button_end(w, card->open ? "Open in workspace" : "See what was decided", SLACK_ACTION_OPEN,
               NULL);
    jw_end(w);
    jw_end(w);
}

static void elsewhere_put(struct jw *w, const struct card *card)
{
    if (!card->open || card->decide_here)
        return;
    block_begin(w, "context", "closegate_elsewhere");
    jw_arr_in(w, "elements");
    text_item(w, "plain_text", "This is decided in the workspace, not here.");
    jw_end(w);
    jw_end(w);
}

static void outcome_put(struct jw *w, struct arena *arena, const struct card *card)
{
    block_begin(w, "section", "closegate_outcome");
    text_put(w, "text", "plain_text", plain(arena, card->outcome, SLACK_SECTION_MAX));
    jw_end(w);
}

/* ---- the whole ---- */

static const char *title_of(struct arena *arena, const struct card *card, const char *lead)
{
    const char *title = card_title(arena, card);
    return lead == NULL ? title : arena_fmt(arena, "%s: %s", lead, title);
}

/* For notifications and screen readers; nothing of a payee's is in it. */
static const char *fallback_of(struct arena *arena, const struct card *card, const char *title)
{
    const char *rest = card->open ? card->code : card->outcome;
    return plain(arena, arena_fmt(arena, "%s \xc2\xb7 %s", title, rest), SLACK_TEXT_MAX);
}

static void blocks_put(struct jw *w, struct arena *arena, const struct card *card,
                       const struct slack_place *place, const char *title)
{
    jw_arr_in(w, "blocks");
    header_put(w, arena, title);
    if (card->outcome != NULL)
        outcome_put(w, arena, card);
    if (!place->brief) {
        facts_put(w, arena, card);
        lines_put(w, arena, card);
        clause_put(w, arena, card);
    }
    code_put(w, arena, card, place->delivery_id);
    if (!place->brief)
        elsewhere_put(w, card);
    actions_put(w, arena, card, card->decide_here && !place->brief);
    jw_end(w);
}

struct err slack_message(struct arena *arena, const struct card *card,
                         const struct slack_place *place, struct str *body)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    const char *title = title_of(arena, card, place->lead);
    jw_init(&w, BODY_MAX);
    jw_obj(&w);
    jw_text(&w, "channel", place->channel);
    if (place->ts != NULL)
        jw_text(&w, "ts", place->ts);
    if (place->thread_ts != NULL) {
        jw_text(&w, "thread_ts", place->thread_ts);
        jw_bool(&w, "reply_broadcast", true);
    }
    jw_text(&w, "text", fallback_of(arena, card, title));
    blocks_put(&w, arena, card, place, title);
    jw_end(&w);
    TRY(arena_check(arena));
    TRY(jw_done(&w, &text));
    *body = (struct str){.at = str_dup(arena, text), .len = text.len};
    return arena_check(arena);
}

struct err slack_whisper(struct arena *arena, const char *sentence, const char *url,
                         struct str *body)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    const char *said = plain(arena, sentence, SLACK_SECTION_MAX);
    jw_init(&w, BODY_MAX);
    jw_obj(&w);
    jw_text(&w, "response_type", "ephemeral");
    jw_bool(&w, "replace_original", false);
    jw_text(&w, "text", said);
    jw_arr_in(&w, "blocks");
    block_begin(&w, "section", "closegate_said");
    text_put(&w, "text", "plain_text", said);
    jw_end(&w);
    if (url != NULL) {
        block_begin(&w, "actions", "closegate_said_open");
        jw_arr_in(&w, "elements");
        jw_obj(&w);
        jw_text(&w, "url", url);
        button_end(&w, "Open in workspace", SLACK_ACTION_OPEN, NULL);
        jw_end(&w);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    TRY(arena_check(arena));
    TRY(jw_done(&w, &text));
    *body = (struct str){.at = str_dup(arena, text), .len = text.len};
    return arena_check(arena);
}

static bool is_hex(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

struct err slack_value_parse(struct arena *arena, const char *value, const char **escalation_id,
                             const char **digest)
{
    struct str id, hex;
    ENSURE(value != NULL && str_cut(str_of(value), ' ', &id, &hex) && id.len > 0 && id.len <= 64 &&
               hex.len == DIGEST_LEN && is_hex(hex),
           ERR_INPUT, "the button's value is not one of ours");
    *escalation_id = str_dup(arena, id);
    *digest = str_dup(arena, hex);
    return arena_check(arena);
}
