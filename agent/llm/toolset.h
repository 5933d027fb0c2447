/* Which tools a model is offered: what the engine lists for it, less what is not a model's
 * business, less what changed since a person accepted it. A definition is known by the SHA-256 of
 * its canonical JSON (RFC 8785). When nothing at all is pinned yet, what is listed is pinned as
 * first seen; from then on a new or a changed definition is withheld until somebody accepts it
 * (agent/store/tool_pins.h). A model's word becomes a call only through toolset_find: the name that
 * is called is the table's. */
#ifndef AGENT_LLM_TOOLSET_H
#define AGENT_LLM_TOOLSET_H

#include "agent/llm/talk.h"
#include "common/sys/crypt.h"
#include "common/sys/settings.h"

enum toolset_state {
    TOOLSET_OFF = 0, /* not for models, not configured, or not usable: `why` says which */
    TOOLSET_OFFERED,
    TOOLSET_NEW,     /* nobody accepted it yet */
    TOOLSET_CHANGED, /* another definition was accepted */
};

struct toolset_row {
    const char *name, *title; /* title: NULL when it has none */
    struct str summary;       /* the engine's description */
    enum toolset_state state;
    const char *why; /* of OFF: a sentence */
    const struct json
        *definition; /* what is digested; NULL: configured, but the engine lists none */
    char sha256[SHA256_HEX_SIZE]; /* of the definition; "" without */
    const char *accepted_sha256;  /* NULL: none */
    bool read_only;               /* as the engine's annotation says */
};

struct toolset {
    const struct llm_tool *tools; /* those offered, in the engine's order */
    size_t n;
    char sha256[SHA256_HEX_SIZE]; /* of what the model sees of all of them */
    struct str canonical;         /* the text of which that is the digest: for agent_prompts */
    struct toolset_row *rows;     /* every tool listed, then those configured in vain */
    size_t rows_n;
    bool first_seen; /* no pin was given: what is offered must be pinned now */
};

/* What was accepted of a tool. */
struct toolset_pin {
    const char *name, *sha256;
};

/* `listed`: the rows of tools/list as the model's actor sees them (mcpc_tools). `wanted`: names, or
 * empty for all but those of toolset_reason; a name given here is offered even so, if the engine
 * lists it. ERR_INPUT when the list is not one of tools, or names one twice. */
MUST_CHECK struct err toolset_make(struct arena *arena, const struct json *listed,
                                   const struct setting_list *wanted,
                                   const struct toolset_pin *pins, size_t pins_n,
                                   struct toolset *out);

/* Why a tool is no model's business unless configured; NULL when it may be. */
const char *toolset_reason(const char *name);

/* The offered tool of that name, byte for byte; NULL for anything else a model may write. */
const struct toolset_row *toolset_find(const struct toolset *set, const char *name);

/* Whether a model's arguments may be passed on: an object without `idempotency_key`, which is not
 * the model's to choose. ERR_INPUT with the pointer. */
MUST_CHECK struct err toolset_arguments(const struct json *arguments);

#endif
