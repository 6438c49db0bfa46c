"""The world of the end-to-end tests as tables: ports, hosts, certificates, zones, domains.

Everything else in this folder reads these tables; README.md is printed from them (world.py > README.md).
A row's `says` is the contract: what is true of that peer, and so what a right tool must report.
"""
import sys
from typing import NamedTuple

NS1, RESOLVER, NS2 = "127.0.53.1", "127.0.53.2", "127.0.53.3"
WEB = "127.0.80.1"          # MTA-STS policies, BIMI logos
GREY_POLICY = 10023         # Postfix asks here, on the greylisting host's address
SASL = 12345                # Dovecot's authentication, for Postfix, on mx1's address
PASSWORD = "secret-{}"      # of USERS, with the local part in it
USERS = ("alice", "bob", "canary", "quota", "postmaster", "dmarc")

PORTS = {  # name in MP_E2E_PORT_...; in the mode without a namespace PORT_BASE is added
    "DNS": 53, "SMTP": 25, "SUBMISSION": 587, "SUBMISSIONS": 465, "XCLIENT": 26, "PROXY": 27,
    "LMTP": 24, "IMAP": 143, "IMAPS": 993, "POP3": 110, "POP3S": 995, "HTTPS": 443, "FREE": 2525,
    "FILTER": 28, "MILTER": 8891,   # nothing listens at MILTER on mx1's address: FILTER says 451
}


class Cert(NamedTuple):
    """A certificate: its names, who signed it, the days from now in which it is valid."""
    names: str
    issuer: str = "intermediate"    # a row's name; "" is self-signed
    days: tuple = (0, 90)
    chain: tuple = ("intermediate",)    # what the server sends behind it


CERTS = {
    "mx1": Cert("mx1.good.test submission.good.test imap.good.test"),
    "mx-badtlsa": Cert("mx-badtlsa.good.test mx-unusable.good.test"),
    "mx-plain": Cert("mx.plain.test", issuer="", chain=()),
    "mx-hard": Cert("mx-hard.good.test"),
    "mx-reject": Cert("mx-reject.good.test"),
    "mx-expired": Cert("mx-expired.good.test", days=(-30, -1)),
    "mx-wrong": Cert("some-other-name.good.test"),
    "mx-grey": Cert("mx-grey.good.test"),
    "mx-catch": Cert("mx-catch.good.test"),
    "mx-open": Cert("mx-open.good.test"),
    "mx-ta": Cert("mx-ta.good.test"),
    "mx-soon": Cert("mx-soon.good.test", days=(-87, 3)),
    "mx-nochain": Cert("mx-nochain.good.test", chain=()),
    "mx-selfdane": Cert("mx-selfdane.good.test", issuer="", chain=()),
    "mx-wild": Cert("*.good.test"),
    "mx-v6": Cert("mx-v6.good.test mx-v6dead.good.test"),
    "mta-sts": Cert("mta-sts.good.test mta-sts.stsbad.test mta-sts.ststesting.test bimi.good.test "
                    "mta-sts.sts404.test mta-sts.stsnone.test mta-sts.stsredirect.test "
                    "mta-sts.ststype.test mta-sts.stssyntax.test mta-sts.stshuge.test"),
    "sts-other": Cert("www.stscert.test"),
    "sts-expired": Cert("mta-sts.stsexpired.test", days=(-30, -1)),
    "sink": Cert("sink.sink.test"),
    "relay": Cert("gate.good.test gullible.good.test footer.good.test lose.good.test "
                  "slow.good.test signer.good.test"),
}

LENIENT = ("smtpd_forbid_bare_newline=no", "smtpd_forbid_unauth_pipelining=no")
SASL_ON = ("smtpd_sasl_auth_enable=yes",
           "smtpd_recipient_restrictions=permit_sasl_authenticated,reject")


class Host(NamedTuple):
    """A name with an address; with `smtpd` not None, Postfix listens there in that character."""
    name: str
    address: str
    says: str
    cert: str = ""
    smtpd: tuple = None
    tlsa: tuple = ()        # "usage selector matching certificate"
    ptr: tuple = None       # None: its own name
    aaaa: str = ""


