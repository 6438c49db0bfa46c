/* Packets of honest and of hostile servers, built octet by octet. */
#include "dns/packet.h"

#include <stdlib.h>

#include "base/buf.h"
#include "tests/tap.h"

/* ---- building ---- */

enum { ID = 0x1234, QR_RD_RA = 0x8180, AUTHORITATIVE = 0x8500, QNAME_AT = 12, IN = 1 };

/* The question is always "a.example", type as given; the octets of the name are at QNAME_AT. */
static const struct str qname = STR_INIT("\1a\7example\0");

static void put16(struct buf *b, unsigned v)
{
    buf_addc(b, (char)(v >> 8));
    buf_addc(b, (char)v);
}

static void put_counts(struct buf *b, unsigned flags, unsigned questions, unsigned answers,
                       unsigned authority, unsigned additional)
{
    put16(b, ID);
    put16(b, flags);
    put16(b, questions);
    put16(b, answers);
    put16(b, authority);
    put16(b, additional);
}

static void put_question(struct buf *b, enum dns_type type)
{
    buf_add(b, qname);
    put16(b, type);
    put16(b, IN);
}

/* Header and question of a usual response. */
static void start(struct buf *b, enum dns_type type, unsigned flags, unsigned answers,
                  unsigned authority)
{
    put_counts(b, flags, 1, answers, authority, 0);
    put_question(b, type);
}

static void put_rr(struct buf *b, struct str owner, unsigned type, unsigned ttl_s, struct str rdata)
{
    buf_add(b, owner);
    put16(b, type);
    put16(b, IN);
    put16(b, ttl_s >> 16);
    put16(b, ttl_s & 0xffff);
    put16(b, (unsigned)rdata.n);
    buf_add(b, rdata);
}

static const struct str at_qname = STR_INIT("\xc0\x0c"); /* a pointer to the question's name */
static const struct str soa = STR_INIT("\2ns\xc0\x0e\4host\xc0\x0e\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4"
                                       "\0\0\0\x4d"); /* MINIMUM 77 */
static const struct str b_example = STR_INIT("\1b\xc0\x0e");
static const struct str c_example = STR_INIT("\1c\xc0\x0e");
static const struct str address = STR_INIT("\300\0\2\1");

/* ---- honest ---- */

static void two_addresses(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 2, 0);
    put_rr(b, at_qname, DNS_A, 300, address);
    put_rr(b, at_qname, DNS_A, 200, STR("\300\0\2\2"));
}

static void same_address_twice(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 2, 0);
    put_rr(b, at_qname, DNS_A, 300, address);
    put_rr(b, STR("\1A\7EXAMPLE\0"), DNS_A, 300, address);
}

static void text(struct buf *b)
{
    start(b, DNS_TXT, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_TXT, 60,
           STR("\5v=spf\0\6"
               "1 -all"));
}

static void mail_exchanger(struct buf *b)
{
    start(b, DNS_MX, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_MX, 60, STR("\0\12\2MX\xc0\x0c"));
}

static void null_exchanger(struct buf *b)
{
    start(b, DNS_MX, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_MX, 60, STR("\0\0\0"));
}

static void service(struct buf *b)
{
    start(b, DNS_SRV, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_SRV, 60, STR("\0\1\0\2\0\3\4host\xc0\x0e"));
}

static void chain_in_any_order(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 3, 0);
    put_rr(b, c_example, DNS_A, 300, address);
    put_rr(b, b_example, DNS_CNAME, 30, c_example);
    put_rr(b, at_qname, DNS_CNAME, 60, b_example);
}

static void chain_to_nowhere(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA | 3, 1, 1);
    put_rr(b, at_qname, DNS_CNAME, 60, b_example);
    put_rr(b, STR("\xc0\x0e"), DNS_SOA, 3600, soa);
}

static void chain_asked_for(struct buf *b)
{
    start(b, DNS_CNAME, QR_RD_RA, 2, 0);
    put_rr(b, at_qname, DNS_CNAME, 60, b_example);
    put_rr(b, b_example, DNS_CNAME, 60, c_example);
}

static void name_missing(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA | 3, 0, 1);
    put_rr(b, STR("\xc0\x0e"), DNS_SOA, 3600, soa);
}

