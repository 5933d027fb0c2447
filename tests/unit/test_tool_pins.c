/* Pins: what was accepted stays beside what was seen last, and only what was seen is accepted. */
#include "agent/store/tool_pins.h"

#include "tests/unit/talk_book.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void see(struct fixture *f, const char *name, const char *sha256, const char *text)
{
    ck_ok(in_tx(f, pin_see(f->db, name, sha256, text, NOW)));
}

static struct tool_pin only(struct fixture *f)
{
    struct tool_pin *pins;
    size_t n;
    ck_ok(pin_list(f->db, f->arena, &pins, &n));
    ck_assert_uint_eq(n, 1);
    return pins[0];
}

START_TEST(a_tool_that_was_seen_is_not_accepted)
{
    FRESH(f);
    see(&f, "list_matches", SHA_A, "{}");
    struct tool_pin pin = only(&f);
    ck_assert_str_eq(pin.name, "list_matches");
    ck_assert_str_eq(pin.seen_sha256, SHA_A);
    ck_assert_str_eq(pin.seen_definition, "{}");
    ck_assert_int_eq(pin.seen_us, NOW);
    ck_assert_ptr_null(pin.sha256);
    ck_assert_ptr_null(pin.definition);
    ck_assert_ptr_null(pin.accepted_by);
    teardown(&f);
}
END_TEST

START_TEST(what_was_accepted_stays_when_another_is_seen)
{
    FRESH(f);
    see(&f, "list_matches", SHA_A, "one");
    ck_ok(in_tx(&f, pin_accept(f.db, "list_matches", SHA_A, "prn_ana", NOW + 5)));
    see(&f, "list_matches", SHA_B, "two");
    struct tool_pin pin = only(&f);
    ck_assert_str_eq(pin.sha256, SHA_A);
    ck_assert_str_eq(pin.definition, "one");
    ck_assert_str_eq(pin.accepted_by, "prn_ana");
    ck_assert_int_eq(pin.accepted_us, NOW + 5);
    ck_assert_str_eq(pin.seen_sha256, SHA_B);
    ck_assert_str_eq(pin.seen_definition, "two");
    teardown(&f);
}
END_TEST

START_TEST(nobody_accepts_what_they_were_not_shown)
{
    FRESH(f);
    see(&f, "list_matches", SHA_A, "one");
    see(&f, "list_matches", SHA_B, "two");
    ck_err(in_tx(&f, pin_accept(f.db, "list_matches", SHA_A, "prn_ana", NOW)), ERR_CONFLICT);
    ck_assert_ptr_null(only(&f).sha256);
    ck_err(in_tx(&f, pin_accept(f.db, "confirm_match", SHA_A, "prn_ana", NOW)), ERR_MISSING);
    ck_ok(in_tx(&f, pin_accept(f.db, "list_matches", SHA_B, "prn_ana", NOW)));
    ck_assert_str_eq(only(&f).definition, "two");
    teardown(&f);
}
END_TEST

START_TEST(accepting_needs_somebody_and_a_digest_is_one)
{
    FRESH(f);
    see(&f, "list_matches", SHA_A, "one");
    ck_err(in_tx(&f, pin_accept(f.db, "list_matches", SHA_A, NULL, NOW)), ERR_CONFLICT);
    ck_err(in_tx(&f, pin_see(f.db, "x", "abc", "one", NOW)), ERR_CONFLICT);
    ck_assert_ptr_null(only(&f).sha256);
    teardown(&f);
}
END_TEST

START_TEST(pins_are_listed_by_name)
{
    FRESH(f);
    struct tool_pin *pins;
    size_t n;
    see(&f, "b", SHA_A, "1");
    see(&f, "c", SHA_A, "2");
    see(&f, "a", SHA_A, "3");
    ck_ok(pin_list(f.db, f.arena, &pins, &n));
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(pins[0].name, "a");
    ck_assert_str_eq(pins[2].name, "c");
    teardown(&f);
}
END_TEST

TEST_MAIN("tool_pins", a_tool_that_was_seen_is_not_accepted,
          what_was_accepted_stays_when_another_is_seen, nobody_accepts_what_they_were_not_shown,
          accepting_needs_somebody_and_a_digest_is_one, pins_are_listed_by_name)
