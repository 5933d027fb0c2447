/* The crash simulator of agent.db: the agent follows an engine's feed and sends notices, takes
 * presses of buttons and carries them out, signs people in and out, while the folder is on a tape.
 * The folder is cut off as crash.c cuts off the book; then the agent lives on from there to its
 * end, and the outside is held against a model:
 *
 * - no notice is lost; one that is said to have left left, once, but for times that are marked;
 *   what was settled before the crash is not sent again;
 * - a press that was acknowledged is carried out, under one idempotency key whatever happens; its
 *   request is not taken twice; what was done before the crash is not asked again;
 * - who was signed in is, and who was signed out is not; a login is used up exactly when its
 * session is there. */
#include "agent/store/chat.h"
#include "agent/store/once.h"
#include "agent/store/sessions.h"
#include "common/sys/log.h"
#include "tests/fault/crash_main.h"
#include "tests/unit/outbox_world.h"

#define START    INT64_C(1800000000000000)
#define LATER_US (INT64_C(3600) * 1000000)
#define MANY     256

/* Something that reached the outside, or that the outside was told, when the tape was so long. */
struct wire {
    char id[64], escalation[16], kind[16];
    int64_t seq;
    size_t at;
};
static struct wire wires[MANY]; /* notices that are out */
static size_t wires_n, wires_before;
static struct wire settled[MANY]; /* deliveries whose end is kept */
static size_t settled_n;

/* A press of a button: Slack sends it again until it is acknowledged. */
static struct press {
    size_t asked_at, told_at, decided_at, done_at; /* 0: not */
    bool decided_again;                            /* in the life behind the crash */
    char key[64];                                  /* the engine's idempotency key */
} presses[MANY];
static int presses_n;

static struct signin {
    size_t asked_at, told_at, out_asked_at, out_at;
    uint8_t id[SESSION_ID_LEN];
} signins[MANY];
static int signins_n;

static bool live_on; /* behind the crash: nothing new is begun, and no tape runs */
static char folder[64], left[64], path[96];
static size_t cursor_at[MANY];
static int64_t cursor_was[MANY];
static size_t cursors_n;

/* ---- the outside ---- */

static void wire_add(struct wire *to, size_t *n, const struct delivery *d)
{
    struct wire *w = &to[*n];
    ck_assert_uint_lt(*n, MANY);
    *w = (struct wire){.seq = d->seq, .at = tape_length()};
    (void)snprintf(w->id, sizeof w->id, "%s", d->delivery_id);
    (void)snprintf(w->escalation, sizeof w->escalation, "%s", d->escalation_id);
    (void)snprintf(w->kind, sizeof w->kind, "%s", d->kind);
    ++*n;
}

static void wire_out(const struct delivery *d)
{
    wire_add(wires, &wires_n, d);
    for (size_t i = 0; live_on && i < settled_n; i++)
        ck_assert_msg(strcmp(settled[i].id, d->delivery_id) != 0,
                      "%s was said to have left, and leaves again", d->delivery_id);
}

/* ---- presses ---- */

static struct err press_take(const char *signature, struct click *c, bool *again)
{
    TRY(slack_seen_add(db, str_of(signature), now_us, now_us + 1000 * LATER_US, again));
    return *again ? OK : click_add(db, arena, c, now_us);
}