static void type_missing(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 0, 1);
    put_rr(b, STR("\xc0\x0e"), DNS_SOA, 50, soa);
}

static void type_missing_without_soa(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 0, 0);
}

static void other_records_only(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 2, 0);
    put_rr(b, b_example, DNS_A, 60, address);
    put_rr(b, at_qname, DNS_TXT, 60, STR("\1x"));
}

static void ttl_with_top_bit(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_A, 0x80000001u, address);
}

static void octets_behind_the_end(struct buf *b)
{
    two_addresses(b);
    buf_add(b, STR("behind"));
}

static void unfit_target_dropped(struct buf *b)
{
    start(b, DNS_MX, QR_RD_RA, 2, 0);
    put_rr(b, at_qname, DNS_MX, 60, STR("\0\1\3a.b\xc0\x0e"));
    put_rr(b, at_qname, DNS_MX, 60, STR("\0\2\2mx\xc0\x0e"));
}

static void only_unfit_targets(struct buf *b)
{
    start(b, DNS_MX, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_MX, 60, STR("\0\1\3a\0b\xc0\x0e"));
}

static void largest(struct buf *b)
{
    start(b, DNS_TXT, QR_RD_RA, 1, 0);
    size_t left = UINT16_MAX - b->n - at_qname.n - 10;
    buf_add(b, at_qname);
    put16(b, DNS_TXT);
    put16(b, IN);
    put16(b, 0);
    put16(b, 60);
    put16(b, (unsigned)left);
    while (left != 0) {
        size_t len = left > 256 ? 255 : left - 1;
        buf_addc(b, (char)len);
        for (size_t i = 0; i < len; i++)
            buf_addc(b, 'x');
        left -= len + 1;
    }
}

static void sixteen_aliases(struct buf *b)
{
    char owner[] = "\1x", target[] = "\1x";
    start(b, DNS_A, QR_RD_RA, 17, 0);
    put_rr(b, at_qname, DNS_CNAME, 60, STR("\1B\0"));
    for (char c = 'b'; c < 'b' + 15; c++) {
        owner[1] = c;
        target[1] = (char)(c + 1);
        put_rr(b, str_make(owner, 3), DNS_CNAME, 60, str_make(target, 3));
    }
    put_rr(b, STR("\1q\0"), DNS_A, 60, address);
}

/* ---- hostile or broken ---- */

static void nothing(struct buf *b)
{
    (void)b;
}

static void short_header(struct buf *b)
{
    buf_add(b, STR("\x12\x34\x81\x80\0\1\0\0\0\0\0"));
}

static void wrong_id(struct buf *b)
{
    two_addresses(b);
    b->p[1] ^= 1;
}

static void a_query(struct buf *b)
{
    two_addresses(b);
    b->p[2] = 1;
}

static void wrong_opcode(struct buf *b)
{
    two_addresses(b);
    b->p[2] = (char)(b->p[2] | 0x10);
}

static void wrong_name(struct buf *b)
{
    two_addresses(b);
    b->p[QNAME_AT + 1] = 'b';
}

static void wrong_type(struct buf *b)
{
    start(b, DNS_AAAA, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_A, 300, address);
}

static void wrong_class(struct buf *b)
{
    two_addresses(b);
    b->p[QNAME_AT + (int)qname.n + 3] = 3;
}

static void no_question(struct buf *b)
{
    put_counts(b, QR_RD_RA, 0, 1, 0, 0);
    put_rr(b, qname, DNS_A, 300, address);
}

static void two_questions(struct buf *b)
{
    put_counts(b, QR_RD_RA, 2, 0, 0, 0);
    put_question(b, DNS_A);
    put_question(b, DNS_A);
}

static void question_cut_off(struct buf *b)
{
    put_counts(b, QR_RD_RA, 1, 0, 0, 0);
    buf_add(b, qname);
    put16(b, DNS_A);
}

static void question_points(struct buf *b)
{
    put_counts(b, QR_RD_RA, 1, 0, 0, 0);
    buf_add(b, at_qname);
    put16(b, DNS_A);
    put16(b, IN);
}

static void truncated(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA | 0x200, 1, 0);
}

static void servfail(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA | 2, 0, 0);
}

static void refused(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA | 5, 0, 0);
}

