#!/usr/bin/env python3
"""`mailproof run` and `check` with sinks in their own process, and with a server that lies.

Usage: run_test.py PATH-OF-MAILPROOF SOURCE-ROOT   (TAP on standard output)
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import textwrap
import xml.etree.ElementTree as ET

try:
    import jsonschema
except ImportError:
    jsonschema = None

from flow_server import FlowServer, Maildir
from rows import Failed, expect, holds, row, rows

MAILPROOF, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
LIMIT_S = 240
SECRET = "s3cr3t-Horse+Staple"
HOSTILE = "::error file=x::owned ##[add-path]/tmp \x1b[31mred\x07 ]]> <b> & \u202e \x00 # SKIP \\ |"
HEAD = """
mailproof: 1
name: flows
sinks: {out: {listen: "127.0.0.1:0", domains: [sink.test]}}
tests:
"""

class Run:
    """Suites in a folder of their own, run once."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return name

    def suite(self, tests, head=HEAD, name="flows.yaml"):
        return self.write(name, head.lstrip() + textwrap.indent(textwrap.dedent(tests), "  "))

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def call(self, *words, env=None):
        usual = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
        done = subprocess.run([MAILPROOF, *words], capture_output=True, timeout=LIMIT_S, cwd=self.folder,
                              env={**usual, "TERM": "dumb", **(env or {})}, stdin=subprocess.DEVNULL)
        self.code, self.out = done.returncode, done.stdout.decode()
        self.err = done.stderr.decode()
        return self

    def run(self, *words, env=None):
        self.call("run", *words, "--json", "out.json", env=env)
        self.cases = json.loads(self.read("out.json")) if os.path.exists(self.path("out.json")) else []
        return self

    def results(self):
        return {c["subject"]: c["result"] for c in self.cases}

    def checks(self, case, status):
        """"group name" -> detail of those with that status."""
        for c in self.cases:
            if c["subject"] == case:
                return {f'{k["group"]} {k["name"]}': k["detail"] for k in c["checks"]
                        if k["status"] == status}
        raise Failed(f"no case {case}: {self.err or self.out}")

    def wanted(self, code, **results):
        if self.code != code:
            raise Failed(f"exit {self.code}, wanted {code}\n{self.out}{self.err}")
        named = {k.replace("_", " "): v for k, v in results.items()}
        if results and self.results() != named:
            raise Failed(f"{self.results()}, wanted {named}\n{self.out}{self.err}")


def hosts(server, maildir=None, more=""):
    box = "" if maildir is None else f'\n  box: {{url: "maildir:{maildir.path}"{more}}}'
    return f"""
mailproof: 1
name: flows
hosts:
  mx: {{url: "smtp://127.0.0.1:{server.port}"}}{box}
tests:
"""


# ---- a sink in the same process ----

ARRIVES = """
- name: arrives
  send: {via: out, from: a@sink.test, to: "x+${tag}@sink.test", subject: invoice, body: "hello world"}
  arrive:
    in: out
    within: 20s
    expect: {copies: "=1", attempts: "=1", contains: [hello], subject: "invoice*",
             altered: {body: none, headers-added: [], headers-removed: [], headers-changed: []}}
- name: refused
  send: {via: out, from: a@sink.test, to: "x+550-5.7.1@sink.test"}
  expect: {refused: {at: rcpt, code: "550", enhanced: 5.7.*}}
- name: deferred
  send: {via: out, from: a@sink.test, to: "x+451@sink.test"}
  expect: {deferred: {at: rcpt}}
"""


@row("a message arrives whole, another is refused, a third deferred")
def _(r):
    r.run(r.suite(ARRIVES)).wanted(0, arrives="passed", refused="passed", deferred="passed")
    holds(r.out, "3 cases: 3 passed, 0 failed, 0 undecided" in r.out)


@row("what is not as expected fails, with place, expectation and what was there")
def _(r):
    r.run(r.suite("""
        - name: taken
          send: {via: out, from: a@sink.test, to: x@sink.test}
          expect: {refused: {at: data, code: "554"}}
          not-arrive: {in: out, within: 1s}
        - name: other code
          send: {via: out, from: a@sink.test, to: "x+550-5.7.1@sink.test"}
          expect: {refused: {at: data, code: "554", enhanced: 5.1.*}}
        """)).wanted(1, taken="failed", other_code="failed")
    taken = r.checks("taken", "fail")
    holds(taken, taken["send refused"].startswith("250 ") and "not-arrive arrival" in taken)
    other = r.checks("other code", "fail")
    expect("failed", sorted(other), ["send at", "send code", "send enhanced"])
    check = [k for k in r.cases[1]["checks"] if k["name"] == "code"][0]
    expect("expected", check["expected"], "554")
    holds(check, check["got"].startswith("550 5.7.1") and check["file"] == "flows.yaml" and
          check["line"] == 12)
    holds(r.out, "flows.yaml:12: send code: expected 554, got 550 5.7.1" in " ".join(r.out.split()))


