#!/usr/bin/env python3
"""Threat intelligence as a user meets it: feeds of a server and of files into a store, messages and
values looked up, services that are asked, what is missing; TAP. Nothing leaves this machine.

Usage: intel_test.py PATH-OF-MAILPROOF SOURCE-ROOT
"""
import glob
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

from rows import expect, holds, row, run_rows

MAILPROOF, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
DEMO = os.path.join(ROOT, "examples/demo")
LISTED = os.path.join(DEMO, "9-listed.eml")
STATE = tempfile.mkdtemp(prefix="intel-")
LIMIT_S = 120
SECRET = "k3y-that-nobody-may-see"


def run(*args, data=b"", **env):
    done = subprocess.run([MAILPROOF, *args], input=data, capture_output=True, timeout=LIMIT_S,
                          env={**os.environ, "TERM": "dumb", **env})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def document(*args, data=b"", **env):
    code, out, err = run(*args, "--format", "json", data=data, **env)
    return code, json.loads(out) if out else None, err


def ids(doc):
    return {f["id"] for f in doc["findings"]}


def config(name, text):
    path = os.path.join(STATE, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def store(name):
    return os.path.join(STATE, name)


# ---- a server that feeds and services are asked of ----

class Server(http.server.BaseHTTPRequestHandler):
    feeds = {}      # path: (status, body, etag)
    answers = {}    # path: (status, document)
    asked = []

    def do_GET(self):
        Server.asked.append((self.path, dict(self.headers)))
        if self.path in Server.answers:
            status, body = Server.answers[self.path]
            return self.reply(status, json.dumps(body).encode(), None)
        status, body, etag = Server.feeds.get(self.path, (404, b"no", None))
        if etag is not None and self.headers.get("If-None-Match") == etag:
            return self.reply(304, b"", etag)
        return self.reply(status, body, etag)

    def reply(self, status, body, etag):
        self.send_response(status)
        if etag is not None:
            self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_address[1]}"


# ---- files as feeds, a message explained ----

DEMO_ARGS = ("--intel-store", store("demo"), "--intel-config", os.path.join(DEMO, "intel/intel.yaml"))


@row("three feeds in files become a store")
def _():
    code, doc, err = document("intel", "update", *DEMO_ARGS)
    expect("exit", (code, err), (0, ""))
    expect("outcomes", sorted((f["name"], f["outcome"], f["entries"]) for f in doc["feeds"]),
           [("demo-files", "changed", 1), ("demo-links", "changed", 2), ("demo-networks", "changed", 1)])
    expect("built", (doc["built"], doc["entries"]), (True, 4))


@row("a message with a listed link, file and client is told by all three, with the feed's words")
def _():
    code, doc, _ = document("scan", "--only", "intel", *DEMO_ARGS[:2], "--ip", "198.51.100.66", LISTED)
    expect("exit", code, 1)
    expect("findings", ids(doc), {"intel.url", "intel.ip", "intel.hash"})
    hits = {h["kind"]: h for h in doc["indicators"]}
    expect("kinds", set(hits), {"url", "ip", "sha256"})
    expect("label", hits["sha256"]["label"], "Demo.Stealer")
    expect("first seen", hits["sha256"]["first_seen"][:10], "2026-11-20")
    expect("licence", hits["url"]["licence"], "CC0-1.0")
    expect("severity", {f["id"]: f["severity"] for f in doc["findings"]},
           {"intel.url": "high", "intel.ip": "medium", "intel.hash": "critical"})
    holds("the evidence names the feed", any("demo-links" in f["evidence"] for f in doc["findings"]))


@row("a world that was recorded with intelligence is replayed without it")
def _():
    world = os.path.join(STATE, "recorded.world")
    code, _, _ = run("scan", *DEMO_ARGS[:2], "--zone", config("none.zone", "; empty\n"), "--ip", "198.51.100.66",
                     "--record", world, LISTED)
    expect("recorded", code, 1)
    code, doc, err = document("scan", world)
    expect("replayed", (code, err), (0, ""))
    with open(world, encoding="utf-8") as f:
        holds("nothing of intelligence is expected", "intel." not in f.read())


