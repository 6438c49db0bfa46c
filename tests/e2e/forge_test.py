#!/usr/bin/env python3
"""Forged messages through our own scan: each kind gets the answer that its row of the table says.

Usage: forge_test.py PATH-OF-MAILPROOF   (TAP on standard output)
"""
import base64
import io
import json
import mailbox
import os
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile

from rows import Failed, expect, holds, row, rows, run_rows

MAILPROOF = os.path.abspath(sys.argv[1])
LIMIT_S = 300
AT = ["--time", "2026-11-23T19:00:00Z"]
KEYS = ["--key", "example.org:mail:victim.pem", "--attacker-key", "attacker.example:mail:attacker.pem"]

def run(*args):
    done = subprocess.run([MAILPROOF, *args], capture_output=True, timeout=LIMIT_S,
                          env={**os.environ, "TERM": "dumb"})
    return done.returncode, done.stdout, done.stderr.decode()


def forge(*args):
    code, out, err = run("forge", *AT, *args)
    if code != 0:
        raise Failed(f"forge {args}: exit {code}: {err}")
    return out


# ---- what the table promises ----

def words_of(report):
    """Term -> the words that fit, for one document of scan."""
    auth = report["authentication"]
    domain = auth["dmarc"]["author_domain"]
    authors = {"example.org": "victim", "attacker.example": "attacker", None: "none", "": "none"}
    author = authors.get(domain)
    if author is None:
        author = "homograph" if domain.startswith("xn--") else "lookalike"
    return {
        "spf": {auth["spf"]["result"]},
        "dkim": {s["result"] for s in auth["dkim"]} or {"none"},
        "dmarc": {auth["dmarc"]["result"]},
        "arc": {auth["arc"]["result"]},
        "author": {author},
        "finding": {f["id"] for f in report["findings"]},
        "part": {p["type"].lower() for p in report["parts"]},
        "file": {p["filename"] for p in report["parts"]},
    }


def check_kind(name, wanted, report):
    words = words_of(report)
    for term in wanted.split():
        what, _, choices = term.partition("=")
        if not words[what] & set(choices.split("|")):
            raise Failed(f"{name}: wanted {term}, scan says {sorted(map(str, words[what]))}")


def scan_directory(directory):
    _, out, err = run("scan", "--batch", f"{directory}/batch.jsonl", "--zone",
                      f"{directory}/zone.db", "--authserv-id", "mx.example.net", "--format", "jsonl")
    reports = [json.loads(line) for line in out.splitlines()]
    return {os.path.basename(r["source"])[:-len(".eml")]: r for r in reports}


def prepare():
    for name, domain, kind in (("victim", "example.org", "rsa"),
                               ("attacker", "attacker.example", "ed25519")):
        code, _, err = run("keygen", domain, "--type", kind, "-o", f"{name}.pem")
        expect(err, code, 0)
    forge("all", *KEYS, "-o", "all")
    return json.loads(forge("--list", "--format", "json")), scan_directory("all")


def add_kind_rows(kinds):
    for kind in kinds:
        def check(kinds_and_reports, kind=kind):
            name = kind["kind"]
            holds("a row without expectation proves nothing", kind["expect"] != "")
            check_kind(name, kind["expect"], kinds_and_reports[1][name])
        rows.append((f"{kind['kind']}: {kind['expect']}", check, ()))


# ---- the same bytes ----

@row("the same seed gives the same bytes, another seed others")
def _(_):
    first = forge("all", *KEYS, "--seed", "7", "--format", "jsonl")
    expect("again", forge("all", *KEYS, "--seed", "7", "--format", "jsonl") == first, True)
    a, b = (json.loads(forge("good", "--seed", n, "--format", "jsonl")) for n in ("7", "8"))
    holds("seed 8 differs", a["message_base64"] != b["message_base64"])


@row("the table and the directory name the same kinds")
def _(state):
    expect("kinds", sorted(k["kind"] for k in state[0]), sorted(state[1]))
    holds("a table of size", len(state[0]) > 100)


