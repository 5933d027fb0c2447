/* The fields of a review. */
#include "engine/tools/review.h"

const struct json_field review_fields[REVIEW_FIELDS] = {
    JSON_TEXT(struct review, opened_at, .max = 40, .help = "when the reviewer opened it, UTC"),
    JSON_TEXTS(struct review, evidence_opened, evidence_opened_n, .max = 100, .each_max = 256,
               .help = "ids of the evidence the reviewer opened"),
};