@row("the same message from elsewhere, without the link and with another file, is clean")
def _():
    with open(LISTED, "rb") as f:
        other = f.read().replace(b"load.example", b"fine.example").replace(b"VGhpcy", b"VGhhdC")
    code, doc, _ = document("scan", "--only", "intel", *DEMO_ARGS[:2], "--ip", "198.51.100.97", "-",
                            data=other)
    expect("result", (code, ids(doc), doc["indicators"]), (0, set(), []))


@row("for people: what is known stands in the text, and in more detail with --verbose")
def _():
    code, out, _ = run("scan", "--only", "intel", "--verbose", *DEMO_ARGS[:2], "--ip", "198.51.100.66", LISTED)
    expect("exit", code, 1)
    for words in ("intel.hash", "Demo.Stealer", "What others know", "TLP green"):
        holds(words, words in out)


# ---- looking up ----

@row("lookup: listed is 1, not listed 0, nonsense 2; also defanged")
def _():
    for value, want in (("hxxp://load[.]example/orders/4471/view", 1), ("198.51.100.70", 1),
                        ("https://files.example/stolen/x/y.html", 1), ("fine.example", 0),
                        ("198.51.100.97", 0), ("no such thing", 2)):
        code, _, _ = run("intel", "lookup", *DEMO_ARGS, value)
        expect(value, code, want)


@row("lookup: several values, each a document with its entries")
def _():
    code, out, _ = run("intel", "lookup", *DEMO_ARGS, "--format", "jsonl", "198.51.100.70", "fine.example")
    docs = [json.loads(line) for line in out.splitlines()]
    expect("exit", code, 1)
    expect("values", [d["subject"] for d in docs], ["198.51.100.70", "fine.example"])
    expect("feeds", [[i["feed"] for i in d["indicators"]] for d in docs], [["demo-networks"], []])


@row("lookup without a store and without anybody to ask is an error that says what to do")
def _():
    code, _, err = run("intel", "lookup", "--intel-store", "none", "fine.example")
    expect("exit", code, 2)
    holds("the command", "mailproof intel update" in err)


@row("export: what may be passed on, as CSV, JSON lines and plain values")
def _():
    code, out, _ = run("intel", "export", *DEMO_ARGS)
    expect("csv", (code, len(out.splitlines())), (0, 5))
    code, out, _ = run("intel", "export", *DEMO_ARGS, "--format", "jsonl", "--kind", "sha256")
    expect("jsonl", [json.loads(line)["feed"] for line in out.splitlines()], ["demo-files"])
    code, out, _ = run("intel", "export", *DEMO_ARGS, "--format", "plain", "--tlp", "clear")
    holds("green stays", "3636e3" not in out and "198.51.100.64" in out)


HOSTILE = "evil\x1b[31m\r\n::error::x\n##vso[task.complete]\x00\u202e"


@row("export: what a feed says of an entry is no command to a terminal, a build log or a spreadsheet")
def _():
    feed = config("hostile.json", json.dumps([{"v": "a.example", "l": HOSTILE, "i": "=1+1", "t": "green"}]))
    path = config("hostile.yaml", "feeds:\n  hostile: {url: 'file:%s', format: json, "
                  "columns: {value: v, label: l, id: i, tlp: t}}\n" % feed)
    args = ("--intel-store", store("hostile"), "--intel-config", path)
    expect("update", run("intel", "update", *args)[0], 0)
    for form in ("csv", "jsonl", "plain"):
        _, out, _ = run("intel", "export", *args, "--format", form)
        holds(f"{form}: {out!r}", "a.example" in out and not any(c in out for c in "\x1b\x00\r"))
        holds(form + " lines", not any(line.startswith(("::", "##")) for line in out.splitlines()))
    holds("formula", '"\'=1+1"' in run("intel", "export", *args)[1])


