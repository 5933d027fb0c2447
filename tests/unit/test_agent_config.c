/* One file may configure both daemons: what is the engine's is no mistake to the agent. */
#include "common/sys/agent_config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/config.h"
#include "tests/unit/test.h"

/* Whether the agent has a place for the name; what the value is worth is another matter. */
static bool is_known(const char *name)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)8 << 20);
    struct agent_config config;
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/closegate-test-agent-%d", (int)getpid());
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    (void)fprintf(f, "%s=x\n", name);
    (void)fclose(f);
    struct err e = agent_config_load(arena, path, NULL, &config);
    (void)unlink(path);
    ck_assert_int_eq(e.kind, ERR_INPUT); /* a value, or what else it would need */
    return strstr(e.msg, "no setting is called") == NULL;
}

START_TEST(every_setting_of_the_engine_may_stand_in_the_agents_file)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)1 << 20);
    CLEANUP(buf_fini) struct buf reference;
    struct str row, name, rest;
    int n = 0;
    buf_init(&reference, (size_t)1 << 20);
    config_print_reference(&reference);
    rest = buf_str(&reference);
    while (str_cut(rest, '\n', &row, &rest)) {
        if (row.len < 3 || memcmp(row.at, "| `", 3) != 0)
            continue;
        row = (struct str){row.at + 3, row.len - 3};
        ck_assert(str_cut(row, '`', &name, &row));
        const char *text = str_dup(arena, name);
        ck_assert_msg(is_known(text), "the agent does not start on a file with %s", text);
        n++;
    }
    ck_assert_int_gt(n, 20);
    ck_assert(!is_known("CLOSEGATE_RECEIPT"));
}
END_TEST

TEST_MAIN("agent_config", every_setting_of_the_engine_may_stand_in_the_agents_file)
