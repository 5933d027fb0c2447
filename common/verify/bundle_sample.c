/* The sample drawn again, the figures it is drawn from, and each sampled decision's evidence. */
#include <inttypes.h>
#include <string.h>

#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "common/verify/bundle_own.h"
#include "common/verify/receipt.h"

#define SAMPLE_FILE_MAX ((size_t)64 << 20)

/* ---- the sample's own files ---- */

static bool file_is(struct bundle *b, const char *name, struct str bytes)
{
    char hex[SHA256_HEX_SIZE];
    const struct bundle_file *file = bundle_file_find(b, name);
    sha256_hex(bytes.at, bytes.len, hex);
    return file != NULL && strcmp(file->sha256, hex) == 0;
}

struct drawn {
    struct sample *samples; /* of each tally */
    int64_t picks;
};

static bool draw(struct bundle *b, struct drawn *d, struct err *e)
{
    d->samples = ARENA_ARRAY(b->arena, b->tallies.n + 1, struct sample);
    if (d->samples == NULL)
        return bundle_unread(b, "sample", err_new(ERR_STORE, "no memory"), e);
    for (size_t i = 0; i < b->tallies.n; i++) {
        const struct tally *t = &b->tallies.at[i];
        if (!bundle_unread(
                b, "sample",
                sample_pick(b->arena, &b->plan, t->control, t->items, t->items_n, &d->samples[i]),
                e))
            return false;
        d->picks += (int64_t)d->samples[i].n;
    }
    return true;
}

static bool sample_file_check(struct bundle *b, const struct drawn *d)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf lines;
    const char *name = arena_fmt(b->arena, "sample_%s.csv", b->plan.seed);
    buf_init(&lines, SAMPLE_FILE_MAX);
    sample_head(&lines);
    for (size_t i = 0; i < b->tallies.n; i++)
        sample_lines(b->arena, b->tallies.at[i].control, &b->plan, &d->samples[i], &lines);
    if (lines.failed || name == NULL || !file_is(b, name, buf_str(&lines)))
        return report_fails(b->report, "sample", name,
                            "another draw: the seed and the populations give another sample");
    report_holds(b->report, "sample", "%" PRId64 " decisions, drawn again from the seed %s",
                 d->picks, b->plan.seed);
    return true;
}

/* The figures told of each population, against those of the events. */
static bool figures_check(struct bundle *b, const struct drawn *d)
{
    static const char name[] = "population_reconciliation.json";
    struct json *told, *made = json_array_new(b->arena);
    int64_t events = 0, decisions = 0, counted = 0;
    if (!bundle_json(b, b->arena, name, &told))
        return false;
    for (size_t i = 0; i < b->tallies.n; i++) {
        struct json *o = tally_print(b->arena, &b->tallies.at[i]);
        if (b->plan.method != SAMPLE_NONE)
            json_put(b->arena, o, "sample", sample_print(b->arena, &d->samples[i]));
        json_push(b->arena, made, o);
        counted += b->tallies.at[i].count;
    }
    if (made == NULL || arena_full(b->arena) || !json_int(json_get(told, "events"), &events) ||
        !json_int(json_get(told, "decisions"), &decisions) || events != b->events ||
        decisions != counted || json_get(told, "controls") == NULL ||
        !json_equal(json_get(told, "controls"), made))
        return report_fails(b->report, "reconciliation", name,
                            "these figures are not those of the log's events");
    report_holds(b->report, "reconciliation",
                 "%" PRId64 " decisions in %" PRId64 " events; counts and sums are the events' own",
                 counted, events);
    return true;
}

/* ---- a sampled decision ---- */

static bool receipt_fails(struct bundle *b, const char *name, const char *says)
{
    return report_fails(b->report, "receipts", name, "%s", says);
}

