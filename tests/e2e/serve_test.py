#!/usr/bin/python3
"""The daemon: serve_test.py MAILPROOF. A small MTA by hand (milter_kit.py) sends mail through it;
its processes are killed, its configuration changes. Prints TAP."""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]
from milter_kit import Milter  # noqa: E402
from rows import expect, holds, row, run_rows  # noqa: E402
from serve_kit import Serve, good  # noqa: E402
from webapi_kit import Document  # noqa: E402

PROGRAM = sys.argv[1]
MILTER = """milters:
  - {name: mta, listen: "unix:{dir}/milter", mode: inbound, subject_tag: "[odd]"}
history: {enabled: false}
"""
FORGED = b"Authentication-Results: mx.example.org; spf=pass\r\n"


def mta(daemon, ip="192.0.2.8", name="milter", **macros):
    m = Milter(os.path.join(daemon.dir, name))
    m.connect(ip, **macros)
    m.helo()
    return m


def key(folder, name="key.pem"):
    path = os.path.join(folder, name)
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
                    "-out", path], check=True, capture_output=True)
    os.chmod(path, 0o600)
    return path


# ---- verdicts ----

@row("good mail passes, with our results on top and its verdict")
def _(d):
    with mta(d) as m:
        v = m.deliver(good())
        expect("the word", v.word, "c")
        expect("results", len(v.header("Authentication-Results")), 1)
        holds("dmarc=pass is told", "dmarc=pass" in v.header("Authentication-Results")[0])
        holds("the verdict is told", "accept; complete=yes" in v.header("X-Mailproof-Verdict")[0])


@row("what claims to be ours is taken away: results and marks, each at its place")
def _(d):
    raw = (b"X-Mailproof-Verdict: accept\r\n" + FORGED + b"Authentication-Results: other; none\r\n"
           + FORGED + good())
    with mta(d) as m:
        v = m.deliver(raw)
        expect("removed", sorted((n, i) for n, i, _ in v.removed),
               [("Authentication-Results", 1), ("Authentication-Results", 3),
                ("X-Mailproof-Verdict", 1)])
        expect("the subject is tagged", v.replaced, [("Subject", 1, " [odd] hello")])


@row("a forged author is refused, with a code, the reason and an id to look for")
def _(d):
    with mta(d, ip="203.0.113.9") as m:
        v = m.deliver(good())
        expect("the word", v.word, "y")
        holds("code and finding: " + v.text, v.text.startswith("550 5.7.1 ")
              and "auth.dmarc.fail" in v.text)
        event = d.wait_for("mail.verdict", where=lambda e: e["done"] == "reject")
        holds("the id is in the log", event["id"] in v.text)


@row("several messages a connection, one given up between them")
def _(d):
    with mta(d) as m:
        expect("first", m.deliver(good("first")).word, "c")
        m.mail("a@good.example")
        m.rcpt("b@example.org")
        m.abort()
        expect("second", m.deliver(good("second")).word, "c")
        m.quit()


@row("a message without header, body or recipients to speak of is judged all the same")
def _(d):
    with mta(d) as m:
        for raw in (b"\r\n\r\n", b"From: a@good.example\r\n\r\n", b"Subject: x\r\n\r\n" + b"." * 300000):
            holds("a final word", m.deliver(raw).word in "cty")


@row("what is no milter ends its own connection, and no other")
def _(d):
    import socket
    with mta(d) as other:
        for junk in (b"GET / HTTP/1.0\r\n\r\n", b"\xff\xff\xff\xffO", b"\0\0\0\x01R", b"\0\0\0\0"):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(30)
            s.connect(os.path.join(d.dir, "milter"))
            s.sendall(junk)
            s.shutdown(socket.SHUT_WR)
            while s.recv(4096):
                pass
            s.close()
        expect("the other one", other.deliver(good()).word, "c")


