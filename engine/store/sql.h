/* Private to engine/store: which statement tables there are. A store file adds its set here and its
 * row in store.c; store_open then prepares it. */
#ifndef ENGINE_STORE_SQL_H
#define ENGINE_STORE_SQL_H

#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/sys/db.h"
#include "engine/store/store.h"
#include "engine/store/tables.h"

enum sql_set {
    SQL_AUDIT,
    SQL_TABLES,
    SQL_ACTORS,
    SQL_REGISTRY,
    SQL_POLICIES,
    SQL_MASTER,
    SQL_FILES,
    SQL_ENTRIES,
    SQL_ENTRY_TOTALS,
    SQL_ENTRY_PAGES,
    SQL_MATCHES,
    SQL_MATCH_PAGES,
    SQL_PARTS,
    SQL_DIFFERENCES,
    SQL_MATCHING_RULES,
    SQL_EXCEPTIONS,
    SQL_EXCEPTION_WALK,
    SQL_WORK,
    SQL_NEIGHBOURS,
    SQL_LIMITS,
    SQL_ESCALATIONS,
    SQL_ESCALATION_LIFE,
    SQL_QUEUE,
    SQL_FIGURES,
    SQL_DELEGATIONS,
    SQL_IDEMPOTENCY,
    SQL_RUNS,
    SQL_CLOSING,
    SQL_LEDGER,
    SQL_RECONCILING,
    SQL_COSIGNATURES,
    SQL_TREE,
    SQL_PBC,
    SQL_SET_COUNT,
};

struct sql_table {
    enum sql_set set;
    const struct db_sql *sql;
    const size_t *n;
};

#define SQL_TABLE_DECLARE(noun)                                                                    \
    extern const struct db_sql noun##_sql[];                                                       \
    extern const size_t noun##_sql_n

SQL_TABLE_DECLARE(audit);
SQL_TABLE_DECLARE(tables);
SQL_TABLE_DECLARE(actors);
SQL_TABLE_DECLARE(registry);
SQL_TABLE_DECLARE(policies);
SQL_TABLE_DECLARE(master);
SQL_TABLE_DECLARE(files);
SQL_TABLE_DECLARE(entries);
SQL_TABLE_DECLARE(entry_totals);
SQL_TABLE_DECLARE(entry_pages);
SQL_TABLE_DECLARE(matches);
SQL_TABLE_DECLARE(match_pages);
SQL_TABLE_DECLARE(parts);
SQL_TABLE_DECLARE(differences);
SQL_TABLE_DECLARE(matching_rules);
SQL_TABLE_DECLARE(exceptions);
SQL_TABLE_DECLARE(exception_walk);
SQL_TABLE_DECLARE(work);
SQL_TABLE_DECLARE(neighbours);
SQL_TABLE_DECLARE(limits);
SQL_TABLE_DECLARE(escalations);
SQL_TABLE_DECLARE(escalation_life);
SQL_TABLE_DECLARE(queue);
SQL_TABLE_DECLARE(figures);
SQL_TABLE_DECLARE(delegations);
SQL_TABLE_DECLARE(idempotency);
SQL_TABLE_DECLARE(runs);
SQL_TABLE_DECLARE(closing);
SQL_TABLE_DECLARE(ledger);
SQL_TABLE_DECLARE(reconciling);
SQL_TABLE_DECLARE(cosignatures);
SQL_TABLE_DECLARE(tree);
SQL_TABLE_DECLARE(pbc);

/* The list, for store_open and for the test that explains every query. */
extern const struct sql_table sql_tables[];
extern const size_t sql_tables_n;

struct row_shape;
struct sums;
struct tree;
struct tile;
struct log_keys;

struct store {
    struct db *db;
    enum store_mode mode;
    struct chain_head head;       /* as the call under way sees it */
    struct chain_head head_saved; /* before the call under way */
    struct chain_head head_group; /* before the group under way */
    bool group_spoilt;            /* a call of the group could not be undone */
    char book_id[64];
    char schema_digest[65];
    const char *const *posture; /* of every event */
    size_t posture_n;
    struct arena *scratch;                 /* of one event while it is looked at */
    struct arena *shapes_arena;            /* of the shapes */
    struct row_shape *shapes[TABLE_COUNT]; /* how a table's rows are printed; tables.c */
    struct buf text;                       /* canonical text on its way into a hash */
    struct sums *sums;                     /* of the group under way; limits.c */
    struct tree *tree;                     /* its right edge, and who signs; the writer's */
    struct tile *tiles_read[7][2];         /* of each level, the last ones; a reader's */
    int64_t id_ms;                         /* of the id made last */
    unsigned char id_random[ID_RANDOM_LEN];
    unsigned char id_pool[256]; /* random bytes for the next ids */
    size_t id_pool_left;
    struct log_keys *log_keys; /* whose signer the heads have; NULL: nobody's */
};

/* limits.c keeps the sums of a group in memory: a call begins or is undone, the rows are written
 * before the commit, and afterwards all is forgotten. */
void limits_call_begin(struct store *store);
void limits_call_undo(struct store *store);
MUST_CHECK struct err limits_write(struct store *store);
void limits_forget(struct store *store);
void limits_free(struct store *store);

/* The scratch and text of a store that is not opened but put together (audit_file.c). */
MUST_CHECK struct err store_scratch_init(struct store *store);
void store_scratch_fini(struct store *store);

static inline void store_scratch_fini_cleanup(struct store *store)
{
    store_scratch_fini(store);
}

#endif
