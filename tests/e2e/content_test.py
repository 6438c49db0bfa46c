#!/usr/bin/env python3
"""scan of what mails carry: views, names, archives in workers, --extract, --only; TAP.

Usage: content_test.py PATH-OF-MAILPROOF SOURCE-ROOT
"""
import base64
import hashlib
import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import zipfile

from rows import expect, holds, row, run_rows

MAILPROOF, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SMUGGLED = os.path.join(ROOT, "examples/demo/7-two-readers.eml")
EXE = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + bytes(200)
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LIMIT_S = 120


def run(*args, data=b""):
    done = subprocess.run([MAILPROOF, *args], input=data, capture_output=True, timeout=LIMIT_S,
                          env={**os.environ, "TERM": "dumb"})
    return done.returncode, done.stdout, done.stderr


def scan(*args, data=b""):
    code, out, err = run("scan", "--only", "content", "--format", "json", *args, data=data)
    return code, json.loads(out), err.decode()


def mail(*parts, top=""):
    """A multipart/mixed of (head, body) with CRLF."""
    text = [f"From: a@good.example\nTo: b@good.example\nSubject: x\n"
            "Date: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <1@good.example>\n"
            f"MIME-Version: 1.0\n{top}"
            "Content-Type: multipart/mixed; boundary=b\n\n"]
    for head, body in parts:
        text.append(f"--b\n{head}\n\n{body}\n")
    return ("".join(text) + "--b--\n").replace("\n", "\r\n").encode()


def attached(name, data, kind="application/octet-stream"):
    return (f'Content-Type: {kind}; name="{name}"\nContent-Transfer-Encoding: base64\n'
            f'Content-Disposition: attachment; filename="{name}"',
            base64.encodebytes(data).decode().strip())


TEXT = ("Content-Type: text/plain", "hello")


