#!/usr/bin/python3
"""Room milter between real Postfix and a small driver: milter_test.py MAILPROOF MILTER_DRIVER.
Prints TAP; SKIP where Postfix is not installed.

Outside it starts the peers (peers/run.py) around itself; inside it sends mail to the listener FILTER
of mx1 and looks at what the filter saw, what the SMTP client was told and what was delivered.
"""
import glob
import json
import os
import re
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "peers")]
import around  # noqa: E402
from rows import Failed, expect, holds, row, run_rows  # noqa: E402

PATIENCE = 30
FORGED = b"Authentication-Results: mx1.good.test; spf=pass smtp.mailfrom=evil.test\r\n"
ALL_SORTS = (
    b"Received: from a.test by b.test;\r\n\tSun, 29 Nov 2026 17:00:00 +0000\r\n"
    b"From: Alice <alice@good.test>\r\n"
    b"To: bob@good.test,\r\n  canary@good.test,\r\n\t\tquota@good.test\r\n"
    b"Subject:no space\r\n"
    b"X-Two:  two spaces\r\n"
    b"X-Tab:\tand a tab\r\n"
    b"X-Trailing: spaces   \r\n"
    b"X-Empty:\r\n"
    b"X-Fold-First:\r\n folded at once\r\n"
    b"x-Case: kept; 100%%\r\n"
    b"X-Eight: \xc3\xa4\xff raw\r\n"
    b"Date: Sun, 29 Nov 2026 17:00:00 +0000\r\n"
    b"Message-ID: <%s>\r\n"
    b"\r\n"
    b"A line\r\n.\r\n..two dots\r\n\r\n\ttab and spaces  \r\n" + b"l" * 5000 + b"\r\n"
    b"\xe4\xf6\xfc\x80\xff eight bits\r\n\r\n\r\n")


class World:
    """The driver, and what lies about."""

    def __init__(self, program, driver):
        self.program = program
        self.env = os.environ
        self.address = self.env["MP_E2E_ADDR_MX1"]
        self.port = int(self.env["MP_E2E_PORT_FILTER"])
        with self.connect() as client:
            client.ehlo()
            self.without = [client.mail("alice@good.test")[0], client.rcpt("bob@good.test")[0]]
        self.folder = tempfile.mkdtemp(prefix="mailproof-milter-")
        self.driver = subprocess.Popen(
            [driver, self.address, self.env["MP_E2E_PORT_MILTER"], self.folder],
            stdout=subprocess.PIPE)
        self.driver.stdout.readline()
        self.number = 0

    def connect(self, helo="client.sender.test"):
        return smtplib.SMTP(self.address, self.port, helo, PATIENCE)

    def identity(self):
        self.number += 1
        return f"m{self.number}.{os.getpid()}@sender.test".encode()

    def saw(self, identity):
        """The message that the filter saw whole, and what it knew of it."""
        for path in glob.glob(os.path.join(self.folder, "*.eml")):
            with open(path, "rb") as eml:
                text = eml.read()
            if identity in text:
                with open(path.removesuffix("eml") + "txt", encoding="utf-8") as txt:
                    return text, [line.rstrip("\n").partition(" ")[::2] for line in txt]
        raise Failed(f"the filter has not seen {identity}")

    def queued(self, identity, queue):
        """Names of queue files with this Message-ID."""
        found = []
        for path in glob.glob(os.path.join(self.env["MP_E2E_DIR"], "postfix/spool", queue, "**"),
                              recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    if identity in f.read():
                        found.append(path)
        return found

    def delivered(self, identity, user="bob"):
        """The message in a mailbox, with CRLF; it is waited for."""
        deadline = time.monotonic() + PATIENCE
        box = os.path.join(self.env["MP_E2E_DIR"], "mail/good.test", user)
        while time.monotonic() < deadline:
            for path in glob.glob(os.path.join(box, "new", "*")):
                with open(path, "rb") as f:
                    text = f.read()
                if b"<" + identity + b">" in text:
                    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            time.sleep(0.02)
        raise Failed(f"{identity} was not delivered")


def data(client, text):
    """The message after DATA, dots stuffed and nothing else done to it."""
    code, said = client.docmd("DATA")
    expect("DATA", code, 354)
    client.send(re.sub(rb"(?m)^\.", b"..", text) + b".\r\n")
    return client.getreply()


def send(client, text, to="bob@good.test", sender="alice@good.test", options=()):
    code, said = client.mail(sender, list(options))
    expect(f"MAIL {said!r}", code, 250)
    for address in [to] if isinstance(to, str) else to:
        code, said = client.rcpt(address)
        expect(f"RCPT {said!r}", code, 250)
    return data(client, text)


def simple(identity, more=b""):
    return (b"From: alice@good.test\r\nTo: bob@good.test\r\nSubject: a test\r\n"
            b"Date: Sun, 29 Nov 2026 17:00:00 +0000\r\nMessage-ID: <" + identity + b">\r\n" + more +
            b"\r\nHello\r\n")


def header_of(text, name):
    """Values of the fields of this name, in order, unfolded."""
    head = text.partition(b"\r\n\r\n")[0]
    head = re.sub(rb"\r\n[ \t]+", b" ", head)
    return [line.partition(b":")[2].strip() for line in head.split(b"\r\n")
            if line.partition(b":")[0].lower() == name.lower()]


def names_of(text):
    head = text.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].decode() for line in head.split(b"\r\n")
            if line[:1] not in (b" ", b"\t")]


