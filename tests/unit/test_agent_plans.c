/* Every statement of agent.db, explained: none walks a whole table that grows. A statement that
 * must is on the list below, with its reason; a reason that is no longer needed fails, too. */
#include <stdio.h>
#include <string.h>

#include "agent/store/agent_db_own.h"
#include "tests/unit/talk_book.h"

static const char *const large[] = {
    "agent_runs",     "agent_run_items", "agent_sessions s", "agent_sessions",
    "agent_traces t", "agent_traces",    "agent_prompts",    "agent_prompt_uses",
    "outbox",         "sessions",        "slack_seen",       "clicks",
    "link_codes",     "used_once",       "fresh_logins",     "agent_prompt_uses u"};

/* The most a plan may say, besides SEARCH. */
static const struct {
    const char *statement, *line, *why;
} allowed[] = {
    {"outbox_count", "SCAN outbox", "counts each state, from an index"},
    {"outbox_due", "USE TEMP B-TREE FOR RIGHT PART", "of those that are due at the same instant"},
    {"outbox_to_report", "SCAN outbox USING INDEX outbox_to_report", "only what is to be reported"},
    {"outbox_list_state", "USE TEMP B-TREE", "an operator looks at one state"},
    {"push_subs_of", "USE TEMP B-TREE", "one person's browsers"},
    {"push_sub_trim", "USE TEMP B-TREE", "one person's browsers"},
    {"runs_newest", "SCAN agent_runs USING INDEX agent_runs_by_age", "the newest, from an index"},
    {"talks_open", "SCAN s USING INDEX agent_sessions_open", "only turns under way"},
    {"forget_next", "SCAN agent_sessions USING INDEX agent_sessions_forgotten",
     "the first that is being forgotten"},
};

static struct {
    const struct db_sql *sql;
    bool forgiven[sizeof allowed / sizeof allowed[0]];
    int bad;
} now;

/* "SCAN t" may name an alias; the statement's text says whose. */
static bool names_large(const char *scanned)
{
    char alias[64];
    size_t len = strcspn(scanned, " ");
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        if (strlen(large[i]) == len && strncmp(scanned, large[i], len) == 0)
            return true;
        snprintf(alias, sizeof alias, "%.*s", (int)len, scanned);
        const char *space = strchr(large[i], ' ');
        if (space != NULL && strcmp(space + 1, alias) == 0 && strstr(now.sql->text, large[i]))
            return true;
    }
    return false;
}

static void plan_line(void *arg, const char *detail)
{
    (void)arg;
    const bool sorts = strncmp(detail, "USE TEMP B-TREE", 15) == 0;
    if (!sorts && (strncmp(detail, "SCAN ", 5) != 0 || !names_large(detail + 5)))
        return;
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        if (strcmp(allowed[i].statement, now.sql->name) == 0 &&
            strncmp(allowed[i].line, detail, strlen(allowed[i].line)) == 0) {
            now.forgiven[i] = true;
            return;
        }
    }
    fprintf(stderr, "%s: %s\n", now.sql->name, detail);
    now.bad++;
}

START_TEST(no_statement_of_the_agent_scans_or_sorts_a_large_table)
{
    FRESH(f);
    for (size_t s = 0; s < agent_sqls_n; s++) {
        for (size_t i = 0; i < *agent_sqls[s].n; i++) {
            now.sql = &agent_sqls[s].sql[i];
            ck_assert_ptr_nonnull(now.sql->text);
            ck_ok(db_explain(f.db->db, now.sql->text, plan_line, NULL));
        }
    }
    ck_assert_msg(now.bad == 0, "%d, named on standard error", now.bad);
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        ck_assert_msg(now.forgiven[i], "%s needs no reason any more", allowed[i].statement);
    teardown(&f);
}
END_TEST

TEST_MAIN("agent_plans", no_statement_of_the_agent_scans_or_sorts_a_large_table)