@row("a script of a sink holds for its case alone, in any order and in parallel")
def _(r):
    tests = "".join(f"""
        - name: scripted {i}
          sink: {{name: out, script: [{{at: end, reply: "554 5.6.0 case {i}"}}]}}
          send: {{via: out, from: a@sink.test, to: x@sink.test}}
          expect: {{refused: {{at: data, code: "554", text: "*case {i}"}}}}
        - name: plain {i}
          send: {{via: out, from: a@sink.test, to: x@sink.test}}
          arrive: {{in: out, within: 20s, expect: {{attempts: "=1"}}}}
        """ for i in range(8))
    r.run(r.suite(tests), "-j", "8").wanted(0)
    expect("passed", list(r.results().values()), ["passed"] * 16)


@row("cases at a time keep their order, and each its own mail")
def _(r):
    tests = "".join(f"""
        - name: case {i:02}
          send: {{via: out, from: a@sink.test, to: x@sink.test, body: "text {i:02}"}}
          arrive: {{in: out, within: 20s, expect: {{copies: "=1", contains: ["text {i:02}"]}}}}
        """ for i in range(24))
    r.run(r.suite(tests), "-j", "12").wanted(0)
    expect("order", list(r.results()), [f"case {i:02}" for i in range(24)])
    expect("tags", len({c["tag"] for c in r.cases}), 24)


@row("a case that fails is tried again as its retry says, with a new tag")
def _(r):
    r.run(r.suite("""
        - name: second
          retry: {times: 2, every: 100ms}
          send: {via: out, from: a@sink.test, to: "retry@sink.test"}
          arrive: {in: out, within: 10s}
        - name: never
          retry: {times: 2, every: 100ms}
          send: {via: out, from: a@sink.test, to: "x+550@sink.test"}
        - name: got through
          retry: {times: 2, every: 100ms}
          send: {via: out, from: a@sink.test, to: x@sink.test}
          not-arrive: {in: out, within: 10s}
        """, head=HEAD.replace("domains: [sink.test]",
                               'domains: [sink.test], script: [{at: rcpt, to: "retry@*", reply: "451 4.7.1 later", times: 1}]'))
          ).wanted(1, second="passed", never="failed", got_through="failed")
    expect("attempts", [c["attempts"] for c in r.cases], [2, 3, 1])


@row("forged kinds and attachments go out; a spoof that is taken fails")
def _(r):
    r.run(r.suite("""
        - name: spoof
          matrix: {case: [spf-fail, dkim-broken, dkim-other-domain, two-from, null-sender]}
          send: {via: out, spoof: "${matrix.case}", from-header: ceo@good.test, to: x@sink.test}
          not-arrive: {in: out, within: 1s}
        - name: macro
          send: {via: out, from: a@sink.test, to: x@sink.test, attach: [macro, eicar]}
          arrive: {in: out, within: 20s, expect: {altered: {parts: none}}}
        """), "--jsonl", "lines.jsonl").wanted(1)
    expect("results", sorted(r.results().items()),
           [("macro", "passed")] + [(f"spoof [{k}]", "failed") for k in
                                    ("dkim-broken", "dkim-other-domain", "null-sender", "spf-fail", "two-from")])
    expect("lines", [json.loads(x)["result"] for x in r.read("lines.jsonl").splitlines()],
           ["failed"] * 5 + ["passed"])


@row("a message that keeps every byte is looked for by its Message-ID; without one nothing is proved")
def _(r):
    body = "From: a@sink.test\nTo: x@sink.test\nSubject: as it is\n\nhello\n"
    r.write("named.eml", "Message-ID: <of-its-own@sink.test>\n" + body)
    r.write("nameless.eml", body)
    r.run(r.suite("""
        - name: named arrives
          send: {via: out, from: a@sink.test, to: x@sink.test, message: named.eml, keep-raw: true}
          arrive: {in: out, within: 20s, expect: {altered: {body: none, headers-changed: none}}}
        - name: named must not
          send: {via: out, from: a@sink.test, to: x@sink.test, message: named.eml, keep-raw: true}
          not-arrive: {in: out, within: 20s}
        - name: nameless arrives
          send: {via: out, from: a@sink.test, to: x@sink.test, message: nameless.eml, keep-raw: true}
          arrive: {in: out, within: 200ms}
        - name: nameless must not
          send: {via: out, from: a@sink.test, to: x@sink.test, message: nameless.eml, keep-raw: true}
          not-arrive: {in: out, within: 200ms}
        """)).wanted(1)
    expect("results", r.results(), {"named arrives": "passed", "named must not": "failed",
                                    "nameless arrives": "undecided", "nameless must not": "undecided"})


@row("a sink that cannot listen leaves its cases undecided")
def _(r):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        r.run(r.suite(ARRIVES, head=HEAD.replace("127.0.0.1:0", f"127.0.0.1:{port}"))) \
            .wanted(3, arrives="undecided", refused="undecided", deferred="undecided")
    holds(r.out, f"127.0.0.1:{port}" in r.out)


# ---- a server that lies ----

def boxed(r, deliver, tests, more="", **options):
    box = Maildir(r.path("box"))
    with FlowServer(deliver=lambda m, to: deliver(box, m), **options) as server:
        r.run(r.suite(tests, head=hosts(server, box, more)))
    return r