def facts_of(facts, word):
    return [value for key, value in facts if key == word]


@row("without a filter nothing is let through")
def _(world):
    holds(f"put off: {world.without}", 451 in world.without)


@row("a message reaches the filter byte for byte, and the mailbox")
def _(world):
    identity = world.identity()
    text = ALL_SORTS % identity
    with world.connect() as client:
        client.ehlo()
        expect("the answer", send(client, text, options=["BODY=8BITMIME"])[0], 250)
    got, facts = world.saw(identity)
    expect("the message", got, text)
    expect("from", facts_of(facts, "from"), ["alice@good.test"])
    expect("to", facts_of(facts, "to"), ["bob@good.test"])
    expect("parameters", facts_of(facts, "param"), ["BODY=8BITMIME"])
    expect("helo", facts_of(facts, "helo"), ["client.sender.test"])
    expect("spaces", facts_of(facts, "spaces"), ["kept"])
    holds("a queue id", any(v.startswith("i ") and len(v) > 5 for v in facts_of(facts, "macro")))
    holds("the server's name", "j mx1.good.test" in facts_of(facts, "macro"))
    arrived = world.delivered(identity)
    holds("delivered as it is", arrived.partition(b"From: Alice")[2].partition(b"\r\n\r\n")[0] ==
          text.partition(b"From: Alice")[2].partition(b"\r\n\r\n")[0])


@row("forged results are removed, and only those; ours stand on top")
def _(world):
    identity = world.identity()
    text = simple(identity, FORGED + b"Authentication-Results: other.test; none\r\n"
                  b"authentication-RESULTS:mx1.good.test;\r\n dkim=pass\r\n" + FORGED +
                  b"X-Kept: Authentication-Results: mx1.good.test\r\n"
                  b"Authentication-Results-Not: mx1.good.test\r\n"
                  b"Authentication-Results: last.test; none\r\n" + FORGED)
    with world.connect() as client:
        client.ehlo()
        expect("the answer", send(client, text, "bob+edit@good.test")[0], 250)
    expect("the message", world.saw(identity)[0], text)
    arrived = world.delivered(identity)
    expect("results", header_of(arrived, b"Authentication-Results"),
           [b"mx1.good.test; none", b"other.test; none", b"last.test; none"])
    expect("similar ones", [header_of(arrived, b"X-Kept"), header_of(arrived, b"Authentication-Results-Not")],
           [[b"Authentication-Results: mx1.good.test"], [b"mx1.good.test"]])
    names = names_of(arrived)
    ours = names.index("Authentication-Results")
    expect("order", names[ours:ours + 3], ["Authentication-Results", "X-Second", "Received"])
    expect("the last one", names[-1], "X-Last")
    expect("nothing is injected", [header_of(arrived, b"X-Second"), header_of(arrived, b"Injected")],
           [[b"evil Injected: yes body"], []])
    holds("one space behind the colon", b"\r\nX-Second: evil" in arrived and
          b"Authentication-Results: mx1.good.test;\r\n\tnone\r\n" in arrived)


@row("the subject is tagged, the other fields are as they were")
def _(world):
    identity = world.identity()
    text = simple(identity).replace(b"Subject: a test", b"subject: a\r\n\tfolded \xc3\xa4 test")
    with world.connect() as client:
        client.ehlo()
        expect("the answer", send(client, text, "bob+tag@good.test", options=["BODY=8BITMIME"])[0], 250)
    arrived = world.delivered(identity)
    holds("the subject", b"subject: [tagged] a\r\n\tfolded \xc3\xa4 test\r\n" in arrived)
    holds("in its place", names_of(arrived)[-5:-1] == ["To", "subject", "Date", "Message-ID"])


