/* The tree of a long log: what it takes to build it for a book from before there was one, to open a
 * book that has it, and to prove an event in a past head. Wall time, and the process's memory.
 *     bench_tree [EVENTS [FOLDER]]      default 200000 under /tmp */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/verify/receipt.h"
#include "engine/store/audit.h"
#include "engine/store/tree.h"
#include "tests/bench/clock.h"

enum { GROUP = 1000, PROOFS = 2000, OPENINGS = 20 };

static int64_t now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

static long memory_kib(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static struct err events_add(struct store *store, int64_t events)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)16 << 20);
    while (store_head(store)->seq < events) {
        TRY(store_group_begin(store));
        for (int i = 0; i < GROUP && store_head(store)->seq < events; i++) {
            const struct event event = {.type =
                                            store_head(store)->seq == 0 ? "BOOK_CREATED" : "OK"};
            struct tx tx;
            arena_reset(arena);
            TRY(tx_call_begin(store, arena, INT64_C(1772528400000000) + store_head(store)->seq,
                              &tx));
            TRY(audit_append(&tx, &event));
            TRY(tx_call_keep(&tx));
        }
        TRY(store_group_commit(store));
    }
    return OK;
}

static struct err signer_make(struct store *store, struct note_signer *signer)
{
    uint8_t public_key[ED25519_KEY_LEN];
    char origin[TREE_ORIGIN_SIZE];
    tree_origin(store, origin);
    TRY(ed25519_new(&signer->secret));
    ed25519_public(signer->secret, public_key);
    return note_key_make(origin, NOTE_ED25519, public_key, &signer->key);
}

/* From nothing to a store that can sign its next head. */
static struct err open_and_sign(const char *path, struct arena *arena,
                                const struct note_signer *signer, int64_t *took_us)
{
    CLEANUP(store_close) struct store *store = NULL;
    TRY(store_open(path, STORE_WRITER, arena, &store));
    const int64_t begun = now_us();
    TRY(tree_sign_with(store, signer));
    *took_us = now_us() - begun;
    return OK;
}

static struct err proofs(const char *path, struct arena *arena, int64_t events)
{
    CLEANUP(store_close) struct store *store = NULL;
    struct merkle_proof proof;
    struct tx tx;
    uint64_t at = 1;
    TRY(store_open(path, STORE_READER, arena, &store));
    TRY(tx_read_begin(store, arena, 0, &tx));
    const int64_t begun = now_us();
    for (int i = 0; i < PROOFS; i++) {
        at = at * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const uint64_t size = 1 + (at >> 11) % (uint64_t)events;
        TRY(merkle_inclusion((at >> 7) % size, size, tree_node, &tx, &proof));
    }
    printf("a proof in any past size: %" PRId64 " us\n", (now_us() - begun) / PROOFS);
    tx_read_end(&tx);
    return OK;
}

static struct err bench(const char *path, int64_t events, struct arena *arena)
{
    CLEANUP(store_close) struct store *store = NULL;
    struct note_signer signer;
    int64_t took, sum = 0, most = 0;
    int migrated;
    TRY(store_migrate(path, "2026-03-03T09:00:00Z", arena, &migrated));
    TRY(store_open(path, STORE_WRITER, arena, &store));
    TRY(events_add(store, events));
    TRY(signer_make(store, &signer));
    store_close(store);
    store = NULL;
    const long before = memory_kib();
    TRY(open_and_sign(path, arena, &signer, &took));
    printf("%" PRId64 " events; the tree built: %" PRId64 " ms, %ld KiB more memory\n", events,
           took / 1000, memory_kib() - before);
    for (int i = 0; i < OPENINGS; i++) {
        TRY(open_and_sign(path, arena, &signer, &took));
        sum += took;
        most = took > most ? took : most;
    }
    printf("the edge read at opening: %" PRId64 " us, at most %" PRId64 " us\n", sum / OPENINGS,
           most);
    return proofs(path, arena, events);
}

int main(int argc, char **argv)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    const int64_t events = argc > 1 ? strtoll(argv[1], NULL, 10) : 200000;
    struct arena *arena = arena_new((size_t)64 << 20);
    char folder[256], path[300], file[320];
    (void)snprintf(folder, sizeof folder, "%s/bench_tree_XXXXXX", argc > 2 ? argv[2] : "/tmp");
    if (arena == NULL || events < 1 || mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    (void)snprintf(path, sizeof path, "%s/recon.db", folder);
    struct err e = bench(path, events, arena);
    if (e.kind != ERR_NONE)
        (void)fprintf(stderr, "bench_tree: %s\n", e.msg);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(file, sizeof file, "%s%s", path, ends[i]);
        (void)unlink(file);
    }
    (void)rmdir(folder);
    arena_free(arena);
    return e.kind == ERR_NONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
