/* README.txt and queries.sql: what an auditor reads first; and the completeness statement, which is
 * written last. */
#include <inttypes.h>

#include "engine/cli/pbc_pass.h"
#include "engine/store/tree.h"

#define TEXT_MAX ((size_t)1 << 20)

static const char files_told[] =
    "FILES\n"
    "  README.txt                    this\n"
    "  log/events.jsonl              every event of the period, in order, with its hashes; of "
    "other\n"
    "                                entities (in a bundle of some) the hashes alone\n"
    "  population_<control>.csv      every decision of the gate on one action\n"
    "  population_reconciliation.json  counts and sums of each population, of the log, and the "
    "hash\n"
    "                                at its end, with the queries\n"
    "  sample_<seed>.csv             what was drawn, from which population, how\n"
    "  transactions/<seq>.json       a sampled decision: proposal with the score's explanation,\n"
    "                                inputs with the hashes of their source lines, rule and "
    "clause,\n"
    "                                human decisions with identity evidence, history, deliveries,\n"
    "                                receipt\n"
    "  transactions/<seq>.tlog-proof the receipt again, as c2sp.org/tlog-proof@v1\n"
    "  chain_proof.json              checkpoint, consistency, the tree before the period, keys\n"
    "  actors.csv                    people and programs with roles at the period's end, and who\n"
    "                                granted and approved them\n"
    "  actors_used.csv               who acted in the period, how often, known by what\n"
    "  registry_changes.csv          joiners, movers, leavers, freezes\n"
    "  refused.csv                   what the gate refused, by reason and actor\n"
    "  sod_matrix.csv                what each role may do under the policy in force\n"
    "  sod_conflicts.json            people on both sides of a duty, look-alikes, what was "
    "stopped\n"
    "  policy/                       every version, who proposed, approved and loaded it, diffs\n"
    "  config_snapshot.json          program, settings, schema with triggers, starts\n"
    "  engine_starts.csv             each start of the period (in a bundle of the whole book)\n"
    "  overrides.csv                 every human decision on what policy held or the matcher made\n"
    "  exceptions_aging.csv          what stood unmatched at the period's end\n"
    "  dead_letter.csv               notices that reached nobody\n"
    "  sweeper_runs.csv              what recovery and housekeeping did (a sweep that found "
    "nothing\n"
    "                                to do leaves no event)\n"
    "  fx_rates_used.csv             rates that decisions were valued with\n"
    "  ingestion_runs.csv            files loaded: hash, rows, control totals\n"
    "  close_<entity>_<month>.json   decisions of whole months of the period\n"
    "  eval/                         reports of closegate-eval, when they were given\n"
    "  queries.sql                   the queries of the lists, to be asked again\n"
    "  completeness_statement.json   every query with its row count; what was looked for and is "
    "not\n"
    "                                there\n"
    "  manifest.json, manifest.note  SHA-256 of every file; the log key's signature on that\n\n";

static const char terms_told[] =
    "TERMS\n"
    "  Times are UTC; days of --from and --to are UTC days. Amounts are decimal text in their\n"
    "  currency; queries give minor units. A cell that a spreadsheet would calculate begins with "
    "an\n"
    "  apostrophe. seq numbers the events of the book from 1 without a gap.\n"
    "  The period begins behind the last event before --from and ends with its own last event "
    "that\n"
    "  tells of more than starts and exports: making a bundle does not change the next one, and\n"
    "  bundles of neighbouring periods meet without a gap.\n"
    "  A population's control is the gate's action. decision: allow; human (held for a person);\n"
    "  deny. Frequency counts decisions.\n"
    "  random: an item's rank is SHA-256 of the five pieces \"closegate-sample/1\", seed, "
    "control,\n"
    "  seq, each with a line feed behind it; the smallest ranks are the sample.\n"
    "  mus: monetary units, each currency apart, in order of seq; every interval-th unit from the\n"
    "  first one on, which is 1 + SHA-256 of \"closegate-mus/1\", seed, control, currency (each "
    "with\n"
    "  a line feed) modulo the interval in minor units. Items of zero, below or without amount "
    "are\n"
    "  left out and counted in population_reconciliation.json.\n\n";

