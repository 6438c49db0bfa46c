#!/usr/bin/python3
"""The example suites against real peers: suites_test.py MAILPROOF. Prints TAP.

Each suite of examples/suites must pass as it stands, and each fault that is planted in its world
must be told by the test that is there for it. A fault is a server of the peers
(peers/README.md) in the place of the right one: a substitution in the suite's text.
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "peers")
SUITES = os.path.join(HERE, "../../examples/suites")
sys.path[:0] = [PEERS, os.path.join(HERE, "flow")]
import around  # noqa: E402
PATIENCE_S = 240
SMOKE_AT_ONCE = 3

SUBMISSION = "url: smtp+starttls://submission.good.test:587"


def instead(server):
    """A relay that takes mail of everyone, in the place of the submission server."""
    return (re.escape(SUBMISSION) + r"\n    auth: \{[^\n]*SCRAM-SHA-256\}", f"url: smtp+starttls://{server}.good.test:25")


ARRIVES = "a mail arrives, signed, unchanged"
MX = "MX answers as it should"
SPOOF = "spoofed From of a p=reject domain is refused"
# What is planted: suite, substitutions (regular expression, text), then the one test that must not
# pass, how it must end, and what its message must tell.
PLANTED = {
    "wrong TLSA": ("smoke", [("domain: good.test", "domain: badtlsa.good.test")],
                   MX, "failure", "dane"),
    "expired certificate": ("smoke", [("domain: good.test", "domain: expired.good.test")],
                            MX, "failure", "days-left"),
    "certificate that ends soon": ("smoke", [("domain: good.test", "domain: soon.good.test")],
                                   MX, "failure", "days-left"),
    "no STARTTLS at the MX": ("smoke", [("domain: good.test", "domain: notls.good.test")],
                              MX, "failure", "tls"),
    "MX that is down": ("smoke", [("domain: good.test", "domain: dead.good.test")],
                        MX, "failure", "mx-dead"),
    "AUTH before TLS": ("smoke", [('"smtp://submission.good.test:587"',
                                   '"smtp://mx-authclear.good.test:25"')],
                        "submission hides AUTH before TLS", "failure", "auth-before-tls"),
    "dropped message": ("smoke", [instead("lose"), ("within: 30s", "within: 5s")],
                        ARRIVES, "failure", "arrive"),
    "altered body": ("smoke", [instead("footer")], ARRIVES, "failure", "body"),
    "unsigned on the way": ("smoke", [instead("gullible")], ARRIVES, "failure", "dkim"),
    "delayed hop": ("smoke", [instead("slow"), ('slowest: "<20s"', 'slowest: "<2s"')],
                    ARRIVES, "failure", "slowest"),
    "wrong folder": ("smoke", [("folder: INBOX", "folder: Junk")], ARRIVES, "failure", "folder"),
    "mailbox that is gone": ("smoke", [("within: 30s", "within: 5s"), ("imaps://imap.good.test", "imaps://mx-dead.good.test")],
                             ARRIVES, "error", "mx-dead"),
    "mailbox that refuses the password": ("smoke", [("CANARY_PW", "WRONG_PW")],
                                          ARRIVES, "error", ""),
    "submission that refuses the password": ("smoke", [("ALICE_PW", "WRONG_PW")],
                                             ARRIVES, "", ""),
    "open relay": ("gate", [("host: mx, to: someone", "host: open, to: someone"),
                            ("hosts:\n", "hosts:\n  open: {url: 'smtp://mx-open.good.test:25'}\n")],
                   "no open relay", "failure", "refused"),
    "spoof accepted": ("gate", [("gate.good.test:25", "gullible.good.test:25")],
                       SPOOF, "failure", "250"),
    "spoof whose head is hidden from parsers": (
        "gate", [("gate.good.test:25", "gullible.good.test:25"),
                 (r"case: \[spf-fail[^\]]*\]", "case: [head-blank-first]")],
        SPOOF, "failure", "not-arrive arrival: expected nothing"),
    "smuggling": ("gate", [("smuggle: {host: mx,", "smuggle: {host: lax,"),
                           ("hosts:\n", "hosts:\n  lax: {url: 'smtp://mx-notls.good.test:25'}\n")],
                  "no smuggling", "failure", "smuggled"),
    "malware accepted": ("gate", [("gate.good.test:25", "gullible.good.test:25")],
                         "macro document is put aside, malware refused", "failure", ""),
    "mail tried too often": ("gate", [('attempts: "=3"', 'attempts: "=2"')],
                             "deferred and dropped mail is tried again", "failure", "attempts"),
    "zone that must not go live": ("gate", [("dns/good.test.zone", "dns/bad.zone")],
                                   "our DNS is ready to publish", "failure", "level"),
    "certificates of the parked domain": ("nightly", [("parked.good.test: parked", "weak.test: sending")],
                                          "certificates and policies", "failure", ""),
    "partner unreachable": ("nightly", [("within: 60s", "within: 5s"), ("smtps://submission.good.test:465", "smtps://mx-dead.good.test:465")],
                            "outside to us", "error", "mx-dead"),
}


# ---- running one suite ----

class Run:
    """A suite of the examples with substitutions, run in a folder of its own."""

    def __init__(self, program, suite, swaps, only=None):
        self.folder = tempfile.mkdtemp(prefix="mp-suite-")
        try:
            self.prepare(suite, swaps)
            self.start(program, suite, only)
        finally:
            shutil.rmtree(self.folder)

    def prepare(self, suite, swaps):
        for part in ("dns", "fixtures"):
            shutil.copytree(os.path.join(SUITES, part), os.path.join(self.folder, part))
        spoil_zone(os.path.join(self.folder, "dns"))
        with open(os.path.join(SUITES, suite + ".yaml"), encoding="utf-8") as f:
            text = f.read()
        certificates = os.path.join(os.environ["MP_E2E_DIR"], "ca")
        for old, new in [("/etc/mailproof/certificates", certificates), *swaps]:
            text, n = re.subn(old, lambda _, new=new: new, text)
            if n == 0 and old != "/etc/mailproof/certificates":
                raise AssertionError(f"{suite}.yaml holds no {old!r}")
        with open(os.path.join(self.folder, suite + ".yaml"), "w", encoding="utf-8") as f:
            f.write(text)

    def start(self, program, suite, only):
        env = os.environ
        junit = os.path.join(self.folder, "junit.xml")
        password = env["MP_E2E_PASSWORD"]
        told = subprocess.run(
            [program, "run", "--resolver", env["MP_E2E_RESOLVER"],
             "--trust-anchor", env["MP_E2E_ANCHOR"], "--ca-file", env["MP_E2E_CA"],
             "--allow-private", "--junit", junit, *(["--only", only] if only else []),
             suite + ".yaml"],
            cwd=self.folder, capture_output=True, timeout=PATIENCE_S, check=False,
            stdin=subprocess.DEVNULL,
            env={**env, "ALICE_PW": password.format("alice"), "BOB_PW": password.format("bob"),
                 "CANARY_PW": password.format("canary"), "WRONG_PW": "not-this-one",
                 "HOOK": "https://hook.test/", "HOOK_KEY": "whsec_bm90LWEtcmVhbC1rZXk="})
        self.code = told.returncode
        self.text = (told.stdout + told.stderr).decode("utf-8", "replace")
        self.cases = {}     # name: (ending, message)
        if os.path.exists(junit):
            for case in ElementTree.parse(junit).getroot().iter("testcase"):
                bad = next((c for c in case if c.tag in ("failure", "error", "skipped")), None)
                self.cases[case.get("name")] = ("passed", "") if bad is None else \
                    (bad.tag, f"{bad.get('message')}\n{bad.text}")


def spoil_zone(folder):
    with open(os.path.join(folder, "good.test.zone"), encoding="utf-8") as f:
        zone = f.read()
    spoilt = re.sub(r"v=spf1 [^\"]*", "v=spf1 +all", zone)
    spoilt = re.sub(r"v=DMARC1; p=reject", "v=DMARC1; p=none", spoilt)
    if spoilt == zone:
        raise AssertionError("nothing to spoil in good.test.zone")
    with open(os.path.join(folder, "bad.zone"), "w", encoding="utf-8") as f:
        f.write(spoilt)


def of(cases, test):
    """The cases of a test: itself, or its rows of matrix and table."""
    return {n: c for n, c in cases.items() if n == test or n.startswith(test + " [")}


# ---- what must hold ----

def passes(run):
    bad = [f"{n}: {ending}: {message}" for n, (ending, message) in run.cases.items()
           if ending != "passed"]
    if run.code != 0 or bad or not run.cases:
        bad.append(f"exit {run.code}\n{run.text[-3000:]}")
    return bad


def tells(run, test, ending, word):
    rows = of(run.cases, test)
    hit = [c for c in rows.values() if c[0] in ("failure", "error") and ending in ("", c[0])
           and word in c[1]]
    code = {"failure": (1,), "error": (3,), "": (1, 3)}[ending]
    if hit and run.code in code:
        return []
    return [f"exit {run.code}, {len(run.cases)} cases, of '{test}': {rows}", run.text[-2000:]]


def planted(program, fault):
    suite, swaps, test, ending, word = PLANTED[fault]
    return tells(Run(program, suite, swaps, only=test + "*"), test, ending, word)


def inside(program):
    """Runs of smoke have nothing in common and go at once; the other suites have one sink address."""
    import tool
    rows = tool.Rows()
    with concurrent.futures.ThreadPoolExecutor(SMOKE_AT_ONCE) as pool:
        smoke = {f: pool.submit(planted, program, f) for f, row in PLANTED.items() if row[0] == "smoke"}
        for suite in ("smoke", "gate", "nightly"):
            rows.row(f"suites: {suite}.yaml passes", passes(Run(program, suite, [])))
        for fault, (_, _, test, _, _) in PLANTED.items():
            problems = smoke[fault].result() if fault in smoke else planted(program, fault)
            rows.row(f"suites: planted: {fault}: told by '{test}'", problems)
    return rows.done()


def main(program):
    program = os.path.abspath(program)
    if around.is_inside():
        if os.environ["MP_E2E_MODE"] != "namespace":
            print("1..0 # SKIP the suites name real ports: a network namespace is needed")
            return 0
        return inside(program)
    if why := around.missing():
        print("1..0 # SKIP", why)
        return 0
    return around.run_inside(__file__, program, MP_E2E_MAILPROOF=program)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
