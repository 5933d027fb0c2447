/* Texts made comparable, and how alike they are. */
#include "engine/recon/internal.h"
#include "tests/unit/test.h"

static struct words words;
static struct arena *arena;

static const struct norm *norm_of(enum recon_side side, const char *text, const char *reference)
{
    if (arena == NULL) {
        arena = arena_new((size_t)16 << 20);
        words_init(&words);
    }
    struct recon_entry e = {.id = "x", .text = text, .reference = reference, .side = side};
    const struct norm *n = normalise(&words, &e, arena);
    ck_assert_ptr_nonnull(n);
    return n;
}

static uint32_t alike(const char *bank, const char *book)
{
    return text_similarity(norm_of(RECON_BANK, bank, NULL), norm_of(RECON_BOOK, book, NULL));
}

static void name_is(const struct norm *n, const char *want)
{
    ck_assert_uint_eq(n->name_len, strlen(want));
    ck_assert_int_eq(memcmp(norm_bytes(n), want, strlen(want)), 0);
}

static bool has_ref(const struct norm *n, uint64_t ref)
{
    for (uint32_t i = 0; i < n->ref_n; i++) {
        if (norm_refs(n)[i] == ref)
            return true;
    }
    return false;
}

START_TEST(channel_words_and_numbers_are_not_names)
{
    name_is(norm_of(RECON_BANK, "WIRE TRF IN 9716803 HARBOUR CREATIV", NULL), "HARBOURCREATIV");
    name_is(norm_of(RECON_BANK, "E-PAYMENT  Harbour & Sons", NULL), "HARBOUR&SONS");
    name_is(norm_of(RECON_BANK, "CHECK #4532", NULL), "");
    name_is(norm_of(RECON_BANK, "", NULL), "");
    name_is(norm_of(RECON_BANK, NULL, NULL), "");
}
END_TEST

START_TEST(a_book_name_ends_at_the_first_separator)
{
    name_is(norm_of(RECON_BOOK, "Harbour Foods Inc - Repairs, INV-1352, May", NULL),
            "HARBOURFOODSINC");
    name_is(norm_of(RECON_BOOK, "VOID - Check #4527 to Harbour Foods LLP (wrong)", NULL),
            "HARBOURFOODSLLP");
    name_is(norm_of(RECON_BOOK, "O'Neil-Harbour", NULL), "ONEILHARBOUR");
}
END_TEST

START_TEST(accents_full_width_and_invisible_characters_do_not_matter)
{
    name_is(norm_of(RECON_BANK, "Caf\xC3\xA9 M\xC3\xBCller", NULL), "CAFEMULLER");
    name_is(norm_of(RECON_BANK,
                    "Stra\xC3\x9F"
                    "e",
                    NULL),
            "STRASSE");
    name_is(norm_of(RECON_BANK, "\xEF\xBC\xA1\xEF\xBD\x83me", NULL), "ACME");
    name_is(norm_of(RECON_BANK, "Ac\xE2\x80\x8B\xE2\x80\xAEme", NULL), "ACME");
    name_is(norm_of(RECON_BANK, "Ac\xFFme", NULL), "ACME"); /* split at the bad byte */
}
END_TEST

START_TEST(cheque_numbers_are_found_however_written)
{
    ck_assert(has_ref(norm_of(RECON_BANK, "CHECK #4532", NULL), REF_CHEQUE | 4532));
    ck_assert(has_ref(norm_of(RECON_BANK, "CHEQUE NO 004532", NULL), REF_CHEQUE | 4532));
    ck_assert(has_ref(norm_of(RECON_BOOK, "Harbour", "CHK-4532"), REF_CHEQUE | 4532));
    ck_assert(has_ref(norm_of(RECON_BOOK, "Harbour", "CHK-4532-V"), REF_CHEQUE | 4532));
    ck_assert(has_ref(norm_of(RECON_BANK, "CHECK", "0004532"), REF_CHEQUE | 4532));
    ck_assert(!has_ref(norm_of(RECON_BANK, "CHECK CARD 4532", NULL), REF_CHEQUE | 4532));
    ck_assert(
        !has_ref(norm_of(RECON_BOOK, "Harbour (replaces voided #4532)", NULL), REF_CHEQUE | 4532));
}
END_TEST

START_TEST(document_numbers_agree_across_spellings)
{
    const struct norm *a = norm_of(RECON_BANK, "ACH HARBOUR INV-1001", NULL);
    ck_assert_int_eq(ref_compare(a, norm_of(RECON_BOOK, "Harbour", "INV#1001")), REF_SAME_TEXT);
    ck_assert_int_eq(ref_compare(a, norm_of(RECON_BOOK, "Harbour, inv-1001", NULL)), REF_SAME_TEXT);
    ck_assert_int_eq(ref_compare(a, norm_of(RECON_BOOK, "Harbour", "INV-1002")), REF_ABSENT);
    ck_assert_int_eq(
        ref_compare(norm_of(RECON_BANK, "x", "E2E 00 77-A"), norm_of(RECON_BOOK, "y", "e2e0077a")),
        REF_SAME_HARD);
    ck_assert_int_eq(
        ref_compare(norm_of(RECON_BANK, "CHECK 12", NULL), norm_of(RECON_BOOK, "y", "CHK-13")),
        REF_DIFFER);
}
END_TEST