static const char controls_told[] =
    "CONTROLS\n"
    "  CONFIRM             reconciliation: four eyes, thresholds, forced review (COSO 10, 12)\n"
    "  RESOLVE             a human's decision on what was held (approval matrix)\n"
    "  REJECT, UNMATCH     a match turned down, taken back\n"
    "  PROPOSE, FLAG, ESCALATE, ASSIGN, COMMENT, ATTACH, WITHDRAW   preparation: decides nothing\n"
    "  RESOLVE_EXCEPTION   exceptions settled, written off\n"
    "  INGEST              completeness and accuracy of what comes in (AS 1105.10, .10A)\n"
    "  CHANGE_POLICY, CHANGE_MASTER_DATA   change management (SOC 2 CC8.1)\n"
    "  CHANGE_REGISTRY, SET_DELEGATION     access (SOC 2 CC6.1-6.3)\n"
    "  FREEZE, THAW        the kill switch (SOC 2 CC7.4)\n"
    "  RECORD_DELIVERY, SWEEP              operations (SOC 2 CC7.2, CC7.5)\n\n";

static const char verify_told[] =
    "CHECKING IT\n"
    "  With the log's key, which you got from somebody else than whoever sent you this file:\n"
    "    closegate-verify bundle FILE.zip --key '<vkey>'\n"
    "  It hashes every file, checks the signature, rebuilds the tree from log/events.jsonl up to "
    "the\n"
    "  signed checkpoint, makes every population and the sample anew, and checks each receipt.\n"
    "  With openssl alone, a file:  openssl dgst -sha256 population_CONFIRM.csv  (manifest.json)\n"
    "  An event, hash_self = SHA-256(hash_prev as 32 bytes, then the event's text):\n"
    "    "
    "L='^\\{\"seq\":[0-9]+,\"hash_prev\":\"([0-9a-f]{64})\",\"hash_self\":\"([0-9a-f]{64})\",'\n"
    "    L=\"$L\"'\"event\":(.*)\\}$'\n"
    "    sed -n 1p log/events.jsonl | sed -E \"s/$L/\\1/\" | xxd -r -p >prev\n"
    "    sed -n 1p log/events.jsonl | sed -E \"s/$L/\\3/\" | tr -d '\\n' >event\n"
    "    cat prev event | openssl dgst -sha256\n"
    "  With sqlite3 on the book itself, any answer again (readonly; bind the parameters that\n"
    "  queries.sql begins with):\n"
    "    sqlite3 -readonly recon.db <queries.sql\n"
    "  Against a later log: ask for closegate-engine audit consistency <size of the "
    "checkpoint>.\n\n"
    "WHAT IT CANNOT TELL\n"
    "  What is made from the log (log/, population_*, sample_*, receipts) is proved by the log's\n"
    "  signed tree. The rest are answers of the book's tables, as whoever exported them got them;\n"
    "  audit verify --book compares those tables with the log. Acts outside of the engine leave "
    "no\n"
    "  event. docs/PBC.md says more.\n";

static struct err readme(struct pbc *p)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    char origin[TREE_ORIGIN_SIZE];
    buf_init(&out, TEXT_MAX);
    tree_origin(p->book.store, origin);
    buf_putf(&out,
             "Evidence bundle\n\n  log       %s\n  period    %s to %s (UTC days)\n"
             "  events    %" PRId64 " to %" PRId64 "\n",
             origin, p->from, p->to, p->ask.first, p->ask.last);
    buf_putf(&out, "  entities  %s\n  control   %s\n  sample    ",
             p->ask.entities == NULL ? "all" : p->ask.entities,
             p->control == NULL ? "all" : p->control);
    if (p->plan.method == SAMPLE_NONE)
        buf_puts(&out, "none (--sample N --seed S)\n\n");
    else if (p->plan.interval != NULL)
        buf_putf(&out, "mus, seed %s, an interval of %s in each currency\n\n", p->plan.seed,
                 p->plan.interval);
    else
        buf_putf(&out, "%s, seed %s, %" PRId64 " of each control%s\n\n",
                 p->plan.method == SAMPLE_MUS ? "mus" : "random", p->plan.seed, p->plan.n,
                 p->plan.method == SAMPLE_MUS ? " and currency" : "");
    if (p->scoped)
        buf_puts(&out, "Of these entities only: the registry and what concerns every entity are "
                       "left out.\n\n");
    buf_puts(&out, files_told);
    buf_puts(&out, terms_told);
    buf_puts(&out, controls_told);
    buf_puts(&out, verify_told);
    TRY(buf_check(&out));
    return pbc_file(p, "README.txt", buf_str(&out));
}

