/* The words that bank and ledger texts are padded with, and what each tells us. Everything not
 * listed is taken for a name. Upper-case, as normalise.c makes them. */
#include "engine/recon/internal.h"

static const struct word {
    char text[16];
    uint8_t kind;
} table[] = {
    {"ACH", WORD_CHANNEL},       {"DEBIT", WORD_CHANNEL},     {"CREDIT", WORD_CHANNEL},
    {"POS", WORD_CHANNEL},       {"WIRE", WORD_CHANNEL},      {"TRF", WORD_CHANNEL},
    {"TRANSFER", WORD_CHANNEL},  {"XFER", WORD_CHANNEL},      {"TFR", WORD_CHANNEL},
    {"E", WORD_CHANNEL},         {"EPAYMENT", WORD_CHANNEL},  {"PAYMENT", WORD_CHANNEL},
    {"PAYMENTS", WORD_CHANNEL},  {"PMT", WORD_CHANNEL},       {"PYMT", WORD_CHANNEL},
    {"AUTO", WORD_CHANNEL},      {"AUTOPAY", WORD_CHANNEL},   {"PAY", WORD_CHANNEL},
    {"EFT", WORD_CHANNEL},       {"BACS", WORD_CHANNEL},      {"SEPA", WORD_CHANNEL},
    {"SCT", WORD_CHANNEL},       {"SDD", WORD_CHANNEL},       {"CHAPS", WORD_CHANNEL},
    {"FPS", WORD_CHANNEL},       {"RTP", WORD_CHANNEL},       {"IN", WORD_CHANNEL},
    {"OUT", WORD_CHANNEL},       {"INCOMING", WORD_CHANNEL},  {"OUTGOING", WORD_CHANNEL},
    {"DR", WORD_CHANNEL},        {"CR", WORD_CHANNEL},        {"ONLINE", WORD_CHANNEL},
    {"RECURRING", WORD_CHANNEL}, {"PREAUTH", WORD_CHANNEL},   {"PURCHASE", WORD_CHANNEL},
    {"CARD", WORD_CHANNEL},      {"BILLPAY", WORD_CHANNEL},   {"WEBPMT", WORD_CHANNEL},
    {"RECEIVED", WORD_CHANNEL},  {"SENT", WORD_CHANNEL},      {"REF", WORD_CHANNEL},
    {"CCD", WORD_CHANNEL},       {"PPD", WORD_CHANNEL},       {"CTX", WORD_CHANNEL},
    {"INC", WORD_LEGAL},         {"LLC", WORD_LEGAL},         {"LTD", WORD_LEGAL},
    {"LIMITED", WORD_LEGAL},     {"CO", WORD_LEGAL},          {"CORP", WORD_LEGAL},
    {"COMPANY", WORD_LEGAL},     {"CORPORATION", WORD_LEGAL}, {"INCORPORATED", WORD_LEGAL},
    {"LLP", WORD_LEGAL},         {"LP", WORD_LEGAL},          {"PLC", WORD_LEGAL},
    {"GMBH", WORD_LEGAL},        {"KG", WORD_LEGAL},          {"AG", WORD_LEGAL},
    {"KK", WORD_LEGAL},          {"PVT", WORD_LEGAL},         {"PTY", WORD_LEGAL},
    {"SA", WORD_LEGAL},          {"SAS", WORD_LEGAL},         {"SARL", WORD_LEGAL},
    {"SRL", WORD_LEGAL},         {"SPA", WORD_LEGAL},         {"BV", WORD_LEGAL},
    {"NV", WORD_LEGAL},          {"AB", WORD_LEGAL},          {"AS", WORD_LEGAL},
    {"OY", WORD_LEGAL},          {"APS", WORD_LEGAL},         {"PTE", WORD_LEGAL},
    {"THE", WORD_LEGAL},         {"&", WORD_LEGAL},           {"AND", WORD_LEGAL},
    {"TO", WORD_JOIN},           {"FROM", WORD_JOIN},         {"FOR", WORD_JOIN},
    {"BY", WORD_JOIN},           {"OF", WORD_JOIN},           {"NO", WORD_NUMBER},
    {"NUM", WORD_NUMBER},        {"NR", WORD_NUMBER},         {"NUMBER", WORD_NUMBER},
    {"CHECK", WORD_CHEQUE},      {"CHEQUE", WORD_CHEQUE},     {"CHK", WORD_CHEQUE},
    {"CHQ", WORD_CHEQUE},        {"CK", WORD_CHEQUE},         {"VOID", WORD_VOID},
    {"VOIDED", WORD_VOID},       {"CANCELLED", WORD_VOID},    {"CANCELED", WORD_VOID},
    {"REVERSAL", WORD_REVERSAL}, {"REVERSED", WORD_REVERSAL}, {"REVERSE", WORD_REVERSAL},
    {"REV", WORD_REVERSAL},      {"RVSL", WORD_REVERSAL},     {"STORNO", WORD_REVERSAL},
    {"NSF", WORD_NSF},           {"RETURNED", WORD_NSF},      {"RETURN", WORD_NSF},
    {"BOUNCED", WORD_NSF},       {"UNPAID", WORD_NSF},        {"FEE", WORD_FEE},
    {"FEES", WORD_FEE},          {"CHARGE", WORD_FEE},        {"CHARGES", WORD_FEE},
    {"INTEREST", WORD_FEE},      {"COMMISSION", WORD_FEE},    {"DEPOSIT", WORD_DEPOSIT},
    {"LOCKBOX", WORD_DEPOSIT},   {"DEP", WORD_DEPOSIT},
};
#define TABLE_N (sizeof table / sizeof table[0])

uint64_t hash_bytes(const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        h = (h ^ at[i]) * UINT64_C(0x100000001b3);
    return h ^ (h >> 29);
}

void words_init(struct words *words)
{
    memset(words, 0, sizeof *words);
    for (size_t i = 0; i < TABLE_N; i++) {
        size_t at = hash_bytes(table[i].text, strlen(table[i].text)) % WORD_SLOTS;
        while (words->slot[at] != 0)
            at = (at + 1) % WORD_SLOTS;
        words->slot[at] = (uint16_t)(i + 1);
    }
}

enum word_kind words_kind(const struct words *words, const char *word, size_t len)
{
    if (len >= sizeof table[0].text)
        return WORD_NAME;
    size_t at = hash_bytes(word, len) % WORD_SLOTS;
    for (; words->slot[at] != 0; at = (at + 1) % WORD_SLOTS) {
        const struct word *w = &table[words->slot[at] - 1];
        if (memcmp(w->text, word, len) == 0 && w->text[len] == '\0')
            return (enum word_kind)w->kind;
    }
    return WORD_NAME;
}
