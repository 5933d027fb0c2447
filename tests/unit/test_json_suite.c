/* JSON from outside, in the spirit of JSONTestSuite and written for this: y_ must be read, n_ must
 * be refused, i_ is ours to say and said here. What is read is compared with its canonical text
 * (RFC 8785), so that it is not only read but read as what it says. */
#include <string.h>

#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "tests/unit/test.h"

#define LIT(s)                                                                                     \
    {                                                                                              \
        (s), sizeof(s) - 1                                                                         \
    }

struct row {
    const char *name;
    struct str bytes;
    const char *canonical; /* NULL: it has none */
    enum err_kind refusal; /* ERR_NONE: it is read */
};

static const struct row yes[] = {
    {"y_array_empty", LIT("[]"), "[]", ERR_NONE},
    {"y_array_space_inside", LIT("[ ]"), "[]", ERR_NONE},
    {"y_array_of_one", LIT("[0]"), "[0]", ERR_NONE},
    {"y_array_of_arrays", LIT("[[],[[]],[[],[]]]"), "[[],[[]],[[],[]]]", ERR_NONE},
    {"y_array_every_type", LIT("[null,true,false,-1,\"\",[],{}]"),
     "[null,true,false,-1,\"\",[],{}]", ERR_NONE},
    {"y_array_newlines_between", LIT("[1\n,\r\n2\t]"), "[1,2]", ERR_NONE},
    {"y_array_trailing_space", LIT("[] \n"), "[]", ERR_NONE},
    {"y_object_empty", LIT("{}"), "{}", ERR_NONE},
    {"y_object_empty_key", LIT("{\"\":0}"), "{\"\":0}", ERR_NONE},
    {"y_object_nested_same_keys", LIT("{\"a\":{\"a\":{\"a\":1}}}"), "{\"a\":{\"a\":{\"a\":1}}}",
     ERR_NONE},
    {"y_object_same_key_in_siblings", LIT("[{\"a\":1},{\"a\":2}]"), "[{\"a\":1},{\"a\":2}]",
     ERR_NONE},
    {"y_object_keys_differ_in_case", LIT("{\"a\":1,\"A\":2}"), "{\"A\":2,\"a\":1}", ERR_NONE},
    {"y_object_escaped_key", LIT("{\"\\u0061b\":1}"), "{\"ab\":1}", ERR_NONE},
    {"y_object_key_with_nul", LIT("{\"a\\u0000b\":1}"), "{\"a\\u0000b\":1}", ERR_NONE},
    {"y_object_keys_with_and_without_nul", LIT("{\"a\\u0000\":1,\"a\":2}"),
     "{\"a\":2,\"a\\u0000\":1}", ERR_NONE},
    {"y_object_composed_and_decomposed", LIT("{\"\303\251\":1,\"e\314\201\":2}"),
     "{\"e\314\201\":2,\"\303\251\":1}", ERR_NONE},
    {"y_object_long_key",
     LIT("{\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
         "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
         "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
         "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\":1}"),
     "{\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
     "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
     "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
     "kkkkkkkkkkkkkkkkkkkkkkkk\":1}",
     ERR_NONE},
    {"y_lone_null", LIT("null"), "null", ERR_NONE},
    {"y_lone_true", LIT("true"), "true", ERR_NONE},
    {"y_lone_false", LIT("false"), "false", ERR_NONE},
    {"y_lone_zero", LIT("0"), "0", ERR_NONE},
    {"y_lone_string", LIT("\"s\""), "\"s\"", ERR_NONE},
    {"y_space_around", LIT(" \t\r\n 1 \t\r\n "), "1", ERR_NONE},
    {"y_number_negative_zero", LIT("-0"), "0", ERR_NONE},
    {"y_number_negative_zero_fraction", LIT("-0.0"), "0", ERR_NONE},
    {"y_number_zero_exponent", LIT("0e0"), "0", ERR_NONE},
    {"y_number_zero_big_exponent", LIT("0e+99"), "0", ERR_NONE},
    {"y_number_capital_e", LIT("1E2"), "100", ERR_NONE},
    {"y_number_plus_exponent", LIT("1e+2"), "100", ERR_NONE},
    {"y_number_minus_exponent", LIT("1e-2"), "0.01", ERR_NONE},
    {"y_number_exponent_leading_zeros", LIT("1e0002"), "100", ERR_NONE},
    {"y_number_fraction", LIT("3.14"), "3.14", ERR_NONE},
    {"y_number_fraction_zeros", LIT("3.1400"), "3.14", ERR_NONE},
    {"y_number_fraction_exponent", LIT("12.5e1"), "125", ERR_NONE},
    {"y_number_max_safe", LIT("9007199254740991"), "9007199254740991", ERR_NONE},
    {"y_number_min_safe", LIT("-9007199254740991"), "-9007199254740991", ERR_NONE},
    {"y_number_million_exponent_form", LIT("1000000e-6"), "1", ERR_NONE},
    {"y_number_just_below_exponent_form", LIT("100000000000000000000"), "100000000000000000000",
     ERR_NONE},
    {"y_number_first_in_exponent_form", LIT("1e21"), "1e+21", ERR_NONE},
    {"y_number_smallest_plain", LIT("0.000001"), "0.000001", ERR_NONE},
    {"y_number_first_small_exponent_form", LIT("0.0000001"), "1e-7", ERR_NONE},
    {"y_string_simple_escapes", LIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
     "\"\\\"\\\\/\\b\\f\\n\\r\\t\"", ERR_NONE},
    {"y_string_escaped_letter", LIT("\"\\u0041\""), "\"A\"", ERR_NONE},
    {"y_string_escape_upper_hex", LIT("\"\\u00E9\""), "\"\303\251\"", ERR_NONE},
    {"y_string_escape_lower_hex", LIT("\"\\u00e9\""), "\"\303\251\"", ERR_NONE},
    {"y_string_escaped_solidus", LIT("\"\\u002f\""), "\"/\"", ERR_NONE},
    {"y_string_escaped_quote", LIT("\"\\u0022\""), "\"\\\"\"", ERR_NONE},
    {"y_string_escaped_backslash", LIT("\"\\u005c\""), "\"\\\\\"", ERR_NONE},
    {"y_string_backslash_u_is_text", LIT("\"\\\\u0041\""), "\"\\\\u0041\"", ERR_NONE},
    {"y_string_nul_escape", LIT("\"\\u0000\""), "\"\\u0000\"", ERR_NONE},
    {"y_string_last_control_escape", LIT("\"\\u001F\""), "\"\\u001f\"", ERR_NONE},
    {"y_string_delete", LIT("\"\177\""), "\"\177\"", ERR_NONE},
    {"y_string_c1_control", LIT("\"\302\200\""), "\"\302\200\"", ERR_NONE},
    {"y_string_two_bytes", LIT("\"\337\277\""), "\"\337\277\"", ERR_NONE},
    {"y_string_three_bytes_first", LIT("\"\340\240\200\""), "\"\340\240\200\"", ERR_NONE},
    {"y_string_before_surrogates", LIT("\"\355\237\277\""), "\"\355\237\277\"", ERR_NONE},
    {"y_string_after_surrogates", LIT("\"\356\200\200\""), "\"\356\200\200\"", ERR_NONE},
    {"y_string_last_of_the_plane", LIT("\"\357\277\277\""), "\"\357\277\277\"", ERR_NONE},
    {"y_string_four_bytes_first", LIT("\"\360\220\200\200\""), "\"\360\220\200\200\"", ERR_NONE},
    {"y_string_last_code_point", LIT("\"\364\217\277\277\""), "\"\364\217\277\277\"", ERR_NONE},
    {"y_string_pair_escape", LIT("\"\\ud83d\\ude00\""), "\"\360\237\230\200\"", ERR_NONE},
    {"y_string_pair_escape_first", LIT("\"\\uD800\\uDC00\""), "\"\360\220\200\200\"", ERR_NONE},
    {"y_string_pair_escape_last", LIT("\"\\uDBFF\\uDFFF\""), "\"\364\217\277\277\"", ERR_NONE},
    {"y_string_two_pairs", LIT("\"\\ud83d\\ude00\\ud83d\\ude00\""),
     "\"\360\237\230\200\360\237\230\200\"", ERR_NONE},
    {"y_string_line_separators", LIT("\"\342\200\250\342\200\251\""),
     "\"\342\200\250\342\200\251\"", ERR_NONE},
    {"y_string_byte_order_mark_inside", LIT("\"\357\273\277\""), "\"\357\273\277\"", ERR_NONE},
    {"y_string_noncharacter", LIT("\"\\uFFFE\""), "\"\357\277\276\"", ERR_NONE},
    {"y_string_comment_inside", LIT("\"/* // */\""), "\"/* // */\"", ERR_NONE},
    {"y_string_thousand",
     LIT("\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxx\""),
     "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
     ERR_NONE},
};