/* As agent/notify/slack_routes.c does; false: it was taken before. */
static bool press_sent(int number)
{
    struct click c = {.subject = "T1:U1",
                      .decision = "confirm",
                      .escalation_id = arena_fmt(arena, "%d", number),
                      .digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
    bool again;
    ck_ok(agent_db_begin(db));
    ck_ok(agent_db_end(db, press_take(arena_fmt(arena, "v0=%d", number), &c, &again)));
    return !again;
}

static void press(void)
{
    struct press *p = &presses[presses_n];
    *p = (struct press){.asked_at = tape_length()};
    ck_assert(press_sent(presses_n++));
    p->told_at = tape_length();
}

/* The engine is asked, by the click's key; the answer may be lost. */
static void click_carry_out(void)
{
    struct click c;
    bool found;
    ck_ok(click_due(db, arena, now_us, &found, &c));
    if (!found)
        return;
    struct press *p = &presses[strtol(c.escalation_id, NULL, 10)];
    ck_assert_msg(p->key[0] == '\0' || strcmp(p->key, c.click_id) == 0,
                  "one press is %s and %s to the engine", p->key, c.click_id);
    ck_assert_msg(!live_on || p->done_at == 0, "a press that was done with is asked again");
    (void)snprintf(p->key, sizeof p->key, "%s", c.click_id);
    if (live_on)
        p->decided_again = true;
    else if (p->decided_at == 0)
        p->decided_at = tape_length();
    if (chance(4) == 0) {
        ck_ok(click_later(db, &c, now_us, now_us));
        return;
    }
    ck_ok(click_done(db, &c, "done", now_us));
    if (!live_on)
        p->done_at = tape_length();
}

/* ---- people ---- */

static struct err signin_keep(int number, struct session *s, bool *first)
{
    TRY(once_use(db, "login", str_of(arena_fmt(arena, "code %d", number)), now_us + 1000 * LATER_US,
                 now_us, first));
    return *first ? session_add(db, arena, s) : OK;
}

static void signin(void)
{
    struct signin *of = &signins[signins_n];
    struct session s = {.backend = "oidc",
                        .issuer = "https://idp.example",
                        .subject = "maria",
                        .actor = "human:maria",
                        .principal_id = "p-maria",
                        .name = "Maria",
                        .id_token = STR(""),
                        .created_us = now_us,
                        .seen_us = now_us};
    bool first;
    *of = (struct signin){.asked_at = tape_length()};
    ck_ok(agent_db_begin(db));
    ck_ok(agent_db_end(db, signin_keep(signins_n++, &s, &first)));
    ck_assert(first);
    memcpy(of->id, s.id, sizeof of->id);
    of->told_at = tape_length();
}

static void signout(void)
{
    struct signin *of = &signins[chance((unsigned)signins_n)];
    if (of->out_at != 0)
        return;
    of->out_asked_at = tape_length();
    ck_ok(agent_db_begin(db));
    ck_ok(agent_db_end(db, session_end(db, of->id, "signed out", now_us)));
    of->out_at = tape_length();
}

static bool is_signed_in(const struct signin *of)
{
    const struct session_life life = {now_us, 100000 * LATER_US, 100000 * LATER_US};
    struct session s;
    bool found;
    ck_ok(session_find(db, arena, of->id, &life, &found, &s));
    return found;
}

/* ---- the life on the tape ---- */

static void cursor_note(void)
{
    bool found;
    ck_assert_uint_lt(cursors_n, MANY);
    cursor_at[cursors_n] = tape_length();
    ck_ok(cursor_find(db, &found, &cursor_was[cursors_n]));
    cursors_n++;
}

static void between(void)
{
    if (wires_n > wires_before && last_end == SEND_DONE && !live_on) {
        settled[settled_n] = wires[wires_n - 1];
        settled[settled_n++].at = tape_length();
    }
    wires_before = wires_n;
    click_carry_out();
    if (live_on)
        return;
    cursor_note();
    if (chance(2) == 0 && presses_n < MANY)
        press();
    if (chance(3) == 0 && signins_n < MANY)
        signin();
    else if (signins_n > 0 && chance(3) == 0)
        signout();
}

static void book_make(void)
{
    int migrated;
    folder_new(folder);
    (void)snprintf(path, sizeof path, "%s/agent.db", folder);
    ck_ok(agent_db_migrate(path, "2026-11-21T10:00:00.000000Z", arena, &migrated));
    ck_ok(agent_db_open(path, &db));
    ck_ok(agent_db_begin(db));
    ck_ok(agent_db_end(db, cursor_set(db, 0, START)));
    agent_db_close(db);
}

static void life_on_tape(void)
{
    tape_begin(folder);
    ck_ok(agent_db_open(path, &db));
    live();
    agent_db_close(db);
    tape_end();
    atomic_fetch_add(&tally->told, (unsigned long long)(wires_n + (size_t)presses_n));
    atomic_fetch_add(&tally->steps, tape_length());
}

/* ---- what a crash left ---- */

static bool is_login_unused(int number)
{
    bool first;
    ck_ok(agent_db_begin(db));
    ck_ok(
        once_use(db, "login", str_of(arena_fmt(arena, "code %d", number)), now_us, now_us, &first));
    ck_err(agent_db_end(db, err_new(ERR_CONFLICT, "only asked")), ERR_CONFLICT);
    return first;
}

static void people_hold(size_t at)
{
    for (int i = 0; i < signins_n; i++) {
        const struct signin *of = &signins[i];
        const bool out_maybe = of->out_asked_at != 0 && of->out_asked_at <= at;
        const bool out = of->out_at != 0 && of->out_at <= at;
        if (of->asked_at > at)
            continue;
        const bool in = is_signed_in(of), unused = is_login_unused(i);
        ck_assert_msg(!out || !in, "who was signed out is signed in");
        ck_assert_msg(of->told_at > at || in || out_maybe, "who was signed in is not");
        ck_assert_msg(!unused || !in, "a login was used, and can be used again");
        ck_assert_msg(unused || in || out_maybe, "a login is used up, and nobody is signed in");
    }
}

static void cursor_holds(size_t at)
{
    int64_t now;
    bool found;
    ck_ok(cursor_find(db, &found, &now));
    atomic_fetch_add(&tally->lost, now < cursor_was[cursors_n - 1]);
    for (size_t i = 0; i < cursors_n; i++)
        ck_assert_msg(cursor_at[i] > at || now >= cursor_was[i],
                      "the feed was followed to %lld, and is from %lld", (long long)cursor_was[i],
                      (long long)now);
}

/* Slack asks again where it was not acknowledged, and sometimes where it was. */
static void presses_again(size_t at)
{
    for (int i = 0; i < presses_n; i++) {
        if (presses[i].asked_at > at)
            continue;
        const bool told = presses[i].told_at <= at, taken = press_sent(i);
        ck_assert_msg(!told || !taken, "a request that was acknowledged is taken twice");
    }
}

/* The outside as it was at this step: what came later never was. */
static void outside_at(size_t at)
{
    size_t n = 0;
    while (n < wires_n && wires[n].at <= at)
        n++;
    wires_n = n;
    for (n = 0; n < settled_n && settled[n].at <= at;)
        n++;
    settled_n = n;
    for (int i = 0; i < presses_n; i++) {
        struct press *p = &presses[i];
        p->done_at = p->done_at <= at ? p->done_at : 0;
        if (p->decided_at > at || p->decided_at == 0) /* the engine has not heard of it yet */
            p->key[0] = '\0';
    }
    wires_before = wires_n;
}

static void outside_holds(size_t at)
{
    struct seen seen[ESCALATIONS] = {0};
    int sent[EVENTS_MAX + 1] = {0};
    for (size_t i = 0; i < wires_n; i++)
        seen_add(seen, sent, wires[i].escalation, wires[i].kind, wires[i].seq);
    world_holds(seen, sent);
    for (int i = 0; i < presses_n; i++) {
        const struct press *p = &presses[i];
        const bool before = p->decided_at != 0 && p->decided_at <= at;
        ck_assert_msg(p->asked_at > at || before || p->decided_again,
                      "press %d was never carried out", i);
    }
}

static void clicks_to_the_end(void)
{
    struct click c;
    bool found = true;
    while (found) {
        click_carry_out();
        ck_ok(click_due(db, arena, now_us, &found, &c));
    }
}

static void judge(const struct tape_crash *crash)
{
    (void)snprintf(path, sizeof path, "%s/agent.db", left);
    crash_begin(crash, left);
    outside_at(crash->at);
    ck_ok(agent_db_open(path, &db));
    cursor_holds(crash->at);
    people_hold(crash->at);
    presses_again(crash->at);
    live_on = true;
    now_us += LATER_US;
    live();
    clicks_to_the_end();
    outside_holds(crash->at);
    agent_db_close(db);
    db = NULL;
    atomic_fetch_add(&tally->books, 1);
    crash_end();
}

/* Judged in a copy of what is remembered, which the life behind the crash changes. */
static void point(void)
{
    static struct wire wires_kept[MANY], settled_kept[MANY];
    static struct press presses_kept[MANY];
    const size_t wires_all = wires_n, settled_all = settled_n;
    const struct tape_crash crash = crash_draw();
    const int64_t now = now_us;
    struct arena *outer = arena;
    memcpy(wires_kept, wires, sizeof wires);
    memcpy(settled_kept, settled, sizeof settled);
    memcpy(presses_kept, presses, sizeof presses);
    arena = arena_new((size_t)64 << 20);
    judge(&crash);
    arena_free(arena);
    arena = outer;
    live_on = false;
    now_us = now;
    memcpy(wires, wires_kept, sizeof wires);
    memcpy(settled, settled_kept, sizeof settled);
    memcpy(presses, presses_kept, sizeof presses);
    wires_n = wires_all;
    settled_n = settled_all;
}

START_TEST(a_round_of_the_agent_s_crashes)
{
    struct log_options quiet = log_options_default();
    quiet.level = LOG_ERROR;
    log_init(&quiet);
    round_begin(_i);
    arena = arena_new((size_t)64 << 20);
    world_between = between;
    wire_put = wire_out;
    now_us = START;
    script_make((unsigned)roll());
    book_make();
    life_on_tape();
    folder_new(left);
    for (uint64_t i = 0; i < round_points; i++)
        point();
    folder_gone(folder);
    folder_gone(left);
    arena_free(arena);
}
END_TEST

int main(int argc, char **argv)
{
    return crash_main(argc, argv, "crash_agent", a_round_of_the_agent_s_crashes);
}
