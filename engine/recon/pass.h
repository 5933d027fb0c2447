/* One reconciliation pass: which bank lines and which book entries are the same cash event, which
 * cancel out on their own side, and what is left over. Pure: reads the entries it is given,
 * decides, and returns proposals with their evidence; it stores nothing and confirms nothing.
 *
 * Every entry ends in exactly one match or exactly one exception. The result does not depend on the
 * order of the entries: everything is sorted by content and id first. Where content cannot tell two
 * answers apart the match is marked `ambiguous`, with its alternatives; such a match is a question
 * for a human and recon_auto_confirmable says no.
 *
 * Amounts are signed as FINANCE 1.0 has it: positive increases the account, so the two sides of one
 * event carry the same sign. Scores are basis points, 0 to 10000. */
#ifndef ENGINE_RECON_PASS_H
#define ENGINE_RECON_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

enum recon_side {
    RECON_BANK = 0, /* what the bank or processor says */
    RECON_BOOK,     /* what the ledger says about the same account */
};

enum recon_flag {
    RECON_PENDING = 1u << 0,  /* not final: never matched, always an exception TIMING */
    RECON_REVERSAL = 1u << 1, /* the source says: this undoes another entry of its side */
};

/* Texts are NUL-terminated UTF-8 and may be NULL; they, and the array, must outlive the result.
 * `entity` and `account` are the caller's numbers for them: entries match only inside one entity,
 * account and currency. */
struct recon_entry {
    const char *id;           /* unique in the pass on its side; not NULL */
    const char *text;         /* description or memo as it came */
    const char *counterparty; /* the other party, where the source says it apart from the text */
    const char *reference;    /* cheque number, end-to-end id, document number */
    const char *key;          /* payout, remittance or batch id that several entries may share */
    const char *reverses;     /* id of the entry of the same side that this one undoes */
    int64_t amount_minor;
    int32_t day; /* days since 1970-01-01, in the entity's zone */
    uint32_t entity, account;
    uint32_t flags; /* enum recon_flag */
    enum recon_side side;
    char cur[4];
};

/* What people taught, by a match they confirmed: a bank text with one name and a book entry with
 * another are of one party, perhaps less a fee. Names as recon_learn gives them. */
enum recon_learned_fee {
    RECON_LEARNED_NO_FEE = 0,
    RECON_LEARNED_FIXED,      /* bank = book + fee_minor */
    RECON_LEARNED_PERCENTAGE, /* bank = book less fee_ppm millionths of it, half away from zero */
};
struct recon_learned {
    const char *id; /* the caller's; NULL from recon_learn */
    const char *bank_name, *book_name;
    int32_t lag_days; /* business days from book to bank, as usual between the two */
    enum recon_learned_fee fee;
    int64_t fee_minor, fee_ppm;
};

/* How to match: policy.matching. recon_params_default fills it; every field may then be changed.
 * Windows are business days (Monday to Friday less `holidays`). Basis points are of 10000. */
struct recon_params {
    const char *version; /* names these parameters in the evidence; not NULL */

    int32_t window_days;        /* bank and book dates of one event: 5 */
    int32_t window_cheque_days; /* a cheque, or the same name or reference late: 45 */
    int32_t window_group_days;  /* members of a group around its total: 10 */
    const int32_t *holidays;    /* ascending, weekdays only, days since 1970-01-01; may be NULL */
    size_t holidays_n;

    int64_t fee_max_minor;  /* a fee between bank and book, at most: 5000; 0 turns it off */
    uint32_t fee_share_max; /* and at most this share of the amount: 1000 (10 %) */
    bool transposition;     /* two digits changed places: true */
    bool book_net_of_fee;   /* also propose, lower, when the book is the one that is net: true */

    uint32_t weight_text, weight_reference, weight_date, weight_amount, weight_channel;
    uint32_t high_min;   /* at or above: a machine may confirm: 9000 */
    uint32_t review_min; /* below: not proposed: 7000 */
    uint32_t margin_min; /* best less runner-up, below: ambiguous: 500 */