static const struct row no[] = {
    {"n_nothing", LIT(""), NULL, ERR_INPUT},
    {"n_only_space", LIT(" \n"), NULL, ERR_INPUT},
    {"n_only_comma", LIT(","), NULL, ERR_INPUT},
    {"n_only_colon", LIT(":"), NULL, ERR_INPUT},
    {"n_only_quote", LIT("\""), NULL, ERR_INPUT},
    {"n_only_backslash", LIT("\\"), NULL, ERR_INPUT},
    {"n_only_minus", LIT("-"), NULL, ERR_INPUT},
    {"n_only_dot", LIT("."), NULL, ERR_INPUT},
    {"n_only_open_bracket", LIT("["), NULL, ERR_INPUT},
    {"n_only_close_bracket", LIT("]"), NULL, ERR_INPUT},
    {"n_only_open_brace", LIT("{"), NULL, ERR_INPUT},
    {"n_only_close_brace", LIT("}"), NULL, ERR_INPUT},
    {"n_array_comma_first", LIT("[,1]"), NULL, ERR_INPUT},
    {"n_array_comma_last", LIT("[1,]"), NULL, ERR_INPUT},
    {"n_array_two_commas", LIT("[1,,2]"), NULL, ERR_INPUT},
    {"n_array_only_comma", LIT("[,]"), NULL, ERR_INPUT},
    {"n_array_no_comma", LIT("[1 2]"), NULL, ERR_INPUT},
    {"n_array_colon", LIT("[1:2]"), NULL, ERR_INPUT},
    {"n_array_unclosed", LIT("[1"), NULL, ERR_INPUT},
    {"n_array_unclosed_comma", LIT("[1,"), NULL, ERR_INPUT},
    {"n_array_closed_twice", LIT("[1]]"), NULL, ERR_INPUT},
    {"n_array_closed_by_brace", LIT("[1}"), NULL, ERR_INPUT},
    {"n_array_inner_unclosed", LIT("[[1]"), NULL, ERR_INPUT},
    {"n_array_star", LIT("[*]"), NULL, ERR_INPUT},
    {"n_array_words", LIT("[a]"), NULL, ERR_INPUT},
    {"n_array_just_minus", LIT("[-]"), NULL, ERR_INPUT},
    {"n_array_missing_value_newline", LIT("[\n,1]"), NULL, ERR_INPUT},
    {"n_object_no_key", LIT("{:1}"), NULL, ERR_INPUT},
    {"n_object_no_colon", LIT("{\"a\" 1}"), NULL, ERR_INPUT},
    {"n_object_no_value", LIT("{\"a\":}"), NULL, ERR_INPUT},
    {"n_object_no_value_no_colon", LIT("{\"a\"}"), NULL, ERR_INPUT},
    {"n_object_comma_for_colon", LIT("{\"a\",1}"), NULL, ERR_INPUT},
    {"n_object_two_colons", LIT("{\"a\"::1}"), NULL, ERR_INPUT},
    {"n_object_comma_last", LIT("{\"a\":1,}"), NULL, ERR_INPUT},
    {"n_object_comma_first", LIT("{,\"a\":1}"), NULL, ERR_INPUT},
    {"n_object_two_commas", LIT("{\"a\":1,,\"b\":2}"), NULL, ERR_INPUT},
    {"n_object_unclosed", LIT("{\"a\":1"), NULL, ERR_INPUT},
    {"n_object_unclosed_key", LIT("{\"a"), NULL, ERR_INPUT},
    {"n_object_unclosed_after_colon", LIT("{\"a\":"), NULL, ERR_INPUT},
    {"n_object_closed_by_bracket", LIT("{\"a\":1]"), NULL, ERR_INPUT},
    {"n_object_bare_key", LIT("{a:1}"), NULL, ERR_INPUT},
    {"n_object_single_quotes", LIT("{'a':1}"), NULL, ERR_INPUT},
    {"n_object_number_key", LIT("{1:1}"), NULL, ERR_INPUT},
    {"n_object_null_key", LIT("{null:1}"), NULL, ERR_INPUT},
    {"n_object_array_key", LIT("{[]:1}"), NULL, ERR_INPUT},
    {"n_object_comment", LIT("{\"a\":1/**/}"), NULL, ERR_INPUT},
    {"n_object_line_comment", LIT("{\"a\":1//\n}"), NULL, ERR_INPUT},
    {"n_object_two", LIT("{}{}"), NULL, ERR_INPUT},
    {"n_object_trailing_brace", LIT("{}}"), NULL, ERR_INPUT},
    {"n_object_trailing_hash", LIT("{}#"), NULL, ERR_INPUT},
    {"n_object_trailing_comma_outside", LIT("{},"), NULL, ERR_INPUT},
    {"n_twin_keys", LIT("{\"a\":1,\"a\":2}"), NULL, ERR_INPUT},
    {"n_twin_keys_same_value", LIT("{\"a\":1,\"a\":1}"), NULL, ERR_INPUT},
    {"n_twin_keys_escaped", LIT("{\"a\":1,\"\\u0061\":2}"), NULL, ERR_INPUT},
    {"n_twin_keys_both_escaped", LIT("{\"\\u0061\":1,\"\\u0061\":2}"), NULL, ERR_INPUT},
    {"n_twin_keys_escaped_pair", LIT("{\"\360\237\230\200\":1,\"\\ud83d\\ude00\":2}"), NULL,
     ERR_INPUT},
    {"n_twin_keys_escaped_solidus", LIT("{\"/\":1,\"\\/\":2}"), NULL, ERR_INPUT},
    {"n_twin_keys_empty", LIT("{\"\":1,\"\":2}"), NULL, ERR_INPUT},
    {"n_twin_keys_apart", LIT("{\"a\":1,\"b\":2,\"c\":3,\"a\":4}"), NULL, ERR_INPUT},
    {"n_twin_keys_deep", LIT("[[{\"x\":[{\"a\":1,\"a\":2}]}]]"), NULL, ERR_INPUT},
    {"n_twin_keys_with_nul", LIT("{\"a\\u0000\":1,\"a\\u0000\":2}"), NULL, ERR_INPUT},
    {"n_number_plus", LIT("+1"), NULL, ERR_INPUT},
    {"n_number_two_minus", LIT("--1"), NULL, ERR_INPUT},
    {"n_number_minus_space", LIT("- 1"), NULL, ERR_INPUT},
    {"n_number_leading_zero", LIT("01"), NULL, ERR_INPUT},
    {"n_number_minus_leading_zero", LIT("-01"), NULL, ERR_INPUT},
    {"n_number_two_zeros", LIT("00"), NULL, ERR_INPUT},
    {"n_number_dot_first", LIT(".5"), NULL, ERR_INPUT},
    {"n_number_minus_dot", LIT("-.5"), NULL, ERR_INPUT},
    {"n_number_dot_last", LIT("5."), NULL, ERR_INPUT},
    {"n_number_dot_exponent", LIT("5.e1"), NULL, ERR_INPUT},
    {"n_number_two_dots", LIT("1.2.3"), NULL, ERR_INPUT},
    {"n_number_e_last", LIT("1e"), NULL, ERR_INPUT},
    {"n_number_e_sign_last", LIT("1e+"), NULL, ERR_INPUT},
    {"n_number_e_dot", LIT("1e1.5"), NULL, ERR_INPUT},
    {"n_number_two_e", LIT("1e1e1"), NULL, ERR_INPUT},
    {"n_number_e_first", LIT("e1"), NULL, ERR_INPUT},
    {"n_number_hex", LIT("0x1"), NULL, ERR_INPUT},
    {"n_number_octal", LIT("0o7"), NULL, ERR_INPUT},
    {"n_number_binary", LIT("0b1"), NULL, ERR_INPUT},
    {"n_number_underscore", LIT("1_0"), NULL, ERR_INPUT},
    {"n_number_comma_thousands", LIT("[1,000]"), NULL, ERR_INPUT},
    {"n_number_nan", LIT("NaN"), NULL, ERR_INPUT},
    {"n_number_infinity", LIT("Infinity"), NULL, ERR_INPUT},
    {"n_number_minus_infinity", LIT("-Infinity"), NULL, ERR_INPUT},
    {"n_number_inf", LIT("inf"), NULL, ERR_INPUT},
    {"n_number_suffix", LIT("1f"), NULL, ERR_INPUT},
    {"n_number_letters", LIT("1a"), NULL, ERR_INPUT},
    {"n_number_space_inside", LIT("1 0"), NULL, ERR_INPUT},
    {"n_number_full_width", LIT("\357\274\221"), NULL, ERR_INPUT},
    {"n_number_arabic_digit", LIT("\331\241"), NULL, ERR_INPUT},
    {"n_number_unicode_minus", LIT("\342\210\2221"), NULL, ERR_INPUT},
    {"n_literal_upper", LIT("TRUE"), NULL, ERR_INPUT},
    {"n_literal_title", LIT("True"), NULL, ERR_INPUT},
    {"n_literal_cut", LIT("nul"), NULL, ERR_INPUT},
    {"n_literal_long", LIT("nulll"), NULL, ERR_INPUT},
    {"n_literal_two", LIT("true false"), NULL, ERR_INPUT},
    {"n_literal_undefined", LIT("undefined"), NULL, ERR_INPUT},
    {"n_literal_none", LIT("None"), NULL, ERR_INPUT},
    {"n_string_unclosed", LIT("\"a"), NULL, ERR_INPUT},
    {"n_string_unclosed_escape", LIT("\"\\"), NULL, ERR_INPUT},
    {"n_string_escaped_end", LIT("\"\\\""), NULL, ERR_INPUT},
    {"n_string_single_quotes", LIT("'a'"), NULL, ERR_INPUT},
    {"n_string_backtick", LIT("`a`"), NULL, ERR_INPUT},
    {"n_string_bad_escape_x", LIT("\"\\x41\""), NULL, ERR_INPUT},
    {"n_string_bad_escape_letter", LIT("\"\\q\""), NULL, ERR_INPUT},
    {"n_string_bad_escape_quote", LIT("\"\\'\""), NULL, ERR_INPUT},
    {"n_string_bad_escape_zero", LIT("\"\\0\""), NULL, ERR_INPUT},
    {"n_string_bad_escape_upper_u", LIT("\"\\U0041\""), NULL, ERR_INPUT},
    {"n_string_escape_newline", LIT("\"\\\n\""), NULL, ERR_INPUT},
    {"n_string_short_u", LIT("\"\\u004\""), NULL, ERR_INPUT},
    {"n_string_no_hex", LIT("\"\\u\""), NULL, ERR_INPUT},
    {"n_string_u_not_hex", LIT("\"\\u00G0\""), NULL, ERR_INPUT},
    {"n_string_u_sign", LIT("\"\\u+041\""), NULL, ERR_INPUT},
    {"n_string_u_space", LIT("\"\\u 041\""), NULL, ERR_INPUT},
    {"n_string_u_braces", LIT("\"\\u{41}\""), NULL, ERR_INPUT},
    {"n_string_newline", LIT("\"\n\""), NULL, ERR_INPUT},
    {"n_string_tab", LIT("\"\t\""), NULL, ERR_INPUT},
    {"n_string_nul", LIT("\"\000\""), NULL, ERR_INPUT},
    {"n_string_last_control", LIT("\"\037\""), NULL, ERR_INPUT},
    {"n_string_leading_escape", LIT("\\u0022a\""), NULL, ERR_INPUT},
    {"n_lone_high_surrogate", LIT("\"\\ud800\""), NULL, ERR_INPUT},
    {"n_lone_low_surrogate", LIT("\"\\udc00\""), NULL, ERR_INPUT},
    {"n_high_then_text", LIT("\"\\ud800a\""), NULL, ERR_INPUT},
    {"n_high_then_other_escape", LIT("\"\\ud800\\n\""), NULL, ERR_INPUT},
    {"n_high_then_letter_escape", LIT("\"\\ud800\\u0041\""), NULL, ERR_INPUT},
    {"n_high_then_high", LIT("\"\\ud800\\ud800\""), NULL, ERR_INPUT},
    {"n_low_then_high", LIT("\"\\udc00\\ud800\""), NULL, ERR_INPUT},
    {"n_lone_surrogate_key", LIT("{\"\\udfff\":1}"), NULL, ERR_INPUT},
    {"n_utf8_lone_continuation", LIT("\"\200\""), NULL, ERR_INPUT},
    {"n_utf8_last_continuation", LIT("\"\277\""), NULL, ERR_INPUT},
    {"n_utf8_cut_two", LIT("\"\303\""), NULL, ERR_INPUT},
    {"n_utf8_cut_three", LIT("\"\342\202\""), NULL, ERR_INPUT},
    {"n_utf8_cut_four", LIT("\"\360\237\230\""), NULL, ERR_INPUT},
    {"n_utf8_overlong_slash_two", LIT("\"\300\257\""), NULL, ERR_INPUT},
    {"n_utf8_overlong_two_last", LIT("\"\301\277\""), NULL, ERR_INPUT},
    {"n_utf8_overlong_nul", LIT("\"\300\200\""), NULL, ERR_INPUT},
    {"n_utf8_overlong_three", LIT("\"\340\200\257\""), NULL, ERR_INPUT},
    {"n_utf8_overlong_three_last", LIT("\"\340\237\277\""), NULL, ERR_INPUT},
    {"n_utf8_overlong_four", LIT("\"\360\200\200\257\""), NULL, ERR_INPUT},
    {"n_utf8_overlong_four_last", LIT("\"\360\217\277\277\""), NULL, ERR_INPUT},
    {"n_utf8_surrogate_first", LIT("\"\355\240\200\""), NULL, ERR_INPUT},
    {"n_utf8_surrogate_last", LIT("\"\355\277\277\""), NULL, ERR_INPUT},
    {"n_utf8_surrogate_pair", LIT("\"\355\240\275\355\270\200\""), NULL, ERR_INPUT},
    {"n_utf8_past_the_last", LIT("\"\364\220\200\200\""), NULL, ERR_INPUT},
    {"n_utf8_f5", LIT("\"\365\200\200\200\""), NULL, ERR_INPUT},
    {"n_utf8_five_bytes", LIT("\"\370\210\200\200\200\""), NULL, ERR_INPUT},
    {"n_utf8_six_bytes", LIT("\"\374\204\200\200\200\200\""), NULL, ERR_INPUT},
    {"n_utf8_fe", LIT("\"\376\""), NULL, ERR_INPUT},
    {"n_utf8_ff", LIT("\"\377\""), NULL, ERR_INPUT},
    {"n_utf8_latin_1", LIT("\"\351\""), NULL, ERR_INPUT},
    {"n_utf8_bad_in_key", LIT("{\"\377\":1}"), NULL, ERR_INPUT},
    {"n_utf8_bad_outside", LIT("[]\377"), NULL, ERR_INPUT},
    {"n_utf8_cut_at_the_end", LIT("\"a\342"), NULL, ERR_INPUT},
    {"n_space_vertical_tab", LIT("\0131"), NULL, ERR_INPUT},
    {"n_space_form_feed", LIT("1\014"), NULL, ERR_INPUT},
    {"n_space_no_break", LIT("\302\2401"), NULL, ERR_INPUT},
    {"n_space_ideographic", LIT("[\343\200\200]"), NULL, ERR_INPUT},
    {"n_space_zero_width", LIT("[\342\200\213]"), NULL, ERR_INPUT},
    {"n_space_line_separator", LIT("1\342\200\250"), NULL, ERR_INPUT},
    {"n_space_next_line", LIT("\302\2051"), NULL, ERR_INPUT},
    {"n_nul_alone", LIT("\000"), NULL, ERR_INPUT},
    {"n_nul_before", LIT("\000[]"), NULL, ERR_INPUT},
    {"n_nul_after", LIT("[]\000"), NULL, ERR_INPUT},
    {"n_nul_inside", LIT("[\000]"), NULL, ERR_INPUT},
    {"n_nul_after_number", LIT("1\000"), NULL, ERR_INPUT},
    {"n_two_values", LIT("1 2"), NULL, ERR_INPUT},
    {"n_two_lines", LIT("{}\n{}"), NULL, ERR_INPUT},
    {"n_trailing_quote", LIT("{}\""), NULL, ERR_INPUT},
    {"n_trailing_cut_string", LIT("{}\"a"), NULL, ERR_INPUT},
    {"n_trailing_cut_escape", LIT("[] \"\\u00"), NULL, ERR_INPUT},
    {"n_trailing_cut_literal", LIT("{}tru"), NULL, ERR_INPUT},
    {"n_trailing_cut_null", LIT("[] n"), NULL, ERR_INPUT},
    {"n_trailing_minus", LIT("{}-"), NULL, ERR_INPUT},
    {"n_trailing_number", LIT("[]1"), NULL, ERR_INPUT},
    {"n_trailing_number_cut", LIT("{} 1e"), NULL, ERR_INPUT},
    {"n_trailing_after_number", LIT("1\""), NULL, ERR_INPUT},
    {"n_trailing_after_string", LIT("\"a\" fals"), NULL, ERR_INPUT},
    {"n_trailing_after_literal", LIT("null -"), NULL, ERR_INPUT},
    {"n_comment_before", LIT("/**/1"), NULL, ERR_INPUT},
    {"n_comment_hash", LIT("#\n1"), NULL, ERR_INPUT},
    {"n_xml", LIT("<a/>"), NULL, ERR_INPUT},
    {"n_html", LIT("<!DOCTYPE html>"), NULL, ERR_INPUT},
    {"n_utf16_little", LIT("\377\376[\000]\000"), NULL, ERR_INPUT},
    {"n_utf16_big", LIT("\376\377\000[\000]"), NULL, ERR_INPUT},
    {"n_utf16_big_no_mark", LIT("\000[\000]"), NULL, ERR_INPUT},
    {"n_utf32", LIT("[\000\000\000]\000\000\000"), NULL, ERR_INPUT},
};

