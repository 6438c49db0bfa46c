/* Rows for Received fields as servers write them. */
#include "message/received.h"

#include "tests/tap.h"

static const struct {
    const char *label;
    struct str value;
    const char *from, *rdns, *ip, *by, *with, *id, *for_addr, *version, *cipher;
    bool tls, authenticated;
    int64_t date; /* 0: none */
} rows[] = {
    {"RFC 5321",
     STR_INIT(" from a.example (b.example [192.0.2.1]) by c.example with ESMTP id X1\r\n"
              "\tfor <d@e.example>; Mon, 13 Nov 2023 10:00:00 +0000"),
     "a.example", "b.example", "192.0.2.1", "c.example", "ESMTP", "X1", "d@e.example", "", "",
     false, false, 1699869600},
    {"Postfix with TLS",
     STR_INIT(" from a.example (b.example [IPv6:2001:db8::1])\r\n"
              "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n"
              "\t key-exchange X25519 server-signature RSA-PSS (2048 bits))\r\n"
              "\t(No client certificate requested)\r\n"
              "\tby c.example (Postfix) with ESMTPS id 4F5; Mon, 13 Nov 2023 10:00:00 +0000 (UTC)"),
     "a.example", "b.example", "2001:db8::1", "c.example", "ESMTPS", "4F5", "", "TLSv1.3",
     "TLS_AES_256_GCM_SHA384", true, false, 1699869600},
    {"Postfix, unknown client, logged in",
     STR_INIT(" from [10.0.0.5] (unknown [192.0.2.1]) (Authenticated sender: u@e.example)\r\n"
              "\tby c.example (Postfix) with ESMTPSA id 4F5; Mon, 13 Nov 2023 10:00:00 +0000"),
     "[10.0.0.5]", "", "192.0.2.1", "c.example", "ESMTPSA", "4F5", "", "", "", true, true,
     1699869600},
    {"Gmail",
     STR_INIT(" from m.example (m.example. [192.0.2.7])\r\n"
              "        by mx.g.example with ESMTPS id a1-2si3.4.2023\r\n"
              "        for <x@g.example>\r\n"
              "        (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128);\r\n"
              "        Mon, 13 Nov 2023 02:00:00 -0800 (PST)"),
     "m.example", "m.example", "192.0.2.7", "mx.g.example", "ESMTPS", "a1-2si3.4.2023",
     "x@g.example", "TLS1_3", "TLS_AES_128_GCM_SHA256", true, false, 1699869600},
    {"Exim",
     STR_INIT(" from r.example ([192.0.2.9] helo=h.example)\r\n"
              "\tby c.example with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384\r\n"
              "\t(Exim 4.96) (envelope-from <a@b.example>) id 1r2T3u-0004Vw-0X\r\n"
              "\tfor d@e.example; Mon, 13 Nov 2023 10:00:00 +0000"),
     "h.example", "r.example", "192.0.2.9", "c.example", "esmtps", "1r2T3u-0004Vw-0X",
     "d@e.example", "TLS1.3", "TLS_AES_256_GCM_SHA384", true, false, 1699869600},
    {"Exim, older",
     STR_INIT(" from [192.0.2.9] (helo=h.example) by c.example with esmtpsa\r\n"
              "\t(TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256) id 1r2; Mon, 13 Nov 2023 10:00:00 GMT"),
     "h.example", "", "192.0.2.9", "c.example", "esmtpsa", "1r2", "", "TLS1.2",
     "ECDHE_RSA_AES_256_GCM_SHA384", true, true, 1699869600},
    {"sendmail",
     STR_INIT(" from h.example (r.example [192.0.2.9] (may be forged))\r\n"
              "\tby c.example (8.17.1/8.17.1) with ESMTPS id 3ADA\r\n"
              "\t(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NO)\r\n"
              "\tfor <d@e.example>; Mon, 13 Nov 2023 10:00:00 GMT"),
     "h.example", "r.example", "192.0.2.9", "c.example", "ESMTPS", "3ADA", "d@e.example", "TLSv1.3",
     "TLS_AES_256_GCM_SHA384", true, false, 1699869600},
    {"qmail, an address put into the HELO name",
     STR_INIT(" from unknown (HELO h.example 192.0.2.77 helo=[192.0.2.78]) (192.0.2.9)\r\n"
              "  by 0 with SMTP; 13 Nov 2023 10:00:00 -0000"),
     "h.example", "", "192.0.2.9", "0", "SMTP", "", "", "", "", false, false, 1699869600},
    {"qmail",
     STR_INIT(" from unknown (HELO h.example) (192.0.2.9)\r\n"
              "  by 0 with SMTP; 13 Nov 2023 10:00:00 -0000"),
     "h.example", "", "192.0.2.9", "0", "SMTP", "", "", "", "", false, false, 1699869600},
    {"qmail with a name",
     STR_INIT(" from r.example (HELO h.example) (u@192.0.2.9)\r\n"
              "  by c.example with SMTP; 13 Nov 2023 10:00:00 -0000"),
     "h.example", "r.example", "192.0.2.9", "c.example", "SMTP", "", "", "", "", false, false,
     1699869600},
    {"qmail, local", STR_INIT(" (qmail 123 invoked by uid 0); 13 Nov 2023 10:00:00 -0000"), "", "",
     "", "", "", "", "", "", "", false, false, 1699869600},
    {"Exchange",
     STR_INIT(" from A.example (2001:db8::a) by B.example\r\n (2001:db8::b) with Microsoft SMTP"
              " Server (version=TLS1_2,\r\n cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id"
              " 15.20.7000.1; Mon, 13 Nov\r\n 2023 10:00:00 +0000"),
     "A.example", "", "2001:db8::a", "B.example", "Microsoft", "15.20.7000.1", "", "TLS1_2",
     "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", true, false, 1699869600},
    {"no date", STR_INIT(" from a.example by c.example"), "a.example", "", "", "c.example", "", "",
     "", "", "", false, false, 0},
    {"bad date", STR_INIT(" by c.example; yesterday"), "", "", "", "c.example", "", "", "", "", "",
     false, false, 0},
    {"a semicolon in a comment", STR_INIT(" by c.example (x; y); 13 Nov 2023 10:00:00 +0000"), "",
     "", "", "c.example", "", "", "", "", "", false, false, 1699869600},
    {"open comment", STR_INIT(" from a.example (b.example [192.0.2.1] by c.example; x"),
     "a.example", "b.example", "192.0.2.1", "", "", "", "", "", "", false, false, 0},
    {"keywords as names", STR_INIT(" from by by with with id id for; x"), "by", "", "", "with",
     "id", "for", "", "", "", false, false, 0},
    {"empty", STR_INIT(""), "", "", "", "", "", "", "", "", "", false, false, 0},
};

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct received r;
        char ip[IP_TEXT_MAX] = "";
        received_parse(rows[i].value, &r);
        if (r.from_ip.family != IP_NONE)
            ip_write(&r.from_ip, ip);
        tap_case("received: %s", rows[i].label);
        tap_str(r.from_name, str_from(rows[i].from));
        tap_str(r.from_rdns, str_from(rows[i].rdns));
        tap_cstr(ip, rows[i].ip);
        tap_str(r.by_name, str_from(rows[i].by));
        tap_str(r.with, str_from(rows[i].with));
        tap_str(r.id, str_from(rows[i].id));
        tap_str(r.for_addr, str_from(rows[i].for_addr));
        tap_str(r.tls_version, str_from(rows[i].version));
        tap_str(r.tls_cipher, str_from(rows[i].cipher));
        tap_int(r.tls, rows[i].tls);
        tap_int(r.authenticated, rows[i].authenticated);
        tap_int(r.has_date ? r.date.unix_s : 0, rows[i].date);
    }
    return tap_done();
}
