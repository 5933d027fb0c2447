/* A notice as a mail: headers that cannot be added to, text that arrives as it is. */
#include "agent/notify/mail.h"

#include <string.h>

#include "common/sys/smtp.h"
#include "tests/unit/test.h"

static struct arena *arena;

static struct card card_of(const char *entity, const char *memo)
{
    static struct card c;
    c = (struct card){.escalation_id = "esc_1",
                      .code = "7QK4-M2XD",
                      .state = "PENDING",
                      .open = true,
                      .act = "Confirm match",
                      .amount = "\xe2\x88\x92"
                                "87,432.10 EUR",
                      .entity_id = entity,
                      .clause = "Above 10,000 a person confirms.",
                      .pointer = "/materiality",
                      .due_us = INT64_C(1795340067000000),
                      .url = "https://w.example/inbox/esc_1"};
    c.lines[0] = (struct card_fact){"Bank", memo};
    c.lines_n = 1;
    return c;
}

static const char *mail_of(const struct card *card, const char *name)
{
    const struct mail_about about = {.from = "closegate@example.com",
                                     .to = "maria@example.com",
                                     .to_name = name,
                                     .lead = "Reminder",
                                     .delivery_id = "dlv_1",
                                     .host = "example.com",
                                     .now_us = INT64_C(1795253667000000)};
    struct str m;
    ck_ok(mail_message(arena, card, &about, &m));
    ck_assert_uint_eq(strlen(m.at), m.len);
    return m.at;
}

/* Every line ends in CRLF, none is longer than 998 bytes, and no other CR or LF is there. */
static void lines_hold(const char *m)
{
    size_t column = 0;
    for (; *m != '\0'; m++, column++) {
        ck_assert((unsigned char)*m < 0x80);
        if (*m == '\r') {
            ck_assert_int_eq(m[1], '\n');
            m++;
            column = 0;
        }
        ck_assert(*m != '\n' || m[-1] == '\r');
        ck_assert_uint_le(column, 200);
    }
}

START_TEST(a_mail_has_its_headers_and_says_what_the_card_says)
{
    arena = arena_new(4 << 20);
    const struct card c = card_of("DE-01", "ACME GmbH");
    const char *m = mail_of(&c, NULL);
    lines_hold(m);
    ck_assert_ptr_nonnull(strstr(m, "From: closegate <closegate@example.com>\r\n"));
    ck_assert_ptr_nonnull(strstr(m, "To: maria@example.com\r\n"));
    ck_assert_ptr_nonnull(strstr(m, "Date: Sat, 21 Nov 2026 09:34:27 +0000\r\n"));
    ck_assert_ptr_nonnull(strstr(m, "Message-ID: <dlv_1@example.com>\r\n"));
    ck_assert_ptr_nonnull(strstr(m, "Auto-Submitted: auto-generated\r\n"));
    ck_assert_ptr_nonnull(strstr(m, "Subject: =?UTF-8?B?"));
    ck_assert_ptr_nonnull(strstr(m, "\r\n\r\nConfirm match =C2=B7 =E2=88=9287,432.10 EUR"));
    ck_assert_ptr_nonnull(strstr(m, "Answer by 22 Nov 2026, 09:34 UTC\r\n"));
    ck_assert_ptr_nonnull(strstr(m, "https://w.example/inbox/esc_1\r\n"));
    arena_free(arena);
}
END_TEST

START_TEST(nothing_of_a_payee_or_a_name_becomes_a_header)
{
    arena = arena_new(4 << 20);
    const struct card c =
        card_of("DE\r\nBcc: all@example.com\r\n\r\nhello", "x\r\n.\r\nMAIL FROM:<evil>");
    const char *m = mail_of(&c, "Maria\r\nBcc: everybody@example.com");
    lines_hold(m);
    ck_assert_ptr_null(strstr(m, "\r\nBcc:"));
    ck_assert_ptr_null(strstr(m, "\r\nMAIL FROM"));
    ck_assert_ptr_null(strstr(m, "\r\n.\r\n"));
    arena_free(arena);
}
END_TEST

START_TEST(a_memo_of_ten_kilobytes_is_cut_and_no_line_ends_in_a_blank)
{
    char memo[10001];
    memset(memo, ' ', sizeof memo - 1);
    memo[sizeof memo - 1] = '\0';
    arena = arena_new(4 << 20);
    const struct card c = card_of("DE-01", memo);
    const char *m = mail_of(&c, NULL);
    lines_hold(m);
    ck_assert_uint_lt(strlen(m), 8000);
    ck_assert_ptr_null(strstr(m, " \r\n"));
    arena_free(arena);
}
END_TEST

START_TEST(header_text_is_plain_or_encoded_words_of_whole_characters)
{
    arena = arena_new(4 << 20);
    ck_assert_str_eq(mail_header_text(arena, "Reminder: Confirm", 9), "Reminder: Confirm");
    ck_assert_str_eq(mail_header_text(arena, "=?x?=", 9), "=?UTF-8?B?PT94Pz0=?=");
    const char *many = "";
    for (int i = 0; i < 60; i++)
        many = arena_fmt(arena, "%s\xe2\x82\xac", many);
    const char *words = mail_header_text(arena, many, 9);
    for (const char *p = words; p != NULL; p = strstr(p, "\r\n ")) {
        p += p == words ? 0 : 3;
        ck_assert_int_eq(strncmp(p, "=?UTF-8?B?", 10), 0);
        ck_assert_uint_le(strcspn(p, "\r"), 75);
        ck_assert_uint_eq(strcspn(p + 10, "?") % 4, 0);
    }
    arena_free(arena);
}
END_TEST

START_TEST(addresses_that_could_end_a_command_are_none)
{
    ck_assert(smtp_address_ok("maria.lindqvist+close@example.com"));
    static const char *const bad[] = {"",      "maria",   "@example.com", "maria@",
                                      "a@b@c", "a b@c",   "a@b>\r\nDATA", "a@b\r\n",
                                      "<a@b>", "a@b,c@d", "\"a b\"@c",    "a@\xc3\xa9.example"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!smtp_address_ok(bad[i]), "%s", bad[i]);
    ck_assert(!smtp_address_ok(NULL));
}
END_TEST

TEST_MAIN("mail", a_mail_has_its_headers_and_says_what_the_card_says,
          nothing_of_a_payee_or_a_name_becomes_a_header,
          a_memo_of_ten_kilobytes_is_cut_and_no_line_ends_in_a_blank,
          header_text_is_plain_or_encoded_words_of_whole_characters,
          addresses_that_could_end_a_command_are_none)
