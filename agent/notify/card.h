/* What a notice says about an escalation, collected once from the engine's document (recon://
 * escalations/{id}) so that Slack, Teams, mail and push say the same. Texts are as the book has
 * them: whoever prints makes them inert for their place (inert.h). Pure. */
#ifndef AGENT_NOTIFY_CARD_H
#define AGENT_NOTIFY_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/json.h"

#define CARD_LINES_MAX 6  /* further lines are counted, and stand in the workspace */
#define CARD_FACTS_MAX 10 /* what a section of Slack's holds */

struct card_fact {
    const char *label, *value;
};

struct card {
    const char *escalation_id, *code, *digest;
    const char *state;  /* "PENDING" */
    bool open;          /* somebody may still decide */
    bool decide_here;   /* open, and of a kind that may be decided in a chat app */
    bool reason_needed; /* the clause wants the decider's own words */
    const char *act;    /* "Confirm match" */
    const char *amount; /* "−87,432.10 EUR"; NULL when there is none */
    const char *entity_id;
    struct card_fact facts[CARD_FACTS_MAX]; /* entity, accounts, who proposed, … */
    size_t facts_n;
    struct card_fact lines[CARD_LINES_MAX]; /* the sides of a match, or a call's arguments */
    size_t lines_n, lines_more;
    const char *reason, *clause, *pointer;
    int64_t due_us, expires_us; /* 0: none */
    bool overdue;
    const char *outcome; /* settled: "Confirmed by Maria Lindqvist · #18204 · 7QK4-M2XD" */
    const char *url;     /* into the workspace */
};

/* What the document does not say. */
struct card_about {
    const char *workspace_url; /* without a slash at its end */
    const char *decided_name;  /* whoever decided, as people read it; NULL: the actor's id */
};

/* ERR_UPSTREAM when the document is not one of an escalation. All in the arena, or in `doc`. */
MUST_CHECK struct err card_collect(struct arena *arena, const struct json *doc,
                                   const struct card_about *about, struct card *card);

/* Who settled it, as an actor id, from the document; NULL while it is open or when the engine did.
 * For asking the registry for the name. */
const char *card_decided_by(const struct json *doc);

/* "Confirm match · −87,432.10 EUR · DE-01": a title; holds nothing of a payee's. */
const char *card_title(struct arena *arena, const struct card *card);

/* "12 Mar 2026, 09:34 UTC", in the arena. */
const char *card_instant(struct arena *arena, int64_t us);

#endif