HONEST = """
- name: arrives
  send: {via: mx, from: a@good.test, to: bob@good.test, body: "hello\\nworld"}
  arrive:
    in: box
    within: 3s
    settle: 1s
    expect: {folder: INBOX, copies: "=1", altered: {body: none, headers-added: [Received], headers-changed: []}}
"""
CHECKS = {"lost": "arrive arrival", "altered": "arrive altered.body", "field": "arrive altered.headers-added",
          "subject": "arrive altered.headers-changed", "twice": "arrive copies", "junk": "arrive folder"}


@row("mail that arrives as it was sent passes")
def _(r):
    boxed(r, lambda box, m: box.put(b"Received: from a by b; Sun, 29 Nov 2026 03:00:00 +0000\r\n" + m),
          HONEST).wanted(0, arrives="passed")


def lie(name, deliver, more=""):
    @row(f"250, and then the mail is {name}: failed")
    def _(r):
        boxed(r, deliver, HONEST, more).wanted(1, arrives="failed")
        holds(r.cases[0], CHECKS[name] in r.checks("arrives", "fail"))


lie("lost", lambda box, m: None)
lie("altered", lambda box, m: box.put(m.replace(b"world", b"w0rld")))
lie("field", lambda box, m: box.put(b"X-Spam: yes\r\n" + m))
lie("subject", lambda box, m: box.put(m.replace(b"Subject: ", b"Subject: [list] ")))
lie("twice", lambda box, m: (box.put(m), box.put(m)))
lie("junk", lambda box, m: box.put(m, ".Junk"), ", folders: [INBOX, Junk]")


@row("a mail that must not arrive and comes late is found")
def _(r):
    boxed(r, lambda box, m: box.put(m), """
        - name: refused
          send: {via: mx, from: a@good.test, to: bob@good.test}
          not-arrive: {in: box, within: 5s}
        """).wanted(1, refused="failed")
    expect("finding", r.cases[0]["findings"][0]["id"], "flow.arrive.unexpected")


@row("the way, the receiver's own verdict and a bounce are judged")
def _(r):
    way = (b"Authentication-Results: mx.test; spf=pass smtp.mailfrom=good.test; dkim=none; dmarc=fail header.from=good.test\r\n"
           b"Received: from a.test (a.test [192.0.2.1]) by mx.test with ESMTPS id 2; Sun, 29 Nov 2026 03:00:09 +0000\r\n"
           b"Received: from c.test (c.test [192.0.2.2]) by a.test with ESMTP id 1; Sun, 29 Nov 2026 03:00:00 +0000\r\n")

    def deliver(box, message):
        tag = re.search(rb"^X-Mailproof-Tag: (\S+)", message, re.M)[1]
        if b"Subject: bounces" not in message:
            box.put(way + message)
            return
        head = message.partition(b"\r\n\r\n")[0]
        box.put(b"From: <>\r\nTo: a@good.test\r\nSubject: failed\r\nMIME-Version: 1.0\r\n"
                b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nfailed\r\n--b\r\n"
                b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
                b"Final-Recipient: rfc822; bob@good.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"
                b"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
                + head + b"\r\n\r\n--b--\r\n")
        holds("tagged", tag)
    boxed(r, deliver, """
        - name: way
          send: {via: mx, from: a@good.test, to: bob@good.test}
          arrive:
            in: box
            within: 10s
            expect:
              authserv-id: mx.test
              auth: {spf: pass, dmarc: pass}
              hops: {count: "=2", tls: all, slowest: "<5s"}
        - name: bounce
          send: {via: mx, from: a@good.test, to: bob@good.test, subject: bounces}
          arrive: {in: box, within: 10s, bounce: true, expect: {bounce: {status: 5.1.*, action: failed, recipient: bob@good.test, diagnostic: "550*"}}}
        - name: other bounce
          send: {via: mx, from: a@good.test, to: bob@good.test, subject: bounces}
          arrive: {in: box, within: 10s, expect: {bounce: {status: 5.7.*}}}
        """).wanted(1, way="failed", bounce="passed", other_bounce="failed")
    expect("failed", sorted(r.checks("way", "fail")), ["arrive auth.dmarc", "arrive hops.slowest", "arrive hops.tls"])
    holds("by field", r.checks("way", "pass")["arrive auth.spf"] == "pass")
    expect("status", r.checks("other bounce", "fail"), {"arrive bounce.status": "5.1.1"})


@row("what is deleted is gone")
def _(r):
    box = Maildir(r.path("box"))
    with FlowServer(deliver=lambda m, to: box.put(m)) as server:
        r.run(r.suite("""
            - name: kept
              send: {via: mx, from: a@good.test, to: bob@good.test}
              arrive: {in: box, within: 10s}
            - name: deleted
              send: {via: mx, from: a@good.test, to: bob@good.test}
              arrive: {in: box, within: 10s}
              cleanup: delete
            """, head=hosts(server, box))).wanted(0, kept="passed", deleted="passed")
    expect("left", box.count(), 1)


