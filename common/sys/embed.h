/* Files turned into C tables at build time by common/sys/embed.c (a native tool of the build):
 *     extern const struct embedded recon_migrations[];   one row a file, in the order given
 *     extern const size_t recon_migrations_n;
 * Bytes are as in the file, with one NUL behind them that `len` does not count. */
#ifndef COMMON_SYS_EMBED_H
#define COMMON_SYS_EMBED_H

#include <stddef.h>

struct embedded {
    const char *name; /* the file's name without its folder: "0001_book.sql" */
    const unsigned char *bytes;
    size_t len;
};

/* migrations/recon, by number. */
extern const struct embedded recon_migrations[];
extern const size_t recon_migrations_n;

/* migrations/agent, by number. */
extern const struct embedded agent_migrations[];
extern const size_t agent_migrations_n;

/* The workspace as built from ui-static: index.html and its assets, each also as NAME.gz where that
 * is smaller; none in a build without it. */
extern const struct embedded workspace_files[];
extern const size_t workspace_files_n;

/* deploy/demo/saas, in the order they are read: master data and policy, then a file for each
 * source, named <source id>.csv. Without truth/. */
extern const struct embedded demo_saas[];
extern const size_t demo_saas_n;

/* deploy/policy-library: "saas.yaml", "sox.yaml". */
extern const struct embedded policy_starters[];
extern const size_t policy_starters_n;

#endif
