#!/usr/bin/env python3
"""`mailproof sink` as a command: sink_command_test.py MAILPROOF   (TAP)

`-- COMMAND` has the server for as long as it runs, and its exit code is ours; what the wait file
tells; starts that are refused; HTTPS; and our own probe finds nothing to smuggle through.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import sink_kit
from sink_kit import PATIENCE_S, Talk

HERE = os.path.dirname(os.path.abspath(__file__))
FREE = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--no-dns"]
ALL = [*FREE, "--lmtp", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0"]
NAMES = ["MAILPROOF_SINK_SMTP", "MAILPROOF_SINK_SMTPS", "MAILPROOF_SINK_LMTP", "MAILPROOF_SINK_HTTP",
         "MAILPROOF_SINK_CA"]
# What a user's tests do: send, ask the API, look at what they were told; says it as JSON.
CHILD = """
import json, os, smtplib, ssl, sys, urllib.request
told = {k: v for k, v in os.environ.items() if k.startswith("MAILPROOF_SINK_")}
host, port = told["MAILPROOF_SINK_SMTP"].rsplit(":", 1)
with smtplib.SMTP(host, int(port), timeout=60) as s:
    s.starttls(context=ssl._create_unverified_context(cafile=told["MAILPROOF_SINK_CA"]))
    s.sendmail("a@b.test", ["c@d.test"], b"Subject: of a child\\r\\n\\r\\n")
with urllib.request.urlopen(told["MAILPROOF_SINK_HTTP"] + "/v1/messages") as answer:
    listed = json.load(answer)["messages"]
print(json.dumps({"told": told, "subjects": [m["subject"] for m in listed], "own": os.environ["OWN"],
                  "args": sys.argv[1:], "stdin": sys.stdin.read()}))
sys.exit(7)
"""
SIGNALLED = """
import os, signal, sys
def end(number, frame):
    print("child has signal", number, flush=True)
    sys.exit(3)
if sys.argv[1] == "obey":
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
else:
    signal.signal(signal.SIGTERM, lambda number, frame: print("child goes on", flush=True))
print("child runs", flush=True)
while True:
    signal.pause()