@row("no answer, or half of one, is undecided and never a pass")
def _(r):
    dead = socket.create_server(("127.0.0.1", 0))
    port = dead.getsockname()[1]
    dead.close()
    Maildir(r.path("box"))
    with FlowServer({".": None}) as drops:
        r.run(r.suite("""
            - name: drops
              send: {via: mx, from: a@good.test, to: bob@good.test}
              arrive: {in: {url: "maildir:%s"}, within: 1s}
            - name: refusal of one that drops
              send: {via: mx, from: a@good.test, to: bob@good.test}
              expect: {refused: {at: data}}
            - name: nobody there
              send: {via: {url: "smtp://127.0.0.1:%d"}, from: a@good.test, to: bob@good.test}
            - name: no mailbox
              arrive: {in: {url: "maildir:%s"}, subject: x, within: 1s}
            """ % (r.path("box"), port, r.path("nowhere")), head=hosts(drops))).wanted(3)
    expect("results", r.results(), {"drops": "undecided", "refusal of one that drops": "undecided",
                                    "nobody there": "undecided", "no mailbox": "undecided"})


@row("what a server lacks that the way demands fails; what a disguise needs is undecided")
def _(r):
    with FlowServer() as plain:
        r.run(r.suite("""
            - name: no TLS
              send: {via: {url: "smtp+starttls://127.0.0.1:%d"}, from: a@good.test, to: bob@good.test}
            - name: no XCLIENT
              send: {via: {url: "smtp://127.0.0.1:%d", xclient: allowed}, as: {addr: 192.0.2.66}, from: a@good.test, to: bob@good.test}
              expect: {refused: {at: rcpt}}
            """ % (plain.port, plain.port), head=hosts(plain))).wanted(1, no_TLS="failed", no_XCLIENT="undecided")
    expect("mail", plain.messages, [])


@row("as: by XCLIENT, by a PROXY header, or by the name alone")
def _(r):
    with FlowServer(keywords=("XCLIENT NAME ADDR HELO",)) as server:
        r.run(r.suite("""
            - name: xclient
              send: {via: {url: "smtp://127.0.0.1:%d", xclient: allowed}, as: {addr: 192.0.2.66, helo: evil.test}, from: a@good.test, to: b@good.test}
            - name: proxy
              send: {via: {url: "smtp://127.0.0.1:%d", proxy: v1}, as: {addr: 192.0.2.77, helo: evil.test}, from: a@good.test, to: b@good.test}
            - name: proxy6
              probe: {host: {url: "smtp://127.0.0.1:%d", proxy: v1}, as: {addr: "2001:db8::7"}}
              expect: {answers: true}
            - name: helo
              send: {via: mx, helo: other.test, from: a@good.test, to: b@good.test}
            """ % (server.port, server.port, server.port), head=hosts(server))).wanted(0)
    said = server.commands
    holds(said, any(c.startswith("XCLIENT ") and "ADDR=192.0.2.66" in c and "HELO=evil.test" in c for c in said))
    holds(said, "PROXY TCP4 192.0.2.77 127.0.0.1 40000 25" in said and "PROXY TCP6 2001:db8::7 ::1 40000 25" in said)
    holds(said, "EHLO other.test" in said and len(server.messages) == 3)


# ---- where nothing may be sent ----

@row("a recipient or a host outside of allow is a mistake, and nothing is connected to")
def _(r):
    with FlowServer() as server:
        for allow, to in (('["127.0.0.0/8"]', "bob@good.test"), ("[good.test]", "bob@good.test"),
                          ("[good.test, 127.0.0.0/8]", "bob@real.example.com")):
            head = hosts(server).replace("hosts:", f"allow: {allow}\nhosts:")
            r.run(r.suite("""
                - name: sends
                  send: {via: mx, from: a@good.test, to: %s}
                """ % to, head=head)).wanted(2)
            holds(r.err, "flows.yaml:" in r.err and "nothing may be sent to" in r.err)
    expect("connections", server.connections, 0)


@row("a name that leads outside of allow is refused at the connection")
def _(r):
    r.write("zone", "mx.elsewhere.test. A 127.0.0.1\n")
    with FlowServer() as server:
        head = hosts(server).replace("127.0.0.1", "mx.elsewhere.test") \
            .replace("hosts:", "allow: [good.test, 127.99.0.0/16]\nhosts:")
        r.run(r.suite("""
            - name: sends
              send: {via: mx, from: a@good.test, to: bob@good.test}
            - name: smuggles
              smuggle: {host: mx, from: a@good.test, to: bob@good.test, sequences: [LF.LF]}
            """, head=head), "--zone", "zone").wanted(3, sends="undecided", smuggles="undecided")
    holds(r.out, "not allowed" in r.out)
    expect("connections", server.connections, 0)


