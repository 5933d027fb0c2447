/* A match in a reviewer's words: each field compared, both values as they came, and its part. */
#include "engine/recon/internal.h"

#include "common/base/civil.h"

static const char *date_text(struct arena *arena, int32_t day)
{
    struct date date = {.days = day};
    char text[DATE_TEXT_MAX];
    if (!date_valid(date))
        return arena_fmt(arena, "day %d", day);
    date_print(date, text);
    return arena_strdup(arena, text);
}

static const char *shown(const char *text)
{
    return text == NULL ? "" : text;
}

struct err recon_explain(const struct recon_result *result, const struct recon_match *match,
                         struct arena *arena, struct recon_compared *lines, size_t *lines_n)
{
    const uint32_t *legs = &result->legs[match->legs];
    uint32_t second = match->bank_n == 0 || match->book_n == 0 ? 1 : match->bank_n;
    const struct recon_entry *a = &result->entries[legs[0]], *b = &result->entries[legs[second]];
    const struct recon_compared all[RECON_COMPARED_MAX] = {
        {"amount", arena_fmt(arena, "%lld", (long long)a->amount_minor),
         arena_fmt(arena, "%lld", (long long)b->amount_minor), match->parts.amount},
        {"date", date_text(arena, a->day), date_text(arena, b->day), match->parts.date},
        {"text", shown(a->text), shown(b->text), match->parts.text},
        {"reference", shown(a->reference), shown(b->reference), match->parts.reference},
    };
    TRY(arena_check(arena));
    memcpy(lines, all, sizeof all);
    *lines_n = RECON_COMPARED_MAX;
    return OK;
}