static void formerr_without_question(struct buf *b)
{
    put_counts(b, QR_RD_RA | 1, 0, 0, 0, 0);
}

static void bad_version(struct buf *b)
{
    put_counts(b, QR_RD_RA, 1, 0, 0, 1);
    put_question(b, DNS_A);
    put_rr(b, STR("\0"), 41, 0x01000000, STR(""));
}

static void points_at_itself(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 1, 0);
    const char self[] = {(char)0xc0, (char)b->n};
    put_rr(b, str_make(self, 2), DNS_A, 300, address);
}

static void points_ahead(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 1, 0);
    put_rr(b, STR("\xc0\x40"), DNS_A, 300, address);
}

/* "\1x" and a pointer back to it: each round would add a label. */
static void points_in_a_circle(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 1, 0);
    const char circle[] = {1, 'x', (char)0xc0, (char)b->n};
    put_rr(b, str_make(circle, 4), DNS_A, 300, address);
}

/* A long row of pointers, each to the one before: no loop, but only work. */
static void points_two_hundred_times(struct buf *b)
{
    struct buf pointers;
    buf_init(&pointers, 1024);
    start(b, DNS_A, QR_RD_RA, 2, 0);
    size_t first = b->n + at_qname.n + 10;
    put16(&pointers, 0xc00c);
    for (unsigned i = 0; i < 200; i++)
        put16(&pointers, 0xc000 | (unsigned)(first + 2 * i));
    put_rr(b, at_qname, 999, 60, buf_str(&pointers));
    const unsigned last = 0xc000 | (unsigned)(first + 400);
    const char owner[] = {(char)(last >> 8), (char)last};
    put_rr(b, str_make(owner, 2), DNS_A, 60, address);
    buf_clear(&pointers);
}

static void label_of_64(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 1, 0);
    buf_addc(b, 64);
    for (int i = 0; i < 64; i++)
        buf_addc(b, 'x');
    put_rr(b, STR("\0"), DNS_A, 300, address);
}

static void name_of_256(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 1, 0);
    for (int k = 0; k < 4; k++) {
        buf_addc(b, 63);
        for (int i = 0; i < 63; i++)
            buf_addc(b, 'x');
    }
    put_rr(b, STR("\0"), DNS_A, 300, address);
}

static void record_cut_off(struct buf *b)
{
    two_addresses(b);
    b->n -= 5;
}

static void record_missing(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 1, 0);
}

static void rdlength_over_the_end(struct buf *b)
{
    two_addresses(b);
    b->p[b->n - 5] = 5;
}

static void rdlength_lies_in_additional(struct buf *b)
{
    put_counts(b, QR_RD_RA, 1, 1, 0, 1);
    put_question(b, DNS_A);
    put_rr(b, at_qname, DNS_A, 300, address);
    put_rr(b, at_qname, DNS_AAAA, 300, address);
    b->p[b->n - 5] = (char)200;
}

static void address_of_three(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_A, 300, STR("\300\0\2"));
}

static void string_over_rdata(struct buf *b)
{
    start(b, DNS_TXT, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_TXT, 300, STR("\2ab\4abc"));
}

static void text_without_strings(struct buf *b)
{
    start(b, DNS_TXT, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_TXT, 300, STR(""));
}

static void target_over_rdata(struct buf *b)
{
    start(b, DNS_MX, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_MX, 300, STR("\0\12\7ex"));
    buf_add(b, STR("ample\0"));
}

static void target_short_of_rdata(struct buf *b)
{
    start(b, DNS_MX, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_MX, 300, STR("\0\12\2mx\0more"));
}

static void alias_of_itself(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_CNAME, 60, STR("\1A\7eXample\0"));
}

static void alias_circle(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 3, 0);
    put_rr(b, at_qname, DNS_CNAME, 60, b_example);
    put_rr(b, b_example, DNS_CNAME, 60, c_example);
    put_rr(b, c_example, DNS_CNAME, 60, b_example);
}

static void seventeen_aliases(struct buf *b)
{
    sixteen_aliases(b);
    b->p[7] = 18;
    put_rr(b, STR("\1r\0"), DNS_CNAME, 60, STR("\1s\0"));
}

