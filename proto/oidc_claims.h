/* The claims of a signed token: an object, read strictly (no twin members), and what is asked of it
 * everywhere, by the workspace that signs people in and by the engine that believes a login made
 * for one decision. Pure: no clock, no network. */
#ifndef PROTO_OIDC_CLAIMS_H
#define PROTO_OIDC_CLAIMS_H

#include "common/base/json.h"
#include "common/sys/settings.h"

/* ERR_INPUT: not one JSON object, or twin members. */
MUST_CHECK struct err claims_read(struct arena *arena, struct str payload,
                                  const struct json **claims);

/* A NumericDate (RFC 7519 section 2) in whole seconds; *seconds is -1 when the claim is absent.
 * ERR_INPUT: something else than a number of this age. */
MUST_CHECK struct err claim_time(const struct json *claims, const char *name, int64_t *seconds);

/* A text; *text is NULL when the claim is absent. ERR_INPUT: not text, empty, longer than `max`
 * bytes. */
MUST_CHECK struct err claim_text(const struct json *claims, const char *name, size_t max,
                                 const char **text);

/* Whether a claim that is a text or a list of texts holds `value`. */
bool claim_holds(const struct json *claim, const char *value);

/* A claim by its name, or, when that begins with '/', by a JSON pointer: "/realm_access/roles". */
const struct json *claim_find(const struct json *claims, const char *name);

/* A mapping is a list of group=role. */
bool roles_mapping_valid(const struct setting_list *mapping);
/* Whether one of the groups in `claim` is mapped to a role; *role (may be NULL) is the first. */
bool roles_mapped(const struct json *claim, const struct setting_list *mapping, struct str *role);

#endif
