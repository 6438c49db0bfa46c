"""SMTP smuggling: what Postfix (as Debian ships it, and hardened twice) and Dovecot's LMTP do with
each malformed end of DATA. Measured by other means in peers/selftest.py for some of them."""
import os

from tool import differ

# S smuggled, e ends, c content, r refused.
SEQUENCES = ("LF.LF", "LF.CRLF", "CRLF.LF", "CRLF.CRCRLF", "CRCRLF.CRCRLF", "CRLF.NULCRLF",
             "CRLFNUL.CRLF", "LF.CR", "LFCR.LFCR", "CR.LF", "CR.CR", "CR.CRLF", "CRLF.CR",
             "CRLF.SPCRLF")
TABLE = {
    "as Debian ships it": ("NOTLS", "SMTP", "SSSSSccccccccc"),
    "smtpd_forbid_bare_newline=yes": ("HARD", "SMTP", "cccccccccccccc"),
    "smtpd_forbid_bare_newline=reject": ("REJECT", "SMTP", "rrrccccrrrcccc"),
    "Dovecot LMTP": ("MX1", "LMTP", "SSSccccccccccc"),
}
LETTERS = {"smuggled": "S", "ends": "e", "content": "c", "refused": "r", "undecided": "?"}


def table(mailproof, host, port, want):
    address = os.environ["MP_E2E_ADDR_" + host]
    scheme = "lmtp" if port == "LMTP" else "smtp"
    url = f"{scheme}://{address}:{os.environ['MP_E2E_PORT_' + port]}"
    code, document = mailproof.probe("--smuggle", "--to", "alice@good.test", "--from",
                                     "bob@good.test", "--no-catch-all", "--fail-on", "critical", url)
    told = {s["sequence"]: LETTERS[s["verdict"]] for s in document["servers"][0]["smuggling"]}
    yield from differ("sequences", list(told), list(SEQUENCES))
    yield from differ("verdicts", "".join(told.get(s, "-") for s in SEQUENCES), want)
    yield from differ("exit code", code, 1 if "S" in want else 0)


def rows(out, mailproof):
    for label, row in TABLE.items():
        out.run("smuggling: " + label, table, mailproof, *row)
