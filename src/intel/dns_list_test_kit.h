/* DNS lists for tests: one of each kind, under names that nobody can own. */
#ifndef MP_INTEL_DNS_LIST_TEST_KIT_H
#define MP_INTEL_DNS_LIST_TEST_KIT_H

#include "intel/dns_list.h"

#define KIT_CODE(from, to, what, how, text)                                                        \
    {                                                                                              \
        .first = (from), .last = (to), .kind = (what), .severity = (how),                          \
        .meaning = STR_INIT(text)                                                                  \
    }
#define KIT_BITS(mask, what, how, text)                                                            \
    {                                                                                              \
        .bits = (mask), .kind = (what), .severity = (how), .meaning = STR_INIT(text)               \
    }

enum { KIT_IP, KIT_DOMAIN, KIT_BIT, KIT_ALLOW, KIT_HASH, KIT_PLAIN, KIT_LISTS };

static const struct dns_list kit_lists[KIT_LISTS] = {
    [KIT_IP] = {.name = STR_INIT("ips"),
                .zone = STR_INIT("ip.test"),
                .asks = DNS_LIST_IP,
                .enabled = true,
                .speaks_v6 = true,
                .codes = {KIT_CODE(0x7f000002, 0x7f000002, CODE_LISTED, SEV_MEDIUM, "spam source"),
                          KIT_CODE(0x7f000004, 0x7f000007, CODE_LISTED, SEV_HIGH, "exploited host"),
                          KIT_CODE(0x7f00000a, 0x7f00000b, CODE_NEUTRAL, SEV_INFO, "dial-up")},
                .n_codes = 3},
    [KIT_DOMAIN] = {.name = STR_INIT("domains"),
                    .zone = STR_INIT("dom.test"),
                    .asks = DNS_LIST_DOMAIN,
                    .enabled = true,
                    .codes = {KIT_CODE(0x7f000102, 0x7f000102, CODE_LISTED, SEV_MEDIUM, "spam"),
                              KIT_CODE(0x7f000104, 0x7f000104, CODE_LISTED, SEV_HIGH, "phishing"),
                              KIT_CODE(0x7f000106, 0x7f000106, CODE_LISTED, SEV_CRITICAL, "botnet"),
                              KIT_CODE(0x7f0001ff, 0x7f0001ff, CODE_ERROR, SEV_INFO,
                                       "an address was asked")},
                    .n_codes = 4},
    [KIT_BIT] = {.name = STR_INIT("links"),
                 .zone = STR_INIT("bits.test"),
                 .asks = DNS_LIST_DOMAIN | DNS_LIST_LINK_IP,
                 .enabled = true,
                 .registrable_only = true,
                 .test_listed = STR_INIT("listed.example"),
                 .test_unlisted = STR_INIT("127.0.0.1"),
                 .codes = {KIT_BITS(8, CODE_LISTED, SEV_HIGH, "phishing"),
                           KIT_BITS(16, CODE_LISTED, SEV_CRITICAL, "malware"),
                           KIT_BITS(64 | 128, CODE_LISTED, SEV_MEDIUM, "abuse")},
                 .n_codes = 3},
    [KIT_ALLOW] = {.name = STR_INIT("good"),
                   .zone = STR_INIT("allow.test"),
                   .asks = DNS_LIST_IP,
                   .enabled = true,
                   .codes = {KIT_CODE(0x7f000002, 0x7f00ff02, CODE_ALLOWED, SEV_INFO,
                                      "medium trust"),
                             KIT_CODE(0x7f000003, 0x7f00ff03, CODE_ALLOWED, SEV_INFO, "high trust"),
                             KIT_CODE(0x7f000a00, 0x7f000aff, CODE_ERROR, SEV_INFO, "blocked"),
                             KIT_CODE(0x7f0000ff, 0x7f0000ff, CODE_ERROR, SEV_INFO, "blocked")},
                   .n_codes = 4},
    [KIT_HASH] = {.name = STR_INIT("files"),
                  .zone = STR_INIT("hash.test"),
                  .asks = DNS_LIST_HASH,
                  .enabled = true,
                  .codes = {KIT_CODE(0x7f000002, 0x7f000002, CODE_LISTED, SEV_CRITICAL, "malware")},
                  .n_codes = 1},
    [KIT_PLAIN] = {.name = STR_INIT("local"),
                   .zone = STR_INIT("local.test"),
                   .asks = DNS_LIST_IP | DNS_LIST_DOMAIN,
                   .enabled = true},
};

#endif
