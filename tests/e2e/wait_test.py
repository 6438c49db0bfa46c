#!/usr/bin/python3
"""`mailproof wait` against a running sink and a Maildir: wait_test.py MAILPROOF SOURCE-ROOT. TAP."""
import contextlib
import glob
import http.server
import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sink_kit  # noqa: E402

try:
    import jsonschema
except ImportError:
    jsonschema = None

MAILPROOF, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
PATIENCE_S = sink_kit.PATIENCE_S
TOKEN = "0123456789abcdef-admin"
rows = sink_kit.Rows()


class Wait:
    """One call: run to its end, or started and ended later."""

    def __init__(self, *args, env=None):
        self.process = subprocess.Popen(
            [MAILPROOF, "wait", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**os.environ, "TERM": "dumb", **(env or {})})

    def end(self):
        self.out, self.err = (b.decode() for b in self.process.communicate(timeout=PATIENCE_S))
        self.code = self.process.returncode
        return self

    @property
    def document(self):
        return json.loads(self.out)

    @property
    def found(self):
        return sorted({f["id"].removeprefix("flow.") for f in self.document["findings"]
                       if f["severity"] != "info"})

    def until(self, ready):
        """Until it waits, as seen from outside."""
        end = time.monotonic() + PATIENCE_S
        while not ready():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("it ended, or never waited")
            time.sleep(0.01)
        return self


def wait(*args, **more):
    return Wait(*args, **more).end()


def mail(subject="hello", extra="", body="hi"):
    return (f"{extra}From: app@good.test\r\nTo: x@far.test\r\nSubject: {subject}\r\n"
            f"\r\n{body}\r\n")