"""


class World:
    def __init__(self, program, rows, folder):
        self.program, self.rows, self.folder = program, rows, folder

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "w", encoding="utf-8") as f:
                f.write(content)
        return path

    def run(self, *words, given="", **env):
        return subprocess.run([self.program, "sink", *words], capture_output=True, text=True,
                              input=given, timeout=PATIENCE_S, check=False, env={**os.environ, **env})


def closed(where):
    """Does nobody listen there?"""
    try:
        socket.create_connection(sink_kit.address(where), timeout=PATIENCE_S).close()
        return False
    except ConnectionRefusedError:
        return True


# ---- sink ... -- COMMAND ----

def with_command(w):
    rows = w.rows
    done = w.run(*ALL, "--format", "none", "--", sys.executable, w.path("child.py", CHILD), "--x", "a b", "",
                 given="input", OWN="kept", MAILPROOF_SINK_SMTP="older:1", MAILPROOF_SINK_OLD="x")
    if not rows.equal("its exit code is the command's", done.returncode, 7):
        print("# " + done.stderr.replace("\n", "\n# "))
        return
    told = json.loads(done.stdout)
    rows.equal("the variables are all there, older ones gone", sorted(told["told"]), sorted(NAMES))
    rows.equal("mail was sent and is listed", told["subjects"], ["of a child"])
    rows.equal("environment, arguments and standard input reach it",
               (told["own"], told["args"], told["stdin"]), ("kept", ["--x", "a b", ""], "input"))
    rows.check("the server is gone with it", all(closed(told["told"][n]) for n in NAMES[:3]))
    rows.check("and the certificate", not os.path.exists(told["told"]["MAILPROOF_SINK_CA"]))
    for label, words, wanted in (("true", ["true"], 0), ("false", ["false"], 1),
                                 ("killed", ["sh", "-c", "kill -9 $$"], 128 + 9),
                                 ("terminated", ["sh", "-c", "kill -TERM $$"], 128 + 15),
                                 ("not there", ["/nonexistent/command"], 2),
                                 ("a folder", [w.folder], 2)):
        done = w.run(*FREE, "--quiet", "--", *words)
        rows.equal(f"a command that is {label}: {wanted}", done.returncode, wanted)
        rows.check(f"a command that is {label}: said where wrong", (words[0] in done.stderr) == (
            wanted == 2), done.stderr)
    for label, words in (("without --", ["true"]), ("behind an option", ["--quiet", "true"]),
                         ("missing behind --", ["--quiet", "--"])):
        done = w.run(*FREE, *words)
        rows.equal(f"a command {label}", done.returncode, 2)
        rows.check(f"a command {label}: told", "--" in done.stderr, done.stderr)
    done = w.run(*FREE, "--quiet", "--format", "jsonl", "--store", w.path("kept"), "--", sys.executable,
                 w.path("child.py"), OWN="")
    lines = [line for line in done.stdout.splitlines() if '"of a child"' in line and '"told"' not in line]
    rows.equal("a message that came is said on standard output", len(lines), 1)
    rows.equal("it is kept behind the command's end", json.loads(w.run(
        *FREE, "--quiet", "--format", "none", "--store", w.path("kept"), "--", "sh", "-c",
        "curl -fsS $MAILPROOF_SINK_HTTP/v1/messages" if shutil.which("curl") else
        f"exec {sys.executable} -c 'import os, urllib.request as u; print(u.urlopen("
        "os.environ[\"MAILPROOF_SINK_HTTP\"] + \"/v1/messages\").read().decode())'").stdout)["total"], 1)


def signals(w):
    """The command hears of a signal and decides; a second one does not wait for it."""
    script = w.path("signalled.py", SIGNALLED)
    for way, signal_, first, code in (("obey", signal.SIGTERM, "child has signal 15", 3),
                                      ("obey", signal.SIGHUP, "child has signal 1", 3),
                                      ("ignore", signal.SIGTERM, "child goes on", 128 + 9)):
        p = subprocess.Popen([w.program, "sink", *FREE, "--quiet", "--format", "none", "--",
                              sys.executable, script, way], stdout=subprocess.PIPE, text=True)
        w.rows.equal(f"{way}: the command runs", p.stdout.readline(), "child runs\n")
        p.send_signal(signal_)
        w.rows.equal(f"{way}: it hears the signal", p.stdout.readline(), first + "\n")
        if way == "ignore":
            p.send_signal(signal_)
        w.rows.equal(f"{way}: exit code", p.wait(PATIENCE_S), code)
        p.stdout.close()
    for signal_ in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        sink = sink_kit.Sink(w.program, "--no-dns")
        sink.process.send_signal(signal_)
        w.rows.equal(f"without a command, signal {int(signal_)} ends it in order",
                     sink.process.wait(PATIENCE_S), 0)
        sink.folder.cleanup()


# ---- the wait file ----

def wait_file(w):
    rows = w.rows
    sink = sink_kit.Sink(w.program, "--no-dns", "--lmtp", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0")
    rows.equal("the wait file names all", sorted(sink.told), sorted(NAMES))
    with Talk(sink.smtp) as t:
        rows.starts("SMTP is there once it is", t.reply(), "220")
    with Talk(sink.told["MAILPROOF_SINK_LMTP"]) as t:
        rows.starts("LMTP too", t.reply(), "220")
    with Talk(sink.told["MAILPROOF_SINK_SMTPS"], tls=sink.trust()) as t:
        rows.starts("and SMTP in TLS, with the certificate that it names", t.reply(), "220")
    rows.equal("and the API", sink.ask("GET", "/v1/ready")[0], 200)
    rows.equal("it ends in order", sink.stop(), 0)
    path = w.path("there.env", "old\n")
    done = w.run(*FREE, "--quiet", "--wait-file", path, "--", "cat", path)
    rows.check("one that is there is replaced, and the command has it", done.stdout.startswith(
        "MAILPROOF_SINK_SMTP=127.0.0.1:") and "old" not in done.stdout, done.stdout)
    left = set(os.listdir(w.folder))
    done = w.run(*FREE, "--wait-file", "/nonexistent/x.env", "--", "true")
    rows.equal("one that cannot be written is a failure", done.returncode, 2)
    rows.check("which is told", "/nonexistent/x.env" in done.stderr, done.stderr)
    rows.equal("and leaves nothing behind", set(os.listdir(w.folder)), left)


# ---- starts that are refused ----

def refused(w):
    users = w.path("users", "alice:secret\n")
    bad_users = w.path("bad-users", "alice\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = f"127.0.0.1:{taken.getsockname()[1]}"
        for label, words, said in (
                ("SMTP on all addresses, no login", ["--listen", "0.0.0.0:0"], "--auth-required"),
                ("IPv6 too", ["--listen", "[::]:0"], "--auth-required"),
                ("LMTP too", ["--lmtp", "0.0.0.0:0"], "--auth-required"),
                ("TLS too", ["--tls-listen", "0.0.0.0:0"], "--auth-required"),
                ("a name for it too", ["--listen", "*:0"], "--auth-required"),
                ("an address that is one of ours in IPv6 clothes", ["--listen", "[::ffff:0.0.0.0]:0"],
                 "--auth-required"),
                ("a login that need not be", ["--listen", "0.0.0.0:0", "--auth", users], "--auth-required"),
                ("any login", ["--listen", "0.0.0.0:0", "--auth-required"], "--auth FILE"),
                ("an API on all addresses, no token", ["--listen", "127.0.0.1:0", "--http", "0.0.0.0:0"],
                 "token"),
                ("a port that is taken", ["--listen", busy], busy),
                ("the API's", ["--listen", "127.0.0.1:0", "--http", busy], busy.split(":")[1]),
                ("passwords that cannot be read", ["--auth", bad_users], "bad-users"),
                ("no such passwords", ["--auth", "/nonexistent/users"], "/nonexistent/users"),
                ("a script that is none", ["--script", w.path("s", '[{"rcpt": 451}]')], "rule 1"),
                ("a certificate that is none", ["--cert", users], "users"),
                ("a store below a file", ["--store", users + "/x"], "users/x"),
                ("a port that is none", ["--listen", "127.0.0.1:99999"], "127.0.0.1:99999"),
                ("--memory and --store", ["--memory", "--store", w.path("both")], "--memory")):
            done = w.run(*([] if "--listen" in words else ["--listen", "127.0.0.1:0"]), *words, "--", "true")
            w.rows.equal(f"{label}: refused", done.returncode, 2)
            w.rows.check(f"{label}: and said", said in done.stderr, done.stderr)
    done = w.run("--listen", "0.0.0.0:0", "--auth", users, "--auth-required", "--", "true")
    w.rows.equal("all addresses with a login that must be", done.returncode, 0)
    sink = sink_kit.Sink(w.program, "--no-dns", store=w.path("one"))
    done = w.run(*FREE, "--store", w.path("one"), "--", "true")
    w.rows.equal("a store that another has: refused", done.returncode, 2)
    w.rows.check("and who has it", str(sink.process.pid) in done.stderr, done.stderr)
    sink.stop()


# ---- HTTPS ----

def https(w):
    if shutil.which("openssl") is None:
        w.rows.skip("HTTPS", "openssl is not installed")
        return
    cert, key = w.path("cert.pem"), w.path("key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)
    sink = sink_kit.Sink(w.program, "--no-dns", "--http-cert", cert, "--http-key", key,
                         token="an-admin-token-of-tests")
    w.rows.check("the address says https", sink.url.startswith("https://127.0.0.1:"), sink.url)
    sink.context = sink_kit.ssl.create_default_context(cafile=cert)
    sink.send(b"Subject: by https\r\n\r\n", ["a@sink.test"])
    w.rows.equal("the API in TLS, certificate verified", [m["subject"] for m in sink.messages()],
                 ["by https"])
    w.rows.equal("the token is asked for there too", sink.ask("GET", "/v1/messages", token="x" * 20)[0], 401)
    with Talk(sink.url.removeprefix("https://")) as t:
        t.send(b"GET /v1/info HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            got = b"".join(iter(lambda: t.socket.recv(4096), b""))
        except ConnectionError:
            got = b""
        w.rows.check("without TLS nothing is told", b"mailproof" not in got and b"200" not in got, got)
    w.rows.equal("it ends in order", sink.stop(), 0)
    for label, words, said in (("a key without its certificate", ["--http-key", key], "--http-cert"),
                               ("a key that is none", ["--http-cert", cert, "--http-key", cert], "key"),
                               ("a key of another", ["--http-cert", cert, "--http-key",
                                                     other_key(w)], "key")):
        done = w.run(*FREE, *words, "--", "true")
        w.rows.equal(f"{label}: refused", done.returncode, 2)
        w.rows.check(f"{label}: and said", said in done.stderr, done.stderr)


def other_key(w):
    path = w.path("other.pem")
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-out", path], check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return path


# ---- our own probe ----

class Smuggling:
    """Takes a while, so it is begun first and judged last."""

    def __init__(self, w):
        zone = w.path("zone", '$ORIGIN test.\ngood TXT "v=spf1 -all"\n')
        self.sinks = {"strict": sink_kit.Sink(w.program, "--no-dns"),
                      "lenient": sink_kit.Sink(w.program, "--no-dns", "--lenient")}
        self.probes = {name: subprocess.Popen(
            [w.program, "probe", "--smuggle", "--allow-private", "--zone", zone, "--format", "json",
             "--timeout", "5m", "--from", "bob@good.test", "-t", "x@sink.test", sink.smtp],
            stdout=subprocess.PIPE, text=True) for name, sink in self.sinks.items()}

    def rows(self, rows):
        for name, probe in self.probes.items():
            report = json.loads(probe.communicate(timeout=2 * PATIENCE_S)[0])
            tried = [c for c in report["checks"] if c["group"].endswith(" smuggling")]
            rows.check(f"{name}: the probe tried what there is", len(tried) >= 12, tried)
            rows.equal(f"{name}: every way is closed", [c for c in tried if c["status"] != "pass"], [])
            rows.equal(f"{name}: no finding of smuggling", [
                f["id"] for f in report["findings"] if "smuggl" in f["id"]], [])
            rows.equal(f"{name}: the probe's verdict", (report["result"], probe.returncode), ("passed", 0))
            stored = [self.sinks[name].raw(m["id"]) for m in self.sinks[name].messages()]
            rows.check(f"{name}: strict took none of the odd ones, lenient took each as one message",
                       len(stored) < len(tried) if name == "strict" else len(stored) >= len(tried))
            self.sinks[name].stop()


def main(program):
    program, rows = os.path.abspath(program), sink_kit.Rows()
    with tempfile.TemporaryDirectory(prefix="mailproof-command-") as folder:
        w = World(program, rows, folder)
        smuggling = Smuggling(w)
        for part in (with_command, signals, wait_file, refused, https):
            part(w)
        smuggling.rows(rows)
    return rows.done()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
