/* Words in texts. */
#include "engine/store/words.h"

#include <string.h>

struct err words_split(struct arena *arena, const char *text, struct words *words)
{
    static const char blanks[] = " \t\r\n";
    const char *at = text == NULL ? "" : text;
    *words = (struct words){.list = ARENA_ARRAY(arena, strlen(at) / 2 + 1, const char *)};
    for (at += strspn(at, blanks); *at != '\0' && words->list != NULL; at += strspn(at, blanks)) {
        const size_t len = strcspn(at, blanks);
        words->list[words->n++] = arena_dup(arena, at, len);
        at += len;
    }
    return arena_check(arena);
}

static bool word_in(const char *word, const struct str *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (texts[i].at != NULL && strcasestr(texts[i].at, word) != NULL)
            return true;
    }
    return false;
}

bool words_in(const struct words *words, const struct str *texts, size_t n)
{
    for (size_t i = 0; i < words->n; i++) {
        if (!word_in(words->list[i], texts, n))
            return false;
    }
    return true;
}
