"""What the tests of the recipes for build servers share: a checkout to run them in, suites by how they
come out, their reports; rows of TAP. For programs that are called PATH-OF-MAILPROOF SOURCE-ROOT.
"""
import json
import os
import re
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET

try:
    import yaml
except ImportError:
    print("1..0 # SKIP python3-yaml is not installed")
    sys.exit(0)
import ci_kit as kit
from ci_kit import put, read_yaml
from rows import expect, run_rows

MAILPROOF, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
OFFLINE = "ci/suite/offline.yaml"
SANITIZERS = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}


def source(*path):
    return os.path.join(ROOT, *path)


def text_of(*path):
    with open(source(*path), encoding="utf-8") as f:
        return f.read()


class Place:
    """A folder with a checkout, `mailproof` on a PATH, and a home."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.checkout, self.bin = os.path.join(self.folder, "checkout"), os.path.join(self.folder, "bin")
        shutil.copytree(source("ci"), os.path.join(self.checkout, "ci"))
        os.mkdir(self.bin)
        os.symlink(MAILPROOF, os.path.join(self.bin, "mailproof"))
        self.path = "/usr/local/bin:/usr/bin:/bin"

    def env(self, **more):
        return {"HOME": self.folder, "LANG": "C.UTF-8", "CI": "true", "PATH": f"{self.bin}:{self.path}",
                **SANITIZERS, **more}

    def at(self, *path):
        return os.path.join(self.checkout, *path)

    def read(self, *path):
        with open(self.at(*path), encoding="utf-8") as f:
            return f.read()

    def suite(self, name, text):
        put(self.at("mail", name), text)
        return f"mail/{name}"


# ---- suites, and the servers they meet ----

FAILS = """mailproof: 1
name: fails
sinks: {inbox: {domains: [good.example]}}
tests:
  - name: a full mailbox takes mail all the same
    sink: {name: inbox, script: [{at: rcpt, reply: "552 5.2.2 full"}]}
    send:
      via: inbox
      from: ana@good.example
      to: ben@good.example
      expect: {accepted: true}
"""
UNDECIDED = """mailproof: 1
name: undecided
tests:
  - name: mail in our name is accepted
    scan: {kind: unsigned, from: ana@good.example, ip: 192.0.2.10, zone-file: dead.zone}
    expect: {auth: {dmarc: pass}}
"""
DEAD_ZONE = "good.example. SERVFAIL TXT\n_dmarc.good.example. SERVFAIL TXT\n"
MISTAKE = "mailproof: 1\ntests:\n  - name: x\n    sned: {to: ben@good.example}\n"
# ---- reports ----

def junit_counts(text):
    """tests, failures, errors of a report; each case is there by its number."""
    top = ET.fromstring(text)
    suites = top.findall("testsuite")
    cases = [c for s in suites for c in s.findall("testcase")]
    expect("cases", len(cases), int(top.get("tests")))
    return tuple(int(top.get(k)) for k in ("tests", "failures", "errors"))


def sarif_places(text):
    """[(file, line)] of the results."""
    report = json.loads(text)
    expect("version", report["version"], "2.1.0")
    found = []
    for result in report["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]
        found.append((place["artifactLocation"]["uri"], place.get("region", {}).get("startLine")))
    return found


def line_of(suite, word):
    return next(n for n, line in enumerate(suite.splitlines(), 1) if word in line)


def check_reports(place, counts, places=None):
    expect("counts of JUnit", junit_counts(place.read("mailproof.xml")), counts)
    found = sarif_places(place.read("mailproof.sarif"))
    if places is not None:
        expect("places of SARIF", set(found), set(places))


def prepare(place):
    """Suites by how they come out: (file, exit code, counts of JUnit, where SARIF points)."""
    put(place.at("mail/dead.zone"), DEAD_ZONE)
    fails, undecided = place.suite("fails.yaml", FAILS), place.suite("undecided.yaml", UNDECIDED)
    return {"passing": (OFFLINE, 0, (7, 0, 0), None),
            "failing": (fails, 1, (1, 1, 0), [(fails, line_of(FAILS, "accepted"))]),
            "undecided": (undecided, 3, (1, 0, 1), None),
            "mistaken": (place.suite("mistake.yaml", MISTAKE), 2, None, None)}


OUTCOMES = ("passing", "failing", "undecided", "mistaken")


# ---- the files ----

def action():
    return read_yaml(source("action.yml"))


def runner(place, action_path=ROOT):
    temporary = os.path.join(place.folder, "runner")
    os.makedirs(temporary, exist_ok=True)
    return kit.Runner(action(), action_path, place.checkout, temporary, place.path)


def gitlab_job():
    return kit.gitlab_jobs(ROOT, "ci/gitlab/example.gitlab-ci.yml")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", text_of("docs/ci.md"), re.M | re.S)


def fake_source(place, name):
    """A source tree whose build is instant: what the action and the template do around it."""
    folder = os.path.join(place.folder, name)
    put(os.path.join(folder, "ci/build.sh"),
        "#!/bin/sh\nset -eu\n[ $1 != --key ] || { echo mailproof-key; exit; }\n"
        f"mkdir -p $1/bin\necho built >>$1/log\nln -sf {MAILPROOF} $1/bin/mailproof\n", 0o755)
    return folder


def main():
    with tempfile.TemporaryDirectory(prefix="mailproof-ci-") as folder:
        tempfile.tempdir = folder
        return run_rows()
