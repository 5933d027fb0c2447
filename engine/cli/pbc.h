/* The evidence bundle under way: one ZIP of what auditors ask for, made in one pass over the log
 * and a question each for the rest (docs/PBC.md lists the files). Each pbc_*.c writes some of them;
 * evidence_export.c has the command, who may, and the order.
 *
 * What goes in follows from the book up to the period's last event and from the arguments: no
 * clock, no random number, nothing of this machine. */
#ifndef ENGINE_CLI_PBC_H
#define ENGINE_CLI_PBC_H

#include "common/sys/crypt.h"
#include "common/sys/zip_write.h"
#include "common/verify/population.h"
#include "engine/cli/book.h"
#include "engine/store/pbc.h"
#include "engine/tools/record_export.h"

struct pbc_gathered;

struct pbc_sampled {
    const char *control;
    struct sample sample;
};

struct pbc {
    struct cli *cli;
    struct book book;
    struct call *asker;    /* the person at the terminal: as whom tools are read */
    struct arena *arena;   /* of the bundle */
    struct arena *scratch; /* of one file or row */
    const char *part;      /* the archive until it is whole */
    struct zip_writer *zip;
    struct sha256 sum; /* of the file under way */
    int64_t bytes;
    const char *name;
    struct json *files;   /* of the manifest */
    struct json *answers; /* of the completeness statement: every question with its rows */

    const char *from, *to; /* days, UTC */
    const char *entity, *control, *eval_dir;
    struct sample_plan plan;
    struct pbc_ask ask; /* first, last, entities, until */
    bool scoped;        /* not all of the book */
    struct tallies tallies;
    struct pbc_gathered *gathered; /* pbc_pass.h; after pbc_log_files */
    struct pbc_sampled *sampled;
    size_t sampled_n;
    int64_t events, transactions, time_us;
    uint64_t head_size; /* of the checkpoint; 0: nobody signed */
};

/* ---- files ---- */

MUST_CHECK struct err pbc_begin(struct pbc *p, const char *name, bool large);
MUST_CHECK struct err pbc_put(struct pbc *p, const void *bytes, size_t len);
MUST_CHECK struct err pbc_end(struct pbc *p);
MUST_CHECK struct err pbc_file(struct pbc *p, const char *name, struct str bytes);
/* Indented, with a line end. The tree's hash is kept in *hex unless that is NULL. */
MUST_CHECK struct err pbc_json(struct pbc *p, const char *name, const struct json *tree,
                               char hex[SHA256_HEX_SIZE]);

/* A question's rows as CSV. A column called amount is minor units in the next one's currency, and
 * is written as a decimal. */
MUST_CHECK struct err pbc_csv(struct pbc *p, const char *name, enum pbc_query query);
/* Notes a question and how many rows it gave; `file` NULL: the rows are in none. */
void pbc_answer(struct pbc *p, const char *file, const char *what, const char *query, int64_t rows);
/* A question's rows as JSON objects; texts that are JSON by their column become trees. */
MUST_CHECK struct err pbc_rows(struct pbc *p, struct arena *arena, enum pbc_query query,
                               const char *id, struct json **rows);

/* What a tool tells the person at the terminal. */
MUST_CHECK struct err pbc_tool(struct pbc *p, const char *name, const struct json *args,
                               const struct json **result);

/* ---- the bundle's files, in their order ---- */

MUST_CHECK struct err pbc_readme(struct pbc *p);       /* README.txt, queries.sql */
MUST_CHECK struct err pbc_log_files(struct pbc *p);    /* log/, population_* */
MUST_CHECK struct err pbc_sample_files(struct pbc *p); /* sample_*, population_reconciliation */
MUST_CHECK struct err pbc_transactions(struct pbc *p); /* transactions/ */
MUST_CHECK struct err pbc_proof(struct pbc *p);        /* chain_proof.json; before the two above */
MUST_CHECK struct err pbc_people(struct pbc *p);       /* actors, SoD */
MUST_CHECK struct err pbc_policies(struct pbc *p);     /* policy/ */
MUST_CHECK struct err pbc_config(struct pbc *p);       /* config_snapshot.json */
MUST_CHECK struct err pbc_close(struct pbc *p);        /* close_<entity>_<period>.json */
MUST_CHECK struct err pbc_eval(struct pbc *p);         /* eval/ */
MUST_CHECK struct err pbc_completeness(struct pbc *p); /* completeness_statement.json */

#endif
