/* Who may take evidence out of the book, and of what. */
#ifndef ENGINE_TOOLS_RECORD_EXPORT_H
#define ENGINE_TOOLS_RECORD_EXPORT_H

#include "engine/tools/scope.h"

/* The signed note beside a bundle's manifest says
 *
 *     closegate-bundle/1
 *     <the log's origin>
 *     <first seq> <last seq>
 *     <SHA-256 of manifest.json>
 */
#define BUNDLE_FORMAT "closegate-bundle/1"

/* A person with the role auditor, or one who may change the registry; not while frozen. The scope
 * is what their roles reach. ERR_AUTH for anybody else. */
MUST_CHECK struct err exporter_scope(struct call *c, struct tx *tx, struct scope *scope);

#endif