@row("export: what has no TLP counts as amber, and what is left out is told")
def _():
    path = config("unmarked.yaml", "feeds:\n  plain: {url: 'file:%s'}\n" % config("plain.txt", "a.example\n"))
    args = ("--intel-store", store("unmarked"), "--intel-config", path)
    expect("update", run("intel", "update", *args)[0], 0)
    code, out, err = run("intel", "export", *args, "--format", "plain")
    expect("held", (code, out), (0, ""))
    holds(err, "left out: 1 " in err and "--tlp" in err)
    expect("amber", run("intel", "export", *args, "--format", "plain", "--tlp", "amber"), (0, "a.example\n", ""))


@row("options that a verb would pass over are errors, and so is a feed that does not exist")
def _():
    for args in (("stats", "--feed", "x"), ("stats", "--force"), ("stats", "--timeout", "1s"), ("lookup", "--dry-run", "a.example"),
                 ("lookup", "--tlp", "red", "a.example"), ("update", "--kind", "url"), ("update", "--zone", "x"),
                 ("export", "--allow-private"), ("export", "-v"), ("export", "--fail-on", "low"),
                 ("export", "--feed", "no-such")):
        code, out, err = run("intel", args[0], *DEMO_ARGS, *args[1:])
        expect(str(args), (code, out), (2, ""))
        holds(err, ("-" + args[1].strip("-")[0]) in err)
    expect("a feed", run("intel", "export", *DEMO_ARGS, "--feed", "demo-files", "--format", "plain")[0], 0)


@row("export: JSON lines are read as a feed again, and nothing is lost")
def _():
    rows_of = [{"v": "only.host.example", "k": "host"}, {"v": "all.example", "k": "domain"}, {"v": "+x@post.example"},
               {"v": "192.0.2.1 - 192.0.2.6"}, {"v": "2001:db8::/32"}, {"v": "https://b\u00fccher.example:8443/\u00e4?q=%2f#x"},
               {"v": "A" * 40}, {"v": "b" * 64, "l": HOSTILE, "c": 70, "f": "2026-01-02", "u": "2099-01-02"}]
    feed = config("first.json", json.dumps(rows_of))
    first = config("first.yaml", "feeds:\n  same: {url: 'file:%s', format: json, tlp: green, columns: {value: v, kind: k, "
                   "label: l, confidence: c, first_seen: f, valid_until: u}}\n" % feed)
    again = config("again.yaml", "feeds:\n  same:\n    url: file:export.jsonl\n    format: json\n    columns: {value: value, "
                   "kind: kind, id: id, label: label, first_seen: first_seen, last_seen: last_seen,\n"
                   "              valid_until: valid_until, confidence: confidence, tlp: tlp}\n")
    out = []
    for name, path in (("first", first), ("again", again)):
        expect(name, run("intel", "update", "--intel-store", store(name), "--intel-config", path)[0], 0)
        out.append(run("intel", "export", "--intel-store", store(name), "--format", "jsonl")[1])
        config("export.jsonl", out[-1])
    expect("entries", len(out[0].splitlines()), len(rows_of))
    expect("the same", sorted(out[0].splitlines()), sorted(out[1].splitlines()))


@row("export: what has expired since the store was built is left out")
def _():
    feed = config("until.csv", "value,until\na.example,2098-01-01\nb.example,2099-01-01\n")
    path = config("until.yaml", "feeds:\n  until: {url: 'file:%s', format: csv, tlp: clear, "
                  "columns: {value: value, valid_until: until}}\n" % feed)
    args = ("--intel-store", store("until"), "--intel-config", path)
    expect("update", run("intel", "update", *args)[0], 0)
    for when, want in (("2026-11-29", "a.example b.example"), ("2098-06-01", "b.example")):
        _, out, _ = run("intel", "export", *args, "--format", "plain", "--time", when + "T00:00:00Z")
        expect(when, " ".join(sorted(out.split())), want)


# ---- what is missing, and what is damaged ----

