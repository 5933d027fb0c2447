/* A delivery's life, and that no crash loses a notice or queues one twice: a process that follows
 * and sends is killed at each of its steps in turn, then at random, and the outside world's log is
 * held against a model. */
#include "agent/store/outbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/backoff.h"
#include "common/sys/log.h"
#include "tests/unit/outbox_world.h"

#define NOW INT64_C(1800000000000000)

static char folder[64], path[96], wire[96];

static void book_make(void)
{
    int migrated;
    struct log_options quiet = log_options_default();
    quiet.level = LOG_ERROR;
    log_init(&quiet);
    arena = arena_new(64 << 20);
    memcpy(folder, "/tmp/outbox-XXXXXX", 19);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/agent.db", folder);
    (void)snprintf(wire, sizeof wire, "%s/wire", folder);
    ck_ok(agent_db_migrate(path, "2026-11-21T10:00:00.000000Z", arena, &migrated));
    ck_ok(agent_db_open(path, &db));
}

static void book_drop(void)
{
    static const char *const ends[] = {"agent.db", "agent.db-wal", "agent.db-shm", "wire"};
    char name[128];
    agent_db_close(db);
    db = NULL;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)snprintf(name, sizeof name, "%s/%s", folder, ends[i]);
        (void)unlink(name);
    }
    (void)rmdir(folder);
    arena_free(arena);
}

static struct delivery added(const char *channel, const char *kind, int64_t seq, bool *is_new)
{
    struct delivery d = {.channel = channel,
                         .recipient = "",
                         .escalation_id = "esc_1",
                         .kind = kind,
                         .seq = seq,
                         .event_type = "ESCALATION_PENDING",
                         .tries_left = 3,
                         .next_us = NOW};
    ck_ok(agent_db_begin(db));
    ck_ok(agent_db_end(db, outbox_add(db, arena, &d, NOW, is_new)));
    return d;
}

static struct delivery taken(const char *channel, int64_t at_us)
{
    struct delivery d = {0};
    bool found;
    ck_ok(outbox_take(db, arena, channel, at_us, &found, &d));
    ck_assert(found);
    return d;
}

static struct delivery loaded(const char *id)
{
    struct delivery d = {0};
    bool found;
    ck_ok(outbox_find(db, arena, id, &found, &d));
    ck_assert(found);
    return d;
}

static struct err failed(const struct delivery *d, const char *why, bool for_good, int64_t next_us)
{
    const struct outbox_failure f = {.why = why, .for_good = for_good, .next_us = next_us};
    return outbox_failed(db, d, &f, next_us);
}

START_TEST(the_same_event_is_queued_once)
{
    bool is_new;
    book_make();
    (void)added("slack", "notice", 7, &is_new);
    ck_assert(is_new);
    (void)added("slack", "notice", 7, &is_new);
    ck_assert(!is_new);
    (void)added("teams", "notice", 7, &is_new);
    ck_assert(is_new);
    book_drop();
}
END_TEST

START_TEST(a_delivery_that_fails_waits_and_becomes_a_dead_letter)
{
    bool is_new, found;
    struct delivery d;
    book_make();
    const struct delivery first = added("slack", "notice", 7, &is_new);
    for (int i = 0; i < 3; i++) {
        d = taken("slack", NOW + i * 1000);
        ck_assert_int_eq(d.attempts, i + 1);
        ck_ok(outbox_take(db, arena, "slack", NOW + i * 1000, &found, &d));
        ck_assert(!found); /* one at a time */
        d = loaded(first.delivery_id);
        ck_ok(failed(&d, "HTTP 500", false, NOW + (i + 1) * 1000));
    }
    d = loaded(first.delivery_id);
    ck_assert_str_eq(d.state, "DEAD_LETTER");
    ck_assert_str_eq(d.last_error, "HTTP 500");
    struct delivery *due;
    size_t n;
    ck_ok(outbox_to_report(db, arena, 10, &due, &n));
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(due[0].report_no, 3);
    ck_ok(outbox_reported(db, &due[0]));
    ck_ok(outbox_to_report(db, arena, 10, &due, &n));
    ck_assert_uint_eq(n, 0);
    book_drop();
}
END_TEST