/* The receipt's lines are told for all of them together. */
static bool receipt_good(struct bundle *b, const char *name, const struct receipt *r, int64_t seq)
{
    struct report own;
    report_init(&own, b->scratch, name);
    if (r->index + 1 != (uint64_t)seq)
        return receipt_fails(b, name, "its receipt is of another event");
    if (!str_is(r->checkpoint, b->checkpoint))
        return receipt_fails(b, name,
                             "its receipt is by another checkpoint than chain_proof.json's");
    if (!check_receipt(r, b->trust, &own))
        return receipt_fails(b, name,
                             own.problem == NULL ? "its receipt does not hold"
                                                 : arena_strdup(b->arena, own.problem));
    return true;
}

static bool same_receipt(const struct receipt *a, const struct receipt *b)
{
    bool same = a->index == b->index && str_eq(a->event, b->event) &&
                memcmp(a->hash_prev, b->hash_prev, SHA256_LEN) == 0 && a->proof.n == b->proof.n &&
                str_eq(a->checkpoint, b->checkpoint);
    for (size_t i = 0; same && i < a->proof.n; i++)
        same = merkle_eq(&a->proof.at[i], &b->proof.at[i]);
    return same;
}

static bool proof_file_check(struct bundle *b, int64_t seq, const struct receipt *r)
{
    const char *name = arena_fmt(b->arena, "transactions/%" PRId64 ".tlog-proof", seq);
    const struct zip_entry *entry = name == NULL ? NULL : zip_entry_find(b->zip, name);
    struct receipt again;
    struct str text;
    if (entry == NULL)
        return receipt_fails(b, name, "this file is missing");
    struct err e = zip_entry_text(b->zip, b->scratch, entry, RECEIPT_BYTES_MAX * 2, &text);
    if (e.kind == ERR_NONE)
        e = tlog_proof_read(b->scratch, text, &again);
    if (e.kind != ERR_NONE)
        return receipt_fails(b, name, e.msg);
    return same_receipt(r, &again) ? true
                                   : receipt_fails(b, name, "it is not the receipt of the JSON");
}

/* What is shown of the decision is the event of the receipt. */
static bool decision_is(struct bundle *b, const struct json *decision, const struct receipt *r)
{
    struct str text;
    const struct json *event = json_get(decision, "event");
    return event != NULL && jcs_text(b->scratch, event, &text).kind == ERR_NONE &&
           str_eq(text, r->event);
}

static bool transaction_check(struct bundle *b, const char *control, int64_t seq)
{
    const char *name = arena_fmt(b->arena, "transactions/%" PRId64 ".json", seq);
    struct json *tree;
    struct receipt r;
    arena_reset(b->scratch);
    if (name == NULL || !bundle_json(b, b->scratch, name, &tree))
        return false;
    struct err e = receipt_bind(b->scratch, json_get(tree, "receipt"), &r);
    if (e.kind != ERR_NONE)
        return receipt_fails(b, name, "it has no receipt that can be read");
    if (!text_eq(json_get_text(tree, "control"), control) ||
        !decision_is(b, json_get(tree, "decision"), &r))
        return receipt_fails(b, name, "what it shows is not the event of its receipt");
    return receipt_good(b, name, &r, seq) && proof_file_check(b, seq, &r);
}

static bool transactions_check(struct bundle *b, const struct drawn *d)
{
    int64_t files = 0;
    for (size_t i = 0; i < b->files_n; i++)
        files += strncmp(b->files[i].name, "transactions/", 13) == 0;
    if (files != 2 * d->picks || b->transactions != d->picks)
        return receipt_fails(b, "transactions/", "more or fewer decisions than were drawn");
    for (size_t i = 0; i < b->tallies.n; i++) {
        for (size_t k = 0; k < d->samples[i].n; k++) {
            if (!transaction_check(b, b->tallies.at[i].control, d->samples[i].picks[k].item.seq))
                return false;
        }
    }
    report_holds(b->report, "receipts",
                 "%" PRId64 " sampled decisions are in the signed log, word "
                 "for word",
                 d->picks);
    return true;
}

bool bundle_sample_check(struct bundle *b, struct err *e)
{
    struct drawn d = {.picks = 0};
    if (!draw(b, &d, e) || !figures_check(b, &d))
        return false;
    if (b->plan.method != SAMPLE_NONE && !sample_file_check(b, &d))
        return false;
    return transactions_check(b, &d);
}
