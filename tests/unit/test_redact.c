/* What leaves for the provider: numbers of accounts do not, everything else does. */
#include "agent/llm/redact.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "tests/unit/test.h"

#define M "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2"

static struct arena *arena;
static struct redactor *redactor;

static void up(void)
{
    arena = arena_new((size_t)128 << 20);
    ck_ok(redactor_new(arena, NULL, &redactor));
}

static void down(void)
{
    redactor_free(redactor);
    arena_free(arena);
}

static const char *redacted(const char *text, size_t *count)
{
    struct str out = {NULL, 0};
    ck_ok(redact_text(redactor, arena, str_of(text), &out, count));
    const char *got = str_dup(arena, out);
    ck_assert_ptr_nonnull(got);
    return got;
}

static void becomes(const char *text, const char *want)
{
    size_t count = 0;
    ck_assert_str_eq(redacted(text, &count), want);
    ck_assert_msg(count > 0, "nothing was counted for %s", text);
}

/* No digit of it but the last four is left. */
static void hides(const char *text, const char *number)
{
    size_t count = 0;
    const char *got = redacted(text, &count);
    ck_assert_msg(count > 0 && strstr(got, number) == NULL, "%s stayed as %s", text, got);
    ck_assert_msg(strstr(got, M) != NULL, "%s became %s", text, got);
}

static void stays(const char *text)
{
    size_t count = 0;
    struct str out = {NULL, 0};
    ck_ok(redact_text(redactor, arena, str_of(text), &out, &count));
    ck_assert_msg(out.at == text && count == 0, "%s became %.*s", text, (int)out.len, out.at);
}

static void tree_becomes(const char *text, const char *want)
{
    struct json *tree;
    const struct json *out;
    size_t count = 0;
    ck_ok(json_read(arena, str_of(text), NULL, &tree));
    ck_ok(redact_tree(redactor, arena, tree, &out, &count));
    CLEANUP(jw_fini) struct jw w;
    struct str body;
    jw_init(&w, 1 << 20);
    jw_tree(&w, NULL, out);
    ck_ok(jw_done(&w, &body));
    const char *got = str_dup(arena, body);
    ck_assert_ptr_nonnull(got);
    ck_assert_str_eq(got, want);
    ck_assert_msg((count > 0) == (strcmp(text, want) != 0), "%zu counted for %s", count, text);
    ck_assert(count > 0 || out == tree);
}

START_TEST(an_iban_keeps_its_last_four_however_it_is_written)
{
    becomes("pay DE89370400440532013000 now", "pay " M "3000 now");
    becomes("pay DE89 3704 0044 0532 0130 00 now", "pay " M "3000 now");
    becomes("pay de89 37040044 0532-0130.00 now", "pay " M "3000 now");
    becomes("GB29 NWBK 6016 1331 9268 19", M "6819");
    becomes("(FR14 2004 1010 0505 0001 3M02 606)", "(" M "2606)");
    becomes("MT84 MALT 0110 0001 2345 MTLC AST0 01S", M "001S");
    becomes("NO9386011117947/CH9300762011623852957", M "7947/" M "2957");
    becomes("IBANDE89370400440532013000", "IBAN" M "3000");
    becomes("D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0", M "3000");
    becomes("wrapped DE8937040044\n0532013000", "wrapped " M "3000");
    becomes("BICCOBADEFFXXX DE89370400440532013000EUR 12.00", "BICCOBADEFFXXX " M "3000EUR 12.00");
}
END_TEST

START_TEST(an_iban_with_a_wrong_digit_is_hidden_only_behind_its_word)
{
    stays("order DE88370400440532013000");
    becomes("IBAN: DE88370400440532013000", "IBAN: " M "3000");
}
END_TEST

START_TEST(a_cards_number_keeps_its_last_four)
{
    becomes("card 4111 1111 1111 1111 was charged", "card " M "1111 was charged");
    becomes("4111111111111111", M "1111");
    becomes("4111-1111-1111-1111", M "1111");
    becomes("4111.1111.1111.1111", M "1111");
    becomes("4111/1111/1111/1111", M "1111");
    becomes("amex 3782 822463 10005, jcb 3530111333300000", "amex " M "0005, jcb " M "0000");
    becomes("2026-03-04 5555 5555 5555 4444 12.50 EUR", "2026-03-04 " M "4444 12.50 EUR");
    becomes("mc5555555555554444usd", "mc" M "4444usd");
    stays("4111 1111 1111 1112");
    stays("9111111111111111");
}
END_TEST