@row("options stand in the message and in the envelope")
def _(_):
    doc = json.loads(forge("good", "--from", "carol@shop.example", "--to", "dave@list.example",
                           "--subject", "Grüße", "--body", "Zeile eins\nZeile zwei – Ende",
                           "--tag", "t-17", "--ip", "2001:db8::1", "--format", "jsonl"))
    expect("mail_from", doc["mail_from"], "carol@shop.example")
    expect("rcpt_to", doc["rcpt_to"], ["dave@list.example"])
    expect("ip", doc["ip"], "2001:db8::1")
    message = mail(doc)
    expect("subject", str(message["Subject"]), "Grüße [t-17]")
    expect("tag", message["X-Mailproof-Tag"], "t-17")
    holds("the tag is in Message-ID", ".t-17@shop.example>" in message["Message-ID"])
    expect("text", message.get_content().replace("\r\n", "\n"), "Zeile eins\nZeile zwei – Ende\n")


def mail(doc):
    import email
    import email.policy
    return email.message_from_bytes(base64.b64decode(doc["message_base64"]),
                                    policy=email.policy.default)


@row("text of options cannot add a field")
def _(_):
    for option, value in (("--subject", "a\r\nBcc: x@y.example"), ("--tag", "a b"),
                          ("--from", "a@b.example>\r\nX: y"), ("--to", "no-address"),
                          ("--attacker", "a b"), ("--authserv-id", "a;b"), ("--seed", "x"),
                          ("--time", "x"), ("--format", "x"), ("--ip", "x")):
        code, out, err = run("forge", "good", "-o", "never", "--format", "batch", option, value)
        expect(f"{option} {value!r}", code, 2)
        holds(f"{option} says what is wrong: {err}", option in err or value in err)


@row("a kind that needs a key says which option and names keygen")
def _(_):
    for kind, option in (("dkim-broken", "--key"), ("dkim-identity", "--attacker-key")):
        code, out, err = run("forge", kind)
        expect(kind, (code, out), (2, b""))
        holds(err, option in err and "mailproof keygen" in err)
    code, out, _ = run("forge", "good")
    expect("good does without", code, 0)


@row("unknown kinds, no kind, several kinds without a place")
def _(_):
    for args, word in ((["gud"], "--list"), ([], "--list"), (["good", "spoof"], "-o DIRECTORY"),
                       (["--attachment", "none"], "eicar"), (["--list", "good"], "good"),
                       (["--attachment", "nested-zip:51"], "50"), (["--attachment", "eicar:2"], "eicar")):
        code, out, err = run("forge", *args)
        expect(args, (code, out), (2, b""))
        holds(err, word in err)


@row("mbox: as many messages, and a From line in a body does not split one")
def _(_):
    forge("good", "from-in-body", "bounce", "--body", "From the office\n>From before", "--format",
          "mbox", "-o", "three.mbox")
    box = mailbox.mbox("three.mbox")
    expect("messages", len(box), 3)
    _, out, _ = run("scan", "--zone", os.devnull, "--format", "jsonl", "three.mbox")
    expect("scan reads them", len(out.splitlines()), 3)


@row("--envelope tells the envelope beside the message")
def _(_):
    code, out, err = run("forge", *AT, "null-sender-helo", "--envelope")
    doc = json.loads(err)
    expect("envelope", (doc["mail_from"], doc["helo"], doc["ip"]), ("", "example.org", "192.0.2.66"))
    holds("the message is on standard output", out.startswith(b"From: alice@example.org\r\n"))
    holds("CRLF throughout", b"\n" not in out.replace(b"\r\n", b""))


# ---- attachments, read by others' programs ----

EICAR = "X5O!P%@AP[4\\PZX54(P^)" + "7CC)7}$EICAR-STANDARD" + "-ANTIVIRUS-TEST-FILE!$H+H*"


@row("EICAR is whole in the message and nowhere in the program")
def _(_):
    expect("bytes", forge("--attachment", "eicar").decode(), EICAR)
    with open(MAILPROOF, "rb") as f:
        program = f.read()
    holds("not in the binary", EICAR.encode() not in program)
    expect("in the archive", unzip(forge("--attachment", "eicar-zip"), "eicar.com"), EICAR.encode())


def unzip(archive, name, password=None):
    with zipfile.ZipFile(io.BytesIO(archive)) as z:
        return z.read(name, pwd=password)