@row("a feed is enabled and no store was made yet: told, and never a pass when it is required")
def _():
    path = config("wanted.yaml", "feeds:\n  wanted: {url: 'file:wanted.txt'}\ndns_lists:\n  ours: {zone: bl.example, "
                  "asks: ip, codes: [{answer: 127.0.0.2, severity: high, means: listed}]}\n")
    expect("stats", run("intel", "stats", "--intel-config", path)[0], 3)
    zone = config("bl.zone", "2.0.0.127.bl.example. A 127.0.0.2\n")
    args = ("scan", "--only", "intel", "--intel-config", path, "--zone", zone)
    if not os.path.exists("/var/lib/mailproof/intel"):
        code, doc, _ = document(*args, LISTED)
        expect("open", (code, ids(doc)), (0, {"intel.unavailable"}))
    code, doc, _ = document(*args, "--require-intel", LISTED)
    expect("required", (code, doc["verdict"]["complete"]), (3, False))


@row("no store: told, and undecided when it is required")
def _():
    code, doc, _ = document("scan", "--only", "intel", "--intel-store", store("none-yet"), LISTED)
    expect("told", (code, ids(doc)), (0, {"intel.unavailable"}))
    code, doc, _ = document("scan", "--only", "intel", "--intel-store", store("none-yet"),
                            "--require-intel", LISTED)
    expect("required", (code, doc["verdict"]["complete"]), (3, False))
    code, out, err = run("scan", "--only", "content", "--require-intel", LISTED)
    expect("left out by --only", (code, out), (2, ""))
    holds(err, "--only" in err)


