/* Times one reconciliation pass over made-up books of growing size: wall time, processor time, the
 * process's peak memory, and a fingerprint of what was found, which no change for speed may change.
 * The books have what real ones have: mostly one entry a line, some late, cut, coded or repeated
 * amounts, batches, fees, voids and strangers.
 *
 *   bench_recon [BANK_LINES ...]      default: 10000 100000 1000000 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base/arena.h"
#include "engine/recon/pass.h"
#include "tests/bench/clock.h"

struct books {
    struct arena *arena;
    struct recon_entry *entries;
    size_t n, cap;
    uint64_t random;
    uint32_t serial;
};

static uint32_t draw(struct books *b, uint32_t below)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 7;
    b->random ^= b->random << 17;
    return (uint32_t)(b->random >> 20) % below;
}

static const char *const syllables[] = {"AL",  "BER", "CAN", "DRI", "EM",  "FJO", "GLA", "HER",
                                        "ISL", "JAS", "KEL", "LAR", "MON", "NOR", "OST", "PRI",
                                        "QUI", "RAV", "SOL", "TAM", "UM",  "VAL", "WIN", "YAR"};
static const char *const seconds[] = {"FREIGHT",   "MACHINERY", "CATERING", "SOFTWARE",
                                      "PACKAGING", "ROOFING",   "TEXTILES", "WELDING",
                                      "DAIRY",     "OPTICS",    "RENTALS",  "STUDIOS"};

/* Some 50,000 parties; half of all events are with the 500 best known. */
static const char *party(struct books *b)
{
    uint32_t who = draw(b, 2) == 0 ? draw(b, 500) * 331 : draw(b, 165888);
    return arena_fmt(b->arena, "%s%s%s %s", syllables[who % 24], syllables[who / 24 % 24],
                     syllables[who / 576 % 24], seconds[who / 13824 % 12]);
}

static void add(struct books *b, enum recon_side side, int64_t amount, int32_t day,
                const char *text, const char *reference)
{
    if (b->n == b->cap)
        return;
    struct recon_entry *e = &b->entries[b->n++];
    *e = (struct recon_entry){
        .id = arena_fmt(b->arena, "%c%u", side == RECON_BANK ? 'b' : 'g', ++b->serial),
        .text = text,
        .reference = reference,
        .amount_minor = amount,
        .day = day,
        .entity = 1,
        .account = 1,
        .cur = "USD",
        .side = side};
}

static int64_t amount_of(struct books *b)
{
    int64_t cents = 1000 + draw(b, 1000) * (int64_t)draw(b, 40000);
    if (draw(b, 10) < 2)
        cents -= cents % 10000 - 10000;
    return draw(b, 3) == 0 ? cents : -cents;
}

/* One cash event: a bank line and what the ledger has of it. */
static void event(struct books *b, int32_t days)
{
    const char *name = party(b);
    const char *booked = arena_fmt(b->arena, "%s - Services, INV-%u", name, draw(b, 900000));
    const char *bank = arena_fmt(b->arena, "ACH %s", name);
    const char *reference = arena_fmt(b->arena, "AP-%u", b->serial);
    int64_t amount = amount_of(b);
    int32_t day = 20000 + (int32_t)draw(b, (uint32_t)days), late = day + (int32_t)draw(b, 4);
    uint32_t what = draw(b, 100);
    if (what < 80) {
        add(b, RECON_BANK, amount, late, bank, NULL);
        add(b, RECON_BOOK, amount, day, booked, reference);
    } else if (what < 88) {
        add(b, RECON_BANK, amount, late, arena_fmt(b->arena, "MKTPL *%u", draw(b, 9000000)), NULL);
        add(b, RECON_BOOK, amount, day, booked, reference);
    } else if (what < 92) {
        int64_t more =
            amount < 0 ? -1000 - (int64_t)draw(b, 50000) : 1000 + (int64_t)draw(b, 50000);
        add(b, RECON_BANK, amount + more, late, bank, NULL);
        add(b, RECON_BOOK, amount, day, booked, reference);
        add(b, RECON_BOOK, more, day, booked, reference);
    } else if (what < 94) {
        add(b, RECON_BANK, amount - 25 * (int64_t)draw(b, 100), late, bank, NULL);
        add(b, RECON_BOOK, amount, day, booked, reference);
    } else if (what < 96) {
        add(b, RECON_BOOK, amount, day, booked, reference);
        add(b, RECON_BOOK, -amount, late, arena_fmt(b->arena, "VOID - %s", name), reference);
    } else if (what < 98) {
        add(b, RECON_BANK, amount, day, bank, NULL);
    } else {
        add(b, RECON_BOOK, amount, day, booked, reference);
    }
}

