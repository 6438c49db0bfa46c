#!/usr/bin/python3
"""Each peer behaves as its row in world.py says, asked with other tools than ours. TAP.

Run alone it starts the peers itself (and says SKIP where it cannot); inside run.py it uses those.
"""
import contextlib
import hashlib
import imaplib
import os
import poplib
import smtplib
import socket
import ssl
import subprocess
import sys
import time

sys.dont_write_bytecode = True

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import run
import world

ENV = {k[7:]: v for k, v in os.environ.items() if k.startswith("MP_E2E_")}
NAMESPACE = ENV.get("MODE") == "namespace"
PATIENCE = 20
results = []


def row(label, ok, why=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {label}")
    if not ok:
        print("# " + repr(why)[:600])
    sys.stdout.flush()


def skip(label, why):
    results.append(True)
    print(f"ok {len(results)} - {label} # SKIP {why}")


# ---- DNS ---------------------------------------------------------------------------------------

def ask(name, kind):
    """What drill prints, in words with one space between."""
    address, port = ENV["RESOLVER"].split(":")
    done = subprocess.run(["drill", "-D", "-p", port, name, "@" + address, kind],
                          capture_output=True, text=True, timeout=60, check=False)
    return " ".join(done.stdout.split())


DNS = [  # name, type, what the answer holds, whether it is authenticated (None: all the same)
    ("good.test", "MX", "10 mx1.good.test.", True), ("plain.test", "MX", "mx.plain.test.", False),
    ("plain2.test", "MX", "mx1.good.test.", False), ("sink.test", "MX", "sink.sink.test.", True),
    ("bogus.test", "MX", "SERVFAIL", None), ("stale.test", "MX", "SERVFAIL", None),
    ("stripped.test", "MX", "SERVFAIL", None), ("lame.test", "MX", "SERVFAIL", None),
    ("mx-tlsabogus.good.test", "A", "127.0.25.1", True),
    ("_{smtp}._tcp.mx-tlsabogus.good.test", "TLSA", "SERVFAIL", None),
    ("_{smtp}._tcp.mx1.good.test", "TLSA", "2 1 1", True),
    ("_{smtp}._tcp.mx.plain.test", "TLSA", "3 1 1", False),
    ("nothing.good.test", "MX", "NXDOMAIN", True), ("missing.test", "MX", "NXDOMAIN", True),
    ("nullmx.good.test", "MX", "0 .", True), ("nullmixed.good.test", "MX", "10 mx1", True),
    ("implicit.good.test", "A", "127.0.25.1", True), ("implicit.good.test", "MX", "ANSWER: 0", True),
    ("cnamemx.good.test", "MX", "alias.good.test.", True),
    ("alias.good.test", "A", "CNAME mx1.good.test.", True),
    ("ipmx.good.test", "MX", "127.0.25.1.", True),
    ("loopcname.good.test", "A", "SERVFAIL", None),
    ("failover.good.test", "MX", "20 mx1.good.test.", True),
    ("_dmarc.good.test", "TXT", "p=reject; adkim=s", True),
    ("_mta-sts.good.test", "TXT", "v=STSv1; id=", True),
    ("_smtp._tls.good.test", "TXT", "v=TLSRPTv1", True),
    ("sel1._domainkey.good.test", "TXT", "v=DKIM1; k=rsa; p=MII", True),
    ("any._domainkey.parked.test", "TXT", 'p="', True),
    ("good.test", "CAA", "e2e.test", True), ("_imaps._tcp.good.test", "SRV", "imap.good.test.", True),
    ("_pop3s._tcp.good.test", "SRV", "0 0 0 .", True),
    ("spftwo.good.test", "TXT", "+all", True), ("d12.spfdeep.good.test", "TXT", "-all", True),
    ("1.25.0.127.in-addr.arpa", "PTR", "mx1.good.test.", False),
    ("7.25.0.127.in-addr.arpa", "PTR", "NXDOMAIN", None),
    ("8.25.0.127.in-addr.arpa", "PTR", "mx1.good.test.", False),
    ("2.0.0.127.dnsbl.test", "A", "127.0.0.2", False),
    ("reports.test._report._dmarc.good.test", "TXT", "v=DMARC1", True),
    ("example.com", "MX", "REFUSED", None), ("8.8.8.8.in-addr.arpa", "PTR", "REFUSED", None),
]


def check_dns():
    for name, kind, wanted, secure in DNS:
        name = name.format(smtp=ENV["PORT_SMTP"])
        text = ask(name, kind)
        flags = text.partition("flags:")[2].partition(";")[0]
        row(f"dns: {name} {kind}: {wanted}" + {True: ", secure", False: ", insecure", None: ""}[secure],
            wanted in text and secure in (None, " ad" in flags), text)


# ---- SMTP and TLS ------------------------------------------------------------------------------

class Client(smtplib.SMTP):
    """Knows the host by its name, but connects to its address; keeps what was announced."""
    address = ""

    def __init__(self, name, port="SMTP", address=None):
        self.address = address or next(h.address for h in world.HOSTS.values() if h.name == name)
        super().__init__(name, int(ENV["PORT_" + port]), "client.sender.test", PATIENCE)

    def _get_socket(self, host, port, timeout):
        return socket.create_connection((self.address, port), timeout)


class Lmtp(Client):
    ehlo_msg = "lhlo"


def trusting(verify=True):
    context = ssl.create_default_context(cafile=ENV["CA"])
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def tls_says(name, address=None):
    """What PKIX says of a host: ok, or the reason of the refusal."""
    client = Client(name, address=address)
    try:
        client.starttls(context=trusting())
        return "ok"
    except ssl.SSLCertVerificationError as e:
        return e.verify_message
    except smtplib.SMTPNotSupportedError:
        return "no STARTTLS"
    finally:
        client.close()


TLS = [
    ("MX1", "ok"), ("BADTLSA", "ok"), ("PLAIN", "self-signed certificate"), ("NOTLS", "no STARTTLS"),
    ("HARD", "ok"), ("REJECT", "ok"), ("EXPIRED", "certificate has expired"),
    ("WRONG", "Hostname mismatch"), ("GREY", "ok"), ("CATCH", "ok"), ("OPEN", "ok"), ("TA", "ok"),
    ("TAWRONG", "Hostname mismatch"), ("UNUSABLE", "ok"), ("SOON", "ok"),
    ("NOCHAIN", "unable to get local issuer certificate"), ("AUTHCLEAR", "no STARTTLS"),
    ("SELFDANE", "self-signed certificate"), ("WILD", "ok"), ("V6", "ok"), ("V6DEAD", "ok"),
]


def tlsa_matches(key):
    """Does a DANE-EE record in the DNS fit what the server shows? Computed apart from ca.py."""
    host = world.HOSTS[key]
    client = Client(host.name)
    client.starttls(context=trusting(verify=False))
    der = client.sock.getpeercert(True)
    client.close()
    public = subprocess.run("openssl x509 -inform DER -noout -pubkey | "
                            "openssl pkey -pubin -outform DER", shell=True, input=der,
                            capture_output=True, check=True).stdout
    text = ask(f"_{ENV['PORT_SMTP']}._tcp.{host.name}", "TLSA").lower().replace(" ", "")
    digests = [hashlib.sha256(public).hexdigest(), hashlib.sha512(public).hexdigest(), der.hex()]
    return any(d in text for d in digests)


def check_tls():
    for key, wanted in TLS:
        said = tls_says(world.HOSTS[key].name)
        row(f"tls: {key}: {wanted}", wanted in said, said)
    if ENV["IPV6"] == "1":
        said = tls_says("mx-v6.good.test", ENV["ADDR6_V6"])
        row("tls: V6 answers at its AAAA", said == "ok", said)
        row("tcp: V6DEAD does not at its AAAA", not connects(ENV["ADDR6_V6DEAD"], "SMTP"))
    else:
        skip("tls: V6 answers at its AAAA", "no IPv6 here")
    row("tcp: DEAD refuses", not connects(ENV["ADDR_DEAD"], "SMTP"))
    for key, wanted in (("MX1", True), ("BADTLSA", False), ("EXPIRED", True), ("WRONG", True),
                        ("ROLL", True), ("FORMS", True), ("FULL", True), ("SELFDANE", True),
                        ("PLAIN", True)):
        row(f"tlsa: {key}: {'one matches' if wanted else 'none matches'}",
            tlsa_matches(key) == wanted)


def connects(address, port):
    try:
        socket.create_connection((address, int(ENV["PORT_" + port])), 5).close()
        return True
    except OSError:
        return False


def rcpt(name, to, port="SMTP", before=(), sender="x@sender.test", kind=Client):
    """The reply to RCPT, after these commands; EHLO between them is the caller's to ask for."""
    with kind(name, port) as client:
        client.ehlo()
        for command in before:
            client.docmd(command)
        client.mail(sender)
        return client.rcpt(to)


RCPT = [  # host, port, recipient, the reply's begin
    ("MX1", "SMTP", "alice@good.test", "250 2.1.5"), ("MX1", "SMTP", "no-one@good.test", "550 5.1.1"),
    ("MX1", "SMTP", "alice+tag@good.test", "250 2.1.5"),
    ("MX1", "SMTP", "a@elsewhere.example", "554 5.7.1"),
    ("PLAIN", "SMTP", "alice@plain.test", "250 2.1.5"),
    ("CATCH", "SMTP", "no-one@catchall.good.test", "250 2.1.5"),
    ("CATCH", "SMTP", "a@elsewhere.example", "554 5.7.1"),
    ("OPEN", "SMTP", "a@elsewhere.example", "250 2.1.5"),
    ("OPEN", "SMTP", "alice@open.good.test", "250 2.1.5"),
    ("HARD", "SMTP", "alice@hard.good.test", "250 2.1.5"),
    ("AUTHCLEAR", "SMTP", "alice@authclear.good.test", "250 2.1.5"),
    ("MX1", "SUBMISSION", "alice@good.test", "530 5.7.0"),
]


def check_rcpt():
    for key, port, to, wanted in RCPT:
        code, text = rcpt(world.HOSTS[key].name, to, port)
        row(f"rcpt: {key} {port} <{to}>: {wanted}", f"{code} {text.decode()}".startswith(wanted), text)
    said = [rcpt("mx-grey.good.test", "alice@grey.good.test", sender=s)[0] for s in
            ("one@sender.test", "one@sender.test", "two@sender.test")]
    row("rcpt: GREY defers the first of each sender: 450 250 450", said == [450, 250, 450], said)
    code, text = rcpt("mx1.good.test", "alice@good.test", "XCLIENT", [
        "XCLIENT ADDR=192.0.2.77 NAME=relay.example", "EHLO relay.example"])
    row("xclient: plays another client", code == 250, text)
    where = (ENV["ADDR_MX1"], int(ENV["PORT_PROXY"]))
    with socket.create_connection(where, PATIENCE) as s:
        s.sendall(b"PROXY TCP4 192.0.2.9 127.0.25.1 4321 25\r\n")
        banner = s.recv(100)
    row("proxy: the greeting comes after the PROXY line", banner.startswith(b"220 mx1"), banner)


# ---- AUTH, LMTP, delivery ----------------------------------------------------------------------

def auth(port, mechanism, password="secret-alice"):
    address = ENV["ADDR_MX1"]
    if port == "SUBMISSIONS":
        raw = socket.create_connection((address, int(ENV["PORT_SUBMISSIONS"])), PATIENCE)
        client = smtplib.SMTP(timeout=PATIENCE)
        client.sock = trusting().wrap_socket(raw, server_hostname="submission.good.test")
        client.getreply()
    else:
        client = Client("submission.good.test", port, address)
        client.ehlo()
        if client.has_extn("auth"):
            return "AUTH before TLS"
        client.starttls(context=trusting())
    client.ehlo()
    client.user, client.password = "alice@good.test", password
    offered = client.esmtp_features.get("auth", "")
    if mechanism not in offered:
        return offered
    try:
        if mechanism.startswith("SCRAM"):
            return client.docmd("AUTH", mechanism)[0]
        method = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login,
                  "CRAM-MD5": client.auth_cram_md5}[mechanism]
        return client.auth(mechanism, method)[0]
    except smtplib.SMTPAuthenticationError as e:
        return e.smtp_code
    finally:
        client.close()