def packed(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(name.replace("__", "."), data)
    return out.getvalue()


def ids(doc):
    return {f["id"] for f in doc["findings"]}


def found(doc, name):
    return [f for f in doc["findings"] if f["id"] == name]


@row("mail that carries nothing strange passes: exit 0, no finding above info")
def _():
    code, doc, _ = scan("-", data=mail(TEXT, attached("figures.csv", b"a,b\r\n1,2\r\n", "text/csv")))
    expect("exit", code, 0)
    expect("complete", doc["verdict"]["complete"], True)
    expect("findings", [f["id"] for f in doc["findings"] if f["severity"] != "info"], [])
    expect("objects", [o["detected"] for o in doc["objects"]], ["text", "text"])


@row("what only some readers see is found, named and explained")
def _():
    code, doc, _ = scan(SMUGGLED)
    expect("exit", code, 1)
    holds("views differ", "mime.view-diff" in ids(doc))
    script = [o for o in doc["objects"] if any(".js" in n["name"] for n in o["names"])]
    holds("the script is among the objects", script)
    holds("not every view has it", 0 < len(script[0]["views"]) < 4)
    f = found(doc, "attach.extension.dangerous")[0]
    holds("the name is shown", "Invoice-114.pdf.js" in f["evidence"])
    holds("its place", f["where"]["offset"] is not None and f["remedy"])


@row("an archive is opened in a worker: its members are objects, with their part")
def _():
    inner = packed(readme__txt=b"hello", setup__exe=EXE)
    code, doc, _ = scan("-", data=mail(TEXT, attached("photos.zip", packed(inner__zip=inner))))
    expect("exit", code, 1)
    members = [o["member"] for o in doc["objects"] if o["member"]]
    expect("members", sorted(members), ["inner.zip", "inner.zip/readme.txt", "inner.zip/setup.exe"])
    f = found(doc, "archive.executable")[0]
    expect("member", f["where"]["member"], "inner.zip/setup.exe")
    expect("part", f["where"]["part"], "2")
    exe = [o for o in doc["objects"] if o["member"] == "inner.zip/setup.exe"][0]
    expect("detected", exe["detected"], "pe")
    expect("sha256", exe["sha256"], hashlib.sha256(EXE).hexdigest())


@row("a mail in an archive is opened too: what is attached to it, and archives in that")
def _():
    inner = mail(TEXT, attached("evil.exe", EXE), attached("b.zip", packed(deep__exe=EXE)))
    code, doc, _ = scan("-", data=mail(TEXT, attached("a.zip", packed(mail__eml=inner))))
    expect("exit", code, 1)
    f = found(doc, "attach.extension.dangerous")[0]
    expect("member", f["where"]["member"], "mail.eml/2")
    expect("part", f["where"]["part"], "2")
    expect("packed", [o["sha256"] for o in doc["objects"] if o["member"] == "mail.eml/3/deep.exe"],
           [hashlib.sha256(EXE).hexdigest()])
    expect("complete", doc["verdict"]["complete"], True)


@row("EICAR within two archives is critical")
def _():
    data = packed(a__zip=packed(eicar__com=EICAR))
    code, doc, _ = scan("-", data=mail(TEXT, attached("a.zip", data)))
    expect("exit", code, 1)
    expect("severity", {f["severity"] for f in found(doc, "attach.eicar")}, {"critical"})


@row("--only auth inspects nothing, and asks no worker")
def _():
    code, out, _ = run("scan", "--only", "auth", "--zone", "/dev/null", "--format", "json", SMUGGLED)
    doc = json.loads(out)
    expect("objects", doc["objects"], [])
    holds("nothing of content", not [i for i in ids(doc) if i.startswith(("mime.", "attach."))])


@row("--extract writes payloads and members under harmless names, never executable")
def _():
    with tempfile.TemporaryDirectory() as place:
        target = os.path.join(place, "out")
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as z:
            z.writestr("../../etc/pass wd", b"root")
            z.writestr("run.exe", EXE)
        code, doc, err = scan("--extract", target, "-",
                              data=mail(TEXT, attached("x/../a b;rm.zip", inner.getvalue())))
        expect("exit", code, 1)
        files = sorted(os.listdir(target))
        expect("as many as objects", len(files), len(doc["objects"]))
        for name in files:
            info = os.lstat(os.path.join(target, name))
            holds(f"{name}: a plain file", stat.S_ISREG(info.st_mode))
            expect(f"{name}: mode", stat.S_IMODE(info.st_mode), 0o600)
            holds(f"{name}: safe", all(c.isalnum() or c in ".-_" for c in name))
        bodies = {open(os.path.join(target, n), "rb").read() for n in files}
        holds("the member's bytes", EXE in bodies and b"root" in bodies)
        holds("nothing beside it", os.listdir(place) == ["out"])
        scan("--extract", target, "-", data=mail(TEXT))
        holds("a second run adds to it", len(os.listdir(target)) > 0)


@row("--extract into a place that cannot be: exit 2, and it says why")
def _():
    code, _, err = run("scan", "--only", "content", "--extract", "/dev/null/x", SMUGGLED)
    expect("exit", code, 2)
    holds("why", b"/dev/null/x" in err)


@row("text output tells what was seen, where, why and what to do")
def _():
    code, out, _ = run("scan", "--only", "content", SMUGGLED)
    text = " ".join(out.decode().split())
    for word in ("attach.extension.dangerous", "Invoice-114.pdf.js", " at part ", ", byte ", " do "):
        holds(f"{word!r} in {text}", word in text)


@row("content alone asks nothing of DNS")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dns:
        dns.bind(("127.0.0.1", 0))
        run("scan", "--only", "content", "--resolver", f"127.0.0.1:{dns.getsockname()[1]}", SMUGGLED)
        dns.setblocking(False)
        try:
            expect("asked", dns.recv(1000), b"")
        except BlockingIOError:
            pass
        run("scan", "--timeout", "1", "--resolver", f"127.0.0.1:{dns.getsockname()[1]}", SMUGGLED)
        holds("authentication does ask there", dns.recv(1000))


@row("many messages with archives at once, each with its own members")
def _():
    with tempfile.TemporaryDirectory() as place:
        for i in range(40):
            with open(os.path.join(place, f"{i:02}.eml"), "wb") as f:
                f.write(mail(TEXT, attached("a.zip", packed(**{f"file{i}__txt": b"%d" % i}))))
        code, out, _ = run("scan", "--only", "content", "--jobs", "8", "--format", "jsonl", place)
        docs = [json.loads(line) for line in out.splitlines()]
        expect("exit", code, 0)
        expect("members", [d["objects"][-1]["member"] for d in docs],
               [f"file{i}.txt" for i in range(40)])


def parent_and_name(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            text = f.read()
    except OSError:
        return 0, ""
    return int(text.rpartition(")")[2].split()[1]), text.partition("(")[2].rpartition(")")[0]


def workers_of(scan_pid):
    """Its grandchildren, by way of the zygote."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    zygotes = {pid for pid in pids if parent_and_name(pid) == (scan_pid, "mailproof-zyg")}
    return [pid for pid in pids for parent, name in [parent_and_name(pid)]
            if parent in zygotes and name == "mailproof-work"]


@row("kill -9 of workers costs at most a finding each, and no message")
def _():
    count, most = 400, 10
    with tempfile.TemporaryDirectory() as place:
        for i in range(count):
            with open(os.path.join(place, f"{i:03}.eml"), "wb") as f:
                f.write(mail(TEXT, attached("a.zip", packed(**{f"file{i}__txt": b"%d" % i}))))
        scanning = subprocess.Popen([MAILPROOF, "scan", "--only", "content", "--jobs", "4",
                                     "--format", "jsonl", place], stdout=subprocess.PIPE)
        out, killed = [], set()
        reader = threading.Thread(target=lambda: out.append(scanning.stdout.read()))
        reader.start()
        while scanning.poll() is None and len(killed) < most:
            for pid in set(workers_of(scanning.pid)) - killed:
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
                except OSError:
                    pass
        reader.join()
        scanning.wait()
        docs = [json.loads(line) for line in out[0].splitlines()]
    expect("messages", len(docs), count)
    holds("none was killed: nothing is shown", killed)
    crashed = [d for d in docs if any(i.startswith("engine.") for i in ids(d))]
    holds(f"{len(crashed)} crashes of {len(killed)} killed", len(crashed) <= len(killed))
    for i, d in enumerate(docs):
        if d not in crashed:
            expect("member", d["objects"][-1]["member"], f"file{i}.txt")
            expect("complete", d["verdict"]["complete"], True)
        else:
            expect("complete", d["verdict"]["complete"], False)


@row("the doctor starts a worker, and tells what holds it")
def _():
    code, out, _ = run("doctor", "--format", "json")
    [worker] = [c for c in json.loads(out)["checks"] if c["name"] == "worker"]
    expect("exit", code, 0)
    holds(worker, worker["status"] in ("pass", "warn") and worker["detail"].startswith("seccomp"))


@row("a worker whose rules do not compile is told by the doctor")
def _():
    with tempfile.TemporaryDirectory() as place:
        rules = os.path.join(place, "broken.yar")
        with open(rules, "w") as f:
            f.write("rule Own { condition: }")
        code, out, _ = run("doctor", "--yara", rules, "--format", "json")
    [worker] = [c for c in json.loads(out)["checks"] if c["name"] == "worker"]
    expect("exit", code, 1)
    expect("status", worker["status"], "fail")


@row("the worker's program is not for people")
def _():
    code, _, err = run("sandbox-worker")
    expect("exit", code, 2)
    holds(err, b"calls this itself" in err)


sys.exit(run_rows())