START_TEST(jaro_winkler_has_its_published_values)
{
    ck_assert_uint_eq(jaro_winkler("MARTHA", 6, "MARHTA", 6), 9610);
    ck_assert_uint_ge(jaro_winkler("DWAYNE", 6, "DUANE", 5), 8390);
    ck_assert_uint_le(jaro_winkler("DWAYNE", 6, "DUANE", 5), 8400);
    ck_assert_uint_eq(jaro_winkler("ABC", 3, "ABC", 3), 10000);
    ck_assert_uint_eq(jaro_winkler("ABC", 3, "XYZ", 3), 0);
    ck_assert_uint_eq(jaro_winkler("", 0, "XYZ", 3), 0);
}
END_TEST

START_TEST(a_name_survives_cuts_slips_and_lost_spaces)
{
    ck_assert_uint_eq(alike("ACH HARBOUR FOODS INC", "Harbour Foods Inc - May"), 10000);
    ck_assert_uint_ge(alike("ACH HARBOUR FOO", "Harbour Foods Inc - May"), 9900);
    ck_assert_uint_ge(alike("ACH HARBOURFOODSI", "Harbour Foods Inc - May"), 9900);
    ck_assert_uint_ge(alike("ACH HARBOUR FOODS INC", "Harbour FoodsI nc - May"), 9900);
    ck_assert_uint_ge(alike("ACH HARBOUR FOODS INC", "Habrour Foods Inc - May"), 9200);
    ck_assert_uint_ge(alike("ACH HARBOUR FOODS INC", "arbour Foods Inc - May"), 9200);
    ck_assert_uint_ge(alike("ACH FOODS HARBOUR", "Harbour Foods Inc - May"), 9000);
}
END_TEST

START_TEST(another_name_is_not_alike)
{
    ck_assert_uint_lt(alike("ACH HARBOUR FOODS INC", "Meadow Metals Inc - May"), 3000);
    ck_assert_uint_lt(alike("ACH HARBOUR FOODS INC", "Harbour Metals Inc - May"), 6000);
    ck_assert_uint_eq(alike("DEPOSIT", "Harbour Metals Inc - May"), 0);
    ck_assert_uint_gt(alike("ACH LAWSON & SONS", "Lawson & Sons - May"),
                      alike("ACH LAWSON & SONS", "Lawson Sons LLC - May"));
}
END_TEST

START_TEST(similarity_does_not_depend_on_the_order_of_its_arguments)
{
    static const char *const texts[] = {"HARBOUR FOODS INC",
                                        "HARBOR FOOD",
                                        "FOODS",
                                        "A B C D",
                                        "&",
                                        "LONGNAMEWITHOUTANYSPACESATALLINIT",
                                        "K. HARBOUR",
                                        ""};
    for (size_t i = 0; i < 8; i++) {
        for (size_t j = 0; j < 8; j++) {
            const struct norm *a = norm_of(RECON_BANK, texts[i], NULL);
            const struct norm *b = norm_of(RECON_BANK, texts[j], NULL);
            uint32_t s = name_prefix(norm_bytes(a), a->name_len, norm_bytes(b), b->name_len);
            ck_assert_uint_eq(s,
                              name_prefix(norm_bytes(b), b->name_len, norm_bytes(a), a->name_len));
            ck_assert_uint_le(s, 10000);
            ck_assert_uint_le(text_similarity(a, b), 10000);
        }
    }
}
END_TEST

START_TEST(endless_texts_are_cut_not_overrun)
{
    static char text[20000];
    uint64_t seed = 99;
    for (int round = 0; round < 200; round++) {
        size_t len = 1 + (size_t)round * 97 % (sizeof text - 1);
        for (size_t i = 0; i < len; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            text[i] = (char)(1 + (seed >> 33) % 255);
        }
        text[len] = '\0';
        const struct norm *n = norm_of(round % 2 == 0 ? RECON_BANK : RECON_BOOK, text, text);
        ck_assert_uint_le(n->token_n, NORM_TOKENS);
        ck_assert_uint_le(n->len, NORM_BYTES);
        ck_assert_uint_le(n->name_n, n->token_n);
    }
}
END_TEST

TEST_MAIN("recon_text", channel_words_and_numbers_are_not_names,
          a_book_name_ends_at_the_first_separator,
          accents_full_width_and_invisible_characters_do_not_matter,
          cheque_numbers_are_found_however_written, document_numbers_agree_across_spellings,
          jaro_winkler_has_its_published_values, a_name_survives_cuts_slips_and_lost_spaces,
          another_name_is_not_alike, similarity_does_not_depend_on_the_order_of_its_arguments,
          endless_texts_are_cut_not_overrun)