static void alias_to_root(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 1, 0);
    put_rr(b, at_qname, DNS_CNAME, 60, STR("\0"));
}

static void alias_with_dot(struct buf *b)
{
    start(b, DNS_A, QR_RD_RA, 2, 0);
    put_rr(b, at_qname, DNS_CNAME, 60, STR("\3c.x\0"));
    put_rr(b, STR("\1c\1x\0"), DNS_A, 60, address);
}

static void referral(struct buf *b)
{
    start(b, DNS_A, 0x8100, 0, 1);
    put_rr(b, STR("\7example\0"), DNS_NS, 60, STR("\2ns\7example\0"));
}

static void lame(struct buf *b)
{
    start(b, DNS_A, 0x8100, 0, 0);
}

static void authority_leaves_chain(struct buf *b)
{
    start(b, DNS_A, AUTHORITATIVE, 1, 0);
    put_rr(b, at_qname, DNS_CNAME, 60, STR("\5other\4test\0"));
}

static const struct {
    const char *label;
    void (*build)(struct buf *);
    enum dns_type type;
    enum dns_status want;
    unsigned records, ttl_s;
    const char *canonical; /* NULL: the name */
    const char *why;       /* part of it */
} rows[] = {
    {"two addresses", two_addresses, DNS_A, DNS_DATA, 2, 200, NULL, NULL},
    {"the same address twice", same_address_twice, DNS_A, DNS_DATA, 1, 300, NULL, NULL},
    {"text in three strings", text, DNS_TXT, DNS_DATA, 1, 60, NULL, NULL},
    {"mail exchanger", mail_exchanger, DNS_MX, DNS_DATA, 1, 60, NULL, NULL},
    {"null MX", null_exchanger, DNS_MX, DNS_DATA, 1, 60, NULL, NULL},
    {"service", service, DNS_SRV, DNS_DATA, 1, 60, NULL, NULL},
    {"a chain in any order", chain_in_any_order, DNS_A, DNS_DATA, 1, 30, "c.example", NULL},
    {"a chain to nowhere", chain_to_nowhere, DNS_A, DNS_NXDOMAIN, 0, 60, "b.example", NULL},
    {"CNAME asked for is not followed", chain_asked_for, DNS_CNAME, DNS_DATA, 1, 60, NULL, NULL},
    {"no such name: the SOA's minimum", name_missing, DNS_A, DNS_NXDOMAIN, 0, 77, NULL, NULL},
    {"no such type: the SOA's TTL", type_missing, DNS_A, DNS_NODATA, 0, 50, NULL, NULL},
    {"no such type, no SOA: not kept", type_missing_without_soa, DNS_A, DNS_NODATA, 0, 0, NULL,
     NULL},
    {"records of others are no answer", other_records_only, DNS_A, DNS_NODATA, 0, 0, NULL, NULL},
    {"a TTL with its top bit set is zero", ttl_with_top_bit, DNS_A, DNS_DATA, 1, 0, NULL, NULL},
    {"octets behind the end", octets_behind_the_end, DNS_A, DNS_DATA, 2, 200, NULL, NULL},
    {"a dot inside a label: dropped", unfit_target_dropped, DNS_MX, DNS_DATA, 1, 60, NULL,
     "dropped"},
    {"NUL inside a label: dropped", only_unfit_targets, DNS_MX, DNS_NODATA, 0, 0, NULL, "dropped"},
    {"65535 octets", largest, DNS_TXT, DNS_DATA, 1, 60, NULL, NULL},
    {"sixteen CNAMEs", sixteen_aliases, DNS_A, DNS_DATA, 1, 60, "q", NULL},

    {"nothing", nothing, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "header"},
    {"eleven octets", short_header, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "header"},
    {"wrong id", wrong_id, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "another id"},
    {"a query", a_query, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "query"},
    {"wrong opcode", wrong_opcode, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "opcode"},
    {"wrong name", wrong_name, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "another question"},
    {"wrong type", wrong_type, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "another question"},
    {"wrong class", wrong_class, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "another question"},
    {"no question", no_question, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "one question"},
    {"two questions", two_questions, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "one question"},
    {"the question is cut off", question_cut_off, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "cut off"},
    {"the question is a pointer", question_points, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "cut off"},
    {"truncated", truncated, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "truncated"},
    {"SERVFAIL", servfail, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "SERVFAIL"},
    {"REFUSED", refused, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "REFUSED"},
    {"FORMERR without a question", formerr_without_question, DNS_A, DNS_SERVFAIL, 0, 0, NULL,
     "FORMERR"},
    {"BADVERS in the OPT record", bad_version, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "BADVERS"},
    {"a pointer at itself", points_at_itself, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "name"},
    {"a pointer ahead", points_ahead, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "name"},
    {"pointers in a circle", points_in_a_circle, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "name"},
    {"two hundred pointers", points_two_hundred_times, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "name"},
    {"a label of 64", label_of_64, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "name"},
    {"a name of 256", name_of_256, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "name"},
    {"a record is cut off", record_cut_off, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "record"},
    {"a record is missing", record_missing, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "name"},
    {"RDLENGTH over the end", rdlength_over_the_end, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "RDLENGTH"},
    {"RDLENGTH lies in the additional section", rdlength_lies_in_additional, DNS_A, DNS_SERVFAIL, 0,
     0, NULL, "RDLENGTH"},
    {"an address of three octets", address_of_three, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "RDATA"},
    {"a string over the RDATA", string_over_rdata, DNS_TXT, DNS_SERVFAIL, 0, 0, NULL, "RDATA"},
    {"TXT without strings", text_without_strings, DNS_TXT, DNS_SERVFAIL, 0, 0, NULL, "RDATA"},
    {"a target over the RDATA", target_over_rdata, DNS_MX, DNS_SERVFAIL, 0, 0, NULL, "RDATA"},
    {"a target short of the RDATA", target_short_of_rdata, DNS_MX, DNS_SERVFAIL, 0, 0, NULL,
     "RDATA"},
    {"an alias of itself", alias_of_itself, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "loop"},
    {"a circle of aliases", alias_circle, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "loop"},
    {"seventeen CNAMEs", seventeen_aliases, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "16 CNAMEs"},
    {"an alias to the root", alias_to_root, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "cannot be asked"},
    {"an alias with a dot in a label", alias_with_dot, DNS_A, DNS_SERVFAIL, 0, 0, NULL,
     "cannot be asked"},
    {"a referral", referral, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "referral"},
    {"a lame server", lame, DNS_A, DNS_SERVFAIL, 0, 0, NULL, "neither"},
    {"an authority stops inside a chain", authority_leaves_chain, DNS_A, DNS_SERVFAIL, 0, 0, NULL,
     "neither"},
};

