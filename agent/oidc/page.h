/* The few pages that are not the workspace's: why a sign-in failed, and that one is signed out.
 * Plain HTML without scripts; everything in it that is not ours is escaped. */
#ifndef AGENT_OIDC_PAGE_H
#define AGENT_OIDC_PAGE_H

#include "agent/call/request.h"

struct page {
    int status;
    const char *title;
    const char *lines[4];    /* sentences; NULL ends them */
    const char *code;        /* a command to copy, or the provider's word; NULL: none */
    const char *href, *link; /* where to go from here; NULL: "/auth/login", "Try again" */
};

/* Text as one word of a shell's command, for a command that an administrator copies: in quotes, and
 * what is no visible character as '?'. */
const char *page_shell_word(struct arena *arena, const char *text);

void page_reply(struct request *r, const struct page *page);

/* Why somebody is not signed in, as a page in the words of the error. */
void page_failure(struct request *r, struct err e);

extern request_fn get_page_css;

#endif