HOSTS = {  # name in MP_E2E_ADDR_...
    "MX1": Host("mx1.good.test", "127.0.25.1",
        "all is right: certificate verifies, two TLSA match, FCrDNS, unknown users refused 550, "
        "relaying refused 554; bare newlines smuggle as in every Debian 12 Postfix",
        "mx1", (), ("3 1 1 mx1", "2 1 1 intermediate")),
    "BADTLSA": Host("mx-badtlsa.good.test", "127.0.25.2",
        "TLSA 3 1 1 of another key: DANE fails, no delivery",
        "mx-badtlsa", (), ("3 1 1 mx-hard",)),
    "UNUSABLE": Host("mx-unusable.good.test", "127.0.25.2",
        "only TLSA 0 0 1, unusable for SMTP: TLS required, peer not authenticated",
        tlsa=("0 0 1 ca",), ptr=()),
    "PLAIN": Host("mx.plain.test", "127.0.25.3",
        "self-signed; its TLSA matches but stands in an unsigned zone, so must be ignored",
        "mx-plain", (), ("3 1 1 mx-plain",)),
    "NOTLS": Host("mx-notls.good.test", "127.0.25.4",
        "no STARTTLS; takes bare newlines as Debian ships it: smuggling works",
        smtpd=("smtpd_tls_security_level=none", *LENIENT)),
    "HARD": Host("mx-hard.good.test", "127.0.25.5",
        "smtpd_forbid_bare_newline=yes and no early talkers: not smuggled, bare newlines are content",
        "mx-hard", ("smtpd_forbid_bare_newline=yes", "smtpd_forbid_bare_newline_exclusions=",
                    "smtpd_forbid_unauth_pipelining=yes", "disable_vrfy_command=yes")),
    "REJECT": Host("mx-reject.good.test", "127.0.25.11",
        "smtpd_forbid_bare_newline=reject: a bare newline is answered 550 5.5.2",
        "mx-reject", ("smtpd_forbid_bare_newline=reject", "smtpd_forbid_bare_newline_exclusions=")),
    "EXPIRED": Host("mx-expired.good.test", "127.0.25.6",
        "certificate expired yesterday: PKIX fails, but DANE-EE 3 1 1 matches and ignores dates",
        "mx-expired", (), ("3 1 1 mx-expired",)),
    "WRONG": Host("mx-wrong.good.test", "127.0.25.7",
        "certificate for another name: PKIX fails, DANE-EE 3 1 1 matches; no PTR",
        "mx-wrong", (), ("3 1 1 mx-wrong",), ptr=()),
    "GREY": Host("mx-grey.good.test", "127.0.25.8",
        "450 4.7.1 at the first RCPT of each (client, sender, recipient), then 250; "
        "PTR names another host, so no FCrDNS",
        "mx-grey", ("smtpd_recipient_restrictions=greyed,reject_unauth_destination",),
        ptr=("mx1.good.test",)),
    "CATCH": Host("mx-catch.good.test", "127.0.25.9",
        "takes every recipient of its domains; two PTR, one of them does not lead back",
        "mx-catch", ("smtpd_reject_unlisted_recipient=no",),
        ptr=("mx-catch.good.test", "elsewhere.good.test")),
    "OPEN": Host("mx-open.good.test", "127.0.25.10",
        "open relay: RCPT of any domain is 250 (mail for other than our domains is thrown away)",
        "mx-open", ("smtpd_relay_restrictions=permit", "smtpd_recipient_restrictions=check_recipient_access,static:OK,reject",
                    "smtpd_reject_unlisted_recipient=no")),
    "TA": Host("mx-ta.good.test", "127.0.25.12",
        "TLSA 2 1 1 only, of the intermediate CA, and the name is in the certificate: verified",
        "mx-ta", (), ("2 1 1 intermediate",)),
    "TAWRONG": Host("mx-tawrong.good.test", "127.0.25.12",
        "the same server under a name its certificate lacks: DANE-TA checks names, so it fails",
        tlsa=("2 1 1 intermediate",), ptr=()),
    "ROLL": Host("mx-roll.good.test", "127.0.25.1",
        "a key rollover: one TLSA of the next key and one of today's: verified",
        tlsa=("3 1 1 mx-hard", "3 1 1 mx1"), ptr=()),
    "FORMS": Host("mx-forms.good.test", "127.0.25.1",
        "TLSA 3 0 1 wrong, 3 1 2 right, 3 9 1 unknown: the right one counts",
        tlsa=("3 0 1 mx-hard", "3 1 2 mx1", "3 9 1 mx1"), ptr=()),
    "FULL": Host("mx-full.good.test", "127.0.25.1",
        "TLSA 3 0 0, the whole certificate: verified",
        tlsa=("3 0 0 mx1",), ptr=()),
    "NOTLSDANE": Host("mx-notlsdane.good.test", "127.0.25.4",
        "TLSA but no STARTTLS: DANE makes TLS mandatory, no delivery",
        tlsa=("3 1 1 mx1",), ptr=()),
    "TLSABOGUS": Host("mx-tlsabogus.good.test", "127.0.25.1",
        "address is secure, the TLSA look-up is bogus (SERVFAIL): the host must not be used",
        tlsa=("3 1 1 mx1",), ptr=()),
    "SOON": Host("mx-soon.good.test", "127.0.25.13",
        "certificate ends in 3 days", "mx-soon", ()),
    "NOCHAIN": Host("mx-nochain.good.test", "127.0.25.14",
        "does not send the intermediate certificate: chain is incomplete", "mx-nochain", ()),
    "AUTHCLEAR": Host("mx-authclear.good.test", "127.0.25.15",
        "no TLS, yet offers AUTH PLAIN LOGIN: passwords in the clear",
        smtpd=("smtpd_tls_security_level=none", "smtpd_tls_auth_only=no",
               "smtpd_sasl_auth_enable=yes")),
    "SELFDANE": Host("mx-selfdane.good.test", "127.0.25.16",
        "self-signed with a matching TLSA 3 1 1: DANE verified though PKIX fails",
        "mx-selfdane", (), ("3 1 1 mx-selfdane",)),
    "WILD": Host("mx-wild.good.test", "127.0.25.17",
        "certificate for *.good.test: the name matches by wildcard", "mx-wild", ()),
    "V6": Host("mx-v6.good.test", "127.0.25.18",
        "A and AAAA, both answer; AAAA has FCrDNS too", "mx-v6", (), aaaa="fd00:25::1"),
    "V6DEAD": Host("mx-v6dead.good.test", "127.0.25.18",
        "A answers, nothing listens at the AAAA: a client goes on to the A", ptr=(),
        aaaa="fd00:25::dead"),
    "DEAD": Host("mx-dead.good.test", "127.0.25.250", "nothing listens: connection refused"),
    "SINK": Host("sink.sink.test", "127.0.25.100",
        "free for the test's own server; TLSA of MP_E2E_DIR/ca/sink.crt", tlsa=("3 1 1 sink",)),
}