@row("--dry-run shows every address and touches none, without any secret")
def _(r):
    with FlowServer() as server:
        head = hosts(server).replace('"}', '", auth: {user: alice, password: "${env:NOT_SET}"}}')
        r.call("run", "--dry-run", r.suite("""
            - name: sends
              send: {via: mx, from: a@good.test, to: [bob@good.test, carol@good.test]}
            - name: asks
              probe: {mx-of: good.test}
              expect: {all-mx: {tls: ">=1.2"}}
            """, head=head)).wanted(0)
    for text in (f"smtp://127.0.0.1:{server.port} (as alice)", "mail to bob@good.test", "mail to carol@good.test",
                 "MX hosts of good.test", "sends  (flows.yaml:7)"):
        holds(f"{text} in {r.out}", text in r.out)
    expect("connections", server.connections, 0)


# ---- secrets ----

@row("secrets are masked in every output, also when a server says them")
def _(r):
    r.write("secrets.env", f"# for tests\nPASSWORD={SECRET}\n")
    with FlowServer({"AUTH": f"535 5.7.8 wrong: {SECRET}", "MAIL": f"550 5.7.1 who is {SECRET}?"},
                    keywords=("AUTH PLAIN",)) as server:
        head = hosts(server).replace('"}', '", auth: {user: alice, password: "${env:PASSWORD}", plaintext: true}}')
        r.run(r.suite("""
            - name: logs in
              send: {via: mx, from: a@good.test, to: bob@good.test}
            - name: is told
              send: {via: {url: "smtp://127.0.0.1:%d"}, from: a@good.test, to: bob@good.test}
            """ % server.port, head=head), "--env", "secrets.env", "-v", "--transcript", "talk", "--junit", "j.xml",
              "--sarif", "s.sarif", "--tap", "t.tap", "--textfile", "m.prom", "--markdown", "m.md", "--github").wanted(1)
    holds("it was tried", any(c.startswith("AUTH PLAIN ") for c in server.commands))
    texts = {"stdout": r.out, "stderr": r.err}
    for folder, _, names in os.walk(r.folder):
        texts.update({n: r.read(os.path.join(folder, n)) for n in names if n != "secrets.env"})
    holds("transcripts", sum(n.startswith("flows-") for n in texts) >= 2)
    for name, text in texts.items():
        holds(f"the secret stands in {name}: {text}", SECRET not in text and SECRET[:9] not in text)
        encoded = __import__("base64").b64encode(f"\0alice\0{SECRET}".encode()).decode()
        holds(f"the login stands in {name}", encoded not in text)
    holds("masked", "***" in texts["j.xml"] and "***" in r.out)


# ---- formats ----

def lines_without_commands(text, commands=()):
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("::") and not bare.startswith(tuple(commands)):
            raise Failed(f"a command: {line!r}")
        if not commands and "##[" in line:
            raise Failed(f"a command: {line!r}")


OUTPUTS = ["--junit", "j.xml", "--sarif", "s.sarif", "--tap", "t.tap", "--jsonl", "l.jsonl", "--textfile", "m.prom",
           "--markdown", "m.md"]


def hostile_run(r, *words, env=None):
    box = Maildir(r.path("box"))
    evil = b"550-" + HOSTILE.encode() + b"\r\n550 5.7.1 ::set-output name=x::y " + HOSTILE.encode()
    with FlowServer({"RCPT": ["250 ok", evil]}, deliver=lambda m, to: box.put(
            b"X-Evil: " + HOSTILE.replace("\0", "").encode() + b"\r\n" + m)) as server:
        r.run(r.suite("""
            - name: "a case with ]]> <b> & | # in its name"
              send: {via: mx, from: a@good.test, to: bob@good.test}
              arrive: {in: box, within: 10s, expect: {altered: {headers-added: []}, folder: Junk}}
            - name: refused
              send: {via: mx, from: a@good.test, to: bob@good.test}
            - name: undecided
              send: {via: {url: "smtp://127.0.0.1:1"}, from: a@good.test, to: bob@good.test}
            - name: passes
              send: {via: mx, from: a@good.test, to: bob@good.test}
              expect: {refused: {at: rcpt}}
            """, head=hosts(server, box)), *OUTPUTS, *words, env=env).wanted(1)
    return r