START_TEST(a_retried_dead_letter_that_arrives_is_reported_under_a_later_number)
{
    bool is_new;
    struct delivery *due;
    size_t n;
    book_make();
    const struct delivery first = added("slack", "notice", 7, &is_new);
    struct delivery d = taken("slack", NOW);
    ck_err(outbox_retry(db, arena, first.delivery_id, 3, NOW), ERR_CONFLICT);
    ck_err(outbox_retry(db, arena, "dlv_none", 3, NOW), ERR_MISSING);
    ck_ok(failed(&d, "invalid_auth", true, NOW));
    ck_ok(outbox_to_report(db, arena, 10, &due, &n));
    ck_ok(outbox_reported(db, &due[0]));
    ck_ok(outbox_retry(db, arena, first.delivery_id, 3, NOW));
    d = taken("slack", NOW);
    ck_assert_int_eq(d.attempts, 2);
    ck_ok(outbox_sent(db, &d, "C1/1.2", NOW));
    ck_ok(outbox_to_report(db, arena, 10, &due, &n));
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(due[0].state, "SENT");
    ck_assert_int_eq(due[0].report_no, 2);
    book_drop();
}
END_TEST

START_TEST(two_dead_letters_of_one_escalation_have_numbers_of_their_own)
{
    bool is_new;
    struct delivery *due;
    size_t n;
    book_make();
    (void)added("slack", "notice", 7, &is_new);
    (void)added("slack", "reminder", 9, &is_new);
    struct delivery a = taken("slack", NOW), b = taken("slack", NOW);
    ck_ok(failed(&a, "no", true, NOW));
    ck_ok(failed(&b, "no", true, NOW + 1));
    ck_ok(outbox_to_report(db, arena, 10, &due, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_int_lt(due[0].report_no, due[1].report_no);
    book_drop();
}
END_TEST

START_TEST(what_was_under_way_is_queued_again_and_marked)
{
    bool is_new;
    int64_t n;
    book_make();
    const struct delivery first = added("slack", "notice", 7, &is_new);
    (void)taken("slack", NOW);
    ck_ok(outbox_recover(db, "teams", NOW, &n));
    ck_assert_int_eq(n, 0);
    ck_ok(outbox_recover(db, "slack", NOW, &n));
    ck_assert_int_eq(n, 1);
    const struct delivery d = loaded(first.delivery_id);
    ck_assert_str_eq(d.state, "QUEUED");
    ck_assert_int_eq(d.unsure, 1);
    ck_assert_int_eq(d.attempts, 1);
    book_drop();
}
END_TEST

START_TEST(waiting_for_the_engine_costs_no_try)
{
    bool is_new;
    book_make();
    const struct delivery first = added("slack", "notice", 7, &is_new);
    struct delivery d = taken("slack", NOW);
    ck_ok(outbox_postpone(db, &d, "the engine cannot be reached", NOW + 5, NOW));
    d = loaded(first.delivery_id);
    ck_assert_int_eq(d.attempts, 0);
    ck_assert_int_eq(d.tries_left, 3);
    ck_assert_int_eq(d.next_us, NOW + 5);
    book_drop();
}
END_TEST

START_TEST(an_update_finds_the_message_or_waits_for_it)
{
    struct outbox_message m;
    bool is_new;
    int64_t n;
    book_make();
    ck_ok(outbox_message_of(db, arena, "esc_1", "slack", &m));
    ck_assert(m.external_id == NULL && !m.coming && !m.maybe);
    (void)added("slack", "notice", 7, &is_new);
    ck_ok(outbox_message_of(db, arena, "esc_1", "slack", &m));
    ck_assert(m.external_id == NULL && m.coming && !m.maybe);
    (void)taken("slack", NOW);
    ck_ok(outbox_recover(db, "slack", NOW, &n)); /* it may be out */
    ck_ok(outbox_message_of(db, arena, "esc_1", "slack", &m));
    ck_assert(m.coming && m.maybe);
    struct delivery d = taken("slack", NOW);
    ck_ok(outbox_sent(db, &d, "C1/1.2", NOW));
    ck_ok(outbox_message_of(db, arena, "esc_1", "slack", &m));
    ck_assert(!m.coming && !m.maybe);
    ck_assert_str_eq(m.external_id, "C1/1.2");
    book_drop();
}
END_TEST

START_TEST(people_see_the_outbox)
{
    bool is_new;
    struct outbox_counts c;
    struct delivery *rows;
    size_t n;
    int64_t gone;
    book_make();
    (void)added("slack", "notice", 7, &is_new);
    (void)added("teams", "notice", 7, &is_new);
    struct delivery d = taken("teams", NOW);
    ck_ok(outbox_sent(db, &d, NULL, NOW));
    ck_ok(outbox_count(db, &c));
    ck_assert(c.queued == 1 && c.sent == 1 && c.dead == 0 && c.oldest_us == NOW);
    ck_ok(outbox_list(db, arena, NULL, 0, 10, &rows, &n));
    ck_assert_uint_eq(n, 2);
    ck_ok(outbox_list(db, arena, "SENT", 0, 10, &rows, &n));
    ck_assert_uint_eq(n, 1);
    ck_ok(outbox_forget(db, NOW + 1, &gone));
    ck_assert_int_eq(gone, 1);
    book_drop();
}
END_TEST

START_TEST(pauses_double_with_jitter_up_to_a_ceiling)
{
    for (int64_t attempt = 1; attempt < 40; attempt++) {
        int64_t whole = 2000;
        for (int64_t i = 1; i < attempt && whole < BACKOFF_MAX_MS; i++)
            whole *= 2;
        whole = whole > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : whole;
        ck_assert_int_eq(backoff_us(attempt, 2000, 0), whole * 500);
        ck_assert_int_le(backoff_us(attempt, 2000, UINT64_MAX), whole * 1000);
        ck_assert_int_ge(backoff_us(attempt, 2000, UINT64_MAX / 3), whole * 500);
    }
}
END_TEST

START_TEST(retry_after_is_seconds_or_a_date)
{
    int64_t s;
    ck_assert(retry_after_parse("120", NOW, &s) && s == 120);
    ck_assert(retry_after_parse("99999999999999", NOW, &s) && s == RETRY_AFTER_MAX_S);
    /* NOW is 2027-01-15 08:00:00 UTC */
    ck_assert(retry_after_parse("Fri, 15 Jan 2027 08:01:30 GMT", NOW, &s) && s == 90);
    ck_assert(retry_after_parse("Fri, 15 Jan 2027 07:00:00 GMT", NOW, &s) && s == 0);
    ck_assert(!retry_after_parse(NULL, NOW, &s) && !retry_after_parse("", NOW, &s));
    ck_assert(!retry_after_parse("-1", NOW, &s) && !retry_after_parse("1.5", NOW, &s));
    ck_assert(!retry_after_parse("Fri, 32 Jan 2027 08:01:30 GMT", NOW, &s));
    ck_assert(!retry_after_parse("Fri, 15 Anf 2027 08:01:30 GMT", NOW, &s));
}
END_TEST

/* ---- a process that is killed ---- */

static int64_t kill_at, calls;

/* Every callback is a step at which the power may go. */
static void step(void)
{
    if (kill_at > 0 && ++calls == kill_at)
        (void)raise(SIGKILL);
}

static void wire_write(const struct delivery *d)
{
    char line[160];
    int fd = open(wire, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int n = snprintf(line, sizeof line, "%s %s %lld %s\n", d->escalation_id, d->kind,
                     (long long)d->seq, d->delivery_id);
    step();
    ck_assert(fd >= 0 && write(fd, line, (size_t)n) == n);
    (void)close(fd);
    step(); /* it is out, and nobody has noted it */
}

/* True when the life ended by itself. */
static bool live_in_child(int64_t die_at, unsigned seed)
{
    int status;
    const pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        world_dice = seed;
        kill_at = die_at;
        calls = 0;
        ck_ok(agent_db_open(path, &db));
        live();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
    return WIFEXITED(status);
}

static void wire_holds(void)
{
    struct seen seen[ESCALATIONS] = {0};
    int sent[EVENTS_MAX + 1] = {0};
    FILE *f = fopen(wire, "r");
    char id[32], kind[16], delivery[64];
    long long seq;
    while (f != NULL && fscanf(f, "%31s %15s %lld %63s", id, kind, &seq, delivery) == 4)
        seen_add(seen, sent, id, kind, seq);
    if (f != NULL)
        (void)fclose(f);
    ck_ok(agent_db_open(path, &db));
    world_holds(seen, sent);
    agent_db_close(db);
    db = NULL;
}

static void trial(unsigned seed, int64_t first_kill, bool again_and_again)
{
    book_make();
    world_step = step;
    wire_put = wire_write;
    agent_db_close(db);
    db = NULL;
    script_make(seed);
    ck_ok(agent_db_open(path, &db));
    ck_ok(agent_db_begin(db));
    ck_ok(agent_db_end(db, cursor_set(db, 0, NOW)));
    agent_db_close(db);
    db = NULL;
    now_us = NOW;
    int64_t kill_next = first_kill;
    for (unsigned life = 0; !live_in_child(kill_next, seed * 31 + life); life++) {
        now_us += INT64_C(3600) * 1000000;
        kill_next = again_and_again && life < 12 ? 1 + (int64_t)chance(60) : 0;
    }
    wire_holds();
    book_drop();
}

START_TEST(killed_at_each_step_nothing_is_lost_or_queued_twice)
{
    for (int64_t at = 1; at <= 160; at++)
        trial(11, at, false);
}
END_TEST

START_TEST(killed_at_random_again_and_again_nothing_is_lost_or_queued_twice)
{
    for (unsigned seed = 1; seed <= 60; seed++)
        trial(seed, 1 + (int64_t)(seed * 7 % 50), true);
}
END_TEST

START_TEST(the_first_start_tells_nothing_of_the_past)
{
    int64_t queued, at;
    bool more, found;
    book_make();
    script_make(3);
    now_us = NOW;
    ck_ok(follow_step(the_follower(), arena, &more, &queued));
    ck_assert_int_eq(queued, 0);
    ck_ok(cursor_find(db, &found, &at));
    ck_assert(found && at == 0); /* where this feed says it stands */
    book_drop();
}
END_TEST

START_TEST(a_book_set_back_is_followed_from_its_end)
{
    int64_t queued, at;
    bool more, found;
    book_make();
    script_make(3);
    ck_ok(agent_db_begin(db));
    ck_ok(agent_db_end(db, cursor_set(db, 900, NOW)));
    now_us = NOW;
    ck_ok(follow_step(the_follower(), arena, &more, &queued));
    ck_ok(cursor_find(db, &found, &at));
    ck_assert(found && at == script_n);
    book_drop();
}
END_TEST

TEST_MAIN("outbox", the_same_event_is_queued_once,
          a_delivery_that_fails_waits_and_becomes_a_dead_letter,
          a_retried_dead_letter_that_arrives_is_reported_under_a_later_number,
          two_dead_letters_of_one_escalation_have_numbers_of_their_own,
          what_was_under_way_is_queued_again_and_marked, waiting_for_the_engine_costs_no_try,
          an_update_finds_the_message_or_waits_for_it, people_see_the_outbox,
          pauses_double_with_jitter_up_to_a_ceiling, retry_after_is_seconds_or_a_date,
          killed_at_each_step_nothing_is_lost_or_queued_twice,
          killed_at_random_again_and_again_nothing_is_lost_or_queued_twice,
          the_first_start_tells_nothing_of_the_past, a_book_set_back_is_followed_from_its_end)
