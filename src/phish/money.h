/* Telephone numbers, amounts of money and addresses of cryptocurrencies in text. */
#ifndef MP_PHISH_MONEY_H
#define MP_PHISH_MONEY_H

#include "base/str.h"

enum {
    PHONE_MAX_DIGITS = 15, /* ITU-T E.164 6 */
    COIN_MAX_TRIES = 200   /* words of one text whose checksum is made */
};

/* The first number that is written for calls from anywhere: "+49 30 901820", "1 (888) 555-0123",
 * "888-555-0123" (toll-free in North America), "0044 ...". False: none. Linear. */
bool money_find_phone(struct str text, struct str *out);

/* "$399.99", "399 EUR", "\xe2\x82\xac 5". False: none. Linear. */
bool money_find_amount(struct str text, struct str *out);

/* An address of Bitcoin (base58 with its checksum, bech32 and bech32m with theirs) or of Ethereum
 * (its form alone). False: none. Linear. */
bool money_find_coin(struct str text, struct str *out);

#endif
