/* What arrives from Slack: is it Slack, and what does it say. */
#include <stdio.h>
#include <string.h>

#include "agent/notify/slack_payload.h"
#include "agent/notify/slack_sig.h"
#include "tests/unit/test.h"

/* The example of Slack's own documentation ("Verifying requests from Slack"). */
static const char secret[] = "8f742231b10e8888abcd99yyyzzz85a5";
static const char stamp[] = "1531420618";
static const char body[] =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmib"
    "IGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
static const char sig[] = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
#define SENT INT64_C(1531420618)

static struct arena *arena;

static struct err checked(const char *key, const char *at, const char *mac, const char *bytes,
                          int64_t now)
{
    return slack_sig_check(key, str_of(at), str_of(mac), str_of(bytes), now);
}

START_TEST(slacks_own_example_is_slacks)
{
    ck_ok(checked(secret, stamp, sig, body, SENT));
    ck_ok(checked(secret, stamp, sig, body, SENT + 300));
    ck_ok(checked(secret, stamp, sig, body, SENT - 300));
}
END_TEST

START_TEST(anything_else_is_not)
{
    char other[sizeof sig];
    ck_err(checked(secret, stamp, sig, body, SENT + 301), ERR_AUTH);
    ck_err(checked(secret, stamp, sig, body, SENT - 301), ERR_AUTH);
    ck_err(checked("other", stamp, sig, body, SENT), ERR_AUTH);
    ck_err(checked("", stamp, sig, body, SENT), ERR_AUTH);
    ck_err(checked(NULL, stamp, sig, body, SENT), ERR_AUTH);
    ck_err(checked(secret, "1531420619", sig, body, SENT), ERR_AUTH);
    ck_err(checked(secret, "+1531420618", sig, body, SENT), ERR_AUTH);
    ck_err(checked(secret, "", sig, body, SENT), ERR_AUTH);
    ck_err(checked(secret, stamp, "", body, SENT), ERR_AUTH);
    ck_err(checked(secret, stamp, sig + 3, body, SENT), ERR_AUTH);
    ck_err(checked(secret, stamp, sig, "", SENT), ERR_AUTH);
    for (size_t i = 0; i + 1 < sizeof sig; i++) {
        memcpy(other, sig, sizeof sig);
        other[i] = other[i] == '0' ? '1' : '0';
        ck_err(checked(secret, stamp, other, body, SENT), ERR_AUTH);
    }
}
END_TEST

START_TEST(a_command_is_read_from_the_form)
{
    struct slack_command c;
    arena = arena_new(1 << 20);
    ck_ok(slack_command_parse(arena, str_of(body), &c));
    ck_assert_str_eq(c.team_id, "T1DC2JH3J");
    ck_assert_str_eq(c.user_id, "U2CERLKJA");
    ck_assert_str_eq(c.command, "/webhook-collect");
    ck_assert_str_eq(c.text, "");
    ck_assert_str_eq(slack_subject(arena, c.team_id, c.user_id), "T1DC2JH3J:U2CERLKJA");
    arena_free(arena);
}
END_TEST

START_TEST(broken_forms_are_refused)
{
    static const char *const bad[] = {
        "team_id=T1&user_id=U1",                         /* no command */
        "team_id=T1&user_id=U1&user_id=U2&command=%2Fx", /* whose? */
        "team_id=T1&user_id=U%00&command=%2Fx",          /* a NUL */
        "team_id=T1&user_id=U%4&command=%2Fx",           /* half an escape */
        "team_id=T1&user_id=U%zz&command=%2Fx",          /* no escape */
        "team_id=T1&user_id=U%FF&command=%2Fx",          /* no UTF-8 */
        "team_id=T1&user_id=U1%3AU2&command=%2Fx",       /* another person's subject */
        "team_id=&user_id=U1&command=%2Fx",
        "user_id=U1&command=%2Fx",
        "",
    };
    struct slack_command c;
    arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(slack_command_parse(arena, str_of(bad[i]), &c), ERR_INPUT);
    arena_free(arena);
}
END_TEST

/* The JSON, as a form field; only what must be is escaped. */
static struct str form_of(const char *json)
{
    char *out = arena_alloc(arena, strlen(json) * 3 + 16);
    size_t n = (size_t)snprintf(out, 16, "payload=");
    for (; *json != '\0'; json++) {
        if (strchr("%&+ =", *json) != NULL)
            n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned)*json);
        else
            out[n++] = *json;
    }
    return (struct str){out, n};
}

START_TEST(a_click_says_who_what_and_why)
{
    struct slack_click c;
    bool ours;
    arena = arena_new(1 << 20);
    const struct str form = form_of(
        "{\"type\":\"block_actions\",\"user\":{\"id\":\"U1\",\"team_id\":\"T9\"},"
        "\"team\":{\"id\":\"T1\"},\"channel\":{\"id\":\"C1\"},\"message\":{\"ts\":\"1.2\"},"
        "\"response_url\":\"https://hooks.slack.com/actions/1\",\"state\":{\"values\":{"
        "\"closegate_reason\":{\"closegate_reason\":{\"type\":\"plain_text_input\","
        "\"value\":\"wire 4471 & more\"}}}},\"actions\":[{\"action_id\":\"closegate_confirm\","
        "\"value\":\"esc_1 ab\"}]}");
    ck_ok(slack_click_parse(arena, form, &ours, &c));
    ck_assert(ours);
    ck_assert_str_eq(c.team_id, "T9");
    ck_assert_str_eq(c.user_id, "U1");
    ck_assert_str_eq(c.reason, "wire 4471 & more");
    ck_assert_str_eq(c.value, "esc_1 ab");
    ck_assert_str_eq(c.message_ts, "1.2");
    arena_free(arena);
}
END_TEST

START_TEST(other_interactions_are_let_pass_and_broken_ones_refused)
{
    struct slack_click c;
    bool ours = true;
    arena = arena_new(1 << 20);
    ck_ok(slack_click_parse(arena, form_of("{\"type\":\"view_closed\"}"), &ours, &c));
    ck_assert(!ours);
    ck_ok(slack_click_parse(arena,
                            form_of("{\"type\":\"block_actions\",\"user\":{\"id\":\"U1\"},"
                                    "\"actions\":[{\"action_id\":\"closegate_open\"}]}"),
                            &ours, &c));
    ck_assert(!ours);
    ck_err(slack_click_parse(arena, STR("payload="), &ours, &c), ERR_INPUT);
    ck_err(slack_click_parse(arena, STR("x=1"), &ours, &c), ERR_INPUT);
    ck_err(slack_click_parse(arena, form_of("{\"type\":1,\"type\":2}"), &ours, &c), ERR_INPUT);
    ck_err(slack_click_parse(arena,
                             form_of("{\"type\":\"block_actions\",\"actions\":[{\"action_id\":"
                                     "\"closegate_confirm\",\"value\":\"v\"}]}"),
                             &ours, &c),
           ERR_INPUT);
    arena_free(arena);
}
END_TEST

TEST_MAIN("slack_in", slacks_own_example_is_slacks, anything_else_is_not,
          a_command_is_read_from_the_form, broken_forms_are_refused, a_click_says_who_what_and_why,
          other_interactions_are_let_pass_and_broken_ones_refused)
