#!/usr/bin/env python3
"""The command as people and pipelines use it: exit codes, inputs, formats, hostile and broken input.

Usage: cli_test.py PATH-OF-MAILPROOF SOURCE-ROOT   (TAP on standard output)
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

from rows import Failed, expect, holds, row, rows

MAILPROOF, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ZONE = os.path.join(ROOT, "examples/demo/zone.db")
DEMO = os.path.join(ROOT, "examples/demo")
GOOD = os.path.join(DEMO, "1-good.eml")
SPOOF = os.path.join(DEMO, "3-spoof.eml")
AT = ["--time", "2026-11-23T00:00:00Z", "--authserv-id", "mx.test"]
FROM_GOOD = ["--ip", "192.0.2.10", "--helo", "mx.good.example", "--mail-from", "ana@good.example"]
LIMIT_S = 120

def run(*args, data=b"", env=None):
    done = subprocess.run([MAILPROOF, *args], input=data, capture_output=True, timeout=LIMIT_S,
                          env={**os.environ, "TERM": "dumb", **(env or {})})
    return done.returncode, done.stdout, done.stderr


def scan(*args, data=b"", zone=ZONE):
    return run("scan", "--zone", zone, *AT, *args, data=data)


def as_json(*args, data=b""):
    code, out, err = scan("--format", "json", *args, data=data)
    return code, json.loads(out)


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return name


MAIL = b"From: a@good.example\r\nSubject: x\r\n\r\nhello\r\n"


@row("a good message passes: exit 0")
def _():
    code, doc = as_json(*FROM_GOOD, GOOD)
    expect("exit", code, 0)
    expect("schema", doc["schema"], "mailproof/report/1")
    expect("dmarc", doc["authentication"]["dmarc"]["result"], "pass")
    expect("dkim", [s["result"] for s in doc["authentication"]["dkim"]], ["pass", "pass"])
    expect("algorithms", sorted(s["algorithm"] for s in doc["authentication"]["dkim"]),
           ["ed25519-sha256", "rsa-sha256"])


@row("a spoof fails: exit 1, action reject")
def _():
    code, doc = as_json("--ip", "203.0.113.66", "--mail-from", "a@attacker.example", SPOOF)
    expect("exit", code, 1)
    expect("action", doc["verdict"]["action"], "reject")


@row("--fail-on critical lets the same spoof through: exit 0")
def _():
    code, _, _ = scan("--fail-on", "critical", "--ip", "203.0.113.66", SPOOF)
    expect("exit", code, 0)


@row("--exit nagios and sysexits translate")
def _():
    expect("nagios", scan("--exit", "nagios", "--ip", "203.0.113.66", SPOOF)[0], 2)
    expect("sysexits", scan("--exit", "sysexits", "--ip", "203.0.113.66", SPOOF)[0], 65)


@row("standard input, and one JSON document for one message")
def _():
    code, doc = as_json(*FROM_GOOD, "-", data=open(GOOD, "rb").read())
    expect("exit", code, 0)
    expect("source", doc["source"], "-")


@row("an unreadable file is named, the others are still checked: exit 2")
def _():
    code, out, _ = scan("--format", "jsonl", *FROM_GOOD, GOOD, "/nonexistent/mail.eml", GOOD)
    lines = [json.loads(line) for line in out.splitlines()]
    expect("exit", code, 2)
    expect("lines", len(lines), 3)
    holds("the path is in the error", "/nonexistent/mail.eml" in json.dumps(lines[1]))
    holds("the reason is in the error", "No such file" in json.dumps(lines[1]))
    expect("last", lines[2]["authentication"]["dmarc"]["result"], "pass")


@row("a failed check weighs more than an unreadable file: exit 1")
def _():
    expect("exit", scan("--ip", "203.0.113.66", SPOOF, "/nonexistent")[0], 1)


@row("directories are walked, sorted by name")
def _():
    os.makedirs("dir/sub", exist_ok=True)
    for name in ("dir/b.eml", "dir/a.eml", "dir/sub/c.eml"):
        write(name, MAIL)
    _, out, _ = scan("--format", "jsonl", "dir")
    expect("sources", [json.loads(x)["source"] for x in out.splitlines()],
           ["dir/a.eml", "dir/b.eml", "dir/sub/c.eml"])


@row("a Maildir: cur and new, never tmp")
def _():
    for sub in ("cur", "new", "tmp"):
        os.makedirs("maildir/" + sub, exist_ok=True)
        write(f"maildir/{sub}/1.{sub}", MAIL)
    _, out, _ = scan("--format", "jsonl", "maildir")
    expect("sources", [json.loads(x)["source"] for x in out.splitlines()],
           ["maildir/cur/1.cur", "maildir/new/1.new"])


@row("an mbox: each message by number, signatures survive its line ends")
def _():
    unix = open(GOOD, "rb").read().replace(b"\r\n", b"\n")
    write("box.mbox", b"From a@b Mon\n" + unix + b"\nFrom b@c Tue\n" + unix + b"\n")
    code, out, _ = scan("--format", "jsonl", *FROM_GOOD, "box.mbox")
    docs = [json.loads(x) for x in out.splitlines()]
    expect("sources", [d["source"] for d in docs], ["box.mbox:1", "box.mbox:2"])
    expect("dkim", {s["result"] for d in docs for s in d["authentication"]["dkim"]}, {"pass"})
    expect("exit", code, 0)


@row("a batch: answers in the order of its lines, a broken line is named")
def _():
    lines = [json.dumps({"file": GOOD, "ip": "192.0.2.10", "helo": "h", "time": 1795392000,
                         "mail_from": "ana@good.example"}),
             "{broken", json.dumps({"file": SPOOF, "ip": "203.0.113.66"}), ""]
    write("list.jsonl", "\n".join(lines * 20).encode())
    code, out, _ = scan("--format", "jsonl", "--jobs", "4", "--batch", "list.jsonl")
    docs = [json.loads(x) for x in out.splitlines()]
    expect("count", len(docs), 60)
    expect("order", [d["source"] for d in docs[0::3]], [GOOD] * 20)
    expect("order", [d["source"] for d in docs[2::3]], [SPOOF] * 20)
    holds("the place of the broken line", "list.jsonl:2:" in json.dumps(docs[1]))
    expect("exit", code, 1)


@row("any number of threads gives the same report")
def _():
    names = [write(f"n{i:03}.eml", MAIL.replace(b"x", str(i).encode())) for i in range(60)]
    def reports(jobs):
        out = scan("--format", "jsonl", "--jobs", jobs, *names)[1]
        docs = [json.loads(x) for x in out.splitlines()]
        for d in docs:
            d.pop("elapsed_us")
        return docs
    expect("1 and 8 threads", reports("1"), reports("8"))


@row("every format is well-formed whatever the mail holds")
def _():
    hostile = (b"From: \"\x1b[31m<&>'::error::x\x00\xff\" <a@good.example>\r\n"
               b"Subject: =?utf-8?Q?=0D=0A::set-output=00?= ]]> # \xe2\x80\xae\r\n"
               b"Authentication-Results: mx.test; \x01<script>\r\n\r\nhello\r\n")
    write("hostile\n::error::x.eml", hostile)
    for form in ("text", "json", "jsonl", "sarif", "junit", "tap", "github"):
        code, out, _ = scan("--format", form, "--ip", "203.0.113.1", "--helo", "a\x1b;b",
                            "--mail-from", "x\r\n@y", "hostile\n::error::x.eml")
        text = out.decode("utf-8")  # raises when it is not
        holds(f"{form}: no escape or NUL", "\x1b" not in text and "\x00" not in text)
        if form in ("json", "sarif"):
            json.loads(text)
        if form == "junit":
            ET.fromstring(text)
        if form == "github":
            holds("each line is one command of ours",
                  all(l.startswith("::") and l.count("::error::") == 0 for l in text.splitlines()))


@row("empty, binary and endless input: a finding and an exit code")
def _():
    cases = {"empty": b"", "binary": os.urandom(100000), "no newline": b"x" * 1000000,
             "nul": MAIL.replace(b"x", b"\x00"), "truncated": MAIL[:20],
             "one CR": b"\r", "only folds": b" \r\n" * 1000}
    for label, data in cases.items():
        code, doc = as_json("-", data=data)
        holds(f"{label}: exit {code}", code in (1, 3))
        holds(f"{label}: has a finding", len(doc["findings"]) > 0)


@row("100 MB, 30,000 fields, 5,000 comments: bounded")
def _():
    big = MAIL + b"0123456789" * 10 * 1024 * 1024
    expect("100 MB", scan("--format", "json", "-", data=big)[0], 1)
    fields = b"".join(b"X-%d: y\r\n" % i for i in range(30000))
    expect("fields", scan("--format", "json", "-", data=fields + MAIL)[0], 1)
    comments = b"From: " + b"(" * 5000 + b")" * 5000 + b" a@good.example\r\n\r\nx\r\n"
    holds("comments", scan("--format", "json", "-", data=comments)[0] in (1, 3))


@row("a resolver that is dead: temperror, exit 3, within the deadline")
def _():
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    server = "127.0.0.1:%d" % silent.getsockname()[1]
    code, out, _ = run("scan", "--resolver", server, "--timeout", "2", "--format", "json", *AT,
                       *FROM_GOOD, GOOD)
    doc = json.loads(out)
    expect("exit", code, 3)
    expect("dmarc", doc["authentication"]["dmarc"]["result"], "temperror")
    expect("spf", doc["authentication"]["spf"]["result"], "temperror")
    expect("complete", doc["verdict"]["complete"], False)
    silent.close()


@row("a broken zone file: file, line, reason, exit 2")
def _():
    write("bad.db", b"a.example. TXT \"x\"\nb.example. A 1.2.3\n")
    code, _, err = scan(GOOD, zone="bad.db")
    expect("exit", code, 2)
    holds(f"place and reason: {err!r}", b"bad.db:2:" in err)


@row("wrong usage: exit 2 and a hint")
def _():
    for args in (["scan"], ["scan", "--ip", "1.2.3", "x"], ["scan", "--format", "xml", "x"],
                 ["scan", "--nonsense"], ["scna"], ["scan", "--zone", "/nonexistent", "x"],
                 ["sign", GOOD], ["explain", "no.such"], ["keygen"], ["scan", "--jobs", "0", "x"],
                 ["scan", "--time", "yesterday", "x"], ["scan", "--resolver", "not a host", "x"]):
        code, _, err = run(*args)
        expect(" ".join(args), code, 2)
        holds(" ".join(args) + ": says why", err.startswith(b"mailproof"))


@row("keygen: a rotation says what is to be done when, in a zone that can be read")
def _():
    code, zone, err = run("keygen", "turn.example", "--activate", "2100-03-01", "--replaces", "r1")
    expect("rsa", code, 0)
    for text in (b"; publish until 2100-02-27", b"r21000301._domainkey.turn.example. IN TXT",
                 b"; activate on 2100-03-01", b"; retire on 2100-03-15",
                 b'; r1._domainkey.turn.example. IN TXT ( "v=DKIM1; p=" )'):
        holds(text.decode(), text in zone)
    for text in (b"turn.example.r21000301.pem", b"from: 2100-03-01", b"selector: r1",
                 b"until: 2100-03-01"):
        holds(text.decode(), text in err)
    code, zone2, _ = run("keygen", "turn.example", "--type", "ed25519", "--activate", "2020-02-29")
    expect("ed25519", code, 0)
    holds("late", b"; publish now" in zone2 and b"e20200229._domainkey" in zone2)
    holds("nothing to retire", b"retire" not in zone2)
    write("turn.db", zone + zone2)
    code, signed, err = run("sign", "--key", "turn.example:r21000301:turn.example.r21000301.pem",
                            "--key", "turn.example:e20200229:turn.example.e20200229.pem",
                            "--time", "1795392000", "-", data=MAIL.replace(b"good", b"turn"))
    expect("sign", (code, err), (0, b""))
    code, out, _ = scan("--format", "json", "-", data=signed, zone="turn.db")
    expect("dkim", [s["result"] for s in json.loads(out)["authentication"]["dkim"]],
           ["pass", "pass"])
    for args in (["--activate", "2100-02-30"], ["--activate", "tomorrow"],
                 ["--activate", "2100-03-01T01:00:00Z"], ["--replaces", "r1"],
                 ["--activate", "2100-03-01", "--replaces", "r21000301"],
                 ["--activate", "2100-03-01", "--replaces", "a;b"]):
        expect(" ".join(args), run("keygen", "turn.example", *args)[0], 2)


@row("keygen, sign, scan: both key types, and no key is written over")
def _():
    zone = b""
    for kind in ("rsa", "ed25519"):
        code, record, _ = run("keygen", "own.example", "--selector", kind, "--type", kind,
                              "-o", kind + ".pem")
        expect("keygen", code, 0)
        zone += record
        expect("mode", os.stat(kind + ".pem").st_mode & 0o777, 0o600)
        expect("again", run("keygen", "own.example", "-o", kind + ".pem")[0], 2)
    write("own.db", zone + b'_dmarc.own.example. TXT "v=DMARC1; p=reject"\n')
    code, signed, err = run("sign", "--key", "own.example:rsa:rsa.pem",
                            "--key", "own.example:ed25519:ed25519.pem", "--time", "1795392000",
                            "-", data=MAIL.replace(b"good", b"own"))
    expect("sign", (code, err), (0, b""))
    code, out, _ = scan("--format", "json", "-", data=signed, zone="own.db")
    doc = json.loads(out)
    expect("dkim", [s["result"] for s in doc["authentication"]["dkim"]], ["pass", "pass"])
    expect("exit", code, 0)
    for i in range(0, len(signed), 97):
        if signed[i:i + 1] in b" \t\r\n;":
            continue
        flipped = signed[:i] + bytes([signed[i] ^ 1]) + signed[i + 1:]
        code, out, _ = scan("--format", "json", "-", data=flipped, zone="own.db")
        results = [s["result"] for s in json.loads(out)["authentication"]["dkim"]]
        holds(f"a flipped bit at {i} breaks a signature: {results}", results != ["pass", "pass"])


@row("seal: chains of three, each by another key, pass and are trusted when listed")
def _():
    zone = b'_dmarc.good.example. TXT "v=DMARC1; p=reject"\n'
    for i in (1, 2, 3):
        _, record, _ = run("keygen", f"hop{i}.example", "--selector", "arc", "-o", f"hop{i}.pem")
        zone += record
    write("hops.db", zone)
    mail = MAIL
    for i in (1, 2, 3):
        code, mail, err = run("seal", "--zone", "hops.db", "--key", f"hop{i}.example:arc:hop{i}.pem",
                              "--authserv-id", f"hop{i}.example", "--time", "1795392000", "-",
                              data=mail)
        expect("seal", (code, err), (0, b""))
    code, out, _ = scan("--format", "json", "-", data=mail, zone="hops.db")
    arc = json.loads(out)["authentication"]["arc"]
    expect("arc", (arc["result"], arc["instances"], arc["trusted"]), ("pass", 3, False))
    trust = [a for i in (1, 2, 3) for a in ("--trust-sealer", f"hop{i}.example")]
    code, out, _ = scan("--format", "json", *trust, "-", data=mail, zone="hops.db")
    expect("trusted", json.loads(out)["authentication"]["arc"]["trusted"], True)
    code, out, _ = scan("--format", "json", "-", data=mail.replace(b"hello", b"hullo"),
                        zone="hops.db")
    expect("altered", json.loads(out)["authentication"]["arc"]["result"], "fail")


@row("--write-message: the forged field is gone, ours is on top, the rest is as it was")
def _():
    forged = b"Authentication-Results: MX.TEST. (x); dmarc=pass\r\n"
    foreign = b"Authentication-Results: other.example; spf=fail\r\n"
    write("forged.eml", forged + foreign + MAIL)
    scan("--write-message", "rewritten.eml", "forged.eml")
    out = open("rewritten.eml", "rb").read()
    holds("ours first", out.startswith(b"Authentication-Results: mx.test;"))
    expect("ours once", out.lower().count(b"mx.test"), 1)
    holds("the rest", out.endswith(foreign + MAIL))
    hidden = b"Authentication-Results\r\n : mx.test; dmarc=pass\r\n"
    write("hidden.eml", b"X: y\r\n" + hidden + MAIL)
    scan("--write-message", "rewritten.eml", "hidden.eml")
    out = open("rewritten.eml", "rb").read()
    expect("a folded name hides none", out.lower().count(b"mx.test"), 1)
    holds("the fields stay", out.endswith(b"X: y\r\n" + MAIL))
    os.remove("rewritten.eml")
    write("many.eml", b"X: y\r\n" * 100001 + MAIL)
    code, _, err = scan("--write-message", "rewritten.eml", "many.eml")
    holds(f"too many fields: refused, nothing lost: {err!r}",
          code == 2 and b"not written" in err and not os.path.exists("rewritten.eml"))


@row("--record writes a world that replays without the zone")
def _():
    code, _, _ = scan("--record", "case.world", "--ip", "203.0.113.66", SPOOF)
    expect("exit", code, 1)
    expect("replay", run("scan", "case.world")[0], 0)
    broken = open("case.world", "rb").read().replace(b"expect dmarc fail", b"expect dmarc pass")
    write("wrong.world", broken)
    code, out, _ = run("scan", "wrong.world")
    expect("a wrong expectation", code, 1)
    holds("is named", b"dmarc is fail, expected pass" in out)


@row("--envelope-from-headers takes client and reverse-path from the trace fields")
def _():
    trace = (b"Return-Path: <ana@good.example>\r\n"
             b"Received: from inner (inner.test [10.0.0.1]) by store.test; "
             b"Mon, 23 Nov 2026 00:00:02 +0000\r\n"
             b"Received: from mx.good.example (mx.good.example [192.0.2.10])\r\n"
             b"\tby mx.test with ESMTPS; Mon, 23 Nov 2026 00:00:01 +0000\r\n")
    code, doc = as_json("--envelope-from-headers", "-", data=trace + open(GOOD, "rb").read())
    expect("ip", doc["envelope"]["ip"], "192.0.2.10")
    expect("helo", doc["envelope"]["helo"], "mx.good.example")
    expect("spf", doc["authentication"]["spf"]["result"], "pass")
    expect("exit", code, 0)


@row("colours only when asked or on a terminal")
def _():
    expect("pipe", scan(*FROM_GOOD, GOOD)[1].count(b"\x1b"), 0)
    holds("always", scan("--color", "always", *FROM_GOOD, GOOD)[1].count(b"\x1b") > 0)


@row("a closed pipe or a full disk is an error, not a crash")
def _():
    if not os.path.exists("/dev/full"):
        return
    code, _, err = scan("-o", "/dev/full", *FROM_GOOD, GOOD)
    expect("exit", code, 2)
    holds(f"says so: {err!r}", b"write" in err or b"space" in err)


@row("help for every command, and explain for every finding")
def _():
    code, out, _ = run("help")
    expect("help", code, 0)
    for name in ("scan", "sign", "seal", "keygen", "explain", "help", "version"):
        holds(name, name.encode() in out)
        expect(name, run("help", name)[0], 0)
    _, out, _ = run("explain")
    ids = [line.split()[0] for line in out.decode().splitlines()]
    holds("there are findings", len(ids) > 50)
    for i in ids:
        expect(i, run("explain", i)[0], 0)


@row("the demo batch: what each message is")
def _():
    os.chdir(ROOT)
    code, out, _ = scan("--format", "jsonl", "--trust-sealer", "lists.example", "--batch",
                        "examples/demo/batch.jsonl")
    docs = [json.loads(x) for x in out.splitlines()]
    expect("dmarc", [d["authentication"]["dmarc"]["result"] for d in docs],
           ["pass", "fail", "fail", "fail", "permerror", "pass"])
    expect("arc", [d["authentication"]["arc"]["trusted"] for d in docs][1], True)
    expect("actions", [d["verdict"]["action"] for d in docs][2:],
           ["reject", "reject", "quarantine", "quarantine"])
    expect("exit", code, 1)


def main():
    failed = 0
    start = os.getcwd()
    with tempfile.TemporaryDirectory() as where:
        for number, (label, function, args) in enumerate(rows, 1):
            os.chdir(where)
            try:
                function(*args)
                print(f"ok {number} - {label}", flush=True)
            except (Failed, subprocess.TimeoutExpired, ValueError, KeyError, OSError,
                    ET.ParseError) as problem:
                failed += 1
                print(f"not ok {number} - {label}\n# {type(problem).__name__}: "
                      + repr(str(problem))[:600], flush=True)
        os.chdir(start)
    print(f"1..{len(rows)}")
    return 1 if failed else 0


sys.exit(main())