@row("a hundred connections at once are all answered")
def _(d):
    words = []

    def one():
        with mta(d) as m:
            for _ in range(5):
                words.append(m.deliver(good()).word)
    threads = [threading.Thread(target=one) for _ in range(100)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    expect("answers", words.count("c"), 500)


# ---- processes die ----

@row("a worker that is killed is started again, and no mail passes without a verdict")
def _(d):
    stop, words = threading.Event(), []

    def flow():
        while not stop.is_set():
            with mta(d) as m:
                words.append(m.deliver(good()).word)
    threads = [threading.Thread(target=flow) for _ in range(4)]
    for t in threads:
        t.start()
    for _ in range(6):
        d.kill("worker")
        time.sleep(0.2)
    stop.set()
    for t in threads:
        t.join()
    holds(f"verdicts or tempfail, nothing else: {set(words)}", set(words) <= set("ct"))
    holds("most passed", words.count("c") > len(words) // 2)


@row("without any worker a mail waits, and is judged when one is back")
def _(d):
    for pid in d.pids("worker"):
        os.kill(pid, signal.SIGKILL)
    with mta(d) as m:
        expect("the word", m.deliver(good()).word, "c")


@row("a front that is killed drops its connections; the next one serves")
def _(d):
    with mta(d) as m:
        d.kill("front")
        try:
            m.deliver(good())
            holds("the connection was dropped", False)
        except (ConnectionError, OSError):
            pass
    with mta(d) as m:
        expect("the next", m.deliver(good()).word, "c")


# ---- the configuration ----

@row("a reload takes the new configuration, and drops no connection")
def _(d):
    with mta(d) as old:
        expect("before", old.deliver(good("one")).word, "c")
        d.write(MILTER.replace("[odd]", "[new]"))
        expect("reload", d.reload()["event"], "daemon.reload")
        d.wait_for("daemon.ready", where=lambda e: "generation 2" in e["text"])
        v = old.deliver(FORGED + good())
        expect("the old connection, the old configuration", v.replaced,
               [("Subject", 1, " [odd] hello")])
        with mta(d) as new:
            v = new.deliver(FORGED + good())
            expect("a new one, the new configuration", v.replaced, [("Subject", 1, " [new] hello")])
    d.wait_for("process.ended", where=lambda e: e["role"] == "front" and e["generation"] == 1
               and e["how"] == "exit code 0")


@row("reloads in a row, before the one before serves: the last configuration is what stays")
def _(d):
    with Serve(PROGRAM, MILTER) as daemon:
        for tag in ("two", "three", "four"):
            daemon.write(MILTER.replace("odd", tag))
            expect(tag, daemon.reload()["event"], "daemon.reload")
        daemon.wait_for("daemon.ready", where=lambda e: "generation 4" in e["text"])
        for number in (1, 2, 3):
            daemon.wait_for("process.ended", count=2, where=lambda e: e["role"] == "worker"
                            and e["generation"] == number)
        with mta(daemon) as m:
            v = m.deliver(FORGED + good())
            expect("the last one", v.replaced, [("Subject", 1, " [four] hello")])


@row("a supervisor that is killed takes its processes along, even those that hang")
def _(d):
    user = "nobody" if os.geteuid() == 0 else None
    daemon = Serve(PROGRAM, MILTER)
    if user is not None:
        with open(daemon.config, encoding="utf-8") as f:
            text = f.read().replace("user: root\ngroup: root\n", f"user: {user}\ngroup: nogroup\n")
        with open(daemon.config, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(daemon.dir, 0o755)
    daemon.start()
    pids = daemon.pids("worker") + daemon.pids("front")
    expect("processes", len(pids), 3)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    daemon.process.kill()
    daemon.process.wait()

    def is_gone(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
        except OSError:
            return True
    for pid in pids:
        until(f"{pid} is gone", lambda: is_gone(pid))
    daemon.clean()


@row("a configuration with a mistake is refused, and the old one stays")
def _(d):
    d.write(MILTER + "nonsense: 1\n")
    event = d.reload()
    expect("reload", event["event"], "daemon.reload_refused")
    holds("the place is told: " + event["text"], "mailproof.yaml:" in event["text"])
    with mta(d) as m:
        expect("still", m.deliver(good()).word, "c")
    d.write(MILTER)


@row("a configuration that no worker can use is taken back, and the old one stays")
def _(d):
    d.write(MILTER + "policy: gone.yaml\n")
    event = d.reload()
    if event["event"] == "daemon.reload":
        d.wait_for("daemon.reload_refused", count=2)
    with mta(d) as m:
        expect("still", m.deliver(good()).word, "c")
    d.write(MILTER)


@row("the end: what is on its way is ended, then all processes are gone")
def _(d):
    pids = d.pids("worker") + d.pids("front")
    expect("exit code", d.stop(), 0)
    for pid in pids:
        holds("a process is left", not os.path.exists(f"/proc/{pid}"))
    holds("its socket is left", not os.path.exists(os.path.join(d.dir, "milter")))


# ---- the web ----

WEB = """milters:
  - {name: mta, listen: "unix:{dir}/milter", mode: inbound}
http:
  listen: 127.0.0.1:{port}
  rspamd: true
  tokens: [{name: all, file: token, scopes: [scan, read, metrics]}]
"""
TOKEN = "a-token-for-tests-0123456789"


def free_port():
    import socket
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def web_daemon(section=WEB):
    port = free_port()
    daemon = Serve(PROGRAM, "")
    daemon.port = port
    daemon.write(section.replace("{port}", str(port)))
    with open(os.path.join(daemon.dir, "token"), "w", encoding="ascii") as f:
        f.write(TOKEN + "\n")
    os.chmod(os.path.join(daemon.dir, "token"), 0o600)
    return daemon


def get(daemon, path, data=None, token=TOKEN, headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{daemon.port}{path}", data=data,
                                     headers={**({"Authorization": "Bearer " + token} if token
                                                 else {}), **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()


def until(what, function):
    limit = time.monotonic() + 60
    while not function():
        if time.monotonic() > limit:
            raise TimeoutError(what)
        time.sleep(0.05)


def state_of(daemon):
    """/v1/status, held against the document."""
    code, body = get(daemon, "/v1/status")
    expect("status", code, 200)
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        return json.loads(body)
    document = Document(json.loads(get(daemon, "/openapi.json")[1]))
    expect("what it says", document.problem("GET", "/v1/status", code,
                                            {"Content-Type": "application/json"}, body), "")
    return json.loads(body)


@row("HTTP and milter: a mail is judged by both alike, found again, counted and shown")
def _(d):
    with web_daemon() as daemon:
        code, body = get(daemon, "/v1/scan?ip=203.0.113.9&mail_from=a%40good.example", good())
        scan = json.loads(body)
        expect("scan", (code, scan["verdict"]["action"]), (200, "reject"))
        with mta(daemon, ip="203.0.113.9") as m:
            expect("milter", m.deliver(good()).word, "y")

        def found():
            return json.loads(get(daemon, "/v1/messages?finding=auth.dmarc.fail")[1])["messages"]
        until("both in history", lambda: len(found()) == 2)
        expect("modes", sorted(m["mode"] for m in found()), ["inbound", "scan"])
        one = json.loads(get(daemon, "/v1/messages/" + found()[0]["id"])[1])
        holds("its report is kept: " + str(list(one)), "auth.dmarc.fail" in json.dumps(one))
        text = get(daemon, "/metrics")[1].decode()
        for line in ('mailproof_mails_total{mode="inbound",action="reject"} 1',
                     'mailproof_mails_total{mode="scan",action="reject"} 1',
                     "mailproof_milter_connections_total 1"):
            holds(line, line + "\n" in text)
        holds("no address is in metrics", "example" not in text and "203.0.113" not in text)
        status = json.loads(get(daemon, "/v1/status")[1])
        expect("roles", sorted({r["role"] for r in status["roles"]}),
               ["front", "supervisor", "worker"])
        expect("state", (status["state"], status["history"]["state"]), ("ok", "ok"))
        until("resolver", lambda: state_of(daemon)["resolver"]["state"] == "ok")
        code, page = get(daemon, "/", token=None)
        holds("the dashboard", code == 200 and b"<html" in page.lower())
        expect("no token", get(daemon, "/v1/messages", token=None)[0], 401)
        expect("a wrong one", get(daemon, "/v1/messages", token="x" * 30)[0], 401)


@row("rspamd's protocol: a client of it gets its answer")
def _(d):
    with web_daemon() as daemon:
        code, body = get(daemon, "/checkv2", good(), headers={
            "IP": "203.0.113.9", "From": "a@good.example", "Helo": "x.example"})
        answer = json.loads(body)
        expect("action", (code, answer["action"]), (200, "reject"))
        holds("symbols", any("DMARC" in s.upper() for s in answer["symbols"]))


@row("the message itself is kept only where that is wanted")
def _(d):
    for wanted in (False, True):
        section = WEB + f"history: {{keep_messages: {str(wanted).lower()}}}\n"
        with web_daemon(section) as daemon:
            with mta(daemon) as m:
                m.deliver(good("kept"))
            until("in history", lambda: json.loads(get(daemon, "/v1/messages")[1])["messages"])
            with sqlite3.connect(os.path.join(daemon.dir, "state", "history", "history.db")) as db:
                bodies = [zlib.decompress(z) for (z,) in db.execute("SELECT z FROM body")]
            expect("bodies", bodies, [good("kept")] if wanted else [])


@row("events: a mail is told as it happens")
def _(d):
    with web_daemon() as daemon:
        request = urllib.request.Request(f"http://127.0.0.1:{daemon.port}/v1/events",
                                         headers={"Authorization": "Bearer " + TOKEN})
        with urllib.request.urlopen(request, timeout=60) as stream:
            with mta(daemon) as m:
                m.deliver(good("told"))
            lines = []
            while not any(b"told" in line for line in lines):
                lines.append(stream.readline())
            holds("event: mail", any(line.startswith(b"event: mail") for line in lines))


@row("without workers HTTP says so, and judges again when they are back")
def _(d):
    with web_daemon() as daemon:
        daemon.freeze("worker")
        try:
            code, body = get(daemon, "/v1/scan?deadline=1s", good())
            holds(f"a problem, not a verdict: {code} {body[:200]}", code in (400, 503, 504))
        finally:
            for pid in daemon.pids("worker"):
                os.kill(pid, signal.SIGCONT)
        until("judged again", lambda: get(daemon, "/v1/scan", good())[0] == 200)


@row("a history that cannot be written holds up no mail, and is told")
def _(d):
    with web_daemon() as daemon:
        shutil.rmtree(os.path.join(daemon.dir, "state", "history"))
        for i in range(20):
            with mta(daemon) as m:
                expect("mail", m.deliver(good(f"n{i}")).word, "c")


@row("a reload amid a request of HTTP: the old generation ends it")
def _(d):
    import socket
    with web_daemon() as daemon:
        raw = good()
        s = socket.create_connection(("127.0.0.1", daemon.port), timeout=60)
        s.sendall(f"POST /v1/scan?ip=192.0.2.8 HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n"
                  f"Authorization: Bearer {TOKEN}\r\nContent-Type: message/rfc822\r\n"
                  f"Content-Length: {len(raw)}\r\n\r\n".encode() + raw[:20])
        with mta(daemon) as m:
            daemon.reload()
            daemon.wait_for("daemon.ready", where=lambda e: "generation 2" in e["text"])
            expect("an MTA of the old one", m.deliver(good("old")).word, "c")
            s.sendall(raw[20:])
            holds("the answer", s.recv(64).startswith(b"HTTP/1.1 200"))
        s.close()
        daemon.wait_for("process.ended", where=lambda e: e["role"] == "front"
                        and e["generation"] == 1 and e["how"] == "exit code 0")
        expect("the new one", get(daemon, "/v1/scan?ip=192.0.2.8", good())[0], 200)


@row("a history that cannot be opened ends nothing: mail goes on, and all say it is down")
def _(d):
    daemon = web_daemon()
    folder = os.path.join(daemon.dir, "state", "history")
    os.makedirs(folder)
    with open(os.path.join(folder, "history.db"), "wb") as f:
        f.write(b"no data base " * 1000)
    with daemon:
        holds("told", "history.db" in daemon.wait_for("history.failed")["text"])
        with mta(daemon) as m:
            expect("mail", m.deliver(good()).word, "c")
        status = state_of(daemon)
        expect("state", (status["state"], status["history"]["state"]), ("degraded", "down"))
        holds("why", "history.db" in status["history"]["error"])
        holds("a problem", any("history.db" in p for p in status["problems"]))


# ---- later, and to the outside ----

@row("webhooks: a verdict is told, signed as Standard Webhooks says, again until it is taken")
def _(d):
    import base64
    import hashlib
    import hmac
    from http.server import BaseHTTPRequestHandler, HTTPServer
    secret, got = b"s" * 24, []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((dict(self.headers), body))
            self.send_response(500 if len(got) == 1 else 204)
            self.end_headers()

        def log_message(self, *ignored):
            pass
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    daemon = Serve(PROGRAM, MILTER + f"""webhooks:
  - name: chat
    url: http://127.0.0.1:{server.server_port}/hook
    secret: {{env: HOOK_SECRET}}
    events: [mail.verdict, daemon.state]
    allow_private: true
""", env={"HOOK_SECRET": "whsec_" + base64.b64encode(secret).decode()})
    with daemon:
        with mta(daemon, ip="203.0.113.9") as m:
            m.deliver(good())
        until("told twice", lambda: len(got) >= 2)
        daemon.reload()
        new = daemon.wait_for("process.ready", where=lambda e: e["text"].startswith(
            "clerk 0 of generation 2"))
        old = daemon.wait_for("process.ended", where=lambda e: e["role"] == "clerk")
        holds("one clerk at a time", daemon.events.index(old) < daemon.events.index(new))
        until("told, and what was not taken again",
              lambda: sum(b"mail.verdict" in b for _, b in got) >= 1
              and sum(b'"running"' in b for _, b in got) >= 1
              and [b for _, b in got].count(got[0][1]) >= 2)
    server.shutdown()
    verdicts = [g for g in got if b"mail.verdict" in g[1]]
    headers, body = verdicts[-1]
    headers = {k.lower(): v for k, v in headers.items()}
    holds("the same event again", [b for _, b in got].count(got[0][1]) == 2)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    holds("the signature", wanted in headers["webhook-signature"].split())
    event = json.loads(body)
    expect("type and action", (event["type"], event["data"]["done"]), ("mail.verdict", "reject"))


@row("monitor: a scheduled suite runs, its change is kept, told by event and shown")
def _(d):
    daemon = web_daemon(WEB + """monitor:
  suites: [flow.yaml]
""")
    with open(os.path.join(daemon.dir, "flow.yaml"), "w", encoding="utf-8") as f:
        f.write("""mailproof: 1
name: watch
schedule: {every: 1s}
tests:
  - name: forged is refused
    scan: {file: forged.eml, ip: 203.0.113.9, mail-from: a@good.example, zone-file: zone}
    expect: {action: reject}
""")
    with open(os.path.join(daemon.dir, "forged.eml"), "wb") as f:
        f.write(good())
    with daemon:
        daemon.wait_for("monitor.ran")
        until("kept", lambda: any(suite["last_run"] for suite in json.loads(
            get(daemon, "/v1/monitor")[1])["suites"]))
        until("kept", lambda: any(s["last_run"] for s in
                                  json.loads(get(daemon, "/v1/monitor")[1])["suites"]))
        until("its schedule", lambda: json.loads(get(daemon, "/v1/monitor")[1])["suites"][0]["schedule"])
        suite = json.loads(get(daemon, "/v1/monitor")[1])["suites"][0]
        expect("name and schedule", (suite["name"], suite["schedule"]), ("watch", "1s"))
        until("counted", lambda: not re.search(
            rb'mailproof_monitor_runs_total{result="passed"} 0\n', get(daemon, "/metrics")[1]))
        with open(os.path.join(daemon.dir, "forged.eml"), "wb") as f:
            f.write(good().replace(b"good.example", b"soft.example"))
        until("the change is counted", lambda:
              b'mailproof_monitor_changes_total{result="failed"} 1\n' in get(daemon, "/metrics")[1])
        with open(os.path.join(daemon.dir, "flow.yaml"), "w", encoding="utf-8") as f:
            f.write("nonsense: 1\n")
        until("a run that breaks is kept, too", lambda: b'"(run)"' in get(
            daemon, "/v1/monitor/watch")[1])
        daemon.kill("clerk")
        event = daemon.wait_for("monitor.left_out")
        holds("a suite with a mistake does not end the clerk: " + event["text"],
              "flow.yaml" in event["text"])
        daemon.wait_for("process.ready", count=2, where=lambda e: e["text"].startswith("clerk 0"))


# ---- other configurations ----

@row("outbound: a client that logged in has its mail signed by the signer, and nobody else")
def _(d):
    daemon = Serve(PROGRAM, "")
    key(daemon.dir)
    daemon.write(MILTER + """signing:
  keys: {main: key.pem}
  domains:
    good.example: {keys: [{selector: s1, key: main}]}
""")
    with daemon:
        with mta(daemon, ip="203.0.113.9") as m:
            v = m.deliver(good(), auth_authen="ann", auth_type="PLAIN")
            expect("the word", v.word, "c")
            holds("signed: " + repr(v.inserted), len(v.header("DKIM-Signature")) == 1
                  and "d=good.example" in v.header("DKIM-Signature")[0])
            expect("no results of ours", v.header("Authentication-Results"), [])
            v = m.deliver(good().replace(b"good.example", b"other.example"), auth_authen="ann")
            expect("another domain is not signed", v.header("DKIM-Signature"), [])
        with mta(daemon, ip="192.0.2.8") as m:
            expect("a stranger", m.deliver(good()).header("DKIM-Signature"), [])
        daemon.kill("signer")
        with mta(daemon, ip="127.0.0.1") as m:
            v = m.deliver(good())
            holds("signed again, or put off", v.word == "t" or v.word == "y" and v.text[0] == "4"
                  or v.header("DKIM-Signature"))


@row("a store of reports that is damaged ends nothing, and is told")
def _(d):
    daemon = Serve(PROGRAM, MILTER + "reports: {}\n")
    os.makedirs(os.path.join(daemon.dir, "state", "reports"), mode=0o700)
    with open(os.path.join(daemon.dir, "state", "reports", "feedback.db"), "wb") as f:
        f.write(b"no database" * 1000)
    with daemon:
        for process in ("front", "clerk"):
            daemon.wait_for("reports.failed", where=lambda e, p=process: e["process"] == p)
        with mta(daemon) as m:
            expect("mail", m.deliver(good()).word, "c")
        expect("ended", [e for e in daemon.events if e.get("event") == "process.ended"], [])


@row("seal: judged mail gets the next ARC set, which another instance of us believes")
def _(d):
    daemon = Serve(PROGRAM, "")
    pem = key(daemon.dir)
    public = subprocess.run(["openssl", "pkey", "-in", pem, "-pubout", "-outform", "DER"],
                            check=True, capture_output=True).stdout
    import base64
    daemon.write(MILTER.replace("mode: inbound", "mode: inbound, seal: true") + """signing:
  keys: {main: key.pem}
  seal: {domain: relay.example, keys: [{selector: arc, key: main}]}
""")
    with daemon:
        with mta(daemon) as m:
            v = m.deliver(good())
            expect("the set", [len(v.header(n)) for n in (
                "ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results")], [1, 1, 1])
            holds("its results", "dmarc=pass" in v.header("ARC-Authentication-Results")[0])
    fields = "".join(f"{n}:{value}\r\n" for n, value in v.inserted if n.startswith("ARC-"))
    sealed = fields.replace("\r\n", "\n").replace("\n", "\r\n").encode() + good()
    text = base64.b64encode(public).decode()
    parts = " ".join(f'"{text[i:i + 200]}"' for i in range(0, len(text), 200))
    with tempfile.TemporaryDirectory() as folder:
        zone = os.path.join(folder, "arc.zone")
        with open(zone, "w", encoding="ascii") as f:
            f.write(f'arc._domainkey.relay.example. TXT "v=DKIM1; k=rsa; p=" {parts}\n')
        run = subprocess.run([PROGRAM, "scan", "--only", "auth", "--format", "json", "--zone", zone,
                              "-"], input=sealed, capture_output=True)
    arc = json.loads(run.stdout)["authentication"]["arc"]
    expect("the chain", (arc["result"], arc["sealers"]), ("pass", ["relay.example"]))


@row("monitor: what would be refused passes untouched, and is told")
def _(d):
    with Serve(PROGRAM, MILTER.replace("inbound", "monitor")) as daemon:
        with mta(daemon, ip="203.0.113.9") as m:
            v = m.deliver(FORGED + good())
            expect("the word", v.word, "c")
            expect("edits", (v.inserted, v.removed, v.replaced, v.quarantined), ([], [], [], None))
        event = daemon.wait_for("mail.verdict")
        expect("told", event["finding"], "auth.dmarc.fail")


@row("a message above the limit gets what the operator wants, and never silently")
def _(d):
    for wanted, word in (("tempfail", "y"), ("reject", "y"), ("accept", "c")):
        section = MILTER.replace("mode: inbound", f"mode: inbound, max_message: 100k, oversize: {wanted}")
        with Serve(PROGRAM, section) as daemon, mta(daemon) as m:
            v = m.deliver(good() + b"x" * 200000)
            expect(wanted, v.word, word)
            event = daemon.wait_for("mail.verdict")
            expect("told", (event["done"], "error" in event), (wanted, True))


@row("early refusal: at RCPT, when SPF and the policy leave no doubt")
def _(d):
    section = MILTER.replace("mode: inbound", "mode: inbound, early_reject: true")
    daemon = Serve(PROGRAM, section + "policy: policy.yaml\n")
    with open(os.path.join(daemon.dir, "policy.yaml"), "w", encoding="utf-8") as f:
        f.write("rules:\n  - {finding: auth.spf.fail, action: reject}\n")
    with daemon:
        with mta(daemon, ip="203.0.113.9") as m:
            m.mail("a@good.example")
            reply, text = m.rcpt("b@example.org")
            expect("the reply", reply, b"y")
            holds("its code: " + repr(text), text.startswith(b"550 5.7.23"))
        with mta(daemon) as m:
            m.mail("a@good.example")
            expect("who may", m.rcpt("b@example.org")[0], b"c")


@row("a deadline of ours becomes a tempfail, or passes where that is wanted, and is told")
def _(d):
    for wanted, words in (("tempfail", "y"), ("accept", "c")):
        section = MILTER.replace("mode: inbound", f"mode: inbound, on_failure: {wanted}")
        with Serve(PROGRAM, section, head="deadline: 1s\n") as daemon:
            daemon.freeze("worker")
            with mta(daemon) as m:
                v = m.deliver(good())
                expect(wanted, v.word, words)
            event = daemon.wait_for("mail.verdict")
            holds("why is told", event["error"] != "")
            for pid in daemon.pids("worker"):
                os.kill(pid, signal.SIGCONT)


@row("systemd is told: ready, reloading, stopping")
def _(d):
    import socket
    with Serve(PROGRAM, MILTER) as daemon:
        daemon.stop()
        path = os.path.join(daemon.dir, "notify")
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.settimeout(60)
        s.bind(path)
        daemon.env = {"NOTIFY_SOCKET": path}
        daemon.events.clear()
        daemon.start()
        holds("ready", b"READY=1" in s.recv(4096))
        daemon.process.send_signal(signal.SIGHUP)
        holds("reloading", b"RELOADING=1" in s.recv(4096))
        daemon.stop()
        said = b""
        while b"STOPPING=1" not in said:
            said += s.recv(4096)


@row("--check-config: mistakes have their place, and nothing is started")
def _(d):
    daemon = Serve(PROGRAM, MILTER)
    run = subprocess.run([PROGRAM, "serve", "--check-config", "-c", daemon.config],
                         capture_output=True, text=True)
    expect("good", (run.returncode, "no mistakes" in run.stdout), (0, True))
    daemon.write(MILTER.replace("mode: inbound", "mode: inbond"))
    run = subprocess.run([PROGRAM, "serve", "--check-config", "-c", daemon.config],
                         capture_output=True, text=True)
    expect("code", run.returncode, 2)
    holds("place and suggestion: " + run.stderr, ":8:" in run.stderr and "inbound" in run.stderr
          or "did you mean 'inbound'" in run.stderr)
    daemon.clean()


@row("--check-config: what is no mistake but not as it looks is warned of")
def _(d):
    daemon = Serve(PROGRAM, "")
    key(daemon.dir)
    soon = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 5 * 86400))
    late = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 50 * 86400))
    daemon.write(MILTER + f"""signing:
  keys: {{main: key.pem}}
  domains:
    good.example: {{keys: [{{selector: s1, key: main, until: {soon}}}]}}
    fine.example: {{keys: [{{selector: s1, key: main, until: {late}}}]}}
    past.example: {{keys: [{{selector: s1, key: main, until: 2020-01-01}}]}}
monitor: {{suites: [flow.yaml]}}
""")
    with open(os.path.join(daemon.dir, "flow.yaml"), "w", encoding="utf-8") as f:
        f.write("""mailproof: 1
schedule: {every: 1h}
report: {webhook: {url: "https://hooks.example/x", secret: "${env:HOOK_SECRET}"}}
tests:
  - name: one
    scan: {file: one.eml}
    expect: {action: accept}
""")
    with open(os.path.join(daemon.dir, "one.eml"), "wb") as f:
        f.write(good())
    run = subprocess.run([PROGRAM, "serve", "--check-config", "-c", daemon.config],
                         capture_output=True, text=True)
    expect("code: " + run.stderr, run.returncode, 0)
    for text in ("good.example has no key that signs in 4 days", "flow.yaml: its own webhook",
                 "past.example has no key that signs now"):
        holds(text + ": " + run.stderr, text in run.stderr)
    holds("and nothing else", "fine.example" not in run.stderr)
    daemon.clean()


@row("a role is nobody's command")
def _(d):
    run = subprocess.run([PROGRAM, "serve-role", "worker"], capture_output=True, text=True)
    expect("code", run.returncode, 2)


def main():
    daemon = Serve(PROGRAM, MILTER).start()
    try:
        code = run_rows(daemon)
    finally:
        daemon.stop()
        daemon.clean()
    return code


sys.exit(main())