@row("a damaged store: the one before it is used, and it is told")
def _():
    shutil.copytree(store("demo"), store("damaged"))
    old = set(glob.glob(store("damaged") + "/*.mpi"))
    code, doc, _ = document("intel", "update", "--force", "--intel-store", store("damaged"),
                            *DEMO_ARGS[2:])
    expect("a second store", (code, doc["built"]), (0, True))
    new = sorted(set(glob.glob(store("damaged") + "/*.mpi")) - old)
    expect("one is new", len(new), 1)
    with open(new[0], "r+b") as f:
        f.truncate(os.path.getsize(new[0]) // 2)
    code, doc, _ = document("intel", "stats", "--intel-store", store("damaged"), *DEMO_ARGS[2:])
    holds("told", "intel.store-broken" in ids(doc))
    code, doc, _ = document("scan", "--only", "intel", "--intel-store", store("damaged"), LISTED)
    holds("still used", {"intel.url", "intel.hash", "intel.unavailable"} <= ids(doc))


@row("a store that others may write to is refused")
def _():
    shutil.copytree(store("demo"), store("open"))
    os.chmod(store("open"), 0o777)
    code, _, err = run("scan", "--only", "intel", "--intel-store", store("open"), LISTED)
    expect("exit", code, 2)
    holds("why", "open" in err)


# ---- a server ----

FEED = "feeds:\n  web:\n    url: %s/list.txt\n    kind: domain\n    refresh: 1s\n    stale: 1h\n" % URL
WEB = ("--intel-store", store("web"), "--allow-private")


def names(n, first=0):
    return "".join(f"host{i}.example\n" for i in range(first, first + n)).encode()


def update(*args, **env):
    code, doc, err = document("intel", "update", *WEB, "--intel-config", config("web.yaml", FEED), *args, **env)
    return code, doc["feeds"][0] if doc and "feeds" in doc else None, err


@row("a feed is fetched once, and then asked whether it has changed")
def _():
    Server.feeds["/list.txt"] = (200, names(100), '"one"')
    code, feed, _ = update()
    expect("first", (code, feed["outcome"], feed["entries"]), (0, "changed", 100))
    code, feed, _ = update("--time", "2100-01-01T00:00:00Z")
    expect("again", (code, feed["outcome"], feed["entries"]), (0, "not-modified", 100))
    expect("asked so", Server.asked[-1][1].get("If-None-Match"), '"one"')


@row("a dry run tells what would change, and changes nothing")
def _():
    Server.feeds["/list.txt"] = (200, names(110), '"two"')
    code, feed, _ = update("--dry-run", "--force")
    expect("told", (code, feed["outcome"], feed["added"]), (0, "changed", 10))
    code, _, _ = run("intel", "lookup", *WEB[:2], "host105.example")
    expect("not there", code, 0)


@row("a feed that shrinks to nearly nothing is refused, and its entries stay; --force takes it")
def _():
    Server.feeds["/list.txt"] = (200, names(3), '"three"')
    code, feed, _ = update("--time", "2100-01-01T01:00:00Z")
    expect("refused", (code, feed["outcome"], feed["entries"]), (1, "refused", 100))
    code, _, _ = run("intel", "lookup", *WEB[:2], "host50.example")
    expect("still listed", code, 1)
    code, feed, _ = update("--force")
    expect("forced", (code, feed["entries"]), (0, 3))


@row("a server that fails makes the run undecided, and what was there is kept")
def _():
    Server.feeds["/list.txt"] = (500, b"broken", None)
    code, feed, _ = update("--force")
    expect("failed", (code, feed["outcome"], feed["entries"]), (3, "failed", 3))
    holds("why", "500" in feed["reason"])
    code, feed, _ = update()
    expect("not asked again at once, and still no pass", (code, feed["outcome"]), (3, "not-due"))
    holds("still told", "500" in feed["reason"])
    _, doc, _ = document("intel", "stats", *WEB[:2], "--intel-config", config("web.yaml", FEED))
    holds("stats has it too", "intel.feed-failed" in ids(doc))


@row("no feed enabled is an error that says what to write")
def _():
    code, _, err = run("intel", "update", "--intel-store", store("empty"), "--intel-config",
                       config("empty.yaml", "feeds: {}\n"))
    expect("exit", code, 2)
    holds("what to do", "enabled: true" in err)


@row("a mistake in the configuration is told with its place and the nearest key")
def _():
    code, _, err = run("intel", "stats", "--intel-store", store("demo"), "--intel-config",
                       config("wrong.yaml", "feeds:\n  a:\n    url: file:x\n    knd: url\n"))
    expect("exit", code, 2)
    holds(err, "wrong.yaml:4:5" in err and "kind" in err)


@row("a key that is missing is told, and never a request without it")
def _():
    text = FEED.replace("kind: domain", "kind: domain\n    key: {env: NO_SUCH_KEY}\n    key_header: Auth-Key")
    before = len(Server.asked)
    code, doc, _ = document("intel", "update", "--intel-store", store("key"), "--allow-private",
                            "--intel-config", config("key.yaml", text))
    expect("outcome", (code, doc["feeds"][0]["outcome"]), (3, "no-key"))
    holds("told", "intel.feed-key" in ids(doc))
    expect("asked", len(Server.asked), before)


@row("a key goes into its header, and nowhere else")
def _():
    Server.feeds["/list.txt"] = (200, names(5), None)
    text = FEED.replace("kind: domain", "kind: domain\n    key: {env: FEED_KEY}\n    key_header: Auth-Key")
    code, out, err = run("intel", "update", "--intel-store", store("key"), "--allow-private",
                         "--intel-config", config("key.yaml", text), "--verbose", FEED_KEY=SECRET)
    expect("exit", code, 0)
    expect("header", Server.asked[-1][1].get("Auth-Key"), SECRET)
    holds("not shown", SECRET not in out + err)
    kept = b"".join(open(p, "rb").read() for p in glob.glob(store("key") + "/**", recursive=True)
                    if os.path.isfile(p))
    holds("not kept", SECRET.encode() not in kept)


@row("a key file is named from where the configuration stands, and a missing one is told by its name")
def _():
    Server.feeds["/list.txt"] = (200, names(5), None)
    text = FEED.replace("kind: domain", "kind: domain\n    key: {file: feed.key}\n    key_header: Auth-Key")
    args = ("update", "--intel-store", store("beside"), "--allow-private", "--intel-config", config("beside.yaml", text))
    code, doc, _ = document("intel", *args)
    expect("missing", (code, doc["feeds"][0]["outcome"]), (3, "no-key"))
    holds(doc["feeds"][0]["reason"], "feed.key" in doc["feeds"][0]["reason"])
    config("feed.key", SECRET + "\n")
    code, _, _ = document("intel", *args, "--force")
    expect("found", (code, Server.asked[-1][1].get("Auth-Key")), (0, SECRET))


# ---- a service ----

MAIL = (b"From: a@from.example\r\nTo: b@to.example\r\nSubject: x\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <1@from.example>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n"
        b"--b\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Disposition: attachment; filename=a.dat\r\n\r\npayload\r\n--b--\r\n")
SHA256 = hashlib.sha256(b"payload").hexdigest()
SERVICE = ("feeds:\n  senders: {url: 'file:%s', kind: email, severity: %s}\n"
           "services:\n  virustotal: {enabled: true, url: %s/vt, key: {env: VT_KEY}}\n")


def with_service(severity, *args, **env):
    listed = config("senders.txt", "a@from.example\n")
    path = config("service.yaml", SERVICE % (listed, severity, URL))
    where = store("service-" + severity)
    if not os.path.isdir(where):
        expect("update", run("intel", "update", "--intel-store", where, "--intel-config", path)[0], 0)
    return document("scan", "--only", "intel", "--intel-store", where, "--intel-config", path, *args, "-",
                    data=MAIL, **{"VT_KEY": SECRET, **env})


def report(malicious):
    return {"data": {"id": SHA256, "type": "file", "attributes": {
        "sha256": SHA256, "last_analysis_stats": {"harmless": 0, "malicious": malicious,
                                                  "suspicious": 0, "undetected": 60 - malicious,
                                                  "timeout": 0}}}}


@row("a service is not asked about a mail that nobody suspects")
def _():
    before = len(Server.asked)
    code, doc, _ = with_service("low")
    expect("asked", (len(Server.asked), doc["services"]), (before, []))


@row("but about one with a medium finding, by hash alone; and once, since the answer is kept")
def _():
    Server.answers["/vt/files/" + SHA256] = (200, report(41))
    code, doc, _ = with_service("medium")
    expect("exit", code, 1)
    holds("told", "intel.service" in ids(doc))
    words = [w for w in doc["services"] if w["word"] == "malicious"]
    expect("word", (len(words), words[0]["asked"], words[0]["cached"]), (1, SHA256, False))
    paths = [path for path, _ in Server.asked if path.startswith("/vt")]
    holds(f"only hash and domain: {paths}", all("@" not in p for p in paths))
    expect("key", [h.get("x-apikey", h.get("X-Apikey")) for p, h in Server.asked if p.startswith("/vt/files")],
           [SECRET])
    _, doc, _ = with_service("medium")
    expect("cached", [w["cached"] for w in doc["services"] if w["asked"] == SHA256], [True])
    expect("asked once", len([p for p, _ in Server.asked if p == "/vt/files/" + SHA256]), 1)


@row("with a zone file nothing is asked of the network")
def _():
    before = len(Server.asked)
    _, doc, _ = with_service("medium", "--zone", config("zone", "; empty\n"))
    expect("asked", (len(Server.asked), doc["services"]), (before, []))


@row("a service whose key is missing is told, and undecided when it is required")
def _():
    shutil.rmtree(store("service-medium"))
    code, doc, _ = with_service("medium", "--require-intel", VT_KEY="")
    expect("exit", code, 3)
    holds("told", any("VT_KEY" in f["evidence"] for f in doc["findings"] if f["id"] == "intel.unavailable"))


# ---- the doctor ----

@row("the doctor tells the age of feeds and the quota of services")
def _():
    path = config("service.yaml", SERVICE % (config("senders.txt", "a@from.example\n"), "medium", URL))
    code, doc, _ = document("doctor", "--intel-store", store("service-medium"), "--intel-config", path,
                            VT_KEY=SECRET)
    checks = {(c["group"], c["name"]): c for c in doc["checks"]}
    expect("store", checks[("intel store", "snapshot")]["status"], "pass")
    holds("feed", "1 entry" in checks[("senders", "feed")]["detail"])
    holds("service", "left today" in checks[("VirusTotal", "service")]["detail"])
    holds("no key", SECRET not in json.dumps(doc))


code = run_rows()
server.shutdown()
shutil.rmtree(STATE, ignore_errors=True)
sys.exit(code)
