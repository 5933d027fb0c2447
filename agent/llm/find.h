/* Where account numbers stand in a text as it is read: three finders, each linear in the text. What
 * they find may overlap; spans_settle puts it in order. Pure. */
#ifndef AGENT_LLM_FIND_H
#define AGENT_LLM_FIND_H

#include "agent/llm/plain.h"

struct span {
    size_t first, end; /* bytes of struct plain, `end` exclusive */
};

struct spans {
    struct span *at; /* owned */
    size_t n, cap;
    bool failed; /* no memory: nothing may be concluded */
};

void spans_fini(struct spans *s);
void spans_add(struct spans *s, size_t first, size_t end);
/* In the text's order, those that overlap made one. */
void spans_settle(struct spans *s);

static inline void spans_fini_cleanup(struct spans *s)
{
    spans_fini(s);
}

/* IBANs whose length and letters fit their country and whose check digits hold (ISO 13616). */
void find_ibans(const struct plain *p, struct spans *found);

/* Numbers of payment cards: ISO/IEC 7812, 13 to 19 digits, Luhn. */
void find_cards(const struct plain *p, struct spans *found);

/* Numbers behind a word that says what they are. */
void find_worded(const struct plain *p, struct spans *found);

/* The same, of a text that stands behind such a word itself: its number has at least `least`
 * digits. 0: behind none. */
void find_named(const struct plain *p, unsigned least, struct spans *found);

/* The digits that a number has at least behind this word (in lower case); 0: it announces none. */
unsigned find_word(const char *text);
/* Whether a word behind it says that another number is meant: a balance, an invoice … */
bool find_other(const char *text);

/* What the name of a member says of what it holds. */
struct named {
    bool all;       /* an account number, whatever it looks like */
    bool id;        /* a name or a day: words in it announce nothing */
    unsigned least; /* digits at least; 0: it says nothing */
};
struct named find_name(struct str name);

#endif