static double seconds_of(clockid_t clock)
{
    return (double)clock_ns(clock) / 1e9;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    return (h ^ v) * UINT64_C(0x9E3779B97F4A7C15) >> 7 | (h ^ v) << 57;
}

static uint64_t mix_match(uint64_t h, const struct recon_result *r, const struct recon_match *m)
{
    for (const char *c = m->rule; *c != '\0'; c++)
        h = mix(h, (unsigned char)*c);
    for (uint32_t i = 0; i < m->bank_n + m->book_n; i++)
        h = mix(h, r->legs[m->legs + i]);
    h = mix(h, (uint64_t)m->difference_minor);
    h = mix(h, (uint64_t)m->bank_n << 32 | m->book_n);
    h = mix(h, (uint64_t)m->search_n << 32 | m->search_nodes);
    h = mix(h, (uint64_t)m->class << 24 | (uint64_t)m->type << 16 | (uint64_t)m->solutions << 8 |
                   (uint64_t)m->ambiguous << 1 | (uint64_t)m->capped);
    h = mix(h, (uint64_t)m->score_bp << 32 | (uint64_t)m->runner_up_bp << 16 | m->margin_bp);
    h = mix(h, (uint64_t)m->parts.text << 32 | (uint64_t)m->parts.reference << 16 | m->parts.date);
    h = mix(h, (uint64_t)m->parts.amount << 32 | (uint64_t)m->parts.channel << 16 | m->learned);
    for (size_t i = 0; i < RECON_ALTERNATIVES; i++)
        h = mix(h, (uint64_t)m->alternatives[i].entry << 16 | m->alternatives[i].score_bp);
    return h;
}

/* Every member of every match and exception, in their order. */
static uint64_t fingerprint(const struct recon_result *r)
{
    uint64_t h = 1;
    for (size_t i = 0; i < r->matches_n; i++)
        h = mix_match(h, r, &r->matches[i]);
    for (size_t i = 0; i < r->exceptions_n; i++) {
        const struct recon_exception *x = &r->exceptions[i];
        h = mix(h, (uint64_t)x->entry << 16 | (uint64_t)x->class << 8 | x->near_n);
        for (size_t k = 0; k < x->near_n; k++) {
            h = mix(h, (uint64_t)x->near[k].entry << 16 | x->near[k].score_bp);
            h = mix(h, (uint64_t)x->near[k].difference_minor);
        }
    }
    return h;
}

static void run(size_t lines)
{
    struct books b = {.arena = arena_new((size_t)2 << 30), .random = 88172645463325252u};
    b.cap = lines * 2 + lines / 10 * 3;
    b.entries = calloc(b.cap, sizeof *b.entries);
    if (b.arena == NULL || b.entries == NULL)
        exit(EXIT_FAILURE);
    int32_t days = lines < 20000 ? 31 : lines < 200000 ? 91 : 365;
    for (size_t i = 0; i < lines; i++)
        event(&b, days);
    struct recon_params params;
    struct recon_result *result = NULL;
    recon_params_default(&params);
    double begin = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    struct err e = recon_pass(b.entries, b.n, &params, &result);
    double took = seconds_of(CLOCK_MONOTONIC) - begin;
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    if (e.kind != ERR_NONE) {
        fprintf(stderr, "%s (%s)\n", e.msg, e.where == NULL ? "-" : e.where);
        exit(EXIT_FAILURE);
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%9zu lines %9zu entries  %8.1f ms wall %8.1f ms cpu  %5.0f ns/entry  pass %4zu MiB  "
           "rss %4ld MiB  "
           "matches %zu exceptions %zu  fingerprint %016" PRIx64 "\n",
           lines, b.n, took * 1e3, cpu * 1e3, cpu * 1e9 / (double)b.n, result->bytes_peak >> 20,
           usage.ru_maxrss >> 10, result->matches_n, result->exceptions_n, fingerprint(result));
    recon_result_free(result);
    free(b.entries);
    arena_free(b.arena);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {10000, 100000, 1000000};
    for (int i = 1; i < argc; i++)
        run((size_t)strtoull(argv[i], NULL, 10));
    for (size_t i = 0; argc < 2 && i < 3; i++)
        run(sizes[i]);
    return EXIT_SUCCESS;
}