def check_auth():
    for port, mechanism, wanted in (
            ("SUBMISSION", "PLAIN", 235), ("SUBMISSION", "LOGIN", 235), ("SUBMISSION", "CRAM-MD5", 235),
            ("SUBMISSIONS", "PLAIN", 235), ("SUBMISSION", "SCRAM-SHA-1", 334),
            ("SUBMISSION", "SCRAM-SHA-256", 334)):
        said = auth(port, mechanism)
        row(f"auth: {port} {mechanism}: {wanted}", said == wanted, said)
    said = auth("SUBMISSION", "PLAIN", "wrong")
    row("auth: a wrong password is 535", said == 535, said)
    with Client("mx-authclear.good.test") as client:
        client.ehlo()
        row("auth: AUTHCLEAR offers AUTH without TLS", client.has_extn("auth"))


def lmtp(to, body):
    with Lmtp("mx1.good.test", "LMTP") as client:
        client.ehlo_or_helo_if_needed()
        client.mail("x@sender.test")
        code, text = client.rcpt(to)
        return (code, text) if code >= 400 else client.data("Subject: x\r\n\r\n" + body)


def arrived(user, tag):
    """Does a message with this text come into the user's Maildir?"""
    folder = os.path.join(ENV["DIR"], "mail", "good.test", user, "new")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            with open(os.path.join(folder, name), "rb") as f:
                if tag in f.read():
                    return True
        time.sleep(0.05)
    return False


