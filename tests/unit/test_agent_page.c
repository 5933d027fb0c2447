/* The page that names a stranger's identity: what the provider calls somebody is text on it, and
 * one word in the command that an administrator copies. */
#include "agent/oidc/page.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

/* What a shell makes of it. */
static const char *shell_says(struct arena *arena, const char *word)
{
    char *text = arena_alloc(arena, 1000);
    const char *command = arena_fmt(arena, "printf %%s %s", word);
    int ends[2], status;
    size_t len = 0;
    ck_assert_int_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    for (ssize_t n = 1; n > 0; len += n > 0 ? (size_t)n : 0)
        n = read(ends[0], text + len, 999 - len);
    close(ends[0]);
    text[len] = '\0';
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    return text;
}

START_TEST(a_subject_is_one_word_to_a_shell_whatever_is_in_it)
{
    static const char *const subjects[] = {
        "00u1abcd", "",          "o'brien",         "x'; touch /tmp/closegate-owned; echo '",
        "''",       "$(id)`id`", "a b\\ \"c\" !d *"};
    struct arena *arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        ck_assert_str_eq(shell_says(arena, page_shell_word(arena, subjects[i])), subjects[i]);
    ck_assert_str_eq(page_shell_word(arena, "a\nb\x1b[2J\x7f"), "'a?b?[2J?'");
    arena_free(arena);
}
END_TEST

START_TEST(a_page_shows_what_others_said_as_text)
{
    struct request r = {.arena = arena_new(1 << 20), .id = "0123456789abcdef"};
    page_reply(&r, &(struct page){.status = 403,
                                  .title = "<script>alert(1)</script>",
                                  .lines = {"<img src=x onerror=alert(1)>"},
                                  .code = "</code><b>'\"&",
                                  .href = "\"><a href=x",
                                  .link = "<i>"});
    const char *html = str_dup(r.arena, r.reply.body);
    ck_assert_int_eq(r.reply.status, 403);
    for (const char *tag = html; (tag = strpbrk(tag, "<")) != NULL; tag++)
        ck_assert_msg(strncmp(tag, "<script", 7) != 0 && strncmp(tag, "<img", 4) != 0 &&
                          strncmp(tag, "<b>", 3) != 0 && strncmp(tag, "<i>", 3) != 0 &&
                          strncmp(tag, "<a href=x", 9) != 0,
                      "%s", tag);
    ck_assert_ptr_nonnull(strstr(html, "&lt;/code&gt;&lt;b&gt;&#39;&quot;&amp;"));
    arena_free(r.arena);
}
END_TEST

TEST_MAIN("agent_page", a_subject_is_one_word_to_a_shell_whatever_is_in_it,
          a_page_shows_what_others_said_as_text)