START_TEST(digits_behind_a_word_that_announces_them_are_hidden)
{
    becomes("Acct #: 0012-3456-789", "Acct #: " M "6789");
    becomes("account number is 12345678", "account number is " M "5678");
    becomes("A/C No. 00123456789", "A/C No. " M "6789");
    becomes("Konto-Nr. 532013000, BLZ 37040044", "Konto-Nr. " M "3000, BLZ " M "0044");
    becomes("Kontonummer: 0532 0130 00", "Kontonummer: " M "3000");
    becomes("num\xc3\xa9ro de compte : 00123456789", "num\xc3\xa9ro de compte : " M "6789");
    becomes("n\xc3\xbamero de cuenta 2100041845020005", "n\xc3\xbamero de cuenta " M "0005");
    becomes("routing 021000021 account 1234567", "routing " M "0021 account " M);
    becomes("ABA# 021000021", "ABA# " M "0021");
    becomes("sort code 12-34-56", "sort code " M);
    becomes("BSB 062-000", "BSB " M);
    becomes("CLABE: 032180000118359719", "CLABE: " M "9719");
    becomes("IFSC HDFC0001234", "IFSC " M);
    becomes("SWIFT acct 12345678901", "SWIFT acct " M "8901");
    becomes("accounts 12345678, 87654321 and 11223344",
            "accounts " M "5678, " M "4321 and " M "3344");
    becomes("bank_account_no=12345678", "bank_account_no=" M "5678");
    becomes("myAccountNumber\": \"12345678\"", "myAccountNumber\": \"" M "5678\"");
    becomes("DDA 0001234567, bankgiro 123-4567, nr konta 12 1020 1026 0000 0422 7020 1111",
            "DDA " M "4567, bankgiro " M ", nr konta " M "1111");
    becomes("a/c: 123-456789-0 (Chase)", "a/c: " M "7890 (Chase)");
    becomes("wire to acct0012345678", "wire to acct" M "5678");
    becomes("account 12345678 2026-03-04", "account " M "5678 2026-03-04");
}
END_TEST