@row("three hundred fields are removed")
def _(world):
    identity = world.identity()
    many = b"".join(b"X-Many: %d\r\n" % i for i in range(300))
    with world.connect() as client:
        client.ehlo()
        expect("the answer", send(client, simple(identity, many), "bob+many@good.test")[0], 250)
    expect("left", header_of(world.delivered(identity), b"X-Many"), [])


@row("a long field; one of ninety kilobytes Postfix cuts, for the filter and for the mailbox alike")
def _(world):
    for lines in (60, 100):
        identity = world.identity()
        field = b"X-Long: " + b"\r\n ".join([b"w" * 900] * lines) + b"\r\n"
        with world.connect() as client:
            client.ehlo()
            expect("the answer", send(client, simple(identity, field))[0], 250)
        got = world.saw(identity)[0]
        holds("what was sent, or the beginning of it", lines > 60 or field in got)
        holds("in the mailbox what the filter saw",
              got[got.index(b"X-Long"):] == (text := world.delivered(identity))[text.index(b"X-Long"):])


@row("odd heads: the filter sees what is delivered")
def _(world):
    for label, odd in (("a line that is no field", b"this is no field\r\nX-Behind: in the body\r\n"),
                       ("a space before the colon", b"X-Odd : value\r\nX-Behind: next\r\n"),
                       ("a lone CR", b"X-Odd: a\rX-Not: b\r\n"),
                       ("a line of spaces", b"X-Odd: a\r\n \t\r\n b\r\n")):
        identity = world.identity()
        text = simple(identity, odd)
        with world.connect() as client:
            client.ehlo()
            expect("the answer", send(client, text)[0], 250)
        got, arrived = world.saw(identity)[0], world.delivered(identity)
        expect(label, got[got.index(b"Message-ID"):].replace(b"X-Odd:", b"X-Odd :"),
               arrived[arrived.index(b"Message-ID"):].replace(b"X-Odd:", b"X-Odd :"))


@row("a recipient is refused with our words, the others are not")
def _(world):
    identity = world.identity()
    with world.connect() as client:
        client.ehlo()
        client.mail("alice@good.test")
        expect("refused", client.rcpt("bob+refuse@good.test"), (550, b"5.1.1 Refused, 50% sure"))
        expect("taken", client.rcpt("canary@good.test")[0], 250)
        expect("the answer", data(client, simple(identity))[0], 250)
    expect("to", facts_of(world.saw(identity)[1], "to"), ["canary@good.test"])
    world.delivered(identity, "canary")


@row("a message is refused in two lines, put off, and the connection goes on")
def _(world):
    kept = world.identity()
    with world.connect() as client:
        client.ehlo()
        for word, code, said in (
                ("reject", 554, b"5.7.1 Not this one, 100%\n5.7.1 Really not"),
                ("fault", 451, b"4.7.1 Service unavailable - try again later")):
            identity = world.identity()
            expect(word, send(client, simple(identity), f"bob+{word}@good.test"), (code, said))
            expect("left in the queue", world.queued(identity, "*"), [])
        expect("the next one", send(client, simple(kept))[0], 250)
    world.delivered(kept)


@row("a message is held, with its changes; the next one is not")
def _(world):
    held, kept = world.identity(), world.identity()
    with world.connect() as client:
        client.ehlo()
        expect("held", send(client, simple(held), "bob+hold@good.test")[0], 250)
        expect("the next one", send(client, simple(kept))[0], 250)
    world.delivered(kept)
    files = world.queued(held, "hold")
    expect("held messages", len(files), 1)
    with open(files[0], "rb") as f:
        holds("its changes", b"X-Last" in f.read())


@row("several messages of a connection, one given up in between")
def _(world):
    identities = [world.identity() for _ in range(4)]
    with world.connect() as client:
        client.ehlo()
        for i, identity in enumerate(identities):
            client.mail("given-up@good.test")
            client.rcpt("canary@good.test")
            client.rset()
            expect("the answer", send(client, simple(identity, b"X-Number: %d\r\n" % i),
                                      sender=f"alice+{i}@good.test")[0], 250)
            client.ehlo()
    for i, identity in enumerate(identities):
        got, facts = world.saw(identity)
        expect("the message", got, simple(identity, b"X-Number: %d\r\n" % i))
        expect("from, to", [facts_of(facts, "from"), facts_of(facts, "to")],
               [[f"alice+{i}@good.test"], ["bob@good.test"]])
        world.delivered(identity)


