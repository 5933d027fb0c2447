/* How well a pass does on a labelled problem: precision, recall and F1 over whole groups (a
 * proposed set of ids must be a true set), by class; money wrongly confirmable by a machine; and
 * confirmable picks among interchangeable entries. Exits 1 below the thresholds.
 *
 *   recon_eval [--f1-min 9900] [--verbose] [--shuffle N] FILE...    (basis points) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/eval/labelled.h"

struct score {
    size_t truth[LABELS], proposed[LABELS], right[LABELS];
    size_t auto_n, auto_wrong, ambiguous, ambiguous_picks;
    int64_t wrong_minor;
};

static const char *const label_names[LABELS] = {"1:1", "grouped", "mismatch", "offset"};

static int text_cmp(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum label label_of(const struct recon_match *m)
{
    if (m->class == RECON_CLASS_OFFSET)
        return LABEL_OFFSET;
    if (m->bank_n + m->book_n > 2)
        return LABEL_GROUP;
    return m->difference_minor != 0 ? LABEL_MISMATCH : LABEL_PAIR;
}

static bool interchangeable(const struct recon_entry *a, const struct recon_entry *b)
{
    const char *ra = a->reference == NULL ? "" : a->reference;
    const char *rb = b->reference == NULL ? "" : b->reference;
    return a != b && a->side == b->side && a->amount_minor == b->amount_minor && a->day == b->day &&
           strcmp(a->text, b->text) == 0 && strcmp(ra, rb) == 0;
}

/* A leg that another entry could stand in for, letter by letter. */
static bool picked_twin(const struct labelled *set, const struct recon_result *r,
                        const struct recon_match *m)
{
    for (uint32_t k = 0; k < m->bank_n + m->book_n; k++) {
        const struct recon_entry *leg = &set->entries[r->legs[m->legs + k]];
        for (size_t i = 0; i < set->n; i++) {
            if (interchangeable(leg, &set->entries[i]))
                return true;
        }
    }
    return false;
}

static void match_print(const struct labelled *set, const struct recon_result *r,
                        const struct recon_match *m, const char *word)
{
    printf("  %s %s score %u margin %u%s\n", word, m->rule, m->score_bp, m->margin_bp,
           m->ambiguous ? " ambiguous" : "");
    for (uint32_t k = 0; k < m->bank_n + m->book_n; k++) {
        const struct recon_entry *e = &set->entries[r->legs[m->legs + k]];
        printf("      %-7s %" PRId32 " %12" PRId64 "  %s  [%s]\n", e->id, e->day, e->amount_minor,
               e->text, e->reference == NULL ? "" : e->reference);
    }
}

static void match_count(struct arena *arena, const struct labelled *set,
                        const struct recon_result *r, const struct recon_match *m,
                        struct score *score, bool *found[LABELS], bool verbose)
{
    enum label label = label_of(m);
    const char *ids[4096];
    size_t n = 0;
    for (uint32_t k = 0; k < m->bank_n + m->book_n && n < 4096; k++)
        ids[n++] = set->entries[r->legs[m->legs + k]].id;
    const char *text = ids_text(arena, ids, n);
    bool right = false;
    for (int l = 0; l < LABELS; l++) {
        const char **hit = set->truth_n[l] == 0 ? NULL
                                                : bsearch(&text, set->truth[l], set->truth_n[l],
                                                          sizeof text, text_cmp);
        if (hit == NULL)
            continue;
        right = true;
        label = (enum label)l; /* a right set counts where the truth has it */
        found[l][hit - set->truth[l]] = true;
    }
    score->proposed[label]++;
    score->right[label] += right ? 1 : 0;
    score->ambiguous += m->ambiguous ? 1 : 0;
    if (!right && verbose)
        match_print(set, r, m, "WRONG");
    if (!recon_auto_confirmable(r, m))
        return;
    score->auto_n++;
    score->auto_wrong += right ? 0 : 1;
    score->ambiguous_picks += picked_twin(set, r, m) && m->type != RECON_TYPE_HARD_KEY ? 1 : 0;
    for (uint32_t k = 0; !right && k < m->bank_n; k++)
        score->wrong_minor += llabs(set->entries[r->legs[m->legs + k]].amount_minor);
}