class Relay(NamedTuple):
    """A server of relay.py, and what it does with a message."""
    name: str
    address: str
    mode: str
    says: str


RELAYS = {  # name in MP_E2E_ADDR_...
    "GATE": Relay("gate.good.test", "127.0.25.31", "guard",
        "asks `mailproof scan`, refuses 550 5.7.1 what it would reject or quarantine; malware 554 "
        "5.7.0; a macro document goes to Junk; XCLIENT"),
    "GULLIBLE": Relay("gullible.good.test", "127.0.25.32", "gullible",
        "takes and delivers everything, spoofs too; XCLIENT"),
    "FOOTER": Relay("footer.good.test", "127.0.25.33", "footer",
        "appends a footer to the body on the way"),
    "LOSE": Relay("lose.good.test", "127.0.25.34", "lose", "says 250 and throws the message away"),
    "SLOW": Relay("slow.good.test", "127.0.25.35", "slow", "delivers 4 seconds later"),
    "SIGNER": Relay("signer.good.test", "127.0.25.36", "sign",
        "signs with DKIM as good.test; mail that is submitted at mx1 goes through it"),
}
RELAYED = ("good.test", "sink.test")    # recipients that they take


# Listeners of mx1 beside port 25: port, the name in the greeting, the options.
MX1_PORTS = (
    ("SUBMISSION", "submission.good.test", ("smtpd_tls_security_level=encrypt", *SASL_ON)),
    ("SUBMISSIONS", "submission.good.test", ("smtpd_tls_wrappermode=yes", *SASL_ON)),
    ("XCLIENT", "mx1.good.test", ("smtpd_authorized_xclient_hosts=127.0.0.0/8",
                                  "smtpd_authorized_xforward_hosts=127.0.0.0/8")),
    ("PROXY", "mx1.good.test", ("smtpd_upstream_proxy_protocol=haproxy",)),
    # its mail filter is the test's own, at port MILTER of the same address
    ("FILTER", "mx1.good.test", ("smtpd_milters=inet:{mx1}:{MILTER}", "milter_connect_timeout=5s",
                                 "smtpd_sasl_auth_enable=yes", "local_header_rewrite_clients=",
                                 "smtpd_authorized_xclient_hosts=127.0.0.0/8")),
)

