#!/usr/bin/python3
"""mailproof against a server that misbehaves by name: faults_test.py MAILPROOF. Prints TAP.

Every fault of peers/faulty.py gets a row: the finding it must lead to, and the exit codes that are
right for it. Whatever the server does, the probe ends by itself within its deadline, the JSON is
whole, and no control character of the server reaches the text report.
"""
import base64
import concurrent.futures
import fnmatch
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers"))
import faulty  # noqa: E402

AT_ONCE = 8
SECRET = "secret-alice"
DEADLINE_S = 6         # of the probe, over one server
STAGE_MS = 700         # for one answer
PATIENCE_S = 90        # of this test, on a machine that is busy: a probe beyond it hangs

# Fault (shell pattern, the first that fits counts), finding ("": none above low), exit codes.
# 0 passed, 1 failed, 3 undecided. The certificate of the faulty server is self-signed: low on port 25.
PASSED, FAILED, UNDECIDED = {0}, {1}, {3}
OPTIONS = {     # what the probe is told besides, by the kind of fault
    "auth-echo": ["--auth-user", "alice", "--auth-mech", "PLAIN", "--auth-plaintext", "--no-tls"],
    "auth-*": ["--auth-user", "alice", "--auth-plaintext", "--no-tls"],
    "scram-*": ["--auth-user", "alice", "--auth-mech", "SCRAM-SHA-256", "--no-tls"],
    "lmtp-*": ["--lmtp", "--send", "--to", "bob@good.test", "--no-tls"],
    "drip": ["--stage-timeout", "20s", "--timeout", "60s"],
    "*-data": ["--send"], "*-text": ["--send"], "data-*": ["--send"], "text-*": ["--send"],
}
ROWS = [
    ("good", "", PASSED),
    ("good-plain", "flow.starttls.missing", PASSED),
    ("good-auth-clear", "flow.auth.before-tls", FAILED),
    # before SMTP begins
    ("not-listening", "flow.connect.refused", FAILED),
    ("never-accepts", "flow.connect.timeout", FAILED),
    ("close-at-banner", "flow.connect.closed", FAILED),
    ("reset-at-banner", "flow.connect.closed", FAILED),
    ("stall-at-banner", "flow.connect.timeout", FAILED),
    ("banner-without-newline", "flow.connect.timeout", FAILED),
    ("banner-421", "flow.smtp.banner-refused", {1, 3}),
    ("banner-554", "flow.smtp.banner-refused", FAILED),
    ("???-at-banner", "flow.smtp.banner-refused", {1, 3}),
    ("banner-multi", "", PASSED),
    ("banner-early-talk", "", {0, 1, 3}),
    ("banner-*", "flow.smtp.garbage", FAILED),
    # replies without an end
    ("long-line*", "flow.smtp.long-line", {1, 3}),
    ("endless-line", "flow.smtp.long-line", FAILED),
    ("endless-nothing", "flow.smtp.garbage", FAILED),
    ("endless-*", "flow.smtp.endless", {1, 3}),
    ("many-keywords", "flow.smtp.endless", FAILED),
    ("wide-keyword", "flow.starttls.missing", PASSED),
    ("odd-keywords", "", {0, 1}),
    # EHLO
    ("ehlo-refused", "flow.smtp.no-esmtp", PASSED),
    ("ehlo-helo-refused", "flow.smtp.ehlo-refused", FAILED),
    ("ehlo-*", "flow.starttls.missing", PASSED),
    ("550-at-ehlo", "flow.smtp.no-esmtp", PASSED),
    ("451-at-ehlo", "flow.smtp.ehlo-refused", {1, 3}),
    ("421-at-ehlo", "flow.smtp.ehlo-refused", {1, 3}),
    # STARTTLS and TLS
    ("starttls-injects", "flow.starttls.injected", FAILED),
    ("starttls-not-offered", "flow.starttls.missing", PASSED),
    ("starttls-not-offered-534", "flow.mail.refused", FAILED),
    ("starttls-again", "", PASSED),
    ("starttls-*", "flow.starttls.refused", FAILED),
    ("???-at-starttls", "flow.starttls.refused", {1, 3}),
    ("*-at-starttls", "flow.*", {1, 3}),
    ("close-in-starttls", "flow.*", {1, 3}),
    ("*-at-handshake", "flow.tls.failed", FAILED),
    ("tls-1.2", "", PASSED),
    ("tls-1.?", "flow.tls.*", {0, 1}),
    ("tls-cut", "flow.smtp.closed", {1, 3}),
    ("tls-*", "flow.tls.failed", FAILED),
    ("???-at-ehlo_tls", "flow.smtp.*", {0, 1, 3}),
    ("stall-at-ehlo_tls", "flow.smtp.timeout", {1, 3}),
    ("close-*-ehlo_tls", "flow.smtp.closed", {1, 3}),
    # AUTH
    ("auth-235-at-once", "", {0, 1}),
    ("auth-close", "flow.smtp.closed", {1, 3}),
    ("auth-stall", "flow.smtp.timeout", {1, 3}),
    ("auth-334-huge", "flow.smtp.long-line", {1, 3}),
    ("auth-334-*", "flow.auth.*", FAILED),
    ("auth-*", "flow.auth.*", {1, 3}),
    ("scram-*", "flow.auth.unproved", FAILED),
    # after all is said
    ("*-at-quit", "", PASSED),
    # envelope
    ("stall-at-*", "flow.*", {3}),
    ("close-*-mail", "flow.smtp.closed", UNDECIDED),
    ("550-at-mail", "flow.mail.refused", FAILED),
    ("451-at-mail", "flow.mail.deferred", UNDECIDED),
    ("421-at-mail", "flow.*", UNDECIDED),
    ("grey", "flow.rcpt.greylisted", UNDECIDED),
    ("550-at-rcpt", "flow.rcpt.refused", FAILED),
    ("rcpt-552", "flow.rcpt.refused", FAILED),
    ("rcpt-codes-differ", "flow.rcpt.refused", FAILED),
    ("two-replies", "flow.rcpt.refused", {1, 3}),
    ("escapes-rcpt", "flow.rcpt.refused", FAILED),
    ("nul-rcpt", "flow.rcpt.refused", FAILED),
    ("high-rcpt", "flow.rcpt.refused", FAILED),
    ("utf8-rcpt", "flow.rcpt.refused", FAILED),
    ("451-at-rcpt", "flow.rcpt.deferred", UNDECIDED),
    ("421-at-rcpt", "flow.rcpt.*", UNDECIDED),
    ("rcpt-421", "flow.rcpt.*", UNDECIDED),
    ("rcpt-then-421", "", {0, 3}),
    ("close-*-rcpt", "flow.*", UNDECIDED),
    ("reset-at-rcpt", "flow.*", UNDECIDED),
    ("rcpt-25?", "", {0, 3}),
    ("rcpt-enhanced-lies", "", {0, 1, 3}),
    ("nul-code", "flow.smtp.garbage", {1, 3}),
    # message
    ("550-at-data", "flow.message.refused", FAILED),
    ("550-at-text", "flow.message.refused", FAILED),
    ("451-at-data", "flow.message.deferred", UNDECIDED),
    ("451-at-text", "flow.message.deferred", UNDECIDED),
    ("421-at-data", "flow.message.*", UNDECIDED),
    ("421-at-text", "flow.message.*", UNDECIDED),
    ("close-*-data", "flow.*", UNDECIDED),
    ("close-*-text", "flow.message.undecided", UNDECIDED),
    ("data-250", "flow.message.*", {1, 3}),
    ("text-two-replies", "", PASSED),
    ("lmtp-too-few", "flow.message.undecided", UNDECIDED),
    ("lmtp-too-many", "", PASSED),
    # bytes that have no place in a reply
    ("wrong-bare-lf", "flow.smtp.malformed", {0, 3}),
    ("wrong-*-bare-lf", "flow.smtp.malformed", {0, 1, 3}),
    ("bare-lf-all", "flow.smtp.malformed", PASSED),
    ("wrong-ehlo-*", "flow.smtp.*", {1, 3}),
    ("wrong-banner-*", "flow.*", {1, 3}),
    ("wrong-*", "flow.*", {1, 3}),
    ("codes-differ*", "flow.smtp.*", {0, 1}),
    ("line-after-last", "flow.*", {0, 1, 3}),
    ("never-last", "flow.smtp.timeout", {1, 3}),
    ("nul-*", "flow.smtp.malformed", {0, 1}),
    ("high-*", "flow.smtp.malformed", {0, 1}),
    ("escapes-*", "flow.smtp.malformed", {0, 1}),
    ("close-in-ehlo", "flow.smtp.closed", {1, 3}),
    ("close-at-ehlo", "flow.smtp.closed", {1, 3}),
    ("drip", "", PASSED),
]
MARK = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]")