@row("the null sender, two recipients, no header but what Postfix needs")
def _(world):
    identity = world.identity()
    text = b"Message-ID: <" + identity + b">\r\n\r\n"
    with world.connect() as client:
        client.ehlo()
        expect("the answer", send(client, text, ["bob@good.test", "canary@good.test"], "")[0], 250)
    got, facts = world.saw(identity)
    expect("the message", got, text)
    expect("from, to", [facts_of(facts, "from"), facts_of(facts, "to")],
           [[""], ["bob@good.test", "canary@good.test"]])
    world.delivered(identity, "canary")


@row("a client by its address and its name, over TLS, with a login")
def _(world):
    identity = world.identity()
    with world.connect() as client:
        client.ehlo()
        client.docmd("XCLIENT", "ADDR=198.51.100.7 NAME=relay.example")
        client.ehlo("relay.example")
        context = ssl.create_default_context(cafile=world.env["MP_E2E_CA"])
        context.check_hostname = False
        client.starttls(context=context)
        client.ehlo("relay.example")
        client.login("alice@good.test", world.env["MP_E2E_PASSWORD"].format("alice"))
        expect("the answer", send(client, simple(identity))[0], 250)
    facts = world.saw(identity)[1]
    macros = dict(v.partition(" ")[::2] for v in facts_of(facts, "macro"))
    expect("peer", facts_of(facts, "peer"), ["relay.example 198.51.100.7"])
    expect("helo", facts_of(facts, "helo"), ["relay.example"])
    expect("login", macros["{auth_authen}"], "alice@good.test")
    expect("TLS", macros["{tls_version}"], "TLSv1.3")
    expect("client", [macros["{client_addr}"], macros["{client_name}"]],
           ["198.51.100.7", "relay.example"])
    holds("cipher", macros["{cipher}"].startswith("TLS_"))


@row("the login of one message is not that of the next connection's")
def _(world):
    identity = world.identity()
    with world.connect() as client:
        client.ehlo()
        expect("the answer", send(client, simple(identity))[0], 250)
    macros = dict(v.partition(" ")[::2] for v in facts_of(world.saw(identity)[1], "macro"))
    expect("login, TLS", [macros.get("{auth_authen}", ""), macros.get("{tls_version}", "")], ["", ""])


@row("eight megabytes, and a client that goes away in the middle")
def _(world):
    identity = world.identity()
    line = bytes(range(0x20, 0x7f)) * 5 + b"\r\n"
    text = simple(identity) + line * (8_000_000 // len(line))
    client = world.connect()
    client.ehlo()
    client.mail("alice@good.test")
    client.rcpt("bob@good.test")
    client.docmd("DATA")
    client.send(text[:300_000])
    client.close()
    with world.connect() as client:
        client.ehlo()
        expect("the answer", send(client, text)[0], 250)
    holds("the message", world.saw(identity)[0] == text)
    world.delivered(identity)


@row("a signature made before holds at the filter and in the mailbox")
def _(world):
    identity = world.identity()
    key = "good.test:sel1:" + os.path.join(HERE, "../keys/rsa2048.pem")
    signed = subprocess.run([world.program, "sign", "--canon", "simple/simple", "--key", key, "-"],
                            input=ALL_SORTS % identity, capture_output=True, check=True).stdout
    with world.connect() as client:
        client.ehlo()
        expect("the answer", send(client, signed, "bob+edit@good.test",
                                  options=["BODY=8BITMIME"])[0], 250)
    got = world.saw(identity)[0]
    expect("the message", got, signed)
    with tempfile.NamedTemporaryFile(suffix=".eml") as f:
        f.write(got)
        f.flush()
        done = subprocess.run(
            [world.program, "scan", "--format", "json", "--resolver", world.env["MP_E2E_RESOLVER"],
             "--trust-anchor", world.env["MP_E2E_ANCHOR"], f.name], capture_output=True, check=False,
            stdin=subprocess.DEVNULL)
    results = json.loads(done.stdout)["authentication"]["dkim"]
    expect("dkim", [r["result"] for r in results], ["pass"])


def inside(program, driver):
    world = World(program, driver)
    try:
        return run_rows(world)
    finally:
        world.driver.terminate()
        world.driver.wait()


def main(program, driver):
    program, driver = os.path.abspath(program), os.path.abspath(driver)
    if around.is_inside():
        return inside(program, os.environ["MP_MILTER_DRIVER"])
    if why := around.missing():
        print("1..0 # SKIP", why)
        return 0
    return around.run_inside(__file__, program, MP_MILTER_DRIVER=driver)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""))