# How a zone stands to its parent:  secure: DS matches · insecure: not signed, no DS · bogus: DS of
# another key · stale: signatures ran out · stripped: DS in the parent but not signed · lame: its
# servers have lost it (SERVFAIL) · silent: the delegation leads to a server that never answers.
ZONES = {
    "good.test": "secure", "sink.test": "secure", "stsbad.test": "secure",
    "ststesting.test": "secure", "parked.test": "secure", "empty.test": "secure",
    "weak.test": "insecure", "plain.test": "insecure", "plain2.test": "insecure",
    "dmarctwo.test": "secure", "dmarcbad.test": "secure", "reports.test": "secure",
    "noreports.test": "secure",
    "sts404.test": "insecure", "stsnone.test": "insecure", "stsredirect.test": "insecure",
    "ststype.test": "insecure", "stssyntax.test": "insecure", "stshuge.test": "insecure",
    "stscert.test": "insecure", "stsexpired.test": "insecure", "ststwo.test": "insecure",
    "_tcp.mx-tlsabogus.good.test": "bogus",
    "bogus.test": "bogus", "stale.test": "stale", "stripped.test": "stripped", "lame.test": "lame",
    "silent.test": "silent",
    "dnsbl.test": "insecure", "127.in-addr.arpa": "insecure",
    "0.0.0.0.5.2.0.0.0.0.d.f.ip6.arpa": "insecure",
}


class Domain(NamedTuple):
    """A domain to probe or to audit: its records (names relative to it) and what is true of it."""
    says: str
    records: str


def deep(levels):
    """An SPF record that includes one that includes one ..."""
    return '@ TXT "v=spf1 include:d1.{domain} -all"\n' + "".join(
        f'd{i} TXT "v=spf1 include:d{i + 1}.{{domain}} ~all"\n' for i in range(1, levels)
    ) + f'd{levels} TXT "v=spf1 -all"'


def sts(mx="mx1.good.test.", extra=""):
    """A domain whose MTA-STS policy is what the row is about."""
    return (f'@ MX 10 {mx}\n@ TXT "v=spf1 -all"\n_mta-sts TXT "v=STSv1; id=20260101;"\n'
            f"mta-sts A {{web}}\n{extra}")