    uint32_t group_items_max;      /* members found by sum alone: 5 */
    uint32_t group_candidates_max; /* among how many: 30 */
    uint32_t group_nodes_max;      /* search steps before giving up: 20000 */
    uint32_t candidates_max;       /* candidates looked at for one entry: 200 */
    size_t bytes_max;              /* memory of one pass: 1 GiB */

    const struct recon_learned *learned; /* at most RECON_LEARNED_MAX; must outlive the pass */
    size_t learned_n;
};

#define RECON_LEARNED_MAX 1000

enum recon_class {
    RECON_CLASS_NONE = 0,
    RECON_CLASS_EXACT,  /* "exact_match" */
    RECON_CLASS_FUZZY,  /* "fuzzy_match" */
    RECON_CLASS_MULTI,  /* "multi_to_one" */
    RECON_CLASS_OFFSET, /* "offset": both legs on one side, no cash moved */
};

enum recon_type {
    RECON_TYPE_NONE = 0,
    RECON_TYPE_HARD_KEY,      /* cheque number, document or payout id, and amount, agree */
    RECON_TYPE_EXACT,         /* amount, date and name agree */
    RECON_TYPE_REFERENCE,     /* amount and a normalised reference agree */
    RECON_TYPE_AMOUNT_ONLY,   /* the only pair with this amount; the bank text names nobody known */
    RECON_TYPE_LATE,          /* amount and name agree, outside the window */
    RECON_TYPE_ONE_TO_MANY,   /* one bank line, several book entries */
    RECON_TYPE_MANY_TO_ONE,   /* several bank lines, one book entry */
    RECON_TYPE_MANY_TO_MANY,  /* several each, all under one key */
    RECON_TYPE_FEE,           /* the bank kept a fee: bank < book */
    RECON_TYPE_BOOK_NET,      /* the book is net of a fee the bank does not show: bank > book */
    RECON_TYPE_TRANSPOSITION, /* two digits changed places */
    RECON_TYPE_FUZZY,         /* amount agrees, the name only partly */
    RECON_TYPE_REVERSAL,      /* an entry and its void or reversal on one side */
    RECON_TYPE_LEARNED_ALIAS, /* a learned rule says that the two names are one party */
    RECON_TYPE_LEARNED_FEE,   /* and that the bank shows the amount less this fee */
};

/* The parts of a score; a part that could not be compared is RECON_ABSENT and its weight is shared
 * out among the others. */
#define RECON_ABSENT UINT16_MAX
struct recon_parts {
    uint16_t text, reference, date, amount, channel;
};

struct recon_alternative {
    uint32_t entry; /* index of the entry that could stand in its place */
    uint16_t score_bp;
};
#define RECON_ALTERNATIVES 2

struct recon_match {
    const char *rule;                /* "exact/1": rule id and version, static */
    int64_t difference_minor;        /* bank less book */
    uint32_t legs;                   /* first leg in recon_result.legs: bank legs, then book legs */
    uint32_t bank_n, book_n;         /* an offset has one of them 0 */
    uint32_t search_n, search_nodes; /* group search: candidates, steps; 0 when none was made */
    uint8_t class, type;             /* enum recon_class, enum recon_type */
    uint8_t solutions;               /* answers counted: 1, or 2 for "two or more" */
    bool ambiguous, capped; /* capped: a ceiling cut the candidates, so never auto-confirmable */
    uint16_t score_bp, runner_up_bp, margin_bp;
    struct recon_parts parts;
    uint16_t learned; /* the rule of params->learned that found it, from 1; 0: none */
    struct recon_alternative alternatives[RECON_ALTERNATIVES]; /* best first; score 0: none */
};

