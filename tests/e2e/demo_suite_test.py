#!/usr/bin/python3
"""The offline example suite, as it stands and with its expectations turned round, one at a time: each
must then fail, at its line. demo_suite_test.py MAILPROOF SOURCE-ROOT. Prints TAP."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sink_kit  # noqa: E402

MAILPROOF, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SUITES = os.path.join(ROOT, "examples/suites")
rows = sink_kit.Rows()

# Case, what stands in the suite, what is put in its place: then the case fails, and no other.
TURNED = [
    ("the server offers what it should", 'tls: ">=1.2", starttls', 'tls: none, starttls'),
    ("the server offers what it should", "rcpt: accepted", "rcpt: refused"),
    ("the server offers what it should", "[PIPELINING,", "[PIPELINING, TURN,"),
    ("a mail arrives once, unchanged, encrypted", 'copies: "=1"', 'copies: "=2"'),
    ("a mail arrives once, unchanged, encrypted", 'attempts: "=1"', 'attempts: ">1"'),
    ("a mail arrives once, unchanged, encrypted", 'client: {tls: ">=1.2"}', 'client: {tls: none}'),
    ("a mail arrives once, unchanged, encrypted", "contains: https", "contains: ftp"),
    ("a mail arrives once, unchanged, encrypted", 'links: "=1"', 'links: "=0"'),
    ("who is not known is refused, and gets nothing [rcpt]", '{at: rcpt, code: "550", enhanced: 5.1.1}',
     "{at: data}"),
    ("who is not known is refused, and gets nothing [data]", 'code: "554"', 'code: "550"'),
    ("who is not known is refused, and gets nothing [greylisted]", "enhanced: 4.7.*", "enhanced: 4.2.*"),
    ("a full server defers", "expect: {deferred: {at: data, enhanced: 4.3.1}}", "expect: {accepted: true}"),
    ("our own mail is authentic, spoofs of us are rejected [good]", "spf: pass, dmarc: pass",
     "spf: fail, dmarc: pass"),
    ("our own mail is authentic, spoofs of us are rejected [another host]", "spf: fail, dmarc: fail",
     "spf: fail, dmarc: pass"),
    ("our own mail is authentic, spoofs of us are rejected [two authors]", "require: auth.multiple-from",
     "forbid: auth.multiple-from"),
    ("our DNS is ready to publish", 'level: ">=B"', 'level: ">=A+"'),
    ("our DNS is ready to publish", 'lookups: "<=1"', 'lookups: ">5"'),
]


def run(suite, *options):
    done = subprocess.run(
        [MAILPROOF, "run", "--zone", os.path.join(SUITES, "dns/demo.zone"), "--json", "-", *options, suite],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=sink_kit.PATIENCE_S)
    return done.returncode, json.loads(done.stdout or "[]"), done.stderr.decode(errors="replace")


def whole():
    code, cases, err = run(os.path.join(SUITES, "demo.yaml"), "-j", "4")
    wrong = [f"{c['subject']}: {c['result']}" for c in cases if c["result"] != "passed"]
    rows.check("every case passes", code == 0 and len(cases) == 12 and not wrong, f"{wrong} {err}")
    lines = [c["line"] for c in cases]
    rows.check("in the order of the file", lines == sorted(lines) and len(set(lines)) == 12, lines)


def turned(folder, text, case, old, new):
    assert text.count(old) == 1, old
    path = os.path.join(folder, "turned.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))
    line = text[:text.index(old)].count("\n") + 1
    code, cases, err = run(path, "--only", case.replace("[", "?").replace("]", "?"))
    failed = [(c["subject"], k["line"]) for c in cases for k in c["checks"] if k["status"] == "fail"]
    rows.check(f"it fails with {new}", code == 1 and (case, line) in failed and len(cases) == 1,
               f"exit code {code}, line {line}, failed {failed}: {err}")


with tempfile.TemporaryDirectory(prefix="mailproof-demo-") as place:
    shutil.copytree(os.path.join(SUITES, "dns"), os.path.join(place, "dns"))
    with open(os.path.join(SUITES, "demo.yaml"), encoding="utf-8") as file:
        demo = file.read()
    whole()
    for arguments in TURNED:
        turned(place, demo, *arguments)
sys.exit(rows.done())
