#!/usr/bin/env python3
"""`mailproof report` as people and timers use it: files, a mailbox, a store, and reports of our own
through a server of ours.

Usage: report_test.py PATH-OF-MAILPROOF   (TAP on standard output)
"""
import csv
import gzip
import hashlib
import json
import os
import re
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading

from rows import expect, holds, row, run_rows
from sink_kit import Sink

MAILPROOF = os.path.abspath(sys.argv[1])
LIMIT_S = 120
DAY = 1700006400  # 2023-11-15
NOW = ["--time", str(DAY + 90000)]


def run(*args, data=b"", env=None):
    done = subprocess.run([MAILPROOF, "report", *args], input=data, capture_output=True,
                          timeout=LIMIT_S, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def xml(report_id="r1", domain="a.test", passed=3, failed=1):
    record = ("<record><row><source_ip>{ip}</source_ip><count>{n}</count><policy_evaluated>"
              "<disposition>none</disposition><dkim>{r}</dkim><spf>{r}</spf></policy_evaluated></row>"
              "<identifiers><header_from>{d}</header_from></identifiers><auth_results/></record>")
    return (f"<feedback><report_metadata><org_name>big.test</org_name><report_id>{report_id}</report_id>"
            f"<date_range><begin>{DAY}</begin><end>{DAY + 86399}</end></date_range></report_metadata>"
            f"<policy_published><domain>{domain}</domain><p>none</p></policy_published>"
            + record.format(ip="192.0.2.1", n=passed, r="pass", d=domain)
            + record.format(ip="192.0.2.2", n=failed, r="fail", d=domain) + "</feedback>").encode()


def mail(report_id):
    return (b"From: d@big.test\r\nSubject: Report\r\nContent-Type: text/xml\r\n\r\n" + xml(report_id) + b"\r\n")


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return name


# ---- files ----

@row("a packed report as a table: exit 0")
def _():
    code, out, err = run("--format", "text", write("r.xml.gz", gzip.compress(xml())))
    expect("exit", code, 0)
    holds("domain", "a.test: 1 report, 2023-11-15" in out)
    holds("sums", "messages: 4, passed 3 (75.0 %), failed 1" in out)
    holds("advice", "-> not authenticated" in out)
    expect("stderr", err, "")


@row("in a pipe each record is a line of JSON, on standard input as well")
def _():
    code, out, _ = run("-", data=xml())
    lines = [json.loads(line) for line in out.splitlines()]
    expect("exit", code, 0)
    expect("records", [(x["source_ip"], x["count"], x["dmarc"]) for x in lines],
           [("192.0.2.1", 3, "pass"), ("192.0.2.2", 1, "fail")])


@row("one JSON document, and CSV")
def _():
    write("r.xml", xml())
    _, out, _ = run("--format", "json", "r.xml")
    doc = json.loads(out)
    expect("schema", doc["schema"], "mailproof/feedback/1")
    expect("domains", [(d["domain"], d["messages"], d["failed"]) for d in doc["domains"]], [("a.test", 4, 1)])
    code, out, _ = run("--format", "csv", "-o", "out.csv", "r.xml")
    with open("out.csv", newline="") as f:
        table = list(csv.DictReader(f))
    expect("exit", (code, out), (0, ""))
    expect("rows", [(r["source_ip"], r["count"]) for r in table], [("192.0.2.1", "3"), ("192.0.2.2", "1")])


@row("a hostile report is refused, says why, and is no pass: exit 2")
def _():
    code, _, err = run(write("x.xml", b"<!DOCTYPE f [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><feedback>&a;</feedback>"))
    expect("exit", code, 2)
    holds("why", "refused" in err and "DTD" in err)


@row("what is no report is a mistake where it was named, and counted among many")
def _():
    code, _, err = run(write("no.eml", b"From: a@b.test\r\n\r\nhello\r\n"))
    expect("exit of one", code, 2)
    holds("why", "without a report" in err)
    os.makedirs("many", exist_ok=True)
    write("many/1", mail("m1"))
    write("many/2", b"From: a@b.test\r\n\r\nhello\r\n")
    code, out, err = run("many")
    expect("exit of many", code, 0)
    expect("records", len(out.splitlines()), 2)
    holds("counted", "without a report: 1" in err)


@row("an mbox of reports")
def _():
    code, out, _ = run(write("box", b"".join(b"From x Thu Jan  1 00:00:00 2026\n" + mail(i).replace(b"\r", b"") + b"\n"
                                             for i in ("b1", "b2"))))
    expect("exit", code, 0)
    expect("records", len(out.splitlines()), 4)


@row("more failures than allowed: exit 1, as many as allowed: 0")
def _():
    write("r.xml", xml())
    expect("above", run("--fail-above", "24.9", "r.xml")[0], 1)
    expect("not above", run("--fail-above", "25", "r.xml")[0], 0)


@row("names of sources, from a zone")
def _():
    write("zone", b'1.2.0.192.in-addr.arpa. PTR mail.a.test.\n')
    _, out, _ = run("--format", "text", "--ptr", "--zone", "zone", write("r.xml", xml()))
    holds("name", "name: mail.a.test" in out)


@row("wrong usage: exit 2")
def _():
    for args in ([], ["--format", "yaml", "r.xml"], ["--date", "2023-11-15", "r.xml"], ["--delete", "r.xml"],
                 ["--imap", "imap://127.0.0.1", "--delete"], ["generate"], ["generate", "--format", "csv"],
                 ["generate", "--store", "s", "--org", "r.test", "--email", "d@r.test"], ["--since", "soon", "r.xml"],
                 ["--fail-above", "101", "r.xml"], ["/nonexistent/file"], ["--store", "/nonexistent/dir"]):
        expect(" ".join(args), run(*args)[0], 2)


# ---- a store ----

@row("a store keeps each report once, and shows what it has")
def _():
    write("r.xml", xml())
    _, _, first = run("--store", "kept", "r.xml")
    _, _, second = run("--store", "kept", "r.xml")
    holds("new", "new: 1" in first)
    holds("known", "new: 0" in second)
    code, out, _ = run("--store", "kept", "--domain", "A.TEST", "--failing")
    expect("exit", code, 0)
    expect("failing", [json.loads(x)["source_ip"] for x in out.splitlines()], ["192.0.2.2"])
    code, out, _ = run("--store", "kept", "--since", "2024-01-01T00:00:00Z")
    expect("later", (code, out), (0, ""))


# ---- a mailbox ----

class Imap(threading.Thread):
    """So much of RFC 3501 as is asked: messages by UID, gone when they are deleted and expunged."""

    def __init__(self, mails):
        super().__init__(daemon=True)
        self.mails, self.deleted = dict(enumerate(mails, 1)), set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"imap://127.0.0.1:{self.listener.getsockname()[1]}"

    def answer(self, words, line):
        verb = words[1] if words[0] == "UID" else words[0]
        if verb == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n"
        if verb == "SELECT":
            return b"* %d EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n" % len(self.mails)
        if verb == "SEARCH":
            left = [str(u) for u in self.mails if u not in self.deleted]
            return ("* SEARCH " + " ".join(left)).strip().encode() + b"\r\n"
        if verb == "FETCH":
            uid = int(words[2])
            if "INTERNALDATE" in line:
                return b'* %d FETCH (UID %d INTERNALDATE "15-Nov-2023 00:00:00 +0000")\r\n' % (uid, uid)
            body = self.mails[uid]
            return b"* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (uid, uid, len(body), body)
        if verb == "STORE":
            self.deleted.add(int(words[2]))
        if verb == "EXPUNGE":
            self.mails = {u: m for u, m in self.mails.items() if u not in self.deleted}
        return b""

    def serve(self, stream):
        stream.write(b"* OK ready\r\n")
        stream.flush()
        for raw in stream:
            tag, _, line = raw.decode().strip().partition(" ")
            words = line.upper().split()
            stream.write(self.answer(words, line.upper()) + f"{tag} OK done\r\n".encode())
            stream.flush()
            if words[0] == "LOGOUT":
                return

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rwb") as stream:
                try:
                    self.serve(stream)
                except OSError:
                    pass


@row("a mailbox: all reports are stored, and then deleted, and nothing else")
def _():
    server = Imap([mail(f"i{n}") for n in range(23)] + [b"From: a@b.test\r\nSubject: keep\r\n\r\nhello\r\n"])
    server.start()
    args = ["--imap", server.url, "--user", "u", "--password-env", "PW", "--store", "box-store"]
    code, _, err = run(*args, env={"PW": "secret"})
    expect("exit", code, 0)
    holds("all", "inputs: 24, reports: 23, new: 23, without a report: 1" in err)
    expect("nothing deleted", len(server.mails), 24)
    code, _, err = run(*args, "--delete", env={"PW": "secret"})
    expect("exit", code, 0)
    holds("known and deleted", "new: 0" in err and "deleted: 23" in err)
    expect("what is left", [m[:40] for m in server.mails.values()], [b"From: a@b.test\r\nSubject: keep\r\n\r\nhello\r\n"[:40]])


@row("a capture server: reports that it has taken")
def _():
    sink = Sink(MAILPROOF)
    try:
        for report_id in ("s1", "s2"):
            sink.send(mail(report_id), ["dmarc@a.test"])
        code, out, err = run("--imap", sink.url, "--store", "from-sink", "--format", "json")
        expect("exit " + err, code, 0)
        expect("reports", len(json.loads(run("--store", "from-sink", "--format", "json")[1])["reports"]), 2)
    finally:
        sink.stop()


@row("a mailbox that does not answer: exit 3 or 2, never 0")
def _():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    code, _, err = run("--imap", f"imap://127.0.0.1:{port}", "--user", "u", "--password-env", "PW", env={"PW": "x"})
    holds("not a pass", code in (2, 3) and "IMAP" in err)


# ---- reports of our own ----

def text(s):
    return struct.pack("<I", len(s)) + s.encode()


def see(store, domain, count):
    """As the daemon keeps it: src/feedback/item_wire.c."""
    item = (struct.pack("<I", 4) + struct.pack("<I", 16) + bytes([192, 0, 2, 9]) + bytes(12) + struct.pack("<QIII", 0, 1, 1, 2)
            + text(domain) + text("b.test") + text("") + struct.pack("<III", 0, 0, 0))
    published = b"".join(text(x) for x in (domain, "r", "r", "none", "", "", "", "", "n", "treewalk"))
    db = sqlite3.connect(os.path.join(store, "feedback.db"))
    with db:
        db.execute("INSERT INTO seen VALUES (?, ?, ?, ?, ?)", (DAY, domain, hashlib.sha256(item).digest(), count, item))
        db.execute("INSERT INTO seen_domain VALUES (?, ?, 1, ?, 0, ?, ?)", (DAY, domain, count, DAY + 5, published))
    db.close()


class Smtp(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.mails, self.refuses = [], False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self, stream):
        def say(line):
            stream.write(line + b"\r\n")
            stream.flush()
        say(b"220 s.test ESMTP")
        for line in stream:
            verb = line[:4].upper()
            if verb == b"DATA":
                say(b"354 go on")
                body = b"".join(iter(stream.readline, b".\r\n"))
                self.mails.append(body)
                say(b"250 taken")
            elif verb == b"QUIT":
                return say(b"221 bye")
            elif verb == b"RCPT" and self.refuses:
                say(b"451 not now")
            else:
                say(b"250 ok")

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rwb") as stream:
                try:
                    self.serve(stream)
                except OSError:
                    pass


ZONE = b"""_dmarc.a.test. TXT "v=DMARC1; p=none; rua=mailto:d@a.test,mailto:x@other.test"
_dmarc.other.test. TXT "v=DMARC1; p=none"
_dmarc.quiet.test. TXT "v=DMARC1; p=none"
"""


def generate(*args):
    return run("generate", "--store", "seen", "--zone", "zone", "--org", "rcv.test", "--email", "d@rcv.test", *NOW, *args)


@row("reports of yesterday's mail: sent once, to whom it belongs; a server that refuses is tried again")
def _():
    write("zone", ZONE)
    run("--store", "seen", write("r.xml", xml()))
    see("seen", "a.test", 6)
    see("seen", "quiet.test", 2)
    server = Smtp()
    server.start()
    server.refuses = True
    code, out, _ = generate("--via", server.url)
    expect("refused by the server", (code, len(server.mails)), (3, 0))
    server.refuses = False
    code, out, _ = generate("--via", server.url)
    expect("exit", code, 0)
    holds("told", "sent       a.test to d@a.test" in out and "refused    a.test to x@other.test" in out)
    expect("mails", len(server.mails), 1)
    code, out, _ = generate("--via", server.url)
    expect("again", (code, len(server.mails)), (0, 1))
    holds("already", "1 already sent" in out)
    code, out, _ = run("-", data=server.mails[0])
    expect("read back", [(json.loads(x)["source_ip"], json.loads(x)["count"]) for x in out.splitlines()], [("192.0.2.9", 6)])
    holds("subject", re.search(rb"Subject: Report Domain: a.test\r\n Submitter: rcv.test\r\n Report-ID: <\w+>", server.mails[0]))


@row("copies in a directory, and days that are not over")
def _():
    os.makedirs("copies", exist_ok=True)
    code, _, _ = generate("--out", "copies")
    expect("exit", code, 0)
    names = os.listdir("copies")
    expect("one mail", [n.split("!")[:4] for n in names], [["rcv.test", "a.test", str(DAY), str(DAY + 86399)]])
    code, out, _ = run("--format", "json", "copies")
    expect("read back", json.loads(out)["domains"][0]["messages"], 6)
    expect("today", generate("--out", "copies", "--date", "2023-11-16")[0], 2)
    expect("no day", generate("--out", "copies", "--date", "2023-02-30")[0], 2)


with tempfile.TemporaryDirectory() as place:
    os.chdir(place)
    os.umask(0o077)
    code = run_rows()
    os.chdir("/")
sys.exit(code)