DOMAINS = {  # below another domain of the table: part of that zone, and DMARC comes from above
    "good.test": Domain("all is right: secure, DANE verified, STS enforce, strict SPF and DMARC", """
@ MX 10 mx1
@ TXT "v=spf1 ip4:{mx1} a:mx1.good.test include:_spf.good.test -all"
_spf TXT "v=spf1 ip4:192.0.2.0/24 ?all"
_dmarc TXT "v=DMARC1; p=reject; adkim=s; aspf=r; rua=mailto:dmarc@good.test"
{dkim}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tlsrpt@good.test"
_mta-sts TXT "v=STSv1; id=20260101000000"
mta-sts A {web}
default._bimi TXT "v=BIMI1; l=https://bimi.good.test{colon_https}/logo.svg; a="
script._bimi TXT "v=BIMI1; l=https://bimi.good.test{colon_https}/script.svg; a="
missing._bimi TXT "v=BIMI1; l=https://bimi.good.test{colon_https}/none.svg; a="
bimi A {web}
@ CAA 0 issue "e2e.test"
@ CAA 0 iodef "mailto:postmaster@good.test"
_submission._tcp SRV 0 1 {submission} submission
_submissions._tcp SRV 0 1 {submissions} submission
_imaps._tcp SRV 0 1 {imaps} imap
_imap._tcp SRV 10 1 {imap} imap
_pop3s._tcp SRV 0 0 0 .
submission A {mx1}
imap A {mx1}
elsewhere A 127.0.25.200
alias CNAME mx1
"""),
    "badtlsa.good.test": Domain("DANE fails: TLSA of another key", "@ MX 10 mx-badtlsa.good.test."),
    "unusable.good.test": Domain("only unusable TLSA: encrypted, not authenticated",
                                 "@ MX 10 mx-unusable.good.test."),
    "expired.good.test": Domain("expired certificate, DANE-EE verified",
                                "@ MX 10 mx-expired.good.test."),
    "wrongname.good.test": Domain("certificate of another name, DANE-EE verified",
                                  "@ MX 10 mx-wrong.good.test."),
    "notls.good.test": Domain("MX without STARTTLS", "@ MX 10 mx-notls.good.test."),
    "grey.good.test": Domain("greylisting MX", "@ MX 10 mx-grey.good.test."),
    "catchall.good.test": Domain("MX that takes every recipient", "@ MX 10 mx-catch.good.test."),
    "open.good.test": Domain("MX is an open relay", "@ MX 10 mx-open.good.test."),
    "hard.good.test": Domain("MX refuses to be smuggled into", "@ MX 10 mx-hard.good.test."),
    "failover.good.test": Domain("MX 10 is dead, MX 20 (mx1) answers",
                                 "@ MX 10 mx-dead.good.test.\n@ MX 20 mx1.good.test."),
    "dead.good.test": Domain("the only MX refuses connections", "@ MX 10 mx-dead.good.test."),
    "nullmx.good.test": Domain("null MX (RFC 7505): takes no mail", "@ MX 0 ."),
    "nullmixed.good.test": Domain("null MX beside a real one: contradicts RFC 7505",
                                  "@ MX 0 .\n@ MX 10 mx1.good.test."),
    "implicit.good.test": Domain("no MX, an A record: the implicit MX is the name itself",
                                 "@ A {mx1}"),
    "cnamemx.good.test": Domain("MX names an alias (RFC 2181 10.3 forbids)", "@ MX 10 alias.good.test."),
    "ipmx.good.test": Domain("MX names an IP address, which is no host name",
                             "@ MX 10 127.0.25.1."),
    "nomxhost.good.test": Domain("MX names a host that does not exist",
                                 "@ MX 10 nothing.good.test."),
    "loopcname.good.test": Domain("CNAME loop: the name cannot be resolved",
                                  "@ CNAME loopcname2.good.test.\nloopcname2.good.test. CNAME @"),
    "nothing.good.test": Domain("does not exist (authenticated denial)", ""),
    "parked.good.test": Domain("parked as it should be: null MX, SPF -all, DMARC reject, no keys", """
@ MX 0 .
@ TXT "v=spf1 -all"
_dmarc TXT "v=DMARC1; p=reject"
*._domainkey TXT "v=DKIM1; p="
"""),
    "spfloop.good.test": Domain("SPF includes itself: permerror",
                                '@ TXT "v=spf1 include:{domain} -all"'),
    "spfdeep.good.test": Domain("12 nested includes, over the 10 look-ups: permerror", deep(12)),
    "spftwo.good.test": Domain("two SPF records: permerror",
                               '@ TXT "v=spf1 -all"\n@ TXT "v=spf1 +all"'),
    "spfall.good.test": Domain("SPF lets everyone in (+all)", '@ TXT "v=spf1 +all"'),
    "spfvoid.good.test": Domain("three void look-ups, two allowed: permerror",
        '@ TXT "v=spf1 a:no1.{domain} a:no2.{domain} a:no3.{domain} -all"'),
    "spfsyntax.good.test": Domain("SPF with a word that is no mechanism: permerror",
                                  '@ TXT "v=spf1 ipv4:192.0.2.1 -all"'),
    "spfptr.good.test": Domain("SPF uses ptr, which RFC 7208 5.5 says not to",
                               '@ TXT "v=spf1 ptr ~all"'),
    "daneta.good.test": Domain("DANE-TA verified", "@ MX 10 mx-ta.good.test."),
    "tawrong.good.test": Domain("DANE-TA fails: name not in the certificate",
                                "@ MX 10 mx-tawrong.good.test."),
    "daneroll.good.test": Domain("DANE verified during a rollover", "@ MX 10 mx-roll.good.test."),
    "daneforms.good.test": Domain("DANE verified by one of three TLSA", "@ MX 10 mx-forms.good.test."),
    "danefull.good.test": Domain("DANE verified by TLSA 3 0 0", "@ MX 10 mx-full.good.test."),
    "danenotls.good.test": Domain("DANE fails: TLSA but no STARTTLS", "@ MX 10 mx-notlsdane.good.test."),
    "selfdane.good.test": Domain("self-signed, DANE-EE verified", "@ MX 10 mx-selfdane.good.test."),
    "tlsabogus.good.test": Domain("TLSA look-up is bogus: not to be used, never opportunistic",
                                  "@ MX 10 mx-tlsabogus.good.test."),
    "bogusmx.good.test": Domain("MX is secure, the address of its host is bogus",
                                "@ MX 10 mx.bogus.test."),
    "plainmx.good.test": Domain("MX is secure, its host stands in an unsigned zone: no DANE",
                                "@ MX 10 mx.plain.test."),
    "soon.good.test": Domain("certificate ends in 3 days", "@ MX 10 mx-soon.good.test."),
    "nochain.good.test": Domain("certificate chain is incomplete", "@ MX 10 mx-nochain.good.test."),
    "authclear.good.test": Domain("AUTH offered without TLS", "@ MX 10 mx-authclear.good.test."),
    "wild.good.test": Domain("wildcard certificate, name matches", "@ MX 10 mx-wild.good.test."),
    "v6.good.test": Domain("MX with A and AAAA, both answer (AAAA only in the namespace)",
                           "@ MX 10 mx-v6.good.test."),
    "v6dead.good.test": Domain("AAAA of the MX is dead, A answers", "@ MX 10 mx-v6dead.good.test."),
    "plain.test": Domain("insecure; self-signed MX; SPF ~all; DMARC p=none; one name server", """
@ MX 10 mx
@ TXT "v=spf1 ~all"
_dmarc TXT "v=DMARC1; p=none"
"""),
    "plain2.test": Domain("insecure zone with a secure MX host (mx1.good.test)",
                          '@ MX 10 mx1.good.test.\n@ TXT "v=spf1 -all"'),
    "sink.test": Domain("secure; its MX is the test's own server; DANE 3 1 1",
                        '@ MX 10 sink\n@ TXT "v=spf1 -all"'),
    "bogus.test": Domain("DS of another key: SERVFAIL, EDE 9",
                         '@ MX 10 mx1.good.test.\n@ TXT "v=spf1 -all"\nmx A {mx1}'),
    "stale.test": Domain("signatures ran out years ago: SERVFAIL, EDE 7",
                         '@ MX 10 mx1.good.test.\n@ TXT "v=spf1 -all"'),
    "stripped.test": Domain("DS in the parent, but no signatures: SERVFAIL",
                            '@ MX 10 mx1.good.test.\n@ TXT "v=spf1 -all"'),
    "lame.test": Domain("its name servers answer SERVFAIL", ""),
    "silent.test": Domain("its name server never answers: look-ups run into the time limit", ""),
    "missing.test": Domain("does not exist", ""),
    "parked.test": Domain("parked with an organisational domain of its own: all as it should be", """
@ MX 0 .
@ TXT "v=spf1 -all"
_dmarc TXT "v=DMARC1; p=reject"
*._domainkey TXT "v=DKIM1; p="
"""),
    "empty.test": Domain("an A record and nothing else: no MX, SPF, DMARC", "@ A {mx1}"),
    "weak.test": Domain("SPF ?all, p=none without reports, DKIM RSA 512 (sel1), RSA 1024 in test mode "
                        "(sel2), revoked (sel3); TLSRPT without rua; MX mx-notls", """
@ MX 10 mx-notls.good.test.
@ TXT "v=spf1 ?all"
_dmarc TXT "v=DMARC1; p=none; pct=50"
sel1._domainkey TXT "v=DKIM1; k=rsa; p={rsa512}"
sel2._domainkey TXT "v=DKIM1; k=rsa; t=y; p={rsa1024}"
sel3._domainkey TXT "v=DKIM1; p="
_smtp._tls TXT "v=TLSRPTv1"
"""),
    "dmarctwo.test": Domain("two DMARC records: none counts", """
@ MX 10 mx1.good.test.
@ TXT "v=spf1 -all"
_dmarc TXT "v=DMARC1; p=reject"
_dmarc TXT "v=DMARC1; p=none"
"""),
    "dmarcbad.test": Domain("DMARC with p=rejct and a rua without scheme", """
@ MX 10 mx1.good.test.
@ TXT "v=spf1 -all"
_dmarc TXT "v=DMARC1; p=rejct; rua=dmarc@dmarcbad.test"
"""),
    "reports.test": Domain("DMARC reports go to good.test, which agrees", """
@ MX 10 mx1.good.test.
@ TXT "v=spf1 -all"
_dmarc TXT "v=DMARC1; p=quarantine; rua=mailto:dmarc@good.test"
reports.test._report._dmarc.good.test. TXT "v=DMARC1"
"""),
    "noreports.test": Domain("DMARC reports go to sink.test, which never agreed", """
@ MX 10 mx1.good.test.
@ TXT "v=spf1 -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@sink.test"
"""),
    "stsbad.test": Domain("MTA-STS enforce names mx1, the MX is mx-wrong: no delivery",
                          sts("mx-wrong.good.test.")),
    "ststesting.test": Domain("MTA-STS in testing mode", sts()),
    "sts404.test": Domain("MTA-STS record, policy is 404", sts()),
    "stsnone.test": Domain("MTA-STS mode none: as without", sts()),
    "stsredirect.test": Domain("policy is a redirect, which RFC 8461 3.3 says not to follow", sts()),
    "ststype.test": Domain("policy comes as text/html (RFC 8461 3.3: should be text/plain)", sts()),
    "stssyntax.test": Domain("policy without mode and with max_age=forever: invalid", sts()),
    "stshuge.test": Domain("policy of 1 MB: over any sane limit", sts()),
    "stscert.test": Domain("policy host's certificate is of another name", sts()),
    "stsexpired.test": Domain("policy host's certificate is expired", sts()),
    "ststwo.test": Domain("two MTA-STS records: as if there were none",
                          sts(extra='_mta-sts TXT "v=STSv1; id=2"')),
    "dnsbl.test": Domain("a DNSBL: lists 127.0.0.2 and 127.0.25.9 (mx-catch)", """
2.0.0.127 A 127.0.0.2
2.0.0.127 TXT "listed for tests"
9.25.0.127 A 127.0.0.4
"""),
}