static const struct row ours[] = {
    /* read as its literal; has no double, so no canonical text */
    {"i_number_huge_exponent", LIT("1e400"), NULL, ERR_NONE},
    /* the same */
    {"i_number_minus_huge_exponent", LIT("-1e9999999999"), NULL, ERR_NONE},
    /* read as its literal; canonical as the nearest double */
    {"i_number_huge_integer", LIT("123456789012345678901234567890"), "1.2345678901234568e+29",
     ERR_NONE},
    /* the nearest double is zero */
    {"i_number_tiny", LIT("1e-400"), "0", ERR_NONE},
    /* the nearest double */
    {"i_number_past_safe", LIT("9007199254740993"), "9007199254740992", ERR_NONE},
    /* the nearest double */
    {"i_number_many_digits",
     LIT("0."
         "11111111111111111111111111111111111111111111111111111111111111111111111111111111111111111"
         "11111111111111111111111111111111111111111111111111111111111111111111111111111111111111111"
         "1111111111111111111111"),
     "0.1111111111111111", ERR_NONE},
    /* the shortest text that reads back */
    {"i_number_smallest_double", LIT("4.9e-324"), "5e-324", ERR_NONE},
    /* minus zero is zero */
    {"i_number_minus_tiny", LIT("-1e-400"), "0", ERR_NONE},
    /* they are code points */
    {"i_string_noncharacters_in_utf8", LIT("\"\357\267\220\360\237\277\276\""),
     "\"\357\267\220\360\237\277\276\"", ERR_NONE},
    /* they are code points */
    {"i_string_private_use", LIT("\"\356\200\200\364\217\277\275\""),
     "\"\356\200\200\364\217\277\275\"", ERR_NONE},
    /* kept here; what is shown to people is another matter */
    {"i_string_bidi_override", LIT("\"\342\200\256\""), "\"\342\200\256\"", ERR_NONE},
    /* refused: RFC 8259 8.1 lets a reader, not us */
    {"i_byte_order_mark", LIT("\357\273\277{}"), NULL, ERR_INPUT},
    /* refused */
    {"i_byte_order_mark_alone", LIT("\357\273\277"), NULL, ERR_INPUT},
    /* refused */
    {"i_byte_order_mark_cut", LIT("\357\273{}"), NULL, ERR_INPUT},
    /* refused: not text */
    {"i_lone_surrogates_swapped_pair", LIT("\"\\ude00\\ud83d\""), NULL, ERR_INPUT},
    /* refused: two readers could see two documents */
    {"i_twin_keys_last_null", LIT("{\"a\":1,\"a\":null}"), NULL, ERR_INPUT},
    /* the deepest that is read */
    {"i_depth_32", LIT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
     "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", ERR_NONE},
    /* one too deep */
    {"i_depth_33", LIT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"), NULL,
     ERR_LIMIT},
    /* one too deep */
    {"i_depth_33_objects",
     LIT("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
         "\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
         "\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}}}}}}}}}}}}}}}}"
         "}}}}}}}"),
     NULL, ERR_LIMIT},
    /* the depth is what is told */
    {"i_depth_33_unclosed", LIT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["), NULL, ERR_LIMIT},
    /* the depth is what is told */
    {"i_depth_500_mixed",
     LIT("[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":["
         "{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{"
         "\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":"),
     NULL, ERR_LIMIT},
};

static void check_row(const struct row *row)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *tree = NULL;
    struct str out;
    struct err e = json_read(a, row->bytes, NULL, &tree);
    ck_assert_msg(e.kind == row->refusal, "%s: %s (%s)", row->name, err_kind_name(e.kind), e.msg);
    if (e.kind != ERR_NONE) {
        ck_assert_msg(tree == NULL && e.msg != NULL && e.msg[0] != '\0', "%s", row->name);
        return;
    }
    e = jcs_text(a, tree, &out);
    ck_assert_msg((e.kind == ERR_NONE) == (row->canonical != NULL), "%s: %s", row->name, e.msg);
    if (row->canonical == NULL)
        return;
    ck_assert_msg(strcmp(out.at, row->canonical) == 0, "%s: %s", row->name, out.at);
    /* and the canonical text is a fixed point */
    ck_ok(json_read(a, out, NULL, &tree));
    struct str again;
    ck_ok(jcs_text(a, tree, &again));
    ck_assert_msg(strcmp(again.at, out.at) == 0, "%s: %s", row->name, again.at);
}

START_TEST(what_must_be_read_is_read_as_what_it_says)
{
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        check_row(&yes[i]);
}
END_TEST

START_TEST(what_must_be_refused_is_refused)
{
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        check_row(&no[i]);
}
END_TEST

START_TEST(what_is_ours_to_say_is_as_written_here)
{
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        check_row(&ours[i]);
}
END_TEST

/* A value that is refused alone is refused as an element and as a member, and one that is read is
 * read there, too: no other way in. */
START_TEST(it_is_the_same_inside_arrays_and_objects)
{
    static const char *const around[][2] = {{"[", "]"}, {"{\"k\":", "}"}, {"[0,", ",1]"}};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        for (size_t k = 0; k < sizeof around / sizeof around[0]; k++) {
            CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
            struct json *tree = NULL;
            const char *text = arena_fmt(a, "%s%.*s%s", around[k][0], (int)yes[i].bytes.len,
                                         yes[i].bytes.at, around[k][1]);
            struct err e = json_read(a, str_of(text), NULL, &tree);
            ck_assert_msg(e.kind == ERR_NONE, "%s: %s", yes[i].name, e.msg);
        }
}
END_TEST

/* RFC 8785 3.2.2.2: what is escaped, and that all else is not. */
START_TEST(canonical_text_escapes_what_it_must_and_nothing_else)
{
    for (unsigned code = 0; code < 0x100; code++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        struct json *tree = NULL;
        struct str out;
        ck_ok(json_read(a, str_of(arena_fmt(a, "\"\\u%04x\"", code)), NULL, &tree));
        ck_ok(jcs_text(a, tree, &out));
        const bool must = code < 0x20 || code == '"' || code == '\\';
        ck_assert_msg((memchr(out.at, '\\', out.len) != NULL) == must, "U+%04X: %s", code, out.at);
    }
}
END_TEST

TEST_MAIN("json_suite", what_must_be_read_is_read_as_what_it_says, what_must_be_refused_is_refused,
          what_is_ours_to_say_is_as_written_here, it_is_the_same_inside_arrays_and_objects,
          canonical_text_escapes_what_it_must_and_nothing_else)