/* A text of SQL within an argument of the shell's in quotes. */
static void quoted(struct buf *out, const char *text)
{
    buf_putc(out, '\'');
    for (const char *t = text; *t != '\0'; t++) {
        if (*t == '\'')
            buf_putc(out, '\'');
        else if (*t == '"' || *t == '\\')
            buf_putc(out, '\\');
        buf_putc(out, *t);
    }
    buf_putc(out, '\'');
}

static struct err queries(struct pbc *p)
{
    static const struct {
        enum pbc_query query;
        const char *file;
    } told[] = {
        {PBC_TYPES, "population_reconciliation.json, events_by_type"},
        {PBC_DEAD_LETTERS, "dead_letter.csv"},
        {PBC_SWEEPER_RUNS, "sweeper_runs.csv"},
        {PBC_EXCEPTIONS, "exceptions_aging.csv"},
        {PBC_FX_RATES, "fx_rates_used.csv"},
        {PBC_INGESTION, "ingestion_runs.csv"},
        {PBC_OVERRIDES, "overrides.csv"},
        {PBC_ACTORS_USED, "actors_used.csv"},
        {PBC_REFUSED, "refused.csv"},
        {PBC_REGISTRY_EVENTS, "registry_changes.csv"},
        {PBC_POLICY_EVENTS, "policy/versions.csv"},
        {PBC_ENGINE_STARTS, "engine_starts.csv"},
    };
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    buf_init(&out, TEXT_MAX);
    buf_puts(&out, "-- sqlite3 -readonly recon.db <queries.sql\n.headers on\n.mode csv\n");
    buf_putf(&out, ".parameter set ?1 %" PRId64 "\n.parameter set ?2 %" PRId64 "\n", p->ask.first,
             p->ask.last);
    if (p->ask.entities != NULL) {
        buf_puts(&out, ".parameter set ?3 \"");
        quoted(&out, p->ask.entities);
        buf_puts(&out, "\"\n");
    }
    buf_putf(&out, ".parameter set ?4 \"'%s'\"\n", p->ask.until);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        buf_putf(&out, "\n-- %s\n%s;\n", told[i].file, pbc_text(told[i].query));
    for (size_t i = 0; pbc_unexpected[i].query != NULL; i++)
        buf_putf(&out, "\n-- %s\n%s;\n", pbc_unexpected[i].statement, pbc_unexpected[i].query);
    TRY(buf_check(&out));
    return pbc_file(p, "queries.sql", buf_str(&out));
}

struct err pbc_readme(struct pbc *p)
{
    TRY(readme(p));
    return queries(p);
}

/* ---- completeness ---- */

struct err pbc_completeness(struct pbc *p)
{
    struct json *o = json_object_new(p->arena), *absent = json_array_new(p->arena);
    static const char *const nothing[] = {
        "Periods are not closed in this book: there is no posting into a closed period and no "
        "reopening.",
        "The engine pays nothing and posts nothing: there is no bank acknowledgement.",
    };
    for (size_t i = 0; i < PBC_CLAIMS && pbc_unexpected[i].query != NULL; i++)
        pbc_answer(p, NULL, pbc_unexpected[i].statement, pbc_unexpected[i].query,
                   p->gathered->unexpected[i]);
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
        json_push(p->arena, absent, json_text_new(p->arena, nothing[i]));
    json_put_int(p->arena, o, "first_seq", p->ask.first);
    json_put_int(p->arena, o, "last_seq", p->ask.last);
    json_put_int(p->arena, o, "events", p->events);
    json_put_text(p->arena, o, "numbering",
                  "Every number from first_seq to last_seq is there once; an export with a hole is "
                  "not made.");
    json_put_bool(p->arena, o, "all_entities", !p->scoped);
    json_put(p->arena, o, "answers", p->answers);
    json_put(p->arena, o, "not_applicable", absent);
    TRY(arena_check(p->arena));
    return pbc_json(p, "completeness_statement.json", o, NULL);
}