enum recon_exception_class {
    RECON_EXC_NONE = 0,
    RECON_EXC_TIMING,
    RECON_EXC_MISSING_GL,
    RECON_EXC_MISSING_BANK,
    RECON_EXC_AMOUNT_BREAK,
    RECON_EXC_FEE,
    RECON_EXC_DUPLICATE,
    RECON_EXC_REVERSAL,
    RECON_EXC_UNIDENTIFIED_RECEIPT,
    RECON_EXC_NSF_RETURN,
    RECON_EXC_AMBIGUOUS,
    RECON_EXC_ZERO_AMOUNT,
};

struct recon_near {
    uint32_t entry;
    uint16_t score_bp;
    int64_t difference_minor; /* the exception's amount less the near miss's, saturated */
};
#define RECON_NEAR 3

struct recon_exception {
    uint32_t entry;
    uint8_t class, near_n;
    struct recon_near near[RECON_NEAR]; /* best first; for DUPLICATE the twin */
};

struct recon_result {
    const struct recon_entry *entries; /* as given */
    size_t entries_n;
    const char *params_version;
    uint32_t high_min;
    struct recon_match *matches; /* by earliest day, then rule, then content */
    size_t matches_n;
    uint32_t *legs; /* indexes into entries */
    size_t legs_n;
    struct recon_exception *exceptions; /* by day, side, then content */
    size_t exceptions_n;
    size_t bytes_peak; /* of the pass itself */
};

void recon_params_default(struct recon_params *params);

/* ERR_INPUT when a parameter makes no sense (a negative window, weights of 0, a threshold over
 * 10000, review above high …), naming it. */
MUST_CHECK struct err recon_params_check(const struct recon_params *params);

/* Matches `n` entries. ERR_INPUT for a missing or twice used id or an unknown side (`where` is the
 * id), ERR_LIMIT past params->bytes_max or 2^31 entries. *out is NULL on error, else the caller's
 * to free; it points at the entries and at params->version. */
MUST_CHECK struct err recon_pass(const struct recon_entry *entries, size_t n,
                                 const struct recon_params *params, struct recon_result **out);
void recon_result_free(struct recon_result *result);
CLEANUP_DEFINE(struct recon_result *, recon_result_free)

/* True when a machine may confirm this: high score, not ambiguous, one solution, nothing cut off
 * and nothing left over between the sides. Whether policy lets it is the gate's question. */
bool recon_auto_confirmable(const struct recon_result *result, const struct recon_match *match);

/* What one bank line and the book entry it was matched with teach. `fee` says how a difference is
 * to be read. ERR_INPUT, worded, when they teach nothing: a side names nobody, names and amounts
 * agree already, no fee explains the difference. Texts live in `arena`. */
struct arena;
MUST_CHECK struct err recon_learn(const struct recon_entry *bank, const struct recon_entry *book,
                                  enum recon_learned_fee fee, const struct recon_params *params,
                                  struct arena *arena, struct recon_learned *rule);

/* What the bank shows for a book entry of this amount under the rule; false when nothing is left.
 */
bool recon_fee_bank(const struct recon_learned *rule, int64_t book, int64_t *bank);

/* What was compared, in words for a reviewer: a few lines, one per field with both values. */
struct recon_compared {
    const char *field;       /* "amount", "date", "text", "reference" */
    const char *bank, *book; /* for an offset: the two legs */
    uint16_t score_bp;       /* RECON_ABSENT when not compared */
};
#define RECON_COMPARED_MAX 4

/* Fills at most RECON_COMPARED_MAX lines for the first bank and book legs of `match`; texts live in
 * `arena`. */
MUST_CHECK struct err recon_explain(const struct recon_result *result,
                                    const struct recon_match *match, struct arena *arena,
                                    struct recon_compared *lines, size_t *lines_n);

/* Names as they are stored: "exact_match", "one_to_many", "MISSING_GL" …; never NULL. */
const char *recon_class_name(enum recon_class c);
const char *recon_type_name(enum recon_type t);
const char *recon_exception_name(enum recon_exception_class c);

#endif
