/* DNS lists (RFC 5782): the names they are asked by, what an answer may mean, when they are
 * believed. What the codes of one list mean is for those who know the list. */
#ifndef MP_DNS_LISTING_H
#define MP_DNS_LISTING_H

#include "dns/dns.h"

/* The word of a list about one name. Above LISTED it says nothing about the name. */
enum listing_word {
    LISTING_NONE,
    LISTING_LISTED,
    LISTING_REFUSED,  /* 127.255.255.0/24: how the large ones say "not you" */
    LISTING_NONSENSE, /* outside of 127.0.0.0/8, or 127.0.0.1: made up on the way */
    LISTING_FAILED    /* no answer */
};

/* SERVFAIL, a timeout, a broken signature: nobody knows. */
bool dns_answer_failed(const struct dns_answer *a);
/* Of one address of an answer: LISTED, REFUSED or NONSENSE. */
enum listing_word listing_of_ip(const struct ip *ip);
/* Of a whole answer to a question for A; the worst of its addresses. */
enum listing_word listing_of(const struct dns_answer *a);
/* What the operator of a list means by a REFUSED address; NULL when that is not known. */
const char *listing_refusal(const struct ip *ip);

/* "4.3.2.1.ZONE", or nibbles before it (RFC 5782 2.1, 2.4). p == NULL without memory. */
struct str listing_name(struct arena *a, const struct ip *ip, struct str zone);

/* Its own test entries (RFC 5782 5): one that must be listed, one that must not. */
enum listing_test {
    LISTING_TEST_PASSED,
    LISTING_TEST_FAILED, /* not answered: not known */
    LISTING_TEST_REFUSED,
    LISTING_TEST_EVERYTHING, /* what must not be listed, is */
    LISTING_TEST_NOTHING     /* what must be, is not */
};
enum listing_test listing_test(enum listing_word must, enum listing_word must_not);

#endif
