/* Who may take evidence out of the book, and of what. */
#ifndef ENGINE_TOOLS_RECORD_EXPORT_H
#define ENGINE_TOOLS_RECORD_EXPORT_H

#include "common/verify/bundle_note.h"
#include "engine/tools/scope.h"

/* A person with the role auditor, or one who may change the registry; not while frozen. The scope
 * is what their roles reach. ERR_AUTH for anybody else. */
MUST_CHECK struct err exporter_scope(struct call *c, struct tx *tx, struct scope *scope);

#endif