START_TEST(amounts_dates_ids_digests_and_codes_stay)
{
    stays("1,234,567.89 USD, 1.234.567,89 EUR, 41234567890.12, 41 234 567 890.12, 12345678901234");
    stays("2026-03-04T10:11:12.123456Z and 04.03.2026 and 20260304101112 and 1772618000123456");
    stays("exc_01J8ZQ3V9KXW4T2M7N5P6R8S0A esc_01HZX3K9QW4E5R6T7Y8A9B0C1D");
    stays("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    stays("code 7QK4-M2XD, invoice INV-2026-0012345, invoice 2026001234567, PO 4500012345");
    stays("account 1010, accounts 4000 4100 5000 5100, account 400000 and accounts 1000-1999");
    stays("accounting for 2026001234, an accountant's 12345678, accounts payable 12345678.90");
    stays("account balance 1234567.89 of 2026-03-04; account 1010 invoice 20260012345");
    stays("account acc_01J8ZQ3V9KXW4T2M7N5P6R8S0A holds 12 entries");
    stays(
        "2026-03-30 2026-03-31 2026-04-01 2026-04-02, 30.03.2026 31.03.2026 01.04.2026 02.04.2026");
    stays("unit 583.3333333333, account 154d05abe9f24c4babe0f6a741dec1b9");
    stays("account 85948925-2c77-4519-3a47-608fa3211081, AcctSvcrRef ACSR160617103200001");
    stays("account servicer reference 160617103200001");
    stays("uuid 550e8400-e29b-41d4-a716-446655440000");
    stays("we call it at 12, no 34 is as good");
    stays("payout po_1Nv4 from Stripe \xe2\x82\xac"
          "12.50 \xe2\x80\x93 caf\xc3\xa9 "
          "\xe6\x97\xa5\xe6\x9c\xac");
}
END_TEST

START_TEST(other_shapes_of_digits_hide_nothing)
{
    /* full-width, Arabic-Indic, mathematical bold */
    becomes("\xef\xbc\x94\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91 1111 1111 1111", M "1111");
    hides("\xd9\xa4\xd9\xa1\xd9\xa1\xd9\xa1 1111 1111 1111", "1111 1111");
    hides("\xf0\x9d\x9f\x92\xf0\x9d\x9f\x8f\xf0\x9d\x9f\x8f\xf0\x9d\x9f\x8f"
          "111111111111",
          "1111111");
    becomes("\xef\xbc\xa4\xef\xbc\xa5"
            "89370400440532013000",
            M "3000");
    becomes("\xef\xbd\x81\xef\xbd\x83\xef\xbd\x83\xef\xbd\x94 12345678",
            "\xef\xbd\x81\xef\xbd\x83\xef\xbd\x83\xef\xbd\x94 " M "5678");
}
END_TEST

START_TEST(what_nobody_sees_between_digits_hides_nothing)
{
    becomes("4111\xe2\x80\x8b"
            "1111\xc2\xa0"
            "1111\xe2\x80\xaf"
            "1111",
            M "1111");
    becomes("41\xcc\xb6"
            "11\xef\xbb\xbf"
            "1111\xc2\xad"
            "1111\xf3\xa0\x80\xb1"
            "1111",
            M "1111");
    becomes("DE89\xe2\x80\x8d"
            "3704\xe2\x80\x8d"
            "00440532013000",
            M "3000");
    becomes("acc\xe2\x80\x8bount 1234\xe2\x80\x93"
            "5678",
            "acc\xe2\x80\x8bount " M "5678");
    becomes("4111\x01"
            "1111\x7f"
            "11111111",
            M "1111");
    becomes("4111\xff"
            "1111\xc3"
            "11111111",
            M "1111");
}
END_TEST

START_TEST(what_nobody_sees_does_not_join_a_number_to_another_either)
{
    hides("7\xff"
          "4111111111111111",
          "4111111111111111");
    hides("4111111111111111\xe2\x80\x8b"
          "7",
          "4111111111111111");
    hides("7\xe2\x80\x8bGB29NWBK60161331926819", "GB29NWBK60161331926819");
    hides("4111111111111111\xef\xbc\x91", "4111111111111111"); /* a full-width 1 */
    hides("\xef\xbc\x94"
          "4111111111111111",
          "4111111111111111");
}
END_TEST

START_TEST(what_comes_out_is_utf8_whatever_went_in)
{
    size_t count = 0;
    ck_assert_str_eq(redacted("a\xff 12 \xc3", &count), "a\xef\xbf\xbd 12 \xef\xbf\xbd");
    ck_assert_uint_eq(count, 0);
    becomes("\xff DE89370400440532013000 \xf0\x9f",
            "\xef\xbf\xbd " M "3000 \xef\xbf\xbd\xef\xbf\xbd");
    stays("");
}
END_TEST

START_TEST(a_masks_rest_makes_no_new_number)
{
    /* the IBAN's last four, and what stands behind, are a card's number */
    hides("CH5604835012345678009 4111 1111 1111 1111", "4111 1111");
    size_t count = 0;
    const char *once = redacted("account 41111111 1111 1111 4111111111111111 1111", &count);
    ck_assert_str_eq(redacted(once, &count), once);
}
END_TEST

START_TEST(members_say_by_their_names_what_they_hold)
{
    tree_becomes("{\"account_number\":\"12345678\",\"n\":1}",
                 "{\"account_number\":\"" M "5678\",\"n\":1}");
    tree_becomes("{\"payeeIban\":\"XX99 1234 5678\"}", "{\"payeeIban\":\"" M "5678\"}");
    tree_becomes("{\"routing_number\":21000021}", "{\"routing_number\":\"" M "0021\"}");
    tree_becomes("{\"Acct No.\":[\"00-123-456\",\"12345\"]}",
                 "{\"Acct No.\":[\"" M "3456\",\"" M "\"]}");
    tree_becomes("{\"bank_account\":\"0012345678\",\"clabe\":\"032180000118359719\"}",
                 "{\"bank_account\":\"" M "5678\",\"clabe\":\"" M "9719\"}");
    tree_becomes("{\"iban\":{\"value\":\"NO 12 3456\",\"checked\":\"2026-03-04\"}}",
                 "{\"iban\":{\"value\":\"" M "\",\"checked\":\"2026-03-04\"}}");
    tree_becomes("{\"pan\":4111111111111112}", "{\"pan\":\"" M "1112\"}");
    tree_becomes("{\"account_name\":\"Chase acct 0012345678\"}",
                 "{\"account_name\":\"Chase acct " M "5678\"}");
    tree_becomes("{\"entry_id\":\"bank:DE89370400440532013000\"}",
                 "{\"entry_id\":\"bank:" M "3000\"}");
    tree_becomes("{\"konto\":\"0012-3456-789\"}", "{\"konto\":\"" M "6789\"}");
}
END_TEST

START_TEST(the_ledgers_own_accounts_stay)
{
    const char *same[] = {
        "{\"account\":\"1010\",\"account_id\":\"0000400000\",\"accounts\":[\"1010\",\"4001000\"]}",
        "{\"difference_account\":\"4001000\",\"gl_account_number\":\"4001000\"}",
        "{\"bank_account\":\"1010\",\"account_name\":\"Chase operating\"}",
        "{\"amount\":\"41234567890.12\",\"n\":41234567890.12,\"at\":\"2026-03-04\",\"e\":1e30}",
        "{\"iban_checked_at\":\"2026-03-04\",\"bank_account_id\":\"acc_"
        "01J8ZQ3V9KXW4T2M7N5P6R8S0A\"}",
        "{\"entry_id\":\"bank-account-us:OP-2026030417\",\"bank_ids\":[\"konto-de:2026-03-04:17\"]"
        "}",
        "{\"account_balance\":\"12345678\",\"account_servicer_reference\":\"160617103200001\"}",
        "{\"discard\":\"123456789012\",\"note\":null,\"ok\":true,\"list\":[],\"o\":{}}",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        tree_becomes(same[i], same[i]);
}
END_TEST

START_TEST(names_and_numbers_of_a_tree_are_looked_through_too)
{
    tree_becomes("{\"a\":1,\"4111111111111111\":{\"DE89370400440532013000\":[4111111111111111]}}",
                 "{\"a\":1,\"" M "1111\":{\"" M "3000\":[\"" M "1111\"]}}");
    tree_becomes("{\"4111111111111111\":1,\"4111 1111 1111 1111\":2}",
                 "{\"" M "1111\":1,\"" M "1111 (2)\":2}");
    struct json *raw = json_raw_new(arena, STR("{\"iban\":\"DE89370400440532013000\"}"));
    const struct json *out;
    size_t count = 0;
    ck_ok(redact_tree(redactor, arena, raw, &out, &count));
    ck_assert_str_eq(json_get_text(out, "iban"), M "3000");
    ck_assert_uint_eq(count, 1);
}
END_TEST

START_TEST(a_tree_without_numbers_is_shared)
{
    struct json *tree;
    const struct json *out;
    size_t count = 0;
    ck_ok(json_read(arena, STR("{\"a\":{\"b\":\"x\"},\"c\":[\"4111111111111111\"]}"), NULL, &tree));
    ck_ok(redact_tree(redactor, arena, tree, &out, &count));
    ck_assert_ptr_eq(json_get(out, "a"), json_get(tree, "a"));
    ck_assert_ptr_ne(out, tree);
}
END_TEST

static struct err with_patterns(const char **items, size_t n, struct redactor **r)
{
    const struct setting_list list = {.items = items, .n = n};
    return redactor_new(arena, &list, r);
}

START_TEST(configured_patterns_are_looked_for_in_every_line)
{
    const char *items[] = {"^cust(omer)? [0-9]{3,5}$", "K-[0-9]{8}", "[,;]x"};
    struct redactor *r = NULL;
    struct str out;
    size_t count = 0;
    ck_ok(with_patterns(items, 3, &r));
    ck_ok(redact_text(r, arena, STR("a customer 1234\nCustomer 12345\nK-12345678 a,x"), &out,
                      &count));
    ck_assert_str_eq(str_dup(arena, out), "a customer 1234\n" M "\n" M "5678 a" M);
    ck_assert_uint_eq(count, 3);
    redactor_free(r);
}
END_TEST

START_TEST(a_bad_pattern_is_named)
{
    struct redactor *r = NULL;
    const char *bad[] = {"[0-9", "(a)\\1", "x*", "a{2,1}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = with_patterns(&bad[i], 1, &r);
        ck_assert_int_eq(e.kind, ERR_INPUT);
        ck_assert_msg(strstr(e.msg, bad[i]) != NULL, "%s", e.msg);
    }
    ck_assert_ptr_null(r);
}
END_TEST

/* One word over and over, and what a megabyte of it takes. */
static void takes_little(const struct redactor *r, const char *word)
{
    const size_t len = (size_t)1 << 20, one = strlen(word);
    char *text = arena_alloc(arena, len + 1);
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < len; i++)
        text[i] = word[i % one];
    struct timespec a, b;
    struct str out;
    size_t count = 0;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    ck_ok(redact_text(r, arena, (struct str){text, len}, &out, &count));
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    const long ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
    printf("# %ld ms for 1 MiB of \"%.20s\"\n", ms, word);
    ck_assert_msg(ms < 20000, "%ld ms for %s", ms, word); /* far from linear; sanitizers take 3 s */
}

START_TEST(a_megabyte_takes_a_fraction_of_a_second)
{
    takes_little(redactor, "1");
    takes_little(redactor, "4 ");
    takes_little(redactor, "a");
    takes_little(redactor, "account ");
    takes_little(redactor, "account 12345678 ");
    takes_little(redactor, "de89");
    takes_little(redactor, "DE89370400440532013000 ");
    takes_little(redactor, "4111 ");
    takes_little(redactor, "\xe6\x97\xa5");
    takes_little(redactor, "{\"amount\":\"1234.56\",\"memo\":\"INV 2026001\"},");
    arena_reset(arena);
    const char *items[] = {".*x", "[0-9]+-[0-9]+y"};
    struct redactor *r = NULL;
    ck_ok(with_patterns(items, 2, &r));
    takes_little(r, "Customer 123-");
    redactor_free(r);
}
END_TEST

START_TEST(what_is_too_large_does_not_leave)
{
    struct arena *small = arena_new(64);
    struct str out;
    size_t count = 0;
    ck_err(redact_text(redactor, small,
                       STR("pay DE89370400440532013000 and then a long text that "
                           "does not fit in there at all, whatever one does"),
                       &out, &count),
           ERR_LIMIT);
    arena_free(small);
    static char text[REDACT_BYTES_MAX + 1];
    memset(text, '7', sizeof text);
    ck_err(redact_text(redactor, arena, (struct str){text, sizeof text}, &out, &count), ERR_LIMIT);
}
END_TEST

TEST_MAIN_AROUND("redact", up, down, an_iban_keeps_its_last_four_however_it_is_written,
                 an_iban_with_a_wrong_digit_is_hidden_only_behind_its_word,
                 a_cards_number_keeps_its_last_four,
                 digits_behind_a_word_that_announces_them_are_hidden,
                 amounts_dates_ids_digests_and_codes_stay, other_shapes_of_digits_hide_nothing,
                 what_nobody_sees_between_digits_hides_nothing,
                 what_nobody_sees_does_not_join_a_number_to_another_either,
                 what_comes_out_is_utf8_whatever_went_in, a_masks_rest_makes_no_new_number,
                 members_say_by_their_names_what_they_hold, the_ledgers_own_accounts_stay,
                 names_and_numbers_of_a_tree_are_looked_through_too,
                 a_tree_without_numbers_is_shared, configured_patterns_are_looked_for_in_every_line,
                 a_bad_pattern_is_named, a_megabyte_takes_a_fraction_of_a_second,
                 what_is_too_large_does_not_leave)
