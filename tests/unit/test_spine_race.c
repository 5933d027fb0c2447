/* Many callers answer the same escalations at once, through the running spine: they wait in its
 * queues, share commit groups or fall between two, while readers look. Each escalation is settled
 * by exactly one of them, and all others hear how. The order is another one in each round; a
 * failure names its seed. */
#include "tests/unit/spine_threads.h"

#define MATCHES 12 /* a round */
#define CALLERS 16 /* of each */
#define ROUNDS  12

static int waiting;
static uint64_t seed, rng;
static uint32_t pick(uint32_t n)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (uint32_t)(rng >> 20) % n;
}

static void one_less(void)
{
    if (--waiting == 0)
        loop_stop(loop);
}

static void on_answer(struct call *c, void *arg)
{
    (void)arg;
    spine_is(c, CALL_OK);
    one_less();
}

static void wait_for_all(void)
{
    if (waiting > 0)
        ck_ok(loop_run(loop));
    ck_assert_int_eq(waiting, 0);
}

/* ---- who looks on: a match is proposed, or decided once and for all ---- */

static struct look {
    const char *match_id;
    struct match m;
    struct arena *own;
    enum match_state before;
} looks[MATCHES];

static struct err look_up(struct tx *tx, void *arg)
{
    struct look *l = arg;
    return match_load(tx, tx->arena, l->match_id, &l->m);
}

static void on_look(struct err e, void *arg)
{
    struct look *l = arg;
    ck_ok(e);
    ck_assert(l->before == MATCH_PROPOSED || l->m.state == l->before);
    l->before = l->m.state;
    one_less();
}

static void look(struct look *l)
{
    l->own = arena_new(1 << 20);
    spine_arenas[spine_arenas_n++] = l->own;
    waiting++;
    ck_ok(spine_read(spine, l->own, look_up, on_look, l));
    wait_for_all();
}

/* ---- a round ---- */

static struct call *asked[MATCHES], *answers[MATCHES * CALLERS];

static struct call *answer_of(int match)
{
    static const char *const decisions[] = {"confirm", "confirm", "reject", "withdraw"};
    static const char *const names[] = {"ben", "cho", "dia"};
    uint32_t who = pick(4);
    struct actor actor = who == 0 ? spine_ana : spine_human(names[who - 1]);
    return spine_answer(&actor, asked[match], decisions[pick(4)], "seen");
}

static void round_make(int first)
{
    const struct actor agent = spine_agent("eve");
    const char **ids = spine_matches(first, MATCHES, 1000);
    for (int i = 0; i < MATCHES; i++) {
        asked[i] = spine_run(spine_on_match(&agent, "confirm_match", ids[i], NULL));
        spine_is(asked[i], CALL_PENDING);
        looks[i] = (struct look){.match_id = ids[i], .before = MATCH_PROPOSED};
    }
    for (int i = 0; i < MATCHES * CALLERS; i++)
        answers[i] = answer_of(i % MATCHES);
    for (uint32_t i = MATCHES * CALLERS; i > 1; i--) {
        uint32_t k = pick(i);
        struct call *c = answers[i - 1];
        answers[i - 1] = answers[k];
        answers[k] = c;
    }
}

/* In bursts; now and then somebody waits, or looks. */
static void round_run(void)
{
    for (int i = 0; i < MATCHES * CALLERS; i++) {
        waiting++;
        ck_ok(spine_submit(spine, answers[i], on_answer, NULL));
        if (pick(40) == 0)
            wait_for_all();
        if (pick(20) == 0)
            look(&looks[pick(MATCHES)]);
    }
    wait_for_all();
}

/* What became of the match is said by one answer alone. */
static void round_check(void)
{
    for (int i = 0; i < MATCHES; i++) {
        const char *id = asked[i]->escalation_id, *status = NULL;
        int effects = 0;
        for (int k = 0; k < MATCHES * CALLERS; k++) {
            const struct json *r = answers[k]->result;
            if (!text_eq(json_get_text(r, "escalation_id"), id))
                continue;
            if (json_get_text(r, "state") != NULL) {
                effects++;
                continue;
            }
            ck_assert(status == NULL || text_eq(status, json_get_text(r, "status")));
            status = json_get_text(r, "status");
            ck_assert_ptr_nonnull(status);
        }
        ck_assert_msg(effects == 1, "seed %d: %d effects", (int)seed, effects);
        ck_assert_int_eq(spine_int("SELECT count(*) FROM audit_events WHERE escalation_id = ?1 AND"
                                   " event_type IN ('ESCALATION_APPROVED', 'ESCALATION_REJECTED',"
                                   " 'ESCALATION_WITHDRAWN')",
                                   id),
                         1);
    }
}

START_TEST(of_many_who_answer_at_once_one_has_an_effect)
{
    seed = (uint64_t)_i + 1;
    rng = seed * UINT64_C(0x9E3779B97F4A7C15);
    round_make(1);
    spine_begin_with((struct spine_options){.readers = 2, .in_flight_max = 1000});
    round_run();
    spine_end();
    round_check();
}
END_TEST

static void race_up(void)
{
    struct tx tx;
    spine_up();
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "clerk", NULL));
    book_end(&tx);
}

int main(void)
{
    TCase *tcase = test_case("spine_race", race_up, spine_down);
    tcase_add_loop_test(tcase, of_many_who_answer_at_once_one_has_an_effect, 0, ROUNDS);
    return test_run("spine_race", tcase);
}
