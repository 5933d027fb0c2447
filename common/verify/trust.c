/* Keys given, keys reached by statements, and whether a checkpoint is signed by one of them. */
#include "common/verify/trust.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/civil.h"

void trust_init(struct trust *t, struct arena *arena)
{
    *t = (struct trust){.arena = arena};
}

/* The key's place, as a new one when it is not known; `n` when the arena is full. */
static size_t key_place(struct trust *t, const struct note_key *key)
{
    for (size_t i = 0; i < t->n; i++) {
        if (note_key_eq(&t->keys[i].key, key))
            return i;
    }
    struct trust_key *keys = arena_grow(t->arena, t->keys, t->n, &t->cap, sizeof *keys);
    if (keys == NULL)
        return t->n;
    t->keys = keys;
    keys[t->n] = (struct trust_key){.key = *key, .until = UINT64_MAX};
    return t->n++;
}

/* What is believed spreads along the chain, both ways. */
static void believe(struct trust *t, size_t at)
{
    for (size_t i = at; !t->keys[i].believed;) {
        t->keys[i].believed = true;
        if (t->keys[i].before != 0)
            believe(t, t->keys[i].before - 1);
        if (t->keys[i].after != 0)
            i = t->keys[i].after - 1;
    }
}

struct err trust_give(struct trust *t, const char *vkey)
{
    struct note_key key;
    TRY(err_in(note_key_parse(str_of(vkey), &key), vkey));
    if (key.alg != NOTE_ED25519)
        return err_at(ERR_INPUT, vkey, "a witness's key; a log's key was asked for");
    size_t at = key_place(t, &key);
    TRY(arena_check(t->arena));
    believe(t, at);
    return OK;
}

struct err trust_witness(struct trust *t, const char *vkey)
{
    struct note_key key;
    TRY(err_in(note_key_parse(str_of(vkey), &key), vkey));
    if (key.alg != NOTE_COSIGNATURE_V1)
        return err_at(ERR_INPUT, vkey, "not a key for cosignatures; a witness's was asked for");
    for (size_t i = 0; i < t->witnesses_n; i++) {
        /* One witness under two names must not count twice. */
        if (memcmp(t->witnesses[i].public_key, key.public_key, ED25519_KEY_LEN) == 0)
            return err_at(ERR_INPUT, vkey, "the same witness twice");
    }
    struct note_key *all =
        arena_grow(t->arena, t->witnesses, t->witnesses_n, &t->witnesses_cap, sizeof *all);
    TRY(arena_check(t->arena));
    t->witnesses = all;
    all[t->witnesses_n++] = key;
    return OK;
}

/* ---- the chain of keys ---- */

static struct err link_keys(struct trust *t, const struct log_key_statement *s)
{
    size_t a = key_place(t, &s->old_key), b = key_place(t, &s->new_key);
    TRY(arena_check(t->arena));
    struct trust_key *before = &t->keys[a], *now = &t->keys[b];
    if (before->after == b + 1 && now->before == a + 1 && now->from == s->from)
        return OK;
    ENSURE(before->until == UINT64_MAX, ERR_CONFLICT, "two statements retire the same key");
    ENSURE(now->from == 0, ERR_CONFLICT, "two statements begin the same key");
    ENSURE(before->from < s->from && s->from < now->until, ERR_CONFLICT,
           "the chain of keys goes back");
    before->until = now->from = s->from;
    before->after = b + 1;
    now->before = a + 1;
    if (before->believed && !now->believed)
        believe(t, b);
    if (now->believed && !before->believed)
        believe(t, a);
    return OK;
}

static struct err state_take(struct trust *t, const struct log_key_statement *s)
{
    if (s->has_old)
        return link_keys(t, s);
    size_t at = key_place(t, &s->new_key);
    TRY(arena_check(t->arena));
    struct trust_key *key = &t->keys[at];
    if (key->before == 0 && key->from == s->from)
        return OK;
    ENSURE(key->from == 0, ERR_CONFLICT, "two statements begin the same key");
    ENSURE(s->from < key->until, ERR_CONFLICT, "the chain of keys goes back");
    key->from = s->from;
    return OK;
}

struct err trust_state(struct trust *t, struct str statement)
{
    struct log_key_statement s;
    TRY(log_key_read(statement, &s));
    return state_take(t, &s);
}

struct err trust_chain(struct trust *t, struct str json)
{
    struct log_key_statement *statements;
    size_t n;
    TRY(log_key_chain_read(t->arena, json, &statements, &n));
    for (size_t i = 0; i < n; i++) {
        struct err e = state_take(t, &statements[i]);
        if (e.kind != ERR_NONE)
            return err_at(e.kind, arena_fmt(t->arena, "/statements/%zu", i), e.msg);
    }
    return OK;
}

/* ---- checkpoints ---- */

static const char *vkey_of(const struct trust *t, const struct note_key *key)
{
    const char *text = note_key_print(t->arena, key);
    return text == NULL ? key->name : text;
}