class Fault:
    def __init__(self, program, zone, name):
        self.name = name
        self.pattern, self.finding, self.codes = next(
            r for r in ROWS if fnmatch.fnmatchcase(name, r[0]))
        options = next((o for p, o in OPTIONS.items() if fnmatch.fnmatchcase(name, p)), [])
        self.args = [program, "probe", "--zone", zone, "--no-injection-test", "--no-ptr",
                     "--allow-private", "--helo", "client.good.test", "--from", "a@good.test",
                     "--to", "alice@good.test", "--no-catch-all", "--stage-timeout",
                     f"{STAGE_MS}ms", "--timeout", f"{DEADLINE_S}s", *options]

    def ask(self, where, *more):
        env = {**os.environ, "MAILPROOF_PASSWORD": SECRET}
        return subprocess.run([*self.args, *more, "%s:%d" % where], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=PATIENCE_S, check=False, env=env)

    def problems(self):
        with faulty.FaultyServer(self.name) as server:
            where = server.listener.getsockname()[:2]
            try:
                told = self.ask(where, "--format", "json")
            except subprocess.TimeoutExpired:
                return ["it hangs"]
        if told.returncode not in self.codes:
            yield f"exit code {told.returncode}, not {sorted(self.codes)}"
        try:
            document = json.loads(told.stdout)
        except ValueError as e:
            yield f"no JSON: {e}: {told.stderr[:300]!r}"
            return
        yield from self.shown(told)
        ids = {f["id"]: f["severity"] for f in document["findings"]}
        if self.finding and not fnmatch.filter(ids, self.finding):
            yield f"no {self.finding} among {sorted(ids)}"
        grave = sorted(i for i, s in ids.items() if s in ("medium", "high", "critical"))
        if not self.finding and self.codes == PASSED and grave:
            yield f"unexpected: {grave}"
        for finding in document["findings"]:
            if not finding["evidence"]:
                yield f"{finding['id']} has no evidence"
        if told.returncode in (1, 3) and document["result"] == "passed":
            yield "the document says passed, the exit code does not"

    @staticmethod
    def shown(told):
        """The password, also as PLAIN sends it."""
        plain = base64.b64encode(b"\0alice\0" + SECRET.encode())
        return [f"the secret is told: {told.stdout[:2000]!r}"
                for s in (SECRET.encode(), plain) if s in told.stdout + told.stderr]

    def text_problems(self):
        """The same for people: nothing of the server can move the cursor or turn the text."""
        with faulty.FaultyServer(self.name) as server:
            told = self.ask(server.listener.getsockname()[:2], "--verbose", "--color", "never")
        return self.shown(told) + [
            f"control character in the text: {told.stdout[m.start() - 20:m.end() + 5]!r}"
            for m in [MARK.search(told.stdout)] if m]


def check(fault):
    try:
        found = list(fault.problems())
        if fault.name.startswith(("escapes-", "nul-", "high-", "utf8-", "banner-garbage", "wrong-", "auth-", "scram-")):
            found += fault.text_problems()
        return found
    except (OSError, KeyError, subprocess.TimeoutExpired) as e:
        return [f"{type(e).__name__}: {e}"]


def main(program):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        zone = os.path.join(folder, "zone")
        with open(zone, "w", encoding="ascii") as f:
            f.write("good.test. A 127.0.0.1\n")
        faults = [Fault(os.path.abspath(program), zone, name) for name in faulty.FAULTS]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for n, (fault, found) in enumerate(zip(faults, pool.map(check, faults)), 1):
                print("".join(f"# {p}\n" for p in found), end="")
                failed += bool(found)
                print("not ok" if found else "ok", n, "- fault:", fault.name, flush=True)
    unused = [r[0] for r in ROWS if not any(f.pattern == r[0] for f in faults)]
    failed += bool(unused)
    print(f"# {unused}\nnot ok" if unused else "ok", len(faults) + 1, "- every row has its fault")
    print(f"1..{len(faults) + 1}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