static unsigned f1_of(size_t truth, size_t proposed, size_t right)
{
    return truth + proposed == 0 ? 10000 : (unsigned)(2 * right * 10000 / (truth + proposed));
}

static void entries_shuffle(struct labelled *set, uint64_t seed)
{
    uint64_t x = seed * 2654435761u + 88172645463325252u;
    for (size_t i = set->n; seed != 0 && i > 1; i--) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        size_t j = x % i;
        struct recon_entry swap = set->entries[i - 1];
        set->entries[i - 1] = set->entries[j];
        set->entries[j] = swap;
    }
}

static void score_print(const char *path, const struct score *s, const struct recon_result *r,
                        unsigned core, unsigned all)
{
    const char *name = strrchr(path, '/');
    printf("%-34s F1 %5u (all %5u)", name == NULL ? path : name + 1, core, all);
    for (int l = 0; l < LABELS; l++)
        printf("  %s %zu/%zu/%zu", label_names[l], s->right[l], s->proposed[l], s->truth[l]);
    printf("  auto %zu wrong %zu (%" PRId64 ")  ambiguous %zu picks %zu  exceptions %zu\n",
           s->auto_n, s->auto_wrong, s->wrong_minor, s->ambiguous, s->ambiguous_picks,
           r->exceptions_n);
}

static struct err evaluate(const char *path, unsigned f1_min, bool verbose, uint64_t seed,
                           bool *good)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)1 << 30);
    struct labelled set;
    struct recon_params params;
    CLEANUP(recon_result_free) struct recon_result *result = NULL;
    recon_params_default(&params);
    TRY(labelled_read(arena, path, &set));
    entries_shuffle(&set, seed);
    TRY(recon_pass(set.entries, set.n, &params, &result));
    struct score s = {0};
    bool *found[LABELS];
    for (int l = 0; l < LABELS; l++) {
        s.truth[l] = set.truth_n[l];
        found[l] = ARENA_ARRAY(arena, set.truth_n[l] + 1, bool);
    }
    TRY(arena_check(arena));
    for (size_t i = 0; i < result->matches_n; i++)
        match_count(arena, &set, result, &result->matches[i], &s, found, verbose);
    size_t truth = 0, proposed = 0, right = 0;
    for (int l = 0; l < LABELS; l++) {
        truth += s.truth[l];
        proposed += s.proposed[l];
        right += s.right[l];
        for (size_t i = 0; verbose && i < set.truth_n[l]; i++) {
            if (!found[l][i])
                printf("  MISSED %s %s\n", label_names[l], set.truth[l][i]);
        }
    }
    unsigned core = f1_of(s.truth[LABEL_PAIR] + s.truth[LABEL_GROUP],
                          s.proposed[LABEL_PAIR] + s.proposed[LABEL_GROUP],
                          s.right[LABEL_PAIR] + s.right[LABEL_GROUP]);
    unsigned all = f1_of(truth, proposed, right);
    score_print(path, &s, result, core, all);
    *good = core >= f1_min && all >= f1_min && s.auto_wrong == 0 && s.ambiguous_picks == 0;
    return OK;
}

int main(int argc, char **argv)
{
    unsigned f1_min = 0;
    uint64_t seed = 0;
    bool verbose = false;
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        bool good = false;
        if (strcmp(argv[i], "--verbose") == 0) {
            verbose = true;
        } else if (strcmp(argv[i], "--f1-min") == 0 && i + 1 < argc) {
            f1_min = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--shuffle") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 10);
        } else {
            struct err e = evaluate(argv[i], f1_min, verbose, seed, &good);
            if (e.kind != ERR_NONE)
                fprintf(stderr, "%s: %s (%s)\n", argv[i], e.msg, e.where == NULL ? "-" : e.where);
            failed += good ? 0 : 1;
        }
    }
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