/* A signature that holds, by a key that does not sign this size. */
static bool out_of_time(const struct trust *t, const struct trust_key *k,
                        const struct checkpoint *c, struct report *report)
{
    if (c->size >= k->until)
        return report_fails(report, "signature", NULL,
                            "signed by %s, which signs no tree of %" PRIu64
                            " events or more since it was retired; this one has %" PRIu64,
                            vkey_of(t, &k->key), k->until, c->size);
    return report_fails(report, "signature", NULL,
                        "signed by %s, which signs trees of %" PRIu64
                        " events and more; this one has %" PRIu64,
                        vkey_of(t, &k->key), k->from, c->size);
}

/* Nobody we believe signed it: say who did, and whether we were given a key at all. */
static bool unsigned_by_ours(const struct trust *t, const struct note *note,
                             const struct checkpoint *c, struct report *report)
{
    bool ours = false;
    for (size_t i = 0; i < t->n; i++)
        ours = ours || (t->keys[i].believed && str_is(c->origin, t->keys[i].key.name));
    if (!ours)
        return report_fails(report, "signature", NULL, "no key was given for this log, %.*s",
                            (int)c->origin.len, c->origin.at);
    char id[2 * NOTE_ID_LEN + 1];
    hex_print(note->sigs[0].id, NOTE_ID_LEN, id);
    return report_fails(report, "signature", NULL,
                        "not signed by a key that was given (its first signature is by %.*s+%s)",
                        (int)note->sigs[0].name.len, note->sigs[0].name.at, id);
}

static bool log_signed(const struct trust *t, const struct note *note, const struct checkpoint *c,
                       struct report *report)
{
    const struct trust_key *late = NULL, *good = NULL;
    for (size_t i = 0; i < t->n; i++) {
        const struct trust_key *k = &t->keys[i];
        if (!k->believed || !str_is(c->origin, k->key.name))
            continue;
        enum note_check check = note_check(note, &k->key, NULL);
        if (check == NOTE_FORGED)
            return report_fails(report, "signature", NULL, "the signature of %s does not hold",
                                vkey_of(t, &k->key));
        if (check != NOTE_SIGNED)
            continue;
        if (c->size >= k->from && c->size < k->until)
            good = k;
        else
            late = k;
    }
    if (good != NULL) {
        report_holds(report, "signature", "signed by %s", vkey_of(t, &good->key));
        return true;
    }
    return late != NULL ? out_of_time(t, late, c, report) : unsigned_by_ours(t, note, c, report);
}

size_t trust_cosigned(const struct trust *t, const struct note *note,
                      const struct note_key **forged, int64_t *newest_s)
{
    size_t cosigned = 0;
    *forged = NULL;
    *newest_s = 0;
    for (size_t i = 0; i < t->witnesses_n; i++) {
        int64_t at_s = 0;
        enum note_check check = note_check(note, &t->witnesses[i], &at_s);
        if (check == NOTE_FORGED)
            *forged = &t->witnesses[i];
        if (check != NOTE_SIGNED)
            continue;
        cosigned++;
        *newest_s = at_s > *newest_s ? at_s : *newest_s;
    }
    return cosigned;
}

static bool witnessed(const struct trust *t, const struct note *note, struct report *report)
{
    const struct note_key *forged;
    int64_t newest_s;
    char when[INSTANT_TEXT_MAX] = "";
    if (t->witnesses_n == 0)
        return true;
    size_t cosigned = trust_cosigned(t, note, &forged, &newest_s);
    if (forged != NULL)
        return report_fails(report, "witnesses", NULL, "the cosignature of %s does not hold",
                            vkey_of(t, forged));
    if (cosigned < t->witnesses_min)
        return report_fails(report, "witnesses", NULL,
                            "cosigned by %zu of the witnesses given; %zu are asked for", cosigned,
                            t->witnesses_min);
    if (newest_s > 0 && newest_s < INT64_MAX / 1000000)
        instant_print(newest_s * 1000000, when);
    report_holds(report, "witnesses", "cosigned by %zu of %zu witnesses%s%s", cosigned,
                 t->witnesses_n, when[0] == '\0' ? "" : ", last at ", when);
    return true;
}

bool trust_note(const struct trust *t, struct str bytes, struct report *report, struct note *note,
                struct checkpoint *c)
{
    struct err e = note_parse(bytes, note);
    if (e.kind == ERR_NONE)
        e = checkpoint_parse(note->text, c);
    if (e.kind == ERR_NONE && c->extra.len > 0)
        e = err_at(ERR_INPUT, "line 4", "extension lines, which our logs do not write");
    if (e.kind != ERR_NONE) {
        c->origin = (struct str){.at = NULL};
        return report_fails(report, "checkpoint", e.where, "%s", e.msg);
    }
    return log_signed(t, note, c, report);
}

bool trust_checkpoint(const struct trust *t, struct str bytes, struct report *report,
                      struct note *note, struct checkpoint *c)
{
    bool is_signed = trust_note(t, bytes, report, note, c);
    if (c->origin.at == NULL)
        return false;
    return witnessed(t, note, report) && is_signed;
}
