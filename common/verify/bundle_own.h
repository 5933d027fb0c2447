/* Private to the checking of bundles: what its steps hand to each other. */
#ifndef COMMON_VERIFY_BUNDLE_OWN_H
#define COMMON_VERIFY_BUNDLE_OWN_H

#include "common/sys/zip_read.h"
#include "common/verify/bundle.h"
#include "common/verify/bundle_note.h"
#include "common/verify/check.h"
#include "common/verify/population.h"

#define BUNDLE_PROOF_FORMAT "closegate-chain-proof/1"
#define BUNDLE_JSON_MAX     ((size_t)64 << 20)

/* As the manifest has it. */
struct bundle_file {
    const char *name;
    int64_t bytes;
    const char *sha256;
};

struct bundle {
    struct arena *arena;   /* of the whole check */
    struct arena *scratch; /* of one file or line */
    struct zip_reader *zip;
    struct trust *trust;
    struct report *report;

    /* the manifest's */
    const char *origin, *control;
    int64_t first, last, events, transactions;
    bool partial; /* of some entities: other events may be hashes alone */
    struct sample_plan plan;
    struct bundle_file *files; /* by name */
    size_t files_n;
    char manifest_sha256[SHA256_HEX_SIZE];

    /* chain_proof.json's */
    const char *checkpoint;
    struct merkle_edge edge; /* of the events before the period */

    /* the log's */
    struct tallies tallies;
    int64_t leaves;
};

const struct bundle_file *bundle_file_find(const struct bundle *b, const char *name);
/* A JSON document of the bundle. False: a line of the report says why not. */
bool bundle_json(struct bundle *b, struct arena *arena, const char *name, struct json **tree);
/* What reading failed for, as a line of the report: false. ERR_LIMIT and ERR_INPUT are the
 * bundle's; *e keeps anything else. */
bool bundle_unread(struct bundle *b, const char *check, struct err e, struct err *out);

/* Each is false when a line of the report says why; *e is set for what kept it from telling. */
bool bundle_log_check(struct bundle *b, struct err *e);
bool bundle_sample_check(struct bundle *b, struct err *e);

#endif