def read_mail(kind, server):
    """The newest message of bob."""
    try:
        if kind == "IMAP":
            server.starttls(trusting(verify=False))
            server.login("bob@good.test", "secret-bob")
            server.select("INBOX", readonly=True)
            return server.fetch("*", "(RFC822)")[1][0][1]
        server.stls(trusting(verify=False))
        server.user("bob@good.test")
        server.pass_("secret-bob")
        return b"\n".join(server.retr(server.stat()[0])[1])
    except (imaplib.IMAP4.error, poplib.error_proto, OSError) as e:
        return repr(e).encode()


def check_delivery():
    code, text = lmtp("bob@good.test", "over lmtp")
    row("lmtp: a message is taken", code == 250, text)
    code, text = lmtp("no-one@good.test", "x")
    row("lmtp: an unknown recipient is 550", code == 550, text)
    code, text = lmtp("quota@good.test", "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 500)
    row("lmtp: over quota is 552 or 452", code in (552, 452), text)
    with Client("mx1.good.test") as client:
        client.starttls(context=trusting())
        client.sendmail("x@sender.test", ["canary@good.test"], "Subject: x\r\n\r\ntag-through-smtp\r\n")
    row("delivered: from SMTP with TLS into the Maildir", arrived("canary", b"tag-through-smtp"))
    row("delivered: from LMTP into the Maildir", arrived("bob", b"over lmtp"))
    for kind, client in (("IMAP", imaplib.IMAP4), ("POP3", poplib.POP3)):
        with contextlib.closing(client(ENV["ADDR_MX1"], int(ENV["PORT_" + kind]),
                                       timeout=PATIENCE)) as server:
            said = read_mail(kind, server)
        row(f"read: over {kind} with STARTTLS", b"over lmtp" in said, said)


def smuggle(name, end):
    """Messages taken when `end` stands inside the text, with a second message behind it."""
    address = next(h.address for h in world.HOSTS.values() if h.name == name)
    with socket.create_connection((address, int(ENV["PORT_SMTP"])), PATIENCE) as s:
        f = s.makefile("rb")
        f.readline()
        for command in (b"HELO c.test", b"MAIL FROM:<a@sender.test>", b"RCPT TO:<bob@good.test>",
                        b"DATA"):
            s.sendall(command + b"\r\n")
            f.readline()
        s.sendall(b"Subject: outer\r\n\r\nouter" + end + b"MAIL FROM:<b@sender.test>\r\n"
                  b"RCPT TO:<bob@good.test>\r\nDATA\r\nSubject: inner\r\n\r\ninner\r\n.\r\nQUIT\r\n")
        try:
            text = f.read()
        except ConnectionResetError:
            text = b""
    return text.count(b"Ok: queued")


def check_smuggling():
    for key, end, wanted in (
            ("NOTLS", b"\n.\n", 2), ("NOTLS", b"\n.\r\n", 2), ("NOTLS", b"\r\n.\n", 2),
            ("NOTLS", b"\r\n.\r\r\n", 2), ("NOTLS", b"\r.\r", 1), ("MX1", b"\n.\r\n", 2),
            ("HARD", b"\n.\n", 1), ("HARD", b"\n.\r\n", 1), ("HARD", b"\r\n.\r\r\n", 1),
            ("REJECT", b"\n.\n", 0), ("REJECT", b"\r\n.\n", 0)):
        got = smuggle(world.HOSTS[key].name, end)
        row(f"smuggling: {key} {end!r}: {wanted} message{'s' * (wanted != 1)}", got == wanted, got)


# ---- HTTPS, DANE as Postfix sees it --------------------------------------------------------------

def fetch(host, path):
    """Over a socket of ours, because only in the namespace do the names resolve by themselves."""
    try:
        raw = socket.create_connection((ENV["WEB"], int(ENV["PORT_HTTPS"])), PATIENCE)
        with trusting().wrap_socket(raw, server_hostname=host) as s:
            s.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            return s.makefile("rb").read().decode()
    except ssl.SSLCertVerificationError as e:
        return e.verify_message


RELAYS = [  # recipient, reply behind the message; the gate has no program here
    ("GULLIBLE", "alice@good.test", 250), ("FOOTER", "alice@good.test", 250),
    ("LOSE", "alice@good.test", 250), ("SLOW", "alice@good.test", 250),
    ("GATE", "alice@good.test", 451), ("GATE", "a@elsewhere.example", 554),
    ("FOOTER", "nobody@good.test", 550), ("SIGNER", "alice@good.test", 250),
]


def check_relays():
    for key, to, wanted in RELAYS:
        relay = world.RELAYS[key]
        client = Client(relay.name, address=relay.address)
        client.starttls(context=trusting())
        try:
            client.sendmail("one@sender.test", [to], b"Subject: relay\r\n\r\n" + key.encode())
            code = 250
        except smtplib.SMTPRecipientsRefused as e:
            code = next(iter(e.recipients.values()))[0]
        except smtplib.SMTPDataError as e:
            code = e.smtp_code
        finally:
            client.close()
        row(f"relay: {key} <{to}>: {wanted}", code == wanted, code)


def check_web():
    for domain, wanted in (
            ("good.test", "mode: enforce"), ("ststesting.test", "mode: testing"),
            ("stsbad.test", "mx: mx1.good.test"), ("sts404.test", " 404 "),
            ("stsnone.test", "mode: none"), ("stsredirect.test", " 302 "),
            ("ststype.test", "text/html"), ("stssyntax.test", "forever"), ("stshuge.test", "x" * 9999),
            ("stscert.test", "Hostname mismatch"), ("stsexpired.test", "certificate has expired")):
        text = fetch("mta-sts." + domain, "/.well-known/mta-sts.txt")
        row(f"mta-sts: {domain}: {wanted[:30]}", wanted in text, text[:300])
    row("bimi: the logo", "tiny-ps" in fetch("bimi.good.test", "/logo.svg"))
    row("bimi: a logo with a script", "<script>" in fetch("bimi.good.test", "/script.svg"))


DANE = {
    "good.test": "Verified", "badtlsa.good.test": "Untrusted", "unusable.good.test": "Untrusted",
    "expired.good.test": "Verified", "wrongname.good.test": "Verified",
    "daneta.good.test": "Verified", "tawrong.good.test": "Untrusted", "daneroll.good.test": "Verified",
    "daneforms.good.test": "Verified", "danefull.good.test": "Verified",
    "selfdane.good.test": "Verified", "plainmx.good.test": "Untrusted", "plain.test": "Untrusted",
    "danenotls.good.test": None, "tlsabogus.good.test": None, "bogusmx.good.test": None,
    "failover.good.test": "Verified", "v6dead.good.test": "Untrusted",
}


def check_dane():
    env = {**os.environ, "MAIL_CONFIG": os.path.join(ENV["DIR"], "postfix", "conf")}
    for domain, wanted in DANE.items():
        text = subprocess.run(["posttls-finger", "-c", "-t", "10", "-T", "10", "-l", "dane",
                               "-L", "summary", domain], env=env, capture_output=True, text=True,
                              check=False, timeout=60)
        said = text.stdout + text.stderr
        ok = f"{wanted} TLS connection" in said if wanted else "TLS connection est" not in said
        row(f"dane: Postfix on {domain}: {wanted or 'no TLS session'}", ok, said)


def main():
    if "DIR" not in ENV:
        reason = run.why_not()
        if reason is not None:
            print(f"1..0 # SKIP {reason}")
            return 0
        return subprocess.run([sys.executable, os.path.join(HERE, "run.py"), *sys.argv[1:],
                               sys.executable, os.path.abspath(__file__)], check=False).returncode
    with open(os.path.join(HERE, "README.md"), encoding="utf-8") as f:
        row("README.md is what world.py prints", f.read() == world.table())
    for check in (check_dns, check_tls, check_rcpt, check_auth, check_delivery, check_smuggling,
                  check_relays, check_web):
        check()
    if NAMESPACE:
        check_dane()
    else:
        skip("dane: as Postfix sees it", "needs the real ports")
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
