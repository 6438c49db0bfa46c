/* Received fields (RFC 5321 4.4): who gave it to whom, by what protocol, over TLS or not, when. */
#ifndef MP_MESSAGE_RECEIVED_H
#define MP_MESSAGE_RECEIVED_H

#include "base/ip.h"
#include "message/date.h"
#include "message/message.h"

/* Everything optional: empty views and IP_NONE when absent. Views point into the value. */
struct received {
    struct str from_name; /* the word after "from": HELO name in most servers */
    struct str from_rdns; /* host name in the TCP-info comment; empty when "unknown" */
    struct ip from_ip;    /* from "[192.0.2.1]", "[IPv6:...]" or bare in the comment */
    struct str by_name;
    struct str with; /* ESMTPS, ESMTPSA, LMTP, HTTP ... (RFC 3848, 6531) */
    struct str id, for_addr, via;
    struct str tls_version, tls_cipher; /* as servers note them in comments */
    bool tls, authenticated;            /* from `with` or the comments */
    bool has_date;
    struct mail_date date;
};

/* Never fails: what cannot be read stays empty. Forms of Postfix, Exim, Sendmail, qmail,
 * Exchange, Gmail and the RFC. Linear time. */
void received_parse(struct str value, struct received *out);

#endif
