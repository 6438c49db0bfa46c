#!/usr/bin/env python3
"""The client of clamd, and the doctor, against a real clamd with a database of our own:
clamd_peer_test.py MAILPROOF CLAMD_PROBE. Prints TAP; SKIP where clamd is not installed."""
import base64
import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zipfile
import zlib

import clamd_peer
from rows import Failed, expect, holds, row, rows

MAILPROOF, PROBE = sys.argv[1], sys.argv[2]
clamd = None


def probe(*args):
    done = subprocess.run([PROBE, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120, check=False)
    if done.returncode != 0:
        raise Failed(f"clamd_probe {args}: {done.returncode} {done.stderr}")
    *findings, last = done.stdout.splitlines()
    return [tuple(f.split("\t")) for f in findings], last == "complete"


def ids(findings):
    return [(f[0], f[2]) for f in findings]


def doctor(*args):
    done = subprocess.run([MAILPROOF, "doctor", "--format", "json", *args], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    return done.returncode, json.loads(done.stdout), done.stderr


def encrypted_zip():
    """One member that says it is encrypted; whether its bytes are is not looked at."""
    name, data = b"secret.txt", os.urandom(64)
    head = struct.pack("<HHHHHLLLHH", 20, 1, 0, 0, 0, zlib.crc32(data), len(data), len(data),
                       len(name), 0)
    local = b"PK\3\4" + head + name + data
    central = (b"PK\1\2" + struct.pack("<H", 20) + head + struct.pack("<HHHLL", 0, 0, 0, 0, 0) +
               name)
    return local + central + b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(central),
                                                     len(local), 0)


def put_files():
    clamd.put("clean", b"nothing in here\n")
    clamd.put("eicar", clamd_peer.EICAR)
    clamd.put("unwanted", clamd_peer.UNWANTED)
    clamd.put("empty", b"")
    clamd.put("zip", encrypted_zip())
    clamd.put("long", b"a" * (2 << 20))  # above StreamMaxLength and MaxFileSize
    clamd.put("longish", b"b" * (600 << 10))  # above MaxFileSize only


def ways():
    return ([clamd.unix], "descriptors"), (["streams", clamd.unix], "streams"), ([clamd.tcp], "TCP")


@row("clean, found, encrypted, unwanted: by descriptor, by stream, by TCP")
def _():
    wanted = [("av.found", "1"), ("av.encrypted", "3"), ("av.unwanted", "4")]
    for way, label in ways():
        found, complete = probe(*way, "--", *map(clamd.path, ("clean", "eicar", "empty", "zip",
                                                              "unwanted")))
        expect(label, ids(found), wanted)
        expect(label + ", name", found[0][3].split(";")[0], "Own.Eicar.UNOFFICIAL")
        expect(label + ", severity", found[0][1], "critical")
        holds(label + ": complete", complete)


@row("hundreds of items in one session: each answer belongs to its item")
def _():
    for way, label in ways():
        found, complete = probe(*way, "--", clamd.path("clean"), clamd.path("clean") + "*300",
                                clamd.path("eicar"), clamd.path("clean") + "*300",
                                clamd.path("unwanted"))
        expect(label, ids(found), [("av.found", "301"), ("av.unwanted", "602")])
        holds(label + ": complete", complete)


@row("what is in the message and in a part of it is told of the part")
def _():
    found, _ = probe(clamd.unix, "--", clamd.path("eicar"), clamd.path("eicar"))
    expect("findings", ids(found), [("av.found", "1")])
    found, _ = probe(clamd.unix, "--", clamd.path("eicar"), clamd.path("clean"))
    expect("findings", ids(found), [("av.found", "")])


@row("a stream over the limit is told, and costs the others nothing")
def _():
    for way in (["streams", clamd.unix], [clamd.tcp]):
        found, complete = probe(*way, "--", clamd.path("clean"), clamd.path("long"),
                                clamd.path("eicar"), clamd.path("clean") + "*20",
                                clamd.path("long") + "*3", clamd.path("unwanted"))
        wanted = [("av.limit", str(n)) for n in (1, 23, 24, 25)]
        expect("limits", [f for f in ids(found) if f[0] == "av.limit"], wanted)
        expect("the others", [f for f in ids(found) if f[0] != "av.limit"],
               [("av.found", "2"), ("av.unwanted", "26")])
        holds("not complete", not complete)


@row("limits that are silent: called clean, and the doctor warns")
def _():
    found, complete = probe(clamd.unix, "--", clamd.path("clean"), clamd.path("longish"))
    expect("what clamd says", (found, complete), ([], True))
    for address in (clamd.unix, clamd.tcp):
        code, report, _ = doctor("--clamd", address)
        expect("exit code", code, 1)
        told = {f["id"]: f["severity"] for f in report["findings"] if f["id"].startswith("av.")}
        expect("findings", told, {"av.limits-silent": "high", "av.database-unknown": "low"})


@row("limits that are told: a finding, not complete, and the doctor is content")
def _():
    clamd.stop()
    clamd.start(alert=True)
    found, complete = probe(clamd.unix, "--", clamd.path("clean"), clamd.path("longish"))
    expect("findings", ids(found), [("av.limit", "1")])
    holds("not complete", not complete)
    code, report, _ = doctor("--clamd", clamd.unix)
    expect("exit code", code, 0)
    checks = {c["name"]: c["status"] for c in report["checks"] if c["group"].startswith("clamd")}
    expect("checks", checks, {"answer": "pass", "database": "warn", "queue": "pass",
                              "limits": "pass"})


def mail(attachment):
    return (b"From: a@good.test\r\nTo: b@good.test\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n"
            b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
            b"Content-Disposition: attachment; filename=a.bin\r\n\r\n" +
            base64.b64encode(attachment) + b"\r\n--b--\r\n")


def scan(content, *args):
    done = subprocess.run([MAILPROOF, "scan", "--format", "json", "--zone",
                           clamd.put("zone", b""), *args, clamd.put("mail.eml", content)],
                          text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                          check=False)
    found = json.loads(done.stdout)
    found = found[0] if isinstance(found, list) else found
    return done.returncode, {f["id"]: f for f in found["findings"]}, found["verdict"]["complete"]


@row("scan: an attachment that clamd knows, and one that it does not")
def _():
    code, found, complete = scan(mail(clamd_peer.EICAR), "--clamd", clamd.unix)
    expect("exit code", (code, complete), (1, True))
    expect("severity", found["av.found"]["severity"], "critical")
    expect("place", found["av.found"]["where"]["part"], "2")
    code, found, complete = scan(mail(b"nothing in here"), "--clamd", clamd.unix)
    expect("clean", (code, complete, [i for i in found if i.startswith("av.")]), (0, True, []))


@row("scan: an archive in an archive, and what is in it")
def _():
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("b.txt", clamd_peer.UNWANTED)
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a.zip", inner.getvalue())
    _, found, _ = scan(mail(outer.getvalue()), "--clamd", clamd.tcp)
    holds("told", "av.unwanted" in found)


@row("two addresses, one of them dead")
def _():
    found, complete = probe(f"127.0.0.1:{clamd_peer.free_port()}", clamd.unix, "--",
                            clamd.path("clean"), clamd.path("eicar"))
    expect("findings", (ids(found), complete), ([("av.found", "1")], True))


def is_connected():
    """Is there a connection that clamd has not taken yet (02), or has (03)?"""
    with open("/proc/net/unix", encoding="ascii", errors="replace") as f:
        fields = [line.split() for line in f]
    return any(f[-1] == clamd.socket and f[5] in ("02", "03") for f in fields)


@row("killed in the middle: nobody answers, and nothing else is said")
def _():
    clamd.send(signal.SIGSTOP)  # the kernel takes the connection, nobody reads from it
    client = subprocess.Popen([PROBE, clamd.unix, "--", clamd.path("clean"), clamd.path("eicar")],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + clamd_peer.PATIENCE_S
    while not is_connected() and client.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    holds("the client is connected and waits", is_connected() and client.poll() is None)
    clamd.stop(signal.SIGKILL)
    out, err = client.communicate(timeout=120)
    lines = out.splitlines()
    expect("exit code", (client.returncode, err), (0, ""))
    expect("lines", (len(lines), lines[-1]), (2, "not complete"))
    expect("finding", lines[0].split("\t")[:3], ["av.unavailable", "medium", ""])
    holds("all objects", lines[0].split("\t")[3].startswith("2 of 2 objects were not scanned: "))


@row("gone: the doctor says so, and a scan is not complete")
def _():
    code, found, complete = scan(mail(b"nothing in here"), "--clamd", clamd.unix)
    expect("scan", (code, complete, [i for i in found if i.startswith("av.")]),
           (3, False, ["av.unavailable"]))
    code, report, _ = doctor("--clamd", clamd.unix)
    expect("exit code", code, 1)
    expect("findings", [f["id"] for f in report["findings"] if f["id"].startswith("av.")],
           ["av.unavailable"])


@row("back again")
def _():
    clamd.start(alert=True)
    found, complete = probe(clamd.unix, "--", clamd.path("clean"), clamd.path("eicar"))
    expect("findings", (ids(found), complete), ([("av.found", "1")], True))


def main():
    global clamd
    if clamd_peer.find() is None:
        print("1..0 # SKIP clamd is not installed (tools/install-packages.sh peers)")
        return 0
    failed = 0
    clamd = clamd_peer.Clamd()
    try:
        clamd.start(alert=False)
        put_files()
        print(f"1..{len(rows)}")
        for number, (label, function, args) in enumerate(rows, 1):
            try:
                function(*args)
                print(f"ok {number} - clamd: {label}", flush=True)
            except (Failed, subprocess.SubprocessError, RuntimeError, ValueError) as e:
                failed += 1
                print(f"# {e}\nnot ok {number} - clamd: {label}", flush=True)
    finally:
        clamd.clear()
    return 1 if failed else 0


sys.exit(main())