# MTA-STS policies by Host name: status, Content-Type, body ("location" for a redirect).
POLICY = "version: STSv1\r\nmode: {}\r\nmx: mx1.good.test\r\nmx: *.mx.good.test\r\nmax_age: 604800\r\n"
POLICIES = {
    "good.test": (200, "text/plain", POLICY.format("enforce")),
    "stsbad.test": (200, "text/plain", POLICY.format("enforce")),
    "ststesting.test": (200, "text/plain; charset=utf-8",
                        POLICY.format("testing").replace("\r\n", "\n")),
    "stsnone.test": (200, "text/plain", "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"),
    "stsredirect.test": (302, "location", "https://mta-sts.good.test/.well-known/mta-sts.txt"),
    "ststype.test": (200, "text/html", POLICY.format("enforce")),
    "stssyntax.test": (200, "text/plain", "version: STSv1\r\nmx: mx1.good.test\r\nmax_age: forever\r\n"),
    "stshuge.test": (200, "text/plain", POLICY.format("enforce") + "x-pad: " + "x" * 1_000_000 + "\r\n"),
    "stscert.test": (200, "text/plain", POLICY.format("enforce")),
    "stsexpired.test": (200, "text/plain", POLICY.format("enforce")),
}


def mail_domains():
    """The domains whose mail Postfix takes: those with records of their own that lead to it."""
    return [name for name, row in DOMAINS.items() if "MX 0 ." not in row.records and row.records
            and name not in ("dnsbl.test", "sink.test", "loopcname.good.test")]


def table():
    """README.md, whole."""
    rows = ["# Peers of the end-to-end tests", "", __doc__.split("\n", 1)[0], "",
            "Printed by `world.py`; do not edit here. How to use it: `run.py --help`.", "",
            "| host | address | what is true of it |", "| --- | --- | --- |"]
    rows += [f"| {h.name} | {h.address}{' ' + h.aaaa if h.aaaa else ''} | {h.says} |"
             for h in (*HOSTS.values(), *(Host(*r[:2], r.says) for r in RELAYS.values()))]
    rows += ["", "| domain | zone | what is true of it |", "| --- | --- | --- |"]
    rows += [f"| {name} | {ZONES.get(name, '')} | {d.says} |" for name, d in DOMAINS.items()]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
