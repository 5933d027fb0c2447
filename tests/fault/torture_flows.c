/* What is done to the book: the engine's main work, each flow from a book of its own. */
#include "tests/fault/torture.h"

#define CALL(as, tool, args)                                                                       \
    {                                                                                              \
        ACT_CALL, as, tool, args, CALL_OK, false, false                                            \
    }
#define ENDS(as, tool, args, want)                                                                 \
    {                                                                                              \
        ACT_CALL, as, tool, args, want, false, false                                               \
    }
#define IN_PROD(as, tool, args, want)                                                              \
    {                                                                                              \
        ACT_CALL, as, tool, args, want, true, false                                                \
    }
#define COMMAND(line)                                                                              \
    {                                                                                              \
        ACT_COMMAND, NULL, line, NULL, CALL_OK, false, false                                       \
    }
#define ONCE(line)                                                                                 \
    {                                                                                              \
        ACT_COMMAND, NULL, line, NULL, CALL_OK, false, true                                        \
    }
#define START                                                                                      \
    {                                                                                              \
        ACT_START, NULL, NULL, NULL, CALL_OK, false, false                                         \
    }
#define RELOAD                                                                                     \
    {                                                                                              \
        ACT_RELOAD, NULL, NULL, NULL, CALL_OK, false, false                                        \
    }

/* A pair of lines that the books have, below what needs a second look, and one far above. */
#define SMALL                                                                                      \
    "{\"bank_ids\":[\"us-bank:B-1\"],\"gl_ids\":[\"us-gl:G-1\"],\"rationale\":\"same wire\"}"
#define OTHER                                                                                      \
    "{\"bank_ids\":[\"us-bank:B-2\"],\"gl_ids\":[\"us-gl:G-2\"],\"rationale\":\"same wire\"}"
#define LARGE                                                                                      \
    "{\"bank_ids\":[\"us-bank:B-3\"],\"gl_ids\":[\"us-gl:G-3\"],\"rationale\":\"same wire\"}"
#define MATCH   "{\"match_id\":\"@match_id\",\"rationale\":\"seen on both sides\"}"
#define DECIDE  "{\"escalation_id\":\"@escalation_id\",\"digest\":\"@digest\","
#define CONFIRM DECIDE "\"decision\":\"confirm\",\"rationale\":\"read it\"}"
#define REJECT  DECIDE "\"decision\":\"reject\",\"rationale\":\"not this\"}"

const struct flow flows[] = {
    {"init", STAGE_NOTHING, {ONCE("init --people @in/people.yaml --master @in")}},
    {"start", STAGE_LOADED, {START, CALL("ana", "propose_match", SMALL)}},
    {"ingest",
     STAGE_MADE,
     {CALL("ana", "ingest_file",
           "{\"source_id\":\"us-bank\",\"name\":\"bank.csv\",\"content_base64\":\"@bank\"}"),
      CALL("ana", "ingest_file",
           "{\"source_id\":\"us-gl\",\"name\":\"gl.csv\",\"content_base64\":\"@gl\"}")}},
    {"pass", STAGE_LOADED, {CALL("ana", "run_recon_pass", "{\"entity_id\":\"US\"}")}},
    {"confirm",
     STAGE_LOADED,
     {CALL("llm:ben", "propose_match", SMALL), CALL("ana", "confirm_match", MATCH),
      CALL("ana", "unmatch", MATCH), CALL("llm:ben", "propose_match", OTHER),
      CALL("ana", "reject_match", MATCH)}},
    {"escalation",
     STAGE_LOADED,
     {CALL("cho", "propose_match", LARGE), ENDS("llm:ben", "confirm_match", MATCH, CALL_PENDING),
      ENDS("llm:ben", "resolve_escalation", CONFIRM, CALL_DENIED),
      CALL("ana", "resolve_escalation", CONFIRM)}},
    {"read",
     STAGE_LOADED,
     {CALL("ana", "find_entries", "{\"entity_id\":\"US\"}"),
      CALL("ana", "query_audit", "{\"limit\":20}"), CALL("ana", "list_pending_escalations", "{}"),
      CALL("ana", "generate_close_summary", "{\"entity_id\":\"US\",\"period\":\"2026-03\"}")}},
    {"policy",
     STAGE_LOADED,
     {IN_PROD("ana@shell", "propose_policy", "{\"text\":\"@policy\"}", CALL_PENDING),
      IN_PROD("ben@shell", "resolve_escalation", CONFIRM, CALL_OK), RELOAD}},
    {"freeze",
     STAGE_LOADED,
     {CALL("llm:ben", "propose_match", SMALL),
      IN_PROD("ana@shell", "freeze",
              "{\"scope\":\"kind\",\"value\":\"llm\",\"reason\":\"odd nights\"}", CALL_OK),
      ENDS("llm:ben", "reject_match", MATCH, CALL_DENIED),
      IN_PROD("ana@shell", "thaw", "{\"freeze_id\":\"@freeze_id\",\"rationale\":\"looked\"}",
              CALL_PENDING),
      IN_PROD("ben@shell", "resolve_escalation", CONFIRM, CALL_OK)}},
    {"keys",
     STAGE_LOADED,
     {CALL("ana@shell", "rotate_log_key", "{\"wipe_old\":true}"),
      CALL("llm:ben", "propose_match", SMALL), CALL("ana@shell", "rotate_log_key", "{}")}},
    {"export",
     STAGE_LOADED,
     {ONCE("audit export --heads --out @run/export.jsonl"),
      ONCE("audit export --format csv --out @run/export.csv")}},
    {"bundle",
     STAGE_LOADED,
     {ONCE("audit-evidence-export --from 2026-03-01 --to 2026-03-31 --sample 2 --seed x "
           "--out @run/bundle.zip")}},
    {"verify",
     STAGE_LOADED,
     {COMMAND("audit verify --book"), COMMAND("audit verify"), COMMAND("audit replay")}},
    {"shell",
     STAGE_LOADED,
     {COMMAND("recon"), COMMAND("keys rotate"), COMMAND("sweep"), COMMAND("status")}},
};
const size_t flows_n = sizeof flows / sizeof flows[0];