def put(name, text):
    with open(name, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return name


# ---- a sink ------------------------------------------------------------------------------------

def waiting(sink):
    _, _, page = sink.ask("GET", "/metrics")
    return b"\nmailproof_sink_http_waiting 1\n" in page


def arrives(sink):
    sink.send(mail("code", body="Your code: 493817\r\nhttps://app.test/confirm?t=1&u=2\r\n"
                   "https://app.test/other"), "one+7@far.test")
    got = wait("--sink", sink.url, "--to", "one+7@far.test", "--extract", "link,otp")
    rows.equal("extract: link and code, a line each, nothing else",
               (got.code, got.out, got.err), (0, "https://app.test/confirm?t=1&u=2\n493817\n", ""))
    got = wait("--sink", sink.url, "--to", "one+7@far.test", "--extract", "otp,link=other")
    rows.equal("extract: in the order asked for, the link that is meant", got.out,
               "493817\nhttps://app.test/other\n")
    got = wait("--sink", sink.url, "--to", "one+7@far.test", "--extract", "links,otps")
    rows.equal("extract: all of them", got.out.splitlines(),
               ["https://app.test/confirm?t=1&u=2", "https://app.test/other", "493817"])
    got = wait("--sink", sink.url, "--to", "one+7@far.test", "--extract", "link=nowhere,otp")
    rows.equal("extract: what is missing fails, what is there is printed",
               (got.code, got.out), (1, "493817\n"))
    rows.check("extract: and the report says why", "flow.extract.missing" in got.err, got.err)
    got = wait("--sink", sink.url, "--to", "one+7@far.test", "--json", "--extract", "link,otp")
    rows.equal("extract: in the document", (got.document["links"][0], got.document["codes"]),
               ("https://app.test/confirm?t=1&u=2", ["493817"]))
    started = Wait("--sink", sink.url, "--to", "late@far.test", "--within", "60s", "--json")
    started.until(lambda: waiting(sink))
    sink.send(mail(), "late@far.test")
    got = started.end()
    rows.equal("a message that comes while we wait", (got.code, got.document["arrived"]), (0, True))
    rows.equal("its envelope, as the sink saw it", got.document["copies"][0]["envelope"]["rcpt_to"],
               ["late@far.test"])
    rows.equal("the name that the client gave", got.document["copies"][0]["envelope"]["helo"],
               "client.test")
    for option, value in (("--subject", "LATE SUB"), ("--from", "news@"), ("--tag", "mp-e2e1"),
                          ("--message-id", "<own@id.test>")):
        sink.send(mail("a late subject", "X-Mailproof-Tag: mp-e2e1\r\nMessage-ID: <own@id.test>\r\n"),
                  "match@far.test", "news@good.test")
        got = wait("--sink", sink.url, option, value, "--within", "10s", "--delete")
        rows.check(f"found by {option}, and deleted", got.code == 0 and "delete" in got.out, got.out)
    got = wait("--sink", sink.url, "--to", "match@far.test", "--within", "1ms")
    rows.equal("what was deleted is gone", got.code, 1)


def absent(sink):
    got = wait("--sink", sink.url, "--to", "none@far.test", "--within", "200ms", "--json")
    rows.equal("the deadline passes: exit 1", (got.code, got.found), (1, ["arrive.missing"]))
    rows.equal("it took no time", got.document["took_ms"], None)
    got = wait("--sink", sink.url, "--to", "none@far.test", "--within", "200ms",
               "--must-not-arrive", "--json")
    rows.equal("must not arrive, and does not", (got.code, got.found), (0, []))
    started = Wait("--sink", sink.url, "--to", "leak@far.test", "--within", "60s",
                   "--must-not-arrive", "--json").until(lambda: waiting(sink))
    sink.send(mail(), "leak@far.test")
    got = started.end()
    rows.equal("must not arrive, and does", (got.code, got.found), (1, ["arrive.unexpected"]))


def altered(sink):
    sent = mail("news", "X-Mailproof-Tag: mp-alt\r\n", "first\r\nsecond")
    put("sent.eml", sent.replace("\r\n", "\n"))
    sink.send(sent, "same@far.test")
    got = wait("--sink", sink.url, "--to", "same@far.test", "--sent", "sent.eml", "--json")
    rows.equal("unchanged, also when the file has the line ends of Unix",
               (got.code, got.document["altered"]["identical"]), (0, True))
    sink.send("Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0000\r\n" +
              sent + "-- \r\nAdvertisement\r\n", "footer@far.test")
    got = wait("--sink", sink.url, "--to", "footer@far.test", "--sent", "sent.eml", "--json")
    rows.equal("a footer", (got.code, got.found), (1, ["altered.body"]))
    kinds = [c["kind"] for c in got.document["altered"]["changes"]]
    rows.equal("a footer: the changes", kinds, ["header-added", "body-appended"])
    got = wait("--sink", sink.url, "--to", "footer@far.test", "--sent", "sent.eml")
    rows.check("a footer, for people", "body-appended" in got.out and "Advertisement" in got.out,
               got.out)
    got = wait("--sink", sink.url, "--to", "footer@far.test", "--sent", "sent.eml",
               "--write-message", "arrived.eml")
    with open("arrived.eml", "rb") as f:
        rows.check("--write-message: the bytes that arrived", f.read().endswith(b"Advertisement\r\n"))


def duplicates(sink):
    for _ in range(2):
        sink.send(mail("twice"), "twice@far.test")
    get = ["--sink", sink.url, "--to", "twice@far.test", "--settle", "1ms", "--json", "--within", "1s"]
    got = wait(*get, "--copies", "2")
    rows.equal("two copies, as expected", (got.code, len(got.document["copies"])), (0, 2))
    got = wait(*get, "--copies", "1")
    rows.equal("two copies, not one", (got.code, got.found), (1, ["arrive.copies"]))
    got = wait(*get, "--copies", "3")
    rows.equal("two copies, not three", (got.code, got.found), (1, ["arrive.copies"]))


BOUNCE = """From: MAILER-DAEMON@mx.test
To: app@good.test
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test

Final-Recipient: rfc822; nobody@far.test
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user
--b
Content-Type: text/rfc822-headers

X-Mailproof-Tag: mp-bounced
Subject: lost
--b--
""".replace("\n", "\r\n")


def bounces(sink):
    sink.send(BOUNCE, "app@good.test", "")
    get = ["--sink", sink.url, "--tag", "mp-bounced", "--within", "1s", "--json"]
    got = wait(*get, "--bounce")
    rows.equal("a bounce", (got.code, got.document["dsn"]["recipients"][0]["status"]), (0, "5.1.1"))
    rows.equal("a bounce with its status", wait(*get, "--status", "5.1.*").code, 0)
    got = wait(*get, "--status", "5.7.1")
    rows.equal("a bounce with another status", (got.code, got.found), (1, ["bounce.status"]))
    got = wait("--sink", sink.url, "--tag", "mp-other", "--within", "100ms", "--bounce")
    rows.equal("another's bounce is none", got.code, 1)
    rows.equal("a bounce is not the message", wait(*get[:-1]).code, 1)


# ---- sending -----------------------------------------------------------------------------------

def sends(sink):
    via = ["--sink", sink.url, "--via", "smtp://" + sink.smtp, "--from", "app@good.test"]
    put("part.pdf", b"%PDF-1.4 x")
    got = wait(*via, "--to", "sent@far.test", "--subject", "report", "--body", "see https://a.test/x",
               "--attach", "part.pdf", "--json", "--copies", "1", "--settle", "1ms", "--warn", "20s",
               "--crit", "25s")
    rows.equal("sent and arrived, byte for byte",
               (got.code, got.document["altered"]["identical"], got.document["sent"]["outcome"]),
               (0, True, "sent"))
    document = got.document
    rows.check("tagged in its own field, the subject and the Message-ID",
               document["sent"]["tag"] in document["message"]["subject"]
               and document["sent"]["tag"] in document["message"]["message_id"])
    rows.equal("in TLS", document["sent"]["tls"]["version"], "TLSv1.3")
    got = wait(*via, "--to", "clear@far.test", "--no-tls", "--json")
    rows.equal("without TLS", (got.code, got.document["sent"]["tls"]), (0, None))
    put("own.eml", "Subject: own\nMessage-ID: <own.1@good.test>\n\nbody\n")
    got = wait(*via, "--to", "own@far.test", "--message", "own.eml", "--json")
    rows.equal("a message of ours", (got.code, got.document["message"]["message_id"]),
               (0, "<own.1@good.test>"))
    put("raw.eml", "Subject: raw\r\nMessage-ID: <raw.1@good.test>\r\n\r\nbody\r\n")
    got = wait(*via, "--to", "own@far.test", "--message", "raw.eml", "--keep-message", "--json")
    with open("raw.eml", "rb") as f:
        size = len(f.read())
    rows.equal("every byte as it is", (got.code, got.document["copies"][0]["size"]), (0, size))
    secret = "tr0ub4dor"
    got = wait(*via, "--to", "auth@far.test", "--auth-user", "app", "--auth-password-env", "APP_PW",
               "--verbose", env={"APP_PW": secret})
    rows.check("a login, its secret nowhere", got.code == 0 and "masked" in got.out
               and secret not in got.out + got.err, got.out[-3000:] + got.err)
    got = wait(*via, "--to", "no+550-5.7.1@far.test", "--json")
    rows.equal("refused: it is not waited for",
               (got.code, got.found, got.document["sent"]["reply"]["code"]),
               (1, ["rcpt.refused"], 550))
    got = wait(*via, "--to", "no+451@far.test", "--json")
    rows.equal("deferred: undecided", (got.code, got.found), (3, ["rcpt.deferred"]))
    got = wait(*via, "--to", "no+550@far.test", "--must-not-arrive", "--within", "100ms", "--json")
    rows.equal("refused, as it must not arrive", (got.code, got.found), (0, []))
    got = wait("--sink", sink.url, "--via", "smtp://127.0.0.1:1", "--from", "a@good.test", "--to",
               "a@far.test", "--json")
    rows.equal("nobody listens there", (got.code, got.found), (1, ["connect.refused"]))


RECIPE = """set -e
"$0" wait --sink "$MAILPROOF_SINK_HTTP" --via "smtp://$MAILPROOF_SINK_SMTP" --from app@app.test \\
    --to "anna+$$@app.test" --body 'https://app.test/confirm?t=1 code: 493817' \\
    --extract link=/confirm,otp > found
{ read -r link; read -r code; } < found
echo "$code at $link"
"""


def recipe():
    """As docs/delivery.md has it."""
    done = subprocess.run(
        [MAILPROOF, "sink", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--format", "none",
         "--", "sh", "-c", RECIPE, MAILPROOF], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=PATIENCE_S, check=False)
    rows.check("a script beside its own sink", (done.returncode, done.stdout) ==
               (0, b"493817 at https://app.test/confirm?t=1\n"), f"{done}")


# ---- what vanishes, what is wrong --------------------------------------------------------------

def vanishing():
    sink = sink_kit.Sink(MAILPROOF)
    started = Wait("--sink", sink.url, "--tag", "never", "--within", "2s", "--json")
    started.until(lambda: waiting(sink))
    sink.stop()
    got = started.end()
    rows.equal("the sink stops meanwhile: exit 3", (got.code, got.found), (3, ["arrive.undecided"]))
    rows.check("and the reason is told", "connect" in got.document["reason"], got.document["reason"])
    rows.equal("and a message that must not arrive is not proved absent",
               wait("--sink", sink.url, "--tag", "x", "--within", "1ms", "--must-not-arrive").code, 3)


def watches(process):
    """Does it watch directories by now?"""
    for path in glob.glob(f"/proc/{process.pid}/fdinfo/*"):
        try:
            with open(path, encoding="ascii") as f:
                if "inotify wd" in f.read():
                    return True
        except OSError:
            pass
    return False


def maildirs():
    for sub in ("new", "cur", "tmp", ".Junk/new", ".Junk/cur"):
        os.makedirs(os.path.join("box", sub))
    url = "maildir:" + os.path.abspath("box")
    started = Wait(url, "--subject", "maildir", "--within", "60s", "--json")
    started.until(lambda: watches(started.process))
    os.rename(put("box/tmp/1", mail("to a maildir").replace("\r\n", "\n")), "box/new/1")
    got = started.end()
    rows.equal("Maildir: what comes meanwhile", (got.code, got.document["copies"][0]["folder"]),
               (0, "INBOX"))
    put("box/.Junk/new/2", mail("spam"))
    get = [url, "--subject", "spam", "--folder", "INBOX", "--folder", "Junk", "--within", "1s", "--json"]
    rows.equal("Maildir: in the folder", wait(*get, "--expect-folder", "Junk").code, 0)
    got = wait(*get, "--expect-folder", "INBOX")
    rows.equal("Maildir: in another folder", (got.code, got.found), (1, ["arrive.folder"]))
    got = wait(*get, "--delete")
    rows.equal("Maildir: deleted", (got.code, os.listdir("box/.Junk/new")), (0, []))
    started = Wait(url, "--subject", "never", "--within", "1s", "--json")
    started.until(lambda: watches(started.process))
    shutil.rmtree("box")
    got = started.end()
    rows.equal("Maildir: it vanishes: exit 3", (got.code, got.found), (3, ["arrive.undecided"]))
    rows.check("Maildir: and the reason is told", "No such file" in got.document["reason"],
               got.document["reason"])


def hops():
    received = ("Received: from b.test ([192.0.2.2]) by c.test with ESMTP; Mon, 23 Nov 2026 10:01:00 +0000\r\n"
                "Received: from a.test ([192.0.2.1]) by b.test with ESMTPS; Mon, 23 Nov 2026 10:00:00 +0000\r\n")
    os.makedirs("hops/new")
    os.makedirs("hops/cur")
    put("hops/new/1", mail("on its way", received))
    get = ["maildir:" + os.path.abspath("hops"), "--subject", "on its way", "--json"]
    got = wait(*get)
    rows.equal("hops: told, not judged",
               (got.code, [h["delay_s"] for h in got.document["hops"]["items"]]), (0, [None, 60]))
    got = wait(*get, "--slow-hop", "30s")
    rows.equal("hops: a slow one", (got.code, got.found), (1, ["hop.slow"]))
    got = wait(*get, "--hops-tls")
    rows.equal("hops: a plain one", (got.code, got.found), (1, ["hop.plain"]))
    rows.equal("hops: fast enough", wait(*get, "--slow-hop", "60s").code, 0)
    got = wait(*get[:-1])
    rows.check("hops: a table for people", "+60 s" in got.out and "plain" in got.out, got.out)


def tokens():
    sink = sink_kit.Sink(MAILPROOF, token=TOKEN)
    status, box = sink.json("POST", "/v1/inboxes", {"name": "sign-up"})
    rows.equal("an inbox is made", status, 201)
    sink.send(mail("welcome"), box["address"])
    sink.send(mail("welcome"), "other@far.test")
    get = ["--sink", sink.url, "--within", "30s", "--json"]
    got = wait(*get, "--inbox", box["id"], "--token-env", "T", env={"T": box["token"]})
    rows.equal("any message of an inbox, by its token", (got.code, len(got.document["copies"])), (0, 1))
    got = wait(*get, "--subject", "welcome", "--token-file", put("token", TOKEN + "\n"))
    rows.equal("both, by the admin's", (got.code, len(got.document["copies"])), (0, 2))
    began = time.monotonic()
    got = wait(*get, "--subject", "welcome", "--token-env", "T", env={"T": "wrong"})
    rows.equal("a wrong token: undecided", (got.code, got.found), (3, ["arrive.undecided"]))
    rows.check("at once, and why", time.monotonic() - began < 25 and "401" in got.document["reason"],
               got.document["reason"])
    rows.check("the token is nowhere", "wrong" not in got.out, got.out)
    sink.json("DELETE", f"/v1/inboxes/{box['id']}")
    got = wait(*get, "--inbox", box["id"], "--token-env", "T", env={"T": TOKEN})
    rows.equal("an inbox that is gone", (got.code, got.found), (3, ["arrive.undecided"]))
    sink.stop()


HOSTILE = "\x1b[2J\x1b]0;x\x07 \u202e::error::pwned ##[set-output] ]]> <b> %0A"


def hostile(sink):
    text = mail(HOSTILE, f"X-{HOSTILE}: y\r\nReceived: from {HOSTILE} by {HOSTILE}; x\r\n"
                f"Message-ID: <{HOSTILE}>\r\n", f"::error::body\r\n{HOSTILE}\r\n"
                "https://a.test/##[x\x1b[31m\r\nhttps://a.test/\u202e\u0085x\r\ncode: 123456")
    sink.send(text.encode(), "evil@far.test")
    put("plain.eml", mail("x"))
    get = ["--sink", sink.url, "--to", "evil@far.test", "--sent", "plain.eml"]
    for form in ("text", "json", "jsonl", "sarif", "junit", "tap", "github", "prometheus"):
        got = wait(*get, "--format", form, "--verbose")
        lines = got.out.splitlines()
        is_json = form in ("json", "jsonl", "sarif")
        bad = [c for c in ("\x1b", "\x07", "\u0085", *(() if is_json else ("\u202e",))) if c in got.out]
        if form not in ("github", "json", "jsonl", "sarif"):    # a command is read before ##[
            bad += ["##["] if "##[" in got.out else []
            bad += [x for x in lines if x.strip().startswith("::")]
        rows.equal(f"hostile: {form} is harmless", (got.code, bad), (1, []))
        if form in ("json", "sarif"):
            json.loads(got.out)
        if form == "junit":
            ElementTree.fromstring(got.out)
        if form == "github":
            rows.check("hostile: github's commands are ours alone", all(
                x.startswith(("::error ", "::warning ", "::notice ")) for x in lines), got.out)
    got = wait(*get, "--exit", "nagios")
    rows.check("hostile: one line for Nagios", got.code == 2 and got.out.count("\n") == 1
               and got.out.startswith("WAIT CRITICAL - "), got.out)
    got = wait(*get, "--fail-on", "critical", "--extract", "links,otp")
    rows.equal("hostile: values are lines without controls or commands", got.out.splitlines(),
               ["https://a.test/#%23[x", "https://a.test/%E2%80%AE%C2%85x", "123456"])


ANSWERS = {     # of what is no sink: status, body
    "words that would move a cursor": (500, json.dumps({"detail": HOSTILE + "\u009b31m"})),
    "no JSON": (200, "<html>"), "a list": (200, "[1, 2]"), "nothing": (200, ""),
    "depth": (200, "[" * 100000), "elsewhere": (302, ""), "no ids": (200, '{"messages": [{}]}'),
    "numbers": (200, '{"messages": [{"id": "a", "seq": 9e99, "rcpt_to": 7, "received": -1}]}'),
}


def no_sink():
    """Answers of a stranger: undecided, and harmless to the terminal that shows the progress."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(self.server.answer[0])
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(self.server.answer[1])))
            self.end_headers()
            self.wfile.write(self.server.answer[1].encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        for label, answer in ANSWERS.items():
            server.answer = answer
            ours, theirs = pty.openpty()
            done = subprocess.run(
                [MAILPROOF, "wait", "--sink", f"http://127.0.0.1:{server.server_port}", "--tag", "x",
                 "--within", "100ms"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs,
                timeout=PATIENCE_S, check=False)
            os.close(theirs)
            shown = b""
            with contextlib.suppress(OSError):      # the end of a terminal is an error
                while part := os.read(ours, 65536):
                    shown += part
            os.close(ours)
            text = (done.stdout + shown.replace(b"\x1b[K", b"")).decode()
            wanted = 1 if label == "numbers" else 3     # that one is read as a message: another
            rows.check(f"no sink: {label}", done.returncode == wanted and shown != b"" and not any(
                c in text for c in "\x1b\x07\u202e\u009b"), f"exit {done.returncode}: {text!r}")
        server.shutdown()


def formats(sink):
    sink.send(mail("formats"), "formats@far.test")
    get = ["--sink", sink.url, "--to", "formats@far.test"]
    got = wait(*get, "--format", "junit", "-o", "wait.xml", "--textfile", "wait.prom",
               "--exit", "sysexits")
    suite = ElementTree.parse("wait.xml").getroot().find("testsuite")
    rows.equal("JUnit: a test case a check", (got.code, [c.get("classname") for c in
               suite.findall("testcase")]), (0, ["mailproof.wait", "mailproof.wait"]))
    with open("wait.prom", encoding="utf-8") as f:
        page = f.read()
    rows.check("Prometheus: success and time", "\nprobe_success{" in page
               and "mailproof_wait_arrived{" in page and "@" not in page, page)
    got = wait("--sink", sink.url, "--to", "none@far.test", "--within", "1ms", "--format", "prometheus")
    rows.check("Prometheus: series of what did not come", "mailproof_wait_arrival_seconds{" in got.out
               and "} NaN" in got.out and got.code == 1, got.out)
    got = wait(*get, "--exit", "nagios", "--warn", "5s", "--crit", "10s")
    rows.check("Nagios: thresholds", got.code == 0 and got.out.startswith("WAIT OK - ")
               and ";5.000;10.000" in got.out, got.out)
    if jsonschema is None:
        rows.check("documents fit their schemas # SKIP python3-jsonschema is not installed", True)
        return
    via = ["--via", "smtp://" + sink.smtp, "--from", "a@good.test"]
    for label, args in (("arrived", get), ("sent", [*get, *via]), ("missing", ["--sink", sink.url,
                        "--tag", "none", "--within", "1ms"]), ("undecided", ["maildir:/nonexistent",
                        "--tag", "x", "--within", "1ms"]), ("not tried", ["imap://h", "--tag", "x"])):
        document = wait(*args, "--json").document
        for name in ("subject", "wait"):
            with open(os.path.join(ROOT, f"docs/schema/{name}-1.schema.json"), encoding="utf-8") as f:
                schema = json.load(f)
            if name == "wait" and "error" in document:
                continue
            errors = [e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(document)]
            rows.equal(f"documents: {label} fits {name}-1", errors, [])


# Each with what its complaint must hold.
USAGE = (
    ([], "where to look"),
    (["--sink", "http://127.0.0.1:1"], "what to wait for"),
    (["gopher://x", "--tag", "a"], "mailbox 'gopher://x'"),
    (["imaps://user:s3cr3t@host", "--tag", "a"], "no password"),
    (["maildir:/x", "--to", "a@b", "--via", "smtp://user:s3cr3t@host"], "no password"),
    (["imaps://host?x", "--tag", "a", "--user", "u", "--password-env", "HOME"], "an IMAP URL is"),
    (["imaps://host", "--tag", "a"], "needs a user"),
    (["imaps://host", "--tag", "a", "--user", "u", "--password-env", "NO_SUCH_ENV"], "NO_SUCH_ENV"),
    (["imaps://host", "--tag", "a", "--user", "u", "--password-file", "/nonexistent"], "No such file"),
    (["imaps://host", "--tag", "a", "--user", "u"], "MAILPROOF_PASSWORD"),
    (["maildir:/x", "--sink", "http://127.0.0.1:1", "--tag", "a"], "one of both"),
    (["maildir:/x", "maildir:/y", "--tag", "a"], "one MAILBOX"),
    (["maildir:/x", "--tag", "a", "--inbox", "b"], "--inbox"),
    (["maildir:/x", "--tag", "a", "--user", "b", "--password-file", "/dev/null"], "IMAP and POP3"),
    (["--sink", "imap://x", "--tag", "a"], "expected a URL"),
    (["--sink", "http://127.0.0.1:1", "--tag", "a", "--folder", "x"], "--folder"),
    (["maildir:/x", "--tag", ""], "not empty"),
    (["maildir:/x", "--tag", "a", "--within", "soon"], "--within soon"),
    (["maildir:/x", "--tag", "a", "--within", "0"], "--within 0"),
    (["maildir:/x", "--tag", "a", "--warn", "9s", "--crit", "5s"], "--warn, --crit"),
    (["maildir:/x", "--tag", "a", "--crit", "31s"], "--warn, --crit"),
    (["maildir:/x", "--tag", "a", "--slow-hop", "500ms"], "whole seconds"),
    (["maildir:/x", "--tag", "a", "--copies", "0"], "--copies 0"),
    (["maildir:/x", "--tag", "a", "--copies", "20"], "--copies 20"),
    (["maildir:/x", "--tag", "a", "--status", "6.1.1"], "--status 6.1.1"),
    (["maildir:/x", "--tag", "a", "--status", "5.1.1.1"], "--status"),
    (["maildir:/x", "--tag", "a", "--must-not-arrive", "--copies", "1"], "--must-not-arrive"),
    (["maildir:/x", "--tag", "a", "--must-not-arrive", "--extract", "otp"], "--must-not-arrive"),
    (["maildir:/x", "--tag", "a", "--bounce", "--authentic"], "--bounce"),
    (["maildir:/x", "--tag", "a", "--extract", "subject"], "--extract subject"),
    (["maildir:/x", "--tag", "a", "--extract", "otp=1"], "--extract otp=1"),
    (["maildir:/x", "--tag", "a", "--extract", "link="], "--extract link="),
    (["maildir:/x", "--tag", "a", "--extract", "otp", "--format", "junit"], "--output"),
    (["maildir:/x", "--tag", "a", "--extract", "otp", "--exit", "nagios"], "one line"),
    (["maildir:/x", "--tag", "a", "--sent", "/nonexistent"], "No such file"),
    (["maildir:/x", "--tag", "a", "--body", "b"], "without --via"),
    (["maildir:/x", "--tag", "a", "--auth-user", "b"], "without --via"),
    (["maildir:/x", "--via", "smtp://127.0.0.1:1"], "needs a recipient"),
    (["maildir:/x", "--via", "smtp://127.0.0.1:1", "--to", "a@b", "--sent", "x"], "--sent"),
    (["maildir:/x", "--via", "smtp://127.0.0.1:1", "--to", "a@b", "--keep-message"], "--message"),
    (["maildir:/x", "--via", "smtp://127.0.0.1:1", "--to", "a@b", "--message", "x", "--body", "y"],
     "one of both"),
    (["maildir:/x", "--via", "smtp://127.0.0.1:1", "--to", "a@b", "--auth-password-file", "/dev/null"],
     "--auth-user"),
    (["maildir:/x", "--via", "ftp://127.0.0.1", "--to", "a@b"], "ftp"),
    (["maildir:/x", "--via", "smtp://127.0.0.1:1", "--to", "a@b", "--tag", "a b"], "a tag has"),
    (["maildir:/x", "--via", "smtp://127.0.0.1:1", "--to", "a@b\r\nDATA"], "control"),
    (["maildir:/x", "--tag", "a", "--token", "secret"], "--token"),
    (["maildir:/x", "--tag", "a", "--format", "xml"], "--format xml"),
    (["maildir:/x", "--tag", "a", "--nonsense"], "--nonsense"),
    (["maildir:/x", "--tag", "a", "-o", "/nonexistent/x"], "/nonexistent/x"),
)


def usage():
    env = {k: v for k, v in os.environ.items() if k != "MAILPROOF_PASSWORD"}
    for args, word in USAGE:
        done = subprocess.run([MAILPROOF, "wait", *args], stdin=subprocess.DEVNULL, env=env,
                              capture_output=True, timeout=PATIENCE_S, check=False)
        said = (done.stdout + done.stderr).decode()
        wanted = 3 if "nagios" in args else 2       # UNKNOWN
        rows.check("usage: " + " ".join(args).replace("\r\n", " "),
                   done.returncode == wanted and word in said and "s3cr3t" not in said,
                   f"exit {done.returncode}: {said}")


def main():
    where = tempfile.TemporaryDirectory(prefix="mailproof-wait-")
    os.chdir(where.name)
    sink = sink_kit.Sink(MAILPROOF)
    try:
        for part in (arrives, absent, altered, duplicates, bounces, sends, hostile, formats):
            part(sink)
    finally:
        sink.stop()
    for part in (recipe, no_sink, vanishing, maildirs, hops, tokens, usage):
        part()
    os.chdir("/")
    where.cleanup()
    return rows.done()


sys.exit(main())
