#!/usr/bin/python3
"""`mailproof wait` through real Postfix and Dovecot, and servers with one planted fault each:
delivery_test.py MAILPROOF. Prints TAP.

Outside it starts the peers (peers/run.py) around itself; inside it sends, waits and looks.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "peers")
sys.path[:0] = [HERE, PEERS, os.path.join(HERE, "flow")]
import around  # noqa: E402

ALICE, BOB, CANARY = "alice@good.test", "bob@good.test", "canary@good.test"
SPOOFER = "198.51.100.66"       # not among those that good.test's SPF names
WITHIN = ["--within", "60s"]


def port(name):
    return os.environ["MP_E2E_PORT_" + name]


def address(name):
    return os.environ["MP_E2E_ADDR_" + name]


def named():
    """Do the names of the peers resolve for every program?"""
    return os.environ["MP_E2E_MODE"] == "namespace"


def relay(name, scheme="smtp+starttls"):
    return ["--via", f"{scheme}://{address(name)}:{port('SMTP')}"]


def submit():
    return ["--via", f"smtp+starttls://submission.good.test:{port('SUBMISSION')}", "--tls-verify",
            "--auth-user", ALICE, "--auth-password-env", "ALICE_PW", "--from", ALICE]


def mailbox(scheme, user=CANARY):
    """Of a peer, as its user: the last words of a command line."""
    if scheme == "maildir":
        return ["maildir:" + os.path.join(os.environ["MP_E2E_DIR"], "mail/good.test", user.split("@")[0])]
    host = "imap.good.test" if named() else address("MX1")
    more = [] if named() else ["--insecure"]
    return ["--user", user, "--password-env", user.split("@")[0].upper() + "_PW", *more,
            f"{scheme}://{host}:{port(scheme.upper())}"]


class Told:
    """What one call told: exit code, document, findings without those of severity info."""

    def __init__(self, program, args):
        env = os.environ
        secrets = {u.upper() + "_PW": env["MP_E2E_PASSWORD"].format(u)
                   for u in ("alice", "bob", "canary")}
        world = ["--resolver", env["MP_E2E_RESOLVER"], "--trust-anchor", env["MP_E2E_ANCHOR"]]
        if "--ca-file" not in args:
            world += ["--ca-file", env["MP_E2E_CA"]]
        done = subprocess.run([program, "wait", *world, *WITHIN, "--json", *args], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=180,
                              env={**env, **secrets})
        self.code, self.text = done.returncode, done.stdout.decode()
        if any(s in self.text or s.encode() in done.stderr for s in secrets.values()):
            raise AssertionError("a secret is told")
        try:
            self.document = json.loads(self.text)
        except ValueError:
            raise AssertionError(f"exit {self.code}, no JSON: {done.stderr[:500]!r}") from None
        self.found = sorted({f["id"].removeprefix("flow.") for f in self.document.get("findings", ())
                             if f["severity"] != "info"})

    def __str__(self):
        return f"exit {self.code}, {self.found}, {self.text[-3000:]}"


def differ(what, got, wanted, told):
    return [] if got == wanted else [f"{what}: {got!r}, expected {wanted!r}\n{told}"]


class Cases:
    def __init__(self, rows, program):
        self.rows, self.program = rows, program

    def case(self, label, code, found, args, look=None):
        """Exit code and findings; `look` yields further sentences about what was told."""
        def run():
            told = Told(self.program, args)
            yield from differ("exit code", told.code, code, told)
            yield from differ("findings", told.found, found, told)
            if look is not None:
                yield from look(told.document)
        self.rows.run(label, run)


# ---- arrival -----------------------------------------------------------------------------------

def whole_way(document):
    """Submission, signer, MX and delivery: in order, in TLS, the message as it was sent."""
    by = [h["by"] for h in document["hops"]["items"]]
    if by[0] != "submission.good.test" or "signer.good.test" not in by or len(by) < 4:
        yield f"hops: {by}"
    if not all(h["tls"] for h in document["hops"]["items"] if (h["with"] or "").startswith("ESMTPS")):
        yield "a hop in TLS is not told as such"
    if not document["altered"]["body_intact"]:
        yield f"altered: {document['altered']}"
    added = {c["name"] for c in document["altered"]["changes"] if c["kind"] == "header-added"}
    if not {"Received", "Return-Path", "DKIM-Signature"} <= added:
        yield f"fields added: {added}"
    if document["sent"]["tls"]["version"] != "TLSv1.3" or document["sent"]["auth_mechanism"] is None:
        yield f"sent: {document['sent']['tls']} {document['sent']['auth_mechanism']}"
    if document["took_ms"] is None or document["message"]["message_id"] is None:
        yield "no time, or no identity"


def authentic(document):
    results = document["authentication"]
    if [results["dmarc"]["result"], results["dkim"][0]["result"]] != ["pass", "pass"]:
        yield f"authentication: {results}"


def arrivals(cases):
    for scheme in ("imaps", "imap", "pop3s", "pop3", "maildir"):
        more = ["--require-tls"] if scheme in ("imap", "pop3") else []
        cases.case(f"submitted, signed, delivered, read by {scheme}", 0, [],
                   [*submit(), "--to", CANARY, "--copies", "1", "--settle", "1s", "--hops-tls",
                    "--slow-hop", "50s", "--delete", *more, *mailbox(scheme)], whole_way)
    cases.case("it is authentic", 0, [], [*submit(), "--to", CANARY, "--authentic",
               *mailbox("imaps")], authentic)
    cases.case("MX hosts of a domain", 0, [], ["--via", "good.test" if named() else
               f"smtp://{address('MX1')}:{port('SMTP')}", "--mail-from", "x@plain.test", "--to", BOB,
               *mailbox("imaps", BOB)])
    cases.case("LMTP", 0, [], ["--via", f"lmtp://{address('MX1')}:{port('LMTP')}", "--mail-from",
               "x@plain.test", "--to", BOB, *mailbox("maildir", BOB)])
    two = [*submit(), "--to", CANARY, "--rcpt", CANARY, "--rcpt", "canary+two@good.test",
           "--settle", "1s", *mailbox("imaps")]
    cases.case("two copies", 0, [], ["--copies", "2", *two])
    cases.case("two copies where one is expected", 1, ["arrive.copies"], ["--copies", "1", *two])
    cases.case("an attachment and 8-bit text come whole", 0, [],
               [*submit(), "--to", CANARY, "--8bitmime", "--attach", __file__, "--body",
                "gr\u00fc\u00dfe", *mailbox("imaps")])


def faults(cases):
    to = ["--mail-from", "x@plain.test", "--to", CANARY]
    cases.case("a footer is added on the way", 1, ["altered.body"],
               [*relay("FOOTER"), *to, *mailbox("imaps")],
               lambda d: [] if any("footer was added" in c["detail"] for c in
                                   d["altered"]["changes"]) else [f"{d['altered']}"])
    cases.case("a message is lost", 1, ["arrive.missing"],
               [*relay("LOSE"), *to, "--within", "3s", *mailbox("imaps")])
    cases.case("a slow hop", 1, ["hop.slow"],
               [*relay("SLOW"), *to, "--slow-hop", "2s", *mailbox("imaps")],
               lambda d: [] if d["hops"]["items"][d["hops"]["slowest"]]["delay_s"] >= 3 else
               [f"{d['hops']}"])
    cases.case("later than critical", 1, ["arrive.late"],
               [*relay("SLOW"), *to, "--warn", "1s", "--crit", "2s", *mailbox("maildir")])
    cases.case("greylisted: undecided", 3, ["rcpt.deferred"],
               [*relay("GREY"), "--mail-from", "fresh@plain.test", "--to", CANARY, *mailbox("imaps")])
    cases.case("a hop without TLS", 1, ["hop.plain"],
               ["--via", f"smtp://{address('MX1')}:{port('XCLIENT')}", *to, "--xclient-addr",
                "192.0.2.10", "--xclient-helo", "mx.plain.test", "--no-tls", "--hops-tls",
                *mailbox("imaps")])


# ---- what must not arrive ----------------------------------------------------------------------

def refused(code, enhanced):
    def look(document):
        reply = document["sent"]["reply"]
        if reply["code"] != code or not reply["text"].startswith(enhanced):
            yield f"the reply: {reply}"
    return look


def spoofs(cases):
    spoof = ["--mail-from", "evil@weak.test", "--from", "postmaster@good.test", "--to", ALICE,
             "--xclient-addr", SPOOFER, "--xclient-helo", "evil.test"]
    cases.case("a spoof is refused by the gate and does not come", 0, [],
               [*relay("GATE"), *spoof, "--must-not-arrive", "--within", "2s", *mailbox("imaps", ALICE)],
               refused(550, "5.7.1"))
    cases.case("a spoof that is let through is told", 1, ["arrive.unexpected"],
               [*relay("GULLIBLE"), *spoof, "--must-not-arrive", *mailbox("imaps", ALICE)])
    cases.case("a spoof that was let through is not authentic", 1, ["arrive.unauthentic"],
               [*relay("GULLIBLE"), *spoof, "--authentic", *mailbox("imaps", ALICE)])
    cases.case("a lost message that must not arrive", 0, [],
               [*relay("LOSE"), *spoof[:6], "--must-not-arrive", "--within", "2s",
                *mailbox("imaps", ALICE)])


def folders(cases):
    with zipfile.ZipFile("macro.docm", "w") as z:  # what a document is, by its bytes
        z.writestr("[Content_Types].xml", "<Types/>")
        z.writestr("word/vbaProject.bin", b"no macro at all")
    send = [*relay("GATE"), "--mail-from", BOB, "--from", BOB, "--to", CANARY, "--xclient-addr",
            "192.0.2.10", "--xclient-helo", "mx1.good.test", "--attach", "macro.docm",
            "--folder", "INBOX", "--folder", "Junk"]
    for scheme in ("imaps", "maildir"):
        cases.case(f"put aside, as expected ({scheme})", 0, [],
                   [*send, "--expect-folder", "Junk", *mailbox(scheme)])
    cases.case("put aside, where the inbox is expected", 1, ["arrive.folder"],
               [*send, "--expect-folder", "INBOX", *mailbox("imaps")])


# ---- bounces -----------------------------------------------------------------------------------

def bounced(status):
    def look(document):
        if document["dsn"] is None or document["dsn"]["recipients"][0]["status"] != status:
            yield f"the report: {document['dsn']}"
    return look


def bounces(cases):
    catch = [*relay("CATCH"), "--from", ALICE, "--to", "nobody@good.test"]
    cases.case("a bounce with its status", 0, [],
               [*catch, "--status", "5.1.1", *mailbox("imaps", ALICE)], bounced("5.1.1"))
    cases.case("a bounce with another status", 1, ["bounce.status"],
               [*catch, "--status", "5.7.*", *mailbox("imaps", ALICE)])
    cases.case("no bounce of what is delivered", 1, ["arrive.missing"],
               [*submit(), "--to", CANARY, "--bounce", "--within", "3s", *mailbox("imaps", ALICE)])
    cases.case("refused at once: there is nothing to bounce", 1, ["rcpt.refused"],
               [*submit(), "--to", "nobody@good.test", "--status", "5.1.1", *mailbox("imaps", ALICE)],
               refused(550, "5.1.1"))


# ---- mailboxes that do not answer --------------------------------------------------------------

def reason(word):
    def look(document):
        if re.search(word, document["reason"]) is None:
            yield f"the reason: {document['reason']}"
    return look


def mailboxes(cases):
    get = ["--tag", "mp-never", "--user", CANARY]
    host = "imap.good.test" if named() else address("MX1")
    wrong = ["--password-env", "BOB_PW", *([] if named() else ["--insecure"])]
    for scheme in ("imaps", "pop3s"):
        where = f"{scheme}://{host}:{port(scheme.upper())}"
        cases.case(f"a wrong password, {scheme}: undecided at once", 3, ["arrive.undecided"],
                   [*get, *wrong, where], reason("login was refused"))
        cases.case(f"a certificate that nobody vouches for, {scheme}", 3, ["arrive.undecided"],
                   [*get, "--password-env", "CANARY_PW", "--ca-file", stranger(), where],
                   reason("certificate"))
    cases.case("a folder that is not there", 3, ["arrive.undecided"],
               ["--tag", "mp-never", "--within", "2s", "--folder", "Nowhere", *mailbox("imaps")],
               reason("folder"))
    cases.case("nobody listens", 3, ["arrive.undecided"],
               [*get, "--password-env", "CANARY_PW", "--within", "1s",
                f"imaps://{address('DEAD')}:{port('IMAPS')}"], reason("(?i)connect"))


def stranger():
    """A certificate authority of somebody else."""
    if not os.path.exists("stranger.pem"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x",
                        "-keyout", "stranger.key", "-out", "stranger.pem", "-days", "2"],
                       check=True, capture_output=True)
    return os.path.abspath("stranger.pem")


# ---- into a sink -------------------------------------------------------------------------------

def at_the_sink(document):
    envelope = document["copies"][0]["envelope"]
    if envelope["tls"] is None or envelope["client"] != address("MX1"):
        yield f"how it was handed over: {envelope}"
    yield from authentic(document)


def sinks(rows, cases, program):
    """Postfix hands mail for sink.test to a capture server of ours, in TLS by DANE."""
    where = os.path.join(os.environ["MP_E2E_DIR"], "ca", "sink")
    command = [program, "sink", "--listen", f"{address('SINK')}:{port('SMTP')}", "--http",
               f"{address('SINK')}:0", "--hostname", "sink.sink.test", "--cert", where + ".crt",
               "--key", where + ".key", "--format", "none", "--wait-file", "sink.env", "--",
               sys.executable, "-c", "import os; open('ready', 'w').close(); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as sink:
        while not os.path.exists("ready"):
            if sink.poll() is not None:
                raise RuntimeError(sink.stderr.read().decode())
            os.sched_yield()
        with open("sink.env", encoding="utf-8") as f:
            told = dict(line.rstrip("\n").split("=", 1) for line in f)
        there = ["--sink", told["MAILPROOF_SINK_HTTP"]]
        cases.case("submitted to another domain, caught in the sink", 0, [],
                   [*submit(), "--to", "probe+7@sink.test", "--authentic", "--copies", "1",
                    "--settle", "1s", *there], at_the_sink)
        cases.case("refused there: it bounces with that status", 0, [],
                   [*submit(), "--to", "x+550-5.1.1@sink.test", "--status", "5.1.1",
                    *mailbox("imaps", ALICE)], bounced("5.1.1"))
        cases.case("nothing for another recipient", 1, ["arrive.missing"],
                   ["--to", "nobody@sink.test", "--within", "1s", *there])
        rows.tell()
        sink.communicate(b"\n")


def inside(program):
    import tool     # it needs what the peers tell in the environment
    rows = tool.Rows()
    cases = Cases(rows, program)
    with tempfile.TemporaryDirectory(prefix="mailproof-delivery-") as folder:
        os.chdir(folder)
        for part in (arrivals, faults, spoofs, folders, bounces, mailboxes):
            part(cases)
        sinks(rows, cases, program)
        code = rows.done()
        os.chdir("/")
    return code


def main(program):
    program = os.path.abspath(program)
    if around.is_inside():
        return inside(program)
    if why := around.missing():
        print("1..0 # SKIP", why)
        return 0
    return around.run_inside(__file__, program, MP_E2E_MAILPROOF=program)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