/* Parse from an exact heap copy, so that a sanitizer sees each octet too many. */
static struct dns_answer *parse(struct str packet, enum dns_type type, bool *tc)
{
    char *copy = malloc(packet.n + 1);
    memcpy(copy, packet.n == 0 ? "" : packet.p, packet.n);
    copy = realloc(copy, packet.n == 0 ? 1 : packet.n);
    struct dns_answer *a =
        dns_packet_parse(str_make(copy, packet.n), ID, STR("A.example."), type, DNSSEC_SECURE, tc);
    free(copy);
    return a;
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b;
        bool tc = true;
        buf_init(&b, 1 << 17);
        rows[i].build(&b);
        tap_case("packet: %s", rows[i].label);
        struct dns_answer *a = parse(buf_str(&b), rows[i].type, &tc);
        tap_cstr(dns_status_name(a->status), dns_status_name(rows[i].want));
        tap_int(a->n, rows[i].records);
        tap_int(a->ttl_s, rows[i].ttl_s);
        tap_str(a->name, STR("a.example"));
        tap_str(a->canonical,
                str_from(rows[i].canonical != NULL ? rows[i].canonical : "a.example"));
        tap_int(a->dnssec, rows[i].want == DNS_SERVFAIL ? DNSSEC_UNKNOWN : DNSSEC_SECURE);
        tap_int(tc, rows[i].build == truncated);
        if (rows[i].why == NULL)
            tap_str(a->why, STR(""));
        else if (!tap_ok(str_search(a->why, str_from(rows[i].why)) < a->why.n))
            tap_note("why: " STR_FMT, STR_ARG(a->why));
        dns_answer_unref(a);
        buf_clear(&b);
    }
}

