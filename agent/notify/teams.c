/* The card from top to bottom, in the order of slack.c. */
#include "agent/notify/teams.h"

#include "common/base/civil.h"
#include "common/sys/inert.h"
#include "common/sys/json_write.h"

#define TITLE_SHOWN  300
#define LINE_SHOWN   600
#define CLAUSE_SHOWN 1500
#define FACT_SHOWN   300

/* A template expression is read wherever it stands; "{{" never leaves us. */
static const char *shown(struct arena *arena, const char *text, size_t max)
{
    char *line = arena_strdup(arena, inert_line(arena, INERT_PLAIN, text, max));
    for (char *p = line; p != NULL && *p != '\0'; p++) {
        if ((p[0] == '{' && p[1] == '{') || (p[0] == '$' && p[1] == '{'))
            p[0] = p[0] == '{' ? '(' : '_';
    }
    return line;
}

static void run_put(struct jw *w, const char *text, const char *weight, bool subtle)
{
    jw_obj(w);
    jw_text(w, "type", "TextRun");
    jw_text(w, "text", text);
    if (weight != NULL)
        jw_text(w, "weight", weight);
    if (subtle)
        jw_bool(w, "isSubtle", true);
    jw_end(w);
}

static void rich_begin(struct jw *w)
{
    jw_obj(w);
    jw_text(w, "type", "RichTextBlock");
    jw_text(w, "spacing", "Small");
    jw_arr_in(w, "inlines");
}

static void rich_end(struct jw *w)
{
    jw_end(w);
    jw_end(w);
}

static void fact_put(struct jw *w, struct arena *arena, const struct card_fact *f, size_t max)
{
    rich_begin(w);
    run_put(w, arena_fmt(arena, "%s: ", shown(arena, f->label, FACT_SHOWN)), "Bolder", false);
    run_put(w, shown(arena, f->value, max), NULL, false);
    rich_end(w);
}

static void title_put(struct jw *w, struct arena *arena, const struct card *card, const char *lead)
{
    const char *title = card_title(arena, card);
    title = lead == NULL ? title : arena_fmt(arena, "%s: %s", lead, title);
    jw_obj(w);
    jw_text(w, "type", "TextBlock");
    jw_text(w, "text", inert_line(arena, INERT_MARKDOWN, title, TITLE_SHOWN));
    jw_text(w, "size", "Large");
    jw_text(w, "weight", "Bolder");
    jw_bool(w, "wrap", true);
    jw_text(w, "style", "heading");
    jw_end(w);
    if (card->outcome == NULL)
        return;
    rich_begin(w);
    run_put(w, shown(arena, card->outcome, FACT_SHOWN), "Bolder", false);
    rich_end(w);
}

static void clause_put(struct jw *w, struct arena *arena, const struct card *card)
{
    if (text_empty(card->clause))
        return;
    jw_obj(w);
    jw_text(w, "type", "Container");
    jw_text(w, "style", "emphasis");
    jw_arr_in(w, "items");
    rich_begin(w);
    run_put(
        w, arena_fmt(arena, "\xe2\x80\x9c%s\xe2\x80\x9d", shown(arena, card->clause, CLAUSE_SHOWN)),
        NULL, false);
    rich_end(w);
    rich_begin(w);
    run_put(w,
            arena_fmt(arena, "%s \xc2\xb7 policy %s", shown(arena, card->reason, FACT_SHOWN),
                      shown(arena, card->pointer, FACT_SHOWN)),
            NULL, true);
    rich_end(w);
    jw_end(w);
    jw_end(w);
}

/* "Answer by {{DATE(…)}} {{TIME(…)}}": ours alone, and in the reader's zone. */
static void when_put(struct jw *w, struct arena *arena, const char *words, int64_t us)
{
    char at[INSTANT_TEXT_MAX];
    if (us <= 0)
        return;
    instant_print(us, at);
    jw_obj(w);
    jw_text(w, "type", "TextBlock");
    jw_text(w, "text",
            arena_fmt(arena, "%s {{DATE(%.19sZ, SHORT)}} {{TIME(%.19sZ)}}", words, at, at));
    jw_bool(w, "isSubtle", true);
    jw_text(w, "spacing", "None");
    jw_bool(w, "wrap", true);
    jw_end(w);
}

static void body_put(struct jw *w, struct arena *arena, const struct card *card, const char *lead)
{
    title_put(w, arena, card, lead);
    for (size_t i = 0; i < card->facts_n; i++)
        fact_put(w, arena, &card->facts[i], FACT_SHOWN);
    for (size_t i = 0; i < card->lines_n; i++)
        fact_put(w, arena, &card->lines[i], LINE_SHOWN);
    if (card->lines_more > 0) {
        rich_begin(w);
        run_put(w, arena_fmt(arena, "and %zu more, in the workspace", card->lines_more), NULL,
                true);
        rich_end(w);
    }
    clause_put(w, arena, card);
    rich_begin(w);
    run_put(w, "Digest code ", NULL, true);
    run_put(w, shown(arena, card->code, FACT_SHOWN), "Bolder", false);
    rich_end(w);
    if (!card->open)
        return;
    when_put(w, arena, card->overdue ? "Overdue since" : "Answer by", card->due_us);
    when_put(w, arena, "Expires", card->expires_us);
}

static void card_put(struct jw *w, struct arena *arena, const struct card *card, const char *lead)
{
    jw_obj_in(w, "content");
    jw_text(w, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
    jw_text(w, "type", "AdaptiveCard");
    jw_text(w, "version", "1.5");
    jw_text(w, "fallbackText",
            inert_line(arena, INERT_MARKDOWN, card_title(arena, card), TITLE_SHOWN));
    jw_arr_in(w, "body");
    body_put(w, arena, card, lead);
    jw_end(w);
    jw_arr_in(w, "actions");
    jw_obj(w);
    jw_text(w, "type", "Action.OpenUrl");
    jw_text(w, "title", card->open ? "Decide in the workspace" : "See what was decided");
    jw_text(w, "url", card->url);
    jw_end(w);
    jw_end(w);
    jw_end(w);
}

struct err teams_message(struct arena *arena, const struct card *card, const char *lead,
                         struct str *body)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, TEAMS_BODY_MAX);
    jw_obj(&w);
    jw_text(&w, "type", "message");
    jw_arr_in(&w, "attachments");
    jw_obj(&w);
    jw_text(&w, "contentType", "application/vnd.microsoft.card.adaptive");
    jw_null(&w, "contentUrl");
    card_put(&w, arena, card, lead);
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    TRY(arena_check(arena));
    TRY(jw_done(&w, &text));
    *body = (struct str){.at = str_dup(arena, text), .len = text.len};
    return arena_check(arena);
}