@row("archives are read by Python's zipfile: nested, encrypted, with twins")
def _(_):
    archive = forge("--attachment", "nested-zip:20")
    for _ in range(19):
        archive = unzip(archive, "inner.zip")
    holds("innermost", unzip(archive, "innermost.txt").startswith(b"This is a text."))
    text = unzip(forge("--attachment", "encrypted-zip"), "invoice.csv", b"invoice-2026")
    holds("decrypted", text.startswith(b"month,messages\r\n"))
    with zipfile.ZipFile(io.BytesIO(forge("--attachment", "twin-names-zip"))) as z:
        expect("twins", z.namelist(), ["report.txt", "report.txt"])


# ---- a reader of compound files and of the compression of macros, written for this test ----

class CompoundFile:
    def __init__(self, data):
        self.data = data
        holds("magic", data[:8] == bytes.fromhex("d0cf11e0a1b11ae1"))
        numbers = struct.unpack_from("<9I", data, 44)
        self.fat = struct.unpack_from("<128I", self.sector(0))
        self.mini_fat = self.words(self.chain(numbers[4]))
        self.entries = self.chain(numbers[1])
        self.mini = self.chain(struct.unpack_from("<I", self.entries, 116)[0])

    def sector(self, n):
        return self.data[(n + 1) * 512:(n + 2) * 512]

    @staticmethod
    def words(data):
        return struct.unpack(f"<{len(data) // 4}I", data)

    def chain(self, at):
        out = b""
        while at < 0xfffffffe:
            out += self.sector(at)
            at = self.fat[at]
        return out

    def entry(self, n):
        e = self.entries[n * 128:n * 128 + 128]
        name = e[:max(e[64] - 2, 0)].decode("utf-16le")
        left, right, child = struct.unpack_from("<3I", e, 68)
        start, size = struct.unpack_from("<2I", e, 116)
        return name, left, right, child, start, size

    def walk(self, n, path=""):
        """Streams by path, in the order of the tree."""
        if n == 0xffffffff:
            return {}
        name, left, right, child, start, size = self.entry(n)
        found = self.walk(left, path)
        if child != 0xffffffff:
            found.update(self.walk(child, path + name + "/"))
        else:
            found[path + name] = self.stream(start, size)
        found.update(self.walk(right, path))
        return found

    def stream(self, at, size):
        out = b""
        while at < 0xfffffffe:
            out += self.mini[at * 64:at * 64 + 64]
            at = self.mini_fat[at]
        return out[:size]


def decompress(data):
    expect("signature", data[0], 1)
    size = (struct.unpack_from("<H", data, 1)[0] & 0xfff) + 3
    expect("one chunk", len(data), size + 1)
    out, at = bytearray(), 3
    while at < len(data):
        flags, at = data[at], at + 1
        for bit in range(8):
            if at >= len(data):
                break
            if not flags >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            token = struct.unpack_from("<H", data, at)[0]
            at += 2
            bits = max((len(out) - 1).bit_length(), 4)
            for _ in range((token & 0xffff >> bits) + 3):
                out.append(out[-1 - (token >> 16 - bits)])
    return bytes(out)


@row("the macro document has its parts, and a project with AutoOpen")
def _(_):
    with zipfile.ZipFile(io.BytesIO(forge("--attachment", "macro"))) as z:
        expect("bad members", z.testzip(), None)
        for name in z.namelist():
            if name.endswith((".xml", ".rels")):
                ET.fromstring(z.read(name))
        project = CompoundFile(z.read("word/vbaProject.bin"))
    streams = project.walk(0)
    expect("streams", list(streams), [
        "Root Entry/VBA/dir", "Root Entry/VBA/Module1", "Root Entry/VBA/ThisDocument",
        "Root Entry/VBA/_VBA_PROJECT", "Root Entry/PROJECT", "Root Entry/PROJECTwm"])
    code = decompress(streams["Root Entry/VBA/Module1"])
    holds(code, b"\r\nSub AutoOpen()\r\n    MsgBox " in code and code.count(b"\r\n") == 4)
    names = decompress(streams["Root Entry/VBA/dir"])
    holds(names, b"\x19\0\x07\0\0\0Module1" in names)
    holds("the project names the module", b"\r\nModule=Module1\r\n" in streams["Root Entry/PROJECT"])


def main():
    with tempfile.TemporaryDirectory() as where:
        os.chdir(where)
        state = prepare()
        add_kind_rows(state[0])
        code = run_rows(state)
        os.chdir("/")
    return code


sys.exit(main())