@row("every format says the same, and holds what a hostile server says")
def _(r):
    hostile_run(r)
    wanted = ["failed", "failed", "undecided", "passed"]
    expect("json", list(r.results().values()), wanted)
    expect("jsonl", [json.loads(x)["result"] for x in r.read("l.jsonl").splitlines()], wanted)
    suite = ET.fromstring(r.read("j.xml")).find("testsuite")
    found = [c[0].tag if len(c) else "passed" for c in suite]
    expect("junit", found, ["failure", "failure", "error", "passed"])
    expect("counts", [suite.get(k) for k in ("tests", "failures", "errors", "skipped")], ["4", "2", "1", "0"])
    expect("place", [(c.get("classname"), c.get("file"), c.get("line")) for c in suite],
           [("flows", "flows.yaml", str(n)) for n in (8, 11, 13, 15)])
    holds(suite[1][0].text, "550" in suite[1][0].text and suite[1][0].get("message"))
    points = [x for x in r.read("t.tap").splitlines() if re.match(r"(not )?ok ", x)]
    expect("tap", [x.startswith("ok") for x in points], [False, False, False, True])
    holds("plan", r.read("t.tap").startswith("TAP version 14\n") and r.read("t.tap").endswith("1..4\n"))
    check_sarif(json.loads(r.read("s.sarif")))
    check_metrics(r.read("m.prom"), {"refused": 0, "undecided": 0, "passes": 1})
    for name in ("j.xml", "t.tap", "l.jsonl", "s.sarif", "m.prom", "m.md", "out.json"):
        lines_without_commands(r.read(name))
        holds(f"controls in {name}", not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", r.read(name)))
    lines_without_commands(r.out)
    holds("controls on the terminal", not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", r.out))


def check_sarif(log):
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    holds("results", len(run["results"]) >= 3)
    for result in run["results"]:
        expect("rule", rules[result["ruleIndex"]]["id"], result["ruleId"])
        place = result["locations"][0]["physicalLocation"]
        expect("file", place["artifactLocation"]["uri"], "flows.yaml")
        holds(place, place["region"]["startLine"] > 6)
        holds(result, result["message"]["text"].startswith("flows: ") and result["partialFingerprints"])
    expect("successful", run["invocations"][0]["executionSuccessful"], False)
    holds("the undecided one", len(run["invocations"][0]["toolExecutionNotifications"]) == 1)


def check_metrics(page, success):
    family, seen = None, set()
    for line in page.splitlines():
        if line.startswith("# HELP "):
            family = line.split()[2]
        elif not line.startswith("# TYPE "):
            holds(f"{line} in {family}", re.match(re.escape(family) + r"(\{.*\})? [-0-9.e+]+$", line))
            holds(f"{line} twice", line.rpartition(" ")[0] not in seen)
            seen.add(line.rpartition(" ")[0])
    for case, value in success.items():
        holds(f"{case} in {page}", f'mailproof_flow_success{{suite="flows",case="{case}"}} {value}\n' in page)
        holds(f"last success of {case}",
              f'mailproof_flow_last_success_timestamp_seconds{{suite="flows",case="{case}"}} ' in page)
    holds("no addresses", "@" not in page)


@row("in GitHub Actions annotations and a summary come by themselves, and only ours are commands")
def _(r):
    r.write("summary.md", "before\n")
    hostile_run(r, env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": r.path("summary.md")})
    ours = ("::error file=flows.yaml,line=", "::error title=mailproof::")
    lines_without_commands(r.out, ours)
    told = [x for x in r.out.splitlines() if x.startswith("::")]
    holds(told, len(told) >= 4 and told[-1].startswith("::error title=mailproof::1 passed, 2 failed, 1 undecided"))
    holds(r.read("summary.md"), r.read("summary.md").startswith("before\n### mailproof: not passed\n"))
    holds(r.read("summary.md"), "| &#10060; **failed** | flows: refused | flows.yaml 11 |" in r.read("summary.md"))


@row("one output can be standard output; the text for people is then on standard error")
def _(r):
    r.suite(ARRIVES)
    for option in ("--junit", "--tap", "--json", "--sarif", "--markdown", "--textfile"):
        r.call("run", "flows.yaml", option, "-").wanted(0)
        holds(r.err, "3 cases: 3 passed" in r.err)
        holds(r.out, r.out[0] in "<T[{#")
    ET.fromstring(r.call("run", "flows.yaml", "--junit", "-", "--tap", "t.tap").out)
    r.call("run", "flows.yaml", "--junit", "-", "--tap", "-").wanted(2)


@row("documents fit docs/schema/run-1.schema.json")
def _(r):
    if jsonschema is None:
        return "SKIP python3-jsonschema is not installed"
    hostile_run(r)
    with open(os.path.join(ROOT, "docs/schema/run-1.schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    closed = json.loads(json.dumps(schema))
    closed["$defs"]["run"]["additionalProperties"] = False
    for case in r.cases:
        jsonschema.Draft202012Validator(closed).validate(case)
    return ""


@row("when a case passed last is kept over runs in which it does not")
def _(r):
    def last():
        line = re.search(r'last_success_timestamp_seconds\{suite="flows",case="case"\} (\S+)', r.read("m.prom"))
        return float(line[1])
    good, bad = "x@sink.test", "x+550@sink.test"
    for to, code in ((bad, 1), (good, 0), (bad, 1)):
        r.run(r.suite('- {name: case, send: {via: out, from: a@sink.test, to: "%s"}}\n' % to), "--textfile",
              "m.prom").wanted(code)
        if to == bad and code == 1 and "first" not in r.__dict__:
            r.first = last()
            expect("never", r.first, 0)
        elif to == good:
            r.good = last()
            holds("now", r.good > 1e9)
    expect("kept", last(), r.good)


@row("a result that cannot be written is exit code 2")
def _(r):
    r.run(r.suite(ARRIVES), "--junit", "nowhere/j.xml").wanted(2)
    holds(r.err, "nowhere/j.xml" in r.err)


# ---- which cases ----

@row("--only, --fail-fast, several suites, --var")
def _(r):
    many = """
        - {name: first, send: {via: out, from: a@sink.test, to: "x+550@sink.test"}}
        - {name: second, send: {via: out, from: a@sink.test, to: x@sink.test}}
        """
    r.run(r.suite(many), "--only", "sec*").wanted(0, second="passed")
    r.run("flows.yaml", "--only", "none*").wanted(2)
    idle = many.replace("{name: second,", "{name: second, skip: later,")
    r.run(r.suite(idle, name="idle.yaml"), "--only", "second").wanted(3, second="skipped")
    r.run("flows.yaml", "--fail-fast", "--textfile", "m.prom").wanted(1, first="failed", second="skipped")
    for series in ('mailproof_flow_success{suite="flows",case="first"} 0', 'probe_success{suite="flows",case="first"} 0',
                   'mailproof_flow_skipped{suite="flows",case="second"} 1'):
        holds(f"{series} in {r.read('m.prom')}", series + "\n" in r.read("m.prom"))
    holds(r.out, "1 failed, 0 undecided, 1 skipped" in r.out)
    r.run("flows.yaml", "flows.yaml").wanted(2)
    holds(r.err, "are both named 'flows'" in r.err)
    r.suite(ARRIVES, head=HEAD.replace("name: flows", "name: others"), name="others.yaml")
    r.run("flows.yaml", "others.yaml", "--junit", "j.xml").wanted(1)
    expect("suites", [(s.get("name"), s.get("tests")) for s in ET.fromstring(r.read("j.xml"))],
           [("flows", "2"), ("others", "3")])
    r.suite('- {name: case, send: {via: out, from: a@sink.test, to: "${vars.who}"}}\n',
            head=HEAD.replace("tests:", 'vars: {who: "x+550@sink.test"}\ntests:'))
    r.run("flows.yaml").wanted(1)
    r.run("flows.yaml", "--var", "who=x@sink.test").wanted(0)


@row("mistakes of every suite are told with their place before anything is run")
def _(r):
    with FlowServer() as server:
        r.suite("- {name: sends, send: {via: mx, from: a@good.test, to: bob@good.test}}\n", head=hosts(server))
        r.write("bad.yaml", "mailproof: 1\ntests:\n  - name: x\n    sned: {via: mx}\n")
        r.run("flows.yaml", "bad.yaml").wanted(2)
        holds(r.err, "bad.yaml:4:5: unknown key 'sned'" in r.err)
        r.run("flows.yaml", "nowhere.yaml").wanted(2)
        for words in (["--jobs", "0"], ["--env", "nowhere"], ["--unknown"], ["--color", "blue"], ["--exit", "x"], []):
            r.call("run", *words, *(["flows.yaml"] if words else [])).wanted(2)
    expect("connections", server.connections, 0)


# ---- other verbs ----

@row("a server is asked what it offers; relaying and smuggling are tried")
def _(r):
    good = """
        - name: offers
          probe: {host: out}
          expect: {tls: ">=1.2", ehlo: [PIPELINING, 8BITMIME, SMTPUTF8], size: ">=10M", starttls: offered,
                   auth-before-tls: [], time: "<30s", cert: {days-left: ">1"}}
        - name: lacks
          probe: {host: out}
          expect: {ehlo: [XFORWARD], starttls: required, size: ">=10G", cert: {days-left: {warn: 100000}}}
        - name: no smuggling
          smuggle: {host: out, from: a@sink.test, to: x@sink.test, sequences: [LF.LF, CR.CR]}
          expect: {smuggled: none}
        - name: no relaying
          relay-test: {host: out, to: someone@elsewhere.test}
          expect: {refused: all, at: rcpt}
        """
    r.run(r.suite(good)).wanted(1, offers="passed", lacks="failed", no_smuggling="passed", no_relaying="failed")
    lacks = r.checks("lacks", "fail")
    expect("lacks", sorted(k.split(" ")[-1] for k in lacks), ["ehlo", "size", "starttls"])
    holds("warned", any("cert.days-left" in k for k in r.checks("lacks", "warn")))
    holds("relay", "flow.relay.open" in [f["id"] for c in r.cases for f in c["findings"]])


@row("a server that does not answer a probe is undecided, one that refuses us fails")
def _(r):
    with FlowServer({"banner": "554 5.3.2 no"}) as refuses, FlowServer({"EHLO": None}) as drops:
        r.run(r.suite("""
            - name: refuses
              probe: {url: "smtp://127.0.0.1:%d"}
              expect: {ehlo: [PIPELINING]}
            - name: drops
              probe: {url: "smtp://127.0.0.1:%d"}
              expect: {ehlo: [PIPELINING]}
            """ % (refuses.port, drops.port), head=hosts(drops))).wanted(1, refuses="failed", drops="failed")


ZONE = """
$ORIGIN good.test.
@ 300 IN SOA ns.good.test. admin.good.test. 1 7200 3600 1209600 300
@ NS ns
ns A 192.0.2.53
@ MX 10 mx
mx A 192.0.2.10
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@good.test"
"""


@row("a zone file is audited before it is published, a message scanned")
def _(r):
    r.write("good.zone", ZONE)
    r.write("open.zone", ZONE.replace("mx -all", "+all").replace("p=reject", "p=none"))
    r.write("mail.eml", "From: a@good.test\r\nTo: b@x.test\r\nSubject: hello\r\nDate: Sun, 29 Nov 2026 03:00:00 +0000\r\n"
            "Message-ID: <1@good.test>\r\n\r\nhello\r\n")
    r.run(r.suite("""
        - name: published
          audit: {domain: good.test, zone-file: good.zone, selectors: [sel1]}
          expect: {forbid: [posture.spf.plus-all, posture.dmarc.p-none], dmarc: {policy: reject}, spf: {lookups: "<=10"}}
        - name: not published
          audit: {domain: good.test, zone-file: open.zone, selectors: [sel1]}
          expect: {forbid: [posture.spf.*, posture.dmarc.p-none], level: ">=B"}
        - name: from a host of good.test
          scan: {file: mail.eml, ip: 192.0.2.10, mail-from: a@good.test, helo: mx.good.test, zone-file: good.zone}
          expect: {auth: {spf: pass, dkim: none, dmarc: pass}, action: accept}
        - name: from a stranger
          scan: {file: mail.eml, ip: 192.0.2.66, mail-from: a@good.test, helo: mx.good.test, zone-file: good.zone}
          expect: {auth: {spf: pass, dmarc: pass}}
        """), "--zone", "good.zone").wanted(1)
    expect("results", r.results(), {"published": "passed", "not published": "failed",
                                    "from a host of good.test": "passed", "from a stranger": "failed"})
    expect("failed", sorted(r.checks("from a stranger", "fail")), ["scan auth.dmarc", "scan auth.spf"])


@row("an audit that finds something new since the last one warns, with --state")
def _(r):
    os.mkdir(r.path("state"))
    def audit(zone, *words):
        r.write("dns.zone", zone)
        return r.run(r.suite("""
            - name: dns
              audit: {domain: good.test, connect: false, https: false, selectors: [sel1]}
              expect: {changed-since-last: fail}
            """), "--zone", "dns.zone", *words)
    def detail():
        return [(k["status"], k["detail"]) for k in r.cases[0]["checks"] if k["name"] == "changed-since-last"][0]
    expect("without a directory", audit(ZONE).results() and detail()[0], "undecided")
    state = ["--state", "state"]
    expect("first", audit(ZONE, *state).code and 0 or detail(), ("pass", "the first audit"))
    expect("same", audit(ZONE, *state).code and 0 or detail(), ("pass", "0 new, 0 gone"))
    holds(detail(), audit(ZONE.replace("mx -all", "+all"), *state).code == 1 and detail()[0] == "fail")
    holds(detail(), " 0 new" not in " " + detail()[1] and audit(ZONE.replace("mx -all", "+all"), *state).code == 0)


# ---- a plugin of a monitor ----

@row("check: one line, performance data, four states")
def _(r):
    line = r"MAILFLOW (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+( \| .*)?\n"
    good = "- {name: case, send: {via: out, from: a@sink.test, to: x@sink.test}, arrive: {in: out, within: 20s}}\n"
    slow = HEAD.replace("domains:", "script: [{at: data, delay: 100ms}], domains:")
    for tests, words, code, state in (
            (good, [], 0, "OK"), (good, ["-w", "60", "-c", "2m"], 0, "OK"), (good, ["-w", "50ms"], 1, "WARNING"),
            (good, ["-w", "20ms", "-c", "50ms"], 2, "CRITICAL"), (good, ["-c", "50ms"], 2, "CRITICAL"),
            (good.replace("x@sink", "x+550@sink"), [], 2, "CRITICAL"),
            (good.replace("via: out", 'via: {url: "smtp://127.0.0.1:1"}'), [], 3, "UNKNOWN"),
            ("- {name: case, sned: {}}\n", [], 3, "UNKNOWN"), (good, ["-w", "x"], 3, "UNKNOWN"),
            (good, ["-w", "9", "-c", "1"], 3, "UNKNOWN"), (good.replace("{name: case,", "{name: case, skip: later,"), [], 3, "UNKNOWN")):
        r.call("check", "--nagios", *words, r.suite(tests, head=slow))
        expect(f"{words}: {r.out}{r.err}", r.code, code)
        first = r.out.partition("\n")[0] + "\n"
        holds(r.out, re.fullmatch(line, first) and (r.out == first or "sned" in tests) and r.out.startswith(f"MAILFLOW {state} - "))
    r.call("check", "--nagios", "-w", "60", "-c", "120", r.suite(good))
    holds(r.out, re.search(r"\| 'delivery'=[0-9.]+s;60;120 'time'=[0-9.]+s\n$", r.out))


def main():
    failed = 0
    print(f"1..{len(rows)}")
    for number, (label, function, args) in enumerate(rows, 1):
        with tempfile.TemporaryDirectory(prefix="mailproof-run-") as folder:
            try:
                note = function(Run(folder), *args)
                print(f"ok {number} - {label}" + (f" # {note}" if note else ""), flush=True)
            except Exception as problem:  # whatever is wrong, the row says so and the rest still runs
                failed += 1
                print(f"not ok {number} - {label}")
                for text in f"{type(problem).__name__}: {problem}".splitlines()[:60]:
                    print(f"# {text}", flush=True)
    return 1 if failed else 0


sys.exit(main())