static const struct dns_record *first_record(struct dns_answer **a, void (*build)(struct buf *),
                                             enum dns_type type)
{
    static const struct dns_record none;
    struct buf b;
    bool tc;
    buf_init(&b, 1 << 17);
    build(&b);
    *a = parse(buf_str(&b), type, &tc);
    buf_clear(&b);
    return (*a)->n == 0 ? &none : &(*a)->records[0];
}

static void test_contents(void)
{
    struct dns_answer *a;
    const struct dns_record *r;
    tap_case("packet: what the records say");
    r = first_record(&a, text, DNS_TXT);
    tap_str(r->data, STR("v=spf1 -all"));
    dns_answer_unref(a);
    r = first_record(&a, mail_exchanger, DNS_MX);
    tap_int(r->preference, 10);
    tap_str(r->name, STR("mx.a.example"));
    dns_answer_unref(a);
    r = first_record(&a, null_exchanger, DNS_MX);
    tap_str(r->name, STR(""));
    dns_answer_unref(a);
    r = first_record(&a, service, DNS_SRV);
    tap_int(r->preference, 1);
    tap_int(r->weight, 2);
    tap_int(r->port, 3);
    tap_str(r->name, STR("host.example"));
    dns_answer_unref(a);
    r = first_record(&a, two_addresses, DNS_A);
    tap_int(r->ip.family, IP_V4);
    tap_int(r->ip.octets[3], 1);
    dns_answer_unref(a);
    r = first_record(&a, largest, DNS_TXT);
    tap_ok(r->data.n > 65000);
    dns_answer_unref(a);
}

/* Whatever is cut off or turned over, the answer keeps its promises. */
static bool keeps_promises(const struct dns_answer *a)
{
    return a != NULL && (a->status == DNS_DATA) == (a->n != 0) && a->n <= DNS_MAX_RECORDS &&
           (a->status != DNS_SERVFAIL || a->why.n != 0) && a->canonical.n != 0 &&
           a->canonical.n <= 253 && a->ttl_s <= DNS_TTL_MAX_S;
}

static void test_damage(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b;
        bool tc;
        unsigned bad = 0;
        buf_init(&b, 1 << 17);
        rows[i].build(&b);
        tap_case("packet: damage to \"%s\"", rows[i].label);
        size_t n = b.n < 600 ? b.n : 600;
        for (size_t cut = 0; cut <= n; cut++) {
            struct dns_answer *a = parse(str_make(b.p, cut), rows[i].type, &tc);
            bad += !keeps_promises(a);
            dns_answer_unref(a);
        }
        for (size_t at = 0; at < n; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                b.p[at] = (char)(b.p[at] ^ 1 << bit);
                struct dns_answer *a = parse(buf_str(&b), rows[i].type, &tc);
                bad += !keeps_promises(a);
                dns_answer_unref(a);
                b.p[at] = (char)(b.p[at] ^ 1 << bit);
            }
        }
        tap_int(bad, 0);
        buf_clear(&b);
    }
}

static void test_query(void)
{
    unsigned char out[512];
    static const unsigned char want[] = "\x12\x34\1\0\0\1\0\0\0\0\0\1\1a\7example\0\0\x10\0\1"
                                        "\0\0\x29\4\xd0\0\0\0\0\0";
    tap_case("packet: a query");
    size_t n = dns_packet_query(out, sizeof out, ID, STR("A.example."), DNS_TXT);
    tap_str(str_make((char *)out, n), str_make((const char *)want, sizeof want));
    tap_int(dns_packet_query(out, n, ID, STR("a.example"), DNS_TXT), n);
    tap_int(dns_packet_query(out, n - 1, ID, STR("a.example"), DNS_TXT), 0);
    tap_int(dns_packet_query(out, sizeof out, ID, STR("a..example"), DNS_TXT), 0);
    tap_case("packet: a name that cannot be asked needs no packet");
    bool tc = true;
    struct dns_answer *a = dns_packet_parse(STR(""), -1, STR("a..b"), DNS_A, DNSSEC_SECURE, &tc);
    tap_int(a->status, DNS_NXDOMAIN);
    tap_ok(!tc);
    dns_answer_unref(a);
}

int main(void)
{
    test_rows();
    test_contents();
    test_damage();
    test_query();
    return tap_done();
}
